/* fx_apply: one call of an op, from checked inputs to recorded outputs. */
#include "tape.h"

enum { FEW = 16 };

/* What a user's record may lack. */
static bool check_op(const fx_op *op, const void *options, fx_context *cx, fx_where where)
{
    const char *what = !op                                    ? "there is no op"
                       : !op->name                            ? "the op has no name"
                       : !op->shape                           ? "the op has no shape rule"
                       : !op->view && !op->forward            ? "the op has no forward"
                       : op->outputs < 0 && !op->output_count ? "the op does not count its outputs"
                       : op->options_size && !options         ? "the op takes options, and none were given"
                                                              : NULL;
    if (!what) return true;
    fx_error_set(cx, FX_ERROR_ARGUMENT, where, "%s: %s", op && op->name ? op->name : "apply", what);
    return false;
}

static bool check_inputs(const fx_op *op, fx_list inputs, const void *options, fx_where where)
{
    for (int i = 0; i < inputs.count; i++)
        if (!inputs.at[i]) return false;
    if (inputs.count <= 0) return false;
    fx_context *cx = inputs.at[0]->cx;
    if (!fx__enter(cx, where) || !check_op(op, options, cx, where)) return false;
    if (op->inputs >= 0 && inputs.count != op->inputs) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "%s: takes %d tensors, not %d", op->name, op->inputs,
                     inputs.count);
        return false;
    }
    if (inputs.count > UINT16_MAX) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "%s: takes at most %d tensors", op->name, UINT16_MAX);
        return false;
    }
    for (int i = 0; i < inputs.count; i++) {
        const fx_tensor *x = inputs.at[i];
        if (x->cx != cx) {
            fx_error_set(cx, FX_ERROR_ARGUMENT, where, "%s: input %d belongs to another context", op->name,
                         i);
            return false;
        }
        if (x->flags & FX__ENDED) {
            fx_error_set(cx, FX_ERROR_ARGUMENT, where, "%s: input %d was released", op->name, i);
            return false;
        }
    }
    return true;
}

static void fill_specs(const fx_tensor *x, int outputs, fx_spec *specs)
{
    for (int k = 0; k < outputs; k++) {
        fx_spec *s = &specs[k];
        memset(s, 0, sizeof *s);
        s->dtype = (fx_dtype)x->dtype;
        s->ndim = x->ndim;
        memcpy(s->size, x->size, sizeof(int64_t) * x->ndim);
        memcpy(s->stride, fx__stride(x), sizeof(int64_t) * x->ndim);
    }
}

static bool make_views(const fx_call *c, const fx_spec *specs, fx_tensor **ys)
{
    for (int k = 0; k < c->outputs; k++) {
        const fx_spec *s = &specs[k];
        fx_tensor *x = c->x[s->view_of];
        fx_tensor *y = ys[k] = fx__view(x, s->ndim, s->size, s->stride, s->offset);
        if (!y) return false;
        if (c->outputs > 1) y->flags |= FX__VIEW_MULTI;
        if (c->cx->mode != FX_GRAD_ON) y->flags |= FX__VIEW_NO_GRAD;
    }
    return true;
}

/* The inputs as an op without a taste for strides wants them. */
static bool make_contiguous(fx_tensor *const *x, int count, fx_tensor **flat)
{
    for (int i = 0; i < count; i++)
        if (!(flat[i] = fx__contiguous_of(x[i]))) return false;
    return true;
}

static bool compute(fx_call *c, const fx_spec *specs, fx_tensor **ys, fx_tensor **flat)
{
    fx_context *cx = c->cx;
    if (c->op->view) return make_views(c, specs, ys);
    for (int k = 0; k < c->outputs; k++)
        if (!(ys[k] = fx__new(cx, specs[k].dtype, specs[k].ndim, specs[k].size, c->where))) return false;
    fx_tensor *const *x = c->x;
    if (!c->op->strided) {
        if (!make_contiguous(x, c->inputs, flat)) return false;
        c->x = flat;
    }
    c->y = ys[0];
    c->ys = ys;
    uint64_t failures = cx->failures;
    c->op->forward(c);
    if (c->x != x)
        for (int i = 0; i < c->inputs; i++)
            if (flat[i] != x[i]) fx_release(flat[i]);
    c->x = x;
    return cx->failures == failures && (!cx->tracing || fx__trace_forward(c));
}

/* Outputs that have no gradient must not take part in the record; those are rare, so the node is told
 * afterwards. */
static bool record(const fx_call *c, const fx_spec *specs, fx_tensor **ys, bool *recorded)
{
    const fx_op *op = c->op;
    bool any = false;
    for (int k = 0; k < c->outputs; k++) any |= !specs[k].no_gradient && fx_dtype_is_float(specs[k].dtype);
    if (!any) return true;
    unsigned captures = op->captured ? op->captured(c) : op->captures;
    *recorded = fx__record(c->cx, op, c->x, c->inputs, ys, c->outputs, c->options, captures, c->where);
    if (!*recorded) return false;
    for (int k = 0; k < c->outputs; k++)
        if (specs[k].no_gradient) ys[k]->node = NULL;
    return true;
}

static fx_tensor *apply(const fx_op *op, fx_list inputs, const void *options, fx_tensor **outputs,
                        fx_where where, bool *recorded)
{
    if (!check_inputs(op, inputs, options, where)) return NULL;
    fx_context *cx = inputs.at[0]->cx;
    fx_call c = { .cx = cx,
                  .op = op,
                  .where = where,
                  .inputs = inputs.count,
                  .x = inputs.at,
                  .shapes = inputs.at,
                  .options = options };
    c.outputs = op->outputs > 0 ? op->outputs : op->outputs == 0 ? 1 : op->output_count(&c);
    if (c.outputs <= 0 || c.outputs > UINT16_MAX) {
        if (c.outputs == 0) fx_call_fail(&c, FX_ERROR_SHAPE, "there would be no result");
        return NULL;
    }
    fx_spec few_specs[2], *specs = few_specs;
    fx_tensor *few[2], **ys = few, *few_flat[FEW], **flat = few_flat;
    if (c.outputs > 2) {
        specs = fx__arena_alloc(cx, sizeof *specs * (size_t)c.outputs);
        ys = fx__arena_alloc(cx, sizeof *ys * (size_t)c.outputs);
    }
    if (c.inputs > FEW) flat = fx__arena_alloc(cx, sizeof *flat * (size_t)c.inputs);
    if (!specs || !ys || !flat) return NULL;
    fill_specs(c.x[0], c.outputs, specs);
    if (!op->shape(&c, specs)) return NULL;
    uint64_t failures = cx->failures;
    c.needs = fx__needs(cx, c.x, c.inputs);
    if (cx->failures != failures || !compute(&c, specs, ys, flat)) return NULL;
    c.y = ys[0];
    c.ys = ys;
    if (c.needs && !record(&c, specs, ys, recorded)) return NULL;
    if (outputs) memcpy(outputs, ys, sizeof *ys * (size_t)c.outputs);
    return ys[0];
}

/* Options that hold more than plain data end with the node, or now where there is none. */
fx_tensor *fx_apply_at(const fx_op *op, fx_list inputs, const void *options, fx_tensor **outputs,
                       fx_where where)
{
    bool recorded = false;
    fx_tensor *y = apply(op, inputs, options, outputs, where, &recorded);
    if (__builtin_expect(op && op->options_finish, 0) && options && !recorded)
        op->options_finish((void *)(uintptr_t)options);
    return y;
}

bool fx_shape_same(const fx_call *c, fx_spec *y)
{
    (void)c, (void)y; /* filled so already */
    return true;
}

void fx_map_at(const fx_call *c, double (*function)(double))
{
    const fx_tensor *x = c->x[0];
    fx_tensor *y = c->y;
    if (x->dtype == FX_F64)
        for (int64_t i = 0; i < x->numel; i++)
            ((double *)(void *)y->data)[i] = function(((const double *)(void *)x->data)[i]);
    else if (x->dtype == FX_F32)
        for (int64_t i = 0; i < x->numel; i++)
            ((float *)(void *)y->data)[i] = (float)function(((const float *)(void *)x->data)[i]);
    else
        fx_call_fail(c, FX_ERROR_DTYPE, "takes float32 or float64, not %s",
                     fx_dtype_name((fx_dtype)x->dtype));
}

/* ---- NaN tracing of forwards --------------------------------------------------------------------------- */

static bool describe_operands(const fx_call *c, char *text, size_t bytes)
{
    size_t n = 0;
    text[0] = '\0';
    for (int i = 0; i < c->inputs && n < bytes; i++) {
        const fx_tensor *x = c->x[i];
        if (x->numel == 1 && fx_dtype_is_float((fx_dtype)x->dtype))
            n += (size_t)snprintf(text + n, bytes - n, "%s%.9g", i ? ", " : "", fx_item_at(x, c->where));
        else
            n += (size_t)snprintf(text + n, bytes - n, "%s%s", i ? ", " : "", fx__shape_text(x));
    }
    return true;
}

bool fx__trace_forward(const fx_call *c)
{
    fx_context *cx = c->cx;
    bool infinity = cx->nan_trace.allow_infinity;
    for (int k = 0; k < c->outputs; k++) {
        int64_t at =
            fx_dtype_is_float((fx_dtype)c->ys[k]->dtype) ? fx__space.first_nonfinite(c->ys[k], infinity) : -1;
        if (at < 0) continue;
        for (int i = 0; i < c->inputs; i++)
            if (fx_dtype_is_float((fx_dtype)c->x[i]->dtype) &&
                fx__space.first_nonfinite(c->x[i], infinity) >= 0)
                return true;
        char operands[256];
        describe_operands(c, operands, sizeof operands);
        const fx_tensor *y = c->ys[k];
        double value = y->dtype == FX_F64 ? ((const double *)(void *)y->data)[at]
                                          : (double)((const float *)(void *)y->data)[at];
        return fx_call_fail(c, FX_ERROR_NUMBER, "made %g at element %lld of %s from finite operands: %s",
                            value, (long long)at, fx__shape_text(y), operands);
    }
    return true;
}
