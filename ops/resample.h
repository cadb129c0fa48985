/* Averages of windows and interpolation: linear, dimension by dimension.
 */
#ifndef FLUXION_OPS_RESAMPLE_H
#define FLUXION_OPS_RESAMPLE_H

#include "window.h"

typedef enum fx__rule {
    FX__RULE_WINDOW,   /* out o averages [o stride - before, ... + kernel), as far as it lies inside x */
    FX__RULE_ADAPTIVE, /* out o averages [floor(o in / out), ceil((o + 1) in / out)) */
    FX__RULE_NEAREST,  /* x[floor(o in / out)] */
    FX__RULE_EXACT,    /* x[floor((o + 1/2) in / out)] */
    FX__RULE_LINEAR,   /* between the two nearest to (o + 1/2) in / out - 1/2, or o (in - 1) / (out - 1) if
                          aligned */
    FX__RULE_CUBIC     /* of the four nearest (Keys, 1981, a = -0.75); outside x, its last number again */
} fx__rule;

/* One dimension. */
typedef struct fx__scale {
    fx__rule rule;
    bool aligned;        /* corners */
    bool counts_padding; /* windows: a window's length is the padded one */
    int64_t in, out;
    int64_t kernel, stride, before; /* windows */
    double divisor;                 /* windows: instead of their length; 0: none */
    double factor;                  /* interpolation: instead of out / in; 0: none */
} fx__scale;

typedef struct fx__resampling {
    int first, ndim; /* the dimensions that it is along */
    bool adjoint;
    fx__scale dim[FX__SPACE];
} fx__resampling;

/* x resampled along dimensions first, first + 1 ... NULL after an error. */
fx_tensor *fx__resample(fx_tensor *x, const fx__resampling *how, fx_where where);

#endif
