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

/* X of A X = B, and A^-1, for A = L L^T, or U^T U if .upper, given that triangle; the other one is not read
 * and has a gradient of 0. */
typedef struct fx_cholesky_solve_args {
    fx_tensor *B, *L;
    bool upper;
} fx_cholesky_solve_args;
typedef struct fx_cholesky_inverse_args {
    fx_tensor *L;
    bool upper;
} fx_cholesky_inverse_args;
#define fx_cholesky_solve(...)                                                                               \
    fx_cholesky_solve_at(FX_LITERAL(fx_cholesky_solve_args){ .B = __VA_ARGS__ }, FX_HERE)
#define fx_cholesky_inverse(...)                                                                             \
    fx_cholesky_inverse_at(FX_LITERAL(fx_cholesky_inverse_args){ .L = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cholesky_solve_at(fx_cholesky_solve_args args, fx_where where);
FX_API fx_tensor *fx_cholesky_inverse_at(fx_cholesky_inverse_args args, fx_where where);

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

/* ---- LU ---- */

/* A = P L U for matrices of any shape, with k = min(rows, columns): P (rows, rows), L (rows, k) with ones on
 * its diagonal, U (k, columns). linalg_lu gives them (P as its result); lu_factor, which refuses a zero on
 * U's diagonal, and lu_factor_ex give LU in one matrix of A's shape, L without its diagonal, and pivots (k),
 * int32: row i was swapped with row pivots[i], counted from 1, for i = 0, 1 ... lu_unpack makes P, L and U of
 * those (what is not unpacked comes as a tensor without numbers), and lu_solve solves A X = B with them, A^T
 * X = B if .adjoint, and, unless .left (it is unless said otherwise), X A = B or X A^T = B. The gradient: de
 * Hoog, Anderssen and Lukas, "Differentiation of matrix functionals using triangular factorization", 2011.
 * .pivot is true unless said otherwise, and must be. */
typedef struct fx_linalg_lu_args {
    fx_tensor *A;
    bool pivot;
    fx_tensor **L, **U; /* may be NULL, as what is given by pointers below */
} fx_linalg_lu_args;
typedef struct fx_linalg_lu_factor_args {
    fx_tensor *A;
    bool pivot;
    fx_tensor **pivots;
} fx_linalg_lu_factor_args;
typedef struct fx_linalg_lu_factor_ex_args {
    fx_tensor *A;
    bool pivot, check_errors;
    fx_tensor **pivots, **info;
} fx_linalg_lu_factor_ex_args;
typedef struct fx_lu_unpack_args {
    fx_tensor *LU, *pivots;
    bool unpack_data, unpack_pivots; /* both true unless said otherwise */
    fx_tensor **L, **U;
} fx_lu_unpack_args;
typedef struct fx_linalg_lu_solve_args {
    fx_tensor *LU, *pivots, *B;
    bool left, adjoint;
} fx_linalg_lu_solve_args;
#define fx_linalg_lu(...)                                                                                    \
    fx_linalg_lu_at(FX_LITERAL(fx_linalg_lu_args){ .pivot = true, .A = __VA_ARGS__ }, FX_HERE)
#define fx_linalg_lu_factor(...)                                                                             \
    fx_linalg_lu_factor_at(FX_LITERAL(fx_linalg_lu_factor_args){ .pivot = true, .A = __VA_ARGS__ }, FX_HERE)
#define fx_linalg_lu_factor_ex(...)                                                                          \
    fx_linalg_lu_factor_ex_at(FX_LITERAL(fx_linalg_lu_factor_ex_args){ .pivot = true, .A = __VA_ARGS__ },    \
                              FX_HERE)
#define fx_lu_unpack(...)                                                                                    \
    fx_lu_unpack_at(                                                                                         \
        FX_LITERAL(fx_lu_unpack_args){ .unpack_data = true, .unpack_pivots = true, .LU = __VA_ARGS__ },      \
        FX_HERE)
#define fx_linalg_lu_solve(...)                                                                              \
    fx_linalg_lu_solve_at(FX_LITERAL(fx_linalg_lu_solve_args){ .left = true, .LU = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_lu_at(fx_linalg_lu_args args, fx_where where);
FX_API fx_tensor *fx_linalg_lu_factor_at(fx_linalg_lu_factor_args args, fx_where where);
FX_API fx_tensor *fx_linalg_lu_factor_ex_at(fx_linalg_lu_factor_ex_args args, fx_where where);
FX_API fx_tensor *fx_lu_unpack_at(fx_lu_unpack_args args, fx_where where);
FX_API fx_tensor *fx_linalg_lu_solve_at(fx_linalg_lu_solve_args args, fx_where where);

/* ---- determinants ---- */

/* One number for each matrix: det A; sign and log |det A|, the sign as the result; log det A, NaN where det A
 * is negative. A singular matrix is none of an error: 0, and -infinity. The gradient of det is its cofactors
 * times g, which holds, in any order, for matrices of any rank; that of the logarithms g A^-T, NaN where A is
 * singular. */
typedef struct fx_linalg_slogdet_args {
    fx_tensor *A;
    fx_tensor **logabsdet; /* may be NULL */
} fx_linalg_slogdet_args;
#define fx_linalg_det(A) fx_linalg_det_at(A, FX_HERE)
#define fx_logdet(A) fx_logdet_at(A, FX_HERE)
#define fx_linalg_slogdet(...)                                                                               \
    fx_linalg_slogdet_at(FX_LITERAL(fx_linalg_slogdet_args){ .A = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_det_at(fx_tensor *A, fx_where where);
FX_API fx_tensor *fx_logdet_at(fx_tensor *A, fx_where where);
FX_API fx_tensor *fx_linalg_slogdet_at(fx_linalg_slogdet_args args, fx_where where);

/* ---- powers ---- */

/* A^n by repeated squares: of the inverse if n is negative (a singular matrix is an error then), the identity
 * if it is 0. */
typedef struct fx_linalg_matrix_power_args {
    fx_tensor *A;
    int64_t n;
} fx_linalg_matrix_power_args;
#define fx_linalg_matrix_power(a, power)                                                                     \
    fx_linalg_matrix_power_at(FX_LITERAL(fx_linalg_matrix_power_args){ .A = a, .n = power }, FX_HERE)
FX_API fx_tensor *fx_linalg_matrix_power_at(fx_linalg_matrix_power_args args, fx_where where);

/* x (..., n) to y (..., n, N), y[..., i, k] = x[..., i]^k: as many powers as there are numbers, unless .N,
 * more than 1, says otherwise. Of integers int64, without a gradient. */
enum { FX_VANDER_SQUARE = -2147483647 - 1 };
typedef struct fx_linalg_vander_args {
    fx_tensor *x;
    int64_t N;
} fx_linalg_vander_args;
#define fx_linalg_vander(...)                                                                                \
    fx_linalg_vander_at(FX_LITERAL(fx_linalg_vander_args){ .N = FX_VANDER_SQUARE, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_vander_at(fx_linalg_vander_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
