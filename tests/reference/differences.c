/* Derivatives of references by differences in quadruple precision.
 *
 * First derivatives: central differences of fourth order, steps of 1e-7 |x|. Second: such differences of such
 * differences, the outer along the direction with steps of 1e-6. Inputs that reach disjoint outputs move
 * together (Curtis, Powell, Reid, "On the estimation of sparse Jacobian matrices", 1974): an elementwise
 * function costs a handful of evaluations, whatever its size. Which outputs an input reaches is found by
 * moving it, here and at a random place.
 *
 * Where a value is infinite, or infinitely steep, the difference from the right says of which sign the
 * derivative is infinite. */
#include "differences.h"
#include "call.h"
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTIONS = 3, MAX_COLORS = 96 };
static const int offsets[4] = { -2, -1, 1, 2 };
static const int weights[4] = { 1, -8, 8, -1 }; /* over 12 steps */

/* One compared number: the reference, what may be off, and if it is known. */
typedef struct expected {
    quad value;
    quad terms;    /* sum of |terms| */
    quad spread;   /* the same, with conditions */
    quad error;    /* of the differences */
    int64_t count; /* of terms */
    bool unknown;
} expected;

struct fx_ref {
    fx_ref_call *call;
    int diffs;
    struct {
        const fx_tensor *handle;
        int64_t first, numel;
        int ndim;
        int64_t size[FX_MAX_DIMS];
    } variable[FX_REF_MAX_TENSORS];
    int64_t n, m;                          /* numbers in variables, in outputs */
    int64_t first[FX_REF_MAX_OUTPUTS + 1]; /* of each output */
    bool single;                           /* some float32 is involved */
    quad *x, *step, *delta, *y;            /* n, n, n, m */
    quad *moved[4][4];                     /* m each: evaluations of a stencil */
    unsigned char *reaches;                /* n x m */
    int *color;                            /* of each variable's number; -1: left out */
    int colors;
    int64_t *owner;         /* m: the number of the current color that reaches an output; -1 */
    quad *jacobian, *bend;  /* n x m: dy/dx; the largest |change of it| over the directions */
    unsigned char *unknown; /* n x m */
    bool *narrow;           /* m: depends on at most one number of each variable */
    int64_t *inputs_of;     /* m: how many numbers an output depends on */
    expected *gradient, *second, *cotangent; /* n, n, m */
};

static void *checked(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (!memory) {
        fprintf(stderr, "differences: out of memory\n");
        abort();
    }
    return memory;
}

/* ---- evaluating ---------------------------------------------------------------------------------------- */

/* The outputs, one after the other, with the variables at x + delta (at delta itself, if elsewhere). */
static void evaluate(fx_ref *r, const quad *delta, bool elsewhere, quad *y)
{
    fx_ref_call *c = r->call;
    for (int v = 0; v < r->diffs; v++)
        for (int i = 0; i < c->inputs; i++) {
            if (c->input[i].handle != r->variable[v].handle) continue;
            fx_ref_tensor *t = &c->input[i].tensor;
            const quad *d = delta + r->variable[v].first;
            for (int64_t k = 0; k < t->numel; k++) t->at[k] = (elsewhere ? 0 : t->base[k]) + d[k];
        }
    fx__ref_evaluate(c);
    for (int k = 0; k < c->outputs && y; k++)
        memcpy(y + r->first[k], c->output[k].at, (size_t)c->output[k].numel * sizeof(quad));
}

static bool same(quad a, quad b) { return a == b || (isnanq(a) && isnanq(b)); }

/* Marks what number i reaches, by two evaluations. */
static void mark(fx_ref *r, int64_t i, const quad *a, const quad *b)
{
    for (int64_t j = 0; j < r->m; j++)
        if (!same(a[j], b[j])) r->reaches[i * r->m + j] = 1;
}

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void find_reach(fx_ref *r)
{
    quad *other = checked((size_t)r->n, sizeof *other), *base = r->moved[0][0], *moved = r->moved[0][1];
    for (int64_t i = 0; i < r->n; i++)
        other[i] =
            (quad)0.2 + (quad)0.7 * (quad)(mix((uint64_t)i * 0x9e3779b97f4a7c15u + 1) >> 11) / (quad)0x1p53;
    evaluate(r, other, true, base);
    for (int64_t i = 0; i < r->n; i++) {
        const quad before = other[i];
        other[i] += (quad)1e-3;
        evaluate(r, other, true, moved);
        mark(r, i, base, moved);
        other[i] = before;
    }
    memset(r->delta, 0, (size_t)r->n * sizeof(quad));
    for (int64_t i = 0; i < r->n; i++) {
        for (int side = -2; side <= 2; side += 4) {
            r->delta[i] = side * r->step[i];
            evaluate(r, r->delta, false, moved);
            mark(r, i, r->y, moved);
        }
        r->delta[i] = 0;
    }
    free(other);
}

/* Numbers that reach disjoint outputs share a color, first fit. Past so many colors, some are left out,
 * evenly. */
static void find_colors(fx_ref *r)
{
    unsigned char *taken = checked((size_t)(r->n * r->m), 1); /* by color, output */
    r->colors = 0;
    for (int64_t i = 0; i < r->n; i++) {
        const unsigned char *reach = r->reaches + i * r->m;
        int c = 0;
        for (; c < r->colors; c++) {
            int64_t j = 0;
            while (j < r->m && !(reach[j] && taken[c * r->m + j])) j++;
            if (j == r->m) break;
        }
        if (c == r->colors) r->colors++;
        for (int64_t j = 0; j < r->m; j++) taken[c * r->m + j] |= reach[j];
        r->color[i] = c;
    }
    free(taken);
    if (r->colors <= MAX_COLORS) return;
    for (int64_t i = 0; i < r->n; i++) {
        const int slot = (int)((int64_t)r->color[i] * MAX_COLORS / r->colors);
        const bool leads =
            r->color[i] == 0 || slot != (int)((int64_t)(r->color[i] - 1) * MAX_COLORS / r->colors);
        r->color[i] = leads ? slot : -1;
    }
    r->colors = MAX_COLORS;
}

/* Which number of a color reaches each output. */
static void find_owners(fx_ref *r, int color)
{
    for (int64_t j = 0; j < r->m; j++) r->owner[j] = -1;
    for (int64_t i = 0; i < r->n; i++)
        for (int64_t j = 0; r->color[i] == color && j < r->m; j++)
            if (r->reaches[i * r->m + j]) r->owner[j] = i;
}

/* Sets delta to t along a direction (NULL: nowhere) and steps more in all numbers of a color. */
static void move(fx_ref *r, int color, int steps, const quad *direction, quad t)
{
    for (int64_t i = 0; i < r->n; i++)
        r->delta[i] = (direction ? t * direction[i] : 0) + (r->color[i] == color ? steps * r->step[i] : 0);
}

/* ---- the Jacobian -------------------------------------------------------------------------------------- */

/* The derivative from the right, where the central difference says nothing. */
static bool from_the_right(fx_ref *r, int64_t i, int64_t j, quad *derivative)
{
    quad y[4], *moved = r->moved[3][3];
    const quad h = r->step[i], steps[4] = { h, 2 * h, 3 * h, h * (quad)1e-4 };
    if (!isinfq(r->y[j]) && !finiteq(r->y[j])) return false;
    memset(r->delta, 0, (size_t)r->n * sizeof(quad));
    for (int k = 0; k < 4; k++) {
        r->delta[i] = steps[k];
        evaluate(r, r->delta, false, moved);
        y[k] = moved[j];
    }
    const quad far = (y[0] - r->y[j]) / h, near = (y[3] - r->y[j]) / steps[3];
    if (isnanq(far) || isnanq(near)) return false;
    if (isinfq(near) || fabsq(near) > 10 * fabsq(far))
        *derivative = copysignq(HUGE_VALQ, near);
    else if (fabsq(near) <= fabsq(far) / 10)
        *derivative = 0;
    else
        *derivative = (-11 * r->y[j] + 18 * y[0] - 9 * y[1] + 2 * y[2]) / (6 * h);
    return true;
}

static void find_jacobian(fx_ref *r)
{
    for (int color = 0; color < r->colors; color++) {
        find_owners(r, color);
        for (int a = 0; a < 4; a++) {
            move(r, color, offsets[a], NULL, 0);
            evaluate(r, r->delta, false, r->moved[0][a]);
        }
        for (int64_t j = 0; j < r->m; j++) {
            const int64_t i = r->owner[j];
            if (i < 0) continue;
            quad d = 0;
            for (int a = 0; a < 4; a++) d += weights[a] * r->moved[0][a][j];
            d /= 12 * r->step[i];
            bool known = finiteq(d) && finiteq(r->y[j]);
            if (!known) known = from_the_right(r, i, j, &d);
            if (r->x[i] == 0 && fabsq(d) < (quad)1e-24) d = 0;
            r->jacobian[i * r->m + j] = d;
            r->unknown[i * r->m + j] = !known;
        }
    }
}

/* How the Jacobian changes when every input changes by a part of itself: its condition, in a few random
 * directions. */
static void find_bend(fx_ref *r)
{
    const quad t = (quad)1e-6;
    quad *direction = checked((size_t)r->n, sizeof *direction);
    for (int d = 0; d < DIRECTIONS; d++) {
        for (int64_t i = 0; i < r->n; i++)
            direction[i] =
                mix((uint64_t)(i * DIRECTIONS + d) * 0x9e3779b97f4a7c15u + 77) & 1 ? r->x[i] : -r->x[i];
        for (int color = 0; color < r->colors; color++) {
            find_owners(r, color);
            for (int side = 0; side < 2; side++)
                for (int a = 0; a < 4; a++) {
                    move(r, color, offsets[a], direction, side ? t : -t);
                    evaluate(r, r->delta, false, r->moved[side][a]);
                }
            for (int64_t j = 0; j < r->m; j++) {
                const int64_t i = r->owner[j];
                if (i < 0) continue;
                quad change = 0;
                for (int a = 0; a < 4; a++) change += weights[a] * (r->moved[1][a][j] - r->moved[0][a][j]);
                change = fabsq(change / (12 * r->step[i] * 2 * t));
                quad *bend = &r->bend[i * r->m + j];
                if (finiteq(change) && change > *bend) *bend = change;
            }
        }
    }
    free(direction);
}

/* ---- opening ------------------------------------------------------------------------------------------- */

bool fx_ref_exists(const fx_function *f) { return fx_reference_named(f->name) != NULL; }

static void add_variables(fx_ref *r, int diffs, fx_tensor *const diff[])
{
    for (int v = 0; v < diffs; v++) {
        r->variable[v].handle = diff[v];
        r->variable[v].first = r->n;
        r->variable[v].numel = fx_numel(diff[v]);
        r->variable[v].ndim = fx_ndim(diff[v]);
        memcpy(r->variable[v].size, fx_sizes(diff[v]), (size_t)fx_ndim(diff[v]) * sizeof(int64_t));
        r->n += r->variable[v].numel;
        r->single = r->single || fx_dtype_of(diff[v]) == FX_F32;
    }
    r->diffs = diffs;
}

static void copy_numbers(fx_ref *r)
{
    for (int v = 0; v < r->diffs; v++)
        for (int i = 0; i < r->call->inputs; i++) {
            if (r->call->input[i].handle != r->variable[v].handle) continue;
            r->call->input[i].tensor.moves = true;
            for (int64_t k = 0; k < r->variable[v].numel; k++) {
                const quad x = r->call->input[i].tensor.base[k], size = fabsq(x);
                r->x[r->variable[v].first + k] = x;
                /* tiny numbers take an absolute step where others are of ordinary size */
                r->step[r->variable[v].first + k] = (quad)1e-7 * (size == 0 || !finiteq(size) ? 1 : size);
            }
        }
}

static void count_inputs(fx_ref *r)
{
    for (int64_t j = 0; j < r->m; j++) {
        r->narrow[j] = true;
        for (int v = 0; v < r->diffs; v++) {
            int64_t count = 0;
            for (int64_t k = 0; k < r->variable[v].numel; k++)
                count += r->reaches[(r->variable[v].first + k) * r->m + j];
            r->inputs_of[j] += count;
            if (count > 1) r->narrow[j] = false;
        }
    }
}

fx_ref *fx_ref_open(const fx_function *f, const void *args, int diffs, fx_tensor *const diff[], int given,
                    fx_tensor *const out[])
{
    fx_ref *r = checked(1, sizeof *r);
    r->call = fx__ref_call_new(f, args, given, out);
    add_variables(r, diffs, diff);
    for (int i = 0; i < r->call->inputs; i++)
        r->single = r->single || r->call->input[i].tensor.dtype == FX_F32;
    const size_t n = (size_t)r->n;
    r->x = checked(n, sizeof(quad));
    r->step = checked(n, sizeof(quad));
    r->delta = checked(n, sizeof(quad));
    r->color = checked(n, sizeof(int));
    copy_numbers(r);
    evaluate(r, r->delta, false, NULL);
    for (int k = 0; k < r->call->outputs; k++) r->first[k + 1] = r->first[k] + r->call->output[k].numel;
    r->m = r->first[r->call->outputs];
    const size_t m = (size_t)r->m;
    r->y = checked(m, sizeof(quad));
    for (int a = 0; a < 16; a++) r->moved[a / 4][a % 4] = checked(m, sizeof(quad));
    r->owner = checked(m, sizeof(int64_t));
    r->narrow = checked(m, sizeof(bool));
    r->inputs_of = checked(m, sizeof(int64_t));
    r->reaches = checked(n * m, 1);
    r->unknown = checked(n * m, 1);
    r->jacobian = checked(n * m, sizeof(quad));
    r->bend = checked(n * m, sizeof(quad));
    r->gradient = checked(n, sizeof(expected));
    r->second = checked(n, sizeof(expected));
    r->cotangent = checked(m, sizeof(expected));
    evaluate(r, r->delta, false, r->y);
    find_reach(r);
    count_inputs(r);
    find_colors(r);
    find_jacobian(r);
    return r;
}

void fx_ref_close(fx_ref *r)
{
    if (!r) return;
    fx__ref_call_free(r->call);
    void *const owned[] = { r->x,     r->step,     r->delta,    r->color,     r->y,
                            r->owner, r->narrow,   r->reaches,  r->inputs_of, r->unknown,
                            r->bend,  r->jacobian, r->gradient, r->second,    r->cotangent };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    for (int a = 0; a < 16; a++) free(r->moved[a / 4][a % 4]);
    free(r);
}

int fx_ref_outputs(const fx_ref *r) { return r->call->outputs; }

/* ---- derivatives under seeds --------------------------------------------------------------------------- */

static quad *numbers_of(const fx_tensor *x, int64_t numel, quad *to)
{
    double *flat = checked((size_t)numel, sizeof *flat);
    if (x && (fx_numel(x) != numel || fx_copy_out(x, FX_F64, flat))) {
        fprintf(stderr, "differences: a seed or a direction is not of its tensor's shape\n");
        abort();
    }
    for (int64_t i = 0; i < numel; i++) to[i] = (quad)flat[i];
    free(flat);
    return to;
}

/* What rounding of 113 bits leaves of a difference of numbers of y's size, over a step. */
static quad rounding(const fx_ref *r, int64_t j, quad step) { return fabsq(r->y[j]) * (quad)4e-34 / step; }

/* The same over two steps, of numbers as large as those that were subtracted: y itself may be 0. */
static quad rounding_of_second(const fx_ref *r, int64_t j, quad step)
{
    quad most = fabsq(r->y[j]);
    for (int a = 0; a < 16; a++)
        if (fabsq(r->moved[a / 4][a % 4][j]) > most) most = fabsq(r->moved[a / 4][a % 4][j]);
    return most * (quad)4e-34 / step;
}

static void sum_gradient(fx_ref *r, const quad *seed)
{
    for (int64_t i = 0; i < r->n; i++) {
        expected *e = &r->gradient[i];
        *e = (expected){ .unknown = r->color[i] < 0 };
        for (int64_t j = 0; j < r->m; j++) {
            const int64_t at = i * r->m + j;
            if (!r->reaches[at]) continue;
            e->unknown = e->unknown || (r->unknown[at] && seed[j] != 0);
            if (r->unknown[at]) continue;
            const quad term = seed[j] * r->jacobian[at], bend = fabsq(seed[j]) * r->bend[at];
            e->value += term;
            e->terms += fabsq(term);
            e->spread += fabsq(term) + bend * (r->narrow[j] ? 1 : 2);
            e->error += fabsq(seed[j]) * rounding(r, j, r->step[i]);
            e->count += r->inputs_of[j];
        }
    }
}

static void sum_cotangent(fx_ref *r, const quad *direction)
{
    for (int64_t j = 0; j < r->m; j++) {
        expected *e = &r->cotangent[j];
        *e = (expected){ 0 };
        for (int64_t i = 0; i < r->n; i++) {
            const int64_t at = i * r->m + j;
            if (!r->reaches[at]) continue;
            e->unknown = e->unknown || r->unknown[at] || r->color[i] < 0 || !finiteq(r->jacobian[at]);
            const quad term = r->jacobian[at] * direction[i];
            e->value += term;
            e->terms += fabsq(term);
            e->spread += fabsq(term) + fabsq(direction[i]) * r->bend[at];
            e->error += fabsq(direction[i]) * rounding(r, j, r->step[i]);
            e->count++;
        }
    }
}

static void sum_second(fx_ref *r, const quad *seed, const quad *direction)
{
    const quad t = (quad)1e-6;
    for (int64_t i = 0; i < r->n; i++) r->second[i] = (expected){ .unknown = r->color[i] < 0 };
    for (int color = 0; color < r->colors; color++) {
        find_owners(r, color);
        for (int b = 0; b < 4; b++)
            for (int a = 0; a < 4; a++) {
                move(r, color, offsets[a], direction, offsets[b] * t);
                evaluate(r, r->delta, false, r->moved[b][a]);
            }
        for (int64_t j = 0; j < r->m; j++) {
            const int64_t i = r->owner[j];
            if (i < 0 || seed[j] == 0) continue;
            expected *e = &r->second[i];
            quad d = 0;
            for (int b = 0; b < 4; b++)
                for (int a = 0; a < 4; a++) d += weights[a] * weights[b] * r->moved[b][a][j];
            d /= 144 * r->step[i] * t;
            if (r->x[i] == 0 && fabsq(d) < (quad)1e-24) d = 0; /* as in the Jacobian */
            const int64_t at = i * r->m + j;
            e->unknown =
                e->unknown || !finiteq(d) || !finiteq(r->y[j]) || r->unknown[at] || !finiteq(r->jacobian[at]);
            e->value += seed[j] * d;
            e->terms += fabsq(seed[j] * d);
            e->spread += fabsq(seed[j] * d) + fabsq(seed[j]) * r->bend[at];
            e->error += fabsq(seed[j]) * rounding_of_second(r, j, r->step[i] * t);
            e->count += r->inputs_of[j];
        }
    }
}

void fx_ref_differentiate(fx_ref *r, fx_tensor *const seeds[], fx_tensor *const directions[])
{
    quad *seed = checked((size_t)r->m, sizeof *seed), *direction = checked((size_t)r->n, sizeof *direction);
    for (int k = 0; k < r->call->outputs; k++)
        numbers_of(seeds[k], r->call->output[k].numel, seed + r->first[k]);
    find_bend(r);
    sum_gradient(r, seed);
    for (int v = 0; directions && v < r->diffs; v++)
        numbers_of(directions[v], r->variable[v].numel, direction + r->variable[v].first);
    if (directions) {
        sum_cotangent(r, direction);
        sum_second(r, seed, direction);
    }
    free(seed);
    free(direction);
}

/* ---- comparing ----------------------------------------------------------------------------------------- */

enum kind { VALUE, GRADIENT, FORMULA, SECOND };

/* The largest |a - r| that is let pass. */
static quad allowed(const expected *e, enum kind kind, bool single, bool narrow)
{
    const quad r = fabsq(e->value), log_n = e->count > 4 ? log2q((quad)e->count) : 2;
    const quad floor = single ? (quad)FLT_MIN : (quad)1e-300;
    quad tolerance;
    if (kind == SECOND)
        tolerance = (single ? (quad)2e-5 : (quad)1e-12) * (r + e->spread);
    else if (!single)
        tolerance = 4 * (quad)0x1p-53 * log_n * (r + e->spread);
    else if (kind == FORMULA)
        tolerance = 4 * (quad)0x1p-24 * log_n * (r + e->spread);
    else if (narrow)
        tolerance = (quad)4e-7 * r;
    else
        tolerance = (quad)1e-6 * (e->terms > r ? e->terms : r);
    return tolerance + e->error + (e->terms > 0 || e->value != 0 ? floor : 0);
}

static bool compare(quad a, const expected *e, enum kind kind, bool single, bool narrow, quad *excess)
{
    const quad largest = single ? (quad)FLT_MAX : (quad)DBL_MAX;
    *excess = HUGE_VALQ;
    if (isnanq(e->value) || isnanq(a)) return isnanq(e->value) && isnanq(a);
    if (isinfq(e->value) || isinfq(a)) {
        /* what is too large for the dtype is infinite in it */
        const bool over = fabsq(e->value) > largest * (1 - (quad)1e-6);
        return over && (isinfq(a) || fabsq(a) > largest / 2) && (a > 0) == (e->value > 0);
    }
    const quad off = fabsq(a - e->value), limit = allowed(e, kind, single, narrow);
    *excess = off == 0 ? 0 : off / limit;
    return off <= limit;
}

static void compare_all(fx_ref *r, const char *what, int which, fx_tensor *a, const expected *e,
                        int64_t numel, enum kind kind, const bool *narrow, fx_ref_report *report)
{
    const bool single = r->single || (a && fx_dtype_of(a) == FX_F32);
    quad *numbers = numbers_of(a, numel, checked((size_t)numel, sizeof(quad)));
    for (int64_t i = 0; i < numel; i++) {
        if (e[i].unknown) {
            report->skipped++;
            continue;
        }
        quad excess;
        report->checked++;
        if (compare(numbers[i], &e[i], kind, single, !narrow || narrow[i], &excess)) {
            if ((double)excess > report->worst) report->worst = (double)excess;
            continue;
        }
        report->failed++;
        if ((double)excess <= report->worst && report->text[0]) continue;
        report->worst = (double)excess;
        snprintf(report->text, sizeof report->text,
                 "%s %d [%lld]: %.17g where the reference has %.17g: off by %.2g, allowed %.2g", what, which,
                 (long long)i, (double)numbers[i], (double)e[i].value, (double)fabsq(numbers[i] - e[i].value),
                 (double)allowed(&e[i], kind, single, !narrow || narrow[i]));
    }
    free(numbers);
}

static bool shaped_as(const fx_tensor *x, int ndim, const int64_t *size)
{
    if (!x) return true;
    bool is = fx_ndim(x) == ndim;
    for (int d = 0; is && d < ndim; d++) is = fx_sizes(x)[d] == size[d];
    return is;
}

bool fx_ref_check_value(fx_ref *r, int k, fx_tensor *y, fx_ref_report *report)
{
    const fx_ref_tensor *out = &r->call->output[k];
    if (!shaped_as(y, out->ndim, out->size)) return false;
    expected *e = checked((size_t)out->numel, sizeof *e);
    for (int64_t j = 0; j < out->numel; j++) {
        const int64_t at = r->first[k] + j;
        e[j].value = r->y[at];
        if (!fx_dtype_is_float(fx_dtype_of(y))) continue; /* integers are exact */
        e[j].count = r->inputs_of[at];
        for (int64_t i = 0; i < r->n; i++) {
            const quad term = fabsq(r->jacobian[i * r->m + at] * r->x[i]);
            if (r->reaches[i * r->m + at] && finiteq(term)) e[j].terms += term;
        }
        e[j].spread = e[j].terms;
    }
    compare_all(r, "output", k, y, e, out->numel, VALUE, r->narrow + r->first[k], report);
    free(e);
    return true;
}

/* Gradients are sums over outputs: narrow where a number reaches one output, and that depends on one number
 * of each. */
static bool *narrow_gradients(const fx_ref *r, int v)
{
    bool *narrow = checked((size_t)r->variable[v].numel, sizeof *narrow);
    for (int64_t k = 0; k < r->variable[v].numel; k++) {
        int64_t count = 0;
        narrow[k] = true;
        for (int64_t j = 0; j < r->m; j++) {
            if (!r->reaches[(r->variable[v].first + k) * r->m + j]) continue;
            narrow[k] = narrow[k] && r->narrow[j];
            count++;
        }
        narrow[k] = narrow[k] && count <= 1;
    }
    return narrow;
}

bool fx_ref_check_gradient(fx_ref *r, int i, fx_tensor *gradient, bool formula, fx_ref_report *report)
{
    if (!shaped_as(gradient, r->variable[i].ndim, r->variable[i].size)) return false;
    bool *narrow = narrow_gradients(r, i);
    compare_all(r, formula ? "gradient by formula" : "gradient", i, gradient,
                r->gradient + r->variable[i].first, r->variable[i].numel, formula ? FORMULA : GRADIENT,
                narrow, report);
    free(narrow);
    return true;
}

bool fx_ref_check_second(fx_ref *r, int i, fx_tensor *second, fx_ref_report *report)
{
    if (!shaped_as(second, r->variable[i].ndim, r->variable[i].size)) return false;
    compare_all(r, "second gradient", i, second, r->second + r->variable[i].first, r->variable[i].numel,
                SECOND, NULL, report);
    return true;
}

bool fx_ref_check_cotangent(fx_ref *r, int k, fx_tensor *cotangent, fx_ref_report *report)
{
    const fx_ref_tensor *out = &r->call->output[k];
    if (!shaped_as(cotangent, out->ndim, out->size)) return false;
    compare_all(r, "gradient in the seed", k, cotangent, r->cotangent + r->first[k], out->numel, SECOND, NULL,
                report);
    return true;
}
