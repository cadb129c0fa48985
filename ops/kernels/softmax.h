/* Softmax and its kin over rows: x is [rows][count], row-major.
 *
 * With m = max x, e_j = exp(x_j - m) and s the sum of all e_j but one that is 1, the sum of all is Z = 1 + s
 * and its logarithm log1p(s): small e_j are never rounded away beside that 1, so that probabilities near 1
 * keep their complement. The ones are counted apart. Sums run in double. exp is written here, so that every
 * instruction set gives the same bits.
 */
#ifndef FLUXION_KERNELS_SOFTMAX_H
#define FLUXION_KERNELS_SOFTMAX_H

#include "kernels.h"

typedef enum fx__softmax_kind {
    FX__SOFTMAX,          /* y = e / Z */
    FX__SOFTMAX_OR_ZERO,  /* the same, but 0 in a row that is all -inf (there it is NaN otherwise) */
    FX__LOG_SOFTMAX,      /* y = x - m - log1p(s) */
    FX__LOGSUMEXP,        /* y[row] = m + log1p(s) */
    FX__SOFTMAX_GRAD,     /* y = p (g - sum g p), x being p, which sums to 1 */
    FX__SOFTMAX_CENTER,   /* y = g - sum g p, likewise */
    FX__LOG_SOFTMAX_GRAD, /* y = g - softmax(x) sum g */
    FX__SOFTMAX_KINDS
} fx__softmax_kind;

typedef struct fx__softmax {
    int64_t rows, count;
    const void *x, *g;
    void *y;
    int threads;
} fx__softmax;

/* Cross entropy with class indices. Row r has the loss
 *     w_t (1 - smoothing) (-log p_t) + smoothing / count * sum_k w_k (-log p_k),   t = target[r]
 * and 0 where t == ignore. */
typedef struct fx__entropy {
    int64_t rows, count;
    const void *x;
    const int64_t *target;
    const double *weight; /* of the classes; NULL: ones */
    double weight_sum;
    double smoothing;
    int64_t ignore;
    int threads;
    double *loss;        /* forward: [rows] */
    const double *scale; /* gradient: [rows], what the gradient of each row is multiplied by */
    void *gx;            /* gradient: as x */
} fx__entropy;

struct fx_softmax_kernels {
    void (*f32[FX__SOFTMAX_KINDS])(const fx__softmax *s);
    void (*f64[FX__SOFTMAX_KINDS])(const fx__softmax *s);
    void (*entropy_f32)(const fx__entropy *e);
    void (*entropy_f64)(const fx__entropy *e);
    void (*entropy_grad_f32)(const fx__entropy *e);
    void (*entropy_grad_f64)(const fx__entropy *e);
};

#endif
