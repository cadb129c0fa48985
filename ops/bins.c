/* Where numbers belong among others, and how many there are: searchsorted, bucketize, bincount, histc,
 * histogram, isin, unique. None has a gradient.
 *
 * Numbers are read as doubles, or, of integers, as int64: both are exact.
 */
#include "lanes.h"
#include "shape.h"

#include <math.h>
#include <stdlib.h>

/* Numbers of a tensor, row-major: doubles of floats, else int64. */
typedef struct numbers {
    const double *real;
    const int64_t *integer;
    int64_t count;
} numbers;

/* as_real: whatever the dtype is. False after an error. */
static bool read_numbers(fx_tensor *x, bool as_real, numbers *n, fx_where where)
{
    const bool real = as_real || fx_dtype_is_float((fx_dtype)x->dtype);
    const fx_dtype as = real ? FX_F64 : FX_I64;
    x = fx_detach_at(x, where);
    if (x && (fx_dtype)x->dtype != as) x = fx__space.cast(x, as, where);
    x = x ? fx__contiguous_of(x) : NULL;
    if (!x) return false;
    *n = (numbers){ real ? (const double *)(const void *)x->data : NULL,
                    real ? NULL : (const int64_t *)(const void *)x->data, x->numel };
    return true;
}

/* Below 0, 0, above 0; NaN is larger than any number. */
static int order_of(const numbers *a, int64_t i, const numbers *b, int64_t k)
{
    if (a->integer) return (a->integer[i] > b->integer[k]) - (a->integer[i] < b->integer[k]);
    const double x = a->real[i], y = b->real[k];
    if (isnan(x) || isnan(y)) return !!isnan(x) - !!isnan(y);
    return (x > y) - (x < y);
}

static fx_tensor *new_integers(fx_context *cx, int ndim, const int64_t *size, int64_t **at, fx_where where)
{
    fx_tensor *y = fx__new(cx, FX_I64, ndim, size, where);
    if (y) *at = (int64_t *)(void *)y->data;
    return y;
}

/* ---- searchsorted, bucketize ---- */

/* How many of sorted[first .. first + count) are below number i of x (right: not above it). */
static int64_t place_of(const numbers *sorted, int64_t first, int64_t count, const numbers *x, int64_t i,
                        bool right)
{
    int64_t low = 0, high = count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const int order = order_of(sorted, first + middle, x, i);
        if (order < 0 || (right && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static fx_tensor *search(fx_tensor *sorted, fx_tensor *x, bool right, fx_where where)
{
    const bool real = fx_dtype_is_float((fx_dtype)sorted->dtype) || fx_dtype_is_float((fx_dtype)x->dtype);
    const int64_t length = sorted->size[sorted->ndim - 1];
    const int64_t row = sorted->ndim > 1 ? x->size[x->ndim - 1] : 1;
    numbers s, v;
    int64_t *to;
    if (!read_numbers(sorted, real, &s, where) || !read_numbers(x, real, &v, where)) return NULL;
    fx_tensor *y = new_integers(x->cx, x->ndim, x->size, &to, where);
    for (int64_t i = 0; y && i < y->numel; i++)
        to[i] = place_of(&s, sorted->ndim > 1 ? i / row * length : 0, length, &v, i, right);
    return y;
}

fx_tensor *fx_searchsorted_at(fx_searchsorted_args a, fx_where where)
{
    fx_tensor *sorted = a.sorted_sequence, *x = a.x;
    if (!sorted || !x) return NULL;
    bool good = sorted->ndim > 0 && (sorted->ndim == 1 || sorted->ndim == x->ndim);
    for (int d = 0; good && sorted->ndim > 1 && d < x->ndim - 1; d++) good = sorted->size[d] == x->size[d];
    if (!good)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "searchsorted: a sequence of %s has one dimension, or those of %s but for the last",
                          fx__shape_text(sorted), fx__shape_text(x));
    if (a.sorter) {
        if (!fx__same_sizes(a.sorter, sorted) || a.sorter->dtype != FX_I64)
            return FX__REFUSE(x, ERROR_SHAPE, where,
                              "searchsorted: a sorter is int64 and of the sequence's sizes, not %s %s",
                              fx_dtype_name((fx_dtype)a.sorter->dtype), fx__shape_text(a.sorter));
        sorted = fx_gather_at(fx_detach_at(sorted, where), -1, a.sorter, where);
    }
    return sorted ? search(sorted, x, a.right, where) : NULL;
}

fx_tensor *fx_bucketize_at(fx_bucketize_args a, fx_where where)
{
    if (!a.x || !a.boundaries) return NULL;
    if (a.boundaries->ndim != 1)
        return FX__REFUSE(a.x, ERROR_SHAPE, where, "bucketize: boundaries have one dimension, not %s",
                          fx__shape_text(a.boundaries));
    return search(a.boundaries, a.x, a.right, where);
}

/* ---- counts ---- */

fx_tensor *fx_bincount_at(fx_bincount_args a, fx_where where)
{
    fx_tensor *x = a.x;
    numbers n, w = { 0 };
    if (!x) return NULL;
    if (x->ndim != 1 || fx_dtype_is_float((fx_dtype)x->dtype) || x->dtype == FX_BOOL || a.minlength < 0)
        return FX__REFUSE(x, ERROR_ARGUMENT, where,
                          "bincount: takes integers in one dimension, not %s %s, and no negative minlength",
                          fx_dtype_name((fx_dtype)x->dtype), fx__shape_text(x));
    if (a.weights && !fx__same_sizes(a.weights, x))
        return FX__REFUSE(x, ERROR_SHAPE, where, "bincount: weights of %s for numbers of %s",
                          fx__shape_text(a.weights), fx__shape_text(x));
    if (!read_numbers(x, false, &n, where) || (a.weights && !read_numbers(a.weights, true, &w, where)))
        return NULL;
    int64_t size = a.minlength;
    for (int64_t i = 0; i < n.count; i++) {
        if (n.integer[i] < 0)
            return FX__REFUSE(x, ERROR_INDEX, where, "bincount: %lld is negative", (long long)n.integer[i]);
        if (n.integer[i] >= size) size = n.integer[i] + 1;
    }
    const bool narrow = a.weights && a.weights->dtype == FX_F32;
    fx_tensor *y = fx__new(x->cx, a.weights ? FX_F64 : FX_I64, 1, &size, where);
    if (!y) return NULL;
    if (size) memset(y->data, 0, (size_t)size * 8);
    for (int64_t i = 0; i < n.count; i++) {
        if (a.weights)
            ((double *)(void *)y->data)[n.integer[i]] += w.real[i];
        else
            ((int64_t *)(void *)y->data)[n.integer[i]]++;
    }
    return narrow ? fx__space.cast(y, FX_F32, where) : y;
}

/* The range of a histogram: what was given, or the numbers' own where both are the same; one wide if it is
 * none. */
static bool set_range(const fx_tensor *x, const numbers *n, double *low, double *high, const char *op,
                      fx_where where)
{
    if (*low == *high && n->count) {
        *low = *high = n->real[0];
        for (int64_t i = 0; i < n->count; i++) {
            *low = n->real[i] < *low || isnan(n->real[i]) ? n->real[i] : *low;
            *high = n->real[i] > *high || isnan(n->real[i]) ? n->real[i] : *high;
        }
    }
    if (!(*low <= *high) || isinf(*low) || isinf(*high))
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: %g .. %g is no range", op, *low, *high);
    if (*low == *high) *low -= op[4] == 'c' ? 1 : 0.5, *high += op[4] == 'c' ? 1 : 0.5;
    return true;
}

/* Counts (weights) of bins between edges, in y, doubles; the last bin has its upper edge. */
static void count_bins(const numbers *n, const numbers *w, const double *edge, int64_t bins, double *y)
{
    memset(y, 0, sizeof *y * (size_t)bins);
    for (int64_t i = 0; i < n->count; i++) {
        const double v = n->real[i];
        int64_t low = 0, high = bins;
        if (!(v >= edge[0] && v <= edge[bins])) continue;
        while (high - low > 1) {
            const int64_t middle = low + (high - low) / 2;
            if (v >= edge[middle])
                low = middle;
            else
                high = middle;
        }
        y[low] += w && w->real ? w->real[i] : 1;
    }
}

static fx_tensor *equal_edges(fx_context *cx, int64_t bins, double low, double high, fx_where where)
{
    const int64_t size = bins + 1;
    fx_tensor *edges = fx__new(cx, FX_F64, 1, &size, where);
    for (int64_t i = 0; edges && i <= bins; i++)
        ((double *)(void *)edges->data)[i] =
            i == bins ? high : low + (high - low) * ((double)i / (double)bins);
    return edges;
}

static bool check_floats(const fx_tensor *x, int64_t bins, const char *op, fx_where where)
{
    if (fx_dtype_is_float((fx_dtype)x->dtype) && bins > 0) return true;
    return FX__REFUSE(x, ERROR_ARGUMENT, where,
                      "%s: takes floating numbers and a positive number of bins, not %s and %lld", op,
                      fx_dtype_name((fx_dtype)x->dtype), (long long)bins);
}

fx_tensor *fx_histc_at(fx_histc_args a, fx_where where)
{
    numbers n;
    double low = a.min, high = a.max;
    if (!a.x || !check_floats(a.x, a.bins, "histc", where) || !read_numbers(a.x, true, &n, where) ||
        !set_range(a.x, &n, &low, &high, "histc", where))
        return NULL;
    fx_tensor *edges = equal_edges(a.x->cx, a.bins, low, high, where),
              *y = fx__new(a.x->cx, FX_F64, 1, &a.bins, where);
    if (!edges || !y) return NULL;
    count_bins(&n, NULL, (const double *)(const void *)edges->data, a.bins, (double *)(void *)y->data);
    return a.x->dtype == FX_F32 ? fx__space.cast(y, FX_F32, where) : y;
}

fx_tensor *fx_histogram_at(fx_histogram_args a, fx_where where)
{
    fx_tensor *x = a.x, *edges = a.edges;
    const int64_t bins = edges ? edges->numel - 1 : a.bins;
    numbers n, w = { 0 }, e;
    double low = a.min, high = a.max, total = 0;
    if (!x || !check_floats(x, bins, "histogram", where) || !read_numbers(x, true, &n, where)) return NULL;
    if ((edges && edges->ndim != 1) || (a.weight && !fx__same_sizes(a.weight, x)))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "histogram: edges have one dimension, weights the sizes of x %s",
                          fx__shape_text(x));
    if (!edges && !set_range(x, &n, &low, &high, "histogram", where)) return NULL;
    if (!edges) edges = equal_edges(x->cx, bins, low, high, where);
    if (!edges || !read_numbers(edges, true, &e, where) ||
        (a.weight && !read_numbers(a.weight, true, &w, where)))
        return NULL;
    fx_tensor *y = fx__new(x->cx, FX_F64, 1, &bins, where);
    if (!y) return NULL;
    double *at = (double *)(void *)y->data;
    count_bins(&n, &w, e.real, bins, at);
    for (int64_t i = 0; i < bins; i++) total += at[i];
    for (int64_t i = 0; a.density && i < bins; i++) at[i] /= total * (e.real[i + 1] - e.real[i]);
    edges = fx_detach_at(edges, where);
    if (x->dtype == FX_F32 && edges) edges = fx__space.cast(edges, FX_F32, where);
    if (x->dtype == FX_F32) y = fx__space.cast(y, FX_F32, where);
    if (!edges || !y) return NULL;
    if (a.bin_edges) *a.bin_edges = edges;
    return y;
}

/* ---- unique, isin ---- */

/* Rows of numbers to sort by what stands in them. qsort has no argument for it, so that each carries it. */
typedef struct row {
    const numbers *n;
    int64_t first, count, step, at; /* numbers first + k step + ... of row `at` */
    int64_t inner, outer_step;
} row;

static int compare_rows(const void *a, const void *b)
{
    const row *x = a, *y = b;
    for (int64_t k = 0; k < x->count; k++) {
        const int64_t in = k / x->inner * x->outer_step + k % x->inner;
        const int order = order_of(x->n, x->first + in, y->n, y->first + in);
        if (order) return order;
    }
    return 0;
}
/* Stable: rows that are the same stay in order. */
static int compare_stably(const void *a, const void *b)
{
    const int order = compare_rows(a, b);
    return order ? order
                 : (((const row *)a)->at > ((const row *)b)->at) -
                       (((const row *)a)->at < ((const row *)b)->at);
}
static bool holds_nan(const row *r)
{
    if (!r->n->real) return false;
    for (int64_t k = 0; k < r->count; k++)
        if (isnan(r->n->real[r->first + k / r->inner * r->outer_step + k % r->inner])) return true;
    return false;
}

/* x's rows along dim, or its numbers where dim is -1, each that is not there before: sorted, or only where it
 * differs from the one before it. */
static fx_tensor *distinct(fx_tensor *x, int dim, bool sorts, fx_tensor **inverse, fx_tensor **counts,
                           fx_where where)
{
    numbers n;
    const int64_t length = dim < 0 ? x->numel : x->size[dim],
                  inner = dim < 0 ? 1 : fx__product(x->size, dim + 1, x->ndim);
    const int64_t outer = dim < 0 ? 1 : fx__product(x->size, 0, dim);
    int64_t *to_inverse, *to_counts, *picks, found = 0;
    if (!read_numbers(x, false, &n, where)) return NULL;
    row *rows = fx__scratch(x->cx, sizeof *rows * (size_t)(length + 1));
    fx_tensor *inv =
        new_integers(x->cx, dim < 0 ? x->ndim : 1, dim < 0 ? x->size : &length, &to_inverse, where);
    fx_tensor *y = NULL, *count = NULL, *index = NULL;
    if (!rows || !inv) goto done;
    for (int64_t i = 0; i < length; i++)
        rows[i] = (row){ .n = &n,
                         .first = i * inner,
                         .count = outer * inner,
                         .at = i,
                         .inner = inner,
                         .outer_step = length * inner };
    if (sorts) qsort(rows, (size_t)length, sizeof *rows, compare_stably);
    for (int64_t i = 0; i < length; i++) {
        const bool fresh = i == 0 || compare_rows(&rows[i - 1], &rows[i]) || holds_nan(&rows[i]);
        found += fresh;
        to_inverse[rows[i].at] = found - 1;
    }
    count = new_integers(x->cx, 1, &found, &to_counts, where);
    index = new_integers(x->cx, 1, &found, &picks, where);
    if (!count || !index) goto done;
    if (found) memset(to_counts, 0, sizeof *to_counts * (size_t)found);
    for (int64_t i = length; i-- > 0;) {
        to_counts[to_inverse[rows[i].at]]++;
        picks[to_inverse[rows[i].at]] = rows[i].at;
    }
    y = fx_detach_at(x, where);
    if (dim < 0) y = y ? fx_ravel_at(y, where) : NULL;
    y = y ? fx_index_select_at(y, dim < 0 ? 0 : dim, index, where) : NULL;
done:
    if (rows) fx__scratch_free(x->cx, rows);
    if (y && inverse) *inverse = inv;
    if (y && counts) *counts = count;
    return y;
}

static fx_tensor *distinct_of(fx_unique_args a, bool sorts, const char *name, fx_where where)
{
    if (!a.x) return NULL;
    int dim = a.dim == FX_ALL_DIMS ? -1 : fx__dim_of(a.x, a.dim, name, where);
    if (dim < 0 && a.dim != FX_ALL_DIMS) return NULL;
    return distinct(a.x, a.x->ndim ? dim : -1, sorts, a.inverse, a.counts, where);
}
fx_tensor *fx_unique_at(fx_unique_args args, fx_where where)
{
    return distinct_of(args, true, "unique", where);
}
fx_tensor *fx_unique_consecutive_at(fx_unique_args args, fx_where where)
{
    return distinct_of(args, false, "unique_consecutive", where);
}

static int compare_reals(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static int compare_integers(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* NaN is in nothing: those among what is looked in are left out before it is sorted. */
fx_tensor *fx_isin_at(fx_isin_args a, fx_where where)
{
    fx_tensor *x = a.x, *among = a.test_elements;
    numbers n, m;
    if (!x || !among) return NULL;
    const bool real = fx_dtype_is_float((fx_dtype)x->dtype) || fx_dtype_is_float((fx_dtype)among->dtype);
    if (!read_numbers(x, real, &n, where) || !read_numbers(among, real, &m, where)) return NULL;
    double *sorted = fx__scratch(x->cx, sizeof *sorted * (size_t)(m.count + 1));
    fx_tensor *y = sorted ? fx__new(x->cx, FX_BOOL, x->ndim, x->size, where) : NULL;
    int64_t count = 0;
    for (int64_t i = 0; y && i < m.count; i++) {
        if (real && isnan(m.real[i])) continue;
        memcpy(sorted + count++, real ? (const void *)(m.real + i) : (const void *)(m.integer + i),
               sizeof *sorted);
    }
    if (y && count) qsort(sorted, (size_t)count, sizeof *sorted, real ? compare_reals : compare_integers);
    for (int64_t i = 0; y && i < n.count; i++) {
        const void *key = real ? (const void *)(n.real + i) : (const void *)(n.integer + i);
        const bool found =
            !(real && isnan(n.real[i])) && count &&
            bsearch(key, sorted, (size_t)count, sizeof *sorted, real ? compare_reals : compare_integers);
        y->data[i] = found != a.invert;
    }
    if (sorted) fx__scratch_free(x->cx, sorted);
    return y;
}
