/* Special functions of one number, in double; float goes through double. For vmath.h and the files that have
 * them.
 */
#ifndef FLUXION_KERNELS_SPECIAL_H
#define FLUXION_KERNELS_SPECIAL_H

#include <math.h>
#include <stdbool.h>

/* special.c */
double fx__lgamma_f64(double x);
double fx__polygamma_f64(int n, double x); /* n = 0: digamma */
double fx__erfinv_f64(double x);

/* special_erfc.c */
double fx__erfcx_integral_f64(int n, double x); /* n = 0: exp(x^2) erfc(x) */
double fx__log_ndtr_f64(double x);
double fx__log_ndtr_slope_f64(double x);
double fx__mills_f64(int n, double x);
double fx__ndtri_f64(double p);
double fx__ndtri_slope_f64(double p);

/* special_bessel.c */
double fx__bessel_i_f64(int n, double x);         /* modified, of the first kind */
double fx__bessel_moment_f64(int k, double size); /* the k-th derivative of exp(-x) I_0(x), its sign aside */
double fx__i0_f64(double x);
double fx__i1_f64(double x);
double fx__i0e_f64(double x);
double fx__i1e_f64(double x);
double fx__i1e_slope_f64(double x);

#define FX__TERMS(series) (int)(sizeof(series) / sizeof *(series))

/* The sum of c[k] T_k(t), by Clenshaw. */
static inline double fx__chebyshev(int count, const double *c, double t)
{
    double b = 0, after = 0;
    for (int k = count; k-- > 1;) {
        const double next = 2 * t * b - after + c[k];
        after = b;
        b = next;
    }
    return t * b - after + c[0];
}

#endif
