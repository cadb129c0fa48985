/* Numbers of images at places between their pixels, and the adjoint; with derivatives in the places.
 *
 *     y[n, c, o] = sum over taps i of prod over d of w_d,i x[n, c, i]
 *
 * where w_d are the weights of an interpolation at coordinate d of place o, or their derivatives of some
 * order in the grid's number. Coordinates come as the grid has them: -1 and 1 are the ends of x, the last
 * dimension first.
 */
#ifndef FLUXION_KERNELS_GRID_H
#define FLUXION_KERNELS_GRID_H

#include <stdbool.h>
#include <stdint.h>

enum { FX__GRID_DIMS = 3 };

typedef enum fx__grid_mode { FX__GRID_BILINEAR, FX__GRID_NEAREST, FX__GRID_BICUBIC } fx__grid_mode;
typedef enum fx__grid_padding { FX__GRID_ZEROS, FX__GRID_BORDER, FX__GRID_REFLECTION } fx__grid_padding;

typedef struct fx__grid {
    bool f64, aligned;
    fx__grid_mode mode;
    fx__grid_padding padding;
    int ndim;
    int64_t batch, channels, places;
    int64_t size[FX__GRID_DIMS]; /* of x's space */
    int order[FX__GRID_DIMS];    /* of derivatives, by dimension of x */
    const void *grid;            /* batch x places x ndim */
} fx__grid;

/* y (batch, channels, places) of x (batch, channels, size ...); x of y: the adjoint. */
void fx__grid_sample(int threads, const fx__grid *g, const void *x, void *y);
void fx__grid_spread(int threads, const fx__grid *g, const void *y, void *x);

#endif
