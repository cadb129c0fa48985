/* Losses of numbers and their targets, a row of kernels/loss.def each: one op computes and reduces them, and
 * gives both gradients in one pass. As a formula a gradient is
 *
 *     gx = g slope(x, t) w / n
 *
 * with the slope in ops (slopes[], below).
 */
#include "loss.h"

#include "kernels/loss.h"

#include <math.h>
#include <string.h>

typedef struct loss_options {
    double a, b;
    int row;       /* fx__loss_row */
    int reduction; /* fx_reduction */
    bool weighted,
        second; /* inputs 2 (and 3) are weights of the values, and second weights; or input 2 is the latter */
} loss_options;

bool fx__check_reduction(const fx_tensor *x, int reduction, bool batchmean, const char *name, fx_where where)
{
    int most = batchmean ? FX_REDUCTION_BATCHMEAN : FX_REDUCTION_SUM;
    if (reduction >= FX_REDUCTION_NONE && reduction <= most) return true;
    fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: no such reduction: %d", name, reduction);
    return false;
}

fx_tensor *fx__reduce_losses(fx_tensor *losses, int reduction, fx_where where)
{
    if (!losses || reduction == FX_REDUCTION_NONE) return losses;
    if (reduction == FX_REDUCTION_SUM) return fx_sum_at((fx_sum_args){ .x = losses }, where);
    return fx_mean_at((fx_mean_args){ .x = losses }, where);
}

/* ---- the op ----------------------------------------------------------------------------------------------
 */

static bool loss_shape(const fx_call *c, fx_spec *y)
{
    if (((const loss_options *)c->options)->reduction != FX_REDUCTION_NONE) y->ndim = 0;
    return true;
}

/* What a sum of losses is divided by. */
static double divisor_of(const fx_tensor *x, int reduction)
{
    if (reduction == FX_REDUCTION_MEAN) return (double)x->numel;
    if (reduction == FX_REDUCTION_BATCHMEAN) return x->ndim ? (double)x->size[0] : 1;
    return 1;
}

/* The kernel's arguments; the inputs are row-major and of one shape. */
static fx__loss kernel_call(const fx_call *c, fx_tensor *const *x)
{
    const loss_options *o = c->options;
    return (fx__loss){ .row = (fx__loss_row)o->row,
                       .wide = c->shapes[0]->dtype == FX_F64,
                       .n = c->shapes[0]->numel,
                       .x = x[0]->data,
                       .t = x[1]->data,
                       .a = o->a,
                       .b = o->b,
                       .w = o->weighted ? x[2]->data : NULL,
                       .v = o->second ? x[2 + o->weighted]->data : NULL,
                       .threads = fx_threads(c->cx) };
}

static void loss_forward(const fx_call *c)
{
    const loss_options *o = c->options;
    fx__loss l = kernel_call(c, c->x);
    if (o->reduction == FX_REDUCTION_NONE) {
        l.y = c->y->data;
        if (l.n) fx__kernels()->loss->forward(&l);
        return;
    }
    int64_t blocks = (l.n + FX__LOSS_BLOCK - 1) / FX__LOSS_BLOCK;
    double few[8], total = 0;
    l.sum = blocks > 8 ? fx__scratch(c->cx, sizeof(double) * (size_t)blocks) : few;
    if (!l.sum) return;
    if (l.n) fx__kernels()->loss->forward(&l);
    /* a tree, as everywhere */
    for (int64_t step = 1; step < blocks; step *= 2)
        for (int64_t i = 0; i + step < blocks; i += 2 * step) l.sum[i] += l.sum[i + step];
    if (blocks) total = l.sum[0];
    if (l.sum != few) fx__scratch_free(c->cx, l.sum);
    total /= divisor_of(c->x[0], o->reduction);
    if (l.wide)
        *(double *)(void *)c->y->data = total;
    else
        *(float *)(void *)c->y->data = (float)total;
}

static bool refuse_weights(const fx_call *c)
{
    for (int i = 2; i < c->inputs; i++)
        if (fx_call_needs(c, i))
            return fx_call_fail(c, FX_ERROR_NO_GRADIENT, "the derivative for weight is not implemented");
    return true;
}

static void loss_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const loss_options *o = c->options;
    fx_tensor *x[4] = { NULL };
    if (!refuse_weights(c) || !(g = fx__contiguous_of(g))) return;
    for (int i = 0; i < c->inputs; i++)
        if (!(x[i] = fx__contiguous_of(c->x[i]))) return;
    fx__loss l = kernel_call(c, x);
    for (int i = 0; i < 2; i++) {
        if (!fx_call_needs(c, i)) continue;
        if (!(gx[i] = fx__grad_new(c, i))) return;
        *(i ? &l.gt : &l.gx) = gx[i]->data;
    }
    if (o->reduction == FX_REDUCTION_NONE)
        l.g = g->data;
    else
        l.scale = (l.wide ? *(const double *)(const void *)g->data
                          : (double)*(const float *)(const void *)g->data) /
                  divisor_of(x[0], o->reduction);
    if (l.n) fx__kernels()->loss->gradient(&l);
}

/* ---- slopes in ops ---------------------------------------------------------------------------------------
 */

typedef struct slope_call {
    fx_tensor *x, *t, *v;
    const loss_options *o;
    fx_where where;
} slope_call;

#define T(x) fx_operand_tensor(x)
#define N(x) fx_operand_number(x)
#define ADD(a, b) fx_add_at(a, b, s->where)
#define SUB(a, b) fx_sub_at(a, b, s->where)
#define MUL(a, b) fx_mul_at(a, b, s->where)
#define DIV(a, b) fx_div_at(a, b, s->where)
#define NEG(a) fx_neg_at(a, s->where)
#define LEAST(a, b) fx_clamp_min_at(a, b, s->where)
#define MOST(a, b) fx_clamp_max_at(a, b, s->where)

static fx_tensor *mse_slope(const slope_call *s) { return MUL(T(SUB(T(s->x), T(s->t))), N(2)); }
static fx_tensor *l1_slope(const slope_call *s) { return fx_sign_at(SUB(T(s->x), T(s->t)), s->where); }
static fx_tensor *smooth_l1_slope(const slope_call *s)
{
    if (s->o->a == 0) return l1_slope(s);
    fx_tensor *d = DIV(T(SUB(T(s->x), T(s->t))), N(s->o->a));
    return MOST(T(LEAST(T(d), N(-1))), N(1));
}
static fx_tensor *huber_slope(const slope_call *s)
{
    return MOST(T(LEAST(T(SUB(T(s->x), T(s->t))), N(-s->o->a))), N(s->o->a));
}

static fx_tensor *bce_slope(const slope_call *s)
{
    fx_tensor *variance = MUL(T(s->x), T(SUB(N(1), T(s->x))));
    return DIV(T(SUB(T(s->x), T(s->t))), T(LEAST(T(variance), N(1e-12))));
}
static fx_tensor *bce_target_slope(const slope_call *s)
{
    fx_tensor *no = LEAST(T(fx_log1p_at(NEG(s->x), s->where)), N(-100));
    return SUB(T(no), T(LEAST(T(fx_log_at(s->x, s->where)), N(-100))));
}

static fx_tensor *second_weighted(const slope_call *s, fx_tensor *x) { return s->v ? MUL(T(s->v), T(x)) : x; }
static fx_tensor *bce_logits_slope(const slope_call *s)
{
    fx_tensor *no = MUL(T(SUB(N(1), T(s->t))), T(fx_sigmoid_at(s->x, s->where)));
    fx_tensor *yes = MUL(T(s->t), T(fx_sigmoid_at(NEG(s->x), s->where)));
    return SUB(T(no), T(second_weighted(s, yes)));
}
static fx_tensor *bce_logits_target_slope(const slope_call *s)
{
    if (!s->v) return NEG(s->x);
    fx_tensor *more = MUL(T(SUB(N(1), T(s->v))), T(fx_logsigmoid_at(s->x, s->where)));
    return SUB(T(more), T(s->x));
}

static fx_tensor *kl_slope(const slope_call *s) { return NEG(s->t); }
static fx_tensor *kl_target_slope(const slope_call *s)
{
    return ADD(T(SUB(T(fx_log_at(s->t, s->where)), T(s->x))), N(1));
}
static fx_tensor *kl_log_slope(const slope_call *s) { return NEG(fx_exp_at(s->t, s->where)); }
static fx_tensor *kl_log_target_slope(const slope_call *s)
{
    return MUL(T(fx_exp_at(s->t, s->where)), T(ADD(T(SUB(T(s->t), T(s->x))), N(1))));
}

static fx_tensor *soft_margin_falls(const slope_call *s)
{
    return fx_sigmoid_at(NEG(MUL(T(s->t), T(s->x))), s->where);
}
static fx_tensor *soft_margin_slope(const slope_call *s)
{
    return NEG(MUL(T(s->t), T(soft_margin_falls(s))));
}
static fx_tensor *soft_margin_target_slope(const slope_call *s)
{
    return NEG(MUL(T(s->x), T(soft_margin_falls(s))));
}

static fx_tensor *stirling_slope(const slope_call *s, fx_tensor *slope)
{
    if (s->o->a == 0) return slope;
    fx_tensor *t = LEAST(T(s->t), N(1)), *above = fx_heaviside_at(T(SUB(T(s->t), N(1))), N(0), s->where);
    fx_tensor *whole = ADD(T(fx_log_at(t, s->where)), T(DIV(N(0.5), T(t))));
    return ADD(T(slope), T(MUL(T(above), T(whole))));
}
static fx_tensor *poisson_log_slope(const slope_call *s)
{
    return SUB(T(fx_exp_at(s->x, s->where)), T(s->t));
}
static fx_tensor *poisson_log_target_slope(const slope_call *s) { return stirling_slope(s, NEG(s->x)); }
static fx_tensor *poisson_slope(const slope_call *s)
{
    return SUB(N(1), T(DIV(T(s->t), T(ADD(T(s->x), N(s->o->b))))));
}
static fx_tensor *poisson_target_slope(const slope_call *s)
{
    return stirling_slope(s, NEG(fx_log_at(ADD(T(s->x), N(s->o->b)), s->where)));
}

/* A slope that is constant wherever it is defined, from the kernel. */
static bool constant_shape(const fx_call *c, fx_spec *y)
{
    (void)c;
    y->no_gradient = true;
    return true;
}
static void constant_forward(const fx_call *c)
{
    const loss_options *o = c->options;
    fx__loss l = { .row = (fx__loss_row)o->row,
                   .wide = c->y->dtype == FX_F64,
                   .n = c->y->numel,
                   .x = c->x[0]->data,
                   .t = c->x[1]->data,
                   .a = o->a,
                   .b = o->b,
                   .gx = c->y->data,
                   .scale = 1,
                   .threads = fx_threads(c->cx) };
    if (l.n) fx__kernels()->loss->gradient(&l);
}
static const fx_op constant_op = { .name = "loss_slope",
                                   .formula = "y = the slope of a loss in x",
                                   .inputs = 2,
                                   .options_size = sizeof(loss_options),
                                   .shape = constant_shape,
                                   .forward = constant_forward };
static fx_tensor *constant_slope(const slope_call *s)
{
    return FX__APPLY(&constant_op, s->o, s->where, s->x, s->t);
}
static fx_tensor *no_slope(const slope_call *s) { return MUL(T(s->t), N(0)); }

/* In x, and in t; NULL: minus that in x. */
static fx_tensor *(*const slopes[FX__LOSSES][2])(const slope_call *) = {
    [FX__LOSS_mse] = { mse_slope },
    [FX__LOSS_l1] = { l1_slope },
    [FX__LOSS_smooth_l1] = { smooth_l1_slope },
    [FX__LOSS_huber] = { huber_slope },
    [FX__LOSS_bce] = { bce_slope, bce_target_slope },
    [FX__LOSS_bce_logits] = { bce_logits_slope, bce_logits_target_slope },
    [FX__LOSS_kl] = { kl_slope, kl_target_slope },
    [FX__LOSS_kl_log] = { kl_log_slope, kl_log_target_slope },
    [FX__LOSS_soft_margin] = { soft_margin_slope, soft_margin_target_slope },
    [FX__LOSS_hinge_embedding] = { constant_slope, no_slope },
    [FX__LOSS_poisson_log] = { poisson_log_slope, poisson_log_target_slope },
    [FX__LOSS_poisson] = { poisson_slope, poisson_target_slope },
};

static void loss_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const loss_options *o = c->options;
    slope_call call = {
        .x = c->x[0], .t = c->x[1], .v = o->second ? c->x[2 + o->weighted] : NULL, .o = o, .where = c->where
    };
    const slope_call *s = &call;
    if (!refuse_weights(c)) return;
    double divisor = divisor_of(c->shapes[0], o->reduction);
    fx_tensor *each = divisor == 1 ? g : DIV(T(g), N(divisor > 0 ? divisor : 1));
    if (o->weighted) each = MUL(T(c->x[2]), T(each));
    for (int i = 0; i < 2; i++) {
        if (!fx_call_needs(c, i)) continue;
        fx_tensor *slope = slopes[o->row][i] ? slopes[o->row][i](s) : NEG(slopes[o->row][0](s));
        gx[i] = MUL(T(slope), T(each));
    }
}

#undef T
#undef N

/* ---- calling it ------------------------------------------------------------------------------------------
 */

#define LOSS_OP(function)                                                                                    \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = "y = the loss of each x and its target, reduced",        \
                                         .inputs = -1,                                                       \
                                         .captures = FX_CAPTURE_ALL_X,                                       \
                                         .options_size = sizeof(loss_options),                               \
                                         .shape = loss_shape,                                                \
                                         .forward = loss_forward,                                            \
                                         .local_grad = loss_local_grad,                                      \
                                         .local_grad_fused = loss_local_grad_fused };
LOSS_OP(mse_loss)
LOSS_OP(l1_loss)
LOSS_OP(smooth_l1_loss)
LOSS_OP(huber_loss)
LOSS_OP(binary_cross_entropy)
LOSS_OP(binary_cross_entropy_with_logits)
LOSS_OP(kl_div)
LOSS_OP(soft_margin_loss)
LOSS_OP(hinge_embedding_loss)
LOSS_OP(poisson_nll_loss)

static bool same_sizes(const fx_tensor *a, const fx_tensor *b)
{
    return a->ndim == b->ndim && !memcmp(a->size, b->size, sizeof(int64_t) * a->ndim);
}

/* A weight in x's shape and dtype; NULL after an error. */
static fx_tensor *spread_weight(fx_tensor *w, fx_tensor *x, const char *name, fx_where where)
{
    bool fits = w->ndim <= x->ndim;
    for (int d = 0; fits && d < w->ndim; d++)
        fits = w->size[d] == 1 || w->size[d] == x->size[d + x->ndim - w->ndim];
    if (!fits) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: weights %s do not broadcast to %s", name,
                     fx__shape_text(w), fx__shape_text(x));
        return NULL;
    }
    w = fx__as(w, (fx_dtype)x->dtype, where);
    return !w || same_sizes(w, x) ? w : fx_expand_at(w, fx_shape(x), where);
}

/* w, v: weights, or NULL. */
static fx_tensor *loss(const fx_op *op, loss_options o, fx_tensor *x, fx_tensor *t, fx_tensor *w,
                       fx_tensor *v, fx_where where)
{
    if (!x || !t || !fx__check_reduction(x, o.reduction, op == &kl_div_op, op->name, where)) return NULL;
    if (!fx__is_floating(x, op->name, where)) return NULL;
    if (!same_sizes(x, t)) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: the target has sizes %s, not %s", op->name,
                     fx__shape_text(t), fx__shape_text(x));
        return NULL;
    }
    fx_dtype dtype = fx_promote((fx_dtype)x->dtype, (fx_dtype)t->dtype);
    fx_tensor *inputs[4] = { fx__as(x, dtype, where), fx__as(t, dtype, where) };
    int count = 2;
    if (!inputs[0] || !inputs[1]) return NULL;
    o.weighted = w, o.second = v;
    if (w && !(inputs[count++] = spread_weight(w, inputs[0], op->name, where))) return NULL;
    if (v && !(inputs[count++] = spread_weight(v, inputs[0], op->name, where))) return NULL;
    return fx_apply_at(op, (fx_list){ count, inputs }, &o, NULL, where);
}

static loss_options options_of(fx__loss_row row, double a, double b, int reduction)
{
    loss_options o;
    memset(&o, 0, sizeof o);
    o.row = row, o.a = a, o.b = b, o.reduction = reduction;
    return o;
}

fx_tensor *fx_mse_loss_at(fx_mse_loss_args a, fx_where where)
{
    return loss(&mse_loss_op, options_of(FX__LOSS_mse, 0, 0, a.reduction), a.x, a.target, NULL, NULL, where);
}

fx_tensor *fx_l1_loss_at(fx_l1_loss_args a, fx_where where)
{
    return loss(&l1_loss_op, options_of(FX__LOSS_l1, 0, 0, a.reduction), a.x, a.target, NULL, NULL, where);
}

static bool check_positive(const fx_tensor *x, double value, bool zero, const char *what, fx_where where)
{
    if (value > 0 || (zero && value == 0)) return true;
    if (x)
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: %g is not %s", what, value,
                     zero ? "0 or more" : "above 0");
    return false;
}

fx_tensor *fx_smooth_l1_loss_at(fx_smooth_l1_loss_args a, fx_where where)
{
    if (!check_positive(a.x, a.beta, true, "smooth_l1_loss: beta", where)) return NULL;
    return loss(&smooth_l1_loss_op, options_of(FX__LOSS_smooth_l1, a.beta, 0, a.reduction), a.x, a.target,
                NULL, NULL, where);
}

fx_tensor *fx_huber_loss_at(fx_huber_loss_args a, fx_where where)
{
    if (!check_positive(a.x, a.delta, false, "huber_loss: delta", where)) return NULL;
    return loss(&huber_loss_op, options_of(FX__LOSS_huber, a.delta, 0, a.reduction), a.x, a.target, NULL,
                NULL, where);
}

fx_tensor *fx_binary_cross_entropy_at(fx_binary_cross_entropy_args a, fx_where where)
{
    return loss(&binary_cross_entropy_op, options_of(FX__LOSS_bce, 0, 0, a.reduction), a.x, a.target,
                a.weight, NULL, where);
}

fx_tensor *fx_binary_cross_entropy_with_logits_at(fx_binary_cross_entropy_with_logits_args a, fx_where where)
{
    return loss(&binary_cross_entropy_with_logits_op, options_of(FX__LOSS_bce_logits, 0, 0, a.reduction), a.x,
                a.target, a.weight, a.pos_weight, where);
}

fx_tensor *fx_kl_div_at(fx_kl_div_args a, fx_where where)
{
    fx__loss_row row = a.log_target ? FX__LOSS_kl_log : FX__LOSS_kl;
    return loss(&kl_div_op, options_of(row, 0, 0, a.reduction), a.x, a.target, NULL, NULL, where);
}

fx_tensor *fx_soft_margin_loss_at(fx_soft_margin_loss_args a, fx_where where)
{
    return loss(&soft_margin_loss_op, options_of(FX__LOSS_soft_margin, 0, 0, a.reduction), a.x, a.target,
                NULL, NULL, where);
}

fx_tensor *fx_hinge_embedding_loss_at(fx_hinge_embedding_loss_args a, fx_where where)
{
    return loss(&hinge_embedding_loss_op, options_of(FX__LOSS_hinge_embedding, a.margin, 0, a.reduction), a.x,
                a.target, NULL, NULL, where);
}

fx_tensor *fx_poisson_nll_loss_at(fx_poisson_nll_loss_args a, fx_where where)
{
    fx__loss_row row = a.log_input ? FX__LOSS_poisson_log : FX__LOSS_poisson;
    return loss(&poisson_nll_loss_op, options_of(row, a.full, a.eps, a.reduction), a.x, a.target, NULL, NULL,
                where);
}
