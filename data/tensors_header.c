/* The header of a safetensors file, checked before anything is believed.
 *
 *     | n: 8 bytes, little-endian | n bytes of JSON | numbers |
 *
 * The JSON is an object {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}, and
 * "__metadata__" in it, if there, an object of strings. What fx__tensor_file_open() accepts holds: each name
 * once, sizes whose product times the dtype's bytes is end - begin, and places that, sorted, cover the
 * numbers from the first byte to the last, each once.
 */
#include "file.h"
#include "tensors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the numbers of a file are taken as they lie");

enum { LONGEST_HEADER = 100000000 };

static const fx_file_dtype dtypes[] = {
    { "F32", 4, FX_F32 }, { "F64", 8, FX_F64 },   { "I64", 8, FX_I64 }, { "I32", 4, FX_I32 },
    { "U8", 1, FX_U8 },   { "BOOL", 1, FX_BOOL }, { "F16", 2, FX_F32 }, { "BF16", 2, FX_F32 },
};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

const char *fx__file_dtype_name(fx_dtype dtype)
{
    int i = 0;
    while (dtypes[i].becomes != dtype) i++;
    return dtypes[i].name;
}

static const fx_file_dtype *dtype_named(const char *name)
{
    for (int i = 0; i < DTYPES; i++)
        if (!strcmp(dtypes[i].name, name)) return &dtypes[i];
    return NULL;
}

const char *fx__printable(const char *name, fx_name_text *memory)
{
    size_t n = 0;
    for (; name[n] && n < sizeof memory->at - 4; n++) {
        unsigned char c = (unsigned char)name[n];
        memory->at[n] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    if (name[n]) {
        while (n && ((unsigned char)name[n] & 0xc0) == 0x80) n--; /* not within a character */
        memcpy(memory->at + n, "...", 3);
        n += 3;
    }
    memory->at[n] = '\0';
    return memory->at;
}

bool fx__tensor_file_fail(fx_tensor_file *f, fx_status code, const char *format, ...)
{
    char text[640];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fx_error_set(f->cx, code, f->where, "load: %s: %s; nothing was loaded", f->path, text);
    return false;
}

#define fail(...) (fx__tensor_file_fail(__VA_ARGS__), false)

/* ---- one tensor's entry ----------------------------------------------------------------------------------
 */

static bool read_shape(fx_tensor_file *f, fx_file_entry *e, const char *name, json_t *shape, uint64_t *bytes)
{
    if (!json_is_array(shape)) return fail(f, FX_ERROR_FORMAT, "the shape of %s is no list", name);
    if (json_array_size(shape) > FX_MAX_DIMS)
        return fail(f, FX_ERROR_UNSUPPORTED, "%s has %zu dimensions, more than %d", name,
                    json_array_size(shape), FX_MAX_DIMS);
    e->shape = (fx_dims){ .given = true, .count = (int)json_array_size(shape) };
    int64_t spread = 1; /* as if sizes of 0 were 1: strides are made of it */
    bool empty = false;
    for (int i = 0; i < e->shape.count; i++) {
        json_t *size = json_array_get(shape, (size_t)i);
        int64_t n = json_is_integer(size) ? json_integer_value(size) : -1;
        if (n < 0) return fail(f, FX_ERROR_FORMAT, "the shape of %s holds what is no size", name);
        e->shape.at[i] = n;
        empty |= n == 0;
        if (__builtin_mul_overflow(spread, n ? n : 1, &spread))
            return fail(f, FX_ERROR_FORMAT, "the shape of %s does not fit in memory", name);
    }
    int64_t all;
    if (__builtin_mul_overflow(spread, (int64_t)8, &all)) /* 8: the widest dtype */
        return fail(f, FX_ERROR_FORMAT, "the shape of %s does not fit in memory", name);
    *bytes = empty ? 0 : (uint64_t)spread * e->dtype->bytes;
    return true;
}

static bool read_entry(fx_tensor_file *f, fx_file_entry *e, const char *key, json_t *value)
{
    fx_name_text printable;
    fx_number_text a, b;
    const char *name = fx__printable(key, &printable);
    json_t *dtype = json_object_get(value, "dtype"), *place = json_object_get(value, "data_offsets");
    json_t *shape = json_object_get(value, "shape");
    e->name = key;
    if (!json_is_object(value) || json_object_size(value) != 3 || !dtype || !place || !shape)
        return fail(f, FX_ERROR_FORMAT, "the entry of %s is not {dtype, shape, data_offsets}", name);
    if (!json_is_string(dtype)) return fail(f, FX_ERROR_FORMAT, "the dtype of %s is no word", name);
    e->dtype = dtype_named(json_string_value(dtype));
    fx_name_text word;
    if (!e->dtype)
        return fail(f, FX_ERROR_UNSUPPORTED, "%s has the dtype %s, which there is not here", name,
                    fx__printable(json_string_value(dtype), &word));
    uint64_t bytes;
    if (!read_shape(f, e, name, shape, &bytes)) return false;
    json_t *begin = json_array_get(place, 0), *last = json_array_get(place, 1);
    if (json_array_size(place) != 2 || !json_is_integer(begin) || !json_is_integer(last) ||
        json_integer_value(begin) < 0 || json_integer_value(last) < json_integer_value(begin))
        return fail(f, FX_ERROR_FORMAT, "the place of %s is not [begin, end]", name);
    e->begin = (uint64_t)json_integer_value(begin);
    e->end = (uint64_t)json_integer_value(last);
    if (e->end - e->begin != bytes)
        return fail(f, FX_ERROR_FORMAT, "%s needs %s bytes, and its place has %s", name,
                    fx__grouped(bytes, &a), fx__grouped(e->end - e->begin, &b));
    return true;
}

static bool check_metadata(fx_tensor_file *f, json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata)) return fail(f, FX_ERROR_FORMAT, "its metadata is no object");
    json_object_foreach(metadata, key, value) if (!json_is_string(value)) return fail(
        f, FX_ERROR_FORMAT, "its metadata holds what is no text");
    return true;
}

/* ---- all entries together --------------------------------------------------------------------------------
 */

static int by_place(const void *left, const void *right)
{
    const fx_file_entry *a = *(const fx_file_entry *const *)left, *b = *(const fx_file_entry *const *)right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

static bool check_places(fx_tensor_file *f)
{
    fx_number_text a, b;
    uint64_t promised = 0;
    for (int64_t i = 0; i < f->count; i++)
        if (f->entries[i].end > promised) promised = f->entries[i].end;
    if (promised != f->bytes)
        return fail(f, FX_ERROR_FORMAT, "the header promises %s bytes, the file holds %s",
                    fx__grouped(promised, &a), fx__grouped(f->bytes, &b));
    const fx_file_entry **sorted = malloc(sizeof *sorted * (size_t)(f->count + 1));
    if (!sorted) return fail(f, FX_ERROR_MEMORY, "out of memory");
    for (int64_t i = 0; i < f->count; i++) sorted[i] = &f->entries[i];
    qsort(sorted, (size_t)f->count, sizeof *sorted, by_place);
    uint64_t reached = 0;
    bool right = true;
    for (int64_t i = 0; right && i < f->count; reached = sorted[i++]->end) {
        fx_name_text name;
        if (sorted[i]->begin != reached)
            right = fail(f, FX_ERROR_FORMAT, "the place of %s, from byte %s on, %s byte %s",
                         fx__printable(sorted[i]->name, &name), fx__grouped(sorted[i]->begin, &a),
                         sorted[i]->begin < reached ? "overlaps another that ends at" : "leaves a gap after",
                         fx__grouped(reached, &b));
    }
    free(sorted);
    return right;
}

static bool read_entries(fx_tensor_file *f)
{
    f->entries = calloc(json_object_size(f->root) + 1, sizeof *f->entries);
    if (!f->entries) return fail(f, FX_ERROR_MEMORY, "out of memory");
    const char *key;
    json_t *value;
    json_object_foreach(f->root, key, value)
    {
        bool words = !strcmp(key, "__metadata__");
        if (words ? !check_metadata(f, value) : !read_entry(f, &f->entries[f->count], key, value))
            return false;
        f->count += !words;
    }
    return check_places(f);
}

static bool read_header(fx_tensor_file *f, uint64_t bytes)
{
    fx_number_text a, b;
    unsigned char length[8];
    if (bytes < 8)
        return fail(f, FX_ERROR_FORMAT, "it is %s bytes long, too short for a safetensors file",
                    fx__grouped(bytes, &a));
    if (!fx__read_all(f->descriptor, length, sizeof length))
        return fail(f, FX_ERROR_FILE, "cannot be read: %s", errno ? strerror(errno) : "it became shorter");
    uint64_t n;
    memcpy(&n, length, sizeof n);
    if (n > LONGEST_HEADER)
        return fail(f, FX_ERROR_FORMAT, "it is no safetensors file: its header would be %s bytes long",
                    fx__grouped(n, &a));
    if (n > bytes - 8)
        return fail(f, FX_ERROR_FORMAT, "the header is %s bytes long, and the file holds %s",
                    fx__grouped(n, &a), fx__grouped(bytes - 8, &b));
    char *text = malloc(n + 1);
    if (!text) return fail(f, FX_ERROR_MEMORY, "out of memory");
    json_error_t error;
    bool right = fx__read_all(f->descriptor, text, n);
    if (!right)
        right = fail(f, FX_ERROR_FILE, "cannot be read: %s", errno ? strerror(errno) : "it became shorter");
    else if (!n || text[0] != '{')
        right = fail(f, FX_ERROR_FORMAT, "it is no safetensors file: no JSON object follows its length");
    else if (!(f->root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error))) {
        fx_name_text words;
        right =
            fail(f, json_error_code(&error) == json_error_out_of_memory ? FX_ERROR_MEMORY : FX_ERROR_FORMAT,
                 "its header is no JSON: %s", fx__printable(error.text, &words));
    }
    free(text);
    f->base = 8 + n;
    f->bytes = bytes - f->base;
    return right;
}

bool fx__tensor_file_open(fx_tensor_file *f, fx_context *cx, const char *path, fx_where where)
{
    uint64_t bytes;
    *f = (fx_tensor_file){ .cx = cx, .where = where, .path = path };
    f->descriptor = fx__file_open(cx, "load", path, &bytes, where);
    return f->descriptor >= 0 && read_header(f, bytes) && read_entries(f);
}

void fx__tensor_file_close(fx_tensor_file *f)
{
    if (f->descriptor >= 0) close(f->descriptor);
    if (f->root) json_decref(f->root);
    free(f->entries);
}
