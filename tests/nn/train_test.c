/* Training: PyTorch's numbers step by step (golden.def), a perceptron that learns, steps that allocate
 * nothing, the same bits for any number of threads.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum {
    BATCH = 5,
    IN = 4,
    HIDDEN = 6,
    OUT = 3,
    STEPS = 10,
    PARAMETERS = IN * HIDDEN + HIDDEN + HIDDEN * OUT + OUT
};

/* ---- the golden cases: golden.py has the same formulas ------------------------------------------------- */

static void put_numbers(fx_tensor *x, int seed)
{
    for (int i = 0; i < fx_numel(x); i++) {
        const double value = ((i * 7 + seed * 5) % 23 - 11) / 16.0;
        if (fx_dtype_of(x) == FX_F64)
            ((double *)fx_data(x))[i] = value;
        else
            ((float *)fx_data(x))[i] = (float)value;
    }
}

static double number(const fx_tensor *x, int64_t i)
{
    return fx_dtype_of(x) == FX_F64 ? ((const double *)fx_data_const(x))[i]
                                    : (double)((const float *)fx_data_const(x))[i];
}

static void follow(fx_dtype dtype, double tolerance, fx_activation activation, const double *losses,
                   const double *end)
{
    fx_context *cx = fx_context_new(.dtype = dtype, .threads = 1);
    fx_tensor *x = fx_empty(cx, dtype, BATCH, IN), *y = fx_empty(cx, FX_I64, BATCH);
    put_numbers(x, 100);
    for (int i = 0; i < BATCH; i++) ((int64_t *)fx_data(y))[i] = i % OUT;
    fx_module *net = fx_mlp(cx, activation, IN, HIDDEN, OUT);
    fx_named_list list = fx_parameters(net);
    for (int64_t i = 0; i < list.count; i++) put_numbers(list.at[i].tensor, (int)i);
    fx_optimizer *adam = fx_adam(list, .lr = 0.02);
    for (int step = 0; step < STEPS; step++)
        FX_SCOPE (cx) {
            fx_tensor *loss = fx_cross_entropy(fx_forward(net, x), y);
            cr_assert(fx_backward(loss) == FX_OK && fx_step(adam) == FX_OK, "%s", fx_error_message(cx));
            cr_assert(fabs(fx_item(loss) - losses[step]) <= tolerance, "%s, step %d: %.17g instead of %.17g",
                      fx_activation_name(activation), step, fx_item(loss), losses[step]);
        }
    int at = 0;
    for (int64_t i = 0; i < list.count; i++)
        for (int64_t k = 0; k < fx_numel(list.at[i].tensor); k++, at++)
            cr_assert(fabs(number(list.at[i].tensor, k) - end[at]) <= tolerance,
                      "%s of %s: %.17g instead of %.17g", list.at[i].name, fx_activation_name(activation),
                      number(list.at[i].tensor, k), end[at]);
    cr_assert(at == PARAMETERS);
    cr_assert(fx_finish(cx) == 0);
}

#define LIST(...) ((const double[]){ __VA_ARGS__ })
Test(train, golden_f64)
{
#define GOLDEN(activation, losses, end) follow(FX_F64, 1e-12, activation, LIST losses, LIST end);
#include "golden.def"
#undef GOLDEN
}

Test(train, golden_f32)
{
#define GOLDEN(activation, losses, end) follow(FX_F32, 2e-6, activation, LIST losses, LIST end);
#include "golden.def"
#undef GOLDEN
}

/* ---- learning ------------------------------------------------------------------------------------------ */

/* Points of two spirals, and which one each is of. */
static void spirals(fx_tensor *x, fx_tensor *y)
{
    float *at = fx_data(x);
    int64_t *label = fx_data(y);
    const int64_t n = fx_numel(y);
    for (int64_t i = 0; i < n; i++) {
        const int64_t step = i / 2, of = n / 2;
        const double t = 0.5 + 4 * (double)step / (double)of, turn = (double)(i % 2) * M_PI;
        at[2 * i] = (float)(t / 4 * cos(t + turn));
        at[2 * i + 1] = (float)(t / 4 * sin(t + turn));
        label[i] = i % 2;
    }
}

typedef struct result {
    double loss;
    int right;
    uint64_t digest;
    int64_t allocations; /* after the first steps */
} result;

static result learn(int threads, int steps)
{
    enum { POINTS = 200 };
    result r = { 0 };
    fx_context *cx = fx_context_new(.seed = 1, .threads = threads);
    fx_tensor *x = fx_empty(cx, FX_F32, POINTS, 2), *y = fx_empty(cx, FX_I64, POINTS);
    spirals(x, y);
    fx_module *net = fx_mlp(cx, FX_TANH, 2, 32, 32, 2);
    fx_optimizer *adam = fx_adam(fx_parameters(net), .lr = 1e-2);
    int64_t settled = 0;
    for (int step = 0; step < steps; step++) {
        if (step == 3) settled = fx_context_stats(cx).system_allocations;
        FX_SCOPE (cx) {
            fx_tensor *loss = fx_cross_entropy(fx_forward(net, x), y);
            fx_backward(loss);
            fx_step(adam);
            r.loss = fx_item(loss);
        }
    }
    r.allocations = fx_context_stats(cx).system_allocations - settled;
    FX_NO_GRAD (cx)
        FX_SCOPE (cx) {
            fx_tensor *logits = fx_forward(net, x);
            for (int64_t i = 0; i < POINTS; i++)
                r.right += (number(logits, 2 * i + 1) > number(logits, 2 * i)) == (i % 2);
        }
    r.digest = fx_module_digest(net);
    cr_assert(fx_error(cx) == FX_OK, "%s", fx_error_message(cx));
    cr_assert(fx_finish(cx) == 0);
    return r;
}

Test(train, a_perceptron_tells_two_spirals_apart)
{
    const result r = learn(1, 400);
    cr_assert(r.right == 200 && r.loss < 0.02, "loss %g, %d right", r.loss, r.right);
    cr_assert(r.allocations == 0, "%lld allocations in a steady state", (long long)r.allocations);
}

Test(train, the_same_bits_for_any_number_of_threads)
{
    const uint64_t one = learn(1, 20).digest;
    cr_assert(one == learn(2, 20).digest && one == learn(3, 20).digest);
}

/* ---- inference ----------------------------------------------------------------------------------------- */

Test(train, inference_allocates_nothing)
{
    fx_context *cx = fx_context_new(.seed = 1, .threads = 1);
    fx_module *net = fx_mlp(cx, FX_RELU, 784, 128, 10);
    fx_eval(net);
    float pixels[784] = { 1 };
    int64_t before = 0, class = 0;
    for (int i = 0; i < 20; i++) {
        if (i == 1) before = fx_context_stats(cx).system_allocations;
        FX_NO_GRAD (cx)
            FX_SCOPE (cx)
                class += fx_item_int(fx_argmax(fx_forward(net, fx_wrap(cx, FX_F32, pixels, 1, 784))));
    }
    cr_assert(fx_context_stats(cx).system_allocations == before && class >= 0 && class < 200);
    cr_assert(fx_finish(cx) == 0);
}

/* ---- frozen parameters --------------------------------------------------------------------------------- */

Test(train, a_frozen_layer_stays_and_costs_no_nodes)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_module *net = fx_mlp(cx, FX_RELU, 4, 5, 3), *first = fx_module_child(net, "0");
    cr_assert(fx_module_set_requires_grad(first, false) == FX_OK);
    fx_tensor *y = fx_forward(net, fx_ones(cx, FX_F32, 2, 4));
    cr_assert(fx_context_stats(cx).nodes == 1);
    cr_assert(fx_backward(y, .seed = fx_ones(cx, FX_F32, 2, 3)) == FX_OK);
    cr_assert(fx_grad(fx_module_tensor(net, "0.weight")) == NULL &&
              fx_grad(fx_module_tensor(net, "2.weight")));
    cr_assert(fx_finish(cx) == 0);
}
