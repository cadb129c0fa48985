/* Matrix products by shape and by who computes them, in GFLOP/s: the tiles of ops/kernels, oneDNN's sgemm
 * (f32) and what fx__gemm() chooses.
 *
 * usage: bench_gemm [--threads N] [--f64] [M N K]
 *
 * NN is A and B as they are, N a row-major operand and T one that is stored transposed. A number is the
 * median of 15 measurements of about two milliseconds. The tiles run on one thread.
 */
#include "ops/kernels/gemm.h"
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if FX_HAVE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#endif

typedef struct setting {
    fx_gemm g;
    int threads;
    void *work;
} setting;

static void by_tiles(const setting *s)
{
    const fx_gemm_kernels *k = fx__kernels()->gemm;
    (s->g.f64 ? k->block_f64 : k->block_f32)(&s->g, 0, s->g.m, 0, s->g.n, s->work);
}

static void by_choice(const setting *s) { fx__gemm(s->threads, &s->g, s->work); }

#if FX_HAVE_ONEDNN
static void by_onednn(const setting *s)
{
    const fx_gemm *g = &s->g;
    const bool a = g->a_column == 1, b = g->b_column == 1;
    dnnl_sgemm(a ? 'N' : 'T', b ? 'N' : 'T', g->m, g->n, g->k, 1, g->a, a ? g->a_row : g->a_column, g->b,
               b ? g->b_row : g->b_column, 0, g->c, g->c_row);
}
#endif

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double gflops(void (*product)(const setting *), const setting *s)
{
    enum { TIMES = 15 };
    const double flops = 2.0 * (double)s->g.m * (double)s->g.n * (double)s->g.k;
    const int repeats = 1 + (int)(2e-3 / (flops / 5e10 + 1e-7));
    double times[TIMES];
    for (int i = -1; i < TIMES; i++) {
        const double start = seconds();
        for (int r = 0; r < repeats; r++) product(s);
        if (i >= 0) times[i] = (seconds() - start) / repeats;
    }
    qsort(times, TIMES, sizeof(times[0]), ascending);
    return flops / times[TIMES / 2] * 1e-9;
}

static void *numbers(int64_t count, bool f64)
{
    const size_t bytes = ((size_t)count * (f64 ? 8 : 4) + 63) / 64 * 64;
    char *x = aligned_alloc(64, bytes);
    if (!x) exit(1);
    memset(x, 0, bytes);
    for (int64_t i = 0; i < count; i++) {
        const double number = (double)(i * 7919 % 2003) / 1001.5 - 1;
        if (f64)
            ((double *)(void *)x)[i] = number;
        else
            ((float *)(void *)x)[i] = (float)number;
    }
    return x;
}

static void measure(int64_t m, int64_t n, int64_t k, bool f64, int threads)
{
    void *a = numbers(m * k, f64), *b = numbers(k * n, f64), *c = numbers(m * n, f64),
         *work = aligned_alloc(64, (size_t)64 * FX_GEMM_WORK);
    if (!work) exit(1);
    for (int way = 0; way < 4; way++) {
        const bool ta = way & 2, tb = way & 1;
        setting s = { .threads = threads, .work = work };
        s.g = (fx_gemm){ .f64 = f64,
                         .m = m,
                         .n = n,
                         .k = k,
                         .batch = 1,
                         .a = a,
                         .b = b,
                         .c = c,
                         .c_row = n,
                         .a_row = ta ? 1 : k,
                         .a_column = ta ? m : 1,
                         .b_row = tb ? 1 : n,
                         .b_column = tb ? k : 1 };
        printf("%c%c %5ld %5ld %5ld  tiles %6.1f", ta ? 'T' : 'N', tb ? 'T' : 'N', (long)m, (long)n, (long)k,
               gflops(by_tiles, &s));
#if FX_HAVE_ONEDNN
        if (!f64) printf("  oneDNN %6.1f", gflops(by_onednn, &s));
#endif
        printf("  chosen %6.1f%s\n", gflops(by_choice, &s), fx__gemm_by_library(&s.g) ? " (oneDNN)" : "");
    }
    free(a);
    free(b);
    free(c);
    free(work);
}

int main(int argc, char **argv)
{
    static const int shapes[][3] = {
        { 4, 4, 4 },         { 32, 16, 2 },       { 32, 16, 16 },       { 16, 16, 32 },
        { 32, 1, 16 },       { 1, 1024, 1024 },   { 1024, 1, 1024 },    { 64, 10, 128 },
        { 10, 128, 64 },     { 64, 128, 10 },     { 64, 128, 64 },      { 128, 128, 64 },
        { 64, 128, 784 },    { 128, 784, 64 },    { 256, 10, 1024 },    { 10, 1024, 256 },
        { 256, 1024, 10 },   { 256, 256, 256 },   { 256, 1024, 784 },   { 1024, 784, 256 },
        { 256, 1024, 1024 }, { 1024, 1024, 256 }, { 1024, 1024, 1024 },
    };
    int threads = 1, size[3], sizes = 0;
    bool f64 = false;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--f64") == 0)
            f64 = true;
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            threads = atoi(argv[++i]);
        else if (sizes < 3)
            size[sizes++] = atoi(argv[i]);
    if (sizes == 3) {
        measure(size[0], size[1], size[2], f64, threads);
        return 0;
    }
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        measure(shapes[i][0], shapes[i][1], shapes[i][2], f64, threads);
    return 0;
}
