/* Rule V10, from bytes: a graph of any functions of the registry, views, writes in place, detached tensors,
 * blocks without gradients. The result is an error that names a line, or what the functional program gives.
 *
 * Two contexts run the program side by side. One runs it as it stands. The other knows neither views nor
 * writes: memory is a flat tensor, reading it is fx_take(), writing it gives the memory a new flat tensor by
 * fx_put(). A detached tensor shares numbers and not history, so memory has a flat tensor for each history: a
 * write through one of them renews the numbers of the others and leaves their derivatives.
 */
#include "graphs.h"
#include <math.h>
#include <string.h>

/* ---- gradients ----------------------------------------------------------------------------------------- */

static void compare(program *p, const fx_tensor *is, const fx_tensor *should, const char *what)
{
    const int64_t n = should ? fx_numel(should) : is ? fx_numel(is) : 0;
    double *a = calloc((size_t)n + 1, sizeof *a), *b = calloc((size_t)n + 1, sizeof *b), most = 1;
    bool finite = true;
    if (is) fx_copy_out(is, FX_F64, a);
    if (should) fx_copy_out(should, FX_F64, b);
    for (int64_t i = 0; i < n; i++) {
        finite = finite && isfinite(a[i]) && isfinite(b[i]);
        most = fmax(most, fabs(b[i]));
    }
    for (int64_t i = 0; finite && i < n; i++)
        if (fabs(a[i] - b[i]) > 1e-7 * most)
            FINDING(p, "%s [%d] is %.17g, not %.17g", what, (int)i, a[i], b[i]);
    free(a);
    free(b);
}

/* Both programs' gradients of a weighted sum; with `twice` those of the gradients' squares, too. */
static fuzz_verdict differentiate(program *p, fx_tensor *loss, fx_tensor *functional_loss, bool twice)
{
    fx_tensor *g[2] = { NULL }, *h[2] = { NULL };
    const fx_list x = { 2, p->leaf }, y = { 2, p->functional_leaf };
    const char *what = "gradient";
    for (int order = 1; order <= 1 + twice; order++, what = "second gradient") {
        const bool create = order == 1 && twice;
        fx_status status = FX_OK, other = FX_OK;
        const bool depends = fx_requires_grad(loss), should = fx_requires_grad(functional_loss);
        if (depends)
            status = fx_gradients(g, .output = loss, .inputs = x, .create_graph = create,
                                  .materialize_grads = true);
        if (status) {
            const fx_status code = fx_error(p->as_written);
            fuzz_clear(p, p->as_written);
            if (code == FX_ERROR_MODIFIED) return FUZZ_MODIFIED;
            if (code == FX_ERROR_MEMORY && p->failing) return FUZZ_REFUSED;
            if (should && fx_gradients(h, .output = functional_loss, .inputs = y) == status)
                return FUZZ_REFUSED;
            FINDING(p, "%s: status %d", what, (int)status);
        }
        if (should)
            other = fx_gradients(h, .output = functional_loss, .inputs = y, .create_graph = create,
                                 .materialize_grads = true);
        if (other) FINDING(p, "%s of the functional program", what);
        for (int i = 0; i < 2; i++) compare(p, depends ? g[i] : NULL, should ? h[i] : NULL, what);
        if (!depends) return FUZZ_CONSTANT;
        if (!create || !should) break;
        if (!fuzz_moderate(g[0]) || !fuzz_moderate(g[1])) break;
        loss = fx_add(fx_sum(fx_square(g[0])), fx_sum(fx_square(g[1])));
        functional_loss = fx_add(fx_sum(fx_square(h[0])), fx_sum(fx_square(h[1])));
        if (!loss) {
            fuzz_clear(p, p->as_written);
            return FUZZ_REFUSED;
        }
    }
    return FUZZ_RIGHT;
}

static fuzz_verdict finish(program *p)
{
    fx_tensor *loss = NULL, *other = NULL;
    const bool twice = draw(&p->in, 2);
    for (int i = 0; i < p->count; i++) {
        fx_tensor *x = p->items[i].x, *y = fuzz_read(p, &p->items[i]);
        if (!fuzz_same_numbers(x, y)) FINDING(p, "the numbers of item %d", i);
        const double weight = 0.5 + draw(&p->in, 8);
        fx_tensor *part = fx_mul(fx_sum(x), weight);
        loss = loss ? fx_add(loss, part) : part;
        part = fx_mul(fx_sum(y), weight);
        other = other ? fx_add(other, part) : part;
    }
    if (!other) FINDING(p, "the functional program fails");
    if (!loss) {
        fuzz_clear(p, p->as_written);
        return FUZZ_REFUSED;
    }
    return differentiate(p, loss, other, twice);
}

/* ---- a program ----------------------------------------------------------------------------------------- */

typedef struct memory {
    int64_t left, live;
} memory;

static void *take(void *data, size_t size)
{
    memory *m = data;
    if (m->left-- <= 0) return NULL;
    m->live++;
    return aligned_alloc(64, (size + 63) / 64 * 64);
}

static void give_back(void *data, void *at, size_t size)
{
    (void)size;
    ((memory *)data)->live -= at != NULL;
    free(at);
}

static bool begin(program *p)
{
    static const int64_t sizes[2][2] = { { 3, 4 }, { 5, 0 } };
    for (int i = 0; i < 2; i++) {
        const fx_dims shape = { .given = true, .count = 2 - i, .at = { sizes[i][0], sizes[i][1] } };
        double numbers[12];
        for (int k = 0; k < 12; k++) numbers[k] = 0.3 + 0.1 * ((5 * k + 3 * i) % 12);
        p->leaf[i] = fx_parameter(fx_from_at(p->as_written, FX_F64, numbers, shape, FX_HERE));
        p->functional_leaf[i] = fx_parameter(fx_from_at(p->functional, FX_F64, numbers, shape, FX_HERE));
        if (!p->leaf[i]) return false;
        p->recording = true;
        fuzz_push(p, p->leaf[i], p->functional_leaf[i]);
        fx_tensor *result = fx_mul(p->leaf[i], 0.75);
        if (!result) return false;
        fuzz_push(p, result, fx_mul(p->functional_leaf[i], 0.75));
    }
    return true;
}

fuzz_verdict fuzz_one(const uint8_t *data, size_t size)
{
    program *p = calloc(1, sizeof *p);
    if (!p) return FUZZ_REFUSED;
    p->in = (bytes){ data, data + size };
    p->trace = getenv("FX_FUZZ_TRACE") != NULL;
    TRACE(p, "---- a program of %d bytes\n", (int)size);
    const unsigned options = draw(&p->in, 0);
    /* memory ends at some allocation, or never */
    memory m = { .left = INT64_MAX };
    p->failing = options % 8 == 7;
    if (p->failing) m.left = draw(&p->in, 0);
    fuzz_verdict verdict = FUZZ_REFUSED;
    p->as_written = fx_context_new(.threads = 1, .allocator = { take, give_back, &m });
    p->functional = fx_context_new(.threads = 1);
    if (p->as_written && p->functional) {
        fx_set_allow_mutation_on_saved_tensors(p->as_written, options & 16);
        if (begin(p)) {
            for (int i = 0; i < STEPS && p->in.at < p->in.end && !p->stop; i++) fuzz_step(p);
            if (!p->failing || !p->stop) verdict = finish(p);
            if (verdict == FUZZ_RIGHT && !p->done) verdict = FUZZ_CONSTANT;
        }
        fuzz_clear(p, p->as_written);
    }
    fx_context_free(p->as_written);
    if (m.live) FINDING(p, "%d allocations are left", (int)m.live);
    fx_context_free(p->functional);
    free(p);
    return verdict;
}
