/* Powers of float numbers, through the logarithm in double: x^y = 2^(y log2 |x|), and the cases of IEEE 754
 * picked without a branch.
 */
#ifndef FLUXION_KERNELS_VMATH_POW_H
#define FLUXION_KERNELS_VMATH_POW_H

#include "vmath_log.h"

FX__INLINE float fx__pow_f32(float base, float exponent)
{
    const double x = (double)base, y = (double)exponent, size = fabs(x), round = 0x1.8p52;
    double m;
    const double k = fx__split_f64(size, &m), l = k + fx__log_sum_f64(0, m - 1, 0) * 0x1.71547652b82fep+0;
    double z = fx__exp_wide(y * l * 0x1.62e42fefa39efp-1);
    const int whole = (y + round) - round == y, even = (y * 0.5 + round) - round == y * 0.5;
    /* sizes at the ends: of 0, of infinity, of infinite exponents */
    const double rising = y > 0 ? (double)INFINITY : 0, falling = y > 0 ? 0 : (double)INFINITY;
    z = size == 0 ? falling : z;
    z = size == (double)INFINITY ? rising : z;
    const double at_end = size > 1 ? rising : size < 1 ? falling : 1;
    z = fabs(y) == (double)INFINITY ? at_end : z;
    /* signs: odd powers keep the base's, broken powers of negative numbers have none */
    const double sign = (whole & !even) ? copysign(1.0, x) : 1.0;
    z = ((x < 0) & !whole & (size < (double)INFINITY)) ? (double)NAN : z * sign;
    z = x != x ? x : z;
    z = y != y ? y : z;
    return (float)(((x == 1) | (y == 0)) ? 1 : z);
}

FX__INLINE float fx__hypot_f32(float x, float y)
{
    const double a = (double)x, b = (double)y;
    const float z = (float)sqrt(a * a + b * b);
    return ((fabsf(x) == INFINITY) | (fabsf(y) == INFINITY)) ? INFINITY : z;
}

#endif
