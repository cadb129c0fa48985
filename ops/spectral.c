/* What the families of matrix functions and decompositions share (spectral.h).
 */
#include "spectral.h"

#include <math.h>

fx_tensor *fx__wide_matrices(fx_tensor *x, bool square, const char *op, fx_where where)
{
    if (!x || !fx__is_floating(x, op, where)) return NULL;
    if (x->ndim < 2)
        return FX__REFUSE(x, ERROR_SHAPE, where, "%s: takes matrices, of at least 2 dimensions, not %s", op,
                          fx__shape_text(x));
    if (square && fx__matrix_rows(x) != fx__matrix_columns(x))
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

fx_tensor *fx__eye(const fx_tensor *x, int64_t rows, int64_t columns, fx_where where)
{
    fx__sizes to = fx__sizes_of(x);
    const int64_t count = fx__stack_count(x), least = rows < columns ? rows : columns;
    to.at[to.ndim - 2] = rows, to.at[to.ndim - 1] = columns;
    fx_tensor *y = fx__new(x->cx, FX_F64, to.ndim, to.at, where);
    if (!y) return NULL;
    memset(y->data, 0, sizeof(double) * (size_t)y->numel);
    for (int64_t k = 0; k < count; k++)
        for (int64_t i = 0; i < least; i++) fx__doubles_to(y)[(k * rows + i) * columns + i] = 1;
    return y;
}

bool fx__all_finite(const double *x, int64_t count)
{
    bool finite = true;
    for (int64_t i = 0; i < count; i++) finite &= isfinite(x[i]) != 0;
    return finite;
}

bool fx__each_checked(const fx_call *c, const fx_tensor *x, size_t bytes, double cost,
                      fx__matrix_function *function, const void *data)
{
    const int64_t count = fx__stack_count(x);
    int32_t *infos = fx__scratch(c->cx, sizeof *infos * (size_t)(count + 1));
    bool good = infos && fx__each_matrix(c, count, bytes, cost, function, data, infos);
    for (int64_t k = 0; good && k < count; k++)
        if (infos[k])
            good = fx_call_fail(c, FX_ERROR_NUMBER, "matrix %lld of %s %s", (long long)k, fx__shape_text(x),
                                infos[k] < 0 ? "has numbers that are not finite" : "does not converge");
    fx__scratch_free(c->cx, infos);
    return good;
}

fx_tensor *fx__plus(fx_tensor *a, fx_tensor *b, fx_where where)
{
    if (!a || !b) return a ? a : b;
    return ADD(a, b);
}
