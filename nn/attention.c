/* Multi-head attention, and the bilinear layer.
 *
 * Inside, everything has its batch first: (N, L, E), and (N, heads, L, E / heads) for the heads. Masks become
 * numbers that are added to the scores: minus infinity for what may not be seen.
 */
#include "module.h"

#include <math.h>

/* ---- bilinear ---------------------------------------------------------------------------------------------
 */

typedef struct bilinear {
    fx_tensor *weight, *bias;
} bilinear;

fx_module *fx_bilinear_layer_at(fx_bilinear_layer_args a, fx_where where)
{
    static const char *const name = "bilinear_layer";
    if (!a.cx || !fx__check_sizes(a.cx, name, 3, (int64_t[]){ a.in1, a.in2, a.out }, where) ||
        !fx__check_dtype(a.cx, name, &a.dtype, where))
        return NULL;
    const fx_dims sizes[2] = { { true, 3, { a.out, a.in1, a.in2 } }, { true, 1, { a.out } } };
    fx_module *m = fx__layer_new(a.cx, "bilinear", NULL, sizeof(bilinear));
    fx_tensor *made[2] = { NULL };
    if (!m || !fx__context_tensors(a.cx, a.dtype, a.bias ? 2 : 1, sizes, made, where)) return NULL;
    const double bound = a.in1 ? 1 / sqrt((double)a.in1) : 0;
    *(bilinear *)m->data = (bilinear){ made[0], made[1] };
    for (int i = 0; i < (a.bias ? 2 : 1); i++)
        if (!fx_init_uniform_at(made[i], -bound, bound, where) ||
            !fx__layer_parameter(m, i ? "bias" : "weight", made[i], where))
            return NULL;
    return m;
}

fx_tensor *fx_bilinear_forward_at(fx_module *m, fx_tensor *x1, fx_tensor *x2, fx_where where)
{
    if (!m || !x1 || !x2) return NULL;
    const bilinear *b = m->data;
    return fx_bilinear_at(x1, x2, b->weight, b->bias, where);
}

/* ---- multi-head attention ---------------------------------------------------------------------------------
 */

typedef struct attention {
    fx_multihead_attention_layer_args options;
    fx_tensor *in_weight, *q_weight, *k_weight, *v_weight, *in_bias, *bias_k, *bias_v;
    fx_module *out;
} attention;

static fx_tensor *add(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return fx_add_at(fx_operand_tensor(a), fx_operand_tensor(b), where);
}

/* Minus infinity where a mask of bool holds, else 0; a mask of numbers itself. */
static fx_tensor *as_numbers(fx_tensor *mask, const fx_tensor *like, fx_where where)
{
    if (fx_dtype_of(mask) != FX_BOOL) return mask;
    fx_tensor *zeros = fx_full_at(fx_context_of(mask), fx_dtype_of(like), 0, fx_shape(mask), where);
    return fx_masked_fill_at(zeros, mask, fx_operand_number(-HUGE_VAL), where);
}

/* Part i of three of the projection of x. */
static fx_tensor *projected(const attention *a, int i, fx_tensor *x, fx_where where)
{
    const int64_t width = a->options.embed;
    fx_tensor *own[] = { a->q_weight, a->k_weight, a->v_weight };
    fx_tensor *w = own[i], *b = NULL;
    if (!w) w = fx_narrow_at(a->in_weight, 0, i * width, width, where);
    if (a->in_bias) b = fx_narrow_at(a->in_bias, 0, i * width, width, where);
    return w && (b || !a->in_bias) ? fx_linear_at(x, w, b, where) : NULL;
}

/* x (N, L, E) with one row more at its end: row (1, 1, E), or zeros. */
static fx_tensor *with_row(fx_tensor *x, fx_tensor *row, fx_where where)
{
    if (!x) return NULL;
    const fx_dims size = FX_DIMS(fx_dim(x, 0), 1, fx_dim(x, 2));
    row = row ? fx_expand_at(row, size, where) : fx_full_at(fx_context_of(x), fx_dtype_of(x), 0, size, where);
    return row ? fx_cat_at((fx_list){ 2, (fx_tensor *[]){ x, row } }, 1, where) : NULL;
}

static fx_tensor *heads_of(const attention *a, fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    const int64_t heads = a->options.heads;
    x = fx_reshape_at(x, FX_DIMS(fx_dim(x, 0), fx_dim(x, 1), heads, a->options.embed / heads), where);
    return fx_transpose_at(x, 1, 2, where);
}

/* Both masks as one that broadcasts to the scores (N, heads, L, S); NULL where there is none. `more` keys
 * were added. */
static bool merged_mask(const attention *a, const fx_attend_args *g, const fx_tensor *like, int64_t batch,
                        int more, fx_tensor **merged, fx_where where)
{
    fx_tensor *mask = g->attn_mask, *padding = g->key_padding_mask;
    *merged = NULL;
    if (mask) {
        mask = as_numbers(mask, like, where);
        if (mask && fx_ndim(mask) == 3)
            mask = fx_reshape_at(mask, FX_DIMS(batch, a->options.heads, fx_dim(mask, 1), fx_dim(mask, 2)),
                                 where);
        if (!mask) return false;
    }
    if (padding) {
        padding = as_numbers(padding, like, where);
        const int64_t keys = padding ? fx_dim(padding, -1) : 0;
        padding = padding ? fx_reshape_at(padding, FX_DIMS(batch, 1, 1, keys), where) : NULL;
        if (!padding) return false;
    }
    fx_tensor *both = mask && padding ? add(mask, padding, where) : mask ? mask : padding;
    if (both && more) both = fx_pad_at((fx_pad_args){ .x = both, .pad = FX_DIMS(0, more) }, where);
    *merged = both;
    return both || (!mask && !padding);
}

static bool shapes_fit(const attention *a, const fx_attend_args *g, fx_where where)
{
    const int ndim = fx_ndim(g->query);
    if ((ndim == 2 || ndim == 3) && fx_ndim(g->key) == ndim && fx_ndim(g->value) == ndim &&
        fx_dim(g->query, -1) == a->options.embed)
        return true;
    fx_error_set(fx_context_of(g->query), FX_ERROR_SHAPE, where,
                 "multihead_attention: takes (L, N, E), (N, L, E) with batch_first, or (L, E) three times, E "
                 "being %lld; the "
                 "query has %d dimensions",
                 (long long)a->options.embed, ndim);
    return false;
}

/* (L, N, E) or (L, E) to (N, L, E). */
static fx_tensor *batch_first(const attention *a, fx_tensor *x, fx_where where)
{
    if (fx_ndim(x) == 2) return fx_unsqueeze_at(x, 0, where);
    return a->options.batch_first ? x : fx_transpose_at(x, 0, 1, where);
}

/* Attention of (N, L, E); weights (N, heads, L, S). */
static fx_tensor *attended(const attention *a, const fx_attend_args *g, bool training, fx_tensor **weights,
                           fx_where where)
{
    fx_tensor *q = projected(a, 0, batch_first(a, g->query, where), where);
    fx_tensor *k = projected(a, 1, batch_first(a, g->key, where), where);
    fx_tensor *v = projected(a, 2, batch_first(a, g->value, where), where);
    int more = 0;
    if (a->bias_k) k = with_row(k, a->bias_k, where), v = with_row(v, a->bias_v, where), more++;
    if (a->options.add_zero_attn) k = with_row(k, NULL, where), v = with_row(v, NULL, where), more++;
    fx_tensor *mask = NULL;
    if (!q || !k || !v || !merged_mask(a, g, q, fx_dim(q, 0), more, &mask, where)) return NULL;
    fx_tensor *y = fx_scaled_dot_product_attention_at(
        (fx_attention_args){ .query = heads_of(a, q, where),
                             .key = heads_of(a, k, where),
                             .value = heads_of(a, v, where),
                             .attn_mask = mask,
                             .is_causal = g->is_causal,
                             .dropout_p = training ? a->options.dropout : 0,
                             .weights = weights },
        where);
    y = y ? fx_transpose_at(y, 1, 2, where) : NULL;
    return y ? fx_reshape_at(y, FX_DIMS(fx_dim(q, 0), fx_dim(q, 1), a->options.embed), where) : NULL;
}

fx_tensor *fx_attend_at(fx_attend_args g, fx_where where)
{
    if (!g.module || !g.query || !g.key || !g.value || fx_error(fx_context_of(g.query)) != FX_OK) return NULL;
    const attention *a = g.module->data;
    fx_tensor *weights = NULL;
    if (!shapes_fit(a, &g, where)) return NULL;
    const bool alone = fx_ndim(g.query) == 2;
    fx_tensor *y = attended(a, &g, g.module->training, &weights, where);
    y = y ? fx_forward_at(a->out, y, where) : NULL;
    if (y && alone)
        y = fx_select_at(y, 0, 0, where);
    else if (y && !a->options.batch_first)
        y = fx_transpose_at(y, 0, 1, where);
    if (!y || !g.weights) return y;
    if (!g.each_head) weights = fx_mean_at((fx_mean_args){ .x = weights, .dims = FX_DIMS(1) }, where);
    if (weights && alone) weights = fx_select_at(weights, 0, 0, where);
    if (!weights) return NULL;
    *g.weights = weights;
    return y;
}

static fx_tensor *attention_forward(fx_module *m, void *data, fx_tensor *x)
{
    (void)data;
    return fx_attend_at((fx_attend_args){ .module = m, .query = x, .key = x, .value = x }, m->where);
}

/* One parameter, from U(-b, b) of Glorot's b, N(0, b) of it, or zeros. */
typedef enum start { UNIFORM, NORMAL, ZERO } start;
static bool parameter(fx_module *m, const char *name, fx_dtype dtype, fx_dims size, start how, fx_tensor **x,
                      fx_where where)
{
    if (!fx__context_tensors(m->cx, dtype, 1, &size, x, where)) return false;
    fx_tensor *set = how == ZERO     ? fx_init_constant_at(*x, 0, where)
                     : how == NORMAL ? fx_init_xavier_normal_at(*x, 1, where)
                                     : fx_init_xavier_uniform_at(*x, 1, where);
    return set && fx__layer_parameter(m, name, *x, where);
}

static bool projections(fx_module *m, attention *a, fx_where where)
{
    const fx_multihead_attention_layer_args *o = &a->options;
    const int64_t width = o->embed;
    const bool packed = o->key_size == width && o->value_size == width;
    if (packed
            ? !parameter(m, "in_proj_weight", o->dtype, FX_DIMS(3 * width, width), UNIFORM, &a->in_weight,
                         where)
            : !parameter(m, "q_proj_weight", o->dtype, FX_DIMS(width, width), UNIFORM, &a->q_weight, where) ||
                  !parameter(m, "k_proj_weight", o->dtype, FX_DIMS(width, o->key_size), UNIFORM, &a->k_weight,
                             where) ||
                  !parameter(m, "v_proj_weight", o->dtype, FX_DIMS(width, o->value_size), UNIFORM,
                             &a->v_weight, where))
        return false;
    if (o->bias && !parameter(m, "in_proj_bias", o->dtype, FX_DIMS(3 * width), ZERO, &a->in_bias, where))
        return false;
    return !o->add_bias_kv ||
           (parameter(m, "bias_k", o->dtype, FX_DIMS(1, 1, width), NORMAL, &a->bias_k, where) &&
            parameter(m, "bias_v", o->dtype, FX_DIMS(1, 1, width), NORMAL, &a->bias_v, where));
}

fx_module *fx_multihead_attention_layer_at(fx_multihead_attention_layer_args o, fx_where where)
{
    static const char *const name = "multihead_attention_layer";
    if (!o.cx || !fx__check_dtype(o.cx, name, &o.dtype, where)) return NULL;
    if (!o.key_size) o.key_size = o.embed;
    if (!o.value_size) o.value_size = o.embed;
    if (o.heads < 1 || o.embed < 1 || o.embed % o.heads || !(o.dropout >= 0 && o.dropout <= 1) ||
        o.key_size < 0 || o.value_size < 0) {
        fx_error_set(o.cx, FX_ERROR_ARGUMENT, where,
                     "%s: %lld heads must divide the width %lld, and dropout %g lie in [0, 1]", name,
                     (long long)o.heads, (long long)o.embed, o.dropout);
        return NULL;
    }
    fx_module *m = fx__layer_new(o.cx, "multihead_attention", attention_forward, sizeof(attention));
    if (!m) return NULL;
    attention *a = m->data;
    a->options = o;
    if (!projections(m, a, where)) return NULL;
    a->out = fx_linear_layer_at(
        (fx_linear_layer_args){ .cx = o.cx, .in = o.embed, .out = o.embed, .bias = o.bias, .dtype = o.dtype },
        where);
    if (a->out && o.bias && !fx_init_constant_at(fx_module_tensor(a->out, "bias"), 0, where)) return NULL;
    return fx_child_at(m, "out_proj", a->out, where) ? m : NULL;
}
