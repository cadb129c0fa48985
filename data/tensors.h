/* The header of a safetensors file, read and checked. */
#ifndef FLUXION_DATA_TENSORS_H
#define FLUXION_DATA_TENSORS_H

#include <fluxion/data.h>
#include <jansson.h>

/* A dtype as files name it, and what it becomes here. */
typedef struct fx_file_dtype {
    const char *name;
    uint8_t bytes;
    fx_dtype becomes;
} fx_file_dtype;

typedef struct fx_file_entry {
    const char *name; /* within the JSON */
    const fx_file_dtype *dtype;
    fx_dims shape;
    uint64_t begin, end; /* of its numbers, from the first byte after the header */
} fx_file_entry;

typedef struct fx_tensor_file {
    fx_context *cx;
    fx_where where;
    const char *path;
    int descriptor;
    json_t *root;
    int64_t count;
    fx_file_entry *entries; /* in the header's order */
    uint64_t base, bytes;   /* where the numbers begin, and how many bytes there are of them */
} fx_tensor_file;

/* Opens a file, reads its header and checks it against the file's length. False after an error; close it
 * either way. */
bool fx__tensor_file_open(fx_tensor_file *f, fx_context *cx, const char *path, fx_where where);
void fx__tensor_file_close(fx_tensor_file *f);

/* Reports that the file is not as it should be; returns false. */
bool fx__tensor_file_fail(fx_tensor_file *f, fx_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A name from a file or a caller as it may stand in a message: cut short, without control characters. */
typedef struct fx_name_text {
    char at[84];
} fx_name_text;
const char *fx__printable(const char *name, fx_name_text *memory);

/* Where the numbers of a tensor lie that nobody has seen yet: to fill it. */
static inline void *fx__memory_of(const fx_tensor *x) { return (void *)(uintptr_t)fx_data_const(x); }

/* Memory that ends with the open scope. NULL after an error. */
void *fx__open_scope_memory(fx_context *cx, size_t bytes, fx_where where);

/* The context that a list reports to; NULL: there is none. And its entries sorted by name, in memory of the
 * open scope. */
fx_context *fx__named_context(fx_named_list list);
const fx_named **fx__sorted_by_name(fx_context *cx, fx_named_list list, fx_where where);

/* The file's name of a dtype that is written. */
const char *fx__file_dtype_name(fx_dtype dtype);

#endif
