/* Derivatives of functions: closed forms, the ways to the same number, what is refused, what is left behind.
 */
#include "functions.h"

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

/* ---- what PyTorch says --------------------------------------------------------------------------------- */

static int attention(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    fx_tensor *q = fx_matmul(x[0], x[1]);
    y[0] = fx_matmul(fx_softmax(fx_div(fx_matmul(q, fx_t(q)), 2), 1), x[0]);
    return 1;
}

static int bilinear(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    fx_tensor *q = fx_matmul(x[0], x[1]),
              *rows = fx_sum(fx_cumsum(q, 1), .dims = FX_DIMS(1), .keepdim = true);
    y[0] = fx_sub(fx_sigmoid(fx_matmul(q, fx_t(x[0]))), rows);
    return 1;
}

static int pieces(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    fx_tensor *w = fx_slice(fx_select(x[1], 1, 1), 0, 0, 2);
    fx_tensor *last = fx_prod(fx_mul(fx_slice(x[0], 1, 0, 2), w), .dims = FX_DIMS(1));
    y[0] = fx_cat(0, fx_logsumexp(x[0], .dims = FX_DIMS(1)), fx_flatten(fx_silu(x[1]), 0, -1), last);
    return 1;
}

static int sum_of_squares(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    const inner *in = data;
    in->function(NULL, x, inputs, y);
    y[0] = fx_sum(fx_square(y[0]));
    return 1;
}

typedef struct golden {
    const char *name;
    fx_tensor_function *function;
    const double *results[7]; /* as golden.py says */
} golden;

#define UNPACK(...) __VA_ARGS__
#define GOLDEN(f, jv, vx, vw, jacobian, hx, hw, block)                                                       \
    { #f,                                                                                                    \
      f,                                                                                                     \
      { (double[]){ UNPACK jv }, (double[]){ UNPACK vx }, (double[]){ UNPACK vw },                           \
        (double[]){ UNPACK jacobian }, (double[]){ UNPACK hx }, (double[]){ UNPACK hw },                     \
        (double[]){ UNPACK block } } },

Test(functional, numbers_of_pytorch)
{
    const golden all[] = {
#include "golden.def"
    };
    fx_context *cx = context_new();
    fx_tensor *x[2] = { some(cx, 1, 3, 4), some(cx, 2, 4, 4) },
              *v[2] = { some(cx, 3, 3, 4), some(cx, 4, 4, 4) };
    for (size_t n = 0; n < sizeof all / sizeof *all; n++) {
        fx_tensor *y, *r[7], *j[2], *h[4];
        inner in = { all[n].function, NULL, NULL };
        GOOD(fx_jvp(r, all[n].function, .inputs = { 2, x }, .vs = { 2, v }, .values = &y));
        const int64_t columns = fx_ndim(y) > 1 ? fx_dim(y, 1) : 0;
        GOOD(fx_vjp(r + 1, all[n].function, .inputs = { 2, x }, .v = some(cx, 5, fx_dim(y, 0), columns)));
        GOOD(fx_hvp(r + 4, sum_of_squares, .data = &in, .inputs = { 2, x }, .vs = { 2, v }));
        for (int mode = 1; mode < 3; mode++) {
            GOOD(fx_jacobian(j, all[n].function, .inputs = { 2, x }, .mode = (fx_jacobian_mode)mode));
            GOOD(fx_hessian(h, sum_of_squares, .data = &in, .inputs = { 2, x },
                            .mode = (fx_jacobian_mode)mode));
            r[3] = j[1];
            r[6] = h[1];
            for (int k = 0; k < 7; k++)
                for (int64_t i = 0; i < fx_numel(r[k]); i++)
                    cr_assert_float_eq(number(r[k], i), all[n].results[k][i],
                                       1e-13 * (1 + fabs(all[n].results[k][i])),
                                       "%s: number %d of %d is %.17g, not %.17g", all[n].name, (int)i, k,
                                       number(r[k], i), all[n].results[k][i]);
        }
    }
    context_end(cx);
}

/* ---- Taylor -------------------------------------------------------------------------------------------- */

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
