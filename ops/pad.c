/* Padding: with a number, or by what x holds, mirrored at its edges, repeated from them, or from the other
 * end.
 *
 * With a number it is an op whose gradient is a padding by as much less; the others take rows by an index
 * along each dimension, and so have the gradients of that.
 */
#include "indexing.h"

typedef struct padding {
    int64_t before[FX_MAX_DIMS], after[FX_MAX_DIMS];
    double value;
} padding;

static bool pad_shape(const fx_call *c, fx_spec *y)
{
    const padding *p = c->options;
    for (int d = 0; d < y->ndim; d++) {
        int64_t left =
            y->size[d] + (p->before[d] < 0 ? p->before[d] : 0) + (p->after[d] < 0 ? p->after[d] : 0);
        y->size[d] += p->before[d] + p->after[d];
        if (y->size[d] < 0 || left < 0)
            return fx_call_fail(c, FX_ERROR_SHAPE, "%lld and %lld take more of dim %d than %s has",
                                (long long)p->before[d], (long long)p->after[d], d, fx__shape_text(c->x[0]));
    }
    return true;
}

static void pad_forward(const fx_call *c)
{
    const padding *p = c->options;
    fx_tensor *x = c->x[0], *y = c->y;
    if (!y->numel) return;
    int64_t size[FX_MAX_DIMS], from = 0, to = 0;
    for (int d = 0; d < x->ndim; d++) {
        size[d] = x->size[d] + (p->before[d] < 0 ? p->before[d] : 0) + (p->after[d] < 0 ? p->after[d] : 0);
        if (p->before[d] < 0)
            from -= p->before[d] * fx__stride(x)[d];
        else
            to += p->before[d] * fx__stride(y)[d];
    }
    if (fx__product(size, 0, x->ndim) != y->numel) {
        if (p->value == 0)
            memset(y->data, 0, (size_t)y->numel * fx__width(y));
        else
            fx__space.fill(y, p->value);
    }
    if (!fx__product(size, 0, x->ndim)) return;
    fx_tensor *part = fx__view(x, x->ndim, size, fx__stride(x), from);
    if (part) fx__copy_into(y, to, x->ndim, size, fx__stride(y), part);
}

static void pad_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);

static const fx_op pad_op = { .name = "pad",
                              .formula = "y = x with a number before and after it",
                              .inputs = 1,
                              .strided = true,
                              .options_size = sizeof(padding),
                              .shape = pad_shape,
                              .forward = pad_forward,
                              .local_grad = pad_local_grad };

static void pad_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const padding *p = c->options;
    padding less = { .value = 0 };
    for (int d = 0; d < FX_MAX_DIMS; d++) {
        less.before[d] = -p->before[d];
        less.after[d] = -p->after[d];
    }
    gx[0] = FX__APPLY(&pad_op, &less, c->where, g);
}

/* Where number i, counted from the first of x, comes from: in 0 .. n - 1. */
static int64_t source_of(int64_t i, int64_t n, int mode)
{
    if (mode == FX_PAD_REPLICATE) return i < 0 ? 0 : i >= n ? n - 1 : i;
    if (mode == FX_PAD_CIRCULAR) return (i % n + n) % n;
    return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

/* Along one dim by an index. */
static fx_tensor *pad_rows(fx_tensor *x, int dim, int64_t before, int64_t after, int mode, fx_where where)
{
    int64_t n = x->size[dim], length = n + before + after, most = mode == FX_PAD_REFLECT ? n - 1 : n;
    if (length < 0 || (mode != FX_PAD_REPLICATE && (before > most || after > most)) || (n == 0 && length > 0))
        return FX__REFUSE(x, ERROR_SHAPE, where, "pad: %lld and %lld are too many for dim %d of %s",
                          (long long)before, (long long)after, dim, fx__shape_text(x));
    fx_tensor *index = fx__new(x->cx, FX_I64, 1, &length, where);
    if (!index) return NULL;
    for (int64_t i = 0; i < length; i++) ((int64_t *)(void *)index->data)[i] = source_of(i - before, n, mode);
    return fx__rows(x, index, dim, FX__ROWS_ALL, 0, where);
}

/* Sizes that can be added to each other without a thought of overflow. */
static bool fits(int64_t n) { return n > -(INT64_MAX / 4) && n < INT64_MAX / 4; }

fx_tensor *fx_pad_at(fx_pad_args args, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x) return NULL;
    if (args.pad.count < 0 || args.pad.count % 2 || args.pad.count / 2 > x->ndim)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "pad: %d numbers are not two for each of the last dims of %s", args.pad.count,
                          fx__shape_text(x));
    if (args.mode < FX_PAD_CONSTANT || args.mode > FX_PAD_CIRCULAR)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "pad: there is no mode %d", args.mode);
    padding p = { .value = args.value };
    for (int i = 0; i < args.pad.count / 2; i++) {
        int d = x->ndim - 1 - i;
        p.before[d] = args.pad.at[2 * i];
        p.after[d] = args.pad.at[2 * i + 1];
        if (!fits(p.before[d]) || !fits(p.after[d]))
            return FX__REFUSE(x, ERROR_SHAPE, where, "pad: %lld and %lld do not fit in memory",
                              (long long)p.before[d], (long long)p.after[d]);
        if (args.mode == FX_PAD_CONSTANT || !(p.before[d] || p.after[d])) continue;
        if (args.mode == FX_PAD_CIRCULAR) { /* round what is left when numbers were cut off */
            int64_t cut = p.before[d] < 0 ? -p.before[d] : 0,
                    n = x->size[d] - cut + (p.after[d] < 0 ? p.after[d] : 0);
            if (n >= 0 && n < x->size[d] && !(x = fx__slice(x, d, cut, n, 1, where))) return NULL;
            if (p.before[d] < 0 && n >= 0) p.before[d] = 0;
            if (p.after[d] < 0 && n >= 0) p.after[d] = 0;
        }
        if (!(x = pad_rows(x, d, p.before[d], p.after[d], args.mode, where))) return NULL;
    }
    if (args.mode == FX_PAD_CONSTANT) return FX__APPLY(&pad_op, &p, where, x);
    return x == args.x ? fx__space.clone(x, where) : x;
}

/* ---- record ---- */

FX__CALL(pad, fx_pad_args)
static const fx_field pad_fields[] = {
    FX__FIELD(fx_pad_args, x, TENSOR), FX__FIELD(fx_pad_args, pad, DIMS),
    FX__FIELD(fx_pad_args, mode, CHOICE, .optional = true, .choices = "constant|reflect|replicate|circular"),
    FX__FIELD(fx_pad_args, value, REAL, .optional = true), FX__FIELDS_END
};
const fx_function fx__function_pad = {
    .name = "pad",
    .torch = "nn.functional.pad",
    .formula = "y = x with pad[0] numbers before and pad[1] after it along the last dim, pad[2] and pad[3] "
               "along the one before ...",
    .gradient = "g without what was padded; where x was repeated, all g of one number summed",
    .notes = "a negative number cuts off",
    .fields = pad_fields,
    .args_size = sizeof(fx_pad_args),
    .call = pad_call,
    .samples =
        "x=(3) pad=[1,2]\nx=(2,3) pad=[1,2]\nx=(2,3) pad=[0,1,2,0] value=1.5\nx=(2,3) "
        "pad=[-1,2,1,-1]\nx=(2,5) pad=[-2,-3]\n"
        "x=(0,3) pad=[1,1]\nx=(2,0) pad=[1,0] value=-1\nx=() pad=[]\nx=(3)i64 pad=[1,1] value=7\nx=(2,1,2) "
        "pad=[1,1,1,1,0,1]\n"
        "x=(4) pad=[2,3] mode=reflect\nx=(2,3) pad=[1,2,1,0] mode=reflect\nx=(2,3) pad=[-1,1] mode=reflect\n"
        "x=(3) pad=[2,4] mode=replicate\nx=(2,3) pad=[1,0,2,2] mode=replicate\nx=(3) pad=[3,2] "
        "mode=circular\n"
        "x=(2,3) pad=[1,2,1,0] mode=circular\nx=(2,5) pad=[-1,2,1,-1] mode=circular\n"
        "x=(0,3) pad=[1,1] mode=reflect\nx=(3) pad=[0,0] mode=circular\n"
        "!x=(3) pad=1\n!x=(3) pad=[1,1,1,1]\n!x=(3) pad=[-2,-2]\n!x=() pad=[1,1]\n!x=(3) pad=[3,0] "
        "mode=reflect\n"
        "!x=(3) pad=[4,0] mode=circular\n!x=(0) pad=[1,0] mode=replicate\n!x=(2) pad=[-3,5]\n",
    .bench = "x=(1022,1022) pad=[1,1,1,1]",
};
