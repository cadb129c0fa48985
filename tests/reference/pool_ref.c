/* References of pools and interpolations: window by window, as their definitions say. */
#include "reference.h"

enum { MOST = 3 };

/* Windows of each dimension of space: out o reads from[o] ... to[o] in steps; what of it lies outside x is
 * skipped. */
typedef struct windows {
    int ndim;
    int64_t out[MOST], stride[MOST], padding[MOST], kernel[MOST], step[MOST];
    bool adaptive;
} windows;

static int64_t in_of(const fx_ref_tensor *x, const windows *w, int d)
{
    return x->size[x->ndim - w->ndim + d];
}

static void each_of(fx_dims dims, int ndim, const int64_t *otherwise, int64_t fixed, int64_t to[])
{
    for (int d = 0; d < ndim; d++)
        to[d] = dims.given && dims.count ? dims.at[dims.count == 1 ? 0 : d]
                : otherwise              ? otherwise[d]
                                         : fixed;
}

static windows fixed_windows(fx_ref_call *c, const fx_ref_tensor *x, int ndim, bool padded, bool dilated)
{
    windows w = { .ndim = ndim };
    each_of(DIMS("kernel_sizes"), ndim, NULL, 0, w.kernel);
    each_of(DIMS("strides"), ndim, w.kernel, 0, w.stride);
    for (int d = 0; d < ndim; d++) w.padding[d] = 0, w.step[d] = 1;
    if (padded) each_of(DIMS("paddings"), ndim, NULL, 0, w.padding);
    if (dilated) each_of(DIMS("dilations"), ndim, NULL, 1, w.step);
    for (int d = 0; d < ndim; d++) {
        const int64_t in = in_of(x, &w, d), reach = (w.kernel[d] - 1) * w.step[d] + 1;
        w.out[d] = 0;
        /* windows that fit, or, with ceil_mode, that begin before the end of x or of its padding on the left
         */
        while (BOOL("ceil_mode") ? w.out[d] * w.stride[d] - w.padding[d] < in &&
                                       (w.out[d] - 1) * w.stride[d] - w.padding[d] + reach < in + w.padding[d]
                                 : w.out[d] * w.stride[d] - w.padding[d] + reach <= in + w.padding[d])
            w.out[d]++;
    }
    return w;
}

static windows adaptive_windows(fx_ref_call *c, const fx_ref_tensor *x, int ndim)
{
    windows w = { .ndim = ndim, .adaptive = true };
    each_of(DIMS("output_sizes"), ndim, NULL, -1, w.out);
    for (int d = 0; d < ndim; d++) {
        w.step[d] = 1;
        if (w.out[d] < 0) w.out[d] = in_of(x, &w, d);
    }
    return w;
}

static fx_ref_tensor *out_of(fx_ref_call *c, int k, const fx_ref_tensor *x, const windows *w)
{
    int64_t size[FX_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        size[d] = d < x->ndim - w->ndim ? x->size[d] : w->out[d - (x->ndim - w->ndim)];
    return OUT(k, x->ndim, size);
}

static int64_t start_of(const fx_ref_tensor *x, const windows *w, int d, int64_t o)
{
    return w->adaptive ? o * in_of(x, w, d) / w->out[d] : o * w->stride[d] - w->padding[d];
}

static int64_t end_of(const fx_ref_tensor *x, const windows *w, int d, int64_t o)
{
    const int64_t in = in_of(x, w, d);
    return w->adaptive ? ((o + 1) * in + w->out[d] - 1) / w->out[d]
                       : start_of(x, w, d, o) + (w->kernel[d] - 1) * w->step[d] + 1;
}

/* The flat places in x of the window of y's number i; returns how many, and in *padded how many there are
 * with those in the padding. */
static int64_t places_of(const fx_ref_tensor *x, const fx_ref_tensor *y, const windows *w, int64_t i,
                         int64_t *places, int64_t *padded)
{
    int64_t o[FX_MAX_DIMS], count = 1, inside = 0, at[FX_MAX_DIMS];
    const int lead = x->ndim - w->ndim;
    place_of(y, i, o);
    *padded = 1;
    for (int d = 0; d < w->ndim; d++) {
        const int64_t from = start_of(x, w, d, o[lead + d]), to = end_of(x, w, d, o[lead + d]);
        const int64_t last = in_of(x, w, d) + (w->adaptive ? 0 : w->padding[d]);
        count *= (to - from + w->step[d] - 1) / w->step[d];
        *padded *= (to < last ? to : last) - from;
    }
    for (int64_t k = 0; k < count; k++) {
        bool good = true;
        int64_t left = k;
        for (int d = 0; d < lead; d++) at[d] = o[d];
        for (int d = w->ndim; d-- > 0;) {
            const int64_t from = start_of(x, w, d, o[lead + d]), to = end_of(x, w, d, o[lead + d]);
            const int64_t n = (to - from + w->step[d] - 1) / w->step[d];
            at[lead + d] = from + left % n * w->step[d];
            left /= n;
            good = good && at[lead + d] >= 0 && at[lead + d] < in_of(x, w, d);
        }
        if (good) places[inside++] = index_of(x, at);
    }
    return inside;
}

static int64_t *room(fx_ref_call *c, const fx_ref_tensor *x)
{
    return (int64_t *)(void *)NUMBERS(x->numel + 1);
}

/* ---- max -------------------------------------------------------------------------------------------------
 */

static void max_of(fx_ref_call *c, const fx_ref_tensor *x, const windows *w)
{
    fx_ref_tensor *y = out_of(c, 0, x, w), *index = BOOL("return_indices") ? out_of(c, 1, x, w) : NULL;
    int64_t plane = 1, *places = room(c, x), padded;
    for (int d = 0; d < w->ndim; d++) plane *= in_of(x, w, d);
    EACH (y, i) {
        const int64_t n = places_of(x, y, w, i, places, &padded);
        int64_t most = places[0];
        for (int64_t k = 1; k < n; k++) {
            const quad a = BASE(x, places[k]), b = BASE(x, most);
            if (a > b || (isnanq(a) && !isnanq(b))) most = places[k];
        }
        AT(y, i) = AT(x, most);
        if (index) AT(index, i) = (quad)(most % plane);
    }
}

static void fixed_max(fx_ref_call *c, int ndim)
{
    const fx_ref_tensor *x = TENSOR("x");
    const windows w = fixed_windows(c, x, ndim, true, true);
    max_of(c, x, &w);
}

static void adaptive_max(fx_ref_call *c, int ndim)
{
    const fx_ref_tensor *x = TENSOR("x");
    const windows w = adaptive_windows(c, x, ndim);
    max_of(c, x, &w);
}

REFERENCE(max_pool1d) { fixed_max(c, 1); }
REFERENCE(max_pool2d) { fixed_max(c, 2); }
REFERENCE(max_pool3d) { fixed_max(c, 3); }
REFERENCE(adaptive_max_pool1d) { adaptive_max(c, 1); }
REFERENCE(adaptive_max_pool2d) { adaptive_max(c, 2); }
REFERENCE(adaptive_max_pool3d) { adaptive_max(c, 3); }

static void unpool(fx_ref_call *c, int ndim)
{
    const fx_ref_tensor *x = TENSOR("x"), *index = TENSOR("indices");
    windows w = { .ndim = ndim };
    int64_t plane = 1, in = 1;
    each_of(DIMS("kernel_sizes"), ndim, NULL, 0, w.kernel);
    each_of(DIMS("strides"), ndim, w.kernel, 0, w.stride);
    each_of(DIMS("paddings"), ndim, NULL, 0, w.padding);
    const fx_dims size = DIMS("output_size");
    for (int d = 0; d < ndim; d++) {
        w.out[d] = size.given ? size.at[size.count - ndim + d]
                              : (in_of(x, &w, d) - 1) * w.stride[d] - 2 * w.padding[d] + w.kernel[d];
        plane *= w.out[d];
        in *= in_of(x, &w, d);
    }
    fx_ref_tensor *y = out_of(c, 0, x, &w);
    EACH (x, i) AT(y, i / in * plane + INT_AT(index, i)) = AT(x, i);
}

REFERENCE(max_unpool1d) { unpool(c, 1); }
REFERENCE(max_unpool2d) { unpool(c, 2); }
REFERENCE(max_unpool3d) { unpool(c, 3); }

/* ---- averages --------------------------------------------------------------------------------------------
 */

static void averages(fx_ref_call *c, const fx_ref_tensor *x, const windows *w)
{
    fx_ref_tensor *y = out_of(c, 0, x, w);
    int64_t *places = room(c, x), padded;
    EACH (y, i) {
        const int64_t n = places_of(x, y, w, i, places, &padded);
        quad count = (quad)n;
        if (!w->adaptive && BOOL("count_include_pad")) count = (quad)padded;
        if (!w->adaptive && INT("divisor_override")) count = (quad)INT("divisor_override");
        quad sum = 0;
        for (int64_t k = 0; k < n; k++) sum += AT(x, places[k]);
        AT(y, i) = n ? sum / count : 0;
    }
}

static void fixed_average(fx_ref_call *c, int ndim)
{
    const fx_ref_tensor *x = TENSOR("x");
    const windows w = fixed_windows(c, x, ndim, true, false);
    averages(c, x, &w);
}

static void adaptive_average(fx_ref_call *c, int ndim)
{
    const fx_ref_tensor *x = TENSOR("x");
    const windows w = adaptive_windows(c, x, ndim);
    averages(c, x, &w);
}

REFERENCE(avg_pool1d) { fixed_average(c, 1); }
REFERENCE(avg_pool2d) { fixed_average(c, 2); }
REFERENCE(avg_pool3d) { fixed_average(c, 3); }
REFERENCE(adaptive_avg_pool1d) { adaptive_average(c, 1); }
REFERENCE(adaptive_avg_pool2d) { adaptive_average(c, 2); }
REFERENCE(adaptive_avg_pool3d) { adaptive_average(c, 3); }

static void power_average(fx_ref_call *c, int ndim)
{
    const fx_ref_tensor *x = TENSOR("x");
    const windows w = fixed_windows(c, x, ndim, false, false);
    fx_ref_tensor *y = out_of(c, 0, x, &w);
    const quad p = REAL("norm_type");
    int64_t *places = room(c, x), padded;
    EACH (y, i) {
        const int64_t n = places_of(x, y, &w, i, places, &padded);
        quad sum = 0;
        for (int64_t k = 0; k < n; k++) sum += powq(AT(x, places[k]), p);
        AT(y, i) = powq(sum, 1 / p);
    }
}

REFERENCE(lp_pool1d) { power_average(c, 1); }
REFERENCE(lp_pool2d) { power_average(c, 2); }
REFERENCE(lp_pool3d) { power_average(c, 3); }

REFERENCE(local_response_norm)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *y = OUT_LIKE(0, x);
    const int64_t size = INT("size"), channels = x->size[1];
    int64_t inner = 1;
    for (int d = 2; d < x->ndim; d++) inner *= x->size[d];
    EACH (y, i) {
        const int64_t channel = i / inner % channels;
        quad sum = 0;
        for (int64_t k = channel - size / 2; k <= channel + (size - 1) / 2; k++) {
            if (k < 0 || k >= channels) continue;
            const quad a = AT(x, i + (k - channel) * inner);
            sum += a * a;
        }
        AT(y, i) = AT(x, i) / powq(REAL("k") + REAL("alpha") * sum / (quad)size, REAL("beta"));
    }
}

/* ---- interpolation ---------------------------------------------------------------------------------------
 */

enum { TAPS = 4 };

/* Numbers of x that number o of y is made of along a dimension. */
typedef struct taps {
    int count;
    int64_t at[TAPS];
    quad weight[TAPS];
} taps;

static int64_t inside(int64_t at, int64_t in) { return at < 0 ? 0 : at >= in ? in - 1 : at; }

static taps linear_taps(quad place, int64_t in)
{
    const quad p = place < 0 ? 0 : place, part = p - floorq(p);
    const taps t = { 2, { inside((int64_t)p, in), inside((int64_t)p + 1, in) }, { 1 - part, part } };
    return t;
}

/* Keys' kernel, a = -3/4. */
static quad keys(quad d)
{
    const quad a = (quad)-0.75, x = fabsq(d);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static taps cubic_taps(quad place, int64_t in)
{
    taps t = { 4, { 0 }, { 0 } };
    const int64_t first = (int64_t)floorq(place) - 1;
    for (int k = 0; k < 4; k++) {
        t.at[k] = inside(first + k, in);
        t.weight[k] = keys(place - (quad)(first + k));
    }
    return t;
}

typedef struct scale {
    bool linear, cubic, aligned, exact;
    int64_t in, out;
    quad step;
} scale;

static taps taps_of(const scale *s, int64_t o)
{
    const quad middle = s->step * ((quad)o + (quad)0.5);
    if (s->cubic) return cubic_taps(s->aligned ? s->step * (quad)o : middle - (quad)0.5, s->in);
    if (s->linear) return linear_taps(s->aligned ? s->step * (quad)o : middle - (quad)0.5, s->in);
    const taps t = { 1, { inside((int64_t)floorq(s->exact ? middle : s->step * (quad)o), s->in) }, { 1 } };
    return t;
}

static void interpolated(fx_ref_call *c, scale how, bool area, bool recompute)
{
    const fx_ref_tensor *x = TENSOR("x");
    windows w = { .ndim = x->ndim - 2, .adaptive = true, .step = { 1, 1, 1 } };
    scale each[MOST];
    const fx_dims size = DIMS("size");
    const quad factor = REAL("scale_factor");
    for (int d = 0; d < w.ndim; d++) {
        scale *s = &each[d];
        *s = how;
        s->in = in_of(x, &w, d);
        s->out = w.out[d] =
            size.given ? size.at[size.count == 1 ? 0 : d] : (int64_t)((double)s->in * (double)factor);
        s->step = s->aligned                ? (s->out > 1 ? (quad)(s->in - 1) / (quad)(s->out - 1) : 0)
                  : size.given || recompute ? (quad)s->in / (quad)s->out
                                            : 1 / factor;
    }
    if (area) {
        averages(c, x, &w);
        return;
    }
    fx_ref_tensor *y = out_of(c, 0, x, &w);
    EACH (y, i) {
        int64_t o[FX_MAX_DIMS], at[FX_MAX_DIMS];
        taps t[MOST];
        int count = 1;
        place_of(y, i, o);
        for (int d = 0; d < w.ndim; d++) {
            t[d] = taps_of(&each[d], o[2 + d]);
            count *= t[d].count;
        }
        for (int k = 0; k < count; k++) {
            quad weight = 1;
            int left = k;
            at[0] = o[0], at[1] = o[1];
            for (int d = 0; d < w.ndim; d++) {
                at[2 + d] = t[d].at[left % t[d].count];
                weight *= t[d].weight[left % t[d].count];
                left /= t[d].count;
            }
            AT(y, i) += weight * AT(x, index_of(x, at));
        }
    }
}

REFERENCE(interpolate)
{
    const scale s = { .linear = CHOICE_IS("mode", "linear") || CHOICE_IS("mode", "bilinear") ||
                                CHOICE_IS("mode", "trilinear"),
                      .cubic = CHOICE_IS("mode", "bicubic"),
                      .exact = CHOICE_IS("mode", "nearest-exact"),
                      .aligned = BOOL("align_corners") };
    interpolated(c, s, CHOICE_IS("mode", "area"), BOOL("recompute_scale_factor"));
}

REFERENCE(upsample_nearest) { interpolated(c, (scale){ 0 }, false, false); }
REFERENCE(upsample_bilinear) { interpolated(c, (scale){ .linear = true, .aligned = true }, false, false); }

/* Windows whose first is at 0 and whose last ends with x; between, where random numbers say. */
static void fractional(fx_ref_call *c, int ndim)
{
    const fx_ref_tensor *x = TENSOR("x"), *samples = TENSOR("random_samples");
    const int lead = x->ndim - ndim;
    const fx_dims kernels = DIMS("kernel_sizes"), sizes = DIMS("output_sizes");
    int64_t size[FX_MAX_DIMS], at[FX_MAX_DIMS], kernel[3], from[FX_MAX_DIMS], place[FX_MAX_DIMS];
    RANGE (d, x->ndim) size[d] = x->size[d];
    RANGE (d, ndim) {
        kernel[d] = kernels.given ? kernels.at[d] : INT("kernel_size");
        size[lead + d] = sizes.given ? sizes.at[d] : INT("output_size");
    }
    fx_ref_tensor *y = OUT(0, x->ndim, size), *index = OUT(1, x->ndim, size);
    index->dtype = FX_I64;
    EACH (y, i) {
        place_of(y, i, at);
        int64_t plane = 0, count = 1, best = -1, best_place = 0;
        RANGE (d, lead) plane = plane * x->size[d] + at[d];
        RANGE (d, ndim) {
            const int64_t in = x->size[lead + d], out = size[lead + d], o = at[lead + d];
            const double u = (double)BASE(samples, plane * ndim + (ndim == 2 ? 1 - d : d));
            const double step = out > 1 ? (double)(in - kernel[d]) / (double)(out - 1) : 0;
            from[d] = o == out - 1 ? in - kernel[d] : (int64_t)(((double)o + u) * step) - (int64_t)(u * step);
            count *= kernel[d];
        }
        RANGE (k, count) {
            int64_t rest = k, flat = 0;
            RANGE (d, lead) place[d] = at[d];
            for (int d = ndim; d-- > 0; rest /= kernel[d]) place[lead + d] = from[d] + rest % kernel[d];
            RANGE (d, ndim) flat = flat * x->size[lead + d] + place[lead + d];
            const int64_t there = index_of(x, place);
            if (best >= 0 && !(BASE(x, there) > BASE(x, best))) continue;
            best = there;
            best_place = flat;
        }
        AT(y, i) = AT(x, best);
        AT(index, i) = best_place;
    }
}
REFERENCE(fractional_max_pool2d) { fractional(c, 2); }
REFERENCE(fractional_max_pool3d) { fractional(c, 3); }

REFERENCES(pool, ROW(fractional_max_pool2d), ROW(fractional_max_pool3d), ROW(max_pool1d), ROW(max_pool2d),
           ROW(max_pool3d), ROW(adaptive_max_pool1d), ROW(adaptive_max_pool2d), ROW(adaptive_max_pool3d),
           ROW(max_unpool1d), ROW(max_unpool2d), ROW(max_unpool3d), ROW(avg_pool1d), ROW(avg_pool2d),
           ROW(avg_pool3d), ROW(adaptive_avg_pool1d), ROW(adaptive_avg_pool2d), ROW(adaptive_avg_pool3d),
           ROW(lp_pool1d), ROW(lp_pool2d), ROW(lp_pool3d), ROW(local_response_norm), ROW(interpolate),
           ROW(upsample_nearest), ROW(upsample_bilinear))
