/* Functions of each number by itself. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_ELEMENTWISE_H
#define FLUXION_PUBLIC_ELEMENTWISE_H

#include <fluxion/autograd.h>

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

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
#define fx_i0(x) fx_i0_at(x, FX_HERE)
FX_API fx_tensor *fx_i0_at(fx_tensor *x, fx_where where);
#define fx_i0_(x) fx_i0_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_i0_in_place_at(fx_tensor *x, fx_where where);
#define fx_i1(x) fx_i1_at(x, FX_HERE)
FX_API fx_tensor *fx_i1_at(fx_tensor *x, fx_where where);
#define fx_i1_(x) fx_i1_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_i1_in_place_at(fx_tensor *x, fx_where where);
#define fx_i0e(x) fx_i0e_at(x, FX_HERE)
FX_API fx_tensor *fx_i0e_at(fx_tensor *x, fx_where where);
#define fx_i0e_(x) fx_i0e_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_i0e_in_place_at(fx_tensor *x, fx_where where);
#define fx_i1e(x) fx_i1e_at(x, FX_HERE)
FX_API fx_tensor *fx_i1e_at(fx_tensor *x, fx_where where);
#define fx_i1e_(x) fx_i1e_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_i1e_in_place_at(fx_tensor *x, fx_where where);
#define fx_erfcx(x) fx_erfcx_at(x, FX_HERE)
FX_API fx_tensor *fx_erfcx_at(fx_tensor *x, fx_where where);
#define fx_erfcx_(x) fx_erfcx_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_erfcx_in_place_at(fx_tensor *x, fx_where where);
#define fx_ndtr(x) fx_ndtr_at(x, FX_HERE)
FX_API fx_tensor *fx_ndtr_at(fx_tensor *x, fx_where where);
#define fx_ndtr_(x) fx_ndtr_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_ndtr_in_place_at(fx_tensor *x, fx_where where);
#define fx_log_ndtr(x) fx_log_ndtr_at(x, FX_HERE)
FX_API fx_tensor *fx_log_ndtr_at(fx_tensor *x, fx_where where);
#define fx_log_ndtr_(x) fx_log_ndtr_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_log_ndtr_in_place_at(fx_tensor *x, fx_where where);
#define fx_ndtri(x) fx_ndtri_at(x, FX_HERE)
FX_API fx_tensor *fx_ndtri_at(fx_tensor *x, fx_where where);
#define fx_ndtri_(x) fx_ndtri_in_place_at(x, FX_HERE)
FX_API fx_tensor *fx_ndtri_in_place_at(fx_tensor *x, fx_where where);
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

/* x = mantissa 2^exponent, |mantissa| in [1/2, 1): the mantissa; exponent, int32, may be NULL, and is not
 * written after a failure. Floating numbers alone. */
#define fx_frexp(x, exponent) fx_frexp_at(x, exponent, FX_HERE)
FX_API fx_tensor *fx_frexp_at(fx_tensor *x, fx_tensor **exponent, fx_where where);
/* The logarithm of the multivariate gamma function, p = 1, 2 ...: FX_ERROR_ARGUMENT unless all x > (p - 1)
 * / 2. */
#define fx_mvlgamma(x, p) fx_mvlgamma_at(x, p, FX_HERE)
FX_API fx_tensor *fx_mvlgamma_at(fx_tensor *x, int64_t p, fx_where where);

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

#ifdef __cplusplus
}
#endif
#endif
