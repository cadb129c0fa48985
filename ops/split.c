/* One tensor as several: pieces along a dimension, all of them views, and the one gradient that their
 * gradients make together.
 *
 * A piece whose gradient never came counts as zeros. The pieces of one call may not be written in place, for
 * there is no history in which one of several results changes (autograd/inplace.c says so then).
 */
#include "shape.h"

/* Piece k goes from bound k to bound k + 1: the bounds are listed, or piece k has `size` numbers and one more
 * if k < longer; a last piece is as long as is left. */
typedef struct pieces {
    int dim, count;
    bool drops; /* the dimension, of size 1, is left out */
    bool listed;
    int64_t size, longer, bound[FX_MAX_DIMS + 2];
} pieces;

static int64_t bound_of(const pieces *p, int k, int64_t n)
{
    if (p->listed) return p->bound[k];
    int64_t at = k * p->size + (k < p->longer ? k : p->longer);
    return k == p->count || at > n ? n : at;
}

static int split_count(const fx_call *c) { return ((const pieces *)c->options)->count; }

static bool split_shape(const fx_call *c, fx_spec *y)
{
    const pieces *p = c->options;
    const fx_tensor *x = c->x[0];
    int64_t n = x->size[p->dim], stride = fx__stride(x)[p->dim];
    for (int k = 0; k < p->count; k++) {
        int64_t start = bound_of(p, k, n), stop = bound_of(p, k + 1, n);
        y[k].offset = start < n ? start * stride : 0;
        y[k].size[p->dim] = stop - start;
        if (!p->drops) continue;
        y[k].ndim--;
        for (int i = p->dim; i < y[k].ndim; i++) {
            y[k].size[i] = y[k].size[i + 1];
            y[k].stride[i] = y[k].stride[i + 1];
        }
    }
    return true;
}

/* The gradients that came, and zeros for those that did not. */
static void split_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)g;
    const pieces *p = c->options;
    const fx_tensor *x = c->shapes[0];
    fx_tensor **all = fx__scratch(c->cx, sizeof *all * (size_t)p->count);
    if (!all) return;
    fx_dims sizes = fx_shape(x);
    if (p->drops) {
        sizes.count--;
        for (int i = p->dim; i < sizes.count; i++) sizes.at[i] = sizes.at[i + 1];
    }
    for (int k = 0; k < p->count; k++) {
        int64_t length = bound_of(p, k + 1, x->size[p->dim]) - bound_of(p, k, x->size[p->dim]);
        if (!p->drops) sizes.at[p->dim] = length;
        all[k] = c->gs[k] ? c->gs[k] : fx_full_at(c->cx, (fx_dtype)x->dtype, 0, sizes, c->where);
    }
    gx[0] = fx__join((fx_list){ p->count, all }, p->dim, p->drops, c->where);
    fx__scratch_free(c->cx, all);
}

static void split_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)g;
    const pieces *p = c->options;
    fx_tensor *y = gx[0] = fx__grad_new(c, 0);
    if (!y || !y->numel) return;
    bool whole = true;
    for (int k = 0; k < p->count; k++) whole = whole && c->gs[k];
    if (!whole) memset(y->data, 0, (size_t)y->numel * fx_dtype_size((fx_dtype)y->dtype));
    int64_t n = y->size[p->dim], step = fx__stride(y)[p->dim], stride[FX_MAX_DIMS];
    for (int i = 0; i < y->ndim; i++)
        if (!p->drops || i != p->dim) stride[i - (p->drops && i > p->dim)] = fx__stride(y)[i];
    for (int k = 0; k < p->count; k++) {
        const fx_tensor *from = c->gs[k];
        if (from) fx__copy_into(y, bound_of(p, k, n) * step, from->ndim, from->size, stride, from);
    }
}

static const fx_op split_op = { .name = "split",
                                .formula = "y[k] = x, from one bound along a dim to the next",
                                .inputs = 1,
                                .outputs = -1,
                                .output_count = split_count,
                                .view = true,
                                .strided = true,
                                .options_size = sizeof(pieces),
                                .shape = split_shape,
                                .local_grad = split_local_grad,
                                .local_grad_fused = split_local_grad_fused };

/* ---- the ways to say where to cut ---- */

/* Checks what all have in common; false after an error. */
static bool begin(fx_tensor *x, int64_t dim, fx_tensor **outputs, pieces *p, const char *op, fx_where where)
{
    if (!x) return false;
    *p = (pieces){ .dim = 0 };
    if (x->ndim == 0 || !outputs) {
        fx_error_set(x->cx, x->ndim ? FX_ERROR_ARGUMENT : FX_ERROR_SHAPE, where, "%s: %s", op,
                     x->ndim ? "there is no room for results" : "a 0-d tensor has no dim to split");
        return false;
    }
    return (p->dim = fx__dim_of(x, dim, op, where)) >= 0;
}

/* Cuts; how many pieces there are, 0 after an error. */
static int cut(fx_tensor *x, const pieces *p, int room, fx_tensor **outputs, const char *op, fx_where where)
{
    if (p->count > room || p->count < 1) {
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where,
                     "%s: dim %d of %s makes %d pieces, there is room for %d", op, p->dim, fx__shape_text(x),
                     p->count, room);
        return 0;
    }
    return fx_apply_at(&split_op, (fx_list){ 1, &x }, p, outputs, where) ? p->count : 0;
}

static int fits(int64_t count) { return count > UINT16_MAX ? UINT16_MAX : (int)count; }

int fx_split_at(fx_tensor **outputs, int room, fx_split_args args, fx_where where)
{
    fx_tensor *x = args.x;
    pieces p;
    if (!begin(x, args.dim, outputs, &p, "split", where)) return 0;
    int64_t n = x->size[p.dim], sum = 0;
    bool good = args.sizes.count > 0;
    for (int k = 0; k < args.sizes.count; k++) {
        good = good && args.sizes.at[k] >= 0;
        p.bound[k] = sum;
        sum += args.sizes.at[k];
    }
    p.listed = args.sizes.count > 1;
    p.count = args.sizes.count;
    p.bound[p.count] = sum;
    p.size = args.sizes.at[0];
    if (good && !p.listed) {
        good = p.size > 0 || n == 0;
        p.count = good && n ? fits((n - 1) / p.size + 1) : 1;
    }
    if (good && (!p.listed || sum == n)) return cut(x, &p, room, outputs, "split", where);
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "split: sizes %s are not those of pieces of dim %d of %s",
                 fx__dims_text(x->cx, args.sizes.count, args.sizes.at), p.dim, fx__shape_text(x));
    return 0;
}

int fx_chunk_at(fx_tensor **outputs, int room, fx_chunk_args args, fx_where where)
{
    fx_tensor *x = args.x;
    pieces p;
    if (!begin(x, args.dim, outputs, &p, "chunk", where)) return 0;
    if (args.chunks < 1) {
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "chunk: %lld chunks are too few",
                     (long long)args.chunks);
        return 0;
    }
    int64_t n = x->size[p.dim];
    p.size = n / args.chunks + (n % args.chunks > 0);
    p.count = fits(n ? (n - 1) / p.size + 1 : args.chunks);
    return cut(x, &p, room, outputs, "chunk", where);
}

int fx_tensor_split_at(fx_tensor **outputs, int room, fx_tensor_split_args args, fx_where where)
{
    fx_tensor *x = args.x;
    pieces p;
    if (!begin(x, args.dim, outputs, &p, "tensor_split", where)) return 0;
    int64_t n = x->size[p.dim];
    if (!args.indices.given) {
        if (args.sections < 1) {
            fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "tensor_split: %lld sections are too few",
                         (long long)args.sections);
            return 0;
        }
        p.size = n / args.sections;
        p.longer = n % args.sections;
        p.count = fits(args.sections);
        return cut(x, &p, room, outputs, "tensor_split", where);
    }
    p.listed = true;
    p.count = args.indices.count + 1;
    p.bound[p.count] = n;
    for (int k = 0; k < args.indices.count; k++) {
        int64_t at = args.indices.at[k] < 0 ? args.indices.at[k] + n : args.indices.at[k];
        p.bound[k + 1] = at < 0 ? 0 : at > n ? n : at;
        if (p.bound[k + 1] >= p.bound[k]) continue;
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where,
                     "tensor_split: indices %s do not ascend in dim %d of %s",
                     fx__dims_text(x->cx, args.indices.count, args.indices.at), p.dim, fx__shape_text(x));
        return 0;
    }
    return cut(x, &p, room, outputs, "tensor_split", where);
}

int fx_unbind_at(fx_tensor **outputs, int room, fx_unbind_args args, fx_where where)
{
    fx_tensor *x = args.x;
    pieces p;
    if (!begin(x, args.dim, outputs, &p, "unbind", where)) return 0;
    p.size = 1;
    p.drops = true;
    p.count = fits(x->size[p.dim]);
    return cut(x, &p, room, outputs, "unbind", where);
}

static fx_status into(int parts, fx_tensor *x, int64_t dim, fx_tensor **a, fx_tensor **b, fx_tensor **c,
                      const char *op, fx_where where)
{
    fx_tensor *outputs[3];
    pieces p;
    if (!begin(x, dim, outputs, &p, op, where)) return x ? fx_error(x->cx) : FX_ERROR_ARGUMENT;
    int64_t n = x->size[p.dim];
    if (n % parts)
        return fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: dim %d of %s is not %d equal parts", op, p.dim,
                            fx__shape_text(x), parts);
    p.size = n / parts;
    p.count = parts;
    if (!cut(x, &p, parts, outputs, op, where)) return fx_error(x->cx);
    *a = outputs[0];
    *b = outputs[1];
    if (c) *c = outputs[2];
    return FX_OK;
}
fx_status fx_split2_at(fx_tensor *x, int64_t dim, fx_tensor **a, fx_tensor **b, fx_where where)
{
    return into(2, x, dim, a, b, NULL, "split2", where);
}
fx_status fx_split3_at(fx_tensor *x, int64_t dim, fx_tensor **a, fx_tensor **b, fx_tensor **c, fx_where where)
{
    return into(3, x, dim, a, b, c, "split3", where);
}

/* ---- records ---- */

#define SPLIT_CALL(function)                                                                                 \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        return fx_##function##_at(out, FX_MAX_OUTPUTS, *(const fx_##function##_args *)args, where);          \
    }

SPLIT_CALL(split)
static const fx_field split_fields[] = {
    FX__FIELD(fx_split_args, x, TENSOR),
    FX__FIELD(fx_split_args, sizes, DIMS, .torch = "split_size_or_sections,split_sizes"),
    FX__FIELD(fx_split_args, dim, INT, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_split = {
    .name = "split",
    .torch = "split,split_with_sizes",
    .formula =
        "y[k] = x, pieces along dim: all of one size, the last of what is left, or of the sizes listed",
    .gradient = "the pieces' gradients joined, zeros for those without",
    .fields = split_fields,
    .args_size = sizeof(fx_split_args),
    .call = split_call,
    .samples =
        "x=(5) sizes=2\nx=(2,6) sizes=3 dim=1\nx=(5,2) sizes=[1,3,1]\nx=(2,5,2) sizes=[2,0,3] dim=-2\n"
        "x=(4) sizes=9\nx=(0,3) sizes=2\nx=(0,3) sizes=[0,0]\nx=(2,3) sizes=[2,1] dim=1\n"
        "!x=() sizes=1\n!x=(5) sizes=[2,2]\n!x=(5) sizes=0\n!x=(5) sizes=[-1,6]\n!x=(5) sizes=2 dim=1\n"
        "!x=(9) sizes=1\n",
    .bench = "x=(1024,1024) sizes=256 dim=1",
};

SPLIT_CALL(chunk)
static const fx_field chunk_fields[] = { FX__FIELD(fx_chunk_args, x, TENSOR),
                                         FX__FIELD(fx_chunk_args, chunks, INT),
                                         FX__FIELD(fx_chunk_args, dim, INT, .optional = true),
                                         FX__FIELDS_END };
const fx_function fx__function_chunk = {
    .name = "chunk",
    .torch = "chunk",
    .formula = "y[k] = x, at most so many pieces along dim, all of one size but the last",
    .gradient = "the pieces' gradients joined, zeros for those without",
    .fields = chunk_fields,
    .args_size = sizeof(fx_chunk_args),
    .call = chunk_call,
    .samples = "x=(5) chunks=2\nx=(5) chunks=4\nx=(2,6) chunks=3 dim=-1\nx=(2) chunks=5\nx=(0,2) chunks=2\n"
               "!x=() chunks=1\n!x=(5) chunks=0\n!x=(5) chunks=2 dim=1\n",
    .bench = "x=(1024,1024) chunks=4 dim=1",
};

SPLIT_CALL(tensor_split)
static const fx_field tensor_split_fields[] = {
    FX__FIELD(fx_tensor_split_args, x, TENSOR),
    FX__FIELD(fx_tensor_split_args, indices, DIMS, .torch = "indices,tensor_indices_or_sections",
              .optional = true),
    FX__FIELD(fx_tensor_split_args, dim, INT, .optional = true),
    FX__FIELD(fx_tensor_split_args, sections, INT, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_tensor_split = {
    .name = "tensor_split",
    .torch = "tensor_split.indices",
    .formula =
        "y[k] = x, cut along dim before each of the indices, or into sections, the first of them one longer",
    .gradient = "the pieces' gradients joined, zeros for those without",
    .notes = "indices must ascend",
    .fields = tensor_split_fields,
    .args_size = sizeof(fx_tensor_split_args),
    .call = tensor_split_call,
    .samples =
        "x=(7) indices=[2,4]\nx=(7) indices=3\nx=(2,7) indices=[0,3,-1,9] dim=1\nx=(7) sections=3\nx=(2) "
        "sections=3\n"
        "x=(0,2) sections=2\nx=(3) indices=[]\n!x=() sections=1\n!x=(7) sections=0\n!x=(7) indices=[4,2]\n"
        "!x=(7) sections=2 dim=1\n",
};

SPLIT_CALL(unbind)
static const fx_field unbind_fields[] = { FX__FIELD(fx_unbind_args, x, TENSOR),
                                          FX__FIELD(fx_unbind_args, dim, INT, .optional = true),
                                          FX__FIELDS_END };
const fx_function fx__function_unbind = {
    .name = "unbind",
    .torch = "unbind",
    .formula = "y[k] = x[..., k, ...]",
    .gradient = "the pieces' gradients stacked, zeros for those without",
    .fields = unbind_fields,
    .args_size = sizeof(fx_unbind_args),
    .call = unbind_call,
    .samples =
        "x=(3)\nx=(3,2)\nx=(2,3,2) dim=1\nx=(2,3) dim=-1\nx=(2,0)\n!x=()\n!x=(0,2)\n!x=(2) dim=1\n!x=(9)\n",
    .bench = "x=(8,131072)",
};
