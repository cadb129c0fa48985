/* Inverses: of matrices, and of tensors seen as matrices.
 *
 * The gradient needs the inverse alone.
 */
#include "solve.h"

bool fx__inverse_shape(const fx_call *c, fx_spec *y)
{
    if (!fx__are_square(c, c->x[0], "A")) return false;
    fx__spec_of_stack(c->x[0], FX_I32, &y[1]);
    return true;
}

typedef struct job {
    bool f64;
    fx__matrices a, y;
} job;

static int invert(const void *data, int64_t k, char *work)
{
    const job *j = data;
    const int n = (int)j->a.rows, ld = fx__leading(n);
    const bool f64 = j->f64;
    char *a = work, *more = a + fx__room((int64_t)n * n, f64);
    int32_t *pivots = (int32_t *)(void *)(more + fx__room((int64_t)n * FX__GETRI_WORK, f64));
    fx__matrix_read(&j->a, k, f64, a, ld);
    const int info = fx__getrf(f64, n, n, a, ld, pivots);
    if (info) return fx__no_matrix(&j->y, k, info);
    fx__getri(f64, n, a, ld, pivots, more);
    fx__matrix_write(&j->y, k, f64, a, ld);
    return 0;
}

void fx__inverse_forward(const fx_call *c)
{
    const job j = { fx__computes_f64(c->y), fx__matrices_of(c->x[0], -1, NULL),
                    fx__matrices_of(c->y, -1, NULL) };
    const int64_t n = j.a.rows;
    int32_t *infos = (int32_t *)(void *)c->ys[1]->data;
    const size_t bytes = fx__room(n * n, j.f64) + fx__room(n * FX__GETRI_WORK, j.f64) + fx__room(n, false);
    if (n == 0) memset(infos, 0, sizeof *infos * (size_t)c->ys[1]->numel);
    if (n)
        fx__each_matrix(c, fx__stack_count(c->y), bytes, (double)n * (double)n * (double)n, invert, &j,
                        infos);
}

void fx__inverse_checked_forward(const fx_call *c)
{
    fx__inverse_forward(c);
    fx__check_infos(c, c->ys[1], FX__SINGULAR);
}

/* dA = -Y^T g Y^T. */
void fx__inverse_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx_where w = c->where;
    if (!g) return;
    fx_tensor *t = fx_mT_at(c->y, w);
    gx[0] = fx_neg_at(fx_matmul_at(fx_matmul_at(t, g, w), t, w), w);
}

FX__INVERSE_OP(linalg_inv)
FX__INVERSE_OP_AS(linalg_inv_ex, fx__inverse_forward)
FX__INVERSE_OP(linalg_tensorinv)

fx_tensor *fx__inverse_for(const fx_op *op, fx_tensor *a, fx_where where)
{
    return a ? fx_apply_at(op, (fx_list){ 1, &a }, NULL, NULL, where) : NULL;
}

fx_tensor *fx__inverse(fx_tensor *a, fx_where where) { return fx__inverse_for(&linalg_inv_ex_op, a, where); }

fx_tensor *fx_linalg_inv_at(fx_tensor *A, fx_where where)
{
    return fx__inverse_for(&linalg_inv_op, A, where);
}

fx_tensor *fx_linalg_inv_ex_at(fx_linalg_inv_ex_args args, fx_where where)
{
    fx_tensor *ys[2];
    if (!args.A || !fx_apply_at(&linalg_inv_ex_op, (fx_list){ 1, &args.A }, NULL, ys, where)) return NULL;
    if (args.check_errors && !fx__check_infos_at("linalg_inv_ex", ys[1], FX__SINGULAR, where)) return NULL;
    if (args.info) *args.info = ys[1];
    return ys[0];
}

fx_tensor *fx_linalg_tensorinv_at(fx_linalg_tensorinv_args args, fx_where where)
{
    fx_tensor *a = args.A;
    if (!a) return NULL;
    if (args.ind <= 0 || args.ind > a->ndim)
        return FX__REFUSE(a, ERROR_ARGUMENT, where, "linalg_tensorinv: ind is %lld, not 1 to %d: %s",
                          (long long)args.ind, a->ndim, fx__shape_text(a));
    const int ind = (int)args.ind;
    const int64_t rows = fx__product(a->size, 0, ind), columns = fx__product(a->size, ind, a->ndim);
    if (rows != columns)
        return FX__REFUSE(
            a, ERROR_SHAPE, where,
            "linalg_tensorinv: the sizes before dimension %d multiply to %lld, those from it on "
            "to %lld: %s",
            ind, (long long)rows, (long long)columns, fx__shape_text(a));
    fx__sizes to = { .ndim = a->ndim };
    for (int d = 0; d < a->ndim; d++) to.at[d] = a->size[(d + ind) % a->ndim];
    fx_tensor *y = fx__inverse_for(&linalg_tensorinv_op,
                                   fx__reshape(a, 2, (const int64_t[]){ rows, columns }, where), where);
    return y ? fx__reshape(y, to.ndim, to.at, where) : NULL;
}

/* ---- records ---- */

typedef struct inv_args {
    fx_tensor *A;
} inv_args;

#define INVERSE_SAMPLES                                                                                      \
    "A=(3,3)\n"                                                                                              \
    "A=(1,1)@nonzero\n"                                                                                      \
    "A=(2,2){1,2,3,4}\n"                                                                                     \
    "A=(5,5)\n"                                                                                              \
    "A=(12,12)@spd\n"                                                                                        \
    "A=(2,3,3)\n"                                                                                            \
    "A=(2,1,2,2)@spd\n"                                                                                      \
    "A=(3,3){0,1,0,0,0,1,1,0,0}\n"                                                                           \
    "A=(2,2){1e4,1,1,1.01e-4}\n"                                                                             \
    "A=(3,3){1e-6,2,3,4e-6,5,6,7e-6,8,10}\n"                                                                 \
    "A=(0,0)\n"                                                                                              \
    "A=(0,3,3)\n"                                                                                            \
    "A=(2,0,0)\n"                                                                                            \
    "! A=()\n"                                                                                               \
    "! A=(4)\n"                                                                                              \
    "! A=(2,3)\n"                                                                                            \
    "! A=(2,2)i64\n"

FX__PLAIN(linalg_inv, inv_args, a->A)
static const fx_field linalg_inv_fields[] = { FX__FIELD(inv_args, A, TENSOR, .torch = "input,self"),
                                              FX__FIELDS_END };
const fx_function fx__function_linalg_inv = {
    .name = "linalg_inv",
    .torch = "linalg.inv,inverse",
    .formula = "Y = A^-1",
    .gradient = "dL/dA = -Y^T g Y^T",
    .notes = "a singular matrix is an error",
    .fields = linalg_inv_fields,
    .args_size = sizeof(inv_args),
    .call = linalg_inv_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = INVERSE_SAMPLES "! A=(2,2){1,2,2,4}\n! A=(3,1,1){1,0,2}\n! A=(2,2)@zero\n",
    .bench = "A=(256,256)@dom\n",
};

static int linalg_inv_ex_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_linalg_inv_ex_args a = *(const fx_linalg_inv_ex_args *)args;
    a.info = &out[1];
    out[0] = fx_linalg_inv_ex_at(a, where);
    return out[0] ? 2 : 0;
}
static const fx_field linalg_inv_ex_fields[] = {
    FX__FIELD(fx_linalg_inv_ex_args, A, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_linalg_inv_ex_args, check_errors, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_inv_ex = {
    .name = "linalg_inv_ex",
    .torch = "linalg.inv_ex",
    .formula = "Y = A^-1, and the place of the first pivot that is zero, or 0",
    .gradient = "dL/dA = -Y^T g Y^T",
    .notes = "where info is not 0, Y is NaN",
    .fields = linalg_inv_ex_fields,
    .args_size = sizeof(fx_linalg_inv_ex_args),
    .call = linalg_inv_ex_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = INVERSE_SAMPLES "A=(3,3) check_errors=true\n! A=(2,2){1,2,2,4} check_errors=true\n",
    .bench = "A=(256,256)@dom\n",
};

FX__CALL(linalg_tensorinv, fx_linalg_tensorinv_args)
static const fx_linalg_tensorinv_args tensorinv_defaults = { .ind = 2 };
static const fx_field linalg_tensorinv_fields[] = {
    FX__FIELD(fx_linalg_tensorinv_args, A, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_linalg_tensorinv_args, ind, INT, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_tensorinv = {
    .name = "linalg_tensorinv",
    .torch = "linalg.tensorinv",
    .formula = "the inverse of A seen as a matrix: rows before dimension ind, columns from it on",
    .gradient = "that of the inverse, dL/dA = -Y^T g Y^T",
    .notes = "a singular matrix is an error",
    .fields = linalg_tensorinv_fields,
    .args_size = sizeof(fx_linalg_tensorinv_args),
    .defaults = &tensorinv_defaults,
    .call = linalg_tensorinv_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = "A=(2,2,4)\n"
               "A=(4,2,2) ind=1\n"
               "A=(2,3,3,2)\n"
               "A=(1) ind=1\n"
               "A=(2,3,6,1) ind=2\n"
               "A=(0,2,0)\n"
               "! A=()\n"
               "! A=(2,2) ind=0\n"
               "! A=(2,2) ind=-1\n"
               "! A=(2,3,5)\n"
               "! A=(2,2) ind=3\n"
               "! A=(2,2,4)@zero\n"
               "! A=(2,2,4)i64\n",
    .bench = "A=(16,16,256)\n",
};
