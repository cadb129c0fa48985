/* Functions of matrices and decompositions, by the plainest algorithms that are stable: Taylor series,
 * Jacobi's rotations, Householder's reflections. */
#include "reference.h"
#include <stdlib.h>
#include <string.h>

/* ---- matrices in quads, row-major ---- */

/* Matrix number k of x. */
static const quad *matrix_at(const fx_ref_tensor *x, int64_t k)
{
    return x->at + k * x->size[x->ndim - 2] * x->size[x->ndim - 1];
}
static int64_t rows_of(const fx_ref_tensor *x) { return x->size[x->ndim - 2]; }
static int64_t matrices_in(const fx_ref_tensor *x)
{
    int64_t n = 1;
    for (int d = 0; d < x->ndim - 2; d++) n *= x->size[d];
    return n;
}

/* y (m, n) = a (m, k) b (k, n). */
static void times(const quad *a, const quad *b, quad *y, int64_t m, int64_t k, int64_t n)
{
    RANGE (i, m)
        RANGE (j, n) {
            quad sum = 0;
            RANGE (l, k) sum += a[i * k + l] * b[l * n + j];
            y[i * n + j] = sum;
        }
}

/* ---- exponential ---- */

static void exponential(fx_ref_call *c, const quad *a, quad *y, int64_t n)
{
    quad *x = NUMBERS(n * n), *term = NUMBERS(n * n), *next = NUMBERS(n * n), norm = 0;
    int halvings = 0;
    RANGE (i, n * n) norm += fabsq(a[i]);
    if (!finiteq(norm)) {
        RANGE (i, n * n) y[i] = n == 1 ? expq(a[i]) : norm - norm + (quad)NAN;
        return;
    }
    for (; norm > (quad)0.25; norm /= 2) halvings++;
    RANGE (i, n * n) x[i] = ldexpq(a[i], -halvings), y[i] = term[i] = i % (n + 1) == 0;
    for (int k = 1; k < 40; k++) {
        times(term, x, next, n, n, n);
        RANGE (i, n * n) y[i] += term[i] = next[i] / k;
    }
    for (; halvings; halvings--) {
        times(y, y, next, n, n, n);
        RANGE (i, n * n) y[i] = next[i];
    }
}

REFERENCE(matrix_exp)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *y = OUT_LIKE(0, x);
    const int64_t n = rows_of(x);
    RANGE (k, matrices_in(x)) exponential(c, matrix_at(x, k), y->at + k * n * n, n);
}

/* ---- orthogonal decompositions of one matrix ---- */

static void turn(quad *x, quad *y, int64_t n, int64_t step, quad c, quad s)
{
    RANGE (i, n) {
        const quad a = x[i * step], b = y[i * step];
        x[i * step] = c * a - s * b;
        y[i * step] = s * a + c * b;
    }
}

static void swap(quad *x, quad *y, int64_t n, int64_t step)
{
    RANGE (i, n) {
        const quad a = x[i * step];
        x[i * step] = y[i * step], y[i * step] = a;
    }
}

/* Cosine and sine of the rotation after which a pair of squares a, b with the product c has none. */
static void rotation(quad a, quad b, quad c, quad *cosine, quad *sine)
{
    const quad zeta = (b - a) / (2 * c);
    const quad t = (zeta < 0 ? -1 : 1) / (fabsq(zeta) + sqrtq(1 + zeta * zeta));
    *cosine = 1 / sqrtq(1 + t * t);
    *sine = *cosine * t;
}

enum { SWEEPS = 60 };
static const quad nothing = 1e-68; /* of products of two numbers of 1 */

/* Eigenvalues w, ascending, and eigenvectors, the columns of v, of the symmetric part of x, by rotations. */
static void eigen(fx_ref_call *c, const quad *x, quad *w, quad *v, int64_t n)
{
    quad *a = NUMBERS(n * n);
    RANGE (i, n)
        RANGE (j, n) a[i * n + j] = (x[i * n + j] + x[j * n + i]) / 2, v[i * n + j] = i == j;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        RANGE (p, n)
            for (int64_t q = p + 1; q < n; q++) {
                const quad off = a[p * n + q];
                quad cosine, sine;
                if (off == 0) continue;
                rotation(a[p * n + p], a[q * n + q], off, &cosine, &sine);
                turn(a + p, a + q, n, n, cosine, sine);
                turn(a + p * n, a + q * n, n, 1, cosine, sine);
                turn(v + p, v + q, n, n, cosine, sine);
                a[p * n + q] = a[q * n + p] = 0;
            }
    }
    RANGE (i, n) w[i] = a[i * n + i];
    RANGE (i, n)
        for (int64_t j = i + 1; j < n; j++)
            if (w[j] < w[i]) swap(w + i, w + j, 1, 1), swap(v + i, v + j, n, n);
}

/* x (m, n) = u (m, k) diag(s) v (n, k)^T, s descending, by rotations of the columns of x, or of its rows. */
static void singular(const quad *x, quad *u, quad *s, quad *v, int64_t m, int64_t n)
{
    const bool tall = m >= n;
    const int64_t rows = tall ? m : n, k = tall ? n : m;
    quad *left = tall ? u : v, *right = tall ? v : u;
    RANGE (i, rows)
        RANGE (j, k) left[i * k + j] = tall ? x[i * n + j] : x[j * n + i];
    RANGE (i, k * k) right[i] = i % (k + 1) == 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        RANGE (p, k)
            for (int64_t q = p + 1; q < k; q++) {
                quad a = 0, b = 0, both = 0, cosine, sine;
                RANGE (i, rows) {
                    const quad l = left[i * k + p], r = left[i * k + q];
                    a += l * l, b += r * r, both += l * r;
                }
                if (both * both <= nothing * a * b) continue;
                rotation(a, b, both, &cosine, &sine);
                turn(left + p, left + q, rows, k, cosine, sine);
                turn(right + p, right + q, k, k, cosine, sine);
            }
    RANGE (j, k) {
        quad sum = 0;
        RANGE (i, rows) sum += left[i * k + j] * left[i * k + j];
        s[j] = sqrtq(sum);
        if (s[j] > 0)
            RANGE (i, rows) left[i * k + j] /= s[j];
    }
    RANGE (i, k)
        for (int64_t j = i + 1; j < k; j++)
            if (s[j] > s[i]) swap(s + i, s + j, 1, 1), swap(u + i, u + j, m, k), swap(v + i, v + j, n, k);
}

/* The sign of column j of a (rows, columns) that the library gave it. */
static quad sign_of(const quad *a, const quad *given, int64_t rows, int64_t columns, int64_t step, int64_t j)
{
    quad dot = 0;
    RANGE (i, rows) dot += a[i * columns + j] * given[i * step + j];
    return dot < 0 ? -1 : 1;
}

static void scale_column(quad *a, quad by, int64_t rows, int64_t columns, int64_t j)
{
    RANGE (i, rows) a[i * columns + j] *= by;
}

/* Reflections as LAPACK makes them: a (m, n) becomes R and, below it, the vectors, tau their factors. */
static void reflections(quad *a, quad *tau, int64_t m, int64_t n)
{
    for (int64_t k = 0; k < m && k < n; k++) {
        quad below = 0;
        for (int64_t i = k + 1; i < m; i++) below += a[i * n + k] * a[i * n + k];
        const quad alpha = a[k * n + k];
        tau[k] = 0;
        if (k == m - 1) continue;
        const quad norm = sqrtq(alpha * alpha + below), beta = alpha < 0 ? norm : -norm;
        if (below == 0) continue;
        tau[k] = (beta - alpha) / beta;
        for (int64_t i = k + 1; i < m; i++) a[i * n + k] /= alpha - beta;
        a[k * n + k] = beta;
        for (int64_t j = k + 1; j < n; j++) {
            quad dot = a[k * n + j];
            for (int64_t i = k + 1; i < m; i++) dot += a[i * n + k] * a[i * n + j];
            a[k * n + j] -= tau[k] * dot;
            for (int64_t i = k + 1; i < m; i++) a[i * n + j] -= tau[k] * dot * a[i * n + k];
        }
    }
}

/* y (m, p) := H_k y, the reflection in column k of a (m, n). */
static void reflect(const quad *a, quad tau, quad *y, int64_t k, int64_t m, int64_t n, int64_t p)
{
    RANGE (j, p) {
        quad dot = y[k * p + j];
        for (int64_t i = k + 1; i < m; i++) dot += a[i * n + k] * y[i * p + j];
        y[k * p + j] -= tau * dot;
        for (int64_t i = k + 1; i < m; i++) y[i * p + j] -= tau * dot * a[i * n + k];
    }
}

/* ---- functions ---- */

/* Output number, of the stack of x and then `count` sizes. */
static fx_ref_tensor *out_of(fx_ref_call *c, int number, const fx_ref_tensor *x, int count, int64_t first,
                             int64_t second)
{
    int64_t size[FX_MAX_DIMS];
    RANGE (d, x->ndim - 2) size[d] = x->size[d];
    if (count > 0) size[x->ndim - 2] = first;
    if (count > 1) size[x->ndim - 1] = second;
    return OUT(number, x->ndim - 2 + count, size);
}

static int64_t columns_of(const fx_ref_tensor *x) { return x->size[x->ndim - 1]; }
static int64_t least_of(const fx_ref_tensor *x)
{
    return rows_of(x) < columns_of(x) ? rows_of(x) : columns_of(x);
}

static void qr_of(fx_ref_call *c, const fx_ref_tensor *x, bool complete)
{
    const int64_t m = rows_of(x), n = columns_of(x), k = complete ? m : least_of(x);
    fx_ref_tensor *q = out_of(c, 0, x, 2, m, k), *r = out_of(c, 1, x, 2, k, n);
    quad *a = NUMBERS(m * n), *tau = NUMBERS(m + n);
    RANGE (matrix, matrices_in(x)) {
        quad *of_q = q->at + matrix * m * k;
        RANGE (i, m * n) a[i] = matrix_at(x, matrix)[i];
        reflections(a, tau, m, n);
        RANGE (i, k)
            for (int64_t j = i; j < n; j++) r->at[(matrix * k + i) * n + j] = a[i * n + j];
        RANGE (i, m * k) of_q[i] = i / k == i % k;
        for (int64_t l = least_of(x); l-- > 0;) reflect(a, tau[l], of_q, l, m, n, k);
    }
}
REFERENCE(linalg_qr) { qr_of(c, TENSOR("A"), CHOICE_IS("mode", "complete")); }
REFERENCE(qr) { qr_of(c, TENSOR("x"), !BOOL("some")); }

REFERENCE(geqrf)
{
    const fx_ref_tensor *x = TENSOR("x");
    const int64_t m = rows_of(x), n = columns_of(x), k = least_of(x);
    fx_ref_tensor *y = OUT_LIKE(0, x), *tau = out_of(c, 1, x, 1, k, 0);
    EACH (x, i) AT(y, i) = AT(x, i);
    RANGE (matrix, matrices_in(x)) reflections(y->at + matrix * m * n, tau->at + matrix * k, m, n);
}

REFERENCE(linalg_householder_product)
{
    const fx_ref_tensor *x = TENSOR("A"), *tau = TENSOR("tau");
    const int64_t m = rows_of(x), n = columns_of(x), k = tau->size[tau->ndim - 1];
    fx_ref_tensor *y = OUT_LIKE(0, x);
    RANGE (matrix, matrices_in(x)) {
        quad *of_y = y->at + matrix * m * n;
        RANGE (i, m * n) of_y[i] = i / n == i % n;
        for (int64_t l = k; l-- > 0;)
            reflect(matrix_at(x, matrix), tau->at[matrix * k + l], of_y, l, m, n, n);
    }
}

REFERENCE(ormqr)
{
    const fx_ref_tensor *x = TENSOR("x"), *tau = TENSOR("tau"), *other = TENSOR("other");
    const bool left = BOOL("left"), forward = BOOL("transpose") == left;
    const int64_t m = rows_of(x), n = columns_of(x), k = tau->size[tau->ndim - 1];
    const int64_t p = left ? columns_of(other) : rows_of(other);
    fx_ref_tensor *y = OUT_LIKE(0, other);
    quad *z = NUMBERS(m * p);
    RANGE (matrix, matrices_in(x)) {
        const quad *from = matrix_at(other, matrix);
        RANGE (i, m)
            RANGE (j, p) z[i * p + j] = left ? from[i * p + j] : from[j * m + i];
        RANGE (step, k) {
            const int64_t l = forward ? step : k - 1 - step;
            reflect(matrix_at(x, matrix), tau->at[matrix * k + l], z, l, m, n, p);
        }
        RANGE (i, m)
            RANGE (j, p) y->at[matrix * m * p + (left ? i * p + j : j * m + i)] = z[i * p + j];
    }
}

static void eigh_of(fx_ref_call *c, const fx_ref_tensor *x, bool vectors, bool given)
{
    const int64_t n = rows_of(x);
    fx_ref_tensor *w = out_of(c, 0, x, 1, n, 0), *v = vectors ? out_of(c, 1, x, 2, n, n) : WORK_LIKE(x);
    RANGE (matrix, matrices_in(x)) {
        quad *of_v = v->at + matrix * n * n;
        eigen(c, matrix_at(x, matrix), w->at + matrix * n, of_v, n);
        if (vectors && given)
            RANGE (j, n)
                scale_column(of_v, sign_of(of_v, GIVEN(1)->at + matrix * n * n, n, n, n, j), n, n, j);
    }
}
REFERENCE(linalg_eigh) { eigh_of(c, TENSOR("A"), true, true); }
REFERENCE(linalg_eigvalsh) { eigh_of(c, TENSOR("A"), false, false); }
REFERENCE(symeig)
{
    eigh_of(c, TENSOR("x"), BOOL("eigenvectors"), BOOL("eigenvectors"));
    if (!BOOL("eigenvectors")) (void)OUT(1, 1, (const int64_t[]){ 0 });
}

/* full: of square matrices, or of matrices without numbers. transposed: V, not V^T. */
static void svd_of(fx_ref_call *c, const fx_ref_tensor *x, bool full, bool transposed)
{
    const int64_t m = rows_of(x), n = columns_of(x), k = least_of(x), mu = full ? m : k, nv = full ? n : k;
    fx_ref_tensor *of_u = out_of(c, 0, x, 2, m, mu), *of_s = out_of(c, 1, x, 1, k, 0),
                  *of_v = transposed ? out_of(c, 2, x, 2, n, nv) : out_of(c, 2, x, 2, nv, n);
    quad *u = NUMBERS(m * k), *s = NUMBERS(k), *v = NUMBERS(n * k);
    if (x->numel == 0) {
        if (m)
            EACH (of_u, i) AT(of_u, i) = i % (m * mu) % (mu + 1) == 0;
        if (n)
            EACH (of_v, i) AT(of_v, i) = i % (n * nv) % (n + 1) == 0;
        return;
    }
    RANGE (matrix, matrices_in(x)) {
        singular(matrix_at(x, matrix), u, s, v, m, n);
        RANGE (j, k) {
            const quad by = sign_of(u, GIVEN(0)->at + matrix * m * mu, m, k, mu, j);
            scale_column(u, by, m, k, j);
            scale_column(v, by, n, k, j);
            of_s->at[matrix * k + j] = s[j];
            RANGE (i, m) of_u->at[(matrix * m + i) * mu + j] = u[i * k + j];
            RANGE (i, n) of_v->at[matrix * n * nv + (transposed ? i * nv + j : j * n + i)] = v[i * k + j];
        }
    }
}
REFERENCE(linalg_svd) { svd_of(c, TENSOR("A"), BOOL("full_matrices"), false); }

/* The singular values of the stack of x, (matrices, least). */
static quad *values_of(fx_ref_call *c, const fx_ref_tensor *x)
{
    const int64_t m = rows_of(x), n = columns_of(x), k = least_of(x);
    quad *u = NUMBERS(m * k), *s = NUMBERS(k * matrices_in(x)), *v = NUMBERS(n * k);
    RANGE (matrix, matrices_in(x))
        if (k) singular(matrix_at(x, matrix), u, s + matrix * k, v, m, n);
    return s;
}
REFERENCE(linalg_svdvals)
{
    const fx_ref_tensor *x = TENSOR("A");
    fx_ref_tensor *y = out_of(c, 0, x, 1, least_of(x), 0);
    const quad *s = values_of(c, x);
    EACH (y, i) AT(y, i) = s[i];
}
REFERENCE(svd)
{
    const fx_ref_tensor *x = TENSOR("x");
    if (BOOL("compute_uv")) {
        svd_of(c, x, !BOOL("some"), true);
        return;
    }
    (void)out_of(c, 0, x, 2, rows_of(x), rows_of(x));
    fx_ref_tensor *s = out_of(c, 1, x, 1, least_of(x), 0);
    (void)out_of(c, 2, x, 2, columns_of(x), columns_of(x));
    const quad *values = values_of(c, x);
    EACH (s, i) AT(s, i) = values[i];
}

/* ---- pseudo-inverse ---- */

/* The tolerance of matrix k: a number, or one of each; negative: not given. */
static quad tolerance(fx_ref_call *c, const char *name, int64_t k)
{
    const fx_ref_tensor *t = TENSOR(name);
    return !t ? -1 : t->numel == 1 ? AT(t, 0) : AT(t, k);
}

/* Above what singular values count. */
static quad threshold(fx_ref_call *c, const fx_ref_tensor *x, int64_t k, quad largest)
{
    const int64_t most = rows_of(x) > columns_of(x) ? rows_of(x) : columns_of(x);
    const quad usual = (quad)most * (x->dtype == FX_F32 ? (quad)0x1p-23 : (quad)0x1p-52);
    const quad atol = tolerance(c, "atol", k), rtol = tolerance(c, "rtol", k);
    const quad relative = largest * (rtol >= 0 ? rtol : atol > 0 ? 0 : usual);
    return relative > atol ? relative : atol;
}

/* y (n, m), of the singular values of x above the limit that `limit` makes of the largest. */
static void pseudo_inverse(fx_ref_call *c, const quad *x, quad *y, int64_t m, int64_t n, quad relative,
                           quad absolute)
{
    const int64_t k = m < n ? m : n;
    quad *u = NUMBERS(m * k), *s = NUMBERS(k), *v = NUMBERS(n * k);
    singular(x, u, s, v, m, n);
    RANGE (i, n * m) y[i] = 0;
    RANGE (l, k)
        if (s[l] > relative * s[0] && s[l] > absolute)
            RANGE (i, n)
                RANGE (j, m) y[i * m + j] += v[i * k + l] * u[j * k + l] / s[l];
}

REFERENCE(linalg_pinv)
{
    const fx_ref_tensor *x = TENSOR("A");
    const int64_t m = rows_of(x), n = columns_of(x), k = least_of(x);
    fx_ref_tensor *y = out_of(c, 0, x, 2, n, m);
    const quad *s = values_of(c, x);
    RANGE (matrix, matrices_in(x))
        if (k)
            pseudo_inverse(c, matrix_at(x, matrix), y->at + matrix * n * m, m, n, 0,
                           threshold(c, x, matrix, s[matrix * k]));
}
REFERENCE(pinverse)
{
    const fx_ref_tensor *x = TENSOR("x");
    const int64_t m = rows_of(x), n = columns_of(x);
    fx_ref_tensor *y = out_of(c, 0, x, 2, n, m);
    RANGE (matrix, matrices_in(x))
        if (m && n) pseudo_inverse(c, matrix_at(x, matrix), y->at + matrix * n * m, m, n, REAL("rcond"), 0);
}
REFERENCE(linalg_matrix_rank)
{
    const fx_ref_tensor *x = TENSOR("A");
    fx_ref_tensor *y = out_of(c, 0, x, 0, 0, 0);
    const int64_t k = least_of(x);
    const quad *s = values_of(c, x);
    y->dtype = FX_I64;
    EACH (y, matrix)
        RANGE (l, k) AT(y, matrix) += s[matrix * k + l] > threshold(c, x, matrix, s[matrix * k]);
}

/* ---- least squares ---- */

REFERENCE(linalg_lstsq)
{
    const fx_ref_tensor *a = TENSOR("A"), *b = TENSOR("B");
    const int64_t m = rows_of(a), n = columns_of(a), k = least_of(a);
    const bool vector = b->ndim == a->ndim - 1, gels = CHOICE_IS("driver", "gels"),
               gelsy = CHOICE_IS("driver", "gelsy");
    const int64_t p = vector ? 1 : columns_of(b);
    fx_ref_tensor *x = vector ? out_of(c, 0, a, 1, n, 0) : out_of(c, 0, a, 2, n, p);
    const int64_t none[] = { 0 };
    fx_ref_tensor *rest = m > n && !gelsy ? out_of(c, 1, a, 1, p, 0) : OUT(1, 1, none);
    fx_ref_tensor *rank = gels ? OUT(2, 1, none) : out_of(c, 2, a, 0, 0, 0);
    fx_ref_tensor *values = gels || gelsy ? OUT(3, 1, none) : out_of(c, 3, a, 1, k, 0);
    quad *inverse = NUMBERS(n * m), *reached = NUMBERS(m * p);
    const quad *s = values_of(c, a);
    rank->dtype = FX_I64;
    EACH (rank, i) AT(rank, i) = k; /* samples have full rank */
    EACH (values, i) AT(values, i) = s[i];
    RANGE (matrix, matrices_in(a)) {
        const quad *of_b = b->at + matrix * m * p;
        quad *of_x = x->at + matrix * n * p;
        if (k) pseudo_inverse(c, matrix_at(a, matrix), inverse, m, n, 0, 0);
        times(inverse, of_b, of_x, n, m, p);
        times(matrix_at(a, matrix), of_x, reached, m, n, p);
        if (rest->numel)
            RANGE (i, m * p) rest->at[matrix * p + i % p] += (reached[i] - of_b[i]) * (reached[i] - of_b[i]);
    }
}

/* ---- norms ---- */

static bool is_word(const char *a, const char *b) { return a && !strcmp(a, b); }

/* The sign of a number that differences move but a little. */
static quad with_sign(quad x, quad base) { return base < 0 ? -x : base > 0 ? x : 0; }

/* The norm of order `word` of a (m, n); base: the numbers to decide signs by. */
static quad matrix_norm(fx_ref_call *c, const quad *a, const quad *base, int64_t m, int64_t n,
                        const char *word)
{
    const int64_t k = m < n ? m : n;
    quad y = 0, *s = NUMBERS(k);
    if (!word || is_word(word, "fro")) {
        bool zero = true;
        RANGE (i, m * n) y += a[i] * a[i], zero = zero && base[i] == 0;
        return zero ? 0 : sqrtq(y);
    }
    if (is_word(word, "nuc") || is_word(word, "2") || is_word(word, "-2")) {
        if (k) singular(a, NUMBERS(m * k), s, NUMBERS(n * k), m, n);
        RANGE (i, k) y += is_word(word, "nuc") ? s[i] : 0;
        return is_word(word, "nuc") || !k ? y : s[*word == '-' ? k - 1 : 0];
    }
    const bool by_columns = is_word(word, "1") || is_word(word, "-1");
    RANGE (i, by_columns ? n : m) {
        quad sum = 0;
        RANGE (j, by_columns ? m : n) {
            const int64_t at = by_columns ? j * n + i : i * n + j;
            sum += with_sign(a[at], base[at]);
        }
        if (i == 0 || (*word == '-' ? sum < y : sum > y)) y = sum;
    }
    return y;
}

static void norm_of_matrices(fx_ref_call *c, const fx_ref_tensor *x, const char *word, fx_dims dims,
                             bool keepdim)
{
    fx_ref_tensor *y = OUT_REDUCED(0, x, dims, keepdim);
    const int row = dim_of(x, dims.at[0]), column = dim_of(x, dims.at[1]);
    const int64_t m = x->size[row], n = x->size[column];
    const fx_ref_lanes l = lanes_of(x, dims);
    quad *a = NUMBERS(m * n), *base = NUMBERS(m * n);
    EACH_LANE (l, o) {
        EACH_OF_LANE (l, at) {
            /* a lane runs over the lower dim first */
            const int64_t to = row < column ? at : at % m * n + at / m, from = lane_at(&l, o, at);
            a[to] = AT(x, from), base[to] = BASE(x, from);
        }
        AT(y, o) = matrix_norm(c, a, base, m, n, word);
    }
}

REFERENCE(linalg_matrix_norm)
{
    const fx_dims last = { true, 2, { -2, -1 } };
    norm_of_matrices(c, TENSOR("A"), TEXT("ord"), DIMS("dims").given ? DIMS("dims") : last, BOOL("keepdim"));
}

REFERENCE(linalg_norm)
{
    const fx_ref_tensor *x = TENSOR("A");
    const char *word = TEXT("ord");
    const fx_dims dims = DIMS("dims"), both = { true, 2, { 0, 1 } };
    if (word && (dims.given ? dims.count == 2 : x->ndim == 2)) {
        norm_of_matrices(c, x, word, dims.given ? dims : both, BOOL("keepdim"));
        return;
    }
    fx_ref_tensor *y = OUT_REDUCED(0, x, dims, BOOL("keepdim"));
    const fx_ref_lanes l = lanes_of(x, dims);
    const quad p = word ? (quad)strtod(word, NULL) : 2;
    EACH_LANE (l, o) {
        quad sum = 0, most = 0;
        bool zero = true;
        EACH_OF_LANE (l, i) {
            const int64_t at = lane_at(&l, o, i);
            const quad size = with_sign(AT(x, at), BASE(x, at));
            if (BASE(x, at) != 0) zero = false;
            sum += p == 0 ? BASE(x, at) != 0 : p == 2 ? size * size : size == 0 ? 0 : powq(size, p);
            if (size > most) most = size;
        }
        AT(y, o) = zero ? 0 : p == 0 ? sum : isinfq(p) ? most : p == 2 ? sqrtq(sum) : powq(sum, 1 / p);
    }
}

REFERENCE(linalg_cond)
{
    const fx_ref_tensor *x = TENSOR("A");
    const int64_t k = least_of(x);
    const char *p = TEXT("p");
    fx_ref_tensor *y = out_of(c, 0, x, 0, 0, 0);
    const quad *s = values_of(c, x);
    const bool by_values = !p || is_word(p, "2") || is_word(p, "-2");
    const int64_t n = k * k; /* of square matrices, else */
    quad *inverse = NUMBERS(by_values ? 0 : n);
    EACH (y, i) {
        const quad *a = matrix_at(x, i), largest = k ? s[i * k] : 0, least = k ? s[i * k + k - 1] : 0;
        if (k == 0) continue;
        AT(y, i) = is_word(p, "-2") ? least / largest : largest / least;
        if (by_values) continue;
        if (least <= largest * (quad)1e-30) {
            AT(y, i) = HUGE_VALQ;
            continue;
        }
        pseudo_inverse(c, a, inverse, k, k, 0, 0);
        AT(y, i) = matrix_norm(c, a, x->base + i * n, k, k, p) * matrix_norm(c, inverse, inverse, k, k, p);
    }
}

REFERENCES(linalg_spectral, ROW(matrix_exp), ROW(linalg_qr), ROW(qr), ROW(geqrf),
           ROW(linalg_householder_product), ROW(ormqr), ROW(linalg_eigh), ROW(linalg_eigvalsh), ROW(symeig),
           ROW(linalg_svd), ROW(linalg_svdvals), ROW(svd), ROW(linalg_pinv), ROW(pinverse),
           ROW(linalg_matrix_rank), ROW(linalg_lstsq), ROW(linalg_matrix_norm), ROW(linalg_norm),
           ROW(linalg_cond))
