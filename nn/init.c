/* Initial values. Random numbers are drawn into a tensor that ends with the call, and written from there, so
 * that x may have any strides.
 */
#include "module.h"

#include <math.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------------------------------- */

static void put_number(const fx_tensor *x, int64_t at, double value)
{
    void *memory = (void *)(uintptr_t)fx_data_const(x);
    switch (fx_dtype_of(x)) {
#define CASE(name, type, text)                                                                               \
    case FX_##name: ((type *)memory)[at] = (type)value; break;
        FX_DTYPE_LIST(CASE)
#undef CASE
    default: break;
    }
}

/* Where number i of x, counted row-major, lies. */
static int64_t place(const fx_tensor *x, int64_t i)
{
    if (fx_is_contiguous(x)) return i;
    const int64_t *size = fx_sizes(x), *stride = fx_strides(x);
    int64_t at = 0;
    for (int d = fx_ndim(x) - 1; d >= 0; d--) {
        at += i % size[d] * stride[d];
        i /= size[d];
    }
    return at;
}

/* Whether x can be written, by a function that makes floating numbers or any; notes that it is. */
static bool begin(fx_tensor *x, bool any_dtype, const char *name, fx_where where)
{
    if (!any_dtype && !fx_dtype_is_float(fx_dtype_of(x))) {
        fx_error_set(fx_context_of(x), FX_ERROR_DTYPE, where,
                     "%s: the dtype must be float32 or float64, not %s", name, fx_dtype_name(fx_dtype_of(x)));
        return false;
    }
    return fx__note_write(x, name, where);
}

static double number(const fx_tensor *x, int64_t i)
{
    return fx_dtype_of(x) == FX_F64 ? ((const double *)fx_data_const(x))[i]
                                    : (double)((const float *)fx_data_const(x))[i];
}

/* x = from + scale r, kept below `below` where rounding would reach it. */
static fx_tensor *put_random(fx_tensor *x, fx_tensor *r, double from, double scale, double below)
{
    if (!r) return NULL;
    const bool f64 = fx_dtype_of(x) == FX_F64;
    for (int64_t i = 0, n = fx_numel(x); i < n; i++) {
        double value = from + scale * number(r, i);
        if (!f64) value = (float)value;
        if (value >= below && below > from)
            value = f64 ? nextafter(below, from) : (double)nextafterf((float)below, (float)from);
        put_number(x, place(x, i), value);
    }
    return x;
}

static fx_tensor *wrong(fx_tensor *x, const char *name, const char *what, fx_where where)
{
    fx_error_set(fx_context_of(x), FX_ERROR_ARGUMENT, where, "%s: %s", name, what);
    return NULL;
}

/* ---- constants ----------------------------------------------------------------------------------------- */

fx_tensor *fx_init_constant_at(fx_tensor *x, double value, fx_where where)
{
    if (!x || !begin(x, true, "init_constant_", where)) return NULL;
    for (int64_t i = 0, n = fx_numel(x); i < n; i++) put_number(x, place(x, i), value);
    return x;
}

fx_tensor *fx_init_eye_at(fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    if (fx_ndim(x) != 2) {
        fx_error_set(fx_context_of(x), FX_ERROR_SHAPE, where, "init_eye_: takes two dimensions, not %d",
                     fx_ndim(x));
        return NULL;
    }
    if (!begin(x, true, "init_eye_", where)) return NULL;
    const int64_t columns = fx_dim(x, 1);
    for (int64_t i = 0, n = fx_numel(x); i < n; i++) put_number(x, place(x, i), i / columns == i % columns);
    return x;
}

/* ---- distributions ------------------------------------------------------------------------------------- */

static fx_tensor *uniform(fx_tensor *x, double low, double high, const char *name, fx_where where)
{
    if (!(low <= high) || isinf(high - low)) return wrong(x, name, "low is not below high", where);
    if (!begin(x, false, name, where)) return NULL;
    fx_tensor *done = NULL;
    FX_SCOPE (fx_context_of(x))
        done = put_random(x, fx_rand_at(fx_context_of(x), fx_dtype_of(x), fx_shape(x), where), low,
                          high - low, high);
    return done;
}

static fx_tensor *normal(fx_tensor *x, double mean, double std, const char *name, fx_where where)
{
    if (!(std >= 0)) return wrong(x, name, "the standard deviation is negative", where);
    if (!begin(x, false, name, where)) return NULL;
    fx_tensor *done = NULL;
    FX_SCOPE (fx_context_of(x))
        done = put_random(x, fx_randn_at(fx_context_of(x), fx_dtype_of(x), fx_shape(x), where), mean, std,
                          INFINITY);
    return done;
}

fx_tensor *fx_init_uniform_at(fx_tensor *x, double low, double high, fx_where where)
{
    return x ? uniform(x, low, high, "init_uniform_", where) : NULL;
}

fx_tensor *fx_init_normal_at(fx_tensor *x, double mean, double std, fx_where where)
{
    return x ? normal(x, mean, std, "init_normal_", where) : NULL;
}

/* Numbers outside are drawn again. What would take more than a hundred draws a number is refused. */
fx_tensor *fx_init_truncated_normal_at(fx_tensor *x, double mean, double std, double low, double high,
                                       fx_where where)
{
    static const char name[] = "init_truncated_normal_";
    enum { AT_ONCE = 256 };
    if (!x) return NULL;
    if (!(std > 0) || !(low < high)) return wrong(x, name, "takes a std above 0, and low below high", where);
    const double a = (low - mean) / std, b = (high - mean) / std;
    if (erfc(a * M_SQRT1_2) - erfc(b * M_SQRT1_2) < 0.02)
        return wrong(x, name, "less than a hundredth of the distribution lies between low and high", where);
    if (!begin(x, false, name, where)) return NULL;
    const fx_dims at_once = { true, 1, { AT_ONCE } };
    for (int64_t i = 0, n = fx_numel(x); i < n;) {
        FX_SCOPE (fx_context_of(x)) {
            fx_tensor *r = fx_randn_at(fx_context_of(x), FX_F64, at_once, where);
            if (!r) return NULL;
            for (int k = 0; k < AT_ONCE && i < n; k++) {
                double value = mean + std * number(r, k);
                if (value >= low && value <= high) put_number(x, place(x, i++), value);
            }
        }
    }
    return x;
}

/* ---- by fans ------------------------------------------------------------------------------------------- */

static bool fans(fx_tensor *x, double fan[2], const char *name, fx_where where)
{
    if (fx_ndim(x) < 2) {
        fx_error_set(fx_context_of(x), FX_ERROR_SHAPE, where,
                     "%s: what goes in and what comes out takes two dimensions at least, not %d", name,
                     fx_ndim(x));
        return false;
    }
    double field = 1;
    for (int d = 2; d < fx_ndim(x); d++) field *= (double)fx_dim(x, d);
    fan[FX_FAN_IN] = (double)fx_dim(x, 1) * field;
    fan[FX_FAN_OUT] = (double)fx_dim(x, 0) * field;
    return true;
}

/* sqrt(variance), 0 where there are no numbers. */
static double spread(double gain, double variance, double fan)
{
    return fan > 0 ? gain * sqrt(variance / fan) : 0;
}

fx_tensor *fx_init_xavier_uniform_at(fx_tensor *x, double gain, fx_where where)
{
    static const char name[] = "init_xavier_uniform_";
    double fan[2];
    if (!x || !fans(x, fan, name, where)) return NULL;
    const double bound = spread(gain, 6, fan[0] + fan[1]);
    return uniform(x, -bound, bound, name, where);
}

fx_tensor *fx_init_xavier_normal_at(fx_tensor *x, double gain, fx_where where)
{
    static const char name[] = "init_xavier_normal_";
    double fan[2];
    return x && fans(x, fan, name, where) ? normal(x, 0, spread(gain, 2, fan[0] + fan[1]), name, where)
                                          : NULL;
}

fx_tensor *fx_init_kaiming_uniform_at(fx_tensor *x, fx_fan which, double gain, fx_where where)
{
    static const char name[] = "init_kaiming_uniform_";
    double fan[2];
    if (!x || !fans(x, fan, name, where)) return NULL;
    const double bound = spread(gain, 3, fan[which == FX_FAN_OUT]);
    return uniform(x, -bound, bound, name, where);
}

fx_tensor *fx_init_kaiming_normal_at(fx_tensor *x, fx_fan which, double gain, fx_where where)
{
    static const char name[] = "init_kaiming_normal_";
    double fan[2];
    return x && fans(x, fan, name, where)
               ? normal(x, 0, spread(gain, 1, fan[which == FX_FAN_OUT]), name, where)
               : NULL;
}

double fx_init_gain(fx_activation activation)
{
    static const double gains[] = { 1,
#define GAIN(name, op, word, gain) gain,
                                    FX_ACTIVATION_LIST(GAIN)
#undef GAIN
    };
    return (unsigned)activation < FX_ACTIVATION_COUNT ? gains[activation] : 1;
}
