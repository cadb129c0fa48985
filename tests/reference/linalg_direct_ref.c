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

/* b := A^-1 b, of A = L L^T or U^T U. */
static void substitute_twice(const fx_ref_tensor *l, int64_t k, bool upper, int64_t m, quad *b)
{
    substitute(l, k, upper, upper, false, m, b);
    substitute(l, k, upper, !upper, false, m, b);
}

REFERENCE(cholesky_solve)
{
    const fx_ref_tensor *b = TENSOR("B"), *l = TENSOR("L");
    int64_t size[FX_MAX_DIMS];
    const int ndim = stack_of(l, b, size);
    const int64_t n = rows(b), m = columns(b);
    size[ndim] = n, size[ndim + 1] = m;
    fx_ref_tensor *y = OUT(0, ndim + 2, size);
    RANGE (k, depth(y)) {
        const int64_t from = matrix_of(b, ndim, size, k) * n * m;
        RANGE (i, n * m) AT(y, k * n * m + i) = AT(b, from + i);
        if (n > 0 && m > 0)
            substitute_twice(l, matrix_of(l, ndim, size, k), BOOL("upper"), m, &AT(y, k * n * m));
    }
}
REFERENCE(cholesky_inverse)
{
    const fx_ref_tensor *l = TENSOR("L");
    fx_ref_tensor *y = OUT_LIKE(0, l);
    const int64_t n = rows(l);
    EACH (y, i) AT(y, i) = i % (n * n) % (n + 1) == 0;
    RANGE (k, n ? depth(y) : 0) substitute_twice(l, k, BOOL("upper"), n, &AT(y, k * n * n));
}

/* ---- systems ---- */

/* The matrix that elimination moves, and the one that says which row is the pivot's. */
typedef struct eliminated {
    int64_t n, m;
    quad *a, *base, *b; /* (n, n), (n, n), (n, m), row-major */
} eliminated;

static void swap(quad *a, int64_t i, int64_t j, int64_t n)
{
    RANGE (k, n) {
        const quad t = a[i * n + k];
        a[i * n + k] = a[j * n + k];
        a[j * n + k] = t;
    }
}

/* b := a^-1 b by Gauss and Jordan; the pivot is the largest of its column, at the base. */
static void eliminate(const eliminated *e)
{
    const int64_t n = e->n, m = e->m;
    RANGE (p, n) {
        int64_t row = p;
        for (int64_t i = p + 1; i < n; i++)
            if (fabsq(e->base[i * n + p]) > fabsq(e->base[row * n + p])) row = i;
        swap(e->a, p, row, n), swap(e->base, p, row, n), swap(e->b, p, row, m);
        RANGE (i, n) {
            if (i == p) continue;
            const quad f = e->a[i * n + p] / e->a[p * n + p], f0 = e->base[i * n + p] / e->base[p * n + p];
            RANGE (k, n) {
                e->a[i * n + k] -= f * e->a[p * n + k];
                e->base[i * n + k] -= f0 * e->base[p * n + k];
            }
            RANGE (k, m) e->b[i * m + k] -= f * e->b[p * m + k];
        }
    }
    RANGE (i, n)
        RANGE (k, m) e->b[i * m + k] /= e->a[i * n + i];
}

static eliminated system_of(fx_ref_call *c, int64_t n, int64_t m)
{
    return (eliminated){ n, m, NUMBERS(n * n), NUMBERS(n * n), NUMBERS(n * m) };
}

/* The n x n numbers from `first` on, transposed if need be. */
static void load(const eliminated *e, const fx_ref_tensor *a, int64_t first, bool transposed)
{
    const int64_t n = e->n;
    RANGE (i, n)
        RANGE (j, n) {
            const int64_t from = first + (transposed ? j * n + i : i * n + j);
            e->a[i * n + j] = AT(a, from);
            e->base[i * n + j] = BASE(a, from);
        }
}

static void solve(fx_ref_call *c)
{
    const fx_ref_tensor *a = TENSOR("A"), *given = TENSOR("B");
    fx_ref_tensor b = *given;
    bool vectors = b.ndim == 1 || b.ndim == a->ndim - 1;
    RANGE (d, b.ndim) vectors = vectors && (b.ndim == 1 || b.size[d] == a->size[d]);
    if (vectors) b.size[b.ndim++] = 1;
    const bool left = BOOL("left");
    int64_t size[FX_MAX_DIMS];
    const int ndim = stack_of(a, &b, size);
    const int64_t n = rows(a), m = left ? columns(&b) : rows(&b);
    size[ndim] = rows(&b), size[ndim + 1] = columns(&b);
    fx_ref_tensor *out = OUT(0, vectors ? ndim + 1 : ndim + 2, size), y = *out;
    if (vectors) y.size[y.ndim++] = 1;
    const eliminated e = system_of(c, n, m);
    RANGE (k, depth(&y)) {
        load(&e, a, at_of(a, matrix_of(a, ndim, size, k), 0, 0), !left);
        const int64_t of_b = matrix_of(&b, ndim, size, k);
        RANGE (i, n)
            RANGE (j, m) e.b[i * m + j] = AT(&b, left ? at_of(&b, of_b, i, j) : at_of(&b, of_b, j, i));
        eliminate(&e);
        RANGE (i, n)
            RANGE (j, m) AT(out, left ? at_of(&y, k, i, j) : at_of(&y, k, j, i)) = e.b[i * m + j];
    }
}

REFERENCE(linalg_solve) { solve(c); }
REFERENCE(linalg_solve_ex)
{
    solve(c);
    OUT(1, TENSOR("A")->ndim - 2, TENSOR("A")->size)->dtype = FX_I32;
}

REFERENCE(linalg_tensorsolve)
{
    const fx_ref_tensor *a = TENSOR("A"), *b = TENSOR("B");
    const fx_dims dims = DIMS("dims");
    int64_t order[FX_MAX_DIMS], size[FX_MAX_DIMS], from[FX_MAX_DIMS], n = b->numel;
    int ndim = 0;
    RANGE (d, a->ndim) {
        bool moved = false;
        RANGE (i, dims.count) moved |= dim_of(a, dims.at[i]) == d;
        if (!moved) order[ndim++] = d;
    }
    RANGE (i, dims.count) order[ndim++] = dim_of(a, dims.at[i]);
    RANGE (d, ndim) size[d] = a->size[order[d]];
    fx_ref_tensor *moved = WORK(ndim, size), *y = OUT(0, ndim - b->ndim, size + b->ndim);
    const eliminated e = system_of(c, n, 1);
    EACH (moved, i) {
        int64_t place[FX_MAX_DIMS];
        place_of(moved, i, place);
        RANGE (d, ndim) from[order[d]] = place[d];
        e.a[i] = AT(a, index_of(a, from));
        e.base[i] = BASE(a, index_of(a, from));
    }
    EACH (b, i) e.b[i] = AT(b, i);
    eliminate(&e);
    EACH (y, i) AT(y, i) = e.b[i];
}

/* ---- inverses ---- */

/* The inverse of n x n numbers of a, from `first` on, into y. */
static void invert(const eliminated *e, const fx_ref_tensor *a, int64_t first, fx_ref_tensor *y)
{
    const int64_t n = e->n;
    load(e, a, first, false);
    RANGE (i, n * n) e->b[i] = i / n == i % n;
    eliminate(e);
    RANGE (i, n * n) AT(y, first + i) = e->b[i];
}

static void inverse(fx_ref_call *c)
{
    const fx_ref_tensor *a = TENSOR("A");
    fx_ref_tensor *y = OUT_LIKE(0, a);
    const eliminated e = system_of(c, rows(a), rows(a));
    RANGE (k, depth(a)) invert(&e, a, k * e.n * e.n, y);
}

REFERENCE(linalg_inv) { inverse(c); }
REFERENCE(linalg_inv_ex)
{
    inverse(c);
    OUT(1, TENSOR("A")->ndim - 2, TENSOR("A")->size)->dtype = FX_I32;
}
REFERENCE(linalg_tensorinv)
{
    const fx_ref_tensor *a = TENSOR("A");
    int64_t size[FX_MAX_DIMS], n = 1;
    const int64_t ind = INT("ind");
    RANGE (d, a->ndim) size[d] = a->size[(d + ind) % a->ndim];
    RANGE (d, ind) n *= a->size[d];
    const eliminated e = system_of(c, n, n);
    invert(&e, a, 0, OUT(0, a->ndim, size));
}

/* ---- LU ---- */

/* Doolittle's factors of the matrix `from`, in place in lu, the pivots those of the base. */
static void factor(fx_ref_call *c, const fx_ref_tensor *a, int64_t from, quad *lu, int64_t *pivots)
{
    const int64_t m = rows(a), n = columns(a), least = m < n ? m : n;
    quad *base = NUMBERS(m * n);
    RANGE (i, m * n) {
        lu[i] = AT(a, from * m * n + i);
        base[i] = BASE(a, from * m * n + i);
    }
    RANGE (p, least) {
        int64_t row = p;
        for (int64_t i = p + 1; i < m; i++)
            if (fabsq(base[i * n + p]) > fabsq(base[row * n + p])) row = i;
        pivots[p] = row + 1;
        swap(lu, p, row, n), swap(base, p, row, n);
        for (int64_t i = p + 1; i < m; i++) {
            lu[i * n + p] /= lu[p * n + p], base[i * n + p] /= base[p * n + p];
            for (int64_t j = p + 1; j < n; j++) {
                lu[i * n + j] -= lu[i * n + p] * lu[p * n + j];
                base[i * n + j] -= base[i * n + p] * base[p * n + j];
            }
        }
    }
}

/* LU and pivots, outputs 0 and 1. */
static void lu_factor(fx_ref_call *c)
{
    const fx_ref_tensor *a = TENSOR("A");
    const int64_t m = rows(a), n = columns(a), least = m < n ? m : n;
    int64_t size[FX_MAX_DIMS], pivots[64];
    RANGE (d, a->ndim - 2) size[d] = a->size[d];
    size[a->ndim - 2] = least;
    fx_ref_tensor *y = OUT_LIKE(0, a), *p = OUT(1, a->ndim - 1, size);
    p->dtype = FX_I32;
    RANGE (k, least ? depth(a) : 0) {
        factor(c, a, k, &AT(y, k * m * n), pivots);
        RANGE (i, least) AT(p, k * least + i) = pivots[i];
    }
}

REFERENCE(linalg_lu_factor) { lu_factor(c); }
REFERENCE(linalg_lu_factor_ex)
{
    lu_factor(c);
    OUT(2, TENSOR("A")->ndim - 2, TENSOR("A")->size)->dtype = FX_I32;
}

/* Outputs for P, L, U of a stack like a's; one that is not wanted is without numbers. */
static void unpacked_outputs(fx_ref_call *c, const fx_ref_tensor *a, bool swaps, bool data,
                             fx_ref_tensor *to[3])
{
    const int64_t m = rows(a), n = columns(a), least = m < n ? m : n;
    const int64_t sizes[3][2] = { { m, m }, { m, least }, { least, n } };
    RANGE (k, 3) {
        int64_t size[FX_MAX_DIMS];
        RANGE (d, a->ndim - 2) size[d] = a->size[d];
        size[a->ndim - 2] = sizes[k][0], size[a->ndim - 1] = sizes[k][1];
        const bool wanted = k ? data : swaps;
        to[k] = wanted ? OUT((int)k, a->ndim, size) : WORK(a->ndim, size);
        if (!wanted) OUT((int)k, 1, (const int64_t[]){ 0 });
    }
}

static void unpack(fx_ref_call *c, const fx_ref_tensor *a, int64_t k, const quad *lu, const int64_t *pivots,
                   fx_ref_tensor *to[3])
{
    const int64_t m = rows(a), n = columns(a), least = m < n ? m : n;
    int64_t *order = (int64_t *)NUMBERS(m + 1); /* row i of P^T A is row order[i] of A */
    RANGE (i, m) order[i] = i;
    RANGE (i, least) {
        const int64_t t = order[i];
        order[i] = order[pivots[i] - 1];
        order[pivots[i] - 1] = t;
    }
    RANGE (i, m) AT(to[0], at_of(to[0], k, order[i], i)) = 1;
    RANGE (i, m)
        RANGE (j, least) AT(to[1], at_of(to[1], k, i, j)) = i == j ? 1 : i > j ? lu[i * n + j] : 0;
    RANGE (i, least)
        RANGE (j, n) AT(to[2], at_of(to[2], k, i, j)) = i <= j ? lu[i * n + j] : 0;
}

REFERENCE(linalg_lu)
{
    const fx_ref_tensor *a = TENSOR("A");
    fx_ref_tensor *to[3];
    int64_t pivots[64];
    quad *lu = NUMBERS(rows(a) * columns(a));
    unpacked_outputs(c, a, true, true, to);
    RANGE (k, depth(a)) {
        factor(c, a, k, lu, pivots);
        unpack(c, a, k, lu, pivots, to);
    }
}

REFERENCE(lu_unpack)
{
    const fx_ref_tensor *a = TENSOR("LU"), *given = TENSOR("pivots");
    const int64_t n = rows(a) * columns(a), least = given->size[given->ndim - 1];
    int64_t pivots[64];
    fx_ref_tensor *to[3];
    unpacked_outputs(c, a, BOOL("unpack_pivots"), BOOL("unpack_data"), to);
    RANGE (k, n ? depth(a) : 0) {
        RANGE (i, least) pivots[i] = INT_AT(given, k * least + i);
        unpack(c, a, k, &AT(a, k * n), pivots, to);
    }
}

REFERENCE(linalg_lu_solve)
{
    const fx_ref_tensor *lu = TENSOR("LU"), *pivots = TENSOR("pivots"), *b = TENSOR("B");
    const bool left = BOOL("left"), transposed = BOOL("adjoint") == left;
    int64_t size[FX_MAX_DIMS];
    const int ndim = stack_of(lu, b, size);
    const int64_t n = rows(lu), m = left ? columns(b) : rows(b);
    size[ndim] = rows(b), size[ndim + 1] = columns(b);
    fx_ref_tensor *y = OUT(0, ndim + 2, size);
    quad *x = NUMBERS(n * m);
    RANGE (k, y->numel ? depth(y) : 0) {
        const int64_t of_b = matrix_of(b, ndim, size, k), of_lu = matrix_of(lu, ndim, size, k);
        RANGE (i, n)
            RANGE (j, m) x[i * m + j] = AT(b, left ? at_of(b, of_b, i, j) : at_of(b, of_b, j, i));
        if (!transposed)
            RANGE (i, n) swap(x, i, INT_AT(pivots, of_lu * n + i) - 1, m);
        substitute(lu, of_lu, transposed, transposed, !transposed, m, x);
        substitute(lu, of_lu, !transposed, transposed, transposed, m, x);
        if (transposed)
            for (int64_t i = n; i-- > 0;) swap(x, i, INT_AT(pivots, of_lu * n + i) - 1, m);
        RANGE (i, n)
            RANGE (j, m) AT(y, left ? at_of(y, k, i, j) : at_of(y, k, j, i)) = x[i * m + j];
    }
}

/* ---- determinants ---- */

/* By the first row, and by that of what is left, each set of columns once: n 2^n products, and no division.
 */
static quad determinant(fx_ref_call *c, int64_t n, const quad *a)
{
    quad *of = NUMBERS((int64_t)1 << n); /* of the first rows, as many as there are columns in the set */
    of[0] = 1;
    RANGE (set, (int64_t)1 << n) {
        const int64_t row = __builtin_popcountll((unsigned long long)set) - 1;
        RANGE (j, n) {
            if (!(set >> j & 1)) continue;
            const bool odd = __builtin_popcountll((unsigned long long)set >> (j + 1)) % 2;
            const quad term = a[row * n + j] * of[set & ~((int64_t)1 << j)];
            of[set] += odd ? -term : term;
        }
    }
    return of[((int64_t)1 << n) - 1];
}

static fx_ref_tensor *one_each(fx_ref_call *c, int k)
{
    return OUT(k, TENSOR("A")->ndim - 2, TENSOR("A")->size);
}

/* Of matrix k, at the moved numbers or at the base. */
static quad determinant_of(fx_ref_call *c, int64_t k, bool base)
{
    const fx_ref_tensor *a = TENSOR("A");
    const int64_t n = rows(a);
    quad *numbers = NUMBERS(n * n);
    RANGE (i, n * n) numbers[i] = base ? BASE(a, k * n * n + i) : AT(a, k * n * n + i);
    return determinant(c, n, numbers);
}

REFERENCE(linalg_det)
{
    fx_ref_tensor *y = one_each(c, 0);
    EACH (y, k) AT(y, k) = determinant_of(c, k, false);
}
REFERENCE(linalg_slogdet)
{
    fx_ref_tensor *sign = one_each(c, 0), *y = one_each(c, 1);
    EACH (y, k) {
        const quad base = determinant_of(c, k, true);
        AT(sign, k) = base > 0 ? 1 : base < 0 ? -1 : base;
        AT(y, k) = logq(fabsq(determinant_of(c, k, false)));
    }
}
REFERENCE(logdet)
{
    fx_ref_tensor *y = one_each(c, 0);
    EACH (y, k) AT(y, k) = logq(determinant_of(c, k, false));
}

/* ---- powers ---- */

REFERENCE(linalg_matrix_power)
{
    const fx_ref_tensor *a = TENSOR("A");
    fx_ref_tensor *y = OUT_LIKE(0, a), *x = WORK_LIKE(a);
    const int64_t n = rows(a), power = INT("n");
    const eliminated e = system_of(c, n, n);
    quad *row = NUMBERS(n);
    RANGE (k, n ? depth(a) : 0) {
        const int64_t first = k * n * n;
        RANGE (i, n * n) AT(x, first + i) = AT(a, first + i);
        if (power < 0) invert(&e, a, first, x);
        RANGE (i, n * n) AT(y, first + i) = i / n == i % n;
        RANGE (step, power < 0 ? -power : power)
            RANGE (i, n) {
                RANGE (j, n) {
                    row[j] = 0;
                    RANGE (p, n) row[j] += AT(y, first + i * n + p) * AT(x, first + p * n + j);
                }
                RANGE (j, n) AT(y, first + i * n + j) = row[j];
            }
    }
}

REFERENCE(linalg_vander)
{
    const fx_ref_tensor *x = TENSOR("x");
    int64_t size[FX_MAX_DIMS] = { 1 };
    const int ndim = x->ndim ? x->ndim : 1;
    RANGE (d, x->ndim) size[d] = x->size[d];
    size[ndim] = INT("N") == FX_VANDER_SQUARE ? size[ndim - 1] : INT("N");
    fx_ref_tensor *y = OUT(0, ndim + 1, size);
    EACH (y, i) {
        AT(y, i) = 1;
        RANGE (k, i % size[ndim]) AT(y, i) *= AT(x, i / size[ndim]);
    }
}

REFERENCES(linalg_direct, ROW(linalg_det), ROW(linalg_slogdet), ROW(logdet), ROW(linalg_matrix_power),
           ROW(linalg_vander), ROW(linalg_lu), ROW(linalg_lu_factor), ROW(linalg_lu_factor_ex),
           ROW(linalg_lu_solve), ROW(lu_unpack), ROW(cholesky_inverse), ROW(cholesky_solve), ROW(linalg_inv),
           ROW(linalg_inv_ex), ROW(linalg_tensorinv), ROW(linalg_solve), ROW(linalg_solve_ex),
           ROW(linalg_tensorsolve), ROW(linalg_cholesky), ROW(linalg_cholesky_ex),
           ROW(linalg_solve_triangular), ROW(triangular_solve))
