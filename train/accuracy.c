/* Accuracy: the model asked for all samples, in eval mode and without a tape. */
#include <fluxion/train.h>

#include <math.h>
#include <stdlib.h>

/* ---- modes -----------------------------------------------------------------------------------------------
 */

/* The modes of all modules of a tree, children before their parents. */
typedef struct modes {
    int64_t count, room;
    struct mode {
        fx_module *module;
        bool training;
    } * at;
} modes;

static void count_one(void *data, fx_module *m)
{
    (void)m;
    ((modes *)data)->room++;
}

static void note_one(void *data, fx_module *m)
{
    modes *all = data;
    all->at[all->count++] = (struct mode){ m, fx_is_training(m) };
}

static bool note_modes(modes *all, fx_module *m)
{
    fx_module_apply(m, count_one, all);
    all->at = malloc(sizeof *all->at * (size_t)(all->room + 1));
    if (all->at) fx_module_apply(m, note_one, all);
    return all->at;
}

/* Setting a module's mode sets those below it, so parents come first. */
static void restore_modes(modes *all)
{
    while (all->count-- > 0) {
        const struct mode *m = &all->at[all->count];
        if (fx_is_training(m->module) != m->training) (m->training ? fx_train : fx_eval)(m->module);
    }
    free(all->at);
}

/* ---- counting --------------------------------------------------------------------------------------------
 */

static bool is_larger(double x, double than) { return x > than || (isnan(x) && !isnan(than)); }

static int64_t largest(const fx_tensor *scores, int64_t row, int64_t n)
{
    int64_t best = 0;
    const float *f32 = (const float *)fx_data_const(scores) + row * n;
    const double *f64 = (const double *)fx_data_const(scores) + row * n;
    if (fx_dtype_of(scores) == FX_F32) {
        for (int64_t i = 1; i < n; i++)
            if (is_larger((double)f32[i], (double)f32[best])) best = i;
    } else
        for (int64_t i = 1; i < n; i++)
            if (is_larger(f64[i], f64[best])) best = i;
    return best;
}

/* How many of a batch's samples are right; -1 after an error. */
static int64_t count_right(fx_tensor *scores, const fx_batch *batch, int64_t *samples, fx_where where)
{
    if (!scores) return -1;
    fx_context *cx = fx_context_of(scores);
    int64_t classes = fx_ndim(scores) ? fx_dim(scores, -1) : 0;
    if (!batch->y || fx_dtype_of(batch->y) != FX_I64 || !fx_dtype_is_float(fx_dtype_of(scores)) ||
        classes < 1 || fx_numel(scores) / classes != fx_numel(batch->y)) {
        fx_error_set(cx, FX_ERROR_SHAPE, where,
                     "accuracy: for each of %lld labels (int64) a row of numbers is needed, and the model "
                     "gives %lld rows of %lld",
                     (long long)(batch->y ? fx_numel(batch->y) : 0),
                     (long long)(classes ? fx_numel(scores) / classes : 0), (long long)classes);
        return -1;
    }
    int64_t right = 0, n = fx_numel(batch->y);
    const int64_t *labels = fx_data_const(batch->y);
    fx_tensor *copy = NULL;
    if (!fx_is_contiguous(scores)) {
        copy = fx_empty_at(cx, fx_dtype_of(scores), fx_shape(scores), where);
        if (!copy ||
            fx_copy_out_at(scores, fx_dtype_of(scores), (void *)(uintptr_t)fx_data_const(copy), where))
            return -1;
        scores = copy;
    }
    for (int64_t i = 0; i < n; i++) right += largest(scores, i, classes) == labels[i];
    *samples += n;
    return right;
}

double fx_accuracy_at(fx_accuracy_args args, fx_where where)
{
    if (!args.module || !args.data) return NAN;
    fx_context *cx = fx_module_context(args.module);
    if (args.size < 1) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "accuracy: a batch has at least 1 sample, not %lld",
                     (long long)args.size);
        return NAN;
    }
    modes before = { 0 };
    if (!note_modes(&before, args.module)) {
        fx_error_set(cx, FX_ERROR_MEMORY, where, "accuracy: out of memory");
        return NAN;
    }
    fx_eval(args.module);
    int64_t right = 0, samples = 0, more = 0;
    FX_INFERENCE (cx)
        FX_EACH_BATCH (batch, args.data, .size = args.size, .shuffle = false, .aside = true) {
            more = count_right(fx_forward_at(args.module, batch.x, where), &batch, &samples, where);
            if (more < 0) break;
            right += more;
        }
    restore_modes(&before);
    return more < 0 || fx_error(cx) != FX_OK || !samples ? NAN : (double)right / (double)samples;
}
