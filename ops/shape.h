/* What the families of shapes and of indexing share: dimensions counted from the end, refusals, and the ops
 * that are each other's gradients.
 */
#ifndef FLUXION_OPS_SHAPE_H
#define FLUXION_OPS_SHAPE_H

#include "function.h"
#include <string.h>

/* Reports what is wrong with a call of x, before there is an op; NULL. */
#define FX__REFUSE(x, code, where, ...) ((void)fx_error_set((x)->cx, FX_##code, where, __VA_ARGS__), NULL)

/* Sizes by value, as ops' options hold them. */
typedef struct fx__sizes {
    int ndim;
    int64_t at[FX_MAX_DIMS];
} fx__sizes;

fx__sizes fx__sizes_of(const fx_tensor *x);
bool fx__same_sizes(const fx_tensor *a, const fx_tensor *b);

/* A dim from its start, counted among ndim of them (a 0-d tensor has one for this purpose). -1 after an
 * error that names op. */
int fx__dim_in(const fx_tensor *x, int ndim, int64_t dim, const char *op, fx_where where);
static inline int fx__dim_of(const fx_tensor *x, int64_t dim, const char *op, fx_where where)
{
    return fx__dim_in(x, x->ndim ? x->ndim : 1, dim, op, where);
}

/* Size along a dim; a 0-d tensor has one number along its one. */
static inline int64_t fx__size_along(const fx_tensor *x, int dim) { return x->ndim ? x->size[dim] : 1; }

/* Dimensions before dim, and after it, as one. */
static inline int64_t fx__product(const int64_t *size, int from, int to)
{
    int64_t n = 1;
    for (int i = from; i < to; i++) n *= size[i];
    return n;
}

/* Row-major strides. */
static inline void fx__row_strides(int ndim, const int64_t *size, int64_t *stride)
{
    int64_t step = 1;
    for (int i = ndim; i-- > 0; step *= size[i] ? size[i] : 1) stride[i] = step;
}

/* The numbers of `from` to those of `to`: same dtype and sizes, any strides. */
void fx__copy_numbers(fx_tensor *to, const fx_tensor *from);
/* A window of a row-major tensor's memory: from its element at offset, so many numbers of those strides. */
void fx__copy_into(fx_tensor *to, int64_t offset, int ndim, const int64_t *size, const int64_t *stride,
                   const fx_tensor *from);

/* x in other sizes of the same numel: a view where strides allow it. Recorded. */
fx_tensor *fx__reshape(fx_tensor *x, int ndim, const int64_t *size, fx_where where);
fx_tensor *fx__reshape_like(fx_tensor *x, const fx_tensor *like, fx_where where);
/* x with dimension dim, of size 1, put in or taken out. */
fx_tensor *fx__unsqueeze(fx_tensor *x, int dim, fx_where where);
fx_tensor *fx__squeeze(fx_tensor *x, int dim, fx_where where);
/* x broadcast to sizes that it broadcasts to. */
fx_tensor *fx__expand(fx_tensor *x, int ndim, const int64_t *size, fx_where where);
/* The sizes that all of a list broadcast to; false after an error that names op. */
bool fx__broadcast_sizes(fx_list list, fx__sizes *y, const char *op, fx_where where);
/* Along dim, the numbers start, start + step ...; a view. Taken for granted: they are there. */
fx_tensor *fx__slice(fx_tensor *x, int dim, int64_t start, int64_t length, int64_t step, fx_where where);
/* The one at `index` along dim, which is dropped; a view. */
fx_tensor *fx__select(fx_tensor *x, int dim, int64_t index, fx_where where);
/* Zeros of `size` along dim with x at start, start + step ...; drops: x has not got dim at all. */
fx_tensor *fx__embed(fx_tensor *x, int dim, int64_t start, int64_t step, int64_t size, bool drops,
                     fx_where where);
fx_tensor *fx__permute(fx_tensor *x, const int *dims, fx_where where);
/* Joins tensors of one dtype along dim; stacks: along a new one. */
fx_tensor *fx__join(fx_list list, int dim, bool stacks, fx_where where);

/* NAME_call, which calls fx_NAME_at with the fields of a structure that stands for its arguments in the
 * registry alone: `a` points to it. FX__PLAIN(permute, permute_args, a->x, a->dims). */
#define FX__PLAIN(function, structure, ...)                                                                  \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        const structure *a = args;                                                                           \
        out[0] = fx_##function##_at(__VA_ARGS__, where);                                                     \
        return out[0] ? 1 : 0;                                                                               \
    }

#endif
