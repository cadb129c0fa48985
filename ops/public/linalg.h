/* Linear algebra. (ops.h: what all ops have in common.)
 *
 * Every function takes stacks of matrices, the last two dimensions, of float32 or float64 (integers are
 * refused); the dimensions before them are the stack, and those of two operands broadcast. LAPACK computes,
 * through LAPACKE; in a build without it these functions fail with FX_ERROR_UNSUPPORTED. A matrix that cannot
 * be factored or inverted is an error (FX_ERROR_NUMBER) that names its place in the stack, but for the
 * functions _ex, which give LAPACK's info of each matrix instead (int32; 0: all is well) unless .check_errors
 * is set. Stacks without matrices, and matrices of 0 x 0, are fine everywhere.
 */
#ifndef FLUXION_PUBLIC_LINALG_H
#define FLUXION_PUBLIC_LINALG_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- triangles ---- */

/* X of A X = B, or of X A = B unless .left (it is unless said otherwise), A a lower triangle, or an upper one
 * if .upper; the other one is not read, nor is the diagonal if .unitriangular, where it is taken for 1. A
 * zero on the diagonal gives infinities. dL/dB = A^-T g, dL/dA = -(dL/dB) X^T on the triangle (Giles, "An
 * extended collection of matrix derivative results", 2008). */
typedef struct fx_linalg_solve_triangular_args {
    fx_tensor *A, *B;
    bool upper, left, unitriangular;
} fx_linalg_solve_triangular_args;
#define fx_linalg_solve_triangular(...)                                                                      \
    fx_linalg_solve_triangular_at(                                                                           \
        FX_LITERAL(fx_linalg_solve_triangular_args){ .left = true, .A = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_solve_triangular_at(fx_linalg_solve_triangular_args args, fx_where where);

/* The same as PyTorch's older function has it: X of A X = b, or of A^T X = b if .transpose; A an upper
 * triangle unless .upper is false. */
typedef struct fx_triangular_solve_args {
    fx_tensor *b, *A;
    bool upper, transpose, unitriangular;
} fx_triangular_solve_args;
#define fx_triangular_solve(...)                                                                             \
    fx_triangular_solve_at(FX_LITERAL(fx_triangular_solve_args){ .upper = true, .b = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_triangular_solve_at(fx_triangular_solve_args args, fx_where where);

/* ---- Cholesky ---- */

/* L of A = L L^T, or U of A = U^T U if .upper, for symmetric positive definite matrices: only that triangle
 * of A is read. The gradient is that of a function of (A + A^T) / 2, symmetric: dL/dA = L^-T S L^-1 where S
 * is the symmetric part of the lower triangle of L^T g, its diagonal halved (Murray, "Differentiation of the
 * Cholesky decomposition", 2016). *info: see above. */
typedef struct fx_linalg_cholesky_args {
    fx_tensor *A;
    bool upper;
} fx_linalg_cholesky_args;
typedef struct fx_linalg_cholesky_ex_args {
    fx_tensor *A;
    bool upper, check_errors;
    fx_tensor **info; /* may be NULL */
} fx_linalg_cholesky_ex_args;
#define fx_linalg_cholesky(...)                                                                              \
    fx_linalg_cholesky_at(FX_LITERAL(fx_linalg_cholesky_args){ .A = __VA_ARGS__ }, FX_HERE)
#define fx_linalg_cholesky_ex(...)                                                                           \
    fx_linalg_cholesky_ex_at(FX_LITERAL(fx_linalg_cholesky_ex_args){ .A = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_cholesky_at(fx_linalg_cholesky_args args, fx_where where);
FX_API fx_tensor *fx_linalg_cholesky_ex_at(fx_linalg_cholesky_ex_args args, fx_where where);

/* ---- systems and inverses ---- */

/* X of A X = B, or of X A = B unless .left (it is unless said otherwise). B is matrices, or vectors: of one
 * dimension, or of the sizes of A without the last. A singular matrix is an error, but for solve_ex, which
 * gives NaN there. dL/dB = A^-T g, dL/dA = -(dL/dB) X^T (Giles, 2008). tensorsolve: A seen as a matrix whose
 * rows are as many dimensions as B has, after .dims were moved to the end. */
typedef struct fx_linalg_solve_args {
    fx_tensor *A, *B;
    bool left;
} fx_linalg_solve_args;
typedef struct fx_linalg_solve_ex_args {
    fx_tensor *A, *B;
    bool left, check_errors;
    fx_tensor **info; /* may be NULL */
} fx_linalg_solve_ex_args;
typedef struct fx_linalg_tensorsolve_args {
    fx_tensor *A, *B;
    fx_dims dims;
} fx_linalg_tensorsolve_args;
#define fx_linalg_solve(...)                                                                                 \
    fx_linalg_solve_at(FX_LITERAL(fx_linalg_solve_args){ .left = true, .A = __VA_ARGS__ }, FX_HERE)
#define fx_linalg_solve_ex(...)                                                                              \
    fx_linalg_solve_ex_at(FX_LITERAL(fx_linalg_solve_ex_args){ .left = true, .A = __VA_ARGS__ }, FX_HERE)
#define fx_linalg_tensorsolve(...)                                                                           \
    fx_linalg_tensorsolve_at(FX_LITERAL(fx_linalg_tensorsolve_args){ .A = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_solve_at(fx_linalg_solve_args args, fx_where where);
FX_API fx_tensor *fx_linalg_solve_ex_at(fx_linalg_solve_ex_args args, fx_where where);
FX_API fx_tensor *fx_linalg_tensorsolve_at(fx_linalg_tensorsolve_args args, fx_where where);

/* Y = A^-1. A singular matrix is an error, but for inv_ex, which gives NaN there. dL/dA = -Y^T g Y^T.
 * tensorinv: A seen as a matrix whose rows are the dimensions before .ind (2), its columns those from it on.
 */
typedef struct fx_linalg_inv_ex_args {
    fx_tensor *A;
    bool check_errors;
    fx_tensor **info; /* may be NULL */
} fx_linalg_inv_ex_args;
typedef struct fx_linalg_tensorinv_args {
    fx_tensor *A;
    int64_t ind;
} fx_linalg_tensorinv_args;
#define fx_linalg_inv(A) fx_linalg_inv_at(A, FX_HERE)
#define fx_linalg_inv_ex(...)                                                                                \
    fx_linalg_inv_ex_at(FX_LITERAL(fx_linalg_inv_ex_args){ .A = __VA_ARGS__ }, FX_HERE)
#define fx_linalg_tensorinv(...)                                                                             \
    fx_linalg_tensorinv_at(FX_LITERAL(fx_linalg_tensorinv_args){ .ind = 2, .A = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_inv_at(fx_tensor *A, fx_where where);
FX_API fx_tensor *fx_linalg_inv_ex_at(fx_linalg_inv_ex_args args, fx_where where);
FX_API fx_tensor *fx_linalg_tensorinv_at(fx_linalg_tensorinv_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
