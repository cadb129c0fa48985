/* Workloads that are the tape and memory: chains of small ops, and one expression over a million numbers. */
#include "workloads.h"

enum { SCALAR_STEPS = 333, DEEP_STEPS = 100000, ELEMENTS = 1 << 20 };

typedef struct run {
    fx_context *cx;
    fx_tensor *x;
    int steps;
    double value; /* what the last step came to */
} run;

/* y = tanh(y w + x), again and again, all zero-dimensional: three nodes a time. Value: dy/dw. */
static bool scalar_step(void *data)
{
    run *r = data;
    bool good = false;
    FX_SCOPE (r->cx) {
        fx_tensor *x = fx_parameter(fx_scalar(r->cx, FX_F32, 0.5)),
                  *w = fx_parameter(fx_scalar(r->cx, FX_F32, 0.9));
        fx_tensor *y = x;
        for (int i = 0; i < r->steps; i++) y = fx_tanh(fx_add(fx_mul(y, w), x));
        good = fx_backward(y) == FX_OK;
        r->value = good ? fx_item(fx_grad(w)) : 0;
    }
    return good;
}

/* All memory that a node costs, tape, values and gradients, in a chain so long that nothing else counts: what
 * the context takes from the system while the chain is built and gone through, by nodes. */
static double bytes_per_node(void)
{
    enum { STEPS = 33333 };
    fx_context *cx = fx_context_new(.threads = 1);
    run r = { .cx = cx, .steps = STEPS };
    const bool good = cx && scalar_step(&r);
    const int64_t bytes = good ? fx_context_stats(cx).pool_bytes : 0;
    fx_context_free(cx);
    return (double)bytes / (3.0 * STEPS);
}

bool scalar(fx_context *cx)
{
    run r = { .cx = cx, .steps = SCALAR_STEPS };
    if (!scalar_step(&r)) return false;
    const double s = median_seconds(scalar_step, &r, (pace){ .times = 100, .warm = 20, .repetitions = 15 });
    if (s < 0) return false;
    report_begin("scalar", cx, s, r.value, 6);
    report_number("ns_per_node", s / (3 * SCALAR_STEPS) * 1e9, 1);
    report_number("bytes_per_node", bytes_per_node(), 1);
    report_end();
    return true;
}

/* A chain of multiplications of a small vector by a constant. Value: the gradient in its first number. */
static bool deep_step(void *data)
{
    run *r = data;
    bool good = false;
    FX_SCOPE (r->cx) {
        fx_tensor *x = fx_parameter(fx_ones(r->cx, FX_F32, 16)), *y = x;
        for (int i = 0; i < r->steps; i++) y = fx_mul(y, 1.00001);
        good = fx_backward(fx_sum(y)) == FX_OK;
        r->value = good ? (double)((const float *)fx_data_const(fx_grad(x)))[0] : 0;
    }
    return good;
}

bool deep(fx_context *cx)
{
    run r = { .cx = cx, .steps = DEEP_STEPS };
    if (!deep_step(&r)) return false;
    const double s = median_seconds(deep_step, &r, (pace){ .times = 1, .warm = 1, .repetitions = 7 });
    if (s < 0) return false;
    report_begin("deep", cx, s, r.value, 4);
    report_number("ns_per_node", s / DEEP_STEPS * 1e9, 1);
    report_end();
    return true;
}

/* sum(sigmoid(x) tanh(x) + x x). */
static bool elementwise_step(void *data)
{
    run *r = data;
    bool good = false;
    fx_clear_grad(r->x);
    FX_SCOPE (r->cx) {
        fx_tensor *y = fx_sum(fx_add(fx_mul(fx_sigmoid(r->x), fx_tanh(r->x)), fx_mul(r->x, r->x)));
        good = fx_backward(y) == FX_OK;
        r->value = y ? fx_item(y) : 0;
    }
    return good;
}

bool elementwise(fx_context *cx)
{
    run r = { .cx = cx, .x = fx_parameter(fill(cx, 1, -2, 2, FX_DIMS(ELEMENTS))) };
    if (!elementwise_step(&r)) return false;
    const double s = median_seconds(elementwise_step, &r, (pace){ .times = 5, .warm = 2, .repetitions = 15 });
    if (s < 0) return false;
    double grad = 0;
    const float *numbers = fx_data_const(fx_grad(r.x));
    for (int64_t i = 0; i < ELEMENTS; i++) grad += (double)numbers[i];
    report_begin("elementwise", cx, s, r.value / ELEMENTS, 5);
    report_number("grad", grad / ELEMENTS, 5);
    report_end();
    return true;
}
