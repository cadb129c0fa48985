/* Workloads on perceptrons of several sizes: training steps, and a Hessian-vector product. */
#include "workloads.h"

#include <math.h>
#include <stdio.h>

enum { MOST_LAYERS = 3 };

/* What a perceptron is made of; sizes[layers] are its results. */
typedef struct perceptron {
    int layers;
    int64_t sizes[MOST_LAYERS + 1];
    bool relu; /* between layers; tanh if not */
    char names[2 * MOST_LAYERS][16];
    fx_tensor *parameters[2 * MOST_LAYERS]; /* weight and bias of each layer in turn */
} perceptron;

/* Parameter i that is a matrix is sequence 100 + i, within one over the root of its inputs; a bias is 0. */
static void initialise(fx_context *cx, perceptron *p)
{
    for (int i = 0; i < p->layers; i++) {
        const int64_t in = p->sizes[i], out = p->sizes[i + 1];
        const double bound = 1 / sqrt((double)in);
        p->parameters[2 * i] = fx_parameter(fill(cx, 100 + 2 * i, -bound, bound, FX_DIMS(out, in)));
        p->parameters[2 * i + 1] = fx_parameter(fx_zeros(cx, FX_F32, out));
        snprintf(p->names[2 * i], sizeof p->names[0], "%d.weight", i);
        snprintf(p->names[2 * i + 1], sizeof p->names[0], "%d.bias", i);
    }
}

static fx_tensor *forward(const perceptron *p, fx_tensor *x)
{
    for (int i = 0; i < p->layers; i++) {
        x = fx_linear(x, p->parameters[2 * i], p->parameters[2 * i + 1]);
        if (i < p->layers - 1) x = p->relu ? fx_relu(x) : fx_tanh(x);
    }
    return x;
}

/* ---- training ----------------------------------------------------------------------------------------- */

typedef struct training {
    fx_context *cx;
    perceptron net;
    fx_tensor *x, *y;
    bool classes; /* cross-entropy with class numbers; mean squared error if not */
    fx_optimizer *optimizer;
    double loss;
} training;

static bool training_step(void *data)
{
    training *t = data;
    bool good = false;
    FX_SCOPE (t->cx) {
        fx_tensor *y = forward(&t->net, t->x);
        fx_tensor *loss = t->classes ? fx_cross_entropy(y, t->y) : fx_mean(fx_square(fx_sub(y, t->y)));
        good = fx_backward(loss) == FX_OK && fx_step(t->optimizer) == FX_OK;
        t->loss = good ? fx_item(loss) : 0;
    }
    return good;
}

static fx_named_list parameters_of(const perceptron *p, fx_named named[2 * MOST_LAYERS], fx_context *cx)
{
    for (int i = 0; i < 2 * p->layers; i++) named[i] = (fx_named){ p->names[i], p->parameters[i] };
    return (fx_named_list){ 2 * p->layers, named, cx };
}

/* Trains, times a step and reports; samples: in a batch, 0 not to tell how many a second. */
static bool train(const char *name, training *t, pace p, int samples)
{
    for (int i = 0; i < CHECK_STEP; i++)
        if (!t->optimizer || !training_step(t)) return false;
    const double check = t->loss, s = median_seconds(training_step, t, p);
    if (s < 0) return false;
    report_begin(name, t->cx, s, check, 6);
    if (samples) report_number("samples_s", samples / s, 0);
    report_end();
    return true;
}

bool mlp_tiny(fx_context *cx)
{
    training t = { .cx = cx, .net = { .layers = 3, .sizes = { 2, 16, 16, 1 } } };
    fx_named named[2 * MOST_LAYERS];
    initialise(cx, &t.net);
    t.x = fill(cx, 1, -1, 1, FX_DIMS(32, 2));
    t.y = fill(cx, 2, -1, 1, FX_DIMS(32, 1));
    t.optimizer = fx_sgd(parameters_of(&t.net, named, cx), .lr = 0.1);
    return train("mlp_tiny", &t, (pace){ .times = 1000, .warm = 100, .repetitions = 15 }, 0);
}

bool mlp_mnist(fx_context *cx)
{
    training t = { .cx = cx,
                   .net = { .layers = 2, .sizes = { 784, 128, 10 }, .relu = true },
                   .classes = true };
    fx_named named[2 * MOST_LAYERS];
    initialise(cx, &t.net);
    t.x = fill(cx, 1, 0, 1, FX_DIMS(64, 784));
    t.y = labels(cx, 2, 64, 10);
    t.optimizer = fx_adam(parameters_of(&t.net, named, cx), .lr = 1e-3);
    return train("mlp_mnist", &t, (pace){ .times = 100, .warm = 10, .repetitions = 15 }, 64);
}

bool mlp_wide(fx_context *cx)
{
    training t = { .cx = cx,
                   .net = { .layers = 3, .sizes = { 784, 1024, 1024, 10 }, .relu = true },
                   .classes = true };
    fx_named named[2 * MOST_LAYERS];
    initialise(cx, &t.net);
    t.x = fill(cx, 1, 0, 1, FX_DIMS(256, 784));
    t.y = labels(cx, 2, 256, 10);
    t.optimizer = fx_adam(parameters_of(&t.net, named, cx), .lr = 1e-3);
    return train("mlp_wide", &t, (pace){ .times = 10, .warm = 3, .repetitions = 9 }, 256);
}

/* ---- Hessian times vector ----------------------------------------------------------------------------- */

typedef struct product {
    fx_context *cx;
    perceptron net;
    fx_tensor *x;
    fx_tensor *direction[2 * MOST_LAYERS];
    double *total; /* of all numbers of the product; NULL: not wanted */
} product;

static double total_of(fx_tensor *const *list, int count)
{
    double total = 0;
    for (int i = 0; i < count; i++) {
        const float *numbers = fx_data_const(list[i]);
        for (int64_t j = 0; j < fx_numel(list[i]); j++) total += (double)numbers[j];
    }
    return total;
}

/* The gradient of mean(net(x)^2) with its graph, and the gradient of that along the directions. */
static bool product_step(void *data)
{
    product *p = data;
    const int n = 2 * p->net.layers;
    const fx_list parameters = { n, p->net.parameters };
    fx_tensor *gradient[2 * MOST_LAYERS], *result[2 * MOST_LAYERS];
    bool good = false;
    FX_SCOPE (p->cx) {
        fx_tensor *y = fx_mean(fx_square(forward(&p->net, p->x)));
        good = y &&
               fx_gradients(gradient, .output = y, .inputs = parameters, .create_graph = true) == FX_OK &&
               fx_gradients(result, .outputs = { n, gradient }, .inputs = parameters,
                            .seeds = { n, p->direction }) == FX_OK;
        if (good && p->total) *p->total = total_of(result, n);
    }
    return good;
}

bool hvp(fx_context *cx)
{
    double check = 0;
    product p = { .cx = cx, .net = { .layers = 3, .sizes = { 64, 128, 128, 1 } }, .total = &check };
    initialise(cx, &p.net);
    p.x = fill(cx, 1, -1, 1, FX_DIMS(64, 64));
    for (int i = 0; i < 2 * p.net.layers; i++)
        p.direction[i] = fill(cx, 50 + i, -1, 1, fx_shape(p.net.parameters[i]));
    if (!product_step(&p)) return false;
    p.total = NULL;
    const double s = median_seconds(product_step, &p, (pace){ .times = 20, .warm = 5, .repetitions = 15 });
    if (s < 0) return false;
    report_begin("hvp", cx, s, check, 4);
    report_end();
    return true;
}
