/* A program as a user of the installed library writes it. */
#include <fluxion/fluxion.h>

int main(void)
{
    fx_context *cx = fx_context_new(.seed = 1);
    fx_tensor *x = fx_parameter(fx_scalar(cx, FX_F64, 3));
    fx_backward(fx_mul(x, x));
    bool right = fx_grad(x) && fx_item(fx_grad(x)) == 6;
    return fx_finish(cx) || !right;
}
