/* The columns of an image for numbers of type T (conv.c): made, and added back.
 *
 * Row (c, t) of the columns is what tap t of the kernel reads of channel c at each place. Places [begin, end)
 * are a range of y's, row-major; they are walked in stretches along the last dimension.
 */

/* Calls body for each stretch of one row of the columns, n places of one row of y from number `first` of it
 * on: of them [left, right) read x, from number `from` on, in steps of the stride. */
#define FOR_EACH_STRETCH(c, tap, begin, end, body)                                                           \
    do {                                                                                                     \
        const reach r = reach_of(c, (tap)[2]);                                                               \
        const int64_t width = (c)->y[2], step = (c)->stride[2];                                              \
        int64_t first = (begin) % width, q0 = (begin) / width / (c)->y[1], q1 = (begin) / width % (c)->y[1]; \
        for (int64_t place = (begin), n; place < (end); place += n, first = 0) {                             \
            n = width - first < (end)-place ? width - first : (end)-place;                                   \
            const int64_t row = row_of(c, tap, q0, q1);                                                      \
            const int64_t left = row < 0 ? n : clamp(r.left - first, 0, n);                                  \
            const int64_t right = row < 0 ? n : clamp(r.right - first, left, n);                             \
            const int64_t from = row * (c)->x[2] + (first + left) * step + r.shift;                          \
            body if (++q1 == (c)->y[1]) q1 = 0, q0++;                                                        \
        }                                                                                                    \
    } while (0)

static void NAME(columns)(const fx__conv *c, const T *x, int64_t begin, int64_t end, T *to)
{
    const int64_t image = c->x[0] * c->x[1] * c->x[2];
    int64_t tap[FX__CONV_DIMS];
    for (int64_t channel = 0; channel < c->in; channel++, x += image) EACH_TAP(c, tap)
    FOR_EACH_STRETCH(c, tap, begin, end, {
        for (int64_t i = 0; i < left; i++) to[i] = 0;
        if (step == 1)
            for (int64_t i = left; i < right; i++) to[i] = x[from + i - left];
        else
            for (int64_t i = left; i < right; i++) to[i] = x[from + (i - left) * step];
        for (int64_t i = right; i < n; i++) to[i] = 0;
        to += n;
    });
}

static void NAME(add_columns)(const fx__conv *c, T *x, int64_t begin, int64_t end, const T *restrict columns)
{
    const int64_t image = c->x[0] * c->x[1] * c->x[2];
    int64_t tap[FX__CONV_DIMS];
    for (int64_t channel = 0; channel < c->in; channel++, x += image) EACH_TAP(c, tap)
    FOR_EACH_STRETCH(c, tap, begin, end, {
        T *restrict to = x + from;
        if (step == 1)
            for (int64_t i = left; i < right; i++) to[i - left] += columns[i];
        else
            for (int64_t i = left; i < right; i++) to[(i - left) * step] += columns[i];
        columns += n;
    });
}

static void NAME(fill)(T *to, int64_t n, const T *value)
{
    for (int64_t i = 0; i < n; i++) to[i] = value ? *value : 0;
}

static void NAME(add)(T *to, const T *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) to[i] += from[i];
}

static double NAME(sum)(const T *x, int64_t n)
{
    double lane[SUM_LANES] = { 0 };
    int64_t i = 0;
    for (; i + SUM_LANES <= n; i += SUM_LANES)
        for (int j = 0; j < SUM_LANES; j++) lane[j] += (double)x[i + j];
    for (int j = 0; i + j < n; j++) lane[j] += (double)x[i + j];
    for (int half = SUM_LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) lane[j] += lane[j + half];
    return lane[0];
}

static void NAME(channel_sums)(void *data, int64_t begin, int64_t end)
{
    const sums *s = data;
    for (int64_t channel = begin; channel < end; channel++) {
        double total = 0;
        for (int64_t n = 0; n < s->batch; n++)
            total += NAME(sum)((const T *)s->y + (n * s->channels + channel) * s->places, s->places);
        ((T *)s->to)[channel] = (T)total;
    }
}
