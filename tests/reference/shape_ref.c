/* References of the ops of shapes: where each number of the result comes from. */
#include "reference.h"

/* x in other sizes. */
static void in_sizes(fx_ref_call *c, int ndim, const int64_t *size)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT(0, ndim, size);
    if (y->numel != x->numel) STOP("other sizes are of another number");
    EACH (y, i) AT(y, i) = AT(x, i);
}

/* Puts in for a -1 what is left of n. */
static void fill_in(fx_dims *dims, int64_t n)
{
    int64_t known = 1;
    RANGE (i, dims->count) known *= dims->at[i] < 0 ? 1 : dims->at[i];
    RANGE (i, dims->count)
        if (dims->at[i] < 0) dims->at[i] = n / known;
}

REFERENCE(reshape)
{
    fx_dims sizes = DIMS("sizes");
    fill_in(&sizes, TENSOR("x")->numel);
    in_sizes(c, sizes.count, sizes.at);
}
REFERENCE(view) { reference_reshape(c); }
REFERENCE(reshape_as) { in_sizes(c, TENSOR("other")->ndim, TENSOR("other")->size); }
REFERENCE(ravel) { in_sizes(c, 1, &TENSOR("x")->numel); }
REFERENCE(clone) { in_sizes(c, TENSOR("x")->ndim, TENSOR("x")->size); }
REFERENCE(contiguous) { reference_clone(c); }

REFERENCE(flatten)
{
    fx_ref_tensor *x = TENSOR("x");
    int64_t size[FX_MAX_DIMS] = { 1 };
    int n = x->ndim == 0, start = dim_of(x, INT("start_dim")), end = dim_of(x, INT("end_dim"));
    RANGE (d, x->ndim) {
        if (d <= start || d > end) size[n++] = 1;
        size[n - 1] *= x->size[d];
    }
    in_sizes(c, n, size);
}

REFERENCE(unflatten)
{
    fx_ref_tensor *x = TENSOR("x");
    int64_t size[FX_MAX_DIMS];
    int n = 0, dim = dim_of(x, INT("dim"));
    fx_dims sizes = DIMS("sizes");
    fill_in(&sizes, size_of(x, dim));
    RANGE (d, x->ndim ? x->ndim : 1) {
        if (d != dim) size[n++] = x->size[d];
        if (d == dim)
            RANGE (k, sizes.count) size[n++] = sizes.at[k];
    }
    in_sizes(c, n, size);
}

REFERENCE(squeeze)
{
    fx_ref_tensor *x = TENSOR("x");
    fx_dims dims = DIMS("dims");
    int64_t size[FX_MAX_DIMS];
    int n = 0;
    if (INT("dim") != FX_ALL_DIMS) dims = one_dim(INT("dim"));
    RANGE (d, x->ndim) {
        bool may = !dims.given;
        RANGE (k, dims.count) may |= dim_of(x, dims.at[k]) == d;
        if (!may || x->size[d] != 1) size[n++] = x->size[d];
    }
    in_sizes(c, n, size);
}

REFERENCE(unsqueeze)
{
    fx_ref_tensor *x = TENSOR("x");
    int64_t size[FX_MAX_DIMS + 1], dim = INT("dim") < 0 ? INT("dim") + x->ndim + 1 : INT("dim");
    RANGE (d, x->ndim + 1) size[d] = d < dim ? x->size[d] : d == dim ? 1 : x->size[d - 1];
    in_sizes(c, x->ndim + 1, size);
}

REFERENCE(atleast_1d)
{
    fx_ref_tensor *x = TENSOR("x");
    in_sizes(c, x->ndim ? x->ndim : 1, x->ndim ? x->size : (int64_t[]){ 1 });
}
REFERENCE(atleast_2d)
{
    fx_ref_tensor *x = TENSOR("x");
    in_sizes(c, x->ndim < 2 ? 2 : x->ndim, x->ndim < 2 ? (int64_t[]){ 1, x->numel } : x->size);
}
REFERENCE(atleast_3d)
{
    fx_ref_tensor *x = TENSOR("x");
    if (x->ndim < 2)
        in_sizes(c, 3, (int64_t[]){ 1, x->numel, 1 });
    else if (x->ndim == 2)
        in_sizes(c, 3, (int64_t[]){ x->size[0], x->size[1], 1 });
    else
        in_sizes(c, x->ndim, x->size);
}

/* ---- orders ---- */

/* y's dimension d is dimension from[d] of x. */
static void in_order(fx_ref_call *c, const int from[])
{
    fx_ref_tensor *x = TENSOR("x");
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS], there[FX_MAX_DIMS];
    RANGE (d, x->ndim) size[d] = x->size[from[d]];
    fx_ref_tensor *y = OUT(0, x->ndim, size);
    EACH (y, i) {
        place_of(y, i, place);
        RANGE (d, x->ndim) there[from[d]] = place[d];
        AT(y, i) = AT(x, index_of(x, there));
    }
}

REFERENCE(permute)
{
    fx_dims dims = DIMS("dims");
    int from[FX_MAX_DIMS];
    RANGE (d, dims.count) from[d] = dim_of(TENSOR("x"), dims.at[d]);
    in_order(c, from);
}

static void exchanged(fx_ref_call *c, int a, int b)
{
    int from[FX_MAX_DIMS];
    RANGE (d, FX_MAX_DIMS) from[d] = (int)d == a ? b : (int)d == b ? a : (int)d;
    in_order(c, from);
}
REFERENCE(transpose) { exchanged(c, dim_of(TENSOR("x"), INT("dim0")), dim_of(TENSOR("x"), INT("dim1"))); }
REFERENCE(t) { exchanged(c, 0, TENSOR("x")->ndim - 1); }
REFERENCE(mT)
{
    const int n = TENSOR("x")->ndim;
    exchanged(c, n < 2 ? 0 : n - 2, n < 2 ? 0 : n - 1);
}

REFERENCE(movedim)
{
    fx_ref_tensor *x = TENSOR("x");
    fx_dims source = DIMS("source"), destination = DIMS("destination");
    int from[FX_MAX_DIMS];
    bool placed[FX_MAX_DIMS] = { false };
    RANGE (d, FX_MAX_DIMS) from[d] = -1;
    RANGE (k, source.count) {
        const int s = dim_of(x, source.at[k]), d = dim_of(x, destination.at[k]);
        from[d] = s;
        placed[s] = true;
    }
    for (int d = 0, s = 0; d < x->ndim; d++) {
        if (from[d] >= 0) continue;
        while (placed[s]) s++;
        from[d] = s++;
    }
    in_order(c, from);
}

static void broadcast(fx_ref_call *c, int ndim, const int64_t *size)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT(0, ndim, size);
    EACH (y, i) AT(y, i) = AT(x, spread(y, i, x));
}
REFERENCE(expand)
{
    fx_ref_tensor *x = TENSOR("x");
    fx_dims dims = DIMS("dims");
    RANGE (d, dims.count)
        if (dims.at[d] < 0) dims.at[d] = x->size[d - dims.count + x->ndim];
    broadcast(c, dims.count, dims.at);
}
REFERENCE(expand_as) { broadcast(c, TENSOR("other")->ndim, TENSOR("other")->size); }

/* ---- parts ---- */

/* length numbers along dim from start on, each step after the other; one of them, without dim, if it drops.
 */
static void part(fx_ref_call *c, int dim, int64_t start, int64_t length, int64_t step, bool drops)
{
    fx_ref_tensor *x = TENSOR("x");
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS], there[FX_MAX_DIMS];
    int n = 0;
    RANGE (d, x->ndim)
        if (!drops || d != dim) size[n++] = d == dim ? length : x->size[d];
    fx_ref_tensor *y = OUT(0, n, size);
    EACH (y, i) {
        place_of(y, i, place);
        for (int d = 0, k = 0; d < x->ndim; d++)
            there[d] = d != dim ? place[k++] : drops ? start : start + step * place[k++];
        AT(y, i) = AT(x, index_of(x, there));
    }
}

static int64_t bound(int64_t i, int64_t n)
{
    i = i < 0 ? i + n : i;
    return i < 0 ? 0 : i > n ? n : i;
}
REFERENCE(slice)
{
    fx_ref_tensor *x = TENSOR("x");
    const int dim = dim_of(x, INT("dim"));
    int64_t start = bound(INT("start"), x->size[dim]), stop = bound(INT("stop"), x->size[dim]), n = 0;
    for (int64_t i = start; i < stop; i += INT("step")) n++;
    part(c, dim, start, n, INT("step"), false);
}
REFERENCE(select)
{
    const int dim = dim_of(TENSOR("x"), INT("dim"));
    part(c, dim, bound(INT("index"), TENSOR("x")->size[dim]), 1, 1, true);
}
REFERENCE(narrow)
{
    const int dim = dim_of(TENSOR("x"), INT("dim"));
    part(c, dim, bound(INT("start"), TENSOR("x")->size[dim]), INT("length"), 1, false);
}

/* ---- diagonals, windows ---- */

static int dim_among(int ndim, int64_t dim) { return (int)(dim < 0 ? dim + ndim : dim); }

/* Calls the diagonal of `matrix` (dimensions dim1, dim2) the last dimension of `line`: place in the first
 * from that in the second. */
static void on_diagonal(const fx_ref_tensor *line, int64_t i, int dim1, int dim2, int64_t offset, int ndim,
                        int64_t place[])
{
    int64_t at[FX_MAX_DIMS];
    place_of(line, i, at);
    const int64_t k = at[line->ndim - 1];
    for (int d = 0, n = 0; d < ndim; d++)
        place[d] = d == dim1   ? k + (offset < 0 ? -offset : 0)
                   : d == dim2 ? k + (offset > 0 ? offset : 0)
                               : at[n++];
}

REFERENCE(diagonal)
{
    fx_ref_tensor *x = TENSOR("x");
    const int dim1 = dim_of(x, INT("dim1")), dim2 = dim_of(x, INT("dim2"));
    const int64_t offset = INT("offset");
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS], length = 0;
    int n = 0;
    RANGE (i, x->size[dim1]) length += i + offset >= 0 && i + offset < x->size[dim2];
    RANGE (d, x->ndim)
        if (d != dim1 && d != dim2) size[n++] = x->size[d];
    size[n++] = length;
    fx_ref_tensor *y = OUT(0, n, size);
    EACH (y, i) {
        on_diagonal(y, i, dim1, dim2, offset, x->ndim, place);
        AT(y, i) = AT(x, index_of(x, place));
    }
}

REFERENCE(diag_embed)
{
    fx_ref_tensor *x = TENSOR("x");
    const int ndim = x->ndim + 1, dim1 = dim_among(ndim, INT("dim1")), dim2 = dim_among(ndim, INT("dim2"));
    const int64_t offset = INT("offset"), side = x->size[x->ndim - 1] + (offset < 0 ? -offset : offset);
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS];
    for (int d = 0, n = 0; d < ndim; d++) size[d] = d == dim1 || d == dim2 ? side : x->size[n++];
    fx_ref_tensor *y = OUT(0, ndim, size);
    EACH (x, i) {
        on_diagonal(x, i, dim1, dim2, offset, ndim, place);
        AT(y, index_of(y, place)) = AT(x, i);
    }
}

REFERENCE(unfold)
{
    fx_ref_tensor *x = TENSOR("x");
    const int dim = dim_of(x, INT("dim"));
    const int64_t window = INT("size"), step = INT("step");
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS];
    RANGE (d, x->ndim) size[d] = d == dim ? (x->size[d] - window) / step + 1 : x->size[d];
    size[x->ndim] = window;
    fx_ref_tensor *y = OUT(0, x->ndim + 1, size);
    EACH (y, i) {
        place_of(y, i, place);
        if (x->ndim) place[dim] = place[dim] * step + place[x->ndim];
        AT(y, i) = AT(x, index_of(x, place));
    }
}

REFERENCES(shape, ROW(reshape), ROW(view), ROW(reshape_as), ROW(ravel), ROW(clone), ROW(contiguous),
           ROW(flatten), ROW(unflatten), ROW(squeeze), ROW(unsqueeze), ROW(atleast_1d), ROW(atleast_2d),
           ROW(atleast_3d), ROW(permute), ROW(transpose), ROW(t), ROW(mT), ROW(movedim), ROW(expand),
           ROW(expand_as), ROW(slice), ROW(select), ROW(narrow), ROW(diagonal), ROW(diag_embed), ROW(unfold))
