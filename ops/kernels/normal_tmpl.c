/* Normalisation, compiled per instruction set (normal.h).
 */
#include "normal.h"

#include "parallel.h"

#include <math.h>

enum { NORMAL_LANES = 16, NORMAL_WIDE = 64 };

static double total(double *lane)
{
    for (int half = NORMAL_LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) lane[j] += lane[j + half];
    return lane[0];
}

/* Units lie side by side, and only so. */
static bool columns(const fx__normal *s) { return s->inner == 1 && s->outer > 1; }

/* gx = a h - shift - slope (x - mean), given the sums over the unit of h and of h times the normalised x.
 *
 * Where a unit has so few numbers that nothing is left but what eps lets through (two that are centred, one
 * that is not), the terms would cancel; then gx = (h - mean of h) eps scale^3 is the same in one term. */
static void coefficients(const fx__normal *s, int64_t u, double h, double hx, double at[4])
{
    const int64_t count = s->outer * s->inner;
    const double n = (double)count, scale = s->scale[u];
    at[0] = s->mean[u];
    at[1] = scale, at[2] = 0, at[3] = 0;
    if (s->given) return;
    if (count == (s->centred ? 2 : 1)) {
        at[1] = s->eps * scale * scale * scale;
        at[2] = s->centred ? at[1] * h / n : 0;
        return;
    }
    at[2] = s->centred ? scale * h / n : 0;
    at[3] = scale * scale * hx / n;
}

#define T float
#define NAME(function) f32_##function
#include "normal_body.h"
#undef T
#undef NAME

#define T double
#define NAME(function) f64_##function
#include "normal_body.h"
#undef T
#undef NAME

static void forward(const fx__normal *s)
{
    fx__parallel(s->threads, s->units, fx__normal_grain(s), s->wide ? f64_forward_block : f32_forward_block,
                 (void *)(uintptr_t)s);
}

static void gradient(const fx__normal *s)
{
    fx__parallel(s->threads, s->units, fx__normal_grain(s), s->wide ? f64_gradient_block : f32_gradient_block,
                 (void *)(uintptr_t)s);
}

extern const fx_normal_kernels FX_KERNEL_TABLE(normal);
const fx_normal_kernels FX_KERNEL_TABLE(normal) = { .forward = forward, .gradient = gradient };
