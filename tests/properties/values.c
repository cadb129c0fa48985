/* Properties of values: described, computed as the reference says, refused where it must be, inputs left
 * alone. */
#include "differences.h"
#include "properties.h"
#include <stdlib.h>
#include <string.h>

PROPERTY(every_function_is_described)
{
    const fx_function *f = t->f;
    expect(t, f->formula && *f->formula, "it has no formula");
    expect(t, f->integer_result || (f->gradient && *f->gradient), "its gradient is not described");
    expect(t, f->fields && f->fields[0].name, "it has no arguments");
    expect(t, f->args_size > 0 && f->args_size <= FX_SAMPLE_ARGS,
           "its arguments have no size, or too large a one");
    expect(t, fx_ref_exists(f), "it has no reference in tests/reference");
    expect(t, fx_function_named(f->name) == f, "the registry does not find it by its name");
    for (const fx_field *field = f->fields; field->name; field++) {
        expect(t, field->offset < f->args_size, "field %s lies outside the arguments", field->name);
        expect(t, (field->type == FX_FIELD_CHOICE) == (field->choices != NULL), "field %s: choices",
               field->name);
    }
    int count;
    char error[FX_SAMPLE_ERROR];
    fx_sample *samples = fx_samples_of(f, f->samples, &count, error);
    if (!expect(t, samples != NULL, "%s", error)) return;
    int accepted = 0;
    for (int i = 0; i < count; i++) accepted += !fx_sample_refused(fx_sample_at(samples, i));
    expect(t, accepted > 0, "it has no sample");
    expect(t, strstr(f->samples, "=()") || strstr(f->samples, "{()"),
           "no sample has a 0-d tensor (it may be a refused one)");
    expect(t, strstr(f->samples, "(0") || strstr(f->samples, ",0"),
           "no sample has an empty tensor (it may be a refused one)");
    free(samples);
}

/* ---- matches_reference --------------------------------------------------------------------------------- */

static void value_of_sample(trial *t, void *data)
{
    (void)data;
    pass p;
    const bool runs = pass_begin(&p, t, (pass_options){ 0 });
    if (!expect(t, runs, "it fails: %s", p.cx ? fx_error_message(p.cx) : "no context")) {
        pass_end(&p);
        return;
    }
    const int given = t->f->random || t->f->signs ? p.outs : 0;
    fx_ref *r = fx_ref_open(t->f, p.call.args, p.call.diffs, p.call.diff, given, p.out);
    expect(t, fx_ref_outputs(r) == p.outs, "%d outputs, the reference has %d", p.outs, fx_ref_outputs(r));
    for (int k = 0; k < p.outs && k < fx_ref_outputs(r); k++) {
        fx_ref_report report = { 0 };
        if (!expect(t, fx_ref_check_value(r, k, p.out[k], &report),
                    "output %d has another shape than the reference", k))
            continue;
        counted(t, report.checked, report.skipped);
        expect(t, !report.failed, "%lld wrong: %s", (long long)report.failed, report.text);
        const bool floats = fx_dtype_is_float(fx_dtype_of(p.out[k]));
        expect(t, floats || !fx_requires_grad(p.out[k]), "output %d of integers requires a gradient", k);
        expect(t, !t->f->integer_result || !fx_requires_grad(p.out[k]), "output %d has a gradient after all",
               k);
    }
    fx_ref_close(r);
    pass_end(&p);
}

PROPERTY(value_matches_reference)
{
    if (fx_ref_exists(t->f)) each_sample(t, value_of_sample, NULL);
}

/* ---- refuses ------------------------------------------------------------------------------------------- */

PROPERTY(refuses_what_it_must)
{
    int count;
    char error[FX_SAMPLE_ERROR];
    fx_sample *samples = fx_samples_of(t->f, t->f->samples, &count, error);
    if (!samples) return;
    t->dtype = FX_F32;
    for (int i = 0; i < count; i++) {
        t->sample = fx_sample_at(samples, i);
        if (!fx_sample_refused(t->sample)) continue;
        pass p;
        pass_begin(&p, t, (pass_options){ 0 });
        if (!expect(t, p.cx != NULL, "no context")) continue;
        expect(t, p.outs == 0, "it is not refused");
        expect(t, fx_error(p.cx) != FX_OK, "it is refused without an error");
        expect(t, fx_error(p.cx) != FX_ERROR_MEMORY, "it is refused for another reason: %s",
               fx_error_message(p.cx));
        expect(t, strstr(fx_error_message(p.cx), t->f->name) != NULL, "the message does not name it: %s",
               fx_error_message(p.cx));
        expect(t, strstr(fx_error_message(p.cx), "properties.c:") != NULL,
               "the message does not say where: %s", fx_error_message(p.cx));
        pass_end(&p);
    }
    free(samples);
}

/* ---- inputs -------------------------------------------------------------------------------------------- */

static void inputs_of_sample(trial *t, void *data)
{
    (void)data;
    pass p, fresh;
    fx_context *cx = fx_context_new(.threads = 1);
    const fx_sample_options made = { .dtype = t->dtype, .seed = 1 };
    if (pass_begin(&p, t, (pass_options){ 0 }) && pass_gradient(&p, NULL, false, true) &&
        pass_gradient(&p, NULL, true, true) &&
        expect(t, cx && fx_sample_make(t->sample, cx, made, &fresh.call) == FX_OK, "no second context")) {
        for (int i = 0; i < p.call.tensors; i++)
            expect(t, same_bits(p.call.tensor[i], fresh.call.tensor[i]), "input %d was changed", i);
        for (int k = 0; k < p.outs; k++) {
            if (!p.seed[k]) continue;
            fx_tensor *seed = fx_sample_normal(cx, p.out[k], 100 + (uint64_t)k, FX_LAYOUT_ROWS, false);
            expect(t, same_bits(p.seed[k], seed), "seed %d was changed", k);
        }
    }
    fx_context_free(cx);
    pass_end(&p);
}

PROPERTY(inputs_stay_unchanged) { each_sample(t, inputs_of_sample, NULL); }
