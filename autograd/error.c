/* Errors and warnings: the first failure of a context stands until it is cleared, later ones are only
 * counted. */
#include "context.h"
#include "owned.h"
#include <stdarg.h>

_Thread_local char fx__thread_tag __attribute__((tls_model("initial-exec")));

const char *fx_status_text(fx_status code)
{
    static const char *const text[] = {
#define TEXT(name, words) [FX_##name] = words,
        FX_STATUS_LIST(TEXT)
#undef TEXT
    };
    return (unsigned)code < sizeof text / sizeof *text ? text[code] : "unknown status";
}

const char *fx__base_name(const char *path)
{
    if (!path) return "?";
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void set_error(fx_context *cx, fx_status code, fx_where where, const char *what, const char *format,
                      va_list list)
{
    cx->failures++;
    if (cx->error != FX_OK) return;
    cx->error = code;
    int n = 0;
    if (where.file)
        n = snprintf(cx->message, sizeof cx->message, "%s:%d: ", fx__base_name(where.file), where.line);
    if (what && n >= 0 && (size_t)n < sizeof cx->message)
        n += snprintf(cx->message + n, sizeof cx->message - (size_t)n, "%s: ", what);
    if (n >= 0 && (size_t)n < sizeof cx->message)
        vsnprintf(cx->message + n, sizeof cx->message - (size_t)n, format, list);
}

fx_status fx_error_set(fx_context *cx, fx_status code, fx_where where, const char *format, ...)
{
    if (!cx) return code;
    va_list list;
    va_start(list, format);
    set_error(cx, code, where, NULL, format, list);
    va_end(list);
    return code;
}

bool fx_call_fail(const fx_call *c, fx_status code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    set_error(c->cx, code, c->where, c->op->name, format, list);
    va_end(list);
    return false;
}

bool fx__wrong_thread(fx_context *cx, fx_where where)
{
    /* The context may be in use right now, so nothing of it can be touched but by its owner: the report goes
     * through the one field that is written atomically, and the owner finds it with the next fx_error(). */
    (void)where;
    if (!cx->thread) return false; /* halted: a checkpoint that has what it needs (checkpoint.c) */
    __atomic_store_n(&cx->stranger, true, __ATOMIC_RELAXED);
    return false;
}

/* The error is the owner's, who may be writing it. */
static bool is_stranger(const fx_context *cx) { return cx->thread && cx->thread != &fx__thread_tag; }

fx_status fx_error(const fx_context *cx)
{
    if (!cx) return FX_ERROR_ARGUMENT;
    if (is_stranger(cx)) return FX_ERROR_THREAD;
    if (cx->error == FX_OK && __atomic_load_n(&cx->stranger, __ATOMIC_RELAXED)) return FX_ERROR_THREAD;
    return cx->error;
}

const char *fx_error_message(const fx_context *cx)
{
    if (!cx) return "there is no context";
    if (is_stranger(cx) || (cx->error == FX_OK && __atomic_load_n(&cx->stranger, __ATOMIC_RELAXED)))
        return "a context was used by a thread that does not hold it: see fx_context_adopt()";
    return cx->message;
}

void fx_error_clear(fx_context *cx)
{
    if (!cx) return;
    cx->error = FX_OK;
    cx->message[0] = '\0';
    __atomic_store_n(&cx->stranger, false, __ATOMIC_RELAXED);
}

uint64_t fx__failures(const fx_context *cx) { return cx->failures; }

void fx_on_warning(fx_context *cx, fx_warning_function *function, void *data)
{
    if (!cx) return;
    cx->warning = function;
    cx->warning_data = data;
}

int64_t fx_warning_count(const fx_context *cx) { return cx ? cx->warnings : 0; }

void fx__warn(fx_context *cx, const char *format, ...)
{
    cx->warnings++;
    if (!cx->warning) return;
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    cx->warning(cx->warning_data, text);
}

const char *fx__dims_text(fx_context *cx, int ndim, const int64_t *size)
{
    char *text = cx->shape_text[cx->shape_text_next++ % FX__SHAPE_TEXTS];
    size_t n = 1;
    text[0] = '(';
    for (int i = 0; i < ndim && n < FX__SHAPE_TEXT - 24; i++)
        n += (size_t)snprintf(text + n, FX__SHAPE_TEXT - n, i ? ", %lld" : "%lld", (long long)size[i]);
    snprintf(text + n, FX__SHAPE_TEXT - n, ndim == 1 ? ",)" : ")");
    return text;
}

const char *fx__shape_text(const fx_tensor *x) { return fx__dims_text(x->cx, x->ndim, x->size); }
