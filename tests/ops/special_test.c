/* What samples cannot say of indices, transforms, pools and losses: in-place forms, functions of the user's,
 * results beside the first, the context's own random numbers, there and back again.
 */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>

static fx_tensor *reals(fx_context *cx, int64_t n, const double *at)
{
    return fx_from_at(cx, FX_F64, at, (fx_dims){ true, 1, { n } }, FX_HERE);
}
static fx_tensor *integers(fx_context *cx, int64_t n, const int64_t *at)
{
    return fx_from_at(cx, FX_I64, at, (fx_dims){ true, 1, { n } }, FX_HERE);
}
static void expect_numbers(const fx_tensor *x, int64_t n, const double *expected)
{
    double at[64];
    cr_assert(x && fx_numel(x) == n && n <= 64);
    fx_copy_out(x, FX_F64, at);
    for (int64_t i = 0; i < n; i++)
        cr_expect(fabs(at[i] - expected[i]) <= 1e-14 * (1 + fabs(expected[i])),
                  "number %d is %.17g, not %.17g", (int)i, at[i], expected[i]);
}
static void expect_refused(fx_context *cx, fx_tensor *y, fx_status code)
{
    cr_expect(!y && fx_error(cx) == code, "%s", fx_error_message(cx));
    fx_error_clear(cx);
}

Test(special, indices_write_in_place)
{
    fx_context *cx = fx_context_new(.seed = 1);
    const double zeros[4] = { 0, 0, 0, 0 }, source[4] = { 3, -1, 4, 5 };
    const int64_t at[4] = { 1, 1, 3, 1 };
    fx_tensor *i = integers(cx, 4, at), *s = fx_parameter(reals(cx, 4, source));
    fx_tensor *x = reals(cx, 4, zeros), *y = reals(cx, 4, zeros), *z = reals(cx, 4, zeros);
    cr_expect(fx_scatter_reduce_(x, 0, i, s, FX_REDUCE_AMAX) == x);
    expect_numbers(x, 4, (const double[]){ 0, 5, 0, 4 });
    cr_expect(fx_index_reduce_(y, 0, i, s, FX_REDUCE_MEAN, .include_self = false) == y);
    expect_numbers(y, 4, (const double[]){ 0, 7 / 3.0, 0, 4 });
    cr_expect(fx_index_put_(z, FX_LIST(i), s, .accumulate = true) == z);
    expect_numbers(z, 4, (const double[]){ 0, 7, 0, 4 });
    cr_assert(!fx_backward(fx_sum(fx_mul(z, x))), "%s", fx_error_message(cx));
    expect_numbers(fx_grad(s), 4, (const double[]){ 5, 5, 8, 12 });
    expect_refused(cx, fx_scatter_reduce(x, 0, i, s, FX_REDUCE_SUM + 17), FX_ERROR_ARGUMENT);
    expect_refused(cx, fx_segment_reduce(s, FX_REDUCE_PROD + 17, .lengths = integers(cx, 1, at)),
                   FX_ERROR_ARGUMENT);
    fx_context_free(cx);
}

Test(special, transforms_come_back)
{
    fx_context *cx = fx_context_new(.seed = 2);
    fx_tensor *x = fx_randn(cx, FX_F64, 3, 21);
    fx_tensor *there = fx_rfft(x, .norm = FX_FFT_ORTHO);
    if (fx_error(cx) != FX_ERROR_UNSUPPORTED) {
        const fx_tensor *back = fx_irfft(there, 21, .norm = FX_FFT_ORTHO);
        cr_expect(back && fx_item(fx_amax(fx_abs(fx_sub(x, (fx_tensor *)(uintptr_t)back)))) < 1e-14);
        fx_tensor *window = fx_add(fx_rand(cx, FX_F64, 8), 0.5);
        fx_tensor *frames = fx_stft(x, 8, .hop_length = 3, .window = window);
        back = fx_istft(frames, 8, .hop_length = 3, .window = window, .length = 21);
        cr_assert(back, "%s", fx_error_message(cx));
        cr_expect(fx_item(fx_amax(fx_abs(fx_sub(x, (fx_tensor *)(uintptr_t)back)))) < 1e-13);
        back = fx_ifftshift(fx_fftshift(x));
        cr_expect(fx_digest(back) == fx_digest(x));
    }
    fx_context_free(cx);
}

static fx_tensor *city_blocks(fx_tensor *a, fx_tensor *b, void *data, fx_where where)
{
    ++*(int *)data;
    fx_tensor *d = fx_abs_at(fx_sub_at(fx_operand_tensor(a), fx_operand_tensor(b), where), where);
    return fx_sum_at((fx_sum_args){ .x = d, .dims = FX_DIMS(-1) }, where);
}

Test(special, a_distance_may_be_the_users)
{
    fx_context *cx = fx_context_new(.seed = 3);
    int calls = 0;
    fx_tensor *a = fx_parameter(reals(cx, 2, (const double[]){ 1, 2 }));
    fx_tensor *p = reals(cx, 2, (const double[]){ 2, 4 }), *n = reals(cx, 2, (const double[]){ 0, 2 });
    fx_tensor *loss = fx_triplet_margin_with_distance_loss(a, p, n, .distance = city_blocks, .data = &calls);
    cr_expect(calls == 2 && fx_item(loss) == 3);
    fx_backward(loss);
    expect_numbers(fx_grad(a), 2, (const double[]){ -2, -1 });
    fx_context_free(cx);
}

Test(special, pools_draw_their_own_numbers)
{
    fx_context *cx = fx_context_new(.seed = 4);
    fx_tensor *x = fx_randn(cx, FX_F32, 2, 3, 9, 9), *where = NULL;
    fx_tensor *a = fx_fractional_max_pool2d(x, 2, .output_size = 5, .indices = &where);
    fx_tensor *b = fx_fractional_max_pool2d(x, 2, .output_ratio = { 0.6 });
    cr_assert(a && b && where, "%s", fx_error_message(cx));
    cr_expect(fx_dim(a, 2) == 5 && fx_dim(b, 3) == 5 && fx_digest(a) != fx_digest(b));
    expect_refused(cx, fx_fractional_max_pool2d(x, 2, .output_ratio = { 1.5 }), FX_ERROR_ARGUMENT);
    fx_context_free(cx);
}

Test(special, unique_says_where_and_how_often)
{
    fx_context *cx = fx_context_new(.seed = 5);
    fx_tensor *x = integers(cx, 6, (const int64_t[]){ 4, 1, 1, 7, 4, 4 }), *inverse, *counts;
    expect_numbers(fx_unique(x, .inverse = &inverse, .counts = &counts), 3, (const double[]){ 1, 4, 7 });
    expect_numbers(inverse, 6, (const double[]){ 1, 0, 0, 2, 1, 1 });
    expect_numbers(counts, 3, (const double[]){ 2, 3, 1 });
    expect_numbers(fx_unique_consecutive(x, .counts = &counts), 4, (const double[]){ 4, 1, 7, 4 });
    expect_numbers(counts, 4, (const double[]){ 1, 2, 1, 2 });
    fx_context_free(cx);
}
