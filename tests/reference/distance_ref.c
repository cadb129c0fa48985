/* References of distances and angles, and of the losses made of them. */
#include "reference.h"

/* Differences to compute with, and to decide by. */
typedef struct differences {
    int64_t n;
    quad *d, *b;
} differences;

static differences room_for(fx_ref_call *c, int64_t n)
{
    return (differences){ n, NUMBERS(n + 1), NUMBERS(n + 1) };
}

static quad sign(quad x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

/* The norm of order p; the largest in magnitude, or the mean of those that are, if p is infinite. */
static quad length_of(differences v, quad p)
{
    quad sum = 0, most = 0, tied = 0;
    RANGE (k, v.n) most = fmaxq(most, fabsq(v.b[k]));
    if (most == 0) return 0;
    RANGE (k, v.n) {
        const quad a = sign(v.b[k]) * v.d[k];
        if (isinfq(p)) {
            sum += fabsq(v.b[k]) == most ? a : 0;
            tied += fabsq(v.b[k]) == most;
        } else if (p == 2)
            sum += v.d[k] * v.d[k];
        else if (v.b[k] != 0)
            sum += p == 0 ? 1 : p == 1 ? a : powq(a, p);
    }
    return isinfq(p) ? sum / tied : p == 2 ? sqrtq(sum) : p == 0 || p == 1 ? sum : powq(sum, 1 / p);
}

static void set(differences v, int64_t k, const fx_ref_tensor *x, int64_t i, const fx_ref_tensor *y,
                int64_t j, quad plus)
{
    v.d[k] = AT(x, i) - AT(y, j) + plus;
    v.b[k] = BASE(x, i) - BASE(y, j) + plus;
}

REFERENCE(dist)
{
    fx_ref_tensor *x = TENSOR("x"), *other = TENSOR("other"), *y = OUT_SCALAR(0);
    const bool wider = x->numel < other->numel && x->numel > 0;
    const fx_ref_tensor *both = wider ? other : x;
    differences v = room_for(c, both->numel);
    EACH (both, i) set(v, i, x, spread(both, i, x), other, spread(both, i, other), 0);
    AT(y, 0) = length_of(v, REAL("p"));
}

/* The batch of a place, and point k of it. */
static int64_t point_of(const fx_ref_tensor *x, const fx_ref_tensor *y, const int64_t place[], int64_t point)
{
    int64_t at = 0;
    for (int d = 0; d + 2 < x->ndim; d++)
        at = at * x->size[d] + (x->size[d] == 1 ? 0 : place[d + y->ndim - x->ndim]);
    return (at * x->size[x->ndim - 2] + point) * x->size[x->ndim - 1];
}

REFERENCE(cdist)
{
    fx_ref_tensor *a = TENSOR("x1"), *b = TENSOR("x2");
    const int ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
    const int64_t m = a->size[a->ndim - 1];
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS];
    for (int d = 1; d <= ndim; d++) {
        const int64_t p = d <= a->ndim ? a->size[a->ndim - d] : 1,
                      q = d <= b->ndim ? b->size[b->ndim - d] : 1;
        size[ndim - d] = d == 1 ? b->size[b->ndim - 2] : d == 2 ? a->size[a->ndim - 2] : p == 1 ? q : p;
    }
    fx_ref_tensor *y = OUT(0, ndim, size);
    differences v = room_for(c, m);
    EACH (y, i) {
        place_of(y, i, place);
        const int64_t p = point_of(a, y, place, place[ndim - 2]), q = point_of(b, y, place, place[ndim - 1]);
        RANGE (k, m) set(v, k, a, p + k, b, q + k, 0);
        AT(y, i) = length_of(v, REAL("p"));
    }
}

REFERENCE(pdist)
{
    fx_ref_tensor *x = TENSOR("x");
    const int64_t n = x->size[0], m = x->size[1], pairs = n * (n - 1) / 2;
    fx_ref_tensor *y = OUT(0, 1, &pairs);
    differences v = room_for(c, m);
    int64_t pair = 0;
    RANGE (i, n)
        for (int64_t j = i + 1; j < n; j++) {
            RANGE (k, m) set(v, k, x, i * m + k, x, j * m + k, 0);
            AT(y, pair++) = length_of(v, REAL("p"));
        }
}

/* The distance of the row-th vectors of a and b, one of which has the other's sizes; of those to decide by.
 */
static quad distance_at(fx_ref_call *c, const fx_ref_tensor *a, const fx_ref_tensor *b, int64_t row,
                        bool base)
{
    const fx_ref_tensor *wide = a->ndim < b->ndim ? b : a;
    const int64_t n = wide->ndim ? wide->size[wide->ndim - 1] : 1;
    differences v = room_for(c, n);
    RANGE (k, n) set(v, k, a, spread(wide, row * n + k, a), b, spread(wide, row * n + k, b), REAL("eps"));
    if (base) v.d = v.b;
    return length_of(v, REAL("p"));
}

REFERENCE(pairwise_distance)
{
    fx_ref_tensor *a = TENSOR("x1"), *b = TENSOR("x2");
    fx_ref_tensor *y = OUT_REDUCED(0, a->ndim < b->ndim ? b : a, one_dim(-1), BOOL("keepdim"));
    EACH (y, i) AT(y, i) = distance_at(c, a, b, i, false);
}

REFERENCE(renorm)
{
    const quad p = REAL("p"), most = REAL("maxnorm");
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    fx_dims others = { .given = true };
    RANGE (d, x->ndim)
        if (d != dim_of(x, INT("dim"))) others.at[others.count++] = d;
    fx_ref_lanes l = lanes_of(x, others);
    differences v = room_for(c, l.length), base = v;
    base.d = base.b;
    EACH_LANE (l, o) {
        EACH_OF_LANE (l, k) {
            v.d[k] = AT(x, lane_at(&l, o, k));
            v.b[k] = BASE(x, lane_at(&l, o, k));
        }
        const quad by = length_of(base, p) > most ? most / (length_of(v, p) + 1e-7) : 1;
        EACH_OF_LANE (l, k) AT(y, lane_at(&l, o, k)) = AT(x, lane_at(&l, o, k)) * by;
    }
}

/* ---- angles ---- */

REFERENCE(cosine_similarity)
{
    fx_ref_tensor *a = TENSOR("x1"), *b = TENSOR("x2");
    int64_t size[FX_MAX_DIMS];
    const int ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
    for (int d = 1; d <= ndim; d++) {
        const int64_t p = d <= a->ndim ? a->size[a->ndim - d] : 1,
                      q = d <= b->ndim ? b->size[b->ndim - d] : 1;
        size[ndim - d] = p == 1 ? q : p;
    }
    fx_ref_tensor *both = WORK(ndim, size), *y = OUT_REDUCED(0, both, one_dim(INT("dim")), false);
    fx_ref_lanes l = lanes_of(both, one_dim(INT("dim")));
    differences u = room_for(c, l.length), v = room_for(c, l.length), base_u = u, base_v = v;
    base_u.d = u.b, base_v.d = v.b;
    EACH_LANE (l, o) {
        quad sum = 0;
        EACH_OF_LANE (l, k) {
            const int64_t i = spread(both, lane_at(&l, o, k), a), j = spread(both, lane_at(&l, o, k), b);
            u.d[k] = AT(a, i), u.b[k] = BASE(a, i);
            v.d[k] = AT(b, j), v.b[k] = BASE(b, j);
            sum += u.d[k] * v.d[k];
        }
        AT(y, o) = sum / (length_of(base_u, 2) < REAL("eps") ? REAL("eps") : length_of(u, 2)) /
                   (length_of(base_v, 2) < REAL("eps") ? REAL("eps") : length_of(v, 2));
    }
}

/* ---- losses ---- */

static quad cosine(int64_t n, const quad *u, const quad *v)
{
    quad product = 0, one = 1e-12, two = 1e-12;
    RANGE (k, n) {
        product += u[k] * v[k];
        one += u[k] * u[k];
        two += v[k] * v[k];
    }
    return product / sqrtq(one * two);
}

REFERENCE(cosine_embedding_loss)
{
    fx_ref_tensor *a = TENSOR("x1"), *b = TENSOR("x2"), *t = TENSOR("target"), *work = WORK_LIKE(t);
    const int64_t n = a->size[a->ndim - 1];
    EACH (work, i) {
        const quad now = cosine(n, a->at + i * n, b->at + i * n);
        const quad base = cosine(n, &BASE(a, i * n), &BASE(b, i * n));
        if (BASE(t, i) == 1) AT(work, i) = 1 - now;
        if (BASE(t, i) == -1 && base > REAL("margin")) AT(work, i) = now - REAL("margin");
    }
    OUT_REDUCTION(work);
}

REFERENCE(triplet_margin_loss)
{
    fx_ref_tensor *a = TENSOR("anchor"), *near = TENSOR("positive"), *far = TENSOR("negative");
    fx_ref_tensor *work = WORK(a->ndim ? a->ndim - 1 : 0, a->size);
    EACH (work, i) {
        const bool swaps =
            BOOL("swap") && distance_at(c, near, far, i, true) < distance_at(c, a, far, i, true);
        const fx_ref_tensor *from = swaps ? near : a;
        quad loss[2];
        RANGE (base, 2)
            loss[base] =
                distance_at(c, a, near, i, base) - distance_at(c, from, far, i, base) + REAL("margin");
        if (loss[1] >= 0) AT(work, i) = loss[0];
    }
    OUT_REDUCTION(work);
}

/* The length of a row of differences, plus 1e-6 each. */
static quad plain_distance(const fx_ref_tensor *a, const fx_ref_tensor *b, int64_t row, bool base)
{
    const int64_t n = a->size[a->ndim - 1];
    quad sum = 0;
    RANGE (k, n) {
        const quad d =
            base ? BASE(a, row * n + k) - BASE(b, row * n + k) : AT(a, row * n + k) - AT(b, row * n + k);
        sum += (d + (quad)1e-6) * (d + (quad)1e-6);
    }
    return sqrtq(sum);
}

REFERENCE(triplet_margin_with_distance_loss)
{
    const fx_ref_tensor *a = TENSOR("anchor"), *near = TENSOR("positive"), *far = TENSOR("negative");
    fx_ref_tensor *work = WORK(a->ndim ? a->ndim - 1 : 0, a->size);
    EACH (work, i) {
        const bool swaps =
            BOOL("swap") && plain_distance(near, far, i, true) < plain_distance(a, far, i, true);
        quad loss[2];
        RANGE (base, 2)
            loss[base] = plain_distance(a, near, i, base) - plain_distance(swaps ? near : a, far, i, base) +
                         REAL("margin");
        if (loss[1] >= 0) AT(work, i) = loss[0];
    }
    OUT_REDUCTION(work);
}

REFERENCES(distance, ROW(triplet_margin_with_distance_loss), ROW(dist), ROW(cdist), ROW(pdist),
           ROW(pairwise_distance), ROW(renorm), ROW(cosine_similarity), ROW(cosine_embedding_loss),
           ROW(triplet_margin_loss))
