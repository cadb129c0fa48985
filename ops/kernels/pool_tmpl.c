/* Largest numbers of windows, compiled per instruction set: see the header.
 */
#include "pool.h"

#include "parallel.h"

#include <math.h>

enum { POOL_ROW = 256, POOL_GRAIN = 32 << 10 };

typedef struct job {
    const fx__pool *pool;
    const void *x;
    void *y;
    int64_t *index;
} job;

static int64_t volume(const int64_t size[]) { return size[0] * size[1] * size[2]; }

/* The first o whose place o stride + shift is not below `least`. */
static int64_t first_from(int64_t shift, int64_t stride, int64_t least)
{
    return shift >= least ? 0 : (least - shift + stride - 1) / stride;
}

#define T float
#define NAME(function) f32_##function
#include "pool_body.h"
#undef T
#undef NAME

#define T double
#define NAME(function) f64_##function
#include "pool_body.h"
#undef T
#undef NAME

static void run(const fx__pool *p, void (*function)(void *data, int64_t begin, int64_t end), job j)
{
    fx__parallel(p->threads, p->planes, POOL_GRAIN / (volume(p->in) + 1) + 1, function, &j);
}

static void max(const fx__pool *p, const void *x, void *y, int64_t *index)
{
    run(p, p->f64 ? f64_planes : f32_planes, (job){ p, x, y, index });
}

static void max_back(const fx__pool *p, const void *g, void *gx, const int64_t *index)
{
    run(p, p->f64 ? f64_planes_back : f32_planes_back, (job){ p, g, gx, (int64_t *)(uintptr_t)index });
}

extern const fx_pool_kernels FX_KERNEL_TABLE(pool);
const fx_pool_kernels FX_KERNEL_TABLE(pool) = { .max = max, .max_back = max_back };
