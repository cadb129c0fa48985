/* Files of named tensors, read (tensors_header.c has the format, tensors_save.c writes them).
 *
 * A load into tensors that there are already reads all of them aside first, checks, and only then writes.
 */
#include "tensors.h"
#include "autograd/owned.h"
#include "file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *fx__open_scope_memory(fx_context *cx, size_t bytes, fx_where where)
{
    fx_dims sizes = { true, 1, { (int64_t)(bytes ? bytes : 1) } };
    fx_tensor *x = fx_empty_at(cx, FX_U8, sizes, where);
    return x ? fx__memory_of(x) : NULL;
}

/* ---- loading ---------------------------------------------------------------------------------------------
 */

static float from_half(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff, bits;
    if (exponent == 31)
        bits = sign | 0x7f800000u | fraction << 13;
    else if (exponent)
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    else {
        float small = (float)fraction * 0x1p-24f;
        memcpy(&bits, &small, sizeof bits);
        bits |= sign;
    }
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Numbers of two bytes that fill the second half of the memory become float32 that fill all of it, from the
 * first on: number i is read before anything is written over it. */
static void widen(char *memory, int64_t n, bool brain)
{
    for (int64_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, memory + 2 * n + 2 * i, sizeof half);
        uint32_t bits = (uint32_t)half << 16;
        float value;
        if (brain)
            memcpy(&value, &bits, sizeof value);
        else
            value = from_half(half);
        memcpy(memory + 4 * i, &value, sizeof value);
    }
}

static fx_tensor *load_one(fx_tensor_file *f, const fx_file_entry *e)
{
    fx_tensor *x = fx_empty_at(f->cx, e->dtype->becomes, e->shape, f->where);
    if (!x) return NULL;
    char *memory = fx__memory_of(x);
    int64_t n = fx_numel(x);
    bool narrow = e->dtype->bytes < fx_dtype_size(e->dtype->becomes);
    if (lseek(f->descriptor, (off_t)(f->base + e->begin), SEEK_SET) < 0 ||
        !fx__read_all(f->descriptor, memory + (narrow ? 2 * n : 0), e->end - e->begin)) {
        fx__tensor_file_fail(f, FX_ERROR_FILE, "cannot be read: %s",
                             errno ? strerror(errno) : "it became shorter");
        return fx_release(x), NULL;
    }
    if (narrow) widen(memory, n, e->dtype->name[0] == 'B');
    for (int64_t i = 0; e->dtype->becomes == FX_BOOL && i < n; i++)
        if ((unsigned char)memory[i] > 1) {
            fx_name_text name;
            fx__tensor_file_fail(f, FX_ERROR_FORMAT, "%s is bool and holds %d", fx__printable(e->name, &name),
                                 (unsigned char)memory[i]);
            return fx_release(x), NULL;
        }
    return x;
}

/* The list and the names in one piece of memory of the open scope. */
static fx_named *list_memory(fx_tensor_file *f)
{
    size_t bytes = sizeof(fx_named) * (size_t)f->count;
    for (int64_t i = 0; i < f->count; i++) bytes += strlen(f->entries[i].name) + 1;
    fx_named *list = fx__open_scope_memory(f->cx, bytes, f->where);
    char *text = list ? (char *)(list + f->count) : NULL;
    for (int64_t i = 0; list && i < f->count; i++) {
        size_t n = strlen(f->entries[i].name) + 1;
        list[i].name = memcpy(text, f->entries[i].name, n);
        text += n;
    }
    return list;
}

fx_named_list fx_load_tensors_at(fx_context *cx, const char *path, fx_where where)
{
    fx_named_list result = { 0 };
    if (!cx) return result;
    fx_tensor_file f;
    fx_named *list = fx__tensor_file_open(&f, cx, path, where) ? list_memory(&f) : NULL;
    int64_t made = 0;
    while (list && made < f.count && (list[made].tensor = load_one(&f, &f.entries[made]))) made++;
    if (list && made == f.count)
        result = (fx_named_list){ f.count, list, cx };
    else
        while (made > 0) fx_release(list[--made].tensor);
    fx__tensor_file_close(&f);
    return result;
}

/* ---- loading into what there is --------------------------------------------------------------------------
 */

fx_context *fx__named_context(fx_named_list list)
{
    return list.cx ? list.cx : list.count > 0 && list.at[0].tensor ? fx_context_of(list.at[0].tensor) : NULL;
}

static int by_name(const void *left, const void *right)
{
    const fx_named *a = *(const fx_named *const *)left, *b = *(const fx_named *const *)right;
    return strcmp(a->name, b->name);
}

const fx_named **fx__sorted_by_name(fx_context *cx, fx_named_list list, fx_where where)
{
    const fx_named **sorted = fx__open_scope_memory(cx, sizeof *sorted * (size_t)list.count, where);
    if (!sorted) return NULL;
    for (int64_t i = 0; i < list.count; i++) sorted[i] = &list.at[i];
    qsort(sorted, (size_t)list.count, sizeof *sorted, by_name);
    return sorted;
}

static const fx_named *find(const fx_named **sorted, int64_t count, const fx_named *what)
{
    const fx_named *const *found = bsearch(&what, sorted, (size_t)count, sizeof *sorted, by_name);
    return found ? *found : NULL;
}

/* What differs, as a list of words that ends with how many there was no room for. */
typedef struct difference {
    char text[300];
    size_t length;
    int64_t count, left_out;
} difference;

static void note(difference *d, const char *before, const fx_named *what, const char *more)
{
    fx_name_text name;
    char words[200];
    int n = snprintf(words, sizeof words, "%s%s%s", d->count ? ", " : before,
                     fx__printable(what->name, &name), more);
    d->count++;
    if (d->left_out || n < 0 || d->length + (size_t)n >= sizeof d->text)
        d->left_out++;
    else
        d->length += (size_t)snprintf(d->text + d->length, sizeof d->text - d->length, "%s", words);
}

static const char *rest(const difference *d, char memory[40])
{
    if (d->count == 0 || d->left_out == 0) return "";
    snprintf(memory, 40, " and %lld more", (long long)d->left_out);
    return memory;
}

static const char *shape_text(const fx_tensor *x, char memory[80])
{
    size_t n = (size_t)snprintf(memory, 80, "(");
    for (int i = 0; i < fx_ndim(x) && n < 55; i++)
        n += (size_t)snprintf(memory + n, 80 - n, i ? ", %lld" : "%lld", (long long)fx_dim(x, i));
    snprintf(memory + n, 80 - n, fx_ndim(x) == 1 ? ",)" : ")");
    return memory;
}

static bool same_shape(const fx_tensor *a, const fx_tensor *b)
{
    size_t bytes = sizeof(int64_t) * (size_t)fx_ndim(a);
    return fx_ndim(a) == fx_ndim(b) && (!bytes || !memcmp(fx_sizes(a), fx_sizes(b), bytes));
}

static bool convertible(fx_dtype from, fx_dtype to)
{
    return from == to || (fx_dtype_is_float(from) && fx_dtype_is_float(to));
}

static bool fits(difference *d, const fx_named *here, const fx_tensor *loaded)
{
    char a[80], b[80], words[200];
    fx_dtype from = fx_dtype_of(loaded), to = fx_dtype_of(here->tensor);
    if (!same_shape(here->tensor, loaded))
        snprintf(words, sizeof words, " is %s in the file and %s here", shape_text(loaded, a),
                 shape_text(here->tensor, b));
    else if (!convertible(from, to))
        snprintf(words, sizeof words, " is %s in the file and %s here", fx_dtype_name(from),
                 fx_dtype_name(to));
    else
        return true;
    note(d, "; ", here, words);
    return false;
}

/* Writes n numbers of a floating dtype, or of the same dtype, into memory at a distance of `stride` numbers.
 */
static void put_row(const fx_tensor *from, int64_t at, const fx_tensor *to, int64_t where, int64_t stride,
                    int64_t n)
{
    size_t size = fx_dtype_size(fx_dtype_of(to)), from_size = fx_dtype_size(fx_dtype_of(from));
    const char *source = (const char *)fx_data_const(from) + (size_t)at * from_size;
    char *target = (char *)fx__memory_of(to) + where * (int64_t)size;
    if (fx_dtype_of(from) == fx_dtype_of(to)) {
        if (stride == 1)
            memcpy(target, source, (size_t)n * size);
        else
            for (int64_t i = 0; i < n; i++)
                memcpy(target + i * stride * (int64_t)size, source + (size_t)i * size, size);
    } else if (fx_dtype_of(to) == FX_F32)
        for (int64_t i = 0; i < n; i++)
            ((float *)(void *)target)[i * stride] = (float)((const double *)(const void *)source)[i];
    else
        for (int64_t i = 0; i < n; i++)
            ((double *)(void *)target)[i * stride] = ((const float *)(const void *)source)[i];
}

static void put(const fx_tensor *from, const fx_tensor *to)
{
    int ndim = fx_ndim(to);
    int64_t n = fx_numel(to), index[FX_MAX_DIMS] = { 0 };
    if (fx_is_contiguous(to)) put_row(from, 0, to, 0, 1, n);
    if (fx_is_contiguous(to) || !n) return;
    const int64_t *size = fx_sizes(to), *stride = fx_strides(to);
    for (int64_t at = 0; at < n; at += size[ndim - 1]) {
        int64_t offset = 0;
        for (int i = 0; i < ndim - 1; i++) offset += index[i] * stride[i];
        put_row(from, at, to, offset, stride[ndim - 1], size[ndim - 1]);
        for (int i = ndim - 2; i >= 0 && ++index[i] == size[i]; i--) index[i] = 0;
    }
}

/* Pairs each tensor of the list with what was loaded for it (NULL: nothing), and reports what does not fit.
 */
static bool pair_up(fx_load_into_args args, fx_named_list file, const fx_tensor **pairs, fx_where where)
{
    fx_context *cx = file.cx;
    const fx_named **theirs = fx__sorted_by_name(cx, file, where),
                   **ours = fx__sorted_by_name(cx, args.tensors, where);
    if (!theirs || !ours) return false;
    difference missing = { 0 }, unknown = { 0 }, unlike = { 0 };
    for (int64_t i = 0; i < args.tensors.count; i++) {
        const fx_named *here = &args.tensors.at[i], *loaded = find(theirs, file.count, here);
        pairs[i] = loaded && fits(&unlike, here, loaded->tensor) ? loaded->tensor : NULL;
        if (!loaded && args.strict) note(&missing, "; the file has no ", here, "");
    }
    for (int64_t i = 0; args.strict && i < file.count; i++)
        if (!find(ours, args.tensors.count, &file.at[i]))
            note(&unknown, "; only the file has ", &file.at[i], "");
    if (!missing.count && !unknown.count && !unlike.count) return true;
    char a[40], b[40], c[40], text[1100];
    snprintf(text, sizeof text, "%s%s%s%s%s%s", missing.text, rest(&missing, a), unknown.text,
             rest(&unknown, b), unlike.text, rest(&unlike, c));
    fx_error_set(cx, unlike.count && !missing.count && !unknown.count ? FX_ERROR_SHAPE : FX_ERROR_ARGUMENT,
                 where, "load: %s: %s; nothing was loaded", args.path, text + 2);
    return false;
}

fx_status fx_load_into_at(fx_load_into_args args, fx_where where)
{
    fx_context *cx = fx__named_context(args.tensors);
    if (!cx) return FX_ERROR_ARGUMENT;
    for (int64_t i = 0; i < args.tensors.count; i++)
        if (!args.tensors.at[i].tensor || !args.tensors.at[i].name) return FX_ERROR_ARGUMENT;
    fx_scope scope = fx_scope_open_at(cx, where);
    fx_named_list file = fx_load_tensors_at(cx, args.path, where);
    const fx_tensor **pairs =
        file.cx ? fx__open_scope_memory(cx, sizeof *pairs * (size_t)args.tensors.count, where) : NULL;
    bool right = pairs && pair_up(args, file, pairs, where);
    for (int64_t i = 0; right && i < args.tensors.count; i++)
        if (pairs[i]) right = fx__note_write(args.tensors.at[i].tensor, "load", where);
    for (int64_t i = 0; right && i < args.tensors.count; i++)
        if (pairs[i]) put(pairs[i], args.tensors.at[i].tensor);
    fx_scope_close(&scope);
    return right ? FX_OK : fx_error(cx);
}

fx_metadata fx_load_metadata_at(fx_context *cx, const char *path, fx_where where)
{
    fx_metadata result = { 0 };
    if (!cx) return result;
    fx_tensor_file f;
    const char *key;
    json_t *value, *words = NULL;
    if (fx__tensor_file_open(&f, cx, path, where)) words = json_object_get(f.root, "__metadata__");
    size_t bytes = sizeof(fx_text_pair) * json_object_size(words);
    json_object_foreach(words, key, value) bytes += strlen(key) + json_string_length(value) + 2;
    fx_text_pair *list = words ? fx__open_scope_memory(cx, bytes, where) : NULL;
    char *text = list ? (char *)(list + json_object_size(words)) : NULL;
    if (list) json_object_foreach(words, key, value)
        {
            size_t key_bytes = strlen(key) + 1, value_bytes = json_string_length(value) + 1;
            list[result.count].key = memcpy(text, key, key_bytes);
            list[result.count++].value = memcpy(text + key_bytes, json_string_value(value), value_bytes);
            text += key_bytes + value_bytes;
        }
    result.at = list;
    fx__tensor_file_close(&f);
    return result;
}
