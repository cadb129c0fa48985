/* Scans along the middle of three axes, and the ops that their gradients are made of.
 */
#ifndef FLUXION_OPS_SCAN_H
#define FLUXION_OPS_SCAN_H

#include "lanes.h"

/* Running products along lanes, from the first on or, in reverse, from the last. */
fx_tensor *fx__running_product(fx_tensor *x, const fx__lanes *l, bool reverse, fx_where where);
/* y_k = x_(k-1), back: x_(k+1); fill where there is none. */
fx_tensor *fx__shifted(fx_tensor *x, const fx__lanes *l, bool back, double fill, fx_where where);

#endif
