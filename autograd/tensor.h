/* What a tensor is, for the folders that compute with them (autograd, ops).
 *
 * A handle (fx_tensor) is a header, `ndim` sizes, `ndim` strides, and, for an owner of at most
 * FX__INLINE_BYTES of numbers, the numbers themselves:
 *
 *     | header | size[ndim] | stride[ndim] | numbers, if small |
 *
 * Larger numbers lie in a pooled fx_buffer. A view has an `owner`, the handle whose memory it shows, and no
 * memory of its own. Most handles lie in the context's arena and end when the arena is rewound; those that
 * must outlive their scope or be ended singly lie in the heap (FX__HEAP). Invariant: a handle's memory
 * outlives every node that mentions it.
 */
#ifndef FLUXION_AUTOGRAD_TENSOR_H
#define FLUXION_AUTOGRAD_TENSOR_H

#include <fluxion/autograd.h>

enum { FX__INLINE_BYTES = 64, FX__ALIGNMENT = 64 };

typedef struct fx_node fx_node;
typedef struct fx_meta fx_meta;
typedef struct fx_buffer fx_buffer;
typedef struct fx_memory_scope fx_memory_scope;

enum {                              /* fx_tensor.flags */
       FX__REQUIRES_GRAD = 1 << 0,  /* a leaf that wants a gradient; results have a node instead */
       FX__CONTIGUOUS = 1 << 1,     /* row-major without gaps */
       FX__HEAP = 1 << 2,           /* the handle is in the heap, not in the arena */
       FX__INLINE = 1 << 3,         /* the numbers follow the strides */
       FX__FOREIGN = 1 << 4,        /* the numbers are the caller's (fx_wrap) */
       FX__INFERENCE = 1 << 5,      /* made in inference mode */
       FX__VIEW_NO_GRAD = 1 << 6,   /* a view made while nothing was recorded */
       FX__VIEW_MULTI = 1 << 7,     /* a view that is one of several outputs (split, unbind) */
       FX__ENDED = 1 << 8,          /* released; its memory is held by what uses it */
       FX__KEPT = 1 << 9,           /* moved out of its scope */
       FX__COUNTED = 1 << 10,       /* one of the handles that its buffer counts */
       FX__DETACHED = 1 << 11,      /* shares memory with an owner, but not its history */
       FX__TEMPORARY = 1 << 12,     /* a gradient on its way, counted by `version` (backward.c) */
       FX__VIEWED = 1 << 13,        /* a view of it was made */
       FX__VIEW_DETACHED = 1 << 14, /* a view of a detached tensor */
       FX__ORPHAN = 1 << 15,        /* ends with the last scope that refers to it */
};

struct fx_tensor {
    fx_context *cx;
    char *data;        /* of the first element */
    fx_buffer *buffer; /* pooled memory, also of views; NULL: inline, foreign or none */
    fx_tensor *owner;  /* of a view, never itself a view; NULL: this is an owner */
    fx_node *node; /* that made it; a leaf that wants a gradient: its accumulator, once it has been used */
    fx_meta *meta; /* gradient, hooks, writes: what few tensors have */
    int64_t numel;
    uint32_t version; /* owners: how often the memory was written. Views: the owner's history that `node`
                         belongs to */
    uint32_t scope;   /* the id of the scope that made it */
    uint8_t dtype, ndim;
    uint16_t flags;
    uint16_t output; /* which of its node's */
    uint16_t hangs;  /* in the heap: it is the gradient of a tensor, which ends it */
    int64_t size[];  /* ndim sizes, then ndim strides */
};

static inline const int64_t *fx__stride(const fx_tensor *x) { return x->size + x->ndim; }
static inline bool fx__contiguous(const fx_tensor *x) { return x->flags & FX__CONTIGUOUS; }
static inline fx_tensor *fx__owner(const fx_tensor *x)
{
    return x->owner ? x->owner : (fx_tensor *)(uintptr_t)x;
}

/* Whether elements share memory, as those of an expanded tensor or of overlapping windows do. */
bool fx__overlaps_itself(int ndim, const int64_t *sizes, const int64_t *strides);

/* A new tensor in the open scope, numbers not set, row-major. NULL after an error. */
fx_tensor *fx__new(fx_context *cx, fx_dtype dtype, int ndim, const int64_t *size, fx_where where);

/* A view of x's memory without history (a view op records itself through fx_apply). offset in elements from
 * x's first. */
fx_tensor *fx__view(fx_tensor *x, int ndim, const int64_t *size, const int64_t *stride, int64_t offset);

/* Zeros, without history, as x in shape and dtype; and a row-major copy without history (x itself if it is
 * row-major). */
fx_tensor *fx__zeros_like(const fx_tensor *x);
fx_tensor *fx__contiguous_of(fx_tensor *x);

/* Memory for the length of a call: freed when the call's scope is (ops that need a work buffer). NULL after
 * an error. 64-byte aligned, from the pool. */
void *fx__scratch(fx_context *cx, size_t bytes);
void fx__scratch_free(fx_context *cx, void *memory);

/* True if x has a graph or is a leaf that wants a gradient, and the mode records. */
bool fx__wants_grad(fx_tensor *x);

/* Draws a stream of random numbers: returns the first counter value of `count` draws and moves on. Draw i of
 * a stream is a pure function of (seed, counter + i), so that any number of threads fill alike
 * (autograd/random.h). */
uint64_t fx__draw(fx_context *cx, uint64_t count);

/* Formats sizes like (64, 784) into one of a few rotating buffers of the context, for messages. */
const char *fx__shape_text(const fx_tensor *x);
const char *fx__dims_text(fx_context *cx, int ndim, const int64_t *size);

/* A fused gradient's way to get memory for gx[i]: a new tensor shaped as input i, of its dtype, without
 * history; or g itself, to be overwritten, where nobody else sees it and shape and dtype are the same
 * (elementwise gradients). */
fx_tensor *fx__grad_new(const fx_call *c, int input);
fx_tensor *fx__grad_reuse(const fx_call *c, int input, fx_tensor *g);
/* ... or what input i's gradient has come to so far, of its shape and dtype, row-major, for the closure to
 * add to it and leave gx[i] NULL: one pass over memory less. NULL where there is nothing yet or somebody else
 * sees it. */
fx_tensor *fx__grad_sum(const fx_call *c, int input);
/* ... and of any other shape: one that input i was broadcast to, which the tape sums. */
fx_tensor *fx__grad_shaped(const fx_call *c, fx_dtype dtype, int ndim, const int64_t *size);
/* ... and for one number that all of input i's elements share: strides of 0, not row-major. */
fx_tensor *fx__grad_repeated(const fx_call *c, int input);

/* In-place: writes `value` (same shape; same dtype or castable) into x's memory and makes x's history
 * `value`'s, as SEMANTICS V1-V6 say: leaves, views and expanded tensors are checked here. op_name names the
 * op in errors ("add_"). Returns x. */
fx_tensor *fx__assign(fx_tensor *x, fx_tensor *value, const char *op_name, fx_where where);

/* The same in steps, for an op that writes x's numbers itself: whether it may (false after an error), and,
 * afterwards, that it has: value is the tensor whose history x takes on, NULL for a constant. */
bool fx__check_in_place(fx_tensor *x, bool value_wants_grad, const char *op_name, fx_where where);
bool fx__written(fx_tensor *x, fx_tensor *value, const char *op_name, fx_where where);

#endif
