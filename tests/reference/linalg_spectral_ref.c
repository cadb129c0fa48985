/* Functions of matrices and decompositions, by the plainest algorithms that are stable: Taylor series,
 * Jacobi's rotations, Householder's reflections. */
#include "reference.h"

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

REFERENCES(linalg_spectral, ROW(matrix_exp))
