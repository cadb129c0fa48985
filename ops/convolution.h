/* Convolutions as ops: each of the three is the others' gradients.
 */
#ifndef FLUXION_OPS_CONVOLUTION_H
#define FLUXION_OPS_CONVOLUTION_H

#include "shape.h"

enum { FX__CONVOLVED = 3 }; /* dimensions at most */

/* How x (N, C, ...) and y (N, O, ...) belong together; both sizes are said, so that nothing has to be guessed
 * where a stride leaves some of x unread. */
typedef struct fx__window {
    int ndim;
    int64_t groups;
    int64_t x[FX__CONVOLVED], y[FX__CONVOLVED], kernel[FX__CONVOLVED];
    int64_t stride[FX__CONVOLVED], dilation[FX__CONVOLVED], before[FX__CONVOLVED];
} fx__window;

/* y of x and w (O, C / groups, kernel ...); x of y and w; w of x and y. bias: one for each channel of the
 * result, or NULL. All of one dtype. */
fx_tensor *fx__convolve(fx_tensor *x, fx_tensor *w, fx_tensor *bias, const fx__window *window,
                        fx_where where);
fx_tensor *fx__convolve_back(fx_tensor *y, fx_tensor *w, fx_tensor *bias, const fx__window *window,
                             fx_where where);
fx_tensor *fx__correlate(fx_tensor *x, fx_tensor *y, const fx__window *window, fx_where where);

#endif
