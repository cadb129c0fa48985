/* Convolutions, pools, interpolation: what has dimensions of space. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_CONVOLUTION_H
#define FLUXION_PUBLIC_CONVOLUTION_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Here x is (N, C, ...) or (C, ...), with as many dimensions of space as the name says. An option that has a
 * number for each of them is given as one number for all, or, by its plural, as a list: .stride = 2, .strides
 * = FX_DIMS(2, 1). */

/* y[n, o, q] = bias[o] + the sum over c, t of x[n, c, q stride + t dilation - padding] weight[o, c, t];
 * weight (O, C / groups, kernel ...), bias (O) or NULL. same: padding that keeps x's sizes (stride 1; an odd
 * number more at the end). fx_conv2d(x, w, b, .stride = 2, .padding = 1) */
typedef struct fx_conv_args {
    fx_tensor *x, *weight, *bias;
    int64_t stride, padding, dilation, groups; /* 1, 0, 1, 1 */
    bool same;
    fx_dims strides, paddings, dilations;
} fx_conv_args;
#define FX__CONV(...) (FX_LITERAL(fx_conv_args){ .x = __VA_ARGS__ })
#define fx_conv1d(...) fx_conv1d_at(FX__CONV(__VA_ARGS__), FX_HERE)
#define fx_conv2d(...) fx_conv2d_at(FX__CONV(__VA_ARGS__), FX_HERE)
#define fx_conv3d(...) fx_conv3d_at(FX__CONV(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_conv1d_at(fx_conv_args args, fx_where where);
FX_API fx_tensor *fx_conv2d_at(fx_conv_args args, fx_where where);
FX_API fx_tensor *fx_conv3d_at(fx_conv_args args, fx_where where);

/* The transposed convolution: y[n, c, q stride + t dilation - padding] = bias[c] + the sum over o of x[n, o,
 * q] weight[o, c, t]; weight (C of x, C of y / groups, kernel ...). output_padding (less than stride or
 * dilation) makes y longer at its end. */
typedef struct fx_conv_transpose_args {
    fx_tensor *x, *weight, *bias;
    int64_t stride, padding, output_padding, groups, dilation; /* 1, 0, 0, 1, 1 */
    fx_dims strides, paddings, output_paddings, dilations;
} fx_conv_transpose_args;
#define FX__CONV_TRANSPOSE(...) (FX_LITERAL(fx_conv_transpose_args){ .x = __VA_ARGS__ })
#define fx_conv_transpose1d(...) fx_conv_transpose1d_at(FX__CONV_TRANSPOSE(__VA_ARGS__), FX_HERE)
#define fx_conv_transpose2d(...) fx_conv_transpose2d_at(FX__CONV_TRANSPOSE(__VA_ARGS__), FX_HERE)
#define fx_conv_transpose3d(...) fx_conv_transpose3d_at(FX__CONV_TRANSPOSE(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_conv_transpose1d_at(fx_conv_transpose_args args, fx_where where);
FX_API fx_tensor *fx_conv_transpose2d_at(fx_conv_transpose_args args, fx_where where);
FX_API fx_tensor *fx_conv_transpose3d_at(fx_conv_transpose_args args, fx_where where);

/* The largest number of each window; .indices = &i also gives their places (int64) in the plane of x. Nothing
 * outside x counts. The stride is the kernel's size unless given; a padding is at most half of that.
 * ceil_mode keeps a last window that reaches beyond the end, if it begins inside. fx_max_pool2d(x, 2) */
typedef struct fx_max_pool_args {
    fx_tensor *x;
    int64_t kernel_size, stride, padding, dilation; /* stride: kernel_size; 0, 1 */
    bool ceil_mode;
    fx_tensor **indices;
    fx_dims kernel_sizes, strides, paddings, dilations;
} fx_max_pool_args;
#define FX__MAX_POOL(...) (FX_LITERAL(fx_max_pool_args){ .x = __VA_ARGS__ })
#define fx_max_pool1d(...) fx_max_pool1d_at(FX__MAX_POOL(__VA_ARGS__), FX_HERE)
#define fx_max_pool2d(...) fx_max_pool2d_at(FX__MAX_POOL(__VA_ARGS__), FX_HERE)
#define fx_max_pool3d(...) fx_max_pool3d_at(FX__MAX_POOL(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_max_pool1d_at(fx_max_pool_args args, fx_where where);
FX_API fx_tensor *fx_max_pool2d_at(fx_max_pool_args args, fx_where where);
FX_API fx_tensor *fx_max_pool3d_at(fx_max_pool_args args, fx_where where);

/* Max pools whose windows, of one size, lie at random distances, as many as output_size says, or, with
 * output_ratio (one number for all dimensions, or one each, in 0 .. 1), as many as that share of x's sizes.
 * random_samples (N, C, dimensions of space), in 0 .. 1, are what is random; without them the context's
 * random numbers. */
typedef struct fx_fractional_max_pool_args {
    fx_tensor *x;
    int64_t kernel_size, output_size;
    double output_ratio[3];
    fx_tensor *random_samples;
    fx_tensor **indices;
    fx_dims kernel_sizes, output_sizes;
} fx_fractional_max_pool_args;
#define FX__FRACTIONAL(...) (FX_LITERAL(fx_fractional_max_pool_args){ .x = __VA_ARGS__ })
#define fx_fractional_max_pool2d(...) fx_fractional_max_pool2d_at(FX__FRACTIONAL(__VA_ARGS__), FX_HERE)
#define fx_fractional_max_pool3d(...) fx_fractional_max_pool3d_at(FX__FRACTIONAL(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_fractional_max_pool2d_at(fx_fractional_max_pool_args args, fx_where where);
FX_API fx_tensor *fx_fractional_max_pool3d_at(fx_fractional_max_pool_args args, fx_where where);

/* The way back: x's numbers at their indices in planes of zeros. output_size: the sizes of y, or of its
 * space; otherwise the least that pool to x's. An index outside a plane is an error. */
typedef struct fx_max_unpool_args {
    fx_tensor *x, *indices;
    int64_t kernel_size, stride, padding; /* stride: kernel_size; 0 */
    fx_dims output_size;
    fx_dims kernel_sizes, strides, paddings;
} fx_max_unpool_args;
#define FX__MAX_UNPOOL(...) (FX_LITERAL(fx_max_unpool_args){ .x = __VA_ARGS__ })
#define fx_max_unpool1d(...) fx_max_unpool1d_at(FX__MAX_UNPOOL(__VA_ARGS__), FX_HERE)
#define fx_max_unpool2d(...) fx_max_unpool2d_at(FX__MAX_UNPOOL(__VA_ARGS__), FX_HERE)
#define fx_max_unpool3d(...) fx_max_unpool3d_at(FX__MAX_UNPOOL(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_max_unpool1d_at(fx_max_unpool_args args, fx_where where);
FX_API fx_tensor *fx_max_unpool2d_at(fx_max_unpool_args args, fx_where where);
FX_API fx_tensor *fx_max_unpool3d_at(fx_max_unpool_args args, fx_where where);

/* The mean of each window; zeros outside x count unless count_include_pad is false; divisor_override (if not
 * 0) divides instead of how many there are. */
typedef struct fx_avg_pool_args {
    fx_tensor *x;
    int64_t kernel_size, stride, padding; /* stride: kernel_size; 0 */
    bool ceil_mode, count_include_pad;    /* count_include_pad: true */
    int64_t divisor_override;
    fx_dims kernel_sizes, strides, paddings;
} fx_avg_pool_args;
#define FX__AVG_POOL(...) (FX_LITERAL(fx_avg_pool_args){ .count_include_pad = true, .x = __VA_ARGS__ })
#define fx_avg_pool1d(...) fx_avg_pool1d_at(FX__AVG_POOL(__VA_ARGS__), FX_HERE)
#define fx_avg_pool2d(...) fx_avg_pool2d_at(FX__AVG_POOL(__VA_ARGS__), FX_HERE)
#define fx_avg_pool3d(...) fx_avg_pool3d_at(FX__AVG_POOL(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_avg_pool1d_at(fx_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_avg_pool2d_at(fx_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_avg_pool3d_at(fx_avg_pool_args args, fx_where where);

/* Pools whose windows follow from the size wanted: of x[floor(q in / out)] to x[ceil((q + 1) in / out) - 1].
 * A size of -1 keeps x's. */
typedef struct fx_adaptive_avg_pool_args {
    fx_tensor *x;
    int64_t output_size;
    fx_dims output_sizes;
} fx_adaptive_avg_pool_args;
typedef struct fx_adaptive_max_pool_args {
    fx_tensor *x;
    int64_t output_size;
    fx_tensor **indices;
    fx_dims output_sizes;
} fx_adaptive_max_pool_args;
#define FX__ADAPTIVE_AVG(...) (FX_LITERAL(fx_adaptive_avg_pool_args){ .x = __VA_ARGS__ })
#define FX__ADAPTIVE_MAX(...) (FX_LITERAL(fx_adaptive_max_pool_args){ .x = __VA_ARGS__ })
#define fx_adaptive_avg_pool1d(...) fx_adaptive_avg_pool1d_at(FX__ADAPTIVE_AVG(__VA_ARGS__), FX_HERE)
#define fx_adaptive_avg_pool2d(...) fx_adaptive_avg_pool2d_at(FX__ADAPTIVE_AVG(__VA_ARGS__), FX_HERE)
#define fx_adaptive_avg_pool3d(...) fx_adaptive_avg_pool3d_at(FX__ADAPTIVE_AVG(__VA_ARGS__), FX_HERE)
#define fx_adaptive_max_pool1d(...) fx_adaptive_max_pool1d_at(FX__ADAPTIVE_MAX(__VA_ARGS__), FX_HERE)
#define fx_adaptive_max_pool2d(...) fx_adaptive_max_pool2d_at(FX__ADAPTIVE_MAX(__VA_ARGS__), FX_HERE)
#define fx_adaptive_max_pool3d(...) fx_adaptive_max_pool3d_at(FX__ADAPTIVE_MAX(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_adaptive_avg_pool1d_at(fx_adaptive_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_avg_pool2d_at(fx_adaptive_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_avg_pool3d_at(fx_adaptive_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_max_pool1d_at(fx_adaptive_max_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_max_pool2d_at(fx_adaptive_max_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_max_pool3d_at(fx_adaptive_max_pool_args args, fx_where where);

/* (the sum over each window of x^p)^(1 / p), p = norm_type. */
typedef struct fx_lp_pool_args {
    fx_tensor *x;
    double norm_type;
    int64_t kernel_size, stride; /* stride: kernel_size */
    bool ceil_mode;
    fx_dims kernel_sizes, strides;
} fx_lp_pool_args;
#define FX__LP_POOL(...) (FX_LITERAL(fx_lp_pool_args){ .x = __VA_ARGS__ })
#define fx_lp_pool1d(...) fx_lp_pool1d_at(FX__LP_POOL(__VA_ARGS__), FX_HERE)
#define fx_lp_pool2d(...) fx_lp_pool2d_at(FX__LP_POOL(__VA_ARGS__), FX_HERE)
#define fx_lp_pool3d(...) fx_lp_pool3d_at(FX__LP_POOL(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_lp_pool1d_at(fx_lp_pool_args args, fx_where where);
FX_API fx_tensor *fx_lp_pool2d_at(fx_lp_pool_args args, fx_where where);
FX_API fx_tensor *fx_lp_pool3d_at(fx_lp_pool_args args, fx_where where);

/* x (N, C, ...) in other sizes, given as .size (one number or one for each) or as .scale_factor. Numbers of y
 * lie at (q + 1/2) in / out - 1/2 of x; align_corners: at q (in - 1) / (out - 1). A scale_factor stands for
 * out / in in that, unless recompute_scale_factor. The mode says how many dimensions of space there are:
 * linear 1, bilinear and bicubic 2, trilinear 3; nearest and area (means of windows, as adaptive_avg_pool)
 * any. */
typedef enum fx_interpolation {
    FX_INTERPOLATE_NEAREST,
    FX_INTERPOLATE_LINEAR,
    FX_INTERPOLATE_BILINEAR,
    FX_INTERPOLATE_BICUBIC,
    FX_INTERPOLATE_TRILINEAR,
    FX_INTERPOLATE_AREA,
    FX_INTERPOLATE_NEAREST_EXACT
} fx_interpolation;
typedef struct fx_interpolate_args {
    fx_tensor *x;
    fx_dims size;
    double scale_factor;
    int mode; /* fx_interpolation */
    bool align_corners, recompute_scale_factor;
} fx_interpolate_args;
#define fx_interpolate(...) fx_interpolate_at(FX_LITERAL(fx_interpolate_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_interpolate_at(fx_interpolate_args args, fx_where where);

/* interpolate, nearest; bilinear with corners aligned. */
typedef struct fx_upsample_args {
    fx_tensor *x;
    fx_dims size;
    double scale_factor;
} fx_upsample_args;
#define fx_upsample_nearest(...)                                                                             \
    fx_upsample_nearest_at(FX_LITERAL(fx_upsample_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_upsample_bilinear(...)                                                                            \
    fx_upsample_bilinear_at(FX_LITERAL(fx_upsample_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_upsample_nearest_at(fx_upsample_args args, fx_where where);
FX_API fx_tensor *fx_upsample_bilinear_at(fx_upsample_args args, fx_where where);

/* x at the places of a grid: y[n, c, o] = x[n, c] at grid[n, o], x (N, C, H, W), grid (N, H', W', 2) with (x,
 * y) in it, or x (N, C, D, H, W), grid (N, D', H', W', 3). -1 and 1 are the outer edges of x, or,
 * align_corners, the middles of its outermost numbers. Outside x there are zeros, the number at the border,
 * or x mirrored. Jaderberg et al., "Spatial transformer networks", 2015. */
typedef enum fx_grid_mode { FX_GRID_BILINEAR, FX_GRID_NEAREST, FX_GRID_BICUBIC } fx_grid_mode;
typedef enum fx_grid_padding { FX_GRID_ZEROS, FX_GRID_BORDER, FX_GRID_REFLECTION } fx_grid_padding;
typedef struct fx_grid_sample_args {
    fx_tensor *x, *grid;
    int mode, padding_mode; /* fx_grid_mode, fx_grid_padding */
    bool align_corners;
} fx_grid_sample_args;
#define fx_grid_sample(...) fx_grid_sample_at(FX_LITERAL(fx_grid_sample_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_grid_sample_at(fx_grid_sample_args args, fx_where where);

/* The grid of an affine map: theta (N, 2, 3) or (N, 3, 4) times the places (x, y, 1) of an output of `size`,
 * (N, C, H, W) or (N, C, D, H, W). */
typedef struct fx_affine_grid_args {
    fx_tensor *theta;
    fx_dims size;
    bool align_corners;
} fx_affine_grid_args;
#define fx_affine_grid(...)                                                                                  \
    fx_affine_grid_at(FX_LITERAL(fx_affine_grid_args){ .theta = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_affine_grid_at(fx_affine_grid_args args, fx_where where);

/* The columns that a convolution is a product with: y (N, C x kernel, places) of x (N, C, H, W); and their
 * adjoint, images of output_size as sums of columns. (PyTorch's unfold and fold.) */
typedef struct fx_im2col_args {
    fx_tensor *x;
    int64_t kernel_size, dilation, padding, stride; /* dilation and stride: 1 */
    fx_dims kernel_sizes, dilations, paddings, strides;
} fx_im2col_args;
typedef struct fx_col2im_args {
    fx_tensor *x;
    fx_dims output_size;
    int64_t kernel_size, dilation, padding, stride;
    fx_dims kernel_sizes, dilations, paddings, strides;
} fx_col2im_args;
#define fx_im2col(...) fx_im2col_at(FX_LITERAL(fx_im2col_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_col2im(...) fx_col2im_at(FX_LITERAL(fx_col2im_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_im2col_at(fx_im2col_args args, fx_where where);
FX_API fx_tensor *fx_col2im_at(fx_col2im_args args, fx_where where);

/* x (..., C r^2, H, W) as (..., C, H r, W r), and back. Shi et al., "Real-time single image and video
 * super-resolution", 2016. */
/* Channels of x (N, C, ...) in groups, and then the first of each group, the second of each ...: groups
 * divides C. */
#define fx_channel_shuffle(x, groups) fx_channel_shuffle_at(x, groups, FX_HERE)
FX_API fx_tensor *fx_channel_shuffle_at(fx_tensor *x, int64_t groups, fx_where where);
#define fx_pixel_shuffle(x, upscale_factor) fx_pixel_shuffle_at(x, upscale_factor, FX_HERE)
#define fx_pixel_unshuffle(x, downscale_factor) fx_pixel_unshuffle_at(x, downscale_factor, FX_HERE)
FX_API fx_tensor *fx_pixel_shuffle_at(fx_tensor *x, int64_t upscale_factor, fx_where where);
FX_API fx_tensor *fx_pixel_unshuffle_at(fx_tensor *x, int64_t downscale_factor, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
