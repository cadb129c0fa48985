/* Attention as a layer. (nn.h: what all modules have in common.) */
#ifndef FLUXION_PUBLIC_NN_ATTENTION_H
#define FLUXION_PUBLIC_NN_ATTENTION_H

#include "module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Attention in several heads: fx_multihead_attention_layer(cx, 64, 8). x is (L, N, embed), (N, L, embed) with
 * batch_first, or (L, embed). "in_proj_weight" (3 embed, embed) comes from Glorot's uniform numbers,
 * "in_proj_bias" is zero, "out_proj" a linear layer with a bias of zero; keys and values of other widths have
 * "q_proj_weight", "k_proj_weight", "v_proj_weight" instead. add_bias_kv adds a key and a value that are
 * learnt ("bias_k", "bias_v"), add_zero_attn one of zeros. fx_forward() attends to x itself. */
typedef struct fx_multihead_attention_layer_args {
    fx_context *cx;
    int64_t embed, heads;
    double dropout;
    bool bias; /* true */
    bool add_bias_kv, add_zero_attn, batch_first;
    int64_t key_size, value_size; /* 0: embed */
    fx_dtype dtype;
} fx_multihead_attention_layer_args;
#define fx_multihead_attention_layer(context, ...)                                                           \
    fx_multihead_attention_layer_at(                                                                         \
        FX_LITERAL(fx_multihead_attention_layer_args){ .bias = true, .cx = context, .embed = __VA_ARGS__ },  \
        FX_HERE)
FX_API fx_module *fx_multihead_attention_layer_at(fx_multihead_attention_layer_args args, fx_where where);

/* Attention of a query to keys and values. Masks of bool hold where a key may NOT be seen, masks of numbers
 * are added: key_padding_mask (N, S) or (S), attn_mask (L, S) or (N heads, L, S). .weights = &w gives the
 * weights (N, L, S), their mean over heads, or (N, heads, L, S) with each_head. */
typedef struct fx_attend_args {
    fx_module *module;
    fx_tensor *query, *key, *value, *key_padding_mask, *attn_mask;
    bool is_causal, each_head;
    fx_tensor **weights;
} fx_attend_args;
#define fx_attend(...) fx_attend_at(FX_LITERAL(fx_attend_args){ .module = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_attend_at(fx_attend_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
