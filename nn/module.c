/* The tree of modules: made, added to, walked, run.
 */
#include "module.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- making -------------------------------------------------------------------------------------------- */

static void destroy_data(void *memory)
{
    const fx_module *m = memory;
    if (m->destroy) m->destroy(m->data);
}

static const char *copied(fx_context *cx, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = fx__context_own(cx, bytes, NULL);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

fx_module *fx_module_from_at(fx_module_args args, fx_where where)
{
    (void)where;
    const char *kind = "module";
    fx_module *m = NULL;
    if (args.cx && args.kind) kind = copied(args.cx, args.kind);
    if (args.cx && kind) m = fx__context_own(args.cx, sizeof(*m), args.destroy ? destroy_data : NULL);
    if (!m) {
        if (args.destroy) args.destroy(args.data);
        return NULL;
    }
    *m = (fx_module){ .cx = args.cx,
                      .forward = args.forward,
                      .data = args.data,
                      .destroy = args.destroy,
                      .kind = kind,
                      .training = true };
    return m;
}

fx_module *fx__layer_new(fx_context *cx, const char *kind, fx_forward_function *forward, size_t bytes)
{
    if (!cx) return NULL;
    fx_module *m = fx__context_own(cx, sizeof(*m) + bytes, NULL);
    if (!m) return NULL;
    *m = (fx_module){ .cx = cx,
                      .forward = forward,
                      .data = bytes ? m + 1 : NULL,
                      .kind = kind,
                      .training = true,
                      .simple = true };
    return m;
}

/* ---- adding -------------------------------------------------------------------------------------------- */

static fx_entry *find(const fx_entries *list, const char *name, size_t length)
{
    for (fx_entry *e = list->first; e; e = e->next)
        if (strncmp(e->name, name, length) == 0 && e->name[length] == '\0') return e;
    return NULL;
}

static bool check_name(fx_module *m, const char *name, const char *function, fx_where where)
{
    if (!name || !*name) {
        fx_error_set(m->cx, FX_ERROR_ARGUMENT, where, "%s: a name is empty, or too long for fx_name()",
                     function);
        return false;
    }
    size_t length = strlen(name);
    if (!find(&m->parameters, name, length) && !find(&m->buffers, name, length) &&
        !find(&m->children, name, length))
        return true;
    fx_error_set(m->cx, FX_ERROR_ARGUMENT, where, "%s: the %s has a \"%s\" already", function, m->kind, name);
    return false;
}

static fx_entry *entry_new(fx_module *m, const char *name)
{
    size_t bytes = strlen(name) + 1;
    fx_entry *e = fx__context_own(m->cx, sizeof(*e) + bytes, NULL);
    if (e) memcpy(e->name, name, bytes);
    return e;
}

static void append(fx_entries *list, fx_entry *e)
{
    if (list->last)
        list->last->next = e;
    else
        list->first = e;
    list->last = e;
}

static bool stands_in(const fx_module *m, const fx_module *tree)
{
    if (m == tree) return true;
    for (const fx_entry *e = tree->children.first; e; e = e->next)
        if (stands_in(m, e->child)) return true;
    return false;
}

fx_module *fx_child_at(fx_module *m, const char *name, fx_module *child, fx_where where)
{
    if (!m || !child || !check_name(m, name, "child", where)) return NULL;
    if (child->cx != m->cx || stands_in(m, child)) {
        fx_error_set(m->cx, FX_ERROR_ARGUMENT, where,
                     child->cx != m->cx ? "child: \"%s\" is of another context"
                                        : "child: \"%s\" would stand in itself",
                     name);
        return NULL;
    }
    fx_entry *e = entry_new(m, name);
    if (!e) return NULL;
    e->child = child;
    append(&m->children, e);
    return child;
}

/* x, or a copy of it that lives as long as the context. */
static fx_tensor *lasting(fx_module *m, fx_tensor *x, const char *function, const char *name, fx_where where)
{
    if (fx_context_of(x) != m->cx) {
        fx_error_set(m->cx, FX_ERROR_ARGUMENT, where, "%s: \"%s\" is of another context", function, name);
        return NULL;
    }
    if (!fx_is_leaf(x)) {
        fx_error_set(m->cx, FX_ERROR_GRAPH, where,
                     "%s: \"%s\" is the result of an op, not a leaf: detach it first", function, name);
        return NULL;
    }
    if (fx__context_has(x) && fx_is_contiguous(x)) return x;
    fx_tensor *copy = fx__context_tensor(m->cx, fx_dtype_of(x), fx_ndim(x), fx_sizes(x), where);
    if (!copy || fx_numel(x) == 0) return copy;
    void *to = (void *)(uintptr_t)fx_data_const(copy);
    if (fx_copy_out_at(x, fx_dtype_of(x), to, where) == FX_OK) return copy;
    fx_release(copy);
    return NULL;
}

bool fx__layer_parameter(fx_module *m, const char *name, fx_tensor *x, fx_where where)
{
    fx_entry *e = fx_parameter_at(x, where) ? entry_new(m, name) : NULL;
    if (!e) return false;
    e->tensor = x;
    append(&m->parameters, e);
    return true;
}

fx_tensor *fx_module_parameter_at(fx_module *m, const char *name, fx_tensor *x, fx_where where)
{
    if (!m || !x || !check_name(m, name, "module_parameter", where)) return NULL;
    if (!fx_dtype_is_float(fx_dtype_of(x))) {
        fx_error_set(m->cx, FX_ERROR_DTYPE, where,
                     "module_parameter: \"%s\" is %s: only floating numbers have a gradient", name,
                     fx_dtype_name(fx_dtype_of(x)));
        return NULL;
    }
    fx_tensor *own = lasting(m, x, "module_parameter", name, where);
    return own && fx__layer_parameter(m, name, own, where) ? own : NULL;
}

fx_tensor *fx_module_buffer_at(fx_buffer_args a, fx_where where)
{
    if (!a.module || !a.x || !check_name(a.module, a.name, "module_buffer", where)) return NULL;
    fx_tensor *own = lasting(a.module, a.x, "module_buffer", a.name, where);
    fx_entry *e = own ? entry_new(a.module, a.name) : NULL;
    if (!e) return NULL;
    e->tensor = own;
    e->transient = a.transient;
    append(&a.module->buffers, e);
    return own;
}

fx_tensor *fx__layer_buffer(fx_module *m, const char *name, fx_dtype dtype, fx_dims sizes, fx_where where)
{
    fx_tensor *x = fx__context_tensor(m->cx, dtype, sizes.count, sizes.at, where);
    return fx_module_buffer_at((fx_buffer_args){ .module = m, .name = name, .x = x }, where);
}

const char *fx_name_in(fx_name_buffer *name, const char *format, ...)
{
    va_list list;
    if (!format) return name->text[0] = '\0', name->text;
    va_start(list, format);
    int length = vsnprintf(name->text, sizeof(name->text), format, list);
    va_end(list);
    if (length < 0 || (size_t)length >= sizeof(name->text)) name->text[0] = '\0';
    return name->text;
}

/* ---- asking -------------------------------------------------------------------------------------------- */

fx_context *fx_module_context(const fx_module *m) { return m ? m->cx : NULL; }
const char *fx_module_kind(const fx_module *m) { return m ? m->kind : ""; }
void *fx_module_data(const fx_module *m) { return m ? m->data : NULL; }
fx_where fx_module_where(const fx_module *m) { return m ? m->where : (fx_where){ NULL, 0 }; }

/* Names may have dots themselves: each way to cut the name is tried. */
fx_module *fx_module_child(const fx_module *m, const char *name)
{
    if (!m || !name) return NULL;
    for (const fx_entry *e = m->children.first; e; e = e->next) {
        size_t length = strlen(e->name);
        if (strncmp(e->name, name, length) != 0) continue;
        if (name[length] == '\0') return e->child;
        fx_module *below = name[length] == '.' ? fx_module_child(e->child, name + length + 1) : NULL;
        if (below) return below;
    }
    return NULL;
}

fx_tensor *fx_module_tensor(fx_module *m, const char *name)
{
    if (!m || !name) return NULL;
    const fx_entry *e = find(&m->parameters, name, strlen(name));
    if (!e) e = find(&m->buffers, name, strlen(name));
    if (e) return e->tensor;
    for (e = m->children.first; e; e = e->next) {
        size_t length = strlen(e->name);
        if (strncmp(e->name, name, length) != 0 || name[length] != '.') continue;
        fx_tensor *below = fx_module_tensor(e->child, name + length + 1);
        if (below) return below;
    }
    return NULL;
}

/* ---- walking ------------------------------------------------------------------------------------------- */

void fx_module_apply(fx_module *m, fx_module_function *function, void *data)
{
    if (!m || !function) return;
    for (fx_entry *e = m->children.first; e; e = e->next) fx_module_apply(e->child, function, data);
    function(data, m);
}

static void set_training(void *data, fx_module *m) { m->training = *(const bool *)data; }
void fx_train(fx_module *m) { fx_module_apply(m, set_training, &(bool){ true }); }
void fx_eval(fx_module *m) { fx_module_apply(m, set_training, &(bool){ false }); }
bool fx_is_training(const fx_module *m) { return m && m->training; }

int64_t fx_parameter_count(fx_module *m)
{
    int64_t count = 0;
    fx_named_list list = fx_parameters_at(m, (fx_where){ NULL, 0 });
    for (int64_t i = 0; i < list.count; i++) count += fx_numel(list.at[i].tensor);
    return count;
}

fx_status fx_module_set_requires_grad_at(fx_module *m, bool requires_grad, fx_where where)
{
    if (!m) return FX_ERROR_ARGUMENT;
    uint64_t failures = fx__failures(m->cx);
    fx_named_list list = fx_parameters_at(m, where);
    if (fx__failures(m->cx) != failures) return fx_error(m->cx);
    for (int64_t i = 0; i < list.count; i++) {
        fx_status status = fx_set_requires_grad_at(list.at[i].tensor, requires_grad, where);
        if (status != FX_OK) return status;
    }
    return FX_OK;
}

static void clear_gradients(void *data, fx_module *m)
{
    (void)data;
    for (fx_entry *e = m->parameters.first; e; e = e->next) fx_clear_grad(e->tensor);
}

void fx_module_zero_grad(fx_module *m) { fx_module_apply(m, clear_gradients, NULL); }

/* ---- running ------------------------------------------------------------------------------------------- */

static fx_tensor *run(fx_module *m, fx_tensor *x)
{
    uint64_t failures = fx__failures(m->cx);
    fx_tensor *y = m->forward(m, m->data, x);
    if (!y && fx__failures(m->cx) == failures)
        fx_error_set(m->cx, FX_ERROR_USER, m->where, "forward: the %s gave nothing, and no error", m->kind);
    return y;
}

fx_tensor *fx_forward_at(fx_module *m, fx_tensor *x, fx_where where)
{
    if (!m || !x) return NULL;
    if (!m->forward || fx_context_of(x) != m->cx) {
        fx_error_set(m->cx, FX_ERROR_ARGUMENT, where,
                     m->forward ? "forward: the input is of another context than the %s"
                                : "forward: the %s has no forward function: it only holds its children",
                     m->kind);
        return NULL;
    }
    const fx_where before = m->where;
    m->where = where;
    fx_tensor *y = NULL;
    if (m->one_op)
        y = run(m, x);
    else {
        fx_scope scope = fx_scope_open_at(m->cx, where);
        if (scope.open) y = fx_keep(run(m, x));
        fx_scope_close(&scope);
    }
    m->where = before;
    return y;
}
