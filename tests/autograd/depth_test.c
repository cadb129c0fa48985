/* Depth, width, memory, determinism, threads (rules D1 to D3, T1 to T5).
 *
 * Under AddressSanitizer the graphs are a tenth of the size, in a stack of 512 KiB: its frames are larger.
 */
#include "support.h"

#include <pthread.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { DEEP = 100000, SIDE = 300, STACK = 512 << 10, SANITIZED = 1 };
#else
enum { DEEP = 1000000, SIDE = 1000, STACK = 64 << 10, SANITIZED = 0 };
#endif

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void on_small_stack(void *(*function)(void *), void *data)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    cr_assert(pthread_attr_setstacksize(&attr, STACK) == 0);
    pthread_t thread;
    cr_assert(pthread_create(&thread, &attr, function, data) == 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attr);
}

/* ---- D1, D2 -------------------------------------------------------------------------------------------- */

typedef struct graph {
    int size;
    bool backward;
    double seconds;
    double bytes; /* a node */
} graph;

static void *chain(void *data)
{
    graph *g = data;
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_scalar(cx, FX_F64, 1)), *one = fx_scalar(cx, FX_F64, 1);
    fx_backward(fx_mul(x, one));
    fx_clear_grad(x);
    int64_t before = fx_context_stats(cx).pool_bytes;
    double start = seconds();
    FX_SCOPE (cx) {
        fx_tensor *h = x;
        for (int i = 0; i < g->size; i++) h = i % 2 ? fx_mul(h, one) : fx_add(h, one);
        cr_assert(fx_context_stats(cx).nodes >= g->size);
        if (g->backward) {
            cr_assert(fx_backward(h) == FX_OK, "%s", fx_error_message(cx));
            cr_assert(number(fx_grad(x), 0) == 1);
        }
        g->bytes = (double)(fx_context_stats(cx).pool_bytes - before) / g->size;
    }
    g->seconds = seconds() - start;
    cr_assert(fx_context_stats(cx).nodes <= 1);
    context_end(cx);
    return NULL;
}

Test(depth, a_chain_of_a_million_nodes)
{
    graph small = { DEEP / 10, true, 0, 0 }, large = { DEEP, true, 0, 0 }, unused = { DEEP, false, 0, 0 };
    on_small_stack(chain, &small);
    on_small_stack(chain, &large);
    on_small_stack(chain, &unused);
    cr_log_info("%d nodes: %.0f ns and %.1f bytes a node; %d: %.0f ns", large.size,
                1e9 * large.seconds / large.size, large.bytes, small.size, 1e9 * small.seconds / small.size);
    cr_assert(large.seconds < 10 * 4 * small.seconds + 0.1, "not linear: %g s and %g s", small.seconds,
              large.seconds);
    /* blocks of an arena double up to 4 MiB, so the last one may be empty */
    cr_assert(large.bytes <= 200 + 4.2e6 / large.size, "%g bytes a node", large.bytes);
}

static void *lattice(void *data)
{
    graph *g = data;
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_scalar(cx, FX_F64, 1));
    double start = seconds();
    FX_SCOPE (cx) {
        fx_tensor **row = calloc((size_t)g->size + 1, sizeof *row);
        for (int i = 0; i < g->size; i++)
            for (int k = 0; k < g->size; k++) {
                fx_tensor *above = row[k] ? row[k] : x, *left = k ? row[k - 1] : x;
                row[k] = fx_mul(fx_add(above, left), 0.5);
            }
        cr_assert(fx_backward(row[g->size - 1]) == FX_OK, "%s", fx_error_message(cx));
        free(row);
    }
    g->seconds = seconds() - start;
    /* all paths lead to x, and weigh one together */
    cr_assert(fabs(number(fx_grad(x), 0) - 1) < 1e-9, "%.17g", number(fx_grad(x), 0));
    cr_assert(fx_context_stats(cx).nodes == 0);
    context_end(cx);
    return NULL;
}

Test(depth, a_lattice_of_diamonds)
{
    graph small = { SIDE / 4, true, 0, 0 }, large = { SIDE, true, 0, 0 };
    on_small_stack(lattice, &small);
    on_small_stack(lattice, &large);
    cr_log_info("%d by %d: %g s", large.size, large.size, large.seconds);
    cr_assert(large.seconds < 16 * 4 * small.seconds + 0.1, "not linear: %g s and %g s", small.seconds,
              large.seconds);
}

static void *wide(void *data)
{
    graph *g = data;
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_scalar(cx, FX_F64, 3));
    double start = seconds();
    FX_SCOPE (cx) {
        fx_tensor *h = fx_mul(x, 2), *sum = h;
        for (int i = 1; i < g->size; i++) sum = fx_add(sum, h);
        cr_assert(fx_backward(sum) == FX_OK);
        cr_assert(number(fx_grad(x), 0) == 2.0 * g->size);
        /* and as many roots */
        int roots = g->size / 20;
        cr_assert(roots > 0);
        fx_tensor **at = malloc(sizeof(fx_tensor *) * (size_t)roots);
        for (int i = 0; i < roots; i++) at[i] = fx_mul(h, 1);
        cr_assert(fx_backward(NULL, .roots = { roots, at }) == FX_OK);
        free(at);
        cr_assert(number(fx_grad(x), 0) == 2.0 * (g->size + roots));
    }
    g->seconds = seconds() - start;
    context_end(cx);
    return NULL;
}

Test(depth, a_node_with_a_million_consumers)
{
    graph small = { DEEP / 10, true, 0, 0 }, large = { DEEP, true, 0, 0 };
    on_small_stack(wide, &small);
    on_small_stack(wide, &large);
    cr_assert(large.seconds < 10 * 4 * small.seconds + 0.1, "not linear: %g s and %g s", small.seconds,
              large.seconds);
}

/* a chain through scopes that a layer opens and absorbs, and through views */
static void *layered(void *data)
{
    graph *g = data;
    fx_context *cx = context_new();
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, 20));
    FX_SCOPE (cx) {
        fx_tensor *h = x;
        for (int i = 0; i < g->size; i++)
            FX_SCOPE (cx) h = fx_keep(fx_reshape(fx_mul(h, 1), 4, 5)), h = fx_keep(fx_reshape(h, 20));
        cr_assert(fx_backward(fx_sum(h)) == FX_OK, "%s", fx_error_message(cx));
        ALL(fx_grad(x), 1);
    }
    cr_assert(fx_context_stats(cx).nodes == 0 && fx_context_stats(cx).captured_bytes == 0);
    context_end(cx);
    return NULL;
}
Test(depth, many_absorbed_scopes)
{
    graph g = { DEEP / 20, true, 0, 0 };
    on_small_stack(layered, &g);
}

/* ---- D3 ------------------------------------------------------------------------------------------------ */

static void train_step(fx_context *cx, fx_tensor *w, fx_tensor *b, fx_tensor *x)
{
    FX_SCOPE (cx) {
        fx_tensor *h = fx_tanh(fx_add(fx_matmul(x, w), b)), *loss = fx_mean(fx_square(h));
        cr_assert(fx_backward(loss) == FX_OK);
        FX_NO_GRAD (cx) {
            fx_sub_(w, fx_mul(fx_grad(w), 0.01));
            fx_sub_(b, fx_mul(fx_grad(b), 0.01));
        }
        fx_clear_grad(w), fx_clear_grad(b);
    }
}

Test(memory, is_flat_over_training)
{
    fx_context *cx = context_new();
    fx_tensor *w = fx_parameter(fx_randn(cx, FX_F64, 20, 20)), *b = fx_parameter(fx_zeros(cx, FX_F64, 20)),
              *x = fx_randn(cx, FX_F64, 8, 20);
    for (int i = 0; i < 3; i++) train_step(cx, w, b, x);
    fx_stats before = fx_context_stats(cx);
    for (int i = 0; i < (SANITIZED ? 300 : 5000); i++) train_step(cx, w, b, x);
    fx_stats after = fx_context_stats(cx);
    cr_assert(after.tensor_bytes == before.tensor_bytes && after.pool_bytes == before.pool_bytes);
    cr_assert(after.nodes == 0 && after.captured_bytes == 0 && after.scopes == 1);
    cr_assert(after.system_allocations == before.system_allocations);
    context_end(cx);
}

Test(memory, the_pass_frees_as_it_goes)
{
    fx_context *cx = context_new();
    enum { N = 10000, LAYERS = 20 };
    fx_tensor *x = fx_parameter(fx_ones(cx, FX_F64, N));
    FX_SCOPE (cx) {
        fx_tensor *h = x;
        for (int i = 0; i < LAYERS; i++)
            FX_SCOPE (cx) h = fx_keep(fx_exp(fx_mul(h, 0.1)));
        int64_t forward = fx_context_stats(cx).tensor_bytes;
        fx_stats_reset_peak(cx);
        cr_assert(fx_backward(fx_sum(h)) == FX_OK);
        int64_t peak = fx_context_stats(cx).peak_bytes;
        cr_assert(peak <= forward + 3 * 8 * N, "the pass took %g activations",
                  (double)(peak - forward) / (8 * N));
    }
    context_end(cx);
}

/* ---- T1 to T5 ------------------------------------------------------------------------------------------ */

static uint64_t model(int threads, int features)
{
    fx_context *cx = fx_context_new(.threads = threads, .dtype = FX_F64, .seed = 5);
    fx_tensor *w = fx_parameter(fx_randn(cx, FX_F64, features, features)),
              *x = fx_parameter(fx_randn(cx, FX_F64, features, features));
    uint64_t digest = 0;
    for (int i = 0; i < 3; i++) {
        FX_SCOPE (cx) {
            fx_tensor *y = fx_sum(fx_tanh(fx_matmul(x, w))), *z = fx_add(y, fx_sum(fx_exp(fx_mul(x, 0.1))));
            cr_assert(fx_backward(z) == FX_OK);
            digest = digest * 31 + fx_digest(z);
        }
    }
    digest ^= fx_digest(fx_grad(w)) * 7 + fx_digest(fx_grad(x));
    cr_assert(fx_error(cx) == FX_OK);
    fx_context_free(cx);
    return digest;
}

static void *model_in_a_thread(void *data)
{
    *(uint64_t *)data = model(1, 40);
    return NULL;
}

/* T4: modes, hooks and errors are a context's, and so a thread's */
static void *another_state(void *data)
{
    bool *fine = data;
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    *fine = fx_get_grad_mode(cx) == FX_GRAD_ON && fx_error(cx) == FX_OK && fx_requires_grad(fx_exp(x)) &&
            fx_backward(fx_sum(fx_exp(x))) == FX_OK;
    fx_context_free(cx);
    return NULL;
}

static void *refuse_to_pack(void *data, fx_tensor *x)
{
    (void)data, (void)x;
    return NULL;
}
static fx_tensor *refuse_to_unpack(void *data, void *packed)
{
    (void)data, (void)packed;
    return NULL;
}

Test(threads, the_state_of_one_is_not_that_of_another)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    cr_assert(fx_push_saved_hooks(cx, (fx_saved_hooks){ refuse_to_pack, refuse_to_unpack, NULL, NULL }) ==
              FX_OK);
    cr_assert(fx_exp(x) == NULL && fx_error(cx) == FX_ERROR_USER);
    bool fine = false;
    FX_NO_GRAD (cx) {
        pthread_t thread;
        cr_assert(pthread_create(&thread, NULL, another_state, &fine) == 0);
        pthread_join(thread, NULL);
    }
    cr_assert(fine && fx_error(cx) == FX_ERROR_USER);
    fx_pop_saved_hooks(cx);
    fx_error_clear(cx);
    context_end(cx);
}

/* T1 */
Test(threads, contexts_are_independent)
{
    uint64_t alone = model(1, 40), digest[10];
    pthread_t thread[10];
    for (int i = 0; i < 10; i++)
        cr_assert(pthread_create(&thread[i], NULL, model_in_a_thread, &digest[i]) == 0);
    for (int i = 0; i < 10; i++) {
        pthread_join(thread[i], NULL);
        cr_assert(digest[i] == alone, "thread %d", i);
    }
}

/* T5 */
Test(threads, any_number_gives_the_same_bits)
{
    uint64_t one = model(1, SANITIZED ? 100 : 300);
    for (int n = 2; n <= 8; n *= 2) cr_assert(model(n, SANITIZED ? 100 : 300) == one, "%d threads", n);
}

/* T2, T3: a context is one thread's; another that uses it hears of it, and changes nothing */
typedef struct stranger {
    fx_context *cx;
    fx_tensor *x, *y;
    fx_status status, error;
    bool made;
} stranger;

static void *use_from_outside(void *data)
{
    stranger *s = data;
    s->made = fx_mul(s->x, 2) || fx_zeros(s->cx, FX_F64, 3) || fx_keep(s->x) != NULL || fx_detach(s->x) ||
              fx_add_hook(s->x, NULL, NULL, NULL) || fx_data(s->x);
    s->status = fx_backward(s->y);
    s->error = fx_error(s->cx);
    fx_clear_grad(s->x);
    fx_release(s->x);
    fx_scope scope = fx_scope_open(s->cx);
    fx_scope_close(&scope);
    return NULL;
}

Test(threads, a_stranger_is_reported)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2), *y = fx_sum(fx_square(x));
    fx_set_grad(x, VECTOR(cx, 5, 5));
    stranger s = { cx, x, y, 0, 0, false };
    pthread_t thread;
    cr_assert(pthread_create(&thread, NULL, use_from_outside, &s) == 0);
    pthread_join(thread, NULL);
    cr_assert(!s.made && s.status == FX_ERROR_THREAD && s.error == FX_ERROR_THREAD);
    REFUSED(cx, THREAD, "a context was used by a thread that does not hold it");
    NUMBERS(fx_grad(x), 5, 5);
    cr_assert(fx_backward(y) == FX_OK);
    NUMBERS(fx_grad(x), 7, 9);
    cr_assert(fx_version(x) == 0);
    context_end(cx);
}

static void *adopt(void *data)
{
    stranger *s = data;
    fx_context_adopt(s->cx);
    s->status = fx_backward(s->y);
    return NULL;
}

Test(threads, a_context_may_be_handed_over)
{
    fx_context *cx = context_new();
    fx_tensor *x = LEAF(cx, 1, 2);
    stranger s = { cx, x, fx_sum(fx_square(x)), FX_ERROR_USER, 0, false };
    pthread_t thread;
    cr_assert(pthread_create(&thread, NULL, adopt, &s) == 0);
    pthread_join(thread, NULL);
    cr_assert(s.status == FX_OK);
    fx_context_adopt(cx);
    NUMBERS(fx_grad(x), 2, 4);
    context_end(cx);
}
