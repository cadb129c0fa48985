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

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif
