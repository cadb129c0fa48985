/* Writing in place: what may be written, what is remembered of it, and the history that a write leaves.
 *
 * A write to a tensor that is no view makes the written value's history its own. A write to a view makes a
 * new history for the view's owner (the owner with those elements replaced); the owner's other views notice,
 * by a count, and are made anew from it when they are next used (tape.c).
 */
#include "owned.h"
#include "tape.h"

/* ---- the log of writes --------------------------------------------------------------------------------- */

static fx_geometry *geometry_in(fx_context *cx, fx_memory_scope *scope, const fx_tensor *x)
{
    fx_geometry *g = fx__scope_alloc(cx, scope, sizeof *g);
    if (!g) return NULL;
    const fx_tensor *owner = fx__owner(x);
    *g = (fx_geometry){ .ndim = x->ndim };
    if (x->data && owner->data)
        g->offset = (x->data - owner->data) / (int64_t)fx_dtype_size((fx_dtype)x->dtype);
    memcpy(g->size, x->size, sizeof(int64_t) * x->ndim);
    memcpy(g->stride, fx__stride(x), sizeof(int64_t) * x->ndim);
    return g;
}

/* Counts a write to x, and notes who did it. */
bool fx__note_write(fx_tensor *x, const char *op, fx_where where)
{
    fx_context *cx = x->cx;
    fx_tensor *owner = fx__owner(x);
    if (owner->flags & FX__INFERENCE) return true;
    if (!op) {
        owner->version++;
        return true;
    }
    fx_meta *m = fx__meta(owner);
    if (!m) return false;
    fx_memory_scope *scope = fx__scope_of(owner);
    if (!m->writes) {
        fx_write *writes = fx__scope_alloc(cx, scope, sizeof(fx_write) * FX__WRITES);
        if (!writes) return false;
        memset(writes, 0, sizeof(fx_write) * FX__WRITES);
        m->writes = writes;
    }
    fx_write *w = &m->writes[(owner->version + 1) % FX__WRITES];
    fx_geometry *box = x->owner && x->numel != owner->numel ? w->box : NULL;
    if (x->owner && x->numel != owner->numel) {
        /* a place in the log keeps its geometry, so that a loop of writes needs no more memory */
        fx_geometry *fresh = geometry_in(cx, box ? cx->scope : scope, x);
        if (!fresh) return false;
        if (box)
            *box = *fresh;
        else
            box = fresh;
    }
    *w = (fx_write){ ++owner->version, op, where, box };
    return true;
}

void *fx_data(fx_tensor *x)
{
    if (!x || !fx__note_write(x, "fx_data", FX_LITERAL(fx_where){ 0 })) return NULL;
    return x->data;
}

/* ---- what may be written ------------------------------------------------------------------------------- */

static bool refuse(fx_tensor *x, fx_status code, fx_where where, const char *op, const char *text)
{
    fx_error_set(x->cx, code, where, "%s: %s", op, text);
    return false;
}

static bool overlaps_itself(const fx_tensor *x)
{
    for (int i = 0; i < x->ndim; i++)
        if (x->size[i] > 1 && fx__stride(x)[i] == 0) return true;
    return false;
}

bool fx__check_in_place(fx_tensor *x, bool value_wants_grad, const char *op, fx_where where)
{
    fx_context *cx = x->cx;
    if (overlaps_itself(x))
        return refuse(
            x, FX_ERROR_ARGUMENT, where, op,
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation.");
    if (x->flags & FX__INFERENCE && cx->mode != FX_GRAD_INFERENCE)
        return refuse(x, FX_ERROR_GRAPH, where, op,
                      "Inplace update to inference tensor outside InferenceMode is not allowed");
    if (cx->mode != FX_GRAD_ON) return true;
    fx_tensor *owner = fx__owner(x);
    bool view = x->owner && !(x->flags & FX__DETACHED);
    if (!view && x->flags & FX__REQUIRES_GRAD)
        return refuse(x, FX_ERROR_GRAPH, where, op,
                      "a leaf Variable that requires grad is being used in an in-place operation.");
    if (view && owner->flags & FX__REQUIRES_GRAD && !(owner->node && owner->node->op))
        return refuse(x, FX_ERROR_GRAPH, where, op,
                      "a view of a leaf Variable that requires grad is being used in an in-place operation.");
    if (!view || !(value_wants_grad || fx__edge(x) || fx__edge(owner))) return true;
    if (x->flags & FX__VIEW_NO_GRAD)
        return refuse(
            x, FX_ERROR_GRAPH, where, op,
            "A view was created in no_grad mode and is being modified inplace with grad mode enabled.");
    if (x->flags & FX__VIEW_MULTI)
        return refuse(x, FX_ERROR_GRAPH, where, op,
                      "this view is the output of a function that returns multiple views. Such functions do "
                      "not allow the output "
                      "views to be modified inplace.");
    return true;
}

/* ---- the history that a write leaves ------------------------------------------------------------------- */

/* A tensor of a scope around the open one refers to a node of the open one: the scopes between must not
 * rewind. */
static void absorb_to(fx_tensor *x)
{
    for (fx_memory_scope *s = x->cx->scope; s != fx__scope_of(x); s = s->parent) s->absorbed = true;
}

static bool keep_retaining(fx_tensor *x)
{
    if (!x->meta || !x->meta->retains) return true;
    for (fx_retain *r = x->node && x->node->extra ? x->node->extra->retains : NULL; r; r = r->next)
        if (r->x == x)
            r->output = UINT16_MAX; /* no output has that number: the old history does not report any more */
    x->meta->retains = false;
    return true;
}

static bool rebase_owner(fx_tensor *x, fx_tensor *value, fx_where where)
{
    bool retained = x->meta && x->meta->retains;
    keep_retaining(x);
    x->node = value->node;
    x->output = value->output;
    if (x->node && value->node->y == value && x->node->outputs == 1 && !(x->node->y_flags & 1))
        x->node->y = x;
    absorb_to(x);
    return !retained || fx_retain_grad_at(x, where) == FX_OK;
}

static bool rebase_view(fx_tensor *x, fx_tensor *value, fx_where where)
{
    fx_context *cx = x->cx;
    fx_tensor *owner = x->owner, *inputs[2] = { owner, value };
    fx_geometry *g = geometry_in(cx, cx->scope, x);
    if (!g) return false;
    fx_meta *m = fx__meta(owner);
    if (!m) return false;
    bool retained = m->retains;
    keep_retaining(owner);
    if (!fx__record(cx, fx__space.as_strided_scatter_op, inputs, 2, &owner, 1, g, 0, where)) return false;
    m->history++;
    absorb_to(owner);
    return !retained || fx_retain_grad_at(owner, where) == FX_OK;
}

bool fx__written(fx_tensor *x, fx_tensor *value, const char *op, fx_where where)
{
    fx_context *cx = x->cx;
    if (!fx__note_write(x, op, where)) return false;
    if (cx->mode != FX_GRAD_ON || !fx_dtype_is_float((fx_dtype)x->dtype)) return true;
    bool view = x->owner && !(x->flags & FX__DETACHED);
    if (!(value && fx__edge(value)) && !fx__edge(x) && !(view && fx__edge(x->owner))) return true;
    if (!value) { /* a constant: no history */
        value = fx__zeros_like(x);
        if (!value) return false;
    }
    return view ? rebase_view(x, value, where) : rebase_owner(x, value, where);
}

fx_tensor *fx__assign(fx_tensor *x, fx_tensor *value, const char *op, fx_where where)
{
    if (!x || !value || !fx__enter(x->cx, where)) return NULL;
    if (value->ndim != x->ndim || memcmp(value->size, x->size, sizeof(int64_t) * x->ndim)) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where,
                     "%s: the result has sizes %s, the tensor that it is written to %s", op,
                     fx__shape_text(value), fx__shape_text(x));
        return NULL;
    }
    if (!fx__check_in_place(x, fx__edge(value) != NULL, op, where)) return NULL;
    if (value->dtype != x->dtype) {
        if (fx_dtype_is_float((fx_dtype)value->dtype) && !fx_dtype_is_float((fx_dtype)x->dtype)) {
            fx_error_set(x->cx, FX_ERROR_DTYPE, where,
                         "%s: result type %s can't be cast to the desired output type %s", op,
                         fx_dtype_name((fx_dtype)value->dtype), fx_dtype_name((fx_dtype)x->dtype));
            return NULL;
        }
        if (!(value = fx__space.cast(value, (fx_dtype)x->dtype, where))) return NULL;
    }
    if (x->numel) fx__space.copy(x, value);
    return fx__written(x, value, op, where) ? x : NULL;
}
