/* Losses of classes: cross_entropy, nll_loss.
 *
 * x has its classes along dimension 1 (0 if it has one dimension): (N, C, d1, ...), the target the other
 * dimensions. Cross entropy with indices is one op, which goes over the rows of classes once forward and once
 * for the gradient and keeps no probabilities. With probabilities as the target it is composed of log_softmax
 * and sums.
 *
 * The gradient as a formula: with T the weight that a row gives to each class, the loss is -sum of T
 * log_softmax(x), so that its gradient is log_softmax's at -T.
 */
#include "loss.h"
#include "softmax.h"

#include "kernels/softmax.h"

#include <math.h>
#include <string.h>

typedef struct class_options {
    double smoothing;
    int64_t ignore;
    int reduction; /* fx_reduction */
    int ndim;      /* of x */
    int64_t size[FX_MAX_DIMS];
} class_options;

static unsigned mask_of_classes(const fx_tensor *x) { return x->ndim > 1 ? 2u : 1u; }

/* ---- what both check -------------------------------------------------------------------------------------
 */

static bool check_classes(const fx_call *c, const fx_tensor *x, const fx_tensor *target,
                          const fx_tensor *weight)
{
    if (x->ndim == 0)
        return fx_call_fail(c, FX_ERROR_SHAPE, "takes (C), (N, C) or (N, C, d1, ...), not a number");
    int at = x->ndim > 1 ? 1 : 0;
    bool fits = target->ndim == x->ndim - 1;
    for (int d = 0; fits && d < target->ndim; d++) fits = target->size[d] == x->size[d < at ? d : d + 1];
    if (!fits)
        return fx_call_fail(c, FX_ERROR_SHAPE, "classes %s are not targets of %s", fx__shape_text(target),
                            fx__shape_text(x));
    if (weight && (weight->ndim != 1 || weight->size[0] != x->size[at]))
        return fx_call_fail(c, FX_ERROR_SHAPE,
                            "the weights %s are not one for each of the %lld classes of %s",
                            fx__shape_text(weight), (long long)x->size[at], fx__shape_text(x));
    return true;
}

static bool loss_shape(const fx_call *c, fx_spec *y)
{
    const class_options *o = c->options;
    const fx_tensor *target = c->x[1];
    if (!check_classes(c, c->x[0], target, c->inputs > 2 ? c->x[2] : NULL)) return false;
    y->ndim = 0;
    if (o->reduction == FX_REDUCTION_NONE) {
        y->ndim = target->ndim;
        memcpy(y->size, target->size, sizeof(int64_t) * target->ndim);
    }
    return true;
}

/* A call's targets and weights, read. The weights are the caller's to free. */
typedef struct classes {
    int64_t rows, count;
    const int64_t *target;
    double *weight; /* NULL: ones */
    double weight_sum, divisor;
} classes;

static double number_at(const fx_tensor *x, int64_t i)
{
    return x->dtype == FX_F32 ? (double)((const float *)(const void *)x->data)[i]
                              : ((const double *)(const void *)x->data)[i];
}

/* Reads them and checks the indices; false after an error. target and weight are row-major. */
static bool read_classes(const fx_call *c, int64_t count, const fx_tensor *target, const fx_tensor *weight,
                         classes *k)
{
    const class_options *o = c->options;
    *k = (classes){ .rows = target->numel,
                    .count = count,
                    .target = (const int64_t *)(const void *)target->data,
                    .weight_sum = (double)count,
                    .divisor = 1 };
    for (int64_t r = 0; r < k->rows; r++) {
        int64_t t = k->target[r];
        if (t == o->ignore || (t >= 0 && t < count)) continue;
        return fx_call_fail(c, FX_ERROR_INDEX, "target %lld at %lld is none of %lld classes", (long long)t,
                            (long long)r, (long long)count);
    }
    if (weight) {
        k->weight = fx__scratch(c->cx, sizeof(double) * (size_t)(count + 1));
        if (!k->weight) return false;
        k->weight_sum = 0;
        for (int64_t j = 0; j < count; j++) k->weight_sum += k->weight[j] = number_at(weight, j);
    }
    if (o->reduction == FX_REDUCTION_MEAN) {
        k->divisor = 0;
        for (int64_t r = 0; r < k->rows; r++) {
            int64_t t = k->target[r];
            if (t != o->ignore) k->divisor += k->weight ? k->weight[t] : 1;
        }
    }
    return true;
}

/* The losses of all rows, reduced into y. */
static void reduce_losses(const fx_call *c, const classes *k, const double *loss)
{
    const class_options *o = c->options;
    fx_tensor *y = c->y;
    double sum = 0;
    if (o->reduction != FX_REDUCTION_NONE) {
        fx__fold f = {
            .outer = 1, .count = k->rows, .inner = 1, .x = loss, .wide = &sum, .divisor = 1, .threads = 1
        };
        size_t bytes = fx__fold_scratch(1, k->rows, 1);
        if (bytes && !(f.scratch = fx__scratch(c->cx, bytes))) return;
        fx__kernels()->reduce->fold[FX__FOLD_SUM][FX__DOUBLE](&f);
        fx__scratch_free(c->cx, f.scratch);
        sum /= k->divisor;
        loss = &sum;
    }
    for (int64_t i = 0; i < y->numel; i++)
        if (y->dtype == FX_F32)
            ((float *)(void *)y->data)[i] = (float)loss[i];
        else
            ((double *)(void *)y->data)[i] = loss[i];
}

static bool refuse_weight(const fx_call *c)
{
    if (c->inputs < 3 || !fx_call_needs(c, 2)) return true;
    return fx_call_fail(c, FX_ERROR_NO_GRADIENT, "the derivative for weight is not implemented");
}

/* What row r's gradient is multiplied by. */
static double scale_of(const fx_call *c, const classes *k, const fx_tensor *g, int64_t r)
{
    const class_options *o = c->options;
    if (o->reduction == FX_REDUCTION_NONE) return number_at(g, r);
    return number_at(g, 0) / k->divisor;
}

/* ---- cross entropy ---------------------------------------------------------------------------------------
 */

static const fx_tensor *weight_of(const fx_call *c)
{
    return c->inputs > 2 ? fx__contiguous_of(c->x[2]) : NULL;
}

static fx__entropy entropy_of(const fx_call *c, const classes *k)
{
    const class_options *o = c->options;
    return (fx__entropy){ .rows = k->rows,
                          .count = k->count,
                          .target = k->target,
                          .weight = k->weight,
                          .weight_sum = k->weight_sum,
                          .smoothing = o->smoothing,
                          .ignore = o->ignore,
                          .threads = fx_threads(c->cx) };
}

static void entropy_forward(const fx_call *c)
{
    const fx_tensor *x = c->x[0];
    fx_context *cx = c->cx;
    unsigned mask = mask_of_classes(x);
    fx__lanes l = fx__lanes_of(x, mask, true);
    classes k;
    void *scratch = NULL;
    double *loss = NULL;
    if (!read_classes(c, x->size[x->ndim > 1], c->x[1], weight_of(c), &k)) return;
    fx__entropy e = entropy_of(c, &k);
    if ((loss = fx__scratch(cx, sizeof(double) * (size_t)(k.rows + 1))) &&
        (e.x = fx__lanes_data(cx, x, mask, &l, &scratch))) {
        e.loss = loss;
        const fx_softmax_kernels *kernels = fx__kernels()->softmax;
        if (k.rows && k.count) (x->dtype == FX_F32 ? kernels->entropy_f32 : kernels->entropy_f64)(&e);
        for (int64_t r = 0; !k.count && r < k.rows; r++) loss[r] = 0; /* all are ignored */
        reduce_losses(c, &k, loss);
    }
    fx__scratch_free(cx, scratch);
    fx__scratch_free(cx, loss);
    fx__scratch_free(cx, k.weight);
}

static void entropy_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    fx_context *cx = c->cx;
    fx_tensor *x = fx__contiguous_of(c->x[0]), *target = fx__contiguous_of(c->x[1]);
    const fx_tensor *weight = weight_of(c);
    classes k;
    g = fx__contiguous_of(g);
    if (!refuse_weight(c) || !fx_call_needs(c, 0)) return;
    fx_tensor *y = gx[0] = fx__grad_new(c, 0);
    if (!x || !target || !g || !y || (c->inputs > 2 && !weight) || x->numel == 0) return;
    unsigned mask = mask_of_classes(x);
    fx__lanes l = fx__lanes_of(x, mask, true);
    if (!read_classes(c, x->size[x->ndim > 1], target, weight, &k)) return;
    fx__entropy e = entropy_of(c, &k);
    void *x_scratch = NULL, *y_scratch = NULL;
    double *scale = fx__scratch(cx, sizeof(double) * (size_t)(k.rows + 1));
    for (int64_t r = 0; scale && r < k.rows; r++) scale[r] = scale_of(c, &k, g, r);
    e.scale = scale;
    e.gx = y->data;
    if (l.apart) e.gx = y_scratch = fx__scratch(cx, fx_dtype_size((fx_dtype)y->dtype) * (size_t)y->numel);
    if (scale && e.gx && (e.x = fx__lanes_data(cx, x, mask, &l, &x_scratch))) {
        const fx_softmax_kernels *kernels = fx__kernels()->softmax;
        (x->dtype == FX_F32 ? kernels->entropy_grad_f32 : kernels->entropy_grad_f64)(&e);
        if (l.apart) fx__lanes_back(y, mask, y_scratch);
    }
    fx__scratch_free(cx, x_scratch);
    fx__scratch_free(cx, y_scratch);
    fx__scratch_free(cx, scale);
    fx__scratch_free(cx, k.weight);
}

/* -T of each row, over the divisor: a constant in x's shape. */
static fx_tensor *class_weights(const fx_call *c, const fx_tensor *x, const classes *k)
{
    const class_options *o = c->options;
    fx_tensor *t = fx__new(c->cx, (fx_dtype)x->dtype, x->ndim, x->size, c->where);
    if (!t || t->numel == 0) return t;
    int64_t inner = 1;
    for (int d = 2; d < x->ndim; d++) inner *= x->size[d];
    for (int64_t i = 0; i < t->numel; i++) {
        int64_t j = i / inner % k->count, r = i / inner / k->count * inner + i % inner, target = k->target[r];
        double each = o->smoothing / (double)k->count * (k->weight ? k->weight[j] : 1);
        double own = j == target ? (1 - o->smoothing) * (k->weight ? k->weight[j] : 1) : 0;
        double v = target == o->ignore ? 0 : -(own + each) / k->divisor;
        if (t->dtype == FX_F32)
            ((float *)(void *)t->data)[i] = (float)v;
        else
            ((double *)(void *)t->data)[i] = v;
    }
    return t;
}

static void entropy_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const class_options *o = c->options;
    fx_tensor *x = c->x[0], *target = fx__contiguous_of(c->x[1]);
    const fx_tensor *weight = weight_of(c);
    classes k;
    if (!refuse_weight(c) || !fx_call_needs(c, 0) || !target || (c->inputs > 2 && !weight)) return;
    unsigned mask = mask_of_classes(x);
    if (!read_classes(c, x->size[x->ndim > 1], target, weight, &k)) return;
    fx_tensor *t = class_weights(c, x, &k);
    fx__scratch_free(c->cx, k.weight);
    if (o->reduction == FX_REDUCTION_NONE) g = fx__spread(g, x, mask, c->where);
    fx_tensor *each = fx_mul_at(fx_operand_tensor(t), fx_operand_tensor(g), c->where);
    if (each) gx[0] = fx__log_softmax_gradient(x, each, mask, c->where);
}

static const fx_op entropy_op = { .name = "cross_entropy",
                                  .formula = "y = -log of the probability of the target class",
                                  .inputs = -1,
                                  .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1 | FX_CAPTURE_X2,
                                  .options_size = sizeof(class_options),
                                  .shape = loss_shape,
                                  .forward = entropy_forward,
                                  .local_grad = entropy_local_grad,
                                  .local_grad_fused = entropy_local_grad_fused };

/* ---- nll_loss --------------------------------------------------------------------------------------------
 */

static void nll_forward(const fx_call *c)
{
    const class_options *o = c->options;
    const fx_tensor *x = c->x[0];
    fx__lanes l = fx__lanes_of(x, mask_of_classes(x), false);
    classes k;
    if (!read_classes(c, x->size[x->ndim > 1], c->x[1], weight_of(c), &k)) return;
    double *loss = fx__scratch(c->cx, sizeof(double) * (size_t)(k.rows + 1));
    for (int64_t r = 0; loss && r < k.rows; r++) {
        int64_t t = k.target[r], at = (r / l.inner * l.count + t) * l.inner + r % l.inner;
        loss[r] = t == o->ignore ? 0 : -(k.weight ? k.weight[t] : 1) * number_at(x, at);
    }
    if (loss) reduce_losses(c, &k, loss);
    fx__scratch_free(c->cx, loss);
    fx__scratch_free(c->cx, k.weight);
}

static const fx_op nll_op, nll_adjoint_op;

static fx_tensor *with_classes(const fx_call *c, const fx_op *op, fx_tensor *x, const class_options *o)
{
    fx_tensor *inputs[3] = { x, c->x[1], c->inputs > 2 ? c->x[2] : NULL };
    return fx_apply_at(op, (fx_list){ c->inputs, inputs }, o, NULL, c->where);
}

static void nll_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    class_options o = *(const class_options *)c->options;
    if (!refuse_weight(c) || !fx_call_needs(c, 0)) return;
    o.ndim = c->shapes[0]->ndim;
    memcpy(o.size, c->shapes[0]->size, sizeof(int64_t) * (size_t)o.ndim);
    gx[0] = with_classes(c, &nll_adjoint_op, g, &o);
}

static const fx_op nll_op = { .name = "nll_loss",
                              .formula = "y = -x at the target class",
                              .inputs = -1,
                              .captures = FX_CAPTURE_X1 | FX_CAPTURE_X2,
                              .options_size = sizeof(class_options),
                              .shape = loss_shape,
                              .forward = nll_forward,
                              .local_grad = nll_local_grad };

static bool nll_adjoint_shape(const fx_call *c, fx_spec *y)
{
    const class_options *o = c->options;
    y->ndim = o->ndim;
    memcpy(y->size, o->size, sizeof(int64_t) * (size_t)o->ndim);
    return true;
}

static void nll_adjoint_forward(const fx_call *c)
{
    const class_options *o = c->options;
    fx_tensor *y = c->y;
    fx__lanes l = fx__lanes_of(y, mask_of_classes(y), false);
    classes k;
    if (y->numel) memset(y->data, 0, (size_t)y->numel * fx_dtype_size((fx_dtype)y->dtype));
    if (!read_classes(c, y->size[y->ndim > 1], c->x[1], weight_of(c), &k)) return;
    for (int64_t r = 0; r < k.rows; r++) {
        int64_t t = k.target[r], at = (r / l.inner * l.count + t) * l.inner + r % l.inner;
        if (t == o->ignore) continue;
        double v = -(k.weight ? k.weight[t] : 1) * scale_of(c, &k, c->x[0], r);
        if (y->dtype == FX_F32)
            ((float *)(void *)y->data)[at] = (float)v;
        else
            ((double *)(void *)y->data)[at] = v;
    }
    fx__scratch_free(c->cx, k.weight);
}

static void nll_adjoint_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = with_classes(c, &nll_op, g, c->options);
}

static const fx_op nll_adjoint_op = { .name = "nll_loss_adjoint",
                                      .formula = "y = -g at the target class, 0 elsewhere",
                                      .inputs = -1,
                                      .captures = FX_CAPTURE_X1 | FX_CAPTURE_X2,
                                      .options_size = sizeof(class_options),
                                      .shape = nll_adjoint_shape,
                                      .forward = nll_adjoint_forward,
                                      .local_grad = nll_adjoint_local_grad };

/* ---- public functions ------------------------------------------------------------------------------------
 */

/* Targets of probabilities: -sum over classes of target log_softmax(x), the mean being over what are rows. */
static fx_tensor *entropy_of_probabilities(fx_cross_entropy_args a, fx_where where)
{
    fx_tensor *x = a.x, *t = a.target, *w = a.weight;
    unsigned mask = mask_of_classes(x);
    bool same = x->ndim == t->ndim && x->ndim > 0;
    for (int d = 0; same && d < x->ndim; d++) same = x->size[d] == t->size[d];
    int at = x->ndim > 1;
    if (!same || (w && (w->ndim != 1 || w->size[0] != x->size[at]))) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where,
                     "cross_entropy: probabilities %s, or weights %s, are not those of %s", fx__shape_text(t),
                     w ? fx__shape_text(w) : "(none)", fx__shape_text(x));
        return NULL;
    }
    double each = (double)x->size[at], rows = each > 0 ? (double)x->numel / each : 0;
    fx_tensor *p = fx_log_softmax_at((fx_log_softmax_args){ .x = x, .dim = at }, where);
    if (a.label_smoothing != 0) {
        t = fx_mul_at(fx_operand_tensor(t), fx_operand_number(1 - a.label_smoothing), where);
        t = fx_add_at(fx_operand_tensor(t), fx_operand_number(a.label_smoothing / each), where);
    }
    if (w) {
        int64_t size[FX_MAX_DIMS], stride[FX_MAX_DIMS];
        for (int d = 0; d < x->ndim; d++)
            size[d] = d == at ? x->size[d] : 1, stride[d] = d == at ? fx__stride(w)[0] : 0;
        if (!(w = fx__view(w, x->ndim, size, stride, 0))) return NULL;
        t = fx_mul_at(fx_operand_tensor(t), fx_operand_tensor(w), where);
    }
    fx_tensor *terms = fx_mul_at(fx_operand_tensor(p), fx_operand_tensor(t), where);
    if (!terms) return NULL;
    if (a.reduction == FX_REDUCTION_NONE)
        return fx_neg_at(fx__sum_over(terms, (fx__axes){ (uint8_t)mask, false }, where), where);
    fx_tensor *sum = fx_sum_at((fx_sum_args){ .x = terms }, where);
    double divisor = a.reduction == FX_REDUCTION_MEAN ? -rows : -1;
    return fx_div_at(fx_operand_tensor(sum), fx_operand_number(divisor), where);
}

/* x, target and weight in the dtypes that the ops take; NULL after an error. */
static fx_tensor *class_loss(const fx_op *op, fx_tensor *x, fx_tensor *target, fx_tensor *weight,
                             const class_options *o, fx_where where)
{
    if (!fx__is_floating(x, op->name, where)) return NULL;
    if (fx_dtype_is_float((fx_dtype)target->dtype) || target->dtype == FX_BOOL) {
        fx_error_set(x->cx, FX_ERROR_DTYPE, where, "%s: classes are integers, not %s", op->name,
                     fx_dtype_name((fx_dtype)target->dtype));
        return NULL;
    }
    if (weight && !fx__is_floating(weight, op->name, where)) return NULL;
    fx_tensor *inputs[3] = { x, fx__as(target, FX_I64, where), weight };
    return fx_apply_at(op, (fx_list){ weight ? 3 : 2, inputs }, o, NULL, where);
}

fx_tensor *fx_cross_entropy_at(fx_cross_entropy_args a, fx_where where)
{
    if (!a.x || !a.target || !fx__check_reduction(a.x, a.reduction, false, "cross_entropy", where))
        return NULL;
    if (!(a.label_smoothing >= 0 && a.label_smoothing <= 1)) {
        fx_error_set(a.x->cx, FX_ERROR_ARGUMENT, where, "cross_entropy: label_smoothing %g is not in 0 .. 1",
                     a.label_smoothing);
        return NULL;
    }
    if (fx_dtype_is_float((fx_dtype)a.target->dtype) && fx_dtype_is_float((fx_dtype)a.x->dtype))
        return entropy_of_probabilities(a, where);
    class_options o;
    memset(&o, 0, sizeof o);
    o.smoothing = a.label_smoothing, o.ignore = a.ignore_index, o.reduction = a.reduction;
    return class_loss(&entropy_op, a.x, a.target, a.weight, &o, where);
}

fx_tensor *fx_nll_loss_at(fx_nll_loss_args a, fx_where where)
{
    if (!a.x || !a.target || !fx__check_reduction(a.x, a.reduction, false, "nll_loss", where)) return NULL;
    class_options o;
    memset(&o, 0, sizeof o);
    o.ignore = a.ignore_index, o.reduction = a.reduction;
    return class_loss(&nll_op, a.x, a.target, a.weight, &o, where);
}

FX__CALL(cross_entropy, fx_cross_entropy_args)
static const fx_cross_entropy_args cross_entropy_defaults = { .reduction = FX_REDUCTION_MEAN,
                                                              .ignore_index = -100 };
static const fx_field cross_entropy_fields[] = {
    FX__FIELD(fx_cross_entropy_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_cross_entropy_args, target, TENSOR),
    FX__FIELD(fx_cross_entropy_args, weight, TENSOR, .optional = true),
    FX__FIELD(fx_cross_entropy_args, ignore_index, INT, .optional = true),
    FX__FIELD(fx_cross_entropy_args, reduction, CHOICE, .optional = true, .choices = "none|mean|sum"),
    FX__FIELD(fx_cross_entropy_args, label_smoothing, REAL, .optional = true),
    FX__FIELDS_END
};
const fx_function fx__function_cross_entropy = {
    .name = "cross_entropy",
    .torch = "nn.functional.cross_entropy",
    .formula = "y = -(1 - a) w_t log p_t - a / C sum of w_k log p_k, p = softmax(x), a = label_smoothing, "
               "reduced; mean: over the "
               "sum of w_t",
    .gradient = "gx = g (p - onehot(t)) w_t, smoothed alike",
    .notes = "NaN where every target is ignored and the mean is wanted; the target may be probabilities, in "
             "x's shape",
    .fields = cross_entropy_fields,
    .args_size = sizeof(fx_cross_entropy_args),
    .defaults = &cross_entropy_defaults,
    .call = cross_entropy_call,
    .samples =
        "x=(4) target=()i64@int:4\nx=(3,4) target=(3)i64@int:4\nx=(3,4) target=(3)i64@int:4 reduction=sum\n"
        "x=(3,4) target=(3)i64@int:4 reduction=none\nx=(1,5) target=(1)i64{2}\nx=(2,1) target=(2)i64{0,0}\n"
        "x=(3,4) target=(3)i64@int:4 weight=~(4)@pos\nx=(3,4) target=(3)i64@int:4 weight=~(4)@pos "
        "reduction=sum\n"
        "x=(3,4) target=(3)i64@int:4 weight=~(4)@pos reduction=none label_smoothing=0.1\n"
        "x=(3,4) target=(3)i64@int:4 weight=~(4)@pos label_smoothing=0.2\n"
        "x=(3,4) target=(3)i64@int:4 label_smoothing=1\nx=(3,4) target=(3)i64{1,-100,3}\n"
        "x=(3,4) target=(3)i64{1,2,3} ignore_index=2 label_smoothing=0.1\nx=~(2,4) target=(2)i64{-100,-100}\n"
        "x=(2,4) target=(2)i64{-100,-100} reduction=sum\nx=(2,3,4) target=(2,4)i64@int:3\n"
        "x=(2,3,2,2) target=(2,2,2)i64@int:3 reduction=none weight=~(3)@pos\nx=(3,4) target=(3)i32@int:4\n"
        "x=(1,3){0,8,2} target=(1)i64{1}\nx=~(1,3){0,30,2} "
        "target=(1)i64{1}\nx=(2,3){1000,999,1000,-1000,-999,-998} target=(2)i64{0,1}\n"
        "x=(1,3){-inf,1,2} target=(1)i64{1}\nx=~(2,600) target=(2)i64{7,599}\nx=~(0,3) target=(0)i64\n"
        "x=(0,3) target=(0)i64 reduction=sum\nx=(0,3) target=(0)i64 reduction=none\n"
        "x=(3,4) target=(3,4)@prob\nx=(3,4) target=(3,4)@prob reduction=sum label_smoothing=0.1\n"
        "x=(3,4) target=(3,4)@prob reduction=none weight=~(4)@pos\nx=(2,3,2) target=(2,3,2)@prob "
        "weight=~(3)@pos\n"
        "x=(4) target=(4)@prob\nx=(1,3){0,8,2} target=~(1,3){0,1,0}\n"
        "! x=() target=()i64{0}\n! x=(3,4) target=(4)i64@int:4\n! x=(2,3) target=(2)i64{0,3}\n! x=(2,3) "
        "target=(2)i64{0,-1}\n"
        "! x=(2,3)i64 target=(2)i64{0,1}\n! x=(2,3) target=(2)bool\n! x=(2,3) target=(2)i64{0,1} weight=(2)\n"
        "! x=(2,3) target=(2)i64{0,1} label_smoothing=1.5\n! x=(2,3) target=(2,4)\n",
    .bench = "x=(1024,1024) target=(1024)i64@int:1024\n"
};

FX__CALL(nll_loss, fx_nll_loss_args)
static const fx_nll_loss_args nll_loss_defaults = { .reduction = FX_REDUCTION_MEAN, .ignore_index = -100 };
static const fx_field nll_loss_fields[] = { FX__FIELD(fx_nll_loss_args, x, TENSOR, .torch = "input"),
                                            FX__FIELD(fx_nll_loss_args, target, TENSOR),
                                            FX__FIELD(fx_nll_loss_args, weight, TENSOR, .optional = true),
                                            FX__FIELD(fx_nll_loss_args, ignore_index, INT, .optional = true),
                                            FX__FIELD(fx_nll_loss_args, reduction, CHOICE, .optional = true,
                                                      .choices = "none|mean|sum"),
                                            FX__FIELDS_END };
const fx_function fx__function_nll_loss = {
    .name = "nll_loss",
    .torch = "nn.functional.nll_loss",
    .formula = "y = -w_t x_t, reduced; mean: over the sum of w_t",
    .gradient = "gx = -g w_t at the target, 0 elsewhere",
    .notes = "NaN where every target is ignored and the mean is wanted",
    .fields = nll_loss_fields,
    .args_size = sizeof(fx_nll_loss_args),
    .defaults = &nll_loss_defaults,
    .call = nll_loss_call,
    .samples =
        "x=(4) target=()i64@int:4\nx=(3,4) target=(3)i64@int:4\nx=(3,4) target=(3)i64@int:4 reduction=sum\n"
        "x=(3,4) target=(3)i64@int:4 reduction=none\nx=(3,4) target=(3)i64@int:4 weight=~(4)@pos\n"
        "x=(3,4) target=(3)i64{1,-100,3} weight=~(4)@pos reduction=none\nx=(3,4) target=(3)i64{1,2,3} "
        "ignore_index=2\n"
        "x=~(2,4) target=(2)i64{-100,-100}\nx=(2,4) target=(2)i64{-100,-100} reduction=sum\n"
        "x=(2,3,4) target=(2,4)i64@int:3\nx=(2,3,2,2) target=(2,2,2)i64@int:3 reduction=none "
        "weight=~(3)@pos\n"
        "x=(3,4) target=(3)u8@int:4\nx=~(0,3) target=(0)i64\nx=(0,3) target=(0)i64 reduction=sum\n"
        "! x=() target=()i64{0}\n! x=(3,4) target=(4)i64@int:4\n! x=(2,3) target=(2)i64{0,3}\n! x=(2,3) "
        "target=(2)\n"
        "! x=(2,3)i64 target=(2)i64{0,1}\n! x=(2,3) target=(2)i64{0,1} weight=(2)\n",
    .bench = "x=(1024,1024) target=(1024)i64@int:1024\n"
};
