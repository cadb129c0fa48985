/* Modules: trees of named parameters with a forward function; layers; initial values; files of both.
 *
 *     fx_module *net = fx_sequential(cx, fx_linear_layer(cx, 784, 128), fx_activation_layer(cx, FX_RELU),
 *                                    fx_linear_layer(cx, 128, 10));
 *     fx_tensor *y = fx_forward(net, x);
 *     fx_optimizer *adam = fx_adam(fx_parameters(net), .lr = 1e-3);
 *
 * A module belongs to its context, whatever scope is open when it is made, and ends with it; so do its
 * parameters and buffers. Names, defaults and initial values are PyTorch's: "0.weight" of fx_sequential() is
 * "0.weight" of torch.nn.Sequential. A NULL module or tensor passed in gives NULL (or FX_ERROR_ARGUMENT, or
 * an empty list) out, silently: the failure that made it is recorded already.
 */
#ifndef FLUXION_NN_H
#define FLUXION_NN_H

#include "autograd.h"
#include "ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fx_module fx_module;

/* ---- modules ------------------------------------------------------------------------------------------- */

/* What a module computes of x: NULL after an error. Called with a scope open: what it makes besides its
 * result ends when it returns, unless a recorded gradient needs it. fx_is_training(m) says which mode it is
 * in. */
typedef fx_tensor *fx_forward_function(fx_module *m, void *data, fx_tensor *x);

/* A module without parameters yet: fx_module_new(cx), which only holds children, or fx_module_from(cx,
 * forward, .data = block, .kind = "block"). destroy (may be NULL) is called once with data: when the context
 * ends, or when making fails. */
typedef struct fx_module_args {
    fx_context *cx;
    fx_forward_function *forward;
    void *data;
    void (*destroy)(void *data);
    const char *kind; /* a word for messages; copied; NULL: "module" */
} fx_module_args;
#define fx_module_new(context) fx_module_from_at(FX_LITERAL(fx_module_args){ .cx = context }, FX_HERE)
#define fx_module_from(context, ...)                                                                         \
    fx_module_from_at(FX_LITERAL(fx_module_args){ .cx = context, .forward = __VA_ARGS__ }, FX_HERE)
FX_API fx_module *fx_module_from_at(fx_module_args args, fx_where where);

/* Adds a child, and returns it. A name may have dots ("layer.0"), is not empty, and is nothing else's in m
 * (FX_ERROR_ARGUMENT). A child may stand in several places: its parameters are shared. m may not stand in it.
 */
#define fx_child(m, name, child) fx_child_at(m, name, child, FX_HERE)
FX_API fx_module *fx_child_at(fx_module *m, const char *name, fx_module *child, fx_where where);

/* Adds a parameter, and returns the tensor to use from now on, which requires a gradient: x itself if it
 * lives as long as the context, a copy of it that does otherwise. The same tensor may be added in several
 * places. */
#define fx_module_parameter(m, name, x) fx_module_parameter_at(m, name, x, FX_HERE)
FX_API fx_tensor *fx_module_parameter_at(fx_module *m, const char *name, fx_tensor *x, fx_where where);

/* Adds a buffer: part of the state, but nothing that is trained. fx_module_buffer(m, "mask", x, .transient =
 * true) is one that is not in files. Returns the tensor to use, as above. */
typedef struct fx_buffer_args {
    fx_module *module;
    const char *name;
    fx_tensor *x;
    bool transient;
} fx_buffer_args;
#define fx_module_buffer(m, buffer_name, ...)                                                                \
    fx_module_buffer_at(FX_LITERAL(fx_buffer_args){ .module = m, .name = buffer_name, .x = __VA_ARGS__ },    \
                        FX_HERE)
FX_API fx_tensor *fx_module_buffer_at(fx_buffer_args args, fx_where where);

/* A name of numbers, printf-like: fx_name("layer.%d", i). It stands to the end of the block around the call
 * (in C++: of the expression); "", which no name may be, if it has more than FX_NAME_BYTES - 1. */
enum { FX_NAME_BYTES = 128 };
typedef struct fx_name_buffer {
    char text[FX_NAME_BYTES];
} fx_name_buffer;
FX_API const char *fx_name_in(fx_name_buffer *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#ifdef __cplusplus
#define fx_name(...) fx_name_in(fx_name_here(fx_name_buffer()), __VA_ARGS__)
#else
#define fx_name(...) fx_name_in(&(fx_name_buffer){ { 0 } }, __VA_ARGS__)
#endif

FX_API fx_context *fx_module_context(const fx_module *m);
FX_API const char *fx_module_kind(const fx_module *m); /* "linear", "sequential" ...; "" for NULL */
FX_API void *fx_module_data(const fx_module *m);       /* what fx_module_from() was given */

/* The child, or the parameter or buffer, of a dotted name ("layer.0.weight"); NULL if there is none. */
FX_API fx_module *fx_module_child(const fx_module *m, const char *name);
FX_API fx_tensor *fx_module_tensor(fx_module *m, const char *name);

/* m(x). Modules that only hold children have no forward (FX_ERROR_ARGUMENT). */
#define fx_forward(m, x) fx_forward_at(m, x, FX_HERE)
FX_API fx_tensor *fx_forward_at(fx_module *m, fx_tensor *x, fx_where where);
/* Within a forward function: the place of the call, to be handed on to fx_NAME_at functions. */
FX_API fx_where fx_module_where(const fx_module *m);

/* Sets the mode of m and of all below it. A new module is in training. */
FX_API void fx_train(fx_module *m);
FX_API void fx_eval(fx_module *m);
FX_API bool fx_is_training(const fx_module *m);

/* Parameters, buffers, and both together but for transient buffers (what files hold), with dotted names: each
 * module's own parameters, its own buffers, then its children, all in the order of adding. What stands in
 * several places is listed once, under its first name. List and names stand as long as the context. An empty
 * list after an error: of memory, or (FX_ERROR_ARGUMENT) two tensors of one name. */
#define fx_parameters(m) fx_parameters_at(m, FX_HERE)
#define fx_buffers(m) fx_buffers_at(m, FX_HERE)
#define fx_state(m) fx_state_at(m, FX_HERE)
FX_API fx_named_list fx_parameters_at(fx_module *m, fx_where where);
FX_API fx_named_list fx_buffers_at(fx_module *m, fx_where where);
FX_API fx_named_list fx_state_at(fx_module *m, fx_where where);

/* How many numbers its parameters have. */
FX_API int64_t fx_parameter_count(fx_module *m);

/* Calls function with each module of the tree, children first. One that stands in several places is called as
 * often. */
typedef void fx_module_function(void *data, fx_module *m);
FX_API void fx_module_apply(fx_module *m, fx_module_function *function, void *data);

/* Of all parameters: whether they require a gradient (frozen ones cost no work); clears their gradients. */
#define fx_module_set_requires_grad(m, requires) fx_module_set_requires_grad_at(m, requires, FX_HERE)
FX_API fx_status fx_module_set_requires_grad_at(fx_module *m, bool requires_grad, fx_where where);
FX_API void fx_module_zero_grad(fx_module *m);

/* XXH3 of the names, dtypes, shapes and numbers of fx_state(): equal for equal models. 0 after an error. */
FX_API uint64_t fx_module_digest(fx_module *m);

/* ---- layers -------------------------------------------------------------------------------------------- */

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

/* Convolutions of x (N, in, ...) or (in, ...), as fx_conv2d() and so on describes them:
 *     fx_conv2d_layer(cx, 3, 32, 3, .padding = 1)
 * "weight" (out, in / groups, kernel...) and "bias" (out) come from U(-b, b), b = 1 / sqrt(in / groups x the
 * kernel). padding_mode says what stands outside x instead of zeros. */
typedef struct fx_conv_layer_args {
    fx_context *cx;
    int64_t in, out, kernel_size;
    int64_t stride, padding, dilation, groups; /* 1, 0, 1, 1 */
    bool bias;                                 /* true */
    bool same;
    int padding_mode; /* FX_PAD_CONSTANT ... */
    fx_dims kernel_sizes, strides, paddings, dilations;
    fx_dtype dtype; /* FX_DTYPE_NONE: the context's */
} fx_conv_layer_args;
#define FX__CONV_LAYER(context, ...)                                                                         \
    (FX_LITERAL(fx_conv_layer_args){ .bias = true, .cx = context, .in = __VA_ARGS__ })
#define fx_conv1d_layer(...) fx_conv1d_layer_at(FX__CONV_LAYER(__VA_ARGS__), FX_HERE)
#define fx_conv2d_layer(...) fx_conv2d_layer_at(FX__CONV_LAYER(__VA_ARGS__), FX_HERE)
#define fx_conv3d_layer(...) fx_conv3d_layer_at(FX__CONV_LAYER(__VA_ARGS__), FX_HERE)
FX_API fx_module *fx_conv1d_layer_at(fx_conv_layer_args args, fx_where where);
FX_API fx_module *fx_conv2d_layer_at(fx_conv_layer_args args, fx_where where);
FX_API fx_module *fx_conv3d_layer_at(fx_conv_layer_args args, fx_where where);

/* Their transposes: "weight" (in, out / groups, kernel...), from U(-b, b), b = 1 / sqrt(out / groups x the
 * kernel). */
typedef struct fx_conv_transpose_layer_args {
    fx_context *cx;
    int64_t in, out, kernel_size;
    int64_t stride, padding, output_padding, groups, dilation; /* 1, 0, 0, 1, 1 */
    bool bias;                                                 /* true */
    fx_dims kernel_sizes, strides, paddings, output_paddings, dilations;
    fx_dtype dtype;
} fx_conv_transpose_layer_args;
#define FX__CONV_TRANSPOSE_LAYER(context, ...)                                                               \
    (FX_LITERAL(fx_conv_transpose_layer_args){ .bias = true, .cx = context, .in = __VA_ARGS__ })
#define fx_conv_transpose1d_layer(...)                                                                       \
    fx_conv_transpose1d_layer_at(FX__CONV_TRANSPOSE_LAYER(__VA_ARGS__), FX_HERE)
#define fx_conv_transpose2d_layer(...)                                                                       \
    fx_conv_transpose2d_layer_at(FX__CONV_TRANSPOSE_LAYER(__VA_ARGS__), FX_HERE)
#define fx_conv_transpose3d_layer(...)                                                                       \
    fx_conv_transpose3d_layer_at(FX__CONV_TRANSPOSE_LAYER(__VA_ARGS__), FX_HERE)
FX_API fx_module *fx_conv_transpose1d_layer_at(fx_conv_transpose_layer_args args, fx_where where);
FX_API fx_module *fx_conv_transpose2d_layer_at(fx_conv_transpose_layer_args args, fx_where where);
FX_API fx_module *fx_conv_transpose3d_layer_at(fx_conv_transpose_layer_args args, fx_where where);

/* Norms over the last dimensions, fx_layer_norm() and fx_rms_norm(): fx_layer_norm_layer(cx, 64), or .sizes =
 * FX_DIMS(8, 8). "weight" begins as ones, "bias" (not of rms_norm) as zeros; affine = false: without. */
typedef struct fx_layer_norm_layer_args {
    fx_context *cx;
    int64_t size;
    double eps;        /* 1e-5; rms_norm: -1, the dtype's epsilon */
    bool affine, bias; /* true, true */
    fx_dims sizes;
    fx_dtype dtype;
} fx_layer_norm_layer_args;
#define fx_layer_norm_layer(context, ...)                                                                    \
    fx_layer_norm_layer_at(                                                                                  \
        FX_LITERAL(fx_layer_norm_layer_args){                                                                \
            .eps = 1e-5, .affine = true, .bias = true, .cx = context, __VA_ARGS__ },                         \
        FX_HERE)
#define fx_rms_norm_layer(context, ...)                                                                      \
    fx_rms_norm_layer_at(                                                                                    \
        FX_LITERAL(fx_layer_norm_layer_args){ .eps = -1, .affine = true, .cx = context, __VA_ARGS__ },       \
        FX_HERE)
FX_API fx_module *fx_layer_norm_layer_at(fx_layer_norm_layer_args args, fx_where where);
FX_API fx_module *fx_rms_norm_layer_at(fx_layer_norm_layer_args args, fx_where where);

/* fx_group_norm(): fx_group_norm_layer(cx, groups, channels). */
typedef struct fx_group_norm_layer_args {
    fx_context *cx;
    int64_t groups, channels;
    double eps;  /* 1e-5 */
    bool affine; /* true */
    fx_dtype dtype;
} fx_group_norm_layer_args;
#define fx_group_norm_layer(context, ...)                                                                    \
    fx_group_norm_layer_at(                                                                                  \
        FX_LITERAL(fx_group_norm_layer_args){                                                                \
            .eps = 1e-5, .affine = true, .cx = context, .groups = __VA_ARGS__ },                             \
        FX_HERE)
FX_API fx_module *fx_group_norm_layer_at(fx_group_norm_layer_args args, fx_where where);

/* Batch norms, of x (N, C) or (N, C, L); (N, C, H, W); (N, C, D, H, W); and instance norms, of x (N, C, L)
 * and so on or without a batch. In training by x's own statistics, which move the buffers "running_mean" and
 * "running_var" by momentum (cumulative: to the mean of all batches so far) and are counted in
 * "num_batches_tracked"; in eval by the buffers, if there are any (track_running_stats). Instance norms have
 * neither weights nor buffers unless asked for. */
typedef struct fx_batch_norm_layer_args {
    fx_context *cx;
    int64_t channels;
    double eps, momentum; /* 1e-5, 0.1 */
    bool affine, track_running_stats, cumulative;
    fx_dtype dtype;
} fx_batch_norm_layer_args;
#define FX__NORM_LAYER(yes, context, ...)                                                                    \
    (FX_LITERAL(fx_batch_norm_layer_args){ .eps = 1e-5,                                                      \
                                           .momentum = 0.1,                                                  \
                                           .affine = yes,                                                    \
                                           .track_running_stats = yes,                                       \
                                           .cx = context,                                                    \
                                           .channels = __VA_ARGS__ })
#define fx_batch_norm1d_layer(...) fx_batch_norm1d_layer_at(FX__NORM_LAYER(true, __VA_ARGS__), FX_HERE)
#define fx_batch_norm2d_layer(...) fx_batch_norm2d_layer_at(FX__NORM_LAYER(true, __VA_ARGS__), FX_HERE)
#define fx_batch_norm3d_layer(...) fx_batch_norm3d_layer_at(FX__NORM_LAYER(true, __VA_ARGS__), FX_HERE)
#define fx_instance_norm1d_layer(...) fx_instance_norm1d_layer_at(FX__NORM_LAYER(false, __VA_ARGS__), FX_HERE)
#define fx_instance_norm2d_layer(...) fx_instance_norm2d_layer_at(FX__NORM_LAYER(false, __VA_ARGS__), FX_HERE)
#define fx_instance_norm3d_layer(...) fx_instance_norm3d_layer_at(FX__NORM_LAYER(false, __VA_ARGS__), FX_HERE)
FX_API fx_module *fx_batch_norm1d_layer_at(fx_batch_norm_layer_args args, fx_where where);
FX_API fx_module *fx_batch_norm2d_layer_at(fx_batch_norm_layer_args args, fx_where where);
FX_API fx_module *fx_batch_norm3d_layer_at(fx_batch_norm_layer_args args, fx_where where);
FX_API fx_module *fx_instance_norm1d_layer_at(fx_batch_norm_layer_args args, fx_where where);
FX_API fx_module *fx_instance_norm2d_layer_at(fx_batch_norm_layer_args args, fx_where where);
FX_API fx_module *fx_instance_norm3d_layer_at(fx_batch_norm_layer_args args, fx_where where);

/* fx_local_response_norm(): fx_local_response_norm_layer(cx, size). */
typedef struct fx_local_response_norm_layer_args {
    fx_context *cx;
    int64_t size;
    double alpha, beta, k; /* 1e-4, 0.75, 1 */
} fx_local_response_norm_layer_args;
#define fx_local_response_norm_layer(context, ...)                                                           \
    fx_local_response_norm_layer_at(                                                                         \
        FX_LITERAL(fx_local_response_norm_layer_args){                                                       \
            .alpha = 1e-4, .beta = 0.75, .k = 1, .cx = context, __VA_ARGS__ },                               \
        FX_HERE)
FX_API fx_module *fx_local_response_norm_layer_at(fx_local_response_norm_layer_args args, fx_where where);

/* Pools and interpolation, with the options of the ops of these names:
 *     fx_max_pool2d_layer(cx, 2), fx_interpolate_layer(cx, .scale_factor = 2) */
#define FX__OPTION_LAYERS(X)                                                                                 \
    X(max_pool1d, fx_max_pool_args)                                                                          \
    X(max_pool2d, fx_max_pool_args)                                                                          \
    X(max_pool3d, fx_max_pool_args)                                                                          \
    X(avg_pool1d, fx_avg_pool_args)                                                                          \
    X(avg_pool2d, fx_avg_pool_args)                                                                          \
    X(avg_pool3d, fx_avg_pool_args)                                                                          \
    X(adaptive_avg_pool1d, fx_adaptive_avg_pool_args)                                                        \
    X(adaptive_avg_pool2d, fx_adaptive_avg_pool_args)                                                        \
    X(adaptive_avg_pool3d, fx_adaptive_avg_pool_args)                                                        \
    X(adaptive_max_pool1d, fx_adaptive_max_pool_args)                                                        \
    X(adaptive_max_pool2d, fx_adaptive_max_pool_args)                                                        \
    X(adaptive_max_pool3d, fx_adaptive_max_pool_args)                                                        \
    X(lp_pool1d, fx_lp_pool_args)                                                                            \
    X(lp_pool2d, fx_lp_pool_args)                                                                            \
    X(lp_pool3d, fx_lp_pool_args)                                                                            \
    X(interpolate, fx_interpolate_args)
#define FX__DECLARE(function, structure)                                                                     \
    FX_API fx_module *fx_##function##_layer_at(fx_context *cx, structure options, fx_where where);
FX__OPTION_LAYERS(FX__DECLARE)
#undef FX__DECLARE
#define FX__OPTIONS(structure, ...) (FX_LITERAL(structure){ .x = NULL, __VA_ARGS__ })
#define fx_max_pool1d_layer(cx, ...)                                                                         \
    fx_max_pool1d_layer_at(cx, FX__OPTIONS(fx_max_pool_args, __VA_ARGS__), FX_HERE)
#define fx_max_pool2d_layer(cx, ...)                                                                         \
    fx_max_pool2d_layer_at(cx, FX__OPTIONS(fx_max_pool_args, __VA_ARGS__), FX_HERE)
#define fx_max_pool3d_layer(cx, ...)                                                                         \
    fx_max_pool3d_layer_at(cx, FX__OPTIONS(fx_max_pool_args, __VA_ARGS__), FX_HERE)
#define FX__AVG_OPTIONS(...)                                                                                 \
    (FX_LITERAL(fx_avg_pool_args){ .count_include_pad = true, .x = NULL, __VA_ARGS__ })
#define fx_avg_pool1d_layer(cx, ...) fx_avg_pool1d_layer_at(cx, FX__AVG_OPTIONS(__VA_ARGS__), FX_HERE)
#define fx_avg_pool2d_layer(cx, ...) fx_avg_pool2d_layer_at(cx, FX__AVG_OPTIONS(__VA_ARGS__), FX_HERE)
#define fx_avg_pool3d_layer(cx, ...) fx_avg_pool3d_layer_at(cx, FX__AVG_OPTIONS(__VA_ARGS__), FX_HERE)
#define fx_adaptive_avg_pool1d_layer(cx, ...)                                                                \
    fx_adaptive_avg_pool1d_layer_at(cx, FX__OPTIONS(fx_adaptive_avg_pool_args, __VA_ARGS__), FX_HERE)
#define fx_adaptive_avg_pool2d_layer(cx, ...)                                                                \
    fx_adaptive_avg_pool2d_layer_at(cx, FX__OPTIONS(fx_adaptive_avg_pool_args, __VA_ARGS__), FX_HERE)
#define fx_adaptive_avg_pool3d_layer(cx, ...)                                                                \
    fx_adaptive_avg_pool3d_layer_at(cx, FX__OPTIONS(fx_adaptive_avg_pool_args, __VA_ARGS__), FX_HERE)
#define fx_adaptive_max_pool1d_layer(cx, ...)                                                                \
    fx_adaptive_max_pool1d_layer_at(cx, FX__OPTIONS(fx_adaptive_max_pool_args, __VA_ARGS__), FX_HERE)
#define fx_adaptive_max_pool2d_layer(cx, ...)                                                                \
    fx_adaptive_max_pool2d_layer_at(cx, FX__OPTIONS(fx_adaptive_max_pool_args, __VA_ARGS__), FX_HERE)
#define fx_adaptive_max_pool3d_layer(cx, ...)                                                                \
    fx_adaptive_max_pool3d_layer_at(cx, FX__OPTIONS(fx_adaptive_max_pool_args, __VA_ARGS__), FX_HERE)
#define fx_lp_pool1d_layer(cx, ...)                                                                          \
    fx_lp_pool1d_layer_at(cx, FX__OPTIONS(fx_lp_pool_args, __VA_ARGS__), FX_HERE)
#define fx_lp_pool2d_layer(cx, ...)                                                                          \
    fx_lp_pool2d_layer_at(cx, FX__OPTIONS(fx_lp_pool_args, __VA_ARGS__), FX_HERE)
#define fx_lp_pool3d_layer(cx, ...)                                                                          \
    fx_lp_pool3d_layer_at(cx, FX__OPTIONS(fx_lp_pool_args, __VA_ARGS__), FX_HERE)
#define fx_interpolate_layer(cx, ...)                                                                        \
    fx_interpolate_layer_at(cx, FX__OPTIONS(fx_interpolate_args, __VA_ARGS__), FX_HERE)

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

/* Attention in several heads: fx_multihead_attention_layer(cx, 64, 8). x is (L, N, embed), (N, L, embed) with
 * batch_first, or (L, embed). "in_proj_weight" (3 embed, embed) comes from Glorot's uniform numbers,
 * "in_proj_bias" is zero, "out_proj" a linear layer with a bias of zero; keys and values of other widths have
 * "q_proj_weight", "k_proj_weight", "v_proj_weight" instead. add_bias_kv adds a key and a value that are
 * learnt ("bias_k", "bias_v"), add_zero_attn one of zeros. fx_forward() attends to x itself. */
typedef struct fx_multihead_attention_layer_args {
    fx_context *cx;
    int64_t embed, heads;
    double dropout;
    bool bias; /* true */
    bool add_bias_kv, add_zero_attn, batch_first;
    int64_t key_size, value_size; /* 0: embed */
    fx_dtype dtype;
} fx_multihead_attention_layer_args;
#define fx_multihead_attention_layer(context, ...)                                                           \
    fx_multihead_attention_layer_at(                                                                         \
        FX_LITERAL(fx_multihead_attention_layer_args){ .bias = true, .cx = context, .embed = __VA_ARGS__ },  \
        FX_HERE)
FX_API fx_module *fx_multihead_attention_layer_at(fx_multihead_attention_layer_args args, fx_where where);

/* Attention of a query to keys and values. Masks of bool hold where a key may NOT be seen, masks of numbers
 * are added: key_padding_mask (N, S) or (S), attn_mask (L, S) or (N heads, L, S). .weights = &w gives the
 * weights (N, L, S), their mean over heads, or (N, heads, L, S) with each_head. */
typedef struct fx_attend_args {
    fx_module *module;
    fx_tensor *query, *key, *value, *key_padding_mask, *attn_mask;
    bool is_causal, each_head;
    fx_tensor **weights;
} fx_attend_args;
#define fx_attend(...) fx_attend_at(FX_LITERAL(fx_attend_args){ .module = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_attend_at(fx_attend_args args, fx_where where);

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

/* ---- initial values ------------------------------------------------------------------------------------ */

/* Each sets all numbers of x, which may be a parameter, without recording it, and returns x. They come from
 * the context's random numbers. fan_in of (out, in, k...) is in k..., fan_out is out k...; x has two
 * dimensions at least where they are needed (FX_ERROR_SHAPE). */
typedef enum fx_fan { FX_FAN_IN, FX_FAN_OUT } fx_fan;

#define fx_init_constant_(x, value) fx_init_constant_at(x, value, FX_HERE)
#define fx_init_zeros_(x) fx_init_constant_at(x, 0, FX_HERE)
#define fx_init_ones_(x) fx_init_constant_at(x, 1, FX_HERE)
FX_API fx_tensor *fx_init_constant_at(fx_tensor *x, double value, fx_where where);

/* U(low, high) and N(mean, std); and N(mean, std) of what lies in [low, high]. */
#define fx_init_uniform_(x, low, high) fx_init_uniform_at(x, low, high, FX_HERE)
#define fx_init_normal_(x, mean, std) fx_init_normal_at(x, mean, std, FX_HERE)
#define fx_init_truncated_normal_(x, mean, std, low, high)                                                   \
    fx_init_truncated_normal_at(x, mean, std, low, high, FX_HERE)
FX_API fx_tensor *fx_init_uniform_at(fx_tensor *x, double low, double high, fx_where where);
FX_API fx_tensor *fx_init_normal_at(fx_tensor *x, double mean, double std, fx_where where);
FX_API fx_tensor *fx_init_truncated_normal_at(fx_tensor *x, double mean, double std, double low, double high,
                                              fx_where where);

/* Glorot, Bengio 2010: U(-b, b), b = gain sqrt(6 / (fan_in + fan_out)); N(0, gain sqrt(2 / (fan_in +
 * fan_out))).
 */
#define fx_init_xavier_uniform_(x, gain) fx_init_xavier_uniform_at(x, gain, FX_HERE)
#define fx_init_xavier_normal_(x, gain) fx_init_xavier_normal_at(x, gain, FX_HERE)
FX_API fx_tensor *fx_init_xavier_uniform_at(fx_tensor *x, double gain, fx_where where);
FX_API fx_tensor *fx_init_xavier_normal_at(fx_tensor *x, double gain, fx_where where);

/* He et al. 2015: U(-b, b), b = gain sqrt(3 / fan); N(0, gain / sqrt(fan)). gain: fx_init_gain(), sqrt(1 / 3)
 * for what a linear layer has. */
#define fx_init_kaiming_uniform_(x, fan, gain) fx_init_kaiming_uniform_at(x, fan, gain, FX_HERE)
#define fx_init_kaiming_normal_(x, fan, gain) fx_init_kaiming_normal_at(x, fan, gain, FX_HERE)
FX_API fx_tensor *fx_init_kaiming_uniform_at(fx_tensor *x, fx_fan fan, double gain, fx_where where);
FX_API fx_tensor *fx_init_kaiming_normal_at(fx_tensor *x, fx_fan fan, double gain, fx_where where);

/* (rows, columns): ones on the diagonal. */
#define fx_init_eye_(x) fx_init_eye_at(x, FX_HERE)
FX_API fx_tensor *fx_init_eye_at(fx_tensor *x, fx_where where);

/* PyTorch's factor for what follows a layer: sqrt(2) for relu, 5/3 for tanh, 1 otherwise. */
FX_API double fx_init_gain(fx_activation activation);

/* ---- files --------------------------------------------------------------------------------------------- */

/* Writes fx_state() as safetensors: beside the file and renamed, so that the old one stands until the new one
 * is whole. */
#define fx_save(m, path) fx_save_at(m, path, FX_HERE)
FX_API fx_status fx_save_at(fx_module *m, const char *path, fx_where where);

/* Reads what fx_save(), or safetensors.torch.save_file(model.state_dict()), has written. Names, dtypes and
 * shapes must be the module's; what differs is listed in the error, and nothing has changed. With .strict =
 * false names that only one side has are passed over. A floating dtype is converted to the module's; a tensor
 * that stands in several places may have any of its names, or all. */
typedef struct fx_load_args {
    fx_module *module;
    const char *path;
    bool strict;
} fx_load_args;
#define FX_LOAD_DEFAULTS .strict = true,
#define fx_load(m, ...)                                                                                      \
    fx_load_at(FX_LITERAL(fx_load_args){ FX_LOAD_DEFAULTS.module = m, .path = __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_load_at(fx_load_args args, fx_where where);

#ifdef __cplusplus
} /* extern "C" */
static inline fx_name_buffer *fx_name_here(fx_name_buffer &&name) { return &name; }
#endif
#endif
