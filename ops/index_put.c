/* Several index tensors at once: y = x[i0, i1, ...], and x with other numbers there.
 *
 * The indices, broadcast, are joined to one that counts the first dimensions of x row-major, as many as they
 * stand for; then it is rows that are taken, put and added. A mask stands for as many dimensions as it has.
 */
#include "collect.h"

/* The index that names the places of others' numbers: of theirs that hold, for each dimension of a mask. */
typedef struct joined {
    fx_tensor *index; /* in one dimension */
    fx__sizes shape;  /* of the indices, broadcast */
    int dims;         /* of x, that they stand for */
} joined;

static bool too_many(const fx_tensor *x, int dims, const char *op, fx_where where)
{
    if (dims <= x->ndim) return false;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: indices of %d dimensions are too many for %s", op, dims,
                 fx__shape_text(x));
    return true;
}

/* A mask's indices, one for each dimension, into list; how many, -1 after an error. */
static int spread_mask(const fx_tensor *x, fx_tensor *mask, int from, fx_tensor **list, const char *op,
                       fx_where where)
{
    if (too_many(x, from + mask->ndim, op, where)) return -1;
    for (int d = 0; d < mask->ndim; d++)
        if (mask->size[d] != x->size[from + d]) {
            fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: a mask of %s does not fit %s from dim %d on", op,
                         fx__shape_text(mask), fx__shape_text(x), from);
            return -1;
        }
    fx_tensor *places = fx_nonzero_at(mask, where);
    for (int d = 0; places && d < mask->ndim; d++)
        if (!(list[d] = fx__select(places, 1, d, where))) return -1;
    return places ? mask->ndim : -1;
}

/* index + size where it is negative, checked: index_select's own words for one that is out of range. */
static bool add_index(const fx_tensor *index, int64_t size, int64_t *sum, const char *op, fx_where where)
{
    for (int64_t i = 0; i < index->numel; i++) {
        const int64_t at = ((const int64_t *)(const void *)index->data)[i];
        if (at < -size || at >= size) {
            fx_error_set(index->cx, FX_ERROR_INDEX, where,
                         "%s: index %lld, at %lld of %s, is out of range for size %lld", op, (long long)at,
                         (long long)i, fx__shape_text(index), (long long)size);
            return false;
        }
        sum[i] = sum[i] * size + fx__wrapped(at, size);
    }
    return true;
}

static bool join_indices(const fx_tensor *x, fx_list indices, joined *j, const char *op, fx_where where)
{
    fx_tensor *list[FX_MAX_DIMS];
    *j = (joined){ 0 };
    for (int k = 0; k < indices.count; k++) {
        fx_tensor *index = indices.at[k];
        if (!index) return false;
        if (fx_dtype_is_float((fx_dtype)index->dtype)) {
            fx_error_set(x->cx, FX_ERROR_DTYPE, where, "%s: an index is int64, int32, uint8 or bool, not %s",
                         op, fx_dtype_name((fx_dtype)index->dtype));
            return false;
        }
        int more = index->dtype == FX_BOOL ? spread_mask(x, index, j->dims, list + j->dims, op, where) : 1;
        if (more < 0 || too_many(x, j->dims + more, op, where)) return false;
        if (index->dtype != FX_BOOL) list[j->dims] = index;
        j->dims += more;
    }
    if (!j->dims) {
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: wants an index", op);
        return false;
    }
    if (!fx__broadcast_sizes((fx_list){ j->dims, list }, &j->shape, op, where)) return false;
    int64_t *sum, n = fx__product(j->shape.at, 0, j->shape.ndim);
    if (!(j->index = fx__new_index(x->cx, n, &sum, where))) return false;
    memset(sum, 0, sizeof *sum * (size_t)n);
    for (int d = 0; d < j->dims; d++) {
        fx_tensor *index = fx__space.cast(list[d], FX_I64, where);
        index = index ? fx__contiguous_of(fx__expand(index, j->shape.ndim, j->shape.at, where)) : NULL;
        if (!index || !add_index(index, x->size[d], sum, op, where)) return false;
    }
    return true;
}

/* x with the dimensions that the indices stand for as one. */
static fx_tensor *folded(fx_tensor *x, int dims, fx_where where)
{
    int64_t size[FX_MAX_DIMS + 1] = { fx__product(x->size, 0, dims) };
    for (int d = dims; d < x->ndim; d++) size[1 + d - dims] = x->size[d];
    return fx__reshape(x, 1 + x->ndim - dims, size, where);
}

/* The sizes of x[...]. False after an error. */
static bool picked_sizes(const fx_tensor *x, const joined *j, fx__sizes *y, const char *op, fx_where where)
{
    *y = j->shape;
    if (y->ndim + x->ndim - j->dims > FX_MAX_DIMS) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: the result has more than %d dimensions", op,
                     FX_MAX_DIMS);
        return false;
    }
    for (int d = j->dims; d < x->ndim; d++) y->at[y->ndim++] = x->size[d];
    return true;
}

fx_tensor *fx_index_at(fx_tensor *x, fx_list indices, fx_where where)
{
    joined j;
    fx__sizes y;
    if (!x || !join_indices(x, indices, &j, "index", where) || !picked_sizes(x, &j, &y, "index", where))
        return NULL;
    fx_tensor *rows = fx__rows(folded(x, j.dims, where), j.index, 0, FX__ROWS_ALL, 0, where);
    return rows ? fx__reshape(rows, y.ndim, y.at, where) : NULL;
}

fx_tensor *fx_index_put_at(fx_index_put_args args, fx_where where)
{
    fx_tensor *x = args.x, *values = args.values;
    joined j;
    fx__sizes y, both;
    if (!x || !values || !join_indices(x, args.indices, &j, "index_put", where) ||
        !picked_sizes(x, &j, &y, "index_put", where))
        return NULL;
    if (values->dtype != x->dtype)
        return FX__REFUSE(x, ERROR_DTYPE, where, "index_put: the values are %s, not %s",
                          fx_dtype_name((fx_dtype)values->dtype), fx_dtype_name((fx_dtype)x->dtype));
    if (args.accumulate && x->dtype == FX_BOOL)
        return FX__REFUSE(x, ERROR_DTYPE, where, "index_put: bool has no sums");
    bool good = values->ndim <= y.ndim;
    for (int d = 0; good && d < values->ndim; d++)
        good = values->size[d] == 1 || values->size[d] == y.at[d + y.ndim - values->ndim];
    if (!good)
        return FX__REFUSE(x, ERROR_SHAPE, where, "index_put: values of %s do not broadcast to %s",
                          fx__shape_text(values), fx__dims_text(x->cx, y.ndim, y.at));
    values = fx__expand(values, y.ndim, y.at, where);
    fx_tensor *whole = folded(x, j.dims, where);
    if (!values || !whole) return NULL;
    both = fx__sizes_of(whole);
    both.at[0] = j.index->numel;
    values = fx__reshape(values, both.ndim, both.at, where);
    fx_tensor *put = (args.accumulate ? fx__plus_rows : fx__put_rows)(whole, j.index, values, 0, where);
    return put ? fx__reshape_like(put, x, where) : NULL;
}

fx_tensor *fx_index_put_in_place_at(fx_index_put_args args, fx_where where)
{
    return fx__assign(args.x, fx_index_put_at(args, where), "index_put_", where);
}

/* ---- records ---- */

typedef struct index_args {
    fx_tensor *x;
    fx_list indices;
} index_args;
FX__PLAIN(index, index_args, a->x, a->indices)
static const fx_field index_fields[] = { FX__FIELD(index_args, x, TENSOR),
                                         FX__FIELD(index_args, indices, TENSORS), FX__FIELDS_END };
const fx_function fx__function_index = {
    .name = "index",
    .formula = "y[a...] = x[i0[a...], i1[a...], ..., rest]",
    .gradient = "zeros with g added where it came from",
    .notes = "a mask stands for as many dimensions as it has: the places that hold",
    .fields = index_fields,
    .args_size = sizeof(index_args),
    .call = index_call,
    .samples = "x=(5) indices={(3)i64{4,0,4}}\nx=(3,4) indices={(2)i64{0,2} (2)i64{-1,3}}\n"
               "x=(3,4) indices={(2,1)i64{0,2} (3)i32{-1,3,0}}\nx=(3,4,2) indices={()i64{1} (2)i64{0,0}}\n"
               "x=(3,4) indices={(3)bool{1,0,1}}\nx=(2,2,3) indices={(2,2)bool{1,0,0,1}}\n"
               "x=(2,2,3) indices={(2)bool{1,1} (2)i64{1,0}}\nx=(3) indices={(0)i64}\nx=(0,2) "
               "indices={(0)i64 (0)i64}\n"
               "!x=(3) indices={(1)i64{3}}\n!x=(3) indices={(1)i64{0} (1)i64{0}}\n!x=(3) indices={(2)bool}\n"
               "!x=(3,3) indices={(2)i64{0,0} (3)i64{0,0,0}}\n!x=(3) indices={~(1)}\n",
    .bench = "x=(1000,1000) indices={(1000,1000)i64@int:1000 (1000)i64@int:1000}",
};

FX__CALL(index_put, fx_index_put_args)
static const fx_field index_put_fields[] = { FX__FIELD(fx_index_put_args, x, TENSOR),
                                             FX__FIELD(fx_index_put_args, indices, TENSORS),
                                             FX__FIELD(fx_index_put_args, values, TENSOR),
                                             FX__FIELD(fx_index_put_args, accumulate, BOOL, .optional = true),
                                             FX__FIELDS_END };
const fx_function fx__function_index_put = {
    .name = "index_put",
    .torch = "index_put",
    .formula = "y = x; y[i0[a...], i1[a...], ..., rest] = values[a..., rest], or += it, row-major",
    .gradient = "in x g, with zeros where numbers were replaced; in values g there, of those that won",
    .notes = "indices broadcast, values broadcast to what they name; the last of those put to one place wins",
    .fields = index_put_fields,
    .args_size = sizeof(fx_index_put_args),
    .call = index_put_call,
    .samples = "x=(5) indices={(3)i64{4,0,1}} values=(3)\nx=(5) indices={(3)i64{4,0,4}} values=(3)\n"
               "x=(5) indices={(3)i64{4,0,4}} values=(3) accumulate=true\nx=(3,4) indices={(2)i64{0,2} "
               "(2)i64{-1,3}} values=()\n"
               "x=(3,4) indices={(2,1)i64{0,2} (3)i64{-1,3,0}} values=(2,3)\nx=(3,4) indices={(2,1)i64{0,2} "
               "(3)i32{-1,3,3}} "
               "values=(3) accumulate=true\n"
               "x=(3,4,2) indices={()i64{1} (2)i64{0,0}} values=(2,2) accumulate=true\nx=(3,4) "
               "indices={(3)bool{1,0,1}} "
               "values=(4)\n"
               "x=(2,2,3) indices={(2,2)bool{1,0,0,1}} values=(2,3)\nx=(2,2,3) indices={(2)bool{1,1} "
               "(2)i64{1,0}} values=(1,3) "
               "accumulate=true\n"
               "x=(3) indices={(0)i64} values=(0)\nx=(0,2) indices={(0)i64 (0)i64} values=()\n"
               "x=(3)i64 indices={(2)i64{1,1}} values=(2)i64 accumulate=true\nx=(3)bool "
               "indices={(2)i64{1,0}} values=(2)bool\n"
               "!x=(3) indices={(1)i64{3}} values=()\n!x=(3) indices={(1)i64{0} (1)i64{0}} values=()\n"
               "!x=(3) indices={(2)bool} values=()\n!x=(3) indices={(2)i64{0,1}} values=(3)\n!x=(3) "
               "indices={~(1)} values=()\n"
               "!x=(3)f32 indices={(1)i64{0}} values=()f64\n!x=(3)bool indices={(1)i64{0}} values=()bool "
               "accumulate=true\n",
    .bench = "x=(1000,1000) indices={(1000,1000)i64@int:1000 (1000)i64@int:1000} values=(1000,1000) "
             "accumulate=true",
};
