/* The norm of vectors, of any order, and the quotients that its gradient is made of (quotient.h).
 *
 * Sums of squares run in double; where those of float64 over- or underflow, and for orders that have no sum
 * of their own, numbers are scaled by the largest. At 0 the gradient of every order is 0, and so is its
 * derivative.
 */
#include "quotient.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define F32(x) ((float *)(void *)(x)->data)
#define F64(x) ((double *)(void *)(x)->data)

/* ---- quotients -------------------------------------------------------------------------------------------
 */

static void quotient_forward(const fx_call *c)
{
    const fx_tensor *a = c->x[0], *b = c->x[1];
    int64_t n = c->y->numel;
    if (a->dtype == FX_F32)
        for (int64_t i = 0; i < n; i++) F32(c->y)[i] = F32(b)[i] == 0 ? 0 : F32(a)[i] / F32(b)[i];
    else
        for (int64_t i = 0; i < n; i++) F64(c->y)[i] = F64(b)[i] == 0 ? 0 : F64(a)[i] / F64(b)[i];
}

static void quotient_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    if (fx_call_needs(c, 0)) gx[0] = fx__quotient(g, c->x[1], c->where);
    if (!fx_call_needs(c, 1)) return;
    fx_tensor *gy = fx_mul_at(fx_operand_tensor(g), fx_operand_tensor(c->y), c->where);
    gx[1] = fx_neg_at(fx__quotient(gy, c->x[1], c->where), c->where);
}

static unsigned quotient_captured(const fx_call *c)
{
    return FX_CAPTURE_X1 | (fx_call_needs(c, 1) ? FX_CAPTURE_Y : 0);
}

static const fx_op quotient_op = { .name = "quotient",
                                   .formula = "y = a / b, 0 where b is 0",
                                   .inputs = 2,
                                   .captures = FX_CAPTURE_X1 | FX_CAPTURE_Y,
                                   .captured = quotient_captured,
                                   .shape = fx_shape_same,
                                   .forward = quotient_forward,
                                   .local_grad = quotient_local_grad };

fx_tensor *fx__quotient(fx_tensor *a, fx_tensor *b, fx_where where)
{
    return FX__APPLY(&quotient_op, NULL, where, a, b);
}

typedef struct power_options {
    double power;
    bool odd;
} power_options;

static double power_of(double x, const power_options *o)
{
    if (x == 0) return o->power == 0 && !o->odd;
    double y = pow(fabs(x), o->power);
    return o->odd && x < 0 ? -y : y;
}

static void power_forward(const fx_call *c)
{
    const power_options *o = c->options;
    int64_t n = c->y->numel;
    if (c->y->dtype == FX_F32)
        for (int64_t i = 0; i < n; i++) F32(c->y)[i] = (float)power_of((double)F32(c->x[0])[i], o);
    else
        for (int64_t i = 0; i < n; i++) F64(c->y)[i] = power_of(F64(c->x[0])[i], o);
}

static void power_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const power_options *o = c->options;
    fx_tensor *steep = fx__magnitude_power(c->x[0], o->power - 1, !o->odd, c->where);
    fx_tensor *scaled = fx_mul_at(fx_operand_tensor(g), fx_operand_number(o->power), c->where);
    gx[0] = fx_mul_at(fx_operand_tensor(scaled), fx_operand_tensor(steep), c->where);
}

static const fx_op power_op = { .name = "magnitude_power",
                                .formula = "y = |x|^power, with the sign of x or without, 0 where x is 0",
                                .inputs = 1,
                                .captures = FX_CAPTURE_X0,
                                .options_size = sizeof(power_options),
                                .shape = fx_shape_same,
                                .forward = power_forward,
                                .local_grad = power_local_grad };

fx_tensor *fx__magnitude_power(fx_tensor *x, double power, bool odd, fx_where where)
{
    power_options o;
    memset(&o, 0, sizeof o);
    o.power = power, o.odd = odd;
    return FX__APPLY(&power_op, &o, where, x);
}

/* ---- the norm --------------------------------------------------------------------------------------------
 */

typedef struct norm_options {
    fx__axes axes;
    double p;
} norm_options;

static bool norm_shape(const fx_call *c, fx_spec *y)
{
    const norm_options *o = c->options;
    const fx_tensor *x = c->x[0];
    fx__reduced_shape(x, o->axes, y);
    if (x->numel == 0 && (o->p < 0 || isinf(o->p)) && fx__lanes_of(x, o->axes.mask, true).count == 0)
        return fx_call_fail(c, FX_ERROR_SHAPE, "there is no number to choose from in sizes %s",
                            fx__shape_text(x));
    return true;
}

static fx__fold_kind kind_of(double p)
{
    if (p == 0) return FX__FOLD_NONZERO;
    if (p == 1) return FX__FOLD_ABS_SUM;
    if (p == 2) return FX__FOLD_SQUARE_SUM;
    return p > 0 ? FX__FOLD_ABS_MAX : FX__FOLD_ABS_MIN;
}

/* scale (sum of (|x| / scale)^p)^(1/p), into norm; scale: the largest, for p < 0 the least. */
static bool scaled_norm(const fx_call *c, const norm_options *o, int64_t n, double *norm)
{
    double *scale = fx__scratch(c->cx, sizeof(double) * (size_t)(n + 1));
    bool good = scale &&
                fx__fold_over(c, o->p > 0 ? FX__FOLD_ABS_MAX : FX__FOLD_ABS_MIN, c->x[0], o->axes.mask,
                              (fx__fold){ .wide = scale }) &&
                fx__fold_over(c, FX__FOLD_POWER_SUM, c->x[0], o->axes.mask,
                              (fx__fold){ .wide = norm, .param = scale, .power = o->p });
    for (int64_t i = 0; good && i < n; i++) norm[i] = scale[i] == 0 ? 0 : scale[i] * pow(norm[i], 1 / o->p);
    fx__scratch_free(c->cx, scale);
    return good;
}

/* A sum of squares that rounding alone has touched. */
static bool is_safe(double sum) { return (sum > 0x1p-900 && sum < 0x1p1000) || sum != sum; }

static void norm_forward(const fx_call *c)
{
    const norm_options *o = c->options;
    int64_t n = c->y->numel;
    double few[8], *norm = n > 8 ? fx__scratch(c->cx, sizeof(double) * (size_t)n) : few;
    bool general = !(o->p == 0 || o->p == 1 || o->p == 2 || isinf(o->p));
    bool good = norm && (general ||
                         fx__fold_over(c, kind_of(o->p), c->x[0], o->axes.mask, (fx__fold){ .wide = norm }));
    bool safe = !general;
    for (int64_t i = 0; good && o->p == 2 && i < n; i++) safe &= is_safe(norm[i]) || c->y->dtype == FX_F32;
    for (int64_t i = 0; good && o->p == 2 && safe && i < n; i++) norm[i] = sqrt(norm[i]);
    if (good && !safe) good = scaled_norm(c, o, n, norm);
    for (int64_t i = 0; good && i < n; i++)
        if (c->y->dtype == FX_F32)
            F32(c->y)[i] = (float)norm[i];
        else
            F64(c->y)[i] = norm[i];
    if (norm != few) fx__scratch_free(c->cx, norm);
}

static void norm_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const norm_options *o = c->options;
    unsigned mask = o->axes.mask;
    fx_where where = c->where;
    fx_tensor *x = c->x[0], *direction;
    if (o->p == 0) return;
    if (o->p == 1)
        direction = fx_sign_at(x, where);
    else if (isinf(o->p))
        direction = fx_mul_at(fx_operand_tensor(fx__share(x, c->y, mask, true, where)),
                              fx_operand_tensor(fx_sign_at(x, where)), where);
    else {
        direction = fx__quotient(x, fx__spread(c->y, x, mask, where), where);
        if (o->p != 2) direction = fx__magnitude_power(direction, o->p - 1, true, where);
    }
    gx[0] = fx_mul_at(fx_operand_tensor(fx__spread(g, x, mask, where)), fx_operand_tensor(direction), where);
}

static double number_at(const fx_tensor *x, int64_t i)
{
    return x->dtype == FX_F32 ? (double)F32(x)[i] : F64(x)[i];
}

static void norm2_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const norm_options *o = c->options;
    fx_tensor *x = fx__contiguous_of(c->x[0]);
    gx[0] = fx__grad_new(c, 0);
    g = fx__contiguous_of(g);
    if (!x || !g || !gx[0] || x->numel == 0) return;
    double *scale = fx__scratch(c->cx, sizeof(double) * (size_t)(g->numel + 1));
    if (!scale) return;
    bool fits =
        true; /* a small gradient of a large norm: g / y may be less than there are numbers, g x / y not */
    for (int64_t i = 0; i < g->numel; i++) {
        const double y = number_at(c->y, i), gi = number_at(g, i);
        scale[i] = y == 0 ? 0 : gi / y;
        fits = fits && (fabs(scale[i]) >= DBL_MIN || gi == 0 || y == 0 || !isfinite(y));
    }
    if (fits)
        fx__center_lanes(c, x, o->axes.mask, scale, NULL, gx[0]);
    else
        norm_local_grad(c, g, gx);
    fx__scratch_free(c->cx, scale);
}

static unsigned norm_captured(const fx_call *c)
{
    double p = ((const norm_options *)c->options)->p;
    return p == 0 ? 0 : p == 1 ? FX_CAPTURE_X0 : FX_CAPTURE_X0 | FX_CAPTURE_Y;
}

static const fx_op norm2_op = { .name = "norm",
                                .formula = "y = sqrt(sum of x^2)",
                                .inputs = 1,
                                .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y,
                                .options_size = sizeof(norm_options),
                                .shape = norm_shape,
                                .forward = norm_forward,
                                .local_grad = norm_local_grad,
                                .local_grad_fused = norm2_local_grad_fused };

static const fx_op norm_op = { .name = "norm",
                               .formula = "y = (sum of |x|^p)^(1/p)",
                               .inputs = 1,
                               .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y,
                               .captured = norm_captured,
                               .options_size = sizeof(norm_options),
                               .shape = norm_shape,
                               .forward = norm_forward,
                               .local_grad = norm_local_grad };

fx_tensor *fx_norm_at(fx_norm_args args, fx_where where)
{
    norm_options o;
    memset(&o, 0, sizeof o);
    o.axes.keepdim = args.keepdim, o.p = args.p;
    fx_tensor *x = fx__as(args.x, args.dtype, where);
    if (!x || !fx__is_floating(x, "norm", where) || !fx__mask_of(x, args.dims, "norm", where, &o.axes))
        return NULL;
    return FX__APPLY(args.p == 2 ? &norm2_op : &norm_op, &o, where, x);
}

FX__CALL(norm, fx_norm_args)
static const fx_norm_args norm_defaults = { .p = 2 };
static const fx_field norm_fields[] = { FX__FIELD(fx_norm_args, x, TENSOR, .torch = "input,x"),
                                        FX__FIELD(fx_norm_args, p, REAL, .torch = "p,ord", .optional = true),
                                        FX__FIELD(fx_norm_args, dims, DIMS, .torch = "dim", .optional = true),
                                        FX__FIELD(fx_norm_args, keepdim, BOOL, .optional = true),
                                        FX__FIELD(fx_norm_args, dtype, DTYPE, .optional = true),
                                        FX__FIELDS_END };
const fx_function fx__function_norm = {
    .name = "norm",
    .torch = "norm,linalg.vector_norm",
    .formula =
        "y = (sum of |x|^p over dims)^(1/p); p 0: how many are not 0; inf, -inf: the largest, the least |x|",
    .gradient = "gx = g sign(x) (|x| / y)^(p-1), 0 where x or y is 0; p inf: shared among ties",
    .notes = "the gradient at 0 is 0, and so is its derivative",
    .fields = norm_fields,
    .args_size = sizeof(fx_norm_args),
    .defaults = &norm_defaults,
    .call = norm_call,
    .samples =
        "x=()\nx=() p=3 dims=0 keepdim=true\nx=(7)\nx=(3,4) dims=0\nx=(3,4) dims=-1 keepdim=true\n"
        "x=(2,3,4) dims=[0,2]\nx=(3){3,0,-4}\nx=(3){0,0,0}\nx=(2,2){0,0,1,2} dims=1\n"
        "x=(3)f32{1e-25,2e-25,-2e-25}\nx=(3)f32{1e25,2e25,-2e25}\nx=(3)f64{1e-200,2e-200,-2e-200}\n"
        "x=(3)f64{1e200,2e200,-2e200}\nx=(3){1,nan,2}\nx=(3){1,inf,2}\n"
        "x=(3,4) p=1\nx=(3,4) p=1 dims=1\nx=(3){1,0,-2} p=1\nx=(3){0,0,0} p=1\n"
        "x=(3,4) p=3\nx=(3,4) p=3 dims=0\nx=(3){2,0,-1} p=3\nx=(3){0,0,0} p=3\nx=(3,4) p=1.5 dims=1\n"
        "x=(3,4) p=0.5\nx=(3){2,0,-1} p=0.5\nx=(2){0,0} p=0.5\nx=(3,4)@nonzero p=-1\nx=(3,4)@nonzero p=-2.5 "
        "dims=1\n"
        "x=(3){2,0,-1} p=-1\nx=(3,4)@distinct p=inf\nx=(3){1,-2,2} p=inf\nx=(3){0,0,0} p=inf\n"
        "x=(2,3)@distinct p=-inf dims=1\nx=(3){1,-1,2} p=-inf\nx=(4){1,0,-2,0} p=0\nx=(2,3) p=0 dims=1\n"
        "x=(40) p=2\nx=(40)@nonzero p=4\nx=(0)\nx=(0,3) dims=0 p=1\nx=(0,3) dims=1 p=inf\n"
        "! x=(0) p=inf\n! x=(0) p=-1\n! x=(2,3)i64\n! x=(2,3) dims=2\n",
    .bench = "x=(1024,1024)\nx=(1024,1024) dims=1\n"
};
