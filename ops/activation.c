/* Elementwise functions with options: activations, clamping, and small composites of rows.
 *
 * The rows are PARAMETRIC in unary.def; here are their arguments, defaults and records.
 */
#include "elementwise.h"
#include "lanes.h"
#include "shape.h"

#include <float.h>
#include <math.h>

static fx_tensor *run(fx__unary_row row, fx_tensor *x, fx_where where, double p, double q, double r)
{
    return fx__unary(row, x, (const double[FX__ROW_NUMBERS]){ p, q, r }, where);
}

#define SHAPES(options)                                                                                      \
    "x=(3,4)" options "\nx=()" options "\nx=(0,2)" options "\nx=(2,1,3)" options "\n"                        \
    "x=(8){1,-1,2,-2,0.25,-0.25,30,nan}" options "\n"
#define RECORD(function, structure, names, default_options, text, words, note, lines)                        \
    FX__CALL(function, structure)                                                                            \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = names,                                            \
                                                  .formula = text,                                           \
                                                  .gradient = words,                                         \
                                                  .notes = note,                                             \
                                                  .fields = function##_fields,                               \
                                                  .args_size = sizeof(structure),                            \
                                                  .defaults = default_options,                               \
                                                  .call = function##_call,                                   \
                                                  .samples = lines,                                          \
                                                  .bench = "x=(1000,1000)" };
#define X_FIELD(structure) FX__FIELD(structure, x, TENSOR, .torch = "input,self")
#define REAL_FIELD(structure, name) FX__FIELD(structure, name, REAL, .optional = true)

/* ---- activations
 * -------------------------------------------------------------------------------------------- */

fx_tensor *fx_leaky_relu_at(fx_leaky_relu_args a, fx_where where)
{
    return run(FX__UNARY_leaky_relu, a.x, where, a.negative_slope, 0, 0);
}
static const fx_field leaky_relu_fields[] = { X_FIELD(fx_leaky_relu_args),
                                              REAL_FIELD(fx_leaky_relu_args, negative_slope),
                                              FX__FIELDS_END };
RECORD(leaky_relu, fx_leaky_relu_args, "nn.functional.leaky_relu",
       (&(fx_leaky_relu_args){ .negative_slope = 0.01 }), "x where x > 0, else negative_slope x",
       "g where x > 0, else negative_slope g", "negative_slope at 0",
       SHAPES("") SHAPES(" negative_slope=0.3") "x=(4){0,-0,inf,-inf}\n")

/* He, Zhang, Ren, Sun, "Delving deep into rectifiers", 2015. */
fx_tensor *fx_prelu_at(fx_tensor *x, fx_tensor *weight, fx_where where)
{
    if (!x || !weight) return NULL;
    if (!fx__is_floating(x, "prelu", where) || !fx__is_floating(weight, "prelu", where)) return NULL;
    const bool one = weight->numel == 1;
    if (!one && (weight->ndim != 1 || x->ndim < 2 || weight->numel != x->size[1]))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "prelu: a weight of %s is neither one number nor one for each channel of %s",
                          fx__shape_text(weight), fx__shape_text(x));
    int64_t size[FX_MAX_DIMS] = { weight->numel, 1, 1, 1, 1, 1, 1, 1 };
    fx_tensor *w = fx__reshape(weight, one ? 0 : x->ndim - 1, size, where);
    return w ? fx__binary(FX__BINARY_prelu, fx_operand_tensor(x), fx_operand_tensor(w), where) : NULL;
}
typedef struct prelu_args {
    fx_tensor *x, *weight;
} prelu_args;
FX__PLAIN(prelu, prelu_args, a->x, a->weight)
static const fx_field prelu_fields[] = { X_FIELD(prelu_args), FX__FIELD(prelu_args, weight, TENSOR),
                                         FX__FIELDS_END };
const fx_function fx__function_prelu = {
    .name = "prelu",
    .torch = "nn.functional.prelu,prelu",
    .formula = "x where x > 0, else weight x",
    .gradient = "in x g where x > 0, else weight g; in weight the sum of g x where x <= 0",
    .notes = "weight at 0",
    .fields = prelu_fields,
    .args_size = sizeof(prelu_args),
    .call = prelu_call,
    .samples = "x=(3,4) weight=()\nx=() weight=(1)\nx=() weight=()\nx=(5) weight=(1)\nx=(3,4) weight=(4)\n"
               "x=(2,3,4) weight=(3)\nx=(2,3,2,2) weight=(3)\nx=(0,3) weight=(3)\nx=(2,0) weight=()\n"
               "x=(6){0,-0,1,-1,inf,nan} weight=(){0.25}\nx=(2,2)f32 weight=(2)f64\n"
               "!x=(3,4) weight=(3)\n!x=(3) weight=(3)\n!x=(3)i64 weight=()\n!x=(3,4) weight=(1,4)\n",
    .bench = "x=(1000,1000) weight=(1000)",
};

fx_tensor *fx_elu_at(fx_elu_args a, fx_where where) { return run(FX__UNARY_elu, a.x, where, a.alpha, 1, 1); }
static const fx_field elu_fields[] = { X_FIELD(fx_elu_args), REAL_FIELD(fx_elu_args, alpha), FX__FIELDS_END };
RECORD(elu, fx_elu_args, "nn.functional.elu", (&(fx_elu_args){ .alpha = 1 }),
       "x where x > 0, else alpha (e^x - 1)", "g where x > 0, else g alpha e^x", "alpha at 0",
       SHAPES("") SHAPES(" alpha=1.5") "x=(5){0,-0,-1e-6,-40,-90}\n")

fx_tensor *fx_celu_at(fx_elu_args a, fx_where where)
{
    return run(FX__UNARY_elu, a.x, where, a.alpha, 1, 1 / a.alpha);
}
#define celu_fields elu_fields
RECORD(celu, fx_elu_args, "nn.functional.celu", (&(fx_elu_args){ .alpha = 1 }),
       "x where x > 0, else alpha (e^(x / alpha) - 1)", "g where x > 0, else g e^(x / alpha)", "1 at 0",
       SHAPES("") SHAPES(" alpha=2") "x=(4){0,-0,-1e-6,-40}\n")

/* Klambauer et al., "Self-normalizing neural networks", 2017: the fixed point of mean 0 and variance 1. */
fx_tensor *fx_selu_at(fx_tensor *x, fx_where where)
{
    return run(FX__UNARY_elu, x, where, 1.67326324235437728481, 1.05070098735548049342, 1);
}
static int selu_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    out[0] = fx_selu_at(((const fx_unary_args *)args)->x, where);
    return out[0] ? 1 : 0;
}
static const fx_field x_fields[] = { X_FIELD(fx_unary_args), FX__FIELDS_END };
const fx_function fx__function_selu = { .name = "selu",
                                        .torch = "nn.functional.selu,selu",
                                        .formula = "1.0507 (x where x > 0, else 1.67326 (e^x - 1))",
                                        .gradient = "1.0507 g where x > 0, else 1.7581 g e^x",
                                        .notes = "1.7581 at 0",
                                        .fields = x_fields,
                                        .args_size = sizeof(fx_unary_args),
                                        .call = selu_call,
                                        .samples = SHAPES("") "x=(4){0,-0,-1e-6,-40}\n",
                                        .bench = "x=(1000,1000)" };

fx_tensor *fx_gelu_at(fx_gelu_args a, fx_where where)
{
    if (a.x && a.approximate != FX_GELU_EXACT && a.approximate != FX_GELU_TANH) {
        fx_error_set(fx_context_of(a.x), FX_ERROR_ARGUMENT, where, "gelu: there is no form %d",
                     a.approximate);
        return NULL;
    }
    return run(a.approximate == FX_GELU_TANH ? FX__UNARY_gelu_tanh : FX__UNARY_gelu, a.x, where, 0, 0, 0);
}
static const fx_field gelu_fields[] = {
    X_FIELD(fx_gelu_args),
    FX__FIELD(fx_gelu_args, approximate, CHOICE, .optional = true, .choices = "none|tanh"), FX__FIELDS_END
};
RECORD(gelu, fx_gelu_args, "nn.functional.gelu,gelu", NULL,
       "x times the normal distribution at x; tanh: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
       "g (distribution + x density)", "keeps its digits below 0; -0 and gradient 0 at -infinity",
       SHAPES("") SHAPES(" approximate=tanh") "x=(10){0,-0,-3,-5,-6,-12,6,12,inf,-inf}\n"
                                              "x=(10){0,-0,-3,-5,-6,-9,6,12,inf,-inf} approximate=tanh\n"
                                              "x=(2)f64{-20,-30}\n")

fx_tensor *fx_softplus_at(fx_softplus_args a, fx_where where)
{
    return run(FX__UNARY_softplus, a.x, where, a.beta, a.threshold, 0);
}
static const fx_field softplus_fields[] = { X_FIELD(fx_softplus_args), REAL_FIELD(fx_softplus_args, beta),
                                            REAL_FIELD(fx_softplus_args, threshold), FX__FIELDS_END };
RECORD(softplus, fx_softplus_args, "nn.functional.softplus,softplus",
       (&(fx_softplus_args){ .beta = 1, .threshold = INFINITY }), "ln(1 + e^(beta x)) / beta",
       "g sigmoid(beta x)",
       "x itself where beta x > threshold, which is infinite unless given: the formula needs none",
       SHAPES("")
           SHAPES(" beta=2") "x=(4){3,-3,8,-8} beta=0.5 threshold=2\nx=(8){0,21,-21,88,-88,700,inf,1e-6}\n")

fx_tensor *fx_softshrink_at(fx_shrink_args a, fx_where where)
{
    return run(FX__UNARY_softshrink, a.x, where, a.lambd, 0, 0);
}
fx_tensor *fx_hardshrink_at(fx_shrink_args a, fx_where where)
{
    return run(FX__UNARY_hardshrink, a.x, where, a.lambd, 0, 0);
}
static const fx_field softshrink_fields[] = { X_FIELD(fx_shrink_args), REAL_FIELD(fx_shrink_args, lambd),
                                              FX__FIELDS_END };
#define hardshrink_fields softshrink_fields
#define SHRINK SHAPES("") SHAPES(" lambd=1.25") "x=(5){0.5,-0.5,0,inf,-inf}\n"
RECORD(softshrink, fx_shrink_args, "nn.functional.softshrink,softshrink", (&(fx_shrink_args){ .lambd = 0.5 }),
       "x - lambd above lambd, x + lambd below -lambd, else 0", "g where |x| > lambd",
       "0 at lambd and -lambd", SHRINK)
RECORD(hardshrink, fx_shrink_args, "nn.functional.hardshrink,hardshrink", (&(fx_shrink_args){ .lambd = 0.5 }),
       "x where |x| > lambd, else 0", "g where |x| > lambd", "0 at lambd and -lambd", SHRINK)

fx_tensor *fx_threshold_at(fx_threshold_args a, fx_where where)
{
    return run(FX__UNARY_threshold, a.x, where, a.threshold, a.value, 0);
}
static const fx_field threshold_fields[] = { X_FIELD(fx_threshold_args),
                                             FX__FIELD(fx_threshold_args, threshold, REAL),
                                             FX__FIELD(fx_threshold_args, value, REAL), FX__FIELDS_END };
RECORD(threshold, fx_threshold_args, "nn.functional.threshold,threshold", NULL,
       "x where x > threshold, else value", "g where x > threshold", "0 at the threshold",
       SHAPES(" threshold=0.1 value=20") "x=(3){0.5,0.6,0.4} threshold=0.5 value=-1\n")

fx_tensor *fx_hardtanh_at(fx_hardtanh_args a, fx_where where)
{
    return run(FX__UNARY_hardtanh, a.x, where, a.min_val, a.max_val, 0);
}
static const fx_field hardtanh_fields[] = { X_FIELD(fx_hardtanh_args), REAL_FIELD(fx_hardtanh_args, min_val),
                                            REAL_FIELD(fx_hardtanh_args, max_val), FX__FIELDS_END };
RECORD(hardtanh, fx_hardtanh_args, "nn.functional.hardtanh",
       (&(fx_hardtanh_args){ .min_val = -1, .max_val = 1 }), "min(max(x, min_val), max_val)",
       "g where min_val < x < max_val", "0 at the bounds",
       SHAPES("") SHAPES(
           " min_val=-0.5 max_val=2") "x=(4){1,-1,inf,-inf}\nx=(5){0,1,-1,0.2,3} min_val=0.5 max_val=-0.5\n")

/* ---- clamping
 * ----------------------------------------------------------------------------------------------- */

fx_tensor *fx_clamp_at(fx_tensor *x, fx_operand min, fx_operand max, fx_where where)
{
    if (!x || !min.tensor || !max.tensor) return NULL;
    if (fx_operand_is_number(min) && fx_operand_is_number(max) && fx_dtype_is_float((fx_dtype)x->dtype))
        return run(FX__UNARY_clamp_both, x, where, min.number, max.number, 0);
    fx_tensor *above = fx_clamp_min_at(fx_operand_tensor(x), min, where);
    return above ? fx_clamp_max_at(fx_operand_tensor(above), max, where) : NULL;
}
static int clamp_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const fx_clamp_args *a = args;
    if (!a->min.tensor && !a->max.tensor)
        out[0] = a->x;
    else if (!a->min.tensor)
        out[0] = fx_clamp_max_at(fx_operand_tensor(a->x), a->max, where);
    else if (!a->max.tensor)
        out[0] = fx_clamp_min_at(fx_operand_tensor(a->x), a->min, where);
    else
        out[0] = fx_clamp_at(a->x, a->min, a->max, where);
    return out[0] ? 1 : 0;
}
static const fx_field clamp_fields[] = { X_FIELD(fx_clamp_args),
                                         FX__FIELD(fx_clamp_args, min, OPERAND, .optional = true),
                                         FX__FIELD(fx_clamp_args, max, OPERAND, .optional = true),
                                         FX__FIELDS_END };
const fx_function fx__function_clamp = {
    .name = "clamp",
    .torch = "clamp,clip",
    .formula = "min(max(x, min), max)",
    .gradient = "g where min <= x <= max; where a bound is a tensor, g to it elsewhere",
    .notes = "all to x where it equals a bound; max where min > max; NaN at NaN",
    .fields = clamp_fields,
    .args_size = sizeof(fx_clamp_args),
    .call = clamp_call,
    .samples =
        SHAPES(" min=-0.5 max=0.75") "x=(6){-0.5,0.75,0,inf,-inf,1} min=-0.5 max=0.75\nx=(3){1,2,3} min=2.5 "
                                     "max=1.5\n"
                                     "x=(3,4) min=0.1\nx=(3,4) max=-0.2\nx=(3,4) min=(4) max=(3,1)@pos\n"
                                     "x=(3){1,2,3} min=(3){1,2.5,1} max=(3){2,5,3}\nx=(4)i64 min=-1 max=2\n",
    .bench = "x=(1000,1000) min=-0.5 max=0.5"
};

fx_tensor *fx_nan_to_num_at(fx_nan_to_num_args a, fx_where where)
{
    if (!a.x) return NULL;
    if (!fx_dtype_is_float((fx_dtype)a.x->dtype)) return a.x;
    const double most = a.x->dtype == FX_F32 ? (double)FLT_MAX : DBL_MAX;
    return run(FX__UNARY_nan_to_num, a.x, where, a.nan, isnan(a.posinf) ? most : a.posinf,
               isnan(a.neginf) ? -most : a.neginf);
}
static const fx_field nan_to_num_fields[] = { X_FIELD(fx_nan_to_num_args),
                                              REAL_FIELD(fx_nan_to_num_args, nan),
                                              REAL_FIELD(fx_nan_to_num_args, posinf),
                                              REAL_FIELD(fx_nan_to_num_args, neginf), FX__FIELDS_END };
RECORD(
    nan_to_num, fx_nan_to_num_args, "nan_to_num", (&(fx_nan_to_num_args){ .posinf = NAN, .neginf = NAN }),
    "x, with numbers for NaN and infinities", "g where x is finite",
    "posinf, neginf: the largest, unless given",
    SHAPES("") SHAPES(
        " nan=1.5 posinf=3 neginf=-2") "x=(3){nan,inf,-inf}\nx=(3){nan,inf,-inf} posinf=2 neginf=-1 nan=5\n")

/* ---- others
 * ------------------------------------------------------------------------------------------------- */

fx_tensor *fx_polygamma_at(int64_t n, fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    if (n < 0 || n > 40) {
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "polygamma: n must be 0 .. 40, not %lld", (long long)n);
        return NULL;
    }
    return run(FX__UNARY_polygamma, x, where, (double)n, 0, 0);
}
static int polygamma_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const fx_polygamma_args *a = args;
    out[0] = fx_polygamma_at(a->n, a->x, where);
    return out[0] ? 1 : 0;
}
static const fx_field polygamma_fields[] = { FX__FIELD(fx_polygamma_args, n, INT), X_FIELD(fx_polygamma_args),
                                             FX__FIELDS_END };
const fx_function fx__function_polygamma = { .name = "polygamma",
                                             .torch = "polygamma,special.polygamma",
                                             .formula = "the n-th derivative of digamma",
                                             .gradient = "g polygamma(n + 1, x)",
                                             .fields = polygamma_fields,
                                             .args_size = sizeof(fx_polygamma_args),
                                             .call = polygamma_call,
                                             .samples =
                                                 "n=1 x=(3,4)@pos\nn=0 x=(3)@pos\nn=2 x=()@pos\nn=3 "
                                                 "x=(0,2)@pos\nn=4 x=(2,2)@pos\nn=1 x=(3){-0.5,-1.5,30}\n"
                                                 "!n=-1 x=(3)@pos\n",
                                             .bench = "n=1 x=(1000,1000)@pos" };

fx_tensor *fx_round_at(fx_round_args a, fx_where where)
{
    if (!a.x || a.decimals == 0) return fx__unary(FX__UNARY_round_half_even, a.x, NULL, where);
    if (!fx_dtype_is_float((fx_dtype)a.x->dtype)) {
        fx_error_set(a.x->cx, FX_ERROR_DTYPE, where, "round: integers have no decimals");
        return NULL;
    }
    const fx_operand power = fx_operand_number(pow(10, fabs((double)a.decimals))), x = fx_operand_tensor(a.x);
    fx_tensor *scaled = a.decimals > 0 ? fx_mul_at(x, power, where) : fx_div_at(x, power, where);
    const fx_operand y = fx_operand_tensor(fx__unary(FX__UNARY_round_half_even, scaled, NULL, where));
    return a.decimals > 0 ? fx_div_at(y, power, where) : fx_mul_at(y, power, where);
}
static const fx_field round_fields[] = { X_FIELD(fx_round_args),
                                         FX__FIELD(fx_round_args, decimals, INT, .optional = true),
                                         FX__FIELDS_END };
RECORD(round, fx_round_args, "round", NULL,
       "the nearest integer, or number of so many decimals; of two the even one", "0", NULL,
       SHAPES("") "x=(6){0.5,1.5,-0.5,2.5,-2.7,inf}\nx=(3){1.26,-1.24,12.5} decimals=1\nx=(2){1260,-1240} "
                  "decimals=-2\n")

/* ln(x / (1 - x)), x kept in eps .. 1 - eps if that is given. */
fx_tensor *fx_logit_at(fx_logit_args a, fx_where where)
{
    if (!(a.eps < 0)) a.x = fx_clamp_at(a.x, fx_operand_number(a.eps), fx_operand_number(1 - a.eps), where);
    return run(FX__UNARY_logit, a.x, where, 0, 0, 0);
}
static const fx_field logit_fields[] = { X_FIELD(fx_logit_args), REAL_FIELD(fx_logit_args, eps),
                                         FX__FIELDS_END };
RECORD(logit, fx_logit_args, "logit,special.logit", (&(fx_logit_args){ .eps = -1 }), "ln(x / (1 - x))",
       "g / (x (1 - x))", "eps: x is clamped to eps .. 1 - eps; below 0 it is not",
       "x=(3,4)@prob\nx=()@prob\nx=(0,2)@prob\nx=(4){0.4999,0.50001,0.01,0.99}\nx=(4){0.3,0.05,0.95,0.2} "
       "eps=0.1\nx=~(5){0,1,2,1e-30,0.5}\n")

/* x + weight (end - x), in double: the sum cancels. */
static fx_tensor *doubled(fx_tensor *x, fx_where where)
{
    return !x || x->dtype == FX_F64 ? x : fx__space.cast(x, FX_F64, where);
}
fx_tensor *fx_lerp_at(fx_tensor *x, fx_tensor *end, fx_operand weight, fx_where where)
{
    if (!x || !end || !weight.tensor) return NULL;
    fx_dtype dtype = fx__result_dtype(fx_operand_tensor(x), fx_operand_tensor(end));
    if (!fx_operand_is_number(weight)) dtype = fx_promote(dtype, (fx_dtype)weight.tensor->dtype);
    if (!fx_dtype_is_float(dtype)) dtype = fx_default_dtype(x->cx);
    const fx_operand from = fx_operand_tensor(doubled(x, where)), to = fx_operand_tensor(doubled(end, where));
    if (!fx_operand_is_number(weight)) weight = fx_operand_tensor(doubled(weight.tensor, where));
    fx_tensor *way = fx_mul_at(fx_operand_tensor(fx_sub_at(to, from, where)), weight, where);
    fx_tensor *y = fx_add_at(from, fx_operand_tensor(way), where);
    return !y || (fx_dtype)y->dtype == dtype ? y : fx__space.cast(y, dtype, where);
}
static int lerp_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const fx_lerp_args *a = args;
    out[0] = fx_lerp_at(a->x, a->end, a->weight, where);
    return out[0] ? 1 : 0;
}
static const fx_field lerp_fields[] = { X_FIELD(fx_lerp_args), FX__FIELD(fx_lerp_args, end, TENSOR),
                                        FX__FIELD(fx_lerp_args, weight, OPERAND), FX__FIELDS_END };
const fx_function fx__function_lerp = {
    .name = "lerp",
    .torch = "lerp",
    .formula = "x + weight (end - x)",
    .gradient = "g (1 - weight); g weight; g (end - x)",
    .fields = lerp_fields,
    .args_size = sizeof(fx_lerp_args),
    .call = lerp_call,
    .samples = "x=(3,4) end=(3,4) weight=0.3\nx=(3,4) end=(4) weight=(3,1)@prob\nx=() end=() weight=0.5\n"
               "x=(0,2) end=(0,2) weight=0.5\n",
    .bench = "x=(1000,1000) end=(1000,1000) weight=0.3"
};

/* x + value a b, x + value a / b */
fx_tensor *fx_addcmul_at(fx_addc_args a, fx_where where)
{
    fx_tensor *y = fx_mul_at(fx_operand_tensor(a.a), fx_operand_tensor(a.b), where);
    if (y && a.value != 1) y = fx_mul_at(fx_operand_tensor(y), fx_operand_number(a.value), where);
    return y ? fx_add_at(fx_operand_tensor(a.x), fx_operand_tensor(y), where) : NULL;
}
fx_tensor *fx_addcdiv_at(fx_addc_args a, fx_where where)
{
    fx_tensor *y = fx_div_at(fx_operand_tensor(a.a), fx_operand_tensor(a.b), where);
    if (y && a.value != 1) y = fx_mul_at(fx_operand_tensor(y), fx_operand_number(a.value), where);
    return y ? fx_add_at(fx_operand_tensor(a.x), fx_operand_tensor(y), where) : NULL;
}
static const fx_field addcmul_fields[] = { X_FIELD(fx_addc_args),
                                           FX__FIELD(fx_addc_args, a, TENSOR, .torch = "tensor1"),
                                           FX__FIELD(fx_addc_args, b, TENSOR, .torch = "tensor2"),
                                           REAL_FIELD(fx_addc_args, value), FX__FIELDS_END };
#define addcdiv_fields addcmul_fields
#define ADDC                                                                                                 \
    "x=(3,4) a=(3,4) b=(3,4)@nonzero\nx=(3,4) a=(4) b=(3,1)@nonzero value=-2.5\nx=() a=() b=()@nonzero\n"    \
    "x=(0,2) a=(0,2) b=(2)@nonzero\n"
FX__CALL(addcmul, fx_addc_args)
FX__CALL(addcdiv, fx_addc_args)
#define ADDC_RECORD(function, text, words)                                                                   \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = #function,                                        \
                                                  .formula = text,                                           \
                                                  .gradient = words,                                         \
                                                  .fields = addcmul_fields,                                  \
                                                  .args_size = sizeof(fx_addc_args),                         \
                                                  .defaults = &(fx_addc_args){ .value = 1 },                 \
                                                  .call = function##_call,                                   \
                                                  .samples = ADDC,                                           \
                                                  .bench =                                                   \
                                                      "x=(1000,1000) a=(1000,1000) b=(1000,1000)@nonzero" };
ADDC_RECORD(addcmul, "x + value a b", "g; g value b; g value a")
ADDC_RECORD(addcdiv, "x + value a / b", "g; g value / b; -g value a / b^2")
