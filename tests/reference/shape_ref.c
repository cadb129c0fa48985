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

/* ---- several ---- */

/* Output k: x from start to stop along dim, or the one at start if it drops dim. */
static void piece(fx_ref_call *c, int k, int dim, int64_t start, int64_t stop, bool drops)
{
    fx_ref_tensor *x = TENSOR("x");
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS], there[FX_MAX_DIMS];
    int n = 0;
    RANGE (d, x->ndim)
        if (!drops || d != dim) size[n++] = d == dim ? stop - start : x->size[d];
    fx_ref_tensor *y = OUT(k, n, size);
    EACH (y, i) {
        place_of(y, i, place);
        for (int d = 0, p = 0; d < x->ndim; d++)
            there[d] = d != dim ? place[p++] : drops ? start : start + place[p++];
        AT(y, i) = AT(x, index_of(x, there));
    }
}

REFERENCE(split)
{
    fx_dims sizes = DIMS("sizes");
    const int dim = dim_of(TENSOR("x"), INT("dim"));
    const int64_t n = TENSOR("x")->size[dim];
    int k = 0;
    int64_t at = 0;
    do {
        const int64_t size = sizes.count > 1 ? sizes.at[k] : sizes.at[0],
                      stop = at + size < n ? at + size : n;
        piece(c, k++, dim, at, stop, false);
        at = stop;
    } while (sizes.count > 1 ? k < sizes.count : at < n);
}

REFERENCE(chunk)
{
    const int dim = dim_of(TENSOR("x"), INT("dim"));
    const int64_t n = TENSOR("x")->size[dim], chunks = INT("chunks"), size = (n + chunks - 1) / chunks;
    if (n == 0)
        RANGE (k, chunks) piece(c, (int)k, dim, 0, 0, false);
    for (int64_t k = 0; k * size < n; k++)
        piece(c, (int)k, dim, k * size, (k + 1) * size < n ? (k + 1) * size : n, false);
}

REFERENCE(tensor_split)
{
    fx_dims indices = DIMS("indices");
    const int dim = dim_of(TENSOR("x"), INT("dim"));
    const int64_t n = TENSOR("x")->size[dim], sections = indices.given ? indices.count + 1 : INT("sections");
    int64_t at = 0;
    RANGE (k, sections) {
        int64_t stop = k == sections - 1 ? n
                       : indices.given   ? bound(indices.at[k], n)
                                         : at + n / sections + (k < n % sections);
        piece(c, (int)k, dim, at, stop, false);
        at = stop;
    }
}

REFERENCE(unbind)
{
    const int dim = dim_of(TENSOR("x"), INT("dim"));
    RANGE (k, TENSOR("x")->size[dim]) piece(c, (int)k, dim, k, k + 1, true);
}

/* x seen in other sizes of as many numbers. */
static fx_ref_tensor seen(const fx_ref_tensor *x, int ndim, int64_t a, int64_t b, int64_t d)
{
    fx_ref_tensor y = *x;
    y.ndim = ndim;
    y.size[0] = a;
    y.size[1] = b;
    y.size[2] = d;
    return y;
}

/* Joins the list, each seen by change, along dim. */
static void joined(fx_ref_call *c, fx_ref_tensor (*change)(const fx_ref_tensor *x), int dim)
{
    fx_ref_tensor part[FX_MAX_OUTPUTS], *like = NULL;
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS], at = 0, sum = 0;
    RANGE (k, COUNT("tensors")) {
        part[k] = change(TENSOR_OF("tensors", (int)k));
        if (part[k].ndim == 1 && part[k].numel == 0 && like) continue;
        if (!like || (like->ndim == 1 && like->numel == 0)) like = &part[k];
        sum += part[k].size[dim];
    }
    RANGE (d, like->ndim) size[d] = d == dim ? sum : like->size[d];
    if (like->ndim > 1 && part[0].ndim == 1 && part[0].numel == 0) size[dim] = sum - part[0].size[dim];
    fx_ref_tensor *y = OUT(0, like->ndim, size);
    RANGE (k, COUNT("tensors")) {
        if (part[k].numel == 0) continue;
        EACH (&part[k], i) {
            place_of(&part[k], i, place);
            place[dim] += at;
            AT(y, index_of(y, place)) = AT(&part[k], i);
        }
        at += part[k].size[dim];
    }
}

static fx_ref_tensor itself(const fx_ref_tensor *x) { return *x; }
static fx_ref_tensor flat(const fx_ref_tensor *x) { return x->ndim ? *x : seen(x, 1, 1, 1, 1); }
static fx_ref_tensor row(const fx_ref_tensor *x) { return x->ndim < 2 ? seen(x, 2, 1, x->numel, 1) : *x; }
static fx_ref_tensor column(const fx_ref_tensor *x) { return x->ndim < 2 ? seen(x, 2, x->numel, 1, 1) : *x; }
static fx_ref_tensor deep(const fx_ref_tensor *x)
{
    return x->ndim < 2    ? seen(x, 3, 1, x->numel, 1)
           : x->ndim == 2 ? seen(x, 3, x->size[0], x->size[1], 1)
                          : *x;
}

REFERENCE(cat)
{
    const fx_ref_tensor *x = TENSOR_OF("tensors", 0);
    RANGE (k, COUNT("tensors"))
        if (TENSOR_OF("tensors", (int)k)->ndim > x->ndim) x = TENSOR_OF("tensors", (int)k);
    joined(c, itself, dim_of(x, INT("dim")));
}
REFERENCE(hstack) { joined(c, flat, TENSOR_OF("tensors", 0)->ndim > 1); }
REFERENCE(vstack) { joined(c, row, 0); }
REFERENCE(dstack) { joined(c, deep, 2); }
REFERENCE(column_stack) { joined(c, column, 1); }

REFERENCE(stack)
{
    const fx_ref_tensor *x = TENSOR_OF("tensors", 0);
    const int n = COUNT("tensors"), dim = dim_among(x->ndim + 1, INT("dim"));
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS];
    for (int d = 0, p = 0; d <= x->ndim; d++) size[d] = d == dim ? n : x->size[p++];
    fx_ref_tensor *y = OUT(0, x->ndim + 1, size);
    EACH (y, i) {
        place_of(y, i, place);
        const fx_ref_tensor *from = TENSOR_OF("tensors", (int)place[dim]);
        for (int d = dim; d < x->ndim; d++) place[d] = place[d + 1];
        AT(y, i) = AT(from, index_of(from, place));
    }
}

REFERENCE(broadcast_tensors)
{
    fx_ref_tensor *x[FX_MAX_OUTPUTS];
    const int n = COUNT("tensors");
    RANGE (k, n) x[k] = TENSOR_OF("tensors", (int)k);
    RANGE (k, n) {
        fx_ref_tensor *y = fx__ref_out_broadcast(c, (int)k, n, x);
        EACH (y, i) AT(y, i) = AT(x[k], spread(y, i, x[k]));
    }
}

REFERENCE(meshgrid)
{
    const int n = COUNT("tensors");
    const bool xy = CHOICE_IS("indexing", "xy") && n > 1;
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS];
    RANGE (k, n) size[xy && k < 2 ? 1 - k : k] = TENSOR_OF("tensors", (int)k)->numel;
    RANGE (k, n) {
        fx_ref_tensor *x = TENSOR_OF("tensors", (int)k), *y = OUT((int)k, n, size);
        EACH (y, i) {
            place_of(y, i, place);
            AT(y, i) = AT(x, place[xy && k < 2 ? 1 - k : k]);
        }
    }
}

/* ---- in other places ---- */

REFERENCE(flip)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    fx_dims dims = DIMS("dims");
    int64_t place[FX_MAX_DIMS];
    EACH (y, i) {
        place_of(y, i, place);
        RANGE (k, x->ndim ? dims.count : 0) {
            const int d = dim_of(x, dims.at[k]);
            place[d] = x->size[d] - 1 - place[d];
        }
        AT(y, i) = AT(x, index_of(x, place));
    }
}

REFERENCE(roll)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    fx_dims shifts = DIMS("shifts"), dims = DIMS("dims");
    int64_t place[FX_MAX_DIMS];
    EACH (y, i) {
        if (!dims.count) {
            const int64_t n = x->numel;
            AT(y, i) = AT(x, ((i - shifts.at[0]) % n + n) % n);
            continue;
        }
        place_of(y, i, place);
        RANGE (k, dims.count) {
            const int d = dim_of(x, dims.at[k]);
            const int64_t n = x->size[d];
            place[d] = ((place[d] - shifts.at[k]) % n + n) % n;
        }
        AT(y, i) = AT(x, index_of(x, place));
    }
}

REFERENCE(rot90)
{
    fx_ref_tensor *x = TENSOR("x");
    const int a = dim_of(x, DIMS("dims").at[0]), b = dim_of(x, DIMS("dims").at[1]);
    const int k = (int)((INT("k") % 4 + 4) % 4);
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS];
    RANGE (d, x->ndim) size[d] = x->size[k % 2 == 0 ? d : d == a ? b : d == b ? a : d];
    fx_ref_tensor *y = OUT(0, x->ndim, size);
    EACH (y, i) {
        place_of(y, i, place);
        const int64_t p = place[a], q = place[b], n = x->size[a], m = x->size[b];
        if (k == 1) place[a] = q, place[b] = m - 1 - p;
        if (k == 2) place[a] = n - 1 - p, place[b] = m - 1 - q;
        if (k == 3) place[a] = n - 1 - q, place[b] = p;
        AT(y, i) = AT(x, index_of(x, place));
    }
}

static void triangle(fx_ref_call *c, bool upper)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    int64_t place[FX_MAX_DIMS];
    EACH (y, i) {
        place_of(y, i, place);
        const int64_t over = place[x->ndim - 1] - place[x->ndim - 2] - INT("diagonal");
        if (upper ? over >= 0 : over <= 0) AT(y, i) = AT(x, i);
    }
}
REFERENCE(tril) { triangle(c, false); }
REFERENCE(triu) { triangle(c, true); }

static void times(fx_ref_call *c, fx_dims by)
{
    fx_ref_tensor *x = TENSOR("x");
    const int new = by.count - x->ndim;
    int64_t place[FX_MAX_DIMS];
    RANGE (d, by.count) by.at[d] *= d < new ? 1 : x->size[d - new];
    fx_ref_tensor *y = OUT(0, by.count, by.at);
    EACH (y, i) {
        place_of(y, i, place);
        RANGE (d, x->ndim) place[d] = place[d + new] % x->size[d];
        AT(y, i) = AT(x, index_of(x, place));
    }
}
REFERENCE(repeat) { times(c, DIMS("dims")); }
REFERENCE(tile)
{
    fx_dims by = DIMS("dims"), all = { true, TENSOR("x")->ndim, { 0 } };
    const int missing = all.count - by.count;
    if (missing > 0)
        RANGE (d, all.count) all.at[d] = d < missing ? 1 : by.at[d - missing];
    times(c, missing > 0 ? all : by);
}

REFERENCE(diag)
{
    fx_ref_tensor *x = TENSOR("x");
    const int64_t k = INT("diagonal"), down = k < 0 ? -k : 0, right = k > 0 ? k : 0;
    if (x->ndim == 1) {
        const int64_t n = x->size[0] + down + right;
        fx_ref_tensor *y = OUT(0, 2, ((int64_t[]){ n, n }));
        EACH (x, i) AT(y, (i + down) * n + i + right) = AT(x, i);
        return;
    }
    int64_t length = 0;
    while (length + down < x->size[0] && length + right < x->size[1]) length++;
    fx_ref_tensor *y = OUT(0, 1, &length);
    EACH (y, i) AT(y, i) = AT(x, (i + down) * x->size[1] + i + right);
}

REFERENCE(pad)
{
    fx_ref_tensor *x = TENSOR("x");
    fx_dims pad = DIMS("pad");
    int64_t size[FX_MAX_DIMS], before[FX_MAX_DIMS] = { 0 }, place[FX_MAX_DIMS];
    RANGE (d, x->ndim) size[d] = x->size[d];
    RANGE (k, pad.count / 2) {
        before[x->ndim - 1 - k] = pad.at[2 * k];
        size[x->ndim - 1 - k] += pad.at[2 * k] + pad.at[2 * k + 1];
    }
    fx_ref_tensor *y = OUT(0, x->ndim, size);
    EACH (y, i) {
        place_of(y, i, place);
        bool inside = true;
        RANGE (d, x->ndim) {
            const int64_t n = x->size[d];
            int64_t p = place[d] - before[d];
            inside &= p >= 0 && p < n;
            if (CHOICE_IS("mode", "reflect")) p = p < 0 ? -p : p >= n ? 2 * n - 2 - p : p;
            if (CHOICE_IS("mode", "replicate")) p = p < 0 ? 0 : p >= n ? n - 1 : p;
            if (CHOICE_IS("mode", "circular")) { /* round what is left when numbers were cut off */
                const int64_t cut = before[d] < 0 ? -before[d] : 0, after = size[d] - n - before[d];
                const int64_t left = n - cut + (after < 0 ? after : 0);
                p = cut + ((p - cut) % left + left) % left;
            }
            place[d] = p;
        }
        AT(y, i) = inside || !CHOICE_IS("mode", "constant") ? AT(x, index_of(x, place)) : REAL("value");
    }
}

REFERENCES(shape, ROW(reshape), ROW(view), ROW(reshape_as), ROW(ravel), ROW(clone), ROW(contiguous),
           ROW(flatten), ROW(unflatten), ROW(squeeze), ROW(unsqueeze), ROW(atleast_1d), ROW(atleast_2d),
           ROW(atleast_3d), ROW(permute), ROW(transpose), ROW(t), ROW(mT), ROW(movedim), ROW(expand),
           ROW(expand_as), ROW(slice), ROW(select), ROW(narrow), ROW(diagonal), ROW(diag_embed), ROW(unfold),
           ROW(split), ROW(chunk), ROW(tensor_split), ROW(unbind), ROW(cat), ROW(stack), ROW(hstack),
           ROW(vstack), ROW(dstack), ROW(column_stack), ROW(broadcast_tensors), ROW(meshgrid), ROW(flip),
           ROW(roll), ROW(rot90), ROW(tril), ROW(triu), ROW(repeat), ROW(tile), ROW(diag), ROW(pad))
