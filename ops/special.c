/* Special functions that are no rows of unary.def: frexp, of two results, and mvlgamma, a sum.
 */
#include "shape.h"

#include <math.h>

/* ---- frexp: x = mantissa 2^exponent ---- */

static bool frexp_shape(const fx_call *c, fx_spec *y)
{
    if (!fx_dtype_is_float((fx_dtype)c->x[0]->dtype))
        return fx_call_fail(c, FX_ERROR_DTYPE, "takes floating numbers, not %s",
                            fx_dtype_name((fx_dtype)c->x[0]->dtype));
    y[1] = y[0];
    y[1].dtype = FX_I32;
    y[1].no_gradient = true;
    return true;
}

static void frexp_forward(const fx_call *c)
{
    const fx_tensor *x = c->x[0];
    int32_t *exponent = (int32_t *)(void *)c->ys[1]->data;
    for (int64_t i = 0; i < x->numel; i++) {
        int e = 0;
        if (x->dtype == FX_F32) {
            const float v = ((const float *)(const void *)x->data)[i];
            ((float *)(void *)c->y->data)[i] = (float)frexp((double)v, &e);
        } else {
            ((double *)(void *)c->y->data)[i] = frexp(((const double *)(const void *)x->data)[i], &e);
        }
        exponent[i] = e;
    }
}

static void frexp_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    if (!g) return;
    fx_tensor *down = fx_neg_at(fx__space.cast(c->ys[1], (fx_dtype)c->shapes[0]->dtype, c->where), c->where);
    gx[0] = fx_mul_at(fx_operand_tensor(g), fx_operand_tensor(fx_exp2_at(down, c->where)), c->where);
}

static const fx_op frexp_op = { .name = "frexp",
                                .formula = "x = y 2^exponent, |y| in [1/2, 1)",
                                .inputs = 1,
                                .outputs = 2,
                                .captures = FX_CAPTURE_Y_AT(1),
                                .shape = frexp_shape,
                                .forward = frexp_forward,
                                .local_grad = frexp_local_grad };

fx_tensor *fx_frexp_at(fx_tensor *x, fx_tensor **exponent, fx_where where)
{
    fx_tensor *ys[2];
    if (!x || !fx_apply_at(&frexp_op, (fx_list){ 1, &x }, NULL, ys, where)) return NULL;
    if (exponent) *exponent = ys[1];
    return ys[0];
}

static int frexp_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    out[0] = fx_frexp_at(((const fx_unary_args *)args)->x, &out[1], where);
    return out[0] ? 2 : 0;
}
static const fx_field frexp_fields[] = { FX__FIELD(fx_unary_args, x, TENSOR, .torch = "input,self"),
                                         FX__FIELDS_END };
const fx_function fx__function_frexp = {
    .name = "frexp",
    .torch = "frexp",
    .formula = "x = mantissa 2^exponent, |mantissa| in [1/2, 1); exponent is int32",
    .gradient = "g 2^-exponent",
    .notes = "0, infinities and NaN are their own mantissa, with exponent 0",
    .fields = frexp_fields,
    .args_size = sizeof(fx_unary_args),
    .call = frexp_call,
    .samples = "x=(3,4)\nx=()\nx=(0,2)\nx=(2,1,3)\nx=(8){1,-1,0.5,0.75,1e-3,1024,-3e5,1.5}\n"
               "x=~(5){0,-0,inf,-inf,nan}\nx=(2)f64{1e-300,1e300}\n!x=(3)i64\n",
    .bench = "x=(1000,1000)"
};

/* ---- mvlgamma ---- */

/* Floats are computed in double, and rounded once: terms of both signs meet. */
fx_tensor *fx_mvlgamma_at(fx_tensor *x, int64_t p, fx_where where)
{
    if (!x) return NULL;
    if (p < 1 || p > 1000)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "mvlgamma: p is 1 .. 1000, not %lld", (long long)p);
    const bool real = fx_dtype_is_float((fx_dtype)x->dtype);
    const fx_dtype dtype = real ? (fx_dtype)x->dtype : fx_default_dtype(x->cx);
    const double least = 0.5 * (double)(p - 1), constant = 0.5 * least * (double)p * 1.14472988584940017414;
    fx_tensor *wide = dtype == FX_F64 && real ? x : fx__space.cast(x, FX_F64, where);
    fx_tensor *above = wide ? fx_gt_at(fx_operand_tensor(wide), fx_operand_number(least), where) : NULL;
    if (!above || !(above = fx_all_at((fx_all_args){ .x = above }, where))) return NULL;
    if (!fx_item_int_at(above, where))
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "mvlgamma: all numbers must be above (p - 1) / 2 = %g",
                          least);
    fx_tensor *steps = fx__new(x->cx, FX_F64, 1, &p, where);
    if (!steps) return NULL;
    for (int64_t j = 0; j < p; j++) ((double *)(void *)steps->data)[j] = (double)j / 2;
    fx_tensor *y = fx__reshape(wide, 2, (const int64_t[]){ wide->numel, 1 }, where);
    y = fx_lgamma_at(fx_sub_at(fx_operand_tensor(y), fx_operand_tensor(steps), where), where);
    y = fx_sum_at((fx_sum_args){ .x = y, .dims = FX_DIMS(1) }, where);
    if (p > 1) y = fx_add_at(fx_operand_tensor(y), fx_operand_number(constant), where);
    y = y ? fx__reshape_like(y, wide, where) : NULL;
    return y && dtype != FX_F64 ? fx__space.cast(y, dtype, where) : y;
}

typedef struct mvlgamma_args {
    fx_tensor *x;
    int64_t p;
} mvlgamma_args;
FX__PLAIN(mvlgamma, mvlgamma_args, a->x, a->p)
static const fx_field mvlgamma_fields[] = { FX__FIELD(mvlgamma_args, x, TENSOR, .torch = "input,self"),
                                            FX__FIELD(mvlgamma_args, p, INT), FX__FIELDS_END };
const fx_function fx__function_mvlgamma = {
    .name = "mvlgamma",
    .torch = "mvlgamma,special.multigammaln",
    .formula = "p (p - 1) / 4 ln pi + the sum over j < p of ln Gamma(x - j / 2)",
    .gradient = "g times the sum of digamma(x - j / 2)",
    .notes = "an error unless all x > (p - 1) / 2",
    .fields = mvlgamma_fields,
    .args_size = sizeof(mvlgamma_args),
    .call = mvlgamma_call,
    .samples = "x=(3,4)@pos p=1\nx=(3,4)@ge1 p=3\nx=(5)@range:2.1:30 p=5\nx=()@ge1 p=2\n"
               "x=(0,2) p=3\nx=(2,1,3)@range:2:3 p=4\nx=(3)i64{3,4,5} p=2\n"
               "!x=(3){1,2,0.9} p=3\n!x=(3)@pos p=0\n!x=(2){1,nan} p=1\n",
    .bench = "x=(1000,300)@range:2:30 p=3"
};
