/* Cofactors, and their derivatives of any order, as one family of ops that is closed under differentiation.
 */
#ifndef FLUXION_OPS_COFACTORS_H
#define FLUXION_OPS_COFACTORS_H

#include "matrices.h"

/* The matrix C of <C, H> = the derivative of det at A in the directions D1, ..., Dm and H; list: A, D1, ...,
 * Dm, of one shape. With A alone these are the cofactors, the gradient of det. Right for any A, of whatever
 * rank. */
fx_tensor *fx__cofactors(fx_list list, fx_where where);

#endif
