/* Sampling and spreading for numbers of type T (grid.c). */

/* The taps of a place, all dimensions together. */
static int NAME(taps_of)(const fx__grid *g, int64_t n, int64_t o, int64_t at[], double weight[])
{
    const T *place = (const T *)g->grid + (n * g->places + o) * g->ndim;
    int count = 1;
    at[0] = 0;
    weight[0] = 1;
    for (int d = 0; d < g->ndim; d++) {
        taps t;
        taps_along(g, d, (double)place[g->ndim - 1 - d], &t);
        count = multiply(&t, g->size[d], count, at, weight);
    }
    return count;
}

static void NAME(sample)(void *data, int64_t begin, int64_t end)
{
    const job *j = data;
    const fx__grid *g = j->grid;
    int64_t at[MOST_TAPS];
    double weight[MOST_TAPS];
    for (int64_t i = begin; i < end; i++) {
        const int64_t n = i / g->places, o = i % g->places;
        const int count = NAME(taps_of)(g, n, o, at, weight);
        for (int64_t c = 0; c < g->channels; c++) {
            const T *x = (const T *)j->from + (n * g->channels + c) * j->plane;
            double sum = 0;
            for (int t = 0; t < count; t++) sum += weight[t] * (double)x[at[t]];
            ((T *)j->to)[(n * g->channels + c) * g->places + o] = (T)sum;
        }
    }
}

static void NAME(spread)(void *data, int64_t begin, int64_t end)
{
    const job *j = data;
    const fx__grid *g = j->grid;
    int64_t at[MOST_TAPS];
    double weight[MOST_TAPS];
    for (int64_t n = begin; n < end; n++) {
        T *image = (T *)j->to + n * g->channels * j->plane;
        for (int64_t i = 0; i < g->channels * j->plane; i++) image[i] = 0;
        for (int64_t o = 0; o < g->places; o++) {
            const int count = NAME(taps_of)(g, n, o, at, weight);
            for (int64_t c = 0; c < g->channels; c++) {
                const double y = (double)((const T *)j->from)[(n * g->channels + c) * g->places + o];
                for (int t = 0; t < count; t++) image[c * j->plane + at[t]] += (T)(weight[t] * y);
            }
        }
    }
}
