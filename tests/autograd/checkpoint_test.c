/* NaN tracing and checkpoints (rules A1, C1 to C4). */
#include "support.h"

/* A1 */
Test(anomaly, a_backward_that_makes_nan_is_named)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 4, 0, 1);
    fx_set_nan_trace(cx, (fx_nan_trace){ .on = true });
    fx_tensor *y = fx_sqrt(x);
    const char *made = place(__FILE__, __LINE__ - 1);
    cr_assert(y && fx_backward(fx_sum(y)) == FX_ERROR_NUMBER);
    cr_assert(strstr(fx_error_message(cx), made), "%s", fx_error_message(cx));
    cr_assert(strstr(fx_error_message(cx), "element 1 of (3,)"), "%s", fx_error_message(cx));
    REFUSED(cx, NUMBER, "sqrt: its gradient in input 0 is not finite");
    cr_assert(!fx_grad(x));
    /* infinity may be let pass; NaN is not */
    fx_set_nan_trace(cx, (fx_nan_trace){ .on = true, .allow_infinity = true });
    cr_assert(fx_backward(fx_sum(fx_sqrt(x))) == FX_OK);
    cr_assert(isinf(number(fx_grad(x), 1)));
    fx_tensor *z = fx_mul(fx_sqrt(fx_mul(x, 0)), 0); /* 0 * inf */
    cr_assert(fx_backward(fx_sum(z)) == FX_ERROR_NUMBER);
    REFUSED(cx, NUMBER, "its gradient in input 0 is not finite");
    fx_set_nan_trace(cx, (fx_nan_trace){ 0 });
    cr_assert(fx_backward(fx_sum(fx_sqrt(x))) == FX_OK);
    context_end(cx);
}

Test(anomaly, a_forward_that_makes_nan_is_named)
{
    fx_context *cx = context_new();
    fx_set_nan_trace(cx, (fx_nan_trace){ .on = true });
    fx_tensor *x = VECTOR(cx, 1, 2, 0, 3), *big = fx_full(cx, FX_F64, 1, 4, 5);
    const char *here = place(__FILE__, __LINE__ + 1);
    cr_assert(fx_log(x) == NULL);
    cr_assert(strstr(fx_error_message(cx), here), "%s", fx_error_message(cx));
    cr_assert(strstr(fx_error_message(cx), "element 2 of (4,)"), "%s", fx_error_message(cx));
    REFUSED(cx, NUMBER, "log: made -inf");
    cr_assert(fx_div(fx_scalar(cx, FX_F64, 2), fx_scalar(cx, FX_F64, 0)) == NULL);
    REFUSED(cx, NUMBER, "from finite operands: 2, 0");
    fx_tensor *zeros = fx_mul(big, 0);
    cr_assert(fx_div(zeros, zeros) == NULL);
    REFUSED(cx, NUMBER, "element 0 of (4, 5)");
    /* a NaN that came in is not made here */
    fx_tensor *nan = VECTOR(cx, NAN, 1);
    cr_assert(fx_mul(nan, 2) != NULL);
    context_end(cx);
}

Test(anomaly, second_derivatives_are_traced_too)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 0);
    fx_set_nan_trace(cx, (fx_nan_trace){ .on = true, .allow_infinity = true });
    fx_tensor *g = fx_gradient(fx_sum(fx_pow(x, 1.5)), x, .create_graph = true);
    NUMBERS(g, 0);
    fx_set_nan_trace(cx, (fx_nan_trace){ .on = true });
    cr_assert(fx_gradient(fx_sum(g), x) == NULL);
    cr_assert(fx_error(cx) == FX_ERROR_NUMBER && strstr(fx_error_message(cx), "checkpoint_test.c:"), "%s",
              fx_error_message(cx));
    fx_error_clear(cx);
    context_end(cx);
}

/* ---- checkpoints --------------------------------------------------------------------------------------- */

enum { WIDTH = 64, BATCH = 32 };

typedef struct segment {
    fx_tensor **w;
    int layers, runs;
    bool drop, odd, shapes;
} segment;
static fx_tensor *run_segment(void *data, fx_tensor *const *inputs, int count)
{
    segment *s = data;
    s->runs++;
    fx_tensor *h = inputs[0];
    (void)count;
    for (int i = 0; i < s->layers; i++) {
        h = fx_tanh(fx_matmul(h, s->w[i]));
        if (s->drop) h = fx_mul(h, fx_gt(fx_rand_at(fx_context_of(h), FX_F64, fx_shape(h), FX_HERE), 0.5));
    }
    if (s->odd && s->runs % 2 == 0) h = fx_mul(h, h);
    if (s->shapes && s->runs % 2 == 0) h = fx_exp(fx_sum(h));
    return h;
}

typedef struct outcome {
    uint64_t digest;
    int64_t peak;
} outcome;

static outcome train(int layers, int segments, bool drop)
{
    fx_context *cx = context_new();
    fx_tensor *w[100];
    for (int i = 0; i < layers; i++) w[i] = fx_parameter(fx_mul(fx_randn(cx, FX_F64, WIDTH, WIDTH), 0.15));
    for (int i = 0; i < layers; i++) fx_set_requires_grad(w[i], true);
    outcome o = { 0 };
    fx_tensor *x = fx_randn(cx, FX_F64, BATCH, WIDTH);
    segment parts[100];
    FX_SCOPE (cx) {
        fx_stats_reset_peak(cx);
        int64_t before = fx_context_stats(cx).tensor_bytes;
        fx_tensor *h = x;
        for (int k = 0; k < segments; k++) {
            parts[k] =
                (segment){ .w = w + k * (layers / segments), .layers = layers / segments, .drop = drop };
            fx_tensor *next =
                segments > 1 ? fx_checkpointed(run_segment, &parts[k], h) : run_segment(&parts[k], &h, 1);
            h = next;
        }
        cr_assert(fx_backward(fx_sum(h)) == FX_OK, "%s", fx_error_message(cx));
        o.peak = fx_context_stats(cx).peak_bytes - before - layers * WIDTH * WIDTH * 8;
        for (int k = 0; segments > 1 && k < segments; k++) cr_assert(parts[k].runs == 2);
    }
    for (int i = 0; i < layers; i++) o.digest = o.digest * 31 + fx_digest(fx_grad(w[i]));
    cr_assert(fx_context_stats(cx).nodes == 0 && fx_context_stats(cx).captured_bytes == 0);
    context_end(cx);
    return o;
}

/* C1 */
Test(checkpoint, same_bits_less_memory)
{
    outcome plain = train(100, 1, false), ten = train(100, 10, false);
    cr_assert(plain.digest == ten.digest);
    int64_t activation = BATCH * WIDTH * 8;
    cr_assert(plain.peak > 100 * activation, "%lld", (long long)plain.peak);
    cr_assert(ten.peak < 45 * activation, "%g activations", (double)ten.peak / (double)activation);
    cr_log_info("peak: %g activations instead of %g", (double)ten.peak / (double)activation,
                (double)plain.peak / (double)activation);
}

Test(checkpoint, random_numbers_repeat) { cr_assert(train(20, 1, true).digest == train(20, 5, true).digest); }

static fx_tensor *count_calls(void *data, fx_tensor *grad)
{
    ++*(int *)data;
    return grad;
}

typedef struct closed_over {
    fx_tensor *w;
    int runs;
} closed_over;
static fx_tensor *uses_parameter(void *data, fx_tensor *const *inputs, int count)
{
    closed_over *o = data;
    o->runs++;
    (void)count;
    return fx_mul(fx_exp(fx_mul(inputs[0], o->w)), o->w);
}

Test(checkpoint, parameters_and_hooks)
{
    fx_context *cx = context_new();
    fx_tensor *w = LEAF(cx, 0.5, 0.25), *x = LEAF(cx, 1, 2);
    closed_over o = { w, 0 };
    int calls = 0;
    fx_add_hook(w, count_calls, &calls, NULL);
    fx_tensor *y = fx_sum(fx_checkpointed(uses_parameter, &o, x));
    cr_assert(fx_backward(fx_add(y, fx_sum(w))) == FX_OK);
    cr_assert(calls == 1 && o.runs == 2);
    for (int i = 0; i < 2; i++) {
        double a = number(w, i), b = number(x, i);
        cr_assert_float_eq(number(fx_grad(w), i), exp(a * b) * (1 + a * b) + 1, 1e-14);
        cr_assert_float_eq(number(fx_grad(x), i), exp(a * b) * a * a, 1e-14);
    }
    cr_assert(fx_backward(y) == FX_ERROR_FREED);
    REFUSED(cx, FREED, "already freed");
    /* the second run's own failure */
    FX_NO_GRAD (cx) cr_assert(!fx_requires_grad(fx_checkpointed(uses_parameter, &o, x)));
    context_end(cx);
}

/* C2 */
Test(checkpoint, a_function_that_does_not_repeat_itself_is_found_out)
{
    fx_context *cx = context_new();
    fx_tensor *w = fx_parameter(fx_randn(cx, FX_F64, WIDTH, WIDTH)),
              *x = fx_parameter(fx_randn(cx, FX_F64, BATCH, WIDTH));
    /* captures more than before: the first is still what it was, so that is found where one is missing */
    segment s = { .w = &w, .layers = 1, .runs = 1, .odd = true };
    fx_tensor *y = fx_checkpointed(run_segment, &s, x);
    cr_assert(fx_backward(fx_sum(y)) == FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH, "the function did not repeat itself");
    s = (segment){ .w = &w, .layers = 1, .runs = 1, .shapes = true };
    y = fx_checkpointed(run_segment, &s, x);
    cr_assert(fx_backward(fx_sum(y)) == FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH, "the function did not repeat itself");
    cr_assert(!fx_grad(w) && !fx_grad(x));
    /* an input that was written since */
    s = (segment){ .w = &w, .layers = 1 };
    fx_tensor *h = fx_mul(x, 1);
    y = fx_checkpointed(run_segment, &s, h);
    fx_mul_(h, 2);
    cr_assert(fx_backward(fx_sum(y)) == FX_ERROR_MODIFIED);
    REFUSED(cx, MODIFIED, "checkpoint: input 0 was changed in place");
    context_end(cx);
}

/* C3: after the last captured tensor nothing runs */
static int tail_runs;
static fx_tensor *counts_its_end(void *data, fx_tensor *const *inputs, int count)
{
    (void)data, (void)count;
    fx_tensor *h = fx_exp(inputs[0]);
    if (!h) return NULL;
    fx_tensor *t = fx_add(h, 1); /* captures nothing */
    if (t) tail_runs++;
    return t;
}

Test(checkpoint, the_second_run_ends_early)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    tail_runs = 0;
    fx_tensor *y = fx_sum(fx_checkpointed(counts_its_end, NULL, x));
    cr_assert(tail_runs == 1);
    cr_assert(fx_backward(y) == FX_OK);
    cr_assert(tail_runs == 1 && fx_error(cx) == FX_OK);
    cr_assert_float_eq(number(fx_grad(x), 1), exp(2), 1e-13);
    context_end(cx);
}

/* C4 */
static int inner_runs, outer_runs;
static fx_tensor *inner_part(void *data, fx_tensor *const *inputs, int count)
{
    (void)data, (void)count;
    inner_runs++;
    return fx_sin(fx_mul(inputs[0], inputs[0]));
}
static fx_tensor *outer_part(void *data, fx_tensor *const *inputs, int count)
{
    (void)count;
    outer_runs++;
    return fx_mul(fx_exp(fx_checkpointed(inner_part, data, fx_mul(inputs[0], 2))), inputs[0]);
}
static fx_tensor *one_part(void *data, fx_tensor *const *inputs, int count)
{
    (void)data, (void)count;
    return fx_mul(fx_exp(fx_sin(fx_square(fx_mul(inputs[0], 2)))), inputs[0]);
}

Test(checkpoint, nests_and_serves_gradient_and_higher_orders)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 0.3, 0.7), *g[3], *h[3];
    FX_SCOPE (cx) {
        g[0] = fx_gradient(fx_sum(fx_checkpointed(outer_part, NULL, x)), x, .create_graph = true);
        h[0] = fx_gradient(fx_sum(one_part(NULL, &x, 1)), x, .create_graph = true);
        cr_assert(g[0], "%s", fx_error_message(cx));
        for (int n = 1; n < 3; n++) {
            g[n] = fx_gradient(fx_sum(g[n - 1]), x, .create_graph = true);
            h[n] = fx_gradient(fx_sum(h[n - 1]), x, .create_graph = true);
            cr_assert(g[n], "order %d: %s", n + 1, fx_error_message(cx));
        }
        for (int n = 0; n < 3; n++)
            for (int i = 0; i < 2; i++)
                cr_assert(fabs(number(g[n], i) - number(h[n], i)) <= 1e-12 * fabs(number(h[n], i)),
                          "order %d: %.17g, not %.17g", n + 1, number(g[n], i), number(h[n], i));
        inner_runs = outer_runs = 0;
        cr_assert(fx_backward(fx_sum(fx_checkpointed(outer_part, NULL, x))) == FX_OK);
        cr_log_info("%d outer and %d inner runs", outer_runs, inner_runs);
        cr_assert(outer_runs == 2 && inner_runs <= 3);
    }
    cr_assert(fx_context_stats(cx).nodes == 0 && fx_context_stats(cx).captured_bytes == 0);
    context_end(cx);
}

static fx_tensor *fails_the_second_time(void *data, fx_tensor *const *inputs, int count)
{
    (void)count;
    if (++*(int *)data == 2) {
        fx_error_set(fx_context_of(inputs[0]), FX_ERROR_USER, FX_HERE, "the second run fails");
        return NULL;
    }
    return fx_exp(inputs[0]);
}

Test(checkpoint, failures)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    int runs = 0;
    fx_tensor *y = fx_sum(fx_checkpointed(fails_the_second_time, &runs, x));
    cr_assert(fx_backward(y) == FX_ERROR_USER);
    REFUSED(cx, USER, "the second run fails");
    cr_assert(!fx_grad(x));
    runs = 1;
    cr_assert(fx_checkpointed(fails_the_second_time, &runs, x) == NULL);
    REFUSED(cx, USER, "the second run fails");
    cr_assert(fx_backward(fx_sum(fx_exp(x))) == FX_OK && fx_context_stats(cx).scopes == 1);
    context_end(cx);
}
