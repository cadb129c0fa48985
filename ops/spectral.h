/* What the families of matrix functions and decompositions share.
 *
 * All of them compute in float64, with their gradients: float32 goes in and comes out by recorded casts, so
 * that its results are rounded once. Matrices are the last two dimensions, what comes before them is a batch.
 */
#ifndef FLUXION_OPS_SPECTRAL_H
#define FLUXION_OPS_SPECTRAL_H

#include "matrices.h"
#include "terms.h"

#include "kernels/orthogonal.h"

/* x in float64, if it is floating and of matrices, which are square if that is asked for; NULL after an error
 * that names op. */
fx_tensor *fx__wide_matrices(fx_tensor *x, bool square, const char *op, fx_where where);

/* Numbers of a row-major float64 tensor. */
static inline const double *fx__doubles(const fx_tensor *x) { return (const double *)(const void *)x->data; }
static inline double *fx__doubles_to(fx_tensor *x) { return (double *)(void *)x->data; }

/* Products of two tensors of matrices of the same batch: a b, a^T b, a b^T. */
fx_tensor *fx__mm(fx_tensor *a, fx_tensor *b, fx_where where);
fx_tensor *fx__tmm(fx_tensor *a, fx_tensor *b, fx_where where);
fx_tensor *fx__mmt(fx_tensor *a, fx_tensor *b, fx_where where);

/* The part of x on and below (above) a diagonal, which counts from the main one. */
fx_tensor *fx__lower(fx_tensor *x, int64_t diagonal, fx_where where);
fx_tensor *fx__upper(fx_tensor *x, int64_t diagonal, fx_where where);

/* (..., n) to (..., 1, n), by which columns are scaled, and to (..., n, 1), by which rows are. */
fx_tensor *fx__of_columns(fx_tensor *x, fx_where where);
fx_tensor *fx__of_rows(fx_tensor *x, fx_where where);

/* Ones on the diagonal of (rows, columns), of the stack of x: a constant. */
fx_tensor *fx__eye(const fx_tensor *x, int64_t rows, int64_t columns, fx_where where);

/* Whether all `count` numbers are finite: LAPACK's iterations may not end where one is not. */
bool fx__all_finite(const double *x, int64_t count);

/* The work memory of a routine, at the end of what a matrix function is given. */
static inline fx__lapack_work fx__work_at(fx__lapack_work size, double *memory)
{
    size.memory = (char *)memory;
    return size;
}
/* Scratch for so many numbers and for a routine. */
static inline size_t fx__room_with(int64_t numbers, fx__lapack_work size)
{
    return fx__room(numbers, true) + fx__lapack_bytes(size);
}

/* fx__each_matrix() over the stack of x, where each must return 0: -1 reports numbers that are not finite,
 * others that the iteration did not converge. False after an error. */
bool fx__each_checked(const fx_call *c, const fx_tensor *x, size_t bytes, double cost,
                      fx__matrix_function *function, const void *data);

/* out: the eigenvalues and eigenvectors of x, float64 and symmetric, of which one triangle is read;
 * values_only: no more than the gradient needs of the latter. out: U, S and V^T of a float64 x, U and V^T
 * square if full. False after an error. */
bool fx__eigh(fx_tensor *x, bool upper, bool values_only, fx_tensor *out[2], fx_where where);
bool fx__svd(fx_tensor *x, bool full, bool values_only, fx_tensor *out[3], fx_where where);

/* Zeros as x, without history; NULL of NULL. */
static inline fx_tensor *fx__zeros_of(const fx_tensor *x) { return x ? fx__zeros_like(x) : NULL; }

/* The sum of two terms, where one or both may be NULL for zero. */
fx_tensor *fx__plus(fx_tensor *a, fx_tensor *b, fx_where where);

#endif
