/* Powers: of matrices, by repeated squares, and of numbers side by side, the matrix of Vandermonde. */
#include "lanes.h"
#include "solve.h"

FX__INVERSE_OP(linalg_matrix_power)

/* ---- matrices ---- */

fx_tensor *fx_linalg_matrix_power_at(fx_linalg_matrix_power_args args, fx_where where)
{
    fx_tensor *x = args.A;
    if (!x) return NULL;
    if (x->ndim < 2 || fx__matrix_rows(x) != fx__matrix_columns(x))
        return FX__REFUSE(x, ERROR_SHAPE, where, "linalg_matrix_power: A must be square matrices: %s",
                          fx__shape_text(x));
    if (!fx_dtype_is_float((fx_dtype)x->dtype))
        return FX__REFUSE(x, ERROR_DTYPE, where, "linalg_matrix_power: A must be float32 or float64, not %s",
                          fx_dtype_name((fx_dtype)x->dtype));
    uint64_t n = args.n < 0 ? 0 - (uint64_t)args.n : (uint64_t)args.n;
    if (n == 0) {
        fx_tensor *y = fx__identity(x, fx__matrix_rows(x), fx__matrix_rows(x), where);
        return y ? fx_clone_at(fx__expand(y, x->ndim, x->size, where), where) : NULL;
    }
    if (args.n < 0 && !(x = fx__inverse_for(&linalg_matrix_power_op, x, where))) return NULL;
    if (args.n == 1) return fx_clone_at(x, where);
    fx_tensor *y = NULL;
    for (;; n >>= 1) {
        if (n & 1) y = y ? fx_matmul_at(y, x, where) : x;
        if (n == 1) return y;
        x = fx_matmul_at(x, x, where);
    }
}

/* ---- numbers ---- */

fx_tensor *fx_linalg_vander_at(fx_linalg_vander_args args, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x) return NULL;
    const int64_t length = x->ndim ? x->size[x->ndim - 1] : 1,
                  n = args.N == FX_VANDER_SQUARE ? length : args.N;
    if (n <= 1 || x->ndim == FX_MAX_DIMS)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "linalg_vander: N must be more than 1, not %lld: %s",
                          (long long)n, fx__shape_text(x));
    if (x->ndim == 0) x = fx__unsqueeze(x, 0, where);
    if (!x || !(x = fx__unsqueeze(x, x->ndim, where))) return NULL;
    fx__sizes sizes = fx__sizes_of(x);
    sizes.at[sizes.ndim - 1] = 1;
    fx_dims one = { .given = true, .count = sizes.ndim };
    memcpy(one.at, sizes.at, sizeof(int64_t) * (size_t)sizes.ndim);
    const fx_dtype dtype = fx_dtype_is_float((fx_dtype)x->dtype) ? (fx_dtype)x->dtype : FX_I64;
    x = fx__as(x, dtype, where);
    sizes.at[sizes.ndim - 1] = n - 1;
    fx_tensor *ones = fx_full_at(args.x->cx, dtype, 1, one, where);
    fx_tensor *powers = x ? fx_cumprod_at((fx_cumprod_args){ .x = fx__expand(x, sizes.ndim, sizes.at, where),
                                                             .dim = sizes.ndim - 1 },
                                          where)
                          : NULL;
    if (!ones || !powers) return NULL;
    return fx__join((fx_list){ 2, (fx_tensor *[]){ ones, powers } }, sizes.ndim - 1, false, where);
}

/* ---- records ---- */

FX__CALL(linalg_matrix_power, fx_linalg_matrix_power_args)
static const fx_field linalg_matrix_power_fields[] = {
    FX__FIELD(fx_linalg_matrix_power_args, A, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_linalg_matrix_power_args, n, INT), FX__FIELDS_END
};
const fx_function fx__function_linalg_matrix_power = {
    .name = "linalg_matrix_power",
    .torch = "linalg.matrix_power,matrix_power",
    .formula = "A^n, of the inverse if n is negative, the identity if it is 0",
    .gradient = "that of the products",
    .notes = "of a singular matrix a negative power is an error",
    .fields = linalg_matrix_power_fields,
    .args_size = sizeof(fx_linalg_matrix_power_args),
    .call = linalg_matrix_power_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = "A=(3,3) n=2\n"
               "A=(3,3) n=1\n"
               "A=(3,3) n=0\n"
               "A=(3,3) n=3\n"
               "A=(2,2) n=6\n"
               "A=(2,2)@dom n=7\n"
               "A=(1,1)@nonzero n=-2\n"
               "A=(3,3)@dom n=-1\n"
               "A=(2,2)@dom n=-3\n"
               "A=(2,3,3) n=2\n"
               "A=(0,0) n=3\n"
               "A=(0,0) n=0\n"
               "A=(0,2,2) n=-2\n"
               "A=(2,0,0) n=-1\n"
               "! A=() n=2\n"
               "! A=(4) n=2\n"
               "! A=(2,3) n=2\n"
               "! A=(2,2)@zero n=-1\n"
               "! A=(2,2)i64 n=2\n",
    .bench = "A=(256,256)@dom n=5\n",
};

FX__CALL(linalg_vander, fx_linalg_vander_args)
static const fx_linalg_vander_args vander_defaults = { .N = FX_VANDER_SQUARE };
static const fx_field linalg_vander_fields[] = {
    FX__FIELD(fx_linalg_vander_args, x, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_linalg_vander_args, N, INT, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_vander = {
    .name = "linalg_vander",
    .torch = "linalg.vander",
    .formula = "y[..., i, k] = x[..., i]^k, 0 <= k < N",
    .gradient = "sum_k k x^(k - 1) g[..., k]",
    .notes = "as many powers as x has numbers, unless N says otherwise; of integers int64",
    .fields = linalg_vander_fields,
    .args_size = sizeof(fx_linalg_vander_args),
    .defaults = &vander_defaults,
    .call = linalg_vander_call,
    .samples = "x=(4)\n"
               "x=(3) N=5\n"
               "x=(5) N=2\n"
               "x=(2,3)\n"
               "x=(2,1,2) N=3\n"
               "x=(3){0,1,-2} N=4\n"
               "x=() N=3\n"
               "x=(0,3)\n"
               "x=(0) N=2\n"
               "x=(3)i64 N=3\n"
               "x=(3)i32\n"
               "! x=()\n"
               "! x=(3) N=1\n"
               "! x=(3) N=-1\n"
               "! x=(0)\n"
               "! x=(2,1)\n",
    .bench = "x=(1000) N=1000\n",
};
