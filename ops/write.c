/* Writing in place, and constants like a tensor. What may be written, and what history it leaves,
 * autograd/inplace.c decides.
 */
#include "shape.h"

fx_tensor *fx_copy_at(fx_tensor *x, fx_tensor *source, fx_where where)
{
    if (!x || !source) return NULL;
    if (source == x) return x;
    if (source->cx != x->cx)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "copy_: the source belongs to another context");
    if (fx__owner(source) == fx__owner(x) && !(source = fx__space.clone(source, where))) return NULL;
    fx_tensor *same = source;
    if (!fx__same_sizes(x, source)) {
        fx__sizes to;
        if (!fx__broadcast_sizes((fx_list){ 2, (fx_tensor *[]){ x, source } }, &to, "copy_", where))
            return NULL;
        if (to.ndim != x->ndim || memcmp(to.at, x->size, sizeof(int64_t) * x->ndim))
            return FX__REFUSE(x, ERROR_SHAPE, where, "copy_: %s does not broadcast to %s",
                              fx__shape_text(source), fx__shape_text(x));
        same = fx__expand(source, to.ndim, to.at, where);
    }
    return fx__assign(x, same, "copy_", where);
}

fx_tensor *fx_fill_at(fx_tensor *x, fx_operand value, fx_where where)
{
    if (!x || !value.tensor) return NULL;
    if (!fx_operand_is_number(value)) {
        if (value.tensor->cx != x->cx)
            return FX__REFUSE(x, ERROR_ARGUMENT, where, "fill_: the value belongs to another context");
        if (value.tensor->ndim)
            return FX__REFUSE(x, ERROR_SHAPE, where, "fill_: the value is one number, not %s",
                              fx__shape_text(value.tensor));
        return fx__assign(x, fx__expand(value.tensor, x->ndim, x->size, where), "fill_", where);
    }
    if (!fx__check_in_place(x, false, "fill_", where)) return NULL;
    if (x->numel) fx__space.fill(x, value.number);
    return fx__written(x, NULL, "fill_", where) ? x : NULL;
}

fx_tensor *fx_zero_at(fx_tensor *x, fx_where where) { return fx_fill_at(x, fx_operand_number(0), where); }

fx_tensor *fx_full_like_at(const fx_tensor *x, double value, fx_where where)
{
    return x ? fx_full_at(x->cx, (fx_dtype)x->dtype, value, fx_shape(x), where) : NULL;
}
