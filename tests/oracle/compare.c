/* Comparing: values, gradients, and second-order gradients of a case with what PyTorch had. */
#include "oracle.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ------------------------------------------------------------------------------------------- */

static double *numbers_of(const fx_tensor *x)
{
    double *numbers = calloc((size_t)fx_numel(x) + 1, sizeof *numbers);
    if (numbers && fx_copy_out(x, FX_F64, numbers)) {
        free(numbers);
        return NULL;
    }
    return numbers;
}

/* How far a number is off, in parts of what is allowed. */
static double excess(double ours, double theirs, tolerance limit)
{
    if (isnan(theirs) || isnan(ours)) return isnan(theirs) && isnan(ours) ? 0 : HUGE_VAL;
    if (isinf(theirs) || isinf(ours)) return ours == theirs ? 0 : HUGE_VAL;
    return fabs(ours - theirs) / (limit.absolute + limit.relative * fabs(theirs));
}

static bool same_shape(const fx_tensor *x, const case_tensor *y)
{
    bool same = fx_ndim(x) == y->ndim;
    for (int d = 0; same && d < y->ndim; d++) same = fx_sizes(x)[d] == y->size[d];
    return same;
}

/* A dtype of the same kind: a float of the same width, a bool, an integer of any width. */
static bool same_kind(fx_dtype ours, const char *theirs)
{
    if (*theirs == 'F') return ours == (strcmp(theirs, "F64") == 0 ? FX_F64 : FX_F32);
    if (*theirs == 'B') return ours == FX_BOOL;
    return !fx_dtype_is_float(ours) && ours != FX_BOOL;
}

bool compare_tensor(trial *t, const char *what, const fx_tensor *ours, const char *name, tolerance limit,
                    const double *sign)
{
    case_tensor theirs = { 0 };
    if (name && !case_file_tensor(t->file, name, &theirs))
        return trial_fail(t, "%s: %s is not in the file", what, name);
    if (!ours && !name) return true;
    if (ours && name && !same_shape(ours, &theirs)) return trial_fail(t, "%s: another shape", what);
    if (ours && name && !same_kind(fx_dtype_of(ours), theirs.dtype))
        return trial_fail(t, "%s: %s for %s", what, fx_dtype_name(fx_dtype_of(ours)), theirs.dtype);
    double *numbers = ours ? numbers_of(ours) : NULL;
    if (ours && !numbers) return trial_fail(t, "%s: %s", what, fx_error_message(t->cx));
    const int64_t n = ours ? fx_numel(ours) : theirs.numel;
    double worst = 0, off = 0;
    for (int64_t i = 0; i < n; i++) {
        const double a = (numbers ? numbers[i] : 0) * (sign ? sign[i] : 1),
                     b = name ? case_number(&theirs, i) : 0;
        const double e = excess(a, b, limit);
        if (!(e > worst)) continue;
        worst = e;
        off = fabs(a - b);
    }
    free(numbers);
    if (worst > t->worst) t->worst = worst;
    return worst <= 1 || trial_fail(t, "%s off by %.3g", what, off);
}

/* ---- signs of columns -----------------------------------------------------------------------------------
 */

/* Which outputs of a decomposition share their signs, and along which of the last two dimensions. */
static const struct {
    const char *op;
    int first, other; /* outputs; other -1: none */
    bool columns[2];
} gauges[] = {
    { "svd", 0, 2, { true, true } },     { "linalg.svd", 0, 2, { true, false } },
    { "qr", 0, 1, { true, false } },     { "linalg.qr", 0, 1, { true, false } },
    { "symeig", 1, -1, { true, true } }, { "linalg.eigh", 1, -1, { true, true } },
};

/* The sign of column j (or row j) of each matrix of x, number by number; NULL: there are no matrices, or no
 * memory. */
static double *signs_of(const fx_tensor *x, bool columns, const double *of_column, int64_t most)
{
    if (fx_ndim(x) < 2) return NULL;
    const int64_t rows = fx_dim(x, -2), cols = fx_dim(x, -1), n = fx_numel(x);
    double *sign = calloc((size_t)n + 1, sizeof *sign);
    for (int64_t i = 0; sign && i < n; i++) {
        const int64_t j = columns ? i % cols : i / cols % rows, matrix = i / (rows * cols);
        sign[i] = j < most ? of_column[matrix * most + j] : 1;
    }
    return sign;
}

/* Fills sign[k], for each output that has signs, with +-1 for each number: ours times that is theirs. */
static bool find_signs(trial *t, double *sign[])
{
    if (!json_is_true(json_object_get(t->json, "gauge"))) return true;
    size_t g = 0;
    while (g < sizeof gauges / sizeof *gauges && strcmp(gauges[g].op, t->op) != 0) g++;
    if (g == sizeof gauges / sizeof *gauges) return trial_fail(t, "its signs are not known");
    const int first = gauges[g].first, other = gauges[g].other;
    const char *name = json_string_value(json_array_get(json_object_get(t->json, "outputs"), (size_t)first));
    case_tensor theirs;
    if (!name || !case_file_tensor(t->file, name, &theirs) || first >= t->outs ||
        !same_shape(t->out[first], &theirs))
        return trial_fail(t, "output %d: another shape", first);
    if (theirs.numel == 0) return true;
    const int64_t rows = theirs.size[theirs.ndim - 2], cols = theirs.size[theirs.ndim - 1],
                  matrices = theirs.numel / (rows * cols);
    double *ours = numbers_of(t->out[first]),
           *of_column = calloc((size_t)(matrices * cols), sizeof *of_column);
    for (int64_t m = 0; ours && of_column && m < matrices; m++)
        for (int64_t j = 0; j < cols; j++) {
            double dot = 0;
            for (int64_t i = 0; i < rows; i++) {
                const int64_t at = (m * rows + i) * cols + j;
                dot += ours[at] * case_number(&theirs, at);
            }
            of_column[m * cols + j] = dot < 0 ? -1 : 1;
        }
    if (of_column) sign[first] = signs_of(t->out[first], gauges[g].columns[0], of_column, cols);
    if (of_column && other >= 0 && other < t->outs)
        sign[other] = signs_of(t->out[other], gauges[g].columns[1], of_column, cols);
    free(ours); /* NOLINT(clang-analyzer-unix.Malloc): the caller frees sign[] */
    free(of_column);
    return true;
}

/* ---- gradients ----------------------------------------------------------------------------------------- */

/* A cotangent with our signs, a leaf: its gradient is asked for at second order. */
static fx_tensor *cotangent_of(trial *t, const char *name, const double *sign)
{
    fx_tensor *given = trial_tensor(t, name, !sign);
    if (!given || !sign) return given;
    double *numbers = numbers_of(given);
    for (int64_t i = 0; numbers && i < fx_numel(given); i++) numbers[i] *= sign[i];
    fx_tensor *x = numbers ? fx_from_at(t->cx, FX_F64, numbers, fx_shape(given), FX_HERE) : NULL;
    free(numbers);
    return x ? fx_parameter(x) : NULL;
}

typedef struct gradients {
    int roots; /* outputs with a cotangent that require a gradient here */
    fx_tensor *root[MOST_OUTPUTS], *seed[MOST_OUTPUTS];
    fx_tensor *cotangent[MOST_OUTPUTS]; /* by output */
    int inputs;
    const char *name[MOST_TENSORS];
    fx_tensor *input[MOST_TENSORS], *grad[MOST_TENSORS];
} gradients;

static bool find_gradients(trial *t, gradients *g, double *const sign[])
{
    const char *key;
    json_t *v;
    json_object_foreach(json_object_get(t->json, "cotangents"), key, v)
    {
        const int k = atoi(key);
        if (k >= t->outs || !(g->cotangent[k] = cotangent_of(t, json_string_value(v), sign[k])))
            return trial_fail(t, "cotangent %d: there is no such output", k);
        if (!fx_requires_grad(t->out[k])) continue;
        g->root[g->roots] = t->out[k];
        g->seed[g->roots++] = g->cotangent[k];
    }
    json_object_foreach(json_object_get(t->json, "grads"), key, v)
    {
        g->name[g->inputs] = key;
        g->input[g->inputs] = trial_tensor(t, key, true);
        if (!g->input[g->inputs++]) return false;
    }
    if (!g->roots || !g->inputs) return true;
    const bool second = json_object_get(t->json, "second") != NULL;
    return fx_gradients(g->grad, .outputs = { g->roots, g->root }, .inputs = { g->inputs, g->input },
                        .seeds = { g->roots, g->seed }, .create_graph = second,
                        .allow_unused = true) == FX_OK ||
           trial_fail(t, "gradient: %s", fx_error_message(t->cx));
}

static bool compare_second(trial *t, const gradients *g, double *const sign[])
{
    const json_t *second = json_object_get(t->json, "second"),
                 *directions = json_object_get(second, "directions");
    fx_tensor *root[MOST_TENSORS], *seed[MOST_TENSORS], *input[MOST_TENSORS + MOST_OUTPUTS];
    fx_tensor *result[MOST_TENSORS + MOST_OUTPUTS] = { 0 };
    int roots = 0, inputs = 0;
    for (int i = 0; i < g->inputs; i++) {
        const char *direction = json_string_value(json_object_get(directions, g->name[i]));
        input[inputs++] = g->input[i];
        if (!direction || !g->grad[i] || !fx_requires_grad(g->grad[i])) continue;
        root[roots] = g->grad[i];
        if (!(seed[roots++] = trial_tensor(t, direction, false))) return false;
    }
    for (int k = 0; k < t->outs; k++)
        if (g->cotangent[k]) input[inputs++] = g->cotangent[k];
    if (roots && fx_gradients(result, .outputs = { roots, root }, .inputs = { inputs, input },
                              .seeds = { roots, seed }, .allow_unused = true))
        return trial_fail(t, "second order: %s", fx_error_message(t->cx));
    bool good = true;
    char what[96];
    for (int i = 0; i < g->inputs; i++) {
        snprintf(what, sizeof what, "second order in %s", g->name[i]);
        good &=
            compare_tensor(t, what, result[i],
                           json_string_value(json_object_get(json_object_get(second, "grads"), g->name[i])),
                           SECOND_ORDER, NULL);
    }
    for (int k = 0, at = g->inputs; k < t->outs; k++) {
        if (!g->cotangent[k]) continue;
        char key[16];
        snprintf(key, sizeof key, "%d", k);
        snprintf(what, sizeof what, "second order in cotangent %d", k);
        good &= compare_tensor(
            t, what, result[at++],
            json_string_value(json_object_get(json_object_get(second, "cotangent_grads"), key)), SECOND_ORDER,
            sign[k]);
    }
    return good;
}

static bool compare_signed(trial *t, double *const sign[])
{
    const json_t *outputs = json_object_get(t->json, "outputs");
    bool good = true;
    char what[96];
    for (int k = 0; k < t->outs; k++) {
        snprintf(what, sizeof what, "output %d", k);
        good &= compare_tensor(t, what, t->out[k], json_string_value(json_array_get(outputs, (size_t)k)),
                               FIRST_ORDER, sign[k]);
    }
    gradients g = { 0 };
    if (!json_object_get(t->json, "grads")) return good;
    if (!find_gradients(t, &g, sign)) return false;
    for (int i = 0; i < g.inputs; i++) {
        snprintf(what, sizeof what, "gradient in %s", g.name[i]);
        good &=
            compare_tensor(t, what, g.grad[i],
                           json_string_value(json_object_get(json_object_get(t->json, "grads"), g.name[i])),
                           FIRST_ORDER, NULL);
    }
    if (json_object_get(t->json, "second")) good &= compare_second(t, &g, sign);
    return good;
}

bool compare_case(trial *t)
{
    double *sign[MOST_OUTPUTS] = { 0 };
    if ((size_t)t->outs != json_array_size(json_object_get(t->json, "outputs")))
        return trial_fail(t, "another number of outputs");
    const bool good = find_signs(t, sign) && compare_signed(t, sign);
    for (int k = 0; k < MOST_OUTPUTS; k++) free(sign[k]);
    return good;
}

bool run_operator_case(trial *t)
{
    t->op = json_string_value(json_object_get(t->json, "op"));
    if (!t->op) return trial_fail(t, "the case names no operator");
    return call_operator(t) && compare_case(t);
}
