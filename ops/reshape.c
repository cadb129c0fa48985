/* The same numbers in other sizes: views where strides allow it, else row-major copies.
 *
 * Two ops do it, one that is a view and one that copies; each is the other's gradient, and its own.
 * Squeezing, flattening and the like are names for particular sizes.
 */
#include "kernels/strided.h"
#include "shape.h"

/* ---- what the families share ---- */

fx__sizes fx__sizes_of(const fx_tensor *x)
{
    fx__sizes s = { .ndim = x->ndim };
    memcpy(s.at, x->size, sizeof(int64_t) * x->ndim);
    return s;
}

bool fx__same_sizes(const fx_tensor *a, const fx_tensor *b)
{
    return a->ndim == b->ndim && !memcmp(a->size, b->size, sizeof(int64_t) * a->ndim);
}

int fx__dim_in(const fx_tensor *x, int ndim, int64_t dim, const char *op, fx_where where)
{
    if (dim >= -ndim && dim < ndim) return (int)(dim < 0 ? dim + ndim : dim);
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: dim %lld is not in [%d, %d): the tensor has sizes %s", op,
                 (long long)dim, -ndim, ndim, fx__shape_text(x));
    return -1;
}

void fx__copy_numbers(fx_tensor *to, const fx_tensor *from)
{
    fx__copy_strided(fx_threads(to->cx), fx_dtype_size((fx_dtype)to->dtype), to->ndim, to->size, to->data,
                     fx__stride(to), from->data, fx__stride(from));
}

void fx__copy_into(fx_tensor *to, int64_t offset, int ndim, const int64_t *size, const int64_t *stride,
                   const fx_tensor *from)
{
    size_t item = fx_dtype_size((fx_dtype)to->dtype);
    if (!from->numel) return;
    fx__copy_strided(fx_threads(to->cx), item, ndim, size, to->data + offset * (int64_t)item, stride,
                     from->data, fx__stride(from));
}

/* ---- y = x in other sizes ---- */

/* Strides that show a tensor of those sizes and strides in others; false if there are none. Dimensions that
 * step as one are a run, and each run is cut anew, from the last. */
static bool strides_for(const fx_tensor *x, int ndim, const int64_t *size, int64_t *stride)
{
    if (fx__contiguous(x) || x->numel == 0) {
        fx__row_strides(ndim, size, stride);
        return true;
    }
    const int64_t *old = fx__stride(x);
    int at = ndim - 1;
    for (int last = x->ndim - 1; last >= 0;) {
        int first = last;
        int64_t run = x->size[last], step = old[last], filled = 1;
        for (; first > 0 && (x->size[first - 1] == 1 || run == 1 || old[first - 1] == run * step); first--) {
            if (run == 1) step = old[first - 1];
            run *= x->size[first - 1];
        }
        for (; at >= 0 && (filled < run || size[at] == 1); at--) {
            stride[at] = filled * step;
            filled *= size[at];
        }
        if (filled != run) return false;
        last = first - 1;
    }
    for (; at >= 0; at--) stride[at] = 1;
    return true;
}

static bool sizes_shape(const fx_call *c, fx_spec *y)
{
    const fx__sizes *to = c->options;
    y->ndim = to->ndim;
    memcpy(y->size, to->at, sizeof(int64_t) * (size_t)to->ndim);
    return true;
}

static bool view_shape(const fx_call *c, fx_spec *y)
{
    sizes_shape(c, y);
    return strides_for(c->x[0], y->ndim, y->size, y->stride) ||
           fx_call_fail(c, FX_ERROR_SHAPE, "strides do not allow a view of %s", fx__shape_text(c->x[0]));
}

static void reshape_forward(const fx_call *c)
{
    const fx_tensor *x = c->x[0];
    int64_t stride[FX_MAX_DIMS];
    fx__row_strides(x->ndim, x->size, stride);
    fx__copy_into(c->y, 0, x->ndim, x->size, stride, x);
}

static void reshape_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = fx__reshape_like(g, c->shapes[0], c->where);
}

static const fx_op view_op = { .name = "view",
                               .formula = "y = x, in other sizes",
                               .inputs = 1,
                               .view = true,
                               .strided = true,
                               .options_size = sizeof(fx__sizes),
                               .shape = view_shape,
                               .local_grad = reshape_local_grad };
static const fx_op reshape_op = { .name = "reshape",
                                  .formula = "y = x, in other sizes, copied",
                                  .inputs = 1,
                                  .strided = true,
                                  .options_size = sizeof(fx__sizes),
                                  .shape = sizes_shape,
                                  .forward = reshape_forward,
                                  .local_grad = reshape_local_grad };

fx_tensor *fx__reshape(fx_tensor *x, int ndim, const int64_t *size, fx_where where)
{
    if (!x) return NULL;
    fx__sizes to = { .ndim = ndim };
    int64_t stride[FX_MAX_DIMS];
    if (ndim) memcpy(to.at, size, sizeof(int64_t) * (size_t)ndim);
    return FX__APPLY(strides_for(x, ndim, size, stride) ? &view_op : &reshape_op, &to, where, x);
}

fx_tensor *fx__reshape_like(fx_tensor *x, const fx_tensor *like, fx_where where)
{
    return fx__reshape(x, like->ndim, like->size, where);
}

/* Puts in the size that -1 stands for, and checks that the numbers are as many as before. */
static bool complete(const fx_tensor *x, fx_dims *sizes, int64_t numel, const char *op, fx_where where)
{
    int open = -1;
    int64_t known = 1;
    const bool few = sizes->count >= 0 && sizes->count <= FX_MAX_DIMS;
    bool good = few;
    for (int i = 0; good && i < sizes->count; i++) {
        if (sizes->at[i] >= 0) {
            good = !__builtin_mul_overflow(known, sizes->at[i], &known);
            continue;
        }
        good = sizes->at[i] == -1 && open < 0;
        open = i;
    }
    const char *asked = few ? fx__dims_text(x->cx, sizes->count, sizes->at) : "of so many dimensions";
    if (good && open >= 0 && known > 0) {
        sizes->at[open] = numel / known;
        known *= sizes->at[open];
    } else if (open >= 0) {
        good = false;
    }
    if (good && known == numel) return true;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: %lld numbers of %s do not make sizes %s", op,
                 (long long)numel, fx__shape_text(x), asked);
    return false;
}

fx_tensor *fx_reshape_at(fx_tensor *x, fx_dims sizes, fx_where where)
{
    if (!x || !complete(x, &sizes, x->numel, "reshape", where)) return NULL;
    return fx__reshape(x, sizes.count, sizes.at, where);
}

fx_tensor *fx_view_at(fx_tensor *x, fx_dims sizes, fx_where where)
{
    int64_t stride[FX_MAX_DIMS];
    if (!x || !complete(x, &sizes, x->numel, "view", where)) return NULL;
    if (!strides_for(x, sizes.count, sizes.at, stride))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "view: strides do not allow to show %s as %s: use reshape, which copies then",
                          fx__shape_text(x), fx__dims_text(x->cx, sizes.count, sizes.at));
    return fx__reshape(x, sizes.count, sizes.at, where);
}

fx_tensor *fx_reshape_as_at(fx_tensor *x, const fx_tensor *other, fx_where where)
{
    if (!x || !other) return NULL;
    if (x->numel != other->numel)
        return FX__REFUSE(x, ERROR_SHAPE, where, "reshape_as: %s does not make sizes %s", fx__shape_text(x),
                          fx__shape_text(other));
    return fx__reshape_like(x, other, where);
}

/* ---- particular sizes ---- */

fx_tensor *fx_flatten_at(fx_tensor *x, int64_t start_dim, int64_t end_dim, fx_where where)
{
    if (!x) return NULL;
    int start = fx__dim_of(x, start_dim, "flatten", where), end = fx__dim_of(x, end_dim, "flatten", where);
    if (start < 0 || end < 0) return NULL;
    if (start > end)
        return FX__REFUSE(x, ERROR_SHAPE, where, "flatten: start_dim %lld comes after end_dim %lld",
                          (long long)start_dim, (long long)end_dim);
    if (x->ndim == 0) return fx__reshape(x, 1, &(int64_t){ 1 }, where);
    fx__sizes to = { .ndim = 0 };
    for (int i = 0; i < x->ndim; i++) {
        if (i > start && i <= end)
            to.at[to.ndim - 1] *= x->size[i];
        else
            to.at[to.ndim++] = x->size[i];
    }
    return fx__reshape(x, to.ndim, to.at, where);
}

fx_tensor *fx_ravel_at(fx_tensor *x, fx_where where)
{
    return x ? fx__reshape(x, 1, &x->numel, where) : NULL;
}

fx_tensor *fx_unflatten_at(fx_tensor *x, int64_t dim, fx_dims sizes, fx_where where)
{
    if (!x) return NULL;
    int at = fx__dim_of(x, dim, "unflatten", where);
    if (at < 0 || !complete(x, &sizes, fx__size_along(x, at), "unflatten", where)) return NULL;
    int ndim = x->ndim - (x->ndim > 0) + sizes.count;
    if (ndim > FX_MAX_DIMS)
        return FX__REFUSE(x, ERROR_SHAPE, where, "unflatten: %d dimensions are more than %d", ndim,
                          FX_MAX_DIMS);
    int64_t size[FX_MAX_DIMS];
    memcpy(size, x->size, sizeof(int64_t) * (size_t)at);
    memcpy(size + at, sizes.at, sizeof(int64_t) * (size_t)sizes.count);
    if (x->ndim)
        memcpy(size + at + sizes.count, x->size + at + 1, sizeof(int64_t) * (size_t)(x->ndim - at - 1));
    return fx__reshape(x, ndim, size, where);
}

fx_tensor *fx__unsqueeze(fx_tensor *x, int dim, fx_where where)
{
    if (!x) return NULL;
    int64_t size[FX_MAX_DIMS + 1];
    memcpy(size, x->size, sizeof(int64_t) * (size_t)dim);
    size[dim] = 1;
    memcpy(size + dim + 1, x->size + dim, sizeof(int64_t) * (size_t)(x->ndim - dim));
    return fx__reshape(x, x->ndim + 1, size, where);
}

fx_tensor *fx__squeeze(fx_tensor *x, int dim, fx_where where)
{
    if (!x || !x->ndim) return x;
    int64_t size[FX_MAX_DIMS];
    memcpy(size, x->size, sizeof(int64_t) * (size_t)dim);
    memcpy(size + dim, x->size + dim + 1, sizeof(int64_t) * (size_t)(x->ndim - dim - 1));
    return fx__reshape(x, x->ndim - 1, size, where);
}

fx_tensor *fx_unsqueeze_at(fx_tensor *x, int64_t dim, fx_where where)
{
    if (!x) return NULL;
    int at = fx__dim_in(x, x->ndim + 1, dim, "unsqueeze", where);
    if (at < 0) return NULL;
    if (x->ndim == FX_MAX_DIMS)
        return FX__REFUSE(x, ERROR_SHAPE, where, "unsqueeze: %s has %d dimensions already", fx__shape_text(x),
                          FX_MAX_DIMS);
    return fx__unsqueeze(x, at, where);
}

fx_tensor *fx_squeeze_at(fx_squeeze_args args, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x) return NULL;
    fx_dims dims = args.dims;
    if (args.dim != FX_ALL_DIMS) dims = (fx_dims){ true, 1, { args.dim } };
    unsigned may = dims.given ? 0 : ~0u;
    for (int i = 0; i < dims.count; i++) {
        int at = fx__dim_of(x, dims.at[i], "squeeze", where);
        if (at < 0) return NULL;
        may |= 1u << at;
    }
    fx__sizes to = { .ndim = 0 };
    for (int i = 0; i < x->ndim; i++)
        if (x->size[i] != 1 || !(may >> i & 1)) to.at[to.ndim++] = x->size[i];
    return fx__reshape(x, to.ndim, to.at, where);
}

static fx_tensor *at_least(fx_tensor *x, int ndim, fx_where where)
{
    if (!x) return NULL;
    int64_t size[3] = { 1, 1, 1 };
    if (x->ndim == 1) size[ndim > 1] = x->size[0]; /* a row; in three dimensions (1, n, 1) */
    if (x->ndim == 2) size[0] = x->size[0], size[1] = x->size[1];
    return x->ndim >= ndim ? x : fx__reshape(x, ndim, size, where);
}
fx_tensor *fx_atleast_1d_at(fx_tensor *x, fx_where where) { return at_least(x, 1, where); }
fx_tensor *fx_atleast_2d_at(fx_tensor *x, fx_where where) { return at_least(x, 2, where); }
fx_tensor *fx_atleast_3d_at(fx_tensor *x, fx_where where) { return at_least(x, 3, where); }

/* ---- copies ---- */

fx_tensor *fx_clone_at(fx_tensor *x, fx_where where) { return x ? fx__space.clone(x, where) : NULL; }

fx_tensor *fx_contiguous_at(fx_tensor *x, fx_where where)
{
    return x && !fx__contiguous(x) ? fx__space.clone(x, where) : x;
}

/* ---- records ---- */

typedef struct sizes_args {
    fx_tensor *x;
    fx_dims sizes;
} sizes_args;
typedef struct pair_args {
    fx_tensor *x, *other;
} pair_args;
typedef struct flatten_args {
    fx_tensor *x;
    int64_t start_dim, end_dim;
} flatten_args;
typedef struct unflatten_args {
    fx_tensor *x;
    int64_t dim;
    fx_dims sizes;
} unflatten_args;

static const fx_field sizes_fields[] = { FX__FIELD(sizes_args, x, TENSOR),
                                         FX__FIELD(sizes_args, sizes, DIMS, .torch = "shape,size"),
                                         FX__FIELDS_END };
static const fx_field one_fields[] = { FX__FIELD(pair_args, x, TENSOR), FX__FIELDS_END };

FX__PLAIN(reshape, sizes_args, a->x, a->sizes)
const fx_function fx__function_reshape = {
    .name = "reshape",
    .torch = "reshape",
    .formula = "y = x in other sizes, row-major order kept; one of them may be -1: what is left",
    .gradient = "g in the sizes of x",
    .notes = "a view where the strides of x allow it, else a copy",
    .fields = sizes_fields,
    .args_size = sizeof(sizes_args),
    .call = reshape_call,
    .samples = "x=(2,6) sizes=[3,4]\n"
               "x=(2,6) sizes=[3,-1]\n"
               "x=(2,3,4) sizes=[2,1,12]\n"
               "x=(2,3,4) sizes=[6,1,2,2]\n"
               "x=(2,1,3,1,4) sizes=[6,4]\n"
               "x=() sizes=[1,1]\n"
               "x=() sizes=[-1]\n"
               "x=(1,1) sizes=[1]\n"
               "x=(0,3) sizes=[3,0]\n"
               "x=(0,3) sizes=[0]\n"
               "x=(0,3) sizes=[-1]\n"
               "x=(0,3) sizes=[-1,3]\n"
               "x=(4) sizes=[2,2,1,1,1,1,1,1]\n"
               "x=(6)i64 sizes=[2,3]\n"
               "x=(2,2){1,nan,inf,-0} sizes=[4]\n"
               "!x=(2,6) sizes=[5,2]\n"
               "!x=(2,6) sizes=[-1,-1]\n"
               "!x=(2,6) sizes=[-2,6]\n"
               "!x=(2,6) sizes=[5,-1]\n"
               "!x=(0,3) sizes=[0,-1]\n",
    .bench = "x=(1024,1024) sizes=[1048576]",
};

FX__PLAIN(view, sizes_args, a->x, a->sizes)
const fx_function fx__function_view = {
    .name = "view",
    .torch = "view",
    .formula = "y = x in other sizes, row-major order kept, always a view",
    .gradient = "g in the sizes of x",
    .notes = "refused where the strides of x do not allow it",
    .fields = sizes_fields,
    .args_size = sizeof(sizes_args),
    .call = view_call,
    .samples = "x=(6) sizes=[6,1]\n"
               "x=(2,3) sizes=[2,3]\n"
               "x=(2,3) sizes=[2,1,-1]\n"
               "x=() sizes=[1]\n"
               "x=(0,3) sizes=[1,0,3]\n"
               "!x=(2,6) sizes=[7]\n",
    .bench = "x=(1024,1024) sizes=[1024,1,1024]",
};

FX__PLAIN(reshape_as, pair_args, a->x, a->other)
static const fx_field pair_fields[] = { FX__FIELD(pair_args, x, TENSOR), FX__FIELD(pair_args, other, TENSOR),
                                        FX__FIELDS_END };
const fx_function fx__function_reshape_as = {
    .name = "reshape_as",
    .torch = "reshape_as,view_as",
    .formula = "y = x in the sizes of other",
    .gradient = "g in the sizes of x",
    .fields = pair_fields,
    .args_size = sizeof(pair_args),
    .call = reshape_as_call,
    .samples = "x=(2,6) other=~(3,4)\nx=() other=~(1,1)\nx=(0,2) other=~(0)\n!x=(2,6) other=~(3,3)\n",
};

FX__PLAIN(flatten, flatten_args, a->x, a->start_dim, a->end_dim)
static const fx_field flatten_fields[] = { FX__FIELD(flatten_args, x, TENSOR),
                                           FX__FIELD(flatten_args, start_dim, INT, .optional = true),
                                           FX__FIELD(flatten_args, end_dim, INT, .optional = true),
                                           FX__FIELDS_END };
const fx_function fx__function_flatten = {
    .name = "flatten",
    .torch = "flatten",
    .formula = "y = x with dimensions start_dim to end_dim as one",
    .gradient = "g in the sizes of x",
    .fields = flatten_fields,
    .args_size = sizeof(flatten_args),
    .defaults = &(const flatten_args){ .end_dim = -1 },
    .call = flatten_call,
    .samples = "x=(2,3,4)\nx=(2,3,4) start_dim=1\nx=(2,3,4) start_dim=0 end_dim=1\nx=(2,3,4) start_dim=-2 "
               "end_dim=-2\n"
               "x=()\nx=(0,3)\nx=(2,0,3) start_dim=1\n!x=(2,3) start_dim=1 end_dim=0\n!x=(2,3) start_dim=2\n",
};

FX__PLAIN(ravel, pair_args, a->x)
const fx_function fx__function_ravel = {
    .name = "ravel",
    .torch = "ravel",
    .formula = "y = x in one dimension",
    .gradient = "g in the sizes of x",
    .fields = one_fields,
    .args_size = sizeof(pair_args),
    .call = ravel_call,
    .samples = "x=(2,3,4)\nx=()\nx=(0,3)\n",
};

FX__PLAIN(unflatten, unflatten_args, a->x, a->dim, a->sizes)
static const fx_field unflatten_fields[] = { FX__FIELD(unflatten_args, x, TENSOR),
                                             FX__FIELD(unflatten_args, dim, INT),
                                             FX__FIELD(unflatten_args, sizes, DIMS), FX__FIELDS_END };
const fx_function fx__function_unflatten = {
    .name = "unflatten",
    .torch = "unflatten",
    .formula = "y = x with dimension dim cut into sizes, one of which may be -1",
    .gradient = "g in the sizes of x",
    .fields = unflatten_fields,
    .args_size = sizeof(unflatten_args),
    .call = unflatten_call,
    .samples =
        "x=(2,6) dim=1 sizes=[2,3]\nx=(6,2) dim=0 sizes=[3,-1]\nx=(2,6,2) dim=-2 sizes=[6]\n"
        "x=(2,0) dim=1 sizes=[0,3]\nx=() dim=0 sizes=[1,1]\n"
        "!x=(2,6) dim=1 sizes=[4,-1]\n!x=(2,6) dim=2 sizes=[2]\n!x=(1,1,2,2,1,1) dim=2 sizes=[1,1,1,2]\n",
};

FX__CALL(squeeze, fx_squeeze_args)
static const fx_field squeeze_fields[] = { FX__FIELD(fx_squeeze_args, x, TENSOR),
                                           FX__FIELD(fx_squeeze_args, dim, INT, .optional = true),
                                           FX__FIELD(fx_squeeze_args, dims, DIMS, .optional = true),
                                           FX__FIELDS_END };
const fx_function fx__function_squeeze = {
    .name = "squeeze",
    .torch = "squeeze",
    .formula = "y = x without its dimensions of size 1, or without those of dim or dims that have size 1",
    .gradient = "g in the sizes of x",
    .fields = squeeze_fields,
    .args_size = sizeof(fx_squeeze_args),
    .defaults = &(const fx_squeeze_args){ .dim = FX_ALL_DIMS },
    .call = squeeze_call,
    .samples = "x=(2,1,3,1)\nx=(1,1)\nx=()\nx=(2,1,3,1) dim=1\nx=(2,1,3,1) dim=-1\nx=(2,1,3) dim=0\n"
               "x=() dim=0\nx=(1,2,1,3,1) dims=[0,-1]\nx=(0,1)\nx=(1,2) dims=[]\n"
               "!x=(2,1) dim=2\n!x=(2,1) dims=[0,-3]\n",
};

typedef struct unsqueeze_args {
    fx_tensor *x;
    int64_t dim;
} unsqueeze_args;
FX__PLAIN(unsqueeze, unsqueeze_args, a->x, a->dim)
static const fx_field unsqueeze_fields[] = { FX__FIELD(unsqueeze_args, x, TENSOR),
                                             FX__FIELD(unsqueeze_args, dim, INT), FX__FIELDS_END };
const fx_function fx__function_unsqueeze = {
    .name = "unsqueeze",
    .torch = "unsqueeze",
    .formula = "y = x with a dimension of size 1 put in before dim",
    .gradient = "g in the sizes of x",
    .fields = unsqueeze_fields,
    .args_size = sizeof(unsqueeze_args),
    .call = unsqueeze_call,
    .samples = "x=(2,3) dim=0\nx=(2,3) dim=1\nx=(2,3) dim=2\nx=(2,3) dim=-1\nx=(2,3) dim=-3\nx=() dim=0\n"
               "x=() dim=-1\nx=(0,2) dim=1\n!x=(2,3) dim=3\n!x=(1,1,1,1,1,1,1,2) dim=0\n",
};

#define AT_LEAST(n, rule)                                                                                    \
    FX__PLAIN(atleast_##n##d, pair_args, a->x)                                                               \
    const fx_function fx__function_atleast_##n##d = {                                                        \
        .name = "atleast_" #n "d",                                                                           \
        .torch = "atleast_" #n "d",                                                                          \
        .formula = rule,                                                                                     \
        .gradient = "g in the sizes of x",                                                                   \
        .fields = one_fields,                                                                                \
        .args_size = sizeof(pair_args),                                                                      \
        .call = atleast_##n##d_call,                                                                         \
        .samples = "x=()\nx=(3)\nx=(2,3)\nx=(2,3,2)\nx=(0)\nx=(2,1,2,1)\n",                                  \
    };
AT_LEAST(1, "y = x, a 0-d one in sizes (1)")
AT_LEAST(2, "y = x, one of n numbers in sizes (1, n)")
AT_LEAST(3, "y = x, one of n numbers in sizes (1, n, 1), of m x n in (m, n, 1)")

FX__PLAIN(clone, pair_args, a->x)
const fx_function fx__function_clone = {
    .name = "clone",
    .torch = "clone",
    .formula = "y = x, in memory of its own, row-major",
    .gradient = "g",
    .fields = one_fields,
    .args_size = sizeof(pair_args),
    .call = clone_call,
    .samples = "x=(2,3)\nx=()\nx=(0,3)\nx=(2,3,4)\nx=(3){nan,inf,-0}\nx=(3)i64\nx=(4)bool\n",
    .bench = "x=(1024,1024)",
};

FX__PLAIN(contiguous, pair_args, a->x)
const fx_function fx__function_contiguous = {
    .name = "contiguous",
    .torch = "contiguous",
    .formula = "y = x, row-major: x itself if it is",
    .gradient = "g",
    .fields = one_fields,
    .args_size = sizeof(pair_args),
    .call = contiguous_call,
    .samples = "x=(2,3)\nx=()\nx=(0,3)\nx=(2,3,4)\n",
};
