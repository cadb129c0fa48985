/* Fourier transforms by their definition.
 */
#include "reference.h"

#include <math.h>
#include <string.h>

/* exp(2 pi i k / n): zeros and mirror images are exact. */
static quad cosine(int64_t k, int64_t n)
{
    k %= n;
    if (2 * k > n) k = n - k;
    return 4 * k == n ? 0 : cosq(2 * M_PIq * (quad)k / (quad)n);
}
static quad sine(int64_t k, int64_t n)
{
    k %= n;
    if (2 * k > n) return -sine(n - k, n);
    return k == 0 || 2 * k == n ? 0 : sinq(2 * M_PIq * (quad)k / (quad)n);
}

/* Complex numbers, two tensors of one shape. */
typedef struct signal {
    int ndim;
    int64_t size[FX_MAX_DIMS];
    quad *re, *im;
} signal;

static int64_t count_of(const signal *x)
{
    int64_t n = 1;
    RANGE (d, x->ndim) n *= x->size[d];
    return n;
}

static signal like(fx_ref_call *c, const signal *x, int dim, int64_t size)
{
    signal y = *x;
    y.size[dim] = size;
    y.re = NUMBERS(count_of(&y) + 1);
    y.im = NUMBERS(count_of(&y) + 1);
    return y;
}

static signal signal_of(fx_ref_call *c, const fx_ref_tensor *x, bool pairs)
{
    signal y = { .ndim = x->ndim - pairs };
    RANGE (d, y.ndim) y.size[d] = x->size[d];
    y = like(c, &y, 0, y.size[0]);
    RANGE (i, count_of(&y)) {
        y.re[i] = AT(x, pairs ? 2 * i : i);
        y.im[i] = pairs ? AT(x, 2 * i + 1) : 0;
    }
    return y;
}

/* What a number of y along dim is made of: of the lane of x that it belongs to, all numbers. */
typedef enum manner { RESIZE, FULL, HALF } manner;

static signal along(fx_ref_call *c, const signal *x, int dim, int64_t size, manner how, int sign)
{
    signal y = like(c, x, dim, size);
    int64_t inner = 1, n = x->size[dim];
    for (int d = dim + 1; d < x->ndim; d++) inner *= x->size[d];
    RANGE (i, count_of(&y)) {
        const int64_t k = i / inner % size, first = i / inner / size * n * inner + i % inner;
        if (how == RESIZE) {
            if (k < n) y.re[i] = x->re[first + k * inner], y.im[i] = x->im[first + k * inner];
            continue;
        }
        RANGE (j, n) {
            const quad cs = cosine(j * k, size), sn = sign * sine(j * k, size);
            const quad re = x->re[first + j * inner], im = x->im[first + j * inner];
            const bool twice = how == HALF && j > 0 && 2 * j < size;
            y.re[i] += (re * cs - im * sn) * (twice ? 2 : 1);
            y.im[i] += re * sn + im * cs;
        }
    }
    return y;
}

static void conjugate(signal *x)
{
    RANGE (i, count_of(x)) x->im[i] = -x->im[i];
}

static void put(fx_ref_call *c, const signal *y, bool pairs, quad scale)
{
    int64_t size[FX_MAX_DIMS];
    RANGE (d, y->ndim) size[d] = y->size[d];
    size[y->ndim] = 2;
    fx_ref_tensor *out = OUT(0, y->ndim + pairs, size);
    RANGE (i, count_of(y)) {
        AT(out, pairs ? 2 * i : i) = y->re[i] * scale;
        if (pairs) AT(out, 2 * i + 1) = y->im[i] * scale;
    }
}

typedef enum fft_kind { PAIRS, TO_HALF, FROM_HALF } fft_kind;

static quad scale_of(fx_ref_call *c, quad n, bool inverse)
{
    if (CHOICE_IS("norm", "ortho")) return 1 / sqrtq(n);
    return CHOICE_IS("norm", "backward") == inverse ? 1 / n : 1;
}

static void transformed(fx_ref_call *c, fft_kind kind, bool inverse, bool other, fx_dims s, fx_dims dims)
{
    signal x = signal_of(c, TENSOR("x"), kind != TO_HALF);
    quad n = 1;
    int64_t size[FX_MAX_DIMS];
    if (!dims.given)
        for (dims.count = s.given ? s.count : x.ndim, dims.given = true; true;) {
            RANGE (i, dims.count) dims.at[i] = x.ndim - dims.count + i;
            break;
        }
    if (kind == FROM_HALF && other) conjugate(&x);
    RANGE (i, dims.count) {
        const int d = (int)(dims.at[i] < 0 ? dims.at[i] + x.ndim : dims.at[i]);
        const bool last = i == dims.count - 1;
        size[i] = s.given && s.at[i] != -1    ? s.at[i]
                  : kind == FROM_HALF && last ? 2 * (x.size[d] - 1)
                                              : x.size[d];
        n *= (quad)size[i];
        x = along(c, &x, d, kind == FROM_HALF && last ? size[i] / 2 + 1 : size[i], RESIZE, 0);
    }
    const int sign = (kind == PAIRS ? inverse : kind == FROM_HALF) ? 1 : -1;
    RANGE (i, dims.count) {
        const int d = (int)(dims.at[i] < 0 ? dims.at[i] + x.ndim : dims.at[i]);
        if (i < dims.count - 1 || kind != FROM_HALF) x = along(c, &x, d, size[i], FULL, sign);
        if (i < dims.count - 1) continue;
        if (kind == FROM_HALF) x = along(c, &x, d, size[i], HALF, 1);
        if (kind == TO_HALF) x = along(c, &x, d, size[i] / 2 + 1, RESIZE, 0);
    }
    if (kind == TO_HALF && other) conjugate(&x);
    put(c, &x, kind != FROM_HALF, scale_of(c, n, inverse));
}

static void of_one(fx_ref_call *c, fft_kind kind, bool inverse, bool other)
{
    fx_dims n = one_dim(INT("n"));
    n.given = INT("n") != 0;
    transformed(c, kind, inverse, other, n, one_dim(INT("dim")));
}
static void of_several(fx_ref_call *c, fft_kind kind, bool inverse, bool other, bool plane)
{
    fx_dims dims = DIMS("dims");
    if (plane && !dims.given) dims = (fx_dims){ true, 2, { -2, -1 } };
    transformed(c, kind, inverse, other, DIMS("s"), dims);
}
#define THREE(name, kind, inverse, other)                                                                    \
    REFERENCE(name) { of_one(c, kind, inverse, other); }                                                     \
    REFERENCE(name##n) { of_several(c, kind, inverse, other, false); }                                       \
    REFERENCE(name##2) { of_several(c, kind, inverse, other, true); }
THREE(fft, PAIRS, false, false)
THREE(ifft, PAIRS, true, false)
THREE(rfft, TO_HALF, false, false)
THREE(irfft, FROM_HALF, true, false)
THREE(hfft, FROM_HALF, false, true)
THREE(ihfft, TO_HALF, true, true)

static void shifted(fx_ref_call *c, bool back)
{
    const fx_ref_tensor *x = TENSOR("x");
    fx_ref_tensor *y = OUT_LIKE(0, x);
    fx_dims dims = DIMS("dims");
    int64_t place[FX_MAX_DIMS];
    if (!dims.given)
        for (; dims.count < x->ndim; dims.count++) dims.at[dims.count] = dims.count;
    EACH (x, i) {
        place_of(x, i, place);
        RANGE (k, x->ndim ? dims.count : 0) {
            const int d = dim_of(x, dims.at[k]);
            const int64_t by = x->size[d] / 2;
            place[d] = (place[d] + (back ? x->size[d] - by : by)) % x->size[d];
        }
        AT(y, index_of(y, place)) = AT(x, i);
    }
}
REFERENCE(fftshift) { shifted(c, false); }
REFERENCE(ifftshift) { shifted(c, true); }

/* ---- frames ---- */

static int64_t hop_of(fx_ref_call *c) { return INT("hop_length") ? INT("hop_length") : INT("n_fft") / 4; }

static quad window_at(fx_ref_call *c, int64_t j)
{
    const int64_t n = INT("n_fft"), width = INT("win_length") ? INT("win_length") : n,
                  first = (n - width) / 2;
    if (j < first || j >= first + width) return 0;
    return TENSOR("window") ? AT(TENSOR("window"), j - first) : 1;
}

/* Number i of row b of a signal that is padded. */
static quad padded(fx_ref_call *c, int64_t b, int64_t i)
{
    const fx_ref_tensor *x = TENSOR("x");
    const int64_t length = x->size[x->ndim - 1];
    if (!BOOL("uncentered")) i -= INT("n_fft") / 2;
    if (CHOICE_IS("pad_mode", "constant") && (i < 0 || i >= length)) return 0;
    if (CHOICE_IS("pad_mode", "replicate")) i = i < 0 ? 0 : i >= length ? length - 1 : i;
    if (CHOICE_IS("pad_mode", "circular")) i = (i + length) % length;
    if (i < 0) i = -i;
    if (i >= length) i = 2 * (length - 1) - i;
    return AT(x, b * length + i);
}

REFERENCE(stft)
{
    const fx_ref_tensor *x = TENSOR("x");
    const int64_t n = INT("n_fft"), hop = hop_of(c), batch = x->ndim == 2 ? x->size[0] : 1;
    const int64_t length = x->size[x->ndim - 1] + (BOOL("uncentered") ? 0 : n / 2 * 2);
    const int64_t frequencies = BOOL("twosided") ? n : n / 2 + 1, frames = (length - n) / hop + 1;
    const int64_t size[] = { batch, frequencies, frames, 2 };
    fx_ref_tensor *y = x->ndim == 2 ? OUT(0, 4, size) : OUT(0, 3, size + 1);
    const quad scale = BOOL("normalized") ? 1 / sqrtq((quad)n) : 1;
    RANGE (i, y->numel / 2) {
        const int64_t t = i % frames, f = i / frames % frequencies, b = i / frames / frequencies;
        RANGE (j, n) {
            const quad v = window_at(c, j) * padded(c, b, t * hop + j) * scale;
            AT(y, 2 * i) += v * cosine(f * j, n);
            AT(y, 2 * i + 1) -= v * sine(f * j, n);
        }
    }
}

REFERENCE(istft)
{
    const fx_ref_tensor *x = TENSOR("x");
    const int64_t n = INT("n_fft"), hop = hop_of(c), batch = x->ndim == 4 ? x->size[0] : 1;
    const int64_t frequencies = x->size[x->ndim - 3], frames = x->size[x->ndim - 2];
    const int64_t covered = n + hop * (frames - 1), start = BOOL("uncentered") ? 0 : n / 2;
    const int64_t length = INT("length") ? INT("length") : covered - 2 * start;
    const int64_t size[] = { batch, length };
    fx_ref_tensor *y = x->ndim == 4 ? OUT(0, 2, size) : OUT(0, 1, size + 1);
    const quad scale = BOOL("normalized") ? 1 / sqrtq((quad)n) : 1 / (quad)n;
    EACH (y, i) {
        const int64_t b = i / length, at = i % length + start;
        quad sum = 0, squares = 0;
        if (at >= covered) continue;
        RANGE (t, frames) {
            const int64_t j = at - t * hop;
            if (j < 0 || j >= n) continue;
            quad v = 0;
            RANGE (f, n / 2 + 1) {
                const int64_t k = ((b * frequencies + f) * frames + t) * 2;
                v += (AT(x, k) * cosine(f * j, n) - AT(x, k + 1) * sine(f * j, n)) *
                     (f > 0 && 2 * f < n ? 2 : 1);
            }
            sum += v * window_at(c, j) * scale;
            squares += window_at(c, j) * window_at(c, j);
        }
        AT(y, i) = sum / squares;
    }
}

#define ROWS(name) ROW(name), ROW(name##n), ROW(name##2)
REFERENCES(fft, ROWS(fft), ROWS(ifft), ROWS(rfft), ROWS(irfft), ROWS(hfft), ROWS(ihfft), ROW(fftshift),
           ROW(ifftshift), ROW(stft), ROW(istft))
