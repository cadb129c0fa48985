/* Views that go through x in another order or leave some of it out, and the ops that are their gradients.
 *
 *     permute                permute by the inverse
 *     expand                 sum_to, of the tape's own space
 *     slice, select          embed: zeros with x put in
 *
 * Each pair is closed, so there are derivatives of any order.
 */
#include "shape.h"

/* ---- y = x with its dimensions in another order ---- */

typedef struct order {
    int8_t dim[FX_MAX_DIMS];
} order;

static bool permute_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *x = c->x[0];
    const order *o = c->options;
    for (int i = 0; i < x->ndim; i++) {
        y->size[i] = x->size[o->dim[i]];
        y->stride[i] = fx__stride(x)[o->dim[i]];
    }
    return true;
}

static void permute_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const order *o = c->options;
    int inverse[FX_MAX_DIMS] = { 0 };
    for (int i = 0; i < g->ndim; i++) inverse[o->dim[i]] = i;
    gx[0] = fx__permute(g, inverse, c->where);
}

static const fx_op permute_op = { .name = "permute",
                                  .formula = "y = x with its dimensions in another order",
                                  .inputs = 1,
                                  .view = true,
                                  .strided = true,
                                  .options_size = sizeof(order),
                                  .shape = permute_shape,
                                  .local_grad = permute_local_grad };

fx_tensor *fx__permute(fx_tensor *x, const int *dims, fx_where where)
{
    if (!x) return NULL;
    order o = { .dim = { 0 } };
    for (int i = 0; i < x->ndim && i < FX_MAX_DIMS; i++) o.dim[i] = (int8_t)dims[i];
    return FX__APPLY(&permute_op, &o, where, x);
}

fx_tensor *fx_permute_at(fx_tensor *x, fx_dims dims, fx_where where)
{
    if (!x) return NULL;
    int at[FX_MAX_DIMS];
    unsigned seen = 0;
    for (int i = 0; i < dims.count && dims.count == x->ndim; i++) {
        if ((at[i] = fx__dim_of(x, dims.at[i], "permute", where)) < 0) return NULL;
        seen |= 1u << at[i];
    }
    if (dims.count != x->ndim || seen != (1u << x->ndim) - 1)
        return FX__REFUSE(x, ERROR_SHAPE, where, "permute: %s does not name each dim of %s once",
                          fx__dims_text(x->cx, dims.count, dims.at), fx__shape_text(x));
    return fx__permute(x, at, where);
}

static fx_tensor *exchange(fx_tensor *x, int a, int b, fx_where where)
{
    int at[FX_MAX_DIMS];
    for (int i = 0; i < x->ndim; i++) at[i] = i == a ? b : i == b ? a : i;
    return fx__permute(x, at, where);
}

fx_tensor *fx_transpose_at(fx_tensor *x, int64_t dim0, int64_t dim1, fx_where where)
{
    if (!x) return NULL;
    int a = fx__dim_of(x, dim0, "transpose", where), b = fx__dim_of(x, dim1, "transpose", where);
    return a < 0 || b < 0 ? NULL : exchange(x, a, b, where);
}

fx_tensor *fx_t_at(fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    if (x->ndim > 2)
        return FX__REFUSE(x, ERROR_SHAPE, where, "t: takes at most 2 dimensions, not %s", fx__shape_text(x));
    return exchange(x, 0, x->ndim == 2 ? 1 : 0, where);
}

fx_tensor *fx_mT_at(fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    return exchange(x, x->ndim < 2 ? 0 : x->ndim - 2, x->ndim < 2 ? 0 : x->ndim - 1, where);
}

fx_tensor *fx_movedim_at(fx_tensor *x, fx_dims source, fx_dims destination, fx_where where)
{
    if (!x) return NULL;
    int at[FX_MAX_DIMS], next = 0;
    unsigned from = 0, to = 0;
    if (source.count != destination.count)
        return FX__REFUSE(x, ERROR_SHAPE, where, "movedim: %d dims go to %d places", source.count,
                          destination.count);
    for (int i = 0; i < source.count; i++) {
        int s = fx__dim_of(x, source.at[i], "movedim", where),
            d = fx__dim_of(x, destination.at[i], "movedim", where);
        if (s < 0 || d < 0) return NULL;
        if (from >> s & 1 || to >> d & 1)
            return FX__REFUSE(x, ERROR_SHAPE, where, "movedim: a dim stands twice in %s or %s",
                              fx__dims_text(x->cx, source.count, source.at),
                              fx__dims_text(x->cx, source.count, destination.at));
        from |= 1u << s;
        to |= 1u << d;
        at[d] = s;
    }
    for (int i = 0; i < x->ndim; i++) {
        if (to >> i & 1) continue;
        while (from >> next & 1) next++;
        at[i] = next++;
    }
    return fx__permute(x, at, where);
}

/* ---- y = x, broadcast ---- */

static bool expand_shape(const fx_call *c, fx_spec *y)
{
    const fx__sizes *to = c->options;
    const fx_tensor *x = c->x[0];
    y->ndim = to->ndim;
    for (int i = 0; i < to->ndim; i++) {
        int k = i - (to->ndim - x->ndim);
        y->size[i] = to->at[i];
        y->stride[i] = k < 0 || x->size[k] == 1 ? 0 : fx__stride(x)[k];
    }
    return true;
}

static void expand_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = fx__space.sum_to(g, c->shapes[0]->ndim, c->shapes[0]->size, c->where);
}

static const fx_op expand_op = { .name = "expand",
                                 .formula = "y = x, broadcast",
                                 .inputs = 1,
                                 .view = true,
                                 .strided = true,
                                 .options_size = sizeof(fx__sizes),
                                 .shape = expand_shape,
                                 .local_grad = expand_local_grad };

fx_tensor *fx__expand(fx_tensor *x, int ndim, const int64_t *size, fx_where where)
{
    if (!x) return NULL;
    fx__sizes to = { .ndim = ndim };
    memcpy(to.at, size, sizeof(int64_t) * (size_t)ndim);
    return FX__APPLY(&expand_op, &to, where, x);
}

static fx_tensor *expand(fx_tensor *x, fx_dims sizes, const char *op, fx_where where)
{
    if (!x) return NULL;
    int new = sizes.count - x->ndim;
    bool good = new >= 0 && sizes.count <= FX_MAX_DIMS;
    const char *asked = good ? fx__dims_text(x->cx, sizes.count, sizes.at) : "fewer dimensions";
    for (int i = 0; good && i < sizes.count; i++) {
        int64_t old = i < new ? 1 : x->size[i - new];
        if (sizes.at[i] == -1 && i >= new) sizes.at[i] = old;
        good = sizes.at[i] >= 0 && (old == 1 || old == sizes.at[i]);
    }
    if (!good)
        return FX__REFUSE(x, ERROR_SHAPE, where, "%s: %s does not broadcast to %s", op, fx__shape_text(x),
                          asked);
    return fx__expand(x, sizes.count, sizes.at, where);
}

fx_tensor *fx_expand_at(fx_tensor *x, fx_dims sizes, fx_where where)
{
    return expand(x, sizes, "expand", where);
}
fx_tensor *fx_expand_as_at(fx_tensor *x, const fx_tensor *other, fx_where where)
{
    return other ? expand(x, fx_shape(other), "expand_as", where) : NULL;
}

/* ---- y = zeros with x at start, start + step ... along dim: the gradient of slices ---- */

typedef struct embedding {
    int64_t start, step, size;
    int dim;
    bool drops;
} embedding;

static bool embed_shape(const fx_call *c, fx_spec *y)
{
    const embedding *e = c->options;
    const fx_tensor *x = c->x[0];
    if (e->drops) {
        memmove(y->size + e->dim + 1, x->size + e->dim, sizeof(int64_t) * (size_t)(x->ndim - e->dim));
        y->ndim++;
    }
    y->size[e->dim] = e->size;
    return true;
}

static void embed_forward(const fx_call *c)
{
    const embedding *e = c->options;
    const fx_tensor *x = c->x[0];
    fx_tensor *y = c->y;
    int64_t stride[FX_MAX_DIMS], step = fx__stride(y)[e->dim];
    if (!y->numel) return;
    memset(y->data, 0, (size_t)y->numel * fx_dtype_size((fx_dtype)y->dtype));
    for (int i = 0; i < x->ndim; i++) stride[i] = fx__stride(y)[i + (e->drops && i >= e->dim)];
    if (!e->drops) stride[e->dim] = step * e->step;
    fx__copy_into(y, e->start * step, x->ndim, x->size, stride, x);
}

static void embed_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const embedding *e = c->options;
    gx[0] = e->drops ? fx__select(g, e->dim, e->start, c->where)
                     : fx__slice(g, e->dim, e->start, c->shapes[0]->size[e->dim], e->step, c->where);
}

static const fx_op embed_op = { .name = "slice_backward",
                                .formula = "y = zeros with x at a slice",
                                .inputs = 1,
                                .strided = true,
                                .options_size = sizeof(embedding),
                                .shape = embed_shape,
                                .forward = embed_forward,
                                .local_grad = embed_local_grad };

fx_tensor *fx__embed(fx_tensor *x, int dim, int64_t start, int64_t step, int64_t size, bool drops,
                     fx_where where)
{
    embedding e = { .start = start, .step = step, .size = size, .dim = dim, .drops = drops };
    return x ? FX__APPLY(&embed_op, &e, where, x) : NULL;
}

/* ---- y = x[..., start : start + length * step : step, ...], or x[..., start, ...] ---- */

typedef struct slice {
    int64_t start, step, length;
    int dim;
    bool drops;
} slice;

static bool slice_shape(const fx_call *c, fx_spec *y)
{
    const slice *s = c->options;
    y->offset = s->start * y->stride[s->dim];
    if (s->length == 0) y->offset = 0;
    if (s->drops) {
        y->ndim--;
        for (int i = s->dim; i < y->ndim; i++) {
            y->size[i] = y->size[i + 1];
            y->stride[i] = y->stride[i + 1];
        }
    } else {
        y->size[s->dim] = s->length;
        y->stride[s->dim] *= s->step;
    }
    return true;
}

static void slice_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const slice *s = c->options;
    gx[0] = fx__embed(g, s->dim, s->start, s->step, c->shapes[0]->size[s->dim], s->drops, c->where);
}

#define SLICE_OP(called)                                                                                     \
    static const fx_op called##_op = { .name = #called,                                                      \
                                       .formula = "y = x, of some places along a dim",                       \
                                       .inputs = 1,                                                          \
                                       .view = true,                                                         \
                                       .strided = true,                                                      \
                                       .options_size = sizeof(slice),                                        \
                                       .shape = slice_shape,                                                 \
                                       .local_grad = slice_local_grad };
SLICE_OP(slice)
SLICE_OP(select)

fx_tensor *fx__slice(fx_tensor *x, int dim, int64_t start, int64_t length, int64_t step, fx_where where)
{
    slice s = { .start = start, .step = step, .length = length, .dim = dim };
    return x ? FX__APPLY(&slice_op, &s, where, x) : NULL;
}

fx_tensor *fx__select(fx_tensor *x, int dim, int64_t index, fx_where where)
{
    slice s = { .start = index, .step = 1, .length = 1, .dim = dim, .drops = true };
    return x ? FX__APPLY(&select_op, &s, where, x) : NULL;
}

static int64_t clipped(int64_t i, int64_t n)
{
    if (i < 0) i += n;
    return i < 0 ? 0 : i > n ? n : i;
}

/* A dim of x, which must have dimensions; -1 after an error. */
static int dim_to_cut(const fx_tensor *x, int64_t dim, const char *op, fx_where where)
{
    if (x->ndim) return fx__dim_of(x, dim, op, where);
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: a 0-d tensor has no dim", op);
    return -1;
}

fx_tensor *fx_slice_at(fx_slice_args args, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x) return NULL;
    int dim = dim_to_cut(x, args.dim, "slice", where);
    if (dim < 0) return NULL;
    if (args.step < 1)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "slice: step %lld is not positive", (long long)args.step);
    int64_t n = x->size[dim], start = clipped(args.start, n), stop = clipped(args.stop, n);
    int64_t length = stop > start ? (stop - start - 1) / args.step + 1 : 0;
    return fx__slice(x, dim, start, length, length > 1 ? args.step : 1, where);
}

fx_tensor *fx_select_at(fx_tensor *x, int64_t dim, int64_t index, fx_where where)
{
    if (!x) return NULL;
    int at = dim_to_cut(x, dim, "select", where);
    if (at < 0) return NULL;
    int64_t n = x->size[at];
    if (index < -n || index >= n)
        return FX__REFUSE(x, ERROR_INDEX, where, "select: index %lld is out of range for dim %d of %s",
                          (long long)index, at, fx__shape_text(x));
    return fx__select(x, at, index < 0 ? index + n : index, where);
}

fx_tensor *fx_narrow_at(fx_tensor *x, int64_t dim, int64_t start, int64_t length, fx_where where)
{
    if (!x) return NULL;
    int at = dim_to_cut(x, dim, "narrow", where);
    if (at < 0) return NULL;
    int64_t n = x->size[at], from = start < 0 ? start + n : start;
    if (from < 0 || from > n || length < 0 || length > n - from)
        return FX__REFUSE(x, ERROR_INDEX, where, "narrow: %lld numbers from %lld on are not in dim %d of %s",
                          (long long)length, (long long)start, at, fx__shape_text(x));
    return fx__slice(x, at, from, length, 1, where);
}

/* ---- records ---- */

typedef struct one_args {
    fx_tensor *x;
} one_args;
typedef struct dims_args {
    fx_tensor *x;
    fx_dims dims;
} dims_args;
typedef struct transpose_args {
    fx_tensor *x;
    int64_t dim0, dim1;
} transpose_args;
typedef struct movedim_args {
    fx_tensor *x;
    fx_dims source, destination;
} movedim_args;
typedef struct pair_args {
    fx_tensor *x, *other;
} pair_args;
typedef struct select_args {
    fx_tensor *x;
    int64_t dim, index;
} select_args;
typedef struct narrow_args {
    fx_tensor *x;
    int64_t dim, start, length;
} narrow_args;

static const fx_field one_fields[] = { FX__FIELD(one_args, x, TENSOR), FX__FIELDS_END };

FX__PLAIN(permute, dims_args, a->x, a->dims)
static const fx_field permute_fields[] = { FX__FIELD(dims_args, x, TENSOR), FX__FIELD(dims_args, dims, DIMS),
                                           FX__FIELDS_END };
const fx_function fx__function_permute = {
    .name = "permute",
    .torch = "permute",
    .formula = "y[i, j, ...] = x[the same indices in another order]",
    .gradient = "g with the inverse order",
    .fields = permute_fields,
    .args_size = sizeof(dims_args),
    .call = permute_call,
    .samples =
        "x=(2,3) dims=[1,0]\nx=(2,3,4) dims=[1,2,0]\nx=(2,3,4) dims=[2,0,1]\nx=(2,3,4) dims=[-3,-1,1]\n"
        "x=(2,1,3,2) dims=[3,1,0,2]\nx=() dims=[]\nx=(3) dims=[0]\nx=(0,3) dims=[1,0]\n"
        "x=(2,3)i64 dims=[1,0]\n!x=(2,3) dims=[0]\n!x=(2,3) dims=[0,0]\n!x=(2,3) dims=[0,2]\n",
    .bench = "x=(64,128,128) dims=[2,0,1]",
};

FX__PLAIN(transpose, transpose_args, a->x, a->dim0, a->dim1)
static const fx_field transpose_fields[] = { FX__FIELD(transpose_args, x, TENSOR),
                                             FX__FIELD(transpose_args, dim0, INT),
                                             FX__FIELD(transpose_args, dim1, INT), FX__FIELDS_END };
const fx_function fx__function_transpose = {
    .name = "transpose",
    .torch = "transpose,swapaxes,swapdims",
    .formula = "y = x with dims dim0 and dim1 exchanged",
    .gradient = "g with them exchanged again",
    .fields = transpose_fields,
    .args_size = sizeof(transpose_args),
    .call = transpose_call,
    .samples =
        "x=(2,3) dim0=0 dim1=1\nx=(2,3,4) dim0=1 dim1=-1\nx=(2,3,4) dim0=2 dim1=0\nx=(2,3) dim0=1 dim1=1\n"
        "x=() dim0=0 dim1=-1\nx=(0,3) dim0=0 dim1=1\n!x=(2,3) dim0=0 dim1=2\n",
    .bench = "x=(1024,1024) dim0=0 dim1=1",
};

FX__PLAIN(t, one_args, a->x)
const fx_function fx__function_t = {
    .name = "t",
    .torch = "t,T",
    .formula = "y[i, j] = x[j, i]; fewer dimensions stay as they are",
    .gradient = "g, transposed",
    .fields = one_fields,
    .args_size = sizeof(one_args),
    .call = t_call,
    .samples = "x=(2,3)\nx=(3)\nx=()\nx=(0,3)\n!x=(2,3,4)\n",
};

FX__PLAIN(mT, one_args, a->x)
const fx_function fx__function_mT = {
    .name = "mT",
    .torch = "mT,mH,H,adjoint",
    .formula = "y[..., i, j] = x[..., j, i]; fewer than two dimensions stay as they are",
    .gradient = "g, transposed",
    .fields = one_fields,
    .args_size = sizeof(one_args),
    .call = mT_call,
    .samples = "x=(2,3)\nx=(2,3,4)\nx=(3)\nx=()\nx=(2,0,3)\n",
};

FX__PLAIN(movedim, movedim_args, a->x, a->source, a->destination)
static const fx_field movedim_fields[] = { FX__FIELD(movedim_args, x, TENSOR),
                                           FX__FIELD(movedim_args, source, DIMS),
                                           FX__FIELD(movedim_args, destination, DIMS), FX__FIELDS_END };
const fx_function fx__function_movedim = {
    .name = "movedim",
    .torch = "movedim,moveaxis",
    .formula = "y = x with dims source in the places destination, the others in order around them",
    .gradient = "g with the inverse order",
    .fields = movedim_fields,
    .args_size = sizeof(movedim_args),
    .call = movedim_call,
    .samples = "x=(2,3,4) source=0 destination=2\nx=(2,3,4) source=[0,1] destination=[-1,0]\n"
               "x=(2,3,4,1) source=[3,-4] destination=[1,2]\nx=() source=0 destination=-1\n"
               "x=(0,2) source=1 destination=0\n!x=(2,3) source=[0,1] destination=[0]\n"
               "!x=(2,3) source=[0,0] destination=[0,1]\n!x=(2,3) source=2 destination=0\n",
};

FX__PLAIN(expand, dims_args, a->x, a->dims)
static const fx_field expand_fields[] = { FX__FIELD(dims_args, x, TENSOR),
                                          FX__FIELD(dims_args, dims, DIMS, .torch = "size"), FX__FIELDS_END };
const fx_function fx__function_expand = {
    .name = "expand",
    .torch = "expand,broadcast_to",
    .formula = "y = x, repeated along dimensions of size 1 and along new ones before the first, in no memory",
    .gradient = "g summed over what was repeated",
    .fields = expand_fields,
    .args_size = sizeof(dims_args),
    .call = expand_call,
    .samples =
        "x=(3,1) dims=[3,4]\nx=(3) dims=[2,3]\nx=(3,1) dims=[2,-1,4]\nx=(1,1) dims=[2,3]\nx=() dims=[2,2]\n"
        "x=() dims=[]\nx=(1) dims=[0]\nx=(3,1) dims=[3,0]\nx=(0) dims=[2,0]\nx=(2,3) dims=[2,3]\n"
        "!x=(2) dims=[3]\n!x=(2,3) dims=[3]\n!x=(2) dims=[-1,2]\n!x=(2,1) dims=[2,-2]\n",
    .bench = "x=(1024,1) dims=[1024,1024]",
};

FX__PLAIN(expand_as, pair_args, a->x, a->other)
static const fx_field pair_fields[] = { FX__FIELD(pair_args, x, TENSOR), FX__FIELD(pair_args, other, TENSOR),
                                        FX__FIELDS_END };
const fx_function fx__function_expand_as = {
    .name = "expand_as",
    .torch = "expand_as",
    .formula = "y = x broadcast to the sizes of other",
    .gradient = "g summed over what was repeated",
    .fields = pair_fields,
    .args_size = sizeof(pair_args),
    .call = expand_as_call,
    .samples =
        "x=(3,1) other=~(2,3,4)\nx=() other=~()\nx=() other=~(2)\nx=(1) other=~(0)\n!x=(2) other=~(3)\n",
};

FX__CALL(slice, fx_slice_args)
static const fx_field slice_fields[] = { FX__FIELD(fx_slice_args, x, TENSOR),
                                         FX__FIELD(fx_slice_args, dim, INT, .optional = true),
                                         FX__FIELD(fx_slice_args, start, INT, .optional = true),
                                         FX__FIELD(fx_slice_args, stop, INT, .torch = "end",
                                                   .optional = true),
                                         FX__FIELD(fx_slice_args, step, INT, .optional = true),
                                         FX__FIELDS_END };
const fx_function fx__function_slice = {
    .name = "slice",
    .torch = "slice",
    .formula = "y[..., i, ...] = x[..., start + i step, ...], start + i step < stop",
    .gradient = "zeros with g where it was taken from",
    .fields = slice_fields,
    .args_size = sizeof(fx_slice_args),
    .defaults = &(const fx_slice_args){ .stop = INT64_MAX, .step = 1 },
    .call = slice_call,
    .samples = "x=(5)\nx=(5) start=2\nx=(5) stop=-1\nx=(5) start=-3 stop=5\nx=(7) start=1 stop=6 step=2\n"
               "x=(2,7) dim=1 start=0 step=3\nx=(4,3) dim=-2 start=1 stop=3\nx=(5) start=3 stop=2\n"
               "x=(5) start=-9 stop=9\nx=(5) start=7\nx=(0,2)\nx=(2,3,4) dim=1 start=1 stop=2\n"
               "x=(5) start=1 step=9\n!x=(5) step=0\n!x=(5) step=-1\n!x=()\n!x=(5) dim=1\n",
    .bench = "x=(1024,1024) dim=1 start=1 stop=-1",
};

FX__PLAIN(select, select_args, a->x, a->dim, a->index)
static const fx_field select_fields[] = { FX__FIELD(select_args, x, TENSOR), FX__FIELD(select_args, dim, INT),
                                          FX__FIELD(select_args, index, INT), FX__FIELDS_END };
const fx_function fx__function_select = {
    .name = "select",
    .torch = "select",
    .formula = "y[...] = x[..., index, ...]",
    .gradient = "zeros with g where it was taken from",
    .fields = select_fields,
    .args_size = sizeof(select_args),
    .call = select_call,
    .samples =
        "x=(3) dim=0 index=1\nx=(3,4) dim=1 index=-1\nx=(2,3,4) dim=-2 index=2\nx=(2,3,4) dim=0 index=-2\n"
        "x=(2,0) dim=0 index=1\nx=(1) dim=0 index=0\n!x=() dim=0 index=0\n!x=(3) dim=0 index=3\n"
        "!x=(3) dim=0 index=-4\n!x=(0) dim=0 index=0\n!x=(3) dim=1 index=0\n",
    .bench = "x=(16,65536) dim=0 index=3",
};

FX__PLAIN(narrow, narrow_args, a->x, a->dim, a->start, a->length)
static const fx_field narrow_fields[] = { FX__FIELD(narrow_args, x, TENSOR), FX__FIELD(narrow_args, dim, INT),
                                          FX__FIELD(narrow_args, start, INT),
                                          FX__FIELD(narrow_args, length, INT), FX__FIELDS_END };
const fx_function fx__function_narrow = {
    .name = "narrow",
    .torch = "narrow",
    .formula = "y[..., i, ...] = x[..., start + i, ...], i < length",
    .gradient = "zeros with g where it was taken from",
    .fields = narrow_fields,
    .args_size = sizeof(narrow_args),
    .call = narrow_call,
    .samples =
        "x=(5) dim=0 start=1 length=3\nx=(2,5) dim=-1 start=-2 length=2\nx=(2,5) dim=0 start=2 length=0\n"
        "x=(0,2) dim=0 start=0 length=0\n!x=() dim=0 start=0 length=1\n!x=(5) dim=0 start=3 length=3\n"
        "!x=(5) dim=0 start=-6 length=1\n!x=(5) dim=0 start=0 length=-1\n",
};
