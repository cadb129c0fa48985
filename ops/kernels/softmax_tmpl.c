/* Softmax and cross entropy over rows, compiled per instruction set (softmax.h). A row is computed by one
 * thread, so the bits do not depend on how many there are.
 */
#include "softmax.h"

#include "exp.h"
#include "parallel.h"

#include <math.h>

enum { LANES = 16, CHUNK = 512, BLOCK = 16384 };

static void run(int threads, int64_t rows, int64_t count, void (*block)(void *, int64_t, int64_t), void *data)
{
    int64_t grain = count > 0 ? BLOCK / count : rows;
    if (count > 0) fx__parallel(threads, rows, grain > 0 ? grain : 1, block, data);
}

#define T float
#define EXP fx__exp_f32
#define NAME(part) f32_##part
#include "softmax_rows.h"
#undef T
#undef EXP
#undef NAME

#define T double
#define EXP fx__exp_f64
#define NAME(part) f64_##part
#include "softmax_rows.h"
#undef T
#undef EXP
#undef NAME

#define KINDS(t)                                                                                             \
    {                                                                                                        \
        [FX__SOFTMAX] = t##_softmax, [FX__SOFTMAX_OR_ZERO] = t##_softmax_or_zero,                            \
        [FX__LOG_SOFTMAX] = t##_log_softmax, [FX__LOGSUMEXP] = t##_logsumexp,                                \
        [FX__SOFTMAX_GRAD] = t##_softmax_grad, [FX__SOFTMAX_CENTER] = t##_softmax_center,                    \
        [FX__LOG_SOFTMAX_GRAD] = t##_log_softmax_grad,                                                       \
    }

extern const fx_softmax_kernels FX_KERNEL_TABLE(softmax);
const fx_softmax_kernels FX_KERNEL_TABLE(softmax) = {
    .f32 = KINDS(f32),
    .f64 = KINDS(f64),
    .entropy_f32 = f32_entropy,
    .entropy_f64 = f64_entropy,
    .entropy_grad_f32 = f32_entropy_grad,
    .entropy_grad_f64 = f64_entropy_grad,
};
