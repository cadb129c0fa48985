/* Numbers that depend on their index alone, medians of times, lines of JSON. */
#include "workloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Number i (from 0) of sequence k, in [0, 1): the upper 24 bits of a mix of the two, which float32 holds
 * exactly. */
static double uniform(uint64_t i, uint64_t k)
{
    uint64_t z = (i + 1 + k * 1000003) * 0x9E3779B97F4A7C15;
    z = (z ^ z >> 32) * 0xD6E8FEB86659FD93;
    return (double)((z ^ z >> 32) >> 40) / (1 << 24);
}

static int64_t count_of(fx_dims shape)
{
    int64_t n = 1;
    for (int d = 0; d < shape.count; d++) n *= shape.at[d];
    return n;
}

fx_tensor *fill(fx_context *cx, int k, double low, double high, fx_dims shape)
{
    fx_tensor *x = fx_empty_at(cx, FX_F32, shape, FX_HERE);
    if (!x) return NULL;
    float *numbers = fx_data(x);
    for (int64_t i = 0; i < count_of(shape); i++)
        numbers[i] = (float)(low + (high - low) * uniform((uint64_t)i, (uint64_t)k));
    return x;
}

fx_tensor *labels(fx_context *cx, int k, int64_t n, int classes)
{
    fx_tensor *x = fx_empty(cx, FX_I64, n);
    if (!x) return NULL;
    int64_t *numbers = fx_data(x);
    for (int64_t i = 0; i < n; i++) numbers[i] = (int64_t)(uniform((uint64_t)i, (uint64_t)k) * classes);
    return x;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median_seconds(step_function *step, void *data, pace p)
{
    enum { MOST = 64 };
    double took[MOST];
    for (int i = 0; i < p.warm; i++)
        if (!step(data)) return -1;
    for (int r = 0; r < p.repetitions && r < MOST; r++) {
        const double begin = seconds();
        for (int i = 0; i < p.times; i++)
            if (!step(data)) return -1;
        took[r] = (seconds() - begin) / p.times;
    }
    qsort(took, (size_t)p.repetitions, sizeof *took, ascending);
    return took[p.repetitions / 2];
}

void report_begin(const char *workload, const fx_context *cx, double seconds, double check, int digits)
{
    printf("{\"w\": \"%s\", \"threads\": %d, \"us\": %.2f, \"check\": %.*f", workload, fx_threads(cx),
           seconds * 1e6, digits, check);
}

void report_number(const char *key, double value, int digits)
{
    printf(", \"%s\": %.*f", key, digits, value);
}

void report_end(void)
{
    printf("}\n");
    fflush(stdout);
}
