/* Standardising: the op, its gradients, and their formula.
 *
 * The statistics are a second output, in double: the gradient reads them, and nothing that float32 would lose
 * is lost between. They have no gradient themselves; the formula below derives them from x again where it is
 * differentiated.
 */
#include "standardize.h"

#include "lanes.h"

#include "kernels/kernels.h"
#include "kernels/normal.h"

#include <math.h>

typedef struct standard_options {
    fx__standard s;
    bool given;
} standard_options;

enum { MEAN, SCALE, SPREAD, STATISTICS };

/* ---- inputs: x, and as many of weight, bias, mean, variance as there are ---------------------------------
 */

static int weight_at(const standard_options *o) { return o->s.weighted ? 1 : 0; }
static int bias_at(const standard_options *o) { return o->s.biased ? 1 + o->s.weighted : 0; }
static int mean_at(const standard_options *o) { return o->given ? 1 + o->s.weighted + o->s.biased : 0; }

static fx__normal normal_of(const fx_call *c, const standard_options *o, const fx_tensor *x,
                            const fx_tensor *w)
{
    const fx__standard *s = &o->s;
    return (fx__normal){ .outer = s->outer,
                         .units = s->units,
                         .inner = s->inner,
                         .groups = s->groups,
                         .depth = s->depth,
                         .run = s->depth ? s->inner / s->depth : 0,
                         .wide = x->dtype == FX_F64,
                         .centred = s->centred,
                         .given = o->given,
                         .eps = s->eps,
                         .x = x->data,
                         .weight = w ? w->data : NULL,
                         .threads = fx_threads(c->cx) };
}

/* ---- forward ---------------------------------------------------------------------------------------------
 */

static bool standard_shape(const fx_call *c, fx_spec *y)
{
    const standard_options *o = c->options;
    y[1] = (fx_spec){ .dtype = FX_F64, .ndim = 2, .size = { STATISTICS, o->s.units }, .no_gradient = true };
    return true;
}

static double number_at(const fx_tensor *x, int64_t i)
{
    return x->dtype == FX_F32 ? (double)((const float *)(const void *)x->data)[i]
                              : ((const double *)(const void *)x->data)[i];
}

static void standard_forward(const fx_call *c)
{
    const standard_options *o = c->options;
    double *statistics = (double *)(void *)c->ys[1]->data;
    fx__normal s = normal_of(c, o, c->x[0], o->s.weighted ? c->x[weight_at(o)] : NULL);
    s.bias = o->s.biased ? c->x[bias_at(o)]->data : NULL;
    s.mean = statistics + MEAN * o->s.units;
    s.scale = statistics + SCALE * o->s.units;
    s.spread = statistics + SPREAD * o->s.units;
    s.y = c->y->data;
    for (int64_t u = 0; o->given && u < o->s.units; u++) {
        s.mean[u] = number_at(c->x[mean_at(o)], u % o->s.groups);
        s.spread[u] = number_at(c->x[mean_at(o) + 1], u % o->s.groups);
        s.scale[u] = 1 / sqrt(s.spread[u] + o->s.eps);
    }
    if (s.units) fx__kernels()->normal->forward(&s);
}

/* ---- gradient, in one pass -------------------------------------------------------------------------------
 */

/* The parts of a gradient that the blocks left, added up. */
static void add_parts(fx_tensor *to, const double *parts, int64_t blocks)
{
    for (int64_t i = 0; i < to->numel; i++) {
        double sum = 0;
        for (int64_t b = 0; b < blocks; b++) sum += parts[b * to->numel + i];
        if (to->dtype == FX_F32)
            ((float *)(void *)to->data)[i] = (float)sum;
        else
            ((double *)(void *)to->data)[i] = sum;
    }
}

static double *zeros(fx_context *cx, int64_t count)
{
    double *z = fx__scratch(cx, sizeof(double) * (size_t)(count + 1));
    for (int64_t i = 0; z && i < count; i++) z[i] = 0;
    return z;
}

static void standard_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const standard_options *o = c->options;
    const bool of_w = o->s.weighted && fx_call_needs(c, weight_at(o));
    const bool of_b = o->s.biased && fx_call_needs(c, bias_at(o));
    fx_tensor *w = o->s.weighted && c->x[weight_at(o)] ? fx__contiguous_of(c->x[weight_at(o)]) : NULL;
    fx_tensor *x = c->x[0] ? fx__contiguous_of(c->x[0]) : NULL, *statistics = c->ys[1];
    g = fx__contiguous_of(g);
    if (!g || (c->x[0] && !x)) return;
    fx__normal s = normal_of(c, o, x ? x : g, w);
    s.g = g->data;
    s.mean = (double *)(void *)statistics->data + MEAN * o->s.units;
    s.scale = (double *)(void *)statistics->data + SCALE * o->s.units;
    const int64_t blocks = fx__normal_blocks(&s), parts = blocks * o->s.groups * o->s.depth;
    if (of_w) gx[weight_at(o)] = fx__grad_new(c, weight_at(o)), s.g_weight = zeros(c->cx, parts);
    if (of_b) gx[bias_at(o)] = fx__grad_new(c, bias_at(o)), s.g_bias = zeros(c->cx, parts);
    if (fx_call_needs(c, 0) && (gx[0] = fx__grad_new(c, 0))) s.gx = gx[0]->data;
    const bool good = (!of_w || (s.g_weight && gx[weight_at(o)])) &&
                      (!of_b || (s.g_bias && gx[bias_at(o)])) && (!fx_call_needs(c, 0) || gx[0]);
    if (good && s.units) fx__kernels()->normal->gradient(&s);
    if (good && of_w) add_parts(gx[weight_at(o)], s.g_weight, blocks);
    if (good && of_b) add_parts(gx[bias_at(o)], s.g_bias, blocks);
    fx__scratch_free(c->cx, s.g_bias);
    fx__scratch_free(c->cx, s.g_weight);
}

/* ---- gradient, as a formula ------------------------------------------------------------------------------
 */

static fx_tensor *mul(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return fx_mul_at(fx_operand_tensor(a), fx_operand_tensor(b), where);
}

static fx_tensor *sub(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return fx_sub_at(fx_operand_tensor(a), fx_operand_tensor(b), where);
}

/* x as (outer, units / groups, groups, depth, run): a weight is (groups, depth, 1). */
static fx_tensor *by_weight(fx_tensor *x, const fx__standard *s, fx_where where)
{
    const int64_t run = s->depth ? s->inner / s->depth : 0;
    const int64_t size[] = { s->outer, s->groups ? s->units / s->groups : 0, s->groups, s->depth, run };
    return x ? fx__reshape(x, 5, size, where) : NULL;
}

static fx_tensor *by_unit(fx_tensor *x, const fx__standard *s, fx_where where)
{
    return x ? fx__reshape(x, 3, (const int64_t[]){ s->outer, s->units, s->inner }, where) : NULL;
}

static fx_tensor *mean_of_unit(fx_tensor *x, fx_where where)
{
    return fx_mean_at((fx_mean_args){ .x = x, .dims = FX_DIMS(0, 2), .keepdim = true }, where);
}

/* A row of the statistics, of x's dtype, (1, units, 1): a constant. */
static fx_tensor *statistic(const fx_call *c, int row, fx_where where)
{
    const standard_options *o = c->options;
    fx_tensor *y = fx__as(fx__select(c->ys[1], 0, row, where), (fx_dtype)c->shapes[0]->dtype, where);
    return y ? fx__reshape(y, 3, (const int64_t[]){ 1, o->s.units, 1 }, where) : NULL;
}

/* (spread + eps)^-1/2 of each unit of x, (1, units, 1). */
static fx_tensor *scale_of(const fx_call *c, fx_tensor *x, fx_where where)
{
    const standard_options *o = c->options;
    if (o->given) return statistic(c, SCALE, where);
    fx_tensor *spread =
        o->s.centred ? fx_var_at((fx_var_args){ .x = x, .dims = FX_DIMS(0, 2), .keepdim = true }, where)
                     : mean_of_unit(mul(x, x, where), where);
    return fx_rsqrt_at(fx_add_at(fx_operand_tensor(spread), fx_operand_number(o->s.eps), where), where);
}

/* h - mean of h - x' mean of (h x'), times the scale; see kernels/normal_tmpl.c for the units that cancel. */
static fx_tensor *of_x(const fx_call *c, fx_tensor *h, fx_tensor *normal, fx_where where)
{
    const standard_options *o = c->options;
    fx_tensor *scale = scale_of(c, o->given ? NULL : by_unit(c->x[0], &o->s, where), where);
    fx_tensor *left = h = by_unit(h, &o->s, where);
    if (o->given) return mul(scale, h, where);
    if (o->s.centred) left = sub(h, mean_of_unit(h, where), where);
    if (o->s.outer * o->s.inner == (o->s.centred ? 2 : 1)) {
        fx_tensor *cube = mul(mul(scale, scale, where), scale, where);
        return mul(left, fx_mul_at(fx_operand_tensor(cube), fx_operand_number(o->s.eps), where), where);
    }
    normal = by_unit(normal, &o->s, where);
    fx_tensor *part = mul(normal, mean_of_unit(mul(h, normal, where), where), where);
    return mul(scale, sub(left, part, where), where);
}

/* x without weight and bias. */
static fx_tensor *plain(const fx_call *c)
{
    const standard_options *o = c->options;
    if (!o->given) return fx__standardize(c->x[0], NULL, NULL, NULL, NULL, o->s, NULL, c->where);
    fx_tensor *left = sub(by_unit(c->x[0], &o->s, c->where), statistic(c, MEAN, c->where), c->where);
    return mul(left, statistic(c, SCALE, c->where), c->where);
}

static void standard_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const standard_options *o = c->options;
    const fx_where where = c->where;
    const bool of_w = o->s.weighted && fx_call_needs(c, weight_at(o));
    fx_tensor *normal = of_w || (fx_call_needs(c, 0) && !o->given) ? plain(c) : NULL;
    const fx_dims all_but_weights = FX_DIMS(0, 1, 4);
    if (of_w) {
        fx_tensor *like = normal ? fx__reshape_like(normal, c->shapes[0], where) : NULL;
        fx_tensor *product = by_weight(mul(g, like, where), &o->s, where);
        fx_tensor *sum = fx_sum_at((fx_sum_args){ .x = product, .dims = all_but_weights }, where);
        gx[weight_at(o)] = sum ? fx__reshape_like(sum, c->shapes[weight_at(o)], where) : NULL;
    }
    if (o->s.biased && fx_call_needs(c, bias_at(o))) {
        fx_tensor *sum =
            fx_sum_at((fx_sum_args){ .x = by_weight(g, &o->s, where), .dims = all_but_weights }, where);
        gx[bias_at(o)] = sum ? fx__reshape_like(sum, c->shapes[bias_at(o)], where) : NULL;
    }
    if (!fx_call_needs(c, 0)) return;
    if (o->s.weighted) {
        fx_tensor *w =
            fx__reshape(c->x[weight_at(o)], 3, (const int64_t[]){ o->s.groups, o->s.depth, 1 }, where);
        g = mul(by_weight(g, &o->s, where), w, where);
    }
    fx_tensor *all = g ? of_x(c, g, normal, where) : NULL;
    gx[0] = all ? fx__reshape_like(all, c->shapes[0], where) : NULL;
}

static unsigned standard_captured(const fx_call *c)
{
    const standard_options *o = c->options;
    const bool of_x = fx_call_needs(c, 0), of_w = o->s.weighted && fx_call_needs(c, weight_at(o));
    unsigned captured = FX_CAPTURE_Y_AT(1);
    if (of_w || (of_x && !o->given)) captured |= FX_CAPTURE_X0;
    if (of_x && o->s.weighted) captured |= FX_CAPTURE_X(weight_at(o));
    return captured;
}

static const fx_op standardize_op = { .name = "standardize",
                                      .formula = "y = (x - mean) / sqrt(spread + eps) * weight + bias",
                                      .inputs = -1,
                                      .outputs = 2,
                                      .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1 | FX_CAPTURE_Y_AT(1),
                                      .captured = standard_captured,
                                      .options_size = sizeof(standard_options),
                                      .shape = standard_shape,
                                      .forward = standard_forward,
                                      .local_grad = standard_local_grad,
                                      .local_grad_fused = standard_local_grad_fused };

fx_tensor *fx__standardize(fx_tensor *x, fx_tensor *weight, fx_tensor *bias, fx_tensor *mean,
                           fx_tensor *variance, fx__standard s, fx_tensor **statistics, fx_where where)
{
    standard_options o = { .s = s, .given = mean && variance };
    o.s.weighted = weight != NULL;
    o.s.biased = bias != NULL;
    fx_tensor *inputs[5] = { x }, *outputs[2];
    int count = 1;
    if (weight) inputs[count++] = weight;
    if (bias) inputs[count++] = bias;
    if (o.given) inputs[count++] = mean, inputs[count++] = variance;
    fx_tensor *y = fx_apply_at(&standardize_op, (fx_list){ count, inputs }, &o, outputs, where);
    if (y && statistics) *statistics = outputs[1];
    return y;
}
