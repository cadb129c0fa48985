/* Distances of points and angles between vectors: norms of differences.
 */
#include "indexing.h"
#include "lanes.h"
#include "terms.h"

static fx_tensor *norm_of(fx_tensor *x, double p, int64_t dim, bool keepdim, fx_where where)
{
    return fx_norm_at((fx_norm_args){ .x = x, .p = p, .dims = fx__one_dim(dim), .keepdim = keepdim }, where);
}

static bool two_floating(const fx_tensor *a, const fx_tensor *b, const char *name, fx_where where)
{
    return a && b && fx__is_floating(a, name, where) && fx__is_floating(b, name, where);
}

static bool broadcast(fx_tensor *a, fx_tensor *b, const char *name, fx_where where)
{
    fx__sizes sizes;
    return fx__broadcast_sizes((fx_list){ 2, (fx_tensor *[]){ a, b } }, &sizes, name, where);
}

fx_tensor *fx_dist_at(fx_dist_args a, fx_where where)
{
    if (!two_floating(a.x, a.other, "dist", where) || !broadcast(a.x, a.other, "dist", where)) return NULL;
    return fx_norm_at((fx_norm_args){ .x = SUB(a.x, a.other), .p = a.p }, where);
}

fx_tensor *fx_cdist_at(fx_cdist_args a, fx_where where)
{
    fx_tensor *x = a.x1, *y = a.x2;
    if (!two_floating(x, y, "cdist", where)) return NULL;
    if (x->ndim < 2 || y->ndim < 2 || x->size[x->ndim - 1] != y->size[y->ndim - 1] || !(a.p >= 0))
        return FX__REFUSE(x, ERROR_SHAPE, where, "cdist: no distances of order %g of points %s and %s", a.p,
                          fx__shape_text(x), fx__shape_text(y));
    fx_tensor *d = SUB(fx__unsqueeze(x, x->ndim - 1, where), fx__unsqueeze(y, y->ndim - 2, where));
    return norm_of(d, a.p, -1, false, where);
}

fx_tensor *fx_pdist_at(fx_pdist_args a, fx_where where)
{
    fx_tensor *x = a.x;
    if (!x || !fx__is_floating(x, "pdist", where)) return NULL;
    if (x->ndim != 2 || !(a.p >= 0))
        return FX__REFUSE(x, ERROR_SHAPE, where, "pdist: no distances of order %g of points %s", a.p,
                          fx__shape_text(x));
    const int64_t n = x->size[0], pairs = n * (n - 1) / 2;
    fx_tensor *first = fx__new(x->cx, FX_I64, 1, &pairs, where),
              *second = fx__new(x->cx, FX_I64, 1, &pairs, where);
    if (!first || !second) return NULL;
    int64_t *p = (int64_t *)(void *)first->data, *q = (int64_t *)(void *)second->data;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = i + 1; k < n; k++) *p++ = i, *q++ = k;
    return norm_of(
        SUB(fx__rows(x, first, 0, FX__ROWS_ALL, 0, where), fx__rows(x, second, 0, FX__ROWS_ALL, 0, where)),
        a.p, -1, false, where);
}

fx_tensor *fx_pairwise_distance_at(fx_pairwise_distance_args a, fx_where where)
{
    if (!two_floating(a.x1, a.x2, "pairwise_distance", where) ||
        !broadcast(a.x1, a.x2, "pairwise_distance", where))
        return NULL;
    return norm_of(ADD(SUB(a.x1, a.x2), a.eps), a.p, -1, a.keepdim, where);
}

/* x over its norm along dim, which counts as eps at least. */
static fx_tensor *direction(fx_tensor *x, int64_t dim, double eps, fx_where where)
{
    return DIV(x, CLAMP_MIN(norm_of(x, 2, dim, true, where), eps));
}

fx_tensor *fx_cosine_similarity_at(fx_cosine_similarity_args a, fx_where where)
{
    fx_tensor *both[2] = { a.x1, a.x2 };
    fx__sizes to;
    if (!two_floating(a.x1, a.x2, "cosine_similarity", where) ||
        !fx__broadcast_sizes((fx_list){ 2, both }, &to, "cosine_similarity", where))
        return NULL;
    for (int i = 0; i < 2; i++)
        if (both[i]->ndim != to.ndim || memcmp(both[i]->size, to.at, sizeof(int64_t) * (size_t)to.ndim))
            both[i] = fx__expand(both[i], to.ndim, to.at, where);
    if (!both[0] || fx__dim_of(both[0], a.dim, "cosine_similarity", where) < 0) return NULL;
    /* in float64, so that float32's gradients, differences of near numbers, are right to its rounding */
    fx_tensor *one = direction(fx__as(both[0], FX_F64, where), a.dim, a.eps, where);
    fx_tensor *two = direction(fx__as(both[1], FX_F64, where), a.dim, a.eps, where);
    const bool wide = a.x1->dtype == FX_F64 || a.x2->dtype == FX_F64;
    return fx__as(SUM(MUL(one, two), fx__one_dim(a.dim), false), wide ? FX_F64 : FX_F32, where);
}

fx_tensor *fx_renorm_at(fx_renorm_args a, fx_where where)
{
    fx_tensor *x = a.x;
    const int dim =
        x && fx__is_floating(x, "renorm", where) ? fx__dim_in(x, x->ndim, a.dim, "renorm", where) : -1;
    if (dim < 0) return NULL;
    fx_dims others = { .given = true };
    for (int d = 0; d < x->ndim; d++)
        if (d != dim) others.at[others.count++] = d;
    if (!others.count || !(a.p > 0) || !(a.maxnorm >= 0))
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "renorm: order %g, at most %g, of the parts of %s", a.p,
                          a.maxnorm, fx__shape_text(x));
    fx_tensor *norm = fx_norm_at((fx_norm_args){ .x = x, .p = a.p, .dims = others, .keepdim = true }, where);
    return MUL(x, SELECT(COMPARE(gt, norm, a.maxnorm), DIV(a.maxnorm, ADD(norm, 1e-7)), 1));
}

/* ---- records ---- */

#define OPTION(structure, field, kind) FX__FIELD(structure, field, kind, .optional = true)
#define RECORD(function, torch_, words, gradient_, note, structure, defaults_, lines, timed)                 \
    FX__CALL(function, structure)                                                                            \
    const fx_function fx__function_##function = { .name = #function,                                         \
                                                  .torch = torch_,                                           \
                                                  .formula = words,                                          \
                                                  .gradient = gradient_,                                     \
                                                  .notes = note,                                             \
                                                  .fields = function##_fields,                               \
                                                  .args_size = sizeof(structure),                            \
                                                  .defaults = defaults_,                                     \
                                                  .call = function##_call,                                   \
                                                  .samples = lines,                                          \
                                                  .bench = timed };
static const fx_field dist_fields[] = { FX__FIELD(fx_dist_args, x, TENSOR, .torch = "input"),
                                        FX__FIELD(fx_dist_args, other, TENSOR), OPTION(fx_dist_args, p, REAL),
                                        FX__FIELDS_END };
RECORD(
    dist, "dist", "the norm of order p of x - other, which broadcast", "norm's; its negative",
    "the gradient is 0 where they are equal", fx_dist_args, (&(const fx_dist_args){ .p = 2 }),
    "x=(3,4) other=(3,4)\nx=(3,4) other=(4) p=4\nx=() other=(3)\nx=(2,3) other=(2,3) p=1\nx=(0,3) other=(3)\n"
    "! x=(3) other=(4)\n! x=(3)i64 other=(3)\n",
    "x=(1000,1000) other=(1000,1000)")

static const fx_field cdist_fields[] = { FX__FIELD(fx_cdist_args, x1, TENSOR),
                                         FX__FIELD(fx_cdist_args, x2, TENSOR), OPTION(fx_cdist_args, p, REAL),
                                         OPTION(fx_cdist_args, compute_mode, TEXT), FX__FIELDS_END };
RECORD(cdist, "cdist", "y[i][j] = the distance of order p of points x1[i] and x2[j]",
       "norm's of each pair, summed",
       "0 where two points are one; always by differences, whatever compute_mode says", fx_cdist_args,
       (&(const fx_cdist_args){ .p = 2 }),
       "x1=(3,4) x2=(2,4)\nx1=(2,3,2) x2=(2,4,2) p=1\nx1=(3,2) x2=(2,2) p=3\nx1=(2,3)@distinct x2=(2,3) "
       "p=inf\nx1=(3,4) x2=(2,4) "
       "p=0\nx1=(2,1,3,2) x2=(4,2) p=2\nx1=(0,4) x2=(2,4)\nx1=(2,2){1,2,3,4} x2=(1,2){1,2}\n! x1=(3) x2=(3)\n"
       "! x1=(2,3) x2=(2,4)\n! x1=(2,3) x2=(2,3) p=-1\n! x1=() x2=()\n",
       "x1=(256,64) x2=(256,64)")

static const fx_field pdist_fields[] = { FX__FIELD(fx_pdist_args, x, TENSOR, .torch = "input"),
                                         OPTION(fx_pdist_args, p, REAL), FX__FIELDS_END };
RECORD(pdist, "nn.functional.pdist,pdist", "the distances of order p of all pairs of the points x[i], i < j",
       "norm's of each pair, summed", "0 where two points are one", fx_pdist_args,
       (&(const fx_pdist_args){ .p = 2 }),
       "x=(4,3)\nx=(4,3) p=1\nx=(3,2) p=3\nx=(4,3)@distinct p=inf\nx=~(3,2) p=0\nx=(1,3)\nx=(0,3)\n! x=()\n! "
       "x=(2,2,2)\n! x=(2,2) p=-1\n",
       "x=(256,64)")

static const fx_field pairwise_distance_fields[] = {
    FX__FIELD(fx_pairwise_distance_args, x1, TENSOR), FX__FIELD(fx_pairwise_distance_args, x2, TENSOR),
    OPTION(fx_pairwise_distance_args, p, REAL),       OPTION(fx_pairwise_distance_args, eps, REAL),
    OPTION(fx_pairwise_distance_args, keepdim, BOOL), FX__FIELDS_END
};
RECORD(pairwise_distance, "nn.functional.pairwise_distance,pairwise_distance",
       "the norm of order p of x1 - x2 + eps over the last dimension", "norm's; its negative", NULL,
       fx_pairwise_distance_args, (&(const fx_pairwise_distance_args){ .p = 2, .eps = 1e-6 }),
       "x1=(3) x2=(3)\nx1=(2,3) x2=(2,3) keepdim=true\nx1=(2,3) x2=(3) p=3\nx1=(2,3) x2=(2,3) eps=0.5\nx1=() "
       "x2=()\n"
       "x1=(0,3) x2=(0,3)\n! x1=(3) x2=(4)\n! x1=(3)i64 x2=(3)\n",
       "x1=(1000,1000) x2=(1000,1000)")

static const fx_field cosine_similarity_fields[] = {
    FX__FIELD(fx_cosine_similarity_args, x1, TENSOR), FX__FIELD(fx_cosine_similarity_args, x2, TENSOR),
    OPTION(fx_cosine_similarity_args, dim, INT), OPTION(fx_cosine_similarity_args, eps, REAL), FX__FIELDS_END
};
RECORD(cosine_similarity, "nn.functional.cosine_similarity,cosine_similarity",
       "the sum along dim of x1 x2 over the norms of both, each of them eps at least",
       "g (x2 / |x2| - y x1 / |x1|) / |x1|; the same the other way",
       "each norm is clamped by itself; computed in float64", fx_cosine_similarity_args,
       (&(const fx_cosine_similarity_args){ .dim = 1, .eps = 1e-8 }),
       "x1=(3,4) x2=(3,4)\nx1=(4) x2=(4) dim=0\nx1=(2,3) x2=(2,1,3) dim=-1\nx1=(3,4) x2=(4) dim=1 "
       "eps=5\nx1=~() x2=~() dim=0\n"
       "x1=(0,3) x2=(0,3)\n! x1=() x2=(3) dim=1\n! x1=(3) x2=(4)\n! x1=(3)i64 x2=(3) dim=0\n! x1=(3) x2=(3) "
       "dim=1\n",
       "x1=(1000,1000) x2=(1000,1000)")

static const fx_field renorm_fields[] = { FX__FIELD(fx_renorm_args, x, TENSOR, .torch = "input"),
                                          FX__FIELD(fx_renorm_args, p, REAL),
                                          FX__FIELD(fx_renorm_args, dim, INT),
                                          FX__FIELD(fx_renorm_args, maxnorm, REAL), FX__FIELDS_END };
RECORD(renorm, "renorm",
       "each x[..., i, ...] along dim scaled so that its norm of order p is at most maxnorm",
       "g where it is not scaled, else that of maxnorm x / (|x| + 1e-7)", NULL, fx_renorm_args, NULL,
       "x=(3,4) p=2 dim=0 maxnorm=1\nx=(2,3,2) p=1 dim=1 maxnorm=3\nx=(2,3)@distinct p=inf dim=-1 "
       "maxnorm=0.5\nx=(3,4) p=2 "
       "dim=0 maxnorm=100\nx=(0,3) p=2 dim=0 maxnorm=1\n! x=() p=2 dim=0 maxnorm=1\n! x=(3) p=2 dim=0 "
       "maxnorm=1\n! x=(2,3) "
       "p=0 dim=0 maxnorm=1\n",
       "x=(1000,1000) p=2 dim=0 maxnorm=1")
