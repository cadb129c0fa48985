/* The first of the largest numbers, or of the least, or the first NaN, with its index (reduce.h), for numbers
 * of type T: a tile of columns side by side, row after row. IS_NAN(a) tells a NaN. */
static void NAME(extreme_block)(void *data, int64_t begin, int64_t end)
{
    const fx__extreme *e = data;
    int64_t tiles = (e->inner - 1) / FX__FOLD_TILE + 1;
    bool least = e->least;
    for (int64_t task = begin; task < end; task++) {
        int64_t tile = task % tiles * FX__FOLD_TILE, o = task / tiles, wide = e->inner - tile;
        int width = wide > FX__FOLD_TILE ? FX__FOLD_TILE : (int)wide;
        const T *x = (const T *)e->x + o * e->count * e->inner + tile;
        T best[FX__FOLD_TILE];
        int64_t index[FX__FOLD_TILE];
        for (int j = 0; j < width; j++) best[j] = x[j], index[j] = 0;
        for (int64_t r = 1; r < e->count; r++) {
            const T *row = x + r * e->inner;
            for (int j = 0; j < width; j++) {
                bool better =
                    (least ? row[j] < best[j] : row[j] > best[j]) || (IS_NAN(row[j]) && !IS_NAN(best[j]));
                best[j] = better ? row[j] : best[j];
                index[j] = better ? r : index[j];
            }
        }
        int64_t at = o * e->inner + tile;
        for (int j = 0; j < width; j++) {
            if (e->y) ((T *)e->y)[at + j] = best[j];
            if (e->index) e->index[at + j] = index[j];
        }
    }
}

static void NAME(extreme)(const fx__extreme *e)
{
    if (e->outer <= 0 || e->inner <= 0 || e->count <= 0) return;
    int64_t tiles = (e->inner - 1) / FX__FOLD_TILE + 1,
            width = e->inner < FX__FOLD_TILE ? e->inner : FX__FOLD_TILE;
    int64_t grain = FX__FOLD_ROW_PIECE / (e->count * width);
    fx__parallel(e->threads, e->outer * tiles, grain > 0 ? grain : 1, NAME(extreme_block),
                 (void *)(uintptr_t)e);
}
