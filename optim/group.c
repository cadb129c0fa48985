/* Making optimizers and groups: what is wrong with parameters and options is found here, so that a step has
 * little left to check.
 */
#include "optimizer.h"

#include "autograd/owned.h"

#include <math.h>
#include <string.h>

/* ---- options ------------------------------------------------------------------------------------------- */

/* Ranges that hold for every rule that has the option; its default elsewhere is inside. */
static fx_status check_options(const fx_optimizer *o, const fx_hyper *h, fx_where where)
{
    const struct {
        const char *text;
        double value, low, below; /* low <= value < below */
    } ranges[] = {
        { "learning rate", h->lr, 0, INFINITY },
        { "momentum", h->momentum, 0, INFINITY },
        { "weight_decay", h->weight_decay, 0, INFINITY },
        { "eps", h->eps, 0, INFINITY },
        { "beta parameter at index 0:", h->betas[0], 0, 1 },
        { "beta parameter at index 1:", h->betas[1], 0, 1 },
        { "alpha", h->alpha, 0, INFINITY },
        { "rho", h->rho, 0, nextafter(1, 2) },
        { "lr_decay", h->lr_decay, 0, INFINITY },
        { "momentum_decay", h->momentum_decay, 0, INFINITY },
        { "initial_accumulator_value", h->initial_accumulator_value, 0, INFINITY },
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value < ranges[i].below))
            return fx_error_set(o->cx, FX_ERROR_ARGUMENT, where, "%s: invalid %s %g", o->rule->name,
                                ranges[i].text, ranges[i].value);
    if (!isfinite(h->dampening))
        return fx_error_set(o->cx, FX_ERROR_ARGUMENT, where, "%s: invalid dampening %g", o->rule->name,
                            h->dampening);
    const char *wrong = o->rule->wrong ? o->rule->wrong(h) : NULL;
    return wrong ? fx_error_set(o->cx, FX_ERROR_ARGUMENT, where, "%s: %s", o->rule->name, wrong) : FX_OK;
}

/* ---- parameters ---------------------------------------------------------------------------------------- */

static fx_status check_parameter(const fx_optimizer *o, fx_named p, fx_where where)
{
    const char *name = p.name ? p.name : "without a name", *rule = o->rule->name;
    if (fx_context_of(p.tensor) != o->cx)
        return fx_error_set(o->cx, FX_ERROR_ARGUMENT, where, "%s: parameter %s is of another context", rule,
                            name);
    if (!fx_dtype_is_float(fx_dtype_of(p.tensor)))
        return fx_error_set(o->cx, FX_ERROR_DTYPE, where,
                            "%s: parameter %s is %s: only numbers with a gradient can"
                            " be optimized",
                            rule, name, fx_dtype_name(fx_dtype_of(p.tensor)));
    if (!fx_is_leaf(p.tensor))
        return fx_error_set(o->cx, FX_ERROR_GRAPH, where,
                            "%s: parameter %s is the result of an op, not a leaf: it"
                            " cannot be optimized",
                            rule, name);
    if (!fx_is_contiguous(p.tensor))
        return fx_error_set(o->cx, FX_ERROR_ARGUMENT, where, "%s: parameter %s is not contiguous", rule,
                            name);
    return FX_OK;
}

static bool has_parameter(const fx_optimizer *o, const fx_tensor *x)
{
    for (int64_t i = 0; i < o->count; i++)
        if (o->parameters[i].tensor == x) return true;
    return false;
}

static fx_status check_parameters(const fx_optimizer *o, fx_named_list list, fx_where where)
{
    if (list.count <= 0)
        return fx_error_set(o->cx, FX_ERROR_ARGUMENT, where, "%s: the list of parameters is empty",
                            o->rule->name);
    for (int64_t i = 0; i < list.count; i++) {
        if (!list.at[i].tensor) return FX_ERROR_ARGUMENT;
        fx_status status = check_parameter(o, list.at[i], where);
        if (status != FX_OK) return status;
        bool twice = has_parameter(o, list.at[i].tensor);
        for (int64_t j = 0; j < i && !twice; j++) twice = list.at[j].tensor == list.at[i].tensor;
        if (twice)
            return fx_error_set(o->cx, FX_ERROR_ARGUMENT, where, "%s: parameter %s appears more than once",
                                o->rule->name, list.at[i].name ? list.at[i].name : "without a name");
    }
    return FX_OK;
}

/* ---- groups -------------------------------------------------------------------------------------------- */

/* The list of all parameters with those of a new group, names copied. The old list stays where it is. */
static fx_named *longer_list(const fx_optimizer *o, fx_named_list list)
{
    size_t count = (size_t)(o->count + list.count), text = 0;
    for (int64_t i = 0; i < list.count; i++) text += list.at[i].name ? strlen(list.at[i].name) + 1 : 1;
    fx_named *all = fx__context_own(o->cx, count * sizeof(fx_named) + text, NULL);
    if (!all) return NULL;
    if (o->count) memcpy(all, o->parameters, (size_t)o->count * sizeof(fx_named));
    char *name = (char *)(all + count);
    for (int64_t i = 0; i < list.count; i++) {
        size_t bytes = list.at[i].name ? strlen(list.at[i].name) + 1 : 1;
        if (bytes > 1) memcpy(name, list.at[i].name, bytes);
        all[o->count + i] = (fx_named){ name, list.at[i].tensor };
        name += bytes;
    }
    return all;
}

static size_t state_bytes(const fx_slot *s)
{
    size_t bytes = (size_t)s->numel * fx_dtype_size(s->dtype);
    return (bytes + 63) & ~(size_t)63;
}

/* One block for the state of a group: each state of all its parameters side by side. */
static bool make_state(fx_optimizer *o, fx_group *group)
{
    unsigned wanted = o->rule->states ? o->rule->states(&group->hyper) : ~0u;
    size_t total = 0;
    for (int k = 0; k < FX__UPDATE_STATES; k++)
        if (o->rule->state[k] && wanted >> k & 1)
            for (int64_t i = 0; i < group->count; i++) total += state_bytes(&group->slot[i]);
    if (total) {
        char *block = fx__context_own(o->cx, total + 63, NULL);
        if (!block) return false;
        block += -(uintptr_t)block & 63;
        for (int k = 0; k < FX__UPDATE_STATES; k++)
            if (o->rule->state[k] && wanted >> k & 1)
                for (int64_t i = 0; i < group->count; block += state_bytes(&group->slot[i++]))
                    group->slot[i].state[k] = block;
    }
    for (int64_t i = 0; i < group->count && o->rule->start; i++)
        o->rule->start(&group->hyper, &group->slot[i]);
    return true;
}

static fx_status add_group(fx_optimizer *o, fx_named_list list, fx_hyper hyper, fx_where where)
{
    fx_status status = check_options(o, &hyper, where);
    if (status == FX_OK) status = check_parameters(o, list, where);
    if (status != FX_OK) return status;
    fx_group *group =
        fx__context_own(o->cx, sizeof(*group) + (size_t)list.count * sizeof(group->slot[0]), NULL);
    fx_named *parameters = group ? longer_list(o, list) : NULL;
    if (!parameters) return FX_ERROR_MEMORY;
    group->hyper = hyper;
    group->count = list.count;
    for (int64_t i = 0; i < list.count; i++) {
        fx_tensor *x = list.at[i].tensor;
        group->slot[i] = (fx_slot){ .tensor = x, .dtype = fx_dtype_of(x), .numel = fx_numel(x) };
    }
    if (!make_state(o, group)) return FX_ERROR_MEMORY;
    if (o->last)
        o->last->next = group;
    else
        o->first = group;
    o->last = group;
    o->groups++;
    o->count += list.count;
    o->parameters = parameters;
    o->state = NULL;
    return FX_OK;
}

fx_optimizer *fx__optimizer_new(const fx_rule *rule, fx_named_list parameters, fx_hyper hyper, fx_where where)
{
    fx_context *cx = fx__list_context(parameters);
    if (!cx) return NULL;
    fx_optimizer *o = fx__context_own(cx, sizeof(*o), NULL);
    if (!o) return NULL;
    *o = (fx_optimizer){ .cx = cx, .rule = rule };
    return add_group(o, parameters, hyper, where) == FX_OK ? o : NULL;
}

fx_status fx_add_group_at(fx_group_args a, fx_where where)
{
    if (!a.optimizer) return FX_ERROR_ARGUMENT;
    fx_hyper h = a.optimizer->first->hyper;
    const struct {
        double *option, given;
    } own[] = {
        { &h.lr, a.lr },
        { &h.momentum, a.momentum },
        { &h.dampening, a.dampening },
        { &h.weight_decay, a.weight_decay },
        { &h.betas[0], a.betas[0] },
        { &h.betas[1], a.betas[1] },
        { &h.eps, a.eps },
        { &h.nesterov, a.nesterov < 0 ? NAN : a.nesterov != 0 },
        { &h.maximize, a.maximize < 0 ? NAN : a.maximize != 0 },
        { &h.amsgrad, a.amsgrad < 0 ? NAN : a.amsgrad != 0 },
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (!isnan(own[i].given)) *own[i].option = own[i].given;
    return add_group(a.optimizer, a.parameters, h, where);
}

int fx_group_count(const fx_optimizer *optimizer) { return optimizer ? optimizer->groups : 0; }

static fx_group *group_at(const fx_optimizer *o, int index)
{
    fx_group *group = o && index >= 0 ? o->first : NULL;
    while (group && index-- > 0) group = group->next;
    return group;
}

double fx_group_lr(const fx_optimizer *optimizer, int group)
{
    fx_group *g = group_at(optimizer, group);
    return g ? g->hyper.lr : NAN;
}

double fx_lr(const fx_optimizer *optimizer) { return fx_group_lr(optimizer, 0); }

fx_status fx_set_group_lr_at(fx_optimizer *optimizer, int group, double lr, fx_where where)
{
    if (!optimizer) return FX_ERROR_ARGUMENT;
    fx_group *g = group_at(optimizer, group);
    if (!g)
        return fx_error_set(optimizer->cx, FX_ERROR_INDEX, where, "set_group_lr: there is no group %d of %d",
                            group, optimizer->groups);
    if (!(lr >= 0 && lr < INFINITY))
        return fx_error_set(optimizer->cx, FX_ERROR_ARGUMENT, where, "set_lr: invalid learning rate %g", lr);
    g->hyper.lr = lr;
    return FX_OK;
}

fx_status fx_set_lr_at(fx_optimizer *optimizer, double lr, fx_where where)
{
    fx_status status = optimizer ? FX_OK : FX_ERROR_ARGUMENT;
    for (int i = 0; i < fx_group_count(optimizer) && status == FX_OK; i++)
        status = fx_set_group_lr_at(optimizer, i, lr, where);
    return status;
}

fx_named_list fx_optimizer_parameters(const fx_optimizer *optimizer)
{
    if (!optimizer) return (fx_named_list){ 0 };
    return (fx_named_list){ optimizer->count, optimizer->parameters, optimizer->cx };
}

const char *fx_optimizer_name(const fx_optimizer *optimizer)
{
    return optimizer ? optimizer->rule->name : "";
}
