/* Dropout: which numbers are dropped is what Philox says, whatever the threads and the instruction set; how
 * many is what p says; and gradients drop the same ones.
 */
#include "autograd/random.h"
#include "autograd/tensor.h"
#include "ops/kernels/kernels.h"
#include "ops/kernels/random.h"
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>

static float at(const fx_tensor *x, int64_t i) { return ((const float *)fx_data_const(x))[i]; }

Test(dropout, words_are_the_same_one_by_one_and_in_bulk)
{
    uint32_t words[4 * 53];
    const uint64_t seed = 0x123456789abcdef0u, first = 0xfffffff0u; /* across the 32-bit carry */
    for (int isa = FX_ISA_PORTABLE; isa < FX_ISA_COUNT; isa++) {
        const fx_kernels *k = fx__kernels_of((fx_isa)isa);
        if (!k) continue;
        k->random->words(seed, first, 53, words);
        for (uint64_t i = 0; i < 53; i++) {
            const fx_random_words r = fx__random_words(seed, first + i);
            for (int w = 0; w < 4; w++)
                cr_assert(words[4 * i + (uint64_t)w] == r.at[w], "draw %d word %d", (int)i, w);
        }
    }
}

Test(dropout, drops_what_the_words_say)
{
    enum { N = 300007 };
    for (int threads = 1; threads <= 3; threads++) {
        fx_context *cx = fx_context_new(.seed = 9, .threads = threads);
        fx_rand(cx, FX_F32, 10); /* draws 3 */
        fx_tensor *x = fx_parameter(fx_ones(cx, FX_F32, N)), *y = fx_dropout(x, .p = 0.3);
        cr_assert(fx_get_random_state(cx).drawn == 3 + (N + 3) / 4);
        fx_backward(fx_sum(y));
        const fx_tensor *g = fx_grad(x);
        int64_t kept = 0;
        for (int64_t i = 0; i < N; i++) {
            const uint32_t word = fx__random_words(9, 3 + (uint64_t)i / 4).at[i % 4];
            const bool drops = (double)word < 0.3 * 0x1p32;
            if (at(y, i) != (drops ? 0 : (float)(1 / 0.7)) || at(g, i) != at(y, i))
                cr_assert_fail("number %d", (int)i);
            kept += !drops;
        }
        cr_expect(fabs((double)kept / N - 0.7) < 4 * sqrt(0.21 / N), "%d of %d are kept", (int)kept, N);
        fx_context_free(cx);
    }
}

Test(dropout, features_together)
{
    fx_context *cx = fx_context_new(.seed = 9);
    fx_tensor *y = fx_feature_dropout(fx_ones(cx, FX_F32, 40, 50, 3, 3), .p = 0.5);
    int64_t kept = 0;
    for (int64_t i = 0; i < 2000; i++) {
        for (int64_t j = 1; j < 9; j++) cr_assert(at(y, 9 * i + j) == at(y, 9 * i));
        kept += at(y, 9 * i) != 0;
    }
    cr_expect(kept > 1000 - 100 && kept < 1000 + 100, "%d of 2000 channels are kept", (int)kept);
    fx_context_free(cx);
}

Test(dropout, alpha_keeps_mean_and_variance)
{
    enum { N = 200000 };
    fx_context *cx = fx_context_new(.seed = 9);
    fx_tensor *y = fx_alpha_dropout(fx_randn(cx, FX_F32, N), .p = 0.2);
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < N; i++) sum += at(y, i), squares += (double)at(y, i) * at(y, i);
    cr_expect(fabs(sum / N) < 0.02, "mean %g", sum / N);
    cr_expect(fabs(squares / N - 1) < 0.03, "variance %g", squares / N);
    fx_context_free(cx);
}

Test(dropout, edges)
{
    fx_context *cx = fx_context_new(.seed = 9);
    const float odd[] = { 1, INFINITY, NAN, -INFINITY };
    fx_tensor *x = fx_parameter(fx_from(cx, FX_F32, odd, 4));
    cr_expect(fx_dropout(x, .p = 0) == x && fx_dropout(x, .training = false) == x);
    cr_expect(fx_get_random_state(cx).drawn == 0, "numbers are drawn for nothing");
    fx_tensor *y = fx_dropout(x, .p = 1);
    for (int i = 0; i < 4; i++) cr_expect(at(y, i) == 0);
    fx_backward(fx_sum(y));
    for (int i = 0; i < 4; i++) cr_expect(at(fx_grad(x), i) == 0);
    cr_expect(fx_dropout(x, .p = 1.5) == NULL && fx_error(cx) == FX_ERROR_ARGUMENT);
    fx_error_clear(cx);
    fx_random_state state = fx_get_random_state(cx);
    fx_tensor *a = fx_dropout(fx_ones(cx, FX_F32, 1000));
    fx_set_random_state(cx, state);
    fx_tensor *b = fx_dropout(fx_ones(cx, FX_F32, 1000)), *c = fx_dropout(fx_ones(cx, FX_F32, 1000));
    cr_expect(fx_digest(a) == fx_digest(b) && fx_digest(a) != fx_digest(c));
    fx_context_free(cx);
}
