/* Readers fed with damaged files: bits flipped, pieces cut, doubled, moved, numbers made huge. The damage is
 * a pure function of the round's number, so a failure names the round that repeats it. Whatever a file holds,
 * a reader gives tensors that lie in memory of their own, or one error of a kind that files have and nothing
 * at all; a model that was to be loaded is then as it was. FX_FUZZ_ROUNDS sets how many rounds (3000 for each
 * reader).
 */
#include "config.h"
#include "folder.h"

#include <ctype.h>
#if FX_HAVE_ZLIB
#include <zlib.h>
#endif

TestSuite(fuzz, .init = start, .fini = stop, .timeout = 600);

enum { ROOM = 4096 };

static uint64_t state;
static uint64_t below(uint64_t n) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return n ? (state * 0x2545f4914f6cdd1du >> 16) % n : 0;
}

typedef struct bytes {
    size_t n;
    unsigned char at[ROOM];
} bytes;

/* ---- damage ----------------------------------------------------------------------------------------------
 */

static void replace(bytes *b, size_t from, size_t length, const void *with, size_t n)
{
    if (b->n - length + n > ROOM) return;
    memmove(b->at + from + n, b->at + from + length, b->n - from - length);
    memcpy(b->at + from, with, n);
    b->n += n - length;
}

/* One of the numbers that stand in the text becomes another. */
static void change_number(bytes *b)
{
    static const char *const numbers[] = { "0",
                                           "-1",
                                           "4294967295",
                                           "4294967296",
                                           "9223372036854775807",
                                           "18446744073709551616",
                                           "1e9",
                                           "00",
                                           "1152921504606846976",
                                           "" };
    for (int try = 0; try < 50; try++) {
        size_t from = below(b->n), to = from;
        while (to < b->n && isdigit(b->at[to])) to++;
        if (from == to) continue;
        const char *with = numbers[below(sizeof numbers / sizeof *numbers)];
        replace(b, from, to - from, with, strlen(with));
        return;
    }
}

static void damage(bytes *b)
{
    static const unsigned char values[] = { 0,   1,   0x7f, 0x80, 0xff, '"',  '{', '}',
                                            '[', ']', ',',  ':',  '\\', '\n', 9 };
    unsigned char piece[64];
    size_t from = below(b->n), length = below(b->n - from < 64 ? b->n - from : 64);
    memcpy(piece, b->at + from, length);
    switch (below(7)) {
    case 0: b->at[from] ^= (unsigned char)(1 << below(8)); break;
    case 1: b->at[from] = values[below(sizeof values)]; break;
    case 2: b->n = from; break;
    case 3: replace(b, from, length, "", 0); break;
    case 4: replace(b, below(b->n), 0, piece, length); break;
    case 5: change_number(b); break;
    case 6: b->at[below(b->n < 16 ? b->n : 16)] = values[below(5)]; break;
    }
}

/* The damaged file of a round, as "file". */
static void write_round(const bytes *whole, size_t kinds, int round)
{
    state = (uint64_t)round * 0x9e3779b97f4a7c15u + 1;
    bytes b = whole[below(kinds)];
    for (uint64_t i = 1 + below(3); i && b.n; i--) damage(&b);
    write_bytes("file", b.at, b.n);
}

static int rounds(void)
{
    const char *text = getenv("FX_FUZZ_ROUNDS");
    return text ? atoi(text) : 3000;
}

static bytes whole_file(const char *path)
{
    bytes b;
    const char *data = read_bytes(path, &b.n);
    cr_assert(b.n <= ROOM);
    memcpy(b.at, data, b.n);
    return b;
}

/* ---- readers ---------------------------------------------------------------------------------------------
 */

/* That a failure of the right kind stands if `failed`, and none if not; clears it. */
static void expect_outcome(bool failed, int round)
{
    fx_status code = fx_error(cx);
    cr_assert(failed == (code != FX_OK), "round %d: %s", round, fx_error_message(cx));
    cr_assert(!failed || code == FX_ERROR_FORMAT || code == FX_ERROR_UNSUPPORTED ||
                  code == FX_ERROR_ARGUMENT || code == FX_ERROR_SHAPE,
              "round %d: %s", round, fx_error_message(cx));
    for (const char *c = fx_error_message(cx); *c; c++)
        cr_assert(!iscntrl((unsigned char)*c), "round %d", round);
    fx_error_clear(cx);
}

static void read_tensors(fx_named_list model, int round)
{
    uint64_t before = fx_digest(model.at[0].tensor) ^ fx_digest(model.at[1].tensor);
    FX_SCOPE (cx) {
        fx_named_list list = fx_load_tensors(cx, "file");
        expect_outcome(!list.cx, round);
        if (list.cx && round % 16 == 0) { /* a save waits for the disk */
            cr_assert(fx_save_tensors("again", list) == FX_OK, "round %d: %s", round, fx_error_message(cx));
            fx_named_list again = fx_load_tensors(cx, "again");
            cr_assert(again.count == list.count);
            for (int64_t i = 0; i < list.count; i++) {
                cr_assert(!strcmp(list.at[i].name, again.at[i].name));
                cr_assert(fx_digest(list.at[i].tensor) == fx_digest(again.at[i].tensor));
            }
        }
        fx_metadata words = fx_load_metadata(cx, "file");
        for (int64_t i = 0; i < words.count; i++)
            cr_assert(strlen(words.at[i].key) + strlen(words.at[i].value) < ROOM);
        fx_error_clear(cx);
        bool failed = fx_load_into(model, "file") != FX_OK;
        expect_outcome(failed, round);
        cr_assert(!failed || (fx_digest(model.at[0].tensor) ^ fx_digest(model.at[1].tensor)) == before,
                  "round %d", round);
    }
}

Test(fuzz, tensors)
{
    float w[] = { 1, 2, 3, 4, 5, 6 };
    int64_t n = 7;
    fx_named_list model =
        FX_NAMED(cx, { "0.weight", fx_from(cx, FX_F32, w, 2, 3) }, { "count", fx_from(cx, FX_I64, &n, 1) });
    bytes whole[2];
    fx_save_tensors("a", model, .metadata = FX_METADATA({ "format", "pt" }));
    fx_save_tensors("b", FX_NAMED(cx, { "0.weight", model.at[0].tensor }, { "count", model.at[1].tensor },
                                  { "f64", fx_zeros(cx, FX_F64, 4) }, { "bool", fx_ones(cx, FX_BOOL, 3) },
                                  { "none", fx_zeros(cx, FX_U8, 3, 0) },
                                  { "i32", fx_zeros(cx, FX_I32, 1, 1, 2) }));
    whole[0] = whole_file("a");
    whole[1] = whole_file("b");
    cr_assert(fx_load_into(model, "a") == FX_OK); /* makes the log of writes, once */
    int64_t held = fx_context_stats(cx).tensor_bytes;
    for (int i = 0; i < rounds(); i++) {
        write_round(whole, 2, i);
        read_tensors(model, i);
    }
    cr_expect(fx_context_stats(cx).tensor_bytes == held);
}

Test(fuzz, idx)
{
    static const unsigned char u8[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0,  0,
                                        0, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
    static const unsigned char i16[] = { 0, 0, 11, 1, 0, 0, 0, 2, 1, 2, 3, 4 };
    bytes whole[3] = { { sizeof u8, { 0 } }, { sizeof i16, { 0 } } };
    memcpy(whole[0].at, u8, sizeof u8);
    memcpy(whole[1].at, i16, sizeof i16);
    size_t kinds = 2;
#if FX_HAVE_ZLIB
    gzFile file = gzopen("a.gz", "wb");
    cr_assert(file && gzwrite(file, u8, sizeof u8) == sizeof u8 && gzclose(file) == Z_OK);
    whole[kinds++] = whole_file("a.gz");
#endif
    int64_t held = fx_context_stats(cx).tensor_bytes;
    for (int i = 0; i < rounds(); i++) {
        write_round(whole, kinds, i);
        FX_SCOPE (cx) {
            fx_tensor *x = fx_read_idx(cx, "file");
            expect_outcome(!x, i);
            fx_digest(x);
        }
    }
    cr_expect(fx_context_stats(cx).tensor_bytes == held);
}

Test(fuzz, text)
{
    bytes whole[1] = { { 24, "na\xc3\xafve \xe2\x82\xac 20 \xf0\x9f\x98\x80 {1,2}\n" } };
    for (int i = 0; i < rounds() / 4; i++) { /* a dataset stays as long as its context */
        write_round(whole, 1, i);
        fx_dataset *d = fx_dataset_text(cx, "file", .context = 4);
        expect_outcome(!d, i);
        FX_EACH_BATCH (batch, d)
            for (int64_t k = 0; k < batch.count * 4; k++)
                cr_assert(((const int64_t *)fx_data_const(batch.y))[k] < fx_dataset_classes(d));
    }
}
