/* Loops over tensors: dimensions that lie one after another in every operand are joined, then the innermost
 * is handed to the body run by run.
 */
#include "loop.h"
#include "kernels/elementwise.h"

#include "kernels/parallel.h"

#include <string.h>

enum { RUN = 512, GRAIN = 1 << 15 };

/* ---- conversions --------------------------------------------------------------------------------------- */

static inline int64_t integer_of(double x) { return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN; }
#define KEEP(T, x) ((T)(x))
#define CUT(T, x) ((T)integer_of((double)(x)))
#define TRUTH(T, x) ((T)((x) != 0))

#define LOOP(T, S, conversion)                                                                               \
    for (int64_t i = 0; i < n; i++)                                                                          \
        ((T *)to)[i * to_stride] = conversion(T, ((const S *)from)[i * from_stride]);                        \
    return
#define FROM(T, from_integer, from_real)                                                                     \
    switch (from_dtype) {                                                                                    \
    case FX_BOOL:                                                                                            \
    case FX_U8: LOOP(T, uint8_t, from_integer);                                                              \
    case FX_I32: LOOP(T, int32_t, from_integer);                                                             \
    case FX_I64: LOOP(T, int64_t, from_integer);                                                             \
    case FX_F32: LOOP(T, float, from_real);                                                                  \
    case FX_F64: LOOP(T, double, from_real);                                                                 \
    default: return;                                                                                         \
    }
#define FROM_ANY static void
#define ARGUMENTS                                                                                            \
    (int64_t n, void *to, int64_t to_stride, fx_dtype from_dtype, const void *from, int64_t from_stride)
FROM_ANY to_bool ARGUMENTS{ FROM(uint8_t, TRUTH, TRUTH) } FROM_ANY to_u8 ARGUMENTS{ FROM(
    uint8_t, KEEP, CUT) } FROM_ANY to_i32 ARGUMENTS{ FROM(int32_t, KEEP, CUT) } FROM_ANY to_i64 ARGUMENTS{
    FROM(int64_t, KEEP, CUT)
} FROM_ANY to_f32 ARGUMENTS{ FROM(float, KEEP, KEEP) } FROM_ANY to_f64 ARGUMENTS
{
    FROM(double, KEEP, KEEP)
}

void fx__convert(int64_t n, fx_dtype to_dtype, void *to, int64_t to_stride, fx_dtype from_dtype,
                 const void *from, int64_t from_stride)
{
    switch (to_dtype) {
    case FX_BOOL: to_bool(n, to, to_stride, from_dtype, from, from_stride); return;
    case FX_U8: to_u8(n, to, to_stride, from_dtype, from, from_stride); return;
    case FX_I32: to_i32(n, to, to_stride, from_dtype, from, from_stride); return;
    case FX_I64: to_i64(n, to, to_stride, from_dtype, from, from_stride); return;
    case FX_F32: to_f32(n, to, to_stride, from_dtype, from, from_stride); return;
    case FX_F64: to_f64(n, to, to_stride, from_dtype, from, from_stride); return;
    default: return;
    }
}

/* ---- building ------------------------------------------------------------------------------------------ */

void fx__loop_start(fx__loop *l, const fx_tensor *shape)
{
    l->threads = fx_threads(shape->cx);
    l->ndim = shape->ndim;
    l->count = 0;
    l->may_be_lone = 0;
    memcpy(l->size, shape->size, sizeof(int64_t) * shape->ndim);
}

void fx__loop_tensor(fx__loop *l, const fx_tensor *x, fx_dtype as, bool written)
{
    const int i = l->count++, missing = l->ndim - x->ndim;
    const int64_t *stride = fx__stride(x);
    l->operand[i].data = x->data;
    l->operand[i].dtype = (fx_dtype)x->dtype;
    l->operand[i].as = as;
    l->operand[i].written = written;
    l->operand[i].summed = false;
    for (int d = 0; d < l->ndim; d++)
        l->operand[i].stride[d] = d < missing || x->size[d - missing] == 1 ? 0 : stride[d - missing];
}

void fx__loop_sum(fx__loop *l, const fx_tensor *x)
{
    fx__loop_tensor(l, x, (fx_dtype)x->dtype, true);
    l->operand[l->count - 1].summed = true;
}

void fx__loop_number(fx__loop *l, double number, fx_dtype as)
{
    const int i = l->count++;
    l->operand[i].data = (char *)&l->number[i];
    l->operand[i].dtype = l->operand[i].as = as;
    l->operand[i].written = l->operand[i].summed = false;
    memset(l->operand[i].stride, 0, sizeof l->operand[i].stride);
    fx__convert(1, as, &l->number[i], 1, FX_F64, &number, 1);
}

/* Joins dimensions that lie one after another in all operands, and drops those of size 1. */
static void join(fx__loop *l)
{
    int n = 0; /* dimensions so far, from the outermost */
    for (int d = 0; d < l->ndim; d++) {
        if (l->size[d] == 1) continue;
        bool joined = n > 0;
        for (int i = 0; joined && i < l->count; i++)
            joined = l->operand[i].stride[n - 1] == l->operand[i].stride[d] * l->size[d];
        const int at = joined ? n - 1 : n++;
        l->size[at] = joined ? l->size[at] * l->size[d] : l->size[d];
        for (int i = 0; i < l->count; i++) l->operand[i].stride[at] = l->operand[i].stride[d];
    }
    if (n == 0) {
        l->size[0] = 1;
        for (int i = 0; i < l->count; i++) l->operand[i].stride[0] = 1;
        n = 1;
    }
    l->ndim = n;
}

/* ---- running ------------------------------------------------------------------------------------------- */

/* Where a range of the flat index stands. */
typedef struct place {
    int64_t index[FX_MAX_DIMS];
    char *at[FX__LOOP_MOST];
} place;

static void place_at(const fx__loop *l, int64_t flat, place *p)
{
    for (int i = 0; i < l->count; i++) p->at[i] = l->operand[i].data;
    for (int d = l->ndim - 1; d >= 0; d--) {
        p->index[d] = flat % l->size[d];
        flat /= l->size[d];
        for (int i = 0; i < l->count; i++)
            p->at[i] += p->index[d] * l->operand[i].stride[d] * (int64_t)fx_dtype_size(l->operand[i].dtype);
    }
}

/* Moves on by n elements, which end at most at the end of the innermost dimension. */
static void advance(const fx__loop *l, int64_t n, place *p)
{
    int d = l->ndim - 1;
    p->index[d] += n;
    for (int i = 0; i < l->count; i++)
        p->at[i] += n * l->operand[i].stride[d] * (int64_t)fx_dtype_size(l->operand[i].dtype);
    while (d > 0 && p->index[d] == l->size[d]) {
        for (int i = 0; i < l->count; i++)
            p->at[i] += (l->operand[i].stride[d - 1] - l->size[d] * l->operand[i].stride[d]) *
                        (int64_t)fx_dtype_size(l->operand[i].dtype);
        p->index[d--] = 0;
        p->index[d]++;
    }
}

static bool lies_ready(const fx__loop *l, int i)
{
    const int64_t stride = l->operand[i].stride[l->ndim - 1];
    if (l->operand[i].dtype != l->operand[i].as || l->operand[i].summed) return false;
    return stride == 1 || (stride == 0 && (l->may_be_lone >> i & 1));
}

static unsigned lone_of(const fx__loop *l)
{
    unsigned lone = 0;
    for (int i = 0; i < l->count; i++)
        if (l->operand[i].stride[l->ndim - 1] == 0 && (l->may_be_lone >> i & 1)) lone |= 1u << i;
    return lone;
}

static void run_ready(void *data, int64_t begin, int64_t end)
{
    const fx__loop *l = data;
    const int64_t row = l->size[l->ndim - 1];
    const unsigned lone = lone_of(l);
    place p;
    place_at(l, begin, &p);
    while (begin < end) {
        int64_t n = row - p.index[l->ndim - 1];
        if (n > end - begin) n = end - begin;
        l->body(l->data, n, (void *const *)p.at, lone);
        advance(l, n, &p);
        begin += n;
    }
}

/* A run's results, from the buffer to where they belong. */
static void put_back(const fx__loop *l, int i, int64_t n, char *at, void *buffer)
{
    const int64_t stride = l->operand[i].stride[l->ndim - 1];
    const fx_dtype dtype = l->operand[i].dtype;
    const fx_elementwise_kernels *k = fx__kernels()->elementwise;
    if (!l->operand[i].summed)
        fx__convert(n, dtype, at, stride, l->operand[i].as, buffer, 1);
    else if (stride == 1 && dtype == FX_F32)
        k->add_into_f32(n, (float *)(void *)at, buffer);
    else if (stride == 1)
        k->add_into_f64(n, (double *)(void *)at, buffer);
    else if (dtype == FX_F32)
        for (int64_t j = 0; j < n; j++) ((float *)(void *)at)[j * stride] += ((const float *)buffer)[j];
    else
        for (int64_t j = 0; j < n; j++) ((double *)(void *)at)[j * stride] += ((const double *)buffer)[j];
}

static void run_buffered(void *data, int64_t begin, int64_t end)
{
    const fx__loop *l = data;
    const int last = l->ndim - 1;
    const unsigned lone = lone_of(l);
    _Alignas(64) char buffer[FX__LOOP_MOST][RUN * 8];
    bool ready[FX__LOOP_MOST];
    const char *spread[FX__LOOP_MOST] = { NULL }; /* the one number that all of a buffer repeats */
    for (int i = 0; i < l->count; i++) ready[i] = lies_ready(l, i);
    place p;
    place_at(l, begin, &p);
    while (begin < end) {
        int64_t n = l->size[last] - p.index[last];
        if (n > end - begin) n = end - begin;
        if (n > RUN) n = RUN;
        void *at[FX__LOOP_MOST];
        for (int i = 0; i < l->count; i++) {
            at[i] = ready[i] ? p.at[i] : buffer[i];
            if (ready[i] || l->operand[i].written || spread[i] == p.at[i]) continue;
            if (l->operand[i].stride[last] == 0 && n == RUN) spread[i] = p.at[i];
            fx__convert(lone >> i & 1 ? 1 : n, l->operand[i].as, buffer[i], 1, l->operand[i].dtype, p.at[i],
                        l->operand[i].stride[last]);
        }
        l->body(l->data, n, at, lone);
        for (int i = 0; i < l->count; i++)
            if (!ready[i] && l->operand[i].written) put_back(l, i, n, p.at[i], buffer[i]);
        advance(l, n, &p);
        begin += n;
    }
}

void fx__loop_run(fx__loop *l, fx__loop_body *body, const void *data)
{
    int64_t numel = 1;
    for (int d = 0; d < l->ndim; d++) numel *= l->size[d];
    if (numel == 0) return;
    join(l);
    l->body = body;
    l->data = data;
    bool ready = true;
    for (int i = 0; i < l->count; i++) ready = ready && lies_ready(l, i);
    void (*run)(void *, int64_t, int64_t) = ready ? run_ready : run_buffered;
    if (numel <= GRAIN || l->threads <= 1)
        run(l, 0, numel);
    else
        fx__parallel(l->threads, numel, GRAIN, run, l);
}

/* ---- copies -------------------------------------------------------------------------------------------- */

static void convert_rows(void *data, int64_t begin, int64_t end)
{
    const fx__loop *l = data;
    const int last = l->ndim - 1;
    place p;
    place_at(l, begin, &p);
    while (begin < end) {
        int64_t n = l->size[last] - p.index[last];
        if (n > end - begin) n = end - begin;
        fx__convert(n, l->operand[0].dtype, p.at[0], l->operand[0].stride[last], l->operand[1].dtype, p.at[1],
                    l->operand[1].stride[last]);
        advance(l, n, &p);
        begin += n;
    }
}

void fx__loop_copy(fx_tensor *to, const fx_tensor *from)
{
    if (to->numel == 0) return;
    fx__loop l;
    fx__loop_start(&l, to);
    fx__loop_tensor(&l, to, (fx_dtype)to->dtype, true);
    fx__loop_tensor(&l, from, (fx_dtype)from->dtype, false);
    join(&l);
    fx__parallel(l.threads, to->numel, GRAIN, convert_rows, &l);
}

static void fill_rows(void *data, int64_t begin, int64_t end)
{
    const fx__loop *l = data;
    const int last = l->ndim - 1;
    place p;
    place_at(l, begin, &p);
    while (begin < end) {
        int64_t n = l->size[last] - p.index[last];
        if (n > end - begin) n = end - begin;
        fx__convert(n, l->operand[0].dtype, p.at[0], l->operand[0].stride[last], FX_F64, &l->number[1], 0);
        advance(l, n, &p);
        begin += n;
    }
}

void fx__loop_fill(fx_tensor *to, double value)
{
    if (to->numel == 0) return;
    fx__loop l;
    fx__loop_start(&l, to);
    fx__loop_tensor(&l, to, (fx_dtype)to->dtype, true);
    join(&l);
    l.number[1] = value;
    fx__parallel(l.threads, to->numel, GRAIN, fill_rows, &l);
}
