/* x[index], by the operators that it is made of: slices and numbers first, then what is left of lists of
 * indices and masks, which all together pick elements of the dimensions that they stand for. */
#include "composites.h"
#include <stdlib.h>
#include <string.h>

/* Dimensions of x in the order of the result, and the lists of indices of those that have one. */
typedef struct index_form {
    json_t *x;
    int dims;                  /* of x that were spoken of so far */
    json_t *list[FX_MAX_DIMS]; /* of a dimension; NULL: all of it */
    int lists;
} index_form;

/* The positions at which a mask of dimensions `ndim` is true, one list for each of them. */
static bool positions_of(trial *t, const fx_tensor *mask, json_t **lists)
{
    int64_t n = fx_numel(mask);
    const int ndim = fx_ndim(mask);
    uint8_t *flags = malloc((size_t)n + 1);
    int64_t *at = malloc(((size_t)n + 1) * sizeof *at);
    bool good = flags && at && fx_copy_out(mask, FX_BOOL, flags) == FX_OK;
    int64_t stride = n;
    for (int d = 0; good && d < ndim; d++) {
        int64_t count = 0;
        const int64_t size = fx_dim(mask, d);
        if (size == 0) n = 0;
        if (n > 0) stride /= size;
        for (int64_t i = 0; i < n; i++)
            if (flags[i]) at[count++] = i / stride % size;
        lists[d] = indices_value(t, at, count);
        good = lists[d] != NULL;
    }
    free(flags);
    free(at);
    return good;
}

static json_t *list_of_integers(trial *t, const json_t *list)
{
    int64_t at[64];
    size_t i;
    json_t *each;
    if (json_array_size(list) > 64) return NULL;
    json_array_foreach(list, i, each)
    {
        if (!json_is_integer(each)) return NULL;
        at[i] = json_integer_value(each);
    }
    return indices_value(t, at, (int64_t)json_array_size(list));
}

/* One entry of an index. `left`: dimensions that the entries after an ellipsis need. */
static bool take_entry(trial *t, index_form *f, const json_t *entry, int left)
{
    const json_t *slice = json_object_get(entry, "slice");
    if (slice) {
        const json_t *start = json_array_get(slice, 0), *stop = json_array_get(slice, 1),
                     *step = json_array_get(slice, 2);
        if (!json_is_null(start) || !json_is_null(stop) || !json_is_null(step)) {
            const int64_t size = fx_dim(tensor_of(t, f->x), f->dims), first = json_integer_value(start);
            const int64_t last = json_is_null(stop) ? size : json_integer_value(stop);
            if (!json_is_null(step)) return false;
            f->x = narrow(t, f->x, f->dims, first, last - first);
        }
        f->dims++;
        return f->x != NULL;
    }
    if (json_object_get(entry, "ellipsis")) {
        f->dims = fx_ndim(tensor_of(t, f->x)) - left;
        return true;
    }
    if (json_is_null(entry)) {
        f->x = apply(t, "unsqueeze", "[O,i]", f->x, f->dims++);
        return f->x != NULL;
    }
    if (json_is_integer(entry)) {
        f->x = apply(t, "select", "[O,i,O]", f->x, f->dims, entry);
        return f->x != NULL;
    }
    const fx_tensor *tensor = tensor_of(t, entry);
    if (tensor && fx_dtype_of(tensor) == FX_BOOL) {
        if (!positions_of(t, tensor, f->list + f->dims)) return false;
        f->dims += fx_ndim(tensor);
        f->lists += fx_ndim(tensor);
        return true;
    }
    f->list[f->dims] = tensor ? (json_t *)(uintptr_t)entry : list_of_integers(t, entry);
    f->lists++;
    return f->list[f->dims++] != NULL;
}

/* The numbers of a list of indices, spread to n, from 0 up. */
static bool spread(trial *t, const json_t *list, int64_t size, int64_t n, int64_t *at)
{
    const fx_tensor *x = tensor_of(t, list);
    const int64_t count = fx_numel(x);
    if ((count != n && count != 1) || fx_copy_out(x, FX_I64, at) != FX_OK) return false;
    for (int64_t i = n - 1; i >= 0; i--) {
        at[i] = at[count == 1 ? 0 : i];
        if (at[i] < 0) at[i] += size;
    }
    return true;
}

/* Where the lists' elements lie when their dimensions are one: row-major. NULL: they do not fit together. */
static json_t *joined(trial *t, const index_form *f, const fx_tensor *x, int64_t n)
{
    int64_t *sum = calloc((size_t)n + 1, sizeof *sum), *at = calloc((size_t)n + 1, sizeof *at);
    bool good = sum && at;
    for (int d = 0; good && d < fx_ndim(x); d++) {
        if (!f->list[d]) continue;
        good = spread(t, f->list[d], fx_dim(x, d), n, at);
        for (int64_t i = 0; i < n; i++) sum[i] = sum[i] * fx_dim(x, d) + at[i];
    }
    json_t *value = good ? indices_value(t, sum, n) : NULL;
    free(sum);
    free(at);
    return value;
}

/* Brings the dimensions that have lists together, picks, and puts the picked dimension where NumPy has it:
 * where they stood if they stood side by side, first if not. */
static json_t *pick(trial *t, const index_form *f)
{
    const fx_tensor *x = tensor_of(t, f->x);
    int64_t order[FX_MAX_DIMS], sizes[FX_MAX_DIMS], n = 1, product = 1;
    int count = 0, first = -1, last = -1, rest = 1;
    for (int d = 0; d < fx_ndim(x); d++) {
        if (!f->list[d]) continue;
        const int64_t m = fx_numel(tensor_of(t, f->list[d]));
        if (m != 1) n = m;
        product *= fx_dim(x, d);
        if (first < 0) first = d;
        last = d;
        order[count++] = d;
    }
    const int place = last - first + 1 == count ? first : 0;
    sizes[0] = product;
    for (int d = 0; d < fx_ndim(x); d++) {
        if (f->list[d]) continue;
        order[count++] = d;
        sizes[rest++] = fx_dim(x, d);
    }
    json_t *y = apply(t, "permute", "[O,O]", f->x, sizes_value(t, order, count));
    y = apply(t, "reshape", "[O,O]", y, sizes_value(t, sizes, rest));
    y = apply(t, "index_select", "[O,i,O]", y, 0, joined(t, f, x, n));
    if (place == 0) return y;
    for (int d = 0; d < rest; d++) order[d] = d < place ? d + 1 : d == place ? 0 : d;
    return apply(t, "permute", "[O,O]", y, sizes_value(t, order, rest));
}

bool getitem(trial *t, const json_t *args, const json_t *kwargs)
{
    (void)kwargs;
    index_form f = { .x = json_array_get(args, 0) };
    json_t *index = json_array_get(args, 1), *each;
    size_t i;
    /* A list of numbers alone is one list of indices. */
    bool numbers = json_is_array(index);
    json_array_foreach(index, i, each) numbers = numbers && json_is_integer(each);
    if (!json_is_array(index) || numbers) index = scrap(t, json_pack("[O]", index));
    json_array_foreach(
        index, i, each) if (!take_entry(t, &f, each, (int)(json_array_size(index) - i) - 1)) return false;
    return result(t, f.lists ? pick(t, &f) : f.x);
}
