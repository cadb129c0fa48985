/* The pseudo-inverse, as least squares need it too. */
#ifndef FLUXION_OPS_PINV_H
#define FLUXION_OPS_PINV_H

#include "spectral.h"

/* Singular values above max(atol, rtol * the largest) count. Not given: .tensor NULL. */
typedef struct fx__tolerance {
    fx_operand atol, rtol;
    bool hermitian;
    double epsilon; /* of the dtype that x was given in */
} fx__tolerance;

/* The pseudo-inverse of a float64 x, differentiable where the rank stays the same; *full (may be NULL): all
 * singular values count. */
fx_tensor *fx__pinv(fx_tensor *x, fx__tolerance t, bool *full, fx_where where);

/* The rounding of a floating dtype: the distance of 1 from the next number. */
static inline double fx__epsilon(const fx_tensor *x) { return x->dtype == FX_F32 ? 0x1p-23 : 0x1p-52; }

#endif
