/* Files of named tensors: there and back, what other programs write, every way of being broken, and that a
 * failure changes nothing.
 */
#include "folder.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

TestSuite(tensors, .init = start, .fini = stop);

/* A file of a header and some bytes of numbers, all 1. */
static void write_file(const char *path, const char *header, size_t numbers)
{
    char data[4096];
    uint64_t n = strlen(header);
    memcpy(data, &n, 8);
    memcpy(data + 8, header, n);
    memset(data + 8 + n, 1, numbers);
    write_bytes(path, data, 8 + n + numbers);
}

/* ---- there and back --------------------------------------------------------------------------------------
 */

Test(tensors, all_dtypes_come_back)
{
    double f64[] = { 1.5, -0.0, INFINITY };
    float f32[] = { 0.1f, -2, 3, 4, 5, 6 };
    int64_t i64[] = { INT64_MIN, INT64_MAX };
    int32_t i32[] = { INT32_MIN, 7 };
    uint8_t u8[] = { 0, 255, 3 }, b[] = { 1, 0 };
    fx_named_list list =
        FX_NAMED(cx, { "b", fx_from(cx, FX_BOOL, b, 2) }, { "u8", fx_from(cx, FX_U8, u8, 3) },
                 { "layer.0.weight", fx_from(cx, FX_F32, f32, 2, 3) }, { "i64", fx_from(cx, FX_I64, i64, 2) },
                 { "empty", fx_zeros(cx, FX_F64, 0, 3) }, { "i32", fx_from(cx, FX_I32, i32, 1, 2) },
                 { "f64", fx_from(cx, FX_F64, f64, 3) }, { "", fx_scalar(cx, FX_F32, 7) },
                 { "na\"me\\ \n\xc3\xa9", fx_scalar(cx, FX_I64, -1) });
    cr_assert(fx_save_tensors("a.safetensors", list,
                              .metadata = FX_METADATA({ "format", "pt" }, { "", "\xc3\xa9\"" })) == FX_OK);
    fx_named_list back = fx_load_tensors(cx, "a.safetensors");
    cr_assert(back.cx == cx, "%s", fx_error_message(cx));
    cr_assert(back.count == list.count);
    for (int64_t i = 0; i < list.count; i++) {
        cr_expect(!strcmp(back.at[i].name, list.at[i].name));
        cr_expect(fx_digest(back.at[i].tensor) == fx_digest(list.at[i].tensor), "%s", list.at[i].name);
    }
    fx_metadata words = fx_load_metadata(cx, "a.safetensors");
    cr_assert(words.count == 2);
    cr_expect(!strcmp(words.at[0].key, "format") && !strcmp(words.at[0].value, "pt"));
    cr_expect(!strcmp(words.at[1].key, "") && !strcmp(words.at[1].value, "\xc3\xa9\""));

    /* aligned, as readers that map the file need it */
    size_t n;
    const char *data = read_bytes("a.safetensors", &n);
    uint64_t header;
    memcpy(&header, data, 8);
    cr_expect(header % 8 == 0 && data[8] == '{');
    cr_expect(strstr(data + 8, "\"f64\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[16,40]}"), "%s",
              data + 8);
    cr_expect(access("a.safetensors.partial", F_OK), "nothing stays beside it");
}

Test(tensors, nothing_at_all)
{
    cr_assert(fx_save_tensors("a", ((fx_named_list){ 0, NULL, cx })) == FX_OK);
    fx_named_list back = fx_load_tensors(cx, "a");
    cr_expect(back.cx == cx && back.count == 0);
    cr_expect(fx_load_metadata(cx, "a").count == 0 && fx_error(cx) == FX_OK);
}

Test(tensors, halves_become_float32)
{
    const uint16_t half[] = { 0x3c00, 0xc000, 0x0001, 0x83ff, 0x7c00, 0xfc00, 0x7bff, 0x8000, 0x7e00 };
    const float expected[] = { 1, -2, 0x1p-24f, -1023 * 0x1p-24f, INFINITY, -INFINITY, 65504, -0.0f, NAN };
    const uint16_t brain[] = { 0x3f80, 0xc000, 0x7f80 };
    const char *header = "{\"h\":{\"dtype\":\"F16\",\"shape\":[9],\"data_offsets\":[0,18]},"
                         "\"b\":{\"dtype\":\"BF16\",\"shape\":[3,1],\"data_offsets\":[18,24]}}";
    char data[512];
    uint64_t n = strlen(header);
    memcpy(data, &n, 8);
    memcpy(data + 8, header, n);
    memcpy(data + 8 + n, half, 18);
    memcpy(data + 8 + n + 18, brain, 6);
    write_bytes("half", data, 8 + n + 24);
    fx_named_list list = fx_load_tensors(cx, "half");
    cr_assert(list.count == 2, "%s", fx_error_message(cx));
    const float *h = fx_data_const(list.at[0].tensor), *b = fx_data_const(list.at[1].tensor);
    for (int i = 0; i < 8; i++)
        cr_expect(h[i] == expected[i] && signbit(h[i]) == signbit(expected[i]), "%d: %g", i, (double)h[i]);
    cr_expect(isnan(h[8]));
    cr_expect(b[0] == 1 && b[1] == -2 && isinf(b[2]) && fx_ndim(list.at[1].tensor) == 2);
}

/* ---- broken files ----------------------------------------------------------------------------------------
 */

#define ENTRY(dtype, shape, begin, end)                                                                      \
    "{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" #begin "," #end "]}"

static void refused(const char *header, size_t numbers, fx_status code, const char *text)
{
    write_file("broken", header, numbers);
    fx_named_list list = fx_load_tensors(cx, "broken");
    cr_expect(!list.cx && !list.count && !list.at, "%s", header);
    expect_error(code, text);
}

Test(tensors, broken_headers_are_refused)
{
    const fx_status format = FX_ERROR_FORMAT, unsupported = FX_ERROR_UNSUPPORTED;
    refused("", 0, format, "no JSON object follows");
    refused("[]", 0, format, "no JSON object follows");
    refused(" {}", 0, format, "no JSON object follows");
    refused("{", 0, format, "no JSON");
    refused("{}x", 0, format, "no JSON");
    refused("{\"a\\u0000\":1}", 0, format, "no JSON");
    refused("{\"a\":1}", 0, format, "the entry of a is not");
    refused("{\"a\\n\":{}}", 0, format, "the entry of a? is not");
    refused("{\"a\":" ENTRY("F32", "1", 0, 4) ",\"a\":" ENTRY("F32", "1", 0, 4) "}", 4, format, "duplicate");
    refused("{\"a\":" ENTRY("F32", "1", 0, 4) ",\"\\u0061\":" ENTRY("F32", "1", 4, 8) "}", 8, format,
            "duplicate");
    refused("{\"a\":" ENTRY("F8_E4M3", "1", 0, 1) "}", 1, unsupported, "a has the dtype F8_E4M3");
    refused("{\"a\":" ENTRY("F32", "1,1,1,1,1,1,1,1,1", 0, 4) "}", 4, unsupported, "a has 9 dimensions");
    refused("{\"a\":" ENTRY("F32", "-1", 0, 4) "}", 4, format, "no size");
    refused("{\"a\":" ENTRY("F32", "1.0", 0, 4) "}", 4, format, "no size");
    refused("{\"a\":" ENTRY("F32", "true", 0, 4) "}", 4, format, "no size");
    refused("{\"a\":" ENTRY("F32", "2", 0, 4) "}", 4, format, "a needs 8 bytes, and its place has 4");
    refused("{\"a\":" ENTRY("F32", "1", 4, 0) "}", 4, format, "the place of a is not");
    refused("{\"a\":" ENTRY("F32", "1", -4, 0) "}", 4, format, "the place of a is not");
    refused("{\"a\":" ENTRY("F32", "1", 0, 4.0) "}", 4, format, "the place of a is not");
    refused("{\"a\":" ENTRY("F32", "4294967296,4294967296", 0, 0) "}", 0, format, "does not fit in memory");
    refused("{\"a\":" ENTRY("F64", "0,4294967296,4294967296", 0, 0) "}", 0, format, "does not fit in memory");
    refused("{\"a\":" ENTRY("F64", "9223372036854775808", 0, 0) "}", 0, format, "no JSON");
    refused("{\"a\":" ENTRY("U8", "9223372036854775807", 0, 9223372036854775807) "}", 4, format,
            "does not fit in memory");
    refused("{\"a\":" ENTRY("U8", "4611686018427387904", 0, 4611686018427387904) "}", 4, format,
            "does not fit in memory");
    refused("{\"a\":" ENTRY("U8", "100000000000", 0, 100000000000) "}", 4, format,
            "promises 100,000,000,000 bytes");
    refused("{\"a\":" ENTRY("F32", "1", 0, 4) "}", 5, format,
            "the header promises 4 bytes, the file holds 5");
    refused("{\"a\":" ENTRY("F32", "1", 0, 4) "}", 3, format,
            "the header promises 4 bytes, the file holds 3");
    refused("{\"a\":" ENTRY("F32", "2", 0, 8) ",\"b\":" ENTRY("F32", "2", 4, 12) "}", 12, format,
            "place of b, from byte 4 on, overlaps");
    refused("{\"a\":" ENTRY("F32", "1", 0, 4) ",\"b\":" ENTRY("F32", "1", 8, 12) "}", 12, format,
            "place of b, from byte 8 on, leaves a gap");
    refused("{\"b\":" ENTRY("F32", "1", 4, 8) "}", 8, format, "leaves a gap");
    refused("{\"a\":" ENTRY("F32", "2", 0, 8) ",\"b\":" ENTRY("F32", "0", 4, 4) "}", 8, format, "overlaps");
    refused("{\"__metadata__\":{\"a\":1}}", 0, format, "metadata holds what is no text");
    refused("{\"__metadata__\":[]}", 0, format, "metadata is no object");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, format,
            "the entry of a");
    refused("{\"a\":{\"dtype\":5,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, format, "the dtype of a");
    refused("{\"a\":{\"dtype\":\"F32\",\"shape\":{},\"data_offsets\":[0,4]}}", 4, format, "the shape of a");
}

Test(tensors, a_bool_is_0_or_1)
{
    write_file("bool", "{\"a\":" ENTRY("BOOL", "2", 0, 2) "}", 2);
    cr_expect(fx_load_tensors(cx, "bool").count == 1 && fx_error(cx) == FX_OK);
    char data[128];
    size_t n;
    memcpy(data, read_bytes("bool", &n), sizeof data);
    data[n - 1] = 2;
    write_bytes("bool", data, n);
    cr_expect(fx_load_tensors(cx, "bool").count == 0);
    expect_error(FX_ERROR_FORMAT, "a is bool and holds 2");
}

Test(tensors, files_that_are_none)
{
    uint64_t huge = (uint64_t)1 << 40;
    cr_expect(!fx_load_tensors(cx, "nowhere").cx);
    expect_error(FX_ERROR_FILE, "load: nowhere: No such file");
    cr_expect(!fx_load_tensors(cx, ".").cx);
    expect_error(FX_ERROR_FILE, "a folder");
    cr_expect(!fx_load_tensors(cx, "/dev/null").cx);
    expect_error(FX_ERROR_FILE, "no regular file");
    cr_expect(!mkfifo("pipe", 0600) && !fx_load_tensors(cx, "pipe").cx);
    expect_error(FX_ERROR_FILE, "no regular file");
    cr_expect(!fx_load_tensors(cx, NULL).cx);
    expect_error(FX_ERROR_ARGUMENT, "no path");
    write_bytes("short", "1234567", 7);
    cr_expect(!fx_load_tensors(cx, "short").cx);
    expect_error(FX_ERROR_FORMAT, "7 bytes long, too short");
    write_bytes("long", &huge, 8);
    cr_expect(!fx_load_tensors(cx, "long").cx);
    expect_error(FX_ERROR_FORMAT, "1,099,511,627,776 bytes");
    huge = 4;
    write_bytes("long", &huge, 8);
    cr_expect(!fx_load_tensors(cx, "long").cx);
    expect_error(FX_ERROR_FORMAT, "the header is 4 bytes long, and the file holds 0");
}

/* Every file that is shorter than a whole one is refused; every changed byte of the header is refused or
 * gives tensors as the changed header has them, which lie within the file. */
Test(tensors, truncated_and_flipped)
{
    float f[] = { 1, 2, 3, 4, 5, 6 };
    uint8_t b[] = { 1, 0, 1 };
    cr_assert(fx_save_tensors(
                  "whole",
                  FX_NAMED(cx, { "w", fx_from(cx, FX_F32, f, 2, 3) }, { "b", fx_from(cx, FX_BOOL, b, 3) }),
                  .metadata = FX_METADATA({ "k", "v" })) == FX_OK);
    char whole[1024], changed[1024];
    size_t n;
    memcpy(whole, read_bytes("whole", &n), sizeof whole);
    uint64_t header;
    memcpy(&header, whole, 8);
    for (size_t i = 0; i < n; i++) {
        write_bytes("cut", whole, i);
        cr_expect(!fx_load_tensors(cx, "cut").cx && fx_error(cx) == FX_ERROR_FORMAT, "%zu bytes", i);
        fx_error_clear(cx);
    }
    for (size_t i = 0; i < 8 + header; i++)
        for (int bit = 0; bit < 8; bit++)
            FX_SCOPE (cx) {
                memcpy(changed, whole, n);
                changed[i] = (char)(changed[i] ^ 1 << bit);
                write_bytes("flip", changed, n);
                fx_named_list list = fx_load_tensors(cx, "flip");
                cr_expect(!!list.cx == (fx_error(cx) == FX_OK));
                for (int64_t k = 0; k < list.count; k++) fx_digest(list.at[k].tensor);
                fx_error_clear(cx);
            }
}

/* ---- into tensors that there are -------------------------------------------------------------------------
 */

Test(tensors, load_into)
{
    float f[] = { 1, 2, 3, 4, 5, 6 };
    int64_t count = 9;
    cr_assert(fx_save_tensors("m", FX_NAMED(cx, { "w", fx_from(cx, FX_F32, f, 2, 3) },
                                            { "n", fx_from(cx, FX_I64, &count, 1) })) == FX_OK);
    fx_tensor *w = fx_parameter(fx_zeros(cx, FX_F64, 2, 3)), *n = fx_zeros(cx, FX_I64, 1);
    uint32_t version = fx_version(w);
    cr_assert(fx_load_into(FX_NAMED(cx, { "n", n }, { "w", w }), "m") == FX_OK, "%s", fx_error_message(cx));
    const double *numbers = fx_data_const(w);
    for (int i = 0; i < 6; i++) cr_expect(numbers[i] == i + 1);
    cr_expect(fx_item_int(n) == 9 && fx_version(w) > version);

    uint64_t before = fx_digest(w);
    fx_tensor *x = fx_zeros(cx, FX_F32, 3, 2);
    cr_expect(fx_load_into(FX_NAMED(cx, { "w", w }), "m") == FX_ERROR_ARGUMENT);
    expect_error(FX_ERROR_ARGUMENT, "load: m: only the file has n; nothing was loaded");
    cr_expect(fx_load_into(FX_NAMED(cx, { "w", w }, { "n", n }, { "bias", x }, { "k", x }), "m") ==
              FX_ERROR_ARGUMENT);
    expect_error(FX_ERROR_ARGUMENT, "load: m: the file has no bias, k; nothing was loaded");
    cr_expect(fx_load_into(FX_NAMED(cx, { "n", n }, { "w", x }), "m") == FX_ERROR_SHAPE);
    expect_error(FX_ERROR_SHAPE, "load: m: w is (2, 3) in the file and (3, 2) here; nothing was loaded");
    cr_expect(fx_load_into(FX_NAMED(cx, { "w", w }, { "n", fx_zeros(cx, FX_F32, 1) }), "m") ==
              FX_ERROR_SHAPE);
    expect_error(FX_ERROR_SHAPE, "n is int64 in the file and float32 here");
    cr_expect(fx_load_into(FX_NAMED(cx, { "x", x }, { "w", NULL }), "m") == FX_ERROR_ARGUMENT);
    cr_expect(fx_error(cx) == FX_OK, "the failure that made a NULL is recorded where it was");
    cr_expect(fx_digest(w) == before && fx_item_int(n) == 9);
    cr_expect(fx_load_into(FX_NAMED(cx, { "w", w }, { "k", x }), "m", .strict = false) == FX_OK);
    cr_expect(fx_context_stats(cx).scopes == 1);
}

Test(tensors, many_differences_are_counted)
{
    fx_named many[200];
    static char names[200][16];
    for (int i = 0; i < 200; i++) {
        snprintf(names[i], sizeof names[i], "layer.%d", i);
        many[i] = (fx_named){ names[i], fx_scalar(cx, FX_F32, i) };
    }
    cr_assert(fx_save_tensors("m", ((fx_named_list){ 0, NULL, cx })) == FX_OK);
    cr_expect(fx_load_into(((fx_named_list){ 200, many, cx }), "m") == FX_ERROR_ARGUMENT);
    cr_expect(strstr(fx_error_message(cx), " more; nothing was loaded"), "%s", fx_error_message(cx));
    fx_error_clear(cx);
    cr_expect(fx_load_into(((fx_named_list){ 200, many, cx }), "m", .strict = false) == FX_OK);
}

/* ---- saves -----------------------------------------------------------------------------------------------
 */

Test(tensors, saves_that_are_refused)
{
    fx_tensor *x = fx_scalar(cx, FX_F32, 1);
    write_bytes("old", "as it was", 9);
    cr_expect(fx_save_tensors("old", FX_NAMED(cx, { "a", x }, { "a", x })) == FX_ERROR_ARGUMENT);
    expect_error(FX_ERROR_ARGUMENT, "save: old: a stands twice");
    cr_expect(fx_save_tensors("old", FX_NAMED(cx, { "__metadata__", x })) == FX_ERROR_ARGUMENT);
    expect_error(FX_ERROR_ARGUMENT, "__metadata__ is no name");
    cr_expect(fx_save_tensors("old", FX_NAMED(cx, { "\xff", x })) == FX_ERROR_ARGUMENT);
    expect_error(FX_ERROR_ARGUMENT, "is not UTF-8");
    cr_expect(fx_save_tensors("old", FX_NAMED(cx, { NULL, x })) == FX_ERROR_ARGUMENT);
    expect_error(FX_ERROR_ARGUMENT, "has no name");
    cr_expect(fx_save_tensors("old", FX_NAMED(cx, { "a", x }), .metadata = FX_METADATA({ "k", NULL })) ==
              FX_ERROR_ARGUMENT);
    expect_error(FX_ERROR_ARGUMENT, "the metadata is not UTF-8");
    cr_expect(fx_save_tensors("old", FX_NAMED(cx, { "a", NULL })) == FX_ERROR_ARGUMENT &&
              fx_error(cx) == FX_OK);
    cr_expect(fx_save_tensors("nowhere/a", FX_NAMED(cx, { "a", x })) == FX_ERROR_FILE);
    expect_error(FX_ERROR_FILE, "save: nowhere/a: cannot be written: No such file");
    cr_expect(fx_save_tensors(NULL, FX_NAMED(cx, { "a", x })) == FX_ERROR_ARGUMENT);
    expect_error(FX_ERROR_ARGUMENT, "no path");
    cr_expect(fx_save_tensors(".", FX_NAMED(cx, { "a", x })) == FX_ERROR_FILE);
    expect_error(FX_ERROR_FILE, "a folder");
    cr_expect(fx_save_tensors("/dev/null", FX_NAMED(cx, { "a", x })) == FX_ERROR_FILE);
    expect_error(FX_ERROR_FILE, "no regular file");
    size_t n;
    cr_expect(!memcmp(read_bytes("old", &n), "as it was", 9) && n == 9);
    cr_expect(access("old.partial", F_OK) && access("old.partial-2", F_OK));
}

Test(tensors, a_save_keeps_mode_and_link)
{
    struct stat status;
    fx_named_list list = FX_NAMED(cx, { "a", fx_scalar(cx, FX_F32, 1) });
    write_bytes("file", "x", 1);
    cr_assert(!chmod("file", 0640) && !symlink("file", "link"));
    cr_assert(fx_save_tensors("link", list) == FX_OK, "%s", fx_error_message(cx));
    cr_assert(!lstat("link", &status) && S_ISLNK(status.st_mode));
    cr_assert(!lstat("file", &status) && (status.st_mode & 0777) == 0640 && status.st_size > 8);
}

/* A process that is killed while it saves again and again leaves a whole file each time, and the next save is
 * not hindered by what it left beside it. */
Test(tensors, a_killed_save_loses_nothing)
{
    fx_tensor *x = fx_zeros(cx, FX_F32, 100, 100);
    cr_assert(fx_save_tensors("file", FX_NAMED(cx, { "x", x })) == FX_OK);
    for (int i = 0; i < 30; i++) {
        pid_t child = fork();
        if (child == 0) {
            for (float value = 1;; value++) {
                fx_tensor *y = fx_full(cx, FX_F32, (double)value, 100, 100);
                if (fx_save_tensors("file", FX_NAMED(cx, { "x", y })) != FX_OK) _exit(1);
                fx_release(y);
            }
        }
        cr_assert(child > 0);
        struct timespec pause = { 0, (1 + i * 7 % 13) * 300000 };
        nanosleep(&pause, NULL);
        int status;
        cr_assert(!kill(child, SIGKILL) && waitpid(child, &status, 0) == child && WIFSIGNALED(status));
        FX_SCOPE (cx) {
            fx_named_list list = fx_load_tensors(cx, "file");
            cr_assert(list.count == 1, "%s", fx_error_message(cx));
            const float *numbers = fx_data_const(list.at[0].tensor);
            for (int k = 1; k < 10000; k++) cr_assert(numbers[k] == numbers[0]);
        }
    }
    cr_assert(fx_save_tensors("file", FX_NAMED(cx, { "x", x })) == FX_OK);
    cr_expect(access("file.partial", F_OK) && access("file.partial-2", F_OK));
}

/* When there is no more room, the old file stands. */
Test(tensors, a_full_disk_loses_nothing)
{
    fx_tensor *x = fx_ones(cx, FX_F32, 100, 100);
    cr_assert(fx_save_tensors("file", FX_NAMED(cx, { "x", fx_scalar(cx, FX_F32, 5) })) == FX_OK);
    struct rlimit before, limit;
    cr_assert(!getrlimit(RLIMIT_FSIZE, &before));
    limit = before;
    limit.rlim_cur = 8192;
    signal(SIGXFSZ, SIG_IGN);
    cr_assert(!setrlimit(RLIMIT_FSIZE, &limit));
    cr_expect(fx_save_tensors("file", FX_NAMED(cx, { "x", x })) == FX_ERROR_FILE);
    cr_assert(!setrlimit(RLIMIT_FSIZE, &before));
    expect_error(FX_ERROR_FILE, "save: file: cannot be written: File too large");
    fx_named_list list = fx_load_tensors(cx, "file");
    cr_expect(list.count == 1 && fx_item(list.at[0].tensor) == 5);
    cr_expect(access("file.partial", F_OK));
}

/* Two that save under one name at a time do not write into each other's files. */
Test(tensors, two_writers)
{
    pid_t child = fork();
    fx_tensor *x = fx_full(cx, FX_F32, child ? 1 : 2, 200, 100);
    for (int i = 0; i < 50; i++) {
        fx_status status = fx_save_tensors("file", FX_NAMED(cx, { "x", x }));
        if (!child && status != FX_OK) _exit(1);
        cr_assert(status == FX_OK, "%s", fx_error_message(cx));
        if (child)
            FX_SCOPE (cx) {
                fx_named_list list = fx_load_tensors(cx, "file");
                cr_assert(list.count == 1, "%s", fx_error_message(cx));
                const float *numbers = fx_data_const(list.at[0].tensor);
                for (int k = 1; k < 20000; k++) cr_assert(numbers[k] == numbers[0]);
            }
    }
    if (!child) _exit(0);
    int status;
    cr_assert(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Tensors of any strides, both ways. */
Test(tensors, strided)
{
    float f[] = { 1, 2, 3, 4, 5, 6 };
    fx_tensor *x = fx_from(cx, FX_F32, f, 2, 3), *turned = fx_transpose(x, 0, 1);
    cr_assert(fx_save_tensors("t", FX_NAMED(cx, { "x", turned })) == FX_OK);
    fx_named_list list = fx_load_tensors(cx, "t");
    cr_assert(list.count == 1 && fx_digest(list.at[0].tensor) == fx_digest(turned));
    fx_tensor *y = fx_zeros(cx, FX_F64, 2, 3);
    cr_assert(fx_load_into(FX_NAMED(cx, { "x", fx_transpose(y, 0, 1) }), "t") == FX_OK, "%s",
              fx_error_message(cx));
    for (int i = 0; i < 6; i++) cr_expect(((const double *)fx_data_const(y))[i] == i + 1);
}
