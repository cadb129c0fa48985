/* The short way through an op, for results of a few numbers: models of single numbers are made of nothing
 * else.
 *
 * A plain tensor owns its numbers, which lie in its handle, in an arena. A call over plain tensors of one
 * dtype and shape needs no shape rule, no buffer and no hold on a scope, so making the result and its node is
 * two bumps of the arena. What is made is what fx_apply_at would have made.
 */
#ifndef FLUXION_AUTOGRAD_SMALL_H
#define FLUXION_AUTOGRAD_SMALL_H

#include "tape.h"

/* Nothing watches ops of this context, and the calling thread holds it. */
static inline bool fx__small_context(const fx_context *cx)
{
    return cx->thread == &fx__thread_tag && !cx->saved_hooks && !cx->tracing && cx->mode != FX_GRAD_INFERENCE;
}

static inline bool fx__plain(const fx_tensor *x)
{
    return (x->flags & (FX__INLINE | FX__HEAP | FX__ENDED | FX__INFERENCE | FX__DETACHED)) == FX__INLINE;
}

static inline bool fx__plain_alike(const fx_tensor *a, const fx_tensor *b)
{
    if (a->ndim != b->ndim || a->dtype != b->dtype || !fx__plain(b) || a->cx != b->cx) return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->size[i] != b->size[i]) return false;
    return true;
}

/* A new tensor like a plain one, numbers not set. NULL after an error. */
static inline fx_tensor *fx__new_alike(const fx_tensor *x)
{
    fx_context *cx = x->cx;
    const size_t shape = 2 * sizeof(int64_t) * x->ndim;
    fx_tensor *y = fx__arena_alloc(cx, sizeof *y + shape + (size_t)x->numel * (x->dtype == FX_F64 ? 8 : 4));
    if (!y) return NULL;
    y->cx = cx;
    y->data = (char *)y->size + shape;
    y->buffer = NULL;
    y->owner = NULL;
    y->node = NULL;
    y->meta = NULL;
    y->numel = x->numel;
    y->version = 0;
    y->scope = cx->scope->id;
    y->dtype = x->dtype;
    y->ndim = x->ndim;
    y->flags = FX__INLINE | FX__CONTIGUOUS;
    y->output = 0;
    for (int i = 0; i < 2 * x->ndim; i++) y->size[i] = x->size[i];
    return y;
}

/* The node that a plain tensor's gradient flows to; NULL: none. */
static inline fx_node *fx__small_edge(fx_tensor *x)
{
    if (x->node) return x->node;
    if (!(x->flags & FX__REQUIRES_GRAD)) return NULL;
    return x->meta && x->meta->accumulator ? x->meta->accumulator : fx__edge_slow(x);
}

/* Records a call over one or two plain tensors. edge: of each. captures as in fx_op. options:
 * op->options_size bytes, whole doubles. False after an error. */
static inline bool fx__record_small(const fx_op *op, int inputs, fx_tensor *const *x, fx_node *const *edge,
                                    fx_tensor *y, const double *options, unsigned captures, fx_where where)
{
    fx_context *cx = y->cx;
    fx_node *n = fx__arena_alloc(cx, sizeof *n + sizeof(fx_link) * (size_t)inputs + op->options_size);
    if (!n) return false;
    n->op = op;
    n->previous = cx->tail;
    n->file = where.file;
    n->grad = NULL;
    n->y = y;
    n->extra = NULL;
    n->line = where.line;
    n->sequence = ++cx->sequence;
    n->mark = 0;
    n->inputs = (uint16_t)inputs;
    n->outputs = 1;
    n->y_version = 0;
    n->y_flags = captures & FX_CAPTURE_Y ? 1 : 0;
    n->y_counted = 0;
    n->flags = captures ? FX__NODE_CAPTURES : 0;
    for (int i = 0; i < inputs; i++)
        n->link[i] = (fx_link){ .node = edge[i],
                                .x = x[i],
                                .version = x[i]->version,
                                .output = x[i]->output,
                                .flags = captures >> i & 1 ? FX__CAPTURED : 0 };
    double *to = fx__node_options(n);
    for (size_t i = 0; i < op->options_size / sizeof *to; i++) to[i] = options[i];
    cx->tail = n;
    cx->scope->nodes++;
    cx->stats.nodes++;
    y->node = n;
    return true;
}

#endif
