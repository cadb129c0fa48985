/* The op of windows and interpolation: one dimension after the other, the last first, each by a table of
 * taps. Its adjoint is the same op with the tables transposed, so that the family is closed.
 */
#include "resample.h"

#include "kernels/resample.h"

#include <math.h>

/* ---- tables ----------------------------------------------------------------------------------------------
 */

static int64_t clamp(int64_t a, int64_t least, int64_t most)
{
    return a < least ? least : a > most ? most : a;
}

static int64_t most_taps(const fx__scale *s)
{
    switch (s->rule) {
    case FX__RULE_WINDOW: return s->kernel < s->in ? s->kernel : s->in;
    case FX__RULE_ADAPTIVE: return s->out ? s->in / s->out + 2 : 0;
    case FX__RULE_LINEAR: return 2;
    case FX__RULE_CUBIC: return 4;
    default: return 1;
    }
}

/* Adds a tap to the row being filled. */
static void tap(fx__taps *t, int64_t o, int64_t at, double weight)
{
    t->at[t->first[o + 1]] = at;
    t->weight[t->first[o + 1]++] = weight;
}

static void window_row(const fx__scale *s, int64_t o, fx__taps *t)
{
    int64_t from = o * s->stride - s->before, to = from + s->kernel;
    if (s->rule == FX__RULE_ADAPTIVE) {
        from = o * s->in / s->out;
        to = ((o + 1) * s->in + s->out - 1) / s->out;
    }
    if (s->rule == FX__RULE_WINDOW && to > s->in + s->before) to = s->in + s->before;
    double length = (double)(to - from);
    from = clamp(from, 0, s->in);
    to = clamp(to, from, s->in);
    if (s->rule == FX__RULE_WINDOW && !s->counts_padding) length = (double)(to - from);
    if (s->divisor != 0) length = s->divisor;
    for (int64_t i = from; i < to; i++) tap(t, o, i, 1 / length);
}

/* Where in x number o of y lies: at + part, and rest = 1 - part. Sizes say it in integers, exactly; a factor
 * says it in doubles, whose roundings are carried along, so that a small part keeps its digits. */
typedef struct place {
    int64_t at;
    double part, rest;
} place;

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static place place_by_sizes(const fx__scale *s, int64_t o)
{
    const int64_t above = s->aligned ? o * (s->in - 1) : (2 * o + 1) * s->in - s->out;
    const int64_t below = !s->aligned ? 2 * s->out : s->out > 1 ? s->out - 1 : 1;
    const int64_t at = floor_div(above, below), left = above - at * below;
    return (place){ at, (double)left / (double)below, (double)(below - left) / (double)below };
}

static place place_by_factor(const fx__scale *s, int64_t o)
{
    const double a = (double)(2 * o + 1), above = a - s->factor, part_of = above - a;
    const double lost = (a - (above - part_of)) - (s->factor + part_of),
                 below = 2 * s->factor; /* a two-sum */
    const double at = floor(above / below), left = fma(-at, below, above) + lost;
    return (place){ (int64_t)at, left / below, (below - left) / below };
}

static place place_of(const fx__scale *s, int64_t o)
{
    return s->aligned || s->factor == 0 ? place_by_sizes(s, o) : place_by_factor(s, o);
}

static void linear_row(const fx__scale *s, int64_t o, fx__taps *t)
{
    const place p = place_of(s, o);
    if (p.at < 0 || p.at + 1 >= s->in || p.part == 0) {
        tap(t, o, clamp(p.at, 0, s->in - 1), 1);
        return;
    }
    tap(t, o, p.at, p.rest);
    tap(t, o, p.at + 1, p.part);
}

static int64_t nearest_to(const fx__scale *s, int64_t o)
{
    const bool exact = s->rule == FX__RULE_EXACT;
    if (s->factor != 0) return (int64_t)floor(((double)o + (exact ? 0.5 : 0)) / s->factor);
    return exact ? (2 * o + 1) * s->in / (2 * s->out) : o * s->in / s->out;
}

/* Keys' cubic convolution of the number just below a place, `part` away, and of the one before: in factors.
 */
static double cubic_near(double part, double rest) { return rest * (1 + part - 1.25 * part * part); }
static double cubic_far(double part, double rest) { return -0.75 * part * rest * rest; }

static void cubic_row(const fx__scale *s, int64_t o, fx__taps *t)
{
    const place p = place_of(s, o);
    const double weight[] = { cubic_far(p.part, p.rest), cubic_near(p.part, p.rest),
                              cubic_near(p.rest, p.part), cubic_far(p.rest, p.part) };
    for (int k = 0; k < 4; k++) tap(t, o, clamp(p.at - 1 + k, 0, s->in - 1), weight[k]);
}

static void fill_taps(const fx__scale *s, fx__taps *t)
{
    t->in = s->in;
    t->out = s->out;
    t->first[0] = 0;
    for (int64_t o = 0; o < s->out; o++) {
        t->first[o + 1] = t->first[o];
        switch (s->rule) {
        case FX__RULE_WINDOW:
        case FX__RULE_ADAPTIVE: window_row(s, o, t); break;
        case FX__RULE_NEAREST:
        case FX__RULE_EXACT: tap(t, o, clamp(nearest_to(s, o), 0, s->in - 1), 1); break;
        case FX__RULE_LINEAR: linear_row(s, o, t); break;
        case FX__RULE_CUBIC: cubic_row(s, o, t); break;
        }
    }
}

/* Memory for a table of `rows` rows and at most `taps` taps. */
static size_t taps_bytes(int64_t rows, int64_t taps)
{
    return (size_t)(rows + 1 + taps) * sizeof(int64_t) + (size_t)taps * sizeof(double);
}

static fx__taps taps_in(void *memory, int64_t rows, int64_t taps)
{
    int64_t *first = memory;
    return (fx__taps){ .first = first,
                       .at = first + rows + 1,
                       .weight = (double *)(void *)(first + rows + 1 + taps) };
}

/* ---- the op ----------------------------------------------------------------------------------------------
 */

static int64_t out_of(const fx__resampling *r, int d) { return r->adjoint ? r->dim[d].in : r->dim[d].out; }

static bool resample_shape(const fx_call *c, fx_spec *y)
{
    const fx__resampling *r = c->options;
    for (int d = 0; d < r->ndim; d++) y->size[r->first + d] = out_of(r, d);
    return true;
}

/* Along one dimension: x to y, which lie row-major. False after an error. */
static bool along(const fx_call *c, int d, int64_t outer, int64_t inner, const void *x, void *y)
{
    const fx__resampling *r = c->options;
    const fx__scale *s = &r->dim[d];
    const int64_t most = most_taps(s) * s->out;
    char *memory = fx__scratch(c->cx, taps_bytes(s->out, most) + taps_bytes(s->in, most));
    if (!memory) return false;
    fx__taps taps = taps_in(memory, s->out, most),
             back = taps_in(memory + taps_bytes(s->out, most), s->in, most);
    fill_taps(s, &taps);
    if (r->adjoint) fx__taps_transpose(&taps, &back);
    fx__resample_run(fx_threads(c->cx), c->y->dtype == FX_F64, r->adjoint ? &back : &taps, outer, inner, x,
                     y);
    fx__scratch_free(c->cx, memory);
    return true;
}

static void resample_forward(const fx_call *c)
{
    const fx__resampling *r = c->options;
    const fx_tensor *x = c->x[0];
    int64_t size[FX_MAX_DIMS];
    void *scratch[FX__SPACE] = { NULL };
    const void *from = x->data;
    bool good = true;
    if (c->y->numel == 0) return;
    for (int d = 0; d < x->ndim; d++) size[d] = x->size[d];
    for (int d = r->ndim; good && d-- > 0;) {
        const int at = r->first + d;
        const int64_t outer = fx__product(size, 0, at), inner = fx__product(size, at + 1, x->ndim);
        void *to = c->y->data;
        size[at] = out_of(r, d);
        if (d > 0) {
            const size_t numbers = (size_t)(outer * size[at] * inner);
            to = scratch[d] = fx__scratch(c->cx, numbers * fx_dtype_size((fx_dtype)x->dtype) + 1);
        }
        good = to && along(c, d, outer, inner, from, to);
        from = to;
    }
    for (int d = FX__SPACE; d-- > 0;) fx__scratch_free(c->cx, scratch[d]);
}

static void resample_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx__resampling r = *(const fx__resampling *)c->options;
    r.adjoint = !r.adjoint;
    gx[0] = fx__resample(g, &r, c->where);
}

static const fx_op resample_op = { .name = "resample",
                                   .formula = "y[o] = sum of weight[o, i] x[i], along some dimensions",
                                   .inputs = 1,
                                   .options_size = sizeof(fx__resampling),
                                   .shape = resample_shape,
                                   .forward = resample_forward,
                                   .local_grad = resample_local_grad };

fx_tensor *fx__resample(fx_tensor *x, const fx__resampling *how, fx_where where)
{
    return x ? FX__APPLY(&resample_op, how, where, x) : NULL;
}
