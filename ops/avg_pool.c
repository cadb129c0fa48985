/* Average pools, fixed and adaptive; power-average pools; local response normalisation, which averages over
 * channels.
 */
#include "lanes.h"
#include "resample.h"

/* ---- averages --------------------------------------------------------------------------------------------
 */

static bool average_window(const char *op, int ndim, const fx_avg_pool_args *a, fx__pool_window *w,
                           fx_where where)
{
    return fx__has_space(a->x, ndim, op, where) &&
           fx__pool_window_of(a->x, op, ndim,
                              (fx__option){ "kernel_size", a->kernel_size, a->kernel_sizes, 1 },
                              (fx__option){ "stride", a->stride, a->strides, 1 },
                              (fx__option){ "padding", a->padding, a->paddings, 0 },
                              (fx__option){ "dilation", 1, { 0 }, 1 }, a->ceil_mode, w, where);
}

/* divisor: of each window, or 0. */
static fx_tensor *averaged(fx_tensor *x, int ndim, const fx__pool_window *w, bool counts_padding,
                           double divisor, fx_where where)
{
    fx__resampling r = { .first = x->ndim - ndim, .ndim = ndim };
    for (int d = 0; d < ndim; d++)
        r.dim[d] = (fx__scale){ .rule = FX__RULE_WINDOW,
                                .counts_padding = counts_padding,
                                .in = w->in[d],
                                .out = w->out[d],
                                .kernel = w->kernel[d],
                                .stride = w->stride[d],
                                .before = w->padding[d],
                                .divisor = divisor == 0 ? 0
                                           : d == 0     ? divisor
                                                        : 1 };
    return fx__resample(x, &r, where);
}

static fx_tensor *avg_pool(const char *op, int ndim, fx_avg_pool_args a, fx_where where)
{
    fx__pool_window w;
    if (!average_window(op, ndim, &a, &w, where)) return NULL;
    return averaged(a.x, ndim, &w, a.count_include_pad, (double)a.divisor_override, where);
}

fx_tensor *fx_avg_pool1d_at(fx_avg_pool_args args, fx_where where)
{
    return avg_pool("avg_pool1d", 1, args, where);
}
fx_tensor *fx_avg_pool2d_at(fx_avg_pool_args args, fx_where where)
{
    return avg_pool("avg_pool2d", 2, args, where);
}
fx_tensor *fx_avg_pool3d_at(fx_avg_pool_args args, fx_where where)
{
    return avg_pool("avg_pool3d", 3, args, where);
}

static fx_tensor *adaptive_avg_pool(const char *op, int ndim, fx_adaptive_avg_pool_args a, fx_where where)
{
    int64_t in[FX__SPACE], out[FX__SPACE];
    if (!fx__has_space(a.x, ndim, op, where) ||
        !fx__adaptive_sizes(a.x, op, ndim, a.output_size, a.output_sizes, in, out, where))
        return NULL;
    fx__resampling r = { .first = a.x->ndim - ndim, .ndim = ndim };
    for (int d = 0; d < ndim; d++)
        r.dim[d] = (fx__scale){ .rule = FX__RULE_ADAPTIVE, .in = in[d], .out = out[d] };
    return fx__resample(a.x, &r, where);
}

fx_tensor *fx_adaptive_avg_pool1d_at(fx_adaptive_avg_pool_args args, fx_where where)
{
    return adaptive_avg_pool("adaptive_avg_pool1d", 1, args, where);
}

fx_tensor *fx_adaptive_avg_pool2d_at(fx_adaptive_avg_pool_args args, fx_where where)
{
    return adaptive_avg_pool("adaptive_avg_pool2d", 2, args, where);
}

fx_tensor *fx_adaptive_avg_pool3d_at(fx_adaptive_avg_pool_args args, fx_where where)
{
    return adaptive_avg_pool("adaptive_avg_pool3d", 3, args, where);
}

/* ---- power averages --------------------------------------------------------------------------------------
 */

static fx_tensor *lp_pool(const char *op, int ndim, fx_lp_pool_args a, fx_where where)
{
    fx__pool_window w;
    const fx_avg_pool_args windows = { .x = a.x,
                                       .kernel_size = a.kernel_size,
                                       .stride = a.stride,
                                       .kernel_sizes = a.kernel_sizes,
                                       .strides = a.strides,
                                       .ceil_mode = a.ceil_mode };
    if (!average_window(op, ndim, &windows, &w, where)) return NULL;
    if (a.norm_type == 0) return FX__REFUSE(a.x, ERROR_ARGUMENT, where, "%s: norm_type may not be 0", op);
    fx_tensor *powers = fx_pow_at(fx_operand_tensor(a.x), fx_operand_number(a.norm_type), where);
    fx_tensor *sum = powers ? averaged(powers, ndim, &w, false, 1, where) : NULL;
    return fx_pow_at(fx_operand_tensor(sum), fx_operand_number(1 / a.norm_type), where);
}

fx_tensor *fx_lp_pool1d_at(fx_lp_pool_args args, fx_where where)
{
    return lp_pool("lp_pool1d", 1, args, where);
}
fx_tensor *fx_lp_pool2d_at(fx_lp_pool_args args, fx_where where)
{
    return lp_pool("lp_pool2d", 2, args, where);
}
fx_tensor *fx_lp_pool3d_at(fx_lp_pool_args args, fx_where where)
{
    return lp_pool("lp_pool3d", 3, args, where);
}

/* ---- local response --------------------------------------------------------------------------------------
 */

fx_tensor *fx_local_response_norm_at(fx_local_response_norm_args a, fx_where where)
{
    static const char *const op = "local_response_norm";
    fx_tensor *x = a.x;
    if (!x || !fx__is_floating(x, op, where)) return NULL;
    if (x->ndim < 3)
        return FX__REFUSE(x, ERROR_SHAPE, where, "%s: x is (N, C, L ...), not %s", op, fx__shape_text(x));
    if (a.size < 1)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: a size of %lld is none", op, (long long)a.size);
    const fx__resampling r = { .first = 1,
                               .ndim = 1,
                               .dim = { { .rule = FX__RULE_WINDOW,
                                          .in = x->size[1],
                                          .out = x->size[1],
                                          .kernel = a.size,
                                          .stride = 1,
                                          .before = a.size / 2,
                                          .divisor = (double)a.size } } };
    fx_tensor *squares = fx__resample(fx_square_at(x, where), &r, where);
    fx_tensor *base = fx_mul_at(fx_operand_tensor(squares), fx_operand_number(a.alpha), where);
    base = fx_add_at(fx_operand_tensor(base), fx_operand_number(a.k), where);
    fx_tensor *scale = fx_pow_at(fx_operand_tensor(base), fx_operand_number(a.beta), where);
    return fx_div_at(fx_operand_tensor(x), fx_operand_tensor(scale), where);
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

#define POOL_FIELDS                                                                                          \
    FX__FIELD(fx_avg_pool_args, x, TENSOR, .torch = "input"),                                                \
        FX__FIELD(fx_avg_pool_args, kernel_sizes, DIMS, .torch = "kernel_size"),                             \
        FX__FIELD(fx_avg_pool_args, strides, DIMS, .torch = "stride", .optional = true),                     \
        FX__FIELD(fx_avg_pool_args, paddings, DIMS, .torch = "padding", .optional = true),                   \
        FX__FIELD(fx_avg_pool_args, ceil_mode, BOOL, .optional = true),                                      \
        FX__FIELD(fx_avg_pool_args, count_include_pad, BOOL, .optional = true),                              \
        FX__FIELD(fx_avg_pool_args, divisor_override, INT, .optional = true), FX__FIELDS_END
static const fx_field avg_pool_fields[] = { POOL_FIELDS };
static const fx_avg_pool_args avg_pool_defaults = { .count_include_pad = true };

#define AVG_POOL(function, samples_, bench_)                                                                 \
    FX__CALL(function, fx_avg_pool_args)                                                                     \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = "nn.functional." #function,                                                                 \
        .formula = "y[n, c, q] = the mean over t of x[n, c, q stride + t - padding]",                        \
        .gradient = "each g is spread evenly over its window",                                               \
        .notes = "zeros outside x count, unless count_include_pad = false; divisor_override divides "        \
                 "instead of how many",                                                                      \
        .fields = avg_pool_fields,                                                                           \
        .args_size = sizeof(fx_avg_pool_args),                                                               \
        .defaults = &avg_pool_defaults,                                                                      \
        .call = function##_call,                                                                             \
        .samples = samples_,                                                                                 \
        .bench = bench_                                                                                      \
    };

AVG_POOL(avg_pool1d,
         "x=(2,3,7) kernel_sizes=3\n"
         "x=(3,7) kernel_sizes=3 strides=2 paddings=1\n"
         "x=(1,2,9) kernel_sizes=4 strides=3 paddings=2 ceil_mode=true\n"
         "x=(1,2,9) kernel_sizes=4 strides=3 paddings=2 ceil_mode=true count_include_pad=false\n"
         "x=(1,2,5) kernel_sizes=2 strides=1 divisor_override=-3\n"
         "x=(0,2,5) kernel_sizes=2\n"
         "! x=() kernel_sizes=1\n"
         "! x=(3) kernel_sizes=1\n"
         "! x=(1,2,4) kernel_sizes=5\n"
         "! x=(1,2,4) kernel_sizes=2 paddings=2\n"
         "! x=(1,2,4) kernel_sizes=0\n"
         "! x=(1,2,4)i64 kernel_sizes=2\n",
         "x=(16,64,1024) kernel_sizes=2\n")
AVG_POOL(avg_pool2d,
         "x=(2,2,4,5) kernel_sizes=2\n"
         "x=(2,5,6) kernel_sizes=[3,2] strides=[2,1] paddings=1 count_include_pad=false\n"
         "x=(1,2,6,5) kernel_sizes=3 strides=2 ceil_mode=true paddings=[1,0]\n"
         "x=(1,1,4,4) kernel_sizes=2 divisor_override=3\n"
         "x=(0,2,4,4) kernel_sizes=2\n"
         "! x=() kernel_sizes=1\n"
         "! x=(1,2,4,4) kernel_sizes=[2,2,2]\n",
         "x=(16,64,32,32) kernel_sizes=2\n")
AVG_POOL(avg_pool3d,
         "x=(1,2,3,4,4) kernel_sizes=2\n"
         "x=(2,4,3,5) kernel_sizes=[2,3,2] strides=[1,2,2] paddings=[1,1,0] ceil_mode=true\n"
         "x=(0,1,2,2,2) kernel_sizes=2\n"
         "! x=() kernel_sizes=1\n",
         "x=(4,16,16,32,32) kernel_sizes=2\n")

static const fx_field adaptive_fields[] = {
    FX__FIELD(fx_adaptive_avg_pool_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_adaptive_avg_pool_args, output_sizes, DIMS, .torch = "output_size"), FX__FIELDS_END
};

#define ADAPTIVE_AVG_POOL(function, samples_, bench_)                                                        \
    FX__CALL(function, fx_adaptive_avg_pool_args)                                                            \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = "nn.functional." #function,                                                                 \
        .formula = "y[q] = the mean of x[floor(q in / out)] ... x[ceil((q + 1) in / out) - 1]",              \
        .gradient = "each g is spread evenly over its window",                                               \
        .notes = "a size of -1 keeps x's",                                                                   \
        .fields = adaptive_fields,                                                                           \
        .args_size = sizeof(fx_adaptive_avg_pool_args),                                                      \
        .call = function##_call,                                                                             \
        .samples = samples_,                                                                                 \
        .bench = bench_                                                                                      \
    };

ADAPTIVE_AVG_POOL(adaptive_avg_pool1d,
                  "x=(2,3,7) output_sizes=3\n"
                  "x=(3,4) output_sizes=6\n"
                  "x=(2,3,5) output_sizes=1\n"
                  "x=(0,3,4) output_sizes=2\n"
                  "! x=() output_sizes=1\n"
                  "! x=(2,3,0) output_sizes=2\n"
                  "! x=(2,3,4) output_sizes=-2\n"
                  "! x=(2,3,4)i64 output_sizes=2\n",
                  "x=(16,64,1024) output_sizes=100\n")
ADAPTIVE_AVG_POOL(adaptive_avg_pool2d,
                  "x=(2,2,5,4) output_sizes=[3,2]\n"
                  "x=(2,4,4) output_sizes=[-1,3]\n"
                  "x=(2,2,3,35) output_sizes=1\n"
                  "x=(0,2,4,4) output_sizes=2\n"
                  "! x=() output_sizes=1\n",
                  "x=(16,64,32,32) output_sizes=7\n")
ADAPTIVE_AVG_POOL(adaptive_avg_pool3d,
                  "x=(1,2,3,4,3) output_sizes=[2,3,2]\n"
                  "x=(2,2,4,3) output_sizes=[2,-1,1]\n"
                  "x=(0,2,2,2,2) output_sizes=2\n"
                  "! x=() output_sizes=1\n",
                  "x=(4,16,16,32,32) output_sizes=7\n")

static const fx_field lp_pool_fields[] = {
    FX__FIELD(fx_lp_pool_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_lp_pool_args, norm_type, REAL),
    FX__FIELD(fx_lp_pool_args, kernel_sizes, DIMS, .torch = "kernel_size"),
    FX__FIELD(fx_lp_pool_args, strides, DIMS, .torch = "stride", .optional = true),
    FX__FIELD(fx_lp_pool_args, ceil_mode, BOOL, .optional = true),
    FX__FIELDS_END
};

#define LP_POOL(function, samples_, bench_)                                                                  \
    FX__CALL(function, fx_lp_pool_args)                                                                      \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = "nn.functional." #function,                                                                 \
        .formula = "y[n, c, q] = (sum over t of x[n, c, q stride + t]^p)^(1 / p)",                           \
        .gradient = "gx = g (x / y)^(p - 1)",                                                                \
        .notes = "NaN where a sum is negative and p is no odd number; infinite slopes at 0",                 \
        .fields = lp_pool_fields,                                                                            \
        .args_size = sizeof(fx_lp_pool_args),                                                                \
        .call = function##_call,                                                                             \
        .samples = samples_,                                                                                 \
        .bench = bench_                                                                                      \
    };
LP_POOL(lp_pool1d,
        "x=(2,3,7) norm_type=2 kernel_sizes=3\n"
        "x=(3,7)@pos norm_type=3 kernel_sizes=3 strides=2 ceil_mode=true\n"
        "x=(1,2,5)@pos norm_type=1.5 kernel_sizes=2 strides=1\n"
        "x=(0,2,5) norm_type=2 kernel_sizes=2\n"
        "! x=() norm_type=2 kernel_sizes=1\n"
        "! x=(1,2,5) norm_type=0 kernel_sizes=1\n",
        "x=(16,64,1024) norm_type=2 kernel_sizes=2\n")
LP_POOL(lp_pool2d,
        "x=(2,2,4,5) norm_type=2 kernel_sizes=2\n"
        "x=(2,5,4)@pos norm_type=3 kernel_sizes=[3,2] strides=[1,2] ceil_mode=true\n"
        "x=(0,2,4,4) norm_type=2 kernel_sizes=2\n"
        "! x=() norm_type=2 kernel_sizes=1\n",
        "x=(16,64,32,32) norm_type=2 kernel_sizes=2\n")
LP_POOL(lp_pool3d,
        "x=(1,2,3,4,2) norm_type=2 kernel_sizes=2\n"
        "x=(0,2,4,4,4) norm_type=2 kernel_sizes=2\n"
        "! x=() norm_type=2 kernel_sizes=1\n",
        "x=(4,16,16,32,32) norm_type=2 kernel_sizes=2\n")

static const fx_field local_response_norm_fields[] = {
    FX__FIELD(fx_local_response_norm_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_local_response_norm_args, size, INT),
    FX__FIELD(fx_local_response_norm_args, alpha, REAL, .optional = true),
    FX__FIELD(fx_local_response_norm_args, beta, REAL, .optional = true),
    FX__FIELD(fx_local_response_norm_args, k, REAL, .optional = true),
    FX__FIELDS_END
};
static const fx_local_response_norm_args local_response_norm_defaults = { .alpha = 1e-4,
                                                                          .beta = 0.75,
                                                                          .k = 1 };

FX__CALL(local_response_norm, fx_local_response_norm_args)
const fx_function fx__function_local_response_norm = {
    .name = "local_response_norm",
    .torch = "nn.functional.local_response_norm",
    .formula = "y[n, c] = x[n, c] / (k + alpha / size sum of x[n, c']^2)^beta, c' from c - size / 2 to c + "
               "(size - 1) / 2",
    .gradient = "by the chain rule of the formula",
    .notes = "channels outside x are zeros",
    .fields = local_response_norm_fields,
    .args_size = sizeof(fx_local_response_norm_args),
    .defaults = &local_response_norm_defaults,
    .call = local_response_norm_call,
    .samples = "x=(2,5,3) size=3\n"
               "x=(2,4,2,2) size=2 alpha=0.5\n"
               "x=(1,3,2) size=5 alpha=0.7 beta=0.5 k=1.25\n"
               "x=(1,1,2) size=1 alpha=0.1\n"
               "x=(0,3,2) size=2\n"
               "! x=() size=1\n"
               "! x=(2,3) size=1\n"
               "! x=(2,3,4) size=0\n"
               "! x=(2,3,4)i64 size=2\n",
    .bench = "x=(16,64,32,32) size=5\n"
};
