/* Tape nodes: what an op records of a call.
 *
 *     | fx_node | fx_link[inputs] | options |        one bump allocation
 *
 * A node's code is op->local_grad; its environment is the links that are captured, the outputs that are, and
 * the options. Nodes hang in a list from last made to first (`previous`): making order is a valid topological
 * order, so a backward pass is a walk down that list over the nodes that gradients have reached. Marks and
 * gradients lie in the node.
 *
 * A leaf that wants a gradient has an accumulator, a node without an op that hangs in no list; while a pass
 * runs, `previous` chains the accumulators that it reached.
 */
#ifndef FLUXION_AUTOGRAD_TAPE_H
#define FLUXION_AUTOGRAD_TAPE_H

#include "context.h"
#include "space.h"

typedef struct fx_extra fx_extra;

enum {                             /* fx_node.flags */
       FX__NODE_FREED = 1 << 0,    /* what it captured was let go */
       FX__NODE_CAPTURES = 1 << 1, /* it captured something */
       FX__NODE_NEEDED = 1 << 2,   /* in a pass over part of the graph: leads to an input of that pass */
       FX__NODE_PACKED = 1 << 3,   /* captured tensors went through saved-tensor hooks: see extra */
       FX__NODE_TARGET = 1 << 4,   /* in a pass: its gradient, or one of its outputs', is asked for */
};

enum { /* fx_link.flags */
       FX__CAPTURED = 1 << 0,
       FX__CAPTURE_COUNTED = 1 << 1, /* the buffer counts this capture */
};

/* An input, as it was at the call. */
typedef struct fx_link {
    fx_node *node;    /* that made it, or the accumulator of a leaf; NULL: no gradient goes there */
    fx_tensor *x;     /* always there, to ask for shapes; its numbers only if captured */
    uint32_t version; /* of its memory when captured */
    uint16_t output;  /* which of node's */
    uint16_t flags;
} fx_link;

struct fx_node {
    const fx_op *op; /* NULL: the accumulator of a leaf */
    fx_node *previous;
    const char *file;
    union {
        fx_tensor *grad;        /* one output: its gradient so far, in the pass `mark` */
        fx_tensor **grads;      /* several outputs: of each */
        const char *freed_file; /* FX__NODE_FREED: by the pass there; its line is y_version */
    };
    union {
        fx_tensor *y;   /* one output */
        fx_tensor **ys; /* several */
    };
    fx_extra *extra; /* hooks, retained gradients, packed captures: what few nodes have */
    int line;
    uint32_t sequence;
    uint32_t mark; /* the last pass that reached it */
    uint16_t inputs, outputs;
    uint32_t y_version; /* of a captured output's memory */
    uint8_t y_flags;    /* bit k: output k is captured; y_counted: its buffer counts that */
    uint8_t y_counted;
    uint16_t flags;
    fx_link link[];
};

static inline void *fx__node_options(const fx_node *n) { return (void *)(uintptr_t)(n->link + n->inputs); }
static inline fx_tensor *fx__node_y(const fx_node *n, int k) { return n->outputs == 1 ? n->y : n->ys[k]; }

/* A hook of a tensor: of a leaf (in its meta) or of a result (in its node's extra). */
struct fx_hook {
    fx_hook *next;
    fx_grad_hook *function;         /* either */
    fx_accumulate_hook *accumulate; /* or */
    void *data;
    void (*destroy)(void *);
    const fx_hook *with; /* of a multi-hook: the hook that is removed for all of its tensors */
    uint16_t output;
    bool removed;
};

/* A hook of several tensors. */
typedef struct fx_multi {
    fx_hook hook; /* what fx_add_multi_hook returned; hangs on no tensor */
    fx_multi_hook *function;
    fx_multi_mode mode;
    int count;
    void *members;
} fx_multi;

/* One of a multi-hook's tensors has its gradient; false after an error. */
bool fx__multi_reached(fx_context *cx, fx_multi *m, int at, fx_tensor *grad);
bool fx__run_multi(fx_context *cx, fx_multi *m, fx_tensor *const *grads, fx_where where);

/* A result whose gradient is to be kept. */
typedef struct fx_retain {
    struct fx_retain *next;
    fx_tensor *x;
    uint16_t output;
} fx_retain;

/* A capture that went through saved-tensor hooks. */
typedef struct fx_packed {
    fx_saved_hooks hooks;
    void *value; /* NULL: not packed */
} fx_packed;

struct fx_extra {
    fx_hook *hooks;
    fx_retain *retains;
    fx_packed *packed; /* of each input, then of each output */
};

/* A write in place: what was written, and by whom. */
typedef struct fx_write {
    uint32_t version; /* that it made; 0: none */
    const char *op;
    fx_where where;
    fx_geometry *box;
    bool part; /* only the elements of box were written */
} fx_write;
enum { FX__WRITES = 4 };

/* What few tensors have. */
struct fx_meta {
    fx_tensor *grad;      /* leaves, and results that retain it */
    bool retains;         /* a result that wants its gradient kept */
    bool warned;          /* a gradient was asked for where none is kept */
    bool cut;             /* the gradient's graph is cut when the scope it was made in ends */
    fx_hook *hooks;       /* leaves: in order of adding */
    fx_node *accumulator; /* leaves */
    uint32_t history;     /* owners: how often a write made a new history that views must follow */
    fx_write *writes;     /* owners: the last FX__WRITES, at version % FX__WRITES; NULL: none */
};

/* The node, or accumulator, that a gradient of x flows to; NULL: none. May regenerate a view's history after
 * a write through another view. NULL and an error counted in fx__failures() when memory is out. */
fx_node *fx__edge_slow(fx_tensor *x);
static inline fx_node *fx__edge(fx_tensor *x)
{
    if (__builtin_expect(!x->owner && x->node, 1)) return x->node;
    if (!x->owner && !(x->flags & FX__REQUIRES_GRAD)) return NULL;
    return fx__edge_slow(x);
}

/* Whether a call with these inputs is to be recorded: bit i says that input i wants a gradient. */
uint64_t fx__needs(fx_context *cx, fx_tensor *const *x, int count);

/* x, of a scope around the open one, refers to a node of the open one: the scopes between must not rewind. */
void fx__absorb_to(fx_tensor *x);

/* Records a call whose outputs are made: gives ys their node. captures as in fx_op. False after an error. */
bool fx__record(fx_context *cx, const fx_op *op, fx_tensor *const *x, int inputs, fx_tensor *const *ys,
                int outputs, const void *options, unsigned captures, fx_where where);

/* x is about to be written with what the call at `where` made: where its nodes captured x's memory they get
 * copies of their own, so that x = x * w can be written in place. False after an error. */
bool fx__save_before_write(const fx_tensor *x, fx_where where);

/* After a rewind of the arena: the tape is what it was when the scope was opened. */
void fx__tape_cut(fx_context *cx, fx_memory_scope *scope);

fx_meta *fx__meta(fx_tensor *x); /* makes it; NULL after an error */
uint32_t fx__version(const fx_tensor *x);
/* x is released: so is its gradient, and its hooks are. */
void fx__leaf_end(fx_tensor *x);

/* Lets go of what a node captured. */
void fx__node_free(fx_context *cx, fx_node *n, fx_where by);

/* Checks a captured tensor against what was written since; false after an error. what: "the result of exp"
 * and so on. */
bool fx__check_version(fx_node *n, const fx_tensor *x, uint32_t version, fx_where where, int input);

/* Runs the gradient hooks of an output, or of a leaf (output 0). NULL after an error. */
fx_tensor *fx__run_hooks(fx_context *cx, fx_hook *hooks, int output, fx_tensor *grad, const fx_tensor *x,
                         fx_where where);
/* Makes it, in the scope of the node's result; NULL after an error. */
fx_extra *fx__extra(fx_context *cx, fx_node *n, fx_memory_scope *scope);

/* Memory of a scope that may not be the innermost. NULL after an error. */
void *fx__scope_alloc(fx_context *cx, fx_memory_scope *scope, size_t bytes);

/* NaN tracing of a forward: false after an error. */
bool fx__trace_forward(const fx_call *c);

#endif
