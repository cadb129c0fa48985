/* Activations and their derivatives, and sums of exponentials.
 *
 * Each is written once, on an exponential e = exp(-|w|), for float through double: derivatives are sums whose
 * terms cancel somewhere, and arguments are rounded where an exponential magnifies it. Arguments are cut
 * where the function has reached its limit, so that infinities meet no 0.
 */
#ifndef FLUXION_KERNELS_VMATH_ACTIVATION_H
#define FLUXION_KERNELS_VMATH_ACTIVATION_H

#include "vmath_erf.h"
#include "vmath_exp.h"

FX__INLINE double fx__cut(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

/* s(w) and s'(w) of the logistic function, of e = exp(-|w|) */
FX__INLINE double fx__logistic(double w, double e) { return (w >= 0 ? 1 : e) / (1 + e); }
FX__INLINE double fx__logistic_slope(double e) { return e / (1 + e * (2 + e)); }

/* x s(x) */
FX__INLINE float fx__silu_f32(float x) { return (x < -200 ? -200 : x) * fx__sigmoid_f32(x); }
FX__INLINE double fx__silu_f64(double x) { return (x < -800 ? -800 : x) * fx__sigmoid_f64(x); }
FX__INLINE double fx__silu_slope_of(double x, double e)
{
    return fx__logistic(x, e) + x * fx__logistic_slope(e);
}
FX__INLINE double fx__silu_slope_f64(double x)
{
    x = fx__cut(x, -800, 800);
    return fx__silu_slope_of(x, fx__exp_f64(-fabs(x)));
}
FX__INLINE float fx__silu_slope_f32(float x)
{
    const double y = fx__cut((double)x, -600, 600);
    return (float)fx__silu_slope_of(y, fx__exp_wide(-fabs(y)));
}

/* x tanh(softplus(x)) = x n / (n + 2) with n = exp(x) (exp(x) + 2), divided by exp(2 x) where x > 0; its
 * derivative is that quotient plus x 4 exp(x) (1 + exp(x)) / (n + 2)^2 ... likewise. */
FX__INLINE double fx__mish_of(double x, double e)
{
    const double n = x >= 0 ? 1 + 2 * e : e * (e + 2);
    return x * (n / (n + (x >= 0 ? 2 * e * e : 2)));
}
FX__INLINE double fx__mish_slope_of(double x, double e)
{
    const double n = x >= 0 ? 1 + 2 * e : e * (e + 2), d = 1 / (n + (x >= 0 ? 2 * e * e : 2));
    return (n + x * (4 * e * (1 + e)) * (x >= 0 ? e : 1) * d) * d;
}
FX__INLINE double fx__mish_f64(double x)
{
    const double y = x < -800 ? -800 : x;
    return fx__mish_of(y, fx__exp_f64(-fabs(y)));
}
FX__INLINE float fx__mish_f32(float x)
{
    const double y = (double)(x < -600 ? -600 : x);
    return (float)fx__mish_of(y, fx__exp_wide(-fabs(y)));
}
FX__INLINE double fx__mish_slope_f64(double x)
{
    x = fx__cut(x, -800, 800);
    return fx__mish_slope_of(x, fx__exp_f64(-fabs(x)));
}
FX__INLINE float fx__mish_slope_f32(float x)
{
    const double y = fx__cut((double)x, -600, 600);
    return (float)fx__mish_slope_of(y, fx__exp_wide(-fabs(y)));
}

/* x times the normal distribution, and the sum that is its derivative. */
FX__INLINE double fx__gelu_f64(double x) { return (x < -40 ? -40 : x) * fx__normal_cdf_f64(x); }
FX__INLINE float fx__gelu_f32(float x)
{
    const double y = (double)(x < -40 ? -40 : x);
    return (float)(y * 0.5 * fx__erfc_wide(y * -0.70710678118654752440));
}
FX__INLINE double fx__gelu_slope_f64(double x)
{
    x = fx__cut(x, -40, 40);
    return fx__normal_cdf_f64(x) + x * fx__normal_pdf_f64(x);
}
FX__INLINE float fx__gelu_slope_f32(float x)
{
    const double y = fx__cut((double)x, -36, 36), e = fx__exp_wide(-0.5 * y * y);
    const double tail = 0.5 * e * fx__erfcx_wide(fabs(y) * 0.70710678118654752440);
    return (float)((y > 0 ? 1 - tail : tail) + y * (0.39894228040143267794 * e));
}

/* x s(w), w = 2 sqrt(2 / pi) (x + 0.044715 x^3), which is x (1 + tanh(w / 2)) / 2 without loss below 0. */
FX__INLINE double fx__gelu_tanh_inner_f64(double x)
{
    return x * (1.59576912160573071176 + 0.07135481627260025 * (x * x));
}
FX__INLINE float fx__gelu_tanh_inner_f32(float x) { return (float)fx__gelu_tanh_inner_f64((double)x); }
FX__INLINE double fx__gelu_tanh_slope_of(double x, double w, double e)
{
    const double rise = 1.59576912160573071176 + 0.21406444881780075 * (x * x);
    return fx__logistic(w, e) + x * rise * fx__logistic_slope(e);
}
FX__INLINE double fx__gelu_tanh_f64(double x)
{
    const double y = x < -30 ? -30 : x, w = fx__gelu_tanh_inner_f64(y);
    return y * fx__logistic(w, fx__exp_f64(-fabs(w)));
}
FX__INLINE float fx__gelu_tanh_f32(float x)
{
    const double y = (double)(x < -20 ? -20 : x), w = fx__gelu_tanh_inner_f64(y);
    return (float)(y * fx__logistic(w, fx__exp_wide(-fabs(w))));
}
FX__INLINE double fx__gelu_tanh_slope_f64(double x)
{
    x = fx__cut(x, -30, 30);
    const double w = fx__gelu_tanh_inner_f64(x);
    return fx__gelu_tanh_slope_of(x, w, fx__exp_f64(-fabs(w)));
}
FX__INLINE float fx__gelu_tanh_slope_f32(float x)
{
    const double y = fx__cut((double)x, -20, 20), w = fx__gelu_tanh_inner_f64(y);
    return (float)fx__gelu_tanh_slope_of(y, w, fx__exp_wide(-fabs(w)));
}

/* x - tanh x, whose terms cancel for small x: by the series there. */
FX__INLINE double fx__tanhshrink_f64(double x)
{
    const double z = x * x;
    return z < 0.36 ? -x * z * fx__tanh_rest_f64(z) : x - fx__tanh_f64(x);
}
FX__INLINE float fx__tanhshrink_f32(float x) { return (float)fx__tanhshrink_f64((double)x); }

/* 2 / sqrt(pi) exp(-x^2) */
FX__INLINE double fx__erf_slope_f64(double x) { return fx__gauss_f64(x, 1, 1.12837916709551257390); }
FX__INLINE float fx__erf_slope_f32(float x)
{
    const double y = (double)x;
    return (float)(1.12837916709551257390 * fx__exp_wide(-y * y));
}

/* ln(e^a + e^b) and log2(2^a + 2^b): the larger, and what the smaller adds. */
FX__INLINE double fx__logaddexp_f64(double a, double b)
{
    const double more = fx__log1p_unit_f64(fx__exp_f64(-fabs(a - b)));
    return a == b ? a + 0.69314718055994530942 : (a > b ? a : b) + more;
}
FX__INLINE double fx__logaddexp2_f64(double a, double b)
{
    const double more = fx__log1p_unit_f64(fx__exp_f64(-0.69314718055994530942 * fabs(a - b)));
    return a == b ? a + 1 : (a > b ? a : b) + more * 1.44269504088896340736;
}
FX__INLINE float fx__logaddexp_f32(float a, float b)
{
    return (float)fx__logaddexp_f64((double)a, (double)b);
}
FX__INLINE float fx__logaddexp2_f32(float a, float b)
{
    return (float)fx__logaddexp2_f64((double)a, (double)b);
}

#endif
