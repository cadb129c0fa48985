/* Stacks of matrices, and LAPACK over them (matrices.h). */
#include "matrices.h"

#include "kernels/parallel.h"

#include <limits.h>

/* ---- shape rules ---- */

bool fx__are_matrices(const fx_call *c, const fx_tensor *x, const char *name)
{
#if !FX_HAVE_LAPACKE
    return fx_call_fail(c, FX_ERROR_UNSUPPORTED, "%s", FX__LAPACK_MISSING);
#endif
    if (!fx_dtype_is_float((fx_dtype)x->dtype))
        return fx_call_fail(c, FX_ERROR_DTYPE, "%s must be float32 or float64, not %s", name,
                            fx_dtype_name((fx_dtype)x->dtype));
    if (x->ndim < 2)
        return fx_call_fail(c, FX_ERROR_SHAPE, "%s must have 2 dimensions at least: %s", name,
                            fx__shape_text(x));
    if (fx__matrix_rows(x) > INT_MAX / 2 || fx__matrix_columns(x) > INT_MAX / 2)
        return fx_call_fail(c, FX_ERROR_SHAPE, "%s is larger than LAPACK counts: %s", name,
                            fx__shape_text(x));
    return true;
}

bool fx__are_square(const fx_call *c, const fx_tensor *x, const char *name)
{
    if (!fx__are_matrices(c, x, name)) return false;
    if (fx__matrix_rows(x) == fx__matrix_columns(x)) return true;
    return fx_call_fail(c, FX_ERROR_SHAPE, "%s must be square matrices, not %lld by %lld ones: %s", name,
                        (long long)fx__matrix_rows(x), (long long)fx__matrix_columns(x), fx__shape_text(x));
}

bool fx__same_dtype(const fx_call *c, const fx_tensor *a, const char *name_a, const fx_tensor *b,
                    const char *name_b)
{
    if (a->dtype == b->dtype) return true;
    return fx_call_fail(c, FX_ERROR_DTYPE, "%s and %s must have one dtype, not %s and %s", name_a, name_b,
                        fx_dtype_name((fx_dtype)a->dtype), fx_dtype_name((fx_dtype)b->dtype));
}

/* How many dimensions; -1: they do not broadcast. */
static int broadcast(const fx_tensor *a, const fx_tensor *b, int64_t *size)
{
    const int na = fx__stack_ndim(a), nb = fx__stack_ndim(b), ndim = na > nb ? na : nb;
    for (int d = 0; d < ndim; d++) {
        const int64_t of_a = d < ndim - na ? 1 : a->size[d - (ndim - na)],
                      of_b = d < ndim - nb ? 1 : b->size[d - (ndim - nb)];
        if (of_a != of_b && of_a != 1 && of_b != 1) return -1;
        size[d] = of_a == 1 ? of_b : of_a;
    }
    return ndim;
}

int fx__broadcast_stacks(const fx_call *c, const fx_tensor *a, const fx_tensor *b, int64_t *size)
{
    const int ndim = broadcast(a, b, size);
    if (ndim < 0)
        fx_call_fail(c, FX_ERROR_SHAPE, "the stacks do not broadcast: %s x %s", fx__shape_text(a),
                     fx__shape_text(b));
    return ndim;
}

bool fx__stacks_broadcast(const char *op, const fx_tensor *a, const fx_tensor *b, fx_where where)
{
    int64_t size[FX_MAX_DIMS];
    if (broadcast(a, b, size) >= 0) return true;
    fx_error_set(a->cx, FX_ERROR_SHAPE, where, "%s: the stacks do not broadcast: %s x %s", op,
                 fx__shape_text(a), fx__shape_text(b));
    return false;
}

fx_tensor *fx__identity(const fx_tensor *x, int64_t rows, int64_t columns, fx_where where)
{
    fx_tensor *y = fx__new(x->cx, (fx_dtype)x->dtype, 2, (const int64_t[]){ rows, columns }, where);
    if (!y || !y->numel) return y;
    fx__space.fill(y, 0);
    for (int64_t i = 0; i < (rows < columns ? rows : columns); i++) {
        if (y->dtype == FX_F64)
            ((double *)(void *)y->data)[i * (columns + 1)] = 1;
        else
            ((float *)(void *)y->data)[i * (columns + 1)] = 1;
    }
    return y;
}

void fx__spec_of_stack(const fx_tensor *x, fx_dtype dtype, fx_spec *y)
{
    y->dtype = dtype;
    y->ndim = fx__stack_ndim(x);
    y->no_gradient = !fx_dtype_is_float(dtype);
    memcpy(y->size, x->size, sizeof(int64_t) * (size_t)y->ndim);
}

/* ---- the matrices of a tensor ---- */

static fx__matrices stack_of(const fx_tensor *x, int own, int ndim, const int64_t *size)
{
    fx__matrices m = { .data = x->data, .width = fx_dtype_size((fx_dtype)x->dtype) };
    m.ndim = ndim < 0 ? own : ndim;
    for (int d = 0; d < m.ndim; d++) {
        const int at = d - (m.ndim - own);
        m.size[d] = ndim < 0 ? x->size[d] : size[d];
        m.step[d] = at < 0 || x->size[at] == 1 ? 0 : fx__stride(x)[at];
    }
    return m;
}

fx__matrices fx__matrices_of(const fx_tensor *x, int ndim, const int64_t *size)
{
    const int own = x->ndim - 2;
    fx__matrices m = stack_of(x, own, ndim, size);
    m.rows = x->size[own], m.row = fx__stride(x)[own];
    m.columns = x->size[own + 1], m.column = fx__stride(x)[own + 1];
    return m;
}

fx__matrices fx__columns_of_stack(const fx_tensor *x, int ndim, const int64_t *size)
{
    const int own = x->ndim - 1;
    fx__matrices m = stack_of(x, own, ndim, size);
    m.rows = x->size[own], m.row = fx__stride(x)[own];
    m.columns = 1;
    return m;
}

char *fx__matrix_at(const fx__matrices *m, int64_t k)
{
    int64_t at = 0;
    for (int d = m->ndim; d-- > 0; k /= m->size[d]) at += k % m->size[d] * m->step[d];
    return m->data + at * (int64_t)m->width;
}

/* Between a matrix of any strides and one of columns, of other types if need be. */
#define COPY_NUMBERS(To, to, to_row, to_column, From, from, from_row, from_column)                           \
    do {                                                                                                     \
        To *target = (To *)(void *)(to);                                                                     \
        const From *source = (const From *)(const void *)(from);                                             \
        for (int64_t i = 0; i < m->rows; i++)                                                                \
            for (int64_t j = 0; j < m->columns; j++)                                                         \
                target[i * (to_row) + j * (to_column)] = (To)source[i * (from_row) + j * (from_column)];     \
    } while (0)

void fx__matrix_read(const fx__matrices *m, int64_t k, bool f64, void *to, int64_t leading)
{
    const char *from = fx__matrix_at(m, k);
    if (m->width == sizeof(double))
        COPY_NUMBERS(double, to, 1, leading, double, from, m->row, m->column);
    else if (f64)
        COPY_NUMBERS(double, to, 1, leading, float, from, m->row, m->column);
    else
        COPY_NUMBERS(float, to, 1, leading, float, from, m->row, m->column);
}

void fx__matrix_write(const fx__matrices *m, int64_t k, bool f64, const void *from, int64_t leading)
{
    char *to = fx__matrix_at(m, k);
    if (m->width == sizeof(double))
        COPY_NUMBERS(double, to, m->row, m->column, double, from, 1, leading);
    else if (f64)
        COPY_NUMBERS(float, to, m->row, m->column, double, from, 1, leading);
    else
        COPY_NUMBERS(float, to, m->row, m->column, float, from, 1, leading);
}

int fx__no_matrix(const fx__matrices *m, int64_t k, int info)
{
    char *to = fx__matrix_at(m, k);
    for (int64_t i = 0; i < m->rows; i++)
        for (int64_t j = 0; j < m->columns; j++) {
            const int64_t at = i * m->row + j * m->column;
            if (m->width == sizeof(double))
                ((double *)(void *)to)[at] = NAN;
            else
                ((float *)(void *)to)[at] = NAN;
        }
    return info;
}

/* ---- the driver ---- */

enum {
    WORTH = 2 << 20, /* multiplications that pay for waking a thread */
    MOST_THREADS = 64,
    ALIGNED = 64
};

typedef struct job {
    fx__matrix_function *function;
    const void *data;
    char *work; /* `bytes` for each thread */
    size_t bytes;
    int32_t *infos;
    _Atomic uint64_t taken; /* which of them are in use */
} job;

static void some_matrices(void *data, int64_t begin, int64_t end)
{
    job *j = data;
    const int slot = fx__take_slot(&j->taken);
    for (int64_t k = begin; k < end; k++) {
        const int info = j->function(j->data, k, j->work + (size_t)slot * j->bytes);
        if (j->infos) j->infos[k] = info;
    }
    fx__give_slot(&j->taken, slot);
}

bool fx__each_matrix(const fx_call *c, int64_t count, size_t bytes, double cost,
                     fx__matrix_function *function, const void *data, int32_t *infos)
{
    if (count == 0) return true;
    int threads = fx_threads(c->cx) < MOST_THREADS ? fx_threads(c->cx) : MOST_THREADS;
    const int64_t grain = cost * (double)count < WORTH ? count : cost < WORTH ? (int64_t)(WORTH / cost) : 1;
    if (threads < 1 || grain >= count) threads = 1;
    job j = { .function = function, .data = data, .infos = infos };
    j.bytes = (bytes + ALIGNED - 1) / ALIGNED * ALIGNED;
    j.work = fx__scratch(c->cx, j.bytes * (size_t)threads + ALIGNED);
    if (!j.work) return false;
    fx__lapack_begin();
    fx__parallel(threads, count, threads == 1 ? count : grain, some_matrices, &j);
    fx__lapack_end();
    fx__scratch_free(c->cx, j.work);
    return true;
}

/* ---- infos ---- */

/* "batch element (1, 0): the pivot 3 is zero", of "the pivot # is zero". */
static void describe(const fx_tensor *info, int64_t k, const char *words, char *text, size_t bytes)
{
    const int32_t *infos = (const int32_t *)(const void *)info->data;
    int64_t place[FX_MAX_DIMS];
    int at = 0;
    if (info->ndim == 1) at = snprintf(text, bytes, "batch element %lld: ", (long long)k);
    if (info->ndim > 1) {
        int64_t rest = k;
        for (int d = info->ndim; d-- > 0; rest /= info->size[d]) place[d] = rest % info->size[d];
        at = snprintf(text, bytes, "batch element %s: ", fx__dims_text(info->cx, info->ndim, place));
    }
    const char *mark = strchr(words, '#');
    const int head = mark ? (int)(mark - words) : (int)strlen(words);
    at += snprintf(text + at, bytes - (size_t)at, "%.*s", head, words);
    if (mark) snprintf(text + at, bytes - (size_t)at, "%d%s", infos[k], mark + 1);
}

static int64_t first_info(const fx_tensor *info)
{
    const int32_t *infos = (const int32_t *)(const void *)info->data;
    for (int64_t k = 0; k < info->numel; k++)
        if (infos[k]) return k;
    return -1;
}

enum { TEXT = 400 };

bool fx__check_infos(const fx_call *c, const fx_tensor *info, const char *words)
{
    char text[TEXT];
    const int64_t k = first_info(info);
    if (k < 0) return true;
    describe(info, k, words, text, sizeof text);
    return fx_call_fail(c, FX_ERROR_NUMBER, "%s: %s", text, fx__shape_text(c->shapes[0]));
}

bool fx__check_infos_at(const char *name, const fx_tensor *info, const char *words, fx_where where)
{
    char text[TEXT];
    const int64_t k = first_info(info);
    if (k < 0) return true;
    describe(info, k, words, text, sizeof text);
    fx_error_set(info->cx, FX_ERROR_NUMBER, where, "%s: %s", name, text);
    return false;
}
