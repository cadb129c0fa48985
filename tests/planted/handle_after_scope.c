/* A planted fault: a tensor's handle used after the scope that it belongs to. The sanitized suite must see
 * it. */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>

Test(planted, handle_after_scope)
{
    fx_context *cx = fx_context_new(.threads = 1);
    fx_tensor *volatile x = NULL;
    FX_SCOPE (cx) x = fx_ones(cx, FX_F32, 3);
    cr_assert(fx_ndim(x) >= 0);
    fx_context_free(cx);
}
