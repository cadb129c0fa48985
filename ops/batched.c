/* Gradients under a batch of seeds: of each seed for itself, the rows of a Jacobian among others.
 *
 * A pass for each row, the graph retained between them; what comes out is stacked by the op, so that with
 * create_graph the rows have their history, and so have the seeds.
 */
#include "lanes.h"
#include "shape.h"

/* How many rows the seeds have; -1 after an error. */
static int64_t rows_of(fx_context *cx, fx_list outputs, fx_list seeds, fx_where where)
{
    if (seeds.count != outputs.count || !seeds.count) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "gradients_batched: there are %d seeds for %d outputs",
                     seeds.count, outputs.count);
        return -1;
    }
    for (int k = 0; k < seeds.count; k++) {
        const fx_tensor *s = seeds.at[k], *y = outputs.at[k];
        if (!s) return -1;
        if (s->ndim == y->ndim + 1 && !memcmp(s->size + 1, y->size, sizeof(int64_t) * y->ndim) &&
            s->size[0] == seeds.at[0]->size[0])
            continue;
        fx_error_set(cx, FX_ERROR_SHAPE, where, "gradients_batched: seed %d of %s is no batch of %s", k,
                     fx__shape_text(s), fx__shape_text(y));
        return -1;
    }
    return seeds.at[0]->size[0];
}

/* One pass: row r of the seeds. grads receives a gradient for each input. */
static bool run_row(fx_gradient_args a, fx_list outputs, fx_list inputs, fx_list seeds, int64_t r, bool last,
                    fx_tensor **grads, fx_where where)
{
    fx_context *cx = outputs.at[0]->cx;
    fx_tensor **row = fx__scratch(cx, sizeof *row * (size_t)seeds.count);
    if (!row) return false;
    bool ok = true;
    for (int k = 0; ok && k < seeds.count; k++)
        ok = (row[k] = fx_select_at(seeds.at[k], 0, r, where)) != NULL;
    a.output = a.input = a.seed = NULL;
    a.outputs = outputs, a.inputs = inputs, a.seeds = (fx_list){ seeds.count, row };
    a.retain_graph = a.retain_graph || !last;
    ok = ok && fx_gradients_at(grads, a, where) == FX_OK;
    fx__scratch_free(cx, row);
    return ok;
}

/* All rows, stacked: results[i] is NULL where no row had a gradient. */
static bool run_rows(const fx_gradient_args *a, fx_list outputs, fx_list inputs, fx_list seeds, int64_t n,
                     fx_tensor **results, fx_where where)
{
    fx_context *cx = outputs.at[0]->cx;
    const size_t count = (size_t)inputs.count;
    fx_tensor **grads = fx__scratch(cx, sizeof *grads * count * (size_t)(n + 1));
    if (!grads) return false;
    bool ok = true;
    for (int64_t r = 0; ok && r < n; r++)
        ok = run_row(*a, outputs, inputs, seeds, r, r == n - 1, grads + (size_t)n * count, where) &&
             (memcpy(grads + (size_t)r * count, grads + (size_t)n * count, sizeof *grads * count), true);
    fx_tensor **rows = fx__scratch(cx, sizeof *rows * (size_t)n);
    ok = ok && rows;
    for (size_t i = 0; ok && i < count; i++) {
        for (int64_t r = 0; r < n; r++) rows[r] = grads[(size_t)r * count + i];
        if (rows[0]) ok = (results[i] = fx_stack_at((fx_list){ (int)n, rows }, 0, where)) != NULL;
    }
    fx__scratch_free(cx, rows);
    fx__scratch_free(cx, grads);
    return ok;
}

fx_status fx_gradients_batched_at(fx_tensor **results, fx_gradient_args a, fx_where where)
{
    fx_list outputs = a.output ? (fx_list){ 1, &a.output } : a.outputs,
            inputs = a.input ? (fx_list){ 1, &a.input } : a.inputs,
            seeds = a.seed ? (fx_list){ 1, &a.seed } : a.seeds;
    for (int i = 0; results && i < inputs.count; i++) results[i] = NULL;
    if (!results || outputs.count <= 0 || inputs.count <= 0) return FX_ERROR_ARGUMENT;
    for (int k = 0; k < outputs.count; k++)
        if (!outputs.at[k]) return FX_ERROR_ARGUMENT;
    fx_context *cx = outputs.at[0]->cx;
    const int64_t n = rows_of(cx, outputs, seeds, where);
    if (n < 1 || n > INT32_MAX) {
        if (n >= 0)
            fx_error_set(cx, FX_ERROR_SHAPE, where, "gradients_batched: a batch of %lld", (long long)n);
        return fx_error(cx) ? fx_error(cx) : FX_ERROR_ARGUMENT;
    }
    bool ok = false;
    FX_SCOPE (cx) {
        ok = run_rows(&a, outputs, inputs, seeds, n, results, where);
        for (int i = 0; i < inputs.count; i++) results[i] = ok ? fx_keep(results[i]) : NULL;
    }
    return ok ? FX_OK : fx_error(cx) ? fx_error(cx) : FX_ERROR_ARGUMENT;
}
