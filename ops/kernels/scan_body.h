/* Scans of numbers of type T (scan.h): each column of each [count][inner] is one chain.
 */
static inline void NAME(scan_step)(const fx__scan *s, int64_t at, int64_t before, int64_t k, chain *c)
{
    const T *x = s->x, *a = s->a;
    T *y = s->y;
    double v = (double)x[at];
    switch (s->kind) {
    case FX__SCAN_SUM: y[at] = (T)sum_step(c, v); break;
    case FX__SCAN_PRODUCT: y[at] = (T)(c->high = k ? c->high * v : v); break;
    case FX__SCAN_LOGSUMEXP: y[at] = (T)log_step(c, v, k == 0); break;
    case FX__SCAN_LINEAR:
        c->high = k ? v + (double)a[s->own ? at : before] * c->high : v;
        y[at] = (T)c->high;
        break;
    case FX__SCAN_MAX:
    case FX__SCAN_MIN:
        if (k == 0 || v != v || (s->kind == FX__SCAN_MAX ? v >= c->high : v <= c->high))
            c->high = v, c->place = k;
        y[at] = (T)c->high;
        s->index[at] = c->place;
        break;
    }
}

static void NAME(scan_block)(void *data, int64_t begin, int64_t end)
{
    const fx__scan *s = data;
    for (int64_t task = begin; task < end; task++) {
        int64_t first = task / s->inner * s->count * s->inner + task % s->inner, before = 0;
        chain c = { 0 };
        for (int64_t k = 0; k < s->count; k++) {
            int64_t at = first + (s->reverse ? s->count - 1 - k : k) * s->inner;
            NAME(scan_step)(s, at, before, k, &c);
            before = at;
        }
    }
}

void NAME(fx__scan)(const fx__scan *s)
{
    int64_t grain = s->count > 0 ? 8192 / s->count : 1;
    fx__parallel(s->threads, s->outer * s->inner, grain > 0 ? grain : 1, NAME(scan_block),
                 (void *)(uintptr_t)s);
}
