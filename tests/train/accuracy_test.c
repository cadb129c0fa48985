/* Accuracy: what is counted, that it leaves modes, random numbers and places as they were, and its errors. */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static fx_context *cx;
static void start(void) { cx = fx_context_new(.seed = 1, .threads = 1); }
static void stop(void) { fx_context_free(cx); }
TestSuite(accuracy, .init = start, .fini = stop);

static int asked_in_training, recorded;

static fx_tensor *itself(fx_module *m, void *data, fx_tensor *x)
{
    (void)data;
    asked_in_training += fx_is_training(m);
    recorded += fx_get_grad_mode(cx) == FX_GRAD_ON;
    return x;
}

static const float scores[] = { 0, 1, 2, 5, 1, 2, 1, 1, 0, 0, NAN, 9, -INFINITY, -INFINITY, -1, 3, 2, 1 };
static const int64_t labels[] = { 2, 0, 0, 1, 2, 1 };

Test(accuracy, counts)
{
    fx_dataset *d = fx_dataset_tensors(fx_from(cx, FX_F32, scores, 6, 3), fx_from(cx, FX_I64, labels, 6));
    fx_module *m = fx_module_from(cx, itself);
    for (int size = 1; size < 8; size++) cr_expect(fx_accuracy(m, d, .size = size) == 5 / 6.0);
    cr_expect(!asked_in_training && !recorded && fx_is_training(m) && fx_get_grad_mode(cx) == FX_GRAD_ON);
    cr_expect(fx_get_random_state(cx).drawn == 0 && fx_context_stats(cx).scopes == 1);
    FX_EACH_BATCH (batch, d, .size = 2) {
        cr_expect(fx_accuracy(m, d) == 5 / 6.0);
        cr_expect(fx_dataset_place(d).index == batch.index + 1);
    }
}

Test(accuracy, modes_come_back)
{
    fx_dataset *d = fx_dataset_tensors(fx_from(cx, FX_F32, scores, 6, 3), fx_from(cx, FX_I64, labels, 6));
    fx_module *root = fx_module_from(cx, itself), *a = fx_module_new(cx), *b = fx_module_new(cx),
              *c = fx_module_new(cx);
    fx_child(root, "a", a);
    fx_child(a, "b", b);
    fx_child(root, "c", c);
    for (int bits = 0; bits < 16; bits++) {
        fx_module *all[] = { root, a, b, c };
        for (int i = 0; i < 4; i++) (bits >> i & 1 ? fx_train : fx_eval)(all[i]);
        fx_accuracy(root, d);
        for (int i = 0; i < 4; i++)
            cr_expect(fx_is_training(all[i]) == (bits >> i & 1), "%x %d", (unsigned)bits, i);
    }
}

Test(accuracy, errors)
{
    fx_module *m = fx_module_from(cx, itself);
    fx_tensor *x = fx_from(cx, FX_F32, scores, 6, 3);
    cr_expect(isnan(fx_accuracy(m, fx_dataset_tensors(x))));
    cr_expect(fx_error(cx) == FX_ERROR_SHAPE && strstr(fx_error_message(cx), "0 labels"), "%s",
              fx_error_message(cx));
    fx_error_clear(cx);
    cr_expect(isnan(fx_accuracy(m, fx_dataset_tensors(x, x))));
    cr_expect(fx_error(cx) == FX_ERROR_SHAPE);
    fx_error_clear(cx);
    cr_expect(isnan(fx_accuracy(m, NULL)) && isnan(fx_accuracy(NULL, NULL)) && fx_error(cx) == FX_OK);
    fx_dataset *none = fx_dataset_tensors(fx_zeros(cx, FX_F32, 0, 3), fx_zeros(cx, FX_I64, 0));
    cr_expect(isnan(fx_accuracy(m, none)) && fx_error(cx) == FX_OK);
    fx_module *mute = fx_module_new(cx);
    cr_expect(isnan(fx_accuracy(mute, fx_dataset_tensors(x, fx_from(cx, FX_I64, labels, 6)))));
    cr_expect(fx_error(cx) == FX_ERROR_ARGUMENT && fx_is_training(mute));
}
