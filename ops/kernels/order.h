/* Numbers in order: sorted, and the k first of them.
 *
 * A number becomes an unsigned key of the same order, with its place: NaN is the largest, both zeros are
 * equal. Ties are in the order of their places, so that every result is determined. Sorting is by merging for
 * few numbers and by digits, from the lowest, for many; selecting is by partition, linear on the average.
 */
#ifndef FLUXION_KERNELS_ORDER_H
#define FLUXION_KERNELS_ORDER_H

#include "reduce.h"

typedef struct fx_order_item {
    uint64_t key;
    int64_t at;
} fx_order_item;

/* n numbers, each `step` from the one before; descending: keys in the opposite order. */
void fx__order_keys(fx__number type, int64_t n, const void *x, int64_t step, bool descending,
                    fx_order_item *items);
/* Whether a key, of ascending order, is NaN's. */
static inline bool fx__order_is_nan(uint64_t key) { return key == UINT64_MAX; }

/* Sorts n items that come in the order of their places; work has n more. */
void fx__order_sort(int64_t n, fx_order_item *items, fx_order_item *work);
/* The same of items that come in any order. */
void fx__order_sort_any(int64_t n, fx_order_item *items, fx_order_item *work);
/* Brings the k first to the front, in no order among themselves; the k-th is items[k - 1]. */
void fx__order_select(int64_t n, int64_t k, fx_order_item *items);

#endif
