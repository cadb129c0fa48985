/* Functions of matrices where a reference has no say: what is not unique, what is not differentiable, what is
 * refused, and sizes that quadruple precision has no time for.
 */
#include "../autograd/support.h"

/* The largest |a - b|. */
static double distance(fx_tensor *a, fx_tensor *b) { return fx_item(fx_amax(fx_abs(fx_sub(a, b)))); }

static fx_tensor *eye(fx_context *cx, int64_t n) { return fx_diag_embed(fx_full(cx, FX_F64, 1, n)); }

#define NEAR(a, b, tolerance)                                                                                \
    do {                                                                                                     \
        fx_tensor *a_ = (a), *b_ = (b);                                                                      \
        cr_assert(a_ &&b_, "line %d", __LINE__);                                                             \
        cr_expect(distance(a_, b_) <= (tolerance), "line %d: off by %g", __LINE__, distance(a_, b_));        \
    } while (0)

/* ---- decompositions ---- */

Test(spectral, complete_qr_is_square)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_randn(cx, FX_F64, 3, 7, 4), *r, *reduced;
    fx_tensor *q = fx_linalg_qr(x, .mode = FX_QR_COMPLETE, .r = &r);
    NEAR(fx_matmul(fx_mT(q), q), fx_expand(eye(cx, 7), 3, 7, 7), 1e-14);
    NEAR(fx_matmul(q, r), x, 1e-14);
    NEAR(fx_tril(r, .diagonal = -1), fx_zeros(cx, FX_F64, 3, 7, 4), 0);
    fx_tensor *none = fx_linalg_qr(x, .mode = FX_QR_R, .r = &reduced);
    cr_expect(fx_numel(none) == 0 && fx_ndim(none) == 1);
    NEAR(fx_narrow(r, -2, 0, 4), reduced, 0);
    context_end(cx);
}

Test(spectral, qr_without_a_gradient_says_so)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_randn(cx, FX_F64, 4, 2)), *r;
    fx_tensor *q = fx_linalg_qr(x, .mode = FX_QR_COMPLETE, .r = &r);
    cr_expect_null(fx_gradient(fx_sum(q), x));
    REFUSED(cx, NO_GRADIENT, "mode='complete'");
    fx_linalg_qr(x, .mode = FX_QR_R, .r = &r);
    cr_expect_null(fx_gradient(fx_sum(r), x));
    REFUSED(cx, NO_GRADIENT, "mode='r'");
    cr_expect_null(fx_linalg_qr(x, .mode = 7));
    REFUSED(cx, ARGUMENT, "linalg_qr: there is no mode 7");
    context_end(cx);
}

Test(spectral, reflections_give_q)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_randn(cx, FX_F64, 2, 6, 4), *tau, *r;
    fx_tensor *a = fx_geqrf(x, .tau = &tau), *q = fx_linalg_qr(x, .r = &r);
    NEAR(fx_linalg_householder_product(a, tau), q, 1e-14);
    NEAR(fx_narrow(fx_ormqr(a, tau, x, .transpose = true), -2, 0, 4), r, 1e-14);
    /* the steps in ops, where a gradient is wanted, are LAPACK's */
    fx_tensor *slow = fx_geqrf(fx_parameter(x), .tau = &r);
    NEAR(slow, a, 1e-14);
    NEAR(r, tau, 1e-14);
    context_end(cx);
}

Test(spectral, full_matrices_are_orthogonal)
{
    fx_context *cx = context_new();
    for (int wide = 0; wide < 2; wide++) {
        fx_tensor *x = wide ? fx_randn(cx, FX_F64, 2, 3, 5) : fx_randn(cx, FX_F64, 2, 5, 3), *s, *vh, *v;
        fx_tensor *u = fx_linalg_svd(x, .S = &s, .Vh = &vh);
        const int64_t m = fx_dim(x, -2), n = fx_dim(x, -1);
        NEAR(fx_matmul(fx_mT(u), u), fx_expand(eye(cx, m), 2, m, m), 1e-14);
        NEAR(fx_matmul(vh, fx_mT(vh)), fx_expand(eye(cx, n), 2, n, n), 1e-14);
        fx_tensor *scaled = fx_mul(fx_narrow(u, -1, 0, 3), fx_unsqueeze(s, -2));
        NEAR(fx_matmul(scaled, fx_narrow(vh, -2, 0, 3)), x, 1e-14);
        NEAR(fx_svd(x, .some = false, .S = &s, .V = &v), u, 0);
        NEAR(fx_mT(v), vh, 0);
        NEAR(fx_linalg_svdvals(x), s, 1e-14);
    }
    context_end(cx);
}

/* f32 is f64's result, rounded once. */
Test(spectral, float32_is_rounded_once)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_randn(cx, FX_F32, 40, 30), *wide = fx_to(x, FX_F64), *s, *s64;
    fx_linalg_svd(x, .S = &s);
    fx_linalg_svd(wide, .S = &s64);
    NEAR(s, fx_to(s64, FX_F32), 0);
    NEAR(fx_linalg_pinv(x), fx_to(fx_linalg_pinv(wide, .rtol = FX_OPERAND(1e-6)), FX_F32), 0);
    fx_tensor *square = fx_narrow(x, 0, 0, 30);
    NEAR(fx_matrix_exp(square), fx_to(fx_matrix_exp(fx_to(square, FX_F64)), FX_F32), 0);
    context_end(cx);
}

Test(spectral, large_matrices)
{
    fx_context *cx = fx_context_new(.threads = 2, .dtype = FX_F64, .seed = 1);
    const int64_t n = 150;
    fx_tensor *x = fx_randn(cx, FX_F64, n, n), *r, *v, *s, *vh;
    fx_tensor *q = fx_linalg_qr(x, .r = &r);
    NEAR(fx_matmul(q, r), x, 1e-12);
    fx_tensor *symmetric = fx_add(x, fx_mT(x)), *w = fx_linalg_eigh(symmetric, .vectors = &v);
    NEAR(fx_matmul(symmetric, v), fx_mul(v, w), 1e-11);
    NEAR(fx_linalg_eigvalsh(symmetric, .upper = true), w, 1e-11);
    fx_tensor *u = fx_linalg_svd(x, .S = &s, .Vh = &vh);
    NEAR(fx_matmul(fx_mul(u, s), vh), x, 1e-11);
    fx_tensor *small = fx_div(x, 6);
    NEAR(fx_matmul(fx_matrix_exp(small), fx_matrix_exp(fx_neg(small))), eye(cx, n), 1e-9);
    context_end(cx);
}

/* ---- rank ---- */

static fx_tensor *pinv_of_product(void *data, fx_tensor *const *x, int count)
{
    (void)data, (void)count;
    return fx_linalg_pinv(fx_matmul(x[0], fx_mT(x[1])));
}

Test(spectral, pinv_of_lower_rank)
{
    fx_context *cx = context_new();
    fx_tensor *a = fx_randn(cx, FX_F64, 5, 2), *b = fx_randn(cx, FX_F64, 4, 2), *x = fx_matmul(a, fx_mT(b));
    fx_tensor *p = fx_linalg_pinv(x);
    NEAR(fx_matmul(fx_matmul(x, p), x), x, 1e-13);
    NEAR(fx_matmul(fx_matmul(p, x), p), p, 1e-13);
    NEAR(fx_matmul(x, p), fx_mT(fx_matmul(x, p)), 1e-13);
    NEAR(fx_matmul(p, x), fx_mT(fx_matmul(p, x)), 1e-13);
    cr_expect(fx_item_int(fx_linalg_matrix_rank(x)) == 2);
    cr_expect(fx_gradcheck_function(cx, pinv_of_product, NULL, FX_LIST(a, b), .order = 2,
                                    .tolerance = 1e-9) == FX_OK,
              "%s", fx_error_message(cx));
    context_end(cx);
}

Test(spectral, least_squares_of_lower_rank)
{
    fx_context *cx = context_new();
    fx_tensor *a = fx_randn(cx, FX_F64, 5, 2), *b = fx_randn(cx, FX_F64, 3, 2), *x = fx_matmul(a, fx_mT(b)),
              *y = fx_randn(cx, FX_F64, 5, 2), *least = fx_matmul(fx_linalg_pinv(x), y);
    static const int drivers[] = { FX_LSTSQ_GELSY, FX_LSTSQ_GELSD, FX_LSTSQ_GELSS };
    for (int i = 0; i < 3; i++) {
        fx_tensor *rest, *rank, *values;
        fx_tensor *z = fx_linalg_lstsq(x, y, .driver = drivers[i], .residuals = &rest, .rank = &rank,
                                       .singular_values = &values);
        NEAR(z, least, 1e-13);
        cr_expect(fx_item_int(rank) == 2 && fx_numel(rest) == 0);
        cr_expect(fx_numel(values) == (drivers[i] == FX_LSTSQ_GELSY ? 0 : 3));
    }
    context_end(cx);
}

Test(spectral, condition_of_singular_matrices)
{
    fx_context *cx = context_new();
    fx_tensor *x = MATRIX(cx, 2, 2, 1, 0, 0, 0);
    static const char *const orders[] = { NULL, "1", "fro", "nuc", "-inf" };
    for (int i = 0; i < 5; i++) ALL(fx_linalg_cond(x, .p = orders[i]), INFINITY);
    ALL(fx_linalg_cond(x, .p = "-2"), 0);
    context_end(cx);
}

/* ---- what is not unique ---- */

Test(spectral, equal_eigenvalues_have_a_gradient_and_their_vectors_not)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(eye(cx, 3)), *v;
    fx_tensor *w = fx_linalg_eigh(x, .vectors = &v);
    NEAR(fx_gradient(fx_sum(w), x, .retain_graph = true), eye(cx, 3), 1e-15);
    NEAR(fx_gradient(fx_sum(fx_linalg_svdvals(x)), x), eye(cx, 3), 1e-15);
    fx_tensor *g = fx_gradient(fx_sum(fx_mul(v, fx_randn(cx, FX_F64, 3, 3))), x);
    cr_expect(!isfinite(number(fx_sum(g), 0)));
    context_end(cx);
}

Test(spectral, nuclear_norm_of_nothing)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_zeros(cx, FX_F64, 3, 3));
    fx_tensor *g = fx_gradient(fx_linalg_matrix_norm(x, .ord = "nuc"), x);
    NEAR(fx_linalg_matrix_norm(g, .ord = "2"), fx_full_at(cx, FX_F64, 1, FX_NO_DIMS, FX_HERE), 1e-15);
    context_end(cx);
}

/* ---- close singular values: what does not depend on their vectors' rotation is exact ---- */

static fx_tensor *polar(void *data, fx_tensor *const *x, int count)
{
    (void)data, (void)count;
    fx_tensor *vh, *s, *u = fx_linalg_svd(x[0], .S = &s, .Vh = &vh);
    return fx_matmul(u, vh);
}

Test(spectral, the_polar_factor_of_close_singular_values)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_add(eye(cx, 3), fx_mul(fx_randn(cx, FX_F64, 3, 3), 1e-3)));
    fx_tensor *seed = fx_randn(cx, FX_F64, 3, 3), *y = polar(NULL, &x, 1);
    fx_tensor *g = fx_gradient(y, x, .seed = seed);
    /* the derivative of the polar factor at the identity is the skew part; here it is close to it */
    NEAR(g, fx_mul(fx_sub(seed, fx_mT(seed)), 0.5), 2e-2);
    cr_expect(fx_gradcheck_function(cx, polar, NULL, FX_LIST(fx_randn(cx, FX_F64, 3, 3)), .order = 2,
                                    .tolerance = 1e-9) == FX_OK,
              "%s", fx_error_message(cx));
    context_end(cx);
}

/* ---- refused as PyTorch refuses it ---- */

Test(spectral, refusals)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_randn(cx, FX_F64, 2, 3), *vector = fx_randn(cx, FX_F64, 3),
              *whole = fx_to(fx_ones(cx, FX_F64, 3, 3), FX_I64), *nan = fx_full(cx, FX_F64, NAN, 3, 3), *out;
#define NO(call, code, words)                                                                                \
    do {                                                                                                     \
        cr_expect_null(call);                                                                                \
        REFUSED(cx, code, words);                                                                            \
    } while (0)
    NO(fx_matrix_exp(x), SHAPE, "matrix_exp: takes square matrices, not (2, 3)");
    NO(fx_matrix_exp(vector), SHAPE, "matrix_exp: takes matrices, of at least 2 dimensions, not (3,)");
    NO(fx_matrix_exp(whole), DTYPE, "matrix_exp");
    NO(fx_linalg_eigh(x, .vectors = &out), SHAPE, "linalg_eigh: takes square matrices");
    NO(fx_linalg_eigh(nan, .vectors = &out), NUMBER,
       "linalg_eigh: matrix 0 of (3, 3) has numbers that are not finite");
    NO(fx_linalg_eigvalsh(nan), NUMBER, "linalg_eigvalsh: matrix 0");
    NO(fx_linalg_svd(nan, .S = &out), NUMBER, "linalg_svd: matrix 0");
    NO(fx_linalg_svdvals(whole), DTYPE, "linalg_svdvals");
    NO(fx_linalg_qr(whole, .r = &out), DTYPE, "linalg_qr");
    NO(fx_linalg_pinv(x, .hermitian = true), SHAPE, "linalg_pinv: takes square matrices");
    NO(fx_linalg_matrix_rank(vector), SHAPE, "linalg_matrix_rank: takes matrices");
    NO(fx_linalg_householder_product(x, vector), SHAPE, "linalg_householder_product");
    NO(fx_linalg_householder_product(x, fx_randn(cx, FX_F64, 1)), SHAPE, "more columns than rows");
    NO(fx_ormqr(fx_mT(x), fx_randn(cx, FX_F64, 2), x), SHAPE,
       "ormqr: reflections of (3, 2) do not apply to (2, 3)");
    NO(fx_linalg_lstsq(x, vector), SHAPE, "linalg_lstsq: A and B do not fit");
    NO(fx_linalg_lstsq(x, x, .driver = 9), ARGUMENT, "linalg_lstsq: there is no driver 9");
    NO(fx_linalg_lstsq(x, fx_to(x, FX_F32)), SHAPE, "float64 (2, 3) x float32 (2, 3)");
    NO(fx_linalg_matrix_norm(x, .ord = "0.5"), ARGUMENT,
       "linalg_matrix_norm: matrices have no norm of order 0.5");
    NO(fx_linalg_matrix_norm(x, .ord = "frob"), ARGUMENT, "linalg_matrix_norm: there is no order 'frob'");
    NO(fx_linalg_matrix_norm(x, .dims = FX_DIMS(1, -1)), ARGUMENT,
       "linalg_matrix_norm: the dims of a matrix are two");
    NO(fx_linalg_matrix_norm(vector), SHAPE, "linalg_matrix_norm: takes matrices");
    NO(fx_linalg_norm(vector, .ord = "nuc"), ARGUMENT, "linalg_norm: the order 'nuc' is of matrices");
    NO(fx_linalg_norm(fx_randn(cx, FX_F64, 2, 2, 2), .ord = "2"), SHAPE, "linalg_norm");
    NO(fx_linalg_cond(x, .p = "1"), SHAPE, "linalg_cond: takes square matrices");
    context_end(cx);
}
