/* Views, joins, pieces, and other arrangements of numbers. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_SHAPE_H
#define FLUXION_PUBLIC_SHAPE_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- shapes -------------------------------------------------------------------------------------------- */

/* Most of these are views: the result shows the memory of x, and a change of either in place changes both. A
 * dim may be negative, and then counts from the end. */

/* x in other sizes of as many numbers, in row-major order; one size may be -1 and is what is left. A view
 * where the strides of x allow it, else a copy; fx_view refuses to copy. To a 0-d tensor: fx_reshape_at(x,
 * FX_NO_DIMS, FX_HERE). */
#define FX_NO_DIMS (FX_LITERAL(fx_dims){ true, 0, { 0 } })
#define fx_reshape(x, ...) fx_reshape_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_view(x, ...) fx_view_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_reshape_as(x, other) fx_reshape_as_at(x, other, FX_HERE)
FX_API fx_tensor *fx_reshape_at(fx_tensor *x, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_view_at(fx_tensor *x, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_reshape_as_at(fx_tensor *x, const fx_tensor *other, fx_where where);

/* Dimensions start_dim to end_dim, both included, as one: fx_flatten(x, 1, -1). All of them: fx_ravel(x). And
 * the other way: dimension dim cut into sizes, one of which may be -1: fx_unflatten(x, dim, 3, -1). */
#define fx_flatten(x, start_dim, end_dim) fx_flatten_at(x, start_dim, end_dim, FX_HERE)
#define fx_ravel(x) fx_ravel_at(x, FX_HERE)
#define fx_unflatten(x, dim, ...) fx_unflatten_at(x, dim, FX_DIMS(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_flatten_at(fx_tensor *x, int64_t start_dim, int64_t end_dim, fx_where where);
FX_API fx_tensor *fx_ravel_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_unflatten_at(fx_tensor *x, int64_t dim, fx_dims sizes, fx_where where);

/* A dimension of size 1 put in before dim, 0 .. ndim; and taken out: all of size 1, or dim alone, or those of
 * dims. A dim of another size stays. */
#define FX_ALL_DIMS INT64_MIN
typedef struct fx_squeeze_args {
    fx_tensor *x;
    int64_t dim; /* FX_ALL_DIMS */
    fx_dims dims;
} fx_squeeze_args;
#define fx_unsqueeze(x, dim) fx_unsqueeze_at(x, dim, FX_HERE)
#define fx_squeeze(...)                                                                                      \
    fx_squeeze_at(FX_LITERAL(fx_squeeze_args){ .dim = FX_ALL_DIMS, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_unsqueeze_at(fx_tensor *x, int64_t dim, fx_where where);
FX_API fx_tensor *fx_squeeze_at(fx_squeeze_args args, fx_where where);

/* At least 1, 2 or 3 dimensions: n numbers as (n), (1, n), (1, n, 1); m x n as (m, n, 1). */
#define fx_atleast_1d(x) fx_atleast_1d_at(x, FX_HERE)
#define fx_atleast_2d(x) fx_atleast_2d_at(x, FX_HERE)
#define fx_atleast_3d(x) fx_atleast_3d_at(x, FX_HERE)
FX_API fx_tensor *fx_atleast_1d_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_atleast_2d_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_atleast_3d_at(fx_tensor *x, fx_where where);

/* A copy, row-major, with x's history; and the same only where x is not row-major (else x itself). */
#define fx_clone(x) fx_clone_at(x, FX_HERE)
#define fx_contiguous(x) fx_contiguous_at(x, FX_HERE)
FX_API fx_tensor *fx_clone_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_contiguous_at(fx_tensor *x, fx_where where);

/* Dimensions in another order: fx_permute(x, 1, 0, 2) names for each of the result which of x it is. fx_t: of
 * at most two; fx_mT: the last two of any number. fx_movedim(x, a, b) puts dim a in place b (lists by
 * fx_movedim_at). */
#define fx_permute(x, ...) fx_permute_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_transpose(x, dim0, dim1) fx_transpose_at(x, dim0, dim1, FX_HERE)
#define fx_t(x) fx_t_at(x, FX_HERE)
#define fx_mT(x) fx_mT_at(x, FX_HERE)
#define fx_movedim(x, source, destination) fx_movedim_at(x, FX_DIMS(source), FX_DIMS(destination), FX_HERE)
FX_API fx_tensor *fx_permute_at(fx_tensor *x, fx_dims dims, fx_where where);
FX_API fx_tensor *fx_transpose_at(fx_tensor *x, int64_t dim0, int64_t dim1, fx_where where);
FX_API fx_tensor *fx_t_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_mT_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_movedim_at(fx_tensor *x, fx_dims source, fx_dims destination, fx_where where);

/* x broadcast to sizes, of which -1 keeps what it is; the gradient is summed over what was broadcast. */
#define fx_expand(x, ...) fx_expand_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_broadcast_to(x, ...) fx_expand_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_expand_as(x, other) fx_expand_as_at(x, other, FX_HERE)
FX_API fx_tensor *fx_expand_at(fx_tensor *x, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_expand_as_at(fx_tensor *x, const fx_tensor *other, fx_where where);

/* Along dim the numbers start, start + step ... before stop, as Python slices: negative ones count from the
 * end, and what is too far is cut off. fx_slice(x, 0, 2) is all from 2 on. step > 0. */
typedef struct fx_slice_args {
    fx_tensor *x;
    int64_t dim, start, stop, step; /* 0, 0, all, 1 */
} fx_slice_args;
#define fx_slice(...)                                                                                        \
    fx_slice_at(FX_LITERAL(fx_slice_args){ .stop = INT64_MAX, .step = 1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_slice_at(fx_slice_args args, fx_where where);

/* The one at index along dim, without that dim; `length` from start on. FX_ERROR_INDEX if they are not there.
 */
#define fx_select(x, dim, index) fx_select_at(x, dim, index, FX_HERE)
#define fx_narrow(x, dim, start, length) fx_narrow_at(x, dim, start, length, FX_HERE)
FX_API fx_tensor *fx_select_at(fx_tensor *x, int64_t dim, int64_t index, fx_where where);
FX_API fx_tensor *fx_narrow_at(fx_tensor *x, int64_t dim, int64_t start, int64_t length, fx_where where);

/* The diagonal of dim1 and dim2, offset above it (below: negative), as the last dimension. And zeros with x,
 * its last dimension, on such a diagonal: there dim1 and dim2 are -2 and -1. */
typedef struct fx_diagonal_args {
    fx_tensor *x;
    int64_t offset, dim1, dim2; /* 0, 0, 1 */
} fx_diagonal_args;
#define fx_diagonal(...) fx_diagonal_at(FX_LITERAL(fx_diagonal_args){ .dim2 = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_diag_embed(...)                                                                                   \
    fx_diag_embed_at(FX_LITERAL(fx_diagonal_args){ .dim1 = -2, .dim2 = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diagonal_at(fx_diagonal_args args, fx_where where);
FX_API fx_tensor *fx_diag_embed_at(fx_diagonal_args args, fx_where where);

/* Windows of `size` numbers along dim, each step on from the one before; a window's numbers are the last
 * dimension. */
#define fx_unfold(x, dim, size, step) fx_unfold_at(x, dim, size, step, FX_HERE)
FX_API fx_tensor *fx_unfold_at(fx_tensor *x, int64_t dim, int64_t size, int64_t step, fx_where where);

/* Pieces of x along dim, into the caller's array of at least as many as there will be (room): how many there
 * are, 0 after a failure. They are views that may not be written in place. fx_tensor *piece[8]; int n =
 * fx_split(piece, 8, x, .sizes = FX_DIMS(2, 3), .dim = 1); split: one size for all, the last piece being what
 * is left, or the size of each; chunk: at most so many of one size; tensor_split: before each of the indices,
 * which ascend, or that many sections, the first of them one longer; unbind: each x[..., k, ...] for itself.
 * fx_split2(x, dim, &a, &b), fx_split3: equal parts. */
typedef struct fx_split_args {
    fx_tensor *x;
    fx_dims sizes;
    int64_t dim;
} fx_split_args;
typedef struct fx_chunk_args {
    fx_tensor *x;
    int64_t chunks, dim;
} fx_chunk_args;
typedef struct fx_tensor_split_args {
    fx_tensor *x;
    fx_dims indices;
    int64_t dim, sections;
} fx_tensor_split_args;
typedef struct fx_unbind_args {
    fx_tensor *x;
    int64_t dim;
} fx_unbind_args;
#define fx_split(outputs, room, ...)                                                                         \
    fx_split_at(outputs, room, FX_LITERAL(fx_split_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_chunk(outputs, room, ...)                                                                         \
    fx_chunk_at(outputs, room, FX_LITERAL(fx_chunk_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_tensor_split(outputs, room, ...)                                                                  \
    fx_tensor_split_at(outputs, room, FX_LITERAL(fx_tensor_split_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_unbind(outputs, room, ...)                                                                        \
    fx_unbind_at(outputs, room, FX_LITERAL(fx_unbind_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_split2(x, dim, a, b) fx_split2_at(x, dim, a, b, FX_HERE)
#define fx_split3(x, dim, a, b, c) fx_split3_at(x, dim, a, b, c, FX_HERE)
FX_API int fx_split_at(fx_tensor **outputs, int room, fx_split_args args, fx_where where);
FX_API int fx_chunk_at(fx_tensor **outputs, int room, fx_chunk_args args, fx_where where);
FX_API int fx_tensor_split_at(fx_tensor **outputs, int room, fx_tensor_split_args args, fx_where where);
FX_API int fx_unbind_at(fx_tensor **outputs, int room, fx_unbind_args args, fx_where where);
FX_API fx_status fx_split2_at(fx_tensor *x, int64_t dim, fx_tensor **a, fx_tensor **b, fx_where where);
FX_API fx_status fx_split3_at(fx_tensor *x, int64_t dim, fx_tensor **a, fx_tensor **b, fx_tensor **c,
                              fx_where where);

/* The tensors one after the other along dim: fx_cat(1, a, b, c); along a new one: fx_stack(0, a, b). dtypes
 * are promoted. hstack, vstack, dstack, column_stack: along dim 1 (of one dimension 0), 0, 2, 1, tensors of
 * too few dimensions being a row (vstack), (1, n, 1) or (m, n, 1) (dstack), a column (column_stack). */
#define fx_cat(dim, ...) fx_cat_at(FX_LIST(__VA_ARGS__), dim, FX_HERE)
#define fx_stack(dim, ...) fx_stack_at(FX_LIST(__VA_ARGS__), dim, FX_HERE)
#define fx_hstack(...) fx_hstack_at(FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_vstack(...) fx_vstack_at(FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_dstack(...) fx_dstack_at(FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_column_stack(...) fx_column_stack_at(FX_LIST(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_cat_at(fx_list tensors, int64_t dim, fx_where where);
FX_API fx_tensor *fx_stack_at(fx_list tensors, int64_t dim, fx_where where);
FX_API fx_tensor *fx_hstack_at(fx_list tensors, fx_where where);
FX_API fx_tensor *fx_vstack_at(fx_list tensors, fx_where where);
FX_API fx_tensor *fx_dstack_at(fx_list tensors, fx_where where);
FX_API fx_tensor *fx_column_stack_at(fx_list tensors, fx_where where);

/* Each tensor broadcast to what all broadcast to, into outputs, as many as there are tensors; false after a
 * failure. meshgrid: of tensors of one dimension, each along a dimension of its own. */
enum { FX_MESHGRID_IJ, FX_MESHGRID_XY };
typedef struct fx_meshgrid_args {
    fx_list tensors;
    int indexing; /* FX_MESHGRID_IJ; XY: the first two dimensions are exchanged */
} fx_meshgrid_args;
#define fx_broadcast_tensors(outputs, ...) fx_broadcast_tensors_at(outputs, FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_meshgrid(outputs, ...)                                                                            \
    fx_meshgrid_at(outputs, FX_LITERAL(fx_meshgrid_args){ .tensors = FX_LIST(__VA_ARGS__) }, FX_HERE)
FX_API bool fx_broadcast_tensors_at(fx_tensor **outputs, fx_list tensors, fx_where where);
FX_API bool fx_meshgrid_at(fx_tensor **outputs, fx_meshgrid_args args, fx_where where);

/* In place, returning x: x's numbers become those of source, which broadcasts to x; or one value, a number or
 * a 0-d tensor. x's history becomes source's. To write a part, write a view: fx_copy_(fx_select(x, 0, 1),
 * row). Refused, at the call, for a leaf that requires a gradient and its views, for pieces of a split, and
 * where numbers of x share memory. */
#define fx_copy_(x, source) fx_copy_at(x, source, FX_HERE)
#define fx_fill_(x, value) fx_fill_at(x, FX_OPERAND(value), FX_HERE)
#define fx_zero_(x) fx_zero_at(x, FX_HERE)
FX_API fx_tensor *fx_copy_at(fx_tensor *x, fx_tensor *source, fx_where where);
FX_API fx_tensor *fx_fill_at(fx_tensor *x, fx_operand value, fx_where where);
FX_API fx_tensor *fx_zero_at(fx_tensor *x, fx_where where);

/* A constant of x's dtype and sizes. */
#define fx_full_like(x, value) fx_full_like_at(x, value, FX_HERE)
#define fx_zeros_like(x) fx_full_like_at(x, 0, FX_HERE)
#define fx_ones_like(x) fx_full_like_at(x, 1, FX_HERE)
FX_API fx_tensor *fx_full_like_at(const fx_tensor *x, double value, fx_where where);

/* In each of dims from the last to the first: fx_flip(x, 0, 1). Shifted, what leaves at one end coming in at
 * the other: fx_roll(x, shift, dim); several, or all numbers row-major (no dims), by fx_roll_at. Turned k
 * quarters from dim0 to dim1. */
typedef struct fx_rot90_args {
    fx_tensor *x;
    int64_t k, dim0, dim1; /* 1, 0, 1 */
} fx_rot90_args;
#define fx_flip(x, ...) fx_flip_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_roll(x, shift, dim) fx_roll_at(x, FX_DIMS(shift), FX_DIMS(dim), FX_HERE)
#define fx_rot90(...) fx_rot90_at(FX_LITERAL(fx_rot90_args){ .k = 1, .dim1 = 1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_flip_at(fx_tensor *x, fx_dims dims, fx_where where);
FX_API fx_tensor *fx_roll_at(fx_tensor *x, fx_dims shifts, fx_dims dims, fx_where where);
FX_API fx_tensor *fx_rot90_at(fx_rot90_args args, fx_where where);

/* Matrices, the last two dims, with zeros above (below) a diagonal: fx_tril(x, .diagonal = 1). */
typedef struct fx_triangle_args {
    fx_tensor *x;
    int64_t diagonal;
} fx_triangle_args;
#define fx_tril(...) fx_tril_at(FX_LITERAL(fx_triangle_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_triu(...) fx_triu_at(FX_LITERAL(fx_triangle_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_tril_at(fx_triangle_args args, fx_where where);
FX_API fx_tensor *fx_triu_at(fx_triangle_args args, fx_where where);

/* Of a vector the matrix that has it on a diagonal, of a matrix that diagonal. */
typedef struct fx_diag_args {
    fx_tensor *x;
    int64_t diagonal;
} fx_diag_args;
#define fx_diag(...) fx_diag_at(FX_LITERAL(fx_diag_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diag_at(fx_diag_args args, fx_where where);

/* So many times along each dim: fx_repeat(x, 2, 1). More numbers than dims repeat along new ones, before the
 * others; fewer fx_tile alone allows: they count from the last dim. */
#define fx_repeat(x, ...) fx_repeat_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_tile(x, ...) fx_tile_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_repeat_at(fx_tensor *x, fx_dims times, fx_where where);
FX_API fx_tensor *fx_tile_at(fx_tensor *x, fx_dims times, fx_where where);

/* Numbers before and after x along its last dim, then along the one before it ...: fx_pad(x, FX_DIMS(1, 1, 2,
 * 2)). They are `value`, or what x holds: mirrored at its edge, the edge itself, from the other end. A
 * negative number cuts off. */
enum { FX_PAD_CONSTANT, FX_PAD_REFLECT, FX_PAD_REPLICATE, FX_PAD_CIRCULAR };
typedef struct fx_pad_args {
    fx_tensor *x;
    fx_dims pad;
    int mode;
    double value;
} fx_pad_args;
#define fx_pad(x_, ...) fx_pad_at(FX_LITERAL(fx_pad_args){ .x = x_, .pad = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_pad_at(fx_pad_args args, fx_where where);

/* ---- arrangements -------------------------------------------------------------------------------------- */

/* The numbers of x, row-major, that sizes and strides name from offset on: a copy; what is named twice has
 * both gradients. */
#define fx_as_strided(x, sizes, strides, offset) fx_as_strided_at(x, sizes, strides, offset, FX_HERE)
FX_API fx_tensor *fx_as_strided_at(fx_tensor *x, fx_dims sizes, fx_dims strides, int64_t offset,
                                   fx_where where);

/* Matrices (a vector is a row) along a diagonal; vectors in all combinations, a row each; the combinations of
 * r numbers of a vector; all numbers of x along a diagonal. */
#define fx_block_diag(...) fx_block_diag_at(FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_cartesian_prod(...) fx_cartesian_prod_at(FX_LIST(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_block_diag_at(fx_list tensors, fx_where where);
FX_API fx_tensor *fx_cartesian_prod_at(fx_list tensors, fx_where where);
typedef struct fx_combinations_args {
    fx_tensor *x;
    int64_t r; /* 2 */
    bool with_replacement;
} fx_combinations_args;
#define fx_combinations(...)                                                                                 \
    fx_combinations_at(FX_LITERAL(fx_combinations_args){ .r = 2, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_combinations_at(fx_combinations_args args, fx_where where);
typedef struct fx_diagflat_args {
    fx_tensor *x;
    int64_t offset;
} fx_diagflat_args;
#define fx_diagflat(...) fx_diagflat_at(FX_LITERAL(fx_diagflat_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diagflat_at(fx_diagflat_args args, fx_where where);

/* x with a part, that select, slice or diagonal name, replaced by source. */
#define fx_select_scatter(x, source, dim, index) fx_select_scatter_at(x, source, dim, index, FX_HERE)
FX_API fx_tensor *fx_select_scatter_at(fx_tensor *x, fx_tensor *source, int64_t dim, int64_t index,
                                       fx_where where);
typedef struct fx_slice_scatter_args {
    fx_tensor *x, *source;
    int64_t dim, start, stop, step; /* 0, 0, all, 1 */
} fx_slice_scatter_args;
#define fx_slice_scatter(...)                                                                                \
    fx_slice_scatter_at(FX_LITERAL(fx_slice_scatter_args){ .stop = INT64_MAX, .step = 1, .x = __VA_ARGS__ }, \
                        FX_HERE)
FX_API fx_tensor *fx_slice_scatter_at(fx_slice_scatter_args args, fx_where where);
typedef struct fx_diagonal_scatter_args {
    fx_tensor *x, *source;
    int64_t offset, dim1, dim2; /* 0, 0, 1 */
} fx_diagonal_scatter_args;
#define fx_diagonal_scatter(...)                                                                             \
    fx_diagonal_scatter_at(FX_LITERAL(fx_diagonal_scatter_args){ .dim2 = 1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diagonal_scatter_at(fx_diagonal_scatter_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
