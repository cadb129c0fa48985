/* Matrix products against sums written plainly in long double, for every instruction set; and that the bits
 * of a result do not depend on strides, on the other rows and columns, on threads, nor on whether oneDNN
 * computed it.
 */
#include "ops/kernels/gemm.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct shape {
    int64_t m, n, k;
} shape;

static const shape shapes[] = {
    { 0, 3, 4 },       { 3, 0, 4 },       { 3, 4, 0 },      { 1, 1, 1 },       { 1, 1, 5000 },
    { 1, 7, 9 },       { 9, 1, 7 },       { 1, 200, 70 },   { 200, 1, 2100 },  { 2, 70, 5 },
    { 3, 65, 40 },     { 5, 33, 17 },     { 6, 130, 31 },   { 7, 16, 2 },      { 13, 15, 16 },
    { 14, 31, 33 },    { 15, 32, 1 },     { 16, 17, 64 },   { 28, 48, 8 },     { 29, 10, 128 },
    { 32, 16, 16 },    { 64, 10, 128 },   { 64, 128, 10 },  { 65, 129, 7 },    { 127, 3, 50 },
    { 129, 130, 20 },  { 10, 128, 64 },   { 260, 64, 100 }, { 64, 128, 784 },  { 128, 513, 64 },
    { 150, 128, 385 }, { 40, 300, 512 },  { 17, 512, 500 }, { 300, 18, 1024 }, { 20, 100, 257 },
    { 300, 260, 512 }, { 17, 4000, 500 },
};
enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

/* A matrix that lies in any of the ways that a view may. */
typedef enum layout { ROWS, COLUMNS, ROWS_APART, COLUMNS_APART, SCATTERED, LAYOUTS } layout;

typedef struct matrix {
    int64_t rows, columns, row, column;
    char *numbers;
} matrix;

static size_t width(bool f64) { return f64 ? sizeof(double) : sizeof(float); }

static double get(bool f64, const void *numbers, int64_t i)
{
    return f64 ? ((const double *)numbers)[i] : (double)((const float *)numbers)[i];
}

static void put(bool f64, void *numbers, int64_t i, double x)
{
    if (f64)
        ((double *)numbers)[i] = x;
    else
        ((float *)numbers)[i] = (float)x;
}

static double number(uint64_t i)
{
    uint64_t z = (i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 32) * 0xD6E8FEB86659FD93u;
    return (double)(int64_t)(z ^ z >> 32) / 9223372036854775808.0;
}

/* The memory ends with the last number, so that an access past it is one that AddressSanitizer sees. */
static matrix new_matrix(bool f64, int64_t rows, int64_t columns, layout l, uint64_t seed)
{
    const int64_t apart = l == ROWS || l == COLUMNS ? 0 : 5;
    matrix x = { .rows = rows, .columns = columns, .row = columns + apart, .column = 1 };
    if (l == COLUMNS || l == COLUMNS_APART) x.row = 1, x.column = rows + apart;
    if (l == SCATTERED) x.row = 3 * columns + 2, x.column = 3;
    const int64_t last = (rows - 1) * x.row + (columns - 1) * x.column,
                  count = rows && columns ? last + 1 : 1;
    x.numbers = malloc((size_t)count * width(f64));
    cr_assert(x.numbers);
    for (int64_t i = 0; i < count; i++) put(f64, x.numbers, i, 1e30);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            put(f64, x.numbers, i * x.row + j * x.column, number(seed + (uint64_t)(i * columns + j)));
    return x;
}

static fx_gemm product(bool f64, const matrix *a, const matrix *b, const matrix *c)
{
    return (fx_gemm){ .f64 = f64,
                      .m = a->rows,
                      .n = b->columns,
                      .k = a->columns,
                      .batch = 1,
                      .a = a->numbers,
                      .b = b->numbers,
                      .c = c->numbers,
                      .a_row = a->row,
                      .a_column = a->column,
                      .b_row = b->row,
                      .b_column = b->column,
                      .c_row = c->row };
}

static void run(int threads, const fx_gemm *g)
{
    const size_t bytes = fx__gemm_work(threads, g);
    void *work = bytes ? aligned_alloc(64, bytes) : NULL;
    cr_assert(!bytes || work);
    fx__gemm(threads, g, work);
    free(work);
}

/* Within 4 eps log2(k) of the sum of the magnitudes. */
static void check_values(const fx_gemm *g, const void *before, const char *what)
{
    const long double eps = g->f64 ? 0x1p-53L : 0x1p-24L;
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = 0; j < g->n; j++) {
            long double start = g->accumulate ? get(g->f64, before, i * g->c_row + j)
                                : g->bias     ? get(g->f64, g->bias, j)
                                              : 0;
            long double sum = start, magnitude = fabsl(start);
            for (int64_t p = 0; p < g->k; p++) {
                const long double term = (long double)get(g->f64, g->a, i * g->a_row + p * g->a_column) *
                                         get(g->f64, g->b, p * g->b_row + j * g->b_column);
                sum += term;
                magnitude += fabsl(term);
            }
            const double is = get(g->f64, g->c, i * g->c_row + j);
            cr_assert(fabsl((long double)is - sum) <= 4 * eps * log2l((long double)g->k + 2) * magnitude,
                      "%s: (%ld, %ld, %ld) at (%ld, %ld): %.17g, not %.17Lg", what, (long)g->m, (long)g->n,
                      (long)g->k, (long)i, (long)j, is, sum);
        }
}

static void check_bits(const fx_gemm *g, const matrix *c, const matrix *expected, const char *what)
{
    for (int64_t i = 0; i < g->m; i++)
        cr_assert(memcmp(c->numbers + (size_t)(i * c->row) * width(g->f64),
                         expected->numbers + (size_t)(i * expected->row) * width(g->f64),
                         (size_t)g->n * width(g->f64)) == 0,
                  "%s: bits of row %ld of (%ld, %ld, %ld)%s", what, (long)i, (long)g->m, (long)g->n,
                  (long)g->k, fx__gemm_by_library(g) ? ", by oneDNN" : "");
}

/* One shape: values, then every layout of both operands, thread count, and a product of a part, against its
 * bits. */
static void check_shape(bool f64, shape s, const char *isa)
{
    matrix a = new_matrix(f64, s.m, s.k, ROWS, 1), b = new_matrix(f64, s.k, s.n, ROWS, 7777777);
    matrix c = new_matrix(f64, s.m, s.n, ROWS, 0), other = new_matrix(f64, s.m, s.n, ROWS_APART, 0);
    const fx_gemm g = product(f64, &a, &b, &c);
    run(1, &g);
    check_values(&g, NULL, isa);
    for (int la = 0; la < LAYOUTS; la++)
        for (int lb = 0; lb < LAYOUTS; lb++) {
            matrix a2 = new_matrix(f64, s.m, s.k, la, 1), b2 = new_matrix(f64, s.k, s.n, lb, 7777777);
            const fx_gemm h = product(f64, &a2, &b2, &other);
            run(1 + (la + lb) % 3, &h);
            check_bits(&h, &other, &c, isa);
            free(a2.numbers);
            free(b2.numbers);
        }
    for (int threads = 2; threads <= 8; threads *= 2) {
        const fx_gemm h = product(f64, &a, &b, &other);
        run(threads, &h);
        check_bits(&h, &other, &c, isa);
    }
    if (s.m > 1 && s.n > 2) { /* the lower right part alone */
        const matrix lower = { s.m - 1, s.k, a.row, 1, a.numbers + (size_t)a.row * width(f64) };
        const matrix right = { s.k, s.n - 1, b.row, 1, b.numbers + (s.k ? width(f64) : 0) };
        const matrix of_c = { s.m - 1, s.n - 1, c.row, 1, c.numbers + (size_t)(c.row + 1) * width(f64) };
        const fx_gemm h = product(f64, &lower, &right, &other);
        run(2, &h);
        check_bits(&h, &other, &of_c, "a part");
    }
    free(a.numbers);
    free(b.numbers);
    free(c.numbers);
    free(other.numbers);
}

static void check_start(bool f64, shape s)
{
    matrix a = new_matrix(f64, s.m, s.k, COLUMNS, 3), b = new_matrix(f64, s.k, s.n, ROWS, 4);
    matrix c = new_matrix(f64, s.m, s.n, ROWS_APART, 5), before = new_matrix(f64, s.m, s.n, ROWS_APART, 5);
    matrix bias = new_matrix(f64, 1, s.n, ROWS, 6);
    fx_gemm g = product(f64, &a, &b, &c);
    g.accumulate = true;
    run(2, &g);
    check_values(&g, before.numbers, "accumulate");
    g.accumulate = false;
    g.bias = bias.numbers;
    run(2, &g);
    check_values(&g, NULL, "bias");
    free(a.numbers);
    free(b.numbers);
    free(c.numbers);
    free(before.numbers);
    free(bias.numbers);
}

static void check_isa(fx_isa isa, const char *name)
{
    if (!fx__kernels_of(isa)) cr_skip_test("this machine has not got it");
    if (fx__kernels_cap(isa) != isa) cr_skip_test("FX_ISA caps it");
    for (int i = 0; i < SHAPES; i++)
        for (int f64 = 0; f64 < 2; f64++) {
            check_shape(f64, shapes[i], name);
            check_start(f64, shapes[i]);
        }
}

Test(gemm, portable) { check_isa(FX_ISA_PORTABLE, "portable"); }
Test(gemm, avx2) { check_isa(FX_ISA_AVX2, "avx2"); }
Test(gemm, avx512) { check_isa(FX_ISA_AVX512, "avx512"); }

/* A batch gives the bits of its products, for any number of threads; a step of 0 uses one operand for all. */
Test(gemm, batch)
{
    const shape s = { 24, 40, 33 };
    enum { BATCH = 300 };
    matrix a = new_matrix(false, s.m * BATCH, s.k, ROWS, 1), b = new_matrix(false, s.k, s.n, ROWS, 2);
    matrix c = new_matrix(false, s.m * BATCH, s.n, ROWS, 0),
           one = new_matrix(false, s.m * BATCH, s.n, ROWS, 0);
    fx_gemm g = product(false, &a, &b, &one);
    run(1, &g);
    for (int threads = 1; threads <= 8; threads *= 2) {
        fx_gemm h = product(false, &a, &b, &c);
        h.m = s.m;
        h.batch = BATCH;
        h.a_step = s.m * s.k;
        h.c_step = s.m * s.n;
        memset(c.numbers, 0, (size_t)(s.m * BATCH * s.n) * sizeof(float));
        run(threads, &h);
        cr_assert(memcmp(c.numbers, one.numbers, (size_t)(s.m * BATCH * s.n) * sizeof(float)) == 0,
                  "%d threads", threads);
    }
    free(a.numbers);
    free(b.numbers);
    free(c.numbers);
    free(one.numbers);
}
