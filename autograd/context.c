/* Contexts: made, asked, ended; modes. */
#include "context.h"
#include "owned.h"
#include <stdlib.h>
#include <unistd.h>

static void *default_alloc(void *data, size_t bytes)
{
    (void)data;
    return aligned_alloc(FX__ALIGNMENT, (bytes + FX__ALIGNMENT - 1) & ~(size_t)(FX__ALIGNMENT - 1));
}

static void default_free(void *data, void *memory, size_t bytes)
{
    (void)data, (void)bytes;
    free(memory);
}

static int default_threads(void)
{
    const char *text = getenv("OMP_NUM_THREADS");
    int n = text ? atoi(text) : 0;
    if (n < 1) n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n;
}

fx_context *fx_context_new_with(fx_context_options options)
{
    fx_allocator a = options.allocator;
    if (!a.alloc || !a.free) a = FX_LITERAL(fx_allocator){ default_alloc, default_free, NULL };
    fx_context *cx = a.alloc(a.data, sizeof *cx);
    if (!cx) return NULL;
    memset(cx, 0, sizeof *cx);
    cx->allocator = a;
    cx->thread = &fx__thread_tag;
    cx->dtype = fx_dtype_is_float(options.dtype) ? options.dtype : FX_F32;
    cx->threads = options.threads > 0 ? options.threads : default_threads();
    cx->random.seed = options.seed;
    cx->stats.system_allocations = 1;
    cx->stats.pool_bytes = (int64_t)sizeof *cx;
    fx__scopes_init(cx);
    return cx;
}

void fx_context_free(fx_context *cx)
{
    if (!cx) return;
    cx->thread = &fx__thread_tag;
    while (cx->saved_hooks) fx_pop_saved_hooks(cx);
    cx->floor = NULL;
    fx__memory_finish(cx);
    for (fx_saved_hooks_entry *e = cx->free_hooks, *next; e; e = next) {
        next = e->next;
        fx__system_free(cx, e, sizeof *e);
    }
    cx->allocator.free(cx->allocator.data, cx, sizeof *cx);
}

int fx_finish(fx_context *cx)
{
    if (!cx) return 1;
    bool failed = fx_error(cx) != FX_OK;
    if (failed) fprintf(stderr, "%s\n", fx_error_message(cx));
    fx_context_free(cx);
    return failed;
}

void fx_context_adopt(fx_context *cx)
{
    if (cx) cx->thread = &fx__thread_tag;
}

int fx_threads(const fx_context *cx) { return cx ? cx->threads : 1; }
void fx_set_threads(fx_context *cx, int threads)
{
    if (cx) cx->threads = threads > 0 ? threads : default_threads();
}
fx_dtype fx_default_dtype(const fx_context *cx) { return cx ? cx->dtype : FX_F32; }
bool fx__zero_safe(const fx_context *cx) { return cx->zero_safe; }
void fx_set_zero_safe(fx_context *cx, bool on)
{
    if (cx) cx->zero_safe = on;
}

void fx_set_allow_mutation_on_saved_tensors(fx_context *cx, bool on)
{
    if (cx) cx->copy_on_write = on;
}

void fx_set_nan_trace(fx_context *cx, fx_nan_trace trace)
{
    if (!cx) return;
    cx->nan_trace = trace;
    cx->tracing = trace.on;
}

/* ---- modes --------------------------------------------------------------------------------------------- */

fx_grad_mode fx_get_grad_mode(const fx_context *cx) { return cx ? (fx_grad_mode)cx->mode : FX_GRAD_OFF; }

fx_mode fx_mode_push(fx_context *cx, fx_grad_mode mode)
{
    fx_mode m = { cx, fx_get_grad_mode(cx) };
    if (cx) cx->mode = (uint8_t)mode;
    return m;
}

void fx_mode_pop(fx_mode *mode)
{
    if (!mode) return;
    if (mode->cx) mode->cx->mode = (uint8_t)mode->before;
    mode->cx = NULL;
}

/* ---- stats --------------------------------------------------------------------------------------------- */

fx_stats fx_context_stats(const fx_context *cx)
{
    if (!cx) return FX_LITERAL(fx_stats){ 0 };
    fx_stats stats = cx->stats;
    for (const fx_memory_scope *s = cx->scope; s; s = s->parent) stats.scopes++;
    return stats;
}

void fx_stats_reset_peak(fx_context *cx)
{
    if (cx) cx->stats.peak_bytes = cx->stats.tensor_bytes;
}

void fx_memory_report(const fx_context *cx, FILE *file)
{
    if (!cx || !file) return;
    fprintf(file, "%-32s %8s %8s %14s %14s\n", "scope opened at", "nodes", "buffers", "bytes", "captured");
    for (const fx_memory_scope *s = cx->scope; s; s = s->parent) {
        int64_t count = 0, bytes = 0, captured = 0;
        for (const fx_buffer *b = s->buffers; b; b = b->next) {
            count++;
            bytes += (int64_t)b->bytes;
            if (b->captures) captured += (int64_t)b->bytes;
        }
        char place[64] = "(the context)";
        const char *slash = s->where.file ? strrchr(s->where.file, '/') : NULL;
        if (s->parent)
            snprintf(place, sizeof place, "%s:%d",
                     slash           ? slash + 1
                     : s->where.file ? s->where.file
                                     : "?",
                     s->where.line);
        fprintf(file, "%-32s %8lld %8lld %14lld %14lld\n", place, (long long)s->nodes, (long long)count,
                (long long)bytes, (long long)captured);
    }
    fprintf(file, "taken from the system: %lld bytes in %lld calls\n", (long long)cx->stats.pool_bytes,
            (long long)cx->stats.system_allocations);
}
