/* Layers: names, first values, what they compute, what they leave behind, what they refuse.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static double number(const fx_tensor *x, int64_t i)
{
    return fx_dtype_of(x) == FX_F64 ? ((const double *)fx_data_const(x))[i]
                                    : (double)((const float *)fx_data_const(x))[i];
}

static void expect_error(fx_context *cx, fx_status code, const char *part)
{
    cr_assert(fx_error(cx) == code && strstr(fx_error_message(cx), part), "instead of %s: %s", part,
              fx_error_message(cx));
    fx_error_clear(cx);
}

static void has_sizes(const fx_tensor *x, int ndim, const int64_t *sizes)
{
    cr_assert(x && fx_ndim(x) == ndim);
    for (int i = 0; i < ndim; i++) cr_assert(fx_dim(x, i) == sizes[i]);
}
#define SIZES(x, ...)                                                                                        \
    has_sizes(x, sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (int64_t[]){ __VA_ARGS__ })

/* ---- linear -------------------------------------------------------------------------------------------- */

Test(layers, linear_starts_as_pytorchs_does)
{
    fx_context *cx = fx_context_new(.seed = 3);
    fx_module *m = fx_linear_layer(cx, 400, 300);
    fx_tensor *w = fx_module_tensor(m, "weight"), *b = fx_module_tensor(m, "bias");
    SIZES(w, 300, 400);
    SIZES(b, 300);
    cr_assert(fx_requires_grad(w) && fx_requires_grad(b) && fx_dtype_of(w) == FX_F32);
    double mean = 0, square = 0, largest = 0, of_bias = 0;
    for (int64_t i = 0; i < fx_numel(w); i++) {
        mean += number(w, i) / 120000;
        square += number(w, i) * number(w, i) / 120000;
        largest = fmax(largest, fabs(number(w, i)));
    }
    for (int64_t i = 0; i < 300; i++) of_bias = fmax(of_bias, fabs(number(b, i)));
    const double bound = 1 / sqrt(400);
    cr_assert(largest <= bound && largest > 0.999 * bound && of_bias <= bound && of_bias > 0.95 * bound);
    cr_assert(fabs(mean) < 0.01 * bound && fabs(sqrt(square) - bound / sqrt(3)) < 0.01 * bound);
    const char *first = fx_data_const(w), *second = fx_data_const(b);
    cr_assert(second - first == 120000 * 4, "weight and bias lie side by side");
    fx_named_list list = fx_parameters(m);
    cr_assert(list.count == 2 && strcmp(list.at[0].name, "weight") == 0 &&
              strcmp(list.at[1].name, "bias") == 0);
    cr_assert(strcmp(fx_module_kind(m), "linear") == 0);
    cr_assert(fx_finish(cx) == 0);
}

Test(layers, linear_options)
{
    fx_context *cx = fx_context_new(.seed = 3, .dtype = FX_F64);
    fx_module *m = fx_linear_layer(cx, 4, 3, .bias = false), *f = fx_linear_layer(cx, 4, 3, .dtype = FX_F32);
    cr_assert(fx_parameters(m).count == 1 && fx_dtype_of(fx_module_tensor(m, "weight")) == FX_F64);
    cr_assert(fx_dtype_of(fx_module_tensor(f, "bias")) == FX_F32);
    cr_assert(fx_linear_layer(cx, 0, 3) && fx_linear_layer(cx, 3, 0));
    for (int64_t i = 0; i < 3; i++)
        cr_assert(number(fx_module_tensor(fx_linear_layer(cx, 0, 3), "bias"), i) == 0);
    cr_assert(fx_linear_layer(cx, -1, 3) == NULL);
    expect_error(cx, FX_ERROR_ARGUMENT, "linear_layer: a size cannot be negative: -1");
    cr_assert(fx_linear_layer(cx, 4, 3, .dtype = FX_I64) == NULL);
    expect_error(cx, FX_ERROR_DTYPE, "linear_layer: the dtype must be float32 or float64, not int64");
    cr_assert(fx_linear_layer(cx, (int64_t)1 << 40, (int64_t)1 << 40) == NULL);
    expect_error(cx, FX_ERROR_MEMORY, "does not fit in memory");
    cr_assert(fx_linear_layer(NULL, 4, 3) == NULL);
    cr_assert(fx_finish(cx) == 0);
}

Test(layers, linear_computes)
{
    fx_context *cx = fx_context_new(.seed = 3);
    fx_module *m = fx_linear_layer(cx, 3, 2);
    const float w[] = { 1, 2, 3, -1, 0, 2 }, b[] = { 10, 20 }, x[] = { 1, 1, 1, 2, 0, -1 };
    memcpy(fx_data(fx_module_tensor(m, "weight")), w, sizeof(w));
    memcpy(fx_data(fx_module_tensor(m, "bias")), b, sizeof(b));
    const float expected[] = { 16, 21, 9, 16 };
    fx_tensor *y = fx_forward(m, fx_from(cx, FX_F32, x, 2, 3));
    SIZES(y, 2, 2);
    for (int i = 0; i < 4; i++) cr_assert(number(y, i) == expected[i]);
    SIZES(fx_forward(m, fx_from(cx, FX_F32, x, 3)), 2);
    SIZES(fx_forward(m, fx_from(cx, FX_F32, x, 1, 2, 3)), 1, 2, 2);
    SIZES(fx_forward(m, fx_zeros(cx, FX_F32, 0, 3)), 0, 2);
    cr_assert(fx_forward(m, fx_zeros(cx, FX_F32, 2, 4)) == NULL);
    expect_error(cx, FX_ERROR_SHAPE, fx_name("layers_test.c:%d: linear: ", __LINE__ - 1));
    cr_assert(fx_finish(cx) == 0);
}

/* ---- embedding ----------------------------------------------------------------------------------------- */

Test(layers, embedding)
{
    fx_context *cx = fx_context_new(.seed = 8);
    fx_module *m = fx_embedding_layer(cx, 500, 40), *padded = fx_embedding_layer(cx, 5, 3, .padding_idx = -2);
    fx_tensor *w = fx_module_tensor(m, "weight"), *p = fx_module_tensor(padded, "weight");
    double mean = 0, square = 0;
    for (int64_t i = 0; i < 20000; i++)
        mean += number(w, i) / 20000, square += number(w, i) * number(w, i) / 20000;
    cr_assert(fabs(mean) < 0.035 && fabs(square - 1) < 0.05 && fx_requires_grad(w));
    const int64_t index[] = { 3, 0, 3, 1 };
    fx_tensor *x = fx_from(cx, FX_I64, index, 2, 2), *y = fx_forward(m, x);
    SIZES(y, 2, 2, 40);
    for (int i = 0; i < 160; i++) cr_assert(number(y, i) == number(w, index[i / 40] * 40 + i % 40));
    cr_assert(fx_backward(fx_forward(padded, x), .seed = fx_ones(cx, FX_F32, 2, 2, 3)) == FX_OK);
    for (int i = 0; i < 15; i++) {
        const int row = i / 3;
        cr_assert((number(p, i) == 0) == (row == 3), "the row of padding starts as zeros");
        cr_assert(number(fx_grad(p), i) == (row == 0 || row == 1), "and gets no gradient");
    }
    cr_assert(fx_embedding_layer(cx, 5, 3, .padding_idx = 5) == NULL);
    expect_error(cx, FX_ERROR_INDEX, "embedding_layer: padding_idx 5 is out of range for 5 rows");
    cr_assert(fx_embedding_layer(cx, -5, 3) == NULL && fx_embedding_layer(NULL, 5, 3) == NULL);
    expect_error(cx, FX_ERROR_ARGUMENT, "a size cannot be negative");
    cr_assert(fx_embedding_layer(cx, (int64_t)1 << 40, (int64_t)1 << 40) == NULL);
    expect_error(cx, FX_ERROR_MEMORY, "does not fit in memory");
    cr_assert(fx_forward(m, fx_full(cx, FX_I64, 500, 1)) == NULL);
    expect_error(cx, FX_ERROR_INDEX, "layers_test.c:");
    cr_assert(fx_finish(cx) == 0);
}

/* ---- activations, flatten ------------------------------------------------------------------------------ */

Test(layers, activations_are_the_ops)
{
    fx_context *cx = fx_context_new(.seed = 4);
    fx_tensor *x = fx_randn(cx, FX_F32, 50);
#define EXPECTED(name, op, word, gain) fx_##op(x),
    fx_tensor *expected[] = { x, FX_ACTIVATION_LIST(EXPECTED) };
    for (int a = 0; a < FX_ACTIVATION_COUNT; a++) {
        fx_module *m = fx_activation_layer(cx, (fx_activation)a);
        cr_assert(strcmp(fx_module_kind(m), fx_activation_name((fx_activation)a)) == 0);
        cr_assert(fx_digest(fx_forward(m, x)) == fx_digest(expected[a]) && fx_parameters(m).count == 0);
    }
    cr_assert(fx_activation_layer(cx, FX_ACTIVATION_COUNT) == NULL);
    expect_error(cx, FX_ERROR_ARGUMENT, "activation_layer: there is no activation of number");
    cr_assert(strcmp(fx_activation_name(FX_ACTIVATION_COUNT), "?") == 0);
    cr_assert(fx_finish(cx) == 0);
}

Test(layers, flatten)
{
    fx_context *cx = fx_context_new(.seed = 4);
    fx_tensor *x = fx_randn(cx, FX_F32, 2, 3, 4, 5);
    SIZES(fx_forward(fx_flatten_layer(cx), x), 2, 60);
    SIZES(fx_forward(fx_flatten_layer(cx, .start = 0), x), 120);
    SIZES(fx_forward(fx_flatten_layer(cx, .start = 1, .end = 2), x), 2, 12, 5);
    SIZES(fx_forward(fx_flatten_layer(cx, .start = -2, .end = -1), x), 2, 3, 20);
    SIZES(fx_forward(fx_flatten_layer(cx), fx_zeros(cx, FX_F32, 0, 3, 4)), 0, 12);
    SIZES(fx_forward(fx_flatten_layer(cx, .start = 0), fx_scalar(cx, FX_F32, 1)), 1);
    cr_assert(fx_forward(fx_flatten_layer(cx, .start = 2, .end = 2), x) == x);
    cr_assert(fx_forward(fx_flatten_layer(cx), fx_zeros(cx, FX_F32, 5)) == NULL);
    expect_error(cx, FX_ERROR_SHAPE, "flatten: there are no dimensions from 1 to -1 of 1");
    cr_assert(fx_finish(cx) == 0);
}

/* ---- dropout ------------------------------------------------------------------------------------------- */

Test(layers, dropout)
{
    fx_context *cx = fx_context_new(.seed = 5);
    fx_tensor *x = fx_full(cx, FX_F32, 3, 100, 100);
    fx_module *m = fx_dropout_layer(cx, 0.25), *all = fx_dropout_layer(cx, 1),
              *none = fx_dropout_layer(cx, 0);
    fx_tensor *y = fx_forward(m, x), *z = fx_forward(m, x), *zeros = fx_forward(all, x);
    int dropped = 0, differ = 0;
    for (int i = 0; i < 10000; i++) {
        cr_assert(number(y, i) == 0 || number(y, i) == 4);
        cr_assert(number(zeros, i) == 0);
        dropped += number(y, i) == 0;
        differ += number(y, i) != number(z, i);
    }
    cr_assert(dropped > 2280 && dropped < 2720, "%d of 10,000 dropped",
              dropped); /* five standard deviations */
    cr_assert(differ > 3000, "each call draws its own");
    fx_eval(m), fx_eval(all);
    cr_assert(fx_forward(m, x) == x && fx_forward(all, x) == x && fx_forward(none, x) == x);
    cr_assert(fx_dropout_layer(cx, 1.5) == NULL);
    expect_error(cx, FX_ERROR_ARGUMENT, "dropout_layer: a probability lies in [0, 1], and p is 1.5");
    cr_assert(fx_dropout_layer(cx, -0.1) == NULL && fx_dropout_layer(cx, NAN) == NULL);
    fx_error_clear(cx);
    cr_assert(fx_finish(cx) == 0);
}

/* ---- several layers ------------------------------------------------------------------------------------ */

Test(layers, sequential_and_mlp_have_pytorchs_names)
{
    fx_context *cx = fx_context_new(.seed = 6);
    fx_module *a = fx_mlp(cx, FX_RELU, 784, 128, 10);
    fx_set_random_state(cx, (fx_random_state){ 6, 0 });
    fx_module *b = fx_sequential(cx, fx_linear_layer(cx, 784, 128), fx_activation_layer(cx, FX_RELU),
                                 fx_linear_layer(cx, 128, 10));
    static const char *const names[] = { "0.weight", "0.bias", "2.weight", "2.bias" };
    cr_assert(fx_parameters(a).count == 4 && fx_parameters(b).count == 4 && fx_parameter_count(a) == 101770);
    for (int i = 0; i < 4; i++) {
        cr_assert(strcmp(fx_parameters(a).at[i].name, names[i]) == 0);
        cr_assert(strcmp(fx_parameters(b).at[i].name, names[i]) == 0);
    }
    cr_assert(fx_module_digest(a) == fx_module_digest(b) && fx_module_digest(a) != 0);
    fx_tensor *x = fx_randn(cx, FX_F32, 3, 784);
    cr_assert(fx_digest(fx_forward(a, x)) == fx_digest(fx_forward(b, x)));
    const char *first = fx_data_const(fx_parameters(a).at[0].tensor),
               *last = fx_data_const(fx_parameters(a).at[3].tensor);
    cr_assert(last - first == (784 * 128 + 128 + 1280) * 4, "all parameters in one block");
    cr_assert(fx_finish(cx) == 0);
}

Test(layers, mlp_takes_images)
{
    fx_context *cx = fx_context_new(.seed = 6);
    fx_module *net = fx_mlp(cx, FX_TANH, 12, 5, 4, 2);
    fx_tensor *x = fx_randn(cx, FX_F32, 3, 12);
    const uint64_t flat = fx_digest(fx_forward(net, x));
    SIZES(fx_forward(net, fx_reshape(x, 3, 3, 4)), 3, 2);
    cr_assert(fx_digest(fx_forward(net, fx_reshape(x, 3, 3, 4))) == flat);
    cr_assert(fx_digest(fx_forward(net, fx_reshape(x, 3, 1, 2, 6))) == flat);
    SIZES(fx_forward(net, fx_zeros(cx, FX_F32, 12)), 2);
    SIZES(fx_forward(net, fx_zeros(cx, FX_F32, 0, 3, 4)), 0, 2);
    cr_assert(fx_forward(net, fx_zeros(cx, FX_F32, 3, 3, 3)) == NULL);
    expect_error(cx, FX_ERROR_SHAPE, fx_name("layers_test.c:%d: linear: ", __LINE__ - 1));
    cr_assert(fx_mlp(cx, FX_RELU, 3) == NULL);
    expect_error(cx, FX_ERROR_ARGUMENT, "mlp: takes two sizes at least");
    cr_assert(fx_mlp(cx, FX_RELU, 3, -3) == NULL && fx_mlp(cx, (fx_activation)-1, 3, 3) == NULL);
    fx_error_clear(cx);
    SIZES(fx_forward(fx_mlp(cx, FX_IDENTITY, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2), fx_zeros(cx, FX_F32, 1, 2)),
          1, 2);
    cr_assert(fx_sequential(cx, fx_flatten_layer(cx), NULL) == NULL);
    cr_assert(fx_finish(cx) == 0);
}

/* The most memory that a forward takes without a graph, with its result alone left afterwards. */
static int64_t peak(fx_context *cx, fx_module *net, fx_tensor *x)
{
    const int64_t before = fx_context_stats(cx).tensor_bytes;
    fx_stats_reset_peak(cx);
    FX_SCOPE (cx)
        FX_NO_GRAD (cx) {
            fx_tensor *y = fx_forward(net, x);
            cr_assert(fx_context_stats(cx).tensor_bytes - before == fx_numel(y) * 4);
        }
    return fx_context_stats(cx).peak_bytes - before;
}

Test(layers, without_a_graph_depth_costs_no_memory)
{
    fx_context *cx = fx_context_new(.seed = 7, .threads = 1);
    fx_tensor *x = fx_randn(cx, FX_F32, 32, 64);
    const int64_t two = peak(cx, fx_mlp(cx, FX_RELU, 64, 500, 500, 32), x);
    const int64_t six = peak(cx, fx_mlp(cx, FX_RELU, 64, 500, 500, 500, 500, 500, 500, 32), x);
    cr_assert(two == six, "%lld bytes for two hidden layers, %lld for six", (long long)two, (long long)six);
    cr_assert(fx_finish(cx) == 0);
}

/* What no gradient needs is gone before the forward returns: of a hidden layer one of two results is left. */
Test(layers, with_a_graph_what_gradients_need_is_left)
{
    fx_context *cx = fx_context_new(.seed = 7, .threads = 1);
    fx_module *net = fx_mlp(cx, FX_RELU, 64, 1000, 1000, 1000, 8);
    fx_tensor *x = fx_randn(cx, FX_F32, 32, 64);
    int64_t before = 0, row = 32 * 1000 * 4;
    for (int round = 0; round < 2; round++) {
        before = fx_context_stats(cx).tensor_bytes; /* the second time with what belongs to the parameters */
        FX_SCOPE (cx) {
            fx_tensor *y = fx_forward(net, x);
            const int64_t held = fx_context_stats(cx).tensor_bytes - before;
            cr_assert(held <= 3 * row + 32 * 8 * 4 + 4096, "%lld bytes for three hidden layers",
                      (long long)held);
            cr_assert(fx_backward(y, .seed = fx_ones(cx, FX_F32, 32, 8)) == FX_OK);
        }
        fx_module_zero_grad(net);
    }
    cr_assert(fx_context_stats(cx).tensor_bytes == before);
    cr_assert(fx_finish(cx) == 0);
}
