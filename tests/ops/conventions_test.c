/* Subgradients and edges: what holds at kinks, at poles, at zero, where numbers are not finite, for empty
 * tensors. A row is an expression, the numbers that it starts from, and what comes out: its value, its
 * gradient by the fused path and by the formula, and where it is of interest the gradient of the gradient.
 * The choice: the derivative where there is one, else the subgradient of least norm, else by continuity.
 */
#include "../autograd/support.h"

#include <float.h>

typedef fx_tensor *expression(fx_tensor *x, fx_tensor *y);

typedef struct row {
    int line;
    const char *text;
    expression *make;
    int count[2]; /* of x, of y */
    double x[6], y[6];
    double value[6], gx[6], gy[6];
    int values; /* how many are given */
} row;

static bool is(double a, double b)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
    return a == b || fabs(a - b) <= 4e-16 * fabs(b);
}

static void expect_row(const row *r, const char *what, const fx_tensor *t, int count, const double *expected)
{
    cr_assert(t, "line %d: %s: no %s", r->line, r->text, what);
    cr_assert(fx_numel(t) == count, "line %d: %s: %d numbers of %s", r->line, r->text, (int)fx_numel(t),
              what);
    for (int i = 0; i < count; i++)
        cr_expect(is(number(t, i), expected[i]), "line %d: %s: %s [%d] is %.17g, not %.17g", r->line, r->text,
                  what, i, number(t, i), expected[i]);
}

/* Both ways to a gradient; none given stands for zeros. */
static void run_row(const row *r)
{
    for (int graph = 0; graph < 2; graph++) {
        fx_context *cx = context_new();
        fx_tensor *x = fx_parameter(fx_from(cx, FX_F64, r->x, r->count[0])),
                  *y = r->count[1] ? fx_parameter(fx_from(cx, FX_F64, r->y, r->count[1])) : NULL;
        fx_tensor *result = r->make(x, y);
        cr_assert(result, "line %d: %s: %s", r->line, r->text, fx_error_message(cx));
        if (r->values) expect_row(r, "the value", result, r->values, r->value);
        fx_tensor *g[2] = { 0 };
        fx_list inputs = { y ? 2 : 1, (fx_tensor *[]){ x, y } };
        cr_assert(fx_gradients(g, .output = result, .inputs = inputs, .seed = fx_ones_like(result),
                               .create_graph = graph, .materialize_grads = true) == FX_OK,
                  "line %d: %s: %s", r->line, r->text, fx_error_message(cx));
        expect_row(r, graph ? "the gradient by the formula" : "the gradient", g[0], r->count[0], r->gx);
        if (y)
            expect_row(r, graph ? "the second gradient by the formula" : "the second gradient", g[1],
                       r->count[1], r->gy);
        context_end(cx);
    }
}

#define ROW1(name, make_, ...)                                                                               \
    static fx_tensor *name(fx_tensor *x, fx_tensor *y)                                                       \
    {                                                                                                        \
        (void)x, (void)y;                                                                                    \
        return make_;                                                                                        \
    }                                                                                                        \
    Test(conventions, name)                                                                                  \
    {                                                                                                        \
        run_row(&(row){ .line = __LINE__, .text = #make_, .make = name, __VA_ARGS__ });                      \
    }
#define X(...) .count[0] = COUNT(__VA_ARGS__), .x = { __VA_ARGS__ }
#define Y(...) .count[1] = COUNT(__VA_ARGS__), .y = { __VA_ARGS__ }
#define V(...) .values = COUNT(__VA_ARGS__), .value = { __VA_ARGS__ }
#define GX(...) .gx = { __VA_ARGS__ }
#define GY(...) .gy = { __VA_ARGS__ }
#define INF INFINITY

/* kinks of functions of one number */
ROW1(relu, fx_relu(x), X(0, -0.0, NAN, INF), V(0, 0, NAN, INF), GX(0, 0, NAN, 1))
ROW1(abs_, fx_abs(x), X(0, -0.0, NAN), V(0, 0, NAN), GX(0, 0, NAN))
ROW1(sign, fx_sign(x), X(0, 3, -3), V(0, 1, -1), GX(0, 0, 0))
ROW1(leaky_relu, fx_leaky_relu(x), X(0), V(0), GX(0.01))
ROW1(elu, fx_elu(x), X(0), V(0), GX(1))
ROW1(celu, fx_celu(x), X(0), V(0), GX(1))
ROW1(relu6, fx_relu6(x), X(0, 6), V(0, 6), GX(0, 0))
ROW1(hardtanh, fx_hardtanh(x), X(-1, 1, NAN), V(-1, 1, NAN), GX(0, 0, NAN))
ROW1(hardswish, fx_hardswish(x), X(-3, 3), V(0, 3), GX(0, 1))
ROW1(hardsigmoid, fx_hardsigmoid(x), X(-3, 3), V(0, 1), GX(0, 0))
ROW1(softshrink, fx_softshrink(x), X(0.5, -0.5), V(0, 0), GX(0, 0))
ROW1(steps, fx_add(fx_add(fx_floor(x), fx_ceil(x)), fx_add(fx_round(x), fx_trunc(x))), X(1.25, 2), V(5, 8),
     GX(0, 0))
ROW1(frac, fx_frac(x), X(1.25, 2), V(0.25, 0), GX(1, 1))
ROW1(nan_to_num, fx_nan_to_num(x), X(NAN, INF, -INF, 2), V(0, DBL_MAX, -DBL_MAX, 2), GX(0, 0, 0, 1))
ROW1(sinc, fx_sinc(x), X(0), V(1), GX(0))
ROW1(silu, fx_silu(x), X(-INF), V(-0.0), GX(0))
ROW1(gelu, fx_gelu(x), X(-INF), V(-0.0), GX(0))
ROW1(gelu_tanh, fx_gelu(x, .approximate = FX_GELU_TANH), X(-INF), V(-0.0), GX(0))

/* clamp: the bounds pass, crossed bounds give the upper one, ties go to x */
ROW1(clamp, fx_clamp(x, -1, 1), X(-1, 1, 2, NAN), V(-1, 1, 1, NAN), GX(1, 1, 0, NAN))
ROW1(clamp_crossed, fx_clamp(x, 3, 1), X(0, 2, 5), V(1, 1, 1), GX(0, 0, 0))
ROW1(clamp_min_tie, fx_clamp_min(x, y), X(1, 0), Y(1, 2), V(1, 2), GX(1, 0), GY(0, 1))
ROW1(clamp_max_tie, fx_clamp_max(x, y), X(1, 3), Y(1, 2), V(1, 2), GX(1, 0), GY(0, 1))

/* ties */
ROW1(maximum, fx_maximum(x, y), X(2, NAN, 1, 3), Y(2, 1, NAN, 1), V(2, NAN, NAN, 3), GX(0.5, NAN, NAN, 1),
     GY(0.5, NAN, NAN, 0))
ROW1(minimum, fx_minimum(x, y), X(2, NAN, 1, 3), Y(2, 1, NAN, 1), V(2, NAN, NAN, 1), GX(0.5, NAN, NAN, 0),
     GY(0.5, NAN, NAN, 1))
ROW1(amax, fx_amax(x), X(1, 3, 3, 3), V(3), GX(0, 1. / 3, 1. / 3, 1. / 3))
ROW1(amin, fx_amin(x), X(1, 1, 3, 4), V(1), GX(0.5, 0.5, 0, 0))
ROW1(max_all, fx_max(x), X(1, 3, 3), V(3), GX(0, 0.5, 0.5))
ROW1(max_along, fx_max(x, .dims = FX_DIMS(0)), X(1, 3, 3), V(3), GX(0, 1, 0))
ROW1(min_along, fx_min(x, .dims = FX_DIMS(0)), X(3, 1, 1), V(1), GX(0, 1, 0))
ROW1(cummax, fx_cummax(x, 0), X(1, 3, 3, 2), V(1, 3, 3, 3), GX(1, 1, 2, 0))

/* norms at 0 */
ROW1(norm2, fx_norm(x), X(0, 0), V(0), GX(0, 0))
ROW1(norm1, fx_norm(x, .p = 1), X(0, -2), V(2), GX(0, -1))
ROW1(norm3, fx_norm(x, .p = 3), X(0, 0), V(0), GX(0, 0))
ROW1(norm_half, fx_norm(x, .p = 0.5), X(0, 0), V(0), GX(0, 0))
ROW1(norm_most, fx_norm(x, .p = INF), X(2, -2, 1), V(2), GX(0.5, -0.5, 0))
ROW1(hypot_, fx_hypot(x, y), X(0), Y(0), V(0), GX(0), GY(0))
ROW1(atan2_, fx_atan2(x, y), X(0), Y(0), V(0), GX(0), GY(0))
ROW1(std_, fx_std(x), X(4, 4, 4), V(0), GX(0, 0, 0))
ROW1(var, fx_var(x), X(4, 4, 4), V(0), GX(0, 0, 0))
ROW1(std_of_one, fx_std(x), X(4), V(NAN), GX(NAN))

/* poles */
ROW1(sqrt_, fx_sqrt(x), X(0, -1), V(0, NAN), GX(INF, NAN))
ROW1(root, fx_pow(x, 0.5), X(0), V(0), GX(INF))
ROW1(rsqrt, fx_rsqrt(x), X(0), V(INF), GX(-INF))
ROW1(log_, fx_log(x), X(0, -1), V(-INF, NAN), GX(INF, NAN))
ROW1(reciprocal, fx_reciprocal(x), X(0), V(INF), GX(-INF))
ROW1(quotient, fx_div(1, x), X(0), V(INF), GX(-INF))

/* powers */
ROW1(power_0, fx_pow(x, 0), X(0, NAN, 2), V(1, 1, 1), GX(0, 0, 0))
ROW1(power_1, fx_pow(x, 1), X(0), V(0), GX(1))
ROW1(power_2, fx_pow(x, 2), X(0, 3), V(0, 9), GX(0, 6))
ROW1(power_of_0, fx_pow(fx_detach(x), y), X(0, 0, 0), Y(-1, 0, 1), V(INF, 1, 0), GX(0), GY(-INF, 0, 0))
ROW1(power_of_negative, fx_pow(fx_detach(x), y), X(-2), Y(2), V(4), GX(0), GY(NAN))

/* logarithms */
ROW1(xlogy_, fx_xlogy(x, y), X(0, 0), Y(0, 1), V(0, 0), GX(-INF, 0), GY(0, 0))
ROW1(logaddexp_, fx_logaddexp(x, y), X(-INF, INF), Y(-INF, INF), V(-INF, INF), GX(0.5, 0.5), GY(0.5, 0.5))
ROW1(logsumexp, fx_logsumexp(x), X(-INF, -INF), V(-INF), GX(0, 0))
ROW1(logsumexp_far, fx_logsumexp(x), X(1000, 1000), V(1000 + 0.69314718055994530942), GX(0.5, 0.5))
ROW1(softmax, fx_softmax(x), X(-INF, -INF), V(NAN, NAN), GX(NAN, NAN))
ROW1(softmax_masked, fx_softmax(x), X(0, -INF), V(1, 0), GX(0, 0))
ROW1(binary, fx_binary_cross_entropy(x, fx_ones_like(x)), X(0), V(100), GX(-1e12))

/* products through zeros */
ROW1(prod_of_one_zero, fx_prod(x), X(2, 0, 3), V(0), GX(0, 6, 0))
ROW1(prod_of_two_zeros, fx_prod(x), X(2, 0, 0), V(0), GX(0, 0, 0))
ROW1(cumprod, fx_cumprod(x, 0), X(2, 0, 3), V(2, 0, 0), GX(1, 8, 0))

/* losses */
ROW1(smooth_l1, fx_smooth_l1_loss(x, fx_zeros_like(x), .reduction = FX_REDUCTION_SUM), X(1, -1, 0), V(1),
     GX(1, -1, 0))
ROW1(huber, fx_huber_loss(x, fx_zeros_like(x), .reduction = FX_REDUCTION_SUM), X(1, -1, 0), V(1),
     GX(1, -1, 0))
ROW1(l1, fx_l1_loss(x, fx_zeros_like(x), .reduction = FX_REDUCTION_SUM), X(0, 2), V(2), GX(0, 1))
ROW1(hinge, fx_hinge_embedding_loss(x, fx_full_like(x, -1), .reduction = FX_REDUCTION_SUM), X(1, 0.5), V(0.5),
     GX(0, -1))

/* remainders */
ROW1(fmod_, fx_fmod(x, y), X(-7), Y(2), V(-1), GX(1), GY(3))
ROW1(remainder_, fx_remainder(x, y), X(-7), Y(2), V(1), GX(1), GY(4))

/* ---- second derivatives -------------------------------------------------------------------------------- */

static void expect_second(fx_tensor *x, fx_tensor *y, int count, const double *expected, int line)
{
    fx_tensor *g = fx_gradient(y, x, .seed = fx_ones_like(y), .create_graph = true);
    cr_assert(g, "line %d: %s", line, fx_error_message(fx_context_of(x)));
    fx_tensor *h = fx_requires_grad(g) ? fx_gradient(g, x, .seed = fx_ones_like(g), .materialize_grads = true)
                                       : fx_zeros_like(g);
    expect_numbers(h, count, expected, 4e-16, line);
}
#define SECOND(x, y, ...) expect_second(x, y, COUNT(__VA_ARGS__), (double[]){ __VA_ARGS__ }, __LINE__)

Test(conventions, second_derivatives_at_kinks)
{
    fx_context *cx = context_new();
    fx_tensor *zero = LEAF(cx, 0, 0), *x;
    SECOND(zero, fx_norm(zero), 0, 0);
    SECOND(zero, fx_norm(zero, .p = 3), 0, 0);
    SECOND(zero, fx_abs(zero), 0, 0);
    SECOND(zero, fx_relu(zero), 0, 0);
    x = LEAF(cx, 0), SECOND(x, fx_sinc(x), -9.86960440108935861883 / 3);
    /* the sum of row i of the Hessian of x y z w: what is left of the product without i and one other */
    x = LEAF(cx, 2, 0, 3, 0), SECOND(x, fx_prod(x), 0, 6, 0, 6);
    x = LEAF(cx, 2, 0, 3), SECOND(x, fx_prod(x), 3, 5, 2);
    x = LEAF(cx, 4, 4), SECOND(x, fx_var(x), 0, 0);
    context_end(cx);
}

/* ---- the branch that is not taken ---------------------------------------------------------------------- */

static fx_tensor *guarded(fx_tensor *x) { return fx_where_select(fx_gt(x, 0), fx_sqrt(x), 0); }

/* sqrt(x^2 + y^2) at its own zero, and what is taken out of a row that is NaN elsewhere */
static fx_tensor *distance(fx_tensor *x) { return fx_mul(fx_sqrt(fx_sum(fx_square(x))), 0); }
static fx_tensor *chosen(fx_tensor *x) { return fx_select(fx_div(x, x), 0, 1); }

Test(conventions, a_zero_gradient_times_infinity)
{
    for (int graph = 0; graph < 2; graph++) {
        fx_context *cx = context_new();
        fx_tensor *x = LEAF(cx, 0, 4, -1), *zero = LEAF(cx, 0, 0), *two = LEAF(cx, 0, 2);
        fx_tensor *g = fx_gradient(fx_sum(guarded(x)), x, .create_graph = graph);
        NUMBERS(g, NAN, 0.25, NAN);
        NUMBERS(fx_gradient(distance(zero), zero, .create_graph = graph), NAN, NAN);
        cr_assert(isnan(number(fx_gradient(chosen(two), two, .create_graph = graph), 0)));
        fx_set_zero_safe(cx, true);
        g = fx_gradient(fx_sum(guarded(x)), x, .create_graph = graph);
        NUMBERS(g, 0, 0.25, 0);
        NUMBERS(fx_gradient(distance(zero), zero, .create_graph = graph), 0, 0);
        NUMBERS(fx_gradient(chosen(two), two, .create_graph = graph), 0, 0);
        if (graph) { /* and once more */
            g = fx_gradient(fx_sum(fx_gradient(fx_sum(guarded(x)), x, .create_graph = true)), x);
            NUMBERS(g, 0, -0.03125, 0);
        }
        /* a gradient that is there is not touched: infinity is infinity */
        NUMBERS(fx_gradient(fx_sum(fx_sqrt(x)), x, .create_graph = graph), INFINITY, 0.25, NAN);
        fx_set_zero_safe(cx, false);
        NUMBERS(fx_gradient(fx_sum(guarded(x)), x), NAN, 0.25, NAN);
        context_end(cx);
    }
}

/* By default not even a zero hides what is not finite. */
Test(conventions, infinities_flow)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *w = VECTOR(cx, INFINITY, NAN);
    NUMBERS(fx_gradient(fx_mul(x, w), x, .seed = VECTOR(cx, 0, 0)), NAN, NAN);
    fx_tensor *a = fx_parameter(fx_ones(cx, FX_F64, 2, 2)), *b = MATRIX(cx, 2, 2, INFINITY, 1, 1, 1);
    fx_tensor *g = fx_gradient(fx_matmul(a, b), a, .seed = fx_zeros(cx, FX_F64, 2, 2));
    cr_assert(isnan(number(g, 0)) && isnan(number(g, 2)) && number(g, 1) == 0);
    context_end(cx);
}

/* ---- nothing, one number ------------------------------------------------------------------------------- */

Test(conventions, empty_tensors)
{
    fx_context *cx = context_new();
    fx_tensor *e = fx_parameter(fx_zeros(cx, FX_F64, 0, 3));
    fx_tensor *of[] = {
        fx_sum(e), fx_prod(e), fx_mean(e), fx_std(e), fx_var(e), fx_logsumexp(e), fx_norm(e)
    };
    const double expected[] = { 0, 1, NAN, NAN, NAN, -INFINITY, 0 };
    for (int i = 0; i < 7; i++) {
        cr_expect(is(fx_item(of[i]), expected[i]), "row %d: %g", i, fx_item(of[i]));
        fx_tensor *g = fx_gradient(of[i], e);
        cr_assert(g && fx_dim(g, 0) == 0 && fx_dim(g, 1) == 3);
    }
    NUMBERS(fx_sum(e, .dims = FX_DIMS(0)), 0, 0, 0);
    NUMBERS(fx_mean(e, .dims = FX_DIMS(0)), NAN, NAN, NAN);
    cr_assert(fx_numel(fx_softmax(e)) == 0 && fx_numel(fx_softmax(e, .dim = 0)) == 0);
    fx_tensor *w = LEAF(cx, 1, 2, 3), *l = fx_linear(e, fx_reshape(w, 1, 3), NULL);
    cr_assert(fx_dim(l, 0) == 0 && fx_dim(l, 1) == 1);
    NUMBERS(fx_gradient(fx_sum(l), w), 0, 0, 0);
    cr_assert(!fx_max(e) && fx_error(cx) == FX_ERROR_SHAPE);
    fx_error_clear(cx);
    cr_assert(!fx_argmax(e, .dims = FX_DIMS(0)) && fx_error(cx) == FX_ERROR_SHAPE);
    fx_error_clear(cx);
    cr_assert(!fx_amax(e, .dims = FX_DIMS(0)) && fx_error(cx) == FX_ERROR_SHAPE);
    fx_error_clear(cx);
    cr_assert(fx_numel(fx_amax(e, .dims = FX_DIMS(1))) == 0);
    context_end(cx);
}

/* The mean of losses over nothing, and over rows that are all left out. */
Test(conventions, losses_of_nothing)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_zeros(cx, FX_F64, 0, 3)), *none = fx_zeros(cx, FX_I64, 0);
    cr_assert(isnan(fx_item(fx_cross_entropy(x, none))));
    cr_assert(fx_item(fx_cross_entropy(x, none, .reduction = FX_REDUCTION_SUM)) == 0);
    fx_tensor *y = fx_parameter(fx_zeros(cx, FX_F64, 2, 3)), *left = fx_full(cx, FX_I64, -100, 2);
    cr_assert(isnan(fx_item(fx_cross_entropy(y, left))) && isnan(fx_item(fx_nll_loss(y, left))));
    fx_tensor *sum = fx_cross_entropy(y, left, .reduction = FX_REDUCTION_SUM);
    cr_assert(fx_item(sum) == 0);
    ALL(fx_gradient(sum, y), 0);
    cr_assert(isnan(fx_item(fx_mse_loss(x, fx_zeros(cx, FX_F64, 0, 3)))));
    context_end(cx);
}

/* ---- broadcasting -------------------------------------------------------------------------------------- */

/* Every pattern of three operands of up to four dimensions, each size there, 1, or missing: the gradient is
 * the sum over what was broadcast, the same numbers as with operands that were expanded before. */
enum { PATTERNS = 31 };
static fx_dims pattern(int n)
{
    static const int64_t full[4] = { 2, 3, 2, 3 };
    fx_dims d = { .given = true };
    int ndim = 0;
    while (n >= (2 << ndim) - 1) ndim++; /* 2^ndim patterns of ndim dimensions */
    const int ones = n - ((1 << ndim) - 1);
    for (int i = 0; i < ndim; i++) d.at[i] = ones >> i & 1 ? 1 : full[4 - ndim + i];
    d.count = ndim;
    return d;
}

Test(conventions, every_pattern_of_broadcasting)
{
    fx_context *cx = context_new();
    fx_tensor *whole[PATTERNS];
    const fx_dims largest = { true, 4, { 2, 3, 2, 3 } };
    for (int n = 0; n < PATTERNS; n++) /* whole numbers, whose sums are exact in any order */
        whole[n] = fx_parameter(fx_to(fx_randint_at(cx, -4, 5, pattern(n), FX_HERE), FX_F64));
    fx_tensor *big = fx_expand_at(fx_ones(cx, FX_F64, 1), largest, FX_HERE);
    for (int a = 0; a < PATTERNS; a++)
        for (int b = 0; b < PATTERNS; b++)
            FX_SCOPE (cx) {
                const int c = (a * 7 + b * 3) % PATTERNS;
                fx_tensor *x[3] = { whole[a], whole[b], whole[c] }, *wide[3], *g[3], *h[3];
                for (int i = 0; i < 3; i++) wide[i] = fx_expand_at(x[i], largest, FX_HERE);
                fx_tensor *y = fx_sum(fx_addcmul(fx_mul(big, x[0]), x[1], x[2])),
                          *z = fx_sum(fx_addcmul(wide[0], wide[1], wide[2]));
                cr_assert(y && fx_item(y) == fx_item(z), "%d %d %d: %s", a, b, c, fx_error_message(cx));
                fx_list inputs = { 3, x };
                cr_assert(fx_gradients(g, .output = y, .inputs = inputs) == FX_OK);
                cr_assert(fx_gradients(h, .output = z, .inputs = inputs) == FX_OK);
                for (int i = 0; i < 3; i++)
                    cr_assert(same_bits(g[i], h[i]), "%d %d %d: input %d", a, b, c, i);
            }
    context_end(cx);
}

Test(conventions, indices_that_repeat_accumulate)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 0, 1, 2, 3), *index = fx_from(cx, FX_I64, ((int64_t[]){ 1, 1, 3, 2, 1, 2 }), 6);
    NUMBERS(fx_gradient(fx_sum(fx_index_select(x, 0, index)), x), 0, 3, 2, 1);
    NUMBERS(fx_gradient(fx_sum(fx_gather(x, 0, index)), x), 0, 3, 2, 1);
    context_end(cx);
}
