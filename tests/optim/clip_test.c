/* Clipping: totals against sums written plainly, what is multiplied and when, what is left alone.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { SIZE = 50001 };

static double term(double x, double p) { return p == INFINITY ? fabs(x) : pow(fabs(x), p); }

/* The p-norm of all gradients in long double. */
static double plain_norm(fx_tensor *const *w, int count, double p)
{
    long double sum = 0;
    for (int k = 0; k < count; k++) {
        const fx_tensor *g = fx_grad(w[k]);
        for (int64_t i = 0; g && i < fx_numel(g); i++) {
            double x = fx_dtype_of(g) == FX_F64 ? ((const double *)fx_data_const(g))[i]
                                                : (double)((const float *)fx_data_const(g))[i];
            long double t = (long double)term(x, p);
            sum = p == INFINITY ? fmaxl(sum, t) : sum + t;
        }
    }
    return p == INFINITY ? (double)sum : (double)powl(sum, 1 / (long double)p);
}

Test(clip, total_is_the_norm_of_all)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_tensor *w[] = { fx_parameter(fx_randn(cx, FX_F32, SIZE)), fx_parameter(fx_randn(cx, FX_F64, 7)),
                       fx_parameter(fx_zeros(cx, FX_F32, 4)), fx_parameter(fx_zeros(cx, FX_F32, 0)) };
    fx_named_list list = FX_NAMED(cx, { "a", w[0] }, { "b", w[1] }, { "none", w[2] }, { "empty", w[3] });
    const double norms[] = { 1, 2, 3, 0.5, INFINITY };
    cr_assert(fx_clip_norm(NULL, 1, .parameters = list) == 0);
    for (int i = 0; i < 5; i++) {
        FX_SCOPE (cx) {
            fx_set_grad(w[0], fx_randn(cx, FX_F32, SIZE));
            fx_set_grad(w[1], fx_randn(cx, FX_F64, 7));
            fx_set_grad(w[3], fx_zeros(cx, FX_F32, 0));
        }
        double expected = plain_norm(w, 4, norms[i]),
               before = ((const double *)fx_data_const(fx_grad(w[1])))[3];
        double total = fx_clip_norm(NULL, 0.75, .norm_type = norms[i], .parameters = list);
        cr_assert(fabs(total - expected) <= 1e-12 * expected, "norm %g: %.17g instead of %.17g", norms[i],
                  total, expected);
        double after = ((const double *)fx_data_const(fx_grad(w[1])))[3];
        cr_assert(fabs(after - before * 0.75 / (total + 1e-6)) <= 1e-15);
        cr_assert(fabs(plain_norm(w, 4, norms[i]) - 0.75) < 1e-5);
        cr_assert_null(fx_grad(w[2]));
    }
    cr_assert(fx_error(cx) == FX_OK);
    fx_context_free(cx);
}

Test(clip, small_gradients_keep_their_bits)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_tensor *w = fx_parameter(fx_zeros(cx, FX_F32, 100));
    fx_optimizer *o = fx_sgd(FX_NAMED(cx, { "w", w }));
    fx_set_grad(w, fx_randn(cx, FX_F32, 100));
    uint64_t before = fx_digest(fx_grad(w));
    cr_assert(fx_clip_norm(o, 1000) > 1);
    cr_assert(fx_digest(fx_grad(w)) == before);
    fx_context_free(cx);
}

static void set(fx_tensor *w, float a, float b)
{
    FX_SCOPE (fx_context_of(w)) fx_set_grad(w, fx_from(fx_context_of(w), FX_F32, ((float[]){ a, b }), 2));
}

static float at(const fx_tensor *w, int i) { return ((const float *)fx_data_const(fx_grad(w)))[i]; }

Test(clip, what_is_not_finite_spoils_all_or_is_an_error)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_tensor *w = fx_parameter(fx_zeros(cx, FX_F32, 2)), *v = fx_parameter(fx_zeros(cx, FX_F32, 2));
    fx_optimizer *o = fx_sgd(FX_NAMED(cx, { "w", w }, { "v", v }));
    set(w, 1, NAN);
    set(v, 2, 3);
    cr_assert(isnan(fx_clip_norm(o, 1, .error_if_nonfinite = true)));
    cr_assert(fx_error(cx) == FX_ERROR_NUMBER && strstr(fx_error_message(cx), "clip_norm: the total norm"));
    cr_assert(at(v, 0) == 2 && at(w, 0) == 1);
    fx_error_clear(cx);
    const double norms[] = { 1, 2, 3, INFINITY };
    for (int i = 0; i < 4; i++) {
        set(w, 1, NAN);
        set(v, 2, 3);
        cr_assert(isnan(fx_clip_norm(o, 1, .norm_type = norms[i])) && isnan(at(v, 0)) && isnan(at(w, 0)));
    }
    set(w, INFINITY, 1);
    set(v, 2, 3);
    cr_assert(fx_clip_norm(o, 1) == INFINITY && isnan(at(w, 0)) && at(v, 1) == 0);
    cr_assert(isnan(fx_clip_norm(o, -1)) && fx_error(cx) == FX_ERROR_ARGUMENT);
    fx_error_clear(cx);
    cr_assert(isnan(fx_clip_norm(o, 1, .norm_type = 0)) && fx_error(cx) == FX_ERROR_ARGUMENT);
    fx_context_free(cx);
}

Test(clip, values)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_tensor *w = fx_parameter(fx_zeros(cx, FX_F32, 2)), *v = fx_parameter(fx_zeros(cx, FX_F32, 2));
    fx_optimizer *o = fx_sgd(FX_NAMED(cx, { "w", w }, { "v", v }));
    set(w, -3, NAN);
    set(v, 0.25f, INFINITY);
    cr_assert(fx_clip_value(o, 0.5) == FX_OK);
    cr_assert(at(w, 0) == -0.5f && isnan(at(w, 1)) && at(v, 0) == 0.25f && at(v, 1) == 0.5f);
    cr_assert(fx_clip_value(o, -1) == FX_ERROR_ARGUMENT);
    cr_assert(fx_clip_value(NULL, 1) != FX_OK);
    fx_context_free(cx);
}
