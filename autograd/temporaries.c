/* The temporaries of a pass: gradients on their way (pass.h). */
#include "pass.h"

/* Handles come in slabs of the pass's scope, not from the arena: a closure's own scope may be open. */
bool fx__more_temporaries(fx_context *cx, int ndim)
{
    enum { SLAB = 16 };
    size_t bytes = sizeof(fx_tensor) + 2 * sizeof(int64_t) * (size_t)ndim + FX__INLINE_BYTES;
    char *at = fx__scope_memory(cx, cx->pass->scope, SLAB * bytes);
    if (!at) return false;
    for (int i = 0; i < SLAB; i++) {
        fx_tensor *t = (fx_tensor *)(void *)(at + (size_t)i * bytes);
        *t = (fx_tensor){ .cx = cx, .ndim = (uint8_t)ndim, .owner = cx->temporaries[ndim] };
        cx->temporaries[ndim] = t;
    }
    return true;
}

fx_tensor *fx__temporary_copy(fx_context *cx, const fx_tensor *x)
{
    fx_tensor *t = fx__temporary(cx, (fx_dtype)x->dtype, x->ndim, x->size);
    if (t && t->numel) fx__space.copy(t, x);
    return t;
}

fx_tensor *fx__adopt(fx_pass *pass, fx_tensor *x)
{
    fx_context *cx = pass->cx;
    if (x && x->cx != cx) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, pass->where, "backward: a gradient belongs to another context");
        return NULL;
    }
    if (!x || pass->create) return x;
    if (x->flags & FX__TEMPORARY) return fx__share(x);
    fx_buffer *b = x->buffer;
    if (!b || (b->scope != pass->scope && b->scope != cx->scope)) return fx__temporary_copy(cx, x);
    fx_tensor *t = fx__temporary_handle(cx, (fx_dtype)x->dtype, x->ndim);
    if (!t) return NULL;
    memcpy(t->size, x->size, 2 * sizeof(int64_t) * x->ndim);
    t->numel = x->numel;
    t->data = x->data;
    t->flags |= (x->flags & FX__CONTIGUOUS) | FX__COUNTED;
    t->buffer = b;
    if (b->scope != pass->scope) {
        fx__buffer_move(b, pass->scope);
        b->handles = 1; /* t's: those of the closure's scope end with it */
    } else if (!(x->flags & FX__COUNTED) || x->scope != pass->scope->id)
        b->handles++; /* otherwise x's count goes over */
    x->flags &= (uint16_t)~FX__COUNTED;
    return t;
}

fx_tensor *fx__sum_of(fx_pass *pass, fx_tensor *a, fx_tensor *b)
{
    if (pass->create) return fx__space.add(a, b, pass->where);
    if (!fx__exclusive(a)) {
        if (fx__exclusive(b)) {
            fx_tensor *t = a;
            a = b;
            b = t;
        } else {
            fx_tensor *t = fx__temporary_copy(pass->cx, a);
            fx__drop(a);
            if (!(a = t)) return NULL;
        }
    }
    fx__space.add_into(a, b);
    fx__drop(b);
    return a;
}

fx_tensor *fx__grad_shaped(const fx_call *c, fx_dtype dtype, int ndim, const int64_t *size)
{
    return fx__temporary(c->cx, dtype, ndim, size);
}

fx_tensor *fx__grad_new(const fx_call *c, int input)
{
    const fx_tensor *x = c->shapes[input];
    return fx__temporary(c->cx, (fx_dtype)x->dtype, x->ndim, x->size);
}

fx_tensor *fx__grad_repeated(const fx_call *c, int input)
{
    const fx_tensor *x = c->shapes[input];
    fx_tensor *t = fx__temporary_handle(c->cx, (fx_dtype)x->dtype, x->ndim);
    if (!t) return NULL;
    memcpy(t->size, x->size, sizeof(int64_t) * x->ndim);
    memset(t->size + x->ndim, 0, sizeof(int64_t) * x->ndim);
    t->numel = x->numel;
    t->data = (char *)(t->size + 2 * x->ndim);
    t->flags |= FX__INLINE;
    return t;
}

fx_tensor *fx__grad_reuse(const fx_call *c, int input, fx_tensor *g)
{
    const fx_tensor *x = c->shapes[input];
    if (fx__exclusive(g) && g->dtype == x->dtype && fx__same_shape(g, x) && !c->cx->tracing) return g;
    return fx__grad_new(c, input);
}

fx_tensor *fx__grad_sum(const fx_call *c, int input)
{
    fx_pass *pass = c->cx->pass;
    if (!pass || pass->call != c || pass->create || c->cx->tracing) return NULL;
    const fx_link *l = &pass->now->link[input];
    const fx_node *to = l->node;
    if (!to || to->mark != pass->id || to->flags & FX__NODE_FREED) return NULL;
    fx_tensor *sum = to->outputs == 1 ? to->grad : to->grads[l->output];
    const fx_tensor *x = c->shapes[input];
    return sum && fx__exclusive(sum) && sum->dtype == x->dtype && fx__same_shape(sum, x) ? sum : NULL;
}

void *fx__pass_memory(fx_pass *pass, size_t bytes)
{
    return fx__scope_memory(pass->cx, pass->scope ? pass->scope : pass->caller, bytes);
}
