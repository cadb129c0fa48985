/* Losses of numbers and their targets, one after another (loss.def): values, sums of values, gradients. All
 * in double.
 */
#ifndef FLUXION_KERNELS_LOSS_H
#define FLUXION_KERNELS_LOSS_H

#include "kernels.h"

typedef enum fx__loss_row {
#define LOSS(name, value, slope_x, slope_t) FX__LOSS_##name,
#include "loss.def"
#undef LOSS
    FX__LOSSES
} fx__loss_row;

enum { FX__LOSS_BLOCK = 4096 }; /* numbers that one sum is of */

typedef struct fx__loss {
    fx__loss_row row;
    bool wide; /* double, not float */
    int64_t n;
    const void *x, *t;
    const void *w, *v; /* weights of the values, and second weights; NULL: ones */
    double a, b;
    void *y;       /* forward: the values; or NULL, and */
    double *sum;   /* the sum of each block of FX__LOSS_BLOCK values */
    const void *g; /* gradient: what each is multiplied by; NULL: scale */
    double scale;
    void *gx, *gt; /* NULL: not wanted */
    int threads;
} fx__loss;

struct fx_loss_kernels {
    void (*forward)(const fx__loss *l);
    void (*gradient)(const fx__loss *l);
};

#endif
