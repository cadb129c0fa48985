/* Initial values. (nn.h: what all modules have in common.) */
#ifndef FLUXION_PUBLIC_NN_INIT_H
#define FLUXION_PUBLIC_NN_INIT_H

#include "layers.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Each sets all numbers of x, which may be a parameter, without recording it, and returns x. They come from
 * the context's random numbers. fan_in of (out, in, k...) is in k..., fan_out is out k...; x has two
 * dimensions at least where they are needed (FX_ERROR_SHAPE). */
typedef enum fx_fan { FX_FAN_IN, FX_FAN_OUT } fx_fan;

#define fx_init_constant_(x, value) fx_init_constant_at(x, value, FX_HERE)
#define fx_init_zeros_(x) fx_init_constant_at(x, 0, FX_HERE)
#define fx_init_ones_(x) fx_init_constant_at(x, 1, FX_HERE)
FX_API fx_tensor *fx_init_constant_at(fx_tensor *x, double value, fx_where where);

/* U(low, high) and N(mean, std); and N(mean, std) of what lies in [low, high]. */
#define fx_init_uniform_(x, low, high) fx_init_uniform_at(x, low, high, FX_HERE)
#define fx_init_normal_(x, mean, std) fx_init_normal_at(x, mean, std, FX_HERE)
#define fx_init_truncated_normal_(x, mean, std, low, high)                                                   \
    fx_init_truncated_normal_at(x, mean, std, low, high, FX_HERE)
FX_API fx_tensor *fx_init_uniform_at(fx_tensor *x, double low, double high, fx_where where);
FX_API fx_tensor *fx_init_normal_at(fx_tensor *x, double mean, double std, fx_where where);
FX_API fx_tensor *fx_init_truncated_normal_at(fx_tensor *x, double mean, double std, double low, double high,
                                              fx_where where);

/* Glorot, Bengio 2010: U(-b, b), b = gain sqrt(6 / (fan_in + fan_out)); N(0, gain sqrt(2 / (fan_in +
 * fan_out))).
 */
#define fx_init_xavier_uniform_(x, gain) fx_init_xavier_uniform_at(x, gain, FX_HERE)
#define fx_init_xavier_normal_(x, gain) fx_init_xavier_normal_at(x, gain, FX_HERE)
FX_API fx_tensor *fx_init_xavier_uniform_at(fx_tensor *x, double gain, fx_where where);
FX_API fx_tensor *fx_init_xavier_normal_at(fx_tensor *x, double gain, fx_where where);

/* He et al. 2015: U(-b, b), b = gain sqrt(3 / fan); N(0, gain / sqrt(fan)). gain: fx_init_gain(), sqrt(1 / 3)
 * for what a linear layer has. */
#define fx_init_kaiming_uniform_(x, fan, gain) fx_init_kaiming_uniform_at(x, fan, gain, FX_HERE)
#define fx_init_kaiming_normal_(x, fan, gain) fx_init_kaiming_normal_at(x, fan, gain, FX_HERE)
FX_API fx_tensor *fx_init_kaiming_uniform_at(fx_tensor *x, fx_fan fan, double gain, fx_where where);
FX_API fx_tensor *fx_init_kaiming_normal_at(fx_tensor *x, fx_fan fan, double gain, fx_where where);

/* (rows, columns): ones on the diagonal. */
#define fx_init_eye_(x) fx_init_eye_at(x, FX_HERE)
FX_API fx_tensor *fx_init_eye_at(fx_tensor *x, fx_where where);

/* PyTorch's factor for what follows a layer: sqrt(2) for relu, 5/3 for tanh, 1 otherwise. */
FX_API double fx_init_gain(fx_activation activation);

#ifdef __cplusplus
}
#endif
#endif
