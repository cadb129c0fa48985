/* QR: A = Q R, Q of orthonormal columns, R an upper triangle, by Householder's reflections.
 *
 * The gradient is that of Walter, Lehmann and Lamm, "On evaluating higher-order derivatives of the QR
 * decomposition of tall matrices with full column rank", 2010, where A has as many rows as columns or more; a
 * wide A is a square one beside columns that follow from it.
 */
#include "spectral.h"
#include "triangular.h"

typedef enum qr_mode { QR_REDUCED, QR_COMPLETE, QR_R } qr_mode;
typedef struct qr_options {
    qr_mode mode;
} qr_options;

static bool qr_shape(const fx_call *c, fx_spec *y)
{
    const qr_options *o = c->options;
    const fx_tensor *x = c->x[0];
    if (!fx__are_matrices(c, x, "A")) return false;
    const int64_t m = fx__matrix_rows(x), n = fx__matrix_columns(x);
    y[1] = y[0];
    y[0].size[x->ndim - 1] = y[1].size[x->ndim - 2] = o->mode == QR_COMPLETE || m < n ? m : n;
    if (o->mode == QR_R) y[0].ndim = 1, y[0].size[0] = 0, y[0].no_gradient = true;
    return true;
}

typedef struct job {
    fx__matrices a, q, r;
    bool wants_q;
    fx__lapack_work size;
} job;

static int factor(const void *data, int64_t k, char *memory)
{
    const job *j = data;
    const int m = (int)j->a.rows, n = (int)j->a.columns, least = m < n ? m : n, ld = fx__leading(m);
    const int rows = (int)j->r.rows, columns = (int)j->q.columns > n ? (int)j->q.columns : n;
    double *a = (double *)(void *)memory, *r = a + (ptrdiff_t)m * columns, *tau = r + (ptrdiff_t)rows * n;
    const fx__lapack_work work = fx__work_at(j->size, tau + least);
    fx__matrix_read(&j->a, k, true, a, ld);
    int info = fx__geqrf(m, n, a, ld, tau, work);
    for (int column = 0; column < n; column++)
        for (int row = 0; row < rows; row++)
            r[row + (ptrdiff_t)column * rows] = row <= column ? a[row + (ptrdiff_t)column * ld] : 0;
    fx__matrix_write(&j->r, k, true, r, rows);
    if (!j->wants_q) return info;
    if (!info) info = fx__orgqr(m, (int)j->q.columns, least, a, ld, tau, work);
    fx__matrix_write(&j->q, k, true, a, ld);
    return info;
}

static fx__lapack_work larger(fx__lapack_work a, fx__lapack_work b) { return a.doubles > b.doubles ? a : b; }

static void qr_forward(const fx_call *c)
{
    const qr_options *o = c->options;
    const fx_tensor *x = c->x[0];
    job j = { .a = fx__matrices_of(x, -1, NULL),
              .r = fx__matrices_of(c->ys[1], -1, NULL),
              .wants_q = o->mode != QR_R };
    if (j.wants_q) j.q = fx__matrices_of(c->y, -1, NULL);
    const int64_t m = j.a.rows, n = j.a.columns, least = m < n ? m : n,
                  columns = j.q.columns > n ? j.q.columns : n;
    if (c->y->numel + c->ys[1]->numel == 0) return;
    j.size = fx__geqrf_size((int)m, (int)n);
    if (j.wants_q) j.size = larger(j.size, fx__orgqr_size((int)m, (int)j.q.columns, (int)least));
    fx__each_matrix(c, fx__stack_count(x), fx__room_with(m * columns + j.r.rows * n + least, j.size),
                    2.0 * (double)m * (double)n * (double)least, factor, &j, NULL);
}

/* (gq + q M) r^-T, M the symmetric matrix whose lower triangle is that of r gr^T - gq^T q; gq or gr may be
 * NULL. */
static fx_tensor *tall_gradient(fx_tensor *q, fx_tensor *r, fx_tensor *gq, fx_tensor *gr, fx_where where)
{
    fx_tensor *m = gr ? fx__mmt(r, gr, where) : NULL, *of_q = gq ? fx__tmm(gq, q, where) : NULL;
    m = !of_q ? m : m ? SUB(m, of_q) : FN(neg, of_q);
    if (!m) return NULL;
    m = ADD(fx__lower(m, 0, where), FN(mT, fx__lower(m, -1, where)));
    fx_tensor *sum = fx__plus(fx__mm(q, m, where), gq, where);
    return FN(mT, fx__solve_triangular(r, FN(mT, sum), true, false, false, where));
}

static void qr_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const qr_options *o = c->options;
    fx_where where = c->where;
    const fx_tensor *x = c->shapes[0];
    const int64_t m = fx__matrix_rows(x), n = fx__matrix_columns(x);
    fx_tensor *q = c->y, *r = c->ys[1], *gr = c->gs[1];
    if (o->mode == QR_R) {
        fx_call_fail(c, FX_ERROR_NO_GRADIENT,
                     "the gradient depends on Q, which mode='r' does not compute: use mode='reduced'");
        return;
    }
    if (o->mode == QR_COMPLETE && m > n) {
        fx_call_fail(c, FX_ERROR_NO_GRADIENT,
                     "mode='complete' has no gradient where there are more rows than columns");
        return;
    }
    if (m >= n) {
        gx[0] = tall_gradient(q, r, g, gr, where);
        return;
    }
    /* A = [X, Y], R = [U, V]: X = Q U, and V = Q^T Y */
    fx_tensor *u = fx_narrow_at(r, -1, 0, m, where), *gu = NULL, *gy = NULL;
    if (gr) {
        fx_tensor *y = fx_narrow_at(c->x[0], -1, m, n - m, where),
                  *gv = fx_narrow_at(gr, -1, m, n - m, where);
        gu = fx_narrow_at(gr, -1, 0, m, where);
        g = fx__plus(fx__mmt(y, gv, where), g, where);
        gy = fx__mm(q, gv, where);
    } else {
        gy = fx__zeros_of(fx_narrow_at(c->x[0], -1, m, n - m, where));
    }
    gx[0] = fx_cat_at(FX_LIST(tall_gradient(q, u, g, gu, where), gy), -1, where);
}

static unsigned qr_captured(const fx_call *c)
{
    const fx_tensor *x = c->shapes[0];
    return (fx__matrix_rows(x) < fx__matrix_columns(x) ? FX_CAPTURE_X0 : 0) | FX_CAPTURE_Y |
           FX_CAPTURE_Y_AT(1);
}

static const fx_op qr_op = { .name = "linalg_qr",
                             .formula = "A = y0 y1, y0 of orthonormal columns, y1 an upper triangle",
                             .inputs = 1,
                             .outputs = 2,
                             .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y | FX_CAPTURE_Y_AT(1),
                             .captured = qr_captured,
                             .options_size = sizeof(qr_options),
                             .strided = true,
                             .shape = qr_shape,
                             .forward = qr_forward,
                             .local_grad = qr_local_grad };

static fx_tensor *decompose(fx_tensor *x, qr_mode mode, fx_tensor **r, const char *name, fx_where where)
{
    qr_options o;
    memset(&o, 0, sizeof o);
    o.mode = mode;
    fx_tensor *wide = fx__wide_matrices(x, false, name, where), *out[2];
    if (!wide || !fx_apply_at(&qr_op, FX_LIST(wide), &o, out, where)) return NULL;
    const fx_dtype dtype = (fx_dtype)x->dtype;
    fx_tensor *q = fx__as(out[0], dtype, where), *right = fx__as(out[1], dtype, where);
    if (q && right && r) *r = right;
    return right ? q : NULL;
}

fx_tensor *fx_linalg_qr_at(fx_linalg_qr_args a, fx_where where)
{
    if (a.mode < FX_QR_REDUCED || a.mode > FX_QR_R)
        return a.A ? FX__REFUSE(a.A, ERROR_ARGUMENT, where, "linalg_qr: there is no mode %d", (int)a.mode)
                   : NULL;
    return decompose(a.A, (qr_mode)a.mode, a.r, "linalg_qr", where);
}

fx_tensor *fx_qr_at(fx_qr_args a, fx_where where)
{
    return decompose(a.x, a.some ? QR_REDUCED : QR_COMPLETE, a.r, "qr", where);
}

/* ---- records ---- */

static int linalg_qr_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_linalg_qr_args a = *(const fx_linalg_qr_args *)args;
    a.r = &out[1];
    return (out[0] = fx_linalg_qr_at(a, where)) ? 2 : 0;
}
static const fx_field linalg_qr_fields[] = { FX__FIELD(fx_linalg_qr_args, A, TENSOR, .torch = "A,input"),
                                             FX__FIELD(fx_linalg_qr_args, mode, CHOICE, .optional = true,
                                                       .choices = "reduced|complete|r"),
                                             FX__FIELDS_END };
const fx_function fx__function_linalg_qr = {
    .name = "linalg_qr",
    .torch = "linalg.qr",
    .formula = "A = Q R, Q of orthonormal columns, R an upper triangle, its diagonal of either sign; mode "
               "complete: Q is square, r: R alone",
    .gradient =
        "(gQ + Q M) R^-T, M symmetric with the lower triangle of R gR^T - gQ^T Q; a wide A: that of its "
        "first columns, with Q gR beside it",
    .notes =
        "computed in float64; of mode r, and of mode complete with more rows than columns, an error; not "
        "finite where the first columns of A are dependent",
    .fields = linalg_qr_fields,
    .args_size = sizeof(fx_linalg_qr_args),
    .call = linalg_qr_call,
    .samples =
        "A=(1,1)\nA=(2,2)\nA=(3,3)\nA=(5,3)\nA=(3,5)\nA=(4,4)\nA=(2,3,2)\nA=(2,2,3)\nA=(2,1,3,3)\nA=(1,4)\n"
        "A=(4,1)\nA=(3,3){1,2,0,0,-3,1,1,0,2}\nA=(3,3) mode=complete\nA=(2,4) "
        "mode=complete\n"
        "A=(0,0)\nA=(3,0)\nA=(0,3)\nA=(0,3,2)\n"
        "A=(2,0,3)\nA=~(3,0) mode=complete\n! A=()\n! A=(3)\n! A=(2,2)i64\n",
    .bench = "A=(256,256)\nA=(64,8,8)\n",
    .unavailable = FX__LAPACK_MISSING,
};

static int qr_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_qr_args a = *(const fx_qr_args *)args;
    a.r = &out[1];
    return (out[0] = fx_qr_at(a, where)) ? 2 : 0;
}
static const fx_field qr_fields[] = { FX__FIELD(fx_qr_args, x, TENSOR, .torch = "input"),
                                      FX__FIELD(fx_qr_args, some, BOOL, .optional = true), FX__FIELDS_END };
const fx_function fx__function_qr = {
    .name = "qr",
    .torch = "qr",
    .formula = "x = Q R; some false: Q is square",
    .gradient = "as linalg_qr's",
    .notes = "as linalg_qr's",
    .fields = qr_fields,
    .args_size = sizeof(fx_qr_args),
    .defaults = &(const fx_qr_args){ .some = true },
    .call = qr_call,
    .samples = "x=(3,3)\nx=(4,2)\nx=(2,4)\nx=(2,3,3)\nx=(3,3) some=false\nx=(2,3) some=false\n"
               "x=(0,2)\nx=(2,0)\n! x=()\n! x=(4)\n! x=(2,2)i32\n",
    .bench = "x=(128,128)\n",
    .unavailable = FX__LAPACK_MISSING,
};
