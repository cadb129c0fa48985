/* Convolutions, pools and interpolation as layers. (nn.h: what all modules have in common.) */
#ifndef FLUXION_PUBLIC_NN_CONVOLUTION_H
#define FLUXION_PUBLIC_NN_CONVOLUTION_H

#include <fluxion/ops.h>

#include "module.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif
#endif
