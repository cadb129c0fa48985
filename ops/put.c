/* A tensor with other rows along a dimension, by an index: added, put, filled.
 *
 *     index_add     y[..., index[i], ...] += source[..., i, ...]               gradient in source: rows
 *     index_copy    y[..., index[i], ...] = source[..., i, ...], the last wins rows, of the last alone
 *     index_fill    one number there                                           none; in x: filled with 0
 */
#include "indexing.h"

void fx__rows_add_to(const fx_call *c, const fx_row_shape *s, const fx_tensor *rows, fx_tensor *y)
{
    int type = fx__sum_type(c, (fx_dtype)y->dtype);
    if (type < 0) return;
    int64_t *start = fx__scratch(c->cx, sizeof *start * (size_t)(s->size + s->count + 2));
    if (!start) return;
    fx__rows_sort(s, NULL, start, start + s->size + 1);
    fx__rows_add(s, (fx_sum_type)type, start, start + s->size + 1, rows->data, y->data);
    fx__scratch_free(c->cx, start);
}

/* ---- y = x with rows added, put, filled ---- */

/* x, index, source, which has x's sizes but for dim. */
static bool into_shape(const fx_call *c, fx_spec *y)
{
    const fx__rows_options *o = c->options;
    const fx_tensor *x = c->x[0], *index = c->x[1], *source = c->x[2];
    (void)y;
    if (!fx__check_index_dtype(c, index)) return false;
    bool good = source->ndim == x->ndim && index->ndim == 1;
    for (int d = 0; good && d < x->ndim; d++)
        good = source->size[d] == (d == o->dim ? index->numel : x->size[d]);
    if (!good)
        return fx_call_fail(c, FX_ERROR_SHAPE,
                            "the source has sizes %s: not those of dim %d of %s at an index of %s",
                            fx__shape_text(source), o->dim, fx__shape_text(x), fx__shape_text(index));
    if (source->dtype == x->dtype) return true;
    return fx_call_fail(c, FX_ERROR_DTYPE, "the source is %s, not %s", fx_dtype_name((fx_dtype)source->dtype),
                        fx_dtype_name((fx_dtype)x->dtype));
}

static void index_add_forward(const fx_call *c)
{
    const fx__rows_options *o = c->options;
    fx__index i;
    if (!fx__index_open(c, c->x[1], c->y->size[o->dim], &i)) return;
    fx_row_shape s = fx__row_shape(c, c->y, o->dim, &i);
    fx__copy_numbers(c->y, c->x[0]);
    fx__rows_add_to(c, &s, c->x[2], c->y);
    fx__index_close(c, &i);
}

static void index_add_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx__rows_options *o = c->options;
    gx[0] = g;
    if (fx_call_needs(c, 2)) gx[2] = fx__rows(g, c->x[1], o->dim, FX__ROWS_ALL, 0, c->where);
}

static unsigned captured_into(const fx_call *c) { return fx_call_needs(c, 2) ? FX_CAPTURE_X1 : 0; }

static const fx_op index_add_op = { .name = "index_add",
                                    .formula = "y = x; y[..., index[i], ...] += source[..., i, ...]",
                                    .inputs = 3,
                                    .captures = FX_CAPTURE_X1,
                                    .captured = captured_into,
                                    .options_size = sizeof(fx__rows_options),
                                    .shape = into_shape,
                                    .forward = index_add_forward,
                                    .local_grad = index_add_local_grad };

static void index_copy_forward(const fx_call *c)
{
    const fx__rows_options *o = c->options;
    fx__index i;
    if (!fx__index_open(c, c->x[1], c->y->size[o->dim], &i)) return;
    fx_row_shape s = fx__row_shape(c, c->y, o->dim, &i);
    fx__copy_numbers(c->y, c->x[0]);
    fx__rows_put(&s, fx__width(c->y), c->x[2]->data, c->y->data);
    fx__index_close(c, &i);
}

static fx_tensor *fill_rows(fx_tensor *x, fx_tensor *index, int dim, double value, fx_where where);

static void index_copy_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx__rows_options *o = c->options;
    if (fx_call_needs(c, 0)) gx[0] = fill_rows(g, c->x[1], o->dim, 0, c->where);
    if (fx_call_needs(c, 2)) gx[2] = fx__rows(g, c->x[1], o->dim, FX__ROWS_LAST, 0, c->where);
}

static const fx_op index_copy_op = { .name = "index_copy",
                                     .formula = "y = x; y[..., index[i], ...] = source[..., i, ...]",
                                     .inputs = 3,
                                     .captures = FX_CAPTURE_X1,
                                     .options_size = sizeof(fx__rows_options),
                                     .shape = into_shape,
                                     .forward = index_copy_forward,
                                     .local_grad = index_copy_local_grad };

static bool index_fill_shape(const fx_call *c, fx_spec *y)
{
    (void)y;
    return fx__check_index_dtype(c, c->x[1]);
}

static void index_fill_forward(const fx_call *c)
{
    const fx__rows_options *o = c->options;
    fx_tensor *y = c->y;
    fx__index i;
    if (!fx__index_open(c, c->x[1], y->size[o->dim], &i)) return;
    fx_row_shape s = fx__row_shape(c, y, o->dim, &i);
    fx__copy_numbers(y, c->x[0]);
    fx_tensor *row = fx__new(c->cx, (fx_dtype)y->dtype, 1, &s.inner, c->where);
    size_t bytes = (size_t)s.inner * fx__width(y);
    if (row && bytes) {
        fx__space.fill(row, o->value);
        for (int64_t k = 0; k < s.outer; k++)
            for (int64_t n = 0; n < s.count; n++)
                memcpy(y->data + (size_t)(k * s.size + fx__wrapped(s.index[n], s.size)) * bytes, row->data,
                       bytes);
    }
    fx__index_close(c, &i);
}

static void index_fill_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx__rows_options *o = c->options;
    gx[0] = fill_rows(g, c->x[1], o->dim, 0, c->where);
}

static const fx_op index_fill_op = { .name = "index_fill",
                                     .formula = "y = x; y[..., index[i], ...] = value",
                                     .inputs = 2,
                                     .captures = FX_CAPTURE_X1,
                                     .options_size = sizeof(fx__rows_options),
                                     .shape = index_fill_shape,
                                     .forward = index_fill_forward,
                                     .local_grad = index_fill_local_grad };

static fx_tensor *fill_rows(fx_tensor *x, fx_tensor *index, int dim, double value, fx_where where)
{
    fx__rows_options o = { .dim = dim, .value = value };
    return FX__APPLY(&index_fill_op, &o, where, x, index);
}

/* The two over a tensor in one dimension, under the name of put. */
#define PUT_OP(op, does)                                                                                     \
    static const fx_op op##_op = { .name = "put",                                                            \
                                   .formula = "y = x; y[index[i]] = source[i], or += it",                    \
                                   .inputs = 3,                                                              \
                                   .captures = FX_CAPTURE_X1,                                                \
                                   .options_size = sizeof(fx__rows_options),                                 \
                                   .shape = into_shape,                                                      \
                                   .forward = does##_forward,                                                \
                                   .local_grad = does##_local_grad };
PUT_OP(put, index_copy)
PUT_OP(put_add, index_add)

/* ---- functions ---- */

/* What the three do with a 0-d tensor: it has one row. */
static fx_tensor *at_least_one(fx_tensor *x, fx_where where)
{
    return x && !x->ndim ? fx__reshape(x, 1, &(int64_t){ 1 }, where) : x;
}
static fx_tensor *as_before(fx_tensor *y, const fx_tensor *x, fx_where where)
{
    return y && !x->ndim ? fx__reshape(y, 0, NULL, where) : y;
}

fx_tensor *fx__put_rows(fx_tensor *x, fx_tensor *index, fx_tensor *source, int dim, fx_where where)
{
    return FX__APPLY(&index_copy_op, &(fx__rows_options){ .dim = dim }, where, x, index, source);
}

fx_tensor *fx__plus_rows(fx_tensor *x, fx_tensor *index, fx_tensor *source, int dim, fx_where where)
{
    return FX__APPLY(&index_add_op, &(fx__rows_options){ .dim = dim }, where, x, index, source);
}

fx_tensor *fx_index_add_at(fx_index_add_args args, fx_where where)
{
    fx_tensor *x = args.x, *source = args.source;
    int at = x && args.index && source ? fx__dim_of(x, args.dim, "index_add", where) : -1;
    if (at < 0) return NULL;
    if (args.alpha != 1) source = fx_mul_at(fx_operand_tensor(source), fx_operand_number(args.alpha), where);
    fx_tensor *y = fx__plus_rows(at_least_one(x, where), at_least_one(args.index, where),
                                 at_least_one(source, where), at, where);
    return as_before(y, x, where);
}

fx_tensor *fx_index_copy_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_tensor *source, fx_where where)
{
    int at = x && index && source ? fx__dim_of(x, dim, "index_copy", where) : -1;
    if (at < 0) return NULL;
    fx_tensor *y = fx__put_rows(at_least_one(x, where), at_least_one(index, where),
                                at_least_one(source, where), at, where);
    return as_before(y, x, where);
}

fx_tensor *fx_index_fill_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_operand value, fx_where where)
{
    int at = x && index && value.tensor ? fx__dim_of(x, dim, "index_fill", where) : -1;
    if (at < 0) return NULL;
    if (index->ndim > 1 || (!fx_operand_is_number(value) && value.tensor->ndim))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "index_fill: the index has one dimension and the value none");
    fx_tensor *whole = at_least_one(x, where);
    index = at_least_one(index, where);
    if (!whole || !index) return NULL;
    if (fx_operand_is_number(value))
        return as_before(fill_rows(whole, index, at, value.number, where), x, where);
    fx_tensor *source = value.tensor;
    if (source->dtype != x->dtype) source = fx__space.cast(source, (fx_dtype)x->dtype, where);
    fx__sizes rows = fx__sizes_of(whole);
    rows.at[at] = index->numel;
    return as_before(fx__put_rows(whole, index, fx__expand(source, rows.ndim, rows.at, where), at, where), x,
                     where);
}

fx_tensor *fx_put_at(fx_put_args args, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x || !args.index || !args.source) return NULL;
    if (args.index->numel != args.source->numel)
        return FX__REFUSE(x, ERROR_SHAPE, where, "put: an index of %s does not fit a source of %s",
                          fx__shape_text(args.index), fx__shape_text(args.source));
    fx_tensor *flat = fx_ravel_at(x, where), *index = fx_ravel_at(args.index, where),
              *source = fx_ravel_at(args.source, where);
    fx__rows_options o = { .dim = 0 };
    fx_tensor *y = FX__APPLY(args.accumulate ? &put_add_op : &put_op, &o, where, flat, index, source);
    return y ? fx__reshape_like(y, x, where) : NULL;
}

/* ---- records ---- */

typedef struct index_copy_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *index, *source;
} index_copy_args;
typedef struct index_fill_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *index;
    fx_operand value;
} index_fill_args;

FX__CALL(index_add, fx_index_add_args)
static const fx_field index_add_fields[] = { FX__FIELD(fx_index_add_args, x, TENSOR),
                                             FX__FIELD(fx_index_add_args, dim, INT),
                                             FX__FIELD(fx_index_add_args, index, TENSOR),
                                             FX__FIELD(fx_index_add_args, source, TENSOR),
                                             FX__FIELD(fx_index_add_args, alpha, REAL, .optional = true),
                                             FX__FIELDS_END };
const fx_function fx__function_index_add = {
    .name = "index_add",
    .torch = "index_add",
    .formula = "y = x; y[..., index[i], ...] += alpha source[..., i, ...], in the order of i",
    .gradient = "in x g, in source alpha g[..., index[i], ...]",
    .fields = index_add_fields,
    .args_size = sizeof(fx_index_add_args),
    .defaults = &(const fx_index_add_args){ .alpha = 1 },
    .call = index_add_call,
    .samples = "x=(4) dim=0 index=(3)i64{1,1,-1} source=(3)\nx=(3,4) dim=1 index=(2)i64{0,3} source=(3,2)\n"
               "x=(3,4) dim=0 index=(2)i64{2,2} source=(2,4) alpha=-0.5\nx=(2,3,2) dim=-2 "
               "index=(4)i64{0,1,2,1} source=(2,4,2)\n"
               "x=() dim=0 index=(1)i64{0} source=()\nx=(3) dim=0 index=(0)i64 source=(0)\nx=(0,2) dim=1 "
               "index=(1)i64{1} source=(0,1)\n"
               "x=(3)i64 dim=0 index=(3)i64{1,1,1} source=(3)i64\nx=(3) dim=0 index=()i64{1} source=()\n"
               "!x=(3) dim=0 index=(1)i64{3} source=(1)\n!x=(3) dim=0 index=(1)i64{0} source=(2)\n"
               "!x=(3)bool dim=0 index=(1)i64{0} source=(1)bool\n!x=(3) dim=1 index=(1)i64{0} source=(1)\n"
               "!x=(3,2) dim=0 index=(1)i64{0} source=(1,3)\n!x=(3)f32 dim=0 index=(1)i64{0} source=(1)f64\n",
    .bench = "x=(1024,1024) dim=0 index=(1024)i64@int:1024 source=(1024,1024)",
};

FX__PLAIN(index_copy, index_copy_args, a->x, a->dim, a->index, a->source)
static const fx_field index_copy_fields[] = { FX__FIELD(index_copy_args, x, TENSOR),
                                              FX__FIELD(index_copy_args, dim, INT),
                                              FX__FIELD(index_copy_args, index, TENSOR),
                                              FX__FIELD(index_copy_args, source, TENSOR), FX__FIELDS_END };
const fx_function fx__function_index_copy = {
    .name = "index_copy",
    .torch = "index_copy",
    .formula = "y = x; y[..., index[i], ...] = source[..., i, ...], the last i winning",
    .gradient = "in x g with zeros there, in source g[..., index[i], ...] of the i that won",
    .fields = index_copy_fields,
    .args_size = sizeof(index_copy_args),
    .call = index_copy_call,
    .samples =
        "x=(4) dim=0 index=(2)i64{1,-1} source=(2)\nx=(4) dim=0 index=(3)i64{1,2,1} source=(3)\n"
        "x=(3,4) dim=1 index=(2)i64{0,3} source=(3,2)\nx=(2,3,2) dim=-2 index=(2)i64{2,2} source=(2,2,2)\n"
        "x=() dim=0 index=(1)i64{0} source=()\nx=(3) dim=0 index=(0)i64 source=(0)\nx=(0,2) dim=1 "
        "index=(1)i64{1} source=(0,1)\n"
        "!x=(3) dim=0 index=(1)i64{-4} source=(1)\n!x=(3) dim=0 index=(1)i64{0} source=(2)\n"
        "!x=(3) dim=1 index=(1)i64{0} source=(1)\n!x=(3) dim=0 index=~(1) source=(1)\n",
    .bench = "x=(1024,1024) dim=0 index=(512)i64@int:1024 source=(512,1024)",
};

FX__PLAIN(index_fill, index_fill_args, a->x, a->dim, a->index, a->value)
static const fx_field index_fill_fields[] = { FX__FIELD(index_fill_args, x, TENSOR),
                                              FX__FIELD(index_fill_args, dim, INT),
                                              FX__FIELD(index_fill_args, index, TENSOR),
                                              FX__FIELD(index_fill_args, value, OPERAND), FX__FIELDS_END };
const fx_function fx__function_index_fill = {
    .name = "index_fill",
    .torch = "index_fill",
    .formula = "y = x; y[..., index[i], ...] = value",
    .gradient = "in x g with zeros there, in value the sum of g there",
    .fields = index_fill_fields,
    .args_size = sizeof(index_fill_args),
    .call = index_fill_call,
    .samples = "x=(4) dim=0 index=(2)i64{1,-1} value=2.5\nx=(3,4) dim=1 index=(2)i64{0,0} value=-1\n"
               "x=(3,4) dim=0 index=(2)i64{2,0} value=()\nx=(3,4) dim=-1 index=(3)i64{1,1,0} value=()\nx=() "
               "dim=0 index=(1)i64{0} value=3\n"
               "x=(3) dim=0 index=(0)i64 value=1\nx=(0,2) dim=1 index=(1)i64{1} value=()\nx=(3)i64 dim=0 "
               "index=()i64{1} value=7\n"
               "!x=(3) dim=0 index=(1)i64{3} value=0\n!x=(3) dim=0 index=(1)i64{0} value=(1)\n!x=(3) dim=1 "
               "index=(1)i64{0} value=1\n",
    .bench = "x=(1024,1024) dim=0 index=(512)i64@int:1024 value=1",
};

FX__CALL(put, fx_put_args)
static const fx_field put_fields[] = { FX__FIELD(fx_put_args, x, TENSOR),
                                       FX__FIELD(fx_put_args, index, TENSOR),
                                       FX__FIELD(fx_put_args, source, TENSOR),
                                       FX__FIELD(fx_put_args, accumulate, BOOL, .optional = true),
                                       FX__FIELDS_END };
const fx_function fx__function_put = {
    .name = "put",
    .torch = "put",
    .formula = "y = x; y[index[i]] = source[i], or += it, all counted row-major",
    .gradient = "in x g, with zeros where numbers were replaced, in source g[index[i]] of the i that won",
    .fields = put_fields,
    .args_size = sizeof(fx_put_args),
    .call = put_call,
    .samples = "x=(3,3) index=(3)i64{0,8,-2} source=(3)\nx=(3,3) index=(2,2)i64{0,1,0,1} source=(4)\n"
               "x=(3,3) index=(3)i64{4,4,4} source=(3) accumulate=true\nx=() index=()i64{0} source=()\n"
               "x=() index=(1)i64{0} source=(1) accumulate=true\nx=(3) index=(0)i64 source=(0)\n"
               "!x=(3) index=(1)i64{3} source=(1)\n!x=(3) index=(1)i64{0} source=(2)\n",
};
