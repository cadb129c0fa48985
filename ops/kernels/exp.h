/* exp in plain arithmetic, for loops that the compiler turns into vectors: no table, no call, no branch.
 *
 * x = n ln 2 + r with |r| <= ln 2 / 2; exp r by its Taylor series (whose rest is below half an ulp), 2^n by
 * putting n into the exponent, in two halves so that results below the smallest normal number round once. n
 * ln 2 is exact: the high part of ln 2 has as many zeros at its end as n has bits. Errors stay below 1.1 ulp.
 * Built without contraction, so every instruction set gives the same bits. NaN gives NaN.
 */
#ifndef FLUXION_KERNELS_EXP_H
#define FLUXION_KERNELS_EXP_H

#include <stdint.h>
#include <string.h>

/* In a file of many loops compilers run out of their budget for inlining, and a loop with a call has no
 * vectors. */
#define FX__INLINE static inline __attribute__((always_inline))

FX__INLINE float fx__exp_f32(float x)
{
    x = x < -104.0f ? -104.0f : x; /* below: 0 */
    x = x > 89.0f ? 89.0f : x;     /* above: infinity */
    const float round = 0x1.8p23f;
    float shifted = x * 0x1.715476p+0f + round, n = shifted - round;
    const float a_ = x - n * 0x1.62ep-1f, b_ = n * 0x1.0bfbe8p-15f, r = a_ - b_, lost = (a_ - r) - b_;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r * r + lost + r + 1.0f;
    int32_t bits, low;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int32_t)((uint32_t)bits << 9) >> 9; /* n: the low bits of the sum with `round` */
    low = bits >> 1;
    int32_t a = (int32_t)((uint32_t)(low + 127) << 23), b = (int32_t)((uint32_t)(bits - low + 127) << 23);
    float two_a, two_b;
    memcpy(&two_a, &a, sizeof a);
    memcpy(&two_b, &b, sizeof b);
    return p * two_a * two_b;
}

FX__INLINE double fx__exp_f64(double x)
{
    x = x < -746.0 ? -746.0 : x;
    x = x > 710.0 ? 710.0 : x;
    const double round = 0x1.8p52;
    double shifted = x * 0x1.71547652b82fep+0 + round, n = shifted - round;
    double r = x - n * 0x1.62e42fefap-1;
    r = r - n * 0x1.cf79abc9e3b3ap-40;
    double p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r * r + r + 1.0;
    int64_t bits, low;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int64_t)((uint64_t)bits << 13) >> 13;
    low = bits >> 1;
    int64_t a = (int64_t)((uint64_t)(low + 1023) << 52), b = (int64_t)((uint64_t)(bits - low + 1023) << 52);
    double two_a, two_b;
    memcpy(&two_a, &a, sizeof a);
    memcpy(&two_b, &b, sizeof b);
    return p * two_a * two_b;
}

#endif
