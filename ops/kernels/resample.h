/* Linear maps along one dimension, with few taps: averages of windows, interpolation, and the adjoints of
 * both.
 */
#ifndef FLUXION_KERNELS_RESAMPLE_H
#define FLUXION_KERNELS_RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

/* Number o of the result is the sum of weight[t] x[at[t]], t from first[o] to first[o + 1] - 1. */
typedef struct fx__taps {
    int64_t in, out;
    int64_t *first; /* out + 1 */
    int64_t *at;
    double *weight;
} fx__taps;

/* The transpose: to has the memory for out = taps->in and as many taps. */
void fx__taps_transpose(const fx__taps *taps, fx__taps *to);

/* y[outer][out][inner] of x[outer][in][inner], added up in the order of the taps, in double where inner is 1.
 */
void fx__resample_run(int threads, bool f64, const fx__taps *taps, int64_t outer, int64_t inner,
                      const void *x, void *y);

#endif
