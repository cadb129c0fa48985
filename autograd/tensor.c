/* Tensors: made, asked, shown. */
#include "tape.h"
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- handles ------------------------------------------------------------------------------------------- */

static fx_tensor *new_handle(fx_context *cx, fx_dtype dtype, int ndim, size_t inline_bytes)
{
    fx_tensor *x = fx__arena_alloc(cx, sizeof *x + 2 * sizeof(int64_t) * (size_t)ndim + inline_bytes);
    if (!x) return NULL;
    x->cx = cx;
    x->data = NULL;
    x->buffer = NULL;
    x->owner = NULL;
    x->node = NULL;
    x->meta = NULL;
    x->version = 0;
    x->scope = cx->scope->id;
    x->dtype = (uint8_t)dtype;
    x->ndim = (uint8_t)ndim;
    x->flags = cx->mode == FX_GRAD_INFERENCE ? FX__INFERENCE : 0;
    x->output = 0;
    return x;
}

/* Counts the elements of a shape: -1 if they, or their bytes, do not fit. */
int64_t fx__count_elements(int ndim, const int64_t *size, size_t item)
{
    int64_t n = 1;
    for (int i = 0; i < ndim; i++)
        if (__builtin_mul_overflow(n, size[i] ? size[i] : 1, &n)) return -1;
    if (n > (int64_t)(PTRDIFF_MAX / item)) return -1;
    for (int i = 0; i < ndim; i++)
        if (size[i] == 0) return 0;
    return n;
}

fx_tensor *fx__new(fx_context *cx, fx_dtype dtype, int ndim, const int64_t *size, fx_where where)
{
    size_t item = fx_dtype_size(dtype);
    int64_t n = ndim ? fx__count_elements(ndim, size, item) : 1;
    if (n < 0) {
        fx_error_set(cx, FX_ERROR_MEMORY, where, "a tensor of sizes %s does not fit in memory",
                     fx__dims_text(cx, ndim, size));
        return NULL;
    }
    size_t bytes = (size_t)n * item;
    bool small = bytes <= FX__INLINE_BYTES;
    fx_tensor *x = new_handle(cx, dtype, ndim, small ? bytes : 0);
    if (!x) return NULL;
    x->numel = n;
    x->flags |= FX__CONTIGUOUS;
    int64_t stride = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        x->size[i] = size[i];
        x->size[ndim + i] = stride;
        stride *= size[i] ? size[i] : 1;
    }
    if (small) {
        x->data = (char *)(x->size + 2 * ndim);
        x->flags |= FX__INLINE;
        return x;
    }
    x->buffer = fx__buffer_new(cx, cx->scope, bytes);
    if (!x->buffer) return NULL;
    x->data = x->buffer->data;
    x->flags |= FX__COUNTED;
    return x;
}

static bool is_row_major(int ndim, const int64_t *size, const int64_t *stride)
{
    int64_t expected = 1;
    for (int i = 0; i < ndim; i++)
        if (size[i] == 0) return true;
    for (int i = ndim - 1; i >= 0; i--) {
        if (size[i] == 1) continue;
        if (stride[i] != expected) return false;
        expected *= size[i];
    }
    return true;
}

fx_tensor *fx__view(fx_tensor *x, int ndim, const int64_t *size, const int64_t *stride, int64_t offset)
{
    fx_context *cx = x->cx;
    int64_t numel = fx__count_elements(ndim, size, fx_dtype_size((fx_dtype)x->dtype));
    if (numel < 0) {
        fx_error_set(cx, FX_ERROR_SHAPE, FX_LITERAL(fx_where){ 0 }, "a view of sizes %s is too large",
                     fx__dims_text(cx, ndim, size));
        return NULL;
    }
    fx_tensor *y = new_handle(cx, (fx_dtype)x->dtype, ndim, 0);
    if (!y) return NULL;
    y->numel = numel;
    for (int i = 0; i < ndim; i++) y->size[i] = size[i], y->size[ndim + i] = stride[i];
    y->data = x->data ? x->data + offset * (int64_t)fx_dtype_size((fx_dtype)x->dtype) : NULL;
    y->buffer = x->buffer;
    y->owner = fx__owner(x);
    x->flags |= FX__VIEWED;
    y->owner->flags |= FX__VIEWED;
    y->version = y->owner->meta ? y->owner->meta->history : 0;
    if (is_row_major(ndim, size, stride)) y->flags |= FX__CONTIGUOUS;
    y->flags |= x->flags & (FX__FOREIGN | FX__INFERENCE | FX__DETACHED | FX__VIEW_MULTI | FX__VIEW_NO_GRAD);
    if (x->flags & FX__DETACHED) y->flags |= FX__VIEW_DETACHED;
    if (!fx__hold(x) || !fx__hold(y->owner)) return NULL;
    if (y->buffer && y->buffer->scope == cx->scope) y->buffer->handles++, y->flags |= FX__COUNTED;
    return y;
}

fx_tensor *fx__zeros_like(const fx_tensor *x)
{
    fx_tensor *y = fx__new(x->cx, (fx_dtype)x->dtype, x->ndim, x->size, FX_LITERAL(fx_where){ 0 });
    if (y && y->numel) memset(y->data, 0, (size_t)y->numel * fx_dtype_size((fx_dtype)y->dtype));
    return y;
}

fx_tensor *fx__contiguous_of(fx_tensor *x)
{
    if (!x || fx__contiguous(x)) return x;
    fx_tensor *y = fx__new(x->cx, (fx_dtype)x->dtype, x->ndim, x->size, FX_LITERAL(fx_where){ 0 });
    if (y) fx__space.copy(y, x);
    return y;
}

/* ---- making -------------------------------------------------------------------------------------------- */

static bool check_new(fx_context *cx, fx_dtype *dtype, const fx_dims *sizes, fx_where where)
{
    if (!cx || !fx__enter(cx, where)) return false;
    if (*dtype == FX_DTYPE_NONE) *dtype = cx->dtype;
    if ((unsigned)*dtype >= FX_DTYPE_COUNT) {
        fx_error_set(cx, FX_ERROR_DTYPE, where, "there is no dtype of number %d", (int)*dtype);
        return false;
    }
    if (sizes->count < 0 || sizes->count > FX_MAX_DIMS) {
        fx_error_set(cx, FX_ERROR_SHAPE, where, "a tensor has at most %d dimensions, not %d", FX_MAX_DIMS,
                     sizes->count);
        return false;
    }
    for (int i = 0; i < sizes->count; i++)
        if (sizes->at[i] < 0) {
            fx_error_set(cx, FX_ERROR_SHAPE, where, "a size cannot be negative: %s",
                         fx__dims_text(cx, sizes->count, sizes->at));
            return false;
        }
    return true;
}

fx_tensor *fx_empty_at(fx_context *cx, fx_dtype dtype, fx_dims sizes, fx_where where)
{
    if (!check_new(cx, &dtype, &sizes, where)) return NULL;
    return fx__new(cx, dtype, sizes.count, sizes.at, where);
}

fx_tensor *fx_full_at(fx_context *cx, fx_dtype dtype, double value, fx_dims sizes, fx_where where)
{
    fx_tensor *x = fx_empty_at(cx, dtype, sizes, where);
    if (x && x->numel) fx__space.fill(x, value);
    return x;
}

fx_tensor *fx_from_at(fx_context *cx, fx_dtype dtype, const void *data, fx_dims sizes, fx_where where)
{
    fx_tensor *x = fx_empty_at(cx, dtype, sizes, where);
    if (!x || !x->numel) return x;
    if (!data) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "from: there is no data");
        return NULL;
    }
    memcpy(x->data, data, (size_t)x->numel * fx_dtype_size((fx_dtype)x->dtype));
    return x;
}

fx_tensor *fx_wrap_at(fx_context *cx, fx_dtype dtype, void *data, fx_dims sizes, fx_where where)
{
    if (!check_new(cx, &dtype, &sizes, where)) return NULL;
    int64_t n = fx__count_elements(sizes.count, sizes.at, fx_dtype_size(dtype));
    if (n < 0 || (n > 0 && !data)) {
        fx_error_set(cx, n < 0 ? FX_ERROR_SHAPE : FX_ERROR_ARGUMENT, where,
                     n < 0 ? "wrap: sizes %s do not fit in memory" : "wrap: there is no data for sizes %s",
                     fx__dims_text(cx, sizes.count, sizes.at));
        return NULL;
    }
    if ((uintptr_t)data % fx_dtype_size(dtype)) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "wrap: memory for %s must be aligned to %d bytes",
                     fx_dtype_name(dtype), (int)fx_dtype_size(dtype));
        return NULL;
    }
    fx_tensor *x = new_handle(cx, dtype, sizes.count, 0);
    if (!x) return NULL;
    x->numel = n;
    x->data = data;
    x->flags |= FX__CONTIGUOUS | FX__FOREIGN;
    int64_t stride = 1;
    for (int i = sizes.count - 1; i >= 0; i--) {
        x->size[i] = sizes.at[i];
        x->size[sizes.count + i] = stride;
        stride *= sizes.at[i] ? sizes.at[i] : 1;
    }
    return x;
}

fx_tensor *fx_arange_at(fx_context *cx, int64_t end, fx_where where)
{
    fx_dims sizes = { true, 1, { end } };
    fx_tensor *x = fx_empty_at(cx, FX_I64, sizes, where);
    for (int64_t i = 0; x && i < end; i++) ((int64_t *)x->data)[i] = i;
    return x;
}

fx_tensor *fx_linspace_at(fx_context *cx, double first, double last, int64_t n, fx_where where)
{
    fx_dims sizes = { true, 1, { n } };
    fx_tensor *x = fx_empty_at(cx, FX_DTYPE_NONE, sizes, where);
    double step = n > 1 ? (last - first) / (double)(n - 1) : 0;
    for (int64_t i = 0; x && i < n; i++) {
        /* from both ends, so that the last number is `last` itself */
        double value = i < n / 2 ? first + step * (double)i : last - step * (double)(n - 1 - i);
        if (x->dtype == FX_F64)
            ((double *)x->data)[i] = value;
        else
            ((float *)x->data)[i] = (float)value;
    }
    if (x && n == 1) fx__space.fill(x, first);
    return x;
}

/* ---- asking -------------------------------------------------------------------------------------------- */

fx_context *fx_context_of(const fx_tensor *x) { return x ? x->cx : NULL; }
fx_dtype fx_dtype_of(const fx_tensor *x) { return x ? (fx_dtype)x->dtype : FX_DTYPE_NONE; }
int fx_ndim(const fx_tensor *x) { return x ? x->ndim : 0; }
int64_t fx_dim(const fx_tensor *x, int dim)
{
    if (x && dim < 0) dim += x->ndim;
    return x && dim >= 0 && dim < x->ndim ? x->size[dim] : -1;
}
const int64_t *fx_sizes(const fx_tensor *x) { return x ? x->size : NULL; }
const int64_t *fx_strides(const fx_tensor *x) { return x ? fx__stride(x) : NULL; }
int64_t fx_numel(const fx_tensor *x) { return x ? x->numel : 0; }
bool fx_is_contiguous(const fx_tensor *x) { return x && fx__contiguous(x); }
uint32_t fx_version(const fx_tensor *x) { return x ? fx__version(x) : 0; }
const void *fx_data_const(const fx_tensor *x) { return x ? x->data : NULL; }

fx_dims fx_shape(const fx_tensor *x)
{
    fx_dims d = { .given = true };
    if (!x) return d;
    d.count = x->ndim;
    for (int i = 0; i < x->ndim; i++) d.at[i] = x->size[i];
    return d;
}

static double number_at(const fx_tensor *x, const char *at)
{
    switch ((fx_dtype)x->dtype) {
#define CASE(name, type, text)                                                                               \
    case FX_##name: {                                                                                        \
        type value;                                                                                          \
        memcpy(&value, at, sizeof value);                                                                    \
        return (double)value;                                                                                \
    }
        FX_DTYPE_LIST(CASE)
#undef CASE
    default: return NAN;
    }
}

static bool check_item(const fx_tensor *x, fx_where where)
{
    if (!x) return false;
    if (x->numel == 1) return true;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "item: a tensor of sizes %s is not one number",
                 fx__shape_text(x));
    return false;
}

double fx_item_at(const fx_tensor *x, fx_where where)
{
    return check_item(x, where) ? number_at(x, x->data) : NAN;
}

int64_t fx_item_int_at(const fx_tensor *x, fx_where where)
{
    if (!check_item(x, where)) return 0;
    if (x->dtype == FX_I64) return *(const int64_t *)(const void *)x->data;
    double value = number_at(x, x->data);
    if (value >= -0x1p63 && value < 0x1p63) return (int64_t)value;
    fx_error_set(x->cx, FX_ERROR_NUMBER, where, "item: %g is no integer", value);
    return 0;
}

fx_status fx_copy_out_at(const fx_tensor *x, fx_dtype dtype, void *memory, fx_where where)
{
    if (!x) return FX_ERROR_ARGUMENT;
    if (x->numel == 0) return FX_OK;
    fx_memory_scope *s = fx__scope_push(x->cx, where);
    if (!s) return FX_ERROR_MEMORY;
    fx_tensor *y = fx_wrap_at(x->cx, dtype, memory, fx_shape(x), where);
    if (y) fx__space.copy(y, x);
    fx__scope_pop(x->cx, s);
    return y ? FX_OK : fx_error(x->cx);
}

/* ---- showing ------------------------------------------------------------------------------------------- */

enum { EDGE_ITEMS = 3, SUMMARY_ABOVE = 1000, NUMBER_TEXT = 32 };

static void format_number(const fx_tensor *x, const char *at, char *text)
{
    if (x->dtype == FX_BOOL)
        snprintf(text, NUMBER_TEXT, "%s", *at ? "true" : "false");
    else if (x->dtype == FX_I64) {
        int64_t value;
        memcpy(&value, at, sizeof value);
        snprintf(text, NUMBER_TEXT, "%" PRId64, value);
    } else if (!fx_dtype_is_float((fx_dtype)x->dtype))
        snprintf(text, NUMBER_TEXT, "%.0f", number_at(x, at));
    else {
        double value = number_at(x, at);
        bool plain = value == 0 || (fabs(value) >= 1e-4 && fabs(value) < 1e6);
        snprintf(text, NUMBER_TEXT, plain ? "%.4f" : "%.4e", value);
    }
}

static void print_dim(const fx_tensor *x, FILE *file, int dim, const char *at, int width, bool summary)
{
    size_t item = fx_dtype_size((fx_dtype)x->dtype);
    if (dim == x->ndim) {
        char text[NUMBER_TEXT];
        format_number(x, at, text);
        fprintf(file, "%*s", width, text);
        return;
    }
    int64_t n = x->size[dim], step = fx__stride(x)[dim] * (int64_t)item;
    fputc('[', file);
    for (int64_t i = 0; i < n; i++) {
        if (i > 0) {
            fputc(',', file);
            if (dim == x->ndim - 1)
                fputc(' ', file);
            else
                fprintf(file, "%.*s%*s", x->ndim - 1 - dim, "\n\n\n\n\n\n\n\n", dim + 8, "");
        }
        if (summary && n > 2 * EDGE_ITEMS && i == EDGE_ITEMS) {
            fputs("...", file);
            i = n - EDGE_ITEMS - 1;
            continue;
        }
        print_dim(x, file, dim + 1, at + i * step, width, summary);
    }
    fputc(']', file);
}

static int widest(const fx_tensor *x, int dim, const char *at, bool summary)
{
    char text[NUMBER_TEXT];
    if (dim == x->ndim) {
        format_number(x, at, text);
        return (int)strlen(text);
    }
    int64_t n = x->size[dim], step = fx__stride(x)[dim] * (int64_t)fx_dtype_size((fx_dtype)x->dtype);
    int width = 0;
    for (int64_t i = 0; i < n; i++) {
        if (summary && n > 2 * EDGE_ITEMS && i == EDGE_ITEMS) i = n - EDGE_ITEMS;
        int w = widest(x, dim + 1, at + i * step, summary);
        if (w > width) width = w;
    }
    return width;
}

void fx_print_to(const fx_tensor *x, FILE *file)
{
    if (!file) return;
    if (!x) {
        fputs("tensor(NULL)\n", file);
        return;
    }
    bool summary = x->numel > SUMMARY_ABOVE;
    fputs("tensor(", file);
    print_dim(x, file, 0, x->data, x->ndim && x->numel ? widest(x, 0, x->data, summary) : 0, summary);
    if (x->numel == 0 && x->ndim != 1) fprintf(file, ", size=%s", fx__shape_text(x));
    if (x->dtype != FX_F32 && x->dtype != FX_I64 && x->dtype != FX_BOOL)
        fprintf(file, ", dtype=%s", fx_dtype_name((fx_dtype)x->dtype));
    if (x->node && x->node->op)
        fprintf(file, ", grad_op=%s", x->node->op->name);
    else if (x->flags & FX__REQUIRES_GRAD)
        fputs(", requires_grad", file);
    fputs(")\n", file);
}

void fx_print(const fx_tensor *x) { fx_print_to(x, stdout); }

uint64_t fx_digest(const fx_tensor *x)
{
    if (!x) return 0;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    int64_t head[2 + FX_MAX_DIMS] = { x->dtype, x->ndim };
    memcpy(head + 2, x->size, sizeof(int64_t) * x->ndim);
    XXH3_64bits_update(&state, head, sizeof(int64_t) * (2 + (size_t)x->ndim));
    size_t item = fx_dtype_size((fx_dtype)x->dtype);
    if (x->numel && fx__contiguous(x))
        XXH3_64bits_update(&state, x->data, (size_t)x->numel * item);
    else {
        int64_t index[FX_MAX_DIMS] = { 0 };
        const char *at = x->data;
        for (int64_t k = 0; k < x->numel; k++) {
            XXH3_64bits_update(&state, at, item);
            for (int i = x->ndim - 1; i >= 0; i--) {
                at += fx__stride(x)[i] * (int64_t)item;
                if (++index[i] < x->size[i]) break;
                at -= fx__stride(x)[i] * x->size[i] * (int64_t)item;
                index[i] = 0;
            }
        }
    }
    return XXH3_64bits_digest(&state);
}
