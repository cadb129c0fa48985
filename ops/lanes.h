/* Reduced dimensions, and tensors seen as lanes along them.
 *
 * Dimensions come as a bit mask. A row-major tensor whose reduced dimensions are neighbours is
 * [outer][count][inner] as it lies (ops/kernels/reduce.h); otherwise a copy of it is, with the reduced
 * dimensions last.
 */
#ifndef FLUXION_OPS_LANES_H
#define FLUXION_OPS_LANES_H

#include "function.h"

#include "kernels/kernels.h"
#include "kernels/reduce.h"

typedef struct fx__lanes {
    int64_t outer, count, inner;
    bool apart; /* only a copy lies so */
} fx__lanes;

/* What most ops of this family are given. */
typedef struct fx__axes {
    uint8_t mask;
    bool keepdim;
} fx__axes;

/* The mask of dims (of all, if none are given or the list is empty); false after an error that names `op`. */
bool fx__mask_of(const fx_tensor *x, fx_dims dims, const char *op, fx_where where, fx__axes *axes);
/* The same of one dimension. A 0-d tensor has a dimension 0 of one element. */
bool fx__mask_of_dim(const fx_tensor *x, int64_t dim, const char *op, fx_where where, fx__axes *axes);

/* rows: the lanes must be rows, inner == 1. */
fx__lanes fx__lanes_of(const fx_tensor *x, unsigned mask, bool rows);
/* The numbers of a row-major x as its lanes lie: x's own, or a copy in *scratch, which the caller frees. NULL
 * after an error. (x without numbers has an address all the same.) */
const void *fx__lanes_data(fx_context *cx, const fx_tensor *x, unsigned mask, const fx__lanes *l,
                           void **scratch);
/* The way back: copies lanes that lie apart into a row-major y. */
void fx__lanes_back(fx_tensor *y, unsigned mask, const void *lanes);

/* Sizes of x without the reduced dimensions, or with 1 for each, into y. */
void fx__reduced_shape(const fx_tensor *x, fx__axes axes, fx_spec *y);

/* The kernels' name of a dtype. */
static inline fx__number fx__number_of(fx_dtype dtype)
{
    static const fx__number numbers[FX_DTYPE_COUNT] = {
        [FX_BOOL] = FX__U8, [FX_U8] = FX__U8,     [FX_I32] = FX__I32,
        [FX_I64] = FX__I64, [FX_F32] = FX__FLOAT, [FX_F64] = FX__DOUBLE
    };
    return numbers[dtype];
}

/* Folds a row-major x over the mask into y (row-major, of the kernel's result type) or wide (doubles), NULL
 * for neither. f gives param, power, divisor, root. False after an error. */
bool fx__fold_over(const fx_call *c, fx__fold_kind kind, const fx_tensor *x, unsigned mask, fx__fold f);

/* gx[lane][.] = g[lane] / divisor, all row-major, gx of g's floating dtype. False after an error. */
bool fx__spread_into(const fx_call *c, fx_tensor *gx, fx_tensor *g, unsigned mask, double divisor);

/* The same for the one number of gx (fx__grad_repeated); g: one number. */
void fx__spread_one(fx_tensor *gx, const fx_tensor *g, double divisor);

/* A view of g, reduced over the mask with or without its dimensions kept, in `like`'s shape: the adjoint of
 * sum. */
fx_tensor *fx__spread(fx_tensor *g, const fx_tensor *like, unsigned mask, fx_where where);
/* The sum over the mask. */
fx_tensor *fx__sum_over(fx_tensor *x, fx__axes axes, fx_where where);

/* x itself, or cast; integers without a dtype become the context's default dtype if floating is set. */
fx_tensor *fx__as(fx_tensor *x, fx_dtype dtype, fx_where where);

/* True if x is floating; else reports that `op` takes no other. */
bool fx__is_floating(const fx_tensor *x, const char *op, fx_where where);

/* 1 / k where x (or |x|, if magnitude) is one of the k numbers that equal the extreme of its lane, else 0: a
 * constant (ops/extreme.c). */
fx_tensor *fx__share(fx_tensor *x, fx_tensor *extreme, unsigned mask, bool magnitude, fx_where where);

/* fx__space.sum_to's forward: y = x summed to y's shape, x of any strides. */
void fx__sum_to_forward(const fx_call *c);

#endif
