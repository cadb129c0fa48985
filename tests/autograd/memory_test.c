/* Where memory comes from: no call in a steady step, and an error, no more, whichever call fails. */
#include "support.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_MALLOC 1
#else
#define COUNTS_MALLOC 0
#endif

/* ---- calls to malloc, whoever makes them --------------------------------------------------------------- */

static volatile bool counting; /* the compiler knows malloc, and what it does not read */
static volatile long calls;

#if COUNTS_MALLOC
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *memory, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

__attribute__((visibility("default"))) void *malloc(size_t bytes)
{
    if (counting) __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    return __libc_malloc(bytes);
}
__attribute__((visibility("default"))) void *calloc(size_t count, size_t bytes)
{
    if (counting) __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    return __libc_calloc(count, bytes);
}
__attribute__((visibility("default"))) void *realloc(void *memory, size_t bytes)
{
    if (counting) __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    return __libc_realloc(memory, bytes);
}
__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment, size_t bytes)
{
    if (counting) __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    return __libc_memalign(alignment, bytes);
}
__attribute__((visibility("default"))) int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    if (counting) __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    return (*memory = __libc_memalign(alignment, bytes)) ? 0 : 12;
}
#endif

typedef struct model {
    fx_context *cx;
    fx_tensor *w[2], *b[2], *x, *target;
    int kind;
} model;

static fx_tensor *hidden(void *data, fx_tensor *const *inputs, int count)
{
    model *m = data;
    (void)count;
    return fx_tanh(fx_add(fx_matmul(inputs[0], m->w[0]), m->b[0]));
}

static fx_tensor *halve(void *data, fx_tensor *grad)
{
    (void)data;
    return fx_mul(grad, 0.5);
}

static void *pack(void *data, fx_tensor *x)
{
    (void)data;
    return x;
}
static fx_tensor *unpack(void *data, void *packed)
{
    (void)data;
    return packed;
}

enum { PLAIN, CHECKPOINTED, HIGHER, IN_PLACE, WITH_HOOKS, SCOPES, KINDS };

/* One step of training; false after an error. */
static bool step(model *m)
{
    fx_context *cx = m->cx;
    bool ok = true;
    FX_SCOPE (cx) {
        fx_tensor *h = NULL;
        if (m->kind == CHECKPOINTED)
            h = fx_checkpointed(hidden, m, m->x);
        else if (m->kind == SCOPES)
            FX_SCOPE (cx) h = fx_keep(hidden(m, &m->x, 1));
        else
            h = hidden(m, &m->x, 1);
        if (m->kind == IN_PLACE) {
            fx_mul_(h, 2);
            fx_mul_(fx_slice(h, 1, 0, 2), fx_slice(h, 1, 2, 4));
            h = fx_add(h, fx_exp_(fx_mul(h, 0.1)));
        }
        if (m->kind == WITH_HOOKS) {
            fx_add_hook(h, halve, NULL, NULL);
            fx_retain_grad(h);
            fx_push_saved_hooks(cx, (fx_saved_hooks){ pack, unpack, NULL, NULL });
        }
        fx_tensor *y = fx_add(fx_matmul(h, m->w[1]), m->b[1]);
        fx_tensor *loss = fx_mean(fx_square(fx_sub(y, m->target)));
        if (m->kind == WITH_HOOKS) fx_pop_saved_hooks(cx);
        if (m->kind == HIGHER) {
            fx_tensor *g = fx_gradient(loss, m->w[0], .create_graph = true);
            loss = fx_add(loss, fx_sum(fx_square(g)));
        }
        ok = fx_backward(loss, .create_graph = m->kind == HIGHER) == FX_OK;
        FX_NO_GRAD (cx)
            for (int i = 0; i < 2; i++) {
                fx_sub_(m->w[i], fx_mul(fx_grad(m->w[i]), 0.01));
                fx_sub_(m->b[i], fx_mul(fx_grad(m->b[i]), 0.01));
            }
        for (int i = 0; i < 2; i++) fx_clear_grad(m->w[i]), fx_clear_grad(m->b[i]);
    }
    return ok && fx_error(cx) == FX_OK;
}

static bool model_init(model *m, fx_context *cx, int kind)
{
    *m = (model){ .cx = cx, .kind = kind };
    m->w[0] = fx_parameter(fx_randn(cx, FX_F64, 10, 12)), m->b[0] = fx_parameter(fx_zeros(cx, FX_F64, 12));
    m->w[1] = fx_parameter(fx_randn(cx, FX_F64, 12, 3)), m->b[1] = fx_parameter(fx_zeros(cx, FX_F64, 3));
    m->x = fx_randn(cx, FX_F64, 8, 10), m->target = fx_randn(cx, FX_F64, 8, 3);
    return fx_error(cx) == FX_OK;
}

Test(allocation, a_steady_step_calls_nobody)
{
    for (int kind = 0; kind < KINDS; kind++) {
        fx_context *cx = context_new();
        model m;
        cr_assert(model_init(&m, cx, kind));
        for (int i = 0; i < 4; i++) cr_assert(step(&m), "%s", fx_error_message(cx));
        fx_stats before = fx_context_stats(cx);
        calls = 0, counting = true;
        for (int i = 0; i < 10; i++) step(&m);
        counting = false;
        fx_stats after = fx_context_stats(cx);
        cr_assert(calls == 0, "kind %d: %ld calls to malloc", kind, calls);
        cr_assert(after.system_allocations == before.system_allocations, "kind %d", kind);
        cr_assert(after.tensor_bytes == before.tensor_bytes && after.pool_bytes == before.pool_bytes,
                  "kind %d", kind);
        cr_assert(after.nodes == 0 && after.captured_bytes == 0, "kind %d", kind);
        context_end(cx);
    }
#if COUNTS_MALLOC
    counting = true; /* the counter counts */
    calls = 0;
    void *volatile block = malloc(10);
    free(block);
    counting = false;
    cr_assert(calls == 1);
#endif
}

/* ---- calls that fail ----------------------------------------------------------------------------------- */

typedef struct market {
    long left, live, bytes;
    bool once; /* only one call fails; otherwise all after it do, too */
} market;

static void *buy(void *data, size_t bytes)
{
    market *m = data;
    if (m->left-- == 0 || (!m->once && m->left < 0)) return NULL;
    void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (memory) m->live++, m->bytes += (long)bytes;
    return memory;
}
static void sell(void *data, void *memory, size_t bytes)
{
    market *m = data;
    if (memory) m->live--, m->bytes -= (long)bytes;
    free(memory);
}

/* Runs until the n-th call, which fails; then the context must still work. True if no call failed. */
static bool fails_at(long n, int kind, bool once)
{
    market shop = { .left = n, .once = once };
    fx_context *cx =
        fx_context_new(.threads = 1, .dtype = FX_F64, .seed = 1, .allocator = { buy, sell, &shop });
    if (!cx) {
        cr_assert(shop.live == 0);
        return false;
    }
    model m;
    bool made = model_init(&m, cx, kind), ok = made && step(&m) && step(&m);
    cr_assert(ok == (fx_error(cx) == FX_OK), "kind %d, call %ld: %s", kind, n, fx_error_message(cx));
    bool failed = shop.left < 0;
    cr_assert(ok || fx_error(cx) == FX_ERROR_MEMORY, "kind %d, call %ld: %s", kind, n, fx_error_message(cx));
    cr_assert(!ok || !failed, "kind %d: call %ld failed unnoticed", kind, n);
    cr_assert(fx_context_stats(cx).scopes == 1 && fx_get_grad_mode(cx) == FX_GRAD_ON);
    /* with memory again, it goes on */
    shop.left = 1L << 40;
    fx_error_clear(cx);
    if (!made) cr_assert(model_init(&m, cx, kind));
    for (int i = 0; i < 2; i++) fx_clear_grad(m.w[i]), fx_clear_grad(m.b[i]);
    /* where the scope itself could not be opened, its block belonged to the scope around */
    int64_t nodes = fx_context_stats(cx).nodes, captured = fx_context_stats(cx).captured_bytes;
    cr_assert(step(&m), "kind %d, after call %ld: %s", kind, n, fx_error_message(cx));
    cr_assert(fx_context_stats(cx).nodes == nodes && fx_context_stats(cx).captured_bytes == captured);
    fx_context_free(cx);
    cr_assert(shop.live == 0 && shop.bytes == 0, "kind %d, call %ld: %ld blocks are left", kind, n,
              shop.live);
    return !failed;
}

Test(allocation, whichever_fails_is_an_error_and_no_more)
{
    for (int kind = 0; kind < KINDS; kind++)
        for (int once = 0; once < 2; once++) {
            long n = 0;
            while (n < 2000 && !fails_at(n, kind, once)) n++;
            cr_assert(n > 5 && n < 2000, "kind %d: %ld calls", kind, n);
        }
}

/* Gradients are added all or not at all when memory runs out on the way. */
Test(allocation, leaves_change_together)
{
    bool failed = false, done = false;
    for (long n = 0; !done && n < 500; n++) {
        market shop = { .left = 1L << 40 };
        fx_context *cx =
            fx_context_new(.threads = 1, .dtype = FX_F64, .seed = 1, .allocator = { buy, sell, &shop });
        fx_tensor *leaf[5], *sum = NULL;
        for (int i = 0; i < 5; i++) {
            leaf[i] = fx_parameter(fx_ones(cx, FX_F64, 100 * (i + 1)));
            fx_tensor *part = fx_sum(fx_exp(leaf[i]));
            sum = sum ? fx_add(sum, part) : part;
        }
        shop.left = n;
        done = fx_backward(sum) == FX_OK;
        int changed = 0;
        for (int i = 0; i < 5; i++) changed += fx_grad(leaf[i]) != NULL;
        cr_assert(changed == (done ? 5 : 0), "call %ld: %d of 5 leaves changed", n, changed);
        failed |= !done;
        fx_error_clear(cx);
        fx_context_free(cx);
        cr_assert(shop.live == 0);
    }
    cr_assert(done && failed);
}

Test(allocation, sizes_that_do_not_fit)
{
    fx_context *cx = context_new();
    cr_assert(fx_zeros(cx, FX_F64, INT64_MAX / 4, 2) == NULL);
    REFUSED(cx, MEMORY, "does not fit in memory");
    cr_assert(fx_zeros(cx, FX_F64, 1 << 30, 1 << 30, 1 << 30) == NULL);
    REFUSED(cx, MEMORY, "does not fit in memory");
    cr_assert(fx_expand(fx_ones(cx, FX_F64, 1, 1), 1LL << 40, 1LL << 40) == NULL);
    fx_error_clear(cx);
    cr_assert(fx_zeros(cx, FX_F64, 1LL << 50) == NULL);
    REFUSED(cx, MEMORY, "out of memory");
    cr_assert(fx_zeros(cx, FX_F64, -1) == NULL);
    REFUSED(cx, SHAPE, "negative");
    context_end(cx);
}

/* What lives, scope by scope. */
Test(allocation, the_report_says_what_lives)
{
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 100));
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    const char *here = place(__FILE__, __LINE__ + 1);
    FX_SCOPE (cx) {
        fx_tensor *y = fx_exp(x);
        fx_memory_report(cx, file);
        fx_stats s = fx_context_stats(cx);
        cr_assert(y && s.scopes == 2 && s.nodes == 1 && s.captured_bytes == 800 && s.tensor_bytes == 1600);
    }
    fclose(file);
    cr_assert(strstr(text, here) && strstr(text, "(the context)") && strstr(text, "800"), "%s", text);
    free(text);
    int64_t before = fx_context_stats(cx).pool_bytes;
    fx_context_trim(cx);
    cr_assert(fx_context_stats(cx).pool_bytes < before);
    cr_assert(fx_backward(fx_sum(fx_exp(x))) == FX_OK);
    context_end(cx);
}

/* A closure may not read past its node, wherever in a block of the arena that ends: what is not in use there
 * is poisoned, so AddressSanitizer sees it. */
Test(arena, closures_read_no_more_than_their_node)
{
    for (int before = 500; before < 600; before++) {
        fx_context *cx = fx_context_new(.threads = 1);
        fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 4));
        for (int i = 0; i < before; i++) fx_full(cx, FX_F64, 1, 1);
        for (int i = 0; i < 30; i++) {
            fx_tensor *y = fx_neg(fx_slice(x, 0, i % 4, i % 4 + 1, 1));
            cr_assert(fx_backward(y) == FX_OK, "%s", fx_error_message(cx));
        }
        context_end(cx);
    }
}
