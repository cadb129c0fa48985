/* Steps. First all is checked, then the numbers of each update are worked out, then one loop goes over the
 * blocks of all parameters together, cut the same way for any number of threads; last the gradients are
 * cleared.
 */
#include "optimizer.h"

#include "autograd/owned.h"
#include "ops/kernels/parallel.h"

#include <string.h>

static fx_status check_gradient(const fx_optimizer *o, const fx_slot *s, const fx_tensor *g, fx_where where)
{
    if (fx_dtype_of(g) != s->dtype || fx_numel(g) != s->numel || !fx_is_contiguous(g))
        return fx_error_set(o->cx, FX_ERROR_ARGUMENT, where, "step: a gradient is not like its parameter");
    return FX_OK;
}

/* Finds the gradients to go by. Returns how many, -1 after an error. */
static int64_t find_gradients(const fx_step_args *a, fx_where where)
{
    int64_t found = 0;
    bool known = !a->parameter;
    for (fx_group *group = a->optimizer->first; group; group = group->next)
        for (fx_slot *s = group->slot; s < group->slot + group->count; s++) {
            s->g = NULL;
            if (a->parameter && s->tensor != a->parameter) continue;
            known = true;
            const fx_tensor *g = fx_grad(s->tensor);
            if (!g) continue;
            if (check_gradient(a->optimizer, s, g, where) != FX_OK) return -1;
            if (s->numel == 0) continue;
            if (!fx__save_captured(s->tensor) || !fx__note_write(s->tensor, "step", where)) return -1;
            s->p = (void *)(uintptr_t)fx_data_const(s->tensor);
            s->g = fx_data_const(g);
            found++;
        }
    if (known) return found;
    fx_error_set(a->optimizer->cx, FX_ERROR_ARGUMENT, where, "step: the optimizer has no such parameter");
    return -1;
}

/* Counts the step and works out its numbers: like the last parameter's, if that has come as far. Returns the
 * blocks. */
static int64_t prepare(fx_optimizer *o)
{
    int64_t blocks = 0;
    for (fx_group *group = o->first; group; group = group->next) {
        const fx_slot *last = NULL;
        for (fx_slot *s = group->slot; s < group->slot + group->count; s++) {
            if (!s->g) continue;
            s->step += 1;
            if (last && last->step == s->step && !o->rule->scalar[0])
                s->update = last->update;
            else
                o->rule->numbers(&group->hyper, s);
            last = s;
            s->block = blocks;
            blocks += fx__blocks(s->numel);
        }
    }
    return blocks;
}

static void update_slot(const fx_rule *rule, const fx_slot *s, int64_t begin, int64_t end)
{
    const char *kernels = (const char *)fx__kernels()->optim;
    fx_update_kernel *kernel;
    memcpy(&kernel, kernels + rule->kernel[s->dtype == FX_F64], sizeof(kernel));
    size_t offset = (size_t)begin * fx_dtype_size(s->dtype);
    void *state[FX__UPDATE_STATES];
    for (int k = 0; k < FX__UPDATE_STATES; k++) state[k] = s->state[k] ? (char *)s->state[k] + offset : NULL;
    kernel(end - begin, (char *)s->p + offset, (const char *)s->g + offset, state, &s->update);
}

/* The blocks from begin to end of all parameters, a parameter's in one call. */
static void update_blocks(void *data, int64_t begin, int64_t end)
{
    const fx_optimizer *o = data;
    for (const fx_group *group = o->first; group; group = group->next)
        for (const fx_slot *s = group->slot; s < group->slot + group->count; s++) {
            if (!s->g || s->block >= end) continue;
            int64_t from = begin > s->block ? (begin - s->block) * FX__BLOCK : 0;
            int64_t to = (end - s->block) * FX__BLOCK;
            if (to > s->numel) to = s->numel;
            if (from < to) update_slot(o->rule, s, from, to);
        }
}

static void clear_gradients(const fx_optimizer *o, const fx_tensor *only)
{
    for (int64_t i = 0; i < o->count; i++)
        if (!only || o->parameters[i].tensor == only) fx_clear_grad(o->parameters[i].tensor);
}

fx_status fx_step_at(fx_step_args args, fx_where where)
{
    fx_optimizer *o = args.optimizer;
    if (!o) return FX_ERROR_ARGUMENT;
    int64_t found = find_gradients(&args, where);
    if (found < 0) return FX_ERROR_ARGUMENT;
    if (found) fx__parallel(fx_threads(o->cx), prepare(o), FX__BLOCKS_A_THREAD, update_blocks, o);
    if (!args.keep_grads) clear_gradients(o, args.parameter);
    return FX_OK;
}

/* Zeros in x's gradient: in its own memory, unless it has a graph, which must not see them. */
static fx_status zero_gradient(fx_tensor *x, fx_where where)
{
    fx_tensor *g = fx_grad(x);
    if (!g) return FX_OK;
    if (!fx_requires_grad(g) && fx_is_contiguous(g)) {
        size_t bytes = (size_t)fx_numel(g) * fx_dtype_size(fx_dtype_of(g));
        if (bytes) memset((void *)(uintptr_t)fx_data_const(g), 0, bytes);
        return fx__note_write(g, NULL, where) ? FX_OK : FX_ERROR_ARGUMENT;
    }
    fx_status status = FX_ERROR_MEMORY;
    FX_SCOPE (fx_context_of(x)) {
        fx_tensor *zeros = fx_full_at(fx_context_of(x), fx_dtype_of(x), 0, fx_shape(x), where);
        if (zeros) status = fx_set_grad_at(x, zeros, where);
    }
    return status;
}

fx_status fx_zero_grad_at(fx_zero_grad_args args, fx_where where)
{
    if (!args.optimizer) return FX_ERROR_ARGUMENT;
    if (args.set_to_none) clear_gradients(args.optimizer, NULL);
    fx_status status = FX_OK;
    for (int64_t i = 0; i < args.optimizer->count && !args.set_to_none && status == FX_OK; i++)
        status = zero_gradient(args.optimizer->parameters[i].tensor, where);
    return status;
}
