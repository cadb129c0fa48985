/* Rows and elements that an index names: taken, put and added. Indices were checked: -size <= i < size,
 * negative ones counting from the end.
 */
#ifndef FLUXION_KERNELS_INDEXED_H
#define FLUXION_KERNELS_INDEXED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first i for which index[i] is not in [low, high), or -1. */
int64_t fx__index_check(int64_t count, const int64_t *index, int64_t low, int64_t high);

/* x is (outer, size, inner), rows are (outer, count, inner); index has count numbers. */
typedef struct fx_row_shape {
    int threads;
    int64_t outer, size, inner, count;
    const int64_t *index;
} fx_row_shape;

/* rows[o, i] = x[o, index[i]] */
void fx__rows_take(const fx_row_shape *s, size_t bytes, const void *x, void *rows);
/* x[o, index[i]] = rows[o, i], the last i winning */
void fx__rows_put(const fx_row_shape *s, size_t bytes, const void *rows, void *x);

/* Which i go to which row of x: order[start[r]] .. order[start[r + 1] - 1], ascending, go to row r. start has
 * size + 1 numbers, order count. `kept` (may be NULL) says which i count at all. */
void fx__rows_sort(const fx_row_shape *s, const bool *kept, int64_t *start, int64_t *order);

typedef enum fx_sum_type { FX_SUM_F32, FX_SUM_F64, FX_SUM_I64, FX_SUM_I32, FX_SUM_U8 } fx_sum_type;

/* x[o, r] += sum of rows[o, i] over the i that go to r, in ascending order, floats summed in double. */
void fx__rows_add(const fx_row_shape *s, fx_sum_type type, const int64_t *start, const int64_t *order,
                  const void *rows, void *x);

/* last[i] = no later i has the same row. mark has size numbers of work space. */
void fx__rows_last(const fx_row_shape *s, int64_t *mark, bool *last);

/* Elements that an index tensor of x's dimensions names: its position in x, but that along dim index says
 * where. index, y: contiguous, of `size`, which is not larger than x's but along dim. As groups x count x run
 * elements: run is the last dimension, or 1 if that is dim; groups the product of all others but dim. */
typedef struct fx_lane_shape {
    int threads, ndim, dim;
    int64_t size[8];   /* of the index */
    int64_t stride[8]; /* of x, contiguous */
    int64_t length;    /* of x along dim */
    const int64_t *index;
} fx_lane_shape;

/* y[e] = x[at(e)] */
void fx__lanes_take(const fx_lane_shape *s, size_t bytes, const void *x, void *y);
/* x[at(e)] = y[e], the last winning; bytes of *y, or one number for all if `number` */
void fx__lanes_put(const fx_lane_shape *s, size_t bytes, const void *y, bool number, void *x);
/* last[e] = no later e along dim has the same place. mark: as many bytes as x has elements. */
void fx__lanes_last(const fx_lane_shape *s, bool *mark, bool *last);
/* x[at(e)] += y[e], in ascending order along dim; float in `wide`, as many doubles as x has elements, holding
 * x. */
void fx__lanes_add(const fx_lane_shape *s, fx_sum_type type, const void *y, void *x);

#endif
