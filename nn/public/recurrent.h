/* Recurrent layers and their cells. (nn.h: what all modules have in common.) */
#ifndef FLUXION_PUBLIC_NN_RECURRENT_H
#define FLUXION_PUBLIC_NN_RECURRENT_H

#include "layers.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Layers of h = tanh(W_ih x + b_ih + W_hh h + b_hh) or relu, of LSTMs and of GRUs (fx_recur() has their
 * formulas):
 *
 *     fx_module *m = fx_lstm_layer(cx, 64, 128, .layers = 2, .bidirectional = true);
 *
 * Layer k of each direction has "weight_ih_l<k>" (gates hidden, in), "weight_hh_l<k>" (gates hidden, hidden),
 * "bias_ih_l<k>" and "bias_hh_l<k>" (gates hidden), the way back "..._reverse"; with proj_size, of an LSTM,
 * "weight_hr_l<k>" (proj_size, hidden), and h has that size. All come from U(-b, b), b = 1 / sqrt(hidden).
 * dropout, in training, drops numbers of each layer's result but the last's. */
typedef struct fx_recurrent_layer_args {
    fx_context *cx;
    int64_t in, hidden;
    int64_t layers; /* 1 */
    bool bias;      /* true */
    bool batch_first, bidirectional;
    double dropout;
    fx_activation nonlinearity; /* of rnn: FX_TANH (default) or FX_RELU */
    int64_t proj_size;          /* of lstm; 0: none */
    fx_dtype dtype;             /* FX_DTYPE_NONE: the context's */
} fx_recurrent_layer_args;
#define FX__RECURRENT_LAYER(context, ...)                                                                    \
    (FX_LITERAL(fx_recurrent_layer_args){                                                                    \
        .layers = 1, .bias = true, .nonlinearity = FX_TANH, .cx = context, .in = __VA_ARGS__ })
#define fx_rnn_layer(...) fx_rnn_layer_at(FX__RECURRENT_LAYER(__VA_ARGS__), FX_HERE)
#define fx_lstm_layer(...) fx_lstm_layer_at(FX__RECURRENT_LAYER(__VA_ARGS__), FX_HERE)
#define fx_gru_layer(...) fx_gru_layer_at(FX__RECURRENT_LAYER(__VA_ARGS__), FX_HERE)
FX_API fx_module *fx_rnn_layer_at(fx_recurrent_layer_args args, fx_where where);
FX_API fx_module *fx_lstm_layer_at(fx_recurrent_layer_args args, fx_where where);
FX_API fx_module *fx_gru_layer_at(fx_recurrent_layer_args args, fx_where where);

/* Runs one over sequences x (T, B, in), (B, T, in) with batch_first, or (T, in):
 *
 *     fx_tensor *y = fx_recurrent_forward(m, x, .h = h0, .c = c0, .lengths = lengths, .h_n = &h, .c_n = &c);
 *
 * y (T, B, D R) is the last layer's h of each step, the D directions side by side, R being hidden or
 * proj_size; batch_first: (B, T, D R). States are (layers D, B, R), c of an LSTM (layers D, B, hidden),
 * without B for x (T, in); those that are not given are zeros. h_n and c_n receive the states at the end.
 *
 * Sequences of several lengths lie in one x, padded with anything: lengths (B), integers in 1 .. T, in any
 * order, say how long each is. y is 0 beyond a sequence's end, its last states are those at its end, the way
 * back begins there, and what x is padded with has no influence and no gradient: what PyTorch makes of
 * pack_padded_sequence(enforce_sorted=False) and pad_packed_sequence(total_length=T).
 * fx_forward(m, x) is fx_recurrent_forward(m, x). */
typedef struct fx_recurrent_forward_args {
    fx_module *module;
    fx_tensor *x, *h, *c, *lengths;
    fx_tensor **h_n, **c_n;
} fx_recurrent_forward_args;
#define fx_recurrent_forward(m, ...)                                                                         \
    fx_recurrent_forward_at(FX_LITERAL(fx_recurrent_forward_args){ .module = m, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_recurrent_forward_at(fx_recurrent_forward_args args, fx_where where);

/* One step of one layer: fx_lstm_cell(cx, 10, 20) has "weight_ih", "weight_hh", "bias_ih" and "bias_hh". */
typedef struct fx_recurrent_cell_args {
    fx_context *cx;
    int64_t in, hidden;
    bool bias;                  /* true */
    fx_activation nonlinearity; /* of rnn_cell: FX_TANH (default) or FX_RELU */
    fx_dtype dtype;
} fx_recurrent_cell_args;
#define FX__RECURRENT_CELL(context, ...)                                                                     \
    (FX_LITERAL(fx_recurrent_cell_args){                                                                     \
        .bias = true, .nonlinearity = FX_TANH, .cx = context, .in = __VA_ARGS__ })
#define fx_rnn_cell(...) fx_rnn_cell_at(FX__RECURRENT_CELL(__VA_ARGS__), FX_HERE)
#define fx_lstm_cell(...) fx_lstm_cell_at(FX__RECURRENT_CELL(__VA_ARGS__), FX_HERE)
#define fx_gru_cell(...) fx_gru_cell_at(FX__RECURRENT_CELL(__VA_ARGS__), FX_HERE)
FX_API fx_module *fx_rnn_cell_at(fx_recurrent_cell_args args, fx_where where);
FX_API fx_module *fx_lstm_cell_at(fx_recurrent_cell_args args, fx_where where);
FX_API fx_module *fx_gru_cell_at(fx_recurrent_cell_args args, fx_where where);

/* h = cell(x, h): x (B, in) or (in), h and c (B, hidden) or (hidden), NULL for zeros. An LSTM's new c goes to
 * .c_next:
 *     h = fx_cell_forward(m, x, .h = h, .c = c, .c_next = &c) */
typedef struct fx_cell_forward_args {
    fx_module *module;
    fx_tensor *x, *h, *c;
    fx_tensor **c_next;
} fx_cell_forward_args;
#define fx_cell_forward(m, ...)                                                                              \
    fx_cell_forward_at(FX_LITERAL(fx_cell_forward_args){ .module = m, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cell_forward_at(fx_cell_forward_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
