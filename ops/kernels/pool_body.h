/* Largest of windows, for numbers of type T (pool.c). */

/* The largest of one window, and where it is. */
static T NAME(largest)(const fx__pool *p, const T *x, const int64_t o[], int64_t *place)
{
    const int64_t i0 = p->from[0][o[0]], i1 = p->from[1][o[1]], i2 = p->from[2][o[2]];
    int64_t at = (i0 * p->in[1] + i1) * p->in[2] + i2;
    T most = x[at];
    for (int64_t i = i0; i < p->to[0][o[0]]; i += p->step[0])
        for (int64_t j = i1; j < p->to[1][o[1]]; j += p->step[1]) {
            const int64_t row = (i * p->in[1] + j) * p->in[2];
            for (int64_t k = i2; k < p->to[2][o[2]]; k += p->step[2]) {
                /* chosen, not branched to: which is larger cannot be foreseen */
                const T a = x[row + k];
                const bool more = (a > most) | ((a != a) & (most == most));
                most = more ? a : most;
                at = more ? row + k : at;
            }
        }
    *place = at;
    return most;
}

/* Takes up what one tap reads, x[0], x[stride] ..., number `place` of the plane and so on: chosen without
 * branches, so that it runs in vectors. */
static void NAME(take)(int64_t n, const T *x, int64_t stride, int32_t place, T *restrict most,
                       int32_t *restrict at)
{
#define TAKE(s)                                                                                              \
    for (int64_t i = 0; i < n; i++) {                                                                        \
        const T a = x[i * (s)];                                                                              \
        const bool more = (a > most[i]) | ((a != a) & (most[i] == most[i]));                                 \
        most[i] = more ? a : most[i];                                                                        \
        at[i] = more ? place + (int32_t)(i * (s)) : at[i];                                                   \
    }
    if (stride == 1) {
        TAKE(1)
    } else if (stride == 2) {
        TAKE(2)
    } else {
        TAKE(stride)
    }
#undef TAKE
}

/* n windows of a row, from number o on, alike but at the ends: tap by tap. */
static void NAME(row)(const fx__pool *p, const T *x, int64_t i0, int64_t end0, int64_t i1, int64_t end1,
                      int64_t o, int64_t n, T *y, int64_t *index)
{
    T most[POOL_ROW];
    int32_t at[POOL_ROW];
    const int64_t corner = (i0 * p->in[1] + i1) * p->in[2];
    for (int64_t i = 0; i < n; i++) most[i] = -(T)HUGE_VAL, at[i] = (int32_t)(corner + p->from[2][o + i]);
    for (int64_t i = i0; i < end0; i += p->step[0])
        for (int64_t j = i1; j < end1; j += p->step[1])
            for (int64_t k = 0; k < p->kernel; k++) {
                const int64_t shift = o * p->stride - p->before + k * p->step[2],
                              line = (i * p->in[1] + j) * p->in[2];
                const int64_t left = first_from(shift, p->stride, 0),
                              right = first_from(shift, p->stride, p->in[2]);
                const int64_t count = (right < n ? right : n) - left, place = line + shift + left * p->stride;
                if (count > 0)
                    NAME(take)(count, x + place, p->stride, (int32_t)place, most + left, at + left);
            }
    for (int64_t i = 0; i < n; i++) y[i] = most[i], index[i] = at[i];
}

static void NAME(planes)(void *data, int64_t begin, int64_t end)
{
    const job *j = data;
    const fx__pool *p = j->pool;
    const int64_t in = volume(p->in), out = volume(p->out);
    const bool alike = p->kernel > 0 && in < INT32_MAX;
    for (int64_t plane = begin; plane < end; plane++) {
        const T *x = (const T *)j->x + plane * in;
        T *y = (T *)j->y + plane * out;
        int64_t *index = j->index + plane * out, o[FX__POOL_DIMS];
        for (o[0] = 0; o[0] < p->out[0]; o[0]++)
            for (o[1] = 0; o[1] < p->out[1]; o[1]++, y += p->out[2], index += p->out[2])
                for (o[2] = 0; o[2] < p->out[2];) {
                    const int64_t left = p->out[2] - o[2], n = !alike ? 1 : left < POOL_ROW ? left : POOL_ROW;
                    if (alike) NAME(row)
                    (p, x, p->from[0][o[0]], p->to[0][o[0]], p->from[1][o[1]], p->to[1][o[1]], o[2], n,
                     y + o[2], index + o[2]);
                    else y[o[2]] = NAME(largest)(p, x, o, index + o[2]);
                    o[2] += n;
                }
    }
}

static void NAME(planes_back)(void *data, int64_t begin, int64_t end)
{
    const job *j = data;
    const int64_t in = volume(j->pool->in), out = volume(j->pool->out);
    for (int64_t plane = begin; plane < end; plane++) {
        const T *g = (const T *)j->x + plane * out;
        T *gx = (T *)j->y + plane * in;
        const int64_t *index = j->index + plane * out;
        for (int64_t i = 0; i < in; i++) gx[i] = 0;
        for (int64_t i = 0; i < out; i++) gx[index[i]] += g[i];
    }
}
