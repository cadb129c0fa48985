/* Numbers collected where an index says, and reduced there: what scatter_reduce, index_reduce and
 * segment_reduce have in common.
 */
#ifndef FLUXION_OPS_COLLECT_H
#define FLUXION_OPS_COLLECT_H

#include "indexing.h"

typedef struct fx__collect_options {
    fx_reduce_kind kind;
    bool include;    /* x's number counts as one of those that are collected in its place */
    bool self_apart; /* ... but not among the ties of an extreme, nor in the count of a mean */
} fx__collect_options;

/* y = x, but where numbers of source go to: there what they come to. places: for each number of source the
 * row-major place in x that it goes to; int64, checked. */
fx_tensor *fx__collect(fx_tensor *x, fx_tensor *source, fx_tensor *places, fx__collect_options o,
                       fx_where where);

/* A new int64 tensor of one dimension, and its numbers. */
fx_tensor *fx__new_index(fx_context *cx, int64_t count, int64_t **at, fx_where where);

#endif
