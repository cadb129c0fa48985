/* Updates of parameters: one pass over a parameter, its gradient and its state.
 *
 * Every rule has the signature fx_update_kernel; what it reads of the numbers and of the state is told beside
 * its name. Each element is computed from its own numbers alone, in IEEE operations that round alike
 * everywhere: the bits depend neither on the instruction set nor on how a parameter is cut into blocks.
 */
#ifndef FLUXION_KERNELS_OPTIM_H
#define FLUXION_KERNELS_OPTIM_H

#include "kernels.h"

enum { FX__UPDATE_STATES = 3 };

/* The numbers of an update, the same for all elements of a parameter. */
typedef struct fx_update {
    double sign;         /* of the gradient: -1 to maximize */
    double weight_decay; /* times the parameter, added to the gradient; 0: not added */
    double shrink;       /* the parameter is multiplied by it first; 1: it is not */
    double rate;         /* of the step */
    double rate2;
    double momentum;
    double beta1, beta2; /* what running averages keep: of the gradient, of its square */
    double gain1, gain2; /* what they take of the new: 1 - beta1, 1 - beta2; 1 - dampening */
    double correction;   /* of the root of the second average */
    double eps;
    double low, high;
    bool first; /* the buffer is set, not averaged */
    bool nesterov;
    bool flag; /* amsgrad, centered, rectified */
} fx_update;

/* state[k] has n numbers of the parameter's type, or is NULL where a rule does not need it. */
typedef void fx_update_kernel(int64_t n, void *p, const void *g, void *const *state, const fx_update *u);

#define FX_UPDATE_RULES(X)                                                                                   \
    X(sgd)      /* momentum_buffer */                                                                        \
    X(adam)     /* exp_avg, exp_avg_sq, max_exp_avg_sq */                                                    \
    X(rmsprop)  /* square_avg, momentum_buffer, grad_avg */                                                  \
    X(adagrad)  /* sum */                                                                                    \
    X(adadelta) /* square_avg, acc_delta */                                                                  \
    X(adamax)   /* exp_avg, exp_inf */                                                                       \
    X(nadam)    /* exp_avg, exp_avg_sq */                                                                    \
    X(radam)    /* exp_avg, exp_avg_sq */                                                                    \
    X(asgd)     /* ax */                                                                                     \
    X(rprop)    /* prev, step_size */

struct fx_optim_kernels {
#define FX__RULE(name) fx_update_kernel *name##_f32, *name##_f64;
    FX_UPDATE_RULES(FX__RULE)
#undef FX__RULE

    /* Of one block of a gradient, summed in an order that depends on n alone: its squares, its absolute
     * values, their p-th powers, the largest of them (NaN if there is one). */
    double (*sum_squares_f32)(int64_t n, const float *x);
    double (*sum_squares_f64)(int64_t n, const double *x);
    double (*sum_abs_f32)(int64_t n, const float *x);
    double (*sum_abs_f64)(int64_t n, const double *x);
    double (*sum_powers_f32)(int64_t n, const float *x, double p);
    double (*sum_powers_f64)(int64_t n, const double *x, double p);
    double (*max_abs_f32)(int64_t n, const float *x);
    double (*max_abs_f64)(int64_t n, const double *x);

    /* x[i] *= factor; and x[i] to [low, high], NaN as it is. */
    void (*scale_f32)(int64_t n, float *x, double factor);
    void (*scale_f64)(int64_t n, double *x, double factor);
    void (*clamp_f32)(int64_t n, float *x, double low, double high);
    void (*clamp_f64)(int64_t n, double *x, double low, double high);
};

#endif
