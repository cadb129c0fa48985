/* Sorting, and what comes of it. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_ORDER_H
#define FLUXION_PUBLIC_ORDER_H

#include "reduction.h"
#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* x in ascending order along dim, the last one if none is named, and into *indices, if given, where each
 * number was, int64. Always stable. NaN is larger than any number, -0 equals 0. argsort: where they were
 * alone; msort: along dimension 0. */
typedef struct fx_sort_args {
    fx_tensor *x;
    int64_t dim; /* -1 */
    bool descending, stable;
    fx_tensor **indices;
} fx_sort_args;
typedef fx_sort_args fx_argsort_args;
#define fx_sort(...) fx_sort_at(FX_LITERAL(fx_sort_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_argsort(...) fx_argsort_at(FX_LITERAL(fx_argsort_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_msort(x) fx_msort_at(x, FX_HERE)
FX_API fx_tensor *fx_sort_at(fx_sort_args args, fx_where where);
FX_API fx_tensor *fx_argsort_at(fx_argsort_args args, fx_where where);
FX_API fx_tensor *fx_msort_at(fx_tensor *x, fx_where where);

/* The k largest along dim, in descending order, or the k smallest in ascending; and the k-th, counted from 1,
 * in ascending order. Of ties the first come first. FX_ERROR_INDEX if there are not so many. */
typedef struct fx_topk_args {
    fx_tensor *x;
    int64_t k, dim; /* dim: -1 */
    bool smallest;
    fx_tensor **indices;
} fx_topk_args;
typedef struct fx_kthvalue_args {
    fx_tensor *x;
    int64_t k, dim; /* dim: -1 */
    bool keepdim;
    fx_tensor **indices;
} fx_kthvalue_args;
#define fx_topk(x_, ...) fx_topk_at(FX_LITERAL(fx_topk_args){ .dim = -1, .x = x_, .k = __VA_ARGS__ }, FX_HERE)
#define fx_kthvalue(x_, ...)                                                                                 \
    fx_kthvalue_at(FX_LITERAL(fx_kthvalue_args){ .dim = -1, .x = x_, .k = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_topk_at(fx_topk_args args, fx_where where);
FX_API fx_tensor *fx_kthvalue_at(fx_kthvalue_args args, fx_where where);

/* fx_median(x): the lower median of all numbers, the gradient being shared evenly among those equal to it;
 * fx_median(x, .dims = FX_DIMS(1), .indices = &where): along a dimension, to whose index the gradient goes.
 * NaN if there is one, or nothing at all; nanmedian: of what is not NaN. */
FX__REDUCTION(median, fx_tensor **indices;)
#define fx_median(...) fx_median_at(FX_LITERAL(fx_median_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_nanmedian(...) fx_nanmedian_at(FX_LITERAL(fx_median_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_nanmedian_at(fx_median_args args, fx_where where);

/* What stands most often along dim, the least of several such; its index is the last place where it stands.
 */
typedef struct fx_mode_args {
    fx_tensor *x;
    int64_t dim; /* -1 */
    bool keepdim;
    fx_tensor **indices;
} fx_mode_args;
#define fx_mode(...) fx_mode_at(FX_LITERAL(fx_mode_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_mode_at(fx_mode_args args, fx_where where);

/* What lies at the rank q (n - 1) of n numbers in order, along dim or of all; between two numbers by
 * interpolation. q, in [0, 1], is a number or a tensor of one dimension, which becomes the first of the
 * result. nanquantile passes NaN by. */
typedef struct fx_quantile_args {
    fx_tensor *x;
    fx_operand q;
    int64_t dim; /* FX_ALL_DIMS */
    bool keepdim;
    int interpolation; /* 0 linear, 1 lower, 2 higher, 3 midpoint, 4 nearest */
} fx_quantile_args;
#define fx_quantile(x_, q_, ...)                                                                             \
    fx_quantile_at(FX_LITERAL(fx_quantile_args){ .x = x_, .q = FX_OPERAND(q_), .dim = __VA_ARGS__ }, FX_HERE)
#define fx_nanquantile(x_, q_, ...)                                                                          \
    fx_nanquantile_at(FX_LITERAL(fx_quantile_args){ .x = x_, .q = FX_OPERAND(q_), .dim = __VA_ARGS__ },      \
                      FX_HERE)
FX_API fx_tensor *fx_quantile_at(fx_quantile_args args, fx_where where);
FX_API fx_tensor *fx_nanquantile_at(fx_quantile_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
