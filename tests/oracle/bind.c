/* Binding: torch's positional and named arguments onto the fields of a function of the registry. */
#include "oracle.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool trial_fail(trial *t, const char *format, ...)
{
    if (t->reason[0]) return false;
    va_list args;
    va_start(args, format);
    vsnprintf(t->reason, REASON, format, args);
    va_end(args);
    return false;
}

bool trial_differentiates(const trial *t, const char *name)
{
    size_t i;
    json_t *each;
    json_array_foreach(json_object_get(t->json, "diff"), i,
                       each) if (!strcmp(json_string_value(each), name)) return true;
    /* modules' cases have no such list: what has a gradient is differentiated */
    return !json_object_get(t->json, "diff") && json_object_get(json_object_get(t->json, "grads"), name);
}

/* ---- tensors of the file ------------------------------------------------------------------------------- */

static fx_tensor *load(trial *t, const case_tensor *from)
{
    static const struct {
        const char *name;
        fx_dtype dtype;
    } dtypes[] = { { "F64", FX_F64 }, { "F32", FX_F32 }, { "I64", FX_I64 }, { "I32", FX_I32 },
                   { "I16", FX_I32 }, { "I8", FX_I32 },  { "U8", FX_U8 },   { "BOOL", FX_BOOL } };
    fx_dtype dtype = FX_DTYPE_NONE;
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(dtypes[i].name, from->dtype)) dtype = dtypes[i].dtype;
    fx_dims dims = { .given = true, .count = from->ndim };
    memcpy(dims.at, from->size, sizeof dims.at);
    void *memory = malloc((size_t)from->numel * fx_dtype_size(dtype) + 8);
    if (!memory) return NULL;
    for (int64_t i = 0; i < from->numel; i++) {
        const double x = case_number(from, i);
        if (dtype == FX_F64)
            ((double *)memory)[i] = x;
        else if (dtype == FX_F32)
            ((float *)memory)[i] = (float)x;
        else if (dtype == FX_I64)
            ((int64_t *)memory)[i] = (int64_t)x;
        else if (dtype == FX_I32)
            ((int32_t *)memory)[i] = (int32_t)x;
        else
            ((uint8_t *)memory)[i] = (uint8_t)x;
    }
    fx_tensor *x = fx_from_at(t->cx, dtype, memory, dims, FX_HERE);
    free(memory);
    return x;
}

fx_tensor *trial_tensor(trial *t, const char *name, bool differentiable)
{
    for (int i = 0; name && i < t->tensors; i++)
        if (!strcmp(t->tensor[i].name, name)) return t->tensor[i].tensor;
    case_tensor from;
    if (!name || t->tensors == MOST_TENSORS || !case_file_tensor(t->file, name, &from)) {
        trial_fail(t, "tensor %s is not in the file", name ? name : "(without a name)");
        return NULL;
    }
    fx_tensor *x = load(t, &from);
    if (x && (differentiable || trial_differentiates(t, name))) x = fx_parameter(x);
    if (!x) trial_fail(t, "tensor %s: %s", name, fx_error_message(t->cx));
    t->tensor[t->tensors].name =
        json_string_value(scrap(t, json_string(name))); /* outlives an adapter's copy */
    t->tensor[t->tensors++].tensor = x;
    return x;
}

/* ---- values -------------------------------------------------------------------------------------------- */

/* The name of the tensor that a value stands for; NULL: it is none. */
static const char *tensor_name(const json_t *v) { return json_string_value(json_object_get(v, "t")); }

static bool number_of(const json_t *v, double *number)
{
    const char *words = json_string_value(json_object_get(v, "float"));
    if (words)
        *number = strtod(words, NULL);
    else if (json_is_number(v))
        *number = json_number_value(v);
    else if (json_is_boolean(v))
        *number = json_is_true(v);
    else
        return false;
    return true;
}

static bool integer_of(const json_t *v, int64_t *integer)
{
    if (json_is_array(v) && json_array_size(v) == 1) v = json_array_get(v, 0);
    double number;
    if (json_object_get(v, "float") || !number_of(v, &number) || number != floor(number)) return false;
    *integer = (int64_t)number;
    return true;
}

static bool dims_of(const json_t *v, fx_dims *dims)
{
    *dims = (fx_dims){ .given = true };
    if (!json_is_array(v)) {
        dims->count = 1;
        return !json_is_boolean(v) && integer_of(v, &dims->at[0]);
    }
    if (json_array_size(v) > FX_MAX_DIMS) return false;
    size_t i;
    json_t *each;
    json_array_foreach(v, i, each) if (json_is_array(each) ||
                                       !integer_of(each, &dims->at[dims->count++])) return false;
    return true;
}

static bool choice_of(const json_t *v, const char *choices, int *choice)
{
    const char *word = json_string_value(v);
    *choice = 0;
    for (const char *at = choices; word && at; ++*choice) {
        const size_t n = strcspn(at, "|");
        if (strlen(word) == n && !strncmp(word, at, n)) return true;
        at = at[n] ? at + n + 1 : NULL;
    }
    return false;
}

static bool dtype_of(const json_t *v, fx_dtype *dtype)
{
    const char *name = json_string_value(json_object_get(v, "dtype"));
    for (int d = FX_DTYPE_NONE + 1; name && d < FX_DTYPE_COUNT; d++)
        if (!strcmp(fx_dtype_name((fx_dtype)d), name)) {
            *dtype = (fx_dtype)d;
            return true;
        }
    return false;
}

static bool list_of(trial *t, const json_t *v, fx_list *list)
{
    fx_tensor **at = t->list + t->lists;
    size_t i;
    json_t *each;
    if (!json_is_array(v) || t->lists + (int)json_array_size(v) > MOST_TENSORS) return false;
    json_array_foreach(v, i, each)
    {
        if (!tensor_name(each)) return false;
        at[i] = trial_tensor(t, tensor_name(each), false);
        if (!at[i]) return false;
    }
    t->lists += (int)json_array_size(v);
    *list = (fx_list){ (int)json_array_size(v), at };
    return true;
}

static bool bind_value(trial *t, const fx_field *field, const json_t *v)
{
    void *at = t->args + field->offset;
    if (json_is_null(v)) return field->optional;
    switch (field->type) {
    case FX_FIELD_TENSOR:
        if (!tensor_name(v)) return false;
        *(fx_tensor **)at = trial_tensor(t, tensor_name(v), false);
        return *(fx_tensor **)at != NULL;
    case FX_FIELD_OPERAND: {
        double number;
        if (number_of(v, &number)) {
            *(fx_operand *)at =
                json_is_integer(v) ? fx_operand_integer((long long)number) : fx_operand_number(number);
            return true;
        }
        if (!tensor_name(v)) return false;
        *(fx_operand *)at = fx_operand_tensor(trial_tensor(t, tensor_name(v), false));
        return ((fx_operand *)at)->tensor != NULL;
    }
    case FX_FIELD_TENSORS: return list_of(t, v, at);
    case FX_FIELD_INT: return integer_of(v, at);
    case FX_FIELD_REAL: return number_of(v, at);
    case FX_FIELD_BOOL: *(bool *)at = json_is_true(v); return json_is_boolean(v);
    case FX_FIELD_DIMS: return dims_of(v, at);
    case FX_FIELD_DTYPE: return dtype_of(v, at);
    case FX_FIELD_CHOICE: return choice_of(v, field->choices, at);
    case FX_FIELD_TEXT: return (*(const char **)at = json_string_value(v)) != NULL;
    }
    return false;
}

/* ---- arguments ----------------------------------------------------------------------------------------- */

static bool listed(const char *names, const char *name)
{
    for (const size_t n = strlen(name); names;) {
        const size_t length = strcspn(names, ",");
        if (length == n && !strncmp(names, name, n)) return true;
        names = names[length] ? names + length + 1 : NULL;
    }
    return false;
}

static bool is_named(const fx_field *field, const char *name)
{
    return field->torch ? listed(field->torch, name) : !strcmp(field->name, name);
}

/* Arguments from `first` on as one list, for functions that take any number of tensors or sizes. NULL: they
 * are of several kinds. */
static json_t *rest_of(const json_t *args, size_t first, fx_field_type type)
{
    json_t *list = json_array();
    for (size_t i = first; i < json_array_size(args); i++) {
        json_t *v = json_array_get(args, i);
        const bool fits = type == FX_FIELD_TENSORS ? tensor_name(v) != NULL : json_is_integer(v);
        if (!fits) {
            json_decref(list);
            return NULL;
        }
        json_array_append(list, v);
    }
    return list;
}

static bool bind_positional(trial *t, const fx_function *f, const json_t *args, bool bound[])
{
    size_t i = 0;
    for (const fx_field *field = f->fields; field->name && i < json_array_size(args); field++) {
        const json_t *v = json_array_get(args, i);
        const bool scalars =
            field->type == FX_FIELD_TENSORS || (field->type == FX_FIELD_DIMS && !field[1].name);
        bound[field - f->fields] = true;
        if (scalars && !json_is_array(v) && !json_is_null(v)) {
            json_t *rest = rest_of(args, i, field->type);
            const bool good = rest && bind_value(t, field, rest);
            json_decref(rest);
            return good;
        }
        if (!bind_value(t, field, v)) return false;
        i++;
    }
    return i == json_array_size(args);
}

bool bind_arguments(trial *t, const fx_function *f, const json_t *args, const json_t *kwargs)
{
    bool bound[64] = { 0 };
    if (f->args_size > MOST_ARGS) return false;
    memset(t->args, 0, sizeof t->args);
    if (f->defaults) memcpy(t->args, f->defaults, f->args_size);
    t->lists = 0;
    if (!bind_positional(t, f, args, bound)) return false;
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)kwargs, name, v)
    {
        const fx_field *field = f->fields;
        while (field->name && !is_named(field, name)) field++;
        if (!field->name && json_is_null(v)) continue; /* what we have not is not wanted */
        if (!field->name || bound[field - f->fields] || !bind_value(t, field, v)) return false;
        bound[field - f->fields] = true;
    }
    for (const fx_field *field = f->fields; field->name; field++)
        if (!bound[field - f->fields] && !field->optional) return false;
    return true;
}

/* ---- calling ------------------------------------------------------------------------------------------- */

bool call_registered(trial *t, const char *op, const char *variant, const json_t *args, const json_t *kwargs,
                     size_t wanted)
{
    char full[128];
    snprintf(full, sizeof full, "%s.%s", op, variant ? variant : "");
    int count;
    bool known = false;
    const fx_function *const *functions = fx_functions(&count);
    for (int i = 0; i < count; i++) {
        const fx_function *f = functions[i];
        if (!f->torch || !(listed(f->torch, op) || listed(f->torch, full))) continue;
        t->left_out |= f->unavailable != NULL;
        if (f->unavailable) continue;
        known = true;
        if (!bind_arguments(t, f, args, kwargs)) continue;
        fx_tensor *out[FX_MAX_OUTPUTS] = { 0 };
        t->function = f;
        t->outs = f->call(t->args, FX_HERE, out);
        memcpy(t->out, out, sizeof out);
        if (t->outs > 0 && (wanted == 0 || t->outs == (int)wanted)) return true;
        trial_fail(t, "%s: %s", f->name, t->outs ? "another number of outputs" : fx_error_message(t->cx));
        fx_error_clear(t->cx);
    }
    t->outs = 0;
    return trial_fail(t, known ? "the arguments do not fit" : NO_FUNCTION);
}

/* One attempt to call the case's operator. The reason that stands at the end is that of the last attempt
 * that found anything to call; for a composite, what it lacks. */
static bool attempt(trial *t, bool good, bool composite, char before[REASON])
{
    if (good) {
        t->reason[0] = 0;
        return true;
    }
    const bool lacks = !t->reason[0] || (!composite && !strcmp(t->reason, NO_FUNCTION));
    if (before[0] && lacks) memcpy(t->reason, before, REASON);
    memcpy(before, t->reason, REASON);
    t->reason[0] = 0;
    t->outs = 0;
    return false;
}

static bool call_adapter(trial *t, const adapter *a, const json_t *args, const json_t *kwargs, size_t wanted)
{
    t->outs = 0;
    if (a->call) return a->call(t, args, kwargs) && (size_t)t->outs == wanted;
    /* Names of tensors point into the arguments, so these last as long as the case. */
    json_t *new_args = scrap(t, json_deep_copy(args)), *new_kwargs = scrap(t, json_deep_copy(kwargs));
    return a->rewrite(t, new_args, new_kwargs) &&
           call_registered(t, a->as, NULL, new_args, new_kwargs, wanted);
}

bool call_operator(trial *t)
{
    const json_t *args = json_object_get(t->json, "args"), *kwargs = json_object_get(t->json, "kwargs");
    const char *variant = json_string_value(json_object_get(t->json, "variant"));
    const size_t wanted = json_array_size(json_object_get(t->json, "outputs"));
    const adapter *a;
    char reason[REASON] = "";
    for (int nth = 0; (a = adapter_of(t->op, nth)); nth++)
        if (attempt(t, call_adapter(t, a, args, kwargs, wanted), false, reason)) return true;
    if (attempt(t, call_registered(t, t->op, variant, args, kwargs, wanted), false, reason)) return true;
    for (int nth = 0; (a = composite_of(t->op, nth)); nth++)
        if (attempt(t, call_adapter(t, a, args, kwargs, wanted), true, reason)) return true;
    return trial_fail(t, "%s", t->left_out ? NO_FUNCTION : reason);
}
