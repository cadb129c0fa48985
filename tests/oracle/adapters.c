/* Torch operators whose arguments are not ours in another order: each row translates them. */
#include "oracle.h"
#include <string.h>

/* rsub(a, b) is sub(b, a). */
static bool swap_first(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    json_t *a = json_incref(json_array_get(args, 0)), *b = json_incref(json_array_get(args, 1));
    if (a && b) {
        json_array_set(args, 0, b);
        json_array_set(args, 1, a);
    }
    json_decref(a);
    json_decref(b);
    return a && b;
}

/* clamp_max(x, m) is clamp(x, None, m). */
static bool insert_none(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    return json_array_insert_new(args, 1, json_null()) == 0;
}

static bool unchanged(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)args, (void)kwargs;
    return true;
}

/* x.where(condition, other) has its condition second. */
static bool condition_first(trial *t, json_t *args, json_t *kwargs) { return swap_first(t, args, kwargs); }

/* unbiased=True is a correction of 1. */
static bool unbiased(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)args;
    const json_t *v = json_object_get(kwargs, "unbiased");
    if (!json_is_boolean(v)) return false;
    json_object_set_new(kwargs, "correction", json_integer(json_is_true(v)));
    return json_object_del(kwargs, "unbiased") == 0;
}

static const adapter adapters[] = {
    { "clamp_max", "clamp", insert_none, NULL }, { "clamp_min", "clamp", unchanged, NULL },
    { "rsub", "sub", swap_first, NULL },         { "std", "std", unbiased, NULL },
    { "std_mean", "std_mean", unbiased, NULL },  { "var", "var", unbiased, NULL },
    { "var_mean", "var_mean", unbiased, NULL },  { "where", "where", condition_first, NULL },
};

const adapter *adapter_of(const char *op, int nth)
{
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++)
        if (!strcmp(adapters[i].op, op) && nth-- == 0) return &adapters[i];
    return NULL;
}
