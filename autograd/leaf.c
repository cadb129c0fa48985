/* Leaves and what hangs on tensors: requires_grad, gradients, detaching, hooks. */
#include "tape.h"

/* ---- who wants a gradient ------------------------------------------------------------------------------ */

fx_status fx_set_requires_grad_at(fx_tensor *x, bool requires_grad, fx_where where)
{
    if (!x || !fx__enter(x->cx, where)) return FX_ERROR_ARGUMENT;
    if (!requires_grad && fx_is_leaf(x)) {
        x->flags &= (uint16_t)~FX__REQUIRES_GRAD;
        x->node = NULL;
        return FX_OK;
    }
    if (!requires_grad)
        return fx_error_set(
            x->cx, FX_ERROR_GRAPH, where,
            "requires_grad: you can only change requires_grad flags of leaf variables. If you want to use a "
            "computed variable in a subgraph that doesn't require differentiation use var_no_grad = "
            "var.detach().");
    if (!fx_dtype_is_float((fx_dtype)x->dtype))
        return fx_error_set(
            x->cx, FX_ERROR_DTYPE, where,
            "requires_grad: only Tensors of floating point dtype can require gradients, not %s",
            fx_dtype_name((fx_dtype)x->dtype));
    if (x->flags & FX__INFERENCE)
        return fx_error_set(x->cx, FX_ERROR_GRAPH, where,
                            "requires_grad: an inference tensor cannot require gradients outside "
                            "of inference mode; make a clone");
    if (fx_is_leaf(x)) x->flags |= FX__REQUIRES_GRAD;
    return FX_OK;
}

fx_tensor *fx_parameter_at(fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    if (!fx_is_leaf(x)) {
        fx_error_set(x->cx, FX_ERROR_GRAPH, where, "parameter: a result of %s is no leaf: detach it first",
                     x->node->op->name);
        return NULL;
    }
    return fx_set_requires_grad_at(x, true, where) == FX_OK ? x : NULL;
}

bool fx_requires_grad(const fx_tensor *x) { return x && fx__edge((fx_tensor *)(uintptr_t)x); }
bool fx_is_leaf(const fx_tensor *x)
{
    if (!x) return false;
    const fx_node *n = fx__edge((fx_tensor *)(uintptr_t)x);
    return !n || !n->op;
}

/* ---- gradients ----------------------------------------------------------------------------------------- */

fx_tensor *fx_grad(const fx_tensor *x)
{
    if (!x) return NULL;
    if (x->meta && x->meta->grad) return x->meta->grad;
    if (!fx_is_leaf(x) && !(x->meta && x->meta->retains)) {
        fx_meta *m = fx__meta((fx_tensor *)(uintptr_t)x);
        if (m && !m->warned) {
            m->warned = true;
            fx__warn(x->cx,
                     "the gradient of a result (of %s) is not kept: call fx_retain_grad() on it, or ask for "
                     "a leaf's",
                     x->node->op->name);
        }
    }
    return NULL;
}

void fx_clear_grad(fx_tensor *x)
{
    if (!x || !x->meta || !x->meta->grad) return;
    fx_tensor *g = x->meta->grad;
    x->meta->grad = NULL;
    if (g->flags & FX__HEAP) fx__heap_free(x->cx, g);
}

fx_status fx_set_grad_at(fx_tensor *x, fx_tensor *grad, fx_where where)
{
    if (!x || !fx__enter(x->cx, where)) return FX_ERROR_ARGUMENT;
    if (!grad) return fx_clear_grad(x), FX_OK;
    if (grad == x)
        return fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "set_grad: a tensor cannot be its own gradient");
    if (grad->dtype != x->dtype)
        return fx_error_set(x->cx, FX_ERROR_DTYPE, where, "set_grad: the gradient is %s, the tensor %s",
                            fx_dtype_name((fx_dtype)grad->dtype), fx_dtype_name((fx_dtype)x->dtype));
    if (grad->ndim != x->ndim || memcmp(grad->size, x->size, sizeof(int64_t) * x->ndim))
        return fx_error_set(x->cx, FX_ERROR_SHAPE, where,
                            "set_grad: the gradient has sizes %s, the tensor %s", fx__shape_text(grad),
                            fx__shape_text(x));
    fx_meta *m = fx__meta(x);
    if (!m) return FX_ERROR_MEMORY;
    fx_tensor *g = fx__new_in(x->cx, fx__scope_of(x), (fx_dtype)x->dtype, x->ndim, x->size, where);
    if (!g) return FX_ERROR_MEMORY;
    if (g->numel) fx__space.copy(g, grad);
    fx_clear_grad(x);
    m->grad = g;
    return FX_OK;
}

fx_status fx_retain_grad_at(fx_tensor *x, fx_where where)
{
    if (!x || !fx__enter(x->cx, where)) return FX_ERROR_ARGUMENT;
    fx_node *n = fx__edge(x);
    if (!n)
        return fx_error_set(x->cx, FX_ERROR_GRAPH, where,
                            "retain_grad: can't retain_grad on Tensor that has requires_grad=False");
    if (!n->op) return FX_OK;
    fx_meta *m = fx__meta(x);
    if (!m) return FX_ERROR_MEMORY;
    if (m->retains) return FX_OK;
    fx_extra *e = fx__extra(x->cx, n);
    fx_retain *r = e ? fx__arena_alloc(x->cx, sizeof *r) : NULL;
    if (!r) return FX_ERROR_MEMORY;
    *r = (fx_retain){ e->retains, x, x->output };
    e->retains = r;
    m->retains = true;
    return FX_OK;
}

/* ---- detaching ----------------------------------------------------------------------------------------- */

fx_tensor *fx_detach_at(fx_tensor *x, fx_where where)
{
    if (!x || !fx__enter(x->cx, where)) return NULL;
    fx_tensor *y = fx__view(x, x->ndim, x->size, fx__stride(x), 0);
    if (y) y->flags = (uint16_t)((y->flags | FX__DETACHED) & ~(FX__VIEW_MULTI | FX__VIEW_NO_GRAD));
    return y;
}

fx_tensor *fx_detach_in_place_at(fx_tensor *x, fx_where where)
{
    if (!x || !fx__enter(x->cx, where)) return NULL;
    if (x->owner && !(x->flags & FX__DETACHED)) {
        fx_error_set(x->cx, FX_ERROR_GRAPH, where,
                     "detach_: can't detach views in-place. Use detach() instead.");
        return NULL;
    }
    x->node = NULL;
    x->flags &= (uint16_t)~FX__REQUIRES_GRAD;
    return x;
}

/* ---- hooks --------------------------------------------------------------------------------------------- */

static void destroy_hook(fx_hook *h)
{
    if (h->removed) return;
    h->removed = true;
    if (h->destroy) h->destroy(h->data);
}

static void end_hook(void *data) { destroy_hook(data); }

static fx_hook *add_hook(fx_tensor *x, fx_hook like, const char *name, bool leaf_only, fx_where where)
{
    fx_node *n = x && fx__enter(x->cx, where) ? fx__edge(x) : NULL;
    fx_hook *h = NULL;
    if (x && !n)
        fx_error_set(x->cx, FX_ERROR_GRAPH, where,
                     "%s: cannot register a hook on a tensor that doesn't require gradient", name);
    else if (n && n->op && leaf_only)
        fx_error_set(x->cx, FX_ERROR_GRAPH, where, "%s: is for leaves, not for a result of %s", name,
                     n->op->name);
    else if (n) {
        /* a leaf's hook lives as long as the leaf; a result's as long as its node */
        fx_memory_scope *scope = fx__scope_of(x);
        fx_meta *m = n->op ? NULL : fx__meta(x);
        fx_extra *e = n->op ? fx__extra(x->cx, n) : NULL;
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

void fx_remove_hook(fx_tensor *x, fx_hook *hook)
{
    (void)x;
    if (hook) destroy_hook(hook); /* its memory stays until the scope ends, so a second removal is harmless */
}

fx_tensor *fx__run_hooks(fx_context *cx, fx_hook *hooks, int output, fx_tensor *grad, const fx_tensor *x,
                         fx_where where)
{
    for (fx_hook *h = hooks; h && grad; h = h->next) {
        if (h->removed || !h->function || h->output != output) continue;
        uint64_t failures = cx->failures;
        fx_tensor *next = h->function(h->data, grad);
        if (!next || cx->failures != failures) {
            if (cx->failures == failures)
                fx_error_set(cx, FX_ERROR_USER, where, "backward: a gradient hook failed");
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
    fx_saved_hooks_entry *e = fx__system_alloc(cx, sizeof *e);
    if (!e) return FX_ERROR_MEMORY;
    *e = (fx_saved_hooks_entry){ cx->saved_hooks, hooks };
    cx->saved_hooks = e;
    return FX_OK;
}

void fx_pop_saved_hooks(fx_context *cx)
{
    if (!cx || !cx->saved_hooks) return;
    fx_saved_hooks_entry *e = cx->saved_hooks;
    cx->saved_hooks = e->next;
    fx__system_free(cx, e, sizeof *e);
}
