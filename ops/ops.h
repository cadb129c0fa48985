/* The differentiable ops, and the registry that describes them.
 *
 * Names, arguments and defaults are PyTorch's where PyTorch has them. Every function here takes tensors of
 * any strides; floating inputs of different dtypes are promoted (fx_promote; a 0-d tensor or a number does
 * not raise the dtype of one with dimensions, but for its kind); shapes broadcast as in NumPy where a comment
 * says "broadcast". Results belong to the open scope. A failure gives NULL and an error that names the op,
 * the shapes and the line (autograd.h).
 *
 * Options follow the tensors as designated initialisers: fx_sum(x, .dims = FX_DIMS(1), .keepdim = true). Each
 * such macro fills a structure fx_NAME_args and calls the plain function fx_NAME_at, which other languages
 * can call.
 */
#ifndef FLUXION_OPS_H
#define FLUXION_OPS_H

#include "autograd.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- elementwise --------------------------------------------------------------------------------------- */

/* (end of elementwise) */

/* ---- reductions ---------------------------------------------------------------------------------------- */

/* (end of reductions) */

/* ---- softmax, losses ----------------------------------------------------------------------------------- */

/* (end of softmax, losses) */

/* ---- products of matrices ------------------------------------------------------------------------------ */

/* Operands may be of any strides: a transposed or an expanded view is read where it lies. Integers have products too
 * (they wrap around, and have no gradient); bool has not. */

/* NumPy's product: of the last two dimensions, those before them broadcast; a vector on the left is a row, on the
 * right a column, and what it stood for is left out of the result. dL/da = g b^T, dL/db = a^T g, summed over
 * broadcast dimensions. 0-d tensors are refused, as are inner sizes that differ. An inner size of 0 gives zeros. */
#define fx_matmul(a, b) fx_matmul_at(a, b, FX_HERE)
FX_API fx_tensor *fx_matmul_at(fx_tensor *a, fx_tensor *b, fx_where where);

/* The same for just two matrices (n, k) x (k, m); for stacks of as many (b, n, k) x (b, k, m); for a matrix and a
 * vector (n, k) x (k); for two vectors (k) x (k), which give a 0-d tensor; and a column times a row (n) x (m), which
 * give (n, m). */
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

/* y = x w^T + b: x (..., in), w (out, in), b (out) or NULL for none, y (..., out). With w (in), b is 0-d and y (...).
 * dL/dx = g w, dL/dw = g^T x, dL/db = g summed over all but the last dimension. While an error stands, a NULL b is
 * taken for a tensor that failed, and the result is NULL. */
#define fx_linear(x, w, b) fx_linear_at(x, w, b, FX_HERE)
FX_API fx_tensor *fx_linear_at(fx_tensor *x, fx_tensor *w, fx_tensor *b, fx_where where);

/* (end of products of matrices) */

/* ---- shapes -------------------------------------------------------------------------------------------- */

/* Most of these are views: the result shows the memory of x, and a change of either in place changes both. A dim may be
 * negative, and then counts from the end. */

/* x in other sizes of as many numbers, in row-major order; one size may be -1 and is what is left. A view where the
 * strides of x allow it, else a copy; fx_view refuses to copy. To a 0-d tensor: fx_reshape_at(x, FX_NO_DIMS, FX_HERE). */
#define FX_NO_DIMS (FX_LITERAL(fx_dims){ true, 0, { 0 } })
#define fx_reshape(x, ...) fx_reshape_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_view(x, ...) fx_view_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_reshape_as(x, other) fx_reshape_as_at(x, other, FX_HERE)
FX_API fx_tensor *fx_reshape_at(fx_tensor *x, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_view_at(fx_tensor *x, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_reshape_as_at(fx_tensor *x, const fx_tensor *other, fx_where where);

/* Dimensions start_dim to end_dim, both included, as one: fx_flatten(x, 1, -1). All of them: fx_ravel(x). And the
 * other way: dimension dim cut into sizes, one of which may be -1: fx_unflatten(x, dim, 3, -1). */
#define fx_flatten(x, start_dim, end_dim) fx_flatten_at(x, start_dim, end_dim, FX_HERE)
#define fx_ravel(x) fx_ravel_at(x, FX_HERE)
#define fx_unflatten(x, dim, ...) fx_unflatten_at(x, dim, FX_DIMS(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_flatten_at(fx_tensor *x, int64_t start_dim, int64_t end_dim, fx_where where);
FX_API fx_tensor *fx_ravel_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_unflatten_at(fx_tensor *x, int64_t dim, fx_dims sizes, fx_where where);

/* A dimension of size 1 put in before dim, 0 .. ndim; and taken out: all of size 1, or dim alone, or those of dims. A
 * dim of another size stays. */
#define FX_ALL_DIMS INT64_MIN
typedef struct fx_squeeze_args {
    fx_tensor *x;
    int64_t dim; /* FX_ALL_DIMS */
    fx_dims dims;
} fx_squeeze_args;
#define fx_unsqueeze(x, dim) fx_unsqueeze_at(x, dim, FX_HERE)
#define fx_squeeze(...) fx_squeeze_at(FX_LITERAL(fx_squeeze_args){ .dim = FX_ALL_DIMS, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_unsqueeze_at(fx_tensor *x, int64_t dim, fx_where where);
FX_API fx_tensor *fx_squeeze_at(fx_squeeze_args args, fx_where where);

/* At least 1, 2 or 3 dimensions: n numbers as (n), (1, n), (1, n, 1); m x n as (m, n, 1). */
#define fx_atleast_1d(x) fx_atleast_1d_at(x, FX_HERE)
#define fx_atleast_2d(x) fx_atleast_2d_at(x, FX_HERE)
#define fx_atleast_3d(x) fx_atleast_3d_at(x, FX_HERE)
FX_API fx_tensor *fx_atleast_1d_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_atleast_2d_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_atleast_3d_at(fx_tensor *x, fx_where where);

/* A copy, row-major, with x's history; and the same only where x is not row-major (else x itself). */
#define fx_clone(x) fx_clone_at(x, FX_HERE)
#define fx_contiguous(x) fx_contiguous_at(x, FX_HERE)
FX_API fx_tensor *fx_clone_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_contiguous_at(fx_tensor *x, fx_where where);

/* Dimensions in another order: fx_permute(x, 1, 0, 2) names for each of the result which of x it is. fx_t: of at most
 * two; fx_mT: the last two of any number. fx_movedim(x, a, b) puts dim a in place b (lists by fx_movedim_at). */
#define fx_permute(x, ...) fx_permute_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_transpose(x, dim0, dim1) fx_transpose_at(x, dim0, dim1, FX_HERE)
#define fx_t(x) fx_t_at(x, FX_HERE)
#define fx_mT(x) fx_mT_at(x, FX_HERE)
#define fx_movedim(x, source, destination) fx_movedim_at(x, FX_DIMS(source), FX_DIMS(destination), FX_HERE)
FX_API fx_tensor *fx_permute_at(fx_tensor *x, fx_dims dims, fx_where where);
FX_API fx_tensor *fx_transpose_at(fx_tensor *x, int64_t dim0, int64_t dim1, fx_where where);
FX_API fx_tensor *fx_t_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_mT_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_movedim_at(fx_tensor *x, fx_dims source, fx_dims destination, fx_where where);

/* x broadcast to sizes, of which -1 keeps what it is; the gradient is summed over what was broadcast. */
#define fx_expand(x, ...) fx_expand_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_broadcast_to(x, ...) fx_expand_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_expand_as(x, other) fx_expand_as_at(x, other, FX_HERE)
FX_API fx_tensor *fx_expand_at(fx_tensor *x, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_expand_as_at(fx_tensor *x, const fx_tensor *other, fx_where where);

/* Along dim the numbers start, start + step ... before stop, as Python slices: negative ones count from the end, and
 * what is too far is cut off. fx_slice(x, 0, 2) is all from 2 on. step > 0. */
typedef struct fx_slice_args {
    fx_tensor *x;
    int64_t dim, start, stop, step; /* 0, 0, all, 1 */
} fx_slice_args;
#define fx_slice(...)                                                                                        \
    fx_slice_at(FX_LITERAL(fx_slice_args){ .stop = INT64_MAX, .step = 1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_slice_at(fx_slice_args args, fx_where where);

/* The one at index along dim, without that dim; `length` from start on. FX_ERROR_INDEX if they are not there. */
#define fx_select(x, dim, index) fx_select_at(x, dim, index, FX_HERE)
#define fx_narrow(x, dim, start, length) fx_narrow_at(x, dim, start, length, FX_HERE)
FX_API fx_tensor *fx_select_at(fx_tensor *x, int64_t dim, int64_t index, fx_where where);
FX_API fx_tensor *fx_narrow_at(fx_tensor *x, int64_t dim, int64_t start, int64_t length, fx_where where);

/* The diagonal of dim1 and dim2, offset above it (below: negative), as the last dimension. And zeros with x, its last
 * dimension, on such a diagonal: there dim1 and dim2 are -2 and -1. */
typedef struct fx_diagonal_args {
    fx_tensor *x;
    int64_t offset, dim1, dim2; /* 0, 0, 1 */
} fx_diagonal_args;
#define fx_diagonal(...)                                                                                     \
    fx_diagonal_at(FX_LITERAL(fx_diagonal_args){ .dim2 = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_diag_embed(...)                                                                                   \
    fx_diag_embed_at(FX_LITERAL(fx_diagonal_args){ .dim1 = -2, .dim2 = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diagonal_at(fx_diagonal_args args, fx_where where);
FX_API fx_tensor *fx_diag_embed_at(fx_diagonal_args args, fx_where where);

/* Windows of `size` numbers along dim, each step on from the one before; a window's numbers are the last dimension. */
#define fx_unfold(x, dim, size, step) fx_unfold_at(x, dim, size, step, FX_HERE)
FX_API fx_tensor *fx_unfold_at(fx_tensor *x, int64_t dim, int64_t size, int64_t step, fx_where where);

/* (end of shapes) */

/* ---- indexing ------------------------------------------------------------------------------------------ */

/* (end of indexing) */

/* ---- random, checking ---------------------------------------------------------------------------------- */

/* (end of random, checking) */

/* ---- the registry -------------------------------------------------------------------------------------- */

/* The C type of a field of an argument structure. */
typedef enum fx_field_type {
    FX_FIELD_TENSOR,  /* fx_tensor * */
    FX_FIELD_OPERAND, /* fx_operand: tensor or number */
    FX_FIELD_TENSORS, /* fx_list */
    FX_FIELD_INT,     /* int64_t */
    FX_FIELD_REAL,    /* double */
    FX_FIELD_BOOL,    /* bool */
    FX_FIELD_DIMS,    /* fx_dims; one number binds as a list of one */
    FX_FIELD_DTYPE,   /* fx_dtype */
    FX_FIELD_CHOICE   /* int: an index into the words of .choices */
} fx_field_type;

/* One argument of a function. */
typedef struct fx_field {
    const char *name; /* ours; NULL ends the list */
    /* PyTorch's name of it, or several separated by commas, where it differs; NULL: the same */
    const char *torch;
    fx_field_type type;
    size_t offset;       /* in the argument structure */
    bool optional;       /* may be left out: NULL, or the default */
    const char *choices; /* FX_FIELD_CHOICE: words separated by '|', in the order of their values */
} fx_field;

/* A public function, a single op or a composite of several: what tests, benchmarks, the manual and other
 * languages need to know of it. */
typedef struct fx_function {
    const char *name;     /* "sum" for fx_sum */
    const char *torch;    /* PyTorch's names for it, separated by commas: "sum,nansum"; NULL: it has none */
    const char *formula;  /* of the value */
    const char *gradient; /* of the gradient */
    /* Domain, subgradient convention at each kink, where it differs from PyTorch; or NULL */
    const char *notes;
    const fx_field *fields; /* in PyTorch's positional order */
    size_t args_size;
    const void *defaults; /* an argument structure; NULL: zeroes */
    /* Calls it with an argument structure; fills out[0 .. n-1] and returns n, 0 after a failure. */
    int (*call)(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS]);
    const char *samples; /* arguments to test it with, one call a line (tests/support/sample.h has the
                          * grammar); a line that begins with '!' must be refused */
    const char *bench;   /* arguments to time it with, at about a million elements; or NULL */
    bool integer_result; /* never has a gradient */
    bool random;         /* depends on the random numbers of the context */
} fx_function;

/* All of them, sorted by name. */
FX_API const fx_function *const *fx_functions(int *count);
FX_API const fx_function *fx_function_named(const char *name); /* NULL: there is none */

#ifdef __cplusplus
}
#endif
#endif
