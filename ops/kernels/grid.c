/* Sampling of images at places of a grid: see the header.
 *
 * Conventions at kinks are PyTorch's: at a border the coordinate has no slope, between pixels the lower one
 * decides.
 */
#include "grid.h"

#include "parallel.h"

#include <math.h>

enum { MOST_TAPS = 16 };

typedef struct job {
    const fx__grid *grid;
    int64_t plane;
    const void *from;
    void *to;
} job;

/* Pixels of one dimension, and their weights. */
typedef struct taps {
    int count;
    int64_t at[4];
    double weight[4];
} taps;

/* ---- coordinates ------------------------------------------------------------------------------------------
 */

/* Mirrors p at the ends: pixels' middles where corners align, else their outer edges. */
static double reflected(double p, int64_t size, bool aligned, double *slope)
{
    const double low = aligned ? 0 : -0.5, span = aligned ? (double)(size - 1) : (double)size;
    if (span == 0) {
        *slope = 0;
        return 0;
    }
    const double from = p - low, distance = fabs(from), extra = fmod(distance, span);
    if (from < 0) *slope = -*slope;
    if (fmod(floor(distance / span), 2) == 0) return extra + low;
    *slope = -*slope;
    return span - extra + low;
}

static double clipped(double p, int64_t size, double *slope)
{
    if (p > 0 && p < (double)(size - 1)) return p;
    *slope = 0;
    return p <= 0 ? 0 : p >= (double)(size - 1) ? (double)(size - 1) : p; /* NaN stays */
}

/* A pixel's number, moved inside as the padding says; -1: outside. */
static int64_t pixel(const fx__grid *g, int64_t size, double p)
{
    double slope = 1;
    if (g->padding == FX__GRID_REFLECTION) p = reflected(p, size, g->aligned, &slope);
    if (g->padding != FX__GRID_ZEROS) p = clipped(p, size, &slope);
    return p >= 0 && p <= (double)(size - 1) ? (int64_t)p : -1;
}

/* ---- weights ----------------------------------------------------------------------------------------------
 */

/* Keys' cubic convolution, a = -3/4, of a pixel just below the place, `part` away, and of the one before
 * that: in factors, so that small weights keep their digits; rest = 1 - part. And their derivatives in part.
 */
static double cubic_near(double part, double rest, int order)
{
    switch (order) {
    case 0: return rest * (1 + part - 1.25 * part * part);
    case 1: return part * (3.75 * part - 4.5);
    case 2: return 7.5 * part - 4.5;
    default: return order == 3 ? 7.5 : 0;
    }
}

static double cubic_far(double part, double rest, int order)
{
    switch (order) {
    case 0: return -0.75 * part * rest * rest;
    case 1: return -0.75 * rest * (1 - 3 * part);
    case 2: return 3 - 4.5 * part;
    default: return order == 3 ? -4.5 : 0;
    }
}

/* The pixels above mirror those below: each derivative changes the sign. */
static double odd(double x, int order) { return order % 2 ? -x : x; }

static void add(taps *t, int64_t at, double weight)
{
    if (at < 0) return;
    t->at[t->count] = at;
    t->weight[t->count++] = weight;
}

static void cubic_taps(const fx__grid *g, int64_t size, double p, double scale, int order, taps *t)
{
    const double low = floor(p), part = p - low, rest = 1 - part;
    const double weight[] = { cubic_far(part, rest, order), cubic_near(part, rest, order),
                              odd(cubic_near(rest, part, order), order),
                              odd(cubic_far(rest, part, order), order) };
    int64_t at[4];
    for (int k = 0; k < 4; k++) at[k] = pixel(g, size, low + (double)(k - 1));
    if (at[0] == at[3] && at[0] == at[1] && at[0] == at[2]) { /* beyond the border: the weights sum to one */
        add(t, at[0], order ? 0 : 1);
        return;
    }
    for (int k = 0; k < 4; k++) add(t, at[k], weight[k] * scale);
}

static void linear_taps(int64_t size, double p, double scale, int order, taps *t)
{
    const double low = floor(p), part = p - low;
    const double weight[] = { order == 0   ? 1 - part
                              : order == 1 ? -1
                                           : 0,
                              order == 0   ? part
                              : order == 1 ? 1
                                           : 0 };
    for (int k = 0; k < 2; k++) {
        const double at = low + (double)k;
        add(t, at >= 0 && at <= (double)(size - 1) ? (int64_t)at : -1, weight[k] * scale);
    }
}

/* The taps along dimension d of x for a coordinate of the grid, differentiated order[d] times. */
static void taps_along(const fx__grid *g, int d, double coordinate, taps *t)
{
    const int64_t size = g->size[d];
    const int order = g->order[d];
    double slope = (g->aligned ? (double)(size - 1) : (double)size) / 2;
    double p =
        g->aligned ? (coordinate + 1) / 2 * (double)(size - 1) : ((coordinate + 1) * (double)size - 1) / 2;
    t->count = 0;
    if (g->mode != FX__GRID_BICUBIC) {
        if (g->padding == FX__GRID_REFLECTION) p = reflected(p, size, g->aligned, &slope);
        if (g->padding != FX__GRID_ZEROS) p = clipped(p, size, &slope);
    }
    double scale = 1;
    for (int k = 0; k < order; k++) scale *= slope;
    if (p != p) {
        add(t, 0, p);
        return;
    }
    p = fmin(fmax(p, -0x1p40), 0x1p40);
    if (g->mode == FX__GRID_NEAREST) {
        const double at = nearbyint(p);
        add(t, at >= 0 && at <= (double)(size - 1) ? (int64_t)at : -1, order ? 0 : 1);
    } else if (g->mode == FX__GRID_BICUBIC)
        cubic_taps(g, size, p, scale, order, t);
    else
        linear_taps(size, p, scale, order, t);
}

/* Every tap so far with every tap of one dimension more. Returns how many that are. */
static int multiply(const taps *t, int64_t size, int count, int64_t at[], double weight[])
{
    for (int k = t->count; k-- > 0;) /* the first last: it overwrites */
        for (int i = 0; i < count; i++) {
            at[k * count + i] = at[i] * size + t->at[k];
            weight[k * count + i] = weight[i] * t->weight[k];
        }
    return t->count * count;
}

/* ---- loops ------------------------------------------------------------------------------------------------
 */

#define T float
#define NAME(function) f32_##function
#include "grid_body.h"
#undef T
#undef NAME

#define T double
#define NAME(function) f64_##function
#include "grid_body.h"
#undef T
#undef NAME

static int64_t plane_of(const fx__grid *g)
{
    int64_t n = 1;
    for (int d = 0; d < g->ndim; d++) n *= g->size[d];
    return n;
}

void fx__grid_sample(int threads, const fx__grid *g, const void *x, void *y)
{
    job j = { g, plane_of(g), x, y };
    const int64_t grain = 4096 / (g->channels + 4) + 1;
    fx__parallel(threads, g->batch * g->places, grain, g->f64 ? f64_sample : f32_sample, &j);
}

void fx__grid_spread(int threads, const fx__grid *g, const void *y, void *x)
{
    job j = { g, plane_of(g), y, x };
    const int64_t work = (g->places + j.plane) * (g->channels + 4), grain = work > 0 ? 16384 / work + 1 : 1;
    fx__parallel(threads, g->batch, grain, g->f64 ? f64_spread : f32_spread, &j);
}
