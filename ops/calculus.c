/* Differences and sums of numbers along a dimension, covariances, cross products: functions of ops.
 */
#include "indexing.h"
#include "lanes.h"
#include "terms.h"

static fx_tensor *part(fx_tensor *x, int dim, int64_t start, int64_t length, fx_where where)
{
    return x ? fx__slice(x, dim, start, length < 0 ? 0 : length, 1, where) : NULL;
}

/* What each number differs from the one before it by. */
static fx_tensor *steps(fx_tensor *x, int dim, fx_where where)
{
    const int64_t n = x ? x->size[dim] : 0;
    return n ? SUB(part(x, dim, 1, n - 1, where), part(x, dim, 0, n - 1, where)) : x;
}

fx_tensor *fx_diff_at(fx_diff_args a, fx_where where)
{
    fx_tensor *x = a.x, *list[3];
    const int dim = x && x->ndim ? fx__dim_of(x, a.dim, "diff", where) : -1;
    if (!x || (x->ndim && dim < 0)) return NULL;
    if (!x->ndim || a.n < 0)
        return FX__REFUSE(x, ERROR_ARGUMENT, where,
                          "diff: takes an order that is not negative, not %lld, of %s", (long long)a.n,
                          fx__shape_text(x));
    if (a.n == 0) return x;
    int count = 0;
    if (a.prepend) list[count++] = a.prepend;
    list[count++] = x;
    if (a.append) list[count++] = a.append;
    if (count > 1) x = fx_cat_at((fx_list){ count, list }, dim, where);
    for (int64_t i = 0; x && x->size[dim] && i < a.n; i++) x = steps(x, dim, where);
    return x;
}

/* Areas of the trapezoids between neighbours. */
static fx_tensor *areas(fx_trapezoid_args a, int dim, const char *name, fx_where where)
{
    fx_tensor *y = a.y, *x = a.x;
    const int64_t n = y->size[dim];
    if (n == 0) return y;
    fx_tensor *twice = ADD(part(y, dim, 1, n - 1, where), part(y, dim, 0, n - 1, where));
    if (!x) return MUL(twice, a.dx / 2);
    int64_t size[FX_MAX_DIMS] = { n, 1, 1, 1, 1, 1, 1, 1 };
    if (x->ndim == 1 && x->numel == n) x = fx__reshape(x, y->ndim - dim, size, where);
    const int at = x ? dim - (y->ndim - x->ndim) : 0;
    if (x && (at < 0 || x->size[at] != n)) {
        fx_error_set(y->cx, FX_ERROR_SHAPE, where, "%s: x of %s has not the %lld places of %s along dim %d",
                     name, fx__shape_text(a.x), (long long)n, fx__shape_text(y), dim);
        return NULL;
    }
    return MUL(twice, MUL(steps(x, at, where), 0.5));
}

fx_tensor *fx_trapezoid_at(fx_trapezoid_args a, fx_where where)
{
    const int dim = a.y ? fx__dim_in(a.y, a.y->ndim, a.dim, "trapezoid", where) : -1;
    return dim < 0 ? NULL : SUM(areas(a, dim, "trapezoid", where), fx__one_dim(dim), false);
}

fx_tensor *fx_cumulative_trapezoid_at(fx_trapezoid_args a, fx_where where)
{
    const int dim = a.y ? fx__dim_in(a.y, a.y->ndim, a.dim, "cumulative_trapezoid", where) : -1;
    if (dim < 0) return NULL;
    return fx_cumsum_at((fx_cumsum_args){ .x = areas(a, dim, "cumulative_trapezoid", where), .dim = dim },
                        where);
}

/* ---- gradient ---- */

/* The weights of three neighbours x[at], x[at + 1], x[at + 2], at the coordinates t, for the slope at t[i].
 */
static void slope_weights(const double *t, int64_t at, int64_t i, double w[3])
{
    const double p = t[at] - t[i], q = t[at + 1] - t[i], r = t[at + 2] - t[i];
    w[0] = -(q + r) / ((p - q) * (p - r));
    w[1] = -(p + r) / ((q - p) * (q - r));
    w[2] = -(p + q) / ((r - p) * (r - q));
}

/* sum over k of weight_k x[at_k]: three rows for each place. */
static fx_tensor *slopes(fx_tensor *x, int dim, const double *t, int edge_order, fx_where where)
{
    const int64_t n = x->size[dim];
    int64_t wide[FX_MAX_DIMS] = { n, 1, 1, 1, 1, 1, 1, 1 };
    fx_tensor *at[3], *weight[3], *y = NULL;
    for (int k = 0; k < 3; k++) {
        at[k] = fx__new(x->cx, FX_I64, 1, &n, where);
        weight[k] = fx__new(x->cx, FX_F64, x->ndim - dim, wide, where);
        if (!at[k] || !weight[k]) return NULL;
    }
    for (int64_t i = 0; i < n; i++) {
        const bool edge = i == 0 || i == n - 1;
        int64_t first = i == 0 ? 0 : i == n - 1 ? n - 3 : i - 1;
        double w[3] = { 0, 0, 0 };
        if (edge && edge_order == 1) {
            first = i ? n - 2 : 0;
            w[1] = 1 / (t[first + 1] - t[first]);
            w[0] = -w[1];
        } else
            slope_weights(t, first, i, w);
        for (int k = 0; k < 3; k++) {
            ((int64_t *)(void *)at[k]->data)[i] = first + k < n ? first + k : n - 1;
            ((double *)(void *)weight[k]->data)[i] = w[k];
        }
    }
    for (int k = 0; k < 3; k++) {
        fx_tensor *term = MUL(fx__rows(x, at[k], dim, FX__ROWS_ALL, 0, where),
                              fx__as(weight[k], (fx_dtype)x->dtype, where));
        y = k ? ADD(y, term) : term;
    }
    return y;
}

static bool gradient_fits(const fx_gradient_of_args *a, int dim, int given, fx_where where)
{
    const fx_tensor *x = a->x, *t = a->coordinates.count ? a->coordinates.at[given] : NULL;
    if (x->size[dim] <= a->edge_order || a->edge_order < 1 || a->edge_order > 2) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "gradient_of: order %lld at the edges of dim %d of %s",
                     (long long)a->edge_order, dim, fx__shape_text(x));
        return false;
    }
    if (!t || (t->ndim == 1 && t->numel == x->size[dim])) return true;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "gradient_of: coordinates of %s along dim %d of %s",
                 fx__shape_text(t), dim, fx__shape_text(x));
    return false;
}

int fx_gradient_of_at(fx_tensor **outputs, fx_gradient_of_args a, fx_where where)
{
    fx_tensor *x = a.x;
    if (!x || !fx__is_floating(x, "gradient_of", where)) return 0;
    const int count = a.dims.given ? a.dims.count : x->ndim;
    if (!count || count > FX_MAX_OUTPUTS || (a.coordinates.count && a.coordinates.count != count)) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "gradient_of: %d coordinates for %d dims of %s",
                     a.coordinates.count, count, fx__shape_text(x));
        return 0;
    }
    for (int i = 0; i < count; i++) {
        const int dim = a.dims.given ? fx__dim_in(x, x->ndim, a.dims.at[i], "gradient_of", where) : i;
        if (dim < 0 || !gradient_fits(&a, dim, i, where)) return 0;
        double *t = fx__scratch(x->cx, sizeof *t * (size_t)x->size[dim]);
        if (!t) return 0;
        for (int64_t k = 0; k < x->size[dim]; k++) t[k] = (double)k * a.spacing;
        const bool good = !a.coordinates.count || !fx_copy_out_at(a.coordinates.at[i], FX_F64, t, where);
        outputs[i] = good ? slopes(x, dim, t, (int)a.edge_order, where) : NULL;
        fx__scratch_free(x->cx, t);
        if (!outputs[i]) return 0;
    }
    return count;
}

/* ---- covariances ---- */

static bool is_weight(const fx_tensor *x, const fx_tensor *w, int64_t n, fx_where where)
{
    if (!w || (w->ndim == 1 && w->numel == n)) return true;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "cov: weights of %s for the %lld observations of %s",
                 fx__shape_text(w), (long long)n, fx__shape_text(x));
    return false;
}

/* (variables, variables) of (variables, observations), in float64: what is left of the differences of near
 * numbers is right to float32 then. */
static fx_tensor *covariance(fx_cov_args a, fx_tensor *x, fx_where where)
{
    x = fx__as(x, FX_F64, where);
    if (!x) return NULL;
    fx_tensor *aw = fx__as(a.aweights, FX_F64, where), *w = aw;
    if (a.fweights) {
        w = fx__as(a.fweights, FX_F64, where);
        if (aw) w = MUL(w, aw);
    }
    const double n = (double)x->size[1], left = n - (double)a.correction;
    if (!w) {
        fx_tensor *mean =
            fx_mean_at((fx_mean_args){ .x = x, .dims = fx__one_dim(1), .keepdim = true }, where);
        fx_tensor *d = SUB(x, mean);
        return DIV(fx_matmul_at(d, d ? FN(t, d) : NULL, where), left > 0 ? left : 0);
    }
    fx_tensor *total = SUM(w, (fx_dims){ 0 }, false);
    fx_tensor *d = SUB(x, DIV(SUM(MUL(x, w), fx__one_dim(1), true), total));
    fx_tensor *lost =
        aw ? MUL(DIV(SUM(MUL(w, aw), (fx_dims){ 0 }, false), total), (double)a.correction) : NULL;
    fx_tensor *by = aw ? SUB(total, lost) : SUB(total, (double)a.correction);
    by = SELECT(COMPARE(gt, by, 0), by, 0);
    return DIV(fx_matmul_at(MUL(d, w), d ? FN(t, d) : NULL, where), by);
}

static fx_tensor *variables(fx_tensor *x, const char *name, fx_where where)
{
    if (!x || !fx__is_floating(x, name, where)) return NULL;
    if (x->ndim <= 2) return x->ndim == 2 ? x : fx__reshape(x, 2, (const int64_t[]){ 1, x->numel }, where);
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: takes variables and observations, not %s", name,
                 fx__shape_text(x));
    return NULL;
}

fx_tensor *fx_cov_at(fx_cov_args a, fx_where where)
{
    fx_tensor *x = variables(a.x, "cov", where);
    if (!x || !is_weight(x, a.fweights, x->size[1], where) || !is_weight(x, a.aweights, x->size[1], where))
        return NULL;
    fx_tensor *y = covariance(a, x, where);
    y = y && y->numel == 1 ? fx__reshape(y, 0, NULL, where) : y;
    return fx__as(y, (fx_dtype)x->dtype, where);
}

fx_tensor *fx_corrcoef_at(fx_tensor *x, fx_where where)
{
    fx_tensor *whole = variables(x, "corrcoef", where);
    fx_tensor *c = whole ? covariance((fx_cov_args){ .correction = 1 }, whole, where) : NULL;
    if (!c) return NULL;
    if (c->numel == 1) c = fx__reshape(c, 0, NULL, where);
    if (c && !c->ndim) return fx__as(DIV(c, c), (fx_dtype)x->dtype, where);
    fx_tensor *deviation = FN(sqrt, fx_diagonal_at((fx_diagonal_args){ .x = c, .dim2 = 1 }, where));
    if (!deviation) return NULL;
    fx_tensor *y = DIV(DIV(c, fx__unsqueeze(deviation, 1, where)), fx__unsqueeze(deviation, 0, where));
    /* the diagonal is constant: 1, or NaN */
    fx_tensor *i = fx_arange_at(x->cx, c->size[0], where);
    fx_tensor *diagonal = i ? COMPARE(eq, fx__unsqueeze(i, 1, where), i) : NULL;
    fx_tensor *now = fx_detach_at(c, where);
    y = SELECT(diagonal, DIV(now, now), y);
    return fx__as(y, (fx_dtype)x->dtype, where);
}

/* ---- cross product: (a1 b2 - a2 b1, ...) ---- */

fx_tensor *fx_cross_at(fx_cross_args a, fx_where where)
{
    fx_tensor *x = a.x, *y = a.other;
    const int dim = x && y ? fx__dim_in(x, x->ndim, a.dim, "cross", where) : -1;
    if (dim < 0) return NULL;
    if (x->ndim != y->ndim || x->size[dim] != 3 || y->size[dim] != 3)
        return FX__REFUSE(x, ERROR_SHAPE, where, "cross: %s and %s have not 3 numbers each along dim %lld",
                          fx__shape_text(x), fx__shape_text(y), (long long)a.dim);
#define ROLLED(x, by) fx_roll_at(x, fx__one_dim(-(by)), fx__one_dim(dim), where)
    return SUB(MUL(ROLLED(x, 1), ROLLED(y, 2)), MUL(ROLLED(x, 2), ROLLED(y, 1)));
}

/* ---- records ---- */

#define FIELD(structure, field, kind, ...) FX__FIELD(structure, field, kind, __VA_ARGS__)
#define OPTION(structure, field, kind) FX__FIELD(structure, field, kind, .optional = true)
#define RECORD(function, torch_, words, gradient_, note, structure, defaults_, lines, timed)                 \
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

FX__CALL(diff, fx_diff_args)
static const fx_field diff_fields[] = { FIELD(fx_diff_args, x, TENSOR, .torch = "input"),
                                        OPTION(fx_diff_args, n, INT),
                                        OPTION(fx_diff_args, dim, INT),
                                        OPTION(fx_diff_args, prepend, TENSOR),
                                        OPTION(fx_diff_args, append, TENSOR),
                                        FX__FIELDS_END };
RECORD(diff, "diff", "the n-th differences of neighbours along dim, of prepend, x and append joined",
       "the n-th differences of g, the other way round", NULL, fx_diff_args,
       (&(const fx_diff_args){ .n = 1, .dim = -1 }),
       "x=(5)\nx=(3,4) dim=0\nx=(3,4) n=2\nx=(2,3) prepend=(2,1) append=(2,2) n=3\nx=(3,2) dim=0 "
       "append=(1,2)\nx=(4) n=0\n"
       "x=(3) n=5\nx=(0,3) dim=0\nx=(4)i64\n! x=()\n! x=(3) n=-1\n! x=(3) dim=1\n",
       "x=(1000,1000)")

#define TRAPEZOID_FIELDS(function)                                                                           \
    FX__CALL(function, fx_trapezoid_args)                                                                    \
    static const fx_field function##_fields[] = { FIELD(fx_trapezoid_args, y, TENSOR),                       \
                                                  OPTION(fx_trapezoid_args, x, TENSOR),                      \
                                                  OPTION(fx_trapezoid_args, dx, REAL),                       \
                                                  OPTION(fx_trapezoid_args, dim, INT), FX__FIELDS_END };
#define TRAPEZOID_SAMPLES                                                                                    \
    "y=(5)\ny=(5) dx=0.5\ny=(3,4) dim=0\ny=(3,4) x=(4)\ny=(3,4) x=(3,4) dim=0\ny=(3,4) x=(3) dim=0\n"        \
    "y=(2,3,2) x=(3,1) dim=1\ny=(1)\ny=(0,3)\n! y=()\n! y=(3,4) x=(3)\n! y=(3) dim=1\n"
TRAPEZOID_FIELDS(trapezoid)
RECORD(trapezoid, "trapezoid,trapz", "the sum of (y_k + y_(k+1)) / 2 (x_(k+1) - x_k), or dx, along dim",
       "the sums of neighbouring widths, halved; in x the differences of what they multiply", NULL,
       fx_trapezoid_args, (&(const fx_trapezoid_args){ .dx = 1, .dim = -1 }), TRAPEZOID_SAMPLES,
       "y=(1000,1000) x=(1000)")
TRAPEZOID_FIELDS(cumulative_trapezoid)
RECORD(cumulative_trapezoid, "cumulative_trapezoid", "the running sums of trapezoid's terms along dim",
       "as trapezoid's, of the running sums of g from the end", NULL, fx_trapezoid_args,
       (&(const fx_trapezoid_args){ .dx = 1, .dim = -1 }), TRAPEZOID_SAMPLES, "y=(1000,1000) x=(1000)")

static int gradient_of_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    return fx_gradient_of_at(out, *(const fx_gradient_of_args *)args, where);
}
static const fx_field gradient_of_fields[] = {
    FIELD(fx_gradient_of_args, x, TENSOR, .torch = "input"),
    FIELD(fx_gradient_of_args, coordinates, TENSORS, .torch = "spacing,coordinates", .optional = true),
    FIELD(fx_gradient_of_args, spacing, REAL, .torch = "spacing,step", .optional = true),
    FIELD(fx_gradient_of_args, dims, DIMS, .torch = "dim", .optional = true),
    OPTION(fx_gradient_of_args, edge_order, INT),
    FX__FIELDS_END
};
const fx_function fx__function_gradient_of = {
    .name = "gradient_of",
    .torch = "gradient",
    .formula = "for each dim the slopes of x along it by second-order differences of three neighbours",
    .gradient = "g by the same weights to those neighbours",
    .notes = "at the edges of order edge_order; coordinates have no gradient",
    .fields = gradient_of_fields,
    .args_size = sizeof(fx_gradient_of_args),
    .defaults = &(const fx_gradient_of_args){ .spacing = 1, .edge_order = 1 },
    .call = gradient_of_call,
    .samples =
        "x=(5)\nx=(5) spacing=0.5 edge_order=2\nx=(3,4)\nx=(3,4) dims=-1\nx=(4,3) dims=[0,1] edge_order=2 "
        "coordinates={~(4){0,1,2.5,3} ~(3){-1,1,2}}\nx=(2,3) dims=0 coordinates={~(2){0,0.25}}\nx=(0,3) "
        "dims=1\n"
        "! x=() \n! x=(1)\n! x=(3) edge_order=3\n! x=(3) coordinates={~(4)}\n! x=(3)i64\n",
};

FX__CALL(cov, fx_cov_args)
static const fx_field cov_fields[] = { FIELD(fx_cov_args, x, TENSOR, .torch = "input"),
                                       OPTION(fx_cov_args, correction, INT),
                                       OPTION(fx_cov_args, fweights, TENSOR),
                                       OPTION(fx_cov_args, aweights, TENSOR), FX__FIELDS_END };
RECORD(cov, "cov", "the covariances of variables, the rows of x, over n - correction, observations weighted",
       "(g + g^T) times the deviations, over n - correction",
       "computed in float64; infinite or NaN where n is not above correction", fx_cov_args,
       (&(const fx_cov_args){ .correction = 1 }),
       "x=(5)\nx=(3,4)\nx=(3,4) correction=0\nx=(1,4)\nx=(2,4) fweights=(4)i64{1,2,0,3}\nx=(2,4) "
       "aweights=(4)@pos\n"
       "x=(2,4) aweights=(4)@pos fweights=(4)i64{1,2,1,3} correction=2\nx=~()\nx=~(0,3)\n! x=()i64\n! "
       "x=(2,2,2)\n! x=(2,3) "
       "aweights=(2)\n! x=(2,3) fweights=(2)i64\n! x=(3)i64\n",
       "x=(100,10000)")

FX__PLAIN(corrcoef, fx_unary_args, a->x)
static const fx_field corrcoef_fields[] = { FIELD(fx_unary_args, x, TENSOR, .torch = "input"),
                                            FX__FIELDS_END };
RECORD(corrcoef, "corrcoef", "the covariances of the rows of x over the roots of both variances",
       "that of the quotient", "computed in float64; NaN where a variable does not vary", fx_unary_args, NULL,
       "x=(3,4)\nx=(2,6)\nx=~(5)\nx=~()\nx=~(0,3)\n! x=()i64\n! x=(2,2,2)\n! x=(3)i64\n", "x=(100,10000)")

FX__CALL(cross, fx_cross_args)
static const fx_field cross_fields[] = { FIELD(fx_cross_args, x, TENSOR, .torch = "input"),
                                         FIELD(fx_cross_args, other, TENSOR), OPTION(fx_cross_args, dim, INT),
                                         FX__FIELDS_END };
RECORD(cross, "cross,linalg.cross", "(x1 o2 - x2 o1, x2 o0 - x0 o2, x0 o1 - x1 o0) along dim",
       "other x g; g x x", "of the last dim unless another is named", fx_cross_args,
       (&(const fx_cross_args){ .dim = -1 }),
       "x=(3) other=(3)\nx=(4,3) other=(4,3)\nx=(2,3,2) other=(2,3,2) dim=1\nx=(1,3) other=(4,3)\nx=(0,3) "
       "other=(0,3)\n"
       "! x=() other=()\n! x=(2) other=(2)\n! x=(3) other=(2,3)\n! x=(3,3) other=(3,3) dim=2\n",
       "x=(300000,3) other=(300000,3)")
