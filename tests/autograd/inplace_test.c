/* Writing in place: versions, histories, views (rules V1 to V6, V9; V10 is in tests/fuzz). There are no out=
 * arguments, and so no V7; V8 is an option that PyTorch has and this library has not: docs/in-place.md. */
#include "support.h"

static fx_tensor *ones(fx_context *cx) { return fx_ones(cx, FX_F64, 5, 5); }

/* V1 */
Test(inplace, leaves_and_their_views_are_refused_at_the_op)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 2, 2));
    const char *here = place(__FILE__, __LINE__ + 1);
    cr_assert(fx_add_(x, 1) == NULL);
    cr_assert(strstr(fx_error_message(cx), here), "%s", fx_error_message(cx));
    REFUSED(cx, GRAPH, "add_: a leaf Variable that requires grad is being used in an in-place operation.");
    cr_assert(fx_mul_(fx_select(x, 0, 1), 2) == NULL);
    REFUSED(cx, GRAPH,
            "mul_: a view of a leaf Variable that requires grad is being used in an in-place operation.");
    cr_assert(fx_fill_(x, 2) == NULL);
    REFUSED(cx, GRAPH, "fill_: a leaf Variable");
    ALL(x, 1);
    cr_assert(fx_version(x) == 0);
    /* a leaf that does not require one becomes a result */
    fx_tensor *c = ones(cx), *w = fx_parameter(ones(cx));
    cr_assert(fx_mul_(c, w) == c && fx_requires_grad(c) && !fx_is_leaf(c));
    context_end(cx);
}

/* V2 */
Test(inplace, captured_inputs)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(ones(cx)), *y = fx_parameter(fx_mul(fx_detach(ones(cx)), 4));
    fx_tensor *z = fx_mul(x, y), *q = fx_add(z, y), *w = fx_mul(z, y);
    fx_add_(z, 2);
    cr_assert(fx_backward(q, .seed = ones(cx), .retain_graph = true) == FX_OK);
    cr_assert(fx_backward(w, .seed = ones(cx)) == FX_ERROR_MODIFIED);
    REFUSED(cx, MODIFIED, "input 0 of mul (inplace_test.c:");
    z = fx_mul(x, y), q = fx_mul(z, y);
    fx_tensor *r = fx_add(z, y);
    w = fx_add_(z, y);
    cr_assert(w == z);
    cr_assert(fx_backward(w, .seed = ones(cx), .retain_graph = true) == FX_OK);
    cr_assert(fx_backward(r, .seed = ones(cx), .retain_graph = true) == FX_OK);
    cr_assert(fx_backward(q, .seed = ones(cx), .retain_graph = true) == FX_ERROR_MODIFIED);
    REFUSED(cx, MODIFIED, "changed by add_ (inplace_test.c:");
    fx_clear_grad(x);
    fx_tensor *m = fx_div(x, 2);
    z = fx_add(m, fx_div(y, 8)), q = fx_mul(z, y), r = fx_add(z, y);
    uint32_t version = fx_version(z);
    w = fx_exp_(z);
    cr_assert(fx_version(z) != version);
    cr_assert(fx_backward(r, .seed = ones(cx), .retain_graph = true) == FX_OK);
    ALL(fx_grad(x), 0.5);
    cr_assert(fx_backward(w, .seed = ones(cx), .retain_graph = true) == FX_OK);
    cr_assert_float_eq(number(fx_grad(x), 7), (1 + exp(1)) / 2, 1e-15);
    cr_assert(fx_backward(q, .seed = ones(cx)) == FX_ERROR_MODIFIED);
    REFUSED(cx, MODIFIED, "changed by exp_");
    fx_tensor *leaf = fx_parameter(ones(cx));
    x = fx_clone(leaf);
    fx_add_(x, 10);
    ALL(x, 11);
    y = fx_add(x, 2);
    cr_assert(fx_backward(y, .seed = ones(cx)) == FX_OK);
    ALL(fx_grad(leaf), 1);
    z = fx_mul(x, y);
    fx_add_(x, 2);
    cr_assert(fx_backward(z, .seed = ones(cx)) == FX_ERROR_MODIFIED);
    REFUSED(cx, MODIFIED, "changed by add_");
    context_end(cx);
}

/* V2: outputs that are captured, and what neither captures */
Test(inplace, captured_outputs_and_nothing)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    struct {
        fx_tensor *y;
        bool captured;
        const char *what;
    } rows[] = {
        { fx_exp(x), true, "the result of exp" },
        { fx_sqrt(x), true, "the result of sqrt" },
        { fx_reciprocal(x), true, "reciprocal" },
        { fx_add(x, 1), false, "" },
        { fx_neg(x), false, "" },
        { fx_mul(x, 2), false, "" },
        { fx_sin(x), false, "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fx_tensor *y = rows[i].y, *sum = fx_sum(y);
        fx_mul_(y, 2);
        fx_status status = fx_backward(sum, .retain_graph = true);
        cr_assert(status == (rows[i].captured ? FX_ERROR_MODIFIED : FX_OK), "row %d: %s", (int)i,
                  fx_error_message(cx));
        if (rows[i].captured) REFUSED(cx, MODIFIED, rows[i].what);
    }
    context_end(cx);
}

Test(inplace, one_counter_for_all_views)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_zeros(cx, FX_F64, 4), *v = fx_slice(x, 0, 0, 2), *w = fx_select(v, 0, 1),
              *d = fx_detach(x);
    fx_add_(x, 1), fx_add_(v, 1), fx_add_(w, 1), fx_add_(d, 1);
    cr_assert(fx_version(x) == 4 && fx_version(v) == 4 && fx_version(w) == 4 && fx_version(d) == 4);
    NUMBERS(x, 3, 4, 2, 2);
    ((double *)fx_data(x))[0] = 9;
    cr_assert(fx_version(w) == 5);
    fx_tensor *p = LEAF(cx, 1, 2), *y = fx_sum(fx_mul(p, v));
    ((double *)fx_data(v))[0] = 1;
    cr_assert(fx_backward(y) == FX_ERROR_MODIFIED);
    REFUSED(cx, MODIFIED, "changed by fx_data");
    context_end(cx);
}

/* V3 */
Test(inplace, a_result_takes_on_a_new_history)
{
    fx_context *cx = context_new();
    fx_tensor *y = fx_parameter(fx_scalar(cx, FX_F64, 3)), *z = fx_parameter(fx_scalar(cx, FX_F64, 4)),
              *x = fx_zeros(cx, FX_F64, 2);
    fx_copy_(fx_select(x, 0, 0), y);
    fx_copy_(fx_select(x, 0, 1), fx_mul(z, 2));
    NUMBERS(x, 3, 8);
    cr_assert(fx_requires_grad(x));
    cr_assert(fx_backward(fx_sum(x)) == FX_OK);
    NUMBERS(fx_grad(y), 1);
    NUMBERS(fx_grad(z), 2);
    /* a leaf copied over a whole tensor; a constant over a result */
    fx_tensor *w = LEAF(cx, 1, 2), *t = fx_zeros(cx, FX_F64, 2);
    fx_copy_(t, w);
    cr_assert(!fx_is_leaf(t) && fx_backward(fx_sum(fx_square(t))) == FX_OK);
    NUMBERS(fx_grad(w), 2, 4);
    fx_tensor *h = fx_mul(w, 3);
    fx_fill_(h, 5);
    cr_assert(!fx_requires_grad(h));
    h = fx_mul(w, 3);
    fx_fill_(fx_select(h, 0, 0), 5);
    fx_clear_grad(w);
    cr_assert(fx_requires_grad(h) && fx_backward(fx_sum(h)) == FX_OK);
    NUMBERS(fx_grad(w), 0, 3);
    context_end(cx);
}

/* V4, with PyTorch's numbers */
static fx_tensor *root(fx_context *cx) { return fx_parameter(fx_randn(cx, FX_F64, 2, 2)); }

Test(inplace, writes_through_views)
{
    fx_context *cx = context_new();
    fx_tensor *r = root(cx), *x = fx_clone(r), *v = fx_narrow(x, 0, 0, 1), *w;
    fx_mul_(v, 2);
    cr_assert(fx_backward(fx_sum(x)) == FX_OK);
    NUMBERS(fx_grad(r), 2, 2, 1, 1);
    r = root(cx), x = fx_clone(r), v = fx_narrow(x, 0, 0, 1), w = fx_narrow(x, 0, 0, 1);
    fx_mul_(v, 2);
    cr_assert(fx_backward(fx_sum(w)) == FX_OK);
    NUMBERS(fx_grad(r), 2, 2, 0, 0);
    r = root(cx), x = fx_clone(r), v = fx_narrow(x, 0, 0, 1), w = fx_narrow(v, 1, 1, 1);
    fx_mul_(w, 2);
    cr_assert(fx_backward(fx_sum(x)) == FX_OK);
    NUMBERS(fx_grad(r), 1, 2, 1, 1);
    r = fx_parameter(fx_detach(fx_t(fx_select(fx_randn(cx, FX_F64, 2, 3, 2), 2, 1))));
    x = fx_clone(r), v = fx_narrow(x, 0, 0, 1), w = fx_narrow(v, 1, 1, 1);
    fx_mul_(w, 2);
    cr_assert(fx_backward(fx_sum(x)) == FX_OK);
    NUMBERS(fx_grad(r), 1, 2, 1, 1, 1, 1);
    /* a view's own result */
    fx_tensor *a = VECTOR(cx, 2, 5), *b = LEAF(cx, 3);
    cr_assert(fx_backward(fx_sum(fx_mul_(fx_narrow(a, 0, 1, 1), b))) == FX_OK);
    NUMBERS(fx_grad(b), 5);
    cr_assert(fx_requires_grad(a));
    context_end(cx);
}

Test(inplace, the_owner_of_a_view_comes_to_require_a_gradient)
{
    fx_context *cx = context_new();
    fx_tensor *a = fx_parameter(fx_ones(cx, FX_F64, 4)), *x = fx_ones(cx, FX_F64, 4, 4),
              *v = fx_select(x, 0, 2);
    cr_assert(!fx_requires_grad(x));
    fx_mul_(v, a);
    cr_assert(fx_requires_grad(x) && fx_requires_grad(v));
    cr_assert(fx_backward(fx_sum(x)) == FX_OK);
    ALL(fx_grad(a), 1);
    context_end(cx);
}

Test(inplace, views_follow_what_is_written_to_their_owner)
{
    fx_context *cx = context_new();
    fx_tensor *r = LEAF(cx, 1), *x = fx_ones(cx, FX_F64, 5), *v = fx_select(x, 0, 1);
    cr_assert(!fx_requires_grad(v) && fx_is_leaf(v));
    fx_add_(x, r);
    cr_assert(fx_requires_grad(v) && !fx_is_leaf(v));
    cr_assert(fx_backward(v) == FX_OK);
    NUMBERS(fx_grad(r), 1);
    /* a result, written whole, with a view made before */
    fx_tensor *w = LEAF(cx, 1, 2, 3), *h = fx_mul(w, 2), *part = fx_slice(h, 0, 1);
    fx_mul_(h, 5);
    cr_assert(fx_backward(fx_sum(part)) == FX_OK);
    NUMBERS(fx_grad(w), 0, 10, 10);
    fx_clear_grad(w);
    h = fx_mul(w, 2), part = fx_slice(h, 0, 1);
    fx_fill_(h, 1);
    cr_assert(!fx_requires_grad(h));
    fx_tensor *loss = fx_sum(fx_mul(part, w = LEAF(cx, 4, 5)));
    cr_assert(fx_backward(loss) == FX_OK);
    NUMBERS(fx_grad(w), 1, 1);
    context_end(cx);
}

/* a view that is made anew in an inner scope still lives after it */
Test(inplace, views_renewed_in_an_inner_scope)
{
    fx_context *cx = context_new();
    fx_tensor *w = LEAF(cx, 1, 2, 3), *h = fx_mul(w, 2), *v = fx_slice(h, 0, 1), *u = fx_slice(h, 0, 0, 2);
    FX_SCOPE (cx) {
        fx_mul_(v, 5);
        cr_assert(fx_requires_grad(u));
    }
    FX_SCOPE (cx) {
        cr_assert(fx_requires_grad(u));
        fx_square(u);
    }
    FX_SCOPE (cx) fx_exp(fx_exp(w));
    cr_assert(fx_backward(fx_sum(u)) == FX_OK);
    NUMBERS(fx_grad(w), 2, 10, 0);
    FX_SCOPE (cx) {
        fx_clear_grad(w);
        h = fx_mul(w, 2), v = fx_slice(h, 0, 1);
        fx_mul_(v, 5);
        /* the pass itself is the first to ask */
        cr_assert(fx_backward(h, .seed = fx_ones(cx, FX_F64, 3)) == FX_OK);
        NUMBERS(fx_grad(w), 2, 10, 10);
    }
    cr_assert(fx_requires_grad(u));
    context_end(cx);
}

/* V5 */
Test(inplace, views_that_may_not_be_written)
{
    fx_context *cx = context_new();
    fx_tensor *w = fx_parameter(fx_ones(cx, FX_F64, 3, 2)), *h = fx_mul(w, 2), *rows[3];
    cr_assert(fx_unbind(rows, 3, h) == 3);
    cr_assert(fx_mul_(rows[0], 2) == NULL);
    REFUSED(cx, GRAPH, "this view is the output of a function that returns multiple views");
    fx_tensor *v, *vv;
    FX_NO_GRAD (cx) v = fx_select(h, 0, 0);
    cr_assert(fx_mul_(v, 2) == NULL);
    REFUSED(cx, GRAPH,
            "A view was created in no_grad mode and is being modified inplace with grad mode enabled.");
    vv = fx_select(v, 0, 1); /* a view of it */
    cr_assert(fx_mul_(vv, 2) == NULL);
    REFUSED(cx, GRAPH, "no_grad mode");
    FX_NO_GRAD (cx) cr_assert(fx_mul_(v, 2) == v && fx_mul_(rows[1], 2) == rows[1]);
    /* without any gradient they may */
    fx_tensor *plain = fx_ones(cx, FX_F64, 3, 2);
    cr_assert(fx_unbind(rows, 3, plain) == 3 && fx_mul_(rows[0], 2) == rows[0]);
    context_end(cx);
}

/* V6 */
Test(inplace, expanded_tensors_are_refused)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_ones(cx, FX_F64, 3);
    cr_assert(fx_add_(fx_expand(x, 4, 3), 1) == NULL);
    REFUSED(cx, ARGUMENT,
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation.");
    ALL(x, 1);
    /* windows that overlap; those that don't, and strided views, may be written */
    fx_tensor *w = LEAF(cx, 1, 2, 3, 4), *h = fx_mul(w, 1);
    cr_assert(fx_mul_(fx_unfold(h, 0, 2, 1), 2) == NULL);
    REFUSED(cx, ARGUMENT,
            "more than one element of the written-to tensor refers to a single memory location");
    NUMBERS(h, 1, 2, 3, 4);
    cr_assert(fx_mul_(fx_unfold(h, 0, 2, 2), 2) != NULL);
    cr_assert(fx_mul_(fx_t(fx_unfold(h, 0, 1, 3)), 5) != NULL);
    NUMBERS(h, 10, 4, 6, 40);
    cr_assert(fx_backward(fx_sum(h)) == FX_OK);
    NUMBERS(fx_grad(w), 10, 2, 2, 10);
    context_end(cx);
}

Test(inplace, shapes_and_dtypes)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_ones(cx, FX_F64, 3), *i = fx_ones(cx, FX_I64, 3);
    cr_assert(fx_add_(x, fx_ones(cx, FX_F64, 2, 3)) == NULL);
    REFUSED(cx, SHAPE, "(2, 3)");
    cr_assert(fx_add_(i, x) == NULL);
    REFUSED(cx, DTYPE, "can't be cast");
    fx_tensor *f = fx_ones(cx, FX_F32, 3), *w = LEAF(cx, 1, 2, 3);
    cr_assert(fx_mul_(f, w) == f && fx_dtype_of(f) == FX_F32);
    cr_assert(fx_backward(fx_sum(f)) == FX_OK);
    NUMBERS(fx_grad(w), 1, 1, 1);
    context_end(cx);
}

/* a tensor copied to a part of itself that overlaps */
Test(inplace, overlapping_source_and_target)
{
    fx_context *cx = context_new();
    fx_tensor *w = LEAF(cx, 1, 2, 3, 4, 5), *h = fx_mul(w, 1);
    fx_copy_(fx_slice(h, 0, 1), fx_slice(h, 0, 0, 4));
    NUMBERS(h, 1, 1, 2, 3, 4);
    cr_assert(fx_backward(h, .seed = VECTOR(cx, 1, 10, 100, 1000, 10000)) == FX_OK);
    NUMBERS(fx_grad(w), 11, 100, 1000, 10000, 0);
    context_end(cx);
}

/* V9, better than it */
Test(inplace, disjoint_writes_pass)
{
    fx_context *cx = context_new();
    fx_tensor *w = LEAF(cx, 0.5, 1, 2, 3), *a = fx_mul(w, 1);
    fx_copy_(fx_select(a, 0, 0), fx_sin(fx_select(a, 0, 1)));
    cr_assert(fx_backward(fx_sum(a)) == FX_OK, "%s", fx_error_message(cx));
    NEARLY(fx_grad(w), 1e-15, 0, 1 + cos(1), 1, 1);
    /* rows, columns, and the diagonal's neighbours of a matrix */
    fx_tensor *m = fx_parameter(fx_ones(cx, FX_F64, 300, 300)), *h = fx_mul(m, 1);
    fx_tensor *y = fx_sum(fx_square(fx_slice(h, 1, 0, 300, .step = 2)));
    fx_fill_(fx_slice(h, 1, 1, 300, .step = 2), 7);
    cr_assert(fx_backward(y, .retain_graph = true) == FX_OK, "%s", fx_error_message(cx));
    fx_fill_(fx_select(h, 1, 299), 8);
    cr_assert(fx_backward(y, .retain_graph = true) == FX_OK);
    fx_fill_(fx_select(h, 1, 298), 8);
    cr_assert(fx_backward(y) == FX_ERROR_MODIFIED);
    REFUSED(cx, MODIFIED, "changed by fill_");
    context_end(cx);
}

/* both places, the op, and what was captured */
Test(inplace, the_error_says_who_captured_and_who_wrote)
{
    fx_context *cx = context_new();
    fx_tensor *w = LEAF(cx, 1, 2), *h = fx_mul(w, 2);
    fx_tensor *y = fx_exp(h);
    const char *captured = place(__FILE__, __LINE__ - 1);
    fx_add_(y, 1);
    fx_tensor *sum = fx_sum(y);
    fx_tensor *q = fx_sum(fx_mul(y, y));
    fx_mul_(y, 0.5);
    const char *again = place(__FILE__, __LINE__ - 1);
    cr_assert(fx_backward(sum, .retain_graph = true) == FX_ERROR_MODIFIED);
    cr_assert(strstr(fx_error_message(cx), captured), "%s: no %s", fx_error_message(cx), captured);
    REFUSED(cx, MODIFIED, "the result of exp");
    cr_assert(fx_backward(q) == FX_ERROR_MODIFIED);
    const char *message = fx_error_message(cx);
    cr_assert(strstr(message, again), "%s: no %s", message, again);
    cr_assert(strstr(message, "input 0 of mul") && strstr(message, "mul_"), "%s", message);
    fx_error_clear(cx);
    fx_tensor *e = fx_exp(fx_mul(w, 2)), *one = fx_sum(e);
    fx_add_(e, 1);
    const char *written = place(__FILE__, __LINE__ - 1);
    cr_assert(fx_backward(one) == FX_ERROR_MODIFIED);
    REFUSED(cx, MODIFIED, written);
    context_end(cx);
}

/* V8 */
static fx_tensor *mutated(fx_context *cx, bool copies)
{
    fx_set_allow_mutation_on_saved_tensors(cx, copies);
    fx_tensor *x = LEAF(cx, 1, 2, 3), *h = fx_mul(x, 2), *e = fx_exp(h);
    fx_tensor *y = fx_add(fx_sum(fx_mul(h, h)), fx_sum(e)); /* each needs h or e */
    fx_add_(h, 1);
    fx_mul_(e, 3);
    fx_add_(h, 1); /* a version that nobody captured */
    FX_NO_GRAD (cx) fx_fill_(fx_narrow(e, 0, 0, 1), 7);
    fx_tensor *both = fx_add(y, fx_add(fx_sum(h), fx_sum(e)));
    return fx_backward(both) == FX_OK ? x : NULL;
}

Test(inplace, what_gradients_need_is_copied_when_written_if_that_was_asked_for)
{
    fx_context *cx = context_new();
    cr_assert(!mutated(cx, false));
    REFUSED(cx, MODIFIED, "was changed by");
    fx_error_clear(cx);
    fx_tensor *x = mutated(cx, true);
    cr_assert_not_null(x, "%s", fx_error_message(cx));
    /* of (2x)^2 + e^(2x) + 2x + 3 e^(2x), but for the element that was filled */
    for (int i = 0; i < 3; i++) {
        const double expected = 8 * (i + 1) + 2 * exp(2 * (i + 1)) * 4 + 2;
        cr_assert_float_eq(number(fx_grad(x), i), expected, 1e-12 * expected, "%d: %.17g", i,
                           number(fx_grad(x), i));
    }
    /* with their history: of e^x + x^3 at 1/2, the second derivative */
    fx_tensor *z = LEAF(cx, 0.5), *k = fx_mul(z, 1), *p = fx_exp(k);
    fx_tensor *s = fx_add(fx_sum(p), fx_sum(fx_mul(k, fx_mul(k, k))));
    fx_add_(p, 1);
    fx_add_(k, 1);
    fx_tensor *slope = fx_gradient(s, z, .create_graph = true);
    cr_assert_not_null(slope, "%s", fx_error_message(cx));
    fx_tensor *curve = fx_gradient(fx_sum(slope), z);
    cr_assert_not_null(curve, "%s", fx_error_message(cx));
    cr_assert_float_eq(number(curve, 0), exp(0.5) + 3, 1e-14);
    /* once a version: two ops that need the same tensor share the copy */
    FX_SCOPE (cx) {
        fx_tensor *w = fx_parameter(fx_ones(cx, FX_F64, 1000)), *h = fx_mul(w, 1);
        fx_tensor *first = fx_sum(fx_square(h)), *second = fx_sum(fx_sin(h));
        const int64_t before = fx_context_stats(cx).tensor_bytes;
        FX_SCOPE (cx) /* one that the ops are not of */
            cr_assert_not_null(fx_data(h));
        cr_assert(fx_context_stats(cx).tensor_bytes - before == 8000);
        cr_assert_not_null(fx_data(h)); /* and none of a version that nobody needs */
        cr_assert(fx_context_stats(cx).tensor_bytes - before == 8000);
        cr_assert(fx_backward(fx_add(first, second)) == FX_OK, "%s", fx_error_message(cx));
        cr_assert_float_eq(number(fx_grad(w), 999), 2 + cos(1), 1e-14);
    }
    /* what is kept of a scope keeps its copies */
    fx_tensor *v = fx_parameter(fx_ones(cx, FX_F64, 1000)), *kept = NULL;
    FX_SCOPE (cx) {
        fx_tensor *h = fx_mul(v, 1);
        kept = fx_sum(fx_square(h));
        fx_add_(h, 5);
        fx_keep(kept);
    }
    for (int i = 0; i < 4; i++) fx_full(cx, FX_F64, 9, 1000); /* in memory that was given back, if any was */
    cr_assert(fx_backward(kept) == FX_OK, "%s", fx_error_message(cx));
    cr_assert(number(fx_grad(v), 999) == 2);
    /* an optimizer's step between forward and backward */
    fx_tensor *w = LEAF(cx, 3, 5), *loss = fx_sum(fx_mul(fx_mul(w, w), w));
    fx_optimizer *sgd = fx_sgd(((fx_named_list){ 1, &(fx_named){ "w", w }, cx }), .lr = 1);
    cr_assert(fx_backward(loss, .retain_graph = true) == FX_OK && fx_step(sgd) == FX_OK);
    fx_clear_grad(w);
    cr_assert(fx_backward(loss) == FX_OK, "%s", fx_error_message(cx));
    NUMBERS(fx_grad(w), 27, 75);
    context_end(cx);
}

/* A view whose elements overlap, made before its owner is written: each element's gradient is the sum of what
 * the view shows of it. */
Test(inplace, overlapping_views_follow_a_new_history)
{
    fx_context *cx = context_new();
    fx_tensor *w = LEAF(cx, 1, 2, 3, 4), *x = fx_mul(w, 2), *g;
    fx_tensor *wide = fx_expand(fx_reshape(x, 1, 4), 3, 4), *windows = fx_unfold(x, 0, 2, 1);
    fx_square_(x);
    NUMBERS(windows, 4, 16, 16, 36, 36, 64);
    g = fx_gradient(fx_sum(wide), w, .retain_graph = true);
    NUMBERS(g, 24, 48, 72, 96);
    g = fx_gradient(fx_sum(windows), w, .retain_graph = true, .create_graph = true);
    NUMBERS(g, 8, 32, 48, 32);
    fx_tensor *h = fx_gradient(fx_sum(g), w);
    NUMBERS(h, 8, 16, 16, 8);
    context_end(cx);
}

/* geqrf has one algorithm with gradients and one without: which it is, mode and history decide. */
Test(inplace, a_view_of_what_was_written_wants_a_gradient)
{
    if (fx_function_named("geqrf")->unavailable) return; /* the other is LAPACK's */
    fx_context *cx = context_new();
    fx_tensor *w = fx_parameter(MATRIX(cx, 2, 2, 1, 2, 3, 5)), *x = fx_zeros(cx, FX_F64, 2, 2), *off = NULL;
    fx_tensor *view = fx_t(x);
    fx_copy_(x, w);
    fx_tensor *y = fx_geqrf(view);
    cr_assert(y && fx_requires_grad(y), "%s", fx_error_message(cx));
    cr_assert(fx_gradient(fx_sum(y), w) != NULL, "%s", fx_error_message(cx));
    FX_NO_GRAD (cx) off = fx_geqrf(fx_parameter(fx_clone(w)));
    cr_assert(same_bits(off, fx_geqrf(fx_clone(fx_detach(w)))) && !fx_requires_grad(off));
    context_end(cx);
}
