/* Max pools, fixed and adaptive, and max unpools.
 *
 * The op gives the largest number of each window and its place in the plane of x. The gradient goes to those
 * places: scatter_add, whose own gradient gathers from them.
 */
#include "lanes.h"
#include "window.h"

#include "kernels/kernels.h"
#include "kernels/pool.h"

/* One dimension's windows. */
typedef struct span {
    bool adaptive;
    int64_t in, out, kernel, stride, before, dilation;
} span;

typedef struct pool_options {
    int ndim;
    span dim[FX__SPACE];
} pool_options;

/* ---- the op ----------------------------------------------------------------------------------------------
 */

static bool pool_shape(const fx_call *c, fx_spec *y)
{
    const pool_options *o = c->options;
    for (int d = 0; d < o->ndim; d++) y[0].size[c->x[0]->ndim - o->ndim + d] = o->dim[d].out;
    y[1] = y[0];
    y[1].dtype = FX_I64;
    return true;
}

/* Where the windows of a dimension begin and end, inside x. */
static void fill_windows(const span *s, int64_t *from, int64_t *to)
{
    for (int64_t o = 0; o < s->out; o++) {
        if (s->adaptive) {
            from[o] = o * s->in / s->out;
            to[o] = ((o + 1) * s->in + s->out - 1) / s->out;
            continue;
        }
        const int64_t start = o * s->stride - s->before, end = start + (s->kernel - 1) * s->dilation + 1;
        from[o] = start >= 0 ? start : start + (-start + s->dilation - 1) / s->dilation * s->dilation;
        to[o] = end < s->in ? end : s->in;
    }
}

/* But for where its windows are. */
static fx__pool pool_of(const fx_call *c, const pool_options *o, const fx_tensor *x)
{
    const span *last = &o->dim[o->ndim - 1];
    fx__pool p = { .f64 = x->dtype == FX_F64,
                   .threads = fx_threads(c->cx),
                   .planes = fx__product(x->size, 0, x->ndim - o->ndim),
                   .kernel = last->adaptive ? 0 : last->kernel,
                   .stride = last->stride,
                   .before = last->before };
    for (int d = 0; d < FX__SPACE; d++) {
        const int from = d - (FX__SPACE - o->ndim);
        p.in[d] = from < 0 ? 1 : o->dim[from].in;
        p.out[d] = from < 0 ? 1 : o->dim[from].out;
        p.step[d] = from < 0 || o->dim[from].adaptive ? 1 : o->dim[from].dilation;
    }
    return p;
}

static void pool_forward(const fx_call *c)
{
    static const span alone = { .in = 1, .out = 1, .kernel = 1, .stride = 1, .dilation = 1 };
    const pool_options *o = c->options;
    const fx_tensor *x = c->x[0];
    fx__pool p = pool_of(c, o, x);
    int64_t outs = 1, *at;
    for (int d = 0; d < o->ndim; d++) outs += o->dim[d].out;
    int64_t *tables = fx__scratch(c->cx, sizeof(int64_t) * 2 * (size_t)(outs + FX__SPACE));
    if (!tables) return;
    at = tables;
    for (int d = 0; d < FX__SPACE; d++) {
        const span *s = d < FX__SPACE - o->ndim ? &alone : &o->dim[d - (FX__SPACE - o->ndim)];
        p.from[d] = at;
        p.to[d] = at + s->out;
        fill_windows(s, at, at + s->out);
        at += 2 * s->out;
    }
    if (c->y->numel) fx__kernels()->pool->max(&p, x->data, c->y->data, (int64_t *)(void *)c->ys[1]->data);
    fx__scratch_free(c->cx, tables);
}

/* x with its last ndim dimensions as one. */
static fx_tensor *flat(fx_tensor *x, int ndim, fx_where where)
{
    int64_t size[FX_MAX_DIMS];
    if (!x) return NULL;
    const int lead = x->ndim - ndim;
    for (int d = 0; d < lead; d++) size[d] = x->size[d];
    size[lead] = fx__product(x->size, lead, x->ndim);
    return fx__reshape(x, lead + 1, size, where);
}

static void pool_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const pool_options *o = c->options;
    const fx_tensor *x = c->shapes[0];
    const int lead = x->ndim - o->ndim;
    fx_dims plane = { .given = true, .count = lead + 1 };
    for (int d = 0; d < lead; d++) plane.at[d] = x->size[d];
    plane.at[lead] = fx__product(x->size, lead, x->ndim);
    fx_tensor *zeros = fx_full_at(c->cx, (fx_dtype)g->dtype, 0, plane, c->where);
    fx_tensor *sum =
        fx_scatter_add_at(zeros, -1, flat(c->ys[1], o->ndim, c->where), flat(g, o->ndim, c->where), c->where);
    gx[0] = sum ? fx__reshape_like(sum, x, c->where) : NULL;
}

static void pool_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const pool_options *o = c->options;
    const fx_tensor *x = c->shapes[0], *index = c->ys[1];
    const fx__pool p = pool_of(c, o, x);
    gx[0] = fx__grad_new(c, 0);
    g = fx__contiguous_of(g);
    if (g && gx[0] && x->numel)
        fx__kernels()->pool->max_back(&p, g->data, gx[0]->data, (const int64_t *)(const void *)index->data);
}

static const fx_op pool_op = { .name = "max_pool",
                               .formula = "y = the largest number of each window, and its place",
                               .inputs = 1,
                               .outputs = 2,
                               .captures = FX_CAPTURE_Y_AT(1),
                               .options_size = sizeof(pool_options),
                               .shape = pool_shape,
                               .forward = pool_forward,
                               .local_grad = pool_local_grad,
                               .local_grad_fused = pool_local_grad_fused };

static fx_tensor *pooled(fx_tensor *x, const pool_options *o, fx_tensor **indices, fx_where where)
{
    fx_tensor *outputs[2];
    fx_tensor *y = fx_apply_at(&pool_op, (fx_list){ 1, &x }, o, outputs, where);
    if (y && indices) *indices = outputs[1];
    return y;
}

/* ---- fixed windows ---------------------------------------------------------------------------------------
 */

static fx_tensor *max_pool(const char *op, int ndim, fx_max_pool_args a, fx_where where)
{
    fx__pool_window w;
    pool_options o = { .ndim = ndim };
    if (!fx__has_space(a.x, ndim, op, where) ||
        !fx__pool_window_of(a.x, op, ndim, (fx__option){ "kernel_size", a.kernel_size, a.kernel_sizes, 1 },
                            (fx__option){ "stride", a.stride, a.strides, 1 },
                            (fx__option){ "padding", a.padding, a.paddings, 0 },
                            (fx__option){ "dilation", a.dilation, a.dilations, 1 }, a.ceil_mode, &w, where))
        return NULL;
    for (int d = 0; d < ndim; d++)
        o.dim[d] = (span){ .in = w.in[d],
                           .out = w.out[d],
                           .kernel = w.kernel[d],
                           .stride = w.stride[d],
                           .before = w.padding[d],
                           .dilation = w.dilation[d] };
    return pooled(a.x, &o, a.indices, where);
}

fx_tensor *fx_max_pool1d_at(fx_max_pool_args args, fx_where where)
{
    return max_pool("max_pool1d", 1, args, where);
}
fx_tensor *fx_max_pool2d_at(fx_max_pool_args args, fx_where where)
{
    return max_pool("max_pool2d", 2, args, where);
}
fx_tensor *fx_max_pool3d_at(fx_max_pool_args args, fx_where where)
{
    return max_pool("max_pool3d", 3, args, where);
}

/* ---- adaptive --------------------------------------------------------------------------------------------
 */

static fx_tensor *adaptive_max_pool(const char *op, int ndim, fx_adaptive_max_pool_args a, fx_where where)
{
    pool_options o = { .ndim = ndim };
    int64_t in[FX__SPACE], out[FX__SPACE];
    if (!fx__has_space(a.x, ndim, op, where) ||
        !fx__adaptive_sizes(a.x, op, ndim, a.output_size, a.output_sizes, in, out, where))
        return NULL;
    for (int d = 0; d < ndim; d++) o.dim[d] = (span){ .adaptive = true, .in = in[d], .out = out[d] };
    return pooled(a.x, &o, a.indices, where);
}

fx_tensor *fx_adaptive_max_pool1d_at(fx_adaptive_max_pool_args args, fx_where where)
{
    return adaptive_max_pool("adaptive_max_pool1d", 1, args, where);
}

fx_tensor *fx_adaptive_max_pool2d_at(fx_adaptive_max_pool_args args, fx_where where)
{
    return adaptive_max_pool("adaptive_max_pool2d", 2, args, where);
}

fx_tensor *fx_adaptive_max_pool3d_at(fx_adaptive_max_pool_args args, fx_where where)
{
    return adaptive_max_pool("adaptive_max_pool3d", 3, args, where);
}

/* ---- unpool ----------------------------------------------------------------------------------------------
 */

/* The sizes of y's space: given, or such as pool to x's. */
static bool unpooled_sizes(const char *op, int ndim, const fx_max_unpool_args *a, int64_t out[],
                           fx_where where)
{
    int64_t kernel[FX__SPACE] = { 0 }, stride[FX__SPACE], padding[FX__SPACE];
    static const int64_t zeros[] = { 0, 0, 0 };
    const fx_tensor *x = a->x;
    if (!fx__option_for_each(x, op, ndim, (fx__option){ "kernel_size", a->kernel_size, a->kernel_sizes, 1 },
                             NULL, kernel, where) ||
        !fx__option_for_each(x, op, ndim, (fx__option){ "stride", a->stride, a->strides, 1 }, kernel, stride,
                             where) ||
        !fx__option_for_each(x, op, ndim, (fx__option){ "padding", a->padding, a->paddings, 0 }, zeros,
                             padding, where))
        return false;
    if (a->output_size.given && a->output_size.count < ndim)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: output_size has %d numbers for %d dimensions", op,
                          a->output_size.count, ndim) != NULL;
    for (int d = 0; d < ndim; d++) {
        out[d] = a->output_size.given
                     ? a->output_size.at[a->output_size.count - ndim + d]
                     : (x->size[x->ndim - ndim + d] - 1) * stride[d] - 2 * padding[d] + kernel[d];
        if (out[d] < 1)
            return FX__REFUSE(x, ERROR_SHAPE, where, "%s: an output of %lld is too small for x %s", op,
                              (long long)out[d], fx__shape_text(x)) != NULL;
    }
    return true;
}

static bool indices_fit(const char *op, const fx_tensor *x, fx_tensor *index, int64_t plane, fx_where where)
{
    if (!index) return false;
    if (index->dtype != FX_I64 || !fx__same_sizes(x, index))
        return FX__REFUSE(
                   x, ERROR_SHAPE, where, "%s: wants an int64 index for each number of x %s, not %s %s", op,
                   fx__shape_text(x), fx_dtype_name((fx_dtype)index->dtype), fx__shape_text(index)) != NULL;
    fx_tensor *rows = fx__contiguous_of(index);
    if (!rows) return false;
    const int64_t *at = (const int64_t *)(const void *)rows->data;
    for (int64_t i = 0; i < rows->numel; i++)
        if (at[i] < 0 || at[i] >= plane)
            return FX__REFUSE(x, ERROR_INDEX, where, "%s: index %lld is outside a plane of %lld", op,
                              (long long)at[i], (long long)plane) != NULL;
    return true;
}

static fx_tensor *max_unpool(const char *op, int ndim, fx_max_unpool_args a, fx_where where)
{
    fx_tensor *x = a.x;
    int64_t out[FX__SPACE], size[FX_MAX_DIMS];
    if (!fx__has_space(x, ndim, op, where) || !unpooled_sizes(op, ndim, &a, out, where) ||
        !indices_fit(op, x, a.indices, fx__product(out, 0, ndim), where))
        return NULL;
    const int lead = x->ndim - ndim;
    fx_dims plane = { .given = true, .count = lead + 1 };
    for (int d = 0; d < lead; d++) size[d] = plane.at[d] = x->size[d];
    for (int d = 0; d < ndim; d++) size[lead + d] = out[d];
    plane.at[lead] = fx__product(out, 0, ndim);
    fx_tensor *zeros = fx_full_at(x->cx, (fx_dtype)x->dtype, 0, plane, where), *source = flat(x, ndim, where);
    fx_tensor *y =
        source ? fx_scatter_at(zeros, -1, flat(a.indices, ndim, where), fx_operand_tensor(source), where)
               : NULL;
    return y ? fx__reshape(y, x->ndim, size, where) : NULL;
}

fx_tensor *fx_max_unpool1d_at(fx_max_unpool_args args, fx_where where)
{
    return max_unpool("max_unpool1d", 1, args, where);
}
fx_tensor *fx_max_unpool2d_at(fx_max_unpool_args args, fx_where where)
{
    return max_unpool("max_unpool2d", 2, args, where);
}
fx_tensor *fx_max_unpool3d_at(fx_max_unpool_args args, fx_where where)
{
    return max_unpool("max_unpool3d", 3, args, where);
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

/* The registry asks for indices as PyTorch does. */
typedef struct max_pool_call_args {
    fx_max_pool_args a;
    bool return_indices;
} max_pool_call_args;
typedef struct adaptive_call_args {
    fx_adaptive_max_pool_args a;
    bool return_indices;
} adaptive_call_args;

#define INDICES_CALL(function, structure)                                                                    \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        structure s = *(const structure *)args;                                                              \
        if (s.return_indices) s.a.indices = &out[1];                                                         \
        out[0] = fx_##function##_at(s.a, where);                                                             \
        return !out[0] ? 0 : s.return_indices ? 2 : 1;                                                       \
    }

/* Both names of an option are PyTorch's: the plural is what a list is given to. */
static const fx_field max_pool_fields[] = {
    FX__FIELD(max_pool_call_args, a.x, TENSOR, .name = "x", .torch = "input"),
    FX__FIELD(max_pool_call_args, a.kernel_sizes, DIMS, .name = "kernel_sizes", .torch = "kernel_size"),
    FX__FIELD(max_pool_call_args, a.strides, DIMS, .name = "strides", .torch = "stride", .optional = true),
    FX__FIELD(max_pool_call_args, a.paddings, DIMS, .name = "paddings", .torch = "padding", .optional = true),
    FX__FIELD(max_pool_call_args, a.dilations, DIMS, .name = "dilations", .torch = "dilation",
              .optional = true),
    FX__FIELD(max_pool_call_args, a.ceil_mode, BOOL, .name = "ceil_mode", .optional = true),
    FX__FIELD(max_pool_call_args, return_indices, BOOL, .optional = true),
    FX__FIELDS_END
};

#define MAX_POOL(function, samples_, bench_)                                                                 \
    INDICES_CALL(function, max_pool_call_args)                                                               \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = "nn.functional." #function,                                                                 \
        .formula = "y[n, c, q] = max over t of x[n, c, q stride + t dilation - padding], and where it is",   \
        .gradient = "g goes to the places of the largest; windows that share one add up",                    \
        .notes = "nothing outside x counts; the first of equals has the gradient; NaN is larger than all",   \
        .fields = max_pool_fields,                                                                           \
        .args_size = sizeof(max_pool_call_args),                                                             \
        .call = function##_call,                                                                             \
        .samples = samples_,                                                                                 \
        .bench = bench_                                                                                      \
    };

MAX_POOL(max_pool1d,
         "x=(2,3,7)@distinct kernel_sizes=3\n"
         "x=(3,7)@distinct kernel_sizes=3 strides=2 paddings=1 return_indices=true\n"
         "x=(1,2,8)@distinct kernel_sizes=3 dilations=2 strides=1 paddings=1\n"
         "x=(1,2,8)@distinct kernel_sizes=3 ceil_mode=true return_indices=true\n"
         "x=(1,1,6){1,3,3,2,3,3} kernel_sizes=3 return_indices=true\n"
         "x=~(1,1,6){1,nan,3,-inf,-inf,-inf} kernel_sizes=3 return_indices=true\n"
         "x=(0,2,5) kernel_sizes=2\n"
         "! x=() kernel_sizes=1\n"
         "! x=(3) kernel_sizes=1\n"
         "! x=(1,2,4) kernel_sizes=5\n"
         "! x=(1,2,4) kernel_sizes=2 paddings=2\n"
         "! x=(1,2,4) kernel_sizes=2 strides=0\n"
         "! x=(1,2,4) kernel_sizes=0\n"
         "! x=(1,2,4) kernel_sizes=[2,2]\n"
         "! x=(1,2,4)i64 kernel_sizes=2\n",
         "x=(16,64,1024) kernel_sizes=2\n")

MAX_POOL(max_pool2d,
         "x=(2,2,5,4)@distinct kernel_sizes=2\n"
         "x=(2,5,6)@distinct kernel_sizes=[3,2] strides=[2,1] paddings=1 return_indices=true\n"
         "x=(1,2,6,5)@distinct kernel_sizes=3 strides=2 dilations=[1,2] ceil_mode=true paddings=1 "
         "return_indices=true\n"
         "x=(0,2,4,4) kernel_sizes=2\n"
         "! x=() kernel_sizes=1\n"
         "! x=(1,2,4,4) kernel_sizes=[2,2,2]\n"
         "! x=(1,2,4,4) kernel_sizes=5\n",
         "x=(16,64,32,32) kernel_sizes=2\n")

MAX_POOL(max_pool3d,
         "x=(1,2,3,4,4)@distinct kernel_sizes=2\n"
         "x=(2,4,3,5)@distinct kernel_sizes=[2,3,2] strides=[1,2,2] paddings=[1,1,0] ceil_mode=true "
         "return_indices=true\n"
         "x=(0,1,2,2,2) kernel_sizes=2\n"
         "! x=() kernel_sizes=1\n"
         "! x=(1,1,2,2,2) kernel_sizes=3\n",
         "x=(4,16,16,32,32) kernel_sizes=2\n")

static const fx_field adaptive_fields[] = {
    FX__FIELD(adaptive_call_args, a.x, TENSOR, .name = "x", .torch = "input"),
    FX__FIELD(adaptive_call_args, a.output_sizes, DIMS, .name = "output_sizes", .torch = "output_size"),
    FX__FIELD(adaptive_call_args, return_indices, BOOL, .optional = true), FX__FIELDS_END
};

#define ADAPTIVE_MAX_POOL(function, samples_, bench_)                                                        \
    INDICES_CALL(function, adaptive_call_args)                                                               \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = "nn.functional." #function,                                                                 \
        .formula = "y[q] = max of x[floor(q in / out)] ... x[ceil((q + 1) in / out) - 1], and where it is",  \
        .gradient = "g goes to the places of the largest; windows that share one add up",                    \
        .notes = "a size of -1 keeps x's; the first of equals has the gradient",                             \
        .fields = adaptive_fields,                                                                           \
        .args_size = sizeof(adaptive_call_args),                                                             \
        .call = function##_call,                                                                             \
        .samples = samples_,                                                                                 \
        .bench = bench_                                                                                      \
    };

ADAPTIVE_MAX_POOL(adaptive_max_pool1d,
                  "x=(2,3,7)@distinct output_sizes=3\n"
                  "x=(3,4)@distinct output_sizes=6 return_indices=true\n"
                  "x=(2,3,4)@distinct output_sizes=1\n"
                  "x=(0,3,4) output_sizes=2\n"
                  "! x=() output_sizes=1\n"
                  "! x=(2,3,0) output_sizes=2\n"
                  "! x=(2,3,4) output_sizes=-2\n"
                  "! x=(2,3,4)i64 output_sizes=2\n",
                  "x=(16,64,1024) output_sizes=100\n")
ADAPTIVE_MAX_POOL(adaptive_max_pool2d,
                  "x=(2,2,5,4)@distinct output_sizes=[3,2]\n"
                  "x=(2,4,4)@distinct output_sizes=[-1,3] return_indices=true\n"
                  "x=(0,2,4,4) output_sizes=2\n"
                  "! x=() output_sizes=1\n"
                  "! x=(1,2,4,4) output_sizes=[1,2,3]\n",
                  "x=(16,64,32,32) output_sizes=7\n")
ADAPTIVE_MAX_POOL(adaptive_max_pool3d,
                  "x=(1,2,3,4,3)@distinct output_sizes=[2,3,2]\n"
                  "x=(2,2,4,3)@distinct output_sizes=[2,-1,1] return_indices=true\n"
                  "x=(0,2,2,2,2) output_sizes=2\n"
                  "! x=() output_sizes=1\n",
                  "x=(4,16,16,32,32) output_sizes=7\n")

static const fx_field max_unpool_fields[] = {
    FX__FIELD(fx_max_unpool_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_max_unpool_args, indices, TENSOR),
    FX__FIELD(fx_max_unpool_args, kernel_sizes, DIMS, .torch = "kernel_size"),
    FX__FIELD(fx_max_unpool_args, strides, DIMS, .torch = "stride", .optional = true),
    FX__FIELD(fx_max_unpool_args, paddings, DIMS, .torch = "padding", .optional = true),
    FX__FIELD(fx_max_unpool_args, output_size, DIMS, .optional = true),
    FX__FIELDS_END
};

#define MAX_UNPOOL(function, samples_)                                                                       \
    FX__CALL(function, fx_max_unpool_args)                                                                   \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = "nn.functional." #function,                                                                 \
        .formula =                                                                                           \
            "y[n, c, indices[n, c, q]] = x[n, c, q], zero elsewhere; indices are places in a plane of y",    \
        .gradient = "gx[n, c, q] = g[n, c, indices[n, c, q]], for the last of those that share a place",     \
        .notes = "where indices repeat, the last number stands",                                             \
        .fields = max_unpool_fields,                                                                         \
        .args_size = sizeof(fx_max_unpool_args),                                                             \
        .call = function##_call,                                                                             \
        .samples = samples_                                                                                  \
    };

MAX_UNPOOL(max_unpool1d,
           "x=(1,2,3) indices=(1,2,3)i64{0,3,4,1,2,5} kernel_sizes=2\n"
           "x=(2,2) indices=(2,2)i64{1,2,0,3} kernel_sizes=2 output_size=5\n"
           "x=(1,1,2) indices=(1,1,2)i64{1,4} kernel_sizes=3 strides=2 paddings=0 output_size=[1,1,6]\n"
           "x=(0,1,2) indices=(0,1,2)i64 kernel_sizes=2\n"
           "! x=() indices=()i64 kernel_sizes=2\n"
           "! x=(1,1,2) indices=(1,1,3)i64 kernel_sizes=2\n"
           "! x=(1,1,2) indices=(1,1,2)i64{0,4} kernel_sizes=2\n"
           "! x=(1,1,2) indices=(1,1,2) kernel_sizes=2\n"
           "! x=(1,1,2)i64 indices=(1,1,2)i64{0,1} kernel_sizes=2\n")
MAX_UNPOOL(max_unpool2d, "x=(1,2,2,2) indices=(1,2,2,2)i64{0,3,9,15,5,2,10,12} kernel_sizes=2\n"
                         "x=(1,1,2) indices=(1,1,2)i64{1,3} kernel_sizes=2 strides=[1,2] output_size=[3,4]\n"
                         "x=(0,1,2,2) indices=(0,1,2,2)i64 kernel_sizes=2\n"
                         "! x=() indices=()i64 kernel_sizes=2\n")
MAX_UNPOOL(max_unpool3d, "x=(1,1,1,2,2) indices=(1,1,1,2,2)i64{3,9,17,30} kernel_sizes=2\n"
                         "x=(1,2,1,1) indices=(1,2,1,1)i64{3,1} kernel_sizes=[1,2,2] output_size=[1,2,3]\n"
                         "x=(0,1,1,2,2) indices=(0,1,1,2,2)i64 kernel_sizes=2\n"
                         "! x=() indices=()i64 kernel_sizes=2\n")
