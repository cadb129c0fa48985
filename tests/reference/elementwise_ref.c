/* Elementwise functions, written plainly.
 *
 * At a kink the branch that BASE takes says what the derivative is there (docs: the notes in ops/unary.def
 * and ops/binary.def): a part that does not move has derivative 0.
 */
#include "reference.h"

#include <float.h>
#include <math.h>

/* ---- special functions
 * -------------------------------------------------------------------------------------- */

/* B_2, B_4 ... */
static const quad bernoulli[] = {
    (quad)1 / 6,
    -(quad)1 / 30,
    (quad)1 / 42,
    -(quad)1 / 30,
    (quad)5 / 66,
    -(quad)691 / 2730,
    (quad)7 / 6,
    -(quad)3617 / 510,
    (quad)43867 / 798,
    -(quad)174611 / 330,
    (quad)854513 / 138,
    -(quad)236364091 / 2730,
    (quad)8553103 / 6,
    -(quad)23749461029 / 870,
    (quad)8615841276005 / 14322,
    -(quad)7709321041217 / 510,
};
enum { BERNOULLI = sizeof bernoulli / sizeof bernoulli[0] };

/* sum over k >= 0 of (k + q)^-s, s > 1, by Euler and Maclaurin from 40 on */
static quad hurwitz_zeta(int s, quad q)
{
    quad sum = 0;
    for (; q < 40; q += 1) sum += powq(q, -s);
    quad term = s * powq(q, -s - 1), factorial = 2;
    sum += powq(q, 1 - s) / (s - 1) + powq(q, -s) / 2;
    for (int j = 0; j < BERNOULLI; j++) {
        sum += bernoulli[j] / factorial * term;
        term *= (quad)(s + 2 * j + 1) * (s + 2 * j + 2) / (q * q);
        factorial *= (quad)(2 * j + 3) * (2 * j + 4);
    }
    return sum;
}

static quad digamma(quad x)
{
    quad sum = 0;
    if (isinfq(x)) return x > 0 ? x : (quad)NAN;
    if (x == 0) return copysignq(HUGE_VALQ, -x);
    if (x < 0) {
        const quad part = x - rintq(x);
        if (part == 0) return (quad)NAN;
        return digamma(1 - x) - M_PIq / tanq(M_PIq * part);
    }
    for (; x < 40; x += 1) sum -= 1 / x;
    quad power = 1;
    sum += logq(x) - 1 / (2 * x);
    for (int j = 0; j < BERNOULLI; j++) {
        power /= x * x;
        sum -= bernoulli[j] / (2 * j + 2) * power;
    }
    return sum;
}

/* The n-th derivative of digamma, 0 < n; below 0 by the recurrence. */
static quad polygamma(int n, quad x)
{
    if (n == 0) return digamma(x);
    quad factorial = 1, below = 0;
    for (int k = 2; k <= n; k++) factorial *= k;
    if (x <= 0 && x == floorq(x)) return n % 2 ? HUGE_VALQ : (quad)NAN;
    if (isinfq(x)) return 0;
    for (; x <= 0; x += 1) below += powq(x, -n - 1);
    return (n % 2 ? factorial : -factorial) * (hurwitz_zeta(n + 1, x) + below);
}

/* The inverse of erf by bisection and Newton's steps on erfc, which keeps its digits. */
static quad erfinv(quad x)
{
    const quad size = fabsq(x);
    if (size == 0) return x;
    if (size == 1) return copysignq(HUGE_VALQ, x);
    if (!(size < 1)) return (quad)NAN;
    quad low = 0, high = 12;
    for (int i = 0; i < 60; i++) {
        const quad middle = (low + high) / 2;
        const bool below = size < (quad)0.5 ? erfq(middle) < size : erfcq(middle) > 1 - size;
        if (below)
            low = middle;
        else
            high = middle;
    }
    for (int i = 0; i < 4; i++) {
        const quad miss = size < (quad)0.5 ? erfq(low) - size : (1 - size) - erfcq(low);
        low -= miss / (2 / sqrtq(M_PIq) * expq(-low * low));
    }
    return copysignq(low, x);
}

static quad softplus(quad x) { return x > 0 ? x + log1pq(expq(-x)) : log1pq(expq(x)); }
static quad sinc(quad x)
{
    const quad n = rintq(x), s = sinq(M_PIq * (x - n));
    return x == 0 ? 1 : (fmodq(n, 2) == 0 ? s : -s) / (M_PIq * x);
}
static quad sign(quad b) { return b > 0 ? 1 : b < 0 ? -1 : b; }

/* ---- of one number
 * ------------------------------------------------------------------------------------------ */

UNARY_REFERENCE(neg, -x)
UNARY_REFERENCE(abs, b > 0 ? x : b < 0 ? -x : b == 0 ? 0 : x)
UNARY_REFERENCE(exp, expq(x))
UNARY_REFERENCE(exp2, expq(x *M_LN2q))
UNARY_REFERENCE(expm1, expm1q(x))
UNARY_REFERENCE(log, logq(x))
UNARY_REFERENCE(log2, logq(x) / M_LN2q)
UNARY_REFERENCE(log10, logq(x) / M_LN10q)
UNARY_REFERENCE(log1p, log1pq(x))
UNARY_REFERENCE(sqrt, sqrtq(x))
UNARY_REFERENCE(rsqrt, 1 / sqrtq(x))
UNARY_REFERENCE(reciprocal, 1 / x)
UNARY_REFERENCE(square, x *x)
UNARY_REFERENCE(sin, sinq(x))
UNARY_REFERENCE(cos, cosq(x))
UNARY_REFERENCE(tan, tanq(x))
UNARY_REFERENCE(asin, asinq(x))
UNARY_REFERENCE(acos, acosq(x))
UNARY_REFERENCE(atan, atanq(x))
UNARY_REFERENCE(sinh, sinhq(x))
UNARY_REFERENCE(cosh, coshq(x))
UNARY_REFERENCE(tanh, tanhq(x))
UNARY_REFERENCE(asinh, asinhq(x))
UNARY_REFERENCE(acosh, acoshq(x))
UNARY_REFERENCE(atanh, atanhq(x))
UNARY_REFERENCE(sigmoid, 1 / (1 + expq(-x)))
UNARY_REFERENCE(logsigmoid, -softplus(-x))
UNARY_REFERENCE(relu, b > 0 ? x : b != b ? x : 0)
UNARY_REFERENCE(relu6, b > 0 ? (b < 6 ? x : 6) : b != b ? x : 0)
UNARY_REFERENCE(silu, isinfq(b) && b < 0 ? -(quad)0 : x / (1 + expq(-x)))
UNARY_REFERENCE(mish, isinfq(b) && b < 0 ? -(quad)0 : x * tanhq(softplus(x)))
UNARY_REFERENCE(softsign, x / (1 + (b < 0 ? -x : x)))
UNARY_REFERENCE(tanhshrink, x - tanhq(x))
UNARY_REFERENCE(hardsigmoid, b > -3 ? (b < 3 ? (x + 3) / 6 : 1) : b != b ? x : 0)
UNARY_REFERENCE(hardswish, b > -3 ? (b < 3 ? x * (x + 3) / 6 : x) : b != b ? x : 0)
UNARY_REFERENCE(erf, erfq(x))
UNARY_REFERENCE(erfc, erfcq(x))
UNARY_REFERENCE(erfinv, erfinv(x))
UNARY_REFERENCE(lgamma, lgammaq(x))
UNARY_REFERENCE(angle, b < 0 ? M_PIq : b != b ? b : 0)
UNARY_REFERENCE(digamma, polygamma(0, x))
UNARY_REFERENCE(sinc, sinc(x))
UNARY_REFERENCE(frac, x - truncq(b))
UNARY_REFERENCE(sign, sign(b))
UNARY_REFERENCE(floor, floorq(b))
UNARY_REFERENCE(ceil, ceilq(b))
UNARY_REFERENCE(trunc, truncq(b))
UNARY_REFERENCE(isnan, isnanq(b) ? 1 : 0)
UNARY_REFERENCE(isinf, isinfq(b) ? 1 : 0)
UNARY_REFERENCE(isposinf, isinfq(b) && b > 0)
UNARY_REFERENCE(isneginf, isinfq(b) && b < 0)
UNARY_REFERENCE(isfinite, finiteq(b) ? 1 : 0)
UNARY_REFERENCE(logical_not, b == 0)

/* ---- of two numbers
 * ----------------------------------------------------------------------------------------- */

/* The whole quotient in floor(a / b) and trunc(a / b), exact where a / b would be rounded to an integer. */
static quad quotient(quad a, quad b, bool down)
{
    quad rest = fmodq(a, b);
    if (down && rest != 0 && (rest < 0) != (b < 0)) rest += b;
    return rintq((a - rest) / b);
}
static quad power(quad x, quad y, quad bx, quad by)
{
    if (by == 0 && (bx == 0 || isnanq(bx))) return 1;
    return powq(x, y);
}
static quad log_add(quad a, quad b, bool a_above)
{
    return a_above ? a + log1pq(expq(b - a)) : b + log1pq(expq(a - b));
}

BINARY_REFERENCE(add, x + y)
BINARY_REFERENCE(sub, x - y)
BINARY_REFERENCE(mul, x *y)
BINARY_REFERENCE(div, x / y)
BINARY_REFERENCE(pow, power(x, y, bx, by))
BINARY_REFERENCE(maximum, bx > by ? x : bx < by ? y : bx == by ? (isinfq(bx) ? bx : (x + y) / 2) : (quad)NAN)
BINARY_REFERENCE(minimum, bx<by ? x : bx> by ? y : bx == by ? (isinfq(bx) ? bx : (x + y) / 2) : (quad)NAN)
BINARY_REFERENCE(fmax, isnanq(by) || bx > by ? x : isnanq(bx) || bx < by ? y : isinfq(bx) ? bx : (x + y) / 2)
BINARY_REFERENCE(fmin, isnanq(by) || bx < by ? x : isnanq(bx) || bx > by ? y : isinfq(bx) ? bx : (x + y) / 2)
BINARY_REFERENCE(clamp_min, bx >= by ? x : bx < by ? y : (quad)NAN)
BINARY_REFERENCE(clamp_max, bx <= by ? x : bx > by ? y : (quad)NAN)
BINARY_REFERENCE(atan2, bx == 0 && by == 0 ? atan2q(bx, by) : atan2q(x, y))
BINARY_REFERENCE(hypot, bx == 0 && by == 0 ? 0 : hypotq(x, y))
BINARY_REFERENCE(fmod, by == 0 ? (quad)NAN : x - y * quotient(bx, by, false))
BINARY_REFERENCE(remainder, by == 0 ? (quad)NAN : x - y * quotient(bx, by, true))
BINARY_REFERENCE(copysign, bx == 0 ? copysignq(0, by) : !signbitq(bx) == !signbitq(by) ? x : -x)
BINARY_REFERENCE(logaddexp, isinfq(bx) && bx == by ? bx : log_add(x, y, bx >= by))
BINARY_REFERENCE(logaddexp2, isinfq(bx) && bx == by ? bx : log_add(x * M_LN2q, y *M_LN2q, bx >= by) / M_LN2q)
BINARY_REFERENCE(xlogy, isnanq(by) ? by : bx == 0 && by <= 0 ? 0 : x == 0 ? 0 : x * logq(y))
BINARY_REFERENCE(xlog1py, isnanq(by) ? by : bx == 0 && by <= -1 ? 0 : x == 0 ? 0 : x * log1pq(y))
BINARY_REFERENCE(floor_divide, by == 0 ? bx / by : quotient(bx, by, true))
BINARY_REFERENCE(heaviside, bx > 0 ? 1 : bx < 0 ? 0 : bx == 0 ? by : bx)
BINARY_REFERENCE(eq, bx == by)
BINARY_REFERENCE(ne, bx != by)
BINARY_REFERENCE(lt, bx < by)
BINARY_REFERENCE(le, bx <= by)
BINARY_REFERENCE(gt, bx > by)
BINARY_REFERENCE(ge, bx >= by)
BINARY_REFERENCE(logical_and, bx != 0 && by != 0)
BINARY_REFERENCE(logical_or, bx != 0 || by != 0)
BINARY_REFERENCE(logical_xor, (bx != 0) != (by != 0))

TERNARY_REFERENCE(where, bx != 0 ? y : z)

/* ---- with options
 * ------------------------------------------------------------------------------------------- */

static quad elu(quad x, quad b, quad alpha, quad over) { return b > 0 ? x : alpha * expm1q(x / over); }
static quad gelu(quad x, bool tanh_form)
{
    if (isinfq(x) && x < 0) return -(quad)0;
    if (!tanh_form) return x * erfcq(-x * M_SQRT1_2q) / 2;
    return x / (1 + expq(-2 * sqrtq(2 / M_PIq) * (x + (quad)44715 / 1000000 * x * x * x)));
}
static quad clamped(quad x, quad b, quad low, quad high)
{
    return b > low && b < high ? x : b <= low ? low : b >= high ? high : x;
}
static quad in_unit(quad x, quad b, quad eps)
{
    return eps < 0 ? x : b > 1 - eps ? 1 - eps : b < eps ? eps : x;
}
static quad power_of_ten(int64_t n) { return powq(10, n); }
static quad replaced(fx_ref_call *c, quad x, quad b, bool narrow)
{
    const quad most = narrow ? (quad)FLT_MAX : (quad)DBL_MAX, above = REAL("posinf"), below = REAL("neginf");
    if (isnanq(b)) return REAL("nan");
    if (!isinfq(b)) return x;
    return b > 0 ? (isnanq(above) ? most : above) : isnanq(below) ? -most : below;
}

UNARY_REFERENCE(leaky_relu, b > 0 ? x : REAL("negative_slope") * x)
UNARY_REFERENCE(elu, elu(x, b, REAL("alpha"), 1))
UNARY_REFERENCE(celu, elu(x, b, REAL("alpha"), REAL("alpha")))
UNARY_REFERENCE(selu, (quad)1.05070098735548049342 * elu(x, b, (quad)1.67326324235437728481, 1))
UNARY_REFERENCE(gelu, gelu(x, CHOICE_IS("approximate", "tanh")))
UNARY_REFERENCE(softplus, b *REAL("beta") > REAL("threshold") ? x : softplus(x * REAL("beta")) / REAL("beta"))
UNARY_REFERENCE(softshrink, b > REAL("lambd")    ? x - REAL("lambd")
                            : b < -REAL("lambd") ? x + REAL("lambd")
                            : b != b             ? x
                                                 : 0)
UNARY_REFERENCE(hardshrink, fabsq(b) > REAL("lambd") || b != b ? x : 0)
UNARY_REFERENCE(threshold, b <= REAL("threshold") ? REAL("value") : x)
UNARY_REFERENCE(hardtanh, clamped(x, b, fminq(REAL("min_val"), REAL("max_val")), REAL("max_val")))
UNARY_REFERENCE(nan_to_num, replaced(c, x, b, x_->dtype == FX_F32))
UNARY_REFERENCE(round, rintq(b *power_of_ten(INT("decimals"))) / power_of_ten(INT("decimals")))
UNARY_REFERENCE(logit, logq(in_unit(x, b, REAL("eps")) / (1 - in_unit(x, b, REAL("eps")))))
UNARY_REFERENCE(entr, b == 0 ? 0 : b < 0 ? -HUGE_VALQ : -x * logq(x))

REFERENCE(polygamma)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    EACH (y, i) AT(y, i) = polygamma((int)INT("n"), AT(x, i));
}

REFERENCE(clamp)
{
    fx_ref_tensor *x = TENSOR("x"), *low = TENSOR("min"), *high = TENSOR("max");
    fx_ref_tensor *y = OUT_BROADCAST(0, x, low ? low : x, high ? high : x);
    EACH (y, i) {
        quad value = AT(x, spread(y, i, x)), b = BASE(x, spread(y, i, x));
        if (low && b < BASE(low, spread(y, i, low)))
            value = AT(low, spread(y, i, low)), b = BASE(low, spread(y, i, low));
        if (high && b > BASE(high, spread(y, i, high))) value = AT(high, spread(y, i, high));
        AT(y, i) = value;
    }
}

TERNARY_REFERENCE(lerp, x + z * (y - x))
TERNARY_REFERENCE(addcmul, x + REAL("value") * y * z)
TERNARY_REFERENCE(addcdiv, x + REAL("value") * y / z)

REFERENCES(elementwise, ROW(addcdiv), ROW(addcmul), ROW(celu), ROW(clamp), ROW(elu), ROW(entr), ROW(gelu),
           ROW(angle), ROW(hardshrink), ROW(hardtanh), ROW(leaky_relu), ROW(lerp), ROW(logit),
           ROW(nan_to_num), ROW(polygamma), ROW(round), ROW(selu), ROW(softplus), ROW(softshrink),
           ROW(threshold), ROW(neg), ROW(abs), ROW(exp), ROW(exp2), ROW(expm1), ROW(log), ROW(log2),
           ROW(log10), ROW(log1p), ROW(sqrt), ROW(rsqrt), ROW(reciprocal), ROW(square), ROW(sin), ROW(cos),
           ROW(tan), ROW(asin), ROW(acos), ROW(atan), ROW(sinh), ROW(cosh), ROW(tanh), ROW(asinh), ROW(acosh),
           ROW(atanh), ROW(sigmoid), ROW(logsigmoid), ROW(relu), ROW(relu6), ROW(silu), ROW(mish),
           ROW(softsign), ROW(tanhshrink), ROW(hardsigmoid), ROW(hardswish), ROW(erf), ROW(erfc), ROW(erfinv),
           ROW(lgamma), ROW(digamma), ROW(sinc), ROW(frac), ROW(sign), ROW(floor), ROW(ceil), ROW(trunc),
           ROW(isnan), ROW(isinf), ROW(isposinf), ROW(isneginf), ROW(isfinite), ROW(logical_not), ROW(add),
           ROW(sub), ROW(mul), ROW(div), ROW(pow), ROW(maximum), ROW(minimum), ROW(fmax), ROW(fmin),
           ROW(clamp_min), ROW(clamp_max), ROW(atan2), ROW(hypot), ROW(fmod), ROW(remainder), ROW(copysign),
           ROW(logaddexp), ROW(logaddexp2), ROW(xlogy), ROW(xlog1py), ROW(floor_divide), ROW(heaviside),
           ROW(eq), ROW(ne), ROW(lt), ROW(le), ROW(gt), ROW(ge), ROW(logical_and), ROW(logical_or),
           ROW(logical_xor), ROW(where))
