/* Files of named tensors, written.
 *
 * The header names the tensors in the order of the list; their numbers stand in the order of falling dtype
 * sizes, so that each lies aligned, as the header's length (a multiple of 8) does.
 */
#include "file.h"
#include "tensors.h"

#include <stdlib.h>
#include <string.h>

static const size_t sizes[] = { 8, 4, 1 }; /* of dtypes, in the order in which their tensors stand */
enum { SIZES = sizeof sizes / sizeof *sizes };

static size_t size_of(const fx_named *what) { return fx_dtype_size(fx_dtype_of(what->tensor)); }
static size_t bytes_of(const fx_named *what) { return (size_t)fx_numel(what->tensor) * size_of(what); }

/* ---- checks ----------------------------------------------------------------------------------------------
 */

static fx_status refuse(fx_context *cx, fx_where where, const char *path, const char *name, const char *what)
{
    fx_name_text printable;
    return fx_error_set(cx, FX_ERROR_ARGUMENT, where, "save: %s: %s %s; nothing was written", path,
                        fx__printable(name, &printable), what);
}

static bool is_utf8(const char *text)
{
    json_t *word = text ? json_string(text) : NULL;
    json_decref(word);
    return word;
}

static fx_status check(fx_context *cx, const fx_save_tensors_args *args, fx_where where)
{
    const fx_named_list list = args->tensors;
    for (int64_t i = 0; i < list.count; i++)
        if (!list.at[i].tensor) return FX_ERROR_ARGUMENT; /* its failure is recorded already */
    if (!args->path || !*args->path)
        return fx_error_set(cx, FX_ERROR_ARGUMENT, where, "save: there is no path");
    for (int64_t i = 0; i < list.count; i++) {
        const char *name = list.at[i].name;
        if (!name) return refuse(cx, where, args->path, "a tensor", "has no name");
        if (!strcmp(name, "__metadata__"))
            return refuse(cx, where, args->path, name, "is no name for a tensor");
        if (!is_utf8(name)) return refuse(cx, where, args->path, name, "is not UTF-8");
    }
    const fx_named **sorted = fx__sorted_by_name(cx, list, where);
    if (!sorted) return FX_ERROR_MEMORY;
    for (int64_t i = 1; i < list.count; i++)
        if (!strcmp(sorted[i - 1]->name, sorted[i]->name))
            return refuse(cx, where, args->path, sorted[i]->name, "stands twice in the list");
    for (int64_t i = 0; i < args->metadata.count; i++)
        if (!is_utf8(args->metadata.at[i].key) || !is_utf8(args->metadata.at[i].value))
            return refuse(cx, where, args->path, "the metadata", "is not UTF-8");
    return FX_OK;
}

/* ---- the header ------------------------------------------------------------------------------------------
 */

static bool add_entry(json_t *header, const fx_named *what, size_t begin)
{
    json_t *entry =
        json_pack("{s:s, s:[], s:[I, I]}", "dtype", fx__file_dtype_name(fx_dtype_of(what->tensor)), "shape",
                  "data_offsets", (json_int_t)begin, (json_int_t)begin + (json_int_t)bytes_of(what));
    json_t *shape = json_object_get(entry, "shape");
    for (int i = 0; i < fx_ndim(what->tensor); i++)
        if (json_array_append_new(shape, json_integer(fx_dim(what->tensor, i))))
            return json_decref(entry), false;
    return !json_object_set_new(header, what->name, entry);
}

static bool add_metadata(json_t *header, fx_metadata metadata)
{
    json_t *words = json_object();
    for (int64_t i = 0; i < metadata.count; i++)
        if (json_object_set_new(words, metadata.at[i].key, json_string(metadata.at[i].value)))
            return json_decref(words), false;
    return !json_object_set_new(header, "__metadata__", words);
}

/* The header's JSON, in malloc's memory. NULL when memory is out. */
static char *header_text(fx_context *cx, const fx_save_tensors_args *args, fx_where where)
{
    const fx_named_list list = args->tensors;
    size_t *begin = fx__open_scope_memory(cx, sizeof *begin * (size_t)list.count, where), next = 0;
    if (!begin) return NULL;
    for (int k = 0; k < SIZES; k++)
        for (int64_t i = 0; i < list.count; i++)
            if (size_of(&list.at[i]) == sizes[k]) {
                begin[i] = next;
                next += bytes_of(&list.at[i]);
            }
    json_t *header = json_object();
    bool right = header && (!args->metadata.count || add_metadata(header, args->metadata));
    for (int64_t i = 0; right && i < list.count; i++) right = add_entry(header, &list.at[i], begin[i]);
    char *text = right ? json_dumps(header, JSON_COMPACT) : NULL;
    json_decref(header);
    if (!text)
        fx_error_set(cx, FX_ERROR_MEMORY, where, "save: %s: out of memory; nothing was written", args->path);
    return text;
}

/* ---- the file --------------------------------------------------------------------------------------------
 */

static void write_header(fx_new_file *f, const char *text)
{
    uint64_t n = strlen(text), blanks = -n % 8, length = n + blanks;
    fx__new_file_write(f, &length, sizeof length);
    fx__new_file_write(f, text, n);
    fx__new_file_write(f, "        ", blanks);
}

static void write_numbers(fx_new_file *f, const fx_named *what)
{
    const fx_tensor *x = what->tensor;
    if (fx_is_contiguous(x)) fx__new_file_write(f, fx_data_const(x), bytes_of(what));
    if (!fx_is_contiguous(x))
        FX_SCOPE (f->cx) {
            void *copy = fx__open_scope_memory(f->cx, bytes_of(what), f->where);
            if (copy && fx_copy_out_at(x, fx_dtype_of(x), copy, f->where) == FX_OK)
                fx__new_file_write(f, copy, bytes_of(what));
            else
                f->failed = true;
        }
}

static fx_status write_file(fx_context *cx, const fx_save_tensors_args *args, const char *header,
                            fx_where where)
{
    fx_new_file f;
    if (!fx__new_file_open(&f, cx, "save", args->path, where)) return FX_ERROR_FILE;
    write_header(&f, header);
    for (int k = 0; k < SIZES; k++)
        for (int64_t i = 0; i < args->tensors.count && !f.failed; i++)
            if (size_of(&args->tensors.at[i]) == sizes[k]) write_numbers(&f, &args->tensors.at[i]);
    return fx__new_file_commit(&f);
}

fx_status fx_save_tensors_at(fx_save_tensors_args args, fx_where where)
{
    fx_context *cx = fx__named_context(args.tensors);
    if (!cx) return FX_ERROR_ARGUMENT;
    fx_scope scope = fx_scope_open_at(cx, where);
    fx_status status = check(cx, &args, where);
    if (status == FX_OK) {
        char *header = header_text(cx, &args, where);
        status = header ? write_file(cx, &args, header, where) : FX_ERROR_MEMORY;
        free(header);
    }
    fx_scope_close(&scope);
    return status;
}
