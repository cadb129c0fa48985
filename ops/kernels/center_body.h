/* y = scale (x - shift) for numbers of type T (reduce.h): blocks of rows of [outer][count], each `inner`
 * long.
 */
static void NAME(center_block)(void *data, int64_t begin, int64_t end)
{
    const fx__center *s = data;
    int64_t inner = s->inner, count = s->count;
    for (int64_t o = begin; o < end; o++) {
        const T *x = (const T *)s->x + o * count * inner;
        T *y = (T *)s->y + o * count * inner;
        const double *scale = s->scale + o * inner, *shift = s->shift ? s->shift + o * inner : NULL;
        if (inner == 1) {
            double a = scale[0], b = shift ? shift[0] : 0;
            for (int64_t r = 0; r < count; r++) y[r] = (T)(a * ((double)x[r] - b));
            continue;
        }
        for (int64_t r = 0; r < count; r++, x += inner, y += inner)
            for (int64_t i = 0; i < inner; i++)
                y[i] = (T)(scale[i] * ((double)x[i] - (shift ? shift[i] : 0)));
    }
}

static void NAME(center)(const fx__center *s)
{
    int64_t size = s->count * s->inner, grain = size > 0 ? FX__FOLD_ROW_PIECE / size : 1;
    fx__parallel(s->threads, s->outer, grain > 0 ? grain : 1, NAME(center_block), (void *)(uintptr_t)s);
}

static void NAME(difference_map)(int64_t n, T *restrict y, const T *x, const T *z, double scale)
{
    for (int64_t i = 0; i < n; i++) y[i] = (T)(scale * ((double)x[i] - (double)z[i]));
}
