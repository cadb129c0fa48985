/* Update rules against PyTorch's trajectories (golden.def); which parameters a step takes and what it leaves;
 * groups, errors, state; the same bits for any number of threads and any instruction set.
 */
#include "ops/kernels/kernels.h"

#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

enum { FIRST = 6, SECOND = 5, NUMBERS = FIRST + SECOND, STEPS = 6 };

/* ---- the golden cases: golden.py has the same formulas --------------------------------------------------
 */

static double start(int i) { return (i % 5 - 2) / 2.0 + 0.25; }
static double gradient(int i, int step) { return ((i * 7 + step * 13) % 11 - 5) / 4.0; }

typedef struct pair {
    fx_context *cx;
    fx_dtype dtype;
    fx_tensor *w[2]; /* (2, 3) and (5) */
} pair;

static void put(fx_dtype dtype, void *memory, int i, double x)
{
    if (dtype == FX_F64)
        ((double *)memory)[i] = x;
    else
        ((float *)memory)[i] = (float)x;
}

static double get(const fx_tensor *x, int i)
{
    return fx_dtype_of(x) == FX_F64 ? ((const double *)fx_data_const(x))[i]
                                    : (double)((const float *)fx_data_const(x))[i];
}

static pair pair_new(fx_context *cx, fx_dtype dtype)
{
    pair p = { .cx = cx, .dtype = dtype, .w = { fx_zeros(cx, dtype, 2, 3), fx_zeros(cx, dtype, 5) } };
    for (int i = 0; i < NUMBERS; i++)
        put(dtype, fx_data(p.w[i >= FIRST]), i < FIRST ? i : i - FIRST, start(i));
    fx_parameter(p.w[0]);
    fx_parameter(p.w[1]);
    return p;
}

static double number(const pair *p, int i) { return get(p->w[i >= FIRST], i < FIRST ? i : i - FIRST); }

static void set_gradients(pair *p, int step)
{
    FX_SCOPE (p->cx)
        for (int k = 0; k < 2; k++) {
            fx_tensor *g = fx_empty_at(p->cx, p->dtype, fx_shape(p->w[k]), FX_HERE);
            for (int i = 0; i < (k ? SECOND : FIRST); i++)
                put(p->dtype, fx_data(g), i, gradient(k ? FIRST + i : i, step));
            cr_assert(fx_set_grad(p->w[k], g) == FX_OK);
        }
}

static fx_named_list named(pair *p, fx_named at[2])
{
    at[0] = (fx_named){ "a", p->w[0] };
    at[1] = (fx_named){ "b", p->w[1] };
    return (fx_named_list){ 2, at, p->cx };
}

static void compare(const pair *p, const char *name, double tolerance, const double *expected)
{
    for (int i = 0; i < NUMBERS; i++)
        cr_assert(fabs(number(p, i) - expected[i]) <= tolerance * (1 + fabs(expected[i])),
                  "%s, number %d: %.17g instead of %.17g", name, i, number(p, i), expected[i]);
}

static void follow(pair *p, fx_optimizer *o, const char *name, double tolerance, const double *expected)
{
    cr_assert_not_null(o, "%s: %s", name, fx_error_message(p->cx));
    for (int step = 0; step < STEPS; step++) {
        set_gradients(p, step);
        cr_assert(fx_step(o) == FX_OK);
    }
    compare(p, name, tolerance, expected);
}

static void trajectories(fx_dtype dtype, double least)
{
    fx_context *cx = fx_context_new(.threads = 1);
    fx_named at[2];
    pair p;
    fx_named_list list;
    int cases = 0;
#define GOLDEN(name, optimizer, tolerance, ...)                                                              \
    p = pair_new(cx, dtype);                                                                                 \
    list = named(&p, at);                                                                                    \
    follow(&p, optimizer, name, fmax(least, tolerance), (const double[]){ __VA_ARGS__ });                    \
    cases++;
#include "golden.def"
    cr_assert(cases >= 20);
    fx_context_free(cx);
}

Test(optim, golden_f64) { trajectories(FX_F64, 0); }
Test(optim, golden_f32) { trajectories(FX_F32, 1e-6); }

/* ---- which parameters a step takes ----------------------------------------------------------------------
 */

Test(optim, no_gradient_is_skipped_and_zero_is_not)
{
    fx_context *cx = fx_context_new(.threads = 1);
    pair p = pair_new(cx, FX_F64);
    fx_named at[2];
    fx_optimizer *o = fx_adamw(named(&p, at), .lr = 0.1, .weight_decay = 0.5);
    fx_set_grad(p.w[1], fx_zeros(cx, FX_F64, 5));
    uint64_t before = fx_digest(p.w[0]);
    uint32_t version = fx_version(p.w[0]);
    cr_assert(fx_step(o) == FX_OK);
    cr_assert(fx_digest(p.w[0]) == before && fx_version(p.w[0]) == version);
    for (int i = 0; i < SECOND; i++) cr_assert(get(p.w[1], i) == (1 - 0.1 * 0.5) * start(FIRST + i));
    fx_named_list state = fx_optimizer_state(o);
    for (int64_t i = 0; i < state.count; i++) {
        if (strcmp(state.at[i].name, "0.step") == 0) cr_assert(fx_item(state.at[i].tensor) == 0);
        if (strcmp(state.at[i].name, "1.step") == 0) cr_assert(fx_item(state.at[i].tensor) == 1);
    }
    fx_context_free(cx);
}

Test(optim, a_step_clears_and_counts_as_a_write)
{
    fx_context *cx = fx_context_new(.threads = 1);
    pair p = pair_new(cx, FX_F32);
    fx_named at[2];
    fx_optimizer *o = fx_sgd(named(&p, at), .lr = 0.5);
    set_gradients(&p, 0);
    uint32_t version = fx_version(p.w[0]);
    cr_assert(fx_step(o, .keep_grads = true) == FX_OK);
    cr_assert(fx_version(p.w[0]) > version);
    cr_assert_not_null(fx_grad(p.w[0]));
    cr_assert(fx_requires_grad(p.w[0]) && fx_is_leaf(p.w[0]));
    cr_assert(fx_zero_grad(o, .set_to_none = false) == FX_OK);
    for (int i = 0; i < FIRST; i++) cr_assert(get(fx_grad(p.w[0]), i) == 0);
    set_gradients(&p, 1);
    uint64_t second = fx_digest(p.w[1]);
    cr_assert(fx_step(o, .parameter = p.w[0]) == FX_OK);
    cr_assert_null(fx_grad(p.w[0]));
    cr_assert_not_null(fx_grad(p.w[1]));
    cr_assert(fx_digest(p.w[1]) == second);
    cr_assert(fx_zero_grad(o) == FX_OK);
    cr_assert_null(fx_grad(p.w[1]));
    cr_assert(fx_step(o, .parameter = fx_zeros(cx, FX_F32, 1)) == FX_ERROR_ARGUMENT);
    fx_context_free(cx);
}

/* ---- groups -------------------------------------------------------------------------------------------- */

Test(optim, groups_have_options_of_their_own)
{
    fx_context *cx = fx_context_new(.threads = 1);
    pair p = pair_new(cx, FX_F64);
    fx_optimizer *o = fx_sgd(FX_NAMED(cx, { "a", p.w[0] }), .lr = 0.5, .momentum = 0.9);
    cr_assert(fx_add_group(o, FX_NAMED(cx, { "b", p.w[1] }), .lr = 0.25, .momentum = 0) == FX_OK);
    cr_assert(fx_group_count(o) == 2 && fx_lr(o) == 0.5 && fx_group_lr(o, 1) == 0.25);
    for (int step = 0; step < 2; step++) {
        set_gradients(&p, 0);
        cr_assert(fx_step(o) == FX_OK);
    }
    for (int i = 0; i < NUMBERS; i++) {
        double g = gradient(i, 0), moved = i < FIRST ? 0.5 * (g + (0.9 * g + g)) : 0.25 * 2 * g;
        cr_assert(fabs(number(&p, i) - (start(i) - moved)) < 1e-14);
    }
    cr_assert(fx_set_lr(o, 0.125) == FX_OK && fx_lr(o) == 0.125 && fx_group_lr(o, 1) == 0.125);
    cr_assert(fx_set_group_lr(o, 1, 1) == FX_OK && fx_lr(o) == 0.125 && fx_group_lr(o, 1) == 1);
    cr_assert(fx_set_group_lr(o, 2, 1) == FX_ERROR_INDEX && isnan(fx_group_lr(o, -1)));
    fx_error_clear(cx);
    cr_assert(fx_add_group(o, FX_NAMED(cx, { "c", p.w[0] })) == FX_ERROR_ARGUMENT);
    cr_assert_not_null(strstr(fx_error_message(cx), "parameter c appears more than once"));
    cr_assert(fx_group_count(o) == 2);
    cr_assert(fx_optimizer_parameters(o).count == 2);
    fx_context_free(cx);
}

/* ---- what is refused ----------------------------------------------------------------------------------- */

static void refused(fx_context *cx, const void *result, const char *message)
{
    cr_assert_null(result);
    cr_assert_not_null(strstr(fx_error_message(cx), message), "\"%s\" instead of \"%s\"",
                       fx_error_message(cx), message);
    cr_assert_not_null(strstr(fx_error_message(cx), "optim_test.c"));
    fx_error_clear(cx);
}

Test(optim, options_are_checked)
{
    fx_context *cx = fx_context_new(.threads = 1);
    pair p = pair_new(cx, FX_F32);
    fx_named at[2];
    fx_named_list list = named(&p, at);
    refused(cx, fx_sgd(list, .lr = -1), "sgd: invalid learning rate -1");
    refused(cx, fx_sgd(list, .lr = NAN), "sgd: invalid learning rate nan");
    refused(cx, fx_sgd(list, .momentum = -0.5), "sgd: invalid momentum -0.5");
    refused(cx, fx_sgd(list, .weight_decay = -1), "sgd: invalid weight_decay -1");
    refused(cx, fx_sgd(list, .nesterov = true), "Nesterov momentum requires a momentum and zero dampening");
    refused(cx, fx_sgd(list, .nesterov = true, .momentum = 0.9, .dampening = 0.1),
            "Nesterov momentum requires");
    refused(cx, fx_adam(list, .betas = { 1, 0.5 }), "adam: invalid beta parameter at index 0: 1");
    refused(cx, fx_adam(list, .betas = { 0.5, -0.5 }), "adam: invalid beta parameter at index 1: -0.5");
    refused(cx, fx_adam(list, .eps = -1), "adam: invalid eps -1");
    refused(cx, fx_adamw(list, .weight_decay = NAN), "adamw: invalid weight_decay");
    refused(cx, fx_rmsprop(list, .alpha = -1), "rmsprop: invalid alpha -1");
    refused(cx, fx_adadelta(list, .rho = 2), "adadelta: invalid rho 2");
    refused(cx, fx_adagrad(list, .lr_decay = -1), "adagrad: invalid lr_decay -1");
    refused(cx, fx_rprop(list, .etas = { 1.5, 2 }), "rprop: invalid etas");
    refused(cx, fx_radam(list, .amsgrad = true), "radam: there is no amsgrad");
    fx_context_free(cx);
}

Test(optim, parameters_are_checked)
{
    fx_context *cx = fx_context_new(.threads = 1), *other = fx_context_new(.threads = 1);
    fx_tensor *w = fx_parameter(fx_zeros(cx, FX_F32, 2));
    refused(cx, fx_adam((fx_named_list){ .cx = cx }), "adam: the list of parameters is empty");
    refused(cx, fx_adam(FX_NAMED(cx, { "w", w }, { "v", w })), "parameter v appears more than once");
    refused(cx, fx_adam(FX_NAMED(cx, { "i", fx_zeros(cx, FX_I64, 2) })), "parameter i is int64");
    refused(cx, fx_adam(FX_NAMED(cx, { "o", fx_parameter(fx_zeros(other, FX_F32, 2)) })),
            "parameter o is of another context");
    cr_assert_null(fx_adam(FX_NAMED(cx, { "n", NULL })));
    cr_assert_null(fx_adam((fx_named_list){ 0 }));
    cr_assert(fx_step(NULL) != FX_OK && fx_zero_grad(NULL) != FX_OK && fx_group_count(NULL) == 0);
    fx_context_free(other);
    fx_context_free(cx);
}

/* ---- state --------------------------------------------------------------------------------------------- */

static void run(fx_optimizer *o, pair *p, int from, int to)
{
    for (int step = from; step < to; step++) {
        set_gradients(p, step);
        cr_assert(fx_step(o) == FX_OK);
    }
}

static size_t bytes_of(const fx_tensor *x) { return (size_t)fx_numel(x) * fx_dtype_size(fx_dtype_of(x)); }

/* What was copied from one optimizer continues another, bit for bit. */
static void resumes(fx_context *cx, fx_optimizer *o, pair *p, fx_optimizer *fresh, pair *q)
{
    run(o, p, 0, 3);
    fx_set_lr(o, 0.03);
    FX_SCOPE (cx) {
        fx_named_list from = fx_optimizer_state(o), to = fx_optimizer_state(fresh);
        cr_assert(from.count == to.count && from.count > 2);
        for (int64_t i = 0; i < from.count; i++) {
            cr_assert(strcmp(from.at[i].name, to.at[i].name) == 0);
            memcpy(fx_data(to.at[i].tensor), fx_data_const(from.at[i].tensor), bytes_of(to.at[i].tensor));
        }
        for (int k = 0; k < 2; k++) memcpy(fx_data(q->w[k]), fx_data_const(p->w[k]), bytes_of(p->w[k]));
    }
    run(o, p, 3, 6);
    run(fresh, q, 3, 6);
    for (int k = 0; k < 2; k++)
        cr_assert(fx_digest(p->w[k]) == fx_digest(q->w[k]), "%s does not resume", fx_optimizer_name(o));
}

Test(optim, state_resumes_exactly)
{
    fx_context *cx = fx_context_new(.threads = 1);
    fx_named a[2], b[2];
    pair p, q;
#define RESUMES(optimizer, ...)                                                                              \
    p = pair_new(cx, FX_F32);                                                                                \
    q = pair_new(cx, FX_F32);                                                                                \
    resumes(cx, optimizer(named(&p, a), __VA_ARGS__), &p, optimizer(named(&q, b), __VA_ARGS__), &q)
    RESUMES(fx_sgd, .momentum = 0.9, .nesterov = true);
    RESUMES(fx_adam, .lr = 0.01);
    RESUMES(fx_adamw, .amsgrad = true);
    RESUMES(fx_rmsprop, .centered = true, .momentum = 0.5);
    RESUMES(fx_adagrad, .lr_decay = 0.1);
    RESUMES(fx_adadelta, .lr = 1);
    RESUMES(fx_adamax, .lr = 0.01);
    RESUMES(fx_nadam, .lr = 0.01);
    RESUMES(fx_radam, .lr = 0.01);
    RESUMES(fx_asgd, .t0 = 1);
    RESUMES(fx_rprop, .lr = 0.01);
    fx_context_free(cx);
}

Test(optim, state_has_the_names_of_a_state_dict)
{
    fx_context *cx = fx_context_new(.threads = 1);
    pair p = pair_new(cx, FX_F32);
    fx_named at[2];
    static const char *const names[] = {
        "0.step",        "0.exp_avg",    "0.exp_avg_sq",     "0.max_exp_avg_sq", "1.step",
        "1.exp_avg",     "1.exp_avg_sq", "1.max_exp_avg_sq", "group.0.lr",       "group.0.weight_decay",
        "group.0.betas", "group.0.eps",  "group.0.maximize", "group.0.amsgrad"
    };
    fx_named_list state = fx_optimizer_state(fx_adam(named(&p, at), .amsgrad = true));
    cr_assert(state.count == (int64_t)(sizeof(names) / sizeof(names[0])));
    for (int64_t i = 0; i < state.count; i++)
        cr_assert(strcmp(state.at[i].name, names[i]) == 0, "%s instead of %s", state.at[i].name, names[i]);
    cr_assert(fx_ndim(state.at[1].tensor) == 2 && fx_dim(state.at[1].tensor, 1) == 3);
    cr_assert(fx_numel(state.at[10].tensor) == 2);
    fx_context_free(cx);
}

/* ---- the same bits ------------------------------------------------------------------------------------- */

enum { LARGE = 70001 };

typedef fx_optimizer *maker(fx_named_list list);
static fx_optimizer *make_adam(fx_named_list list)
{
    return fx_adam(list, .weight_decay = 0.01, .amsgrad = true);
}
static fx_optimizer *make_sgd(fx_named_list list) { return fx_sgd(list, .momentum = 0.9, .nesterov = true); }
static fx_optimizer *make_rmsprop(fx_named_list list)
{
    return fx_rmsprop(list, .centered = true, .momentum = 0.9);
}

static uint64_t large_run(maker *make, fx_dtype dtype, int threads)
{
    fx_context *cx = fx_context_new(.seed = 3, .threads = threads);
    fx_tensor *w = fx_parameter(fx_randn(cx, dtype, LARGE)), *v = fx_parameter(fx_randn(cx, dtype, 37));
    fx_optimizer *o = make(FX_NAMED(cx, { "w", w }, { "v", v }));
    for (int step = 0; step < 3; step++)
        FX_SCOPE (cx) {
            fx_set_grad(w, fx_randn(cx, dtype, LARGE));
            fx_set_grad(v, fx_randn(cx, dtype, 37));
            cr_assert(fx_clip_norm(o, 10) > 100);
            cr_assert(fx_step(o) == FX_OK);
        }
    uint64_t digest = fx_digest(w) ^ fx_digest(v) << 1;
    fx_context_free(cx);
    return digest;
}

Test(optim, bits_depend_neither_on_threads_nor_on_instructions)
{
    maker *const makers[] = { make_adam, make_sgd, make_rmsprop };
    for (int m = 0; m < 3; m++)
        for (int d = 0; d < 2; d++) {
            fx__kernels_cap(FX_ISA_PORTABLE);
            uint64_t expected = large_run(makers[m], d ? FX_F64 : FX_F32, 1);
            for (int isa = 0; isa < FX_ISA_COUNT; isa++) {
                fx__kernels_cap((fx_isa)isa);
                cr_assert(large_run(makers[m], d ? FX_F64 : FX_F32, 1) == expected);
                cr_assert(large_run(makers[m], d ? FX_F64 : FX_F32, 2) == expected);
            }
        }
    fx__kernels_cap(FX_ISA_COUNT);
}

/* An optimizer within the backward pass: each parameter is stepped, and its gradient let go, as it comes. */
static fx_status step_this(void *data, fx_tensor *leaf) { return fx_step(data, .parameter = leaf); }

Test(optim, steps_in_hooks_are_steps_after_the_pass)
{
    uint64_t digest[2];
    for (int hooked = 0; hooked < 2; hooked++) {
        fx_context *cx = fx_context_new(.threads = 1);
        pair p = pair_new(cx, FX_F32);
        fx_named at[2];
        fx_optimizer *adam = fx_adam(named(&p, at), .lr = 0.05, .weight_decay = 0.1, .amsgrad = true);
        for (int i = 0; hooked && i < 2; i++)
            cr_assert_not_null(fx_add_accumulate_hook(p.w[i], step_this, adam, NULL));
        for (int n = 0; n < 10; n++)
            FX_SCOPE (cx) {
                fx_tensor *loss = fx_add(fx_sum(fx_square(fx_tanh(p.w[0]))), fx_sum(fx_exp(p.w[1])));
                cr_assert(fx_backward(loss) == FX_OK);
                if (!hooked) cr_assert(fx_step(adam) == FX_OK);
                cr_assert(fx_grad(p.w[0]) == NULL && fx_grad(p.w[1]) == NULL);
            }
        digest[hooked] = fx_digest(p.w[0]) * 31 + fx_digest(p.w[1]);
        cr_assert(fx_error(cx) == FX_OK);
        fx_context_free(cx);
    }
    cr_assert(digest[0] == digest[1]);
}

Test(optim, a_steady_step_takes_no_memory)
{
    fx_context *cx = fx_context_new(.threads = 1);
    pair p = pair_new(cx, FX_F32);
    fx_named at[2];
    fx_optimizer *o = fx_adam(named(&p, at));
    fx_stats before = { 0 };
    for (int step = 0; step < 5000; step++) {
        set_gradients(&p, step % STEPS);
        fx_clip_norm(o, 0.5);
        fx_clip_value(o, 0.25);
        fx_step(o);
        if (step == 10) before = fx_context_stats(cx);
    }
    fx_stats after = fx_context_stats(cx);
    cr_assert(after.system_allocations == before.system_allocations && after.pool_bytes == before.pool_bytes);
    cr_assert(fx_error(cx) == FX_OK);
    fx_context_free(cx);
}
