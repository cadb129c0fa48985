/* Derivatives of functions: what is refused, what is left behind. */
#include "functions.h"

/* ---- what is refused ----------------------------------------------------------------------------------- */

static int failing_midway(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)inputs;
    const int how = *(const int *)data;
    fx_tensor *h = fx_exp(x[0]);
    switch (how) {
    case 0: return 0;
    case 1: y[0] = NULL; return 1;
    case 2: y[0] = fx_matmul(h, fx_zeros(fx_context_of(h), FX_F64, 7, 7)); return 1;
    case 3: fx_exp_(x[0]), y[0] = h; return 1;
    case 4: fx_mul_(fx_slice(x[0], 0, 0, 1), 2), y[0] = h; return 1;
    case 5: y[0] = y[1] = h; return 2;
    case 6: y[0] = failing(h); return 1;
    case 7: fx_error_set(fx_context_of(h), FX_ERROR_USER, FX_HERE, "no more"), y[0] = h; return 1;
    default: y[0] = fx_square(h), fx_exp_(h); return 1;
    }
}

static void all_five(fx_tensor_function *f, void *data, fx_tensor *x, bool graph, int which,
                     fx_status *status)
{
    fx_tensor *r = x;
    const fx_derivative_args a = { .function = f, .data = data, .input = x, .v = x, .create_graph = graph };
    *status = which == 0   ? fx_vjp_at(&r, a, FX_HERE)
              : which == 1 ? fx_jvp_at(&r, a, FX_HERE)
              : which == 2 ? fx_jacobian_at(&r, a, FX_HERE)
              : which == 3 ? fx_hvp_at(&r, a, FX_HERE)
                           : fx_hessian_at(&r, a, FX_HERE);
    cr_assert(!r == (*status != FX_OK));
}

Test(functional_misuse, functions_that_fail)
{
    static const struct {
        fx_status code;
        const char *says;
    } expected[] = { { FX_ERROR_USER, ": the function failed" },
                     { FX_ERROR_USER, ": the function failed" },
                     { FX_ERROR_SHAPE, "matmul" },
                     { FX_ERROR_GRAPH, "in-place operation" },
                     { FX_ERROR_GRAPH, "modified inplace" },
                     { FX_ERROR_ARGUMENT, "the function gave 2 tensors, and .outputs says 1" },
                     { FX_ERROR_USER, "simulated error on the way back" },
                     { FX_ERROR_USER, "no more" },
                     { FX_ERROR_MODIFIED, "was changed by exp_" } };
    fx_context *cx = context_new();
    for (int leaf = 0; leaf < 3; leaf++) {
        fx_tensor *x = some(cx, 3, 1, 0);
        if (leaf) fx_parameter(x);
        if (leaf > 1) x = fx_mul(x, 2);
        const fx_stats before = fx_context_stats(cx);
        const uint64_t digest = fx_digest(x);
        for (int how = 0; how < 9; how++)
            for (int which = 0; which < 5; which++)
                for (int graph = 0; graph < 2; graph++) {
                    fx_status status;
                    all_five(failing_midway, &how, x, graph, which, &status);
                    const char *text = fx_error_message(cx);
                    cr_assert(status == expected[how].code && fx_error(cx) == status, "%d: %s", how, text);
                    cr_assert(strstr(text, expected[how].says) && strstr(text, "functional_misuse_test.c:"),
                              "%d: %s", how, text);
                    fx_error_clear(cx);
                    const fx_stats after = fx_context_stats(cx);
                    cr_assert(after.scopes == before.scopes && after.nodes == before.nodes, "%d, %d", how,
                              which);
                    cr_assert(after.tensor_bytes == before.tensor_bytes, "%d, %d", how, which);
                    cr_assert(fx_digest(x) == digest && fx_get_grad_mode(cx) == FX_GRAD_ON);
                    cr_assert(leaf > 1 || !fx_grad(x));
                }
        /* the graph is as it was */
        if (leaf > 1) cr_assert(fx_backward(fx_sum(x)) == FX_OK);
    }
    context_end(cx);
}

Test(functional_misuse, strict)
{
    fx_context *cx = context_new();
    fx_tensor *a = some(cx, 1, 3, 0), *b = some(cx, 4, 3, 0), *r[9];
    fx_tensor *u1 = fx_scalar(cx, FX_F64, 1);
    const fx_list both = FX_LIST(a, b);
    cr_assert(fx_vjp(r, several, .inputs = both, .vs = FX_LIST(a, u1, u1), .outputs = 3, .strict = true));
    REFUSED(cx, GRAPH, "vjp: output 2 of the function has no gradient, which .strict does not allow");
    cr_assert(fx_vjp(r, softmax, .inputs = both, .v = a, .strict = true));
    REFUSED(cx, GRAPH, "vjp: the function is independent of input 1, which .strict does not allow");
    cr_assert(fx_jvp(r, softmax, .inputs = both, .vs = both, .strict = true));
    REFUSED(cx, GRAPH, "jvp: the function is independent of input 1, which .strict does not allow");
    cr_assert(fx_hvp(r, log_sum_exp, .inputs = both, .vs = both, .strict = true));
    REFUSED(cx, GRAPH, "hvp: output 0 of the function is independent of input 1");
    cr_assert(fx_hessian(r, log_sum_exp, .inputs = both, .strict = true));
    REFUSED(cx, GRAPH, "hessian: output 0 of the function is independent of input 1");
    for (int mode = 1; mode < 3; mode++) {
        cr_assert(fx_jacobian(r, softmax, .inputs = both, .mode = (fx_jacobian_mode)mode, .strict = true));
        REFUSED(cx, GRAPH, "jacobian: output 0 of the function is independent of input 1");
        cr_assert(fx_jacobian(r, identity, .inputs = both, .outputs = 2, .mode = (fx_jacobian_mode)mode,
                              .strict = true));
        REFUSED(cx, GRAPH,
                mode == FX_JACOBIAN_REVERSE ? "output 0 of the function is independent of input 1"
                                            : "output 1 of the function is independent of input 0");
    }
    /* not strict: zeros */
    GOOD(fx_jacobian(r, softmax, .inputs = both));
    ALL(r[1], 0);
    GOOD(fx_hvp(r, log_sum_exp, .inputs = both, .vs = both));
    ALL(r[1], 0);
    GOOD(fx_hessian(r, log_sum_exp, .inputs = both));
    ALL(r[1], 0);
    ALL(r[2], 0);
    ALL(r[3], 0);
    cr_assert(fx_dim(r[3], 0) == 3 && fx_dim(r[3], 1) == 3);
    context_end(cx);
}

static int linear_number(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    y[0] = fx_sum(x[0]);
    return 1;
}

Test(functional_misuse, vectors_and_arguments_that_do_not_fit)
{
    fx_context *cx = context_new(), *other = context_new();
    fx_tensor *x = some(cx, 1, 3, 0), *r[9];
    for (int i = 0; i < 9; i++) r[i] = x;
    cr_assert(fx_vjp(r, softmax, .input = x) == FX_ERROR_ARGUMENT && !r[0]);
    REFUSED(cx, ARGUMENT, "vjp: v may be left out for one number only (0 vectors, 1 outputs)");
    cr_assert(fx_jvp(r, softmax, .input = x));
    REFUSED(cx, ARGUMENT, "jvp: v may be left out for one number only (0 vectors, 1 inputs)");
    cr_assert(fx_jvp(r, softmax, .input = x, .v = some(cx, 1, 4, 0)) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "jvp: v 0 has sizes (4,) and should have (3,)");
    cr_assert(fx_hvp(r, rosenbrock, .input = x, .v = some(cx, 1, 3, 1)) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "hvp: v 0 has sizes (3, 1) and should have (3,)");
    cr_assert(fx_vjp(r, softmax, .input = x, .vs = FX_LIST(x, x)));
    REFUSED(cx, ARGUMENT, "vjp: there are 2 vectors for 1 outputs");
    cr_assert(fx_hvp(r, softmax, .input = x, .v = x) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "hvp: the function must give one number, and gave 1 tensors: (3,)");
    cr_assert(fx_hessian(r, softmax, .input = x) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "hessian: the function must give one number, and gave 1 tensors: (3,)");
    cr_assert(fx_vjp(r, softmax, .inputs = FX_LIST(x, some(other, 1, 3, 0)), .v = x) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "vjp: input 1 belongs to another context");
    cr_assert(fx_vjp(r, softmax, .input = x, .v = some(other, 1, 3, 0)) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "vjp: v 0 belongs to another context");
    cr_assert(fx_vjp(r, softmax, .input = x, .v = x, .outputs = 9) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "vjp: 9 outputs; there may be 1 to 8");
    cr_assert(fx_vjp(NULL, softmax, .input = x, .v = x) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "vjp: there is no room for results");
    cr_assert(fx_vjp(r, NULL, .input = x, .v = x) == FX_ERROR_ARGUMENT);
    REFUSED(cx, ARGUMENT, "vjp: there is no function");
    cr_assert(fx_vjp(r, softmax, .input = NULL, .v = x) == FX_ERROR_ARGUMENT && fx_error(cx) == FX_OK);
    cr_assert(fx_vjp(r, softmax, .inputs = FX_LIST(x, NULL), .v = x) == FX_ERROR_ARGUMENT);
    cr_assert(fx_vjp(r, softmax, .input = x, .vs = FX_LIST((fx_tensor *)NULL)) == FX_ERROR_ARGUMENT);
    cr_assert(fx_error(cx) == FX_OK);
    fx_tensor *deep = fx_zeros(cx, FX_F64, 1, 1, 1, 1, 1),
              *deepest = fx_zeros(cx, FX_F64, 1, 1, 1, 1, 1, 1, 1, 1);
    cr_assert(fx_jacobian(r, identity, .input = deep) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "jacobian: of (1, 1, 1, 1, 1) in (1, 1, 1, 1, 1): more than 8 dimensions");
    cr_assert(fx_jacobian(r, linear_number, .input = deepest) == FX_ERROR_SHAPE);
    REFUSED(cx, SHAPE, "more than 7 dimensions");
    /* one number needs no vector; a linear one has a Hessian of zeros */
    GOOD(fx_vjp(r, linear_number, .input = x));
    ALL(r[0], 1);
    GOOD(fx_jvp(r, linear_number, .input = fx_ones(cx, FX_F64, 1)));
    ALL(r[0], 1);
    GOOD(fx_hvp(r, linear_number, .input = x, .v = x));
    ALL(r[0], 0);
    GOOD(fx_hessian(r, linear_number, .input = x));
    ALL(r[0], 0);
    cr_assert(fx_hvp(r, linear_number, .input = x, .v = x, .strict = true));
    REFUSED(cx, GRAPH, "hvp: the gradient of the function is independent of input 0");
    for (int mode = 1; mode < 3; mode++) {
        cr_assert(fx_hessian(r, linear_number, .input = x, .mode = (fx_jacobian_mode)mode, .strict = true));
        REFUSED(cx, GRAPH, "hessian: the gradient of the function is independent of input 0");
    }
    context_end(cx);
    context_end(other);
}

/* ---- memory -------------------------------------------------------------------------------------------- */

typedef struct failing_memory {
    int64_t left, live;
} failing_memory;

static void *failing_alloc(void *data, size_t bytes)
{
    failing_memory *f = data;
    if (f->left-- <= 0) return NULL;
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (memory) f->live++;
    return memory;
}

static void failing_free(void *data, void *memory, size_t bytes)
{
    (void)bytes;
    ((failing_memory *)data)->live -= memory != NULL;
    free(memory);
}

static fx_status five(fx_context *cx, bool graph)
{
    fx_status status = FX_OK;
    FX_SCOPE (cx) {
        fx_tensor *x = fx_parameter(some(cx, 3, 3, 4)), *w = some(cx, 5, 4, 5), *r[4], *value;
        const fx_list in = FX_LIST(x, w);
        fx_tensor *const *v = (fx_tensor *[]){ x, w };
        status = !x || !w ? fx_error(cx) : FX_OK;
        if (!status)
            status =
                fx_vjp(r, deep_net, .inputs = FX_LIST(x, fx_t(w)), .values = &value, .create_graph = graph);
        if (!status)
            status = fx_jvp(r, layer, .inputs = in, .vs = { 2, v }, .values = &value, .create_graph = graph);
        if (!status)
            status = fx_hvp(r, layer, .inputs = in, .vs = { 2, v }, .values = &value, .create_graph = graph);
        for (int mode = 1; !status && mode < 3; mode++) {
            const fx_derivative_args a = {
                .function = layer, .inputs = in, .mode = (fx_jacobian_mode)mode, .create_graph = graph
            };
            status = fx_jacobian_at(r, a, FX_HERE);
            if (!status) status = fx_hessian_at(r, a, FX_HERE);
        }
    }
    return status;
}

Test(functional_misuse, every_allocation_may_fail)
{
    for (int graph = 0; graph < 2; graph++) {
        bool good = false;
        for (int64_t n = 0; !good && n < 10000; n++) {
            failing_memory f = { .left = n };
            fx_context *cx = fx_context_new(.threads = 1, .allocator = { failing_alloc, failing_free, &f });
            if (cx) {
                const fx_status status = five(cx, graph);
                good = status == FX_OK;
                cr_assert(good || (status == FX_ERROR_MEMORY && fx_error(cx) == status),
                          "allocation %d fails, and the error is: %s", (int)n, fx_error_message(cx));
                cr_assert(fx_context_stats(cx).scopes == 1 && fx_get_grad_mode(cx) == FX_GRAD_ON);
            }
            fx_context_free(cx);
            cr_assert(f.live == 0, "allocation %d fails, and %d others leak", (int)n, (int)f.live);
        }
        cr_assert(good, "it fails however many allocations succeed");
    }
}

Test(functional_misuse, nothing_is_left_and_nothing_asked_for_in_a_steady_state)
{
    fx_context *cx = context_new();
    for (int graph = 0; graph < 2; graph++) {
        fx_stats before = { 0 };
        for (int round = 0; round < 4; round++) {
            GOOD(five(cx, graph));
            const fx_stats after = fx_context_stats(cx);
            if (round == 3) {
                cr_assert(after.tensor_bytes == 0 && after.nodes == 0 && after.captured_bytes == 0);
                cr_assert(after.system_allocations == before.system_allocations);
            }
            before = after;
        }
    }
    context_end(cx);
}
