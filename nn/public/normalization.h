/* Normalisations as layers. (nn.h: what all modules have in common.) */
#ifndef FLUXION_PUBLIC_NN_NORMALIZATION_H
#define FLUXION_PUBLIC_NN_NORMALIZATION_H

#include "module.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif
#endif
