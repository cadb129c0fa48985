/* The steps of a recurrent layer, and their gradient, over memory.
 *
 * A step is one product, of the states before with all gates' weights, and one pass over the units
 * (kernels/recurrent.h). The gradient goes through the steps backward and leaves each step's gradient in the
 * product; that in the weights is then one product over all steps.
 */
#include "recurrent.h"

#include <string.h>

/* One run over the steps: sizes, memory, and what every step needs. Scratch memory is listed, so that it is
 * given back in one place. */
enum { MOST_SCRATCH = 16 };
typedef struct run {
    const fx_call *c;
    fx__recur_sizes n;
    size_t size; /* of a number */
    bool wide, reverse, failed;
    const char *weight, *project; /* as they are */
    const char *h, *cell;         /* at the start; NULL: zeros */
    uint8_t *active;              /* (T, B); NULL: everything is */
    char *joined;                 /* (B, the larger of R and H): states before a step, put together */
    void *scratch[MOST_SCRATCH];
    int scratches;
    fx_tensor *copies[4]; /* row-major ones of inputs that are not */
    int copied;
} run;

static void *scratch(run *r, int64_t numbers, size_t size)
{
    void *memory = r->failed ? NULL : fx__scratch(r->c->cx, (size_t)(numbers > 0 ? numbers : 1) * size);
    if (!memory)
        r->failed = true;
    else
        r->scratch[r->scratches++] = memory;
    return memory;
}

static void finish(run *r)
{
    while (r->copied > 0) fx_release(r->copies[--r->copied]);
    while (r->scratches > 0) fx__scratch_free(r->c->cx, r->scratch[--r->scratches]);
}

int64_t fx__recur_length(const fx_tensor *lengths, int64_t b)
{
    const void *at = lengths->data;
    b *= fx__stride(lengths)[0];
    switch (lengths->dtype) {
    case FX_I64: return ((const int64_t *)at)[b];
    case FX_I32: return ((const int32_t *)at)[b];
    default: return ((const uint8_t *)at)[b];
    }
}

/* The numbers of an input, row-major; NULL: it is not there. */
static const char *numbers(run *r, fx__recur_input which)
{
    fx_tensor *x = fx__recur_input_of(r->c, which);
    if (!x || fx__contiguous(x)) return x ? x->data : NULL;
    fx_tensor *copy = fx__contiguous_of(x);
    if (!copy)
        r->failed = true;
    else
        r->copies[r->copied++] = copy;
    return copy ? copy->data : NULL;
}

static run run_of(const fx_call *c)
{
    run r = { .c = c, .n = fx__recur_sizes_of(c), .reverse = fx__recur_options_of(c)->reverse };
    const fx_tensor *lengths = fx__recur_input_of(c, RECUR_LENGTHS);
    r.size = fx_dtype_size((fx_dtype)c->shapes[0]->dtype);
    r.wide = r.size == sizeof(double);
    r.weight = numbers(&r, RECUR_WEIGHT);
    r.project = numbers(&r, RECUR_PROJECT);
    r.h = numbers(&r, RECUR_H);
    r.cell = numbers(&r, RECUR_C);
    if (!lengths) return r;
    r.active = scratch(&r, r.n.steps * r.n.batch, 1);
    for (int64_t t = 0; r.active && t < r.n.steps; t++)
        for (int64_t b = 0; b < r.n.batch; b++)
            r.active[t * r.n.batch + b] = t < fx__recur_length(lengths, b);
    if (r.reverse) r.joined = scratch(&r, r.n.batch * (r.n.state + r.n.width), r.size);
    return r;
}

/* C (m, n) = A (m, k) B (k, n), or C += A B, all row-major but where strides say otherwise. */
static void product(run *r, fx_gemm g, bool accumulate)
{
    g.f64 = r->wide;
    g.batch = 1;
    g.accumulate = accumulate;
    if (!g.a_column) g.a_row = g.k, g.a_column = 1;
    if (!g.b_column) g.b_row = g.n, g.b_column = 1;
    g.c_row = g.n;
    const int threads = fx_threads(r->c->cx);
    const size_t bytes = fx__gemm_work(threads, &g);
    void *work = bytes ? fx__scratch(r->c->cx, bytes) : NULL;
    if (bytes && !work)
        r->failed = true;
    else
        fx__gemm(threads, &g, work);
    fx__scratch_free(r->c->cx, work);
}

/* The states before step k of rows of `width` numbers: `all` of each step, or those at the start. In reverse
 * a sequence begins where its length says; the rows are put together in `joined`, where that may be so. */
static const char *states_before(const run *r, int64_t k, const char *all, const char *start, int64_t width,
                                 char *joined)
{
    if (k == 0) return start;
    const size_t row = (size_t)width * r->size, step = row * (size_t)r->n.batch;
    const int64_t before = fx__recur_step(r->c, r->n.steps, k - 1);
    const char *here = all + (size_t)before * step;
    if (!r->joined) return here;
    for (int64_t b = 0; b < r->n.batch; b++) {
        char *to = joined + (size_t)b * row;
        if (r->active[before * r->n.batch + b])
            memcpy(to, here + (size_t)b * row, row);
        else if (start)
            memcpy(to, start + (size_t)b * row, row);
        else
            memset(to, 0, row);
    }
    return joined;
}

/* What stands for step t in memory of `numbers` a row. */
static char *at_step(const run *r, char *memory, int64_t t, int64_t numbers)
{
    return memory ? memory + (size_t)(t * r->n.batch * numbers) * r->size : NULL;
}

static fx__cell_step cell_step(const run *r, int64_t t)
{
    return (fx__cell_step){ .cell = (fx__cell)fx__recur_options_of(r->c)->cell,
                            .wide = r->wide,
                            .rows = r->n.batch,
                            .width = r->n.width,
                            .active = r->active ? r->active + t * r->n.batch : NULL,
                            .threads = fx_threads(r->c->cx) };
}

/* ---- forward --------------------------------------------------------------------------------------------
 */

/* A product with the transpose of a matrix (rows, columns): over many steps, a product with a copy that lies
 * as it is read. */
static void transpose(run *r, fx_gemm *g, const char *x, int64_t rows, int64_t columns)
{
    g->b = x;
    g->b_row = 1;
    g->b_column = columns;
    if (r->n.steps <= 1) return;
    void *to = scratch(r, rows * columns, r->size);
    if (to) fx__kernels()->recurrent->transpose(r->wide, rows, columns, x, to);
    g->b = to;
    g->b_row = rows;
    g->b_column = 1;
}

static bool check_lengths(const fx_call *c, int64_t steps)
{
    const fx_tensor *lengths = fx__recur_input_of(c, RECUR_LENGTHS);
    for (int64_t b = 0; lengths && b < lengths->numel; b++) {
        const int64_t length = fx__recur_length(lengths, b);
        if (length < 1 || length > steps)
            return fx_call_fail(c, FX_ERROR_INDEX, "length %lld of sequence %lld is not in 1 .. %lld",
                                (long long)length, (long long)b, (long long)steps);
    }
    return true;
}

void fx__recur_forward(const fx_call *c)
{
    const fx__recur_options *o = fx__recur_options_of(c);
    if (!check_lengths(c, c->x[0]->size[0])) return;
    run r = run_of(c);
    const fx_tensor *bias = fx__recur_input_of(c, RECUR_BIAS);
    const int64_t wide = r.n.gates * r.n.width;
    char *sums = scratch(&r, r.n.batch * wide, r.size);
    fx_gemm of_h = { .m = r.n.batch, .n = wide, .k = r.n.state, .c = sums };
    fx_gemm of_inner = { .m = r.n.batch, .n = r.n.state, .k = r.n.width };
    transpose(&r, &of_h, r.weight, wide, r.n.state);
    if (r.project) transpose(&r, &of_inner, r.project, r.n.state, r.n.width);
    char *inner = r.project ? scratch(&r, r.n.batch * r.n.width, r.size) : NULL;
    char *y = c->ys[RECUR_Y]->data, *cells = o->cell == FX_CELL_LSTM ? c->ys[RECUR_CELLS]->data : NULL;
    for (int64_t k = 0; k < r.n.steps && !r.failed; k++) {
        const int64_t t = fx__recur_step(c, r.n.steps, k);
        const char *h = states_before(&r, k, y, r.h, r.n.state, r.joined);
        of_h.a = h;
        if (h) product(&r, of_h, false);
        fx__cell_step s = cell_step(&r, t);
        s.input = at_step(&r, c->x[0]->data, t, wide);
        s.product = h ? sums : NULL;
        s.bias = bias ? bias->data : NULL;
        s.kept = at_step(&r, c->ys[RECUR_KEPT]->data, t, r.n.kept * r.n.width);
        s.h = inner ? inner : at_step(&r, y, t, r.n.state);
        s.before = h;
        if (cells) {
            char *joined = r.joined ? r.joined + (size_t)(r.n.batch * r.n.state) * r.size : NULL;
            s.before = states_before(&r, k, cells, r.cell, r.n.width, joined);
            s.c = at_step(&r, cells, t, r.n.width);
        }
        fx__kernels()->recurrent->forward(&s);
        of_inner.a = inner;
        of_inner.c = at_step(&r, y, t, r.n.state);
        if (inner) product(&r, of_inner, false);
    }
    finish(&r);
}

/* ---- gradient -------------------------------------------------------------------------------------------
 */

/* What the gradient of a run works on, each NULL where it is not needed: the gradients that come, those of
 * each step's sums (of the input, of the product), those on their way to earlier steps, and of a projection
 * what it was given and what came for it. */
typedef struct backward {
    char *g_y, *g_kept, *g_cells;
    char *g_input, *g_product;
    char *carry_h, *carry_c;
    char *sum;               /* (B, R): all that comes for a step's h */
    char *g_inner;           /* (B, H): the same, before a projection */
    char *inner, *g_project; /* (T, B, H), (T, B, R) */
} backward;

/* Of output k, row-major; NULL where nothing came. */
static bool given(run *r, const fx_call *c, int k, char **data, fx_tensor **held)
{
    fx_tensor *g = c->gs[k];
    *data = NULL;
    if (!g) return true;
    g = fx__contiguous_of(g);
    if (!g) return !(r->failed = true);
    *held = g;
    *data = g->data;
    return true;
}

/* gx of an input, or scratch memory in its place. */
static char *result(run *r, fx__recur_input which, fx_tensor *gx[], bool needed, int64_t numbers)
{
    if (!fx__recur_wants(r->c, which)) return needed ? scratch(r, numbers, r->size) : NULL;
    const int at = fx__recur_options_of(r->c)->at[which];
    gx[at] = fx__grad_new(r->c, at);
    if (!gx[at]) r->failed = true;
    return gx[at] ? gx[at]->data : NULL;
}

/* The carried gradient in h, of rows that are active: it has been taken. */
static void clear_active(const run *r, int64_t t, char *carry)
{
    const size_t row = (size_t)r->n.state * r->size;
    for (int64_t b = 0; b < r->n.batch; b++)
        if (r->active[t * r->n.batch + b]) memset(carry + (size_t)b * row, 0, row);
}

/* Through step k: from the gradients in h and c after it to those before it, and in its sums. */
static void step_back(run *r, const backward *w, int64_t k, bool last)
{
    const fx_call *c = r->c;
    const int64_t t = fx__recur_step(c, r->n.steps, k), state = r->n.state, width = r->n.width;
    const bool gru = fx__recur_options_of(c)->cell == FX_CELL_GRU, lstm = w->carry_c;
    const bool project = r->project;
    const fx_recurrent_kernels *kernels = fx__kernels()->recurrent;
    char *sum = w->carry_h;
    fx__cell_step s = cell_step(r, t);
    if (w->g_y || project) {
        sum = project ? at_step(r, w->g_project, t, state) : w->sum;
        if (w->g_y)
            kernels->add(r->wide, r->n.batch * state, at_step(r, w->g_y, t, state), w->carry_h, sum);
        else
            memcpy(sum, w->carry_h, (size_t)(r->n.batch * state) * r->size);
    } else if (gru) {
        memcpy(w->sum, w->carry_h, (size_t)(r->n.batch * state) * r->size);
        sum = w->sum;
    }
    if (project) {
        for (int64_t b = 0; s.active && b < r->n.batch; b++)
            if (!s.active[b]) memset(sum + (size_t)(b * state) * r->size, 0, (size_t)state * r->size);
        product(
            r,
            (fx_gemm){ .m = r->n.batch, .n = width, .k = state, .a = sum, .b = r->project, .c = w->g_inner },
            false);
    }
    s.g_h = project ? w->g_inner : sum;
    s.g_c = at_step(r, w->g_cells, t, width);
    s.g_kept = at_step(r, w->g_kept, t, r->n.kept * width);
    s.kept = at_step(r, c->ys[RECUR_KEPT]->data, t, r->n.kept * width);
    s.carry = w->carry_c;
    s.direct = gru ? w->carry_h : NULL;
    s.g_input = at_step(r, w->g_input, t, r->n.gates * width);
    s.g_product = at_step(r, w->g_product, t, r->n.gates * width);
    s.h_again = at_step(r, w->inner, t, width);
    if (gru) s.before = states_before(r, k, c->ys[RECUR_Y]->data, r->h, state, r->joined);
    if (lstm) {
        s.before = states_before(r, k, c->ys[RECUR_CELLS]->data, r->cell, width, r->joined);
        s.c = at_step(r, c->ys[RECUR_CELLS]->data, t, width);
    }
    kernels->gradient(&s);
    if (last) return;
    if (r->active && !gru) clear_active(r, t, w->carry_h);
    product(r,
            (fx_gemm){ .m = r->n.batch,
                       .n = state,
                       .k = r->n.gates * width,
                       .a = s.g_product,
                       .b = r->weight,
                       .c = w->carry_h },
            gru || r->active);
}

/* (rows of a)' b, over `rows` rows. */
static void outer(run *r, const char *a, int64_t m, const char *b, int64_t n, int64_t rows, char *to,
                  bool more)
{
    product(r, (fx_gemm){ .m = m, .n = n, .k = rows, .a = a, .a_row = 1, .a_column = m, .b = b, .c = to },
            more);
}

/* The gradient in the weight: of each step's product with the states before it. */
static void weight_gradient(run *r, const char *g, char *to)
{
    const int64_t rows = r->n.batch, wide = r->n.gates * r->n.width, state = r->n.state,
                  more = r->n.steps - 1;
    char *y = r->c->ys[RECUR_Y]->data;
    char *first = at_step(r, (char *)(uintptr_t)g, fx__recur_step(r->c, r->n.steps, 0), wide);
    if (r->joined) {
        char *all = scratch(r, r->n.steps * rows * state, r->size);
        for (int64_t k = 0; all && k < r->n.steps; k++) {
            char *at = at_step(r, all, fx__recur_step(r->c, r->n.steps, k), state);
            const char *h = states_before(r, k, y, r->h, state, at);
            if (!h) memset(at, 0, (size_t)(rows * state) * r->size);
            if (h && h != at) memcpy(at, h, (size_t)(rows * state) * r->size);
        }
        if (all) outer(r, g, wide, all, state, r->n.steps * rows, to, false);
        return;
    }
    outer(r, r->reverse ? g : at_step(r, (char *)(uintptr_t)g, 1, wide), wide,
          r->reverse ? at_step(r, y, 1, state) : y, state, more > 0 ? more * rows : 0, to, false);
    if (r->h && r->n.steps > 0) outer(r, first, wide, r->h, state, rows, to, true);
}

static backward prepare(run *r, fx_tensor *gx[], bool project)
{
    const fx__recur_sizes *n = &r->n;
    const int64_t all = n->steps * n->batch;
    const int cell = fx__recur_options_of(r->c)->cell;
    backward w = { 0 };
    w.g_input = result(r, RECUR_X, gx, true, all * n->gates * n->width);
    w.g_product = cell == FX_CELL_GRU ? scratch(r, all * n->gates * n->width, r->size) : w.g_input;
    w.carry_h = result(r, RECUR_H, gx, true, n->batch * n->state);
    w.carry_c = cell == FX_CELL_LSTM ? result(r, RECUR_C, gx, true, n->batch * n->width) : NULL;
    w.sum = scratch(r, n->batch * n->state, r->size);
    if (project) {
        w.g_inner = scratch(r, n->batch * n->width, r->size);
        w.g_project = scratch(r, all * n->state, r->size);
        w.inner = scratch(r, all * n->width, r->size);
    }
    if (r->failed) return w;
    memset(w.carry_h, 0, (size_t)(n->batch * n->state) * r->size);
    if (w.carry_c) memset(w.carry_c, 0, (size_t)(n->batch * n->width) * r->size);
    return w;
}

void fx__recur_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)g;
    run r = run_of(c);
    const bool project = fx__recur_has(c, RECUR_PROJECT);
    const int64_t all = r.n.steps * r.n.batch, wide = r.n.gates * r.n.width;
    fx_tensor *held[3] = { NULL };
    backward w = prepare(&r, gx, project);
    given(&r, c, RECUR_Y, &w.g_y, &held[0]);
    given(&r, c, RECUR_KEPT, &w.g_kept, &held[1]);
    if (c->outputs > RECUR_CELLS) given(&r, c, RECUR_CELLS, &w.g_cells, &held[2]);
    for (int64_t k = r.n.steps; k-- > 0 && !r.failed;)
        step_back(&r, &w, k, k == 0 && !fx__recur_wants(c, RECUR_H));
    char *of_weight = result(&r, RECUR_WEIGHT, gx, false, 0), *of_bias = result(&r, RECUR_BIAS, gx, false, 0);
    char *of_project = result(&r, RECUR_PROJECT, gx, false, 0);
    double *sums = of_bias ? scratch(&r, wide, sizeof(double)) : NULL;
    if (!r.failed && of_weight) weight_gradient(&r, w.g_product, of_weight);
    if (!r.failed && of_bias)
        fx__kernels()->recurrent->sum_rows(r.wide, all, wide, w.g_product, of_bias, sums);
    if (!r.failed && of_project)
        outer(&r, w.g_project, r.n.state, w.inner, r.n.width, all, of_project, false);
    for (int k = 0; k < 3; k++)
        if (held[k] && held[k] != c->gs[k]) fx_release(held[k]);
    finish(&r);
}
