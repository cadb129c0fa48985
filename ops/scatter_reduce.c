/* A tensor with what an index collects in its places: by single numbers (scatter_reduce), by rows
 * (index_reduce). The index becomes places in the tensor, which collect.c reduces by.
 */
#include "collect.h"

typedef struct place_options {
    fx__sizes sizes; /* of the tensor that the places are in */
    int dim;
} place_options;

/* ---- places of single numbers, y[i][j] = (index[i][j], j) for dim 0 ---- */

static bool lane_places_shape(const fx_call *c, fx_spec *y)
{
    const place_options *o = c->options;
    y->dtype = FX_I64;
    return fx__check_lane_index(c, o->sizes.ndim, o->sizes.at, o->dim, c->x[0]);
}

static void lane_places_forward(const fx_call *c)
{
    const place_options *o = c->options;
    const fx_tensor *index = c->x[0];
    const int64_t length = o->sizes.ndim ? o->sizes.at[o->dim] : 1;
    int64_t stride[FX_MAX_DIMS] = { 1 }, *to = (int64_t *)(void *)c->y->data;
    fx__index i;
    if (!index->numel || !fx__index_open(c, index, length, &i)) return;
    fx__row_strides(o->sizes.ndim, o->sizes.at, stride);
    for (int64_t k = 0; k < index->numel; k++) {
        int64_t rest = k, place = fx__wrapped(i.at[k], length) * stride[o->dim];
        for (int d = index->ndim; d-- > 0; rest /= index->size[d])
            if (d != o->dim) place += rest % index->size[d] * stride[d];
        to[k] = place;
    }
    fx__index_close(c, &i);
}

static const fx_op lane_places_op = { .name = "scatter_reduce",
                                      .formula = "the places that an index names along a dim",
                                      .inputs = 1,
                                      .options_size = sizeof(place_options),
                                      .shape = lane_places_shape,
                                      .forward = lane_places_forward };

/* ---- places of rows, y[..., i, ...] = (..., index[i], ...) ---- */

static bool row_places_shape(const fx_call *c, fx_spec *y)
{
    const place_options *o = c->options;
    y->dtype = FX_I64;
    y->ndim = o->sizes.ndim;
    memcpy(y->size, o->sizes.at, sizeof(int64_t) * (size_t)y->ndim);
    y->size[o->dim] = c->x[0]->numel;
    return fx__check_index_dtype(c, c->x[0]);
}

static void row_places_forward(const fx_call *c)
{
    const place_options *o = c->options;
    const int64_t size = o->sizes.at[o->dim], outer = fx__product(o->sizes.at, 0, o->dim),
                  inner = fx__product(o->sizes.at, o->dim + 1, o->sizes.ndim);
    int64_t *to = (int64_t *)(void *)c->y->data;
    fx__index i;
    if (!fx__index_open(c, c->x[0], size, &i)) return;
    for (int64_t k = 0; k < outer; k++)
        for (int64_t n = 0; n < i.count; n++) {
            const int64_t first = (k * size + fx__wrapped(i.at[n], size)) * inner;
            for (int64_t l = 0; l < inner; l++) *to++ = first + l;
        }
    fx__index_close(c, &i);
}

static const fx_op row_places_op = { .name = "index_reduce",
                                     .formula = "the places that an index of rows names along a dim",
                                     .inputs = 1,
                                     .options_size = sizeof(place_options),
                                     .shape = row_places_shape,
                                     .forward = row_places_forward };

/* ---- functions ---- */

static bool check_reduction(const fx_tensor *x, int reduce, const char *op, fx_where where)
{
    if (reduce >= FX_REDUCE_SUM && reduce <= FX_REDUCE_AMIN) return true;
    return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: there is no reduction %d", op, reduce);
}

static bool check_dtypes(const fx_tensor *x, const fx_tensor *source, bool takes_bool, const char *op,
                         fx_where where)
{
    if (source->dtype != x->dtype)
        return FX__REFUSE(x, ERROR_DTYPE, where, "%s: the source is %s, not %s", op,
                          fx_dtype_name((fx_dtype)source->dtype), fx_dtype_name((fx_dtype)x->dtype));
    if (x->dtype != FX_BOOL || takes_bool) return true;
    return FX__REFUSE(x, ERROR_DTYPE, where, "%s: bool has no sums, means and products", op);
}

fx_tensor *fx_scatter_reduce_at(fx_scatter_reduce_args args, fx_where where)
{
    fx_tensor *x = args.x, *index = args.index, *source = args.source;
    int at = x && index && source ? fx__dim_of(x, args.dim, "scatter_reduce", where) : -1;
    const fx__collect_options o = { .kind = (fx_reduce_kind)args.reduce, .include = args.include_self };
    if (at < 0 || !check_reduction(x, args.reduce, "scatter_reduce", where) ||
        !check_dtypes(x, source, o.kind >= FX_REDUCE_AMAX, "scatter_reduce", where) ||
        !(source = fx__used_source(source, index, "scatter_reduce", where)))
        return NULL;
    place_options p = { .sizes = fx__sizes_of(x), .dim = at };
    return fx__collect(x, source, FX__APPLY(&lane_places_op, &p, where, index), o, where);
}

fx_tensor *fx_scatter_reduce_in_place_at(fx_scatter_reduce_args args, fx_where where)
{
    return fx__assign(args.x, fx_scatter_reduce_at(args, where), "scatter_reduce_", where);
}

fx_tensor *fx_index_reduce_at(fx_index_reduce_args args, fx_where where)
{
    fx_tensor *x = args.x, *index = args.index, *source = args.source;
    int at = x && index && source ? fx__dim_of(x, args.dim, "index_reduce", where) : -1;
    if (at < 0 || !check_reduction(x, args.reduce, "index_reduce", where)) return NULL;
    const fx__collect_options o = { .kind = (fx_reduce_kind)args.reduce, .include = args.include_self };
    if (o.kind == FX_REDUCE_SUM)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "index_reduce: index_add is what has sums");
    if (!check_dtypes(x, source, o.kind >= FX_REDUCE_AMAX, "index_reduce", where)) return NULL;
    fx__sizes sizes = fx__sizes_of(x), rows = fx__sizes_of(source);
    if (!sizes.ndim) sizes.at[sizes.ndim++] = 1;
    if (!rows.ndim) rows.at[rows.ndim++] = 1;
    bool good = rows.ndim == sizes.ndim && index->ndim <= 1 && rows.at[at] == index->numel;
    for (int d = 0; good && d < sizes.ndim; d++) good = d == at || rows.at[d] == sizes.at[d];
    if (!good)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "index_reduce: the source has sizes %s: not those of dim %d of %s at an index of "
                          "%s",
                          fx__shape_text(source), at, fx__shape_text(x), fx__shape_text(index));
    place_options p = { .sizes = sizes, .dim = at };
    return fx__collect(x, source, FX__APPLY(&row_places_op, &p, where, index), o, where);
}

fx_tensor *fx_index_reduce_in_place_at(fx_index_reduce_args args, fx_where where)
{
    return fx__assign(args.x, fx_index_reduce_at(args, where), "index_reduce_", where);
}

/* ---- records ---- */

FX__CALL(scatter_reduce, fx_scatter_reduce_args)
static const fx_field scatter_reduce_fields[] = {
    FX__FIELD(fx_scatter_reduce_args, x, TENSOR),
    FX__FIELD(fx_scatter_reduce_args, dim, INT),
    FX__FIELD(fx_scatter_reduce_args, index, TENSOR),
    FX__FIELD(fx_scatter_reduce_args, source, TENSOR, .torch = "src"),
    FX__FIELD(fx_scatter_reduce_args, reduce, CHOICE, .choices = "sum|prod|mean|amax|amin"),
    FX__FIELD(fx_scatter_reduce_args, include_self, BOOL, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_scatter_reduce = {
    .name = "scatter_reduce",
    .torch = "scatter_reduce",
    .formula =
        "y = x, but where the index says (as for scatter): the sum, product, mean, largest or least of "
        "the source's numbers that go there, and of x's with include_self",
    .gradient =
        "sum: g[index] in source; mean: that over how many there are; prod: that times the product of "
        "the others; amax, amin: that, shared evenly among ties",
    .notes = "products are exact through zeros, to every order; x has no gradient where its numbers do not "
             "count; integer means are rounded down",
    .fields = scatter_reduce_fields,
    .args_size = sizeof(fx_scatter_reduce_args),
    .defaults = &(const fx_scatter_reduce_args){ .include_self = true },
    .call = scatter_reduce_call,
    .samples =
        "x=(4) dim=0 index=(3)i64{1,1,-1} source=(3) reduce=sum\n"
        "x=(4) dim=0 index=(3)i64{1,1,-1} source=(3) reduce=sum include_self=false\n"
        "x=(4) dim=0 index=(5)i64{1,1,-1,1,0} source=(5) reduce=mean\n"
        "x=(4) dim=0 index=(5)i64{1,1,-1,1,0} source=(5) reduce=mean include_self=false\n"
        "x=(4) dim=0 index=(7)i64{1,1,-1,1,0,1,1} source=(7)@nonzero reduce=prod\n"
        "x=(4) dim=0 index=(7)i64{1,1,-1,1,0,1,1} source=(7)@nonzero reduce=prod include_self=false\n"
        "x=(3){2,0,3} dim=0 index=(7)i64{0,0,1,1,2,2,2} source=(7){0,3,2,5,0,4,0} reduce=prod\n"
        "x=(3){2,0,3} dim=0 index=(6)i64{0,0,1,1,1,0} source=(6){0,3,2,5,0,4} reduce=prod "
        "include_self=false\n"
        "x=(4) dim=0 index=(5)i64{1,1,-1,1,0} source=(5) reduce=amax\n"
        "x=(4) dim=0 index=(5)i64{1,1,-1,1,0} source=(5) reduce=amin include_self=false\n"
        "x=(3){1,2,3} dim=0 index=(5)i64{0,0,0,1,1} source=(5){1,1,0,4,4} reduce=amax\n"
        "x=(3){1,2,3} dim=0 index=(5)i64{0,0,0,1,1} source=(5){1,1,7,4,4} reduce=amin include_self=false\n"
        "x=(3){1,nan,3} dim=0 index=(4)i64{0,0,1,2} source=(4){nan,1,0,4} reduce=amax\n"
        "x=(3,4) dim=0 index=(2,3)i64{0,1,2,0,1,0} source=(2,3) reduce=prod\n"
        "x=(3,4) dim=1 index=(2,2)i64{0,3,1,1} source=(3,4) reduce=mean\n"
        "x=(2,3,2) dim=-2 index=(2,2,1)i64{2,2,0,1} source=(2,2,1) reduce=amax\n"
        "x=() dim=0 index=()i64{0} source=() reduce=prod\nx=() dim=0 index=(2)i64{0,0} source=(2) "
        "reduce=mean\n"
        "x=(3) dim=0 index=(0)i64 source=(0) reduce=prod\nx=(3) dim=0 index=(0)i64 source=(0) reduce=amax\n"
        "x=(0,2) dim=0 index=(0,2)i64 source=(0,2) reduce=mean\n"
        "x=(3)i64 dim=0 index=(4)i64{1,1,1,0} source=(4)i64 reduce=mean\n"
        "x=(3)i32 dim=0 index=(4)i64{1,1,1,0} source=(4)i32 reduce=prod\n"
        "x=(3)u8 dim=0 index=(4)i64{1,1,1,0} source=(4)u8 reduce=amin\n"
        "x=(3)bool dim=0 index=(4)i64{1,1,1,0} source=(4)bool reduce=amax include_self=false\n"
        "!x=(3) dim=0 index=(1)i64{3} source=(1) reduce=sum\n!x=(3) dim=0 index=(2)i64{0,0} source=(1) "
        "reduce=sum\n"
        "!x=(3,2) dim=0 index=(1,3)i64{0,0,0} source=(1,3) reduce=prod\n"
        "!x=(3)bool dim=0 index=(1)i64{0} source=(1)bool reduce=prod\n"
        "!x=(3) dim=1 index=(1)i64{0} source=(1) reduce=amax\n!x=(3) dim=0 index=~(1) source=(1) "
        "reduce=amax\n"
        "!x=(3)f32 dim=0 index=(1)i64{0} source=(1)f64 reduce=amax\n",
    .bench = "x=(1024,1024) dim=1 index=(1024,1024)i64@int:1024 source=(1024,1024) reduce=amax",
};

FX__CALL(index_reduce, fx_index_reduce_args)
static const fx_field index_reduce_fields[] = {
    FX__FIELD(fx_index_reduce_args, x, TENSOR),
    FX__FIELD(fx_index_reduce_args, dim, INT),
    FX__FIELD(fx_index_reduce_args, index, TENSOR),
    FX__FIELD(fx_index_reduce_args, source, TENSOR),
    FX__FIELD(fx_index_reduce_args, reduce, CHOICE, .choices = "sum|prod|mean|amax|amin"),
    FX__FIELD(fx_index_reduce_args, include_self, BOOL, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_index_reduce = {
    .name = "index_reduce",
    .torch = "index_reduce",
    .formula =
        "y = x, but rows that the index names: the product, mean, largest or least of source's rows that "
        "go there, and of x's with include_self",
    .gradient =
        "mean: g[..., index[i], ...] over how many there are; prod: that times the product of the others; "
        "amax, amin: that, shared evenly among ties",
    .notes = "products are exact through zeros, to every order; x has no gradient where its numbers do not "
             "count; integer means are rounded down",
    .fields = index_reduce_fields,
    .args_size = sizeof(fx_index_reduce_args),
    .defaults = &(const fx_index_reduce_args){ .include_self = true },
    .call = index_reduce_call,
    .samples =
        "x=(4) dim=0 index=(3)i64{1,1,-1} source=(3) reduce=mean\n"
        "x=(4) dim=0 index=(3)i64{1,1,-1} source=(3) reduce=prod include_self=false\n"
        "x=(3,4) dim=1 index=(5)i64{0,3,3,3,0} source=(3,5)@nonzero reduce=prod\n"
        "x=(3,4) dim=0 index=(2)i64{2,2} source=(2,4) reduce=mean include_self=false\n"
        "x=(2,3,2) dim=-2 index=(4)i64{0,1,2,1} source=(2,4,2) reduce=amax\n"
        "x=(2,3,2) dim=-2 index=(4)i32{0,1,2,1} source=(2,4,2) reduce=amin include_self=false\n"
        "x=(2,2){0,1,2,0} dim=0 index=(3)i64{0,1,1} source=(3,2){0,2,0,0,3,4} reduce=prod\n"
        "x=() dim=0 index=(1)i64{0} source=() reduce=prod\nx=() dim=0 index=()i64{0} source=(1) reduce=amax\n"
        "x=(3) dim=0 index=(0)i64 source=(0) reduce=mean\nx=(0,2) dim=1 index=(1)i64{1} source=(0,1) "
        "reduce=prod\n"
        "x=(3)i64 dim=0 index=(3)i64{1,1,1} source=(3)i64 reduce=mean\n"
        "!x=(3) dim=0 index=(1)i64{3} source=(1) reduce=mean\n!x=(3) dim=0 index=(1)i64{0} source=(2) "
        "reduce=mean\n"
        "!x=(3) dim=0 index=(1)i64{0} source=(1) reduce=sum\n!x=(3)bool dim=0 index=(1)i64{0} source=(1)bool "
        "reduce=prod\n"
        "!x=(3) dim=1 index=(1)i64{0} source=(1) reduce=amax\n!x=(3,2) dim=0 index=(1)i64{0} source=(1,3) "
        "reduce=amax\n"
        "!x=(3)f32 dim=0 index=(1)i64{0} source=(1)f64 reduce=amin\n",
    .bench = "x=(1024,1024) dim=0 index=(1024)i64@int:1024 source=(1024,1024) reduce=amax",
};
