/* The registry's records of ops/lu.c. */
#include "matrices.h"

#define LU_SAMPLES                                                                                           \
    "A=(3,3)\n"                                                                                              \
    "A=(1,1)\n"                                                                                              \
    "A=(3,5)\n"                                                                                              \
    "A=(5,3)\n"                                                                                              \
    "A=(1,3)@nonzero\n"                                                                                      \
    "A=(3,1)@nonzero\n"                                                                                      \
    "A=(2,3,3)\n"                                                                                            \
    "A=(2,1,2,3)\n"                                                                                          \
    "A=(2,1,3,2)\n"                                                                                          \
    "A=(8,8)@spd\n"                                                                                          \
    "A=(0,0)\n"                                                                                              \
    "A=(0,3)\n"                                                                                              \
    "A=(3,0)\n"                                                                                              \
    "A=(0,3,3)\n"                                                                                            \
    "! A=()\n"                                                                                               \
    "! A=(4)\n"                                                                                              \
    "! A=(2,2) pivot=false\n"                                                                                \
    "! A=(2,2)i64\n"
#define LU_GRADIENT                                                                                          \
    "dL/dA = P L^-T (tril(L^T gL, -1) + triu(gU U^T)) U^-T if A is square, and likewise if it is not"
#define LU_NOTES "pivots are what LAPACK's getrf chooses; factors without pivots are refused"

static const fx_linalg_lu_args lu_defaults = { .pivot = true };
static const fx_linalg_lu_factor_args lu_factor_defaults = { .pivot = true };
static const fx_linalg_lu_factor_ex_args lu_factor_ex_defaults = { .pivot = true };
static const fx_lu_unpack_args lu_unpack_defaults = { .unpack_data = true, .unpack_pivots = true };
static const fx_linalg_lu_solve_args lu_solve_defaults = { .left = true };

static int linalg_lu_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_linalg_lu_args a = *(const fx_linalg_lu_args *)args;
    a.L = &out[1], a.U = &out[2];
    out[0] = fx_linalg_lu_at(a, where);
    return out[0] ? 3 : 0;
}
static const fx_field linalg_lu_fields[] = { FX__FIELD(fx_linalg_lu_args, A, TENSOR, .torch = "input,self"),
                                             FX__FIELD(fx_linalg_lu_args, pivot, BOOL, .optional = true),
                                             FX__FIELDS_END };
const fx_function fx__function_linalg_lu = {
    .name = "linalg_lu",
    .torch = "linalg.lu",
    .formula = "P, L, U of A = P L U",
    .gradient = LU_GRADIENT,
    .notes = LU_NOTES,
    .fields = linalg_lu_fields,
    .args_size = sizeof(fx_linalg_lu_args),
    .defaults = &lu_defaults,
    .call = linalg_lu_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = LU_SAMPLES,
    .bench = "A=(256,256)@dom\n",
};

static int linalg_lu_factor_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_linalg_lu_factor_args a = *(const fx_linalg_lu_factor_args *)args;
    a.pivots = &out[1];
    out[0] = fx_linalg_lu_factor_at(a, where);
    return out[0] ? 2 : 0;
}
static const fx_field linalg_lu_factor_fields[] = {
    FX__FIELD(fx_linalg_lu_factor_args, A, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_linalg_lu_factor_args, pivot, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_lu_factor = {
    .name = "linalg_lu_factor",
    .torch = "linalg.lu_factor",
    .formula =
        "L, without its diagonal of ones, and U of A = P L U in one matrix, and pivots: row i was swapped "
        "with row pivots[i], counted from 1",
    .gradient = LU_GRADIENT,
    .notes = LU_NOTES "; a zero on the diagonal of U is an error",
    .fields = linalg_lu_factor_fields,
    .args_size = sizeof(fx_linalg_lu_factor_args),
    .defaults = &lu_factor_defaults,
    .call = linalg_lu_factor_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = LU_SAMPLES "! A=(2,2){1,2,2,4}\n! A=(2,1,1){1,0}\n",
    .bench = "A=(256,256)@dom\n",
};

static int linalg_lu_factor_ex_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_linalg_lu_factor_ex_args a = *(const fx_linalg_lu_factor_ex_args *)args;
    a.pivots = &out[1], a.info = &out[2];
    out[0] = fx_linalg_lu_factor_ex_at(a, where);
    return out[0] ? 3 : 0;
}
static const fx_field linalg_lu_factor_ex_fields[] = {
    FX__FIELD(fx_linalg_lu_factor_ex_args, A, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_linalg_lu_factor_ex_args, pivot, BOOL, .optional = true),
    FX__FIELD(fx_linalg_lu_factor_ex_args, check_errors, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_lu_factor_ex = {
    .name = "linalg_lu_factor_ex",
    .torch = "linalg.lu_factor_ex",
    .formula = "what linalg_lu_factor gives, and the place of the first zero on U's diagonal, or 0",
    .gradient = LU_GRADIENT,
    .notes = LU_NOTES,
    .fields = linalg_lu_factor_ex_fields,
    .args_size = sizeof(fx_linalg_lu_factor_ex_args),
    .defaults = &lu_factor_ex_defaults,
    .call = linalg_lu_factor_ex_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = LU_SAMPLES "A=(3,3) check_errors=true\n! A=(2,2){1,2,2,4} check_errors=true\n",
    .bench = "A=(256,256)@dom\n",
};

static int lu_unpack_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_lu_unpack_args a = *(const fx_lu_unpack_args *)args;
    a.L = &out[1], a.U = &out[2];
    out[0] = fx_lu_unpack_at(a, where);
    return out[0] ? 3 : 0;
}
static const fx_field lu_unpack_fields[] = {
    FX__FIELD(fx_lu_unpack_args, LU, TENSOR, .torch = "LU_data"),
    FX__FIELD(fx_lu_unpack_args, pivots, TENSOR, .torch = "LU_pivots"),
    FX__FIELD(fx_lu_unpack_args, unpack_data, BOOL, .optional = true),
    FX__FIELD(fx_lu_unpack_args, unpack_pivots, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_lu_unpack = {
    .name = "lu_unpack",
    .torch = "lu_unpack",
    .formula = "P, L, U of what linalg_lu_factor gave",
    .gradient = "tril(gL, -1) + triu(gU)",
    .notes = "what is not unpacked comes as a tensor without numbers",
    .fields = lu_unpack_fields,
    .args_size = sizeof(fx_lu_unpack_args),
    .defaults = &lu_unpack_defaults,
    .call = lu_unpack_call,
    .samples = "LU=(3,3) pivots=(3)i32{2,3,3}\n"
               "LU=(3,5) pivots=(3)i32{3,2,3}\n"
               "LU=(5,3) pivots=(3)i32{5,2,4}\n"
               "LU=(2,2,2) pivots=(2,2)i32{1,2,2,2}\n"
               "LU=(3,3) pivots=(3)i32{1,1,1}\n"
               "LU=(3,3) pivots=(3)i32{3,3,3} unpack_data=false\n"
               "LU=(3,3) pivots=(3)i32{3,3,3} unpack_pivots=false\n"
               "LU=(0,0) pivots=(0)i32\n"
               "LU=(0,2,2) pivots=(0,2)i32\n"
               "! LU=() pivots=()i32{1}\n"
               "! LU=(3,3) pivots=(3)i64{1,2,3}\n"
               "! LU=(3,3) pivots=(2)i32{1,2}\n"
               "! LU=(3,3) pivots=(3)i32{0,1,2}\n"
               "! LU=(3,3) pivots=(3)i32{4,1,2}\n"
               "! LU=(2,2,2) pivots=(3,2)i32@const:1\n"
               "! LU=(2,2)i64 pivots=(2)i32{1,2}\n",
    .bench = "LU=(16,256,256) pivots=(16,256)i32@const:256\n",
};

FX__CALL(linalg_lu_solve, fx_linalg_lu_solve_args)
static const fx_field linalg_lu_solve_fields[] = {
    FX__FIELD(fx_linalg_lu_solve_args, LU, TENSOR),
    FX__FIELD(fx_linalg_lu_solve_args, pivots, TENSOR),
    FX__FIELD(fx_linalg_lu_solve_args, B, TENSOR),
    FX__FIELD(fx_linalg_lu_solve_args, left, BOOL, .optional = true),
    FX__FIELD(fx_linalg_lu_solve_args, adjoint, BOOL, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_linalg_lu_solve = {
    .name = "linalg_lu_solve",
    .torch = "linalg.lu_solve",
    .formula = "X of A X = B, or of X A = B unless left, A or, with adjoint, A^T given by linalg_lu_factor",
    .gradient = "that of two triangular systems and swaps of rows",
    .fields = linalg_lu_solve_fields,
    .args_size = sizeof(fx_linalg_lu_solve_args),
    .defaults = &lu_solve_defaults,
    .call = linalg_lu_solve_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = "LU=(3,3)@spd pivots=(3)i32{2,3,3} B=(3,2)\n"
               "LU=(3,3)@spd pivots=(3)i32{2,3,3} B=(3,2) adjoint=true\n"
               "LU=(3,3)@spd pivots=(3)i32{3,2,3} B=(2,3) left=false\n"
               "LU=(3,3)@spd pivots=(3)i32{2,3,3} B=(2,3) left=false adjoint=true\n"
               "LU=(1,1)@pos pivots=(1)i32{1} B=(1,3)\n"
               "LU=(2,2,2)@spd pivots=(2,2)i32{1,2,2,2} B=(2,2,1)\n"
               "LU=(2,2,2)@spd pivots=(2,2)i32{1,2,2,2} B=(2,3)\n"
               "LU=(2,2)@spd pivots=(2)i32{2,2} B=(2,2,1) adjoint=true\n"
               "LU=(0,0) pivots=(0)i32 B=(0,2)\n"
               "LU=(2,2)@spd pivots=(2)i32{2,2} B=(2,0)\n"
               "LU=(0,2,2) pivots=(0,2)i32 B=(0,2,1)\n"
               "! LU=() pivots=()i32{1} B=()\n"
               "! LU=(2,2) pivots=(2)i32{1,2} B=(2)\n"
               "! LU=(2,3) pivots=(2)i32{1,2} B=(2,1)\n"
               "! LU=(2,2) pivots=(2)i32{1,2} B=(3,1)\n"
               "! LU=(2,2) pivots=(2)i32{1,2} B=(2,1) left=false\n"
               "! LU=(2,2) pivots=(2)i32{1,3} B=(2,1)\n"
               "! LU=(2,2) pivots=(2)i64{1,2} B=(2,1)\n"
               "! LU=(2,2,2) pivots=(2,2)i32@const:1 B=(3,2,1)\n"
               "! LU=(2,2)f32 pivots=(2)i32{1,2} B=(2,1)f64\n"
               "! LU=(2,2)i64 pivots=(2)i32{1,2} B=(2,1)i64\n",
    .bench = "LU=(256,256)@dom pivots=(256)i32@const:256 B=(256,256)\n",
};
