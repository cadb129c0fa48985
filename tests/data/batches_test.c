/* Loops over a dataset: each sample once an epoch, the same order for the same seed, with the thread or
 * without it, going on where another stopped, left in any way, and without a call to malloc.
 */
#define _GNU_SOURCE
#include "folder.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>

TestSuite(batches, .init = start, .fini = stop);

enum { SAMPLES = 103, WIDTH = 5 };

/* x[i] is i five times, y[i] is i. */
static fx_dataset *numbered(int64_t n)
{
    fx_dataset *d = NULL;
    FX_SCOPE (cx) {
        fx_tensor *x = fx_zeros(cx, FX_F32, n, WIDTH), *y = fx_zeros(cx, FX_I64, n);
        float *numbers = fx_data(x);
        int64_t *labels = fx_data(y);
        for (int64_t i = 0; i < n; i++) {
            for (int k = 0; k < WIDTH; k++) numbers[i * WIDTH + k] = (float)i;
            labels[i] = i;
        }
        d = fx_dataset_tensors(x, y);
    }
    cr_assert(d, "%s", fx_error_message(cx));
    return d;
}

/* The samples of a batch, which it checks, after those that were. */
static void append(fx_batch batch, int64_t *seen, int64_t *count)
{
    const float *x = fx_data_const(batch.x);
    const int64_t *y = fx_data_const(batch.y);
    cr_assert(fx_dim(batch.x, 0) == batch.count && fx_dim(batch.y, 0) == batch.count &&
              fx_dim(batch.x, 1) == WIDTH);
    for (int64_t i = 0; i < batch.count; i++) {
        for (int k = 0; k < WIDTH; k++) cr_assert(x[i * WIDTH + k] == (float)y[i]);
        seen[(*count)++] = y[i];
    }
}

#define COLLECT(seen, count, ...)                                                                            \
    int64_t seen[8 * SAMPLES], count = 0;                                                                    \
    FX_EACH_BATCH (batch, __VA_ARGS__) append(batch, seen, &count)

static void expect_each_once(const int64_t *seen, int64_t count)
{
    int times[SAMPLES] = { 0 };
    cr_expect(count == SAMPLES);
    for (int64_t i = 0; i < count; i++) times[seen[i]]++;
    for (int i = 0; i < SAMPLES; i++) cr_expect(times[i] == 1, "%d", i);
}

Test(batches, each_once_an_epoch)
{
    fx_dataset *d = numbered(SAMPLES);
    int64_t seen[4 * SAMPLES], count = 0, index = 0;
    FX_EACH_BATCH (batch, d, .size = 10, .shuffle = true, .epochs = 3) {
        cr_expect(batch.index == index && batch.epoch == index / 11 && batch.steps == 33);
        cr_expect(batch.count == (index % 11 == 10 ? 3 : 10));
        append(batch, seen, &count);
        index++;
    }
    cr_assert(count == 3 * SAMPLES);
    for (int e = 0; e < 3; e++) expect_each_once(seen + e * SAMPLES, SAMPLES);
    cr_expect(memcmp(seen, seen + SAMPLES, sizeof *seen * SAMPLES), "each epoch has an order of its own");
    COLLECT(straight, n, d, .size = 7);
    for (int64_t i = 0; i < n; i++) cr_expect(straight[i] == i);
    expect_each_once(straight, n);
}

Test(batches, sizes)
{
    fx_dataset *d = numbered(SAMPLES);
    COLLECT(all, all_count, d, .size = 1000);
    expect_each_once(all, all_count);
    COLLECT(whole, whole_count, d, .size = 10, .drop_last = true);
    cr_expect(whole_count == 100);
    COLLECT(none, none_count, d, .size = 1000, .drop_last = true, .steps = 5);
    cr_expect(none_count == 0);
    COLLECT(steps, steps_count, d, .size = 50, .steps = 5);
    cr_expect(steps_count == SAMPLES + 100);
    COLLECT(epochs, epochs_count, d, .size = 50, .steps = 50, .epochs = 2);
    cr_expect(epochs_count == 2 * SAMPLES);
    COLLECT(empty, empty_count, numbered(0));
    cr_expect(empty_count == 0 && fx_error(cx) == FX_OK);
    fx_dataset *nothing = NULL;
    FX_EACH_BATCH (batch, nothing) cr_expect(batch.count < 0);
    FX_EACH_BATCH (batch, d, .size = 0) cr_expect(batch.count < 0);
    expect_error(FX_ERROR_ARGUMENT, "batches_test.c");
    (void)none, (void)whole, (void)steps, (void)epochs, (void)empty;
}

Test(batches, orders)
{
    fx_dataset *d = numbered(SAMPLES);
    fx_random_state state = fx_get_random_state(cx);
    COLLECT(a, n, d, .shuffle = true, .epochs = 2);
    fx_random_state after = fx_get_random_state(cx);
    COLLECT(b, m, d, .shuffle = true, .epochs = 2);
    cr_expect(n == m && memcmp(a, b, sizeof *a * (size_t)n), "another loop, another order");
    fx_set_random_state(cx, state);
    COLLECT(c, k, d, .shuffle = true, .epochs = 2, .size = 9);
    cr_expect(n == k && !memcmp(a, c, sizeof *a * (size_t)n), "the same state, the same order");
    cr_expect(fx_get_random_state(cx).drawn == after.drawn && after.drawn == state.drawn + 1);
    COLLECT(e, i, d, .shuffle = true, .seed = 5);
    COLLECT(f, j, d, .shuffle = true, .seed = 5);
    COLLECT(g, l, d, .shuffle = true, .seed = 6);
    cr_expect(i == j && l == j && !memcmp(e, f, sizeof *e * (size_t)i) &&
              memcmp(e, g, sizeof *e * (size_t)i));
    cr_expect(fx_get_random_state(cx).drawn == after.drawn, "a seed of its own draws nothing");
}

Test(batches, prefetch_is_the_same)
{
    fx_dataset *d = numbered(SAMPLES);
    for (int size = 1; size < 120; size += 17) {
        COLLECT(a, n, d, .size = size, .shuffle = true, .seed = 9, .epochs = 3, .prefetch = 1);
        COLLECT(b, m, d, .size = size, .shuffle = true, .seed = 9, .epochs = 3, .prefetch = 0);
        cr_expect(n == 3 * SAMPLES && n == m && !memcmp(a, b, sizeof *a * (size_t)n));
    }
    fx_random_state state = fx_get_random_state(cx);
    uint64_t drawn[2];
    for (int prefetch = 0; prefetch < 2; prefetch++) {
        fx_set_random_state(cx, state);
        FX_EACH_BATCH (batch, d, .shuffle = true, .epochs = 2, .prefetch = prefetch)
            fx_rand(cx, FX_F32, batch.count);
        drawn[prefetch] = fx_digest(fx_rand(cx, FX_F32, 3));
    }
    cr_expect(drawn[0] == drawn[1], "what the block draws does not depend on it either");
}

/* ---- leaving ---------------------------------------------------------------------------------------------
 */

static int64_t first_above(fx_dataset *d, int64_t bound)
{
    FX_EACH_BATCH (batch, d, .size = 10, .prefetch = 1) {
        if (batch.index % 2) continue;
        const int64_t *y = fx_data_const(batch.y);
        for (int64_t i = 0; i < batch.count; i++)
            if (y[i] > bound) return y[i];
    }
    return -1;
}

Test(batches, leaving)
{
    fx_dataset *d = numbered(SAMPLES);
    cr_expect(first_above(d, 44) == 45 && first_above(d, 53) == 60 && first_above(d, 1000) == -1);
    int64_t count = 0;
    fx_tensor *kept = NULL;
    FX_EACH_BATCH (batch, d, .size = 10, .prefetch = 1) {
        if (batch.index == 1) kept = fx_keep(batch.x);
        count += batch.count;
        if (batch.index == 2) break;
    }
    cr_expect(count == 30 && kept && ((const float *)fx_data_const(kept))[0] == 10,
              "what is kept stays as it was");
    for (int i = 0; i < 3; i++)
        FX_EACH_BATCH (outer, d, .size = 50, .prefetch = 1)
            FX_EACH_BATCH (inner, d, .size = 25, .prefetch = 1) count += outer.index + inner.count;
    cr_expect(count == 30 + 3 * (3 * SAMPLES + 5 * 3));
    cr_expect(fx_context_stats(cx).scopes == 1);
    FX_EACH_BATCH (batch, d) {
        fx_error_set(cx, FX_ERROR_USER, FX_HERE, "stop");
        cr_expect(batch.index == 0);
    }
    FX_EACH_BATCH (batch, d) cr_expect(batch.index < 0, "a failure stands");
    expect_error(FX_ERROR_USER, "stop");
}

/* ---- going on --------------------------------------------------------------------------------------------
 */

Test(batches, going_on)
{
    fx_dataset *d = numbered(SAMPLES);
    for (int stop = 0; stop < 22; stop++) {
        COLLECT(all, n, d, .size = 10, .shuffle = true, .seed = 3, .epochs = 2);
        fx_place place = { 0, 0 };
        int64_t parts[4 * SAMPLES], count = 0;
        FX_EACH_BATCH (batch, d, .size = 10, .shuffle = true, .seed = 3, .epochs = 2) {
            append(batch, parts, &count);
            place = fx_dataset_place(d);
            FX_EACH_BATCH (aside, d, .shuffle = true, .aside = true) (void)aside;
            if (batch.index == stop) break;
        }
        fx_dataset *again = numbered(SAMPLES);
        fx_dataset_set_place(again, place);
        FX_EACH_BATCH (aside, again, .aside = true) (void)aside;
        FX_EACH_BATCH (batch, again, .size = 10, .shuffle = true, .epochs = 2) {
            cr_expect(batch.index > stop);
            append(batch, parts, &count);
        }
        cr_expect(count == n && !memcmp(all, parts, sizeof *all * (size_t)n), "stopped after %d", stop);
        cr_expect(fx_dataset_place(again).index == 0, "at the end, the beginning");
    }
}

/* ---- memory ----------------------------------------------------------------------------------------------
 */

/* Calls that the context makes to its allocator; and those of the library to malloc (the linker hands them to
 * __wrap_...). */
static int64_t calls;
static _Atomic int64_t mallocs;

static void *counted_alloc(void *data, size_t bytes)
{
    (void)data;
    calls++;
    return aligned_alloc(64, (bytes + 63) & ~(size_t)63);
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    mallocs++;
    return __real_malloc(bytes);
}
void *__wrap_calloc(size_t count, size_t bytes)
{
    mallocs++;
    return __real_calloc(count, bytes);
}
void *__wrap_realloc(void *memory, size_t bytes)
{
    mallocs++;
    return __real_realloc(memory, bytes);
}

static void counted_free(void *data, void *memory, size_t bytes)
{
    (void)data, (void)bytes;
    free(memory);
}

Test(batches, no_allocation_in_the_steady_state)
{
    fx_context_free(cx);
    cx = fx_context_new(.allocator = { counted_alloc, counted_free, NULL });
    fx_dataset *d = numbered(5000);
    int64_t before = 0, mallocs_before = 0;
    for (int epoch = 0; epoch < 4; epoch++) {
        if (epoch == 2) before = calls, mallocs_before = mallocs;
        FX_EACH_BATCH (batch, d, .shuffle = true, .prefetch = epoch % 2)
            fx_zeros(cx, FX_F32, batch.count, 100);
    }
    cr_expect(calls == before, "%lld calls", (long long)(calls - before));
    cr_expect(mallocs == mallocs_before && mallocs > 0, "%lld to malloc",
              (long long)(mallocs - mallocs_before));
    cr_expect(before < 100, "%lld calls", (long long)before);
}

/* ---- tensors ---------------------------------------------------------------------------------------------
 */

Test(batches, datasets_of_tensors)
{
    const uint8_t pixels[] = { 0, 255, 51, 102 };
    fx_tensor *x = fx_from(cx, FX_U8, pixels, 2, 2), *y = fx_from(cx, FX_U8, pixels, 3);
    cr_expect(!fx_dataset_tensors(x, y));
    expect_error(FX_ERROR_SHAPE, "2 and 3");
    cr_expect(!fx_dataset_tensors(fx_scalar(cx, FX_F32, 1)));
    expect_error(FX_ERROR_SHAPE, "first dimension");
    cr_expect(!fx_dataset_tensors(fx_zeros(cx, FX_F32, 2), .normalize = true));
    expect_error(FX_ERROR_DTYPE, "is float32");
    cr_expect(!fx_dataset_tensors(NULL) && fx_error(cx) == FX_OK);
    cr_expect(fx_dataset_size(NULL) == 0 && fx_dataset_classes(NULL) == 0);

    fx_dataset *raw = fx_dataset_tensors(x), *scaled = fx_dataset_tensors(x, .normalize = true);
    FX_EACH_BATCH (batch, raw) cr_expect(!batch.y && !memcmp(fx_data_const(batch.x), pixels, 4));
    FX_EACH_BATCH (batch, scaled, .prefetch = 1)
        cr_expect(!memcmp(fx_data_const(batch.x), (float[]){ 0, 1, 51 / 255.0f, 102 / 255.0f }, 16));
    cr_expect(fx_dataset_classes(raw) == 0);
    cr_expect(fx_dataset_classes(fx_dataset_tensors(x, fx_from(cx, FX_I64, ((int64_t[]){ 0, 6 }), 2))) == 7);
    cr_expect(fx_dataset_classes(fx_dataset_tensors(x, fx_from(cx, FX_I32, ((int32_t[]){ 0, -1 }), 2))) == 0);
    cr_expect(fx_dataset_classes(fx_dataset_tensors(x, fx_zeros(cx, FX_F32, 2))) == 0);
}

/* ---- progress --------------------------------------------------------------------------------------------
 */

Test(batches, progress)
{
    fx_dataset *d = numbered(SAMPLES);
    FILE *file = fopen("progress", "w+");
    FX_EACH_BATCH (batch, d, .size = 10, .progress = "epoch", .progress_file = file) {
        fx_progress_note(batch, "loss", fx_scalar(cx, FX_F32, 0.5));
        fx_progress_note(batch, "index", batch.index);
        fx_progress_note(batch, "failed", (fx_tensor *)NULL);
    }
    FX_EACH_BATCH (batch, d, .size = 10, .progress = "left", .progress_file = file)
        if (batch.index == 5) break;
    FX_EACH_BATCH (batch, d) fx_progress_note(batch, "loss", 1);
    fclose(file);
    size_t n;
    char *text = read_bytes("progress", &n);
    text[n] = '\0';
    cr_expect(strstr(text, "epoch  11 batches, 103 samples  loss 0.5  index 5"), "%s", text);
    cr_expect(strstr(text, "left  5 batches, 50 samples (stopped at 45 %)"), "%s", text);
    cr_expect(!strstr(text, "failed") && !strchr(text, '\r'), "%s", text);
}

/* What was written to a terminal, which may come in pieces, and late: reads until `last` has come and no more
 * does. */
static void read_terminal(int terminal, char *text, size_t size, const char *last)
{
    struct pollfd ready = { .fd = terminal, .events = POLLIN };
    size_t n = 0;
    for (text[0] = '\0'; n + 1 < size && poll(&ready, 1, strstr(text, last) ? 50 : 10000) > 0;) {
        const ssize_t more = read(terminal, text + n, size - 1 - n);
        if (more <= 0) return;
        text[n += (size_t)more] = '\0';
    }
}

/* On a terminal: one line that is drawn anew, no wider than the terminal. */
Test(batches, progress_on_a_terminal)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    cr_assert(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal) && !setenv("TERM", "xterm", 1));
    FILE *file = fopen(ptsname(terminal), "w");
    cr_assert(file);
    FX_EACH_BATCH (batch, numbered(SAMPLES), .size = 10, .progress = "epoch", .progress_file = file) {
        fx_progress_note(batch, "loss", 0.25);
        if (batch.index == 4) nanosleep(&(struct timespec){ 0, 150000000 }, NULL);
    }
    char text[4096];
    read_terminal(terminal, text, sizeof text, "11 batches");
    cr_expect(strstr(text, "\repoch  [#########-----------]   45 %  loss 0.25  "), "%s", text);
    cr_expect(strstr(text, " left\x1b[K\repoch  11 batches, 103 samples  loss 0.25  "), "%s", text);
    /* a narrow terminal: the bar gives way, the words stay */
    cr_assert(!ioctl(terminal, TIOCSWINSZ, &(struct winsize){ .ws_row = 24, .ws_col = 74 }));
    FX_EACH_BATCH (batch, numbered(SAMPLES), .size = 10, .progress = "epoch 1 of 2", .progress_file = file) {
        fx_progress_note(batch, "loss", 0.25);
        if (batch.index == 4) nanosleep(&(struct timespec){ 0, 150000000 }, NULL);
    }
    read_terminal(terminal, text, sizeof text, "11 batches");
    const char *drawn = strstr(text, "\repoch 1 of 2  ["),
               *left = drawn ? strstr(drawn, " s left\x1b[K") : NULL;
    cr_expect(left && left - drawn < 74 && !strstr(text, "[#########-----------]"), "%s", text);
    fclose(file);
    close(terminal);
}
