/* An optimizer's insides: a rule, groups of parameters, and what each parameter has of state.
 *
 * A group is one piece of memory of the context: options, then a slot for each parameter, then the names. The
 * state of its parameters is another: state 0 of all of them, state 1 of all of them ..., each aligned to a
 * cache line.
 */
#ifndef FLUXION_OPTIM_OPTIMIZER_H
#define FLUXION_OPTIM_OPTIMIZER_H

#include "ops/kernels/optim.h"

#include <fluxion/optim.h>

/* Options, of all rules together: whatever a checkpoint must hold is a double. */
typedef struct fx_hyper {
    double lr, momentum, dampening, weight_decay, betas[2], eps, nesterov, maximize, amsgrad, centered;
    double alpha, rho, lr_decay, initial_accumulator_value, lambd, t0, momentum_decay, etas[2], step_sizes[2];
} fx_hyper;

enum { FX__SLOT_SCALARS = 2 };

/* A parameter and what belongs to it. */
typedef struct fx_slot {
    fx_tensor *tensor;
    fx_dtype dtype;
    int64_t numel;
    void *state[FX__UPDATE_STATES];
    double step; /* updates so far */
    double scalar[FX__SLOT_SCALARS];
    /* of the step that is being taken: */
    void *p;
    const void *g; /* NULL: skipped */
    int64_t block; /* the number of its first block */
    fx_update update;
} fx_slot;

typedef struct fx_group {
    struct fx_group *next;
    fx_hyper hyper;
    int64_t count;
    fx_slot slot[];
} fx_group;

typedef struct fx_rule {
    const char *name;
    const char *options;                  /* names of fx_hyper's fields, with a blank after each */
    const char *state[FX__UPDATE_STATES]; /* names; NULL: none */
    const char *scalar[FX__SLOT_SCALARS]; /* names of numbers of a slot that are state, too */
    size_t kernel[2];                     /* where fx_optim_kernels has it: float, double */
    /* Checks options besides the ranges that are the same for all rules: what is wrong, or NULL. */
    const char *(*wrong)(const fx_hyper *h);
    /* Which states options ask for, bit k for state k; NULL: all that have names. */
    unsigned (*states)(const fx_hyper *h);
    /* Fills a new slot's state, which is zero, where that is not right. NULL: it is. */
    void (*start)(const fx_hyper *h, fx_slot *s);
    /* Sets s->update for step s->step, counted from 1, and moves the scalars on. */
    void (*numbers)(const fx_hyper *h, fx_slot *s);
} fx_rule;

struct fx_optimizer {
    fx_context *cx;
    const fx_rule *rule;
    fx_group *first, *last;
    int groups;
    int64_t count;        /* of slots */
    fx_named *parameters; /* count of them */
    fx_named *state;      /* rebuilt when asked for; NULL after a group was added */
    int64_t state_count;
};

/* An optimizer with its first group. NULL after an error. */
fx_optimizer *fx__optimizer_new(const fx_rule *rule, fx_named_list parameters, fx_hyper hyper,
                                fx_where where);

/* The context that a list reports to; NULL: the list is what is left of a failure, or nothing. */
static inline fx_context *fx__list_context(fx_named_list list)
{
    return list.cx ? list.cx : list.count > 0 && list.at[0].tensor ? fx_context_of(list.at[0].tensor) : NULL;
}

/* Numbers are worked on in blocks of this many, whatever the threads. A thread is woken for four: 10 us of
 * Adam. */
enum { FX__BLOCK = 16384, FX__BLOCKS_A_THREAD = 4 };
static inline int64_t fx__blocks(int64_t numel) { return (numel + FX__BLOCK - 1) / FX__BLOCK; }

#endif
