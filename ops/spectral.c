/* What the families of matrix functions and decompositions share (spectral.h).
 */
#include "spectral.h"

fx_tensor *fx__wide_matrices(fx_tensor *x, bool square, const char *op, fx_where where)
{
    if (!x || !fx__is_floating(x, op, where)) return NULL;
    if (x->ndim < 2)
        return FX__REFUSE(x, ERROR_SHAPE, where, "%s: takes matrices, of at least 2 dimensions, not %s", op,
                          fx__shape_text(x));
    if (square && fx__height(x) != fx__breadth(x))
        return FX__REFUSE(x, ERROR_SHAPE, where, "%s: takes square matrices, not %s", op, fx__shape_text(x));
    return fx__as(x, FX_F64, where);
}

fx_tensor *fx__mm(fx_tensor *a, fx_tensor *b, fx_where where) { return fx_matmul_at(a, b, where); }

fx_tensor *fx__tmm(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return fx_matmul_at(fx_mT_at(a, where), b, where);
}

fx_tensor *fx__mmt(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return fx_matmul_at(a, fx_mT_at(b, where), where);
}

fx_tensor *fx__lower(fx_tensor *x, int64_t diagonal, fx_where where)
{
    return fx_tril_at((fx_triangle_args){ .x = x, .diagonal = diagonal }, where);
}

fx_tensor *fx__upper(fx_tensor *x, int64_t diagonal, fx_where where)
{
    return fx_triu_at((fx_triangle_args){ .x = x, .diagonal = diagonal }, where);
}

fx_tensor *fx__of_columns(fx_tensor *x, fx_where where) { return fx_unsqueeze_at(x, -2, where); }
fx_tensor *fx__of_rows(fx_tensor *x, fx_where where) { return fx_unsqueeze_at(x, -1, where); }

fx_tensor *fx__plus(fx_tensor *a, fx_tensor *b, fx_where where)
{
    if (!a || !b) return a ? a : b;
    return ADD(a, b);
}
