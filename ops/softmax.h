/* What softmax shares with the losses.
 */
#ifndef FLUXION_OPS_SOFTMAX_H
#define FLUXION_OPS_SOFTMAX_H

#include "lanes.h"

/* exp x / sum of exp x over the mask. or_zero: 0 in a lane that is all -inf, where it is NaN otherwise. */
fx_tensor *fx__softmax_over(fx_tensor *x, unsigned mask, bool or_zero, fx_where where);
/* g - softmax(x) sum of g: the gradient of log_softmax, exact where a probability is nearly 1. */
fx_tensor *fx__log_softmax_gradient(fx_tensor *x, fx_tensor *g, unsigned mask, fx_where where);

#endif
