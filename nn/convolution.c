/* Convolutions and their transposes as layers.
 */
#include "module.h"

#include <math.h>

typedef struct conv {
    int ndim;
    int padding_mode;
    fx_conv_args args; /* but for x */
} conv;

/* ---- padding that zeros are not enough for ----------------------------------------------------------------
 */

static int64_t option(int64_t one, const fx_dims *each, int d, int64_t otherwise)
{
    if (each->given && each->count) return each->at[each->count == 1 ? 0 : d];
    return one ? one : otherwise;
}

/* x padded as the mode says, on both sides of each dimension of space; the last dimension comes first in the
 * list. */
static fx_tensor *padded(const conv *c, fx_tensor *x, fx_where where)
{
    fx_dims pad = { .given = true, .count = 2 * c->ndim };
    const fx_conv_args *a = &c->args;
    for (int d = 0; d < c->ndim; d++) {
        const int64_t reach = option(a->dilation, &a->dilations, d, 1) * (fx_dim(a->weight, 2 + d) - 1);
        const int64_t before = a->same ? reach / 2 : option(a->padding, &a->paddings, d, 0);
        const int at = 2 * (c->ndim - 1 - d);
        pad.at[at] = before;
        pad.at[at + 1] = a->same ? reach - before : before;
    }
    const bool alone = fx_ndim(x) == c->ndim + 1;
    if (alone) x = fx_unsqueeze_at(x, 0, where);
    x = fx_pad_at((fx_pad_args){ .x = x, .pad = pad, .mode = c->padding_mode }, where);
    return x && alone ? fx_select_at(x, 0, 0, where) : x;
}

static fx_tensor *conv_forward(fx_module *m, void *data, fx_tensor *x)
{
    const conv *c = data;
    fx_conv_args a = c->args;
    a.x = x;
    if (c->padding_mode != FX_PAD_CONSTANT) {
        if (fx_ndim(x) == c->ndim + 1 || fx_ndim(x) == c->ndim + 2) a.x = padded(c, x, m->where);
        a.padding = 0;
        a.paddings = (fx_dims){ 0 };
        a.same = false;
    }
    return c->ndim == 1   ? fx_conv1d_at(a, m->where)
           : c->ndim == 2 ? fx_conv2d_at(a, m->where)
                          : fx_conv3d_at(a, m->where);
}

/* ---- parameters -------------------------------------------------------------------------------------------
 */

/* A weight (first, second, kernel...) and a bias; both from U(-b, b), b = 1 / sqrt(second x the kernel). */
static bool make_parameters(fx_module *m, const char *name, fx_dims weight, int64_t out, bool has_bias,
                            fx_dtype dtype, fx_tensor *made[2], fx_where where)
{
    const fx_dims sizes[2] = { weight, { true, 1, { out } } };
    if (!fx__check_sizes(m->cx, name, weight.count, weight.at, where) ||
        !fx__context_tensors(m->cx, dtype, has_bias ? 2 : 1, sizes, made, where))
        return false;
    int64_t fan = 1;
    for (int d = 1; d < weight.count; d++) fan *= weight.at[d];
    const double bound = fan ? 1 / sqrt((double)fan) : 0;
    return fx_init_uniform_at(made[0], -bound, bound, where) &&
           fx__layer_parameter(m, "weight", made[0], where) &&
           (!has_bias || (fx_init_uniform_at(made[1], -bound, bound, where) &&
                          fx__layer_parameter(m, "bias", made[1], where)));
}

/* The sizes of a weight. False, and an error, where kernels or groups do not fit. */
static bool weight_sizes(fx_context *cx, const char *name, int ndim, int64_t first, int64_t second,
                         int64_t groups, int64_t one, const fx_dims *each, fx_dims *weight, fx_where where)
{
    *weight = (fx_dims){ true, ndim + 2, { first, groups ? second / groups : 0 } };
    bool good = groups > 0 && first % groups == 0 && second % groups == 0 &&
                (!each->given || each->count == 1 || each->count == ndim);
    for (int d = 0; good && d < ndim; d++) good = (weight->at[2 + d] = option(one, each, d, 0)) > 0;
    if (!good)
        fx_error_set(cx, FX_ERROR_ARGUMENT, where,
                     "%s: kernels must be positive, one or %d numbers, and %lld groups must divide the "
                     "channels %lld and %lld",
                     name, ndim, (long long)groups, (long long)first, (long long)second);
    return good;
}

/* ---- convolution ------------------------------------------------------------------------------------------
 */

static fx_module *conv_layer(const char *name, const char *kind, int ndim, fx_conv_layer_args a,
                             fx_where where)
{
    fx_dims weight;
    const int64_t groups = a.groups ? a.groups : 1;
    if (!a.cx || !fx__check_dtype(a.cx, name, &a.dtype, where) ||
        !weight_sizes(a.cx, name, ndim, a.out, a.in, groups, a.kernel_size, &a.kernel_sizes, &weight, where))
        return NULL;
    fx_module *m = fx__layer_new(a.cx, kind, conv_forward, sizeof(conv));
    fx_tensor *made[2] = { NULL };
    if (!m || !make_parameters(m, name, weight, a.out, a.bias, a.dtype, made, where)) return NULL;
    conv *c = m->data;
    *c = (conv){ .ndim = ndim, .padding_mode = a.padding_mode };
    c->args = (fx_conv_args){ .weight = made[0],
                              .bias = made[1],
                              .stride = a.stride,
                              .padding = a.padding,
                              .dilation = a.dilation,
                              .groups = groups,
                              .same = a.same,
                              .strides = a.strides,
                              .paddings = a.paddings,
                              .dilations = a.dilations };
    m->one_op = a.padding_mode == FX_PAD_CONSTANT;
    return m;
}

fx_module *fx_conv1d_layer_at(fx_conv_layer_args args, fx_where where)
{
    return conv_layer("conv1d_layer", "conv1d", 1, args, where);
}

fx_module *fx_conv2d_layer_at(fx_conv_layer_args args, fx_where where)
{
    return conv_layer("conv2d_layer", "conv2d", 2, args, where);
}

fx_module *fx_conv3d_layer_at(fx_conv_layer_args args, fx_where where)
{
    return conv_layer("conv3d_layer", "conv3d", 3, args, where);
}

/* ---- transposed -------------------------------------------------------------------------------------------
 */

typedef struct transposed {
    int ndim;
    fx_conv_transpose_args args;
} transposed;

static fx_tensor *transposed_forward(fx_module *m, void *data, fx_tensor *x)
{
    const transposed *t = data;
    fx_conv_transpose_args a = t->args;
    a.x = x;
    return t->ndim == 1   ? fx_conv_transpose1d_at(a, m->where)
           : t->ndim == 2 ? fx_conv_transpose2d_at(a, m->where)
                          : fx_conv_transpose3d_at(a, m->where);
}

static fx_module *transposed_layer(const char *name, const char *kind, int ndim,
                                   fx_conv_transpose_layer_args a, fx_where where)
{
    fx_dims weight;
    const int64_t groups = a.groups ? a.groups : 1;
    if (!a.cx || !fx__check_dtype(a.cx, name, &a.dtype, where) ||
        !weight_sizes(a.cx, name, ndim, a.in, a.out, groups, a.kernel_size, &a.kernel_sizes, &weight, where))
        return NULL;
    fx_module *m = fx__layer_new(a.cx, kind, transposed_forward, sizeof(transposed));
    fx_tensor *made[2] = { NULL };
    if (!m || !make_parameters(m, name, weight, a.out, a.bias, a.dtype, made, where)) return NULL;
    transposed *t = m->data;
    *t = (transposed){ .ndim = ndim };
    t->args = (fx_conv_transpose_args){ .weight = made[0],
                                        .bias = made[1],
                                        .stride = a.stride,
                                        .padding = a.padding,
                                        .output_padding = a.output_padding,
                                        .groups = groups,
                                        .dilation = a.dilation,
                                        .strides = a.strides,
                                        .paddings = a.paddings,
                                        .output_paddings = a.output_paddings,
                                        .dilations = a.dilations };
    m->one_op = true;
    return m;
}

fx_module *fx_conv_transpose1d_layer_at(fx_conv_transpose_layer_args args, fx_where where)
{
    return transposed_layer("conv_transpose1d_layer", "conv_transpose1d", 1, args, where);
}

fx_module *fx_conv_transpose2d_layer_at(fx_conv_transpose_layer_args args, fx_where where)
{
    return transposed_layer("conv_transpose2d_layer", "conv_transpose2d", 2, args, where);
}

fx_module *fx_conv_transpose3d_layer_at(fx_conv_transpose_layer_args args, fx_where where)
{
    return transposed_layer("conv_transpose3d_layer", "conv_transpose3d", 3, args, where);
}
