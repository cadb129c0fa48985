/* Largest numbers of windows: see the header.
 */
#include "pool.h"

#include "parallel.h"

typedef struct job {
    const fx__pool *pool;
    const void *x;
    void *y;
    int64_t *index;
} job;

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

void fx__max_pool(int threads, bool f64, const fx__pool *p, const void *x, void *y, int64_t *index)
{
    job j = { p, x, y, index };
    const int64_t size = p->in[0] * p->in[1] * p->in[2], grain = size > 0 ? (32 << 10) / size + 1 : 1;
    fx__parallel(threads, p->planes, grain, f64 ? f64_planes : f32_planes, &j);
}
