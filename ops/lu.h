/* Row swaps, and solving with factors P L U that lie in one matrix, as LAPACK has them: differentiable. */
#ifndef FLUXION_OPS_LU_H
#define FLUXION_OPS_LU_H

#include "triangular.h"

/* x with its rows i and pivots[i] - 1 swapped, for i = 0, 1 ... (P^T x), or in the reverse order (P x).
 * Stacks broadcast. */
fx_tensor *fx__swap_rows(fx_tensor *x, fx_tensor *pivots, bool reverse, fx_where where);

#endif
