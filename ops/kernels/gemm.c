/* Matrix products: who computes which part of them.
 *
 * Small products in float, and all in double, are computed by the tiles of gemm_tmpl.c; large ones in float
 * by oneDNN, block of k by block of k. Both add in the same order, so that where the border lies is a matter
 * of speed alone, and so is how a product is cut for the threads (tests/kernels/gemm_test.c holds the library
 * to it).
 */
#include "gemm.h"

#include "config.h"
#include "parallel.h"

#include <string.h>

#define FX_GEMM_LIBRARY (FX_HAVE_ONEDNN && FX_HAVE_OPENMP)

#if FX_GEMM_LIBRARY
#include <oneapi/dnnl/dnnl.h>

/* libgomp's, which oneDNN brings (see parallel.c). */
int omp_get_max_threads(void);
void omp_set_num_threads(int threads);
#endif

enum {
    PART = 2 << 20,        /* multiplications that are worth waking a thread for */
    FROM_MEMORY = 8,       /* what one costs more where each number of a matrix is used once */
    SMALL_WORK = 16 << 10, /* bytes that may lie on the stack */
    MOST_THREADS = 64
};

static double volume(const fx_gemm *g) { return (double)g->m * (double)g->n * (double)g->k; }

#if FX_GEMM_LIBRARY
/* Rows at a, or columns, lie side by side, and a library's leading dimension can say where. */
static bool plain(int64_t rows, int64_t columns, int64_t row, int64_t column)
{
    return (column == 1 && row >= columns) || (row == 1 && column >= rows);
}

/* oneDNN's AVX-512 kernels add in the order of k, as ours do; its others do not. */
static bool adds_in_order(void)
{
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core) == dnnl_cpu_isa_avx512_core;
}
#endif

bool fx__gemm_by_library(const fx_gemm *g)
{
#if FX_GEMM_LIBRARY
    /* Below 16 rows oneDNN has a kernel of its own, which adds in another order; below this volume a call
     * costs more than its better use of the caches gains. */
    return !g->f64 && g->m >= 16 && g->n >= 16 && g->k > 0 && volume(g) >= (double)(32 << 20) &&
           fx__kernels()->isa == FX_ISA_AVX512 && adds_in_order() &&
           plain(g->m, g->k, g->a_row, g->a_column) && plain(g->k, g->n, g->b_row, g->b_column);
#else
    (void)g;
    return false;
#endif
}

#if FX_GEMM_LIBRARY
static void library_block(const fx_gemm *g, int64_t i0, int64_t i1, int64_t j0, int64_t j1)
{
    const int64_t step = fx__gemm_k_step(g->k, FX_GEMM_K_F32);
    const bool by_rows = g->a_column == 1 && g->a_row >= g->k,
               b_by_rows = g->b_column == 1 && g->b_row >= g->n;
    const float *a = (const float *)g->a + i0 * g->a_row, *b = (const float *)g->b + j0 * g->b_column;
    float *c = (float *)g->c + i0 * g->c_row + j0;
    const int threads = omp_get_max_threads();
    omp_set_num_threads(
        1); /* the caller has cut the work; this is the caller's own setting, not the process's */
    for (int64_t i = 0; g->bias && i < i1 - i0; i++)
        memcpy(c + i * g->c_row, (const float *)g->bias + j0, (size_t)(j1 - j0) * sizeof(float));
    for (int64_t p = 0; p < g->k; p += step)
        dnnl_sgemm(by_rows ? 'N' : 'T', b_by_rows ? 'N' : 'T', i1 - i0, j1 - j0,
                   g->k - p < step ? g->k - p : step, 1, a + p * g->a_column,
                   by_rows ? g->a_row : g->a_column, b + p * g->b_row, b_by_rows ? g->b_row : g->b_column,
                   p || g->bias || g->accumulate ? 1 : 0, c, g->c_row);
    omp_set_num_threads(threads);
}
#endif

typedef struct job {
    fx_gemm g;
    const fx_gemm_kernels *kernels;
    bool library;
    bool by_columns;        /* a product is cut into parts along n, not m */
    int64_t parts, part;    /* of a product: how many, and how long */
    char *work;             /* FX_GEMM_WORK for each thread */
    _Atomic uint64_t taken; /* which of them are in use */
} job;

static void one_part(const job *j, int64_t index, void *work)
{
    fx_gemm g = j->g;
    const int64_t size = g.f64 ? 8 : 4, product = index / j->parts, from = index % j->parts * j->part;
    g.a = (const char *)g.a + product * g.a_step * size;
    g.b = (const char *)g.b + product * g.b_step * size;
    g.c = (char *)g.c + product * g.c_step * size;
    const int64_t length = j->by_columns ? g.n : g.m, to = from + j->part < length ? from + j->part : length;
    const int64_t i0 = j->by_columns ? 0 : from, i1 = j->by_columns ? g.m : to;
    const int64_t j0 = j->by_columns ? from : 0, j1 = j->by_columns ? to : g.n;
#if FX_GEMM_LIBRARY
    if (j->library) {
        library_block(&g, i0, i1, j0, j1);
        return;
    }
#endif
    (g.f64 ? j->kernels->block_f64 : j->kernels->block_f32)(&g, i0, i1, j0, j1, work);
}

static void some_parts(void *data, int64_t begin, int64_t end)
{
    job *j = data;
    _Alignas(64) char small[SMALL_WORK];
    const int slot = j->work ? fx__take_slot(&j->taken) : 0;
    void *work = j->work ? j->work + (size_t)slot * FX_GEMM_WORK : small;
    for (int64_t index = begin; index < end; index++) one_part(j, index, work);
    if (j->work) fx__give_slot(&j->taken, slot);
}

/* Bytes that a product needs at most, if it is small: copies of both operands. */
static int64_t small_work(const fx_gemm *g)
{
    enum { FEW = 4096 };
    if (g->m > FEW || g->n > FEW || g->k > FEW) return INT64_MAX;
    return g->k * (g->m + g->n + 64) * (g->f64 ? 8 : 4);
}

/* How the work is cut: whole products of a batch, or parts of each where there are few. */
static int64_t cut(job *j, int threads)
{
    const fx_gemm *g = &j->g;
    const double cost = volume(g) * (g->m == 1 || g->n == 1 ? FROM_MEMORY : 1),
                 worth = cost * (double)g->batch / PART;
    j->by_columns = g->n > g->m;
    const int64_t length = j->by_columns ? g->n : g->m;
    j->parts = 1;
    j->part = length;
    if (threads <= 1 || worth < 2) return g->batch; /* one block: nobody is woken */
    if (g->batch >= threads) return cost < PART ? (int64_t)(PART / cost) + 1 : 1;
    int64_t parts = worth < threads ? (int64_t)worth : threads;
    parts = (parts + g->batch - 1) / g->batch;
    j->part = ((length + parts - 1) / parts + 31) / 32 * 32;
    j->parts = (length + j->part - 1) / j->part;
    return 1;
}

size_t fx__gemm_work(int threads, const fx_gemm *g)
{
    if (fx__gemm_by_library(g) || small_work(g) <= SMALL_WORK) return 0;
    return (size_t)(threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads) * FX_GEMM_WORK;
}

void fx__gemm(int threads, const fx_gemm *g, void *work)
{
    if (g->m == 0 || g->n == 0 || g->batch == 0) return;
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    job j = { .g = *g, .kernels = fx__kernels()->gemm, .library = fx__gemm_by_library(g), .work = work };
    const int64_t grain = cut(&j, threads);
    fx__parallel(threads, g->batch * j.parts, grain, some_parts, &j);
}
