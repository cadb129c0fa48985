/* References of sampling at the places of a grid. Which pixels, which reflection and which border is decided
 * where the derivative is wanted (BASE); weights are computed from the moved coordinate. */
#include "reference.h"

enum { MOST = 3, TAPS = 4 };

/* A coordinate: where it is moved to, and the place that decides. */
typedef struct coordinate {
    quad at, base;
} coordinate;

typedef struct taps {
    int count;
    int64_t at[TAPS]; /* -1: outside */
    quad weight[TAPS];
} taps;

static coordinate reflected(coordinate p, int64_t size, bool aligned)
{
    const quad low = aligned ? 0 : (quad)-0.5, span = aligned ? (quad)(size - 1) : (quad)size;
    if (span == 0) return (coordinate){ 0, 0 };
    quad sign = 1;
    p.at -= low, p.base -= low;
    if (p.base < 0) p.at = -p.at, p.base = -p.base;
    const quad flips = floorq(p.base / span);
    p.at -= flips * span, p.base -= flips * span;
    if (fmodq(flips, 2) != 0) p.at = span - p.at, p.base = span - p.base;
    return (coordinate){ sign * p.at + low, p.base + low };
}

static coordinate clipped(coordinate p, int64_t size)
{
    const quad most = (quad)(size - 1);
    if (p.base <= 0) return (coordinate){ 0, 0 };
    if (p.base >= most) return (coordinate){ most, most };
    return p;
}

static coordinate moved_inside(fx_ref_call *c, coordinate p, int64_t size)
{
    if (CHOICE_IS("padding_mode", "reflection")) p = reflected(p, size, BOOL("align_corners"));
    return CHOICE_IS("padding_mode", "zeros") ? p : clipped(p, size);
}

static int64_t pixel(fx_ref_call *c, quad p, int64_t size)
{
    const coordinate inside = moved_inside(c, (coordinate){ p, p }, size);
    return inside.base >= 0 && inside.base <= (quad)(size - 1) ? (int64_t)inside.base : -1;
}

static quad keys(quad d, quad base)
{
    const quad a = (quad)-0.75, x = base < 0 ? -d : d;
    if (fabsq(base) <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

static taps taps_of(fx_ref_call *c, quad g, quad base, int64_t size)
{
    const bool aligned = BOOL("align_corners");
    taps t = { 0, { 0 }, { 0 } };
    coordinate p = { aligned ? (g + 1) / 2 * (quad)(size - 1) : ((g + 1) * (quad)size - 1) / 2,
                     aligned ? (base + 1) / 2 * (quad)(size - 1) : ((base + 1) * (quad)size - 1) / 2 };
    if (CHOICE_IS("mode", "bicubic")) {
        const quad low = floorq(p.base);
        for (t.count = 0; t.count < 4; t.count++) {
            const quad at = low + (quad)(t.count - 1);
            t.at[t.count] = pixel(c, at, size);
            t.weight[t.count] = keys(p.at - at, p.base - at);
        }
        return t;
    }
    p = moved_inside(c, p, size);
    if (CHOICE_IS("mode", "nearest")) {
        const quad at = rintq(p.base);
        t.count = 1;
        t.at[0] = at >= 0 && at <= (quad)(size - 1) ? (int64_t)at : -1;
        t.weight[0] = 1;
        return t;
    }
    const quad low = floorq(p.base);
    for (t.count = 0; t.count < 2; t.count++) {
        const quad at = low + (quad)t.count;
        t.at[t.count] = at >= 0 && at <= (quad)(size - 1) ? (int64_t)at : -1;
        t.weight[t.count] = t.count ? p.at - low : 1 - (p.at - low);
    }
    return t;
}

REFERENCE(grid_sample)
{
    const fx_ref_tensor *x = TENSOR("x"), *grid = TENSOR("grid");
    const int ndim = x->ndim - 2;
    int64_t size[FX_MAX_DIMS] = { x->size[0], x->size[1] }, places = 1;
    for (int d = 0; d < ndim; d++) places *= size[2 + d] = grid->size[1 + d];
    fx_ref_tensor *y = OUT(0, x->ndim, size);
    EACH (y, i) {
        taps t[MOST];
        int count = 1;
        const int64_t o = i % places, channel = i / places, n = channel / size[1];
        for (int d = 0; d < ndim; d++) {
            const int64_t at = (n * places + o) * ndim + (ndim - 1 - d);
            t[d] = taps_of(c, AT(grid, at), BASE(grid, at), x->size[2 + d]);
            count *= t[d].count;
        }
        for (int k = 0; k < count; k++) {
            int64_t at = channel;
            quad weight = 1;
            int left = k;
            bool inside = true;
            for (int d = 0; d < ndim; d++) {
                const int tap = left % t[d].count;
                left /= t[d].count;
                inside = inside && t[d].at[tap] >= 0;
                at = at * x->size[2 + d] + t[d].at[tap];
                weight *= t[d].weight[tap];
            }
            if (inside) AT(y, i) += weight * AT(x, at);
        }
    }
}

REFERENCE(affine_grid)
{
    const fx_ref_tensor *theta = TENSOR("theta");
    const fx_dims size = DIMS("size");
    const int ndim = size.count - 2;
    int64_t out[FX_MAX_DIMS] = { size.at[0] };
    for (int d = 0; d < ndim; d++) out[1 + d] = size.at[2 + d];
    out[1 + ndim] = ndim;
    fx_ref_tensor *y = OUT(0, ndim + 2, out);
    EACH (y, i) {
        int64_t at[FX_MAX_DIMS];
        place_of(y, i, at);
        const int64_t row = (at[0] * ndim + at[ndim + 1]) * (ndim + 1);
        AT(y, i) = AT(theta, row + ndim);
        for (int d = 0; d < ndim; d++) {
            const quad n = (quad)out[1 + d], k = (quad)at[1 + d];
            const quad p = BOOL("align_corners") ? (n > 1 ? 2 * k / (n - 1) - 1 : 0) : (2 * k + 1) / n - 1;
            AT(y, i) += AT(theta, row + ndim - 1 - d) * p;
        }
    }
}

REFERENCES(grid, ROW(grid_sample), ROW(affine_grid))
