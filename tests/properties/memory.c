/* Properties of memory: nothing leaks, nothing is captured in vain, and running out of it at any place is an
 * error, no more. */
#include "properties.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- leaks --------------------------------------------------------------------------------------------- */

/* One round in a scope of its own: everything, to the second gradient. */
static void round_trip(trial *t, fx_context *cx)
{
    FX_SCOPE (cx) {
        pass p = { .cx = cx };
        const fx_sample_options made = { .dtype = t->dtype, .seed = 1 };
        if (fx_sample_make(t->sample, cx, made, &p.call)) break;
        p.outs = fx_sample_run(&p.call, FX_HERE, p.out);
        for (int k = 0; k < p.outs; k++)
            if (fx_requires_grad(p.out[k]))
                p.seed[k] = fx_sample_normal(cx, p.out[k], 100, FX_LAYOUT_ROWS, false);
        if (pass_gradient(&p, NULL, false, true)) pass_gradient(&p, NULL, true, false);
    }
}

static void leaks_of_sample(trial *t, void *data)
{
    (void)data;
    fx_context *cx = fx_context_new(.seed = 7, .threads = 1);
    if (!expect(t, cx != NULL, "no context")) return;
    round_trip(t, cx);
    round_trip(t, cx);
    const fx_stats before = fx_context_stats(cx);
    round_trip(t, cx);
    const fx_stats after = fx_context_stats(cx);
    expect(t, after.tensor_bytes == before.tensor_bytes, "%lld bytes of tensors are left",
           (long long)(after.tensor_bytes - before.tensor_bytes));
    expect(t, after.tensor_bytes == 0, "%lld bytes of tensors outlive their scope",
           (long long)after.tensor_bytes);
    expect(t, after.nodes == 0, "%lld nodes outlive their scope", (long long)after.nodes);
    expect(t, after.captured_bytes == 0, "%lld captured bytes outlive their scope",
           (long long)after.captured_bytes);
    expect(t, after.scopes == before.scopes, "a scope is left open");
    expect(t, after.system_allocations == before.system_allocations, "%lld allocations in a steady state",
           (long long)(after.system_allocations - before.system_allocations));
    fx_context_free(cx);
}

PROPERTY(leaks_nothing) { each_sample(t, leaks_of_sample, NULL); }

/* ---- allocations that fail ----------------------------------------------------------------------------- */

typedef struct failing {
    int64_t left; /* until one fails; after it all fail, as on a machine that is full */
    int64_t live;
} failing;

static void *failing_alloc(void *data, size_t bytes)
{
    failing *f = data;
    if (f->left-- <= 0) return NULL;
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (memory) f->live++;
    return memory;
}

static void failing_free(void *data, void *memory, size_t bytes)
{
    (void)bytes;
    failing *f = data;
    if (memory) f->live--;
    free(memory);
}

static void failing_of_sample(trial *t, void *data)
{
    (void)data;
    bool good = false;
    for (int64_t n = 0; !good && n < 10000; n++) {
        failing f = { .left = n };
        pass p;
        good = pass_begin(&p, t, (pass_options){ .allocator = { failing_alloc, failing_free, &f } }) &&
               pass_gradient(&p, NULL, false, true) && pass_gradient(&p, NULL, true, false);
        if (!good && p.cx)
            expect(t, fx_error(p.cx) == FX_ERROR_MEMORY, "allocation %lld fails, and the error is: %s",
                   (long long)n, fx_error_message(p.cx));
        pass_end(&p);
        expect(t, f.live == 0, "allocation %lld fails, and %lld others leak", (long long)n,
               (long long)f.live);
    }
    expect(t, good, "it fails however many allocations succeed");
}

PROPERTY(every_allocation_may_fail) { each_sample(t, failing_of_sample, NULL); }

/* ---- captures -------------------------------------------------------------------------------------------
 */

/* Saved-tensor hooks hand back something else in the place of one captured tensor. A gradient must notice. */
enum { MOST_CAPTURES = 64, TRICKS = 3 };
typedef struct withheld {
    fx_context *cx;
    int packed;       /* so far */
    int which, trick; /* the one to withhold; -1: none */
    fx_tensor *kept[MOST_CAPTURES];
    bool empty[MOST_CAPTURES];
} withheld;

static void *pack(void *data, fx_tensor *x)
{
    withheld *w = data;
    if (w->packed == MOST_CAPTURES) return NULL;
    w->kept[w->packed] = fx_detach(x);
    w->empty[w->packed] = fx_numel(x) == 0;
    return &w->kept[w->packed++];
}

/* Something of the same shape and dtype: not a number, twice the opposite, or what stands at the other end.
 */
static fx_tensor *disguised(fx_context *cx, fx_tensor *x, int trick)
{
    const int64_t n = fx_numel(x);
    double *numbers = numbers_of(x);
    fx_tensor *y = fx_full_at(cx, fx_dtype_of(x), 0, fx_shape(x), FX_HERE);
    void *to = y ? fx_data(y) : NULL;
    for (int64_t i = 0; numbers && to && i < n; i++) {
        const double v = trick == 0 ? NAN : trick == 1 ? 1 - 2 * numbers[i] : numbers[n - 1 - i];
        switch (fx_dtype_of(x)) {
        case FX_F32: ((float *)to)[i] = (float)v; break;
        case FX_F64: ((double *)to)[i] = v; break;
        case FX_I64: ((int64_t *)to)[i] = (int64_t)numbers[n - 1 - i]; break;
        case FX_I32: ((int32_t *)to)[i] = (int32_t)numbers[n - 1 - i]; break;
        default: ((uint8_t *)to)[i] = numbers[i] == 0; break;
        }
    }
    free(numbers);
    return y;
}

static fx_tensor *unpack(void *data, void *packed)
{
    withheld *w = data;
    fx_tensor *x = *(fx_tensor **)packed;
    return (fx_tensor **)packed - w->kept == w->which ? disguised(w->cx, x, w->trick) : x;
}

/* Gradients that captures serve: the fused path's, those of the formula, and the second ones. */
typedef enum reach { FUSED, FORMULA, SECOND, REACHES } reach;

/* Puts second derivatives in the gradients' place. */
static bool second_gradient(pass *p)
{
    fx_tensor *roots[FX_SAMPLE_TENSORS], *seeds[FX_SAMPLE_TENSORS], *second[FX_SAMPLE_TENSORS] = { 0 };
    int outputs = 0;
    for (int i = 0; i < p->call.diffs; i++) {
        if (!p->grad[i] || !fx_requires_grad(p->grad[i])) continue;
        roots[outputs] = p->grad[i];
        seeds[outputs++] = fx_sample_normal(p->cx, p->grad[i], 300 + (uint64_t)i, FX_LAYOUT_ROWS, false);
    }
    if (outputs &&
        fx_gradients(second, .outputs = { outputs, roots }, .inputs = { p->call.diffs, p->call.diff },
                     .seeds = { outputs, seeds }, .allow_unused = true))
        return false;
    memcpy(p->grad, second, sizeof second);
    return true;
}

/* A pass with a capture withheld. */
static bool withheld_pass(pass *p, trial *t, withheld *w, int which, int trick, reach to)
{
    memset(p, 0, sizeof *p);
    *w = (withheld){ .which = which, .trick = trick };
    w->cx = p->cx = fx_context_new(.seed = 7, .threads = 1);
    const fx_sample_options made = { .dtype = t->dtype, .seed = 1 };
    if (!p->cx || fx_sample_make(t->sample, p->cx, made, &p->call)) return false;
    if (fx_push_saved_hooks(p->cx, (fx_saved_hooks){ pack, unpack, NULL, w })) return false;
    p->outs = fx_sample_run(&p->call, FX_HERE, p->out);
    fx_pop_saved_hooks(p->cx);
    for (int k = 0; k < p->outs; k++)
        if (fx_requires_grad(p->out[k]))
            p->seed[k] = fx_sample_normal(p->cx, p->out[k], 100 + (uint64_t)k, FX_LAYOUT_ROWS, false);
    return p->outs > 0 && pass_gradient(p, NULL, to != FUSED, to == SECOND) &&
           (to != SECOND || second_gradient(p));
}

/* By how many captures a call makes: which of them held numbers in some sample, and which a gradient missed
 * in one. An empty capture says nothing either way. */
typedef struct missed {
    bool judged[MOST_CAPTURES + 1][MOST_CAPTURES], by[MOST_CAPTURES + 1][MOST_CAPTURES];
} missed;

static bool notices(trial *t, const pass *whole, int which, reach to)
{
    bool noticed = false;
    for (int trick = 0; trick < TRICKS && !noticed; trick++) {
        pass p;
        withheld w;
        noticed = !withheld_pass(&p, t, &w, which, trick, to);
        for (int i = 0; !noticed && i < p.call.diffs; i++) noticed = !same_bits(whole->grad[i], p.grad[i]);
        pass_end(&p);
    }
    return noticed;
}

/* What the fused path has no use for, the formula may have, or its gradient (whether a graph will be wanted
 * is not known when tensors are captured). */
static void captures_of_pass(trial *t, missed *m, reach to)
{
    pass whole;
    withheld w;
    if (withheld_pass(&whole, t, &w, -1, 0, to) && pass_has_gradient(&whole) && w.packed) {
        for (int c = 0; c < w.packed; c++) {
            if (w.empty[c]) continue;
            m->judged[w.packed][c] = true;
            if (!m->by[w.packed][c]) m->by[w.packed][c] = notices(t, &whole, c, to);
        }
        counted(t, w.packed, 0);
    }
    pass_end(&whole);
}

static void captures_of_sample(trial *t, void *data)
{
    for (int to = FUSED; to < REACHES; to++) captures_of_pass(t, data, (reach)to);
}

PROPERTY(captures_are_minimal)
{
    missed m = { 0 };
    each_sample(t, captures_of_sample, &m);
    for (int n = 1; n <= MOST_CAPTURES; n++)
        for (int c = 0; c < n; c++)
            expect(t, m.by[n][c] || !m.judged[n][c], "of %d tensors captured, no gradient needs number %d", n,
                   c);
}
