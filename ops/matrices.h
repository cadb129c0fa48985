/* Stacks of matrices, and LAPACK over them.
 *
 * An op of linear algebra is written for one matrix: a function that is given its place in the stack and
 * scratch memory, reads its operands column by column, calls LAPACK (kernels/lapack.h) and writes what came
 * out. fx__each_matrix() runs it for a whole stack: whole matrices are dealt to threads, each computed by
 * one, so that the bits do not depend on how many there are; and every operand is copied, so that they do not
 * depend on strides either.
 *
 *     static int factor(const void *data, int64_t k, char *work)
 *     {
 *         const job *j = data;
 *         fx__matrix_read(&j->a, k, j->f64, work, ld);
 *         int info = fx__getrf(j->f64, n, n, work, ld, pivots);
 *         fx__matrix_write(&j->lu, k, j->f64, work, ld);
 *         return info;
 *     }
 */
#ifndef FLUXION_OPS_MATRICES_H
#define FLUXION_OPS_MATRICES_H

#include "shape.h"

#include "config.h"

#include "kernels/lapack.h"

/* For fx_function.unavailable of what LAPACK computes. */
#if FX_HAVE_LAPACKE
#define FX__LAPACK_MISSING NULL
#else
#define FX__LAPACK_MISSING "this build has no LAPACKE"
#endif

/* ---- for shape rules: false after an error ---- */

/* x is a stack of matrices of float32 or float64 (square ones) that LAPACK can count, and this build has got
 * LAPACK. `name`: of the argument, for the message. */
bool fx__are_matrices(const fx_call *c, const fx_tensor *x, const char *name);
bool fx__are_square(const fx_call *c, const fx_tensor *x, const char *name);
/* Both are of one dtype. */
bool fx__same_dtype(const fx_call *c, const fx_tensor *a, const char *name_a, const fx_tensor *b,
                    const char *name_b);
/* The stack, into y's first sizes, that those of a and b broadcast to. Returns how many dimensions it has; -1
 * after an error. */
int fx__broadcast_stacks(const fx_call *c, const fx_tensor *a, const fx_tensor *b, int64_t *size);

/* For functions before their op: whether the stacks broadcast; false after an error that names op. */
bool fx__stacks_broadcast(const char *op, const fx_tensor *a, const fx_tensor *b, fx_where where);
/* One matrix of x's dtype with ones on its diagonal, without history. */
fx_tensor *fx__identity(const fx_tensor *x, int64_t rows, int64_t columns, fx_where where);

static inline int64_t fx__matrix_rows(const fx_tensor *x) { return x->size[x->ndim - 2]; }
static inline int64_t fx__matrix_columns(const fx_tensor *x) { return x->size[x->ndim - 1]; }
/* Dimensions of the stack. */
static inline int fx__stack_ndim(const fx_tensor *x) { return x->ndim - 2; }
/* Matrices in the stack. */
static inline int64_t fx__stack_count(const fx_tensor *x) { return fx__product(x->size, 0, x->ndim - 2); }
/* A column-major matrix' leading dimension, which LAPACK wants to be 1 at least. */
static inline int fx__leading(int64_t rows) { return rows > 1 ? (int)rows : 1; }
/* A result as the stack of x, without the matrix: one number for each. */
void fx__spec_of_stack(const fx_tensor *x, fx_dtype dtype, fx_spec *y);

/* ---- the matrices of a tensor ---- */

typedef struct fx__matrices {
    char *data;
    size_t width; /* bytes of a number */
    int64_t rows, columns, row, column;
    int ndim;
    int64_t size[FX_MAX_DIMS],
        step[FX_MAX_DIMS]; /* of the stack; steps in numbers, 0 where it is broadcast */
} fx__matrices;

/* x's, their stack broadcast to the sizes given (its own if ndim < 0). */
fx__matrices fx__matrices_of(const fx_tensor *x, int ndim, const int64_t *size);
/* The same of x seen as a stack of columns: its last dimension is the rows. */
fx__matrices fx__columns_of_stack(const fx_tensor *x, int ndim, const int64_t *size);
/* ... and read as transposes. */
static inline fx__matrices fx__transposed(fx__matrices m)
{
    fx__matrices t = m;
    t.rows = m.columns, t.row = m.column;
    t.columns = m.rows, t.column = m.row;
    return t;
}

/* Matrix k's first number. */
char *fx__matrix_at(const fx__matrices *m, int64_t k);
/* Matrix k of the stack from, or to, column-major memory whose columns are `leading` numbers apart: doubles
 * if f64, else floats. */
void fx__matrix_read(const fx__matrices *m, int64_t k, bool f64, void *to, int64_t leading);
void fx__matrix_write(const fx__matrices *m, int64_t k, bool f64, const void *from, int64_t leading);

/* Whether to compute in double: for float64, and for float32 too up to so many rows, where it costs next to
 * nothing and spares the roundings that a matrix' condition magnifies. */
enum { FX__WIDE_ROWS = 128 };
static inline bool fx__computes_f64(const fx_tensor *a)
{
    return a->dtype == FX_F64 || fx__matrix_rows(a) <= FX__WIDE_ROWS;
}
/* Of a row-major tensor whose last `numel` numbers belong to one matrix (pivots, infos): those of matrix k.
 */
static inline void *fx__numbers_at(const fx_tensor *x, int64_t k, int64_t numel)
{
    return x->data + (size_t)(k * numel) * fx_dtype_size((fx_dtype)x->dtype);
}

/* ---- the driver ---- */

/* One matrix: its place, scratch memory (64-byte aligned, not set). Returns LAPACK's info. */
typedef int fx__matrix_function(const void *data, int64_t k, char *work);

/* Calls function(data, k, work) for each k below count, with `bytes` of scratch; cost: about how many
 * multiplications one takes. infos: receives what they return, `count` numbers; NULL: not wanted. False after
 * an error, of memory. */
bool fx__each_matrix(const fx_call *c, int64_t count, size_t bytes, double cost,
                     fx__matrix_function *function, const void *data, int32_t *infos);

/* Reports the first matrix of a stack whose info is not 0: "batch element (1, 0): " and the words, in which
 * '#' stands for the info. info: int32, row-major, of the stack's shape. True if all are 0. */
bool fx__check_infos(const fx_call *c, const fx_tensor *info, const char *words);
/* The same for a function, after the op: reports as `name`, at a place. */
bool fx__check_infos_at(const char *name, const fx_tensor *info, const char *words, fx_where where);

/* For a matrix whose info is not 0: NaN for all its numbers. Returns info. */
int fx__no_matrix(const fx__matrices *m, int64_t k, int info);

/* Bytes of so many doubles, if f64, or floats, or int32s, up to the alignment of scratch memory. */
static inline size_t fx__room(int64_t count, bool f64)
{
    return ((size_t)count * (f64 ? sizeof(double) : sizeof(float)) + 63) & ~(size_t)63;
}

#endif
