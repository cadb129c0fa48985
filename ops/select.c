/* where: a where a condition holds, b elsewhere; and masked_fill, the same with one number for a.
 *
 *     y = c ? a : b      ga = c ? g : 0      gb = c ? 0 : g
 */
#include "elementwise.h"
#include "loop.h"
#include "shape.h"

#include <math.h>

static bool where_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *condition = c->x[0], *a = c->x[1], *b = c->x[2];
    if (condition->dtype != FX_BOOL && condition->dtype != FX_U8)
        return fx_call_fail(c, FX_ERROR_DTYPE, "the condition must be bool, not %s",
                            fx_dtype_name((fx_dtype)condition->dtype));
    if (!fx__broadcast(c, a, b, y)) return false;
    fx_spec with = *y;
    const int ndim = with.ndim > condition->ndim ? with.ndim : condition->ndim;
    for (int d = 0; d < ndim; d++) {
        const int i = d - (ndim - with.ndim), k = d - (ndim - condition->ndim);
        const int64_t p = i < 0 ? 1 : with.size[i], q = k < 0 ? 1 : condition->size[k];
        if (p != q && p != 1 && q != 1)
            return fx_call_fail(c, FX_ERROR_SHAPE, "shapes do not broadcast: %s, %s and %s",
                                fx__shape_text(condition), fx__shape_text(a), fx__shape_text(b));
        y->size[d] = p == 1 ? q : p;
    }
    y->ndim = ndim;
    y->dtype = fx__result_dtype(fx_operand_tensor(c->x[1]), fx_operand_tensor(c->x[2]));
    return true;
}

static void run(const void *data, int64_t n, void *const *at, unsigned lone)
{
    const size_t bytes = *(const size_t *)data;
    const fx_elementwise_kernels *k = fx__kernels()->elementwise;
    (void)lone;
    (bytes == 1 ? k->select1 : bytes == 4 ? k->select4 : k->select8)(n, at[0], at[1], at[2], at[3]);
}

static void where_forward(const fx_call *c)
{
    const fx_dtype as = (fx_dtype)c->y->dtype;
    const size_t bytes = fx_dtype_size(as);
    fx__loop l;
    fx__loop_start(&l, c->y);
    fx__loop_tensor(&l, c->y, as, true);
    fx__loop_tensor(&l, c->x[0], (fx_dtype)c->x[0]->dtype, false);
    fx__loop_tensor(&l, c->x[1], as, false);
    fx__loop_tensor(&l, c->x[2], as, false);
    fx__loop_run(&l, run, &bytes);
}

static void where_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx_operand zero = fx_operand_integer(0), seed = fx_operand_tensor(g);
    if (fx_call_needs(c, 1)) gx[1] = fx_where_select_at(c->x[0], seed, zero, c->where);
    if (fx_call_needs(c, 2)) gx[2] = fx_where_select_at(c->x[0], zero, seed, c->where);
}

#define WHERE_OP(called)                                                                                     \
    static const fx_op called##_op = { .name = #called,                                                      \
                                       .formula = "y = c ? a : b",                                           \
                                       .inputs = 3,                                                          \
                                       .captures = FX_CAPTURE_X0,                                            \
                                       .strided = true,                                                      \
                                       .shape = where_shape,                                                 \
                                       .forward = where_forward,                                             \
                                       .local_grad = where_local_grad };
WHERE_OP(where)
WHERE_OP(masked_fill)

/* A number as a 0-d tensor of the other's dtype. */
static fx_tensor *as_tensor(fx_operand a, fx_operand other, fx_tensor *condition, fx_where where)
{
    if (!fx_operand_is_number(a)) return a.tensor;
    fx_dtype dtype = a.tensor == FX_INTEGER ? FX_I64 : fx_default_dtype(condition->cx);
    if (!fx_operand_is_number(other)) {
        if (!other.tensor) return NULL;
        dtype = fx__result_dtype(a, other);
    } else if (other.tensor == FX_NUMBER)
        dtype = fx_default_dtype(condition->cx);
    return fx_full_at(condition->cx, dtype, a.number, (fx_dims){ true, 0, { 0 } }, where);
}

fx_tensor *fx_where_select_at(fx_tensor *condition, fx_operand a, fx_operand b, fx_where where)
{
    if (!condition || !a.tensor || !b.tensor) return NULL;
    fx_tensor *p = as_tensor(a, b, condition, where), *q = as_tensor(b, a, condition, where);
    return FX__APPLY(&where_op, NULL, where, condition, p, q);
}

/* What is put into x, of its dtype; NULL after an error. */
static fx_tensor *value_for(const fx_tensor *x, fx_operand value, fx_where where)
{
    const bool whole = !fx_dtype_is_float((fx_dtype)x->dtype);
    if (!fx_operand_is_number(value)) {
        const fx_tensor *v = value.tensor;
        if (v->ndim)
            return FX__REFUSE(x, ERROR_SHAPE, where, "masked_fill: the value is one number, not %s",
                              fx__shape_text(v));
        if (whole && fx_dtype_is_float((fx_dtype)v->dtype))
            return FX__REFUSE(x, ERROR_DTYPE, where, "masked_fill: a value of %s does not go into %s",
                              fx_dtype_name((fx_dtype)v->dtype), fx_dtype_name((fx_dtype)x->dtype));
        return v->dtype == x->dtype ? value.tensor : fx__space.cast(value.tensor, (fx_dtype)x->dtype, where);
    }
    if (whole && value.number != floor(value.number))
        return FX__REFUSE(x, ERROR_DTYPE, where, "masked_fill: %g does not go into %s", value.number,
                          fx_dtype_name((fx_dtype)x->dtype));
    return fx_full_at(x->cx, (fx_dtype)x->dtype, value.number, FX_NO_DIMS, where);
}

fx_tensor *fx_masked_fill_at(fx_tensor *x, fx_tensor *mask, fx_operand value, fx_where where)
{
    if (!x || !mask || !value.tensor) return NULL;
    return FX__APPLY(&masked_fill_op, NULL, where, mask, value_for(x, value, where), x);
}

fx_tensor *fx_masked_fill_in_place_at(fx_tensor *x, fx_tensor *mask, fx_operand value, fx_where where)
{
    fx_tensor *y = fx_masked_fill_at(x, mask, value, where);
    if (!y) return NULL;
    if (!fx__same_sizes(x, y))
        return FX__REFUSE(x, ERROR_SHAPE, where, "masked_fill_: a mask of %s does not broadcast to %s",
                          fx__shape_text(mask), fx__shape_text(x));
    return fx__assign(x, y, "masked_fill_", where);
}

typedef struct masked_fill_args {
    fx_tensor *x, *mask;
    fx_operand value;
} masked_fill_args;
FX__PLAIN(masked_fill, masked_fill_args, a->x, a->mask, a->value)
static const fx_field masked_fill_fields[] = { FX__FIELD(masked_fill_args, x, TENSOR),
                                               FX__FIELD(masked_fill_args, mask, TENSOR),
                                               FX__FIELD(masked_fill_args, value, OPERAND), FX__FIELDS_END };
const fx_function fx__function_masked_fill = {
    .name = "masked_fill",
    .torch = "masked_fill",
    .formula = "the value where the mask holds, else x",
    .gradient = "in x g where it does not hold; in the value the sum of g where it does",
    .notes = "of x's dtype; x and mask broadcast",
    .fields = masked_fill_fields,
    .args_size = sizeof(masked_fill_args),
    .call = masked_fill_call,
    .samples =
        "x=(3,4) mask=(3,4)bool value=2.5\nx=(3,4) mask=(4)bool value=()\nx=(4) mask=(3,1)bool value=-1\n"
        "x=() mask=()bool{1} value=3\nx=() mask=()bool{0} value=()\nx=(2,3) mask=()bool{1} value=()\n"
        "x=(0,3) mask=(3)bool value=1\nx=(3)i64 mask=(3)bool value=7\nx=(3)f32 mask=(3)bool value=()f64\n"
        "x=(3){nan,inf,1} mask=(3)bool{1,1,0} value=-inf\nx=(3) mask=(3)u8{1,0,1} value=1\n"
        "!x=(3) mask=(4)bool value=1\n!x=(3) mask=(3)i64 value=1\n!x=(3) mask=(3)bool value=(1)\n"
        "!x=(3)i64 mask=(3)bool value=1.5\n!x=(3)i64 mask=(3)bool value=()\n",
    .bench = "x=(1000,1000) mask=(1000,1000)bool value=0.5",
};

static const fx_field where_fields[] = { FX__FIELD(fx_where_args, condition, TENSOR, .optional = false),
                                         FX__FIELD(fx_where_args, a, OPERAND, .torch = "input,self"),
                                         FX__FIELD(fx_where_args, b, OPERAND, .torch = "other"),
                                         FX__FIELDS_END };
static int where_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const fx_where_args *p = args;
    out[0] = fx_where_select_at(p->condition, p->a, p->b, where);
    return out[0] ? 1 : 0;
}
const fx_function fx__function_where = {
    .name = "where",
    .torch = "where",
    .formula = "a where the condition holds, else b",
    .gradient = "g where it holds, 0 elsewhere; the other way round",
    .fields = where_fields,
    .args_size = sizeof(fx_where_args),
    .call = where_call,
    .samples = "condition=(3,4)bool a=(3,4) b=(3,4)\n"
               "condition=(4)bool a=(3,1) b=(2,1,4)\n"
               "condition=(3,4)bool a=(4) b=2\n"
               "condition=(3,4)bool a=2 b=()\n"
               "condition=()bool a=(2) b=(2)\n"
               "condition=(0,3)bool a=(3) b=(1)\n"
               "condition=(2,2)bool a=(2,2)f32 b=(2,2)f64\n"
               "condition=(3)bool{1,0,1} a=(3){nan,inf,1} b=(3){1,2,nan}\n"
               "!condition=(3)bool a=(4) b=(3)\n"
               "!condition=(3) a=(3) b=(3)\n",
    .bench = "condition=(1000,1000)bool a=(1000,1000) b=(1000,1000)",
};
