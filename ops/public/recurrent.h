/* Recurrent layers. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_RECURRENT_H
#define FLUXION_PUBLIC_RECURRENT_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All steps of a recurrent layer in one direction. x (T, B, gates H) is what each step's input adds to the
 * gates, x W_ih' + b_ih in PyTorch's words; weight (gates H, R) and bias (gates H) are W_hh and b_hh; h (B,
 * R) and c (B, H) the states at the start (NULL: zeros). With h' the state before:
 *
 *     FX_CELL_TANH, _RELU    h = f(x + h' weight' + bias)                                    1 gate
 *     FX_CELL_LSTM           c = f c' + i n,  h = o tanh(c);  gates i, f, n, o: sigmoids, n a tanh
 *     FX_CELL_GRU            r, z = sigmoids;  n = tanh(x_n + r (h' weight_n' + bias_n));
 *                            h = (1 - z) n + z h';  gates r, z, n
 *
 * project (R, H), of an LSTM, makes h (B, R) of what would be (B, H); otherwise R = H. reverse: from the last
 * step to the first. lengths (B), integers in 1 .. T: sequence b ends after so many steps (and in reverse
 * begins there); what stands beyond is not looked at. Returns all h (T, B, R), 0 beyond a sequence's end;
 * .cells = &c gives all c (T, B, H) of an LSTM. Hochreiter, Schmidhuber, "Long short-term memory", 1997, with
 * the forget gate of Gers et al., 2000, and the projection of Sak et al., 2014; Cho et al., "Learning phrase
 * representations using RNN encoder-decoder", 2014, with the reset after the product, as cuDNN has it. */
typedef enum fx_cell { FX_CELL_TANH, FX_CELL_RELU, FX_CELL_LSTM, FX_CELL_GRU } fx_cell;
typedef struct fx_recur_args {
    fx_tensor *x, *weight, *bias, *h, *c, *project, *lengths;
    int cell; /* fx_cell */
    bool reverse;
    fx_tensor **cells;
} fx_recur_args;
#define fx_recur(steps, weights, ...)                                                                        \
    fx_recur_at(FX_LITERAL(fx_recur_args){ .x = steps, .weight = weights, __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_recur_at(fx_recur_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
