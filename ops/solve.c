/* Linear systems: A X = B by Gaussian elimination.
 *
 * One op factors A, once for each matrix of its own stack, and substitutes for each of B's; it gives the
 * factors too, for the gradient that no graph is wanted of. With one, the gradient is another such system,
 * with the transpose. The factors lie column by column, as LAPACK made them: nobody else sees them.
 */
#include "solve.h"

typedef struct options {
    bool transposed;
} options;

enum { X, FACTORS, PIVOTS, INFO, OUTPUTS };
enum { SINGULAR = 0 }; /* in place of the first pivot, which is counted from 1 */

/* ---- substitution, by factors that are there ---- */

typedef struct substitution {
    bool transposed, f64;
    fx__matrices lu, pivots, b, x;
} substitution;

static int substitute(const void *data, int64_t k, char *work)
{
    const substitution *s = data;
    const int n = (int)s->x.rows, columns = (int)s->x.columns, ld = fx__leading(n);
    const int32_t *pivots = (const int32_t *)(const void *)fx__matrix_at(&s->pivots, k);
    if (pivots[0] == SINGULAR) return fx__no_matrix(&s->x, k, 0);
    fx__matrix_read(&s->b, k, s->f64, work, ld);
    fx__getrs(s->f64, s->transposed, n, columns, fx__matrix_at(&s->lu, k), ld, pivots, work, ld);
    fx__matrix_write(&s->x, k, s->f64, work, ld);
    return 0;
}

static bool substitute_all(const fx_call *c, const fx_tensor *lu, const fx_tensor *pivots, const fx_tensor *b,
                           fx_tensor *x, bool transposed)
{
    const int ndim = fx__stack_ndim(x);
    if (x->numel == 0) return true;
    const substitution s = { .transposed = transposed,
                             .f64 = lu->dtype == FX_F64,
                             .lu = fx__matrices_of(lu, ndim, x->size),
                             .pivots = fx__columns_of_stack(pivots, ndim, x->size),
                             .b = fx__matrices_of(b, ndim, x->size),
                             .x = fx__matrices_of(x, ndim, x->size) };
    const double n = (double)s.x.rows, columns = (double)s.x.columns;
    return fx__each_matrix(c, fx__stack_count(x), fx__room(s.x.rows * s.x.columns, s.f64), n * n * columns,
                           substitute, &s, NULL);
}

static bool result_shape(const fx_call *c, const fx_tensor *a, const fx_tensor *b, fx_spec *y)
{
    if ((y->ndim = fx__broadcast_stacks(c, a, b, y->size)) < 0) return false;
    y->size[y->ndim++] = fx__matrix_rows(b);
    y->size[y->ndim++] = fx__matrix_columns(b);
    return true;
}

static bool substitute_shape(const fx_call *c, fx_spec *y)
{
    y->dtype = (fx_dtype)c->x[2]->dtype;
    return result_shape(c, c->x[0], c->x[2], y);
}

static void substitute_forward(const fx_call *c)
{
    const options *o = c->options;
    substitute_all(c, c->x[0], c->x[1], c->x[2], c->y, o->transposed);
}

/* Inputs: factors, pivots, B. Never recorded. */
static const fx_op substitute_op = { .name = "solve_by_factors",
                                     .formula = "P L U y = B, or its transpose",
                                     .inputs = 3,
                                     .options_size = sizeof(options),
                                     .strided = true,
                                     .shape = substitute_shape,
                                     .forward = substitute_forward };

/* ---- the op ---- */

static bool solve_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *a = c->x[0], *b = c->x[1];
    if (!fx__are_square(c, a, "A") || !fx__are_matrices(c, b, "B") || !fx__same_dtype(c, a, "A", b, "B"))
        return false;
    if (fx__matrix_rows(a) != fx__matrix_rows(b))
        return fx_call_fail(c, FX_ERROR_SHAPE, "A and B do not fit: %s x %s", fx__shape_text(a),
                            fx__shape_text(b));
    y[FACTORS].no_gradient = true;
    if (fx__computes_f64(a)) y[FACTORS].dtype = FX_F64;
    fx__spec_of_stack(a, FX_I32, &y[INFO]);
    y[PIVOTS] = y[INFO];
    y[PIVOTS].size[y[PIVOTS].ndim++] = fx__matrix_rows(a);
    return result_shape(c, a, b, &y[X]);
}

typedef struct factoring {
    fx__matrices a;
    const fx_tensor *lu, *pivots;
} factoring;

static int factor(const void *data, int64_t k, char *work)
{
    const factoring *f = data;
    const int n = (int)f->a.rows, ld = fx__leading(n);
    const bool f64 = f->lu->dtype == FX_F64;
    char *lu = fx__numbers_at(f->lu, k, (int64_t)n * n);
    int32_t *pivots = fx__numbers_at(f->pivots, k, n);
    (void)work;
    fx__matrix_read(&f->a, k, f64, lu, ld);
    const int info = fx__getrf(f64, n, n, lu, ld, pivots);
    if (info) pivots[0] = SINGULAR;
    return info;
}

static void solve_forward(const fx_call *c)
{
    const options *o = c->options;
    const factoring f = { fx__matrices_of(c->x[0], -1, NULL), c->ys[FACTORS], c->ys[PIVOTS] };
    const double n = (double)f.a.rows;
    int32_t *infos = (int32_t *)(void *)c->ys[INFO]->data;
    if (f.a.rows == 0) memset(infos, 0, sizeof *infos * (size_t)c->ys[INFO]->numel);
    if (f.a.rows && !fx__each_matrix(c, fx__stack_count(c->x[0]), 0, n * n * n / 3, factor, &f, infos))
        return;
    substitute_all(c, c->ys[FACTORS], c->ys[PIVOTS], c->x[1], c->ys[X], o->transposed);
}

static void solve_checked_forward(const fx_call *c)
{
    solve_forward(c);
    fx__check_infos(c, c->ys[INFO], FX__SINGULAR);
}

static unsigned solve_captured(const fx_call *c)
{
    return FX_CAPTURE_X0 | FX_CAPTURE_Y_AT(FACTORS) | FX_CAPTURE_Y_AT(PIVOTS) |
           (fx_call_needs(c, 0) ? FX_CAPTURE_Y : 0);
}

/* A X = B: dA = -dB X^T; A^T X = B: dA = -X dB^T. */
static fx_tensor *gradient_of_a(const fx_call *c, fx_tensor *gb)
{
    const options *o = c->options;
    const fx_where w = c->where;
    fx_tensor *minus = fx_neg_at(gb, w);
    return o->transposed ? fx_matmul_at(c->y, fx_mT_at(minus, w), w)
                         : fx_matmul_at(minus, fx_mT_at(c->y, w), w);
}

static void solve_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const options *o = c->options;
    if (!g || !(gx[1] = fx__solve(c->x[0], g, !o->transposed, c->where))) return;
    if (fx_call_needs(c, 0)) gx[0] = gradient_of_a(c, gx[1]);
}

static void solve_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const options *o = c->options, other = { .transposed = !o->transposed };
    if (!g) return;
    gx[1] = FX__APPLY(&substitute_op, &other, c->where, c->ys[FACTORS], c->ys[PIVOTS], g);
    if (gx[1] && fx_call_needs(c, 0)) gx[0] = gradient_of_a(c, gx[1]);
}

#define SOLVE_OP(function, run)                                                                              \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = "A y = B",                                               \
                                         .inputs = 2,                                                        \
                                         .outputs = OUTPUTS,                                                 \
                                         .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y |                          \
                                                     FX_CAPTURE_Y_AT(FACTORS) | FX_CAPTURE_Y_AT(PIVOTS),     \
                                         .captured = solve_captured,                                         \
                                         .options_size = sizeof(options),                                    \
                                         .strided = true,                                                    \
                                         .shape = solve_shape,                                               \
                                         .forward = run,                                                     \
                                         .local_grad = solve_local_grad,                                     \
                                         .local_grad_fused = solve_local_grad_fused };
SOLVE_OP(linalg_solve, solve_checked_forward)
SOLVE_OP(linalg_solve_ex, solve_forward)
SOLVE_OP(linalg_tensorsolve, solve_checked_forward)

fx_tensor *fx__solve(fx_tensor *a, fx_tensor *b, bool transposed, fx_where where)
{
    const options o = { .transposed = transposed };
    return FX__APPLY(&linalg_solve_ex_op, &o, where, a, b);
}

/* ---- public functions ---- */

/* B is vectors, one for each of A's matrices or one for all. */
static bool are_vectors(const fx_tensor *a, const fx_tensor *b)
{
    return b->ndim == 1 ||
           (b->ndim == a->ndim - 1 && !memcmp(b->size, a->size, sizeof(int64_t) * (size_t)b->ndim));
}

static fx_tensor *solve(const fx_op *op, fx_tensor *a, fx_tensor *b, bool left, fx_tensor **info,
                        fx_where where)
{
    fx_tensor *ys[OUTPUTS];
    if (!a || !b) return NULL;
    const bool vectors = are_vectors(a, b), turned = !left && b->ndim >= 2;
    if (vectors && !left)
        return FX__REFUSE(a, ERROR_SHAPE, where, "%s: with left=false B must be matrices: %s x %s", op->name,
                          fx__shape_text(a), fx__shape_text(b));
    if (vectors) b = fx__unsqueeze(b, b->ndim, where);
    if (turned) b = fx_mT_at(b, where);
    const options o = { .transposed = turned };
    fx_tensor *inputs[] = { a, b }, *y = fx_apply_at(op, (fx_list){ 2, inputs }, &o, ys, where);
    if (!y) return NULL;
    if (info) *info = ys[INFO];
    return vectors ? fx__squeeze(y, y->ndim - 1, where) : turned ? fx_mT_at(y, where) : y;
}

fx_tensor *fx_linalg_solve_at(fx_linalg_solve_args args, fx_where where)
{
    return solve(&linalg_solve_op, args.A, args.B, args.left, NULL, where);
}

fx_tensor *fx_linalg_solve_ex_at(fx_linalg_solve_ex_args args, fx_where where)
{
    fx_tensor *info = NULL, *y = solve(&linalg_solve_ex_op, args.A, args.B, args.left, &info, where);
    if (!y || (args.check_errors && !fx__check_infos_at("linalg_solve_ex", info, FX__SINGULAR, where)))
        return NULL;
    if (args.info) *args.info = info;
    return y;
}

/* The dimensions of a that dims names, in their order, moved to the end. */
static fx_tensor *moved_to_end(fx_tensor *a, fx_dims dims, fx_where where)
{
    fx_dims to = { .given = true, .count = dims.count };
    for (int i = 0; i < dims.count; i++) {
        if (fx__dim_of(a, dims.at[i], "linalg_tensorsolve", where) < 0) return NULL;
        to.at[i] = a->ndim - dims.count + i;
    }
    return dims.count ? fx_movedim_at(a, dims, to, where) : a;
}

fx_tensor *fx_linalg_tensorsolve_at(fx_linalg_tensorsolve_args args, fx_where where)
{
    fx_tensor *a = args.A, *b = args.B;
    if (!a || !b || !(a = moved_to_end(a, args.dims, where))) return NULL;
    const int ndim = a->ndim - b->ndim;
    const int64_t n = b->numel;
    if (ndim < 0 || fx__product(a->size, 0, b->ndim) != n || fx__product(a->size, b->ndim, a->ndim) != n)
        return FX__REFUSE(a, ERROR_SHAPE, where,
                          "linalg_tensorsolve: A is no square matrix with %lld rows, as B wants it: %s x %s",
                          (long long)n, fx__shape_text(args.A), fx__shape_text(b));
    fx__sizes sizes = { .ndim = ndim };
    memcpy(sizes.at, a->size + b->ndim, sizeof(int64_t) * (size_t)ndim);
    a = fx__reshape(a, 2, (const int64_t[]){ n, n }, where);
    b = fx__reshape(b, 1, &n, where);
    fx_tensor *y = solve(&linalg_tensorsolve_op, a, b, true, NULL, where);
    return y ? fx__reshape(y, sizes.ndim, sizes.at, where) : NULL;
}

/* ---- records ---- */

#define SOLVE_SAMPLES                                                                                        \
    "A=(3,3) B=(3,2)\n"                                                                                      \
    "A=(3,3) B=(3)\n"                                                                                        \
    "A=(3,3) B=(2,3) left=false\n"                                                                           \
    "A=(1,1)@nonzero B=(1,1)\n"                                                                              \
    "A=(5,5) B=(5,1)\n"                                                                                      \
    "A=(12,12)@spd B=(12,3)\n"                                                                               \
    "A=(2,3,3) B=(2,3)\n"                                                                                    \
    "A=(2,3,3) B=(2,3,2)\n"                                                                                  \
    "A=(2,3,3) B=(3)\n"                                                                                      \
    "A=(2,3,3) B=(1,3,1)\n"                                                                                  \
    "A=(3,3) B=(2,3,2)\n"                                                                                    \
    "A=(2,1,2,2)@spd B=(3,2,2)\n"                                                                            \
    "A=(2,1,2,2)@spd B=(3,1,2) left=false\n"                                                                 \
    "A=(3,3){0,1,0,0,0,1,1,0,0} B=(3,1)\n"                                                                   \
    "A=(2,2){1e4,1,1,1.01e-4} B=(2,1)\n"                                                                     \
    "A=(3,3){1e-6,2,3,4e-6,5,6,7e-6,8,10} B=(3,2)\n"                                                         \
    "A=(0,0) B=(0,3)\n"                                                                                      \
    "A=(0,0) B=(0)\n"                                                                                        \
    "A=(3,3) B=(3,0)\n"                                                                                      \
    "A=(0,3,3) B=(0,3)\n"                                                                                    \
    "A=(2,0,0) B=(2,0,1)\n"                                                                                  \
    "! A=() B=(2)\n"                                                                                         \
    "! A=(2,2) B=()\n"                                                                                       \
    "! A=(2,3) B=(2)\n"                                                                                      \
    "! A=(3,3) B=(2)\n"                                                                                      \
    "! A=(3,3) B=(2,3)\n"                                                                                    \
    "! A=(3,3) B=(3,2) left=false\n"                                                                         \
    "! A=(3,3) B=(3) left=false\n"                                                                           \
    "! A=(2,3,3) B=(3,3,1)\n"                                                                                \
    "! A=(2,2)f32 B=(2)f64\n"                                                                                \
    "! A=(2,2)i64 B=(2)i64\n"
#define SOLVE_GRADIENT "dL/dB = A^-T g, dL/dA = -(dL/dB) X^T, summed over broadcast dimensions"

FX__CALL(linalg_solve, fx_linalg_solve_args)
static const fx_linalg_solve_args solve_defaults = { .left = true };
static const fx_field linalg_solve_fields[] = { FX__FIELD(fx_linalg_solve_args, A, TENSOR),
                                                FX__FIELD(fx_linalg_solve_args, B, TENSOR),
                                                FX__FIELD(fx_linalg_solve_args, left, BOOL, .optional = true),
                                                FX__FIELDS_END };
const fx_function fx__function_linalg_solve = {
    .name = "linalg_solve",
    .torch = "linalg.solve",
    .formula = "X of A X = B, or of X A = B unless left",
    .gradient = SOLVE_GRADIENT,
    .notes = "a singular matrix is an error",
    .fields = linalg_solve_fields,
    .args_size = sizeof(fx_linalg_solve_args),
    .defaults = &solve_defaults,
    .call = linalg_solve_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = SOLVE_SAMPLES "! A=(2,2){1,2,2,4} B=(2)\n! A=(2,1,1){1,0} B=(2,1)\n",
    .bench = "A=(256,256)@dom B=(256,256)\n",
};

static int linalg_solve_ex_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    fx_linalg_solve_ex_args a = *(const fx_linalg_solve_ex_args *)args;
    a.info = &out[1];
    out[0] = fx_linalg_solve_ex_at(a, where);
    return out[0] ? 2 : 0;
}
static const fx_linalg_solve_ex_args solve_ex_defaults = { .left = true };
static const fx_field linalg_solve_ex_fields[] = {
    FX__FIELD(fx_linalg_solve_ex_args, A, TENSOR), FX__FIELD(fx_linalg_solve_ex_args, B, TENSOR),
    FX__FIELD(fx_linalg_solve_ex_args, left, BOOL, .optional = true),
    FX__FIELD(fx_linalg_solve_ex_args, check_errors, BOOL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_solve_ex = {
    .name = "linalg_solve_ex",
    .torch = "linalg.solve_ex",
    .formula =
        "X of A X = B, or of X A = B unless left, and the place of the first pivot of A that is zero, or 0",
    .gradient = SOLVE_GRADIENT,
    .notes = "where info is not 0, X is NaN",
    .fields = linalg_solve_ex_fields,
    .args_size = sizeof(fx_linalg_solve_ex_args),
    .defaults = &solve_ex_defaults,
    .call = linalg_solve_ex_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = SOLVE_SAMPLES "A=(3,3) B=(3,1) check_errors=true\n"
                             "! A=(2,2){1,2,2,4} B=(2) check_errors=true\n",
    .bench = "A=(256,256)@dom B=(256,256)\n",
};

FX__CALL(linalg_tensorsolve, fx_linalg_tensorsolve_args)
static const fx_field linalg_tensorsolve_fields[] = {
    FX__FIELD(fx_linalg_tensorsolve_args, A, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_linalg_tensorsolve_args, B, TENSOR, .torch = "other"),
    FX__FIELD(fx_linalg_tensorsolve_args, dims, DIMS, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_linalg_tensorsolve = {
    .name = "linalg_tensorsolve",
    .torch = "linalg.tensorsolve",
    .formula = "X of tensordot(A, X) = B over the last dimensions of A, after dims were moved there",
    .gradient = "that of solve, of the matrix that A is",
    .notes = "a singular matrix is an error",
    .fields = linalg_tensorsolve_fields,
    .args_size = sizeof(fx_linalg_tensorsolve_args),
    .call = linalg_tensorsolve_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = "A=(2,3,6) B=(2,3)\n"
               "A=(2,6,3) B=(2,3) dims=[1]\n"
               "A=(3,4,4,3) B=(3,4)\n"
               "A=(3,4,4,3) B=(3,4) dims=[0,2]\n"
               "A=(4,2,2) B=(4)\n"
               "A=() B=()\n"
               "A=(0,2,0) B=(0,2)\n"
               "! A=(2,3,5) B=(2,3)\n"
               "! A=(6,6) B=(2,3,6)\n"
               "! A=(2,3,6) B=(2,3) dims=[3]\n"
               "! A=(2,2)@zero B=(2)\n"
               "! A=(2,2)i64 B=(2)i64\n",
    .bench = "A=(16,16,256) B=(16,16)\n",
};
