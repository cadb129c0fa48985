/* gradcheck finds wrong gradients: each op below is right or wrong by one plausible mistake, and the wrong
 * ones must all be found, the right ones all pass. What is found by values alone at the points given is
 * listed here; a mistake that double cannot show (a derivative of 1e-18 beside a value of 1) is not.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* ---- ops with a gradient of one's choice --------------------------------------------------------------- */

/* A closure for tests: x and, if there is one, w captured. */
#define GRADIENT(name) static void name(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
#define X (c->x[0])
#define SCALED(derivative) gx[0] = fx_mul(g, derivative)

/* Elementwise forwards. */
FX_ELEMENTWISE(gelu, x, 0.5 * x * erfc(-x * 0.70710678118654752440))
FX_ELEMENTWISE(gelu_tanh, x, x / (1 + exp(-2 * 0.79788456080286535588 * (x + 0.044715 * x * x * x))))
FX_ELEMENTWISE(erf_value, x, erf(x))
FX_ELEMENTWISE(softplus, x, fmax(x, 0) + log1p(exp(-fabs(x))))
FX_ELEMENTWISE(sigmoid, x, x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)))
FX_ELEMENTWISE(small_cube, x, 1e-6 * x * x * x)
FX_ELEMENTWISE(square, x, x *x)
FX_ELEMENTWISE(relu, x, x > 0 ? x : 0)
FX_ELEMENTWISE(leaky, x, x > 0 ? x : 0.01 * x)
FX_ELEMENTWISE(magnitude, x, fabs(x))
FX_ELEMENTWISE(root, x, sqrt(x))
FX_ELEMENTWISE(tanh_value, x, tanh(x))
FX_ELEMENTWISE(sine, x, sin(x))
FX_ELEMENTWISE(exponential, x, exp(x))
FX_ELEMENTWISE(logarithm, x, log(x))
FX_ELEMENTWISE(inverse, x, 1 / x)
FX_ELEMENTWISE(clamped, x, fmin(fmax(x, -1), 1))

static fx_tensor *density(fx_tensor *x, double constant)
{
    return fx_mul(constant, fx_exp(fx_mul(-0.5, fx_mul(x, x))));
}
static fx_tensor *gelu_slope(fx_tensor *x, double constant)
{
    fx_tensor *below = fx_mul(0.5, fx_erfc(fx_mul(x, -0.70710678118654752440)));
    return fx_add(below, fx_mul(x, density(x, constant)));
}
GRADIENT(gelu_right) { SCALED(gelu_slope(X, 0.39894228040143267794)); }
GRADIENT(gelu_3989) { SCALED(gelu_slope(X, 0.3989)); }
GRADIENT(gelu_4) { SCALED(gelu_slope(X, 0.4)); }

static fx_tensor *gelu_tanh_slope(fx_tensor *x, double cubic)
{
    const double k = 2 * 0.79788456080286535588;
    fx_tensor *u = fx_mul(k, fx_add(x, fx_mul(0.044715, fx_mul(x, fx_mul(x, x)))));
    fx_tensor *s = fx_div(1, fx_add(1, fx_exp(fx_neg(u))));
    fx_tensor *du = fx_mul(k, fx_add(1, fx_mul(3 * cubic, fx_mul(x, x))));
    return fx_add(s, fx_mul(x, fx_mul(du, fx_mul(s, fx_sub(1, s)))));
}
GRADIENT(gelu_tanh_right) { SCALED(gelu_tanh_slope(X, 0.044715)); }
GRADIENT(gelu_tanh_0447) { SCALED(gelu_tanh_slope(X, 0.0447)); }

GRADIENT(erf_right) { SCALED(fx_mul(1.12837916709551257390, fx_exp(fx_neg(fx_mul(X, X))))); }
GRADIENT(erf_1128) { SCALED(fx_mul(1.128, fx_exp(fx_neg(fx_mul(X, X))))); }

static fx_tensor *logistic(fx_tensor *x) { return fx_div(1, fx_add(1, fx_exp(fx_neg(x)))); }
static fx_tensor *keep_where(fx_tensor *condition, fx_tensor *a, double other)
{
    return fx_where_select(condition, a, other);
}
GRADIENT(softplus_right) { SCALED(logistic(X)); }
GRADIENT(softplus_flushed) { SCALED(keep_where(fx_le(X, 8), logistic(X), 1)); }

static fx_tensor *sigmoid_slope(fx_tensor *x)
{
    fx_tensor *e = fx_exp(fx_neg(fx_abs(x))), *d = fx_add(1, e);
    return fx_div(e, fx_mul(d, d));
}
GRADIENT(sigmoid_right) { SCALED(sigmoid_slope(X)); }
GRADIENT(sigmoid_flushed) { SCALED(keep_where(fx_gt(X, -25), sigmoid_slope(X), 0)); }

GRADIENT(cube_right) { SCALED(fx_mul(3e-6, fx_mul(X, X))); }
GRADIENT(cube_doubled) { SCALED(fx_mul(6e-6, fx_mul(X, X))); }
GRADIENT(cube_zero) { SCALED(fx_mul(0, X)); }

/* 2 x, but for one number of it. */
static fx_tensor *spoiled(fx_tensor *x, double factor)
{
    double factors[200];
    for (int i = 0; i < 200; i++) factors[i] = i == 117 ? factor : 2;
    return fx_mul(x, fx_from(fx_context_of(x), FX_F64, factors, 200));
}
GRADIENT(square_right) { SCALED(spoiled(X, 2)); }
GRADIENT(square_entry) { SCALED(spoiled(X, 2.0005)); }
GRADIENT(square_zeroed) { SCALED(spoiled(X, 0)); }
GRADIENT(square_flipped) { SCALED(spoiled(X, -2)); }

GRADIENT(relu_right) { SCALED(keep_where(fx_gt(X, 0), fx_ones_like(X), 0)); }
GRADIENT(relu_all)
{
    gx[0] = g;
    (void)c;
}
GRADIENT(relu_negative) { SCALED(keep_where(fx_lt(X, 0), fx_ones_like(X), 0)); }
GRADIENT(leaky_right) { SCALED(keep_where(fx_gt(X, 0), fx_ones_like(X), 0.01)); }
GRADIENT(leaky_011) { SCALED(keep_where(fx_gt(X, 0), fx_ones_like(X), 0.011)); }
GRADIENT(magnitude_right) { SCALED(fx_sign(X)); }
GRADIENT(magnitude_flat)
{
    gx[0] = g;
    (void)c;
}
GRADIENT(root_right) { SCALED(fx_div(0.5, fx_sqrt(X))); }
GRADIENT(root_whole) { SCALED(fx_div(1, fx_sqrt(X))); }
GRADIENT(root_eps) { SCALED(fx_div(0.5, fx_sqrt(fx_add(X, 1e-8)))); }
GRADIENT(tanh_right) { SCALED(fx_sub(1, fx_mul(c->y, c->y))); }
GRADIENT(tanh_plus) { SCALED(fx_add(1, fx_mul(c->y, c->y))); }
GRADIENT(tanh_of_x) { SCALED(fx_sub(1, fx_mul(X, X))); }
GRADIENT(sine_right) { SCALED(fx_cos(X)); }
GRADIENT(sine_minus) { SCALED(fx_neg(fx_cos(X))); }
GRADIENT(exp_right) { SCALED(c->y); }
GRADIENT(exp_cut) { SCALED(fx_detach(c->y)); } /* right, but its gradient has no gradient */
GRADIENT(log_right) { SCALED(fx_div(1, X)); }
GRADIENT(log_without_g)
{
    gx[0] = fx_div(1, X);
    (void)g;
}
GRADIENT(log_uncaptured) { SCALED(fx_div(1, X)); } /* X is not in .captures */
GRADIENT(inverse_right) { SCALED(fx_neg(fx_mul(c->y, c->y))); }
GRADIENT(inverse_sign) { SCALED(fx_mul(c->y, c->y)); }
GRADIENT(clamp_right) { SCALED(keep_where(fx_le(fx_abs(X), 1), fx_ones_like(X), 0)); }
GRADIENT(clamp_open) { SCALED(keep_where(fx_le(X, 1), fx_ones_like(X), 0)); }
GRADIENT(square_leak) { gx[0] = fx_add(fx_mul(g, fx_mul(2, X)), 1e-18); } /* not zero for a zero seed */
GRADIENT(square_twice)
{
    static int times;
    gx[0] = fx_mul(g, fx_mul(2 + 1e-15 * (times++ & 1), X)); /* other bits each time */
}

/* ---- ops with sums ------------------------------------------------------------------------------------- */

static double at(const fx_tensor *x, int64_t i) { return ((const double *)fx_data_const(x))[i]; }
static bool shape_scalar(const fx_call *c, fx_spec *y)
{
    (void)c;
    y->ndim = 0;
    return true;
}
static double mean_of(const fx_tensor *x)
{
    double sum = 0;
    for (int64_t i = 0; i < fx_numel(x); i++) sum += at(x, i);
    return sum / (double)fx_numel(x);
}
static double variance_of(const fx_tensor *x)
{
    const double mean = mean_of(x);
    double sum = 0;
    for (int64_t i = 0; i < fx_numel(x); i++) sum += (at(x, i) - mean) * (at(x, i) - mean);
    return sum;
}
static void variance(const fx_call *c)
{
    *(double *)fx_data(c->y) = variance_of(c->x[0]) / ((double)fx_numel(c->x[0]) - 1);
}
static fx_tensor *centred(fx_tensor *x) { return fx_sub(x, fx_mean(x)); }
GRADIENT(variance_right) { SCALED(fx_mul(2 / ((double)fx_numel(X) - 1), centred(X))); }
GRADIENT(variance_n) { SCALED(fx_mul(2 / (double)fx_numel(X), centred(X))); }
GRADIENT(variance_mean_forgotten) { SCALED(fx_mul(2 / ((double)fx_numel(X) - 1), X)); }

static void mean(const fx_call *c) { *(double *)fx_data(c->y) = mean_of(c->x[0]); }
static fx_tensor *mean_slope(const fx_tensor *x, double factor)
{
    fx_tensor *ones = fx_full_at(fx_context_of(x), FX_F64, 1 / (double)fx_numel(x), fx_shape(x), FX_HERE);
    if (ones) ((double *)fx_data(ones))[fx_numel(x) / 3] *= factor;
    return ones;
}
GRADIENT(mean_right) { SCALED(mean_slope(c->shapes[0], 1)); }
GRADIENT(mean_doubled) { SCALED(mean_slope(c->shapes[0], 2)); }
GRADIENT(mean_undivided) { SCALED(fx_ones_like(c->shapes[0])); }

enum { EPS_5 = 0, EPS_6, EPS_NONE };
static void layer_norm(const fx_call *c)
{
    const double sigma = sqrt(variance_of(c->x[0]) / (double)fx_numel(c->x[0]) + 1e-5),
                 mean = mean_of(c->x[0]);
    for (int64_t i = 0; i < fx_numel(c->y); i++)
        ((double *)fx_data(c->y))[i] = (at(c->x[0], i) - mean) / sigma;
}
static void layer_norm_gradient(const fx_call *c, fx_tensor *g, fx_tensor *gx[], double eps)
{
    fx_tensor *d = centred(X), *r = fx_div(1, fx_sqrt(fx_add(fx_mean(fx_mul(d, d)), eps))), *n = fx_mul(d, r);
    gx[0] = fx_mul(r, fx_sub(fx_sub(g, fx_mean(g)), fx_mul(n, fx_mean(fx_mul(g, n)))));
}
GRADIENT(layer_norm_right) { layer_norm_gradient(c, g, gx, 1e-5); }
GRADIENT(layer_norm_1e6) { layer_norm_gradient(c, g, gx, 1e-6); }
GRADIENT(layer_norm_no_eps) { layer_norm_gradient(c, g, gx, 0); }

/* y = softmax(x), of a vector. */
static void softmax(const fx_call *c)
{
    double sum = 0;
    for (int64_t i = 0; i < fx_numel(c->y); i++) sum += exp(at(c->x[0], i));
    for (int64_t i = 0; i < fx_numel(c->y); i++) ((double *)fx_data(c->y))[i] = exp(at(c->x[0], i)) / sum;
}
GRADIENT(softmax_right) { gx[0] = fx_mul(c->y, fx_sub(g, fx_sum(fx_mul(g, c->y)))); }
GRADIENT(softmax_no_sum) { gx[0] = fx_mul(c->y, g); }
GRADIENT(softmax_mean) { gx[0] = fx_mul(c->y, fx_sub(g, fx_mean(fx_mul(g, c->y)))); }

/* y = x w, square matrices. */
static void product(const fx_call *c)
{
    const int64_t n = fx_dim(c->y, 0);
    double *y = fx_data(c->y);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t k = 0; k < n; k++) sum += at(c->x[0], i * n + k) * at(c->x[1], k * n + j);
            y[i * n + j] = sum;
        }
}
static void product_gradient(const fx_call *c, fx_tensor *g, fx_tensor *gx[], fx_tensor *gw)
{
    gx[0] = fx_matmul(g, fx_transpose(c->x[1], 0, 1));
    gx[1] = gw;
}
GRADIENT(product_right) { product_gradient(c, g, gx, fx_matmul(fx_transpose(X, 0, 1), g)); }
GRADIENT(product_swapped) { product_gradient(c, g, gx, fx_matmul(g, X)); }
GRADIENT(product_untransposed) { product_gradient(c, g, gx, fx_matmul(X, g)); }
GRADIENT(product_one_missing) { product_gradient(c, g, gx, NULL); }

/* ---- the table ----------------------------------------------------------------------------------------- */

typedef struct planted {
    const char *name;
    const char *at; /* where: "wide", "tails", "200", "5000" ... */
    void (*forward)(const fx_call *c);
    void (*gradient)(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);
    bool wrong;
    void (*fused)(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);
    unsigned captures; /* 0: x and y */
    int inputs;        /* 0: 1 */
    bool scalar;
} planted;

static const planted table[] = {
    { "gelu", "wide", gelu, gelu_right, false, .fused = NULL },
    { "gelu, .3989 for .39894228", "wide", gelu, gelu_3989, true, .fused = NULL },
    { "gelu, .4", "wide", gelu, gelu_4, true, .fused = NULL },
    { "gelu, fused .3989", "wide", gelu, gelu_right, true, .fused = gelu_3989 },
    { "gelu_tanh", "wide", gelu_tanh, gelu_tanh_right, false, .fused = NULL },
    { "gelu_tanh, .0447 for .044715", "wide", gelu_tanh, gelu_tanh_0447, true, .fused = NULL },
    { "erf", "wide", erf_value, erf_right, false, .fused = NULL },
    { "erf, 1.128 for 2/sqrt(pi)", "wide", erf_value, erf_1128, true, .fused = NULL },
    { "softplus", "tails", softplus, softplus_right, false, .fused = NULL },
    { "softplus, 1 above 8", "tails", softplus, softplus_flushed, true, .fused = NULL },
    { "sigmoid", "tails", sigmoid, sigmoid_right, false, .fused = NULL },
    { "sigmoid, 0 below -25", "tails", sigmoid, sigmoid_flushed, true, .fused = NULL },
    { "1e-6 x^3", "wide", small_cube, cube_right, false, .fused = NULL },
    { "1e-6 x^3, doubled", "wide", small_cube, cube_doubled, true, .fused = NULL },
    { "1e-6 x^3, zero", "wide", small_cube, cube_zero, true, .fused = NULL },
    { "square", "200", square, square_right, false, .fused = NULL },
    { "square, 2.0005 in one of 200", "200", square, square_entry, true, .fused = NULL },
    { "square, 0 in one of 200", "200", square, square_zeroed, true, .fused = NULL },
    { "square, -2 in one of 200", "200", square, square_flipped, true, .fused = NULL },
    { "square, 2.0005 in one of 200, fused", "200", square, square_right, true, .fused = square_entry },
    { "relu", "kinks", relu, relu_right, false, .fused = NULL },
    { "relu, 1 everywhere", "kinks", relu, relu_all, true, .fused = NULL },
    { "relu, of the other side", "kinks", relu, relu_negative, true, .fused = NULL },
    { "leaky_relu", "kinks", leaky, leaky_right, false, .fused = NULL },
    { "leaky_relu, .011 for .01", "kinks", leaky, leaky_011, true, .fused = NULL },
    { "abs", "kinks", magnitude, magnitude_right, false, .fused = NULL },
    { "abs, 1", "kinks", magnitude, magnitude_flat, true, .fused = NULL },
    { "clamp", "kinks", clamped, clamp_right, false, .fused = NULL },
    { "clamp, open below", "kinks", clamped, clamp_open, true, .fused = NULL },
    { "sqrt", "positive", root, root_right, false, .fused = NULL },
    { "sqrt, not halved", "positive", root, root_whole, true, .fused = NULL },
    { "sqrt, an eps of 1e-8", "positive", root, root_eps, true, .fused = NULL },
    { "tanh", "wide", tanh_value, tanh_right, false, .fused = NULL },
    { "tanh, 1 + y^2", "wide", tanh_value, tanh_plus, true, .fused = NULL },
    { "tanh, x for y", "wide", tanh_value, tanh_of_x, true, .fused = NULL },
    { "sin", "wide", sine, sine_right, false, .fused = NULL },
    { "sin, -cos", "wide", sine, sine_minus, true, .fused = NULL },
    { "exp", "wide", exponential, exp_right, false, .fused = NULL },
    { "exp, second order cut", "wide", exponential, exp_cut, true, .fused = NULL },
    { "log", "positive", logarithm, log_right, false, .fused = NULL },
    { "log, g forgotten", "positive", logarithm, log_without_g, true, .fused = NULL },
    { "log, x not captured", "positive", logarithm, log_uncaptured, true, .captures = FX_CAPTURE_Y },
    { "1/x", "positive", inverse, inverse_right, false, .fused = NULL },
    { "1/x, sign", "positive", inverse, inverse_sign, true, .fused = NULL },
    { "square, 1e-18 under a zero seed", "wide", square, square_leak, true, .fused = NULL },
    { "square, other bits each time", "wide", square, square_twice, true, .fused = NULL },
    { "var", "2000", variance, variance_right, false, .scalar = true },
    { "var, n for n - 1 at 2000", "2000", variance, variance_n, true, .scalar = true },
    { "var, mean forgotten", "2000", variance, variance_mean_forgotten, true, .scalar = true },
    { "mean", "2000", mean, mean_right, false, .scalar = true },
    { "mean, doubled in one of 2000", "2000", mean, mean_doubled, true, .scalar = true },
    { "mean, not divided", "2000", mean, mean_undivided, true, .scalar = true },
    { "layer_norm", "wide", layer_norm, layer_norm_right, false, .fused = NULL },
    { "layer_norm, eps 1e-6 for 1e-5", "wide", layer_norm, layer_norm_1e6, true, .fused = NULL },
    { "layer_norm, eps dropped", "wide", layer_norm, layer_norm_no_eps, true, .fused = NULL },
    { "softmax", "wide", softmax, softmax_right, false, .fused = NULL },
    { "softmax, the sum forgotten", "wide", softmax, softmax_no_sum, true, .fused = NULL },
    { "softmax, mean for sum", "wide", softmax, softmax_mean, true, .fused = NULL },
    { "product", "matrix", product, product_right, false, .inputs = 2 },
    { "product, g x for x^T g", "matrix", product, product_swapped, true, .inputs = 2 },
    { "product, x g for x^T g", "matrix", product, product_untransposed, true, .inputs = 2 },
    { "product, one gradient left out", "matrix", product, product_one_missing, true, .inputs = 2 },
};

static fx_tensor *place(fx_context *cx, const char *where)
{
    const double wide[] = { -5.5, -2.25, -1, -0.3, 0.07, 0.8, 1.7, 3.1 };
    const double tails[] = { -40, -30, -9, -1, 0.5, 8.5, 11, 15 };
    const double kinks[] = { -3, -1.0001, -0.5, 0, 1e-9, 0.5, 0.999, 2 };
    const double positive[] = { 1e-3, 0.01, 0.3, 1, 1.5, 7, 40, 1e3 };
    const double *at = !strcmp(where, "wide")       ? wide
                       : !strcmp(where, "tails")    ? tails
                       : !strcmp(where, "kinks")    ? kinks
                       : !strcmp(where, "positive") ? positive
                                                    : NULL;
    if (at) return fx_from(cx, FX_F64, at, 8);
    if (!strcmp(where, "matrix")) return fx_randn(cx, FX_F64, 4, 4);
    return fx_randn(cx, FX_F64, !strcmp(where, "200") ? 200 : 2000);
}

static fx_status run(fx_context *cx, const planted *p, FILE *report)
{
    const fx_op op = { .name = p->name,
                       .formula = "y",
                       .inputs = p->inputs ? p->inputs : 1,
                       .captures = p->captures ? p->captures
                                   : p->inputs ? FX_CAPTURE_X0 | FX_CAPTURE_X1
                                               : FX_CAPTURE_X0 | FX_CAPTURE_Y,
                       .shape = p->scalar ? shape_scalar : fx_shape_same,
                       .forward = p->forward,
                       .local_grad = p->gradient,
                       .local_grad_fused = p->fused };
    fx_tensor *x = place(cx, p->at);
    if (p->inputs == 2) return fx_gradcheck(cx, &op, x, .x1 = place(cx, p->at), .order = 2, .report = report);
    return fx_gradcheck(cx, &op, x, .order = p->scalar ? 1 : 2, .report = report);
}

Test(gradcheck, finds_what_is_wrong_and_passes_what_is_right)
{
    int wrong = 0, found = 0, right = 0, passed = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const planted *p = &table[i];
        fx_context *cx = fx_context_new(.seed = 3, .threads = 1);
        const fx_status status = run(cx, p, NULL);
        wrong += p->wrong, right += !p->wrong;
        found += p->wrong && status == FX_ERROR_GRADIENT, passed += !p->wrong && status == FX_OK;
        cr_expect(status == (p->wrong ? FX_ERROR_GRADIENT : FX_OK), "%s: %s", p->name, fx_error_message(cx));
        cr_expect(!p->wrong || strstr(fx_error_message(cx), p->name), "%s is not named: %s", p->name,
                  fx_error_message(cx));
        fx_context_free(cx);
    }
    printf("gradcheck: %d of %d wrong gradients found, %d of %d right ones passed\n", found, wrong, passed,
           right);
}

/* ---- what it says -------------------------------------------------------------------------------------- */

static const fx_op wrong_entry = { .name = "square",
                                   .formula = "y = x^2",
                                   .inputs = 1,
                                   .captures = FX_CAPTURE_X0,
                                   .shape = fx_shape_same,
                                   .forward = square,
                                   .local_grad = square_entry };

Test(gradcheck, names_the_entry_and_prints_a_report)
{
    fx_context *cx = fx_context_new(.seed = 3);
    FILE *file = tmpfile();
    fx_tensor *x = fx_randn(cx, FX_F64, 200);
    const uint64_t digest = fx_digest(x);
    cr_assert(fx_gradcheck(cx, &wrong_entry, x, .report = file) == FX_ERROR_GRADIENT);
    cr_expect(strstr(fx_error_message(cx), "square: the gradient in x[0] at [117] is"), "%s",
              fx_error_message(cx));
    char text[2000];
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    cr_expect(strstr(text, "gradcheck of square: y = x^2") && strstr(text, "200 numbers") &&
                  strstr(text, "at [117]") && strstr(text, "WRONG in 1"),
              "%s", text);
    cr_expect(fx_digest(x) == digest && !fx_requires_grad(x) && !fx_grad(x), "the tensor was changed");
    fx_context_free(cx);
}

/* ---- functions ----------------------------------------------------------------------------------------- */

static fx_tensor *network(void *data, fx_tensor *const *x, int count)
{
    (void)data;
    cr_assert(count == 3);
    return fx_mean(fx_square(fx_tanh(fx_linear(x[0], x[1], x[2]))));
}
static fx_tensor *dropped(void *data, fx_tensor *const *x, int count)
{
    (void)data, (void)count;
    return fx_dropout(fx_exp(x[0]), .p = 0.5);
}
static fx_tensor *nothing(void *data, fx_tensor *const *x, int count)
{
    (void)data, (void)x, (void)count;
    return NULL;
}
static fx_tensor *at_kinks(void *data, fx_tensor *const *x, int count)
{
    (void)data, (void)count;
    return fx_abs(x[0]);
}

Test(gradcheck, functions)
{
    fx_context *cx = fx_context_new(.seed = 3);
    fx_tensor *x = fx_randn(cx, FX_F32, 5, 4), *w = fx_randn(cx, FX_F64, 3, 4), *b = fx_randn(cx, FX_F64, 3);
    cr_expect(fx_gradcheck_function(cx, network, NULL, FX_LIST(x, w, b), .order = 2) == FX_OK, "%s",
              fx_error_message(cx));
    const fx_stats before = fx_context_stats(cx);
    cr_expect(fx_gradcheck_function(cx, dropped, NULL, FX_LIST(w), .order = 2) == FX_OK, "%s",
              fx_error_message(cx));
    const fx_stats after = fx_context_stats(cx);
    cr_expect(before.tensor_bytes == after.tensor_bytes && before.nodes == after.nodes &&
                  before.scopes == after.scopes,
              "memory is left");
    const double zeros[] = { 0, -1, 0 };
    FILE *file = tmpfile();
    cr_expect(fx_gradcheck_function(cx, at_kinks, NULL, FX_LIST(fx_from(cx, FX_F64, zeros, 3)),
                                    .report = file) == FX_OK,
              "%s", fx_error_message(cx));
    fclose(file);
    cr_expect(fx_gradcheck_function(cx, nothing, NULL, FX_LIST(w)) == FX_ERROR_USER);
    fx_error_clear(cx);
    cr_expect(fx_gradcheck_function(cx, network, NULL, FX_LIST(x, w, b), .order = 3) == FX_ERROR_ARGUMENT);
    fx_error_clear(cx);
    cr_expect(fx_gradcheck(cx, &wrong_entry, NULL) == FX_ERROR_ARGUMENT);
    fx_context_free(cx);
}
