/* Gradients reach the tensors that keep them: last in a pass, when every closure has run.
 *
 * First every hook runs and every new gradient gets its memory (prepare), then all are put in place (commit):
 * so a pass that fails changes none.
 */
#include "pass.h"

bool fx__will_accumulate(fx_pass *pass, fx_tensor *x, fx_tensor *grad, bool leaf)
{
    fx_commit *c = fx__pass_memory(pass, sizeof *c);
    if (!c) return false;
    *c = (fx_commit){ NULL, x, grad, NULL, leaf };
    *pass->commit_end = c;
    pass->commit_end = &c->next;
    return true;
}

fx_tensor *fx__settle_in(fx_pass *pass, fx_memory_scope *scope, fx_tensor *g)
{
    fx_context *cx = pass->cx;
    if (!fx__exclusive(g) || !g->buffer) {
        fx_tensor *t = fx__new_in(cx, scope, (fx_dtype)g->dtype, g->ndim, g->size, pass->where);
        if (t && t->numel) fx__space.copy(t, g);
        if (t && pass->create) t->node = g->node, t->output = g->output;
        return t;
    }
    fx_tensor *t = fx__handle_in(cx, scope, g);
    if (!t) return NULL;
    t->buffer = g->buffer;
    t->data = g->data;
    t->flags |= FX__COUNTED;
    g->flags &= (uint16_t)~FX__COUNTED;
    fx__buffer_move(t->buffer, scope);
    return t;
}

/* When the scope that a gradient's graph was made in ends, the gradient stays, without it. */
static void cut_history(void *data)
{
    fx_tensor *x = data;
    fx_meta *m = x->meta;
    if (m && m->grad && m->grad->node && m->grad->node->sequence > x->cx->scope->sequence)
        m->grad->node = NULL;
}

static bool prepare(fx_pass *pass, fx_commit *c)
{
    fx_context *cx = pass->cx;
    fx_meta *m = fx__meta(c->x);
    if (!m) return false;
    if (c->leaf && m->hooks) {
        fx_tensor *g = fx__run_hooks(cx, m->hooks, 0, c->grad, c->x, pass->where);
        if (!g) return false;
        c->grad = g;
    }
    if (!pass->create) return m->grad || (c->ready = fx__settle_in(pass, fx__scope_of(c->x), c->grad));
    fx_tensor *sum = m->grad ? fx__space.add(m->grad, c->grad, pass->where) : c->grad;
    if (!sum || !(c->ready = fx__settle_in(pass, fx__scope_of(c->x), sum))) return false;
    return fx__scope_of(c->x) == pass->caller || fx__at_end(cx, pass->caller, cut_history, c->x);
}

static void commit(fx_pass *pass, fx_commit *c)
{
    fx_meta *m = c->x->meta;
    if (!c->ready) {
        fx__space.add_into(m->grad, c->grad);
        m->grad->version++;
        return;
    }
    /* who holds the old one may go on reading it */
    if (m->grad) {
        m->grad->hangs = 0;
        fx__heap_orphan(m->grad, pass->caller);
    }
    c->ready->hangs = 1;
    m->grad = c->ready;
}

/* A gradient of one of a multi-hook's tensors is whole. */
bool fx__multi_reached(fx_context *cx, fx_multi *m, int at, fx_tensor *grad)
{
    fx_pass *pass = cx->pass;
    fx_multi_run *r = pass->multis;
    while (r && r->multi != m) r = r->next;
    bool first = !r;
    if (first) {
        size_t bytes = sizeof *r + sizeof(fx_tensor *) * (size_t)m->count;
        if (!(r = fx__pass_memory(pass, bytes))) return false;
        memset(r, 0, bytes);
        r->multi = m;
        r->next = pass->multis;
        pass->multis = r;
    }
    if (m->mode == FX_MULTI_ANY && !first) return true;
    r->grads[at] = grad;
    if (m->mode == FX_MULTI_ANY) return fx__run_multi(cx, m, r->grads, pass->where);
    /* without a graph the pass may use the numbers up before all gradients are there */
    return pass->create || (r->grads[at] = fx__space.clone(grad, pass->where));
}

bool fx__run_multis(fx_pass *pass)
{
    for (fx_multi_run *r = pass->multis; r; r = r->next)
        if (r->multi->mode == FX_MULTI_ALL && !fx__run_multi(pass->cx, r->multi, r->grads, pass->where))
            return false;
    return true;
}

static bool accumulate_hooks(fx_pass *pass)
{
    fx_context *cx = pass->cx;
    for (fx_commit *c = pass->commits; c; c = c->next) {
        for (fx_hook *h = c->leaf ? c->x->meta->hooks : NULL; h; h = h->next) {
            if (h->removed || !h->accumulate) continue;
            uint64_t failures = cx->failures;
            if (h->accumulate(h->data, c->x) != FX_OK && cx->failures == failures)
                fx_error_set(cx, FX_ERROR_USER, pass->where, "backward: an accumulate hook failed");
            if (cx->failures != failures) return false;
        }
    }
    return true;
}

bool fx__accumulate(fx_pass *pass)
{
    for (fx_node *n = pass->restricted ? NULL : pass->leaves; n; n = n->previous)
        if (n->grad && !(n->y->flags & FX__ENDED) && !fx__will_accumulate(pass, n->y, n->grad, true))
            return false;
    for (int i = 0; i < pass->target_count; i++) {
        fx_target *t = &pass->targets[i];
        if (t->node && !t->node->op && t->node->mark == pass->id) t->result = t->node->grad;
        bool again = false;
        for (int k = 0; k < i; k++) again |= pass->targets[k].x == t->x;
        again |=
            t->node && t->node->op && t->x->meta && t->x->meta->retains; /* it keeps its gradient anyway */
        if (t->result && !again && !fx__will_accumulate(pass, t->x, t->result, !t->node->op)) return false;
    }
    bool ready = true;
    for (fx_commit *c = pass->commits; c && ready; c = c->next) ready = prepare(pass, c);
    if (!ready || !fx__run_multis(pass)) {
        for (fx_commit *c = pass->commits; c; c = c->next)
            if (c->ready) fx__heap_free(pass->cx, c->ready);
        return false;
    }
    for (fx_commit *c = pass->commits; c; c = c->next) commit(pass, c);
    return accumulate_hooks(pass);
}
