/* exp2, expm1, the hyperbolic functions and the logistic ones, on the exponential of exp.h.
 *
 * Where a difference of exponentials would cancel, a series in x^2 takes over; both are computed and one is
 * picked.
 */
#ifndef FLUXION_KERNELS_VMATH_EXP_H
#define FLUXION_KERNELS_VMATH_EXP_H

#include "exp.h"
#include "vmath_log.h"
#include "vmath_wide.h"

/* (exp r - 1 - r) / r^2 for |r| <= ln 2 / 2 */
FX__INLINE double fx__exp_rest_f64(double r)
{
    double p = 0x1.1f72fc730b4ffp-29;
    p = p * r + 0x1.af4ddd84882fep-26;
    p = p * r + 0x1.27e4db67b4303p-22;
    p = p * r + 0x1.71de02375656cp-19;
    p = p * r + 0x1.a01a01a6d7808p-16;
    p = p * r + 0x1.a01a01abe62ddp-13;
    p = p * r + 0x1.6c16c16c162d6p-10;
    p = p * r + 0x1.11111111100dfp-7;
    p = p * r + 0x1.5555555555556p-5;
    p = p * r + 0x1.5555555555557p-3;
    return p * r + 0.5;
}

/* 2^n in two factors, of an n that was added to 0x1.8p52. */
FX__INLINE double fx__power_of_two_f64(double shifted, double *second)
{
    const uint64_t biased = fx__bits_f64(shifted + 2046) & 0xfff; /* n + 2046: above 0 */
    const uint64_t a = biased >> 1, b = biased - a;
    *second = fx__of_bits_f64(b << 52);
    return fx__of_bits_f64(a << 52);
}

FX__INLINE double fx__expm1_f64(double y)
{
    double x = y < -40.0 ? -40.0 : y;
    x = x > 710.0 ? 710.0 : x;
    const double round = 0x1.8p52;
    const double shifted = x * 0x1.71547652b82fep+0 + round, n = shifted - round;
    const double high = x - n * 0x1.62e42fefap-1, low = n * 0x1.cf79abc9e3b3ap-40, r = high - low;
    const double p = r * r * fx__exp_rest_f64(r) + ((high - r) - low);
    double b;
    const double a = fx__power_of_two_f64(shifted, &b);
    const double down = fx__of_bits_f64(fx__bits_f64(round + 1023 - (n > 1000 ? 1000 : n)) << 52); /* 2^-n */
    return y == 0 ? y : (((1 - down) + r) + p) * a * b;
}
FX__INLINE double fx__expm1_wide(double x)
{
    const double z = x * x, far = fx__exp_wide(x) - 1;
    double p = 1.0 / 3628800;
    p = p * x + 1.0 / 362880;
    p = p * x + 1.0 / 40320;
    p = p * x + 1.0 / 5040;
    p = p * x + 1.0 / 720;
    p = p * x + 1.0 / 120;
    p = p * x + 1.0 / 24;
    p = p * x + 1.0 / 6;
    p = p * x + 0.5;
    return z < 0.25 ? x + z * p : far;
}
FX__INLINE float fx__expm1_f32(float x)
{
    const float y = (float)fx__expm1_wide((double)x);
    return x == 0 ? x : y;
}

FX__INLINE double fx__exp2_f64(double x)
{
    x = x < -1076.0 ? -1076.0 : x;
    x = x > 1025.0 ? 1025.0 : x;
    const double shifted = x + 0x1.8p52, t = x - (shifted - 0x1.8p52);
    const double r = t * 0x1.62e42fefa39efp-1;
    const double p = r * r * fx__exp_rest_f64(r) + t * 0x1.abc9e3b39803fp-56 + r + 1.0;
    double b;
    const double a = fx__power_of_two_f64(shifted, &b);
    return p * a * b;
}
FX__INLINE float fx__exp2_f32(float x) { return (float)fx__exp_wide((double)x * 0x1.62e42fefa39efp-1); }

/* (e - 1 / e) / 2 and (e + 1 / e) / 2 */
FX__INLINE float fx__sinh_f32(float x)
{
    const double y = (double)x, z = y * y, e = fx__exp_wide(fabs(y));
    double p = 1.0 / 39916800;
    p = p * z + 1.0 / 362880;
    p = p * z + 1.0 / 5040;
    p = p * z + 1.0 / 120;
    p = p * z + 1.0 / 6;
    const double far = copysign(0.5 * (e - 1 / e), y);
    return (float)(z < 1 ? y + y * z * p : far);
}
FX__INLINE float fx__cosh_f32(float x)
{
    const double e = fx__exp_wide((double)fabsf(x));
    return (float)(0.5 * (e + 1 / e));
}

/* exp(x) factor, without overflow where the product has none */
FX__INLINE double fx__exp_times_f64(double x, double factor)
{
    x = x < -746.0 ? -746.0 : x;
    x = x > 711.0 ? 711.0 : x;
    const double round = 0x1.8p52;
    const double shifted = x * 0x1.71547652b82fep+0 + round, n = shifted - round;
    const double r = (x - n * 0x1.62e42fefap-1) - n * 0x1.cf79abc9e3b3ap-40;
    const double p = r * r * fx__exp_rest_f64(r) + r + 1.0;
    double b;
    const double a = fx__power_of_two_f64(shifted, &b);
    return p * factor * a * b;
}
FX__INLINE double fx__sinh_f64(double x)
{
    const double z = x * x, e = fx__exp_times_f64(fabs(x), 0.5);
    double p = 1.0 / 51090942171709440000.0;
    p = p * z + 1.0 / 121645100408832000;
    p = p * z + 1.0 / 355687428096000;
    p = p * z + 1.0 / 1307674368000;
    p = p * z + 1.0 / 6227020800;
    p = p * z + 1.0 / 39916800;
    p = p * z + 1.0 / 362880;
    p = p * z + 1.0 / 5040;
    p = p * z + 1.0 / 120;
    p = p * z + 1.0 / 6;
    return z < 1 ? x + x * (z * p) : copysign(e - 0.25 / e, x);
}
FX__INLINE double fx__cosh_f64(double x)
{
    const double e = fx__exp_times_f64(fabs(x), 0.5);
    return e + 0.25 / e;
}

/* 1 - 2 e / (1 + e) with e = exp(-2 |x|); near 0 by a polynomial. */
FX__INLINE float fx__tanh_f32(float x)
{
    const float size = fabsf(x), z = x * x, e = fx__exp_f32(-2 * size);
    float p = 0x1.36bdb2p-9f;
    p = p * z - 0x1.1394cap-7f;
    p = p * z + 0x1.64fad8p-6f;
    p = p * z - 0x1.ba0d94p-5f;
    p = p * z + 0x1.1110f6p-3f;
    p = p * z - 0x1.555556p-2f;
    const float far = 1 - 2 * e / (1 + e);
    return copysignf(z < 0.36f ? size + size * z * p : far, x);
}
/* (tanh x / x - 1) / x^2 of z = x^2 below 0.36 */
FX__INLINE double fx__tanh_rest_f64(double z)
{
    double p = 0x1.d15601f40cfddp-18;
    p = p * z - 0x1.0d297a6e015c5p-15;
    p = p * z + 0x1.876e3a4ec554ep-14;
    p = p * z - 0x1.f30583bcb4015p-13;
    p = p * z + 0x1.3535559803b78p-11;
    p = p * z - 0x1.7da0cedf6112dp-10;
    p = p * z + 0x1.d6d3b05a99221p-9;
    p = p * z - 0x1.226e34dc136abp-7;
    p = p * z + 0x1.664f488056b94p-6;
    p = p * z - 0x1.ba1ba1ba15b29p-5;
    p = p * z + 0x1.11111111110e3p-3;
    return p * z - 0x1.5555555555555p-2;
}
FX__INLINE double fx__tanh_f64(double x)
{
    const double size = fabs(x), z = x * x, e = fx__exp_f64(-2 * size);
    const double far = 1 - 2 * e / (1 + e);
    return copysign(z < 0.36 ? size + size * z * fx__tanh_rest_f64(z) : far, x);
}

/* 1 / (1 + exp(-x)), without overflow on either side. */
FX__INLINE double fx__sigmoid_f64(double x)
{
    const double e = fx__exp_f64(-fabs(x));
    return (x >= 0 ? 1 : e) / (1 + e);
}
FX__INLINE float fx__sigmoid_f32(float x)
{
    const float e = fx__exp_f32(-fabsf(x));
    return (x >= 0 ? 1 : e) / (1 + e);
}

/* sigmoid's derivative, e / (1 + e)^2 with e = exp(-|x|); tanh's, 4 e / (1 + e)^2 with e = exp(-2 |x|). */
FX__INLINE double fx__sigmoid_slope_f64(double x)
{
    const double e = fx__exp_f64(-fabs(x));
    return e / (1 + e * (2 + e));
}
FX__INLINE float fx__sigmoid_slope_f32(float x)
{
    const float e = fx__exp_f32(-fabsf(x));
    return e / (1 + e * (2 + e)); /* the denominator loses least where e is small */
}
FX__INLINE double fx__sech2_f64(double x) { return 4 * fx__sigmoid_slope_f64(2 * x); }
FX__INLINE float fx__sech2_f32(float x) { return 4 * fx__sigmoid_slope_f32(2 * x); }

/* log(1 + e) for 0 <= e <= 1, as in vmath_log.h but over the whole range at once; log(1 + exp(x)) = max(x, 0)
 * + log(1 + exp(-|x|)). */
FX__INLINE float fx__log1p_unit_f32(float e)
{
    const float s = e / (2 + e), z = s * s, half = 0.5f * e * e;
    float p = 0x1.dba260p-3f;
    p = p * z + 0x1.bc8cf8p-3f;
    p = p * z + 0x1.24c926p-2f;
    p = p * z + 0x1.9998d4p-2f;
    p = p * z + 0x1.555556p-1f;
    return e - (half - s * (half + p * z));
}
FX__INLINE double fx__log1p_unit_f64(double e)
{
    const double s = e / (2 + e), z = s * s, half = 0.5 * e * e;
    double p = 0x1.401d3e689b17dp-3;
    p = p * z + 0x1.32e0d25958aacp-4;
    p = p * z + 0x1.bc37f014dcbfcp-4;
    p = p * z + 0x1.e0a2d5818e436p-4;
    p = p * z + 0x1.111abdc8ad20dp-3;
    p = p * z + 0x1.3b13515f6f8dap-3;
    p = p * z + 0x1.745d19937b205p-3;
    p = p * z + 0x1.c71c71bedea97p-3;
    p = p * z + 0x1.2492492499d46p-2;
    p = p * z + 0x1.9999999999944p-2;
    p = p * z + 0x1.5555555555555p-1;
    return e - (half - s * (half + p * z));
}
FX__INLINE double fx__log1p_exp_f64(double x)
{
    return (x > 0 ? x : 0) + fx__log1p_unit_f64(fx__exp_f64(-fabs(x)));
}
FX__INLINE float fx__log1p_exp_f32(float x)
{
    return (x > 0 ? x : 0) + fx__log1p_unit_f32(fx__exp_f32(-fabsf(x)));
}

#endif
