/* Lists of what stands below a module, with dotted names.
 */
#include "module.h"

#include <string.h>

/* Where a module stands: the names from the root down to it. */
typedef struct path {
    const struct path *up;
    const char *name;
} path;

static size_t path_bytes(const path *p)
{
    size_t bytes = 0;
    for (; p; p = p->up) bytes += strlen(p->name) + 1; /* and the dot */
    return bytes;
}

/* Writes the names and their dots, and returns where they end. */
static char *write_path(char *at, const path *p)
{
    if (!p) return at;
    at = write_path(at, p->up);
    size_t length = strlen(p->name);
    memcpy(at, p->name, length);
    at[length] = '.';
    return at + length + 1;
}

/* A list that is being written. First all that it may hold is counted, which is too much where something
 * stands twice. */
typedef struct writer {
    fx_list_kind kind;
    fx_named *at; /* NULL: only counting */
    char *text;
    int64_t count;
    size_t bytes;
    const char *twice; /* a name that two tensors have */
} writer;

static bool listed(writer *w, const fx_tensor *x, const char *name)
{
    for (int64_t i = 0; i < w->count; i++) {
        if (strcmp(w->at[i].name, name) == 0) {
            if (w->at[i].tensor != x) w->twice = w->at[i].name;
            return true;
        }
        if (w->at[i].tensor == x && w->kind != FX__EVERY_NAME) return true;
    }
    return false;
}

static void put(writer *w, const path *p, const fx_entry *e)
{
    size_t bytes = strlen(e->name) + 1;
    if (!w->at) {
        w->count++;
        w->bytes += path_bytes(p) + bytes;
        return;
    }
    char *end = write_path(w->text, p);
    memcpy(end, e->name, bytes);
    if (listed(w, e->tensor, w->text)) return;
    w->at[w->count++] = (fx_named){ w->text, e->tensor };
    w->text = end + bytes;
}

static void put_all(writer *w, const path *p, const fx_module *m)
{
    if (w->kind != FX__BUFFERS)
        for (const fx_entry *e = m->parameters.first; e; e = e->next) put(w, p, e);
    if (w->kind != FX__PARAMETERS)
        for (const fx_entry *e = m->buffers.first; e; e = e->next)
            if (w->kind == FX__BUFFERS || !e->transient) put(w, p, e);
    for (const fx_entry *e = m->children.first; e; e = e->next) put_all(w, &(path){ p, e->name }, e->child);
}

/* All entries of a tree, and one for its root. */
static int64_t entries(const fx_module *m)
{
    int64_t count = 1;
    for (const fx_entry *e = m->parameters.first; e; e = e->next) count++;
    for (const fx_entry *e = m->buffers.first; e; e = e->next) count++;
    for (const fx_entry *e = m->children.first; e; e = e->next) count += entries(e->child);
    return count;
}

fx_named_list fx__module_list(fx_module *m, fx_list_kind kind, fx_where where)
{
    if (!m) return (fx_named_list){ 0 };
    fx_cached_list *cached = &m->lists[kind];
    const int64_t now = entries(m);
    if (cached->entries == now) return cached->list;
    const fx_named_list nothing = { 0, NULL, m->cx };
    writer w = { .kind = kind };
    put_all(&w, NULL, m);
    w.at = fx__context_own(m->cx, (size_t)w.count * sizeof(fx_named) + w.bytes + 1, NULL);
    if (!w.at) return nothing;
    w.text = (char *)(w.at + w.count);
    w.count = 0;
    put_all(&w, NULL, m);
    if (w.twice) {
        fx_error_set(m->cx, FX_ERROR_ARGUMENT, where, "the %s has two tensors of the name \"%s\"", m->kind,
                     w.twice);
        return nothing;
    }
    cached->list = (fx_named_list){ w.count, w.at, m->cx };
    cached->entries = now;
    return cached->list;
}

fx_named_list fx_parameters_at(fx_module *m, fx_where where)
{
    return fx__module_list(m, FX__PARAMETERS, where);
}
fx_named_list fx_buffers_at(fx_module *m, fx_where where) { return fx__module_list(m, FX__BUFFERS, where); }
fx_named_list fx_state_at(fx_module *m, fx_where where) { return fx__module_list(m, FX__STATE, where); }
