/* The backward pass.
 *
 * A pass walks the tape from the last root down. A node that a gradient has reached carries the pass's number
 * and the gradient; since every consumer of a node was made after it, the gradient is whole when the walk
 * gets there. The walk ends when no reached node is left. Nothing recurses, and nothing is looked up.
 *
 * Leaves change last, when nothing can fail any more (accumulate.c).
 */
#define _GNU_SOURCE /* pthread_getattr_np */
#include "pass.h"
#include <pthread.h>

enum { FEW = 16, DEEP = 8, STACK_RESERVE = 48 << 10 };

/* ---- gradients reach nodes ----------------------------------------------------------------------------- */

static bool stash(fx_pass *pass, fx_node *n)
{
    bool active = n->flags & (FX__NODE_NEEDED | FX__NODE_TARGET);
    for (const fx_pass *p = pass->outer; p; p = p->outer) active |= p->id == n->mark;
    if (!active) return true;
    fx_stash *s = fx__pass_memory(pass, sizeof *s);
    if (!s) return false;
    *s = (fx_stash){ pass->stash, n, n->previous, n->outputs == 1 ? n->grad : NULL, NULL, n->mark, n->flags };
    if (n->outputs > 1 && !(n->flags & FX__NODE_FREED)) {
        size_t bytes = sizeof(fx_tensor *) * n->outputs;
        if (!(s->grads = fx__pass_memory(pass, bytes))) return false;
        memcpy(s->grads, n->grads, bytes);
    }
    pass->stash = s;
    return true;
}

static void unstash(fx_pass *pass)
{
    for (fx_stash *s = pass->stash; s; s = s->next) {
        enum { OF_A_PASS = FX__NODE_NEEDED | FX__NODE_TARGET };
        s->node->mark = s->mark;
        s->node->flags = (uint16_t)((s->node->flags & ~OF_A_PASS) | (s->flags & OF_A_PASS));
        if (!s->node->op) s->node->previous = s->previous;
        if (s->node->flags & FX__NODE_FREED) continue; /* an error if it has to run */
        if (s->grads)
            memcpy(s->node->grads, s->grads, sizeof(fx_tensor *) * s->node->outputs);
        else
            s->node->grad = s->grad;
    }
}

static inline bool reach(fx_pass *pass, fx_node *n)
{
    if (__builtin_expect(pass->outer != NULL, 0) && !stash(pass, n)) return false;
    n->mark = pass->id;
    if (n->flags & FX__NODE_FREED)
        return true; /* its gradients' place holds who freed it; an error if it has to run */
    if (n->outputs == 1)
        n->grad = NULL;
    else
        memset(n->grads, 0, sizeof(fx_tensor *) * n->outputs);
    return true;
}

static bool freed_error(fx_pass *pass, const fx_node *n)
{
    const fx_node *root = pass->last ? pass->last : n;
    char part[128] = "";
    if (root->line != n->line || root->file != n->file)
        snprintf(part, sizeof part, " (at %s, made at %s:%d)", n->op->name, fx__base_name(n->file), n->line);
    fx_error_set(
        pass->cx, FX_ERROR_FREED, pass->where,
        "backward: the graph of %s (%s:%d) was already freed%s by a backward at %s:%d: pass .retain_graph",
        root->op->name, fx__base_name(root->file), root->line, part, fx__base_name(n->freed_file),
        (int)n->y_version);
    return false;
}

/* Adds g, whose one use is handed over, to what output k of n has got. */
static inline bool give(fx_pass *pass, fx_node *n, int k, fx_tensor *g)
{
    if (n->mark != pass->id) {
        if (!reach(pass, n)) return false;
        if (n->op)
            pass->pending++;
        else
            n->previous = pass->leaves, pass->leaves = n;
    }
    if (__builtin_expect(n->flags & FX__NODE_FREED, 0)) return freed_error(pass, n);
    fx_tensor **slot = n->outputs == 1 ? &n->grad : &n->grads[k];
    if (!*slot)
        *slot = g;
    else if (!(*slot = fx__sum_of(pass, *slot, g)))
        return false;
    return true;
}

/* ---- one node ------------------------------------------------------------------------------------------ */

/* A captured tensor as the closure may use it. */
static fx_tensor *captured(fx_pass *pass, fx_node *n, int at, fx_tensor *x, fx_node *node, uint16_t output,
                           uint32_t version)
{
    fx_packed *packed = n->flags & FX__NODE_PACKED ? &n->extra->packed[at] : NULL;
    if (packed && packed->value) {
        fx_context *cx = pass->cx;
        uint64_t failures = cx->failures;
        fx_tensor *u = packed->hooks.unpack(packed->hooks.data, packed->value);
        if (u && u->cx != cx) {
            fx_error_set(cx, FX_ERROR_ARGUMENT, pass->where,
                         "backward: a saved-tensor unpack hook gave a tensor of another context");
            return NULL;
        }
        if (u && (!fx__same_shape(u, x) || u->dtype != x->dtype)) {
            fx_error_set(cx, FX_ERROR_SHAPE, pass->where,
                         "backward: a saved-tensor unpack hook gave %s %s for %s %s",
                         fx_dtype_name((fx_dtype)u->dtype), fx__shape_text(u),
                         fx_dtype_name((fx_dtype)x->dtype), fx__shape_text(x));
            return NULL;
        }
        if (!u && cx->failures == failures)
            fx_error_set(cx, FX_ERROR_USER, pass->where, "backward: a saved-tensor unpack hook failed");
        if (u && pass->create && u->node != node && (u = fx__view(u, u->ndim, u->size, fx__stride(u), 0))) {
            u->flags |= FX__DETACHED;
            u->node = node;
            u->output = output;
        }
        return u;
    }
    if (!fx__check_version(n, x, version, pass->where, at < n->inputs ? at : -1)) return NULL;
    bool changed =
        pass->create && (x->node != node || x->output != output) && !(node && !node->op && x == node->y);
    if (__builtin_expect(changed || x->flags & FX__ENDED, 0)) {
        x = fx__view(x, x->ndim, x->size, fx__stride(x), 0);
        if (!x) return NULL;
        x->flags = (uint16_t)((x->flags | FX__DETACHED) & ~FX__ENDED);
        x->node = node;
        x->output = output;
    }
    return x;
}

/* Captured as it is, and not written since: most are. */
static inline bool untouched(const fx_pass *pass, const fx_node *n, const fx_tensor *x, uint32_t version)
{
    return !x->owner && x->version == version && !(x->flags & FX__ENDED) && !(n->flags & FX__NODE_PACKED) &&
           !pass->create;
}

static inline bool fill_call(fx_pass *pass, fx_node *n, fx_call *c, fx_tensor **x, fx_tensor **shapes,
                             fx_tensor **ys)
{
    for (int i = 0; i < n->inputs; i++) {
        fx_link *l = &n->link[i];
        shapes[i] = l->x;
        x[i] = NULL;
        if (!(l->flags & FX__CAPTURED)) continue;
        if (untouched(pass, n, l->x, l->version))
            x[i] = l->x;
        else if (!(x[i] = captured(pass, n, i, l->x, l->node, l->output, l->version)))
            return false;
    }
    for (int k = 0; k < n->outputs; k++) {
        ys[k] = NULL;
        if (k >= 8 || !(n->y_flags >> k & 1)) continue;
        if (untouched(pass, n, fx__node_y(n, k), n->y_version))
            ys[k] = fx__node_y(n, k);
        else if (!(ys[k] = captured(pass, n, n->inputs + k, fx__node_y(n, k), n, (uint16_t)k, n->y_version)))
            return false;
    }
    *c = (fx_call){ .cx = pass->cx,
                    .op = n->op,
                    .where = { n->file, n->line },
                    .inputs = n->inputs,
                    .outputs = n->outputs,
                    .x = x,
                    .y = ys[0],
                    .ys = ys,
                    .options = fx__node_options(n),
                    .shapes = shapes,
                    .needs = c->needs,
                    .gs = c->gs };
    return true;
}

/* A gradient as its input wants it: shape and dtype. */
static fx_tensor *fit(fx_pass *pass, const fx_call *c, int i, fx_tensor *g)
{
    const fx_tensor *x = c->shapes[i];
    if (!fx__same_shape(g, x)) {
        bool fits = g->ndim >= x->ndim;
        for (int d = 0; fits && d < x->ndim; d++)
            fits = x->size[d] == 1 || x->size[d] == g->size[g->ndim - x->ndim + d];
        if (!fits) {
            fx_call_fail(c, FX_ERROR_SHAPE,
                         "its gradient has sizes %s where input %d has %s: expected shape %s or one that it "
                         "broadcasts to",
                         fx__shape_text(g), i, fx__shape_text(x), fx__shape_text(x));
            return NULL;
        }
        g = fx__space.sum_to(g, x->ndim, x->size, pass->where);
        if (!g) return NULL;
    }
    if (g->dtype != x->dtype) g = fx__space.cast(g, (fx_dtype)x->dtype, pass->where);
    return g;
}

static bool trace_backward(fx_pass *pass, const fx_call *c, fx_tensor *const *gx)
{
    bool infinity = pass->cx->nan_trace.allow_infinity;
    for (int i = 0; i < c->inputs; i++) {
        int64_t at = gx[i] && fx_dtype_is_float((fx_dtype)gx[i]->dtype)
                         ? fx__space.first_nonfinite(gx[i], infinity)
                         : -1;
        if (at < 0) continue;
        for (int k = 0; k < c->outputs; k++)
            if (c->gs[k] && fx__space.first_nonfinite(c->gs[k], infinity) >= 0) return true;
        fx_call_fail(
            c, FX_ERROR_NUMBER,
            "its gradient in input %d is not finite at element %lld of %s, from a finite gradient in "
            "its result",
            i, (long long)at, fx__shape_text(gx[i]));
        return false;
    }
    return true;
}

static fx_tensor *once(fx_pass *pass, const fx_call *c, fx_tensor *g, fx_tensor *gx);

/* gx[i] was summed or cast, and its own numbers are not wanted: unless another input's gradient is the same
 * tensor. */
static void let_go(const fx_call *c, fx_tensor **gx, int i)
{
    fx_tensor *t = gx[i];
    for (int k = 0; k < c->inputs; k++)
        if (k != i && gx[k] == t) {
            if (k > i) gx[i] = NULL; /* it is the later one's now */
            return;
        }
    if (t->flags & FX__TEMPORARY) fx__drop(t);
}

/* The walk relies on it that what a node was made of was made before it; debug builds look. */
static bool in_order(fx_pass *pass, const fx_node *n, const fx_node *to)
{
#ifdef NDEBUG
    (void)pass, (void)n, (void)to;
#else
    if (to->op && to->sequence >= n->sequence) {
        fx_error_set(pass->cx, FX_ERROR_GRAPH, pass->where,
                     "backward: the tape is out of order: %s (node %u) is an input of %s (node %u)",
                     to->op->name, to->sequence, n->op->name, n->sequence);
        return false;
    }
#endif
    return true;
}

/* Whether the pass takes gradients to a node. */
static inline bool wants(const fx_pass *pass, const fx_node *to)
{
    return to && (!pass->restricted || to->flags & (FX__NODE_NEEDED | FX__NODE_TARGET));
}

/* A closure's gradients, which it has made, reach the nodes of its inputs. `inputs` is a constant where
 * models of single numbers pass by. */
static inline __attribute__((always_inline)) bool deliver(fx_pass *pass, fx_node *n, const fx_call *c,
                                                          int inputs, fx_tensor *g, fx_tensor **gx)
{
    for (int i = 0; i < inputs; i++) {
        if (!gx[i] || !fx_call_needs(c, i)) continue;
        if (i >= 63 && !wants(pass, n->link[i].node)) continue; /* one bit says it of all those */
        fx_tensor *t = gx[i];
        if (__builtin_expect(!fx__same_shape(t, c->shapes[i]) || t->dtype != c->shapes[i]->dtype, 0)) {
            if (!(t = fit(pass, c, i, t))) return false;
            if (t != gx[i] && gx[i] != g) let_go(c, gx, i);
            t = fx__adopt(pass, t);
        } else if (!(t->flags & FX__TEMPORARY))
            t = fx__adopt(pass, t);
        else if (t == g)
            t = fx__share(t);
        else
            for (int k = 0; k < i; k++)
                if (gx[k] == t) {
                    fx__share(t);
                    break;
                }
        if (!t) return false;
        if (__builtin_expect(pass->create && n->op->once, 0) && !(t = once(pass, c, g, t))) return false;
        if (!in_order(pass, n, n->link[i].node) || !give(pass, n->link[i].node, n->link[i].output, t))
            return false;
    }
    return true;
}

/* The gradient as formulas, in a scope of its own unless it is to have a graph. */
static bool run_formula(fx_pass *pass, fx_node *n, fx_call *c, fx_tensor *g, fx_tensor **gx)
{
    fx_context *cx = pass->cx;
    fx_memory_scope *s = pass->create ? NULL : fx__scope_push(cx, c->where);
    if (!pass->create && !s) return false;
    uint64_t failures = cx->failures;
    if (pass->create && n->op->once) cx->mode = FX_GRAD_OFF;
    n->op->local_grad(c, g, gx);
    if (pass->create) cx->mode = FX_GRAD_ON;
    bool ok = cx->failures == failures && (!cx->tracing || trace_backward(pass, c, gx)) &&
              deliver(pass, n, c, n->inputs, g, gx);
    if (s) fx__scope_pop(cx, s);
    return ok;
}

static bool run_closure(fx_pass *pass, fx_node *n, fx_tensor *const *gs, uint64_t needs)
{
    fx_context *cx = pass->cx;
    fx_tensor *few[3 * FEW], *few_ys[FEW], **x = few, **ys = few_ys;
    if (n->inputs > FEW && !(x = fx__arena_alloc(cx, 3 * sizeof *x * n->inputs))) return false;
    if (n->outputs > FEW && !(ys = fx__arena_alloc(cx, sizeof *ys * n->outputs))) return false;
    fx_tensor **shapes = x + n->inputs, **gx = shapes + n->inputs;
    for (int i = 0; i < n->inputs; i++) gx[i] = NULL;
    fx_call c;
    c.needs = needs;
    c.gs = gs;
    if (!fill_call(pass, n, &c, x, shapes, ys)) return false;
    fx_tensor *g = gs[0];
    if (pass->create || !n->op->local_grad_fused) {
        if (!n->op->local_grad) {
            fx_call_fail(&c, FX_ERROR_NO_GRADIENT, "the derivative for %s is not implemented", n->op->name);
            return false;
        }
        return run_formula(pass, n, &c, g, gx);
    }
    uint64_t failures = cx->failures;
    pass->now = n;
    pass->call = &c;
    n->op->local_grad_fused(&c, g, gx);
    pass->call = NULL;
    if (__builtin_expect(cx->failures != failures, 0)) return false;
    if (cx->tracing && !trace_backward(pass, &c, gx)) return false;
    return deliver(pass, n, &c, n->inputs, g, gx);
}

/* Hooks, retained gradients and targets of a node whose gradients are whole. */
static bool attend(fx_pass *pass, fx_node *n, fx_tensor **gs)
{
    for (int k = 0; n->extra && k < n->outputs; k++) {
        if (!gs[k]) continue;
        fx_tensor *y = fx__node_y(n, k);
        fx_tensor *g = fx__run_hooks(pass->cx, n->extra->hooks, k, gs[k], y, pass->where);
        if (!g) return false;
        if (g != gs[k]) fx__drop(gs[k]);
        gs[k] = g;
        for (fx_retain *r = n->extra->retains; r; r = r->next)
            if (r->output == k && pass->accumulates && !fx__will_accumulate(pass, r->x, fx__share(g), false))
                return false;
    }
    if (n->flags & FX__NODE_TARGET)
        for (int i = 0; i < pass->target_count; i++) {
            fx_target *t = &pass->targets[i];
            if (t->node == n && gs[t->output]) t->result = fx__share(gs[t->output]);
        }
    return true;
}

static uint64_t wanted(const fx_pass *pass, const fx_node *n)
{
    uint64_t needs = 0;
    for (int i = 0; i < n->inputs; i++)
        if (wants(pass, n->link[i].node)) needs |= (uint64_t)1 << (i < 63 ? i : 63);
    return needs;
}

/* The same for a node that nothing special is asked of: one result, at most two inputs, no graph wanted.
 * Models of single numbers are made of such nodes, so what run_closure() does is done here without its
 * general cases. */
static inline bool is_simple(const fx_pass *pass, const fx_node *n)
{
    return n->outputs == 1 && (n->inputs == 1 || n->inputs == 2) && !n->extra && n->op->local_grad_fused &&
           !(n->flags & (FX__NODE_TARGET | FX__NODE_PACKED | FX__NODE_FREED)) && pass->simple;
}

static inline void free_simple(fx_node *n, int inputs, fx_where by)
{
    if (!(n->flags & FX__NODE_CAPTURES)) return;
    n->flags |= FX__NODE_FREED;
    n->y_flags = 0;
    for (int i = 0; i < inputs; i++) n->link[i].flags = 0;
    n->freed_file = by.file;
    n->y_version = (uint32_t)by.line;
}

static inline __attribute__((always_inline)) bool run_simple(fx_pass *pass, fx_node *n, const int inputs)
{
    fx_context *cx = pass->cx;
    fx_tensor *g = n->grad, *x[2], *shapes[2], *gx[2] = { NULL, NULL }, *y = NULL;
    uint64_t needs = 0;
    bool counted = n->y_counted || n->op->options_finish;
    n->grad = NULL;
    for (int i = 0; i < inputs; i++) {
        const fx_link *l = &n->link[i];
        shapes[i] = l->x;
        x[i] = NULL;
        if (l->node) needs |= (uint64_t)1 << i;
        if (!(l->flags & FX__CAPTURED)) continue;
        counted |= l->flags & FX__CAPTURE_COUNTED;
        x[i] = untouched(pass, n, l->x, l->version)
                   ? l->x
                   : captured(pass, n, i, l->x, l->node, l->output, l->version);
        if (!x[i]) return false;
    }
    if (n->y_flags & 1) {
        y = untouched(pass, n, n->y, n->y_version) ? n->y
                                                   : captured(pass, n, inputs, n->y, n, 0, n->y_version);
        if (!y) return false;
    }
    const fx_call c = { .cx = cx,
                        .op = n->op,
                        .where = { n->file, n->line },
                        .inputs = inputs,
                        .outputs = 1,
                        .x = x,
                        .y = y,
                        .ys = &y,
                        .gs = &g,
                        .options = fx__node_options(n),
                        .needs = needs,
                        .shapes = shapes };
    const uint64_t failures = cx->failures;
    pass->now = n;
    pass->call = &c;
    n->op->local_grad_fused(&c, g, gx);
    pass->call = NULL;
    if (__builtin_expect(cx->failures != failures, 0) || !deliver(pass, n, &c, inputs, g, gx)) return false;
    fx__drop(g);
    if (pass->retain) return true;
    if (counted)
        fx__node_free(cx, n, pass->where);
    else
        free_simple(n, inputs, pass->where);
    return true;
}

static bool run_node(fx_pass *pass, fx_node *n)
{
    fx_tensor *one, **gs = &one;
    if (__builtin_expect(n->flags & FX__NODE_FREED, 0))
        return freed_error(pass, n); /* by a pass inside this one */
    if (n->outputs == 1)
        one = n->grad, n->grad = NULL;
    else
        gs = n->grads;
    if (__builtin_expect(n->extra || n->flags & FX__NODE_TARGET, 0) && !attend(pass, n, gs)) return false;
    uint64_t needs = wanted(pass, n);
    if (needs && !run_closure(pass, n, gs, needs)) return false;
    for (int k = 0; k < n->outputs; k++) fx__drop(gs[k]), gs[k] = NULL;
    if (needs && !pass->retain && n->flags & FX__NODE_CAPTURES) fx__node_free(pass->cx, n, pass->where);
    return true;
}

/* ---- a gradient that can't be differentiated again ----------------------------------------------------- */

static const fx_op once_op = { .name = "once-differentiable gradient",
                               .formula = "no derivative",
                               .inputs = -1 };

static fx_tensor *once(fx_pass *pass, const fx_call *c, fx_tensor *g, fx_tensor *gx)
{
    fx_tensor *y = gx == g || gx->node || gx->owner ? fx__space.clone(gx, pass->where) : gx;
    if (!y) return NULL;
    y->node = NULL;
    /* it depends on the inputs as well as on g */
    fx_tensor **inputs = fx__arena_alloc(pass->cx, sizeof *inputs * (size_t)(c->inputs + 1));
    if (!inputs) return NULL;
    inputs[0] = g;
    for (int i = 0; i < c->inputs; i++) inputs[i + 1] = c->shapes[i];
    return fx__record(pass->cx, &once_op, inputs, c->inputs + 1, &y, 1, NULL, 0, c->where) ? y : NULL;
}

/* ---- which part of the graph --------------------------------------------------------------------------- */

static bool note_reached(fx_pass *pass, fx_node *n)
{
    if (pass->reached_count == pass->reached_room) {
        int64_t room = pass->reached_room ? 2 * pass->reached_room : 256;
        fx_buffer *b = fx__buffer_new(pass->cx, pass->cx->scope, (size_t)room * sizeof(fx_node *));
        if (!b) return false;
        if (pass->reached_count)
            memcpy(b->data, pass->reached, (size_t)pass->reached_count * sizeof(fx_node *));
        if (pass->reached_memory) fx__buffer_free(pass->cx, pass->reached_memory);
        pass->reached_memory = b;
        pass->reached = (fx_node **)(void *)b->data;
        pass->reached_room = room;
    }
    pass->reached[pass->reached_count++] = n;
    return true;
}

/* Walks what the roots depend on, then back up: a node is needed if an input of it is, or is a target. */
static bool mark_needed(fx_pass *pass, int64_t pending)
{
    uint32_t id = pass->id;
    for (fx_node *n = pass->last; pending > 0; n = n->previous) {
        if (n->mark != id) continue;
        pending--;
        if (!note_reached(pass, n)) return false;
        for (int i = 0; i < n->inputs; i++) {
            fx_node *to = n->link[i].node;
            if (to && to->op && to->mark != id) {
                if (pass->outer && !stash(pass, to)) return false;
                to->mark = id;
                pending++;
            }
        }
    }
    for (int64_t k = pass->reached_count - 1; k >= 0; k--) {
        fx_node *r = pass->reached[k];
        bool needed = false;
        for (int i = 0; i < r->inputs && !needed; i++)
            needed = r->link[i].node && r->link[i].node->flags & (FX__NODE_NEEDED | FX__NODE_TARGET);
        if (needed)
            r->flags |= FX__NODE_NEEDED;
        else
            r->flags &= (uint16_t)~FX__NODE_NEEDED;
        r->mark = 0;
    }
    return true;
}

static void forget_needed(fx_pass *pass)
{
    for (int64_t k = 0; k < pass->reached_count; k++) pass->reached[k]->flags &= (uint16_t)~FX__NODE_NEEDED;
    for (int i = 0; i < pass->target_count; i++)
        if (pass->targets[i].node) pass->targets[i].node->flags &= (uint16_t)~FX__NODE_TARGET;
}

/* ---- roots --------------------------------------------------------------------------------------------- */

static const char *maker(const fx_tensor *x) { return x->node && x->node->op ? x->node->op->name : "a leaf"; }

static fx_tensor *seed_of(fx_pass *pass, int i, fx_tensor *root, fx_tensor *seed)
{
    fx_context *cx = pass->cx;
    if (!seed) {
        if (root->numel != 1) {
            fx_error_set(cx, FX_ERROR_GRAPH, pass->where,
                         "backward: a gradient starts at one number, and %s gave %s: pass .seed", maker(root),
                         fx__shape_text(root));
            return NULL;
        }
        fx_tensor *one = pass->create
                             ? fx__new(cx, (fx_dtype)root->dtype, root->ndim, root->size, pass->where)
                             : fx__temporary(cx, (fx_dtype)root->dtype, root->ndim, root->size);
        if (one) fx__space.fill(one, 1);
        return one;
    }
    if (seed->cx != root->cx) {
        fx_error_set(pass->cx, FX_ERROR_ARGUMENT, pass->where, "backward: seed %d belongs to another context",
                     i);
        return NULL;
    }
    if (!fx__same_shape(seed, root)) {
        fx_error_set(cx, FX_ERROR_SHAPE, pass->where,
                     "backward: Mismatch in shape: grad_output[%d] has a shape of %s and output[%d] has a "
                     "shape of %s.",
                     i, fx__shape_text(seed), i, fx__shape_text(root));
        return NULL;
    }
    if (seed->dtype != root->dtype) seed = fx__space.cast(seed, (fx_dtype)root->dtype, pass->where);
    return seed;
}

static bool check_root(fx_pass *pass, int i, fx_tensor *root)
{
    if (!root) return false;
    if (root->cx != pass->cx) {
        fx_error_set(pass->cx, FX_ERROR_ARGUMENT, pass->where, "backward: root %d belongs to another context",
                     i);
        return false;
    }
    fx_node *n = fx__edge(root);
    if (!n) {
        fx_error_set(pass->cx, FX_ERROR_GRAPH, pass->where,
                     "backward: element %d of tensors does not require grad and does not have a grad_fn", i);
        return false;
    }
    if (n->op && (!pass->last || n->sequence > pass->last->sequence)) pass->last = n;
    return true;
}

static bool start(fx_pass *pass, fx_list roots, fx_list seeds)
{
    for (int i = 0; i < roots.count; i++)
        if (!check_root(pass, i, roots.at[i])) return false;
    if (pass->restricted) {
        int64_t pending = 0;
        for (int i = 0; i < roots.count; i++) {
            fx_node *n = fx__edge(roots.at[i]);
            if (pass->outer && !stash(pass, n)) return false;
            if (n->op && n->mark != pass->id) n->mark = pass->id, pending++;
        }
        if (!mark_needed(pass, pending)) return false;
    }
    for (int i = 0; i < roots.count; i++) {
        fx_node *n = fx__edge(roots.at[i]);
        fx_tensor *g = seed_of(pass, i, roots.at[i], i < seeds.count ? seeds.at[i] : NULL);
        if (!g) return false;
        if (pass->restricted && !(n->flags & (FX__NODE_NEEDED | FX__NODE_TARGET)))
            fx__drop(g);
        else if (!give(pass, n, roots.at[i]->output, g))
            return false;
    }
    return true;
}

static bool walk(fx_pass *pass)
{
    pass->simple = !pass->create && !pass->restricted && !pass->outer && !pass->cx->tracing;
    for (fx_node *n = pass->last; pass->pending > 0; n = n->previous) {
        if (n->mark != pass->id) continue;
        pass->pending--;
        if (!(!is_simple(pass, n) ? run_node(pass, n)
              : n->inputs == 2    ? run_simple(pass, n, 2)
                                  : run_simple(pass, n, 1)))
            return false;
    }
    return true;
}

/* ---- passes -------------------------------------------------------------------------------------------- */

/* Re-entrant passes use the C stack. Beyond a few, how much is left is asked of the system. */
static bool stack_left(fx_context *cx, fx_where where)
{
    if (cx->pass_depth < DEEP) return true;
    static _Thread_local char *low;
    if (!low) {
        pthread_attr_t attr;
        void *base = NULL;
        size_t size = 0;
        if (pthread_getattr_np(pthread_self(), &attr) == 0) {
            pthread_attr_getstack(&attr, &base, &size);
            pthread_attr_destroy(&attr);
        }
        low = base;
    }
    if (!low || (char *)__builtin_frame_address(0) - low > STACK_RESERVE) return true;
    fx_error_set(cx, FX_ERROR_GRAPH, where,
                 "backward: %d passes run inside each other, and the stack is used up", cx->pass_depth);
    return false;
}

static bool begin(fx_pass *pass, fx_context *cx, fx_where where)
{
    if (!fx__enter(cx, where) || !stack_left(cx, where)) return false;
    pass->cx = cx;
    pass->where = where;
    pass->outer = cx->pass;
    pass->caller = cx->scope;
    pass->mode = (fx_grad_mode)cx->mode;
    if (++cx->pass_id == 0) ++cx->pass_id; /* a node that no pass has reached has 0 */
    pass->id = cx->pass_id;
    pass->floor = cx->floor;
    pass->commit_end = &pass->commits;
    if (!pass->create && !(pass->scope = fx__scope_push(cx, where))) return false;
    memcpy(pass->temporaries, cx->temporaries, sizeof cx->temporaries);
    memset(cx->temporaries, 0, sizeof cx->temporaries);
    cx->pass = pass;
    cx->floor = pass->create ? pass->caller : pass->scope;
    cx->pass_depth++;
    cx->mode = pass->create ? FX_GRAD_ON : FX_GRAD_OFF;
    return true;
}

static void finish(fx_pass *pass)
{
    fx_context *cx = pass->cx;
    forget_needed(pass);
    for (fx_node *n = pass->leaves, *next; n; n = next)
        next = n->previous, n->grad = NULL, n->previous = NULL, n->mark = 0;
    unstash(pass);
    if (pass->create && pass->reached_memory) fx__buffer_free(cx, pass->reached_memory);
    cx->floor = pass->floor;
    if (pass->scope) fx__scope_pop(cx, pass->scope);
    memcpy(cx->temporaries, pass->temporaries, sizeof cx->temporaries);
    cx->pass = pass->outer;
    cx->pass_depth--;
    cx->mode = (uint8_t)pass->mode;
}

static bool set_targets(fx_pass *pass, fx_list inputs)
{
    fx_context *cx = pass->cx;
    pass->restricted = true;
    pass->targets = fx__arena_alloc(cx, sizeof *pass->targets * (size_t)inputs.count);
    if (!pass->targets) return false;
    for (int i = 0; i < inputs.count; i++) {
        fx_tensor *x = inputs.at[i];
        if (!x) return false;
        fx_node *n = fx__edge(x);
        if (!n) {
            fx_error_set(cx, FX_ERROR_GRAPH, pass->where,
                         "gradient: One of the differentiated Tensors does not require grad "
                         "(input %d)",
                         i);
            return false;
        }
        if (pass->outer && !stash(pass, n)) return false;
        pass->targets[pass->target_count++] = (fx_target){ n, x, NULL, n->op ? x->output : 0 };
        n->flags |= FX__NODE_TARGET;
    }
    return true;
}

static bool is_list(fx_list list) { return list.count >= 0 && (list.at || list.count == 0); }

static fx_context *context_in(fx_list list)
{
    if (!is_list(list)) return NULL;
    for (int i = 0; i < list.count; i++)
        if (!list.at[i]) return NULL;
    return list.count ? list.at[0]->cx : NULL;
}

/* Views are made anew before the pass opens a scope of its own, which they would outlive. */
static void renew_views(fx_list list)
{
    for (int i = 0; i < list.count; i++) (void)fx__edge(list.at[i]);
}

/* Seeds are as many as roots, or none at all; inputs are all there. */
static bool check_lists(fx_context *cx, fx_list roots, fx_list seeds, fx_list inputs, fx_where where)
{
    if (!fx__enter(cx, where)) return false;
    if (!is_list(inputs) || !is_list(seeds)) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "backward: a list has no tensors, but a count");
        return false;
    }
    for (int i = 0; i < inputs.count; i++)
        if (!inputs.at[i] || inputs.at[i]->cx != cx) {
            if (inputs.at[i])
                fx_error_set(cx, FX_ERROR_ARGUMENT, where, "backward: input %d belongs to another context",
                             i);
            return false;
        }
    if (seeds.count && seeds.count != roots.count) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "backward: there are %d seeds for %d roots", seeds.count,
                     roots.count);
        return false;
    }
    renew_views(roots);
    renew_views(inputs);
    return true;
}

static fx_status failed(const fx_context *cx)
{
    fx_status code = fx_error(cx);
    return code != FX_OK ? code : FX_ERROR_ARGUMENT;
}

fx_status fx_backward_at(fx_backward_args a, fx_where where)
{
    fx_list roots = a.root ? (fx_list){ 1, &a.root } : a.roots,
            seeds = a.seed ? (fx_list){ 1, &a.seed } : a.seeds;
    fx_context *cx = context_in(roots);
    if (!cx) return FX_ERROR_ARGUMENT;
    if (a.inputs_given && a.inputs.count == 0)
        return fx_error_set(cx, FX_ERROR_ARGUMENT, where, "backward: the inputs argument cannot be empty");
    fx_pass pass = { .retain = a.retain_graph || a.create_graph,
                     .create = a.create_graph,
                     .accumulates = true };
    uint64_t failures = cx->failures;
    if (!check_lists(cx, roots, seeds, a.inputs, where) || !begin(&pass, cx, where)) return failed(cx);
    bool ok = (!a.inputs.count || set_targets(&pass, a.inputs)) && start(&pass, roots, seeds) &&
              walk(&pass) && fx__accumulate(&pass);
    finish(&pass);
    return ok && cx->failures == failures ? FX_OK : failed(cx);
}

/* The result for one target, in the caller's scope. */
static bool result_of(fx_pass *pass, fx_target *t, const fx_gradient_args *a, fx_tensor **result)
{
    fx_target *same = pass->targets;
    while (same->node != t->node || same->output != t->output) same++;
    if (same != t)
        t->result = same->result;
    else if (t->node->op == NULL) {
        t->result = t->node->mark == pass->id ? t->node->grad : NULL;
        fx_hook *hooks = t->x->meta ? t->x->meta->hooks : NULL;
        if (t->result && hooks &&
            !(t->result = fx__run_hooks(pass->cx, hooks, 0, t->result, t->x, pass->where)))
            return false;
    }
    fx_tensor *g = t->result;
    if (g)
        *result = pass->create ? g : fx__settle_in(pass, pass->caller, g);
    else if (a->materialize_grads) {
        *result =
            fx__new_in(pass->cx, pass->caller, (fx_dtype)t->x->dtype, t->x->ndim, t->x->size, pass->where);
        if (*result && t->x->numel) fx__space.fill(*result, 0);
    } else if (a->allow_unused)
        return true;
    else {
        fx_error_set(
            pass->cx, FX_ERROR_GRAPH, pass->where,
            "gradient: One of the differentiated Tensors appears to not have been used in the graph. Set "
            "allow_unused=True if this is the desired behavior.");
        return false;
    }
    return *result != NULL;
}

static bool results_of(fx_pass *pass, const fx_gradient_args *a, fx_tensor **results)
{
    for (int i = 0; i < pass->target_count; i++)
        if (!result_of(pass, &pass->targets[i], a, &results[i])) return false;
    return fx__run_multis(pass);
}

fx_status fx_gradients_at(fx_tensor **results, fx_gradient_args a, fx_where where)
{
    fx_list outputs = a.output ? (fx_list){ 1, &a.output } : a.outputs,
            inputs = a.input ? (fx_list){ 1, &a.input } : a.inputs;
    fx_list seeds = a.seed ? (fx_list){ 1, &a.seed } : a.seeds;
    fx_context *cx = context_in(outputs);
    for (int i = 0; results && i < inputs.count; i++) results[i] = NULL;
    if (!cx || (inputs.count && !context_in(inputs))) return FX_ERROR_ARGUMENT;
    if (!results && inputs.count)
        return fx_error_set(cx, FX_ERROR_ARGUMENT, where, "gradient: there is no room for results");
    if (inputs.count == 0) return fx_error_set(cx, FX_ERROR_ARGUMENT, where, "gradient: there are no inputs");
    fx_pass pass = { .retain = a.retain_graph || a.create_graph, .create = a.create_graph };
    uint64_t failures = cx->failures;
    if (!check_lists(cx, outputs, seeds, inputs, where) || !begin(&pass, cx, where)) return failed(cx);
    bool ok = set_targets(&pass, inputs) && start(&pass, outputs, seeds) && walk(&pass) &&
              results_of(&pass, &a, results);
    finish(&pass);
    if (ok && cx->failures == failures) return FX_OK;
    for (int i = 0; i < inputs.count; i++) results[i] = NULL;
    return failed(cx);
}

fx_tensor *fx_gradient_at(fx_gradient_args args, fx_where where)
{
    fx_tensor *result = NULL;
    if (!args.input || !args.output) return NULL;
    fx_gradients_at(&result, args, where);
    return result;
}
