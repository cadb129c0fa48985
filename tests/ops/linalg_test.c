/* Direct linear algebra beyond its samples: what errors say, matrices large enough for single precision,
 * ranges of numbers, derivatives of determinants of high order and low rank.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* A build without LAPACKE refuses all of this, and says so. */
static bool missing(fx_context *cx)
{
    if (!fx_function_named("linalg_solve")->unavailable) return false;
    cr_expect(!fx_linalg_inv(fx_ones(cx, FX_F64, 2, 2)) && fx_error(cx) == FX_ERROR_UNSUPPORTED);
    cr_expect(strstr(fx_error_message(cx), "no LAPACKE") != NULL, "%s", fx_error_message(cx));
    fx_error_clear(cx);
    return true;
}

#define MATRIX(cx, n, ...) fx_from_at(cx, FX_F64, (const double[]){ __VA_ARGS__ }, FX_DIMS((n), (n)), FX_HERE)

static void says(fx_context *cx, fx_status code, const char *what)
{
    cr_expect(fx_error(cx) == code, "%s", fx_error_message(cx));
    cr_expect(strstr(fx_error_message(cx), what) != NULL, "%s", fx_error_message(cx));
    cr_expect(strstr(fx_error_message(cx), "linalg_test.c:") != NULL, "%s", fx_error_message(cx));
    fx_error_clear(cx);
}

Test(linalg, errors_name_the_matrix)
{
    fx_context *cx = fx_context_new(.seed = 1, .dtype = FX_F64);
    if (!missing(cx)) {
        const double numbers[] = { 1, 0, 0, 1, 2, 0, 0, 3, 1, 2, 2, 4, 1, 0, 0, 5 };
        fx_tensor *a = fx_from_at(cx, FX_F64, numbers, FX_DIMS(2, 2, 2, 2), FX_HERE);
        fx_tensor *b = fx_ones(cx, FX_F64, 2), *one = MATRIX(cx, 2, 1, 2, 2, 4), *info = NULL;
        cr_expect(!fx_linalg_solve(a, b));
        says(cx, FX_ERROR_NUMBER,
             "linalg_solve: batch element (1, 0): the matrix is singular: pivot 2 is zero");
        cr_expect(!fx_linalg_inv(one));
        says(cx, FX_ERROR_NUMBER, "linalg_inv: the matrix is singular: pivot 2 is zero");
        cr_expect(!fx_linalg_matrix_power(one, -2));
        says(cx, FX_ERROR_NUMBER, "linalg_matrix_power: the matrix is singular");
        cr_expect(!fx_linalg_lu_factor(one));
        says(cx, FX_ERROR_NUMBER, "linalg_lu_factor: U has a zero on its diagonal, at 2");
        cr_expect(!fx_linalg_cholesky(fx_neg(a)));
        says(cx, FX_ERROR_NUMBER,
             "batch element (0, 0): the matrix is not positive definite: its leading minor of "
             "order 1 is not positive");
        cr_expect(!fx_linalg_solve(fx_ones(cx, FX_F64, 3, 2), b));
        says(cx, FX_ERROR_SHAPE, "linalg_solve: A must be square matrices, not 3 by 2 ones");
        cr_expect(!fx_linalg_det(fx_to(a, FX_I64)));
        says(cx, FX_ERROR_DTYPE, "linalg_det: A must be float32 or float64, not int64");
        cr_expect(!fx_linalg_lu(one, .pivot = false));
        says(cx, FX_ERROR_UNSUPPORTED, "without pivots");

        const fx_tensor *x = fx_linalg_solve_ex(a, b, .info = &info);
        cr_assert(x && info && fx_dtype_of(info) == FX_I32, "%s", fx_error_message(cx));
        const int32_t *infos = fx_data_const(info);
        const double *at = fx_data_const(x);
        cr_expect(!infos[0] && !infos[1] && infos[2] == 2 && !infos[3]);
        for (int i = 0; i < 8; i++) cr_expect(isnan(at[i]) == (i / 2 == 2), "number %d is %g", i, at[i]);
        const fx_tensor *y = fx_linalg_inv_ex(a, .info = &info);
        infos = fx_data_const(info);
        cr_expect(y && infos[2] == 2 && isnan(((const double *)fx_data_const(y))[8]));
        cr_expect(!fx_linalg_inv_ex(a, .check_errors = true));
        says(cx, FX_ERROR_NUMBER, "linalg_inv_ex: batch element (1, 0)");
    }
    cr_expect(fx_finish(cx) == 0);
}

static double largest(fx_tensor *x) { return fx_item(fx_amax(fx_abs(fx_to(x, FX_F64)))); }

/* Float32 of more rows than are computed in double. */
Test(linalg, large_matrices_of_single_precision)
{
    enum { N = 200 };
    fx_context *cx = fx_context_new(.seed = 3);
    if (!missing(cx)) {
        fx_tensor *eye = fx_to(fx_eq(fx_reshape(fx_arange(cx, N), N, 1), fx_arange(cx, N)), FX_F32);
        fx_tensor *a = fx_add(eye, fx_mul(fx_randn(cx, FX_F32, N, N), 0.02)), *b = fx_randn(cx, FX_F32, N, 3);
        fx_tensor *pivots = NULL, *x = fx_linalg_solve(a, b);
        cr_expect(largest(fx_sub(fx_matmul(a, x), b)) < 1e-5);
        cr_expect(largest(fx_sub(fx_matmul(a, fx_linalg_inv(a)), eye)) < 1e-5);
        fx_tensor *lu = fx_linalg_lu_factor(a, .pivots = &pivots);
        cr_expect(largest(fx_sub(fx_linalg_lu_solve(lu, pivots, b), x)) < 1e-5);
        fx_tensor *spd = fx_add(fx_matmul(a, fx_mT(a)), eye), *l = fx_linalg_cholesky(spd);
        cr_expect(largest(fx_sub(fx_matmul(l, fx_mT(l)), spd)) < 2e-5);
        cr_expect(largest(fx_sub(fx_matmul(spd, fx_cholesky_solve(b, l)), b)) < 1e-4);
        const double det = fx_item(fx_linalg_det(fx_to(a, FX_F64)));
        cr_expect(fabs(fx_item(fx_linalg_det(a)) - det) < 1e-4 * fabs(det));
    }
    cr_expect(fx_finish(cx) == 0);
}

Test(linalg, determinants_overflow_only_at_the_end)
{
    fx_context *cx = fx_context_new(.seed = 1, .dtype = FX_F64);
    if (!missing(cx)) {
        const double numbers[] = { 1e200, 0, 0, 0, 0, 1e200, 0, 0, 0, 0, 1e-200, 0, 0, 0, 0, 3e-200 };
        fx_tensor *a = fx_parameter(fx_from_at(cx, FX_F64, numbers, FX_DIMS(4, 4), FX_HERE));
        fx_tensor *y = fx_linalg_det(a), *log_of = NULL;
        cr_expect(fabs(fx_item(y) - 3) < 1e-12, "%.17g", fx_item(y));
        const double *g = fx_data_const(fx_gradient(y, a));
        cr_expect(fabs(g[0] / 3e-200 - 1) < 1e-12 && fabs(g[15] / 1e200 - 1) < 1e-12, "%g, %g", g[0], g[15]);
        fx_tensor *large = fx_mul(fx_detach(a), 1e100);
        cr_expect(isinf(fx_item(fx_linalg_det(large))));
        cr_expect(fx_item(fx_linalg_slogdet(large, .logabsdet = &log_of)) == 1);
        cr_expect(fabs(fx_item(log_of) - (log(3) + 400 * log(10))) < 1e-9, "%.17g", fx_item(log_of));
    }
    cr_expect(fx_finish(cx) == 0);
}

/* det X (S + t D) Y of unit triangles X and Y is (1 + 2 t) (2 - t) (-3 t^3) = -6 t^3 - 9 t^4 + 6 t^5, and the
 * matrix of rank 2 where t is 0. */
Test(linalg, determinants_of_low_rank_have_derivatives_of_any_order)
{
    static const double expected[] = { 0, 0, 0, -36, -216, 720 };
    fx_context *cx = fx_context_new(.seed = 1, .dtype = FX_F64);
    if (!missing(cx)) {
        fx_tensor *x =
            MATRIX(cx, 5, 1, 0, 0, 0, 0, 2, 1, 0, 0, 0, -1, 1, 1, 0, 0, 3, 0, 2, 1, 0, 1, -2, 1, 1, 1);
        fx_tensor *y =
            MATRIX(cx, 5, 1, 2, 0, 1, -1, 0, 1, 3, 1, 0, 0, 0, 1, -1, 2, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1);
        fx_tensor *s =
            MATRIX(cx, 5, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        fx_tensor *d =
            MATRIX(cx, 5, 2, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 3);
        fx_tensor *a = fx_parameter(fx_matmul(fx_matmul(x, s), y)), *along = fx_matmul(fx_matmul(x, d), y);
        fx_tensor *f = fx_linalg_det(a);
        for (int order = 0; order < 6; order++) {
            cr_expect(fabs(fx_item(f) - expected[order]) < 1e-9, "order %d: %.17g", order, fx_item(f));
            if (order < 5) f = fx_sum(fx_mul(fx_gradient(f, a, .create_graph = true), along));
            cr_assert(f != NULL, "order %d: %s", order + 1, fx_error_message(cx));
        }
    }
    cr_expect(fx_finish(cx) == 0);
}

/* Cofactors of large matrices: by the inverse where they are well-conditioned, by elimination where they are
 * not. */
Test(linalg, cofactors_of_large_matrices)
{
    enum { N = 40 };
    fx_context *cx = fx_context_new(.seed = 5, .dtype = FX_F64);
    if (!missing(cx)) {
        fx_tensor *eye = fx_to(fx_eq(fx_reshape(fx_arange(cx, N), N, 1), fx_arange(cx, N)), FX_F64);
        fx_tensor *a = fx_parameter(fx_add(eye, fx_mul(fx_randn(cx, FX_F64, N, N), 0.05)));
        fx_tensor *det = fx_linalg_det(a), *g = fx_gradient(det, a);
        const double size = largest(g);
        cr_expect(largest(fx_sub(g, fx_mul(fx_mT(fx_linalg_inv(fx_detach(a))), fx_item(det)))) <
                  1e-12 * size);

        /* A last row that is the first one again: the gradient lies in these two rows, and one is minus the
         * other. */
        fx_tensor *top = fx_slice(fx_detach(a), 0, .stop = N - 1);
        fx_tensor *twice = fx_parameter(fx_cat(0, top, fx_slice(top, 0, .stop = 1)));
        g = fx_gradient(fx_linalg_det(twice), twice);
        cr_assert(g != NULL, "%s", fx_error_message(cx));
        fx_tensor *first = fx_slice(g, 0, .stop = 1), *last = fx_slice(g, 0, .start = N - 1);
        cr_expect(largest(first) > 1e-3);
        cr_expect(largest(fx_add(first, last)) < 1e-12 * largest(first));
        cr_expect(largest(fx_slice(g, 0, .start = 1, .stop = N - 1)) < 1e-12 * largest(first));
    }
    cr_expect(fx_finish(cx) == 0);
}
