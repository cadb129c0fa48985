/* The state of an optimizer as named tensors that show the memory where it lies.
 */
#include "optimizer.h"

#include "autograd/owned.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 64 };

static const struct {
    const char *name;
    size_t offset;
    int count; /* 0: a single number, 0-d */
} options[] = {
#define OPTION(name, count)                                                                                  \
    {                                                                                                        \
#name, offsetof(fx_hyper, name), count                                                               \
    }
    OPTION(lr, 0),
    OPTION(momentum, 0),
    OPTION(dampening, 0),
    OPTION(weight_decay, 0),
    OPTION(betas, 2),
    OPTION(eps, 0),
    OPTION(nesterov, 0),
    OPTION(maximize, 0),
    OPTION(amsgrad, 0),
    OPTION(centered, 0),
    OPTION(alpha, 0),
    OPTION(rho, 0),
    OPTION(lr_decay, 0),
    OPTION(initial_accumulator_value, 0),
    OPTION(lambd, 0),
    OPTION(t0, 0),
    OPTION(etas, 2),
    OPTION(step_sizes, 2),
    OPTION(momentum_decay, 0),
#undef OPTION
};
enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

static bool rule_has(const fx_rule *rule, const char *option)
{
    size_t length = strlen(option);
    for (const char *at = rule->options; *at; at = strchr(at, ' ') + 1)
        if (strncmp(at, option, length) == 0 && at[length] == ' ') return true;
    return false;
}

/* A list that is being written; with `at` NULL it is only counted. */
typedef struct writer {
    fx_context *cx;
    fx_named *at;
    char (*text)[NAME_BYTES];
    int64_t count;
    fx_where where;
    bool failed;
} writer;

static void put(writer *w, const char *owner, int64_t index, const char *name, fx_dtype dtype, void *memory,
                fx_dims size)
{
    int64_t i = w->count++;
    if (!w->at) return;
    snprintf(w->text[i], NAME_BYTES, "%s%lld.%s", owner, (long long)index, name);
    w->at[i] = (fx_named){ w->text[i], fx_wrap_at(w->cx, dtype, memory, size, w->where) };
    if (!w->at[i].tensor) w->failed = true;
}

static void put_slot(writer *w, const fx_rule *rule, fx_slot *s, int64_t index)
{
    const fx_dims number = { .given = true };
    put(w, "", index, "step", FX_F64, &s->step, number);
    for (int k = 0; k < FX__SLOT_SCALARS; k++)
        if (rule->scalar[k]) put(w, "", index, rule->scalar[k], FX_F64, &s->scalar[k], number);
    for (int k = 0; k < FX__UPDATE_STATES; k++)
        if (rule->state[k] && s->state[k])
            put(w, "", index, rule->state[k], s->dtype, s->state[k], fx_shape(s->tensor));
}

static void put_all(writer *w, fx_optimizer *o)
{
    int64_t index = 0, group_index = 0;
    w->count = 0;
    for (fx_group *group = o->first; group; group = group->next)
        for (int64_t i = 0; i < group->count; i++) put_slot(w, o->rule, &group->slot[i], index++);
    for (fx_group *group = o->first; group; group = group->next, group_index++)
        for (int k = 0; k < OPTIONS; k++) {
            if (!rule_has(o->rule, options[k].name)) continue;
            fx_dims size = { .given = true, .count = options[k].count != 0, .at = { options[k].count } };
            put(w, "group.", group_index, options[k].name, FX_F64, (char *)&group->hyper + options[k].offset,
                size);
        }
}

fx_named_list fx_optimizer_state_at(fx_optimizer *o, fx_where where)
{
    const fx_named_list nothing = { 0 };
    if (!o) return nothing;
    writer w = { .cx = o->cx, .where = where };
    if (!o->state) {
        put_all(&w, o);
        size_t count = (size_t)w.count;
        o->state = fx__context_own(o->cx, count * (sizeof(fx_named) + NAME_BYTES), NULL);
        if (!o->state) return nothing;
        o->state_count = w.count;
    }
    w.at = o->state;
    w.text = (char(*)[NAME_BYTES])(o->state + o->state_count);
    put_all(&w, o);
    return w.failed ? nothing : (fx_named_list){ w.count, o->state, o->cx };
}
