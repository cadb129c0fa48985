/* The steps of a random program, in both contexts (graphs.c says what it means). */
#include "autograd/tensor.h"
#include "graphs.h"
#include <math.h>
#include <string.h>

/* An error of the program names the line (but that memory is out), and lets it go on. */
void fuzz_clear(program *p, fx_context *cx)
{
    if (fx_error(cx) && fx_error(cx) != FX_ERROR_MEMORY && !strstr(fx_error_message(cx), "steps.c:") &&
        !strstr(fx_error_message(cx), "graphs.c:"))
        FINDING(p, "an error without a line");
    if (fx_error(cx) == FX_ERROR_MEMORY) p->stop = true;
    fx_error_clear(cx);
}

/* ---- the functional side ------------------------------------------------------------------------------- */

/* y = the numbers of the second input, with the history of the first. */
static void renumber_forward(const fx_call *c)
{
    memcpy(fx_data(c->y), fx_data_const(c->x[1]), (size_t)fx_numel(c->y) * sizeof(double));
}
static void renumber_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)c;
    gx[0] = g;
}
static const fx_op renumber_op = { .name = "renumber",
                                   .formula = "y = the second input, whose gradient the first one gets",
                                   .inputs = 2,
                                   .shape = fx_shape_same,
                                   .forward = renumber_forward,
                                   .local_grad = renumber_local_grad };

/* Where in its memory the numbers of x lie, row-major. */
static fx_tensor *places(const program *p, const fx_tensor *x)
{
    const int64_t n = fx_numel(x), first = (x->data - fx__owner(x)->data) / (int64_t)sizeof(double);
    int64_t *at = malloc((size_t)(n + 1) * sizeof *at);
    for (int64_t i = 0; at && i < n; i++) {
        int64_t rest = i;
        at[i] = first;
        for (int d = fx_ndim(x); d-- > 0; rest /= fx_dim(x, d))
            at[i] += rest % fx_dim(x, d) * fx_strides(x)[d];
    }
    fx_tensor *index = fx_from(p->functional, FX_I64, at, n);
    free(at);
    return index;
}

fx_tensor *fuzz_read(const program *p, const item *t)
{
    return fx_reshape_at(fx_take(p->stores[t->store].flat[t->track], places(p, t->x)), fx_shape(t->x),
                         FX_HERE);
}

static void write_item(program *p, const item *t, fx_tensor *value)
{
    store *s = &p->stores[t->store];
    const bool whole = fx_numel(t->x) == fx_numel(s->owner);
    fx_tensor *old = s->flat[t->track], *at = places(p, t->x), *to = old;
    if (!p->recording || whole) to = fx_detach(to);
    fx_tensor *flat = fx_put(to, at, fx_reshape(p->recording ? value : fx_detach(value), fx_numel(value)));
    for (int k = 0; k < s->tracks; k++) {
        const bool replaced = k == t->track && p->recording;
        s->flat[k] = replaced ? flat : fx_apply(&renumber_op, s->flat[k], fx_detach(flat));
        if (!s->flat[k]) FINDING(p, "a write has no counterpart");
    }
}

/* ---- items --------------------------------------------------------------------------------------------- */

static bool same_shape(const fx_tensor *a, const fx_tensor *b)
{
    return fx_ndim(a) == fx_ndim(b) &&
           !memcmp(fx_sizes(a), fx_sizes(b), sizeof(int64_t) * (size_t)fx_ndim(a));
}

bool fuzz_same_numbers(const fx_tensor *a, const fx_tensor *b)
{
    return a && b && fx_digest(a) == fx_digest(b);
}

/* Numbers that derivatives of a few ops more keep in the range of a double. */
bool fuzz_moderate(const fx_tensor *x)
{
    double *numbers = malloc((size_t)(fx_numel(x) + 1) * sizeof *numbers);
    bool good = numbers && !fx_copy_out(x, FX_F64, numbers);
    for (int64_t i = 0; good && i < fx_numel(x); i++) good = fabs(numbers[i]) < 1e3;
    free(numbers);
    return good;
}

static bool has_room(const program *p) { return p->count < ITEMS && p->stored < STORES; }

/* A result with memory of its own, and its counterpart. */
void fuzz_push(program *p, fx_tensor *x, fx_tensor *counterpart)
{
    if (!has_room(p) || fx_dtype_of(x) != FX_F64 || !fx_numel(x) || fx_numel(x) > LARGEST ||
        !fuzz_moderate(x))
        return;
    if (x->owner || !fx_is_contiguous(x)) x = fx_clone(x);
    fx_tensor *flat = fx_reshape(p->recording ? counterpart : fx_detach(counterpart), fx_numel(counterpart));
    if (!x) {
        fuzz_clear(p, p->as_written);
        return;
    }
    if (!p->recording) flat = fx_detach(flat);
    if (!flat) FINDING(p, "a result has no counterpart");
    p->stores[p->stored] = (store){ x, { flat }, 1 };
    p->items[p->count++] = (item){ x, p->stored++, 0 };
}

static item *pick(program *p) { return &p->items[draw(&p->in, (unsigned)p->count)]; }

/* ---- functions of the registry ------------------------------------------------------------------------- */

typedef struct known {
    const fx_function *f;
    fx_sample *samples;
    int count;
} known;
static known *all;
static int functions;

static void read_registry(void)
{
    char error[FX_SAMPLE_ERROR];
    const fx_function *const *list = fx_functions(&functions);
    all = calloc((size_t)functions, sizeof *all);
    int n = 0;
    for (int i = 0; all && i < functions; i++) {
        /* what lies beside a tensor in its memory is no part of it in a functional program */
        if (list[i]->random || !strncmp(list[i]->name, "as_strided", 10)) continue;
        all[n].f = list[i];
        all[n].samples = fx_samples_of(list[i], list[i]->samples, &all[n].count, error);
        if (all[n].samples) n++;
    }
    functions = n;
}

/* What of the program's tensors a call is given in the place of the sample's. */
typedef struct chosen {
    int count, at[SLOTS]; /* item; -1: the sample's own numbers */
    bool fitted[SLOTS];   /* its first numbers in the shape of the sample's */
} chosen;

static void choose(program *p, const fx_sample_call *call, chosen *c)
{
    c->count = call->diffs;
    for (int i = 0; i < c->count; i++) {
        const unsigned byte = draw(&p->in, 0), which = byte / 2 % (unsigned)p->count;
        const bool enough = fx_numel(p->items[which].x) >= fx_numel(call->diff[i]);
        c->fitted[i] = byte & 1 || byte < 128;
        c->at[i] = byte < 32 || (c->fitted[i] && !enough) ? -1 : (int)which;
    }
}

static void substitute(fx_sample_call *call, fx_tensor *from, fx_tensor *to)
{
    for (const fx_field *f = call->function->fields; f->name; f++) {
        fx_tensor **at =
            (fx_tensor **)(void *)(call->args + f->offset); /* an operand begins with its tensor */
        if ((f->type == FX_FIELD_TENSOR || f->type == FX_FIELD_OPERAND) && *at == from) *at = to;
    }
    for (int i = 0; i < call->lists; i++)
        if (call->list[i] == from) call->list[i] = to;
}

/* Makes the sample's arguments on a context and puts the chosen tensors among them. False after an error. */
static bool prepare(const program *p, const fx_sample *s, fx_context *cx, const chosen *c,
                    fx_sample_call *call)
{
    const fx_sample_options options = { .dtype = FX_F64, .seed = 1, .constant = true };
    if (fx_sample_make(s, cx, options, call)) return false;
    for (int i = 0; c && i < call->diffs; i++) {
        if (c->at[i] < 0) continue;
        const item *t = &p->items[c->at[i]];
        fx_tensor *slot = call->diff[i], *x = cx == p->as_written ? t->x : fuzz_read(p, t);
        if (c->fitted[i] && x && !same_shape(x, slot))
            x = fx_reshape_at(fx_slice(fx_reshape(x, fx_numel(x)), 0, 0, fx_numel(slot)), fx_shape(slot),
                              FX_HERE);
        if (!x) return false;
        substitute(call, slot, x);
    }
    return true;
}

/* A result that shows the memory of one of the arguments. True if x is such. */
static bool push_view(program *p, const chosen *c, fx_tensor *x)
{
    int source = -1;
    bool clear_whose = p->recording && fx_numel(x) > 0;
    for (int i = 0; i < c->count; i++) {
        if (c->at[i] < 0 || p->stores[p->items[c->at[i]].store].owner != fx__owner(x)) continue;
        clear_whose = clear_whose && (source < 0 || p->items[source].track == p->items[c->at[i]].track) &&
                      p->items[c->at[i]].x != x;
        source = c->at[i];
    }
    if (source >= 0 && x->flags & FX__DETACHED && !(p->items[source].x->flags & FX__DETACHED))
        return true; /* a constant of the function's, which detach() has its own cases of */
    if (source >= 0 && clear_whose && p->count < ITEMS)
        p->items[p->count++] = (item){ x, p->items[source].store, p->items[source].track };
    return source >= 0;
}

static void call_function(program *p)
{
    if (!all) read_registry();
    const known *k = &all[(draw(&p->in, 0) + 256 * draw(&p->in, 0)) % (unsigned)functions];
    const fx_sample *s = fx_sample_at(k->samples, (int)draw(&p->in, (unsigned)k->count));
    fx_sample_call call, counterpart;
    chosen c;
    fx_tensor *out[FX_MAX_OUTPUTS], *other[FX_MAX_OUTPUTS];
    if (!prepare(p, s, p->as_written, NULL, &call)) {
        fuzz_clear(p, p->as_written);
        return;
    }
    int64_t numbers = 0;
    for (int i = 0; i < call.tensors; i++) numbers += fx_numel(call.tensor[i]);
    if (numbers > LARGEST) return;
    choose(p, &call, &c);
    if (!prepare(p, s, p->as_written, &c, &call)) {
        fuzz_clear(p, p->as_written);
        return;
    }
    const int n = fx_sample_run(&call, FX_HERE, out);
    const fx_status status = fx_error(p->as_written);
    TRACE(p, "%s %s:", k->f->name, fx_sample_text(s));
    for (int i = 0; i < c.count; i++) TRACE(p, " %d%s", c.at[i], c.fitted[i] ? "f" : "");
    TRACE(p, "%s %s\n", p->recording ? "" : " (not recorded)", fx_error_message(p->as_written));
    if (status == FX_ERROR_MEMORY) {
        fuzz_clear(p, p->as_written);
        return;
    }
    fx_mode mode = fx_mode_push(p->functional, p->recording ? FX_GRAD_ON : FX_GRAD_OFF);
    const bool good = prepare(p, s, p->functional, &c, &counterpart);
    if (!good) FINDING(p, "%s: its arguments have no counterpart", k->f->name);
    const int m = fx_sample_run(&counterpart, FX_HERE, other);
    fx_mode_pop(&mode);
    if (n != m || fx_error(p->functional) != status)
        FINDING(p, "%s [%s] gives %d tensors, and %d", k->f->name, fx_sample_text(s), n, m);
    for (int i = 0; i < n; i++)
        if (!fuzz_same_numbers(out[i], other[i]))
            FINDING(p, "%s [%s]: result %d", k->f->name, fx_sample_text(s), i);
    for (int i = 0; i < n; i++)
        if (fx_dtype_of(out[i]) == FX_F64 && !push_view(p, &c, out[i])) fuzz_push(p, out[i], other[i]);
    p->done += n > 0;
    fuzz_clear(p, p->as_written);
    fx_error_clear(p->functional);
}

/* ---- what the registry does not name ------------------------------------------------------------------- */

#define UNARY(X)                                                                                             \
    X(sin) X(cos) X(tanh) X(sigmoid) X(relu) X(neg) X(abs) X(square) X(atan) X(softsign) X(silu) X(erf)
#define BINARY(X) X(add) X(sub) X(mul)
#define VALUE(name) fx_##name##_at,
#define IN_PLACE(name) fx_##name##_in_place_at,
static fx_tensor *(*const unary[])(fx_tensor *, fx_where) = { UNARY(VALUE) };
static fx_tensor *(*const unary_in_place[])(fx_tensor *, fx_where) = { UNARY(IN_PLACE) };
static fx_tensor *(*const binary[])(fx_operand, fx_operand, fx_where) = { BINARY(VALUE) };
static fx_tensor *(*const binary_in_place[])(fx_tensor *, fx_operand, fx_where) = { BINARY(IN_PLACE) };
enum { UNARIES = sizeof unary / sizeof *unary, BINARIES = sizeof binary / sizeof *binary };

static void write_in_place(program *p)
{
    const unsigned op = draw(&p->in, UNARIES + BINARIES + 2);
    item *to = pick(p), *with = pick(p);
    const double number = (double)draw(&p->in, 16) / 8 - 1;
    fx_tensor *written, *value, *x = fuzz_read(p, to), *y = fuzz_read(p, with);
    if (op < UNARIES) {
        written = unary_in_place[op](to->x, FX_HERE);
        value = unary[op](x, FX_HERE);
    } else if (op < UNARIES + BINARIES) {
        written = binary_in_place[op - UNARIES](to->x, FX_OPERAND(with->x), FX_HERE);
        value = binary[op - UNARIES](FX_OPERAND(x), FX_OPERAND(y), FX_HERE);
    } else if (op == UNARIES + BINARIES) {
        written = fx_copy_(to->x, with->x);
        value = fx_expand_at(y, fx_shape(x), FX_HERE);
    } else {
        written = fx_fill_(to->x, number);
        value = fx_full_at(p->functional, FX_F64, number, fx_shape(x), FX_HERE);
    }
    TRACE(p, "write %u to %d, with %d%s: %s\n", op, (int)(to - p->items), (int)(with - p->items),
          p->recording ? "" : " (not recorded)", fx_error_message(p->as_written));
    if (written) {
        if (!value || !same_shape(value, x)) FINDING(p, "write %u is none in the functional program", op);
        write_item(p, to, value);
        p->stop = p->stop || !fuzz_moderate(to->x);
        p->done++;
    }
    fuzz_clear(p, p->as_written);
    fx_error_clear(p->functional);
}

static void detach(program *p)
{
    const item *t = pick(p);
    store *s = &p->stores[t->store];
    if (p->count == ITEMS || s->tracks == TRACKS) return;
    fx_tensor *x = fx_detach(t->x);
    if (!x) {
        fuzz_clear(p, p->as_written);
        return;
    }
    s->flat[s->tracks] = fx_detach(s->flat[t->track]);
    p->items[p->count++] = (item){ x, t->store, s->tracks++ };
    TRACE(p, "detach %d\n", (int)(t - p->items));
}

/* Ends a tensor whose memory nobody else shows. */
static void release(program *p)
{
    item *t = pick(p);
    int users = 0;
    for (int i = 0; i < p->count; i++) users += p->items[i].store == t->store;
    for (int i = 0; i < 2; i++) users += p->leaf[i] == t->x;
    if (users > 1 || p->count < 4) return;
    TRACE(p, "release %d\n", (int)(t - p->items));
    fx_release(t->x);
    p->stores[t->store].owner = NULL;
    *t = p->items[--p->count];
}

void fuzz_step(program *p)
{
    const unsigned what = draw(&p->in, 16);
    fx_mode mode = fx_mode_push(p->as_written, what == 15 ? FX_GRAD_OFF : FX_GRAD_ON);
    p->recording = what != 15;
    if (what == 14)
        draw(&p->in, 2) ? detach(p) : release(p);
    else if (what < 6 || (what == 15 && draw(&p->in, 2)))
        write_in_place(p);
    else
        call_function(p);
    fx_mode_pop(&mode);
    p->recording = true;
}
