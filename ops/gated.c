/* Gated linear units: one half of x times a function of the other half. Shazeer, "GLU variants improve
 * transformer", 2020.
 */
#include "lanes.h"
#include "shape.h"

typedef fx_tensor *gate(fx_tensor *x, fx_where where);

static fx_tensor *gelu(fx_tensor *x, fx_where where) { return fx_gelu_at((fx_gelu_args){ .x = x }, where); }

static fx_tensor *gated(const char *op, gate *function, fx_gated_args a, fx_where where)
{
    fx_tensor *x = a.x;
    if (!x || !fx__is_floating(x, op, where)) return NULL;
    if (x->ndim == 0) return FX__REFUSE(x, ERROR_SHAPE, where, "%s: a 0-d tensor has no halves", op);
    const int dim = fx__dim_of(x, a.dim, op, where);
    if (dim < 0) return NULL;
    const int64_t half = x->size[dim] / 2;
    if (x->size[dim] % 2)
        return FX__REFUSE(x, ERROR_SHAPE, where, "%s: x %s has no halves along dimension %d", op,
                          fx__shape_text(x), dim);
    fx_tensor *value = fx__slice(x, dim, 0, half, 1, where), *other = fx__slice(x, dim, half, half, 1, where);
    return fx_mul_at(fx_operand_tensor(value), fx_operand_tensor(other ? function(other, where) : NULL),
                     where);
}

fx_tensor *fx_glu_at(fx_gated_args args, fx_where where) { return gated("glu", fx_sigmoid_at, args, where); }
fx_tensor *fx_swiglu_at(fx_gated_args args, fx_where where)
{
    return gated("swiglu", fx_silu_at, args, where);
}
fx_tensor *fx_geglu_at(fx_gated_args args, fx_where where) { return gated("geglu", gelu, args, where); }

static const fx_field gated_fields[] = { FX__FIELD(fx_gated_args, x, TENSOR, .torch = "input"),
                                         FX__FIELD(fx_gated_args, dim, INT, .optional = true),
                                         FX__FIELDS_END };
static const fx_gated_args gated_defaults = { .dim = -1 };

#define GATED(function, torch_name, words)                                                                   \
    FX__CALL(function, fx_gated_args)                                                                        \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = torch_name,                                       \
                                                  .formula =                                                 \
                                                      "y = a " words "(b), x being a and b along dim",       \
                                                  .gradient = "ga = g " words "(b), gb = g a " words "'(b)", \
                                                  .fields = gated_fields,                                    \
                                                  .args_size = sizeof(fx_gated_args),                        \
                                                  .defaults = &gated_defaults,                               \
                                                  .call = function##_call,                                   \
                                                  .samples = "x=(4)\n"                                       \
                                                             "x=(3,4)\n"                                     \
                                                             "x=(4,3) dim=0\n"                               \
                                                             "x=(2,2,3) dim=1\n"                             \
                                                             "x=(0,4)\n"                                     \
                                                             "! x=()\n"                                      \
                                                             "! x=(3)\n"                                     \
                                                             "! x=(3,4) dim=2\n"                             \
                                                             "! x=(4)i64\n",                                 \
                                                  .bench = "x=(1024,1024)\n" };
GATED(glu, "nn.functional.glu", "sigmoid")
GATED(swiglu, NULL, "silu")
GATED(geglu, NULL, "gelu")
