/* What the properties share: the walk over samples, the counting, a sample run from arguments to gradients.
 */
#include "properties.h"
#include <criterion/hooks.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- counting ------------------------------------------------------------------------------------------ */

/* Tests run in processes of their own, children of the one that reports: they append to a file that both
 * know. */
static void path_of_counts(char path[64], pid_t runner)
{
    snprintf(path, 64, "/tmp/fluxion-properties.%ld", (long)runner);
}

static void add_counts(const trial *t)
{
    char path[64], line[64];
    path_of_counts(path, getppid());
    const int file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (file < 0) return;
    const int n = snprintf(line, sizeof line, "%lld %lld\n", (long long)t->checks, (long long)t->skipped);
    if (write(file, line, (size_t)n) != n) cr_log_warn("counts are not complete");
    close(file);
}

/* Functions that this build has not got have no properties. */
static void print_left_out(void)
{
    int count;
    const fx_function *const *f = fx_functions(&count);
    for (int i = 0; i < count; i++)
        if (f[i]->unavailable) printf("properties: %s is left out: %s\n", f[i]->name, f[i]->unavailable);
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
    char path[64];
    (void)stats;
    path_of_counts(path, getpid());
    FILE *file = fopen(path, "r");
    if (!file) return;
    long long checks, skipped, all = 0, left = 0;
    while (fscanf(file, "%lld %lld", &checks, &skipped) == 2) {
        all += checks;
        left += skipped;
    }
    fclose(file);
    remove(path);
    printf("properties: %lld checks, %lld numbers without a reference\n", all, left);
    print_left_out();
    fflush(stdout);
}

void counted(trial *t, int64_t checks, int64_t skipped)
{
    t->checks += checks;
    t->skipped += skipped;
}

bool expect(trial *t, bool good, const char *format, ...)
{
    t->checks++;
    if (good) return true;
    if (++t->failures > MOST_FAILURES) return false;
    char what[400];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    cr_expect(false, "%s: %s [%s]: %s", t->f->name, t->sample ? fx_sample_text(t->sample) : "",
              fx_dtype_name(t->dtype), what);
    return false;
}

void try_property(const fx_function *f, void (*property)(trial *t))
{
    trial t = { .f = f };
    property(&t);
    if (t.failures > MOST_FAILURES) cr_expect(false, "%s: %d failures in all", f->name, t.failures);
    add_counts(&t);
}

static bool is_listed(const char *names, const char *name)
{
    for (const size_t n = strlen(name); *names;) {
        const size_t length = strcspn(names, ",");
        if (length == n && !strncmp(names, name, n)) return true;
        names += length + (names[length] == ',');
    }
    return false;
}

struct criterion_test_params property_parameters(void)
{
    int count;
    fx_functions(&count);
    static size_t index[1024];
    size_t n = 0;
    const char *only =
        getenv("FX_PROPERTIES_OF"); /* names of functions, separated by commas; all, if it is not set */
    for (int i = 0; i < count && i < 1024; i++) {
        const fx_function *f = fx_functions(&count)[i];
        if (f->unavailable || (only && !is_listed(only, f->name))) continue;
        index[n++] = (size_t)i;
    }
    return cr_make_param_array(size_t, index, n);
}

void each_sample(trial *t, void (*body)(trial *t, void *data), void *data)
{
    int count;
    char error[FX_SAMPLE_ERROR];
    fx_sample *samples = fx_samples_of(t->f, t->f->samples, &count, error);
    if (!expect(t, samples != NULL, "%s", error)) return;
    for (int i = 0; i < count; i++) {
        t->sample = fx_sample_at(samples, i);
        if (fx_sample_refused(t->sample)) continue;
        for (int wide = fx_sample_fixed(t->sample); wide < 2; wide++) {
            t->dtype = wide ? FX_F64 : FX_F32;
            body(t, data);
        }
    }
    t->sample = NULL;
    free(samples);
}

/* ---- a pass -------------------------------------------------------------------------------------------- */

static bool make_seeds(pass *p, pass_options o)
{
    for (int k = 0; k < p->outs; k++) {
        if (!fx_requires_grad(p->out[k])) continue;
        p->seed[k] = fx_sample_normal(p->cx, p->out[k], 100 + (uint64_t)k, o.layout, o.flat);
        if (o.zero_seed)
            p->seed[k] = fx_full_at(p->cx, fx_dtype_of(p->out[k]), 0, fx_shape(p->out[k]), FX_HERE);
        if (p->seed[k] && o.differentiable_seed) p->seed[k] = fx_parameter(p->seed[k]);
        if (!p->seed[k]) return false;
    }
    return true;
}

bool pass_begin(pass *p, trial *t, pass_options o)
{
    memset(p, 0, sizeof *p);
    p->cx = fx_context_new(.seed = 7, .threads = o.threads ? o.threads : 1, .allocator = o.allocator);
    if (!p->cx) return false;
    const fx_sample_options made = {
        .dtype = t->dtype, .seed = 1, .layout = o.layout, .flat = o.flat, .only = o.only
    };
    if (fx_sample_make(t->sample, p->cx, made, &p->call)) return false;
    p->outs = fx_sample_run(&p->call, FX_HERE, p->out);
    return p->outs > 0 && make_seeds(p, o);
}

void pass_end(pass *p)
{
    fx_context_free(p->cx);
    p->cx = NULL;
}

bool pass_has_gradient(const pass *p)
{
    for (int k = 0; k < p->outs; k++)
        if (p->seed[k]) return true;
    return false;
}

bool pass_gradient(pass *p, trial *t, bool create_graph, bool retain_graph)
{
    fx_tensor *roots[FX_MAX_OUTPUTS], *seeds[FX_MAX_OUTPUTS], *inputs[FX_SAMPLE_TENSORS],
        *grads[FX_SAMPLE_TENSORS];
    int outputs = 0, wanted = 0;
    for (int k = 0; k < p->outs; k++) {
        if (!p->seed[k]) continue;
        roots[outputs] = p->out[k];
        seeds[outputs++] = p->seed[k];
    }
    for (int i = 0; i < p->call.diffs; i++) {
        p->grad[i] = NULL;
        if (fx_requires_grad(p->call.diff[i])) inputs[wanted++] = p->call.diff[i];
    }
    if (!outputs || !wanted) return true;
    const fx_status status = fx_gradients(grads, .outputs = { outputs, roots }, .inputs = { wanted, inputs },
                                          .seeds = { outputs, seeds }, .create_graph = create_graph,
                                          .retain_graph = retain_graph, .allow_unused = true);
    if (status) return !t ? false : expect(t, false, "gradient: %s", fx_error_message(p->cx));
    for (int i = 0, w = 0; i < p->call.diffs; i++)
        if (fx_requires_grad(p->call.diff[i])) p->grad[i] = grads[w++];
    return true;
}

bool same_bits(const fx_tensor *a, const fx_tensor *b)
{
    return a && b ? fx_digest(a) == fx_digest(b) : a == b;
}

double *numbers_of(const fx_tensor *x)
{
    double *numbers = calloc((size_t)fx_numel(x) + 1, sizeof *numbers);
    if (numbers) fx_copy_out(x, FX_F64, numbers);
    return numbers;
}
