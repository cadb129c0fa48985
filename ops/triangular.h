/* Solving with a triangle, as the other families of linear algebra do it: differentiable, the stacks
 * broadcast. */
#ifndef FLUXION_OPS_TRIANGULAR_H
#define FLUXION_OPS_TRIANGULAR_H

#include "matrices.h"

/* X of A X = B, or of A^T X = B; A's lower or upper triangle, unit: with ones on its diagonal. */
fx_tensor *fx__solve_triangular(fx_tensor *a, fx_tensor *b, bool upper, bool transposed, bool unit,
                                fx_where where);

#endif
