/* pick and place: numbers at indices along one dimension, and their adjoint. For ops that find indices
 * themselves; what users give indices to is in the indexing family.
 */
#ifndef FLUXION_OPS_PICK_H
#define FLUXION_OPS_PICK_H

#include "lanes.h"

/* y[o][k][i] = x[o][index[o][k][i]][i], index being int64 of y's shape: x's, but along the dimension, of any
 * size there or without it. */
fx_tensor *fx__pick(fx_tensor *x, fx_tensor *index, unsigned mask, fx_where where);
/* y[o][index[o][k][i]][i] += g[o][k][i], y in the shape of `like`. */
fx_tensor *fx__place(fx_tensor *g, fx_tensor *index, const fx_tensor *like, unsigned mask, fx_where where);
/* The same into gx, without a graph. */
void fx__place_into(fx_tensor *gx, const fx_tensor *g, const fx_tensor *index, unsigned mask);

#endif
