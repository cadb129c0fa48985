/* backward() and gradient(): roots, seeds, what is retained, what is run, what fails (rules B1 to B18). */
#include "support.h"

/* B1 */
Test(backward, only_a_one_element_root_does_without_a_seed)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    cr_assert(fx_backward(fx_mul(x, 2)) == FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH, "mul gave (2,): pass .seed");
    fx_tensor *one = fx_parameter(fx_ones(cx, FX_F64, 1, 1));
    cr_assert(fx_backward(fx_mul(one, 2)) == FX_OK);
    NUMBERS(fx_grad(one), 2);
    fx_tensor *s = fx_parameter(fx_scalar(cx, FX_F64, 3));
    cr_assert(fx_backward(fx_mul(s, 2)) == FX_OK);
    NUMBERS(fx_grad(s), 2);
    context_end(cx);
}

/* B2 */
Test(backward, a_root_without_a_graph_is_named)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1), *c = VECTOR(cx, 1);
    cr_assert(fx_backward(c) == FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH, "element 0 of tensors does not require grad and does not have a grad_fn");
    cr_assert(fx_backward(NULL, .roots = FX_LIST(fx_mul(x, 2), c)) == FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH, "element 1 of tensors");
    cr_assert(fx_gradient(c, x) == NULL);
    REFUSED(cx, GRAPH, "element 0 of tensors");
    cr_assert(fx_gradient(fx_mul(x, 2), c) == NULL);
    REFUSED(cx, GRAPH, "does not require grad");
    cr_assert(!fx_grad(x));
    context_end(cx);
}

/* B3 */
Test(backward, seeds_fit_their_roots)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = fx_mul(x, 2), *three = fx_ones(cx, FX_F64, 3);
    cr_assert(fx_backward(y, .seed = three) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE,
            "Mismatch in shape: grad_output[0] has a shape of (3,) and output[0] has a shape of (2,).");
    fx_tensor *two = fx_ones(cx, FX_F64, 2);
    cr_assert(fx_backward(NULL, .roots = FX_LIST(y, y), .seeds = FX_LIST(two)) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "1 seeds for 2 roots");
    cr_assert(fx_backward(y, .seed = fx_ones(cx, FX_F32, 2)) == FX_OK);
    NUMBERS(fx_grad(x), 2, 2);
    context_end(cx);
}

/* B4: all variants */
Test(backward, a_second_pass_over_a_freed_graph_is_an_error)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    fx_tensor *y = fx_sum(fx_square(x));
    const char *made = place(__FILE__, __LINE__ - 1);
    fx_tensor *z = fx_sum(fx_square(y)); /* another line, to be named */
    cr_assert(fx_backward(y) == FX_OK);
    const char *freed = place(__FILE__, __LINE__ - 1);
    NUMBERS(fx_grad(x), 2, 4);
    cr_assert(fx_backward(y) == FX_ERROR_FREED);
    cr_assert(strstr(fx_error_message(cx), freed), "%s: no %s", fx_error_message(cx), freed);
    REFUSED(cx, FREED, ".retain_graph");
    cr_assert(fx_backward(z) == FX_ERROR_FREED);
    cr_assert(strstr(fx_error_message(cx), made), "%s: no %s", fx_error_message(cx), made);
    REFUSED(cx, FREED, "already freed");
    NUMBERS(fx_grad(x), 2, 4);
    /* nothing captured: again and again */
    fx_tensor *sum = fx_sum(fx_add(x, 1));
    for (int i = 0; i < 3; i++) cr_assert(fx_backward(sum) == FX_OK);
    NUMBERS(fx_grad(x), 5, 7);
    /* retained */
    fx_clear_grad(x);
    fx_tensor *w = fx_sum(fx_square(x));
    cr_assert(fx_backward(w, .retain_graph = true) == FX_OK && fx_backward(w) == FX_OK);
    NUMBERS(fx_grad(x), 4, 8);
    cr_assert(fx_backward(w) == FX_ERROR_FREED);
    REFUSED(cx, FREED, "already freed");
    context_end(cx);
}

Test(backward, a_shared_trunk_is_freed_by_the_first)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *trunk = fx_exp(x);
    fx_tensor *one = fx_sum(fx_mul(trunk, 2)), *two = fx_sum(fx_mul(trunk, 3));
    cr_assert(fx_backward(one) == FX_OK);
    fx_tensor *before = fx_clone(fx_grad(x));
    cr_assert(fx_backward(two) == FX_ERROR_FREED);
    REFUSED(cx, FREED, "at exp, made at backward_test.c");
    cr_assert(same_bits(before, fx_grad(x)));
    context_end(cx);
}

/* B5 */
Test(backward, create_graph_retains_the_first)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 3), *y = fx_mul(x, fx_mul(x, x));
    cr_assert(fx_backward(y, .create_graph = true) == FX_OK);
    cr_assert(fx_backward(y) == FX_OK);
    NUMBERS(fx_grad(x), 54);
    context_end(cx);
}

/* B6 */
Test(backward, several_roots)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = fx_square(x), *z = fx_mul(y, fx_mul(y, y));
    fx_tensor *gy = VECTOR(cx, 1, 10), *gz = VECTOR(cx, 2, 3);
    cr_assert(fx_backward(NULL, .roots = FX_LIST(y, z), .seeds = FX_LIST(gy, gz), .retain_graph = true) ==
              FX_OK);
    NUMBERS(fx_grad(x), 2 * 1 * 1 + 6 * 1 * 2, 2 * 2 * 10 + 6 * 32 * 3);
    fx_clear_grad(x);
    cr_assert(fx_backward(NULL, .roots = FX_LIST(z, y), .seeds = FX_LIST(gz, gy), .retain_graph = true) ==
              FX_OK);
    NUMBERS(fx_grad(x), 14, 616);
    fx_clear_grad(x);
    cr_assert(fx_backward(NULL, .roots = FX_LIST(y, y), .seeds = FX_LIST(gy, gy)) == FX_OK);
    NUMBERS(fx_grad(x), 4, 80);
    context_end(cx);
}

/* B7 */
Test(backward, inputs_say_where_gradients_go)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = LEAF(cx, 3, 4), *z = LEAF(cx, 5, 6), *h = fx_mul(x, 1);
    fx_tensor *loss = fx_sum(fx_add(fx_add(fx_square(h), fx_mul(y, h)), fx_square(y)));
    cr_assert(fx_backward(loss, .inputs = FX_LIST(x), .retain_graph = true) == FX_OK);
    NUMBERS(fx_grad(x), 5, 8);
    cr_assert(!fx_grad(y));
    cr_assert(fx_backward(loss, .inputs = FX_LIST(h, y), .retain_graph = true) == FX_OK);
    NUMBERS(fx_grad(h), 5, 8);
    NUMBERS(fx_grad(y), 7, 10);
    NUMBERS(fx_grad(x), 5, 8);
    cr_assert(fx_backward(loss, .inputs = FX_LIST(z), .retain_graph = true) == FX_OK);
    cr_assert(!fx_grad(z));
    fx_retain_grad(h);
    cr_assert(fx_backward(loss, .inputs = FX_LIST(h, h), .retain_graph = true) == FX_OK);
    NUMBERS(fx_grad(h), 10, 16); /* once more, not twice or three times */
    cr_assert(fx_backward(loss, .inputs_given = true) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "cannot be empty");
    context_end(cx);
}

/* B8 */
Test(backward, gradient_runs_what_leads_to_its_inputs_alone)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 2), *y = LEAF(cx, 3);
    fx_tensor *z = fx_add(fx_mul(x, 5), failing(fx_square(y)));
    fx_tensor *g = fx_gradient(z, x, .retain_graph = true);
    NUMBERS(g, 5);
    cr_assert(!fx_grad(x) && !fx_grad(y));
    cr_assert(fx_gradient(z, y, .retain_graph = true) == NULL);
    REFUSED(cx, USER, "simulated error");
    /* the unneeded branch was neither run nor freed */
    fx_tensor *w = fx_add(fx_square(x), noted(fx_square(y), 1));
    gradient_count = 0;
    NUMBERS(fx_gradient(w, x), 4);
    cr_assert(gradient_count == 0);
    fx_tensor *v = fx_mul(fx_square(x), fx_square(y)), *h = fx_square(v);
    NUMBERS(fx_gradient(h, v), 2 * 36); /* stops at v */
    NUMBERS(fx_gradient(v, x), 36);     /* which is not freed */
    context_end(cx);
}

/* B9 */
Test(backward, inputs_that_are_not_used)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 2, 3), *y = LEAF(cx, 4, 5, 6), *z = fx_sum(fx_square(x));
    fx_tensor *results[2];
    cr_assert(fx_gradients(results, .output = z, .inputs = FX_LIST(x, y), .retain_graph = true) ==
              FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH,
            "One of the differentiated Tensors appears to not have been used in the graph. Set "
            "allow_unused=True if "
            "this is the desired behavior.");
    cr_assert(!results[0] && !results[1]);
    cr_assert(fx_gradients(results, .output = z, .inputs = FX_LIST(x, y), .retain_graph = true,
                           .allow_unused = true) == FX_OK);
    NUMBERS(results[0], 4, 6);
    cr_assert(!results[1]);
    cr_assert(fx_gradients(results, .output = z, .inputs = FX_LIST(x, y), .retain_graph = true,
                           .materialize_grads = true) == FX_OK);
    NUMBERS(results[1], 0, 0, 0);
    cr_assert(fx_gradients(results, .output = z) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "there are no inputs");
    context_end(cx);
}

/* B10 */
Test(backward, inputs_may_stand_twice_and_depend_on_each_other)
{
    fx_context *cx = context_new();
    fx_tensor *s = fx_parameter(fx_scalar(cx, FX_F64, 3)), *v = fx_mul(s, 2), *y = fx_square(v), *g[3];
    cr_assert(fx_gradients(g, .output = y, .inputs = FX_LIST(v, s, v), .retain_graph = true) == FX_OK);
    NUMBERS(g[0], 12);
    NUMBERS(g[1], 24);
    NUMBERS(g[2], 12);
    cr_assert(fx_data_const(g[0]) != fx_data_const(g[2]));
    NUMBERS(fx_gradient(s, s), 1);
    cr_assert(fx_gradients(g, .output = y, .inputs = FX_LIST(s, s)) == FX_OK);
    NUMBERS(g[0], 24);
    NUMBERS(g[1], 24);
    /* large ones, which pass their memory on */
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 100));
    cr_assert(fx_gradients(g, .output = fx_sum(fx_square(x)), .inputs = FX_LIST(x, x, x)) == FX_OK);
    for (int i = 0; i < 3; i++) ALL(g[i], 2);
    fx_fill_(g[0], 5);
    ALL(g[1], 2);
    context_end(cx);
}

/* B11 */
Test(backward, higher_orders)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 2), *y = fx_pow(x, 5), *g = y;
    double expected[] = { 80, 160, 240, 240, 120 };
    for (int n = 0; n < 5; n++) {
        g = fx_gradient(g, x, .create_graph = true);
        NEARLY(g, 1e-14, expected[n]);
    }
    fx_tensor *s = LEAF(cx, 0.5), *f = fx_sin(fx_exp(s));
    for (int n = 0; n < 3; n++) f = fx_gradient(f, s, .create_graph = true);
    double e = exp(0.5);
    NEARLY(f, 1e-13, e * cos(e) - 3 * e * e * sin(e) - e * e * e * cos(e));
    context_end(cx);
}

Test(backward, product_of_hessian_and_vector)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_randn(cx, FX_F64, 2, 2)), *y = fx_parameter(fx_randn(cx, FX_F64, 2, 2));
    fx_tensor *one = fx_ones(cx, FX_F64, 2, 2);
    fx_tensor *z = fx_add(fx_add(fx_square(x), fx_mul(y, x)), fx_square(y));
    cr_assert(fx_backward(z, .seed = one, .create_graph = true) == FX_OK);
    fx_tensor *x_grad, *y_grad;
    FX_NO_GRAD (cx) {
        x_grad = fx_add(fx_mul(x, 2), y);
        y_grad = fx_add(x, fx_mul(y, 2));
    }
    for (int i = 0; i < 4; i++) {
        cr_assert_float_eq(number(fx_grad(x), i), number(x_grad, i), 1e-14);
        cr_assert_float_eq(number(fx_grad(y), i), number(y_grad, i), 1e-14);
    }
    fx_tensor *sum = fx_add(fx_mul(fx_grad(x), 2), fx_grad(y));
    cr_assert(fx_backward(sum, .seed = one) == FX_OK);
    for (int i = 0; i < 4; i++) {
        cr_assert_float_eq(number(fx_grad(x), i), number(x_grad, i) + 5, 1e-14);
        cr_assert_float_eq(number(fx_grad(y), i), number(y_grad, i) + 4, 1e-14);
    }
    context_end(cx);
}

/* B12, and better than it: no cycle keeps anything */
Test(backward, gradients_with_a_graph_leave_nothing)
{
    fx_context *cx = context_new();
    fx_tensor *w = fx_parameter(fx_ones(cx, FX_F64, 50)), *b = fx_parameter(fx_ones(cx, FX_F64, 50));
    int64_t bytes = 0, pool = 0;
    for (int step = 0; step < 20; step++) {
        FX_SCOPE (cx) {
            fx_tensor *y = fx_sum(fx_mul(fx_exp(w), fx_add(w, b)));
            cr_assert(fx_backward(y, .create_graph = true) == FX_OK);
            cr_assert(fx_requires_grad(fx_grad(w)));
            fx_tensor *penalty = fx_add(fx_sum(fx_square(fx_grad(w))), fx_sum(fx_square(fx_grad(b))));
            cr_assert(fx_backward(penalty, .create_graph = step % 2) == FX_OK);
        }
        cr_assert(fx_context_stats(cx).nodes == 0 && fx_context_stats(cx).captured_bytes == 0);
        cr_assert(fx_grad(w) && !fx_requires_grad(fx_grad(w)), "the graph of the gradient has ended");
        if (step % 3 == 0) fx_clear_grad(w), fx_clear_grad(b);
        if (step == 3) bytes = fx_context_stats(cx).tensor_bytes, pool = fx_context_stats(cx).pool_bytes;
    }
    fx_clear_grad(w);
    fx_clear_grad(b);
    cr_assert(bytes == 2 * 400 && fx_context_stats(cx).tensor_bytes == bytes, "%lld and %lld bytes",
              (long long)bytes, (long long)fx_context_stats(cx).tensor_bytes);
    cr_assert(fx_context_stats(cx).pool_bytes <= pool + 8192, "%lld bytes more",
              (long long)(fx_context_stats(cx).pool_bytes - pool));
    context_end(cx);
}

/* B13: y = a, b; gives b no gradient, and none to a either if that gives none */
static void half_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)c;
    gx[0] = g;
}
static const fx_op half_op = { .name = "half",
                               .formula = "y = a, whatever b",
                               .inputs = 2,
                               .shape = fx_shape_same,
                               .forward = noted_forward,
                               .local_grad = half_local_grad };

Test(backward, no_gradient_is_not_a_zero_gradient)
{
    fx_context *cx = context_new();
    fx_tensor *a = LEAF(cx, 1, 2), *b = LEAF(cx, 3, 4);
    gradient_count = 0;
    fx_tensor *y = fx_apply(&half_op, fx_mul(a, 2), noted(fx_mul(b, 2), 1));
    cr_assert(fx_backward(fx_sum(y)) == FX_OK);
    NUMBERS(fx_grad(a), 2, 2);
    cr_assert(!fx_grad(b) && gradient_count == 0);
    cr_assert(fx_gradient(fx_sum(fx_apply(&half_op, a, b)), b, .allow_unused = true) == NULL);
    cr_assert(fx_error(cx) == FX_OK);
    context_end(cx);
}

/* B14: y = x; the gradient is of the shape and dtype that options say */
typedef struct odd {
    int ndim;
    int64_t size[2];
    fx_dtype dtype;
} odd;
static void odd_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)g;
    const odd *o = c->options;
    gx[0] = fx_full_at(c->cx, o->dtype, 1, (fx_dims){ true, o->ndim, { o->size[0], o->size[1] } }, c->where);
}
static const fx_op odd_op = { .name = "odd",
                              .formula = "y = x",
                              .inputs = 1,
                              .options_size = sizeof(odd),
                              .shape = fx_shape_same,
                              .forward = noted_forward,
                              .local_grad = odd_local_grad };
static fx_status odd_backward(fx_tensor *x, odd o)
{
    return fx_backward(fx_sum(fx_apply_at(&odd_op, FX_LIST(x), &o, NULL, FX_HERE)));
}

Test(backward, what_a_closure_returns_is_checked)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2, 3);
    cr_assert(odd_backward(x, (odd){ 1, { 2 }, FX_F64 }) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "expected shape (3,)");
    cr_assert(odd_backward(x, (odd){ 0, { 0 }, FX_F64 }) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "odd");
    cr_assert(!fx_grad(x));
    cr_assert(odd_backward(x, (odd){ 2, { 4, 3 }, FX_F64 }) == FX_OK);
    NUMBERS(fx_grad(x), 4, 4, 4);
    fx_clear_grad(x);
    cr_assert(odd_backward(x, (odd){ 1, { 3 }, FX_F32 }) == FX_OK);
    cr_assert(fx_dtype_of(fx_grad(x)) == FX_F64);
    NUMBERS(fx_grad(x), 1, 1, 1);
    context_end(cx);
}

/* B15: y = x; its gradient runs a pass of its own over n more such ops */
static int deepest;
static void nested_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);
static const fx_op nested_op = { .name = "nested",
                                 .formula = "y = x",
                                 .inputs = 1,
                                 .options_size = sizeof(int),
                                 .shape = fx_shape_same,
                                 .forward = noted_forward,
                                 .local_grad = nested_local_grad };
static fx_tensor *nested(fx_tensor *x, int n)
{
    return fx_apply_at(&nested_op, FX_LIST(x), &n, NULL, FX_HERE);
}
static void nested_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    int n = *(const int *)c->options;
    gx[0] = g;
    if (n == 0) return;
    if (n > deepest) deepest = n;
    fx_grad_mode before = fx_get_grad_mode(c->cx);
    FX_ENABLE_GRAD (c->cx) {
        fx_tensor *leaf = fx_parameter(fx_ones(c->cx, FX_F64, 2));
        if (fx_backward(fx_sum(nested(leaf, n - 1))) == FX_OK) gx[0] = fx_mul(g, fx_grad(leaf));
    }
    cr_assert(fx_get_grad_mode(c->cx) == before);
}

Test(backward, passes_inside_passes)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    cr_assert(fx_backward(fx_sum(nested(x, 2000))) == FX_OK, "%s", fx_error_message(cx));
    NUMBERS(fx_grad(x), 1, 1);
    cr_assert(fx_get_grad_mode(cx) == FX_GRAD_ON && fx_context_stats(cx).scopes == 1);
    context_end(cx);
}

/* y = x; its gradient runs a pass over a part of the very graph that the outer pass is in */
static struct {
    fx_tensor *root, *input;
    bool gradient, retain;
    fx_status status;
} inner;
static void reenter_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)c;
    gx[0] = g;
    if (inner.gradient) {
        fx_tensor *result = fx_gradient(inner.root, inner.input, .retain_graph = inner.retain);
        inner.status = result && fabs(number(result, 0) - 4 * exp(4)) < 1e-12 ? FX_OK : FX_ERROR_USER;
    } else
        inner.status = fx_backward(inner.root, .retain_graph = inner.retain);
}
static const fx_op reenter_op = { .name = "reenter",
                                  .formula = "y = x",
                                  .inputs = 1,
                                  .shape = fx_shape_same,
                                  .forward = noted_forward,
                                  .local_grad = reenter_local_grad };

static fx_tensor *reentrant_graph(fx_context *cx, fx_tensor **x)
{
    *x = LEAF(cx, 2);
    fx_tensor *trunk = fx_exp(*x), *square = fx_square(trunk), *cube = fx_mul(trunk, square);
    inner.input = *x;
    inner.root = fx_mul(square, 2); /* d/dx 2 e^2x = 4 e^2x */
    return fx_add(fx_apply(&reenter_op, trunk), cube);
}

Test(backward, a_pass_inside_a_pass_over_the_same_graph)
{
    const double outer = exp(2) + 3 * exp(6), within = 4 * exp(4);
    for (int how = 0; how < 4; how++) {
        fx_context *cx = context_new();
        fx_tensor *x, *y = reentrant_graph(cx, &x);
        inner.retain = true;
        inner.gradient = how & 1;
        if (how & 2) {
            fx_tensor *g = fx_gradient(y, x);
            NEARLY(g, 1e-14, outer);
            cr_assert(inner.gradient ? !fx_grad(x) : fx_grad(x) != NULL);
        } else {
            cr_assert(fx_backward(y) == FX_OK);
            NEARLY(fx_grad(x), 1e-14, outer + (inner.gradient ? 0 : within));
        }
        cr_assert(inner.status == FX_OK);
        context_end(cx);
    }
    /* it frees what the outer one still needs: an error, and no crash */
    fx_context *cx = context_new();
    fx_tensor *x, *y = reentrant_graph(cx, &x);
    inner.retain = inner.gradient = false;
    cr_assert(fx_backward(y) == FX_ERROR_FREED);
    cr_assert(inner.status == FX_OK);
    NEARLY(fx_grad(x), 1e-14, within);
    REFUSED(cx, FREED, "already freed");
    context_end(cx);
}

/* B15: the stack of a small thread */
#include <pthread.h>
static void *nested_in_a_small_stack(void *data)
{
    (void)data;
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    deepest = 0;
    fx_status status = fx_backward(fx_sum(nested(x, 100000)));
    cr_assert(status == FX_ERROR_GRAPH);
    REFUSED(cx, GRAPH, "passes run inside each other, and the stack is used up");
    cr_assert(!fx_grad(x));
    cr_assert(fx_get_grad_mode(cx) == FX_GRAD_ON && fx_context_stats(cx).scopes == 1);
    cr_assert(fx_backward(fx_sum(fx_square(x))) == FX_OK);
    NUMBERS(fx_grad(x), 2, 4);
    context_end(cx);
    return NULL;
}

Test(backward, passes_inside_passes_never_overflow_the_stack)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 512 << 10);
    pthread_t thread;
    cr_assert(pthread_create(&thread, &attr, nested_in_a_small_stack, NULL) == 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
}

/* B16, and better than it: a failed pass changes no leaf */
Test(backward, a_pass_that_fails_changes_nothing)
{
    fx_context *cx = context_new();
    fx_tensor *a = fx_parameter(fx_ones(cx, FX_F64, 30)), *b = fx_parameter(fx_ones(cx, FX_F64, 30)),
              *c = fx_parameter(fx_ones(cx, FX_F64, 30));
    fx_set_grad(b, fx_full(cx, FX_F64, 5, 30));
    fx_tensor *held = fx_grad(b);
    int64_t before = fx_context_stats(cx).tensor_bytes;
    FX_SCOPE (cx) {
        fx_tensor *h = fx_mul(b, 2);
        fx_retain_grad(h);
        fx_tensor *bad = failing(fx_mul(a, 2));
        fx_tensor *y = fx_sum(fx_add(fx_add(bad, h), fx_exp(c)));
        cr_assert(fx_backward(y) == FX_ERROR_USER);
        cr_assert(!fx_grad(a) && fx_grad(b) == held && !fx_grad(c) && !fx_grad(h));
        ALL(held, 5);
        REFUSED(cx, USER, "backward_test.c");
        /* the message is the user's, with the op and the place of the call */
        fx_backward(fx_sum(failing(a)));
        REFUSED(cx, USER, "failing: simulated error on the way back");
    }
    cr_assert(fx_context_stats(cx).nodes == 0 && fx_context_stats(cx).tensor_bytes == before);
    cr_assert(fx_backward(fx_sum(fx_add(a, b))) == FX_OK);
    ALL(fx_grad(a), 1);
    ALL(fx_grad(b), 6);
    context_end(cx);
}

static fx_tensor *refusing_hook(void *data, fx_tensor *grad)
{
    (void)data, (void)grad;
    return NULL;
}

Test(backward, a_hook_of_a_leaf_that_fails_changes_nothing)
{
    for (int create = 0; create < 2; create++) {
        fx_context *cx = context_new();
        fx_tensor *leaf[3];
        for (int i = 0; i < 3; i++) leaf[i] = fx_parameter(fx_ones(cx, FX_F64, 30));
        fx_add_hook(leaf[1], refusing_hook, NULL, NULL);
        fx_tensor *y = fx_sum(fx_mul(fx_mul(leaf[0], leaf[1]), leaf[2]));
        cr_assert(fx_backward(y, .create_graph = create) == FX_ERROR_USER);
        REFUSED(cx, USER, "a gradient hook failed");
        for (int i = 0; i < 3; i++) cr_assert(!fx_grad(leaf[i]));
        context_end(cx);
    }
}

/* B17 */
Test(backward, a_batch_of_seeds_is_a_loop_over_them)
{
    fx_context *cx = context_new();
    enum { IN = 4, OUT = 5 };
    fx_tensor *w = fx_randn(cx, FX_F64, OUT, IN), *x = fx_parameter(fx_randn(cx, FX_F64, IN)),
              *b = fx_parameter(fx_randn(cx, FX_F64, OUT)), *unused = LEAF(cx, 1, 2);
    fx_tensor *y = fx_mul(fx_tanh(fx_mv(w, x)), b), *jacobian[3];
    fx_tensor *seeds = fx_to(fx_one_hot(fx_arange(cx, OUT)), FX_F64);
    for (int graph = 0; graph < 2; graph++) {
        cr_assert(fx_gradients_batched(jacobian, .output = y, .seed = seeds, .inputs = FX_LIST(x, b, unused),
                                       .retain_graph = true, .create_graph = graph,
                                       .allow_unused = true) == FX_OK,
                  "%s", fx_error_message(cx));
        cr_assert(fx_dim(jacobian[0], 0) == OUT && fx_dim(jacobian[0], 1) == IN && !jacobian[2]);
        cr_assert(fx_requires_grad(jacobian[0]) == graph);
        for (int r = 0; r < OUT; r++) {
            fx_tensor *g[2];
            cr_assert(fx_gradients(g, .output = y, .seed = fx_select(seeds, 0, r), .inputs = FX_LIST(x, b),
                                   .retain_graph = true, .create_graph = graph) == FX_OK);
            cr_assert(same_bits(g[0], fx_select(jacobian[0], 0, r)));
            cr_assert(same_bits(g[1], fx_select(jacobian[1], 0, r)));
        }
        cr_assert(!fx_grad(x) && fx_context_stats(cx).scopes == 1);
    }
    /* through the Jacobian, and in the seeds */
    fx_tensor *free_seeds = fx_parameter(fx_clone(seeds)), *j, *g[2];
    cr_assert(fx_gradients_batched(&j, .output = y, .seed = free_seeds, .input = x, .create_graph = true) ==
              FX_OK);
    cr_assert(fx_gradients(g, .output = fx_sum(fx_square(j)), .inputs = FX_LIST(x, free_seeds)) == FX_OK);
    fx_tensor *expected = fx_mul(fx_matmul(fx_detach(j), fx_t(fx_detach(jacobian[0]))), 2);
    for (int i = 0; i < OUT * OUT; i++) cr_assert_float_eq(number(g[1], i), number(expected, i), 1e-13);
    /* what is wrong */
    cr_assert(fx_gradients_batched(&j, .output = y, .seed = fx_ones(cx, FX_F64, 3, 4), .input = x) ==
              FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "gradients_batched: seed 0 of (3, 4) is no batch of (5,)");
    cr_assert(fx_gradients_batched(&j, .output = y, .input = x) == FX_ERROR_ARGUMENT && !j);
    REFUSED(cx, ARGUMENT, "there are 0 seeds for 1 outputs");
    cr_assert(fx_gradients_batched(&j, .output = y, .seed = fx_zeros(cx, FX_F64, 0, OUT), .input = x) ==
              FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "a batch of 0");
    cr_assert(fx_gradients_batched(NULL, .output = y, .seed = seeds, .input = x) == FX_ERROR_ARGUMENT);
    context_end(cx);
}

/* B18 */
Test(backward, the_order_is_that_of_making_backwards)
{
    int first[4];
    for (int round = 0; round < 2; round++) {
        fx_context *cx = context_new();
        fx_tensor *a = LEAF(cx, 1, 2), *b = LEAF(cx, 3, 4);
        fx_tensor *c = noted(fx_sin(b), 1), *d = noted(fx_cos(a), 2);
        fx_tensor *e = noted(c, 3), *f = noted(d, 4), *y = noted(fx_mul(e, f), 5);
        gradient_count = 0;
        cr_assert(fx_backward(fx_sum(y)) == FX_OK);
        cr_assert(gradient_count == 5);
        int expected[] = { 5, 4, 3, 2, 1 };
        cr_assert(!memcmp(gradient_log, expected, sizeof expected));
        if (round) cr_assert(!memcmp(first, gradient_log, sizeof first));
        memcpy(first, gradient_log, sizeof first);
        context_end(cx);
    }
}

/* scopes that a pass runs in stay open */
static fx_tensor *closing_hook(void *data, fx_tensor *grad)
{
    fx_scope_close(data);
    return grad;
}

Test(backward, a_hook_cannot_close_the_scope_of_the_pass)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    fx_scope scope = fx_scope_open(cx);
    fx_tensor *y = fx_square(x);
    fx_add_hook(y, closing_hook, &scope, NULL);
    cr_assert(fx_backward(fx_sum(y)) != FX_OK);
    cr_assert(!fx_grad(x));
    REFUSED(cx, ARGUMENT, "cannot be closed");
    cr_assert(fx_context_stats(cx).scopes == 2);
    scope.open = true;
    fx_scope_close(&scope);
    cr_assert(fx_context_stats(cx).scopes == 1);
    context_end(cx);
}

/* What a pass that wants no graph does in fewer passes over memory (sums in place, one number for all) comes
 * to what the formulas come to: large tensors of several uses, in several layouts. */
static fx_tensor *of_many_uses(fx_tensor *x, fx_tensor *row)
{
    fx_tensor *y = fx_add(fx_mul(fx_sigmoid(x), fx_tanh(x)), fx_mul(x, x));
    y = fx_add(fx_mul(y, row), fx_div(x, fx_add(row, 3)));
    y = fx_add(y, fx_mul(fx_t(fx_contiguous(fx_t(x))), fx_sub(1, x)));
    return fx_add(fx_sum(fx_exp(fx_neg(fx_square(y)))), fx_mean(fx_pow(x, x)));
}

static void check_many_uses(fx_dtype dtype, bool strided, double tolerance)
{
    enum { ROWS = 37, COLUMNS = 41 };
    fx_context *cx = context_new();
    fx_tensor *whole = fx_add(fx_rand(cx, dtype, COLUMNS, 2 * ROWS), 0.1);
    if (!strided) whole = fx_contiguous(fx_t(fx_narrow(whole, 1, 0, ROWS)));
    fx_tensor *leaf = fx_parameter(whole), *row = fx_parameter(fx_linspace(cx, -1, 1, COLUMNS));
    row = fx_to(row, dtype);
    fx_tensor *x = strided ? fx_t(fx_narrow(leaf, 1, 0, ROWS)) : leaf, *formula[2], *fused[2];
    fx_tensor *y = of_many_uses(x, row);
    const fx_list inputs = FX_LIST(leaf, row);
    cr_assert(fx_gradients(formula, .output = y, .inputs = inputs, .create_graph = true) == FX_OK);
    cr_assert(fx_gradients(fused, .output = y, .inputs = inputs) == FX_OK);
    for (int k = 0; k < 2; k++) {
        const int64_t n = fx_numel(formula[k]);
        fx_tensor *gap = fx_abs(fx_sub(fx_reshape(formula[k], n), fx_reshape(fused[k], n)));
        fx_tensor *size = fx_add(fx_abs(fx_reshape(formula[k], n)), 1);
        cr_assert(fx_item(fx_max(fx_div(gap, size))) < tolerance, "input %d", k);
    }
    context_end(cx);
}

Test(backward, sums_in_place_are_what_the_formulas_come_to)
{
    for (int strided = 0; strided < 2; strided++) {
        check_many_uses(FX_F64, strided, 1e-14);
        check_many_uses(FX_F32, strided, 1e-5);
    }
}
