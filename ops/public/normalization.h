/* Numbers brought to mean 0 and variance 1, or to norm 1. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_NORMALIZATION_H
#define FLUXION_PUBLIC_NORMALIZATION_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* y = (x - mean) / sqrt(variance + eps) * weight + bias, mean and (biased) variance over the last dimensions,
 * of the sizes normalized_shape, which weight and bias have as well (NULL: ones, zeros). rms_norm divides by
 * the root of the mean square instead and has no bias. Ba, Kiros, Hinton, "Layer normalization", 2016; Zhang,
 * Sennrich, "Root mean square layer normalization", 2019. fx_layer_norm(x, FX_DIMS(64), .weight = w, .bias =
 * b) */
typedef struct fx_layer_norm_args {
    fx_tensor *x;
    fx_dims normalized_shape;
    fx_tensor *weight, *bias;
    double eps; /* 1e-5 */
} fx_layer_norm_args;
#define fx_layer_norm(x, ...)                                                                                \
    fx_layer_norm_at(FX_LITERAL(fx_layer_norm_args){ x, .eps = 1e-5, .normalized_shape = __VA_ARGS__ },      \
                     FX_HERE)
FX_API fx_tensor *fx_layer_norm_at(fx_layer_norm_args args, fx_where where);

typedef struct fx_rms_norm_args {
    fx_tensor *x;
    fx_dims normalized_shape;
    fx_tensor *weight;
    double eps; /* -1: the dtype's epsilon */
} fx_rms_norm_args;
#define fx_rms_norm(x, ...)                                                                                  \
    fx_rms_norm_at(FX_LITERAL(fx_rms_norm_args){ x, .eps = -1, .normalized_shape = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_rms_norm_at(fx_rms_norm_args args, fx_where where);

/* layer_norm, and what it used: mean and rstd = 1 / sqrt(variance + eps), in x's sizes with 1 for each
 * normalised dimension. They have no gradient. */
typedef struct fx_native_layer_norm_args {
    fx_tensor *x;
    fx_dims normalized_shape;
    fx_tensor *weight, *bias;
    double eps; /* 1e-5 */
    fx_tensor **mean, **rstd;
} fx_native_layer_norm_args;
#define fx_native_layer_norm(x, ...)                                                                         \
    fx_native_layer_norm_at(                                                                                 \
        FX_LITERAL(fx_native_layer_norm_args){ x, .eps = 1e-5, .normalized_shape = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_native_layer_norm_at(fx_native_layer_norm_args args, fx_where where);

/* The same of x (N, C, ...), mean and variance over groups of C / num_groups channels of each x[n]; weight
 * and bias (C). Wu, He, "Group normalization", 2018. */
typedef struct fx_group_norm_args {
    fx_tensor *x;
    int64_t num_groups;
    fx_tensor *weight, *bias;
    double eps; /* 1e-5 */
} fx_group_norm_args;
#define fx_group_norm(x, ...)                                                                                \
    fx_group_norm_at(FX_LITERAL(fx_group_norm_args){ x, .eps = 1e-5, .num_groups = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_group_norm_at(fx_group_norm_args args, fx_where where);

/* The same over channels: of the whole batch, or of each instance x[n]. x is (N, C, ...), all else (C).
 * In training (use_input_stats) mean and variance are x's own, and running_mean and running_var, where given,
 * are moved: (1 - momentum) running + momentum new, the new variance being the unbiased one; otherwise they
 * stand for x's own. They have no gradient. Training with one number a channel is an error. Ioffe, Szegedy,
 * "Batch normalization", 2015. */
typedef struct fx_batch_norm_args {
    fx_tensor *x, *running_mean, *running_var, *weight, *bias;
    bool training;
    double momentum, eps; /* 0.1, 1e-5 */
} fx_batch_norm_args;
#define fx_batch_norm(...)                                                                                   \
    fx_batch_norm_at(FX_LITERAL(fx_batch_norm_args){ .momentum = 0.1, .eps = 1e-5, .x = __VA_ARGS__ },       \
                     FX_HERE)
FX_API fx_tensor *fx_batch_norm_at(fx_batch_norm_args args, fx_where where);

/* batch_norm, and the batch's mean and 1 / sqrt(variance + eps); those are empty without training. */
typedef struct fx_native_batch_norm_args {
    fx_tensor *x, *weight, *bias, *running_mean, *running_var;
    bool training;
    double momentum, eps; /* 0.1, 1e-5 */
    fx_tensor **mean, **rstd;
} fx_native_batch_norm_args;
#define fx_native_batch_norm(...)                                                                            \
    fx_native_batch_norm_at(                                                                                 \
        FX_LITERAL(fx_native_batch_norm_args){ .momentum = 0.1, .eps = 1e-5, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_native_batch_norm_at(fx_native_batch_norm_args args, fx_where where);

typedef struct fx_instance_norm_args {
    fx_tensor *x, *running_mean, *running_var, *weight, *bias;
    bool use_input_stats; /* true */
    double momentum, eps; /* 0.1, 1e-5 */
} fx_instance_norm_args;
#define fx_instance_norm(...)                                                                                \
    fx_instance_norm_at(                                                                                     \
        FX_LITERAL(fx_instance_norm_args){                                                                   \
            .use_input_stats = true, .momentum = 0.1, .eps = 1e-5, .x = __VA_ARGS__ },                       \
        FX_HERE)
FX_API fx_tensor *fx_instance_norm_at(fx_instance_norm_args args, fx_where where);

/* x over its p-norm along dims, or over eps where that is more. */
typedef struct fx_normalize_args {
    fx_tensor *x;
    double p;     /* 2 */
    fx_dims dims; /* 1 */
    double eps;   /* 1e-12 */
} fx_normalize_args;
#define fx_normalize(...)                                                                                    \
    fx_normalize_at(                                                                                         \
        FX_LITERAL(fx_normalize_args){ .p = 2, .dims = FX_DIMS(1), .eps = 1e-12, .x = __VA_ARGS__ },         \
        FX_HERE)
FX_API fx_tensor *fx_normalize_at(fx_normalize_args args, fx_where where);

/* y[n, c] = x[n, c] / (k + alpha / size * the sum of x^2 over size channels around c)^beta, x (N, C, L ...).
 * Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012. */
typedef struct fx_local_response_norm_args {
    fx_tensor *x;
    int64_t size;
    double alpha, beta, k; /* 1e-4, 0.75, 1 */
} fx_local_response_norm_args;
#define fx_local_response_norm(...)                                                                          \
    fx_local_response_norm_at(                                                                               \
        FX_LITERAL(fx_local_response_norm_args){ .alpha = 1e-4, .beta = 0.75, .k = 1, .x = __VA_ARGS__ },    \
        FX_HERE)
FX_API fx_tensor *fx_local_response_norm_at(fx_local_response_norm_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
