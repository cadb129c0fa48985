/* Datasets of text, character by character. */
#include "autograd/owned.h"
#include "dataset.h"
#include "file.h"
#include "stream.h"

#include <stdlib.h>
#include <string.h>

uint32_t fx__utf8(const unsigned char *text, uint64_t left, int *bytes)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    *bytes = 0;
    if (!left) return 0;
    int n = text[0] < 0x80   ? 1
            : text[0] < 0xc2 ? 0
            : text[0] < 0xe0 ? 2
            : text[0] < 0xf0 ? 3
            : text[0] < 0xf5 ? 4
                             : 0;
    if (!n || (uint64_t)n > left) return 0;
    uint32_t code = n == 1 ? text[0] : text[0] & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (text[i] & 0x3f);
    }
    if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
    *bytes = n;
    return code;
}

static void spell(uint32_t code, char text[5])
{
    memset(text, 0, 5);
    int n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = n - 1; i > 0; i--, code >>= 6) text[i] = (char)(0x80 | (code & 0x3f));
    text[0] = (char)(n == 1 ? code : (0xf00u >> n & 0xff) | code);
}

/* The whole file, in the open scope's memory. NULL after an error. */
static unsigned char *read_text(fx_stream *s, uint64_t *bytes, fx_where where)
{
    fx_tensor *text = NULL;
    *bytes = 0;
    for (uint64_t room = s->gzip ? 4 * s->length : s->length;; room *= 2) {
        fx_dims sizes = { true, 1, { (int64_t)room + 1 } };
        fx_tensor *more = fx_empty_at(s->cx, FX_U8, sizes, where);
        if (!more) return NULL;
        unsigned char *memory = (unsigned char *)(uintptr_t)fx_data_const(more);
        if (text) memcpy(memory, fx_data_const(text), *bytes);
        fx_release(text);
        text = more;
        int64_t n = fx__stream_some(s, memory + *bytes, room + 1 - *bytes);
        if (n < 0) return NULL;
        *bytes += (uint64_t)n;
        if (*bytes <= room) return memory;
    }
}

/* Gives each different character its number: map[code] becomes number + 1. */
static bool number_characters(fx_dataset *d, uint32_t *map)
{
    for (uint32_t code = 0; code <= 0x10ffff; code++) d->characters += map[code] != 0;
    d->codes = fx__context_own(d->cx, sizeof *d->codes * (size_t)(d->characters + 1), NULL);
    d->spelled = fx__context_own(d->cx, sizeof *d->spelled * (size_t)(d->characters + 1), NULL);
    if (!d->codes || !d->spelled) return false;
    uint32_t next = 0;
    for (uint32_t code = 0; code <= 0x10ffff; code++)
        if (map[code]) {
            d->codes[next] = code;
            spell(code, d->spelled[next]);
            map[code] = ++next;
        }
    return true;
}

static bool fill(fx_dataset *d, const unsigned char *text, uint64_t bytes, uint32_t *map, fx_stream *s,
                 int64_t context)
{
    int64_t count = 0;
    for (uint64_t at = 0; at < bytes; count++) {
        int n;
        uint32_t code = fx__utf8(text + at, bytes - at, &n);
        if (!n) return fx__stream_fail(s, FX_ERROR_FORMAT, "byte %llu is no UTF-8", (unsigned long long)at);
        map[code] = 1;
        at += (uint64_t)n;
    }
    if (count <= context)
        return fx__stream_fail(s, FX_ERROR_FORMAT, "it has %lld characters, too few for a context of %lld",
                               (long long)count, (long long)context);
    if (!number_characters(d, map)) return false;
    bool small = d->characters <= 256;
    int64_t width = small ? 1 : 4;
    char *numbers = fx__context_own(d->cx, (size_t)(count * width), NULL);
    if (!numbers) return false;
    for (uint64_t at = 0, i = 0; at < bytes; i++) {
        int n;
        int32_t number = (int32_t)map[fx__utf8(text + at, bytes - at, &n)] - 1;
        if (small)
            numbers[i] = (char)number;
        else
            memcpy(numbers + 4 * i, &number, 4);
        at += (uint64_t)n;
    }
    d->x = (fx_column){ .raw = numbers,
                        .stride = width,
                        .bytes = context * width,
                        .stored = small ? FX_U8 : FX_I32,
                        .dtype = FX_I64,
                        .shape = { true, 1, { context } } };
    d->y = d->x;
    d->y.raw += width;
    d->count = count - context;
    d->classes = (int)d->characters;
    d->shuffled = true;
    return true;
}

fx_dataset *fx_dataset_text_at(fx_dataset_text_args args, fx_where where)
{
    fx_stream s;
    if (!args.cx) return NULL;
    if (args.context < 1) {
        fx_error_set(args.cx, FX_ERROR_ARGUMENT, where, "dataset_text: a context of %lld characters",
                     (long long)args.context);
        return NULL;
    }
    if (!fx__stream_open(&s, args.cx, args.path, where)) return NULL;
    fx_dataset *d = NULL;
    uint32_t *map = calloc(0x110000, sizeof *map);
    if (!map) fx__stream_fail(&s, FX_ERROR_MEMORY, "out of memory");
    if (map)
        FX_SCOPE (args.cx) {
            uint64_t bytes;
            unsigned char *text = read_text(&s, &bytes, where);
            d = text ? fx__dataset_new(args.cx) : NULL;
            if (d && !fill(d, text, bytes, map, &s, args.context)) d = NULL;
        }
    free(map);
    fx__stream_close(&s);
    return d;
}

const char *fx_dataset_character(const fx_dataset *data, int64_t number)
{
    return data && number >= 0 && number < data->characters ? data->spelled[number] : "";
}

int64_t fx_dataset_number(const fx_dataset *data, const char *text)
{
    int n;
    uint32_t code = text ? fx__utf8((const unsigned char *)text, strlen(text), &n) : 0;
    int64_t low = 0, high = data && text && n ? data->characters : 0;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (data->codes[middle] == code) return middle;
        if (data->codes[middle] < code)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}
