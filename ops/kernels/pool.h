/* Largest numbers of windows, and where they are.
 */
#ifndef FLUXION_KERNELS_POOL_H
#define FLUXION_KERNELS_POOL_H

#include <stdbool.h>
#include <stdint.h>

enum { FX__POOL_DIMS = 3 };

/* Window o of a dimension reads numbers from[o], from[o] + step ... below to[o], all inside x. Fewer
 * dimensions than three begin with ones. */
typedef struct fx__pool {
    int64_t planes;
    int64_t in[FX__POOL_DIMS], out[FX__POOL_DIMS], step[FX__POOL_DIMS];
    const int64_t *from[FX__POOL_DIMS], *to[FX__POOL_DIMS];
} fx__pool;

/* y and the place of each in its plane of x, the first of equals; NaN is larger than all. */
void fx__max_pool(int threads, bool f64, const fx__pool *p, const void *x, void *y, int64_t *index);

#endif
