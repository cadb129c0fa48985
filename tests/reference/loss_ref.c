/* References of losses. */
#include "reference.h"

/* ---- classes ------------------------------------------------------------------------------------------- */

static bool is_float(const fx_ref_tensor *x) { return x->dtype == FX_F32 || x->dtype == FX_F64; }

/* The other dimensions of x, the classes being along dimension 1, or 0. */
static fx_ref_tensor *rows_of(fx_ref_call *c, const fx_ref_tensor *x)
{
    int64_t size[FX_MAX_DIMS];
    int ndim = 0;
    for (int d = 0; d < x->ndim; d++)
        if (d != (x->ndim > 1)) size[ndim++] = x->size[d];
    return WORK(ndim, size);
}

/* The losses in work, whose weights in the mean sum up to total. */
static void reduce_by(fx_ref_call *c, const fx_ref_tensor *work, quad total)
{
    if (CHOICE_IS("reduction", "none")) {
        OUT_REDUCTION(work);
        return;
    }
    fx_ref_tensor *y = OUT_SCALAR(0);
    EACH (work, i) AT(y, 0) += AT(work, i);
    if (CHOICE_IS("reduction", "mean")) AT(y, 0) /= total;
}

static quad largest_of_row(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t o)
{
    quad most = -HUGE_VALQ;
    EACH_OF_LANE (*l, k) {
        const quad b = BASE(x, lane_at(l, o, k));
        most = b > most ? b : most;
    }
    return most;
}

/* -log p_k of row o */
static quad surprise(const fx_ref_tensor *x, const fx_ref_lanes *l, int64_t o, int64_t k)
{
    const quad most = largest_of_row(x, l, o);
    quad rest = 0;
    bool taken = false;
    EACH_OF_LANE (*l, j) {
        const int64_t at = lane_at(l, o, j);
        const bool first = !taken && BASE(x, at) == most;
        taken = taken || first;
        rest += first ? expm1q(AT(x, at) - most) : expq(AT(x, at) - most);
    }
    return log1pq(rest) - (AT(x, lane_at(l, o, k)) - most);
}

static quad weight_of(const fx_ref_tensor *w, int64_t k) { return w ? AT(w, k) : 1; }

static void entropy_of_probabilities(fx_ref_call *c)
{
    fx_ref_tensor *x = TENSOR("x"), *t = TENSOR("target"), *w = TENSOR("weight"), *work = rows_of(c, x);
    fx_ref_lanes l = lanes_of(x, one_dim(x->ndim > 1));
    const quad a = REAL("label_smoothing");
    EACH_LANE (l, o)
        EACH_OF_LANE (l, k) {
            const quad p = AT(t, lane_at(&l, o, k)) * (1 - a) + a / (quad)l.length;
            AT(work, o) += p * weight_of(w, k) * surprise(x, &l, o, k);
        }
    reduce_by(c, work, (quad)l.count);
}

REFERENCE(cross_entropy)
{
    fx_ref_tensor *x = TENSOR("x"), *t = TENSOR("target"), *w = TENSOR("weight");
    if (is_float(t)) {
        entropy_of_probabilities(c);
        return;
    }
    fx_ref_tensor *work = rows_of(c, x);
    fx_ref_lanes l = lanes_of(x, one_dim(x->ndim > 1));
    const quad a = REAL("label_smoothing");
    quad total = 0;
    EACH_LANE (l, o) {
        const int64_t target = INT_AT(t, o);
        if (target == INT("ignore_index")) continue;
        total += weight_of(w, target);
        AT(work, o) = (1 - a) * weight_of(w, target) * surprise(x, &l, o, target);
        if (a == 0) continue;
        EACH_OF_LANE (l, k) AT(work, o) += a / (quad)l.length * weight_of(w, k) * surprise(x, &l, o, k);
    }
    reduce_by(c, work, total);
}

REFERENCE(nll_loss)
{
    fx_ref_tensor *x = TENSOR("x"), *t = TENSOR("target"), *w = TENSOR("weight"), *work = rows_of(c, x);
    fx_ref_lanes l = lanes_of(x, one_dim(x->ndim > 1));
    quad total = 0;
    EACH_LANE (l, o) {
        const int64_t target = INT_AT(t, o);
        if (target == INT("ignore_index")) continue;
        total += weight_of(w, target);
        AT(work, o) = -weight_of(w, target) * AT(x, lane_at(&l, o, target));
    }
    reduce_by(c, work, total);
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

/* One expression of x and t, decided by bx and bt, in x's shape; weights broadcast to it. */
#define LOSS_REFERENCE(name, expression)                                                                     \
    REFERENCE(name)                                                                                          \
    {                                                                                                        \
        fx_ref_tensor *x_ = TENSOR("x"), *t_ = TENSOR("target"), *work = WORK_LIKE(x_);                      \
        EACH (work, i) {                                                                                     \
            const quad x = AT(x_, i), t = AT(t_, i), bx = BASE(x_, i), bt = BASE(t_, i);                     \
            (void)x, (void)t, (void)bx, (void)bt;                                                            \
            AT(work, i) = (expression);                                                                      \
        }                                                                                                    \
        OUT_REDUCTION(work);                                                                                 \
    }

static quad softplus(quad x) { return fmaxq(x, 0) + log1pq(expq(-fabsq(x))); }
static quad above(quad x) { return x < -100 ? -100 : x; }
static quad weight_at(fx_ref_call *c, const char *name, const fx_ref_tensor *work, int64_t i)
{
    const fx_ref_tensor *w = TENSOR(name);
    return w ? AT(w, spread(work, i, w)) : 1;
}

LOSS_REFERENCE(mse_loss, (x - t) * (x - t))
LOSS_REFERENCE(l1_loss, bx > bt ? x - t : bx < bt ? t - x : 0)
LOSS_REFERENCE(smooth_l1_loss, fabsq(bx - bt) < REAL("beta") ? (x - t) * (x - t) / (2 * REAL("beta"))
                                                             : (bx > bt   ? x - t
                                                                : bx < bt ? t - x
                                                                          : 0) -
                                                                   REAL("beta") / 2)
LOSS_REFERENCE(huber_loss, fabsq(bx - bt) <= REAL("delta")
                               ? (x - t) * (x - t) / 2
                               : REAL("delta") * ((bx > bt ? x - t : t - x) - REAL("delta") / 2))
LOSS_REFERENCE(binary_cross_entropy,
               -weight_at(c, "weight", work, i) * (t * above(logq(x)) + (1 - t) * above(log1pq(-x))))
LOSS_REFERENCE(binary_cross_entropy_with_logits,
               weight_at(c, "weight", work, i) * ((bt == 1 && t == 1 ? 0 : (1 - t) * softplus(x)) +
                                                  weight_at(c, "pos_weight", work, i) * t * softplus(-x)))
LOSS_REFERENCE(soft_margin_loss, softplus(-t *x))
LOSS_REFERENCE(hinge_embedding_loss, (bt == 1                   ? 0
                                      : REAL("margin") - bx > 0 ? REAL("margin") - x
                                                                : 0) +
                                         (bt == -1 ? 0 : x))
LOSS_REFERENCE(poisson_nll_loss, (BOOL("log_input") ? expq(x) - t * x : x - t * logq(x + REAL("eps"))) +
                                     (BOOL("full") && bt > 1 ? t * logq(t) - t + logq(2 * M_PIq * t) / 2 : 0))

REFERENCE(kl_div)
{
    fx_ref_tensor *x = TENSOR("x"), *t = TENSOR("target"), *work = WORK_LIKE(x);
    EACH (work, i)
        if (BOOL("log_target"))
            AT(work, i) = expq(AT(t, i)) * (AT(t, i) - AT(x, i));
        else
            AT(work, i) = (BASE(t, i) == 0 ? 0 : AT(t, i) * logq(AT(t, i))) - AT(t, i) * AT(x, i);
    if (!CHOICE_IS("reduction", "batchmean")) {
        OUT_REDUCTION(work);
        return;
    }
    fx_ref_tensor *y = OUT_SCALAR(0);
    EACH (work, i) AT(y, 0) += AT(work, i);
    if (x->ndim) AT(y, 0) /= (quad)x->size[0];
}

/* ---- margins ------------------------------------------------------------------------------------------- */

/* var is one for each number of x, or for each row of x; below eps it is eps, which moves as var does. */
REFERENCE(gaussian_nll_loss)
{
    fx_ref_tensor *x = TENSOR("x"), *t = TENSOR("target"), *var = TENSOR("var"), *work = WORK_LIKE(x);
    const int64_t each = var->numel == x->numel ? 1 : x->size[x->ndim - 1];
    EACH (work, i) {
        const quad d = AT(x, i) - AT(t, spread(work, i, t)), b = BASE(var, i / each);
        const quad v = AT(var, i / each) + (b < REAL("eps") ? REAL("eps") - b : 0);
        AT(work, i) = (logq(v) + d * d / v + (BOOL("full") ? logq(2 * M_PIq) : 0)) / 2;
    }
    OUT_REDUCTION(work);
}

REFERENCE(margin_ranking_loss)
{
    fx_ref_tensor *a = TENSOR("x1"), *b = TENSOR("x2"), *t = TENSOR("target"), *work = WORK_LIKE(a);
    EACH (work, i)
        if (REAL("margin") - BASE(t, i) * (BASE(a, i) - BASE(b, i)) >= 0)
            AT(work, i) = REAL("margin") - AT(t, i) * (AT(a, i) - AT(b, i));
    OUT_REDUCTION(work);
}

/* x as rows of so many classes, each of which has a loss. */
static fx_ref_tensor *losses_of_rows(fx_ref_call *c, const fx_ref_tensor *x, int64_t *classes)
{
    *classes = x->ndim ? x->size[x->ndim - 1] : 1;
    return WORK(x->ndim == 2 ? 1 : 0, x->size);
}

REFERENCE(multi_margin_loss)
{
    int64_t n;
    fx_ref_tensor *x = TENSOR("x"), *target = TENSOR("target"), *w = TENSOR("weight");
    fx_ref_tensor *work = losses_of_rows(c, x, &n);
    EACH (work, i)
        RANGE (k, n) {
            const int64_t t = INT_AT(target, i), at = i * n + t;
            const quad over = REAL("margin") - AT(x, at) + AT(x, i * n + k);
            if (k == t || REAL("margin") - BASE(x, at) + BASE(x, i * n + k) <= 0) continue;
            AT(work, i) += weight_of(w, t) * (INT("p") == 2 ? over * over : over) / (quad)n;
        }
    OUT_REDUCTION(work);
}

/* Whether a class is among the targets of a row, which end at the first that is negative. */
static bool is_among(const fx_ref_tensor *target, int64_t row, int64_t n, int64_t class)
{
    for (int64_t j = row * n; j < (row + 1) * n && INT_AT(target, j) >= 0; j++)
        if (INT_AT(target, j) == class) return true;
    return false;
}

REFERENCE(multilabel_margin_loss)
{
    int64_t n;
    fx_ref_tensor *x = TENSOR("x"), *target = TENSOR("target"), *work = losses_of_rows(c, x, &n);
    EACH (work, i)
        for (int64_t j = i * n; j < (i + 1) * n && INT_AT(target, j) >= 0; j++)
            RANGE (k, n) {
                const int64_t at = i * n + INT_AT(target, j), other = i * n + k;
                if (is_among(target, i, n, k) || 1 - BASE(x, at) + BASE(x, other) <= 0) continue;
                AT(work, i) += (1 - AT(x, at) + AT(x, other)) / (quad)n;
            }
    OUT_REDUCTION(work);
}

REFERENCE(multilabel_soft_margin_loss)
{
    int64_t n;
    fx_ref_tensor *x = TENSOR("x"), *t = TENSOR("target"), *work = losses_of_rows(c, x, &n);
    EACH (x, i)
        AT(work, i / n) += weight_at(c, "weight", x, i) / (quad)n *
                           (AT(t, i) * softplus(-AT(x, i)) + (1 - AT(t, i)) * softplus(AT(x, i)));
    OUT_REDUCTION(work);
}

REFERENCES(loss, ROW(cross_entropy), ROW(nll_loss), ROW(mse_loss), ROW(l1_loss), ROW(smooth_l1_loss),
           ROW(huber_loss), ROW(binary_cross_entropy), ROW(binary_cross_entropy_with_logits),
           ROW(soft_margin_loss), ROW(hinge_embedding_loss), ROW(poisson_nll_loss), ROW(kl_div),
           ROW(gaussian_nll_loss), ROW(margin_ranking_loss), ROW(multi_margin_loss),
           ROW(multilabel_margin_loss), ROW(multilabel_soft_margin_loss))
