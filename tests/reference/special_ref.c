/* Special functions in quadruple precision, by series and by the functions of libquadmath.
 */
#include "reference.h"

#include <math.h>

/* exp(-|x|) I_n(x) over exp(|x|): the power series, whose terms are positive; for large x the asymptotic one.
 */
static quad bessel_i_scaled(int n, quad x)
{
    const quad size = fabsq(x);
    quad term = 1, sum = 0;
    if (isinfq(x)) return 0;
    if (size > 150) {
        for (int k = 0; k < 100 && fabsq(term) > (quad)1e-36 * fabsq(sum); k++) {
            sum += term;
            term *= ((quad)(2 * k + 1) * (2 * k + 1) - 4 * n * n) / (8 * size * (k + 1));
        }
        return sum / sqrtq(2 * M_PIq * size) * (n % 2 && x < 0 ? -1 : 1);
    }
    for (int i = 1; i <= n; i++) term *= x / 2 / i;
    for (int k = 0; k < 2000 && (k < 2 || fabsq(term) > (quad)1e-37 * fabsq(sum)); k++) {
        sum += term;
        term *= x * x / 4 / ((quad)(k + 1) * (n + k + 1));
    }
    return sum * expq(-size);
}
static quad bessel_i(int n, quad x)
{
    if (isinfq(x)) return n % 2 ? x : fabsq(x);
    return bessel_i_scaled(n, x) * expq(fabsq(x));
}
/* exp(-|x|) I_n, moved from the side of b: at 0 it does not move. */
static quad bessel_ie(int n, quad x, quad b)
{
    if (b == 0 && n == 0) return 1;
    if (b == 0) return x / 2 * (1 - 0 * x); /* its slope there, and no second one */
    return bessel_i_scaled(n, x);
}

static quad erfcx(quad x)
{
    if (x < 80) return expq(x * x) * erfcq(x);
    if (isinfq(x)) return 0;
    quad term = 1, sum = 0; /* DLMF 7.12.1 */
    for (int k = 0; k < 200 && fabsq(term) > (quad)1e-36 * fabsq(sum); k++) {
        sum += term;
        term *= -(2 * k + 1) / (2 * x * x);
    }
    return sum / (x * sqrtq(M_PIq));
}
static quad ndtr(quad x) { return erfcq(-x * M_SQRT1_2q) / 2; }
static quad log_ndtr(quad x)
{
    if (isinfq(x)) return x > 0 ? 0 : x;
    if (x > 0) return log1pq(-ndtr(-x));
    return logq(erfcx(-x * M_SQRT1_2q) / 2) - x * x / 2;
}

/* By bisection and Newton's steps, on ln Phi below 1/4 and on Phi - 1/2 nearer to the middle. */
static quad ndtri(quad p)
{
    if (p == 0 || p == 1) return p == 0 ? -HUGE_VALQ : HUGE_VALQ;
    if (!(p > 0 && p < 1)) return (quad)NAN;
    if (p > (quad)0.5) return -ndtri(1 - p);
    const bool far = p < (quad)0.25;
    quad low = -50, high = 1;
    for (int i = 0; i < 70; i++) {
        const quad middle = (low + high) / 2;
        const bool below = far ? log_ndtr(middle) < logq(p) : erfq(middle * M_SQRT1_2q) / 2 < p - (quad)0.5;
        if (below)
            low = middle;
        else
            high = middle;
    }
    for (int i = 0; i < 4; i++) {
        const quad pdf = expq(-low * low / 2) / sqrtq(2 * M_PIq);
        low -= far ? (log_ndtr(low) - logq(p)) * ndtr(low) / pdf
                   : (erfq(low * M_SQRT1_2q) / 2 - (p - (quad)0.5)) / pdf;
    }
    return low;
}

UNARY_REFERENCE(i0, bessel_i(0, x))
UNARY_REFERENCE(i1, bessel_i(1, x))
UNARY_REFERENCE(i0e, bessel_ie(0, x, b))
UNARY_REFERENCE(i1e, bessel_ie(1, x, b))
UNARY_REFERENCE(erfcx, erfcx(x))
UNARY_REFERENCE(ndtr, ndtr(x))
UNARY_REFERENCE(log_ndtr, log_ndtr(x))
UNARY_REFERENCE(ndtri, ndtri(x))

REFERENCE(frexp)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *mantissa = OUT_LIKE(0, x), *exponent = OUT_LIKE(1, x);
    exponent->dtype = FX_I32;
    EACH (x, i) {
        int e = 0;
        const quad b = BASE(x, i);
        if (finiteq(b)) frexpq(b, &e);
        AT(mantissa, i) = b == 0 || !finiteq(b) ? b : ldexpq(AT(x, i), -e);
        AT(exponent, i) = e;
    }
}

REFERENCE(mvlgamma)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *y = OUT_LIKE(0, x);
    const int64_t p = INT("p");
    EACH (x, i) {
        quad sum = (quad)p * (p - 1) / 4 * logq(M_PIq);
        RANGE (j, p) sum += lgammaq(AT(x, i) - (quad)j / 2);
        AT(y, i) = sum;
    }
}

REFERENCES(special, ROW(erfcx), ROW(frexp), ROW(i0), ROW(i0e), ROW(i1), ROW(i1e), ROW(log_ndtr),
           ROW(mvlgamma), ROW(ndtr), ROW(ndtri))
