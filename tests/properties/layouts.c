/* Properties of memory order and of threads: the same numbers give the same bits, wherever they lie and
 * whoever computes. */
#include "ops/kernels/kernels.h"
#include "properties.h"
#include <math.h>
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

/* Samples are too small for two threads, and for a loop's main part; the arguments that are timed are not. */
static void each_large_sample(trial *t, void (*body)(trial *t, void *data))
{
    int count;
    char error[FX_SAMPLE_ERROR];
    if (!t->f->bench) return;
    fx_sample *samples = fx_samples_of(t->f, t->f->bench, &count, error);
    if (!expect(t, samples != NULL, "%s", error)) return;
    for (int i = 0; i < count; i++) {
        t->sample = fx_sample_at(samples, i);
        t->dtype = FX_F32;
        body(t, NULL);
    }
    t->sample = NULL;
    free(samples);
}

PROPERTY(threads_give_the_same_bits)
{
    each_sample(t, threads_of_sample, NULL);
    each_large_sample(t, threads_of_sample);
}

/* ---- instruction sets ---------------------------------------------------------------------------------- */

/* Wider registers sum in another order and fuse where a product's kernel asks for it, so the bits of sums and
 * products may differ; the numbers may not, but for rounding of the largest beside them. */
static void expect_near(trial *t, const fx_tensor *a, const fx_tensor *b, const char *what, int i,
                        const char *isa)
{
    if (same_bits(a, b) ||
        !expect(t, a && b && fx_numel(a) == fx_numel(b), "%s: %s %d is another one", isa, what, i))
        return;
    double *x = numbers_of(a), *y = numbers_of(b), most = 0;
    for (int64_t k = 0; k < fx_numel(a); k++)
        if (isfinite(x[k]) && fabs(x[k]) > most) most = fabs(x[k]);
    const double tolerance = fx_dtype_of(a) == FX_F32 ? 1e-6 : fx_dtype_of(a) == FX_F64 ? 1e-14 : 0;
    int64_t k = 0;
    while (k < fx_numel(a) && (isfinite(x[k]) ? fabs(x[k] - y[k]) <= tolerance * most
                               : isnan(x[k])  ? isnan(y[k])
                                              : x[k] == y[k]))
        k++;
    expect(t, k == fx_numel(a), "%s: %s %d [%lld] is %.17g, not %.17g", isa, what, i, (long long)k, y[k],
           x[k]);
    free(x);
    free(y);
}

static void kernels_of_sample(trial *t, void *formula)
{
    static const char *const names[] = { "portable", "AVX2", "AVX-512" };
    pass plain, wide;
    for (int graph = 0; graph <= (formula != NULL); graph++) {
        fx__kernels_cap(FX_ISA_PORTABLE);
        if (pass_begin(&plain, t, (pass_options){ 0 }) && pass_gradient(&plain, t, graph, false))
            for (int isa = FX_ISA_PORTABLE + 1; isa < FX_ISA_COUNT; isa++) {
                if (fx__kernels_cap((fx_isa)isa) != (fx_isa)isa) continue; /* this machine has not got it */
                if (expect(t, pass_begin(&wide, t, (pass_options){ 0 }), "%s: it fails", names[isa]) &&
                    pass_gradient(&wide, t, graph, false)) {
                    for (int k = 0; k < plain.outs; k++)
                        expect_near(t, plain.out[k], wide.out[k], "output", k, names[isa]);
                    for (int i = 0; i < plain.call.diffs; i++)
                        expect_near(t, plain.grad[i], wide.grad[i], "gradient", i, names[isa]);
                }
                pass_end(&wide);
            }
        pass_end(&plain);
    }
    fx__kernels_cap(FX_ISA_COUNT);
}

PROPERTY(kernels_agree_across_instruction_sets)
{
    each_sample(t, kernels_of_sample, &(bool){ true });
    each_large_sample(t, kernels_of_sample);
}
