/* Loops over tensors of one broadcast shape, any strides and any dtypes, cut into runs that a kernel takes.
 *
 * A loop has up to FX__LOOP_MOST operands. It hands its body runs of n elements, each operand either one
 * after another in the type that was asked for, or one number for all (its bit of `lone`). Operands that lie
 * so are handed where they lie; others are gathered, converted and spread through small buffers. Runs are cut
 * by the shape alone, so any number of threads gives the same calls.
 */
#ifndef FLUXION_OPS_LOOP_H
#define FLUXION_OPS_LOOP_H

#include "autograd/tensor.h"

enum { FX__LOOP_MOST = 6 };

typedef void fx__loop_body(const void *data, int64_t n, void *const *at, unsigned lone);

typedef struct fx__loop {
    int threads, ndim, count;
    int64_t size[FX_MAX_DIMS];
    struct {
        char *data;
        fx_dtype dtype, as;
        bool written, summed;        /* summed: what is written is added to what is there */
        int64_t stride[FX_MAX_DIMS]; /* in elements */
    } operand[FX__LOOP_MOST];
    double number[FX__LOOP_MOST]; /* numbers that stand for operands */
    unsigned may_be_lone;         /* operands that the body takes as one number for all */
    fx__loop_body *body;
    const void *data;
} fx__loop;

/* A loop over a shape; then its operands, in order: a tensor that broadcasts to the shape, or a number. */
void fx__loop_start(fx__loop *l, const fx_tensor *shape);
void fx__loop_tensor(fx__loop *l, const fx_tensor *x, fx_dtype as, bool written);
void fx__loop_number(fx__loop *l, double number, fx_dtype as);
/* What the body writes is added to a floating tensor, in its own type. */
void fx__loop_sum(fx__loop *l, const fx_tensor *x);
void fx__loop_run(fx__loop *l, fx__loop_body *body, const void *data);

/* to[i] = from[i], converting; from broadcasts to `to`. */
void fx__loop_copy(fx_tensor *to, const fx_tensor *from);

/* to[i] = value, converting. */
void fx__loop_fill(fx_tensor *to, double value);

/* n numbers from one array to another, strides in elements. Reals become integers by truncation, NaN and what
 * does not fit the least int64; anything but 0 is true. */
void fx__convert(int64_t n, fx_dtype to_dtype, void *to, int64_t to_stride, fx_dtype from_dtype,
                 const void *from, int64_t from_stride);

#endif
