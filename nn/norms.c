/* Normalisations as layers.
 */
#include "module.h"

#include <string.h>

/* Parameters of ones and zeros, in these sizes; bias: whether there is one. False after an error. */
static bool weight_and_bias(fx_module *m, fx_dtype dtype, fx_dims sizes, bool has_bias, fx_tensor **weight,
                            fx_tensor **bias, fx_where where)
{
    fx_tensor *made[2] = { NULL };
    if (!fx__context_tensors(m->cx, dtype, has_bias ? 2 : 1, (const fx_dims[]){ sizes, sizes }, made,
                             where) ||
        !fx_init_constant_at(made[0], 1, where) || !fx__layer_parameter(m, "weight", made[0], where))
        return false;
    *weight = made[0];
    if (!has_bias) return true;
    *bias = made[1];
    return fx_init_constant_at(made[1], 0, where) && fx__layer_parameter(m, "bias", made[1], where);
}

/* ---- over the last dimensions -----------------------------------------------------------------------------
 */

static fx_tensor *layer_norm_forward(fx_module *m, void *data, fx_tensor *x)
{
    fx_layer_norm_args a = *(const fx_layer_norm_args *)data;
    a.x = x;
    return fx_layer_norm_at(a, m->where);
}

static fx_dims last_sizes(int64_t size, const fx_dims *sizes)
{
    return sizes->given ? *sizes : (fx_dims){ true, 1, { size } };
}

fx_module *fx_layer_norm_layer_at(fx_layer_norm_layer_args a, fx_where where)
{
    static const char *const name = "layer_norm_layer";
    const fx_dims sizes = last_sizes(a.size, &a.sizes);
    if (!a.cx || !fx__check_sizes(a.cx, name, sizes.count, sizes.at, where) ||
        !fx__check_dtype(a.cx, name, &a.dtype, where))
        return NULL;
    fx_module *m = fx__layer_new(a.cx, "layer_norm", layer_norm_forward, sizeof(fx_layer_norm_args));
    if (!m) return NULL;
    fx_layer_norm_args *l = m->data;
    *l = (fx_layer_norm_args){ .normalized_shape = sizes, .eps = a.eps };
    m->one_op = true;
    return !a.affine || weight_and_bias(m, a.dtype, sizes, a.bias, &l->weight, &l->bias, where) ? m : NULL;
}

static fx_tensor *rms_norm_forward(fx_module *m, void *data, fx_tensor *x)
{
    fx_rms_norm_args a = *(const fx_rms_norm_args *)data;
    a.x = x;
    return fx_rms_norm_at(a, m->where);
}

fx_module *fx_rms_norm_layer_at(fx_layer_norm_layer_args a, fx_where where)
{
    static const char *const name = "rms_norm_layer";
    const fx_dims sizes = last_sizes(a.size, &a.sizes);
    if (!a.cx || !fx__check_sizes(a.cx, name, sizes.count, sizes.at, where) ||
        !fx__check_dtype(a.cx, name, &a.dtype, where))
        return NULL;
    fx_module *m = fx__layer_new(a.cx, "rms_norm", rms_norm_forward, sizeof(fx_rms_norm_args));
    if (!m) return NULL;
    fx_rms_norm_args *l = m->data;
    *l = (fx_rms_norm_args){ .normalized_shape = sizes, .eps = a.eps };
    m->one_op = true;
    return !a.affine || weight_and_bias(m, a.dtype, sizes, false, &l->weight, NULL, where) ? m : NULL;
}

/* ---- over groups of channels ------------------------------------------------------------------------------
 */

static fx_tensor *group_norm_forward(fx_module *m, void *data, fx_tensor *x)
{
    fx_group_norm_args a = *(const fx_group_norm_args *)data;
    a.x = x;
    return fx_group_norm_at(a, m->where);
}

fx_module *fx_group_norm_layer_at(fx_group_norm_layer_args a, fx_where where)
{
    static const char *const name = "group_norm_layer";
    if (!a.cx || !fx__check_sizes(a.cx, name, 1, &a.channels, where) ||
        !fx__check_dtype(a.cx, name, &a.dtype, where))
        return NULL;
    if (a.groups < 1 || a.channels % a.groups) {
        fx_error_set(a.cx, FX_ERROR_ARGUMENT, where, "%s: %lld groups do not divide %lld channels", name,
                     (long long)a.groups, (long long)a.channels);
        return NULL;
    }
    fx_module *m = fx__layer_new(a.cx, "group_norm", group_norm_forward, sizeof(fx_group_norm_args));
    if (!m) return NULL;
    fx_group_norm_args *g = m->data;
    *g = (fx_group_norm_args){ .num_groups = a.groups, .eps = a.eps };
    m->one_op = true;
    return !a.affine || weight_and_bias(m, a.dtype, FX_DIMS(a.channels), true, &g->weight, &g->bias, where)
               ? m
               : NULL;
}

static fx_tensor *local_response_forward(fx_module *m, void *data, fx_tensor *x)
{
    fx_local_response_norm_args a = *(const fx_local_response_norm_args *)data;
    a.x = x;
    return fx_local_response_norm_at(a, m->where);
}

fx_module *fx_local_response_norm_layer_at(fx_local_response_norm_layer_args a, fx_where where)
{
    (void)where;
    fx_module *m = fx__layer_new(a.cx, "local_response_norm", local_response_forward,
                                 sizeof(fx_local_response_norm_args));
    if (!m) return NULL;
    *(fx_local_response_norm_args *)m->data =
        (fx_local_response_norm_args){ .size = a.size, .alpha = a.alpha, .beta = a.beta, .k = a.k };
    return m;
}

/* ---- batch and instance norms -----------------------------------------------------------------------------
 */

typedef struct channel_norm {
    const char *name;
    int least, most; /* dimensions of x with its batch */
    bool instance, cumulative;
    int64_t channels;
    double momentum, eps;
    fx_tensor *weight, *bias, *running_mean, *running_var, *batches; /* NULL: without */
} channel_norm;

static bool takes(const channel_norm *n, const fx_tensor *x, fx_where where)
{
    const int ndim = fx_ndim(x), alone = n->instance && ndim == n->least - 1;
    if ((ndim >= n->least && ndim <= n->most && fx_dim(x, 1) == n->channels) ||
        (alone && fx_dim(x, 0) == n->channels))
        return true;
    fx_error_set(fx_context_of(x), FX_ERROR_SHAPE, where,
                 "%s: x has %d dimensions and the layer %lld channels: it takes %s%d to %d, (N, C%s)",
                 n->name, ndim, (long long)n->channels, n->instance ? "one less than " : "", n->least,
                 n->most, n->least > 2 ? ", ..." : "[, L]");
    return false;
}

/* Counts a batch, and gives the weight of the new statistics. */
static double momentum_of(const channel_norm *n, bool training, fx_where where)
{
    if (!training || !n->batches) return n->momentum;
    FX_NO_GRAD (fx_context_of(n->batches)) fx_add_in_place_at(n->batches, fx_operand_integer(1), where);
    return n->cumulative ? 1 / (double)fx_item_int(n->batches) : n->momentum;
}

static fx_tensor *channel_norm_forward(fx_module *m, void *data, fx_tensor *x)
{
    const channel_norm *n = data;
    if (!takes(n, x, m->where)) return NULL;
    const bool training = m->training || !n->running_mean;
    const double momentum = momentum_of(n, m->training, m->where);
    if (!n->instance)
        return fx_batch_norm_at((fx_batch_norm_args){ x, n->running_mean, n->running_var, n->weight, n->bias,
                                                      training, momentum, n->eps },
                                m->where);
    const bool alone = fx_ndim(x) == n->least - 1;
    if (alone) x = fx_unsqueeze_at(x, 0, m->where);
    fx_tensor *y = fx_instance_norm_at((fx_instance_norm_args){ x, n->running_mean, n->running_var, n->weight,
                                                                n->bias, training, momentum, n->eps },
                                       m->where);
    return y && alone ? fx_select_at(y, 0, 0, m->where) : y;
}

static bool running_statistics(fx_module *m, channel_norm *n, fx_dtype dtype, fx_where where)
{
    const fx_dims channels = { true, 1, { n->channels } };
    n->running_mean = fx__layer_buffer(m, "running_mean", dtype, channels, where);
    n->running_var = fx__layer_buffer(m, "running_var", dtype, channels, where);
    n->batches = fx__layer_buffer(m, "num_batches_tracked", FX_I64, (fx_dims){ .given = true }, where);
    return n->running_mean && n->running_var && n->batches &&
           fx_init_constant_at(n->running_mean, 0, where) && fx_init_constant_at(n->running_var, 1, where) &&
           fx_init_constant_at(n->batches, 0, where);
}

static fx_module *channel_norm_layer(const char *name, const char *kind, bool instance, int least, int most,
                                     fx_batch_norm_layer_args a, fx_where where)
{
    if (!a.cx || !fx__check_sizes(a.cx, name, 1, &a.channels, where) ||
        !fx__check_dtype(a.cx, name, &a.dtype, where))
        return NULL;
    fx_module *m = fx__layer_new(a.cx, kind, channel_norm_forward, sizeof(channel_norm));
    if (!m) return NULL;
    channel_norm *n = m->data;
    *n = (channel_norm){ .name = kind,
                         .least = least,
                         .most = most,
                         .instance = instance,
                         .cumulative = a.cumulative,
                         .channels = a.channels,
                         .momentum = a.momentum,
                         .eps = a.eps };
    if (a.affine && !weight_and_bias(m, a.dtype, FX_DIMS(a.channels), true, &n->weight, &n->bias, where))
        return NULL;
    return !a.track_running_stats || running_statistics(m, n, a.dtype, where) ? m : NULL;
}

#define CHANNEL_NORM(kind, instance, least, most)                                                            \
    fx_module *fx_##kind##_layer_at(fx_batch_norm_layer_args args, fx_where where)                           \
    {                                                                                                        \
        return channel_norm_layer(#kind "_layer", #kind, instance, least, most, args, where);                \
    }
CHANNEL_NORM(batch_norm1d, false, 2, 3)
CHANNEL_NORM(batch_norm2d, false, 4, 4)
CHANNEL_NORM(batch_norm3d, false, 5, 5)
CHANNEL_NORM(instance_norm1d, true, 3, 3)
CHANNEL_NORM(instance_norm2d, true, 4, 4)
CHANNEL_NORM(instance_norm3d, true, 5, 5)
