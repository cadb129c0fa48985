/* Kernels over numbers that lie one after another.
 */
#ifndef FLUXION_KERNELS_ELEMENTWISE_H
#define FLUXION_KERNELS_ELEMENTWISE_H

#include "kernels.h"

struct fx_elementwise_kernels {
    /* sum[i] += b[i] */
    void (*add_into_f32)(int64_t n, float *sum, const float *b);
    void (*add_into_f64)(int64_t n, double *sum, const double *b);
};

#endif
