/* Fourier transforms along one dimension as ops, for the files of ops/ that are made of them.
 */
#ifndef FLUXION_OPS_FOURIER_H
#define FLUXION_OPS_FOURIER_H

#include "shape.h"

#include "config.h"

/* Why a build has no transforms; NULL: it has. */
#if FX_HAVE_FFTW
#define FX__FFT_MISSING NULL
#else
#define FX__FFT_MISSING "this build has no FFTW"
#endif

/* The first half of the transform of real numbers (..., n, ...), pairs (..., n / 2 + 1, ..., 2), times a
 * scale. */
fx_tensor *fx__real_to_half(fx_tensor *x, int dim, double scale, fx_where where);
/* The n real numbers whose first half x is, times a scale. */
fx_tensor *fx__half_to_real(fx_tensor *x, int dim, int64_t n, double scale, fx_where where);
/* Pairs transformed along the dimensions of a mask, with exp(sign 2 pi i ...), times a scale. */
fx_tensor *fx__pairs_to_pairs(fx_tensor *x, unsigned mask, int sign, double scale, fx_where where);
/* (re, -im) */
fx_tensor *fx__conjugate(fx_tensor *x, fx_where where);

#endif
