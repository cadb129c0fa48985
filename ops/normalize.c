/* layer_norm, rms_norm, group_norm, instance_norm, batch_norm: one op (standardize.h), seen in different
 * ways.
 *
 * Batch and instance norms in training move their running statistics, which are buffers and no part of the
 * graph, by what the op found: the mean, and the unbiased variance.
 */
#include "standardize.h"

#include "lanes.h"

#include <float.h>
#include <math.h>

enum { MEAN, SCALE, SPREAD }; /* rows of the statistics */

/* ---- checks ----------------------------------------------------------------------------------------------
 */

/* An optional tensor of a layer: of `count` numbers (ndim 1), or of x's last sizes (ndim more), in x's dtype.
 */
static bool parameter_fits(fx_tensor **p, const fx_tensor *x, int ndim, const int64_t *size, const char *op,
                           const char *name, fx_where where)
{
    if (!*p) return true;
    bool fits = (*p)->ndim == ndim;
    for (int d = 0; fits && d < ndim; d++) fits = (*p)->size[d] == size[d];
    if (!fits) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: %s is %s, where x is %s and wants %s", op, name,
                     fx__shape_text(*p), fx__shape_text(x), fx__dims_text(x->cx, ndim, size));
        return false;
    }
    *p = fx__as(*p, (fx_dtype)x->dtype, where);
    return *p != NULL;
}

/* An earlier failure may be what an optional tensor is NULL for. */
static bool may_run(const fx_tensor *x, const char *op, fx_where where)
{
    return x && fx_error(x->cx) == FX_OK && fx__is_floating(x, op, where);
}

/* A row of the statistics in sizes and in the dtype of a function's results. */
static fx_tensor *row_of(fx_tensor *statistics, int row, const fx_tensor *x, int ndim, const int64_t *size,
                         fx_where where)
{
    fx_tensor *y = fx__as(fx__select(statistics, 0, row, where), (fx_dtype)x->dtype, where);
    return y ? fx__reshape(y, ndim, size, where) : NULL;
}

/* ---- over the last dimensions ----------------------------------------------------------------------------
 */

/* Where the normalised dimensions begin; -1 after an error. */
static int first_of(const fx_tensor *x, fx_dims shape, const char *op, fx_where where)
{
    int first = x->ndim - shape.count;
    bool fits = shape.count > 0 && first >= 0;
    for (int d = 0; fits && d < shape.count; d++) fits = x->size[first + d] == shape.at[d];
    if (fits) return first;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: x %s does not end in the sizes %s", op, fx__shape_text(x),
                 fx__dims_text(x->cx, shape.count, shape.at));
    return -1;
}

static fx_tensor *over_last(const char *op, fx_tensor *x, fx_dims shape, fx_tensor *weight, fx_tensor *bias,
                            double eps, bool centred, fx_tensor **statistics, fx_where where)
{
    if (!may_run(x, op, where)) return NULL;
    const int first = first_of(x, shape, op, where);
    if (first < 0 || !parameter_fits(&weight, x, shape.count, shape.at, op, "weight", where) ||
        !parameter_fits(&bias, x, shape.count, shape.at, op, "bias", where))
        return NULL;
    const int64_t count = fx__product(x->size, first, x->ndim);
    const fx__standard s = { .outer = 1,
                             .units = fx__product(x->size, 0, first),
                             .inner = count,
                             .groups = 1,
                             .depth = count,
                             .eps = eps,
                             .centred = centred };
    return fx__standardize(x, weight, bias, NULL, NULL, s, statistics, where);
}

fx_tensor *fx_layer_norm_at(fx_layer_norm_args a, fx_where where)
{
    return over_last("layer_norm", a.x, a.normalized_shape, a.weight, a.bias, a.eps, true, NULL, where);
}

fx_tensor *fx_native_layer_norm_at(fx_native_layer_norm_args a, fx_where where)
{
    fx_tensor *statistics = NULL, *mean, *rstd;
    fx_tensor *y = over_last("native_layer_norm", a.x, a.normalized_shape, a.weight, a.bias, a.eps, true,
                             &statistics, where);
    if (!y) return NULL;
    int64_t size[FX_MAX_DIMS];
    for (int d = 0; d < a.x->ndim; d++) size[d] = d < a.x->ndim - a.normalized_shape.count ? a.x->size[d] : 1;
    if (!(mean = row_of(statistics, MEAN, a.x, a.x->ndim, size, where)) ||
        !(rstd = row_of(statistics, SCALE, a.x, a.x->ndim, size, where)))
        return NULL;
    if (a.mean) *a.mean = mean;
    if (a.rstd) *a.rstd = rstd;
    return y;
}

fx_tensor *fx_rms_norm_at(fx_rms_norm_args a, fx_where where)
{
    const double least = a.x && a.x->dtype == FX_F64 ? DBL_EPSILON : FLT_EPSILON;
    return over_last("rms_norm", a.x, a.normalized_shape, a.weight, NULL, a.eps < 0 ? least : a.eps, false,
                     NULL, where);
}

/* ---- over groups of channels -----------------------------------------------------------------------------
 */

/* x must be (N, C, ...), with at least `least` dimensions. */
static bool has_channels(const fx_tensor *x, int least, const char *op, fx_where where)
{
    if (x->ndim >= least) return true;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: x is (N, C%s), not %s", op,
                 least > 2 ? ", L ..." : ", ...", fx__shape_text(x));
    return false;
}

fx_tensor *fx_group_norm_at(fx_group_norm_args a, fx_where where)
{
    fx_tensor *x = a.x;
    if (!may_run(x, "group_norm", where) || !has_channels(x, 2, "group_norm", where)) return NULL;
    const int64_t channels = x->size[1];
    if (a.num_groups < 1 || channels % a.num_groups)
        return FX__REFUSE(x, ERROR_ARGUMENT, where,
                          "group_norm: %lld groups do not divide the channels of %s", (long long)a.num_groups,
                          fx__shape_text(x));
    if (!parameter_fits(&a.weight, x, 1, &channels, "group_norm", "weight", where) ||
        !parameter_fits(&a.bias, x, 1, &channels, "group_norm", "bias", where))
        return NULL;
    const fx__standard s = { .outer = 1,
                             .units = x->size[0] * a.num_groups,
                             .inner = channels / a.num_groups * fx__product(x->size, 2, x->ndim),
                             .groups = a.num_groups,
                             .depth = channels / a.num_groups,
                             .eps = a.eps,
                             .centred = true };
    return fx__standardize(x, a.weight, a.bias, NULL, NULL, s, NULL, where);
}

/* ---- running statistics ----------------------------------------------------------------------------------
 */

/* running = (1 - momentum) running + momentum new, the new being a row of the statistics, a mean over the
 * instances where there are several for a channel. */
static bool move_running(fx_tensor *running, fx_tensor *statistics, int row, double scale, double momentum,
                         const char *op, fx_where where)
{
    if (!running || momentum == 0) return true;
    fx_tensor *moved = NULL;
    FX_NO_GRAD (running->cx) {
        const int64_t channels = running->numel, instances = channels ? statistics->size[1] / channels : 0;
        fx_tensor *now = fx__reshape(fx__select(statistics, 0, row, where), 2,
                                     (const int64_t[]){ instances, channels }, where);
        now = fx_mean_at((fx_mean_args){ .x = now, .dims = FX_DIMS(0) }, where);
        now = fx_mul_at(fx_operand_tensor(now), fx_operand_number(scale * momentum), where);
        fx_tensor *before = fx_mul_at(fx_operand_tensor(fx__as(running, FX_F64, where)),
                                      fx_operand_number(1 - momentum), where);
        moved = fx_add_at(fx_operand_tensor(before), fx_operand_tensor(now), where);
        moved = moved ? fx__assign(running, fx__as(moved, (fx_dtype)running->dtype, where), op, where) : NULL;
    }
    return moved != NULL;
}

/* A norm whose statistics may be running ones. instances: units for each channel. */
typedef struct channel_norm {
    const char *op;
    fx_tensor *x, *running_mean, *running_var, *weight, *bias;
    bool training;
    double momentum, eps;
    fx__standard s;
} channel_norm;

static bool channel_norm_fits(channel_norm *n, fx_where where)
{
    const int64_t channels = n->s.groups;
    fx_tensor *x = n->x, *mean = n->running_mean,
              *variance = n->running_var; /* those stay of their own dtype */
    const struct {
        fx_tensor **p;
        const char *name;
    } all[] = { { &n->weight, "weight" },
                { &n->bias, "bias" },
                { &mean, "running_mean" },
                { &variance, "running_var" } };
    for (int i = 0; i < 4; i++)
        if (!parameter_fits(all[i].p, x, 1, &channels, n->op, all[i].name, where)) return false;
    if (!n->training && (!mean || !variance))
        return FX__REFUSE(x, ERROR_ARGUMENT, where,
                          "%s: without training, running_mean and running_var are needed", n->op) != NULL;
    if (n->training && x->numel && n->s.outer * n->s.inner == 1)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "%s: one number a channel has no spread to train with: x is %s", n->op,
                          fx__shape_text(x)) != NULL;
    return true;
}

static fx_tensor *channel_normed(channel_norm n, fx_tensor **statistics, fx_where where)
{
    fx_tensor *found = NULL, *mean = NULL, *variance = NULL;
    if (!channel_norm_fits(&n, where)) return NULL;
    if (!n.training) {
        mean = fx__as(n.running_mean, (fx_dtype)n.x->dtype, where);
        variance = fx__as(n.running_var, (fx_dtype)n.x->dtype, where);
        if (!mean || !variance) return NULL;
    }
    fx_tensor *y = fx__standardize(n.x, n.weight, n.bias, mean, variance, n.s, &found, where);
    const double count = (double)(n.s.outer * n.s.inner);
    if (!y) return NULL;
    if (n.training && n.x->numel &&
        (!move_running(n.running_mean, found, MEAN, 1, n.momentum, n.op, where) ||
         !move_running(n.running_var, found, SPREAD, count / (count - 1), n.momentum, n.op, where)))
        return NULL;
    if (statistics) *statistics = found;
    return y;
}

/* A batch norm's view of x. An empty x may lack its dimension of channels. */
static fx__standard by_channel(const fx_tensor *x, double eps)
{
    const int64_t channels = x->ndim > 1 ? x->size[1] : 0;
    return (fx__standard){ .outer = x->size[0],
                           .units = channels,
                           .inner = fx__product(x->size, 2, x->ndim),
                           .groups = channels,
                           .depth = 1,
                           .eps = eps,
                           .centred = true };
}

fx_tensor *fx_batch_norm_at(fx_batch_norm_args a, fx_where where)
{
    if (!may_run(a.x, "batch_norm", where) || !has_channels(a.x, a.x->numel ? 2 : 1, "batch_norm", where))
        return NULL;
    return channel_normed((channel_norm){ "batch_norm", a.x, a.running_mean, a.running_var, a.weight, a.bias,
                                          a.training, a.momentum, a.eps, by_channel(a.x, a.eps) },
                          NULL, where);
}

fx_tensor *fx_native_batch_norm_at(fx_native_batch_norm_args a, fx_where where)
{
    static const char *const op = "native_batch_norm";
    fx_tensor *statistics = NULL, *mean, *rstd;
    if (!may_run(a.x, op, where) || !has_channels(a.x, 2, op, where)) return NULL;
    fx_tensor *y = channel_normed((channel_norm){ op, a.x, a.running_mean, a.running_var, a.weight, a.bias,
                                                  a.training, a.momentum, a.eps, by_channel(a.x, a.eps) },
                                  &statistics, where);
    if (!y) return NULL;
    if (!a.training) statistics = fx__slice(statistics, 1, 0, 0, 1, where);
    if (!statistics || !(mean = row_of(statistics, MEAN, a.x, 1, &statistics->size[1], where)) ||
        !(rstd = row_of(statistics, SCALE, a.x, 1, &statistics->size[1], where)))
        return NULL;
    if (a.mean) *a.mean = mean;
    if (a.rstd) *a.rstd = rstd;
    return y;
}

fx_tensor *fx_instance_norm_at(fx_instance_norm_args a, fx_where where)
{
    fx_tensor *x = a.x;
    if (!may_run(x, "instance_norm", where) || !has_channels(x, 3, "instance_norm", where)) return NULL;
    const fx__standard s = { .outer = 1,
                             .units = x->size[0] * x->size[1],
                             .inner = fx__product(x->size, 2, x->ndim),
                             .groups = x->size[1],
                             .depth = 1,
                             .eps = a.eps,
                             .centred = true };
    return channel_normed((channel_norm){ "instance_norm", x, a.running_mean, a.running_var, a.weight, a.bias,
                                          a.use_input_stats, a.momentum, a.eps, s },
                          NULL, where);
}

/* ---- normalize -------------------------------------------------------------------------------------------
 */

fx_tensor *fx_normalize_at(fx_normalize_args a, fx_where where)
{
    fx__axes axes = { 0 };
    if (!a.x || !fx__is_floating(a.x, "normalize", where) ||
        !fx__mask_of(a.x, a.dims, "normalize", where, &axes))
        return NULL;
    /* of one number nothing is left but its sign, and x over its own magnitude would leave roundings in the
     * gradient */
    if (fx__lanes_of(a.x, axes.mask, true).count == 1 && a.eps > 0)
        return fx_clamp_at(fx_div_at(fx_operand_tensor(a.x), fx_operand_number(a.eps), where),
                           fx_operand_number(-1), fx_operand_number(1), where);
    fx_tensor *norm =
        fx_norm_at((fx_norm_args){ .x = a.x, .dims = a.dims, .keepdim = true, .p = a.p }, where);
    norm = fx_clamp_min_at(fx_operand_tensor(norm), fx_operand_number(a.eps), where);
    return fx_div_at(fx_operand_tensor(a.x), fx_operand_tensor(norm), where);
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

static const fx_field layer_norm_fields[] = { FX__FIELD(fx_layer_norm_args, x, TENSOR, .torch = "input"),
                                              FX__FIELD(fx_layer_norm_args, normalized_shape, DIMS),
                                              FX__FIELD(fx_layer_norm_args, weight, TENSOR, .optional = true),
                                              FX__FIELD(fx_layer_norm_args, bias, TENSOR, .optional = true),
                                              FX__FIELD(fx_layer_norm_args, eps, REAL, .optional = true),
                                              FX__FIELDS_END };
static const fx_layer_norm_args layer_norm_defaults = { .eps = 1e-5 };

#define LAYER_NORM_SAMPLES                                                                                   \
    "x=(4,6) normalized_shape=6 weight=(6) bias=(6)\n"                                                       \
    "x=(2,3,4) normalized_shape=[3,4] weight=(3,4) bias=(3,4) eps=0.5\n"                                     \
    "x=(2,3,5) normalized_shape=5\n"                                                                         \
    "x=(3,5) normalized_shape=5 weight=(5)\n"                                                                \
    "x=(3,5) normalized_shape=5 bias=(5)\n"                                                                  \
    "x=(7) normalized_shape=7 weight=(7) bias=(7)\n"                                                         \
    "x=(2,2) normalized_shape=2 weight=(2) bias=(2)\n"                                                       \
    "x=(3,1) normalized_shape=1 weight=(1) bias=(1)\n"                                                       \
    "x=(2,4){2,2,2,2,1,2,3,5} normalized_shape=4\n"                                                          \
    "x=~(2,20)f32@range:100000:100001 normalized_shape=20 weight=(20)f32\n"                                  \
    "x=(2,37) normalized_shape=37 weight=(37) bias=(37)\n"                                                   \
    "x=(2,4){1,nan,2,3,1,2,3,4} normalized_shape=4\n"                                                        \
    "x=(0,3) normalized_shape=3 weight=(3) bias=(3)\n"                                                       \
    "x=(2,0) normalized_shape=0\n"                                                                           \
    "! x=() normalized_shape=1\n"                                                                            \
    "! x=(2,3) normalized_shape=2\n"                                                                         \
    "! x=(2,3) normalized_shape=[2,2,3]\n"                                                                   \
    "! x=(2,3) normalized_shape=3 weight=(2)\n"                                                              \
    "! x=(2,3) normalized_shape=3 bias=(1,3)\n"                                                              \
    "! x=(2,3)i64 normalized_shape=3\n"

FX__CALL(layer_norm, fx_layer_norm_args)
const fx_function fx__function_layer_norm = {
    .name = "layer_norm",
    .torch = "nn.functional.layer_norm",
    .formula = "y = (x - mean) / sqrt(variance + eps) weight + bias, over the last dimensions",
    .gradient = "gx = r (h - mean of h - x' mean of h x'), h = g weight, x' = r (x - mean), r = 1 / "
                "sqrt(variance + eps)",
    .notes = "the variance is the biased one; a constant row gives the bias",
    .fields = layer_norm_fields,
    .args_size = sizeof(fx_layer_norm_args),
    .defaults = &layer_norm_defaults,
    .call = layer_norm_call,
    .samples = LAYER_NORM_SAMPLES,
    .bench = "x=(1024,1024) normalized_shape=1024 weight=(1024) bias=(1024)\n"
};

#define STATISTICS_CALL(function)                                                                            \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        fx_##function##_args a = *(const fx_##function##_args *)args;                                        \
        a.mean = &out[1];                                                                                    \
        a.rstd = &out[2];                                                                                    \
        out[0] = fx_##function##_at(a, where);                                                               \
        return out[0] ? 3 : 0;                                                                               \
    }

static const fx_field native_layer_norm_fields[] = {
    FX__FIELD(fx_native_layer_norm_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_native_layer_norm_args, normalized_shape, DIMS),
    FX__FIELD(fx_native_layer_norm_args, weight, TENSOR, .optional = true),
    FX__FIELD(fx_native_layer_norm_args, bias, TENSOR, .optional = true),
    FX__FIELD(fx_native_layer_norm_args, eps, REAL, .optional = true),
    FX__FIELDS_END
};
static const fx_native_layer_norm_args native_layer_norm_defaults = { .eps = 1e-5 };

STATISTICS_CALL(native_layer_norm)
const fx_function fx__function_native_layer_norm = {
    .name = "native_layer_norm",
    .torch = "native_layer_norm",
    .formula = "layer_norm of x, the means, and 1 / sqrt(variance + eps)",
    .gradient = "that of layer_norm; mean and rstd have none",
    .fields = native_layer_norm_fields,
    .args_size = sizeof(fx_native_layer_norm_args),
    .defaults = &native_layer_norm_defaults,
    .call = native_layer_norm_call,
    .samples = LAYER_NORM_SAMPLES
};

static const fx_field rms_norm_fields[] = { FX__FIELD(fx_rms_norm_args, x, TENSOR, .torch = "input"),
                                            FX__FIELD(fx_rms_norm_args, normalized_shape, DIMS),
                                            FX__FIELD(fx_rms_norm_args, weight, TENSOR, .optional = true),
                                            FX__FIELD(fx_rms_norm_args, eps, REAL, .optional = true),
                                            FX__FIELDS_END };
static const fx_rms_norm_args rms_norm_defaults = { .eps = -1 };

FX__CALL(rms_norm, fx_rms_norm_args)
const fx_function fx__function_rms_norm = {
    .name = "rms_norm",
    .torch = "nn.functional.rms_norm",
    .formula = "y = x / sqrt(mean of x^2 + eps) weight, over the last dimensions",
    .gradient = "gx = r (h - x' mean of h x'), h = g weight, x' = r x, r = 1 / sqrt(mean of x^2 + eps)",
    .notes = "eps is the dtype's epsilon unless given; 0 where a row is 0",
    .fields = rms_norm_fields,
    .args_size = sizeof(fx_rms_norm_args),
    .defaults = &rms_norm_defaults,
    .call = rms_norm_call,
    .samples = "x=(4,6) normalized_shape=6 weight=(6)\n"
               "x=(2,3,4) normalized_shape=[3,4] weight=(3,4) eps=0.5\n"
               "x=(2,3,5) normalized_shape=5\n"
               "x=(7) normalized_shape=7 weight=(7) eps=0.00001\n"
               "x=(2,2) normalized_shape=2 weight=(2)\n"
               "x=(3,1) normalized_shape=1 weight=(1) eps=0.01\n"
               "x=(2,37) normalized_shape=37 weight=(37)\n"
               "x=(2,3){0,0,0,1,2,3} normalized_shape=3 eps=0.25\n"
               "x=(0,3) normalized_shape=3 weight=(3)\n"
               "! x=() normalized_shape=1\n"
               "! x=(2,3) normalized_shape=2\n"
               "! x=(2,3) normalized_shape=3 weight=(2)\n"
               "! x=(2,3)i64 normalized_shape=3\n",
    .bench = "x=(1024,1024) normalized_shape=1024 weight=(1024)\n"
};

static const fx_field group_norm_fields[] = { FX__FIELD(fx_group_norm_args, x, TENSOR, .torch = "input"),
                                              FX__FIELD(fx_group_norm_args, num_groups, INT),
                                              FX__FIELD(fx_group_norm_args, weight, TENSOR, .optional = true),
                                              FX__FIELD(fx_group_norm_args, bias, TENSOR, .optional = true),
                                              FX__FIELD(fx_group_norm_args, eps, REAL, .optional = true),
                                              FX__FIELDS_END };
static const fx_group_norm_args group_norm_defaults = { .eps = 1e-5 };

FX__CALL(group_norm, fx_group_norm_args)
const fx_function fx__function_group_norm = {
    .name = "group_norm",
    .torch = "nn.functional.group_norm",
    .formula =
        "y = (x - mean) / sqrt(variance + eps) weight[c] + bias[c], over groups of channels of each x[n]",
    .gradient = "as layer_norm's, group by group; those of weight and bias are summed over n and places",
    .fields = group_norm_fields,
    .args_size = sizeof(fx_group_norm_args),
    .defaults = &group_norm_defaults,
    .call = group_norm_call,
    .samples = "x=(2,6,3) num_groups=2 weight=(6) bias=(6)\n"
               "x=(2,6,2,2) num_groups=3 weight=(6) bias=(6) eps=0.5\n"
               "x=(2,4,5) num_groups=1\n"
               "x=(2,4,5) num_groups=4 weight=(4)\n"
               "x=(3,4) num_groups=2 bias=(4)\n"
               "x=(3,8) num_groups=2 weight=(8) bias=(8)\n"
               "x=(2,3) num_groups=3\n"
               "x=(1,2,33) num_groups=2 weight=(2) bias=(2)\n"
               "x=(0,4,3) num_groups=2 weight=(4) bias=(4)\n"
               "! x=() num_groups=1\n"
               "! x=(3) num_groups=1\n"
               "! x=(2,4) num_groups=3\n"
               "! x=(2,4) num_groups=0\n"
               "! x=(2,4) num_groups=2 weight=(3)\n"
               "! x=(2,4)i64 num_groups=2\n",
    .bench = "x=(16,64,32,32) num_groups=8 weight=(64) bias=(64)\n"
};

#define CHANNEL_FIELDS(function, first, second, third, fourth, training, trains)                             \
    static const fx_field function##_fields[] = {                                                            \
        FX__FIELD(fx_##function##_args, x, TENSOR, .torch = "input"),                                        \
        FX__FIELD(fx_##function##_args, first, TENSOR, .optional = true),                                    \
        FX__FIELD(fx_##function##_args, second, TENSOR, .optional = true),                                   \
        FX__FIELD(fx_##function##_args, third, TENSOR, .optional = true),                                    \
        FX__FIELD(fx_##function##_args, fourth, TENSOR, .optional = true),                                   \
        FX__FIELD(fx_##function##_args, training, BOOL, .optional = true),                                   \
        FX__FIELD(fx_##function##_args, momentum, REAL, .optional = true),                                   \
        FX__FIELD(fx_##function##_args, eps, REAL, .optional = true),                                        \
        FX__FIELDS_END                                                                                       \
    };                                                                                                       \
    static const fx_##function##_args function##_defaults = { .training = trains,                            \
                                                              .momentum = 0.1,                               \
                                                              .eps = 1e-5 };
CHANNEL_FIELDS(batch_norm, running_mean, running_var, weight, bias, training, false)
CHANNEL_FIELDS(native_batch_norm, weight, bias, running_mean, running_var, training, false)
CHANNEL_FIELDS(instance_norm, running_mean, running_var, weight, bias, use_input_stats, true)

/* A momentum of 0 leaves the running statistics as they are. */
#define BATCH_NORM_SAMPLES                                                                                   \
    "x=(4,3,5) weight=(3) bias=(3) training=true\n"                                                          \
    "x=(2,3,2,2) running_mean=~(3) running_var=~(3)@pos weight=(3) bias=(3) training=true momentum=0\n"      \
    "x=(5,4) weight=(4) bias=(4) training=true eps=0.5\n"                                                    \
    "x=(5,4) training=true\n"                                                                                \
    "x=(2,1) training=true weight=(1) eps=0.25\n"                                                            \
    "x=(1,2,3) training=true bias=(2)\n"                                                                     \
    "x=(2,2,17) training=true weight=(2)\n"                                                                  \
    "x=(3,2){0,1,0,3,0,7} training=true eps=0.5\n"                                                           \
    "x=(4,3,5) running_mean=~(3) running_var=~(3)@pos weight=(3) bias=(3)\n"                                 \
    "x=(4,3) running_mean=~(3) running_var=~(3)@pos\n"                                                       \
    "x=(4,3) running_mean=~(3) running_var=~(3)@pos weight=(3) eps=0.5\n"                                    \
    "x=(1,3) running_mean=~(3) running_var=~(3)@pos bias=(3)\n"                                              \
    "x=(0,3) running_mean=~(3) running_var=~(3)@pos weight=(3) bias=(3)\n"                                   \
    "x=(0,3) weight=(3) bias=(3) training=true\n"                                                            \
    "! x=() training=true\n"                                                                                 \
    "! x=(3) training=true\n"                                                                                \
    "! x=(1,3) training=true\n"                                                                              \
    "! x=(4,3)\n"                                                                                            \
    "! x=(4,3) training=true weight=(4)\n"                                                                   \
    "! x=(4,3) running_mean=(3) running_var=(2)\n"                                                           \
    "! x=(4,3)i64 training=true\n"

FX__CALL(batch_norm, fx_batch_norm_args)
const fx_function fx__function_batch_norm = {
    .name = "batch_norm",
    .torch = "nn.functional.batch_norm",
    .formula = "y = (x - mean[c]) / sqrt(variance[c] + eps) weight[c] + bias[c]",
    .gradient =
        "training: gx = r w (g - mean of g - x' mean of g x'), means over the channel; otherwise gx = r w g",
    .notes = "training uses the batch's mean and biased variance, and moves the running ones by momentum; "
             "the running "
             "statistics have no gradient",
    .fields = batch_norm_fields,
    .args_size = sizeof(fx_batch_norm_args),
    .defaults = &batch_norm_defaults,
    .call = batch_norm_call,
    .samples = BATCH_NORM_SAMPLES,
    .bench = "x=(16,64,32,32) weight=(64) bias=(64) training=true\n"
};

STATISTICS_CALL(native_batch_norm)
const fx_function fx__function_native_batch_norm = {
    .name = "native_batch_norm",
    .torch = "native_batch_norm",
    .formula =
        "batch_norm of x, the means, and 1 / sqrt(variance + eps): of the batch, or nothing without training",
    .gradient = "that of batch_norm; mean and rstd have none",
    .fields = native_batch_norm_fields,
    .args_size = sizeof(fx_native_batch_norm_args),
    .defaults = &native_batch_norm_defaults,
    .call = native_batch_norm_call,
    .samples = BATCH_NORM_SAMPLES
};

FX__CALL(instance_norm, fx_instance_norm_args)
const fx_function fx__function_instance_norm = {
    .name = "instance_norm",
    .torch = "nn.functional.instance_norm",
    .formula = "y = (x - mean[n, c]) / sqrt(variance[n, c] + eps) weight[c] + bias[c]",
    .gradient = "as batch_norm's, channel by channel of each x[n]",
    .notes = "the running statistics are moved by the means over n of those of the instances",
    .fields = instance_norm_fields,
    .args_size = sizeof(fx_instance_norm_args),
    .defaults = &instance_norm_defaults,
    .call = instance_norm_call,
    .samples = "x=(2,3,4)\n"
               "x=(2,3,4) weight=(3) bias=(3) eps=0.5\n"
               "x=(2,2,2,3) running_mean=~(2) running_var=~(2)@pos weight=(2) momentum=0\n"
               "x=(2,2,3) running_mean=~(2) running_var=~(2)@pos weight=(2) bias=(2) use_input_stats=false\n"
               "x=(1,2,19) bias=(2)\n"
               "x=(0,2,3)\n"
               "! x=()\n"
               "! x=(2,3)\n"
               "! x=(2,3,1)\n"
               "! x=(2,3,4) use_input_stats=false\n"
               "! x=(2,3,4) weight=(2)\n"
               "! x=(2,3,4)i64\n",
    .bench = "x=(16,64,32,32) weight=(64) bias=(64)\n"
};

static const fx_field normalize_fields[] = {
    FX__FIELD(fx_normalize_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_normalize_args, p, REAL, .optional = true),
    FX__FIELD(fx_normalize_args, dims, DIMS, .torch = "dim", .optional = true),
    FX__FIELD(fx_normalize_args, eps, REAL, .optional = true), FX__FIELDS_END
};
static const fx_normalize_args normalize_defaults = { .p = 2, .dims = { true, 1, { 1 } }, .eps = 1e-12 };

FX__CALL(normalize, fx_normalize_args)
const fx_function fx__function_normalize = {
    .name = "normalize",
    .torch = "nn.functional.normalize",
    .formula = "y = x / max(norm of x over dims, eps)",
    .gradient = "gx = (g - y' sum of g y) / norm, y' the norm's gradient; g / eps below",
    .notes = "at 0 the gradient is g / eps",
    .fields = normalize_fields,
    .args_size = sizeof(fx_normalize_args),
    .defaults = &normalize_defaults,
    .call = normalize_call,
    .samples = "x=(3,4)\n"
               "x=(2,3,4)\n"
               "x=(3,4) p=1\n"
               "x=(3,4) p=3 dims=0\n"
               "x=(2,3,2) dims=[0,2]\n"
               "x=(2,3){0,0,0,1,2,3} eps=0.5\n"
               "x=(5) dims=0\n"
               "x=() dims=0\n"
               "x=(0,3)\n"
               "! x=(3)\n"
               "! x=(2,3)i64\n",
    .bench = "x=(1024,1024)\n"
};
