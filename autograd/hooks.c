/* Hooks: of gradients, of their accumulation, of several tensors at once, of what closures capture.
 *
 * A leaf's hooks hang in its meta, a result's in its node. A hook's memory stays until its scope ends,
 * whoever removed it, so that it may be removed while it runs, and twice.
 */
#include "tape.h"

/* ---- hooks --------------------------------------------------------------------------------------------- */

static void destroy_hook(fx_hook *h)
{
    if (h->removed) return;
    h->removed = true;
    if (h->destroy) h->destroy(h->data);
}

void fx__leaf_end(fx_tensor *x)
{
    fx_meta *m = x->meta;
    if (!m) return;
    for (fx_hook *h = m->hooks; h; h = h->next) destroy_hook(h);
    fx_clear_grad(x);
}

static void end_hook(void *data) { destroy_hook(data); }

static fx_hook *add_hook(fx_tensor *x, fx_hook like, const char *name, bool leaf_only, fx_where where)
{
    bool mine = x && fx__enter(x->cx, where);
    fx_node *n = mine ? fx__edge(x) : NULL;
    fx_hook *h = NULL;
    if (mine && !like.function && !like.accumulate)
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: there is no function", name);
    else if (mine && !n)
        fx_error_set(x->cx, FX_ERROR_GRAPH, where,
                     "%s: cannot register a hook on a tensor that doesn't require gradient", name);
    else if (n && n->op && leaf_only)
        fx_error_set(x->cx, FX_ERROR_GRAPH, where, "%s: is for leaves, not for a result of %s", name,
                     n->op->name);
    else if (n) {
        /* a leaf's hook lives as long as the leaf; a result's as long as its node */
        fx_memory_scope *scope = fx__scope_of(x);
        fx_meta *m = n->op ? NULL : fx__meta(x);
        fx_extra *e = n->op ? fx__extra(x->cx, n, scope) : NULL;
        if ((m || e) && (h = fx__scope_alloc(x->cx, scope, sizeof *h))) {
            *h = like;
            h->output = n->op ? x->output : 0;
            fx_hook **link = m ? &m->hooks : &e->hooks;
            while (*link) link = &(*link)->next;
            *link = h;
            if (!fx__at_end(x->cx, scope, end_hook, h)) *link = NULL, h = NULL;
        }
    }
    if (!h && like.destroy) like.destroy(like.data);
    return h;
}

fx_hook *fx_add_hook_at(fx_tensor *x, fx_grad_hook *function, void *data, void (*destroy)(void *),
                        fx_where where)
{
    return add_hook(x, (fx_hook){ .function = function, .data = data, .destroy = destroy }, "add_hook", false,
                    where);
}

fx_hook *fx_add_accumulate_hook_at(fx_tensor *x, fx_accumulate_hook *function, void *data,
                                   void (*destroy)(void *), fx_where where)
{
    return add_hook(x, (fx_hook){ .accumulate = function, .data = data, .destroy = destroy },
                    "add_accumulate_hook", true, where);
}

/* ---- hooks of several tensors -------------------------------------------------------------------------- */

typedef struct fx_member {
    fx_multi *of;
    int at;
    fx_hook *hook;
} fx_member;

static fx_tensor *multi_grad(void *data, fx_tensor *grad)
{
    fx_member *m = data;
    return fx__multi_reached(grad->cx, m->of, m->at, grad) ? grad : NULL;
}

bool fx__run_multi(fx_context *cx, fx_multi *m, fx_tensor *const *grads, fx_where where)
{
    if (m->hook.removed) return true;
    uint64_t failures = cx->failures;
    if (m->function(m->hook.data, grads, m->count) != FX_OK && cx->failures == failures)
        fx_error_set(cx, FX_ERROR_USER, where, "backward: a multi-hook failed");
    return cx->failures == failures;
}

static bool check_multi(fx_list tensors, fx_multi_hook *function, fx_where where)
{
    fx_context *cx = tensors.count > 0 && tensors.at && tensors.at[0] ? tensors.at[0]->cx : NULL;
    if (!cx || !fx__enter(cx, where)) return false;
    if (!function) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "add_multi_hook: there is no function");
        return false;
    }
    for (int i = 0; i < tensors.count; i++) {
        if (!tensors.at[i]) return false;
        if (tensors.at[i]->cx != cx) {
            fx_error_set(cx, FX_ERROR_ARGUMENT, where, "add_multi_hook: tensor %d belongs to another context",
                         i);
            return false;
        }
        if (fx__edge(tensors.at[i])) continue;
        fx_error_set(cx, FX_ERROR_GRAPH, where,
                     "add_multi_hook: tensor %d does not require a gradient, so it cannot have a hook", i);
        return false;
    }
    return true;
}

/* The innermost of the tensors' scopes. */
static fx_memory_scope *innermost(fx_list tensors)
{
    fx_memory_scope *scope = fx__scope_of(tensors.at[0]);
    for (int i = 1; i < tensors.count; i++) {
        fx_memory_scope *s = fx__scope_of(tensors.at[i]);
        if (s->id > scope->id) scope = s;
    }
    return scope;
}

/* Tensors that outlive the multi-hook have nothing to do with it any more. */
static void end_members(fx_multi *m)
{
    const fx_member *members = m->members;
    for (int i = 0; i < m->count; i++) {
        members[i].hook->removed = true;
        members[i].hook->with = NULL;
    }
}

static void end_multi(void *data)
{
    fx_multi *m = data;
    end_members(m);
    destroy_hook(&m->hook);
}

static fx_multi *new_multi(fx_list tensors, fx_multi like, fx_where where)
{
    fx_context *cx = tensors.at[0]->cx;
    fx_memory_scope *scope = innermost(tensors);
    fx_multi *m = fx__scope_alloc(cx, scope, sizeof *m);
    fx_member *members = m ? fx__scope_alloc(cx, scope, sizeof *members * (size_t)tensors.count) : NULL;
    if (!members) return NULL;
    *m = like;
    m->members = members;
    for (int i = 0; i < tensors.count; i++) {
        members[i] = (fx_member){ m, i, NULL };
        fx_hook member = { .function = multi_grad, .data = &members[i], .with = &m->hook };
        if ((members[i].hook = add_hook(tensors.at[i], member, "add_multi_hook", false, where))) continue;
        m->count = i;
        return end_members(m), NULL;
    }
    if (fx__at_end(cx, scope, end_multi, m)) return m;
    return end_members(m), NULL;
}

fx_hook *fx_add_multi_hook_at(fx_list tensors, fx_multi_mode mode, fx_multi_hook *function, void *data,
                              void (*destroy)(void *), fx_where where)
{
    fx_multi like = { { .data = data, .destroy = destroy }, function, mode, tensors.count, NULL };
    fx_multi *m = check_multi(tensors, function, where) ? new_multi(tensors, like, where) : NULL;
    if (m) return &m->hook;
    if (destroy) destroy(data);
    return NULL;
}

void fx_remove_hook(fx_tensor *x, fx_hook *hook)
{
    if (x && !fx__enter(x->cx, FX_LITERAL(fx_where){ 0 })) return;
    if (hook) destroy_hook(hook); /* its memory stays until the scope ends, so a second removal is harmless */
}

fx_tensor *fx__run_hooks(fx_context *cx, fx_hook *hooks, int output, fx_tensor *grad, const fx_tensor *x,
                         fx_where where)
{
    for (fx_hook *h = hooks; h && grad; h = h->next) {
        if (h->removed || !h->function || h->output != output || (h->with && h->with->removed)) continue;
        uint64_t failures = cx->failures;
        if (grad->flags & FX__TEMPORARY) { /* the pass may share it: the hook gets one of its own */
            fx_tensor *own = fx__new(cx, (fx_dtype)grad->dtype, grad->ndim, grad->size, where);
            if (!own) return NULL;
            if (own->numel) fx__space.copy(own, grad);
            grad = own;
        }
        fx_tensor *next = h->function(h->data, grad);
        if (!next || cx->failures != failures) {
            if (cx->failures == failures)
                fx_error_set(cx, FX_ERROR_USER, where, "backward: a gradient hook failed");
            return NULL;
        }
        if (next->cx != cx) {
            fx_error_set(cx, FX_ERROR_ARGUMENT, where,
                         "backward: a gradient hook returned a tensor of another context");
            return NULL;
        }
        if (next->ndim != x->ndim || memcmp(next->size, x->size, sizeof(int64_t) * x->ndim)) {
            fx_error_set(cx, FX_ERROR_SHAPE, where,
                         "backward: a gradient hook returned sizes %s for a tensor of %s",
                         fx__shape_text(next), fx__shape_text(x));
            return NULL;
        }
        if (next->dtype != x->dtype) next = fx__space.cast(next, (fx_dtype)x->dtype, where);
        grad = next;
    }
    return grad;
}

/* ---- saved-tensor hooks -------------------------------------------------------------------------------- */

fx_status fx_push_saved_hooks(fx_context *cx, fx_saved_hooks hooks)
{
    if (!cx) return FX_ERROR_ARGUMENT;
    if (!hooks.pack || !hooks.unpack)
        return fx_error_set(cx, FX_ERROR_ARGUMENT, (fx_where){ 0 },
                            "push_saved_hooks: pack and unpack must be given");
    if (!fx__enter(cx, FX_LITERAL(fx_where){ 0 })) return FX_ERROR_THREAD;
    fx_saved_hooks_entry *e = cx->free_hooks;
    if (e)
        cx->free_hooks = e->next;
    else if (!(e = fx__system_alloc(cx, sizeof *e)))
        return FX_ERROR_MEMORY;
    *e = (fx_saved_hooks_entry){ cx->saved_hooks, hooks };
    cx->saved_hooks = e;
    return FX_OK;
}

void fx_pop_saved_hooks(fx_context *cx)
{
    if (!cx || !cx->saved_hooks) return;
    fx_saved_hooks_entry *e = cx->saved_hooks;
    cx->saved_hooks = e->next;
    e->next = cx->free_hooks;
    cx->free_hooks = e;
}
