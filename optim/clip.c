/* Clipping of gradients. A norm is the norm of the tensors' norms; each is summed in double from blocks of a
 * fixed size, block sums added in order, so that it has the same bits for any number of threads.
 */
#include "optimizer.h"

#include "autograd/owned.h"
#include "ops/kernels/parallel.h"

#include <math.h>

typedef struct gradient {
    void *data;
    int64_t numel;
    int64_t block; /* the number of its first block */
    bool f64;
} gradient;

typedef struct work {
    const fx_optim_kernels *kernels;
    const gradient *gradients;
    int64_t count;
    double norm_type;
    double *sums; /* one a block */
    double factor, limit;
} work;

/* What is done to one block of numbers. */
typedef void block_function(const work *w, const gradient *g, int64_t begin, int64_t n, int64_t block);

typedef struct run {
    const work *work;
    block_function *function;
} run;

static void run_blocks(void *data, int64_t begin, int64_t end)
{
    const run *r = data;
    for (int64_t i = 0; i < r->work->count; i++) {
        const gradient *g = &r->work->gradients[i];
        int64_t last = g->block + fx__blocks(g->numel);
        for (int64_t b = g->block > begin ? g->block : begin; b < last && b < end; b++) {
            int64_t at = (b - g->block) * FX__BLOCK, left = g->numel - at;
            r->function(r->work, g, at, left < FX__BLOCK ? left : FX__BLOCK, b);
        }
    }
}

static void for_each_block(fx_context *cx, const work *w, block_function *function)
{
    const gradient *last = &w->gradients[w->count - 1];
    run r = { w, function };
    fx__parallel(fx_threads(cx), last->block + fx__blocks(last->numel), FX__BLOCKS_A_THREAD, run_blocks, &r);
}

static double block_norm(const fx_optim_kernels *k, const void *x, bool f64, int64_t begin, int64_t n,
                         double p)
{
    const double *d = f64 ? (const double *)x + begin : NULL;
    const float *f = f64 ? NULL : (const float *)x + begin;
    if (p == 2) return f64 ? k->sum_squares_f64(n, d) : k->sum_squares_f32(n, f);
    if (p == 1) return f64 ? k->sum_abs_f64(n, d) : k->sum_abs_f32(n, f);
    if (p == INFINITY) return f64 ? k->max_abs_f64(n, d) : k->max_abs_f32(n, f);
    return f64 ? k->sum_powers_f64(n, d, p) : k->sum_powers_f32(n, f, p);
}

static void sum_block(const work *w, const gradient *g, int64_t begin, int64_t n, int64_t block)
{
    w->sums[block] = block_norm(w->kernels, g->data, g->f64, begin, n, w->norm_type);
}

static void scale_block(const work *w, const gradient *g, int64_t begin, int64_t n, int64_t block)
{
    (void)block;
    if (g->f64)
        w->kernels->scale_f64(n, (double *)g->data + begin, w->factor);
    else
        w->kernels->scale_f32(n, (float *)g->data + begin, w->factor);
}

static void clamp_block(const work *w, const gradient *g, int64_t begin, int64_t n, int64_t block)
{
    (void)block;
    if (g->f64)
        w->kernels->clamp_f64(n, (double *)g->data + begin, -w->limit, w->limit);
    else
        w->kernels->clamp_f32(n, (float *)g->data + begin, -w->limit, w->limit);
}

static double root(double sum, double p)
{
    return p == 2 ? sqrt(sum) : p == 1 || p == INFINITY ? sum : pow(sum, 1 / p);
}

/* The p-norm of the tensors' p-norms. */
static double total_norm(const work *w)
{
    double total = 0, p = w->norm_type;
    for (int64_t i = 0; i < w->count; i++) {
        const gradient *g = &w->gradients[i];
        double sum = 0;
        for (int64_t b = g->block; b < g->block + fx__blocks(g->numel); b++) {
            bool more = w->sums[b] > sum || isnan(w->sums[b]);
            sum = p == INFINITY ? (more ? w->sums[b] : sum) : sum + w->sums[b];
        }
        double norm = root(sum, p);
        if (p == INFINITY)
            total = norm > total || isnan(norm) ? norm : total;
        else
            total += p == 2 ? norm * norm : p == 1 ? norm : pow(norm, p);
    }
    return root(total, p);
}

/* Finds the gradients and counts their blocks. Returns how many, -1 after an error. */
static int64_t gather(fx_context *cx, fx_named_list list, gradient *out, int64_t *blocks, fx_where where)
{
    int64_t count = 0;
    *blocks = 0;
    for (int64_t i = 0; i < list.count; i++) {
        if (!list.at[i].tensor) return -1;
        fx_tensor *g = fx_grad(list.at[i].tensor);
        if (!g || fx_numel(g) == 0) continue;
        if (!fx_is_contiguous(g) || !fx_dtype_is_float(fx_dtype_of(g))) {
            fx_error_set(cx, FX_ERROR_ARGUMENT, where, "clip: a gradient is not contiguous");
            return -1;
        }
        out[count++] =
            (gradient){ (void *)(uintptr_t)fx_data_const(g), fx_numel(g), *blocks, fx_dtype_of(g) == FX_F64 };
        *blocks += fx__blocks(fx_numel(g));
    }
    return count;
}

/* The gradients will be written: counted as such in each. */
static void mark_written(fx_named_list list)
{
    for (int64_t i = 0; i < list.count; i++) {
        fx_tensor *g = fx_grad(list.at[i].tensor);
        if (g && fx_numel(g)) fx__note_write(g, NULL, (fx_where){ 0 });
    }
}

static void *scratch(fx_context *cx, size_t bytes, fx_where where)
{
    fx_dims size = { .given = true, .count = 1, .at = { (int64_t)bytes } };
    fx_tensor *x = fx_empty_at(cx, FX_U8, size, where);
    return x ? fx_data(x) : NULL;
}

static double clip_norm(fx_context *cx, fx_named_list list, const fx_clip_norm_args *a, fx_where where)
{
    work w = { .kernels = fx__kernels()->optim, .norm_type = a->norm_type };
    int64_t blocks;
    gradient *gradients = scratch(cx, ((size_t)list.count + 1) * sizeof(gradient), where);
    if (!gradients) return NAN;
    w.gradients = gradients;
    w.count = gather(cx, list, gradients, &blocks, where);
    if (w.count <= 0) return w.count < 0 ? NAN : 0;
    w.sums = scratch(cx, (size_t)blocks * sizeof(double), where);
    if (!w.sums) return NAN;
    for_each_block(cx, &w, sum_block);
    double total = total_norm(&w);
    if (a->error_if_nonfinite && !isfinite(total)) {
        fx_error_set(cx, FX_ERROR_NUMBER, where,
                     "clip_norm: the total norm of the gradients is %g: they cannot be"
                     " clipped",
                     total);
        return NAN;
    }
    double factor = a->max_norm / (total + 1e-6);
    w.factor = factor > 1 ? 1 : factor;
    if (w.factor != 1) { /* times 1 changes nothing */
        mark_written(list);
        for_each_block(cx, &w, scale_block);
    }
    return total;
}

/* The list that a call means, and its context; NULL: there is nobody to tell. */
static fx_context *list_of(fx_optimizer *optimizer, fx_named_list *list)
{
    if (optimizer) *list = fx_optimizer_parameters(optimizer);
    return optimizer ? optimizer->cx : fx__list_context(*list);
}

double fx_clip_norm_at(fx_clip_norm_args args, fx_where where)
{
    fx_context *cx = list_of(args.optimizer, &args.parameters);
    if (!cx) return NAN;
    if (!(args.norm_type > 0) || !(args.max_norm >= 0)) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "clip_norm: invalid %s %g",
                     args.norm_type > 0 ? "max_norm" : "norm_type",
                     args.norm_type > 0 ? args.max_norm : args.norm_type);
        return NAN;
    }
    double total = NAN;
    FX_SCOPE (cx) total = clip_norm(cx, args.parameters, &args, where);
    return total;
}

fx_status fx_clip_value_at(fx_clip_value_args args, fx_where where)
{
    fx_context *cx = list_of(args.optimizer, &args.parameters);
    if (!cx) return FX_ERROR_ARGUMENT;
    if (!(args.value >= 0))
        return fx_error_set(cx, FX_ERROR_ARGUMENT, where, "clip_value: invalid value %g", args.value);
    fx_status status = FX_ERROR_MEMORY;
    FX_SCOPE (cx) {
        work w = { .kernels = fx__kernels()->optim, .limit = args.value };
        int64_t blocks;
        gradient *gradients = scratch(cx, ((size_t)args.parameters.count + 1) * sizeof(gradient), where);
        w.gradients = gradients;
        w.count = gradients ? gather(cx, args.parameters, gradients, &blocks, where) : -1;
        if (w.count > 0) {
            mark_written(args.parameters);
            for_each_block(cx, &w, clamp_block);
        }
        status = w.count >= 0 ? FX_OK : gradients ? FX_ERROR_ARGUMENT : FX_ERROR_MEMORY;
    }
    return status;
}
