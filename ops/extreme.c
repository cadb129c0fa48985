/* The largest and the least: amax, amin, max, min, argmax, argmin.
 *
 * Values alone (amax, amin, and max, min of all): the gradient is shared evenly among ties. Values with
 * indices (max, min along a dimension): it goes to the index, which is the first of ties. NaN wins.
 */
#include "pick.h"

#include <math.h>
#include <string.h>

typedef struct extreme_options {
    fx__axes axes;
    bool least;
} extreme_options;

/* ---- each tie's share ------------------------------------------------------------------------------------
 */

static bool share_shape(const fx_call *c, fx_spec *y)
{
    (void)c;
    y->no_gradient = true;
    return true;
}

/* y = g / k for each of the k numbers of a lane that are its extreme, 0 for the others; g NULL: 1 / k. */
#define SHARE(T)                                                                                             \
    static void share_##T(fx__lanes l, T *y, const T *x, const T *extreme, const T *g, bool magnitude)       \
    {                                                                                                        \
        for (int64_t o = 0; o < l.outer; o++)                                                                \
            for (int64_t i = 0; i < l.inner; i++) {                                                          \
                int64_t first = o * l.count * l.inner + i, ties = 0;                                         \
                T e = extreme[o * l.inner + i];                                                              \
                for (int64_t k = 0; k < l.count; k++) {                                                      \
                    T v = x[first + k * l.inner];                                                            \
                    v = magnitude && v < 0 ? -v : v;                                                         \
                    ties += v == e || (v != v && e != e);                                                    \
                }                                                                                            \
                T share = (T)((g ? (double)g[o * l.inner + i] : 1) / (double)ties);                          \
                for (int64_t k = 0; k < l.count; k++) {                                                      \
                    T v = x[first + k * l.inner];                                                            \
                    v = magnitude && v < 0 ? -v : v;                                                         \
                    y[first + k * l.inner] = v == e || (v != v && e != e) ? share : 0;                       \
                }                                                                                            \
            }                                                                                                \
    }
SHARE(float)
SHARE(double)

static void share(const fx_call *c, const fx_tensor *x, const fx_tensor *extreme, const fx_tensor *g,
                  unsigned mask, bool magnitude, fx_tensor *y)
{
    fx__lanes l = fx__lanes_of(x, mask, false);
    void *scratch = NULL, *apart = NULL;
    if (y->numel == 0) return;
    const void *from = fx__lanes_data(c->cx, x, mask, &l, &scratch);
    void *to = y->data;
    if (from && l.apart)
        to = apart = fx__scratch(c->cx, fx_dtype_size((fx_dtype)x->dtype) * (size_t)x->numel);
    if (from && to) {
        const void *seed = g ? g->data : NULL;
        if (x->dtype == FX_F32)
            share_float(l, to, from, (const void *)extreme->data, seed, magnitude);
        else
            share_double(l, to, from, (const void *)extreme->data, seed, magnitude);
        if (apart) fx__lanes_back(y, mask, apart);
    }
    fx__scratch_free(c->cx, apart);
    fx__scratch_free(c->cx, scratch);
}

typedef struct share_options {
    uint8_t mask;
    bool magnitude;
} share_options;

static void share_forward(const fx_call *c)
{
    const share_options *o = c->options;
    share(c, c->x[0], c->x[1], NULL, o->mask, o->magnitude, c->y);
}

static const fx_op share_op = { .name = "share",
                                .formula = "y = 1 / k where x is one of k extremes of its lane, else 0",
                                .inputs = 2,
                                .options_size = sizeof(share_options),
                                .shape = share_shape,
                                .forward = share_forward };

fx_tensor *fx__share(fx_tensor *x, fx_tensor *extreme, unsigned mask, bool magnitude, fx_where where)
{
    share_options o = { .mask = (uint8_t)mask, .magnitude = magnitude };
    return FX__APPLY(&share_op, &o, where, x, extreme);
}

/* ---- values ----------------------------------------------------------------------------------------------
 */

static bool nothing_there(const fx_call *c, const fx_spec *y, unsigned mask)
{
    const fx_tensor *x = c->x[0];
    int64_t results = 1;
    for (int d = 0; d < y->ndim; d++) results *= y->size[d];
    if (x->numel || !results) return false;
    (void)mask;
    fx_call_fail(c, FX_ERROR_SHAPE, "there is no number to choose from in sizes %s", fx__shape_text(x));
    return true;
}

static bool values_shape(const fx_call *c, fx_spec *y)
{
    const extreme_options *o = c->options;
    fx__reduced_shape(c->x[0], o->axes, y);
    return !nothing_there(c, y, o->axes.mask);
}

static void values_forward(const fx_call *c)
{
    const extreme_options *o = c->options;
    fx__fold_over(c, o->least ? FX__FOLD_MIN : FX__FOLD_MAX, c->x[0], o->axes.mask,
                  (fx__fold){ .y = c->y->data });
}

static void values_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const extreme_options *o = c->options;
    fx_tensor *shares = fx__share(c->x[0], c->y, o->axes.mask, false, c->where);
    gx[0] = fx_mul_at(fx_operand_tensor(fx__spread(g, c->shapes[0], o->axes.mask, c->where)),
                      fx_operand_tensor(shares), c->where);
}

static void values_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const extreme_options *o = c->options;
    fx_tensor *x = fx__contiguous_of(c->x[0]);
    gx[0] = fx__grad_new(c, 0);
    g = fx__contiguous_of(g);
    if (x && g && gx[0]) share(c, x, c->y, g, o->axes.mask, false, gx[0]);
}

#define VALUES_OP(function, words)                                                                           \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = words,                                                   \
                                         .inputs = 1,                                                        \
                                         .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y,                           \
                                         .options_size = sizeof(extreme_options),                            \
                                         .shape = values_shape,                                              \
                                         .forward = values_forward,                                          \
                                         .local_grad = values_local_grad,                                    \
                                         .local_grad_fused = values_local_grad_fused };
VALUES_OP(amax, "y = the largest of x")
VALUES_OP(amin, "y = the least of x")
VALUES_OP(max, "y = the largest of x")
VALUES_OP(min, "y = the least of x")

static fx_tensor *values(const fx_op *op, fx_tensor *x, fx_dims dims, bool keepdim, bool least,
                         fx_where where)
{
    extreme_options o = { .axes.keepdim = keepdim, .least = least };
    if (!x || !fx__mask_of(x, dims, op->name, where, &o.axes)) return NULL;
    return FX__APPLY(op, &o, where, x);
}

fx_tensor *fx_amax_at(fx_amax_args args, fx_where where)
{
    return values(&amax_op, args.x, args.dims, args.keepdim, false, where);
}

fx_tensor *fx_amin_at(fx_amin_args args, fx_where where)
{
    return values(&amin_op, args.x, args.dims, args.keepdim, true, where);
}

/* ---- values with indices ---------------------------------------------------------------------------------
 */

static bool indexed_shape(const fx_call *c, fx_spec *y)
{
    const extreme_options *o = c->options;
    fx__reduced_shape(c->x[0], o->axes, &y[0]);
    y[1] = y[0];
    y[1].dtype = FX_I64;
    y[1].no_gradient = true;
    return !nothing_there(c, y, o->axes.mask);
}

/* NULL for values or index: not wanted. */
static void find_extremes(const fx_call *c, const extreme_options *o, void *values, int64_t *index)
{
    const fx_tensor *x = c->x[0];
    fx__lanes l = fx__lanes_of(x, o->axes.mask, false);
    void *scratch = NULL;
    const void *from = fx__lanes_data(c->cx, x, o->axes.mask, &l, &scratch);
    fx__extreme e = { .outer = l.outer,
                      .count = l.count,
                      .inner = l.inner,
                      .x = from,
                      .y = values,
                      .index = index,
                      .least = o->least,
                      .threads = fx_threads(c->cx) };
    if (from) fx__kernels()->reduce->extreme[fx__number_of((fx_dtype)x->dtype)](&e);
    fx__scratch_free(c->cx, scratch);
}

static void indexed_forward(const fx_call *c)
{
    find_extremes(c, c->options, c->y->data, (int64_t *)(void *)c->ys[1]->data);
}

static void indexed_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const extreme_options *o = c->options;
    if (g) gx[0] = fx__place(g, c->ys[1], c->shapes[0], o->axes.mask, c->where);
}

static void indexed_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const extreme_options *o = c->options;
    if (!g || !(g = fx__contiguous_of(g))) return;
    if ((gx[0] = fx__grad_new(c, 0))) fx__place_into(gx[0], g, c->ys[1], o->axes.mask);
}

#define INDEXED_OP(function, words)                                                                          \
    static const fx_op function##_indexed_op = { .name = #function,                                          \
                                                 .formula = words,                                           \
                                                 .inputs = 1,                                                \
                                                 .outputs = 2,                                               \
                                                 .captures = FX_CAPTURE_Y_AT(1),                             \
                                                 .options_size = sizeof(extreme_options),                    \
                                                 .shape = indexed_shape,                                     \
                                                 .forward = indexed_forward,                                 \
                                                 .local_grad = indexed_local_grad,                           \
                                                 .local_grad_fused = indexed_local_grad_fused };
INDEXED_OP(max, "y = the largest of x along a dimension, and where it is")
INDEXED_OP(min, "y = the least of x along a dimension, and where it is")

static fx_tensor *indexed(const fx_op *op, fx_max_args args, bool least, fx_where where)
{
    extreme_options o = { .axes.keepdim = args.keepdim, .least = least };
    fx_tensor *x = args.x, *ys[2];
    if (args.dims.count != 1) {
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: takes one dimension, not %d", op->name,
                     args.dims.count);
        return NULL;
    }
    if (!fx__mask_of(x, args.dims, op->name, where, &o.axes)) return NULL;
    if (!fx_apply_at(op, (fx_list){ 1, &x }, &o, ys, where)) return NULL;
    if (args.indices) *args.indices = ys[1];
    return ys[0];
}

fx_tensor *fx_max_at(fx_max_args args, fx_where where)
{
    if (!args.x) return NULL;
    if (args.dims.given) return indexed(&max_indexed_op, args, false, where);
    return values(&max_op, args.x, args.dims, args.keepdim, false, where);
}

fx_tensor *fx_min_at(fx_min_args args, fx_where where)
{
    if (!args.x) return NULL;
    if (args.dims.given)
        return indexed(&min_indexed_op, (fx_max_args){ args.x, args.dims, args.keepdim, args.indices }, true,
                       where);
    return values(&min_op, args.x, args.dims, args.keepdim, true, where);
}

/* ---- indices ---------------------------------------------------------------------------------------------
 */

static bool index_shape(const fx_call *c, fx_spec *y)
{
    const extreme_options *o = c->options;
    fx__reduced_shape(c->x[0], o->axes, y);
    y->dtype = FX_I64;
    return !nothing_there(c, y, o->axes.mask);
}

static void index_forward(const fx_call *c)
{
    find_extremes(c, c->options, NULL, (int64_t *)(void *)c->y->data);
}

#define INDEX_OP(function, words)                                                                            \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = words,                                                   \
                                         .inputs = 1,                                                        \
                                         .options_size = sizeof(extreme_options),                            \
                                         .shape = index_shape,                                               \
                                         .forward = index_forward };
INDEX_OP(argmax, "y = the index of the largest of x")
INDEX_OP(argmin, "y = the index of the least of x")

static fx_tensor *index_of(const fx_op *op, fx_tensor *x, fx_dims dims, bool keepdim, bool least,
                           fx_where where)
{
    extreme_options o = { .axes.keepdim = keepdim, .least = least };
    if (!x || !fx__mask_of(x, dims, op->name, where, &o.axes)) return NULL;
    if (dims.given && dims.count != 1) {
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: takes one dimension, not %d", op->name,
                     dims.count);
        return NULL;
    }
    return FX__APPLY(op, &o, where, x);
}

fx_tensor *fx_argmax_at(fx_argmax_args args, fx_where where)
{
    return index_of(&argmax_op, args.x, args.dims, args.keepdim, false, where);
}

fx_tensor *fx_argmin_at(fx_argmin_args args, fx_where where)
{
    return index_of(&argmin_op, args.x, args.dims, args.keepdim, true, where);
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

#define EXTREME_FIELDS(function)                                                                             \
    static const fx_field function##_fields[] = {                                                            \
        FX__FIELD(fx_##function##_args, x, TENSOR, .torch = "input"),                                        \
        FX__FIELD(fx_##function##_args, dims, DIMS, .torch = "dim", .optional = true),                       \
        FX__FIELD(fx_##function##_args, keepdim, BOOL, .optional = true), FX__FIELDS_END                     \
    };
EXTREME_FIELDS(amax)
EXTREME_FIELDS(amin)
EXTREME_FIELDS(max)
EXTREME_FIELDS(min)
EXTREME_FIELDS(argmax)
EXTREME_FIELDS(argmin)

#define VALUES_SAMPLES                                                                                       \
    "x=()\nx=() dims=0 keepdim=true\nx=(5)@distinct\nx=(5){1,3,3,-2,3}\nx=(4){-1,-1,-1,-1}\n"                \
    "x=(4){1,nan,3,nan}\nx=(3){-inf,inf,2}\nx=(2){-inf,-inf}\nx=(3,4)@distinct dims=0\n"                     \
    "x=(3,4)@distinct dims=-1 keepdim=true\nx=(2,3,4)@distinct dims=[0,2]\nx=(2,2){1,1,1,2} dims=[0,1] "     \
    "keepdim=true\n"                                                                                         \
    "x=(2,3,2)@distinct dims=1\nx=(20)@distinct\nx=(0,3) dims=1\nx=(4)i64\nx=(2,3)u8 dims=1\nx=(2,3)i32 "    \
    "dims=0\n"                                                                                               \
    "! x=(0,3)\n! x=(0,3) dims=0\n! x=(2,3) dims=2\n"

FX__CALL(amax, fx_amax_args)
const fx_function fx__function_amax = { .name = "amax",
                                        .torch = "amax",
                                        .formula = "y = the largest of x over dims",
                                        .gradient = "gx = g / k for each of the k largest, 0 elsewhere",
                                        .notes = "NaN wins; ties share evenly",
                                        .fields = amax_fields,
                                        .args_size = sizeof(fx_amax_args),
                                        .call = amax_call,
                                        .samples = VALUES_SAMPLES,
                                        .bench = "x=(1024,1024) dims=1\n" };

FX__CALL(amin, fx_amin_args)
const fx_function fx__function_amin = { .name = "amin",
                                        .torch = "amin",
                                        .formula = "y = the least of x over dims",
                                        .gradient = "gx = g / k for each of the k least, 0 elsewhere",
                                        .notes = "NaN wins; ties share evenly",
                                        .fields = amin_fields,
                                        .args_size = sizeof(fx_amin_args),
                                        .call = amin_call,
                                        .samples = VALUES_SAMPLES };

/* Values alone, or values and indices, when a dimension is given. */
#define INDEXED_CALL(function)                                                                               \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        fx_##function##_args a = *(const fx_##function##_args *)args;                                        \
        a.indices = &out[1];                                                                                 \
        out[0] = fx_##function##_at(a, where);                                                               \
        return !out[0] ? 0 : a.dims.given ? 2 : 1;                                                           \
    }
#define INDEXED_SAMPLES                                                                                      \
    "x=()\nx=() dims=0\nx=(5){1,3,3,-2,3}\nx=(5){1,3,3,-2,3} dims=0\nx=(4){1,nan,3,nan} dims=0\n"            \
    "x=(3,4)@distinct\nx=(3,4)@distinct dims=0\nx=(3,4)@distinct dims=-1 keepdim=true\nx=(2,3,4)@distinct "  \
    "dims=1\n"                                                                                               \
    "x=(2,3){1,1,1,2,2,0} dims=1\nx=(3){-inf,inf,2} dims=0\nx=(0,3) dims=1\nx=(4)i64\nx=(2,3)u8 dims=1\n"    \
    "x=(2,3)i32 dims=0\n! x=(0,3)\n! x=(0,3) dims=0\n! x=(2,3) dims=2\n! x=(2,3) dims=[0,1]\n"

INDEXED_CALL(max)
const fx_function fx__function_max = {
    .name = "max",
    .torch = "max",
    .formula = "y = the largest of x, or along a dimension, with its index there",
    .gradient = "of all: g / k for each of the k largest; along a dimension: g at the index",
    .notes = "NaN wins; the index is the first of ties",
    .fields = max_fields,
    .args_size = sizeof(fx_max_args),
    .call = max_call,
    .samples = INDEXED_SAMPLES,
    .bench = "x=(1024,1024) dims=1\n"
};

INDEXED_CALL(min)
const fx_function fx__function_min = {
    .name = "min",
    .torch = "min",
    .formula = "y = the least of x, or along a dimension, with its index there",
    .gradient = "of all: g / k for each of the k least; along a dimension: g at the index",
    .notes = "NaN wins; the index is the first of ties",
    .fields = min_fields,
    .args_size = sizeof(fx_min_args),
    .call = min_call,
    .samples = INDEXED_SAMPLES
};

#define INDEX_SAMPLES                                                                                        \
    "x=()\nx=() dims=-1 keepdim=true\nx=(5){1,3,3,-2,3}\nx=(5){1,3,3,-2,3} dims=0\nx=(4){1,nan,3,nan}\n"     \
    "x=(3,4)@distinct\nx=(3,4)@distinct dims=0\nx=(3,4)@distinct dims=-1 keepdim=true\nx=(2,3,4)@distinct "  \
    "dims=1\n"                                                                                               \
    "x=(0,3) dims=1\nx=(4)i64\nx=(2,3)u8 dims=1\n! x=(0,3)\n! x=(0,3) dims=0\n! x=(2,3) dims=2\n! x=(2,3) "  \
    "dims=[0,1]\n"

FX__CALL(argmax, fx_argmax_args)
const fx_function fx__function_argmax = {
    .name = "argmax",
    .torch = "argmax",
    .formula = "y = the index of the largest of x along a dimension, or of all",
    .notes = "NaN wins; the first of ties",
    .fields = argmax_fields,
    .args_size = sizeof(fx_argmax_args),
    .call = argmax_call,
    .samples = INDEX_SAMPLES,
    .integer_result = true
};

FX__CALL(argmin, fx_argmin_args)
const fx_function fx__function_argmin = { .name = "argmin",
                                          .torch = "argmin",
                                          .formula =
                                              "y = the index of the least of x along a dimension, or of all",
                                          .notes = "NaN wins; the first of ties",
                                          .fields = argmin_fields,
                                          .args_size = sizeof(fx_argmin_args),
                                          .call = argmin_call,
                                          .samples = INDEX_SAMPLES,
                                          .integer_result = true };
