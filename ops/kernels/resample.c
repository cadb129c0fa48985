/* Linear maps along one dimension: see the header.
 */
#include "resample.h"

#include "parallel.h"

typedef struct job {
    const fx__taps *taps;
    int64_t inner;
    const void *x;
    void *y;
} job;

#define T float
#define NAME(function) f32_##function
#include "resample_body.h"
#undef T
#undef NAME

#define T double
#define NAME(function) f64_##function
#include "resample_body.h"
#undef T
#undef NAME

void fx__taps_transpose(const fx__taps *taps, fx__taps *to)
{
    const int64_t count = taps->first[taps->out];
    to->in = taps->out;
    to->out = taps->in;
    for (int64_t i = 0; i <= taps->in; i++) to->first[i] = 0;
    for (int64_t t = 0; t < count; t++) to->first[taps->at[t] + 1]++;
    for (int64_t i = 0; i < taps->in; i++) to->first[i + 1] += to->first[i];
    /* filling a row moves its start to its end, which is the next one's start: so they are shifted back */
    for (int64_t o = 0; o < taps->out; o++)
        for (int64_t t = taps->first[o]; t < taps->first[o + 1]; t++) {
            const int64_t place = to->first[taps->at[t]]++;
            to->at[place] = o;
            to->weight[place] = taps->weight[t];
        }
    for (int64_t i = taps->in; i > 0; i--) to->first[i] = to->first[i - 1];
    to->first[0] = 0;
}

void fx__resample_run(int threads, bool f64, const fx__taps *taps, int64_t outer, int64_t inner,
                      const void *x, void *y)
{
    job j = { taps, inner, x, y };
    const int64_t work = (taps->first[taps->out] + taps->out) * inner,
                  grain = work > 0 ? (32 << 10) / work + 1 : outer + 1;
    fx__parallel(threads, outer, grain, f64 ? f64_block : f32_block, &j);
}
