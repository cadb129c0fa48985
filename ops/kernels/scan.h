/* Scans: running sums, products and the like along the middle of three axes, x being [outer][count][inner],
 * row-major.
 *
 * They run in double, sums with what rounding lost carried along (Neumaier's sum).
 */
#ifndef FLUXION_KERNELS_SCAN_H
#define FLUXION_KERNELS_SCAN_H

#include <stdbool.h>
#include <stdint.h>

typedef enum fx__scan_kind {
    FX__SCAN_SUM,       /* y_k = x_0 + ... + x_k */
    FX__SCAN_PRODUCT,   /* y_k = x_0 ... x_k */
    FX__SCAN_LOGSUMEXP, /* y_k = log(exp x_0 + ... + exp x_k) */
    FX__SCAN_LINEAR,    /* y_k = x_k + a_(k-1) y_(k-1), in reverse x_k + a_(k+1) y_(k+1); own: with a_k */
    FX__SCAN_MAX,       /* y_k = the largest of x_0 ... x_k, index the last place of it; NaN stays */
    FX__SCAN_MIN
} fx__scan_kind;

typedef struct fx__scan {
    fx__scan_kind kind;
    int64_t outer, count, inner;
    bool reverse; /* from the last to the first */
    bool own;     /* FX__SCAN_LINEAR */
    const void *x, *a;
    void *y;
    int64_t *index; /* FX__SCAN_MAX, FX__SCAN_MIN */
    int threads;
} fx__scan;

void fx__scan_f32(const fx__scan *s);
void fx__scan_f64(const fx__scan *s);
void fx__scan_i64(const fx__scan *s); /* sum, product, max, min; sums and products wrap around */

#endif
