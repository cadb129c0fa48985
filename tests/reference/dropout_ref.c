/* Dropout: what was dropped is taken from the library (tests/ops/dropout_test.c judges it), the rest is
 * computed. */
#include "reference.h"

static void scaled(fx_ref_call *c)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *y = OUT_LIKE(0, x);
    const quad p = BOOL("training") ? REAL("p") : 0;
    EACH (y, i) AT(y, i) = p == 1 || AT(GIVEN(0), i) == 0 ? 0 : AT(x, i) / (1 - p);
}

REFERENCE(dropout) { scaled(c); }
REFERENCE(feature_dropout) { scaled(c); }

REFERENCE(alpha_dropout)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *y = OUT_LIKE(0, x);
    const quad p = REAL("p"), alpha = (quad)-1.7580993408473766;
    const quad a = p < 1 ? 1 / sqrtq((1 - p) * (1 + p * alpha * alpha)) : 0, b = -a * alpha * p;
    EACH (y, i) {
        const quad kept = a * AT(x, i) + b, dropped = a * alpha + b;
        AT(y, i) = fabsq(AT(GIVEN(0), i) - dropped) < (quad)1e-6 ? dropped : kept;
    }
}

REFERENCES(dropout, ROW(dropout), ROW(feature_dropout), ROW(alpha_dropout))
