/* Fractional max pools (Graham, "Fractional max-pooling", 2014): windows of one size whose distances vary at
 * random.
 *
 * A window's place in a dimension is floor((i + u) a) - floor(u a), a = (in - kernel) / (out - 1), u a random
 * number of each plane and dimension; the last window ends with x. The places of the largest are found first,
 * and gathered: so the gradient is gather's.
 */
#include "indexing.h"
#include "window.h"

#include <math.h>

typedef struct fractional_options {
    int ndim;
    int64_t in[FX__SPACE], out[FX__SPACE], kernel[FX__SPACE];
} fractional_options;

/* x (N, C, ...) and samples (N, C, ndim) of double to places in x's planes. */
static bool places_shape(const fx_call *c, fx_spec *y)
{
    const fractional_options *o = c->options;
    for (int d = 0; d < o->ndim; d++) y->size[2 + d] = o->out[d];
    y->dtype = FX_I64;
    y->no_gradient = true;
    return true;
}

/* Where the windows of a dimension begin, for a plane. PyTorch's first sample of two is for the last
 * dimension. */
static void begin_windows(const fractional_options *o, int d, const double *sample, int64_t *begin)
{
    const double u = sample[o->ndim == 2 ? 1 - d : d];
    const int64_t last = o->in[d] - o->kernel[d];
    const double a = o->out[d] > 1 ? (double)last / (double)(o->out[d] - 1) : 0;
    for (int64_t i = 0; i < o->out[d] - 1; i++) begin[i] = (int64_t)(((double)i + u) * a) - (int64_t)(u * a);
    begin[o->out[d] - 1] = last;
}

static double number_at(const fx_tensor *x, int64_t i)
{
    return x->dtype == FX_F32 ? (double)((const float *)(const void *)x->data)[i]
                              : ((const double *)(const void *)x->data)[i];
}

/* The place of the largest number of a window, NaN if there is one; dimensions are three, the first ones 1.
 */
static int64_t largest_of(const fx_tensor *x, int64_t plane, const int64_t in[3], const int64_t from[3],
                          const int64_t kernel[3])
{
    const int64_t first = plane * in[0] * in[1] * in[2];
    int64_t best = (from[0] * in[1] + from[1]) * in[2] + from[2];
    double most = number_at(x, first + best);
    for (int64_t i = from[0]; i < from[0] + kernel[0]; i++)
        for (int64_t j = from[1]; j < from[1] + kernel[1]; j++)
            for (int64_t k = from[2]; k < from[2] + kernel[2]; k++) {
                const int64_t at = (i * in[1] + j) * in[2] + k;
                const double v = number_at(x, first + at);
                if (!(v > most) && !(isnan(v) && !isnan(most))) continue;
                most = v;
                best = at;
            }
    return best;
}

static void places_forward(const fx_call *c)
{
    const fractional_options *o = c->options;
    const fx_tensor *x = c->x[0];
    const double *sample = (const double *)(const void *)c->x[1]->data;
    const int skip = FX__SPACE - o->ndim;
    int64_t in[3] = { 1, 1, 1 }, out[3] = { 1, 1, 1 }, kernel[3] = { 1, 1, 1 }, *begin[3], places = 0;
    int64_t *to = (int64_t *)(void *)c->y->data;
    for (int d = 0; d < o->ndim; d++) {
        in[skip + d] = o->in[d], out[skip + d] = o->out[d], kernel[skip + d] = o->kernel[d];
    }
    int64_t *memory = fx__scratch(c->cx, sizeof *memory * (size_t)(out[0] + out[1] + out[2]));
    if (!memory) return;
    memset(memory, 0, sizeof *memory * (size_t)(out[0] + out[1] + out[2]));
    for (int d = 0; d < 3; places += out[d++]) begin[d] = memory + places;
    for (int64_t p = 0; p < x->size[0] * x->size[1]; p++, sample += o->ndim) {
        for (int d = 0; d < o->ndim; d++) begin_windows(o, d, sample, begin[skip + d]);
        for (int64_t i = 0; i < out[0] * out[1] * out[2]; i++) {
            const int64_t from[3] = { begin[0][i / out[2] / out[1]], begin[1][i / out[2] % out[1]],
                                      begin[2][i % out[2]] };
            *to++ = largest_of(x, p, in, from, kernel);
        }
    }
    fx__scratch_free(c->cx, memory);
}

static const fx_op places_op = { .name = "fractional_max_pool",
                                 .formula = "the place of the largest number of each window",
                                 .inputs = 2,
                                 .options_size = sizeof(fractional_options),
                                 .shape = places_shape,
                                 .forward = places_forward };

static bool set_windows(const fx_tensor *x, const fx_fractional_max_pool_args *a, const char *op,
                        fractional_options *o, fx_where where)
{
    const fx__option kernel = { "kernel_size", a->kernel_size, a->kernel_sizes, 1 };
    const fx__option size = { "output_size", a->output_size, a->output_sizes, 1 };
    const bool sized = a->output_size || a->output_sizes.given;
    if (!fx__option_for_each(x, op, o->ndim, kernel, NULL, o->kernel, where)) return false;
    if (sized == (a->output_ratio[0] != 0))
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: give an output size, or an output ratio", op);
    for (int d = 0; d < o->ndim; d++) {
        const double ratio = a->output_ratio[a->output_ratio[1] != 0 ? d : 0];
        o->in[d] = x->size[x->ndim - o->ndim + d];
        if (!sized && !(ratio > 0 && ratio < 1))
            return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: an output ratio lies between 0 and 1: not %g",
                              op, ratio);
        if (!sized) o->out[d] = (int64_t)((double)o->in[d] * ratio);
    }
    if (sized && !fx__option_for_each(x, op, o->ndim, size, NULL, o->out, where)) return false;
    for (int d = 0; d < o->ndim; d++)
        if (o->kernel[d] < 1 || o->out[d] < 1 || o->out[d] + o->kernel[d] - 1 > o->in[d])
            return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: %lld windows of %lld do not fit %s", op,
                              (long long)o->out[d], (long long)o->kernel[d], fx__shape_text(x));
    return true;
}

static fx_tensor *pool(fx_fractional_max_pool_args a, int ndim, const char *op, fx_where where)
{
    fx_tensor *x = a.x, *samples = a.random_samples;
    fractional_options o = { .ndim = ndim };
    if (!x || !fx__has_space(x, ndim, op, where) || !set_windows(x, &a, op, &o, where)) return NULL;
    fx_tensor *whole = x->ndim == ndim + 1 ? fx__unsqueeze(x, 0, where) : x;
    if (!whole) return NULL;
    const fx_dims wanted = FX_DIMS(whole->size[0], whole->size[1], ndim);
    if (!samples) samples = fx_rand_at(x->cx, FX_F64, wanted, where);
    if (samples && samples->dtype != FX_F64)
        samples = fx__space.cast(fx_detach_at(samples, where), FX_F64, where);
    if (!samples) return NULL;
    if (samples->ndim != 3 || memcmp(samples->size, wanted.at, 3 * sizeof(int64_t)))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "%s: random samples have the sizes (batch, channels, %d): not %s", op, ndim,
                          fx__shape_text(samples));
    fx_tensor *places = FX__APPLY(&places_op, &o, where, fx_detach_at(whole, where), samples);
    if (!places) return NULL;
    const int64_t flat[3] = { whole->size[0], whole->size[1], fx__product(whole->size, 2, 2 + ndim) };
    const int64_t windows[3] = { flat[0], flat[1], fx__product(places->size, 2, 2 + ndim) };
    fx_tensor *y =
        fx__gather(fx__reshape(whole, 3, flat, where), fx__reshape(places, 3, windows, where), 2, where);
    const int drop = whole != x;
    if (y) y = fx__reshape(y, x->ndim, places->size + drop, where);
    if (drop) places = fx__squeeze(places, 0, where);
    if (!y || !places) return NULL;
    if (a.indices) *a.indices = places;
    return y;
}

#define POOL(n, samples_)                                                                                    \
    fx_tensor *fx_fractional_max_pool##n##d_at(fx_fractional_max_pool_args args, fx_where where)             \
    {                                                                                                        \
        return pool(args, n, "fractional_max_pool" #n "d", where);                                           \
    }                                                                                                        \
    static int fractional_max_pool##n##d_call(const void *args, fx_where where,                              \
                                              fx_tensor *out[FX_MAX_OUTPUTS])                                \
    {                                                                                                        \
        fx_fractional_max_pool_args a = *(const fx_fractional_max_pool_args *)args;                          \
        a.indices = &out[1];                                                                                 \
        out[0] = fx_fractional_max_pool##n##d_at(a, where);                                                  \
        return out[0] ? 2 : 0;                                                                               \
    }                                                                                                        \
    const fx_function fx__function_fractional_max_pool##n##d = {                                             \
        .name = "fractional_max_pool" #n "d",                                                                \
        .torch = "nn.functional.fractional_max_pool" #n "d",                                                 \
        .formula = "y = the largest x of each of windows at random distances; and where it is in its plane", \
        .gradient = "g at the largest of each window",                                                       \
        .notes =                                                                                             \
            "the first of ties, NaN wins; without random_samples they are the context's random numbers",     \
        .fields = pool_fields,                                                                               \
        .args_size = sizeof(fx_fractional_max_pool_args),                                                    \
        .call = fractional_max_pool##n##d_call,                                                              \
        .samples = samples_,                                                                                 \
    };
static const fx_field pool_fields[] = {
    FX__FIELD(fx_fractional_max_pool_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_fractional_max_pool_args, kernel_size, INT, .optional = true),
    FX__FIELD(fx_fractional_max_pool_args, output_size, INT, .optional = true),
    FX__FIELD(fx_fractional_max_pool_args, random_samples, TENSOR, .torch = "_random_samples",
              .optional = true),
    FX__FIELD(fx_fractional_max_pool_args, kernel_sizes, DIMS, .torch = "kernel_size", .optional = true),
    FX__FIELD(fx_fractional_max_pool_args, output_sizes, DIMS, .torch = "output_size", .optional = true),
    FX__FIELDS_END
};
POOL(2,
     "x=(2,3,6,7)@distinct kernel_size=2 output_size=3 random_samples=~(2,3,2)@range:0:1\n"
     "x=(2,8,6)@distinct kernel_sizes=[2,3] output_sizes=[5,2] random_samples=~(1,2,2)@range:0:1\n"
     "x=(1,1,4,4)@distinct kernel_size=2 output_size=1 random_samples=~(1,1,2)f64{0.5,0.25}\n"
     "x=(0,2,4,4) kernel_size=2 output_size=2 random_samples=~(0,2,2)f64\n"
     "!x=() kernel_size=2 output_size=2\n!x=(2,4,4) kernel_size=2 output_size=4\n!x=(2,4,4) kernel_size=2\n"
     "!x=(2,4,4)i64 kernel_size=2 output_size=2\n!x=(2,4,4) kernel_size=2 output_size=2 "
     "random_samples=~(2,2)\n")
POOL(3, "x=(2,2,4,5,4)@distinct kernel_size=2 output_size=2 random_samples=~(2,2,3)@range:0:1\n"
        "x=(1,5,4,6)@distinct kernel_sizes=[2,1,3] output_sizes=[3,4,2] random_samples=~(1,1,3)@range:0:1\n"
        "x=(0,2,4,4,4) kernel_size=2 output_size=2 random_samples=~(0,2,3)f64\n"
        "!x=() kernel_size=2 output_size=2\n!x=(2,4,4,4) kernel_size=2 output_size=4\n!x=(2,4,4,4) "
        "kernel_size=2\n"
        "!x=(2,4,4,4) kernel_size=2 output_size=2 random_samples=~(2,3)\n")
