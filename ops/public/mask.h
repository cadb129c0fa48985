/* Numbers picked, put and reduced by a mask. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_MASK_H
#define FLUXION_PUBLIC_MASK_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- masks --------------------------------------------------------------------------------------------- */

/* x with a value, a number or a 0-d tensor, where mask, of bool (or uint8), holds; x and mask broadcast. The
 * result has x's dtype. In place, the mask broadcasts to x. */
#define fx_masked_fill(x, mask, value) fx_masked_fill_at(x, mask, FX_OPERAND(value), FX_HERE)
#define fx_masked_fill_(x, mask, value) fx_masked_fill_in_place_at(x, mask, FX_OPERAND(value), FX_HERE)
FX_API fx_tensor *fx_masked_fill_at(fx_tensor *x, fx_tensor *mask, fx_operand value, fx_where where);
FX_API fx_tensor *fx_masked_fill_in_place_at(fx_tensor *x, fx_tensor *mask, fx_operand value, fx_where where);

/* The numbers of x where mask holds, row-major, in one dimension; x and mask broadcast. And x with source's
 * numbers, from its first on, row-major, where mask holds; source has as many at least. */
#define fx_masked_select(x, mask) fx_masked_select_at(x, mask, FX_HERE)
#define fx_masked_scatter(x, mask, source) fx_masked_scatter_at(x, mask, source, FX_HERE)
FX_API fx_tensor *fx_masked_select_at(fx_tensor *x, fx_tensor *mask, fx_where where);
FX_API fx_tensor *fx_masked_scatter_at(fx_tensor *x, fx_tensor *mask, fx_tensor *source, fx_where where);

/* Where the numbers of x are not 0: their coordinates, int64, (how many, dims of x), row-major. No gradient.
 */
#define fx_nonzero(x) fx_nonzero_at(x, FX_HERE)
FX_API fx_tensor *fx_nonzero_at(fx_tensor *x, fx_where where);

/* x in another dtype; x itself if it has it. Reals become integers by truncation; anything but 0 is true. The
 * gradient comes back in x's dtype. */
#define fx_to(x, dtype) fx_to_at(x, dtype, FX_HERE)
FX_API fx_tensor *fx_to_at(fx_tensor *x, fx_dtype dtype, fx_where where);

/* ---- masked -------------------------------------------------------------------------------------------- */

/* Reductions and scans of the numbers where mask, of bool, holds, which broadcasts to x; NULL: of all. Where
 * it holds for none, sum is 0, prod 1, amax -inf, amin inf, norm 0, logsumexp -inf, mean, var, std, median
 * NaN. */
typedef struct fx_masked_args {
    fx_tensor *x, *mask;
    fx_dims dims;
    bool keepdim;
    double ord;        /* norm: 2 */
    double correction; /* var, std: 1 */
} fx_masked_args;
#define FX__MASKED(...) (FX_LITERAL(fx_masked_args){ .ord = 2, .correction = 1, .x = __VA_ARGS__ })
#define fx_masked_sum(...) fx_masked_sum_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_prod(...) fx_masked_prod_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_mean(...) fx_masked_mean_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_amax(...) fx_masked_amax_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_amin(...) fx_masked_amin_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_var(...) fx_masked_var_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_std(...) fx_masked_std_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_norm(...) fx_masked_norm_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_logsumexp(...) fx_masked_logsumexp_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_median(...) fx_masked_median_at(FX__MASKED(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_masked_sum_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_prod_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_mean_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_amax_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_amin_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_var_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_std_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_norm_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_logsumexp_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_median_at(fx_masked_args args, fx_where where);

/* Along one dimension, in x's shape: where the mask does not hold softmax and softmin are 0, log_softmax is
 * -inf, and the scans go on with what was before. logaddexp has a mask for each. */
typedef struct fx_masked_scan_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *mask;
} fx_masked_scan_args;
#define FX__MASKED_SCAN(x_, ...) (FX_LITERAL(fx_masked_scan_args){ .x = x_, .dim = __VA_ARGS__ })
#define fx_masked_softmax(x, ...) fx_masked_softmax_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
#define fx_masked_softmin(x, ...) fx_masked_softmin_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
#define fx_masked_log_softmax(x, ...) fx_masked_log_softmax_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
#define fx_masked_cumsum(x, ...) fx_masked_cumsum_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
#define fx_masked_cumprod(x, ...) fx_masked_cumprod_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_masked_softmax_at(fx_masked_scan_args args, fx_where where);
FX_API fx_tensor *fx_masked_softmin_at(fx_masked_scan_args args, fx_where where);
FX_API fx_tensor *fx_masked_log_softmax_at(fx_masked_scan_args args, fx_where where);
FX_API fx_tensor *fx_masked_cumsum_at(fx_masked_scan_args args, fx_where where);
FX_API fx_tensor *fx_masked_cumprod_at(fx_masked_scan_args args, fx_where where);
typedef struct fx_masked_logaddexp_args {
    fx_tensor *x, *other, *input_mask, *other_mask;
} fx_masked_logaddexp_args;
#define fx_masked_logaddexp(...)                                                                             \
    fx_masked_logaddexp_at(FX_LITERAL(fx_masked_logaddexp_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_masked_logaddexp_at(fx_masked_logaddexp_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
