/* The op that all normalisations are: see kernels/normal.h for how x is seen.
 */
#ifndef FLUXION_OPS_STANDARDIZE_H
#define FLUXION_OPS_STANDARDIZE_H

#include "shape.h"

typedef struct fx__standard {
    int64_t outer, units, inner;
    int64_t groups, depth; /* weights: groups x depth of them, each of inner / depth neighbours */
    double eps;
    bool centred;
    bool weighted, biased; /* has that input */
} fx__standard;

/* y = (x - mean) / sqrt(spread + eps) * weight + bias. weight and bias: NULL, or groups x depth numbers in
 * any shape, of x's dtype. mean and variance: NULL, or groups numbers of x's dtype that stand for x's own and
 * are constants. statistics: receives a float64 (3, units) of what was used: mean, 1 / sqrt(spread + eps),
 * spread; or NULL. */
fx_tensor *fx__standardize(fx_tensor *x, fx_tensor *weight, fx_tensor *bias, fx_tensor *mean,
                           fx_tensor *variance, fx__standard s, fx_tensor **statistics, fx_where where);

#endif
