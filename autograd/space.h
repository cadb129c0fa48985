/* The arithmetic that the tape needs, which ops/ hands it: autograd/ itself has none.
 * Gradients are a vector space (add, zero), functions of broadcast and cast inputs have adjoints (sum_to,
 * cast), and views come with the pair as_strided, as_strided_scatter. Each is recorded like any op when the
 * mode records.
 */
#ifndef FLUXION_AUTOGRAD_SPACE_H
#define FLUXION_AUTOGRAD_SPACE_H

#include <fluxion/autograd.h>

/* A view of an owner's memory, in elements from the owner's first number. */
typedef struct fx_geometry {
    int ndim;
    int64_t size[FX_MAX_DIMS], stride[FX_MAX_DIMS], offset;
} fx_geometry;

typedef struct fx_space {
    fx_tensor *(*add)(fx_tensor *a, fx_tensor *b, fx_where where); /* same shape and dtype */
    void (*add_into)(fx_tensor *sum, const fx_tensor *b); /* sum += b, same shape and dtype; never recorded */
    fx_tensor *(*sum_to)(fx_tensor *x, int ndim, const int64_t *size, fx_where where);
    fx_tensor *(*cast)(fx_tensor *x, fx_dtype dtype, fx_where where);
    void (*copy)(fx_tensor *to,
                 const fx_tensor *from); /* same shape, any strides, any dtypes; never recorded */
    fx_tensor *(*clone)(fx_tensor *x, fx_where where); /* contiguous, recorded */
    /* y = the elements of x's owner that the geometry names (a view op, one input, options fx_geometry); and
     * y = x with those elements replaced by the second input (two inputs, same options; captures nothing). */
    const fx_op *as_strided_op;
    const fx_op *as_strided_scatter_op;
    void (*fill)(fx_tensor *x, double value);                            /* never recorded */
    int64_t (*first_nonfinite)(const fx_tensor *x, bool allow_infinity); /* its row-major index, or -1 */
} fx_space;

extern const fx_space fx__space; /* ops/space.c */

#endif
