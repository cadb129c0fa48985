/* Scaled dot-product attention, made of products and a softmax.
 *
 * A row whose keys are all masked attends to nothing: zeros, as are its gradients (softmax.h's or_zero).
 */
#include "lanes.h"
#include "shape.h"
#include "softmax.h"

#include <math.h>

static const char *const op = "scaled_dot_product_attention";

static bool attention_fits(const fx_attention_args *a, fx_where where)
{
    const fx_tensor *q = a->query, *k = a->key, *v = a->value;
    if (!q || !k || !v || fx_error(q->cx) != FX_OK || !fx__is_floating(q, op, where)) return false;
    if (q->ndim < 2 || k->ndim < 2 || v->ndim < 2 || q->size[q->ndim - 1] != k->size[k->ndim - 1] ||
        k->size[k->ndim - 2] != v->size[v->ndim - 2])
        return FX__REFUSE(q, ERROR_SHAPE, where,
                          "%s: takes (..., L, E), (..., S, E) and (..., S, V), not %s, %s and %s", op,
                          fx__shape_text(q), fx__shape_text(k), fx__shape_text(v)) != NULL;
    if (!(a->dropout_p >= 0 && a->dropout_p <= 1))
        return FX__REFUSE(q, ERROR_ARGUMENT, where, "%s: dropout_p is a probability, and %g is not in [0, 1]",
                          op, a->dropout_p) != NULL;
    if (a->is_causal && a->attn_mask)
        return FX__REFUSE(q, ERROR_ARGUMENT, where, "%s: takes an attn_mask or is_causal, not both", op) !=
               NULL;
    return true;
}

/* Scores of keys that a mask of bool does not keep become minus infinity; a mask of numbers is added. */
static fx_tensor *masked(fx_tensor *scores, const fx_attention_args *a, fx_where where)
{
    fx_tensor *mask = a->attn_mask;
    if (!scores) return NULL;
    if (a->is_causal) {
        fx_tensor *ones =
            fx_full_at(scores->cx, FX_BOOL, 1,
                       FX_DIMS(scores->size[scores->ndim - 2], scores->size[scores->ndim - 1]), where);
        mask = fx_tril_at((fx_triangle_args){ .x = ones }, where);
        if (!mask) return NULL;
    }
    if (!mask) return scores;
    if (mask->dtype == FX_BOOL)
        return fx_masked_fill_at(scores, fx_logical_not_at(mask, where), fx_operand_number(-HUGE_VAL), where);
    return fx_add_at(fx_operand_tensor(scores), fx_operand_tensor(mask), where);
}

fx_tensor *fx_scaled_dot_product_attention_at(fx_attention_args a, fx_where where)
{
    if (!attention_fits(&a, where)) return NULL;
    fx_tensor *q = a.query, *k = a.key;
    const int64_t depth = q->size[q->ndim - 1];
    const double scale = a.scale != 0 ? a.scale : depth ? 1 / sqrt((double)depth) : 1;
    q = fx_mul_at(fx_operand_tensor(q), fx_operand_number(scale), where);
    fx_tensor *scores = masked(fx_matmul_at(q, fx_transpose_at(k, -2, -1, where), where), &a, where);
    if (!scores) return NULL;
    fx_tensor *weights = fx__softmax_over(scores, 1u << (scores->ndim - 1), true, where);
    if (weights && a.dropout_p > 0)
        weights = fx_dropout_at((fx_dropout_args){ .x = weights, .p = a.dropout_p, .training = true }, where);
    fx_tensor *y = weights ? fx_matmul_at(weights, a.value, where) : NULL;
    if (y && a.weights) *a.weights = weights;
    return y;
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

/* The registry's: also asks for the weights, as PyTorch's older form does. */
typedef struct attention_call_args {
    fx_attention_args a;
    bool need_attn_weights;
} attention_call_args;

static int attention_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    attention_call_args s = *(const attention_call_args *)args;
    if (s.need_attn_weights) s.a.weights = &out[1];
    out[0] = fx_scaled_dot_product_attention_at(s.a, where);
    return !out[0] ? 0 : s.need_attn_weights ? 2 : 1;
}

static const fx_field attention_fields[] = {
    FX__FIELD(attention_call_args, a.query, TENSOR, .name = "query"),
    FX__FIELD(attention_call_args, a.key, TENSOR, .name = "key"),
    FX__FIELD(attention_call_args, a.value, TENSOR, .name = "value"),
    FX__FIELD(attention_call_args, a.attn_mask, TENSOR, .name = "attn_mask", .optional = true),
    FX__FIELD(attention_call_args, a.dropout_p, REAL, .name = "dropout_p", .optional = true),
    FX__FIELD(attention_call_args, need_attn_weights, BOOL, .optional = true),
    FX__FIELD(attention_call_args, a.is_causal, BOOL, .name = "is_causal", .optional = true),
    FX__FIELD(attention_call_args, a.scale, REAL, .name = "scale", .optional = true),
    FX__FIELDS_END
};

const fx_function fx__function_scaled_dot_product_attention = {
    .name = "scaled_dot_product_attention",
    .torch = "nn.functional.scaled_dot_product_attention",
    .formula = "y = softmax(query key^T scale + mask) value",
    .gradient = "that of the two products and of the softmax between them",
    .notes = "scale is 1 / sqrt(E) unless given; a mask of bool keeps where it is true; a row with nothing "
             "kept gives zeros; "
             "causal keeps key j for query i where j <= i",
    .fields = attention_fields,
    .args_size = sizeof(attention_call_args),
    .call = attention_call,
    .samples = "query=(3,4) key=(5,4) value=(5,2)\n"
               "query=(2,3,4) key=(2,3,4) value=(2,3,4) is_causal=true\n"
               "query=(2,1,3,2) key=(2,2,2,2) value=(2,2,2,3) scale=0.7\n"
               "query=(2,4) key=(3,4) value=(3,2) attn_mask=(2,3)bool{1,0,1,0,0,0}\n"
               "query=(2,2,4) key=(2,3,4) value=(2,3,2) attn_mask=(2,3)\n"
               "query=(4,2) key=(2,2) value=(2,2) is_causal=true\n"
               "query=(0,4) key=(3,4) value=(3,2)\n"
               "! query=() key=() value=()\n"
               "! query=(3,4) key=(5,3) value=(5,2)\n"
               "! query=(3,4) key=(5,4) value=(4,2)\n"
               "! query=(3,4) key=(5,4) value=(5,2) dropout_p=1.5\n"
               "! query=(3,4) key=(5,4) value=(5,2) is_causal=true attn_mask=(3,5)\n"
               "! query=(3,4)i64 key=(5,4) value=(5,2)\n",
    .bench = "query=(4,4,256,64) key=(4,4,256,64) value=(4,4,256,64) is_causal=true\n"
};
