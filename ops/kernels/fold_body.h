/* One fold (reduce.h), included once for each: FOLD is its name, T the type of the numbers, ACC of the fold,
 * RESULT of y; FOLD_TERM(x, z, i, c, f) is what number i contributes, FOLD_MERGE(a, b) the fold of two,
 * FOLD_START its neutral element, FOLD_END(a, f) the last step.
 *
 * Rows (inner == 1) run in 16 lanes, leaves of 256 numbers; columns run side by side, leaves of 16 rows.
 * Leaves are merged as a balanced tree by halving.
 */
#define FOLD_JOIN3(a, b) a##_##b
#define FOLD_JOIN2(a, b) FOLD_JOIN3(a, b)
#define FOLD_FUNCTION(part) FOLD_JOIN2(FOLD, part)

/* acc[j] of the numbers of a row that lie j after a multiple of 16. */
FOLD_APART static void FOLD_FUNCTION(lanes)(const fx__fold *f, const T *x, const T *z, int64_t n, double c,
                                            ACC *restrict acc)
{
    (void)f, (void)z, (void)c;
    if (n > FOLD_LEAF) {
        int64_t half = ((n - 1) / FOLD_LEAF + 1) / 2 * FOLD_LEAF;
        ACC other[FOLD_LANES];
        FOLD_FUNCTION(lanes)(f, x, z, half, c, acc);
        FOLD_FUNCTION(lanes)(f, x + half, z + half, n - half, c, other);
        for (int j = 0; j < FOLD_LANES; j++) acc[j] = FOLD_MERGE(acc[j], other[j]);
        return;
    }
    ACC lane[FOLD_LANES];
    for (int j = 0; j < FOLD_LANES; j++) lane[j] = FOLD_START;
    int64_t i = 0;
    for (; i + FOLD_LANES <= n; i += FOLD_LANES)
        for (int j = 0; j < FOLD_LANES; j++) lane[j] = FOLD_MERGE(lane[j], FOLD_TERM(x, z, i + j, c, f));
    for (int j = 0; i + j < n; j++) lane[j] = FOLD_MERGE(lane[j], FOLD_TERM(x, z, i + j, c, f));
    for (int j = 0; j < FOLD_LANES; j++) acc[j] = lane[j];
}

static ACC FOLD_FUNCTION(row)(const fx__fold *f, const T *x, const T *z, int64_t n, double c)
{
    (void)f, (void)z, (void)c;
    ACC a = FOLD_START;
    if (n < FOLD_LANES) {
        for (int64_t i = 0; i < n; i++) a = FOLD_MERGE(a, FOLD_TERM(x, z, i, c, f));
        return a;
    }
    ACC acc[FOLD_LANES];
    FOLD_FUNCTION(lanes)(f, x, z, n, c, acc);
    for (int half = FOLD_LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) acc[j] = FOLD_MERGE(acc[j], acc[j + half]);
    return acc[0];
}

/* acc[j] of column j of `width`, over `rows` rows that lie `stride` apart. */
FOLD_APART static void FOLD_FUNCTION(columns)(const fx__fold *f, const T *x, const T *z, int64_t rows,
                                              int64_t stride, int width, const double *param,
                                              ACC *restrict acc)
{
    (void)f, (void)z, (void)param;
    if (rows > FOLD_ROWS) {
        int64_t half = ((rows - 1) / FOLD_ROWS + 1) / 2 * FOLD_ROWS;
        ACC other[FX__FOLD_TILE];
        FOLD_FUNCTION(columns)(f, x, z, half, stride, width, param, acc);
        FOLD_FUNCTION(columns)
        (f, x + half * stride, z + half * stride, rows - half, stride, width, param, other);
        for (int j = 0; j < width; j++) acc[j] = FOLD_MERGE(acc[j], other[j]);
        return;
    }
    for (int j = 0; j < width; j++) acc[j] = FOLD_START;
    for (int64_t r = 0; r < rows; r++, x += stride, z += stride)
        for (int j = 0; j < width; j++) acc[j] = FOLD_MERGE(acc[j], FOLD_TERM(x, z, j, param[j], f));
}

static void FOLD_FUNCTION(store)(const fx__fold *f, int64_t at, ACC a)
{
    if (f->y) ((RESULT *)f->y)[at] = (RESULT)FOLD_END(a, f);
    if (f->wide) f->wide[at] = (double)FOLD_END(a, f);
}

/* Merges `n` pieces of one result, `stride` apart, as a balanced tree. */
FOLD_APART static ACC FOLD_FUNCTION(tree)(const ACC *piece, int64_t n, int64_t stride)
{
    if (n == 1) return piece[0];
    int64_t half = (n + 1) / 2;
    ACC a = FOLD_FUNCTION(tree)(piece, half, stride);
    ACC b = FOLD_FUNCTION(tree)(piece + half * stride, n - half, stride);
    return FOLD_MERGE(a, b);
}

/* Blocks of rows; with several pieces a row, blocks of pieces. */
static void FOLD_FUNCTION(row_block)(void *data, int64_t begin, int64_t end)
{
    const fx__fold *f = data;
    int64_t pieces = fx__fold_pieces(f->count, 1);
    for (int64_t task = begin; task < end; task++) {
        int64_t o = task / pieces, first = task % pieces * FX__FOLD_ROW_PIECE, left = f->count - first;
        int64_t n = pieces > 1 && left > FX__FOLD_ROW_PIECE ? FX__FOLD_ROW_PIECE : left;
        const T *x = (const T *)f->x + o * f->count + first;
        const T *z = f->z ? (const T *)f->z + o * f->count + first : x;
        ACC a = FOLD_FUNCTION(row)(f, x, z, n, f->param ? f->param[o] : 0);
        if (pieces == 1)
            FOLD_FUNCTION(store)(f, o, a);
        else
            ((ACC *)f->scratch)[task] = a;
    }
}

/* Blocks of tiles: a tile is FX__FOLD_TILE columns of one piece of one outer index. */
static void FOLD_FUNCTION(tile_block)(void *data, int64_t begin, int64_t end)
{
    const fx__fold *f = data;
    static const double none[FX__FOLD_TILE];
    int64_t pieces = fx__fold_pieces(f->count, f->inner), tiles = (f->inner - 1) / FX__FOLD_TILE + 1;
    for (int64_t task = begin; task < end; task++) {
        int64_t tile = task % tiles * FX__FOLD_TILE, piece = task / tiles % pieces, o = task / tiles / pieces;
        int64_t first = piece * FX__FOLD_COLUMN_PIECE, left = f->count - first, wide = f->inner - tile;
        int64_t rows = pieces > 1 && left > FX__FOLD_COLUMN_PIECE ? FX__FOLD_COLUMN_PIECE : left;
        int width = wide > FX__FOLD_TILE ? FX__FOLD_TILE : (int)wide;
        int64_t start = (o * f->count + first) * f->inner + tile;
        const T *x = (const T *)f->x + start, *z = f->z ? (const T *)f->z + start : x;
        ACC acc[FX__FOLD_TILE];
        FOLD_FUNCTION(columns)
        (f, x, z, rows, f->inner, width, f->param ? f->param + o * f->inner + tile : none, acc);
        for (int j = 0; j < width; j++)
            if (pieces == 1)
                FOLD_FUNCTION(store)(f, o * f->inner + tile + j, acc[j]);
            else
                ((ACC *)f->scratch)[(o * pieces + piece) * f->inner + tile + j] = acc[j];
    }
}

static void FOLD(const fx__fold *f)
{
    int64_t pieces = fx__fold_pieces(f->count, f->inner);
    if (f->outer <= 0 || f->inner <= 0) return;
    if (f->count == 0) {
        for (int64_t at = 0; at < f->outer * f->inner; at++) FOLD_FUNCTION(store)(f, at, FOLD_START);
        return;
    }
    if (f->inner == 1) {
        int64_t grain = pieces > 1 ? 1 : FX__FOLD_ROW_PIECE / f->count;
        fx__parallel(f->threads, f->outer * pieces, grain, FOLD_FUNCTION(row_block), (void *)(uintptr_t)f);
    } else {
        int64_t tiles = (f->inner - 1) / FX__FOLD_TILE + 1;
        int64_t width = f->inner < FX__FOLD_TILE ? f->inner : FX__FOLD_TILE;
        int64_t grain = pieces > 1 ? 1 : FX__FOLD_ROW_PIECE / (f->count * width);
        fx__parallel(f->threads, f->outer * pieces * tiles, grain > 0 ? grain : 1, FOLD_FUNCTION(tile_block),
                     (void *)(uintptr_t)f);
    }
    for (int64_t at = 0; pieces > 1 && at < f->outer * f->inner; at++) {
        const ACC *first = (const ACC *)f->scratch + at / f->inner * pieces * f->inner + at % f->inner;
        FOLD_FUNCTION(store)(f, at, FOLD_FUNCTION(tree)(first, pieces, f->inner));
    }
}

#undef FOLD
#undef RESULT
#undef FOLD_TERM
#undef FOLD_MERGE
#undef FOLD_START
#undef FOLD_END
#undef FOLD_FUNCTION
#undef FOLD_JOIN2
#undef FOLD_JOIN3
