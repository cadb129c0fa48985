/* Scans: cumsum, cumprod, logcumsumexp, cummax, cummin; and prod, whose gradient is made of two.
 *
 * Nothing divides by a number that may be 0. The gradient of a running product is a linear recurrence,
 *
 *     gx_m = x_0 ... x_(m-1) S_m,    S_m = g_m + x_(m+1) S_(m+1),
 *
 * and that recurrence is an op (scan_linear) whose gradients are recurrences of its kind and shifts; so
 * products with any number of zeros are exact to every order. That of a running logsumexp is one, too, with
 * factors exp(y_k - y_(k+1)) <= 1.
 */
#include "scan.h"

#include "kernels/scan.h"
#include "pick.h"

#include <math.h>
#include <string.h>

typedef struct scan_options {
    int64_t outer, count, inner;
    double fill; /* shift */
    uint8_t kind, mask;
    bool reverse, own;
} scan_options;

static scan_options options_of(const fx__lanes *l)
{
    scan_options o;
    memset(&o, 0, sizeof o);
    o.outer = l->outer, o.count = l->count, o.inner = l->inner;
    return o;
}

#define F32(x) ((float *)(void *)(x)->data)
#define F64(x) ((double *)(void *)(x)->data)

static fx_tensor *mul(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return fx_mul_at(fx_operand_tensor(a), fx_operand_tensor(b), where);
}

static void scan_forward(const fx_call *c)
{
    const scan_options *o = c->options;
    const fx_tensor *x = c->x[0];
    if (x->numel == 0) return;
    fx__scan s = { .kind = (fx__scan_kind)o->kind,
                   .outer = o->outer,
                   .count = o->count,
                   .inner = o->inner,
                   .reverse = o->reverse,
                   .own = o->own,
                   .x = x->data,
                   .a = c->inputs > 1 ? c->x[1]->data : NULL,
                   .y = c->y->data,
                   .index = c->outputs > 1 ? (int64_t *)(void *)c->ys[1]->data : NULL,
                   .threads = fx_threads(c->cx) };
    if (x->dtype == FX_F32)
        fx__scan_f32(&s);
    else if (x->dtype == FX_F64)
        fx__scan_f64(&s);
    else
        fx__scan_i64(&s);
}

/* ---- shifts ----------------------------------------------------------------------------------------------
 */

static void shift_forward(const fx_call *c)
{
    const scan_options *o = c->options;
    const fx_tensor *x = c->x[0], *y = c->y;
    size_t item = fx_dtype_size((fx_dtype)x->dtype), row = (size_t)(o->count * o->inner) * item,
           step = (size_t)o->inner * item;
    if (x->numel == 0) return;
    for (int64_t k = 0; k < o->outer; k++) {
        const char *from = x->data + (size_t)k * row;
        char *to = y->data + (size_t)k * row, *edge = o->reverse ? to + row - step : to;
        memcpy(o->reverse ? to : to + step, o->reverse ? from + step : from, row - step);
        for (int64_t i = 0; i < o->inner; i++)
            if (x->dtype == FX_F32)
                ((float *)(void *)edge)[i] = (float)o->fill;
            else
                ((double *)(void *)edge)[i] = o->fill;
    }
}

static void shift_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const scan_options *o = c->options;
    gx[0] = fx__shifted(g, &(fx__lanes){ o->outer, o->count, o->inner, false }, !o->reverse, 0, c->where);
}

static const fx_op shift_op = { .name = "shift",
                                .formula = "y = x, one place on",
                                .inputs = 1,
                                .options_size = sizeof(scan_options),
                                .shape = fx_shape_same,
                                .forward = shift_forward,
                                .local_grad = shift_local_grad };

fx_tensor *fx__shifted(fx_tensor *x, const fx__lanes *l, bool back, double fill, fx_where where)
{
    scan_options o = options_of(l);
    o.reverse = back, o.fill = fill;
    return FX__APPLY(&shift_op, &o, where, x);
}

/* ---- linear recurrences ----------------------------------------------------------------------------------
 */

static fx_tensor *linear(fx_tensor *x, fx_tensor *a, const scan_options *like, bool reverse, bool own,
                         fx_where where);

/* In x the recurrence the other way. In a: what came from x, times the neighbour that it was multiplied with.
 */
static void linear_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const scan_options *o = c->options;
    fx__lanes l = { o->outer, o->count, o->inner, false };
    fx_tensor *t = linear(g, c->x[1], o, !o->reverse, !o->own, c->where);
    if (fx_call_needs(c, 0)) gx[0] = t;
    if (!fx_call_needs(c, 1)) return;
    if (o->own)
        gx[1] = mul(t, fx__shifted(c->y, &l, o->reverse, 0, c->where), c->where);
    else
        gx[1] = mul(fx__shifted(t, &l, !o->reverse, 0, c->where), c->y, c->where);
}

static unsigned linear_captured(const fx_call *c)
{
    return FX_CAPTURE_X1 | (fx_call_needs(c, 1) ? FX_CAPTURE_Y : 0);
}

static const fx_op linear_op = { .name = "scan_linear",
                                 .formula = "y_k = x_k + a_(k-1) y_(k-1)",
                                 .inputs = 2,
                                 .captures = FX_CAPTURE_X1 | FX_CAPTURE_Y,
                                 .captured = linear_captured,
                                 .options_size = sizeof(scan_options),
                                 .shape = fx_shape_same,
                                 .forward = scan_forward,
                                 .local_grad = linear_local_grad };

static fx_tensor *linear(fx_tensor *x, fx_tensor *a, const scan_options *like, bool reverse, bool own,
                         fx_where where)
{
    scan_options o = *like;
    o.kind = FX__SCAN_LINEAR, o.reverse = reverse, o.own = own;
    return FX__APPLY(&linear_op, &o, where, x, a);
}

/* ---- cumsum, cumprod -------------------------------------------------------------------------------------
 */

static const fx_op cumsum_op;

static void cumsum_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    scan_options o = *(const scan_options *)c->options;
    o.reverse = !o.reverse;
    gx[0] = FX__APPLY(&cumsum_op, &o, c->where, g);
}

static const fx_op cumsum_op = { .name = "cumsum",
                                 .formula = "y_k = x_0 + ... + x_k",
                                 .inputs = 1,
                                 .options_size = sizeof(scan_options),
                                 .shape = fx_shape_same,
                                 .forward = scan_forward,
                                 .local_grad = cumsum_local_grad };

static void cumprod_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const scan_options *o = c->options;
    fx__lanes l = { o->outer, o->count, o->inner, false };
    fx_tensor *before = fx__shifted(c->y, &l, o->reverse, 1, c->where);
    gx[0] = mul(before, linear(g, c->x[0], o, !o->reverse, false, c->where), c->where);
}

static const fx_op cumprod_op = { .name = "cumprod",
                                  .formula = "y_k = x_0 ... x_k",
                                  .inputs = 1,
                                  .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y,
                                  .options_size = sizeof(scan_options),
                                  .shape = fx_shape_same,
                                  .forward = scan_forward,
                                  .local_grad = cumprod_local_grad };

fx_tensor *fx__running_product(fx_tensor *x, const fx__lanes *l, bool reverse, fx_where where)
{
    scan_options o = options_of(l);
    o.kind = FX__SCAN_PRODUCT, o.reverse = reverse;
    return FX__APPLY(&cumprod_op, &o, where, x);
}

/* ---- logcumsumexp ----------------------------------------------------------------------------------------
 */

/* exp(a - b), and 1 where they are equal, infinite or not. */
static double exp_difference(double a, double b) { return a == b ? 1 : exp(a - b); }

static void difference_forward(const fx_call *c)
{
    for (int64_t i = 0; i < c->y->numel; i++)
        if (c->y->dtype == FX_F32)
            F32(c->y)[i] = (float)exp_difference((double)F32(c->x[0])[i], (double)F32(c->x[1])[i]);
        else
            F64(c->y)[i] = exp_difference(F64(c->x[0])[i], F64(c->x[1])[i]);
}

static void difference_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_tensor *t = mul(g, c->y, c->where);
    if (fx_call_needs(c, 0)) gx[0] = t;
    if (fx_call_needs(c, 1)) gx[1] = fx_neg_at(t, c->where);
}

static const fx_op difference_op = { .name = "exp_difference",
                                     .formula = "y = exp(a - b)",
                                     .inputs = 2,
                                     .captures = FX_CAPTURE_Y,
                                     .shape = fx_shape_same,
                                     .forward = difference_forward,
                                     .local_grad = difference_local_grad };

static const fx_op logcumsumexp_op;

static void logcumsumexp_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const scan_options *o = c->options;
    fx__lanes l = { o->outer, o->count, o->inner, false };
    fx_where where = c->where;
    fx_tensor *x = c->x[0], *y = FX__APPLY(&logcumsumexp_op, o, where, x);
    if (!y) return;
    fx_tensor *falls = FX__APPLY(&difference_op, NULL, where, y, fx__shifted(y, &l, true, HUGE_VAL, where));
    fx_tensor *share = FX__APPLY(&difference_op, NULL, where, x, y);
    gx[0] = mul(share, linear(g, falls, o, true, true, where), where);
}

static double number_at(const fx_tensor *x, int64_t i)
{
    return x->dtype == FX_F32 ? (double)F32(x)[i] : F64(x)[i];
}

/* One chain in double, y made anew. */
static void logcumsumexp_chain(const fx_tensor *x, const fx_tensor *g, int64_t first, int64_t count,
                               int64_t step, double *y, fx_tensor *gx)
{
    double most = -HUGE_VAL, below = 0, sum = 0;
    for (int64_t k = 0; k < count; k++) {
        double v = number_at(x, first + k * step);
        if (k == 0 || v > most)
            below = k ? (below + 1) * exp(most - v) : 0, most = v;
        else
            below += exp_difference(v, most);
        y[k] = most + log1p(below);
    }
    for (int64_t k = count; k-- > 0;) {
        int64_t at = first + k * step;
        sum = number_at(g, at) + (k + 1 < count ? exp_difference(y[k], y[k + 1]) * sum : 0);
        double v = exp_difference(number_at(x, at), y[k]) * sum;
        if (gx->dtype == FX_F32)
            F32(gx)[at] = (float)v;
        else
            F64(gx)[at] = v;
    }
}

static void logcumsumexp_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const scan_options *o = c->options;
    fx_tensor *x = fx__contiguous_of(c->x[0]);
    gx[0] = fx__grad_new(c, 0);
    g = fx__contiguous_of(g);
    double *y = x && g && gx[0] ? fx__scratch(c->cx, sizeof(double) * (size_t)(o->count + 1)) : NULL;
    if (!y) return;
    for (int64_t chain = 0; x->numel && chain < o->outer * o->inner; chain++)
        logcumsumexp_chain(x, g, chain / o->inner * o->count * o->inner + chain % o->inner, o->count,
                           o->inner, y, gx[0]);
    fx__scratch_free(c->cx, y);
}

static const fx_op logcumsumexp_op = { .name = "logcumsumexp",
                                       .formula = "y_k = log(exp x_0 + ... + exp x_k)",
                                       .inputs = 1,
                                       .captures = FX_CAPTURE_X0,
                                       .options_size = sizeof(scan_options),
                                       .shape = fx_shape_same,
                                       .forward = scan_forward,
                                       .local_grad = logcumsumexp_local_grad,
                                       .local_grad_fused = logcumsumexp_local_grad_fused };

/* ---- cummax, cummin --------------------------------------------------------------------------------------
 */

static bool extreme_shape(const fx_call *c, fx_spec *y)
{
    (void)c;
    y[1].dtype = FX_I64;
    y[1].no_gradient = true;
    return true;
}

static void extreme_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const scan_options *o = c->options;
    if (g) gx[0] = fx__place(g, c->ys[1], c->shapes[0], o->mask, c->where);
}

#define EXTREME_OP(function, words)                                                                          \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = words,                                                   \
                                         .inputs = 1,                                                        \
                                         .outputs = 2,                                                       \
                                         .captures = FX_CAPTURE_Y_AT(1),                                     \
                                         .options_size = sizeof(scan_options),                               \
                                         .shape = extreme_shape,                                             \
                                         .forward = scan_forward,                                            \
                                         .local_grad = extreme_local_grad };
EXTREME_OP(cummax, "y_k = the largest of x_0 ... x_k, and where it is")
EXTREME_OP(cummin, "y_k = the least of x_0 ... x_k, and where it is")

static fx_tensor *scan(const fx_op *op, fx__scan_kind kind, fx_tensor *x, int64_t dim, fx_tensor **index,
                       fx_where where)
{
    fx__axes axes = { 0 };
    fx_tensor *ys[2];
    if (!x || !fx__mask_of_dim(x, dim, op->name, where, &axes)) return NULL;
    if (kind == FX__SCAN_LOGSUMEXP && !fx__is_floating(x, op->name, where)) return NULL;
    fx_dtype dtype = (fx_dtype)x->dtype;
    if (!fx_dtype_is_float(dtype)) x = fx__as(x, FX_I64, where);
    if (!x) return NULL;
    fx__lanes l = fx__lanes_of(x, axes.mask, false);
    scan_options o = options_of(&l);
    o.kind = (uint8_t)kind, o.mask = axes.mask;
    if (!fx_apply_at(op, (fx_list){ 1, &x }, &o, ys, where)) return NULL;
    bool extreme = kind == FX__SCAN_MAX || kind == FX__SCAN_MIN;
    fx_tensor *y = extreme ? fx__as(ys[0], dtype, where) : ys[0];
    if (y && index) *index = ys[1];
    return y;
}

fx_tensor *fx_cumsum_at(fx_cumsum_args a, fx_where where)
{
    return scan(&cumsum_op, FX__SCAN_SUM, fx__as(a.x, a.dtype, where), a.dim, NULL, where);
}

fx_tensor *fx_cumprod_at(fx_cumprod_args a, fx_where where)
{
    return scan(&cumprod_op, FX__SCAN_PRODUCT, fx__as(a.x, a.dtype, where), a.dim, NULL, where);
}

fx_tensor *fx_logcumsumexp_at(fx_logcumsumexp_args a, fx_where where)
{
    return scan(&logcumsumexp_op, FX__SCAN_LOGSUMEXP, a.x, a.dim, NULL, where);
}

fx_tensor *fx_cummax_at(fx_cummax_args a, fx_where where)
{
    return scan(&cummax_op, FX__SCAN_MAX, a.x, a.dim, a.indices, where);
}

fx_tensor *fx_cummin_at(fx_cummin_args a, fx_where where)
{
    return scan(&cummin_op, FX__SCAN_MIN, a.x, a.dim, a.indices, where);
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

#define SCAN_FIELDS(function, ...)                                                                           \
    static const fx_field function##_fields[] = {                                                            \
        FX__FIELD(fx_##function##_args, x, TENSOR, .torch = "input"),                                        \
        FX__FIELD(fx_##function##_args, dim, INT), __VA_ARGS__ FX__FIELDS_END                                \
    };
SCAN_FIELDS(cumsum, FX__FIELD(fx_cumsum_args, dtype, DTYPE, .optional = true), )
SCAN_FIELDS(cumprod, FX__FIELD(fx_cumprod_args, dtype, DTYPE, .optional = true), )
SCAN_FIELDS(logcumsumexp, )
SCAN_FIELDS(cummax, )
SCAN_FIELDS(cummin, )

#define SCAN_SAMPLES                                                                                         \
    "x=() dim=0\nx=() dim=-1\nx=(6) dim=0\nx=(1) dim=0\nx=(3,4) dim=0\nx=(3,4) dim=-1\nx=(2,3,2) "           \
    "dim=1\nx=(0,3) dim=0\n"                                                                                 \
    "x=(0,3) dim=1\nx=(3,0) dim=-1\nx=(20) dim=0\n! x=(2,3) dim=2\n! x=() dim=1\n"
#define NUMBER_SAMPLES                                                                                       \
    SCAN_SAMPLES "x=(5)i64 dim=0\nx=(2,3)i32 dim=1\nx=(4)bool dim=0\nx=~(3)i64 dim=0 dtype=float32\n"

FX__CALL(cumsum, fx_cumsum_args)
const fx_function fx__function_cumsum = { .name = "cumsum",
                                          .torch = "cumsum",
                                          .formula = "y_k = x_0 + ... + x_k along dim",
                                          .gradient = "gx_k = g_k + ... + g_(n-1)",
                                          .notes = "integers give int64",
                                          .fields = cumsum_fields,
                                          .args_size = sizeof(fx_cumsum_args),
                                          .call = cumsum_call,
                                          .samples = NUMBER_SAMPLES,
                                          .bench = "x=(1024,1024) dim=1\n" };

FX__CALL(cumprod, fx_cumprod_args)
const fx_function fx__function_cumprod = {
    .name = "cumprod",
    .torch = "cumprod",
    .formula = "y_k = x_0 ... x_k along dim",
    .gradient = "gx_m = x_0 ... x_(m-1) S_m, S_m = g_m + x_(m+1) S_(m+1)",
    .notes = "exact through zeros, to every order; integers give int64",
    .fields = cumprod_fields,
    .args_size = sizeof(fx_cumprod_args),
    .call = cumprod_call,
    .samples = NUMBER_SAMPLES "x=(3){2,0,3} dim=0\nx=(5){2,0,3,0,4} dim=0\n"
                              "x=(2,3){0,0,0,1,2,0} dim=1\n",
    .bench = "x=(1024,1024)@range:0.9:1.1 dim=1\n"
};

FX__CALL(logcumsumexp, fx_logcumsumexp_args)
const fx_function fx__function_logcumsumexp = {
    .name = "logcumsumexp",
    .torch = "logcumsumexp",
    .formula = "y_k = log(exp x_0 + ... + exp x_k) along dim",
    .gradient = "gx_j = exp(x_j - y_j) R_j, R_j = g_j + exp(y_j - y_(j+1)) R_(j+1)",
    .fields = logcumsumexp_fields,
    .args_size = sizeof(fx_logcumsumexp_args),
    .call = logcumsumexp_call,
    .samples = SCAN_SAMPLES "x=(4){1000,1000,999,1001} dim=0\nx=~(4){-inf,1,-inf,2} dim=0\n"
                            "x=(4){3,2,1,0} dim=0\n! x=(3)i64 dim=0\n",
    .bench = "x=(1024,1024) dim=1\n"
};

#define INDEXED_CALL(function)                                                                               \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        fx_##function##_args a = *(const fx_##function##_args *)args;                                        \
        a.indices = &out[1];                                                                                 \
        out[0] = fx_##function##_at(a, where);                                                               \
        return out[0] ? 2 : 0;                                                                               \
    }
#define EXTREME_SAMPLES                                                                                      \
    "x=() dim=0\nx=(6)@distinct dim=0\nx=(3,4)@distinct dim=0\nx=(3,4)@distinct dim=-1\nx=(2,3,2)@distinct " \
    "dim=1\n"                                                                                                \
    "x=(5){1,2,2,1,3} dim=0\nx=(4){3,3,1,1} dim=0\nx=~(3){1,nan,2} dim=0\nx=(0,3) dim=0\nx=(3,0) "           \
    "dim=1\nx=(5)i64 dim=0\n"                                                                                \
    "x=(2,3)u8 dim=1\n! x=(2,3) dim=2\n"

INDEXED_CALL(cummax)
const fx_function fx__function_cummax = { .name = "cummax",
                                          .torch = "cummax",
                                          .formula =
                                              "y_k = the largest of x_0 ... x_k along dim, and its index",
                                          .gradient = "gx gets each g at its index",
                                          .notes = "the index is the last of ties; NaN stays",
                                          .fields = cummax_fields,
                                          .args_size = sizeof(fx_cummax_args),
                                          .call = cummax_call,
                                          .samples = EXTREME_SAMPLES };

INDEXED_CALL(cummin)
const fx_function fx__function_cummin = { .name = "cummin",
                                          .torch = "cummin",
                                          .formula =
                                              "y_k = the least of x_0 ... x_k along dim, and its index",
                                          .gradient = "gx gets each g at its index",
                                          .notes = "the index is the last of ties; NaN stays",
                                          .fields = cummin_fields,
                                          .args_size = sizeof(fx_cummin_args),
                                          .call = cummin_call,
                                          .samples = EXTREME_SAMPLES };
