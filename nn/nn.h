/* Modules: trees of named parameters with a forward function; layers; initial values; files of both.
 *
 *     fx_module *net = fx_sequential(cx, fx_linear_layer(cx, 784, 128), fx_activation_layer(cx, FX_RELU),
 *                                    fx_linear_layer(cx, 128, 10));
 *     fx_tensor *y = fx_forward(net, x);
 *     fx_optimizer *adam = fx_adam(fx_parameters(net), .lr = 1e-3);
 *
 * A module belongs to its context, whatever scope is open when it is made, and ends with it; so do its
 * parameters and buffers. Names, defaults and initial values are PyTorch's: "0.weight" of fx_sequential() is
 * "0.weight" of torch.nn.Sequential. A NULL module or tensor passed in gives NULL (or FX_ERROR_ARGUMENT, or
 * an empty list) out, silently: the failure that made it is recorded already.
 */
#ifndef FLUXION_NN_H
#define FLUXION_NN_H

#include "autograd.h"
#include "ops.h"

#include "nn/attention.h"
#include "nn/convolution.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/module.h"
#include "nn/normalization.h"
#include "nn/recurrent.h"

#endif
