/* The differentiable ops, and the registry that describes them.
 *
 * Names, arguments and defaults are PyTorch's where PyTorch has them. Every function here takes tensors of
 * any strides; floating inputs of different dtypes are promoted (fx_promote; a 0-d tensor or a number does
 * not raise the dtype of one with dimensions, but for its kind); shapes broadcast as in NumPy where a comment
 * says "broadcast". Results belong to the open scope. A failure gives NULL and an error that names the op,
 * the shapes and the line (autograd.h).
 *
 * Options follow the tensors as designated initialisers: fx_sum(x, .dims = FX_DIMS(1), .keepdim = true). Each
 * such macro fills a structure fx_NAME_args and calls the plain function fx_NAME_at, which other languages
 * can call.
 */
#ifndef FLUXION_OPS_H
#define FLUXION_OPS_H

#include "autograd.h"

#include "ops/attention.h"
#include "ops/bins.h"
#include "ops/convolution.h"
#include "ops/derivative.h"
#include "ops/difference.h"
#include "ops/elementwise.h"
#include "ops/fft.h"
#include "ops/index.h"
#include "ops/linalg.h"
#include "ops/loss.h"
#include "ops/mask.h"
#include "ops/normalization.h"
#include "ops/order.h"
#include "ops/product.h"
#include "ops/random.h"
#include "ops/recurrent.h"
#include "ops/reduction.h"
#include "ops/registry.h"
#include "ops/shape.h"
#include "ops/spectral.h"

#endif
