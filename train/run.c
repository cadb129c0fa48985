/* The state of a run in a file: all its tensors under the names "model.NAME", "optimizer.NAME",
 * "tensors.NAME", and the numbers that are no tensor's as "run.random" (seed, drawn) and "run.data" (key,
 * index). The metadata has a checksum of it all.
 */
#include "autograd/owned.h"

#include <fluxion/train.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static const char format[] = "fluxion run 1";

/* All of a run as one list, in memory of the open scope. */
typedef struct everything {
    fx_context *cx;
    fx_where where;
    fx_named *at;
    int64_t count;
    fx_tensor *random, *data;
} everything;

static fx_context *context_of(const fx_trainer *run)
{
    if (run->model) return fx_module_context(run->model);
    if (run->data) return fx_dataset_context(run->data);
    if (run->tensors.cx) return run->tensors.cx;
    if (run->tensors.count) return fx_context_of(run->tensors.at[0].tensor);
    fx_named_list list = fx_optimizer_parameters(run->optimizer);
    return list.count ? fx_context_of(list.at[0].tensor) : NULL;
}

static void *scope_memory(fx_context *cx, size_t bytes, fx_where where)
{
    fx_dims sizes = { true, 1, { (int64_t)bytes + 1 } };
    return (void *)(uintptr_t)fx_data_const(fx_empty_at(cx, FX_U8, sizes, where));
}

static size_t name_bytes(fx_named_list list, size_t prefix)
{
    size_t bytes = 0;
    for (int64_t i = 0; i < list.count; i++) bytes += sizeof(fx_named) + strlen(list.at[i].name) + prefix + 1;
    return bytes;
}

static char *add(everything *e, fx_named_list list, const char *prefix, char *text)
{
    size_t n = strlen(prefix);
    for (int64_t i = 0; i < list.count; i++) {
        size_t bytes = strlen(list.at[i].name) + 1;
        e->at[e->count++] = (fx_named){ text, list.at[i].tensor };
        memcpy(text, prefix, n);
        memcpy(text + n, list.at[i].name, bytes);
        text += n + bytes;
    }
    return text;
}

/* False after an error. */
static bool gather(everything *e, const fx_trainer *run)
{
    const uint64_t failures = fx__failures(e->cx);
    const fx_dims two = { true, 1, { 2 } };
    fx_named_list model = run->model ? fx_state_at(run->model, e->where) : (fx_named_list){ 0 };
    fx_named_list optimizer =
        run->optimizer ? fx_optimizer_state_at(run->optimizer, e->where) : (fx_named_list){ 0 };
    fx_random_state random = fx_get_random_state(e->cx);
    fx_place place = fx_dataset_place(run->data);
    e->random =
        fx_from_at(e->cx, FX_I64, (int64_t[]){ (int64_t)random.seed, (int64_t)random.drawn }, two, e->where);
    e->data = fx_from_at(e->cx, FX_I64, (int64_t[]){ (int64_t)place.key, place.index }, two, e->where);
    fx_named_list own = FX_NAMED(e->cx, { "random", e->random }, { "data", e->data });
    if (fx__failures(e->cx) != failures) return false;
    int64_t count = model.count + optimizer.count + run->tensors.count + own.count;
    size_t bytes =
        name_bytes(model, 6) + name_bytes(optimizer, 10) + name_bytes(run->tensors, 8) + name_bytes(own, 4);
    e->at = scope_memory(e->cx, bytes, e->where);
    if (!e->at) return false;
    char *text = add(e, model, "model.", (char *)(e->at + count));
    text = add(e, optimizer, "optimizer.", text);
    text = add(e, run->tensors, "tensors.", text);
    add(e, own, "run.", text);
    return true;
}

static fx_named_list list_of(const everything *e) { return (fx_named_list){ e->count, e->at, e->cx }; }

typedef struct checksum {
    char at[17];
} checksum;

static const char *checksum_of(fx_named_list list, checksum *memory)
{
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (int64_t i = 0; i < list.count; i++) {
        const uint64_t digest = fx_digest(list.at[i].tensor);
        XXH3_64bits_update(&state, list.at[i].name, strlen(list.at[i].name) + 1);
        XXH3_64bits_update(&state, &digest, sizeof digest);
    }
    snprintf(memory->at, sizeof memory->at, "%016" PRIx64, XXH3_64bits_digest(&state));
    return memory->at;
}

fx_status fx_checkpoint_at(const fx_trainer *run, const char *path, fx_where where)
{
    fx_context *cx = run ? context_of(run) : NULL;
    if (!cx) return FX_ERROR_ARGUMENT;
    if (fx_error(cx) != FX_OK)
        return fx_error(cx); /* a run that has failed is not what one wants to go on with */
    fx_status status = FX_ERROR_MEMORY;
    FX_SCOPE (cx) {
        everything e = { .cx = cx, .where = where };
        checksum sum;
        if (gather(&e, run))
            status = fx_save_tensors_at(
                (fx_save_tensors_args){ .path = path,
                                        .tensors = list_of(&e),
                                        .metadata = FX_METADATA({ "format", format },
                                                                { "xxh3", checksum_of(list_of(&e), &sum) }) },
                where);
    }
    return status;
}

static const char *word(fx_metadata words, const char *key)
{
    for (int64_t i = 0; i < words.count; i++)
        if (!strcmp(words.at[i].key, key)) return words.at[i].value;
    return "";
}

/* That the file is of a run, and as it was written. */
static bool check(fx_context *cx, const char *path, fx_where where)
{
    fx_metadata words = fx_load_metadata_at(cx, path, where);
    fx_named_list list = words.count ? fx_load_tensors_at(cx, path, where) : (fx_named_list){ 0 };
    if (fx_error(cx) != FX_OK) return false;
    checksum sum;
    if (strcmp(word(words, "format"), format))
        fx_error_set(cx, FX_ERROR_FORMAT, where, "resume: %s: it is no file of a run; nothing was loaded",
                     path);
    else if (strcmp(word(words, "xxh3"), checksum_of(list, &sum)))
        fx_error_set(cx, FX_ERROR_FORMAT, where,
                     "resume: %s: it is damaged, by its checksum; nothing was loaded", path);
    else
        return true;
    return false;
}

static bool restore(everything *e, const fx_trainer *run, const char *path)
{
    if (!check(e->cx, path, e->where) || !gather(e, run)) return false;
    fx_load_into_args load = { .strict = true, .tensors = list_of(e), .path = path };
    if (fx_load_into_at(load, e->where) != FX_OK) return false;
    const int64_t *random = fx_data_const(e->random), *place = fx_data_const(e->data);
    fx_set_random_state(e->cx, (fx_random_state){ (uint64_t)random[0], (uint64_t)random[1] });
    if (run->data) fx_dataset_set_place(run->data, (fx_place){ (uint64_t)place[0], place[1] });
    return true;
}

fx_status fx_resume_at(const fx_trainer *run, const char *path, fx_where where)
{
    fx_context *cx = run ? context_of(run) : NULL;
    if (!cx) return FX_ERROR_ARGUMENT;
    if (fx_error(cx) != FX_OK) return fx_error(cx);
    if (path && access(path, F_OK) && errno == ENOENT) return FX_OK;
    bool right = false;
    FX_SCOPE (cx) {
        everything e = { .cx = cx, .where = where };
        right = restore(&e, run, path);
    }
    return right ? FX_OK : fx_error(cx);
}
