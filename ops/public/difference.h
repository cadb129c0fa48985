/* Differences, integrals, distances. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_DIFFERENCE_H
#define FLUXION_PUBLIC_DIFFERENCE_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The n-th differences of neighbours along dim, of prepend, x and append joined; as many fewer numbers, none
 * if there are not so many. n = 0: x. */
typedef struct fx_diff_args {
    fx_tensor *x;
    int64_t n, dim; /* 1, -1 */
    fx_tensor *prepend, *append;
} fx_diff_args;
#define fx_diff(...) fx_diff_at(FX_LITERAL(fx_diff_args){ .n = 1, .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_diff_at(fx_diff_args args, fx_where where);

/* The integral of y along dim by the trapezoidal rule, at the places x (of y's sizes, or one for each number
 * along dim), or dx apart; and the integrals up to each place but the first. */
typedef struct fx_trapezoid_args {
    fx_tensor *y, *x;
    double dx;   /* 1 */
    int64_t dim; /* -1 */
} fx_trapezoid_args;
#define fx_trapezoid(...)                                                                                    \
    fx_trapezoid_at(FX_LITERAL(fx_trapezoid_args){ .dx = 1, .dim = -1, .y = __VA_ARGS__ }, FX_HERE)
#define fx_cumulative_trapezoid(...)                                                                         \
    fx_cumulative_trapezoid_at(FX_LITERAL(fx_trapezoid_args){ .dx = 1, .dim = -1, .y = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_trapezoid_at(fx_trapezoid_args args, fx_where where);
FX_API fx_tensor *fx_cumulative_trapezoid_at(fx_trapezoid_args args, fx_where where);

/* Slopes of a sampled function x along each of dims (all, if none are given), into outputs: how many, 0 after
 * a failure. By three neighbours inside, exact for parabolas; at the edges by two (edge_order 1) or three
 * (2). Samples are `spacing` apart or lie at coordinates, one tensor of one dimension for each dim, which
 * have no gradient. (PyTorch: gradient.) */
typedef struct fx_gradient_of_args {
    fx_tensor *x;
    fx_dims dims;
    fx_list coordinates;
    double spacing;     /* 1 */
    int64_t edge_order; /* 1 */
} fx_gradient_of_args;
#define fx_gradient_of(outputs, ...)                                                                         \
    fx_gradient_of_at(outputs,                                                                               \
                      FX_LITERAL(fx_gradient_of_args){ .spacing = 1, .edge_order = 1, .x = __VA_ARGS__ },    \
                      FX_HERE)
FX_API int fx_gradient_of_at(fx_tensor **outputs, fx_gradient_of_args args, fx_where where);

/* Covariances of variables, the rows of x, of observations, its columns, each counted fweights (integers)
 * times and with the weight aweights, over their number less correction; and those over the roots of both
 * variances. One variable, x of one dimension, gives a 0-d tensor. */
typedef struct fx_cov_args {
    fx_tensor *x;
    int64_t correction; /* 1 */
    fx_tensor *fweights, *aweights;
} fx_cov_args;
#define fx_cov(...) fx_cov_at(FX_LITERAL(fx_cov_args){ .correction = 1, .x = __VA_ARGS__ }, FX_HERE)
#define fx_corrcoef(x) fx_corrcoef_at(x, FX_HERE)
FX_API fx_tensor *fx_cov_at(fx_cov_args args, fx_where where);
FX_API fx_tensor *fx_corrcoef_at(fx_tensor *x, fx_where where);

/* The cross product of vectors of three along dim; the other dimensions broadcast. */
typedef struct fx_cross_args {
    fx_tensor *x, *other;
    int64_t dim; /* -1 */
} fx_cross_args;
#define fx_cross(...) fx_cross_at(FX_LITERAL(fx_cross_args){ .dim = -1, .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cross_at(fx_cross_args args, fx_where where);

/* Distances of order p, the norm of differences: of two tensors as a whole (dist); of points (..., n, m) and
 * (..., k, m), each with each, (..., n, k) (cdist); of all pairs of points (n, m), i < j (pdist); along the
 * last dimension, eps being added to each difference (pairwise_distance). */
typedef struct fx_dist_args {
    fx_tensor *x, *other;
    double p; /* 2 */
} fx_dist_args;
typedef struct fx_cdist_args {
    fx_tensor *x1, *x2;
    double p;                 /* 2 */
    const char *compute_mode; /* PyTorch's; not looked at */
} fx_cdist_args;
typedef struct fx_pdist_args {
    fx_tensor *x;
    double p; /* 2 */
} fx_pdist_args;
typedef struct fx_pairwise_distance_args {
    fx_tensor *x1, *x2;
    double p, eps; /* 2, 1e-6 */
    bool keepdim;
} fx_pairwise_distance_args;
#define fx_dist(...) fx_dist_at(FX_LITERAL(fx_dist_args){ .p = 2, .x = __VA_ARGS__ }, FX_HERE)
#define fx_cdist(...) fx_cdist_at(FX_LITERAL(fx_cdist_args){ .p = 2, .x1 = __VA_ARGS__ }, FX_HERE)
#define fx_pdist(...) fx_pdist_at(FX_LITERAL(fx_pdist_args){ .p = 2, .x = __VA_ARGS__ }, FX_HERE)
#define fx_pairwise_distance(...)                                                                            \
    fx_pairwise_distance_at(FX_LITERAL(fx_pairwise_distance_args){ .p = 2, .eps = 1e-6, .x1 = __VA_ARGS__ }, \
                            FX_HERE)
FX_API fx_tensor *fx_dist_at(fx_dist_args args, fx_where where);
FX_API fx_tensor *fx_cdist_at(fx_cdist_args args, fx_where where);
FX_API fx_tensor *fx_pdist_at(fx_pdist_args args, fx_where where);
FX_API fx_tensor *fx_pairwise_distance_at(fx_pairwise_distance_args args, fx_where where);

/* The cosine of the angle between vectors along dim, which broadcast; norms count as eps at least. */
typedef struct fx_cosine_similarity_args {
    fx_tensor *x1, *x2;
    int64_t dim; /* 1 */
    double eps;  /* 1e-8 */
} fx_cosine_similarity_args;
#define fx_cosine_similarity(...)                                                                            \
    fx_cosine_similarity_at(                                                                                 \
        FX_LITERAL(fx_cosine_similarity_args){ .dim = 1, .eps = 1e-8, .x1 = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_cosine_similarity_at(fx_cosine_similarity_args args, fx_where where);

/* x with each part x[..., i, ...] along dim scaled so that its norm of order p is at most maxnorm. */
typedef struct fx_renorm_args {
    fx_tensor *x;
    double p;
    int64_t dim;
    double maxnorm;
} fx_renorm_args;
#define fx_renorm(...) fx_renorm_at(FX_LITERAL(fx_renorm_args){ .x = __VA_ARGS__ }, FX_HERE)
FX_API fx_tensor *fx_renorm_at(fx_renorm_args args, fx_where where);

#ifdef __cplusplus
}
#endif
#endif
