/* Rule V10: random programs of ops, views and writes in place. Either an error, or the gradient.
 *
 * The reference is forward mode on memory itself: every number carries its derivatives in the parameter's
 * numbers. A view shares numbers and derivatives with its owner, a detached tensor numbers alone, and a write
 * is a write: what in-place programs mean needs no further rule.
 */
#include "support.h"

enum { ROWS = 3, COLUMNS = 4, P = ROWS * COLUMNS, POOL = 24, STEPS = 18 };

typedef double derivatives[P];

typedef struct item {
    fx_tensor *x;
    const char *base; /* the owner's first number, where `numbers` begins */
    double *numbers;  /* shared with all views */
    derivatives *d;   /* shared with views of one history */
    int64_t size;     /* of the owner */
    bool detached;
} item;

typedef struct program {
    fx_context *cx;
    uint64_t state;
    item pool[POOL];
    int count;
    void *memory[8 * POOL];
    int blocks;
    bool refused;
} program;

static uint32_t draw(program *p, uint32_t n)
{
    p->state = p->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(p->state >> 33) % n;
}
static double draw_number(program *p) { return 0.4 + 0.1 * draw(p, 12); }

static void *block(program *p, size_t bytes)
{
    cr_assert(p->blocks < 8 * POOL);
    return p->memory[p->blocks++] = calloc(1, bytes);
}

/* Where element k (row-major) of an item lies in its arrays. */
static int64_t at(const item *t, int64_t k)
{
    int64_t offset = ((const char *)fx_data_const(t->x) - t->base) / 8;
    for (int i = fx_ndim(t->x) - 1; i >= 0; i--) {
        offset += k % fx_dim(t->x, i) * fx_strides(t->x)[i];
        k /= fx_dim(t->x, i);
    }
    return offset;
}

static item *push(program *p, item t)
{
    if (!t.x) {
        p->refused = true;
        return NULL;
    }
    p->pool[p->count] = t;
    return &p->pool[p->count++];
}

static item *push_new(program *p, fx_tensor *x)
{
    if (!x) return push(p, (item){ 0 });
    size_t n = (size_t)fx_numel(x);
    return push(p, (item){ x, fx_data_const(x), block(p, n * sizeof(double)),
                           block(p, n * sizeof(derivatives)), (int64_t)n, false });
}

static void push_view(program *p, const item *of, fx_tensor *x)
{
    item t = *of;
    t.x = x;
    push(p, t);
}

static bool alike(const item *a, const item *b)
{
    fx_dims s = fx_shape(a->x), t = fx_shape(b->x);
    return s.count == t.count && !memcmp(s.at, t.at, sizeof(int64_t) * (size_t)s.count);
}

typedef enum kind { SIN, SQUARE, HALF, ADD, MUL, SET, KINDS } kind;

/* What op makes of element k of a and b: read whole before anything is written. */
static void evaluate(kind op, const item *a, const item *b, double number, double *value, derivatives *d)
{
    for (int64_t k = 0; k < fx_numel(a->x); k++) {
        int64_t i = at(a, k), j = b ? at(b, k) : 0;
        double x = a->numbers[i], y = b ? b->numbers[j] : number;
        double dx = 0, dy = 0;
        switch (op) {
        case SIN: value[k] = sin(x), dx = cos(x); break;
        case SQUARE: value[k] = x * x, dx = 2 * x; break;
        case HALF: value[k] = x * 0.5, dx = 0.5; break;
        case ADD: value[k] = x + y, dx = dy = 1; break;
        case MUL: value[k] = x * y, dx = y, dy = x; break;
        default: value[k] = y, dy = 1; break;
        }
        for (int q = 0; q < P; q++) d[k][q] = dx * a->d[i][q] + (b ? dy * b->d[j][q] : 0);
    }
}

static void functional(program *p, item *a, item *b)
{
    kind op = b ? (draw(p, 2) ? ADD : MUL) : (kind)draw(p, 3);
    fx_tensor *x = op == SIN      ? fx_sin(a->x)
                   : op == SQUARE ? fx_square(a->x)
                   : op == HALF   ? fx_mul(a->x, 0.5)
                   : op == ADD    ? fx_add(a->x, b->x)
                                  : fx_mul(a->x, b->x);
    item source = *a, other = b ? *b : *a;
    item *t = push_new(p, x);
    if (t) evaluate(op, &source, b ? &other : NULL, 0, t->numbers, t->d);
}

static void in_place(program *p, item *a, item *b)
{
    kind op = b ? ADD + (kind)draw(p, 3) : (kind)draw(p, 3);
    double number = 0;
    if (!b && draw(p, 3) == 0) op = SET, number = draw_number(p);
    fx_tensor *x = op == SIN      ? fx_sin_(a->x)
                   : op == SQUARE ? fx_square_(a->x)
                   : op == HALF   ? fx_mul_(a->x, 0.5)
                   : op == ADD    ? fx_add_(a->x, b->x)
                   : op == MUL    ? fx_mul_(a->x, b->x)
                   : b            ? fx_copy_(a->x, b->x)
                                  : fx_fill_(a->x, number);
    if (!x) {
        p->refused = true;
        return;
    }
    double value[P * 4];
    derivatives d[P * 4];
    evaluate(op, a, b, number, value, d);
    for (int64_t k = 0; k < fx_numel(a->x); k++) {
        a->numbers[at(a, k)] = value[k];
        memcpy(a->d[at(a, k)], d[k], sizeof d[k]);
    }
}

static fx_tensor *some_view(program *p, fx_tensor *x)
{
    int n = fx_ndim(x), dim = n ? (int)draw(p, (uint32_t)n) : 0;
    int64_t size = n ? fx_dim(x, dim) : 1;
    switch (draw(p, 5)) {
    case 0: return n ? fx_select(x, dim, draw(p, (uint32_t)size)) : fx_reshape(x, 1);
    case 1: return n ? fx_slice(x, dim, draw(p, (uint32_t)size), size) : fx_reshape(x, 1);
    case 2: return n ? fx_slice(x, dim, 0, size, .step = 2) : fx_reshape(x, 1, 1);
    case 3: return n == 2 ? fx_t(x) : fx_reshape_at(x, fx_shape(x), FX_HERE);
    default: return fx_is_contiguous(x) ? fx_reshape(x, fx_numel(x)) : fx_unsqueeze(x, 0);
    }
}

static item *pick(program *p) { return &p->pool[1 + draw(p, (uint32_t)p->count - 1)]; }

static void step(program *p)
{
    item *a = pick(p), *b = pick(p);
    for (int i = 0; i < 6 && !alike(a, b); i++) b = pick(p);
    if (!alike(a, b)) b = NULL;
    uint32_t what = draw(p, 20);
    if (p->count >= POOL - 1) what = 19;
    if (what < 6)
        functional(p, a, what < 3 ? b : NULL);
    else if (what < 12) {
        fx_tensor *x = some_view(p, a->x);
        push_view(p, a, x);
    } else if (what < 13 && p->count < POOL) {
        item t = *a;
        t.x = fx_detach(a->x);
        t.d = block(p, (size_t)t.size * sizeof(derivatives));
        push(p, t);
    } else
        in_place(p, a, what % 2 ? b : NULL);
}

static void begin(program *p)
{
    double numbers[P];
    for (int i = 0; i < P; i++) numbers[i] = draw_number(p);
    item *w = push_new(p, fx_parameter(fx_from(p->cx, FX_F64, numbers, ROWS, COLUMNS)));
    for (int i = 0; i < P; i++) w->numbers[i] = numbers[i], w->d[i][i] = 1;
    for (int n = 0; n < 2; n++) { /* a result of it, and constants */
        item *t = push_new(p, n ? fx_full(p->cx, FX_F64, 0.5, ROWS, COLUMNS) : fx_clone(w->x));
        for (int i = 0; i < P; i++) {
            t->numbers[i] = n ? 0.5 : numbers[i];
            if (!n) memcpy(t->d[i], p->pool[0].d[i], sizeof t->d[i]);
        }
    }
}

/* The weighted sum of all that requires a gradient; its gradient, and what it should be. */
static bool finish(program *p, double *expected)
{
    fx_tensor *loss = NULL;
    memset(expected, 0, P * sizeof *expected);
    for (int i = 1; i < p->count; i++) {
        item *t = &p->pool[i];
        for (int64_t k = 0; k < fx_numel(t->x); k++) {
            double is = number(t->x, k), should = t->numbers[at(t, k)];
            cr_assert(is == should || fabs(is - should) <= 1e-12 * (1 + fabs(should)),
                      "a number is %.17g, not %.17g", is, should);
        }
        if (!fx_requires_grad(t->x) || draw(p, 3) == 0) continue;
        double c = draw_number(p);
        fx_tensor *part = fx_mul(fx_sum(t->x), c);
        loss = loss ? fx_add(loss, part) : part;
        for (int64_t k = 0; k < fx_numel(t->x); k++)
            for (int q = 0; q < P; q++) expected[q] += c * t->d[at(t, k)][q];
    }
    return loss && fx_backward(loss) == FX_OK;
}

typedef struct tally {
    int right, refused, modified, constant;
} tally;

static void run(uint64_t seed, tally *n)
{
    program *p = calloc(1, sizeof *p);
    p->cx = context_new();
    p->state = seed * 0x9e3779b97f4a7c15u + 1;
    begin(p);
    for (int i = 0; i < STEPS && !p->refused; i++) step(p);
    double expected[P];
    if (p->refused) {
        fx_status code = fx_error(p->cx);
        cr_assert(code == FX_ERROR_GRAPH || code == FX_ERROR_ARGUMENT, "seed %d: %s", (int)seed,
                  fx_error_message(p->cx));
        n->refused++;
    } else if (finish(p, expected)) {
        fx_tensor *g = fx_grad(p->pool[0].x);
        for (int q = 0; q < P; q++) {
            double is = g ? number(g, q) : 0;
            cr_assert(fabs(is - expected[q]) <= 1e-11 * (1 + fabs(expected[q])),
                      "seed %d: derivative %d is %.17g, not %.17g", (int)seed, q, is, expected[q]);
        }
        n->right++;
    } else if (fx_error(p->cx) == FX_OK)
        n->constant++;
    else {
        cr_assert(fx_error(p->cx) == FX_ERROR_MODIFIED, "seed %d: %s", (int)seed, fx_error_message(p->cx));
        n->modified++;
    }
    fx_error_clear(p->cx);
    fx_context_free(p->cx);
    for (int i = 0; i < p->blocks; i++) free(p->memory[i]);
    free(p);
}

Test(fuzz, a_program_is_refused_or_its_gradient_is_right)
{
    tally n = { 0 };
    for (uint64_t seed = 0; seed < 4000; seed++) run(seed, &n);
    cr_log_info("%d right, %d refused, %d modified, %d constant", n.right, n.refused, n.modified, n.constant);
    cr_assert(n.right > 800 && n.modified > 100 && n.refused > 20,
              "%d right, %d refused, %d modified, %d constant", n.right, n.refused, n.modified, n.constant);
}
