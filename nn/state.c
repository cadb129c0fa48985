/* What a module knows, in files and as a number.
 */
#include "module.h"

#include <fluxion/data.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t fx_module_digest(fx_module *m)
{
    if (!m) return 0;
    const uint64_t failures = fx__failures(m->cx);
    fx_named_list list = fx_state_at(m, (fx_where){ NULL, 0 });
    if (fx__failures(m->cx) != failures) return 0;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (int64_t i = 0; i < list.count; i++) {
        const uint64_t digest = fx_digest(list.at[i].tensor);
        XXH3_64bits_update(&state, list.at[i].name, strlen(list.at[i].name) + 1);
        XXH3_64bits_update(&state, &digest, sizeof(digest));
    }
    return XXH3_64bits_digest(&state);
}

fx_status fx_save_at(fx_module *m, const char *path, fx_where where)
{
    if (!m) return FX_ERROR_ARGUMENT;
    const uint64_t failures = fx__failures(m->cx);
    fx_named_list state = fx_state_at(m, where);
    if (fx__failures(m->cx) != failures) return fx_error(m->cx);
    return fx_save_tensors_at(
        (fx_save_tensors_args){ .path = path, .tensors = state, .metadata = FX_METADATA({ "format", "pt" }) },
        where);
}

static bool has_name(fx_named_list list, const char *name)
{
    for (int64_t i = 0; i < list.count; i++)
        if (strcmp(list.at[i].name, name) == 0) return true;
    return false;
}

/* What to ask the file for: of the names of a tensor that stands in several places those that the file has,
 * or the first if it has none. In the open scope; count -1 after an error. */
static fx_named_list names_in_file(fx_module *m, fx_named_list every, const char *path, fx_where where)
{
    const fx_named_list nothing = { -1, NULL, m->cx };
    fx_named_list state = fx_state_at(m, where), file = fx_load_tensors_at(m->cx, path, where);
    if (!file.cx) return nothing;
    const fx_dims bytes = { true, 1, { (every.count + 1) * (int64_t)sizeof(fx_named) } };
    fx_tensor *memory = fx_empty_at(m->cx, FX_U8, bytes, where);
    if (!memory) return nothing;
    fx_named *at = (fx_named *)(uintptr_t)fx_data_const(memory);
    int64_t count = 0;
    for (int64_t i = 0; i < every.count; i++) {
        bool asked = has_name(file, every.at[i].name), other = false;
        for (int64_t k = 0; k < every.count && !asked && !other; k++)
            other = every.at[k].tensor == every.at[i].tensor && has_name(file, every.at[k].name);
        if (asked || (!other && has_name(state, every.at[i].name))) at[count++] = every.at[i];
    }
    return (fx_named_list){ count, at, m->cx };
}

fx_status fx_load_at(fx_load_args a, fx_where where)
{
    fx_module *m = a.module;
    if (!m) return FX_ERROR_ARGUMENT;
    const uint64_t failures = fx__failures(m->cx);
    fx_named_list state = fx_state_at(m, where), every = fx__module_list(m, FX__EVERY_NAME, where);
    if (fx__failures(m->cx) != failures) return fx_error(m->cx);
    fx_load_into_args load = { .tensors = state, .path = a.path, .strict = a.strict };
    if (every.count == state.count) return fx_load_into_at(load, where);
    fx_status status = FX_ERROR_MEMORY;
    FX_SCOPE (m->cx) {
        load.tensors = names_in_file(m, every, a.path, where);
        status = load.tensors.count < 0 ? fx_error(m->cx) : fx_load_into_at(load, where);
    }
    return status;
}
