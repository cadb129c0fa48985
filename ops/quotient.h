/* Quotients and powers that are 0 at 0, to every order: what gradients of norms are made of. Elementwise, of
 * equal shapes.
 */
#ifndef FLUXION_OPS_QUOTIENT_H
#define FLUXION_OPS_QUOTIENT_H

#include "lanes.h"

/* a / b, and 0 where b is 0, whatever a. */
fx_tensor *fx__quotient(fx_tensor *a, fx_tensor *b, fx_where where);
/* |x|^power, with the sign of x if odd; 0 where x is 0 (|x|^0 is 1 there, too). */
fx_tensor *fx__magnitude_power(fx_tensor *x, double power, bool odd, fx_where where);

/* y = scale (x - shift), each lane of x having its own; shift NULL: 0 (ops/moments.c). */
void fx__center_lanes(const fx_call *c, const fx_tensor *x, unsigned mask, const double *scale,
                      const double *shift, fx_tensor *y);

#endif
