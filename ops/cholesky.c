/* Cholesky: A = L L^T, and what is solved and inverted with L.
 *
 * One op factors; the functions of L alone are made of triangular solves.
 */
#include "triangular.h"

#define NOT_POSITIVE "the matrix is not positive definite: its leading minor of order # is not positive"

/* ---- the op: L and LAPACK's info ---- */

static bool cholesky_shape(const fx_call *c, fx_spec *y)
{
    if (!fx__are_square(c, c->x[0], "A")) return false;
    fx__spec_of_stack(c->x[0], FX_I32, &y[1]);
    return true;
}

typedef struct job {
    bool f64;
    fx__matrices a, l;
} job;

static int factor(const void *data, int64_t k, char *work)
{
    const job *j = data;
    const int n = (int)j->a.rows, ld = fx__leading(n);
    const size_t width = j->f64 ? sizeof(double) : sizeof(float);
    fx__matrix_read(&j->a, k, j->f64, work, ld);
    const int info = fx__potrf(j->f64, n, work, ld);
    for (int column = 1; column < n; column++)
        memset(work + (size_t)column * (size_t)ld * width, 0, (size_t)column * width);
    fx__matrix_write(&j->l, k, j->f64, work, ld);
    return info;
}

static void cholesky_forward(const fx_call *c)
{
    const job j = { fx__computes_f64(c->y), fx__matrices_of(c->x[0], -1, NULL),
                    fx__matrices_of(c->y, -1, NULL) };
    const int64_t n = j.a.rows;
    fx__each_matrix(c, fx__stack_count(c->y), fx__room(n * n, j.f64), (double)n * (double)n * (double)n / 6,
                    factor, &j, (int32_t *)(void *)c->ys[1]->data);
}

/* The same, and an info that is not 0 is an error. */
static void cholesky_checked_forward(const fx_call *c)
{
    cholesky_forward(c);
    fx__check_infos(c, c->ys[1], NOT_POSITIVE);
}

/* The symmetric part of the lower triangle, the diagonal being halved. */
static fx_tensor *symmetric_half(fx_tensor *x, fx_where w)
{
    fx_tensor *below = fx_tril_at((fx_triangle_args){ x, -1 }, w);
    fx_tensor *low = fx_tril_at((fx_triangle_args){ x, 0 }, w);
    fx_tensor *sum = fx_add_at(fx_operand_tensor(low), fx_operand_tensor(fx_mT_at(below, w)), w);
    return fx_mul_at(fx_operand_tensor(sum), fx_operand_number(0.5), w);
}

/* dA = L^-T S L^-1, S = the symmetric half of L^T g. */
static void cholesky_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx_where w = c->where;
    fx_tensor *l = c->y;
    if (!g) return;
    fx_tensor *s = symmetric_half(fx_matmul_at(fx_mT_at(l, w), g, w), w);
    fx_tensor *left = fx__solve_triangular(l, s, false, true, false, w);
    fx_tensor *right = fx__solve_triangular(l, fx_mT_at(left, w), false, true, false, w);
    gx[0] = right;
}

#define CHOLESKY_OP(function, run)                                                                           \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = "A = y y^T, y a lower triangle",                         \
                                         .inputs = 1,                                                        \
                                         .outputs = 2,                                                       \
                                         .captures = FX_CAPTURE_Y,                                           \
                                         .strided = true,                                                    \
                                         .shape = cholesky_shape,                                            \
                                         .forward = run,                                                     \
                                         .local_grad = cholesky_local_grad };
CHOLESKY_OP(linalg_cholesky, cholesky_checked_forward)
CHOLESKY_OP(linalg_cholesky_ex, cholesky_forward)

/* The upper triangle of A is the lower one of A^T, and U is the transpose of that one's L. */
static fx_tensor *cholesky(const fx_op *op, fx_tensor *a, bool upper, fx_tensor **info, fx_where where)
{
    fx_tensor *ys[2];
    if (!a) return NULL;
    if (upper && a->ndim >= 2) a = fx_mT_at(a, where);
    if (!a || !fx_apply_at(op, (fx_list){ 1, &a }, NULL, ys, where)) return NULL;
    if (info) *info = ys[1];
    return upper ? fx_mT_at(ys[0], where) : ys[0];
}

fx_tensor *fx_linalg_cholesky_at(fx_linalg_cholesky_args args, fx_where where)
{
    return cholesky(&linalg_cholesky_op, args.A, args.upper, NULL, where);
}

fx_tensor *fx_linalg_cholesky_ex_at(fx_linalg_cholesky_ex_args args, fx_where where)
{
    fx_tensor *info = NULL, *y = cholesky(&linalg_cholesky_ex_op, args.A, args.upper, &info, where);
    if (!y || (args.check_errors && !fx__check_infos_at("linalg_cholesky_ex", info, NOT_POSITIVE, where)))
        return NULL;
    if (args.info) *args.info = info;
    return y;
}

/* ---- solving and inverting with the factor ---- */

/* Whether a factor of A is one: what the triangular solves within would report by their own name. */
static bool is_factor(const char *name, const fx_tensor *l, fx_where where)
{
    if (!fx_dtype_is_float((fx_dtype)l->dtype))
        fx_error_set(l->cx, FX_ERROR_DTYPE, where, "%s: L must be float32 or float64, not %s", name,
                     fx_dtype_name((fx_dtype)l->dtype));
    else if (l->ndim < 2 || fx__matrix_rows(l) != fx__matrix_columns(l))
        fx_error_set(l->cx, FX_ERROR_SHAPE, where, "%s: L must be square matrices: %s", name,
                     fx__shape_text(l));
    else
        return true;
    return false;
}

/* L L^T X = B, or U^T U X = B. */
static fx_tensor *solve_with(fx_tensor *l, fx_tensor *b, bool upper, fx_where where)
{
    fx_tensor *z = fx__solve_triangular(l, b, upper, upper, false, where);
    return fx__solve_triangular(l, z, upper, !upper, false, where);
}

fx_tensor *fx_cholesky_solve_at(fx_cholesky_solve_args args, fx_where where)
{
    fx_tensor *b = args.B, *l = args.L;
    if (!b || !l || !is_factor("cholesky_solve", l, where)) return NULL;
    if (b->ndim < 2 || fx__matrix_rows(b) != fx__matrix_rows(l) || b->dtype != l->dtype)
        return FX__REFUSE(
            b, ERROR_SHAPE, where,
            "cholesky_solve: B and L must be matrices of as many rows and of one dtype: %s %s x %s "
            "%s",
            fx_dtype_name((fx_dtype)b->dtype), fx__shape_text(b), fx_dtype_name((fx_dtype)l->dtype),
            fx__shape_text(l));
    return fx__stacks_broadcast("cholesky_solve", b, l, where) ? solve_with(l, b, args.upper, where) : NULL;
}

/* (L L^T)^-1 = M^T M, M = L^-1; (U^T U)^-1 = M M^T. */
fx_tensor *fx_cholesky_inverse_at(fx_cholesky_inverse_args args, fx_where where)
{
    fx_tensor *l = args.L;
    if (!l || !is_factor("cholesky_inverse", l, where)) return NULL;
    const int64_t n = fx__matrix_rows(l);
    fx_tensor *m = fx__solve_triangular(l, fx__identity(l, n, n, where), args.upper, false, false, where);
    fx_tensor *t = m ? fx_mT_at(m, where) : NULL;
    return args.upper ? fx_matmul_at(m, t, where) : fx_matmul_at(t, m, where);
}

/* ---- records ---- */

#define CHOLESKY_SAMPLES                                                                                     \
    "A=(3,3)@spd\n"                                                                                          \
    "A=(3,3)@spd upper=true\n"                                                                               \
    "A=(1,1)@pos\n"                                                                                          \
    "A=(2,2){2,1,1,3}\n"                                                                                     \
    "A=(2,3,3)@spd\n"                                                                                        \
    "A=(2,1,2,2)@spd upper=true\n"                                                                           \
    "A=(8,8)@spd\n"                                                                                          \
    "A=(3,3){1e8,1,2e4,1,2,3e-4,2e4,3e-4,8}\n"                                                               \
    "A=(0,0)\n"                                                                                              \
    "A=(0,3,3)\n"                                                                                            \
    "A=(2,0,0) upper=true\n"                                                                                 \
    "! A=()\n"                                                                                               \
    "! A=(4)\n"                                                                                              \
    "! A=(4) upper=true\n"                                                                                   \
    "! A=(2,3)\n"                                                                                            \
    "! A=(2,2)i64\n"                                                                                         \
    "! A=(2,2)bool\n"
#define CHOLESKY_NOTES                                                                                       \
    "one triangle of A is read, and the gradient is that of a function of (A + A^T) / 2: symmetric"
#define CHOLESKY_GRADIENT                                                                                    \
    "dL/dA = L^-T S L^-1, S the symmetric part of the lower triangle of L^T g, its diagonal halved"

FX__CALL(linalg_cholesky, fx_linalg_cholesky_args)
static const fx_field linalg_cholesky_fields[] = {
    FX__FIELD(fx_linalg_cholesky_args, A, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_linalg_cholesky_args, upper, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_cholesky = {
    .name = "linalg_cholesky",
    .torch = "linalg.cholesky,cholesky",
    .formula = "L of A = L L^T, or U of A = U^T U",
    .gradient = CHOLESKY_GRADIENT,
    .notes = CHOLESKY_NOTES,
    .fields = linalg_cholesky_fields,
    .args_size = sizeof(fx_linalg_cholesky_args),
    .call = linalg_cholesky_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = CHOLESKY_SAMPLES "! A=(2,2){1,2,2,1}\n! A=(2,1,1){1,0}\n",
    .bench = "A=(512,512)@spd\n",
};

static int linalg_cholesky_ex_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_linalg_cholesky_ex_args a = *(const fx_linalg_cholesky_ex_args *)args;
    a.info = &out[1];
    out[0] = fx_linalg_cholesky_ex_at(a, where);
    return out[0] ? 2 : 0;
}
static const fx_field linalg_cholesky_ex_fields[] = {
    FX__FIELD(fx_linalg_cholesky_ex_args, A, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_linalg_cholesky_ex_args, upper, BOOL, .optional = true),
    FX__FIELD(fx_linalg_cholesky_ex_args, check_errors, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_cholesky_ex = {
    .name = "linalg_cholesky_ex",
    .torch = "linalg.cholesky_ex",
    .formula =
        "L of A = L L^T, or U of A = U^T U, and the order of the first minor that is not positive, or 0",
    .gradient = CHOLESKY_GRADIENT,
    .notes = CHOLESKY_NOTES "; where info is not 0, L is what LAPACK left",
    .fields = linalg_cholesky_ex_fields,
    .args_size = sizeof(fx_linalg_cholesky_ex_args),
    .call = linalg_cholesky_ex_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = CHOLESKY_SAMPLES "A=(3,3)@spd check_errors=true\n! A=(2,2){1,2,2,1} check_errors=true\n",
    .bench = "A=(512,512)@spd\n",
};

#define FACTOR_NOTES "the other triangle is not read, and its gradient is 0 (PyTorch's is not)"

FX__CALL(cholesky_solve, fx_cholesky_solve_args)
static const fx_field cholesky_solve_fields[] = {
    FX__FIELD(fx_cholesky_solve_args, B, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_cholesky_solve_args, L, TENSOR, .torch = "input2,L"),
    FX__FIELD(fx_cholesky_solve_args, upper, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_cholesky_solve = {
    .name = "cholesky_solve",
    .torch = "cholesky_solve",
    .formula = "X of L L^T X = B, or of U^T U X = B",
    .gradient = "that of two triangular systems",
    .notes = FACTOR_NOTES,
    .fields = cholesky_solve_fields,
    .args_size = sizeof(fx_cholesky_solve_args),
    .call = cholesky_solve_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = "B=(3,2) L=(3,3)@spd\n"
               "B=(3,2) L=(3,3)@spd upper=true\n"
               "B=(1,3) L=(1,1)@pos\n"
               "B=(2,3,1) L=(2,3,3)@spd\n"
               "B=(3,1) L=(2,3,3)@spd upper=true\n"
               "B=(2,3,1) L=(3,3)@spd\n"
               "B=(2,1) L=(2,2){2,nan,1,3}\n"
               "B=(0,3) L=(0,0)\n"
               "B=(3,0) L=(3,3)@spd\n"
               "B=(0,3,2) L=(0,3,3)\n"
               "! B=() L=(1,1)\n"
               "! B=(2) L=(2,2)\n"
               "! B=(3,1) L=(2,2)\n"
               "! B=(2,1) L=(2,3)\n"
               "! B=(2,2,1) L=(3,2,2)\n"
               "! B=(2,1)f32 L=(2,2)f64\n"
               "! B=(2,1)i64 L=(2,2)i64\n",
    .bench = "B=(256,256) L=(256,256)@spd\n",
};

FX__CALL(cholesky_inverse, fx_cholesky_inverse_args)
static const fx_field cholesky_inverse_fields[] = {
    FX__FIELD(fx_cholesky_inverse_args, L, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_cholesky_inverse_args, upper, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_cholesky_inverse = {
    .name = "cholesky_inverse",
    .torch = "cholesky_inverse",
    .formula = "(L L^T)^-1, or (U^T U)^-1",
    .gradient = "that of M^T M, or M M^T, M the inverse of the triangle",
    .notes = FACTOR_NOTES,
    .fields = cholesky_inverse_fields,
    .args_size = sizeof(fx_cholesky_inverse_args),
    .call = cholesky_inverse_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = "L=(3,3)@spd\n"
               "L=(3,3)@spd upper=true\n"
               "L=(1,1)@pos\n"
               "L=(2,3,3)@spd\n"
               "L=(2,1,2,2)@spd upper=true\n"
               "L=(2,2){2,nan,1,3}\n"
               "L=(0,0)\n"
               "L=(0,3,3)\n"
               "! L=()\n"
               "! L=(4)\n"
               "! L=(2,3)\n"
               "! L=(2,2)i64\n",
    .bench = "L=(256,256)@spd\n",
};
