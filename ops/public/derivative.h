/* Derivatives of many outputs at once. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_DERIVATIVE_H
#define FLUXION_PUBLIC_DERIVATIVE_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Gradients under a batch of seeds, each as if it were alone: seeds have a first dimension more than their
 * outputs, and so have the results over the inputs. The rows of a Jacobian are those of an identity:
 *
 *     fx_gradients_batched(&jacobian, .output = y, .input = x, .seed = identity);
 *
 * Arguments as of fx_gradients(); results[i] is NULL where an input is not used and .allow_unused is set.
 * With .create_graph the results have a history, in the seeds as well. FX_ERROR_SHAPE: a seed is no batch of
 * its output. */
#define fx_gradients_batched(results, ...)                                                                   \
    fx_gradients_batched_at(results, FX_LITERAL(fx_gradient_args){ __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_gradients_batched_at(fx_tensor **results, fx_gradient_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
