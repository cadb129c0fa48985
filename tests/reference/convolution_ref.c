/* References of convolutions: the sum that defines one, tap by tap. */
#include "reference.h"

enum { MOST = 3 };

typedef struct geometry {
    int ndim;
    bool alone; /* x has no batch */
    int64_t batch, groups, stride[MOST], padding[MOST], dilation[MOST], extra[MOST];
} geometry;

static void each_of(fx_dims dims, int ndim, int64_t otherwise, int64_t to[])
{
    for (int d = 0; d < ndim; d++)
        to[d] = dims.given && dims.count ? dims.at[dims.count == 1 ? 0 : d] : otherwise;
}

static geometry geometry_of(fx_ref_call *c, const fx_ref_tensor *x, const fx_ref_tensor *w, bool transposed)
{
    geometry g = { .ndim = w->ndim - 2, .alone = x->ndim == w->ndim - 1 };
    g.batch = g.alone ? 1 : x->size[0];
    g.groups = INT("groups") ? INT("groups") : 1;
    each_of(DIMS("strides"), g.ndim, 1, g.stride);
    each_of(DIMS("paddings"), g.ndim, 0, g.padding);
    each_of(DIMS("dilations"), g.ndim, 1, g.dilation);
    if (transposed) each_of(DIMS("output_paddings"), g.ndim, 0, g.extra);
    return g;
}

/* How many places x has from dimension `from` on. */
static int64_t places(const fx_ref_tensor *x, int from)
{
    int64_t n = 1;
    for (int d = from; d < x->ndim; d++) n *= x->size[d];
    return n;
}

/* The place in large that place q of small meets at tap t; -1: none. */
static int64_t meets(const geometry *g, const fx_ref_tensor *small, const fx_ref_tensor *large,
                     const fx_ref_tensor *w, int64_t q, int64_t t)
{
    int64_t at[MOST], place = 0;
    for (int d = g->ndim; d-- > 0;) {
        const int64_t qn = small->size[small->ndim - g->ndim + d], tn = w->size[2 + d];
        at[d] = q % qn * g->stride[d] + t % tn * g->dilation[d] - g->padding[d];
        q /= qn, t /= tn;
        if (at[d] < 0 || at[d] >= large->size[large->ndim - g->ndim + d]) return -1;
    }
    for (int d = 0; d < g->ndim; d++) place = place * large->size[large->ndim - g->ndim + d] + at[d];
    return place;
}

static void bias(fx_ref_tensor *y, const geometry *g, const fx_ref_tensor *b, int64_t channels)
{
    const int64_t n = places(y, y->ndim - g->ndim);
    EACH (y, i)
        if (b) AT(y, i) = AT(b, i / n % channels);
}

static void convolved(fx_ref_call *c)
{
    fx_ref_tensor *x = TENSOR("x"), *w = TENSOR("weight");
    geometry g = geometry_of(c, x, w, false);
    int64_t size[FX_MAX_DIMS];
    int ndim = 0;
    if (!g.alone) size[ndim++] = x->size[0];
    size[ndim++] = w->size[0];
    for (int d = 0; d < g.ndim; d++) {
        const int64_t reach = g.dilation[d] * (w->size[2 + d] - 1), in = x->size[x->ndim - g.ndim + d];
        if (BOOL("same")) g.padding[d] = reach / 2;
        size[ndim++] = BOOL("same") ? in : (in + 2 * g.padding[d] - reach - 1) / g.stride[d] + 1;
    }
    fx_ref_tensor *y = OUT(0, ndim, size);
    const int64_t out = w->size[0], in = w->size[1], qs = places(y, ndim - g.ndim), ts = places(w, 2);
    const int64_t ps = places(x, x->ndim - g.ndim);
    bias(y, &g, TENSOR("bias"), out);
    RANGE (n, g.batch)
        RANGE (o, out)
            RANGE (q, qs)
                RANGE (i, in)
                    RANGE (t, ts) {
                        const int64_t channel = o / (out / g.groups) * in + i, p = meets(&g, y, x, w, q, t);
                        if (p >= 0)
                            AT(y, (n * out + o) * qs + q) +=
                                AT(x, (n * in * g.groups + channel) * ps + p) * AT(w, (o * in + i) * ts + t);
                    }
}

REFERENCE(conv1d) { convolved(c); }
REFERENCE(conv2d) { convolved(c); }
REFERENCE(conv3d) { convolved(c); }

static void transposed(fx_ref_call *c)
{
    fx_ref_tensor *x = TENSOR("x"), *w = TENSOR("weight");
    const geometry g = geometry_of(c, x, w, true);
    int64_t size[FX_MAX_DIMS];
    int ndim = 0;
    if (!g.alone) size[ndim++] = x->size[0];
    size[ndim++] = w->size[1] * g.groups;
    for (int d = 0; d < g.ndim; d++)
        size[ndim++] = (x->size[x->ndim - g.ndim + d] - 1) * g.stride[d] - 2 * g.padding[d] +
                       g.dilation[d] * (w->size[2 + d] - 1) + g.extra[d] + 1;
    fx_ref_tensor *y = OUT(0, ndim, size);
    const int64_t in = w->size[0], out = w->size[1], ps = places(y, ndim - g.ndim), ts = places(w, 2);
    const int64_t qs = places(x, x->ndim - g.ndim);
    bias(y, &g, TENSOR("bias"), out * g.groups);
    RANGE (n, g.batch)
        RANGE (i, in)
            RANGE (q, qs)
                RANGE (o, out)
                    RANGE (t, ts) {
                        const int64_t channel = i / (in / g.groups) * out + o, p = meets(&g, x, y, w, q, t);
                        if (p >= 0)
                            AT(y, (n * out * g.groups + channel) * ps + p) +=
                                AT(x, (n * in + i) * qs + q) * AT(w, (i * out + o) * ts + t);
                    }
}

REFERENCE(conv_transpose1d) { transposed(c); }
REFERENCE(conv_transpose2d) { transposed(c); }
REFERENCE(conv_transpose3d) { transposed(c); }

/* ---- columns, pixels -------------------------------------------------------------------------------------
 */

/* Columns of images of height x width: to (or from, back) the number of channel c at tap t and place q. */
static void columns(fx_ref_call *c, fx_ref_tensor *image, fx_ref_tensor *column, int64_t batch,
                    int64_t channels, const int64_t size[2], const geometry *g, const int64_t kernel[2],
                    const int64_t out[2], bool back)
{
    RANGE (n, batch * channels)
        RANGE (t, kernel[0] * kernel[1])
            RANGE (q, out[0] * out[1]) {
                const int64_t h = q / out[1] * g->stride[0] + t / kernel[1] * g->dilation[0] - g->padding[0];
                const int64_t w = q % out[1] * g->stride[1] + t % kernel[1] * g->dilation[1] - g->padding[1];
                if (h < 0 || h >= size[0] || w < 0 || w >= size[1]) continue;
                const int64_t at = (n * size[0] + h) * size[1] + w;
                const int64_t to = (n * kernel[0] * kernel[1] + t) * out[0] * out[1] + q;
                if (back)
                    AT(image, at) += AT(column, to);
                else
                    AT(column, to) = AT(image, at);
            }
    (void)c;
}

static geometry windows(fx_ref_call *c, const int64_t size[2], int64_t kernel[2], int64_t out[2])
{
    geometry g = { .ndim = 2 };
    each_of(DIMS("kernel_sizes"), 2, 0, kernel);
    each_of(DIMS("strides"), 2, 1, g.stride);
    each_of(DIMS("paddings"), 2, 0, g.padding);
    each_of(DIMS("dilations"), 2, 1, g.dilation);
    for (int d = 0; d < 2; d++)
        out[d] = (size[d] + 2 * g.padding[d] - g.dilation[d] * (kernel[d] - 1) - 1) / g.stride[d] + 1;
    return g;
}

REFERENCE(im2col)
{
    fx_ref_tensor *x = TENSOR("x");
    const int lead = x->ndim - 3;
    int64_t kernel[2], out[2], size[3] = { lead ? x->size[0] : 1 };
    const geometry g = windows(c, x->size + x->ndim - 2, kernel, out);
    size[lead] = x->size[lead] * kernel[0] * kernel[1];
    size[lead + 1] = out[0] * out[1];
    columns(c, x, OUT(0, lead + 2, size), lead ? x->size[0] : 1, x->size[lead], x->size + x->ndim - 2, &g,
            kernel, out, false);
}

REFERENCE(col2im)
{
    fx_ref_tensor *x = TENSOR("x");
    const int lead = x->ndim - 2;
    int64_t kernel[2], out[2], image[2], size[4] = { lead ? x->size[0] : 1 };
    each_of(DIMS("output_size"), 2, 0, image);
    const geometry g = windows(c, image, kernel, out);
    size[lead] = x->size[lead] / (kernel[0] * kernel[1]);
    size[lead + 1] = image[0];
    size[lead + 2] = image[1];
    columns(c, OUT(0, lead + 3, size), x, lead ? x->size[0] : 1, size[lead], image, &g, kernel, out, true);
}

/* The places of small and large that belong together, by the places of large. */
static void shuffled(fx_ref_call *c, int64_t r, bool back)
{
    fx_ref_tensor *x = TENSOR("x");
    int64_t size[FX_MAX_DIMS], at[FX_MAX_DIMS], from[FX_MAX_DIMS];
    const int d = x->ndim - 3;
    for (int k = 0; k < x->ndim; k++) size[k] = x->size[k];
    size[d] = back ? size[d] * r * r : size[d] / (r * r);
    size[d + 1] = back ? size[d + 1] / r : size[d + 1] * r;
    size[d + 2] = back ? size[d + 2] / r : size[d + 2] * r;
    fx_ref_tensor *y = OUT(0, x->ndim, size), *large = back ? x : y, *small = back ? y : x;
    EACH (large, i) {
        place_of(large, i, at);
        for (int k = 0; k < d; k++) from[k] = at[k];
        from[d] = (at[d] * r + at[d + 1] % r) * r + at[d + 2] % r;
        from[d + 1] = at[d + 1] / r;
        from[d + 2] = at[d + 2] / r;
        if (back)
            AT(y, index_of(small, from)) = AT(x, i);
        else
            AT(y, i) = AT(x, index_of(small, from));
    }
}

REFERENCE(pixel_shuffle) { shuffled(c, INT("upscale_factor"), false); }
REFERENCE(pixel_unshuffle) { shuffled(c, INT("downscale_factor"), true); }

REFERENCE(channel_shuffle)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *y = OUT_LIKE(0, x);
    const int64_t groups = INT("groups"), each = x->size[1] / groups;
    int64_t at[FX_MAX_DIMS];
    EACH (y, i) {
        place_of(y, i, at);
        at[1] = at[1] % groups * each + at[1] / groups;
        AT(y, i) = AT(x, index_of(x, at));
    }
}

REFERENCES(convolution, ROW(channel_shuffle), ROW(conv1d), ROW(conv2d), ROW(conv3d), ROW(conv_transpose1d),
           ROW(conv_transpose2d), ROW(conv_transpose3d), ROW(im2col), ROW(col2im), ROW(pixel_shuffle),
           ROW(pixel_unshuffle))
