/* Strided copies.
 *
 * A copy is planned first: dimensions of size 1 fall out, the others are sorted by how far `to` steps along
 * them, and neighbours that step as one are merged. What remains is a run (the innermost dimension) for each
 * outer index. Where `to` is dense along the run and `from` along another dimension, the copy is a
 * transposition and goes by square tiles, so that each cache line that is fetched is used whole. Outer
 * indices are what threads share.
 */
#include "strided.h"

#include "parallel.h"

#include <stdbool.h>
#include <string.h>

enum { TILE = 32, GRAIN = 1 << 15 };

typedef struct copy_plan {
    char *to;
    const char *from;
    int ndim; /* of the outer dimensions */
    int64_t size[FX_STRIDED_MAX_DIMS], to_stride[FX_STRIDED_MAX_DIMS], from_stride[FX_STRIDED_MAX_DIMS];
    int64_t run, to_run, from_run;
    bool transposes; /* then the innermost outer index counts tiles of rows */
    int64_t tiles, tile_rows, to_tile_row;
} copy_plan;

/* Where the elements of an outer index begin, going from one to the next in row-major order. */
typedef struct walk {
    int64_t index[FX_STRIDED_MAX_DIMS], to, from;
} walk;

static walk walk_from(const copy_plan *p, int64_t row)
{
    walk w = { .to = 0, .from = 0 };
    for (int d = p->ndim; d-- > 0; row /= p->size[d]) {
        w.index[d] = row % p->size[d];
        w.to += w.index[d] * p->to_stride[d];
        w.from += w.index[d] * p->from_stride[d];
    }
    return w;
}

static void step(walk *w, int ndim, const int64_t *size, const int64_t *to_stride, const int64_t *from_stride)
{
    for (int d = ndim; d-- > 0;) {
        w->to += to_stride[d];
        w->from += from_stride[d];
        if (++w->index[d] < size[d]) return;
        w->to -= size[d] * to_stride[d];
        w->from -= size[d] * from_stride[d];
        w->index[d] = 0;
    }
}

typedef uint8_t __attribute__((may_alias)) word1;
typedef uint32_t __attribute__((may_alias)) word4;
typedef uint64_t __attribute__((may_alias)) word8;

#define WORD word1
#define NAMED(name) name##_1
#include "strided_word.h"
#define WORD word4
#define NAMED(name) name##_4
#include "strided_word.h"
#define WORD word8
#define NAMED(name) name##_8
#include "strided_word.h"

static void swap(int64_t *a, int64_t *b)
{
    int64_t t = *a;
    *a = *b;
    *b = t;
}

static void swap_dims(copy_plan *p, int a, int b)
{
    swap(&p->size[a], &p->size[b]);
    swap(&p->to_stride[a], &p->to_stride[b]);
    swap(&p->from_stride[a], &p->from_stride[b]);
}

/* Fills the plan with dimensions that count, those along which `to` steps farthest first, merged. False:
 * nothing to copy. */
static bool plan_dims(copy_plan *p, int ndim, const int64_t *size, const int64_t *to_stride,
                      const int64_t *from_stride)
{
    for (int d = 0; d < ndim; d++) {
        if (size[d] == 0) return false;
        if (size[d] == 1) continue;
        int at = p->ndim++;
        p->size[at] = size[d];
        p->to_stride[at] = to_stride[d];
        p->from_stride[at] = from_stride[d];
        for (; at > 0 && p->to_stride[at - 1] < p->to_stride[at]; at--) swap_dims(p, at - 1, at);
    }
    int last = 0;
    for (int d = 1; d < p->ndim; d++) {
        if (p->to_stride[last] == p->to_stride[d] * p->size[d] &&
            p->from_stride[last] == p->from_stride[d] * p->size[d]) {
            p->size[last] *= p->size[d];
        } else {
            last++;
            p->size[last] = p->size[d];
        }
        p->to_stride[last] = p->to_stride[d];
        p->from_stride[last] = p->from_stride[d];
    }
    if (p->ndim) p->ndim = last + 1;
    return true;
}

/* Takes the innermost dimension for the run, and tiles another one if that makes a transposition. */
static void plan_run(copy_plan *p)
{
    p->run = p->to_run = p->from_run = 1;
    if (p->ndim == 0) return;
    p->ndim--;
    p->run = p->size[p->ndim];
    p->to_run = p->to_stride[p->ndim];
    p->from_run = p->from_stride[p->ndim];
    if (p->to_run != 1 || p->from_run == 0 || p->from_run == 1 || p->run < 8) return;
    for (int d = 0; d < p->ndim; d++) {
        if (p->from_stride[d] != 1 || p->size[d] < 8) continue;
        for (; d < p->ndim - 1; d++) swap_dims(p, d, d + 1);
        p->transposes = true;
        p->tile_rows = p->size[d];
        p->tiles = p->size[d] = (p->tile_rows - 1) / TILE + 1;
        p->to_tile_row = p->to_stride[d];
        p->to_stride[d] *= TILE;
        p->from_stride[d] *= TILE;
        return;
    }
}

static void copy_bytes(void *data, int64_t begin, int64_t end)
{
    const copy_plan *p = data;
    memcpy(p->to + begin, p->from + begin, (size_t)(end - begin));
}

void fx__copy_strided(int threads, size_t bytes, int ndim, const int64_t *size, void *to,
                      const int64_t *to_stride, const void *from, const int64_t *from_stride)
{
    copy_plan p = { .to = to, .from = from };
    if (!plan_dims(&p, ndim, size, to_stride, from_stride)) return;
    plan_run(&p);
    if (p.ndim == 0 && p.to_run == 1 && p.from_run == 1) {
        fx__parallel(threads, p.run * (int64_t)bytes, GRAIN * 8, copy_bytes, &p);
        return;
    }
    int64_t rows = 1, per_row = p.transposes ? p.run * TILE : p.run;
    for (int d = 0; d < p.ndim; d++) rows *= p.size[d];
    int64_t grain = per_row < GRAIN ? GRAIN / per_row : 1;
    fx__parallel(threads, rows, grain,
                 bytes == 8   ? copy_block_8
                 : bytes == 4 ? copy_block_4
                              : copy_block_1,
                 &p);
}

static int64_t count_of(int ndim, const int64_t *size)
{
    int64_t n = 1;
    for (int d = 0; d < ndim; d++) n *= size[d];
    return n;
}

void fx__add_strided_f64(int ndim, const int64_t *size, double *to, const int64_t *to_stride,
                         const double *from, const int64_t *from_stride)
{
    walk w = { .to = 0 };
    for (int64_t n = count_of(ndim, size); n > 0; n--, step(&w, ndim, size, to_stride, from_stride))
        to[w.to] += from[w.from];
}

void fx__add_strided_f32(int ndim, const int64_t *size, double *wide, const int64_t *to_stride,
                         const float *from, const int64_t *from_stride)
{
    walk w = { .to = 0 };
    for (int64_t n = count_of(ndim, size); n > 0; n--, step(&w, ndim, size, to_stride, from_stride))
        wide[w.to] += (double)from[w.from];
}
