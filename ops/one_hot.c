/* Classes as rows of zeros with a one.
 */
#include "indexing.h"

static bool one_hot_shape(const fx_call *c, fx_spec *y)
{
    if (!fx__check_index_dtype(c, c->x[0])) return false;
    if (y->ndim == FX_MAX_DIMS)
        return fx_call_fail(c, FX_ERROR_SHAPE, "%s has %d dimensions already", fx__shape_text(c->x[0]),
                            FX_MAX_DIMS);
    y->dtype = FX_I64;
    y->size[y->ndim++] = *(const int64_t *)c->options;
    return true;
}

static void one_hot_forward(const fx_call *c)
{
    const int64_t classes = *(const int64_t *)c->options;
    fx__index i;
    if (!c->x[0]->numel || !fx__index_open(c, c->x[0], classes, &i)) return;
    int64_t *y = (int64_t *)(void *)c->y->data;
    memset(y, 0, (size_t)c->y->numel * sizeof *y);
    for (int64_t k = 0; k < i.count; k++) {
        if (i.at[k] < 0) {
            fx_call_fail(c, FX_ERROR_INDEX, "class %lld, at %lld of %s, is negative", (long long)i.at[k],
                         (long long)k, fx__shape_text(c->x[0]));
            break;
        }
        y[k * classes + i.at[k]] = 1;
    }
    fx__index_close(c, &i);
}

static const fx_op one_hot_op = { .name = "one_hot",
                                  .formula = "y[..., k] = (x[...] == k)",
                                  .inputs = 1,
                                  .options_size = sizeof(int64_t),
                                  .shape = one_hot_shape,
                                  .forward = one_hot_forward };

fx_tensor *fx_one_hot_at(fx_one_hot_args args, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x) return NULL;
    int64_t classes = args.num_classes;
    if (classes < 0 && x->numel == 0)
        return FX__REFUSE(x, ERROR_ARGUMENT, where,
                          "one_hot: num_classes must be given where there is no class in %s",
                          fx__shape_text(x));
    if (classes < 0 && !fx_dtype_is_float((fx_dtype)x->dtype)) {
        fx_tensor *most = fx_max_at((fx_max_args){ .x = x }, where);
        classes = most ? fx_item_int_at(most, where) + 1 : 0;
        fx_release(most);
        if (!most) return NULL;
        if (classes < 1)
            return FX__REFUSE(x, ERROR_INDEX, where, "one_hot: class %lld is negative",
                              (long long)classes - 1);
    }
    return FX__APPLY(&one_hot_op, &classes, where, x);
}

FX__CALL(one_hot, fx_one_hot_args)
static const fx_field one_hot_fields[] = {
    FX__FIELD(fx_one_hot_args, x, TENSOR, .torch = "tensor,input,self"),
    FX__FIELD(fx_one_hot_args, num_classes, INT, .optional = true), FX__FIELDS_END
};
static const fx_one_hot_args one_hot_defaults = { .num_classes = -1 };
const fx_function fx__function_one_hot = {
    .name = "one_hot",
    .torch = "nn.functional.one_hot",
    .formula = "y[..., k] = 1 where x[...] is k, else 0, for k = 0 .. num_classes - 1",
    .gradient = "none",
    .notes = "int64; num_classes is one more than the largest class unless given",
    .fields = one_hot_fields,
    .args_size = sizeof(fx_one_hot_args),
    .defaults = &one_hot_defaults,
    .call = one_hot_call,
    .samples = "x=(5)i64{0,2,1,2,0}\n"
               "x=(2,3)i64@int:4 num_classes=6\n"
               "x=()i64{1}\n"
               "x=(3)u8{0,1,3} num_classes=4\n"
               "x=(3)i32{0,1,3}\n"
               "x=(0)i64 num_classes=3\n"
               "! x=(0)i64\n"
               "! x=(3)i64{0,1,3} num_classes=3\n"
               "! x=(3)i64{0,-1,3}\n"
               "! x=(3)i64{-1,-1,-3}\n"
               "! x=(3)\n"
               "! x=(3)bool\n",
    .bench = "x=(16384)i64@int:64\n",
    .integer_result = true,
};
