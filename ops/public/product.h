/* Products of matrices, and what is made of them. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_PRODUCT_H
#define FLUXION_PUBLIC_PRODUCT_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Operands may be of any strides: a transposed or an expanded view is read where it lies. Integers have
 * products too (they wrap around, and have no gradient); bool has not. */

/* NumPy's product: of the last two dimensions, those before them broadcast; a vector on the left is a row, on
 * the right a column, and what it stood for is left out of the result. dL/da = g b^T, dL/db = a^T g, summed
 * over broadcast dimensions. 0-d tensors are refused, as are inner sizes that differ. An inner size of 0
 * gives zeros. */
#define fx_matmul(a, b) fx_matmul_at(a, b, FX_HERE)
FX_API fx_tensor *fx_matmul_at(fx_tensor *a, fx_tensor *b, fx_where where);

/* The same for just two matrices (n, k) x (k, m); for stacks of as many (b, n, k) x (b, k, m); for a matrix
 * and a vector (n, k) x (k); for two vectors (k) x (k), which give a 0-d tensor; and a column times a row (n)
 * x (m), which give (n, m). */
#define fx_mm(a, b) fx_mm_at(a, b, FX_HERE)
#define fx_bmm(a, b) fx_bmm_at(a, b, FX_HERE)
#define fx_mv(a, v) fx_mv_at(a, v, FX_HERE)
#define fx_dot(u, v) fx_dot_at(u, v, FX_HERE)
#define fx_outer(u, v) fx_outer_at(u, v, FX_HERE)
FX_API fx_tensor *fx_mm_at(fx_tensor *a, fx_tensor *b, fx_where where);
FX_API fx_tensor *fx_bmm_at(fx_tensor *a, fx_tensor *b, fx_where where);
FX_API fx_tensor *fx_mv_at(fx_tensor *a, fx_tensor *v, fx_where where);
FX_API fx_tensor *fx_dot_at(fx_tensor *u, fx_tensor *v, fx_where where);
FX_API fx_tensor *fx_outer_at(fx_tensor *u, fx_tensor *v, fx_where where);

/* y = x w^T + b: x (..., in), w (out, in), b (out) or NULL for none, y (..., out). With w (in), b is 0-d and
 * y (...). dL/dx = g w, dL/dw = g^T x, dL/db = g summed over all but the last dimension. While an error
 * stands, a NULL b is taken for a tensor that failed, and the result is NULL. */
#define fx_linear(x, w, b) fx_linear_at(x, w, b, FX_HERE)
FX_API fx_tensor *fx_linear_at(fx_tensor *x, fx_tensor *w, fx_tensor *b, fx_where where);

/* beta x + alpha (a b), x being broadcast to the product: of two matrices (addmm), a matrix and a vector
 * (addmv), a column and a row (addr), stacks of matrices (baddbmm), and the sum of those (addbmm). beta and
 * alpha are 1 if they are not given. With beta = 0, x is not read. */
typedef struct fx_addmm_args {
    fx_tensor *x, *mat1, *mat2;
    double beta, alpha;
} fx_addmm_args;
#define FX__ADDMM(...) (FX_LITERAL(fx_addmm_args){ .beta = 1, .alpha = 1, .x = __VA_ARGS__ })
#define fx_addmm(...) fx_addmm_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
#define fx_addmv(...) fx_addmv_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
#define fx_addr(...) fx_addr_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
#define fx_baddbmm(...) fx_baddbmm_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
#define fx_addbmm(...) fx_addbmm_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_addmm_at(fx_addmm_args args, fx_where where);
FX_API fx_tensor *fx_addmv_at(fx_addmm_args args, fx_where where);
FX_API fx_tensor *fx_addr_at(fx_addmm_args args, fx_where where);
FX_API fx_tensor *fx_baddbmm_at(fx_addmm_args args, fx_where where);
FX_API fx_tensor *fx_addbmm_at(fx_addmm_args args, fx_where where);

/* Sums over the last dimension of both (a 0-d tensor scales); over the last `dims` of x with the first of
 * other, or over pairs of named dimensions: fx_tensordot(a, b, .dims_x = FX_DIMS(0), .dims_other =
 * FX_DIMS(2)). What is left of a comes first in the result. */
#define fx_inner(a, b) fx_inner_at(a, b, FX_HERE)
FX_API fx_tensor *fx_inner_at(fx_tensor *a, fx_tensor *b, fx_where where);
typedef struct fx_tensordot_args {
    fx_tensor *x, *other;
    int64_t dims; /* 2 */
    fx_dims dims_x, dims_other;
} fx_tensordot_args;
#define fx_tensordot(...)                                                                                    \
    fx_tensordot_at(FX_LITERAL(fx_tensordot_args){ .dims = 2, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_tensordot_at(fx_tensordot_args args, fx_where where);

/* fx_einsum("bij,bjk->bik", a, b): a letter for each dimension, the same letter for dimensions that go
 * together, "..." for any number of them; letters that the result has not are summed over, a letter twice in
 * an operand is its diagonal. Without "->" the result has the letters that stand once, in the order of the
 * alphabet. Sizes of 1 broadcast. Any number of operands up to 16, contracted from left to right. */
#define fx_einsum(equation, ...) fx_einsum_at(equation, FX_LIST(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_einsum_at(const char *equation, fx_list tensors, fx_where where);

/* The product of 2 to 32 matrices, in the order that takes the fewest multiplications; the first and the last
 * may be vectors. */
#define fx_multi_dot(...) fx_multi_dot_at(FX_LIST(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_multi_dot_at(fx_list tensors, fx_where where);

/* Kronecker product, of up to four dimensions; the sum of a matrix' diagonal; and y[o] = x1 w[o] x2 + b[o] of
 * the last dimensions of x1 and x2, for w (out, in1, in2) and b (out) or NULL (see fx_linear). */
#define fx_kron(a, b) fx_kron_at(a, b, FX_HERE)
#define fx_trace(x) fx_trace_at(x, FX_HERE)
#define fx_bilinear(x1, x2, w, b) fx_bilinear_at(x1, x2, w, b, FX_HERE)
FX_API fx_tensor *fx_kron_at(fx_tensor *a, fx_tensor *b, fx_where where);
FX_API fx_tensor *fx_trace_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_bilinear_at(fx_tensor *x1, fx_tensor *x2, fx_tensor *w, fx_tensor *b, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
