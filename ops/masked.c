/* Reductions and scans of the numbers where a mask holds: what it does not hold for becomes what changes
 * nothing (0, 1, an infinity), and has no gradient.
 */
#include "terms.h"

#include <math.h>

/* Whether x is floating and the mask, if there is one, is bool and broadcasts to it. */
static bool fits(const fx_tensor *x, const fx_tensor *mask, const char *name, fx_where where)
{
    if (!x || !fx__is_floating(x, name, where)) return false;
    if (!mask) return true;
    bool good = (mask->dtype == FX_BOOL || mask->dtype == FX_U8) && mask->ndim <= x->ndim;
    for (int d = 0; good && d < mask->ndim; d++)
        good = mask->size[d] == 1 || mask->size[d] == x->size[d + x->ndim - mask->ndim];
    if (good) return true;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: %s %s is not a mask of %s", name,
                 fx_dtype_name((fx_dtype)mask->dtype), fx__shape_text(mask), fx__shape_text(x));
    return false;
}

static fx_tensor *filled(fx_tensor *x, fx_tensor *mask, double value, fx_where where)
{
    return mask ? SELECT(mask, x, value) : x;
}

/* How many numbers of each lane the mask holds for, in x's dtype. */
static fx_tensor *count_of(const fx_tensor *x, fx_tensor *mask, fx_dims dims, bool keepdim, fx_where where)
{
    fx_tensor *count = SUM(fx__expand(mask, x->ndim, x->size, where), dims, keepdim);
    return count ? fx__space.cast(count, (fx_dtype)x->dtype, where) : NULL;
}

fx_tensor *fx_masked_sum_at(fx_masked_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_sum", where)) return NULL;
    return SUM(filled(a.x, a.mask, 0, where), a.dims, a.keepdim);
}

/* prod takes one dimension: one after the other. */
fx_tensor *fx_masked_prod_at(fx_masked_args a, fx_where where)
{
    fx__axes axes = { .keepdim = a.keepdim };
    if (!fits(a.x, a.mask, "masked_prod", where) || !fx__mask_of(a.x, a.dims, "masked_prod", where, &axes))
        return NULL;
    fx_tensor *y = filled(a.x, a.mask, 1, where);
    for (int d = 0; y && d < a.x->ndim; d++)
        if (axes.mask >> d & 1)
            y = fx_prod_at((fx_prod_args){ .x = y, .dims = fx__one_dim(d), .keepdim = true }, where);
    fx_spec to;
    fx__reduced_shape(a.x, axes, &to);
    return y ? fx__reshape(y, to.ndim, to.size, where) : NULL;
}

fx_tensor *fx_masked_mean_at(fx_masked_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_mean", where)) return NULL;
    if (!a.mask) return fx_mean_at((fx_mean_args){ .x = a.x, .dims = a.dims, .keepdim = a.keepdim }, where);
    return DIV(SUM(filled(a.x, a.mask, 0, where), a.dims, a.keepdim),
               count_of(a.x, a.mask, a.dims, a.keepdim, where));
}

#define EXTREME(function, reduction, identity)                                                               \
    fx_tensor *fx_##function##_at(fx_masked_args a, fx_where where)                                          \
    {                                                                                                        \
        if (!fits(a.x, a.mask, #function, where)) return NULL;                                               \
        return fx_##reduction##_at((fx_##reduction##_args){ .x = filled(a.x, a.mask, identity, where),       \
                                                            .dims = a.dims,                                  \
                                                            .keepdim = a.keepdim },                          \
                                   where);                                                                   \
    }
EXTREME(masked_amax, amax, -INFINITY)
EXTREME(masked_amin, amin, INFINITY)
EXTREME(masked_logsumexp, logsumexp, -INFINITY)

/* What each number differs from the mean by, 0 where the mask does not hold; and n - correction into *count.
 */
static fx_tensor *deviations(fx_masked_args a, fx_tensor **count, fx_where where)
{
    fx_tensor *n = count_of(a.x, a.mask, a.dims, true, where);
    fx_tensor *mean = DIV(SUM(filled(a.x, a.mask, 0, where), a.dims, true), n);
    *count = CLAMP_MIN(SUB(a.keepdim ? n : count_of(a.x, a.mask, a.dims, false, where), a.correction), 0);
    return SELECT(a.mask, SUB(a.x, mean), 0);
}

fx_tensor *fx_masked_var_at(fx_masked_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_var", where)) return NULL;
    if (!a.mask) return fx_var_at((fx_var_args){ a.x, a.dims, a.keepdim, a.correction }, where);
    fx_tensor *count, *d = deviations(a, &count, where);
    return DIV(SUM(FN(square, d), a.dims, a.keepdim), count);
}

/* By the norm, whose gradient at 0 is 0. */
fx_tensor *fx_masked_std_at(fx_masked_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_std", where)) return NULL;
    if (!a.mask) return fx_std_at((fx_std_args){ a.x, a.dims, a.keepdim, a.correction }, where);
    fx_tensor *count, *d = deviations(a, &count, where);
    fx_tensor *norm =
        fx_norm_at((fx_norm_args){ .x = d, .dims = a.dims, .keepdim = a.keepdim, .p = 2 }, where);
    return DIV(norm, FN(sqrt, count));
}

fx_tensor *fx_masked_norm_at(fx_masked_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_norm", where)) return NULL;
    fx_tensor *x = filled(a.x, a.mask, a.ord < 0 ? INFINITY : 0, where);
    return fx_norm_at((fx_norm_args){ .x = x, .dims = a.dims, .keepdim = a.keepdim, .p = a.ord }, where);
}

fx_tensor *fx_masked_median_at(fx_masked_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_median", where)) return NULL;
    return fx_nanmedian_at(
        (fx_median_args){ .x = filled(a.x, a.mask, NAN, where), .dims = a.dims, .keepdim = a.keepdim },
        where);
}

fx_tensor *fx_masked_softmax_at(fx_masked_scan_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_softmax", where)) return NULL;
    return fx_softmax_at((fx_softmax_args){ .x = filled(a.x, a.mask, -INFINITY, where), .dim = a.dim },
                         where);
}

fx_tensor *fx_masked_softmin_at(fx_masked_scan_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_softmin", where)) return NULL;
    fx_tensor *x = filled(FN(neg, a.x), a.mask, -INFINITY, where);
    return fx_softmax_at((fx_softmax_args){ .x = x, .dim = a.dim }, where);
}

fx_tensor *fx_masked_log_softmax_at(fx_masked_scan_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_log_softmax", where)) return NULL;
    return fx_log_softmax_at(
        (fx_log_softmax_args){ .x = filled(a.x, a.mask, -INFINITY, where), .dim = a.dim }, where);
}

fx_tensor *fx_masked_cumsum_at(fx_masked_scan_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_cumsum", where)) return NULL;
    return fx_cumsum_at((fx_cumsum_args){ .x = filled(a.x, a.mask, 0, where), .dim = a.dim }, where);
}

fx_tensor *fx_masked_cumprod_at(fx_masked_scan_args a, fx_where where)
{
    if (!fits(a.x, a.mask, "masked_cumprod", where)) return NULL;
    return fx_cumprod_at((fx_cumprod_args){ .x = filled(a.x, a.mask, 1, where), .dim = a.dim }, where);
}

fx_tensor *fx_masked_logaddexp_at(fx_masked_logaddexp_args a, fx_where where)
{
    if (!a.other || !fits(a.x, a.input_mask, "masked_logaddexp", where) ||
        !fits(a.other, a.other_mask, "masked_logaddexp", where))
        return NULL;
    return fx_logaddexp_at(fx_operand_tensor(filled(a.x, a.input_mask, -INFINITY, where)),
                           fx_operand_tensor(filled(a.other, a.other_mask, -INFINITY, where)), where);
}

/* ---- records ---- */

#define FIELD(field, kind, ...) FX__FIELD(fx_masked_args, field, kind, __VA_ARGS__)
#define X FIELD(x, TENSOR, .torch = "input")
#define DIMS FIELD(dims, DIMS, .torch = "dim", .optional = true)
#define KEEPDIM FIELD(keepdim, BOOL, .optional = true)
#define MASK FIELD(mask, TENSOR, .optional = true)
static const fx_field plain_fields[] = { X, DIMS, KEEPDIM, MASK, FX__FIELDS_END };
static const fx_field norm_fields[] = { X,    FIELD(ord, REAL, .optional = true),
                                        DIMS, KEEPDIM,
                                        MASK, FX__FIELDS_END };
static const fx_field var_fields[] = {
    X, DIMS, FIELD(correction, REAL, .torch = "unbiased", .optional = true), KEEPDIM, MASK, FX__FIELDS_END
};
#define scan_fields_of(structure)                                                                            \
    FX__FIELD(structure, x, TENSOR, .torch = "input"), FX__FIELD(structure, dim, INT),                       \
        FX__FIELD(structure, mask, TENSOR, .optional = true)
static const fx_field scan_fields[] = { scan_fields_of(fx_masked_scan_args), FX__FIELDS_END };
static const fx_masked_args masked_defaults = { .ord = 2, .correction = 1 };

#define RECORD(function, torch_, words, gradient_, note, fields_, defaults_, structure, lines, timed)        \
    FX__CALL(function, structure)                                                                            \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = torch_,                                           \
                                                  .formula = words,                                          \
                                                  .gradient = gradient_,                                     \
                                                  .notes = note,                                             \
                                                  .fields = fields_,                                         \
                                                  .args_size = sizeof(structure),                            \
                                                  .defaults = defaults_,                                     \
                                                  .call = function##_call,                                   \
                                                  .samples = lines,                                          \
                                                  .bench = timed };
/* still: nothing is differentiated where a mask may hold for none, which gives NaN */
#define REDUCTION_OF(still, name, words, gradient_, note, fields_, more)                                     \
    RECORD(masked_##name, "masked." #name, words, gradient_, note, fields_, &masked_defaults,                \
           fx_masked_args,                                                                                   \
           "x=" still "()@distinct mask=()bool{1}\nx=" still                                                 \
           "()@distinct dims=0\nx=(3,4)@distinct\nx=(3,4)@distinct "                                         \
           "mask=(3,4)bool{1,1,0,1,1,0,1,1,0,1,1,0}\nx=" still                                               \
           "(3,4)@distinct mask=(4)bool{1,0,1,1} dims=0\nx=" still                                           \
           "(3,4)@distinct mask=(3,1)bool{1,0,1} dims=0 keepdim=true\n! x=(3) mask=(2)bool\n! x=(3) "        \
           "mask=(3)i64\n! x=(3)i64 mask=(3)bool\n! x=(3) mask=(2,3)bool\n" more,                            \
           "x=(1000,1000) mask=(1000,1000)bool")
#define REDUCTION(...) REDUCTION_OF("", __VA_ARGS__)
#define SEVERAL(still)                                                                                       \
    "x=(2,3,2)@distinct mask=(2,1,2)bool{1,0,1,1} dims=[0,2]\nx=" still                                      \
    "(2,3,2)@distinct mask=(3,1)bool{1,0,1} "                                                                \
    "dims=[0,-1] keepdim=true\n"

REDUCTION(sum, "the sum over dims of the numbers where the mask holds", "g where the mask holds", NULL,
          plain_fields,
          SEVERAL("") "x=(2,3) mask=(2,1)bool{1,0} dims=1\nx=(0,3) mask=(3)bool dims=0\nx=(2){1,nan} "
                      "mask=(2)bool{1,0}\n")
REDUCTION(prod, "the product over dims of the numbers where the mask holds",
          "g times the product of the others", "exact through zeros", plain_fields,
          SEVERAL("") "x=(2,3) mask=(2,1)bool{1,0} dims=1\nx=(0,3) mask=(3)bool dims=0\n")
REDUCTION_OF("~", mean, "the mean over dims of the numbers where the mask holds",
             "g / n where the mask holds", "NaN where it holds for none", plain_fields,
             SEVERAL("~") "x=~(2,3) mask=(2,1)bool{1,0} dims=1\nx=~(0,3) mask=(3)bool dims=0\n")
REDUCTION(amax, "the largest over dims of the numbers where the mask holds", "g, shared evenly among ties",
          "-inf where it holds for none", plain_fields,
          SEVERAL("") "x=(2,3)@distinct mask=(2,1)bool{1,0} dims=1\nx=(0,3) mask=(3)bool dims=1\n")
REDUCTION(amin, "the least over dims of the numbers where the mask holds", "g, shared evenly among ties",
          "inf where it holds for none", plain_fields,
          SEVERAL("") "x=(2,3)@distinct mask=(2,1)bool{1,0} dims=1\nx=(0,3) mask=(3)bool dims=1\n")
REDUCTION(logsumexp, "log of the sum of exp x over dims where the mask holds", "g softmax(x)",
          "-inf where it holds for none", plain_fields,
          SEVERAL("") "x=(2,3) mask=(2,1)bool{1,0} dims=1\nx=(0,3) mask=(3)bool dims=1\n")
REDUCTION_OF("~", var, "the variance over dims of the numbers where the mask holds, over n - correction",
             "2 g (x - mean) / (n - correction)", "NaN where n is not above correction", var_fields,
             SEVERAL("~") "x=(3,4) mask=(4)bool{1,0,1,1} dims=1 correction=0\nx=~(2,3) mask=(2,1)bool{1,0} "
                          "dims=1\nx=~(0,3) mask=(3)bool dims=0\n")
REDUCTION_OF("~", std,
             "the root of the variance over dims of the numbers where the mask holds, over n - correction",
             "g (x - mean) / (y (n - correction)), 0 where y is 0", "NaN where n is not above correction",
             var_fields,
             SEVERAL("~") "x=(3,4) mask=(4)bool{1,0,1,1} dims=1 correction=0\nx=~(2,3) mask=(2,1)bool{1,0} "
                          "dims=1\nx=~(0,3) mask=(3)bool dims=0\n")
REDUCTION(norm, "the norm of order ord over dims of the numbers where the mask holds",
          "g sign(x) (|x| / y)^(ord - 1)", "the gradient at 0 is 0", norm_fields,
          SEVERAL("") "x=(3,4)@distinct mask=(4)bool{1,0,1,1} dims=1 ord=1\nx=(3,4)@distinct "
                      "mask=(4)bool{1,0,1,1} dims=1 "
                      "ord=inf\n"
                      "x=(3,4)@distinct mask=(4)bool{1,0,1,1} dims=1 ord=-inf\nx=(3,4) mask=(4)bool{1,0,1,1} "
                      "dims=1 ord=3\n"
                      "x=(2,3) mask=(2,1)bool{1,0} dims=1\nx=(0,3) mask=(3)bool dims=0\n")
REDUCTION(
    median, "the lower median along a dimension, or of all, of the numbers where the mask holds",
    "g at the median, or shared evenly among those equal to it", "NaN where it holds for none; passes NaN by",
    plain_fields,
    "x=(2,3)@distinct mask=(2,1)bool{1,0} dims=1\nx=(3,5)@distinct dims=1\nx=(0,3) mask=(3)bool dims=1\n")

/* what is -inf has no gradient in the seed that differences could tell */
#define SCAN_OF(still, name, words, gradient_, note)                                                         \
    RECORD(masked_##name, "masked." #name, words, gradient_, note, scan_fields, NULL, fx_masked_scan_args,   \
           "x=() dim=0 mask=()bool{1}\nx=" still "(5) dim=0 mask=(5)bool{1,0,1,1,0}\nx=(3,4) dim=1\n"        \
           "x=" still "(3,4) dim=-1 mask=(4)bool{1,0,1,1}\nx=" still                                         \
           "(3,4) dim=0 mask=(3,4)bool{1,1,0,1,1,0,1,1,0,1,1,0}\n"                                           \
           "x=" still                                                                                        \
           "(2,3,2) dim=1 mask=(3,1)bool{1,0,1}\nx=(0,3) dim=1 mask=(3)bool\n! x=(3) dim=0 mask=(2)bool\n"   \
           "! x=(3) dim=0 mask=(3)i64\n! x=(3)i64 dim=0 mask=(3)bool\n",                                     \
           "x=(1000,1000) dim=1 mask=(1000,1000)bool")
#define SCAN(...) SCAN_OF("", __VA_ARGS__)
SCAN(softmax, "softmax along dim of the numbers where the mask holds, 0 elsewhere", "y (g - sum of g y)",
     "NaN along a lane where it holds for none")
SCAN(softmin, "softmax along dim of -x where the mask holds, 0 elsewhere", "-y (g - sum of g y)",
     "NaN along a lane where it holds for none")
SCAN_OF("~", log_softmax, "log_softmax along dim of the numbers where the mask holds, -inf elsewhere",
        "g - exp(y) sum of g", "NaN along a lane where it holds for none")
SCAN(cumsum, "running sums along dim of the numbers where the mask holds", "running sums of g from the end",
     NULL)
SCAN(cumprod, "running products along dim of the numbers where the mask holds",
     "sums of g times the products without the number", "exact through zeros")

FX__CALL(masked_logaddexp, fx_masked_logaddexp_args)
static const fx_field logaddexp_fields[] = {
    FX__FIELD(fx_masked_logaddexp_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_masked_logaddexp_args, other, TENSOR),
    FX__FIELD(fx_masked_logaddexp_args, input_mask, TENSOR, .optional = true),
    FX__FIELD(fx_masked_logaddexp_args, other_mask, TENSOR, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_masked_logaddexp = {
    .name = "masked_logaddexp",
    .torch = "masked.logaddexp",
    .formula = "ln(e^x + e^other), each -inf where its mask does not hold",
    .gradient = "g sigmoid(x - other); g sigmoid(other - x)",
    .fields = logaddexp_fields,
    .args_size = sizeof(fx_masked_logaddexp_args),
    .call = masked_logaddexp_call,
    .samples =
        "x=() other=()\nx=(3,4) other=(3,4)\nx=(3,4) other=(3,4) input_mask=(3,4)bool other_mask=(4)bool\n"
        "x=(3,4) other=(4) other_mask=(4)bool{1,0,1,1}\nx=(0,3) other=(3)\n! x=(3) other=(3) "
        "input_mask=(2)bool\n"
        "! x=(3) other=(3) other_mask=(3)i64\n! x=(3)i64 other=(3)\n",
    .bench = "x=(1000,1000) other=(1000,1000) input_mask=(1000,1000)bool other_mask=(1000,1000)bool",
};
