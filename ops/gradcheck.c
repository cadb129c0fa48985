/* gradcheck: gradients against differences (ops.h has what is compared and how).
 *
 * All numbers that are checked stand in one array, input after input; after them, for the second order, the
 * seed's. A subject is evaluated from such an array on fresh tensors in a scope of its own, so that nothing
 * lasts. Values are numbers of outputs, gradients numbers of inputs: to either the same differences are
 * applied.
 */
#include "differences.h"
#include "function.h"

#include <math.h>
#include <string.h>

enum { MOST_INPUTS = 16, SAFETY = 16 };

/* ---- the subject
 * ------------------------------------------------------------------------------------------- */

typedef struct subject {
    fx_context *cx;
    fx_where where;
    const fx_op *op;
    fx_checkpoint_function *function;
    void *data;
    const void *options;
    fx_random_state random;
    int inputs;
    fx_tensor *input[MOST_INPUTS]; /* floating ones in float64 */
    bool checked[MOST_INPUTS];
    int64_t first[MOST_INPUTS + 1]; /* of an input's numbers */
    int outputs;                    /* those that have a gradient */
    int output[FX_MAX_OUTPUTS];
    fx_dims shape[FX_MAX_OUTPUTS];
    fx_dtype dtype[FX_MAX_OUTPUTS];
    int64_t start[FX_MAX_OUTPUTS + 1];
    int64_t n, m;              /* numbers in the inputs, in the outputs */
    bool missing[MOST_INPUTS]; /* the closure gave no gradient */
} subject;

static const char *name_of(const subject *s) { return s->op ? s->op->name : "the function"; }

/* A failure while numbers are moved about is no failure of the gradient: the place is outside the domain.
 * Memory is. */
static bool outside(subject *s)
{
    if (fx_error(s->cx) == FX_ERROR_MEMORY) return false;
    fx_error_clear(s->cx);
    return true;
}

static bool make_inputs(const subject *s, const double *x, fx_tensor **input)
{
    for (int i = 0; i < s->inputs; i++) {
        input[i] = s->input[i];
        if (!s->checked[i]) continue;
        input[i] = fx_from_at(s->cx, FX_F64, x + s->first[i], fx_shape(s->input[i]), s->where);
        if (!input[i] || !(input[i] = fx_parameter_at(input[i], s->where))) return false;
    }
    return true;
}

/* All outputs; false after an error. */
static bool run(const subject *s, fx_tensor **input, fx_tensor **output)
{
    const fx_list list = { s->inputs, input };
    fx_set_random_state(s->cx, s->random);
    memset(output, 0, sizeof *output * FX_MAX_OUTPUTS);
    if (s->op)
        output[0] = fx_apply_at(s->op, list, s->options, s->op->outputs > 1 ? output : NULL, s->where);
    else
        output[0] = s->function(s->data, input, s->inputs);
    if (output[0]) return true;
    fx_error_set(s->cx, FX_ERROR_USER, s->where, "gradcheck: %s gave no result", name_of(s));
    return false;
}

static bool values(void *data, const double *x, double *y)
{
    subject *s = data;
    fx_tensor *input[MOST_INPUTS], *output[FX_MAX_OUTPUTS];
    for (int64_t k = 0; k < s->m; k++) y[k] = NAN;
    FX_SCOPE (s->cx) {
        FX_NO_GRAD (s->cx) {
            if (!make_inputs(s, x, input) || !run(s, input, output)) return outside(s);
            for (int k = 0; k < s->outputs; k++) {
                const fx_tensor *t = output[s->output[k]];
                if (t && fx_numel(t) == s->start[k + 1] - s->start[k])
                    fx_copy_out_at(t, FX_F64, y + s->start[k], s->where);
            }
        }
    }
    return true;
}

/* ---- gradients
 * --------------------------------------------------------------------------------------------- */

/* A graph of the subject, and what asks it for gradients. */
typedef struct graph {
    fx_tensor *input[MOST_INPUTS], *output[FX_MAX_OUTPUTS];
    int roots, wanted;
    fx_tensor *root[FX_MAX_OUTPUTS], *seed[FX_MAX_OUTPUTS], *want[MOST_INPUTS], *grad[MOST_INPUTS];
    int of[MOST_INPUTS]; /* which input it is */
} graph;

static bool make_graph(const subject *s, const double *x, const double *v, graph *g)
{
    if (!make_inputs(s, x, g->input) || !run(s, g->input, g->output)) return false;
    g->roots = g->wanted = 0;
    for (int k = 0; k < s->outputs; k++) {
        fx_tensor *y = g->output[s->output[k]];
        if (!y || !fx_requires_grad(y) || fx_numel(y) != s->start[k + 1] - s->start[k]) continue;
        fx_tensor *seed = fx_from_at(s->cx, FX_F64, v + s->start[k], fx_shape(y), s->where);
        if (seed && s->dtype[k] != FX_F64) seed = fx__space.cast(seed, s->dtype[k], s->where);
        if (seed) seed = fx_parameter_at(seed, s->where);
        if (!seed) return false;
        g->root[g->roots] = y;
        g->seed[g->roots++] = seed;
    }
    for (int i = 0; i < s->inputs; i++)
        if (s->checked[i]) g->of[g->wanted] = i, g->want[g->wanted++] = g->input[i];
    return true;
}

static bool ask(const subject *s, graph *g, bool create_graph, bool retain)
{
    for (int i = 0; i < g->wanted; i++) g->grad[i] = NULL;
    return g->roots == 0 || fx_gradients_at(g->grad,
                                            (fx_gradient_args){ .outputs = { g->roots, g->root },
                                                                .inputs = { g->wanted, g->want },
                                                                .seeds = { g->roots, g->seed },
                                                                .create_graph = create_graph,
                                                                .retain_graph = retain,
                                                                .allow_unused = true },
                                            s->where) == FX_OK;
}

static bool take(subject *s, const graph *g, double *to)
{
    memset(to, 0, sizeof *to * (size_t)s->n);
    for (int i = 0; i < g->wanted; i++) {
        s->missing[g->of[i]] = !g->grad[i];
        if (g->grad[i] && fx_copy_out_at(g->grad[i], FX_F64, to + s->first[g->of[i]], s->where)) return false;
    }
    return true;
}

/* The gradient at x under the seed v: fused where the op has that, or by the formula. */
static bool gradient(subject *s, const double *x, const double *v, bool formula, double *to)
{
    graph g;
    FX_SCOPE (s->cx) {
        FX_ENABLE_GRAD (s->cx) {
            if (!make_graph(s, x, v, &g) || !ask(s, &g, formula, false) || !take(s, &g, to)) return false;
        }
    }
    return true;
}

/* The gradient as a function of x and the seed after it, for differences. */
static bool gradients(void *data, const double *x, double *y)
{
    subject *s = data;
    for (int64_t k = 0; k < s->n; k++) y[k] = NAN;
    return gradient(s, x, x + s->n, false, y) || outside(s);
}

/* The gradient of sum <gradient, u> in x and in the seed. */
static bool second_gradient(const subject *s, const double *x, const double *v, const double *u, double *to)
{
    enum { MOST = MOST_INPUTS + FX_MAX_OUTPUTS };
    graph g;
    fx_tensor *root[MOST_INPUTS], *seed[MOST_INPUTS], *want[MOST], *grad[MOST] = { 0 };
    memset(to, 0, sizeof *to * (size_t)(s->n + s->m));
    FX_SCOPE (s->cx) {
        FX_ENABLE_GRAD (s->cx) {
            if (!make_graph(s, x, v, &g) || !ask(s, &g, true, true)) return false;
            int roots = 0, wanted = 0;
            for (int i = 0; i < g.wanted; i++) {
                if (!g.grad[i] || !fx_requires_grad(g.grad[i])) continue;
                root[roots] = g.grad[i];
                seed[roots] = fx_from_at(s->cx, FX_F64, u + s->first[g.of[i]], fx_shape(g.grad[i]), s->where);
                if (!seed[roots++]) return false;
            }
            for (int i = 0; i < g.wanted; i++) want[wanted++] = g.want[i];
            for (int k = 0; k < g.roots; k++) want[wanted++] = g.seed[k];
            const fx_gradient_args args = { .outputs = { roots, root },
                                            .inputs = { wanted, want },
                                            .seeds = { roots, seed },
                                            .allow_unused = true };
            if (roots && fx_gradients_at(grad, args, s->where)) return false;
            for (int i = 0; i < g.wanted; i++)
                if (grad[i] && fx_copy_out_at(grad[i], FX_F64, to + s->first[g.of[i]], s->where))
                    return false;
            for (int k = 0, at = 0; k < g.roots; k++, at++) {
                const fx_tensor *h = grad[g.wanted + at];
                if (h && fx_copy_out_at(h, FX_F64, to + s->n + s->start[k], s->where)) return false;
            }
        }
    }
    return true;
}

/* ---- one number
 * -------------------------------------------------------------------------------------------- */

/* What differences say of a number of a gradient: a range (one number but for kinks), what it may be off, and
 * the sum of |terms|. */
typedef struct told {
    double low, high, error, terms;
    bool kink;
} told;

/* One number of an array that is moved. */
typedef struct mover {
    bool (*evaluate)(void *data, const double *x, double *y);
    subject *s;
    double *x;
    int64_t at;
} mover;

static bool moved(void *data, double t, double *y)
{
    mover *m = data;
    const double before = m->x[m->at];
    m->x[m->at] = t;
    const bool good = m->evaluate(m->s, m->x, y);
    m->x[m->at] = before;
    return good;
}

/* Working memory of the differences of a curve. */
typedef struct slopes {
    fx__curve curve;
    mover mover;
    const double *weight; /* of each number of the curve */
    fx__slope *central, *other, *right, *left;
    void *work;
} slopes;

static told sum_of(const slopes *d)
{
    told t = { 0 };
    for (int64_t k = 0; k < d->curve.count; k++) {
        const fx__slope s = d->central[k];
        t.low += d->weight[k] * s.value;
        t.error += fabs(d->weight[k]) * s.error;
        t.terms += fabs(d->weight[k] * s.value);
    }
    t.high = t.low;
    return t;
}

static bool agree(double a, const told *t, double tolerance)
{
    const double allowed = SAFETY * t->error + tolerance * t->terms;
    return a >= t->low - allowed && a <= t->high + allowed;
}

/* Both sides, number by number: where they differ there is a kink; where only one can be told there is an
 * edge. */
static told sum_of_sides(const slopes *d)
{
    told t = { 0 };
    for (int64_t k = 0; k < d->curve.count; k++) {
        const fx__slope right = d->right[k], left = d->left[k], central = d->central[k];
        const double w = d->weight[k], gap = fabs(right.value - left.value);
        fx__slope best = central;
        if (right.error < best.error) best = right;
        if (left.error < best.error) best = left;
        double low = best.value, high = best.value, error = best.error;
        if (isfinite(right.error) && isfinite(left.error) &&
            gap > SAFETY * (right.error + left.error) + 1e-6 * (fabs(right.value) + fabs(left.value))) {
            low = fmin(right.value, left.value), high = fmax(right.value, left.value);
            error = fmax(right.error, left.error);
            t.kink = true;
        }
        t.low += w * (w < 0 ? high : low);
        t.high += w * (w < 0 ? low : high);
        t.error += fabs(w) * error;
        t.terms += fabs(w) * fmax(fabs(low), fabs(high));
    }
    return t;
}

/* Says what number `at` of the gradient is; a and b are the closure's answers, which decide how hard to look.
 */
static bool tell(slopes *d, int64_t at, double typical, double a, double b, double tolerance, told *t)
{
    d->mover.at = at;
    const double x = d->mover.x[at], scale = x == 0 ? typical : fabs(x);
    if (!fx__central_slopes(&d->curve, x, scale, d->central, d->work)) return false;
    *t = sum_of(d);
    if (!(SAFETY * t->error <= 1e-8 * t->terms) && scale != typical) {
        if (!fx__central_slopes(&d->curve, x, typical, d->other, d->work)) return false;
        for (int64_t k = 0; k < d->curve.count; k++)
            if (d->other[k].error < d->central[k].error) d->central[k] = d->other[k];
        *t = sum_of(d);
    }
    if (isfinite(t->error) && agree(a, t, tolerance) && agree(b, t, tolerance)) return true;
    if (!fx__side_slopes(&d->curve, x, scale, 1, d->right, d->work) ||
        !fx__side_slopes(&d->curve, x, scale, -1, d->left, d->work))
        return false;
    *t = sum_of_sides(d);
    return true;
}

/* ---- lines of the report
 * ----------------------------------------------------------------------------------- */

typedef struct line {
    const char *what; /* "x", "seed" */
    int index, order;
    fx_dims shape;
    int64_t count, wrong, kinks, untold;
    double off; /* the largest relative error, of a wrong number if there is one */
    int64_t at;
    double closure, differences;
    bool fused; /* it is local_grad_fused that is off */
    bool missing;
} line;

static void place_text(char *text, size_t bytes, const fx_dims *shape, int64_t at)
{
    int64_t place[FX_MAX_DIMS];
    for (int d = shape->count - 1; d >= 0; d--) {
        const int64_t size = shape->at[d] > 0 ? shape->at[d] : 1;
        place[d] = at % size;
        at /= size;
    }
    size_t n = (size_t)snprintf(text, bytes, "[");
    for (int d = 0; d < shape->count && n < bytes; d++)
        n += (size_t)snprintf(text + n, bytes - n, d ? ", %lld" : "%lld", (long long)place[d]);
    if (n < bytes) snprintf(text + n, bytes - n, "]");
}

static void note(line *l, int64_t at, double a, bool fused, const told *t, double tolerance)
{
    const bool right = agree(a, t, tolerance) || !isfinite(t->error);
    const double nearest = a < t->low ? t->low : a > t->high ? t->high : a;
    const double middle = t->kink ? nearest : t->low;
    const double size = fmax(t->terms, fabs(a)),
                 off = isfinite(a) ? (size > 0 ? fabs(a - middle) / size : 0) : INFINITY;
    const bool known = isfinite(t->error) && SAFETY * t->error <= 1e-3 * size;
    if (right && !known) {
        l->untold++;
        return;
    }
    if (right && t->kink) l->kinks++;
    l->wrong += !right;
    const bool counts = l->wrong ? !right : true;
    if (!counts || (off <= l->off && l->at >= 0 && l->wrong != 1)) return;
    if (l->wrong == 1 && right) return;
    l->off = off, l->at = at, l->closure = a, l->differences = middle, l->fused = fused;
}

static void print_line(FILE *file, const line *l)
{
    char label[64], place[96];
    place_text(place, sizeof place, &l->shape, l->at < 0 ? 0 : l->at);
    snprintf(label, sizeof label, "%s[%d]%s", l->what, l->index, l->order == 2 ? ", second order" : "");
    fprintf(file, "  %-22s %6lld numbers", label, (long long)l->count);
    if (l->at >= 0)
        fprintf(file, ", worst off by %.1e at %s: %.12g, by differences %.12g", l->off, place, l->closure,
                l->differences);
    fprintf(file, ": %s", l->wrong ? "WRONG" : "right");
    if (l->wrong) fprintf(file, " in %lld%s", (long long)l->wrong, l->fused ? " (local_grad_fused)" : "");
    if (l->kinks) fprintf(file, ", %lld at a kink", (long long)l->kinks);
    if (l->untold) fprintf(file, ", %lld that differences cannot tell", (long long)l->untold);
    fprintf(file, "\n");
}

static void report_wrong(const subject *s, const line *l)
{
    char place[96];
    place_text(place, sizeof place, &l->shape, l->at);
    fx_error_set(
        s->cx, FX_ERROR_GRADIENT, s->where,
        "gradcheck: %s: the %sgradient in %s[%d] at %s is %.12g, and differences say %.12g (off by %.1e)%s%s",
        name_of(s), l->order == 2 ? "second " : "", l->what, l->index, place, l->closure, l->differences,
        l->off, l->fused ? ": local_grad_fused" : "",
        l->missing ? ": local_grad gave none; does .captures name all that it reads?" : "");
}

/* ---- comparing
 * --------------------------------------------------------------------------------------------- */

/* Numbers of a checked array and its gradient, for one order. */
typedef struct comparison {
    slopes d;
    const double *fused, *formula;
    double tolerance;
    FILE *report;
    int order;
} comparison;

static double typical_of(const double *x, int64_t n)
{
    double sum = 0;
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(x[i]) && x[i] != 0) sum += fabs(x[i]), count++;
    return count ? sum / (double)count : 1;
}

/* One input, or one seed: numbers first .. first + n of the array. */
static bool compare(comparison *c, subject *s, line l, int64_t first, int64_t *wrong)
{
    const double typical = typical_of(c->d.mover.x + first, l.count);
    l.order = c->order;
    l.at = -1;
    for (int64_t i = 0; i < l.count; i++) {
        const int64_t at = first + i;
        told t;
        const double a = c->formula[at], b = c->fused[at];
        if (!tell(&c->d, at, typical, a, b, c->tolerance, &t)) return false;
        const bool fused = agree(a, &t, c->tolerance) && !agree(b, &t, c->tolerance);
        note(&l, i, fused ? b : a, fused, &t, c->tolerance);
    }
    if (c->report) print_line(c->report, &l);
    if (l.wrong) report_wrong(s, &l);
    *wrong += l.wrong;
    return true;
}

static bool compare_all(comparison *c, subject *s, int64_t *wrong)
{
    for (int i = 0; i < s->inputs; i++) {
        const line l = { .what = "x",
                         .index = i,
                         .shape = fx_shape(s->input[i]),
                         .count = s->first[i + 1] - s->first[i],
                         .missing = s->missing[i] && c->order == 1 };
        if (s->checked[i] && !compare(c, s, l, s->first[i], wrong)) return false;
    }
    for (int k = 0; c->order == 2 && k < s->outputs; k++) {
        const line l = {
            .what = "seed", .index = k, .shape = s->shape[k], .count = s->start[k + 1] - s->start[k]
        };
        if (!compare(c, s, l, s->n + s->start[k], wrong)) return false;
    }
    return true;
}

/* ---- structure
 * --------------------------------------------------------------------------------------------- */

/* Backward twice on one graph gives the same bits. */
static bool check_repeated(const subject *s, const double *x, const double *v)
{
    graph g;
    FX_SCOPE (s->cx) {
        FX_ENABLE_GRAD (s->cx) {
            if (!make_graph(s, x, v, &g) || !ask(s, &g, false, true)) return false;
            uint64_t digest[MOST_INPUTS];
            for (int i = 0; i < g.wanted; i++) digest[i] = g.grad[i] ? fx_digest(g.grad[i]) : 0;
            if (!ask(s, &g, false, true)) return false;
            for (int i = 0; i < g.wanted; i++)
                if (digest[i] != (g.grad[i] ? fx_digest(g.grad[i]) : 0)) {
                    fx_error_set(s->cx, FX_ERROR_GRADIENT, s->where,
                                 "gradcheck: %s: the gradient in x[%d] has other bits the second time",
                                 name_of(s), g.of[i]);
                    return false;
                }
        }
    }
    return true;
}

/* A zero seed gives zeros wherever the gradient is finite. */
static bool check_zero_seed(subject *s, const double *x, const double *usual, double *zeros, double *got)
{
    memset(zeros, 0, sizeof *zeros * (size_t)s->m);
    for (int formula = 0; formula < 2; formula++) {
        if (!gradient(s, x, zeros, formula, got)) return false;
        for (int i = 0; i < s->inputs; i++)
            for (int64_t k = s->first[i]; k < s->first[i + 1]; k++) {
                if (got[k] == 0 || !isfinite(usual[k])) continue;
                char place[96];
                const fx_dims shape = fx_shape(s->input[i]);
                place_text(place, sizeof place, &shape, k - s->first[i]);
                fx_error_set(s->cx, FX_ERROR_GRADIENT, s->where,
                             "gradcheck: %s: the gradient in x[%d] at %s is %g under a zero seed%s",
                             name_of(s), i, place, got[k], formula ? "" : ": local_grad_fused");
                return false;
            }
    }
    return true;
}

/* ---- the whole
 * --------------------------------------------------------------------------------------------- */

static bool find_inputs(subject *s, fx_list list)
{
    bool any = false;
    if (list.count < 1 || list.count > MOST_INPUTS || !list.at) {
        fx_error_set(s->cx, FX_ERROR_ARGUMENT, s->where, "gradcheck: takes 1 to %d inputs", MOST_INPUTS);
        return false;
    }
    for (int i = 0; i < list.count; i++) {
        if (!list.at[i]) {
            fx_error_set(s->cx, FX_ERROR_ARGUMENT, s->where, "gradcheck: input %d is NULL", i);
            return false;
        }
        any |= fx_requires_grad(list.at[i]);
    }
    s->inputs = list.count;
    for (int i = 0; i < list.count; i++) {
        fx_tensor *x = list.at[i];
        const bool floats = fx_dtype_is_float(fx_dtype_of(x));
        s->checked[i] = floats && (!any || fx_requires_grad(x));
        FX_NO_GRAD (s->cx) {
            if (floats && fx_dtype_of(x) != FX_F64) x = fx__space.cast(x, FX_F64, s->where);
        }
        if (!(s->input[i] = x)) return false;
        s->first[i + 1] = s->first[i] + (s->checked[i] ? fx_numel(x) : 0);
    }
    s->n = s->first[list.count];
    return true;
}

static bool find_outputs(subject *s, const double *x)
{
    fx_tensor *input[MOST_INPUTS], *output[FX_MAX_OUTPUTS];
    FX_SCOPE (s->cx) {
        FX_ENABLE_GRAD (s->cx) {
            if (!make_inputs(s, x, input) || !run(s, input, output)) return false;
            for (int k = 0; k < FX_MAX_OUTPUTS && output[k]; k++) {
                if (!fx_requires_grad(output[k])) continue;
                const int at = s->outputs++;
                s->output[at] = k;
                s->shape[at] = fx_shape(output[k]);
                s->dtype[at] = fx_dtype_of(output[k]);
                s->start[at + 1] = s->start[at] + fx_numel(output[k]);
            }
        }
    }
    s->m = s->start[s->outputs];
    if (s->outputs) return true;
    fx_error_set(s->cx, FX_ERROR_ARGUMENT, s->where, "gradcheck: the result of %s requires no gradient",
                 name_of(s));
    return false;
}

/* Half to one and a half, of either sign: never near 0, so that no number of a Jacobian goes unseen. */
static void weights(double *to, int64_t n, uint64_t seed)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t z = (seed + (uint64_t)i + 1) * 0x9E3779B97F4A7C15u;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        z ^= z >> 31;
        to[i] = (0.5 + (double)(z >> 12) * 0x1p-52) * (z & 1 ? 1 : -1);
    }
}

typedef struct arrays {
    double *x, *u, *fused, *formula, *centre, *rounding, *zeros;
} arrays;

/* Work for the differences of `count` numbers; then the numbers where they are. */
static bool make_slopes(subject *s, comparison *c, bool (*evaluate)(void *, const double *, double *),
                        int64_t count, const double *weight, const arrays *a)
{
    fx__slope *slope = fx__scratch(s->cx, 4 * sizeof(fx__slope) * (size_t)(count + 1));
    void *work = fx__scratch(s->cx, fx__differences_work(count + 1));
    if (!slope || !work) return false;
    c->d = (slopes){ .mover = { evaluate, s, a->x, 0 },
                     .weight = weight,
                     .central = slope,
                     .other = slope + count,
                     .right = slope + 2 * count,
                     .left = slope + 3 * count,
                     .work = work };
    c->d.curve = (fx__curve){ count, moved, &c->d.mover, a->centre, a->rounding };
    return evaluate(s, a->x, a->centre);
}

static void fill_rounding(const subject *s, int order, double *rounding)
{
    bool single = false;
    for (int k = 0; k < s->outputs; k++) {
        single |= s->dtype[k] == FX_F32;
        for (int64_t i = s->start[k]; order == 1 && i < s->start[k + 1]; i++)
            rounding[i] = s->dtype[k] == FX_F32 ? 0x1p-24 : 0x1p-53;
    }
    for (int64_t i = 0; order == 2 && i < s->n; i++) rounding[i] = single ? 0x1p-24 : 0x1p-53;
}

static bool first_order(subject *s, comparison *c, arrays *a, int64_t *wrong)
{
    const double *v = a->x + s->n;
    c->order = 1;
    fill_rounding(s, 1, a->rounding);
    if (!gradient(s, a->x, v, false, a->fused) || !gradient(s, a->x, v, true, a->formula)) return false;
    if (!make_slopes(s, c, values, s->m, v, a)) return false;
    return compare_all(c, s, wrong);
}

static bool second_order(subject *s, comparison *c, arrays *a, int64_t *wrong)
{
    c->order = 2;
    fill_rounding(s, 2, a->rounding);
    if (!second_gradient(s, a->x, a->x + s->n, a->u, a->formula)) return false;
    c->fused = c->formula;
    if (!make_slopes(s, c, gradients, s->n, a->u, a)) return false;
    return compare_all(c, s, wrong);
}

static bool make_arrays(const subject *s, arrays *a, int64_t m)
{
    const int64_t most = s->n + m + 1;
    double *memory = fx__scratch(s->cx, sizeof(double) * (size_t)(7 * most));
    if (!memory) return false;
    double **all[] = { &a->x, &a->u, &a->fused, &a->formula, &a->centre, &a->rounding, &a->zeros };
    for (int i = 0; i < 7; i++) *all[i] = memory + i * most;
    for (int i = 0; i < s->inputs; i++)
        if (s->checked[i] && fx_copy_out_at(s->input[i], FX_F64, a->x + s->first[i], s->where)) return false;
    return true;
}

static bool check(subject *s, const fx_gradcheck_args *args, int64_t *wrong)
{
    arrays a;
    if (!make_arrays(s, &a, 0) || !find_outputs(s, a.x) || !make_arrays(s, &a, s->m)) return false;
    weights(a.x + s->n, s->m, 1);
    weights(a.u, s->n, 1000003);
    comparison c = { .fused = a.fused,
                     .formula = a.formula,
                     .tolerance = args->tolerance > 0 ? args->tolerance : 1e-10,
                     .report = args->report };
    if (args->report)
        fprintf(args->report, "gradcheck of %s%s%s\n", name_of(s), s->op && s->op->formula ? ": " : "",
                s->op && s->op->formula ? s->op->formula : "");
    if (!first_order(s, &c, &a, wrong)) return false;
    if (args->order == 2 && !*wrong && !second_order(s, &c, &a, wrong)) return false;
    if (*wrong) return true;
    if (!check_repeated(s, a.x, a.x + s->n)) return false;
    if (!gradient(s, a.x, a.x + s->n, true, a.formula) ||
        !check_zero_seed(s, a.x, a.formula, a.zeros, a.fused))
        return false;
    if (args->report) fprintf(args->report, "  a second backward gives the same bits, a zero seed zeros\n");
    return true;
}

static fx_status start(subject *s, fx_gradcheck_args args, fx_list list)
{
    if (fx_error(s->cx)) return fx_error(s->cx);
    if (args.order < 0 || args.order > 2)
        return fx_error_set(s->cx, FX_ERROR_ARGUMENT, s->where, "gradcheck: the order is 1 or 2, not %d",
                            args.order);
    int64_t wrong = 0;
    s->random = fx_get_random_state(s->cx);
    FX_SCOPE (s->cx) {
        if (find_inputs(s, list) && check(s, &args, &wrong) && args.report && !wrong)
            fprintf(args.report, "  right\n");
        if (fx_error(s->cx) && args.report) fprintf(args.report, "  %s\n", fx_error_message(s->cx));
    }
    return fx_error(s->cx);
}

fx_status fx_gradcheck_at(fx_context *cx, const fx_op *op, fx_gradcheck_args args, fx_where where)
{
    fx_tensor *each[4] = { args.x, args.x1, args.x2, args.x3 };
    fx_list list = args.inputs.count ? args.inputs : (fx_list){ 0, each };
    while (!args.inputs.count && list.count < 4 && each[list.count]) list.count++;
    if (!cx) return FX_ERROR_ARGUMENT;
    if (!op || !op->name)
        return fx_error_set(cx, FX_ERROR_ARGUMENT, where, "gradcheck: there is no op, or it has no name");
    if (list.count == 0 && !fx_error(cx))
        return fx_error_set(cx, FX_ERROR_ARGUMENT, where, "gradcheck: %s is given no input", op->name);
    subject s = { .cx = cx, .where = where, .op = op, .options = args.options };
    return start(&s, args, list);
}

fx_status fx_gradcheck_function_at(fx_context *cx, fx_checkpoint_function *function, void *data,
                                   fx_gradcheck_args args, fx_where where)
{
    if (!cx) return FX_ERROR_ARGUMENT;
    if (!function) return fx_error_set(cx, FX_ERROR_ARGUMENT, where, "gradcheck: there is no function");
    subject s = { .cx = cx, .where = where, .function = function, .data = data };
    return start(&s, args, args.inputs);
}
