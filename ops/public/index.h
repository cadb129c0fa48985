/* Numbers picked and put by an index. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_INDEX_H
#define FLUXION_PUBLIC_INDEX_H

#include <fluxion/autograd.h>

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An index is an int64, int32 or uint8 tensor; negative numbers count from the end. One that is out of range
 * is FX_ERROR_INDEX, and the error says which. What goes to one place is added in the order of the index, the
 * same for any number of threads; where numbers are put, the last wins, and it alone has a gradient. */

/* Along dim, the rows that an index of one dimension names; of all numbers, row-major, those that an index of
 * any sizes names. */
#define fx_index_select(x, dim, index) fx_index_select_at(x, dim, index, FX_HERE)
#define fx_take(x, index) fx_take_at(x, index, FX_HERE)
FX_API fx_tensor *fx_index_select_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_where where);
FX_API fx_tensor *fx_take_at(fx_tensor *x, fx_tensor *index, fx_where where);

/* Each number along dim, or each of all, so many times: a number, or a tensor with one for each. */
typedef struct fx_repeat_interleave_args {
    fx_tensor *x;
    fx_operand repeats;
    int64_t dim; /* FX_ALL_DIMS: of all, row-major */
} fx_repeat_interleave_args;
#define fx_repeat_interleave(x, repeats, dim)                                                                \
    fx_repeat_interleave_at(FX_LITERAL(fx_repeat_interleave_args){ x, FX_OPERAND(repeats), dim }, FX_HERE)
FX_API fx_tensor *fx_repeat_interleave_at(fx_repeat_interleave_args args, fx_where where);

/* Classes (...), integers, as rows (..., num_classes), int64, of zeros and a one at the class. Without
 * num_classes (or with a negative one) it is one more than the largest class. FX_ERROR_INDEX: a class is not
 * 0 .. num_classes - 1. */
typedef struct fx_one_hot_args {
    fx_tensor *x;
    int64_t num_classes; /* -1 */
} fx_one_hot_args;
#define fx_one_hot(...)                                                                                      \
    fx_one_hot_at(FX_LITERAL(fx_one_hot_args){ .num_classes = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_one_hot_at(fx_one_hot_args args, fx_where where);

/* weight[index]: the rows of (v, ...) for an index of any sizes, (index..., ...). The row padding_idx has no
 * gradient. */
#define FX_NO_INDEX INT64_MIN
typedef struct fx_embedding_args {
    fx_tensor *weight, *index;
    int64_t padding_idx; /* FX_NO_INDEX */
} fx_embedding_args;
#define fx_embedding(...)                                                                                    \
    fx_embedding_at(FX_LITERAL(fx_embedding_args){ .padding_idx = FX_NO_INDEX, .weight = __VA_ARGS__ },      \
                    FX_HERE)
FX_API fx_tensor *fx_embedding_at(fx_embedding_args args, fx_where where);

/* x with rows along dim added (alpha times source's), replaced by source's, or set to a number or 0-d tensor;
 * source has x's sizes but for as many along dim as the index has. */
typedef struct fx_index_add_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *index, *source;
    double alpha; /* 1 */
} fx_index_add_args;
#define fx_index_add(...)                                                                                    \
    fx_index_add_at(FX_LITERAL(fx_index_add_args){ .alpha = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_index_copy(x, dim, index, source) fx_index_copy_at(x, dim, index, source, FX_HERE)
#define fx_index_fill(x, dim, index, value) fx_index_fill_at(x, dim, index, FX_OPERAND(value), FX_HERE)
FX_API fx_tensor *fx_index_add_at(fx_index_add_args args, fx_where where);
FX_API fx_tensor *fx_index_copy_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_tensor *source,
                                   fx_where where);
FX_API fx_tensor *fx_index_fill_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_operand value,
                                   fx_where where);

/* x with its numbers at an index, row-major, replaced by source's, or with them added. */
typedef struct fx_put_args {
    fx_tensor *x, *index, *source;
    bool accumulate;
} fx_put_args;
#define fx_put(...) fx_put_at(FX_LITERAL(fx_put_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_put_at(fx_put_args args, fx_where where);

/* Single numbers: the index, of x's number of dimensions, says where along dim, and its own place where in
 * the others: y[i][j] = x[index[i][j]][j] for dim 0. It may be shorter than x but along dim. take_along_dim
 * broadcasts both; without a dim it is of all numbers, row-major. */
typedef struct fx_take_along_dim_args {
    fx_tensor *x, *index;
    int64_t dim; /* FX_ALL_DIMS */
} fx_take_along_dim_args;
#define fx_gather(x, dim, index) fx_gather_at(x, dim, index, FX_HERE)
#define fx_take_along_dim(x, index, dim)                                                                     \
    fx_take_along_dim_at(FX_LITERAL(fx_take_along_dim_args){ x, index, dim }, FX_HERE)
FX_API fx_tensor *fx_gather_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_where where);
FX_API fx_tensor *fx_take_along_dim_at(fx_take_along_dim_args args, fx_where where);

/* x with numbers of source added, or put (source may be a number), where such an index says. */
#define fx_scatter_add(x, dim, index, source) fx_scatter_add_at(x, dim, index, source, FX_HERE)
#define fx_scatter(x, dim, index, source) fx_scatter_at(x, dim, index, FX_OPERAND(source), FX_HERE)
FX_API fx_tensor *fx_scatter_add_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_tensor *source,
                                    fx_where where);
FX_API fx_tensor *fx_scatter_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_operand source,
                                fx_where where);

/* How numbers that come together are reduced. */
typedef enum fx_reduce_kind {
    FX_REDUCE_SUM,
    FX_REDUCE_PROD,
    FX_REDUCE_MEAN,
    FX_REDUCE_AMAX,
    FX_REDUCE_AMIN
} fx_reduce_kind;

/* x with, where an index as scatter's says, what source's numbers come to there, x's own among them unless
 * include_self is false: fx_scatter_reduce(x, 0, index, source, FX_REDUCE_AMAX, .include_self = false).
 * Floating sums and products are made in double; integer means are rounded down. bool has extremes alone. */
typedef struct fx_scatter_reduce_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *index, *source;
    int reduce;        /* fx_reduce_kind */
    bool include_self; /* true */
} fx_scatter_reduce_args, fx_index_reduce_args;
#define FX__SCATTER_REDUCE(...) (FX_LITERAL(fx_scatter_reduce_args){ .include_self = true, .x = __VA_ARGS__ })
#define fx_scatter_reduce(...) fx_scatter_reduce_at(FX__SCATTER_REDUCE(__VA_ARGS__), FX_HERE)
#define fx_scatter_reduce_(...) fx_scatter_reduce_in_place_at(FX__SCATTER_REDUCE(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_scatter_reduce_at(fx_scatter_reduce_args args, fx_where where);
FX_API fx_tensor *fx_scatter_reduce_in_place_at(fx_scatter_reduce_args args, fx_where where);

/* The same by rows along dim, as index_add names them; without FX_REDUCE_SUM, which is index_add. */
#define fx_index_reduce(...) fx_index_reduce_at(FX__SCATTER_REDUCE(__VA_ARGS__), FX_HERE)
#define fx_index_reduce_(...) fx_index_reduce_in_place_at(FX__SCATTER_REDUCE(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_index_reduce_at(fx_index_reduce_args args, fx_where where);
FX_API fx_tensor *fx_index_reduce_in_place_at(fx_index_reduce_args args, fx_where where);

/* Segments of floating numbers along an axis, each reduced to one: by their lengths, one after the other, or
 * by offsets, each segment from one to the next. Both have x's dimensions before the axis, and one for the
 * segments; int64 or int32. initial is what a segment begins with; left out (or NaN), 0, 1, NaN, -infinity,
 * infinity for sums, products, means, largest and least. Lengths make up the axis unless `unsafe` allows what
 * is left over; segments never reach beyond it (FX_ERROR_ARGUMENT). */
typedef struct fx_segment_reduce_args {
    fx_tensor *x;
    int reduce; /* fx_reduce_kind */
    fx_tensor *lengths, *offsets;
    int64_t axis;
    bool unsafe;
    double initial; /* NAN */
} fx_segment_reduce_args;
#define fx_segment_reduce(...)                                                                               \
    fx_segment_reduce_at(FX_LITERAL(fx_segment_reduce_args){ .initial = NAN, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_segment_reduce_at(fx_segment_reduce_args args, fx_where where);

/* Several indices at once, which broadcast, one for each of the first dimensions of x:
 * fx_index(x, FX_LIST(i, j)) is x[i, j]. A bool mask stands for as many dimensions as it has, and for the
 * places in which it holds. index_put is x with values there, which broadcast to what the indices name, or
 * with them added. */
#define fx_index(x, indices) fx_index_at(x, indices, FX_HERE)
FX_API fx_tensor *fx_index_at(fx_tensor *x, fx_list indices, fx_where where);
typedef struct fx_index_put_args {
    fx_tensor *x;
    fx_list indices;
    fx_tensor *values;
    bool accumulate;
} fx_index_put_args;
#define fx_index_put(...) fx_index_put_at(FX_LITERAL(fx_index_put_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_index_put_(...)                                                                                   \
    fx_index_put_in_place_at(FX_LITERAL(fx_index_put_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_index_put_at(fx_index_put_args args, fx_where where);
FX_API fx_tensor *fx_index_put_in_place_at(fx_index_put_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
