/* Discrete Fourier transforms along one dimension, by FFTW. Complex numbers are pairs, side by side.
 *
 * Data is (outer, n, inner), row-major; of the halves that stand for n real numbers, (outer, n / 2 + 1,
 * inner) pairs. Nothing is scaled. Plans are estimated, never timed, so that results depend on the sizes
 * alone. False: there was no memory for a plan. In a build without FFTW nothing here may be called: ask
 * FX_HAVE_FFTW.
 */
#ifndef FLUXION_KERNELS_FFT_H
#define FLUXION_KERNELS_FFT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fx_fft_shape {
    bool f64;
    int threads;
    int64_t outer, n, inner;
} fx_fft_shape;

/* In place: y_k = sum over j of y_j exp(sign 2 pi i j k / n). */
bool fx__fft_pairs(const fx_fft_shape *s, int sign, void *y);
/* Of real numbers the first half of that, with sign -1. */
bool fx__fft_real(const fx_fft_shape *s, const void *x, void *y);
/* The real numbers whose first half x is, with sign +1; what is imaginary in its first and, for an even n,
 * its last number counts nothing. */
bool fx__fft_half(const fx_fft_shape *s, const void *x, void *y);

#endif
