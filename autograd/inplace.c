/* Writing in place: what may be written, what is remembered of it, and the history that a write leaves.
 *
 * A write to a tensor that is no view makes the written value's history its own. A write to a view makes a
 * new history for the view's owner (the owner with those elements replaced); the owner's other views notice,
 * by a count, and are made anew from it when they are next used (tape.c).
 */
#include "owned.h"
#include "tape.h"

/* ---- the log of writes --------------------------------------------------------------------------------- */

static void geometry_of(const fx_tensor *x, fx_geometry *g)
{
    const fx_tensor *owner = fx__owner(x);
    *g = (fx_geometry){ .ndim = x->ndim };
    if (x->data && owner->data)
        g->offset = (x->data - owner->data) / (int64_t)fx_dtype_size((fx_dtype)x->dtype);
    memcpy(g->size, x->size, sizeof(int64_t) * x->ndim);
    memcpy(g->stride, fx__stride(x), sizeof(int64_t) * x->ndim);
}

/* Counts a write to x, and notes who did it. */
bool fx__note_write(fx_tensor *x, const char *op, fx_where where)
{
    fx_context *cx = x->cx;
    fx_tensor *owner = fx__owner(x);
    if (owner->flags & FX__INFERENCE) return true;
    uint32_t version = ++owner->version; /* counted even where there is no memory to note it */
    if (!op) return true;
    fx_meta *m = fx__meta(owner);
    if (!m) return false;
    fx_memory_scope *scope = fx__scope_of(owner);
    if (!m->writes) {
        fx_write *writes = fx__scope_alloc(cx, scope, sizeof(fx_write) * FX__WRITES);
        if (!writes) return false;
        memset(writes, 0, sizeof(fx_write) * FX__WRITES);
        m->writes = writes;
    }
    fx_write *w = &m->writes[version % FX__WRITES];
    bool part = x->owner && x->numel != owner->numel;
    /* a place in the log keeps its geometry, so that a loop of writes needs no more memory */
    if (part && !w->box && !(w->box = fx__scope_alloc(cx, scope, sizeof *w->box))) return false;
    if (part) geometry_of(x, w->box);
    w->version = version;
    w->op = op;
    w->where = where;
    w->part = part;
    return true;
}

void *fx_data(fx_tensor *x)
{
    fx_where nowhere = { 0 };
    if (!x || !fx__enter(x->cx, nowhere) || !fx__save_captured(x) || !fx__note_write(x, "fx_data", nowhere))
        return NULL;
    return x->data;
}

/* ---- what may be written ------------------------------------------------------------------------------- */

static bool refuse(fx_tensor *x, fx_status code, fx_where where, const char *op, const char *text)
{
    fx_error_set(x->cx, code, where, "%s: %s", op, text);
    return false;
}

/* Elements share memory unless, taken from the smallest up, each stride steps over all that those before it
 * span. */
bool fx__overlaps_itself(int ndim, const int64_t *sizes, const int64_t *strides)
{
    int64_t size[FX_MAX_DIMS], stride[FX_MAX_DIMS], span = 0;
    int n = 0;
    for (int i = 0; i < ndim; i++) {
        if (sizes[i] == 0) return false;
        if (sizes[i] == 1) continue;
        int at = n++;
        for (; at > 0 && stride[at - 1] > strides[i]; at--)
            size[at] = size[at - 1], stride[at] = stride[at - 1];
        size[at] = sizes[i], stride[at] = strides[i];
    }
    for (int i = 0; i < n; i++) {
        if (stride[i] <= span) return true;
        span += (size[i] - 1) * stride[i];
    }
    return false;
}

bool fx__check_in_place(fx_tensor *x, bool value_wants_grad, const char *op, fx_where where)
{
    fx_context *cx = x->cx;
    if (!fx__contiguous(x) && fx__overlaps_itself(x->ndim, x->size, fx__stride(x)))
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
    /* A detached tensor and its views have a history that its owner knows nothing of, and only one of them
     * would get it. */
    if (x->flags & FX__DETACHED && x->flags & (FX__VIEW_DETACHED | FX__VIEWED) &&
        (value_wants_grad || fx__edge(x)))
        return refuse(
            x, FX_ERROR_GRAPH, where, op,
            "a view of a detached tensor, or a detached tensor with views, is being modified inplace with "
            "a gradient. Please clone() it instead.");
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
                      "not allow the output views to be modified inplace.");
    return true;
}

/* ---- the history that a write leaves ------------------------------------------------------------------- */

/* The old history does not report to x any more. True if it did. */
static bool stop_retaining(fx_tensor *x)
{
    if (!x->meta || !x->meta->retains) return false;
    for (fx_retain *r = x->node && x->node->extra ? x->node->extra->retains : NULL; r; r = r->next)
        if (r->x == x) r->output = UINT16_MAX; /* no output has that number */
    x->meta->retains = false;
    return true;
}

/* Views of x must follow its new history. False after an error. */
static bool tell_views(fx_tensor *x)
{
    if (!(x->flags & FX__VIEWED)) return true;
    fx_meta *m = fx__meta(x);
    if (m) m->history++;
    return m != NULL;
}

/* value: with the history that x takes on, and x's numbers; NULL: none. */
static bool rebase_owner(fx_tensor *x, fx_tensor *value, fx_where where)
{
    if (!tell_views(x)) return false;
    bool retained = stop_retaining(x);
    fx_node *n = value ? value->node : NULL;
    x->node = n;
    x->output = n ? value->output : 0;
    if (!n) return true;
    if (value->node->y == value && n->outputs == 1 && !(n->y_flags & 1)) n->y = x;
    fx__absorb_to(x);
    return !retained || fx_retain_grad_at(x, where) == FX_OK;
}

static bool rebase_view(fx_tensor *x, fx_tensor *value, fx_where where)
{
    fx_context *cx = x->cx;
    fx_tensor *owner = x->owner, *inputs[2] = { owner, value };
    fx_geometry g;
    geometry_of(x, &g);
    fx_meta *m = fx__meta(owner);
    if (!m) return false;
    bool retained = stop_retaining(owner);
    if (!fx__record(cx, fx__space.as_strided_scatter_op, inputs, 2, &owner, 1, &g, 0, where)) return false;
    m->history++;
    fx__absorb_to(owner);
    return !retained || fx_retain_grad_at(owner, where) == FX_OK;
}

/* Whether a write of value, wanted or not, changes any history. */
static bool changes_history(fx_tensor *x, fx_tensor *value)
{
    if (x->cx->mode != FX_GRAD_ON || !fx_dtype_is_float((fx_dtype)x->dtype)) return false;
    bool view = x->owner && !(x->flags & FX__DETACHED);
    return (value && fx__edge(value)) || fx__edge(x) || (view && fx__edge(x->owner));
}

bool fx__written(fx_tensor *x, fx_tensor *value, const char *op, fx_where where)
{
    uint64_t failures = x->cx->failures;
    if (!fx__note_write(x, op, where)) return false;
    if (!changes_history(x, value)) return x->cx->failures == failures;
    bool view = x->owner && !(x->flags & FX__DETACHED);
    if (value && fx__edge(value) && !fx__edge(value)->op) /* a leaf: x is a copy of it, not the leaf itself */
        if (!(value = fx__space.clone(value, where))) return false;
    if (value && !fx__edge(value)) value = view ? value : NULL;
    if (!value && view && !(value = fx__zeros_like(x))) return false; /* a constant: no history */
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
        if ((fx_dtype_is_float((fx_dtype)value->dtype) && !fx_dtype_is_float((fx_dtype)x->dtype)) ||
            x->dtype == FX_BOOL) {
            fx_error_set(x->cx, FX_ERROR_DTYPE, where,
                         "%s: result type %s can't be cast to the desired output type %s", op,
                         fx_dtype_name((fx_dtype)value->dtype), fx_dtype_name((fx_dtype)x->dtype));
            return NULL;
        }
        if (!(value = fx__space.cast(value, (fx_dtype)x->dtype, where))) return NULL;
    }
    if (fx__owner(value) == fx__owner(x) && !(value = fx__space.clone(value, where))) return NULL;
    if (x->cx->mode == FX_GRAD_ON && !fx__save_before_write(x, where)) return NULL;
    if (!fx__save_captured(x)) return NULL;
    if (!fx__written(x, value, op, where)) return NULL; /* the numbers last: copying cannot fail */
    if (x->numel) fx__space.copy(x, value);
    return x;
}
