/* Differences that do not count: each a rule, an operator and what its inputs must be, with the reason. Never
 * a case's number, for other seeds give other cases. They are counted apart, and may be at most 2 % of all.
 */
#include "oracle.h"
#include <string.h>

typedef struct excuse {
    const char *op;
    bool (*holds)(trial *t);
    const char *reason;
} excuse;

/* The name of the tensor that a case has as argument i. */
static const char *argument_name(const json_t *json, size_t i)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(json, "args"), i), "t"));
}

/* A batch norm without training, of the very running mean that a later case of the file has trained with:
 * what is written is what that case made of it, and not what this one was computed with. */
static bool running_mean_moved_later(trial *t)
{
    size_t i;
    json_t *other;
    case_tensor mine, theirs;
    bool later = false;
    const char *name = argument_name(t->json, 1);
    if (json_is_true(json_object_get(json_object_get(t->json, "kwargs"), "training")) || !name ||
        !case_file_tensor(t->file, name, &mine) || mine.numel == 0)
        return false;
    json_array_foreach(t->file->cases, i, other)
    {
        const char *its = argument_name(other, 1);
        if (other == t->json)
            later = true;
        else if (later && json_is_true(json_object_get(json_object_get(other, "kwargs"), "training")) &&
                 its && case_file_tensor(t->file, its, &theirs) && theirs.numel == mine.numel &&
                 !memcmp(mine.data, theirs.data, (size_t)mine.numel * sizeof(double)))
            return true;
    }
    return false;
}

/* A max unpool, one of whose planes has an index twice: only the last of two numbers stands in the result, so
 * only that one has a gradient. PyTorch gives both that of the place. */
static bool indices_repeat(trial *t)
{
    case_tensor index;
    const char *name = argument_name(t->json, 1);
    if (!name || !case_file_tensor(t->file, name, &index) || index.ndim < 2) return false;
    const int64_t lead = index.ndim - (t->op[strlen(t->op) - 2] - '0');
    int64_t planes = 1;
    for (int64_t d = 0; d < lead; d++) planes *= index.size[d];
    const int64_t length = planes ? index.numel / planes : 0;
    for (int64_t i = 0; i < index.numel; i++)
        for (int64_t k = i - i % length; k < i; k++)
            if (case_number(&index, i) == case_number(&index, k)) return true;
    return false;
}

/* An index_put without accumulate, whose one index names a place twice: as above. */
static bool puts_repeat(trial *t)
{
    const json_t *args = json_object_get(t->json, "args"), *kwargs = json_object_get(t->json, "kwargs");
    const char *name = json_string_value(json_object_get(json_array_get(json_array_get(args, 1), 0), "t"));
    case_tensor index;
    if (json_is_true(json_object_get(kwargs, "accumulate")) ||
        json_array_size(json_array_get(args, 1)) != 1 || !name || !case_file_tensor(t->file, name, &index) ||
        !strcmp(index.dtype, "BOOL"))
        return false;
    for (int64_t i = 0; i < index.numel; i++)
        for (int64_t k = 0; k < i; k++)
            if (case_number(&index, i) == case_number(&index, k)) return true;
    return false;
}

#define INDICES_REPEAT "of numbers that share an index only the last is in the result, and has a gradient"

/* A lane, or a pair, for none of whose numbers a mask holds: they are -inf, and the second derivative there
 * is NaN in PyTorch, from -inf - -inf, where the library has none at all, as in logsumexp of -inf alone. */
static bool mask_holds_for_none(trial *t)
{
    const json_t *kwargs = json_object_get(t->json, "kwargs"), *args = json_object_get(t->json, "args");
    const bool pair = !strcmp(t->op, "masked.logaddexp");
    const fx_tensor *x = tensor_of(t, json_array_get(args, 0));
    fx_tensor *mask = tensor_of(t, json_object_get(kwargs, pair ? "input_mask" : "mask"));
    fx_tensor *other = tensor_of(t, json_object_get(kwargs, pair ? "other_mask" : "mask"));
    if (!x || !mask || !other) return false;
    fx_tensor *held = fx_logical_or(fx_expand_as(mask, x), fx_expand_as(other, x));
    const json_t *dim = json_object_get(kwargs, "dim");
    fx_dims dims = { .given = dim && !json_is_null(dim) };
    size_t i;
    json_t *each;
    if (json_is_integer(dim)) dims.at[dims.count++] = json_integer_value(dim);
    json_array_foreach(dim, i, each) if (dims.count < FX_MAX_DIMS) dims.at[dims.count++] =
        json_integer_value(each);
    if (!pair) held = fx_any(held, .dims = dims);
    return held && fx_item_int(fx_all(held)) == 0;
}

/* Weights of float32: their gradients are float32, which PyTorch rounds on the way, the library at the end.
 */
static bool weights_are_narrow(trial *t)
{
    const json_t *weights = json_object_get(json_object_get(t->json, "kwargs"), "aweights");
    const fx_tensor *w = tensor_of(t, weights);
    return w && fx_dtype_of(w) == FX_F32;
}

/* The second derivative of a norm of vectors of zeros, or of none: NaN in PyTorch, from 0 / 0, where the
 * library's is 0. */
static bool norm_of_zeros(trial *t)
{
    const json_t *order = json_array_get(json_object_get(t->json, "args"), 1);
    const char *word = json_string_value(order), *name = argument_name(t->json, 0);
    case_tensor x;
    if (strncmp(t->reason, "second order", strlen("second order")) || !name ||
        !case_file_tensor(t->file, name, &x))
        return false;
    if (x.ndim != 1 && order && !json_is_null(order) && !(word && !strcmp(word, "fro"))) return false;
    for (int64_t i = 0; i < x.numel; i++)
        if (case_number(&x, i) != 0) return false;
    return true;
}

/* A function of a Cholesky factor: one triangle is read, and only that has a gradient, where PyTorch's is the
 * one of L L^T, of all of L. In the triangle that is read they are the same. */
static bool triangle_is_not_read(trial *t)
{
    const bool solves = !strcmp(t->op, "cholesky_solve");
    const json_t *cotangents = json_object_get(t->json, "cotangents"),
                 *upper = json_object_get(json_object_get(t->json, "kwargs"), "upper");
    const char *name = argument_name(t->json, solves ? 1 : 0),
               *gradient =
                   name ? json_string_value(json_object_get(json_object_get(t->json, "grads"), name)) : NULL;
    case_tensor theirs;
    if (!gradient || !case_file_tensor(t->file, gradient, &theirs) || !call_operator(t)) return false;
    fx_tensor *seed = trial_tensor(t, json_string_value(json_object_get(cotangents, "0")), false);
    fx_tensor *ours = fx_gradient(t->out[0], trial_tensor(t, name, true), .seed = seed);
    if (!ours || fx_numel(ours) != theirs.numel) return false;
    const int64_t n = fx_dim(ours, -1);
    const double *at = fx_data_const(fx_contiguous(ours));
    for (int64_t i = 0; i < theirs.numel; i++) {
        const int64_t row = i / n % n, column = i % n;
        const bool read = json_is_true(upper) ? row <= column : row >= column;
        const double there = case_number(&theirs, i), difference = at[i] - there;
        if (!read && at[i] != 0) return false;
        if (read && !(difference <= 1e-9 + 1e-7 * fabs(there) && -difference <= 1e-9 + 1e-7 * fabs(there)))
            return false;
    }
    return true;
}

/* A window that is the beginning of another case's: PyTorch was called with a view, and gradients of views
 * are not kept, so that there is none to compare with. */
static bool window_is_a_view(trial *t)
{
    size_t i;
    json_t *other;
    case_tensor mine, whole;
    const char *name = json_string_value(
        json_object_get(json_object_get(json_object_get(t->json, "kwargs"), "window"), "t"));
    if (!name || !json_is_null(json_object_get(json_object_get(t->json, "grads"), name)) ||
        !case_file_tensor(t->file, name, &mine))
        return false;
    json_array_foreach(t->file->cases, i, other)
    {
        const json_t *window = json_object_get(json_object_get(other, "kwargs"), "window");
        const char *its = json_string_value(json_object_get(window, "t"));
        if (its && case_file_tensor(t->file, its, &whole) && whole.numel > mine.numel &&
            !memcmp(mine.data, whole.data, (size_t)mine.numel * sizeof(double)))
            return true;
    }
    return false;
}

static const excuse excuses[] = {
    { "cholesky_inverse", triangle_is_not_read, "the triangle that is not read has no gradient" },
    { "cholesky_solve", triangle_is_not_read, "the triangle that is not read has no gradient" },
    { "cov", weights_are_narrow, "gradients in weights of float32 are rounded to float32" },
    { "index_put", puts_repeat, INDICES_REPEAT },
    { "linalg.norm", norm_of_zeros, "the second derivative of a norm at 0 is 0" },
    { "istft", window_is_a_view, "the window was a view, whose gradient PyTorch does not keep" },
    { "nn.functional.batch_norm", running_mean_moved_later,
      "the running statistics were written after a later case moved them" },
    { "nn.functional.max_unpool1d", indices_repeat, INDICES_REPEAT },
    { "nn.functional.max_unpool2d", indices_repeat, INDICES_REPEAT },
    { "nn.functional.max_unpool3d", indices_repeat, INDICES_REPEAT },
    { "masked.logaddexp", mask_holds_for_none, "where no mask holds the library has a gradient of 0" },
    { "masked.logsumexp", mask_holds_for_none, "where no mask holds the library has a gradient of 0" },
    { NULL, NULL, NULL },
};

const char *excuse_of(trial *t)
{
    for (const excuse *e = excuses; e->op; e++)
        if (t->op && !strcmp(e->op, t->op) && e->holds(t)) return e->reason;
    return NULL;
}
