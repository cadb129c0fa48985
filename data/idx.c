/* IDX files, the format of MNIST (http://yann.lecun.com/exdb/mnist, "the IDX file format"), all numbers
 * big-endian:
 *
 *     | 0 0 | dtype: 1 byte | dimensions: 1 byte | their sizes: 4 bytes each | numbers |
 */
#include "dataset.h"
#include "file.h"
#include "stream.h"

#include <string.h>

typedef struct idx_dtype {
    uint8_t code, bytes;
    fx_dtype becomes;
} idx_dtype;
static const idx_dtype dtypes[] = {
    { 0x08, 1, FX_U8 },  { 0x09, 1, FX_I32 }, { 0x0b, 2, FX_I32 },
    { 0x0c, 4, FX_I32 }, { 0x0d, 4, FX_F32 }, { 0x0e, 8, FX_F64 },
};

static const idx_dtype *dtype_of(uint8_t code)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (dtypes[i].code == code) return &dtypes[i];
    return NULL;
}

/* Numbers that fill the last n * bytes of the memory become int32 that fill all of it, from the first on:
 * each is read before anything is written over it. */
static void widen(unsigned char *memory, int64_t n, int bytes)
{
    const unsigned char *at = memory + (4 - bytes) * n;
    for (int64_t i = 0; i < n; i++) {
        int32_t value = bytes == 1 ? (int8_t)at[i] : (int16_t)(at[2 * i] << 8 | at[2 * i + 1]);
        memcpy(memory + 4 * i, &value, sizeof value);
    }
}

static void swap(unsigned char *memory, int64_t n, int bytes)
{
    for (int64_t i = 0; i < n; i++, memory += bytes) {
        uint64_t value;
        uint32_t half;
        if (bytes == 4) {
            memcpy(&half, memory, 4);
            half = __builtin_bswap32(half);
            memcpy(memory, &half, 4);
        } else {
            memcpy(&value, memory, 8);
            value = __builtin_bswap64(value);
            memcpy(memory, &value, 8);
        }
    }
}

/* The header: the dtype, the shape, how many bytes of numbers follow. False after an error. */
static bool read_header(fx_stream *s, const idx_dtype **dtype, fx_dims *shape, uint64_t *bytes)
{
    unsigned char magic[4], sizes[4 * FX_MAX_DIMS];
    int64_t n = fx__stream_some(s, magic, 4);
    if (n < 0) return false;
    *dtype = n == 4 && !magic[0] && !magic[1] ? dtype_of(magic[2]) : NULL;
    if (!*dtype) return fx__stream_fail(s, FX_ERROR_FORMAT, "it is no IDX file");
    if (magic[3] > FX_MAX_DIMS)
        return fx__stream_fail(s, FX_ERROR_UNSUPPORTED, "it has %d dimensions, more than %d", magic[3],
                               FX_MAX_DIMS);
    if (!fx__stream_read(s, sizes, 4u * magic[3])) return false;
    *shape = (fx_dims){ .given = true, .count = magic[3] };
    uint64_t spread = 1; /* as if sizes of 0 were 1: strides are made of it */
    bool empty = false, fits = true;
    for (int i = 0; i < shape->count; i++) {
        uint32_t size;
        memcpy(&size, sizes + 4 * i, 4);
        shape->at[i] = __builtin_bswap32(size);
        empty |= !size;
        fits &= !__builtin_mul_overflow(spread, (uint64_t)(size ? shape->at[i] : 1), &spread);
    }
    fits &= spread <= INT64_MAX / 8;
    *bytes = empty ? 0 : spread * (*dtype)->bytes;
    fx_number_text a;
    if (!fits || !fx__stream_may_hold(s, *bytes))
        return fx__stream_fail(s, FX_ERROR_FORMAT,
                               "the header promises %s bytes, more than the file can hold",
                               fits ? fx__grouped(*bytes, &a) : "2^63");
    return true;
}

static fx_tensor *read_numbers(fx_stream *s, const idx_dtype *dtype, fx_dims shape, uint64_t bytes)
{
    fx_tensor *x = fx_empty_at(s->cx, dtype->becomes, shape, s->where);
    if (!x) return NULL;
    unsigned char *memory = (unsigned char *)(uintptr_t)fx_data_const(x);
    int64_t n = fx_numel(x);
    bool narrow = dtype->bytes < fx_dtype_size(dtype->becomes);
    if (!fx__stream_read(s, memory + (narrow ? 4 * (uint64_t)n - bytes : 0), bytes) || !fx__stream_end(s)) {
        fx_release(x);
        return NULL;
    }
    if (narrow)
        widen(memory, n, dtype->bytes);
    else if (dtype->bytes > 1)
        swap(memory, n, dtype->bytes);
    return x;
}

fx_tensor *fx_read_idx_at(fx_context *cx, const char *path, fx_where where)
{
    fx_stream s;
    if (!cx || !fx__stream_open(&s, cx, path, where)) return NULL;
    const idx_dtype *dtype;
    fx_dims shape;
    uint64_t bytes = 0;
    fx_tensor *x = read_header(&s, &dtype, &shape, &bytes) ? read_numbers(&s, dtype, shape, bytes) : NULL;
    fx__stream_close(&s);
    return x;
}
