/* Sums, means, extremes, products, and running ones. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_REDUCTION_H
#define FLUXION_PUBLIC_REDUCTION_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reductions. dims names the dimensions to reduce over, negative ones counted from the end; left out (or
 * empty), all of them. keepdim leaves a 1 in the place of each. A 0-d tensor has a dimension 0 of one number.
 * dtype, where there is one, converts x first. A dimension out of range, or named twice, is an error.
 * Floating numbers are summed in double. */
#define FX__REDUCTION(function, ...)                                                                         \
    typedef struct fx_##function##_args {                                                                    \
        fx_tensor *x;                                                                                        \
        fx_dims dims;                                                                                        \
        bool keepdim;                                                                                        \
        __VA_ARGS__                                                                                          \
    } fx_##function##_args;                                                                                  \
    FX_API fx_tensor *fx_##function##_at(fx_##function##_args args, fx_where where);

/* fx_sum(x), fx_sum(x, .dims = FX_DIMS(0, 2), .keepdim = true): 0 where there is nothing to sum; integers
 * give int64. */
FX__REDUCTION(sum, fx_dtype dtype;)
#define fx_sum(...) fx_sum_at(FX_LITERAL(fx_sum_args){ .x = __VA_ARGS__ }, FX_HERE)
/* The sum over n; floating numbers only. NaN where there is nothing. */
FX__REDUCTION(mean, fx_dtype dtype;)
#define fx_mean(...) fx_mean_at(FX_LITERAL(fx_mean_args){ .x = __VA_ARGS__ }, FX_HERE)
/* The same of what is not NaN. */
FX__REDUCTION(nansum, fx_dtype dtype;)
#define fx_nansum(...) fx_nansum_at(FX_LITERAL(fx_nansum_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(nanmean, fx_dtype dtype;)
#define fx_nanmean(...) fx_nanmean_at(FX_LITERAL(fx_nanmean_args){ .x = __VA_ARGS__ }, FX_HERE)

/* How many are not 0, int64; whether one is, whether all are, bool. NaN is not 0. No gradients. */
typedef struct fx_count_nonzero_args {
    fx_tensor *x;
    fx_dims dims;
} fx_count_nonzero_args;
#define fx_count_nonzero(...)                                                                                \
    fx_count_nonzero_at(FX_LITERAL(fx_count_nonzero_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_count_nonzero_at(fx_count_nonzero_args args, fx_where where);
FX__REDUCTION(any, )
#define fx_any(...) fx_any_at(FX_LITERAL(fx_any_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(all, )
#define fx_all(...) fx_all_at(FX_LITERAL(fx_all_args){ .x = __VA_ARGS__ }, FX_HERE)

/* The largest and the least of x over dims, of any number dtype; NaN wins, and the gradient is shared evenly
 * among ties. An error where there is no number to choose from. */
FX__REDUCTION(amax, )
#define fx_amax(...) fx_amax_at(FX_LITERAL(fx_amax_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(amin, )
#define fx_amin(...) fx_amin_at(FX_LITERAL(fx_amin_args){ .x = __VA_ARGS__ }, FX_HERE)

/* fx_max(x): amax of all. fx_max(x, .dims = FX_DIMS(1), .indices = &where): the largest along one dimension
 * and its index there, int64, the first of ties (a NaN, if there is one), to which alone the gradient goes.
 * indices may be left out; it is not written after a failure. */
FX__REDUCTION(max, fx_tensor **indices;)
#define fx_max(...) fx_max_at(FX_LITERAL(fx_max_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(min, fx_tensor **indices;)
#define fx_min(...) fx_min_at(FX_LITERAL(fx_min_args){ .x = __VA_ARGS__ }, FX_HERE)

/* That index alone, along one dimension, or in row-major order of all if none is given. No gradient. */
FX__REDUCTION(argmax, )
#define fx_argmax(...) fx_argmax_at(FX_LITERAL(fx_argmax_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(argmin, )
#define fx_argmin(...) fx_argmin_at(FX_LITERAL(fx_argmin_args){ .x = __VA_ARGS__ }, FX_HERE)

/* The sum of the squares of what x differs from its mean by, over n - correction; and its root. NaN where
 * n - correction is not positive. The gradient of std at equal numbers is 0. */
FX__REDUCTION(var, double correction;)
#define fx_var(...) fx_var_at(FX_LITERAL(fx_var_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(std, double correction;)
#define fx_std(...) fx_std_at(FX_LITERAL(fx_std_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)
/* The same, and the mean: fx_var_mean(x, .mean = &m). */
FX__REDUCTION(var_mean, fx_tensor **mean; double correction;)
#define fx_var_mean(...)                                                                                     \
    fx_var_mean_at(FX_LITERAL(fx_var_mean_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(std_mean, fx_tensor **mean; double correction;)
#define fx_std_mean(...)                                                                                     \
    fx_std_mean_at(FX_LITERAL(fx_std_mean_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)

/* (sum of |x|^p)^(1/p): the norm of x as one vector, or of vectors along dims. p may be any number, 0 (how
 * many are not 0), INFINITY (the largest |x|) or -INFINITY (the least). Its gradient at 0 is 0. No number is
 * too large or too small to be squared. */
FX__REDUCTION(norm, double p; fx_dtype dtype;)
#define fx_norm(...) fx_norm_at(FX_LITERAL(fx_norm_args){ .p = 2, .x = __VA_ARGS__ }, FX_HERE)

/* The product along one dimension, or of all numbers if none is given; 1 where there is nothing. Integers
 * give int64. Exact through zeros, and so are its derivatives of every order. */
FX__REDUCTION(prod, fx_dtype dtype;)
#define fx_prod(...) fx_prod_at(FX_LITERAL(fx_prod_args){ .x = __VA_ARGS__ }, FX_HERE)

/* Running sums and products along dim: y_k is that of x_0 ... x_k. Integers give int64. */
typedef struct fx_cumsum_args {
    fx_tensor *x;
    int64_t dim;
    fx_dtype dtype;
} fx_cumsum_args;
#define fx_cumsum(x_, ...) fx_cumsum_at(FX_LITERAL(fx_cumsum_args){ .x = x_, .dim = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cumsum_at(fx_cumsum_args args, fx_where where);
typedef fx_cumsum_args fx_cumprod_args;
#define fx_cumprod(x_, ...) fx_cumprod_at(FX_LITERAL(fx_cumprod_args){ .x = x_, .dim = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cumprod_at(fx_cumprod_args args, fx_where where);
/* log(exp x_0 + ... + exp x_k); floating numbers only. */
typedef struct fx_logcumsumexp_args {
    fx_tensor *x;
    int64_t dim;
} fx_logcumsumexp_args;
#define fx_logcumsumexp(x_, dim_)                                                                            \
    fx_logcumsumexp_at(FX_LITERAL(fx_logcumsumexp_args){ .x = x_, .dim = dim_ }, FX_HERE)
FX_API fx_tensor *fx_logcumsumexp_at(fx_logcumsumexp_args args, fx_where where);
/* The largest, the least of x_0 ... x_k; indices, if given, receives their places along dim, int64, the last
 * of ties. */
typedef struct fx_cummax_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor **indices;
} fx_cummax_args;
#define fx_cummax(x_, ...) fx_cummax_at(FX_LITERAL(fx_cummax_args){ .x = x_, .dim = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cummax_at(fx_cummax_args args, fx_where where);
typedef fx_cummax_args fx_cummin_args;
#define fx_cummin(x_, ...) fx_cummin_at(FX_LITERAL(fx_cummin_args){ .x = x_, .dim = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cummin_at(fx_cummin_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
