/* Singular values and vectors: A = U diag(S) V^T.
 *
 * The gradient (Townsend, "Differentiating the singular value decomposition", 2016) with the differences of
 * squares in factors: with X = U^T gU and Y = V^T gV less their transposes, P = X + Y and M = X - Y, it is
 *
 *     U (P / (s_j - s_i) / 2 + M / (s_j + s_i) / 2 + diag(gS)) V^T
 *         + (1 - U U^T) gU S^-1 V^T + U S^-1 gV^T (1 - V V^T)
 *
 * Where singular values are equal, or 0, their vectors are not unique, and what depends on them has no finite
 * gradient; the values have. Of the columns that full matrices have besides, the gradient is not asked: any
 * orthonormal ones would do.
 */
#include "spectral.h"

typedef struct svd_options {
    bool full;
} svd_options;

static bool svd_shape(const fx_call *c, fx_spec *y)
{
    const svd_options *o = c->options;
    const fx_tensor *x = c->x[0];
    if (!fx__are_matrices(c, x, "A")) return false;
    const int64_t m = fx__matrix_rows(x), n = fx__matrix_columns(x), k = m < n ? m : n;
    y[1] = y[2] = y[0];
    y[0].size[x->ndim - 1] = o->full ? m : k;
    y[1].ndim--;
    y[1].size[x->ndim - 2] = k;
    y[2].size[x->ndim - 2] = o->full ? n : k;
    return true;
}

typedef struct job {
    fx__matrices a, u, s, v;
    fx__svd_job what;
    fx__lapack_work size;
} job;

enum { NOT_FINITE = -1 };
static const fx_op svdvals_op;

static int decompose(const void *data, int64_t k, char *memory)
{
    const job *j = data;
    const int64_t m = j->a.rows, n = j->a.columns;
    const bool vectors = j->what != FX__SVD_VALUES;
    double *a = (double *)(void *)memory, *s = a + m * n, *u = s + j->s.rows,
           *v = u + (vectors ? m * j->u.columns : 0), *work = v + (vectors ? n * j->v.rows : 0);
    fx__matrix_read(&j->a, k, true, a, m);
    if (!fx__all_finite(a, m * n)) return NOT_FINITE;
    const int info = fx__gesdd(j->what, (int)m, (int)n, a, s, u, v, fx__work_at(j->size, work));
    fx__matrix_write(&j->s, k, true, s, j->s.rows);
    if (!vectors) return info;
    fx__matrix_write(&j->u, k, true, u, m);
    fx__matrix_write(&j->v, k, true, v, j->v.rows);
    return info;
}

/* Ones on the diagonals of matrices: the vectors of a matrix that has no numbers. */
static void make_eye(fx_tensor *x)
{
    const int64_t n = x->ndim < 2 ? 0 : fx__matrix_rows(x) * fx__matrix_columns(x);
    for (int64_t i = 0; i < x->numel; i++) fx__doubles_to(x)[i] = i % n % (fx__matrix_columns(x) + 1) == 0;
}

static void svd_forward(const fx_call *c)
{
    const svd_options *o = c->options;
    const fx_tensor *x = c->x[0];
    if (x->numel == 0) {
        make_eye(c->ys[0]);
        make_eye(c->ys[2]);
        return;
    }
    job j = { .a = fx__matrices_of(x, -1, NULL),
              .u = fx__matrices_of(c->ys[0], -1, NULL),
              .s = fx__columns_of_stack(c->ys[1], -1, NULL),
              .v = fx__matrices_of(c->ys[2], -1, NULL) };
    j.what = c->op == &svdvals_op && !c->needs ? FX__SVD_VALUES : o->full ? FX__SVD_FULL : FX__SVD_REDUCED;
    const int64_t m = j.a.rows, n = j.a.columns, k = m < n ? m : n;
    j.size = fx__gesdd_size(j.what, (int)m, (int)n);
    fx__each_checked(c, x, fx__room_with(m * n + k + m * j.u.columns + n * j.v.rows, j.size),
                     12.0 * (double)m * (double)n * (double)k, decompose, &j);
}

/* X - X^T, X = a^T g; NULL of no g. */
static fx_tensor *skew_of(fx_tensor *a, fx_tensor *g, fx_where where)
{
    fx_tensor *x = g ? fx__tmm(a, g, where) : NULL;
    return x ? SUB(x, FN(mT, x)) : NULL;
}

/* (1 - a a^T) g, each column over its singular value: what of g lies outside the vectors. */
static fx_tensor *outside(fx_tensor *a, fx_tensor *g, fx_tensor *s, fx_where where)
{
    if (!a || !g || fx__matrix_rows(a) == fx__matrix_columns(a)) return NULL;
    return DIV(SUB(g, fx__mm(a, fx__tmm(a, g, where), where)), fx__of_columns(s, where));
}

static void svd_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_where where = c->where;
    fx_tensor *u = c->ys[0], *s = c->ys[1], *vt = c->ys[2], *gu = g, *gs = c->gs[1], *gvt = c->gs[2];
    const int64_t k = s->size[s->ndim - 1];
    u = fx_narrow_at(u, -1, 0, k, where), vt = fx_narrow_at(vt, -2, 0, k, where);
    if (!u || !vt) return;
    if (!gu && !gvt) {
        gx[0] = gs ? fx__mm(MUL(u, fx__of_columns(gs, where)), vt, where) : NULL;
        return;
    }
    fx_tensor *v = FN(mT, vt), *gv = gvt ? FN(mT, fx_narrow_at(gvt, -2, 0, k, where)) : NULL;
    gu = gu ? fx_narrow_at(gu, -1, 0, k, where) : NULL;
    fx_tensor *x = skew_of(u, gu, where), *y = skew_of(v, gv, where), *one = fx__eye(u, k, k, where);
    fx_tensor *of_row = fx__of_rows(s, where), *of_column = fx__of_columns(s, where);
    fx_tensor *plus = DIV(fx__plus(x, y, where), ADD(SUB(of_column, of_row), one));
    fx_tensor *minus = x && y ? SUB(x, y) : x ? x : FN(neg, y);
    /* ones on the diagonal, whose numerators are 0, instead of the sums */
    fx_tensor *sums = ADD(MUL(ADD(of_column, of_row), SUB(1, one)), one);
    fx_tensor *inner = MUL(ADD(plus, DIV(minus, sums)), 0.5);
    if (gs)
        inner = ADD(inner, fx_diag_embed_at((fx_diagonal_args){ .x = gs, .dim1 = -2, .dim2 = -1 }, where));
    fx_tensor *left = fx__plus(fx__mm(u, inner, where), outside(u, gu, s, where), where);
    fx_tensor *right = outside(v, gv, s, where);
    gx[0] = fx__mm(left, vt, where);
    if (right) gx[0] = ADD(gx[0], fx__mmt(u, right, where));
}

#define SVD_OP(name_)                                                                                        \
    {                                                                                                        \
        .name = name_, .formula = "A = y0 diag(y1) y2", .inputs = 1, .outputs = 3,                           \
        .captures = FX_CAPTURE_Y | FX_CAPTURE_Y_AT(1) | FX_CAPTURE_Y_AT(2),                                  \
        .options_size = sizeof(svd_options), .strided = true, .shape = svd_shape, .forward = svd_forward,    \
        .local_grad = svd_local_grad                                                                         \
    }
static const fx_op svd_op = SVD_OP("linalg_svd");
static const fx_op svdvals_op = SVD_OP("linalg_svdvals"); /* whose vectors are for its gradient alone */

bool fx__svd(fx_tensor *x, bool full, bool values_only, fx_tensor *out[3], fx_where where)
{
    svd_options o;
    memset(&o, 0, sizeof o);
    o.full = full;
    return x && fx_apply_at(values_only ? &svdvals_op : &svd_op, FX_LIST(x), &o, out, where);
}

/* ---- functions ---- */

fx_tensor *fx_linalg_svd_at(fx_linalg_svd_args a, fx_where where)
{
    fx_tensor *out[3];
    if (!fx__svd(fx__wide_matrices(a.A, false, "linalg_svd", where), a.full_matrices, false, out, where))
        return NULL;
    for (int i = 0; i < 3; i++) out[i] = fx__as(out[i], (fx_dtype)a.A->dtype, where);
    if (!out[0] || !out[1] || !out[2]) return NULL;
    if (a.S) *a.S = out[1];
    if (a.Vh) *a.Vh = out[2];
    return out[0];
}

fx_tensor *fx_linalg_svdvals_at(fx_tensor *A, fx_where where)
{
    fx_tensor *out[3];
    if (!fx__svd(fx__wide_matrices(A, false, "linalg_svdvals", where), false, true, out, where)) return NULL;
    return fx__as(out[1], (fx_dtype)A->dtype, where);
}

fx_tensor *fx_svd_at(fx_svd_args a, fx_where where)
{
    fx_tensor *out[3], *x = fx__wide_matrices(a.x, false, "svd", where);
    if (!fx__svd(x, !a.some, !a.compute_uv, out, where)) return NULL;
    out[2] = FN(mT, out[2]);
    if (!a.compute_uv) { /* zeros of whole matrices, as PyTorch has them */
        fx__sizes to = fx__sizes_of(x);
        for (int i = 0; i < 3; i += 2) {
            to.at[to.ndim - 2] = to.at[to.ndim - 1] = i ? fx__matrix_columns(x) : fx__matrix_rows(x);
            out[i] = fx__new(x->cx, FX_F64, to.ndim, to.at, where);
            if (out[i]) memset(out[i]->data, 0, sizeof(double) * (size_t)out[i]->numel);
        }
    }
    for (int i = 0; i < 3; i++) out[i] = fx__as(out[i], (fx_dtype)a.x->dtype, where);
    if (!out[0] || !out[1] || !out[2]) return NULL;
    if (a.S) *a.S = out[1];
    if (a.V) *a.V = out[2];
    return out[0];
}

/* ---- records ---- */

static int linalg_svd_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_linalg_svd_args a = *(const fx_linalg_svd_args *)args;
    a.S = &out[1], a.Vh = &out[2];
    return (out[0] = fx_linalg_svd_at(a, where)) ? 3 : 0;
}
static const fx_field linalg_svd_fields[] = {
    FX__FIELD(fx_linalg_svd_args, A, TENSOR, .torch = "A,input"),
    FX__FIELD(fx_linalg_svd_args, full_matrices, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_svd = {
    .name = "linalg_svd",
    .torch = "linalg.svd",
    .formula =
        "A = U diag(S) Vh, S descending; full_matrices: U and Vh are square, else they have as many vectors "
        "as S has numbers",
    .gradient = "U (P / (s_j - s_i) / 2 + M / (s_j + s_i) / 2 + diag(gS)) Vh + (1 - U U^T) gU S^-1 Vh + U "
                "S^-1 gVh (1 "
                "- V V^T), P and M sum and difference of U^T gU and V^T gV less their transposes",
    .notes =
        "computed in float64; not finite through vectors of singular values that are equal, or 0; what full "
        "matrices have besides gets none; signs of columns are arbitrary",
    .fields = linalg_svd_fields,
    .args_size = sizeof(fx_linalg_svd_args),
    .defaults = &(const fx_linalg_svd_args){ .full_matrices = true },
    .call = linalg_svd_call,
    .samples =
        "A=(1,1)\nA=(2,2)\nA=(3,3)\nA=(4,2) full_matrices=false\nA=(2,4) full_matrices=false\nA=(2,3,3)\n"
        "A=(2,1,3,2) full_matrices=false\nA=(2,2){3,0,0,1}\nA=(3,2){1,2,0,1,1,0} "
        "full_matrices=false\nA=(1,3) "
        "full_matrices=false\nA=(3,3)@spd\nA=(0,0)\nA=(3,0)\nA=(0,3)\nA=(0,3) full_matrices=false\n"
        "A=(0,3,2)\nA=(2,0,2)\n! A=()\n! A=(3)\n! A=(2,2)i64\n! A=(2,2){1,nan,0,1}\n! A=(2,2){1,inf,0,1}\n",
    .bench = "A=(128,128)\nA=(64,8,8)\n",
    .signs = true,
    .unavailable = FX__LAPACK_MISSING,
};

typedef struct svdvals_args {
    fx_tensor *A;
} svdvals_args;
FX__PLAIN(linalg_svdvals, svdvals_args, a->A)
static const fx_field linalg_svdvals_fields[] = { FX__FIELD(svdvals_args, A, TENSOR, .torch = "A,input"),
                                                  FX__FIELDS_END };
const fx_function fx__function_linalg_svdvals = {
    .name = "linalg_svdvals",
    .torch = "linalg.svdvals",
    .formula = "the singular values of A, descending",
    .gradient = "U diag(g) V^T",
    .notes = "as linalg_svd; the first gradient exists where values are equal, the second is not finite",
    .fields = linalg_svdvals_fields,
    .args_size = sizeof(svdvals_args),
    .call = linalg_svdvals_call,
    .samples = "A=(1,1)\nA=(2,2)\nA=(3,3)\nA=(4,2)\nA=(2,4)\nA=(2,3,3)\nA=(2,1,3,2)\nA=(3,3)@spd\nA=~(2,2){1,"
               "0,0,1}\n"
               "A=(0,0)\nA=(3,0)\nA=(0,3)\nA=(0,3,2)\n! A=()\n! A=(3)\n! A=(2,2)i64\n! A=(2,2){1,nan,0,1}\n",
    .bench = "A=(128,128)\n",
    .unavailable = FX__LAPACK_MISSING,
};

static int svd_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_svd_args a = *(const fx_svd_args *)args;
    a.S = &out[1], a.V = &out[2];
    return (out[0] = fx_svd_at(a, where)) ? 3 : 0;
}
static const fx_field svd_fields[] = { FX__FIELD(fx_svd_args, x, TENSOR, .torch = "input"),
                                       FX__FIELD(fx_svd_args, some, BOOL, .optional = true),
                                       FX__FIELD(fx_svd_args, compute_uv, BOOL, .optional = true),
                                       FX__FIELDS_END };
const fx_function fx__function_svd = {
    .name = "svd",
    .torch = "svd",
    .formula = "x = U diag(S) V^T; some false: U and V are square; compute_uv false: they are zeros",
    .gradient = "as linalg_svd's",
    .notes = "as linalg_svd",
    .fields = svd_fields,
    .args_size = sizeof(fx_svd_args),
    .defaults = &(const fx_svd_args){ .some = true, .compute_uv = true },
    .call = svd_call,
    .samples =
        "x=(3,3)\nx=(4,2)\nx=(2,3)\nx=(2,3,2)\nx=(2,2) some=false\nx=(3,2) "
        "compute_uv=false\nx=(0,0)\nx=(3,0)\n"
        "x=(0,3)\nx=(3,0) some=false\nx=(0,3,2)\n! x=()\n! x=(3)\n! x=(2,2)i64\n! x=(2,2){1,nan,0,1}\n",
    .bench = "x=(64,64)\n",
    .signs = true,
    .unavailable = FX__LAPACK_MISSING,
};
