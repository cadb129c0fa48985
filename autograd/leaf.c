/* Leaves and what hangs on tensors: requires_grad, gradients, detaching. */
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
    if (!x || !x->meta || !x->meta->grad || !fx__enter(x->cx, FX_LITERAL(fx_where){ 0 })) return;
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
    if (grad->cx != x->cx)
        return fx_error_set(x->cx, FX_ERROR_ARGUMENT, where,
                            "set_grad: the gradient belongs to another context");
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
    g->hangs = 1;
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
    fx_memory_scope *scope = fx__scope_of(x);
    fx_extra *e = fx__extra(x->cx, n, scope);
    fx_retain *r = e ? fx__scope_alloc(x->cx, scope, sizeof *r) : NULL;
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
