/* Taps along a dimension, for numbers of type T (resample.c). */

static void NAME(along_last)(const fx__taps *taps, const T *x, T *y)
{
    for (int64_t o = 0; o < taps->out; o++) {
        double sum = 0;
        for (int64_t t = taps->first[o]; t < taps->first[o + 1]; t++)
            sum += taps->weight[t] * (double)x[taps->at[t]];
        y[o] = (T)sum;
    }
}

static void NAME(rows)(const fx__taps *taps, int64_t inner, const T *x, T *y)
{
    for (int64_t o = 0; o < taps->out; o++, y += inner) {
        for (int64_t i = 0; i < inner; i++) y[i] = 0;
        for (int64_t t = taps->first[o]; t < taps->first[o + 1]; t++) {
            const T weight = (T)taps->weight[t], *row = x + taps->at[t] * inner;
            for (int64_t i = 0; i < inner; i++) y[i] += weight * row[i];
        }
    }
}

static void NAME(block)(void *data, int64_t begin, int64_t end)
{
    const job *j = data;
    const fx__taps *taps = j->taps;
    for (int64_t o = begin; o < end; o++) {
        const T *x = (const T *)j->x + o * taps->in * j->inner;
        T *y = (T *)j->y + o * taps->out * j->inner;
        if (j->inner == 1)
            NAME(along_last)(taps, x, y);
        else
            NAME(rows)(taps, j->inner, x, y);
    }
}
