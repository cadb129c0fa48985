/* What the files of losses share.
 */
#ifndef FLUXION_OPS_LOSS_H
#define FLUXION_OPS_LOSS_H

#include "lanes.h"

/* Whether it is one that the loss `name` has (batchmean: if it has that); else reports. */
bool fx__check_reduction(const fx_tensor *x, int reduction, bool batchmean, const char *name, fx_where where);

/* Losses, one each, reduced. */
fx_tensor *fx__reduce_losses(fx_tensor *losses, int reduction, fx_where where);

#endif
