/* Initial values: bounds, statistics, seeds, any strides, what is refused.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ROWS = 200, COLUMNS = 300, NUMBERS = ROWS * COLUMNS };

typedef struct moments {
    double mean, std, low, high, kurtosis;
} moments;

static double number(const fx_tensor *x, int64_t i)
{
    return fx_dtype_of(x) == FX_F64 ? ((const double *)fx_data_const(x))[i]
                                    : (double)((const float *)fx_data_const(x))[i];
}

static moments moments_of(const fx_tensor *x)
{
    cr_assert(x != NULL && fx_numel(x) > 0);
    const double n = (double)fx_numel(x);
    moments m = { .low = INFINITY, .high = -INFINITY };
    for (int64_t i = 0; i < fx_numel(x); i++) {
        m.mean += number(x, i) / n;
        m.low = fmin(m.low, number(x, i));
        m.high = fmax(m.high, number(x, i));
    }
    double square = 0, fourth = 0;
    for (int64_t i = 0; i < fx_numel(x); i++) {
        const double d = number(x, i) - m.mean;
        square += d * d / n;
        fourth += d * d * d * d / n;
    }
    m.std = sqrt(square);
    m.kurtosis = fourth / (square * square);
    return m;
}

/* Of 60,000 numbers a mean is off by 0.004 standard deviations, a deviation by 0.003 of itself: five times
 * that. */
static void is_uniform(const fx_tensor *x, double low, double high)
{
    const moments m = moments_of(x);
    const double width = high - low;
    cr_assert(m.low >= low && m.high < high && m.low < low + 1e-3 * width && m.high > high - 1e-3 * width);
    cr_assert(fabs(m.mean - (low + high) / 2) < 0.006 * width &&
              fabs(m.std - width / sqrt(12)) < 0.01 * width);
    cr_assert(fabs(m.kurtosis - 1.8) < 0.03);
}

static void is_normal(const fx_tensor *x, double mean, double std)
{
    const moments m = moments_of(x);
    cr_assert(fabs(m.mean - mean) < 0.02 * std && fabs(m.std - std) < 0.015 * std &&
              fabs(m.kurtosis - 3) < 0.1);
    cr_assert(m.high > mean + 3.5 * std && m.low < mean - 3.5 * std);
}

static void distributions(fx_dtype dtype)
{
    fx_context *cx = fx_context_new(.seed = 11);
    fx_tensor *x = fx_parameter(fx_zeros(cx, dtype, ROWS, COLUMNS));
    is_uniform(fx_init_uniform_(x, -2, 5), -2, 5);
    is_normal(fx_init_normal_(x, 1, 3), 1, 3);
    const double xavier = sqrt(6.0 / (ROWS + COLUMNS)), gain = 5.0 / 3;
    is_uniform(fx_init_xavier_uniform_(x, 1), -xavier, xavier);
    is_uniform(fx_init_xavier_uniform_(x, gain), -gain * xavier, gain * xavier);
    is_normal(fx_init_xavier_normal_(x, 1), 0, sqrt(2.0 / (ROWS + COLUMNS)));
    const double in = sqrt(3.0 / COLUMNS), out = sqrt(3.0 / ROWS);
    is_uniform(fx_init_kaiming_uniform_(x, FX_FAN_IN, 1), -in, in);
    is_uniform(fx_init_kaiming_uniform_(x, FX_FAN_OUT, M_SQRT2), -M_SQRT2 * out, M_SQRT2 * out);
    is_normal(fx_init_kaiming_normal_(x, FX_FAN_IN, fx_init_gain(FX_RELU)), 0, sqrt(2.0 / COLUMNS));
    is_normal(fx_init_kaiming_normal_(x, FX_FAN_OUT, 1), 0, sqrt(1.0 / ROWS));
    const moments m = moments_of(fx_init_truncated_normal_(x, 0, 1, -2, 2));
    cr_assert(m.low >= -2 && m.high <= 2 && m.high > 1.99 && fabs(m.mean) < 0.02 &&
              fabs(m.std - 0.8796) < 0.01);
    cr_assert(fx_requires_grad(x) && fx_is_leaf(x));
    cr_assert(fx_finish(cx) == 0);
}

Test(init, distributions_of_float32) { distributions(FX_F32); }
Test(init, distributions_of_float64) { distributions(FX_F64); }

Test(init, fans_count_what_a_kernel_covers)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_tensor *x = fx_empty(cx, FX_F64, 40, 50, 5, 6);
    is_uniform(fx_init_kaiming_uniform_(x, FX_FAN_IN, 1), -sqrt(3.0 / 1500), sqrt(3.0 / 1500));
    is_uniform(fx_init_xavier_uniform_(x, 1), -sqrt(6.0 / 2700), sqrt(6.0 / 2700));
    cr_assert(fx_finish(cx) == 0);
}

Test(init, the_same_seed_gives_the_same_numbers)
{
    uint64_t digest[3];
    for (int i = 0; i < 3; i++) {
        fx_context *cx = fx_context_new(.seed = i < 2 ? 5 : 6, .threads = i + 1);
        fx_tensor *x = fx_init_normal_(fx_empty(cx, FX_F32, 1000), 0, 1);
        fx_init_uniform_(x, 0, 1);
        digest[i] = fx_digest(x);
        cr_assert(fx_finish(cx) == 0);
    }
    cr_assert(digest[0] == digest[1] && digest[0] != digest[2]);
}

Test(init, constants)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_tensor *x = fx_parameter(fx_empty(cx, FX_F32, 2, 3)), *n = fx_empty(cx, FX_I64, 3, 2),
              *none = fx_empty(cx, FX_F32, 0, 3);
    const float eye[] = { 1, 0, 0, 0, 1, 0 };
    cr_assert(fx_init_eye_(x) == x);
    for (int i = 0; i < 6; i++) cr_assert(number(x, i) == (double)eye[i]);
    cr_assert(fx_init_eye_(n) == n && ((const int64_t *)fx_data_const(n))[3] == 1);
    cr_assert(fx_init_constant_(n, 7) == n && ((const int64_t *)fx_data_const(n))[5] == 7);
    cr_assert(fx_init_zeros_(x) == x && number(x, 0) == 0 && fx_init_ones_(x) == x && number(x, 5) == 1);
    cr_assert(fx_init_normal_(none, 0, 1) == none && fx_init_kaiming_uniform_(none, FX_FAN_OUT, 1) == none);
    fx_tensor *scalar = fx_scalar(cx, FX_F64, 0);
    cr_assert(number(fx_init_uniform_(scalar, 2, 2), 0) == 2);
    cr_assert(fx_finish(cx) == 0);
}

/* A range of neighbouring floats: what would round up to the bound does not. */
Test(init, uniform_numbers_lie_below_the_bound)
{
    fx_context *cx = fx_context_new(.seed = 2);
    const float low = 1, high = nextafterf(nextafterf(1, 2), 2);
    const moments m = moments_of(fx_init_uniform_(fx_empty(cx, FX_F32, 1000), low, high));
    cr_assert(m.low == 1 && m.high == nextafterf(1, 2));
    cr_assert(fx_finish(cx) == 0);
}

static void refused(fx_context *cx, const fx_tensor *x, fx_status code, const char *part)
{
    cr_assert(x == NULL && fx_error(cx) == code && strstr(fx_error_message(cx), part), "%s",
              fx_error_message(cx));
    fx_error_clear(cx);
}

Test(init, refusals)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_tensor *x = fx_ones(cx, FX_F32, 3), *n = fx_ones(cx, FX_I64, 3, 3), *w = fx_ones(cx, FX_F32, 3, 3);
    refused(cx, fx_init_uniform_(x, 2, 1), FX_ERROR_ARGUMENT, "init_uniform_: low is not below high");
    refused(cx, fx_init_uniform_(x, NAN, 1), FX_ERROR_ARGUMENT, "init_uniform_");
    refused(cx, fx_init_uniform_(x, 0, INFINITY), FX_ERROR_ARGUMENT, "init_uniform_");
    refused(cx, fx_init_normal_(x, 0, -1), FX_ERROR_ARGUMENT,
            "init_normal_: the standard deviation is negative");
    refused(cx, fx_init_normal_(n, 0, 1), FX_ERROR_DTYPE,
            "init_normal_: the dtype must be float32 or float64, not int64");
    refused(cx, fx_init_xavier_uniform_(x, 1), FX_ERROR_SHAPE, "init_xavier_uniform_: ");
    refused(cx, fx_init_kaiming_normal_(x, FX_FAN_IN, 1), FX_ERROR_SHAPE, "two dimensions at least, not 1");
    refused(cx, fx_init_eye_(x), FX_ERROR_SHAPE, "init_eye_");
    refused(cx, fx_init_truncated_normal_(w, 0, 1, 5, 6), FX_ERROR_ARGUMENT, "less than a hundredth");
    refused(cx, fx_init_truncated_normal_(w, 0, 1, -6, -5), FX_ERROR_ARGUMENT, "less than a hundredth");
    refused(cx, fx_init_truncated_normal_(w, 0, 0, -1, 1), FX_ERROR_ARGUMENT, "above 0");
    cr_assert(!fx_init_zeros_(NULL) && !fx_init_normal_(NULL, 0, 1) &&
              !fx_init_kaiming_uniform_(NULL, FX_FAN_IN, 1));
    for (int i = 0; i < 3; i++) cr_assert(number(x, i) == 1);
    cr_assert(fx_finish(cx) == 0);
}

Test(init, gains)
{
    cr_assert(fx_init_gain(FX_RELU) == M_SQRT2 && fx_init_gain(FX_TANH) == 5.0 / 3);
    cr_assert(fx_init_gain(FX_SIGMOID) == 1 && fx_init_gain(FX_IDENTITY) == 1 &&
              fx_init_gain((fx_activation)99) == 1);
}
