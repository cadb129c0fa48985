/* Reduced dimensions and lanes (lanes.h), and the pair sum, spread that every reduction's gradient is made
 * of.
 */
#include "lanes.h"

#include "kernels/parallel.h"
#include "kernels/strided.h"

#include <string.h>

/* ---- dimensions ------------------------------------------------------------------------------------------
 */

bool fx__mask_of_dim(const fx_tensor *x, int64_t dim, const char *op, fx_where where, fx__axes *axes)
{
    int64_t ndim = x->ndim ? x->ndim : 1, at = dim < 0 ? dim + ndim : dim;
    if (at < 0 || at >= ndim) {
        fx_error_set(x->cx, FX_ERROR_INDEX, where, "%s: dimension %lld is out of range for sizes %s", op,
                     (long long)dim, fx__shape_text(x));
        return false;
    }
    if (x->ndim && axes->mask >> at & 1) {
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: dimension %lld is named twice", op,
                     (long long)dim);
        return false;
    }
    if (x->ndim) axes->mask |= (uint8_t)(1u << at);
    return true;
}

bool fx__mask_of(const fx_tensor *x, fx_dims dims, const char *op, fx_where where, fx__axes *axes)
{
    axes->mask = 0;
    if (!dims.given || dims.count == 0) axes->mask = (uint8_t)((1u << x->ndim) - 1);
    for (int i = 0; dims.given && i < dims.count; i++)
        if (!fx__mask_of_dim(x, dims.at[i], op, where, axes)) return false;
    return true;
}

void fx__reduced_shape(const fx_tensor *x, fx__axes axes, fx_spec *y)
{
    y->ndim = 0;
    for (int d = 0; d < x->ndim; d++)
        if (!(axes.mask >> d & 1))
            y->size[y->ndim++] = x->size[d];
        else if (axes.keepdim)
            y->size[y->ndim++] = 1;
}

bool fx__is_floating(const fx_tensor *x, const char *op, fx_where where)
{
    if (fx_dtype_is_float((fx_dtype)x->dtype)) return true;
    fx_error_set(x->cx, FX_ERROR_DTYPE, where, "%s: takes floating numbers, not %s", op,
                 fx_dtype_name((fx_dtype)x->dtype));
    return false;
}

fx_tensor *fx__as(fx_tensor *x, fx_dtype dtype, fx_where where)
{
    return !x || dtype == FX_DTYPE_NONE || dtype == (fx_dtype)x->dtype ? x : fx__space.cast(x, dtype, where);
}

/* ---- lanes -----------------------------------------------------------------------------------------------
 */

fx__lanes fx__lanes_of(const fx_tensor *x, unsigned mask, bool rows)
{
    fx__lanes l = { 1, 1, 1, false };
    for (int d = 0; d < x->ndim; d++) {
        int64_t n = x->size[d];
        if (n == 1) continue;
        if (!(mask >> d & 1)) {
            bool seen = l.count != 1;
            *(seen ? &l.inner : &l.outer) *= n;
        } else {
            l.apart |= l.inner != 1;
            l.count *= n;
        }
    }
    l.apart |= rows && l.inner != 1;
    if (l.apart) l.outer *= l.inner, l.inner = 1;
    return l;
}

/* Row-major strides of lanes as rows, in x's order of dimensions. */
static void lane_strides(const fx_tensor *x, unsigned mask, int64_t *stride)
{
    int64_t n = 1;
    for (int reduced = 1; reduced >= 0; reduced--)
        for (int d = x->ndim; d-- > 0;) {
            if ((int)(mask >> d & 1) != reduced) continue;
            stride[d] = n;
            n *= x->size[d];
        }
}

const void *fx__lanes_data(fx_context *cx, const fx_tensor *x, unsigned mask, const fx__lanes *l,
                           void **scratch)
{
    *scratch = NULL;
    if (!l->apart || x->numel == 0) return x->data ? x->data : (const char *)x;
    size_t item = fx_dtype_size((fx_dtype)x->dtype);
    int64_t stride[FX_MAX_DIMS];
    lane_strides(x, mask, stride);
    if (!(*scratch = fx__scratch(cx, item * (size_t)x->numel))) return NULL;
    fx__copy_strided(fx_threads(cx), item, x->ndim, x->size, *scratch, stride, x->data, fx__stride(x));
    return *scratch;
}

void fx__lanes_back(fx_tensor *y, unsigned mask, const void *lanes)
{
    int64_t stride[FX_MAX_DIMS];
    lane_strides(y, mask, stride);
    fx__copy_strided(fx_threads(y->cx), fx_dtype_size((fx_dtype)y->dtype), y->ndim, y->size, y->data,
                     fx__stride(y), lanes, stride);
}

/* ---- folds -----------------------------------------------------------------------------------------------
 */

static bool run_fold(fx_context *cx, fx__fold_kind kind, fx__number number, fx__fold f)
{
    size_t bytes = fx__fold_scratch(f.outer, f.count, f.inner);
    if (bytes && !(f.scratch = fx__scratch(cx, bytes))) return false;
    fx__kernels()->reduce->fold[kind][number](&f);
    fx__scratch_free(cx, f.scratch);
    return true;
}

static bool is_sum(fx__fold_kind kind)
{
    return kind == FX__FOLD_SUM || kind == FX__FOLD_NANSUM || kind == FX__FOLD_ABS_SUM ||
           kind == FX__FOLD_SQUARE_SUM;
}

/* A sum over dimensions that lie apart: from the last run of them to the first, in double, x being read once
 * and copied never. */
static bool fold_in_steps(const fx_call *c, fx__fold_kind kind, const fx_tensor *x, unsigned mask,
                          fx__fold last)
{
    int64_t rest[FX_MAX_DIMS]; /* sizes of what is left; all set, as the compiler wants to see */
    for (int d = 0; d < FX_MAX_DIMS; d++) rest[d] = d < x->ndim ? x->size[d] : 1;
    double *from = NULL, *to = NULL;
    bool good = true;
    for (int end = x->ndim; good && end > 0;) {
        while (end > 0 && (!(mask >> (end - 1) & 1) || rest[end - 1] == 1)) end--;
        int begin = end;
        fx__fold f = { .outer = 1, .count = 1, .inner = 1, .divisor = 1, .threads = last.threads };
        while (begin > 0 && (mask >> (begin - 1) & 1 || rest[begin - 1] == 1)) f.count *= rest[--begin];
        if (begin == end) break;
        int64_t left = 1;
        for (int d = 0; d < begin; d++) f.outer *= rest[d], left *= mask >> d & 1 ? rest[d] : 1;
        for (int d = end; d < x->ndim; d++) f.inner *= rest[d];
        for (int d = begin; d < end; d++) rest[d] = 1;
        f.x = from ? (const void *)from : x->data;
        if (left == 1) {
            f.y = last.y, f.wide = last.wide, f.divisor = last.divisor, f.root = last.root;
        } else if (!(f.wide = to = fx__scratch(c->cx, sizeof(double) * (size_t)(f.outer * f.inner))))
            good = false;
        /* the last step reads doubles and may have to write floats */
        fx__number number = from ? FX__DOUBLE : fx__number_of((fx_dtype)x->dtype);
        void *narrow = NULL;
        if (good && left == 1 && from && f.y && x->dtype == FX_F32) {
            narrow = f.y, f.y = NULL;
            if (!f.wide && !(f.wide = to = fx__scratch(c->cx, sizeof(double) * (size_t)(f.outer * f.inner))))
                good = false;
        }
        good = good && run_fold(c->cx, from ? FX__FOLD_SUM : kind, number, f);
        for (int64_t i = 0; good && narrow && i < f.outer * f.inner; i++)
            ((float *)narrow)[i] = (float)f.wide[i];
        fx__scratch_free(c->cx, from);
        from = to, to = NULL;
        end = begin;
        if (left == 1) break;
    }
    fx__scratch_free(c->cx, from);
    return good;
}

bool fx__fold_over(const fx_call *c, fx__fold_kind kind, const fx_tensor *x, unsigned mask, fx__fold f)
{
    fx__lanes l = fx__lanes_of(x, mask, false);
    void *scratch = NULL;
    if (f.divisor == 0) f.divisor = 1;
    f.threads = fx_threads(c->cx);
    if (l.apart && x->numel && is_sum(kind) && fx_dtype_is_float((fx_dtype)x->dtype))
        return fold_in_steps(c, kind, x, mask, f);
    f.outer = l.outer, f.count = l.count, f.inner = l.inner;
    if (!(f.x = fx__lanes_data(c->cx, x, mask, &l, &scratch))) return false;
    bool good = run_fold(c->cx, kind, fx__number_of((fx_dtype)x->dtype), f);
    fx__scratch_free(c->cx, scratch);
    return good;
}

/* ---- spreading -------------------------------------------------------------------------------------------
 */

/* Strides of a reduced tensor's numbers in the whole shape: 0 along what was reduced. */
static void spread_strides(const fx_tensor *g, int ndim, unsigned mask, int64_t *stride)
{
    bool kept = g->ndim == ndim;
    for (int d = 0, k = 0; d < ndim; d++) {
        bool reduced = mask >> d & 1;
        stride[d] = reduced ? 0 : fx__stride(g)[k];
        k += kept || !reduced;
    }
}

#define SPREAD(T)                                                                                            \
    static void spread_##T(T *y, const T *g, fx__lanes l, double divisor)                                    \
    {                                                                                                        \
        for (int64_t o = 0; o < l.outer; o++, g += l.inner)                                                  \
            for (int64_t k = 0; k < l.count; k++, y += l.inner) {                                            \
                if (l.inner == 1) {                                                                          \
                    T v = (T)((double)g[0] / divisor);                                                       \
                    for (; k < l.count; k++) *y++ = v;                                                       \
                    break;                                                                                   \
                }                                                                                            \
                if (k)                                                                                       \
                    memcpy(y, y - l.inner, sizeof(T) * (size_t)l.inner);                                     \
                else                                                                                         \
                    for (int64_t i = 0; i < l.inner; i++) y[i] = (T)((double)g[i] / divisor);                \
            }                                                                                                \
    }
SPREAD(float)
SPREAD(double)

void fx__spread_one(fx_tensor *gx, const fx_tensor *g, double divisor)
{
    const fx__lanes one = { 1, 1, 1, false };
    if (gx->dtype == FX_F64)
        spread_double((double *)(void *)gx->data, (const double *)(const void *)g->data, one, divisor);
    else
        spread_float((float *)(void *)gx->data, (const float *)(const void *)g->data, one, divisor);
}

bool fx__spread_into(const fx_call *c, fx_tensor *gx, fx_tensor *g, unsigned mask, double divisor)
{
    if (!gx || !(g = fx__contiguous_of(g))) return false;
    if (gx->numel == 0) return true;
    fx__lanes l = fx__lanes_of(gx, mask, false);
    size_t item = fx_dtype_size((fx_dtype)gx->dtype);
    bool wide = gx->dtype == FX_F64;
    if (!l.apart && gx->numel <= 1 << 16) {
        if (wide)
            spread_double((double *)(void *)gx->data, (const double *)(const void *)g->data, l, divisor);
        else
            spread_float((float *)(void *)gx->data, (const float *)(const void *)g->data, l, divisor);
        return true;
    }
    const void *from = g->data;
    void *scaled = NULL;
    if (divisor != 1) {
        if (!(from = scaled = fx__scratch(c->cx, item * (size_t)g->numel))) return false;
        fx__lanes one = { g->numel, 1, 1, false };
        if (wide)
            spread_double(scaled, (const double *)(const void *)g->data, one, divisor);
        else
            spread_float(scaled, (const float *)(const void *)g->data, one, divisor);
    }
    int64_t stride[FX_MAX_DIMS];
    spread_strides(g, gx->ndim, mask, stride);
    fx__copy_strided(fx_threads(c->cx), item, gx->ndim, gx->size, gx->data, fx__stride(gx), from, stride);
    fx__scratch_free(c->cx, scaled);
    return true;
}

/* ---- sum and spread --------------------------------------------------------------------------------------
 */

typedef struct spread_options {
    uint8_t mask;
    int ndim;
    int64_t size[FX_MAX_DIMS];
} spread_options;

static bool spread_shape(const fx_call *c, fx_spec *y)
{
    const spread_options *o = c->options;
    y->ndim = o->ndim;
    memcpy(y->size, o->size, sizeof(int64_t) * (size_t)o->ndim);
    spread_strides(c->x[0], o->ndim, o->mask, y->stride);
    return true;
}

static void spread_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const spread_options *o = c->options;
    gx[0] = fx__sum_over(g, (fx__axes){ o->mask, c->shapes[0]->ndim == o->ndim }, c->where);
}

static const fx_op spread_op = { .name = "spread",
                                 .formula = "y = x, repeated along dimensions that it was reduced over",
                                 .inputs = 1,
                                 .options_size = sizeof(spread_options),
                                 .view = true,
                                 .strided = true,
                                 .shape = spread_shape,
                                 .local_grad = spread_local_grad };

fx_tensor *fx__spread(fx_tensor *g, const fx_tensor *like, unsigned mask, fx_where where)
{
    spread_options o = { .mask = (uint8_t)mask, .ndim = like->ndim };
    memcpy(o.size, like->size, sizeof(int64_t) * like->ndim);
    return FX__APPLY(&spread_op, &o, where, g);
}

/* ---- sums to a shape that x was broadcast from -----------------------------------------------------------
 */

void fx__sum_to_forward(const fx_call *c)
{
    fx_tensor *x = fx__contiguous_of(c->x[0]), *y = c->y;
    if (!x) return;
    unsigned mask = 0;
    for (int d = 0; d < x->ndim; d++) {
        int k = d - (x->ndim - y->ndim);
        if (k < 0 || (y->size[k] == 1 && x->size[d] != 1)) mask |= 1u << d;
    }
    if (fx_dtype_is_float((fx_dtype)x->dtype))
        fx__fold_over(c, FX__FOLD_SUM, x, mask, (fx__fold){ .y = y->data });
    else
        fx_call_fail(c, FX_ERROR_DTYPE, "takes floating numbers, not %s", fx_dtype_name((fx_dtype)x->dtype));
}
