/* Torch operators that the registry need not have because others make them: each by the expression that
 * defines it. */
#include "composites.h"
#include <string.h>

#define X(i) argument(args, i, kwargs, NULL)

json_t *narrow(trial *t, json_t *x, int64_t dim, int64_t start, int64_t length)
{
    json_t *y = apply(t, "narrow", "[O,I,I,I]", x, (json_int_t)dim, (json_int_t)start, (json_int_t)length);
    if (y) return y;
    t->reason[0] = 0;
    const json_int_t stop = start + length;
    return apply(t, "slice", "[O,I,I,I]", x, (json_int_t)dim, (json_int_t)start, stop);
}

static int ndim_of(trial *t, const json_t *x) { return tensor_of(t, x) ? fx_ndim(tensor_of(t, x)) : 0; }
static int64_t dim_of(trial *t, const json_t *x, int d)
{
    return tensor_of(t, x) ? fx_dim(tensor_of(t, x), d) : 0;
}

/* A dimension of n, counted from the first. */
static int from_front(const json_t *dim, int n)
{
    const int d = (int)json_integer_value(dim);
    return d < 0 ? d + n : d;
}

static json_t *reshape(trial *t, const json_t *x, const int64_t *sizes, int count)
{
    return x ? apply(t, "reshape", "[O,O]", x, sizes_value(t, sizes, count)) : NULL;
}

/* ---- transposes --------------------------------------------------------------------------------------- */

static bool transposed(trial *t, const json_t *args, const json_t *kwargs)
{
    const int n = ndim_of(t, X(0));
    if (n < 2) return result(t, apply(t, "clone", "[O]", X(0)));
    return result(t, apply(t, "transpose", "[O,i,i]", X(0), n - 2, n - 1));
}

static bool moved(trial *t, const json_t *args, const json_t *kwargs)
{
    const json_t *from = X(1), *to = X(2);
    const int n = ndim_of(t, X(0));
    int64_t order[FX_MAX_DIMS];
    bool taken[FX_MAX_DIMS] = { 0 };
    for (int d = 0; d < n; d++) order[d] = -1;
    for (size_t i = 0; i < json_array_size(from); i++) {
        const int a = from_front(json_array_get(from, i), n), b = from_front(json_array_get(to, i), n);
        order[b] = a;
        taken[a] = true;
    }
    for (int d = 0, next = 0; d < n; d++) {
        if (order[d] >= 0) continue;
        while (taken[next]) next++;
        order[d] = next++;
    }
    return result(t, apply(t, "permute", "[O,O]", X(0), sizes_value(t, order, n)));
}

static bool quarter_turns(trial *t, const json_t *args, const json_t *kwargs)
{
    const int64_t k = (integer_argument(args, 1, kwargs, "k", 1) % 4 + 4) % 4;
    const json_t *dims = X(2);
    const int64_t a = dims ? json_integer_value(json_array_get(dims, 0)) : 0,
                  b = dims ? json_integer_value(json_array_get(dims, 1)) : 1;
    json_t *x = X(0);
    if (k == 0) return result(t, apply(t, "clone", "[O]", x));
    if (k == 2) return result(t, apply(t, "flip", "[O,[I,I]]", x, (json_int_t)a, (json_int_t)b));
    x = k == 1 ? apply(t, "flip", "[O,[I]]", x, (json_int_t)b) : x;
    x = x ? apply(t, "transpose", "[O,I,I]", x, (json_int_t)a, (json_int_t)b) : NULL;
    return result(t, k == 1 || !x ? x : apply(t, "flip", "[O,[I]]", x, (json_int_t)b));
}

static bool flipped(trial *t, const json_t *args, const json_t *kwargs)
{
    return result(t, apply(t, "flip", "[O,[i]]", X(0), !strcmp(t->op, "fliplr")));
}

/* ---- shapes ------------------------------------------------------------------------------------------- */

/* At least n dimensions; new ones stand first, but the third of two stands last. */
static json_t *at_least(trial *t, const json_t *x, int n)
{
    const fx_tensor *tensor = tensor_of(t, x);
    if (!tensor) return NULL;
    int64_t sizes[FX_MAX_DIMS + 3] = { 1, 1, 1 };
    const int have = fx_ndim(tensor), front = have >= n ? 0 : n == 3 ? (have == 2 ? 0 : 1) : n - have;
    memcpy(sizes + front, fx_sizes(tensor), (size_t)have * sizeof *sizes);
    for (int d = front + have; d < n; d++) sizes[d] = 1;
    return reshape(t, x, sizes, have > n ? have : n);
}

static bool atleast(trial *t, const json_t *args, const json_t *kwargs)
{
    const int n = t->op[8] - '0'; /* atleast_2d */
    if (!json_is_array(X(0))) return result(t, at_least(t, X(0), n));
    size_t i;
    json_t *each;
    json_array_foreach(X(0), i, each) if (!result(t, at_least(t, each, n))) return false;
    return true;
}

static bool viewed(trial *t, const json_t *args, const json_t *kwargs)
{
    return result(t, apply(t, "reshape", "[O,O]", X(0), X(1)));
}

static bool raveled(trial *t, const json_t *args, const json_t *kwargs)
{
    return result(t, apply(t, "reshape", "[O,[i]]", X(0), -1));
}

static bool unflattened(trial *t, const json_t *args, const json_t *kwargs)
{
    const int n = ndim_of(t, X(0));
    const int dim = from_front(argument(args, 1, kwargs, "dim"), n);
    json_t *sizes = scrap(t, json_array());
    for (int d = 0; d < n; d++)
        if (d == dim)
            json_array_extend(sizes, argument(args, 2, kwargs, "sizes"));
        else
            json_array_append_new(sizes, json_integer(dim_of(t, X(0), d)));
    return result(t, apply(t, "reshape", "[O,O]", X(0), sizes));
}

/* What tensors of these sizes broadcast to. */
static json_t *broadcast_sizes(trial *t, const json_t *list)
{
    int64_t sizes[FX_MAX_DIMS];
    int n = 0;
    size_t i;
    json_t *each;
    json_array_foreach(list, i, each) if (ndim_of(t, each) > n) n = ndim_of(t, each);
    for (int d = 0; d < n; d++) sizes[d] = 1;
    json_array_foreach(list, i, each) for (int d = 1; d <= ndim_of(t, each);
                                           d++) if (dim_of(t, each, -d) != 1) sizes[n - d] =
        dim_of(t, each, -d);
    return sizes_value(t, sizes, n);
}

static bool broadcast(trial *t, const json_t *args, const json_t *kwargs)
{
    (void)kwargs;
    json_t *sizes = broadcast_sizes(t, args), *each;
    size_t i;
    json_array_foreach(args, i, each) if (!result(t, apply(t, "expand", "[O,O]", each, sizes))) return false;
    return true;
}

static bool broadcast_to(trial *t, const json_t *args, const json_t *kwargs)
{
    return result(t, apply(t, "expand", "[O,O]", X(0), X(1)));
}

static bool grid(trial *t, const json_t *args, const json_t *kwargs)
{
    const json_t *list = json_is_array(X(0)) ? X(0) : args;
    const char *indexing = json_string_value(json_object_get(kwargs, "indexing"));
    const bool xy = indexing && !strcmp(indexing, "xy");
    const int n = (int)json_array_size(list);
    int64_t sizes[FX_MAX_DIMS];
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < n; i++) {
            json_t *x = json_array_get(list, (size_t)i);
            const int place = xy && n > 1 && i < 2 ? 1 - i : i;
            const int64_t size = fx_numel(tensor_of(t, x));
            if (pass == 0) {
                sizes[place] = size;
                continue;
            }
            int64_t own[FX_MAX_DIMS];
            for (int d = 0; d < n; d++) own[d] = d == place ? size : 1;
            x = reshape(t, x, own, n);
            if (!x || !result(t, apply(t, "expand", "[O,O]", x, sizes_value(t, sizes, n)))) return false;
        }
    return true;
}

/* Sums over what was broadcast: sizes may stand as a list or one by one. */
static bool summed(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *sizes = X(1);
    if (!json_is_array(sizes)) {
        sizes = scrap(t, json_array());
        for (size_t i = 1; i < json_array_size(args); i++) json_array_append(sizes, json_array_get(args, i));
    }
    const int extra = ndim_of(t, X(0)) - (int)json_array_size(sizes);
    json_t *dims = scrap(t, json_array());
    for (int d = 0; d < ndim_of(t, X(0)); d++)
        if (d < extra || json_integer_value(json_array_get(sizes, (size_t)(d - extra))) != dim_of(t, X(0), d))
            json_array_append_new(dims, json_integer(d));
    if (json_array_size(dims) == 0) return result(t, apply(t, "reshape", "[O,O]", X(0), sizes));
    json_t *y = apply(t, "sum", "[O,O,b]", X(0), dims, 1);
    return result(t, y ? apply(t, "reshape", "[O,O]", y, sizes) : NULL);
}

static bool tiled(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *times = scrap(t, json_deep_copy(argument(args, 1, kwargs, "dims")));
    while ((int)json_array_size(times) < ndim_of(t, X(0))) json_array_insert_new(times, 0, json_integer(1));
    return result(t, apply(t, "repeat", "[O,O]", X(0), times));
}

/* ---- splitting ---------------------------------------------------------------------------------------- */

/* Parts of x from one bound to the next, the last to the end. */
static bool cut(trial *t, json_t *x, int64_t dim, const int64_t *bound, int count)
{
    const int64_t size = dim_of(t, x, (int)dim);
    for (int i = 0; i <= count; i++) {
        const int64_t first = i == 0 ? 0 : bound[i - 1] < size ? bound[i - 1] : size;
        const int64_t after = i == count ? size : bound[i] < size ? bound[i] : size;
        if (!result(t, narrow(t, x, dim, first, after > first ? after - first : 0))) return false;
    }
    return true;
}

/* split: parts of a size, or of the sizes listed. */
static bool split(trial *t, const json_t *args, const json_t *kwargs)
{
    const json_t *sizes = X(1);
    const int64_t dim = integer_argument(args, 2, kwargs, "dim", 0), size = dim_of(t, X(0), (int)dim);
    int64_t bound[MOST_OUTPUTS], at = 0;
    int count = 0;
    while (count < MOST_OUTPUTS) {
        const json_t *part = json_is_array(sizes) ? json_array_get(sizes, (size_t)count) : sizes;
        at += json_integer_value(part);
        if (at >= size) break;
        bound[count++] = at;
    }
    return cut(t, X(0), dim, bound, count);
}

static bool chunk(trial *t, const json_t *args, const json_t *kwargs)
{
    const int64_t dim = integer_argument(args, 2, kwargs, "dim", 0), size = dim_of(t, X(0), (int)dim);
    const int64_t wanted = integer_argument(args, 1, kwargs, "chunks", 1),
                  part = (size + wanted - 1) / wanted;
    int64_t bound[MOST_OUTPUTS];
    int count = 0;
    for (int64_t at = part; at < size && count < MOST_OUTPUTS; at += part) bound[count++] = at;
    return cut(t, X(0), dim, bound, count);
}

/* tensor_split and its kin: a number of parts, or where to cut. */
static bool cut_at(trial *t, json_t *x, const json_t *where, int64_t dim)
{
    int64_t bound[MOST_OUTPUTS] = { 0 };
    int count = 0;
    const fx_tensor *tensor = tensor_of(t, where);
    int64_t parts = json_integer_value(where);
    if (json_is_array(where)) {
        for (; count < (int)json_array_size(where); count++)
            bound[count] = json_integer_value(json_array_get(where, (size_t)count));
        return cut(t, x, dim, bound, count);
    }
    if (tensor && fx_ndim(tensor) == 1)
        return fx_copy_out(tensor, FX_I64, bound) == FX_OK && cut(t, x, dim, bound, (int)fx_numel(tensor));
    if (tensor) parts = fx_item_int(tensor);
    const int64_t size = dim_of(t, x, (int)dim);
    for (int64_t i = 1, at = 0; i < parts && i < MOST_OUTPUTS; i++) {
        at += size / parts + (i <= size % parts);
        bound[count++] = at;
    }
    return cut(t, x, dim, bound, count);
}

static bool tensor_split(trial *t, const json_t *args, const json_t *kwargs)
{
    const json_t *where = argument(args, 1, kwargs, "indices_or_sections");
    return cut_at(t, X(0), where, integer_argument(args, 2, kwargs, "dim", 0));
}

static bool direction_split(trial *t, const json_t *args, const json_t *kwargs)
{
    const int dim = *t->op == 'v' ? 0 : *t->op == 'd' ? 2 : ndim_of(t, X(0)) > 1;
    return cut_at(t, X(0), X(1), dim);
}

static bool unbound(trial *t, const json_t *args, const json_t *kwargs)
{
    const int64_t dim = integer_argument(args, 1, kwargs, "dim", 0), size = dim_of(t, X(0), (int)dim);
    for (int64_t i = 0; i < size; i++)
        if (!result(t, apply(t, "select", "[O,I,I]", X(0), (json_int_t)dim, (json_int_t)i))) return false;
    return true;
}

/* ---- joining ------------------------------------------------------------------------------------------ */

static bool joined(trial *t, const json_t *args, const json_t *kwargs)
{
    const char kind = *t->op; /* hstack, vstack, dstack, column_stack */
    json_t *list = scrap(t, json_array()), *each;
    size_t i;
    int dim = kind == 'v' ? 0 : kind == 'd' ? 2 : 1;
    json_array_foreach(X(0), i, each)
    {
        json_t *x;
        if (kind == 'c' && ndim_of(t, each) < 2) {
            const int64_t sizes[2] = { fx_numel(tensor_of(t, each)), 1 };
            x = reshape(t, each, sizes, 2);
        } else
            x = at_least(t, each, kind == 'd' ? 3 : kind == 'v' ? 2 : 1);
        if (kind == 'h' && ndim_of(t, x) == 1) dim = 0;
        if (!x) return false;
        json_array_append(list, x);
    }
    return result(t, apply(t, "cat", "[O,i]", list, dim));
}

static bool stacked(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *list = scrap(t, json_array()), *each;
    const int64_t dim = integer_argument(args, 1, kwargs, "dim", 0);
    size_t i;
    json_array_foreach(X(0), i, each)
    {
        json_t *x = apply(t, "unsqueeze", "[O,I]", each, (json_int_t)dim);
        if (!x) return false;
        json_array_append(list, x);
    }
    return result(t, apply(t, "cat", "[O,I]", list, (json_int_t)dim));
}

/* ---- arithmetic --------------------------------------------------------------------------------------- */

/* a times a number that may be left out. */
static json_t *scaled(trial *t, json_t *x, const json_t *kwargs, const char *name)
{
    const json_t *by = json_object_get(kwargs, name);
    return by && x ? apply(t, "mul", "[O,O]", x, by) : x;
}

/* add, sub and rsub with alpha. */
static bool with_alpha(trial *t, const json_t *args, const json_t *kwargs)
{
    const bool reversed = *t->op == 'r';
    json_t *y = scaled(t, X(reversed ? 0 : 1), kwargs, "alpha");
    if (!json_object_get(kwargs, "alpha") || !y) return false;
    return result(t, apply(t, *t->op == 'a' ? "add" : "sub", "[O,O]", X(reversed ? 1 : 0), y));
}

static bool with_value(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *y = apply(t, !strcmp(t->op, "addcmul") ? "mul" : "div", "[O,O]", X(1), X(2));
    y = scaled(t, y, kwargs, "value");
    return result(t, y ? apply(t, "add", "[O,O]", X(0), y) : NULL);
}

static bool divided(trial *t, const json_t *args, const json_t *kwargs)
{
    const char *rounding = json_string_value(json_object_get(kwargs, "rounding_mode"));
    json_t *y = apply(t, "div", "[O,O]", X(0), X(1));
    return result(t, y && rounding ? apply(t, rounding, "[O]", y) : y);
}

static bool lerped(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *y = apply(t, "sub", "[O,O]", X(1), X(0));
    y = y ? apply(t, "mul", "[O,O]", y, X(2)) : NULL;
    return result(t, y ? apply(t, "add", "[O,O]", X(0), y) : NULL);
}

static bool ldexp_of(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *y = apply(t, "pow", "[f,O]", 2.0, X(1));
    return result(t, y ? apply(t, "mul", "[O,O]", X(0), y) : NULL);
}

static bool float_powered(trial *t, const json_t *args, const json_t *kwargs)
{
    return result(t, apply(t, "pow", "[O,O]", X(0), X(1)));
}

static bool rounded(trial *t, const json_t *args, const json_t *kwargs)
{
    double power = 1;
    const int64_t decimals = integer_argument(args, 1, kwargs, "decimals", 0);
    for (int64_t i = 0; i < (decimals < 0 ? -decimals : decimals); i++) power *= 10;
    json_t *y = apply(t, decimals < 0 ? "div" : "mul", "[O,f]", X(0), power);
    y = y ? apply(t, "round", "[O]", y) : NULL;
    return result(t, y ? apply(t, decimals < 0 ? "mul" : "div", "[O,f]", y, power) : NULL);
}

static bool gated(trial *t, const json_t *args, const json_t *kwargs)
{
    const int64_t dim = integer_argument(args, 1, kwargs, "dim", -1), half = dim_of(t, X(0), (int)dim) / 2;
    json_t *gate = narrow(t, X(0), dim, half, half);
    gate = gate ? apply(t, "sigmoid", "[O]", gate) : NULL;
    return gate && result(t, apply(t, "mul", "[O,O]", narrow(t, X(0), dim, 0, half), gate));
}

static bool softmin(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *y = apply(t, "neg", "[O]", X(0));
    return y && result(t, apply_to(t, "softmax", json_pack("[O,O]", y, X(1)), json_deep_copy(kwargs)));
}

static bool degrees(trial *t, const json_t *args, const json_t *kwargs)
{
    const double by = !strcmp(t->op, "deg2rad") ? 0.017453292519943295 : 57.29577951308232;
    return result(t, apply(t, "mul", "[O,f]", X(0), by));
}

/* ---- products of matrices ----------------------------------------------------------------------------- */

static bool multiplied(trial *t, const json_t *args, const json_t *kwargs)
{
    return result(t, apply(t, "matmul", "[O,O]", X(0), X(1)));
}

static json_t *outer_of(trial *t, json_t *u, json_t *v)
{
    json_t *column = u ? apply(t, "unsqueeze", "[O,i]", u, 1) : NULL,
           *row = v ? apply(t, "unsqueeze", "[O,i]", v, 0) : NULL;
    return column && row ? apply(t, "mul", "[O,O]", column, row) : NULL;
}

static bool outer(trial *t, const json_t *args, const json_t *kwargs)
{
    return result(t, outer_of(t, X(0), X(1)));
}

static bool inner(trial *t, const json_t *args, const json_t *kwargs)
{
    if (ndim_of(t, X(0)) == 0 || ndim_of(t, X(1)) == 0)
        return result(t, apply(t, "mul", "[O,O]", X(0), X(1)));
    json_t *y = ndim_of(t, X(1)) > 1 ? apply(t, "transpose", "[O,i,i]", X(1), -1, -2) : X(1);
    return y && result(t, apply(t, "matmul", "[O,O]", X(0), y));
}

/* addmm and its kin: beta x + alpha (a product of the other two). */
static bool added_to(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *y = !strcmp(t->op, "addr") ? outer_of(t, X(1), X(2)) : apply(t, "matmul", "[O,O]", X(1), X(2));
    if (y && !strcmp(t->op, "addbmm")) y = apply(t, "sum", "[O,[i]]", y, 0);
    y = scaled(t, y, kwargs, "alpha");
    json_t *x = scaled(t, X(0), kwargs, "beta");
    return x && y && result(t, apply(t, "add", "[O,O]", x, y));
}

static bool chained(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *y = json_array_get(X(0), 0);
    for (size_t i = 1; y && i < json_array_size(X(0)); i++)
        y = apply(t, "matmul", "[O,O]", y, json_array_get(X(0), i));
    return result(t, y);
}

static bool vecdot(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *y = apply(t, "mul", "[O,O]", X(0), X(1));
    return y &&
           result(t, apply(t, "sum", "[O,[I]]", y, (json_int_t)integer_argument(args, 2, kwargs, "dim", -1)));
}

/* ---- indexing ----------------------------------------------------------------------------------------- */

static bool take_along(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *x = X(0), *index = X(1);
    const json_t *dim = argument(args, 2, kwargs, "dim");
    if (!dim) {
        x = apply(t, "reshape", "[O,[i]]", x, -1);
        index = apply(t, "reshape", "[O,[i]]", index, -1);
        return x && index && result(t, apply(t, "gather", "[O,i,O]", x, 0, index));
    }
    const int n = ndim_of(t, x), along = from_front(dim, n);
    int64_t sizes[2][FX_MAX_DIMS];
    for (int d = 0; d < n; d++) {
        const int64_t a = dim_of(t, x, d), b = dim_of(t, index, d), both = a == 1 ? b : a;
        sizes[0][d] = d == along ? a : both;
        sizes[1][d] = d == along ? b : both;
    }
    x = apply(t, "expand", "[O,O]", x, sizes_value(t, sizes[0], n));
    index = x ? apply(t, "expand", "[O,O]", index, sizes_value(t, sizes[1], n)) : NULL;
    return index && result(t, apply(t, "gather", "[O,i,O]", x, along, index));
}

static bool taken(trial *t, const json_t *args, const json_t *kwargs)
{
    json_t *x = apply(t, "reshape", "[O,[i]]", X(0), -1), *index = apply(t, "reshape", "[O,[i]]", X(1), -1);
    const fx_tensor *shape = tensor_of(t, X(1));
    json_t *y = x && index ? apply(t, "index_select", "[O,i,O]", x, 0, index) : NULL;
    return result(t, reshape(t, y, fx_sizes(shape), fx_ndim(shape)));
}

static const adapter composites[] = {
    { "H", NULL, NULL, transposed },
    { "T", NULL, NULL, transposed },
    { "__getitem__", NULL, NULL, getitem },
    { "add", NULL, NULL, with_alpha },
    { "addbmm", NULL, NULL, added_to },
    { "addcdiv", NULL, NULL, with_value },
    { "addcmul", NULL, NULL, with_value },
    { "addmm", NULL, NULL, added_to },
    { "addmv", NULL, NULL, added_to },
    { "addr", NULL, NULL, added_to },
    { "atleast_1d", NULL, NULL, atleast },
    { "atleast_2d", NULL, NULL, atleast },
    { "atleast_3d", NULL, NULL, atleast },
    { "baddbmm", NULL, NULL, added_to },
    { "bmm", NULL, NULL, multiplied },
    { "broadcast_tensors", NULL, NULL, broadcast },
    { "broadcast_to", NULL, NULL, broadcast_to },
    { "chunk", NULL, NULL, chunk },
    { "column_stack", NULL, NULL, joined },
    { "deg2rad", NULL, NULL, degrees },
    { "div", NULL, NULL, divided },
    { "dot", NULL, NULL, multiplied },
    { "dsplit", NULL, NULL, direction_split },
    { "dstack", NULL, NULL, joined },
    { "fliplr", NULL, NULL, flipped },
    { "flipud", NULL, NULL, flipped },
    { "float_power", NULL, NULL, float_powered },
    { "hsplit", NULL, NULL, direction_split },
    { "hstack", NULL, NULL, joined },
    { "inner", NULL, NULL, inner },
    { "ldexp", NULL, NULL, ldexp_of },
    { "lerp", NULL, NULL, lerped },
    { "linalg.multi_dot", NULL, NULL, chained },
    { "linalg.vecdot", NULL, NULL, vecdot },
    { "mH", NULL, NULL, transposed },
    { "mT", NULL, NULL, transposed },
    { "meshgrid", NULL, NULL, grid },
    { "mm", NULL, NULL, multiplied },
    { "movedim", NULL, NULL, moved },
    { "mv", NULL, NULL, multiplied },
    { "nn.functional.glu", NULL, NULL, gated },
    { "nn.functional.softmin", NULL, NULL, softmin },
    { "outer", NULL, NULL, outer },
    { "rad2deg", NULL, NULL, degrees },
    { "ravel", NULL, NULL, raveled },
    { "rot90", NULL, NULL, quarter_turns },
    { "round", NULL, NULL, rounded },
    { "rsub", NULL, NULL, with_alpha },
    { "split", NULL, NULL, split },
    { "split_with_sizes", NULL, NULL, split },
    { "stack", NULL, NULL, stacked },
    { "sub", NULL, NULL, with_alpha },
    { "sum_to_size", NULL, NULL, summed },
    { "t", NULL, NULL, transposed },
    { "take", NULL, NULL, taken },
    { "take_along_dim", NULL, NULL, take_along },
    { "tensor_split", NULL, NULL, tensor_split },
    { "tile", NULL, NULL, tiled },
    { "true_divide", NULL, NULL, divided },
    { "unbind", NULL, NULL, unbound },
    { "unflatten", NULL, NULL, unflattened },
    { "vdot", NULL, NULL, multiplied },
    { "view", NULL, NULL, viewed },
    { "vsplit", NULL, NULL, direction_split },
    { "vstack", NULL, NULL, joined },
};

const adapter *composite_of(const char *op, int nth)
{
    for (size_t i = 0; i < sizeof composites / sizeof *composites; i++)
        if (!strcmp(composites[i].op, op) && nth-- == 0) return &composites[i];
    return NULL;
}
