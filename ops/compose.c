/* Arrangements of numbers that are rows by an index, views and joins: each a function of those ops.
 */
#include "indexing.h"
#include "terms.h"

static fx_tensor *index_of(const fx_tensor *x, int64_t count, int64_t **at, fx_where where)
{
    fx_tensor *index = fx__new(x->cx, FX_I64, 1, &count, where);
    if (index) *at = (int64_t *)(void *)index->data;
    return index;
}

fx_tensor *fx_as_strided_at(fx_tensor *x, fx_dims sizes, fx_dims strides, int64_t offset, fx_where where)
{
    if (!x) return NULL;
    int64_t low = offset, high = offset, count = 1, reach, *at;
    bool good = sizes.count == strides.count;
    for (int d = 0; good && d < sizes.count; d++) {
        int64_t *end = strides.at[d] < 0 ? &low : &high;
        good = sizes.at[d] >= 0 && !__builtin_mul_overflow(count, sizes.at[d], &count) &&
               !__builtin_mul_overflow(sizes.at[d] - 1, strides.at[d], &reach) &&
               !__builtin_add_overflow(*end, reach, end);
    }
    if (!good || (count && (low < 0 || high >= x->numel)))
        return FX__REFUSE(
            x, ERROR_INDEX, where, "as_strided: there are no numbers at %s by %s from %lld on in %s",
            fx__dims_text(x->cx, sizes.count, sizes.at), fx__dims_text(x->cx, strides.count, strides.at),
            (long long)offset, fx__shape_text(x));
    fx_tensor *index = index_of(x, count, &at, where);
    for (int64_t i = 0; index && i < count; i++) {
        at[i] = offset;
        for (int64_t d = sizes.count, rest = i; d-- > 0; rest /= sizes.at[d])
            at[i] += rest % sizes.at[d] * strides.at[d];
    }
    fx_tensor *y = fx__rows(fx_ravel_at(x, where), index, 0, FX__ROWS_ALL, 0, where);
    return y ? fx__reshape(y, sizes.count, sizes.at, where) : NULL;
}

fx_tensor *fx_block_diag_at(fx_list list, fx_where where)
{
    int64_t columns = 0, left = 0;
    fx_tensor *row[64];
    if (!list.count || !list.at[0]) return NULL;
    for (int i = 0; i < list.count; i++) {
        const fx_tensor *x = list.at[i];
        if (!x) return NULL;
        if (x->ndim > 2 || list.count > 64)
            return FX__REFUSE(x, ERROR_SHAPE, where, "block_diag: takes at most 64 matrices, not %d with %s",
                              list.count, fx__shape_text(x));
        columns += x->ndim ? x->size[x->ndim - 1] : 1;
    }
    for (int i = 0; i < list.count; i++) {
        fx_tensor *x = FN(atleast_2d, list.at[i]);
        if (!x) return NULL;
        const int64_t width = x->size[1];
        row[i] = fx_pad_at((fx_pad_args){ .x = x, .pad = FX_DIMS(left, columns - left - width) }, where);
        left += width;
    }
    return fx_cat_at((fx_list){ list.count, row }, 0, where);
}

fx_tensor *fx_cartesian_prod_at(fx_list list, fx_where where)
{
    fx_tensor *wide[FX_MAX_DIMS];
    if (!list.count || !list.at[0]) return NULL;
    for (int i = 0; i < list.count; i++) {
        if (!list.at[i]) return NULL;
        if (list.count > FX_MAX_DIMS || list.at[i]->ndim != 1)
            return FX__REFUSE(list.at[i], ERROR_SHAPE, where,
                              "cartesian_prod: takes at most 8 vectors, not %d with %s", list.count,
                              fx__shape_text(list.at[i]));
    }
    if (list.count == 1) return list.at[0];
    if (!fx_meshgrid_at(wide, (fx_meshgrid_args){ .tensors = list }, where)) return NULL;
    for (int i = 0; i < list.count; i++) wide[i] = fx_ravel_at(wide[i], where);
    return fx_stack_at((fx_list){ list.count, wide }, 1, where);
}

fx_tensor *fx_combinations_at(fx_combinations_args a, fx_where where)
{
    enum { MOST = 64 };
    fx_tensor *x = a.x;
    if (!x) return NULL;
    if (x->ndim != 1 || a.r < 0 || a.r > MOST)
        return FX__REFUSE(x, ERROR_SHAPE, where, "combinations: of %lld numbers of %s", (long long)a.r,
                          fx__shape_text(x));
    const int64_t n = x->numel, r = a.r, once = !a.with_replacement;
    /* the number of choices of r among n, or among n + r - 1 */
    const int64_t from = once ? n : n + r - 1;
    int64_t rows = r == 0 || from < r ? 0 : 1, *at;
    for (int64_t k = 1; rows && k <= r; k++)
        if (__builtin_mul_overflow(rows, from - r + k, &rows))
            return FX__REFUSE(x, ERROR_SHAPE, where, "combinations: too many");
        else
            rows /= k;
    fx_tensor *index = index_of(x, rows * r, &at, where);
    if (!index) return NULL;
    int64_t chosen[MOST];
    for (int64_t k = 0; k < r; k++) chosen[k] = once ? k : 0;
    for (int64_t i = 0; i < rows; i++) {
        memcpy(at + i * r, chosen, sizeof *at * (size_t)r);
        int64_t k = r - 1;
        while (k > 0 && chosen[k] == (once ? n - r + k : n - 1)) k--;
        chosen[k]++;
        for (int64_t j = k + 1; j < r; j++) chosen[j] = chosen[j - 1] + once;
    }
    fx_tensor *y = fx__rows(x, index, 0, FX__ROWS_ALL, 0, where);
    return y ? fx__reshape(y, 2, (const int64_t[]){ rows, r }, where) : NULL;
}

fx_tensor *fx_diagflat_at(fx_diagflat_args a, fx_where where)
{
    return fx_diag_embed_at(
        (fx_diagonal_args){ .x = fx_ravel_at(a.x, where), .offset = a.offset, .dim1 = -2, .dim2 = -1 },
        where);
}

/* ---- a part replaced ---- */

static bool fits_part(const fx_tensor *x, const fx_tensor *source, const fx_tensor *part, const char *name,
                      fx_where where)
{
    if (!part) return false;
    if (fx__same_sizes(part, source) && source->dtype == x->dtype) return true;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: a source of %s %s does not fit a part of %s of %s %s",
                 name, fx_dtype_name((fx_dtype)source->dtype), fx__shape_text(source), fx__shape_text(part),
                 fx_dtype_name((fx_dtype)x->dtype), fx__shape_text(x));
    return false;
}

fx_tensor *fx_select_scatter_at(fx_tensor *x, fx_tensor *source, int64_t dim, int64_t index, fx_where where)
{
    const int d = x && source ? fx__dim_in(x, x->ndim, dim, "select_scatter", where) : -1;
    if (d < 0) return NULL;
    const int64_t at = index < 0 ? index + x->size[d] : index;
    if (at < 0 || at >= x->size[d])
        return FX__REFUSE(x, ERROR_INDEX, where, "select_scatter: there is no %lld along dim %d of %s",
                          (long long)index, d, fx__shape_text(x));
    if (!fits_part(x, source, fx__select(fx_detach_at(x, where), d, at, where), "select_scatter", where))
        return NULL;
    fx_tensor *parts[3] = { fx__slice(x, d, 0, at, 1, where), fx__unsqueeze(source, d, where),
                            fx__slice(x, d, at + 1, x->size[d] - at - 1, 1, where) };
    return fx_cat_at((fx_list){ 3, parts }, d, where);
}

fx_tensor *fx_slice_scatter_at(fx_slice_scatter_args a, fx_where where)
{
    fx_tensor *x = a.x;
    const int d = x && a.source ? fx__dim_in(x, x->ndim, a.dim, "slice_scatter", where) : -1;
    if (d < 0) return NULL;
    fx_tensor *numbers = fx_arange_at(x->cx, x->size[d], where);
    fx_tensor *places =
        fx_slice_at((fx_slice_args){ .x = numbers, .start = a.start, .stop = a.stop, .step = a.step }, where);
    if (!places) return NULL;
    fx__sizes part = fx__sizes_of(x);
    part.at[d] = places->numel;
    if (a.source->ndim != x->ndim || memcmp(part.at, a.source->size, sizeof(int64_t) * (size_t)part.ndim) ||
        a.source->dtype != x->dtype)
        return FX__REFUSE(
            x, ERROR_SHAPE, where, "slice_scatter: a source of %s does not fit a part of %s of %s",
            fx__shape_text(a.source), fx__dims_text(x->cx, part.ndim, part.at), fx__shape_text(x));
    return fx__put_rows(x, places, a.source, d, where);
}

fx_tensor *fx_diagonal_scatter_at(fx_diagonal_scatter_args a, fx_where where)
{
    fx_tensor *x = a.x;
    if (!x || !a.source) return NULL;
    if (x->ndim < 2)
        return FX__REFUSE(x, ERROR_SHAPE, where, "diagonal_scatter: %s has no diagonal", fx__shape_text(x));
    fx_tensor *places = fx_arange_at(x->cx, x->numel, where);
    places = places ? fx__reshape(places, x->ndim, x->size, where) : NULL;
    places = fx_diagonal_at((fx_diagonal_args){ places, a.offset, a.dim1, a.dim2 }, where);
    if (!fits_part(x, a.source, places, "diagonal_scatter", where)) return NULL;
    fx_tensor *y = fx__put_rows(fx_ravel_at(x, where), fx_ravel_at(places, where),
                                fx_ravel_at(a.source, where), 0, where);
    return y ? fx__reshape_like(y, x, where) : NULL;
}

/* ---- records ---- */

#define RECORD(function, torch_, words, gradient_, note, structure, defaults_, lines, timed)                 \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = torch_,                                           \
                                                  .formula = words,                                          \
                                                  .gradient = gradient_,                                     \
                                                  .notes = note,                                             \
                                                  .fields = function##_fields,                               \
                                                  .args_size = sizeof(structure),                            \
                                                  .defaults = defaults_,                                     \
                                                  .call = function##_call,                                   \
                                                  .samples = lines,                                          \
                                                  .bench = timed };
#define F(structure, field, kind) FX__FIELD(structure, field, kind)
#define OPTION(structure, field, kind) FX__FIELD(structure, field, kind, .optional = true)

typedef struct as_strided_args {
    fx_tensor *x;
    fx_dims size, stride;
    int64_t storage_offset;
} as_strided_args;
FX__PLAIN(as_strided, as_strided_args, a->x, a->size, a->stride, a->storage_offset)
static const fx_field as_strided_fields[] = { F(as_strided_args, x, TENSOR), F(as_strided_args, size, DIMS),
                                              F(as_strided_args, stride, DIMS),
                                              OPTION(as_strided_args, storage_offset, INT), FX__FIELDS_END };
RECORD(
    as_strided, "as_strided", "y[i, j ...] = x, row-major, at offset + i stride_0 + j stride_1 ...",
    "zeros with g added where it came from", "a copy; strides count x's numbers row-major, however they lie",
    as_strided_args, NULL,
    "x=(3,3) size=[2,2] stride=[1,2]\nx=(3,3) size=[2,2] stride=[1,2] storage_offset=1\nx=(8) size=[2,2,2] "
    "stride=[1,1,1]\nx=() size=[1] stride=[1]\nx=(4) size=[0,3] stride=[1,1]\nx=(0) size=[0] "
    "stride=[1]\nx=(4)i64 size=[2] stride=[-1] "
    "storage_offset=3\n! x=(3) size=[2] stride=[3]\n! x=(3) size=[2] stride=[1,1]\n",
    NULL)

typedef struct list_args {
    fx_list tensors;
} list_args;
FX__PLAIN(block_diag, list_args, a->tensors)
static const fx_field block_diag_fields[] = { F(list_args, tensors, TENSORS), FX__FIELDS_END };
RECORD(
    block_diag, "block_diag", "zeros with the matrices along a diagonal", "each its block of g",
    "a vector is a row, a number a matrix of one", list_args, NULL,
    "tensors={(2,3) (1,2)}\ntensors={() (3)}\ntensors={(2,2)}\ntensors={(0,2) (2,1)}\n! tensors={(2,2,2)}\n",
    NULL)
FX__PLAIN(cartesian_prod, list_args, a->tensors)
#define cartesian_prod_fields block_diag_fields
RECORD(cartesian_prod, "cartesian_prod", "all combinations of a number of each vector, a row each",
       "the sums of g over the rows where a number stands", "one vector is itself", list_args, NULL,
       "tensors={(2) (3)}\ntensors={(2) (1) (2)}\ntensors={(3)}\ntensors={(0) (2)}\n! tensors={() (2)}\n",
       NULL)

FX__CALL(combinations, fx_combinations_args)
static const fx_field combinations_fields[] = { FX__FIELD(fx_combinations_args, x, TENSOR, .torch = "input"),
                                                OPTION(fx_combinations_args, r, INT),
                                                OPTION(fx_combinations_args, with_replacement, BOOL),
                                                FX__FIELDS_END };
RECORD(combinations, "combinations",
       "the combinations of r numbers of x in the order of their places, a row each",
       "the sums of g where a number stands", NULL, fx_combinations_args,
       (&(const fx_combinations_args){ .r = 2 }),
       "x=(4)\nx=(4) r=3\nx=(3) r=2 with_replacement=true\nx=(2) r=4 with_replacement=true\nx=(2) r=3\nx=(3) "
       "r=1\nx=(0)\n"
       "! x=()\n! x=(2,2)\n! x=(2) r=-1\n",
       "x=(1000)")

FX__CALL(diagflat, fx_diagflat_args)
static const fx_field diagflat_fields[] = { FX__FIELD(fx_diagflat_args, x, TENSOR, .torch = "input"),
                                            OPTION(fx_diagflat_args, offset, INT), FX__FIELDS_END };
RECORD(diagflat, "diagflat", "zeros with the numbers of x, row-major, on a diagonal", "that diagonal of g",
       NULL, fx_diagflat_args, NULL, "x=(3)\nx=(2,2) offset=1\nx=(2) offset=-2\nx=()\nx=(0)\n", "x=(1000)")

typedef struct select_scatter_args {
    fx_tensor *x, *source;
    int64_t dim, index;
} select_scatter_args;
FX__PLAIN(select_scatter, select_scatter_args, a->x, a->source, a->dim, a->index)
static const fx_field select_scatter_fields[] = {
    F(select_scatter_args, x, TENSOR), FX__FIELD(select_scatter_args, source, TENSOR, .torch = "src"),
    F(select_scatter_args, dim, INT), F(select_scatter_args, index, INT), FX__FIELDS_END
};
RECORD(select_scatter, "select_scatter", "x with x[..., index, ...] replaced by source",
       "in x g with zeros there; in source what is there", NULL, select_scatter_args, NULL,
       "x=(3) source=() dim=0 index=1\nx=(3,4) source=(3) dim=1 index=-1\nx=(2,3,2) source=(2,2) dim=-2 "
       "index=0\nx=(0,3) "
       "source=(0) dim=1 index=2\n! x=(3) source=() dim=0 index=3\n! x=(3,4) source=(4) dim=1 index=0\n! "
       "x=() source=() "
       "dim=0 index=0\n",
       "x=(1000,1000) source=(1000) dim=0 index=5")

FX__CALL(slice_scatter, fx_slice_scatter_args)
static const fx_field slice_scatter_fields[] = {
    FX__FIELD(fx_slice_scatter_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_slice_scatter_args, source, TENSOR, .torch = "src"),
    OPTION(fx_slice_scatter_args, dim, INT),
    OPTION(fx_slice_scatter_args, start, INT),
    FX__FIELD(fx_slice_scatter_args, stop, INT, .torch = "end", .optional = true),
    OPTION(fx_slice_scatter_args, step, INT),
    FX__FIELDS_END
};
RECORD(slice_scatter, "slice_scatter", "x with x[..., start : stop : step, ...] replaced by source",
       "in x g with zeros there; in source what is there", NULL, fx_slice_scatter_args,
       (&(const fx_slice_scatter_args){ .stop = INT64_MAX, .step = 1 }),
       "x=(5) source=(2) start=1 stop=3\nx=(3,5) source=(3,3) dim=1 step=2\nx=(3,4) source=(2,4) "
       "start=-2\nx=(0,3) "
       "source=(0,1) dim=1 stop=1\n! x=(3) source=(2) start=2\n! x=() source=()\n",
       "x=(1000,1000) source=(500,1000) step=2")

FX__CALL(diagonal_scatter, fx_diagonal_scatter_args)
static const fx_field diagonal_scatter_fields[] = {
    FX__FIELD(fx_diagonal_scatter_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_diagonal_scatter_args, source, TENSOR, .torch = "src"),
    OPTION(fx_diagonal_scatter_args, offset, INT),
    OPTION(fx_diagonal_scatter_args, dim1, INT),
    OPTION(fx_diagonal_scatter_args, dim2, INT),
    FX__FIELDS_END
};
RECORD(diagonal_scatter, "diagonal_scatter", "x with a diagonal of dim1 and dim2 replaced by source",
       "in x g with zeros there; in source what is there", NULL, fx_diagonal_scatter_args,
       (&(const fx_diagonal_scatter_args){ .dim2 = 1 }),
       "x=(3,3) source=(3)\nx=(3,4) source=(2) offset=2\nx=(4,2) source=(1) offset=-3\nx=(2,3,3) "
       "source=(2,2) offset=1 "
       "dim1=1 dim2=2\nx=(0,3) source=(0)\n! x=(3,3) source=(2)\n! x=() source=()\n",
       "x=(1000,1000) source=(1000)")
