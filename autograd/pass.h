/* What a pass of backward is, and its temporaries: for backward.c, temporaries.c and accumulate.c.
 *
 * Without create_graph gradients on their way are temporaries: handles of the pass's own scope, recycled when
 * they have been used, counted in `version`, sharing buffers that count them. A temporary with one user and a
 * buffer of its own may be overwritten or added to in place. With create_graph they are ordinary tensors of
 * the caller's scope.
 */
#ifndef FLUXION_PASS_H
#define FLUXION_PASS_H

#include "tape.h"

typedef struct fx_target {
    fx_node *node;
    fx_tensor *x, *result;
    uint16_t output;
} fx_target;

/* A gradient to be put into a tensor's meta when the pass has succeeded. */
typedef struct fx_commit {
    struct fx_commit *next;
    fx_tensor *x, *grad, *ready; /* ready: what the tensor's gradient will be, if it had none */
    bool leaf;
} fx_commit;

/* What an outer pass had in a node that an inner one reached. */
typedef struct fx_stash {
    struct fx_stash *next;
    fx_node *node, *previous;
    fx_tensor *grad, **grads;
    uint32_t mark;
    uint16_t flags;
} fx_stash;

/* A multi-hook that a gradient of the pass has reached. */
typedef struct fx_multi_run {
    struct fx_multi_run *next;
    fx_multi *multi;
    fx_tensor *grads[];
} fx_multi_run;

typedef struct fx_pass {
    struct fx_pass *outer;
    fx_context *cx;
    fx_where where;
    uint32_t id;
    bool retain, create, restricted;
    bool accumulates; /* fx_backward, not fx_gradient */
    bool simple;      /* no graph, no part, no outer pass, no tracing: run_simple() will do */
    int64_t pending;
    fx_node *now;        /* whose closure runs */
    const fx_call *call; /* and what it is called with */
    fx_node *leaves;
    fx_node *last; /* of the roots, in making order */
    fx_memory_scope *scope, *caller;
    fx_target *targets;
    int target_count;
    fx_commit *commits, **commit_end;
    fx_stash *stash;
    fx_multi_run *multis;
    fx_memory_scope *floor;
    fx_node **reached; /* restricted: the nodes that lead to a target */
    int64_t reached_count, reached_room;
    fx_buffer *reached_memory;
    fx_tensor *temporaries[FX_MAX_DIMS + 1];
    fx_grad_mode mode;
} fx_pass;

/* ---- temporaries --------------------------------------------------------------------------------------- */

bool fx__more_temporaries(fx_context *cx, int ndim);

static inline fx_tensor *fx__temporary_handle(fx_context *cx, fx_dtype dtype, int ndim)
{
    if (!cx->temporaries[ndim] && !fx__more_temporaries(cx, ndim)) return NULL;
    fx_tensor *t = cx->temporaries[ndim];
    cx->temporaries[ndim] = t->owner;
    t->owner = NULL;
    t->dtype = (uint8_t)dtype;
    t->flags = FX__TEMPORARY;
    t->version = 1;
    t->scope = cx->scope->id;
    return t;
}

static inline __attribute__((always_inline)) fx_tensor *fx__temporary(fx_context *cx, fx_dtype dtype,
                                                                      int ndim, const int64_t *size)
{
    fx_tensor *t = fx__temporary_handle(cx, dtype, ndim);
    if (!t) return NULL;
    int64_t n = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        t->size[i] = size[i];
        t->size[ndim + i] = n;
        n *= size[i];
    }
    t->numel = n;
    t->flags |= FX__CONTIGUOUS;
    const size_t bytes = (size_t)n * (dtype == FX_F32 ? 4 : fx_dtype_size(dtype));
    if (bytes <= FX__INLINE_BYTES) {
        t->data = (char *)(t->size + 2 * ndim);
        t->flags |= FX__INLINE;
        return t;
    }
    t->buffer = fx__buffer_new(cx, cx->pass->scope, bytes);
    if (!t->buffer) return NULL;
    t->data = t->buffer->data;
    t->flags |= FX__COUNTED;
    return t;
}

static inline void fx__drop(fx_tensor *t)
{
    if (!t || !(t->flags & FX__TEMPORARY) || --t->version) return;
    fx_context *cx = t->cx;
    if (t->flags & FX__COUNTED) {
        t->buffer->handles--;
        fx__buffer_settle(cx, t->buffer);
    }
    t->buffer = NULL;
    t->node = NULL;
    t->meta = NULL;
    t->owner = cx->temporaries[t->ndim];
    cx->temporaries[t->ndim] = t;
}

static inline fx_tensor *fx__share(fx_tensor *t)
{
    if (t && t->flags & FX__TEMPORARY) t->version++;
    return t;
}

/* Nobody else sees its numbers. */
static inline bool fx__exclusive(const fx_tensor *t)
{
    return (t->flags & (FX__TEMPORARY | FX__CONTIGUOUS)) == (FX__TEMPORARY | FX__CONTIGUOUS) &&
           t->version == 1 &&
           (t->flags & FX__INLINE ||
            (t->flags & FX__COUNTED && t->buffer->handles == 1 && t->buffer->captures == 0));
}

static inline bool fx__same_shape(const fx_tensor *a, const fx_tensor *b)
{
    if (a->ndim != b->ndim || a->numel != b->numel) return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->size[i] != b->size[i]) return false;
    return true;
}

fx_tensor *fx__temporary_copy(fx_context *cx, const fx_tensor *x);
/* A tensor that a closure made, as a temporary that outlives the closure's scope. */
fx_tensor *fx__adopt(fx_pass *pass, fx_tensor *x);
/* a + b, in the memory of one of them if nobody else sees it; both are used up. */
fx_tensor *fx__sum_of(fx_pass *pass, fx_tensor *a, fx_tensor *b);

/* Memory that lasts as long as the pass. */
void *fx__pass_memory(fx_pass *pass, size_t bytes);

/* ---- leaves -------------------------------------------------------------------------------------------- */

/* Notes that x's gradient grows by grad when the pass has succeeded. */
bool fx__will_accumulate(fx_pass *pass, fx_tensor *x, fx_tensor *grad, bool leaf);
/* Hooks run, memory is made ready, and then, when nothing can fail any more, the gradients change. */
bool fx__accumulate(fx_pass *pass);
/* The hooks that wait for all of several gradients. */
bool fx__run_multis(fx_pass *pass);
/* A handle in the heap of `scope` with the numbers of g: g's own buffer if nobody else sees it, a copy
 * otherwise. With create_graph with the history of g. */
fx_tensor *fx__settle_in(fx_pass *pass, fx_memory_scope *scope, fx_tensor *g);

#endif
