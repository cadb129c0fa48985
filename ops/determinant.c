/* Determinants: det, and their sign and logarithm.
 *
 * The value is the product of the pivots of P L U. The gradient of det is its cofactors, right for matrices
 * of any rank and in any order (cofactors.h); that of the logarithm is A^-T.
 */
#include "cofactors.h"
#include "solve.h"

typedef struct job {
    bool f64;
    fx__matrices a;
    const fx_tensor *y, *log; /* det; or its sign and logarithm */
} job;

/* What the pivots multiply to: mantissa 2^exponent. */
typedef struct product {
    double mantissa;
    int64_t exponent;
} product;

static product product_of(bool f64, int n, const void *lu, int ld, const int32_t *pivots)
{
    product p = { 1, 0 };
    for (int i = 0; i < n; i++) {
        int power;
        const int64_t at = i * (int64_t)(ld + 1);
        const double u = f64 ? ((const double *)lu)[at] : (double)((const float *)lu)[at];
        p.mantissa = frexp(p.mantissa * (pivots[i] == i + 1 ? u : -u), &power);
        p.exponent += power;
    }
    return p;
}

static void put(const fx_tensor *y, int64_t k, double x)
{
    if (y->dtype == FX_F64)
        ((double *)(void *)y->data)[k] = x;
    else
        ((float *)(void *)y->data)[k] = (float)x;
}

static int determine(const void *data, int64_t k, char *work)
{
    const job *j = data;
    const int n = (int)j->a.rows, ld = fx__leading(n);
    int32_t *pivots = (int32_t *)(void *)(work + fx__room((int64_t)n * n, j->f64));
    fx__matrix_read(&j->a, k, j->f64, work, ld);
    const int info = n ? fx__getrf(j->f64, n, n, work, ld, pivots) : 0;
    const product p = info ? (product){ 0, 0 } : product_of(j->f64, n, work, ld, pivots);
    const int64_t e = p.exponent;
    if (!j->log) {
        put(j->y, k, ldexp(p.mantissa, e > 5000 ? 5000 : e < -5000 ? -5000 : (int)e));
        return 0;
    }
    const double m = p.mantissa,
                 log_of = e == 0 || e == 1 ? log(fabs(ldexp(m, (int)e))) : log(fabs(m)) + (double)e * log(2);
    if (j->y) put(j->y, k, m > 0 ? 1 : m < 0 ? -1 : m);
    put(j->log, k, !j->y && m < 0 ? NAN : log_of);
    return 0;
}

static void determine_all(const fx_call *c, const fx_tensor *y, const fx_tensor *log_of)
{
    const job j = { fx__computes_f64(c->x[0]), fx__matrices_of(c->x[0], -1, NULL), y, log_of };
    const double n = (double)j.a.rows;
    fx__each_matrix(c, fx__stack_count(c->x[0]),
                    fx__room(j.a.rows * j.a.rows, j.f64) + fx__room(j.a.rows, false), n * n * n / 3,
                    determine, &j, NULL);
}

static bool determinant_shape(const fx_call *c, fx_spec *y)
{
    if (!fx__are_square(c, c->x[0], "A")) return false;
    y->ndim -= 2;
    if (c->outputs > 1) {
        y[1] = y[0];
        y[0].no_gradient = true;
    }
    return true;
}

/* One number for each matrix, times that matrix. */
static fx_tensor *scaled(fx_tensor *g, fx_tensor *x, fx_where w)
{
    if (!g) return NULL;
    fx_tensor *wide = fx__unsqueeze(g, g->ndim, w);
    wide = wide ? fx__unsqueeze(wide, wide->ndim, w) : NULL;
    return fx_mul_at(fx_operand_tensor(wide), fx_operand_tensor(x), w);
}

static void det_forward(const fx_call *c) { determine_all(c, c->y, NULL); }

static void det_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = scaled(g, fx__cofactors((fx_list){ 1, c->x }, c->where), c->where);
}

static const fx_op linalg_det_op = { .name = "linalg_det",
                                     .formula = "y = det A",
                                     .inputs = 1,
                                     .captures = FX_CAPTURE_X0,
                                     .strided = true,
                                     .shape = determinant_shape,
                                     .forward = det_forward,
                                     .local_grad = det_local_grad };

static void slogdet_forward(const fx_call *c) { determine_all(c, c->ys[0], c->ys[1]); }
static void logdet_forward(const fx_call *c) { determine_all(c, NULL, c->y); }

/* g A^-T; NaN where A is singular, and the logarithm -infinity. */
static void log_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_tensor *of_log = c->gs[c->outputs - 1];
    (void)g;
    if (of_log) gx[0] = scaled(of_log, fx_mT_at(fx__inverse(c->x[0], c->where), c->where), c->where);
}

static const fx_op linalg_slogdet_op = { .name = "linalg_slogdet",
                                         .formula = "sign and logarithm of |det A|",
                                         .inputs = 1,
                                         .outputs = 2,
                                         .captures = FX_CAPTURE_X0,
                                         .strided = true,
                                         .shape = determinant_shape,
                                         .forward = slogdet_forward,
                                         .local_grad = log_local_grad };
static const fx_op logdet_op = { .name = "logdet",
                                 .formula = "y = log det A",
                                 .inputs = 1,
                                 .captures = FX_CAPTURE_X0,
                                 .strided = true,
                                 .shape = determinant_shape,
                                 .forward = logdet_forward,
                                 .local_grad = log_local_grad };

fx_tensor *fx_linalg_det_at(fx_tensor *A, fx_where where)
{
    return A ? FX__APPLY(&linalg_det_op, NULL, where, A) : NULL;
}

fx_tensor *fx_logdet_at(fx_tensor *A, fx_where where)
{
    return A ? FX__APPLY(&logdet_op, NULL, where, A) : NULL;
}

fx_tensor *fx_linalg_slogdet_at(fx_linalg_slogdet_args args, fx_where where)
{
    fx_tensor *ys[2];
    if (!args.A || !fx_apply_at(&linalg_slogdet_op, (fx_list){ 1, &args.A }, NULL, ys, where)) return NULL;
    if (args.logabsdet) *args.logabsdet = ys[1];
    return ys[0];
}

/* ---- records ---- */

typedef struct matrix_args {
    fx_tensor *A;
} matrix_args;
static const fx_field matrix_fields[] = { FX__FIELD(matrix_args, A, TENSOR, .torch = "input,self,x"),
                                          FX__FIELDS_END };

#define DETERMINANT_SAMPLES                                                                                  \
    "A=(1,1)\n"                                                                                              \
    "A=(2,2){1,2,3,7}\n"                                                                                     \
    "A=(3,3)@spd\n"                                                                                          \
    "A=(4,4)@spd\n"                                                                                          \
    "A=(6,6)@spd\n"                                                                                          \
    "A=(2,3,3)@spd\n"                                                                                        \
    "A=(2,1,2,2)@spd\n"                                                                                      \
    "A=(0,0)\n"                                                                                              \
    "A=(0,3,3)\n"                                                                                            \
    "A=(2,0,0)\n"                                                                                            \
    "! A=()\n"                                                                                               \
    "! A=(4)\n"                                                                                              \
    "! A=(2,3)\n"                                                                                            \
    "! A=(2,2)i64\n"

FX__PLAIN(linalg_det, matrix_args, a->A)
const fx_function fx__function_linalg_det = {
    .name = "linalg_det",
    .torch = "linalg.det,det",
    .formula = "det A",
    .gradient = "g times the cofactors of A",
    .notes = "derivatives of any order are right for matrices of any rank",
    .fields = matrix_fields,
    .args_size = sizeof(matrix_args),
    .call = linalg_det_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = DETERMINANT_SAMPLES "A=(3,3)\n"
                                   "A=(5,5)\n"
                                   "A=(2,2){1,2,2,4}\n"
                                   "A=(2,2)@zero\n"
                                   "A=(3,3){1,2,3,2,4,6,3,6,9}\n"
                                   "A=(3,3)@zero\n"
                                   "A=(5,5)@const:1\n"
                                   "A=(5,5)@zero\n"
                                   "A=(5,5){1,0,0,0,0,0,2,0,0,0,0,0,3,0,0,0,0,0,0,0,0,0,0,0,0}\n"
                                   "A=(5,5){1,2,0,1,3,0,1,4,2,1,2,1,1,0,2,3,0,1,1,1,1,3,4,3,4}\n",
    .bench = "A=(256,256)@dom\n",
};

static int linalg_slogdet_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    out[0] = fx_linalg_slogdet_at((fx_linalg_slogdet_args){ ((const matrix_args *)args)->A, &out[1] }, where);
    return out[0] ? 2 : 0;
}
const fx_function fx__function_linalg_slogdet = {
    .name = "linalg_slogdet",
    .torch = "linalg.slogdet,slogdet",
    .formula = "sign of det A, and log abs(det A)",
    .gradient = "g A^-T; the sign has none",
    .notes = "a singular matrix has sign 0 and logarithm -infinity, and gradient NaN",
    .fields = matrix_fields,
    .args_size = sizeof(matrix_args),
    .call = linalg_slogdet_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = DETERMINANT_SAMPLES "A=(3,3)\nA=(2,2){2,3,4,1}\nA=(2,2)f64{1e200,1,2,1e200}\n",
    .bench = "A=(256,256)@dom\n",
};

FX__PLAIN(logdet, matrix_args, a->A)
const fx_function fx__function_logdet = {
    .name = "logdet",
    .torch = "logdet",
    .formula = "log det A",
    .gradient = "g A^-T",
    .notes = "NaN where det A is negative, -infinity where A is singular",
    .fields = matrix_fields,
    .args_size = sizeof(matrix_args),
    .call = logdet_call,
    .unavailable = FX__LAPACK_MISSING,
    .samples = DETERMINANT_SAMPLES,
    .bench = "A=(256,256)@dom\n",
};
