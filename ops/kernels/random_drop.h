/* Dropout for one type T, included by random_tmpl.c. */

static void NAME(drop)(const fx__drop *d)
{
    uint32_t word[4 * BLOCK];
    const T *x = d->x;
    T *y = d->y;
    const T dropped = (T)d->dropped;
    const uint32_t limit = d->limit;
    const int64_t most = 4 * BLOCK;
    for (int64_t from = d->begin / d->inner, last = (d->end - 1) / d->inner + 1; from < last; from += most) {
        const int64_t count = last - from < most ? last - from : most;
        words(d->seed, d->first + (uint64_t)from / 4, (count + 3) / 4, word);
        if (d->inner == 1 && d->shift == 0) {
            const T scale = (T)d->scale;
            for (int64_t i = 0; i < count; i++) {
                const T kept = scale * x[from + i];
                y[from + i] = word[i] <= limit ? dropped : kept;
            }
            continue;
        }
        for (int64_t i = 0; i < count; i++) {
            const int64_t a = (from + i) * d->inner, b = a + d->inner < d->end ? a + d->inner : d->end;
            if (word[i] <= limit)
                for (int64_t j = a; j < b; j++) y[j] = dropped;
            else
                for (int64_t j = a; j < b; j++) y[j] = (T)(d->scale * (double)x[j] + d->shift);
        }
    }
}
