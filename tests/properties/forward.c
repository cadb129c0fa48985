/* Properties of derivatives of functions: what products from one side say of products from the other. */
#include "properties.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A sample's call as a function of its differentiable tensors. */
typedef struct sampled {
    fx_sample_call *call;
    fx_random_state random;    /* each run draws the same numbers */
    fx_tensor *const *weights; /* of the outputs, in the sum that `weighted` gives */
} sampled;

static void put(fx_sample_call *c, fx_tensor *from, fx_tensor *to)
{
    for (const fx_field *f = c->function->fields; f->name; f++) {
        char *at = c->args + f->offset; /* an operand begins with its tensor */
        if ((f->type == FX_FIELD_TENSOR || f->type == FX_FIELD_OPERAND) && *(fx_tensor **)(void *)at == from)
            *(fx_tensor **)(void *)at = to;
    }
    for (int i = 0; i < c->lists; i++)
        if (c->list[i] == from) c->list[i] = to;
}

static int run_sample(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    sampled *s = data;
    for (int i = 0; i < inputs; i++) put(s->call, s->call->diff[i], x[i]);
    fx_set_random_state(fx_context_of(x[0]), s->random);
    const int n = fx_sample_run(s->call, FX_HERE, y);
    for (int i = 0; i < inputs; i++) put(s->call, x[i], s->call->diff[i]);
    return n;
}

/* One number: the outputs that have a gradient, weighted. */
static int weighted(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    const sampled *s = data;
    fx_tensor *out[FX_MAX_OUTPUTS], *sum = NULL;
    const int n = run_sample(data, x, inputs, out);
    for (int k = 0; k < n; k++) {
        if (!s->weights[k]) continue;
        fx_tensor *part = fx_sum(fx_mul(out[k], s->weights[k]));
        sum = sum ? fx_add(sum, part) : part;
    }
    y[0] = sum;
    return n > 0;
}

static int gradient_of_weighted(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    fx_vjp(y, weighted, .data = data, .inputs = { inputs, x }, .create_graph = true);
    return inputs;
}

/* <a, b>, and the sum of the terms' sizes. */
static double dot(const fx_tensor *a, const fx_tensor *b, double *size)
{
    double *p = numbers_of(a), *q = numbers_of(b), sum = 0;
    for (int64_t i = 0; i < fx_numel(a); i++) sum += p[i] * q[i], *size += fabs(p[i] * q[i]);
    free(p);
    free(q);
    return sum;
}

typedef struct products {
    pass p;
    sampled s;
    fx_tensor *v[FX_SAMPLE_TENSORS], *w[FX_SAMPLE_TENSORS];
} products;

static bool begin(products *q, trial *t)
{
    if (!pass_begin(&q->p, t, (pass_options){ 0 }) || !q->p.call.diffs || !pass_has_gradient(&q->p))
        return false;
    q->s = (sampled){ &q->p.call, { .seed = 7 }, q->p.seed };
    for (int i = 0; i < q->p.call.diffs; i++) {
        q->v[i] = fx_sample_normal(q->p.cx, q->p.call.diff[i], 300 + (uint64_t)i, FX_LAYOUT_ROWS, false);
        q->w[i] = fx_sample_normal(q->p.cx, q->p.call.diff[i], 400 + (uint64_t)i, FX_LAYOUT_ROWS, false);
        if (!q->v[i] || !q->w[i]) return false;
    }
    return true;
}

/* What the numbers of the narrowest tensor that takes part can tell. */
static double tolerance_of(const pass *p)
{
    bool narrow = false;
    for (int i = 0; i < p->call.tensors; i++) narrow |= fx_dtype_of(p->call.tensor[i]) == FX_F32;
    for (int k = 0; k < p->outs; k++) narrow |= fx_dtype_of(p->out[k]) == FX_F32;
    return narrow ? 1e-5 : 1e-13;
}

/* <u, J v> = <J^T u, v> */
static void adjoint_of_sample(trial *t, void *data)
{
    (void)data;
    products q;
    fx_tensor *u[FX_MAX_OUTPUTS], *forward[FX_MAX_OUTPUTS], *back[FX_SAMPLE_TENSORS];
    if (begin(&q, t)) {
        const pass *p = &q.p;
        for (int k = 0; k < p->outs; k++)
            u[k] = p->seed[k] ? p->seed[k]
                              : fx_full_at(p->cx, fx_dtype_of(p->out[k]), 0, fx_shape(p->out[k]), FX_HERE);
        const fx_list x = { p->call.diffs, p->call.diff };
        const bool runs =
            !fx_jvp(forward, run_sample, .data = &q.s, .inputs = x, .vs = { x.count, q.v },
                    .outputs = p->outs) &&
            !fx_vjp(back, run_sample, .data = &q.s, .inputs = x, .vs = { p->outs, u }, .outputs = p->outs);
        if (expect(t, runs, "%s", fx_error_message(p->cx))) {
            double left = 0, right = 0, size = 0;
            for (int k = 0; k < p->outs; k++)
                if (p->seed[k]) left += dot(forward[k], u[k], &size);
            for (int i = 0; i < x.count; i++) right += dot(back[i], q.v[i], &size);
            const double tolerance = tolerance_of(&q.p);
            if (isfinite(size))
                expect(t, fabs(left - right) <= tolerance * size, "<u, J v> is %.17g, <J^T u, v> is %.17g",
                       left, right);
        }
    }
    pass_end(&q.p);
}

PROPERTY(products_from_either_side_are_adjoint) { each_sample(t, adjoint_of_sample, NULL); }

/* What a Hessian's terms may have come to before they cancelled: that of a function as curved as a power. */
static double size_of_terms(const products *q, fx_tensor *const *gradient)
{
    double size = 0;
    for (int i = 0; i < q->p.call.diffs; i++) {
        double *g = numbers_of(gradient[i]), *x = numbers_of(q->p.call.diff[i]);
        double *v = numbers_of(q->v[i]), *w = numbers_of(q->w[i]);
        for (int64_t k = 0; k < fx_numel(gradient[i]); k++)
            size += fabs(g[k] * v[k] * w[k]) / (x[k] == 0 ? 1 : fabs(x[k]));
        free(g), free(x), free(v), free(w);
    }
    return size;
}

/* Hessian times vector: reverse over reverse is forward over reverse, and <w, H v> = <v, H w>. */
static void hessian_of_sample(trial *t, void *data)
{
    (void)data;
    products q;
    fx_tensor *hv[FX_SAMPLE_TENSORS], *hw[FX_SAMPLE_TENSORS], *jv[FX_MAX_OUTPUTS], *g[FX_MAX_OUTPUTS];
    if (begin(&q, t) && q.p.call.diffs <= FX_MAX_OUTPUTS) {
        const fx_list x = { q.p.call.diffs, q.p.call.diff };
        const bool runs = !fx_hvp(hv, weighted, .data = &q.s, .inputs = x, .vs = { x.count, q.v }) &&
                          !fx_hvp(hw, weighted, .data = &q.s, .inputs = x, .vs = { x.count, q.w }) &&
                          !fx_jvp(jv, gradient_of_weighted, .data = &q.s, .inputs = x, .vs = { x.count, q.v },
                                  .outputs = x.count, .values = g);
        if (expect(t, runs, "%s", fx_error_message(q.p.cx))) {
            double left = 0, right = 0, other = 0, size = size_of_terms(&q, g);
            for (int i = 0; i < x.count; i++) {
                left += dot(hv[i], q.w[i], &size);
                right += dot(hw[i], q.v[i], &size);
                other += dot(jv[i], q.w[i], &size);
            }
            const double tolerance = tolerance_of(&q.p);
            if (isfinite(size)) {
                expect(t, fabs(left - right) <= tolerance * size, "<w, H v> is %.17g, <v, H w> is %.17g",
                       left, right);
                expect(t, fabs(left - other) <= tolerance * size,
                       "<w, H v> is %.17g by reverse over reverse, %.17g by forward over reverse", left,
                       other);
            }
        }
    }
    pass_end(&q.p);
}

PROPERTY(hessians_are_symmetric_whichever_way) { each_sample(t, hessian_of_sample, NULL); }
