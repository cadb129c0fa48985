/* References of the ops that collect numbers in places and reduce them there, and of several indices at once.
 */
#include "reference.h"

static int64_t wrapped(int64_t i, int64_t n) { return i < 0 ? i + n : i; }

/* What has come together in one place. */
typedef struct heap {
    quad sum, product, mean_of_ties, extreme;
    int64_t count, ties;
} heap;

static void heap_add(heap *h, quad at, quad base, bool least)
{
    const bool tie = h->count && (base == h->extreme || (isnanq(base) && isnanq(h->extreme)));
    const bool better = !h->count || (!isnanq(h->extreme) &&
                                      (isnanq(base) || (least ? base < h->extreme : base > h->extreme)));
    h->sum = h->count ? h->sum + at : at;
    h->product = h->count ? h->product * at : at;
    h->count++;
    if (better) {
        h->extreme = base;
        h->ties = 1;
        h->mean_of_ties = at;
    } else if (tie) {
        h->mean_of_ties += at;
        h->ties++;
    }
}

static quad heap_result(fx_ref_call *c, const heap *h, bool integer)
{
    if (CHOICE_IS("reduce", "sum")) return h->sum;
    if (CHOICE_IS("reduce", "prod")) return h->product;
    if (CHOICE_IS("reduce", "mean")) return integer ? floorq(h->sum / h->count) : h->sum / h->count;
    return isinfq(h->extreme) ? h->extreme : h->mean_of_ties / h->ties;
}

/* place[i]: of number i of source in x. */
static void collected(fx_ref_call *c, const fx_ref_tensor *x, const fx_ref_tensor *source,
                      const int64_t *place, int64_t count)
{
    fx_ref_tensor *y = OUT_LIKE(0, TENSOR("x"));
    const bool integer = x->dtype != FX_F32 && x->dtype != FX_F64, least = CHOICE_IS("reduce", "amin");
    EACH (y, k) {
        heap h = { 0 };
        bool named = false;
        RANGE (i, count) named |= place[i] == k;
        if (!named || BOOL("include_self")) heap_add(&h, AT(x, k), BASE(x, k), least);
        RANGE (i, count)
            if (place[i] == k) heap_add(&h, AT(source, i), BASE(source, i), least);
        AT(y, k) = heap_result(c, &h, integer);
    }
}

REFERENCE(scatter_reduce)
{
    const fx_ref_tensor *x = TENSOR("x"), *index = TENSOR("index"), *source = TENSOR("source");
    const int dim = dim_of(x, INT("dim"));
    int64_t at[FX_MAX_DIMS] = { 0 }, *place = (int64_t *)NUMBERS(index->numel + 1);
    fx_ref_tensor part = *index; /* of source, that the index uses */
    quad *base = NUMBERS(index->numel + 1);
    part.at = NUMBERS(index->numel + 1);
    EACH (index, i) {
        place_of(index, i, at);
        part.at[i] = AT(source, source->ndim ? index_of(source, at) : 0);
        base[i] = BASE(source, source->ndim ? index_of(source, at) : 0);
        at[dim] = wrapped(INT_AT(index, i), size_of(x, dim));
        place[i] = x->ndim ? index_of(x, at) : 0;
    }
    part.base = base;
    collected(c, x, &part, place, index->numel);
}

REFERENCE(index_reduce)
{
    fx_ref_tensor x = *TENSOR("x"), source = *TENSOR("source"), *index = TENSOR("index");
    const int dim = dim_of(&x, INT("dim"));
    int64_t at[FX_MAX_DIMS], *place = (int64_t *)NUMBERS(source.numel + 1);
    if (!x.ndim) x.size[x.ndim++] = 1;
    if (!source.ndim) source.size[source.ndim++] = 1;
    EACH (&source, i) {
        place_of(&source, i, at);
        at[dim] = wrapped(INT_AT(index, at[dim]), x.size[dim]);
        place[i] = index_of(&x, at);
    }
    collected(c, &x, &source, place, source.numel);
}

/* Number `k` of the lengths, or the begin of segment k by the offsets, of the o-th row of segments. */
static int64_t begin_of(fx_ref_call *c, int64_t o, int64_t k)
{
    const fx_ref_tensor *lengths = TENSOR("lengths"), *offsets = TENSOR("offsets");
    if (offsets) return INT_AT(offsets, o * offsets->size[offsets->ndim - 1] + k);
    int64_t begin = 0;
    RANGE (i, k) begin += INT_AT(lengths, o * lengths->size[lengths->ndim - 1] + i);
    return begin;
}

REFERENCE(segment_reduce)
{
    const fx_ref_tensor *x = TENSOR("x"), *by = TENSOR("lengths") ? TENSOR("lengths") : TENSOR("offsets");
    const int axis = dim_of(x, INT("axis"));
    const quad initial = REAL("initial");
    const bool sum = CHOICE_IS("reduce", "sum"), prod = CHOICE_IS("reduce", "prod"),
               mean = CHOICE_IS("reduce", "mean"), least = CHOICE_IS("reduce", "min");
    int64_t size[FX_MAX_DIMS], at[FX_MAX_DIMS];
    RANGE (d, x->ndim) size[d] = x->size[d];
    size[axis] = by->size[axis] - (TENSOR("lengths") ? 0 : 1);
    fx_ref_tensor *y = OUT(0, x->ndim, size);
    EACH (y, i) {
        place_of(y, i, at);
        int64_t o = 0, k = at[axis];
        RANGE (d, axis) o = o * x->size[d] + at[d];
        const int64_t begin = begin_of(c, o, k), end = begin_of(c, o, k + 1);
        heap h = { .product = 1 };
        for (int64_t j = begin; j < end; j++) {
            at[axis] = j;
            heap_add(&h, AT(x, index_of(x, at)), BASE(x, index_of(x, at)), least);
        }
        const quad start = isnanq(initial) ? (sum || mean ? 0
                                              : prod      ? 1
                                              : least     ? HUGE_VALQ
                                                          : -HUGE_VALQ)
                                           : initial;
        const bool beyond = !h.count || (least ? start < h.extreme : start > h.extreme);
        if (sum)
            AT(y, i) = h.sum + start;
        else if (prod)
            AT(y, i) = h.product * start;
        else if (mean)
            AT(y, i) = h.count ? (h.sum + start) / h.count : initial;
        else
            AT(y, i) = beyond ? start : h.mean_of_ties / h.ties;
    }
}

/* ---- several indices ---- */

typedef struct picks {
    int dims, ndim;                          /* of x that the indices stand for; of the indices */
    int64_t size[FX_MAX_DIMS], count;        /* of the indices, broadcast */
    const fx_ref_tensor *index[FX_MAX_DIMS]; /* for each dimension of x */
    int64_t *mask[FX_MAX_DIMS];              /* or the coordinates of a mask's places */
    int64_t holds[FX_MAX_DIMS];
} picks;

static void broaden(picks *p, int ndim, const int64_t *size)
{
    for (; p->ndim < ndim; p->ndim++) {
        for (int d = p->ndim; d > 0; d--) p->size[d] = p->size[d - 1];
        p->size[0] = 1;
    }
    RANGE (d, ndim)
        if (size[d] != 1) p->size[d + p->ndim - ndim] = size[d];
}

static picks picks_of(fx_ref_call *c)
{
    picks p = { .count = 1 };
    RANGE (k, COUNT("indices")) {
        const fx_ref_tensor *index = TENSOR_OF("indices", (int)k);
        if (index->dtype != FX_BOOL) {
            broaden(&p, index->ndim, index->size);
            p.index[p.dims++] = index;
            continue;
        }
        int64_t holds = 0, at[FX_MAX_DIMS];
        EACH (index, i) holds += INT_AT(index, i) != 0;
        RANGE (d, index->ndim) {
            int64_t *to = p.mask[p.dims + d] = (int64_t *)NUMBERS(index->numel + 1);
            p.holds[p.dims + d] = holds;
            EACH (index, i) {
                place_of(index, i, at);
                if (INT_AT(index, i)) *to++ = at[d];
            }
        }
        broaden(&p, 1, &holds);
        p.dims += index->ndim;
    }
    RANGE (d, p.ndim) p.count *= p.size[d];
    return p;
}

/* Where number i of what the indices pick lies among x's. */
static int64_t picked(fx_ref_call *c, const fx_ref_tensor *x, const picks *p, int64_t i, int64_t rest)
{
    fx_ref_tensor shape = { .ndim = p->ndim };
    int64_t place = 0;
    (void)c;
    RANGE (d, p->ndim) shape.size[d] = p->size[d];
    RANGE (d, p->dims) {
        const int64_t at = p->index[d] ? INT_AT(p->index[d], spread(&shape, i / rest, p->index[d]))
                                       : p->mask[d][p->holds[d] == 1 ? 0 : i / rest % p->holds[d]];
        place = place * x->size[d] + wrapped(at, x->size[d]);
    }
    return place * rest + i % rest;
}

static int64_t rest_of(const fx_ref_tensor *x, const picks *p)
{
    int64_t rest = 1;
    for (int d = p->dims; d < x->ndim; d++) rest *= x->size[d];
    return rest;
}

REFERENCE(index)
{
    const fx_ref_tensor *x = TENSOR("x");
    picks p = picks_of(c);
    for (int d = p.dims; d < x->ndim; d++) p.size[p.ndim + d - p.dims] = x->size[d];
    fx_ref_tensor *y = OUT(0, p.ndim + x->ndim - p.dims, p.size);
    EACH (y, i) AT(y, i) = AT(x, picked(c, x, &p, i, rest_of(x, &p)));
}

REFERENCE(index_put)
{
    const fx_ref_tensor *x = TENSOR("x"), *values = TENSOR("values");
    fx_ref_tensor *y = OUT_LIKE(0, x), shape = { 0 };
    picks p = picks_of(c);
    const int64_t rest = rest_of(x, &p);
    shape.ndim = p.ndim + x->ndim - p.dims;
    RANGE (d, p.ndim) shape.size[d] = p.size[d];
    for (int d = p.dims; d < x->ndim; d++) shape.size[p.ndim + d - p.dims] = x->size[d];
    EACH (y, i) AT(y, i) = AT(x, i);
    RANGE (i, p.count * rest) {
        quad *to = fx_ref_at(y, picked(c, x, &p, i, rest)), v = AT(values, spread(&shape, i, values));
        *to = BOOL("accumulate") ? *to + v : v;
    }
}

REFERENCES(collect, ROW(scatter_reduce), ROW(index_reduce), ROW(segment_reduce), ROW(index), ROW(index_put))
