/* A = P L U: factors in one matrix, L without its diagonal of ones below that of U, as LAPACK has them; and
 * what is unpacked and solved with them.
 *
 * One op factors. P is swaps of rows, an op and its own gradient in reverse; everything else is made of these
 * and of triangular systems.
 */
#include "lu.h"

#define ZERO_PIVOT                                                                                           \
    "U has a zero on its diagonal, at #, and nothing can be solved with it; linalg_lu and "                  \
    "linalg_lu_factor_ex do not "                                                                            \
    "mind"

/* ---- swapped rows ---- */

typedef struct swap_options {
    bool reverse;
} swap_options;

static bool swap_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *x = c->x[0], *pivots = c->x[1];
    const int nx = x->ndim - 2, np = pivots->ndim - 1;
    y->ndim = (nx > np ? nx : np) + 2;
    for (int d = 0; d < y->ndim - 2; d++) {
        const int of_x = d - (y->ndim - 2 - nx), of_p = d - (y->ndim - 2 - np);
        y->size[d] = of_x < 0 || x->size[of_x] == 1 ? (of_p < 0 ? 1 : pivots->size[of_p]) : x->size[of_x];
    }
    y->size[y->ndim - 2] = fx__matrix_rows(x);
    y->size[y->ndim - 1] = fx__matrix_columns(x);
    const int32_t *at = (const int32_t *)(const void *)pivots->data;
    for (int64_t i = 0; fx__contiguous(pivots) && i < pivots->numel; i++)
        if (at[i] < 1 || at[i] > fx__matrix_rows(x))
            return fx_call_fail(c, FX_ERROR_INDEX, "pivot %d is not in 1 to %lld", at[i],
                                (long long)fx__matrix_rows(x));
    return true;
}

typedef struct swapping {
    fx__matrices x, pivots, y;
    bool reverse;
} swapping;

static int swap_one(const void *data, int64_t k, char *work)
{
    const swapping *s = data;
    const char *x = fx__matrix_at(&s->x, k);
    char *y = fx__matrix_at(&s->y, k);
    const int32_t *pivots = (const int32_t *)(const void *)fx__matrix_at(&s->pivots, k);
    int32_t *from = (int32_t *)(void *)work;
    const int64_t swaps = s->pivots.rows;
    const size_t width = s->x.width;
    for (int64_t i = 0; i < s->x.rows; i++) from[i] = (int32_t)i;
    for (int64_t step = 0; step < swaps; step++) {
        const int64_t i = s->reverse ? swaps - 1 - step : step, other = pivots[i] - 1;
        const int32_t t = from[i];
        from[i] = from[other];
        from[other] = t;
    }
    for (int64_t i = 0; i < s->x.rows; i++)
        for (int64_t j = 0; j < s->x.columns; j++)
            memcpy(y + (size_t)(i * s->y.row + j * s->y.column) * width,
                   x + (from[i] * s->x.row + j * s->x.column) * (int64_t)width, width);
    return 0;
}

static void swap_forward(const fx_call *c)
{
    const swap_options *o = c->options;
    const fx_tensor *y = c->y;
    const int ndim = fx__stack_ndim(y);
    if (y->numel == 0) return;
    fx_tensor *pivots = fx__contiguous_of(c->x[1]);
    if (!pivots) return;
    const swapping s = { fx__matrices_of(c->x[0], ndim, y->size), fx__columns_of_stack(pivots, ndim, y->size),
                         fx__matrices_of(y, ndim, y->size), o->reverse };
    fx__each_matrix(c, fx__stack_count(y), fx__room(s.x.rows, false), (double)(s.x.rows * s.x.columns),
                    swap_one, &s, NULL);
}

static void swap_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const swap_options *o = c->options;
    gx[0] = fx__swap_rows(g, c->x[1], !o->reverse, c->where);
}

static const fx_op swap_rows_op = { .name = "swap_rows",
                                    .formula = "y = P^T x, or P x",
                                    .inputs = 2,
                                    .captures = FX_CAPTURE_X1,
                                    .options_size = sizeof(swap_options),
                                    .strided = true,
                                    .shape = swap_shape,
                                    .forward = swap_forward,
                                    .local_grad = swap_local_grad };

fx_tensor *fx__swap_rows(fx_tensor *x, fx_tensor *pivots, bool reverse, fx_where where)
{
    const swap_options o = { .reverse = reverse };
    return FX__APPLY(&swap_rows_op, &o, where, x, pivots);
}

/* ---- factors ---- */

enum { LU, PIVOTS, INFO, OUTPUTS };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static bool factor_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *a = c->x[0];
    if (!fx__are_matrices(c, a, "A")) return false;
    fx__spec_of_stack(a, FX_I32, &y[INFO]);
    y[PIVOTS] = y[INFO];
    y[PIVOTS].size[y[PIVOTS].ndim++] = least(fx__matrix_rows(a), fx__matrix_columns(a));
    return true;
}

typedef struct factoring {
    bool f64;
    fx__matrices a, lu;
    const fx_tensor *pivots;
} factoring;

static int factor(const void *data, int64_t k, char *work)
{
    const factoring *f = data;
    const int m = (int)f->a.rows, n = (int)f->a.columns, ld = fx__leading(m);
    fx__matrix_read(&f->a, k, f->f64, work, ld);
    const int info = fx__getrf(f->f64, m, n, work, ld, fx__numbers_at(f->pivots, k, least(m, n)));
    fx__matrix_write(&f->lu, k, f->f64, work, ld);
    return info;
}

static void factor_forward(const fx_call *c)
{
    const factoring f = { fx__computes_f64(c->y), fx__matrices_of(c->x[0], -1, NULL),
                          fx__matrices_of(c->y, -1, NULL), c->ys[PIVOTS] };
    const double m = (double)f.a.rows, n = (double)f.a.columns;
    int32_t *infos = (int32_t *)(void *)c->ys[INFO]->data;
    if (f.a.rows == 0 || f.a.columns == 0)
        memset(infos, 0, sizeof *infos * (size_t)c->ys[INFO]->numel);
    else
        fx__each_matrix(c, fx__stack_count(c->y), fx__room(f.a.rows * f.a.columns, f.f64),
                        m * n * (m < n ? m : n) / 2, factor, &f, infos);
}

static void factor_checked_forward(const fx_call *c)
{
    factor_forward(c);
    fx__check_infos(c, c->ys[INFO], ZERO_PIVOT);
}

static fx_tensor *rows_of(fx_tensor *x, int64_t from, int64_t to, fx_where w)
{
    return x ? fx__slice(x, x->ndim - 2, from, to - from, 1, w) : NULL;
}
static fx_tensor *columns_of(fx_tensor *x, int64_t from, int64_t to, fx_where w)
{
    return x ? fx__slice(x, x->ndim - 1, from, to - from, 1, w) : NULL;
}
static fx_tensor *below(fx_tensor *x, fx_where w) { return fx_tril_at((fx_triangle_args){ x, -1 }, w); }
static fx_tensor *above(fx_tensor *x, fx_where w) { return fx_triu_at((fx_triangle_args){ x, 0 }, w); }
static fx_tensor *plus(fx_tensor *a, fx_tensor *b, fx_where w)
{
    return fx_add_at(fx_operand_tensor(a), fx_operand_tensor(b), w);
}
static fx_tensor *minus(fx_tensor *a, fx_tensor *b, fx_where w)
{
    return fx_sub_at(fx_operand_tensor(a), fx_operand_tensor(b), w);
}
static fx_tensor *times_transpose(fx_tensor *a, fx_tensor *b, fx_where w)
{
    return fx_matmul_at(a, fx_mT_at(b, w), w);
}

/* x U^-T, of the upper triangle of a. */
static fx_tensor *over_upper(fx_tensor *a, fx_tensor *x, fx_where w)
{
    return fx_mT_at(fx__solve_triangular(a, fx_mT_at(x, w), true, false, false, w), w);
}

/* With k = min(m, n), the first k columns of L and U as L1 and U1, L's rows below them as L2, and likewise of
 * g: dA = P [W; Z2], where M = tril(L^T gL - gU U^T, -1),  Z = M U1^-T,  Z2 = gL2 U1^-T,  W = L1^-T (gU + [Z
 * | 0] - L2^T Z2) which is the known formula, but that triu(gU U^T) U^-T is written as gU - tril(gU U^T, -1)
 * U^-T: so what does not depend on the last pivot is not divided by it. */
static void factor_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx_where w = c->where;
    fx_tensor *lu = c->y;
    if (!g) return;
    const int64_t m = fx__matrix_rows(lu), n = fx__matrix_columns(lu), k = least(m, n);
    fx_tensor *l = below(columns_of(lu, 0, k, w), w), *gl = below(columns_of(g, 0, k, w), w);
    fx_tensor *u = above(rows_of(lu, 0, k, w), w), *gu = above(rows_of(g, 0, k, w), w);
    fx_tensor *one = columns_of(rows_of(lu, 0, k, w), 0, k, w);
    fx_tensor *left = plus(rows_of(gl, 0, k, w), fx_matmul_at(fx_mT_at(l, w), gl, w), w); /* L = I + l */
    fx_tensor *z = over_upper(one, below(minus(left, times_transpose(gu, u, w), w), w), w);
    if (!z) return;
    if (m < n) z = fx__embed(z, z->ndim - 1, 0, 1, n, false, w);
    fx_tensor *top = plus(gu, z, w), *bottom = NULL;
    if (m > n) {
        bottom = over_upper(one, rows_of(gl, k, m, w), w);
        top = minus(top, fx_matmul_at(fx_mT_at(rows_of(l, k, m, w), w), bottom, w), w);
    }
    top = fx__solve_triangular(one, top, false, true, true, w);
    if (bottom) top = fx__join((fx_list){ 2, (fx_tensor *[]){ top, bottom } }, lu->ndim - 2, false, w);
    gx[0] = fx__swap_rows(top, c->ys[PIVOTS], true, w);
}

#define FACTOR_OP(function, run)                                                                             \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = "P^T A = L U, both in y",                                \
                                         .inputs = 1,                                                        \
                                         .outputs = OUTPUTS,                                                 \
                                         .captures = FX_CAPTURE_Y_AT(LU) | FX_CAPTURE_Y_AT(PIVOTS),          \
                                         .strided = true,                                                    \
                                         .shape = factor_shape,                                              \
                                         .forward = run,                                                     \
                                         .local_grad = factor_local_grad };
FACTOR_OP(linalg_lu, factor_forward)
FACTOR_OP(linalg_lu_factor, factor_checked_forward)
FACTOR_OP(linalg_lu_factor_ex, factor_forward)

static bool factors(const fx_op *op, fx_tensor *a, bool pivot, fx_tensor *ys[OUTPUTS], fx_where where)
{
    if (!a) return false;
    if (pivot) return fx_apply_at(op, (fx_list){ 1, &a }, NULL, ys, where) != NULL;
    fx_error_set(a->cx, FX_ERROR_UNSUPPORTED, where, "%s: LAPACK has no factors without pivots", op->name);
    return false;
}

fx_tensor *fx_linalg_lu_factor_at(fx_linalg_lu_factor_args args, fx_where where)
{
    fx_tensor *ys[OUTPUTS];
    if (!factors(&linalg_lu_factor_op, args.A, args.pivot, ys, where)) return NULL;
    if (args.pivots) *args.pivots = ys[PIVOTS];
    return ys[LU];
}

fx_tensor *fx_linalg_lu_factor_ex_at(fx_linalg_lu_factor_ex_args args, fx_where where)
{
    fx_tensor *ys[OUTPUTS];
    if (!factors(&linalg_lu_factor_ex_op, args.A, args.pivot, ys, where)) return NULL;
    if (args.check_errors && !fx__check_infos_at("linalg_lu_factor_ex", ys[INFO], ZERO_PIVOT, where))
        return NULL;
    if (args.pivots) *args.pivots = ys[PIVOTS];
    if (args.info) *args.info = ys[INFO];
    return ys[LU];
}

/* ---- unpacked ---- */

typedef struct unpacked {
    fx_tensor *p, *l, *u;
} unpacked;

static bool unpack(fx_tensor *lu, fx_tensor *pivots, bool data, bool swaps, unpacked *to, fx_where w)
{
    const int64_t m = fx__matrix_rows(lu), n = fx__matrix_columns(lu), k = least(m, n), none = 0;
    const fx_dtype dtype = (fx_dtype)lu->dtype;
    to->p = swaps ? fx__swap_rows(fx__identity(lu, m, m, w), pivots, true, w)
                  : fx__new(lu->cx, dtype, 1, &none, w);
    to->l = data ? plus(below(columns_of(lu, 0, k, w), w), fx__identity(lu, m, k, w), w)
                 : fx__new(lu->cx, dtype, 1, &none, w);
    to->u = data ? above(rows_of(lu, 0, k, w), w) : fx__new(lu->cx, dtype, 1, &none, w);
    return to->p && to->l && to->u;
}

fx_tensor *fx_linalg_lu_at(fx_linalg_lu_args args, fx_where where)
{
    fx_tensor *ys[OUTPUTS];
    unpacked to;
    if (!factors(&linalg_lu_op, args.A, args.pivot, ys, where)) return NULL;
    if (!unpack(ys[LU], ys[PIVOTS], true, true, &to, where)) return NULL;
    if (args.L) *args.L = to.l;
    if (args.U) *args.U = to.u;
    return to.p;
}

/* Whether these are factors and their pivots, as lu_factor gives them. */
static bool are_factors(const char *name, const fx_tensor *lu, const fx_tensor *pivots, bool square,
                        fx_where where)
{
    fx_context *cx = lu->cx;
    const bool floating = fx_dtype_is_float((fx_dtype)lu->dtype);
    if (!floating || pivots->dtype != FX_I32) {
        fx_error_set(cx, FX_ERROR_DTYPE, where,
                     "%s: takes LU of float32 or float64 and pivots of int32, not %s and %s", name,
                     fx_dtype_name((fx_dtype)lu->dtype), fx_dtype_name((fx_dtype)pivots->dtype));
        return false;
    }
    bool fit = lu->ndim >= 2 && pivots->ndim == lu->ndim - 1;
    if (fit && square) fit = fx__matrix_rows(lu) == fx__matrix_columns(lu);
    fit = fit && pivots->size[pivots->ndim - 1] == least(fx__matrix_rows(lu), fx__matrix_columns(lu));
    for (int d = 0; fit && d < lu->ndim - 2; d++) fit = lu->size[d] == pivots->size[d];
    if (!fit)
        fx_error_set(cx, FX_ERROR_SHAPE, where, "%s: LU and pivots must be %s and their swaps: %s, %s", name,
                     square ? "square matrices" : "matrices", fx__shape_text(lu), fx__shape_text(pivots));
    return fit;
}

/* The numbers of pivots are for the op to judge, which would do it by its own name. */
static bool are_rows(const char *name, fx_tensor *pivots, int64_t rows, fx_where where)
{
    const fx_tensor *flat = fx__contiguous_of(pivots);
    const int32_t *at = flat ? (const int32_t *)(const void *)flat->data : NULL;
    for (int64_t i = 0; at && i < flat->numel; i++)
        if (at[i] < 1 || at[i] > rows) {
            fx_error_set(pivots->cx, FX_ERROR_INDEX, where, "%s: pivot %d is not in 1 to %lld", name, at[i],
                         (long long)rows);
            return false;
        }
    return at != NULL;
}

fx_tensor *fx_lu_unpack_at(fx_lu_unpack_args args, fx_where where)
{
    unpacked to;
    if (!args.LU || !args.pivots || !are_factors("lu_unpack", args.LU, args.pivots, false, where))
        return NULL;
    if (!are_rows("lu_unpack", args.pivots, fx__matrix_rows(args.LU), where)) return NULL;
    if (!unpack(args.LU, args.pivots, args.unpack_data, args.unpack_pivots, &to, where)) return NULL;
    if (args.L) *args.L = to.l;
    if (args.U) *args.U = to.u;
    return to.p;
}

/* ---- systems ---- */

/* P L U X = B, or the transpose, U^T L^T P^T X = B. */
static fx_tensor *solve_with(fx_tensor *lu, fx_tensor *pivots, fx_tensor *b, bool transposed, fx_where w)
{
    if (transposed) {
        b = fx__solve_triangular(lu, b, true, true, false, w);
        return fx__swap_rows(fx__solve_triangular(lu, b, false, true, true, w), pivots, true, w);
    }
    b = fx__solve_triangular(lu, fx__swap_rows(b, pivots, false, w), false, false, true, w);
    return fx__solve_triangular(lu, b, true, false, false, w);
}

fx_tensor *fx_linalg_lu_solve_at(fx_linalg_lu_solve_args args, fx_where where)
{
    static const char name[] = "linalg_lu_solve";
    fx_tensor *lu = args.LU, *pivots = args.pivots, *b = args.B;
    if (!lu || !pivots || !b || !are_factors(name, lu, pivots, true, where)) return NULL;
    if (b->ndim < 2 || b->dtype != lu->dtype ||
        (args.left ? fx__matrix_rows(b) : fx__matrix_columns(b)) != fx__matrix_rows(lu))
        return FX__REFUSE(b, ERROR_SHAPE, where, "%s: LU and B do not fit: %s %s x %s %s", name,
                          fx_dtype_name((fx_dtype)lu->dtype), fx__shape_text(lu),
                          fx_dtype_name((fx_dtype)b->dtype), fx__shape_text(b));
    if (!fx__stacks_broadcast(name, lu, b, where) || !are_rows(name, pivots, fx__matrix_rows(lu), where))
        return NULL;
    if (args.left) return solve_with(lu, pivots, b, args.adjoint, where);
    return fx_mT_at(solve_with(lu, pivots, fx_mT_at(b, where), !args.adjoint, where), where);
}
