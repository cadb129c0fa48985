/* Where numbers belong among others, and how many there are. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_BINS_H
#define FLUXION_PUBLIC_BINS_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* None of these has a gradient. NaN is larger than any number, and equal to none. */

/* For each x how many numbers of an ascending sequence are less than it (right: or equal), int64. The
 * sequence has one dimension, or x's dimensions, and as many rows. sorter: the sequence is sequence[sorter].
 */
typedef struct fx_searchsorted_args {
    fx_tensor *sorted_sequence, *x;
    bool right;
    fx_tensor *sorter;
} fx_searchsorted_args;
#define fx_searchsorted(sequence, ...)                                                                       \
    fx_searchsorted_at(FX_LITERAL(fx_searchsorted_args){ .sorted_sequence = sequence, .x = __VA_ARGS__ },    \
                       FX_HERE)
FX_API fx_tensor *fx_searchsorted_at(fx_searchsorted_args args, fx_where where);
typedef struct fx_bucketize_args {
    fx_tensor *x, *boundaries;
    bool right;
} fx_bucketize_args;
#define fx_bucketize(...) fx_bucketize_at(FX_LITERAL(fx_bucketize_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_bucketize_at(fx_bucketize_args args, fx_where where);

/* How often each of 0, 1, 2 ... stands in x, integers of one dimension, int64; or the sum of their weights.
 */
typedef struct fx_bincount_args {
    fx_tensor *x, *weights;
    int64_t minlength;
} fx_bincount_args;
#define fx_bincount(...) fx_bincount_at(FX_LITERAL(fx_bincount_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_bincount_at(fx_bincount_args args, fx_where where);

/* How many of x, floating, lie in each of `bins` equal parts of min .. max, or of the range of x where those
 * are equal; in x's dtype. The last part has its end; numbers outside do not count. histogram: the same, or
 * between given edges, with weights, or as a density; the edges into *bin_edges. FX_ERROR_ARGUMENT: no bins,
 * or no finite range. */
typedef struct fx_histc_args {
    fx_tensor *x;
    int64_t bins; /* 100 */
    double min, max;
} fx_histc_args;
#define fx_histc(...) fx_histc_at(FX_LITERAL(fx_histc_args){ .bins = 100, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_histc_at(fx_histc_args args, fx_where where);
typedef struct fx_histogram_args {
    fx_tensor *x;
    int64_t bins; /* 10 */
    fx_tensor *edges;
    double min, max;
    fx_tensor *weight;
    bool density;
    fx_tensor **bin_edges;
} fx_histogram_args;
#define fx_histogram(...)                                                                                    \
    fx_histogram_at(FX_LITERAL(fx_histogram_args){ .bins = 10, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_histogram_at(fx_histogram_args args, fx_where where);

/* Whether each x is one of test_elements, of any sizes, bool; invert: is none of them. */
typedef struct fx_isin_args {
    fx_tensor *x, *test_elements;
    bool assume_unique, invert; /* assume_unique: makes no difference */
} fx_isin_args;
#define fx_isin(...) fx_isin_at(FX_LITERAL(fx_isin_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_isin_at(fx_isin_args args, fx_where where);

/* The numbers of x in ascending order, each once; or, along dim, its rows. *inverse: where each of x is among
 * them, in x's sizes (of dim); *counts: how often each there is; both int64, and may be left out.
 * unique_consecutive: x as it stands, without what equals the one before it. */
typedef struct fx_unique_args {
    fx_tensor *x;
    int64_t dim; /* FX_ALL_DIMS */
    fx_tensor **inverse, **counts;
} fx_unique_args;
typedef fx_unique_args fx_unique_consecutive_args;
#define FX__UNIQUE(...) (FX_LITERAL(fx_unique_args){ .dim = FX_ALL_DIMS, .x = __VA_ARGS__ })
#define fx_unique(...) fx_unique_at(FX__UNIQUE(__VA_ARGS__), FX_HERE)
#define fx_unique_consecutive(...) fx_unique_consecutive_at(FX__UNIQUE(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_unique_at(fx_unique_args args, fx_where where);
FX_API fx_tensor *fx_unique_consecutive_at(fx_unique_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
