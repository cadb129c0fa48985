/* Loops that move elements of one width: included by indexed.c with WORD, its type, and NAMED(name), which
 * makes names unique.
 */

static void NAMED(rows_take)(void *data, int64_t begin, int64_t end)
{
    const row_job *j = data;
    const fx_row_shape *s = j->s;
    size_t bytes = (size_t)s->inner * sizeof(WORD);
    for (int64_t r = begin; r < end; r++) {
        int64_t o = r / s->count;
        const WORD *from =
            (const WORD *)j->from + (o * s->size + wrapped(s->index[r % s->count], s->size)) * s->inner;
        WORD *to = (WORD *)j->to + r * s->inner;
        if (s->inner == 1)
            *to = *from;
        else
            memcpy(to, from, bytes);
    }
}

/* By o: what goes to one x[o] goes there in order. */
static void NAMED(rows_put)(void *data, int64_t begin, int64_t end)
{
    const row_job *j = data;
    const fx_row_shape *s = j->s;
    size_t bytes = (size_t)s->inner * sizeof(WORD);
    for (int64_t o = begin; o < end; o++) {
        for (int64_t i = 0; i < s->count; i++) {
            WORD *to = (WORD *)j->to + (o * s->size + wrapped(s->index[i], s->size)) * s->inner;
            memcpy(to, (const WORD *)j->from + (o * s->count + i) * s->inner, bytes);
        }
    }
}

static void NAMED(lanes_take)(const lane_job *j, const lane *at)
{
    const WORD *x = (const WORD *)j->from + at->x;
    WORD *y = (WORD *)j->to + at->y;
    const int64_t *index = j->s->index + at->y;
    for (int64_t k = 0; k < j->count; k++)
        for (int64_t r = 0; r < j->run; r++) {
            int64_t e = k * j->y_step + r, i = wrapped(index[e], j->s->length);
            y[e] = x[i * j->x_step + r];
        }
}

static void NAMED(lanes_put)(const lane_job *j, const lane *at)
{
    WORD *x = (WORD *)j->to + at->x;
    const WORD *y = (const WORD *)j->from + (j->number ? 0 : at->y);
    const int64_t *index = j->s->index + at->y;
    for (int64_t k = 0; k < j->count; k++)
        for (int64_t r = 0; r < j->run; r++) {
            int64_t e = k * j->y_step + r, i = wrapped(index[e], j->s->length);
            x[i * j->x_step + r] = y[j->number ? 0 : e];
        }
}

#undef WORD
#undef NAMED
