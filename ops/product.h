/* Sums of matrix products over broadcast batches, as the products of ops/ and their gradients need them.
 *
 * A tensor is seen as matrices through its layout: which of its last dimensions are the rows and the columns
 * of one. What comes before them is the batch. So a vector is a matrix of one row or of one column, and a
 * transposed operand is one that is read with FX__SWAPPED: nothing is moved or copied for it.
 */
#ifndef FLUXION_OPS_PRODUCT_H
#define FLUXION_OPS_PRODUCT_H

#include "function.h"

enum {
    FX__ROWS = 1,                        /* the matrix has a dimension of rows; otherwise it has one row */
    FX__COLUMNS = 2,                     /* likewise */
    FX__MATRIX = FX__ROWS | FX__COLUMNS, /* rows, then columns */
    FX__SWAPPED = 4,                     /* both, and the columns come first */
    FX__TRANSPOSED = FX__MATRIX | FX__SWAPPED
};

/* The layout that shows the transposes of the matrices that `layout` shows. */
static inline int fx__flipped(int layout)
{
    if ((layout & FX__MATRIX) == FX__MATRIX) return layout ^ FX__SWAPPED;
    return layout ? layout ^ FX__MATRIX : 0;
}

/* y = A B + bias, of matrices; batches broadcast as in NumPy, and what y's batch has not, or has with size 1,
 * is summed. y is contiguous. bias: as many contiguous numbers as y has columns, or NULL; only where nothing
 * is summed and y is not swapped. All of one dtype, y overlaps nothing. False after an error (memory, an
 * unknown dtype). */
bool fx__product_run(fx_context *cx, fx_tensor *y, int layout_y, const fx_tensor *a, int layout_a,
                     const fx_tensor *b, int layout_b, const void *bias);

/* The same as an op, differentiable any number of times: y has the batch sizes given. NULL after an error. */
fx_tensor *fx__product(int layout_y, int batch_ndim, const int64_t *batch, fx_tensor *a, int layout_a,
                       fx_tensor *b, int layout_b, fx_where where);

/* How many dimensions of x are its batch. */
static inline int fx__batch_ndim(const fx_tensor *x, int layout)
{
    return x->ndim - (layout & FX__ROWS ? 1 : 0) - (layout & FX__COLUMNS ? 1 : 0);
}

/* Rows or columns that the layout shows. */
int64_t fx__rows_of(const fx_tensor *x, int layout);
int64_t fx__columns_of(const fx_tensor *x, int layout);

/* Gradients of y = A B, given those in y: dA = g B^T and dB = A^T g, shaped as the inputs. */
fx_tensor *fx__product_grad_a(const fx_tensor *a, int layout_a, fx_tensor *b, int layout_b, fx_tensor *g,
                              int layout_y, fx_where where);
fx_tensor *fx__product_grad_b(fx_tensor *a, int layout_a, const fx_tensor *b, int layout_b, fx_tensor *g,
                              int layout_y, fx_where where);

/* The fused gradient of an op whose first inputs are a and b: straight into new buffers, and only what
 * c->needs asks for. */
void fx__product_grads(const fx_call *c, fx_tensor *g, fx_tensor *gx[], int layout_y, int layout_a,
                       int layout_b);

/* Both operands in their common floating or integer dtype: casts are recorded. False after an error, or if
 * one is NULL. */
bool fx__product_promote(fx_tensor **a, fx_tensor **b, const char *name, fx_where where);

#endif
