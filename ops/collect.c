/* Numbers collected where an index says, and reduced there.
 *
 *     sum          added in the order of the source
 *     mean         the sum over how many there are
 *     prod         a tree of products of two, level by level, each level two picks and a product: nothing is
 *                  divided, so that zeros change nothing, and gradients of any order follow
 *     amax, amin   a record of its own, whose gradient ties share evenly
 *
 * Invariant: places were checked, and are as many as the source has numbers.
 */
#include "collect.h"

typedef const int64_t places_t;

static places_t *places_at(const fx_tensor *places) { return (places_t *)(const void *)places->data; }

fx_tensor *fx__new_index(fx_context *cx, int64_t count, int64_t **at, fx_where where)
{
    fx_tensor *index = fx__new(cx, FX_I64, 1, &count, where);
    if (index) *at = (int64_t *)(void *)index->data;
    return index;
}

/* Whether x's numbers are among those that tie, and are counted. */
static bool self_ties(const fx__collect_options *o) { return o->include && !o->self_apart; }

/* ---- extremes ---- */

/* y: the extremes. seen: as many marks as y has numbers, where x's do not count. */
#define EXTREMES(T)                                                                                          \
    static void extremes_##T(int64_t n, places_t *place, const void *from, bool least, bool *seen, void *to) \
    {                                                                                                        \
        const T *source = from;                                                                              \
        T *y = to;                                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                    \
            const T v = source[i];                                                                           \
            T *best = y + place[i];                                                                          \
            const bool first = seen && !seen[place[i]];                                                      \
            if (first || (least ? v < *best : v > *best) || v != v) *best = v;                               \
            if (first) seen[place[i]] = true;                                                                \
        }                                                                                                    \
    }
EXTREMES(float)
EXTREMES(double)
EXTREMES(int64_t)
EXTREMES(int32_t)
EXTREMES(uint8_t)

static bool extreme_shape(const fx_call *c, fx_spec *y)
{
    (void)c, (void)y;
    return true;
}

static void extreme_forward(const fx_call *c)
{
    static void (*const run[FX_DTYPE_COUNT])(int64_t, places_t *, const void *, bool, bool *, void *) = {
        [FX_F32] = extremes_float,   [FX_F64] = extremes_double, [FX_I64] = extremes_int64_t,
        [FX_I32] = extremes_int32_t, [FX_U8] = extremes_uint8_t, [FX_BOOL] = extremes_uint8_t,
    };
    const fx__collect_options *o = c->options;
    const fx_tensor *source = c->x[1];
    bool *seen = NULL;
    fx__copy_numbers(c->y, c->x[0]);
    if (!o->include) {
        if (!(seen = fx__scratch(c->cx, (size_t)c->y->numel + 1))) return;
        memset(seen, 0, (size_t)c->y->numel);
    }
    run[c->y->dtype](source->numel, places_at(c->x[2]), source->data, o->kind == FX_REDUCE_AMIN, seen,
                     c->y->data);
    if (seen) fx__scratch_free(c->cx, seen);
}

/* Each tie's share, 1 / k of k ties, in x and in the source; ties: as many numbers as x has, 0. */
#define SHARES(T)                                                                                            \
    static void shares_##T(const fx_call *c, bool counts, bool *touched, double *ties)                       \
    {                                                                                                        \
        const T *x = (const void *)c->x[0]->data, *source = (const void *)c->x[1]->data,                     \
                *y = (const void *)c->x[3]->data;                                                            \
        T *of_x = (void *)c->ys[0]->data, *of_source = (void *)c->ys[1]->data;                               \
        const int64_t n = c->x[0]->numel, m = c->x[1]->numel;                                                \
        places_t *place = places_at(c->x[2]);                                                                \
        for (int64_t i = 0; i < m; i++) {                                                                    \
            const T v = source[i], best = y[place[i]];                                                       \
            const bool ties_here = v == best || (v != v && best != best);                                    \
            of_source[i] = ties_here;                                                                        \
            ties[place[i]] += ties_here;                                                                     \
            touched[place[i]] = true;                                                                        \
        }                                                                                                    \
        for (int64_t k = 0; k < n; k++) {                                                                    \
            of_x[k] = !touched[k] || (counts && (x[k] == y[k] || (x[k] != x[k] && y[k] != y[k])));           \
            ties[k] += (double)of_x[k];                                                                      \
            if (of_x[k] != 0) of_x[k] = (T)(1 / ties[k]);                                                    \
        }                                                                                                    \
        for (int64_t i = 0; i < m; i++)                                                                      \
            if (of_source[i] != 0) of_source[i] = (T)(1 / ties[place[i]]);                                   \
    }
SHARES(float)
SHARES(double)

static bool shares_shape(const fx_call *c, fx_spec *y)
{
    y[1].dtype = (fx_dtype)c->x[1]->dtype;
    y[1].ndim = c->x[1]->ndim;
    memcpy(y[1].size, c->x[1]->size, sizeof(int64_t) * c->x[1]->ndim);
    y[0].no_gradient = y[1].no_gradient = true;
    return true;
}

static void shares_forward(const fx_call *c)
{
    const fx__collect_options *o = c->options;
    const size_t n = (size_t)c->x[0]->numel;
    double *ties = fx__scratch(c->cx, (sizeof *ties + sizeof(bool)) * n + 1);
    if (!ties) return;
    bool *touched = (bool *)(ties + n);
    memset(ties, 0, (sizeof *ties + sizeof(bool)) * n);
    if (c->y->dtype == FX_F32)
        shares_float(c, self_ties(o), touched, ties);
    else
        shares_double(c, self_ties(o), touched, ties);
    fx__scratch_free(c->cx, ties);
}

static const fx_op shares_op = { .name = "extreme_shares",
                                 .formula = "1 / k for each of k numbers that tie where they were collected",
                                 .inputs = 4,
                                 .outputs = 2,
                                 .options_size = sizeof(fx__collect_options),
                                 .shape = shares_shape,
                                 .forward = shares_forward };

static void extreme_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx_where where = c->where;
    /* Where x's numbers do not tie, only its sizes matter: y has them too. */
    fx_tensor *const inputs[] = { c->x[0] ? c->x[0] : c->y, c->x[1], c->x[2], c->y };
    fx_tensor *shares[2];
    if (!fx_apply_at(&shares_op, (fx_list){ 4, inputs }, c->options, shares, where)) return;
    if (fx_call_needs(c, 0)) gx[0] = fx_mul_at(fx_operand_tensor(g), fx_operand_tensor(shares[0]), where);
    if (!fx_call_needs(c, 1)) return;
    fx_tensor *there = fx__rows(fx_ravel_at(g, where), c->x[2], 0, FX__ROWS_ALL, 0, where);
    there = there ? fx__reshape_like(there, c->x[1], where) : NULL;
    gx[1] = fx_mul_at(fx_operand_tensor(there), fx_operand_tensor(shares[1]), where);
}

static unsigned captured_extreme(const fx_call *c)
{
    return FX_CAPTURE_X1 | FX_CAPTURE_X2 | FX_CAPTURE_Y | (self_ties(c->options) ? FX_CAPTURE_X0 : 0);
}

static const fx_op extreme_op = { .name = "collect_extreme",
                                  .formula = "y = the largest, or the least, of what is collected",
                                  .inputs = 3,
                                  .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1 | FX_CAPTURE_X2 | FX_CAPTURE_Y,
                                  .captured = captured_extreme,
                                  .options_size = sizeof(fx__collect_options),
                                  .shape = extreme_shape,
                                  .forward = extreme_forward,
                                  .local_grad = extreme_local_grad };

/* ---- sums and means ---- */

/* How many numbers come together in each place of x (1 where only x's is), in x's dtype. */
static fx_tensor *counts_of(fx_tensor *x, const fx_tensor *places, bool include, fx_where where)
{
    int64_t *count;
    fx_tensor *counts = fx__new_index(x->cx, x->numel, &count, where);
    if (!counts) return NULL;
    places_t *place = places_at(places);
    for (int64_t k = 0; k < x->numel; k++) count[k] = include;
    for (int64_t i = 0; i < places->numel; i++) count[place[i]]++;
    for (int64_t k = 0; k < x->numel; k++) count[k] += count[k] == 0;
    return fx__space.cast(counts, (fx_dtype)x->dtype, where);
}

/* x, source and places in one dimension. */
static fx_tensor *sum_of(fx_tensor *x, fx_tensor *source, fx_tensor *places, bool include, fx_where where)
{
    if (!include) x = fx_index_fill_at(x, 0, places, fx_operand_integer(0), where);
    return x ? fx__plus_rows(x, places, source, 0, where) : NULL;
}

/* ---- products ---- */

/* Numbers in groups, group after group: left[g] of them in group g. */
typedef struct groups {
    int64_t count, *left;
} groups;

/* The picks of the next level of a tree: the first and the second of each two neighbours in a group, or the 1
 * that stands last, which is kept as the last of both. Returns how many pairs there are. */
static int64_t pair_up(groups *g, int64_t total, int64_t *first, int64_t *second)
{
    int64_t from = 0, to = 0;
    for (int64_t k = 0; k < g->count; k++) {
        const int64_t n = g->left[k];
        for (int64_t i = 0; i < n; i += 2, to++) {
            if (first) first[to] = from + i;
            if (first) second[to] = i + 1 < n ? from + i + 1 : total;
        }
        from += n;
        if (first) g->left[k] = (n + 1) / 2;
    }
    if (first) first[to] = second[to] = total;
    return to;
}

/* numbers: those of each group, then a 1; each group has one at least. The products, then a 1. */
static fx_tensor *products(fx_tensor *numbers, groups *g, fx_where where)
{
    int64_t total = numbers ? numbers->numel - 1 : 0;
    while (numbers && total > g->count) {
        int64_t *at[2];
        const int64_t pairs = pair_up(g, total, NULL, NULL);
        fx_tensor *first = fx__new_index(numbers->cx, pairs + 1, &at[0], where);
        fx_tensor *second = fx__new_index(numbers->cx, pairs + 1, &at[1], where);
        if (!first || !second) return NULL;
        pair_up(g, total, at[0], at[1]);
        first = fx__rows(numbers, first, 0, FX__ROWS_ALL, 0, where);
        second = fx__rows(numbers, second, 0, FX__ROWS_ALL, 0, where);
        numbers = fx_mul_at(fx_operand_tensor(first), fx_operand_tensor(second), where);
        total = pairs;
    }
    return numbers;
}

/* Which numbers of x, source and a 1, joined, make the groups: counting sort by place. left: how many each
 * place has. */
static fx_tensor *grouped(const fx_tensor *x, const fx_tensor *places, bool include, int64_t *left,
                          fx_where where)
{
    const int64_t n = x->numel, m = places->numel;
    places_t *place = places_at(places);
    int64_t *order, total = 0, *start = left + n;
    memset(left, 0, sizeof *left * (size_t)n);
    for (int64_t i = 0; i < m; i++) left[place[i]]++;
    for (int64_t k = 0; k < n; k++) {
        start[k] = total;
        total += left[k] + (include || !left[k]);
    }
    fx_tensor *sorted = fx__new_index(x->cx, total + 1, &order, where);
    if (!sorted) return NULL;
    for (int64_t k = 0; k < n; k++)
        if (include || !left[k]) {
            order[start[k]++] = k;
            left[k]++;
        }
    for (int64_t i = 0; i < m; i++) order[start[place[i]]++] = n + i;
    order[total] = n + m;
    return sorted;
}

/* Products of floats are made in double, and rounded once. */
static fx_tensor *prod_of(fx_tensor *x, fx_tensor *source, fx_tensor *places, bool include, fx_where where)
{
    const fx_dtype dtype = (fx_dtype)x->dtype, as = dtype == FX_F32 ? FX_F64 : dtype;
    fx_tensor *one = fx_full_at(x->cx, dtype, 1, FX_DIMS(1), where), *y = NULL;
    fx_tensor *const joined[] = { x, source, one };
    groups g = { .count = x->numel,
                 .left = fx__scratch(x->cx, sizeof(int64_t) * (2 * (size_t)x->numel + 1)) };
    if (!g.left) return NULL;
    fx_tensor *order = one ? grouped(x, places, include, g.left, where) : NULL;
    if (order) {
        y = fx__join((fx_list){ 3, joined }, 0, false, where);
        y = fx__rows(as != dtype ? fx__space.cast(y, as, where) : y, order, 0, FX__ROWS_ALL, 0, where);
        y = products(y, &g, where);
        y = y ? fx__slice(y, 0, 0, x->numel, 1, where) : NULL;
        if (y && as != dtype) y = fx__space.cast(y, dtype, where);
    }
    fx__scratch_free(x->cx, g.left);
    return y;
}

fx_tensor *fx__collect(fx_tensor *x, fx_tensor *source, fx_tensor *places, fx__collect_options o,
                       fx_where where)
{
    if (!x || !source || !places) return NULL;
    fx_tensor *y = NULL, *flat = fx_ravel_at(x, where);
    source = fx_ravel_at(source, where);
    places = fx_ravel_at(fx__contiguous_of(places), where);
    if (!flat || !source || !places) return NULL;
    if (!places->numel) return fx__space.clone(x, where);
    switch (o.kind) {
    case FX_REDUCE_SUM: y = sum_of(flat, source, places, o.include, where); break;
    case FX_REDUCE_PROD: y = prod_of(flat, source, places, o.include, where); break;
    case FX_REDUCE_MEAN: {
        fx_tensor *counts = counts_of(x, places, self_ties(&o), where);
        y = sum_of(flat, source, places, o.include, where);
        y = (fx_dtype_is_float((fx_dtype)x->dtype) ? fx_div_at : fx_floor_divide_at)(
            fx_operand_tensor(y), fx_operand_tensor(counts), where);
        break;
    }
    case FX_REDUCE_AMAX:
    case FX_REDUCE_AMIN: y = FX__APPLY(&extreme_op, &o, where, flat, source, places); break;
    }
    return y ? fx__reshape_like(y, x, where) : NULL;
}
