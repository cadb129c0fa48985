/* References of what counts numbers and finds where they belong.
 */
#include "reference.h"

#include <math.h>

/* NaN is larger than any number. */
static bool below(quad a, quad b) { return isnanq(b) ? !isnanq(a) : a < b; }
static bool same(quad a, quad b) { return a == b || (isnanq(a) && isnanq(b)); }

static void searched(fx_ref_call *c, const fx_ref_tensor *sorted, const fx_ref_tensor *x,
                     const fx_ref_tensor *sorter)
{
    fx_ref_tensor *y = OUT_LIKE(0, x);
    const int64_t length = sorted->size[sorted->ndim - 1], row = sorted->ndim > 1 ? x->size[x->ndim - 1] : 1;
    y->dtype = FX_I64;
    EACH (y, i)
        RANGE (k, length) {
            const int64_t first = sorted->ndim > 1 ? i / row * length : 0;
            const quad s = BASE(sorted, first + (sorter ? INT_AT(sorter, first + k) : k)), v = BASE(x, i);
            AT(y, i) += below(s, v) || (BOOL("right") && same(s, v));
        }
}
REFERENCE(searchsorted) { searched(c, TENSOR("sorted_sequence"), TENSOR("x"), TENSOR("sorter")); }
REFERENCE(bucketize) { searched(c, TENSOR("boundaries"), TENSOR("x"), NULL); }

REFERENCE(bincount)
{
    const fx_ref_tensor *x = TENSOR("x"), *weights = TENSOR("weights");
    int64_t size = INT("minlength");
    EACH (x, i) size = INT_AT(x, i) >= size ? INT_AT(x, i) + 1 : size;
    fx_ref_tensor *y = OUT(0, 1, &size);
    EACH (x, i) AT(y, INT_AT(x, i)) += weights ? BASE(weights, i) : 1;
}

static void counted(fx_ref_call *c, const fx_ref_tensor *edges, const fx_ref_tensor *weight, bool density)
{
    const fx_ref_tensor *x = TENSOR("x");
    int64_t bins = edges->numel - 1;
    quad total = 0;
    fx_ref_tensor *y = OUT(0, 1, &bins);
    EACH (x, i)
        RANGE (k, bins) {
            const quad v = BASE(x, i), low = AT(edges, k), high = AT(edges, k + 1);
            if (v < low || v > high || (v == high && k < bins - 1)) continue;
            AT(y, k) += weight ? BASE(weight, i) : 1;
            total += weight ? BASE(weight, i) : 1;
        }
    RANGE (k, bins)
        if (density) AT(y, k) /= total * (AT(edges, k + 1) - AT(edges, k));
}

static fx_ref_tensor *equal_edges(fx_ref_call *c, quad around)
{
    const fx_ref_tensor *x = TENSOR("x");
    quad low = REAL("min"), high = REAL("max");
    const int64_t size = INT("bins") + 1;
    fx_ref_tensor *edges = WORK(1, &size);
    if (low == high)
        EACH (x, i) {
            low = i == 0 || BASE(x, i) < low ? BASE(x, i) : low;
            high = i == 0 || BASE(x, i) > high ? BASE(x, i) : high;
        }
    if (low == high) low -= around, high += around;
    EACH (edges, k) AT(edges, k) = low + (high - low) * (quad)k / (quad)(size - 1);
    return edges;
}

REFERENCE(histc) { counted(c, equal_edges(c, 1), NULL, false); }
REFERENCE(histogram)
{
    fx_ref_tensor *edges = TENSOR("edges") ? TENSOR("edges") : equal_edges(c, (quad)0.5),
                  *out = OUT_LIKE(1, edges);
    counted(c, edges, TENSOR("weight"), BOOL("density"));
    EACH (out, i) AT(out, i) = AT(edges, i);
}

REFERENCE(isin)
{
    const fx_ref_tensor *x = TENSOR("x"), *among = TENSOR("test_elements");
    fx_ref_tensor *y = OUT_LIKE(0, x);
    EACH (y, i) {
        bool found = false;
        EACH (among, k) found |= BASE(x, i) == BASE(among, k);
        AT(y, i) = found != BOOL("invert");
    }
}

/* Row i of x along dim: its number k; of all numbers without a dim. */
static quad in_row(const fx_ref_tensor *x, int dim, int64_t i, int64_t k)
{
    if (dim < 0) return BASE(x, i);
    int64_t inner = 1;
    for (int d = dim + 1; d < x->ndim; d++) inner *= x->size[d];
    return BASE(x, (k / inner * x->size[dim] + i) * inner + k % inner);
}
static int compare(const fx_ref_tensor *x, int dim, int64_t a, int64_t b, int64_t count)
{
    RANGE (k, count) {
        const quad u = in_row(x, dim, a, k), v = in_row(x, dim, b, k);
        if (isnanq(u) && isnanq(v)) return a < b ? -1 : 1; /* never the same: in their order */
        if (below(u, v)) return -1;
        if (below(v, u)) return 1;
    }
    return 0;
}

static void distinct(fx_ref_call *c, bool sorts)
{
    const fx_ref_tensor *x = TENSOR("x");
    const int dim = INT("dim") == FX_ALL_DIMS || !x->ndim ? -1 : dim_of(x, INT("dim"));
    const int64_t rows = dim < 0 ? x->numel : x->size[dim],
                  count = dim < 0 ? 1 : x->numel / (rows ? rows : 1);
    int64_t *order = (int64_t *)NUMBERS(rows + 1), *pick = (int64_t *)NUMBERS(rows + 1), found = 0;
    RANGE (i, rows) {
        int64_t at = i;
        for (; sorts && at > 0 && compare(x, dim, i, order[at - 1], count) < 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    fx_ref_tensor *inverse = dim < 0 ? OUT_LIKE(1, x) : OUT(1, 1, &rows);
    inverse->dtype = FX_I64;
    RANGE (i, rows) {
        if (i == 0 || compare(x, dim, order[i - 1], order[i], count)) pick[found++] = order[i];
        AT(inverse, order[i]) = found - 1;
    }
    int64_t size[FX_MAX_DIMS] = { found };
    RANGE (d, dim < 0 ? 0 : x->ndim) size[d] = d == dim ? found : x->size[d];
    fx_ref_tensor *y = OUT(0, dim < 0 ? 1 : x->ndim, size), *counts = OUT(2, 1, &found);
    counts->dtype = FX_I64;
    RANGE (i, rows) AT(counts, (int64_t)AT(inverse, i)) += 1;
    int64_t inner = 1;
    for (int d = dim + 1; dim >= 0 && d < x->ndim; d++) inner *= x->size[d];
    RANGE (i, found)
        RANGE (k, count)
            AT(y, dim < 0 ? i : (k / inner * found + i) * inner + k % inner) = in_row(x, dim, pick[i], k);
}
REFERENCE(unique) { distinct(c, true); }
REFERENCE(unique_consecutive) { distinct(c, false); }

REFERENCES(bins, ROW(searchsorted), ROW(bucketize), ROW(bincount), ROW(histc), ROW(histogram), ROW(isin),
           ROW(unique), ROW(unique_consecutive))
