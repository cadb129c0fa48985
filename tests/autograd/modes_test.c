/* Grad modes, detaching, inference (rules M1 to M6; M7 is in tests/nn/module_test.c). */
#include "support.h"

/* M1 */
Test(modes, nest_and_end_however_the_block_is_left)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    FX_NO_GRAD (cx) {
        cr_assert(fx_get_grad_mode(cx) == FX_GRAD_OFF && !fx_requires_grad(fx_mul(x, 2)));
        FX_ENABLE_GRAD (cx) {
            cr_assert(fx_requires_grad(fx_mul(x, 2)));
            FX_NO_GRAD (cx) cr_assert(!fx_requires_grad(fx_mul(x, 2)));
            cr_assert(fx_requires_grad(fx_mul(x, 2)));
        }
        cr_assert(!fx_requires_grad(fx_mul(x, 2)));
        if (x) break;
        cr_assert(false);
    }
    cr_assert(fx_get_grad_mode(cx) == FX_GRAD_ON);
    for (int i = 0; i < 2; i++)
        FX_NO_GRAD (cx) continue;
    cr_assert(fx_get_grad_mode(cx) == FX_GRAD_ON && fx_requires_grad(x));
    fx_scope scope = fx_scope_open(cx);
    fx_mode_push(cx, FX_GRAD_OFF);
    fx_scope_close(&scope); /* a scope restores the mode that it began with */
    cr_assert(fx_get_grad_mode(cx) == FX_GRAD_ON);
    context_end(cx);
}

static fx_tensor *returns_early(fx_context *cx, fx_tensor *x)
{
    FX_SCOPE (cx)
        FX_NO_GRAD (cx) return fx_keep(fx_mul(x, 2));
    return NULL;
}

Test(modes, end_by_return)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = returns_early(cx, x);
    NUMBERS(y, 2, 4);
    cr_assert(!fx_requires_grad(y) && fx_get_grad_mode(cx) == FX_GRAD_ON && fx_context_stats(cx).scopes == 1);
    context_end(cx);
}

/* M1: an error on the way */
Test(modes, a_failed_pass_restores_the_mode)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    cr_assert(fx_backward(fx_sum(failing(x))) == FX_ERROR_USER);
    REFUSED(cx, USER, "simulated");
    cr_assert(fx_get_grad_mode(cx) == FX_GRAD_ON && fx_requires_grad(fx_mul(x, 2)));
    FX_NO_GRAD (cx) {
        FX_ENABLE_GRAD (cx) x = fx_mul(x, 1);
        cr_assert(fx_backward(fx_sum(failing(x))) != FX_OK);
        fx_error_clear(cx);
        cr_assert(fx_get_grad_mode(cx) == FX_GRAD_OFF);
    }
    context_end(cx);
}

/* M2 */
Test(modes, a_write_without_grad_counts)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = fx_sum(fx_square(x));
    uint32_t version = fx_version(x);
    const char *written = place(__FILE__, __LINE__ + 1);
    FX_NO_GRAD (cx) fx_add_(x, 1);
    cr_assert(fx_version(x) == version + 1);
    cr_assert(fx_backward(y) == FX_ERROR_MODIFIED);
    cr_assert(strstr(fx_error_message(cx), written), "%s", fx_error_message(cx));
    REFUSED(cx, MODIFIED, "input 0 of square (modes_test.c:");
    cr_assert(fx_is_leaf(x) && fx_requires_grad(x) && !fx_grad(x));
    /* what was not captured may be written */
    fx_tensor *z = fx_sum(fx_mul(x, 3));
    FX_NO_GRAD (cx) fx_add_(x, 1);
    cr_assert(fx_backward(z) == FX_OK);
    context_end(cx);
}

/* M3 */
Test(modes, a_detached_tensor_shares_memory_and_version)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = fx_sum(fx_square(x)), *d = fx_detach(x);
    cr_assert(!fx_requires_grad(d) && fx_data_const(d) == fx_data_const(x));
    uint32_t version = fx_version(x);
    cr_assert(fx_fill_(d, 0) == d);
    cr_assert(fx_version(x) == version + 1 && fx_version(d) == version + 1);
    NUMBERS(x, 0, 0);
    cr_assert(fx_backward(y) == FX_ERROR_MODIFIED);
    REFUSED(cx, MODIFIED, "was changed by fill_ (modes_test.c:");
    context_end(cx);
}

/* M4 */
Test(modes, detaching_cuts_the_graph)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 5);
    cr_assert(fx_backward(fx_add(x, fx_detach(fx_mul(x, 2)))) == FX_OK);
    NUMBERS(fx_grad(x), 1);
    fx_tensor *h = fx_mul(x, 3), *view = fx_reshape(h, 1, 1);
    cr_assert(fx_detach_(view) == NULL);
    REFUSED(cx, GRAPH, "can't detach views in-place");
    cr_assert(fx_detach_(h) == h && fx_is_leaf(h) && !fx_requires_grad(h));
    context_end(cx);
}

/* A detached tensor is a tensor without a past, and a history of its own from there on. */
Test(modes, writes_through_detached_tensors)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *h = fx_mul(x, 1), *d = fx_detach(h);
    fx_mul_(d, x);
    cr_assert(fx_backward(fx_sum(d)) == FX_OK);
    NUMBERS(fx_grad(x), 1, 2);
    /* with views, only one of the two could know: refused */
    fx_tensor *e = fx_detach(h), *view = fx_select(e, 0, 0);
    cr_assert(fx_mul_(e, x) == NULL);
    REFUSED(cx, GRAPH, "detached");
    cr_assert(fx_mul_(view, fx_select(x, 0, 0)) == NULL);
    REFUSED(cx, GRAPH, "detached");
    cr_assert(fx_mul_(view, 3) == view);
    context_end(cx);
}

/* M5 */
Test(modes, a_captured_tensor_that_is_detached_later)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *h = fx_mul(x, 3), *y = fx_sum(fx_square(h));
    fx_detach_(h);
    cr_assert(!fx_requires_grad(h));
    cr_assert(fx_backward(y, .create_graph = true) == FX_OK);
    NUMBERS(fx_grad(x), 18, 36);
    /* the graph remembers the past that h has lost: d/dx sum(18 x) */
    fx_tensor *g = fx_grad(x);
    fx_set_grad(x, NULL);
    (void)g;
    fx_tensor *k = fx_mul(x, 3), *z = fx_sum(fx_square(k));
    fx_detach_(k);
    fx_tensor *first = fx_gradient(z, x, .create_graph = true), *second = fx_gradient(fx_sum(first), x);
    NUMBERS(second, 18, 18);
    context_end(cx);
}

/* M6 */
Test(modes, inference_tensors)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *made, *view;
    FX_INFERENCE (cx) {
        made = fx_mul(x, 2);
        view = fx_select(made, 0, 0);
        cr_assert(!fx_requires_grad(made) && fx_is_leaf(made));
        cr_assert(fx_add_(made, 1) == made && fx_version(made) == 0);
        cr_assert(fx_add_(view, 1) == view);
        uint32_t version = fx_version(x);
        fx_fill_(x, 4); /* a normal tensor still counts */
        cr_assert(fx_version(x) == version + 1);
    }
    NUMBERS(made, 4, 5);
    cr_assert(fx_mul(x, made) == NULL);
    REFUSED(
        cx, GRAPH,
        "Inference tensors cannot be saved for backward. To work around you can make a clone to get a normal "
        "tensor and use it in autograd.");
    cr_assert(fx_requires_grad(fx_add(x, made))); /* nothing is saved */
    cr_assert(fx_requires_grad(fx_mul(x, fx_clone(made))));
    cr_assert(fx_mul_(made, 2) == NULL);
    REFUSED(cx, GRAPH, "Inplace update to inference tensor outside InferenceMode is not allowed");
    cr_assert(fx_mul_(view, 2) == NULL);
    REFUSED(cx, GRAPH, "Inplace update to inference tensor");
    FX_NO_GRAD (cx) {
        cr_assert(fx_mul_(made, 2) == NULL);
        REFUSED(cx, GRAPH, "Inplace update to inference tensor");
    }
    cr_assert(fx_set_requires_grad(made, true) == FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH, "inference");
    context_end(cx);
}

/* what fx_keep() moves out of a scope */
Test(modes, keeping_results_without_a_graph_keeps_nothing_else)
{
    fx_context *cx = context_new();
    fx_tensor *w = fx_parameter(fx_ones(cx, FX_F64, 1000));
    FX_SCOPE (cx) fx_backward(fx_sum(fx_exp(w)));
    fx_stats first = { 0 };
    for (int step = 0; step < 50; step++) {
        fx_tensor *loss, *row, *plain, *half, *shown;
        FX_SCOPE (cx) {
            fx_tensor *y = fx_exp(w), *z = fx_sum(y);
            loss = fx_keep(fx_detach(z));
            row = fx_keep(fx_detach(y));
            half = fx_keep(fx_slice(fx_detach(y), 0, 0, 10));
            FX_NO_GRAD (cx) {
                plain = fx_add_(fx_mul(w, 2), 1);
                plain = fx_keep(plain);
                shown = fx_keep(fx_slice(w, 0, 5, 7));
            }
            fx_mul(y, y);
        }
        cr_assert(fx_context_stats(cx).nodes == 0 && fx_context_stats(cx).captured_bytes == 0);
        cr_assert_float_eq(fx_item(loss), 1000 * exp(1), 1e-9);
        cr_assert(fabs(number(row, 999) - exp(1)) < 1e-14 && number(half, 9) == number(row, 9));
        cr_assert(number(plain, 999) == 3);
        cr_assert(fx_numel(half) == 10 && fx_data_const(shown) == (const double *)fx_data_const(w) + 5);
        fx_release(loss), fx_release(row), fx_release(half), fx_release(plain), fx_release(shown);
        if (step == 2) first = fx_context_stats(cx);
    }
    fx_stats last = fx_context_stats(cx);
    cr_assert(last.tensor_bytes == first.tensor_bytes, "%lld bytes more",
              (long long)(last.tensor_bytes - first.tensor_bytes));
    cr_assert(last.system_allocations == first.system_allocations);
    context_end(cx);
}

Test(modes, keeping_results_with_a_graph_keeps_the_graph)
{
    fx_context *cx = context_new();
    fx_tensor *w = fx_parameter(fx_ones(cx, FX_F64, 1000)), *y, *view;
    FX_SCOPE (cx) {
        FX_SCOPE (cx) {
            fx_tensor *h = fx_exp(fx_mul(w, 2));
            view = fx_keep(fx_slice(h, 0, 0, 500));
            y = fx_keep(fx_mul(h, 3));
        }
        FX_SCOPE (cx) fx_exp(w); /* writes where a mistake would show */
        y = fx_keep(y);
        view = fx_keep(view);
    }
    FX_SCOPE (cx) fx_exp(w);
    cr_assert(fx_backward(fx_add(fx_sum(y), fx_sum(view))) == FX_OK);
    cr_assert_float_eq(number(fx_grad(w), 0), 8 * exp(2), 1e-12);
    cr_assert_float_eq(number(fx_grad(w), 999), 6 * exp(2), 1e-12);
    context_end(cx);
}

Test(modes, scopes_never_run_out_of_numbers)
{
    fx_context *cx = context_new();
    fx_tensor *w = fx_parameter(fx_ones(cx, FX_F64, 20)), *last = NULL;
    uint32_t id = 0;
    for (int i = 0; i < 1000; i++)
        FX_SCOPE (cx)
            FX_SCOPE (cx) last = fx_keep(fx_mul(w, 2));
    (void)last, (void)id;
    /* a handle that closes twice, in any order, closes nothing else */
    fx_scope a = fx_scope_open(cx), b = fx_scope_open(cx);
    fx_scope_close(&a);
    fx_scope c = fx_scope_open(cx);
    fx_scope_close(&b);
    cr_assert(fx_context_stats(cx).scopes == 2);
    fx_scope_close(&c);
    cr_assert(fx_context_stats(cx).scopes == 1);
    context_end(cx);
}
