/* Layers of images and sequences: names, first values, running statistics, what they refuse.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static double number(const fx_tensor *x, int64_t i)
{
    double at = NAN;
    fx_tensor *flat = fx_reshape((fx_tensor *)(uintptr_t)x, fx_numel(x));
    fx_tensor *one = flat ? fx_select(flat, 0, i) : NULL;
    if (one) at = fx_item(one);
    return at;
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

static void has_names(fx_named_list list, int count, const char *const *names)
{
    cr_assert(list.count == count, "%d names, not %d", (int)list.count, count);
    for (int i = 0; i < count; i++) cr_assert(strcmp(list.at[i].name, names[i]) == 0, "%s", list.at[i].name);
}
#define NAMES(list, ...)                                                                                     \
    has_names(list, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), (const char *[]){ __VA_ARGS__ })

/* The largest number of x, which should come close to a bound. */
static void is_bounded_by(const fx_tensor *x, double bound)
{
    double largest = 0;
    for (int64_t i = 0; i < fx_numel(x); i++) largest = fmax(largest, fabs(number(x, i)));
    cr_assert(largest <= bound && largest > 0.8 * bound, "%g, bound %g", largest, bound);
}

Test(spatial, convolutions_start_as_pytorchs_do)
{
    fx_context *cx = fx_context_new(.seed = 5);
    fx_module *m = fx_conv2d_layer(cx, 8, 12, 3, .padding = 1, .groups = 2);
    SIZES(fx_module_tensor(m, "weight"), 12, 4, 3, 3);
    is_bounded_by(fx_module_tensor(m, "weight"), 1 / sqrt(36));
    is_bounded_by(fx_module_tensor(m, "bias"), 1 / sqrt(36));
    NAMES(fx_parameters(m), "weight", "bias");
    SIZES(fx_forward(m, fx_randn(cx, FX_F32, 2, 8, 5, 6)), 2, 12, 5, 6);
    fx_module *t =
        fx_conv_transpose1d_layer(cx, 6, 4, .kernel_sizes = FX_DIMS(5), .stride = 2, .bias = false);
    SIZES(fx_module_tensor(t, "weight"), 6, 4, 5);
    is_bounded_by(fx_module_tensor(t, "weight"), 1 / sqrt(20));
    NAMES(fx_parameters(t), "weight");
    SIZES(fx_forward(t, fx_randn(cx, FX_F32, 6, 7)), 4, 17);
    SIZES(fx_forward(fx_conv3d_layer(cx, 1, 2, 2), fx_randn(cx, FX_F32, 1, 1, 3, 4, 5)), 1, 2, 2, 3, 4);
    cr_assert(fx_finish(cx) == 0);
}

/* What stands outside x, by mode: the sums of windows of three ones over 1 2 3. */
Test(spatial, padding_modes)
{
    static const struct {
        int mode;
        double first, last;
    } cases[] = { { FX_PAD_CONSTANT, 3, 5 },
                  { FX_PAD_REFLECT, 5, 7 },
                  { FX_PAD_REPLICATE, 4, 8 },
                  { FX_PAD_CIRCULAR, 6, 6 } };
    fx_context *cx = fx_context_new(.seed = 5);
    fx_tensor *x = fx_from(cx, FX_F32, ((float[]){ 1, 2, 3 }), 1, 3);
    for (int i = 0; i < 4; i++)
        for (int same = 0; same < 2; same++) {
            fx_module *m = fx_conv1d_layer(cx, 1, 1, 3, .padding = same ? 0 : 1, .same = same, .bias = false,
                                           .padding_mode = cases[i].mode);
            fx_init_constant_at(fx_module_tensor(m, "weight"), 1, FX_HERE);
            fx_tensor *y = fx_forward(m, x);
            SIZES(y, 1, 3);
            cr_assert(number(y, 0) == cases[i].first && number(y, 1) == 6 && number(y, 2) == cases[i].last);
        }
    cr_assert(fx_finish(cx) == 0);
}

Test(spatial, layers_refuse)
{
    fx_context *cx = fx_context_new(.seed = 5);
    cr_assert(!fx_conv2d_layer(cx, 3, 4, 3, .groups = 2));
    expect_error(cx, FX_ERROR_ARGUMENT, "conv2d_layer: kernels must be positive");
    cr_assert(!fx_conv2d_layer(cx, 3, 4, 0));
    expect_error(cx, FX_ERROR_ARGUMENT, "conv2d_layer: kernels must be positive");
    cr_assert(!fx_conv1d_layer(cx, 3, 4, 3, .dtype = FX_I64));
    expect_error(cx, FX_ERROR_DTYPE, "conv1d_layer");
    cr_assert(!fx_batch_norm2d_layer(cx, -1));
    expect_error(cx, FX_ERROR_ARGUMENT, "batch_norm2d_layer: a size cannot be negative");
    cr_assert(!fx_group_norm_layer(cx, 2, 3));
    expect_error(cx, FX_ERROR_ARGUMENT, "group_norm_layer: 2 groups do not divide 3 channels");
    cr_assert(!fx_multihead_attention_layer(cx, 6, 4));
    expect_error(cx, FX_ERROR_ARGUMENT, "4 heads must divide the width 6");
    fx_module *m = fx_batch_norm2d_layer(cx, 3);
    cr_assert(!fx_forward(m, fx_randn(cx, FX_F32, 2, 3)));
    expect_error(cx, FX_ERROR_SHAPE, "batch_norm2d: x has 2 dimensions");
    cr_assert(!fx_forward(m, fx_randn(cx, FX_F32, 2, 4, 2, 2)));
    expect_error(cx, FX_ERROR_SHAPE, "the layer 3 channels");
    cr_assert(!fx_forward(fx_batch_norm1d_layer(cx, 3), fx_randn(cx, FX_F32, 1, 3)));
    expect_error(cx, FX_ERROR_SHAPE, "one number a channel");
    cr_assert(!fx_forward(fx_bilinear_layer(cx, 2, 3, 4), fx_randn(cx, FX_F32, 2)));
    expect_error(cx, FX_ERROR_ARGUMENT, "");
    cr_assert(fx_finish(cx) == 0);
}

/* ---- norms ------------------------------------------------------------------------------------------------
 */

Test(spatial, running_statistics)
{
    fx_context *cx = fx_context_new(.dtype = FX_F64);
    fx_module *m = fx_batch_norm1d_layer(cx, 2);
    NAMES(fx_state(m), "weight", "bias", "running_mean", "running_var", "num_batches_tracked");
    fx_tensor *mean = fx_module_tensor(m, "running_mean"), *variance = fx_module_tensor(m, "running_var");
    fx_tensor *count = fx_module_tensor(m, "num_batches_tracked");
    cr_assert(number(mean, 0) == 0 && number(variance, 1) == 1 && fx_item_int(count) == 0 &&
              fx_dtype_of(count) == FX_I64);
    fx_tensor *x = fx_from(cx, FX_F64, ((double[]){ 1, 10, 3, 30, 5, 50 }), 3, 2);
    fx_tensor *y = fx_forward(m, x);
    /* means 3 and 30, biased variances 8/3 and 800/3, unbiased 4 and 400 */
    cr_assert_float_eq(number(y, 0), -2 / sqrt(8.0 / 3 + 1e-5), 1e-14);
    cr_assert_float_eq(number(mean, 1), 3, 1e-14);
    cr_assert_float_eq(number(variance, 0), 0.9 + 0.4, 1e-14);
    cr_assert_float_eq(number(variance, 1), 0.9 + 40, 1e-13);
    cr_assert(fx_item_int(count) == 1);
    fx_eval(m);
    y = fx_forward(m, x);
    cr_assert_float_eq(number(y, 1), (10 - 3) / sqrt(40.9 + 1e-5), 1e-13);
    cr_assert(fx_item_int(count) == 1);
    cr_assert(fx_finish(cx) == 0);
}

Test(spatial, cumulative_statistics_are_the_mean_of_all)
{
    fx_context *cx = fx_context_new(.dtype = FX_F64);
    fx_module *m = fx_batch_norm1d_layer(cx, 1, .cumulative = true);
    for (int i = 0; i < 4; i++) {
        fx_tensor *x = fx_from(cx, FX_F64, ((double[]){ i, i + 2 }), 2, 1);
        cr_assert(fx_forward(m, x));
    }
    cr_assert_float_eq(number(fx_module_tensor(m, "running_mean"), 0), 2.5, 1e-14);
    cr_assert_float_eq(number(fx_module_tensor(m, "running_var"), 0), 2, 1e-14);
    cr_assert(fx_finish(cx) == 0);
}

/* A second derivative runs the norm again, and moves nothing. */
Test(spatial, second_derivatives_leave_running_statistics_alone)
{
    fx_context *cx = fx_context_new(.dtype = FX_F64, .seed = 2);
    fx_module *m = fx_batch_norm2d_layer(cx, 3);
    fx_tensor *x = fx_parameter(fx_randn(cx, FX_F64, 2, 3, 4, 4)), *g = NULL, *second = NULL;
    fx_tensor *y = fx_sum(fx_mul(fx_forward(m, x), fx_square(x)));
    const double mean = number(fx_module_tensor(m, "running_mean"), 1);
    cr_assert(!fx_gradients(&g, .outputs = FX_LIST(y), .inputs = FX_LIST(x), .create_graph = true));
    cr_assert(!fx_gradients(&second, .outputs = FX_LIST(fx_sum(fx_square(g))), .inputs = FX_LIST(x)));
    cr_assert(number(fx_module_tensor(m, "running_mean"), 1) == mean);
    cr_assert(fx_item_int(fx_module_tensor(m, "num_batches_tracked")) == 1);
    cr_assert(fx_finish(cx) == 0);
}

Test(spatial, without_running_statistics_eval_uses_the_batch)
{
    fx_context *cx = fx_context_new(.dtype = FX_F64, .seed = 2);
    fx_module *m = fx_batch_norm1d_layer(cx, 2, .track_running_stats = false),
              *i = fx_instance_norm2d_layer(cx, 3);
    fx_tensor *x = fx_randn(cx, FX_F64, 5, 2), *first = fx_forward(m, x);
    fx_eval(m);
    cr_assert(fx_digest(first) == fx_digest(fx_forward(m, x)));
    cr_assert(fx_state(m).count == 2 && fx_state(i).count == 0);
    SIZES(fx_forward(i, fx_randn(cx, FX_F64, 3, 4, 4)), 3, 4, 4);
    cr_assert(fx_finish(cx) == 0);
}

Test(spatial, norms_over_the_last_dimensions)
{
    fx_context *cx = fx_context_new(.dtype = FX_F64, .seed = 2);
    fx_tensor *x = fx_randn(cx, FX_F64, 2, 3, 4);
    fx_module *l = fx_layer_norm_layer(cx, 4),
              *both = fx_layer_norm_layer(cx, .sizes = FX_DIMS(3, 4), .bias = false);
    fx_module *r = fx_rms_norm_layer(cx, 4), *plain = fx_layer_norm_layer(cx, 4, .affine = false);
    NAMES(fx_parameters(l), "weight", "bias");
    NAMES(fx_parameters(both), "weight");
    NAMES(fx_parameters(r), "weight");
    cr_assert(fx_parameters(plain).count == 0);
    SIZES(fx_module_tensor(both, "weight"), 3, 4);
    cr_assert(fx_digest(fx_forward(l, x)) == fx_digest(fx_forward(plain, x)),
              "ones and zeros change nothing");
    double square = 0;
    fx_tensor *y = fx_forward(r, x);
    for (int64_t i = 0; i < 4; i++) square += number(y, i) * number(y, i) / 4;
    cr_assert_float_eq(square, 1, 1e-14);
    cr_assert(fx_finish(cx) == 0);
}

/* ---- attention, pools -------------------------------------------------------------------------------------
 */

Test(spatial, attention_has_pytorchs_names)
{
    fx_context *cx = fx_context_new(.seed = 4);
    fx_module *m = fx_multihead_attention_layer(cx, 12, 3, .batch_first = true);
    NAMES(fx_parameters(m), "in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias");
    is_bounded_by(fx_module_tensor(m, "in_proj_weight"), sqrt(6.0 / 48));
    for (int64_t i = 0; i < 12; i++) cr_assert(number(fx_module_tensor(m, "out_proj.bias"), i) == 0);
    fx_module *wide = fx_multihead_attention_layer(cx, 4, 2, .key_size = 3, .value_size = 5, .bias = false);
    NAMES(fx_parameters(wide), "q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight");
    fx_tensor *weights = NULL, *x = fx_randn(cx, FX_F32, 2, 5, 12);
    SIZES(fx_attend(m, x, x, x, .is_causal = true, .weights = &weights), 2, 5, 12);
    SIZES(weights, 2, 5, 5);
    cr_assert(number(weights, 1) == 0 && fabs(number(weights, 0) - 1) < 1e-6, "the first sees itself alone");
    SIZES(fx_attend(wide, fx_randn(cx, FX_F32, 6, 2, 4), fx_randn(cx, FX_F32, 7, 2, 3),
                    fx_randn(cx, FX_F32, 7, 2, 5), .each_head = true, .weights = &weights),
          6, 2, 4);
    SIZES(weights, 2, 2, 6, 7);
    cr_assert(fx_finish(cx) == 0);
}

Test(spatial, a_small_network_learns)
{
    fx_context *cx = fx_context_new(.seed = 4);
    fx_module *m = fx_sequential(cx, fx_conv2d_layer(cx, 1, 4, 3, .padding = 1), fx_batch_norm2d_layer(cx, 4),
                                 fx_activation_layer(cx, FX_RELU), fx_max_pool2d_layer(cx, 2),
                                 fx_conv2d_layer(cx, 4, 8, 3), fx_adaptive_avg_pool2d_layer(cx, 1),
                                 fx_flatten_layer(cx), fx_linear_layer(cx, 8, 2));
    fx_optimizer *adam = fx_adam(fx_parameters(m), .lr = 0.02);
    fx_tensor *x = fx_randn(cx, FX_F32, 16, 1, 8, 8), *target = fx_zeros(cx, FX_I64, 16);
    for (int i = 0; i < 16; i++) ((int64_t *)fx_data(target))[i] = i % 2;
    double first = 0, last = 0;
    for (int step = 0; step < 40; step++)
        FX_SCOPE (cx) {
            fx_tensor *loss = fx_cross_entropy(fx_forward(m, x), target);
            fx_backward(loss);
            fx_step(adam);
            fx_module_zero_grad(m);
            last = fx_item(loss);
            if (step == 0) first = last;
        }
    cr_assert(last < 0.5 * first, "from %g to %g", first, last);
    cr_assert(fx_finish(cx) == 0);
}
