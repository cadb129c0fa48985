/* Memory of a context: the arena of handles and nodes, the pool of buffers, the scopes that end both.
 *
 *     scope      root ------> step -----> layer            (innermost)
 *     arena      |#########|##############|######...       one stack of blocks; closing a scope rewinds to
 * its mark buffers    list         list          list           closing gives them back to the pool
 *
 * Invariant: what a scope made may refer to what the scopes around it made, and not the other way round, but
 * for a scope that is `absorbed`: something with a graph was moved out of it, so its arena is not rewound,
 * and its buffers that are still captured go over to the parent. A scope that refers to a buffer or a heap
 * handle of a scope around it holds it (fx_hold), so that fx_release() there cannot pull it away.
 */
#include "context.h"
#include "owned.h"
#include "tape.h"

/* ---- the system ---------------------------------------------------------------------------------------- */

void *fx__system_alloc(fx_context *cx, size_t bytes)
{
    void *memory = bytes <= PTRDIFF_MAX ? cx->allocator.alloc(cx->allocator.data, bytes) : NULL;
    if (!memory) {
        fx_error_set(cx, FX_ERROR_MEMORY, FX_LITERAL(fx_where){ 0 },
                     "out of memory: %zu bytes were not to be had", bytes);
        return NULL;
    }
    cx->stats.system_allocations++;
    cx->stats.pool_bytes += (int64_t)bytes;
    return memory;
}

void fx__system_free(fx_context *cx, void *memory, size_t bytes)
{
    if (!memory) return;
    cx->stats.pool_bytes -= (int64_t)bytes;
    cx->allocator.free(cx->allocator.data, memory, bytes);
}

/* ---- the arena ----------------------------------------------------------------------------------------- */

static char *block_start(fx_block *b) { return (char *)b + 64; }

static void enter_block(fx_arena *arena, fx_block *b)
{
    arena->block = b;
    arena->at = block_start(b);
    arena->end = (char *)b + b->bytes;
}

void *fx__arena_more(fx_context *cx, size_t bytes)
{
    fx_arena *arena = &cx->arena;
    fx_block *next = arena->block ? arena->block->next : arena->first;
    if (!next || next->bytes - 64 < bytes) {
        size_t want = arena->block ? arena->block->bytes * 2 : FX__ARENA_FIRST;
        if (want > FX__ARENA_LARGEST) want = FX__ARENA_LARGEST;
        if (want < bytes + 64) want = (bytes + 64 + 4095) & ~(size_t)4095;
        fx_block *b = fx__system_alloc(cx, want);
        if (!b) return NULL;
        b->bytes = want;
        b->next = next;
        FX__POISON(block_start(b), want - 64);
        if (arena->block)
            arena->block->next = b;
        else
            arena->first = b;
        next = b;
    }
    enter_block(arena, next);
    char *at = arena->at;
    arena->at += bytes;
    FX__UNPOISON(at, bytes);
    return at;
}

static void rewind_arena(fx_arena *arena, fx_arena_mark mark)
{
#ifdef FX__ASAN
    for (fx_block *b = mark.block ? mark.block->next : arena->first; b && arena->block; b = b->next) {
        FX__POISON(block_start(b), b->bytes - 64);
        if (b == arena->block) break;
    }
    if (mark.block) FX__POISON(mark.at, (size_t)((char *)mark.block + mark.block->bytes - mark.at));
#endif
    arena->block = mark.block;
    arena->at = mark.at;
    arena->end = mark.block ? (char *)mark.block + mark.block->bytes : NULL;
}

/* ---- the pool ------------------------------------------------------------------------------------------ */

/* Classes are spaced by a quarter of a power of two: 128, 160, 192, 224, 256, 320, ... so at most a quarter
 * is lost. */
static unsigned class_of(size_t bytes)
{
    if (bytes <= 128) return 0;
    unsigned log = 63 - (unsigned)__builtin_clzll(bytes - 1);
    unsigned quarter = (unsigned)((bytes - 1) >> (log - 2)) & 3;
    return (log - 7) * 4 + quarter + 1;
}

static size_t class_bytes(unsigned k)
{
    if (k == 0) return 128;
    unsigned log = 7 + (k - 1) / 4, quarter = (k - 1) % 4;
    return ((size_t)1 << log) + ((size_t)(quarter + 1) << (log - 2));
}

static void link_buffer(fx_buffer *b, fx_memory_scope *scope)
{
    b->scope = scope;
    b->next = scope->buffers;
    b->link = &scope->buffers;
    if (b->next) b->next->link = &b->next;
    scope->buffers = b;
}

static void unlink_buffer(fx_buffer *b)
{
    *b->link = b->next;
    if (b->next) b->next->link = b->link;
}

void fx__buffer_move(fx_buffer *b, fx_memory_scope *scope)
{
    unlink_buffer(b);
    link_buffer(b, scope);
}

/* A buffer's start is shifted by a few cache lines, another count for each: buffers of one class would
 * otherwise all lie at the same offset in a page and evict each other. */
enum { COLOURS = 8, COLOUR_STEP = 192, HEADER = (sizeof(fx_buffer) + 63) & ~63 };

static fx_buffer *new_buffer(fx_context *cx, unsigned k)
{
    size_t colour = class_bytes(k) >= 4096 ? (cx->colour++ % COLOURS) * COLOUR_STEP : 0;
    fx_buffer *b = fx__system_alloc(cx, HEADER + colour + class_bytes(k));
    if (!b) return NULL;
    *b = (fx_buffer){ .data = (char *)b + HEADER + colour, .size_class = (uint8_t)k };
    return b;
}

/* A buffer that hangs in no scope's list and counts as nobody's tensor. */
static fx_buffer *take_buffer(fx_context *cx, size_t bytes)
{
    if (bytes > (size_t)1 << 47) {
        fx_error_set(cx, FX_ERROR_MEMORY, FX_LITERAL(fx_where){ 0 },
                     "out of memory: %zu bytes were not to be had", bytes);
        return NULL;
    }
    unsigned k = class_of(bytes);
    fx_buffer *b = cx->free_buffers[k];
    if (b)
        cx->free_buffers[k] = b->next;
    else if (!(b = new_buffer(cx, k)))
        return NULL;
    b->bytes = 0;
    b->captures = b->closures = 0;
    b->handles = 1;
    b->held_by = 0;
    b->kept = 0;
    FX__UNPOISON(b->data, bytes);
    FX__POISON(b->data + bytes, class_bytes(k) - bytes);
    return b;
}

static void give_back_buffer(fx_context *cx, fx_buffer *b)
{
    FX__POISON(b->data, class_bytes(b->size_class));
    b->next = cx->free_buffers[b->size_class];
    cx->free_buffers[b->size_class] = b;
}

fx_buffer *fx__buffer_new(fx_context *cx, fx_memory_scope *scope, size_t bytes)
{
    fx_buffer *b = take_buffer(cx, bytes);
    if (!b) return NULL;
    link_buffer(b, scope);
    b->bytes = bytes;
    cx->stats.tensor_bytes += (int64_t)bytes;
    if (cx->stats.tensor_bytes > cx->stats.peak_bytes) cx->stats.peak_bytes = cx->stats.tensor_bytes;
    return b;
}

/* No closure has captured it any more. */
static void end_captures(fx_context *cx, fx_buffer *b)
{
    if (b->closures) cx->stats.captured_bytes -= (int64_t)b->bytes;
    b->captures = b->closures = 0;
}

void fx__buffer_free(fx_context *cx, fx_buffer *b)
{
    unlink_buffer(b);
    end_captures(cx, b);
    cx->stats.tensor_bytes -= (int64_t)b->bytes;
    give_back_buffer(cx, b);
}

void fx__buffer_settle(fx_context *cx, fx_buffer *b)
{
    if (b->captures == 0 && b->handles == 0) fx__buffer_free(cx, b);
}

static void release_free_buffer(fx_context *cx, fx_buffer *b)
{
    size_t bytes = class_bytes(b->size_class);
    FX__UNPOISON(b->data, bytes);
    fx__system_free(cx, b, (size_t)(b->data - (char *)b) + bytes);
}

void fx_context_trim(fx_context *cx)
{
    if (!cx) return;
    for (unsigned k = 0; k < FX__SIZE_CLASSES; k++)
        for (fx_buffer *b = cx->free_buffers[k], *next; b; b = next)
            next = b->next, release_free_buffer(cx, b);
    memset(cx->free_buffers, 0, sizeof cx->free_buffers);
    fx_block **link = cx->arena.block ? &cx->arena.block->next : &cx->arena.first;
    for (fx_block *b = *link, *next; b; b = next) {
        next = b->next;
        FX__UNPOISON(b, b->bytes);
        fx__system_free(cx, b, b->bytes);
    }
    *link = NULL;
}

void *fx__scratch(fx_context *cx, size_t bytes)
{
    fx_buffer *b = fx__buffer_new(cx, cx->scope, bytes + 64);
    if (!b) return NULL;
    memcpy(b->data, &b, sizeof b);
    return b->data + 64;
}

void fx__scratch_free(fx_context *cx, void *memory)
{
    if (!memory) return;
    fx_buffer *b;
    memcpy(&b, (char *)memory - 64, sizeof b);
    fx__buffer_free(cx, b);
}

/* ---- handles in the heap ------------------------------------------------------------------------------- */

static fx_heap_handle *heap_of(fx_tensor *x) { return (fx_heap_handle *)(void *)x - 1; }
static fx_tensor *in_heap(fx_heap_handle *h) { return (fx_tensor *)(void *)(h + 1); }

static void link_heap(fx_heap_handle *h, fx_memory_scope *scope)
{
    h->scope = scope;
    h->next = scope->heap;
    h->link = &scope->heap;
    if (h->next) h->next->link = &h->next;
    scope->heap = h;
}

static void unlink_heap(fx_heap_handle *h)
{
    *h->link = h->next;
    if (h->next) h->next->link = h->link;
}

fx_tensor *fx__handle_in(fx_context *cx, fx_memory_scope *scope, const fx_tensor *like)
{
    size_t bytes =
        sizeof(fx_heap_handle) + sizeof(fx_tensor) + 2 * sizeof(int64_t) * like->ndim + FX__INLINE_BYTES;
    /* The handle lives in a pooled buffer whose address it needs to give it back. */
    fx_buffer *b = take_buffer(cx, bytes + 64);
    if (!b) return NULL;
    memcpy(b->data, &b, sizeof b);
    fx_heap_handle *h = (fx_heap_handle *)(void *)(b->data + 64);
    memset(h, 0, sizeof *h + sizeof(fx_tensor));
    h->bytes = bytes;
    link_heap(h, scope);
    fx_tensor *x = in_heap(h);
    x->cx = cx;
    x->dtype = like->dtype;
    x->ndim = like->ndim;
    x->numel = like->numel;
    x->scope = scope->id;
    x->flags = FX__HEAP | (like->flags & FX__CONTIGUOUS);
    if (like->ndim) memcpy(x->size, like->size, 2 * sizeof(int64_t) * like->ndim);
    return x;
}

static void end_heap(fx_context *cx, fx_heap_handle *h)
{
    unlink_heap(h);
    fx_buffer *b;
    memcpy(&b, (char *)h - 64, sizeof b);
    give_back_buffer(cx, b);
}

void fx__heap_free(fx_context *cx, fx_tensor *x)
{
    fx_heap_handle *h = heap_of(x);
    if (x->flags & FX__COUNTED) {
        x->flags &= (uint16_t)~FX__COUNTED;
        if (x->buffer->kept && x->buffer->scope != h->scope) x->buffer->kept--;
        x->buffer->handles--;
        fx__buffer_settle(cx, x->buffer);
    }
    if (h->holds)
        x->flags |= FX__ENDED;
    else
        end_heap(cx, h);
}

void fx__heap_move(fx_tensor *x, fx_memory_scope *scope)
{
    if (!(x->flags & FX__HEAP)) return;
    unlink_heap(heap_of(x));
    link_heap(heap_of(x), scope);
    x->scope = scope->id;
}

void fx__heap_orphan(fx_tensor *x, fx_memory_scope *scope)
{
    if (heap_of(x)->holds)
        x->flags |= FX__ORPHAN; /* the scope may not be the last that refers to it */
    else
        fx__heap_move(x, scope);
}

fx_tensor *fx__new_in(fx_context *cx, fx_memory_scope *scope, fx_dtype dtype, int ndim, const int64_t *size,
                      fx_where where)
{
    int64_t numel = fx__count_elements(ndim, size, fx_dtype_size(dtype));
    if (numel < 0) {
        fx_error_set(cx, FX_ERROR_MEMORY, where, "a tensor of sizes %s does not fit in memory",
                     fx__dims_text(cx, ndim, size));
        return NULL;
    }
    int64_t like[(sizeof(fx_tensor) + 2 * sizeof(int64_t) * FX_MAX_DIMS + 7) / 8] = { 0 };
    fx_tensor *l = (fx_tensor *)(void *)like;
    l->dtype = (uint8_t)dtype;
    l->ndim = (uint8_t)ndim;
    l->numel = numel;
    int64_t stride = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        l->size[i] = size[i];
        l->size[ndim + i] = stride;
        stride *= size[i] ? size[i] : 1;
    }
    l->flags = FX__CONTIGUOUS;
    fx_tensor *x = fx__handle_in(cx, scope, l);
    if (!x) return NULL;
    size_t bytes = (size_t)x->numel * fx_dtype_size(dtype);
    if (bytes <= FX__INLINE_BYTES) {
        x->flags |= FX__INLINE;
        x->data = (char *)(x->size + 2 * ndim);
        return x;
    }
    x->buffer = fx__buffer_new(cx, scope, bytes);
    if (!x->buffer) {
        fx__heap_free(cx, x);
        return NULL;
    }
    x->data = x->buffer->data;
    x->flags |= FX__COUNTED;
    return x;
}

/* ---- scopes -------------------------------------------------------------------------------------------- */

bool fx__scopes_init(fx_context *cx)
{
    cx->scope = &cx->root;
    cx->root.id = ++cx->scope_id;
    cx->root.serial = ++cx->scope_serial;
    return true;
}

fx_memory_scope *fx__scope_push(fx_context *cx, fx_where where)
{
    fx_memory_scope *s = cx->free_scopes;
    if (s)
        cx->free_scopes = s->parent;
    else if (!(s = fx__system_alloc(cx, sizeof *s)))
        return NULL;
    *s = (fx_memory_scope){ .parent = cx->scope,
                            .id = ++cx->scope_id,
                            .serial = ++cx->scope_serial,
                            .sequence = cx->sequence,
                            .mark = { cx->arena.block, cx->arena.at },
                            .tail = cx->tail,
                            .mode = (fx_grad_mode)cx->mode,
                            .where = where };
    cx->scope = s;
    return s;
}

static void drop_holds(fx_context *cx, fx_memory_scope *s)
{
    for (fx_hold *h = s->holds; h; h = h->next) {
        if (h->buffer) {
            h->buffer->captures--;
            if (h->buffer->scope != s) fx__buffer_settle(cx, h->buffer);
        } else if (--h->handle->holds == 0 && in_heap(h->handle)->flags & (FX__ENDED | FX__ORPHAN))
            fx__heap_free(cx, in_heap(h->handle));
    }
}

static void give_to_parent(fx_context *cx, fx_memory_scope *s)
{
    fx_memory_scope *p = s->parent;
    if (s->holds) {
        fx_hold *last = s->holds;
        while (last->next) last = last->next;
        last->next = p->holds;
        p->holds = s->holds;
    }
    if (s->endings) {
        fx_ending *last = s->endings;
        while (last->next) last = last->next;
        last->next = p->endings;
        p->endings = s->endings;
    }
    while (s->heap) fx__heap_move(in_heap(s->heap), p);
    for (fx_buffer *b = s->buffers, *next; b; b = next) {
        next = b->next;
        b->handles = b->kept;
        b->kept = 0;
        if (b->captures || b->handles)
            fx__buffer_move(b, p);
        else
            fx__buffer_free(cx, b);
    }
    p->nodes += s->nodes;
}

/* A buffer whose handle fx_keep() moved out. The closures of the scope end without letting go of it one by
 * one. */
static void outlive(fx_context *cx, fx_buffer *b, fx_memory_scope *parent)
{
    end_captures(cx, b);
    b->handles = b->kept;
    b->kept = 0;
    fx__buffer_move(b, parent);
}

static void end_scope(fx_context *cx, fx_memory_scope *s)
{
    for (fx_ending *e = s->endings; e; e = e->next) e->end(e->data);
    drop_holds(cx, s);
    while (s->heap) {
        fx_heap_handle *h = s->heap;
        h->holds = 0;
        fx__heap_free(cx, in_heap(h));
    }
    for (fx_buffer *b = s->buffers, *next; b; b = next) {
        next = b->next;
        if (b->kept)
            outlive(cx, b, s->parent);
        else
            fx__buffer_free(cx, b);
    }
    fx__tape_cut(cx, s);
    rewind_arena(&cx->arena, s->mark);
    cx->scope_id = s->id - 1; /* nothing that lives has a larger one */
}

void fx__scope_pop(fx_context *cx, fx_memory_scope *scope)
{
    while (cx->scope != scope) fx__scope_pop(cx, cx->scope);
    if (scope->absorbed)
        give_to_parent(cx, scope);
    else
        end_scope(cx, scope);
    cx->mode = (uint8_t)scope->mode;
    cx->scope = scope->parent;
    scope->parent = cx->free_scopes;
    cx->free_scopes = scope;
}

void fx__memory_finish(fx_context *cx)
{
    while (cx->scope != &cx->root) fx__scope_pop(cx, cx->scope);
    end_scope(cx, &cx->root);
    for (fx_memory_scope *s = cx->free_scopes, *next; s; s = next) {
        next = s->parent;
        fx__system_free(cx, s, sizeof *s);
    }
    cx->arena.block = NULL;
    fx_context_trim(cx);
}

fx_scope fx_scope_open_at(fx_context *cx, fx_where where)
{
    fx_scope scope = { .cx = cx };
    if (!cx || !fx__enter(cx, where)) return scope;
    fx_memory_scope *s = fx__scope_push(cx, where);
    if (s) scope.id = s->serial, scope.open = true;
    return scope;
}

void fx_scope_close(fx_scope *scope)
{
    if (!scope || !scope->open) return;
    scope->open = false;
    fx_context *cx = scope->cx;
    for (fx_memory_scope *s = cx->scope; s; s = s->parent) {
        if (s == cx->floor) {
            fx_error_set(cx, FX_ERROR_ARGUMENT, s->where,
                         "a scope that a backward pass runs in cannot be closed by what the pass calls");
            return;
        }
        if (s->serial == scope->id) {
            fx__scope_pop(cx, s);
            return;
        }
    }
}

/* ---- endings, holds, what outlives a scope ------------------------------------------------------------- */

void *fx__scope_memory(fx_context *cx, fx_memory_scope *scope, size_t bytes)
{
    fx_buffer *b = take_buffer(cx, bytes);
    if (!b) return NULL;
    link_buffer(b, scope);
    b->captures = 1; /* so that a scope that is absorbed hands it on */
    return b->data;
}

void *fx__scope_alloc(fx_context *cx, fx_memory_scope *scope, size_t bytes)
{
    return scope == cx->scope ? fx__arena_alloc(cx, bytes) : fx__scope_memory(cx, scope, bytes);
}

bool fx__at_end(fx_context *cx, fx_memory_scope *scope, void (*end)(void *), void *data)
{
    fx_ending *e = fx__scope_alloc(cx, scope, sizeof *e);
    if (!e) return false;
    *e = (fx_ending){ scope->endings, end, data };
    scope->endings = e;
    return true;
}

bool fx__hold_in(fx_context *cx, fx_memory_scope *s, fx_tensor *x)
{
    fx_buffer *b = x->buffer;
    if (b && b->scope != s && b->held_by != s->serial) {
        fx_hold *hold = fx__scope_alloc(cx, s, sizeof *hold);
        if (!hold) return false;
        *hold = (fx_hold){ s->holds, b, NULL };
        s->holds = hold;
        b->captures++;
        b->held_by = s->serial;
    }
    if (x->flags & FX__HEAP && heap_of(x)->held_by != s->serial) {
        fx_heap_handle *h = heap_of(x);
        fx_hold *hold = fx__scope_alloc(cx, s, sizeof *hold);
        if (!hold) return false;
        *hold = (fx_hold){ s->holds, NULL, h };
        s->holds = hold;
        h->holds++;
        h->held_by = s->serial;
    }
    return true;
}

fx_memory_scope *fx__scope_of(const fx_tensor *x)
{
    fx_memory_scope *s = x->cx->scope;
    while (s->parent && s->id > x->scope) s = s->parent;
    return s;
}

bool fx__context_has(const fx_tensor *x) { return fx__scope_of(x) == &x->cx->root; }

void *fx__context_own(fx_context *cx, size_t bytes, void (*finish)(void *memory))
{
    fx_buffer *b = fx__buffer_new(cx, &cx->root, bytes);
    if (!b) return NULL;
    memset(b->data, 0, bytes);
    if (finish && !fx__at_end(cx, &cx->root, finish, b->data)) {
        fx__buffer_free(cx, b);
        return NULL;
    }
    return b->data;
}

fx_tensor *fx__context_tensor(fx_context *cx, fx_dtype dtype, int ndim, const int64_t *size, fx_where where)
{
    return fx__new_in(cx, &cx->root, dtype, ndim, size, where);
}

bool fx__scope_has(const fx_tensor *x) { return fx__scope_of(x) == x->cx->scope; }

/* Bytes of a tensor, to whole cache lines; -1 if they do not fit. */
static int64_t block_bytes(fx_dtype dtype, const fx_dims *sizes)
{
    int64_t n = (int64_t)fx_dtype_size(dtype);
    for (int i = 0; i < sizes->count; i++)
        if (__builtin_mul_overflow(n, sizes->at[i], &n)) return -1;
    return __builtin_add_overflow(n, FX__ALIGNMENT - 1, &n) ? -1 : n & ~(int64_t)(FX__ALIGNMENT - 1);
}

static fx_tensor *tensor_at(fx_context *cx, fx_buffer *b, int64_t offset, fx_dtype dtype,
                            const fx_dims *sizes)
{
    int64_t like[(sizeof(fx_tensor) + 2 * sizeof(int64_t) * FX_MAX_DIMS + 7) / 8] = { 0 };
    fx_tensor *l = (fx_tensor *)(void *)like;
    l->dtype = (uint8_t)dtype;
    l->ndim = (uint8_t)sizes->count;
    l->numel = 1;
    l->flags = FX__CONTIGUOUS;
    for (int i = sizes->count - 1; i >= 0; i--) {
        l->size[i] = sizes->at[i];
        l->size[sizes->count + i] = l->numel;
        l->numel *= sizes->at[i];
    }
    fx_tensor *x = fx__handle_in(cx, b->scope, l);
    if (!x) return NULL;
    x->buffer = b;
    x->data = b->data + offset;
    x->flags |= FX__COUNTED;
    b->handles++;
    return x;
}

bool fx__context_tensors(fx_context *cx, fx_dtype dtype, int count, const fx_dims *sizes, fx_tensor **out,
                         fx_where where)
{
    int64_t total = 0;
    for (int i = 0; i < count; i++) {
        int64_t bytes = block_bytes(dtype, &sizes[i]);
        if (bytes < 0 || __builtin_add_overflow(total, bytes, &total)) {
            fx_error_set(cx, FX_ERROR_MEMORY, where, "a tensor of sizes %s does not fit in memory",
                         fx__dims_text(cx, sizes[i].count, sizes[i].at));
            return false;
        }
    }
    fx_buffer *b = fx__buffer_new(cx, &cx->root, (size_t)total);
    if (!b) return false;
    int64_t at = 0;
    int made = 0;
    for (; made < count; at += block_bytes(dtype, &sizes[made++]))
        if (!(out[made] = tensor_at(cx, b, at, dtype, &sizes[made]))) break;
    if (made < count)
        while (made > 0) fx__heap_free(cx, out[--made]);
    b->handles--;
    fx__buffer_settle(cx, b);
    return count == 0 || made == count;
}

/* What x's memory is to a handle that outlives the open scope: y, in the heap of the parent. */
static bool share_memory(fx_tensor *y, fx_tensor *x)
{
    y->data = x->data;
    y->buffer = x->buffer;
    if (!x->buffer) return true; /* the caller's (fx_wrap) */
    y->flags |= FX__COUNTED;
    if (x->flags & FX__COUNTED)
        x->flags &= (uint16_t)~FX__COUNTED; /* x's count goes over */
    else
        x->buffer->handles++;
    if (x->buffer->scope == x->cx->scope) x->buffer->kept++;
    return true;
}

/* Tensors without a graph get a handle of their own in the parent scope, which takes over their numbers. */
static fx_tensor *move_out(fx_tensor *x, fx_memory_scope *s, fx_memory_scope *p)
{
    fx_context *cx = x->cx;
    size_t bytes = (size_t)x->numel * fx_dtype_size((fx_dtype)x->dtype);
    if (x->flags & FX__HEAP) {
        fx__heap_move(x, p);
        x->meta = NULL; /* a log of writes at most */
        if (x->buffer && x->buffer->scope == s) x->buffer->kept++;
        return x;
    }
    bool shows = x->owner && fx__scope_of(x->owner) != s; /* a view of what outlives the scope */
    bool whole =
        fx__contiguous(x) && (x->flags & FX__FOREIGN || (x->buffer && x->buffer->bytes <= 2 * bytes));
    fx_tensor *y = shows || whole ? fx__handle_in(cx, p, x)
                                  : fx__new_in(cx, p, (fx_dtype)x->dtype, x->ndim, x->size, s->where);
    if (!y) return NULL;
    y->flags |= x->flags & (FX__INFERENCE | FX__FOREIGN);
    y->version = x->version;
    if (shows) {
        y->flags |= x->flags & (FX__DETACHED | FX__VIEW_DETACHED | FX__VIEW_NO_GRAD | FX__VIEW_MULTI);
        y->data = x->data;
        y->buffer = x->buffer;
        y->owner = x->owner;
        return fx__hold_in(cx, p, x->owner) ? y : NULL;
    }
    if (whole)
        share_memory(y, x);
    else if (bytes)
        fx__space.copy(y, x);
    return y;
}

/* With a graph the scope's arena stays, and x with it. */
fx_tensor *fx_keep(fx_tensor *x)
{
    if (!x || !fx__enter(x->cx, FX_LITERAL(fx_where){ 0 })) return NULL;
    fx_memory_scope *s = x->cx->scope, *p = s->parent;
    if (!p || fx__scope_of(x) != s) return x;
    const fx_meta *m = x->meta;
    if (!fx__edge(x) && !(m && (m->grad || m->hooks || m->retains))) return move_out(x, s, p);
    s->absorbed = true;
    if (x->buffer && x->buffer->scope == s) x->buffer->kept++;
    x->flags |= FX__KEPT;
    return x;
}

void fx_release(fx_tensor *x)
{
    if (!x || x->flags & FX__ENDED || !fx__enter(x->cx, FX_LITERAL(fx_where){ 0 })) return;
    if (x->flags & FX__HEAP && x->hangs) return;
    fx__leaf_end(x);
    if (x->flags & FX__HEAP) {
        fx__heap_free(x->cx, x);
        return;
    }
    x->flags |= FX__ENDED;
    if (x->flags & FX__COUNTED) {
        x->flags &= (uint16_t)~FX__COUNTED;
        x->buffer->handles--;
        fx__buffer_settle(x->cx, x->buffer);
    }
}
