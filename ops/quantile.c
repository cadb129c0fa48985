/* Quantiles: between two neighbours of the numbers in order.
 *
 * The numbers are sorted along a dimension, the ranks q (n - 1) are real, and the numbers below and above a
 * rank are gathered and mixed: the gradient goes to those two, and by the mixture's weight to q.
 */
#include "indexing.h"
#include "terms.h"

#include <math.h>

enum { LINEAR, LOWER, HIGHER, MIDPOINT, NEAREST };

/* The probabilities in one dimension; a number is of x's dtype. NULL after an error. */
static fx_tensor *probabilities(const fx_tensor *x, fx_operand q, const char *name, fx_where where)
{
    fx_tensor *p = q.tensor;
    if (fx_operand_is_number(q)) p = fx_full_at(x->cx, FX_F64, q.number, FX_NO_DIMS, where);
    if (!p) return NULL;
    if (p->ndim > 1 || (p == q.tensor && p->dtype != x->dtype)) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where,
                     "%s: q is a number or has one dimension, and x's dtype: not %s %s", name,
                     fx_dtype_name((fx_dtype)p->dtype), fx__shape_text(p));
        return NULL;
    }
    const fx_tensor *flat = fx__contiguous_of(p);
    for (int64_t i = 0; flat && i < flat->numel; i++) {
        const double at = p->dtype == FX_F32 ? (double)((const float *)(const void *)flat->data)[i]
                                             : ((const double *)(const void *)flat->data)[i];
        if (at >= 0 && at <= 1) continue;
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: q lies in [0, 1], unlike %g", name, at);
        return NULL;
    }
    return fx__reshape(p, 1, &p->numel, where);
}

/* x with its dimension dim as the last. */
static fx_tensor *with_last(fx_tensor *x, int dim, fx_where where)
{
    int order[FX_MAX_DIMS];
    for (int d = 0, k = 0; d < x->ndim; d++)
        if (d != dim) order[k++] = d;
    order[x->ndim - 1] = dim;
    return dim == x->ndim - 1 ? x : fx__permute(x, order, where);
}

/* The numbers of sorted lanes at ranks (..., q), which are integers. */
static fx_tensor *numbers_at(fx_tensor *sorted, fx_tensor *rank, fx_where where)
{
    if (!sorted || !rank) return NULL;
    fx__sizes to = fx__sizes_of(sorted);
    to.at[to.ndim - 1] = rank->size[rank->ndim - 1];
    fx_tensor *index = fx__space.cast(fx_detach_at(rank, where), FX_I64, where);
    return fx__gather(sorted, index ? fx__expand(index, to.ndim, to.at, where) : NULL, sorted->ndim - 1,
                      where);
}

/* (..., n) and (q) to (..., q). Ranks are doubles, so that what is left of one has x's precision. */
static fx_tensor *mixed(fx_tensor *x, fx_tensor *q, int how, bool skips, fx_where where)
{
    fx_tensor *sorted = fx_sort_at((fx_sort_args){ .x = x, .dim = -1 }, where);
    fx_tensor *nan = FN(isnan, sorted), *rank;
    q = fx__as(q, FX_F64, where);
    if (!nan || !q) return NULL;
    const double last = (double)(x->size[x->ndim - 1] - 1);
    if (skips) {
        fx_tensor *valid = SUM(fx_logical_not_at(nan, where), fx__one_dim(-1), true);
        valid = valid ? fx__space.cast(valid, FX_F64, where) : NULL;
        rank = MUL(q, CLAMP_MIN(SUB(valid, 1), 0));
    } else
        rank = SELECT(fx_any_at((fx_any_args){ .x = nan, .dims = fx__one_dim(-1), .keepdim = true }, where),
                      last, MUL(q, last));
    if (how == NEAREST) return numbers_at(sorted, fx_round_at((fx_round_args){ .x = rank }, where), where);
    fx_tensor *low = FN(floor, rank), *high = how == LOWER ? NULL : FN(ceil, rank);
    if (how == LOWER) return numbers_at(sorted, low, where);
    fx_tensor *above = numbers_at(sorted, high, where);
    if (how == HIGHER) return above;
    fx_tensor *below = numbers_at(sorted, low, where);
    if (how == MIDPOINT) return fx_lerp_at(below, above, fx_operand_number(0.5), where);
    return fx_lerp_at(below, above, fx_operand_tensor(fx__as(SUB(rank, low), (fx_dtype)x->dtype, where)),
                      where);
}

static fx_tensor *quantile(fx_quantile_args a, bool skips, const char *name, fx_where where)
{
    fx_tensor *x = a.x, *whole = x;
    if (!x || !a.q.tensor || !fx__is_floating(x, name, where)) return NULL;
    fx_tensor *q = probabilities(x, a.q, name, where);
    const int dim = a.dim == FX_ALL_DIMS ? 0 : fx__dim_of(x, a.dim, name, where);
    if (!q || dim < 0) return NULL;
    if (a.dim == FX_ALL_DIMS || !x->ndim) whole = fx__reshape(x, 1, &x->numel, where);
    if (whole && !whole->size[dim]) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: there is no number to choose from in sizes %s", name,
                     fx__shape_text(x));
        return NULL;
    }
    fx_tensor *y = whole ? mixed(with_last(whole, dim, where), q, a.interpolation, skips, where) : NULL;
    if (!y) return NULL;
    /* (..., q) to (q, ...), or without q */
    const bool many = !fx_operand_is_number(a.q) && a.q.tensor->ndim == 1;
    int order[FX_MAX_DIMS] = { y->ndim - 1 };
    for (int d = 0; d + 1 < y->ndim; d++) order[d + 1] = d;
    y = fx__permute(y, order, where);
    fx__sizes to = { .ndim = many };
    if (!y) return NULL;
    if (many) to.at[0] = y->size[0];
    for (int d = 0; d < x->ndim; d++) {
        const bool reduced = a.dim == FX_ALL_DIMS || d == dim;
        if (!reduced) to.at[to.ndim++] = x->size[d];
        if (reduced && a.keepdim) to.at[to.ndim++] = 1;
    }
    return fx__reshape(y, to.ndim, to.at, where);
}

fx_tensor *fx_quantile_at(fx_quantile_args a, fx_where where)
{
    return quantile(a, false, "quantile", where);
}
fx_tensor *fx_nanquantile_at(fx_quantile_args a, fx_where where)
{
    return quantile(a, true, "nanquantile", where);
}

static const fx_field quantile_fields[] = { FX__FIELD(fx_quantile_args, x, TENSOR, .torch = "input"),
                                            FX__FIELD(fx_quantile_args, q, OPERAND),
                                            FX__FIELD(fx_quantile_args, dim, INT, .optional = true),
                                            FX__FIELD(fx_quantile_args, keepdim, BOOL, .optional = true),
                                            FX__FIELD(fx_quantile_args, interpolation, CHOICE,
                                                      .optional = true,
                                                      .choices = "linear|lower|higher|midpoint|nearest"),
                                            FX__FIELDS_END };
#define QUANTILE_SAMPLES                                                                                     \
    "x=() q=0.3\nx=() q=0.3 dim=0 keepdim=true\nx=(5)@distinct q=0.3\nx=(5)@distinct q=(3){0.1,0.4,0.85}\n"  \
    "x=(3,4)@distinct q=0.6 dim=0\nx=(3,4)@distinct q=(2){0.3,0.9} dim=-1 keepdim=true\nx=(2,3)@distinct "   \
    "q=(){0.7}\n"                                                                                            \
    "x=(2,4,3)@distinct q=(2){0.1,0.45} dim=1\nx=(5)@distinct q=0.3 interpolation=lower\n"                   \
    "x=(5)@distinct q=0.3 interpolation=higher\nx=(5)@distinct q=~(2){0.3,0.6} interpolation=midpoint\n"     \
    "x=(5)@distinct q=0.3 interpolation=nearest\nx=(3,4)@distinct q=0.6 keepdim=true\n"                      \
    "x=(5){1,nan,3,2,nan} q=0.3\nx=(2,3){1,nan,3,4,5,6.5} q=0.3 dim=1\nx=(5){1,nan,3,2,nan} "                \
    "q=(2){0.3,0.7}\n"                                                                                       \
    "x=(5)@distinct q=~(3){0.1,0.4,0.85} interpolation=lower\nx=(5)@distinct q=~(3){0.1,0.4,0.85}\n"         \
    "x=(0,3) q=0.5 dim=1\n! x=(0) q=0.5\n! x=(3) q=1.5\n! x=(3) q=(2,2)@prob\n! x=(3)i64 q=0.5\n! x=(3) "    \
    "q=0.5 dim=1\n"
#define RECORD(function, words, note)                                                                        \
    FX__CALL(function, fx_quantile_args)                                                                     \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = #function,                                                                                  \
        .formula = words,                                                                                    \
        .gradient = "g to the two numbers by their share; in q g (n - 1) times their difference",            \
        .notes = note,                                                                                       \
        .fields = quantile_fields,                                                                           \
        .args_size = sizeof(fx_quantile_args),                                                               \
        .defaults = &(const fx_quantile_args){ .dim = FX_ALL_DIMS },                                         \
        .call = function##_call,                                                                             \
        .samples = QUANTILE_SAMPLES,                                                                         \
        .bench = "x=(1000,1000) q=0.5 dim=1",                                                                \
    };
RECORD(quantile,
       "y = what lies at the rank q (n - 1) of x in order along dim, between two numbers by interpolation",
       "NaN where there is one; ties are in the order of their places")
RECORD(nanquantile, "y = quantile of what is not NaN", "NaN where there is nothing else")
