/* Linear layers and embeddings, activations, what reshapes and drops; modules one after the other. (nn.h:
 * what all modules have in common.) */
#ifndef FLUXION_PUBLIC_NN_LAYERS_H
#define FLUXION_PUBLIC_NN_LAYERS_H

#include <fluxion/ops.h>

#include "module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = x weight' + bias, for x of sizes (..., in). "weight" (out, in) and "bias" (out) come from
 * U(-1/sqrt(in), 1/sqrt(in)). */
typedef struct fx_linear_layer_args {
    fx_context *cx;
    int64_t in, out;
    bool bias;
    fx_dtype dtype; /* FX_DTYPE_NONE: the context's */
} fx_linear_layer_args;
#define FX_LINEAR_LAYER_DEFAULTS .bias = true,
#define fx_linear_layer(context, in_size, ...)                                                               \
    fx_linear_layer_at(FX_LITERAL(fx_linear_layer_args){ FX_LINEAR_LAYER_DEFAULTS.cx = context,              \
                                                         .in = in_size, .out = __VA_ARGS__ },                \
                       FX_HERE)
FX_API fx_module *fx_linear_layer_at(fx_linear_layer_args args, fx_where where);

/* Row x of "weight" (count, width) for each number of an integer x: sizes (..., width). The weight comes from
 * N(0, 1). Row padding_idx, which may be counted from the end, begins as zeros and has no gradient. */
typedef struct fx_embedding_layer_args {
    fx_context *cx;
    int64_t count, width;
    int64_t padding_idx; /* FX_NO_INDEX */
    fx_dtype dtype;      /* FX_DTYPE_NONE: the context's */
} fx_embedding_layer_args;
#define FX_EMBEDDING_LAYER_DEFAULTS .padding_idx = FX_NO_INDEX,
#define fx_embedding_layer(context, rows, ...)                                                               \
    fx_embedding_layer_at(FX_LITERAL(fx_embedding_layer_args){ FX_EMBEDDING_LAYER_DEFAULTS.cx = context,     \
                                                               .count = rows, .width = __VA_ARGS__ },        \
                          FX_HERE)
FX_API fx_module *fx_embedding_layer_at(fx_embedding_layer_args args, fx_where where);

/* y = x1 weight x2 + bias, of two inputs: "weight" (out, in1, in2) and "bias" (out) from U(-b, b), b = 1 /
 * sqrt(in1). It has no fx_forward(), for that takes one. */
typedef struct fx_bilinear_layer_args {
    fx_context *cx;
    int64_t in1, in2, out;
    bool bias; /* true */
    fx_dtype dtype;
} fx_bilinear_layer_args;
#define fx_bilinear_layer(context, ...)                                                                      \
    fx_bilinear_layer_at(                                                                                    \
        FX_LITERAL(fx_bilinear_layer_args){ .bias = true, .cx = context, .in1 = __VA_ARGS__ }, FX_HERE)
FX_API fx_module *fx_bilinear_layer_at(fx_bilinear_layer_args args, fx_where where);
#define fx_bilinear_forward(m, x1, x2) fx_bilinear_forward_at(m, x1, x2, FX_HERE)
FX_API fx_tensor *fx_bilinear_forward_at(fx_module *m, fx_tensor *x1, fx_tensor *x2, fx_where where);

/*    name, the op fx_..., PyTorch's word, its gain (fx_init_gain) */
#define FX_ACTIVATION_LIST(X)                                                                                \
    X(RELU, relu, "relu", 1.4142135623730951)                                                                \
    X(TANH, tanh, "tanh", 5.0 / 3)                                                                           \
    X(SIGMOID, sigmoid, "sigmoid", 1)                                                                        \
    X(SILU, silu, "silu", 1)                                                                                 \
    X(RELU6, relu6, "relu6", 1.4142135623730951)                                                             \
    X(MISH, mish, "mish", 1)                                                                                 \
    X(HARDSWISH, hardswish, "hardswish", 1)                                                                  \
    X(SOFTSIGN, softsign, "softsign", 1)                                                                     \
    X(LOGSIGMOID, logsigmoid, "logsigmoid", 1)

typedef enum fx_activation {
    FX_IDENTITY,
#define FX__ACTIVATION(name, op, word, gain) FX_##name,
    FX_ACTIVATION_LIST(FX__ACTIVATION)
#undef FX__ACTIVATION
        FX_ACTIVATION_COUNT
} fx_activation;
FX_API const char *fx_activation_name(fx_activation activation); /* "relu" ...; "?" for another */

/* An activation as a layer: fx_activation_layer(cx, FX_RELU). */
#define fx_activation_layer(cx, activation) fx_activation_layer_at(cx, activation, FX_HERE)
FX_API fx_module *fx_activation_layer_at(fx_context *cx, fx_activation activation, fx_where where);

/* Makes one dimension of those from start to end, both included: fx_flatten_layer(cx) keeps the first. */
typedef struct fx_flatten_layer_args {
    fx_context *cx;
    int start, end;
} fx_flatten_layer_args;
#define FX_FLATTEN_LAYER_DEFAULTS .start = 1, .end = -1,
#define fx_flatten_layer(...)                                                                                \
    fx_flatten_layer_at(FX_LITERAL(fx_flatten_layer_args){ FX_FLATTEN_LAYER_DEFAULTS.cx = __VA_ARGS__ },     \
                        FX_HERE)
FX_API fx_module *fx_flatten_layer_at(fx_flatten_layer_args args, fx_where where);

/* In training: each number is 0 with probability p, and otherwise divided by 1 - p; p = 1 gives zeros. In
 * eval: x itself. p lies in [0, 1]. */
#define fx_dropout_layer(cx, p) fx_dropout_layer_at(cx, p, FX_HERE)
FX_API fx_module *fx_dropout_layer_at(fx_context *cx, double p, fx_where where);

/* Modules that stand in a call: FX_MODULES(a, b, c). */
typedef struct fx_module_list {
    int count;
    fx_module *const *at;
} fx_module_list;
#define FX_MODULES(...)                                                                                      \
    (FX_LITERAL(fx_module_list){ (int)(sizeof((fx_module *[]){ __VA_ARGS__ }) / sizeof(fx_module *)),        \
                                 (fx_module *[]){ __VA_ARGS__ } })

/* Each module of the result of the one before. Their names are "0", "1" ... */
#define fx_sequential(cx, ...) fx_sequential_at(cx, FX_MODULES(__VA_ARGS__), FX_HERE)
FX_API fx_module *fx_sequential_at(fx_context *cx, fx_module_list modules, fx_where where);

/* A perceptron: linear layers of the sizes given, an activation after each but the last. An x of more than
 * two dimensions is made (n, in). Names are fx_sequential()'s: "0.weight", "0.bias", "2.weight" ... */
#define fx_mlp(cx, activation, ...)                                                                          \
    fx_mlp_at(cx, activation, (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)),                   \
              (int64_t[]){ __VA_ARGS__ }, FX_HERE)
FX_API fx_module *fx_mlp_at(fx_context *cx, fx_activation activation, int count, const int64_t *sizes,
                            fx_where where);

#ifdef __cplusplus
}
#endif
#endif
