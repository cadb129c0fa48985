/* The graph, its leaves, and how gradients accumulate in them (rules G1 to G13). */
#include "support.h"

/* G1 */
Test(graph, gradients_accumulate)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_randn(cx, FX_F64, 5, 5)), *y = fx_add(x, 2),
              *one = fx_ones(cx, FX_F64, 5, 5);
    cr_assert(fx_backward(y, .seed = one, .retain_graph = true) == FX_OK);
    ALL(fx_grad(x), 1);
    cr_assert(fx_backward(y, .seed = one) == FX_OK);
    ALL(fx_grad(x), 2);
    context_end(cx);
}

/* G2 */
Test(graph, accumulation_is_in_place_unless_the_gradient_has_a_graph)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2, 3);
    fx_backward(fx_sum(fx_square(x)));
    fx_tensor *first = fx_grad(x);
    fx_backward(fx_sum(fx_square(x)));
    cr_assert(fx_grad(x) == first);
    NUMBERS(first, 4, 8, 12);
    fx_backward(fx_sum(fx_square(x)), .create_graph = true);
    cr_assert(fx_grad(x) != first);
    NUMBERS(first, 4, 8, 12);
    NUMBERS(fx_grad(x), 6, 12, 18);
    context_end(cx);
}

/* G3 */
Test(graph, leaves_never_share_a_gradient)
{
    for (int create = 0; create < 2; create++) {
        fx_context *cx = context_new();
        fx_tensor *a = fx_parameter(fx_ones(cx, FX_F64, 20)), *b = fx_parameter(fx_ones(cx, FX_F64, 20)),
                  *seed = fx_full(cx, FX_F64, 3, 20);
        uint64_t before = fx_digest(seed);
        cr_assert(fx_backward(fx_add(a, b), .seed = seed, .create_graph = create) == FX_OK);
        cr_assert(fx_data_const(fx_grad(a)) != fx_data_const(fx_grad(b)));
        cr_assert(fx_data_const(fx_grad(a)) != fx_data_const(seed));
        FX_NO_GRAD (cx) fx_fill_(fx_grad(a), 7);
        ALL(fx_grad(b), 3);
        ALL(seed, 3);
        cr_assert(fx_digest(seed) == before);
        /* a root that is a leaf */
        fx_tensor *c = fx_parameter(fx_ones(cx, FX_F64, 20));
        cr_assert(fx_backward(c, .seed = seed, .create_graph = create) == FX_OK);
        cr_assert(fx_data_const(fx_grad(c)) != fx_data_const(seed));
        context_end(cx);
    }
}

/* G4: each node runs once, after all its consumers */
Test(graph, a_node_runs_once_with_the_sum_of_what_its_consumers_give)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 5, 5)), *y = fx_parameter(fx_ones(cx, FX_F64, 5, 5));
    fx_tensor *a = noted(fx_add(x, 2), 1), *b = noted(fx_add(y, 2), 2), *c = noted(fx_add(x, 2), 3);
    fx_tensor *add1 = fx_add(a, b), *add2 = fx_add(add1, c);
    for (int i = 0; i < 4; i++) a = fx_mul(a, 2), b = fx_mul(b, 2), c = fx_mul(c, 2);
    fx_tensor *out = fx_add(add2, fx_add(fx_add(a, b), c));
    gradient_count = 0;
    cr_assert(fx_backward(out, .seed = fx_ones(cx, FX_F64, 5, 5)) == FX_OK);
    ALL(fx_grad(x), 34);
    ALL(fx_grad(y), 17);
    cr_assert(gradient_count == 3);
    cr_assert(gradient_log[0] == 3 && gradient_log[1] == 2 && gradient_log[2] == 1);
    context_end(cx);
}

/* G5 */
Test(graph, gradients_of_leaves_are_dense)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_randn(cx, FX_F64, 3, 4));
    fx_tensor *results[] = {
        fx_sum(x), fx_sum(fx_transpose(x, 0, 1)), fx_sum(fx_expand(x, 2, 3, 4)),
        fx_sum(fx_mul(fx_t(x), fx_expand(fx_from(cx, FX_F64, ((double[]){ 1, 2, 3 }), 3), 4, 3)))
    };
    for (int i = 0; i < 4; i++) {
        cr_assert(fx_backward(results[i]) == FX_OK);
        fx_tensor *g = fx_grad(x);
        cr_assert(fx_ndim(g) == 2 && fx_strides(g)[0] == 4 && fx_strides(g)[1] == 1);
        if (i == 2) ALL(g, 2);
        if (i == 3) NUMBERS(g, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
        fx_clear_grad(x);
    }
    context_end(cx);
}

/* G6 */
Test(graph, results_keep_a_gradient_on_request)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *h = fx_mul(x, 3), *loss = fx_sum(fx_square(h));
    cr_assert(fx_retain_grad(h) == FX_OK && fx_retain_grad(h) == FX_OK && fx_retain_grad(x) == FX_OK);
    cr_assert(fx_backward(loss, .retain_graph = true) == FX_OK);
    NUMBERS(fx_grad(h), 6, 12);
    cr_assert(fx_backward(loss) == FX_OK);
    NUMBERS(fx_grad(h), 12, 24);
    NUMBERS(fx_grad(x), 36, 72);
    fx_tensor *constant = VECTOR(cx, 1);
    cr_assert(fx_retain_grad(constant) == FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH, "requires_grad=False");
    context_end(cx);
}

Test(graph, a_kept_gradient_moves_with_a_change_in_place)
{
    fx_context *cx = context_new();
    fx_tensor *a = LEAF(cx, 1, 2), *b = fx_mul(a, 2);
    fx_retain_grad(b);
    fx_mul_(b, 3);
    fx_tensor *loss = fx_sum(fx_square(b));
    cr_assert(fx_backward(loss) == FX_OK);
    NUMBERS(fx_grad(b), 12, 24); /* of the new value: 2 b */
    NUMBERS(fx_grad(a), 72, 144);
    context_end(cx);
}

Test(graph, a_result_that_is_released_leaves_nothing)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 100));
    int64_t before = fx_context_stats(cx).tensor_bytes;
    FX_SCOPE (cx) {
        fx_tensor *h = fx_mul(x, 3);
        fx_retain_grad(h);
        fx_tensor *loss = fx_sum(h);
        fx_release(h);
        cr_assert(fx_backward(loss) == FX_OK);
        ALL(fx_grad(x), 3);
    }
    cr_assert(fx_context_stats(cx).nodes == 0);
    fx_clear_grad(x);
    cr_assert(fx_context_stats(cx).tensor_bytes == before);
    context_end(cx);
}

/* a gradient kept, and a hook added, from within a scope, outlive it with what they belong to */
static fx_tensor *tenfold(void *data, fx_tensor *grad)
{
    ++*(int *)data;
    return fx_mul(grad, 10);
}

Test(graph, what_an_inner_scope_hangs_on_a_result_stays)
{
    fx_context *cx = context_new();
    int calls = 0;
    fx_tensor *x = LEAF(cx, 1, 2), *h = fx_mul(x, 3);
    FX_SCOPE (cx) {
        fx_retain_grad(h);
        fx_add_hook(h, tenfold, &calls, NULL);
        fx_square(h);
    }
    FX_SCOPE (cx) fx_square(h); /* writes over what the first one left */
    cr_assert(fx_backward(fx_sum(h)) == FX_OK);
    NUMBERS(fx_grad(h), 10, 10);
    NUMBERS(fx_grad(x), 30, 30);
    cr_assert(calls == 1);
    context_end(cx);
}

/* G7 */
Test(graph, asking_a_result_for_a_gradient_warns_once)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1), *h = fx_mul(x, 2);
    cr_assert(fx_grad(x) == NULL && fx_warning_count(cx) == 0);
    cr_assert(fx_grad(h) == NULL && fx_warning_count(cx) == 1);
    cr_assert(fx_grad(h) == NULL && fx_warning_count(cx) == 1);
    fx_tensor *k = fx_mul(x, 2);
    fx_retain_grad(k);
    cr_assert(fx_grad(k) == NULL && fx_warning_count(cx) == 1);
    context_end(cx);
}

/* G8 */
Test(graph, a_result_requires_a_gradient_if_an_input_does)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *c = VECTOR(cx, 3, 4);
    cr_assert(fx_requires_grad(fx_mul(x, c)) && fx_requires_grad(fx_mul(c, x)));
    cr_assert(!fx_requires_grad(fx_mul(c, c)));
    cr_assert(!fx_requires_grad(fx_gt(x, c)) && !fx_requires_grad(fx_argmax(x)) &&
              !fx_requires_grad(fx_isnan(x)));
    FX_NO_GRAD (cx) cr_assert(!fx_requires_grad(fx_mul(x, c)));
    cr_assert(fx_is_leaf(x) && fx_is_leaf(c) && !fx_is_leaf(fx_mul(x, c)) && fx_is_leaf(fx_mul(c, c)));
    context_end(cx);
}

/* G9, G10 */
Test(graph, who_may_require_a_gradient)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = fx_mul(x, 2);
    cr_assert(fx_set_requires_grad(y, false) == FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH,
            "you can only change requires_grad flags of leaf variables. If you want to use a computed "
            "variable in a "
            "subgraph that doesn't require differentiation use var_no_grad = var.detach().");
    cr_assert(fx_set_requires_grad(y, true) == FX_OK);
    for (fx_dtype d = FX_BOOL; d <= FX_F64; d++) {
        fx_tensor *t = fx_ones(cx, d, 3);
        cr_assert(fx_set_requires_grad(t, false) == FX_OK);
        if (fx_dtype_is_float(d)) {
            cr_assert(fx_set_requires_grad(t, true) == FX_OK && fx_requires_grad(t));
            cr_assert(fx_set_requires_grad(t, false) == FX_OK && !fx_requires_grad(t));
        } else {
            cr_assert(fx_set_requires_grad(t, true) == FX_ERROR_DTYPE);
            REFUSED(cx, DTYPE, "only Tensors of floating point dtype can require gradients");
        }
    }
    context_end(cx);
}

/* G11 */
Test(graph, a_gradient_that_is_set_must_fit)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2, 3);
    cr_assert(fx_set_grad(x, fx_ones(cx, FX_F64, 2)) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "(2,)");
    cr_assert(fx_set_grad(x, fx_ones(cx, FX_F64, 3, 1)) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "(3, 1)");
    cr_assert(fx_set_grad(x, fx_ones(cx, FX_F32, 3)) == FX_ERROR_DTYPE);
    REFUSED(cx, DTYPE, "float32");
    cr_assert(fx_set_grad(x, x) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "its own gradient");
    fx_tensor *g = VECTOR(cx, 4, 5, 6);
    cr_assert(fx_set_grad(x, g) == FX_OK);
    fx_fill_(g, 0);
    NUMBERS(fx_grad(x), 4, 5, 6);
    cr_assert(fx_set_grad(x, NULL) == FX_OK && !fx_grad(x));
    context_end(cx);
}

/* G12 */
Test(graph, frozen_layers_cost_nothing)
{
    fx_context *cx = context_new();
    fx_tensor *w = fx_randn(cx, FX_F64, 20, 20), *x = fx_randn(cx, FX_F64, 10, 20);
    FX_SCOPE (cx) {
        fx_tensor *h = x;
        for (int i = 0; i < 5; i++) h = fx_tanh(fx_matmul(h, w));
        cr_assert(fx_context_stats(cx).captured_bytes == 0 && fx_context_stats(cx).nodes == 0);
    }
    /* frozen weights, but an input that wants a gradient: its gradient comes, theirs does not */
    FX_SCOPE (cx) {
        fx_tensor *in = fx_parameter(fx_randn(cx, FX_F64, 10, 20)), *h = in;
        for (int i = 0; i < 5; i++) h = fx_tanh(fx_matmul(h, w));
        cr_assert(fx_backward(fx_sum(h)) == FX_OK);
        cr_assert(fx_grad(in) && !fx_grad(w));
    }
    cr_assert(fx_context_stats(cx).captured_bytes == 0 && fx_context_stats(cx).nodes == 0);
    context_end(cx);
}

/* G13 */
Test(graph, ops_capture_what_their_gradient_needs_alone)
{
    fx_context *cx = context_new();
    enum { N = 100, BYTES = N * 8 };
#define CAPTURED(bytes, expression)                                                                          \
    FX_SCOPE (cx) {                                                                                          \
        fx_tensor *x = fx_parameter(fx_rand(cx, FX_F64, N)), *c = fx_rand(cx, FX_F64, N);                    \
        (void)c;                                                                                             \
        fx_tensor *y = expression;                                                                           \
        cr_assert(y &&fx_context_stats(cx).captured_bytes == (bytes), #expression " captures %d bytes",      \
                  (int)fx_context_stats(cx).captured_bytes);                                                 \
    }                                                                                                        \
    cr_assert(fx_context_stats(cx).captured_bytes == 0)
    CAPTURED(0, fx_add(x, c));
    CAPTURED(0, fx_sub(c, x));
    CAPTURED(0, fx_mul(x, 2));
    CAPTURED(0, fx_sum(x));
    CAPTURED(0, fx_reshape(x, 10, 10));
    CAPTURED(0, fx_select(x, 0, 3));
    CAPTURED(BYTES, fx_mul(x, c));
    CAPTURED(BYTES, fx_exp(x));
    CAPTURED(BYTES, fx_sqrt(x));
    CAPTURED(BYTES, fx_tanh(x));
    CAPTURED(BYTES, fx_relu(x));
    CAPTURED(2 * BYTES, fx_mul(x, fx_exp(x)));
    context_end(cx);
}

Test(graph, what_is_not_captured_may_change)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *h = fx_mul(x, 3), *y = fx_sum(fx_mul(h, 5));
    FX_NO_GRAD (cx) fx_fill_(h, 0);
    cr_assert(fx_backward(y) == FX_OK);
    NUMBERS(fx_grad(x), 15, 15);
    context_end(cx);
}

Test(graph, captures_go_as_the_pass_goes)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 1000));
    fx_tensor *m = fx_full(cx, FX_F64, 2, 1000);
    fx_backward(fx_sum(x));
    int64_t before = fx_context_stats(cx).tensor_bytes;
    FX_SCOPE (cx) {
        fx_tensor *a = fx_add(x, 2), *b = fx_mul(a, m), *y = fx_sum(b);
        fx_release(a);
        fx_release(b);
        cr_assert(fx_context_stats(cx).tensor_bytes <= before + 8000, "a is not needed");
        cr_assert(fx_backward(y) == FX_OK);
        cr_assert(fx_context_stats(cx).tensor_bytes == before);
        cr_assert(fx_context_stats(cx).captured_bytes == 0);
    }
    /* a graph that nobody goes back through */
    FX_SCOPE (cx) {
        fx_tensor *h = x;
        for (int i = 0; i < 10; i++) h = fx_exp(fx_mul(h, 0.1));
        cr_assert(fx_context_stats(cx).captured_bytes == 10 * 8000);
    }
    cr_assert(fx_context_stats(cx).captured_bytes == 0 && fx_context_stats(cx).tensor_bytes == before);
    context_end(cx);
}

/* ---- dtypes (1.9) -------------------------------------------------------------------------------------- */

Test(dtypes, gradients_have_the_dtype_of_their_tensor)
{
    fx_context *cx = context_new();
    fx_tensor *a = fx_parameter(fx_ones(cx, FX_F32, 3)), *b = fx_parameter(fx_full(cx, FX_F64, 2, 3));
    fx_tensor *y = fx_mul(a, b);
    cr_assert(fx_dtype_of(y) == FX_F64);
    cr_assert(fx_backward(fx_sum(y)) == FX_OK);
    cr_assert(fx_dtype_of(fx_grad(a)) == FX_F32 && fx_dtype_of(fx_grad(b)) == FX_F64);
    ALL(fx_grad(a), 2);
    ALL(fx_grad(b), 1);
    context_end(cx);
}

Test(dtypes, promotion)
{
    fx_context *cx = fx_context_new(.threads = 1);
    fx_tensor *f32 = fx_ones(cx, FX_F32, 2), *f64 = fx_ones(cx, FX_F64, 2),
              *zero_d = fx_scalar(cx, FX_F64, 2), *i64 = fx_ones(cx, FX_I64, 2),
              *i32 = fx_ones(cx, FX_I32, 2), *truth = fx_ones(cx, FX_BOOL, 2);
    cr_assert(fx_dtype_of(fx_add(f32, f64)) == FX_F64);
    cr_assert(fx_dtype_of(fx_mul(f32, zero_d)) == FX_F32);
    cr_assert(fx_dtype_of(fx_mul(i64, 2.5)) == FX_F32);
    cr_assert(fx_dtype_of(fx_div(i64, i64)) == FX_F32);
    cr_assert(fx_dtype_of(fx_add(truth, i32)) == FX_I32);
    cr_assert(fx_dtype_of(fx_sum(i32)) == FX_I64);
    cr_assert(fx_mean(i32) == NULL);
    REFUSED(cx, DTYPE, "mean");
    context_end(cx);
}

/* integers take part in a differentiable program without a gradient */
Test(dtypes, integers_inside_a_differentiable_program)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 5, 3), *y = fx_mul(x, 2), *best = fx_argmax(y);
    cr_assert(!fx_requires_grad(best) && fx_item_int(best) == 1);
    fx_tensor *z = fx_mul(y, fx_gt(y, 4));
    cr_assert(fx_backward(fx_sum(z)) == FX_OK);
    NUMBERS(fx_grad(x), 0, 2, 2);
    context_end(cx);
}

Test(dtypes, empty_and_zero_dimensional)
{
    fx_context *cx = context_new();
    fx_tensor *a = fx_parameter(fx_ones(cx, FX_F64, 4, 0)), *b = fx_parameter(fx_ones(cx, FX_F64, 4, 1));
    cr_assert(fx_backward(fx_sum(fx_add(a, b))) == FX_OK);
    cr_assert(fx_dim(fx_grad(a), 0) == 4 && fx_dim(fx_grad(a), 1) == 0);
    NUMBERS(fx_grad(b), 0, 0, 0, 0);
    fx_tensor *s = fx_parameter(fx_scalar(cx, FX_F64, 2)), *m = fx_ones(cx, FX_F64, 3, 4);
    cr_assert(fx_backward(fx_sum(fx_mul(s, m))) == FX_OK);
    cr_assert(fx_ndim(fx_grad(s)) == 0 && fx_item(fx_grad(s)) == 12);
    fx_tensor *p = fx_parameter(fx_ones(cx, FX_F64, 2, 0)), *q = fx_parameter(fx_ones(cx, FX_F64, 0, 3));
    fx_tensor *r = fx_matmul(p, q);
    ALL(r, 0);
    cr_assert(fx_backward(fx_sum(r)) == FX_OK);
    cr_assert(fx_numel(fx_grad(p)) == 0 && fx_numel(fx_grad(q)) == 0);
    context_end(cx);
}
