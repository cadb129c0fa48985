/* A context's insides: errors, memory, modes. For autograd/ alone, but for the accessors at the end. */
#ifndef FLUXION_AUTOGRAD_CONTEXT_H
#define FLUXION_AUTOGRAD_CONTEXT_H

#include "tensor.h"
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FX__ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define FX__ASAN
#endif
#ifdef FX__ASAN
#include <sanitizer/asan_interface.h>
#define FX__POISON(at, bytes) __asan_poison_memory_region(at, bytes)
#define FX__UNPOISON(at, bytes) __asan_unpoison_memory_region(at, bytes)
#else
#define FX__POISON(at, bytes) ((void)(at), (void)(bytes))
#define FX__UNPOISON(at, bytes) ((void)(at), (void)(bytes))
#endif

enum {
    FX__ERROR_TEXT = 1024,
    FX__SHAPE_TEXTS = 8,
    FX__SHAPE_TEXT = 200,
    FX__SIZE_CLASSES = 168,
    FX__ARENA_FIRST = 64 << 10,
    FX__ARENA_LARGEST = 512 << 10
};

/* ---- the arena: a list of blocks, filled from first to last, rewound to a mark ------------------------- */

typedef struct fx_block {
    struct fx_block *next;
    size_t bytes; /* the header included */
} fx_block;

typedef struct fx_arena_mark {
    fx_block *block;
    char *at;
} fx_arena_mark;

typedef struct fx_arena {
    fx_block *first, *block; /* the block that is being filled; those after it are empty */
    char *at, *end;
} fx_arena;

/* ---- the pool: buffers by size class ------------------------------------------------------------------- */

/* Memory for numbers. In use it hangs in its scope's list, free in its class's. It is given back when no
 * handle counts on it (`handles`) and no closure or inner scope holds it (`captures`). */
struct fx_buffer {
    char *data;
    size_t bytes; /* that a tensor asked for; 0: not a tensor's */
    fx_buffer *next, **link;
    fx_memory_scope *scope;
    uint32_t captures, handles;
    uint32_t closures; /* those of the captures that are closures' */
    uint32_t held_by;  /* the serial of the last scope that took a reference */
    uint16_t kept;     /* handles that outlive its scope (fx_keep) */
    uint8_t size_class;
};

/* A handle in the heap. */
typedef struct fx_heap_handle {
    struct fx_heap_handle *next, **link;
    fx_memory_scope *scope;
    uint32_t holds;   /* scopes that refer to it */
    uint32_t held_by; /* the serial of the last of them */
    size_t bytes;
} fx_heap_handle; /* the fx_tensor follows */

/* A scope's reference to something of a scope around it. */
typedef struct fx_hold {
    struct fx_hold *next;
    fx_buffer *buffer;      /* either */
    fx_heap_handle *handle; /* or */
} fx_hold;

/* Something to be called when a scope ends. */
typedef struct fx_ending {
    struct fx_ending *next;
    void (*end)(void *data);
    void *data;
} fx_ending;

struct fx_memory_scope {
    fx_memory_scope *parent;
    uint32_t id;       /* larger than those of the scopes around it, and of all that lives in them */
    uint32_t serial;   /* which one it is of all that ever were */
    uint32_t sequence; /* the tape's, when it was opened */
    fx_arena_mark mark;
    fx_node *tail; /* the tape's last node, when it was opened */
    fx_buffer *buffers;
    fx_heap_handle *heap;
    fx_hold *holds;
    fx_ending *endings;
    fx_grad_mode mode; /* to restore */
    bool absorbed;     /* its arena lives on in the parent: something with a graph was kept */
    fx_where where;
    int64_t nodes; /* made in it and in what it absorbed */
};

/* ---- contexts ------------------------------------------------------------------------------------------ */

typedef struct fx_saved_hooks_entry {
    struct fx_saved_hooks_entry *next;
    fx_saved_hooks hooks;
} fx_saved_hooks_entry;

struct fx_pass;

struct fx_context {
    const void *thread;
    fx_memory_scope *scope; /* the innermost */
    fx_arena arena;
    fx_node *tail;
    uint32_t sequence; /* of the last node */
    uint8_t mode;      /* fx_grad_mode */
    bool zero_safe, tracing;
    bool copy_on_write; /* what closures captured is copied when it is about to be written */
    fx_dtype dtype;
    int threads;
    uint32_t scope_id, scope_serial, pass_id;
    fx_memory_scope *floor; /* of a pass that runs: a scope that may not be closed in it */
    struct fx_pass *pass;   /* the innermost one running */
    int pass_depth;
    fx_tensor *temporaries[FX_MAX_DIMS + 1]; /* free handles of gradients, by ndim */

    fx_status error;
    bool stranger;     /* a thread that does not hold the context used it; atomic */
    uint64_t failures; /* counted, so that a caller can tell whether a call of its own failed */
    char message[FX__ERROR_TEXT];
    fx_warning_function *warning;
    void *warning_data;
    int64_t warnings;
    char shape_text[FX__SHAPE_TEXTS][FX__SHAPE_TEXT];
    unsigned shape_text_next;

    fx_allocator allocator;
    fx_buffer *free_buffers[FX__SIZE_CLASSES];
    fx_buffer *free_headers;
    unsigned colour;
    fx_memory_scope root;
    fx_memory_scope *free_scopes;
    fx_stats stats;
    int64_t node_count;

    fx_random_state random;
    fx_nan_trace nan_trace;
    fx_saved_hooks_entry *saved_hooks, *free_hooks;
};

extern _Thread_local char fx__thread_tag __attribute__((tls_model("initial-exec")));

/* Reports a context used by a thread that does not hold it. True if all is well. */
bool fx__wrong_thread(fx_context *cx, fx_where where);
static inline bool fx__enter(fx_context *cx, fx_where where)
{
    return __builtin_expect(cx->thread == &fx__thread_tag, 1) || fx__wrong_thread(cx, where);
}

/* Memory from the context's allocator; NULL after an error. */
void *fx__system_alloc(fx_context *cx, size_t bytes);
void fx__system_free(fx_context *cx, void *memory, size_t bytes);

void *fx__arena_more(fx_context *cx, size_t bytes);
/* Memory that ends with the open scope, 8-byte aligned. NULL after an error. */
static inline void *fx__arena_alloc(fx_context *cx, size_t bytes)
{
    bytes = (bytes + 7) & ~(size_t)7;
    char *at = cx->arena.at;
    if (__builtin_expect((size_t)(cx->arena.end - at) < bytes, 0)) return fx__arena_more(cx, bytes);
    cx->arena.at = at + bytes;
    FX__UNPOISON(at, bytes);
    return at;
}

fx_buffer *fx__buffer_new(fx_context *cx, fx_memory_scope *scope, size_t bytes);
void fx__buffer_free(fx_context *cx, fx_buffer *buffer);   /* back to the pool, whoever counts on it */
void fx__buffer_settle(fx_context *cx, fx_buffer *buffer); /* back to the pool if nobody does */
void fx__buffer_move(fx_buffer *buffer, fx_memory_scope *scope);

/* A scope refers to memory of a scope around it: the buffer, or the heap handle, of x. False after an error.
 */
bool fx__hold_in(fx_context *cx, fx_memory_scope *scope, fx_tensor *x);
static inline bool fx__hold(fx_tensor *x)
{
    if (__builtin_expect(!x->buffer && !(x->flags & FX__HEAP), 1)) return true;
    return fx__hold_in(x->cx, x->cx->scope, x);
}

/* A handle in the heap, of a given scope, with memory of its own. */
fx_tensor *fx__new_in(fx_context *cx, fx_memory_scope *scope, fx_dtype dtype, int ndim, const int64_t *size,
                      fx_where where);
/* A handle in the heap without memory yet. */
fx_tensor *fx__handle_in(fx_context *cx, fx_memory_scope *scope, const fx_tensor *like);
void fx__heap_free(fx_context *cx, fx_tensor *x);
void fx__heap_move(fx_tensor *x, fx_memory_scope *scope);
/* x's owner has no use for it any more, but whoever reads it may go on until the given scope ends. */
void fx__heap_orphan(fx_tensor *x, fx_memory_scope *scope);
/* Memory from the pool that ends with a scope. NULL after an error. */
void *fx__scope_memory(fx_context *cx, fx_memory_scope *scope, size_t bytes);
/* The last component of a path; "?" for NULL. */
const char *fx__base_name(const char *path);
/* How many elements sizes stand for; -1 where they, or their bytes, do not fit. */
int64_t fx__count_elements(int ndim, const int64_t *size, size_t item);
/* The open scope that x belongs to. */
fx_memory_scope *fx__scope_of(const fx_tensor *x);
/* Something that the scope does last. False after an error. */
bool fx__at_end(fx_context *cx, fx_memory_scope *scope, void (*end)(void *), void *data);

fx_memory_scope *fx__scope_push(fx_context *cx, fx_where where);
void fx__scope_pop(fx_context *cx, fx_memory_scope *scope);
bool fx__scopes_init(fx_context *cx);
void fx__memory_finish(fx_context *cx);

void fx__warn(fx_context *cx, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
