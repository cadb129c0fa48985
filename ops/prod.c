/* The product of numbers.
 *
 * Its gradient at a number is the product of the others: what lies before it times what lies behind it, two
 * running products that are differentiable themselves (scan.c). Nothing is divided, so zeros change nothing.
 */
#include "scan.h"

#include <string.h>

static bool prod_shape(const fx_call *c, fx_spec *y)
{
    fx__reduced_shape(c->x[0], *(const fx__axes *)c->options, y);
    if (!fx_dtype_is_float(y->dtype)) y->dtype = FX_I64;
    return true;
}

static void prod_forward(const fx_call *c)
{
    fx__fold_over(c, FX__FOLD_PRODUCT, c->x[0], ((const fx__axes *)c->options)->mask,
                  (fx__fold){ .y = c->y->data });
}

static void prod_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    unsigned mask = ((const fx__axes *)c->options)->mask;
    fx_tensor *x = c->x[0];
    fx_where where = c->where;
    fx__lanes l = fx__lanes_of(x, mask, false);
    fx_tensor *before = fx__shifted(fx__running_product(x, &l, false, where), &l, false, 1, where);
    fx_tensor *behind = fx__shifted(fx__running_product(x, &l, true, where), &l, true, 1, where);
    fx_tensor *others = fx_mul_at(fx_operand_tensor(before), fx_operand_tensor(behind), where);
    gx[0] = fx_mul_at(fx_operand_tensor(fx__spread(g, x, mask, where)), fx_operand_tensor(others), where);
}

/* before: a chain's products of what lies before each number. */
#define OTHERS(T)                                                                                            \
    static void others_##T(const fx__lanes *l, const T *x, const T *g, double *before, T *gx)                \
    {                                                                                                        \
        for (int64_t chain = 0; chain < l->outer * l->inner; chain++) {                                      \
            int64_t first = chain / l->inner * l->count * l->inner + chain % l->inner;                       \
            double product = 1;                                                                              \
            for (int64_t k = 0; k < l->count; k++) {                                                         \
                before[k] = product;                                                                         \
                product *= (double)x[first + k * l->inner];                                                  \
            }                                                                                                \
            product = (double)g[chain];                                                                      \
            for (int64_t k = l->count; k-- > 0;) {                                                           \
                gx[first + k * l->inner] = (T)(before[k] * product);                                         \
                product *= (double)x[first + k * l->inner];                                                  \
            }                                                                                                \
        }                                                                                                    \
    }
OTHERS(float)
OTHERS(double)

static void prod_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_tensor *x = fx__contiguous_of(c->x[0]);
    gx[0] = fx__grad_new(c, 0);
    g = fx__contiguous_of(g);
    if (!x || !g || !gx[0] || x->numel == 0) return;
    fx__lanes l = fx__lanes_of(x, ((const fx__axes *)c->options)->mask, false);
    double *before = fx__scratch(c->cx, sizeof(double) * (size_t)(l.count + 1));
    if (!before) return;
    if (x->dtype == FX_F32)
        others_float(&l, (const void *)x->data, (const void *)g->data, before, (void *)gx[0]->data);
    else
        others_double(&l, (const void *)x->data, (const void *)g->data, before, (void *)gx[0]->data);
    fx__scratch_free(c->cx, before);
}

static const fx_op prod_op = { .name = "prod",
                               .formula = "y = product of x",
                               .inputs = 1,
                               .captures = FX_CAPTURE_X0,
                               .options_size = sizeof(fx__axes),
                               .shape = prod_shape,
                               .forward = prod_forward,
                               .local_grad = prod_local_grad,
                               .local_grad_fused = prod_local_grad_fused };

fx_tensor *fx_prod_at(fx_prod_args a, fx_where where)
{
    fx__axes axes = { .keepdim = a.keepdim };
    fx_tensor *x = fx__as(a.x, a.dtype, where);
    if (!x) return NULL;
    if (a.dims.given && a.dims.count > 1) {
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "prod: takes one dimension, not %d", a.dims.count);
        return NULL;
    }
    if (!fx__mask_of(x, a.dims, "prod", where, &axes)) return NULL;
    return FX__APPLY(&prod_op, &axes, where, x);
}

FX__CALL(prod, fx_prod_args)
static const fx_field prod_fields[] = { FX__FIELD(fx_prod_args, x, TENSOR, .torch = "input"),
                                        FX__FIELD(fx_prod_args, dims, DIMS, .torch = "dim", .optional = true),
                                        FX__FIELD(fx_prod_args, keepdim, BOOL, .optional = true),
                                        FX__FIELD(fx_prod_args, dtype, DTYPE, .optional = true),
                                        FX__FIELDS_END };
const fx_function fx__function_prod = {
    .name = "prod",
    .torch = "prod",
    .formula = "y = product of x along a dimension, or of all",
    .gradient = "gx = g times the product of the others",
    .notes = "1 where there is nothing; exact through zeros, to every order",
    .fields = prod_fields,
    .args_size = sizeof(fx_prod_args),
    .call = prod_call,
    .samples =
        "x=()\nx=() dims=0 keepdim=true\nx=(5)\nx=(3,4) dims=0\nx=(3,4) dims=-1 keepdim=true\n"
        "x=(2,3,2) dims=1\nx=(2,3)\nx=(4){2,0,3,4}\nx=(4){2,0,3,0}\nx=(4){0,0,0,5}\n"
        "x=(2,3){1,0,2,0,0,3} dims=1\nx=(20)@range:0.5:1.5\nx=(0,3)\nx=(0,3) dims=0\nx=(0,3) dims=1\n"
        "x=(4)i64\nx=(2,3)bool dims=1\nx=~(3)i64 dtype=float32\n! x=(2,3) dims=2\n! x=(2,3) dims=[0,1]\n",
    .bench = "x=(1024,1024)@range:0.9:1.1 dims=1\n"
};
