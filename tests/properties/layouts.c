/* Properties of memory order and of threads: the same numbers give the same bits, wherever they lie and
 * whoever computes. */
#include "properties.h"
#include <stdlib.h>
#include <string.h>

static void compare_passes(trial *t, const pass *a, const pass *b, const char *what)
{
    if (!expect(t, a->outs == b->outs, "%s: %d outputs, not %d", what, b->outs, a->outs)) return;
    for (int k = 0; k < a->outs; k++)
        expect(t, same_bits(a->out[k], b->out[k]), "%s: output %d has other bits", what, k);
    for (int i = 0; i < a->call.diffs; i++)
        expect(t, same_bits(a->grad[i], b->grad[i]), "%s: gradient %d has other bits", what, i);
}

static void layouts_of_sample(trial *t, void *data)
{
    (void)data;
    static const char *const names[] = { "rows", "strided", "offset", "expanded" };
    pass rows, other;
    for (int layout = FX_LAYOUT_STRIDED; layout < FX_LAYOUT_COUNT; layout++)
        for (int graph = 0; graph < 2; graph++) {
            const bool flat = layout == FX_LAYOUT_EXPANDED;
            if (pass_begin(&rows, t, (pass_options){ .flat = flat }) &&
                pass_gradient(&rows, t, graph, false)) {
                const bool runs =
                    pass_begin(&other, t, (pass_options){ .layout = (fx_sample_layout)layout, .flat = flat });
                if (expect(t, runs, "%s: %s", names[layout],
                           other.cx ? fx_error_message(other.cx) : "no context") &&
                    pass_gradient(&other, t, graph, false))
                    compare_passes(t, &rows, &other, names[layout]);
                pass_end(&other);
            }
            pass_end(&rows);
        }
}

PROPERTY(any_strides_give_the_same_bits) { each_sample(t, layouts_of_sample, NULL); }

static void threads_of_sample(trial *t, void *data)
{
    (void)data;
    pass one, two;
    const bool runs = pass_begin(&one, t, (pass_options){ .threads = 1 });
    const bool runs_too = pass_begin(&two, t, (pass_options){ .threads = 2 });
    if (runs && runs_too && pass_gradient(&one, t, false, false) && pass_gradient(&two, t, false, false))
        compare_passes(t, &one, &two, "two threads");
    pass_end(&one);
    pass_end(&two);
}

/* Samples are too small for two threads; the arguments that are timed are not. */
PROPERTY(threads_give_the_same_bits)
{
    each_sample(t, threads_of_sample, NULL);
    int count;
    char error[FX_SAMPLE_ERROR];
    if (!t->f->bench) return;
    fx_sample *samples = fx_samples_of(t->f, t->f->bench, &count, error);
    if (!expect(t, samples != NULL, "%s", error)) return;
    for (int i = 0; i < count; i++) {
        t->sample = fx_sample_at(samples, i);
        t->dtype = FX_F32;
        threads_of_sample(t, NULL);
    }
    t->sample = NULL;
    free(samples);
}
