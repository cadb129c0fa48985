/* References of direct linear algebra: elimination and substitution, as a book has them. */
#include "reference.h"

/* ---- stacks ---- */

/* Sizes of the stack that those of a and b broadcast to. */
static int stack_of(const fx_ref_tensor *a, const fx_ref_tensor *b, int64_t *size)
{
    const int na = a->ndim - 2, nb = b->ndim - 2, n = na > nb ? na : nb;
    RANGE (d, n) {
        const int64_t of_a = d < n - na ? 1 : a->size[d - (n - na)],
                      of_b = d < n - nb ? 1 : b->size[d - (n - nb)];
        size[d] = of_a == 1 ? of_b : of_a;
    }
    return n;
}

static int64_t rows(const fx_ref_tensor *x) { return x->size[x->ndim - 2]; }
static int64_t columns(const fx_ref_tensor *x) { return x->size[x->ndim - 1]; }
/* How many matrices. */
static int64_t depth(const fx_ref_tensor *x)
{
    int64_t n = 1;
    RANGE (d, x->ndim - 2) n *= x->size[d];
    return n;
}

/* Where, among x's matrices, the one is that stands at k of a stack that x's is broadcast to. */
static int64_t matrix_of(const fx_ref_tensor *x, int ndim, const int64_t *size, int64_t k)
{
    int64_t at = 0, step = 1;
    for (int d = ndim, own = x->ndim - 2; d-- > 0; k /= size[d]) {
        if (--own < 0) break;
        at += (x->size[own] == 1 ? 0 : k % size[d]) * step;
        step *= x->size[own];
    }
    return at;
}

/* Number (i, j) of matrix k. */
static int64_t at_of(const fx_ref_tensor *x, int64_t k, int64_t i, int64_t j)
{
    return (k * rows(x) + i) * columns(x) + j;
}

/* ---- triangles ---- */

/* Row-major b (n, m) := A^-1 b or A^-T b of matrix k's triangle. */
static void substitute(const fx_ref_tensor *a, int64_t k, bool upper, bool transposed, bool unit, int64_t m,
                       quad *b)
{
    const int64_t n = rows(a);
    const bool last_first = upper != transposed;
    RANGE (step, n) {
        const int64_t i = last_first ? n - 1 - step : step;
        RANGE (column, m) {
            quad sum = b[i * m + column];
            RANGE (j, n) {
                if (last_first ? j <= i : j >= i) continue;
                sum -= AT(a, transposed ? at_of(a, k, j, i) : at_of(a, k, i, j)) * b[j * m + column];
            }
            b[i * m + column] = unit ? sum : sum / AT(a, at_of(a, k, i, i));
        }
    }
}

static void solve_triangle(fx_ref_call *c, const fx_ref_tensor *a, const fx_ref_tensor *b, bool upper,
                           bool transposed, bool unit, bool left)
{
    int64_t size[FX_MAX_DIMS];
    const int ndim = stack_of(a, b, size);
    const int64_t n = rows(a), m = left ? columns(b) : rows(b);
    size[ndim] = rows(b), size[ndim + 1] = columns(b);
    fx_ref_tensor *y = OUT(0, ndim + 2, size);
    quad *x = NUMBERS(n * m);
    RANGE (k, depth(y)) {
        const int64_t of_a = matrix_of(a, ndim, size, k), of_b = matrix_of(b, ndim, size, k);
        RANGE (i, n)
            RANGE (j, m) x[i * m + j] = AT(b, left ? at_of(b, of_b, i, j) : at_of(b, of_b, j, i));
        substitute(a, of_a, upper, transposed != !left, unit, m, x);
        RANGE (i, n)
            RANGE (j, m) AT(y, left ? at_of(y, k, i, j) : at_of(y, k, j, i)) = x[i * m + j];
    }
}

REFERENCE(linalg_solve_triangular)
{
    solve_triangle(c, TENSOR("A"), TENSOR("B"), BOOL("upper"), false, BOOL("unitriangular"), BOOL("left"));
}
REFERENCE(triangular_solve)
{
    solve_triangle(c, TENSOR("A"), TENSOR("b"), BOOL("upper"), BOOL("transpose"), BOOL("unitriangular"),
                   true);
}

/* ---- Cholesky ---- */

/* Row by row, of (A + A^T) / 2. */
static void cholesky(fx_ref_call *c)
{
    const fx_ref_tensor *a = TENSOR("A");
    fx_ref_tensor *y = OUT_LIKE(0, a);
    const int64_t n = rows(a);
    const bool upper = BOOL("upper");
    quad *l = NUMBERS(n * n);
    RANGE (k, depth(a)) {
        RANGE (i, n)
            RANGE (j, i + 1) {
                quad sum = (AT(a, at_of(a, k, i, j)) + AT(a, at_of(a, k, j, i))) / 2;
                RANGE (p, j) sum -= l[i * n + p] * l[j * n + p];
                l[i * n + j] = i == j ? sqrtq(sum) : sum / l[j * n + j];
            }
        RANGE (i, n)
            RANGE (j, i + 1) AT(y, upper ? at_of(y, k, j, i) : at_of(y, k, i, j)) = l[i * n + j];
    }
}

REFERENCE(linalg_cholesky) { cholesky(c); }
REFERENCE(linalg_cholesky_ex)
{
    cholesky(c);
    OUT(1, TENSOR("A")->ndim - 2, TENSOR("A")->size)->dtype = FX_I32;
}

REFERENCES(linalg_direct, ROW(linalg_cholesky), ROW(linalg_cholesky_ex), ROW(linalg_solve_triangular),
           ROW(triangular_solve))
