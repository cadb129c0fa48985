/* Functions of matrices, norms of them, and the decompositions into orthogonal factors. (ops.h: what all ops
 * have in common.)
 *
 * Matrices are the last two dimensions of a tensor, unless others are named; those before them are a batch.
 * Only floating numbers are taken. All of it is computed in float64, gradients too, and float32 is rounded
 * once.
 */
#ifndef FLUXION_PUBLIC_SPECTRAL_H
#define FLUXION_PUBLIC_SPECTRAL_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- functions of matrices ----------------------------------------------------------------------------- */

/* exp(A) = sum of A^k / k!, of square matrices, to float64's rounding of A (float32 is computed in float64).
 * dL/dA is the derivative of exp at A^T in the direction of g. */
#define fx_matrix_exp(x) fx_matrix_exp_at(x, FX_HERE)
FX_API fx_tensor *fx_matrix_exp_at(fx_tensor *x, fx_where where);

/* ---- norms --------------------------------------------------------------------------------------------- */

/* The norm of the matrices in two dims, the last ones if none are given. ord: "fro" (or NULL), the root of
 * the sum of squares; "nuc", the sum of the singular values; "2" and "-2", the largest and the least of them;
 * "1" and "-1", the largest and the least sum of magnitudes of a column; "inf" and "-inf", of a row. The
 * gradient is shared among ties; the second one of those by singular values is not finite where these are
 * equal. */
typedef struct fx_linalg_matrix_norm_args {
    fx_tensor *A;
    const char *ord;
    fx_dims dims;
    bool keepdim;
    fx_dtype dtype; /* in which to compute */
} fx_linalg_matrix_norm_args;
#define fx_linalg_matrix_norm(...)                                                                           \
    fx_linalg_matrix_norm_at(FX_LITERAL(fx_linalg_matrix_norm_args){ .A = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_matrix_norm_at(fx_linalg_matrix_norm_args args, fx_where where);

/* Without an order, the root of the sum of squares, over dims or all. With one: of one dim, or a vector, the
 * norm of that order, any number (fx_norm); of two, or a matrix, fx_linalg_matrix_norm. */
typedef fx_linalg_matrix_norm_args fx_linalg_norm_args;
#define fx_linalg_norm(...) fx_linalg_norm_at(FX_LITERAL(fx_linalg_norm_args){ .A = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_norm_at(fx_linalg_norm_args args, fx_where where);

/* The condition number |A| |A^-1| in a norm of matrices p: NULL or "2", the largest over the least singular
 * value, "-2", the other way round, both of matrices of any shape; else as above, of square ones. Infinite
 * where A is singular. */
typedef struct fx_linalg_cond_args {
    fx_tensor *A;
    const char *p;
} fx_linalg_cond_args;
#define fx_linalg_cond(...) fx_linalg_cond_at(FX_LITERAL(fx_linalg_cond_args){ .A = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_cond_at(fx_linalg_cond_args args, fx_where where);

/* How many singular values (hermitian: eigenvalues, by magnitude) are above max(atol, rtol * the largest):
 * int64, no gradient. atol, rtol: numbers or tensors of the stack's shape, by FX_OPERAND; not given, atol is
 * 0, and rtol the larger of rows and columns times the dtype's epsilon, or 0 where an atol > 0 is given. */
typedef struct fx_linalg_matrix_rank_args {
    fx_tensor *A;
    fx_operand atol, rtol;
    bool hermitian;
} fx_linalg_matrix_rank_args;
#define fx_linalg_matrix_rank(...)                                                                           \
    fx_linalg_matrix_rank_at(FX_LITERAL(fx_linalg_matrix_rank_args){ .A = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_matrix_rank_at(fx_linalg_matrix_rank_args args, fx_where where);

/* ---- QR ------------------------------------------------------------------------------------------------ */

/* Q of A = Q R, of orthonormal columns, and R, an upper triangle, into *r. Of m rows and n columns Q has
 * min(m, n) columns; mode FX_QR_COMPLETE: m, as R has rows; FX_QR_R: Q is empty. Its gradient is an error in
 * mode r, and in mode complete where m > n; it is not finite where the first min(m, n) columns of A are
 * dependent. Signs are LAPACK's. fx_qr: the same by PyTorch's older name, .some (which it is unless said
 * otherwise) for the reduced mode. */
typedef enum fx_qr_mode { FX_QR_REDUCED, FX_QR_COMPLETE, FX_QR_R } fx_qr_mode;
typedef struct fx_linalg_qr_args {
    fx_tensor *A;
    int mode; /* fx_qr_mode */
    fx_tensor **r;
} fx_linalg_qr_args;
typedef struct fx_qr_args {
    fx_tensor *x;
    bool some; /* true */
    fx_tensor **r;
} fx_qr_args;
#define fx_linalg_qr(...) fx_linalg_qr_at(FX_LITERAL(fx_linalg_qr_args){ .A = __VA_ARGS__ }, FX_HERE)
#define fx_qr(...) fx_qr_at(FX_LITERAL(fx_qr_args){ .some = true, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_qr_at(fx_linalg_qr_args args, fx_where where);
FX_API fx_tensor *fx_qr_at(fx_qr_args args, fx_where where);

/* The first n columns of H_1 ... H_k, where H_i = 1 - tau_i v_i v_i^T, of A (m, n), m >= n >= k: v_i is
 * column i of A below the diagonal, 1 on it and 0 above. tau (k) may be any numbers. */
#define fx_linalg_householder_product(A, tau) fx_linalg_householder_product_at(A, tau, FX_HERE)
FX_API fx_tensor *fx_linalg_householder_product_at(fx_tensor *A, fx_tensor *tau, fx_where where);

/* Q other, Q = H_1 ... H_k whole, of x (m, n) and tau as above; with .left false (it is true unless said
 * otherwise) other Q; with .transpose Q^T for Q. */
typedef struct fx_ormqr_args {
    fx_tensor *x, *tau, *other;
    bool left, transpose; /* left: true */
} fx_ormqr_args;
#define fx_ormqr(x_, tau_, ...)                                                                              \
    fx_ormqr_at(FX_LITERAL(fx_ormqr_args){ .left = true, .x = x_, .tau = tau_, .other = __VA_ARGS__ },       \
                FX_HERE)
FX_API fx_tensor *fx_ormqr_at(fx_ormqr_args args, fx_where where);

/* What those two take: R on and above the diagonal, the v_i below it, and *tau. Where a gradient is wanted it
 * is computed column by column, slowly: fx_linalg_qr has a formula. */
typedef struct fx_geqrf_args {
    fx_tensor *x;
    fx_tensor **tau;
} fx_geqrf_args;
#define fx_geqrf(...) fx_geqrf_at(FX_LITERAL(fx_geqrf_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_geqrf_at(fx_geqrf_args args, fx_where where);

/* ---- eigenvalues, singular values ---------------------------------------------------------------------- */

/* The eigenvalues of symmetric matrices, ascending, and into *vectors their orthonormal eigenvectors, as
 * columns, of arbitrary signs. The lower triangle of A is read, or the upper one; the gradient is symmetric.
 * It is not finite through vectors of equal eigenvalues. A number that is not finite is FX_ERROR_NUMBER.
 * fx_symeig: PyTorch's older function, of the upper triangle unless .upper is false; vectors are empty unless
 * .eigenvectors is set. */
typedef struct fx_linalg_eigh_args {
    fx_tensor *A;
    bool upper;
    fx_tensor **vectors; /* linalg_eigvalsh: not used */
} fx_linalg_eigh_args;
typedef struct fx_symeig_args {
    fx_tensor *x;
    bool eigenvectors, upper; /* upper: true */
    fx_tensor **vectors;
} fx_symeig_args;
#define fx_linalg_eigh(...) fx_linalg_eigh_at(FX_LITERAL(fx_linalg_eigh_args){ .A = __VA_ARGS__ }, FX_HERE)
#define fx_linalg_eigvalsh(...)                                                                              \
    fx_linalg_eigvalsh_at(FX_LITERAL(fx_linalg_eigh_args){ .A = __VA_ARGS__ }, FX_HERE)
#define fx_symeig(...) fx_symeig_at(FX_LITERAL(fx_symeig_args){ .upper = true, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_eigh_at(fx_linalg_eigh_args args, fx_where where);
FX_API fx_tensor *fx_linalg_eigvalsh_at(fx_linalg_eigh_args args, fx_where where);
FX_API fx_tensor *fx_symeig_at(fx_symeig_args args, fx_where where);

/* U of A = U diag(S) Vh, the singular values, descending, into *S and the other vectors, as rows, into *Vh. U
 * and Vh are square unless .full_matrices is false: then they have min(m, n) vectors. Signs of vectors are
 * arbitrary. The gradient is not finite through vectors of singular values that are equal, or 0; what full
 * matrices have besides gets none. fx_linalg_svdvals: S alone. fx_svd: PyTorch's older function, which gives
 * V, and square matrices only with .some false; with .compute_uv false they are square and zeros. */
typedef struct fx_linalg_svd_args {
    fx_tensor *A;
    bool full_matrices; /* true */
    fx_tensor **S, **Vh;
} fx_linalg_svd_args;
typedef struct fx_svd_args {
    fx_tensor *x;
    bool some, compute_uv; /* true */
    fx_tensor **S, **V;
} fx_svd_args;
#define fx_linalg_svd(...)                                                                                   \
    fx_linalg_svd_at(FX_LITERAL(fx_linalg_svd_args){ .full_matrices = true, .A = __VA_ARGS__ }, FX_HERE)
#define fx_linalg_svdvals(A) fx_linalg_svdvals_at(A, FX_HERE)
#define fx_svd(...)                                                                                          \
    fx_svd_at(FX_LITERAL(fx_svd_args){ .some = true, .compute_uv = true, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_svd_at(fx_linalg_svd_args args, fx_where where);
FX_API fx_tensor *fx_linalg_svdvals_at(fx_tensor *A, fx_where where);
FX_API fx_tensor *fx_svd_at(fx_svd_args args, fx_where where);

/* ---- pseudo-inverse, least squares --------------------------------------------------------------------- */

/* The pseudo-inverse P of A: A P A = A, P A P = P, A P and P A symmetric. Singular values (hermitian:
 * eigenvalues of the lower triangle, by magnitude) count by atol and rtol as fx_linalg_matrix_rank has them.
 * The gradient (Golub and Pereyra, 1973) holds where the rank stays the same. fx_pinverse: rcond, 1e-15, for
 * rtol. */
typedef struct fx_linalg_pinv_args {
    fx_tensor *A;
    fx_operand atol, rtol;
    bool hermitian;
} fx_linalg_pinv_args;
typedef struct fx_pinverse_args {
    fx_tensor *x;
    double rcond; /* 1e-15 */
} fx_pinverse_args;
#define fx_linalg_pinv(...) fx_linalg_pinv_at(FX_LITERAL(fx_linalg_pinv_args){ .A = __VA_ARGS__ }, FX_HERE)
#define fx_pinverse(...)                                                                                     \
    fx_pinverse_at(FX_LITERAL(fx_pinverse_args){ .rcond = 1e-15, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_pinv_at(fx_linalg_pinv_args args, fx_where where);
FX_API fx_tensor *fx_pinverse_at(fx_pinverse_args args, fx_where where);

/* X for which |A X - B| is least, and of those the least |X|; A (..., m, n), B (..., m, k), or vectors (...,
 * m) where the other sizes are A's. Singular values below rcond times the largest count as 0; rcond < 0
 * stands for the larger of m and n times the dtype's epsilon. The driver is LAPACK's; gels takes A to be of
 * full rank. Into *residuals go |A X - B|^2 of each column, where m > n, all matrices have full rank and the
 * driver is not gelsy; into *rank the ranks, of all drivers but gels, into *singular_values these, of gelsd
 * and gelss: else they are empty. The gradient holds where the rank stays the same; singular values have none
 * here. */
typedef enum fx_lstsq_driver {
    FX_LSTSQ_GELSY,
    FX_LSTSQ_GELS,
    FX_LSTSQ_GELSD,
    FX_LSTSQ_GELSS
} fx_lstsq_driver;
typedef struct fx_linalg_lstsq_args {
    fx_tensor *A, *B;
    double rcond; /* -1 */
    int driver;   /* fx_lstsq_driver */
    fx_tensor **residuals, **rank, **singular_values;
} fx_linalg_lstsq_args;
#define fx_linalg_lstsq(A_, ...)                                                                             \
    fx_linalg_lstsq_at(FX_LITERAL(fx_linalg_lstsq_args){ .rcond = -1, .A = A_, .B = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_linalg_lstsq_at(fx_linalg_lstsq_args args, fx_where where);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif
