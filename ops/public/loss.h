/* Softmax, and the losses. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_LOSS_H
#define FLUXION_PUBLIC_LOSS_H

#include "reduction.h"
#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- softmax, losses ----------------------------------------------------------------------------------- */

/* exp x / sum of exp x along dim, the last one if none is named; floating numbers only (dtype converts
 * first). */
typedef struct fx_softmax_args {
    fx_tensor *x;
    int64_t dim;
    fx_dtype dtype;
} fx_softmax_args;
#define fx_softmax(...) fx_softmax_at(FX_LITERAL(fx_softmax_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_softmax_at(fx_softmax_args args, fx_where where);
/* Its logarithm, exact where it is nearly 1. */
typedef fx_softmax_args fx_log_softmax_args;
#define fx_log_softmax(...)                                                                                  \
    fx_log_softmax_at(FX_LITERAL(fx_log_softmax_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_log_softmax_at(fx_log_softmax_args args, fx_where where);
/* softmax of -x. */
typedef fx_softmax_args fx_softmin_args;
#define fx_softmin(...) fx_softmin_at(FX_LITERAL(fx_softmin_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_softmin_at(fx_softmin_args args, fx_where where);
/* The logarithm of the sum of exp x over dims (all, if none are given): -inf where there is nothing. The
 * gradient is softmax, and 0 where all numbers are -inf. */
FX__REDUCTION(logsumexp, )
#define fx_logsumexp(...) fx_logsumexp_at(FX_LITERAL(fx_logsumexp_args){ .x = __VA_ARGS__ }, FX_HERE)

/* Losses: none: one a row or a number; mean: over their number, or the sum of their weights where a comment
 * says so; sum. */
typedef enum fx_reduction {
    FX_REDUCTION_NONE,
    FX_REDUCTION_MEAN,
    FX_REDUCTION_SUM,
    FX_REDUCTION_BATCHMEAN
} fx_reduction;

/* -log of the probability that softmax over dimension 1 of x, (N, C), (N, C, d1, ...) or (C), gives to
 * target:
 *   - classes, integers in x's shape without C: (1 - a) w_t (-log p_t) + a / C sum of w_k (-log p_k), a being
 * label_smoothing and w weight, (C), or ones. Rows whose target is ignore_index count as 0; the mean is over
 * the sum of w_t of the others, NaN if there are none. A class that is not 0 .. C-1 is an error;
 *   - probabilities, floating numbers in x's shape: sum of t_k w_k (-log p_k), t smoothed alike; the mean is
 * over the rows. weight has no gradient. */
typedef struct fx_cross_entropy_args {
    fx_tensor *x, *target, *weight;
    int64_t ignore_index;
    int reduction; /* fx_reduction */
    double label_smoothing;
} fx_cross_entropy_args;
#define fx_cross_entropy(x_, ...)                                                                            \
    fx_cross_entropy_at(                                                                                     \
        FX_LITERAL(fx_cross_entropy_args){                                                                   \
            .reduction = FX_REDUCTION_MEAN, .ignore_index = -100, .x = x_, .target = __VA_ARGS__ },          \
        FX_HERE)
FX_API fx_tensor *fx_cross_entropy_at(fx_cross_entropy_args args, fx_where where);

/* The same of log probabilities: -w_t x_t. Classes only. */
typedef struct fx_nll_loss_args {
    fx_tensor *x, *target, *weight;
    int64_t ignore_index;
    int reduction; /* fx_reduction */
} fx_nll_loss_args;
#define fx_nll_loss(x_, ...)                                                                                 \
    fx_nll_loss_at(                                                                                          \
        FX_LITERAL(fx_nll_loss_args){                                                                        \
            .reduction = FX_REDUCTION_MEAN, .ignore_index = -100, .x = x_, .target = __VA_ARGS__ },          \
        FX_HERE)
FX_API fx_tensor *fx_nll_loss_at(fx_nll_loss_args args, fx_where where);

/* Losses of numbers: x and target have one shape (they do not broadcast: that hides mistakes); weights
 * broadcast to it and have no gradient. The mean is over all numbers. fx_mse_loss(x, target, .reduction =
 * FX_REDUCTION_SUM). */
/* (x - t)^2 */
typedef struct fx_mse_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
} fx_mse_loss_args;
#define fx_mse_loss(x_, ...)                                                                                 \
    fx_mse_loss_at(                                                                                          \
        FX_LITERAL(fx_mse_loss_args){ .reduction = FX_REDUCTION_MEAN, .x = x_, .target = __VA_ARGS__ },      \
        FX_HERE)
FX_API fx_tensor *fx_mse_loss_at(fx_mse_loss_args args, fx_where where);
/* |x - t| */
typedef struct fx_l1_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
} fx_l1_loss_args;
#define fx_l1_loss(x_, ...)                                                                                  \
    fx_l1_loss_at(                                                                                           \
        FX_LITERAL(fx_l1_loss_args){ .reduction = FX_REDUCTION_MEAN, .x = x_, .target = __VA_ARGS__ },       \
        FX_HERE)
FX_API fx_tensor *fx_l1_loss_at(fx_l1_loss_args args, fx_where where);
/* (x - t)^2 / (2 beta) where |x - t| < beta, else |x - t| - beta / 2 */
typedef struct fx_smooth_l1_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    double beta;
} fx_smooth_l1_loss_args;
#define fx_smooth_l1_loss(x_, ...)                                                                           \
    fx_smooth_l1_loss_at(                                                                                    \
        FX_LITERAL(fx_smooth_l1_loss_args){                                                                  \
            .reduction = FX_REDUCTION_MEAN, .beta = 1, .x = x_, .target = __VA_ARGS__ },                     \
        FX_HERE)
FX_API fx_tensor *fx_smooth_l1_loss_at(fx_smooth_l1_loss_args args, fx_where where);
/* (x - t)^2 / 2 where |x - t| <= delta, else delta (|x - t| - delta / 2) */
typedef struct fx_huber_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    double delta;
} fx_huber_loss_args;
#define fx_huber_loss(x_, ...)                                                                               \
    fx_huber_loss_at(                                                                                        \
        FX_LITERAL(fx_huber_loss_args){                                                                      \
            .reduction = FX_REDUCTION_MEAN, .delta = 1, .x = x_, .target = __VA_ARGS__ },                    \
        FX_HERE)
FX_API fx_tensor *fx_huber_loss_at(fx_huber_loss_args args, fx_where where);
/* -w (t log x + (1 - t) log(1 - x)), logarithms not below -100 */
typedef struct fx_binary_cross_entropy_args {
    fx_tensor *x, *target, *weight;
    int reduction; /* fx_reduction */
} fx_binary_cross_entropy_args;
#define fx_binary_cross_entropy(x_, ...)                                                                     \
    fx_binary_cross_entropy_at(FX_LITERAL(fx_binary_cross_entropy_args){ .reduction = FX_REDUCTION_MEAN,     \
                                                                         .x = x_,                            \
                                                                         .target = __VA_ARGS__ },            \
                               FX_HERE)
FX_API fx_tensor *fx_binary_cross_entropy_at(fx_binary_cross_entropy_args args, fx_where where);
/* The same of sigmoid(x), from x, with the term of t times pos_weight. */
typedef struct fx_binary_cross_entropy_with_logits_args {
    fx_tensor *x, *target, *weight, *pos_weight;
    int reduction; /* fx_reduction */
} fx_binary_cross_entropy_with_logits_args;
#define fx_binary_cross_entropy_with_logits(x_, ...)                                                         \
    fx_binary_cross_entropy_with_logits_at(                                                                  \
        FX_LITERAL(fx_binary_cross_entropy_with_logits_args){                                                \
            .reduction = FX_REDUCTION_MEAN, .x = x_, .target = __VA_ARGS__ },                                \
        FX_HERE)
FX_API fx_tensor *fx_binary_cross_entropy_with_logits_at(fx_binary_cross_entropy_with_logits_args args,
                                                         fx_where where);
/* t (log t - x), x being log probabilities; log_target: exp(t) (t - x). FX_REDUCTION_BATCHMEAN: the sum over
 * the first size, which is the divergence. */
typedef struct fx_kl_div_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    bool log_target;
} fx_kl_div_args;
#define fx_kl_div(x_, ...)                                                                                   \
    fx_kl_div_at(                                                                                            \
        FX_LITERAL(fx_kl_div_args){ .reduction = FX_REDUCTION_MEAN, .x = x_, .target = __VA_ARGS__ },        \
        FX_HERE)
FX_API fx_tensor *fx_kl_div_at(fx_kl_div_args args, fx_where where);
/* log(1 + exp(-t x)) */
typedef struct fx_soft_margin_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
} fx_soft_margin_loss_args;
#define fx_soft_margin_loss(x_, ...)                                                                         \
    fx_soft_margin_loss_at(FX_LITERAL(fx_soft_margin_loss_args){ .reduction = FX_REDUCTION_MEAN,             \
                                                                 .x = x_,                                    \
                                                                 .target = __VA_ARGS__ },                    \
                           FX_HERE)
FX_API fx_tensor *fx_soft_margin_loss_at(fx_soft_margin_loss_args args, fx_where where);
/* x where t is 1, max(0, margin - x) where t is -1 */
typedef struct fx_hinge_embedding_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    double margin;
} fx_hinge_embedding_loss_args;
#define fx_hinge_embedding_loss(x_, ...)                                                                     \
    fx_hinge_embedding_loss_at(                                                                              \
        FX_LITERAL(fx_hinge_embedding_loss_args){                                                            \
            .reduction = FX_REDUCTION_MEAN, .margin = 1, .x = x_, .target = __VA_ARGS__ },                   \
        FX_HERE)
FX_API fx_tensor *fx_hinge_embedding_loss_at(fx_hinge_embedding_loss_args args, fx_where where);
/* exp(x) - t x, or x - t log(x + eps) if log_input is false; full adds Stirling's term of the target */
typedef struct fx_poisson_nll_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction */
    bool log_input, full;
    double eps;
} fx_poisson_nll_loss_args;
#define fx_poisson_nll_loss(x_, ...)                                                                         \
    fx_poisson_nll_loss_at(FX_LITERAL(fx_poisson_nll_loss_args){ .reduction = FX_REDUCTION_MEAN,             \
                                                                 .log_input = true,                          \
                                                                 .eps = 1e-8,                                \
                                                                 .x = x_,                                    \
                                                                 .target = __VA_ARGS__ },                    \
                           FX_HERE)
FX_API fx_tensor *fx_poisson_nll_loss_at(fx_poisson_nll_loss_args args, fx_where where);

/* ---- losses of pairs and margins ----------------------------------------------------------------------- */

/* 1 - cos(x1, x2) where target is 1, max(0, cos - margin) where it is -1; vectors along the last dimension.
 */
typedef struct fx_cosine_embedding_loss_args {
    fx_tensor *x1, *x2, *target;
    double margin; /* 0 */
    int reduction; /* fx_reduction: mean */
} fx_cosine_embedding_loss_args;
#define fx_cosine_embedding_loss(...)                                                                        \
    fx_cosine_embedding_loss_at(                                                                             \
        FX_LITERAL(fx_cosine_embedding_loss_args){ .reduction = FX_REDUCTION_MEAN, .x1 = __VA_ARGS__ },      \
        FX_HERE)
FX_API fx_tensor *fx_cosine_embedding_loss_at(fx_cosine_embedding_loss_args args, fx_where where);

/* (log v + (x - t)^2 / v) / 2, v being var, at least eps, and full adding log(2 pi) / 2. var is one for each
 * number of x, or has no last dimension, or one of size 1. */
typedef struct fx_gaussian_nll_loss_args {
    fx_tensor *x, *target, *var;
    bool full;
    double eps;    /* 1e-6 */
    int reduction; /* fx_reduction: mean */
} fx_gaussian_nll_loss_args;
#define fx_gaussian_nll_loss(...)                                                                            \
    fx_gaussian_nll_loss_at(FX_LITERAL(fx_gaussian_nll_loss_args){ .eps = 1e-6,                              \
                                                                   .reduction = FX_REDUCTION_MEAN,           \
                                                                   .x = __VA_ARGS__ },                       \
                            FX_HERE)
FX_API fx_tensor *fx_gaussian_nll_loss_at(fx_gaussian_nll_loss_args args, fx_where where);

/* max(0, margin - t (x1 - x2)) */
typedef struct fx_margin_ranking_loss_args {
    fx_tensor *x1, *x2, *target;
    double margin; /* 0 */
    int reduction; /* fx_reduction: mean */
} fx_margin_ranking_loss_args;
#define fx_margin_ranking_loss(...)                                                                          \
    fx_margin_ranking_loss_at(                                                                               \
        FX_LITERAL(fx_margin_ranking_loss_args){ .reduction = FX_REDUCTION_MEAN, .x1 = __VA_ARGS__ },        \
        FX_HERE)
FX_API fx_tensor *fx_margin_ranking_loss_at(fx_margin_ranking_loss_args args, fx_where where);

/* Of rows (N, C) or (C) and classes (N): w_t times the sum over k != t of max(0, margin - x_t + x_k)^p / C, p
 * 1 or 2. multilabel_margin: classes (N, C), of which those before the first -1 count: the sum over them and
 * all k that are not among them of max(0, 1 - x_t + x_k) / C. multilabel_soft_margin: binary cross entropy
 * with logits, the mean over C. */
typedef struct fx_multi_margin_loss_args {
    fx_tensor *x, *target;
    int64_t p;     /* 1 */
    double margin; /* 1 */
    fx_tensor *weight;
    int reduction; /* fx_reduction: mean */
} fx_multi_margin_loss_args;
#define fx_multi_margin_loss(...)                                                                            \
    fx_multi_margin_loss_at(                                                                                 \
        FX_LITERAL(fx_multi_margin_loss_args){                                                               \
            .p = 1, .margin = 1, .reduction = FX_REDUCTION_MEAN, .x = __VA_ARGS__ },                         \
        FX_HERE)
FX_API fx_tensor *fx_multi_margin_loss_at(fx_multi_margin_loss_args args, fx_where where);
typedef struct fx_multilabel_margin_loss_args {
    fx_tensor *x, *target;
    int reduction; /* fx_reduction: mean */
} fx_multilabel_margin_loss_args;
#define fx_multilabel_margin_loss(...)                                                                       \
    fx_multilabel_margin_loss_at(                                                                            \
        FX_LITERAL(fx_multilabel_margin_loss_args){ .reduction = FX_REDUCTION_MEAN, .x = __VA_ARGS__ },      \
        FX_HERE)
FX_API fx_tensor *fx_multilabel_margin_loss_at(fx_multilabel_margin_loss_args args, fx_where where);
typedef struct fx_multilabel_soft_margin_loss_args {
    fx_tensor *x, *target, *weight;
    int reduction; /* fx_reduction: mean */
} fx_multilabel_soft_margin_loss_args;
#define fx_multilabel_soft_margin_loss(...)                                                                  \
    fx_multilabel_soft_margin_loss_at(                                                                       \
        FX_LITERAL(fx_multilabel_soft_margin_loss_args){ .reduction = FX_REDUCTION_MEAN, .x = __VA_ARGS__ }, \
        FX_HERE)
FX_API fx_tensor *fx_multilabel_soft_margin_loss_at(fx_multilabel_soft_margin_loss_args args, fx_where where);

/* max(0, d(anchor, positive) - d(anchor, negative) + margin), d being pairwise_distance; swap: the less of
 * the negative's distances from anchor and positive. */
typedef struct fx_triplet_margin_loss_args {
    fx_tensor *anchor, *positive, *negative;
    double margin, p, eps; /* 1, 2, 1e-6 */
    bool swap;
    int reduction; /* fx_reduction: mean */
} fx_triplet_margin_loss_args;
#define fx_triplet_margin_loss(...)                                                                          \
    fx_triplet_margin_loss_at(                                                                               \
        FX_LITERAL(fx_triplet_margin_loss_args){                                                             \
            .margin = 1, .p = 2, .eps = 1e-6, .reduction = FX_REDUCTION_MEAN, .anchor = __VA_ARGS__ },       \
        FX_HERE)
FX_API fx_tensor *fx_triplet_margin_loss_at(fx_triplet_margin_loss_args args, fx_where where);

/* The same with a distance of one's own, a function of two tensors that gives one number a row; NULL:
 * pairwise_distance. data is handed to it. */
typedef fx_tensor *fx_distance_function(fx_tensor *a, fx_tensor *b, void *data, fx_where where);
typedef struct fx_triplet_margin_with_distance_loss_args {
    fx_tensor *anchor, *positive, *negative;
    fx_distance_function *distance;
    void *data;
    double margin; /* 1 */
    bool swap;
    int reduction; /* fx_reduction: mean */
} fx_triplet_margin_with_distance_loss_args;
#define fx_triplet_margin_with_distance_loss(...)                                                            \
    fx_triplet_margin_with_distance_loss_at(                                                                 \
        FX_LITERAL(fx_triplet_margin_with_distance_loss_args){                                               \
            .margin = 1, .reduction = FX_REDUCTION_MEAN, .anchor = __VA_ARGS__ },                            \
        FX_HERE)
FX_API fx_tensor *fx_triplet_margin_with_distance_loss_at(fx_triplet_margin_with_distance_loss_args args,
                                                          fx_where where);

/* Connectionist temporal classification: log_probs (T, N, C), or (T, C) for one sequence, natural logarithms
 * of probabilities; targets (N, S), padded, or one after the other in one dimension; of each sequence how
 * many times count, and how long its target is, (N) or () of one. All integers. The mean is over target
 * lengths, then the batch. A target that no alignment reaches has the loss infinity, or 0 with zero_infinity,
 * and no gradient. FX_ERROR_ARGUMENT for lengths that do not fit, FX_ERROR_INDEX for a class that there is
 * not. */
typedef struct fx_ctc_loss_args {
    fx_tensor *log_probs, *targets, *input_lengths, *target_lengths;
    int64_t blank;
    int reduction; /* fx_reduction: mean */
    bool zero_infinity;
} fx_ctc_loss_args;
#define fx_ctc_loss(...)                                                                                     \
    fx_ctc_loss_at(FX_LITERAL(fx_ctc_loss_args){ .reduction = FX_REDUCTION_MEAN, .log_probs = __VA_ARGS__ }, \
                   FX_HERE)
FX_API fx_tensor *fx_ctc_loss_at(fx_ctc_loss_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
