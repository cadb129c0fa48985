/* Folds: many numbers to one, along the middle of three axes.
 *
 * x is [outer][count][inner], row-major; out comes one number for each [outer][inner], a fold of the `count`
 * numbers x[o][.][i]. Floating numbers are folded in double. Every fold is a balanced tree whose shape
 * depends on the sizes alone, so that rounding errors grow with the logarithm of count, and the bits are the
 * same for any number of threads and for every instruction set.
 */
#ifndef FLUXION_KERNELS_REDUCE_H
#define FLUXION_KERNELS_REDUCE_H

#include "kernels.h"

typedef enum fx__fold_kind {
    FX__FOLD_SUM,        /* of x */
    FX__FOLD_NANSUM,     /* of x, NaN counting as 0 */
    FX__FOLD_ABS_SUM,    /* of |x| */
    FX__FOLD_SQUARE_SUM, /* of x^2 */
    FX__FOLD_DEVIATION,  /* of (x - param)^2 */
    FX__FOLD_DIFFERENCE, /* of (x - z)^2 */
    FX__FOLD_POWER_SUM,  /* of (|x| / param)^power; 0/0 counts as 1 */
    FX__FOLD_PRODUCT,    /* of x */
    FX__FOLD_MAX,        /* NaN if there is one */
    FX__FOLD_MIN,
    FX__FOLD_ABS_MAX,
    FX__FOLD_ABS_MIN,
    FX__FOLD_NONZERO, /* how many are not 0 */
    FX__FOLD_KINDS
} fx__fold_kind;

typedef enum fx__number { FX__U8, FX__I32, FX__I64, FX__FLOAT, FX__DOUBLE, FX__NUMBERS } fx__number;

typedef struct fx__fold {
    int64_t outer, count, inner;
    const void *x, *z;
    void *y;             /* results in x's type (products, sums and counts of integers: int64), or NULL */
    double *wide;        /* results in double; or NULL */
    const double *param; /* one number a result; or NULL */
    double power;
    double divisor; /* of the results, before rounding; floating types */
    bool root;      /* the result is the square root */
    int threads;
    void *scratch; /* fx__fold_scratch() bytes */
} fx__fold;

/* Finds the first of the largest (least) numbers, or the first NaN, and its index along count; y or index may
 * be NULL. */
typedef struct fx__extreme {
    int64_t outer, count, inner;
    const void *x;
    void *y;
    int64_t *index;
    bool least;
    int threads;
} fx__extreme;

/* y = scale (x - shift), each result's own scale and shift; shift NULL: 0. The gradients of variances and
 * norms. */
typedef struct fx__center {
    int64_t outer, count, inner;
    const void *x;
    void *y;
    const double *scale, *shift;
    int threads;
} fx__center;

struct fx_reduce_kernels {
    /* NULL for what integers have not. */
    void (*fold[FX__FOLD_KINDS][FX__NUMBERS])(const fx__fold *f);
    void (*extreme[FX__NUMBERS])(const fx__extreme *e);
    void (*center_f32)(const fx__center *s);
    void (*center_f64)(const fx__center *s);
    /* y[i] = scale (x[i] - z[i]) */
    void (*difference_f32)(int64_t n, float *y, const float *x, const float *z, double scale);
    void (*difference_f64)(int64_t n, double *y, const double *x, const double *z, double scale);
};

/* How count is cut into pieces that several threads may take: a rule of sizes alone. */
enum { FX__FOLD_ROW_PIECE = 65536, FX__FOLD_COLUMN_PIECE = 4096, FX__FOLD_TILE = 64 };
static inline int64_t fx__fold_pieces(int64_t count, int64_t inner)
{
    int64_t piece = inner == 1 ? FX__FOLD_ROW_PIECE : FX__FOLD_COLUMN_PIECE;
    return count <= piece ? 1 : (count - 1) / piece + 1;
}
static inline size_t fx__fold_scratch(int64_t outer, int64_t count, int64_t inner)
{
    int64_t pieces = fx__fold_pieces(count, inner);
    return pieces == 1 ? 0 : (size_t)(outer * pieces * inner) * sizeof(double);
}

#endif
