/* Runs in files: an interrupted run goes on bit by bit as one that was not, wherever it stopped; files that
 * are damaged, or of another run, change nothing.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[40];
static void start(void)
{
    snprintf(folder, sizeof folder, "%s/fluxion-run-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    cr_assert(mkdtemp(folder) && !chdir(folder));
}
static void stop(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert(system(command) == 0);
}
TestSuite(run, .init = start, .fini = stop);

enum { SAMPLES = 50, IN = 6, OUT = 3, STEPS = 20 };

typedef struct setting {
    fx_context *cx;
    fx_dataset *data;
    fx_tensor *w, *b, *count;
    fx_optimizer *optimizer;
    fx_trainer run;
} setting;

static fx_tensor *apply(fx_module *m, void *data, fx_tensor *x)
{
    (void)data;
    fx_tensor *mask = fx_rand(fx_context_of(x), FX_F32, fx_dim(x, 0), IN); /* so that random numbers matter */
    return fx_add(fx_matmul(fx_mul(x, mask), fx_module_tensor(m, "w")), fx_module_tensor(m, "b"));
}

static void begin(setting *s, uint64_t seed, bool adam)
{
    s->cx = fx_context_new(.seed = seed, .threads = 1);
    fx_context *cx = s->cx;
    s->data = fx_dataset_tensors(fx_randn(cx, FX_F32, SAMPLES, IN), fx_randn(cx, FX_F32, SAMPLES, OUT));
    fx_module *m = fx_module_from(cx, apply);
    s->w = fx_module_parameter(m, "w", fx_randn(cx, FX_F32, IN, OUT));
    s->b = fx_module_parameter(m, "b", fx_zeros(cx, FX_F32, OUT));
    s->count = fx_zeros(cx, FX_F64, 1);
    s->optimizer =
        adam ? fx_adamw(fx_parameters(m), .lr = 1e-2) : fx_sgd(fx_parameters(m), .lr = 1e-2, .momentum = 0.9);
    s->run = (fx_trainer){ .model = m, .optimizer = s->optimizer, .data = s->data };
}

/* Trains, saves after each step, and stops before step `stop`. */
static void train(setting *s, int64_t stop, uint64_t *losses)
{
    FX_EACH_BATCH (batch, s->data, .size = 8, .shuffle = true, .steps = STEPS) {
        if (batch.index == stop) break;
        fx_tensor *loss = fx_sum(fx_square(fx_sub(fx_forward(s->run.model, batch.x), batch.y)));
        losses[batch.index] = fx_digest(loss);
        fx_backward(loss);
        fx_step(s->optimizer);
        cr_assert(fx_checkpoint(&s->run, "file") == FX_OK, "%s", fx_error_message(s->cx));
    }
    cr_assert(fx_error(s->cx) == FX_OK, "%s", fx_error_message(s->cx));
}

Test(run, goes_on_bit_by_bit)
{
    for (int adam = 0; adam < 2; adam++) {
        setting whole;
        uint64_t expected[STEPS] = { 0 };
        begin(&whole, 1, adam);
        train(&whole, STEPS, expected);
        uint64_t digest = fx_module_digest(whole.run.model), drawn = fx_get_random_state(whole.cx).drawn;
        fx_context_free(whole.cx);
        for (int64_t at = 0; at <= STEPS; at++) {
            uint64_t losses[STEPS] = { 0 };
            setting first, second;
            unlink("file");
            begin(&first, 1, adam);
            cr_assert(fx_resume(&first.run, "file") == FX_OK, "no file: a fresh start");
            train(&first, at, losses);
            fx_context_free(first.cx);
            begin(&second, at ? 99 : 1, adam); /* other weights, another order: all of it is in the file */
            fx_dataset *same = second.data;
            if (at) { /* the same data */
                setting again;
                begin(&again, 1, adam);
                FX_EACH_BATCH (batch, again.data, .size = SAMPLES)
                    FX_SCOPE (second.cx)
                        same = fx_dataset_tensors(
                            fx_from(second.cx, FX_F32, fx_data_const(batch.x), SAMPLES, IN),
                            fx_from(second.cx, FX_F32, fx_data_const(batch.y), SAMPLES, OUT));
                fx_context_free(again.cx);
            }
            second.data = second.run.data = same;
            cr_assert(fx_resume(&second.run, "file") == FX_OK, "%s", fx_error_message(second.cx));
            train(&second, STEPS, losses);
            cr_expect(!memcmp(losses, expected, sizeof losses), "stopped before step %d", (int)at);
            cr_expect(fx_module_digest(second.run.model) == digest);
            cr_expect(fx_get_random_state(second.cx).drawn == drawn || !at);
            fx_context_free(second.cx);
        }
    }
}

static void expect_refused(setting *s, fx_status code, const char *text)
{
    uint64_t before = fx_module_digest(s->run.model);
    fx_random_state random = fx_get_random_state(s->cx);
    cr_expect(fx_resume(&s->run, "file") == code, "%s", fx_error_message(s->cx));
    cr_expect(strstr(fx_error_message(s->cx), text), "\"%s\" is not in \"%s\"", text,
              fx_error_message(s->cx));
    fx_error_clear(s->cx);
    cr_expect(fx_module_digest(s->run.model) == before && fx_get_random_state(s->cx).drawn == random.drawn);
    cr_expect(fx_dataset_place(s->data).index == 0);
}

Test(run, damaged_and_foreign_files)
{
    setting s, other;
    uint64_t losses[STEPS];
    begin(&s, 1, true);
    begin(&other, 2, true);
    train(&other, 3, losses);
    static char text[1 << 16];
    FILE *file = fopen("file", "rb+");
    size_t n = fread(text, 1, sizeof text, file);
    cr_assert(file && !fseek(file, (long)n - 40, SEEK_SET) && fputc(text[n - 40] ^ 1, file) != EOF &&
              !fclose(file));
    expect_refused(&s, FX_ERROR_FORMAT, "resume: file: it is damaged");
    cr_assert(!truncate("file", (off_t)n - 1));
    expect_refused(&s, FX_ERROR_FORMAT, "the header promises");
    cr_assert(fx_save(other.run.model, "file") == FX_OK);
    expect_refused(&s, FX_ERROR_FORMAT, "resume: file: it is no file of a run");

    setting plain;
    begin(&plain, 3, false);
    train(&plain, 2, losses);
    expect_refused(&s, FX_ERROR_ARGUMENT, "the file has no optimizer.0.exp_avg");
    cr_assert(fx_checkpoint(&(fx_trainer){ .model = plain.run.model }, "file") == FX_OK);
    expect_refused(&s, FX_ERROR_ARGUMENT, "the file has no optimizer.");

    fx_trainer tensors = { .tensors = FX_NAMED(s.cx, { "count", s.count }) };
    ((double *)fx_data(s.count))[0] = 7;
    cr_assert(fx_checkpoint(&tensors, "file") == FX_OK);
    ((double *)fx_data(s.count))[0] = 0;
    cr_assert(fx_resume(&tensors, "file") == FX_OK && fx_item(s.count) == 7);
    cr_expect(fx_checkpoint(&(fx_trainer){ .model = NULL }, "file") == FX_ERROR_ARGUMENT);
    fx_error_set(s.cx, FX_ERROR_USER, FX_HERE, "stop");
    cr_expect(fx_checkpoint(&s.run, "other") == FX_ERROR_USER && access("other", F_OK),
              "a failed run is not saved");
    fx_context_free(s.cx), fx_context_free(other.cx), fx_context_free(plain.cx);
}
