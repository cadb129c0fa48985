/* The error function, its complement and the normal distribution.
 *
 * erfc(x) = exp(-x^2) E(x), E without exponential growth. x^2 is split into a part that is exact and a small
 * one, for exp magnifies the rounding of its argument. Near 0, erf is a series.
 */
#ifndef FLUXION_KERNELS_VMATH_ERF_H
#define FLUXION_KERNELS_VMATH_ERF_H

#include "vmath_exp.h"

/* exp(x^2) erfc(x) for x >= 0 */
FX__INLINE double fx__erfcx_f64(double x)
{
    const double t = (x - 4) / (x + 4);
    double p = -0x1.f47207b168acdp-30;
    p = p * t - 0x1.d5bb4c6d5b92dp-27;
    p = p * t - 0x1.09198a32cd9a9p-27;
    p = p * t + 0x1.ef6c0c38d1a2bp-24;
    p = p * t + 0x1.0d535fce28f99p-24;
    p = p * t - 0x1.c05fc977974eap-21;
    p = p * t + 0x1.4392983419eddp-22;
    p = p * t + 0x1.7fb88e391a9fep-18;
    p = p * t - 0x1.78a43458cca4bp-17;
    p = p * t - 0x1.996ad056e530bp-16;
    p = p * t + 0x1.3be0b393ee921p-13;
    p = p * t - 0x1.a1de7c6e9ac9cp-13;
    p = p * t - 0x1.8d4a9dc0d22f3p-11;
    p = p * t + 0x1.49c671893963fp-8;
    p = p * t - 0x1.0962388367b2fp-6;
    p = p * t + 0x1.3079edfa1033fp-5;
    p = p * t - 0x1.0fb06dfe46987p-4;
    p = p * t + 0x1.7fee004df6263p-4;
    p = p * t - 0x1.9ddb23c3e98a6p-4;
    p = p * t + 0x1.16ecefcfa6077p-4;
    p = p * t + 0x1.f7f5df66fd951p-7;
    p = p * t - 0x1.1df1ad154a29cp-3;
    p = p * t + 0x1.3ba5916e9fd7fp+0;
    return p / (1 + 2 * x);
}

/* exp(-x^2 / divisor) factor, for a divisor of 1 or 2. */
FX__INLINE double fx__gauss_f64(double x, double share, double factor)
{
    x = x > 40 ? 40 : x < -40 ? -40 : x;
    const double top = fx__of_bits_f64(fx__bits_f64(x) & ~(uint64_t)0x7ffffff);
    const double exact = -share * top * top, small = share * (x - top) * (x + top);
    const double round = 0x1.8p52;
    const double shifted = exact * 0x1.71547652b82fep+0 + round, n = shifted - round;
    double r = exact - n * 0x1.62e42fefap-1;
    r = r - (n * 0x1.cf79abc9e3b3ap-40 + small);
    const double p = r * r * fx__exp_rest_f64(r) + r + 1.0;
    double b;
    const double a = fx__power_of_two_f64(shifted < round - 2040 ? round - 2040 : shifted, &b);
    return p * factor * a * b;
}

/* erf x for |x| <= 1 */
FX__INLINE double fx__erf_near_f64(double x)
{
    const double z = x * x;
    double p = 0x1.05ffd72358dd9p-34;
    p = p * z - 0x1.389d4f1e309afp-30;
    p = p * z + 0x1.f7b4bf384d4e4p-27;
    p = p * z - 0x1.5f1ecb6ec0b68p-23;
    p = p * z + 0x1.b9df224c9bb94p-20;
    p = p * z - 0x1.f4d1e3183eb6dp-17;
    p = p * z + 0x1.f9a321d5b8d6ap-14;
    p = p * z - 0x1.c02db3dac4358p-11;
    p = p * z + 0x1.565bcd0dbaa38p-8;
    p = p * z - 0x1.b82ce31284e00p-6;
    p = p * z + 0x1.ce2f21a042b30p-4;
    p = p * z - 0x1.812746b0379e6p-2;
    return x + x * (z * p + 0x1.06eba8214db69p-3); /* 2 / sqrt pi = 1 + 0x1.06eba8214db69p-3 */
}
/* share is 1, or 0.5 for erfc (x / sqrt 2) */
FX__INLINE double fx__erfc_far_f64(double x, double size, double share, double factor)
{
    return fx__gauss_f64(x, share, factor * fx__erfcx_f64(size > 40 ? 40 : size));
}
FX__INLINE double fx__erfc_f64(double x)
{
    const double far = fx__erfc_far_f64(x, fabs(x), 1, 1), y = x < 0 ? 2 - far : far;
    return fabs(x) < 0.5 ? 1 - fx__erf_near_f64(x) : y;
}
FX__INLINE double fx__erf_f64(double x)
{
    const double far = copysign(1 - fx__erfc_far_f64(x, fabs(x), 1, 1), x);
    return fabs(x) < 1 ? fx__erf_near_f64(x) : far;
}

FX__INLINE float fx__erf_f32(float x)
{
    const float y = (float)fx__erf_wide((double)x);
    return x == 0 ? x : y;
}
FX__INLINE float fx__erfc_f32(float x) { return (float)fx__erfc_wide((double)x); }

/* The normal distribution: erfc(-x / sqrt 2) / 2 and exp(-x^2 / 2) / sqrt(2 pi). float goes through double:
 * the argument's rounding is magnified in the tails. */
FX__INLINE double fx__normal_cdf_f64(double x)
{
    const double t = x * 0.70710678118654752440, far = fx__erfc_far_f64(x, fabs(t), 0.5, 0.5);
    return fabs(t) < 0.5 ? 0.5 + 0.5 * fx__erf_near_f64(t) : x > 0 ? 1 - far : far;
}
FX__INLINE float fx__normal_cdf_f32(float x)
{
    return (float)(0.5 * fx__erfc_wide((double)x * -0.70710678118654752440));
}
FX__INLINE double fx__normal_pdf_f64(double x) { return fx__gauss_f64(x, 0.5, 0.39894228040143267794); }
FX__INLINE float fx__normal_pdf_f32(float x)
{
    const double y = (double)x;
    return (float)(0.39894228040143267794 * fx__exp_wide(-0.5 * y * y));
}

#endif
