/* Normalisation: numbers less their mean, over their spread, times a weight, plus a bias; and its gradients.
 *
 * x is [outer][units][inner] as it lies; a unit, outer x inner numbers, is what has one mean and one spread.
 * In a layer norm outer is 1 and a unit a row; in a batch norm a unit is a channel; in a group norm outer is
 * 1 and a unit a group of channels. Number i of a unit's inner ones has the weight (unit % groups) * depth +
 * i / run, where inner = depth * run.
 *
 * Everything is computed in double. Blocks of units are of a fixed length, and what they add to the gradients
 * of weight and bias is added up in their order, so the bits do not depend on threads.
 */
#ifndef FLUXION_KERNELS_NORMAL_H
#define FLUXION_KERNELS_NORMAL_H

#include "kernels.h"

typedef struct fx__normal {
    int64_t outer, units, inner;
    int64_t groups, depth, run;
    bool wide;    /* double, not float */
    bool centred; /* less the mean; otherwise the spread is the root mean square */
    bool given;   /* mean and scale are given, one for each of groups, and constants */
    double eps;
    const void *x, *weight, *bias; /* weight: NULL for ones; bias: NULL for zeros */
    double *mean, *scale;          /* of each unit: set by the forward, read by the gradient */
    double *spread;                /* of each unit, variance or mean square, without eps; NULL: not wanted */
    void *y;
    const void *g;
    void *gx;                  /* NULL: not wanted */
    double *g_weight, *g_bias; /* fx__normal_blocks() x groups x depth, zeroed; NULL: not wanted */
    int threads;
} fx__normal;

struct fx_normal_kernels {
    void (*forward)(const fx__normal *s);
    void (*gradient)(const fx__normal *s);
};

/* Units in a block, and how many blocks there are: for parts of about 16 K numbers, at most 16 of them. */
static inline int64_t fx__normal_grain(const fx__normal *s)
{
    const int64_t size = s->outer * s->inner, least = (s->units + 15) / 16;
    const int64_t worth = size > 0 ? (16384 + size - 1) / size : 1, grain = least > worth ? least : worth;
    return grain > 0 ? grain : 1;
}
static inline int64_t fx__normal_blocks(const fx__normal *s)
{
    const int64_t grain = fx__normal_grain(s);
    return (s->units + grain - 1) / grain;
}

#endif
