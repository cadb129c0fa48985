/* Solving and inverting general matrices, as the other families of linear algebra do it: differentiable. */
#ifndef FLUXION_OPS_SOLVE_H
#define FLUXION_OPS_SOLVE_H

#include "matrices.h"

#define FX__SINGULAR "the matrix is singular: pivot # is zero"

/* X of A X = B, or of A^T X = B, the stacks broadcast. NaN where A is singular. */
fx_tensor *fx__solve(fx_tensor *a, fx_tensor *b, bool transposed, fx_where where);

/* A^-1, NaN where A is singular. */
fx_tensor *fx__inverse(fx_tensor *a, fx_where where);
/* A^-1. NULL after an error that names op, if a matrix is not square or singular. */
fx_tensor *fx__inverse_for(const fx_op *op, fx_tensor *a, fx_where where);

/* The op that inverts, under another name: FX__INVERSE_OP(linalg_tensorinv) is one for fx__inverse_for(). */
bool fx__inverse_shape(const fx_call *c, fx_spec *y);
void fx__inverse_forward(const fx_call *c);
void fx__inverse_checked_forward(const fx_call *c);
void fx__inverse_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);
#define FX__INVERSE_OP_AS(function, run)                                                                     \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = "y = A^-1",                                              \
                                         .inputs = 1,                                                        \
                                         .outputs = 2,                                                       \
                                         .captures = FX_CAPTURE_Y,                                           \
                                         .strided = true,                                                    \
                                         .shape = fx__inverse_shape,                                         \
                                         .forward = run,                                                     \
                                         .local_grad = fx__inverse_local_grad };
#define FX__INVERSE_OP(function) FX__INVERSE_OP_AS(function, fx__inverse_checked_forward)

#endif
