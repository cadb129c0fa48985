/* Products of matrices, by the sums that define them. */
#include "reference.h"

/* y = a b as NumPy has it, of any dimensions but 0: each number of y is a sum over k. */
static fx_ref_tensor *product(fx_ref_call *c, const fx_ref_tensor *a, const fx_ref_tensor *b)
{
    const bool row = a->ndim > 1, column = b->ndim > 1;
    const int na = row ? a->ndim - 2 : 0, nb = column ? b->ndim - 2 : 0, n = na > nb ? na : nb;
    const int64_t inner = a->size[a->ndim - 1];
    int64_t size[FX_MAX_DIMS + 2];
    int ndim = n;
    RANGE (d, n) {
        const int64_t sa = d < n - na ? 1 : a->size[d - (n - na)],
                      sb = d < n - nb ? 1 : b->size[d - (n - nb)];
        size[d] = sa == 1 ? sb : sa;
    }
    if (row) size[ndim++] = a->size[a->ndim - 2];
    if (column) size[ndim++] = b->size[b->ndim - 1];
    fx_ref_tensor *y = WORK(ndim, size);
    EACH (y, i) {
        int64_t place[FX_MAX_DIMS], in_a[FX_MAX_DIMS], in_b[FX_MAX_DIMS];
        place_of(y, i, place);
        RANGE (d, na) in_a[d] = a->size[d] == 1 ? 0 : place[d + n - na];
        RANGE (d, nb) in_b[d] = b->size[d] == 1 ? 0 : place[d + n - nb];
        RANGE (k, inner) {
            if (row) in_a[na] = place[n];
            in_a[a->ndim - 1] = k;
            in_b[nb] = k;
            if (column) in_b[nb + 1] = place[ndim - 1];
            AT(y, i) += AT(a, index_of(a, in_a)) * AT(b, index_of(b, in_b));
        }
    }
    return y;
}

static void copy_out(fx_ref_call *c, const fx_ref_tensor *from)
{
    fx_ref_tensor *y = OUT(0, from->ndim, from->size);
    EACH (y, i) AT(y, i) = AT(from, i);
}

REFERENCE(matmul) { copy_out(c, product(c, TENSOR("x"), TENSOR("other"))); }

REFERENCE(outer)
{
    const fx_ref_tensor *u = TENSOR("x"), *v = TENSOR("other");
    fx_ref_tensor *y = OUT(0, 2, ((int64_t[]){ u->numel, v->numel }));
    RANGE (i, u->numel)
        RANGE (j, v->numel) AT(y, index_at(y, i, j)) = AT(u, i) * AT(v, j);
}

REFERENCE(linear)
{
    const fx_ref_tensor *x = TENSOR("x"), *w = TENSOR("weight"), *b = TENSOR("bias");
    const int64_t in = x->size[x->ndim - 1], out = w->ndim == 2 ? w->size[0] : 1;
    int64_t size[FX_MAX_DIMS], rows = 1;
    RANGE (d, x->ndim - 1) rows *= size[d] = x->size[d];
    size[x->ndim - 1] = out;
    fx_ref_tensor *y = OUT(0, x->ndim - (w->ndim == 2 ? 0 : 1), size);
    RANGE (i, rows)
        RANGE (j, out) {
            quad sum = b ? AT(b, j) : 0;
            RANGE (k, in) sum += AT(x, i * in + k) * AT(w, j * in + k);
            AT(y, i * out + j) = sum;
        }
}

REFERENCES(matmul, { "matmul", reference_matmul }, { "mm", reference_matmul }, { "bmm", reference_matmul },
           { "mv", reference_matmul }, { "dot", reference_matmul }, ROW(outer), ROW(linear))
