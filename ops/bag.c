/* embedding_bag: rows of a table, put together bag by bag. Which row goes to which bag follows from the
 * indices alone, so it is worked out first; what is left are ops on rows.
 */
#include "lanes.h"
#include "shape.h"

enum { SUM, MEAN, MAX };

/* The indices that count, bag after bag. */
typedef struct bags {
    int64_t count, kept;
    int64_t *row, *bag, *place; /* of each that is kept: its row, its bag, where it stood among the indices */
    int64_t *first;             /* count + 1: where a bag begins among the kept */
} bags;

static bool shapes_fit(const fx_embedding_bag_args *a, fx_where where)
{
    const fx_tensor *w = a->weight, *index = a->index, *offsets = a->offsets, *scale = a->per_sample_weights;
    static const char *const op = "embedding_bag";
    if (!w || !index || fx_error(w->cx) != FX_OK || !fx__is_floating(w, op, where)) return false;
    if (w->ndim != 2 || index->ndim < 1 || index->ndim > 2 || fx_dtype_is_float((fx_dtype)index->dtype))
        return FX__REFUSE(w, ERROR_SHAPE, where,
                          "%s: takes a weight (V, D) and indices (N) or (B, N), not %s and %s %s", op,
                          fx__shape_text(w), fx_dtype_name((fx_dtype)index->dtype),
                          fx__shape_text(index)) != NULL;
    if ((index->ndim == 1) != (offsets != NULL))
        return FX__REFUSE(w, ERROR_ARGUMENT, where,
                          "%s: offsets say where bags begin in indices of one dimension, and only "
                          "there",
                          op) != NULL;
    if (offsets && (offsets->ndim != 1 || fx_dtype_is_float((fx_dtype)offsets->dtype)))
        return FX__REFUSE(w, ERROR_SHAPE, where, "%s: offsets are integers (B), not %s", op,
                          fx__shape_text(offsets)) != NULL;
    if (a->mode < SUM || a->mode > MAX)
        return FX__REFUSE(w, ERROR_ARGUMENT, where, "%s: there is no such mode", op) != NULL;
    if (scale && (a->mode != SUM || !fx__same_sizes(scale, index)))
        return FX__REFUSE(w, ERROR_ARGUMENT, where,
                          "%s: per_sample_weights are one for each index, with mode sum", op) != NULL;
    return true;
}

static const int64_t *integers(fx_tensor *x, fx_where where)
{
    x = fx__as(x, FX_I64, where);
    x = x ? fx__contiguous_of(x) : NULL;
    return x ? (const int64_t *)(const void *)x->data : NULL;
}

/* Bags in memory of their own, which the caller frees (b->row). False after an error. */
static bool sort_out(const fx_embedding_bag_args *a, bags *b, fx_where where)
{
    const fx_tensor *w = a->weight, *index = a->index;
    const int64_t *row = integers(a->index, where), *offset = a->offsets ? integers(a->offsets, where) : NULL;
    const int64_t n = index->numel, rows = w->size[0],
                  listed = a->offsets ? a->offsets->numel : index->size[0];
    const int64_t padding = a->padding_idx == FX_NO_INDEX ? -1
                            : a->padding_idx < 0          ? a->padding_idx + rows
                                                          : a->padding_idx;
    if (!row || (a->offsets && !offset)) return false;
    b->count = a->offsets && a->include_last_offset ? listed - 1 : listed;
    if (b->count < 0)
        return FX__REFUSE(w, ERROR_ARGUMENT, where, "embedding_bag: offsets without a last one") != NULL;
    b->row = fx__scratch(w->cx, sizeof(int64_t) * (size_t)(3 * n + b->count + 2));
    if (!b->row) return false;
    b->bag = b->row + n, b->place = b->bag + n, b->first = b->place + n;
    b->kept = 0;
    for (int64_t k = 0; k < b->count; k++) {
        const int64_t length = index->ndim == 2 ? index->size[1] : 0;
        const int64_t from = offset ? offset[k] : k * length;
        const int64_t to = !offset ? from + length : k + 1 < listed ? offset[k + 1] : n;
        b->first[k] = b->kept;
        if (from < 0 || to < from || to > n)
            return FX__REFUSE(w, ERROR_INDEX, where,
                              "embedding_bag: bag %lld is from %lld to %lld of %lld indices", (long long)k,
                              (long long)from, (long long)to, (long long)n) != NULL;
        for (int64_t i = from; i < to; i++) {
            if (row[i] < 0 || row[i] >= rows)
                return FX__REFUSE(w, ERROR_INDEX, where,
                                  "embedding_bag: index %lld is out of range for a weight of %s",
                                  (long long)row[i], fx__shape_text(w)) != NULL;
            if (row[i] == padding) continue;
            b->row[b->kept] = row[i], b->bag[b->kept] = k, b->place[b->kept++] = i;
        }
    }
    b->first[b->count] = b->kept;
    return true;
}

/* Sums of each bag. */
static fx_tensor *summed(const fx_embedding_bag_args *a, const bags *b, fx_tensor *rows, fx_where where)
{
    fx_tensor *w = a->weight;
    if (a->per_sample_weights) {
        fx_tensor *place = fx_from_at(w->cx, FX_I64, b->place, FX_DIMS(b->kept), where);
        fx_tensor *scale = fx_take_at(fx__as(a->per_sample_weights, (fx_dtype)w->dtype, where), place, where);
        scale = scale ? fx__unsqueeze(scale, 1, where) : NULL;
        rows = fx_mul_at(fx_operand_tensor(rows), fx_operand_tensor(scale), where);
    }
    fx_tensor *zeros = fx_full_at(w->cx, (fx_dtype)w->dtype, 0, FX_DIMS(b->count, w->size[1]), where);
    fx_tensor *bag = fx_from_at(w->cx, FX_I64, b->bag, FX_DIMS(b->kept), where);
    return fx_index_add_at(
        (fx_index_add_args){ .x = zeros, .dim = 0, .index = bag, .source = rows, .alpha = 1 }, where);
}

static fx_tensor *averaged(const bags *b, fx_tensor *sums, fx_where where)
{
    fx_tensor *count = sums ? fx_empty_at(sums->cx, FX_F64, FX_DIMS(b->count, 1), where) : NULL;
    for (int64_t k = 0; count && k < b->count; k++) {
        const int64_t n = b->first[k + 1] - b->first[k];
        ((double *)(void *)count->data)[k] = n ? (double)n : 1;
    }
    count = count ? fx__as(count, (fx_dtype)sums->dtype, where) : NULL;
    return fx_div_at(fx_operand_tensor(sums), fx_operand_tensor(count), where);
}

/* The largest of each bag, for each column: gathered from the rows at places that are found first. */
static fx_tensor *largest(const fx_embedding_bag_args *a, const bags *b, fx_tensor *rows, fx_where where)
{
    fx_tensor *w = a->weight,
              *zeros = fx_full_at(w->cx, (fx_dtype)w->dtype, 0, FX_DIMS(1, w->size[1]), where);
    fx_tensor *at = fx_empty_at(w->cx, FX_I64, FX_DIMS(b->count, w->size[1]), where);
    /* one row more, of zeros, for bags that are empty */
    fx_tensor *all =
        zeros && rows ? fx__join((fx_list){ 2, (fx_tensor *[]){ rows, zeros } }, 0, false, where) : NULL;
    fx_tensor *flat = all ? fx__contiguous_of(all) : NULL;
    if (!at || !flat) return NULL;
    for (int64_t k = 0; k < b->count; k++)
        for (int64_t d = 0; d < w->size[1]; d++) {
            const int64_t width = w->size[1];
            int64_t most = b->first[k] < b->first[k + 1] ? b->first[k] : b->kept;
            for (int64_t i = b->first[k] + 1; i < b->first[k + 1]; i++) {
                const bool more = flat->dtype == FX_F64 ? ((double *)(void *)flat->data)[i * width + d] >
                                                              ((double *)(void *)flat->data)[most * width + d]
                                                        : ((float *)(void *)flat->data)[i * width + d] >
                                                              ((float *)(void *)flat->data)[most * width + d];
                if (more) most = i;
            }
            ((int64_t *)(void *)at->data)[k * width + d] = most;
        }
    return fx_gather_at(all, 0, at, where);
}

fx_tensor *fx_embedding_bag_at(fx_embedding_bag_args a, fx_where where)
{
    bags b = { 0 };
    fx_tensor *y = NULL;
    if (!shapes_fit(&a, where)) return NULL;
    if (sort_out(&a, &b, where)) {
        fx_tensor *row = fx_from_at(a.weight->cx, FX_I64, b.row, FX_DIMS(b.kept), where);
        fx_tensor *rows = fx_index_select_at(a.weight, 0, row, where);
        y = !rows ? NULL : a.mode == MAX ? largest(&a, &b, rows, where) : summed(&a, &b, rows, where);
        if (a.mode == MEAN) y = averaged(&b, y, where);
    }
    fx__scratch_free(a.weight->cx, b.row);
    return y;
}

/* ---- record ----------------------------------------------------------------------------------------------
 */

static const fx_field embedding_bag_fields[] = {
    FX__FIELD(fx_embedding_bag_args, weight, TENSOR),
    FX__FIELD(fx_embedding_bag_args, index, TENSOR, .torch = "input"),
    FX__FIELD(fx_embedding_bag_args, offsets, TENSOR, .optional = true),
    FX__FIELD(fx_embedding_bag_args, mode, CHOICE, .optional = true, .choices = "sum|mean|max"),
    FX__FIELD(fx_embedding_bag_args, per_sample_weights, TENSOR, .optional = true),
    FX__FIELD(fx_embedding_bag_args, include_last_offset, BOOL, .optional = true),
    FX__FIELD(fx_embedding_bag_args, padding_idx, INT, .optional = true),
    FX__FIELDS_END
};
static const fx_embedding_bag_args embedding_bag_defaults = { .mode = MEAN, .padding_idx = FX_NO_INDEX };

FX__CALL(embedding_bag, fx_embedding_bag_args)
const fx_function fx__function_embedding_bag = {
    .name = "embedding_bag",
    .torch = "nn.functional.embedding_bag",
    .formula = "y[b] = the sum, mean or maximum of weight[index[i]] over the indices i of bag b",
    .gradient =
        "g[b] is added to the rows of its bag, over their number for means; of maxima, to the first largest",
    .notes = "an empty bag gives zeros; indices that are padding_idx count nowhere",
    .fields = embedding_bag_fields,
    .args_size = sizeof(fx_embedding_bag_args),
    .defaults = &embedding_bag_defaults,
    .call = embedding_bag_call,
    .samples = "weight=(5,3) index=(2,4)i64@int:5\n"
               "weight=(5,3) index=(6)i64@int:5 offsets=(3)i64{0,2,2} mode=sum\n"
               "weight=(5,3) index=(6)i64@int:5 offsets=(3)i64{0,4,6} include_last_offset=true\n"
               "weight=(4,2) index=(6)i64{0,1,3,3,2,0} offsets=(3)i64{0,2,5} padding_idx=3\n"
               "weight=(4,2) index=(6)i64{0,1,3,3,2,0} offsets=(3)i64{0,2,2} mode=max\n"
               "weight=(4,2) index=(2,3)i64{3,3,3,1,0,3} mode=max padding_idx=-1\n"
               "weight=(5,3) index=(2,3)i64@int:5 per_sample_weights=(2,3) mode=sum\n"
               "weight=(5,3) index=(4)i64{4,1,2,2} offsets=(2)i64{0,1} per_sample_weights=(4) mode=sum "
               "padding_idx=2\n"
               "weight=(5,3) index=(0)i64 offsets=(2)i64{0,0} mode=sum\n"
               "! weight=() index=(2)i64 offsets=(1)i64{0}\n"
               "! weight=(5,3) index=(2)i64@int:5\n"
               "! weight=(5,3) index=(2,2)i64@int:5 offsets=(1)i64{0}\n"
               "! weight=(5,3) index=(2)i64{0,5} offsets=(1)i64{0}\n"
               "! weight=(5,3) index=(2)i64{0,1} offsets=(2)i64{0,3}\n"
               "! weight=(5,3) index=(2,2)i64@int:5 per_sample_weights=(2,2) mode=mean\n"
               "! weight=(5,3) index=(2,2)\n",
    .bench = "weight=(10000,64) index=(1024,16)i64@int:10000\n"
};
