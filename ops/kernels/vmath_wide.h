/* Functions of double that are exact enough for float results, for the float functions that go through
 * double.
 *
 * Relative errors stay below 2^-29, so that what is rounded to float is within 0.53 ulp. A float has no
 * denormals, nor overflows, in double: most of the care that functions of double take falls away.
 */
#ifndef FLUXION_KERNELS_VMATH_WIDE_H
#define FLUXION_KERNELS_VMATH_WIDE_H

#include "exp.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

FX__INLINE uint64_t fx__bits_f64(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
FX__INLINE double fx__of_bits_f64(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
FX__INLINE uint32_t fx__bits_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
FX__INLINE float fx__of_bits_f32(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* c ? a : b, in a form that compilers turn into a blend. */
FX__INLINE double fx__pick_f64(int c, double a, double b) { return c ? a : b; }

/* exp x, for results in the range of float and around it: beyond 2^-1000 .. 2^1000 it stays there. */
FX__INLINE double fx__exp_wide(double x)
{
    x = x < -690.0 ? -690.0 : x;
    x = x > 690.0 ? 690.0 : x;
    const double round = 0x1.8p52;
    const double shifted = x * 0x1.71547652b82fep+0 + round, n = shifted - round;
    const double r = x - n * 0x1.62e42fefa39efp-1;
    double p = 0x1.a124e3f154d32p-13;
    p = p * r + 0x1.6d431504c53d3p-10;
    p = p * r + 0x1.1110e0f726534p-7;
    p = p * r + 0x1.5554e9114ecf9p-5;
    p = p * r + 0x1.5555555a78232p-3;
    p = p * r + 0x1.0000000b8f62bp-1;
    p = p * r * r + r + 1.0;
    return fx__of_bits_f64(fx__bits_f64(p) + (fx__bits_f64(shifted) << 52));
}

/* x = 2^k m with m in [sqrt 1/2, sqrt 2), of a positive normal number. */
FX__INLINE double fx__split_f64(double x, double *m)
{
    const uint64_t half = 0x3fe6a09e667f3bcdu, bits = fx__bits_f64(x), from_half = bits - half;
    /* the exponent of x / half, brought above 0, as the low bits of a double near 2^52 */
    const uint64_t biased = (from_half + ((uint64_t)1024 << 52)) >> 52;
    *m = fx__of_bits_f64((from_half & 0x000fffffffffffffu) + half);
    return fx__of_bits_f64(biased | 0x4330000000000000u) - (0x1p52 + 1024);
}

/* ln (1 + f) for 1 + f in [sqrt 1/2, sqrt 2), by the series of the area tangent of f / (2 + f). */
FX__INLINE double fx__log1p_core_wide(double f)
{
    const double s = f / (2 + f), z = s * s;
    double p = 0x1.ddced78bc7279p-3;
    p = p * z + 0x1.245c437fbcd27p-2;
    p = p * z + 0x1.9999eb5d91bf1p-2;
    p = p * z + 0x1.5555554bb2accp-1;
    return s * (2 + p * z);
}

/* ln x of a positive number. */
FX__INLINE double fx__log_wide(double x)
{
    double m;
    const double k = fx__split_f64(x, &m);
    return k * 0x1.62e42fefa39efp-1 + fx__log1p_core_wide(m - 1);
}

/* The values of a logarithm where its argument is not a positive number. */
FX__INLINE float fx__log_edge_f32(float x, float y)
{
    y = x < INFINITY ? y : x;
    y = x > 0 ? y : NAN;
    y = x == 0 ? -INFINITY : y;
    return x != x ? x : y;
}
FX__INLINE double fx__log_edge_f64(double x, double y)
{
    y = x < (double)INFINITY ? y : x;
    y = x > 0 ? y : (double)NAN;
    y = x == 0 ? -(double)INFINITY : y;
    return x != x ? x : y;
}

/* arctan x: of t = (x - 1) / (x + 1), -1 / x or x, whichever is below tan (pi / 8). */
FX__INLINE double fx__atan_turn(double size, double *t)
{
    const int above = size > 2.4142135623730951, middle = size > 0.41421356237309503;
    const double below = middle ? size - 1 : size, under = middle ? size + 1 : 1;
    *t = (above ? -1.0 : below) / (above ? size : under);
    return above ? 2.0 : middle ? 1.0 : 0.0; /* in eighths of a turn */
}
FX__INLINE double fx__atan_wide(double x)
{
    double t;
    const double turn = fx__atan_turn(fabs(x), &t) * 0x1.921fb54442d18p-1, z = t * t;
    double p = 0x1.9d8b2298114abp-5;
    p = p * z - 0x1.614448944e5d6p-4;
    p = p * z + 0x1.c57bad2787793p-4;
    p = p * z - 0x1.248a1731f4648p-3;
    p = p * z + 0x1.99997b13bc93ep-3;
    p = p * z - 0x1.5555554c0aecep-2;
    return copysign(turn + (t + t * z * p), x);
}

/* exp(x^2) erfc(x) for x >= 0: (1 + 2 x) times it is smooth in (x - 3) / (x + 3). */
FX__INLINE double fx__erfcx_wide(double x)
{
    const double d = 1 / ((x + 3) * (1 + 2 * x)), t = (x - 3) * (1 + 2 * x) * d;
    double p = -0x1.1a12f6b049951p-12;
    p = p * t - 0x1.96cb307413ba4p-11;
    p = p * t + 0x1.076d1abb3b96cp-9;
    p = p * t + 0x1.513c5906bcd42p-9;
    p = p * t - 0x1.85f0aec575a64p-6;
    p = p * t + 0x1.17ba22fb47192p-4;
    p = p * t - 0x1.e888a640bf736p-4;
    p = p * t + 0x1.09844aa927f98p-3;
    p = p * t - 0x1.85a1868b93034p-5;
    p = p * t - 0x1.15c08b5deb6c6p-3;
    p = p * t + 0x1.40c522d968c7bp+0;
    return p * (x + 3) * d;
}
FX__INLINE double fx__erfc_wide(double x)
{
    const double size = fabs(x) > 11 ? 11 : fabs(x), y = fx__exp_wide(-size * size) * fx__erfcx_wide(size);
    return x < 0 ? 2 - y : y;
}
FX__INLINE double fx__erf_wide(double x)
{
    const double z = x * x, far = 1 - fx__erfc_wide(fabs(x));
    double p = -0x1.445f47bacad2cp-17;
    p = p * z + 0x1.d88750526922dp-14;
    p = p * z - 0x1.bccf664b576acp-11;
    p = p * z + 0x1.562a60dd85994p-8;
    p = p * z - 0x1.b829c8978cc34p-6;
    p = p * z + 0x1.ce2f08fec106cp-4;
    p = p * z - 0x1.81274665754a8p-2;
    p = p * z + 0x1.20dd7504045d5p+0;
    return z < 1 ? x * p : copysign(far, x);
}

#endif
