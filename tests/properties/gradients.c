/* Properties of gradients: what the reference says to the second order, and what must hold among gradients
 * themselves. */
#include "differences.h"
#include "properties.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- derivatives match the reference --------------------------------------------------------------------
 */

/* Directions of the size of the numbers that they move, so that differences stay inside a function's domain.
 */
static bool make_directions(pass *p, fx_tensor *direction[])
{
    for (int i = 0; i < p->call.diffs; i++) {
        fx_tensor *x = p->call.diff[i];
        const int64_t n = fx_numel(x);
        double *numbers = numbers_of(x);
        float *narrow = calloc((size_t)n + 1, sizeof *narrow);
        for (int64_t k = 0; numbers && narrow && k < n; k++) {
            const double size = numbers[k] == 0 || !isfinite(numbers[k]) ? 1 : fabs(numbers[k]);
            numbers[k] = size * fx_sample_gauss(200 + (uint64_t)i, (uint64_t)k);
            narrow[k] = (float)numbers[k];
        }
        const bool wide = fx_dtype_of(x) == FX_F64;
        direction[i] =
            fx_from_at(p->cx, fx_dtype_of(x), wide ? (void *)numbers : (void *)narrow, fx_shape(x), FX_HERE);
        free(numbers);
        free(narrow);
        if (!direction[i]) return false;
    }
    return true;
}

static void check_gradients(trial *t, pass *p, fx_ref *r, bool formula)
{
    for (int i = 0; i < p->call.diffs; i++) {
        fx_ref_report report = { 0 };
        fx_tensor *g = p->grad[i];
        expect(t, !g || fx_dtype_of(g) == fx_dtype_of(p->call.diff[i]),
               "gradient %d has another dtype than its tensor", i);
        if (!expect(t, fx_ref_check_gradient(r, i, g, formula, &report),
                    "gradient %d has another shape than its tensor", i))
            continue;
        counted(t, report.checked, report.skipped);
        expect(t, !report.failed, "%lld wrong: %s", (long long)report.failed, report.text);
    }
}

/* The second derivatives of s = sum <gradient, direction>, in the inputs and in the seeds. */
static void check_second(trial *t, pass *p, fx_ref *r, fx_tensor *const direction[])
{
    enum { MOST = FX_SAMPLE_TENSORS + FX_MAX_OUTPUTS };
    fx_tensor *roots[FX_SAMPLE_TENSORS], *seeds[FX_SAMPLE_TENSORS], *inputs[MOST], *second[MOST] = { 0 };
    int outputs = 0, wanted = 0;
    for (int i = 0; i < p->call.diffs; i++) {
        inputs[wanted++] = p->call.diff[i];
        if (!p->grad[i] || !fx_requires_grad(p->grad[i])) continue;
        roots[outputs] = p->grad[i];
        seeds[outputs++] = direction[i];
    }
    for (int k = 0; k < p->outs; k++)
        if (p->seed[k]) inputs[wanted++] = p->seed[k];
    const bool runs =
        !outputs || !fx_gradients(second, .outputs = { outputs, roots }, .inputs = { wanted, inputs },
                                  .seeds = { outputs, seeds }, .allow_unused = true);
    if (!expect(t, runs, "second gradient: %s", fx_error_message(p->cx))) return;
    for (int i = 0; i < p->call.diffs; i++) {
        fx_ref_report report = { 0 };
        if (!expect(t, fx_ref_check_second(r, i, second[i], &report),
                    "second gradient %d has another shape than its tensor", i))
            continue;
        counted(t, report.checked, report.skipped);
        expect(t, !report.failed, "%lld wrong: %s", (long long)report.failed, report.text);
    }
    for (int k = 0, at = p->call.diffs; k < p->outs; k++) {
        fx_ref_report report = { 0 };
        if (!p->seed[k]) continue;
        if (!expect(t, fx_ref_check_cotangent(r, k, second[at++], &report),
                    "gradient in seed %d: another shape", k))
            continue;
        counted(t, report.checked, report.skipped);
        expect(t, !report.failed, "%lld wrong: %s", (long long)report.failed, report.text);
    }
}

static void derivatives_of_sample(trial *t, void *data)
{
    (void)data;
    pass p;
    fx_tensor *direction[FX_SAMPLE_TENSORS];
    fx_ref *r = NULL;
    if (pass_begin(&p, t, (pass_options){ .differentiable_seed = true }) && p.call.diffs &&
        make_directions(&p, direction)) {
        r = fx_ref_open(t->f, p.call.args, p.call.diffs, p.call.diff,
                        t->f->random || t->f->signs ? p.outs : 0, p.out);
        if (fx_ref_outputs(r) == p.outs) {
            fx_ref_differentiate(r, p.seed, direction);
            if (pass_gradient(&p, t, false, true)) check_gradients(t, &p, r, false);
            if (pass_gradient(&p, t, true, true)) {
                check_gradients(t, &p, r, true);
                check_second(t, &p, r, direction);
            }
        }
    }
    fx_ref_close(r);
    pass_end(&p);
}

PROPERTY(derivatives_match_reference)
{
    if (fx_ref_exists(t->f)) each_sample(t, derivatives_of_sample, NULL);
}

/* ---- fused equals formula -------------------------------------------------------------------------------
 */

/* The fused path may round otherwise; it may not say otherwise. Both are held to the reference above, at each
 * one's tolerance; here to each other: where there is a gradient, where it is finite, and within what float32
 * or float64 can tell of the largest number beside it. */
static void compare_paths(trial *t, int i, const fx_tensor *fused, const fx_tensor *formula)
{
    if (!expect(t, !fused == !formula, "gradient %d: only the %s gives one", i,
                fused ? "fused path" : "formula") ||
        !fused)
        return;
    expect(t, fx_dtype_of(fused) == fx_dtype_of(formula), "gradient %d: the dtypes differ", i);
    if (!expect(t, fx_numel(fused) == fx_numel(formula), "gradient %d: the shapes differ", i)) return;
    double *a = numbers_of(fused), *b = numbers_of(formula), most = 0;
    const int64_t n = fx_numel(fused);
    for (int64_t k = 0; k < n; k++)
        if (isfinite(b[k]) && fabs(b[k]) > most) most = fabs(b[k]);
    const double tolerance = fx_dtype_of(fused) == FX_F32 ? 1e-5 : 1e-13;
    for (int64_t k = 0; k < n; k++) {
        const bool good = isfinite(b[k]) ? fabs(a[k] - b[k]) <= tolerance * most
                          : isnan(a[k])  ? isnan(b[k])
                                         : a[k] == b[k];
        expect(t, good, "gradient %d [%lld]: %.17g fused, %.17g by the formula", i, (long long)k, a[k], b[k]);
    }
    free(a);
    free(b);
}

static void fused_of_sample(trial *t, void *data)
{
    (void)data;
    pass p;
    fx_tensor *fused[FX_SAMPLE_TENSORS];
    if (pass_begin(&p, t, (pass_options){ 0 }) && pass_gradient(&p, t, false, true)) {
        memcpy(fused, p.grad, sizeof fused);
        if (pass_gradient(&p, t, true, true))
            for (int i = 0; i < p.call.diffs; i++) compare_paths(t, i, fused[i], p.grad[i]);
    }
    pass_end(&p);
}

PROPERTY(fused_equals_formula) { each_sample(t, fused_of_sample, NULL); }

/* ---- repeated, zero seed, alone --------------------------------------------------------------------------
 */

static void repeated_of_sample(trial *t, void *data)
{
    (void)data;
    pass p;
    fx_tensor *first[FX_SAMPLE_TENSORS];
    for (int graph = 0; graph < 2; graph++) {
        if (pass_begin(&p, t, (pass_options){ 0 }) && pass_gradient(&p, t, graph, true)) {
            memcpy(first, p.grad, sizeof first);
            if (pass_gradient(&p, t, graph, true))
                for (int i = 0; i < p.call.diffs; i++)
                    expect(t, same_bits(first[i], p.grad[i]), "gradient %d has other bits the second time",
                           i);
        }
        pass_end(&p);
    }
}

PROPERTY(backward_twice_gives_the_same_bits) { each_sample(t, repeated_of_sample, NULL); }

static void zero_seed_of_sample(trial *t, void *data)
{
    (void)data;
    for (int graph = 0; graph < 2; graph++) {
        pass p, zero;
        const bool runs = pass_begin(&p, t, (pass_options){ 0 });
        const bool runs_too = pass_begin(&zero, t, (pass_options){ .zero_seed = true });
        if (runs && runs_too && pass_gradient(&p, NULL, graph, false) &&
            pass_gradient(&zero, t, graph, false))
            for (int i = 0; i < p.call.diffs; i++) {
                if (!zero.grad[i] || !p.grad[i]) continue;
                double *usual = numbers_of(p.grad[i]), *numbers = numbers_of(zero.grad[i]);
                for (int64_t k = 0; k < fx_numel(zero.grad[i]); k++)
                    if (isfinite(usual[k]))
                        expect(t, numbers[k] == 0, "gradient %d [%lld] is %g under a zero seed", i,
                               (long long)k, numbers[k]);
                free(usual);
                free(numbers);
            }
        pass_end(&p);
        pass_end(&zero);
    }
}

PROPERTY(zero_seed_gives_zeros) { each_sample(t, zero_seed_of_sample, NULL); }

static void alone_of_sample(trial *t, void *data)
{
    (void)data;
    pass joint;
    if (pass_begin(&joint, t, (pass_options){ 0 }) && joint.call.diffs > 1 &&
        pass_gradient(&joint, t, false, false))
        for (int i = 0; i < joint.call.diffs; i++) {
            pass alone;
            if (expect(t, pass_begin(&alone, t, (pass_options){ .only = (uint64_t)1 << i }),
                       "it fails with input %d alone", i) &&
                pass_gradient(&alone, t, false, false)) {
                expect(t, same_bits(joint.grad[i], alone.grad[i]),
                       "gradient %d has other bits when it alone is wanted", i);
                for (int k = 0; k < alone.outs; k++)
                    expect(t, same_bits(joint.out[k], alone.out[k]),
                           "output %d depends on who wants a gradient", k);
            }
            pass_end(&alone);
        }
    pass_end(&joint);
}

PROPERTY(each_gradient_alone_equals_joint) { each_sample(t, alone_of_sample, NULL); }
