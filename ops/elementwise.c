/* Elementwise ops: a record for each row of unary.def and binary.def, and the functions they share.
 *
 * A row has up to three records, which differ in what is a tensor: f(x); f(a, b); f(a, number); f(number, b).
 * The number is an option of the node, so a constant costs no node and no input. A gradient is written once,
 * in the row: formulas.h expands it to ops, the kernels to a loop, which is used when no graph is wanted.
 */
#include "elementwise.h"

#include "autograd/small.h"
#include "formulas.h"
#include "loop.h"

#include <math.h>
#include <string.h>

/* What stands in a node beside its inputs. */
typedef struct elementwise_op {
    fx_op op;
    uint8_t row;
    uint8_t captures[2]; /* for the gradient in x or a, and in b: FX__ROW_X ... */
    bool passes[2];      /* the gradient is g itself */
    uint8_t number;      /* 1: a is a number, 2: b is */
    uint8_t parameters;
    fx__formula *formula; /* sets out[0], out[1] */
} elementwise_op;

static const elementwise_op *record_of(const fx_call *c)
{
    return (const elementwise_op *)(const void *)c->op;
}
static const double no_parameters[FX__ROW_NUMBERS];
/* A row's loop reads them all, a row without any too; a node has no place for what its op has not. */
static const double *parameters_of(const fx_call *c)
{
    return c->op->options_size ? c->options : no_parameters;
}

/* ---- dtypes and shapes --------------------------------------------------------------------------------- */

static int kind_of(fx_dtype dtype) { return dtype == FX_BOOL ? 0 : fx_dtype_is_float(dtype) ? 2 : 1; }

fx_dtype fx__result_dtype(fx_operand a, fx_operand b)
{
    if (fx_operand_is_number(a) || fx_operand_is_number(b)) {
        const fx_operand number = fx_operand_is_number(a) ? a : b;
        const fx_tensor *x = fx_operand_is_number(a) ? b.tensor : a.tensor;
        const fx_dtype dtype = (fx_dtype)x->dtype;
        if (fx_dtype_is_float(dtype)) return dtype;
        if (number.tensor == FX_NUMBER) return fx_default_dtype(x->cx);
        return dtype == FX_BOOL ? FX_I64 : dtype;
    }
    const fx_tensor *x = a.tensor, *y = b.tensor;
    const fx_dtype p = (fx_dtype)x->dtype, q = (fx_dtype)y->dtype;
    if ((x->ndim == 0) != (y->ndim == 0)) {
        const fx_dtype with = x->ndim ? p : q, without = x->ndim ? q : p;
        if (kind_of(with) >= kind_of(without)) return with;
    }
    return fx_promote(p, q);
}

bool fx__broadcast(const fx_call *c, const fx_tensor *a, const fx_tensor *b, fx_spec *y)
{
    if (a->ndim < b->ndim) {
        const fx_tensor *other = a;
        a = b;
        b = other;
    }
    y->ndim = a->ndim;
    const int missing = a->ndim - b->ndim;
    for (int d = 0; d < a->ndim; d++) {
        const int64_t p = a->size[d], q = d < missing ? 1 : b->size[d - missing];
        if (p != q && p != 1 && q != 1)
            return fx_call_fail(c, FX_ERROR_SHAPE, "shapes do not broadcast: %s and %s",
                                fx__shape_text(c->x[0]), fx__shape_text(c->x[c->inputs - 1]));
        y->size[d] = p == 1 ? q : p;
    }
    return true;
}

/* The dtype of what a row gives: floating where it is a row of floating numbers alone. */
static fx_dtype dtype_for(const fx_context *cx, bool integers, fx_dtype dtype)
{
    if (fx_dtype_is_float(dtype)) return dtype;
    return integers ? dtype : fx_default_dtype(cx);
}

static bool unary_shape(const fx_call *c, fx_spec *y)
{
    const bool integers = fx__kernels()->elementwise->unary[record_of(c)->row].value[FX__ELEMENT_I64];
    y->dtype = dtype_for(c->cx, integers, y->dtype);
    return true;
}

static bool binary_shape(const fx_call *c, fx_spec *y)
{
    const elementwise_op *r = record_of(c);
    const bool integers = fx__kernels()->elementwise->binary[r->row].value[FX__ELEMENT_I64];
    if (!r->number) {
        y->dtype = fx__result_dtype(fx_operand_tensor(c->x[0]), fx_operand_tensor(c->x[1]));
        if (!fx__broadcast(c, c->x[0], c->x[1], y)) return false;
    } else if (y->dtype == FX_BOOL)
        y->dtype = FX_I64;
    y->dtype = dtype_for(c->cx, integers, y->dtype);
    return true;
}

/* ---- forward ------------------------------------------------------------------------------------------- */

enum { SMALL = 1 << 15 }; /* numbers that one thread is quicker with */

typedef struct unary_job {
    fx__unary_value *value;
    const double *p;
} unary_job;

static void unary_run(const void *data, int64_t n, void *const *at, unsigned lone)
{
    const unary_job *j = data;
    (void)lone;
    j->value(n, at[0], at[1], j->p);
}

static void unary_values(fx_tensor *y, const fx_tensor *x, fx__unary_value *value, fx_dtype to, fx_dtype from,
                         const double *p)
{
    if (x->dtype == from && y->dtype == to && y->numel <= SMALL && fx__contiguous(x) && fx__contiguous(y)) {
        value(y->numel, y->data, x->data, p);
        return;
    }
    const unary_job j = { value, p };
    fx__loop l;
    fx__loop_start(&l, y);
    fx__loop_tensor(&l, y, to, true);
    fx__loop_tensor(&l, x, from, false);
    fx__loop_run(&l, unary_run, &j);
}

static void unary_forward(const fx_call *c)
{
    fx_tensor *y = c->y;
    const fx_dtype as = fx__computed_as((fx_dtype)y->dtype);
    unary_values(y, c->x[0], fx__kernels()->elementwise->unary[record_of(c)->row].value[fx__element_of(as)],
                 as, as, parameters_of(c));
}

static void binary_run(const void *data, int64_t n, void *const *at, unsigned lone)
{
    fx__binary_value *const *value = data;
    if (lone == 6) { /* both: a run of one number */
        for (int64_t i = 0; i < n; i++) (*value)(1, (char *)at[0] + i, at[1], at[2], FX__LONE_NONE);
        return;
    }
    (*value)(n, at[0], at[1], at[2], lone & 2 ? FX__LONE_A : lone & 4 ? FX__LONE_B : FX__LONE_NONE);
}

/* y = value(a, b) where one may be a number; to: what the kernel writes, from: what it reads. */
static void binary_values(fx_tensor *y, fx_operand a, fx_operand b, fx__binary_value *value, fx_dtype to,
                          fx_dtype from)
{
    const fx_tensor *p = fx_operand_is_number(a) ? NULL : a.tensor,
                    *q = fx_operand_is_number(b) ? NULL : b.tensor;
    if (p && q && p->dtype == from && q->dtype == from && y->dtype == to && y->numel <= SMALL &&
        p->numel == y->numel && q->numel == y->numel && fx__contiguous(p) && fx__contiguous(q)) {
        value(y->numel, y->data, p->data, q->data, FX__LONE_NONE);
        return;
    }
    fx__loop l;
    fx__loop_start(&l, y);
    fx__loop_tensor(&l, y, to, true);
    if (p)
        fx__loop_tensor(&l, p, from, false);
    else
        fx__loop_number(&l, a.number, from);
    if (q)
        fx__loop_tensor(&l, q, from, false);
    else
        fx__loop_number(&l, b.number, from);
    l.may_be_lone = !p || (q && q->numel != 1) ? 2 : 4;
    fx__loop_run(&l, binary_run, &value);
}

/* The operands of a binary call, whichever is a number. */
static void operands_of(const fx_call *c, fx_operand *a, fx_operand *b)
{
    const elementwise_op *r = record_of(c);
    *a = r->number == 1 ? fx_operand_number(*parameters_of(c)) : fx_operand_tensor(c->x[0]);
    *b = r->number == 2 ? fx_operand_number(*parameters_of(c)) : fx_operand_tensor(c->x[c->inputs - 1]);
}

static void binary_forward(const fx_call *c)
{
    fx_operand a, b;
    operands_of(c, &a, &b);
    const fx_dtype as = fx__computed_as((fx_dtype)c->y->dtype);
    binary_values(c->y, a, b, fx__kernels()->elementwise->binary[record_of(c)->row].value[fx__element_of(as)],
                  as, as);
}

/* ---- gradients as ops ---------------------------------------------------------------------------------- */

static unsigned captured(const fx_call *c)
{
    const elementwise_op *r = record_of(c);
    unsigned row = 0, captures = 0;
    if (r->number == 1 || !(c->needs & 1)) {
        if (r->number == 1 || (c->needs & 2)) row |= r->captures[1];
    } else {
        row |= r->captures[0];
        if (c->needs & 2) row |= r->captures[1];
    }
    if (row & FX__ROW_Y) captures |= FX_CAPTURE_Y;
    if (row & FX__ROW_A && r->number != 1) captures |= FX_CAPTURE_X0;
    if (row & FX__ROW_B && r->number != 2) captures |= r->number == 1 ? FX_CAPTURE_X0 : FX_CAPTURE_X1;
    return captures;
}

/* A gradient that came out as a number stands for a tensor of them. */
static fx_tensor *as_tensor(const fx_call *c, fx_operand gradient, int input, const fx_tensor *g)
{
    if (!fx_operand_is_number(gradient)) return gradient.tensor;
    (void)input;
    fx_dims sizes = fx_shape(g);
    return fx_full_at(c->cx, (fx_dtype)g->dtype, gradient.number, sizes, c->where);
}

static void formula_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const elementwise_op *r = record_of(c);
    const double *p = parameters_of(c);
    fx__terms t = { .where = c->where, .g = fx_operand_tensor(g), .y = fx_operand_tensor(c->y) };
    const bool want_a = r->number != 1 && fx_call_needs(c, 0);
    const bool want_b = r->number == 1 ? fx_call_needs(c, 0) : c->inputs == 2 && fx_call_needs(c, 1);
    if (r->number)
        operands_of(c, &t.a, &t.b);
    else {
        t.a = fx_operand_tensor(c->x[0]);
        if (c->inputs == 2) t.b = fx_operand_tensor(c->x[1]);
        for (int i = 0; i < r->parameters; i++) t.p[i] = fx_operand_number(p[i]);
    }
    fx_operand out[2] = { { NULL, 0 }, { NULL, 0 } };
    /* Captured inputs of a narrower type would be computed with in theirs. */
    fx_operand *const inputs[] = { &t.a, &t.b };
    for (int k = 0; k < 2; k++)
        if (inputs[k]->tensor && !fx_operand_is_number(*inputs[k]) && inputs[k]->tensor->dtype != g->dtype)
            *inputs[k] = fx_operand_tensor(fx__space.cast(inputs[k]->tensor, (fx_dtype)g->dtype, c->where));
    r->formula(&t, want_a, want_b, out);
    const bool zero_safe = c->cx->zero_safe;
    for (int k = 0; k < 2; k++) {
        if (k == 0 ? !want_a : !want_b) continue;
        if (zero_safe && !r->passes[k])
            out[k] =
                fx__op_select(c->where, fx__op_compare(c->where, FX__COMPARE_eq, t.g, fx_operand_number(0)),
                              fx_operand_number(0), out[k], t.g);
        const int input = r->number == 1 ? 0 : k;
        gx[input] = as_tensor(c, out[k], input, g);
    }
}

static void zero_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)g;
    for (int i = 0; i < c->inputs; i++)
        if (fx_call_needs(c, i)) gx[i] = fx__zeros_like(c->shapes[i]);
}

/* ---- gradients as loops -------------------------------------------------------------------------------- */

static bool ready(const fx_tensor *x, const fx_tensor *g)
{
    return !x || (x->dtype == g->dtype && x->numel == g->numel && fx__contiguous(x));
}

typedef struct gradient_job {
    fx__unary_gradient *unary;
    fx__binary_gradient *binary;
    const double *p;
    int at[6]; /* the places of ga, gb, g, a, b, y among the loop's operands; -1: not there */
} gradient_job;

static void unary_gradient_run(const void *data, int64_t n, void *const *at, unsigned lone)
{
    const gradient_job *j = data;
    (void)lone;
    j->unary(n, at[0], at[1], j->at[3] < 0 ? at[1] : at[j->at[3]], j->at[5] < 0 ? at[1] : at[j->at[5]], j->p);
}

/* Where the gradient in input i is written: over g, if that may end here. */
static fx_tensor *room(const fx_call *c, int i, fx_tensor *g, bool last)
{
    const fx_tensor *x = c->shapes[i];
    if (x->dtype == g->dtype && x->numel == g->numel && x->ndim == g->ndim && fx__contiguous(g))
        return last ? fx__grad_reuse(c, i, g) : fx__grad_new(c, i);
    return fx__grad_shaped(c, (fx_dtype)g->dtype, g->ndim, g->size);
}

/* Where a gradient goes: written, or added to what others have come to. */
typedef struct destination {
    fx_tensor *to; /* NULL: after an error */
    bool added;
} destination;

static destination destination_of(const fx_call *c, int i, fx_tensor *g, bool last, fx_tensor *gx[])
{
    fx_tensor *const sum = fx__grad_sum(c, i);
    if (sum && sum->dtype == g->dtype && sum->numel == g->numel) return (destination){ sum, true };
    gx[i] = room(c, i, g, last);
    return (destination){ gx[i], false };
}

static void written(fx__loop *l, destination d, fx_dtype as)
{
    if (d.added)
        fx__loop_sum(l, d.to);
    else
        fx__loop_tensor(l, d.to, as, true);
}

static void unary_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    if (c->cx->zero_safe) {
        formula_local_grad(c, g, gx);
        return;
    }
    const fx_tensor *x = c->x[0], *y = c->y;
    fx__unary_gradient *gradient =
        fx__kernels()->elementwise->unary[record_of(c)->row].gradient[fx__element_of((fx_dtype)g->dtype)];
    if (g->dtype == c->shapes[0]->dtype && g->numel <= SMALL && fx__contiguous(g) && ready(x, g) &&
        ready(y, g)) {
        fx_tensor *to = gx[0] = fx__grad_reuse(c, 0, g);
        if (to)
            gradient(g->numel, to->data, g->data, x ? x->data : g->data, y ? y->data : g->data,
                     parameters_of(c));
        return;
    }
    const destination to = destination_of(c, 0, g, true, gx);
    if (!to.to) return;
    const fx_dtype as = (fx_dtype)g->dtype;
    gradient_job j = { .unary = gradient, .p = parameters_of(c), .at = { 0, -1, 1, -1, -1, -1 } };
    fx__loop l;
    fx__loop_start(&l, g);
    written(&l, to, as);
    fx__loop_tensor(&l, g, as, false);
    if (x) j.at[3] = l.count, fx__loop_tensor(&l, x, as, false);
    if (y) j.at[5] = l.count, fx__loop_tensor(&l, y, as, false);
    fx__loop_run(&l, unary_gradient_run, &j);
}

static void binary_gradient_run(const void *data, int64_t n, void *const *at, unsigned lone)
{
    const gradient_job *j = data;
    void *const g = at[j->at[2]];
    (void)lone;
#define AT(k, otherwise) (j->at[k] < 0 ? otherwise : at[j->at[k]])
    j->binary(n, AT(0, NULL), AT(1, NULL), g, AT(3, g), AT(4, g), AT(5, g));
#undef AT
}

/* Where one operand is a number: spread over a run, once. */
static void number_gradient(fx__binary_gradient *gradient, double number, bool first, const fx_tensor *g,
                            fx_tensor *to, const fx_tensor *x, const fx_tensor *y)
{
    enum { RUN = 256 };
    _Alignas(64) char spread[RUN * sizeof(double)];
    const int64_t run = g->numel < RUN ? g->numel : RUN;
    const size_t item = g->dtype == FX_F32 ? sizeof(float) : sizeof(double);
    for (int64_t i = 0; i < run; i++)
        if (g->dtype == FX_F32)
            ((float *)(void *)spread)[i] = (float)number;
        else
            ((double *)(void *)spread)[i] = number;
    for (int64_t at = 0; at < g->numel; at += RUN) {
        const int64_t n = g->numel - at < RUN ? g->numel - at : RUN;
        const size_t bytes = (size_t)at * item;
        const char *gs = g->data + bytes, *xs = x ? x->data + bytes : gs, *ys = y ? y->data + bytes : gs;
        if (first)
            gradient(n, NULL, to->data + bytes, gs, spread, xs, ys);
        else
            gradient(n, to->data + bytes, NULL, gs, xs, spread, ys);
    }
}

/* x, where a gradient is read beside g, or the gradient in it written: alike, without gaps. */
static inline bool alike(const fx_tensor *x, const fx_tensor *g)
{
    return x->dtype == g->dtype && x->numel == g->numel && x->ndim == g->ndim && fx__contiguous(x);
}

/* The gradients of two small tensors of one shape: no plan, no loop. False: it is no such case. */
static inline bool binary_fused_small(const fx_call *c, const elementwise_op *r, fx_tensor *g,
                                      fx_tensor *gx[])
{
    const fx_tensor *a = c->x[0], *b = c->x[1], *y = c->y;
    if (r->number || g->numel > SMALL || !fx__contiguous(g) || !alike(c->shapes[0], g) ||
        !alike(c->shapes[1], g) || (a && !fx__contiguous(a)) || (b && !fx__contiguous(b)) ||
        (y && !alike(y, g)))
        return false;
    const bool write_a = c->needs & 1 && !r->passes[0], write_b = c->needs & 2 && !r->passes[1];
    void *to_a = NULL, *to_b = NULL;
    if (c->needs & 1 && !write_a) gx[0] = g;
    if (c->needs & 2 && !write_b) gx[1] = g;
    if (!write_a && !write_b) return true;
    if (write_b) {
        fx_tensor *to = gx[1] = c->needs & 1 && !write_a ? fx__grad_new(c, 1) : fx__grad_reuse(c, 1, g);
        if (!to) return true;
        to_b = to->data;
    }
    if (write_a) {
        fx_tensor *to = gx[0] = c->needs & 2 ? fx__grad_new(c, 0) : fx__grad_reuse(c, 0, g);
        if (!to) return true;
        to_a = to->data;
    }
    fx__kernels()->elementwise->binary[r->row].gradient[fx__element_of((fx_dtype)g->dtype)](
        g->numel, to_a, to_b, g->data, a ? a->data : g->data, b ? b->data : g->data, y ? y->data : g->data);
    return true;
}

static void binary_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    if (c->cx->zero_safe) {
        formula_local_grad(c, g, gx);
        return;
    }
    const elementwise_op *r = record_of(c);
    if (binary_fused_small(c, r, g, gx)) return;
    const int second = r->number == 1 ? 0 : 1;
    const bool want_a = r->number != 1 && fx_call_needs(c, 0),
               want_b = r->number != 2 && fx_call_needs(c, second);
    const bool write_a = want_a && !r->passes[0], write_b = want_b && !r->passes[1];
    if (want_a && !write_a) gx[0] = g;
    if (want_b && !write_b) gx[second] = g;
    if (!write_a && !write_b) return;
    destination ga = { NULL, false }, gb = { NULL, false };
    if (write_a) ga = destination_of(c, 0, g, !want_b, gx);
    if (write_b && write_a && c->shapes[0] == c->shapes[1])
        gb = (destination){ ga.to, true }; /* f(x, x) */
    else if (write_b)
        gb = destination_of(c, second, g, !want_a, gx);
    if ((write_a && !ga.to) || (write_b && !gb.to)) return;
    fx__binary_gradient *gradient =
        fx__kernels()->elementwise->binary[r->row].gradient[fx__element_of((fx_dtype)g->dtype)];
    const fx_tensor *a = r->number == 1 ? NULL : c->x[0], *b = r->number == 2 ? NULL : c->x[second],
                    *y = c->y;
    if (r->number && g->numel <= SMALL && fx__contiguous(g) && ready(a, g) && ready(b, g) && ready(y, g) &&
        !ga.added && !gb.added) {
        number_gradient(gradient, *parameters_of(c), r->number == 1, g, ga.to ? ga.to : gb.to, a ? a : b, y);
        return;
    }
    const fx_dtype as = (fx_dtype)g->dtype;
    gradient_job j = { .binary = gradient, .at = { -1, -1, -1, -1, -1, -1 } };
    fx__loop l;
    fx__loop_start(&l, g);
    if (write_a) j.at[0] = l.count, written(&l, ga, as);
    if (write_b) j.at[1] = l.count, written(&l, gb, as);
    j.at[2] = l.count, fx__loop_tensor(&l, g, as, false);
    if (a) j.at[3] = l.count, fx__loop_tensor(&l, a, as, false);
    if (b) j.at[4] = l.count, fx__loop_tensor(&l, b, as, false);
    if (r->number) j.at[r->number == 1 ? 3 : 4] = l.count, fx__loop_number(&l, *parameters_of(c), as);
    if (y) j.at[5] = l.count, fx__loop_tensor(&l, y, as, false);
    fx__loop_run(&l, binary_gradient_run, &j);
}

/* ---- the records --------------------------------------------------------------------------------------- */

enum { NONE = 0, X = FX__ROW_A, A = FX__ROW_A, B = FX__ROW_B, Y = FX__ROW_Y };

/* An argument of one letter is g. */
#define PASSES(gradient) (sizeof(#gradient) == 2)
#define UNARY_OP(row_name, text, count, capture, gradient_passes, grad, fused, gradient_formula)             \
    [FX__UNARY_##row_name] = { .op = { .name = #row_name,                                                    \
                                       .formula = text,                                                      \
                                       .inputs = 1,                                                          \
                                       .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y,                             \
                                       .captured = captured,                                                 \
                                       .options_size = (count) ? FX__ROW_NUMBERS * sizeof(double) : 0,       \
                                       .strided = true,                                                      \
                                       .shape = unary_shape,                                                 \
                                       .forward = unary_forward,                                             \
                                       .local_grad = grad,                                                   \
                                       .local_grad_fused = fused },                                          \
                               .row = FX__UNARY_##row_name,                                                  \
                               .captures = { capture },                                                      \
                               .passes = { gradient_passes },                                                \
                               .parameters = count,                                                          \
                               .formula = gradient_formula },
#define UNARY(name, capture, value, gradient, text, ...)                                                     \
    UNARY_OP(name, "y = " text, 0, capture, PASSES(gradient), formula_local_grad,                            \
             PASSES(gradient) ? NULL : unary_fused, formula_##name)
#define INNER(name, capture, value, gradient)                                                                \
    UNARY_OP(name, #value, 0, capture, PASSES(gradient), formula_local_grad, unary_fused, formula_##name)
#define PARAMETRIC(name, count, capture, value, gradient)                                                    \
    UNARY_OP(name, #value, count, capture, false, formula_local_grad, unary_fused, formula_##name)
#define STEP(name, value, text, ...) UNARY_OP(name, "y = " text, 0, NONE, false, zero_local_grad, NULL, NULL)
#define TEST(name, ...)
#define INTEGER(name, value)
static const elementwise_op unary_ops[] = {
#include "unary.def"
};
#undef UNARY
#undef INNER
#undef PARAMETRIC
#undef STEP
#undef TEST

#define BINARY_OP(row_name, text, lone_number, capture_a, capture_b, pass_a, pass_b, grad, fused,            \
                  gradient_formula)                                                                          \
    {                                                                                                        \
        .op = { .name = #row_name,                                                                           \
                .formula = text,                                                                             \
                .inputs = (lone_number) ? 1 : 2,                                                             \
                .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1 | FX_CAPTURE_Y,                                    \
                .captured = captured,                                                                        \
                .options_size = (lone_number) ? sizeof(double) : 0,                                          \
                .strided = true,                                                                             \
                .shape = binary_shape,                                                                       \
                .forward = binary_forward,                                                                   \
                .local_grad = grad,                                                                          \
                .local_grad_fused = fused },                                                                 \
        .row = FX__BINARY_##row_name, .captures = { capture_a, capture_b }, .passes = { pass_a, pass_b },    \
        .number = lone_number, .formula = gradient_formula                                                   \
    }
#define BINARY_OPS(name, text, ...)                                                                          \
    [FX__BINARY_##name] = { BINARY_OP(name, text, 0, __VA_ARGS__), BINARY_OP(name, text, 1, __VA_ARGS__),    \
                            BINARY_OP(name, text, 2, __VA_ARGS__) },
#define BINARY(name, capture_a, capture_b, value, gradient_a, gradient_b, text, ...)                         \
    BINARY_OPS(name, "y = " text, capture_a, capture_b, PASSES(gradient_a), PASSES(gradient_b),              \
               formula_local_grad, binary_fused, formula_##name)
#define BINARY_INNER(name, capture_a, capture_b, value, gradient_a, gradient_b)                              \
    BINARY_OPS(name, #value, capture_a, capture_b, PASSES(gradient_a), PASSES(gradient_b),                   \
               formula_local_grad, binary_fused, formula_##name)
#define BINARY_STEP(name, value, text, ...)                                                                  \
    BINARY_OPS(name, "y = " text, NONE, NONE, false, false, zero_local_grad, NULL, NULL)
#define COMPARE(name, ...)
static const elementwise_op binary_ops[][3] = {
#include "binary.def"
};
#undef BINARY
#undef BINARY_INNER
#undef BINARY_STEP
#undef COMPARE
#undef INTEGER

/* ---- calls --------------------------------------------------------------------------------------------- */

static inline bool small_enough(const fx_tensor *x)
{
    return fx__plain(x) && fx_dtype_is_float((fx_dtype)x->dtype) && fx__small_context(x->cx);
}

static inline fx__element element_of(const fx_tensor *x)
{
    return x->dtype == FX_F32 ? FX__ELEMENT_F32 : FX__ELEMENT_F64;
}

static inline unsigned captures_of(unsigned row, unsigned a, unsigned b)
{
    return (row & FX__ROW_Y ? FX_CAPTURE_Y : 0) | (row & FX__ROW_A ? a : 0) | (row & FX__ROW_B ? b : 0);
}

static fx_tensor *unary_small(const elementwise_op *r, fx_tensor *x, const double *p, fx_where where)
{
    fx_tensor *y = fx__new_alike(x);
    if (!y) return NULL;
    fx__kernels()->elementwise->unary[r->row].value[element_of(x)](x->numel, y->data, x->data,
                                                                   p ? p : no_parameters);
    if (x->cx->mode != FX_GRAD_ON) return y;
    const uint64_t failures = x->cx->failures;
    fx_node *edge = fx__small_edge(x);
    if (!edge) return x->cx->failures == failures ? y : NULL;
    const unsigned captures = captures_of(r->captures[0], FX_CAPTURE_X0, 0);
    return fx__record_small(&r->op, 1, &x, &edge, y, p, captures, where) ? y : NULL;
}

static fx_tensor *number_small(const elementwise_op *r, fx_tensor *x, double number, fx_where where)
{
    fx_tensor *y = fx__new_alike(x);
    if (!y) return NULL;
    const fx__element element = element_of(x);
    const union {
        float f32;
        double f64;
    } other = element == FX__ELEMENT_F32 ? (__typeof__(other)){ .f32 = (float)number }
                                         : (__typeof__(other)){ .f64 = number };
    const bool first = r->number == 1;
    fx__kernels()->elementwise->binary[r->row].value[element](
        x->numel, y->data, first ? (const void *)&other : x->data, first ? x->data : (const void *)&other,
        first ? FX__LONE_A : FX__LONE_B);
    if (x->cx->mode != FX_GRAD_ON) return y;
    const uint64_t failures = x->cx->failures;
    fx_node *edge = fx__small_edge(x);
    if (!edge) return x->cx->failures == failures ? y : NULL;
    const unsigned captures =
        first ? captures_of(r->captures[1], 0, FX_CAPTURE_X0) : captures_of(r->captures[0], FX_CAPTURE_X0, 0);
    return fx__record_small(&r->op, 1, &x, &edge, y, &number, captures, where) ? y : NULL;
}

static fx_tensor *binary_small(const elementwise_op *r, fx_tensor *a, fx_tensor *b, fx_where where)
{
    fx_tensor *y = fx__new_alike(a);
    if (!y) return NULL;
    fx__kernels()->elementwise->binary[r->row].value[element_of(a)](a->numel, y->data, a->data, b->data,
                                                                    FX__LONE_NONE);
    if (a->cx->mode != FX_GRAD_ON) return y;
    const uint64_t failures = a->cx->failures;
    fx_tensor *const x[] = { a, b };
    fx_node *const edge[] = { fx__small_edge(a), fx__small_edge(b) };
    if (a->cx->failures != failures) return NULL;
    if (!edge[0] && !edge[1]) return y;
    const unsigned row = (edge[0] ? r->captures[0] : 0u) | (edge[1] ? r->captures[1] : 0u);
    return fx__record_small(&r->op, 2, x, edge, y, NULL, captures_of(row, FX_CAPTURE_X0, FX_CAPTURE_X1),
                            where)
               ? y
               : NULL;
}

fx_tensor *fx__unary(fx__unary_row row, fx_tensor *x, const double *p, fx_where where)
{
    if (x && small_enough(x)) return unary_small(&unary_ops[row], x, p, where);
    return fx_apply_at(&unary_ops[row].op, (fx_list){ 1, &x }, p, NULL, where);
}

static fx_tensor *binary_number(fx__binary_row row, fx_tensor *x, fx_operand number, bool first,
                                fx_where where)
{
    if (!x) return NULL;
    const elementwise_op *r = &binary_ops[row][first ? 1 : 2];
    if (small_enough(x)) return number_small(r, x, number.number, where);
    if (number.tensor == FX_NUMBER &&
        !fx_dtype_is_float((fx_dtype)x->dtype)) /* a real number makes it real */
        x = fx__space.cast(x, fx_default_dtype(x->cx), where);
    return fx_apply_at(&r->op, (fx_list){ 1, &x }, &number.number, NULL, where);
}

fx_tensor *fx__binary(fx__binary_row row, fx_operand a, fx_operand b, fx_where where)
{
    const bool a_number = fx_operand_is_number(a), b_number = fx_operand_is_number(b);
    if (a_number && b_number) return NULL;
    if (a_number) return binary_number(row, b.tensor, a, true, where);
    if (b_number) return binary_number(row, a.tensor, b, false, where);
    if (a.tensor && b.tensor && small_enough(a.tensor) && fx__plain_alike(a.tensor, b.tensor))
        return binary_small(&binary_ops[row][0], a.tensor, b.tensor, where);
    return fx_apply_at(&binary_ops[row][0].op, (fx_list){ 2, (fx_tensor *[]){ a.tensor, b.tensor } }, NULL,
                       NULL, where);
}

/* ---- comparisons and tests: bool, of any dtype, without gradients ------------------------------------- */

typedef struct compare_op {
    fx_op op;
    uint8_t row, number;
} compare_op;

static bool compare_shape(const fx_call *c, fx_spec *y)
{
    y->dtype = FX_BOOL;
    return c->inputs == 1 || fx__broadcast(c, c->x[0], c->x[1], y);
}

static void compare_forward(const fx_call *c)
{
    const compare_op *r = (const compare_op *)(const void *)c->op;
    const fx_operand a = r->number == 1 ? fx_operand_number(*parameters_of(c)) : fx_operand_tensor(c->x[0]);
    const fx_operand b =
        r->number == 2 ? fx_operand_number(*parameters_of(c)) : fx_operand_tensor(c->x[c->inputs - 1]);
    const fx_operand left = r->number == 1 ? (fx_operand){ FX_INTEGER, 0 } : a;
    const fx_operand right = r->number == 2 ? (fx_operand){ FX_INTEGER, 0 } : b;
    fx_dtype as = fx__computed_as(fx__result_dtype(left, right));
    /* An integer beside a real number is compared as a real. */
    if (r->number && as == FX_I64 && parameters_of(c)[0] != rint(parameters_of(c)[0])) as = FX_F64;
    binary_values(c->y, a, b, fx__kernels()->elementwise->compare[r->row][fx__element_of(as)], FX_BOOL, as);
}

#define COMPARE_OP(row_name, lone_number)                                                                    \
    {                                                                                                        \
        .op = { .name = #row_name,                                                                           \
                .inputs = (lone_number) ? 1 : 2,                                                             \
                .options_size = (lone_number) ? sizeof(double) : 0,                                          \
                .strided = true,                                                                             \
                .shape = compare_shape,                                                                      \
                .forward = compare_forward },                                                                \
        .row = FX__COMPARE_##row_name, .number = lone_number                                                 \
    }
#define BINARY(name, ...)
#define BINARY_INNER(name, ...)
#define BINARY_STEP(name, ...)
#define INTEGER(name, value)
#define COMPARE(name, ...) { COMPARE_OP(name, 0), COMPARE_OP(name, 1), COMPARE_OP(name, 2) },
static const compare_op compare_ops[][3] = {
#include "binary.def"
};
#undef BINARY
#undef BINARY_INNER
#undef BINARY_STEP
#undef COMPARE

fx_tensor *fx__compare(fx__compare_row row, fx_operand a, fx_operand b, fx_where where)
{
    const bool a_number = fx_operand_is_number(a), b_number = fx_operand_is_number(b);
    if (!a_number && !b_number)
        return fx_apply_at(&compare_ops[row][0].op, (fx_list){ 2, (fx_tensor *[]){ a.tensor, b.tensor } },
                           NULL, NULL, where);
    if (a_number && b_number) return NULL;
    fx_tensor *x = a_number ? b.tensor : a.tensor;
    return fx_apply_at(&compare_ops[row][a_number ? 1 : 2].op, (fx_list){ 1, &x },
                       a_number ? &a.number : &b.number, NULL, where);
}

static void test_forward(const fx_call *c)
{
    const compare_op *r = (const compare_op *)(const void *)c->op;
    const fx_dtype as = fx__computed_as((fx_dtype)c->x[0]->dtype);
    unary_values(c->y, c->x[0], fx__kernels()->elementwise->test[r->row][fx__element_of(as)], FX_BOOL, as,
                 no_parameters);
}

#define UNARY(name, ...)
#define INNER(name, ...)
#define PARAMETRIC(name, ...)
#define STEP(name, ...)
#define TEST(row_name, ...)                                                                                  \
    { .op = { .name = #row_name,                                                                             \
              .inputs = 1,                                                                                   \
              .strided = true,                                                                               \
              .shape = compare_shape,                                                                        \
              .forward = test_forward },                                                                     \
      .row = FX__TEST_##row_name },
static const compare_op test_ops[] = {
#include "unary.def"
};
#undef UNARY
#undef INNER
#undef PARAMETRIC
#undef STEP
#undef TEST
#undef INTEGER

static fx_tensor *test(fx__test_row row, fx_tensor *x, fx_where where)
{
    return fx_apply_at(&test_ops[row].op, (fx_list){ 1, &x }, NULL, NULL, where);
}

/* ---- the public functions and their records ------------------------------------------------------------ */

#define ON(domain) "x=(3,4)@" domain "\nx=()@" domain "\nx=(0,2)@" domain "\nx=(2,1,3)@" domain "\n"
#define BOTH(a, b)                                                                                           \
    "a=(3,4)@" a " b=(3,4)@" b "\na=(3,4)@" a " b=(4)@" b "\na=(3,1)@" a " b=(2,1,4)@" b "\na=()@" a         \
    " b=(2,3)@" b "\na=(2,3)@" a " b=()@" b "\na=(0,3)@" a " b=(3)@" b "\na=(2,3)@" a                        \
    " b=1.5\na=1.5 b=(2,3)@" b "\na=(2,2)f32@" a " b=(2,2)f64@" b "\n!a=(2,3)@" a " b=(4)@" b "\n"

static const fx_field unary_fields[] = { FX__FIELD(fx_unary_args, x, TENSOR, .torch = "input,self"),
                                         FX__FIELDS_END };
static const fx_field binary_fields[] = { FX__FIELD(fx_binary_args, a, OPERAND, .torch = "input,self"),
                                          FX__FIELD(fx_binary_args, b, OPERAND, .torch = "other,exponent"),
                                          FX__FIELDS_END };

#define FUNCTION1(function, text, words, note, names, lines, integer, run)                                   \
    fx_tensor *fx_##function##_at(fx_tensor *x, fx_where where) { return run; }                              \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        out[0] = fx_##function##_at(((const fx_unary_args *)args)->x, where);                                \
        return out[0] ? 1 : 0;                                                                               \
    }                                                                                                        \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = names,                                            \
                                                  .formula = text,                                           \
                                                  .gradient = words,                                         \
                                                  .notes = note,                                             \
                                                  .fields = unary_fields,                                    \
                                                  .args_size = sizeof(fx_unary_args),                        \
                                                  .call = function##_call,                                   \
                                                  .samples = lines,                                          \
                                                  .bench = "x=(1000,1000)@pos",                              \
                                                  .integer_result = integer };
#define IN_PLACE1(function)                                                                                  \
    fx_tensor *fx_##function##_in_place_at(fx_tensor *x, fx_where where)                                     \
    {                                                                                                        \
        return fx__assign(x, fx_##function##_at(x, where), #function "_", where);                            \
    }
#define UNARY(name, capture, value, gradient, text, words, note, names, lines)                               \
    FUNCTION1(name, text, words, note, names, lines, false, fx__unary(FX__UNARY_##name, x, NULL, where))     \
    IN_PLACE1(name)
#define STEP(name, value, text, names, lines)                                                                \
    FUNCTION1(name, text, "0", NULL, names, lines, false, fx__unary(FX__UNARY_##name, x, NULL, where))       \
    IN_PLACE1(name)
#define TEST(name, value, text, names)                                                                       \
    FUNCTION1(name, text, NULL, NULL, names, ON("real") "x=(5){0,1,inf,-inf,nan}\n", true,                   \
              test(FX__TEST_##name, x, where))
#define INNER(name, ...)
#define PARAMETRIC(name, ...)
#define INTEGER(name, value)
#include "unary.def"
#undef UNARY
#undef STEP
#undef TEST
#undef INNER
#undef PARAMETRIC

#define FUNCTION2(function, text, words, note, names, lines, integer, run)                                   \
    fx_tensor *fx_##function##_at(fx_operand a, fx_operand b, fx_where where) { return run; }                \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        const fx_binary_args *p = args;                                                                      \
        out[0] = fx_##function##_at(p->a, p->b, where);                                                      \
        return out[0] ? 1 : 0;                                                                               \
    }                                                                                                        \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = names,                                            \
                                                  .formula = text,                                           \
                                                  .gradient = words,                                         \
                                                  .notes = note,                                             \
                                                  .fields = binary_fields,                                   \
                                                  .args_size = sizeof(fx_binary_args),                       \
                                                  .call = function##_call,                                   \
                                                  .samples = lines,                                          \
                                                  .bench = "a=(1000,1000)@pos b=(1000,1000)@pos",            \
                                                  .integer_result = integer };
#define IN_PLACE2(function)                                                                                  \
    fx_tensor *fx_##function##_in_place_at(fx_tensor *a, fx_operand b, fx_where where)                       \
    {                                                                                                        \
        return fx__assign(a, fx_##function##_at(fx_operand_tensor(a), b, where), #function "_", where);      \
    }
#define BINARY(name, capture_a, capture_b, value, gradient_a, gradient_b, text, words, note, names, lines)   \
    FUNCTION2(name, text, words, note, names, lines, false, fx__binary(FX__BINARY_##name, a, b, where))      \
    IN_PLACE2(name)
#define BINARY_STEP(name, value, text, note, names, lines)                                                   \
    FUNCTION2(name, text, "0", note, names, lines, false, fx__binary(FX__BINARY_##name, a, b, where))        \
    IN_PLACE2(name)
#define COMPARE(name, value, text, names)                                                                    \
    FUNCTION2(name, text, NULL, NULL, names, BOTH("real", "real") "a=(4){1,2,nan,inf} b=(4){1,3,nan,inf}\n", \
              true, fx__compare(FX__COMPARE_##name, a, b, where))
#define BINARY_INNER(name, ...)
#include "binary.def"
