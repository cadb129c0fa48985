/* Values and derivatives of a function by its reference: what tests compare the library with.
 *
 * The interface is in the library's tensors and in doubles, so that code of any compiler can use it; the
 * comparisons happen inside, in quads, number by number, and there is no absolute floor. Let a be the
 * library's number and r the reference's:
 *
 *     float64   |a - r| <= 4 eps max(2, log2 n) (|r| + sum |terms|)      values, gradients; eps = 2^-53
 *     float32   |a - r| <= 4e-7 |r|                                      where a number depends on one of
 * each input |a - r| <= 1e-6 max(|r|, sum |terms|)                    elsewhere second derivatives: 1e-12 and
 * 2e-5 times (|r| + sum |terms|)
 *
 * n numbers go into the one compared; the terms are the seed's with the Jacobian's numbers, each with its
 * condition, the sum over the inputs of |x d/dx|. To that comes what the differences themselves may be off,
 * about 1e-26. What is zero must be zero.
 */
#ifndef FLUXION_TESTS_DIFFERENCES_H
#define FLUXION_TESTS_DIFFERENCES_H

#include <fluxion/ops.h>

typedef struct fx_ref fx_ref;

/* What comparisons found, summed up. */
typedef struct fx_ref_report {
    int64_t checked; /* numbers compared */
    int64_t skipped; /* numbers whose derivative the differences cannot tell (at NaN and infinities) */
    int64_t failed;
    double worst;   /* the largest |a - r| over what was allowed */
    char text[240]; /* of it, if it is above 1 */
} fx_ref_report;

bool fx_ref_exists(const fx_function *f);

/* A function at some arguments. diff: the tensors among them to differentiate by. given: what the library
 * returned, for functions of random numbers, else 0. NULL never; a test ends when memory is out or a
 * reference is at fault. */
fx_ref *fx_ref_open(const fx_function *f, const void *args, int diffs, fx_tensor *const diff[], int given,
                    fx_tensor *const out[]);
void fx_ref_close(fx_ref *r);

int fx_ref_outputs(const fx_ref *r);

/* Output k against y; false: the shapes differ, and nothing was compared. */
bool fx_ref_check_value(fx_ref *r, int k, fx_tensor *y, fx_ref_report *report);

/* Computes gradients under seeds, one an output or NULL, and, if directions are given, one a tensor of diff,
 * the second derivatives of s = sum <gradient, direction>. */
void fx_ref_differentiate(fx_ref *r, fx_tensor *const seeds[], fx_tensor *const directions[]);

/* The gradient in diff[i]; its second derivative; ds/d(seed of output k). NULL stands for zeros. formula: the
 * gradient was composed of ops, whose roundings its condition magnifies, also in float32. */
bool fx_ref_check_gradient(fx_ref *r, int i, fx_tensor *gradient, bool formula, fx_ref_report *report);
bool fx_ref_check_second(fx_ref *r, int i, fx_tensor *second, fx_ref_report *report);
bool fx_ref_check_cotangent(fx_ref *r, int k, fx_tensor *cotangent, fx_ref_report *report);

#endif
