/* Layers: modules of one op each, and those that run others in turn.
 */
#include "module.h"

#include <fluxion/ops.h>
#include <math.h>
#include <string.h>

/* ---- linear -------------------------------------------------------------------------------------------- */

typedef struct linear {
    fx_tensor *weight, *bias;
} linear;

static fx_tensor *linear_forward(fx_module *m, void *data, fx_tensor *x)
{
    const linear *l = data;
    return fx_linear_at(x, l->weight, l->bias, m->where);
}

/* A layer of parameters that are there; bias NULL: it has none. */
static fx_module *linear_new(fx_context *cx, fx_tensor *weight, fx_tensor *bias, fx_where where)
{
    fx_module *m = fx__layer_new(cx, "linear", linear_forward, sizeof(linear));
    if (!m) return NULL;
    *(linear *)m->data = (linear){ weight, bias };
    m->one_op = true;
    const int64_t in = fx_dim(weight, 1);
    const double bound = in ? 1 / sqrt((double)in) : 0;
    if (!fx_init_uniform_at(weight, -bound, bound, where) || !fx__layer_parameter(m, "weight", weight, where))
        return NULL;
    if (!bias) return m;
    return fx_init_uniform_at(bias, -bound, bound, where) && fx__layer_parameter(m, "bias", bias, where)
               ? m
               : NULL;
}

bool fx__check_sizes(fx_context *cx, const char *name, int count, const int64_t *sizes, fx_where where)
{
    for (int i = 0; i < count; i++)
        if (sizes[i] < 0) {
            fx_error_set(cx, FX_ERROR_ARGUMENT, where, "%s: a size cannot be negative: %lld", name,
                         (long long)sizes[i]);
            return false;
        }
    return true;
}

bool fx__check_dtype(fx_context *cx, const char *name, fx_dtype *dtype, fx_where where)
{
    if (*dtype == FX_DTYPE_NONE) *dtype = fx_default_dtype(cx);
    if (fx_dtype_is_float(*dtype)) return true;
    fx_error_set(cx, FX_ERROR_DTYPE, where, "%s: the dtype must be float32 or float64, not %s", name,
                 fx_dtype_name(*dtype));
    return false;
}

fx_module *fx_linear_layer_at(fx_linear_layer_args a, fx_where where)
{
    if (!a.cx || !fx__check_sizes(a.cx, "linear_layer", 2, (int64_t[]){ a.in, a.out }, where)) return NULL;
    if (!fx__check_dtype(a.cx, "linear_layer", &a.dtype, where)) return NULL;
    const fx_dims sizes[2] = { { true, 2, { a.out, a.in } }, { true, 1, { a.out } } };
    fx_tensor *made[2] = { NULL };
    if (!fx__context_tensors(a.cx, a.dtype, a.bias ? 2 : 1, sizes, made, where)) return NULL;
    return linear_new(a.cx, made[0], made[1], where);
}

/* ---- embedding ----------------------------------------------------------------------------------------- */

typedef struct embedding {
    fx_tensor *weight;
    int64_t padding_idx;
} embedding;

static fx_tensor *embedding_forward(fx_module *m, void *data, fx_tensor *x)
{
    const embedding *e = data;
    return fx_embedding_at(
        (fx_embedding_args){ .weight = e->weight, .index = x, .padding_idx = e->padding_idx }, m->where);
}

static fx_module *embedding_new(const fx_embedding_layer_args *a, int64_t padding, fx_where where)
{
    const fx_dims sizes = { true, 2, { a->count, a->width } };
    fx_tensor *weight;
    if (!fx__context_tensors(a->cx, a->dtype, 1, &sizes, &weight, where)) return NULL;
    fx_module *m = fx__layer_new(a->cx, "embedding", embedding_forward, sizeof(embedding));
    if (!m || !fx_init_normal_at(weight, 0, 1, where)) return NULL;
    *(embedding *)m->data = (embedding){ weight, a->padding_idx };
    m->one_op = true;
    const size_t row = (size_t)a->width * fx_dtype_size(a->dtype);
    if (padding >= 0 && row) memset((char *)(uintptr_t)fx_data_const(weight) + (size_t)padding * row, 0, row);
    return fx__layer_parameter(m, "weight", weight, where) ? m : NULL;
}

fx_module *fx_embedding_layer_at(fx_embedding_layer_args a, fx_where where)
{
    if (!a.cx || !fx__check_sizes(a.cx, "embedding_layer", 2, (int64_t[]){ a.count, a.width }, where) ||
        !fx__check_dtype(a.cx, "embedding_layer", &a.dtype, where))
        return NULL;
    if (a.padding_idx == FX_NO_INDEX) return embedding_new(&a, -1, where);
    const int64_t padding = a.padding_idx < 0 ? a.padding_idx + a.count : a.padding_idx;
    if (padding >= 0 && padding < a.count) return embedding_new(&a, padding, where);
    fx_error_set(a.cx, FX_ERROR_INDEX, where,
                 "embedding_layer: padding_idx %lld is out of range for %lld rows", (long long)a.padding_idx,
                 (long long)a.count);
    return NULL;
}

/* ---- activations --------------------------------------------------------------------------------------- */

static fx_tensor *activate(fx_activation activation, fx_tensor *x, fx_where where)
{
    switch (activation) {
#define CASE(name, op, word, gain)                                                                           \
    case FX_##name: return fx_##op##_at(x, where);
        FX_ACTIVATION_LIST(CASE)
#undef CASE
    default: return x;
    }
}

const char *fx_activation_name(fx_activation activation)
{
    static const char *const names[] = { "identity",
#define NAME(name, op, word, gain) word,
                                         FX_ACTIVATION_LIST(NAME)
#undef NAME
    };
    return (unsigned)activation < FX_ACTIVATION_COUNT ? names[activation] : "?";
}

static fx_tensor *activation_forward(fx_module *m, void *data, fx_tensor *x)
{
    return activate(*(const fx_activation *)data, x, m->where);
}

static bool check_activation(fx_context *cx, const char *name, fx_activation activation, fx_where where)
{
    if ((unsigned)activation < FX_ACTIVATION_COUNT) return true;
    fx_error_set(cx, FX_ERROR_ARGUMENT, where, "%s: there is no activation of number %d", name,
                 (int)activation);
    return false;
}

fx_module *fx_activation_layer_at(fx_context *cx, fx_activation activation, fx_where where)
{
    if (!cx || !check_activation(cx, "activation_layer", activation, where)) return NULL;
    fx_module *m =
        fx__layer_new(cx, fx_activation_name(activation), activation_forward, sizeof(fx_activation));
    if (!m) return NULL;
    *(fx_activation *)m->data = activation;
    m->one_op = true;
    return m;
}

/* ---- flatten ------------------------------------------------------------------------------------------- */

typedef struct flatten {
    int start, end;
} flatten;

static fx_tensor *flattened(fx_tensor *x, int start, int end, fx_where where)
{
    const int ndim = fx_ndim(x), last = ndim ? ndim : 1;
    const int from = start < 0 ? start + last : start, to = end < 0 ? end + last : end;
    if (from < 0 || from >= last || to < from || to >= last) {
        fx_error_set(fx_context_of(x), FX_ERROR_SHAPE, where,
                     "flatten: there are no dimensions from %d to %d of %d", start, end, ndim);
        return NULL;
    }
    if (ndim && from == to) return x;
    fx_dims sizes = { .given = true };
    int64_t product = 1;
    for (int d = 0; d < ndim; d++) {
        if (d < from || d > to)
            sizes.at[sizes.count++] = fx_dim(x, d);
        else
            product *= fx_dim(x, d);
        if (d == to) sizes.at[sizes.count++] = product;
    }
    if (ndim == 0) sizes.at[sizes.count++] = 1;
    return fx_reshape_at(x, sizes, where);
}

static fx_tensor *flatten_forward(fx_module *m, void *data, fx_tensor *x)
{
    const flatten *f = data;
    return flattened(x, f->start, f->end, m->where);
}

fx_module *fx_flatten_layer_at(fx_flatten_layer_args a, fx_where where)
{
    (void)where;
    fx_module *m = fx__layer_new(a.cx, "flatten", flatten_forward, sizeof(flatten));
    if (!m) return NULL;
    *(flatten *)m->data = (flatten){ a.start, a.end };
    m->one_op = true;
    return m;
}

/* ---- dropout ------------------------------------------------------------------------------------------- */

static fx_tensor *dropout_forward(fx_module *m, void *data, fx_tensor *x)
{
    const double p = *(const double *)data;
    if (!m->training || p == 0) return x;
    return fx_dropout_at((fx_dropout_args){ .x = x, .p = p, .training = true }, m->where);
}

fx_module *fx_dropout_layer_at(fx_context *cx, double p, fx_where where)
{
    if (!cx) return NULL;
    if (!(p >= 0 && p <= 1)) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "dropout_layer: a probability lies in [0, 1], and p is %g",
                     p);
        return NULL;
    }
    fx_module *m = fx__layer_new(cx, "dropout", dropout_forward, sizeof(double));
    if (!m) return NULL;
    *(double *)m->data = p;
    m->one_op = true;
    return m;
}

/* ---- one after the other ------------------------------------------------------------------------------- */

/* What one layer of this library gave another, and nobody else has seen, ends as soon as it was taken, unless
 * a gradient needs it. */
static fx_tensor *sequential_forward(fx_module *m, void *data, fx_tensor *x)
{
    (void)data;
    const fx_module *before = NULL;
    fx_tensor *y = x;
    for (const fx_entry *e = m->children.first; e && y; e = e->next) {
        fx_tensor *from = y;
        y = fx_forward_at(e->child, from, m->where);
        if (y && y != from && before && before->simple && e->child->simple && fx__scope_has(from))
            fx_release(from);
        before = e->child;
    }
    return y;
}

fx_module *fx_sequential_at(fx_context *cx, fx_module_list modules, fx_where where)
{
    for (int i = 0; i < modules.count; i++)
        if (!modules.at[i]) return NULL;
    fx_module *m = fx__layer_new(cx, "sequential", sequential_forward, 0);
    for (int i = 0; m && i < modules.count; i++)
        if (!fx_child_at(m, fx_name("%d", i), modules.at[i], where)) return NULL;
    return m;
}

/* ---- perceptrons --------------------------------------------------------------------------------------- */

static fx_tensor *mlp_forward(fx_module *m, void *data, fx_tensor *x)
{
    (void)data;
    return sequential_forward(m, NULL, fx_ndim(x) > 2 ? flattened(x, 1, -1, m->where) : x);
}

/* Adds the layers, whose parameters are there, weight and bias in turn. */
static fx_module *mlp_layers(fx_context *cx, fx_activation activation, int layers, fx_tensor **made,
                             fx_where where)
{
    fx_module *m = fx__layer_new(cx, "mlp", mlp_forward, 0);
    for (int i = 0; m && i < layers; i++) {
        fx_module *l = linear_new(cx, made[2 * i], made[2 * i + 1], where);
        if (!fx_child_at(m, fx_name("%d", 2 * i), l, where)) return NULL;
        if (i == layers - 1) break;
        fx_module *a = fx_activation_layer_at(cx, activation, where);
        if (!fx_child_at(m, fx_name("%d", 2 * i + 1), a, where)) return NULL;
    }
    return m;
}

fx_module *fx_mlp_at(fx_context *cx, fx_activation activation, int count, const int64_t *sizes,
                     fx_where where)
{
    if (!cx || !check_activation(cx, "mlp", activation, where) ||
        !fx__check_sizes(cx, "mlp", count, sizes, where))
        return NULL;
    if (count < 2) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where,
                     "mlp: takes two sizes at least: what goes in and what comes out");
        return NULL;
    }
    const int layers = count - 1;
    fx_dims *dims = fx__context_own(cx, 2 * (size_t)layers * (sizeof(fx_dims) + sizeof(fx_tensor *)), NULL);
    if (!dims) return NULL;
    for (int i = 0; i < layers; i++) {
        dims[2 * i] = (fx_dims){ true, 2, { sizes[i + 1], sizes[i] } };
        dims[2 * i + 1] = (fx_dims){ true, 1, { sizes[i + 1] } };
    }
    fx_tensor **made = (fx_tensor **)(void *)(dims + 2 * layers);
    if (!fx__context_tensors(cx, fx_default_dtype(cx), 2 * layers, dims, made, where)) return NULL;
    return mlp_layers(cx, activation, layers, made, where);
}
