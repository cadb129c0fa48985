/* The inner loops of a strided copy for one width of element: included by strided.c with WORD, its type, and
 * NAMED(name), which makes names unique.
 */

/* One run of n elements. */
static void NAMED(copy_run)(int64_t n, WORD *restrict to, int64_t to_stride, const WORD *restrict from,
                            int64_t from_stride)
{
    if (to_stride == 1 && from_stride == 1)
        memcpy(to, from, (size_t)n * sizeof(WORD));
    else if (to_stride == 1 && from_stride == 0)
        for (int64_t i = 0; i < n; i++) to[i] = *from;
    else if (to_stride == 1)
        for (int64_t i = 0; i < n; i++) to[i] = from[i * from_stride];
    else
        for (int64_t i = 0; i < n; i++) to[i * to_stride] = from[i * from_stride];
}

/* A tile of a transposition: rows along which `to` is dense, columns along which `from` is. */
static void NAMED(copy_tile)(int64_t rows, int64_t columns, WORD *restrict to, int64_t to_row,
                             const WORD *restrict from, int64_t from_column)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) to[r * to_row + c] = from[r + c * from_column];
}

/* Outer indices begin .. end-1 of a plan. */
static void NAMED(copy_block)(void *data, int64_t begin, int64_t end)
{
    const copy_plan *p = data;
    walk w = walk_from(p, begin);
    for (int64_t row = begin; row < end; row++, step(&w, p->ndim, p->size, p->to_stride, p->from_stride)) {
        WORD *to = (WORD *)p->to + w.to;
        const WORD *from = (const WORD *)p->from + w.from;
        if (!p->transposes) {
            NAMED(copy_run)(p->run, to, p->to_run, from, p->from_run);
            continue;
        }
        int64_t rows = p->tile_rows - TILE * w.index[p->ndim - 1];
        if (rows > TILE) rows = TILE;
        for (int64_t c = 0; c < p->run; c += TILE) NAMED(copy_tile)
        (rows, p->run - c < TILE ? p->run - c : TILE, to + c, p->to_tile_row, from + c * p->from_run,
         p->from_run);
    }
}

#undef WORD
#undef NAMED
