/* The vector space of gradients that the tape asks of the ops (autograd/space.h): sums, casts, copies, and
 * the pair as_strided, as_strided_scatter. Loops here go element by element over any strides.
 */
#include "elementwise.h"
#include "kernels/strided.h"
#include "lanes.h"
#include "loop.h"
#include <math.h>
#include <string.h>

/* ---- elements at any strides --------------------------------------------------------------------------- */

static double load(fx_dtype dtype, const char *at)
{
    switch (dtype) {
#define CASE(name, type, text)                                                                               \
    case FX_##name: {                                                                                        \
        type v;                                                                                              \
        memcpy(&v, at, sizeof v);                                                                            \
        return (double)v;                                                                                    \
    }
        FX_DTYPE_LIST(CASE)
#undef CASE
    default: return NAN;
    }
}

typedef struct cursor {
    const fx_tensor *x;
    char *at;
    int64_t index[FX_MAX_DIMS];
} cursor;

static cursor cursor_of(const fx_tensor *x) { return (cursor){ .x = x, .at = x->data }; }

static void step(cursor *c)
{
    int64_t item = (int64_t)fx_dtype_size((fx_dtype)c->x->dtype);
    const int64_t *stride = fx__stride(c->x);
    for (int i = c->x->ndim - 1; i >= 0; i--) {
        c->at += stride[i] * item;
        if (++c->index[i] < c->x->size[i]) return;
        c->at -= stride[i] * c->x->size[i] * item;
        c->index[i] = 0;
    }
}

static void copy(fx_tensor *to, const fx_tensor *from)
{
    size_t item = fx_dtype_size((fx_dtype)to->dtype);
    if (to->dtype == from->dtype && fx__contiguous(to) && fx__contiguous(from)) {
        if (to->numel) memmove(to->data, from->data, (size_t)to->numel * item);
        return;
    }
    if (to->dtype == from->dtype) {
        fx__copy_strided(fx_threads(to->cx), item, to->ndim, to->size, to->data, fx__stride(to), from->data,
                         fx__stride(from));
        return;
    }
    fx__loop_copy(to, from);
}

static void fill(fx_tensor *x, double value)
{
    if (value == 0 && fx__contiguous(x)) {
        if (x->numel) memset(x->data, 0, (size_t)x->numel * fx_dtype_size((fx_dtype)x->dtype));
        return;
    }
    fx__loop_fill(x, value);
}

static void add_run(const void *data, int64_t n, void *const *at, unsigned lone)
{
    const fx_dtype dtype = *(const fx_dtype *)data;
    const fx_elementwise_kernels *k = fx__kernels()->elementwise;
    (void)lone;
    if (dtype == FX_F32)
        k->add_into_f32(n, at[0], at[1]);
    else if (dtype == FX_F64)
        k->add_into_f64(n, at[0], at[1]);
    else
        for (int64_t i = 0; i < n; i++) ((int64_t *)at[0])[i] += ((const int64_t *)at[1])[i];
}

static void add_into(fx_tensor *sum, const fx_tensor *b)
{
    const fx_dtype as = fx__computed_as((fx_dtype)sum->dtype);
    const bool alike = sum->dtype == b->dtype && fx__contiguous(sum) && fx__contiguous(b);
    if (alike && sum->numel == 1 && sum->dtype == FX_F32) {
        *(float *)(void *)sum->data += *(const float *)(const void *)b->data;
        return;
    }
    if (alike && sum->numel <= 64 && as == (fx_dtype)sum->dtype) {
        void *const at[] = { sum->data, b->data };
        add_run(&as, sum->numel, at, 0);
        return;
    }
    fx__loop l;
    fx__loop_start(&l, sum);
    fx__loop_tensor(&l, sum, as, true);
    fx__loop_tensor(&l, b, as, false);
    fx__loop_run(&l, add_run, &as);
}

static int64_t first_nonfinite(const fx_tensor *x, bool allow_infinity)
{
    cursor a = cursor_of(x);
    for (int64_t k = 0; k < x->numel; k++, step(&a)) {
        double value = load((fx_dtype)x->dtype, a.at);
        if (isnan(value) || (!allow_infinity && isinf(value))) return k;
    }
    return -1;
}

/* ---- y = a + b ----------------------------------------------------------------------------------------- */

static fx_tensor *add(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return fx__binary(FX__BINARY_add, fx_operand_tensor(a), fx_operand_tensor(b), where);
}

/* ---- a row-major copy ---------------------------------------------------------------------------------- */

static void clone_forward(const fx_call *c) { copy(c->y, c->x[0]); }
static void clone_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)c;
    gx[0] = g;
}
static const fx_op clone_op = { .name = "clone",
                                .formula = "y = x",
                                .inputs = 1,
                                .strided = true,
                                .shape = fx_shape_same,
                                .forward = clone_forward,
                                .local_grad = clone_local_grad };
static fx_tensor *clone(fx_tensor *x, fx_where where)
{
    return fx_apply_at(&clone_op, (fx_list){ 1, &x }, NULL, NULL, where);
}

/* ---- cast ---------------------------------------------------------------------------------------------- */

static bool cast_shape(const fx_call *c, fx_spec *y)
{
    const fx_dtype dtype = *(const fx_dtype *)c->options;
    if (dtype <= FX_DTYPE_NONE || dtype >= FX_DTYPE_COUNT)
        return fx_call_fail(c, FX_ERROR_DTYPE, "there is no dtype of number %d", (int)dtype);
    y->dtype = dtype;
    return true;
}
static fx_tensor *cast(fx_tensor *x, fx_dtype dtype, fx_where where);
static void cast_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = cast(g, fx_dtype_of(c->shapes[0]), c->where);
}
static const fx_op cast_op = { .name = "cast",
                               .formula = "y = x, in another dtype",
                               .inputs = 1,
                               .strided = true,
                               .options_size = sizeof(fx_dtype),
                               .shape = cast_shape,
                               .forward = clone_forward,
                               .local_grad = cast_local_grad };
static fx_tensor *cast(fx_tensor *x, fx_dtype dtype, fx_where where)
{
    return fx_apply_at(&cast_op, (fx_list){ 1, &x }, &dtype, NULL, where);
}

/* ---- sum to a shape that x was broadcast from, and its adjoint ----------------------------------------- */

static bool sizes_shape(const fx_call *c, fx_spec *y)
{
    const fx_geometry *to = c->options;
    y->ndim = to->ndim;
    memcpy(y->size, to->size, sizeof(int64_t) * (size_t)to->ndim);
    return true;
}

static fx_geometry sizes_of(const fx_tensor *x)
{
    fx_geometry g = { .ndim = x->ndim };
    memcpy(g.size, x->size, sizeof(int64_t) * x->ndim);
    return g;
}

static bool expand_to_shape(const fx_call *c, fx_spec *y)
{
    const fx_geometry *to = c->options;
    const fx_tensor *x = c->x[0];
    y->ndim = to->ndim;
    for (int i = 0; i < to->ndim; i++) {
        int k = i - (to->ndim - x->ndim);
        y->size[i] = to->size[i];
        y->stride[i] = k < 0 || x->size[k] == 1 ? 0 : fx__stride(x)[k];
    }
    return true;
}

static fx_tensor *sum_to(fx_tensor *x, int ndim, const int64_t *size, fx_where where);
static const fx_op expand_to_op, sum_to_op;

static void sum_to_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_geometry to = sizes_of(c->shapes[0]);
    gx[0] = fx_apply_at(&expand_to_op, (fx_list){ 1, &g }, &to, NULL, c->where);
}
static void expand_to_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = sum_to(g, c->shapes[0]->ndim, c->shapes[0]->size, c->where);
}
static const fx_op sum_to_op = { .name = "sum_to",
                                 .formula = "y = x summed to a shape that broadcasts to its own",
                                 .inputs = 1,
                                 .strided = true,
                                 .options_size = sizeof(fx_geometry),
                                 .shape = sizes_shape,
                                 .forward = fx__sum_to_forward,
                                 .local_grad = sum_to_local_grad };
static const fx_op expand_to_op = { .name = "expand",
                                    .formula = "y = x, broadcast",
                                    .inputs = 1,
                                    .view = true,
                                    .strided = true,
                                    .options_size = sizeof(fx_geometry),
                                    .shape = expand_to_shape,
                                    .local_grad = expand_to_local_grad };
static fx_tensor *sum_to(fx_tensor *x, int ndim, const int64_t *size, fx_where where)
{
    fx_geometry to = { .ndim = ndim };
    memcpy(to.size, size, sizeof(int64_t) * (size_t)ndim);
    return fx_apply_at(&sum_to_op, (fx_list){ 1, &x }, &to, NULL, where);
}

/* ---- views by geometry, and their adjoint -------------------------------------------------------------- */

static bool as_strided_shape(const fx_call *c, fx_spec *y)
{
    const fx_geometry *g = c->options;
    const fx_tensor *x = c->x[0], *owner = fx__owner(x);
    int64_t at =
        x->data && owner->data ? (x->data - owner->data) / (int64_t)fx_dtype_size((fx_dtype)x->dtype) : 0;
    y->ndim = g->ndim;
    memcpy(y->size, g->size, sizeof(int64_t) * (size_t)g->ndim);
    memcpy(y->stride, g->stride, sizeof(int64_t) * (size_t)g->ndim);
    y->offset = g->offset - at;
    return true;
}

/* The elements of a row-major owner that a geometry names, as a view. */
static fx_tensor *window(fx_tensor *owner, const fx_geometry *g)
{
    return fx__view(owner, g->ndim, g->size, g->stride, g->offset);
}

static void scatter_forward(const fx_call *c)
{
    copy(c->y, c->x[0]);
    fx_tensor *w = window(c->y, c->options);
    if (w) copy(w, c->x[1]);
}

static fx_tensor *scatter(fx_tensor *x, fx_tensor *source, const fx_geometry *g, fx_where where)
{
    return fx_apply_at(fx__space.as_strided_scatter_op, (fx_list){ 2, (fx_tensor *[]){ x, source } }, g, NULL,
                       where);
}

/* Where a geometry names an element several times its gradient is the sum. */
static void scatter_add_forward(const fx_call *c)
{
    copy(c->y, c->x[0]);
    fx_tensor *w = window(c->y, c->options);
    if (!w) return;
    cursor to = cursor_of(w), from = cursor_of(c->x[1]);
    for (int64_t i = 0; i < w->numel; i++, step(&to), step(&from))
        if (w->dtype == FX_F64)
            *(double *)(void *)to.at += *(const double *)(const void *)from.at;
        else
            *(float *)(void *)to.at += *(const float *)(const void *)from.at;
}

static void scatter_add_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_tensor *flat = fx__space.clone(g, c->where);
    gx[0] = g;
    if (flat && fx_call_needs(c, 1))
        gx[1] = fx_apply_at(fx__space.as_strided_op, (fx_list){ 1, &flat }, c->options, NULL, c->where);
}

static const fx_op as_strided_scatter_add_op = {
    .name = "as_strided_scatter_add",
    .formula = "y = x, with the source added to the elements that a geometry names",
    .inputs = 2,
    .strided = true,
    .options_size = sizeof(fx_geometry),
    .shape = fx_shape_same,
    .forward = scatter_add_forward,
    .local_grad = scatter_add_local_grad
};

static void as_strided_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx_geometry *o = c->options;
    fx_tensor *in[2] = { fx__zeros_like(c->shapes[0]), g };
    if (!in[0]) return;
    gx[0] = fx__overlaps_itself(o->ndim, o->size, o->stride)
                ? fx_apply_at(&as_strided_scatter_add_op, (fx_list){ 2, in }, o, NULL, c->where)
                : scatter(in[0], g, o, c->where);
}

static void scatter_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_tensor *flat = fx__space.clone(g, c->where);
    if (!flat) return;
    if (fx_call_needs(c, 0)) {
        fx_tensor *zeros = fx__zeros_like(c->shapes[1]);
        if (zeros) gx[0] = scatter(flat, zeros, c->options, c->where);
    }
    if (fx_call_needs(c, 1))
        gx[1] = fx_apply_at(fx__space.as_strided_op, (fx_list){ 1, &flat }, c->options, NULL, c->where);
}

static const fx_op as_strided_op = { .name = "as_strided",
                                     .formula = "y = the elements of x's memory that a geometry names",
                                     .inputs = 1,
                                     .view = true,
                                     .strided = true,
                                     .options_size = sizeof(fx_geometry),
                                     .shape = as_strided_shape,
                                     .local_grad = as_strided_local_grad };
static const fx_op as_strided_scatter_op = {
    .name = "as_strided_scatter",
    .formula = "y = x, with the elements that a geometry names taken from the source",
    .inputs = 2,
    .strided = true,
    .options_size = sizeof(fx_geometry),
    .shape = fx_shape_same,
    .forward = scatter_forward,
    .local_grad = scatter_local_grad
};

const fx_space fx__space = {
    .add = add,
    .add_into = add_into,
    .sum_to = sum_to,
    .cast = cast,
    .copy = copy,
    .clone = clone,
    .as_strided_op = &as_strided_op,
    .as_strided_scatter_op = &as_strided_scatter_op,
    .fill = fill,
    .first_nonfinite = first_nonfinite,
};
