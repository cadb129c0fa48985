/* Folds, compiled per instruction set (reduce.h). The lanes and trees are written out so that the compiler's
 * vectors change nothing: every instruction set gives the same bits.
 */
#include "reduce.h"

#include "parallel.h"

#include <math.h>

/* Functions that call themselves: unrolled into each other they would be ten times as long. */
#define FOLD_APART __attribute__((noinline))

enum { FOLD_LANES = 16, FOLD_LEAF = 256, FOLD_ROWS = 16 };

/* (|x| / c)^power; where x is as large as c, infinite or zero, that is 1. */
static double power_term(double x, double c, double power)
{
    double a = fabs(x);
    return a == c ? 1 : pow(a / c, power);
}

#define IS_NAN(a) ((a) != (a))
#define T float
#define NAME(fold) f32_##fold
#include "center_body.h"
#include "extreme_body.h"
#include "reduce_float.h"
#undef T
#undef NAME

#define T double
#define NAME(fold) f64_##fold
#include "center_body.h"
#include "extreme_body.h"
#include "reduce_float.h"
#undef T
#undef NAME

#undef IS_NAN
#define IS_NAN(a) false
#define T int64_t
#define NAME(fold) i64_##fold
#include "extreme_body.h"
#include "reduce_int.h"
#undef T
#undef NAME

#define T int32_t
#define NAME(fold) i32_##fold
#include "extreme_body.h"
#include "reduce_int.h"
#undef T
#undef NAME

#define T uint8_t
#define NAME(fold) u8_##fold
#include "extreme_body.h"
#include "reduce_int.h"
#undef T
#undef NAME

extern const fx_reduce_kernels FX_KERNEL_TABLE(reduce);
const fx_reduce_kernels FX_KERNEL_TABLE(reduce) = {
    .fold = {
        [FX__FOLD_SUM] = { u8_sum, i32_sum, i64_sum, f32_sum, f64_sum },
        [FX__FOLD_NANSUM] = { u8_sum, i32_sum, i64_sum, f32_nansum, f64_nansum },
        [FX__FOLD_ABS_SUM] = { NULL, NULL, NULL, f32_abs_sum, f64_abs_sum },
        [FX__FOLD_SQUARE_SUM] = { NULL, NULL, NULL, f32_square_sum, f64_square_sum },
        [FX__FOLD_DEVIATION] = { NULL, NULL, NULL, f32_deviation, f64_deviation },
        [FX__FOLD_DIFFERENCE] = { NULL, NULL, NULL, f32_difference, f64_difference },
        [FX__FOLD_POWER_SUM] = { NULL, NULL, NULL, f32_power_sum, f64_power_sum },
        [FX__FOLD_PRODUCT] = { u8_product, i32_product, i64_product, f32_product, f64_product },
        [FX__FOLD_MAX] = { u8_max, i32_max, i64_max, f32_max, f64_max },
        [FX__FOLD_MIN] = { u8_min, i32_min, i64_min, f32_min, f64_min },
        [FX__FOLD_ABS_MAX] = { NULL, NULL, NULL, f32_abs_max, f64_abs_max },
        [FX__FOLD_ABS_MIN] = { NULL, NULL, NULL, f32_abs_min, f64_abs_min },
        [FX__FOLD_NONZERO] = { u8_nonzero, i32_nonzero, i64_nonzero, f32_nonzero, f64_nonzero },
    },
    .extreme = { u8_extreme, i32_extreme, i64_extreme, f32_extreme, f64_extreme },
    .center_f32 = f32_center,
    .center_f64 = f64_center,
    .difference_f32 = f32_difference_map,
    .difference_f64 = f64_difference_map,
};
