/* What convolutions, pools and interpolations share of their arguments: options with a number for each
 * dimension.
 */
#ifndef FLUXION_OPS_WINDOW_H
#define FLUXION_OPS_WINDOW_H

#include "shape.h"

enum { FX__SPACE = 3 }; /* dimensions of space at most */

/* An option as it was given: one number for all dimensions (0: not given), or a list of one or of ndim. */
typedef struct fx__option {
    const char *name;
    int64_t one;
    fx_dims each;
    int64_t least;
} fx__option;

/* Fills to[] for ndim dimensions; where the option is not given, from otherwise[] (NULL: what it is already
 * is right). False after an error that names op. */
bool fx__option_for_each(const fx_tensor *x, const char *op, int ndim, fx__option option,
                         const int64_t *otherwise, int64_t to[], fx_where where);

/* True if x has `ndim` dimensions of space after (N, C) or (C), is floating, and no error stands; otherwise
 * reports. */
bool fx__has_space(const fx_tensor *x, int ndim, const char *op, fx_where where);

/* What a pool of fixed windows does to each dimension of x's space. */
typedef struct fx__pool_window {
    int64_t in[FX__SPACE], out[FX__SPACE];
    int64_t kernel[FX__SPACE], stride[FX__SPACE], padding[FX__SPACE], dilation[FX__SPACE];
} fx__pool_window;

/* The stride is the kernel where it is not given; a padding is at most half the kernel. ceil_mode: a last
 * window may reach beyond the padding, if it begins before that. False after an error that names op. */
bool fx__pool_window_of(const fx_tensor *x, const char *op, int ndim, fx__option kernel, fx__option stride,
                        fx__option padding, fx__option dilation, bool ceil_mode, fx__pool_window *w,
                        fx_where where);

/* Sizes of x's space, and those wanted, where -1 keeps x's. */
bool fx__adaptive_sizes(const fx_tensor *x, const char *op, int ndim, int64_t one, fx_dims each, int64_t in[],
                        int64_t out[], fx_where where);

#endif
