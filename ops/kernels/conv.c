/* Convolutions as products with the columns of images: see the header.
 */
#include "conv.h"

#include "gemm.h"
#include "parallel.h"

#include <string.h>

enum {
    CACHED = 256 << 10, /* bytes of columns at a time */
    PART = 2 << 20,     /* multiplications that are worth waking a thread for */
    BLOCKS = 8,         /* of images, whose gradients of weights are added up */
    SUM_LANES = 16
};

typedef struct sums {
    int64_t batch, channels, places;
    const void *y;
    void *to;
} sums;

/* What a tap reads in a row of y: places [left, right) lie inside x; place q reads number q stride + shift of
 * its row.
 */
typedef struct reach {
    int64_t left, right, shift;
} reach;

static int64_t ceil_div(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }
static int64_t clamp(int64_t a, int64_t least, int64_t most)
{
    return a < least ? least : a > most ? most : a;
}

static reach reach_of(const fx__conv *c, int64_t tap)
{
    const int64_t shift = tap * c->dilation[2] - c->before[2], step = c->stride[2];
    const int64_t left = clamp(ceil_div(-shift, step), 0, c->y[2]);
    return (reach){ left, clamp(ceil_div(c->x[2] - shift, step), left, c->y[2]), shift };
}

/* The row of x that row (q0, q1) of y reads at a tap; -1: none. */
static inline int64_t row_of(const fx__conv *c, const int64_t tap[], int64_t q0, int64_t q1)
{
    const int64_t p0 = q0 * c->stride[0] + tap[0] * c->dilation[0] - c->before[0];
    const int64_t p1 = q1 * c->stride[1] + tap[1] * c->dilation[1] - c->before[1];
    return p0 < 0 || p0 >= c->x[0] || p1 < 0 || p1 >= c->x[1] ? -1 : p0 * c->x[1] + p1;
}

#define EACH_TAP(c, tap)                                                                                     \
    for ((tap)[0] = 0; (tap)[0] < (c)->kernel[0]; (tap)[0]++)                                                \
        for ((tap)[1] = 0; (tap)[1] < (c)->kernel[1]; (tap)[1]++)                                            \
            for ((tap)[2] = 0; (tap)[2] < (c)->kernel[2]; (tap)[2]++)

#define T float
#define NAME(function) f32_##function
#include "conv_columns.h"
#undef T
#undef NAME

#define T double
#define NAME(function) f64_##function
#include "conv_columns.h"
#undef T
#undef NAME

/* ---- the work, and how it is cut -------------------------------------------------------------------------
 */

typedef struct job {
    const fx__conv *c;
    char *x, *w, *y;
    const char *bias;
    int64_t size;           /* of a number */
    int64_t taps, depth;    /* of a kernel; rows of the columns */
    int64_t image, places;  /* numbers of a channel of x, of y */
    int64_t tile, tiles;    /* places at a time */
    bool plain;             /* the columns are x itself: kernels of one number, which miss nothing */
    int64_t images, blocks; /* in a block, and how many: gradients of weights */
    size_t slot;            /* bytes of a thread */
    char *slots, *parts;
    _Atomic uint64_t taken;
} job;

static int64_t product(const int64_t size[]) { return size[0] * size[1] * size[2]; }

static bool is_plain(const fx__conv *c)
{
    bool plain = true;
    for (int d = 0; d < FX__CONV_DIMS; d++)
        plain = plain && c->kernel[d] == 1 && c->stride[d] == 1 && c->before[d] == 0 && c->x[d] == c->y[d];
    return plain;
}

static size_t align(size_t bytes) { return (bytes + 63) / 64 * 64; }

static job job_of(const fx__conv *c, fx__conv_kind kind)
{
    job j = {
        .c = c, .size = c->f64 ? 8 : 4, .image = product(c->x), .places = product(c->y), .plain = is_plain(c)
    };
    j.taps = product(c->kernel);
    j.depth = c->in * j.taps;
    const int64_t fit = j.depth ? CACHED / (j.depth * j.size) / 32 * 32 : j.places;
    j.tile = clamp(fit, 64, j.places > 1 ? j.places : 1);
    j.tiles = (j.places + j.tile - 1) / j.tile;
    j.slot = align((size_t)(j.plain ? 0 : j.depth * j.tile * j.size)) + FX_GEMM_WORK;
    j.images = kind == FX__CONV_W ? (c->batch + BLOCKS - 1) / BLOCKS : 1;
    j.blocks = j.images ? (c->batch + j.images - 1) / j.images : 0;
    return j;
}

static size_t weight_bytes(const job *j) { return (size_t)(j->c->groups * j->c->out * j->depth * j->size); }

static int slots_of(int threads) { return threads < 1 ? 1 : threads > 64 ? 64 : threads; }

size_t fx__conv_work(int threads, const fx__conv *c, fx__conv_kind kind)
{
    const job j = job_of(c, kind);
    const size_t parts = kind == FX__CONV_W ? (size_t)j.blocks * align(weight_bytes(&j)) : 0;
    return (size_t)slots_of(threads) * j.slot + parts;
}

static void multiply(const job *j, fx_gemm g, char *slot)
{
    g.f64 = j->c->f64;
    g.batch = 1;
    fx__gemm(1, &g, slot + (j->slot - FX_GEMM_WORK));
}

/* ---- images and tiles ------------------------------------------------------------------------------------
 */

static char *x_of(const job *j, int64_t n, int64_t group)
{
    return j->x + (n * j->c->groups + group) * j->c->in * j->image * j->size;
}

static char *y_of(const job *j, int64_t n, int64_t group)
{
    return j->y + (n * j->c->groups + group) * j->c->out * j->places * j->size;
}

static char *w_of(const job *j, int64_t group) { return j->w + group * j->c->out * j->depth * j->size; }

/* The columns of places [begin, end): where they are, and the length of their rows. */
static const char *columns_of(const job *j, const char *x, int64_t begin, int64_t end, char *slot,
                              int64_t *row)
{
    *row = j->plain ? j->image : end - begin;
    if (j->plain) return x + begin * j->size;
    if (j->c->f64)
        f64_columns(j->c, (const double *)(const void *)x, begin, end, (double *)(void *)slot);
    else
        f32_columns(j->c, (const float *)(const void *)x, begin, end, (float *)(void *)slot);
    return slot;
}

/* n rows of `length` numbers each, filled with a number of `bias` each, or zeros. */
static void fill_rows(const job *j, char *to, int64_t rows, int64_t length, int64_t step, const char *bias)
{
    for (int64_t r = 0; r < rows; r++, to += step * j->size) {
        const char *value = bias ? bias + r * j->size : NULL;
        if (j->c->f64)
            f64_fill((double *)(void *)to, length, (const double *)(const void *)value);
        else
            f32_fill((float *)(void *)to, length, (const float *)(const void *)value);
    }
}

/* y = w columns + bias, tile by tile of each group of each image. */
static void make_y(void *data, int64_t begin, int64_t end)
{
    job *j = data;
    const fx__conv *c = j->c;
    const int at = fx__take_slot(&j->taken);
    char *slot = j->slots + (size_t)at * j->slot;
    for (int64_t i = begin; i < end; i++) {
        const int64_t first = i % j->tiles * j->tile, n = i / j->tiles / c->groups,
                      group = i / j->tiles % c->groups;
        const int64_t last = first + j->tile < j->places ? first + j->tile : j->places;
        char *y = y_of(j, n, group) + first * j->size;
        int64_t row;
        const char *columns = columns_of(j, x_of(j, n, group), first, last, slot, &row);
        if (j->bias) fill_rows(j, y, c->out, last - first, j->places, j->bias + group * c->out * j->size);
        multiply(j,
                 (fx_gemm){ .m = c->out,
                            .n = last - first,
                            .k = j->depth,
                            .a = w_of(j, group),
                            .a_row = j->depth,
                            .a_column = 1,
                            .b = columns,
                            .b_row = row,
                            .b_column = 1,
                            .c = y,
                            .c_row = j->places,
                            .accumulate = j->bias != NULL },
                 slot);
    }
    fx__give_slot(&j->taken, at);
}

/* One tile of x += the columns w^T y. */
static void make_x_tile(const job *j, char *x, int64_t group, const char *y, int64_t first, int64_t last,
                        char *slot)
{
    const fx__conv *c = j->c;
    multiply(j,
             (fx_gemm){ .m = j->depth,
                        .n = last - first,
                        .k = c->out,
                        .a = w_of(j, group),
                        .a_row = 1,
                        .a_column = j->depth,
                        .b = y + first * j->size,
                        .b_row = j->places,
                        .b_column = 1,
                        .c = j->plain ? x + first * j->size : slot,
                        .c_row = j->plain ? j->image : last - first,
                        .accumulate = j->plain && j->bias },
             slot);
    if (j->plain) return;
    if (c->f64)
        f64_add_columns(c, (double *)(void *)x, first, last, (const double *)(const void *)slot);
    else
        f32_add_columns(c, (float *)(void *)x, first, last, (const float *)(const void *)slot);
}

/* x of each group of each image. */
static void make_x(void *data, int64_t begin, int64_t end)
{
    job *j = data;
    const fx__conv *c = j->c;
    const int at = fx__take_slot(&j->taken);
    char *slot = j->slots + (size_t)at * j->slot;
    for (int64_t i = begin; i < end; i++) {
        const int64_t n = i / c->groups, group = i % c->groups;
        char *x = x_of(j, n, group);
        if (!j->plain || j->bias)
            fill_rows(j, x, c->in, j->image, j->image, j->bias ? j->bias + group * c->in * j->size : NULL);
        for (int64_t first = 0; first < j->places; first += j->tile)
            make_x_tile(j, x, group, y_of(j, n, group), first,
                        first + j->tile < j->places ? first + j->tile : j->places, slot);
    }
    fx__give_slot(&j->taken, at);
}

/* What the images of a block add to the weights of a group: y columns^T. */
static void make_w_block(const job *j, int64_t block, int64_t group, char *w, char *slot)
{
    const fx__conv *c = j->c;
    const int64_t from = block * j->images, to = from + j->images < c->batch ? from + j->images : c->batch;
    for (int64_t n = from; n < to; n++)
        for (int64_t first = 0; first < j->places; first += j->tile) {
            const int64_t last = first + j->tile < j->places ? first + j->tile : j->places;
            int64_t row;
            const char *columns = columns_of(j, x_of(j, n, group), first, last, slot, &row);
            multiply(j,
                     (fx_gemm){ .m = c->out,
                                .n = j->depth,
                                .k = last - first,
                                .a = y_of(j, n, group) + first * j->size,
                                .a_row = j->places,
                                .a_column = 1,
                                .b = columns,
                                .b_row = 1,
                                .b_column = row,
                                .c = w,
                                .c_row = j->depth,
                                .accumulate = n > from || first > 0 },
                     slot);
        }
}

static void make_w(void *data, int64_t begin, int64_t end)
{
    job *j = data;
    const int64_t groups = j->c->groups, of_group = j->c->out * j->depth * j->size;
    const int at = fx__take_slot(&j->taken);
    for (int64_t i = begin; i < end; i++) {
        const int64_t block = i / groups, group = i % groups;
        make_w_block(j, block, group, j->parts + (size_t)block * align(weight_bytes(j)) + group * of_group,
                     j->slots + (size_t)at * j->slot);
    }
    fx__give_slot(&j->taken, at);
}

static void add_blocks(const job *j)
{
    const size_t bytes = weight_bytes(j), step = align(bytes);
    if (j->blocks == 0 || j->places == 0)
        memset(j->w, 0, bytes);
    else
        memcpy(j->w, j->parts, bytes);
    for (int64_t b = 1; b < j->blocks && j->places; b++)
        if (j->c->f64)
            f64_add((double *)(void *)j->w, (double *)(void *)(j->parts + (size_t)b * step),
                    (int64_t)bytes / 8);
        else
            f32_add((float *)(void *)j->w, (float *)(void *)(j->parts + (size_t)b * step),
                    (int64_t)bytes / 4);
}

void fx__conv_run(int threads, const fx__conv *c, fx__conv_kind kind, void *x, void *w, void *y,
                  const void *bias, void *work)
{
    job j = job_of(c, kind);
    j.x = x, j.w = w, j.y = y, j.bias = bias;
    j.slots = work;
    j.parts = j.slots + (size_t)slots_of(threads) * j.slot;
    const int64_t cost =
        c->out * j.depth * (kind == FX__CONV_Y ? j.tile : j.places) * (kind == FX__CONV_W ? j.images : 1);
    const int64_t grain = cost > 0 ? PART / cost + 1 : PART, some = slots_of(threads);
    if (kind == FX__CONV_Y)
        fx__parallel((int)some, c->batch * c->groups * j.tiles, grain, make_y, &j);
    else if (kind == FX__CONV_X)
        fx__parallel((int)some, c->batch * c->groups, grain, make_x, &j);
    else {
        if (j.places) fx__parallel((int)some, j.blocks * c->groups, grain, make_w, &j);
        add_blocks(&j);
    }
}

/* ---- columns alone ---------------------------------------------------------------------------------------
 */

static void make_columns(void *data, int64_t begin, int64_t end)
{
    const job *j = data;
    for (int64_t n = begin; n < end; n++) {
        char *to = j->y + n * j->depth * j->places * j->size;
        if (j->c->f64)
            f64_columns(j->c, (const double *)(const void *)x_of(j, n, 0), 0, j->places,
                        (double *)(void *)to);
        else
            f32_columns(j->c, (const float *)(const void *)x_of(j, n, 0), 0, j->places, (float *)(void *)to);
    }
}

static void add_all_columns(void *data, int64_t begin, int64_t end)
{
    const job *j = data;
    for (int64_t n = begin; n < end; n++) {
        const char *from = j->y + n * j->depth * j->places * j->size;
        char *x = x_of(j, n, 0);
        memset(x, 0, (size_t)(j->c->in * j->image * j->size));
        if (j->c->f64)
            f64_add_columns(j->c, (double *)(void *)x, 0, j->places, (const double *)(const void *)from);
        else
            f32_add_columns(j->c, (float *)(void *)x, 0, j->places, (const float *)(const void *)from);
    }
}

static int64_t columns_grain(const job *j) { return (64 << 10) / (j->depth * j->places + 1) + 1; }

void fx__conv_columns(int threads, const fx__conv *c, const void *x, void *columns)
{
    job j = job_of(c, FX__CONV_Y);
    j.x = (char *)(uintptr_t)x;
    j.y = columns;
    fx__parallel(threads, c->batch, columns_grain(&j), make_columns, &j);
}

void fx__conv_add_columns(int threads, const fx__conv *c, void *x, const void *columns)
{
    job j = job_of(c, FX__CONV_X);
    j.x = x;
    j.y = (char *)(uintptr_t)columns;
    fx__parallel(threads, c->batch, columns_grain(&j), add_all_columns, &j);
}

/* ---- channels --------------------------------------------------------------------------------------------
 */

void fx__conv_channel_sums(int threads, bool f64, int64_t batch, int64_t channels, int64_t places,
                           const void *y, void *to)
{
    sums s = { batch, channels, places, y, to };
    const int64_t grain = batch * places > 0 ? (64 << 10) / (batch * places) + 1 : channels + 1;
    fx__parallel(threads, channels, grain, f64 ? f64_channel_sums : f32_channel_sums, &s);
}
