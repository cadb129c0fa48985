/* Spread about the mean: var, std, var_mean, std_mean.
 *
 * Two passes in double: the means, then the squares of what is left. The gradient is what is left, scaled: so
 * the op `center`, x less its mean, closes the family. It is its own adjoint.
 */
#include "quotient.h"

#include <math.h>

typedef struct moment_options {
    fx__axes axes;
    bool root;
    double correction;
} moment_options;

/* ---- center ----------------------------------------------------------------------------------------------
 */

static int64_t results_of(const fx_tensor *x, unsigned mask)
{
    fx__lanes l = fx__lanes_of(x, mask, true);
    return l.outer;
}

/* The mean of each lane; the caller frees it. */
static double *means_of(const fx_call *c, const fx_tensor *x, unsigned mask)
{
    fx__lanes l = fx__lanes_of(x, mask, true);
    double *means = fx__scratch(c->cx, sizeof(double) * (size_t)(l.outer + 1));
    if (!means ||
        fx__fold_over(c, FX__FOLD_SUM, x, mask, (fx__fold){ .wide = means, .divisor = (double)l.count }))
        return means;
    fx__scratch_free(c->cx, means);
    return NULL;
}

void fx__center_lanes(const fx_call *c, const fx_tensor *x, unsigned mask, const double *scale,
                      const double *shift, fx_tensor *y)
{
    fx__lanes l = fx__lanes_of(x, mask, false);
    void *scratch = NULL, *apart = NULL;
    if (y->numel == 0) return;
    fx__center s = { .outer = l.outer,
                     .count = l.count,
                     .inner = l.inner,
                     .y = y->data,
                     .scale = scale,
                     .shift = shift,
                     .threads = fx_threads(c->cx) };
    s.x = fx__lanes_data(c->cx, x, mask, &l, &scratch);
    if (s.x && l.apart)
        s.y = apart = fx__scratch(c->cx, fx_dtype_size((fx_dtype)x->dtype) * (size_t)x->numel);
    if (s.x && s.y) {
        const fx_reduce_kernels *k = fx__kernels()->reduce;
        (x->dtype == FX_F32 ? k->center_f32 : k->center_f64)(&s);
        if (apart) fx__lanes_back(y, mask, apart);
    }
    fx__scratch_free(c->cx, apart);
    fx__scratch_free(c->cx, scratch);
}

static void center_forward(const fx_call *c)
{
    unsigned mask = *(const uint8_t *)c->options;
    const fx_tensor *x = c->x[0];
    int64_t n = results_of(x, mask);
    double *means = means_of(c, x, mask), *ones = fx__scratch(c->cx, sizeof(double) * (size_t)(n + 1));
    for (int64_t i = 0; ones && i < n; i++) ones[i] = 1;
    if (means && ones) fx__center_lanes(c, x, mask, ones, means, c->y);
    fx__scratch_free(c->cx, ones);
    fx__scratch_free(c->cx, means);
}

static fx_tensor *center(fx_tensor *x, unsigned mask, fx_where where);
static void center_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = center(g, *(const uint8_t *)c->options, c->where);
}

static const fx_op center_op = { .name = "center",
                                 .formula = "y = x - mean of x",
                                 .inputs = 1,
                                 .options_size = sizeof(uint8_t),
                                 .shape = fx_shape_same,
                                 .forward = center_forward,
                                 .local_grad = center_local_grad };

static fx_tensor *center(fx_tensor *x, unsigned mask, fx_where where)
{
    uint8_t option = (uint8_t)mask;
    return FX__APPLY(&center_op, &option, where, x);
}

/* ---- var, std --------------------------------------------------------------------------------------------
 */

/* What the squares are divided by: n - correction, but not less than 0. */
static double freedom_of(const fx_tensor *x, const moment_options *o)
{
    double left = (double)fx__lanes_of(x, o->axes.mask, true).count - o->correction;
    return left > 0 ? left : 0;
}

static bool moment_shape(const fx_call *c, fx_spec *y)
{
    fx__reduced_shape(c->x[0], ((const moment_options *)c->options)->axes, y);
    return true;
}

/* 0 / 0, but infinity where something is left to divide. */
static void without_freedom(const fx_call *c, const fx_tensor *x, const double *means, unsigned mask)
{
    double *squares = fx__scratch(c->cx, sizeof(double) * (size_t)(c->y->numel + 1));
    bool good = squares &&
                fx__fold_over(c, FX__FOLD_DEVIATION, x, mask, (fx__fold){ .wide = squares, .param = means });
    for (int64_t i = 0; good && i < c->y->numel; i++)
        if (c->y->dtype == FX_F32)
            ((float *)(void *)c->y->data)[i] = (float)(squares[i] / 0.0);
        else
            ((double *)(void *)c->y->data)[i] = squares[i] / 0.0;
    fx__scratch_free(c->cx, squares);
}

static void moment_forward(const fx_call *c)
{
    const moment_options *o = c->options;
    const fx_tensor *x = c->x[0];
    double freedom = freedom_of(x, o), *means = means_of(c, x, o->axes.mask);
    if (!means) return;
    fx__fold f = { .y = c->y->data, .param = means, .divisor = freedom, .root = o->root };
    if (freedom > 0)
        fx__fold_over(c, FX__FOLD_DEVIATION, x, o->axes.mask, f);
    else
        without_freedom(c, x, means, o->axes.mask);
    fx__scratch_free(c->cx, means);
}

static void moment_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const moment_options *o = c->options;
    /* where there is nothing, nothing is divided */
    double scale = c->shapes[0]->numel ? (o->root ? 1 : 2) / freedom_of(c->shapes[0], o) : 1;
    fx_tensor *left = center(c->x[0], o->axes.mask, c->where);
    fx_tensor *each = fx_mul_at(fx_operand_tensor(g), fx_operand_number(scale), c->where);
    if (o->root) each = fx__quotient(each, c->y, c->where);
    fx_tensor *all = each ? fx__spread(each, c->shapes[0], o->axes.mask, c->where) : NULL;
    gx[0] = fx_mul_at(fx_operand_tensor(left), fx_operand_tensor(all), c->where);
}

static double number_at(const fx_tensor *x, int64_t i)
{
    return x->dtype == FX_F32 ? (double)((const float *)(const void *)x->data)[i]
                              : ((const double *)(const void *)x->data)[i];
}

static void moment_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const moment_options *o = c->options;
    fx_tensor *x = fx__contiguous_of(c->x[0]);
    gx[0] = fx__grad_new(c, 0);
    g = fx__contiguous_of(g);
    if (!x || !g || !gx[0] || x->numel == 0) return;
    double freedom = freedom_of(x, o), *means = means_of(c, x, o->axes.mask);
    double *scale = fx__scratch(c->cx, sizeof(double) * (size_t)(g->numel + 1));
    for (int64_t i = 0; scale && i < g->numel; i++) {
        double y = o->root ? number_at(c->y, i) : 0.5;
        scale[i] = y == 0 ? 0 : number_at(g, i) / (freedom * y);
    }
    if (means && scale) fx__center_lanes(c, x, o->axes.mask, scale, means, gx[0]);
    fx__scratch_free(c->cx, scale);
    fx__scratch_free(c->cx, means);
}

static const fx_op var_op = { .name = "var",
                              .formula = "y = sum of (x - mean)^2 / (n - correction)",
                              .inputs = 1,
                              .captures = FX_CAPTURE_X0,
                              .options_size = sizeof(moment_options),
                              .shape = moment_shape,
                              .forward = moment_forward,
                              .local_grad = moment_local_grad,
                              .local_grad_fused = moment_local_grad_fused };

static const fx_op std_op = { .name = "std",
                              .formula = "y = sqrt(sum of (x - mean)^2 / (n - correction))",
                              .inputs = 1,
                              .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y,
                              .options_size = sizeof(moment_options),
                              .shape = moment_shape,
                              .forward = moment_forward,
                              .local_grad = moment_local_grad,
                              .local_grad_fused = moment_local_grad_fused };

static fx_tensor *moment(const fx_op *op, const char *name, fx_var_args a, fx_where where)
{
    moment_options o = { .axes.keepdim = a.keepdim, .root = op == &std_op, .correction = a.correction };
    if (!a.x || !fx__is_floating(a.x, name, where) || !fx__mask_of(a.x, a.dims, name, where, &o.axes))
        return NULL;
    return FX__APPLY(op, &o, where, a.x);
}

fx_tensor *fx_var_at(fx_var_args args, fx_where where) { return moment(&var_op, "var", args, where); }

fx_tensor *fx_std_at(fx_std_args a, fx_where where)
{
    return moment(&std_op, "std", (fx_var_args){ a.x, a.dims, a.keepdim, a.correction }, where);
}

static fx_tensor *with_mean(const fx_op *op, const char *name, fx_var_args a, fx_tensor **mean,
                            fx_where where)
{
    fx_tensor *y = moment(op, name, a, where);
    fx_tensor *m =
        y ? fx_mean_at((fx_mean_args){ .x = a.x, .dims = a.dims, .keepdim = a.keepdim }, where) : NULL;
    if (!m) return NULL;
    if (mean) *mean = m;
    return y;
}

fx_tensor *fx_var_mean_at(fx_var_mean_args a, fx_where where)
{
    return with_mean(&var_op, "var_mean", (fx_var_args){ a.x, a.dims, a.keepdim, a.correction }, a.mean,
                     where);
}

fx_tensor *fx_std_mean_at(fx_std_mean_args a, fx_where where)
{
    return with_mean(&std_op, "std_mean", (fx_var_args){ a.x, a.dims, a.keepdim, a.correction }, a.mean,
                     where);
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

#define MOMENT_FIELDS(function)                                                                              \
    static const fx_field function##_fields[] = {                                                            \
        FX__FIELD(fx_##function##_args, x, TENSOR, .torch = "input"),                                        \
        FX__FIELD(fx_##function##_args, dims, DIMS, .torch = "dim", .optional = true),                       \
        FX__FIELD(fx_##function##_args, correction, REAL, .optional = true),                                 \
        FX__FIELD(fx_##function##_args, keepdim, BOOL, .optional = true), FX__FIELDS_END                     \
    };                                                                                                       \
    static const fx_##function##_args function##_defaults = { .correction = 1 };
MOMENT_FIELDS(var)
MOMENT_FIELDS(std)
MOMENT_FIELDS(var_mean)
MOMENT_FIELDS(std_mean)

#define MOMENT_SAMPLES                                                                                       \
    "x=() correction=0\nx=~()\nx=(7)\nx=(3,4) dims=0\nx=(3,4) dims=-1 keepdim=true\n"                        \
    "x=(2,3,4) dims=[0,2]\nx=(2,3,2,2) dims=[0,2,3] correction=0\nx=(5)@range:30:31\nx=(4){2,2,2,2}\n"       \
    "x=~(40)@range:100000:100001\nx=(2,3){3,3,3,1,2,4} dims=1\nx=(3,4) dims=1 correction=2\n"                \
    "x=(3){1,2,4} correction=0.5\nx=~(3){1,2,4} correction=4\nx=~(3){1,2,4} correction=3\n"                  \
    "x=(4){1,nan,2,3}\nx=~(3,1) dims=1\nx=~(0,3)\nx=~(0,3) dims=0\nx=(0,3) dims=1\nx=(40)\n"                 \
    "! x=(2,3)i64\n! x=(2,3) dims=2\n"

FX__CALL(var, fx_var_args)
const fx_function fx__function_var = {
    .name = "var",
    .torch = "var",
    .formula = "y = sum of (x - mean)^2 / max(0, n - correction) over dims",
    .gradient = "gx = 2 g (x - mean) / (n - correction)",
    .notes = "NaN where n - correction is not positive and all numbers are the same",
    .fields = var_fields,
    .args_size = sizeof(fx_var_args),
    .defaults = &var_defaults,
    .call = var_call,
    .samples = MOMENT_SAMPLES,
    .bench = "x=(1024,1024) dims=1\n"
};

FX__CALL(std, fx_std_args)
const fx_function fx__function_std = { .name = "std",
                                       .torch = "std",
                                       .formula =
                                           "y = sqrt(sum of (x - mean)^2 / max(0, n - correction)) over dims",
                                       .gradient = "gx = g (x - mean) / ((n - correction) y), 0 where y is 0",
                                       .notes = "the gradient at equal numbers is 0",
                                       .fields = std_fields,
                                       .args_size = sizeof(fx_std_args),
                                       .defaults = &std_defaults,
                                       .call = std_call,
                                       .samples = MOMENT_SAMPLES,
                                       .bench = "x=(1024,1024) dims=1\n" };

#define MEAN_CALL(function)                                                                                  \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        fx_##function##_args a = *(const fx_##function##_args *)args;                                        \
        a.mean = &out[1];                                                                                    \
        out[0] = fx_##function##_at(a, where);                                                               \
        return out[0] ? 2 : 0;                                                                               \
    }

MEAN_CALL(var_mean)
const fx_function fx__function_var_mean = { .name = "var_mean",
                                            .torch = "var_mean",
                                            .formula = "var of x, and mean of x, over dims",
                                            .gradient = "those of var and of mean",
                                            .fields = var_mean_fields,
                                            .args_size = sizeof(fx_var_mean_args),
                                            .defaults = &var_mean_defaults,
                                            .call = var_mean_call,
                                            .samples = MOMENT_SAMPLES };

MEAN_CALL(std_mean)
const fx_function fx__function_std_mean = { .name = "std_mean",
                                            .torch = "std_mean",
                                            .formula = "std of x, and mean of x, over dims",
                                            .gradient = "those of std and of mean",
                                            .fields = std_mean_fields,
                                            .args_size = sizeof(fx_std_mean_args),
                                            .defaults = &std_mean_defaults,
                                            .call = std_mean_call,
                                            .samples = MOMENT_SAMPLES };
