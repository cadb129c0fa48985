/* The pseudo-inverse of matrices, by their singular values, or eigenvalues.
 *
 * P is computed without a graph and handed to an op that only knows the gradient (Golub and Pereyra, "The
 * differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate", 1973),
 * which is an expression in A and P again:
 *
 *     -P^T g P^T + (1 - A P) g^T P P^T + P^T P g^T (1 - P A)
 *
 * It holds where the rank does not change. Of a matrix of full rank one or both of the last terms are nothing
 * but rounding, and left out.
 */
#include "pinv.h"

typedef struct attach_options {
    bool full_rows, full_columns; /* A P is 1, P A is 1 */
} attach_options;

static bool attach_shape(const fx_call *c, fx_spec *y)
{
    *y = (fx_spec){ .dtype = FX_F64, .ndim = c->x[1]->ndim };
    memcpy(y->size, c->x[1]->size, sizeof(int64_t) * (size_t)y->ndim);
    return true;
}

static void attach_forward(const fx_call *c)
{
    memcpy(c->y->data, c->x[1]->data, sizeof(double) * (size_t)c->y->numel);
}

static void attach_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const attach_options *o = c->options;
    fx_where where = c->where;
    fx_tensor *a = c->x[0], *p = c->y, *pt = FN(mT, p), *gt = FN(mT, g);
    fx_tensor *sum = FN(neg, fx__mm(pt, fx__mm(g, pt, where), where));
    if (!o->full_rows) {
        fx_tensor *inner = fx__mm(gt, p, where);
        inner = SUB(inner, fx__mm(a, fx__mm(p, inner, where), where));
        sum = ADD(sum, fx__mm(inner, pt, where));
    }
    if (!o->full_columns) {
        fx_tensor *inner = fx__mm(p, gt, where);
        inner = SUB(inner, fx__mm(fx__mm(inner, p, where), a, where));
        sum = ADD(sum, fx__mm(pt, inner, where));
    }
    gx[0] = sum;
}

static const fx_op attach_op = { .name = "linalg_pinv",
                                 .formula = "y = the pseudo-inverse of x0, which x1 is",
                                 .inputs = 2,
                                 .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y,
                                 .options_size = sizeof(attach_options),
                                 .shape = attach_shape,
                                 .forward = attach_forward,
                                 .local_grad = attach_local_grad };

/* ---- what counts as zero ---- */

/* A tolerance that goes with (..., k): numbers of the stack, or one number. */
static fx_operand beside(fx_operand t, double otherwise, fx_where where)
{
    if (!t.tensor) return fx_operand_number(otherwise);
    if (fx_operand_is_number(t)) return fx_operand_number(t.number);
    return fx_operand_tensor(fx_unsqueeze_at(fx_detach_at(t.tensor, where), -1, where));
}

/* Which of the magnitudes (..., k) count; k is at least 1. */
static fx_tensor *counted(fx_tensor *s, const fx_tensor *x, fx__tolerance t, fx_where where)
{
    const int64_t m = fx__matrix_rows(x), n = fx__matrix_columns(x);
    const double usual = t.epsilon * (double)(m > n ? m : n);
    fx_operand atol = beside(t.atol, 0, where), rtol = beside(t.rtol, usual, where);
    if (!t.rtol.tensor && t.atol.tensor) {
        if (fx_operand_is_number(atol))
            rtol.number = atol.number > 0 ? 0 : usual;
        else
            rtol = fx_operand_tensor(SELECT(COMPARE(gt, atol.tensor, 0), 0, usual));
    }
    fx_tensor *largest =
        fx_amax_at((fx_amax_args){ .x = s, .dims = fx__one_dim(-1), .keepdim = true }, where);
    fx_tensor *relative = fx_mul_at(fx_operand_tensor(largest), rtol, where);
    fx_tensor *threshold = fx_maximum_at(fx_operand_tensor(relative), atol, where);
    return COMPARE(gt, s, fx__as(threshold, FX_F64, where));
}

static bool all_of(const fx_tensor *mask)
{
    bool all = true;
    for (int64_t i = 0; i < mask->numel; i++) all &= mask->data[i] != 0;
    return all;
}

/* P of a matrix that is not empty, without a graph; *full: every singular value counts. */
static fx_tensor *computed(fx_tensor *x, fx__tolerance t, bool *full, fx_where where)
{
    fx_tensor *u, *s, *vt, *out[3];
    if (t.hermitian) {
        if (!fx__eigh(x, false, false, out, where)) return NULL;
        s = out[0], u = out[1], vt = FN(mT, u);
    } else {
        if (!fx__svd(x, false, false, out, where)) return NULL;
        u = out[0], s = out[1], vt = out[2];
    }
    fx_tensor *mask = counted(t.hermitian ? FN(abs, s) : s, x, t, where);
    if (!mask) return NULL;
    *full = all_of(mask);
    fx_tensor *inverse = SELECT(mask, FN(reciprocal, s), 0);
    fx_tensor *scaled = MUL(u, fx__of_columns(inverse, where));
    return scaled ? fx_matmul_at(FN(mT, vt), FN(mT, scaled), where) : NULL;
}

fx_tensor *fx__pinv(fx_tensor *x, fx__tolerance t, bool *is_full, fx_where where)
{
    if (!x) return NULL;
    attach_options o;
    memset(&o, 0, sizeof o);
    const int64_t m = fx__matrix_rows(x), n = fx__matrix_columns(x);
    fx_tensor *p = NULL;
    bool full = true;
    if (x->numel) {
        FX_NO_GRAD (x->cx) p = computed(fx_detach_at(x, where), t, &full, where);
    } else {
        fx__sizes to = fx__sizes_of(x);
        to.at[to.ndim - 2] = n, to.at[to.ndim - 1] = m;
        p = fx__new(x->cx, FX_F64, to.ndim, to.at, where);
        if (p) memset(p->data, 0, sizeof(double) * (size_t)p->numel);
    }
    if (is_full) *is_full = full;
    /* of one triangle of A the other may differ, and then A P is not 1 */
    full = full && !t.hermitian;
    o.full_rows = full && m <= n, o.full_columns = full && n <= m;
    return FX__APPLY(&attach_op, &o, where, x, p);
}

/* ---- functions ---- */

static fx_tensor *pinv_of(fx_tensor *A, fx__tolerance t, const char *name, fx_where where)
{
    fx_tensor *x = fx__wide_matrices(A, t.hermitian, name, where);
    if (!x) return NULL;
    t.epsilon = fx__epsilon(A);
    return fx__as(fx__pinv(x, t, NULL, where), (fx_dtype)A->dtype, where);
}

fx_tensor *fx_linalg_pinv_at(fx_linalg_pinv_args a, fx_where where)
{
    return pinv_of(a.A, (fx__tolerance){ .atol = a.atol, .rtol = a.rtol, .hermitian = a.hermitian },
                   "linalg_pinv", where);
}

fx_tensor *fx_pinverse_at(fx_pinverse_args a, fx_where where)
{
    return pinv_of(a.x, (fx__tolerance){ .rtol = fx_operand_number(a.rcond) }, "pinverse", where);
}

fx_tensor *fx_linalg_matrix_rank_at(fx_linalg_matrix_rank_args a, fx_where where)
{
    fx_tensor *x = fx__wide_matrices(a.A, a.hermitian, "linalg_matrix_rank", where), *out[3], *y = NULL;
    if (!x) return NULL;
    fx__tolerance t = { a.atol, a.rtol, a.hermitian, fx__epsilon(a.A) };
    FX_NO_GRAD (x->cx) {
        fx_tensor *now = fx_detach_at(x, where), *s = NULL;
        if (a.hermitian)
            s = fx__eigh(now, false, true, out, where) ? FN(abs, out[0]) : NULL;
        else
            s = fx__svd(now, false, true, out, where) ? out[1] : NULL;
        if (s && s->size[s->ndim - 1]) s = counted(s, x, t, where);
        if (s) y = SUM(fx__as(s, FX_I64, where), fx__one_dim(-1), false);
    }
    return y;
}

/* ---- records ---- */

FX__CALL(linalg_pinv, fx_linalg_pinv_args)
static const fx_field linalg_pinv_fields[] = {
    FX__FIELD(fx_linalg_pinv_args, A, TENSOR, .torch = "A,input"),
    FX__FIELD(fx_linalg_pinv_args, atol, OPERAND, .optional = true),
    FX__FIELD(fx_linalg_pinv_args, rtol, OPERAND, .torch = "rtol,rcond", .optional = true),
    FX__FIELD(fx_linalg_pinv_args, hermitian, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_pinv = {
    .name = "linalg_pinv",
    .torch = "linalg.pinv",
    .formula =
        "P = V diag(1 / s, or 0 where s does not count) U^T, A = U diag(s) V^T; those count that are above "
        "max(atol, rtol s_1)",
    .gradient = "-P^T g P^T + (1 - A P) g^T P P^T + P^T P g^T (1 - P A)",
    .notes = "computed in float64; the gradient holds where the rank stays the same; atol and rtol have "
             "none; rtol: "
             "the larger of rows and columns times the dtype's epsilon, 0 if atol > 0 is given",
    .fields = linalg_pinv_fields,
    .args_size = sizeof(fx_linalg_pinv_args),
    .call = linalg_pinv_call,
    .samples =
        "A=(1,1)\nA=(2,2)\nA=(3,3)\nA=(4,2)\nA=(2,4)\nA=(2,3,2)\nA=(2,1,3,2)\nA=(3,3)@spd hermitian=true\n"
        "A=(2,2){2,1,1,-1} "
        "hermitian=true\nA=(2,2){1,0,0,1}\nA=(3,2){1,1,1,1.01,1,0.98}\nA=(2,2){1e-3,"
        "0,0,1} "
        "rtol=1e-6\nA=~(2,2){3,0,0,1} rtol=0.5\nA=~(2,2,2){3,0,0,1,1,0,0,3} atol=~(2){2,0.5}\n"
        "A=(2,2){3,1,2,1} atol=1e-3\nA=~(3,3) rtol=1\nA=(0,0)\nA=(3,0)\nA=(0,3)\nA=(0,2,3)\n! A=()\n! A=(3)\n"
        "! A=(2,2)i64\n! A=(2,3) hermitian=true\n",
    .bench = "A=(128,128)\nA=(64,8,8)\n",
    .unavailable = FX__LAPACK_MISSING,
};

FX__CALL(pinverse, fx_pinverse_args)
static const fx_field pinverse_fields[] = { FX__FIELD(fx_pinverse_args, x, TENSOR, .torch = "input"),
                                            FX__FIELD(fx_pinverse_args, rcond, REAL, .optional = true),
                                            FX__FIELDS_END };
const fx_function fx__function_pinverse = {
    .name = "pinverse",
    .torch = "pinverse",
    .formula = "linalg_pinv with rtol = rcond, 1e-15 unless given",
    .gradient = "as linalg_pinv's",
    .notes = "as linalg_pinv",
    .fields = pinverse_fields,
    .args_size = sizeof(fx_pinverse_args),
    .defaults = &(const fx_pinverse_args){ .rcond = 1e-15 },
    .call = pinverse_call,
    .samples =
        "x=(2,2)\nx=(3,2)\nx=(2,2,3)\nx=~(2,2){3,0,0,1} rcond=0.5\nx=(0,2)\n! x=()\n! x=(2)\n! x=(2,2)i32\n",
    .bench = "x=(64,64)\n",
    .unavailable = FX__LAPACK_MISSING,
};

FX__CALL(linalg_matrix_rank, fx_linalg_matrix_rank_args)
static const fx_field linalg_matrix_rank_fields[] = {
    FX__FIELD(fx_linalg_matrix_rank_args, A, TENSOR, .torch = "A,input"),
    FX__FIELD(fx_linalg_matrix_rank_args, atol, OPERAND, .torch = "atol,tol", .optional = true),
    FX__FIELD(fx_linalg_matrix_rank_args, rtol, OPERAND, .optional = true),
    FX__FIELD(fx_linalg_matrix_rank_args, hermitian, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_matrix_rank = {
    .name = "linalg_matrix_rank",
    .torch = "linalg.matrix_rank",
    .formula = "how many singular values are above max(atol, rtol s_1), int64",
    .notes = "tolerances as linalg_pinv's",
    .fields = linalg_matrix_rank_fields,
    .args_size = sizeof(fx_linalg_matrix_rank_args),
    .call = linalg_matrix_rank_call,
    .samples =
        "A=(3,3)\nA=(2,4)\nA=(2,3,2)\nA=(2,2){1,2,2,4}\nA=(2,2){0,0,0,0}\nA=(2,2){3,0,0,1} "
        "rtol=0.5\nA=(2,2){3,0,0,1} "
        "atol=2\nA=(2,2,2){3,0,0,1,1,0,0,3} atol=(2){2,0.5}\nA=(3,3)@spd hermitian=true\nA=(0,0)\nA=(3,0)\n"
        "A=(0,2,2)\n! A=()\n! A=(3)\n! A=(2,2)i64\n! A=(2,3) hermitian=true\n",
    .bench = "A=(128,128)\n",
    .integer_result = true,
    .unavailable = FX__LAPACK_MISSING,
};
