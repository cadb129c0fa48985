/* Special functions of one number, in double: the logarithm of the gamma function and its derivatives, and
 * the inverse of erf.
 *
 * Formulas from the Digital Library of Mathematical Functions (dlmf.nist.gov): 5.11.2 and 25.11.43, the
 * asymptotic series of digamma and of the Hurwitz zeta function; 5.5.2 and 5.15.5, recurrences; 5.5.4 and
 * 5.15.6, reflections.
 */
#include "special.h"

static const double pi = 3.14159265358979323846;

double fx__lgamma_f64(double x)
{
    int sign; /* lgamma() would write a global */
    return lgamma_r(x, &sign);
}

/* B_2k / (2k)!-free: the Bernoulli numbers B_2, B_4 ... */
static const double bernoulli[] = { 1.0 / 6,       -1.0 / 30,       1.0 / 42,       -1.0 / 30,
                                    5.0 / 66,      -691.0 / 2730,   7.0 / 6,        -3617.0 / 510,
                                    43867.0 / 798, -174611.0 / 330, 854513.0 / 138, -236364091.0 / 2730 };
enum { BERNOULLI = sizeof bernoulli / sizeof bernoulli[0] };

/* tan without the rounding of pi x: x is reduced to [-1/2, 1/2] first. */
static double tan_pi(double x)
{
    x -= rint(x);
    return tan(pi * x);
}

/* Its positive zero, in two parts. */
static const double zero_high = 0x1.762d86356be3fp+0, zero_low = 0x1.be5c7f9b9b6fp-54;

static double digamma(double x)
{
    if (isnan(x) || x == INFINITY) return x;
    if (x == 0) return copysign(INFINITY, -x);
    if (x < 0) {
        if (x == floor(x)) return NAN;
        return digamma(1 - x) - pi / tan_pi(x);
    }
    if (fabs(x - zero_high) < 0.25) {
        /* Near the zero terms would cancel: the series digamma(x) = sum over k of (x - z) / ((k + x)(k + z)).
         */
        const double d = (x - zero_high) - zero_low;
        double sum = 0;
        int k = 0;
        for (; k < 40; k++) sum += 1 / ((k + x) * (k + zero_high));
        /* The rest of the sum is (digamma(x + k) - digamma(z + k)) / d, with no cancellation in the leading
         * term: log1p(d / (z + k)) and differences of the series' terms. */
        const double a = k + x, b = k + zero_high;
        double rest = log1p(d / b) / (d == 0 ? 1 : d);
        if (d == 0) rest = 1 / b;
        rest += 0.5 / (a * b); /* -(1/2)(1/a - 1/b) / d */
        const double ra = 1 / (a * a), rb = 1 / (b * b);
        rest += (a + b) / (a * a * b * b) / 12; /* -(1/12)(1/a^2 - 1/b^2) / d */
        rest -= (a + b) * (ra + rb) * ra * rb / 120;
        rest += (a + b) * (ra * ra + ra * rb + rb * rb) * ra * rb / 252;
        return d * (sum + rest);
    }
    double shift = 0;
    while (x < 16) shift += 1 / x++;
    const double r = 1 / (x * x);
    double sum = 0;
    for (int k = BERNOULLI; k-- > 0;) sum = (sum + bernoulli[k] / (2 * (k + 1))) * r;
    return log(x) - 0.5 / x - sum - shift;
}

/* zeta(s, q) = sum over k >= 0 of (k + q)^-s, s > 1, q > 0, by Euler and Maclaurin. */
static double hurwitz_zeta(double s, double q)
{
    double sum = 0;
    int k = 0;
    for (; k < 24 || (k + q < 24 && k < 64); k++) sum += pow(k + q, -s);
    const double a = k + q, power = pow(a, -s);
    double tail = a * power / (s - 1) + 0.5 * power, term = s * power / a, factorial = 2;
    for (int j = 0; j < BERNOULLI; j++) {
        tail += bernoulli[j] / factorial * term;
        term *= (s + 2 * j + 1) * (s + 2 * j + 2) / (a * a);
        factorial *= (2 * j + 3) * (2 * j + 4);
    }
    return sum + tail;
}

/* The n-th derivative of pi cot(pi x), n >= 1, as a polynomial in cot: each differentiation maps c^k to -pi k
 * (c^(k-1) + c^(k+1)). */
static double cot_derivative(int n, double x)
{
    double p[64] = { 0, 1 }, c = 1 / tan_pi(x), value = 0;
    if (n > 60) return NAN;
    for (int d = 0; d < n; d++) {
        double q[64] = { 0 };
        for (int k = 1; k <= d + 1; k++) {
            q[k - 1] -= k * p[k];
            q[k + 1] -= k * p[k];
        }
        for (int k = 0; k < 64; k++) p[k] = q[k];
    }
    for (int k = n + 1; k >= 0; k--) value = value * c + p[k];
    return value * pow(pi, n + 1);
}

double fx__polygamma_f64(int n, double x)
{
    if (n == 0) return digamma(x);
    if (n < 0 || isnan(x)) return NAN;
    if (x <= 0 && x == floor(x)) return n % 2 ? INFINITY : NAN;
    if (x == INFINITY) return n % 2 ? 0.0 : -0.0;
    if (x < 0) {
        const double mirrored = fx__polygamma_f64(n, 1 - x);
        return (n % 2 ? -mirrored : mirrored) - cot_derivative(n, x);
    }
    const double value = exp(lgamma(n + 1.0)) * hurwitz_zeta(n + 1.0, x);
    return n % 2 ? value : -value;
}

/* A start from Winitzki's formula (2008), then Halley's steps on erf, or on erfc where x is near 1. */
double fx__erfinv_f64(double x)
{
    if (!(fabs(x) < 1)) return fabs(x) == 1 ? copysign(INFINITY, x) : NAN;
    if (x == 0) return x;
    const double a = 0.147, size = fabs(x), l = log1p(-size * size), t = 2 / (pi * a) + 0.5 * l;
    double y = sqrt(sqrt(t * t - l / a) - t);
    for (int i = 0; i < 4; i++) {
        const double slope = 1.12837916709551257390 * exp(-y * y);
        const double miss = size < 0.5 ? erf(y) - size : (1 - size) - erfc(y);
        const double step = miss / slope;
        y -= step / (1 + y * step);
    }
    return copysign(y, x);
}
