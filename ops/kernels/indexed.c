/* What an index names, taken, put and added.
 *
 * Sums are the same for any number of threads: rows are first sorted by where they go (a counting sort, so
 * that the order of the index is kept), then each row of the result is one thread's work; elements are added
 * lane by lane, and what goes to one place lies in one lane. A lane is what an index tensor holds along dim
 * and, so that memory is met in its order, along the last dimension.
 */
#include "indexed.h"

#include "parallel.h"

#include <string.h>

enum { GRAIN = 1 << 14, WIDE = 128 };

static inline int64_t wrapped(int64_t i, int64_t size) { return i + (i < 0 ? size : 0); }

int64_t fx__index_check(int64_t count, const int64_t *index, int64_t low, int64_t high)
{
    for (int64_t i = 0; i < count; i++)
        if (index[i] < low || index[i] >= high) return i;
    return -1;
}

typedef struct row_job {
    const fx_row_shape *s;
    const char *from;
    char *to;
    const int64_t *start, *order;
} row_job;

/* Where a lane begins. */
typedef struct lane {
    int64_t x, y;
} lane;

/* Lanes of one index tensor. A lane has count x run elements: in the index they lie y_step and 1 apart, in x
 * index * x_step and 1. */
typedef struct lane_job {
    const fx_lane_shape *s;
    const char *from;
    char *to;
    bool number;
    int64_t count, run, x_step, y_step;
    int outer; /* dimensions that number the lanes */
    int64_t size[8], x_stride[8], y_stride[8];
    void (*one)(const struct lane_job *j, const lane *at);
    bool *mark;
} lane_job;

typedef uint8_t __attribute__((may_alias)) word1;
typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;

#define WORD word1
#define NAMED(name) name##_1
#include "indexed_word.h"
#define WORD word4
#define NAMED(name) name##_4
#include "indexed_word.h"
#define WORD word8
#define NAMED(name) name##_8
#include "indexed_word.h"

#define TERM float
#define PLACE double
#define SUM double
#define NAMED(name) name##_f32
#include "indexed_sum.h"
#define TERM double
#define PLACE double
#define SUM double
#define NAMED(name) name##_f64
#include "indexed_sum.h"
/* Integers wrap around: added without a sign, where that is defined. */
#define TERM int64_t
#define PLACE int64_t
#define SUM uint64_t
#define NAMED(name) name##_i64
#include "indexed_sum.h"
#define TERM int32_t
#define PLACE int32_t
#define SUM uint32_t
#define NAMED(name) name##_i32
#include "indexed_sum.h"
#define TERM uint8_t
#define PLACE uint8_t
#define SUM uint32_t
#define NAMED(name) name##_u8
#include "indexed_sum.h"

#define BY_WIDTH(bytes, name) ((bytes) == 8 ? name##_8 : (bytes) == 4 ? name##_4 : name##_1)
#define BY_TYPE(type, name)                                                                                  \
    ((type) == FX_SUM_F32   ? name##_f32                                                                     \
     : (type) == FX_SUM_F64 ? name##_f64                                                                     \
     : (type) == FX_SUM_I64 ? name##_i64                                                                     \
     : (type) == FX_SUM_I32 ? name##_i32                                                                     \
                            : name##_u8)

static int64_t grain_of(int64_t work) { return work < GRAIN ? GRAIN / (work ? work : 1) : 1; }

void fx__rows_take(const fx_row_shape *s, size_t bytes, const void *x, void *rows)
{
    row_job j = { .s = s, .from = x, .to = rows };
    if (s->inner)
        fx__parallel(s->threads, s->outer * s->count, grain_of(s->inner), BY_WIDTH(bytes, rows_take), &j);
}

void fx__rows_put(const fx_row_shape *s, size_t bytes, const void *rows, void *x)
{
    row_job j = { .s = s, .from = rows, .to = x };
    if (s->inner && s->count)
        fx__parallel(s->threads, s->outer, grain_of(s->count * s->inner), BY_WIDTH(bytes, rows_put), &j);
}

void fx__rows_sort(const fx_row_shape *s, const bool *kept, int64_t *start, int64_t *order)
{
    memset(start, 0, (size_t)(s->size + 1) * sizeof(*start));
    for (int64_t i = 0; i < s->count; i++)
        if (!kept || kept[i]) start[wrapped(s->index[i], s->size)]++;
    for (int64_t r = 0, before = 0; r <= s->size; r++) {
        int64_t here = start[r];
        start[r] = before;
        before += here;
    }
    for (int64_t i = 0; i < s->count; i++)
        if (!kept || kept[i]) order[start[wrapped(s->index[i], s->size)]++] = i;
    for (int64_t r = s->size; r > 0; r--) start[r] = start[r - 1]; /* each was moved on to its own end */
    start[0] = 0;
}

void fx__rows_add(const fx_row_shape *s, fx_sum_type type, const int64_t *start, const int64_t *order,
                  const void *rows, void *x)
{
    row_job j = { .s = s, .from = rows, .to = x, .start = start, .order = order };
    int64_t work = s->size ? s->count * s->inner / s->size + 1 : 1;
    if (s->inner) fx__parallel(s->threads, s->outer * s->size, grain_of(work), BY_TYPE(type, rows_add), &j);
}

void fx__rows_last(const fx_row_shape *s, int64_t *mark, bool *last)
{
    for (int64_t i = 0; i < s->count; i++) mark[wrapped(s->index[i], s->size)] = i;
    for (int64_t i = 0; i < s->count; i++) last[i] = mark[wrapped(s->index[i], s->size)] == i;
}

static void lanes_block(void *data, int64_t begin, int64_t end)
{
    const lane_job *j = data;
    for (int64_t l = begin; l < end; l++) {
        lane at = { 0, 0 };
        for (int64_t d = j->outer, rest = l; d-- > 0; rest /= j->size[d]) {
            at.x += rest % j->size[d] * j->x_stride[d];
            at.y += rest % j->size[d] * j->y_stride[d];
        }
        j->one(j, &at);
    }
}

/* Calls one(job, lane) for each lane. */
static void each_lane(lane_job *j, void (*one)(const lane_job *j, const lane *at))
{
    const fx_lane_shape *s = j->s;
    int64_t lanes = 1, step = 1, y_stride[8];
    for (int d = s->ndim; d-- > 0; step *= s->size[d]) y_stride[d] = step;
    if (step == 0) return;
    j->one = one;
    j->count = j->run = j->x_step = j->y_step = 1;
    for (int d = 0; d < s->ndim; d++) {
        if (d == s->dim) {
            j->count = s->size[d];
            j->x_step = s->stride[d];
            j->y_step = y_stride[d];
        } else if (d == s->ndim - 1) {
            j->run = s->size[d];
        } else {
            j->size[j->outer] = s->size[d];
            j->x_stride[j->outer] = s->stride[d];
            j->y_stride[j->outer++] = y_stride[d];
            lanes *= s->size[d];
        }
    }
    fx__parallel(s->threads, lanes, grain_of(j->count * j->run), lanes_block, j);
}

void fx__lanes_take(const fx_lane_shape *s, size_t bytes, const void *x, void *y)
{
    lane_job j = { .s = s, .from = x, .to = y };
    each_lane(&j, BY_WIDTH(bytes, lanes_take));
}

void fx__lanes_put(const fx_lane_shape *s, size_t bytes, const void *y, bool number, void *x)
{
    lane_job j = { .s = s, .from = y, .to = x, .number = number };
    each_lane(&j, BY_WIDTH(bytes, lanes_put));
}

void fx__lanes_add(const fx_lane_shape *s, fx_sum_type type, const void *y, void *x)
{
    lane_job j = { .s = s, .from = y, .to = x };
    each_lane(&j, BY_TYPE(type, lanes_add));
}

static void lanes_last(const lane_job *j, const lane *at)
{
    bool *x = j->mark + at->x, *y = (bool *)j->to + at->y;
    const int64_t *index = j->s->index + at->y;
    for (int64_t k = j->count; k-- > 0;)
        for (int64_t r = 0; r < j->run; r++) {
            int64_t e = k * j->y_step + r, i = wrapped(index[e], j->s->length) * j->x_step + r;
            y[e] = !x[i];
            x[i] = true;
        }
}

void fx__lanes_last(const fx_lane_shape *s, bool *mark, bool *last)
{
    lane_job j = { .s = s, .to = (char *)last, .mark = mark };
    each_lane(&j, lanes_last);
}
