/* libquadmath's names where a long double is a quad. */
#ifndef FLUXION_TESTS_LONG_DOUBLE_H
#define FLUXION_TESTS_LONG_DOUBLE_H

#define acosq acosl
#define acoshq acoshl
#define asinq asinl
#define asinhq asinhl
#define atanq atanl
#define atan2q atan2l
#define atanhq atanhl
#define ceilq ceill
#define copysignq copysignl
#define cosq cosl
#define coshq coshl
#define erfq erfl
#define erfcq erfcl
#define expq expl
#define exp2q exp2l
#define expm1q expm1l
#define fabsq fabsl
#define finiteq isfinite
#define floorq floorl
#define fmaxq fmaxl
#define fminq fminl
#define fmodq fmodl
#define hypotq hypotl
#define isinfq isinf
#define isnanq isnan
#define ldexpq ldexpl
#define lgammaq lgammal
#define logq logl
#define log10q log10l
#define log1pq log1pl
#define log2q log2l
#define nearbyintq nearbyintl
#define powq powl
#define rintq rintl
#define roundq roundl
#define signbitq signbit
#define sinq sinl
#define sinhq sinhl
#define sqrtq sqrtl
#define tanq tanl
#define tanhq tanhl
#define tgammaq tgammal
#define truncq truncl
#define M_PIq M_PIl
#define M_Eq M_El
#define M_LN2q M_LN2l
#define M_LN10q M_LN10l
#define M_SQRT2q M_SQRT2l
#define M_SQRT1_2q M_SQRT1_2l
#define HUGE_VALQ HUGE_VALL

#endif
