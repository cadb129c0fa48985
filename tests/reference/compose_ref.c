/* References of arrangements: which number of which argument stands where. */
#include "reference.h"

REFERENCE(as_strided)
{
    fx_dims sizes = DIMS("size"), strides = DIMS("stride");
    fx_ref_tensor *x = TENSOR("x"), *y = OUT(0, sizes.count, sizes.at);
    int64_t place[FX_MAX_DIMS];
    EACH (y, i) {
        int64_t at = INT("storage_offset");
        place_of(y, i, place);
        RANGE (d, y->ndim) at += place[d] * strides.at[d];
        AT(y, i) = AT(x, at);
    }
}

REFERENCE(block_diag)
{
    int64_t size[2] = { 0, 0 }, up = 0, left = 0;
    RANGE (k, COUNT("tensors")) {
        const fx_ref_tensor *x = TENSOR_OF("tensors", (int)k);
        const int64_t width = x->ndim ? x->size[x->ndim - 1] : 1;
        size[0] += x->ndim == 2 ? x->size[0] : 1;
        size[1] += width;
    }
    fx_ref_tensor *y = OUT(0, 2, size);
    RANGE (k, COUNT("tensors")) {
        const fx_ref_tensor *x = TENSOR_OF("tensors", (int)k);
        const int64_t width = x->ndim ? x->size[x->ndim - 1] : 1;
        EACH (x, i) AT(y, index_at(y, up + i / width, left + i % width)) = AT(x, i);
        up += x->ndim == 2 ? x->size[0] : 1;
        left += width;
    }
}

REFERENCE(cartesian_prod)
{
    const int n = COUNT("tensors");
    int64_t rows = 1;
    RANGE (k, n) rows *= TENSOR_OF("tensors", (int)k)->numel;
    fx_ref_tensor *y = OUT(0, n > 1 ? 2 : 1, ((int64_t[]){ rows, n }));
    RANGE (i, rows) {
        int64_t rest = i;
        for (int k = n; k-- > 0;) {
            const fx_ref_tensor *x = TENSOR_OF("tensors", k);
            AT(y, i * n + k) = AT(x, rest % x->numel);
            rest /= x->numel;
        }
    }
}

/* Counts all rows of r places, and takes those that ascend. */
REFERENCE(combinations)
{
    fx_ref_tensor *x = TENSOR("x"), *y = NULL;
    const int64_t n = x->numel, r = INT("r");
    const bool again = BOOL("with_replacement");
    int64_t all = r ? 1 : 0, found = 0;
    RANGE (k, r) all *= n;
    for (int pass = 0; pass < 2; pass++) {
        if (pass) y = OUT(0, 2, ((int64_t[]){ found, r }));
        found = 0;
        RANGE (i, all) {
            bool ascends = true;
            int64_t rest = i, after = n;
            for (int64_t k = r; k-- > 0; rest /= n) {
                ascends = ascends && (rest % n < after || (again && rest % n == after));
                after = rest % n;
            }
            if (!ascends) continue;
            rest = i;
            for (int64_t k = r; y && k-- > 0; rest /= n) AT(y, found * r + k) = AT(x, rest % n);
            found++;
        }
    }
}

REFERENCE(diagflat)
{
    fx_ref_tensor *x = TENSOR("x");
    const int64_t k = INT("offset"), down = k < 0 ? -k : 0, right = k > 0 ? k : 0,
                  n = x->numel + down + right;
    fx_ref_tensor *y = OUT(0, 2, ((int64_t[]){ n, n }));
    EACH (x, i) AT(y, index_at(y, i + down, i + right)) = AT(x, i);
}

/* ---- a part replaced ---- */

/* y's numbers along dim at start + step k are source's at k; source has that dim, or not. */
static void replaced(fx_ref_call *c, int dim, int64_t start, int64_t step, bool dropped)
{
    fx_ref_tensor *x = TENSOR("x"), *source = TENSOR("source"), *y = OUT_LIKE(0, x);
    int64_t place[FX_MAX_DIMS], there[FX_MAX_DIMS];
    EACH (x, i) AT(y, i) = AT(x, i);
    EACH (source, i) {
        place_of(source, i, place);
        for (int d = 0, k = 0; d < x->ndim; d++)
            there[d] = d != dim ? place[k++] : dropped ? start : start + step * place[k++];
        AT(y, index_of(y, there)) = AT(source, i);
    }
}

static int64_t from_end(int64_t i, int64_t n) { return i < 0 ? i + n : i; }

REFERENCE(select_scatter)
{
    const int dim = dim_of(TENSOR("x"), INT("dim"));
    replaced(c, dim, from_end(INT("index"), TENSOR("x")->size[dim]), 1, true);
}

REFERENCE(slice_scatter)
{
    const int dim = dim_of(TENSOR("x"), INT("dim"));
    replaced(c, dim, from_end(INT("start"), TENSOR("x")->size[dim]), INT("step"), false);
}

REFERENCE(diagonal_scatter)
{
    fx_ref_tensor *x = TENSOR("x"), *source = TENSOR("source"), *y = OUT_LIKE(0, x);
    const int dim1 = dim_of(x, INT("dim1")), dim2 = dim_of(x, INT("dim2"));
    const int64_t offset = INT("offset");
    int64_t place[FX_MAX_DIMS], there[FX_MAX_DIMS];
    EACH (y, i) {
        int n = 0;
        place_of(y, i, place);
        RANGE (d, x->ndim)
            if (d != dim1 && d != dim2) there[n++] = place[d];
        there[n] = offset < 0 ? place[dim2] : place[dim1];
        AT(y, i) = place[dim2] - place[dim1] == offset ? AT(source, index_of(source, there)) : AT(x, i);
    }
}

REFERENCES(compose, ROW(as_strided), ROW(block_diag), ROW(cartesian_prod), ROW(combinations), ROW(diagflat),
           ROW(select_scatter), ROW(slice_scatter), ROW(diagonal_scatter))
