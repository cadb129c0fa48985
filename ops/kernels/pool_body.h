/* Largest of windows, for numbers of type T (pool.c). */

/* The largest of one window, and where it is. */
static T NAME(largest)(const fx__pool *p, const T *x, const int64_t o[], int64_t *place)
{
    const int64_t i0 = p->from[0][o[0]], i1 = p->from[1][o[1]], i2 = p->from[2][o[2]];
    *place = (i0 * p->in[1] + i1) * p->in[2] + i2;
    T most = x[*place];
    for (int64_t i = i0; i < p->to[0][o[0]]; i += p->step[0])
        for (int64_t j = i1; j < p->to[1][o[1]]; j += p->step[1]) {
            const int64_t row = (i * p->in[1] + j) * p->in[2];
            for (int64_t k = i2; k < p->to[2][o[2]]; k += p->step[2])
                if (x[row + k] > most || (x[row + k] != x[row + k] && most == most)) {
                    most = x[row + k];
                    *place = row + k;
                }
        }
    return most;
}

static void NAME(planes)(void *data, int64_t begin, int64_t end)
{
    const job *j = data;
    const fx__pool *p = j->pool;
    const int64_t in = p->in[0] * p->in[1] * p->in[2], out = p->out[0] * p->out[1] * p->out[2];
    for (int64_t plane = begin; plane < end; plane++) {
        const T *x = (const T *)j->x + plane * in;
        T *y = (T *)j->y + plane * out;
        int64_t *index = j->index + plane * out, o[FX__POOL_DIMS];
        for (o[0] = 0; o[0] < p->out[0]; o[0]++)
            for (o[1] = 0; o[1] < p->out[1]; o[1]++)
                for (o[2] = 0; o[2] < p->out[2]; o[2]++) *y++ = NAME(largest)(p, x, o, index++);
    }
}
