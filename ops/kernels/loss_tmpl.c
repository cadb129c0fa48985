/* Losses of numbers, compiled per instruction set (loss.h). Numbers are widened to double in chunks, on which
 * a row of loss.def is one loop. Sums run in lanes over blocks of fixed length, so the bits depend neither on
 * threads nor on the instruction set.
 */
#include "loss.h"

#include "parallel.h"
#include "vmath.h"

#include <math.h>

#define M(name) fx__##name##_f64

enum { LANES = 16, CHUNK = 256 };

/* A chunk of numbers, widened. */
typedef struct chunk {
    double x[CHUNK], t[CHUNK], v[CHUNK], e[CHUNK];
    double a, b;
} chunk;

static inline double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
static inline double above(double x) { return x < -100 ? -100 : x; }
static inline double at_least(double x, double least) { return x < least ? least : x; }
/* t log t - t + log(2 pi t) / 2, for t > 1 */
static inline double stirling(double t, double wanted)
{
    double term = t * M(log)(t) - t + 0.5 * M(log)(6.283185307179586476925286766559 * t);
    return wanted != 0 && t > 1 ? term : 0;
}
static inline double stirling_slope(double t, double wanted)
{
    double slope = M(log)(t) + 0.5 / t;
    return wanted != 0 && t > 1 ? slope : 0;
}

#define LOOP(function, expression)                                                                           \
    static void function(chunk *c)                                                                           \
    {                                                                                                        \
        const double a = c->a, b = c->b;                                                                     \
        (void)a, (void)b;                                                                                    \
        for (int i = 0; i < CHUNK; i++) {                                                                    \
            const double x = c->x[i], t = c->t[i], v = c->v[i];                                              \
            (void)x, (void)t, (void)v;                                                                       \
            c->e[i] = expression;                                                                            \
        }                                                                                                    \
    }
#define LOSS(name, value, slope_x, slope_t)                                                                  \
    LOOP(name##_value, value) LOOP(name##_slope_x, slope_x) LOOP(name##_slope_t, slope_t)
#include "loss.def"
#undef LOSS

typedef void loop(chunk *c);
static loop *const loops[FX__LOSSES][3] = {
#define LOSS(name, value, slope_x, slope_t)                                                                  \
    [FX__LOSS_##name] = { name##_value, name##_slope_x, name##_slope_t },
#include "loss.def"
#undef LOSS
};

/* Reads n numbers from the i-th on; those that are missing stay as they are. NULL: ones. */
static void widen(const void *from, bool wide, int64_t i, int64_t n, double *to)
{
    if (!from)
        for (int64_t k = 0; k < n; k++) to[k] = 1;
    else if (wide)
        for (int64_t k = 0; k < n; k++) to[k] = ((const double *)from)[i + k];
    else
        for (int64_t k = 0; k < n; k++) to[k] = (double)((const float *)from)[i + k];
}

static void narrow(void *to, bool wide, int64_t i, int64_t n, const double *from)
{
    if (wide)
        for (int64_t k = 0; k < n; k++) ((double *)to)[i + k] = from[k];
    else
        for (int64_t k = 0; k < n; k++) ((float *)to)[i + k] = (float)from[k];
}

static void read_chunk(const fx__loss *l, int64_t i, int64_t n, chunk *c)
{
    widen(l->x, l->wide, i, n, c->x);
    widen(l->t, l->wide, i, n, c->t);
    if (l->v) widen(l->v, l->wide, i, n, c->v);
}

static chunk chunk_of(const fx__loss *l)
{
    chunk c = { .a = l->a, .b = l->b };
    for (int k = 0; k < CHUNK; k++) c.x[k] = c.t[k] = 0.5, c.v[k] = 1;
    return c;
}

static void times(double *e, const double *w, int64_t n)
{
    for (int64_t k = 0; k < n; k++) e[k] *= w[k];
}

static void forward_block(void *data, int64_t begin, int64_t end)
{
    const fx__loss *l = data;
    chunk c = chunk_of(l);
    double lane[LANES] = { 0 }, w[CHUNK];
    for (int64_t i = begin; i < end; i += CHUNK) {
        const int64_t n = end - i < CHUNK ? end - i : CHUNK;
        read_chunk(l, i, n, &c);
        loops[l->row][0](&c);
        if (l->w) widen(l->w, l->wide, i, n, w), times(c.e, w, n);
        if (l->y) {
            narrow(l->y, l->wide, i, n, c.e);
            continue;
        }
        for (int64_t k = n; k < CHUNK; k++) c.e[k] = 0;
        for (int k = 0; k < CHUNK; k += LANES)
            for (int j = 0; j < LANES; j++) lane[j] += c.e[k + j];
    }
    if (l->y) return;
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) lane[j] += lane[j + half];
    l->sum[begin / FX__LOSS_BLOCK] = lane[0];
}

static void gradient_block(void *data, int64_t begin, int64_t end)
{
    const fx__loss *l = data;
    chunk c = chunk_of(l);
    double w[CHUNK];
    for (int64_t i = begin; i < end; i += CHUNK) {
        const int64_t n = end - i < CHUNK ? end - i : CHUNK;
        read_chunk(l, i, n, &c);
        for (int to = 1; to <= 2; to++) {
            void *gx = to == 1 ? l->gx : l->gt;
            if (!gx) continue;
            loops[l->row][to](&c);
            if (l->w) widen(l->w, l->wide, i, n, w), times(c.e, w, n);
            if (l->g)
                widen(l->g, l->wide, i, n, w), times(c.e, w, n);
            else
                for (int64_t k = 0; k < n; k++) c.e[k] *= l->scale;
            narrow(gx, l->wide, i, n, c.e);
        }
    }
}

static void forward(const fx__loss *l)
{
    fx__parallel(l->threads, l->n, FX__LOSS_BLOCK, forward_block, (void *)(uintptr_t)l);
}

static void gradient(const fx__loss *l)
{
    fx__parallel(l->threads, l->n, FX__LOSS_BLOCK, gradient_block, (void *)(uintptr_t)l);
}

extern const fx_loss_kernels FX_KERNEL_TABLE(loss);
const fx_loss_kernels FX_KERNEL_TABLE(loss) = { .forward = forward, .gradient = gradient };
