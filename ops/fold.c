/* im2col and col2im, the columns that convolutions are products with, and their adjoint; pixel_shuffle and
 * its kin, which move channels into space and back.
 */
#include "convolution.h"
#include "lanes.h"
#include "window.h"

#include "kernels/conv.h"

/* ---- columns ---------------------------------------------------------------------------------------------
 */

/* The kernels' view: x (batch, channels, H, W). */
static fx__conv conv_of(const fx__window *o, const fx_tensor *any, int64_t batch, int64_t channels)
{
    fx__conv c = { .f64 = any->dtype == FX_F64, .batch = batch, .groups = 1, .in = channels, .out = 0 };
    c.x[0] = c.y[0] = c.kernel[0] = c.stride[0] = c.dilation[0] = 1;
    for (int d = 0; d < 2; d++) {
        c.x[d + 1] = o->x[d];
        c.y[d + 1] = o->y[d];
        c.kernel[d + 1] = o->kernel[d];
        c.stride[d + 1] = o->stride[d];
        c.dilation[d + 1] = o->dilation[d];
        c.before[d + 1] = o->before[d];
    }
    return c;
}

static fx_tensor *columns(fx_tensor *x, const fx__window *o, fx_where where);
static fx_tensor *images(fx_tensor *x, const fx__window *o, fx_where where);

static bool columns_shape(const fx_call *c, fx_spec *y)
{
    const fx__window *o = c->options;
    y->ndim = 3;
    y->size[1] = c->x[0]->size[1] * o->kernel[0] * o->kernel[1];
    y->size[2] = o->y[0] * o->y[1];
    return true;
}

static void columns_forward(const fx_call *c)
{
    const fx_tensor *x = c->x[0];
    const fx__conv conv = conv_of(c->options, x, x->size[0], x->size[1]);
    if (c->y->numel) fx__conv_columns(fx_threads(c->cx), &conv, x->data, c->y->data);
}

static void columns_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = images(g, c->options, c->where);
}

static const fx_op columns_op = { .name = "im2col",
                                  .formula = "y[n, (c, t), q] = x[n, c, q stride + t dilation - padding]",
                                  .inputs = 1,
                                  .options_size = sizeof(fx__window),
                                  .shape = columns_shape,
                                  .forward = columns_forward,
                                  .local_grad = columns_local_grad };

static bool images_shape(const fx_call *c, fx_spec *y)
{
    const fx__window *o = c->options;
    y->ndim = 4;
    y->size[1] = c->x[0]->size[1] / (o->kernel[0] * o->kernel[1]);
    y->size[2] = o->x[0];
    y->size[3] = o->x[1];
    return true;
}

static void images_forward(const fx_call *c)
{
    const fx__conv conv = conv_of(c->options, c->y, c->y->size[0], c->y->size[1]);
    if (c->y->numel) fx__conv_add_columns(fx_threads(c->cx), &conv, c->y->data, c->x[0]->data);
}

static void images_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = columns(g, c->options, c->where);
}

static const fx_op images_op = { .name = "col2im",
                                 .formula =
                                     "y[n, c, q stride + t dilation - padding] = sum of x[n, (c, t), q]",
                                 .inputs = 1,
                                 .options_size = sizeof(fx__window),
                                 .shape = images_shape,
                                 .forward = images_forward,
                                 .local_grad = images_local_grad };

static fx_tensor *columns(fx_tensor *x, const fx__window *o, fx_where where)
{
    return x ? FX__APPLY(&columns_op, o, where, x) : NULL;
}

static fx_tensor *images(fx_tensor *x, const fx__window *o, fx_where where)
{
    return x ? FX__APPLY(&images_op, o, where, x) : NULL;
}

/* The windows of an x of the sizes o->x. */
static bool windows_of(const fx_tensor *x, const char *op, fx__option kernel, fx__option dilation,
                       fx__option padding, fx__option stride, fx__window *o, fx_where where)
{
    static const int64_t ones[] = { 1, 1 }, zeros[] = { 0, 0 };
    o->ndim = 2;
    o->groups = 1;
    if (!fx__option_for_each(x, op, 2, kernel, NULL, o->kernel, where) ||
        !fx__option_for_each(x, op, 2, dilation, ones, o->dilation, where) ||
        !fx__option_for_each(x, op, 2, padding, zeros, o->before, where) ||
        !fx__option_for_each(x, op, 2, stride, ones, o->stride, where))
        return false;
    for (int d = 0; d < 2; d++) {
        const int64_t left = o->x[d] + 2 * o->before[d] - o->dilation[d] * (o->kernel[d] - 1) - 1;
        if (left < 0)
            return FX__REFUSE(x, ERROR_SHAPE, where, "%s: a window does not fit into images of %lld x %lld",
                              op, (long long)o->x[0], (long long)o->x[1]) != NULL;
        o->y[d] = left / o->stride[d] + 1;
    }
    return true;
}

#define WINDOW(a)                                                                                            \
    (fx__option){ "kernel_size", (a).kernel_size, (a).kernel_sizes, 1 },                                     \
        (fx__option){ "dilation", (a).dilation, (a).dilations, 1 },                                          \
        (fx__option){ "padding", (a).padding, (a).paddings, 0 }, (fx__option)                                \
    {                                                                                                        \
        "stride", (a).stride, (a).strides, 1                                                                 \
    }

fx_tensor *fx_im2col_at(fx_im2col_args a, fx_where where)
{
    fx__window o = { 0 };
    if (!fx__has_space(a.x, 2, "im2col", where)) return NULL;
    for (int d = 0; d < 2; d++) o.x[d] = a.x->size[a.x->ndim - 2 + d];
    if (!windows_of(a.x, "im2col", WINDOW(a), &o, where)) return NULL;
    const bool alone = a.x->ndim == 3;
    fx_tensor *y = columns(alone ? fx__unsqueeze(a.x, 0, where) : a.x, &o, where);
    return y && alone ? fx__squeeze(y, 0, where) : y;
}

fx_tensor *fx_col2im_at(fx_col2im_args a, fx_where where)
{
    static const char *const op = "col2im";
    fx__window o = { 0 };
    if (!a.x || !fx__is_floating(a.x, op, where)) return NULL;
    if (a.x->ndim != 2 && a.x->ndim != 3)
        return FX__REFUSE(a.x, ERROR_SHAPE, where,
                          "%s: takes columns (N, C x kernel, L) or (C x kernel, L), not %s", op,
                          fx__shape_text(a.x));
    if (!fx__option_for_each(a.x, op, 2, (fx__option){ "output_size", 0, a.output_size, 0 }, NULL, o.x,
                             where) ||
        !windows_of(a.x, op, WINDOW(a), &o, where))
        return NULL;
    const int64_t rows = a.x->size[a.x->ndim - 2], places = a.x->size[a.x->ndim - 1];
    if (rows % (o.kernel[0] * o.kernel[1]) || places != o.y[0] * o.y[1])
        return FX__REFUSE(a.x, ERROR_SHAPE, where, "%s: columns %s are not those of images of %lld x %lld",
                          op, fx__shape_text(a.x), (long long)o.x[0], (long long)o.x[1]);
    const bool alone = a.x->ndim == 2;
    fx_tensor *y = images(alone ? fx__unsqueeze(a.x, 0, where) : a.x, &o, where);
    return y && alone ? fx__squeeze(y, 0, where) : y;
}

/* ---- channels into space ---------------------------------------------------------------------------------
 */

/* x (..., C, H, W), and a factor that divides what it must. */
static bool shuffles(const fx_tensor *x, const char *op, int64_t factor, bool back, fx_where where)
{
    if (!x) return false;
    bool good = x->ndim >= 3 && factor > 0;
    const int64_t *size = x->size + (good ? x->ndim - 3 : 0);
    if (good) good = back ? size[1] % factor == 0 && size[2] % factor == 0 : size[0] % (factor * factor) == 0;
    return good || FX__REFUSE(x, ERROR_SHAPE, where, "%s: a factor of %lld does not divide x %s", op,
                              (long long)factor, fx__shape_text(x)) != NULL;
}

/* x in these sizes after what comes before the last three; moved around; and as (..., last sizes). */
static fx_tensor *rearranged(fx_tensor *x, const int64_t between[5], const int order[5],
                             const int64_t after[3], fx_where where)
{
    const int64_t lead = fx__product(x->size, 0, x->ndim - 3);
    int64_t size[FX_MAX_DIMS] = { lead }, out[FX_MAX_DIMS];
    int dims[6] = { 0 };
    for (int d = 0; d < 5; d++) size[1 + d] = between[d], dims[1 + d] = 1 + order[d];
    for (int d = 0; d < x->ndim; d++) out[d] = d < x->ndim - 3 ? x->size[d] : after[d - (x->ndim - 3)];
    fx_tensor *y = fx__reshape(x, 6, size, where);
    y = y ? fx__permute(y, dims, where) : NULL;
    return y ? fx__reshape(y, x->ndim, out, where) : NULL;
}

fx_tensor *fx_pixel_shuffle_at(fx_tensor *x, int64_t upscale_factor, fx_where where)
{
    if (!shuffles(x, "pixel_shuffle", upscale_factor, false, where)) return NULL;
    const int64_t r = upscale_factor, *size = x->size + x->ndim - 3, c = size[0] / (r * r);
    return rearranged(x, (const int64_t[]){ c, r, r, size[1], size[2] }, (const int[]){ 0, 3, 1, 4, 2 },
                      (const int64_t[]){ c, size[1] * r, size[2] * r }, where);
}

fx_tensor *fx_pixel_unshuffle_at(fx_tensor *x, int64_t downscale_factor, fx_where where)
{
    if (!shuffles(x, "pixel_unshuffle", downscale_factor, true, where)) return NULL;
    const int64_t r = downscale_factor, *size = x->size + x->ndim - 3;
    return rearranged(x, (const int64_t[]){ size[0], size[1] / r, r, size[2] / r, r },
                      (const int[]){ 0, 2, 4, 1, 3 },
                      (const int64_t[]){ size[0] * r * r, size[1] / r, size[2] / r }, where);
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

static const fx_field im2col_fields[] = {
    FX__FIELD(fx_im2col_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_im2col_args, kernel_sizes, DIMS, .torch = "kernel_size"),
    FX__FIELD(fx_im2col_args, dilations, DIMS, .torch = "dilation", .optional = true),
    FX__FIELD(fx_im2col_args, paddings, DIMS, .torch = "padding", .optional = true),
    FX__FIELD(fx_im2col_args, strides, DIMS, .torch = "stride", .optional = true),
    FX__FIELDS_END
};
static const fx_field col2im_fields[] = {
    FX__FIELD(fx_col2im_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_col2im_args, output_size, DIMS),
    FX__FIELD(fx_col2im_args, kernel_sizes, DIMS, .torch = "kernel_size"),
    FX__FIELD(fx_col2im_args, dilations, DIMS, .torch = "dilation", .optional = true),
    FX__FIELD(fx_col2im_args, paddings, DIMS, .torch = "padding", .optional = true),
    FX__FIELD(fx_col2im_args, strides, DIMS, .torch = "stride", .optional = true),
    FX__FIELDS_END
};

FX__CALL(im2col, fx_im2col_args)
const fx_function fx__function_im2col = {
    .name = "im2col",
    .torch = "nn.functional.unfold",
    .formula = "y[n, (c, t), q] = x[n, c, q stride + t dilation - padding], zero outside x",
    .gradient = "col2im of g",
    .fields = im2col_fields,
    .args_size = sizeof(fx_im2col_args),
    .call = im2col_call,
    .samples = "x=(2,2,4,5) kernel_sizes=[2,3]\n"
               "x=(2,4,4) kernel_sizes=2 paddings=1 strides=2\n"
               "x=(1,1,5,6) kernel_sizes=2 dilations=[2,3] strides=[1,2] paddings=[0,1]\n"
               "x=(0,2,3,3) kernel_sizes=2\n"
               "! x=() kernel_sizes=2\n"
               "! x=(1,2,3,3) kernel_sizes=4\n"
               "! x=(1,2,3,3) kernel_sizes=[2,2,2]\n"
               "! x=(1,2,3,3)i64 kernel_sizes=2\n",
    .bench = "x=(16,8,32,32) kernel_sizes=3 paddings=1\n"
};

FX__CALL(col2im, fx_col2im_args)
const fx_function fx__function_col2im = {
    .name = "col2im",
    .torch = "nn.functional.fold",
    .formula = "y[n, c, q stride + t dilation - padding] = sum of x[n, (c, t), q]",
    .gradient = "im2col of g",
    .fields = col2im_fields,
    .args_size = sizeof(fx_col2im_args),
    .call = col2im_call,
    .samples = "x=(2,8,6) output_size=[3,4] kernel_sizes=2\n"
               "x=(4,9) output_size=[4,4] kernel_sizes=2 paddings=1 strides=2\n"
               "x=(1,4,8) output_size=[5,6] kernel_sizes=2 dilations=[3,2] strides=[1,1]\n"
               "x=(0,4,4) output_size=[3,3] kernel_sizes=2\n"
               "! x=() output_size=[3,3] kernel_sizes=2\n"
               "! x=(1,5,4) output_size=[3,3] kernel_sizes=2\n"
               "! x=(1,4,5) output_size=[3,3] kernel_sizes=2\n"
               "! x=(1,4,4)i64 output_size=[3,3] kernel_sizes=2\n",
    .bench = "x=(16,72,1024) output_size=[32,32] kernel_sizes=3 paddings=1\n"
};

typedef struct shuffle_args {
    fx_tensor *x;
    int64_t upscale_factor, downscale_factor;
} shuffle_args;

FX__PLAIN(pixel_shuffle, shuffle_args, a->x, a->upscale_factor)
static const fx_field pixel_shuffle_fields[] = { FX__FIELD(shuffle_args, x, TENSOR, .torch = "input"),
                                                 FX__FIELD(shuffle_args, upscale_factor, INT),
                                                 FX__FIELDS_END };
const fx_function fx__function_pixel_shuffle = { .name = "pixel_shuffle",
                                                 .torch = "nn.functional.pixel_shuffle",
                                                 .formula = "y[c, h r + i, w r + j] = x[(c, i, j), h, w]",
                                                 .gradient = "pixel_unshuffle of g",
                                                 .fields = pixel_shuffle_fields,
                                                 .args_size = sizeof(shuffle_args),
                                                 .call = pixel_shuffle_call,
                                                 .samples = "x=(2,8,2,3) upscale_factor=2\n"
                                                            "x=(9,1,2) upscale_factor=3\n"
                                                            "x=(2,4,2,0) upscale_factor=1\n"
                                                            "x=(2,4,2,2)i64 upscale_factor=2\n"
                                                            "! x=() upscale_factor=1\n"
                                                            "! x=(2,6,2,2) upscale_factor=2\n"
                                                            "! x=(2,4,2,2) upscale_factor=0\n",
                                                 .bench = "x=(16,64,32,32) upscale_factor=4\n" };

FX__PLAIN(pixel_unshuffle, shuffle_args, a->x, a->downscale_factor)
static const fx_field pixel_unshuffle_fields[] = { FX__FIELD(shuffle_args, x, TENSOR, .torch = "input"),
                                                   FX__FIELD(shuffle_args, downscale_factor, INT),
                                                   FX__FIELDS_END };
const fx_function fx__function_pixel_unshuffle = { .name = "pixel_unshuffle",
                                                   .torch = "nn.functional.pixel_unshuffle",
                                                   .formula = "y[(c, i, j), h, w] = x[c, h r + i, w r + j]",
                                                   .gradient = "pixel_shuffle of g",
                                                   .fields = pixel_unshuffle_fields,
                                                   .args_size = sizeof(shuffle_args),
                                                   .call = pixel_unshuffle_call,
                                                   .samples = "x=(2,2,4,6) downscale_factor=2\n"
                                                              "x=(1,3,6) downscale_factor=3\n"
                                                              "x=(2,4,0,2) downscale_factor=1\n"
                                                              "! x=() downscale_factor=1\n"
                                                              "! x=(2,6,3,2) downscale_factor=2\n"
                                                              "! x=(2,4,2,2) downscale_factor=-1\n",
                                                   .bench = "x=(16,4,128,128) downscale_factor=4\n" };

/* ---- channel_shuffle ---- */

fx_tensor *fx_channel_shuffle_at(fx_tensor *x, int64_t groups, fx_where where)
{
    if (!x) return NULL;
    if (x->ndim < 3 || groups < 1 || x->size[1] % groups)
        return FX__REFUSE(x, ERROR_SHAPE, where, "channel_shuffle: %lld groups of the channels of %s",
                          (long long)groups, fx__shape_text(x));
    const int64_t each = x->size[1] / groups, inner = fx__product(x->size, 2, x->ndim);
    const int order[] = { 0, 2, 1, 3 };
    fx_tensor *y = fx__reshape(x, 4, (const int64_t[]){ x->size[0], groups, each, inner }, where);
    y = fx__permute(y, order, where);
    return y ? fx__reshape(fx__space.clone(y, where), x->ndim, x->size, where) : NULL;
}

typedef struct channel_shuffle_args {
    fx_tensor *x;
    int64_t groups;
} channel_shuffle_args;
FX__PLAIN(channel_shuffle, channel_shuffle_args, a->x, a->groups)
static const fx_field channel_shuffle_fields[] = {
    FX__FIELD(channel_shuffle_args, x, TENSOR, .torch = "input"),
    FX__FIELD(channel_shuffle_args, groups, INT), FX__FIELDS_END
};
const fx_function fx__function_channel_shuffle = {
    .name = "channel_shuffle",
    .torch = "nn.functional.channel_shuffle,channel_shuffle",
    .formula = "y[n, (i, g), ...] = x[n, (g, i), ...]",
    .gradient = "g, its channels put back",
    .fields = channel_shuffle_fields,
    .args_size = sizeof(channel_shuffle_args),
    .call = channel_shuffle_call,
    .samples = "x=(2,6,2,3) groups=2\nx=(1,4,3) groups=4\nx=(2,4,2,2)i64 groups=2\n"
               "x=(2,4,0) groups=2\n!x=() groups=1\n!x=(2,5,2) groups=2\n"
               "!x=(2,4,2) groups=0\n!x=(2,4) groups=2\n",
    .bench = "x=(16,64,32,32) groups=4"
};
