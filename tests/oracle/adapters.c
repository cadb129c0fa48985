/* Torch operators whose arguments are not ours in another order: each row translates them. */
#include "oracle.h"
#include <string.h>

/* rsub(a, b) is sub(b, a); x.where(condition, other) and x.polygamma(n) have second what comes first here. */
static bool swap_first(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    json_t *a = json_incref(json_array_get(args, 0)), *b = json_incref(json_array_get(args, 1));
    if (a && b) {
        json_array_set(args, 0, b);
        json_array_set(args, 1, a);
    }
    json_decref(a);
    json_decref(b);
    return a && b;
}

/* clamp_max(x, m) is clamp(x, None, m). */
static bool insert_none(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    return json_array_insert_new(args, 1, json_null()) == 0;
}

static bool unchanged(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)args, (void)kwargs;
    return true;
}

static bool is_variant(const trial *t, const char *variant)
{
    const char *v = json_string_value(json_object_get(t->json, "variant"));
    return v && !strcmp(v, variant);
}

/* max(a, b) of two tensors is maximum. */
static bool two_tensors(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    return json_array_size(args) == 2 && json_object_get(json_array_get(args, 1), "t");
}

/* max(x) of all is amax: ties share the gradient. */
static bool of_all(trial *t, json_t *args, json_t *kwargs)
{
    (void)t;
    return json_array_size(args) == 1 && json_object_size(kwargs) == 0;
}

/* unbiased=True, by name or in the second place, is a correction of 1; so is None. */
static bool unbiased(trial *t, json_t *args, json_t *kwargs)
{
    (void)t;
    const json_t *second = json_array_get(args, 1), *named = json_object_get(kwargs, "unbiased");
    const json_t *correction = json_object_get(kwargs, "correction");
    if (json_is_boolean(second)) {
        json_object_set_new(kwargs, "correction", json_integer(json_is_true(second)));
        return json_array_remove(args, 1) == 0;
    }
    if (json_is_boolean(named)) {
        json_object_set_new(kwargs, "correction", json_integer(json_is_true(named)));
        return json_object_del(kwargs, "unbiased") == 0;
    }
    return json_is_null(correction) && json_object_del(kwargs, "correction") == 0;
}

/* An empty list of dimensions, where it means all of them, is left out. */
static bool all_dims(trial *t, json_t *args, json_t *kwargs)
{
    (void)t;
    const json_t *second = json_array_get(args, 1), *named = json_object_get(kwargs, "dim");
    if (json_is_array(second) && json_array_size(second) == 0)
        return json_array_set_new(args, 1, json_null()) == 0;
    return json_is_array(named) && json_array_size(named) == 0 && json_object_del(kwargs, "dim") == 0;
}

/* float() and double() convert. */
static bool to_float(trial *t, json_t *args, json_t *kwargs)
{
    (void)kwargs;
    const char *dtype = !strcmp(t->op, "double") ? "float64" : "float32";
    return json_array_append_new(args, json_pack("{s:s}", "dtype", dtype)) == 0;
}

/* Sizes of another tensor in that tensor's place. */
static bool sizes_of_other(trial *t, json_t *args, json_t *kwargs)
{
    (void)kwargs;
    const fx_tensor *other = tensor_of(t, json_array_get(args, 1));
    return other && json_array_set(args, 1, sizes_value(t, fx_sizes(other), fx_ndim(other))) == 0;
}

/* A number that stands as a tensor without dimensions. */
static bool number_third(trial *t, json_t *args, json_t *kwargs)
{
    (void)kwargs;
    const fx_tensor *start = tensor_of(t, json_array_get(args, 2));
    return start && json_array_set_new(args, 2, json_integer(fx_item_int(start))) == 0;
}

/* round(x, decimals=0) is round(x). */
static bool no_decimals(trial *t, json_t *args, json_t *kwargs)
{
    (void)args;
    return is_variant(t, "decimals_0") && json_object_del(kwargs, "decimals") == 0;
}

/* norm(x, "fro", dims) is of order 2. */
static bool frobenius(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    const char *order = json_string_value(json_array_get(args, 1));
    return order && !strcmp(order, "fro") && json_array_set_new(args, 1, json_integer(2)) == 0;
}

/* The order of a norm of matrices is a word. */
static bool order_in_words(trial *t, json_t *args, json_t *kwargs)
{
    char word[32];
    json_t *order = json_array_get(args, 1);
    json_t *infinite = json_object_get(order, "float");
    (void)t, (void)kwargs;
    if (infinite) return json_array_set(args, 1, infinite) == 0;
    if (!json_is_number(order)) return false;
    snprintf(word, sizeof word, "%.17g", json_number_value(order));
    return json_array_set_new(args, 1, json_string(word)) == 0;
}

/* norm(x, "nuc", dims) is of matrices. */
static bool nuclear(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    const char *order = json_string_value(json_array_get(args, 1));
    return order && !strcmp(order, "nuc");
}

/* lstsq where only the solution is asked for. */
static bool solution_alone(trial *t, const json_t *args, const json_t *kwargs)
{
    if (!is_variant(t, "grad_oriented") || !call_registered(t, "linalg.lstsq", NULL, args, kwargs, 0))
        return false;
    t->outs = 1;
    return true;
}

/* pinv of a b^T, of two narrow matrices. */
static bool of_product(trial *t, const json_t *args, const json_t *kwargs)
{
    (void)kwargs;
    if (!is_variant(t, "singular")) return false;
    json_t *b = apply(t, "mT", "[O]", json_array_get(args, 1));
    json_t *x = b ? apply(t, "matmul", "[O,O]", json_array_get(args, 0), b) : NULL;
    return x && result(t, apply(t, "linalg.pinv", "[O]", x));
}

/* tensordot(a, b, dims=[[...], [...]]): the lists have a name each. */
static bool dims_of_each(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)args;
    const json_t *dims = json_object_get(kwargs, "dims");
    if (!json_is_array(dims)) return false;
    json_object_set(kwargs, "dims_x", json_array_get(dims, 0));
    json_object_set(kwargs, "dims_other", json_array_get(dims, 1));
    return json_object_del(kwargs, "dims") == 0;
}

/* Its equation is text, which no field of the registry is. */
static bool einsum(trial *t, const json_t *args, const json_t *kwargs)
{
    (void)kwargs;
    fx_tensor *at[8];
    fx_list list = { 0, at };
    size_t i;
    json_t *each;
    const char *equation = json_string_value(json_array_get(args, 1));
    json_array_foreach(json_array_get(args, 0), i, each) if (i < 8) at[list.count++] = tensor_of(t, each);
    t->out[0] = equation ? fx_einsum_at(equation, list, FX_HERE) : NULL;
    t->outs = t->out[0] != NULL;
    return t->out[0] || trial_fail(t, "%s", fx_error_message(t->cx));
}

/* constant_pad_nd(x, pad, value): our mode stands before the value. */
static bool constant_mode(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    return json_array_insert_new(args, 2, json_string("constant")) == 0;
}

/* What is nothing to a real number. */
static bool same(trial *t, const json_t *args, const json_t *kwargs)
{
    (void)kwargs;
    t->out[0] = fx_clone(tensor_of(t, json_array_get(args, 0)));
    t->outs = t->out[0] != NULL;
    return t->outs;
}

/* fill and zero_ write in place: into a copy. */
static bool filled(trial *t, const json_t *args, const json_t *kwargs)
{
    const json_t *value = json_object_get(kwargs, "value");
    const double number = json_is_true(value) ? 1 : json_number_value(value);
    t->out[0] = fx_clone(tensor_of(t, json_array_get(args, 0)));
    t->out[0] = !strcmp(t->op, "fill") ? fx_fill_(t->out[0], number) : fx_zero_(t->out[0]);
    t->outs = t->out[0] != NULL;
    return t->outs;
}

/* padding="same" is our same=true; "valid" is none. */
static bool padding_in_words(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)args;
    const char *word = json_string_value(json_object_get(kwargs, "padding"));
    if (!word) return false;
    if (!strcmp(word, "same")) json_object_set_new(kwargs, "same", json_true());
    return json_object_del(kwargs, "padding") == 0;
}

/* This form of attention gives its weights whether they were asked for or not. */
static bool with_weights(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)args;
    return json_object_set_new(kwargs, "need_attn_weights", json_true()) == 0;
}

/* Sizes of None are our -1. */
static bool sizes_of_none(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    json_t *sizes = json_array_get(args, 1), *each;
    size_t i;
    bool found = false;
    json_array_foreach(sizes, i, each) if (json_is_null(each))
    {
        json_array_set_new(sizes, i, json_integer(-1));
        found = true;
    }
    return found;
}

/* gradient(x, spacing=h) is of our step h; spacing=[h, ...], one a dimension, of coordinates h apart. */
static bool spacings(trial *t, json_t *args, json_t *kwargs)
{
    json_t *spacing = json_incref(json_object_get(kwargs, "spacing")), *lists = json_array(), *each;
    const json_t *dim = json_object_get(kwargs, "dim");
    fx_tensor *x = tensor_of(t, json_array_get(args, 0));
    bool good = json_is_number(spacing) && json_object_set(kwargs, "step", spacing) == 0;
    size_t i;
    json_array_foreach(spacing, i, each)
    {
        int64_t along = json_is_array(dim) ? json_integer_value(json_array_get(dim, i)) : (int64_t)i;
        along = along < 0 ? along + fx_ndim(x) : along;
        if (!json_is_number(each) || along >= (int64_t)fx_ndim(x)) break;
        fx_tensor *at = fx_to(fx_arange_at(t->cx, fx_sizes(x)[along], FX_HERE), FX_F64);
        good = json_array_append(lists, value_of(t, fx_mul(at, json_number_value(each)))) == 0;
    }
    if (json_array_size(lists)) json_object_set(kwargs, "coordinates", lists);
    json_decref(lists);
    json_decref(spacing);
    return good && json_object_del(kwargs, "spacing") == 0;
}

/* lu_solve(B, LU, pivots) is linalg.lu_solve(LU, pivots, B). */
static bool first_last(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    json_t *b = json_array_get(args, 0);
    return b && json_array_append(args, b) == 0 && json_array_remove(args, 0) == 0;
}

/* lu(A, pivot, get_infos) is linalg.lu_factor, or linalg.lu_factor_ex. */
static bool drop_third(trial *t, json_t *args, json_t *kwargs)
{
    (void)t, (void)kwargs;
    return json_array_size(args) == 3 && json_array_remove(args, 2) == 0;
}

/* triangular_solve gives A as well. */
static bool solution_and_matrix(trial *t, const json_t *args, const json_t *kwargs)
{
    if (!call_registered(t, "triangular_solve", NULL, args, kwargs, 1)) return false;
    t->out[1] = fx_clone(tensor_of(t, json_array_get(args, 1)));
    t->outs = 2;
    return t->out[1] != NULL;
}

/* A real tensor where we take pairs. */
static bool as_pairs(trial *t, json_t *args, json_t *kwargs)
{
    (void)kwargs;
    fx_tensor *x = tensor_of(t, json_array_get(args, 0));
    fx_tensor *pairs = x ? fx_stack(-1, x, fx_zeros_like(x)) : NULL;
    return pairs && json_array_set(args, 0, value_of(t, pairs)) == 0;
}

/* Our flag is the opposite of torch's. */
static void opposite(json_t *kwargs, const char *torch, const char *ours)
{
    if (json_is_false(json_object_get(kwargs, torch))) json_object_set_new(kwargs, ours, json_true());
    json_object_del(kwargs, torch);
}

/* Without onesided, istft tells by the number of frequencies. */
static bool frames(trial *t, json_t *args, json_t *kwargs)
{
    const fx_tensor *x = tensor_of(t, json_array_get(args, 0));
    const int64_t n = integer_argument(args, 1, kwargs, "n_fft", 0);
    if (!x) return false;
    const json_t *onesided = json_object_get(kwargs, "onesided");
    if (!strcmp(t->op, "istft") && !json_is_boolean(onesided) && fx_sizes(x)[fx_ndim(x) - 3] == n)
        json_object_set_new(kwargs, "onesided", json_false());
    opposite(kwargs, "onesided", "twosided");
    opposite(kwargs, "center", "uncentered");
    return !json_is_true(json_object_get(kwargs, "return_complex")) &&
           (json_object_del(kwargs, "return_complex"), true);
}

static const adapter adapters[] = {
    { "amax", "amax", all_dims, NULL },
    { "amin", "amin", all_dims, NULL },
    { "clamp_max", "clamp", insert_none, NULL },
    { "clamp_min", "clamp", unchanged, NULL },
    { "conj", NULL, NULL, same },
    { "conj_physical", NULL, NULL, same },
    { "constant_pad_nd", "nn.functional.pad", constant_mode, NULL },
    { "double", "to", to_float, NULL },
    { "einsum", NULL, NULL, einsum },
    { "expand_as", "expand", sizes_of_other, NULL },
    { "fft.hfft", "fft.hfft", as_pairs, NULL },
    { "fft.hfft2", "fft.hfft2", as_pairs, NULL },
    { "fft.hfftn", "fft.hfftn", as_pairs, NULL },
    { "fft.irfft", "fft.irfft", as_pairs, NULL },
    { "fft.irfft2", "fft.irfft2", as_pairs, NULL },
    { "fft.irfftn", "fft.irfftn", as_pairs, NULL },
    { "fill", NULL, NULL, filled },
    { "float", "to", to_float, NULL },
    { "gradient", "gradient", spacings, NULL },
    { "linalg.lstsq", NULL, NULL, solution_alone },
    { "linalg.matrix_norm", "linalg.matrix_norm", order_in_words, NULL },
    { "linalg.norm", "linalg.norm", order_in_words, NULL },
    { "linalg.pinv", NULL, NULL, of_product },
    { "lu", "linalg.lu_factor", drop_third, NULL },
    { "lu", "linalg.lu_factor_ex", drop_third, NULL },
    { "lu_solve", "linalg.lu_solve", first_last, NULL },
    { "istft", "istft", frames, NULL },
    { "max", "maximum", two_tensors, NULL },
    { "max", "amax", of_all, NULL },
    { "mean", "mean", all_dims, NULL },
    { "min", "minimum", two_tensors, NULL },
    { "min", "amin", of_all, NULL },
    { "nanmean", "nanmean", all_dims, NULL },
    { "nansum", "nansum", all_dims, NULL },
    { "narrow", "narrow", number_third, NULL },
    { "nn.functional._scaled_dot_product_attention", "nn.functional.scaled_dot_product_attention",
      with_weights, NULL },
    { "nn.functional.adaptive_avg_pool2d", "nn.functional.adaptive_avg_pool2d", sizes_of_none, NULL },
    { "nn.functional.adaptive_avg_pool3d", "nn.functional.adaptive_avg_pool3d", sizes_of_none, NULL },
    { "nn.functional.adaptive_max_pool2d", "nn.functional.adaptive_max_pool2d", sizes_of_none, NULL },
    { "nn.functional.adaptive_max_pool3d", "nn.functional.adaptive_max_pool3d", sizes_of_none, NULL },
    { "nn.functional.conv1d", "nn.functional.conv1d", padding_in_words, NULL },
    { "nn.functional.conv2d", "nn.functional.conv2d", padding_in_words, NULL },
    { "norm", "norm", frobenius, NULL },
    { "norm", "linalg.matrix_norm", nuclear, NULL },
    { "polygamma", "polygamma", swap_first, NULL },
    { "positive", NULL, NULL, same },
    { "real", NULL, NULL, same },
    { "reshape_as", "reshape", sizes_of_other, NULL },
    { "resolve_conj", NULL, NULL, same },
    { "resolve_neg", NULL, NULL, same },
    { "round", "round", no_decimals, NULL },
    { "rsub", "sub", swap_first, NULL },
    { "special.polygamma", "polygamma", swap_first, NULL },
    { "std", "std", unbiased, NULL },
    { "std_mean", "std_mean", unbiased, NULL },
    { "stft", "stft", frames, NULL },
    { "sum", "sum", all_dims, NULL },
    { "tensordot", "tensordot", dims_of_each, NULL },
    { "triangular_solve", NULL, NULL, solution_and_matrix },
    { "var", "var", unbiased, NULL },
    { "var_mean", "var_mean", unbiased, NULL },
    { "view_as", "reshape", sizes_of_other, NULL },
    { "where", "where", swap_first, NULL },
    { "zero_", NULL, NULL, filled },
};

const adapter *adapter_of(const char *op, int nth)
{
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++)
        if (!strcmp(adapters[i].op, op) && nth-- == 0) return &adapters[i];
    return NULL;
}
