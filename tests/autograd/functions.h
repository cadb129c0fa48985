/* Functions whose derivatives are tested, and numbers to take them at. */
#ifndef FLUXION_TESTS_AUTOGRAD_FUNCTIONS_H
#define FLUXION_TESTS_AUTOGRAD_FUNCTIONS_H

#include "support.h"

enum { N = 6 };

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

static int identity(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data;
    for (int i = 0; i < inputs; i++) y[i] = x[i];
    return inputs;
}

static int deep_net(void *data, fx_tensor *const *x, int inputs, fx_tensor *y[FX_MAX_OUTPUTS])
{
    (void)data, (void)inputs;
    fx_tensor *h = fx_layer_norm(fx_tanh(fx_matmul(x[0], fx_t(x[1]))), FX_DIMS(5));
    y[0] = fx_sum(fx_square(fx_softmax(fx_gelu(fx_matmul(h, x[1])), 1)));
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

#endif
