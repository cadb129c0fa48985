/* The functions that elementwise loops are made of: fx__NAME_f32 and fx__NAME_f64, for one number.
 *
 * Each is plain arithmetic without calls where that pays, so that the compiler turns a loop over it into
 * vectors; the others call libm. Included by the templates, once for each instruction set.
 */
#ifndef FLUXION_KERNELS_VMATH_H
#define FLUXION_KERNELS_VMATH_H

#include "special.h"
#include "vmath_activation.h"
#include "vmath_erf.h"
#include "vmath_exp.h"
#include "vmath_log.h"
#include "vmath_pow.h"
#include "vmath_trig.h"

#include <math.h>
#include <stdint.h>

#define FX__LIBM1(name)                                                                                      \
    static inline float fx__##name##_f32(float x) { return name##f(x); }                                     \
    static inline double fx__##name##_f64(double x) { return name(x); }
FX__LIBM1(sqrt)
FX__LIBM1(floor)
FX__LIBM1(ceil)
FX__LIBM1(rint)
FX__LIBM1(trunc)
FX__LIBM1(fabs)
#undef FX__LIBM1

#define FX__LIBM2(name)                                                                                      \
    static inline float fx__##name##_f32(float x, float y) { return name##f(x, y); }                         \
    static inline double fx__##name##_f64(double x, double y) { return name(x, y); }
FX__LIBM2(fmod)
FX__LIBM2(copysign)
FX__LIBM2(nextafter)
#undef FX__LIBM2
static inline double fx__pow_f64(double x, double y) { return pow(x, y); }
static inline double fx__hypot_f64(double x, double y) { return hypot(x, y); }

/* sin(pi x) / (pi x) and its first two derivatives. x is brought to -1/2 .. 1/2 first, so that it is 0 at
 * integers. */
static inline double fx__half_turns(double x, double *sign)
{
    const double n = rint(x);
    *sign = fmod(n, 2) == 0 ? 1 : -1;
    return 3.14159265358979323846 * (x - n);
}
static inline double fx__sinc_f64(double x)
{
    double sign;
    const double t = fx__half_turns(x, &sign);
    return x == 0 ? 1 : sign * sin(t) / (3.14159265358979323846 * x);
}
static inline double fx__sinc_slope_f64(double x)
{
    double sign;
    const double t = fx__half_turns(x, &sign), u = 3.14159265358979323846 * x, s = u * u;
    const double series = -3.14159265358979323846 * u *
                          (1.0 / 3 - s * (1.0 / 30 - s * (1.0 / 840 - s * (1.0 / 45360 - s / 3991680))));
    return s < 0.25 ? series : sign * (cos(t) - sin(t) / u) / x;
}
static inline double fx__sinc_curve_f64(double x)
{
    double sign;
    const double t = fx__half_turns(x, &sign), pi2 = 9.86960440108935861883, u = 3.14159265358979323846 * x,
                 s = u * u;
    const double series = -pi2 * (1.0 / 3 - s * (1.0 / 10 - s * (1.0 / 168 - s * (1.0 / 6480 - s / 443520))));
    return s < 0.25 ? series : -sign * (pi2 * sin(t) / u + 2 * (cos(t) - sin(t) / u) / (x * x));
}
static inline float fx__sinc_f32(float x) { return (float)fx__sinc_f64((double)x); }
static inline float fx__sinc_slope_f32(float x) { return (float)fx__sinc_slope_f64((double)x); }
static inline float fx__sinc_curve_f32(float x) { return (float)fx__sinc_curve_f64((double)x); }

/* The sign, with NaN for NaN; 0 or NaN; the difference, 0 for equal infinities; Python's remainder, whose
 * sign is the divisor's, and its quotient. */
#define FX__PLAIN(T, suffix)                                                                                 \
    static inline T fx__sign_##suffix(T x) { return x > 0 ? 1 : x < 0 ? -1 : x != x ? x : 0; }               \
    static inline T fx__flat_##suffix(T x) { return x != x ? x : 0; }                                        \
    static inline T fx__abs_##suffix(T x) { return fx__fabs_##suffix(x); }                                   \
    static inline T fx__atan_slope_##suffix(T x) { return 1 / (1 + x * x); }                                 \
    static inline T fx__logit_slope_##suffix(T x) { return 1 / (x * (1 - x)); }                              \
    static inline T fx__square_##suffix(T x) { return x * x; }                                               \
    static inline T fx__difference_##suffix(T a, T b) { return a == b ? 0 : a - b; }                         \
    static inline T fx__digamma_##suffix(T x) { return fx__polygamma_##suffix(0, x); }                       \
    static inline T fx__remainder_##suffix(T a, T b)                                                         \
    {                                                                                                        \
        const T r = fx__fmod_##suffix(a, b);                                                                 \
        return r != 0 && (r < 0) != (b < 0) ? r + b : r;                                                     \
    }                                                                                                        \
    static inline T fx__floor_divide_##suffix(T a, T b)                                                      \
    {                                                                                                        \
        if (b == 0) return a / b;                                                                            \
        const T exact = (a - fx__remainder_##suffix(a, b)) / b;                                              \
        return exact == 0 ? fx__copysign_##suffix(0, a / b) : fx__rint_##suffix(exact);                      \
    }

#define FX__BY_DOUBLE(name)                                                                                  \
    static inline float fx__##name##_f32(float x) { return (float)fx__##name##_f64((double)x); }
#define FX__BY_DOUBLE_N(name)                                                                                \
    static inline float fx__##name##_f32(int n, float x) { return (float)fx__##name##_f64(n, (double)x); }
FX__BY_DOUBLE(lgamma)
FX__BY_DOUBLE(erfinv)
FX__BY_DOUBLE(log_ndtr)
FX__BY_DOUBLE(log_ndtr_slope)
FX__BY_DOUBLE(ndtri)
FX__BY_DOUBLE(ndtri_slope)
FX__BY_DOUBLE(i0)
FX__BY_DOUBLE(i1)
FX__BY_DOUBLE(i0e)
FX__BY_DOUBLE(i1e)
FX__BY_DOUBLE(i1e_slope)
FX__BY_DOUBLE_N(polygamma)
FX__BY_DOUBLE_N(erfcx_integral)
FX__BY_DOUBLE_N(mills)
FX__BY_DOUBLE_N(bessel_i)
FX__BY_DOUBLE_N(bessel_moment)
#undef FX__BY_DOUBLE
#undef FX__BY_DOUBLE_N
static inline double fx__erfinv_slope_f64(double x)
{
    const double y = fx__erfinv_f64(x);
    return 0.88622692545275801365 * exp(y * y);
}
static inline float fx__erfinv_slope_f32(float x) { return (float)fx__erfinv_slope_f64((double)x); }

FX__PLAIN(float, f32)
FX__PLAIN(double, f64)
#undef FX__PLAIN

#endif
