/* What the families of indexing share: an index as a kernel wants it, checked.
 */
#ifndef FLUXION_OPS_INDEXING_H
#define FLUXION_OPS_INDEXING_H

#include "kernels/indexed.h"
#include "shape.h"

/* The numbers of an index tensor as int64, row-major, in the tensor itself or in work memory. */
typedef struct fx__index {
    const int64_t *at;
    int64_t count;
    void *own;
} fx__index;

/* Opens a row-major index whose numbers must lie in [-size, size); false after an error that says which does
 * not and where it stands. */
bool fx__index_open(const fx_call *c, const fx_tensor *index, int64_t size, fx__index *i);
void fx__index_close(const fx_call *c, fx__index *i);

/* Whether x can be an index; false after an error. */
bool fx__check_index_dtype(const fx_call *c, const fx_tensor *x);

/* Whether an index can say where along dim the numbers of sizes are: it has as many dimensions, none longer
 * but dim. False after an error. */
bool fx__check_lane_index(const fx_call *c, int ndim, const int64_t *size, int dim, const fx_tensor *index);

/* The part of a source that an index of its dimensions, no longer than it, uses. NULL after an error. */
fx_tensor *fx__used_source(fx_tensor *source, const fx_tensor *index, const char *op, fx_where where);

/* What sums of a dtype are made in; -1 after an error: there are none of bool. */
int fx__sum_type(const fx_call *c, fx_dtype dtype);

/* Rows along dim that an index of any dimensions names: y = x[..., index, ...]. And the other way: zeros of
 * `size` along dim with each of x's rows added where the index says, or put there, the last winning. */
typedef enum fx__rows_mode {
    FX__ROWS_ALL,
    FX__ROWS_LAST,    /* of those of one place only the last counts; the others are zeros, and get none */
    FX__ROWS_PADDING, /* those of the place `padding` are zeros, and get none */
} fx__rows_mode;

typedef struct fx__rows_options {
    int64_t size, padding;
    double value;
    int dim;
    fx__rows_mode mode;
} fx__rows_options;

static inline fx_row_shape fx__row_shape(const fx_call *c, const fx_tensor *x, int dim, const fx__index *i)
{
    return (fx_row_shape){ .threads = fx_threads(c->cx),
                           .outer = fx__product(x->size, 0, dim),
                           .size = x->size[dim],
                           .inner = fx__product(x->size, dim + 1, x->ndim),
                           .count = i->count,
                           .index = i->at };
}
static inline int64_t fx__wrapped(int64_t i, int64_t size) { return i < 0 ? i + size : i; }
static inline size_t fx__width(const fx_tensor *x) { return fx_dtype_size((fx_dtype)x->dtype); }

/* Adds rows to y, which holds what there was. */
void fx__rows_add_to(const fx_call *c, const fx_row_shape *s, const fx_tensor *rows, fx_tensor *y);

fx_tensor *fx__rows(fx_tensor *x, fx_tensor *index, int dim, fx__rows_mode mode, int64_t padding,
                    fx_where where);
fx_tensor *fx__rows_sum(fx_tensor *x, fx_tensor *index, int dim, int64_t size, fx__rows_mode mode,
                        int64_t padding, fx_where where);
/* y = x with those rows replaced by source's, or source's added. */
fx_tensor *fx__put_rows(fx_tensor *x, fx_tensor *index, fx_tensor *source, int dim, fx_where where);
fx_tensor *fx__plus_rows(fx_tensor *x, fx_tensor *index, fx_tensor *source, int dim, fx_where where);

/* Single numbers, y[i][j] = x[index[i][j]][j] for dim 0; and zeros like `like` with x put where an index says
 * that names no place twice. */
fx_tensor *fx__gather(fx_tensor *x, fx_tensor *index, int dim, fx_where where);
fx_tensor *fx__scatter_unique(fx_tensor *x, fx_tensor *index, int dim, const fx_tensor *like, fx_where where);

/* The row-major places, int64, of a mask's numbers that hold, whatever its strides; no gradient. */
fx_tensor *fx__mask_places(fx_tensor *mask, fx_where where);

#endif
