/* Expressions of adapters: operators applied one after another, values being JSON as in a case. */
#include "oracle.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

json_t *scrap(trial *t, json_t *json)
{
    if (!t->scraps) t->scraps = json_array();
    return json && json_array_append_new(t->scraps, json) == 0 ? json : NULL;
}

json_t *value_of(trial *t, fx_tensor *x)
{
    if (!x || t->made == MOST_TENSORS || t->tensors == MOST_TENSORS) return NULL;
    char *name = t->name[t->made];
    snprintf(name, sizeof t->name[0], "#%d", t->made++);
    t->tensor[t->tensors].name = name;
    t->tensor[t->tensors++].tensor = x;
    return scrap(t, json_pack("{s:s}", "t", name));
}

fx_tensor *tensor_of(trial *t, const json_t *value)
{
    const char *name = json_string_value(json_object_get(value, "t"));
    return name ? trial_tensor(t, name, false) : NULL;
}

json_t *apply_to(trial *t, const char *op, json_t *args, json_t *kwargs)
{
    /* The results that the adapter has added so far are not to be lost. */
    const int outs = t->outs;
    fx_tensor *before[FX_MAX_OUTPUTS];
    memcpy(before, t->out, sizeof before);
    json_t *first = args && call_registered(t, op, NULL, args, kwargs, 0) ? value_of(t, t->out[0]) : NULL;
    memcpy(t->out, before, sizeof before);
    t->outs = outs;
    scrap(t, args);
    scrap(t, kwargs);
    return first;
}

json_t *apply(trial *t, const char *op, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    json_t *args = json_vpack_ex(NULL, 0, format, list);
    va_end(list);
    return apply_to(t, op, args, NULL);
}

json_t *indices_value(trial *t, const int64_t *at, int64_t n)
{
    return value_of(t, fx_from(t->cx, FX_I64, at, n));
}

json_t *sizes_value(trial *t, const int64_t *at, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_integer(at[i]));
    return scrap(t, list);
}

json_t *argument(const json_t *args, size_t i, const json_t *kwargs, const char *name)
{
    json_t *v = json_array_get(args, i);
    if (!v && name) v = json_object_get(kwargs, name);
    return json_is_null(v) ? NULL : v;
}

int64_t integer_argument(const json_t *args, size_t i, const json_t *kwargs, const char *name,
                         int64_t otherwise)
{
    const json_t *v = argument(args, i, kwargs, name);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

bool result(trial *t, const json_t *value)
{
    fx_tensor *x = tensor_of(t, value);
    if (!x || t->outs == MOST_OUTPUTS) return false;
    t->out[t->outs++] = x;
    return true;
}
