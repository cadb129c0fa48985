/* Normalisation of numbers of type T (normal.h). Sums run in NORMAL_LANES lanes that are written out, so that
 * every instruction set gives the same bits.
 */

/* ---- sums over runs -------------------------------------------------------------------------------------
 */

static void NAME(sum_run)(const T *x, int64_t n, double *lane)
{
    int64_t i = 0;
    for (; i + NORMAL_LANES <= n; i += NORMAL_LANES)
        for (int j = 0; j < NORMAL_LANES; j++) lane[j] += (double)x[i + j];
    for (int j = 0; i + j < n; j++) lane[j] += (double)x[i + j];
}

/* Deviations from about the mean, and their squares. */
static void NAME(deviation_run)(const T *x, int64_t n, double mean, double *sum, double *squares)
{
    int64_t i = 0;
    for (; i + NORMAL_LANES <= n; i += NORMAL_LANES)
        for (int j = 0; j < NORMAL_LANES; j++) {
            const double d = (double)x[i + j] - mean;
            sum[j] += d;
            squares[j] += d * d;
        }
    for (int j = 0; i + j < n; j++) {
        const double d = (double)x[i + j] - mean;
        sum[j] += d;
        squares[j] += d * d;
    }
}

/* The mean, and the variance about it (or 0 and the mean square), of a unit. The second pass corrects the
 * first. */
static void NAME(moments)(const fx__normal *s, int64_t u, double *mean, double *spread)
{
    const double n = (double)(s->outer * s->inner);
    const int64_t step = s->units * s->inner;
    const T *x = (const T *)s->x + u * s->inner;
    double lane[NORMAL_LANES] = { 0 }, sum[NORMAL_LANES] = { 0 }, squares[NORMAL_LANES] = { 0 };
    *mean = 0;
    if (s->centred) {
        for (int64_t o = 0; o < s->outer; o++) NAME(sum_run)(x + o * step, s->inner, lane);
        *mean = total(lane) / n;
    }
    for (int64_t o = 0; o < s->outer; o++) NAME(deviation_run)(x + o * step, s->inner, *mean, sum, squares);
    const double off = s->centred ? total(sum) / n : 0, square = total(squares) / n - off * off;
    *mean += off;
    *spread = square > 0 || square != square ? square : 0;
}

/* ---- forward --------------------------------------------------------------------------------------------
 */

static void NAME(normalise_run)(const T *x, T *y, int64_t n, double mean, double scale, double bias)
{
    for (int64_t i = 0; i < n; i++) y[i] = (T)(((double)x[i] - mean) * scale + bias);
}

/* A weight and a bias for each number. */
static void NAME(normalise_row)(const T *x, T *y, int64_t n, double mean, double scale, const T *w,
                                const T *b)
{
    if (w && b)
        for (int64_t i = 0; i < n; i++)
            y[i] = (T)(((double)x[i] - mean) * scale * (double)w[i] + (double)b[i]);
    else if (w)
        for (int64_t i = 0; i < n; i++) y[i] = (T)(((double)x[i] - mean) * scale * (double)w[i]);
    else
        for (int64_t i = 0; i < n; i++) y[i] = (T)(((double)x[i] - mean) * scale + (double)b[i]);
}

static void NAME(normalise_unit)(const fx__normal *s, int64_t u)
{
    const int64_t step = s->units * s->inner, first = u % s->groups * s->depth;
    const T *x = (const T *)s->x + u * s->inner, *w = s->weight, *b = s->bias;
    T *y = (T *)s->y + u * s->inner;
    const double mean = s->mean[u], scale = s->scale[u];
    for (int64_t o = 0; o < s->outer; o++, x += step, y += step) {
        if (!w && !b)
            NAME(normalise_run)(x, y, s->inner, mean, scale, 0);
        else if (s->run == 1)
            NAME(normalise_row)(x, y, s->inner, mean, scale, w ? w + first : NULL, b ? b + first : NULL);
        else
            for (int64_t d = 0; d < s->depth; d++) {
                const double of_run = scale * (w ? (double)w[first + d] : 1),
                             shift = b ? (double)b[first + d] : 0;
                NAME(normalise_run)(x + d * s->run, y + d * s->run, s->run, mean, of_run, shift);
            }
    }
}

static void NAME(set_unit)(const fx__normal *s, int64_t u, double mean, double spread)
{
    s->mean[u] = mean;
    s->scale[u] = 1 / sqrt(spread + s->eps);
    if (s->spread) s->spread[u] = spread;
}

/* Units side by side, inner == 1: rows of them, as many as NORMAL_WIDE at a time. */
static void NAME(columns_moments)(const fx__normal *s, int64_t begin, int64_t n)
{
    const double count = (double)s->outer;
    double mean[NORMAL_WIDE] = { 0 }, sum[NORMAL_WIDE] = { 0 }, squares[NORMAL_WIDE] = { 0 };
    const T *x = (const T *)s->x + begin;
    for (int64_t o = 0; s->centred && o < s->outer; o++)
        for (int64_t i = 0; i < n; i++) mean[i] += (double)x[o * s->units + i];
    for (int64_t i = 0; i < n; i++) mean[i] /= count;
    for (int64_t o = 0; o < s->outer; o++)
        for (int64_t i = 0; i < n; i++) {
            const double d = (double)x[o * s->units + i] - mean[i];
            sum[i] += d;
            squares[i] += d * d;
        }
    for (int64_t i = 0; i < n; i++) {
        const double off = s->centred ? sum[i] / count : 0, square = squares[i] / count - off * off;
        NAME(set_unit)(s, begin + i, mean[i] + off, square > 0 || square != square ? square : 0);
    }
}

static void NAME(columns_normalise)(const fx__normal *s, int64_t begin, int64_t n)
{
    double scale[NORMAL_WIDE], bias[NORMAL_WIDE];
    const T *w = s->weight, *b = s->bias;
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = (begin + i) % s->groups;
        scale[i] = s->scale[begin + i] * (w ? (double)w[at] : 1);
        bias[i] = b ? (double)b[at] : 0;
    }
    const double *mean = s->mean + begin;
    for (int64_t o = 0; o < s->outer; o++) {
        const T *x = (const T *)s->x + o * s->units + begin;
        T *y = (T *)s->y + o * s->units + begin;
        for (int64_t i = 0; i < n; i++) y[i] = (T)(((double)x[i] - mean[i]) * scale[i] + bias[i]);
    }
}

static void NAME(forward_block)(void *data, int64_t begin, int64_t end)
{
    const fx__normal *s = data;
    if (columns(s)) {
        for (int64_t u = begin; u < end; u += NORMAL_WIDE) {
            const int64_t n = end - u < NORMAL_WIDE ? end - u : NORMAL_WIDE;
            if (!s->given) NAME(columns_moments)(s, u, n);
            NAME(columns_normalise)(s, u, n);
        }
        return;
    }
    for (int64_t u = begin; u < end; u++) {
        double mean, spread;
        if (!s->given) {
            NAME(moments)(s, u, &mean, &spread);
            NAME(set_unit)(s, u, mean, spread);
        }
        NAME(normalise_unit)(s, u);
    }
}

/* ---- gradient -------------------------------------------------------------------------------------------
 */

/* Of a run of one weight: sums of g and of g times the normalised x. */
static void NAME(sums_run)(const T *x, const T *g, int64_t n, double mean, double *sum, double *product)
{
    int64_t i = 0;
    for (; i + NORMAL_LANES <= n; i += NORMAL_LANES)
        for (int j = 0; j < NORMAL_LANES; j++) {
            sum[j] += (double)g[i + j];
            product[j] += (double)g[i + j] * ((double)x[i + j] - mean);
        }
    for (int j = 0; i + j < n; j++) {
        sum[j] += (double)g[i + j];
        product[j] += (double)g[i + j] * ((double)x[i + j] - mean);
    }
}

/* Of a row with a weight each: the sums of g w and g w (x - mean). */
static void NAME(sums_row)(const T *x, const T *g, const T *w, int64_t n, double mean, double *sum,
                           double *product)
{
    int64_t i = 0;
    for (; i + NORMAL_LANES <= n; i += NORMAL_LANES)
        for (int j = 0; j < NORMAL_LANES; j++) {
            const double h = (double)g[i + j] * (double)w[i + j];
            sum[j] += h;
            product[j] += h * ((double)x[i + j] - mean);
        }
    for (int j = 0; i + j < n; j++) {
        const double h = (double)g[i + j] * (double)w[i + j];
        sum[j] += h;
        product[j] += h * ((double)x[i + j] - mean);
    }
}

/* What a row adds to the gradients of its weights and biases. */
static void NAME(add_row)(const T *x, const T *g, int64_t n, double mean, double scale, double *g_weight,
                          double *g_bias)
{
    if (g_weight)
        for (int64_t i = 0; i < n; i++) g_weight[i] += (double)g[i] * (((double)x[i] - mean) * scale);
    if (g_bias)
        for (int64_t i = 0; i < n; i++) g_bias[i] += (double)g[i];
}

/* The sums over a unit of h = g w, and of h times the normalised x; and what it adds to weights and biases.
 */
static void NAME(sums_unit)(const fx__normal *s, int64_t u, double *g_weight, double *g_bias, double *h,
                            double *hx)
{
    const int64_t step = s->units * s->inner, first = u % s->groups * s->depth;
    const T *w = s->weight;
    const double mean = s->mean[u], scale = s->scale[u];
    double *of_weight = g_weight ? g_weight + first : NULL, *of_bias = g_bias ? g_bias + first : NULL;
    *h = *hx = 0;
    for (int64_t d = 0; d < s->depth; d += s->run == 1 ? s->depth : 1) {
        double sum[NORMAL_LANES] = { 0 }, product[NORMAL_LANES] = { 0 };
        const T *x = (const T *)s->x + u * s->inner + d * s->run,
                *g = (const T *)s->g + (x - (const T *)s->x);
        const bool row = s->run == 1;
        for (int64_t o = 0; o < s->outer; o++, x += step, g += step) {
            if (row && w)
                NAME(sums_row)(x, g, w + first, s->inner, mean, sum, product);
            else
                NAME(sums_run)(x, g, row ? s->inner : s->run, mean, sum, product);
            if (row && (g_weight || g_bias)) NAME(add_row)(x, g, s->inner, mean, scale, of_weight, of_bias);
        }
        const double a = total(sum), b = total(product) * scale,
                     weight = w && !row ? (double)w[first + d] : 1;
        if (!row && of_weight) of_weight[d] += b;
        if (!row && of_bias) of_bias[d] += a;
        *h += a * weight;
        *hx += b * weight;
    }
}

/* gx = a g w - shift - slope (x - mean), of a run or a row. */
static void NAME(gradient_run)(const T *x, const T *g, const T *w, T *gx, int64_t n, const double at[4])
{
    const double mean = at[0], a = at[1], shift = at[2], slope = at[3];
    if (w)
        for (int64_t i = 0; i < n; i++)
            gx[i] = (T)(a * ((double)g[i] * (double)w[i]) - shift - slope * ((double)x[i] - mean));
    else
        for (int64_t i = 0; i < n; i++) gx[i] = (T)(a * (double)g[i] - shift - slope * ((double)x[i] - mean));
}

static void NAME(gradient_unit)(const fx__normal *s, int64_t u, const double at[4])
{
    const int64_t step = s->units * s->inner, first = u % s->groups * s->depth;
    const T *w = s->weight;
    for (int64_t o = 0; o < s->outer; o++) {
        const int64_t from = o * step + u * s->inner;
        const T *x = (const T *)s->x + from, *g = (const T *)s->g + from;
        T *gx = (T *)s->gx + from;
        if (s->run == 1 || !w) {
            NAME(gradient_run)(x, g, w ? w + first : NULL, gx, s->inner, at);
            continue;
        }
        for (int64_t d = 0; d < s->depth; d++) {
            const double of_run[4] = { at[0], at[1] * (double)w[first + d], at[2], at[3] };
            NAME(gradient_run)(x + d * s->run, g + d * s->run, NULL, gx + d * s->run, s->run, of_run);
        }
    }
}

static void NAME(gradient_columns)(const fx__normal *s, int64_t begin, int64_t n, double *g_weight,
                                   double *g_bias)
{
    double sum[NORMAL_WIDE] = { 0 }, product[NORMAL_WIDE] = { 0 }, at[4][NORMAL_WIDE];
    const T *x = (const T *)s->x + begin, *g = (const T *)s->g + begin, *w = s->weight;
    const double *mean = s->mean + begin;
    for (int64_t o = 0; o < s->outer; o++)
        for (int64_t i = 0; i < n; i++) {
            const double h = (double)g[o * s->units + i];
            sum[i] += h;
            product[i] += h * ((double)x[o * s->units + i] - mean[i]);
        }
    for (int64_t i = 0; i < n; i++) {
        const int64_t u = begin + i, to = u % s->groups;
        const double weight = w ? (double)w[to] : 1;
        double of_unit[4];
        if (g_weight) g_weight[to] += product[i] * s->scale[u];
        if (g_bias) g_bias[to] += sum[i];
        coefficients(s, u, sum[i] * weight, product[i] * s->scale[u] * weight, of_unit);
        at[1][i] = of_unit[1] * weight, at[2][i] = of_unit[2], at[3][i] = of_unit[3];
    }
    if (!s->gx) return;
    for (int64_t o = 0; o < s->outer; o++) {
        T *gx = (T *)s->gx + begin + o * s->units;
        for (int64_t i = 0; i < n; i++)
            gx[i] = (T)(at[1][i] * (double)g[o * s->units + i] - at[2][i] -
                        at[3][i] * ((double)x[o * s->units + i] - mean[i]));
    }
}

static void NAME(gradient_block)(void *data, int64_t begin, int64_t end)
{
    const fx__normal *s = data;
    const int64_t weights = s->groups * s->depth, block = begin / fx__normal_grain(s);
    double *g_weight = s->g_weight ? s->g_weight + block * weights : NULL;
    double *g_bias = s->g_bias ? s->g_bias + block * weights : NULL;
    if (columns(s)) {
        for (int64_t u = begin; u < end; u += NORMAL_WIDE)
            NAME(gradient_columns)(s, u, end - u < NORMAL_WIDE ? end - u : NORMAL_WIDE, g_weight, g_bias);
        return;
    }
    for (int64_t u = begin; u < end; u++) {
        double h, hx, at[4];
        NAME(sums_unit)(s, u, g_weight, g_bias, &h, &hx);
        if (!s->gx) continue;
        coefficients(s, u, h, hx, at);
        NAME(gradient_unit)(s, u, at);
    }
}
