/* Case files: a safetensors file is 8 bytes of header length, a JSON header, and the numbers. */
#include "oracle.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[] = { { "F64", 8 }, { "F32", 4 }, { "I64", 8 }, { "I32", 4 },
               { "I16", 2 }, { "I8", 1 },  { "U8", 1 },  { "BOOL", 1 } };

static size_t size_of_dtype(const char *name)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(dtypes[i].name, name)) return dtypes[i].size;
    return 0;
}

static bool read_all(case_file *file, const char *path)
{
    FILE *in = fopen(path, "rb");
    if (!in) return false;
    bool good = !fseek(in, 0, SEEK_END);
    const long size = good ? ftell(in) : -1;
    good = size >= 0 && !fseek(in, 0, SEEK_SET);
    file->bytes = good ? malloc((size_t)size + 1) : NULL;
    good = file->bytes && fread(file->bytes, 1, (size_t)size, in) == (size_t)size;
    file->size = good ? (size_t)size : 0;
    fclose(in);
    return good;
}

bool case_file_open(case_file *file, const char *path, char reason[REASON])
{
    memset(file, 0, sizeof *file);
    if (!read_all(file, path)) {
        snprintf(reason, REASON, "cannot be read");
        return false;
    }
    uint64_t length = 0;
    for (size_t i = 0; i < 8 && i < file->size; i++)
        length |= (uint64_t)(unsigned char)file->bytes[i] << (8 * i);
    if (file->size < 8 || length > file->size - 8) {
        snprintf(reason, REASON, "is not a safetensors file");
        return false;
    }
    file->data = 8 + (size_t)length;
    json_error_t error;
    file->header = json_loadb(file->bytes + 8, (size_t)length, 0, &error);
    const char *cases =
        json_string_value(json_object_get(json_object_get(file->header, "__metadata__"), "cases"));
    file->cases = cases ? json_loads(cases, 0, &error) : NULL;
    if (json_is_array(file->cases)) return true;
    snprintf(reason, REASON, "holds no cases");
    return false;
}

void case_file_close(case_file *file)
{
    json_decref(file->header);
    json_decref(file->cases);
    free(file->bytes);
    memset(file, 0, sizeof *file);
}

bool case_file_tensor(const case_file *file, const char *name, case_tensor *tensor)
{
    const json_t *entry = json_object_get(file->header, name);
    const json_t *shape = json_object_get(entry, "shape"), *offsets = json_object_get(entry, "data_offsets");
    memset(tensor, 0, sizeof *tensor);
    tensor->dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!tensor->dtype || json_array_size(shape) > FX_MAX_DIMS || json_array_size(offsets) != 2) return false;
    tensor->ndim = (int)json_array_size(shape);
    tensor->numel = 1;
    for (int d = 0; d < tensor->ndim; d++)
        tensor->numel *= tensor->size[d] = json_integer_value(json_array_get(shape, (size_t)d));
    const json_int_t from = json_integer_value(json_array_get(offsets, 0)),
                     to = json_integer_value(json_array_get(offsets, 1));
    if (from < 0 || to < from || (size_t)to > file->size - file->data) return false;
    tensor->data = file->bytes + file->data + from;
    return (size_t)(to - from) == (size_t)tensor->numel * size_of_dtype(tensor->dtype);
}

double case_number(const case_tensor *tensor, int64_t i)
{
    const char *at = tensor->data + (size_t)i * size_of_dtype(tensor->dtype);
    union {
        double f64;
        float f32;
        int64_t i64;
        int32_t i32;
        int16_t i16;
        int8_t i8;
    } v = { 0 };
    memcpy(&v, at, size_of_dtype(tensor->dtype));
    if (!strcmp(tensor->dtype, "F64")) return v.f64;
    if (!strcmp(tensor->dtype, "F32")) return (double)v.f32;
    if (!strcmp(tensor->dtype, "I64")) return (double)v.i64;
    if (!strcmp(tensor->dtype, "I32")) return v.i32;
    if (!strcmp(tensor->dtype, "I16")) return v.i16;
    return !strcmp(tensor->dtype, "I8") ? v.i8 : (double)(unsigned char)*at;
}
