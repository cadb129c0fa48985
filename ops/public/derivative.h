/* Derivatives of functions: products with a Jacobian from either side, Hessians, and what they are made of.
 * (ops.h: what all ops have in common.) */
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

/* ---- derivatives of a function of the caller's --------------------------------------------------------- */

/* A function of tensors: makes y[0 .. n-1] of x[0 .. inputs-1] and returns n, at most FX_MAX_OUTPUTS. A
 * result that is NULL, 0, or an error recorded on the way is a failure, which the caller of the derivative
 * gets. x are tensors of the function's own, that require a gradient and may not be written in place; what it
 * takes from elsewhere (through data) is constant, or keeps the gradient that it has under .create_graph. */
typedef int fx_tensor_function(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS]);

typedef enum fx_jacobian_mode {
    FX_JACOBIAN_AUTO,    /* whichever takes fewer passes */
    FX_JACOBIAN_REVERSE, /* by rows: one pass for each number of the results (torch.func.jacrev) */
    FX_JACOBIAN_FORWARD  /* by columns: one for each number of the inputs (torch.func.jacfwd) */
} fx_jacobian_mode;

/* What the five functions below are given. They run the function once, with gradients recorded whatever the
 * mode is, touch no fx_grad(), and leave nothing behind but their results, which belong to the open scope. On
 * failure those are NULL and the code is returned: FX_ERROR_SHAPE for a vector that does not fit,
 * FX_ERROR_GRAPH where .strict refuses, FX_ERROR_ARGUMENT, FX_ERROR_USER where the function fails without
 * saying why, and whatever it or a gradient says. Meaning and names are those of torch.autograd.functional.
 */
typedef struct fx_derivative_args {
    fx_tensor_function *function;
    void *data;       /* handed to the function */
    fx_tensor *input; /* where the derivative is taken: one tensor */
    fx_list inputs;   /* ... or several; floating, and a tensor that stands twice is two arguments */
    fx_tensor *v;     /* the vector: of the shape of what it is multiplied with; may be left out where that */
    fx_list vs;       /* is one number. Several, instead of v: one for each */
    int outputs;      /* how many tensors the function gives; 0 means 1 */
    fx_tensor **values; /* receives those, if it is not NULL */
    bool create_graph;  /* results have a graph of their own: in the inputs that require a gradient, in v, and
                         * in  what the function takes from elsewhere. A derivative within a function that is
                         * differentiated itself needs it */
    bool strict; /* a result that does not depend on an input, or has no gradient, is an error; otherwise
                  * its derivative is zeros */
    fx_jacobian_mode mode; /* of fx_jacobian and fx_hessian */
} fx_derivative_args;

/* results[i] = sum over k of v[k]^T (d y[k] / d x[i]): as inputs[i]. One pass. */
#define fx_vjp(results, F, ...)                                                                              \
    fx_vjp_at(results, FX_LITERAL(fx_derivative_args){ .function = F, __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_vjp_at(fx_tensor **results, fx_derivative_args args, fx_where where);

/* results[k] = sum over i of (d y[k] / d x[i]) v[i]: as y[k], for .outputs tensors. The gradient is linear in
 * its seed u, and the jvp is the gradient of <gradient, v> in u: two passes, for any op that has a second
 * derivative (docs/derivatives.md says what it costs). */
#define fx_jvp(results, F, ...)                                                                              \
    fx_jvp_at(results, FX_LITERAL(fx_derivative_args){ .function = F, __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_jvp_at(fx_tensor **results, fx_derivative_args args, fx_where where);

/* results[i] = sum over j of (d2 y / d x[i] d x[j]) v[j], of a function of one number: as inputs[i]. The
 * gradient of <gradient, v>, which uses that a Hessian is symmetric: two passes. */
#define fx_hvp(results, F, ...)                                                                              \
    fx_hvp_at(results, FX_LITERAL(fx_derivative_args){ .function = F, __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_hvp_at(fx_tensor **results, fx_derivative_args args, fx_where where);

/* results[k * inputs + i] = d y[k] / d x[i], of the sizes of y[k] followed by those of x[i]: at most
 * FX_MAX_DIMS in all. */
#define fx_jacobian(results, F, ...)                                                                         \
    fx_jacobian_at(results, FX_LITERAL(fx_derivative_args){ .function = F, __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_jacobian_at(fx_tensor **results, fx_derivative_args args, fx_where where);

/* results[i * inputs + j] = d2 y / d x[i] d x[j], of a function of one number: of the sizes of x[i] followed
 * by those of x[j]. The Jacobian of the gradient. */
#define fx_hessian(results, F, ...)                                                                          \
    fx_hessian_at(results, FX_LITERAL(fx_derivative_args){ .function = F, __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_hessian_at(fx_tensor **results, fx_derivative_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
