/* The functions of vmath.h in quadruple precision; compiled by gcc alone.
 */
#include "vmath_loops.h"

#include <float.h>
#include <math.h>
#if defined(__SIZEOF_FLOAT128__) && __LDBL_MANT_DIG__ < 113
#include <quadmath.h>
typedef __float128 quad;
#else
typedef long double quad;
#include "tests/reference/long_double.h"
#endif

static quad slope(quad x)
{
    const quad e = expq(-fabsq(x));
    return e / ((1 + e) * (1 + e));
}

static quad value(int function, quad x)
{
    switch (function) {
#define FUNCTION(name, expression, ...)                                                                      \
    case VMATH_##name:                                                                                       \
        return expression;
#include "vmath.def"
#undef FUNCTION
    }
    return 0;
}

static quad value2(int function, quad a, quad b)
{
    switch (function) {
#define FUNCTION2(name, expression, ...)                                                                     \
    case VMATH2_##name:                                                                                      \
        return expression;
#include "vmath2.def"
#undef FUNCTION2
    }
    return 0;
}

static double ulps(int f64, quad right, double y)
{
    if (isnanq(right)) return isnan(y) ? 0 : HUGE_VAL;
    if (isnan(y)) return HUGE_VAL;
    const quad most = f64 ? (quad)DBL_MAX : (quad)FLT_MAX,
               overflow = most * (1 + (quad)(f64 ? 0x1p-54 : 0x1p-25));
    if (fabsq(right) >= overflow) return isinf(y) && (y > 0) == (right > 0) ? 0 : HUGE_VAL;
    if (isinf(y)) { /* within an ulp of the largest number */
        if (fabsq(right) < most * (1 - (quad)(f64 ? 0x1p-51 : 0x1p-22)) || (y > 0) != (right > 0))
            return HUGE_VAL;
        return 1;
    }
    if ((y == 0 || right == 0) && !!signbit(y) != !!signbitq(right)) return HUGE_VAL;
    if (right == 0) return y == 0 ? 0 : HUGE_VAL;
    int exponent;
    frexpq(right, &exponent);
    exponent -= f64 ? 53 : 24;
    const int least = f64 ? -1074 : -149;
    if (exponent < least) exponent = least;
    return (double)(fabsq((quad)y - right) / ldexpq(1, exponent));
}

double vmath_error(int function, int f64, double x, double y)
{
    return ulps(f64, value(function, (quad)x), y);
}
double vmath_error2(int function, int f64, double a, double b, double y)
{
    return ulps(f64, value2(function, (quad)a, (quad)b), y);
}
