/* Dropout: which numbers are kept is taken from what the library gave. */
#include "reference.h"

REFERENCE(dropout)
{
    const fx_ref_tensor *x = TENSOR("x"), *given = GIVEN(0);
    fx_ref_tensor *y = OUT_LIKE(0, x);
    const quad p = REAL("p");
    EACH (y, i) AT(y, i) = !BOOL("training") ? AT(x, i) : BASE(given, i) != 0 ? AT(x, i) / (1 - p) : 0;
}

REFERENCES(dropout, ROW(dropout))
