/* References of numbers in order: by insertion, ties in the order of their places. */
#include "reference.h"

/* NaN is the largest. */
static bool less(quad a, quad b) { return isnanq(b) ? !isnanq(a) : a < b; }

/* The places of a lane in order, by the numbers to decide by. */
static int64_t *order_of(fx_ref_call *c, const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t o,
                         bool descending)
{
    int64_t *at = (int64_t *)(void *)NUMBERS(l->length);
    RANGE (k, l->length) {
        const quad v = BASE(x, lane_at(l, o, k));
        int64_t i = k;
        for (; i > 0; i--) {
            const quad w = BASE(x, lane_at(l, o, at[i - 1]));
            if (!(descending ? less(w, v) : less(v, w))) break;
            at[i] = at[i - 1];
        }
        at[i] = k;
    }
    return at;
}

static void sorted(fx_ref_call *c, fx_ref_tensor *x, int64_t dim, bool descending, fx_ref_tensor *y,
                   fx_ref_tensor *index)
{
    const fx_ref_lanes l = lanes_of(x, one_dim(dim));
    EACH_LANE (l, o) {
        const int64_t *at = order_of(c, x, &l, o, descending);
        EACH_OF_LANE (l, k) {
            const int64_t to = lane_at(&l, o, k);
            if (y) AT(y, to) = AT(x, lane_at(&l, o, at[k]));
            if (index) AT(index, to) = (quad)at[k];
        }
    }
}
REFERENCE(sort)
{
    fx_ref_tensor *x = TENSOR("x");
    sorted(c, x, INT("dim"), BOOL("descending"), OUT_LIKE(0, x), OUT_LIKE(1, x));
}
REFERENCE(argsort)
{
    fx_ref_tensor *x = TENSOR("x");
    sorted(c, x, INT("dim"), BOOL("descending"), NULL, OUT_LIKE(0, x));
}
REFERENCE(msort)
{
    fx_ref_tensor *x = TENSOR("x");
    sorted(c, x, 0, false, OUT_LIKE(0, x), NULL);
}

REFERENCE(topk)
{
    fx_ref_tensor *x = TENSOR("x");
    const int dim = dim_of(x, INT("dim"));
    int64_t size[FX_MAX_DIMS];
    RANGE (d, x->ndim) size[d] = d == dim ? INT("k") : x->size[d];
    fx_ref_tensor *y = OUT(0, x->ndim, size), *index = OUT(1, x->ndim, size);
    const fx_ref_lanes l = lanes_of(x, one_dim(dim)), to = lanes_of(y, one_dim(dim));
    EACH_LANE (l, o) {
        const int64_t *at = order_of(c, x, &l, o, BOOL("largest"));
        EACH_OF_LANE (to, k) {
            AT(y, lane_at(&to, o, k)) = AT(x, lane_at(&l, o, at[k]));
            AT(index, lane_at(&to, o, k)) = (quad)at[k];
        }
    }
}

#define ONE_OF_EACH_LANE(dims)                                                                               \
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, dims, BOOL("keepdim")),                           \
                  *index = OUT_REDUCED(1, x, dims, BOOL("keepdim"));                                         \
    const fx_ref_lanes l = lanes_of(x, dims);                                                                \
    EACH_LANE (l, o)
static void put(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t o, int64_t at, fx_ref_tensor *y,
                fx_ref_tensor *index)
{
    AT(y, o) = AT(x, lane_at(l, o, at));
    AT(index, o) = (quad)at;
}

REFERENCE(kthvalue)
{
    ONE_OF_EACH_LANE(one_dim(INT("dim")))
    put(x, &l, o, order_of(c, x, &l, o, false)[INT("k") - 1], y, index);
}

REFERENCE(mode)
{
    ONE_OF_EACH_LANE(one_dim(INT("dim")))
    {
        const int64_t *at = order_of(c, x, &l, o, false);
        int64_t most = 0, best = 0, run = 0;
        EACH_OF_LANE (l, k) {
            const bool same = k && BASE(x, lane_at(&l, o, at[k])) == BASE(x, lane_at(&l, o, at[k - 1]));
            run = same ? run + 1 : 1;
            if (run > most) most = run, best = at[k];
        }
        put(x, &l, o, best, y, index);
    }
}

/* The place of a lane's lower median; its first NaN, if those count. */
static int64_t middle(fx_ref_call *c, const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t o, bool skips)
{
    const int64_t *at = order_of(c, x, l, o, false);
    int64_t good = 0;
    while (good < l->length && !isnanq(BASE(x, lane_at(l, o, at[good])))) good++;
    if (good < l->length && !skips) return at[good];
    return good ? at[(good - 1) / 2] : at[0];
}

/* Of all: the mean of those equal to it. */
static void median(fx_ref_call *c, bool skips)
{
    if (DIMS("dims").given) {
        ONE_OF_EACH_LANE(DIMS("dims")) put(x, &l, o, middle(c, x, &l, o, skips), y, index);
        return;
    }
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_SCALAR(0);
    const fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    if (!x->numel) {
        AT(y, 0) = (quad)NAN;
        return;
    }
    const quad m = BASE(x, lane_at(&l, 0, middle(c, x, &l, 0, skips)));
    quad ties = 0;
    EACH (x, i)
        if (BASE(x, i) == m || (isnanq(BASE(x, i)) && isnanq(m))) AT(y, 0) += AT(x, i), ties++;
    AT(y, 0) /= ties;
}
REFERENCE(median) { median(c, false); }
REFERENCE(nanmedian) { median(c, true); }

static void quantile(fx_ref_call *c, bool skips)
{
    fx_ref_tensor *x = TENSOR("x"), *q = TENSOR("q");
    const fx_dims dims = INT("dim") == FX_ALL_DIMS ? (fx_dims){ 0 } : one_dim(INT("dim"));
    const fx_ref_lanes l = lanes_of(x, dims);
    int64_t size[FX_MAX_DIMS] = { q->numel };
    int n = q->ndim;
    for (int d = 0; d < x->ndim; d++)
        if (!l.along[d] || BOOL("keepdim")) size[n++] = l.along[d] ? 1 : x->size[d];
    fx_ref_tensor *y = OUT(0, n, size);
    EACH (q, k)
        EACH_LANE (l, o) {
            const int64_t *at = order_of(c, x, &l, o, false);
            int64_t good = 0;
            while (good < l.length && !isnanq(BASE(x, lane_at(&l, o, at[good])))) good++;
            if ((good < l.length && !skips) || !good) {
                AT(y, k * l.count + o) = AT(x, lane_at(&l, o, at[good ? l.length - 1 : 0]));
                continue;
            }
            const quad b = BASE(q, k) * (quad)(good - 1), r = AT(q, k) * (quad)(good - 1);
            quad low = floorq(b), high = ceilq(b), w = r - low;
            if (CHOICE_IS("interpolation", "lower")) w = 0;
            if (CHOICE_IS("interpolation", "higher")) w = 1;
            if (CHOICE_IS("interpolation", "midpoint")) w = 0.5;
            if (CHOICE_IS("interpolation", "nearest")) low = high = rintq(b), w = 0;
            const quad u = AT(x, lane_at(&l, o, at[(int64_t)low])),
                       v = AT(x, lane_at(&l, o, at[(int64_t)high]));
            AT(y, k * l.count + o) = u + w * (v - u);
        }
}
REFERENCE(quantile) { quantile(c, false); }
REFERENCE(nanquantile) { quantile(c, true); }

REFERENCES(order, ROW(sort), ROW(argsort), ROW(msort), ROW(topk), ROW(kthvalue), ROW(mode), ROW(median),
           ROW(nanmedian), ROW(quantile), ROW(nanquantile))
