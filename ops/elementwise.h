/* The elementwise family, for the files of ops/ that build on it.
 *
 * A row of unary.def or binary.def is run by its number; a_operand may be a tensor or a number.
 */
#ifndef FLUXION_OPS_ELEMENTWISE_H
#define FLUXION_OPS_ELEMENTWISE_H

#include "function.h"
#include "kernels/elementwise.h"

/* p: FX__ROW_NUMBERS numbers for a parametric row, else NULL. */
fx_tensor *fx__unary(fx__unary_row row, fx_tensor *x, const double *p, fx_where where);
/* Two numbers give NULL: there is no context to make a result on. */
fx_tensor *fx__binary(fx__binary_row row, fx_operand a, fx_operand b, fx_where where);
fx_tensor *fx__compare(fx__compare_row row, fx_operand a, fx_operand b, fx_where where);

/* The dtype of a result of two operands (SEMANTICS: 0-d tensors and numbers do not raise the dtype of one
 * with dimensions, but for its kind). */
fx_dtype fx__result_dtype(fx_operand a, fx_operand b);

/* The dtype in which kernels compute numbers of a dtype: float32, float64, or int64. */
static inline fx_dtype fx__computed_as(fx_dtype dtype) { return fx_dtype_is_float(dtype) ? dtype : FX_I64; }
static inline fx__element fx__element_of(fx_dtype dtype)
{
    return dtype == FX_F32 ? FX__ELEMENT_F32 : dtype == FX_F64 ? FX__ELEMENT_F64 : FX__ELEMENT_I64;
}

/* Fills y with the shape that two shapes broadcast to; false after an error. */
bool fx__broadcast(const fx_call *c, const fx_tensor *a, const fx_tensor *b, fx_spec *y);

#endif
