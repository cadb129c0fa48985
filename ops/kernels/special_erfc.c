/* The repeated integrals of erfc, scaled, and what is made of them: erfcx, the logarithm of the normal
 * distribution, its inverse.
 *
 * E_n(x) = exp(x^2) i^n erfc(x) (DLMF 7.18) is positive, and E_n' = -2 (n + 1) E_{n+1}: derivatives of erfcx
 * of any order have no terms that cancel. For x >= 1/4 the first are Chebyshev series of (1 + 2 x)^{n+1} E_n,
 * the others follow from Miller's recurrence downwards. Below, the recurrence goes upwards, 2 n E_n = E_{n-2}
 * - 2 x E_{n-1}, whose terms are positive below 0 and cancel little up to 1/4.
 */
#include "special_erfc.h"
#include "special.h"
#include "vmath_erf.h"

static const double root_pi = 1.77245385090551602730, root_half = 0.70710678118654752440;

static double erfcx_series(int n, double x)
{
    static const struct {
        const double *at;
        int count;
    } series[] = { { erfcx_0, FX__TERMS(erfcx_0) },
                   { erfcx_1, FX__TERMS(erfcx_1) },
                   { erfcx_2, FX__TERMS(erfcx_2) },
                   { erfcx_3, FX__TERMS(erfcx_3) },
                   { erfcx_4, FX__TERMS(erfcx_4) } };
    const double t = x > 1e17 ? 1 : (x - 4) / (x + 4), d = 1 / (1 + 2 * x);
    double y = fx__chebyshev(series[n].count, series[n].at, t);
    for (int k = 0; k <= n; k++) y *= d;
    return y;
}

/* From far above n downwards, where i^-1 erfc, 2 / sqrt pi when scaled, gives the size. */
static double erfcx_miller(int n, double x)
{
    double above = 0, here = 1e-280, wanted = 0;
    for (int k = n + 40 + (int)(330 / (x * x)); k >= 0; k--) {
        if (k == n) wanted = here;
        const double below = 2 * x * here + 2 * (k + 1) * above;
        above = here;
        here = below;
        if (here > 1e250) {
            here *= 1e-300;
            above *= 1e-300;
            wanted *= 1e-300;
        }
    }
    return 2 / root_pi * (wanted / here);
}

double fx__erfcx_integral_f64(int n, double x)
{
    if (isnan(x) || x == INFINITY) return isnan(x) ? x : 0;
    if (x >= 0.25) return n <= 4 ? erfcx_series(n, x) : erfcx_miller(n, x);
    /* exp(x^2) to its last digits: the square's rounding is put back. */
    const double square = x * x, rest = fma(x, x, -square), e = exp(square);
    double before = 2 / root_pi, here = (isinf(e) ? e : e + e * rest) * erfc(x);
    for (int k = 1; k <= n; k++) {
        const double next = (before - 2 * x * here) / (2 * k);
        before = here;
        here = next;
    }
    return here;
}

/* ---- the normal distribution ---- */

/* phi(x) / Phi(x), the derivative of ln Phi. */
double fx__log_ndtr_slope_f64(double x)
{
    if (x > 0) return fx__normal_pdf_f64(x) / fx__normal_cdf_f64(x);
    if (x == -INFINITY) return INFINITY;
    return isnan(x) ? x : 0.79788456080286535588 / fx__erfcx_integral_f64(0, -x * root_half);
}

/* M_n = 2^(n/2) n! E_n(z) / E_0(z) of z = -x / sqrt 2: M_1 = x + phi / Phi, M_n' = M_{n+1} - M_n M_1. */
double fx__mills_f64(int n, double x)
{
    if (isnan(x) || n == 0) return n == 0 ? 1 : x;
    if (x < 0) {
        if (x < -1e15) return n == 1 ? -1 / x : n == 2 ? 2 / x / x : 0; /* E_0 and E_n are tiny */
        double scale = 1;
        for (int k = 1; k <= n; k++) scale *= k / root_half;
        return scale * fx__erfcx_integral_f64(n, -x * root_half) / fx__erfcx_integral_f64(0, -x * root_half);
    }
    double before = 1, here = x + fx__log_ndtr_slope_f64(x);
    for (int k = 2; k <= n; k++) {
        const double next = (k - 1) * before + x * here;
        before = here;
        here = next;
    }
    return here;
}

double fx__log_ndtr_f64(double x)
{
    if (x > -1) return log1p(-fx__normal_cdf_f64(-x));
    if (isnan(x) || x == -INFINITY) return x;
    return log(0.5 * fx__erfcx_integral_f64(0, -x * root_half)) - 0.5 * x * x;
}

/* Below a quarter, Newton's steps on ln Phi, which is nearly a parabola there; nearer to the middle, erfinv.
 */
double fx__ndtri_f64(double p)
{
    if (!(p > 0 && p < 1)) return p == 0 ? -INFINITY : p == 1 ? INFINITY : NAN;
    const bool upper = p > 0.5;
    const double q = upper ? 1 - p : p;
    if (q > 0.25) return fx__erfinv_f64(2 * p - 1) / root_half;
    const double logarithm = log(q), r = sqrt(-2 * logarithm);
    double y =
        -r + (2.515517 + r * (0.802853 + r * 0.010328)) /
                 (1 + r * (1.432788 + r * (0.189269 + r * 0.001308))); /* Abramowitz and Stegun, 26.2.23 */
    for (int k = 0; k < 3; k++) {
        const double slope = fx__log_ndtr_slope_f64(y), miss = (fx__log_ndtr_f64(y) - logarithm) / slope;
        /* Halley's: the second derivative is -slope (y + slope) */
        y -= miss / (1 + 0.5 * miss * fx__mills_f64(1, y));
    }
    return upper ? -y : y;
}

/* 1 / phi(ndtri(p)); phi = q times the slope of ln Phi, which the rounding of ndtri hardly moves. */
double fx__ndtri_slope_f64(double p)
{
    const double q = p > 0.5 ? 1 - p : p, y = fx__ndtri_f64(q);
    if (!(q > 0)) return q == 0 ? INFINITY : NAN;
    return 1 / (q * fx__log_ndtr_slope_f64(y));
}
