/* References of the ops of indexing: indices that follow from no number that moves. */
#include "reference.h"

static int64_t wrapped(int64_t i, int64_t n) { return i < 0 ? i + n : i; }

/* y = x, of other sizes in the dimension dim: rows as an index says. */
static void rows_of(fx_ref_call *c, const fx_ref_tensor *x, const fx_ref_tensor *index, int dim)
{
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS], there[FX_MAX_DIMS];
    int n = 0;
    RANGE (d, dim) size[n++] = x->size[d];
    RANGE (d, index->ndim) size[n++] = index->size[d];
    for (int d = dim + 1; d < x->ndim; d++) size[n++] = x->size[d];
    fx_ref_tensor *y = OUT(0, n, size);
    EACH (y, i) {
        place_of(y, i, place);
        int64_t at = 0;
        RANGE (d, index->ndim) at = at * index->size[d] + place[dim + d];
        RANGE (d, dim) there[d] = place[d];
        there[dim] = wrapped(INT_AT(index, at), x->size[dim]);
        for (int d = dim + 1; d < x->ndim; d++) there[d] = place[d - 1 + index->ndim];
        AT(y, i) = AT(x, index_of(x, there));
    }
}

/* x as of one dimension at least. */
static fx_ref_tensor *whole(fx_ref_tensor *x)
{
    if (!x->ndim) x->size[x->ndim++] = 1;
    return x;
}
static fx_ref_tensor flat(const fx_ref_tensor *x)
{
    fx_ref_tensor y = *x;
    y.ndim = 1;
    y.size[0] = x->numel;
    return y;
}

REFERENCE(index_select)
{
    fx_ref_tensor *x = TENSOR("x"), index = flat(TENSOR("index"));
    const int dim = dim_of(x, INT("dim"));
    if (x->ndim)
        rows_of(c, x, &index, dim);
    else
        AT(OUT_SCALAR(0), 0) = AT(x, 0);
}
REFERENCE(take)
{
    const fx_ref_tensor x = flat(TENSOR("x"));
    rows_of(c, &x, TENSOR("index"), 0);
}
/* What the row padding_idx gives does not move with it: it has no gradient. */
REFERENCE(embedding)
{
    fx_ref_tensor *weight = TENSOR("weight"), w = *weight;
    const int64_t padding = wrapped(INT("padding_idx"), w.size[0]), n = w.numel / (w.size[0] ? w.size[0] : 1);
    w.at = NUMBERS(w.numel);
    EACH (weight, i)
        w.at[i] = INT("padding_idx") != FX_NO_INDEX && i / n == padding ? BASE(weight, i) : AT(weight, i);
    rows_of(c, &w, TENSOR("index"), 0);
}

REFERENCE(repeat_interleave)
{
    fx_ref_tensor x = *TENSOR("x"), *repeats = TENSOR("repeats");
    if (INT("dim") == FX_ALL_DIMS || !x.ndim) x = flat(&x);
    const int dim = INT("dim") == FX_ALL_DIMS ? 0 : dim_of(&x, INT("dim"));
    int64_t total = 0;
    RANGE (i, x.size[dim]) total += INT_AT(repeats, repeats->numel == 1 ? 0 : i);
    fx_ref_tensor *index = WORK(1, &total);
    int64_t to = 0;
    RANGE (i, x.size[dim])
        RANGE (k, INT_AT(repeats, repeats->numel == 1 ? 0 : i)) AT(index, to++) = i;
    rows_of(c, &x, index, dim);
}

/* y = x, then for each number of source, in the order of the index along dim: into the row that it says. A
 * number that a later one replaces has no say. */
static void put_rows(fx_ref_call *c, const fx_ref_tensor *x, const fx_ref_tensor *index,
                     const fx_ref_tensor *source, int dim, bool adds, quad alpha, fx_ref_tensor *y)
{
    int64_t place[FX_MAX_DIMS];
    (void)c;
    EACH (y, i) AT(y, i) = AT(x, i);
    EACH (source, i) {
        place_of(source, i, place);
        place[dim] = wrapped(INT_AT(index, place[dim]), x->size[dim]);
        quad *to = fx_ref_at(y, index_of(x, place));
        *to = adds ? *to + alpha * AT(source, i) : AT(source, i);
    }
}

REFERENCE(index_add)
{
    fx_ref_tensor *y = OUT_LIKE(0, TENSOR("x")), x = *TENSOR("x"), s = *TENSOR("source");
    const int dim = dim_of(&x, INT("dim"));
    put_rows(c, whole(&x), TENSOR("index"), whole(&s), dim, true, REAL("alpha"), y);
}
REFERENCE(index_copy)
{
    fx_ref_tensor *y = OUT_LIKE(0, TENSOR("x")), x = *TENSOR("x"), s = *TENSOR("source");
    const int dim = dim_of(&x, INT("dim"));
    put_rows(c, whole(&x), TENSOR("index"), whole(&s), dim, false, 1, y);
}
REFERENCE(index_fill)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x), *index = TENSOR("index"), *value = TENSOR("value");
    int64_t place[FX_MAX_DIMS] = { 0 };
    const int dim = dim_of(x, INT("dim"));
    EACH (y, i) {
        place_of(y, i, place);
        bool named = false;
        EACH (index, k) named |= wrapped(INT_AT(index, k), size_of(x, dim)) == place[dim];
        AT(y, i) = named ? AT(value, 0) : AT(x, i);
    }
}
REFERENCE(put)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    const fx_ref_tensor all = flat(x), index = flat(TENSOR("index")), source = flat(TENSOR("source"));
    put_rows(c, &all, &index, &source, 0, BOOL("accumulate"), 1, y);
}

/* ---- single numbers ---- */

/* Where number i of an index points in x. */
static int64_t pointed(const fx_ref_tensor *x, const fx_ref_tensor *index, int64_t i, int dim)
{
    int64_t place[FX_MAX_DIMS];
    if (!x->ndim) return 0;
    place_of(index, i, place);
    place[dim] = wrapped(INT_AT(index, i), x->size[dim]);
    return index_of(x, place);
}

static void gathered(fx_ref_call *c, const fx_ref_tensor *x, const fx_ref_tensor *index, int dim)
{
    fx_ref_tensor *y = OUT_LIKE(0, index);
    EACH (y, i) AT(y, i) = AT(x, pointed(x, index, i, dim));
}
REFERENCE(gather) { gathered(c, TENSOR("x"), TENSOR("index"), dim_of(TENSOR("x"), INT("dim"))); }

/* x repeated to the sizes of y but along dim. */
static fx_ref_tensor *wide(fx_ref_call *c, const fx_ref_tensor *x, const fx_ref_tensor *y, int dim)
{
    int64_t size[FX_MAX_DIMS];
    RANGE (d, x->ndim) size[d] = d == dim || x->size[d] != 1 ? x->size[d] : y->size[d];
    fx_ref_tensor *w = WORK(x->ndim, size);
    quad *base = NUMBERS(w->numel);
    EACH (w, i) {
        AT(w, i) = AT(x, spread(w, i, x));
        base[i] = BASE(x, spread(w, i, x));
    }
    w->base = base;
    return w;
}
REFERENCE(take_along_dim)
{
    fx_ref_tensor *x = TENSOR("x"), *index = TENSOR("index");
    if (INT("dim") == FX_ALL_DIMS) {
        const fx_ref_tensor all = flat(x), every = flat(index);
        gathered(c, &all, &every, 0);
        return;
    }
    const int dim = dim_of(x, INT("dim"));
    gathered(c, wide(c, x, index, dim), wide(c, index, x, dim), dim);
}

static void scattered(fx_ref_call *c, bool adds)
{
    fx_ref_tensor *x = TENSOR("x"), *index = TENSOR("index"), *source = TENSOR("source"), *y = OUT_LIKE(0, x);
    const int dim = dim_of(x, INT("dim"));
    int64_t place[FX_MAX_DIMS];
    EACH (y, i) AT(y, i) = AT(x, i);
    EACH (index, i) {
        place_of(index, i, place);
        const quad s = AT(source, source->numel == 1 && !source->ndim ? 0 : index_of(source, place));
        quad *to = fx_ref_at(y, pointed(x, index, i, dim));
        *to = adds ? *to + s : s;
    }
}
REFERENCE(scatter_add) { scattered(c, true); }
REFERENCE(scatter) { scattered(c, false); }

REFERENCE(one_hot)
{
    fx_ref_tensor *x = TENSOR("x");
    int64_t size[FX_MAX_DIMS], classes = INT("num_classes");
    if (classes < 0)
        EACH (x, i) classes = INT_AT(x, i) >= classes ? INT_AT(x, i) + 1 : classes;
    RANGE (d, x->ndim) size[d] = x->size[d];
    size[x->ndim] = classes;
    fx_ref_tensor *y = OUT(0, x->ndim + 1, size);
    EACH (x, i) AT(y, i * classes + INT_AT(x, i)) = 1;
}

REFERENCES(index, ROW(one_hot), ROW(index_select), ROW(take), ROW(embedding), ROW(repeat_interleave),
           ROW(index_add), ROW(index_copy), ROW(index_fill), ROW(put), ROW(gather), ROW(take_along_dim),
           ROW(scatter_add), ROW(scatter))
