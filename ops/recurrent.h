/* A recurrent layer's steps as one op: what its forward, its gradient and its formula share.
 *
 * Inputs are x and weight, then those of bias, h, c, project and lengths that are there. Outputs are h of all
 * steps, the sums that the gradient needs (kernels/recurrent.h: "kept"), and of an LSTM c of all steps. All
 * three have gradients: the formula of the gradient is in terms of them, so that it can be differentiated
 * without running the steps again.
 */
#ifndef FLUXION_OPS_RECURRENT_H
#define FLUXION_OPS_RECURRENT_H

#include "function.h"

#include "kernels/gemm.h"
#include "kernels/recurrent.h"

typedef enum fx__recur_input {
    RECUR_X,
    RECUR_WEIGHT,
    RECUR_BIAS,
    RECUR_H,
    RECUR_C,
    RECUR_PROJECT,
    RECUR_LENGTHS,
    RECUR_INPUTS
} fx__recur_input;
enum { RECUR_Y, RECUR_KEPT, RECUR_CELLS };

typedef struct fx__recur_options {
    int cell;
    bool reverse;
    int8_t at[RECUR_INPUTS]; /* where each input stands; -1: it is not there */
} fx__recur_options;

/* Sizes of a call. */
typedef struct fx__recur_sizes {
    int64_t steps, batch, width, state; /* T, B, H, R */
    int64_t gates, kept;                /* numbers for each unit */
} fx__recur_sizes;
fx__recur_sizes fx__recur_sizes_of(const fx_call *c);

static inline const fx__recur_options *fx__recur_options_of(const fx_call *c) { return c->options; }
static inline bool fx__recur_has(const fx_call *c, fx__recur_input which)
{
    return fx__recur_options_of(c)->at[which] >= 0;
}
static inline fx_tensor *fx__recur_input_of(const fx_call *c, fx__recur_input which)
{
    return fx__recur_has(c, which) ? c->x[fx__recur_options_of(c)->at[which]] : NULL;
}
static inline bool fx__recur_wants(const fx_call *c, fx__recur_input which)
{
    return fx__recur_has(c, which) && fx_call_needs(c, fx__recur_options_of(c)->at[which]);
}

/* Step number k, in the order of running. */
static inline int64_t fx__recur_step(const fx_call *c, int64_t steps, int64_t k)
{
    return fx__recur_options_of(c)->reverse ? steps - 1 - k : k;
}

/* Length b, whatever integer type it has. */
int64_t fx__recur_length(const fx_tensor *lengths, int64_t b);

void fx__recur_forward(const fx_call *c);                                         /* recurrent.c */
void fx__recur_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[]); /* recurrent.c */
void fx__recur_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);       /* recurrent_formula.c */

#endif
