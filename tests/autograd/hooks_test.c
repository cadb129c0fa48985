/* Hooks of gradients and of captured tensors; ops of one's own (rules H1 to H7, F1 to F3, S1, S2). */
#include "support.h"

static int destroyed;
static void destroy(void *data) { ++destroyed, ++*(int *)data; }

/* H1 */
typedef struct factor {
    int calls;
    double by;
} factor;
static fx_tensor *times(void *data, fx_tensor *grad)
{
    factor *f = data;
    f->calls++;
    return f->by == 1 ? grad : fx_mul(grad, f->by);
}

Test(hooks, see_the_whole_gradient_and_may_change_it)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 5, 5)),
              *y = fx_parameter(fx_mul(fx_detach(fx_ones(cx, FX_F64, 5, 5)), 4));
    factor first = { 0, 1 }, second = { 0, 1 }, twice = { 0, 2 };
    fx_tensor *z = fx_add(fx_add(fx_square(x), fx_mul(x, 2)), fx_add(fx_mul(x, y), y)),
              *one = fx_ones(cx, FX_F64, 5, 5);
    fx_hook *h = fx_add_hook(z, times, &first, NULL);
    cr_assert(fx_backward(z, .seed = one, .retain_graph = true) == FX_OK);
    cr_assert(first.calls == 1);
    fx_hook *k = fx_add_hook(z, times, &second, NULL);
    fx_hook *m = fx_add_hook(y, times, &twice, NULL);
    fx_clear_grad(y);
    cr_assert(fx_backward(z, .seed = one, .retain_graph = true) == FX_OK);
    cr_assert(first.calls == 2 && second.calls == 1 && twice.calls == 1, "once for all uses");
    ALL(fx_grad(y), 2 * (1 + 1));
    fx_remove_hook(z, k);
    fx_remove_hook(z, k);
    factor again = { 0, 2 };
    fx_add_hook(y, times, &again, NULL); /* sees what the one before made of it */
    fx_clear_grad(y);
    cr_assert(fx_backward(z, .seed = one, .retain_graph = true) == FX_OK);
    ALL(fx_grad(y), 4 * (1 + 1));
    cr_assert(first.calls == 3 && second.calls == 1);
    fx_remove_hook(z, h), fx_remove_hook(y, m);
    fx_clear_grad(y);
    cr_assert(fx_backward(z, .seed = one) == FX_OK);
    ALL(fx_grad(y), 2 * (1 + 1));
    cr_assert(first.calls == 3);
    context_end(cx);
}

typedef struct remover {
    fx_hook *self, *other;
    int calls;
} remover;
static fx_tensor *removes(void *data, fx_tensor *grad)
{
    remover *r = data;
    r->calls++;
    fx_remove_hook(NULL, r->self);
    fx_remove_hook(NULL, r->other);
    return grad;
}

Test(hooks, may_be_removed_while_they_run)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = fx_mul(x, 2);
    remover r = { 0 };
    factor later = { 0, 10 };
    r.self = fx_add_hook(y, removes, &r, NULL);
    r.other = fx_add_hook(y, times, &later, NULL);
    for (int i = 0; i < 2; i++) cr_assert(fx_backward(fx_sum(y)) == FX_OK);
    cr_assert(r.calls == 1 && later.calls == 0);
    NUMBERS(fx_grad(x), 4, 4);
    context_end(cx);
}

/* a hook's gradient is its own: it may write to it, and keep it */
static fx_tensor *kept_gradient;
static fx_tensor *writes_and_keeps(void *data, fx_tensor *grad)
{
    (void)data;
    fx_tensor *copy = fx_keep(fx_clone(grad));
    fx_mul_(grad, 100);
    kept_gradient = copy;
    return copy;
}
static fx_tensor *keeps(void *data, fx_tensor *grad)
{
    *(fx_tensor **)data = fx_keep(grad);
    return grad;
}

Test(hooks, own_the_gradient_that_they_get)
{
    fx_context *cx = context_new();
    fx_tensor *a = fx_parameter(fx_ones(cx, FX_F64, 30)), *b = fx_parameter(fx_ones(cx, FX_F64, 30)), *kept;
    fx_add_hook(a, writes_and_keeps, NULL, NULL);
    fx_tensor *h = fx_mul(b, 3);
    fx_add_hook(h, keeps, &kept, NULL);
    cr_assert(fx_backward(fx_sum(fx_add(a, h))) == FX_OK);
    ALL(fx_grad(a), 1);
    ALL(fx_grad(b), 3);
    ALL(kept_gradient, 1);
    ALL(kept, 1);
    for (int i = 0; i < 3; i++) cr_assert(fx_backward(fx_sum(fx_exp(fx_add(a, b)))) == FX_OK);
    ALL(kept, 1);
    context_end(cx);
}

static fx_tensor *wrong_shape(void *data, fx_tensor *grad)
{
    (void)data;
    return fx_sum(grad);
}
Test(hooks, what_they_return_is_checked)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = fx_mul(x, 2);
    fx_hook *h = fx_add_hook(y, wrong_shape, NULL, NULL);
    cr_assert(fx_backward(fx_sum(y)) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "a gradient hook returned sizes () for a tensor of (2,)");
    cr_assert(!fx_grad(x));
    fx_remove_hook(y, h);
    int d = 0;
    cr_assert(fx_add_hook(VECTOR(cx, 1), wrong_shape, &d, destroy) == NULL && d == 1);
    REFUSED(cx, GRAPH, "doesn't require gradient");
    context_end(cx);
}

/* H2: tensor hook, then accumulation, then accumulate hook: ((1 - 2) / 5 + 0.5) * 10 == 3 */
static fx_tensor *minus_two(void *data, fx_tensor *grad)
{
    (void)data;
    return fx_sub(grad, 2);
}
static fx_tensor *over_five(void *data, fx_tensor *grad)
{
    (void)data;
    return fx_div(grad, 5);
}
static fx_status plus_half_times_ten(void *data, fx_tensor *leaf)
{
    (void)data;
    fx_add_(fx_grad(leaf), 0.5);
    fx_mul_(fx_grad(leaf), 10);
    return FX_OK;
}

Test(hooks, run_in_order)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_scalar(cx, FX_F64, 1));
    fx_add_accumulate_hook(x, plus_half_times_ten, NULL, NULL);
    fx_add_hook(x, minus_two, NULL, NULL);
    fx_add_hook(x, over_five, NULL, NULL);
    cr_assert(fx_backward(fx_mul(x, 1)) == FX_OK);
    cr_assert_float_eq(fx_item(fx_grad(x)), 3, 1e-15);
    /* a kept gradient is what the hooks made of it */
    fx_tensor *y = fx_mul(x, 2);
    fx_retain_grad(y);
    fx_add_hook(y, minus_two, NULL, NULL);
    cr_assert(fx_backward(fx_mul(y, 1)) == FX_OK);
    cr_assert(fx_item(fx_grad(y)) == -1);
    context_end(cx);
}

/* H3 */
Test(hooks, stay_with_the_value_that_they_were_added_to)
{
    fx_context *cx = context_new();
    fx_tensor *a = LEAF(cx, 1), *b = fx_mul(a, 2);
    factor first = { 0, 1 }, second = { 0, 1 };
    fx_tensor *seen[2];
    fx_add_hook(b, times, &first, NULL);
    fx_add_hook(b, keeps, &seen[0], NULL);
    fx_mul_(b, 4);
    fx_add_hook(b, times, &second, NULL);
    fx_add_hook(b, keeps, &seen[1], NULL);
    cr_assert(fx_backward(fx_sum(b)) == FX_OK);
    cr_assert(first.calls == 1 && second.calls == 1);
    NUMBERS(seen[0], 4);
    NUMBERS(seen[1], 1);
    NUMBERS(fx_grad(a), 8);
    context_end(cx);
}

/* H4 */
Test(hooks, gradient_fires_those_of_what_it_runs)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1), *y = LEAF(cx, 2), *u = fx_mul(x, 2), *v = fx_mul(y, 2), *z = fx_mul(u, v);
    factor at_x = { 0, 3 }, at_y = { 0, 1 }, at_u = { 0, 1 }, at_v = { 0, 1 };
    int accumulated = 0;
    (void)accumulated;
    fx_add_hook(x, times, &at_x, NULL), fx_add_hook(y, times, &at_y, NULL);
    fx_add_hook(u, times, &at_u, NULL), fx_add_hook(v, times, &at_v, NULL);
    fx_add_accumulate_hook(x, plus_half_times_ten, NULL, NULL);
    fx_tensor *g[2];
    cr_assert(fx_gradients(g, .output = z, .inputs = FX_LIST(x, x)) == FX_OK);
    NUMBERS(g[0], 3 * 8);
    NUMBERS(g[1], 3 * 8);
    cr_assert(at_x.calls == 1 && at_u.calls == 1 && at_y.calls == 0 && at_v.calls == 0);
    cr_assert(!fx_grad(x));
    context_end(cx);
}

/* H5 */
typedef struct descent {
    int steps;
} descent;
static fx_status steps_and_clears(void *data, fx_tensor *leaf)
{
    ((descent *)data)->steps++;
    fx_sub_(leaf, fx_mul(fx_grad(leaf), 0.1));
    fx_clear_grad(leaf);
    return FX_OK;
}

Test(hooks, an_optimizer_in_the_backward_pass)
{
    fx_context *cx = context_new();
    fx_tensor *a = fx_parameter(fx_ones(cx, FX_F64, 40)), *b = fx_parameter(fx_ones(cx, FX_F64, 40));
    descent d = { 0 };
    fx_add_accumulate_hook(a, steps_and_clears, &d, NULL);
    for (int i = 0; i < 5; i++) {
        FX_SCOPE (cx) cr_assert(fx_backward(fx_sum(fx_square(a))) == FX_OK);
        FX_SCOPE (cx) {
            cr_assert(fx_backward(fx_sum(fx_square(b))) == FX_OK);
            FX_NO_GRAD (cx) fx_sub_(b, fx_mul(fx_grad(b), 0.1));
            fx_clear_grad(b);
        }
    }
    cr_assert(same_bits(a, b) && d.steps == 5 && !fx_grad(a));
    cr_assert(fx_add_accumulate_hook(fx_mul(a, 2), steps_and_clears, &d, NULL) == NULL);
    REFUSED(cx, GRAPH, "is for leaves, not for a result of mul");
    context_end(cx);
}

/* H6 */
Test(hooks, data_ends_once)
{
    fx_context *cx = context_new();
    int removed = 0, scoped = 0, released = 0, left = 0, result = 0;
    fx_tensor *x = LEAF(cx, 1, 2);
    fx_hook *h = fx_add_hook(x, times, &removed, destroy);
    fx_remove_hook(x, h);
    cr_assert(removed == 1);
    fx_remove_hook(x, h);
    FX_SCOPE (cx) {
        fx_tensor *y = LEAF(cx, 1, 2), *z = fx_mul(x, 2);
        fx_add_hook(y, times, &scoped, destroy);
        fx_add_hook(z, times, &result, destroy);
        cr_assert(scoped == 0 && result == 0);
    }
    cr_assert(scoped == 1 && result == 1);
    fx_tensor *w = LEAF(cx, 1, 2);
    fx_add_accumulate_hook(w, steps_and_clears, &released, destroy);
    fx_release(w);
    cr_assert(released == 1);
    fx_add_hook(x, times, &left, destroy);
    context_end(cx);
    cr_assert(left == 1 && removed == 1 && scoped == 1 && released == 1 && result == 1);
}

/* H7 */
typedef struct multi {
    int calls, there;
    double sum;
} multi;
static fx_status notes(void *data, fx_tensor *const *grads, int count)
{
    multi *m = data;
    m->calls++;
    m->there = 0;
    m->sum = 0;
    for (int i = 0; i < count; i++)
        if (grads[i]) m->there |= 1 << i, m->sum += number(grads[i], 0);
    return FX_OK;
}

Test(hooks, of_several_tensors)
{
    for (int create = 0; create < 2; create++) {
        fx_context *cx = context_new();
        fx_tensor *x = fx_parameter(fx_full(cx, FX_F64, 2, 20)),
                  *y = fx_parameter(fx_full(cx, FX_F64, 3, 20)),
                  *z = fx_parameter(fx_full(cx, FX_F64, 4, 20)), *h = fx_mul(x, y);
        multi all = { 0 }, any = { 0 };
        int ended = 0;
        fx_hook *a = fx_add_multi_hook(FX_LIST(x, y, z, h), FX_MULTI_ALL, notes, &all, NULL);
        fx_add_multi_hook(FX_LIST(x, y, z, h), FX_MULTI_ANY, notes, &any, NULL);
        cr_assert(a &&
                  fx_backward(fx_sum(fx_mul(h, 5)), .retain_graph = true, .create_graph = create) == FX_OK);
        cr_assert(all.calls == 1 && all.there == 11 && all.sum == 15 + 10 + 5);
        cr_assert(any.calls == 1 && any.there == 8 && any.sum == 5);
        cr_assert(fx_backward(fx_sum(fx_mul(h, z)), .create_graph = create) == FX_OK);
        cr_assert(all.calls == 2 && all.there == 15 && any.calls == 2);
        fx_remove_hook(NULL, a);
        FX_SCOPE (cx) {
            fx_tensor *inner = fx_mul(x, 2);
            fx_add_multi_hook(FX_LIST(inner, x), FX_MULTI_ALL, notes, &ended, destroy);
        }
        cr_assert(ended == 1, "with the first of the scopes");
        FX_SCOPE (cx) fx_exp(x);
        cr_assert(fx_gradient(fx_sum(fx_square(x)), x) && all.calls == 2 && any.calls == 3);
        context_end(cx);
    }
}

static fx_status refuses(void *data, fx_tensor *const *grads, int count)
{
    (void)data, (void)grads, (void)count;
    return FX_ERROR_USER;
}
Test(hooks, a_hook_of_several_tensors_that_fails_changes_no_leaf)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1), *y = LEAF(cx, 2), *c = VECTOR(cx, 1);
    int d = 0;
    cr_assert(!fx_add_multi_hook(FX_LIST(x, c), FX_MULTI_ALL, notes, &d, destroy) && d == 1);
    REFUSED(cx, GRAPH, "tensor 1 does not require a gradient");
    fx_add_multi_hook(FX_LIST(x, y), FX_MULTI_ALL, refuses, NULL, NULL);
    cr_assert(fx_backward(fx_mul(x, y)) == FX_ERROR_USER);
    REFUSED(cx, USER, "multi-hook");
    cr_assert(!fx_grad(x) && !fx_grad(y));
    context_end(cx);
}

/* ---- ops of one's own: F1 to F3 ------------------------------------------------------------------------ */

/* y0 = a + 2 b, y1 = a b, y2 = which is larger (no gradient) */
typedef struct own {
    double scale;
    int *ended, *wanted;
} own;
static bool own_shape(const fx_call *c, fx_spec *y)
{
    if (fx_numel(c->x[0]) != fx_numel(c->x[1])) return fx_call_fail(c, FX_ERROR_SHAPE, "sizes differ");
    y[2].no_gradient = true;
    return true;
}
static void own_forward(const fx_call *c)
{
    const double *a = fx_data_const(c->x[0]), *b = fx_data_const(c->x[1]);
    for (int64_t i = 0; i < fx_numel(c->y); i++) {
        ((double *)fx_data(c->ys[0]))[i] = a[i] + 2 * b[i];
        ((double *)fx_data(c->ys[1]))[i] = a[i] * b[i];
        ((double *)fx_data(c->ys[2]))[i] = a[i] > b[i];
    }
}
static void own_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const own *o = c->options;
    *o->wanted = (int)c->needs;
    cr_assert(!c->gs[2] && c->ys[0] == NULL && g == c->gs[0]);
    fx_tensor *h = c->gs[1], *zero = fx_zeros_like(c->shapes[0]);
    if (!g) g = zero;
    if (!h) h = zero;
    if (fx_call_needs(c, 0)) gx[0] = fx_add(g, fx_mul(h, c->x[1]));
    if (fx_call_needs(c, 1)) gx[1] = fx_add(fx_mul(g, 2), fx_mul(h, c->x[0]));
}
static void own_finish(void *options) { ++*((own *)options)->ended; }
static const fx_op own_op = { .name = "own",
                              .formula = "y0 = a + 2 b, y1 = a b, y2 = a > b",
                              .inputs = 2,
                              .outputs = 3,
                              .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
                              .options_size = sizeof(own),
                              .shape = own_shape,
                              .forward = own_forward,
                              .local_grad = own_local_grad,
                              .options_finish = own_finish };

Test(own_ops, several_outputs_and_options)
{
    fx_context *cx = context_new();
    int ended = 0, wanted = 0;
    own o = { 1, &ended, &wanted };
    fx_tensor *a = LEAF(cx, 1, 2), *b = LEAF(cx, 3, 4), *c = VECTOR(cx, 5, 6), *y[3];
    FX_SCOPE (cx) {
        cr_assert(fx_apply_at(&own_op, FX_LIST(a, b), &o, y, FX_HERE) == y[0]);
        cr_assert(fx_requires_grad(y[0]) && fx_requires_grad(y[1]) && !fx_requires_grad(y[2]));
        NUMBERS(y[2], 0, 0);
        cr_assert(fx_backward(fx_sum(y[1])) == FX_OK && wanted == 3);
        NUMBERS(fx_grad(a), 3, 4);
        NUMBERS(fx_grad(b), 1, 2);
        cr_assert(ended == 1, "with the captures");
        /* only the second output's gradient, only one input's, both */
        cr_assert(fx_apply_at(&own_op, FX_LIST(a, c), &o, y, FX_HERE) != NULL);
        cr_assert(fx_backward(fx_add(fx_sum(y[0]), fx_sum(y[1]))) == FX_OK && wanted == 1);
        NUMBERS(fx_grad(a), 3 + 1 + 5, 4 + 1 + 6);
        cr_assert(fx_apply_at(&own_op, FX_LIST(a, b), &o, y, FX_HERE) !=
                  NULL); /* its node ends with the scope */
        cr_assert(ended == 2);
    }
    cr_assert(ended == 3);
    cr_assert(fx_apply_at(&own_op, FX_LIST(c, c), &o, y, FX_HERE) != NULL && ended == 4); /* no node */
    cr_assert(fx_apply_at(&own_op, FX_LIST(a, fx_ones(cx, FX_F64, 3)), &o, y, FX_HERE) == NULL && ended == 5);
    REFUSED(cx, SHAPE, "own: sizes differ");
    /* second derivatives through both outputs: y1 y0 = a b (a + 2 b), d2/da db = 2 a + 4 b */
    fx_apply_at(&own_op, FX_LIST(a, b), &o, y, FX_HERE);
    fx_tensor *g = fx_gradient(fx_sum(fx_mul(y[0], y[1])), a, .create_graph = true);
    NUMBERS(g, 2 * 1 * 3 + 2 * 9, 2 * 2 * 4 + 2 * 16);
    NUMBERS(fx_gradient(fx_sum(g), b), 2 + 12, 4 + 16);
    context_end(cx);
    cr_assert(ended == 6);
}

static void half_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)c;
    gx[0] = g;
}
static const fx_op half_op_of_two = { .name = "half",
                                      .formula = "y = a",
                                      .inputs = 2,
                                      .shape = fx_shape_same,
                                      .forward = noted_forward,
                                      .local_grad = half_grad };

Test(own_ops, wrong_calls)
{
    fx_context *cx = context_new(), *other = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = LEAF(other, 1, 2);
    cr_assert(fx_apply(&half_op_of_two, x) == NULL);
    REFUSED(cx, ARGUMENT, "takes 2 tensors, not 1");
    cr_assert(fx_apply(&half_op_of_two, x, y) == NULL);
    REFUSED(cx, ARGUMENT, "input 1 belongs to another context");
    fx_tensor *gone = VECTOR(cx, 1, 2);
    fx_release(gone);
    cr_assert(fx_apply(&half_op_of_two, x, gone) == NULL);
    REFUSED(cx, ARGUMENT, "input 1 was released");
    cr_assert(fx_apply(&half_op_of_two, NULL, x) == NULL && fx_error(cx) == FX_OK);
    context_end(cx);
    context_end(other);
}

/* F2: a gradient that may be taken once; F3: one that is not there */
static void square_forward(const fx_call *c)
{
    const double *x = fx_data_const(c->x[0]);
    for (int64_t i = 0; i < fx_numel(c->y); i++) ((double *)fx_data(c->y))[i] = x[i] * x[i];
}
static void square_once_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = fx_mul(fx_mul(g, 2), c->x[0]);
}
static const fx_op once_op = { .name = "square_once",
                               .formula = "y = x^2",
                               .inputs = 1,
                               .captures = FX_CAPTURE_X0,
                               .once = true,
                               .shape = fx_shape_same,
                               .forward = square_forward,
                               .local_grad = square_once_grad };
static const fx_op none_op = { .name = "nothing_known",
                               .formula = "y = x^2",
                               .inputs = 1,
                               .shape = fx_shape_same,
                               .forward = square_forward };

Test(own_ops, derivatives_that_are_not_there_are_errors)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    cr_assert(fx_backward(fx_sum(fx_apply(&once_op, x))) == FX_OK);
    NUMBERS(fx_grad(x), 2, 4);
    fx_tensor *g = fx_gradient(fx_sum(fx_apply(&once_op, x)), x, .create_graph = true);
    NUMBERS(g, 2, 4);
    cr_assert(fx_gradient(fx_sum(g), x) == NULL);
    REFUSED(cx, NO_GRADIENT, "is not implemented");
    /* through the seed's history as well */
    g = fx_gradient(fx_sum(fx_mul(fx_apply(&once_op, x), x)), x, .create_graph = true);
    cr_assert(g && fx_gradient(fx_sum(g), x) == NULL);
    REFUSED(cx, NO_GRADIENT, "is not implemented");
    fx_tensor *y = fx_apply(&none_op, x);
    NUMBERS(y, 1, 4);
    cr_assert(fx_backward(fx_sum(y)) == FX_ERROR_NO_GRADIENT);
    REFUSED(cx, NO_GRADIENT, "the derivative for nothing_known is not implemented");
    context_end(cx);
}

FX_ELEMENTWISE(cube, x, x *x *x)
static void cube_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = fx_mul(fx_mul(g, 3), fx_square(c->x[0]));
}
static const fx_op cube_op = { .name = "cube",
                               .formula = "y = x^3",
                               .inputs = 1,
                               .captures = FX_CAPTURE_X0,
                               .shape = fx_shape_same,
                               .forward = cube,
                               .local_grad = cube_local_grad };

Test(own_ops, elementwise_in_a_line)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2, 3), *y = fx_apply(&cube_op, x);
    NUMBERS(y, 1, 8, 27);
    fx_tensor *g = fx_gradient(fx_sum(y), x, .create_graph = true);
    NUMBERS(g, 3, 12, 27);
    NUMBERS(fx_gradient(fx_sum(g), x), 6, 12, 18);
    NUMBERS(fx_apply(&cube_op, fx_ones(cx, FX_F32, 2)), 1, 1);
    cr_assert(fx_apply(&cube_op, fx_ones(cx, FX_I64, 2)) == NULL);
    REFUSED(cx, DTYPE, "cube: takes float32 or float64, not int64");
    context_end(cx);
}

/* ---- saved-tensor hooks: S1, S2 ------------------------------------------------------------------------ */

typedef struct shop {
    fx_context *cx;
    double by, back;
    int packed, unpacked, dropped;
    bool fail, writes;
} shop;
static void *pack(void *data, fx_tensor *x)
{
    shop *s = data;
    s->packed++;
    if (s->fail) return NULL;
    if (s->writes) fx_mul_(x, 2);
    /* a copy outside, as on a disk */
    double *memory = malloc(sizeof *memory * (size_t)(fx_numel(x) + 1));
    memory[0] = (double)fx_numel(x);
    fx_copy_out(x, FX_F64, memory + 1);
    for (int64_t i = 0; i < fx_numel(x); i++) memory[i + 1] *= s->by;
    return memory;
}
static fx_tensor *unpack(void *data, void *packed)
{
    shop *s = data;
    double *memory = packed;
    s->unpacked++;
    return s->back == 0 ? NULL : fx_mul(fx_from(s->cx, FX_F64, memory + 1, (int64_t)memory[0]), s->back);
}
static void drop(void *data, void *packed)
{
    ((shop *)data)->dropped++;
    free(packed);
}
static fx_saved_hooks hooks_of(shop *s) { return (fx_saved_hooks){ pack, unpack, drop, s }; }

Test(saved, hooks_stand_between_a_closure_and_what_it_captures)
{
    fx_context *cx = context_new();
    fx_tensor *a = LEAF(cx, 1, 2);
    shop twice = { .cx = cx, .by = 2, .back = 1 };
    cr_assert(fx_push_saved_hooks(cx, hooks_of(&twice)) == FX_OK);
    fx_tensor *y = fx_mul(a, a);
    fx_pop_saved_hooks(cx);
    cr_assert(twice.packed == 2 && twice.unpacked == 0);
    cr_assert(fx_backward(fx_sum(y), .retain_graph = true) == FX_OK);
    NUMBERS(fx_grad(a), 4, 8);
    cr_assert(twice.packed == 2 && twice.unpacked == 2 && twice.dropped == 0);
    cr_assert(fx_backward(fx_sum(y)) == FX_OK);
    cr_assert(twice.packed == 2 && twice.unpacked == 4 && twice.dropped == 2);
    cr_assert(fx_backward(fx_sum(y)) == FX_ERROR_FREED);
    REFUSED(cx, FREED, "already freed");
    context_end(cx);
}

Test(saved, the_innermost_hooks_win)
{
    fx_context *cx = context_new();
    fx_tensor *a = LEAF(cx, 1, 2), *y, *z;
    shop outer = { .cx = cx, .by = 2, .back = 1 }, inner = { .cx = cx, .by = 3, .back = 1 };
    FX_SCOPE (cx) {
        fx_push_saved_hooks(cx, hooks_of(&outer));
        fx_push_saved_hooks(cx, hooks_of(&inner));
        y = fx_exp(a);
        fx_pop_saved_hooks(cx);
        z = fx_exp(a);
        fx_pop_saved_hooks(cx);
        cr_assert(inner.packed == 1 && outer.packed == 1);
        fx_tensor *g = fx_gradient(fx_sum(y), a), *h = fx_gradient(fx_sum(z), a);
        cr_assert_float_eq(number(g, 0), 3 * exp(1), 1e-14);
        cr_assert_float_eq(number(h, 0), 2 * exp(1), 1e-14);
        cr_assert(fx_exp(a) && inner.packed == 1 && outer.packed == 1);
        fx_push_saved_hooks(cx, hooks_of(&outer));
        fx_exp(a); /* never run: dropped with the scope */
        fx_pop_saved_hooks(cx);
        cr_assert(outer.dropped == 1);
    }
    cr_assert(outer.dropped == outer.packed && inner.dropped == inner.packed);
    context_end(cx);
}

Test(saved, errors)
{
    fx_context *cx = context_new();
    fx_tensor *a = LEAF(cx, 1, 2);
    shop s = { .cx = cx, .by = 1, .back = 1, .fail = true };
    fx_push_saved_hooks(cx, hooks_of(&s));
    cr_assert(fx_exp(a) == NULL);
    REFUSED(cx, USER, "exp: a saved-tensor pack hook failed");
    s = (shop){ .cx = cx, .by = 1, .back = 1, .writes = true };
    cr_assert(fx_square(fx_add(a, 0)) == NULL);
    REFUSED(cx, MODIFIED, "square: a saved-tensor pack hook changed the tensor");
    cr_assert(s.dropped == 1);
    s = (shop){ .cx = cx, .by = 1, .back = 0 };
    fx_tensor *y = fx_exp(a);
    cr_assert(fx_backward(fx_sum(y), .retain_graph = true) == FX_ERROR_USER);
    REFUSED(cx, USER, "unpack hook failed");
    cr_assert(!fx_grad(a));
    fx_pop_saved_hooks(cx);
    cr_assert(fx_push_saved_hooks(cx, (fx_saved_hooks){ 0 }) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "pack and unpack must be given");
    context_end(cx);
    cr_assert(s.dropped == 1);
}

/* S2: the same bits by way of outside memory, to the second order */
Test(saved, memory_elsewhere_gives_the_same_bits)
{
    uint64_t digest[2][3];
    for (int away = 0; away < 2; away++) {
        fx_context *cx = context_new();
        fx_tensor *w = fx_parameter(fx_randn(cx, FX_F64, 30));
        shop s = { .cx = cx, .by = 1, .back = 1 };
        if (away) fx_push_saved_hooks(cx, hooks_of(&s));
        fx_tensor *y = fx_sum(fx_mul(fx_exp(w), fx_sin(fx_mul(w, w))));
        if (away) fx_pop_saved_hooks(cx);
        fx_tensor *g = fx_gradient(y, w, .create_graph = true), *h = fx_gradient(fx_sum(g), w);
        digest[away][0] = fx_digest(y), digest[away][1] = fx_digest(g), digest[away][2] = fx_digest(h);
        cr_assert(!away || s.packed > 3);
        context_end(cx);
        cr_assert(s.dropped == s.packed);
    }
    cr_assert(!memcmp(digest[0], digest[1], sizeof digest[0]));
}
