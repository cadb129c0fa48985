/* Dropout and its kinds; gradients checked against finite differences. (ops.h: what all ops have in common.)
 */
#ifndef FLUXION_PUBLIC_RANDOM_H
#define FLUXION_PUBLIC_RANDOM_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zeroes each number with probability p and divides the others by 1 - p, so that the mean stays; p = 0 or
 * training = false gives x itself, p = 1 zeros. Which are zero depends on the context's random numbers alone,
 * not on threads; the gradient repeats them, and keeps nothing. p outside [0, 1] is an error. feature_dropout
 * zeroes whole channels of x (N, C, ...); alpha_dropout sets to selu's lower limit, and scales and shifts so
 * that mean 0 and variance 1 stay (Klambauer et al., "Self-normalizing neural networks", 2017). */
typedef struct fx_dropout_args {
    fx_tensor *x;
    double p;      /* 0.5 */
    bool training; /* true */
} fx_dropout_args;
#define FX__DROPOUT(...) (FX_LITERAL(fx_dropout_args){ .p = 0.5, .training = true, .x = __VA_ARGS__ })
#define fx_dropout(...) fx_dropout_at(FX__DROPOUT(__VA_ARGS__), FX_HERE)
#define fx_feature_dropout(...) fx_feature_dropout_at(FX__DROPOUT(__VA_ARGS__), FX_HERE)
#define fx_alpha_dropout(...) fx_alpha_dropout_at(FX__DROPOUT(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_dropout_at(fx_dropout_args args, fx_where where);
FX_API fx_tensor *fx_feature_dropout_at(fx_dropout_args args, fx_where where);
FX_API fx_tensor *fx_alpha_dropout_at(fx_dropout_args args, fx_where where);

/* Checks the gradient of an op against differences, every number of every input, in float64:
 *
 *     fx_gradcheck(cx, &bump, x, .order = 2, .report = stdout);
 *     fx_gradcheck(cx, &scale, x, .x1 = w, .options = &options);
 *     fx_gradcheck_function(cx, loss_of, model, FX_LIST(x, w), .report = stderr);
 *
 * Checked are the inputs that require a gradient, or else all that are of a floating dtype; the tensors given
 * are not changed. The gradient under a random seed, by local_grad and by local_grad_fused, is compared with
 * the differences of each output, extrapolated to high order with an estimate e of what they may be off
 * (about 1e-12 of the number for smooth functions). A number is wrong if it is off by more than 16 e +
 * tolerance * (the sum of |terms| that make it up): there is no absolute floor. Where a function has a kink,
 * anything between the derivatives from the left and from the right is right; numbers that differences cannot
 * tell (16 e is more than a thousandth of them) are counted as such. Order 2 checks the gradient of the
 * gradient in the inputs and in the seed. Also: a second backward gives the same bits, a zero seed gives
 * zeros, and a gradient that is left out must be zero (it is left out when an input that the closure reads is
 * not in .captures). Random ops repeat their numbers. Returns FX_OK, or FX_ERROR_GRADIENT with the worst
 * number in the message, or what the op's own failure is. */
typedef struct fx_gradcheck_args {
    fx_tensor *x, *x1, *x2, *x3; /* an op's inputs, in order ... */
    fx_list inputs;              /* ... or as a list */
    const void *options;         /* of the op */
    int order;                   /* 1 (or 0), or 2 */
    double tolerance;            /* 0: 1e-10 */
    FILE *report;                /* NULL: none */
} fx_gradcheck_args;
#define fx_gradcheck(cx, op, ...)                                                                            \
    fx_gradcheck_at(cx, op, FX_LITERAL(fx_gradcheck_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_gradcheck_function(cx, function, data, ...)                                                       \
    fx_gradcheck_function_at(cx, function, data, FX_LITERAL(fx_gradcheck_args){ .inputs = __VA_ARGS__ },     \
                             FX_HERE)
FX_API fx_status fx_gradcheck_at(fx_context *cx, const fx_op *op, fx_gradcheck_args args, fx_where where);
FX_API fx_status fx_gradcheck_function_at(fx_context *cx, fx_checkpoint_function *function, void *data,
                                          fx_gradcheck_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
