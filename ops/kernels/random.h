/* Random words in bulk, and what dropout does with them.
 *
 * Draw i of a context is Philox 4x32-10 of (seed, i), four words (autograd/random.h has the same numbers one
 * draw at a time): a pure function, so that any part of a stream can be made again, by any thread.
 */
#ifndef FLUXION_KERNELS_RANDOM_H
#define FLUXION_KERNELS_RANDOM_H

#include "kernels.h"

/* y[i] = dropped where number i / inner of the stream says so, else scale x[i] + shift. */
typedef struct fx__drop {
    uint64_t seed, first; /* the stream begins with the first word of this draw */
    uint32_t limit;       /* drops where the word is <= limit: with probability (limit + 1) / 2^32 */
    int64_t begin, end;   /* which i: begin / inner is a multiple of 4 */
    int64_t inner;        /* so many numbers share one word */
    const void *x;
    void *y; /* may be x */
    double scale, shift, dropped;
} fx__drop;

struct fx_random_kernels {
    void (*words)(uint64_t seed, uint64_t first, int64_t draws, uint32_t *out); /* 4 * draws of them */
    void (*drop_f32)(const fx__drop *d);
    void (*drop_f64)(const fx__drop *d);
};

#endif
