/* Scans (scan.h). A chain is run by one thread from its start to its end.
 */
#include "scan.h"

#include "parallel.h"

#include <math.h>

typedef struct chain {
    double high, low;
    int64_t place;
} chain;

static double sum_step(chain *c, double v)
{
    double sum = c->high + v, part = sum - c->high;
    double lost = (c->high - (sum - part)) + (v - part);
    c->high = sum;
    if (isfinite(sum)) c->low += lost;
    return sum + c->low;
}

/* high: the largest so far; low: the sum of exp(x - high) without that of the largest. */
static double log_step(chain *c, double v, bool first)
{
    if (first)
        c->high = v, c->low = 0;
    else if (v > c->high)
        c->low = (c->low + 1) * exp(c->high - v), c->high = v;
    else
        c->low += v == c->high ? 1 : exp(v - c->high);
    return c->high + log1p(c->low);
}

#define T float
#define NAME(part) part##_f32
#include "scan_body.h"
#undef T
#undef NAME

#define T double
#define NAME(part) part##_f64
#include "scan_body.h"
#undef T
#undef NAME

static void scan_whole(void *data, int64_t begin, int64_t end)
{
    const fx__scan *s = data;
    const int64_t *x = s->x;
    int64_t *y = s->y;
    for (int64_t task = begin; task < end; task++) {
        int64_t first = task / s->inner * s->count * s->inner + task % s->inner, best = 0, place = 0;
        uint64_t sum = 0;
        for (int64_t k = 0; k < s->count; k++) {
            int64_t at = first + (s->reverse ? s->count - 1 - k : k) * s->inner, v = x[at];
            sum = s->kind == FX__SCAN_SUM ? sum + (uint64_t)v : k ? sum * (uint64_t)v : (uint64_t)v;
            if (k == 0 || (s->kind == FX__SCAN_MAX ? v >= best : v <= best)) best = v, place = k;
            y[at] = s->kind == FX__SCAN_SUM || s->kind == FX__SCAN_PRODUCT ? (int64_t)sum : best;
            if (s->index) s->index[at] = place;
        }
    }
}

void fx__scan_i64(const fx__scan *s)
{
    fx__parallel(s->threads, s->outer * s->inner, 256, scan_whole, (void *)(uintptr_t)s);
}
