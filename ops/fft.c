/* Fourier transforms along several dimensions, by those along one (fourier.h): what is cut, padded and
 * scaled.
 */
#include "fourier.h"

#include <math.h>

typedef enum fft_kind { PAIRS, TO_HALF, FROM_HALF } fft_kind;

/* inverse: has exp(+2 pi i ...), or divides, as ifft; conjugated: hfft, ihfft. */
typedef struct transform {
    const char *name;
    fft_kind kind;
    bool inverse, conjugated, plane;
} transform;

/* Dimensions to transform, and the numbers that are transformed along each, of the real side. */
typedef struct extent {
    int count, dim[FX_MAX_DIMS];
    int64_t size[FX_MAX_DIMS];
} extent;

static bool set_extent(const transform *t, const fx_tensor *x, fx_fftn_args args, extent *e, fx_where where)
{
    const int ndim = x->ndim - (t->kind != TO_HALF);
    fx_dims s = args.s, dims = args.dims;
    if (!dims.given && t->plane) dims = FX_DIMS(-2, -1);
    if (!dims.given) {
        dims.count = s.given ? s.count : ndim;
        for (int i = 0; i < dims.count; i++) dims.at[i] = i - dims.count;
    }
    if ((s.given && s.count != dims.count) || dims.count > ndim || (!dims.count && t->kind != PAIRS))
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: %d sizes and %d dims do not fit %s", t->name,
                          s.given ? s.count : dims.count, dims.count, fx__shape_text(x));
    unsigned seen = 0;
    e->count = dims.count;
    for (int i = 0; i < dims.count; i++) {
        const int d = e->dim[i] = fx__dim_in(x, ndim, dims.at[i], t->name, where);
        if (d < 0) return false;
        if (seen >> d & 1)
            return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: dim %d is named twice", t->name, d);
        seen |= 1u << d;
        const bool half = t->kind == FROM_HALF && i == dims.count - 1;
        e->size[i] = s.given && s.at[i] != -1 ? s.at[i] : half ? 2 * (x->size[d] - 1) : x->size[d];
        if (e->size[i] < 1 || e->size[i] > INT32_MAX / 4)
            return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: %lld numbers along dim %d are none to transform",
                              t->name, (long long)e->size[i], d);
    }
    return true;
}

/* x with n numbers along dim: cut, or zeros behind. */
static fx_tensor *resized(fx_tensor *x, int dim, int64_t n, fx_where where)
{
    if (!x || x->size[dim] == n) return x;
    return x->size[dim] > n ? fx__slice(x, dim, 0, n, 1, where) : fx__embed(x, dim, 0, 1, n, false, where);
}

static double scale_of(const extent *e, int norm, bool inverse)
{
    double n = 1;
    for (int i = 0; i < e->count; i++) n *= (double)e->size[i];
    if (norm == FX_FFT_ORTHO) return 1 / sqrt(n);
    return (norm == FX_FFT_BACKWARD) == inverse ? 1 / n : 1;
}

/* A tensor of the kind that t takes, floating. NULL after an error. */
static fx_tensor *checked(const transform *t, fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    if (t->kind != TO_HALF && (!x->ndim || x->size[x->ndim - 1] != 2))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "%s: complex numbers are pairs, with a last dimension of 2: not %s", t->name,
                          fx__shape_text(x));
    return fx_dtype_is_float((fx_dtype)x->dtype) ? x : fx__space.cast(x, fx_default_dtype(x->cx), where);
}

static fx_tensor *run(const transform *t, fx_fftn_args args, fx_where where)
{
    extent e;
    fx_tensor *x = checked(t, args.x, where);
    if (!x || !set_extent(t, x, args, &e, where)) return NULL;
    const double scale = scale_of(&e, args.norm, t->inverse);
    const int last = e.count - 1;
    unsigned others = 0;
    for (int i = 0; i < e.count; i++) {
        const bool half = t->kind == FROM_HALF && i == last;
        x = resized(x, e.dim[i], half ? e.size[i] / 2 + 1 : e.size[i], where);
        if (t->kind == PAIRS || i != last) others |= 1u << e.dim[i];
    }
    switch (t->kind) {
    case PAIRS: return x ? fx__pairs_to_pairs(x, others, t->inverse ? 1 : -1, scale, where) : NULL;
    case TO_HALF:
        x = fx__real_to_half(x, e.dim[last], scale, where);
        if (x && others) x = fx__pairs_to_pairs(x, others, -1, 1, where);
        return t->conjugated ? fx__conjugate(x, where) : x;
    case FROM_HALF:
        if (t->conjugated) x = fx__conjugate(x, where);
        if (x && others) x = fx__pairs_to_pairs(x, others, 1, 1, where);
        return x ? fx__half_to_real(x, e.dim[last], e.size[last], scale, where) : NULL;
    }
    return NULL;
}

static fx_tensor *run_one(const transform *t, fx_fft_args args, fx_where where)
{
    fx_fftn_args several = { .x = args.x, .dims = FX_DIMS(args.dim), .norm = args.norm };
    if (args.n) several.s = FX_DIMS(args.n == -1 ? -2 : args.n);
    return run(t, several, where);
}

/* x rolled along dims (all, without) by half of each size, rounded down, forwards or back. */
static fx_tensor *rolled(fx_fftshift_args args, int way, const char *name, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x) return NULL;
    fx_dims dims = args.dims, shifts = { .given = true };
    if (!dims.given)
        for (dims.given = true; dims.count < x->ndim; dims.count++) dims.at[dims.count] = dims.count;
    for (int i = 0; i < dims.count; i++) {
        const int d = fx__dim_of(x, dims.at[i], name, where);
        if (d < 0) return NULL;
        shifts.at[shifts.count++] = way * (fx__size_along(x, d) / 2);
    }
    return dims.count && x->ndim ? fx_roll_at(x, shifts, dims, where) : fx__space.clone(x, where);
}
fx_tensor *fx_fftshift_at(fx_fftshift_args args, fx_where where)
{
    return rolled(args, 1, "fftshift", where);
}
fx_tensor *fx_ifftshift_at(fx_fftshift_args args, fx_where where)
{
    return rolled(args, -1, "ifftshift", where);
}

/* ---- records ---- */

static const fx_field one_fields[] = {
    FX__FIELD(fx_fft_args, x, TENSOR, .torch = "input"), FX__FIELD(fx_fft_args, n, INT, .optional = true),
    FX__FIELD(fx_fft_args, dim, INT, .optional = true),
    FX__FIELD(fx_fft_args, norm, CHOICE, .optional = true, .choices = "backward|ortho|forward"),
    FX__FIELDS_END
};
static const fx_field several_fields[] = {
    FX__FIELD(fx_fftn_args, x, TENSOR, .torch = "input"), FX__FIELD(fx_fftn_args, s, DIMS, .optional = true),
    FX__FIELD(fx_fftn_args, dims, DIMS, .torch = "dim", .optional = true),
    FX__FIELD(fx_fftn_args, norm, CHOICE, .optional = true, .choices = "backward|ortho|forward"),
    FX__FIELDS_END
};
static const fx_fft_args one_defaults = { .dim = -1 };
static const fx_fftn_args several_defaults = { .norm = FX_FFT_BACKWARD };

#define PAIRS_ONE                                                                                            \
    "x=(5,2)\nx=(3,4,2) n=6 dim=0\nx=(3,6,2) n=3 norm=ortho\nx=(2,3,2,2) dim=-2 "                            \
    "norm=forward\nx=(1,2)\nx=(0,3,2)\n"                                                                     \
    "!x=(5)\n!x=(5,2) n=-1\n!x=(5,2) dim=1\n!x=(2)\n!x=(0,2)\n!x=()\n"
#define REAL_ONE                                                                                             \
    "x=(5)\nx=(6)\nx=(3,4) n=6 dim=0\nx=(3,7) n=4 norm=ortho\nx=(2,3,2) dim=-2 "                             \
    "norm=forward\nx=(1)\nx=(0,3)\nx=(4)i64\n"                                                               \
    "!x=(5) n=-1\n!x=(5) dim=1\n!x=()\n!x=(0)\n"
#define HALF_ONE                                                                                             \
    "x=(5,2)\nx=(5,2) n=9\nx=(4,3,2) n=8 dim=0\nx=(3,6,2) n=3 norm=ortho\nx=(2,3,2,2) dim=-2 "               \
    "norm=forward\nx=(0,3,2)\n"                                                                              \
    "!x=(5)\n!x=(5,2) n=-1\n!x=(5,2) dim=1\n!x=(1,2)\n!x=()\n"
#define PAIRS_TWO                                                                                            \
    "x=(3,4,2)\nx=(3,4,5,2) s=[2,6] norm=ortho\nx=(3,4,2) s=[3,3] dims=[1,0] norm=forward\nx=(3,4,2) "       \
    "dims=0\n!x=(5)\n"                                                                                       \
    "!x=(3,4,2) dims=[0,0]\n!x=(3,4,2) s=[3] dims=[0,1]\n!x=(3,4,2) s=[3,0]\n!x=()\n!x=(0,0,2)\n"
#define REAL_TWO                                                                                             \
    "x=(3,4)\nx=(3,5)\nx=(3,4,5) s=[2,6] norm=ortho\nx=(3,4) s=[3,3] dims=[1,0] norm=forward\nx=(3,4) "      \
    "dims=0\n"                                                                                               \
    "!x=(3,4) dims=[0,0]\n!x=(3,4) s=[3] dims=[0,1]\n!x=(3,4) s=[3,0]\n!x=()\n!x=(0,0)\n"
#define HALF_TWO                                                                                             \
    "x=(3,4,2)\nx=(3,4,2) s=[3,7]\nx=(3,4,5,2) s=[2,6] norm=ortho\nx=(3,4,2) s=[3,3] dims=[1,0] "            \
    "norm=forward\n"                                                                                         \
    "x=(3,4,2) dims=0\n!x=(5)\n!x=(3,4,2) dims=[0,0]\n!x=(3,4,2) s=[3] dims=[0,1]\n!x=(3,4,2) "              \
    "s=[3,0]\n!x=()\n!x=(0,0,2)\n"

#define RECORD(function, structure, kinds, words, lines, timed)                                              \
    FX__CALL(function, fx_##structure##_args)                                                                \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = "fft." #function,                                 \
                                                  .formula = words,                                          \
                                                  .gradient =                                                \
                                                      "g by the adjoint, which is one of these again",       \
                                                  .notes =                                                   \
                                                      "complex numbers are pairs in a last dimension of 2",  \
                                                  .fields = kinds##_fields,                                  \
                                                  .args_size = sizeof(fx_##structure##_args),                \
                                                  .defaults = &kinds##_defaults,                             \
                                                  .call = function##_call,                                   \
                                                  .samples = lines,                                          \
                                                  .unavailable = FX__FFT_MISSING,                            \
                                                  .bench = timed };
#define ONE(function, kind_, inverse_, conjugated_, words, lines, timed)                                     \
    fx_tensor *fx_##function##_at(fx_fft_args args, fx_where where)                                          \
    {                                                                                                        \
        static const transform t = { #function, kind_, inverse_, conjugated_, false };                       \
        return run_one(&t, args, where);                                                                     \
    }                                                                                                        \
    RECORD(function, fft, one, words, lines, timed)
#define SEVERAL(function, kind_, inverse_, conjugated_, plane_, words, lines, timed)                         \
    fx_tensor *fx_##function##_at(fx_fftn_args args, fx_where where)                                         \
    {                                                                                                        \
        static const transform t = { #function, kind_, inverse_, conjugated_, plane_ };                      \
        return run(&t, args, where);                                                                         \
    }                                                                                                        \
    RECORD(function, fftn, several, words, lines, timed)

#define PAIRS_BENCH "x=(512,1024,2)"
#define REAL_BENCH "x=(1024,1024)"
#define HALF_BENCH "x=(1024,513,2)"
ONE(fft, PAIRS, false, false, "y_k = sum over j of x_j exp(-2 pi i j k / n)", PAIRS_ONE, PAIRS_BENCH)
ONE(ifft, PAIRS, true, false, "y_k = 1 / n sum over j of x_j exp(2 pi i j k / n)", PAIRS_ONE, PAIRS_BENCH)
ONE(rfft, TO_HALF, false, false, "the first n / 2 + 1 numbers of fft of real numbers", REAL_ONE, REAL_BENCH)
ONE(irfft, FROM_HALF, true, false, "the n real numbers of which x is rfft", HALF_ONE, HALF_BENCH)
ONE(hfft, FROM_HALF, false, true, "fft of a signal of which x is the first half; real", HALF_ONE, HALF_BENCH)
ONE(ihfft, TO_HALF, true, true, "the first half of the signal of which x is fft", REAL_ONE, REAL_BENCH)
SEVERAL(fftn, PAIRS, false, false, false, "fft along each of dims", PAIRS_TWO, PAIRS_BENCH)
SEVERAL(ifftn, PAIRS, true, false, false, "ifft along each of dims", PAIRS_TWO, PAIRS_BENCH)
SEVERAL(rfftn, TO_HALF, false, false, false, "rfft along the last of dims, then fft along the others",
        REAL_TWO, REAL_BENCH)
SEVERAL(irfftn, FROM_HALF, true, false, false, "the real numbers of which x is rfftn", HALF_TWO, HALF_BENCH)
SEVERAL(hfftn, FROM_HALF, false, true, false, "fft along all but the last of dims, then hfft", HALF_TWO,
        HALF_BENCH)
SEVERAL(ihfftn, TO_HALF, true, true, false, "ihfft along the last of dims, then ifft along the others",
        REAL_TWO, REAL_BENCH)
SEVERAL(fft2, PAIRS, false, false, true, "fft along two dimensions", PAIRS_TWO, PAIRS_BENCH)
SEVERAL(ifft2, PAIRS, true, false, true, "ifft along two dimensions", PAIRS_TWO, PAIRS_BENCH)
SEVERAL(rfft2, TO_HALF, false, false, true, "rfft along the second of two dimensions, fft along the first",
        REAL_TWO, REAL_BENCH)
SEVERAL(irfft2, FROM_HALF, true, false, true, "the real numbers of which x is rfft2", HALF_TWO, HALF_BENCH)
SEVERAL(hfft2, FROM_HALF, false, true, true, "fft along the first of two dimensions, then hfft", HALF_TWO,
        HALF_BENCH)
SEVERAL(ihfft2, TO_HALF, true, true, true, "ihfft along the second of two dimensions, ifft along the first",
        REAL_TWO, REAL_BENCH)

static const fx_field shift_fields[] = {
    FX__FIELD(fx_fftshift_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_fftshift_args, dims, DIMS, .torch = "dim", .optional = true), FX__FIELDS_END
};
#define SHIFT(function, words)                                                                               \
    FX__CALL(function, fx_fftshift_args)                                                                     \
    const fx_function fx__function_##function = {                                                            \
        .name = #function,                                                                                   \
        .torch = "fft." #function,                                                                           \
        .formula = words,                                                                                    \
        .gradient = "g rolled back",                                                                         \
        .fields = shift_fields,                                                                              \
        .args_size = sizeof(fx_fftshift_args),                                                               \
        .call = function##_call,                                                                             \
        .samples = "x=(5)\nx=(4)\nx=(3,4)\nx=(3,4,5) dims=[0,2]\nx=(3,4) dims=1\nx=()\n"                     \
                   "x=(0,2)\nx=(4)i64\n!x=(3) dims=1\n",                                                     \
        .bench = "x=(1000,1000)"                                                                             \
    };
SHIFT(fftshift, "x rolled by half its size, rounded down, along dims: the zero frequency to the middle")
SHIFT(ifftshift, "the inverse of fftshift")
