/* What the workloads share: numbers that any engine can make, and clocks.
 *
 * A workload starts from the numbers of fill() and labels() alone, so that two engines which do the same work
 * come to the same `check`. Only the library's public functions are used.
 */
#ifndef FLUXION_BENCHMARKS_WORKLOADS_H
#define FLUXION_BENCHMARKS_WORKLOADS_H

#include <fluxion/fluxion.h>

/* `check` of a workload that trains is the loss of this step, counted from 1, before its update. */
enum { CHECK_STEP = 5 };

/* Sequence k, shaped, from low up to high, float32. */
fx_tensor *fill(fx_context *cx, int k, double low, double high, fx_dims shape);

/* n class numbers below classes, from sequence k; int64. */
fx_tensor *labels(fx_context *cx, int k, int64_t n, int classes);

/* Does one step; false after a failure, which the context has. */
typedef bool step_function(void *data);

/* How to time a step: `warm` runs, then `repetitions` of `times` runs each. */
typedef struct pace {
    int times, warm, repetitions;
} pace;

/* The median over the repetitions, in seconds a run; negative after a failure. */
double median_seconds(step_function *step, void *data, pace p);

/* Begins the line of JSON that a workload prints, and ends it; in between numbers may be added. */
void report_begin(const char *workload, const fx_context *cx, double seconds, double check, int digits);
void report_number(const char *key, double value, int digits);
void report_end(void);

/* The workloads: each runs itself on a context of its own and reports. False after a failure. */
typedef bool workload_function(fx_context *cx);
workload_function scalar, deep, elementwise, mlp_tiny, mlp_mnist, mlp_wide, hvp;

#endif
