/* Rows along a dimension, by an index: taken, and added where they were taken from.
 *
 *     rows          y[..., i, ...] = x[..., index[i], ...]                 gradient: rows_sum
 *     rows_sum      y[..., index[i], ...] += x[..., i, ...], into zeros    gradient: rows
 *
 * What goes to one place is added in the order of the index, on one thread, so that sums have the same bits
 * for any number of threads (ops/put.c has those into a given tensor). The index may have any number of
 * dimensions, which stand in y in the place of dim.
 */
#include "indexing.h"

/* ---- indices ---- */

bool fx__check_index_dtype(const fx_call *c, const fx_tensor *x)
{
    if (!fx_dtype_is_float((fx_dtype)x->dtype) && x->dtype != FX_BOOL) return true;
    return fx_call_fail(c, FX_ERROR_DTYPE, "an index is int64, int32 or uint8, not %s",
                        fx_dtype_name((fx_dtype)x->dtype));
}

static bool check_range(const fx_call *c, const fx_tensor *index, const fx__index *i, int64_t size)
{
    int64_t bad = fx__index_check(i->count, i->at, -size, size);
    if (bad < 0) return true;
    return fx_call_fail(c, FX_ERROR_INDEX, "index %lld, at %lld of %s, is out of range for size %lld",
                        (long long)i->at[bad], (long long)bad, fx__shape_text(index), (long long)size);
}

bool fx__index_open(const fx_call *c, const fx_tensor *index, int64_t size, fx__index *i)
{
    *i = (fx__index){ .count = index->numel };
    if (index->dtype == FX_I64) {
        i->at = (const int64_t *)(const void *)index->data;
    } else {
        int64_t *at = i->own = fx__scratch(c->cx, sizeof *at * (size_t)(index->numel + 1));
        if (!at) return false;
        for (int64_t k = 0; k < index->numel; k++)
            at[k] = index->dtype == FX_I32 ? ((const int32_t *)(const void *)index->data)[k]
                                           : ((const uint8_t *)index->data)[k];
        i->at = at;
    }
    if (check_range(c, index, i, size)) return true;
    fx__index_close(c, i);
    return false;
}

void fx__index_close(const fx_call *c, fx__index *i)
{
    if (i->own) fx__scratch_free(c->cx, i->own);
    i->own = NULL;
}

int fx__sum_type(const fx_call *c, fx_dtype dtype)
{
    switch (dtype) {
    case FX_F32: return FX_SUM_F32;
    case FX_F64: return FX_SUM_F64;
    case FX_I64: return FX_SUM_I64;
    case FX_I32: return FX_SUM_I32;
    case FX_U8: return FX_SUM_U8;
    default: fx_call_fail(c, FX_ERROR_DTYPE, "there are no sums of %s", fx_dtype_name(dtype)); return -1;
    }
}

/* ---- y = x[..., index, ...] ---- */

/* Zeros in those of the rows that do not count. */
static bool blank(const fx_call *c, const fx_row_shape *s, fx_tensor *rows)
{
    const fx__rows_options *o = c->options;
    size_t bytes = (size_t)s->inner * fx__width(rows);
    int64_t *mark = NULL;
    bool *last = NULL;
    if (o->mode == FX__ROWS_ALL) return true;
    if (o->mode == FX__ROWS_LAST) {
        mark = fx__scratch(c->cx, sizeof *mark * (size_t)(s->size + 1) + (size_t)s->count + 1);
        if (!mark) return false;
        last = (bool *)(mark + s->size + 1);
        fx__rows_last(s, mark, last);
    }
    for (int64_t i = 0; i < s->count; i++) {
        if (last ? last[i] : fx__wrapped(s->index[i], s->size) != o->padding) continue;
        for (int64_t k = 0; k < s->outer; k++)
            memset(rows->data + (size_t)(k * s->count + i) * bytes, 0, bytes);
    }
    if (mark) fx__scratch_free(c->cx, mark);
    return true;
}

static bool rows_shape(const fx_call *c, fx_spec *y)
{
    const fx__rows_options *o = c->options;
    const fx_tensor *x = c->x[0], *index = c->x[1];
    if (!fx__check_index_dtype(c, index)) return false;
    y->ndim = x->ndim - 1 + index->ndim;
    if (y->ndim > FX_MAX_DIMS)
        return fx_call_fail(c, FX_ERROR_SHAPE, "%s at an index of %s has more than %d dimensions",
                            fx__shape_text(x), fx__shape_text(index), FX_MAX_DIMS);
    memcpy(y->size + o->dim, index->size, sizeof(int64_t) * index->ndim);
    memcpy(y->size + o->dim + index->ndim, x->size + o->dim + 1,
           sizeof(int64_t) * (size_t)(x->ndim - o->dim - 1));
    return true;
}

static void rows_forward(const fx_call *c)
{
    const fx__rows_options *o = c->options;
    fx__index i;
    if (!fx__index_open(c, c->x[1], c->x[0]->size[o->dim], &i)) return;
    fx_row_shape s = fx__row_shape(c, c->x[0], o->dim, &i);
    fx__rows_take(&s, fx__width(c->y), c->x[0]->data, c->y->data);
    blank(c, &s, c->y);
    fx__index_close(c, &i);
}

static void rows_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx__rows_options *o = c->options;
    gx[0] = fx__rows_sum(g, c->x[1], o->dim, c->shapes[0]->size[o->dim], o->mode, o->padding, c->where);
}

#define ROWS_OP(called)                                                                                      \
    static const fx_op called##_op = { .name = #called,                                                      \
                                       .formula = "y[..., i, ...] = x[..., index[i], ...]",                  \
                                       .inputs = 2,                                                          \
                                       .captures = FX_CAPTURE_X1,                                            \
                                       .options_size = sizeof(fx__rows_options),                             \
                                       .shape = rows_shape,                                                  \
                                       .forward = rows_forward,                                              \
                                       .local_grad = rows_local_grad };
ROWS_OP(index_select)
ROWS_OP(take)
ROWS_OP(repeat_interleave)

static fx_tensor *apply_rows(const fx_op *op, fx_tensor *x, fx_tensor *index, int dim, fx__rows_mode mode,
                             int64_t padding, fx_where where)
{
    fx__rows_options o = { .dim = dim, .mode = mode, .padding = padding };
    return FX__APPLY(op, &o, where, x, index);
}

fx_tensor *fx__rows(fx_tensor *x, fx_tensor *index, int dim, fx__rows_mode mode, int64_t padding,
                    fx_where where)
{
    return apply_rows(&index_select_op, x, index, dim, mode, padding, where);
}

fx_tensor *fx_index_select_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_where where)
{
    if (!x || !index) return NULL;
    int at = fx__dim_of(x, dim, "index_select", where);
    if (at < 0) return NULL;
    if (index->ndim > 1 || (x->ndim == 0 && index->numel != 1))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "index_select: the index of %s has sizes %s, not one dimension", fx__shape_text(x),
                          fx__shape_text(index));
    if (index->ndim == 0) index = fx__reshape(index, 1, &(int64_t){ 1 }, where);
    if (x->ndim) return fx__rows(x, index, at, FX__ROWS_ALL, 0, where);
    x = fx__rows(fx__reshape(x, 1, &(int64_t){ 1 }, where), index, 0, FX__ROWS_ALL, 0, where);
    return fx__reshape(x, 0, NULL, where);
}

fx_tensor *fx_take_at(fx_tensor *x, fx_tensor *index, fx_where where)
{
    if (!x || !index) return NULL;
    return apply_rows(&take_op, fx__reshape(x, 1, &x->numel, where), index, 0, FX__ROWS_ALL, 0, where);
}

fx_tensor *fx_repeat_interleave_at(fx_repeat_interleave_args args, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x || !args.repeats.tensor) return NULL;
    if (args.dim == FX_ALL_DIMS) x = fx__reshape(x, 1, &x->numel, where);
    int at = x ? fx__dim_of(x, args.dim == FX_ALL_DIMS ? 0 : args.dim, "repeat_interleave", where) : -1;
    if (at < 0) return NULL;
    if (!x->ndim && !(x = fx__reshape(x, 1, &(int64_t){ 1 }, where))) return NULL;
    fx_tensor *times = args.repeats.tensor;
    bool number = fx_operand_is_number(args.repeats), one = number || times->numel == 1;
    int64_t n = x->size[at], total = 0;
    if (number) times = fx_full_at(x->cx, FX_I64, args.repeats.number, FX_NO_DIMS, where);
    if (times && times->dtype != FX_I64) times = fx__space.cast(times, FX_I64, where);
    times = fx__contiguous_of(times);
    if (!times) return NULL;
    const int64_t *each = (const int64_t *)(const void *)times->data;
    bool good = times->ndim < 2 && (one || times->numel == n);
    for (int64_t i = 0; good && i < n; i++)
        good = each[one ? 0 : i] >= 0 && !__builtin_add_overflow(total, each[one ? 0 : i], &total);
    if (!good)
        return FX__REFUSE(x, ERROR_ARGUMENT, where,
                          "repeat_interleave: repeats of sizes %s are not a number, or one for each of dim "
                          "%d of %s, that is not negative",
                          fx__shape_text(times), at, fx__shape_text(x));
    fx_tensor *index = fx__new(x->cx, FX_I64, 1, &total, where);
    if (!index) return NULL;
    int64_t *to = (int64_t *)(void *)index->data;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = each[one ? 0 : i]; k > 0; k--) *to++ = i;
    return apply_rows(&repeat_interleave_op, x, index, at, FX__ROWS_ALL, 0, where);
}

/* ---- y = zeros with the rows of x added, or put, where the index says ---- */

static bool rows_sum_shape(const fx_call *c, fx_spec *y)
{
    const fx__rows_options *o = c->options;
    const fx_tensor *x = c->x[0], *index = c->x[1];
    int after = o->dim + index->ndim;
    y->size[o->dim] = o->size;
    memcpy(y->size + o->dim + 1, x->size + after, sizeof(int64_t) * (size_t)(x->ndim - after));
    y->ndim = x->ndim - index->ndim + 1;
    return true;
}

static void rows_sum_forward(const fx_call *c)
{
    const fx__rows_options *o = c->options;
    fx_tensor *y = c->y;
    fx__index i;
    if (!fx__index_open(c, c->x[1], o->size, &i)) return;
    fx_row_shape s = fx__row_shape(c, y, o->dim, &i);
    if (y->numel) memset(y->data, 0, (size_t)y->numel * fx__width(y));
    if (o->mode == FX__ROWS_LAST)
        fx__rows_put(&s, fx__width(y), c->x[0]->data, y->data);
    else
        fx__rows_add_to(c, &s, c->x[0], y);
    size_t bytes = (size_t)s.inner * fx__width(y);
    for (int64_t k = 0; o->mode == FX__ROWS_PADDING && o->padding < s.size && k < s.outer; k++)
        memset(y->data + (size_t)(k * s.size + o->padding) * bytes, 0, bytes);
    fx__index_close(c, &i);
}

static void rows_sum_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx__rows_options *o = c->options;
    gx[0] = fx__rows(g, c->x[1], o->dim, o->mode, o->padding, c->where);
}

static const fx_op rows_sum_op = { .name = "index_sum",
                                   .formula = "y = zeros; y[..., index[i], ...] += x[..., i, ...]",
                                   .inputs = 2,
                                   .captures = FX_CAPTURE_X1,
                                   .options_size = sizeof(fx__rows_options),
                                   .shape = rows_sum_shape,
                                   .forward = rows_sum_forward,
                                   .local_grad = rows_sum_local_grad };

fx_tensor *fx__rows_sum(fx_tensor *x, fx_tensor *index, int dim, int64_t size, fx__rows_mode mode,
                        int64_t padding, fx_where where)
{
    fx__rows_options o = { .dim = dim, .size = size, .mode = mode, .padding = padding };
    return FX__APPLY(&rows_sum_op, &o, where, x, index);
}

/* ---- y = weight[index] ---- */

static void embedding_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx__rows_options *o = c->options;
    fx__rows_mode mode = o->padding < 0 ? FX__ROWS_ALL : FX__ROWS_PADDING;
    gx[0] = fx__rows_sum(g, c->x[1], 0, c->shapes[0]->size[0], mode, o->padding, c->where);
}

static const fx_op embedding_op = { .name = "embedding",
                                    .formula = "y[i, ...] = weight[index[i], ...]",
                                    .inputs = 2,
                                    .captures = FX_CAPTURE_X1,
                                    .options_size = sizeof(fx__rows_options),
                                    .shape = rows_shape,
                                    .forward = rows_forward,
                                    .local_grad = embedding_local_grad };

fx_tensor *fx_embedding_at(fx_embedding_args args, fx_where where)
{
    fx_tensor *w = args.weight;
    if (!w || !args.index) return NULL;
    if (w->ndim == 0) return FX__REFUSE(w, ERROR_SHAPE, where, "embedding: a 0-d weight has no rows");
    int64_t padding = args.padding_idx < 0 ? args.padding_idx + w->size[0] : args.padding_idx;
    if (args.padding_idx == FX_NO_INDEX) padding = -1;
    if (args.padding_idx != FX_NO_INDEX && (padding < 0 || padding >= w->size[0]))
        return FX__REFUSE(w, ERROR_INDEX, where,
                          "embedding: padding_idx %lld is out of range for a weight of %s",
                          (long long)args.padding_idx, fx__shape_text(w));
    return apply_rows(&embedding_op, w, args.index, 0, FX__ROWS_ALL, padding, where);
}

/* ---- records ---- */

typedef struct index_select_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *index;
} index_select_args;
typedef struct take_args {
    fx_tensor *x, *index;
} take_args;

FX__PLAIN(index_select, index_select_args, a->x, a->dim, a->index)
static const fx_field index_select_fields[] = { FX__FIELD(index_select_args, x, TENSOR),
                                                FX__FIELD(index_select_args, dim, INT),
                                                FX__FIELD(index_select_args, index, TENSOR), FX__FIELDS_END };
const fx_function fx__function_index_select = {
    .name = "index_select",
    .torch = "index_select",
    .formula = "y[..., i, ...] = x[..., index[i], ...]",
    .gradient = "zeros with the rows of g added where they came from, in the order of the index",
    .notes = "a negative index counts from the end",
    .fields = index_select_fields,
    .args_size = sizeof(index_select_args),
    .call = index_select_call,
    .samples =
        "x=(5) dim=0 index=(3)i64{4,0,4}\nx=(3,4) dim=0 index=(2)i64{1,-1}\nx=(3,4) dim=1 "
        "index=(5)i64{0,1,0,3,0}\n"
        "x=(2,3,4) dim=-2 index=(3)i64{2,2,2}\nx=(3,2) dim=0 index=()i64{2}\nx=() dim=0 index=(1)i64{0}\n"
        "x=(3,2) dim=0 index=(2)i32{2,0}\nx=(3,2) dim=0 index=(2)u8{2,0}\nx=(3,2) dim=0 index=(0)i64\n"
        "x=(0,2) dim=0 index=(0)i64\nx=(2,0) dim=0 index=(3)i64{0,1,0}\nx=(3)i64 dim=0 index=(2)i64{2,0}\n"
        "!x=(3) dim=0 index=(1)i64{3}\n!x=(3) dim=0 index=(2)i64{0,-4}\n!x=(0) dim=0 index=(1)i64{0}\n"
        "!x=(3) dim=1 index=(1)i64{0}\n!x=(3) dim=0 index=(1,1)i64{0}\n!x=(3) dim=0 index=~(1)\n"
        "!x=(3) dim=0 index=(1)bool\n!x=() dim=0 index=(2)i64{0,0}\n",
    .bench = "x=(1024,1024) dim=0 index=(1024)i64@int:1024",
};

FX__PLAIN(take, take_args, a->x, a->index)
static const fx_field take_fields[] = { FX__FIELD(take_args, x, TENSOR), FX__FIELD(take_args, index, TENSOR),
                                        FX__FIELDS_END };
const fx_function fx__function_take = {
    .name = "take",
    .torch = "take",
    .formula = "y[i] = x[index[i]], x counted row-major",
    .gradient = "zeros with g added where it came from",
    .fields = take_fields,
    .args_size = sizeof(take_args),
    .call = take_call,
    .samples = "x=(3,4) index=(3)i64{0,11,-1}\nx=(3,4) index=(2,2)i64{5,5,0,1}\nx=(5) index=()i64{2}\nx=() "
               "index=()i64{0}\n"
               "x=() index=(1)i64{-1}\nx=(3,4) index=(0)i64\nx=(0) index=(0)i64\n!x=(3,4) index=(1)i64{12}\n"
               "!x=(0) index=(1)i64{0}\n!x=(3) index=~(1)\n",
    .bench = "x=(1024,1024) index=(1048576)i64@int:1048576",
};

FX__CALL(repeat_interleave, fx_repeat_interleave_args)
static const fx_field repeat_interleave_fields[] = {
    FX__FIELD(fx_repeat_interleave_args, x, TENSOR), FX__FIELD(fx_repeat_interleave_args, repeats, OPERAND),
    FX__FIELD(fx_repeat_interleave_args, dim, INT, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_repeat_interleave = {
    .name = "repeat_interleave",
    .torch = "repeat_interleave",
    .formula =
        "y = x with each number along dim (of all, row-major, if none is given) repeated so many times",
    .gradient = "g summed over what was repeated",
    .fields = repeat_interleave_fields,
    .args_size = sizeof(fx_repeat_interleave_args),
    .defaults = &(const fx_repeat_interleave_args){ .dim = FX_ALL_DIMS },
    .call = repeat_interleave_call,
    .samples =
        "x=(3) repeats=2\nx=(2,3) repeats=2\nx=(2,3) repeats=2 dim=1\nx=(2,3) repeats=(3)i64{0,3,1} dim=-1\n"
        "x=(2,3) repeats=(1)i64{2} dim=0\nx=() repeats=2\nx=(0,2) repeats=2 dim=0\nx=(2) repeats=0\n"
        "!x=(3) repeats=-1\n!x=(3) repeats=(2)i64{1,1}\n!x=(3) repeats=2 dim=1\n",
    .bench = "x=(1024,256) repeats=4 dim=1",
};

FX__CALL(embedding, fx_embedding_args)
static const fx_field embedding_fields[] = { FX__FIELD(fx_embedding_args, weight, TENSOR),
                                             FX__FIELD(fx_embedding_args, index, TENSOR),
                                             FX__FIELD(fx_embedding_args, padding_idx, INT, .optional = true),
                                             FX__FIELDS_END };
const fx_function fx__function_embedding = {
    .name = "embedding",
    .torch = "nn.functional.embedding",
    .formula = "y[i, ...] = weight[index[i], ...]",
    .gradient = "zeros with the rows of g added where they came from; none in the row padding_idx",
    .fields = embedding_fields,
    .args_size = sizeof(fx_embedding_args),
    .defaults = &(const fx_embedding_args){ .padding_idx = FX_NO_INDEX },
    .call = embedding_call,
    .samples =
        "weight=(5,3) index=(4)i64{0,4,4,1}\nweight=(5,3) index=(2,2)i64{3,3,3,0}\nweight=(5,3) "
        "index=()i64{2}\n"
        "weight=(5,3) index=(4)i64{0,4,4,1} padding_idx=4\nweight=(5,3) index=(3)i64{0,4,1} padding_idx=-5\n"
        "weight=(5,3) index=(0)i64\nweight=(5,0) index=(2)i64{1,1}\nweight=(5,2,2) index=(2)i64{1,3}\n"
        "weight=(5,3) index=(2)i32{1,2}\n!weight=() index=(1)i64{0}\n!weight=(5,3) index=(1)i64{5}\n"
        "!weight=(5,3) index=(1)i64{0} padding_idx=5\n!weight=(5,3) index=~(1)\n",
    .bench = "weight=(4096,256) index=(16,256)i64@int:4096",
};
