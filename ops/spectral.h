/* What the families of matrix functions and decompositions share.
 *
 * All of them compute in float64, with their gradients: float32 goes in and comes out by recorded casts, so
 * that its results are rounded once. Matrices are the last two dimensions, what comes before them is a batch.
 */
#ifndef FLUXION_OPS_SPECTRAL_H
#define FLUXION_OPS_SPECTRAL_H

#include "terms.h"

/* x in float64, if it is floating and of matrices, which are square if that is asked for; NULL after an error
 * that names op. */
fx_tensor *fx__wide_matrices(fx_tensor *x, bool square, const char *op, fx_where where);

/* Rows and columns of a tensor of matrices, and how many matrices there are. */
static inline int64_t fx__height(const fx_tensor *x) { return x->size[x->ndim - 2]; }
static inline int64_t fx__breadth(const fx_tensor *x) { return x->size[x->ndim - 1]; }
static inline int64_t fx__depth(const fx_tensor *x) { return fx__product(x->size, 0, x->ndim - 2); }
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

/* The sum of two terms, where one or both may be NULL for zero. */
fx_tensor *fx__plus(fx_tensor *a, fx_tensor *b, fx_where where);

#endif
