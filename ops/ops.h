/* The differentiable ops, and the registry that describes them.
 *
 * Names, arguments and defaults are PyTorch's where PyTorch has them. Every function here takes tensors of
 * any strides; floating inputs of different dtypes are promoted (fx_promote; a 0-d tensor or a number does
 * not raise the dtype of one with dimensions, but for its kind); shapes broadcast as in NumPy where a comment
 * says "broadcast". Results belong to the open scope. A failure gives NULL and an error that names the op,
 * the shapes and the line (autograd.h).
 *
 * Options follow the tensors as designated initialisers: fx_sum(x, .dims = FX_DIMS(1), .keepdim = true). Each
 * such macro fills a structure fx_NAME_args and calls the plain function fx_NAME_at, which other languages
 * can call.
 */
#ifndef FLUXION_OPS_H
#define FLUXION_OPS_H

#include "autograd.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- elementwise --------------------------------------------------------------------------------------- */

/* Elementwise functions. Formulas, gradients and what holds at kinks: ops/unary.def, ops/binary.def,
 * docs/ops.md. Integers become the context's dtype where the result is no integer. fx_NAME_(x) writes the
 * result into x's memory, and x takes on its history; it returns x. */
typedef struct fx_unary_args {
    fx_tensor *x;
} fx_unary_args;
typedef struct fx_binary_args {
    fx_operand a, b; /* broadcast; one of them may be a number */
} fx_binary_args;

#define fx_neg(x) fx_neg_at(x, FX_HERE)
FX_API fx_tensor *fx_neg_at(fx_tensor *x, fx_where where);
#define fx_neg_(x) fx_neg_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_neg_in_place_at(fx_tensor *x, fx_where where);
#define fx_abs(x) fx_abs_at(x, FX_HERE)
FX_API fx_tensor *fx_abs_at(fx_tensor *x, fx_where where);
#define fx_abs_(x) fx_abs_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_abs_in_place_at(fx_tensor *x, fx_where where);
#define fx_exp(x) fx_exp_at(x, FX_HERE)
FX_API fx_tensor *fx_exp_at(fx_tensor *x, fx_where where);
#define fx_exp_(x) fx_exp_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_exp_in_place_at(fx_tensor *x, fx_where where);
#define fx_exp2(x) fx_exp2_at(x, FX_HERE)
FX_API fx_tensor *fx_exp2_at(fx_tensor *x, fx_where where);
#define fx_exp2_(x) fx_exp2_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_exp2_in_place_at(fx_tensor *x, fx_where where);
#define fx_expm1(x) fx_expm1_at(x, FX_HERE)
FX_API fx_tensor *fx_expm1_at(fx_tensor *x, fx_where where);
#define fx_expm1_(x) fx_expm1_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_expm1_in_place_at(fx_tensor *x, fx_where where);
#define fx_log(x) fx_log_at(x, FX_HERE)
FX_API fx_tensor *fx_log_at(fx_tensor *x, fx_where where);
#define fx_log_(x) fx_log_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_log_in_place_at(fx_tensor *x, fx_where where);
#define fx_log2(x) fx_log2_at(x, FX_HERE)
FX_API fx_tensor *fx_log2_at(fx_tensor *x, fx_where where);
#define fx_log2_(x) fx_log2_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_log2_in_place_at(fx_tensor *x, fx_where where);
#define fx_log10(x) fx_log10_at(x, FX_HERE)
FX_API fx_tensor *fx_log10_at(fx_tensor *x, fx_where where);
#define fx_log10_(x) fx_log10_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_log10_in_place_at(fx_tensor *x, fx_where where);
#define fx_log1p(x) fx_log1p_at(x, FX_HERE)
FX_API fx_tensor *fx_log1p_at(fx_tensor *x, fx_where where);
#define fx_log1p_(x) fx_log1p_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_log1p_in_place_at(fx_tensor *x, fx_where where);
#define fx_sqrt(x) fx_sqrt_at(x, FX_HERE)
FX_API fx_tensor *fx_sqrt_at(fx_tensor *x, fx_where where);
#define fx_sqrt_(x) fx_sqrt_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_sqrt_in_place_at(fx_tensor *x, fx_where where);
#define fx_rsqrt(x) fx_rsqrt_at(x, FX_HERE)
FX_API fx_tensor *fx_rsqrt_at(fx_tensor *x, fx_where where);
#define fx_rsqrt_(x) fx_rsqrt_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_rsqrt_in_place_at(fx_tensor *x, fx_where where);
#define fx_reciprocal(x) fx_reciprocal_at(x, FX_HERE)
FX_API fx_tensor *fx_reciprocal_at(fx_tensor *x, fx_where where);
#define fx_reciprocal_(x) fx_reciprocal_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_reciprocal_in_place_at(fx_tensor *x, fx_where where);
#define fx_square(x) fx_square_at(x, FX_HERE)
FX_API fx_tensor *fx_square_at(fx_tensor *x, fx_where where);
#define fx_square_(x) fx_square_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_square_in_place_at(fx_tensor *x, fx_where where);
#define fx_sin(x) fx_sin_at(x, FX_HERE)
FX_API fx_tensor *fx_sin_at(fx_tensor *x, fx_where where);
#define fx_sin_(x) fx_sin_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_sin_in_place_at(fx_tensor *x, fx_where where);
#define fx_cos(x) fx_cos_at(x, FX_HERE)
FX_API fx_tensor *fx_cos_at(fx_tensor *x, fx_where where);
#define fx_cos_(x) fx_cos_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_cos_in_place_at(fx_tensor *x, fx_where where);
#define fx_tan(x) fx_tan_at(x, FX_HERE)
FX_API fx_tensor *fx_tan_at(fx_tensor *x, fx_where where);
#define fx_tan_(x) fx_tan_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_tan_in_place_at(fx_tensor *x, fx_where where);
#define fx_asin(x) fx_asin_at(x, FX_HERE)
FX_API fx_tensor *fx_asin_at(fx_tensor *x, fx_where where);
#define fx_asin_(x) fx_asin_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_asin_in_place_at(fx_tensor *x, fx_where where);
#define fx_acos(x) fx_acos_at(x, FX_HERE)
FX_API fx_tensor *fx_acos_at(fx_tensor *x, fx_where where);
#define fx_acos_(x) fx_acos_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_acos_in_place_at(fx_tensor *x, fx_where where);
#define fx_atan(x) fx_atan_at(x, FX_HERE)
FX_API fx_tensor *fx_atan_at(fx_tensor *x, fx_where where);
#define fx_atan_(x) fx_atan_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_atan_in_place_at(fx_tensor *x, fx_where where);
#define fx_sinh(x) fx_sinh_at(x, FX_HERE)
FX_API fx_tensor *fx_sinh_at(fx_tensor *x, fx_where where);
#define fx_sinh_(x) fx_sinh_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_sinh_in_place_at(fx_tensor *x, fx_where where);
#define fx_cosh(x) fx_cosh_at(x, FX_HERE)
FX_API fx_tensor *fx_cosh_at(fx_tensor *x, fx_where where);
#define fx_cosh_(x) fx_cosh_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_cosh_in_place_at(fx_tensor *x, fx_where where);
#define fx_tanh(x) fx_tanh_at(x, FX_HERE)
FX_API fx_tensor *fx_tanh_at(fx_tensor *x, fx_where where);
#define fx_tanh_(x) fx_tanh_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_tanh_in_place_at(fx_tensor *x, fx_where where);
#define fx_asinh(x) fx_asinh_at(x, FX_HERE)
FX_API fx_tensor *fx_asinh_at(fx_tensor *x, fx_where where);
#define fx_asinh_(x) fx_asinh_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_asinh_in_place_at(fx_tensor *x, fx_where where);
#define fx_acosh(x) fx_acosh_at(x, FX_HERE)
FX_API fx_tensor *fx_acosh_at(fx_tensor *x, fx_where where);
#define fx_acosh_(x) fx_acosh_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_acosh_in_place_at(fx_tensor *x, fx_where where);
#define fx_atanh(x) fx_atanh_at(x, FX_HERE)
FX_API fx_tensor *fx_atanh_at(fx_tensor *x, fx_where where);
#define fx_atanh_(x) fx_atanh_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_atanh_in_place_at(fx_tensor *x, fx_where where);
#define fx_sigmoid(x) fx_sigmoid_at(x, FX_HERE)
FX_API fx_tensor *fx_sigmoid_at(fx_tensor *x, fx_where where);
#define fx_sigmoid_(x) fx_sigmoid_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_sigmoid_in_place_at(fx_tensor *x, fx_where where);
#define fx_logsigmoid(x) fx_logsigmoid_at(x, FX_HERE)
FX_API fx_tensor *fx_logsigmoid_at(fx_tensor *x, fx_where where);
#define fx_logsigmoid_(x) fx_logsigmoid_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_logsigmoid_in_place_at(fx_tensor *x, fx_where where);
#define fx_relu(x) fx_relu_at(x, FX_HERE)
FX_API fx_tensor *fx_relu_at(fx_tensor *x, fx_where where);
#define fx_relu_(x) fx_relu_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_relu_in_place_at(fx_tensor *x, fx_where where);
#define fx_relu6(x) fx_relu6_at(x, FX_HERE)
FX_API fx_tensor *fx_relu6_at(fx_tensor *x, fx_where where);
#define fx_relu6_(x) fx_relu6_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_relu6_in_place_at(fx_tensor *x, fx_where where);
#define fx_silu(x) fx_silu_at(x, FX_HERE)
FX_API fx_tensor *fx_silu_at(fx_tensor *x, fx_where where);
#define fx_silu_(x) fx_silu_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_silu_in_place_at(fx_tensor *x, fx_where where);
#define fx_mish(x) fx_mish_at(x, FX_HERE)
FX_API fx_tensor *fx_mish_at(fx_tensor *x, fx_where where);
#define fx_mish_(x) fx_mish_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_mish_in_place_at(fx_tensor *x, fx_where where);
#define fx_softsign(x) fx_softsign_at(x, FX_HERE)
FX_API fx_tensor *fx_softsign_at(fx_tensor *x, fx_where where);
#define fx_softsign_(x) fx_softsign_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_softsign_in_place_at(fx_tensor *x, fx_where where);
#define fx_tanhshrink(x) fx_tanhshrink_at(x, FX_HERE)
FX_API fx_tensor *fx_tanhshrink_at(fx_tensor *x, fx_where where);
#define fx_tanhshrink_(x) fx_tanhshrink_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_tanhshrink_in_place_at(fx_tensor *x, fx_where where);
#define fx_hardsigmoid(x) fx_hardsigmoid_at(x, FX_HERE)
FX_API fx_tensor *fx_hardsigmoid_at(fx_tensor *x, fx_where where);
#define fx_hardsigmoid_(x) fx_hardsigmoid_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_hardsigmoid_in_place_at(fx_tensor *x, fx_where where);
#define fx_hardswish(x) fx_hardswish_at(x, FX_HERE)
FX_API fx_tensor *fx_hardswish_at(fx_tensor *x, fx_where where);
#define fx_hardswish_(x) fx_hardswish_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_hardswish_in_place_at(fx_tensor *x, fx_where where);
#define fx_erf(x) fx_erf_at(x, FX_HERE)
FX_API fx_tensor *fx_erf_at(fx_tensor *x, fx_where where);
#define fx_erf_(x) fx_erf_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_erf_in_place_at(fx_tensor *x, fx_where where);
#define fx_erfc(x) fx_erfc_at(x, FX_HERE)
FX_API fx_tensor *fx_erfc_at(fx_tensor *x, fx_where where);
#define fx_erfc_(x) fx_erfc_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_erfc_in_place_at(fx_tensor *x, fx_where where);
#define fx_erfinv(x) fx_erfinv_at(x, FX_HERE)
FX_API fx_tensor *fx_erfinv_at(fx_tensor *x, fx_where where);
#define fx_erfinv_(x) fx_erfinv_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_erfinv_in_place_at(fx_tensor *x, fx_where where);
#define fx_lgamma(x) fx_lgamma_at(x, FX_HERE)
FX_API fx_tensor *fx_lgamma_at(fx_tensor *x, fx_where where);
#define fx_lgamma_(x) fx_lgamma_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_lgamma_in_place_at(fx_tensor *x, fx_where where);
#define fx_digamma(x) fx_digamma_at(x, FX_HERE)
FX_API fx_tensor *fx_digamma_at(fx_tensor *x, fx_where where);
#define fx_digamma_(x) fx_digamma_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_digamma_in_place_at(fx_tensor *x, fx_where where);
#define fx_sinc(x) fx_sinc_at(x, FX_HERE)
FX_API fx_tensor *fx_sinc_at(fx_tensor *x, fx_where where);
#define fx_sinc_(x) fx_sinc_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_sinc_in_place_at(fx_tensor *x, fx_where where);
#define fx_frac(x) fx_frac_at(x, FX_HERE)
FX_API fx_tensor *fx_frac_at(fx_tensor *x, fx_where where);
#define fx_frac_(x) fx_frac_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_frac_in_place_at(fx_tensor *x, fx_where where);
#define fx_entr(x) fx_entr_at(x, FX_HERE)
FX_API fx_tensor *fx_entr_at(fx_tensor *x, fx_where where);
#define fx_entr_(x) fx_entr_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_entr_in_place_at(fx_tensor *x, fx_where where);
#define fx_sign(x) fx_sign_at(x, FX_HERE)
FX_API fx_tensor *fx_sign_at(fx_tensor *x, fx_where where);
#define fx_sign_(x) fx_sign_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_sign_in_place_at(fx_tensor *x, fx_where where);
#define fx_angle(x) fx_angle_at(x, FX_HERE)
FX_API fx_tensor *fx_angle_at(fx_tensor *x, fx_where where);
#define fx_angle_(x) fx_angle_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_angle_in_place_at(fx_tensor *x, fx_where where);
#define fx_floor(x) fx_floor_at(x, FX_HERE)
FX_API fx_tensor *fx_floor_at(fx_tensor *x, fx_where where);
#define fx_floor_(x) fx_floor_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_floor_in_place_at(fx_tensor *x, fx_where where);
#define fx_ceil(x) fx_ceil_at(x, FX_HERE)
FX_API fx_tensor *fx_ceil_at(fx_tensor *x, fx_where where);
#define fx_ceil_(x) fx_ceil_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_ceil_in_place_at(fx_tensor *x, fx_where where);
#define fx_trunc(x) fx_trunc_at(x, FX_HERE)
FX_API fx_tensor *fx_trunc_at(fx_tensor *x, fx_where where);
#define fx_trunc_(x) fx_trunc_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_trunc_in_place_at(fx_tensor *x, fx_where where);

/* Of two tensors that broadcast, or a tensor and a number (two numbers give NULL). */
#define fx_add(a, b) fx_add_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_add_at(fx_operand a, fx_operand b, fx_where where);
#define fx_add_(a, b) fx_add_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_add_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_sub(a, b) fx_sub_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_sub_at(fx_operand a, fx_operand b, fx_where where);
#define fx_sub_(a, b) fx_sub_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_sub_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_mul(a, b) fx_mul_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_mul_at(fx_operand a, fx_operand b, fx_where where);
#define fx_mul_(a, b) fx_mul_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_mul_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_div(a, b) fx_div_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_div_at(fx_operand a, fx_operand b, fx_where where);
#define fx_div_(a, b) fx_div_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_div_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_pow(a, b) fx_pow_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_pow_at(fx_operand a, fx_operand b, fx_where where);
#define fx_pow_(a, b) fx_pow_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_pow_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_maximum(a, b) fx_maximum_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_maximum_at(fx_operand a, fx_operand b, fx_where where);
#define fx_maximum_(a, b) fx_maximum_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_maximum_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_minimum(a, b) fx_minimum_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_minimum_at(fx_operand a, fx_operand b, fx_where where);
#define fx_minimum_(a, b) fx_minimum_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_minimum_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_fmax(a, b) fx_fmax_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_fmax_at(fx_operand a, fx_operand b, fx_where where);
#define fx_fmax_(a, b) fx_fmax_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_fmax_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_fmin(a, b) fx_fmin_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_fmin_at(fx_operand a, fx_operand b, fx_where where);
#define fx_fmin_(a, b) fx_fmin_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_fmin_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_clamp_min(a, b) fx_clamp_min_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_clamp_min_at(fx_operand a, fx_operand b, fx_where where);
#define fx_clamp_min_(a, b) fx_clamp_min_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_clamp_min_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_clamp_max(a, b) fx_clamp_max_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_clamp_max_at(fx_operand a, fx_operand b, fx_where where);
#define fx_clamp_max_(a, b) fx_clamp_max_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_clamp_max_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_atan2(a, b) fx_atan2_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_atan2_at(fx_operand a, fx_operand b, fx_where where);
#define fx_atan2_(a, b) fx_atan2_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_atan2_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_hypot(a, b) fx_hypot_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_hypot_at(fx_operand a, fx_operand b, fx_where where);
#define fx_hypot_(a, b) fx_hypot_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_hypot_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_fmod(a, b) fx_fmod_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_fmod_at(fx_operand a, fx_operand b, fx_where where);
#define fx_fmod_(a, b) fx_fmod_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_fmod_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_remainder(a, b) fx_remainder_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_remainder_at(fx_operand a, fx_operand b, fx_where where);
#define fx_remainder_(a, b) fx_remainder_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_remainder_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_copysign(a, b) fx_copysign_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_copysign_at(fx_operand a, fx_operand b, fx_where where);
#define fx_copysign_(a, b) fx_copysign_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_copysign_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_logaddexp(a, b) fx_logaddexp_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_logaddexp_at(fx_operand a, fx_operand b, fx_where where);
#define fx_logaddexp_(a, b) fx_logaddexp_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_logaddexp_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_logaddexp2(a, b) fx_logaddexp2_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_logaddexp2_at(fx_operand a, fx_operand b, fx_where where);
#define fx_logaddexp2_(a, b) fx_logaddexp2_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_logaddexp2_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_xlogy(a, b) fx_xlogy_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_xlogy_at(fx_operand a, fx_operand b, fx_where where);
#define fx_xlogy_(a, b) fx_xlogy_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_xlogy_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_xlog1py(a, b) fx_xlog1py_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_xlog1py_at(fx_operand a, fx_operand b, fx_where where);
#define fx_xlog1py_(a, b) fx_xlog1py_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_xlog1py_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_floor_divide(a, b) fx_floor_divide_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_floor_divide_at(fx_operand a, fx_operand b, fx_where where);
#define fx_floor_divide_(a, b) fx_floor_divide_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_floor_divide_in_place_at(fx_tensor *a, fx_operand b, fx_where where);
#define fx_heaviside(a, b) fx_heaviside_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_heaviside_at(fx_operand a, fx_operand b, fx_where where);
#define fx_heaviside_(a, b) fx_heaviside_in_place_at(a, FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_heaviside_in_place_at(fx_tensor *a, fx_operand b, fx_where where);

/* bool, of any dtype; no gradient. */
#define fx_isnan(x) fx_isnan_at(x, FX_HERE)
FX_API fx_tensor *fx_isnan_at(fx_tensor *x, fx_where where);
#define fx_isinf(x) fx_isinf_at(x, FX_HERE)
FX_API fx_tensor *fx_isinf_at(fx_tensor *x, fx_where where);
#define fx_isposinf(x) fx_isposinf_at(x, FX_HERE)
FX_API fx_tensor *fx_isposinf_at(fx_tensor *x, fx_where where);
#define fx_isneginf(x) fx_isneginf_at(x, FX_HERE)
FX_API fx_tensor *fx_isneginf_at(fx_tensor *x, fx_where where);
#define fx_isfinite(x) fx_isfinite_at(x, FX_HERE)
FX_API fx_tensor *fx_isfinite_at(fx_tensor *x, fx_where where);
#define fx_logical_not(x) fx_logical_not_at(x, FX_HERE)
FX_API fx_tensor *fx_logical_not_at(fx_tensor *x, fx_where where);
#define fx_eq(a, b) fx_eq_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_eq_at(fx_operand a, fx_operand b, fx_where where);
#define fx_ne(a, b) fx_ne_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_ne_at(fx_operand a, fx_operand b, fx_where where);
#define fx_lt(a, b) fx_lt_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_lt_at(fx_operand a, fx_operand b, fx_where where);
#define fx_le(a, b) fx_le_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_le_at(fx_operand a, fx_operand b, fx_where where);
#define fx_gt(a, b) fx_gt_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_gt_at(fx_operand a, fx_operand b, fx_where where);
#define fx_ge(a, b) fx_ge_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_ge_at(fx_operand a, fx_operand b, fx_where where);
#define fx_logical_and(a, b) fx_logical_and_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_logical_and_at(fx_operand a, fx_operand b, fx_where where);
#define fx_logical_or(a, b) fx_logical_or_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_logical_or_at(fx_operand a, fx_operand b, fx_where where);
#define fx_logical_xor(a, b) fx_logical_xor_at(FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_logical_xor_at(fx_operand a, fx_operand b, fx_where where);

/* a where the condition (bool) holds, b elsewhere; all broadcast. The gradient of each goes where it was
 * taken. */
typedef struct fx_where_args {
    fx_tensor *condition;
    fx_operand a, b;
} fx_where_args;
#define fx_where_select(condition, a, b) fx_where_select_at(condition, FX_OPERAND(a), FX_OPERAND(b), FX_HERE)
FX_API fx_tensor *fx_where_select_at(fx_tensor *condition, fx_operand a, fx_operand b, fx_where where);

/* With options, PyTorch's names and defaults but for softplus, which has no threshold unless one is given.
 * clamp takes numbers or tensors as bounds; nan_to_num's infinities become the largest numbers unless given
 * (NAN: not given); logit clamps x to eps .. 1 - eps unless eps is below 0. */
typedef struct fx_leaky_relu_args {
    fx_tensor *x;
    double negative_slope; /* 0.01 */
} fx_leaky_relu_args;
#define fx_leaky_relu(...)                                                                                   \
    fx_leaky_relu_at(FX_LITERAL(fx_leaky_relu_args){ .negative_slope = 0.01, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_leaky_relu_at(fx_leaky_relu_args args, fx_where where);

/* x where x > 0, else weight x; weight is one number, or has one for each channel, dimension 1. */
#define fx_prelu(x, weight) fx_prelu_at(x, weight, FX_HERE)
FX_API fx_tensor *fx_prelu_at(fx_tensor *x, fx_tensor *weight, fx_where where);

typedef struct fx_elu_args {
    fx_tensor *x;
    double alpha; /* 1 */
} fx_elu_args;
#define fx_elu(...) fx_elu_at(FX_LITERAL(fx_elu_args){ .alpha = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_celu(...) fx_celu_at(FX_LITERAL(fx_elu_args){ .alpha = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_selu(x) fx_selu_at(x, FX_HERE)
FX_API fx_tensor *fx_elu_at(fx_elu_args args, fx_where where);
FX_API fx_tensor *fx_celu_at(fx_elu_args args, fx_where where);
FX_API fx_tensor *fx_selu_at(fx_tensor *x, fx_where where);

typedef enum fx_gelu_form { FX_GELU_EXACT, FX_GELU_TANH } fx_gelu_form;
typedef struct fx_gelu_args {
    fx_tensor *x;
    int approximate; /* a fx_gelu_form */
} fx_gelu_args;
#define fx_gelu(...) fx_gelu_at(FX_LITERAL(fx_gelu_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_gelu_at(fx_gelu_args args, fx_where where);

typedef struct fx_softplus_args {
    fx_tensor *x;
    double beta, threshold; /* 1, infinity */
} fx_softplus_args;
#define fx_softplus(...)                                                                                     \
    fx_softplus_at(FX_LITERAL(fx_softplus_args){ .beta = 1, .threshold = HUGE_VAL, .x = __VA_ARGS__ },       \
                   FX_HERE)
FX_API fx_tensor *fx_softplus_at(fx_softplus_args args, fx_where where);

typedef struct fx_shrink_args {
    fx_tensor *x;
    double lambd; /* 0.5 */
} fx_shrink_args;
#define fx_softshrink(...)                                                                                   \
    fx_softshrink_at(FX_LITERAL(fx_shrink_args){ .lambd = 0.5, .x = __VA_ARGS__ }, FX_HERE)
#define fx_hardshrink(...)                                                                                   \
    fx_hardshrink_at(FX_LITERAL(fx_shrink_args){ .lambd = 0.5, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_softshrink_at(fx_shrink_args args, fx_where where);
FX_API fx_tensor *fx_hardshrink_at(fx_shrink_args args, fx_where where);

typedef struct fx_threshold_args {
    fx_tensor *x;
    double threshold, value;
} fx_threshold_args;
#define fx_threshold(...) fx_threshold_at(FX_LITERAL(fx_threshold_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_threshold_at(fx_threshold_args args, fx_where where);

typedef struct fx_hardtanh_args {
    fx_tensor *x;
    double min_val, max_val; /* -1, 1 */
} fx_hardtanh_args;
#define fx_hardtanh(...)                                                                                     \
    fx_hardtanh_at(FX_LITERAL(fx_hardtanh_args){ .min_val = -1, .max_val = 1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_hardtanh_at(fx_hardtanh_args args, fx_where where);

typedef struct fx_clamp_args {
    fx_tensor *x;
    fx_operand min, max;
} fx_clamp_args;
#define fx_clamp(x, min, max) fx_clamp_at(x, FX_OPERAND(min), FX_OPERAND(max), FX_HERE)
FX_API fx_tensor *fx_clamp_at(fx_tensor *x, fx_operand min, fx_operand max, fx_where where);

typedef struct fx_nan_to_num_args {
    fx_tensor *x;
    double nan, posinf, neginf; /* 0, NAN, NAN */
} fx_nan_to_num_args;
#define fx_nan_to_num(...)                                                                                   \
    fx_nan_to_num_at(FX_LITERAL(fx_nan_to_num_args){ .posinf = NAN, .neginf = NAN, .x = __VA_ARGS__ },       \
                     FX_HERE)
FX_API fx_tensor *fx_nan_to_num_at(fx_nan_to_num_args args, fx_where where);

typedef struct fx_polygamma_args {
    int64_t n;
    fx_tensor *x;
} fx_polygamma_args;
#define fx_polygamma(n, x) fx_polygamma_at(n, x, FX_HERE)
FX_API fx_tensor *fx_polygamma_at(int64_t n, fx_tensor *x, fx_where where);

typedef struct fx_round_args {
    fx_tensor *x;
    int64_t decimals; /* 0 */
} fx_round_args;
#define fx_round(...) fx_round_at(FX_LITERAL(fx_round_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_round_at(fx_round_args args, fx_where where);

typedef struct fx_logit_args {
    fx_tensor *x;
    double eps; /* -1: none */
} fx_logit_args;
#define fx_logit(...) fx_logit_at(FX_LITERAL(fx_logit_args){ .eps = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_logit_at(fx_logit_args args, fx_where where);

/* x + weight (end - x); x + value a b; x + value a / b. All broadcast. */
typedef struct fx_lerp_args {
    fx_tensor *x, *end;
    fx_operand weight;
} fx_lerp_args;
#define fx_lerp(x, end, weight) fx_lerp_at(x, end, FX_OPERAND(weight), FX_HERE)
FX_API fx_tensor *fx_lerp_at(fx_tensor *x, fx_tensor *end, fx_operand weight, fx_where where);
typedef struct fx_addc_args {
    fx_tensor *x, *a, *b;
    double value; /* 1 */
} fx_addc_args;
#define fx_addcmul(...) fx_addcmul_at(FX_LITERAL(fx_addc_args){ .value = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_addcdiv(...) fx_addcdiv_at(FX_LITERAL(fx_addc_args){ .value = 1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_addcmul_at(fx_addc_args args, fx_where where);
FX_API fx_tensor *fx_addcdiv_at(fx_addc_args args, fx_where where);

/* (end of elementwise) */

/* ---- reductions ---------------------------------------------------------------------------------------- */

/* Reductions. dims names the dimensions to reduce over, negative ones counted from the end; left out (or
 * empty), all of them. keepdim leaves a 1 in the place of each. A 0-d tensor has a dimension 0 of one number.
 * dtype, where there is one, converts x first. A dimension out of range, or named twice, is an error.
 * Floating numbers are summed in double. */
#define FX__REDUCTION(function, ...)                                                                         \
    typedef struct fx_##function##_args {                                                                    \
        fx_tensor *x;                                                                                        \
        fx_dims dims;                                                                                        \
        bool keepdim;                                                                                        \
        __VA_ARGS__                                                                                          \
    } fx_##function##_args;                                                                                  \
    FX_API fx_tensor *fx_##function##_at(fx_##function##_args args, fx_where where);

/* fx_sum(x), fx_sum(x, .dims = FX_DIMS(0, 2), .keepdim = true): 0 where there is nothing to sum; integers
 * give int64. */
FX__REDUCTION(sum, fx_dtype dtype;)
#define fx_sum(...) fx_sum_at(FX_LITERAL(fx_sum_args){ .x = __VA_ARGS__ }, FX_HERE)
/* The sum over n; floating numbers only. NaN where there is nothing. */
FX__REDUCTION(mean, fx_dtype dtype;)
#define fx_mean(...) fx_mean_at(FX_LITERAL(fx_mean_args){ .x = __VA_ARGS__ }, FX_HERE)
/* The same of what is not NaN. */
FX__REDUCTION(nansum, fx_dtype dtype;)
#define fx_nansum(...) fx_nansum_at(FX_LITERAL(fx_nansum_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(nanmean, fx_dtype dtype;)
#define fx_nanmean(...) fx_nanmean_at(FX_LITERAL(fx_nanmean_args){ .x = __VA_ARGS__ }, FX_HERE)

/* How many are not 0, int64; whether one is, whether all are, bool. NaN is not 0. No gradients. */
typedef struct fx_count_nonzero_args {
    fx_tensor *x;
    fx_dims dims;
} fx_count_nonzero_args;
#define fx_count_nonzero(...)                                                                                \
    fx_count_nonzero_at(FX_LITERAL(fx_count_nonzero_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_count_nonzero_at(fx_count_nonzero_args args, fx_where where);
FX__REDUCTION(any, )
#define fx_any(...) fx_any_at(FX_LITERAL(fx_any_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(all, )
#define fx_all(...) fx_all_at(FX_LITERAL(fx_all_args){ .x = __VA_ARGS__ }, FX_HERE)

/* The largest and the least of x over dims, of any number dtype; NaN wins, and the gradient is shared evenly
 * among ties. An error where there is no number to choose from. */
FX__REDUCTION(amax, )
#define fx_amax(...) fx_amax_at(FX_LITERAL(fx_amax_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(amin, )
#define fx_amin(...) fx_amin_at(FX_LITERAL(fx_amin_args){ .x = __VA_ARGS__ }, FX_HERE)

/* fx_max(x): amax of all. fx_max(x, .dims = FX_DIMS(1), .indices = &where): the largest along one dimension
 * and its index there, int64, the first of ties (a NaN, if there is one), to which alone the gradient goes.
 * indices may be left out; it is not written after a failure. */
FX__REDUCTION(max, fx_tensor **indices;)
#define fx_max(...) fx_max_at(FX_LITERAL(fx_max_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(min, fx_tensor **indices;)
#define fx_min(...) fx_min_at(FX_LITERAL(fx_min_args){ .x = __VA_ARGS__ }, FX_HERE)

/* That index alone, along one dimension, or in row-major order of all if none is given. No gradient. */
FX__REDUCTION(argmax, )
#define fx_argmax(...) fx_argmax_at(FX_LITERAL(fx_argmax_args){ .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(argmin, )
#define fx_argmin(...) fx_argmin_at(FX_LITERAL(fx_argmin_args){ .x = __VA_ARGS__ }, FX_HERE)

/* The sum of the squares of what x differs from its mean by, over n - correction; and its root. NaN where
 * n - correction is not positive. The gradient of std at equal numbers is 0. */
FX__REDUCTION(var, double correction;)
#define fx_var(...) fx_var_at(FX_LITERAL(fx_var_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(std, double correction;)
#define fx_std(...) fx_std_at(FX_LITERAL(fx_std_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)
/* The same, and the mean: fx_var_mean(x, .mean = &m). */
FX__REDUCTION(var_mean, fx_tensor **mean; double correction;)
#define fx_var_mean(...)                                                                                     \
    fx_var_mean_at(FX_LITERAL(fx_var_mean_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)
FX__REDUCTION(std_mean, fx_tensor **mean; double correction;)
#define fx_std_mean(...)                                                                                     \
    fx_std_mean_at(FX_LITERAL(fx_std_mean_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)

/* (sum of |x|^p)^(1/p): the norm of x as one vector, or of vectors along dims. p may be any number, 0 (how
 * many are not 0), INFINITY (the largest |x|) or -INFINITY (the least). Its gradient at 0 is 0. No number is
 * too large or too small to be squared. */
FX__REDUCTION(norm, double p; fx_dtype dtype;)
#define fx_norm(...) fx_norm_at(FX_LITERAL(fx_norm_args){ .p = 2, .x = __VA_ARGS__ }, FX_HERE)

/* The product along one dimension, or of all numbers if none is given; 1 where there is nothing. Integers
 * give int64. Exact through zeros, and so are its derivatives of every order. */
FX__REDUCTION(prod, fx_dtype dtype;)
#define fx_prod(...) fx_prod_at(FX_LITERAL(fx_prod_args){ .x = __VA_ARGS__ }, FX_HERE)

/* Running sums and products along dim: y_k is that of x_0 ... x_k. Integers give int64. */
typedef struct fx_cumsum_args {
    fx_tensor *x;
    int64_t dim;
    fx_dtype dtype;
} fx_cumsum_args;
#define fx_cumsum(x_, ...) fx_cumsum_at(FX_LITERAL(fx_cumsum_args){ .x = x_, .dim = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cumsum_at(fx_cumsum_args args, fx_where where);
typedef fx_cumsum_args fx_cumprod_args;
#define fx_cumprod(x_, ...) fx_cumprod_at(FX_LITERAL(fx_cumprod_args){ .x = x_, .dim = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cumprod_at(fx_cumprod_args args, fx_where where);
/* log(exp x_0 + ... + exp x_k); floating numbers only. */
typedef struct fx_logcumsumexp_args {
    fx_tensor *x;
    int64_t dim;
} fx_logcumsumexp_args;
#define fx_logcumsumexp(x_, dim_)                                                                            \
    fx_logcumsumexp_at(FX_LITERAL(fx_logcumsumexp_args){ .x = x_, .dim = dim_ }, FX_HERE)
FX_API fx_tensor *fx_logcumsumexp_at(fx_logcumsumexp_args args, fx_where where);
/* The largest, the least of x_0 ... x_k; indices, if given, receives their places along dim, int64, the last
 * of ties. */
typedef struct fx_cummax_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor **indices;
} fx_cummax_args;
#define fx_cummax(x_, ...) fx_cummax_at(FX_LITERAL(fx_cummax_args){ .x = x_, .dim = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cummax_at(fx_cummax_args args, fx_where where);
typedef fx_cummax_args fx_cummin_args;
#define fx_cummin(x_, ...) fx_cummin_at(FX_LITERAL(fx_cummin_args){ .x = x_, .dim = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cummin_at(fx_cummin_args args, fx_where where);

/* (end of reductions) */

/* ---- softmax, losses ----------------------------------------------------------------------------------- */

/* exp x / sum of exp x along dim, the last one if none is named; floating numbers only (dtype converts
 * first). */
typedef struct fx_softmax_args {
    fx_tensor *x;
    int64_t dim;
    fx_dtype dtype;
} fx_softmax_args;
#define fx_softmax(...) fx_softmax_at(FX_LITERAL(fx_softmax_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_softmax_at(fx_softmax_args args, fx_where where);
/* Its logarithm, exact where it is nearly 1. */
typedef fx_softmax_args fx_log_softmax_args;
#define fx_log_softmax(...)                                                                                  \
    fx_log_softmax_at(FX_LITERAL(fx_log_softmax_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_log_softmax_at(fx_log_softmax_args args, fx_where where);
/* softmax of -x. */
typedef fx_softmax_args fx_softmin_args;
#define fx_softmin(...) fx_softmin_at(FX_LITERAL(fx_softmin_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_softmin_at(fx_softmin_args args, fx_where where);
/* The logarithm of the sum of exp x over dims (all, if none are given): -inf where there is nothing. The
 * gradient is softmax, and 0 where all numbers are -inf. */
FX__REDUCTION(logsumexp, )
#define fx_logsumexp(...) fx_logsumexp_at(FX_LITERAL(fx_logsumexp_args){ .x = __VA_ARGS__ }, FX_HERE)

/* Losses: none: one a row or a number; mean: over their number, or the sum of their weights where a comment
 * says so; sum. */
typedef enum fx_reduction {
    FX_REDUCTION_NONE,
    FX_REDUCTION_MEAN,
    FX_REDUCTION_SUM,
    FX_REDUCTION_BATCHMEAN
} fx_reduction;

/* -log of the probability that softmax over dimension 1 of x, (N, C), (N, C, d1, ...) or (C), gives to
 * target:
 *   - classes, integers in x's shape without C: (1 - a) w_t (-log p_t) + a / C sum of w_k (-log p_k), a being
 * label_smoothing and w weight, (C), or ones. Rows whose target is ignore_index count as 0; the mean is over
 * the sum of w_t of the others, NaN if there are none. A class that is not 0 .. C-1 is an error;
 *   - probabilities, floating numbers in x's shape: sum of t_k w_k (-log p_k), t smoothed alike; the mean is
 * over the rows. weight has no gradient. */
typedef struct fx_cross_entropy_args {
    fx_tensor *x, *target, *weight;
    int64_t ignore_index;
    int reduction; /* fx_reduction */
    double label_smoothing;
} fx_cross_entropy_args;
#define fx_cross_entropy(x_, ...)                                                                            \
    fx_cross_entropy_at(                                                                                     \
        FX_LITERAL(fx_cross_entropy_args){                                                                   \
            .reduction = FX_REDUCTION_MEAN, .ignore_index = -100, .x = x_, .target = __VA_ARGS__ },          \
        FX_HERE)
FX_API fx_tensor *fx_cross_entropy_at(fx_cross_entropy_args args, fx_where where);

/* The same of log probabilities: -w_t x_t. Classes only. */
typedef struct fx_nll_loss_args {
    fx_tensor *x, *target, *weight;
    int64_t ignore_index;
    int reduction; /* fx_reduction */
} fx_nll_loss_args;
#define fx_nll_loss(x_, ...)                                                                                 \
    fx_nll_loss_at(                                                                                          \
        FX_LITERAL(fx_nll_loss_args){                                                                        \
            .reduction = FX_REDUCTION_MEAN, .ignore_index = -100, .x = x_, .target = __VA_ARGS__ },          \
        FX_HERE)
FX_API fx_tensor *fx_nll_loss_at(fx_nll_loss_args args, fx_where where);

/* Losses of numbers: x and target have one shape (they do not broadcast: that hides mistakes); weights
 * broadcast to it and have no gradient. The mean is over all numbers. fx_mse_loss(x, target, .reduction =
 * FX_REDUCTION_SUM). */
/* (x - t)^2 */
typedef struct fx_mse_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
} fx_mse_loss_args;
#define fx_mse_loss(x_, ...)                                                                                 \
    fx_mse_loss_at(                                                                                          \
        FX_LITERAL(fx_mse_loss_args){ .reduction = FX_REDUCTION_MEAN, .x = x_, .target = __VA_ARGS__ },      \
        FX_HERE)
FX_API fx_tensor *fx_mse_loss_at(fx_mse_loss_args args, fx_where where);
/* |x - t| */
typedef struct fx_l1_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
} fx_l1_loss_args;
#define fx_l1_loss(x_, ...)                                                                                  \
    fx_l1_loss_at(                                                                                           \
        FX_LITERAL(fx_l1_loss_args){ .reduction = FX_REDUCTION_MEAN, .x = x_, .target = __VA_ARGS__ },       \
        FX_HERE)
FX_API fx_tensor *fx_l1_loss_at(fx_l1_loss_args args, fx_where where);
/* (x - t)^2 / (2 beta) where |x - t| < beta, else |x - t| - beta / 2 */
typedef struct fx_smooth_l1_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    double beta;
} fx_smooth_l1_loss_args;
#define fx_smooth_l1_loss(x_, ...)                                                                           \
    fx_smooth_l1_loss_at(                                                                                    \
        FX_LITERAL(fx_smooth_l1_loss_args){                                                                  \
            .reduction = FX_REDUCTION_MEAN, .beta = 1, .x = x_, .target = __VA_ARGS__ },                     \
        FX_HERE)
FX_API fx_tensor *fx_smooth_l1_loss_at(fx_smooth_l1_loss_args args, fx_where where);
/* (x - t)^2 / 2 where |x - t| <= delta, else delta (|x - t| - delta / 2) */
typedef struct fx_huber_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    double delta;
} fx_huber_loss_args;
#define fx_huber_loss(x_, ...)                                                                               \
    fx_huber_loss_at(                                                                                        \
        FX_LITERAL(fx_huber_loss_args){                                                                      \
            .reduction = FX_REDUCTION_MEAN, .delta = 1, .x = x_, .target = __VA_ARGS__ },                    \
        FX_HERE)
FX_API fx_tensor *fx_huber_loss_at(fx_huber_loss_args args, fx_where where);
/* -w (t log x + (1 - t) log(1 - x)), logarithms not below -100 */
typedef struct fx_binary_cross_entropy_args {
    fx_tensor *x, *target, *weight;
    int reduction; /* fx_reduction */
} fx_binary_cross_entropy_args;
#define fx_binary_cross_entropy(x_, ...)                                                                     \
    fx_binary_cross_entropy_at(FX_LITERAL(fx_binary_cross_entropy_args){ .reduction = FX_REDUCTION_MEAN,     \
                                                                         .x = x_,                            \
                                                                         .target = __VA_ARGS__ },            \
                               FX_HERE)
FX_API fx_tensor *fx_binary_cross_entropy_at(fx_binary_cross_entropy_args args, fx_where where);
/* The same of sigmoid(x), from x, with the term of t times pos_weight. */
typedef struct fx_binary_cross_entropy_with_logits_args {
    fx_tensor *x, *target, *weight, *pos_weight;
    int reduction; /* fx_reduction */
} fx_binary_cross_entropy_with_logits_args;
#define fx_binary_cross_entropy_with_logits(x_, ...)                                                         \
    fx_binary_cross_entropy_with_logits_at(                                                                  \
        FX_LITERAL(fx_binary_cross_entropy_with_logits_args){                                                \
            .reduction = FX_REDUCTION_MEAN, .x = x_, .target = __VA_ARGS__ },                                \
        FX_HERE)
FX_API fx_tensor *fx_binary_cross_entropy_with_logits_at(fx_binary_cross_entropy_with_logits_args args,
                                                         fx_where where);
/* t (log t - x), x being log probabilities; log_target: exp(t) (t - x). FX_REDUCTION_BATCHMEAN: the sum over
 * the first size, which is the divergence. */
typedef struct fx_kl_div_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    bool log_target;
} fx_kl_div_args;
#define fx_kl_div(x_, ...)                                                                                   \
    fx_kl_div_at(                                                                                            \
        FX_LITERAL(fx_kl_div_args){ .reduction = FX_REDUCTION_MEAN, .x = x_, .target = __VA_ARGS__ },        \
        FX_HERE)
FX_API fx_tensor *fx_kl_div_at(fx_kl_div_args args, fx_where where);
/* log(1 + exp(-t x)) */
typedef struct fx_soft_margin_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
} fx_soft_margin_loss_args;
#define fx_soft_margin_loss(x_, ...)                                                                         \
    fx_soft_margin_loss_at(FX_LITERAL(fx_soft_margin_loss_args){ .reduction = FX_REDUCTION_MEAN,             \
                                                                 .x = x_,                                    \
                                                                 .target = __VA_ARGS__ },                    \
                           FX_HERE)
FX_API fx_tensor *fx_soft_margin_loss_at(fx_soft_margin_loss_args args, fx_where where);
/* x where t is 1, max(0, margin - x) where t is -1 */
typedef struct fx_hinge_embedding_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    double margin;
} fx_hinge_embedding_loss_args;
#define fx_hinge_embedding_loss(x_, ...)                                                                     \
    fx_hinge_embedding_loss_at(                                                                              \
        FX_LITERAL(fx_hinge_embedding_loss_args){                                                            \
            .reduction = FX_REDUCTION_MEAN, .margin = 1, .x = x_, .target = __VA_ARGS__ },                   \
        FX_HERE)
FX_API fx_tensor *fx_hinge_embedding_loss_at(fx_hinge_embedding_loss_args args, fx_where where);
/* exp(x) - t x, or x - t log(x + eps) if log_input is false; full adds Stirling's term of the target */
typedef struct fx_poisson_nll_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    bool log_input, full;
    double eps;
} fx_poisson_nll_loss_args;
#define fx_poisson_nll_loss(x_, ...)                                                                         \
    fx_poisson_nll_loss_at(FX_LITERAL(fx_poisson_nll_loss_args){ .reduction = FX_REDUCTION_MEAN,             \
                                                                 .log_input = true,                          \
                                                                 .eps = 1e-8,                                \
                                                                 .x = x_,                                    \
                                                                 .target = __VA_ARGS__ },                    \
                           FX_HERE)
FX_API fx_tensor *fx_poisson_nll_loss_at(fx_poisson_nll_loss_args args, fx_where where);

/* (end of softmax, losses) */

/* ---- products of matrices ------------------------------------------------------------------------------ */

/* Operands may be of any strides: a transposed or an expanded view is read where it lies. Integers have
 * products too (they wrap around, and have no gradient); bool has not. */

/* NumPy's product: of the last two dimensions, those before them broadcast; a vector on the left is a row, on
 * the right a column, and what it stood for is left out of the result. dL/da = g b^T, dL/db = a^T g, summed
 * over broadcast dimensions. 0-d tensors are refused, as are inner sizes that differ. An inner size of 0
 * gives zeros. */
#define fx_matmul(a, b) fx_matmul_at(a, b, FX_HERE)
FX_API fx_tensor *fx_matmul_at(fx_tensor *a, fx_tensor *b, fx_where where);

/* The same for just two matrices (n, k) x (k, m); for stacks of as many (b, n, k) x (b, k, m); for a matrix
 * and a vector (n, k) x (k); for two vectors (k) x (k), which give a 0-d tensor; and a column times a row (n)
 * x (m), which give (n, m). */
#define fx_mm(a, b) fx_mm_at(a, b, FX_HERE)
#define fx_bmm(a, b) fx_bmm_at(a, b, FX_HERE)
#define fx_mv(a, v) fx_mv_at(a, v, FX_HERE)
#define fx_dot(u, v) fx_dot_at(u, v, FX_HERE)
#define fx_outer(u, v) fx_outer_at(u, v, FX_HERE)
FX_API fx_tensor *fx_mm_at(fx_tensor *a, fx_tensor *b, fx_where where);
FX_API fx_tensor *fx_bmm_at(fx_tensor *a, fx_tensor *b, fx_where where);
FX_API fx_tensor *fx_mv_at(fx_tensor *a, fx_tensor *v, fx_where where);
FX_API fx_tensor *fx_dot_at(fx_tensor *u, fx_tensor *v, fx_where where);
FX_API fx_tensor *fx_outer_at(fx_tensor *u, fx_tensor *v, fx_where where);

/* y = x w^T + b: x (..., in), w (out, in), b (out) or NULL for none, y (..., out). With w (in), b is 0-d and
 * y (...). dL/dx = g w, dL/dw = g^T x, dL/db = g summed over all but the last dimension. While an error
 * stands, a NULL b is taken for a tensor that failed, and the result is NULL. */
#define fx_linear(x, w, b) fx_linear_at(x, w, b, FX_HERE)
FX_API fx_tensor *fx_linear_at(fx_tensor *x, fx_tensor *w, fx_tensor *b, fx_where where);

/* beta x + alpha (a b), x being broadcast to the product: of two matrices (addmm), a matrix and a vector
 * (addmv), a column and a row (addr), stacks of matrices (baddbmm), and the sum of those (addbmm). beta and
 * alpha are 1 if they are not given. With beta = 0, x is not read. */
typedef struct fx_addmm_args {
    fx_tensor *x, *mat1, *mat2;
    double beta, alpha;
} fx_addmm_args;
#define FX__ADDMM(...) (FX_LITERAL(fx_addmm_args){ .beta = 1, .alpha = 1, .x = __VA_ARGS__ })
#define fx_addmm(...) fx_addmm_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
#define fx_addmv(...) fx_addmv_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
#define fx_addr(...) fx_addr_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
#define fx_baddbmm(...) fx_baddbmm_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
#define fx_addbmm(...) fx_addbmm_at(FX__ADDMM(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_addmm_at(fx_addmm_args args, fx_where where);
FX_API fx_tensor *fx_addmv_at(fx_addmm_args args, fx_where where);
FX_API fx_tensor *fx_addr_at(fx_addmm_args args, fx_where where);
FX_API fx_tensor *fx_baddbmm_at(fx_addmm_args args, fx_where where);
FX_API fx_tensor *fx_addbmm_at(fx_addmm_args args, fx_where where);

/* Sums over the last dimension of both (a 0-d tensor scales); over the last `dims` of x with the first of
 * other, or over pairs of named dimensions: fx_tensordot(a, b, .dims_x = FX_DIMS(0), .dims_other =
 * FX_DIMS(2)). What is left of a comes first in the result. */
#define fx_inner(a, b) fx_inner_at(a, b, FX_HERE)
FX_API fx_tensor *fx_inner_at(fx_tensor *a, fx_tensor *b, fx_where where);
typedef struct fx_tensordot_args {
    fx_tensor *x, *other;
    int64_t dims; /* 2 */
    fx_dims dims_x, dims_other;
} fx_tensordot_args;
#define fx_tensordot(...)                                                                                    \
    fx_tensordot_at(FX_LITERAL(fx_tensordot_args){ .dims = 2, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_tensordot_at(fx_tensordot_args args, fx_where where);

/* fx_einsum("bij,bjk->bik", a, b): a letter for each dimension, the same letter for dimensions that go
 * together, "..." for any number of them; letters that the result has not are summed over, a letter twice in
 * an operand is its diagonal. Without "->" the result has the letters that stand once, in the order of the
 * alphabet. Sizes of 1 broadcast. Any number of operands up to 16, contracted from left to right. */
#define fx_einsum(equation, ...) fx_einsum_at(equation, FX_LIST(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_einsum_at(const char *equation, fx_list tensors, fx_where where);

/* The product of 2 to 32 matrices, in the order that takes the fewest multiplications; the first and the last
 * may be vectors. */
#define fx_multi_dot(...) fx_multi_dot_at(FX_LIST(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_multi_dot_at(fx_list tensors, fx_where where);

/* Kronecker product, of up to four dimensions; the sum of a matrix' diagonal; and y[o] = x1 w[o] x2 + b[o] of
 * the last dimensions of x1 and x2, for w (out, in1, in2) and b (out) or NULL (see fx_linear). */
#define fx_kron(a, b) fx_kron_at(a, b, FX_HERE)
#define fx_trace(x) fx_trace_at(x, FX_HERE)
#define fx_bilinear(x1, x2, w, b) fx_bilinear_at(x1, x2, w, b, FX_HERE)
FX_API fx_tensor *fx_kron_at(fx_tensor *a, fx_tensor *b, fx_where where);
FX_API fx_tensor *fx_trace_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_bilinear_at(fx_tensor *x1, fx_tensor *x2, fx_tensor *w, fx_tensor *b, fx_where where);

/* (end of products of matrices) */

/* ---- shapes -------------------------------------------------------------------------------------------- */

/* Most of these are views: the result shows the memory of x, and a change of either in place changes both. A
 * dim may be negative, and then counts from the end. */

/* x in other sizes of as many numbers, in row-major order; one size may be -1 and is what is left. A view
 * where the strides of x allow it, else a copy; fx_view refuses to copy. To a 0-d tensor: fx_reshape_at(x,
 * FX_NO_DIMS, FX_HERE). */
#define FX_NO_DIMS (FX_LITERAL(fx_dims){ true, 0, { 0 } })
#define fx_reshape(x, ...) fx_reshape_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_view(x, ...) fx_view_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_reshape_as(x, other) fx_reshape_as_at(x, other, FX_HERE)
FX_API fx_tensor *fx_reshape_at(fx_tensor *x, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_view_at(fx_tensor *x, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_reshape_as_at(fx_tensor *x, const fx_tensor *other, fx_where where);

/* Dimensions start_dim to end_dim, both included, as one: fx_flatten(x, 1, -1). All of them: fx_ravel(x). And
 * the other way: dimension dim cut into sizes, one of which may be -1: fx_unflatten(x, dim, 3, -1). */
#define fx_flatten(x, start_dim, end_dim) fx_flatten_at(x, start_dim, end_dim, FX_HERE)
#define fx_ravel(x) fx_ravel_at(x, FX_HERE)
#define fx_unflatten(x, dim, ...) fx_unflatten_at(x, dim, FX_DIMS(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_flatten_at(fx_tensor *x, int64_t start_dim, int64_t end_dim, fx_where where);
FX_API fx_tensor *fx_ravel_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_unflatten_at(fx_tensor *x, int64_t dim, fx_dims sizes, fx_where where);

/* A dimension of size 1 put in before dim, 0 .. ndim; and taken out: all of size 1, or dim alone, or those of
 * dims. A dim of another size stays. */
#define FX_ALL_DIMS INT64_MIN
typedef struct fx_squeeze_args {
    fx_tensor *x;
    int64_t dim; /* FX_ALL_DIMS */
    fx_dims dims;
} fx_squeeze_args;
#define fx_unsqueeze(x, dim) fx_unsqueeze_at(x, dim, FX_HERE)
#define fx_squeeze(...)                                                                                      \
    fx_squeeze_at(FX_LITERAL(fx_squeeze_args){ .dim = FX_ALL_DIMS, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_unsqueeze_at(fx_tensor *x, int64_t dim, fx_where where);
FX_API fx_tensor *fx_squeeze_at(fx_squeeze_args args, fx_where where);

/* At least 1, 2 or 3 dimensions: n numbers as (n), (1, n), (1, n, 1); m x n as (m, n, 1). */
#define fx_atleast_1d(x) fx_atleast_1d_at(x, FX_HERE)
#define fx_atleast_2d(x) fx_atleast_2d_at(x, FX_HERE)
#define fx_atleast_3d(x) fx_atleast_3d_at(x, FX_HERE)
FX_API fx_tensor *fx_atleast_1d_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_atleast_2d_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_atleast_3d_at(fx_tensor *x, fx_where where);

/* A copy, row-major, with x's history; and the same only where x is not row-major (else x itself). */
#define fx_clone(x) fx_clone_at(x, FX_HERE)
#define fx_contiguous(x) fx_contiguous_at(x, FX_HERE)
FX_API fx_tensor *fx_clone_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_contiguous_at(fx_tensor *x, fx_where where);

/* Dimensions in another order: fx_permute(x, 1, 0, 2) names for each of the result which of x it is. fx_t: of
 * at most two; fx_mT: the last two of any number. fx_movedim(x, a, b) puts dim a in place b (lists by
 * fx_movedim_at). */
#define fx_permute(x, ...) fx_permute_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_transpose(x, dim0, dim1) fx_transpose_at(x, dim0, dim1, FX_HERE)
#define fx_t(x) fx_t_at(x, FX_HERE)
#define fx_mT(x) fx_mT_at(x, FX_HERE)
#define fx_movedim(x, source, destination) fx_movedim_at(x, FX_DIMS(source), FX_DIMS(destination), FX_HERE)
FX_API fx_tensor *fx_permute_at(fx_tensor *x, fx_dims dims, fx_where where);
FX_API fx_tensor *fx_transpose_at(fx_tensor *x, int64_t dim0, int64_t dim1, fx_where where);
FX_API fx_tensor *fx_t_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_mT_at(fx_tensor *x, fx_where where);
FX_API fx_tensor *fx_movedim_at(fx_tensor *x, fx_dims source, fx_dims destination, fx_where where);

/* x broadcast to sizes, of which -1 keeps what it is; the gradient is summed over what was broadcast. */
#define fx_expand(x, ...) fx_expand_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_broadcast_to(x, ...) fx_expand_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_expand_as(x, other) fx_expand_as_at(x, other, FX_HERE)
FX_API fx_tensor *fx_expand_at(fx_tensor *x, fx_dims sizes, fx_where where);
FX_API fx_tensor *fx_expand_as_at(fx_tensor *x, const fx_tensor *other, fx_where where);

/* Along dim the numbers start, start + step ... before stop, as Python slices: negative ones count from the
 * end, and what is too far is cut off. fx_slice(x, 0, 2) is all from 2 on. step > 0. */
typedef struct fx_slice_args {
    fx_tensor *x;
    int64_t dim, start, stop, step; /* 0, 0, all, 1 */
} fx_slice_args;
#define fx_slice(...)                                                                                        \
    fx_slice_at(FX_LITERAL(fx_slice_args){ .stop = INT64_MAX, .step = 1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_slice_at(fx_slice_args args, fx_where where);

/* The one at index along dim, without that dim; `length` from start on. FX_ERROR_INDEX if they are not there.
 */
#define fx_select(x, dim, index) fx_select_at(x, dim, index, FX_HERE)
#define fx_narrow(x, dim, start, length) fx_narrow_at(x, dim, start, length, FX_HERE)
FX_API fx_tensor *fx_select_at(fx_tensor *x, int64_t dim, int64_t index, fx_where where);
FX_API fx_tensor *fx_narrow_at(fx_tensor *x, int64_t dim, int64_t start, int64_t length, fx_where where);

/* The diagonal of dim1 and dim2, offset above it (below: negative), as the last dimension. And zeros with x,
 * its last dimension, on such a diagonal: there dim1 and dim2 are -2 and -1. */
typedef struct fx_diagonal_args {
    fx_tensor *x;
    int64_t offset, dim1, dim2; /* 0, 0, 1 */
} fx_diagonal_args;
#define fx_diagonal(...) fx_diagonal_at(FX_LITERAL(fx_diagonal_args){ .dim2 = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_diag_embed(...)                                                                                   \
    fx_diag_embed_at(FX_LITERAL(fx_diagonal_args){ .dim1 = -2, .dim2 = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diagonal_at(fx_diagonal_args args, fx_where where);
FX_API fx_tensor *fx_diag_embed_at(fx_diagonal_args args, fx_where where);

/* Windows of `size` numbers along dim, each step on from the one before; a window's numbers are the last
 * dimension. */
#define fx_unfold(x, dim, size, step) fx_unfold_at(x, dim, size, step, FX_HERE)
FX_API fx_tensor *fx_unfold_at(fx_tensor *x, int64_t dim, int64_t size, int64_t step, fx_where where);

/* Pieces of x along dim, into the caller's array of at least as many as there will be (room): how many there
 * are, 0 after a failure. They are views that may not be written in place. fx_tensor *piece[8]; int n =
 * fx_split(piece, 8, x, .sizes = FX_DIMS(2, 3), .dim = 1); split: one size for all, the last piece being what
 * is left, or the size of each; chunk: at most so many of one size; tensor_split: before each of the indices,
 * which ascend, or that many sections, the first of them one longer; unbind: each x[..., k, ...] for itself.
 * fx_split2(x, dim, &a, &b), fx_split3: equal parts. */
typedef struct fx_split_args {
    fx_tensor *x;
    fx_dims sizes;
    int64_t dim;
} fx_split_args;
typedef struct fx_chunk_args {
    fx_tensor *x;
    int64_t chunks, dim;
} fx_chunk_args;
typedef struct fx_tensor_split_args {
    fx_tensor *x;
    fx_dims indices;
    int64_t dim, sections;
} fx_tensor_split_args;
typedef struct fx_unbind_args {
    fx_tensor *x;
    int64_t dim;
} fx_unbind_args;
#define fx_split(outputs, room, ...)                                                                         \
    fx_split_at(outputs, room, FX_LITERAL(fx_split_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_chunk(outputs, room, ...)                                                                         \
    fx_chunk_at(outputs, room, FX_LITERAL(fx_chunk_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_tensor_split(outputs, room, ...)                                                                  \
    fx_tensor_split_at(outputs, room, FX_LITERAL(fx_tensor_split_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_unbind(outputs, room, ...)                                                                        \
    fx_unbind_at(outputs, room, FX_LITERAL(fx_unbind_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_split2(x, dim, a, b) fx_split2_at(x, dim, a, b, FX_HERE)
#define fx_split3(x, dim, a, b, c) fx_split3_at(x, dim, a, b, c, FX_HERE)
FX_API int fx_split_at(fx_tensor **outputs, int room, fx_split_args args, fx_where where);
FX_API int fx_chunk_at(fx_tensor **outputs, int room, fx_chunk_args args, fx_where where);
FX_API int fx_tensor_split_at(fx_tensor **outputs, int room, fx_tensor_split_args args, fx_where where);
FX_API int fx_unbind_at(fx_tensor **outputs, int room, fx_unbind_args args, fx_where where);
FX_API fx_status fx_split2_at(fx_tensor *x, int64_t dim, fx_tensor **a, fx_tensor **b, fx_where where);
FX_API fx_status fx_split3_at(fx_tensor *x, int64_t dim, fx_tensor **a, fx_tensor **b, fx_tensor **c,
                              fx_where where);

/* The tensors one after the other along dim: fx_cat(1, a, b, c); along a new one: fx_stack(0, a, b). dtypes
 * are promoted. hstack, vstack, dstack, column_stack: along dim 1 (of one dimension 0), 0, 2, 1, tensors of
 * too few dimensions being a row (vstack), (1, n, 1) or (m, n, 1) (dstack), a column (column_stack). */
#define fx_cat(dim, ...) fx_cat_at(FX_LIST(__VA_ARGS__), dim, FX_HERE)
#define fx_stack(dim, ...) fx_stack_at(FX_LIST(__VA_ARGS__), dim, FX_HERE)
#define fx_hstack(...) fx_hstack_at(FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_vstack(...) fx_vstack_at(FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_dstack(...) fx_dstack_at(FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_column_stack(...) fx_column_stack_at(FX_LIST(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_cat_at(fx_list tensors, int64_t dim, fx_where where);
FX_API fx_tensor *fx_stack_at(fx_list tensors, int64_t dim, fx_where where);
FX_API fx_tensor *fx_hstack_at(fx_list tensors, fx_where where);
FX_API fx_tensor *fx_vstack_at(fx_list tensors, fx_where where);
FX_API fx_tensor *fx_dstack_at(fx_list tensors, fx_where where);
FX_API fx_tensor *fx_column_stack_at(fx_list tensors, fx_where where);

/* Each tensor broadcast to what all broadcast to, into outputs, as many as there are tensors; false after a
 * failure. meshgrid: of tensors of one dimension, each along a dimension of its own. */
enum { FX_MESHGRID_IJ, FX_MESHGRID_XY };
typedef struct fx_meshgrid_args {
    fx_list tensors;
    int indexing; /* FX_MESHGRID_IJ; XY: the first two dimensions are exchanged */
} fx_meshgrid_args;
#define fx_broadcast_tensors(outputs, ...) fx_broadcast_tensors_at(outputs, FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_meshgrid(outputs, ...)                                                                            \
    fx_meshgrid_at(outputs, FX_LITERAL(fx_meshgrid_args){ .tensors = FX_LIST(__VA_ARGS__) }, FX_HERE)
FX_API bool fx_broadcast_tensors_at(fx_tensor **outputs, fx_list tensors, fx_where where);
FX_API bool fx_meshgrid_at(fx_tensor **outputs, fx_meshgrid_args args, fx_where where);

/* In place, returning x: x's numbers become those of source, which broadcasts to x; or one value, a number or
 * a 0-d tensor. x's history becomes source's. To write a part, write a view: fx_copy_(fx_select(x, 0, 1),
 * row). Refused, at the call, for a leaf that requires a gradient and its views, for pieces of a split, and
 * where numbers of x share memory. */
#define fx_copy_(x, source) fx_copy_at(x, source, FX_HERE)
#define fx_fill_(x, value) fx_fill_at(x, FX_OPERAND(value), FX_HERE)
#define fx_zero_(x) fx_zero_at(x, FX_HERE)
FX_API fx_tensor *fx_copy_at(fx_tensor *x, fx_tensor *source, fx_where where);
FX_API fx_tensor *fx_fill_at(fx_tensor *x, fx_operand value, fx_where where);
FX_API fx_tensor *fx_zero_at(fx_tensor *x, fx_where where);

/* A constant of x's dtype and sizes. */
#define fx_full_like(x, value) fx_full_like_at(x, value, FX_HERE)
#define fx_zeros_like(x) fx_full_like_at(x, 0, FX_HERE)
#define fx_ones_like(x) fx_full_like_at(x, 1, FX_HERE)
FX_API fx_tensor *fx_full_like_at(const fx_tensor *x, double value, fx_where where);

/* In each of dims from the last to the first: fx_flip(x, 0, 1). Shifted, what leaves at one end coming in at
 * the other: fx_roll(x, shift, dim); several, or all numbers row-major (no dims), by fx_roll_at. Turned k
 * quarters from dim0 to dim1. */
typedef struct fx_rot90_args {
    fx_tensor *x;
    int64_t k, dim0, dim1; /* 1, 0, 1 */
} fx_rot90_args;
#define fx_flip(x, ...) fx_flip_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_roll(x, shift, dim) fx_roll_at(x, FX_DIMS(shift), FX_DIMS(dim), FX_HERE)
#define fx_rot90(...) fx_rot90_at(FX_LITERAL(fx_rot90_args){ .k = 1, .dim1 = 1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_flip_at(fx_tensor *x, fx_dims dims, fx_where where);
FX_API fx_tensor *fx_roll_at(fx_tensor *x, fx_dims shifts, fx_dims dims, fx_where where);
FX_API fx_tensor *fx_rot90_at(fx_rot90_args args, fx_where where);

/* Matrices, the last two dims, with zeros above (below) a diagonal: fx_tril(x, .diagonal = 1). */
typedef struct fx_triangle_args {
    fx_tensor *x;
    int64_t diagonal;
} fx_triangle_args;
#define fx_tril(...) fx_tril_at(FX_LITERAL(fx_triangle_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_triu(...) fx_triu_at(FX_LITERAL(fx_triangle_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_tril_at(fx_triangle_args args, fx_where where);
FX_API fx_tensor *fx_triu_at(fx_triangle_args args, fx_where where);

/* Of a vector the matrix that has it on a diagonal, of a matrix that diagonal. */
typedef struct fx_diag_args {
    fx_tensor *x;
    int64_t diagonal;
} fx_diag_args;
#define fx_diag(...) fx_diag_at(FX_LITERAL(fx_diag_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diag_at(fx_diag_args args, fx_where where);

/* So many times along each dim: fx_repeat(x, 2, 1). More numbers than dims repeat along new ones, before the
 * others; fewer fx_tile alone allows: they count from the last dim. */
#define fx_repeat(x, ...) fx_repeat_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
#define fx_tile(x, ...) fx_tile_at(x, FX_DIMS(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_repeat_at(fx_tensor *x, fx_dims times, fx_where where);
FX_API fx_tensor *fx_tile_at(fx_tensor *x, fx_dims times, fx_where where);

/* Numbers before and after x along its last dim, then along the one before it ...: fx_pad(x, FX_DIMS(1, 1, 2,
 * 2)). They are `value`, or what x holds: mirrored at its edge, the edge itself, from the other end. A
 * negative number cuts off. */
enum { FX_PAD_CONSTANT, FX_PAD_REFLECT, FX_PAD_REPLICATE, FX_PAD_CIRCULAR };
typedef struct fx_pad_args {
    fx_tensor *x;
    fx_dims pad;
    int mode;
    double value;
} fx_pad_args;
#define fx_pad(x_, ...) fx_pad_at(FX_LITERAL(fx_pad_args){ .x = x_, .pad = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_pad_at(fx_pad_args args, fx_where where);

/* (end of shapes) */

/* ---- indexing ------------------------------------------------------------------------------------------ */

/* An index is an int64, int32 or uint8 tensor; negative numbers count from the end. One that is out of range
 * is FX_ERROR_INDEX, and the error says which. What goes to one place is added in the order of the index, the
 * same for any number of threads; where numbers are put, the last wins, and it alone has a gradient. */

/* Along dim, the rows that an index of one dimension names; of all numbers, row-major, those that an index of
 * any sizes names. */
#define fx_index_select(x, dim, index) fx_index_select_at(x, dim, index, FX_HERE)
#define fx_take(x, index) fx_take_at(x, index, FX_HERE)
FX_API fx_tensor *fx_index_select_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_where where);
FX_API fx_tensor *fx_take_at(fx_tensor *x, fx_tensor *index, fx_where where);

/* Each number along dim, or each of all, so many times: a number, or a tensor with one for each. */
typedef struct fx_repeat_interleave_args {
    fx_tensor *x;
    fx_operand repeats;
    int64_t dim; /* FX_ALL_DIMS: of all, row-major */
} fx_repeat_interleave_args;
#define fx_repeat_interleave(x, repeats, dim)                                                                \
    fx_repeat_interleave_at(FX_LITERAL(fx_repeat_interleave_args){ x, FX_OPERAND(repeats), dim }, FX_HERE)
FX_API fx_tensor *fx_repeat_interleave_at(fx_repeat_interleave_args args, fx_where where);

/* Classes (...), integers, as rows (..., num_classes), int64, of zeros and a one at the class. Without
 * num_classes (or with a negative one) it is one more than the largest class. FX_ERROR_INDEX: a class is not
 * 0 .. num_classes - 1. */
typedef struct fx_one_hot_args {
    fx_tensor *x;
    int64_t num_classes; /* -1 */
} fx_one_hot_args;
#define fx_one_hot(...)                                                                                      \
    fx_one_hot_at(FX_LITERAL(fx_one_hot_args){ .num_classes = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_one_hot_at(fx_one_hot_args args, fx_where where);

/* weight[index]: the rows of (v, ...) for an index of any sizes, (index..., ...). The row padding_idx has no
 * gradient. */
#define FX_NO_INDEX INT64_MIN
typedef struct fx_embedding_args {
    fx_tensor *weight, *index;
    int64_t padding_idx; /* FX_NO_INDEX */
} fx_embedding_args;
#define fx_embedding(...)                                                                                    \
    fx_embedding_at(FX_LITERAL(fx_embedding_args){ .padding_idx = FX_NO_INDEX, .weight = __VA_ARGS__ },      \
                    FX_HERE)
FX_API fx_tensor *fx_embedding_at(fx_embedding_args args, fx_where where);

/* x with rows along dim added (alpha times source's), replaced by source's, or set to a number or 0-d tensor;
 * source has x's sizes but for as many along dim as the index has. */
typedef struct fx_index_add_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *index, *source;
    double alpha; /* 1 */
} fx_index_add_args;
#define fx_index_add(...)                                                                                    \
    fx_index_add_at(FX_LITERAL(fx_index_add_args){ .alpha = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_index_copy(x, dim, index, source) fx_index_copy_at(x, dim, index, source, FX_HERE)
#define fx_index_fill(x, dim, index, value) fx_index_fill_at(x, dim, index, FX_OPERAND(value), FX_HERE)
FX_API fx_tensor *fx_index_add_at(fx_index_add_args args, fx_where where);
FX_API fx_tensor *fx_index_copy_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_tensor *source,
                                   fx_where where);
FX_API fx_tensor *fx_index_fill_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_operand value,
                                   fx_where where);

/* x with its numbers at an index, row-major, replaced by source's, or with them added. */
typedef struct fx_put_args {
    fx_tensor *x, *index, *source;
    bool accumulate;
} fx_put_args;
#define fx_put(...) fx_put_at(FX_LITERAL(fx_put_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_put_at(fx_put_args args, fx_where where);

/* Single numbers: the index, of x's number of dimensions, says where along dim, and its own place where in
 * the others: y[i][j] = x[index[i][j]][j] for dim 0. It may be shorter than x but along dim. take_along_dim
 * broadcasts both; without a dim it is of all numbers, row-major. */
typedef struct fx_take_along_dim_args {
    fx_tensor *x, *index;
    int64_t dim; /* FX_ALL_DIMS */
} fx_take_along_dim_args;
#define fx_gather(x, dim, index) fx_gather_at(x, dim, index, FX_HERE)
#define fx_take_along_dim(x, index, dim)                                                                     \
    fx_take_along_dim_at(FX_LITERAL(fx_take_along_dim_args){ x, index, dim }, FX_HERE)
FX_API fx_tensor *fx_gather_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_where where);
FX_API fx_tensor *fx_take_along_dim_at(fx_take_along_dim_args args, fx_where where);

/* x with numbers of source added, or put (source may be a number), where such an index says. */
#define fx_scatter_add(x, dim, index, source) fx_scatter_add_at(x, dim, index, source, FX_HERE)
#define fx_scatter(x, dim, index, source) fx_scatter_at(x, dim, index, FX_OPERAND(source), FX_HERE)
FX_API fx_tensor *fx_scatter_add_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_tensor *source,
                                    fx_where where);
FX_API fx_tensor *fx_scatter_at(fx_tensor *x, int64_t dim, fx_tensor *index, fx_operand source,
                                fx_where where);

/* (end of indexing) */

/* ---- masks --------------------------------------------------------------------------------------------- */

/* x with a value, a number or a 0-d tensor, where mask, of bool (or uint8), holds; x and mask broadcast. The
 * result has x's dtype. In place, the mask broadcasts to x. */
#define fx_masked_fill(x, mask, value) fx_masked_fill_at(x, mask, FX_OPERAND(value), FX_HERE)
#define fx_masked_fill_(x, mask, value) fx_masked_fill_in_place_at(x, mask, FX_OPERAND(value), FX_HERE)
FX_API fx_tensor *fx_masked_fill_at(fx_tensor *x, fx_tensor *mask, fx_operand value, fx_where where);
FX_API fx_tensor *fx_masked_fill_in_place_at(fx_tensor *x, fx_tensor *mask, fx_operand value, fx_where where);

/* The numbers of x where mask holds, row-major, in one dimension; x and mask broadcast. And x with source's
 * numbers, from its first on, row-major, where mask holds; source has as many at least. */
#define fx_masked_select(x, mask) fx_masked_select_at(x, mask, FX_HERE)
#define fx_masked_scatter(x, mask, source) fx_masked_scatter_at(x, mask, source, FX_HERE)
FX_API fx_tensor *fx_masked_select_at(fx_tensor *x, fx_tensor *mask, fx_where where);
FX_API fx_tensor *fx_masked_scatter_at(fx_tensor *x, fx_tensor *mask, fx_tensor *source, fx_where where);

/* Where the numbers of x are not 0: their coordinates, int64, (how many, dims of x), row-major. No gradient.
 */
#define fx_nonzero(x) fx_nonzero_at(x, FX_HERE)
FX_API fx_tensor *fx_nonzero_at(fx_tensor *x, fx_where where);

/* x in another dtype; x itself if it has it. Reals become integers by truncation; anything but 0 is true. The
 * gradient comes back in x's dtype. */
#define fx_to(x, dtype) fx_to_at(x, dtype, FX_HERE)
FX_API fx_tensor *fx_to_at(fx_tensor *x, fx_dtype dtype, fx_where where);

/* (end of masks) */

/* ---- derivatives --------------------------------------------------------------------------------------- */

/* Gradients under a batch of seeds, each as if it were alone: seeds have a first dimension more than their
 * outputs, and so have the results over the inputs. The rows of a Jacobian are those of an identity:
 *
 *     fx_gradients_batched(&jacobian, .output = y, .input = x, .seed = identity);
 *
 * Arguments as of fx_gradients(); results[i] is NULL where an input is not used and .allow_unused is set.
 * With .create_graph the results have a history, in the seeds as well. FX_ERROR_SHAPE: a seed is no batch of
 * its output. */
#define fx_gradients_batched(results, ...)                                                                   \
    fx_gradients_batched_at(results, FX_LITERAL(fx_gradient_args){ __VA_ARGS__ }, FX_HERE)
FX_API fx_status fx_gradients_batched_at(fx_tensor **results, fx_gradient_args args, fx_where where);

/* (end of derivatives) */
/* ---- normalisation ------------------------------------------------------------------------------------- */

/* y = (x - mean) / sqrt(variance + eps) * weight + bias, mean and (biased) variance over the last dimensions,
 * of the sizes normalized_shape, which weight and bias have as well (NULL: ones, zeros). rms_norm divides by
 * the root of the mean square instead and has no bias. Ba, Kiros, Hinton, "Layer normalization", 2016; Zhang,
 * Sennrich, "Root mean square layer normalization", 2019. fx_layer_norm(x, FX_DIMS(64), .weight = w, .bias =
 * b) */
typedef struct fx_layer_norm_args {
    fx_tensor *x;
    fx_dims normalized_shape;
    fx_tensor *weight, *bias;
    double eps; /* 1e-5 */
} fx_layer_norm_args;
#define fx_layer_norm(x, ...)                                                                                \
    fx_layer_norm_at(FX_LITERAL(fx_layer_norm_args){ x, .eps = 1e-5, .normalized_shape = __VA_ARGS__ },      \
                     FX_HERE)
FX_API fx_tensor *fx_layer_norm_at(fx_layer_norm_args args, fx_where where);

typedef struct fx_rms_norm_args {
    fx_tensor *x;
    fx_dims normalized_shape;
    fx_tensor *weight;
    double eps; /* -1: the dtype's epsilon */
} fx_rms_norm_args;
#define fx_rms_norm(x, ...)                                                                                  \
    fx_rms_norm_at(FX_LITERAL(fx_rms_norm_args){ x, .eps = -1, .normalized_shape = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_rms_norm_at(fx_rms_norm_args args, fx_where where);

/* layer_norm, and what it used: mean and rstd = 1 / sqrt(variance + eps), in x's sizes with 1 for each
 * normalised dimension. They have no gradient. */
typedef struct fx_native_layer_norm_args {
    fx_tensor *x;
    fx_dims normalized_shape;
    fx_tensor *weight, *bias;
    double eps; /* 1e-5 */
    fx_tensor **mean, **rstd;
} fx_native_layer_norm_args;
#define fx_native_layer_norm(x, ...)                                                                         \
    fx_native_layer_norm_at(                                                                                 \
        FX_LITERAL(fx_native_layer_norm_args){ x, .eps = 1e-5, .normalized_shape = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_native_layer_norm_at(fx_native_layer_norm_args args, fx_where where);

/* The same of x (N, C, ...), mean and variance over groups of C / num_groups channels of each x[n]; weight
 * and bias (C). Wu, He, "Group normalization", 2018. */
typedef struct fx_group_norm_args {
    fx_tensor *x;
    int64_t num_groups;
    fx_tensor *weight, *bias;
    double eps; /* 1e-5 */
} fx_group_norm_args;
#define fx_group_norm(x, ...)                                                                                \
    fx_group_norm_at(FX_LITERAL(fx_group_norm_args){ x, .eps = 1e-5, .num_groups = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_group_norm_at(fx_group_norm_args args, fx_where where);

/* The same over channels: of the whole batch, or of each instance x[n]. x is (N, C, ...), all else (C).
 * In training (use_input_stats) mean and variance are x's own, and running_mean and running_var, where given,
 * are moved: (1 - momentum) running + momentum new, the new variance being the unbiased one; otherwise they
 * stand for x's own. They have no gradient. Training with one number a channel is an error. Ioffe, Szegedy,
 * "Batch normalization", 2015. */
typedef struct fx_batch_norm_args {
    fx_tensor *x, *running_mean, *running_var, *weight, *bias;
    bool training;
    double momentum, eps; /* 0.1, 1e-5 */
} fx_batch_norm_args;
#define fx_batch_norm(...)                                                                                   \
    fx_batch_norm_at(FX_LITERAL(fx_batch_norm_args){ .momentum = 0.1, .eps = 1e-5, .x = __VA_ARGS__ },       \
                     FX_HERE)
FX_API fx_tensor *fx_batch_norm_at(fx_batch_norm_args args, fx_where where);

/* batch_norm, and the batch's mean and 1 / sqrt(variance + eps); those are empty without training. */
typedef struct fx_native_batch_norm_args {
    fx_tensor *x, *weight, *bias, *running_mean, *running_var;
    bool training;
    double momentum, eps; /* 0.1, 1e-5 */
    fx_tensor **mean, **rstd;
} fx_native_batch_norm_args;
#define fx_native_batch_norm(...)                                                                            \
    fx_native_batch_norm_at(                                                                                 \
        FX_LITERAL(fx_native_batch_norm_args){ .momentum = 0.1, .eps = 1e-5, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_native_batch_norm_at(fx_native_batch_norm_args args, fx_where where);

typedef struct fx_instance_norm_args {
    fx_tensor *x, *running_mean, *running_var, *weight, *bias;
    bool use_input_stats; /* true */
    double momentum, eps; /* 0.1, 1e-5 */
} fx_instance_norm_args;
#define fx_instance_norm(...)                                                                                \
    fx_instance_norm_at(                                                                                     \
        FX_LITERAL(fx_instance_norm_args){                                                                   \
            .use_input_stats = true, .momentum = 0.1, .eps = 1e-5, .x = __VA_ARGS__ },                       \
        FX_HERE)
FX_API fx_tensor *fx_instance_norm_at(fx_instance_norm_args args, fx_where where);

/* x over its p-norm along dims, or over eps where that is more. */
typedef struct fx_normalize_args {
    fx_tensor *x;
    double p;     /* 2 */
    fx_dims dims; /* 1 */
    double eps;   /* 1e-12 */
} fx_normalize_args;
#define fx_normalize(...)                                                                                    \
    fx_normalize_at(                                                                                         \
        FX_LITERAL(fx_normalize_args){ .p = 2, .dims = FX_DIMS(1), .eps = 1e-12, .x = __VA_ARGS__ },         \
        FX_HERE)
FX_API fx_tensor *fx_normalize_at(fx_normalize_args args, fx_where where);

/* y[n, c] = x[n, c] / (k + alpha / size * the sum of x^2 over size channels around c)^beta, x (N, C, L ...).
 * Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012. */
typedef struct fx_local_response_norm_args {
    fx_tensor *x;
    int64_t size;
    double alpha, beta, k; /* 1e-4, 0.75, 1 */
} fx_local_response_norm_args;
#define fx_local_response_norm(...)                                                                          \
    fx_local_response_norm_at(                                                                               \
        FX_LITERAL(fx_local_response_norm_args){ .alpha = 1e-4, .beta = 0.75, .k = 1, .x = __VA_ARGS__ },    \
        FX_HERE)
FX_API fx_tensor *fx_local_response_norm_at(fx_local_response_norm_args args, fx_where where);

/* (end of normalisation) */

/* ---- convolution, pooling, interpolation --------------------------------------------------------------- */

/* Here x is (N, C, ...) or (C, ...), with as many dimensions of space as the name says. An option that has a
 * number for each of them is given as one number for all, or, by its plural, as a list: .stride = 2, .strides
 * = FX_DIMS(2, 1). */

/* y[n, o, q] = bias[o] + the sum over c, t of x[n, c, q stride + t dilation - padding] weight[o, c, t];
 * weight (O, C / groups, kernel ...), bias (O) or NULL. same: padding that keeps x's sizes (stride 1; an odd
 * number more at the end). fx_conv2d(x, w, b, .stride = 2, .padding = 1) */
typedef struct fx_conv_args {
    fx_tensor *x, *weight, *bias;
    int64_t stride, padding, dilation, groups; /* 1, 0, 1, 1 */
    bool same;
    fx_dims strides, paddings, dilations;
} fx_conv_args;
#define FX__CONV(...) (FX_LITERAL(fx_conv_args){ .x = __VA_ARGS__ })
#define fx_conv1d(...) fx_conv1d_at(FX__CONV(__VA_ARGS__), FX_HERE)
#define fx_conv2d(...) fx_conv2d_at(FX__CONV(__VA_ARGS__), FX_HERE)
#define fx_conv3d(...) fx_conv3d_at(FX__CONV(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_conv1d_at(fx_conv_args args, fx_where where);
FX_API fx_tensor *fx_conv2d_at(fx_conv_args args, fx_where where);
FX_API fx_tensor *fx_conv3d_at(fx_conv_args args, fx_where where);

/* The transposed convolution: y[n, c, q stride + t dilation - padding] = bias[c] + the sum over o of x[n, o,
 * q] weight[o, c, t]; weight (C of x, C of y / groups, kernel ...). output_padding (less than stride or
 * dilation) makes y longer at its end. */
typedef struct fx_conv_transpose_args {
    fx_tensor *x, *weight, *bias;
    int64_t stride, padding, output_padding, groups, dilation; /* 1, 0, 0, 1, 1 */
    fx_dims strides, paddings, output_paddings, dilations;
} fx_conv_transpose_args;
#define FX__CONV_TRANSPOSE(...) (FX_LITERAL(fx_conv_transpose_args){ .x = __VA_ARGS__ })
#define fx_conv_transpose1d(...) fx_conv_transpose1d_at(FX__CONV_TRANSPOSE(__VA_ARGS__), FX_HERE)
#define fx_conv_transpose2d(...) fx_conv_transpose2d_at(FX__CONV_TRANSPOSE(__VA_ARGS__), FX_HERE)
#define fx_conv_transpose3d(...) fx_conv_transpose3d_at(FX__CONV_TRANSPOSE(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_conv_transpose1d_at(fx_conv_transpose_args args, fx_where where);
FX_API fx_tensor *fx_conv_transpose2d_at(fx_conv_transpose_args args, fx_where where);
FX_API fx_tensor *fx_conv_transpose3d_at(fx_conv_transpose_args args, fx_where where);

/* The largest number of each window; .indices = &i also gives their places (int64) in the plane of x. Nothing
 * outside x counts. The stride is the kernel's size unless given; a padding is at most half of that.
 * ceil_mode keeps a last window that reaches beyond the end, if it begins inside. fx_max_pool2d(x, 2) */
typedef struct fx_max_pool_args {
    fx_tensor *x;
    int64_t kernel_size, stride, padding, dilation; /* stride: kernel_size; 0, 1 */
    bool ceil_mode;
    fx_tensor **indices;
    fx_dims kernel_sizes, strides, paddings, dilations;
} fx_max_pool_args;
#define FX__MAX_POOL(...) (FX_LITERAL(fx_max_pool_args){ .x = __VA_ARGS__ })
#define fx_max_pool1d(...) fx_max_pool1d_at(FX__MAX_POOL(__VA_ARGS__), FX_HERE)
#define fx_max_pool2d(...) fx_max_pool2d_at(FX__MAX_POOL(__VA_ARGS__), FX_HERE)
#define fx_max_pool3d(...) fx_max_pool3d_at(FX__MAX_POOL(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_max_pool1d_at(fx_max_pool_args args, fx_where where);
FX_API fx_tensor *fx_max_pool2d_at(fx_max_pool_args args, fx_where where);
FX_API fx_tensor *fx_max_pool3d_at(fx_max_pool_args args, fx_where where);

/* The way back: x's numbers at their indices in planes of zeros. output_size: the sizes of y, or of its
 * space; otherwise the least that pool to x's. An index outside a plane is an error. */
typedef struct fx_max_unpool_args {
    fx_tensor *x, *indices;
    int64_t kernel_size, stride, padding; /* stride: kernel_size; 0 */
    fx_dims output_size;
    fx_dims kernel_sizes, strides, paddings;
} fx_max_unpool_args;
#define FX__MAX_UNPOOL(...) (FX_LITERAL(fx_max_unpool_args){ .x = __VA_ARGS__ })
#define fx_max_unpool1d(...) fx_max_unpool1d_at(FX__MAX_UNPOOL(__VA_ARGS__), FX_HERE)
#define fx_max_unpool2d(...) fx_max_unpool2d_at(FX__MAX_UNPOOL(__VA_ARGS__), FX_HERE)
#define fx_max_unpool3d(...) fx_max_unpool3d_at(FX__MAX_UNPOOL(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_max_unpool1d_at(fx_max_unpool_args args, fx_where where);
FX_API fx_tensor *fx_max_unpool2d_at(fx_max_unpool_args args, fx_where where);
FX_API fx_tensor *fx_max_unpool3d_at(fx_max_unpool_args args, fx_where where);

/* The mean of each window; zeros outside x count unless count_include_pad is false; divisor_override (if not
 * 0) divides instead of how many there are. */
typedef struct fx_avg_pool_args {
    fx_tensor *x;
    int64_t kernel_size, stride, padding; /* stride: kernel_size; 0 */
    bool ceil_mode, count_include_pad;    /* count_include_pad: true */
    int64_t divisor_override;
    fx_dims kernel_sizes, strides, paddings;
} fx_avg_pool_args;
#define FX__AVG_POOL(...) (FX_LITERAL(fx_avg_pool_args){ .count_include_pad = true, .x = __VA_ARGS__ })
#define fx_avg_pool1d(...) fx_avg_pool1d_at(FX__AVG_POOL(__VA_ARGS__), FX_HERE)
#define fx_avg_pool2d(...) fx_avg_pool2d_at(FX__AVG_POOL(__VA_ARGS__), FX_HERE)
#define fx_avg_pool3d(...) fx_avg_pool3d_at(FX__AVG_POOL(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_avg_pool1d_at(fx_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_avg_pool2d_at(fx_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_avg_pool3d_at(fx_avg_pool_args args, fx_where where);

/* Pools whose windows follow from the size wanted: of x[floor(q in / out)] to x[ceil((q + 1) in / out) - 1].
 * A size of -1 keeps x's. */
typedef struct fx_adaptive_avg_pool_args {
    fx_tensor *x;
    int64_t output_size;
    fx_dims output_sizes;
} fx_adaptive_avg_pool_args;
typedef struct fx_adaptive_max_pool_args {
    fx_tensor *x;
    int64_t output_size;
    fx_tensor **indices;
    fx_dims output_sizes;
} fx_adaptive_max_pool_args;
#define FX__ADAPTIVE_AVG(...) (FX_LITERAL(fx_adaptive_avg_pool_args){ .x = __VA_ARGS__ })
#define FX__ADAPTIVE_MAX(...) (FX_LITERAL(fx_adaptive_max_pool_args){ .x = __VA_ARGS__ })
#define fx_adaptive_avg_pool1d(...) fx_adaptive_avg_pool1d_at(FX__ADAPTIVE_AVG(__VA_ARGS__), FX_HERE)
#define fx_adaptive_avg_pool2d(...) fx_adaptive_avg_pool2d_at(FX__ADAPTIVE_AVG(__VA_ARGS__), FX_HERE)
#define fx_adaptive_avg_pool3d(...) fx_adaptive_avg_pool3d_at(FX__ADAPTIVE_AVG(__VA_ARGS__), FX_HERE)
#define fx_adaptive_max_pool1d(...) fx_adaptive_max_pool1d_at(FX__ADAPTIVE_MAX(__VA_ARGS__), FX_HERE)
#define fx_adaptive_max_pool2d(...) fx_adaptive_max_pool2d_at(FX__ADAPTIVE_MAX(__VA_ARGS__), FX_HERE)
#define fx_adaptive_max_pool3d(...) fx_adaptive_max_pool3d_at(FX__ADAPTIVE_MAX(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_adaptive_avg_pool1d_at(fx_adaptive_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_avg_pool2d_at(fx_adaptive_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_avg_pool3d_at(fx_adaptive_avg_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_max_pool1d_at(fx_adaptive_max_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_max_pool2d_at(fx_adaptive_max_pool_args args, fx_where where);
FX_API fx_tensor *fx_adaptive_max_pool3d_at(fx_adaptive_max_pool_args args, fx_where where);

/* (the sum over each window of x^p)^(1 / p), p = norm_type. */
typedef struct fx_lp_pool_args {
    fx_tensor *x;
    double norm_type;
    int64_t kernel_size, stride; /* stride: kernel_size */
    bool ceil_mode;
    fx_dims kernel_sizes, strides;
} fx_lp_pool_args;
#define FX__LP_POOL(...) (FX_LITERAL(fx_lp_pool_args){ .x = __VA_ARGS__ })
#define fx_lp_pool1d(...) fx_lp_pool1d_at(FX__LP_POOL(__VA_ARGS__), FX_HERE)
#define fx_lp_pool2d(...) fx_lp_pool2d_at(FX__LP_POOL(__VA_ARGS__), FX_HERE)
#define fx_lp_pool3d(...) fx_lp_pool3d_at(FX__LP_POOL(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_lp_pool1d_at(fx_lp_pool_args args, fx_where where);
FX_API fx_tensor *fx_lp_pool2d_at(fx_lp_pool_args args, fx_where where);
FX_API fx_tensor *fx_lp_pool3d_at(fx_lp_pool_args args, fx_where where);

/* x (N, C, ...) in other sizes, given as .size (one number or one for each) or as .scale_factor. Numbers of y
 * lie at (q + 1/2) in / out - 1/2 of x; align_corners: at q (in - 1) / (out - 1). A scale_factor stands for
 * out / in in that, unless recompute_scale_factor. The mode says how many dimensions of space there are:
 * linear 1, bilinear and bicubic 2, trilinear 3; nearest and area (means of windows, as adaptive_avg_pool)
 * any. */
typedef enum fx_interpolation {
    FX_INTERPOLATE_NEAREST,
    FX_INTERPOLATE_LINEAR,
    FX_INTERPOLATE_BILINEAR,
    FX_INTERPOLATE_BICUBIC,
    FX_INTERPOLATE_TRILINEAR,
    FX_INTERPOLATE_AREA,
    FX_INTERPOLATE_NEAREST_EXACT
} fx_interpolation;
typedef struct fx_interpolate_args {
    fx_tensor *x;
    fx_dims size;
    double scale_factor;
    int mode; /* fx_interpolation */
    bool align_corners, recompute_scale_factor;
} fx_interpolate_args;
#define fx_interpolate(...) fx_interpolate_at(FX_LITERAL(fx_interpolate_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_interpolate_at(fx_interpolate_args args, fx_where where);

/* interpolate, nearest; bilinear with corners aligned. */
typedef struct fx_upsample_args {
    fx_tensor *x;
    fx_dims size;
    double scale_factor;
} fx_upsample_args;
#define fx_upsample_nearest(...)                                                                             \
    fx_upsample_nearest_at(FX_LITERAL(fx_upsample_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_upsample_bilinear(...)                                                                            \
    fx_upsample_bilinear_at(FX_LITERAL(fx_upsample_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_upsample_nearest_at(fx_upsample_args args, fx_where where);
FX_API fx_tensor *fx_upsample_bilinear_at(fx_upsample_args args, fx_where where);

/* x at the places of a grid: y[n, c, o] = x[n, c] at grid[n, o], x (N, C, H, W), grid (N, H', W', 2) with (x,
 * y) in it, or x (N, C, D, H, W), grid (N, D', H', W', 3). -1 and 1 are the outer edges of x, or,
 * align_corners, the middles of its outermost numbers. Outside x there are zeros, the number at the border,
 * or x mirrored. Jaderberg et al., "Spatial transformer networks", 2015. */
typedef enum fx_grid_mode { FX_GRID_BILINEAR, FX_GRID_NEAREST, FX_GRID_BICUBIC } fx_grid_mode;
typedef enum fx_grid_padding { FX_GRID_ZEROS, FX_GRID_BORDER, FX_GRID_REFLECTION } fx_grid_padding;
typedef struct fx_grid_sample_args {
    fx_tensor *x, *grid;
    int mode, padding_mode; /* fx_grid_mode, fx_grid_padding */
    bool align_corners;
} fx_grid_sample_args;
#define fx_grid_sample(...) fx_grid_sample_at(FX_LITERAL(fx_grid_sample_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_grid_sample_at(fx_grid_sample_args args, fx_where where);

/* The grid of an affine map: theta (N, 2, 3) or (N, 3, 4) times the places (x, y, 1) of an output of `size`,
 * (N, C, H, W) or (N, C, D, H, W). */
typedef struct fx_affine_grid_args {
    fx_tensor *theta;
    fx_dims size;
    bool align_corners;
} fx_affine_grid_args;
#define fx_affine_grid(...)                                                                                  \
    fx_affine_grid_at(FX_LITERAL(fx_affine_grid_args){ .theta = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_affine_grid_at(fx_affine_grid_args args, fx_where where);

/* The columns that a convolution is a product with: y (N, C x kernel, places) of x (N, C, H, W); and their
 * adjoint, images of output_size as sums of columns. (PyTorch's unfold and fold.) */
typedef struct fx_im2col_args {
    fx_tensor *x;
    int64_t kernel_size, dilation, padding, stride; /* dilation and stride: 1 */
    fx_dims kernel_sizes, dilations, paddings, strides;
} fx_im2col_args;
typedef struct fx_col2im_args {
    fx_tensor *x;
    fx_dims output_size;
    int64_t kernel_size, dilation, padding, stride;
    fx_dims kernel_sizes, dilations, paddings, strides;
} fx_col2im_args;
#define fx_im2col(...) fx_im2col_at(FX_LITERAL(fx_im2col_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_col2im(...) fx_col2im_at(FX_LITERAL(fx_col2im_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_im2col_at(fx_im2col_args args, fx_where where);
FX_API fx_tensor *fx_col2im_at(fx_col2im_args args, fx_where where);

/* x (..., C r^2, H, W) as (..., C, H r, W r), and back. Shi et al., "Real-time single image and video
 * super-resolution", 2016. */
#define fx_pixel_shuffle(x, upscale_factor) fx_pixel_shuffle_at(x, upscale_factor, FX_HERE)
#define fx_pixel_unshuffle(x, downscale_factor) fx_pixel_unshuffle_at(x, downscale_factor, FX_HERE)
FX_API fx_tensor *fx_pixel_shuffle_at(fx_tensor *x, int64_t upscale_factor, fx_where where);
FX_API fx_tensor *fx_pixel_unshuffle_at(fx_tensor *x, int64_t downscale_factor, fx_where where);

/* (end of convolution, pooling, interpolation) */

/* ---- attention, gated units, bags ---------------------------------------------------------------------- */

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

/* (end of attention, gated units, bags) */
/* ---- order --------------------------------------------------------------------------------------------- */

/* x in ascending order along dim, the last one if none is named, and into *indices, if given, where each
 * number was, int64. Always stable. NaN is larger than any number, -0 equals 0. argsort: where they were
 * alone; msort: along dimension 0. */
typedef struct fx_sort_args {
    fx_tensor *x;
    int64_t dim; /* -1 */
    bool descending, stable;
    fx_tensor **indices;
} fx_sort_args;
typedef fx_sort_args fx_argsort_args;
#define fx_sort(...) fx_sort_at(FX_LITERAL(fx_sort_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_argsort(...) fx_argsort_at(FX_LITERAL(fx_argsort_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_msort(x) fx_msort_at(x, FX_HERE)
FX_API fx_tensor *fx_sort_at(fx_sort_args args, fx_where where);
FX_API fx_tensor *fx_argsort_at(fx_argsort_args args, fx_where where);
FX_API fx_tensor *fx_msort_at(fx_tensor *x, fx_where where);

/* The k largest along dim, in descending order, or the k smallest in ascending; and the k-th, counted from 1,
 * in ascending order. Of ties the first come first. FX_ERROR_INDEX if there are not so many. */
typedef struct fx_topk_args {
    fx_tensor *x;
    int64_t k, dim; /* dim: -1 */
    bool smallest;
    fx_tensor **indices;
} fx_topk_args;
typedef struct fx_kthvalue_args {
    fx_tensor *x;
    int64_t k, dim; /* dim: -1 */
    bool keepdim;
    fx_tensor **indices;
} fx_kthvalue_args;
#define fx_topk(x_, ...) fx_topk_at(FX_LITERAL(fx_topk_args){ .dim = -1, .x = x_, .k = __VA_ARGS__ }, FX_HERE)
#define fx_kthvalue(x_, ...)                                                                                 \
    fx_kthvalue_at(FX_LITERAL(fx_kthvalue_args){ .dim = -1, .x = x_, .k = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_topk_at(fx_topk_args args, fx_where where);
FX_API fx_tensor *fx_kthvalue_at(fx_kthvalue_args args, fx_where where);

/* fx_median(x): the lower median of all numbers, the gradient being shared evenly among those equal to it;
 * fx_median(x, .dims = FX_DIMS(1), .indices = &where): along a dimension, to whose index the gradient goes.
 * NaN if there is one, or nothing at all; nanmedian: of what is not NaN. */
FX__REDUCTION(median, fx_tensor **indices;)
#define fx_median(...) fx_median_at(FX_LITERAL(fx_median_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_nanmedian(...) fx_nanmedian_at(FX_LITERAL(fx_median_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_nanmedian_at(fx_median_args args, fx_where where);

/* What stands most often along dim, the least of several such; its index is the last place where it stands.
 */
typedef struct fx_mode_args {
    fx_tensor *x;
    int64_t dim; /* -1 */
    bool keepdim;
    fx_tensor **indices;
} fx_mode_args;
#define fx_mode(...) fx_mode_at(FX_LITERAL(fx_mode_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_mode_at(fx_mode_args args, fx_where where);

/* What lies at the rank q (n - 1) of n numbers in order, along dim or of all; between two numbers by
 * interpolation. q, in [0, 1], is a number or a tensor of one dimension, which becomes the first of the
 * result. nanquantile passes NaN by. */
typedef struct fx_quantile_args {
    fx_tensor *x;
    fx_operand q;
    int64_t dim; /* FX_ALL_DIMS */
    bool keepdim;
    int interpolation; /* 0 linear, 1 lower, 2 higher, 3 midpoint, 4 nearest */
} fx_quantile_args;
#define fx_quantile(x_, q_, ...)                                                                             \
    fx_quantile_at(FX_LITERAL(fx_quantile_args){ .x = x_, .q = FX_OPERAND(q_), .dim = __VA_ARGS__ }, FX_HERE)
#define fx_nanquantile(x_, q_, ...)                                                                          \
    fx_nanquantile_at(FX_LITERAL(fx_quantile_args){ .x = x_, .q = FX_OPERAND(q_), .dim = __VA_ARGS__ },      \
                      FX_HERE)
FX_API fx_tensor *fx_quantile_at(fx_quantile_args args, fx_where where);
FX_API fx_tensor *fx_nanquantile_at(fx_quantile_args args, fx_where where);

/* (end of order) */

/* ---- masked -------------------------------------------------------------------------------------------- */

/* Reductions and scans of the numbers where mask, of bool, holds, which broadcasts to x; NULL: of all. Where
 * it holds for none, sum is 0, prod 1, amax -inf, amin inf, norm 0, logsumexp -inf, mean, var, std, median
 * NaN. */
typedef struct fx_masked_args {
    fx_tensor *x, *mask;
    fx_dims dims;
    bool keepdim;
    double ord;        /* norm: 2 */
    double correction; /* var, std: 1 */
} fx_masked_args;
#define FX__MASKED(...) (FX_LITERAL(fx_masked_args){ .ord = 2, .correction = 1, .x = __VA_ARGS__ })
#define fx_masked_sum(...) fx_masked_sum_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_prod(...) fx_masked_prod_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_mean(...) fx_masked_mean_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_amax(...) fx_masked_amax_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_amin(...) fx_masked_amin_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_var(...) fx_masked_var_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_std(...) fx_masked_std_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_norm(...) fx_masked_norm_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_logsumexp(...) fx_masked_logsumexp_at(FX__MASKED(__VA_ARGS__), FX_HERE)
#define fx_masked_median(...) fx_masked_median_at(FX__MASKED(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_masked_sum_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_prod_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_mean_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_amax_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_amin_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_var_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_std_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_norm_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_logsumexp_at(fx_masked_args args, fx_where where);
FX_API fx_tensor *fx_masked_median_at(fx_masked_args args, fx_where where);

/* Along one dimension, in x's shape: where the mask does not hold softmax and softmin are 0, log_softmax is
 * -inf, and the scans go on with what was before. logaddexp has a mask for each. */
typedef struct fx_masked_scan_args {
    fx_tensor *x;
    int64_t dim;
    fx_tensor *mask;
} fx_masked_scan_args;
#define FX__MASKED_SCAN(x_, ...) (FX_LITERAL(fx_masked_scan_args){ .x = x_, .dim = __VA_ARGS__ })
#define fx_masked_softmax(x, ...) fx_masked_softmax_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
#define fx_masked_softmin(x, ...) fx_masked_softmin_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
#define fx_masked_log_softmax(x, ...) fx_masked_log_softmax_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
#define fx_masked_cumsum(x, ...) fx_masked_cumsum_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
#define fx_masked_cumprod(x, ...) fx_masked_cumprod_at(FX__MASKED_SCAN(x, __VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_masked_softmax_at(fx_masked_scan_args args, fx_where where);
FX_API fx_tensor *fx_masked_softmin_at(fx_masked_scan_args args, fx_where where);
FX_API fx_tensor *fx_masked_log_softmax_at(fx_masked_scan_args args, fx_where where);
FX_API fx_tensor *fx_masked_cumsum_at(fx_masked_scan_args args, fx_where where);
FX_API fx_tensor *fx_masked_cumprod_at(fx_masked_scan_args args, fx_where where);
typedef struct fx_masked_logaddexp_args {
    fx_tensor *x, *other, *input_mask, *other_mask;
} fx_masked_logaddexp_args;
#define fx_masked_logaddexp(...)                                                                             \
    fx_masked_logaddexp_at(FX_LITERAL(fx_masked_logaddexp_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_masked_logaddexp_at(fx_masked_logaddexp_args args, fx_where where);

/* (end of masked) */

/* ---- differences, distances ---------------------------------------------------------------------------- */

/* The n-th differences of neighbours along dim, of prepend, x and append joined; as many fewer numbers, none
 * if there are not so many. n = 0: x. */
typedef struct fx_diff_args {
    fx_tensor *x;
    int64_t n, dim; /* 1, -1 */
    fx_tensor *prepend, *append;
} fx_diff_args;
#define fx_diff(...) fx_diff_at(FX_LITERAL(fx_diff_args){ .n = 1, .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diff_at(fx_diff_args args, fx_where where);

/* The integral of y along dim by the trapezoidal rule, at the places x (of y's sizes, or one for each number
 * along dim), or dx apart; and the integrals up to each place but the first. */
typedef struct fx_trapezoid_args {
    fx_tensor *y, *x;
    double dx;   /* 1 */
    int64_t dim; /* -1 */
} fx_trapezoid_args;
#define fx_trapezoid(...)                                                                                    \
    fx_trapezoid_at(FX_LITERAL(fx_trapezoid_args){ .dx = 1, .dim = -1, .y = __VA_ARGS__ }, FX_HERE)
#define fx_cumulative_trapezoid(...)                                                                         \
    fx_cumulative_trapezoid_at(FX_LITERAL(fx_trapezoid_args){ .dx = 1, .dim = -1, .y = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_trapezoid_at(fx_trapezoid_args args, fx_where where);
FX_API fx_tensor *fx_cumulative_trapezoid_at(fx_trapezoid_args args, fx_where where);

/* Slopes of a sampled function x along each of dims (all, if none are given), into outputs: how many, 0 after
 * a failure. By three neighbours inside, exact for parabolas; at the edges by two (edge_order 1) or three
 * (2). Samples are `spacing` apart or lie at coordinates, one tensor of one dimension for each dim, which
 * have no gradient. (PyTorch: gradient.) */
typedef struct fx_gradient_of_args {
    fx_tensor *x;
    fx_dims dims;
    fx_list coordinates;
    double spacing;     /* 1 */
    int64_t edge_order; /* 1 */
} fx_gradient_of_args;
#define fx_gradient_of(outputs, ...)                                                                         \
    fx_gradient_of_at(outputs,                                                                               \
                      FX_LITERAL(fx_gradient_of_args){ .spacing = 1, .edge_order = 1, .x = __VA_ARGS__ },    \
                      FX_HERE)
FX_API int fx_gradient_of_at(fx_tensor **outputs, fx_gradient_of_args args, fx_where where);

/* Covariances of variables, the rows of x, of observations, its columns, each counted fweights (integers)
 * times and with the weight aweights, over their number less correction; and those over the roots of both
 * variances. One variable, x of one dimension, gives a 0-d tensor. */
typedef struct fx_cov_args {
    fx_tensor *x;
    int64_t correction; /* 1 */
    fx_tensor *fweights, *aweights;
} fx_cov_args;
#define fx_cov(...) fx_cov_at(FX_LITERAL(fx_cov_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_corrcoef(x) fx_corrcoef_at(x, FX_HERE)
FX_API fx_tensor *fx_cov_at(fx_cov_args args, fx_where where);
FX_API fx_tensor *fx_corrcoef_at(fx_tensor *x, fx_where where);

/* The cross product of vectors of three along dim; the other dimensions broadcast. */
typedef struct fx_cross_args {
    fx_tensor *x, *other;
    int64_t dim; /* -1 */
} fx_cross_args;
#define fx_cross(...) fx_cross_at(FX_LITERAL(fx_cross_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cross_at(fx_cross_args args, fx_where where);

/* Distances of order p, the norm of differences: of two tensors as a whole (dist); of points (..., n, m) and
 * (..., k, m), each with each, (..., n, k) (cdist); of all pairs of points (n, m), i < j (pdist); along the
 * last dimension, eps being added to each difference (pairwise_distance). */
typedef struct fx_dist_args {
    fx_tensor *x, *other;
    double p; /* 2 */
} fx_dist_args;
typedef struct fx_cdist_args {
    fx_tensor *x1, *x2;
    double p;                 /* 2 */
    const char *compute_mode; /* PyTorch's; not looked at */
} fx_cdist_args;
typedef struct fx_pdist_args {
    fx_tensor *x;
    double p; /* 2 */
} fx_pdist_args;
typedef struct fx_pairwise_distance_args {
    fx_tensor *x1, *x2;
    double p, eps; /* 2, 1e-6 */
    bool keepdim;
} fx_pairwise_distance_args;
#define fx_dist(...) fx_dist_at(FX_LITERAL(fx_dist_args){ .p = 2, .x = __VA_ARGS__ }, FX_HERE)
#define fx_cdist(...) fx_cdist_at(FX_LITERAL(fx_cdist_args){ .p = 2, .x1 = __VA_ARGS__ }, FX_HERE)
#define fx_pdist(...) fx_pdist_at(FX_LITERAL(fx_pdist_args){ .p = 2, .x = __VA_ARGS__ }, FX_HERE)
#define fx_pairwise_distance(...)                                                                            \
    fx_pairwise_distance_at(FX_LITERAL(fx_pairwise_distance_args){ .p = 2, .eps = 1e-6, .x1 = __VA_ARGS__ }, \
                            FX_HERE)
FX_API fx_tensor *fx_dist_at(fx_dist_args args, fx_where where);
FX_API fx_tensor *fx_cdist_at(fx_cdist_args args, fx_where where);
FX_API fx_tensor *fx_pdist_at(fx_pdist_args args, fx_where where);
FX_API fx_tensor *fx_pairwise_distance_at(fx_pairwise_distance_args args, fx_where where);

/* The cosine of the angle between vectors along dim, which broadcast; norms count as eps at least. */
typedef struct fx_cosine_similarity_args {
    fx_tensor *x1, *x2;
    int64_t dim; /* 1 */
    double eps;  /* 1e-8 */
} fx_cosine_similarity_args;
#define fx_cosine_similarity(...)                                                                            \
    fx_cosine_similarity_at(                                                                                 \
        FX_LITERAL(fx_cosine_similarity_args){ .dim = 1, .eps = 1e-8, .x1 = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cosine_similarity_at(fx_cosine_similarity_args args, fx_where where);

/* x with each part x[..., i, ...] along dim scaled so that its norm of order p is at most maxnorm. */
typedef struct fx_renorm_args {
    fx_tensor *x;
    double p;
    int64_t dim;
    double maxnorm;
} fx_renorm_args;
#define fx_renorm(...) fx_renorm_at(FX_LITERAL(fx_renorm_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_renorm_at(fx_renorm_args args, fx_where where);

/* (end of differences, distances) */

/* ---- losses of pairs and margins ----------------------------------------------------------------------- */

/* 1 - cos(x1, x2) where target is 1, max(0, cos - margin) where it is -1; vectors along the last dimension.
 */
typedef struct fx_cosine_embedding_loss_args {
    fx_tensor *x1, *x2, *target;
    double margin; /* 0 */
    int reduction; /* fx_reduction: mean */
} fx_cosine_embedding_loss_args;
#define fx_cosine_embedding_loss(...)                                                                        \
    fx_cosine_embedding_loss_at(                                                                             \
        FX_LITERAL(fx_cosine_embedding_loss_args){ .reduction = FX_REDUCTION_MEAN, .x1 = __VA_ARGS__ },      \
        FX_HERE)
FX_API fx_tensor *fx_cosine_embedding_loss_at(fx_cosine_embedding_loss_args args, fx_where where);

/* (log v + (x - t)^2 / v) / 2, v being var, at least eps, and full adding log(2 pi) / 2. var is one for each
 * number of x, or has no last dimension, or one of size 1. */
typedef struct fx_gaussian_nll_loss_args {
    fx_tensor *x, *target, *var;
    bool full;
    double eps;    /* 1e-6 */
    int reduction; /* fx_reduction: mean */
} fx_gaussian_nll_loss_args;
#define fx_gaussian_nll_loss(...)                                                                            \
    fx_gaussian_nll_loss_at(FX_LITERAL(fx_gaussian_nll_loss_args){ .eps = 1e-6,                              \
                                                                   .reduction = FX_REDUCTION_MEAN,           \
                                                                   .x = __VA_ARGS__ },                       \
                            FX_HERE)
FX_API fx_tensor *fx_gaussian_nll_loss_at(fx_gaussian_nll_loss_args args, fx_where where);

/* max(0, margin - t (x1 - x2)) */
typedef struct fx_margin_ranking_loss_args {
    fx_tensor *x1, *x2, *target;
    double margin; /* 0 */
    int reduction; /* fx_reduction: mean */
} fx_margin_ranking_loss_args;
#define fx_margin_ranking_loss(...)                                                                          \
    fx_margin_ranking_loss_at(                                                                               \
        FX_LITERAL(fx_margin_ranking_loss_args){ .reduction = FX_REDUCTION_MEAN, .x1 = __VA_ARGS__ },        \
        FX_HERE)
FX_API fx_tensor *fx_margin_ranking_loss_at(fx_margin_ranking_loss_args args, fx_where where);

/* Of rows (N, C) or (C) and classes (N): w_t times the sum over k != t of max(0, margin - x_t + x_k)^p / C, p
 * 1 or 2. multilabel_margin: classes (N, C), of which those before the first -1 count: the sum over them and
 * all k that are not among them of max(0, 1 - x_t + x_k) / C. multilabel_soft_margin: binary cross entropy
 * with logits, the mean over C. */
typedef struct fx_multi_margin_loss_args {
    fx_tensor *x, *target;
    int64_t p;     /* 1 */
    double margin; /* 1 */
    fx_tensor *weight;
    int reduction; /* fx_reduction: mean */
} fx_multi_margin_loss_args;
#define fx_multi_margin_loss(...)                                                                            \
    fx_multi_margin_loss_at(                                                                                 \
        FX_LITERAL(fx_multi_margin_loss_args){                                                               \
            .p = 1, .margin = 1, .reduction = FX_REDUCTION_MEAN, .x = __VA_ARGS__ },                         \
        FX_HERE)
FX_API fx_tensor *fx_multi_margin_loss_at(fx_multi_margin_loss_args args, fx_where where);
typedef struct fx_multilabel_margin_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction: mean */
} fx_multilabel_margin_loss_args;
#define fx_multilabel_margin_loss(...)                                                                       \
    fx_multilabel_margin_loss_at(                                                                            \
        FX_LITERAL(fx_multilabel_margin_loss_args){ .reduction = FX_REDUCTION_MEAN, .x = __VA_ARGS__ },      \
        FX_HERE)
FX_API fx_tensor *fx_multilabel_margin_loss_at(fx_multilabel_margin_loss_args args, fx_where where);
typedef struct fx_multilabel_soft_margin_loss_args {
    fx_tensor *x, *target, *weight;
    int reduction; /* fx_reduction: mean */
} fx_multilabel_soft_margin_loss_args;
#define fx_multilabel_soft_margin_loss(...)                                                                  \
    fx_multilabel_soft_margin_loss_at(                                                                       \
        FX_LITERAL(fx_multilabel_soft_margin_loss_args){ .reduction = FX_REDUCTION_MEAN, .x = __VA_ARGS__ }, \
        FX_HERE)
FX_API fx_tensor *fx_multilabel_soft_margin_loss_at(fx_multilabel_soft_margin_loss_args args, fx_where where);

/* max(0, d(anchor, positive) - d(anchor, negative) + margin), d being pairwise_distance; swap: the less of
 * the negative's distances from anchor and positive. */
typedef struct fx_triplet_margin_loss_args {
    fx_tensor *anchor, *positive, *negative;
    double margin, p, eps; /* 1, 2, 1e-6 */
    bool swap;
    int reduction; /* fx_reduction: mean */
} fx_triplet_margin_loss_args;
#define fx_triplet_margin_loss(...)                                                                          \
    fx_triplet_margin_loss_at(                                                                               \
        FX_LITERAL(fx_triplet_margin_loss_args){                                                             \
            .margin = 1, .p = 2, .eps = 1e-6, .reduction = FX_REDUCTION_MEAN, .anchor = __VA_ARGS__ },       \
        FX_HERE)
FX_API fx_tensor *fx_triplet_margin_loss_at(fx_triplet_margin_loss_args args, fx_where where);

/* (end of losses of pairs and margins) */

/* ---- arrangements -------------------------------------------------------------------------------------- */

/* The numbers of x, row-major, that sizes and strides name from offset on: a copy; what is named twice has
 * both gradients. */
#define fx_as_strided(x, sizes, strides, offset) fx_as_strided_at(x, sizes, strides, offset, FX_HERE)
FX_API fx_tensor *fx_as_strided_at(fx_tensor *x, fx_dims sizes, fx_dims strides, int64_t offset,
                                   fx_where where);

/* Matrices (a vector is a row) along a diagonal; vectors in all combinations, a row each; the combinations of
 * r numbers of a vector; all numbers of x along a diagonal. */
#define fx_block_diag(...) fx_block_diag_at(FX_LIST(__VA_ARGS__), FX_HERE)
#define fx_cartesian_prod(...) fx_cartesian_prod_at(FX_LIST(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_block_diag_at(fx_list tensors, fx_where where);
FX_API fx_tensor *fx_cartesian_prod_at(fx_list tensors, fx_where where);
typedef struct fx_combinations_args {
    fx_tensor *x;
    int64_t r; /* 2 */
    bool with_replacement;
} fx_combinations_args;
#define fx_combinations(...)                                                                                 \
    fx_combinations_at(FX_LITERAL(fx_combinations_args){ .r = 2, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_combinations_at(fx_combinations_args args, fx_where where);
typedef struct fx_diagflat_args {
    fx_tensor *x;
    int64_t offset;
} fx_diagflat_args;
#define fx_diagflat(...) fx_diagflat_at(FX_LITERAL(fx_diagflat_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diagflat_at(fx_diagflat_args args, fx_where where);

/* x with a part, that select, slice or diagonal name, replaced by source. */
#define fx_select_scatter(x, source, dim, index) fx_select_scatter_at(x, source, dim, index, FX_HERE)
FX_API fx_tensor *fx_select_scatter_at(fx_tensor *x, fx_tensor *source, int64_t dim, int64_t index,
                                       fx_where where);
typedef struct fx_slice_scatter_args {
    fx_tensor *x, *source;
    int64_t dim, start, stop, step; /* 0, 0, all, 1 */
} fx_slice_scatter_args;
#define fx_slice_scatter(...)                                                                                \
    fx_slice_scatter_at(FX_LITERAL(fx_slice_scatter_args){ .stop = INT64_MAX, .step = 1, .x = __VA_ARGS__ }, \
                        FX_HERE)
FX_API fx_tensor *fx_slice_scatter_at(fx_slice_scatter_args args, fx_where where);
typedef struct fx_diagonal_scatter_args {
    fx_tensor *x, *source;
    int64_t offset, dim1, dim2; /* 0, 0, 1 */
} fx_diagonal_scatter_args;
#define fx_diagonal_scatter(...)                                                                             \
    fx_diagonal_scatter_at(FX_LITERAL(fx_diagonal_scatter_args){ .dim2 = 1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diagonal_scatter_at(fx_diagonal_scatter_args args, fx_where where);

/* (end of arrangements) */

/* ---- random, checking ---------------------------------------------------------------------------------- */

/* Zeroes each number with probability p and divides the others by 1 - p, so that the mean stays; p = 0 or
 * training = false gives x itself, p = 1 zeros. Which are zero depends on the context's random numbers alone,
 * not on threads; the gradient repeats them, and keeps nothing. p outside [0, 1] is an error. feature_dropout
 * zeroes whole channels of x (N, C, ...); alpha_dropout sets to selu's lower limit, and scales and shifts so
 * that mean 0 and variance 1 stay (Klambauer et al., "Self-normalizing neural networks", 2017). */
typedef struct fx_dropout_args {
    fx_tensor *x;
    double p;      /* 0.5 */
    bool training; /* true */
} fx_dropout_args;
#define FX__DROPOUT(...) (FX_LITERAL(fx_dropout_args){ .p = 0.5, .training = true, .x = __VA_ARGS__ })
#define fx_dropout(...) fx_dropout_at(FX__DROPOUT(__VA_ARGS__), FX_HERE)
#define fx_feature_dropout(...) fx_feature_dropout_at(FX__DROPOUT(__VA_ARGS__), FX_HERE)
#define fx_alpha_dropout(...) fx_alpha_dropout_at(FX__DROPOUT(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_dropout_at(fx_dropout_args args, fx_where where);
FX_API fx_tensor *fx_feature_dropout_at(fx_dropout_args args, fx_where where);
FX_API fx_tensor *fx_alpha_dropout_at(fx_dropout_args args, fx_where where);

/* Checks the gradient of an op against differences, every number of every input, in float64:
 *
 *     fx_gradcheck(cx, &bump, x, .order = 2, .report = stdout);
 *     fx_gradcheck(cx, &scale, x, .x1 = w, .options = &options);
 *     fx_gradcheck_function(cx, loss_of, model, FX_LIST(x, w), .report = stderr);
 *
 * Checked are the inputs that require a gradient, or else all that are of a floating dtype; the tensors given
 * are not changed. The gradient under a random seed, by local_grad and by local_grad_fused, is compared with
 * the differences of each output, extrapolated to high order with an estimate e of what they may be off
 * (about 1e-12 of the number for smooth functions). A number is wrong if it is off by more than 16 e +
 * tolerance * (the sum of |terms| that make it up): there is no absolute floor. Where a function has a kink,
 * anything between the derivatives from the left and from the right is right; numbers that differences cannot
 * tell (16 e is more than a thousandth of them) are counted as such. Order 2 checks the gradient of the
 * gradient in the inputs and in the seed. Also: a second backward gives the same bits, a zero seed gives
 * zeros, and a gradient that is left out must be zero (it is left out when an input that the closure reads is
 * not in .captures). Random ops repeat their numbers. Returns FX_OK, or FX_ERROR_GRADIENT with the worst
 * number in the message, or what the op's own failure is. */
typedef struct fx_gradcheck_args {
    fx_tensor *x, *x1, *x2, *x3; /* an op's inputs, in order ... */
    fx_list inputs;              /* ... or as a list */
    const void *options;         /* of the op */
    int order;                   /* 1 (or 0), or 2 */
    double tolerance;            /* 0: 1e-10 */
    FILE *report;                /* NULL: none */
} fx_gradcheck_args;
#define fx_gradcheck(cx, op, ...)                                                                            \
    fx_gradcheck_at(cx, op, FX_LITERAL(fx_gradcheck_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_gradcheck_function(cx, function, data, ...)                                                       \
    fx_gradcheck_function_at(cx, function, data, FX_LITERAL(fx_gradcheck_args){ .inputs = __VA_ARGS__ },     \
                             FX_HERE)
FX_API fx_status fx_gradcheck_at(fx_context *cx, const fx_op *op, fx_gradcheck_args args, fx_where where);
FX_API fx_status fx_gradcheck_function_at(fx_context *cx, fx_checkpoint_function *function, void *data,
                                          fx_gradcheck_args args, fx_where where);

/* (end of random, checking) */

/* ---- the registry -------------------------------------------------------------------------------------- */

/* The C type of a field of an argument structure. */
typedef enum fx_field_type {
    FX_FIELD_TENSOR,  /* fx_tensor * */
    FX_FIELD_OPERAND, /* fx_operand: tensor or number */
    FX_FIELD_TENSORS, /* fx_list */
    FX_FIELD_INT,     /* int64_t */
    FX_FIELD_REAL,    /* double */
    FX_FIELD_BOOL,    /* bool */
    FX_FIELD_DIMS,    /* fx_dims; one number binds as a list of one */
    FX_FIELD_DTYPE,   /* fx_dtype */
    FX_FIELD_CHOICE,  /* int: an index into the words of .choices */
    FX_FIELD_TEXT     /* const char * */
} fx_field_type;

/* One argument of a function. */
typedef struct fx_field {
    const char *name; /* ours; NULL ends the list */
    /* PyTorch's name of it, or several separated by commas, where it differs; NULL: the same */
    const char *torch;
    fx_field_type type;
    size_t offset;       /* in the argument structure */
    bool optional;       /* may be left out: NULL, or the default */
    const char *choices; /* FX_FIELD_CHOICE: words separated by '|', in the order of their values */
} fx_field;

/* A public function, a single op or a composite of several: what tests, benchmarks, the manual and other
 * languages need to know of it. */
typedef struct fx_function {
    const char *name;     /* "sum" for fx_sum */
    const char *torch;    /* PyTorch's names for it, separated by commas: "sum,nansum"; NULL: it has none */
    const char *formula;  /* of the value */
    const char *gradient; /* of the gradient */
    /* Domain, subgradient convention at each kink, where it differs from PyTorch; or NULL */
    const char *notes;
    const fx_field *fields; /* in PyTorch's positional order */
    size_t args_size;
    const void *defaults; /* an argument structure; NULL: zeroes */
    /* Calls it with an argument structure; fills out[0 .. n-1] and returns n, 0 after a failure. */
    int (*call)(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS]);
    const char *samples; /* arguments to test it with, one call a line (tests/support/sample.h has the
                          * grammar); a line that begins with '!' must be refused */
    const char *bench;   /* arguments to time it with, at about a million elements; or NULL */
    bool integer_result; /* never has a gradient */
    bool random;         /* depends on the random numbers of the context */
} fx_function;

/* All of them, sorted by name. */
FX_API const fx_function *const *fx_functions(int *count);
FX_API const fx_function *fx_function_named(const char *name); /* NULL: there is none */

#ifdef __cplusplus
}
#endif
#endif
