/* The functions that elementwise loops are made of: fx__NAME_f32 and fx__NAME_f64, for one number.
 *
 * Each is plain arithmetic without calls where that pays, so that the compiler turns a loop over it into
 * vectors; the others call libm. Included by the templates, once for each instruction set.
 */
#ifndef FLUXION_KERNELS_VMATH_H
#define FLUXION_KERNELS_VMATH_H

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

/* x - tanh x, whose terms cancel for small x: by series there. */
static inline double fx__tanhshrink_f64(double x)
{
    const double s = x * x;
    const double series =
        x * s *
        (1.0 / 3 + s * (-2.0 / 15 + s * (17.0 / 315 + s * (-62.0 / 2835 + s * (1382.0 / 155925 +
                                                                               s * (-21844.0 / 6081075))))));
    return s < 0.01 ? series : x - tanh(x);
}
static inline float fx__tanhshrink_f32(float x) { return (float)fx__tanhshrink_f64((double)x); }

/* sin(pi x) / (pi x) and its first two derivatives. */
static inline double fx__sinc_f64(double x)
{
    const double t = 3.14159265358979323846 * x;
    return x == 0 ? 1 : sin(t) / t;
}
static inline double fx__sinc_slope_f64(double x)
{
    const double t = 3.14159265358979323846 * x, s = t * t;
    const double series = -3.14159265358979323846 * t *
                          (1.0 / 3 - s * (1.0 / 30 - s * (1.0 / 840 - s * (1.0 / 45360 - s / 3991680))));
    return s < 0.25 ? series : (cos(t) - sin(t) / t) / x;
}
static inline double fx__sinc_curve_f64(double x)
{
    const double pi2 = 9.86960440108935861883, t = 3.14159265358979323846 * x, s = t * t;
    const double series = -pi2 * (1.0 / 3 - s * (1.0 / 10 - s * (1.0 / 168 - s * (1.0 / 6480 - s / 443520))));
    return s < 0.25 ? series : -(pi2 * sin(t) / t + 2 * (cos(t) - sin(t) / t) / (x * x));
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

/* special.c */
double fx__lgamma_f64(double x);
double fx__polygamma_f64(int n, double x); /* n = 0: digamma */
double fx__erfinv_f64(double x);
static inline float fx__lgamma_f32(float x) { return (float)fx__lgamma_f64((double)x); }
static inline float fx__polygamma_f32(int n, float x) { return (float)fx__polygamma_f64(n, (double)x); }
static inline float fx__erfinv_f32(float x) { return (float)fx__erfinv_f64((double)x); }

FX__PLAIN(float, f32)
FX__PLAIN(double, f64)
#undef FX__PLAIN

#endif
