/* Norms of matrices and condition numbers: what is made of vector norms and singular values.
 *
 * An order is a word, as PyTorch has them: "fro", "nuc", or a number.
 */
#include "spectral.h"

#include <math.h>
#include <stdlib.h>

typedef enum norm_kind { NORM_NONE, NORM_FROBENIUS, NORM_NUCLEAR, NORM_NUMBER } norm_kind;
typedef struct norm_order {
    norm_kind kind;
    double p;
} norm_order;

/* The order that a word is; false after an error. NULL is none. */
static bool order_of(const fx_tensor *x, const char *word, norm_order *o, const char *name, fx_where where)
{
    *o = (norm_order){ NORM_NONE, 2 };
    if (!word) return true;
    char *end = NULL;
    if (!strcmp(word, "fro"))
        o->kind = NORM_FROBENIUS;
    else if (!strcmp(word, "nuc"))
        o->kind = NORM_NUCLEAR;
    else {
        o->kind = NORM_NUMBER;
        o->p = strtod(word, &end);
        if (end == word || *end || isnan(o->p)) {
            fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: there is no order '%s'", name, word);
            return false;
        }
    }
    return true;
}

/* x with the dims row and column as its last two. */
static fx_tensor *with_matrices(fx_tensor *x, int row, int column, fx_where where)
{
    int order[FX_MAX_DIMS], k = 0;
    for (int d = 0; d < x->ndim; d++)
        if (d != row && d != column) order[k++] = d;
    order[k++] = row, order[k] = column;
    return fx__permute(x, order, where);
}

static fx_tensor *extreme_of(fx_tensor *x, int64_t dim, bool largest, fx_where where)
{
    const fx_dims dims = fx__one_dim(dim);
    return largest ? fx_amax_at((fx_amax_args){ .x = x, .dims = dims }, where)
                   : fx_amin_at((fx_amin_args){ .x = x, .dims = dims }, where);
}

/* The norm of matrices, the last two dimensions, which are dropped. NULL after an error. */
static fx_tensor *norm_of_last(fx_tensor *x, norm_order o, const char *name, fx_where where)
{
    if (o.kind == NORM_FROBENIUS)
        return fx_norm_at((fx_norm_args){ .x = x, .p = 2, .dims = { true, 2, { -2, -1 } } }, where);
    const double p = fabs(o.p);
    if (o.kind == NORM_NUCLEAR || p == 2) {
        fx_tensor *out[3];
        if (!fx__svd(fx__as(x, FX_F64, where), false, true, out, where)) return NULL;
        fx_tensor *s = out[1];
        if (o.kind == NORM_NUCLEAR)
            s = SUM(s, fx__one_dim(-1), false);
        else
            s = extreme_of(s, -1, o.p > 0, where);
        return fx__as(s, (fx_dtype)x->dtype, where);
    }
    if (p == 1 || isinf(p))
        return extreme_of(SUM(FN(abs, x), fx__one_dim(p == 1 ? -2 : -1), false), -1, o.p > 0, where);
    return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: matrices have no norm of order %g", name, o.p);
}

static fx_tensor *matrix_norm(fx_tensor *x, norm_order o, fx_dims dims, bool keepdim, const char *name,
                              fx_where where)
{
    if (!x || !fx__is_floating(x, name, where)) return NULL;
    if (x->ndim < 2 || dims.count != 2)
        return FX__REFUSE(x, ERROR_SHAPE, where, "%s: takes matrices, in 2 dims, not %d dims of %s", name,
                          dims.count, fx__shape_text(x));
    const int row = fx__dim_in(x, x->ndim, dims.at[0], name, where),
              column = fx__dim_in(x, x->ndim, dims.at[1], name, where);
    if (row < 0 || column < 0) return NULL;
    if (row == column)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: the dims of a matrix are two, not %lld twice", name,
                          (long long)dims.at[0]);
    fx_tensor *y = norm_of_last(with_matrices(x, row, column, where), o, name, where);
    if (!y || !keepdim) return y;
    const int low = row < column ? row : column, high = row < column ? column : row;
    return fx__unsqueeze(fx__unsqueeze(y, low, where), high, where);
}

fx_tensor *fx_linalg_matrix_norm_at(fx_linalg_matrix_norm_args a, fx_where where)
{
    norm_order o;
    if (!a.A || !order_of(a.A, a.ord, &o, "linalg_matrix_norm", where)) return NULL;
    if (o.kind == NORM_NONE) o.kind = NORM_FROBENIUS;
    const fx_dims last = { true, 2, { -2, -1 } };
    return matrix_norm(fx__as(a.A, a.dtype, where), o, a.dims.given ? a.dims : last, a.keepdim,
                       "linalg_matrix_norm", where);
}

fx_tensor *fx_linalg_norm_at(fx_linalg_norm_args a, fx_where where)
{
    norm_order o;
    if (!a.A || !order_of(a.A, a.ord, &o, "linalg_norm", where)) return NULL;
    fx_tensor *x = fx__as(a.A, a.dtype, where);
    if (!x || !fx__is_floating(x, "linalg_norm", where)) return NULL;
    const bool words = o.kind == NORM_FROBENIUS || o.kind == NORM_NUCLEAR;
    if (o.kind != NORM_NONE && !a.dims.given && x->ndim != 1 && x->ndim != 2)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "linalg_norm: of an order without dims takes a vector or a matrix, not %s",
                          fx__shape_text(x));
    if (a.dims.given && a.dims.count != 1 && a.dims.count != 2 && o.kind != NORM_NONE)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "linalg_norm: of an order takes 1 dim or 2, not %d",
                          a.dims.count);
    const int count = a.dims.given ? a.dims.count : x->ndim;
    if (o.kind != NORM_NONE && count == 2)
        return matrix_norm(x, o, a.dims.given ? a.dims : (fx_dims){ true, 2, { 0, 1 } }, a.keepdim,
                           "linalg_norm", where);
    if (words)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "linalg_norm: the order '%s' is of matrices, not of %s",
                          a.ord, fx__shape_text(x));
    return fx_norm_at((fx_norm_args){ .x = x, .p = o.p, .dims = a.dims, .keepdim = a.keepdim }, where);
}

/* ---- condition ---- */

/* |A| |A^-1|, infinite where A is singular. */
static fx_tensor *by_inverse(fx_tensor *x, norm_order o, fx_where where)
{
    fx_tensor *info = NULL, *y = fx_linalg_inv_ex_at((fx_linalg_inv_ex_args){ .A = x, .info = &info }, where);
    if (!y) return NULL;
    fx_tensor *failed = COMPARE(ne, info, 0);
    y = SELECT(fx__of_rows(fx__of_rows(failed, where), where), 0, y);
    y = MUL(norm_of_last(x, o, "linalg_cond", where), norm_of_last(y, o, "linalg_cond", where));
    return SELECT(failed, INFINITY, y);
}

fx_tensor *fx_linalg_cond_at(fx_linalg_cond_args a, fx_where where)
{
    norm_order o;
    if (!a.A || !order_of(a.A, a.p, &o, "linalg_cond", where)) return NULL;
    const bool by_values = o.kind == NORM_NONE || (o.kind == NORM_NUMBER && fabs(o.p) == 2);
    fx_tensor *x = fx__wide_matrices(a.A, !by_values, "linalg_cond", where), *out[3], *y;
    if (!x) return NULL;
    if (x->numel == 0) {
        y = SUM(x, ((fx_dims){ true, 2, { -2, -1 } }), false); /* 0, as PyTorch has it */
    } else if (by_values) {
        if (!fx__svd(x, false, true, out, where)) return NULL;
        fx_tensor *largest = fx__select(out[1], x->ndim - 2, 0, where);
        fx_tensor *least = fx__select(out[1], x->ndim - 2, out[1]->size[x->ndim - 2] - 1, where);
        y = o.p > 0 ? DIV(largest, least) : DIV(least, largest);
    } else {
        if (o.kind == NORM_NUMBER && fabs(o.p) != 1 && !isinf(o.p))
            return FX__REFUSE(x, ERROR_ARGUMENT, where, "linalg_cond: matrices have no norm of order %g",
                              o.p);
        y = by_inverse(x, o, where);
    }
    return fx__as(y, (fx_dtype)a.A->dtype, where);
}

/* ---- records ---- */

FX__CALL(linalg_matrix_norm, fx_linalg_matrix_norm_args)
static const fx_field linalg_matrix_norm_fields[] = {
    FX__FIELD(fx_linalg_matrix_norm_args, A, TENSOR, .torch = "A,input"),
    FX__FIELD(fx_linalg_matrix_norm_args, ord, TEXT, .optional = true),
    FX__FIELD(fx_linalg_matrix_norm_args, dims, DIMS, .torch = "dim", .optional = true),
    FX__FIELD(fx_linalg_matrix_norm_args, keepdim, BOOL, .optional = true),
    FX__FIELD(fx_linalg_matrix_norm_args, dtype, DTYPE, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_linalg_matrix_norm = {
    .name = "linalg_matrix_norm",
    .torch = "linalg.matrix_norm",
    .formula = "fro: the root of the sum of squares; nuc: the sum of singular values; 2, -2: the largest, "
               "the least of "
               "them; 1, -1: the largest, the least sum of magnitudes of a column; inf, -inf: of a row",
    .gradient = "that of what it is made of: amax, amin, svdvals, norm",
    .notes = "shared among ties; the second gradient of nuc, 2 and -2 is not finite where singular values "
             "are equal",
    .fields = linalg_matrix_norm_fields,
    .args_size = sizeof(fx_linalg_matrix_norm_args),
    .call = linalg_matrix_norm_call,
    .samples = "A=(3,3)\nA=(2,4) ord=\"nuc\"\nA=(3,2) ord=\"2\"\nA=(3,3) ord=\"-2\"\nA=(3,2)@distinct "
               "ord=\"1\"\nA=(3,2)@distinct "
               "ord=\"-1\"\nA=(3,2)@distinct ord=\"inf\"\nA=(3,2)@distinct ord=\"-inf\" "
               "keepdim=true\nA=(2,3,2) ord=\"nuc\" "
               "dims=[-1,0]\nA=(2,3,2) ord=\"2\" dims=[2,0] keepdim=true\nA=(2,3,2)@distinct ord=\"1\" "
               "dims=[-1,0]\nA=(2,3,2) "
               "ord=\"fro\" dims=[1,0]\nA=(3,2)f32 dtype=float64\nA=(0,0) ord=\"nuc\"\nA=(0,3)\nA=(3,0) "
               "ord=\"-inf\"\nA=(0,2,2) "
               "ord=\"2\"\nA=(2,2){0,0,0,0}\n! A=()\n! A=(3)\n! A=(2,2)i64\n! A=(2,2) ord=\"3\"\n! A=(2,2) "
               "ord=\"foo\"\n! "
               "A=(2,2) dims=[1,1]\n! A=(2,2) dims=[0]\n! A=(2,2) dims=[0,2]\n",
    .bench = "A=(1024,1024)\nA=(1024,1024) ord=\"1\"\nA=(128,128) ord=\"nuc\"\n",
    .unavailable = FX__LAPACK_MISSING,
};

FX__CALL(linalg_norm, fx_linalg_norm_args)
static const fx_field linalg_norm_fields[] = {
    FX__FIELD(fx_linalg_norm_args, A, TENSOR, .torch = "A,input"),
    FX__FIELD(fx_linalg_norm_args, ord, TEXT, .optional = true),
    FX__FIELD(fx_linalg_norm_args, dims, DIMS, .torch = "dim", .optional = true),
    FX__FIELD(fx_linalg_norm_args, keepdim, BOOL, .optional = true),
    FX__FIELD(fx_linalg_norm_args, dtype, DTYPE, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_linalg_norm = {
    .name = "linalg_norm",
    .torch = "linalg.norm",
    .formula =
        "without an order, the root of the sum of squares; of one dim, norm; of two, linalg_matrix_norm",
    .gradient = "as norm's, as linalg_matrix_norm's",
    .fields = linalg_norm_fields,
    .args_size = sizeof(fx_linalg_norm_args),
    .call = linalg_norm_call,
    .samples = "A=()\nA=(2,3,2)\nA=(5) ord=\"3.5\"\nA=(5) ord=\"0.5\"\nA=(5)@distinct "
               "ord=\"inf\"\nA=(4)@nonzero ord=\"-1\"\n"
               "A=(3,3) ord=\"nuc\"\nA=(3,2) ord=\"2\" keepdim=true\nA=(3,2)@distinct ord=\"1\"\nA=(3,2) "
               "ord=\"2\" dims=1\n"
               "A=(2,3,2) ord=\"fro\" dims=[0,2]\nA=(2,3,2) dims=[0,2] "
               "keepdim=true\nA=(3){0,0,0}\nA=(0)\nA=(0,3)\nA=(0,3) "
               "ord=\"nuc\"\nA=(5) ord=\"0\"\n! A=() ord=\"fro\"\n! A=(2,2)i64\n! A=(2,2,2) ord=\"2\"\n! "
               "A=(3) ord=\"nuc\"\n! A=(3) "
               "ord=\"x\"\n! A=(2,2) ord=\"0.5\"\n",
    .bench = "A=(1000000)\nA=(1000,1000)\n",
    .unavailable = FX__LAPACK_MISSING,
};

FX__CALL(linalg_cond, fx_linalg_cond_args)
static const fx_field linalg_cond_fields[] = { FX__FIELD(fx_linalg_cond_args, A, TENSOR, .torch = "A,input"),
                                               FX__FIELD(fx_linalg_cond_args, p, TEXT, .optional = true),
                                               FX__FIELDS_END };
const fx_function fx__function_linalg_cond = {
    .name = "linalg_cond",
    .torch = "linalg.cond",
    .formula = "the largest over the least singular value; p -2: the other way round; other orders of "
               "matrix_norm: |A| "
               "|A^-1|",
    .gradient = "that of what it is made of",
    .notes = "infinite where A is singular",
    .fields = linalg_cond_fields,
    .args_size = sizeof(fx_linalg_cond_args),
    .call = linalg_cond_call,
    .samples = "A=(2,2)\nA=(3,2)\nA=(2,3,3)\nA=(3,3) p=\"-2\"\nA=(2,1,2,2) "
               "p=\"2\"\nA=(0,2,2)\nA=(0,0)\nA=(3,3) p=\"fro\"\nA=(2,2) p=\"nuc\"\n"
               "A=(2,2,2)@distinct p=\"1\"\nA=(3,3)@distinct p=\"-inf\"\nA=~(2,2){1,2,2,4} p=\"1\"\n! "
               "A=()\n! A=(3)\n! A=(2,2)i64\n! A=(2,3) p=\"1\"\n! A=(2,2) p=\"3\"\n",
    .bench = "A=(128,128)\n",
    .unavailable = FX__LAPACK_MISSING,
};
