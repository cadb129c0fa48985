/* Convolutions of one to three dimensions, over float and double, and the two products that are their
 * gradients:
 *
 *     y[n, o, q] = sum over c, t of x[n, c, q stride + t dilation - before] w[o, c, t]
 *     x[n, c, p] = sum over o, q, t with p = q stride + t dilation - before of y[n, o, q] w[o, c, t]
 *     w[o, c, t] = sum over n, q of x[n, c, q stride + t dilation - before] y[n, o, q]
 *
 * where what lies outside x is zero; channels are in groups that do not see each other. Each is a product of
 * matrices with the columns of x, [channel and tap][place of y], which are made for some places at a time, as
 * many as stay in the cache. The bits depend neither on threads nor on how the places are cut: products add
 * in the order of what they sum over (gemm.h), and gradients of weights add blocks of images that the batch
 * alone decides.
 */
#ifndef FLUXION_KERNELS_CONV_H
#define FLUXION_KERNELS_CONV_H

#include "kernels.h"

enum { FX__CONV_DIMS = 3 };

/* Fewer dimensions than three begin with ones. */
typedef struct fx__conv {
    bool f64;
    int64_t batch, groups;
    int64_t in, out; /* channels of a group: of x, of y */
    int64_t x[FX__CONV_DIMS], y[FX__CONV_DIMS], kernel[FX__CONV_DIMS];
    int64_t stride[FX__CONV_DIMS], dilation[FX__CONV_DIMS], before[FX__CONV_DIMS];
} fx__conv;

typedef enum fx__conv_kind { FX__CONV_Y, FX__CONV_X, FX__CONV_W } fx__conv_kind;

/* Computes y of x and w, x of y and w, or w of x and y: all row-major, as (batch, groups x channels, places)
 * and (groups x out, in, taps). bias: a number for each channel of the result, or NULL; not for w. work:
 * fx__conv_work() bytes, aligned to 64. */
void fx__conv_run(int threads, const fx__conv *c, fx__conv_kind kind, void *x, void *w, void *y,
                  const void *bias, void *work);
size_t fx__conv_work(int threads, const fx__conv *c, fx__conv_kind kind);

/* The columns themselves, (batch, channels x taps, places), of x; and x as the sum of what each of its
 * numbers is in the columns: the adjoint. One group. */
void fx__conv_columns(int threads, const fx__conv *c, const void *x, void *columns);
void fx__conv_add_columns(int threads, const fx__conv *c, void *x, const void *columns);

/* to[channel] = the sum over batch and places of y, (batch, channels, places). */
void fx__conv_channel_sums(int threads, bool f64, int64_t batch, int64_t channels, int64_t places,
                           const void *y, void *to);

#endif
