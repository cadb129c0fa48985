/* softmax, log_softmax, softmin, logsumexp.
 *
 * The kernels keep what a probability near 1 lacks to 1 (kernels/softmax.h). Gradients keep it too: they are
 * made of two ops that do not lose it,
 *
 *     softmax_center(p, g)          g - sum of g p
 *     log_softmax_gradient(x, g)    g - softmax(x) sum of g
 *
 * each of which is written in the other for its own gradient.
 */
#include "softmax.h"

#include "kernels/softmax.h"
#include "quotient.h"

#include <math.h>

typedef struct softmax_options {
    uint8_t mask;
    bool or_zero;
} softmax_options;

/* Runs a kernel over lanes: y as x, or one number a lane. */
static void run_lanes(const fx_call *c, fx__softmax_kind kind, const fx_tensor *x, const fx_tensor *g,
                      unsigned mask, fx_tensor *y)
{
    if (x->numel == 0) return;
    fx_context *cx = c->cx;
    fx__lanes l = fx__lanes_of(x, mask, true);
    void *x_scratch = NULL, *g_scratch = NULL, *y_scratch = NULL;
    fx__softmax s = { .rows = l.outer, .count = l.count, .y = y->data, .threads = fx_threads(cx) };
    bool good = (s.x = fx__lanes_data(cx, x, mask, &l, &x_scratch)) != NULL;
    if (good && g) good = (s.g = fx__lanes_data(cx, g, mask, &l, &g_scratch)) != NULL;
    bool back = l.apart && kind != FX__LOGSUMEXP;
    if (good && back)
        good =
            (s.y = y_scratch = fx__scratch(cx, fx_dtype_size((fx_dtype)y->dtype) * (size_t)y->numel)) != NULL;
    if (good) {
        const fx_softmax_kernels *k = fx__kernels()->softmax;
        (x->dtype == FX_F32 ? k->f32 : k->f64)[kind](&s);
        if (back) fx__lanes_back(y, mask, y_scratch);
    }
    fx__scratch_free(cx, y_scratch);
    fx__scratch_free(cx, g_scratch);
    fx__scratch_free(cx, x_scratch);
}

static unsigned mask_of(const fx_call *c) { return ((const softmax_options *)c->options)->mask; }

static fx_tensor *mul(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return fx_mul_at(fx_operand_tensor(a), fx_operand_tensor(b), where);
}

/* ---- g - sum of g p --------------------------------------------------------------------------------------
 */

static void center_forward(const fx_call *c)
{
    run_lanes(c, FX__SOFTMAX_CENTER, c->x[0], c->x[1], mask_of(c), c->y);
}

/* In p: -g sum of h. In g: h - p sum of h. */
static void center_local_grad(const fx_call *c, fx_tensor *h, fx_tensor *gx[])
{
    unsigned mask = mask_of(c);
    fx_where where = c->where;
    fx_tensor *sum =
        fx__spread(fx__sum_over(h, (fx__axes){ (uint8_t)mask, true }, where), c->shapes[0], mask, where);
    if (!sum) return;
    if (fx_call_needs(c, 0)) gx[0] = fx_neg_at(mul(c->x[1], sum, where), where);
    if (fx_call_needs(c, 1))
        gx[1] = fx_sub_at(fx_operand_tensor(h), fx_operand_tensor(mul(c->x[0], sum, where)), where);
}

static unsigned center_captured(const fx_call *c)
{
    return (fx_call_needs(c, 0) ? FX_CAPTURE_X1 : 0) | (fx_call_needs(c, 1) ? FX_CAPTURE_X0 : 0);
}

static const fx_op center_op = { .name = "softmax_center",
                                 .formula = "y = g - sum of g p, p summing to 1",
                                 .inputs = 2,
                                 .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
                                 .captured = center_captured,
                                 .options_size = sizeof(softmax_options),
                                 .shape = fx_shape_same,
                                 .forward = center_forward,
                                 .local_grad = center_local_grad };

static fx_tensor *center(fx_tensor *p, fx_tensor *g, unsigned mask, fx_where where)
{
    softmax_options o = { .mask = (uint8_t)mask };
    return FX__APPLY(&center_op, &o, where, p, g);
}

/* ---- softmax ---------------------------------------------------------------------------------------------
 */

static void softmax_forward(const fx_call *c)
{
    const softmax_options *o = c->options;
    run_lanes(c, o->or_zero ? FX__SOFTMAX_OR_ZERO : FX__SOFTMAX, c->x[0], NULL, o->mask, c->y);
}

static void softmax_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = mul(c->y, center(c->y, g, mask_of(c), c->where), c->where);
}

static void softmax_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = fx__grad_new(c, 0);
    g = fx__contiguous_of(g);
    if (g && gx[0]) run_lanes(c, FX__SOFTMAX_GRAD, c->y, g, mask_of(c), gx[0]);
}

static const fx_op softmax_op = { .name = "softmax",
                                  .formula = "y = exp x / sum of exp x",
                                  .inputs = 1,
                                  .captures = FX_CAPTURE_Y,
                                  .options_size = sizeof(softmax_options),
                                  .shape = fx_shape_same,
                                  .forward = softmax_forward,
                                  .local_grad = softmax_local_grad,
                                  .local_grad_fused = softmax_local_grad_fused };

fx_tensor *fx__softmax_over(fx_tensor *x, unsigned mask, bool or_zero, fx_where where)
{
    softmax_options o = { .mask = (uint8_t)mask, .or_zero = or_zero };
    return FX__APPLY(&softmax_op, &o, where, x);
}

/* ---- log_softmax -----------------------------------------------------------------------------------------
 */

static void log_gradient_forward(const fx_call *c)
{
    run_lanes(c, FX__LOG_SOFTMAX_GRAD, c->x[0], c->x[1], mask_of(c), c->y);
}

/* In x: -p (h - sum of h p) sum of g. In g: h - sum of h p. */
static void log_gradient_local_grad(const fx_call *c, fx_tensor *h, fx_tensor *gx[])
{
    unsigned mask = mask_of(c);
    fx_where where = c->where;
    fx_tensor *p = fx__softmax_over(c->x[0], mask, false, where), *centered = center(p, h, mask, where);
    if (!centered) return;
    if (fx_call_needs(c, 1)) gx[1] = centered;
    if (!fx_call_needs(c, 0)) return;
    fx_tensor *sum = fx__sum_over(c->x[1], (fx__axes){ (uint8_t)mask, true }, where);
    if (sum) gx[0] = fx_neg_at(mul(mul(p, centered, where), fx__spread(sum, p, mask, where), where), where);
}

static unsigned log_gradient_captured(const fx_call *c)
{
    return FX_CAPTURE_X0 | (fx_call_needs(c, 0) ? FX_CAPTURE_X1 : 0);
}

static const fx_op log_gradient_op = { .name = "log_softmax_gradient",
                                       .formula = "y = g - softmax(x) sum of g",
                                       .inputs = 2,
                                       .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
                                       .captured = log_gradient_captured,
                                       .options_size = sizeof(softmax_options),
                                       .shape = fx_shape_same,
                                       .forward = log_gradient_forward,
                                       .local_grad = log_gradient_local_grad };

fx_tensor *fx__log_softmax_gradient(fx_tensor *x, fx_tensor *g, unsigned mask, fx_where where)
{
    softmax_options o = { .mask = (uint8_t)mask };
    return FX__APPLY(&log_gradient_op, &o, where, x, g);
}

static void log_softmax_forward(const fx_call *c)
{
    run_lanes(c, FX__LOG_SOFTMAX, c->x[0], NULL, mask_of(c), c->y);
}

static void log_softmax_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = fx__log_softmax_gradient(c->x[0], g, mask_of(c), c->where);
}

static void log_softmax_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_tensor *x = fx__contiguous_of(c->x[0]);
    gx[0] = fx__grad_new(c, 0);
    g = fx__contiguous_of(g);
    if (x && g && gx[0]) run_lanes(c, FX__LOG_SOFTMAX_GRAD, x, g, mask_of(c), gx[0]);
}

static const fx_op log_softmax_op = { .name = "log_softmax",
                                      .formula = "y = x - log of the sum of exp x",
                                      .inputs = 1,
                                      .captures = FX_CAPTURE_X0,
                                      .options_size = sizeof(softmax_options),
                                      .shape = fx_shape_same,
                                      .forward = log_softmax_forward,
                                      .local_grad = log_softmax_local_grad,
                                      .local_grad_fused = log_softmax_local_grad_fused };

/* ---- logsumexp -------------------------------------------------------------------------------------------
 */

static bool logsumexp_shape(const fx_call *c, fx_spec *y)
{
    fx__reduced_shape(c->x[0], *(const fx__axes *)c->options, y);
    return true;
}

static void logsumexp_forward(const fx_call *c)
{
    if (c->x[0]->numel == 0) fx__space.fill(c->y, -HUGE_VAL);
    run_lanes(c, FX__LOGSUMEXP, c->x[0], NULL, ((const fx__axes *)c->options)->mask, c->y);
}

static void logsumexp_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    unsigned mask = ((const fx__axes *)c->options)->mask;
    fx_tensor *p = fx__softmax_over(c->x[0], mask, true, c->where);
    gx[0] = mul(p, fx__spread(g, c->shapes[0], mask, c->where), c->where);
}

static void logsumexp_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    unsigned mask = ((const fx__axes *)c->options)->mask;
    fx_tensor *x = fx__contiguous_of(c->x[0]);
    gx[0] = fx__grad_new(c, 0);
    g = fx__contiguous_of(g);
    if (!x || !g || !gx[0] || x->numel == 0) return;
    double *scale = fx__scratch(c->cx, sizeof(double) * (size_t)(g->numel + 1));
    if (!scale) return;
    for (int64_t i = 0; i < g->numel; i++)
        scale[i] = g->dtype == FX_F32 ? (double)((const float *)(const void *)g->data)[i]
                                      : ((const double *)(const void *)g->data)[i];
    run_lanes(c, FX__SOFTMAX_OR_ZERO, x, NULL, mask, gx[0]);
    fx__center_lanes(c, gx[0], mask, scale, NULL, gx[0]);
    fx__scratch_free(c->cx, scale);
}

static const fx_op logsumexp_op = { .name = "logsumexp",
                                    .formula = "y = log of the sum of exp x",
                                    .inputs = 1,
                                    .captures = FX_CAPTURE_X0,
                                    .options_size = sizeof(fx__axes),
                                    .shape = logsumexp_shape,
                                    .forward = logsumexp_forward,
                                    .local_grad = logsumexp_local_grad,
                                    .local_grad_fused = logsumexp_local_grad_fused };

/* ---- public functions ------------------------------------------------------------------------------------
 */

static fx_tensor *along(const fx_op *op, const char *name, fx_tensor *x, int64_t dim, fx_where where)
{
    softmax_options o = { 0 };
    fx__axes axes = { 0 };
    if (!x || !fx__is_floating(x, name, where) || !fx__mask_of_dim(x, dim, name, where, &axes)) return NULL;
    o.mask = axes.mask;
    return FX__APPLY(op, &o, where, x);
}

fx_tensor *fx_softmax_at(fx_softmax_args a, fx_where where)
{
    return along(&softmax_op, "softmax", fx__as(a.x, a.dtype, where), a.dim, where);
}

fx_tensor *fx_log_softmax_at(fx_log_softmax_args a, fx_where where)
{
    return along(&log_softmax_op, "log_softmax", fx__as(a.x, a.dtype, where), a.dim, where);
}

fx_tensor *fx_softmin_at(fx_softmin_args a, fx_where where)
{
    fx_tensor *x = fx__as(a.x, a.dtype, where);
    fx__axes axes = { 0 };
    if (!x || !fx__is_floating(x, "softmin", where) || !fx__mask_of_dim(x, a.dim, "softmin", where, &axes))
        return NULL;
    return along(&softmax_op, "softmin", fx_neg_at(x, where), a.dim, where);
}

fx_tensor *fx_logsumexp_at(fx_logsumexp_args a, fx_where where)
{
    fx__axes axes = { .keepdim = a.keepdim };
    if (!a.x || !fx__is_floating(a.x, "logsumexp", where) ||
        !fx__mask_of(a.x, a.dims, "logsumexp", where, &axes))
        return NULL;
    return FX__APPLY(&logsumexp_op, &axes, where, a.x);
}

#define SOFTMAX_FIELDS(function)                                                                             \
    static const fx_field function##_fields[] = {                                                            \
        FX__FIELD(fx_##function##_args, x, TENSOR, .torch = "input"),                                        \
        FX__FIELD(fx_##function##_args, dim, INT, .optional = true),                                         \
        FX__FIELD(fx_##function##_args, dtype, DTYPE, .optional = true), FX__FIELDS_END                      \
    };                                                                                                       \
    static const fx_##function##_args function##_defaults = { .dim = -1 };
SOFTMAX_FIELDS(softmax)
SOFTMAX_FIELDS(log_softmax)
SOFTMAX_FIELDS(softmin)

#define SOFTMAX_SAMPLES                                                                                      \
    "x=()\nx=() dim=0\nx=(5)\nx=(1)\nx=(3,4)\nx=(3,4) dim=0\nx=(2,3,4) dim=1\nx=(2,3,2) dim=-3\nx=(40)\n"    \
    "x=(3){1000,1000,999}\nx=(3){-1000,-1001,-999}\nx=(4){-inf,1,2,-inf}\nx=~(3){inf,1,2}\nx=~(2){-inf,-"    \
    "inf}\n"                                                                                                 \
    "x=~(3){1,nan,2}\nx=(3){0,3,-2}\nx=(30)@range:-8:0\nx=~(2,600)@range:-8:0\nx=(0,3)\nx=(3,0)\nx=(2,0) "   \
    "dim=0\nx=~(3)i64 "                                                                                      \
    "dtype=float32\n"                                                                                        \
    "! x=(3)i64\n! x=(2,3) dim=2\n! x=() dim=1\n"

FX__CALL(softmax, fx_softmax_args)
const fx_function fx__function_softmax = { .name = "softmax",
                                           .torch = "softmax,nn.functional.softmax",
                                           .formula = "y = exp x / sum of exp x along dim",
                                           .gradient = "gx = y (g - sum of g y)",
                                           .notes = "NaN in a row that is all -inf",
                                           .fields = softmax_fields,
                                           .args_size = sizeof(fx_softmax_args),
                                           .defaults = &softmax_defaults,
                                           .call = softmax_call,
                                           .samples = SOFTMAX_SAMPLES,
                                           .bench = "x=(1024,1024)\n" };

FX__CALL(log_softmax, fx_log_softmax_args)
const fx_function fx__function_log_softmax = { .name = "log_softmax",
                                               .torch = "log_softmax,nn.functional.log_softmax",
                                               .formula = "y = x - log of the sum of exp x along dim",
                                               .gradient = "gx = g - softmax(x) sum of g",
                                               .notes = "exact where a probability is nearly 1",
                                               .fields = log_softmax_fields,
                                               .args_size = sizeof(fx_log_softmax_args),
                                               .defaults = &log_softmax_defaults,
                                               .call = log_softmax_call,
                                               .samples = SOFTMAX_SAMPLES "x=~(3){30,0,1}\nx=~(3){60,0,1}\n",
                                               .bench = "x=(1024,1024)\n" };

FX__CALL(softmin, fx_softmin_args)
const fx_function fx__function_softmin = { .name = "softmin",
                                           .torch = "nn.functional.softmin",
                                           .formula = "y = exp(-x) / sum of exp(-x) along dim",
                                           .gradient = "gx = -y (g - sum of g y)",
                                           .fields = softmin_fields,
                                           .args_size = sizeof(fx_softmin_args),
                                           .defaults = &softmin_defaults,
                                           .call = softmin_call,
                                           .samples = "x=()\nx=(5)\nx=(3,4) dim=0\nx=(2,3,4) dim=1\nx=(0,3)\n"
                                                      "! x=(3)i64\n! x=(2,3) dim=2\n" };

FX__CALL(logsumexp, fx_logsumexp_args)
static const fx_field logsumexp_fields[] = {
    FX__FIELD(fx_logsumexp_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_logsumexp_args, dims, DIMS, .torch = "dim", .optional = true),
    FX__FIELD(fx_logsumexp_args, keepdim, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_logsumexp = {
    .name = "logsumexp",
    .torch = "logsumexp",
    .formula = "y = log of the sum of exp x over dims",
    .gradient = "gx = g exp x / sum of exp x; 0 where all are -inf",
    .notes = "-inf where dims are empty",
    .fields = logsumexp_fields,
    .args_size = sizeof(fx_logsumexp_args),
    .call = logsumexp_call,
    .samples = "x=()\nx=() dims=0 keepdim=true\nx=(5)\nx=(3,4) dims=0\nx=(3,4) dims=-1 "
               "keepdim=true\nx=(2,3,4) dims=[0,2]\n"
               "x=(2,3,2) dims=1\nx=(40)\nx=(2){1000,1000}\nx=(3){-1000,-1001,-999}\nx=(4){-inf,1,2,-inf}\n"
               "x=~(3){inf,1,2}\nx=(2){-inf,-inf}\nx=~(3){1,nan,2}\nx=(2){40,0}\nx=(0,3)\nx=(0,3) "
               "dims=0\nx=(0,3) dims=1\n"
               "! x=(3)i64\n! x=(2,3) dims=2\n",
    .bench = "x=(1024,1024) dims=1\n"
};
