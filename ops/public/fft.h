/* Fourier transforms. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_FFT_H
#define FLUXION_PUBLIC_FFT_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A complex number is a pair (re, im) in a last dimension of 2, as PyTorch's view_as_real has it; gradients
 * in one are pairs too. Dimensions (dim, dims) are counted without that last one. float32 and float64;
 * integers become the context's dtype. A build without FFTW refuses these (FX_ERROR_UNSUPPORTED).
 *
 *     fft, ifft      pairs (..., n, 2) to pairs (..., n, 2)           y_k = sum over j of x_j exp(-+ 2 pi i j
 * k / n) rfft           real (..., n) to pairs (..., n / 2 + 1, 2)       the first half of fft, which says
 * all irfft          pairs (..., n / 2 + 1, 2) to real (..., n)       the inverse of rfft hfft, ihfft irfft
 * and rfft with the other sign               of a signal whose spectrum is real
 *
 * n is how many numbers are transformed, of the real side in rfft and its kin: x is cut, or padded with
 * zeros. Left out (0), it is what x has, 2 (m - 1) for irfft and hfft of m pairs. The inverse ones divide by
 * n (norm backward); with norm ortho all divide by its root, with forward the others divide. irfft and hfft
 * ignore what is imaginary in the first pair, and in the last for an even n. */
enum { FX_FFT_BACKWARD, FX_FFT_ORTHO, FX_FFT_FORWARD };
typedef struct fx_fft_args {
    fx_tensor *x;
    int64_t n;
    int64_t dim; /* -1 */
    int norm;
} fx_fft_args;
#define FX__FFT(...) (FX_LITERAL(fx_fft_args){ .dim = -1, .x = __VA_ARGS__ })
#define fx_fft(...) fx_fft_at(FX__FFT(__VA_ARGS__), FX_HERE)
#define fx_ifft(...) fx_ifft_at(FX__FFT(__VA_ARGS__), FX_HERE)
#define fx_rfft(...) fx_rfft_at(FX__FFT(__VA_ARGS__), FX_HERE)
#define fx_irfft(...) fx_irfft_at(FX__FFT(__VA_ARGS__), FX_HERE)
#define fx_hfft(...) fx_hfft_at(FX__FFT(__VA_ARGS__), FX_HERE)
#define fx_ihfft(...) fx_ihfft_at(FX__FFT(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_fft_at(fx_fft_args args, fx_where where);
FX_API fx_tensor *fx_ifft_at(fx_fft_args args, fx_where where);
FX_API fx_tensor *fx_rfft_at(fx_fft_args args, fx_where where);
FX_API fx_tensor *fx_irfft_at(fx_fft_args args, fx_where where);
FX_API fx_tensor *fx_hfft_at(fx_fft_args args, fx_where where);
FX_API fx_tensor *fx_ihfft_at(fx_fft_args args, fx_where where);

/* The same along several dimensions, the half being the last of dims. s: sizes, one for each of dims, -1 for
 * what x has. Without dims they are the last of s, or all. fft2 and its kin: the last two without dims. */
typedef struct fx_fftn_args {
    fx_tensor *x;
    fx_dims s, dims;
    int norm;
} fx_fftn_args;
#define FX__FFTN(...) (FX_LITERAL(fx_fftn_args){ .x = __VA_ARGS__ })
#define fx_fftn(...) fx_fftn_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_ifftn(...) fx_ifftn_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_rfftn(...) fx_rfftn_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_irfftn(...) fx_irfftn_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_hfftn(...) fx_hfftn_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_ihfftn(...) fx_ihfftn_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_fft2(...) fx_fft2_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_ifft2(...) fx_ifft2_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_rfft2(...) fx_rfft2_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_irfft2(...) fx_irfft2_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_hfft2(...) fx_hfft2_at(FX__FFTN(__VA_ARGS__), FX_HERE)
#define fx_ihfft2(...) fx_ihfft2_at(FX__FFTN(__VA_ARGS__), FX_HERE)
FX_API fx_tensor *fx_fftn_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_ifftn_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_rfftn_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_irfftn_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_hfftn_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_ihfftn_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_fft2_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_ifft2_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_rfft2_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_irfft2_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_hfft2_at(fx_fftn_args args, fx_where where);
FX_API fx_tensor *fx_ihfft2_at(fx_fftn_args args, fx_where where);

/* Rolls the zero frequency to the middle, and back; of any dtype, along dims, all without. (A pair's two
 * numbers are no dimension to roll: give dims.) */
typedef struct fx_fftshift_args {
    fx_tensor *x;
    fx_dims dims;
} fx_fftshift_args;
#define fx_fftshift(...) fx_fftshift_at(FX_LITERAL(fx_fftshift_args){ .x = __VA_ARGS__ }, FX_HERE)
#define fx_ifftshift(...) fx_ifftshift_at(FX_LITERAL(fx_fftshift_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_fftshift_at(fx_fftshift_args args, fx_where where);
FX_API fx_tensor *fx_ifftshift_at(fx_fftshift_args args, fx_where where);

/* Transforms of frames of a signal (length) or (batch, length): frame t are the numbers from t hop_length on,
 * times a window; the result is (batch, frequencies, frames, 2), of n_fft / 2 + 1 frequencies, of all n_fft
 * with `twosided`. hop_length is n_fft / 4 and win_length n_fft unless given; the window has win_length
 * numbers, ones without, and stands in the middle of a frame. Unless uncentered, the signal is padded by
 * n_fft / 2 on either side (FX_PAD_REFLECT unless pad_mode says other), so that frame t has its middle at t
 * hop_length. normalized: over the root of n_fft.
 *
 * istft is its inverse by least squares: frames transformed back, times the window, added where they overlap,
 * and divided by the windows' squares added likewise, which must not vanish (FX_ERROR_ARGUMENT). length: of
 * the result, 0 for what the frames cover (without the padding). */
typedef struct fx_stft_args {
    fx_tensor *x;
    int64_t n_fft, hop_length, win_length;
    fx_tensor *window;
    bool uncentered;
    int pad_mode; /* FX_PAD_REFLECT */
    bool normalized, twosided;
} fx_stft_args;
typedef struct fx_istft_args {
    fx_tensor *x;
    int64_t n_fft, hop_length, win_length;
    fx_tensor *window;
    bool uncentered, normalized, twosided;
    int64_t length;
} fx_istft_args;
/* fx_stft(x, 400, .hop_length = 160) */
#define fx_stft(...) fx_stft_at(FX_LITERAL(fx_stft_args){ .pad_mode = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_istft(...) fx_istft_at(FX_LITERAL(fx_istft_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_stft_at(fx_stft_args args, fx_where where);
FX_API fx_tensor *fx_istft_at(fx_istft_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
