/* sin, cos, tan and their inverses.
 *
 * x = n pi / 2 + r by subtracting n times pi / 2 in three parts, of which the first two have so few bits that
 * the products are exact as long as n has 20: FX__TURN_LIMIT. Beyond it the answer is libm's; loops look for
 * such numbers in blocks and compute those again, so that the common loop stays free of calls (FX__sin_near
 * and so on).
 */
#ifndef FLUXION_KERNELS_VMATH_TRIG_H
#define FLUXION_KERNELS_VMATH_TRIG_H

#include "vmath_wide.h"

#define FX__TURN_LIMIT 1.6e6

/* n, as the low bits of a double; r + low, with |r| <= pi / 4. */
FX__INLINE uint64_t fx__turn_f64(double x, double *r, double *low)
{
    const double round = 0x1.8p52;
    const double shifted = x * 0x1.45f306dc9c883p-1 + round, n = shifted - round;
    const double a = x - n * 0x1.921fb544p+0, w = n * 0x1.0b4611a6p-34;
    const double b = a - w, lost = (a - b) - w, t = n * 0x1.3198a2e037073p-69;
    *r = b - t;
    *low = ((b - *r) - t) + lost;
    return fx__bits_f64(shifted);
}
FX__INLINE double fx__sin_part_f64(double r, double low)
{
    const double z = r * r;
    double p = 0x1.5e0b193d23cd3p-33;
    p = p * z - 0x1.ae600b0079acep-26;
    p = p * z + 0x1.71de3796879c8p-19;
    p = p * z - 0x1.a01a019e83a89p-13;
    p = p * z + 0x1.1111111110bb2p-7;
    p = p * z - 0x1.5555555555555p-3;
    return r + (r * z * p + low * (1 - 0.5 * z));
}
FX__INLINE double fx__cos_part_f64(double r, double low)
{
    const double z = r * r, half = 0.5 * z, w = 1 - half;
    double p = -0x1.907da2abeb50ap-37;
    p = p * z + 0x1.1eeb68e81ce7ep-29;
    p = p * z - 0x1.27e4fa17d8cfep-22;
    p = p * z + 0x1.a01a019f4eaeep-16;
    p = p * z - 0x1.6c16c16c16967p-10;
    p = p * z + 0x1.5555555555555p-5;
    return w + (((1 - w) - half) + (z * z * p - r * low));
}
/* The sine's or the cosine's part, and its sign, by the quarter of the turn. */
FX__INLINE double fx__quarter(uint64_t n, double sin, double cos)
{
    const double y = n & 1 ? cos : sin;
    return fx__of_bits_f64(fx__bits_f64(y) ^ (n & 2) << 62);
}
FX__INLINE double fx__sin_near_f64(double x)
{
    double r, low;
    const uint64_t n = fx__turn_f64(x, &r, &low);
    const double y = fx__quarter(n, fx__sin_part_f64(r, low), fx__cos_part_f64(r, low));
    return x == 0 ? x : y;
}
FX__INLINE double fx__cos_near_f64(double x)
{
    double r, low;
    const uint64_t n = fx__turn_f64(x, &r, &low);
    return fx__quarter(n + 1, fx__sin_part_f64(r, low), fx__cos_part_f64(r, low));
}
FX__INLINE double fx__tan_near_f64(double x)
{
    double r, low;
    const uint64_t n = fx__turn_f64(x, &r, &low);
    const double sin = fx__sin_part_f64(r, low), cos = fx__cos_part_f64(r, low);
    const double y = (n & 1 ? -cos : sin) / (n & 1 ? sin : cos);
    return x == 0 ? x : y;
}

FX__INLINE uint64_t fx__turn_wide(double x, double *sin, double *cos)
{
    const double round = 0x1.8p52;
    const double shifted = x * 0x1.45f306dc9c883p-1 + round, n = shifted - round;
    const double r = (x - n * 0x1.921fb544p+0) - n * 0x1.0b4611a626331p-34, z = r * r;
    double p = 0x1.6dbe073f1d7d5p-19, q = -0x1.25244d7d52bddp-22;
    p = p * z - 0x1.a013a7902de19p-13;
    q = q * z + 0x1.a015c47b3417fp-16;
    p = p * z + 0x1.11110def2a8e3p-7;
    q = q * z - 0x1.6c16bf54e4c37p-10;
    p = p * z - 0x1.555555545e076p-3;
    q = q * z + 0x1.5555555502ce2p-5;
    *sin = r + r * z * p;
    *cos = 1 - 0.5 * z + z * z * q;
    return fx__bits_f64(shifted);
}
FX__INLINE float fx__sin_near_f32(float x)
{
    double sin, cos;
    const uint64_t n = fx__turn_wide((double)x, &sin, &cos);
    const float y = (float)fx__quarter(n, sin, cos);
    return x == 0 ? x : y;
}
FX__INLINE float fx__cos_near_f32(float x)
{
    double sin, cos;
    const uint64_t n = fx__turn_wide((double)x, &sin, &cos);
    return (float)fx__quarter(n + 1, sin, cos);
}
FX__INLINE float fx__tan_near_f32(float x)
{
    double sin, cos;
    const uint64_t n = fx__turn_wide((double)x, &sin, &cos);
    const float y = (float)((n & 1 ? -cos : sin) / (n & 1 ? sin : cos));
    return x == 0 ? x : y;
}

/* One number, of any size. */
#define FX__ANY_SIZE(name)                                                                                   \
    FX__INLINE float fx__##name##_f32(float x)                                                               \
    {                                                                                                        \
        return fabsf(x) <= (float)FX__TURN_LIMIT ? fx__##name##_near_f32(x) : (float)name((double)x);        \
    }                                                                                                        \
    FX__INLINE double fx__##name##_f64(double x)                                                             \
    {                                                                                                        \
        return fabs(x) <= FX__TURN_LIMIT ? fx__##name##_near_f64(x) : name(x);                               \
    }
FX__ANY_SIZE(sin)
FX__ANY_SIZE(cos)
FX__ANY_SIZE(tan)
#undef FX__ANY_SIZE

FX__INLINE double fx__atan_f64(double x)
{
    double t;
    const double turn = fx__atan_turn(fabs(x), &t), z = t * t;
    double p = 0x1.0ad369570700cp-6;
    p = p * z - 0x1.1b33b8adea009p-5;
    p = p * z + 0x1.74ddd3d6227acp-5;
    p = p * z - 0x1.ac7a937f04bd7p-5;
    p = p * z + 0x1.e19a13b814441p-5;
    p = p * z - 0x1.110e880a61d51p-4;
    p = p * z + 0x1.3b1392d9e5e96p-4;
    p = p * z - 0x1.745d165df3e7ep-4;
    p = p * z + 0x1.c71c71c304b61p-4;
    p = p * z - 0x1.249249248d7eep-3;
    p = p * z + 0x1.9999999999953p-3;
    p = p * z - 0x1.5555555555555p-2;
    const double y = turn * 0x1.921fb54442d18p-1 + (t + (t * (z * p) + turn * 0x1.1a62633145c07p-55));
    return copysign(y, x);
}
FX__INLINE float fx__atan_f32(float x) { return (float)fx__atan_wide((double)x); }

/* By the tangent: arcsin x = arctan (x / sqrt(1 - x^2)), arccos x = 2 arctan sqrt((1 - x) / (1 + x)). */
FX__INLINE float fx__asin_f32(float x)
{
    const double y = (double)x;
    return (float)fx__atan_wide(y / sqrt((1 - y) * (1 + y)));
}
FX__INLINE float fx__acos_f32(float x)
{
    const double y = (double)x;
    return (float)(2 * fx__atan_wide(sqrt((1 - y) / (1 + y))));
}
FX__INLINE double fx__asin_f64(double x) { return fx__atan_f64(x / sqrt((1 - x) * (1 + x))); }
FX__INLINE double fx__acos_f64(double x) { return 2 * fx__atan_f64(sqrt((1 - x) / (1 + x))); }

/* The tangent of sizes, 0 / 0 being 0 and infinity / infinity 1; then the half plane and the sign. */
FX__INLINE double fx__tangent(double y, double x)
{
    const double q = fabs(y) / fabs(x);
    const double odd = y == 0 ? 0.0 : fabs(y) == (double)INFINITY && fabs(x) == (double)INFINITY ? 1.0 : q;
    return x != x ? x : odd;
}
FX__INLINE double fx__half_plane(double y, double x, double angle)
{
    return copysign(copysign(1.0, x) < 0 ? 0x1.921fb54442d18p+1 - (angle - 0x1.1a62633145c07p-53) : angle, y);
}
FX__INLINE double fx__atan2_f64(double y, double x)
{
    return fx__half_plane(y, x, fx__atan_f64(fx__tangent(y, x)));
}
FX__INLINE float fx__atan2_f32(float y, float x)
{
    return (float)fx__half_plane((double)y, (double)x, fx__atan_wide(fx__tangent((double)y, (double)x)));
}

#endif
