/* The exponential of matrices.
 *
 * exp(A) = exp(A / 2^s)^(2^s), where the inner one is its Taylor polynomial, evaluated with the fewest
 * products (Paterson and Stockmeyer, "On the number of nonscalar multiplications necessary to evaluate
 * polynomials", 1973): the powers A ... A^q, then blocks of q coefficients by Horner's rule in A^q. The
 * degree is the least whose remainder is below rounding for the norm of A, and not so large that terms much
 * above the result would cancel: Taylor's terms are at most about 1 where the norm is.
 *
 * The derivative of exp at A in the direction E is the upper right block of exp of [[A, E], [0, A]] (Higham,
 * "Functions of Matrices", 2008, section 3.2): an expression in exp, so that any order follows.
 */
#include "kernels/gemm.h"
#include "spectral.h"

#include <math.h>

/* ---- degrees ---- */

/* A polynomial of degree `power * blocks`, good for norms up to `most`: norm^degree / degree! is a quarter of
 * float64's rounding there, so that it is one of blocks like those above, too, which lack one factor. */
typedef struct degree {
    int power, blocks;
    double most;
} degree;
static const degree degrees[] = { { 1, 1, 2.7e-17 }, { 2, 1, 7.4e-9 }, { 2, 2, 1.6e-4 }, { 3, 2, 5.2e-3 },
                                  { 3, 3, 5.9e-2 },  { 4, 3, 2.2e-1 }, { 4, 4, 6.2e-1 } };
enum { MOST_POWER = 4, DEGREES = sizeof degrees / sizeof *degrees, MOST_HALVINGS = 2000 };

/* ---- one matrix ---- */

typedef struct work {
    fx_gemm g; /* of two matrices of n rows */
    int threads;
    void *gemm;
    int64_t n;
    double *power[MOST_POWER + 1], *spare[2]; /* n x n each; power[0] is none */
} work;

/* c = a b, or c += a b. */
static void multiply(work *w, const double *a, const double *b, double *c, bool accumulate)
{
    w->g.a = a, w->g.b = b, w->g.c = c, w->g.accumulate = accumulate;
    fx__gemm(w->threads, &w->g, w->gemm);
}

/* The largest sum of magnitudes of a column; NaN and infinity win. */
static double norm_of(const double *a, int64_t n)
{
    double most = 0;
    for (int64_t j = 0; j < n; j++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += fabs(a[i * n + j]);
        if (!(sum <= most)) most = sum;
        if (isnan(most)) break;
    }
    return most;
}

/* to = the sum over k < power of coefficient[k] A^k. */
static void combine(const work *w, int power, const double *coefficient, double *to)
{
    const int64_t n = w->n;
    for (int64_t i = 0; i < n * n; i++) {
        double sum = 0;
        for (int k = power - 1; k > 0; k--) sum += coefficient[k] * w->power[k][i];
        to[i] = sum;
    }
    for (int64_t i = 0; i < n; i++) to[i * n + i] += coefficient[0];
}

/* The polynomial of power[1]; returns which of the spare matrices it is in. */
static double *polynomial(work *w, degree d)
{
    double coefficient[MOST_POWER * MOST_POWER + 1] = { 1 };
    const int highest = d.power * d.blocks;
    for (int k = 1; k <= highest; k++) coefficient[k] = coefficient[k - 1] / k;
    for (int k = 2; k <= d.power; k++) multiply(w, w->power[k - 1], w->power[1], w->power[k], false);
    double *sum = w->spare[0], *next = w->spare[1];
    const double *top = w->power[d.power];
    combine(w, d.power, coefficient + highest - d.power, sum);
    for (int64_t i = 0; i < w->n * w->n; i++) sum[i] += coefficient[highest] * top[i];
    for (int block = d.blocks - 2; block >= 0; block--) {
        double *const swap = next;
        combine(w, d.power, coefficient + (ptrdiff_t)block * d.power, next);
        multiply(w, sum, top, next, true);
        next = sum, sum = swap;
    }
    return sum;
}

static void exponential(work *w, const double *a, double *y)
{
    const int64_t n = w->n;
    const double norm = norm_of(a, n);
    if (!(norm < INFINITY) || n == 1) {
        for (int64_t i = 0; i < n * n; i++) y[i] = n == 1 ? exp(a[i]) : NAN;
        return;
    }
    int d = 0, halvings = 0;
    while (d < DEGREES - 1 && norm > degrees[d].most) d++;
    while (halvings < MOST_HALVINGS && ldexp(norm, -halvings) > degrees[d].most) halvings++;
    for (int64_t i = 0; i < n * n; i++) w->power[1][i] = ldexp(a[i], -halvings);
    double *now = polynomial(w, degrees[d]), *next = now == w->spare[0] ? w->spare[1] : w->spare[0];
    for (int k = 0; k < halvings; k++) {
        double *const swap = next;
        multiply(w, now, now, next, false);
        next = now, now = swap;
    }
    memcpy(y, now, sizeof *y * (size_t)(n * n));
}

/* ---- the op ---- */

static void exp_forward(const fx_call *c)
{
    const int64_t n = fx__matrix_rows(c->y), each = n * n, count = fx__stack_count(c->y);
    if (c->y->numel == 0) return;
    work w = { .g = { .f64 = true, .m = n, .n = n, .k = n, .batch = 1, .a_row = n, .a_column = 1 },
               .threads = fx_threads(c->cx),
               .n = n };
    w.g.b_row = w.g.c_row = n, w.g.b_column = 1;
    const size_t bytes = fx__gemm_work(w.threads, &w.g);
    double *matrices = fx__scratch(c->cx, sizeof *matrices * (size_t)(each * (MOST_POWER + 2)));
    w.gemm = matrices && bytes ? fx__scratch(c->cx, bytes) : NULL;
    if (matrices && (w.gemm || !bytes)) {
        for (int k = 0; k < MOST_POWER; k++) w.power[k + 1] = matrices + k * each;
        for (int k = 0; k < 2; k++) w.spare[k] = matrices + (MOST_POWER + k) * each;
        for (int64_t i = 0; i < count; i++)
            exponential(&w, fx__doubles(c->x[0]) + i * each, fx__doubles_to(c->y) + i * each);
    }
    fx__scratch_free(c->cx, w.gemm);
    fx__scratch_free(c->cx, matrices);
}

/* For each matrix of g a power of 2, as (..., 1, 1), that makes it small beside 1: it then costs the block
 * matrix no squaring. The derivative is linear in g, so that the power is a constant to it. */
static fx_tensor *scales_of(fx_tensor *g, fx_where where)
{
    fx__sizes to = fx__sizes_of(g);
    const int64_t n = fx__matrix_rows(g), count = fx__stack_count(g);
    to.at[to.ndim - 2] = to.at[to.ndim - 1] = 1;
    fx_tensor *scale = fx__new(g->cx, FX_F64, to.ndim, to.at, where);
    const fx_tensor *x = fx__contiguous_of(g);
    if (!scale || !x) return NULL;
    for (int64_t i = 0; i < count; i++) {
        const double norm = norm_of(fx__doubles(x) + i * n * n, n);
        int exponent = 0;
        if (norm > 0 && norm < INFINITY) (void)frexp(norm, &exponent);
        if (exponent > 900) exponent = 900;
        if (exponent < -900) exponent = -900;
        fx__doubles_to(scale)[i] = ldexp(1, exponent + 10);
    }
    return scale;
}

static void exp_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_where where = c->where;
    fx_tensor *a = fx_mT_at(c->x[0], where), *scale = a ? scales_of(g, where) : NULL;
    if (!scale) return;
    const int64_t n = fx__matrix_rows(a);
    fx_tensor *nothing = fx__zeros_like(a), *small = DIV(g, scale);
    fx_tensor *upper = fx_cat_at(FX_LIST(a, small), -1, where);
    fx_tensor *lower = fx_cat_at(FX_LIST(nothing, a), -1, where);
    fx_tensor *block = fx_matrix_exp_at(fx_cat_at(FX_LIST(upper, lower), -2, where), where);
    block = fx_narrow_at(block, -2, 0, n, where);
    gx[0] = MUL(fx_narrow_at(block, -1, n, n, where), scale);
}

static const fx_op exp_op = { .name = "matrix_exp",
                              .formula = "y = the sum over k of x^k / k!",
                              .inputs = 1,
                              .captures = FX_CAPTURE_X0,
                              .shape = fx_shape_same,
                              .forward = exp_forward,
                              .local_grad = exp_local_grad };

fx_tensor *fx_matrix_exp_at(fx_tensor *x, fx_where where)
{
    fx_tensor *wide = fx__wide_matrices(x, true, "matrix_exp", where);
    return wide ? fx__as(FX__APPLY(&exp_op, NULL, where, wide), (fx_dtype)x->dtype, where) : NULL;
}

FX__PLAIN(matrix_exp, fx_unary_args, a->x)
static const fx_field matrix_exp_fields[] = { FX__FIELD(fx_unary_args, x, TENSOR, .torch = "input,self,A"),
                                              FX__FIELDS_END };
const fx_function fx__function_matrix_exp = {
    .name = "matrix_exp",
    .torch = "matrix_exp,linalg.matrix_exp",
    .formula = "y = the sum over k of x^k / k!, of square matrices",
    .gradient = "the derivative of exp at x^T in the direction g: the upper right block of "
                "exp([[x^T, g], [0, x^T]])",
    .notes = "computed in float64",
    .fields = matrix_exp_fields,
    .args_size = sizeof(fx_unary_args),
    .call = matrix_exp_call,
    .samples = "x=(1,1)\nx=(2,2)\nx=(3,3)\nx=(5,5)\nx=(2,3,3)\nx=(2,1,2,2)\nx=(2,2){0,0,0,0}\n"
               "x=(2,2){0,1,-1,0}\nx=(2,2){1e-9,2e-9,0,-1e-9}\nx=(2,2){1e-5,-1e-4,2e-5,0}\n"
               "x=(3,3){1e-3,2e-3,0,0,-1e-3,1e-3,0,0,2e-3}\nx=(2,2){0.03,0.01,-0.02,0.02}\n"
               "x=(2,2){0.1,0.05,-0.1,0.02}\nx=(3,3){0,1,0,0,0,1,0,0,0}\nx=(2,2){4,1,2,3}\n"
               "x=(2,2){-3,1,0,-2}\nx=(2,2){10,0,0,-10}\nx=(3,3)@sym\nx=(2,2){1,inf,0,1}\n"
               "x=(2,2){nan,0,0,1}\nx=(0,0)\nx=(0,3,3)\nx=(2,0,0)\n"
               "! x=()\n! x=(3)\n! x=(2,3)\n! x=(2,2)i64\n",
    .bench = "x=(64,8,8)\nx=(256,256)\n",
};
