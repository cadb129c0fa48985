/* Transforms of a signal's frames, and back: views, products with a window, rfft, and sums where frames
 * overlap.
 */
#include "fourier.h"

#include <math.h>

/* What the two are given, with what was left out filled in. */
typedef struct frames {
    const char *name;
    int64_t n, hop, width;
    fx_tensor *window;
} frames;

static bool set_frames(const fx_tensor *x, frames *f, fx_where where)
{
    if (!f->hop) f->hop = f->n / 4;
    if (!f->width) f->width = f->n;
    if (f->n < 1 || f->hop < 1 || f->width < 1 || f->width > f->n)
        return FX__REFUSE(
            x, ERROR_ARGUMENT, where,
            "%s: n_fft %lld, hop_length %lld, win_length %lld: positive, and no window longer than n_fft",
            f->name, (long long)f->n, (long long)f->hop, (long long)f->width);
    if (!fx_dtype_is_float((fx_dtype)x->dtype))
        return FX__REFUSE(x, ERROR_DTYPE, where, "%s: takes floating numbers, not %s", f->name,
                          fx_dtype_name((fx_dtype)x->dtype));
    if (!f->window) return true;
    if (f->window->ndim != 1 || f->window->numel != f->width || f->window->dtype != x->dtype)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "%s: the window has win_length %lld numbers of x's dtype: not %s %s", f->name,
                          (long long)f->width, fx_dtype_name((fx_dtype)f->window->dtype),
                          fx__shape_text(f->window));
    return true;
}

/* n numbers: the window in the middle of zeros; ones without a window. */
static fx_tensor *whole_window(const fx_tensor *x, const frames *f, fx_where where)
{
    fx_tensor *w = f->window;
    if (!w) w = fx_full_at(x->cx, (fx_dtype)x->dtype, 1, FX_DIMS(f->width), where);
    return w && f->width < f->n ? fx__embed(w, 0, (f->n - f->width) / 2, 1, f->n, false, where) : w;
}

static fx_tensor *product(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return fx_mul_at(fx_operand_tensor(a), fx_operand_tensor(b), where);
}

fx_tensor *fx_stft_at(fx_stft_args args, fx_where where)
{
    fx_tensor *x = args.x;
    frames f = { "stft", args.n_fft, args.hop_length, args.win_length, args.window };
    if (!x || !set_frames(x, &f, where)) return NULL;
    if (x->ndim < 1 || x->ndim > 2)
        return FX__REFUSE(x, ERROR_SHAPE, where, "stft: a signal is (length) or (batch, length), not %s",
                          fx__shape_text(x));
    const int64_t length = x->size[x->ndim - 1];
    if (!args.uncentered && f.n / 2 >= length)
        return FX__REFUSE(x, ERROR_ARGUMENT, where,
                          "stft: a signal of %lld is too short to be padded by %lld", (long long)length,
                          (long long)(f.n / 2));
    const bool batched = x->ndim == 2;
    if (!batched) x = fx__unsqueeze(x, 0, where);
    if (x && !args.uncentered) { /* padding wants channels */
        const fx_dims pad = FX_DIMS(f.n / 2, f.n / 2);
        x = fx__unsqueeze(x, 0, where);
        x = fx_pad_at((fx_pad_args){ .x = x, .pad = pad, .mode = args.pad_mode }, where);
        x = x ? fx__squeeze(x, 0, where) : NULL;
    }
    if (!x) return NULL;
    if (x->size[1] < f.n)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "stft: n_fft %lld is more than the signal's %lld numbers",
                          (long long)f.n, (long long)x->size[1]);
    fx_tensor *y = product(fx_unfold_at(x, 1, f.n, f.hop, where), whole_window(x, &f, where), where);
    const double scale = args.normalized ? 1 / sqrt((double)f.n) : 1;
    if (args.twosided) {
        fx_tensor *none = y ? fx_full_like_at(y, 0, where) : NULL;
        y = fx_stack_at((fx_list){ 2, (fx_tensor *[]){ y, none } }, -1, where);
        y = y ? fx__pairs_to_pairs(y, 1u << 2, -1, scale, where) : NULL;
    } else {
        y = fx__real_to_half(y, 2, scale, where);
    }
    y = fx_transpose_at(y, 1, 2, where);
    y = y && !batched ? fx__squeeze(y, 0, where) : y;
    return y ? fx__space.clone(y, where) : NULL;
}

/* (batch, frames, n) added where they overlap: (batch, length). */
static fx_tensor *overlapped(fx_tensor *x, const frames *f, int64_t length, fx_where where)
{
    x = fx_transpose_at(x, 1, 2, where);
    x = fx_col2im_at((fx_col2im_args){ .x = x,
                                       .output_size = FX_DIMS(length, 1),
                                       .kernel_sizes = FX_DIMS(f->n, 1),
                                       .strides = FX_DIMS(f->hop, 1) },
                     where);
    return x ? fx__reshape(x, 2, (const int64_t[]){ x->size[0], length }, where) : NULL;
}

/* False after an error: the windows leave numbers out. */
static bool covers(fx_tensor *envelope, fx_where where)
{
    fx_tensor *least =
        envelope ? fx_amin_at((fx_amin_args){ .x = fx_abs_at(fx_detach_at(envelope, where), where) }, where)
                 : NULL;
    if (!least) return false;
    if (fx_item_at(least, where) > 1e-11) return true;
    return FX__REFUSE(envelope, ERROR_ARGUMENT, where, "istft: the windows, overlapped, vanish somewhere");
}

static bool check_spectrum(const fx_tensor *x, const fx_istft_args *args, fx_where where)
{
    const bool good = (x->ndim == 3 || x->ndim == 4) && x->size[x->ndim - 1] == 2 && x->numel;
    const int64_t wanted = args->twosided ? args->n_fft : args->n_fft / 2 + 1;
    if (good && x->size[x->ndim - 3] == wanted) return true;
    return FX__REFUSE(
        x, ERROR_SHAPE, where,
        "istft: wants pairs (frequencies, frames, 2) or (batch, ...), of %lld frequencies: not %s",
        (long long)wanted, fx__shape_text(x));
}

fx_tensor *fx_istft_at(fx_istft_args args, fx_where where)
{
    fx_tensor *x = args.x;
    frames f = { "istft", args.n_fft, args.hop_length, args.win_length, args.window };
    if (!x || !set_frames(x, &f, where) || !check_spectrum(x, &args, where)) return NULL;
    if (f.hop > f.width)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "istft: hop_length %lld is more than win_length %lld",
                          (long long)f.hop, (long long)f.width);
    const bool batched = x->ndim == 4;
    if (!batched) x = fx__unsqueeze(x, 0, where);
    x = fx_transpose_at(x, 1, 2, where);
    if (x && args.twosided) x = fx__slice(x, 2, 0, f.n / 2 + 1, 1, where);
    const double scale = args.normalized ? 1 / sqrt((double)f.n) : 1 / (double)f.n;
    x = x ? fx__half_to_real(x, 2, f.n, scale, where) : NULL;
    fx_tensor *window = x ? whole_window(x, &f, where) : NULL;
    if (!window) return NULL;
    const int64_t length = f.n + f.hop * (x->size[1] - 1), one = 1;
    const int64_t start = args.uncentered ? 0 : f.n / 2;
    int64_t end = args.length ? start + args.length : args.uncentered ? length : length - f.n / 2;
    const int64_t wanted = end - start;
    if (end > length) end = length;
    if (end <= start)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "istft: nothing is left of %lld numbers",
                          (long long)length);
    fx_tensor *y = overlapped(product(x, window, where), &f, length, where);
    fx_tensor *squares =
        fx__expand(product(window, window, where), 3, (const int64_t[]){ one, x->size[1], f.n }, where);
    squares = overlapped(squares, &f, length, where);
    if (!y || !squares) return NULL;
    y = fx__slice(y, 1, start, end - start, 1, where);
    squares = fx__slice(squares, 1, start, end - start, 1, where);
    if (!covers(squares, where)) return NULL;
    y = fx_div_at(fx_operand_tensor(y), fx_operand_tensor(squares), where);
    if (y && wanted > end - start) y = fx__embed(y, 1, 0, 1, wanted, false, where);
    return y && !batched ? fx__squeeze(y, 0, where) : y;
}

/* ---- records ---- */

FX__CALL(stft, fx_stft_args)
static const fx_field stft_fields[] = { FX__FIELD(fx_stft_args, x, TENSOR, .torch = "input"),
                                        FX__FIELD(fx_stft_args, n_fft, INT),
                                        FX__FIELD(fx_stft_args, hop_length, INT, .optional = true),
                                        FX__FIELD(fx_stft_args, win_length, INT, .optional = true),
                                        FX__FIELD(fx_stft_args, window, TENSOR, .optional = true),
                                        FX__FIELD(fx_stft_args, uncentered, BOOL, .optional = true),
                                        FX__FIELD(fx_stft_args, pad_mode, CHOICE, .optional = true,
                                                  .choices = "constant|reflect|replicate|circular"),
                                        FX__FIELD(fx_stft_args, normalized, BOOL, .optional = true),
                                        FX__FIELD(fx_stft_args, twosided, BOOL, .optional = true),
                                        FX__FIELDS_END };
const fx_function fx__function_stft = {
    .name = "stft",
    .torch = "stft",
    .formula = "y[f, t] = sum over j of window[j] x[t hop + j] exp(-2 pi i f j / n_fft), as pairs",
    .gradient = "g transformed back, times the window, added where frames overlap; in window likewise",
    .notes = "PyTorch's center = false is uncentered, onesided = false is twosided",
    .fields = stft_fields,
    .args_size = sizeof(fx_stft_args),
    .defaults = &(const fx_stft_args){ .pad_mode = FX_PAD_REFLECT },
    .call = stft_call,
    .samples =
        "x=(20) n_fft=5\nx=(2,20) n_fft=7 hop_length=3\nx=(2,12) n_fft=8 win_length=5 window=(5)@pos\n"
        "x=(10) n_fft=7 uncentered=true\nx=(2,20) n_fft=6 hop_length=4 normalized=true pad_mode=constant\n"
        "x=(12) n_fft=4 twosided=true window=(4)\nx=(12) n_fft=5 twosided=true uncentered=true "
        "normalized=true\n"
        "!x=(3) n_fft=7 uncentered=true\n!x=(20) n_fft=6 win_length=7\n!x=(20) n_fft=6 window=(5)\n!x=(20) "
        "n_fft=0\n"
        "!x=(2,2,20) n_fft=6\n!x=(20)i64 n_fft=6\n!x=(20) n_fft=3\n!x=() n_fft=4\n!x=(0) n_fft=4\n",
    .unavailable = FX__FFT_MISSING,
    .bench = "x=(16,16000) n_fft=400 hop_length=160 window=(400)@pos",
};

FX__CALL(istft, fx_istft_args)
static const fx_field istft_fields[] = { FX__FIELD(fx_istft_args, x, TENSOR, .torch = "input"),
                                         FX__FIELD(fx_istft_args, n_fft, INT),
                                         FX__FIELD(fx_istft_args, hop_length, INT, .optional = true),
                                         FX__FIELD(fx_istft_args, win_length, INT, .optional = true),
                                         FX__FIELD(fx_istft_args, window, TENSOR, .optional = true),
                                         FX__FIELD(fx_istft_args, uncentered, BOOL, .optional = true),
                                         FX__FIELD(fx_istft_args, normalized, BOOL, .optional = true),
                                         FX__FIELD(fx_istft_args, twosided, BOOL, .optional = true),
                                         FX__FIELD(fx_istft_args, length, INT, .optional = true),
                                         FX__FIELDS_END };
const fx_function fx__function_istft = {
    .name = "istft",
    .torch = "istft",
    .formula = "frames transformed back, times the window, added where they overlap, over the windows' "
               "squares added so",
    .gradient = "the adjoint of each step",
    .notes = "an error where the windows, overlapped, vanish; of a twosided spectrum the first half is used",
    .fields = istft_fields,
    .args_size = sizeof(fx_istft_args),
    .call = istft_call,
    .samples = "x=(4,5,2) n_fft=6\nx=(2,4,3,2) n_fft=7 hop_length=3\nx=(2,5,4,2) n_fft=8 window=(8)@pos\n"
               "x=(4,3,2) n_fft=6 uncentered=true\nx=(4,4,2) n_fft=6 hop_length=2 normalized=true length=5\n"
               "x=(4,4,2) n_fft=4 twosided=true\nx=(3,6,2) n_fft=4 win_length=3 window=(3)@pos\nx=(3,6,2) "
               "n_fft=4 window=(4)@pos length=12\n"
               "!x=(4,5,2) n_fft=7 hop_length=8\n!x=(4,5,2) n_fft=9\n!x=(4,5) n_fft=6\n!x=(4,5,2) n_fft=6 "
               "window=(5)\n"
               "!x=(3,5,2) n_fft=4 uncentered=true window=(4){0,1,1,0} hop_length=3\n!x=(4,5,2)i64 n_fft=6\n"
               "!x=(4,1,2) n_fft=6\n!x=() n_fft=4\n!x=(3,0,2) n_fft=4\n",
    .unavailable = FX__FFT_MISSING,
    .bench = "x=(16,201,101,2) n_fft=400 hop_length=160 window=(400)@pos",
};
