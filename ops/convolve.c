/* The three ops of convolution. A convolution y of x and w is linear in both, so each of its gradients is one
 * of the other two, and so are theirs: the family is closed.
 */
#include "convolution.h"

#include "kernels/conv.h"

static fx__conv conv_of(const fx__window *o, const fx_tensor *any, int64_t batch, int64_t in, int64_t out)
{
    fx__conv c = { .f64 = any->dtype == FX_F64, .batch = batch, .groups = o->groups };
    c.in = in / o->groups;
    c.out = out / o->groups;
    for (int d = 0; d < FX__CONV_DIMS; d++) {
        const int from = d - (FX__CONV_DIMS - o->ndim);
        c.x[d] = from < 0 ? 1 : o->x[from];
        c.y[d] = from < 0 ? 1 : o->y[from];
        c.kernel[d] = from < 0 ? 1 : o->kernel[from];
        c.stride[d] = from < 0 ? 1 : o->stride[from];
        c.dilation[d] = from < 0 ? 1 : o->dilation[from];
        c.before[d] = from < 0 ? 0 : o->before[from];
    }
    return c;
}

static void run(const fx_call *c, const fx__conv *conv, fx__conv_kind kind, const fx_tensor *x,
                const fx_tensor *w, const fx_tensor *y, const fx_tensor *bias)
{
    const int threads = fx_threads(c->cx);
    void *work = fx__scratch(c->cx, fx__conv_work(threads, conv, kind));
    if (work) fx__conv_run(threads, conv, kind, x->data, w->data, y->data, bias ? bias->data : NULL, work);
    fx__scratch_free(c->cx, work);
}

static void sized(fx_spec *y, int64_t first, int64_t second, const fx__window *o, const int64_t *rest)
{
    y->ndim = 2 + o->ndim;
    y->size[0] = first;
    y->size[1] = second;
    for (int d = 0; d < o->ndim; d++) y->size[2 + d] = rest[d];
}

/* ---- gradients -------------------------------------------------------------------------------------------
 */

/* The gradient of a bias: the sum over all but the channels. */
static fx_tensor *channel_sums(fx_tensor *g, fx_where where)
{
    fx_dims dims = { .given = true };
    for (int d = 0; d < g->ndim; d++)
        if (d != 1) dims.at[dims.count++] = d;
    return fx_sum_at((fx_sum_args){ .x = g, .dims = dims }, where);
}

static void channel_sums_fused(const fx_call *c, fx_tensor *g, fx_tensor **gb)
{
    fx_tensor *flat = fx__contiguous_of(g);
    if (!flat || !(*gb = fx__grad_new(c, 2))) return;
    fx__conv_channel_sums(fx_threads(c->cx), flat->dtype == FX_F64, flat->size[0], flat->size[1],
                          fx__product(flat->size, 2, flat->ndim), flat->data, (*gb)->data);
    if (flat != g) fx_release(flat);
}

/* Both inputs are factors: what the gradient in one needs is the other. */
static unsigned factors_captured(const fx_call *c)
{
    return (fx_call_needs(c, 0) ? FX_CAPTURE_X1 : 0) | (fx_call_needs(c, 1) ? FX_CAPTURE_X0 : 0);
}

/* ---- y of x and w ----------------------------------------------------------------------------------------
 */

static bool convolve_shape(const fx_call *c, fx_spec *y)
{
    const fx__window *o = c->options;
    sized(y, c->x[0]->size[0], c->x[1]->size[0], o, o->y);
    return true;
}

static void convolve_forward(const fx_call *c)
{
    const fx_tensor *x = c->x[0], *w = c->x[1];
    const fx__conv conv = conv_of(c->options, x, x->size[0], x->size[1], w->size[0]);
    run(c, &conv, FX__CONV_Y, x, w, c->y, c->inputs == 3 ? c->x[2] : NULL);
}

static void convolve_factors(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    if (fx_call_needs(c, 0)) gx[0] = fx__convolve_back(g, c->x[1], NULL, c->options, c->where);
    if (fx_call_needs(c, 1)) gx[1] = fx__correlate(c->x[0], g, c->options, c->where);
}

static void convolve_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    convolve_factors(c, g, gx);
    if (fx_call_needs(c, 2)) gx[2] = channel_sums(g, c->where);
}

static void convolve_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    convolve_factors(c, g, gx);
    if (fx_call_needs(c, 2)) channel_sums_fused(c, g, &gx[2]);
}

static const fx_op convolve_op = {
    .name = "conv",
    .formula = "y[n, o, q] = sum of x[n, c, q stride + t dilation - padding] w[o, c, t]",
    .inputs = -1,
    .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
    .captured = factors_captured,
    .options_size = sizeof(fx__window),
    .shape = convolve_shape,
    .forward = convolve_forward,
    .local_grad = convolve_local_grad,
    .local_grad_fused = convolve_local_grad_fused
};

/* ---- x of y and w ----------------------------------------------------------------------------------------
 */

static bool back_shape(const fx_call *c, fx_spec *y)
{
    const fx__window *o = c->options;
    sized(y, c->x[0]->size[0], c->x[1]->size[1] * o->groups, o, o->x);
    return true;
}

static void back_forward(const fx_call *c)
{
    const fx_tensor *y = c->x[0], *w = c->x[1];
    const fx__conv conv = conv_of(c->options, y, y->size[0], c->y->size[1], w->size[0]);
    run(c, &conv, FX__CONV_X, c->y, w, y, c->inputs == 3 ? c->x[2] : NULL);
}

static void back_factors(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    if (fx_call_needs(c, 0)) gx[0] = fx__convolve(g, c->x[1], NULL, c->options, c->where);
    if (fx_call_needs(c, 1)) gx[1] = fx__correlate(g, c->x[0], c->options, c->where);
}

static void back_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    back_factors(c, g, gx);
    if (fx_call_needs(c, 2)) gx[2] = channel_sums(g, c->where);
}

static void back_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    back_factors(c, g, gx);
    if (fx_call_needs(c, 2)) channel_sums_fused(c, g, &gx[2]);
}

static const fx_op back_op = { .name = "conv_transpose",
                               .formula =
                                   "y[n, c, q stride + t dilation - padding] = sum of x[n, o, q] w[o, c, t]",
                               .inputs = -1,
                               .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
                               .captured = factors_captured,
                               .options_size = sizeof(fx__window),
                               .shape = back_shape,
                               .forward = back_forward,
                               .local_grad = back_local_grad,
                               .local_grad_fused = back_local_grad_fused };

/* ---- w of x and y ----------------------------------------------------------------------------------------
 */

static bool correlate_shape(const fx_call *c, fx_spec *y)
{
    const fx__window *o = c->options;
    sized(y, c->x[1]->size[1], c->x[0]->size[1] / o->groups, o, o->kernel);
    return true;
}

static void correlate_forward(const fx_call *c)
{
    const fx_tensor *x = c->x[0], *y = c->x[1];
    const fx__conv conv = conv_of(c->options, x, x->size[0], x->size[1], y->size[1]);
    run(c, &conv, FX__CONV_W, x, c->y, y, NULL);
}

static void correlate_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    if (fx_call_needs(c, 0)) gx[0] = fx__convolve_back(c->x[1], g, NULL, c->options, c->where);
    if (fx_call_needs(c, 1)) gx[1] = fx__convolve(c->x[0], g, NULL, c->options, c->where);
}

static const fx_op correlate_op = {
    .name = "conv_weight",
    .formula = "w[o, c, t] = sum of x[n, c, q stride + t dilation - padding] y[n, o, q]",
    .inputs = 2,
    .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
    .captured = factors_captured,
    .options_size = sizeof(fx__window),
    .shape = correlate_shape,
    .forward = correlate_forward,
    .local_grad = correlate_local_grad
};

/* ---- applied ---------------------------------------------------------------------------------------------
 */

static fx_tensor *applied(const fx_op *op, fx_tensor *a, fx_tensor *b, fx_tensor *bias,
                          const fx__window *window, fx_where where)
{
    fx_tensor *inputs[] = { a, b, bias };
    return a && b ? fx_apply_at(op, (fx_list){ bias ? 3 : 2, inputs }, window, NULL, where) : NULL;
}

fx_tensor *fx__convolve(fx_tensor *x, fx_tensor *w, fx_tensor *bias, const fx__window *window, fx_where where)
{
    return applied(&convolve_op, x, w, bias, window, where);
}

fx_tensor *fx__convolve_back(fx_tensor *y, fx_tensor *w, fx_tensor *bias, const fx__window *window,
                             fx_where where)
{
    return applied(&back_op, y, w, bias, window, where);
}

fx_tensor *fx__correlate(fx_tensor *x, fx_tensor *y, const fx__window *window, fx_where where)
{
    return applied(&correlate_op, x, y, NULL, window, where);
}
