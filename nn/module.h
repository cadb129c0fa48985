/* A module's insides: what it owns, in lists in the order of adding.
 *
 * All of it is memory of the context, and nothing is ever taken out of a list. So the number of entries below
 * a module tells whether a list that was made of them is still right, and the names in one stand for good.
 */
#ifndef FLUXION_NN_MODULE_H
#define FLUXION_NN_MODULE_H

#include "autograd/owned.h"

#include <fluxion/nn.h>

typedef struct fx_entry {
    struct fx_entry *next;
    fx_tensor *tensor; /* a parameter or a buffer */
    fx_module *child;
    bool transient;
    char name[];
} fx_entry;

typedef struct fx_entries {
    fx_entry *first, *last;
} fx_entries;

/* The lists that can be asked for. */
typedef enum fx_list_kind {
    FX__PARAMETERS,
    FX__BUFFERS,
    FX__STATE,
    FX__EVERY_NAME, /* the state, where what stands in several places has all its names */
    FX__LIST_KINDS
} fx_list_kind;

typedef struct fx_cached_list {
    int64_t entries; /* below the module when it was made; 0: never */
    fx_named_list list;
} fx_cached_list;

struct fx_module {
    fx_context *cx;
    fx_forward_function *forward;
    void *data;
    void (*destroy)(void *data);
    const char *kind;
    fx_entries parameters, buffers, children;
    bool training;
    bool simple;    /* a layer of this library: keeps none of its inputs, and none of its results */
    bool one_op;    /* ... and makes nothing besides its result */
    fx_where where; /* of the call that runs */
    fx_cached_list lists[FX__LIST_KINDS];
};

/* A layer of this library: `bytes` of options (zeroed, fx_module_data) come with it. NULL after an error. */
fx_module *fx__layer_new(fx_context *cx, const char *kind, fx_forward_function *forward, size_t bytes);

/* Adds parameters that come from fx__context_tensors(); they require a gradient. False after an error. */
bool fx__layer_parameter(fx_module *m, const char *name, fx_tensor *x, fx_where where);

/* Buffers of a layer, not set: of its context, as its parameters are. NULL after an error. */
fx_tensor *fx__layer_buffer(fx_module *m, const char *name, fx_dtype dtype, fx_dims sizes, fx_where where);

/* Whether none of a layer's sizes is negative; reports otherwise. */
bool fx__check_sizes(fx_context *cx, const char *name, int count, const int64_t *sizes, fx_where where);
/* Puts in the context's dtype where none was given; false if it is no floating one. */
bool fx__check_dtype(fx_context *cx, const char *name, fx_dtype *dtype, fx_where where);

/* A list, made if need be. Empty after an error. */
fx_named_list fx__module_list(fx_module *m, fx_list_kind kind, fx_where where);

#endif
