/* The products of one type: T is float or double, D is 1 for double, F(name) adds the type to a name.
 *
 * Tiles of C stay in registers while a row of B and a number of each row of A stream by (Goto and van de
 * Geijn, "Anatomy of high-performance matrix multiplication", 2008). What differs from the usual is that
 * operands are copied to working memory only where they would be read badly in place: columns of B that do
 * not lie side by side, and strides at which the lines of a block would share a few sets of the cache.
 */
#include "gemm_vector.h"

/* ---- tiles --------------------------------------------------------------------------------------------- */

typedef struct F(tile_args) {
    int64_t k;
    const T *a, *b;
    T *c;
    const T *bias;
    int64_t a_row, a_column, b_row, c_row;
    int last; /* columns in the last vector, 1 .. LANES */
    start_from start;
} F(tile_args);

/* rows x vectors of C. Both are constants in every use, so that all loops unroll and the sums stay in
 * registers. */
static inline __attribute__((always_inline)) void F(tile)(const F(tile_args) * t, const int rows,
                                                          const int vectors)
{
    VEC sum[TILE_ROWS][TILE_VECTORS];
    const T *b = t->b, *a[(TILE_ROWS + 2) / 3];
    const int64_t a_row = t->a_row, a_column = t->a_column, b_row = t->b_row;
    const MASK mask = v_mask(t->last);
    UNROLL for (int i = 0; i < rows; i += 3) a[i / 3] = t->a + i * a_row;
    UNROLL for (int i = 0; i < rows; i++) UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = v_zero();
    for (int64_t p = t->k; p > 0; p--, b += b_row) {
        VEC bs[TILE_VECTORS];
        UNROLL for (int j = 0; j < vectors - 1; j++) bs[j] = v_load(b + j * LANES);
        bs[vectors - 1] = v_load_tail(b + (vectors - 1) * LANES, mask);
        UNROLL for (int i = 0; i < rows; i++)
        {
            const VEC ai = v_all(a[i / 3][i % 3 * a_row]);
            UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = v_fma(ai, bs[j], sum[i][j]);
        }
        UNROLL for (int i = 0; i < rows; i += 3)
        {
            a[i / 3] += a_column;
            /* Or the compiler makes a pointer for each row, and they do not fit in the registers. */
            __asm__("" : "+r"(a[i / 3]));
        }
    }
    T *c = t->c;
    UNROLL for (int i = 0; i < rows; i++, c += t->c_row)
    {
        const T *from = t->start == FROM_BIAS ? t->bias : c;
        const int tail = (vectors - 1) * LANES;
        if (t->start != FROM_ZERO) {
            UNROLL for (int j = 0; j < vectors - 1; j++) sum[i][j] =
                v_add(v_load(from + j * LANES), sum[i][j]);
            sum[i][vectors - 1] = v_add(v_load_some(from + tail, mask), sum[i][vectors - 1]);
        }
        UNROLL for (int j = 0; j < vectors - 1; j++) v_store(c + j * LANES, sum[i][j]);
        v_store_some(c + tail, sum[i][vectors - 1], mask);
    }
}

#define TILE(rows, vectors)                                                                                  \
    static void F(tile_##rows##x##vectors)(const F(tile_args) * t) { F(tile)(t, rows, vectors); }
TILES(TILE)
#undef TILE

#define TILE(rows, vectors) [vectors][rows] = F(tile_##rows##x##vectors),
static void (*const F(tiles)[TILE_VECTORS + 1][TILE_ROWS + 1])(const F(tile_args) *) = { TILES(TILE) };
#undef TILE

/* ---- copies -------------------------------------------------------------------------------------------- */

/* A square of 4 x 4 numbers, columns to rows. */
static inline void F(transpose_4)(const T *from, int64_t column, int64_t to_row, T *to)
{
    const F(four) a = q_load(from), b = q_load(from + column), c = q_load(from + 2 * column),
                  d = q_load(from + 3 * column);
    const F(four) ab = SHUFFLE(a, b, 0, 4, 1, 5), ab2 = SHUFFLE(a, b, 2, 6, 3, 7);
    const F(four) cd = SHUFFLE(c, d, 0, 4, 1, 5), cd2 = SHUFFLE(c, d, 2, 6, 3, 7);
    q_store(to, SHUFFLE(ab, cd, 0, 1, 4, 5));
    q_store(to + to_row, SHUFFLE(ab, cd, 2, 3, 6, 7));
    q_store(to + 2 * to_row, SHUFFLE(ab2, cd2, 0, 1, 4, 5));
    q_store(to + 3 * to_row, SHUFFLE(ab2, cd2, 2, 3, 6, 7));
}

#ifdef v_pick
/* A square of LANES x LANES numbers: at each step s, squares of s x s beside the diagonal change places. */
static inline void F(transpose_lanes)(const T *from, int64_t column, int64_t to_row, T *to)
{
    VEC x[LANES];
    UNROLL for (int i = 0; i < LANES; i++) x[i] = v_load(from + i * column);
    UNROLL for (int s = 1; s < LANES; s *= 2) UNROLL for (int i = 0; i < LANES; i++)
    {
        if (i & s) continue;
        const VEC upper = x[i], lower = x[i + s];
        x[i] = v_pick(upper, lower, s, 0);
        x[i + s] = v_pick(upper, lower, s, 1);
    }
    UNROLL for (int i = 0; i < LANES; i++) v_store(to + i * to_row, x[i]);
}
enum { F(SQUARE) = LANES };
#define TRANSPOSE_SQUARE F(transpose_lanes)
#elif defined(__AVX2__) && !D
/* A square of 8 x 8 numbers: pairs, then fours within each half, then the halves. */
static inline void F(transpose_8)(const T *from, int64_t column, int64_t to_row, T *to)
{
    VEC x[8], y[8];
    UNROLL for (int i = 0; i < 8; i++) x[i] = v_load(from + i * column);
    UNROLL for (int i = 0; i < 8; i += 2)
    {
        y[i] = SHUFFLE(x[i], x[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
        y[i + 1] = SHUFFLE(x[i], x[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    UNROLL for (int i = 0; i < 8; i += 4) UNROLL for (int j = 0; j < 2; j++)
    {
        x[i + 2 * j] = SHUFFLE(y[i + j], y[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        x[i + 2 * j + 1] = SHUFFLE(y[i + j], y[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    UNROLL for (int i = 0; i < 4; i++)
    {
        v_store(to + i * to_row, SHUFFLE(x[i], x[i + 4], 0, 1, 2, 3, 8, 9, 10, 11));
        v_store(to + (i + 4) * to_row, SHUFFLE(x[i], x[i + 4], 4, 5, 6, 7, 12, 13, 14, 15));
    }
}
enum { F(SQUARE) = 8 };
#define TRANSPOSE_SQUARE F(transpose_8)
#else
enum { F(SQUARE) = 4 };
#define TRANSPOSE_SQUARE F(transpose_4)
#endif

/* to[p * to_row + j] = from[p + j * column] for p < k, j < n. */
static void F(transpose)(int64_t k, int64_t n, const T *from, int64_t column, int64_t to_row, T *restrict to)
{
    int64_t j = 0;
    for (; j + F(SQUARE) <= n; j += F(SQUARE)) {
        int64_t p = 0;
        for (; p + F(SQUARE) <= k; p += F(SQUARE))
            TRANSPOSE_SQUARE(from + p + j * column, column, to_row, to + p * to_row + j);
        for (; p < k; p++)
            for (int64_t i = j; i < j + F(SQUARE); i++) to[p * to_row + i] = from[p + i * column];
    }
    for (; j + 4 <= n; j += 4) {
        int64_t p = 0;
        for (; p + 4 <= k; p += 4) F(transpose_4)(from + p + j * column, column, to_row, to + p * to_row + j);
        for (; p < k; p++)
            for (int64_t i = j; i < j + 4; i++) to[p * to_row + i] = from[p + i * column];
    }
    for (; j < n; j++)
        for (int64_t p = 0; p < k; p++) to[p * to_row + j] = from[p + j * column];
}
#undef TRANSPOSE_SQUARE

/* to[p * to_row + j] = from[p * row + j * column] for p < k, j < n. */
static void F(copy)(int64_t k, int64_t n, const T *from, int64_t row, int64_t column, int64_t to_row,
                    T *restrict to)
{
    if (column == 1 && n == 2 * LANES) /* a panel; what the next one reads is on its way meanwhile */
        for (int64_t p = 0; p < k; p++) {
            const T *row_of = from + p * row;
            const VEC first = v_load(row_of), second = v_load(row_of + LANES);
            __builtin_prefetch(row_of + 2 * LANES, 0, 2);
            v_store(to + p * to_row, first);
            v_store(to + p * to_row + LANES, second);
        }
    else if (column == 1)
        for (int64_t p = 0; p < k; p++) memcpy(to + p * to_row, from + p * row, (size_t)n * sizeof(T));
    else if (row == 1)
        F(transpose)(k, n, from, column, to_row, to);
    else
        for (int64_t p = 0; p < k; p++)
            for (int64_t j = 0; j < n; j++) to[p * to_row + j] = from[p * row + j * column];
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

/* Lines at such a stride share a few sets of the cache. */
static bool F(stride_is_bad)(int64_t stride) { return stride * (int64_t)sizeof(T) % 2048 == 0; }

/* A of a block: in place, or copied, in whichever order it lies, at a stride that is an odd number of lines.
 */
static const T *F(place_a)(F(tile_args) * t, int64_t m, int64_t n, const T *a, T *work)
{
    const bool by_rows = t->a_column == 1;
    const int64_t stride = by_rows ? t->a_row : t->a_column;
    if (n <= 4 * LANES || !F(stride_is_bad)(stride) || (!by_rows && t->a_row != 1)) return a;
    const int64_t length = by_rows ? t->k : m, to_row = (length / LANES | 1) * LANES + 2 * LANES;
    F(copy)(by_rows ? m : t->k, length, a, stride, 1, to_row, work);
    t->a_row = by_rows ? to_row : 1;
    t->a_column = by_rows ? 1 : to_row;
    return work;
}

/* Columns j .. j + n of B: in place, or copied to a panel, filled up with zeros to whole vectors. */
static void F(place_b)(F(tile_args) * t, const fx_gemm *g, int64_t m, int64_t p0, int64_t j, int n,
                       int vectors, T *work)
{
    const T *b = (const T *)g->b + p0 * g->b_row + j * g->b_column;
    const int width = vectors * LANES;
    t->b = b;
    t->b_row = g->b_row;
    const bool good = g->b_column == 1 && (TAIL_IN_PLACE || n == width);
    if (good && (m <= 4 * TILE_ROWS || !F(stride_is_bad)(g->b_row))) return;
    if (n < width)
        for (int64_t p = 0; p < t->k; p++) v_store(work + p * width + width - LANES, v_zero());
    F(copy)(t->k, n, b, g->b_row, g->b_column, width, work);
    t->b = work;
    t->b_row = width;
}

/* Rows i .. i + m of C against one panel of B, in stripes of nearly equal height. */
static void F(column)(F(tile_args) * t, int64_t m, const T *a, T *c, int vectors)
{
    const int64_t stripes = (m + TILE_ROWS - 1) / TILE_ROWS, rows = m / stripes, higher = m % stripes;
    for (int64_t s = 0; s < stripes; s++) {
        const int64_t here = rows + (s < higher);
        t->a = a;
        t->c = c;
        F(tiles)[vectors][here](t);
        a += here * t->a_row;
        c += here * t->c_row;
    }
}

static void F(row_block)(const fx_gemm *g, int64_t p0, int64_t k, int64_t i0, int64_t m, int64_t j0,
                         int64_t j1, T *work)
{
    F(tile_args) t = { .k = k, .a_row = g->a_row, .a_column = g->a_column, .c_row = g->c_row };
    t.start = p0 || g->accumulate ? FROM_C : g->bias ? FROM_BIAS : FROM_ZERO;
    const T *a = F(place_a)(&t, m, j1 - j0, (const T *)g->a + i0 * g->a_row + p0 * g->a_column, work);
    T *panel = a == work ? work + (t.a_column == 1 ? m * t.a_row : k * t.a_column) : work;
    const int most = m <= TILE_ROWS_WIDE ? TILE_VECTORS : 2;
    for (int64_t j = j0; j < j1; j += most * LANES) {
        const int n = j1 - j < most * LANES ? (int)(j1 - j) : most * LANES;
        const int vectors = (n + LANES - 1) / LANES;
        t.last = n - (vectors - 1) * LANES;
        t.bias = g->bias ? (const T *)g->bias + j : NULL;
        F(place_b)(&t, g, m, p0, j, n, vectors, panel);
        F(column)(&t, m, a, (T *)g->c + i0 * g->c_row + j, vectors);
    }
}

/* k == 0: what there is without a product. */
static void F(no_product)(const fx_gemm *g, int64_t i0, int64_t i1, int64_t j0, int64_t j1)
{
    if (g->accumulate) return;
    for (int64_t i = i0; i < i1; i++)
        for (int64_t j = j0; j < j1; j++)
            ((T *)g->c)[i * g->c_row + j] = g->bias ? ((const T *)g->bias)[j] : 0;
}

/* ---- one column ---------------------------------------------------------------------------------------- */

/* Sum of a[p] * b[p] for p < k, in the lanes of four vectors. */
static T F(dot)(int64_t k, const T *a, const T *b)
{
    VEC sum[4] = { v_zero(), v_zero(), v_zero(), v_zero() };
    int64_t p = 0;
    for (; p + 4 * LANES <= k; p += 4 * LANES) UNROLL for (int j = 0; j < 4; j++)
        {
            sum[j] = v_fma(v_load(a + p + j * LANES), v_load(b + p + j * LANES), sum[j]);
        }
    for (int j = 0; p < k; p += LANES, j++) {
        const MASK mask = v_mask(k - p < LANES ? (int)(k - p) : LANES);
        sum[j] = v_fma(v_load_some(a + p, mask), v_load_some(b + p, mask), sum[j]);
    }
    T lane[LANES];
    v_store(lane, v_add(v_add(sum[0], sum[1]), v_add(sum[2], sum[3])));
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int l = 0; l < width; l++) lane[l] += lane[l + width];
    return lane[0];
}

/* Rows of A, at most DOT_ROWS, times one column: dot products of at most DOT_BLOCK numbers, which are copied
 * where they do not lie side by side; from block to block the sums are kept in double. */
static void F(dot_rows)(const fx_gemm *g, int64_t i, int64_t rows, T *work)
{
    double sum[DOT_ROWS] = { 0 };
    for (int64_t p = 0; p < g->k; p += DOT_BLOCK) {
        const int64_t k = g->k - p < DOT_BLOCK ? g->k - p : DOT_BLOCK;
        const T *a = (const T *)g->a + i * g->a_row + p * g->a_column, *b = (const T *)g->b + p * g->b_row;
        int64_t a_row = g->a_row;
        T *to = work;
        if (g->b_row != 1) {
            F(copy)(1, k, b, 0, g->b_row, 0, to);
            b = to;
            to += k;
        }
        if (g->a_column != 1) {
            F(copy)(rows, k, a, a_row, g->a_column, k, to);
            a = to;
            a_row = k;
        }
        for (int64_t r = 0; r < rows; r++) sum[r] += (double)F(dot)(k, a + r * a_row, b);
    }
    for (int64_t r = 0; r < rows; r++) {
        T *c = (T *)g->c + (i + r) * g->c_row;
        *c = (g->accumulate ? *c : g->bias ? *(const T *)g->bias : 0) + (T)sum[r];
    }
}

static void F(block)(const fx_gemm *g, int64_t i0, int64_t i1, int64_t j0, int64_t j1, void *work)
{
    if (g->k == 0) {
        F(no_product)(g, i0, i1, j0, j1);
        return;
    }
    if (g->n == 1) {
        for (int64_t i = i0; i < i1; i += DOT_ROWS)
            F(dot_rows)(g, i, i1 - i < DOT_ROWS ? i1 - i : DOT_ROWS, work);
        return;
    }
    const int64_t k_step = fx__gemm_k_step(g->k, K_BLOCK);
    for (int64_t p0 = 0; p0 < g->k; p0 += k_step)
        for (int64_t i = i0; i < i1; i += ROW_BLOCK) F(row_block)
    (g, p0, g->k - p0 < k_step ? g->k - p0 : k_step, i, i1 - i < ROW_BLOCK ? i1 - i : ROW_BLOCK, j0, j1,
     work);
}
