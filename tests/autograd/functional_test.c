/* Derivatives of functions: closed forms, the ways to the same number, what is refused, what is left behind.
 */
#include "support.h"

enum { N = 6 };

/* ---- functions ----------------------------------------------------------------------------------------- */

static int runs; /* of any function here */

/* sum 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2 */
static int rosenbrock(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    runs++;
    const int64_t n = fx_dim(x[0], 0);
    fx_tensor *a = fx_slice(x[0], 0, 0, n - 1), *b = fx_slice(x[0], 0, 1, n);
    y[0] = fx_sum(fx_add(fx_mul(100, fx_square(fx_sub(b, fx_square(a)))), fx_square(fx_sub(1, a))));
    return 1;
}

static int softmax(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    runs++;
    y[0] = fx_softmax(x[0], 0);
    return 1;
}

static int log_sum_exp(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    y[0] = fx_logsumexp(x[0]);
    return 1;
}

/* W x + b of (x, W, b) */
static int affine(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    y[0] = fx_add(fx_mv(x[1], x[0]), x[2]);
    return 1;
}

/* Of (a, b): a sin b, sum a exp b, and a number that depends on neither. */
static int several(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    runs++;
    y[0] = fx_mul(x[0], fx_sin(x[1]));
    y[1] = fx_sum(fx_mul(x[0], fx_exp(x[1])));
    y[2] = fx_scalar(fx_context_of(x[0]), FX_F64, 3);
    return 3;
}

/* tanh(x W) summed in squares; data is W. Of (x), or of (x, W). */
static int layer(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    runs++;
    y[0] = fx_sum(fx_square(fx_tanh(fx_matmul(x[0], inputs > 1 ? x[1] : data))));
    return 1;
}

/* Of (x, y) of sizes (2, 3) and (3,): one number. */
static int mixed(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    y[0] = fx_sum(fx_exp(fx_mul(fx_mv(x[0], x[1]), fx_cos(fx_sum(x[1])))));
    return 1;
}

/* Views and writes in place of its own. */
static int written(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    y[0] = fx_mul(x[0], x[0]);
    fx_tensor *half = fx_slice(y[0], 0, 0, 2);
    fx_sin_(half);
    fx_mul_(y[0], x[0]);
    return 1;
}

/* The same without. */
static int unwritten(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    fx_tensor *s = fx_mul(x[0], x[0]);
    y[0] = fx_mul(fx_cat(0, fx_sin(fx_slice(s, 0, 0, 2)), fx_slice(s, 0, 2, fx_dim(s, 0))), x[0]);
    return 1;
}

static fx_tensor *some(fx_context *cx, uint64_t seed, int64_t rows, int64_t columns)
{
    double numbers[64];
    for (int64_t i = 0; i < rows * (columns ? columns : 1); i++)
        numbers[i] = (double)(((uint64_t)i * 7 + seed * 5) % 23) / 16 - 0.6;
    return columns ? fx_from(cx, FX_F64, numbers, rows, columns) : fx_from(cx, FX_F64, numbers, rows);
}

static void expect_near(const fx_tensor *a, const fx_tensor *b, double tolerance, int line)
{
    cr_assert(a && b, "line %d: there is no tensor", line);
    cr_assert(fx_numel(a) == fx_numel(b) && fx_ndim(a) == fx_ndim(b), "line %d: the shapes differ", line);
    for (int64_t i = 0; i < fx_numel(a); i++)
        cr_assert(fabs(number(a, i) - number(b, i)) <= tolerance * (1 + fabs(number(b, i))),
                  "line %d: number %d is %.17g, not %.17g", line, (int)i, number(a, i), number(b, i));
}
#define NEAR(a, b, tolerance) expect_near(a, b, tolerance, __LINE__)
#define GOOD(call) cr_assert((call) == FX_OK, "%s", fx_error_message(cx))

/* ---- closed forms -------------------------------------------------------------------------------------- */

Test(functional, rosenbrock_in_n_dimensions)
{
    fx_context *cx = context_new();
    fx_tensor *x = some(cx, 3, N, 0), *v = some(cx, 8, N, 0), *g, *h, *hv, *value;
    GOOD(fx_vjp(&g, rosenbrock, .input = x, .values = &value));
    GOOD(fx_hvp(&hv, rosenbrock, .input = x, .v = v));
    for (int mode = 0; mode < 3; mode++) {
        GOOD(fx_hessian(&h, rosenbrock, .input = x, .mode = (fx_jacobian_mode)mode));
        cr_assert(fx_ndim(h) == 2);
        double f = 0;
        for (int i = 0; i < N; i++) {
            const double a = number(x, i), b = i + 1 < N ? number(x, i + 1) : 0, c = i ? number(x, i - 1) : 0;
            double gradient = 0, diagonal = 0, product = 0;
            if (i + 1 < N) f += 100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a);
            if (i + 1 < N)
                gradient += -400 * a * (b - a * a) - 2 * (1 - a), diagonal += 1200 * a * a - 400 * b + 2;
            if (i) gradient += 200 * (a - c * c), diagonal += 200;
            cr_assert_float_eq(number(g, i), gradient, 1e-11);
            for (int j = 0; j < N; j++) {
                const double should = i == j ? diagonal : j == i + 1 ? -400 * a : j + 1 == i ? -400 * c : 0;
                cr_assert_float_eq(number(h, i * N + j), should, 1e-11);
                product += should * number(v, j);
            }
            cr_assert_float_eq(number(hv, i), product, 1e-11);
        }
        cr_assert_float_eq(fx_item(value), f, 1e-11);
    }
    context_end(cx);
}

Test(functional, jacobian_of_softmax)
{
    fx_context *cx = context_new();
    fx_tensor *x = some(cx, 1, N, 0), *j, *p;
    for (int mode = 0; mode < 3; mode++) {
        GOOD(fx_jacobian(&j, softmax, .input = x, .values = &p, .mode = (fx_jacobian_mode)mode));
        for (int i = 0; i < N; i++)
            for (int k = 0; k < N; k++)
                cr_assert_float_eq(number(j, i * N + k), number(p, i) * ((i == k) - number(p, k)), 1e-16);
    }
    context_end(cx);
}

Test(functional, hessian_of_log_sum_exp)
{
    fx_context *cx = context_new();
    fx_tensor *x = some(cx, 1, N, 0), *p = fx_softmax(x, 0), *h;
    for (int mode = 0; mode < 3; mode++) {
        GOOD(fx_hessian(&h, log_sum_exp, .input = x, .mode = (fx_jacobian_mode)mode));
        for (int i = 0; i < N; i++)
            for (int k = 0; k < N; k++)
                cr_assert_float_eq(number(h, i * N + k), number(p, i) * ((i == k) - number(p, k)), 1e-16);
    }
    context_end(cx);
}

Test(functional, jacobians_of_a_linear_map)
{
    enum { IN = 3, OUT = 4 };
    fx_context *cx = context_new();
    fx_tensor *x = some(cx, 1, IN, 0), *w = some(cx, 2, OUT, IN), *b = some(cx, 3, OUT, 0), *j[3];
    for (int mode = 0; mode < 3; mode++) {
        GOOD(fx_jacobian(j, affine, .inputs = FX_LIST(x, w, b), .mode = (fx_jacobian_mode)mode));
        cr_assert(fx_ndim(j[1]) == 3 && fx_dim(j[1], 0) == OUT && fx_dim(j[1], 1) == OUT &&
                  fx_dim(j[1], 2) == IN);
        for (int i = 0; i < OUT; i++) {
            for (int k = 0; k < IN; k++) cr_assert(number(j[0], i * IN + k) == number(w, i * IN + k));
            for (int r = 0; r < OUT; r++) {
                cr_assert(number(j[2], i * OUT + r) == (i == r));
                for (int k = 0; k < IN; k++)
                    cr_assert(number(j[1], (i * OUT + r) * IN + k) == (i == r ? number(x, k) : 0));
            }
        }
    }
    /* a linear map has no second derivative: zeros, in every block */
    fx_tensor *h[9];
    for (int mode = 0; mode < 3; mode++) {
        GOOD(fx_hessian(h, rosenbrock, .inputs = FX_LIST(x), .mode = (fx_jacobian_mode)mode));
        GOOD(fx_hessian(h, layer, .inputs = FX_LIST(some(cx, 1, 2, 3), some(cx, 2, 3, 1)),
                        .mode = (fx_jacobian_mode)mode));
    }
    context_end(cx);
}

/* ---- several inputs and results ------------------------------------------------------------------------ */

Test(functional, several_inputs_and_results_as_blocks)
{
    fx_context *cx = context_new();
    fx_tensor *in[2] = { some(cx, 1, 3, 0), some(cx, 4, 3, 0) }, *va = some(cx, 5, 3, 0),
              *vb = some(cx, 9, 3, 0);
    fx_tensor *j[6], *jv[3], *vj[2], *values[3], *u0 = some(cx, 2, 3, 0), *u1 = fx_scalar(cx, FX_F64, 0.7),
                                                 *u2 = fx_scalar(cx, FX_F64, 0.3);
    for (int mode = 0; mode < 3; mode++) {
        runs = 0;
        GOOD(fx_jacobian(j, several, .inputs = { 2, in }, .outputs = 3, .values = values,
                         .mode = (fx_jacobian_mode)mode));
        cr_assert(runs == 1, "the function ran %d times", runs);
        cr_assert(fx_item(values[2]) == 3 && !fx_requires_grad(values[0]));
        for (int r = 0; r < 3; r++) {
            const double a = number(in[0], r), b = number(in[1], r);
            for (int c = 0; c < 3; c++) {
                cr_assert_float_eq(number(j[0], r * 3 + c), r == c ? sin(b) : 0, 1e-15);
                cr_assert_float_eq(number(j[1], r * 3 + c), r == c ? a * cos(b) : 0, 1e-15);
            }
            cr_assert_float_eq(number(j[2], r), exp(b), 1e-15);
            cr_assert_float_eq(number(j[3], r), a * exp(b), 1e-15);
        }
        ALL(j[4], 0);
        ALL(j[5], 0);
    }
    runs = 0;
    GOOD(fx_jvp(jv, several, .inputs = { 2, in }, .vs = FX_LIST(va, vb), .outputs = 3));
    GOOD(fx_vjp(vj, several, .inputs = { 2, in }, .vs = FX_LIST(u0, u1, u2), .outputs = 3));
    cr_assert(runs == 2);
    NEAR(jv[0], fx_add(fx_mv(j[0], va), fx_mv(j[1], vb)), 1e-15);
    NEAR(jv[1], fx_add(fx_dot(j[2], va), fx_dot(j[3], vb)), 1e-15);
    ALL(jv[2], 0);
    for (int i = 0; i < 2; i++) NEAR(vj[i], fx_add(fx_mv(fx_t(j[i]), u0), fx_mul(j[2 + i], u1)), 1e-15);
    context_end(cx);
}

Test(functional, hessians_are_symmetric_and_their_products_fit)
{
    fx_context *cx = context_new();
    fx_tensor *in[2] = { some(cx, 1, 2, 3), some(cx, 4, 3, 0) },
              *v[2] = { some(cx, 5, 2, 3), some(cx, 9, 3, 0) };
    fx_tensor *h[4], *again[4], *hv[2];
    GOOD(fx_hvp(hv, mixed, .inputs = { 2, in }, .vs = { 2, v }));
    GOOD(fx_hessian(h, mixed, .inputs = { 2, in }));
    GOOD(fx_hessian(again, mixed, .inputs = { 2, in }, .mode = FX_JACOBIAN_FORWARD));
    for (int i = 0; i < 4; i++) NEAR(h[i], again[i], 1e-14);
    cr_assert(fx_ndim(h[0]) == 4 && fx_ndim(h[1]) == 3 && fx_ndim(h[2]) == 3 && fx_ndim(h[3]) == 2);
    fx_tensor *flat[4];
    for (int i = 0; i < 4; i++) flat[i] = fx_reshape(h[i], fx_numel(in[i / 2]), fx_numel(in[i % 2]));
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++) NEAR(flat[2 * i + k], fx_t(flat[2 * k + i]), 1e-14);
    for (int i = 0; i < 2; i++) {
        fx_tensor *product =
            fx_add(fx_mv(flat[2 * i], fx_reshape(v[0], fx_numel(v[0]))), fx_mv(flat[2 * i + 1], v[1]));
        NEAR(fx_reshape(hv[i], fx_numel(hv[i])), product, 1e-14);
    }
    context_end(cx);
}

/* ---- one over the other -------------------------------------------------------------------------------- */

typedef struct inner {
    fx_tensor_function *function;
    void *data;
    fx_tensor *v;
} inner;

/* The gradient of a function of one number. */
static int gradient_of(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    const inner *in = data;
    fx_vjp(y, in->function, .data = in->data, .inputs = { inputs, x }, .create_graph = true);
    return inputs;
}

/* ... and its derivative along v, which is <gradient, v>. */
static int slope_of(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    const inner *in = data;
    fx_jvp(y, in->function, .data = in->data, .inputs = { inputs, x }, .v = in->v, .create_graph = true);
    return 1;
}

Test(functional, forward_over_reverse_and_the_other_ways)
{
    fx_context *cx = context_new();
    fx_tensor *x = some(cx, 3, 2, 3), *w = some(cx, 5, 3, 4), *v = some(cx, 8, 2, 3);
    inner in = { layer, w, v };
    fx_tensor *hvp, *forward, *reverse, *twice, *slope;
    runs = 0;
    GOOD(fx_hvp(&hvp, layer, .data = w, .input = x, .v = v));
    GOOD(fx_jvp(&forward, gradient_of, .data = &in, .input = x, .v = v)); /* forward over reverse */
    GOOD(fx_vjp(&reverse, slope_of, .data = &in, .input = x));            /* reverse over forward */
    GOOD(fx_vjp(&twice, gradient_of, .data = &in, .input = x, .v = v));   /* reverse over reverse */
    GOOD(fx_jvp(&slope, slope_of, .data = &in, .input = x, .v = v));      /* forward over forward */
    cr_assert(runs == 5, "the function ran %d times", runs);
    NEAR(forward, hvp, 1e-14);
    NEAR(reverse, hvp, 1e-14);
    NEAR(twice, hvp, 1e-14);
    NEAR(slope, fx_sum(fx_mul(hvp, v)), 1e-14);
    /* the Jacobian of the gradient is the Hessian; and a third derivative, by two ways */
    fx_tensor *h, *j, *t[2];
    GOOD(fx_hessian(&h, layer, .data = w, .input = x));
    GOOD(fx_jacobian(&j, gradient_of, .data = &in, .input = x));
    NEAR(h, j, 1e-14);
    inner out = { slope_of, &in, v };
    GOOD(fx_hvp(&t[0], slope_of, .data = &in, .input = x, .v = v));
    GOOD(fx_jvp(&t[1], gradient_of, .data = &out, .input = x, .v = v));
    NEAR(t[0], t[1], 1e-13);
    context_end(cx);
}

Test(functional, graphs_of_the_results_reach_inputs_vectors_and_the_rest)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(some(cx, 3, 2, 3)), *w = fx_parameter(some(cx, 5, 3, 4)),
              *v = fx_parameter(some(cx, 8, 2, 3));
    fx_tensor *hv, *g[3], *value, *should[2];
    GOOD(fx_hvp(&hv, layer, .data = w, .input = x, .v = v, .create_graph = true, .values = &value));
    GOOD(fx_gradients(g, .output = fx_sum(fx_mul(hv, hv)), .inputs = FX_LIST(x, w, v), .retain_graph = true));
    /* H is symmetric: d |H v|^2 / dv = 2 H H v */
    GOOD(fx_hvp(&should[0], layer, .data = w, .input = x, .v = fx_mul(hv, 2)));
    NEAR(g[2], should[0], 1e-13);
    /* in x: the Hessian of (x, W) without blocks, by differences of it */
    const double h = 1e-5;
    for (int i = 0; i < 2; i++) {
        fx_tensor *at = i ? w : x, *direction = i ? some(cx, 2, 3, 4) : some(cx, 2, 2, 3), *side[2];
        FX_NO_GRAD (cx) {
            for (int s = 0; s < 2; s++) {
                fx_tensor *moved = fx_add(at, fx_mul(direction, s ? -h : h));
                GOOD(fx_hvp(&side[s], layer, .data = i ? moved : w, .input = i ? x : moved, .v = v));
            }
            const double slope =
                (fx_item(fx_sum(fx_square(side[0]))) - fx_item(fx_sum(fx_square(side[1])))) / (2 * h);
            cr_assert_float_eq(fx_item(fx_sum(fx_mul(g[i], direction))), slope, 1e-7);
        }
    }
    /* the value has the graph of the function */
    fx_tensor *direct, *through;
    through = fx_gradient(value, x);
    direct = fx_gradient(fx_sum(fx_square(fx_tanh(fx_matmul(x, w)))), x);
    NEAR(through, direct, 1e-15);
    /* without create_graph nothing has */
    GOOD(fx_hvp(&hv, layer, .data = w, .input = x, .v = v, .values = &value));
    cr_assert(!fx_requires_grad(hv) && !fx_requires_grad(value) && !fx_grad(x) && !fx_grad(w));
    /* and the mode that it is called in does not matter */
    FX_NO_GRAD (cx) {
        fx_tensor *same;
        GOOD(fx_hvp(&same, layer, .data = w, .input = x, .v = v));
        cr_assert(same_bits(same, hv) && fx_get_grad_mode(cx) == FX_GRAD_OFF);
    }
    context_end(cx);
}

Test(functional, views_and_writes_in_place_within)
{
    fx_context *cx = context_new();
    fx_tensor *x = some(cx, 3, 4, 0), *v = some(cx, 7, 4, 0), *j[2], *jv[2], *vj[2];
    fx_tensor_function *f[2] = { unwritten, written };
    for (int i = 0; i < 2; i++) {
        GOOD(fx_jacobian(&j[i], f[i], .input = x, .mode = i ? FX_JACOBIAN_FORWARD : FX_JACOBIAN_REVERSE));
        GOOD(fx_jvp(&jv[i], f[i], .input = x, .v = v));
        GOOD(fx_vjp(&vj[i], f[i], .input = x, .v = v));
    }
    NEAR(j[1], j[0], 1e-15);
    NEAR(jv[1], jv[0], 1e-15);
    NEAR(vj[1], vj[0], 1e-15);
    NEAR(jv[0], fx_mv(j[0], v), 1e-15);
    context_end(cx);
}

static int identity(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data;
    for (int i = 0; i < inputs; i++) y[i] = x[i];
    return inputs;
}

/* Results that are the caller's tensors, one another, or the function's arguments get handles of their own.
 */
Test(functional, results_are_new_tensors)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(some(cx, 3, 4, 0)), *v = some(cx, 7, 4, 0), *r[2], *values[2];
    for (int graph = 0; graph < 2; graph++)
        FX_SCOPE (cx) {
            GOOD(fx_vjp(r, identity, .inputs = FX_LIST(x, x), .vs = FX_LIST(v, v), .outputs = 2,
                        .values = values, .create_graph = graph));
            cr_assert(r[0] != v && r[1] != v && r[0] != r[1] && values[0] != x);
            cr_assert(same_bits(r[0], v) && same_bits(r[1], v) && same_bits(values[1], x));
            GOOD(fx_jvp(r, identity, .inputs = FX_LIST(x, x), .vs = FX_LIST(v, v), .outputs = 2,
                        .create_graph = graph));
            cr_assert(r[0] != v && r[1] != v && r[0] != r[1] && same_bits(r[0], v));
            fx_release(r[0]);
            cr_assert(same_bits(r[1], v));
        }
    cr_assert(number(v, 0) == number(v, 0));
    context_end(cx);
}

static int widened(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    y[0] = fx_to(fx_square(x[0]), FX_F64);
    y[1] = fx_to(x[0], FX_I64);
    return 2;
}

Test(functional, dtypes)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_from(cx, FX_F32, ((float[]){ 1, 2, 3 }), 3), *j[2], *r[2];
    for (int mode = 0; mode < 3; mode++) {
        GOOD(fx_jacobian(j, widened, .input = x, .outputs = 2, .mode = (fx_jacobian_mode)mode));
        cr_assert(fx_dtype_of(j[0]) == FX_F32 && fx_dtype_of(j[1]) == FX_F32);
        NUMBERS(j[0], 2, 0, 0, 0, 4, 0, 0, 0, 6);
        ALL(j[1], 0);
    }
    GOOD(fx_jvp(r, widened, .input = x, .v = fx_ones(cx, FX_F64, 3), .outputs = 2));
    cr_assert(fx_dtype_of(r[0]) == FX_F64 && fx_dtype_of(r[1]) == FX_I64);
    NUMBERS(r[0], 2, 4, 6);
    cr_assert(fx_vjp(r, widened, .input = fx_arange(cx, 3), .outputs = 2) == FX_ERROR_DTYPE && !r[0]);
    REFUSED(cx, DTYPE, "vjp: input 0 is int64: only floating tensors have derivatives");
    context_end(cx);
}

Test(functional, nothing_and_much_of_it)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_zeros(cx, FX_F64, 0), *j, *r;
    for (int mode = 0; mode < 3; mode++) {
        GOOD(fx_jacobian(&j, written, .input = x, .mode = (fx_jacobian_mode)mode));
        cr_assert(fx_ndim(j) == 2 && fx_numel(j) == 0);
    }
    GOOD(fx_jvp(&r, identity, .input = x, .v = x));
    cr_assert(fx_numel(r) == 0);
    /* an identity of more than a block of seeds */
    enum { MANY = 1200 };
    fx_tensor *large = fx_linspace(cx, 0, 1, MANY);
    for (int mode = 0; mode < 3; mode++) {
        GOOD(fx_jacobian(&j, identity, .input = large, .mode = (fx_jacobian_mode)mode));
        cr_assert(fx_dim(j, 0) == MANY && fx_dim(j, 1) == MANY);
        cr_assert(fx_item(fx_sum(fx_abs(fx_sub(j, fx_one_hot(fx_arange(cx, MANY)))))) == 0);
    }
    context_end(cx);
}

static int infinite_slope(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    y[0] = fx_where_select(fx_gt(x[0], 0), fx_sqrt(x[0]), fx_mul(x[0], 2));
    y[1] = fx_neg(fx_log(fx_sub(x[0], -1)));
    y[2] = fx_log(fx_sub(x[0], -1));
    return 3;
}

/* A seed of zeros would let nothing through, nor would seeds that cancel. */
Test(functional, zero_safe_mode)
{
    fx_context *cx = context_new();
    fx_set_zero_safe(cx, true);
    fx_tensor *x = VECTOR(cx, 0, 4), *r[3];
    GOOD(fx_jvp(r, infinite_slope, .input = x, .v = VECTOR(cx, 1, 1), .outputs = 3));
    NUMBERS(r[0], 2, 0.25);
    NEARLY(r[1], 1e-15, -1, -0.2);
    NEARLY(r[2], 1e-15, 1, 0.2);
    context_end(cx);
}

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

Test(functional, functions_that_fail)
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
                    cr_assert(strstr(text, expected[how].says) && strstr(text, "functional_test.c:"),
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

Test(functional, strict)
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

Test(functional, vectors_and_arguments_that_do_not_fit)
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

/* ---- Taylor -------------------------------------------------------------------------------------------- */

static int deep_net(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    fx_tensor *h = fx_layer_norm(fx_tanh(fx_matmul(x[0], fx_t(x[1]))), FX_DIMS(5));
    y[0] = fx_sum(fx_square(fx_softmax(fx_gelu(fx_matmul(h, x[1])), 1)));
    return 1;
}

static int transcendental(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    fx_tensor *p = fx_softplus(fx_matmul(x[0], fx_t(x[1])));
    y[0] = fx_add(fx_sum(fx_lgamma(fx_add(p, 1))),
                  fx_logsumexp(fx_flatten(fx_cumsum(fx_mul(p, fx_erf(p)), 0), 0, -1)));
    return 1;
}

static int quotients(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    fx_tensor *n = fx_norm(fx_add(x[0], 2)), *c = fx_atan2(x[1], fx_add(fx_square(x[1]), 1));
    y[0] = fx_div(fx_sum(fx_pow(fx_add(fx_square(c), 1), 1.5)),
                  fx_add(n, fx_prod(fx_add(fx_square(x[0]), 0.5))));
    return 1;
}

static double value_of(fx_context *cx, fx_tensor_function *f, fx_tensor *const *x)
{
    fx_tensor *y[FX_MAX_OUTPUTS];
    cr_assert(f(NULL, x, 2, y) == 1 && y[0], "%s", fx_error_message(cx));
    return fx_item(y[0]);
}

/* |f(x + h v) - f(x) - h <g, v>| falls as h^2, and without h^2/2 <v, H v> as h^3. */
static void taylor(fx_context *cx, fx_tensor_function *f, uint64_t seed)
{
    fx_set_random_state(cx, (fx_random_state){ .seed = seed });
    fx_tensor *x[2] = { fx_randn(cx, FX_F64, 3, 4), fx_randn(cx, FX_F64, 5, 4) },
              *v[2] = { fx_randn(cx, FX_F64, 3, 4), fx_randn(cx, FX_F64, 5, 4) }, *slope, *hv[2];
    GOOD(fx_jvp(&slope, f, .inputs = { 2, x }, .vs = { 2, v }));
    GOOD(fx_hvp(hv, f, .inputs = { 2, x }, .vs = { 2, v }));
    const double f0 = value_of(cx, f, x), g = fx_item(slope),
                 c = fx_item(fx_add(fx_sum(fx_mul(hv[0], v[0])), fx_sum(fx_mul(hv[1], v[1]))));
    double first[2], second[2];
    for (int k = 0; k < 2; k++) {
        const double h = k ? 0x1p-11 : 0x1p-10;
        fx_tensor *moved[2] = { fx_add(x[0], fx_mul(v[0], h)), fx_add(x[1], fx_mul(v[1], h)) };
        first[k] = value_of(cx, f, moved) - f0 - h * g;
        second[k] = first[k] - h * h / 2 * c;
    }
    /* the third order is in the first one's ratio, by about h times its share */
    const double order1 = log2(fabs(first[0] / first[1])), order2 = log2(fabs(second[0] / second[1]));
    cr_assert_float_eq(order1, 2, 0.05, "seed %d: the remainder falls as h^%.3f", (int)seed, order1);
    cr_assert_float_eq(order2, 3, 0.1, "seed %d: the second remainder falls as h^%.3f", (int)seed, order2);
}

Test(functional, remainders_of_taylor_s_series)
{
    fx_tensor_function *f[] = { deep_net, transcendental, quotients };
    for (size_t i = 0; i < sizeof f / sizeof *f; i++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            fx_context *cx = context_new();
            taylor(cx, f[i], seed);
            context_end(cx);
        }
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

Test(functional, every_allocation_may_fail)
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

Test(functional, nothing_is_left_and_nothing_asked_for_in_a_steady_state)
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
