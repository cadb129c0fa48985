/* Products that are added to something, and contractions, by the sums that define them. */
#include "reference.h"

/* y = beta x + alpha p, x being broadcast to p. */
static void added(fx_ref_call *c, const fx_ref_tensor *p)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *y = OUT(0, p->ndim, p->size);
    const quad beta = REAL("beta"), alpha = REAL("alpha");
    EACH (y, i) AT(y, i) = (beta == 0 ? 0 : beta * AT(x, spread(y, i, x))) + alpha * AT(p, i);
}

/* A stack of `count` products (m, k) x (k, n), or their sum. */
static fx_ref_tensor *products(fx_ref_call *c, int64_t count, int64_t m, int64_t k, int64_t n, bool summed,
                               int ndim, const int64_t *size)
{
    const fx_ref_tensor *a = TENSOR("mat1"), *b = TENSOR("mat2");
    fx_ref_tensor *y = WORK(ndim, size);
    RANGE (t, count)
        RANGE (i, m)
            RANGE (j, n)
                RANGE (q, k)
                    AT(y, ((summed ? 0 : t) * m + i) * n + j) +=
                        AT(a, (t * m + i) * k + q) * AT(b, (t * k + q) * n + j);
    return y;
}

REFERENCE(addmm)
{
    const fx_ref_tensor *a = TENSOR("mat1"), *b = TENSOR("mat2");
    const int64_t size[] = { a->size[0], b->size[1] };
    added(c, products(c, 1, size[0], a->size[1], size[1], false, 2, size));
}

REFERENCE(addmv)
{
    const fx_ref_tensor *a = TENSOR("mat1");
    added(c, products(c, 1, a->size[0], a->size[1], 1, false, 1, a->size));
}

REFERENCE(addr)
{
    const fx_ref_tensor *u = TENSOR("mat1"), *v = TENSOR("mat2");
    const int64_t size[] = { u->numel, v->numel };
    added(c, products(c, 1, size[0], 1, size[1], false, 2, size));
}

REFERENCE(baddbmm)
{
    const fx_ref_tensor *a = TENSOR("mat1"), *b = TENSOR("mat2");
    const int64_t size[] = { a->size[0], a->size[1], b->size[2] };
    added(c, products(c, size[0], size[1], a->size[2], size[2], false, 3, size));
}

REFERENCE(addbmm)
{
    const fx_ref_tensor *a = TENSOR("mat1"), *b = TENSOR("mat2");
    const int64_t size[] = { a->size[1], b->size[2] };
    added(c, products(c, a->size[0], size[0], a->size[2], size[1], true, 2, size));
}

/* The sum over count pairs of dimensions; what is left of a, then of b. */
static void contracted(fx_ref_call *c, const fx_ref_tensor *a, const fx_ref_tensor *b, int count,
                       const int *of_a, const int *of_b)
{
    int64_t size[FX_MAX_DIMS], inner = 1;
    int ndim = 0, left_a[FX_MAX_DIMS], left_b[FX_MAX_DIMS], na = 0, nb = 0;
    RANGE (d, a->ndim) {
        bool named = false;
        RANGE (i, count) named |= of_a[i] == d;
        if (!named) left_a[na++] = (int)d, size[ndim++] = a->size[d];
    }
    RANGE (d, b->ndim) {
        bool named = false;
        RANGE (i, count) named |= of_b[i] == d;
        if (!named) left_b[nb++] = (int)d, size[ndim++] = b->size[d];
    }
    RANGE (i, count) inner *= a->size[of_a[i]];
    fx_ref_tensor *y = OUT(0, ndim, size);
    EACH (y, i) {
        int64_t place[FX_MAX_DIMS], in_a[FX_MAX_DIMS], in_b[FX_MAX_DIMS];
        place_of(y, i, place);
        RANGE (d, na) in_a[left_a[d]] = place[d];
        RANGE (d, nb) in_b[left_b[d]] = place[na + d];
        RANGE (k, inner) {
            int64_t rest = k;
            for (int q = count; q-- > 0; rest /= a->size[of_a[q]])
                in_a[of_a[q]] = in_b[of_b[q]] = rest % a->size[of_a[q]];
            AT(y, i) += AT(a, index_of(a, in_a)) * AT(b, index_of(b, in_b));
        }
    }
}

REFERENCE(inner)
{
    const fx_ref_tensor *a = TENSOR("x"), *b = TENSOR("other");
    const int of_a = a->ndim - 1, of_b = b->ndim - 1;
    contracted(c, a, b, a->ndim && b->ndim ? 1 : 0, &of_a, &of_b);
}

REFERENCE(tensordot)
{
    const fx_ref_tensor *a = TENSOR("x"), *b = TENSOR("other");
    const fx_dims dims_a = DIMS("dims_x"), dims_b = DIMS("dims_other");
    int of_a[FX_MAX_DIMS], of_b[FX_MAX_DIMS];
    const int count = dims_a.given ? dims_a.count : (int)INT("dims");
    RANGE (i, count) {
        of_a[i] = dims_a.given ? dim_of(a, dims_a.at[i]) : a->ndim - count + (int)i;
        of_b[i] = dims_a.given ? dim_of(b, dims_b.at[i]) : (int)i;
    }
    contracted(c, a, b, count, of_a, of_b);
}

/* From left to right. */
REFERENCE(multi_dot)
{
    const int count = COUNT("tensors");
    const fx_ref_tensor *first = TENSOR_OF("tensors", 0), *last = TENSOR_OF("tensors", count - 1);
    const int64_t rows = first->ndim == 1 ? 1 : first->size[0];
    int64_t columns = first->size[first->ndim - 1], size[2];
    quad *left = NUMBERS(first->numel);
    EACH (first, i) left[i] = AT(first, i);
    for (int t = 1; t < count; t++) {
        const fx_ref_tensor *x = TENSOR_OF("tensors", t);
        const int64_t n = x->ndim == 1 ? 1 : x->size[1];
        quad *y = NUMBERS(rows * n);
        RANGE (i, rows)
            RANGE (j, n)
                RANGE (k, columns) y[i * n + j] += left[i * columns + k] * AT(x, k * n + j);
        left = y, columns = n;
    }
    int ndim = 0;
    if (first->ndim == 2) size[ndim++] = rows;
    if (last->ndim == 2) size[ndim++] = columns;
    fx_ref_tensor *y = OUT(0, ndim, size);
    EACH (y, i) AT(y, i) = left[i];
}

REFERENCE(kron)
{
    const fx_ref_tensor *a = TENSOR("x"), *b = TENSOR("other");
    const int n = a->ndim > b->ndim ? a->ndim : b->ndim;
    int64_t sa[FX_MAX_DIMS], sb[FX_MAX_DIMS], size[FX_MAX_DIMS];
    RANGE (d, n) {
        sa[d] = d < n - a->ndim ? 1 : a->size[d - (n - a->ndim)];
        sb[d] = d < n - b->ndim ? 1 : b->size[d - (n - b->ndim)];
        size[d] = sa[d] * sb[d];
    }
    fx_ref_tensor *y = OUT(0, n, size);
    EACH (y, i) {
        int64_t place[FX_MAX_DIMS], at_a = 0, at_b = 0;
        place_of(y, i, place);
        RANGE (d, n) at_a = at_a * sa[d] + place[d] / sb[d], at_b = at_b * sb[d] + place[d] % sb[d];
        AT(y, i) = AT(a, at_a) * AT(b, at_b);
    }
}

REFERENCE(trace)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *y = OUT_SCALAR(0);
    RANGE (i, x->size[0] < x->size[1] ? x->size[0] : x->size[1]) AT(y, 0) += AT(x, index_at(x, i, i));
}

REFERENCE(bilinear)
{
    const fx_ref_tensor *x1 = TENSOR("x1"), *x2 = TENSOR("x2"), *w = TENSOR("weight"), *b = TENSOR("bias");
    int64_t size[FX_MAX_DIMS], rows = 1;
    RANGE (d, x1->ndim - 1) rows *= size[d] = x1->size[d];
    size[x1->ndim - 1] = w->size[0];
    fx_ref_tensor *y = OUT(0, x1->ndim, size);
    RANGE (r, rows)
        RANGE (o, w->size[0]) {
            quad sum = b ? AT(b, o) : 0;
            RANGE (i, w->size[1])
                RANGE (j, w->size[2])
                    sum +=
                        AT(x1, r * w->size[1] + i) * AT(w, index_at(w, o, i, j)) * AT(x2, r * w->size[2] + j);
            AT(y, r * w->size[0] + o) = sum;
        }
}

/* The place in x of what the letters of one operand of an equation stand for. "..." are the digits of `dots`
 * from the right. */
typedef struct einsum_letters {
    int count;
    int at[FX_MAX_DIMS]; /* a letter; or 128 + how far from the right */
} einsum_letters;

static const char *read_letters(const char *at, int ndim, einsum_letters *l)
{
    int letters = 0;
    for (const char *p = at; *p && *p != ',' && *p != '-'; p++) letters += *p != '.' && *p != ' ';
    for (l->count = 0; *at && *at != ',' && *at != '-'; at++) {
        if (*at == ' ') continue;
        if (*at != '.') {
            l->at[l->count++] = *at;
            continue;
        }
        for (int d = ndim - letters; d-- > 0;) l->at[l->count++] = 128 + d;
        at += 2;
    }
    return at;
}

static int64_t place_by(const fx_ref_tensor *x, const einsum_letters *l, const int64_t *value)
{
    int64_t at = 0;
    for (int d = 0; d < x->ndim; d++) at = at * x->size[d] + (x->size[d] == 1 ? 0 : value[l->at[d]]);
    return at;
}

/* Every letter goes through all its values. */
REFERENCE(einsum)
{
    enum { LETTERS = 128 + FX_MAX_DIMS };
    const int count = COUNT("tensors");
    const char *at = TEXT("equation");
    einsum_letters of[8], result = { 0 };
    int64_t size[LETTERS] = { 0 }, value[LETTERS] = { 0 }, shape[FX_MAX_DIMS], all = 1;
    int uses[LETTERS] = { 0 }, dots = 0;
    for (int t = 0; t < count; t++) {
        const fx_ref_tensor *x = TENSOR_OF("tensors", t);
        at = read_letters(at, x->ndim, &of[t]);
        if (*at == ',') at++;
        for (int d = 0; d < x->ndim; d++) {
            const int l = of[t].at[d];
            uses[l]++;
            if (uses[l] == 1 || x->size[d] != 1) size[l] = x->size[d];
            if (l >= 128 && l - 127 > dots) dots = l - 127;
        }
    }
    if (!*at)
        for (int l = 0; l < 128; l++)
            if (uses[l] == 1) result.at[result.count++] = l;
    if (*at) { /* the dots of the result are as many as there are */
        int n = 0;
        for (const char *p = at + 2; *p; p++) {
            if (*p == ' ') continue;
            if (*p != '.') {
                result.at[n++] = *p;
                continue;
            }
            for (int d = dots; d-- > 0;) result.at[n++] = 128 + d;
            p += 2;
        }
        result.count = n;
    }
    for (int d = 0; d < result.count; d++) shape[d] = size[result.at[d]];
    for (int l = 0; l < LETTERS; l++)
        if (uses[l]) all *= size[l];
    fx_ref_tensor *y = OUT(0, result.count, shape);
    RANGE (i, all) {
        quad product = 1;
        for (int t = 0; t < count; t++) {
            const fx_ref_tensor *x = TENSOR_OF("tensors", t);
            product *= AT(x, place_by(x, &of[t], value));
        }
        AT(y, place_by(y, &result, value)) += product;
        for (int l = LETTERS - 1; l >= 0; l--) {
            if (!uses[l]) continue;
            if (++value[l] < size[l]) break;
            value[l] = 0;
        }
    }
}

REFERENCES(contract, ROW(einsum), ROW(addmm), ROW(addmv), ROW(addr), ROW(baddbmm), ROW(addbmm), ROW(inner),
           ROW(tensordot), ROW(multi_dot), ROW(kron), ROW(trace), ROW(bilinear))
