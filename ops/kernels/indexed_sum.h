/* Loops that add elements of one type: included by indexed.c with TERM, the type of what is added, PLACE, the
 * type of the place of a lane, SUM, the type in which to add, and NAMED(name), which makes names unique.
 */

/* By o and row of x: each row is the work of one thread, which adds to it in the order of the index. */
static void NAMED(rows_add)(void *data, int64_t begin, int64_t end)
{
    const row_job *j = data;
    const fx_row_shape *s = j->s;
    for (int64_t row = begin; row < end; row++) {
        int64_t o = row / s->size, r = row % s->size, first = j->start[r], last = j->start[r + 1];
        if (first == last) continue;
        TERM *x = (TERM *)j->to + row * s->inner;
        const TERM *rows = (const TERM *)j->from + o * s->count * s->inner;
        for (int64_t c = 0; c < s->inner; c += WIDE) {
            int64_t n = s->inner - c < WIDE ? s->inner - c : WIDE;
            SUM sum[WIDE];
            for (int64_t e = 0; e < n; e++) sum[e] = (SUM)x[c + e];
            for (int64_t k = first; k < last; k++) {
                const TERM *term = rows + j->order[k] * s->inner + c;
                for (int64_t e = 0; e < n; e++) sum[e] += (SUM)term[e];
            }
            for (int64_t e = 0; e < n; e++) x[c + e] = (TERM)sum[e];
        }
    }
}

static void NAMED(lanes_add)(const lane_job *j, const lane *at)
{
    PLACE *x = (PLACE *)j->to + at->x;
    const TERM *y = (const TERM *)j->from + at->y;
    const int64_t *index = j->s->index + at->y;
    for (int64_t k = 0; k < j->count; k++)
        for (int64_t r = 0; r < j->run; r++) {
            int64_t e = k * j->y_step + r, at_x = wrapped(index[e], j->s->length) * j->x_step + r;
            x[at_x] = (PLACE)((SUM)x[at_x] + (SUM)y[e]);
        }
}

#undef TERM
#undef PLACE
#undef SUM
#undef NAMED
