/* Derivatives by differences, as exact as double can tell, each with what it may be off.
 *
 * The function is a curve: it gives `count` numbers for one. Step after halved step, Richardson's
 * extrapolation (Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982) makes a table of ever higher
 * order; what is taken is the entry that agrees best with its neighbours, but none is trusted beyond the
 * rounding of the curve's own values.
 */
#ifndef FLUXION_OPS_DIFFERENCES_H
#define FLUXION_OPS_DIFFERENCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fx__curve {
    int64_t count;
    /* y = the numbers at t; NaN where it has none. False: stop, something failed. */
    bool (*at)(void *data, double t, double *y);
    void *data;
    const double *centre;   /* count: the numbers at x */
    const double *rounding; /* count: relative, of each number: 2^-53 of a double */
} fx__curve;

typedef struct fx__slope {
    double value, error; /* error: infinite if nothing can be said */
} fx__slope;

size_t fx__differences_work(int64_t count); /* bytes of working memory, aligned as doubles are */

/* From both sides of x, with steps of a tenth of `scale` and less. Outputs that do not move at all, here and
 * at two places farther off, have slope and error 0. False if the curve said so. */
bool fx__central_slopes(const fx__curve *f, double x, double scale, fx__slope *slope, void *work);

/* From one side, 1 or -1. */
bool fx__side_slopes(const fx__curve *f, double x, double scale, int side, fx__slope *slope, void *work);

#endif
