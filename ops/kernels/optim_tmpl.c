/* The updates of optim/ for one instruction set: optim_loops.h for float and for double.
 */
#include "optim.h"

#include <math.h>

#define REAL float
#define NAME(rule) rule##_f32
#define ROOT sqrtf
#include "optim_loops.h"
#undef REAL
#undef NAME
#undef ROOT

#define REAL double
#define NAME(rule) rule##_f64
#define ROOT sqrt
#include "optim_loops.h"

extern const fx_optim_kernels FX_KERNEL_TABLE(optim);
const fx_optim_kernels FX_KERNEL_TABLE(optim) = {
#define FX__RULE(name) .name##_f32 = name##_f32, .name##_f64 = name##_f64,
    FX_UPDATE_RULES(FX__RULE) FX__RULE(sum_squares) FX__RULE(sum_abs) FX__RULE(sum_powers) FX__RULE(max_abs)
        FX__RULE(scale) FX__RULE(clamp)
#undef FX__RULE
};
