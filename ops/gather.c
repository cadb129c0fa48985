/* Single numbers by an index tensor: the index says where along dim, its own place says where in the others.
 *
 *     gather       y[i][j] = x[index[i][j]][j] (dim 0)               gradient: scatter_sum
 *     scatter_sum  zeros, y[index[i][j]][j] += x[i][j]               gradient: gather
 *     scatter_add  the same into a given tensor                      gather for what is added
 *     scatter      y[index[i][j]][j] = source[i][j], the last wins   gather of the last for what is put
 *
 * In the forms that put, gather gives zero for a number that a later one replaced, and scatter_sum puts
 * instead of adding: so that these two are each other's gradient as well.
 */
#include "indexing.h"

typedef struct lane_options {
    fx__sizes sizes; /* scatter_sum: of the result */
    double value;
    int dim;
    bool last, number;
} lane_options;

/* A 0-d tensor counts as one of one number. */
static int dims_of(const fx_tensor *x) { return x->ndim ? x->ndim : 1; }

bool fx__check_lane_index(const fx_call *c, int ndim, const int64_t *size, int dim, const fx_tensor *index)
{
    if (!fx__check_index_dtype(c, index)) return false;
    bool good = dims_of(index) == (ndim ? ndim : 1);
    for (int d = 0; good && d < index->ndim; d++) good = d == dim || index->size[d] <= (ndim ? size[d] : 1);
    return good || !index->numel ||
           fx_call_fail(c, FX_ERROR_SHAPE, "an index of %s does not fit %s along dim %d",
                        fx__shape_text(index), fx__dims_text(c->cx, ndim, size), dim);
}

static fx_lane_shape lane_shape(const fx_call *c, const fx_tensor *x, const fx_tensor *index,
                                const fx__index *i)
{
    const lane_options *o = c->options;
    fx_lane_shape s = { .threads = fx_threads(c->cx), .ndim = dims_of(index), .dim = o->dim, .index = i->at };
    s.size[0] = s.stride[0] = s.length = 1;
    for (int d = 0; d < index->ndim; d++) s.size[d] = index->size[d];
    for (int d = 0; d < x->ndim; d++) s.stride[d] = fx__stride(x)[d];
    if (x->ndim) s.length = x->size[o->dim];
    return s;
}

/* Which numbers of an index no later one replaces; NULL after an error. */
static bool *last_of(const fx_call *c, const fx_lane_shape *s, int64_t places, int64_t count)
{
    bool *mark = fx__scratch(c->cx, (size_t)(places + count + 1));
    if (!mark) return NULL;
    memset(mark, 0, (size_t)places);
    fx__lanes_last(s, mark, mark + places);
    return mark;
}

/* ---- y = x at an index ---- */

static fx_tensor *gather(fx_tensor *x, fx_tensor *index, int dim, bool last, fx_where where);
static fx_tensor *scatter_sum(fx_tensor *x, fx_tensor *index, int dim, bool last, const fx_tensor *like,
                              fx_where where);

static bool gather_shape(const fx_call *c, fx_spec *y)
{
    const lane_options *o = c->options;
    const fx_tensor *x = c->x[0], *index = c->x[1];
    if (!fx__check_lane_index(c, x->ndim, x->size, o->dim, index)) return false;
    y->ndim = index->ndim;
    memcpy(y->size, index->size, sizeof(int64_t) * index->ndim);
    return true;
}

static void gather_forward(const fx_call *c)
{
    const lane_options *o = c->options;
    const fx_tensor *x = c->x[0], *index = c->x[1];
    fx__index i;
    if (!index->numel || !fx__index_open(c, index, fx__size_along(x, o->dim), &i)) return;
    fx_lane_shape s = lane_shape(c, x, index, &i);
    size_t bytes = fx__width(x);
    fx__lanes_take(&s, bytes, x->data, c->y->data);
    bool *mark = o->last ? last_of(c, &s, x->numel, index->numel) : NULL;
    for (int64_t k = 0; mark && k < index->numel; k++)
        if (!mark[x->numel + k]) memset(c->y->data + (size_t)k * bytes, 0, bytes);
    if (mark) fx__scratch_free(c->cx, mark);
    fx__index_close(c, &i);
}

static void gather_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const lane_options *o = c->options;
    gx[0] = scatter_sum(g, c->x[1], o->dim, o->last, c->shapes[0], c->where);
}

#define GATHER_OP(called)                                                                                    \
    static const fx_op called##_op = { .name = #called,                                                      \
                                       .formula = "y = x, where an index says along a dim",                  \
                                       .inputs = 2,                                                          \
                                       .captures = FX_CAPTURE_X1,                                            \
                                       .options_size = sizeof(lane_options),                                 \
                                       .shape = gather_shape,                                                \
                                       .forward = gather_forward,                                            \
                                       .local_grad = gather_local_grad };
GATHER_OP(gather)
GATHER_OP(take_along_dim)

static fx_tensor *gather(fx_tensor *x, fx_tensor *index, int dim, bool last, fx_where where)
{
    return FX__APPLY(&gather_op, &((lane_options){ .dim = dim, .last = last }), where, x, index);
}

fx_tensor *fx__gather(fx_tensor *x, fx_tensor *index, int dim, fx_where where)
{
    return gather(x, index, dim, false, where);
}

fx_tensor *fx_gather_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_where where)
{
    int at = x && index ? fx__dim_of(x, dim, "gather", where) : -1;
    return at < 0 ? NULL : gather(x, index, at, false, where);
}

fx_tensor *fx_take_along_dim_at(fx_take_along_dim_args args, fx_where where)
{
    fx_tensor *x = args.x, *index = args.index;
    if (!x || !index) return NULL;
    if (args.dim == FX_ALL_DIMS) {
        x = fx_ravel_at(x, where);
        index = fx_ravel_at(index, where);
    }
    int at = x && index ? fx__dim_of(x, args.dim == FX_ALL_DIMS ? 0 : args.dim, "take_along_dim", where) : -1;
    if (at < 0) return NULL;
    if (x->ndim != index->ndim)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "take_along_dim: %s and an index of %s are not of one number of dims",
                          fx__shape_text(x), fx__shape_text(index));
    fx__sizes to = fx__sizes_of(x), of_index = fx__sizes_of(index);
    for (int d = 0; d < x->ndim; d++) {
        if (d == at) continue;
        bool good = x->size[d] == index->size[d] || x->size[d] == 1 || index->size[d] == 1;
        if (!good)
            return FX__REFUSE(x, ERROR_SHAPE, where, "take_along_dim: %s and an index of %s do not broadcast",
                              fx__shape_text(x), fx__shape_text(index));
        to.at[d] = of_index.at[d] = x->size[d] == 1 ? index->size[d] : x->size[d];
    }
    if (memcmp(to.at, x->size, sizeof(int64_t) * x->ndim)) x = fx__expand(x, to.ndim, to.at, where);
    if (memcmp(of_index.at, index->size, sizeof(int64_t) * index->ndim))
        index = fx__expand(index, to.ndim, of_index.at, where);
    return FX__APPLY(&take_along_dim_op, &((lane_options){ .dim = at }), where, x, index);
}

/* ---- y = zeros with x added, or put, where an index says ---- */

/* Adds numbers to y, which holds what there was. */
static void add_lanes(const fx_call *c, const fx_lane_shape *s, const fx_tensor *from, fx_tensor *y)
{
    int type = fx__sum_type(c, (fx_dtype)y->dtype);
    if (type < 0) return;
    if (type != FX_SUM_F32) {
        fx__lanes_add(s, (fx_sum_type)type, from->data, y->data);
        return;
    }
    double *wide = fx__scratch(c->cx, sizeof *wide * (size_t)(y->numel + 1));
    if (!wide) return;
    float *narrow = (float *)(void *)y->data;
    for (int64_t k = 0; k < y->numel; k++) wide[k] = (double)narrow[k];
    fx__lanes_add(s, FX_SUM_F32, from->data, wide);
    for (int64_t k = 0; k < y->numel; k++) narrow[k] = (float)wide[k];
    fx__scratch_free(c->cx, wide);
}

static bool scatter_sum_shape(const fx_call *c, fx_spec *y)
{
    const lane_options *o = c->options;
    y->ndim = o->sizes.ndim;
    memcpy(y->size, o->sizes.at, sizeof(int64_t) * (size_t)y->ndim);
    return fx__check_lane_index(c, y->ndim, y->size, o->dim, c->x[1]);
}

static void scatter_sum_forward(const fx_call *c)
{
    const lane_options *o = c->options;
    const fx_tensor *index = c->x[1];
    fx_tensor *y = c->y;
    fx__index i;
    if (y->numel) memset(y->data, 0, (size_t)y->numel * fx__width(y));
    if (!index->numel || !fx__index_open(c, index, fx__size_along(y, o->dim), &i)) return;
    fx_lane_shape s = lane_shape(c, y, index, &i);
    if (o->last)
        fx__lanes_put(&s, fx__width(y), c->x[0]->data, false, y->data);
    else
        add_lanes(c, &s, c->x[0], y);
    fx__index_close(c, &i);
}

static void scatter_sum_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const lane_options *o = c->options;
    gx[0] = gather(g, c->x[1], o->dim, o->last, c->where);
}

static const fx_op scatter_sum_op = { .name = "scatter_sum",
                                      .formula = "y = zeros with x added where an index says along a dim",
                                      .inputs = 2,
                                      .captures = FX_CAPTURE_X1,
                                      .options_size = sizeof(lane_options),
                                      .shape = scatter_sum_shape,
                                      .forward = scatter_sum_forward,
                                      .local_grad = scatter_sum_local_grad };

static fx_tensor *scatter_sum(fx_tensor *x, fx_tensor *index, int dim, bool last, const fx_tensor *like,
                              fx_where where)
{
    lane_options o = { .dim = dim, .last = last, .sizes = fx__sizes_of(like) };
    return FX__APPLY(&scatter_sum_op, &o, where, x, index);
}

fx_tensor *fx__scatter_unique(fx_tensor *x, fx_tensor *index, int dim, const fx_tensor *like, fx_where where)
{
    return scatter_sum(x, index, dim, true, like, where);
}

/* ---- y = x with numbers added, or put, where an index says ---- */

static bool scatter_shape(const fx_call *c, fx_spec *y)
{
    const lane_options *o = c->options;
    const fx_tensor *x = c->x[0], *index = c->x[1], *source = o->number ? NULL : c->x[2];
    (void)y;
    if (!fx__check_lane_index(c, x->ndim, x->size, o->dim, index)) return false;
    if (!source) return true;
    if (source->dtype != x->dtype)
        return fx_call_fail(c, FX_ERROR_DTYPE, "the source is %s, not %s",
                            fx_dtype_name((fx_dtype)source->dtype), fx_dtype_name((fx_dtype)x->dtype));
    return source->numel == index->numel ||
           fx_call_fail(c, FX_ERROR_SHAPE, "a source of %s does not fit an index of %s",
                        fx__shape_text(source), fx__shape_text(index));
}

/* Opens the index of a call that changes a copy of x; false: there is nothing more to do. */
static bool begin_scatter(const fx_call *c, fx__index *i, fx_lane_shape *s)
{
    const lane_options *o = c->options;
    fx__copy_numbers(c->y, c->x[0]);
    if (!c->x[1]->numel || !fx__index_open(c, c->x[1], fx__size_along(c->y, o->dim), i)) return false;
    *s = lane_shape(c, c->y, c->x[1], i);
    return true;
}

static void scatter_add_forward(const fx_call *c)
{
    fx__index i;
    fx_lane_shape s;
    if (!begin_scatter(c, &i, &s)) return;
    add_lanes(c, &s, c->x[2], c->y);
    fx__index_close(c, &i);
}

static void scatter_add_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const lane_options *o = c->options;
    gx[0] = g;
    if (fx_call_needs(c, 2))
        gx[2] = fx__reshape_like(gather(g, c->x[1], o->dim, false, c->where), c->shapes[2], c->where);
}

static unsigned captured_by_add(const fx_call *c) { return fx_call_needs(c, 2) ? FX_CAPTURE_X1 : 0; }

static const fx_op scatter_add_op = { .name = "scatter_add",
                                      .formula = "y = x with a source added where an index says along a dim",
                                      .inputs = 3,
                                      .captures = FX_CAPTURE_X1,
                                      .captured = captured_by_add,
                                      .options_size = sizeof(lane_options),
                                      .shape = scatter_shape,
                                      .forward = scatter_add_forward,
                                      .local_grad = scatter_add_local_grad };

static void scatter_forward(const fx_call *c)
{
    const lane_options *o = c->options;
    fx__index i;
    fx_lane_shape s;
    if (!begin_scatter(c, &i, &s)) return;
    const fx_tensor *from =
        o->number ? fx_full_at(c->cx, (fx_dtype)c->y->dtype, o->value, FX_NO_DIMS, c->where) : c->x[2];
    if (from) fx__lanes_put(&s, fx__width(c->y), from->data, o->number, c->y->data);
    fx__index_close(c, &i);
}

static fx_tensor *scatter_number(fx_tensor *x, fx_tensor *index, int dim, double value, fx_where where);

static void scatter_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const lane_options *o = c->options;
    if (fx_call_needs(c, 0)) gx[0] = scatter_number(g, c->x[1], o->dim, 0, c->where);
    if (c->inputs > 2 && fx_call_needs(c, 2))
        gx[2] = fx__reshape_like(gather(g, c->x[1], o->dim, true, c->where), c->shapes[2], c->where);
}

static const fx_op scatter_op = { .name = "scatter",
                                  .formula =
                                      "y = x with a source, or a number, put where an index says along a dim",
                                  .inputs = -1,
                                  .captures = FX_CAPTURE_X1,
                                  .options_size = sizeof(lane_options),
                                  .shape = scatter_shape,
                                  .forward = scatter_forward,
                                  .local_grad = scatter_local_grad };

static fx_tensor *scatter_number(fx_tensor *x, fx_tensor *index, int dim, double value, fx_where where)
{
    return FX__APPLY(&scatter_op, &((lane_options){ .dim = dim, .value = value, .number = true }), where, x,
                     index);
}

fx_tensor *fx__used_source(fx_tensor *source, const fx_tensor *index, const char *op, fx_where where)
{
    bool good = dims_of(source) == dims_of(index);
    for (int d = 0; good && d < index->ndim; d++)
        good = index->size[d] <= (source->ndim ? source->size[d] : 1);
    if (!good && index->numel)
        return FX__REFUSE(source, ERROR_SHAPE, where, "%s: a source of %s is less than an index of %s", op,
                          fx__shape_text(source), fx__shape_text(index));
    for (int d = 0; d < index->ndim && source && source->ndim == index->ndim; d++)
        if (index->size[d] < source->size[d]) source = fx__slice(source, d, 0, index->size[d], 1, where);
    return source;
}

fx_tensor *fx_scatter_add_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_tensor *source, fx_where where)
{
    int at = x && index && source ? fx__dim_of(x, dim, "scatter_add", where) : -1;
    source = at < 0 ? NULL : fx__used_source(source, index, "scatter_add", where);
    return FX__APPLY(&scatter_add_op, &((lane_options){ .dim = at }), where, x, index, source);
}

fx_tensor *fx_scatter_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_operand source, fx_where where)
{
    int at = x && index && source.tensor ? fx__dim_of(x, dim, "scatter", where) : -1;
    if (at < 0) return NULL;
    if (fx_operand_is_number(source)) return scatter_number(x, index, at, source.number, where);
    fx_tensor *part = fx__used_source(source.tensor, index, "scatter", where);
    return FX__APPLY(&scatter_op, &((lane_options){ .dim = at }), where, x, index, part);
}

/* ---- records ---- */

typedef struct gather_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *index;
} gather_args;
typedef struct scatter_add_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *index, *source;
} scatter_add_args;
typedef struct scatter_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *index;
    fx_operand source;
} scatter_args;

FX__PLAIN(gather, gather_args, a->x, a->dim, a->index)
static const fx_field gather_fields[] = { FX__FIELD(gather_args, x, TENSOR), FX__FIELD(gather_args, dim, INT),
                                          FX__FIELD(gather_args, index, TENSOR), FX__FIELDS_END };
const fx_function fx__function_gather = {
    .name = "gather",
    .torch = "gather",
    .formula = "y[i][j] = x[index[i][j]][j] for dim 0, x[i][index[i][j]] for dim 1",
    .gradient = "zeros with g added where it came from, in the order of the index along dim",
    .fields = gather_fields,
    .args_size = sizeof(gather_args),
    .call = gather_call,
    .samples =
        "x=(5) dim=0 index=(3)i64{4,0,4}\nx=(3,4) dim=0 index=(2,4)i64{0,1,2,-1,2,2,0,0}\n"
        "x=(3,4) dim=1 index=(3,2)i64{0,3,1,1,-4,2}\nx=(3,4) dim=-1 index=(2,5)i64{0,1,2,3,0,3,3,3,3,3}\n"
        "x=(2,3,2) dim=1 index=(1,2,2)i64{0,1,2,2}\nx=() dim=0 index=()i64{0}\nx=() dim=0 index=(2)i64{0,0}\n"
        "x=(3) dim=0 index=(0)i64\nx=(0,2) dim=0 index=(0,2)i64\nx=(3,4) dim=0 index=(1,2)i32{1,2}\n"
        "x=(4) dim=0 index=()i64{2}\nx=(3)i64 dim=0 index=(2)u8{2,1}\n"
        "!x=(3) dim=0 index=(1)i64{3}\n!x=(3) dim=0 index=(1)i64{-4}\n!x=(3,4) dim=0 index=(2)i64{0,0}\n"
        "!x=(3,4) dim=0 index=(1,5)i64{0,0,0,0,0}\n!x=(3) dim=1 index=(1)i64{0}\n!x=(3) dim=0 index=~(1)\n",
    .bench = "x=(1024,1024) dim=1 index=(1024,1024)i64@int:1024",
};

FX__CALL(take_along_dim, fx_take_along_dim_args)
static const fx_field take_along_dim_fields[] = {
    FX__FIELD(fx_take_along_dim_args, x, TENSOR),
    FX__FIELD(fx_take_along_dim_args, index, TENSOR, .torch = "indices"),
    FX__FIELD(fx_take_along_dim_args, dim, INT, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_take_along_dim = {
    .name = "take_along_dim",
    .torch = "take_along_dim",
    .formula = "gather(x, dim, index), both broadcast but for dim; without a dim of all numbers, row-major",
    .gradient = "zeros with g added where it came from",
    .fields = take_along_dim_fields,
    .args_size = sizeof(fx_take_along_dim_args),
    .defaults = &(const fx_take_along_dim_args){ .dim = FX_ALL_DIMS },
    .call = take_along_dim_call,
    .samples = "x=(3,4) index=(3,2)i64{0,3,1,1,-4,2} dim=1\nx=(3,4) index=(1,2)i64{0,3} dim=1\nx=(1,4) "
               "index=(2,2)i64{0,3,1,1} dim=1\n"
               "x=(3,4) index=(2,2)i64{0,11,5,5}\nx=() index=()i64{0}\nx=(0,2) index=(0,2)i64 dim=0\n"
               "!x=(3,4) index=(2,2)i64{0,0,0,0} dim=1\n!x=(3,4) index=(2)i64{0,0} dim=1\n!x=(3) "
               "index=(1)i64{3} dim=0\n",
};

FX__PLAIN(scatter_add, scatter_add_args, a->x, a->dim, a->index, a->source)
static const fx_field scatter_add_fields[] = { FX__FIELD(scatter_add_args, x, TENSOR),
                                               FX__FIELD(scatter_add_args, dim, INT),
                                               FX__FIELD(scatter_add_args, index, TENSOR),
                                               FX__FIELD(scatter_add_args, source, TENSOR, .torch = "src"),
                                               FX__FIELDS_END };
const fx_function fx__function_scatter_add = {
    .name = "scatter_add",
    .torch = "scatter_add",
    .formula = "y = x; y[index[i][j]][j] += source[i][j] for dim 0, in the order of i",
    .gradient = "in x g, in source g where it went",
    .notes = "source may be larger than index: what the index does not reach is not used",
    .fields = scatter_add_fields,
    .args_size = sizeof(scatter_add_args),
    .call = scatter_add_call,
    .samples =
        "x=(4) dim=0 index=(3)i64{1,1,-1} source=(3)\nx=(3,4) dim=0 index=(2,3)i64{0,1,2,0,1,0} "
        "source=(2,3)\n"
        "x=(3,4) dim=1 index=(2,2)i64{0,3,1,1} source=(3,4)\nx=(2,3,2) dim=-2 index=(2,2,1)i64{2,2,0,1} "
        "source=(2,2,1)\n"
        "x=() dim=0 index=()i64{0} source=()\nx=() dim=0 index=(1)i64{0} source=(1)\nx=(3) dim=0 "
        "index=(0)i64 source=(0)\n"
        "x=(0,2) dim=0 index=(0,2)i64 source=(0,2)\nx=(3)i64 dim=0 index=(3)i64{1,1,1} source=(3)i64\n"
        "!x=(3) dim=0 index=(1)i64{3} source=(1)\n!x=(3) dim=0 index=(2)i64{0,0} source=(1)\n"
        "!x=(3,2) dim=0 index=(1,3)i64{0,0,0} source=(1,3)\n!x=(3)bool dim=0 index=(1)i64{0} source=(1)bool\n"
        "!x=(3) dim=1 index=(1)i64{0} source=(1)\n",
    .bench = "x=(1024,1024) dim=1 index=(1024,1024)i64@int:1024 source=(1024,1024)",
};

FX__PLAIN(scatter, scatter_args, a->x, a->dim, a->index, a->source)
static const fx_field scatter_fields[] = { FX__FIELD(scatter_args, x, TENSOR),
                                           FX__FIELD(scatter_args, dim, INT),
                                           FX__FIELD(scatter_args, index, TENSOR),
                                           FX__FIELD(scatter_args, source, OPERAND, .torch = "src,value"),
                                           FX__FIELDS_END };
const fx_function fx__function_scatter = {
    .name = "scatter",
    .torch = "scatter",
    .formula = "y = x; y[index[i][j]][j] = source[i][j], or a number, for dim 0; the last i wins",
    .gradient = "in x g with zeros there, in source g where it went and won",
    .notes = "of numbers put to one place the last has the gradient alone",
    .fields = scatter_fields,
    .args_size = sizeof(scatter_args),
    .call = scatter_call,
    .samples = "x=(4) dim=0 index=(2)i64{1,-1} source=(2)\nx=(4) dim=0 index=(3)i64{1,2,1} source=(3)\n"
               "x=(3,4) dim=0 index=(2,3)i64{0,1,2,0,2,1} source=(2,3)\nx=(3,4) dim=1 "
               "index=(2,2)i64{0,3,1,1} source=(3,4)\n"
               "x=(3,4) dim=1 index=(2,2)i64{0,3,1,1} source=2.5\nx=() dim=0 index=()i64{0} source=()\nx=() "
               "dim=0 index=()i64{0} source=7\n"
               "x=(3) dim=0 index=(0)i64 source=(0)\nx=(0,2) dim=0 index=(0,2)i64 source=1\nx=(3)i64 dim=0 "
               "index=(1)i64{1} source=7\n"
               "!x=(3) dim=0 index=(1)i64{3} source=(1)\n!x=(3) dim=0 index=(2)i64{0,0} source=(1)\n!x=(3) "
               "dim=0 index=(1)i64{-4} source=1\n"
               "!x=(3) dim=1 index=(1)i64{0} source=1\n",
    .bench = "x=(1024,1024) dim=1 index=(1024,512)i64@int:1024 source=(1024,512)",
};
