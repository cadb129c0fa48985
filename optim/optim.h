/* Optimizers: update rules for named tensors, groups of them with options of their own, clipping of
 * gradients.
 *
 *     fx_optimizer *adam = fx_adam(fx_parameters(net), .lr = 1e-3);
 *     fx_backward(loss);
 *     fx_clip_norm(adam, 1.0);
 *     fx_step(adam);
 *
 * Rules, defaults and order of operations are PyTorch's; below, p is a parameter, g its gradient, t counts
 * the updates of p from 1. A parameter without a gradient (fx_grad() NULL) is skipped: no decay, no momentum,
 * no t. A zero gradient is a gradient like any other. Maximizing changes the sign of g before anything else
 * is done.
 *
 * An optimizer belongs to its context and ends with it. Its parameters must live as long: leaves of a
 * floating dtype, contiguous, no tensor twice. A rate, momentum or the like that is negative or NaN is an
 * error (FX_ERROR_ARGUMENT) that names it. Any number of threads gives the same bits.
 */
#ifndef FLUXION_OPTIM_H
#define FLUXION_OPTIM_H

#include "autograd.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_optimizer fx_optimizer;

/* ---- the rules ----------------------------------------------------------------------------------------- */

/* Stochastic gradient descent: g += weight_decay p; with momentum: b = g the first time, b = momentum b + (1
 * - dampening) g later, g = b, or g + momentum b (Nesterov's); p -= lr g. Nesterov's needs a momentum and no
 * dampening. */
typedef struct fx_sgd_args {
    fx_named_list parameters;
    double lr, momentum, dampening, weight_decay;
    bool nesterov, maximize;
} fx_sgd_args;
#define FX_SGD_DEFAULTS .lr = 1e-3,
#define fx_sgd(...) fx_sgd_at(FX_LITERAL(fx_sgd_args){ FX_SGD_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_sgd_at(fx_sgd_args args, fx_where where);

/* Adam (Kingma, Ba, arXiv:1412.6980): g += weight_decay p; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 -
 * beta2) g^2; p -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps). amsgrad: the largest v so far
 * stands in the root. */
typedef struct fx_adam_args {
    fx_named_list parameters;
    double lr, betas[2], eps, weight_decay;
    bool amsgrad, maximize;
} fx_adam_args;
#define FX_ADAM_DEFAULTS .lr = 1e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8,
#define fx_adam(...)                                                                                         \
    fx_adam_at(FX_LITERAL(fx_adam_args){ FX_ADAM_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_adam_at(fx_adam_args args, fx_where where);

/* AdamW (Loshchilov, Hutter, arXiv:1711.05101): p *= 1 - lr weight_decay, then Adam without decay in g. */
#define FX_ADAMW_DEFAULTS FX_ADAM_DEFAULTS.weight_decay = 1e-2,
#define fx_adamw(...)                                                                                        \
    fx_adamw_at(FX_LITERAL(fx_adam_args){ FX_ADAMW_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_adamw_at(fx_adam_args args, fx_where where);

/* RMSprop (Hinton, lecture 6e of "Neural networks for machine learning", 2012): s = alpha s + (1 - alpha)
 * g^2; a = sqrt(s)
 * + eps, or, centered, a = sqrt(s - h^2) + eps with h = alpha h + (1 - alpha) g; p -= lr g / a, or, with
 * momentum, b = momentum b + g / a and p -= lr b. */
typedef struct fx_rmsprop_args {
    fx_named_list parameters;
    double lr, alpha, eps, weight_decay, momentum;
    bool centered, maximize;
} fx_rmsprop_args;
#define FX_RMSPROP_DEFAULTS .lr = 1e-2, .alpha = 0.99, .eps = 1e-8,
#define fx_rmsprop(...)                                                                                      \
    fx_rmsprop_at(FX_LITERAL(fx_rmsprop_args){ FX_RMSPROP_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_rmsprop_at(fx_rmsprop_args args, fx_where where);

/* Adagrad (Duchi, Hazan, Singer, JMLR 12, 2011): s += g^2; p -= lr / (1 + (t - 1) lr_decay) g / (sqrt(s) +
 * eps). */
typedef struct fx_adagrad_args {
    fx_named_list parameters;
    double lr, lr_decay, weight_decay, initial_accumulator_value, eps;
    bool maximize;
} fx_adagrad_args;
#define FX_ADAGRAD_DEFAULTS .lr = 1e-2, .eps = 1e-10,
#define fx_adagrad(...)                                                                                      \
    fx_adagrad_at(FX_LITERAL(fx_adagrad_args){ FX_ADAGRAD_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_adagrad_at(fx_adagrad_args args, fx_where where);

/* Adadelta (Zeiler, arXiv:1212.5701): s = rho s + (1 - rho) g^2; d = sqrt(a + eps) / sqrt(s + eps) g;
 * a = rho a + (1 - rho) d^2; p -= lr d. */
typedef struct fx_adadelta_args {
    fx_named_list parameters;
    double lr, rho, eps, weight_decay;
    bool maximize;
} fx_adadelta_args;
#define FX_ADADELTA_DEFAULTS .lr = 1, .rho = 0.9, .eps = 1e-6,
#define fx_adadelta(...)                                                                                     \
    fx_adadelta_at(FX_LITERAL(fx_adadelta_args){ FX_ADADELTA_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_adadelta_at(fx_adadelta_args args, fx_where where);

/* Adamax (arXiv:1412.6980, section 7.1): m as Adam's; u = max(beta2 u, |g| + eps); p -= lr / (1 - beta1^t) m
 * / u. */
#define FX_ADAMAX_DEFAULTS .lr = 2e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8,
#define fx_adamax(...)                                                                                       \
    fx_adamax_at(FX_LITERAL(fx_adam_args){ FX_ADAMAX_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_adamax_at(fx_adam_args args, fx_where where); /* amsgrad: an error */

/* RAdam (Liu et al., arXiv:1908.03265): Adam's m and v; r_inf = 2 / (1 - beta2) - 1, r = r_inf - 2 t beta2^t
 * / (1 - beta2^t); M = m / (1 - beta1^t); where r > 5: p -= lr M sqrt(1 - beta2^t) / (sqrt(v) + eps) sqrt((r
 * - 4) (r - 2) r_inf / ((r_inf - 4) (r_inf - 2) r)), else p -= lr M. */
#define fx_radam(...)                                                                                        \
    fx_radam_at(FX_LITERAL(fx_adam_args){ FX_ADAM_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_radam_at(fx_adam_args args, fx_where where); /* amsgrad: an error */

/* NAdam (Dozat, "Incorporating Nesterov momentum into Adam", 2016): Adam's m and v; mu_t = beta1 (1 - 0.96^(t
 * momentum_decay) / 2); P_t the product of mu_1 ... mu_t; a = sqrt(v / (1 - beta2^t)) + eps;
 * p -= lr (1 - mu_t) / (1 - P_t) g / a; p -= lr mu_{t+1} / (1 - P_{t+1}) m / a. */
typedef struct fx_nadam_args {
    fx_named_list parameters;
    double lr, betas[2], eps, weight_decay, momentum_decay;
    bool maximize;
} fx_nadam_args;
#define FX_NADAM_DEFAULTS .lr = 2e-3, .betas = { 0.9, 0.999 }, .eps = 1e-8, .momentum_decay = 4e-3,
#define fx_nadam(...)                                                                                        \
    fx_nadam_at(FX_LITERAL(fx_nadam_args){ FX_NADAM_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_nadam_at(fx_nadam_args args, fx_where where);

/* Averaged SGD (Polyak, Juditsky, 1992): p *= 1 - lambd eta; p -= eta g; a += mu (p - a), the first time a =
 * p; then eta = lr / (1 + lambd lr t)^alpha, mu = 1 / max(1, t - t0). The averages are state "ax". */
typedef struct fx_asgd_args {
    fx_named_list parameters;
    double lr, lambd, alpha, t0, weight_decay;
    bool maximize;
} fx_asgd_args;
#define FX_ASGD_DEFAULTS .lr = 1e-2, .lambd = 1e-4, .alpha = 0.75, .t0 = 1e6,
#define fx_asgd(...)                                                                                         \
    fx_asgd_at(FX_LITERAL(fx_asgd_args){ FX_ASGD_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_asgd_at(fx_asgd_args args, fx_where where);

/* Rprop (Riedmiller, Braun, 1993): each number has a step s of its own, from lr on; where g and the last g
 * agree in sign s *= etas[1], where not s *= etas[0] and g = 0; s stays within step_sizes; p -= sign(g) s. */
typedef struct fx_rprop_args {
    fx_named_list parameters;
    double lr, etas[2], step_sizes[2];
    bool maximize;
} fx_rprop_args;
#define FX_RPROP_DEFAULTS .lr = 1e-2, .etas = { 0.5, 1.2 }, .step_sizes = { 1e-6, 50 },
#define fx_rprop(...)                                                                                        \
    fx_rprop_at(FX_LITERAL(fx_rprop_args){ FX_RPROP_DEFAULTS.parameters = __VA_ARGS__ }, FX_HERE)
FX_API fx_optimizer *fx_rprop_at(fx_rprop_args args, fx_where where);

/* ---- groups -------------------------------------------------------------------------------------------- */

/* Adds parameters, with options of their own where given: fx_add_group(sgd, list, .lr = 1e-4, .weight_decay =
 * 0). What is not given is what the optimizer was made with. A tensor that it has already is an error. */
typedef struct fx_group_args {
    fx_optimizer *optimizer;
    fx_named_list parameters;
    double lr, momentum, dampening, weight_decay, betas[2], eps; /* NaN: not given */
    int nesterov, maximize, amsgrad;                             /* -1: not given */
} fx_group_args;
#define FX__NAN __builtin_nan("")
#define FX_GROUP_DEFAULTS                                                                                    \
    .lr = FX__NAN, .momentum = FX__NAN, .dampening = FX__NAN, .weight_decay = FX__NAN,                       \
    .betas = { FX__NAN, FX__NAN }, .eps = FX__NAN, .nesterov = -1, .maximize = -1, .amsgrad = -1,
#define fx_add_group(optimizer_, ...)                                                                        \
    fx_add_group_at(                                                                                         \
        FX_LITERAL(fx_group_args){ FX_GROUP_DEFAULTS.optimizer = optimizer_, .parameters = __VA_ARGS__ },    \
        FX_HERE)
FX_API fx_status fx_add_group_at(fx_group_args args, fx_where where);

/* How many groups; at least 1. 0 for NULL. */
FX_API int fx_group_count(const fx_optimizer *optimizer);

/* The learning rate of the first group, or of a given one; and setting it: of all groups, or of one. NAN, or
 * FX_ERROR_INDEX, for a group that there is not. */
FX_API double fx_lr(const fx_optimizer *optimizer);
FX_API double fx_group_lr(const fx_optimizer *optimizer, int group);
#define fx_set_lr(optimizer, lr) fx_set_lr_at(optimizer, lr, FX_HERE)
#define fx_set_group_lr(optimizer, group, lr) fx_set_group_lr_at(optimizer, group, lr, FX_HERE)
FX_API fx_status fx_set_lr_at(fx_optimizer *optimizer, double lr, fx_where where);
FX_API fx_status fx_set_group_lr_at(fx_optimizer *optimizer, int group, double lr, fx_where where);

/* ---- steps --------------------------------------------------------------------------------------------- */

/* Updates each parameter that has a gradient, and then clears the gradients. Counts as an in-place change of
 * each. On failure nothing has changed. fx_step(adam, .keep_grads = true)   keeps the gradients fx_step(adam,
 * .parameter = w)       updates w alone, as an accumulate hook may */
typedef struct fx_step_args {
    fx_optimizer *optimizer;
    fx_tensor *parameter;
    bool keep_grads;
} fx_step_args;
#define fx_step(...) fx_step_at(FX_LITERAL(fx_step_args){ .optimizer = __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_step_at(fx_step_args args, fx_where where);

/* Clears the gradients; or, with .set_to_none = false, fills those that there are with zeros. */
typedef struct fx_zero_grad_args {
    fx_optimizer *optimizer;
    bool set_to_none;
} fx_zero_grad_args;
#define FX_ZERO_GRAD_DEFAULTS .set_to_none = true,
#define fx_zero_grad(...)                                                                                    \
    fx_zero_grad_at(FX_LITERAL(fx_zero_grad_args){ FX_ZERO_GRAD_DEFAULTS.optimizer = __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_zero_grad_at(fx_zero_grad_args args, fx_where where);

/* ---- clipping ------------------------------------------------------------------------------------------ */

/* Multiplies all gradients of an optimizer by min(1, max_norm / (total + 1e-6)) and returns total, the p-norm
 * of them all taken as one vector, before; 0 without gradients. norm_type is p > 0, INFINITY included. A
 * total that is not finite spoils every gradient, or with error_if_nonfinite is an error (FX_ERROR_NUMBER),
 * and nothing has changed. NAN after an error. Of a list instead of an optimizer: fx_clip_norm(NULL, 1.0,
 * .parameters = fx_parameters(net)). */
typedef struct fx_clip_norm_args {
    fx_optimizer *optimizer;
    double max_norm, norm_type;
    fx_named_list parameters;
    bool error_if_nonfinite;
} fx_clip_norm_args;
#define FX_CLIP_NORM_DEFAULTS .norm_type = 2,
#define fx_clip_norm(optimizer_, ...)                                                                        \
    fx_clip_norm_at(FX_LITERAL(fx_clip_norm_args){ FX_CLIP_NORM_DEFAULTS.optimizer = optimizer_,             \
                                                   .max_norm = __VA_ARGS__ },                                \
                    FX_HERE)
FX_API double fx_clip_norm_at(fx_clip_norm_args args, fx_where where);

/* Moves every number of every gradient into [-value, value]; NaN stays. */
typedef struct fx_clip_value_args {
    fx_optimizer *optimizer;
    double value;
    fx_named_list parameters;
} fx_clip_value_args;
#define fx_clip_value(optimizer_, ...)                                                                       \
    fx_clip_value_at(FX_LITERAL(fx_clip_value_args){ .optimizer = optimizer_, .value = __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_clip_value_at(fx_clip_value_args args, fx_where where);

/* ---- state --------------------------------------------------------------------------------------------- */

/* All that an optimizer is besides its parameters, as tensors that show its own memory: writing them restores
 * it. "0.step", "0.exp_avg" ... of parameter 0 in the order of adding, "group.0.lr", "group.0.betas" ... of
 * group 0; numbers are float64. The tensors belong to the open scope; names and list stand until the next
 * call. An empty list after an error. */
#define fx_optimizer_state(optimizer) fx_optimizer_state_at(optimizer, FX_HERE)
FX_API fx_named_list fx_optimizer_state_at(fx_optimizer *optimizer, fx_where where);

/* The parameters, in the order of adding. The list stands until a group is added. */
FX_API fx_named_list fx_optimizer_parameters(const fx_optimizer *optimizer);

/* "sgd", "adam", "adamw" ... "" for NULL. */
FX_API const char *fx_optimizer_name(const fx_optimizer *optimizer);

#ifdef __cplusplus
}
#endif
#endif
