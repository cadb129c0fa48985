/* Losses of pairs, margins and distributions: functions of ops, reduced.
 */
#include "indexing.h"
#include "lanes.h"
#include "loss.h"
#include "terms.h"

#include <math.h>

static fx_tensor *last_sum(fx_tensor *x, fx_where where) { return x ? SUM(x, fx__one_dim(-1), false) : NULL; }

static bool are_floating(const fx_tensor *x, int reduction, const char *name, fx_where where)
{
    return x && fx__is_floating(x, name, where) && fx__check_reduction(x, reduction, false, name, where);
}

static fx_tensor *refuse(const fx_tensor *x, const fx_tensor *target, const char *name, fx_where where)
{
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: %s %s are not targets of %s", name,
                 fx_dtype_name((fx_dtype)target->dtype), fx__shape_text(target), fx__shape_text(x));
    return NULL;
}

/* y in the dtype that a and b have together. */
static fx_tensor *narrowed(fx_tensor *y, const fx_tensor *a, const fx_tensor *b, fx_where where)
{
    return a->dtype == FX_F64 || b->dtype == FX_F64 ? y : fx__as(y, FX_F32, where);
}

fx_tensor *fx_cosine_embedding_loss_at(fx_cosine_embedding_loss_args a, fx_where where)
{
    if (!a.x2 || !a.target || !are_floating(a.x1, a.reduction, "cosine_embedding_loss", where)) return NULL;
    if (!fx__same_sizes(a.x1, a.x2) || a.x1->ndim < 1 || a.x1->ndim > 2 || a.target->ndim != a.x1->ndim - 1 ||
        (a.target->ndim && a.target->size[0] != a.x1->size[0]))
        return refuse(a.x1, a.target, "cosine_embedding_loss", where);
    /* in float64, so that float32's gradients, differences of near numbers, are right to its rounding */
    const double tiny = 1e-12;
    fx_tensor *x1 = fx__as(a.x1, FX_F64, where), *x2 = fx__as(a.x2, FX_F64, where);
    if (!x1 || !x2) return NULL;
    fx_tensor *one = ADD(last_sum(FN(square, x1), where), tiny),
              *two = ADD(last_sum(FN(square, x2), where), tiny);
    fx_tensor *cosine = DIV(last_sum(MUL(x1, x2), where), FN(sqrt, MUL(one, two)));
    fx_tensor *like = SELECT(COMPARE(eq, a.target, 1), SUB(1, cosine), 0);
    fx_tensor *unlike = SELECT(COMPARE(eq, a.target, -1), CLAMP_MIN(SUB(cosine, a.margin), 0), 0);
    return narrowed(fx__reduce_losses(ADD(like, unlike), a.reduction, where), a.x1, a.x2, where);
}

/* var as one that broadcasts to x. */
static fx_tensor *variance_for(const fx_tensor *x, fx_tensor *var, fx_where where)
{
    if (fx__same_sizes(x, var)) return var;
    bool leads = var->ndim + 1 == x->ndim || (var->ndim == x->ndim && x->ndim && var->size[x->ndim - 1] == 1);
    for (int d = 0; leads && d + 1 < x->ndim; d++) leads = var->size[d] == x->size[d];
    if (leads) return var->ndim == x->ndim ? var : fx__unsqueeze(var, var->ndim, where);
    return refuse(x, var, "gaussian_nll_loss", where);
}

fx_tensor *fx_gaussian_nll_loss_at(fx_gaussian_nll_loss_args a, fx_where where)
{
    if (!a.target || !a.var || !are_floating(a.x, a.reduction, "gaussian_nll_loss", where)) return NULL;
    fx_tensor *v = variance_for(a.x, a.var, where);
    if (!v) return NULL;
    /* below eps it counts as eps, but keeps its gradient */
    fx_tensor *now = fx_detach_at(v, where);
    v = ADD(v, SELECT(COMPARE(lt, now, a.eps), SUB(a.eps, now), 0));
    fx_tensor *loss = MUL(ADD(FN(log, v), DIV(FN(square, SUB(a.x, a.target)), v)), 0.5);
    if (a.full) loss = ADD(loss, 0.91893853320467274178); /* log(2 pi) / 2 */
    return fx__reduce_losses(loss, a.reduction, where);
}

fx_tensor *fx_margin_ranking_loss_at(fx_margin_ranking_loss_args a, fx_where where)
{
    if (!a.x2 || !a.target || !are_floating(a.x1, a.reduction, "margin_ranking_loss", where)) return NULL;
    if (a.x1->ndim != a.x2->ndim || a.x1->ndim != a.target->ndim)
        return refuse(a.x1, a.target, "margin_ranking_loss", where);
    fx_tensor *loss = SUB(a.margin, MUL(a.target, SUB(a.x1, a.x2)));
    return fx__reduce_losses(CLAMP_MIN(loss, 0), a.reduction, where);
}

/* x as rows of classes; targets as (N). */
static bool rows_of(fx_tensor **x, fx_tensor **target, int per_class, const char *name, fx_where where)
{
    fx_tensor *t = *target;
    const int64_t n = (*x)->ndim == 2 ? (*x)->size[0] : 1,
                  classes = (*x)->ndim ? (*x)->size[(*x)->ndim - 1] : 1;
    if ((*x)->ndim > 2 || fx_dtype_is_float((fx_dtype)t->dtype) ||
        t->numel != n * (per_class ? classes : 1) || (per_class && t->ndim != (*x)->ndim) ||
        (!per_class && t->ndim > 1))
        return refuse(*x, t, name, where) != NULL;
    *x = fx__reshape(*x, 2, (const int64_t[]){ n, classes }, where);
    *target = fx__reshape(t, 2, (const int64_t[]){ n, per_class ? classes : 1 }, where);
    return *x && *target;
}

/* Reduced losses of rows, one number for x of fewer than two dimensions. */
static fx_tensor *of_rows(fx_tensor *loss, const fx_tensor *x, int reduction, fx_where where)
{
    if (loss && x->ndim < 2) loss = fx__reshape(loss, 0, NULL, where);
    return fx__reduce_losses(loss, reduction, where);
}

fx_tensor *fx_multi_margin_loss_at(fx_multi_margin_loss_args a, fx_where where)
{
    fx_tensor *x = a.x, *t = a.target;
    if (!t || !are_floating(x, a.reduction, "multi_margin_loss", where)) return NULL;
    if ((a.p != 1 && a.p != 2) ||
        (a.weight && (a.weight->ndim != 1 || !x->ndim || a.weight->numel != x->size[x->ndim - 1])))
        return FX__REFUSE(x, ERROR_ARGUMENT, where,
                          "multi_margin_loss: p is 1 or 2, not %lld, and weights are one a class",
                          (long long)a.p);
    if (!rows_of(&x, &t, false, "multi_margin_loss", where)) return NULL;
    fx_tensor *over = FN(relu, ADD(SUB(x, fx__gather(x, t, 1, where)), a.margin));
    if (a.p == 2) over = FN(square, over);
    over = fx_scatter_at(over, 1, t, fx_operand_number(0), where);
    fx_tensor *loss = DIV(last_sum(over, where), (double)x->size[1]);
    if (a.weight && loss)
        loss = MUL(loss, fx__reshape(fx_take_at(a.weight, t, where), 1, &loss->numel, where));
    return of_rows(loss, a.x, a.reduction, where);
}

/* Whether place k of a row counts (it stands before the first -1), and whether class k is among those. */
static bool targets_of(const fx_tensor *t, fx_tensor *counts, fx_tensor *is_target, fx_tensor *index,
                       fx_where where)
{
    int64_t *at = (int64_t *)(void *)index->data;
    const int64_t n = t->size[0], classes = t->size[1];
    memset(counts->data, 0, (size_t)counts->numel);
    memset(is_target->data, 0, (size_t)is_target->numel);
    if (fx_copy_out_at(t, FX_I64, at, where)) return false;
    for (int64_t i = 0; i < n; i++) {
        bool ended = false;
        for (int64_t k = 0; k < classes; k++) {
            const int64_t class = at[i * classes + k];
            ended |= class < 0;
            if (!ended && class >= classes) {
                fx_error_set(t->cx, FX_ERROR_INDEX, where, "multilabel_margin_loss: class %lld of %lld",
                             (long long)class, (long long)classes);
                return false;
            }
            if (ended) at[i * classes + k] = 0;
            if (ended) continue;
            counts->data[i * classes + k] = 1;
            is_target->data[i * classes + class] = 1;
        }
    }
    return true;
}

fx_tensor *fx_multilabel_margin_loss_at(fx_multilabel_margin_loss_args a, fx_where where)
{
    fx_tensor *x = a.x, *t = a.target;
    if (!t || !are_floating(x, a.reduction, "multilabel_margin_loss", where) ||
        !rows_of(&x, &t, true, "multilabel_margin_loss", where))
        return NULL;
    fx_tensor *counts = fx__new(x->cx, FX_BOOL, 2, x->size, where),
              *is_target = fx__new(x->cx, FX_BOOL, 2, x->size, where);
    fx_tensor *index = fx__new(x->cx, FX_I64, 2, x->size, where);
    if (!counts || !is_target || !index || !targets_of(t, counts, is_target, index, where)) return NULL;
    fx_tensor *goal = fx__unsqueeze(fx__gather(x, index, 1, where), 2, where);
    fx_tensor *over = FN(relu, ADD(SUB(fx__unsqueeze(x, 1, where), goal), 1));
    fx_tensor *others = fx_logical_not_at(fx__unsqueeze(is_target, 1, where), where);
    over = SELECT(COMPARE(logical_and, fx__unsqueeze(counts, 2, where), others), over, 0);
    fx_tensor *loss = DIV(SUM(over, FX_DIMS(1, 2), false), (double)x->size[1]);
    return of_rows(loss, a.x, a.reduction, where);
}

fx_tensor *fx_multilabel_soft_margin_loss_at(fx_multilabel_soft_margin_loss_args a, fx_where where)
{
    if (!a.target || !are_floating(a.x, a.reduction, "multilabel_soft_margin_loss", where)) return NULL;
    if (!fx__same_sizes(a.x, a.target) || !a.x->ndim)
        return refuse(a.x, a.target, "multilabel_soft_margin_loss", where);
    fx_tensor *loss = fx_binary_cross_entropy_with_logits_at(
        (fx_binary_cross_entropy_with_logits_args){ .x = a.x, .target = a.target, .weight = a.weight },
        where);
    return fx__reduce_losses(fx_mean_at((fx_mean_args){ .x = loss, .dims = fx__one_dim(-1) }, where),
                             a.reduction, where);
}

fx_tensor *fx_triplet_margin_loss_at(fx_triplet_margin_loss_args a, fx_where where)
{
    if (!a.positive || !a.negative || !are_floating(a.anchor, a.reduction, "triplet_margin_loss", where))
        return NULL;
    if (!fx__same_sizes(a.anchor, a.positive) || !fx__same_sizes(a.anchor, a.negative))
        return refuse(a.anchor, a.negative, "triplet_margin_loss", where);
    fx_tensor *anchor = fx__as(a.anchor, FX_F64, where), *positive = fx__as(a.positive, FX_F64, where),
              *negative = fx__as(a.negative, FX_F64, where);
#define DISTANCE(u, v)                                                                                       \
    fx_pairwise_distance_at((fx_pairwise_distance_args){ .x1 = (u), .x2 = (v), .p = a.p, .eps = a.eps },     \
                            where)
    fx_tensor *near = DISTANCE(anchor, positive), *far = DISTANCE(anchor, negative);
    if (a.swap)
        far = fx_minimum_at(fx_operand_tensor(far), fx_operand_tensor(DISTANCE(positive, negative)), where);
    fx_tensor *loss = fx__reduce_losses(CLAMP_MIN(ADD(SUB(near, far), a.margin), 0), a.reduction, where);
    return narrowed(loss, a.anchor, a.positive, where);
}

fx_tensor *fx_triplet_margin_with_distance_loss_at(fx_triplet_margin_with_distance_loss_args a,
                                                   fx_where where)
{
    static const char name[] = "triplet_margin_with_distance_loss";
    if (!a.positive || !a.negative || !are_floating(a.anchor, a.reduction, name, where)) return NULL;
    if (!fx__same_sizes(a.anchor, a.positive) || !fx__same_sizes(a.anchor, a.negative))
        return refuse(a.anchor, a.negative, name, where);
    if (!a.distance)
        return fx_triplet_margin_loss_at((fx_triplet_margin_loss_args){ .anchor = a.anchor,
                                                                        .positive = a.positive,
                                                                        .negative = a.negative,
                                                                        .margin = a.margin,
                                                                        .p = 2,
                                                                        .eps = 1e-6,
                                                                        .swap = a.swap,
                                                                        .reduction = a.reduction },
                                         where);
    fx_tensor *near = a.distance(a.anchor, a.positive, a.data, where);
    fx_tensor *far = near ? a.distance(a.anchor, a.negative, a.data, where) : NULL;
    if (far && a.swap) {
        fx_tensor *other = a.distance(a.positive, a.negative, a.data, where);
        far = other ? fx_minimum_at(fx_operand_tensor(far), fx_operand_tensor(other), where) : NULL;
    }
    if (!near || !far) return NULL;
    return fx__reduce_losses(CLAMP_MIN(ADD(SUB(near, far), a.margin), 0), a.reduction, where);
}

/* ---- records ---- */

#define OPTION(function, field, kind) FX__FIELD(fx_##function##_args, field, kind, .optional = true)
#define GIVEN(function, field, name) FX__FIELD(fx_##function##_args, field, TENSOR, .torch = name)
#define REDUCTION(function)                                                                                  \
    FX__FIELD(fx_##function##_args, reduction, CHOICE, .optional = true, .choices = "none|mean|sum")
#define RECORD(function, words, gradient_, note, defaults_, lines, timed)                                    \
    FX__CALL(function, fx_##function##_args)                                                                 \
    static const fx_##function##_args function##_defaults = { .reduction = FX_REDUCTION_MEAN, defaults_ };   \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = "nn.functional." #function,                       \
                                                  .formula = words,                                          \
                                                  .gradient = gradient_,                                     \
                                                  .notes = note,                                             \
                                                  .fields = function##_fields,                               \
                                                  .args_size = sizeof(fx_##function##_args),                 \
                                                  .defaults = &function##_defaults,                          \
                                                  .call = function##_call,                                   \
                                                  .samples = lines,                                          \
                                                  .bench = timed };
static const fx_field cosine_embedding_loss_fields[] = { GIVEN(cosine_embedding_loss, x1, "input1"),
                                                         GIVEN(cosine_embedding_loss, x2, "input2"),
                                                         GIVEN(cosine_embedding_loss, target, "target"),
                                                         OPTION(cosine_embedding_loss, margin, REAL),
                                                         REDUCTION(cosine_embedding_loss),
                                                         FX__FIELDS_END };
RECORD(cosine_embedding_loss, "1 - cos(x1, x2) where t is 1, max(0, cos - margin) where it is -1, reduced",
       "that of cosine_similarity, -g or g", "squared norms have 1e-12 added; computed in float64",
       .margin = 0,
       "x1=(3,4) x2=(3,4) target=(3)i64{1,-1,0} reduction=none\nx1=(4) x2=(4) target=()i64{1}\nx1=(3,4) "
       "x2=(3,4) "
       "target=(3)i64{-1,-1,1} margin=-0.9\nx1=(3,4) x2=(3,4) target=(3)i64{-1,1,1} reduction=sum\nx1=~(0,3) "
       "x2=~(0,3) "
       "target=(0)i64\n! x1=() x2=() target=()\n! x1=(3,4) x2=(3,4) target=(4)i64\n! x1=(3,4) x2=(3) "
       "target=(3)i64\n",
       "x1=(1000,1000) x2=(1000,1000) target=~(1000)")
static const fx_field gaussian_nll_loss_fields[] = { GIVEN(gaussian_nll_loss, x, "input"),
                                                     GIVEN(gaussian_nll_loss, target, "target"),
                                                     GIVEN(gaussian_nll_loss, var, "var"),
                                                     OPTION(gaussian_nll_loss, full, BOOL),
                                                     OPTION(gaussian_nll_loss, eps, REAL),
                                                     REDUCTION(gaussian_nll_loss),
                                                     FX__FIELDS_END };
RECORD(gaussian_nll_loss, "(log v + (x - t)^2 / v) / 2, reduced; full: log(2 pi) / 2 more",
       "g (x - t) / v; g (1 - (x - t)^2 / v) / (2 v)", "v below eps counts as eps and keeps its gradient",
       .eps = 1e-6,
       "x=(3,4) target=(3,4) var=(3,4)@pos\nx=(3,4) target=(4) var=(3,1)@pos reduction=none\nx=(3,4) "
       "target=(3,1) "
       "var=(3)@pos full=true reduction=sum\nx=(4) target=() var=()@pos\nx=() target=() var=()@pos\nx=~(0,3) "
       "target=(3) "
       "var=(0,3)@pos\n! x=(3) target=(3) var=(2)\n! x=(3)i64 target=(3) var=(3)\n",
       "x=(1000,1000) target=(1000,1000) var=(1000,1000)@pos")
static const fx_field margin_ranking_loss_fields[] = { GIVEN(margin_ranking_loss, x1, "input1"),
                                                       GIVEN(margin_ranking_loss, x2, "input2"),
                                                       GIVEN(margin_ranking_loss, target, "target"),
                                                       OPTION(margin_ranking_loss, margin, REAL),
                                                       REDUCTION(margin_ranking_loss),
                                                       FX__FIELDS_END };
RECORD(
    margin_ranking_loss, "max(0, margin - t (x1 - x2)), reduced", "-g t; g t, where it is not below 0",
    "active at 0", .margin = 0,
    "x1=(3,4) x2=(3,4) target=(3,4)\nx1=(4) x2=(4) target=(4) margin=1 reduction=none\nx1=() x2=() target=() "
    "reduction=sum\nx1=~(0,3) x2=~(0,3) target=~(0,3)\n! x1=(3) x2=(3) target=()\n! x1=(3)i64 x2=(3) "
    "target=(3)\n",
    "x1=(1000,1000) x2=(1000,1000) target=~(1000,1000)")
static const fx_field multi_margin_loss_fields[] = { GIVEN(multi_margin_loss, x, "input"),
                                                     GIVEN(multi_margin_loss, target, "target"),
                                                     OPTION(multi_margin_loss, p, INT),
                                                     OPTION(multi_margin_loss, margin, REAL),
                                                     OPTION(multi_margin_loss, weight, TENSOR),
                                                     REDUCTION(multi_margin_loss),
                                                     FX__FIELDS_END };
static const fx_multi_margin_loss_args multi_margin_more = { .p = 1,
                                                             .margin = 1,
                                                             .reduction = FX_REDUCTION_MEAN };
FX__CALL(multi_margin_loss, fx_multi_margin_loss_args)
const fx_function fx__function_multi_margin_loss = {
    .name = "multi_margin_loss",
    .torch = "nn.functional.multi_margin_loss",
    .formula = "w_t times the sum over k != t of max(0, margin - x_t + x_k)^p / C, reduced",
    .gradient = "g w_t p z^(p - 1) / C for each k with z > 0; minus their sum for t",
    .notes = "0 where z is 0",
    .fields = multi_margin_loss_fields,
    .args_size = sizeof(fx_multi_margin_loss_args),
    .defaults = &multi_margin_more,
    .call = multi_margin_loss_call,
    .samples = "x=(3,4) target=(3)i64{0,3,1}\nx=(4) target=()i64{2}\nx=(2,4) target=(2)i64{2,0} p=2\nx=(3,4) "
               "target=(3)i64{0,3,1} "
               "weight=(4)@pos "
               "reduction=none\nx=(3,4) target=(3)i64{1,1,2} margin=0.5 reduction=sum\nx=() "
               "target=()i64{0}\nx=~(0,3) "
               "target=(0)i64\n! x=(3) target=()i64 p=3\n! x=(2,3) target=(3)i64\n! x=(2,3) target=(2)i64 "
               "weight=(2)\n",
    .bench = "x=(1000,1000) target=(1000)i64@int:1000",
};
static const fx_field multilabel_margin_loss_fields[] = { GIVEN(multilabel_margin_loss, x, "input"),
                                                          GIVEN(multilabel_margin_loss, target, "target"),
                                                          REDUCTION(multilabel_margin_loss), FX__FIELDS_END };
FX__CALL(multilabel_margin_loss, fx_multilabel_margin_loss_args)
static const fx_multilabel_margin_loss_args multilabel_defaults = { .reduction = FX_REDUCTION_MEAN };
const fx_function fx__function_multilabel_margin_loss = {
    .name = "multilabel_margin_loss",
    .torch = "nn.functional.multilabel_margin_loss",
    .formula = "the sum over the targets t before -1 and all other k of max(0, 1 - x_t + x_k) / C, reduced",
    .gradient = "g / C for each k with a positive term, -g / C for its t",
    .notes = "0 where a term is 0",
    .fields = multilabel_margin_loss_fields,
    .args_size = sizeof(fx_multilabel_margin_loss_args),
    .defaults = &multilabel_defaults,
    .call = multilabel_margin_loss_call,
    .samples =
        "x=(4) target=(4)i64{3,0,-1,1}\nx=(2,3) target=(2,3)i64{0,-1,2,2,1,-1} reduction=none\nx=(2,3) "
        "target=(2,3)i64{-1,0,1,0,1,2} reduction=sum\nx=() target=()i64{0}\nx=~(0,3) target=(0,3)i64\n! "
        "x=(3) "
        "target=(3)\n! x=(3) target=(2)i64\n! x=(3) target=(3)i64{0,3,1}\n",
    .bench = "x=(100,100) target=(100,100)i64@int:100",
};
static const fx_field multilabel_soft_margin_loss_fields[] = {
    GIVEN(multilabel_soft_margin_loss, x, "input"), GIVEN(multilabel_soft_margin_loss, target, "target"),
    OPTION(multilabel_soft_margin_loss, weight, TENSOR), REDUCTION(multilabel_soft_margin_loss),
    FX__FIELDS_END
};
FX__CALL(multilabel_soft_margin_loss, fx_multilabel_soft_margin_loss_args)
static const fx_multilabel_soft_margin_loss_args soft_margin_defaults = { .reduction = FX_REDUCTION_MEAN };
const fx_function fx__function_multilabel_soft_margin_loss = {
    .name = "multilabel_soft_margin_loss",
    .torch = "nn.functional.multilabel_soft_margin_loss",
    .formula = "the mean over classes of w (t log(1 + exp(-x)) + (1 - t) log(1 + exp x)), reduced",
    .gradient = "g w (sigmoid(x) - t) / C",
    .fields = multilabel_soft_margin_loss_fields,
    .args_size = sizeof(fx_multilabel_soft_margin_loss_args),
    .defaults = &soft_margin_defaults,
    .call = multilabel_soft_margin_loss_call,
    .samples =
        "x=(4) target=~(4)@prob\nx=(2,3) target=~(2,3)@prob reduction=none\nx=(2,3) target=~(2,3)@prob "
        "weight=~(3)@pos reduction=sum\nx=~(0,3) target=~(0,3)\n! x=() target=()\n! x=(3) target=(2)\n",
    .bench = "x=(1000,1000) target=~(1000,1000)@prob",
};
static const fx_field triplet_margin_loss_fields[] = { GIVEN(triplet_margin_loss, anchor, "anchor"),
                                                       GIVEN(triplet_margin_loss, positive, "positive"),
                                                       GIVEN(triplet_margin_loss, negative, "negative"),
                                                       OPTION(triplet_margin_loss, margin, REAL),
                                                       OPTION(triplet_margin_loss, p, REAL),
                                                       OPTION(triplet_margin_loss, eps, REAL),
                                                       OPTION(triplet_margin_loss, swap, BOOL),
                                                       REDUCTION(triplet_margin_loss),
                                                       FX__FIELDS_END };
FX__CALL(triplet_margin_loss, fx_triplet_margin_loss_args)
static const fx_triplet_margin_loss_args triplet_defaults = {
    .margin = 1, .p = 2, .eps = 1e-6, .reduction = FX_REDUCTION_MEAN
};
const fx_function fx__function_triplet_margin_loss = {
    .name = "triplet_margin_loss",
    .torch = "nn.functional.triplet_margin_loss",
    .formula = "max(0, d(anchor, positive) - d(anchor, negative) + margin), reduced; d is pairwise_distance",
    .gradient = "that of the distances, where it is not below 0",
    .notes = "active at 0; computed in float64",
    .fields = triplet_margin_loss_fields,
    .args_size = sizeof(fx_triplet_margin_loss_args),
    .defaults = &triplet_defaults,
    .call = triplet_margin_loss_call,
    .samples =
        "anchor=(3,4) positive=(3,4) negative=(3,4) margin=3 reduction=none\nanchor=(3,4) positive=(3,4) "
        "negative=(3,4) swap=true margin=2\nanchor=(4) positive=(4) negative=(4) p=3 margin=4 "
        "reduction=sum\nanchor=~(0,3) positive=~(0,3) negative=~(0,3)\n! anchor=(3) positive=(3) "
        "negative=(4)\n"
        "! anchor=()i64 positive=() negative=()\n",
    .bench = "anchor=(1000,1000) positive=(1000,1000) negative=(1000,1000)",
};

static const fx_field triplet_with_distance_fields[] = {
    GIVEN(triplet_margin_with_distance_loss, anchor, "anchor"),
    GIVEN(triplet_margin_with_distance_loss, positive, "positive"),
    GIVEN(triplet_margin_with_distance_loss, negative, "negative"),
    OPTION(triplet_margin_with_distance_loss, margin, REAL),
    OPTION(triplet_margin_with_distance_loss, swap, BOOL),
    REDUCTION(triplet_margin_with_distance_loss),
    FX__FIELDS_END
};
FX__CALL(triplet_margin_with_distance_loss, fx_triplet_margin_with_distance_loss_args)
static const fx_triplet_margin_with_distance_loss_args triplet_with_distance_defaults = {
    .margin = 1, .reduction = FX_REDUCTION_MEAN
};
const fx_function fx__function_triplet_margin_with_distance_loss = {
    .name = "triplet_margin_with_distance_loss",
    .torch = "nn.functional.triplet_margin_with_distance_loss",
    .formula = "max(0, d(anchor, positive) - d(anchor, negative) + margin), reduced; d is a function given",
    .gradient = "that of the distances, where it is not below 0",
    .notes = "active at 0; without a function d is pairwise_distance",
    .fields = triplet_with_distance_fields,
    .args_size = sizeof(fx_triplet_margin_with_distance_loss_args),
    .defaults = &triplet_with_distance_defaults,
    .call = triplet_margin_with_distance_loss_call,
    .samples =
        "anchor=(3,4) positive=(3,4) negative=(3,4) margin=3 reduction=none\nanchor=(3,4) positive=(3,4) "
        "negative=(3,4) swap=true margin=2\nanchor=(4) positive=(4) negative=(4) margin=4 reduction=sum\n"
        "anchor=~(0,3) positive=~(0,3) negative=~(0,3)\n! anchor=(3) positive=(3) negative=(4)\n"
        "! anchor=()i64 positive=() negative=()\n",
    .bench = "anchor=(1000,1000) positive=(1000,1000) negative=(1000,1000)",
};
