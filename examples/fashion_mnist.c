/* What script/demo runs: a perceptron learns Fashion-MNIST.
 *
 *     fashion_mnist [--data DIR] [--out DIR] [--epochs N] [--threads N] [--seed N]
 *
 * Prints the accuracy on the test set after each epoch, writes fashion_mnist.safetensors and
 * fashion_mnist.svg (the loss of each batch) to --out, and says last how well it does and how long it took.
 */
#include <fluxion/fluxion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct options {
    const char *data, *out;
    int epochs, threads, seed;
} options;

static int usage(void)
{
    fprintf(stderr, "usage: fashion_mnist [--data DIR] [--out DIR] [--epochs N] [--threads N] [--seed N]\n");
    return 2;
}

/* A whole number and nothing after it; -1 otherwise. */
static int number(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    return end == text || *end || n < 0 || n > 1000000 ? -1 : (int)n;
}

static bool parse(int argc, char **argv, options *o)
{
    for (int i = 1; i < argc; i += 2) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!value) return false;
        if (!strcmp(name, "--data"))
            o->data = value;
        else if (!strcmp(name, "--out"))
            o->out = value;
        else if (!strcmp(name, "--epochs"))
            o->epochs = number(value);
        else if (!strcmp(name, "--threads"))
            o->threads = number(value);
        else if (!strcmp(name, "--seed"))
            o->seed = number(value);
        else
            return false;
    }
    return o->epochs > 0 && o->threads >= 0 && o->seed >= 0;
}

static double seconds(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One epoch; the loss of each batch goes to losses. */
static void train(fx_module *net, fx_optimizer *adam, fx_dataset *data, const char *label, double *losses)
{
    FX_EACH_BATCH (batch, data, .size = 64, .shuffle = true, .progress = label) {
        fx_tensor *loss = fx_cross_entropy(fx_forward(net, batch.x), batch.y);
        fx_backward(loss);
        fx_step(adam);
        fx_progress_note(batch, "loss", loss);
        losses[batch.index] = fx_item(loss);
    }
}

static void save(fx_context *cx, fx_module *net, const char *out, const double *losses, int64_t count)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/fashion_mnist.safetensors", out);
    if (fx_save(net, path) == FX_OK) printf("the model: %s\n", path);
    snprintf(path, sizeof path, "%s/fashion_mnist.svg", out);
    if (fx_plot_save(cx, path, .title = "Fashion-MNIST, a perceptron 784-128-10", .x_label = "batch",
                     .y_label = "loss", .values = losses, .count = count) == FX_OK)
        printf("its losses: %s\n", path);
}

int main(int argc, char **argv)
{
    /* One thread: the products of a batch of 64 are over before another could be woken. */
    options o = { .data = FX_FASHION_MNIST, .out = ".", .epochs = 10, .threads = 1, .seed = 42 };
    if (!parse(argc, argv, &o)) return usage();
    fx_context *cx = fx_context_new(.seed = (uint64_t)o.seed, .threads = o.threads);
    fx_dataset *data = fx_dataset_mnist(cx, o.data, FX_TRAIN), *test = fx_dataset_mnist(cx, o.data, FX_TEST);
    fx_module *net = fx_mlp(cx, FX_RELU, 784, 128, 10);
    fx_optimizer *adam = fx_adam(fx_parameters(net), .lr = 1e-3);

    int64_t steps = (fx_dataset_size(data) + 63) / 64;
    double *losses = calloc((size_t)(steps * o.epochs) + 1, sizeof *losses), accuracy = 0, spent = 0;
    if (!losses) return fprintf(stderr, "fashion_mnist: out of memory\n"), fx_context_free(cx), 1;
    for (int epoch = 1; epoch <= o.epochs && fx_error(cx) == FX_OK; epoch++) {
        char label[32];
        snprintf(label, sizeof label, "epoch %d of %d", epoch, o.epochs);
        const double start = seconds();
        train(net, adam, data, label, losses + (epoch - 1) * steps);
        spent += seconds() - start;
        accuracy = 100 * fx_accuracy(net, test);
        printf("epoch %d: test accuracy %.2f%%\n", epoch, accuracy);
        fflush(stdout);
    }

    if (fx_error(cx) == FX_OK) save(cx, net, o.out, losses, steps * o.epochs);
    free(losses);
    if (fx_error(cx) == FX_OK)
        printf("trained in %.2f s, %.0f samples a second\ntest accuracy %.2f%%\n", spent,
               (double)fx_dataset_size(data) * o.epochs / spent, accuracy);
    return fx_finish(cx);
}
