/* Sums and counts: sum, mean, nansum, nanmean, count_nonzero, any, all.
 *
 * y = fold of x over dims; floating numbers are summed in double, by a tree (kernels/reduce.h). The adjoint
 * of sum is spread (lanes.h), which is a view.
 */
#include "lanes.h"

#include <math.h>

typedef struct sum_options {
    fx__axes axes;
    uint8_t kind; /* fx__fold_kind */
    bool mean;
} sum_options;

static bool reduced_shape(const fx_call *c, fx_spec *y)
{
    const sum_options *o = c->options;
    fx__reduced_shape(c->x[0], o->axes, y);
    if (!fx_dtype_is_float(y->dtype)) y->dtype = FX_I64;
    return true;
}

/* How many numbers go into one. */
static double count_of(const fx_tensor *x, unsigned mask)
{
    return (double)fx__lanes_of(x, mask, true).count;
}

/* What a sum is divided by: of nothing, it is not. */
static double divisor_of(const fx_tensor *x, const sum_options *o)
{
    double n = o->mean ? count_of(x, o->axes.mask) : 1;
    return n > 0 ? n : 1;
}

static void sum_forward(const fx_call *c)
{
    const sum_options *o = c->options;
    const fx_tensor *x = c->x[0];
    fx__fold f = { .y = c->y->data, .divisor = divisor_of(x, o) };
    if (!fx__fold_over(c, (fx__fold_kind)o->kind, x, o->axes.mask, f)) return;
    if (o->mean && x->numel == 0) fx__space.fill(c->y, NAN);
}

static void sum_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const sum_options *o = c->options;
    double divisor = divisor_of(c->shapes[0], o);
    if (divisor != 1) g = fx_div_at(fx_operand_tensor(g), fx_operand_number(divisor), c->where);
    gx[0] = fx__spread(g, c->shapes[0], o->axes.mask, c->where);
}

static void sum_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    enum { FEW = 64 };
    const sum_options *o = c->options;
    if (g->numel == 1 && c->shapes[0]->numel > FEW) {
        if ((gx[0] = fx__grad_repeated(c, 0))) fx__spread_one(gx[0], g, divisor_of(c->shapes[0], o));
        return;
    }
    gx[0] = fx__grad_new(c, 0);
    fx__spread_into(c, gx[0], g, o->axes.mask, divisor_of(c->shapes[0], o));
}

static const fx_op sum_op = { .name = "sum",
                              .formula = "y = sum of x",
                              .inputs = 1,
                              .options_size = sizeof(sum_options),
                              .shape = reduced_shape,
                              .forward = sum_forward,
                              .local_grad = sum_local_grad,
                              .local_grad_fused = sum_local_grad_fused };

static const fx_op mean_op = { .name = "mean",
                               .formula = "y = mean of x",
                               .inputs = 1,
                               .options_size = sizeof(sum_options),
                               .shape = reduced_shape,
                               .forward = sum_forward,
                               .local_grad = sum_local_grad,
                               .local_grad_fused = sum_local_grad_fused };

fx_tensor *fx__sum_over(fx_tensor *x, fx__axes axes, fx_where where)
{
    sum_options o = { .axes = axes, .kind = FX__FOLD_SUM };
    return FX__APPLY(&sum_op, &o, where, x);
}

fx_tensor *fx_sum_at(fx_sum_args args, fx_where where)
{
    sum_options o = { .axes.keepdim = args.keepdim, .kind = FX__FOLD_SUM };
    if (!args.x || !fx__mask_of(args.x, args.dims, "sum", where, &o.axes)) return NULL;
    return FX__APPLY(&sum_op, &o, where, fx__as(args.x, args.dtype, where));
}

fx_tensor *fx_mean_at(fx_mean_args args, fx_where where)
{
    sum_options o = { .axes.keepdim = args.keepdim, .kind = FX__FOLD_SUM, .mean = true };
    fx_tensor *x = fx__as(args.x, args.dtype, where);
    if (!x || !fx__is_floating(x, "mean", where) || !fx__mask_of(x, args.dims, "mean", where, &o.axes))
        return NULL;
    return FX__APPLY(&mean_op, &o, where, x);
}

#define REDUCED_FIELDS(structure)                                                                            \
    FX__FIELD(structure, x, TENSOR, .torch = "input"),                                                       \
        FX__FIELD(structure, dims, DIMS, .torch = "dim", .optional = true),                                  \
        FX__FIELD(structure, keepdim, BOOL, .optional = true)

FX__CALL(sum, fx_sum_args)
static const fx_field sum_fields[] = { REDUCED_FIELDS(fx_sum_args),
                                       FX__FIELD(fx_sum_args, dtype, DTYPE, .optional = true),
                                       FX__FIELDS_END };
const fx_function fx__function_sum = { .name = "sum",
                                       .torch = "sum",
                                       .formula = "y = sum of x over dims",
                                       .gradient = "gx = g, repeated along dims",
                                       .notes = "0 where dims are empty; integers give int64",
                                       .fields = sum_fields,
                                       .args_size = sizeof(fx_sum_args),
                                       .call = sum_call,
                                       .samples = "x=()\n"
                                                  "x=() dims=-1 keepdim=true\n"
                                                  "x=(7)\n"
                                                  "x=(40)\n"
                                                  "x=(3,4) dims=0\n"
                                                  "x=(3,4) dims=1 keepdim=true\n"
                                                  "x=(2,3,4) dims=[0,2]\n"
                                                  "x=(2,3,4) dims=[0,-1] keepdim=true\n"
                                                  "x=(2,3,1,2) dims=[1,3]\n"
                                                  "x=(2,2,3,2) dims=1\n"
                                                  "x=(3,4) dims=[]\n"
                                                  "x=(0,3)\n"
                                                  "x=(0,3) dims=0\n"
                                                  "x=(0,3) dims=1 keepdim=true\n"
                                                  "x=(1,1)\n"
                                                  "x=(4){1,nan,inf,2}\n"
                                                  "x=(2,3)i64\n"
                                                  "x=(2,3)bool dims=1\n"
                                                  "x=(5)u8 dims=0\n"
                                                  "x=(4)i32 dtype=float64\n"
                                                  "! x=(2,3) dims=2\n"
                                                  "! x=(2,3) dims=[0,-2]\n",
                                       .bench =
                                           "x=(1024,1024)\nx=(1024,1024) dims=0\nx=(1024,1024) dims=1\n" };

FX__CALL(mean, fx_mean_args)
static const fx_field mean_fields[] = { REDUCED_FIELDS(fx_mean_args),
                                        FX__FIELD(fx_mean_args, dtype, DTYPE, .optional = true),
                                        FX__FIELDS_END };
const fx_function fx__function_mean = { .name = "mean",
                                        .torch = "mean",
                                        .formula = "y = sum of x over dims / n, n numbers going into one",
                                        .gradient = "gx = g / n, repeated along dims",
                                        .notes = "NaN where dims are empty",
                                        .fields = mean_fields,
                                        .args_size = sizeof(fx_mean_args),
                                        .call = mean_call,
                                        .samples = "x=()\n"
                                                   "x=() dims=0 keepdim=true\n"
                                                   "x=(7)\n"
                                                   "x=(3,4) dims=0\n"
                                                   "x=(3,4) dims=-1 keepdim=true\n"
                                                   "x=(2,3,4) dims=[0,2]\n"
                                                   "x=(2,3,2,2) dims=[2,3]\n"
                                                   "x=(0,3)\n"
                                                   "x=(0,3) dims=0\n"
                                                   "x=(0,3) dims=1\n"
                                                   "x=(4){1,nan,inf,2}\n"
                                                   "x=(4)i64 dtype=float32\n"
                                                   "! x=(2,3) dims=2\n"
                                                   "! x=(2,3)i64\n",
                                        .bench =
                                            "x=(1024,1024)\nx=(1024,1024) dims=0\nx=(1024,1024) dims=1\n" };

/* ---- sums that pass over NaN -----------------------------------------------------------------------------
 */

static void number_forward(const fx_call *c)
{
    const fx_tensor *x = c->x[0];
    if (x->dtype == FX_F32) {
        const float *from = (const float *)(const void *)x->data;
        float *to = (float *)(void *)c->y->data;
        for (int64_t i = 0; i < x->numel; i++) to[i] = from[i] == from[i];
    } else {
        const double *from = (const double *)(const void *)x->data;
        double *to = (double *)(void *)c->y->data;
        for (int64_t i = 0; i < x->numel; i++) to[i] = from[i] == from[i];
    }
}

static bool constant_shape(const fx_call *c, fx_spec *y)
{
    (void)c;
    y->no_gradient = true;
    return true;
}

static const fx_op number_op = { .name = "is_number",
                                 .formula = "y = 0 where x is NaN, else 1",
                                 .inputs = 1,
                                 .shape = constant_shape,
                                 .forward = number_forward };

static void nansum_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const sum_options *o = c->options;
    fx_tensor *all = fx__spread(g, c->shapes[0], o->axes.mask, c->where);
    fx_tensor *counts = FX__APPLY(&number_op, NULL, c->where, c->x[0]);
    gx[0] = fx_mul_at(fx_operand_tensor(all), fx_operand_tensor(counts), c->where);
}

static const fx_op nansum_op = { .name = "nansum",
                                 .formula = "y = sum of x, NaN counting as 0",
                                 .inputs = 1,
                                 .captures = FX_CAPTURE_X0,
                                 .options_size = sizeof(sum_options),
                                 .shape = reduced_shape,
                                 .forward = sum_forward,
                                 .local_grad = nansum_local_grad };

fx_tensor *fx_nansum_at(fx_nansum_args args, fx_where where)
{
    sum_options o = { .axes.keepdim = args.keepdim, .kind = FX__FOLD_NANSUM };
    fx_tensor *x = fx__as(args.x, args.dtype, where);
    if (!x || !fx__mask_of(x, args.dims, "nansum", where, &o.axes)) return NULL;
    return FX__APPLY(&nansum_op, &o, where, x);
}

FX__CALL(nansum, fx_nansum_args)
static const fx_field nansum_fields[] = { REDUCED_FIELDS(fx_nansum_args),
                                          FX__FIELD(fx_nansum_args, dtype, DTYPE, .optional = true),
                                          FX__FIELDS_END };
const fx_function fx__function_nansum = { .name = "nansum",
                                          .torch = "nansum",
                                          .formula = "y = sum of x over dims, NaN counting as 0",
                                          .gradient = "gx = g where x is a number, 0 where it is NaN",
                                          .fields = nansum_fields,
                                          .args_size = sizeof(fx_nansum_args),
                                          .call = nansum_call,
                                          .samples = "x=()\n"
                                                     "x=(){nan}\n"
                                                     "x=(5){1,nan,2,-4,nan}\n"
                                                     "x=(2,3){1,nan,2,-3,nan,4} dims=1\n"
                                                     "x=(2,3){1,nan,2,-3,nan,4} dims=0 keepdim=true\n"
                                                     "x=(2,3,2) dims=[0,2]\n"
                                                     "x=(0,3) dims=0\n"
                                                     "x=(2,3)i64\n"
                                                     "! x=(2,3) dims=2\n",
                                          .bench = "x=(1024,1024)\n" };

fx_tensor *fx_nanmean_at(fx_nanmean_args args, fx_where where)
{
    fx__axes axes = { .keepdim = args.keepdim };
    fx_tensor *x = fx__as(args.x, args.dtype, where);
    if (!x || !fx__is_floating(x, "nanmean", where) || !fx__mask_of(x, args.dims, "nanmean", where, &axes))
        return NULL;
    fx_tensor *sum =
        fx_nansum_at((fx_nansum_args){ .x = x, .dims = args.dims, .keepdim = args.keepdim }, where);
    fx_tensor *n = fx__sum_over(FX__APPLY(&number_op, NULL, where, x), axes, where);
    return fx_div_at(fx_operand_tensor(sum), fx_operand_tensor(n), where);
}

FX__CALL(nanmean, fx_nanmean_args)
static const fx_field nanmean_fields[] = { REDUCED_FIELDS(fx_nanmean_args),
                                           FX__FIELD(fx_nanmean_args, dtype, DTYPE, .optional = true),
                                           FX__FIELDS_END };
const fx_function fx__function_nanmean = { .name = "nanmean",
                                           .torch = "nanmean",
                                           .formula = "y = mean of what is not NaN in x over dims",
                                           .gradient = "gx = g / n where x is a number, 0 where it is NaN",
                                           .notes = "NaN where nothing is a number",
                                           .fields = nanmean_fields,
                                           .args_size = sizeof(fx_nanmean_args),
                                           .call = nanmean_call,
                                           .samples = "x=()\n"
                                                      "x=(5){1,nan,2,-4,nan}\n"
                                                      "x=(2,3){1,nan,2,-3,nan,4} dims=1\n"
                                                      "x=(2,3){1,nan,2,-3,5,4} dims=0 keepdim=true\n"
                                                      "x=(2,3,2) dims=[0,2]\n"
                                                      "x=(0,3) dims=1\n"
                                                      "! x=(2,3)i64\n"
                                                      "! x=(2,3) dims=2\n" };

/* ---- counts ----------------------------------------------------------------------------------------------
 */

typedef enum count_kind { COUNT, ANY, ALL } count_kind;

typedef struct count_options {
    fx__axes axes;
    uint8_t kind; /* count_kind */
} count_options;

static bool count_shape(const fx_call *c, fx_spec *y)
{
    const count_options *o = c->options;
    fx__reduced_shape(c->x[0], o->axes, y);
    y->dtype = o->kind == COUNT ? FX_I64 : FX_BOOL;
    return true;
}

static void count_forward(const fx_call *c)
{
    const count_options *o = c->options;
    fx_tensor *y = c->y;
    if (o->kind == COUNT) {
        fx__fold_over(c, FX__FOLD_NONZERO, c->x[0], o->axes.mask, (fx__fold){ .y = y->data });
        return;
    }
    double few[16], *counts = y->numel > 16 ? fx__scratch(c->cx, sizeof(double) * (size_t)y->numel) : few;
    double least = o->kind == ANY ? 1 : count_of(c->x[0], o->axes.mask);
    if (!counts) return;
    if (fx__fold_over(c, FX__FOLD_NONZERO, c->x[0], o->axes.mask, (fx__fold){ .wide = counts }))
        for (int64_t i = 0; i < y->numel; i++) y->data[i] = counts[i] >= least;
    if (counts != few) fx__scratch_free(c->cx, counts);
}

#define COUNT_OP(function, words)                                                                            \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = words,                                                   \
                                         .inputs = 1,                                                        \
                                         .options_size = sizeof(count_options),                              \
                                         .shape = count_shape,                                               \
                                         .forward = count_forward };
COUNT_OP(count_nonzero, "y = how many of x are not 0")
COUNT_OP(any, "y = some x is not 0")
COUNT_OP(all, "y = no x is 0")

fx_tensor *fx_count_nonzero_at(fx_count_nonzero_args args, fx_where where)
{
    count_options o = { .kind = COUNT };
    if (!args.x || !fx__mask_of(args.x, args.dims, "count_nonzero", where, &o.axes)) return NULL;
    return FX__APPLY(&count_nonzero_op, &o, where, args.x);
}

fx_tensor *fx_any_at(fx_any_args args, fx_where where)
{
    count_options o = { .axes.keepdim = args.keepdim, .kind = ANY };
    if (!args.x || !fx__mask_of(args.x, args.dims, "any", where, &o.axes)) return NULL;
    return FX__APPLY(&any_op, &o, where, args.x);
}

fx_tensor *fx_all_at(fx_all_args args, fx_where where)
{
    count_options o = { .axes.keepdim = args.keepdim, .kind = ALL };
    if (!args.x || !fx__mask_of(args.x, args.dims, "all", where, &o.axes)) return NULL;
    return FX__APPLY(&all_op, &o, where, args.x);
}

#define COUNT_SAMPLES                                                                                        \
    "x=()\nx=(){0}\nx=(4){0,1,nan,0}\nx=(4){0,0,0,0}\nx=(2,3){0,1,0,0,0,0} dims=1\nx=(2,3,2)i64@int:2 "      \
    "dims=[0,2]\n"                                                                                           \
    "x=(2,3)bool\nx=(3)u8@int:2\nx=(0,3)\nx=(0,3) dims=0\nx=(0,3) dims=1\n! x=(2,3) dims=2\n"

FX__CALL(count_nonzero, fx_count_nonzero_args)
static const fx_field count_nonzero_fields[] = {
    FX__FIELD(fx_count_nonzero_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_count_nonzero_args, dims, DIMS, .torch = "dim", .optional = true), FX__FIELDS_END
};
const fx_function fx__function_count_nonzero = { .name = "count_nonzero",
                                                 .torch = "count_nonzero",
                                                 .formula = "y = how many of x are not 0 over dims, int64",
                                                 .notes = "NaN is not 0",
                                                 .fields = count_nonzero_fields,
                                                 .args_size = sizeof(fx_count_nonzero_args),
                                                 .call = count_nonzero_call,
                                                 .samples = COUNT_SAMPLES,
                                                 .integer_result = true };

FX__CALL(any, fx_any_args)
static const fx_field any_fields[] = { REDUCED_FIELDS(fx_any_args), FX__FIELDS_END };
const fx_function fx__function_any = { .name = "any",
                                       .torch = "any",
                                       .formula = "y = some x over dims is not 0, bool",
                                       .notes = "NaN is not 0; false where dims are empty",
                                       .fields = any_fields,
                                       .args_size = sizeof(fx_any_args),
                                       .call = any_call,
                                       .samples = COUNT_SAMPLES "x=(2,3)bool dims=-1 keepdim=true\n",
                                       .integer_result = true };

FX__CALL(all, fx_all_args)
static const fx_field all_fields[] = { REDUCED_FIELDS(fx_all_args), FX__FIELDS_END };
const fx_function fx__function_all = { .name = "all",
                                       .torch = "all",
                                       .formula = "y = no x over dims is 0, bool",
                                       .notes = "NaN is not 0; true where dims are empty",
                                       .fields = all_fields,
                                       .args_size = sizeof(fx_all_args),
                                       .call = all_call,
                                       .samples = COUNT_SAMPLES "x=(2,3)bool dims=-1 keepdim=true\n",
                                       .integer_result = true };
