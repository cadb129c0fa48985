/* References of what a mask chooses. */
#include "reference.h"

/* The sizes that x and mask broadcast to, as a tensor to work with. */
static fx_ref_tensor *both(fx_ref_call *c, const fx_ref_tensor *x, const fx_ref_tensor *mask)
{
    int64_t size[FX_MAX_DIMS];
    const int n = x->ndim > mask->ndim ? x->ndim : mask->ndim;
    RANGE (d, n) {
        const int64_t i = d - (n - x->ndim), k = d - (n - mask->ndim);
        const int64_t p = i < 0 ? 1 : x->size[i], q = k < 0 ? 1 : mask->size[k];
        size[d] = p == 1 ? q : p;
    }
    return WORK(n, size);
}

REFERENCE(masked_fill)
{
    fx_ref_tensor *x = TENSOR("x"), *mask = TENSOR("mask"), *value = TENSOR("value");
    fx_ref_tensor *y = OUT_BROADCAST(0, x, mask);
    EACH (y, i) AT(y, i) = INT_AT(mask, spread(y, i, mask)) ? AT(value, 0) : AT(x, spread(y, i, x));
}

REFERENCE(masked_select)
{
    fx_ref_tensor *x = TENSOR("x"), *mask = TENSOR("mask"), *w = both(c, x, mask);
    int64_t n = 0, k = 0;
    EACH (w, i) n += INT_AT(mask, spread(w, i, mask)) != 0;
    fx_ref_tensor *y = OUT(0, 1, &n);
    EACH (w, i)
        if (INT_AT(mask, spread(w, i, mask))) AT(y, k++) = AT(x, spread(w, i, x));
}

REFERENCE(masked_scatter)
{
    fx_ref_tensor *x = TENSOR("x"), *mask = TENSOR("mask"), *source = TENSOR("source");
    fx_ref_tensor *y = OUT_BROADCAST(0, x, mask);
    int64_t k = 0;
    EACH (y, i) AT(y, i) = INT_AT(mask, spread(y, i, mask)) ? AT(source, k++) : AT(x, spread(y, i, x));
}

REFERENCE(nonzero)
{
    fx_ref_tensor *x = TENSOR("x");
    int64_t place[FX_MAX_DIMS], size[2] = { 0, x->ndim }, k = 0;
    EACH (x, i) size[0] += BASE(x, i) != 0;
    fx_ref_tensor *y = OUT(0, 2, size);
    EACH (x, i) {
        place_of(x, i, place);
        for (int d = 0; d < x->ndim && BASE(x, i) != 0; d++) AT(y, k++) = (quad)place[d];
    }
}

REFERENCE(to)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    const fx_dtype dtype = DTYPE("dtype");
    EACH (y, i)
        AT(y, i) = dtype == FX_BOOL           ? BASE(x, i) != 0
                   : fx_dtype_is_float(dtype) ? AT(x, i)
                                              : truncq(BASE(x, i));
}

REFERENCE(prelu)
{
    fx_ref_tensor *x = TENSOR("x"), *weight = TENSOR("weight"), *y = OUT_LIKE(0, x);
    int64_t place[FX_MAX_DIMS];
    EACH (y, i) {
        place_of(y, i, place);
        AT(y, i) = BASE(x, i) > 0 ? AT(x, i) : AT(weight, weight->numel == 1 ? 0 : place[1]) * AT(x, i);
    }
}

REFERENCES(mask, ROW(masked_fill), ROW(masked_select), ROW(masked_scatter), ROW(nonzero), ROW(to), ROW(prelu))
