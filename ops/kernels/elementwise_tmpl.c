/* Elementwise loops, compiled per instruction set.
 */
#include "elementwise.h"

static void add_into_f32(int64_t n, float *restrict sum, const float *restrict b)
{
    for (int64_t i = 0; i < n; i++) sum[i] += b[i];
}

static void add_into_f64(int64_t n, double *restrict sum, const double *restrict b)
{
    for (int64_t i = 0; i < n; i++) sum[i] += b[i];
}

extern const fx_elementwise_kernels FX_KERNEL_TABLE(elementwise);
const fx_elementwise_kernels FX_KERNEL_TABLE(elementwise) = {
    .add_into_f32 = add_into_f32,
    .add_into_f64 = add_into_f64,
};
