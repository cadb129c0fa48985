/* Steps of recurrent cells on numbers of type T (recurrent.h): F(name) adds the type to a name, V(name) is
 * vmath's function of it. A row's gates lie `n` apart. Missing terms are added as a row of zeros would be:
 * the caller's p and b are never NULL in the loops.
 */

enum { F(CHUNK) = 256 };
static const T F(zeros)[F(CHUNK)];

/* A part of a row: numbers [0, n) from `from` on, n <= CHUNK, of gates that lie `apart`. */
typedef struct F(part) {
    int64_t n, apart;
    const T *a, *p, *b;
    int64_t p_apart, b_apart; /* 0: zeros */
    const T *before;
    T *kept, *c, *h;
} F(part);

/* ---- forward --------------------------------------------------------------------------------------------
 */

static void F(plain_part)(const F(part) * s, bool relu)
{
    T *restrict kept = s->kept, *restrict h = s->h;
    const T *a = s->a, *p = s->p, *b = s->b;
    for (int64_t j = 0; j < s->n; j++) kept[j] = a[j] + p[j] + b[j];
    if (relu)
        for (int64_t j = 0; j < s->n; j++) h[j] = kept[j] <= 0 ? 0 : kept[j];
    else
        for (int64_t j = 0; j < s->n; j++) h[j] = V(tanh)(kept[j]);
}

/* The sums of one gate. */
static inline void F(sums)(const F(part) * s, int gate)
{
    T *restrict kept = s->kept + gate * s->apart;
    const T *a = s->a + gate * s->apart, *p = s->p + gate * s->p_apart, *b = s->b + gate * s->b_apart;
    for (int64_t j = 0; j < s->n; j++) kept[j] = a[j] + (p[j] + b[j]);
}

static void F(lstm_part)(const F(part) * s)
{
    for (int gate = 0; gate < 4; gate++) F(sums)(s, gate);
    const T *in = s->kept, *forget = in + s->apart, *cell = forget + s->apart, *out = cell + s->apart;
    const T *before = s->before;
    T *c = s->c;
    for (int64_t j = 0; j < s->n; j++)
        c[j] = V(sigmoid)(forget[j]) * before[j] + V(sigmoid)(in[j]) * V(tanh)(cell[j]);
    T *restrict h = s->h;
    for (int64_t j = 0; j < s->n; j++) h[j] = V(sigmoid)(out[j]) * V(tanh)(c[j]);
}

static void F(gru_part)(const F(part) * s)
{
    for (int gate = 0; gate < 2; gate++) F(sums)(s, gate);
    const T *reset = s->kept, *update = reset + s->apart, *a = s->a + 2 * s->apart;
    const T *p = s->p + 2 * s->p_apart, *b = s->b + 2 * s->b_apart, *before = s->before;
    T *restrict n = s->kept + 2 * s->apart, *restrict q = s->kept + 3 * s->apart;
    for (int64_t j = 0; j < s->n; j++) {
        q[j] = p[j] + b[j];
        n[j] = a[j] + V(sigmoid)(reset[j]) * q[j];
    }
    T *h = s->h;
    for (int64_t j = 0; j < s->n; j++)
        h[j] = V(sigmoid)(-update[j]) * V(tanh)(n[j]) + V(sigmoid)(update[j]) * before[j];
}

static void F(part_forward)(const fx__cell_step *s, int64_t row, int64_t from, int64_t n)
{
    const int64_t width = s->width, gates = fx__cell_gates(s->cell), kept = fx__cell_kept(s->cell);
    const int64_t at = row * width + from, wide = row * gates * width + from;
    const F(part) part = { .n = n,
                           .apart = width,
                           .a = (const T *)s->input + wide,
                           .p = s->product ? (const T *)s->product + wide : F(zeros),
                           .b = s->bias ? (const T *)s->bias + from : F(zeros),
                           .p_apart = s->product ? width : 0,
                           .b_apart = s->bias ? width : 0,
                           .before = s->before ? (const T *)s->before + at : F(zeros),
                           .kept = (T *)s->kept + row * kept * width + from,
                           .c = s->c ? (T *)s->c + at : NULL,
                           .h = (T *)s->h + at };
    if (s->cell == FX__CELL_LSTM)
        F(lstm_part)(&part);
    else if (s->cell == FX__CELL_GRU)
        F(gru_part)(&part);
    else
        F(plain_part)(&part, s->cell == FX__CELL_RELU);
}

static void F(clear)(void *rows, int64_t row, int64_t width)
{
    T *x = (T *)rows + row * width;
    for (int64_t j = 0; rows && j < width; j++) x[j] = 0;
}

static void F(forward_block)(void *data, int64_t begin, int64_t end)
{
    const fx__cell_step *s = data;
    for (int64_t row = begin; row < end; row++) {
        if (s->active && !s->active[row]) {
            F(clear)(s->kept, row, fx__cell_kept(s->cell) * s->width);
            F(clear)(s->c, row, s->width);
            F(clear)(s->h, row, s->width);
            continue;
        }
        for (int64_t from = 0; from < s->width; from += F(CHUNK))
            F(part_forward)(s, row, from, s->width - from < F(CHUNK) ? s->width - from : F(CHUNK));
    }
}

/* ---- gradient -------------------------------------------------------------------------------------------
 */

typedef struct F(back) {
    int64_t n, apart;
    const T *kept, *before, *g, *gc, *c;
    T *carry, *direct, *ga, *gp, *again;
} F(back);

static void F(plain_back)(const F(back) * s, bool relu)
{
    T *restrict ga = s->ga;
    const T *g = s->g, *kept = s->kept;
    if (relu)
        for (int64_t j = 0; j < s->n; j++) ga[j] = kept[j] <= 0 ? 0 : g[j];
    else
        for (int64_t j = 0; j < s->n; j++) ga[j] = g[j] * V(sech2)(kept[j]);
}

static void F(lstm_back)(const F(back) * s)
{
    const T *in = s->kept, *forget = in + s->apart, *cell = forget + s->apart, *out = cell + s->apart;
    const T *c = s->c, *before = s->before, *g = s->g;
    T *restrict g_in = s->ga, *restrict g_forget = g_in + s->apart, *restrict g_cell = g_forget + s->apart;
    T *restrict g_out = g_cell + s->apart, *restrict carry = s->carry;
    for (int64_t j = 0; s->gc && j < s->n; j++) carry[j] += s->gc[j];
    for (int64_t j = 0; j < s->n; j++) {
        T slope, bend;
        const T o = F(sigmoid)(out[j], &slope), y = F(tanh)(c[j], &bend);
        g_out[j] = g[j] * y * slope;
        carry[j] += g[j] * o * bend;
    }
    T *restrict again = s->again;
    for (int64_t j = 0; again && j < s->n; j++) again[j] = V(sigmoid)(out[j]) * V(tanh)(c[j]);
    for (int64_t j = 0; j < s->n; j++) {
        T slope, bend;
        const T i = F(sigmoid)(in[j], &slope), n = F(tanh)(cell[j], &bend), gc = carry[j];
        g_in[j] = gc * n * slope;
        g_cell[j] = gc * i * bend;
    }
    for (int64_t j = 0; j < s->n; j++) {
        T slope;
        const T f = F(sigmoid)(forget[j], &slope), gc = carry[j];
        g_forget[j] = gc * before[j] * slope;
        carry[j] = gc * f;
    }
}

static void F(gru_back)(const F(back) * s)
{
    const T *reset = s->kept, *update = reset + s->apart, *sum = update + s->apart, *q = sum + s->apart;
    const T *before = s->before, *g = s->g;
    T *g_reset = s->ga, *g_update = g_reset + s->apart, *g_new = g_update + s->apart;
    T *p_reset = s->gp, *p_update = p_reset + s->apart, *g_q = p_update + s->apart, *direct = s->direct;
    for (int64_t j = 0; j < s->n; j++) {
        T slope, bend;
        const T z = F(sigmoid)(update[j], &slope), n = F(tanh)(sum[j], &bend), gh = g[j];
        const T gz = gh * (before[j] - n) * slope;
        g_update[j] = gz;
        p_update[j] = gz;
        g_new[j] = gh * V(sigmoid)(-update[j]) * bend;
        direct[j] = gh * z;
    }
    for (int64_t j = 0; j < s->n; j++) {
        T slope;
        const T r = F(sigmoid)(reset[j], &slope), gn = g_new[j], gr = gn * q[j] * slope;
        g_reset[j] = gr;
        p_reset[j] = gr;
        g_q[j] = gn * r;
    }
}

static void F(part_back)(const fx__cell_step *s, int64_t row, int64_t from, int64_t n)
{
    const int64_t width = s->width, gates = fx__cell_gates(s->cell), kept = fx__cell_kept(s->cell);
    const int64_t at = row * width + from, wide = row * gates * width + from;
    const F(back) back = { .n = n,
                           .apart = width,
                           .kept = (const T *)s->kept + row * kept * width + from,
                           .before = s->before ? (const T *)s->before + at : F(zeros),
                           .g = (const T *)s->g_h + at,
                           .gc = s->g_c ? (const T *)s->g_c + at : NULL,
                           .c = s->c ? (const T *)s->c + at : NULL,
                           .carry = s->carry ? (T *)s->carry + at : NULL,
                           .direct = s->direct ? (T *)s->direct + at : NULL,
                           .ga = (T *)s->g_input + wide,
                           .gp = (T *)s->g_product + wide,
                           .again = s->h_again ? (T *)s->h_again + at : NULL };
    if (s->cell == FX__CELL_LSTM)
        F(lstm_back)(&back);
    else if (s->cell == FX__CELL_GRU)
        F(gru_back)(&back);
    else
        F(plain_back)(&back, s->cell == FX__CELL_RELU);
}

/* What came for the kept sums themselves (higher derivatives), through r q where it came for that sum. */
static void F(add_kept)(const fx__cell_step *s, int64_t row)
{
    const int64_t width = s->width, gates = fx__cell_gates(s->cell), kept = fx__cell_kept(s->cell);
    const T *g = (const T *)s->g_kept + row * kept * width;
    T *ga = (T *)s->g_input + row * gates * width, *gp = (T *)s->g_product + row * gates * width;
    if (s->cell != FX__CELL_GRU) {
        for (int64_t j = 0; j < kept * width; j++) ga[j] += g[j];
        return;
    }
    const T *x = (const T *)s->kept + row * kept * width;
    for (int64_t j = 0; j < width; j++) {
        T slope;
        const T r = F(sigmoid)(x[j], &slope), gn = g[2 * width + j];
        const T gr = g[j] + gn * x[3 * width + j] * slope;
        ga[j] += gr, gp[j] += gr;
        ga[width + j] += g[width + j], gp[width + j] += g[width + j];
        ga[2 * width + j] += gn;
        gp[2 * width + j] += gn * r + g[3 * width + j];
    }
}

static void F(gradient_block)(void *data, int64_t begin, int64_t end)
{
    const fx__cell_step *s = data;
    const int64_t gates = fx__cell_gates(s->cell);
    for (int64_t row = begin; row < end; row++) {
        if (s->active && !s->active[row]) {
            F(clear)(s->g_input, row, gates * s->width);
            F(clear)(s->g_product, row, gates * s->width);
            F(clear)(s->h_again, row, s->width);
            continue;
        }
        for (int64_t from = 0; from < s->width; from += F(CHUNK))
            F(part_back)(s, row, from, s->width - from < F(CHUNK) ? s->width - from : F(CHUNK));
        if (s->g_kept) F(add_kept)(s, row);
    }
}

/* ---- matrices -------------------------------------------------------------------------------------------
 */

static void F(add)(int64_t n, const T *a, const T *b, T *to)
{
    for (int64_t j = 0; j < n; j++) to[j] = a[j] + b[j];
}

static void F(transpose)(int64_t rows, int64_t columns, const T *from, T *to)
{
    enum { SIDE = 16 };
    for (int64_t i0 = 0; i0 < rows; i0 += SIDE)
        for (int64_t j0 = 0; j0 < columns; j0 += SIDE)
            for (int64_t j = j0; j < columns && j < j0 + SIDE; j++)
                for (int64_t i = i0; i < rows && i < i0 + SIDE; i++) to[j * rows + i] = from[i * columns + j];
}

static void F(sum_rows)(int64_t rows, int64_t columns, const T *from, T *to, double *work)
{
    for (int64_t j = 0; j < columns; j++) work[j] = 0;
    for (int64_t i = 0; i < rows; i++, from += columns)
        for (int64_t j = 0; j < columns; j++) work[j] += (double)from[j];
    for (int64_t j = 0; j < columns; j++) to[j] = (T)work[j];
}
