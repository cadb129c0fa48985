/* Modified Bessel functions of the first kind, and the moments that the scaled ones' derivatives are.
 *
 * J_k(x), the mean over all a of exp(-x (1 - cos a)) (1 - cos a)^k, is positive for x >= 0, J_0 = exp(-x)
 * I_0(x) and J_k' = -J_{k+1}: so derivatives of exp(-|x|) I_0(x) and exp(-|x|) I_1(x) = +-(J_0 - J_1) keep
 * their digits. The first three are Chebyshev series. Beyond, and for I_n, n > 1: power series, whose terms
 * are all positive (Kummer's transformation for J_k), and for large x the asymptotic series
 * (DLMF 10.25.2, 10.40.1, 13.7).
 */
#include "special_bessel.h"
#include "special.h"

static const double pi = 3.14159265358979323846;

typedef struct pieces {
    const double *at[4];
    int count[4];
} pieces;
#define PIECES(name)                                                                                         \
    {                                                                                                        \
        { name##_0, name##_1, name##_3, name##_8 },                                                          \
        {                                                                                                    \
            FX__TERMS(name##_0), FX__TERMS(name##_1), FX__TERMS(name##_3), FX__TERMS(name##_8)               \
        }                                                                                                    \
    }

/* x >= 0; times x^-(power / 2) in the last piece. */
static double piecewise(const pieces *p, double x, int power)
{
    if (x <= 1) return fx__chebyshev(p->count[0], p->at[0], 2 * x - 1);
    if (x <= 3) return fx__chebyshev(p->count[1], p->at[1], x - 2);
    if (x <= 8) return fx__chebyshev(p->count[2], p->at[2], (2 * x - 11) / 5);
    double y = fx__chebyshev(p->count[3], p->at[3], 16 / x - 1) / sqrt(x);
    for (int k = 1; k < power; k += 2) y /= x;
    return y;
}

static double moment_sum(int k, double x)
{
    if (x > 30) {
        double term = tgamma(k + 0.5) * pow(x, -k - 0.5), sum = 0;
        for (int m = 0; m < 40 && term > 1e-18 * sum; m++) {
            sum += term;
            term *= (0.5 + m) * (k + m + 0.5) / (2 * x * (m + 1));
        }
        return sum / (pi * sqrt(2.0));
    }
    double c = 1, term = 1, sum = 0;
    for (int i = 1; i <= k; i++) c *= (2.0 * i - 1) / i;
    for (int m = 0; m < 400 && term > 1e-18 * sum; m++) {
        sum += term;
        term *= (0.5 + m) / (k + 1.0 + m) * (2 * x) / (m + 1);
    }
    return c * exp(-2 * x) * sum;
}

double fx__bessel_moment_f64(int k, double x)
{
    static const pieces first[] = { PIECES(moment0), PIECES(moment1), PIECES(moment2) };
    if (isnan(x)) return x;
    if (x == INFINITY) return 0;
    return k < 3 ? piecewise(&first[k], x, 2 * k + 1) : moment_sum(k, x);
}

double fx__i0e_f64(double x) { return fx__bessel_moment_f64(0, fabs(x)); }

double fx__i1e_f64(double x)
{
    static const pieces over_x = PIECES(i1e);
    if (isnan(x)) return x;
    return isinf(x) ? copysign(0, x) : x * piecewise(&over_x, fabs(x), 3);
}

/* The derivative of exp(-|x|) I_1(x). */
double fx__i1e_slope_f64(double x)
{
    const double size = fabs(x);
    return fx__bessel_moment_f64(2, size) - fx__bessel_moment_f64(1, size);
}

/* exp in two steps: it overflows before the product does. */
static double grown(double y, double x)
{
    const double half = exp(0.5 * fabs(x));
    return fabs(x) < 700 ? y * exp(fabs(x)) : y * half * half;
}
double fx__i0_f64(double x) { return isinf(x) ? INFINITY : grown(fx__i0e_f64(x), x); }
double fx__i1_f64(double x) { return isinf(x) ? x : grown(fx__i1e_f64(x), x); }

static double bessel_i_sum(int n, double x)
{
    double term = 1, sum = 0;
    if (x > 20 + n * n) {
        for (int k = 0; k < 60 && fabs(term) > 1e-18 * fabs(sum); k++) {
            sum += term;
            term *= -(4.0 * n * n - (2.0 * k + 1) * (2 * k + 1)) / (8 * x * (k + 1));
        }
        return grown(sum / sqrt(2 * pi * x), x);
    }
    for (int i = 1; i <= n; i++) term *= 0.5 * x / i;
    for (int k = 0; k < 400 && term > 1e-18 * sum; k++) {
        sum += term;
        term *= 0.25 * x * x / ((k + 1.0) * (n + k + 1.0));
    }
    return sum;
}

double fx__bessel_i_f64(int n, double x)
{
    n = n < 0 ? -n : n;
    if (n < 2) return n ? fx__i1_f64(x) : fx__i0_f64(x);
    if (isnan(x)) return x;
    const double y = isinf(x) ? INFINITY : bessel_i_sum(n, fabs(x));
    return n % 2 && x < 0 ? -y : y;
}
