/* Properties: what is true of every sample of every function of the registry.
 *
 *     PROPERTY(leaks_nothing)
 *     {
 *         EACH_SAMPLE (walk, f, FX_LAYOUT_ROWS) { ... expect(t, good, "what is wrong") ... }
 *     }
 *
 * is one parameterised Criterion test with one parameter a function: a process costs about 9 ms, a sample
 * some microseconds, so samples are looped over inside. What is checked is counted, in all processes, and the
 * sum printed at the end. */
#ifndef FLUXION_TESTS_PROPERTIES_H
#define FLUXION_TESTS_PROPERTIES_H

#include "sample.h"
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

enum { MOST_FAILURES = 6 };

/* One function under one property. */
typedef struct trial {
    const fx_function *f;
    const fx_sample *sample; /* the one being tried, for messages */
    fx_dtype dtype;
    int64_t checks, skipped;
    int failures;
} trial;

/* Counts a check; says what is wrong if it is not good (the first few times). Returns good. */
bool expect(trial *t, bool good, const char *format, ...) __attribute__((format(printf, 3, 4)));
void counted(trial *t, int64_t checks, int64_t skipped);

/* Runs a property for a function and adds what it checked to the sum of the run. */
void try_property(const fx_function *f, void (*property)(trial *t));
struct criterion_test_params property_parameters(void);

#define PROPERTY(name)                                                                                       \
    static void property_##name(trial *t);                                                                   \
    ParameterizedTestParameters(properties, name) { return property_parameters(); }                          \
    ParameterizedTest(size_t *index, properties, name, .timeout = 600)                                       \
    {                                                                                                        \
        try_property(fx_functions(&(int){ 0 })[*index], property_##name);                                    \
    }                                                                                                        \
    static void property_##name(trial *t)

/* Calls body for each sample that must not be refused, in float32 and float64 (a sample of fixed dtypes
 * once). */
void each_sample(trial *t, void (*body)(trial *t, void *data), void *data);

/* ---- a sample run on a context of its own -------------------------------------------------------------- */

typedef struct pass {
    fx_context *cx;
    fx_sample_call call;
    int outs;
    fx_tensor *out[FX_MAX_OUTPUTS];
    fx_tensor *seed[FX_MAX_OUTPUTS];    /* NULL where an output has no gradient */
    fx_tensor *grad[FX_SAMPLE_TENSORS]; /* in each of call.diff; NULL: none */
} pass;

/* How to run it; zeroed: row-major, one thread. */
typedef struct pass_options {
    fx_sample_layout layout;
    bool flat;
    uint64_t only;
    int threads;
    fx_allocator allocator;
    bool zero_seed;
    bool differentiable_seed;
} pass_options;

/* Makes a context, the arguments, calls the function and makes seeds. False when any of that failed; then,
 * too, pass_end() must follow. */
bool pass_begin(pass *p, trial *t, pass_options options);
void pass_end(pass *p);

/* Fills grad. False after an error, of which the trial hears unless it is NULL. */
bool pass_gradient(pass *p, trial *t, bool create_graph, bool retain_graph);
bool pass_has_gradient(const pass *p); /* some output has one */

/* The same bits, dtype and shape; or both are NULL. */
bool same_bits(const fx_tensor *a, const fx_tensor *b);
/* All numbers, converted; the caller frees them. */
double *numbers_of(const fx_tensor *x);

#endif
