/* Largest numbers of windows, and where they are.
 */
#ifndef FLUXION_KERNELS_POOL_H
#define FLUXION_KERNELS_POOL_H

#include "kernels.h"

enum { FX__POOL_DIMS = 3 };

/* Window o of a dimension reads numbers from[o], from[o] + step ... below to[o], all inside x. Fewer
 * dimensions than three begin with ones. Where all windows of the last dimension are alike but for what is
 * outside x, kernel, stride and before say so: window o reads o stride - before + k step, k < kernel. */
typedef struct fx__pool {
    bool f64;
    int threads;
    int64_t planes;
    int64_t in[FX__POOL_DIMS], out[FX__POOL_DIMS], step[FX__POOL_DIMS];
    const int64_t *from[FX__POOL_DIMS], *to[FX__POOL_DIMS];
    int64_t kernel, stride, before; /* kernel 0: they are not alike */
} fx__pool;

struct fx_pool_kernels {
    /* y and the place of each in its plane of x, the first of equals; NaN is larger than all. */
    void (*max)(const fx__pool *p, const void *x, void *y, int64_t *index);
    /* gx = the sum of g at the places of their planes. */
    void (*max_back)(const fx__pool *p, const void *g, void *gx, const int64_t *index);
};

#endif
