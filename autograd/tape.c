/* Recording: what a call leaves on the tape, and what captured tensors went through since.
 *
 * A link remembers the node that made an input *at the call*: a tensor that is later written in place has a
 * new history, while older nodes keep the old one. A captured tensor is known by handle and version; a write
 * since then is an error at the gradient, unless the log of writes shows that it touched other elements.
 */
#include "tape.h"
#include "owned.h"

/* ---- histories ----------------------------------------------------------------------------------------- */

fx_meta *fx__meta(fx_tensor *x)
{
    if (!x->meta) {
        fx_meta *m = fx__scope_alloc(x->cx, fx__scope_of(x), sizeof *m);
        if (!m) return NULL;
        memset(m, 0, sizeof *m);
        x->meta = m;
    }
    return x->meta;
}

fx_extra *fx__extra(fx_context *cx, fx_node *n, fx_memory_scope *scope)
{
    if (!n->extra) {
        fx_extra *e = fx__scope_alloc(cx, scope, sizeof *e);
        if (!e) return NULL;
        memset(e, 0, sizeof *e);
        n->extra = e;
    }
    return n->extra;
}

uint32_t fx__version(const fx_tensor *x) { return x->owner ? x->owner->version : x->version; }

static fx_node *accumulator_of(fx_tensor *x)
{
    fx_meta *m = fx__meta(x);
    if (!m) return NULL;
    if (!m->accumulator) {
        fx_node *n = fx__scope_alloc(x->cx, fx__scope_of(x), sizeof *n);
        if (!n) return NULL;
        *n = (fx_node){ .outputs = 1, .y = x };
        m->accumulator = n;
    }
    return m->accumulator;
}

void fx__absorb_to(fx_tensor *x)
{
    for (fx_memory_scope *s = x->cx->scope; s != fx__scope_of(x); s = s->parent) s->absorbed = true;
}

/* A view whose owner got a new history since: the view is made again from that history. */
static bool renew_view(fx_tensor *x)
{
    fx_context *cx = x->cx;
    fx_tensor *owner = x->owner;
    uint32_t history = owner->meta->history;
    size_t item = fx_dtype_size((fx_dtype)x->dtype);
    fx_geometry g = { .ndim = x->ndim, .offset = (x->data - owner->data) / (int64_t)item };
    memcpy(g.size, x->size, sizeof(int64_t) * x->ndim);
    memcpy(g.stride, fx__stride(x), sizeof(int64_t) * x->ndim);
    fx_grad_mode mode = (fx_grad_mode)cx->mode;
    cx->mode = FX_GRAD_ON;
    bool ok = fx__record(cx, fx__space.as_strided_op, &owner, 1, &x, 1, &g, 0, FX_LITERAL(fx_where){ 0 });
    cx->mode = (uint8_t)mode;
    if (!ok) return false;
    x->version = history;
    fx__absorb_to(x);
    return true;
}

fx_node *fx__edge_slow(fx_tensor *x)
{
    if (x->owner && !(x->flags & FX__DETACHED) && x->owner->meta && x->owner->meta->history != x->version)
        if (!renew_view(x)) return NULL;
    if (x->node) return x->node;
    if (!(x->flags & FX__REQUIRES_GRAD)) return NULL;
    return accumulator_of(x);
}

/* ---- capturing ----------------------------------------------------------------------------------------- */

/* Takes a capture of x's memory; says in flags what to undo. */
static bool capture(fx_context *cx, fx_tensor *x, uint32_t *version, uint16_t *flags)
{
    fx_buffer *b = x->buffer;
    *version = fx__version(x);
    *flags = FX__CAPTURED;
    if (!b) return true;
    if (b->scope == cx->scope) {
        b->captures++;
        *flags |= FX__CAPTURE_COUNTED;
        if (b->closures++ == 0) cx->stats.captured_bytes += (int64_t)b->bytes;
    } /* otherwise held by the scope (link_inputs) */
    return true;
}

static void uncapture(fx_context *cx, fx_tensor *x, uint16_t flags)
{
    fx_buffer *b = x->buffer;
    if (!(flags & FX__CAPTURE_COUNTED)) return;
    b->captures--;
    if (--b->closures == 0) cx->stats.captured_bytes -= (int64_t)b->bytes;
    fx__buffer_settle(cx, b);
}

static fx_packed *packed_of(const fx_node *n, int i)
{
    return n->flags & FX__NODE_PACKED ? &n->extra->packed[i] : NULL;
}

static void unpack_drop(fx_packed *p)
{
    if (p && p->value) {
        if (p->hooks.drop) p->hooks.drop(p->hooks.data, p->value);
        p->value = NULL;
    }
}

void fx__node_free(fx_context *cx, fx_node *n, fx_where by)
{
    if (!(n->flags & FX__NODE_CAPTURES) || n->flags & FX__NODE_FREED) return;
    n->flags |= FX__NODE_FREED;
    for (int i = 0; i < n->inputs; i++) {
        fx_link *l = &n->link[i];
        if (l->flags & FX__CAPTURED) uncapture(cx, l->x, l->flags);
        l->flags = 0;
        unpack_drop(packed_of(n, i));
    }
    for (int k = 0; k < n->outputs && k < 8; k++) {
        if (n->y_flags >> k & 1)
            uncapture(cx, fx__node_y(n, k), n->y_counted >> k & 1 ? FX__CAPTURE_COUNTED : 0);
        unpack_drop(packed_of(n, n->inputs + k));
    }
    n->y_flags = n->y_counted = 0;
    if (n->op->options_finish) n->op->options_finish(fx__node_options(n));
    n->freed_file = by.file;
    n->y_version = (uint32_t)by.line;
}

/* ---- nodes ends ---------------------------------------------------------------------------------------- */

/* Nodes that hold something besides memory of the arena end with their scope. */
static void end_node(void *data)
{
    fx_node *n = data;
    for (int i = 0; n->extra && n->extra->packed && i < n->inputs + n->outputs; i++)
        unpack_drop(&n->extra->packed[i]);
    if (n->op->options_finish && !(n->flags & FX__NODE_FREED)) n->op->options_finish(fx__node_options(n));
}

void fx__tape_cut(fx_context *cx, fx_memory_scope *s)
{
    cx->tail = s->tail;
    cx->sequence = s->sequence;
    cx->stats.nodes -= s->nodes;
}

/* ---- recording ----------------------------------------------------------------------------------------- */

uint64_t fx__needs(fx_context *cx, fx_tensor *const *x, int count)
{
    if (cx->mode != FX_GRAD_ON) return 0;
    uint64_t needs = 0;
    for (int i = 0; i < count; i++)
        if (fx__edge(x[i])) needs |= (uint64_t)1 << (i < 63 ? i : 63);
    return needs;
}

bool fx__wants_grad(fx_tensor *x) { return fx__needs(x->cx, &x, 1) != 0; }

static bool captured_input(unsigned captures, int i) { return captures >> (i < 15 ? i : 15) & 1; }

static bool pack(fx_context *cx, fx_node *n, int at, fx_tensor *x, fx_where where)
{
    fx_saved_hooks hooks = cx->saved_hooks->hooks;
    uint32_t version = fx__version(x);
    uint64_t failures = cx->failures;
    fx_grad_mode mode = (fx_grad_mode)cx->mode;
    fx_saved_hooks_entry *stack = cx->saved_hooks;
    cx->mode = FX_GRAD_OFF;
    cx->saved_hooks = NULL;
    void *value = hooks.pack(hooks.data, x);
    cx->saved_hooks = stack;
    cx->mode = (uint8_t)mode;
    if (fx__version(x) != version)
        fx_error_set(cx, FX_ERROR_MODIFIED, where,
                     "%s: a saved-tensor pack hook changed the tensor that it was given", n->op->name);
    else if (!value && cx->failures == failures)
        fx_error_set(cx, FX_ERROR_USER, where, "%s: a saved-tensor pack hook failed", n->op->name);
    if (cx->failures != failures) {
        if (value && hooks.drop) hooks.drop(hooks.data, value);
        return false;
    }
    n->extra->packed[at] = (fx_packed){ hooks, value };
    return true;
}

static bool pack_all(fx_context *cx, fx_node *n, fx_tensor *const *ys, fx_where where)
{
    size_t bytes = sizeof(fx_packed) * (n->inputs + n->outputs);
    if (!fx__extra(cx, n, cx->scope) || !(n->extra->packed = fx__arena_alloc(cx, bytes))) return false;
    memset(n->extra->packed, 0, bytes);
    if (!fx__at_end(cx, cx->scope, end_node, n)) return false;
    n->flags |= FX__NODE_PACKED;
    for (int i = 0; i < n->inputs; i++) {
        fx_link *l = &n->link[i];
        if (!(l->flags & FX__CAPTURED)) continue;
        if (!pack(cx, n, i, l->x, where)) return false;
        uncapture(cx, l->x, l->flags);
        l->flags = FX__CAPTURED;
    }
    for (int k = 0; k < n->outputs && k < 8; k++) {
        if (!(n->y_flags >> k & 1)) continue;
        if (!pack(cx, n, n->inputs + k, ys[k], where)) return false;
        if (n->y_counted >> k & 1) uncapture(cx, ys[k], FX__CAPTURE_COUNTED);
        n->y_counted &= (uint8_t) ~(1u << k);
    }
    return true;
}

static bool link_inputs(fx_context *cx, fx_node *n, fx_tensor *const *x, unsigned captures, fx_where where)
{
    for (int i = 0; i < n->inputs; i++) {
        fx_link *l = &n->link[i];
        fx_tensor *xi = x[i];
        *l = (fx_link){ .node = fx__edge(xi), .x = xi, .output = xi->output };
        if (!fx__hold(xi)) return false;
        if (!captured_input(captures, i)) continue;
        if (xi->flags & FX__INFERENCE) {
            fx_error_set(cx, FX_ERROR_GRAPH, where,
                         "%s: Inference tensors cannot be saved for backward. To work around you can make a "
                         "clone to get a normal tensor and use it in autograd.",
                         n->op->name);
            return false;
        }
        if (!capture(cx, xi, &l->version, &l->flags)) return false;
        n->flags |= FX__NODE_CAPTURES;
    }
    return true;
}

static bool link_outputs(fx_context *cx, fx_node *n, fx_tensor *const *ys, unsigned captures)
{
    if (n->outputs == 1) {
        n->y = ys[0];
        n->grad = NULL;
    } else {
        n->ys = fx__arena_alloc(cx, 2 * sizeof(fx_tensor *) * n->outputs);
        if (!n->ys) return false;
        memcpy(n->ys, ys, sizeof(fx_tensor *) * n->outputs);
        n->grads = n->ys + n->outputs;
        memset(n->grads, 0, sizeof(fx_tensor *) * n->outputs);
    }
    for (int k = 0; k < n->outputs && k < 8; k++) {
        if (!(captures >> (16 + k) & 1)) continue;
        uint16_t flags;
        if (!capture(cx, ys[k], &n->y_version, &flags)) return false;
        n->y_flags |= (uint8_t)(1u << k);
        if (flags & FX__CAPTURE_COUNTED) n->y_counted |= (uint8_t)(1u << k);
        n->flags |= FX__NODE_CAPTURES;
    }
    return true;
}

bool fx__record(fx_context *cx, const fx_op *op, fx_tensor *const *x, int inputs, fx_tensor *const *ys,
                int outputs, const void *options, unsigned captures, fx_where where)
{
    fx_node *n = fx__arena_alloc(cx, sizeof *n + sizeof(fx_link) * (size_t)inputs + op->options_size);
    if (!n) return false;
    n->op = op;
    n->file = where.file;
    n->line = where.line;
    n->extra = NULL;
    n->mark = 0;
    n->inputs = (uint16_t)inputs;
    n->outputs = (uint16_t)outputs;
    n->y_flags = n->y_counted = n->flags = 0;
    n->y_version = 0;
    if (op->options_size && options) memcpy(fx__node_options(n), options, op->options_size);
    if (!link_inputs(cx, n, x, captures, where) || !link_outputs(cx, n, ys, captures)) return false;
    if (cx->saved_hooks && n->flags & FX__NODE_CAPTURES && !pack_all(cx, n, ys, where)) {
        n->flags |=
            FX__NODE_FREED; /* what was packed ends with the scope; the options are still the caller's */
        return false;
    }
    if (op->options_finish && !(n->flags & FX__NODE_PACKED) && !fx__at_end(cx, cx->scope, end_node, n))
        return false;
    n->previous = cx->tail;
    n->sequence = ++cx->sequence;
    cx->tail = n;
    cx->scope->nodes++;
    cx->stats.nodes++;
    for (int k = 0; k < outputs; k++) {
        if (!fx_dtype_is_float((fx_dtype)ys[k]->dtype)) continue;
        ys[k]->node = n;
        ys[k]->output = (uint16_t)k;
    }
    return true;
}

/* Whether what a closure captured is x's memory as it is now. */
static bool captured_now(const fx_tensor *captured, uint32_t version, const fx_tensor *x)
{
    return captured && fx__owner(captured) == fx__owner(x) && version == fx__version(x);
}

static bool save_before_write(fx_context *cx, fx_node *n, const fx_tensor *x)
{
    if (n->flags & (FX__NODE_PACKED | FX__NODE_FREED)) return true;
    for (int i = 0; i < n->inputs; i++) {
        fx_link *l = &n->link[i];
        if (!(l->flags & FX__CAPTURED) || !captured_now(l->x, l->version, x)) continue;
        fx_tensor *copy =
            fx__new(cx, (fx_dtype)l->x->dtype, l->x->ndim, l->x->size, (fx_where){ n->file, n->line });
        if (!copy) return false;
        if (copy->numel) fx__space.copy(copy, l->x);
        if (l->x->buffer) uncapture(cx, l->x, l->flags);
        l->x = copy;
        if (!capture(cx, copy, &l->version, &l->flags)) return false;
    }
    return true;
}

bool fx__save_before_write(const fx_tensor *x, fx_where where)
{
    enum { FEW = 16 }; /* as many nodes as one call makes */
    fx_context *cx = x->cx;
    fx_node *n = cx->tail;
    for (int k = 0; k < FEW && n && n->file == where.file && n->line == where.line; k++, n = n->previous)
        if (!save_before_write(cx, n, x)) return false;
    return true;
}

/* The last copy that was made of what is about to be written, for closures that captured the same. */
typedef struct fx_saved_copy {
    const fx_tensor *of;
    fx_tensor *copy;
    fx_memory_scope *scope;
} fx_saved_copy;

/* The innermost scope that was open when a node was made, and is still. */
static fx_memory_scope *scope_of_node(fx_context *cx, const fx_node *n)
{
    fx_memory_scope *s = cx->scope;
    while (s->parent && s->sequence >= n->sequence) s = s->parent;
    return s;
}

static fx_tensor *copy_of(fx_context *cx, const fx_node *n, fx_tensor *x, uint32_t version,
                          fx_saved_copy *last)
{
    fx_memory_scope *scope = scope_of_node(cx, n);
    if (last->of == x && last->scope == scope) return last->copy;
    fx_tensor *copy =
        fx__new_in(cx, scope, (fx_dtype)x->dtype, x->ndim, x->size, (fx_where){ n->file, n->line });
    if (!copy) return NULL;
    if (copy->numel) fx__space.copy(copy, x);
    copy->version = version;                    /* as the closure noted it */
    if (copy->buffer) copy->buffer->captures++; /* so that a scope that is absorbed hands it on */
    *last = (fx_saved_copy){ x, copy, scope };
    return copy;
}

static bool save_all_of(fx_context *cx, fx_node *n, const fx_tensor *x, fx_saved_copy *last)
{
    for (int i = 0; i < n->inputs; i++) {
        fx_link *l = &n->link[i];
        if (!(l->flags & FX__CAPTURED) || !captured_now(l->x, l->version, x)) continue;
        fx_tensor *copy = copy_of(cx, n, l->x, l->version, last);
        if (!copy) return false;
        if (l->x->buffer) uncapture(cx, l->x, l->flags);
        l->x = copy;
        l->flags = FX__CAPTURED;
    }
    for (int k = 0; k < n->outputs && k < 8; k++) {
        fx_tensor *y = fx__node_y(n, k);
        if (!(n->y_flags >> k & 1) || !captured_now(y, n->y_version, x)) continue;
        fx_tensor *copy = copy_of(cx, n, y, n->y_version, last);
        if (!copy) return false;
        if (n->y_counted >> k & 1) uncapture(cx, y, FX__CAPTURE_COUNTED);
        n->y_counted &= (uint8_t) ~(1u << k);
        *(n->outputs == 1 ? &n->y : &n->ys[k]) = copy;
    }
    return true;
}

bool fx__save_captured(const fx_tensor *x)
{
    fx_context *cx = x->cx;
    fx_saved_copy last = { NULL, NULL, NULL };
    for (fx_node *n = cx->copy_on_write ? cx->tail : NULL; n; n = n->previous) {
        if (n->flags & (FX__NODE_PACKED | FX__NODE_FREED) || !(n->flags & FX__NODE_CAPTURES)) continue;
        if (!save_all_of(cx, n, x, &last)) return false;
    }
    return true;
}

/* ---- what was written since ---------------------------------------------------------------------------- */

/* Whether the element at `offset` (from the owner's first) is one of a geometry's. Strides are taken from the
 * largest down, which is exact for views whose elements don't overlap; for others it may say yes too often,
 * never no. */
static bool has_element(const fx_geometry *g, int64_t offset)
{
    int64_t rest = offset - g->offset;
    int64_t size[FX_MAX_DIMS], stride[FX_MAX_DIMS];
    int n = 0;
    for (int i = 0; i < g->ndim; i++) {
        if (g->size[i] == 1 || g->stride[i] == 0) continue;
        if (g->stride[i] < 0) return true;
        int at = n++;
        while (at > 0 && stride[at - 1] < g->stride[i])
            size[at] = size[at - 1], stride[at] = stride[at - 1], at--;
        size[at] = g->size[i], stride[at] = g->stride[i];
    }
    for (int i = 0; i < n; i++) {
        int64_t steps = rest / stride[i];
        if (rest < 0) return false;
        if (steps >= size[i]) steps = size[i] - 1;
        rest -= steps * stride[i];
    }
    return rest == 0;
}

static void geometry_of(const fx_tensor *x, fx_geometry *g)
{
    const fx_tensor *owner = fx__owner(x);
    g->ndim = x->ndim;
    g->offset =
        x->data && owner->data ? (x->data - owner->data) / (int64_t)fx_dtype_size((fx_dtype)x->dtype) : 0;
    memcpy(g->size, x->size, sizeof(int64_t) * x->ndim);
    memcpy(g->stride, fx__stride(x), sizeof(int64_t) * x->ndim);
}

static bool next_element(const fx_geometry *g, int64_t *index, int64_t *offset)
{
    for (int i = g->ndim - 1; i >= 0; i--) {
        *offset += g->stride[i];
        if (++index[i] < g->size[i]) return true;
        *offset -= g->size[i] * g->stride[i];
        index[i] = 0;
    }
    return false;
}

static bool overlaps(const fx_tensor *x, const fx_geometry *written)
{
    enum { LIMIT = 1 << 16 };
    fx_geometry g;
    geometry_of(x, &g);
    int64_t low = 0, high = 0, wlow = 0, whigh = 0, count = 1, wcount = 1;
    for (int i = 0; i < g.ndim; i++) {
        if (g.size[i] == 0) return false;
        int64_t reach = (g.size[i] - 1) * g.stride[i];
        reach < 0 ? (low += reach) : (high += reach);
        count *= g.size[i];
    }
    for (int i = 0; i < written->ndim; i++) {
        if (written->size[i] == 0) return false;
        int64_t reach = (written->size[i] - 1) * written->stride[i];
        wcount *= written->size[i];
        reach < 0 ? (wlow += reach) : (whigh += reach);
    }
    if (g.offset + high < written->offset + wlow || written->offset + whigh < g.offset + low) return false;
    /* the elements of the smaller one, each looked for in the other */
    const fx_geometry *few = count <= wcount ? &g : written, *many = count <= wcount ? written : &g;
    if ((count <= wcount ? count : wcount) > LIMIT) return true;
    int64_t index[FX_MAX_DIMS] = { 0 }, offset = few->offset;
    do {
        if (has_element(many, offset)) return true;
    } while (next_element(few, index, &offset));
    return false;
}

bool fx__check_version(fx_node *n, const fx_tensor *x, uint32_t version, fx_where where, int input)
{
    const fx_tensor *owner = fx__owner(x);
    if (__builtin_expect(owner->version == version, 1)) return true;
    const fx_write *last = NULL, *writes = owner->meta ? owner->meta->writes : NULL;
    if (writes && owner->version - version <= FX__WRITES) {
        for (uint32_t v = version + 1; v != owner->version + 1; v++) {
            const fx_write *w = &writes[v % FX__WRITES];
            if (w->version != v || !w->part || overlaps(x, w->box)) {
                last = w->version == v ? w : NULL;
                goto modified;
            }
        }
        return true;
    }
    if (writes) last = &writes[owner->version % FX__WRITES];
modified:;
    fx_context *cx = x->cx;
    char what[64], by[160] = "in place";
    if (input < 0)
        snprintf(what, sizeof what, "the result of %s", n->op->name);
    else
        snprintf(what, sizeof what, "input %d of %s", input, n->op->name);
    if (last && last->version) {
        if (last->where.file)
            snprintf(by, sizeof by, "by %s (%s:%d)", last->op, fx__base_name(last->where.file),
                     last->where.line);
        else
            snprintf(by, sizeof by, "by %s", last->op);
    }
    fx_error_set(cx, FX_ERROR_MODIFIED, where,
                 "backward: %s (%s:%d) was changed %s before its gradient was taken", what,
                 fx__base_name(n->file), n->line, by);
    return false;
}
