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

REFERENCES(convolution, ROW(conv1d), ROW(conv2d), ROW(conv3d), ROW(conv_transpose1d), ROW(conv_transpose2d),
           ROW(conv_transpose3d))
