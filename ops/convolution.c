/* conv1d, conv2d, conv3d and their transposes: what PyTorch's arguments mean to the ops of convolve.c. An x
 * without a batch gets one for the length of the call.
 */
#include "convolution.h"

#include "lanes.h"
#include "window.h"

/* What a call is given, of either kind. */
typedef struct request {
    const char *op;
    int ndim;
    fx_tensor *x, *weight, *bias;
    fx__window window; /* of which groups, stride, dilation, before (padding) are set */
    int64_t output_padding[FX__CONVOLVED];
    bool same;
} request;

/* ---- options ---------------------------------------------------------------------------------------------
 */

/* stride, dilation and padding. */
static bool set_window(request *r, fx__option stride, fx__option dilation, fx__option padding, fx_where where)
{
    static const int64_t ones[] = { 1, 1, 1 }, zeros[] = { 0, 0, 0 };
    fx__window *o = &r->window;
    return fx__option_for_each(r->x, r->op, r->ndim, stride, ones, o->stride, where) &&
           fx__option_for_each(r->x, r->op, r->ndim, dilation, ones, o->dilation, where) &&
           fx__option_for_each(r->x, r->op, r->ndim, padding, zeros, o->before, where);
}

#define WINDOW(a)                                                                                            \
    (fx__option){ "stride", (a).stride, (a).strides, 1 },                                                    \
        (fx__option){ "dilation", (a).dilation, (a).dilations, 1 }, (fx__option)                             \
    {                                                                                                        \
        "padding", (a).padding, (a).paddings, 0                                                              \
    }

static bool promote(request *r, fx_where where)
{
    if (!r->x || !r->weight || (!r->bias && fx_error(r->x->cx) != FX_OK)) return false;
    if (!fx__is_floating(r->x, r->op, where) || !fx__is_floating(r->weight, r->op, where)) return false;
    const fx_dtype dtype = fx_promote((fx_dtype)r->x->dtype, (fx_dtype)r->weight->dtype);
    r->x = fx__as(r->x, dtype, where);
    r->weight = fx__as(r->weight, dtype, where);
    if (r->bias && !(r->bias = fx__as(r->bias, dtype, where))) return false;
    return r->x && r->weight;
}

/* The channels and dimensions of x, weight and bias. in: which of the weight's dimensions x's channels are.
 */
static bool shapes_fit(const request *r, int in, fx_where where)
{
    const fx_tensor *x = r->x, *w = r->weight, *b = r->bias;
    const int64_t groups = r->window.groups;
    if (groups < 1)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: there are %lld groups", r->op, (long long)groups);
    if ((x->ndim != r->ndim + 1 && x->ndim != r->ndim + 2) || w->ndim != r->ndim + 2)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "%s: takes x (N, C, ...) or (C, ...) and a weight of %d dimensions, not %s and %s",
                          r->op, r->ndim + 2, fx__shape_text(x), fx__shape_text(w));
    const int64_t channels = x->size[x->ndim - r->ndim - 1];
    const int64_t wanted = in == 1 ? w->size[1] * groups : w->size[0];
    const int64_t out = in == 1 ? w->size[0] : w->size[1] * groups;
    if (channels != wanted || w->size[0] % groups)
        return FX__REFUSE(x, ERROR_SHAPE, where, "%s: the weight %s in %lld groups does not fit x %s", r->op,
                          fx__shape_text(w), (long long)groups, fx__shape_text(x));
    if (b && (b->ndim != 1 || b->size[0] != out))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "%s: the bias %s is not one number for each of %lld channels", r->op,
                          fx__shape_text(b), (long long)out);
    return true;
}

/* Runs the op on x with a batch. */
static fx_tensor *batched(const request *r, bool transposed, fx_where where)
{
    const bool alone = r->x->ndim == r->ndim + 1;
    fx_tensor *x = alone ? fx__unsqueeze(r->x, 0, where) : r->x, *y;
    y = (transposed ? fx__convolve_back : fx__convolve)(x, r->weight, r->bias, &r->window, where);
    return y && alone ? fx__squeeze(y, 0, where) : y;
}

/* ---- convolution -----------------------------------------------------------------------------------------
 */

/* The sizes of y. */
static bool forward_sizes(request *r, fx_where where)
{
    fx__window *o = &r->window;
    for (int d = 0; d < r->ndim; d++) {
        o->x[d] = r->x->size[r->x->ndim - r->ndim + d];
        o->kernel[d] = r->weight->size[2 + d];
        const int64_t reach = o->dilation[d] * (o->kernel[d] - 1),
                      padding = r->same ? reach : 2 * o->before[d];
        if (r->same && o->stride[d] != 1)
            return FX__REFUSE(r->x, ERROR_ARGUMENT, where, "%s: same sizes need a stride of 1", r->op);
        if (r->same) o->before[d] = reach / 2;
        if (o->kernel[d] < 1 || o->x[d] + padding < reach + 1)
            return FX__REFUSE(r->x, ERROR_SHAPE, where,
                              "%s: a kernel %s does not fit into x %s with its padding", r->op,
                              fx__shape_text(r->weight), fx__shape_text(r->x));
        o->y[d] = (o->x[d] + padding - reach - 1) / o->stride[d] + 1;
    }
    return true;
}

static fx_tensor *convolution(const char *op, int ndim, fx_conv_args a, fx_where where)
{
    request r = { .op = op, .ndim = ndim, .x = a.x, .weight = a.weight, .bias = a.bias, .same = a.same };
    fx__window *o = &r.window;
    o->ndim = ndim;
    o->groups = a.groups ? a.groups : 1;
    if (!promote(&r, where) || !shapes_fit(&r, 1, where) || !set_window(&r, WINDOW(a), where) ||
        !forward_sizes(&r, where))
        return NULL;
    return batched(&r, false, where);
}

fx_tensor *fx_conv1d_at(fx_conv_args args, fx_where where) { return convolution("conv1d", 1, args, where); }
fx_tensor *fx_conv2d_at(fx_conv_args args, fx_where where) { return convolution("conv2d", 2, args, where); }
fx_tensor *fx_conv3d_at(fx_conv_args args, fx_where where) { return convolution("conv3d", 3, args, where); }

/* ---- transposed ------------------------------------------------------------------------------------------
 */

static bool transposed_sizes(request *r, fx_where where)
{
    fx__window *o = &r->window;
    for (int d = 0; d < r->ndim; d++) {
        o->y[d] = r->x->size[r->x->ndim - r->ndim + d];
        o->kernel[d] = r->weight->size[2 + d];
        const int64_t most = o->stride[d] > o->dilation[d] ? o->stride[d] : o->dilation[d];
        if (r->output_padding[d] >= most)
            return FX__REFUSE(r->x, ERROR_ARGUMENT, where,
                              "%s: output_padding %lld must be less than stride %lld or dilation %lld", r->op,
                              (long long)r->output_padding[d], (long long)o->stride[d],
                              (long long)o->dilation[d]);
        o->x[d] = (o->y[d] - 1) * o->stride[d] - 2 * o->before[d] + o->dilation[d] * (o->kernel[d] - 1) + 1 +
                  r->output_padding[d];
        if (o->kernel[d] < 1 || o->y[d] < 1 || o->x[d] < 1)
            return FX__REFUSE(r->x, ERROR_SHAPE, where,
                              "%s: nothing is left of x %s with the weight %s and its padding", r->op,
                              fx__shape_text(r->x), fx__shape_text(r->weight));
    }
    return true;
}

static fx_tensor *transposed(const char *op, int ndim, fx_conv_transpose_args a, fx_where where)
{
    request r = { .op = op, .ndim = ndim, .x = a.x, .weight = a.weight, .bias = a.bias };
    fx__window *o = &r.window;
    o->ndim = ndim;
    o->groups = a.groups ? a.groups : 1;
    if (!promote(&r, where) || !shapes_fit(&r, 0, where) || !set_window(&r, WINDOW(a), where) ||
        !fx__option_for_each(r.x, op, ndim,
                             (fx__option){ "output_padding", a.output_padding, a.output_paddings, 0 },
                             (const int64_t[]){ 0, 0, 0 }, r.output_padding, where) ||
        !transposed_sizes(&r, where))
        return NULL;
    return batched(&r, true, where);
}

fx_tensor *fx_conv_transpose1d_at(fx_conv_transpose_args args, fx_where where)
{
    return transposed("conv_transpose1d", 1, args, where);
}

fx_tensor *fx_conv_transpose2d_at(fx_conv_transpose_args args, fx_where where)
{
    return transposed("conv_transpose2d", 2, args, where);
}

fx_tensor *fx_conv_transpose3d_at(fx_conv_transpose_args args, fx_where where)
{
    return transposed("conv_transpose3d", 3, args, where);
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

static const fx_field conv_fields[] = {
    FX__FIELD(fx_conv_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_conv_args, weight, TENSOR),
    FX__FIELD(fx_conv_args, bias, TENSOR, .optional = true),
    FX__FIELD(fx_conv_args, strides, DIMS, .torch = "stride", .optional = true),
    FX__FIELD(fx_conv_args, paddings, DIMS, .torch = "padding", .optional = true),
    FX__FIELD(fx_conv_args, dilations, DIMS, .torch = "dilation", .optional = true),
    FX__FIELD(fx_conv_args, groups, INT, .optional = true),
    FX__FIELD(fx_conv_args, same, BOOL, .optional = true),
    FX__FIELDS_END
};

static const fx_field conv_transpose_fields[] = {
    FX__FIELD(fx_conv_transpose_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_conv_transpose_args, weight, TENSOR),
    FX__FIELD(fx_conv_transpose_args, bias, TENSOR, .optional = true),
    FX__FIELD(fx_conv_transpose_args, strides, DIMS, .torch = "stride", .optional = true),
    FX__FIELD(fx_conv_transpose_args, paddings, DIMS, .torch = "padding", .optional = true),
    FX__FIELD(fx_conv_transpose_args, output_paddings, DIMS, .torch = "output_padding", .optional = true),
    FX__FIELD(fx_conv_transpose_args, groups, INT, .optional = true),
    FX__FIELD(fx_conv_transpose_args, dilations, DIMS, .torch = "dilation", .optional = true),
    FX__FIELDS_END
};

#define CONV(function, words, samples_, bench_)                                                              \
    FX__CALL(function, fx_conv_args)                                                                         \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = "nn.functional." #function,                                                                 \
        .formula =                                                                                           \
            "y[n, o, q] = b[o] + sum over c, t of x[n, c, q stride + t dilation - padding] w[o, c, t]",      \
        .gradient = "gx is the transposed convolution of g with w; gw correlates x with g; gb sums g",       \
        .notes = words,                                                                                      \
        .fields = conv_fields,                                                                               \
        .args_size = sizeof(fx_conv_args),                                                                   \
        .call = function##_call,                                                                             \
        .samples = samples_,                                                                                 \
        .bench = bench_                                                                                      \
    };

CONV(conv1d, "x (N, C, L) or (C, L), w (O, C / groups, K); zeros outside x",
     "x=(2,3,7) weight=(4,3,3) bias=(4)\n"
     "x=(3,7) weight=(4,3,3) bias=(4)\n"
     "x=(2,4,9) weight=(2,2,3) bias=(2) strides=3 paddings=1 groups=2 dilations=2\n"
     "x=(1,4,5) weight=(1,4,3) strides=2\n"
     "x=(2,2,5) weight=(4,1,4) groups=2 dilations=2 same=true\n"
     "x=(2,3,4) weight=(2,3,1) bias=(2)\n"
     "x=(1,1,3) weight=(1,1,5) paddings=2 strides=4\n"
     "x=(9,1,3) weight=(1,1,2)\n"
     "x=(0,3,4) weight=(2,3,3) bias=(2)\n"
     "x=(2,0,4) weight=(2,0,3) bias=(2)\n"
     "! x=() weight=(2,3,3)\n"
     "! x=(3) weight=(2,3,3)\n"
     "! x=(2,3,4) weight=(2,2,3)\n"
     "! x=(2,3,4) weight=(2,3,5)\n"
     "! x=(2,3,4) weight=(2,3,3) bias=(3)\n"
     "! x=(2,3,4) weight=(2,3,3) strides=0\n"
     "! x=(2,3,4) weight=(2,3,3) paddings=-1\n"
     "! x=(2,3,4) weight=(2,3,3) strides=[1,2]\n"
     "! x=(2,3,4) weight=(2,3,3) strides=2 same=true\n"
     "! x=(2,4,4) weight=(3,2,3) groups=2\n"
     "! x=(2,3,4) weight=(2,3,3) groups=-1\n"
     "! x=(2,3,4)i64 weight=(2,3,3)\n",
     "x=(16,32,512) weight=(32,32,5) bias=(32)\n")

CONV(conv2d, "x (N, C, H, W) or (C, H, W), w (O, C / groups, K, L); zeros outside x",
     "x=(2,2,5,4) weight=(3,2,3,2) bias=(3)\n"
     "x=(2,4,4) weight=(3,2,2,2) bias=(3)  paddings=1 groups=1\n"
     "x=(1,4,6,6) weight=(2,2,2,3) bias=(2) strides=[3,2] paddings=[2,1] groups=2 dilations=[2,3]\n"
     "x=(1,3,4,4) weight=(3,1,3,3) groups=3 paddings=1\n"
     "x=(1,2,4,5) weight=(2,2,2,3) same=true dilations=[3,1]\n"
     "x=(2,3,2,3) weight=(2,3,1,1) bias=(2)\n"
     "x=(1,2,3,3) weight=(2,2,1,1) strides=2\n"
     "x=(1,1,3,3) weight=(1,1,3,3)\n"
     "x=(1,1,2,2) weight=(2,1,2,2) paddings=2 strides=3\n"
     "x=(2,2,3,35) weight=(2,2,2,2)\n"
     "x=(0,2,4,4) weight=(3,2,2,2) bias=(3)\n"
     "x=(2,2,4,4)f32 weight=(3,2,2,2)f64\n"
     "! x=() weight=(3,2,2,2)\n"
     "! x=(2,3,4,4) weight=(3,2,2,2)\n"
     "! x=(1,2,4,4) weight=(3,2,5,2)\n"
     "! x=(1,2,4,4) weight=(3,2,2)\n",
     "x=(16,16,64,64) weight=(32,16,3,3) bias=(32) paddings=1\n")

CONV(conv3d, "x (N, C, D, H, W) or (C, D, H, W), w (O, C / groups, J, K, L); zeros outside x",
     "x=(1,2,3,3,4) weight=(2,2,2,2,3) bias=(2)\n"
     "x=(2,3,3,3) weight=(2,1,2,1,2) groups=2 paddings=[1,0,1]\n"
     "x=(1,1,4,4,3) weight=(1,1,2,2,2) strides=[2,1,2] dilations=[1,2,1]\n"
     "x=(1,1,2,3,2) weight=(1,1,2,3,2) same=true\n"
     "x=(0,1,2,3,2) weight=(1,1,1,1,1)\n"
     "! x=() weight=(1,1,1,1,1)\n"
     "! x=(1,1,2,3,2) weight=(1,1,3,1,1)\n",
     "x=(4,8,16,16,16) weight=(16,8,3,3,3) bias=(16) paddings=1\n")

#define CONV_TRANSPOSE(function, samples_, bench_)                                                           \
    FX__CALL(function, fx_conv_transpose_args)                                                               \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = "nn.functional." #function,                                                                 \
        .formula = "y[n, c, q stride + t dilation - padding] = b[c] + sum over o of x[n, o, q] w[o, c, t]",  \
        .gradient = "gx is the convolution of g with w; gw correlates g with x; gb sums g",                  \
        .notes =                                                                                             \
            "w (C of x, C of y / groups, ...); output_padding adds to one end of y what a convolution's "    \
            "stride left unread",                                                                            \
        .fields = conv_transpose_fields,                                                                     \
        .args_size = sizeof(fx_conv_transpose_args),                                                         \
        .call = function##_call,                                                                             \
        .samples = samples_,                                                                                 \
        .bench = bench_                                                                                      \
    };

CONV_TRANSPOSE(conv_transpose1d,
               "x=(2,3,4) weight=(3,2,3) bias=(2)\n"
               "x=(3,4) weight=(3,2,3) bias=(2) strides=2 paddings=2 output_paddings=1\n"
               "x=(2,2,4) weight=(2,2,3) strides=3 paddings=1 output_paddings=2 groups=2 dilations=4\n"
               "x=(1,2,3) weight=(2,2,2) dilations=2 output_paddings=1\n"
               "x=(1,2,3) weight=(2,2,1)\n"
               "x=(0,2,3) weight=(2,2,2) bias=(2)\n"
               "! x=() weight=(2,2,2)\n"
               "! x=(1,2,3) weight=(3,2,2)\n"
               "! x=(1,2,3) weight=(2,2,2) output_paddings=1\n"
               "! x=(1,2,3) weight=(2,2,2) paddings=3\n"
               "! x=(1,2,3) weight=(2,2,2) bias=(3)\n"
               "! x=(1,2,0) weight=(2,2,2)\n"
               "! x=(1,2,3) weight=(2,2,2)i64\n",
               "x=(16,32,512) weight=(32,32,5) bias=(32)\n")

CONV_TRANSPOSE(conv_transpose2d,
               "x=(2,2,3,2) weight=(2,3,2,3) bias=(3)\n"
               "x=(2,3,3) weight=(2,3,2,2) strides=2 paddings=1 output_paddings=[1,0]\n"
               "x=(1,4,2,2) weight=(4,1,3,2) groups=2 strides=[3,2] dilations=[2,1] bias=(2)\n"
               "x=(0,2,3,3) weight=(2,1,2,2)\n"
               "! x=() weight=(2,1,2,2)\n"
               "! x=(1,3,3,3) weight=(2,1,2,2)\n",
               "x=(16,16,32,32) weight=(16,16,4,4) bias=(16) strides=2 paddings=1\n")

CONV_TRANSPOSE(
    conv_transpose3d,
    "x=(1,2,2,3,2) weight=(2,1,2,2,3) bias=(1)\n"
    "x=(2,2,2,2) weight=(2,1,2,1,2) groups=2 strides=[2,1,2] paddings=[1,0,0] output_paddings=[1,0,1]\n"
    "x=(0,2,2,2,2) weight=(2,1,2,1,2)\n"
    "! x=() weight=(2,1,2,2,2)\n"
    "! x=(1,3,2,2,2) weight=(2,1,2,2,2)\n",
    "x=(4,8,8,8,8) weight=(8,8,4,4,4) bias=(8) strides=2 paddings=1\n")
