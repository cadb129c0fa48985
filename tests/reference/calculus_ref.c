/* References of differences, integrals, covariances and cross products. */
#include "reference.h"

/* ---- along a dimension ---- */

/* The k-th number along dim of what diff joins, at place. */
static quad joined_at(fx_ref_call *c, int dim, int64_t k, const int64_t place[])
{
    const char *const names[] = { "prepend", "x", "append" };
    int64_t there[FX_MAX_DIMS];
    for (int i = 0; i < 3; i++) {
        const fx_ref_tensor *x = TENSOR(names[i]);
        if (!x) continue;
        if (k >= x->size[dim]) {
            k -= x->size[dim];
            continue;
        }
        RANGE (d, x->ndim) there[d] = d == dim ? k : place[d];
        return AT(x, index_of(x, there));
    }
    STOP("there is no such number");
}

/* The sum of (-1)^(n - k) C(n, k) x[i + k]. */
REFERENCE(diff)
{
    fx_ref_tensor *x = TENSOR("x"), *before = TENSOR("prepend"), *after = TENSOR("append");
    const int dim = dim_of(x, INT("dim"));
    const int64_t n = INT("n");
    int64_t size[FX_MAX_DIMS], place[FX_MAX_DIMS];
    RANGE (d, x->ndim) size[d] = x->size[d];
    if (n) size[dim] += (before ? before->size[dim] : 0) + (after ? after->size[dim] : 0) - n;
    if (size[dim] < 0) size[dim] = 0;
    fx_ref_tensor *y = OUT(0, x->ndim, size);
    EACH (y, i) {
        quad choose = n % 2 ? -1 : 1;
        place_of(y, i, place);
        if (n == 0) AT(y, i) = AT(x, i);
        RANGE (k, n ? n + 1 : 0) {
            AT(y, i) += choose * joined_at(c, dim, place[dim] + k, place);
            choose *= -(quad)(n - k) / (quad)(k + 1);
        }
    }
}

/* The width between the k-th place and the next in lane o along dim of y. */
static quad width(fx_ref_call *c, const fx_ref_tensor *y, const fx_ref_lanes *l, int dim, int64_t o,
                  int64_t k)
{
    const fx_ref_tensor *x = TENSOR("x");
    if (!x) return REAL("dx");
    if (x->ndim == 1 && x->numel == y->size[dim]) return AT(x, k + 1) - AT(x, k);
    return AT(x, spread(y, lane_at(l, o, k + 1), x)) - AT(x, spread(y, lane_at(l, o, k), x));
}

static void areas(fx_ref_call *c, bool cumulative)
{
    fx_ref_tensor *y = TENSOR("y"), *out;
    const int dim = dim_of(y, INT("dim"));
    fx_ref_lanes l = lanes_of(y, one_dim(dim)), to = l;
    if (cumulative) {
        int64_t size[FX_MAX_DIMS];
        RANGE (d, y->ndim) size[d] = y->size[d] - (d == dim && y->size[d] > 0);
        out = OUT(0, y->ndim, size);
        to = lanes_of(out, one_dim(dim));
    } else
        out = OUT_REDUCED(0, y, one_dim(dim), false);
    EACH_LANE (l, o) {
        quad sum = 0;
        RANGE (k, l.length - 1) {
            sum += (AT(y, lane_at(&l, o, k)) + AT(y, lane_at(&l, o, k + 1))) / 2 * width(c, y, &l, dim, o, k);
            if (cumulative) AT(out, lane_at(&to, o, k)) = sum;
        }
        if (!cumulative) AT(out, o) = sum;
    }
}
REFERENCE(trapezoid) { areas(c, false); }
REFERENCE(cumulative_trapezoid) { areas(c, true); }

/* ---- slopes ---- */

/* The slope at t of the polynomial through the n points (at[k], lane's from + k). */
static quad slope(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t o, int64_t from, int n,
                  const quad at[], quad t)
{
    quad sum = 0;
    for (int k = 0; k < n; k++) {
        quad derivative = 0;
        for (int j = 0; j < n; j++) {
            if (j == k) continue;
            quad product = 1 / (at[from + k] - at[from + j]);
            for (int m = 0; m < n; m++)
                if (m != j && m != k) product *= (t - at[from + m]) / (at[from + k] - at[from + m]);
            derivative += product;
        }
        sum += derivative * AT(x, lane_at(l, o, from + k));
    }
    return sum;
}

REFERENCE(gradient_of)
{
    fx_ref_tensor *x = TENSOR("x");
    fx_dims dims = DIMS("dims");
    const int order = (int)INT("edge_order");
    RANGE (which, dims.given ? dims.count : x->ndim) {
        const int dim = dim_of(x, dims.given ? dims.at[which] : which);
        const int64_t n = x->size[dim];
        const fx_ref_tensor *t = COUNT("coordinates") ? TENSOR_OF("coordinates", (int)which) : NULL;
        fx_ref_tensor *y = OUT((int)which, x->ndim, x->size);
        fx_ref_lanes l = lanes_of(x, one_dim(dim));
        quad *at = NUMBERS(n);
        RANGE (k, n) at[k] = t ? BASE(t, k) : (quad)k * REAL("spacing");
        EACH_LANE (l, o)
            EACH_OF_LANE (l, k) {
                const int points = k > 0 && k < n - 1 ? 3 : order + 1;
                const int64_t from = k == 0 ? 0 : k == n - 1 ? n - points : k - 1;
                AT(y, lane_at(&l, o, k)) = slope(x, &l, o, from, points, at, at[k]);
            }
    }
}

/* ---- covariances ---- */

static quad weight_at(const fx_ref_tensor *w, int64_t k) { return w ? AT(w, k) : 1; }

/* Those of x's n rows, into y. */
static void covariances(const fx_ref_tensor *x, const fx_ref_tensor *f, const fx_ref_tensor *a,
                        quad correction, quad *mean, fx_ref_tensor *y)
{
    const int64_t rows = x->ndim == 2 ? x->size[0] : 1, n = x->ndim ? x->size[x->ndim - 1] : 1;
    quad total = 0, squares = 0;
    RANGE (k, n) {
        total += weight_at(f, k) * weight_at(a, k);
        squares += weight_at(f, k) * weight_at(a, k) * weight_at(a, k);
    }
    quad by = total - correction * (a ? squares / total : 1);
    if (by < 0) by = 0;
    RANGE (i, rows)
        RANGE (k, n) mean[i] += weight_at(f, k) * weight_at(a, k) * AT(x, i * n + k) / total;
    RANGE (i, rows)
        RANGE (j, rows) {
            quad sum = 0;
            RANGE (k, n)
                sum += weight_at(f, k) * weight_at(a, k) * (AT(x, i * n + k) - mean[i]) *
                       (AT(x, j * n + k) - mean[j]);
            AT(y, i * rows + j) = sum / by;
        }
}

/* (rows, rows), or one number. */
static fx_ref_tensor *square_of_rows(fx_ref_call *c, const fx_ref_tensor *x, bool is_result)
{
    const int64_t rows = x->ndim == 2 ? x->size[0] : 1, size[2] = { rows, rows };
    return is_result ? OUT(0, rows == 1 ? 0 : 2, size) : WORK(2, size);
}

REFERENCE(cov)
{
    fx_ref_tensor *x = TENSOR("x"), *y = square_of_rows(c, x, true);
    covariances(x, TENSOR("fweights"), TENSOR("aweights"), (quad)INT("correction"), NUMBERS(x->numel + 1), y);
}

REFERENCE(corrcoef)
{
    fx_ref_tensor *x = TENSOR("x"), *y = square_of_rows(c, x, true), *all = square_of_rows(c, x, false);
    const int64_t n = all->size[0];
    covariances(x, NULL, NULL, 1, NUMBERS(x->numel + 1), all);
    RANGE (i, n)
        RANGE (j, n) AT(y, i * n + j) = AT(all, i * n + j) / sqrtq(AT(all, i * n + i) * AT(all, j * n + j));
}

REFERENCE(cross)
{
    fx_ref_tensor *a = TENSOR("x"), *b = TENSOR("other"), *y = OUT_BROADCAST(0, a, b);
    const int dim = dim_of(y, INT("dim"));
    int64_t place[FX_MAX_DIMS];
    EACH (y, i) {
        int64_t at[3];
        place_of(y, i, place);
        const int64_t which = place[dim];
        RANGE (k, 3) {
            place[dim] = (which + k) % 3;
            at[k] = index_of(y, place);
        }
        AT(y, i) = AT(a, spread(y, at[1], a)) * AT(b, spread(y, at[2], b)) -
                   AT(a, spread(y, at[2], a)) * AT(b, spread(y, at[1], b));
    }
}

REFERENCES(calculus, ROW(diff), ROW(trapezoid), ROW(cumulative_trapezoid), ROW(gradient_of), ROW(cov),
           ROW(corrcoef), ROW(cross))
