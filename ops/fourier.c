/* Fourier transforms along one dimension: three linear maps and their adjoints. Complex numbers are pairs in
 * a last dimension of 2, and so are gradients in them: (d/d re, d/d im).
 *
 *     pairs to pairs     the same with the other sign
 *     real to half       half to real, the inner numbers of the half halved
 *     half to real       real to half, the inner numbers of the half doubled
 *
 * for an inner number of the half stands for two, its mirror image too. Each is closed under differentiation.
 */
#include "fourier.h"

#include "kernels/fft.h"

typedef struct fourier_options {
    double scale;
    int64_t n;     /* real numbers along dim */
    uint8_t mask;  /* of dimensions, pairs to pairs */
    int8_t dim;    /* real to half, and back */
    int8_t sign;   /* pairs to pairs */
    bool weighted; /* the inner numbers of the half count twice, or half */
} fourier_options;

static bool supported(const fx_call *c)
{
    const char *const missing = FX__FFT_MISSING;
    return !missing || fx_call_fail(c, FX_ERROR_UNSUPPORTED, "%s", missing);
}

static fx_fft_shape shape_along(const fx_call *c, const fx_tensor *real_or_pairs, int dim, int ndim,
                                int64_t n)
{
    const int64_t *size = real_or_pairs->size;
    return (fx_fft_shape){ .f64 = c->y->dtype == FX_F64,
                           .threads = fx_threads(c->cx),
                           .outer = fx__product(size, 0, dim),
                           .n = n,
                           .inner = fx__product(size, dim + 1, ndim) };
}

static void no_plan(const fx_call *c) { fx_call_fail(c, FX_ERROR_MEMORY, "there is no memory for a plan"); }

static void scale_by(fx_tensor *y, double scale)
{
    if (scale == 1) return;
    if (y->dtype == FX_F32) {
        float *at = (float *)(void *)y->data;
        for (int64_t i = 0; i < y->numel; i++) at[i] = (float)((double)at[i] * scale);
    } else {
        double *at = (double *)(void *)y->data;
        for (int64_t i = 0; i < y->numel; i++) at[i] *= scale;
    }
}

/* The inner numbers of halves, (outer, n / 2 + 1, inner) pairs, times a factor, which is a power of two. */
static void weigh(const fx_fft_shape *s, double factor, void *halves)
{
    const int64_t count = s->n / 2 + 1, last = s->n % 2 ? count : count - 1, run = 2 * s->inner;
    for (int64_t o = 0; o < s->outer; o++)
        for (int64_t i = (o * count + 1) * run; i < (o * count + last) * run; i++) {
            if (s->f64)
                ((double *)halves)[i] *= factor;
            else
                ((float *)halves)[i] *= (float)factor;
        }
}

/* ---- pairs to pairs ---- */

static bool pairs_shape(const fx_call *c, fx_spec *y)
{
    (void)y;
    return supported(c);
}

static void pairs_forward(const fx_call *c)
{
    const fourier_options *o = c->options;
    fx_tensor *y = c->y;
    fx__copy_numbers(y, c->x[0]);
    for (int d = 0; d < y->ndim - 1; d++) {
        if (!(o->mask >> d & 1)) continue;
        const fx_fft_shape s = shape_along(c, y, d, y->ndim - 1, y->size[d]);
        if (!fx__fft_pairs(&s, o->sign, y->data)) {
            no_plan(c);
            return;
        }
    }
    scale_by(y, o->scale);
}

static void pairs_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fourier_options *o = c->options;
    gx[0] = fx__pairs_to_pairs(g, o->mask, -o->sign, o->scale, c->where);
}

static const fx_op pairs_op = { .name = "fft",
                                .formula = "y = the discrete Fourier transform of x, of pairs",
                                .inputs = 1,
                                .options_size = sizeof(fourier_options),
                                .shape = pairs_shape,
                                .forward = pairs_forward,
                                .local_grad = pairs_local_grad };

fx_tensor *fx__pairs_to_pairs(fx_tensor *x, unsigned mask, int sign, double scale, fx_where where)
{
    fourier_options o = { .mask = (uint8_t)mask, .sign = (int8_t)sign, .scale = scale };
    return FX__APPLY(&pairs_op, &o, where, x);
}

/* ---- real to half, and back ---- */

static fx_tensor *real_to_half(fx_tensor *x, fourier_options o, fx_where where);
static fx_tensor *half_to_real(fx_tensor *x, fourier_options o, fx_where where);

static bool real_shape(const fx_call *c, fx_spec *y)
{
    const fourier_options *o = c->options;
    if (y->ndim == FX_MAX_DIMS)
        return fx_call_fail(c, FX_ERROR_SHAPE, "the result has more than %d dimensions", FX_MAX_DIMS);
    y->size[o->dim] = o->n / 2 + 1;
    y->size[y->ndim++] = 2;
    return supported(c);
}

static void real_forward(const fx_call *c)
{
    const fourier_options *o = c->options;
    const fx_tensor *x = c->x[0];
    const fx_fft_shape s = shape_along(c, x, o->dim, x->ndim, o->n);
    if (!fx__fft_real(&s, x->data, c->y->data)) {
        no_plan(c);
        return;
    }
    if (o->weighted) weigh(&s, 2, c->y->data);
    scale_by(c->y, o->scale);
}

static void real_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fourier_options o = *(const fourier_options *)c->options;
    o.weighted = !o.weighted;
    gx[0] = half_to_real(g, o, c->where);
}

static const fx_op real_op = { .name = "rfft",
                               .formula =
                                   "y = the first half of the discrete Fourier transform of real numbers",
                               .inputs = 1,
                               .options_size = sizeof(fourier_options),
                               .shape = real_shape,
                               .forward = real_forward,
                               .local_grad = real_local_grad };

static bool half_shape(const fx_call *c, fx_spec *y)
{
    const fourier_options *o = c->options;
    y->ndim--;
    y->size[o->dim] = o->n;
    return supported(c);
}

static void half_forward(const fx_call *c)
{
    const fourier_options *o = c->options;
    const fx_tensor *x = c->x[0];
    const fx_fft_shape s = shape_along(c, x, o->dim, x->ndim - 1, o->n);
    const size_t bytes = (size_t)x->numel * fx_dtype_size((fx_dtype)x->dtype);
    void *halved = NULL;
    if (o->weighted) {
        if (!(halved = fx__scratch(c->cx, bytes + 1))) return;
        memcpy(halved, x->data, bytes);
        weigh(&s, 0.5, halved);
    }
    if (fx__fft_half(&s, halved ? halved : x->data, c->y->data))
        scale_by(c->y, o->scale);
    else
        no_plan(c);
    if (halved) fx__scratch_free(c->cx, halved);
}

static void half_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fourier_options o = *(const fourier_options *)c->options;
    o.weighted = !o.weighted;
    gx[0] = real_to_half(g, o, c->where);
}

static const fx_op half_op = { .name = "irfft",
                               .formula =
                                   "y = the real numbers of whose Fourier transform x is the first half",
                               .inputs = 1,
                               .options_size = sizeof(fourier_options),
                               .shape = half_shape,
                               .forward = half_forward,
                               .local_grad = half_local_grad };

static fx_tensor *real_to_half(fx_tensor *x, fourier_options o, fx_where where)
{
    return FX__APPLY(&real_op, &o, where, x);
}
static fx_tensor *half_to_real(fx_tensor *x, fourier_options o, fx_where where)
{
    return FX__APPLY(&half_op, &o, where, x);
}

fx_tensor *fx__real_to_half(fx_tensor *x, int dim, double scale, fx_where where)
{
    return x ? real_to_half(x, (fourier_options){ .dim = (int8_t)dim, .n = x->size[dim], .scale = scale },
                            where)
             : NULL;
}
/* Its adjoint halves: so what counts an inner number twice is the plain one. */
fx_tensor *fx__half_to_real(fx_tensor *x, int dim, int64_t n, double scale, fx_where where)
{
    return half_to_real(x, (fourier_options){ .dim = (int8_t)dim, .n = n, .scale = scale }, where);
}

fx_tensor *fx__conjugate(fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    const int64_t two = 2;
    fx_tensor *signs = fx__new(x->cx, (fx_dtype)x->dtype, 1, &two, where);
    if (!signs) return NULL;
    if (x->dtype == FX_F32)
        memcpy(signs->data, (const float[]){ 1, -1 }, 2 * sizeof(float));
    else
        memcpy(signs->data, (const double[]){ 1, -1 }, 2 * sizeof(double));
    return fx_mul_at(fx_operand_tensor(x), fx_operand_tensor(signs), where);
}
