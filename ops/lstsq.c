/* Least squares: the X for which |A X - B| is least, and of those the least |X|.
 *
 * X is computed by LAPACK's routine of the driver, and its gradient is that of P B, P the pseudo-inverse:
 * with gB = P^T g and R = B - A X
 *
 *     gA = -gB X^T + R (P gB)^T + P^T X (g - A^T gB)^T
 *
 * where of a matrix of full rank one of the last terms, or both, are nothing but rounding, and left out.
 */
#include "pinv.h"

typedef struct lstsq_options {
    fx__lstsq_driver driver;
    double rcond;
} lstsq_options;

/* X, the rank, the singular values. */
enum { SOLUTION, RANK, VALUES, OUTPUTS };

static bool lstsq_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *a = c->x[0], *b = c->x[1];
    if (!fx__are_matrices(c, a, "A") || !fx__are_matrices(c, b, "B")) return false;
    const int64_t m = fx__matrix_rows(a), n = fx__matrix_columns(a), k = m < n ? m : n;
    fx_spec stack = { .dtype = FX_F64, .no_gradient = true };
    stack.ndim = fx__broadcast_stacks(c, a, b, stack.size);
    if (stack.ndim < 0) return false;
    for (int i = 0; i < OUTPUTS; i++) y[i] = stack;
    y[SOLUTION].no_gradient = false;
    y[SOLUTION].size[y[SOLUTION].ndim++] = n;
    y[SOLUTION].size[y[SOLUTION].ndim++] = fx__matrix_columns(b);
    y[RANK].dtype = FX_I64;
    y[VALUES].size[y[VALUES].ndim++] = k;
    return true;
}

typedef struct job {
    const lstsq_options *o;
    fx__matrices a, b, x, values;
    int64_t *rank;
    fx__lapack_work size;
} job;

enum { NOT_FINITE = -1 };

static int solve(const void *data, int64_t k, char *memory)
{
    const job *j = data;
    const int64_t m = j->a.rows, n = j->a.columns, columns = j->b.columns, rows = m > n ? m : n,
                  least = m < n ? m : n;
    double *a = (double *)(void *)memory, *b = a + m * n, *s = b + rows * columns;
    int rank = 0;
    memset(s, 0, sizeof *s * (size_t)least);
    fx__matrix_read(&j->a, k, true, a, m);
    fx__matrix_read(&j->b, k, true, b, rows);
    bool finite = fx__all_finite(a, m * n);
    for (int64_t i = 0; i < columns; i++) finite &= fx__all_finite(b + i * rows, m);
    if (!finite) return NOT_FINITE;
    const int info = fx__lstsq(j->o->driver, (int)m, (int)n, (int)columns, a, b, s, j->o->rcond, &rank,
                               fx__work_at(j->size, s + least));
    fx__matrix_write(&j->x, k, true, b, rows);
    fx__matrix_write(&j->values, k, true, s, least);
    j->rank[k] = rank;
    return info;
}

static void lstsq_forward(const fx_call *c)
{
    const fx_tensor *x = c->ys[SOLUTION], *a = c->x[0];
    const int ndim = fx__stack_ndim(x);
    for (int i = 0; i < OUTPUTS; i++)
        memset(c->ys[i]->data, 0, (size_t)c->ys[i]->numel * fx_dtype_size((fx_dtype)c->ys[i]->dtype));
    if (fx__stack_count(x) == 0 || a->numel == 0) return;
    job j = { .o = c->options,
              .a = fx__matrices_of(a, ndim, x->size),
              .b = fx__matrices_of(c->x[1], ndim, x->size),
              .x = fx__matrices_of(x, -1, NULL),
              .values = fx__columns_of_stack(c->ys[VALUES], -1, NULL),
              .rank = (int64_t *)(void *)c->ys[RANK]->data };
    const int64_t m = j.a.rows, n = j.a.columns, columns = j.b.columns, rows = m > n ? m : n,
                  least = m < n ? m : n;
    j.size = fx__lstsq_size(j.o->driver, (int)m, (int)n, (int)columns);
    fx__each_checked(c, x, fx__room_with(m * n + rows * columns + least, j.size),
                     4.0 * (double)m * (double)n * (double)(least + columns), solve, &j);
}

static void lstsq_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const lstsq_options *o = c->options;
    fx_where where = c->where;
    fx_tensor *a = c->x[0], *b = c->x[1], *x = c->y;
    bool full = true;
    const bool ranked = o->driver != FX__GELS;
    fx__tolerance t = { .rtol = fx_operand_number(ranked ? o->rcond : 0), .epsilon = 0x1p-52 };
    fx_tensor *p = fx__pinv(a, t, &full, where), *pt = FN(mT, p),
              *gb = pt && g ? fx_matmul_at(pt, g, where) : NULL;
    gx[1] = gb;
    if (!fx_call_needs(c, 0) || !gb) return;
    const int64_t m = fx__matrix_rows(a), n = fx__matrix_columns(a);
    fx_tensor *sum = FN(neg, fx_matmul_at(gb, FN(mT, x), where));
    if (!full || m > n) {
        fx_tensor *r = SUB(b, fx_matmul_at(a, x, where));
        sum = ADD(sum, fx_matmul_at(r, FN(mT, fx_matmul_at(p, gb, where)), where));
    }
    if (!full || n > m) {
        fx_tensor *rest = SUB(g, fx_matmul_at(FN(mT, a), gb, where));
        sum = ADD(sum, fx_matmul_at(fx_matmul_at(pt, x, where), FN(mT, rest), where));
    }
    gx[0] = sum;
}

static const fx_op lstsq_op = { .name = "linalg_lstsq",
                                .formula = "y0: |x0 y0 - x1| is least, and of those |y0|",
                                .inputs = 2,
                                .outputs = OUTPUTS,
                                .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1 | FX_CAPTURE_Y,
                                .options_size = sizeof(lstsq_options),
                                .strided = true,
                                .shape = lstsq_shape,
                                .forward = lstsq_forward,
                                .local_grad = lstsq_local_grad };

/* ---- the function ---- */

static bool fits(const fx_tensor *a, const fx_tensor *b, bool vector)
{
    return a->dtype == b->dtype && b->ndim >= (vector ? 1 : 2) &&
           fx__matrix_rows(a) == b->size[b->ndim - (vector ? 1 : 2)];
}

/* B is a stack of vectors if it has a dimension less, and the sizes of A but for the columns. */
static bool is_vector(const fx_tensor *a, const fx_tensor *b)
{
    bool is = b->ndim == a->ndim - 1;
    for (int d = 0; is && d < b->ndim; d++) is = b->size[d] == a->size[d];
    return is;
}

/* What PyTorch leaves empty. */
static fx_tensor *nothing(fx_context *cx, fx_dtype dtype, fx_where where)
{
    return fx__new(cx, dtype, 1, &(int64_t){ 0 }, where);
}

/* |A X - B|^2 of each column, where there are more rows than columns and all matrices have full rank. */
static fx_tensor *residuals_of(fx_tensor *a, fx_tensor *b, fx_tensor *const out[], fx__lstsq_driver driver,
                               fx_where where)
{
    const int64_t n = fx__matrix_columns(a), *rank = (const int64_t *)(const void *)out[RANK]->data;
    bool full = fx__matrix_rows(a) > n && driver != FX__GELSY;
    for (int64_t i = 0; driver != FX__GELS && full && i < out[RANK]->numel; i++) full = rank[i] == n;
    if (!full) return nothing(a->cx, FX_F64, where);
    return SUM(FN(square, SUB(b, fx_matmul_at(a, out[SOLUTION], where))), fx__one_dim(-2), false);
}

fx_tensor *fx_linalg_lstsq_at(fx_linalg_lstsq_args args, fx_where where)
{
    fx_tensor *a = fx__wide_matrices(args.A, false, "linalg_lstsq", where), *b = args.B, *out[OUTPUTS];
    if (!a || !b || !fx__is_floating(b, "linalg_lstsq", where)) return NULL;
    const bool vector = is_vector(args.A, b);
    if (!fits(args.A, b, vector))
        return FX__REFUSE(a, ERROR_SHAPE, where, "linalg_lstsq: A and B do not fit: %s %s x %s %s",
                          fx_dtype_name((fx_dtype)args.A->dtype), fx__shape_text(a),
                          fx_dtype_name((fx_dtype)b->dtype), fx__shape_text(b));
    if (args.driver < FX_LSTSQ_GELSY || args.driver > FX_LSTSQ_GELSS)
        return FX__REFUSE(a, ERROR_ARGUMENT, where, "linalg_lstsq: there is no driver %d", (int)args.driver);
    lstsq_options o;
    memset(&o, 0, sizeof o);
    const int64_t m = fx__matrix_rows(a), n = fx__matrix_columns(a);
    const fx_dtype dtype = (fx_dtype)args.A->dtype;
    o.driver = (fx__lstsq_driver)args.driver;
    o.rcond = args.rcond < 0 ? fx__epsilon(args.A) * (double)(m > n ? m : n) : args.rcond;
    b = fx__as(vector ? fx__of_rows(b, where) : b, FX_F64, where);
    if (!b || !fx_apply_at(&lstsq_op, FX_LIST(a, b), &o, out, where)) return NULL;
    const bool values = o.driver == FX__GELSD || o.driver == FX__GELSS;
    fx_tensor *residuals = residuals_of(a, b, out, o.driver, where);
    fx_tensor *x = fx__as(vector ? fx__squeeze(out[SOLUTION], out[SOLUTION]->ndim - 1, where) : out[SOLUTION],
                          dtype, where);
    fx_tensor *rank = o.driver == FX__GELS ? nothing(a->cx, FX_I64, where) : out[RANK];
    fx_tensor *singular = fx__as(values ? out[VALUES] : nothing(a->cx, FX_F64, where), dtype, where);
    residuals = fx__as(residuals, dtype, where);
    if (!x || !rank || !singular || !residuals) return NULL;
    if (args.residuals) *args.residuals = residuals;
    if (args.rank) *args.rank = rank;
    if (args.singular_values) *args.singular_values = singular;
    return x;
}

/* ---- record ---- */

static int linalg_lstsq_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_linalg_lstsq_args a = *(const fx_linalg_lstsq_args *)args;
    a.residuals = &out[1], a.rank = &out[2], a.singular_values = &out[3];
    return (out[0] = fx_linalg_lstsq_at(a, where)) ? 4 : 0;
}
static const fx_field linalg_lstsq_fields[] = {
    FX__FIELD(fx_linalg_lstsq_args, A, TENSOR, .torch = "input,A"),
    FX__FIELD(fx_linalg_lstsq_args, B, TENSOR),
    FX__FIELD(fx_linalg_lstsq_args, rcond, REAL, .optional = true),
    FX__FIELD(fx_linalg_lstsq_args, driver, CHOICE, .optional = true, .choices = "gelsy|gels|gelsd|gelss"),
    FX__FIELDS_END
};
const fx_function fx__function_linalg_lstsq = {
    .name = "linalg_lstsq",
    .torch = "linalg.lstsq",
    .formula = "X for which |A X - B| is least, and of those the least |X|; |A X - B|^2 of each column; the "
               "rank; the "
               "singular values",
    .gradient = "gB = P^T g, gA = -gB X^T + (B - A X) (P gB)^T + P^T X (g - A^T gB)^T, P the pseudo-inverse",
    .notes = "computed in float64; singular values below rcond times the largest count as 0, but by the "
             "driver gels, "
             "which takes A to be of full rank; residuals are empty unless A has more rows than columns, "
             "full rank, and "
             "the driver is not gelsy; singular values have no gradient; the gradient holds where the rank "
             "stays the same",
    .fields = linalg_lstsq_fields,
    .args_size = sizeof(fx_linalg_lstsq_args),
    .defaults = &(const fx_linalg_lstsq_args){ .rcond = -1 },
    .call = linalg_lstsq_call,
    .samples =
        "A=(3,3) B=(3,2)\nA=(4,2) B=(4,3)\nA=(2,3) B=(2,2)\nA=(4,2) B=(4,1) driver=gels\nA=(2,4) B=(2,1) "
        "driver=gels\nA=(3,2) B=(3,2) driver=gelsd\nA=(3,2) B=(3,2) driver=gelss\nA=(2,3) B=(2,1) "
        "driver=gelss\n"
        "A=(2,3,2) B=(2,3,1) driver=gels\nA=(2,3,2) B=(2,3) driver=gelsd\nA=(2,2,2) B=(2,2,2)\nA=(3,2) "
        "B=(3)\nA=(3,2){1,1,1,1.01,1,0.98} B=(3,1)\nA=(0,2) B=(0,1)\nA=(3,0) B=(3,1)\nA=(0,3,2) B=(0,3,1)\n! "
        "A=() "
        "B=()\n"
        "! A=(3) B=(3)\n! A=(3,2) B=(2,2)\n! A=(3,2)i64 B=(3,1)\n! A=(3,2) B=(3,1)i64\n! A=(2,2){1,nan,0,1} "
        "B=(2,1)\n",
    .bench = "A=(256,64) B=(256,16)\n",
    .unavailable = FX__LAPACK_MISSING,
};
