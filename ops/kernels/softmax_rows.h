/* The row functions of softmax.h for numbers of type T, named with NAME(), exponential EXP (softmax_tmpl.c).
 *
 * Sums of a row run in 16 lanes of double, folded in halves; so do maxima. Short rows are exponentiated
 * together, as one long loop over the block's rows.
 */

/* The largest number of a row. A NaN may be passed over: it stays one in the row's exponentials. */
static T NAME(row_max)(const T *x, int64_t n)
{
    T lane[LANES], most = x[0];
    int64_t i = 0;
    if (n >= LANES) {
        for (int j = 0; j < LANES; j++) lane[j] = x[j];
        for (i = LANES; i + LANES <= n; i += LANES)
            for (int j = 0; j < LANES; j++) lane[j] = x[i + j] > lane[j] ? x[i + j] : lane[j];
        for (int half = LANES / 2; half > 0; half /= 2)
            for (int j = 0; j < half; j++) lane[j] = lane[j + half] > lane[j] ? lane[j + half] : lane[j];
        most = lane[0];
    }
    for (; i < n; i++) most = x[i] > most ? x[i] : most;
    return most;
}

static double NAME(row_sum)(const T *x, int64_t n)
{
    double lane[LANES] = { 0 }, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lane[j] += (double)x[i + j];
    for (int half = LANES / 2; n >= LANES && half > 0; half /= 2)
        for (int j = 0; j < half; j++) lane[j] += lane[j + half];
    for (; i < n; i++) sum += (double)x[i];
    return lane[0] + sum;
}

/* NaN if a row has one, else 0. */
static double NAME(row_nan)(const T *x, int64_t n)
{
    double nan = 0;
    for (int64_t i = 0; i < n; i++) nan = x[i] == x[i] ? nan : (double)x[i];
    return nan;
}

/* The sum of p (g - shift). */
static double NAME(row_dot)(const T *p, const T *g, double shift, int64_t n)
{
    double lane[LANES] = { 0 }, sum = 0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lane[j] += (double)p[i + j] * ((double)g[i + j] - shift);
    for (int half = LANES / 2; n >= LANES && half > 0; half /= 2)
        for (int j = 0; j < half; j++) lane[j] += lane[j + half];
    for (; i < n; i++) sum += (double)p[i] * ((double)g[i] - shift);
    return lane[0] + sum;
}

/* The sum of a row of exponentials but for those that are 1, which are added to `ones`. */
static double NAME(below_one)(const T *e, int64_t n, int64_t *ones)
{
    double lane[LANES] = { 0 }, sum = 0;
    int64_t i = 0, count = 0, tail = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            lane[j] += e[i + j] == 1 ? 0 : (double)e[i + j];
            count += e[i + j] == 1;
        }
    for (int half = LANES / 2; n >= LANES && half > 0; half /= 2)
        for (int j = 0; j < half; j++) lane[j] += lane[j + half];
    for (; i < n; i++) {
        sum += e[i] == 1 ? 0 : (double)e[i];
        tail += e[i] == 1;
    }
    *ones += count + tail;
    return lane[0] + sum;
}

/* The sum of a row of exponentials without the largest, which is 1. */
static double NAME(others)(const T *e, int64_t n)
{
    int64_t ones = 0;
    double sum = NAME(below_one)(e, n, &ones);
    return (double)(ones - 1) + sum;
}

/* e = exp(x - m) of `rows` rows at once, m being the largest of each row. */
static void NAME(exponentials)(const T *x, T *e, int64_t rows, int64_t n, T *most)
{
    for (int64_t r = 0; r < rows; r++) {
        T m = NAME(row_max)(x + r * n, n);
        most[r] = m;
        for (int64_t j = 0; j < n; j++) e[r * n + j] = x[r * n + j] - m;
    }
    for (int64_t j = 0; j < rows * n; j++) e[j] = EXP(e[j]);
}

/* As many rows at a time as make a loop of some length out of short ones. */
static int64_t NAME(chunk)(int64_t left, int64_t n)
{
    int64_t rows = n >= CHUNK ? 1 : CHUNK / n;
    return rows < left ? rows : left;
}

static void NAME(softmax_rows)(const fx__softmax *s, int64_t begin, int64_t end, bool zero)
{
    int64_t n = s->count;
    T most[CHUNK];
    for (int64_t r = begin, rows; r < end; r += rows) {
        rows = NAME(chunk)(end - r, n);
        T *y = (T *)s->y + r * n;
        NAME(exponentials)((const T *)s->x + r * n, y, rows, n, most);
        for (int64_t k = 0; k < rows; k++, y += n) {
            bool none = zero && most[k] == -(T)HUGE_VAL;
            T scale = (T)(1 / (1 + NAME(others)(y, n)));
            for (int64_t j = 0; j < n; j++) y[j] = none ? 0 : y[j] * scale;
        }
    }
}

static void NAME(softmax_block)(void *data, int64_t begin, int64_t end)
{
    NAME(softmax_rows)(data, begin, end, false);
}

static void NAME(softmax_or_zero_block)(void *data, int64_t begin, int64_t end)
{
    NAME(softmax_rows)(data, begin, end, true);
}

static void NAME(log_softmax_block)(void *data, int64_t begin, int64_t end)
{
    const fx__softmax *s = data;
    int64_t n = s->count;
    T most[CHUNK];
    for (int64_t r = begin, rows; r < end; r += rows) {
        rows = NAME(chunk)(end - r, n);
        const T *x = (const T *)s->x + r * n;
        T *y = (T *)s->y + r * n;
        NAME(exponentials)(x, y, rows, n, most);
        for (int64_t k = 0; k < rows; k++, x += n, y += n) {
            double rest = log1p(NAME(others)(y, n)), m = (double)most[k];
            for (int64_t j = 0; j < n; j++) y[j] = (T)(((double)x[j] - m) - rest);
        }
    }
}

/* log1p(s) of a row whose largest number is m, in pieces that fit the stack. */
static double NAME(row_log)(const T *x, int64_t n, T m)
{
    T e[CHUNK];
    double sum = 0;
    int64_t ones = 0;
    for (int64_t first = 0; first < n; first += CHUNK) {
        int64_t part = n - first < CHUNK ? n - first : CHUNK;
        for (int64_t j = 0; j < part; j++) e[j] = EXP(x[first + j] - m);
        sum += NAME(below_one)(e, part, &ones);
    }
    return log1p((double)(ones - 1) + sum);
}

/* The largest number and log1p(s) of each of `rows` rows, as many as NAME(chunk) says. */
static void NAME(row_logs)(const T *x, int64_t rows, int64_t n, T *most, double *logs)
{
    T e[CHUNK];
    if (n >= CHUNK) {
        most[0] = NAME(row_max)(x, n);
        logs[0] = NAME(row_log)(x, n, most[0]);
        return;
    }
    NAME(exponentials)(x, e, rows, n, most);
    for (int64_t k = 0; k < rows; k++) logs[k] = log1p(NAME(others)(e + k * n, n));
}

static void NAME(logsumexp_block)(void *data, int64_t begin, int64_t end)
{
    const fx__softmax *s = data;
    int64_t n = s->count;
    T most[CHUNK];
    double logs[CHUNK];
    for (int64_t r = begin, rows; r < end; r += rows) {
        rows = NAME(chunk)(end - r, n);
        NAME(row_logs)((const T *)s->x + r * n, rows, n, most, logs);
        for (int64_t k = 0; k < rows; k++) {
            double m = (double)most[k];
            /* Infinities, whose differences are NaN: but a NaN beside them stays one. */
            bool infinite = m == HUGE_VAL || m == -HUGE_VAL;
            double log_sum = infinite ? m + NAME(row_nan)((const T *)s->x + (r + k) * n, n) : m + logs[k];
            ((T *)s->y)[r + k] = (T)log_sum;
        }
    }
}

/* g less its mean weighted by p, seen from the g of the largest p: where that p is nearly 1, its own is the
 * small mean of the others. times_p: times p. */
static void NAME(center_rows)(const fx__softmax *s, int64_t begin, int64_t end, bool times_p)
{
    int64_t n = s->count;
    for (int64_t r = begin; r < end; r++) {
        const T *p = (const T *)s->x + r * n, *g = (const T *)s->g + r * n;
        T *y = (T *)s->y + r * n, most = NAME(row_max)(p, n);
        int64_t top = 0;
        while (top < n - 1 && p[top] != most) top++;
        double shift = (double)g[top], mean = NAME(row_dot)(p, g, shift, n);
        if (times_p)
            for (int64_t j = 0; j < n; j++) y[j] = (T)((double)p[j] * (((double)g[j] - shift) - mean));
        else
            for (int64_t j = 0; j < n; j++) y[j] = (T)(((double)g[j] - shift) - mean);
    }
}

static void NAME(softmax_grad_block)(void *data, int64_t begin, int64_t end)
{
    NAME(center_rows)(data, begin, end, true);
}

static void NAME(softmax_center_block)(void *data, int64_t begin, int64_t end)
{
    NAME(center_rows)(data, begin, end, false);
}

/* g_j - p_j G with G = sum g; for the largest, whose 1 - p_j = s / Z may be tiny, (g_j s - (G - g_j)) / Z. */
static void NAME(log_softmax_grad_block)(void *data, int64_t begin, int64_t end)
{
    const fx__softmax *s = data;
    int64_t n = s->count;
    T most[CHUNK];
    for (int64_t r = begin, rows; r < end; r += rows) {
        rows = NAME(chunk)(end - r, n);
        T *y = (T *)s->y + r * n;
        const T *g = (const T *)s->g + r * n;
        NAME(exponentials)((const T *)s->x + r * n, y, rows, n, most);
        for (int64_t k = 0; k < rows; k++, y += n, g += n) {
            double rest = NAME(others)(y, n), all = NAME(row_sum)(g, n), share = 1 / (1 + rest);
            for (int64_t j = 0; j < n; j++) {
                double g_j = (double)g[j], e = (double)y[j];
                double largest = (g_j * rest - (all - g_j)) * share;
                y[j] = (T)(e == 1 ? largest : g_j - e * share * all);
            }
        }
    }
}

/* The loss of row r with target t, given its largest number and log1p(s). */
static double NAME(entropy_row)(const fx__entropy *e, int64_t r, int64_t t, double m, double rest)
{
    int64_t n = e->count;
    const T *x = (const T *)e->x + r * n;
    double smooth = 0, own = (e->weight ? e->weight[t] : 1) * (rest + (m - (double)x[t]));
    if (e->smoothing == 0) return own;
    for (int64_t j = 0; j < n; j++) smooth += (e->weight ? e->weight[j] : 1) * (rest + (m - (double)x[j]));
    return (1 - e->smoothing) * own + e->smoothing / (double)n * smooth;
}

static void NAME(entropy_block)(void *data, int64_t begin, int64_t end)
{
    const fx__entropy *e = data;
    int64_t n = e->count;
    T most[CHUNK];
    double logs[CHUNK];
    for (int64_t r = begin, rows; r < end; r += rows) {
        rows = NAME(chunk)(end - r, n);
        NAME(row_logs)((const T *)e->x + r * n, rows, n, most, logs);
        for (int64_t k = 0; k < rows; k++) {
            int64_t t = e->target[r + k];
            e->loss[r + k] = t == e->ignore ? 0 : NAME(entropy_row)(e, r + k, t, (double)most[k], logs[k]);
        }
    }
}

/* One row, whose exponentials stand in y: scale (W p_j - T_j), T being the weights of the classes and W their
 * sum. */
static void NAME(entropy_grad_row)(const fx__entropy *e, T *y, int64_t t, double scale)
{
    int64_t n = e->count;
    double rest = NAME(others)(y, n), weight = e->weight ? e->weight[t] : 1, y_t = (double)y[t];
    double own = scale * weight * (1 - e->smoothing), each = scale * e->smoothing / (double)n;
    double all = own + each * e->weight_sum, without = y_t == 1 ? rest : 1 + (rest - y_t);
    double factor = all / (1 + rest);
    if (e->smoothing == 0)
        for (int64_t j = 0; j < n; j++) y[j] *= (T)factor;
    else
        for (int64_t j = 0; j < n; j++)
            y[j] = (T)((double)y[j] * factor - each * (e->weight ? e->weight[j] : 1));
    y[t] = (T)(each * (e->weight_sum - weight) - all * (without / (1 + rest)));
}

static void NAME(entropy_grad_block)(void *data, int64_t begin, int64_t end)
{
    const fx__entropy *e = data;
    int64_t n = e->count;
    T most[CHUNK];
    for (int64_t r = begin, rows; r < end; r += rows) {
        rows = NAME(chunk)(end - r, n);
        T *y = (T *)e->gx + r * n;
        NAME(exponentials)((const T *)e->x + r * n, y, rows, n, most);
        for (int64_t k = 0; k < rows; k++, y += n) {
            int64_t t = e->target[r + k];
            if (t == e->ignore)
                for (int64_t j = 0; j < n; j++) y[j] = 0;
            else
                NAME(entropy_grad_row)(e, y, t, e->scale[r + k]);
        }
    }
}

#define RUN(kind)                                                                                            \
    static void NAME(kind)(const fx__softmax *s)                                                             \
    {                                                                                                        \
        run(s->threads, s->rows, s->count, NAME(kind##_block), (void *)(uintptr_t)s);                        \
    }
RUN(softmax)
RUN(softmax_or_zero)
RUN(log_softmax)
RUN(logsumexp)
RUN(softmax_grad)
RUN(softmax_center)
RUN(log_softmax_grad)
#undef RUN

static void NAME(entropy)(const fx__entropy *e)
{
    run(e->threads, e->rows, e->count, NAME(entropy_block), (void *)(uintptr_t)e);
}

static void NAME(entropy_grad)(const fx__entropy *e)
{
    run(e->threads, e->rows, e->count, NAME(entropy_grad_block), (void *)(uintptr_t)e);
}
