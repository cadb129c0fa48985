/* Cases of modules: a class with its constructor's arguments and its state, what came out of a call,
 * gradients in inputs and parameters, and the buffers afterwards. Modules without parameters are the
 * functions of their names.
 */
#include "oracle.h"
#include <fluxion/nn.h>
#include <string.h>

/* ---- arguments of a constructor --------------------------------------------------------------------------
 */

static const json_t *given(const trial *t, size_t i, const char *name)
{
    const json_t *constructor = json_object_get(t->json, "constructor");
    return argument(json_object_get(constructor, "args"), i, json_object_get(constructor, "kwargs"), name);
}

static int64_t integer(const trial *t, size_t i, const char *name, int64_t otherwise)
{
    const json_t *v = given(t, i, name);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static double real(const trial *t, size_t i, const char *name, double otherwise)
{
    const json_t *v = given(t, i, name);
    return json_is_number(v) ? json_number_value(v) : otherwise;
}

static bool truth(const trial *t, size_t i, const char *name, bool otherwise)
{
    const json_t *v = given(t, i, name);
    return json_is_boolean(v) ? json_is_true(v) : otherwise;
}

static fx_dims dims(const trial *t, size_t i, const char *name)
{
    const json_t *v = given(t, i, name);
    fx_dims d = { 0 };
    size_t k;
    json_t *each;
    if (json_is_integer(v)) d = (fx_dims){ true, 1, { json_integer_value(v) } };
    if (json_is_array(v)) d.given = true;
    json_array_foreach(v, k, each) if (d.count < FX_MAX_DIMS) d.at[d.count++] =
        json_is_null(each) ? -1 : json_integer_value(each);
    return d;
}

static bool says(const trial *t, size_t i, const char *name, const char *word)
{
    const char *text = json_string_value(given(t, i, name));
    return text && !strcmp(text, word);
}

/* ---- makers ----------------------------------------------------------------------------------------------
 */

typedef fx_module *maker(trial *t);

static fx_module *linear(trial *t)
{
    return fx_linear_layer(t->cx, integer(t, 0, "in_features", 0), integer(t, 1, "out_features", 0),
                           .bias = truth(t, 2, "bias", true));
}

static fx_module *embedding(trial *t)
{
    return fx_embedding_layer(t->cx, integer(t, 0, "num_embeddings", 0), integer(t, 1, "embedding_dim", 0),
                              .padding_idx = integer(t, 2, "padding_idx", FX_NO_INDEX));
}

static fx_module *bilinear(trial *t)
{
    return fx_bilinear_layer(t->cx, integer(t, 0, "in1_features", 0), integer(t, 1, "in2_features", 0),
                             integer(t, 2, "out_features", 0), .bias = truth(t, 3, "bias", true));
}

static fx_conv_layer_args conv_args(const trial *t)
{
    fx_conv_layer_args a = { .cx = t->cx,
                             .in = integer(t, 0, "in_channels", 0),
                             .out = integer(t, 1, "out_channels", 0),
                             .kernel_sizes = dims(t, 2, "kernel_size"),
                             .strides = dims(t, 3, "stride"),
                             .paddings = dims(t, 4, "padding"),
                             .dilations = dims(t, 5, "dilation"),
                             .groups = integer(t, 6, "groups", 1),
                             .bias = truth(t, 7, "bias", true),
                             .same = says(t, 4, "padding", "same") };
    static const char *const modes[] = { "zeros", "reflect", "replicate", "circular" };
    for (int i = 0; i < 4; i++)
        if (says(t, 8, "padding_mode", modes[i])) a.padding_mode = i;
    return a;
}

static fx_module *conv1d(trial *t) { return fx_conv1d_layer_at(conv_args(t), FX_HERE); }
static fx_module *conv2d(trial *t) { return fx_conv2d_layer_at(conv_args(t), FX_HERE); }
static fx_module *conv3d(trial *t) { return fx_conv3d_layer_at(conv_args(t), FX_HERE); }

static fx_conv_transpose_layer_args transpose_args(const trial *t)
{
    return (fx_conv_transpose_layer_args){ .cx = t->cx,
                                           .in = integer(t, 0, "in_channels", 0),
                                           .out = integer(t, 1, "out_channels", 0),
                                           .kernel_sizes = dims(t, 2, "kernel_size"),
                                           .strides = dims(t, 3, "stride"),
                                           .paddings = dims(t, 4, "padding"),
                                           .output_paddings = dims(t, 5, "output_padding"),
                                           .groups = integer(t, 6, "groups", 1),
                                           .bias = truth(t, 7, "bias", true),
                                           .dilations = dims(t, 8, "dilation") };
}

static fx_module *transposed1d(trial *t) { return fx_conv_transpose1d_layer_at(transpose_args(t), FX_HERE); }
static fx_module *transposed2d(trial *t) { return fx_conv_transpose2d_layer_at(transpose_args(t), FX_HERE); }
static fx_module *transposed3d(trial *t) { return fx_conv_transpose3d_layer_at(transpose_args(t), FX_HERE); }

static fx_batch_norm_layer_args norm_args(const trial *t, bool otherwise)
{
    const json_t *momentum = given(t, 2, "momentum");
    return (fx_batch_norm_layer_args){ .cx = t->cx,
                                       .channels = integer(t, 0, "num_features", 0),
                                       .eps = real(t, 1, "eps", 1e-5),
                                       .momentum = real(t, 2, "momentum", 0.1),
                                       .cumulative = json_is_null(momentum),
                                       .affine = truth(t, 3, "affine", otherwise),
                                       .track_running_stats = truth(t, 4, "track_running_stats", otherwise) };
}

static fx_module *batch_norm1d(trial *t) { return fx_batch_norm1d_layer_at(norm_args(t, true), FX_HERE); }
static fx_module *batch_norm2d(trial *t) { return fx_batch_norm2d_layer_at(norm_args(t, true), FX_HERE); }
static fx_module *batch_norm3d(trial *t) { return fx_batch_norm3d_layer_at(norm_args(t, true), FX_HERE); }
static fx_module *instance_norm1d(trial *t)
{
    return fx_instance_norm1d_layer_at(norm_args(t, false), FX_HERE);
}
static fx_module *instance_norm2d(trial *t)
{
    return fx_instance_norm2d_layer_at(norm_args(t, false), FX_HERE);
}
static fx_module *instance_norm3d(trial *t)
{
    return fx_instance_norm3d_layer_at(norm_args(t, false), FX_HERE);
}

static fx_module *layer_norm(trial *t)
{
    return fx_layer_norm_layer(t->cx, .sizes = dims(t, 0, "normalized_shape"), .eps = real(t, 1, "eps", 1e-5),
                               .affine = truth(t, 2, "elementwise_affine", true));
}

static fx_module *group_norm(trial *t)
{
    return fx_group_norm_layer(t->cx, integer(t, 0, "num_groups", 0), integer(t, 1, "num_channels", 0),
                               .eps = real(t, 2, "eps", 1e-5), .affine = truth(t, 3, "affine", true));
}

static fx_module *attention(trial *t)
{
    return fx_multihead_attention_layer(
        t->cx, integer(t, 0, "embed_dim", 0), integer(t, 1, "num_heads", 0),
        .dropout = real(t, 2, "dropout", 0), .bias = truth(t, 3, "bias", true),
        .add_bias_kv = truth(t, 4, "add_bias_kv", false),
        .add_zero_attn = truth(t, 5, "add_zero_attn", false), .key_size = integer(t, 6, "kdim", 0),
        .value_size = integer(t, 7, "vdim", 0), .batch_first = truth(t, 8, "batch_first", false));
}

static fx_recurrent_layer_args recurrent_args(const trial *t)
{
    return (fx_recurrent_layer_args){ .cx = t->cx,
                                      .in = integer(t, 0, "input_size", 0),
                                      .hidden = integer(t, 1, "hidden_size", 0),
                                      .layers = integer(t, 2, "num_layers", 1),
                                      .bias = truth(t, 3, "bias", true),
                                      .batch_first = truth(t, 4, "batch_first", false),
                                      .dropout = real(t, 5, "dropout", 0),
                                      .bidirectional = truth(t, 6, "bidirectional", false),
                                      .proj_size = integer(t, 7, "proj_size", 0),
                                      .nonlinearity = FX_TANH };
}

static fx_module *rnn(trial *t)
{
    fx_recurrent_layer_args a = recurrent_args(t);
    if (says(t, 8, "nonlinearity", "relu")) a.nonlinearity = FX_RELU;
    return fx_rnn_layer_at(a, FX_HERE);
}
static fx_module *lstm(trial *t) { return fx_lstm_layer_at(recurrent_args(t), FX_HERE); }
static fx_module *gru(trial *t) { return fx_gru_layer_at(recurrent_args(t), FX_HERE); }

static fx_recurrent_cell_args cell_args(const trial *t)
{
    return (fx_recurrent_cell_args){ .cx = t->cx,
                                     .in = integer(t, 0, "input_size", 0),
                                     .hidden = integer(t, 1, "hidden_size", 0),
                                     .bias = truth(t, 2, "bias", true),
                                     .nonlinearity = says(t, 3, "nonlinearity", "relu") ? FX_RELU : FX_TANH };
}
static fx_module *rnn_cell(trial *t) { return fx_rnn_cell_at(cell_args(t), FX_HERE); }
static fx_module *lstm_cell(trial *t) { return fx_lstm_cell_at(cell_args(t), FX_HERE); }
static fx_module *gru_cell(trial *t) { return fx_gru_cell_at(cell_args(t), FX_HERE); }

/* ---- calls -----------------------------------------------------------------------------------------------
 */

static fx_tensor *input(trial *t, size_t i, const char *name)
{
    json_t *v = argument(json_object_get(t->json, "args"), i, json_object_get(t->json, "kwargs"), name);
    return v ? tensor_of(t, v) : NULL;
}

static bool forward(trial *t, fx_module *m)
{
    t->out[0] = fx_forward(m, input(t, 0, "input"));
    t->outs = t->out[0] != NULL;
    return t->outs;
}

static bool forward_of_two(trial *t, fx_module *m)
{
    t->out[0] = fx_bilinear_forward(m, input(t, 0, "input1"), input(t, 1, "input2"));
    t->outs = t->out[0] != NULL;
    return t->outs;
}

static bool attend(trial *t, fx_module *m)
{
    t->out[0] = fx_attend(m, input(t, 0, "query"), input(t, 1, "key"), input(t, 2, "value"),
                          .key_padding_mask = input(t, 3, "key_padding_mask"),
                          .attn_mask = input(t, 5, "attn_mask"), .weights = &t->out[1]);
    t->outs = t->out[0] ? 2 : 0;
    return t->outs;
}

/* h, or (h, c) of an LSTM, as the second argument has them. */
static void states(trial *t, fx_tensor **h, fx_tensor **c)
{
    json_t *v = argument(json_object_get(t->json, "args"), 1, json_object_get(t->json, "kwargs"), "hx");
    *h = *c = NULL;
    if (!v || json_is_null(v)) return;
    if (json_is_array(v)) {
        *h = tensor_of(t, json_array_get(v, 0));
        *c = tensor_of(t, json_array_get(v, 1));
    } else
        *h = tensor_of(t, v);
}

static bool recur(trial *t, fx_module *m)
{
    const bool lstm = !strcmp(fx_module_kind(m), "lstm");
    fx_tensor *h, *c;
    states(t, &h, &c);
    t->out[0] = fx_recurrent_forward(m, input(t, 0, "input"), .h = h, .c = c, .h_n = &t->out[1],
                                     .c_n = lstm ? &t->out[2] : NULL);
    t->outs = !t->out[0] ? 0 : lstm ? 3 : 2;
    return t->outs;
}

static bool one_step(trial *t, fx_module *m)
{
    const bool lstm = !strcmp(fx_module_kind(m), "lstm_cell");
    fx_tensor *h, *c;
    states(t, &h, &c);
    t->out[0] = fx_cell_forward(m, input(t, 0, "input"), .h = h, .c = c, .c_next = lstm ? &t->out[1] : NULL);
    t->outs = !t->out[0] ? 0 : lstm ? 2 : 1;
    return t->outs;
}

static const struct {
    const char *name;
    maker *make;
    bool (*call)(trial *t, fx_module *m);
} modules[] = {
    { "BatchNorm1d", batch_norm1d, forward },
    { "BatchNorm2d", batch_norm2d, forward },
    { "BatchNorm3d", batch_norm3d, forward },
    { "Bilinear", bilinear, forward_of_two },
    { "Conv1d", conv1d, forward },
    { "Conv2d", conv2d, forward },
    { "Conv3d", conv3d, forward },
    { "ConvTranspose1d", transposed1d, forward },
    { "ConvTranspose2d", transposed2d, forward },
    { "ConvTranspose3d", transposed3d, forward },
    { "Embedding", embedding, forward },
    { "GRU", gru, recur },
    { "GRUCell", gru_cell, one_step },
    { "GroupNorm", group_norm, forward },
    { "InstanceNorm1d", instance_norm1d, forward },
    { "InstanceNorm2d", instance_norm2d, forward },
    { "InstanceNorm3d", instance_norm3d, forward },
    { "LSTM", lstm, recur },
    { "LSTMCell", lstm_cell, one_step },
    { "LayerNorm", layer_norm, forward },
    { "Linear", linear, forward },
    { "MultiheadAttention", attention, attend },
    { "RNN", rnn, recur },
    { "RNNCell", rnn_cell, one_step },
};

/* Classes without parameters: functions, which take the constructor's arguments after the call's. */
static const struct {
    const char *name, *function;
} functions[] = {
    { "AdaptiveAvgPool1d", "nn.functional.adaptive_avg_pool1d" },
    { "AdaptiveAvgPool2d", "nn.functional.adaptive_avg_pool2d" },
    { "AdaptiveAvgPool3d", "nn.functional.adaptive_avg_pool3d" },
    { "AdaptiveMaxPool2d", "nn.functional.adaptive_max_pool2d" },
    { "AvgPool1d", "nn.functional.avg_pool1d" },
    { "AvgPool2d", "nn.functional.avg_pool2d" },
    { "AvgPool3d", "nn.functional.avg_pool3d" },
    { "CrossEntropyLoss", "nn.functional.cross_entropy" },
    { "ELU", "nn.functional.elu" },
    { "GaussianNLLLoss", "nn.functional.gaussian_nll_loss" },
    { "Hardswish", "nn.functional.hardswish" },
    { "L1Loss", "nn.functional.l1_loss" },
    { "MaxPool1d", "nn.functional.max_pool1d" },
    { "MaxPool2d", "nn.functional.max_pool2d" },
    { "MaxPool3d", "nn.functional.max_pool3d" },
    { "NLLLoss", "nn.functional.nll_loss" },
    { "ReLU", "nn.functional.relu" },
    { "Sigmoid", "sigmoid" },
};

/* ---- a case ----------------------------------------------------------------------------------------------
 */

static bool call_function(trial *t, const char *name)
{
    const json_t *constructor = json_object_get(t->json, "constructor");
    json_t *args = scrap(t, json_deep_copy(json_object_get(t->json, "args")));
    json_t *kwargs = scrap(t, json_deep_copy(json_object_get(t->json, "kwargs")));
    json_array_extend(args, json_object_get(constructor, "args"));
    json_object_update(kwargs, json_object_get(constructor, "kwargs"));
    return call_registered(t, name, NULL, args, kwargs, json_array_size(json_object_get(t->json, "outputs")));
}

/* Sets parameters and buffers; parameters go by the name that the gradients have. */
static bool set_state(trial *t, fx_module *m)
{
    const char *name;
    json_t *v;
    json_object_foreach(json_object_get(t->json, "state"), name, v)
    {
        fx_tensor *to = fx_module_tensor(m, name), *from = trial_tensor(t, json_string_value(v), false);
        if (!to || !from || fx_numel(to) != fx_numel(from) || fx_dtype_of(to) != fx_dtype_of(from))
            return trial_fail(t, "the module has no such \"%s\"", name);
        memcpy((void *)(uintptr_t)fx_data_const(to), fx_data_const(from),
               (size_t)fx_numel(to) * fx_dtype_size(fx_dtype_of(to)));
        if (!fx_requires_grad(to) || t->tensors == MOST_TENSORS) continue;
        t->tensor[t->tensors].name = json_string_value(scrap(t, json_sprintf("param:%s", name)));
        t->tensor[t->tensors++].tensor = to;
    }
    return fx_state(m).count == (int64_t)json_object_size(json_object_get(t->json, "state")) ||
           trial_fail(t, "the module has other parameters or buffers");
}

static bool compare_state(trial *t, fx_module *m)
{
    const char *name;
    json_t *v;
    bool good = true;
    json_object_foreach(json_object_get(t->json, "state_after"), name, v) good &=
        compare_tensor(t, name, fx_module_tensor(m, name), json_string_value(v), FIRST_ORDER, NULL);
    return good;
}

static bool run_module(trial *t, size_t i)
{
    fx_module *m = modules[i].make(t);
    if (!m) return trial_fail(t, "%s", fx_error_message(t->cx));
    if (!json_is_true(json_object_get(t->json, "training"))) fx_eval(m);
    if (!set_state(t, m)) return false;
    if (!modules[i].call(t, m)) return trial_fail(t, "%s", fx_error_message(t->cx));
    return compare_case(t) && compare_state(t, m);
}

bool run_module_case(trial *t)
{
    const char *name = json_string_value(json_object_get(t->json, "module"));
    for (size_t i = 0; name && i < sizeof modules / sizeof *modules; i++)
        if (!strcmp(name, modules[i].name)) return run_module(t, i);
    for (size_t i = 0; name && i < sizeof functions / sizeof *functions; i++)
        if (!strcmp(name, functions[i].name))
            return call_function(t, functions[i].function) && compare_case(t);
    return trial_fail(t, NO_FUNCTION);
}
