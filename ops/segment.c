/* Segments of a tensor along an axis, reduced: by their lengths, or by where they begin and end.
 *
 * The segments become the numbers that lie in one (all of them, mostly) and the place in the result that each
 * goes to; collect.c reduces them into a tensor of initial values.
 */
#include "collect.h"

#include <math.h>

/* Dimensions before the axis, the axis, and those after it; segments of each of the first. */
typedef struct segments {
    int64_t outer, size, inner, count;
    const int64_t *at; /* lengths, or offsets */
    bool offsets;
} segments;

static int64_t begin_of(const segments *s, int64_t o, int64_t k)
{
    if (s->offsets) return s->at[o * (s->count + 1) + k];
    int64_t begin = 0;
    for (int64_t i = 0; i < k; i++) begin += s->at[o * s->count + i];
    return begin;
}
static int64_t end_of(const segments *s, int64_t o, int64_t k, int64_t begin)
{
    return s->offsets ? s->at[o * (s->count + 1) + k + 1] : begin + s->at[o * s->count + k];
}

/* What makes segments that are none, or lie outside of the axis; and, of lengths that must make up the axis
 * (`whole`), do not. */
static bool check_segments(const fx_tensor *x, const segments *s, bool whole, fx_where where)
{
    for (int64_t o = 0; o < s->outer; o++) {
        int64_t begin = s->offsets && s->count >= 0 ? begin_of(s, o, 0) : 0, end = begin;
        for (int64_t k = 0; k < s->count; k++, begin = end) {
            end = end_of(s, o, k, begin);
            if (begin >= 0 && begin <= end && end <= s->size) continue;
            return FX__REFUSE(x, ERROR_ARGUMENT, where,
                              "segment_reduce: segment %lld would be numbers %lld .. %lld of an axis of %lld",
                              (long long)k, (long long)begin, (long long)end - 1, (long long)s->size);
        }
        if (whole && !s->offsets && end != s->size)
            return FX__REFUSE(
                x, ERROR_ARGUMENT, where,
                "segment_reduce: the lengths come to %lld, the axis has %lld (unsafe allows it)",
                (long long)end, (long long)s->size);
    }
    return true;
}

/* Which numbers lie in a segment, and the place of each; NULL for both: count them. */
static int64_t list_segments(const segments *s, int64_t *from, int64_t *place)
{
    int64_t n = 0;
    for (int64_t o = 0; o < s->outer; o++) {
        int64_t begin = 0;
        for (int64_t k = 0; k < s->count; k++) {
            if (s->offsets || k == 0) begin = begin_of(s, o, k);
            const int64_t end = end_of(s, o, k, begin);
            for (int64_t i = begin; i < end; i++)
                for (int64_t l = 0; l < s->inner; l++, n++) {
                    if (from) from[n] = (o * s->size + i) * s->inner + l;
                    if (place) place[n] = (o * s->count + k) * s->inner + l;
                }
            begin = end;
        }
    }
    return n;
}

/* x's numbers that lie in segments, collected into y, which holds the initial values. */
static fx_tensor *collected(fx_tensor *x, fx_tensor *y, const segments *s, fx__collect_options o,
                            fx_where where)
{
    int64_t *from, *place;
    const int64_t n = list_segments(s, NULL, NULL);
    fx_tensor *numbers = fx__new_index(x->cx, n, &from, where);
    fx_tensor *places = fx__new_index(x->cx, n, &place, where);
    if (!numbers || !places) return NULL;
    list_segments(s, from, place);
    fx_tensor *source = fx__rows(fx_ravel_at(x, where), numbers, 0, FX__ROWS_ALL, 0, where);
    return fx__collect(y, source, places, o, where);
}

/* Whether the lengths, or the offsets, are of the sizes that come before the axis, and one axis. */
static bool check_shape(const fx_tensor *x, const fx_tensor *by, int axis, fx_where where)
{
    bool good = by->ndim == axis + 1;
    for (int d = 0; good && d < axis; d++) good = by->size[d] == x->size[d];
    if (!good)
        return FX__REFUSE(
            x, ERROR_SHAPE, where,
            "segment_reduce: segments of %s do not fit axis %d of %s: they have its dimensions up to "
            "that one",
            fx__shape_text(by), axis, fx__shape_text(x));
    if (by->dtype == FX_I64 || by->dtype == FX_I32) return true;
    return FX__REFUSE(x, ERROR_DTYPE, where, "segment_reduce: lengths and offsets are int64 or int32, not %s",
                      fx_dtype_name((fx_dtype)by->dtype));
}

fx_tensor *fx_segment_reduce_at(fx_segment_reduce_args args, fx_where where)
{
    static const double initial[] = { [FX_REDUCE_SUM] = 0,
                                      [FX_REDUCE_PROD] = 1,
                                      [FX_REDUCE_MEAN] = NAN,
                                      [FX_REDUCE_AMAX] = -INFINITY,
                                      [FX_REDUCE_AMIN] = INFINITY };
    fx_tensor *x = args.x, *by = args.lengths ? args.lengths : args.offsets;
    if (!x) return NULL;
    if (args.reduce < FX_REDUCE_SUM || args.reduce > FX_REDUCE_AMIN)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "segment_reduce: there is no reduction %d", args.reduce);
    if (!by || (args.lengths && args.offsets))
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "segment_reduce: give lengths, or offsets");
    int axis = x->ndim ? fx__dim_of(x, args.axis, "segment_reduce", where) : -1;
    if (!x->ndim || !fx_dtype_is_float((fx_dtype)x->dtype))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "segment_reduce: wants floating numbers with a dimension, not %s %s",
                          fx_dtype_name((fx_dtype)x->dtype), fx__shape_text(x));
    if (axis < 0 || !check_shape(x, by, axis, where)) return NULL;
    by = fx__contiguous_of(by->dtype == FX_I64 ? by : fx__space.cast(by, FX_I64, where));
    if (!by) return NULL;
    const segments s = { .outer = fx__product(x->size, 0, axis),
                         .size = x->size[axis],
                         .inner = fx__product(x->size, axis + 1, x->ndim),
                         .count = by->size[axis] - !args.lengths,
                         .at = (const int64_t *)(const void *)by->data,
                         .offsets = !args.lengths };
    if (s.count < 0) return FX__REFUSE(x, ERROR_SHAPE, where, "segment_reduce: no offsets are given");
    if (!check_segments(x, &s, !args.unsafe, where)) return NULL;
    fx_dims sizes = { .given = true, .count = x->ndim };
    memcpy(sizes.at, x->size, sizeof(int64_t) * x->ndim);
    sizes.at[axis] = s.count;
    const bool own = isnan(args.initial); /* the reduction's own value of nothing */
    fx_tensor *y =
        fx_full_at(x->cx, (fx_dtype)x->dtype, own ? initial[args.reduce] : args.initial, sizes, where);
    fx__collect_options o = { .kind = (fx_reduce_kind)args.reduce,
                              .include = !own || args.reduce != FX_REDUCE_MEAN,
                              .self_apart = true };
    return y ? collected(x, y, &s, o, where) : NULL;
}

FX__CALL(segment_reduce, fx_segment_reduce_args)
static const fx_field segment_reduce_fields[] = {
    FX__FIELD(fx_segment_reduce_args, x, TENSOR, .torch = "data"),
    FX__FIELD(fx_segment_reduce_args, reduce, CHOICE, .choices = "sum|prod|mean|max|min"),
    FX__FIELD(fx_segment_reduce_args, lengths, TENSOR, .optional = true),
    FX__FIELD(fx_segment_reduce_args, offsets, TENSOR, .optional = true),
    FX__FIELD(fx_segment_reduce_args, axis, INT, .optional = true),
    FX__FIELD(fx_segment_reduce_args, unsafe, BOOL, .optional = true),
    FX__FIELD(fx_segment_reduce_args, initial, REAL, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_segment_reduce = {
    .name = "segment_reduce",
    .torch = "segment_reduce",
    .formula =
        "y[..., k, ...] = the sum, product, mean, largest or least of `initial` and segment k along the axis",
    .gradient =
        "sum: g of its segment; mean: that over the length; prod: that times initial and the others; max, "
        "min: that, shared evenly among ties, none where initial alone is the extreme",
    .notes = "without initial, of nothing: 0, 1, NaN, -infinity, infinity; a mean is (initial + sum) / "
             "length, and of "
             "nothing initial; products are exact through zeros",
    .fields = segment_reduce_fields,
    .args_size = sizeof(fx_segment_reduce_args),
    .defaults = &(const fx_segment_reduce_args){ .initial = NAN },
    .call = segment_reduce_call,
    .samples =
        "x=(5) reduce=sum lengths=(4)i64{0,1,2,2}\nx=(5) reduce=mean lengths=(3)i64{1,2,2} initial=2\n"
        "x=(5) reduce=mean lengths=(4)i64{0,1,2,2}\nx=(5) reduce=mean lengths=(4)i64{2,0,3,0} initial=1\n"
        "x=(5)@nonzero reduce=prod lengths=(4)i64{2,0,3,0} initial=2\nx=(6){0,2,0,0,3,4} reduce=prod "
        "lengths=(3)i64{2,2,2}\n"
        "x=(5) reduce=max lengths=(4)i32{2,0,3,0} initial=0.1\nx=(5) reduce=min lengths=(4)i64{0,1,2,2} "
        "initial=2\n"
        "x=(5){1,2,2,3,3} reduce=max lengths=(2)i64{3,2}\nx=(5){1,nan,2,3,3} reduce=min lengths=(2)i64{3,2}\n"
        "x=(5) reduce=max lengths=(2)i64{0,5}\n"
        "x=(5,3) reduce=mean lengths=(3)i64{1,2,2}\nx=(2,5) reduce=prod lengths=(2,3)i64{1,2,2,0,3,2} "
        "axis=1\n"
        "x=(2,5,2) reduce=max lengths=(2,3)i64{1,2,2,0,3,2} axis=-2\nx=(6,2) reduce=sum lengths=(2)i64{2,3} "
        "unsafe=true\n"
        "x=(6) reduce=sum offsets=(4)i64{0,2,2,6}\nx=(6) reduce=prod offsets=(3)i64{1,3,5}\n"
        "x=(2,5) reduce=mean offsets=(2,3)i64{0,2,5,0,0,5} axis=1 initial=1\n"
        "x=(0) reduce=sum lengths=(2)i64{0,0}\nx=(3,0) reduce=max lengths=(2)i64{1,2}\nx=(0) reduce=sum "
        "lengths=(0)i64\n"
        "!x=(5) reduce=sum lengths=(2)i64{2,2}\n!x=(5) reduce=sum lengths=(2)i64{2,4} unsafe=true\n"
        "!x=(5) reduce=sum lengths=(2)i64{-1,6}\n!x=(5) reduce=sum offsets=(3)i64{0,3,2}\n!x=(5) reduce=sum\n"
        "!x=(5) reduce=sum lengths=(1)i64{5} offsets=(2)i64{0,5}\n!x=(5)i64 reduce=sum lengths=(1)i64{5}\n"
        "!x=(2,5) reduce=sum lengths=(2)i64{2,3} axis=1\n!x=(5) reduce=sum lengths=~(1){5}\n!x=() reduce=sum "
        "lengths=(1)i64{1}\n",
    .bench = "x=(1000000) reduce=max lengths=(3)i64{300000,200000,500000}",
};
