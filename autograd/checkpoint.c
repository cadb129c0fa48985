/* Checkpointing: a function's closures capture nothing, and the function runs again when the first of them
 * needs what it would have captured.
 *
 * The function is recorded as always, so its nodes, edges and hooks are the ordinary ones; but what its
 * closures would capture goes through saved-tensor hooks that keep a number alone: the n-th capture of the
 * run. Unpacking number n runs the function once more on the same inputs, with the same random numbers, and
 * stores each capture that is still wanted, until it has the last one; from there on every op of the function
 * is refused (the context is "halted"), so that it falls through. A number that is dropped frees what is
 * stored for it: a segment's memory is gone when its nodes have run.
 */
#include "tape.h"

typedef struct fx_checkpoint fx_checkpoint;

typedef struct fx_token {
    fx_checkpoint *of;
    int index;
    bool wanted;
    uint8_t dtype, ndim;
    int64_t size[FX_MAX_DIMS];
    fx_tensor *stored; /* while a pass runs */
} fx_token;

/* What a checkpoint keeps of an input: itself, or what the hooks around it made of it. */
typedef struct fx_kept_input {
    fx_tensor *x;
    fx_packed packed;
    uint32_t version; /* of its memory at the call */
} fx_kept_input;

struct fx_checkpoint {
    fx_context *cx;
    fx_checkpoint_function *function;
    void *data;
    fx_random_state random;
    fx_where where;
    fx_kept_input *inputs;
    int input_count;
    fx_token **tokens;
    int count, room;
    /* while it runs again */
    int next, last;
    fx_memory_scope *into;
};

/* ---- the first run ------------------------------------------------------------------------------------- */

static bool more_tokens(fx_checkpoint *k)
{
    if (k->count < k->room) return true;
    int room = k->room ? 2 * k->room : 16;
    fx_token **tokens = fx__scope_memory(k->cx, k->cx->scope, (size_t)room * sizeof *tokens);
    if (!tokens) return false;
    if (k->count) memcpy(tokens, k->tokens, (size_t)k->count * sizeof *tokens);
    k->tokens = tokens;
    k->room = room;
    return true;
}

static void *pack_number(void *data, fx_tensor *x)
{
    fx_checkpoint *k = data;
    fx_token *t = more_tokens(k) ? fx__scope_memory(k->cx, k->cx->scope, sizeof *t) : NULL;
    if (!t) return NULL;
    *t = (fx_token){ .of = k, .index = k->count, .wanted = true, .dtype = x->dtype, .ndim = x->ndim };
    memcpy(t->size, x->size, sizeof(int64_t) * x->ndim);
    k->tokens[k->count++] = t;
    return t;
}

static void drop_stored(fx_token *t)
{
    fx_tensor *x = t->stored;
    t->stored = NULL;
    if (!x) return;
    if (x->buffer && x->flags & FX__KEPT) {
        x->buffer->captures--;
        fx__buffer_settle(x->cx, x->buffer);
    }
    fx__heap_free(x->cx, x);
}

static void drop_number(void *data, void *packed)
{
    (void)data;
    fx_token *t = packed;
    drop_stored(t);
    t->wanted = false;
}

/* ---- running again ------------------------------------------------------------------------------------- */

/* A handle in the scope that the run stores into. Numbers that the run made move there; those of outer scopes
 * stay where they are. */
static fx_tensor *store(fx_checkpoint *k, fx_tensor *x)
{
    fx_context *cx = k->cx;
    fx_tensor *s = fx__handle_in(cx, k->into, x);
    if (!s) return NULL;
    size_t bytes = (size_t)x->numel * fx_dtype_size((fx_dtype)x->dtype);
    s->data = x->data;
    if (x->buffer) {
        s->buffer = x->buffer;
        if (x->buffer->scope->id > k->into->id) {
            fx__buffer_move(x->buffer, k->into);
            x->buffer->handles = 0; /* the run's own handles end with it: only what is stored counts */
        }
        if (x->buffer->scope == k->into) x->buffer->captures++, s->flags |= FX__KEPT;
    } else if (fx__contiguous(x) && bytes <= FX__INLINE_BYTES) {
        s->data = (char *)(s->size + 2 * s->ndim);
        s->flags |= FX__INLINE;
        if (bytes) memcpy(s->data, x->data, bytes);
    }
    return s;
}

static void *pack_again(void *data, fx_tensor *x)
{
    fx_checkpoint *k = data;
    fx_token *t = k->next < k->count ? k->tokens[k->next] : NULL;
    bool same = t && t->dtype == x->dtype && t->ndim == x->ndim &&
                !memcmp(t->size, x->size, sizeof(int64_t) * x->ndim);
    if (!same) {
        fx_error_set(k->cx, FX_ERROR_GRAPH, k->where,
                     "checkpoint: the function did not repeat itself: its tensor %d to be saved is %s %s, "
                     "and was %s %s",
                     k->next, fx_dtype_name((fx_dtype)x->dtype), fx__shape_text(x),
                     t ? fx_dtype_name((fx_dtype)t->dtype) : "none",
                     t ? fx__dims_text(k->cx, t->ndim, t->size) : "");
        return NULL;
    }
    k->next++;
    if (t->wanted && !t->stored && !(t->stored = store(k, x))) return NULL;
    if (k->next > k->last) k->cx->thread = NULL; /* halted */
    return t;
}

/* The second run's own nodes are never run. */
static fx_tensor *unpack_never(void *data, void *packed)
{
    (void)data, (void)packed;
    return NULL;
}

/* The inputs as the function sees them again: the same numbers, leaves or not as they were, without their
 * history. */
static bool inputs_again(fx_checkpoint *k, fx_tensor **x)
{
    for (int i = 0; i < k->input_count; i++) {
        fx_kept_input *in = &k->inputs[i];
        fx_tensor *value =
            in->packed.value ? in->packed.hooks.unpack(in->packed.hooks.data, in->packed.value) : in->x;
        if (!value) return false;
        if (!in->packed.value && fx__version(value) != in->version) {
            fx_error_set(k->cx, FX_ERROR_MODIFIED, k->where,
                         "checkpoint: input %d was changed in place before its gradient was taken", i);
            return false;
        }
        x[i] = fx__view(value, value->ndim, value->size, fx__stride(value), 0);
        if (!x[i]) return false;
        x[i]->flags = (uint16_t)((x[i]->flags | FX__DETACHED) & ~(FX__ENDED | FX__INFERENCE));
        if (fx__edge(in->x)) x[i]->flags |= FX__REQUIRES_GRAD;
    }
    return true;
}

static void forget_stored(void *data)
{
    fx_checkpoint *k = data;
    for (int i = 0; i < k->count; i++) drop_stored(k->tokens[i]);
}

static bool run_again(fx_checkpoint *k)
{
    fx_context *cx = k->cx;
    k->into = cx->scope;
    k->next = 0;
    k->last = -1;
    for (int i = 0; i < k->count; i++)
        if (k->tokens[i]->wanted) k->last = i;
    if (!fx__at_end(cx, cx->scope, forget_stored, k)) return false;
    fx_memory_scope *s = fx__scope_push(cx, k->where);
    if (!s) return false;
    fx_random_state random = cx->random;
    fx_status error = cx->error;
    uint64_t failures = cx->failures;
    fx_tensor **x = fx__arena_alloc(cx, sizeof *x * (size_t)(k->input_count + 1));
    bool ok = x && inputs_again(k, x);
    if (ok && fx_push_saved_hooks(cx, (fx_saved_hooks){ pack_again, unpack_never, NULL, k }) == FX_OK) {
        cx->random = k->random;
        cx->mode = FX_GRAD_ON;
        k->function(k->data, x, k->input_count);
        cx->random = random;
        bool halted = !cx->thread;
        cx->thread = &fx__thread_tag;
        fx_pop_saved_hooks(cx);
        if (halted && cx->failures != failures && error == FX_OK)
            fx_error_clear(cx); /* what the refused ops led to */
        if (halted) cx->failures = failures;
        ok = cx->failures == failures;
        if (ok && k->next <= k->last) {
            fx_error_set(cx, FX_ERROR_GRAPH, k->where,
                         "checkpoint: the function did not repeat itself: it saved %d tensors, not %d",
                         k->next, k->count);
            ok = false;
        }
    } else
        ok = false;
    fx__scope_pop(cx, s);
    return ok;
}

static fx_tensor *unpack_number(void *data, void *packed)
{
    fx_checkpoint *k = data;
    fx_token *t = packed;
    if (!t->stored && !run_again(k)) return NULL;
    return t->stored;
}

/* ---- the call ------------------------------------------------------------------------------------------ */

static void end_checkpoint(void *data)
{
    fx_checkpoint *k = data;
    for (int i = 0; i < k->input_count; i++) {
        fx_packed *p = &k->inputs[i].packed;
        if (p->value && p->hooks.drop) p->hooks.drop(p->hooks.data, p->value);
        p->value = NULL;
    }
}

/* Keeps an input for the second run: its buffer is captured, or, inside another checkpoint, it is packed
 * there. */
static bool keep_input(fx_checkpoint *k, fx_kept_input *in, fx_tensor *x)
{
    fx_context *cx = k->cx;
    in->x = x;
    in->version = fx__version(x);
    if (!fx__hold(x)) return false;
    if (!cx->saved_hooks) {
        if (x->buffer && x->buffer->scope == cx->scope) x->buffer->captures++;
        return true;
    }
    in->packed.hooks = cx->saved_hooks->hooks;
    in->packed.value = in->packed.hooks.pack(in->packed.hooks.data, x);
    return in->packed.value != NULL;
}

static fx_checkpoint *new_checkpoint(fx_context *cx, fx_checkpoint_function *function, void *data,
                                     fx_list inputs, fx_where where)
{
    fx_checkpoint *k = fx__scope_memory(cx, cx->scope, sizeof *k);
    fx_kept_input *kept = fx__scope_memory(cx, cx->scope, sizeof *kept * (size_t)(inputs.count + 1));
    if (!k || !kept) return NULL;
    memset(kept, 0, sizeof *kept * (size_t)(inputs.count + 1));
    *k = (fx_checkpoint){
        .cx = cx, .function = function, .data = data, .random = cx->random, .where = where, .inputs = kept
    };
    if (!fx__at_end(cx, cx->scope, end_checkpoint, k)) return NULL;
    for (; k->input_count < inputs.count; k->input_count++)
        if (!keep_input(k, &kept[k->input_count], inputs.at[k->input_count])) return NULL;
    return k;
}

fx_tensor *fx_checkpointed_at(fx_checkpoint_function *function, void *data, fx_list inputs, fx_where where)
{
    for (int i = 0; i < inputs.count; i++)
        if (!inputs.at[i]) return NULL;
    if (inputs.count <= 0 || !fx__enter(inputs.at[0]->cx, where)) return NULL;
    fx_context *cx = inputs.at[0]->cx;
    if (!function) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "checkpoint: there is no function");
        return NULL;
    }
    if (cx->mode != FX_GRAD_ON) return function(data, inputs.at, inputs.count);
    fx_checkpoint *k = new_checkpoint(cx, function, data, inputs, where);
    if (!k) return NULL;
    fx_memory_scope *s = fx__scope_push(cx, where);
    if (!s) return NULL;
    fx_tensor *y = NULL;
    if (fx_push_saved_hooks(cx, (fx_saved_hooks){ pack_number, unpack_number, drop_number, k }) == FX_OK) {
        y = function(data, inputs.at, inputs.count);
        fx_pop_saved_hooks(cx);
        y = fx_keep(y);
    }
    fx__scope_pop(cx, s);
    return y;
}
