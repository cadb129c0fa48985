/* Attention, gated units, bags of embeddings. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_ATTENTION_H
#define FLUXION_PUBLIC_ATTENTION_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* softmax(query key^T scale + mask) value: query (..., L, E), key (..., S, E), value (..., S, V), what comes
 * before broadcast. A mask of bool keeps keys where it is true, one of numbers is added; is_causal keeps key
 * j for query i where j <= i. A query that no key is kept for gives zeros. dropout_p drops weights (always:
 * pass 0 in evaluation). .weights = &w gives those, too. Vaswani et al., "Attention is all you need", 2017.
 */
typedef struct fx_attention_args {
    fx_tensor *query, *key, *value, *attn_mask;
    double dropout_p;
    bool is_causal;
    double scale; /* 0: 1 / sqrt(E) */
    fx_tensor **weights;
} fx_attention_args;
#define fx_scaled_dot_product_attention(...)                                                                 \
    fx_scaled_dot_product_attention_at(FX_LITERAL(fx_attention_args){ .query = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_scaled_dot_product_attention_at(fx_attention_args args, fx_where where);

/* a f(b), where a and b are the halves of x along dim: f is sigmoid, silu or gelu. */
typedef struct fx_gated_args {
    fx_tensor *x;
    int64_t dim; /* -1 */
} fx_gated_args;
#define FX__GATED(...) (FX_LITERAL(fx_gated_args){ .dim = -1, .x = __VA_ARGS__ })
#define fx_glu(...) fx_glu_at(FX__GATED(__VA_ARGS__), FX_HERE)
#define fx_swiglu(...) fx_swiglu_at(FX__GATED(__VA_ARGS__), FX_HERE)
#define fx_geglu(...) fx_geglu_at(FX__GATED(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_glu_at(fx_gated_args args, fx_where where);
FX_API fx_tensor *fx_swiglu_at(fx_gated_args args, fx_where where);
FX_API fx_tensor *fx_geglu_at(fx_gated_args args, fx_where where);

/* Rows of weight (V, D), put together: y[b] is the sum, mean or maximum of weight[index[i]] over the indices
 * of bag b. A row of an index (B, N) is a bag; in one (N), offsets (B) say where bags begin
 * (include_last_offset: and where the last one ends). per_sample_weights, shaped as index, scale each row of
 * a sum. Indices that are padding_idx do not count; an empty bag is zeros. */
typedef enum fx_bag_mode { FX_BAG_SUM, FX_BAG_MEAN, FX_BAG_MAX } fx_bag_mode;
typedef struct fx_embedding_bag_args {
    fx_tensor *weight, *index, *offsets;
    int mode; /* fx_bag_mode; FX_BAG_MEAN */
    fx_tensor *per_sample_weights;
    bool include_last_offset;
    int64_t padding_idx; /* FX_NO_INDEX */
} fx_embedding_bag_args;
#define fx_embedding_bag(...)                                                                                \
    fx_embedding_bag_at(FX_LITERAL(fx_embedding_bag_args){ .mode = FX_BAG_MEAN,                              \
                                                           .padding_idx = FX_NO_INDEX,                       \
                                                           .weight = __VA_ARGS__ },                          \
                        FX_HERE)
FX_API fx_tensor *fx_embedding_bag_at(fx_embedding_bag_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
