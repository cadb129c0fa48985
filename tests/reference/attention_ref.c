/* References of attention, gated units and bags of embeddings. */
#include "reference.h"

/* Sizes that all but the last two dimensions of two tensors broadcast to, then `rows`, `columns`. */
static int batch_of(const fx_ref_tensor *a, const fx_ref_tensor *b, int64_t rows, int64_t columns,
                    int64_t size[])
{
    const int ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
    for (int d = 0; d < ndim - 2; d++) {
        const int da = d - (ndim - a->ndim), db = d - (ndim - b->ndim);
        const int64_t na = da < 0 ? 1 : a->size[da], nb = db < 0 ? 1 : b->size[db];
        size[d] = na == 1 ? nb : na;
    }
    size[ndim - 2] = rows;
    size[ndim - 1] = columns;
    return ndim;
}

/* The number (row, column) of x, whose batch broadcasts to that of y's number i. */
static int64_t matrix_at(const fx_ref_tensor *y, int64_t i, const fx_ref_tensor *x, int64_t row,
                         int64_t column)
{
    int64_t place[FX_MAX_DIMS], at = 0;
    place_of(y, i, place);
    for (int d = 0; d < x->ndim - 2; d++) {
        const int dy = d + y->ndim - x->ndim;
        at = at * x->size[d] + (x->size[d] == 1 ? 0 : place[dy]);
    }
    return (at * x->size[x->ndim - 2] + row) * x->size[x->ndim - 1] + column;
}

static quad mask_at(const fx_ref_tensor *scores, int64_t i, const fx_ref_tensor *mask)
{
    const int64_t at = spread(scores, i, mask);
    if (mask->dtype == FX_BOOL) return BASE(mask, at) != 0 ? 0 : -HUGE_VALQ;
    return AT(mask, at);
}

REFERENCE(scaled_dot_product_attention)
{
    const fx_ref_tensor *q = TENSOR("query"), *k = TENSOR("key"), *v = TENSOR("value"),
                        *mask = TENSOR("attn_mask");
    const int64_t rows = q->size[q->ndim - 2], keys = k->size[k->ndim - 2], depth = q->size[q->ndim - 1];
    const int64_t width = v->size[v->ndim - 1];
    const quad scale = REAL("scale") != 0 ? REAL("scale") : 1 / sqrtq((quad)depth);
    int64_t size[FX_MAX_DIMS];
    int ndim = batch_of(q, k, rows, keys, size);
    if (mask && mask->ndim > ndim) ndim = mask->ndim;
    fx_ref_tensor *p = WORK(ndim, size);
    for (int64_t row = 0; keys && row < p->numel / keys; row++) {
        quad most = -HUGE_VALQ, sum = 0;
        for (int64_t j = 0; j < keys; j++) {
            const int64_t i = row * keys + j;
            AT(p, i) = 0;
            for (int64_t d = 0; d < depth; d++)
                AT(p, i) +=
                    AT(q, matrix_at(p, i, q, row % rows, d)) * AT(k, matrix_at(p, i, k, j, d)) * scale;
            if (mask) AT(p, i) += mask_at(p, i, mask);
            if (BOOL("is_causal") && j > row % rows) AT(p, i) = -HUGE_VALQ;
            most = AT(p, i) > most ? AT(p, i) : most;
        }
        for (int64_t j = 0; j < keys; j++)
            sum += AT(p, row * keys + j) = most == -HUGE_VALQ ? 0 : expq(AT(p, row * keys + j) - most);
        for (int64_t j = 0; j < keys && sum > 0; j++) AT(p, row * keys + j) /= sum;
    }
    ndim = batch_of(p, v, rows, width, size);
    fx_ref_tensor *y = OUT(0, ndim, size);
    EACH (y, i)
        for (int64_t j = 0; j < keys; j++)
            AT(y, i) +=
                AT(p, matrix_at(y, i, p, i / width % rows, j)) * AT(v, matrix_at(y, i, v, j, i % width));
}

/* ---- gated units -----------------------------------------------------------------------------------------
 */

static quad sigmoid(quad x) { return 1 / (1 + expq(-x)); }
static quad silu(quad x) { return x * sigmoid(x); }
static quad gelu(quad x) { return x * erfcq(-x * M_SQRT1_2q) / 2; }

static void gated(fx_ref_call *c, quad (*gate)(quad x))
{
    const fx_ref_tensor *x = TENSOR("x");
    const int dim = dim_of(x, INT("dim"));
    int64_t size[FX_MAX_DIMS], inner = 1;
    for (int d = 0; d < x->ndim; d++) {
        size[d] = d == dim ? x->size[d] / 2 : x->size[d];
        if (d > dim) inner *= x->size[d];
    }
    fx_ref_tensor *y = OUT(0, x->ndim, size);
    const int64_t row = size[dim] * inner;
    EACH (y, i) {
        const int64_t at = i / row * 2 * row + i % row;
        AT(y, i) = AT(x, at) * gate(AT(x, at + row));
    }
}

REFERENCE(glu) { gated(c, sigmoid); }
REFERENCE(geglu) { gated(c, gelu); }
REFERENCE(swiglu) { gated(c, silu); }

/* ---- bags ------------------------------------------------------------------------------------------------
 */

REFERENCE(embedding_bag)
{
    const fx_ref_tensor *w = TENSOR("weight"), *index = TENSOR("index"), *offsets = TENSOR("offsets");
    const fx_ref_tensor *scale = TENSOR("per_sample_weights");
    const int64_t width = w->size[1], padding = INT("padding_idx");
    const int64_t bags = offsets ? offsets->numel - BOOL("include_last_offset") : index->size[0];
    const int64_t size[2] = { bags, width };
    fx_ref_tensor *y = OUT(0, 2, size);
    for (int64_t b = 0; b < bags; b++) {
        const int64_t length = index->ndim == 2 ? index->size[1] : 0;
        const int64_t from = offsets ? INT_AT(offsets, b) : b * length;
        const int64_t to = !offsets                 ? from + length
                           : b + 1 < offsets->numel ? INT_AT(offsets, b + 1)
                                                    : index->numel;
        for (int64_t d = 0; d < width; d++) {
            quad sum = 0, most = 0, best = 0;
            int64_t n = 0;
            for (int64_t i = from; i < to; i++) {
                const int64_t row = INT_AT(index, i);
                if (padding != INT64_MIN && row == (padding < 0 ? padding + w->size[0] : padding)) continue;
                const quad a = AT(w, row * width + d), base = BASE(w, row * width + d);
                if (n == 0 || base > best) most = a, best = base;
                sum += a * (scale ? AT(scale, i) : 1);
                n++;
            }
            AT(y, b * width + d) = n == 0                     ? 0
                                   : CHOICE_IS("mode", "sum") ? sum
                                   : CHOICE_IS("mode", "max") ? most
                                                              : sum / (quad)n;
        }
    }
}

REFERENCES(attention, ROW(scaled_dot_product_attention), ROW(glu), ROW(geglu), ROW(swiglu),
           ROW(embedding_bag))
