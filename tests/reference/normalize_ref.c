/* References of normalisations: mean and variance by their definitions, number by number.
 *
 * unit_of says which mean and which weight a number has; everything else is shared.
 */
#include "reference.h"

/* The numbers of x by the unit whose mean they share, and by their weight. */
typedef struct units {
    int64_t count, *unit, *weight;
} units;

static units units_of(fx_ref_call *c, const fx_ref_tensor *x, int64_t count)
{
    units u = { count, (int64_t *)(void *)NUMBERS(x->numel + 1), (int64_t *)(void *)NUMBERS(x->numel + 1) };
    return u;
}

/* Mean and biased variance of each unit; not centred: 0 and the mean square. */
static void moments(fx_ref_call *c, const fx_ref_tensor *x, const units *u, bool centred, quad *mean,
                    quad *variance)
{
    quad *n = NUMBERS(u->count + 1);
    EACH (x, i) n[u->unit[i]] += 1;
    EACH (x, i)
        if (centred) mean[u->unit[i]] += AT(x, i) / n[u->unit[i]];
    EACH (x, i) {
        const quad d = AT(x, i) - mean[u->unit[i]];
        variance[u->unit[i]] += d * d / n[u->unit[i]];
    }
}

static void standardized(fx_ref_tensor *y, const fx_ref_tensor *x, const units *u, const quad *mean,
                         const quad *variance, quad eps, const fx_ref_tensor *weight,
                         const fx_ref_tensor *bias)
{
    EACH (x, i) {
        const int64_t k = u->unit[i], w = u->weight[i];
        const quad normal = (AT(x, i) - mean[k]) / sqrtq(variance[k] + eps);
        AT(y, i) = normal * (weight ? AT(weight, w) : 1) + (bias ? AT(bias, w) : 0);
    }
}

static quad epsilon(const fx_ref_tensor *x, quad eps)
{
    return eps >= 0 ? eps : x->dtype == FX_F32 ? (quad)0x1p-23 : (quad)0x1p-52;
}

/* Over the last dimensions; others: also the mean and 1 / sqrt(variance + eps). */
static void over_last(fx_ref_call *c, bool centred, bool has_bias, bool others)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    const fx_dims shape = DIMS("normalized_shape");
    int64_t length = 1, size[FX_MAX_DIMS];
    for (int d = 0; d < shape.count; d++) length *= shape.at[d];
    units u = units_of(c, x, length ? x->numel / length : 0);
    EACH (x, i) u.unit[i] = i / length, u.weight[i] = i % length;
    quad *mean = NUMBERS(u.count + 1), *variance = NUMBERS(u.count + 1);
    const quad eps = centred ? REAL("eps") : epsilon(x, REAL("eps"));
    moments(c, x, &u, centred, mean, variance);
    standardized(y, x, &u, mean, variance, eps, TENSOR("weight"), has_bias ? TENSOR("bias") : 0);
    if (!others) return;
    for (int d = 0; d < x->ndim; d++) size[d] = d < x->ndim - shape.count ? x->size[d] : 1;
    fx_ref_tensor *m = OUT(1, x->ndim, size), *r = OUT(2, x->ndim, size);
    EACH (m, i) {
        AT(m, i) = x->numel ? mean[i] : nanq("");
        AT(r, i) = x->numel ? 1 / sqrtq(variance[i] + eps) : nanq("");
    }
}

REFERENCE(layer_norm) { over_last(c, true, true, false); }
REFERENCE(native_layer_norm) { over_last(c, true, true, true); }
REFERENCE(rms_norm) { over_last(c, false, false, false); }

/* Where channel and instance stand in x (N, C, ...). */
static int64_t inner_of(const fx_ref_tensor *x)
{
    int64_t inner = 1;
    for (int d = 2; d < x->ndim; d++) inner *= x->size[d];
    return inner;
}

REFERENCE(group_norm)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    const int64_t groups = INT("num_groups"), channels = x->size[1], inner = inner_of(x);
    units u = units_of(c, x, x->size[0] * groups);
    EACH (x, i) {
        const int64_t channel = i / inner % channels, instance = i / inner / channels;
        u.weight[i] = channel;
        u.unit[i] = instance * groups + channel / (channels / groups);
    }
    quad *mean = NUMBERS(u.count + 1), *variance = NUMBERS(u.count + 1);
    moments(c, x, &u, true, mean, variance);
    standardized(y, x, &u, mean, variance, REAL("eps"), TENSOR("weight"), TENSOR("bias"));
}

/* Batch and instance norms. */
static void over_channels(fx_ref_call *c, bool by_instance, bool training, bool others)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    const fx_ref_tensor *running_mean = TENSOR("running_mean"), *running_var = TENSOR("running_var");
    const int64_t channels = x->size[1], inner = inner_of(x);
    units u = units_of(c, x, by_instance ? x->size[0] * channels : channels);
    EACH (x, i) {
        u.weight[i] = i / inner % channels;
        u.unit[i] = by_instance ? i / inner : i / inner % channels;
    }
    quad *mean = NUMBERS(u.count + 1), *variance = NUMBERS(u.count + 1);
    if (training)
        moments(c, x, &u, true, mean, variance);
    else
        RANGE (k, u.count)
            mean[k] = AT(running_mean, k % channels), variance[k] = AT(running_var, k % channels);
    standardized(y, x, &u, mean, variance, REAL("eps"), TENSOR("weight"), TENSOR("bias"));
    if (!others) return;
    const int64_t size = training ? channels : 0;
    fx_ref_tensor *m = OUT(1, 1, &size), *r = OUT(2, 1, &size);
    EACH (m, i) {
        AT(m, i) = x->numel ? mean[i] : nanq("");
        AT(r, i) = x->numel ? 1 / sqrtq(variance[i] + REAL("eps")) : nanq("");
    }
}

REFERENCE(batch_norm) { over_channels(c, false, BOOL("training"), false); }
REFERENCE(native_batch_norm) { over_channels(c, false, BOOL("training"), true); }
REFERENCE(instance_norm) { over_channels(c, true, BOOL("use_input_stats"), false); }

REFERENCE(normalize)
{
    fx_ref_tensor *x = TENSOR("x"), *y = OUT_LIKE(0, x);
    const fx_ref_lanes l = lanes_of(x, DIMS("dims"));
    const quad p = REAL("p"), eps = REAL("eps");
    EACH_LANE (l, o) {
        quad sum = 0, base = 0;
        EACH_OF_LANE (l, k) {
            const quad v = AT(x, lane_at(&l, o, k)), b = BASE(x, lane_at(&l, o, k));
            sum += b == 0 ? 0 : powq(b > 0 ? v : -v, p);
            base += powq(fabsq(b), p);
        }
        const quad norm = powq(base, 1 / p) < eps ? eps : powq(sum, 1 / p);
        EACH_OF_LANE (l, k) AT(y, lane_at(&l, o, k)) = AT(x, lane_at(&l, o, k)) / norm;
    }
}

REFERENCES(normalize, ROW(layer_norm), ROW(native_layer_norm), ROW(rms_norm), ROW(group_norm),
           ROW(batch_norm), ROW(native_batch_norm), ROW(instance_norm), ROW(normalize))
