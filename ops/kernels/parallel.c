/* Threads over fixed blocks, by GNU's OpenMP runtime, whoever compiles: oneDNN brings that one, and a second
 * runtime would make a second pool of threads. gcc reaches it by a pragma; clang's pragma would call LLVM's,
 * so there its entry point is called by name.
 *
 * Blocks are drawn from a counter rather than dealt out: a thread whose processor is taken by somebody else
 * delays the block it holds and no other. How long idle threads spin before they sleep is the runtime's
 * affair (OMP_WAIT_POLICY=passive where processors are shared).
 */
#include "parallel.h"

#include "config.h"

#include <stdatomic.h>

typedef struct job {
    void (*function)(void *data, int64_t begin, int64_t end);
    void *data;
    int64_t n, grain, blocks;
    _Atomic int64_t next;
} job;

static void run_block(job *j, int64_t block)
{
    int64_t begin = block * j->grain, left = j->n - begin;
    j->function(j->data, begin, begin + (left < j->grain ? left : j->grain));
}

#if FX_HAVE_OPENMP
static void draw_blocks(void *data)
{
    job *j = data;
    for (;;) {
        int64_t block = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);
        if (block >= j->blocks) return;
        run_block(j, block);
    }
}

#ifdef __clang__
void GOMP_parallel(void (*function)(void *), void *data, unsigned threads, unsigned flags);

static void on_threads(job *j, int threads) { GOMP_parallel(draw_blocks, j, (unsigned)threads, 0); }
#else
static void on_threads(job *j, int threads)
{
#pragma omp parallel num_threads(threads)
    draw_blocks(j);
}
#endif
#endif

void fx__parallel(int threads, int64_t n, int64_t grain,
                  void (*function)(void *data, int64_t begin, int64_t end), void *data)
{
    if (n <= 0) return;
    if (n <= grain) {
        function(data, 0, n);
        return;
    }
    job j = { .function = function, .data = data, .n = n, .grain = grain, .blocks = (n - 1) / grain + 1 };
#if FX_HAVE_OPENMP
    if (threads > 1) {
        on_threads(&j, threads < j.blocks ? threads : (int)j.blocks);
        return;
    }
#endif
    (void)threads;
    for (int64_t block = 0; block < j.blocks; block++) run_block(&j, block);
}
