/* Memory: whichever allocation fails, a model reports it, leaks nothing and can go on; a file is whole or as
 * it was.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct failing {
    int64_t left; /* until one fails; after it all fail, as on a machine that is full */
    int64_t live;
} failing;

static void *failing_alloc(void *data, size_t bytes)
{
    failing *f = data;
    if (f->left-- <= 0) return NULL;
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (memory) f->live++;
    return memory;
}

static void failing_free(void *data, void *memory, size_t bytes)
{
    (void)bytes;
    failing *f = data;
    if (memory) f->live--;
    free(memory);
}

/* True if all went well. */
typedef bool task(fx_context *cx);

static void each_allocation(task *function)
{
    bool good = false;
    int64_t n = 0;
    for (; !good && n < 10000; n++) {
        failing f = { .left = n };
        fx_context *cx =
            fx_context_new(.seed = 1, .threads = 1, .allocator = { failing_alloc, failing_free, &f });
        if (cx) {
            good = function(cx);
            if (!good)
                cr_assert(fx_error(cx) == FX_ERROR_MEMORY, "allocation %lld fails, and the error is: %s",
                          (long long)n, fx_error_message(cx));
            fx_context_free(cx);
        }
        cr_assert(f.live == 0, "allocation %lld fails, and %lld others leak", (long long)n,
                  (long long)f.live);
    }
    cr_assert(good && n > 3);
}

static bool make(fx_context *cx)
{
    bool good = false;
    FX_SCOPE (cx) {
        fx_module *net = fx_sequential(cx, fx_flatten_layer(cx), fx_mlp(cx, FX_RELU, 6, 50, 40, 3),
                                       fx_activation_layer(cx, FX_TANH), fx_dropout_layer(cx, 0.5),
                                       fx_linear_layer(cx, 3, 100, .bias = false));
        fx_module *m = fx_module_new(cx);
        fx_tensor *a = fx_module_parameter(m, "a", fx_randn(cx, FX_F32, 2000));
        fx_tensor *b = fx_module_buffer(m, "b", fx_randn(cx, FX_F32, 3));
        good = fx_child(m, fx_name("net.%d", 1), net) && a && b && fx_parameters(m).count == 8 &&
               fx_state(m).count == 9 && fx_module_digest(m) &&
               fx_init_kaiming_normal_(fx_module_tensor(m, "net.1.4.weight"), FX_FAN_IN, 1) &&
               fx_init_truncated_normal_(a, 0, 1, -2, 2);
    }
    return good;
}
Test(memory, making) { each_allocation(make); }

static bool train(fx_context *cx)
{
    fx_module *net = fx_mlp(cx, FX_RELU, 12, 50, 40, 3);
    fx_optimizer *adam = fx_adam(fx_parameters(net));
    bool good = adam != NULL;
    for (int step = 0; good && step < 2; step++)
        FX_SCOPE (cx) {
            fx_tensor *y = fx_forward(net, fx_randn(cx, FX_F32, 9, 3, 4));
            good = fx_backward(y, .seed = fx_randn(cx, FX_F32, 9, 3)) == FX_OK && fx_step(adam) == FX_OK;
        }
    FX_NO_GRAD (cx)
        FX_SCOPE (cx) good = good && fx_forward(net, fx_randn(cx, FX_F32, 9, 12)) != NULL;
    return good;
}
Test(memory, training) { each_allocation(train); }

static bool recur(fx_context *cx)
{
    fx_module *net =
        fx_lstm_layer(cx, 12, 20, .layers = 2, .bidirectional = true, .proj_size = 5, .dropout = 0.5);
    fx_module *gru = fx_gru_layer(cx, 10, 20);
    const int64_t lengths[] = { 3, 1, 4 };
    bool good = gru != NULL;
    FX_SCOPE (cx) {
        fx_tensor *h = NULL, *x = fx_randn(cx, FX_F32, 4, 3, 12);
        fx_tensor *y = fx_recurrent_forward(net, x, .lengths = fx_from(cx, FX_I64, lengths, 3), .h_n = &h);
        good = good && fx_backward(fx_sum(fx_forward(gru, y))) == FX_OK;
        fx_tensor *g = fx_gradient(fx_sum(fx_forward(gru, fx_detach(y))),
                                   fx_module_tensor(gru, "weight_hh_l0"), .create_graph = true);
        good = good && fx_backward(fx_sum(fx_mul(g, g))) == FX_OK;
    }
    return good;
}
Test(memory, recurrence) { each_allocation(recur); }

static char file[] = "/tmp/fluxion-memory-XXXXXX";
static uint64_t saved;

static bool save(fx_context *cx)
{
    fx_module *net = fx_mlp(cx, FX_RELU, 12, 50, 3);
    return net && fx_save(net, file) == FX_OK && (saved = fx_module_digest(net));
}

/* What is loaded is all of the file, or nothing. */
static bool load(fx_context *cx)
{
    fx_set_random_state(cx, (fx_random_state){ 2, 0 });
    fx_module *net = fx_mlp(cx, FX_RELU, 12, 50, 3);
    const uint64_t before = fx_module_digest(net);
    if (!net || !before) return false;
    const bool good = fx_load(net, file) == FX_OK;
    const uint64_t now = fx_module_digest(net);
    cr_assert(now == (good ? saved : before) || (!good && now == 0));
    return good;
}

Test(memory, files)
{
    cr_assert(close(mkstemp(file)) == 0);
    each_allocation(save);
    each_allocation(load);
    unlink(file);
}
