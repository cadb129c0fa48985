/* IDX files of every dtype, gzip'ed or not, whole and broken; Fashion-MNIST as Debian has it; text. */
#include "config.h"
#include "folder.h"

#if FX_HAVE_ZLIB
#include <zlib.h>
#endif

TestSuite(idx, .init = start, .fini = stop);

static const unsigned char bytes_2_3[] = { 0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 2, 253, 254, 255 };

#define READ(data) (write_bytes("file", data, sizeof data), fx_read_idx(cx, "file"))

Test(idx, dtypes)
{
    fx_tensor *x = READ(bytes_2_3);
    cr_assert(x && fx_dtype_of(x) == FX_U8 && fx_ndim(x) == 2 && fx_dim(x, 0) == 2 && fx_dim(x, 1) == 3);
    cr_expect(!memcmp(fx_data_const(x), bytes_2_3 + 12, 6));

    const unsigned char i8[] = { 0, 0, 9, 1, 0, 0, 0, 3, 1, 0x80, 0xff };
    cr_assert((x = READ(i8)) && fx_dtype_of(x) == FX_I32 && fx_dim(x, 0) == 3);
    cr_expect(!memcmp(fx_data_const(x), (int32_t[]){ 1, -128, -1 }, 12));
    const unsigned char i16[] = { 0, 0, 11, 1, 0, 0, 0, 3, 1, 2, 0x80, 0, 0xff, 0xff };
    cr_assert((x = READ(i16)) && fx_dtype_of(x) == FX_I32);
    cr_expect(!memcmp(fx_data_const(x), (int32_t[]){ 258, -32768, -1 }, 12));
    const unsigned char i32[] = { 0, 0, 12, 1, 0, 0, 0, 2, 1, 2, 3, 4, 0xff, 0xff, 0xff, 0xfe };
    cr_assert((x = READ(i32)) && fx_dtype_of(x) == FX_I32);
    cr_expect(!memcmp(fx_data_const(x), (int32_t[]){ 0x01020304, -2 }, 8));
    const unsigned char f32[] = { 0, 0, 13, 0, 0x3f, 0xc0, 0, 0 };
    cr_assert((x = READ(f32)) && fx_dtype_of(x) == FX_F32 && fx_ndim(x) == 0 && fx_item(x) == 1.5);
    const unsigned char f64[] = { 0, 0, 14, 1, 0, 0, 0, 1, 0xc0, 0x04, 0, 0, 0, 0, 0, 0 };
    cr_assert((x = READ(f64)) && fx_dtype_of(x) == FX_F64 && fx_item(x) == -2.5);
    const unsigned char empty[] = { 0, 0, 14, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5 };
    cr_assert((x = READ(empty)) && fx_numel(x) == 0 && fx_dim(x, 2) == 5);
}

#define REFUSED(code, text, ...)                                                                             \
    do {                                                                                                     \
        const unsigned char data[] = { __VA_ARGS__ };                                                        \
        cr_expect(!READ(data));                                                                              \
        expect_error(code, text);                                                                            \
    } while (0)

Test(idx, broken)
{
    REFUSED(FX_ERROR_FORMAT, "it is no IDX file", 0, 0, 8);
    REFUSED(FX_ERROR_FORMAT, "it is no IDX file", 0, 0, 10, 0, 1);
    REFUSED(FX_ERROR_FORMAT, "it is no IDX file", 1, 0, 8, 0, 1);
    REFUSED(FX_ERROR_UNSUPPORTED, "it has 9 dimensions, more than 8", 0, 0, 8, 9, 0, 0, 0, 1);
    REFUSED(FX_ERROR_FORMAT, "the header promises 8 bytes, the file holds 4", 0, 0, 8, 2, 0, 0, 0, 1);
    REFUSED(FX_ERROR_FORMAT, "the header promises 5 bytes, the file holds 2", 0, 0, 8, 1, 0, 0, 0, 5, 1, 2);
    REFUSED(FX_ERROR_FORMAT, "the file holds more", 0, 0, 8, 1, 0, 0, 0, 1, 1, 2);
    REFUSED(FX_ERROR_FORMAT, "promises 4,294,967,295 bytes, more than", 0, 0, 8, 1, 255, 255, 255, 255, 1, 2);
    REFUSED(FX_ERROR_FORMAT, "promises 2^63 bytes", 0, 0, 14, 2, 255, 255, 255, 255, 255, 255, 255, 255, 1,
            2);
    REFUSED(FX_ERROR_FORMAT, "promises 2^63 bytes", 0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0,
            0, 0);
    cr_expect(!fx_read_idx(cx, "nowhere"));
    expect_error(FX_ERROR_FILE, "load: nowhere: No such file");
    for (size_t n = 0; n < sizeof bytes_2_3; n++) {
        write_bytes("cut", bytes_2_3, n);
        cr_expect(!fx_read_idx(cx, "cut") && fx_error(cx) == FX_ERROR_FORMAT, "%zu bytes", n);
        fx_error_clear(cx);
    }
}

#if FX_HAVE_ZLIB
Test(idx, gzip)
{
    gzFile file = gzopen("a.gz", "wb");
    cr_assert(file && gzwrite(file, bytes_2_3, sizeof bytes_2_3) == sizeof bytes_2_3 &&
              gzclose(file) == Z_OK);
    fx_tensor *x = fx_read_idx(cx, "a.gz");
    cr_assert(x && fx_dim(x, 1) == 3 && !memcmp(fx_data_const(x), bytes_2_3 + 12, 6));

    char whole[256];
    size_t n;
    memcpy(whole, read_bytes("a.gz", &n), sizeof whole);
    for (size_t i = 0; i < n; i++) {
        write_bytes("cut.gz", whole, i);
        cr_expect(!fx_read_idx(cx, "cut.gz") && fx_error(cx) == FX_ERROR_FORMAT, "%zu bytes: %s", i,
                  fx_error_message(cx));
        fx_error_clear(cx);
    }
    whole[n - 6] = (char)(whole[n - 6] ^ 1); /* of the checksum */
    write_bytes("broken.gz", whole, n);
    cr_expect(!fx_read_idx(cx, "broken.gz"));
    expect_error(FX_ERROR_FORMAT, "cannot be unpacked");
}
#else
Test(idx, gzip)
{
    const unsigned char packed[20] = { 0x1f, 0x8b, 8 };
    cr_expect(!READ(packed));
    expect_error(FX_ERROR_UNSUPPORTED, "has no zlib");
}
#endif

/* ---- datasets --------------------------------------------------------------------------------------------
 */

Test(idx, mnist)
{
    const unsigned char labels[] = { 0, 0, 8, 1, 0, 0, 0, 2, 3, 1 };
    const unsigned char images[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 51, 1 };
    write_bytes("train-images-idx3-ubyte", images, sizeof images);
    cr_expect(!fx_dataset_mnist(cx, ".", FX_TRAIN));
    expect_error(FX_ERROR_FILE, "./train-labels-idx1-ubyte: No such file");
    write_bytes("train-labels-idx1-ubyte", labels, sizeof labels);
    fx_dataset *d = fx_dataset_mnist(cx, ".", FX_TRAIN);
    cr_assert(d, "%s", fx_error_message(cx));
    cr_expect(fx_dataset_size(d) == 2 && fx_dataset_classes(d) == 4);
    FX_EACH_BATCH (batch, d, .size = 8) {
        cr_assert(fx_ndim(batch.x) == 4 && fx_dim(batch.x, 1) == 1 && fx_dim(batch.x, 3) == 2 &&
                  batch.count == 2);
        cr_expect(fx_dtype_of(batch.x) == FX_F32 && fx_dtype_of(batch.y) == FX_I64 && fx_ndim(batch.y) == 1);
        cr_expect(!memcmp(fx_data_const(batch.x), (float[]){ 0, 1, 51 / 255.0f, 1 / 255.0f }, 16));
        cr_expect(!memcmp(fx_data_const(batch.y), (int64_t[]){ 3, 1 }, 16));
    }
    write_bytes("t10k-images-idx3-ubyte", images, sizeof images);
    write_bytes("t10k-labels-idx1-ubyte", bytes_2_3, sizeof bytes_2_3);
    cr_expect(!fx_dataset_mnist(cx, ".", FX_TEST));
    expect_error(FX_ERROR_SHAPE, "2 images, 2 labels");
}

Test(idx, fashion_mnist)
{
    if (access(FX_FASHION_MNIST "/t10k-images-idx3-ubyte.gz", R_OK) || !FX_HAVE_ZLIB)
        cr_skip_test("dataset-fashion-mnist is not installed");
    fx_dataset *d = fx_dataset_mnist(cx, NULL, FX_TEST);
    cr_assert(d, "%s", fx_error_message(cx));
    cr_expect(fx_dataset_size(d) == 10000 && fx_dataset_classes(d) == 10);
    int64_t counts[10] = { 0 };
    double sum = 0;
    FX_EACH_BATCH (batch, d, .size = 999) {
        const int64_t *y = fx_data_const(batch.y);
        const float *x = fx_data_const(batch.x);
        for (int64_t i = 0; i < batch.count; i++) counts[y[i]]++;
        for (int64_t i = 0; i < fx_numel(batch.x); i++) sum += (double)x[i];
    }
    for (int i = 0; i < 10; i++) cr_expect(counts[i] == 1000);
    cr_expect(sum / 7840000 > 0.2868 && sum / 7840000 < 0.2869, "%g", sum / 7840000);
}

Test(idx, text)
{
    write_bytes("text",
                "ab\xc3\xa9"
                "a\xf0\x9f\x98\x80z",
                10);
    fx_dataset *d = fx_dataset_text(cx, "text", .context = 3);
    cr_assert(d, "%s", fx_error_message(cx));
    cr_expect(fx_dataset_classes(d) == 5 && fx_dataset_size(d) == 3);
    cr_expect(!strcmp(fx_dataset_character(d, 3), "\xc3\xa9") &&
              !strcmp(fx_dataset_character(d, 4), "\xf0\x9f\x98\x80"));
    cr_expect(!strcmp(fx_dataset_character(d, 5), "") && !strcmp(fx_dataset_character(d, -1), ""));
    cr_expect(fx_dataset_number(d, "\xc3\xa9") == 3 && fx_dataset_number(d, "c") == -1 &&
              fx_dataset_number(d, "") == -1);
    FX_EACH_BATCH (batch, d, .size = 3, .shuffle = false) {
        cr_expect(!memcmp(fx_data_const(batch.x), (int64_t[]){ 0, 1, 3, 1, 3, 0, 3, 0, 4 }, 72));
        cr_expect(!memcmp(fx_data_const(batch.y), (int64_t[]){ 1, 3, 0, 3, 0, 4, 0, 4, 2 }, 72));
    }
    cr_expect(!fx_dataset_text(cx, "text", .context = 6));
    expect_error(FX_ERROR_FORMAT, "it has 6 characters, too few");
    const char *wrong[] = { "ab\xff", "ab\xc0\x80",    "ab\xed\xa0\x80", "ab\xf4\x90\x80\x80",
                            "ab\xc3", "ab\xe0\x80\x80" };
    for (int i = 0; i < 6; i++) {
        write_bytes("wrong", wrong[i], strlen(wrong[i]));
        cr_expect(!fx_dataset_text(cx, "wrong", .context = 1));
        expect_error(FX_ERROR_FORMAT, "byte 2 is no UTF-8");
    }
}
