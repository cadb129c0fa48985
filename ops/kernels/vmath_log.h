/* Logarithms.
 *
 * x = 2^k (1 + f) with 1 + f in [sqrt 1/2, sqrt 2). In double, ln (1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R))
 * with s = f / (2 + f), R the rest of the series of the area tangent: f, which is exact, carries the digits,
 * so errors stay below 1 ulp. k ln 2 is exact but for a low part that goes with the small terms.
 */
#ifndef FLUXION_KERNELS_VMATH_LOG_H
#define FLUXION_KERNELS_VMATH_LOG_H

#include "vmath_wide.h"

/* k ln 2 + ln (1 + f) + low */
FX__INLINE double fx__log_sum_f64(double k, double f, double low)
{
    const double s = f / (2 + f), z = s * s, half = 0.5 * f * f;
    double p = 0x1.2b584b4ace294p-3;
    p = p * z + 0x1.39fe60564feedp-3;
    p = p * z + 0x1.7462b4abbbb1ep-3;
    p = p * z + 0x1.c71c62e57d8e3p-3;
    p = p * z + 0x1.2492492df14b8p-2;
    p = p * z + 0x1.99999999952e2p-2;
    p = p * z + 0x1.5555555555558p-1;
    return k * 0x1.62e42feep-1 - ((half - (s * (half + p * z) + (k * 0x1.a39ef35793c76p-33 + low))) - f);
}

/* Of any positive number, denormal ones too. */
FX__INLINE double fx__split_any_f64(double x, double *m)
{
    const int tiny = x < 0x1p-1022;
    return fx__split_f64(tiny ? x * 0x1p54 : x, m) - (tiny ? 54 : 0);
}

FX__INLINE double fx__log_f64(double x)
{
    double m;
    const double k = fx__split_any_f64(x, &m);
    return fx__log_edge_f64(x, fx__log_sum_f64(k, m - 1, 0));
}

/* k + ln (1 + f) / ln 2, ... / ln 10: k and the first digits of the quotient are added without loss. */
FX__INLINE double fx__log2_f64(double x)
{
    double m;
    const double k = fx__split_any_f64(x, &m), l = fx__log_sum_f64(0, m - 1, 0);
    return fx__log_edge_f64(x, k + (l * 0x1.71547652b82fep+0 + l * 0x1.777d0ffda0d24p-56));
}
FX__INLINE double fx__log10_f64(double x)
{
    double m;
    const double k = fx__split_any_f64(x, &m), l = fx__log_sum_f64(0, m - 1, 0);
    const double low = k * 0x1.9dc1da994fd21p-59 + l * 0x1.95355baaafad3p-57;
    return fx__log_edge_f64(x, k * 0x1.34413509f79ffp-2 + (l * 0x1.bcb7b1526e50ep-2 + low));
}

FX__INLINE double fx__log1p_f64(double x)
{
    const double u = 1 + x;
    double m;
    const double k = fx__split_f64(u, &m);
    const double lost = x < 1 ? x - (u - 1) : 1 - (u - x); /* by rounding u */
    double y = fx__log_sum_f64(k, k == 0 ? x : m - 1, k == 0 ? 0 : lost / u);
    y = fx__log_edge_f64(u, y);
    return x == 0 ? x : y;
}

FX__INLINE float fx__log_f32(float x) { return fx__log_edge_f32(x, (float)fx__log_wide((double)x)); }
FX__INLINE float fx__log2_f32(float x)
{
    double m;
    const double k = fx__split_f64((double)x, &m);
    return fx__log_edge_f32(x, (float)(k + fx__log1p_core_wide(m - 1) * 0x1.71547652b82fep+0));
}
FX__INLINE float fx__log10_f32(float x)
{
    return fx__log_edge_f32(x, (float)(fx__log_wide((double)x) * 0x1.bcb7b1526e50ep-2));
}
FX__INLINE double fx__log1p_wide(double x)
{
    double m;
    const double k = fx__split_f64(1 + x, &m);
    return k * 0x1.62e42fefa39efp-1 + fx__log1p_core_wide(k == 0 ? x : m - 1);
}
FX__INLINE float fx__log1p_f32(float x)
{
    const float y = fx__log_edge_f32(1 + x, (float)fx__log1p_wide((double)x));
    return x == 0 ? x : y;
}

/* The area functions, by log1p of what keeps its digits near their zeros; where the square would overflow, ln
 * x + ln 2.
 */
FX__INLINE double fx__area_f64(double u, int far)
{
    return fx__log1p_f64(u) + (far ? 0x1.62e42fefa39efp-1 : 0);
}
FX__INLINE double fx__asinh_f64(double x)
{
    const double size = fabs(x), z = x * x;
    const int far = size > 0x1p28;
    return copysign(fx__area_f64(far ? size - 1 : size + z / (1 + sqrt(1 + z)), far), x);
}
FX__INLINE double fx__acosh_f64(double x)
{
    const double t = x - 1;
    const int far = x > 0x1p28;
    const double y = fx__area_f64(far ? t : t + sqrt(t * (t + 2)), far);
    return x < 1 ? (double)NAN : y;
}
FX__INLINE double fx__atanh_f64(double x)
{
    const double size = fabs(x);
    return copysign(0.5 * fx__log1p_f64(2 * size / (1 - size)), x);
}
FX__INLINE float fx__area_f32(double u)
{
    return u <= (double)INFINITY ? (u < (double)INFINITY ? (float)fx__log1p_wide(u) : INFINITY) : NAN;
}
FX__INLINE float fx__asinh_f32(float x)
{
    const double size = (double)fabsf(x), z = size * size;
    return copysignf(fx__area_f32(size + (size > 1e30 ? size : z / (1 + sqrt(1 + z)))), x);
}
FX__INLINE float fx__acosh_f32(float x)
{
    const double t = (double)x - 1;
    const float y = fx__area_f32(t + sqrt(t * (t + 2)));
    return x < 1 ? NAN : y;
}
FX__INLINE float fx__atanh_f32(float x)
{
    const double size = (double)fabsf(x);
    const float y = copysignf(0.5f * fx__area_f32(2 * size / (1 - size)), x);
    return size > 1 ? NAN : y;
}

/* ln(x / (1 - x)); near 1/2, where the quotient's rounding would be all of it, by the area tangent of 2 x
 * - 1. -x ln x. */
FX__INLINE double fx__logit_f64(double x)
{
    const double far = fx__log_f64(x / (1 - x)), t = 2 * x - 1;
    return fabs(t) < 0.5 ? 2 * fx__atanh_f64(t) : far;
}
FX__INLINE float fx__logit_f32(float x) { return (float)fx__logit_f64((double)x); }
FX__INLINE double fx__entr_f64(double x)
{
    const double y = -x * fx__log_f64(x);
    return x > 0 ? y : x == 0 ? 0 : x != x ? x : -(double)INFINITY;
}
FX__INLINE double fx__entr_slope_f64(double x) { return -1 - fx__log_f64(x); }
FX__INLINE float fx__entr_slope_f32(float x) { return (float)fx__entr_slope_f64((double)x); }
FX__INLINE float fx__entr_f32(float x) { return (float)fx__entr_f64((double)x); }

#endif
