/* A recurrent layer: the op, its gradient as a formula, and its record.
 *
 * The formula takes the slopes of all steps at once; only the two chains through h and c go step by step. It
 * reads what the op put out (h, c and the sums), whose own gradients make higher derivatives.
 */
#include "recurrent.h"

#include "shape.h"
#include "terms.h"

fx__recur_sizes fx__recur_sizes_of(const fx_call *c)
{
    const fx_tensor *x = c->shapes[0], *weight = c->shapes[1];
    const int cell = fx__recur_options_of(c)->cell;
    const int64_t gates = fx__cell_gates(cell);
    return (fx__recur_sizes){ .steps = x->size[0],
                              .batch = x->size[1],
                              .width = x->size[2] / gates,
                              .state = weight->size[1],
                              .gates = gates,
                              .kept = fx__cell_kept(cell) };
}

/* ---- shapes ---------------------------------------------------------------------------------------------
 */

static const fx_tensor *shape_of(const fx_call *c, fx__recur_input which)
{
    return fx__recur_has(c, which) ? c->shapes[fx__recur_options_of(c)->at[which]] : NULL;
}

static bool has_sizes(const fx_tensor *x, int ndim, int64_t first, int64_t second)
{
    return !x || (x->ndim == ndim && x->size[0] == first && (ndim < 2 || x->size[1] == second));
}

static bool dtypes_fit(const fx_call *c)
{
    const fx_tensor *lengths = shape_of(c, RECUR_LENGTHS);
    for (int i = 0; i < c->inputs; i++) {
        const fx_tensor *x = c->x[i];
        const fx_dtype dtype = (fx_dtype)x->dtype;
        if (x == lengths && i == c->inputs - 1) {
            if (dtype == FX_I64 || dtype == FX_I32 || dtype == FX_U8) continue;
            return fx_call_fail(c, FX_ERROR_DTYPE, "lengths are integers, not %s", fx_dtype_name(dtype));
        }
        if (!fx_dtype_is_float(dtype) || dtype != (fx_dtype)c->x[0]->dtype)
            return fx_call_fail(c, FX_ERROR_DTYPE, "all are float32 or all float64: input %d is %s, x %s", i,
                                fx_dtype_name(dtype), fx_dtype_name((fx_dtype)c->x[0]->dtype));
    }
    return true;
}

static bool recur_shape(const fx_call *c, fx_spec *y)
{
    const fx__recur_options *o = c->options;
    const bool lstm = o->cell == FX_CELL_LSTM;
    const fx_tensor *x = c->x[0], *weight = c->x[1], *project = shape_of(c, RECUR_PROJECT);
    if (!dtypes_fit(c)) return false;
    const int64_t gates = fx__cell_gates(o->cell);
    if (x->ndim != 3 || weight->ndim != 2 || x->size[2] % gates || weight->size[0] != x->size[2])
        return fx_call_fail(c, FX_ERROR_SHAPE,
                            "x must be (T, B, %lld H) and weight (%lld H, R), not %s and %s",
                            (long long)gates, (long long)gates, fx__shape_text(x), fx__shape_text(weight));
    const fx__recur_sizes n = fx__recur_sizes_of(c);
    if (!lstm && (project || fx__recur_has(c, RECUR_C)))
        return fx_call_fail(c, FX_ERROR_ARGUMENT, "only an LSTM has c and a projection");
    if (project ? !has_sizes(project, 2, n.state, n.width) : n.state != n.width)
        return fx_call_fail(c, FX_ERROR_SHAPE, "weight is %s and project %s, for H = %lld units",
                            fx__shape_text(weight), project ? fx__shape_text(project) : "not there",
                            (long long)n.width);
    if (!has_sizes(shape_of(c, RECUR_BIAS), 1, x->size[2], 0) ||
        !has_sizes(shape_of(c, RECUR_H), 2, n.batch, n.state) ||
        !has_sizes(shape_of(c, RECUR_C), 2, n.batch, n.width) ||
        !has_sizes(shape_of(c, RECUR_LENGTHS), 1, n.batch, 0))
        return fx_call_fail(c, FX_ERROR_SHAPE,
                            "with x %s and weight %s, bias is (%lld), h (%lld, %lld), c (%lld, %lld) and "
                            "lengths (%lld)",
                            fx__shape_text(x), fx__shape_text(weight), (long long)x->size[2],
                            (long long)n.batch, (long long)n.state, (long long)n.batch, (long long)n.width,
                            (long long)n.batch);
    y[RECUR_Y].size[2] = n.state;
    y[RECUR_KEPT].size[2] = n.kept * n.width;
    if (lstm) y[RECUR_CELLS].size[2] = n.width;
    return true;
}

static int recur_outputs(const fx_call *c) { return fx__recur_options_of(c)->cell == FX_CELL_LSTM ? 3 : 2; }

/* ---- the formula ----------------------------------------------------------------------------------------
 */

static fx_tensor *neg(fx_tensor *x, fx_where where) { return fx_neg_at(x, where); }

/* sigmoid's slope and tanh's, of sums, without cancellation. */
static fx_tensor *sigmoid_slope(fx_tensor *x, fx_where where)
{
    return x ? MUL(FN(sigmoid, x), FN(sigmoid, neg(x, where))) : NULL;
}
static fx_tensor *tanh_slope(fx_tensor *x, fx_where where) { return MUL(4, sigmoid_slope(MUL(2, x), where)); }

/* What all steps share, (T, B, H) each, and the chains. */
typedef struct formula {
    const fx_call *c;
    fx__recur_sizes n;
    fx_where where;
    fx_tensor *h, *cell;          /* before each step; cell of an LSTM */
    fx_tensor *active;            /* (T, B, 1) of bool; NULL: all */
    fx_tensor *slope[4], *keep;   /* what each sum's gradient is multiplied by, from h or c; what passes on */
    fx_tensor *pass[2];           /* from h to c, or to the reset gate; of q */
    fx_tensor *chain_h, *chain_c; /* (B, R), (B, H): on their way; NULL: nothing */
    fx_tensor *project;
} formula;

static fx_tensor *zeros(const formula *f, int ndim, const int64_t *size)
{
    fx_dims dims = { true, ndim, { 0 } };
    for (int i = 0; i < ndim; i++) dims.at[i] = size[i];
    return fx_full_at(f->c->cx, (fx_dtype)f->c->shapes[0]->dtype, 0, dims, f->where);
}

/* (T, B, 1): whether step t + shift is one of each sequence. */
static fx_tensor *activity(const formula *f, int64_t shift)
{
    const fx_tensor *lengths = fx__recur_input_of(f->c, RECUR_LENGTHS);
    fx_tensor *mask = fx__new(f->c->cx, FX_BOOL, 3, (const int64_t[]){ f->n.steps, f->n.batch, 1 }, f->where);
    for (int64_t t = 0; mask && t < f->n.steps; t++)
        for (int64_t b = 0; b < f->n.batch; b++)
            ((uint8_t *)mask->data)[t * f->n.batch + b] = t + shift < fx__recur_length(lengths, b);
    return mask;
}

/* What stood before each step, of all (T, B, n) and the start (B, n) or zeros. */
static fx_tensor *before(const formula *f, fx_tensor *all, fx_tensor *start)
{
    const fx_where where = f->where;
    const bool reverse = fx__recur_options_of(f->c)->reverse;
    if (!all || f->n.steps == 0) return all;
    const int64_t first[3] = { 1, f->n.batch, all->size[2] };
    start = start ? fx__reshape(start, 3, first, where) : zeros(f, 3, first);
    fx_tensor *rest = fx__slice(all, 0, reverse ? 1 : 0, f->n.steps - 1, 1, where);
    if (!start || !rest) return NULL;
    fx_tensor *joined =
        fx__join((fx_list){ 2, reverse ? (fx_tensor *[]){ rest, start } : (fx_tensor *[]){ start, rest } }, 0,
                 false, where);
    if (!joined || !reverse || !f->active) return joined;
    fx_tensor *inside = activity(f, 1);
    return SELECT(inside, joined, start);
}

/* The sums of gate number i: (T, B, H). */
static fx_tensor *sums(const formula *f, int i)
{
    fx_tensor *kept = f->c->ys[RECUR_KEPT];
    return kept ? fx__slice(kept, 2, i * f->n.width, f->n.width, 1, f->where) : NULL;
}

static bool lstm_slopes(formula *f)
{
    const fx_where where = f->where;
    fx_tensor *in = sums(f, 0), *forget = sums(f, 1), *n = sums(f, 2), *out = sums(f, 3);
    fx_tensor *cells = f->c->ys[RECUR_CELLS];
    f->slope[0] = MUL(FN(tanh, n), sigmoid_slope(in, where));
    f->slope[1] = MUL(f->cell, sigmoid_slope(forget, where));
    f->slope[2] = MUL(FN(sigmoid, in), tanh_slope(n, where));
    f->slope[3] = MUL(FN(tanh, cells), sigmoid_slope(out, where));
    f->pass[0] = MUL(FN(sigmoid, out), tanh_slope(cells, where));
    f->keep = FN(sigmoid, forget);
    return f->slope[0] && f->slope[1] && f->slope[2] && f->slope[3] && f->pass[0] && f->keep;
}

static bool gru_slopes(formula *f)
{
    const fx_where where = f->where;
    fx_tensor *reset = sums(f, 0), *update = sums(f, 1), *n = sums(f, 2), *q = sums(f, 3);
    f->slope[1] = MUL(SUB(f->h, FN(tanh, n)), sigmoid_slope(update, where));
    f->slope[2] = MUL(FN(sigmoid, neg(update, where)), tanh_slope(n, where));
    f->pass[0] = MUL(q, sigmoid_slope(reset, where));
    f->pass[1] = FN(sigmoid, reset);
    f->keep = FN(sigmoid, update);
    return f->slope[1] && f->slope[2] && f->pass[0] && f->pass[1] && f->keep;
}

static bool plain_slopes(formula *f)
{
    const fx_where where = f->where;
    fx_tensor *s = sums(f, 0);
    f->slope[0] = fx__recur_options_of(f->c)->cell == FX_CELL_TANH
                      ? tanh_slope(s, where)
                      : SELECT(COMPARE(le, s, 0), MUL(s, 0),
                               fx_full_at(f->c->cx, (fx_dtype)f->c->shapes[0]->dtype, 1,
                                          (fx_dims){ .given = true }, where));
    return f->slope[0];
}

/* x[t], and a sum of two of which either may be NULL. */
static fx_tensor *at(fx_tensor *x, int64_t t, fx_where where)
{
    return x ? fx__select(x, 0, t, where) : NULL;
}
static fx_tensor *plus(fx_tensor *a, fx_tensor *b, fx_where where) { return a && b ? ADD(a, b) : a ? a : b; }

/* The gradient in each of a step's sums, (B, H); of a GRU the fourth is that in q. */
typedef struct parts {
    fx_tensor *at[4];
} parts;

/* Adds what came for gate i's sums themselves. */
static fx_tensor *with_kept(const formula *f, fx_tensor *g, int64_t t, int i)
{
    const fx_where where = f->where;
    fx_tensor *all = f->c->gs[RECUR_KEPT];
    if (!all || !g) return g;
    return ADD(g, at(fx__slice(all, 2, i * f->n.width, f->n.width, 1, where), t, where));
}

/* Gradients of step t, given that in its h, (B, H). Moves chain_c, and leaves in *direct what goes to the h
 * before without the product. */
static parts of_step(formula *f, fx_tensor *g, int64_t t, fx_tensor **direct)
{
    const fx_where where = f->where;
    const int cell = fx__recur_options_of(f->c)->cell;
    parts p = { { NULL } };
    *direct = NULL;
    if (cell == FX_CELL_LSTM) {
        fx_tensor *gc = plus(f->chain_c, at(f->c->gs[RECUR_CELLS], t, where), where);
        gc = plus(gc, MUL(g, at(f->pass[0], t, where)), where);
        for (int i = 0; i < 4; i++)
            p.at[i] = with_kept(f, MUL(i < 3 ? gc : g, at(f->slope[i], t, where)), t, i);
        fx_tensor *next = MUL(gc, at(f->keep, t, where));
        if (f->active && next) {
            fx_tensor *old = f->chain_c ? f->chain_c : MUL(next, 0);
            next = SELECT(at(f->active, t, where), next, old);
        }
        f->chain_c = next;
    } else if (cell == FX_CELL_GRU) {
        p.at[2] = with_kept(f, MUL(g, at(f->slope[2], t, where)), t, 2);
        p.at[1] = with_kept(f, MUL(g, at(f->slope[1], t, where)), t, 1);
        p.at[0] = with_kept(f, MUL(p.at[2], at(f->pass[0], t, where)), t, 0);
        p.at[3] = with_kept(f, MUL(p.at[2], at(f->pass[1], t, where)), t, 3);
        *direct = MUL(g, at(f->keep, t, where));
    } else
        p.at[0] = with_kept(f, MUL(g, at(f->slope[0], t, where)), t, 0);
    return p;
}

/* Parts side by side, (B, gates H), 0 where a sequence has no such step. last: which is the last of them. */
static fx_tensor *side_by_side(const formula *f, const parts *p, int last, int64_t t)
{
    const fx_where where = f->where;
    fx_tensor *list[4] = { p->at[0], p->at[1], p->at[2], p->at[3] };
    list[f->n.gates - 1] = p->at[last];
    for (int64_t i = 0; i < f->n.gates; i++)
        if (!list[i]) return NULL;
    fx_tensor *g = f->n.gates == 1 ? list[0] : fx__join((fx_list){ (int)f->n.gates, list }, 1, false, where);
    return f->active ? SELECT(at(f->active, t, where), g, 0) : g;
}

/* Through step t: its gradients in the input's sums and in the product's, and the chains moved on. *whole
 * receives all that came for its h. False after an error. */
static bool step_back(formula *f, fx_tensor *gy, int64_t t, fx_tensor **g_input, fx_tensor **g_product,
                      fx_tensor **whole)
{
    const fx_where where = f->where;
    const bool gru = fx__recur_options_of(f->c)->cell == FX_CELL_GRU;
    fx_tensor *g = plus(f->chain_h, at(gy, t, where), where), *direct;
    if (!g) g = zeros(f, 2, (const int64_t[]){ f->n.batch, f->n.state });
    if (f->active && f->project) g = SELECT(at(f->active, t, where), g, 0);
    *whole = g;
    if (f->project && g) g = fx_matmul_at(g, f->project, where);
    if (!g) return false;
    const parts p = of_step(f, g, t, &direct);
    *g_input = side_by_side(f, &p, (int)f->n.gates - 1, t);
    *g_product = gru ? side_by_side(f, &p, 3, t) : *g_input;
    if (!*g_input || !*g_product) return false;
    fx_tensor *next = plus(fx_matmul_at(*g_product, f->c->x[1], where), direct, where);
    if (f->active && next) {
        fx_tensor *old = f->chain_h ? f->chain_h : MUL(next, 0);
        next = SELECT(at(f->active, t, where), next, old);
    }
    f->chain_h = next;
    return next;
}

/* a (T, B, m)' b (T, B, n), over steps and rows. */
static fx_tensor *outer(fx_tensor *a, fx_tensor *b, fx_where where)
{
    if (!a || !b) return NULL;
    const int64_t rows = a->size[0] * a->size[1];
    fx_tensor *left = fx__reshape(a, 2, (const int64_t[]){ rows, a->size[2] }, where);
    fx_tensor *right = fx__reshape(b, 2, (const int64_t[]){ rows, b->size[2] }, where);
    left = left ? fx_transpose_at(left, 0, 1, where) : NULL;
    return left && right ? fx_matmul_at(left, right, where) : NULL;
}

/* The h that a projection was given, (T, B, H). */
static fx_tensor *unprojected(const formula *f)
{
    const fx_where where = f->where;
    fx_tensor *h = MUL(FN(sigmoid, sums(f, 3)), FN(tanh, f->c->ys[RECUR_CELLS]));
    return f->active ? SELECT(f->active, h, 0) : h;
}

static formula formula_of(const fx_call *c)
{
    formula f = { .c = c, .n = fx__recur_sizes_of(c), .where = c->where };
    const int cell = fx__recur_options_of(c)->cell;
    f.project = fx__recur_input_of(c, RECUR_PROJECT);
    if (fx__recur_has(c, RECUR_LENGTHS)) f.active = activity(&f, 0);
    f.h = before(&f, c->ys[RECUR_Y], fx__recur_input_of(c, RECUR_H));
    if (cell == FX_CELL_LSTM) f.cell = before(&f, c->ys[RECUR_CELLS], fx__recur_input_of(c, RECUR_C));
    return f;
}

/* gx[] of what wants one, from all steps' gradients. */
static void deliver(const formula *f, fx_tensor *g_input, fx_tensor *g_product, fx_tensor *whole,
                    fx_tensor *gx[])
{
    const fx_call *c = f->c;
    const fx_where where = f->where;
    const int8_t *place = fx__recur_options_of(c)->at;
    if (fx__recur_wants(c, RECUR_X)) gx[0] = g_input;
    if (fx__recur_wants(c, RECUR_WEIGHT)) gx[1] = outer(g_product, f->h, where);
    if (fx__recur_wants(c, RECUR_BIAS)) gx[place[RECUR_BIAS]] = SUM(g_product, FX_DIMS(0, 1), false);
    if (fx__recur_wants(c, RECUR_H)) gx[place[RECUR_H]] = f->chain_h;
    if (fx__recur_wants(c, RECUR_C)) gx[place[RECUR_C]] = f->chain_c;
    if (fx__recur_wants(c, RECUR_PROJECT)) gx[place[RECUR_PROJECT]] = outer(whole, unprojected(f), where);
}

void fx__recur_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    formula f = formula_of(c);
    const int64_t steps = f.n.steps;
    const int cell = fx__recur_options_of(c)->cell;
    if (steps == 0) return;
    if (!(cell == FX_CELL_LSTM ? lstm_slopes(&f) : cell == FX_CELL_GRU ? gru_slopes(&f) : plain_slopes(&f)))
        return;
    fx_tensor **each = fx__scratch(c->cx, 3 * (size_t)steps * sizeof *each);
    bool good = each;
    for (int64_t k = steps; k-- > 0 && good;) {
        const int64_t t = fx__recur_step(c, steps, k);
        good = step_back(&f, g, t, &each[t], &each[steps + t], &each[2 * steps + t]);
    }
    if (good) {
        fx_tensor *g_input = fx__join((fx_list){ (int)steps, each }, 0, true, c->where);
        fx_tensor *g_product = cell == FX_CELL_GRU
                                   ? fx__join((fx_list){ (int)steps, each + steps }, 0, true, c->where)
                                   : g_input;
        fx_tensor *whole =
            f.project ? fx__join((fx_list){ (int)steps, each + 2 * steps }, 0, true, c->where) : NULL;
        if (g_input && g_product) deliver(&f, g_input, g_product, whole, gx);
    }
    fx__scratch_free(c->cx, each);
}

/* ---- the op ---------------------------------------------------------------------------------------------
 */

static unsigned recur_captured(const fx_call *c)
{
    const int8_t *place = fx__recur_options_of(c)->at;
    unsigned captured = FX_CAPTURE_X1 | FX_CAPTURE_Y_AT(RECUR_Y) | FX_CAPTURE_Y_AT(RECUR_KEPT);
    if (c->outputs > RECUR_CELLS) captured |= FX_CAPTURE_Y_AT(RECUR_CELLS);
    for (int which = RECUR_H; which < RECUR_INPUTS; which++)
        if (place[which] >= 0) captured |= FX_CAPTURE_X(place[which]);
    return captured;
}

static const fx_op recur_op = { .name = "recur",
                                .formula = "h of each step, of x, the h before and the weights",
                                .inputs = -1,
                                .outputs = -1,
                                .output_count = recur_outputs,
                                .captures = FX_CAPTURE_ALL_X | FX_CAPTURE_Y_AT(RECUR_Y) |
                                            FX_CAPTURE_Y_AT(RECUR_KEPT) | FX_CAPTURE_Y_AT(RECUR_CELLS),
                                .captured = recur_captured,
                                .options_size = sizeof(fx__recur_options),
                                .shape = recur_shape,
                                .forward = fx__recur_forward,
                                .local_grad = fx__recur_local_grad,
                                .local_grad_fused = fx__recur_local_grad_fused };

fx_tensor *fx_recur_at(fx_recur_args a, fx_where where)
{
    fx_tensor *all[RECUR_INPUTS] = { a.x, a.weight, a.bias, a.h, a.c, a.project, a.lengths };
    fx_tensor *inputs[RECUR_INPUTS], *outputs[3] = { NULL };
    fx__recur_options o = { .cell = a.cell, .reverse = a.reverse };
    int count = 0;
    if (!a.x || !a.weight) return NULL;
    if ((unsigned)a.cell > FX_CELL_GRU)
        return FX__REFUSE(a.x, ERROR_ARGUMENT, where, "recur: there is no cell of number %d", a.cell);
    for (int i = 0; i < RECUR_INPUTS; i++) {
        o.at[i] = all[i] ? (int8_t)count : -1;
        if (all[i]) inputs[count++] = all[i];
    }
    fx_tensor *y = fx_apply_at(&recur_op, (fx_list){ count, inputs }, &o, outputs, where);
    if (y && !y->node) fx_release(outputs[RECUR_KEPT]);
    if (y && a.cells) *a.cells = outputs[RECUR_CELLS];
    return y;
}

/* ---- records --------------------------------------------------------------------------------------------
 */

static int recur_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_recur_args a = *(const fx_recur_args *)args;
    a.cells = &out[1];
    out[0] = fx_recur_at(a, where);
    return !out[0] ? 0 : a.cell == FX_CELL_LSTM ? 2 : 1;
}

static const fx_field recur_fields[] = { FX__FIELD(fx_recur_args, x, TENSOR),
                                         FX__FIELD(fx_recur_args, weight, TENSOR),
                                         FX__FIELD(fx_recur_args, bias, TENSOR, .optional = true),
                                         FX__FIELD(fx_recur_args, h, TENSOR, .optional = true),
                                         FX__FIELD(fx_recur_args, c, TENSOR, .optional = true),
                                         FX__FIELD(fx_recur_args, project, TENSOR, .optional = true),
                                         FX__FIELD(fx_recur_args, lengths, TENSOR, .optional = true),
                                         FX__FIELD(fx_recur_args, cell, CHOICE, .optional = true,
                                                   .choices = "tanh|relu|lstm|gru"),
                                         FX__FIELD(fx_recur_args, reverse, BOOL, .optional = true),
                                         FX__FIELDS_END };

const fx_function fx__function_recur = {
    .name = "recur",
    .formula = "h of each step: f(x + h' W' + b), or the LSTM's or the GRU's of these sums",
    .gradient = "back through the steps: that of a step's sums, times W, goes to the h before",
    .notes =
        "relu'(0) = 0; beyond a sequence's length h is 0 and x has no gradient; a step's sums are rounded "
        "to the dtype, so that a GRU's gradient in z has as many digits as h' - n has",
    .fields = recur_fields,
    .args_size = sizeof(fx_recur_args),
    .call = recur_call,
    .samples = "x=(3,2,2) weight=(2,2)\n"
               "x=(3,2,2) weight=(2,2) bias=(2) h=(2,2)\n"
               "x=(2,1,3) weight=(3,3) bias=(3) cell=relu reverse=true\n"
               "x=(3,2,2) weight=(2,2) h=(2,2) lengths=(2)i64{1,3} reverse=true\n"
               "x=(3,2,8) weight=(8,2) bias=(8) cell=lstm\n"
               "x=(3,2,8) weight=(8,2) bias=(8) h=(2,2) c=(2,2) cell=lstm reverse=true\n"
               "x=(3,2,8) weight=(8,1) h=(2,1) c=(2,2) project=(1,2) cell=lstm\n"
               "x=(3,3,4) weight=(4,1) bias=(4) h=(3,1) c=(3,1) lengths=(3)i64{3,1,2} cell=lstm\n"
               "x=(3,2,4) weight=(4,2) h=(2,2) c=(2,1) project=(2,1) lengths=(2)i32{2,3} cell=lstm "
               "reverse=true\n"
               "x=(3,2,6) weight=(6,2) bias=(6) cell=gru\n"
               "x=(3,2,6) weight=(6,2) h=(2,2) cell=gru reverse=true\n"
               "x=(3,3,3) weight=(3,1) bias=(3) h=(3,1) lengths=(3)i64{2,3,1} cell=gru\n"
               "x=(2,2,6) weight=(6,2) bias=(6) h=(2,2) lengths=(2)i64{1,2} cell=gru reverse=true\n"
               "x=(1,1,4) weight=(4,1) bias=(4) cell=lstm\n"
               "x=(2,0,4) weight=(4,1) cell=lstm\n"
               "! x=() weight=(2,2)\n"
               "! x=(3,2) weight=(2,2)\n"
               "! x=(3,2,2) weight=(2,3)\n"
               "! x=(3,2,2) weight=(2,2) bias=(3)\n"
               "! x=(3,2,2) weight=(2,2) c=(2,2)\n"
               "! x=(3,2,2) weight=(2,2) h=(2,3)\n"
               "! x=(3,2,7) weight=(7,2) cell=lstm\n"
               "! x=(3,2,8) weight=(8,3) project=(2,2) cell=lstm\n"
               "! x=(3,2,2) weight=(2,2) lengths=(2)i64{0,3}\n"
               "! x=(3,2,2) weight=(2,2) lengths=(2)i64{4,3}\n"
               "! x=(3,2,2) weight=(2,2) lengths=(2){1,3}\n"
               "! x=(3,2,2)i64 weight=(2,2)\n",
    .bench = "x=(64,32,512) weight=(512,128)@range:-0.08:0.08 bias=(512) cell=lstm\n"
};
