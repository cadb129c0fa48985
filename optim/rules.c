/* The rules: for each its record, what its numbers are at step t, and the function that users call. The loops
 * are in ops/kernels/optim_loops.h. What does not depend on an element is computed here once, in double.
 */
#include "optimizer.h"

#include <math.h>
#include <stddef.h>

#define KERNEL(rule)                                                                                         \
    {                                                                                                        \
        offsetof(fx_optim_kernels, rule##_f32), offsetof(fx_optim_kernels, rule##_f64)                       \
    }

/* What an update starts from. */
static fx_update update_of(const fx_hyper *h)
{
    return (fx_update){
        .sign = h->maximize != 0 ? -1 : 1,
        .weight_decay = h->weight_decay,
        .shrink = 1,
        .rate = h->lr,
        .momentum = h->momentum,
        .beta1 = h->betas[0],
        .gain1 = 1 - h->betas[0],
        .beta2 = h->betas[1],
        .gain2 = 1 - h->betas[1],
        .eps = h->eps,
    };
}

static void fill_state(const fx_slot *s, int k, double value)
{
    for (int64_t i = 0; i < s->numel; i++)
        if (s->dtype == FX_F64)
            ((double *)s->state[k])[i] = value;
        else
            ((float *)s->state[k])[i] = (float)value;
}

/* ---- SGD ----------------------------------------------------------------------------------------------- */

static const char *sgd_wrong(const fx_hyper *h)
{
    bool fits = h->nesterov == 0 || (h->momentum > 0 && h->dampening == 0);
    return fits ? NULL : "Nesterov momentum requires a momentum and zero dampening";
}

static unsigned sgd_states(const fx_hyper *h) { return h->momentum != 0; }

static void sgd_numbers(const fx_hyper *h, fx_slot *s)
{
    s->update = update_of(h);
    s->update.gain1 = 1 - h->dampening;
    s->update.first = s->step == 1;
    s->update.nesterov = h->nesterov != 0;
}

static const fx_rule sgd_rule = {
    .name = "sgd",
    .options = "lr momentum dampening weight_decay nesterov maximize ",
    .state = { "momentum_buffer" },
    .kernel = KERNEL(sgd),
    .wrong = sgd_wrong,
    .states = sgd_states,
    .numbers = sgd_numbers,
};

fx_optimizer *fx_sgd_at(fx_sgd_args a, fx_where where)
{
    fx_hyper h = { .lr = a.lr,
                   .momentum = a.momentum,
                   .dampening = a.dampening,
                   .weight_decay = a.weight_decay,
                   .nesterov = a.nesterov,
                   .maximize = a.maximize };
    return fx__optimizer_new(&sgd_rule, a.parameters, h, where);
}

/* ---- Adam and its kin ---------------------------------------------------------------------------------- */

static fx_hyper adam_hyper(fx_adam_args a)
{
    return (fx_hyper){ .lr = a.lr,
                       .betas = { a.betas[0], a.betas[1] },
                       .eps = a.eps,
                       .weight_decay = a.weight_decay,
                       .amsgrad = a.amsgrad,
                       .maximize = a.maximize };
}

static unsigned adam_states(const fx_hyper *h) { return h->amsgrad != 0 ? 7 : 3; }

static void adam_numbers(const fx_hyper *h, fx_slot *s)
{
    s->update = update_of(h);
    s->update.rate = h->lr / (1 - pow(h->betas[0], s->step));
    s->update.correction = 1 / sqrt(1 - pow(h->betas[1], s->step));
    s->update.flag = h->amsgrad != 0 && s->state[2];
}

static void adamw_numbers(const fx_hyper *h, fx_slot *s)
{
    adam_numbers(h, s);
    s->update.shrink = 1 - h->lr * h->weight_decay;
    s->update.weight_decay = 0;
}

static const fx_rule adam_rule = {
    .name = "adam",
    .options = "lr betas eps weight_decay amsgrad maximize ",
    .state = { "exp_avg", "exp_avg_sq", "max_exp_avg_sq" },
    .kernel = KERNEL(adam),
    .states = adam_states,
    .numbers = adam_numbers,
};

static const fx_rule adamw_rule = {
    .name = "adamw",
    .options = "lr betas eps weight_decay amsgrad maximize ",
    .state = { "exp_avg", "exp_avg_sq", "max_exp_avg_sq" },
    .kernel = KERNEL(adam),
    .states = adam_states,
    .numbers = adamw_numbers,
};

fx_optimizer *fx_adam_at(fx_adam_args args, fx_where where)
{
    return fx__optimizer_new(&adam_rule, args.parameters, adam_hyper(args), where);
}

fx_optimizer *fx_adamw_at(fx_adam_args args, fx_where where)
{
    return fx__optimizer_new(&adamw_rule, args.parameters, adam_hyper(args), where);
}

static const char *no_amsgrad(const fx_hyper *h)
{
    return h->amsgrad != 0 ? "there is no amsgrad in this rule" : NULL;
}

static void adamax_numbers(const fx_hyper *h, fx_slot *s)
{
    s->update = update_of(h);
    s->update.rate = h->lr / (1 - pow(h->betas[0], s->step));
}

static const fx_rule adamax_rule = {
    .name = "adamax",
    .options = "lr betas eps weight_decay maximize ",
    .state = { "exp_avg", "exp_inf" },
    .kernel = KERNEL(adamax),
    .wrong = no_amsgrad,
    .numbers = adamax_numbers,
};

fx_optimizer *fx_adamax_at(fx_adam_args args, fx_where where)
{
    return fx__optimizer_new(&adamax_rule, args.parameters, adam_hyper(args), where);
}

/* The rectification is that of a variance with r degrees of freedom, which exists from r > 4 on. */
static void radam_numbers(const fx_hyper *h, fx_slot *s)
{
    double t = s->step, power = pow(h->betas[1], t), unbiased = 1 - power;
    double most = 2 / (1 - h->betas[1]) - 1, r = most - 2 * t * power / unbiased;
    s->update = update_of(h);
    s->update.rate = h->lr / (1 - pow(h->betas[0], t));
    s->update.flag = r > 5;
    if (r > 5)
        s->update.rate *= sqrt(unbiased) * sqrt((r - 4) * (r - 2) * most / ((most - 4) * (most - 2) * r));
}

static const fx_rule radam_rule = {
    .name = "radam",
    .options = "lr betas eps weight_decay maximize ",
    .state = { "exp_avg", "exp_avg_sq" },
    .kernel = KERNEL(radam),
    .wrong = no_amsgrad,
    .numbers = radam_numbers,
};

fx_optimizer *fx_radam_at(fx_adam_args args, fx_where where)
{
    return fx__optimizer_new(&radam_rule, args.parameters, adam_hyper(args), where);
}

enum { NADAM_PRODUCT };

static void nadam_start(const fx_hyper *h, fx_slot *s)
{
    (void)h;
    s->scalar[NADAM_PRODUCT] = 1;
}

static void nadam_numbers(const fx_hyper *h, fx_slot *s)
{
    double mu = h->betas[0] * (1 - 0.5 * pow(0.96, s->step * h->momentum_decay));
    double next = h->betas[0] * (1 - 0.5 * pow(0.96, (s->step + 1) * h->momentum_decay));
    s->scalar[NADAM_PRODUCT] *= mu;
    s->update = update_of(h);
    s->update.correction = 1 / (1 - pow(h->betas[1], s->step));
    s->update.rate = h->lr * (1 - mu) / (1 - s->scalar[NADAM_PRODUCT]);
    s->update.rate2 = h->lr * next / (1 - s->scalar[NADAM_PRODUCT] * next);
}

static const fx_rule nadam_rule = {
    .name = "nadam",
    .options = "lr betas eps weight_decay momentum_decay maximize ",
    .state = { "exp_avg", "exp_avg_sq" },
    .scalar = { "mu_product" },
    .kernel = KERNEL(nadam),
    .start = nadam_start,
    .numbers = nadam_numbers,
};

fx_optimizer *fx_nadam_at(fx_nadam_args a, fx_where where)
{
    fx_hyper h = { .lr = a.lr,
                   .betas = { a.betas[0], a.betas[1] },
                   .eps = a.eps,
                   .weight_decay = a.weight_decay,
                   .momentum_decay = a.momentum_decay,
                   .maximize = a.maximize };
    return fx__optimizer_new(&nadam_rule, a.parameters, h, where);
}

/* ---- RMSprop, Adagrad, Adadelta ------------------------------------------------------------------------ */

static unsigned rmsprop_states(const fx_hyper *h)
{
    return 1u | (h->momentum > 0 ? 2u : 0u) | (h->centered != 0 ? 4u : 0u);
}

static void rmsprop_numbers(const fx_hyper *h, fx_slot *s)
{
    s->update = update_of(h);
    s->update.beta2 = h->alpha;
    s->update.gain2 = 1 - h->alpha;
    s->update.flag = h->centered != 0 && s->state[2];
}

static const fx_rule rmsprop_rule = {
    .name = "rmsprop",
    .options = "lr alpha eps weight_decay momentum centered maximize ",
    .state = { "square_avg", "momentum_buffer", "grad_avg" },
    .kernel = KERNEL(rmsprop),
    .states = rmsprop_states,
    .numbers = rmsprop_numbers,
};

fx_optimizer *fx_rmsprop_at(fx_rmsprop_args a, fx_where where)
{
    fx_hyper h = { .lr = a.lr,
                   .alpha = a.alpha,
                   .eps = a.eps,
                   .weight_decay = a.weight_decay,
                   .momentum = a.momentum,
                   .centered = a.centered,
                   .maximize = a.maximize };
    return fx__optimizer_new(&rmsprop_rule, a.parameters, h, where);
}

static void adagrad_start(const fx_hyper *h, fx_slot *s) { fill_state(s, 0, h->initial_accumulator_value); }

static void adagrad_numbers(const fx_hyper *h, fx_slot *s)
{
    s->update = update_of(h);
    s->update.rate = h->lr / (1 + (s->step - 1) * h->lr_decay);
}

static const fx_rule adagrad_rule = {
    .name = "adagrad",
    .options = "lr lr_decay weight_decay initial_accumulator_value eps maximize ",
    .state = { "sum" },
    .kernel = KERNEL(adagrad),
    .start = adagrad_start,
    .numbers = adagrad_numbers,
};

fx_optimizer *fx_adagrad_at(fx_adagrad_args a, fx_where where)
{
    fx_hyper h = { .lr = a.lr,
                   .lr_decay = a.lr_decay,
                   .weight_decay = a.weight_decay,
                   .initial_accumulator_value = a.initial_accumulator_value,
                   .eps = a.eps,
                   .maximize = a.maximize };
    return fx__optimizer_new(&adagrad_rule, a.parameters, h, where);
}

static void adadelta_numbers(const fx_hyper *h, fx_slot *s)
{
    s->update = update_of(h);
    s->update.beta2 = h->rho;
    s->update.gain2 = 1 - h->rho;
}

static const fx_rule adadelta_rule = {
    .name = "adadelta",
    .options = "lr rho eps weight_decay maximize ",
    .state = { "square_avg", "acc_delta" },
    .kernel = KERNEL(adadelta),
    .numbers = adadelta_numbers,
};

fx_optimizer *fx_adadelta_at(fx_adadelta_args a, fx_where where)
{
    fx_hyper h = {
        .lr = a.lr, .rho = a.rho, .eps = a.eps, .weight_decay = a.weight_decay, .maximize = a.maximize
    };
    return fx__optimizer_new(&adadelta_rule, a.parameters, h, where);
}

/* ---- ASGD, Rprop --------------------------------------------------------------------------------------- */

enum { ASGD_ETA, ASGD_MU };

static void asgd_start(const fx_hyper *h, fx_slot *s)
{
    s->scalar[ASGD_ETA] = h->lr;
    s->scalar[ASGD_MU] = 1;
}

static void asgd_numbers(const fx_hyper *h, fx_slot *s)
{
    s->update = update_of(h);
    s->update.rate = s->scalar[ASGD_ETA];
    s->update.rate2 = s->scalar[ASGD_MU];
    s->update.shrink = 1 - h->lambd * s->scalar[ASGD_ETA];
    s->scalar[ASGD_ETA] = h->lr / pow(1 + h->lambd * h->lr * s->step, h->alpha);
    s->scalar[ASGD_MU] = 1 / fmax(1, s->step - h->t0);
}

static const fx_rule asgd_rule = {
    .name = "asgd",
    .options = "lr lambd alpha t0 weight_decay maximize ",
    .state = { "ax" },
    .scalar = { "eta", "mu" },
    .kernel = KERNEL(asgd),
    .start = asgd_start,
    .numbers = asgd_numbers,
};

fx_optimizer *fx_asgd_at(fx_asgd_args a, fx_where where)
{
    fx_hyper h = { .lr = a.lr,
                   .lambd = a.lambd,
                   .alpha = a.alpha,
                   .t0 = a.t0,
                   .weight_decay = a.weight_decay,
                   .maximize = a.maximize };
    return fx__optimizer_new(&asgd_rule, a.parameters, h, where);
}

static const char *rprop_wrong(const fx_hyper *h)
{
    bool fits = h->etas[0] > 0 && h->etas[0] < 1 && h->etas[1] > 1 && h->etas[1] < INFINITY;
    if (!fits) return "invalid etas: they must be below and above 1";
    return h->step_sizes[0] >= 0 && h->step_sizes[0] <= h->step_sizes[1] ? NULL : "invalid step_sizes";
}

static void rprop_start(const fx_hyper *h, fx_slot *s) { fill_state(s, 1, h->lr); }

static void rprop_numbers(const fx_hyper *h, fx_slot *s)
{
    s->update = update_of(h);
    s->update.beta1 = h->etas[0];
    s->update.beta2 = h->etas[1];
    s->update.low = h->step_sizes[0];
    s->update.high = h->step_sizes[1];
}

static const fx_rule rprop_rule = {
    .name = "rprop",
    .options = "lr etas step_sizes maximize ",
    .state = { "prev", "step_size" },
    .kernel = KERNEL(rprop),
    .wrong = rprop_wrong,
    .start = rprop_start,
    .numbers = rprop_numbers,
};

fx_optimizer *fx_rprop_at(fx_rprop_args a, fx_where where)
{
    fx_hyper h = { .lr = a.lr,
                   .etas = { a.etas[0], a.etas[1] },
                   .step_sizes = { a.step_sizes[0], a.step_sizes[1] },
                   .maximize = a.maximize };
    return fx__optimizer_new(&rprop_rule, a.parameters, h, where);
}
