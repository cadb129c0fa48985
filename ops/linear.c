/* linear: y = x w^T + b, the weight stored as (out, in). The bias is added by the product itself, the
 * weight's gradient is one product over all rows of the batch, and the bias' is one sum of columns.
 */
#include "product.h"

#include "kernels/kernels.h"
#include "kernels/reduce.h"

/* ---- y = x w^T + b
 * ----------------------------------------------------------------------------------------- */

/* w (out, in) is read as the matrix (in, out); w (in) as one column. */
static int weight_layout(const fx_tensor *w) { return w->ndim == 2 ? FX__TRANSPOSED : FX__ROWS; }
static int input_layout(const fx_tensor *x) { return x->ndim == 1 ? FX__COLUMNS : FX__MATRIX; }
static int output_layout(const fx_tensor *x, const fx_tensor *w)
{
    return (x->ndim == 1 ? 0 : FX__ROWS) | (w->ndim == 2 ? FX__COLUMNS : 0);
}

static bool linear_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *x = c->x[0], *w = c->x[1], *b = c->inputs == 3 ? c->x[2] : NULL;
    if (x->ndim < 1 || w->ndim < 1 || w->ndim > 2)
        return fx_call_fail(c, FX_ERROR_SHAPE,
                            "takes x (..., in) and a weight (out, in) or (in), not %s and %s",
                            fx__shape_text(x), fx__shape_text(w));
    if (x->size[x->ndim - 1] != w->size[w->ndim - 1])
        return fx_call_fail(c, FX_ERROR_SHAPE, "the weight %s takes %lld numbers, and x is %s",
                            fx__shape_text(w), (long long)w->size[w->ndim - 1], fx__shape_text(x));
    if (b && (b->ndim != w->ndim - 1 || (b->ndim && b->size[0] != w->size[0])))
        return fx_call_fail(c, FX_ERROR_SHAPE, "the bias %s does not fit the weight %s", fx__shape_text(b),
                            fx__shape_text(w));
    y->ndim = x->ndim - 1;
    if (w->ndim == 2) y->size[y->ndim++] = w->size[0];
    return true;
}

static void linear_forward(const fx_call *c)
{
    const fx_tensor *x = c->x[0], *w = c->x[1];
    fx_tensor *b = c->inputs == 3 ? fx__contiguous_of(c->x[2]) : NULL;
    if (c->inputs == 3 && !b) return;
    fx__product_run(c->cx, c->y, output_layout(x, w), x, input_layout(x), w, weight_layout(w),
                    b ? b->data : NULL);
    if (b && b != c->x[2]) fx_release(b);
}

static unsigned linear_captured(const fx_call *c)
{
    return (fx_call_needs(c, 0) ? FX_CAPTURE_X1 : 0) | (fx_call_needs(c, 1) ? FX_CAPTURE_X0 : 0);
}

static void linear_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx_tensor *x = c->shapes[0], *w = c->shapes[1];
    const int of_x = input_layout(x), of_w = weight_layout(w), of_y = output_layout(x, w);
    if (fx_call_needs(c, 0)) gx[0] = fx__product_grad_a(x, of_x, c->x[1], of_w, g, of_y, c->where);
    if (fx_call_needs(c, 1)) gx[1] = fx__product_grad_b(c->x[0], of_x, w, of_w, g, of_y, c->where);
    if (fx_call_needs(c, 2)) gx[2] = g; /* the tape sums it */
}

/* gb[j] = the sum over all rows of g[., j] */
static void bias_grad(const fx_call *c, fx_tensor *g, fx_tensor *gb)
{
    fx_tensor *flat = fx__contiguous_of(g);
    if (!flat) return;
    const int64_t columns = gb->numel, rows = columns ? g->numel / columns : 0;
    const size_t bytes = fx__fold_scratch(1, rows, columns);
    void *scratch = bytes ? fx__scratch(c->cx, bytes) : NULL;
    if (columns && (scratch || !bytes)) {
        const fx__fold f = { .outer = 1,
                             .count = rows,
                             .inner = columns,
                             .x = flat->data,
                             .y = gb->data,
                             .divisor = 1,
                             .threads = fx_threads(c->cx),
                             .scratch = scratch };
        fx__kernels()->reduce->fold[FX__FOLD_SUM][gb->dtype == FX_F64 ? FX__DOUBLE : FX__FLOAT](&f);
    }
    fx__scratch_free(c->cx, scratch);
    if (flat != g) fx_release(flat);
}

static void linear_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx_tensor *x = c->shapes[0], *w = c->shapes[1];
    fx__product_grads(c, g, gx, output_layout(x, w), input_layout(x), weight_layout(w));
    if (fx_call_needs(c, 2) && (gx[2] = fx__grad_new(c, 2))) bias_grad(c, g, gx[2]);
}

static const fx_op linear_op = { .name = "linear",
                                 .formula = "y = x w^T + b",
                                 .inputs = -1,
                                 .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
                                 .captured = linear_captured,
                                 .strided = true,
                                 .shape = linear_shape,
                                 .forward = linear_forward,
                                 .local_grad = linear_local_grad,
                                 .local_grad_fused = linear_local_grad_fused };

fx_tensor *fx_linear_at(fx_tensor *x, fx_tensor *w, fx_tensor *b, fx_where where)
{
    if (!x || !w || (!b && fx_error(x->cx) != FX_OK)) return NULL;
    if (!b)
        return fx__product_promote(&x, &w, "linear", where) ? FX__APPLY(&linear_op, NULL, where, x, w) : NULL;
    if (!fx__product_promote(&x, &w, "linear", where) || !fx__product_promote(&x, &b, "linear", where) ||
        !fx__product_promote(&x, &w, "linear", where))
        return NULL;
    return FX__APPLY(&linear_op, NULL, where, x, w, b);
}

typedef struct linear_args {
    fx_tensor *x, *weight, *bias;
} linear_args;

static int linear_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const linear_args *a = args;
    out[0] = fx_linear_at(a->x, a->weight, a->bias, where);
    return out[0] ? 1 : 0;
}

static const fx_field linear_fields[] = { FX__FIELD(linear_args, x, TENSOR, .torch = "input"),
                                          FX__FIELD(linear_args, weight, TENSOR),
                                          FX__FIELD(linear_args, bias, TENSOR, .optional = true),
                                          FX__FIELDS_END };

const fx_function fx__function_linear = {
    .name = "linear",
    .torch = "nn.functional.linear",
    .formula = "y[..., j] = sum_k x[..., k] w[j, k] + b[j]",
    .gradient = "dL/dx = g w, dL/dw = g^T x, dL/db = g summed over rows",
    .fields = linear_fields,
    .args_size = sizeof(linear_args),
    .call = linear_call,
    .samples = "x=(5,4) weight=(3,4) bias=(3)\n"
               "x=(5,4) weight=(3,4)\n"
               "x=(4) weight=(3,4) bias=(3)\n"
               "x=(4) weight=(3,4)\n"
               "x=(2,3,4) weight=(5,4) bias=(5)\n"
               "x=(2,1,3,4) weight=(1,4) bias=(1)\n"
               "x=(2,3,4) weight=(5,4)\n"
               "x=(3,4) weight=(4) bias=()\n"
               "x=(2,3,4) weight=(4)\n"
               "x=(4) weight=(4) bias=()\n"
               "x=(3,3) weight=$x bias=(3)\n"
               "x=(0,4) weight=(3,4) bias=(3)\n"
               "x=(5,0) weight=(3,0) bias=(3)\n"
               "x=(5,4) weight=(0,4) bias=(0)\n"
               "x=(2,0,4) weight=(3,4) bias=(3)\n"
               "x=(4,35) weight=(5,35) bias=(5)\n"
               "x=(5,4)f32 weight=(3,4)f64 bias=(3)f32\n"
               "x=(5,4)f32 weight=(3,4)f32 bias=(3)f64\n"
               "x=(5,4)i64 weight=(3,4) bias=(3)\n"
               "! x=() weight=(3,4)\n"
               "! x=(5,4) weight=()\n"
               "! x=(5,4) weight=(4,3) bias=(3)\n"
               "! x=(5,4) weight=(3,4) bias=(4)\n"
               "! x=(5,4) weight=(3,4) bias=()\n"
               "! x=(5,4) weight=(2,3,4)\n",
    .bench = "x=(64,784) weight=(128,784) bias=(128)\n",
};
