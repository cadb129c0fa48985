/* What references are written with: arguments by name, outputs, lanes. See reference.h. */
#include "call.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAMILY(family) extern const fx_reference fx__references_##family[];
#include "references.def"
#undef FAMILY

static const fx_reference *const families[] = {
#define FAMILY(family) fx__references_##family,
#include "references.def"
#undef FAMILY
    NULL,
};

const fx_reference *fx_reference_named(const char *name)
{
    for (int i = 0; families[i]; i++)
        for (const fx_reference *r = families[i]; r->name; r++)
            if (!strcmp(r->name, name)) return r;
    return NULL;
}

void fx__ref_stop(const fx_ref_call *c, const char *why)
{
    fprintf(stderr, "reference %s: %s\n", c->f->name, why);
    abort();
}

void fx__ref_out_of_range(const fx_ref_tensor *x, int64_t i)
{
    fprintf(stderr, "reference: index %lld of a tensor of %lld numbers\n", (long long)i, (long long)x->numel);
    abort();
}

static void *checked(void *memory)
{
    if (!memory) {
        fprintf(stderr, "reference: out of memory\n");
        abort();
    }
    return memory;
}

/* ---- a call -------------------------------------------------------------------------------------------- */

static int64_t numel_of(int ndim, const int64_t *size)
{
    int64_t n = 1;
    for (int d = 0; d < ndim; d++) n *= size[d];
    return n;
}

static fx_ref_tensor shaped(int ndim, const int64_t *size)
{
    fx_ref_tensor t = { .ndim = ndim, .numel = numel_of(ndim, size), .dtype = FX_F64 };
    for (int d = 0; d < ndim; d++) t.size[d] = size[d];
    return t;
}

/* A copy of a library's tensor: floats by way of double, integers of int64, both exact. */
static fx_ref_tensor copied(const fx_tensor *x)
{
    const fx_dtype dtype = fx_dtype_of(x), wide = fx_dtype_is_float(dtype) ? FX_F64 : FX_I64;
    fx_ref_tensor t = shaped(fx_ndim(x), fx_sizes(x));
    t.dtype = dtype;
    t.at = checked(calloc((size_t)t.numel + 1, sizeof(quad)));
    void *flat = checked(calloc((size_t)t.numel + 1, 8));
    if (fx_copy_out(x, wide, flat)) {
        fprintf(stderr, "reference: %s\n", fx_error_message(fx_context_of(x)));
        abort();
    }
    EACH (&t, i) t.at[i] = wide == FX_F64 ? (quad)((double *)flat)[i] : (quad)((int64_t *)flat)[i];
    free(flat);
    return t;
}

static void add_input(fx_ref_call *c, const fx_field *field, int position, const fx_tensor *x)
{
    if (c->inputs == FX_REF_MAX_TENSORS) fx__ref_stop(c, "too many tensors");
    fx_ref_tensor *t = &c->input[c->inputs].tensor;
    *t = copied(x);
    quad *base = checked(calloc((size_t)t->numel + 1, sizeof(quad)));
    memcpy(base, t->at, (size_t)t->numel * sizeof(quad));
    t->base = base;
    c->input[c->inputs].field = field;
    c->input[c->inputs].position = position;
    c->input[c->inputs++].handle = x;
}

static void add_number(fx_ref_call *c, const fx_field *field, double number)
{
    if (c->inputs == FX_REF_MAX_TENSORS) fx__ref_stop(c, "too many tensors");
    fx_ref_tensor *t = &c->input[c->inputs].tensor;
    *t = shaped(0, NULL);
    t->at = checked(calloc(1, sizeof(quad)));
    t->at[0] = (quad)number;
    quad *base = checked(calloc(1, sizeof(quad)));
    base[0] = t->at[0];
    t->base = base;
    c->input[c->inputs++].field = field;
}

fx_ref_call *fx__ref_call_new(const fx_function *f, const void *args, int count, fx_tensor *const *given)
{
    fx_ref_call *c = checked(calloc(1, sizeof *c));
    c->f = f;
    c->args = args;
    c->reference = fx_reference_named(f->name);
    if (!c->reference) fx__ref_stop(c, "there is none");
    for (const fx_field *field = f->fields; field->name; field++) {
        const char *at = (const char *)args + field->offset;
        if (field->type == FX_FIELD_TENSOR) {
            const fx_tensor *x = *(fx_tensor *const *)(const void *)at;
            if (x) add_input(c, field, 0, x);
        } else if (field->type == FX_FIELD_OPERAND) {
            const fx_operand o = *(const fx_operand *)(const void *)at;
            if (fx_operand_is_number(o))
                add_number(c, field, o.number);
            else if (o.tensor)
                add_input(c, field, 0, o.tensor);
        } else if (field->type == FX_FIELD_TENSORS) {
            const fx_list list = *(const fx_list *)(const void *)at;
            for (int i = 0; i < list.count; i++) add_input(c, field, i, list.at[i]);
        }
    }
    for (int k = 0; k < count && k < FX_REF_MAX_OUTPUTS; k++) c->from_library[c->given++] = copied(given[k]);
    return c;
}

static void free_work(fx_ref_call *c)
{
    for (fx_ref_block *b = c->work, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    c->work = NULL;
}

void fx__ref_call_free(fx_ref_call *c)
{
    if (!c) return;
    for (int i = 0; i < c->inputs; i++) {
        free(c->input[i].tensor.at);
        free((void *)(uintptr_t)c->input[i].tensor.base);
    }
    for (int k = 0; k < FX_REF_MAX_OUTPUTS; k++) free(c->output[k].at);
    for (int k = 0; k < c->given; k++) free(c->from_library[k].at);
    free_work(c);
    free(c);
}

void fx__ref_evaluate(fx_ref_call *c)
{
    for (fx_ref_block *b = c->work; b; b = b->next) b->used = 0;
    memset(c->made, 0, sizeof c->made);
    c->outputs = 0;
    c->reference->function(c);
    for (int k = 0; k < c->outputs; k++)
        if (!c->made[k]) fx__ref_stop(c, "an output was left out");
}

/* ---- arguments ----------------------------------------------------------------------------------------- */

static const fx_field *field_named(const fx_ref_call *c, const char *name)
{
    for (const fx_field *field = c->f->fields; field->name; field++)
        if (!strcmp(field->name, name)) return field;
    fprintf(stderr, "reference %s: the function has no argument '%s'\n", c->f->name, name);
    abort();
}

static const void *value_of(const fx_ref_call *c, const char *name, fx_field_type type)
{
    const fx_field *field = field_named(c, name);
    if (field->type != type) {
        fprintf(stderr, "reference %s: argument '%s' is of another type\n", c->f->name, name);
        abort();
    }
    return (const char *)c->args + field->offset;
}

fx_ref_tensor *fx__ref_tensor_of(fx_ref_call *c, const char *name, int k)
{
    const fx_field *field = field_named(c, name);
    for (int i = 0; i < c->inputs; i++)
        if (c->input[i].field == field && c->input[i].position == k) return &c->input[i].tensor;
    return NULL;
}

fx_ref_tensor *fx__ref_tensor(fx_ref_call *c, const char *name) { return fx__ref_tensor_of(c, name, 0); }

int fx__ref_count(fx_ref_call *c, const char *name)
{
    const fx_field *field = field_named(c, name);
    int n = 0;
    for (int i = 0; i < c->inputs; i++) n += c->input[i].field == field;
    return n;
}

int64_t fx__ref_int(fx_ref_call *c, const char *name)
{
    return *(const int64_t *)value_of(c, name, FX_FIELD_INT);
}

quad fx__ref_real(fx_ref_call *c, const char *name)
{
    return (quad) * (const double *)value_of(c, name, FX_FIELD_REAL);
}

bool fx__ref_bool(fx_ref_call *c, const char *name)
{
    return *(const bool *)value_of(c, name, FX_FIELD_BOOL);
}

fx_dims fx__ref_dims(fx_ref_call *c, const char *name)
{
    return *(const fx_dims *)value_of(c, name, FX_FIELD_DIMS);
}

fx_dtype fx__ref_dtype(fx_ref_call *c, const char *name)
{
    return *(const fx_dtype *)value_of(c, name, FX_FIELD_DTYPE);
}

bool fx__ref_choice_is(fx_ref_call *c, const char *name, const char *word)
{
    int choice = *(const int *)value_of(c, name, FX_FIELD_CHOICE);
    const char *at = field_named(c, name)->choices;
    for (; at && choice > 0; choice--) {
        at = strchr(at, '|');
        if (at) at++;
    }
    const size_t n = strlen(word);
    return at && !strncmp(at, word, n) && (!at[n] || at[n] == '|');
}

const char *fx__ref_text(fx_ref_call *c, const char *name)
{
    return *(const char *const *)value_of(c, name, FX_FIELD_TEXT);
}

const char *fx__ref_field(fx_ref_call *c, int position)
{
    for (int i = 0; i < position; i++)
        if (!c->f->fields[i].name) fx__ref_stop(c, "the function has fewer arguments");
    return c->f->fields[position].name;
}

const fx_ref_tensor *fx__ref_given(fx_ref_call *c, int k)
{
    return k < c->given ? &c->from_library[k] : NULL;
}

/* ---- results, work ------------------------------------------------------------------------------------- */

fx_ref_tensor *fx__ref_out(fx_ref_call *c, int k, int ndim, const int64_t *size)
{
    if (k < 0 || k >= FX_REF_MAX_OUTPUTS) fx__ref_stop(c, "too many outputs");
    fx_ref_tensor t = shaped(ndim, size), *y = &c->output[k];
    if (y->at && y->numel == t.numel) {
        t.at = y->at;
    } else {
        free(y->at);
        t.at = checked(malloc((size_t)(t.numel + 1) * sizeof(quad)));
    }
    *y = t;
    memset(y->at, 0, (size_t)y->numel * sizeof(quad));
    c->made[k] = true;
    if (k >= c->outputs) c->outputs = k + 1;
    return y;
}

fx_ref_tensor *fx__ref_out_broadcast(fx_ref_call *c, int k, int count, fx_ref_tensor *const *x)
{
    int64_t size[FX_MAX_DIMS];
    int ndim = 0;
    for (int i = 0; i < count; i++)
        if (x[i]->ndim > ndim) ndim = x[i]->ndim;
    for (int d = 0; d < ndim; d++) {
        size[d] = 1;
        for (int i = 0; i < count; i++) {
            const int own = d - (ndim - x[i]->ndim);
            if (own < 0 || x[i]->size[own] == 1) continue;
            if (size[d] != 1 && size[d] != x[i]->size[own]) fx__ref_stop(c, "shapes do not broadcast");
            size[d] = x[i]->size[own];
        }
    }
    return fx__ref_out(c, k, ndim, size);
}

fx_ref_tensor *fx__ref_out_reduced(fx_ref_call *c, int k, const fx_ref_tensor *x, fx_dims dims, bool keepdim)
{
    const fx_ref_lanes l = lanes_of(x, dims);
    int64_t size[FX_MAX_DIMS];
    int ndim = 0;
    for (int d = 0; d < x->ndim; d++)
        if (!l.along[d])
            size[ndim++] = x->size[d];
        else if (keepdim)
            size[ndim++] = 1;
    return fx__ref_out(c, k, ndim, size);
}

quad *fx__ref_numbers(fx_ref_call *c, int64_t count)
{
    const size_t bytes = (size_t)(count + 1) * sizeof(quad);
    fx_ref_block *b = c->work;
    while (b && b->size - b->used < bytes) b = b->next;
    if (!b) {
        const size_t size = bytes > 65536 ? bytes : 65536;
        b = checked(aligned_alloc(64, (sizeof *b + size + 63) / 64 * 64));
        b->size = size;
        b->used = 0;
        b->next = c->work;
        c->work = b;
    }
    quad *numbers = (quad *)(void *)(b->memory + b->used);
    b->used += bytes;
    memset(numbers, 0, bytes);
    return numbers;
}

fx_ref_tensor *fx__ref_work(fx_ref_call *c, int ndim, const int64_t *size)
{
    const size_t quads = (sizeof(fx_ref_tensor) + sizeof(quad) - 1) / sizeof(quad);
    fx_ref_tensor *t = (fx_ref_tensor *)(void *)fx__ref_numbers(c, (int64_t)quads);
    *t = shaped(ndim, size);
    t->at = fx__ref_numbers(c, t->numel);
    return t;
}

void fx__ref_reduction(fx_ref_call *c, const fx_ref_tensor *work, const char *field)
{
    if (fx__ref_choice_is(c, field, "none")) {
        fx_ref_tensor *y = fx__ref_out(c, 0, work->ndim, work->size);
        EACH (work, i) AT(y, i) = AT(work, i);
        return;
    }
    fx_ref_tensor *y = fx__ref_out(c, 0, 0, NULL);
    EACH (work, i) AT(y, 0) += AT(work, i);
    if (fx__ref_choice_is(c, field, "mean")) AT(y, 0) /= (quad)work->numel;
}

/* ---- lanes --------------------------------------------------------------------------------------------- */

fx_ref_lanes lanes_of(const fx_ref_tensor *x, fx_dims dims)
{
    fx_ref_lanes l = { .count = 1, .length = 1, .ndim = x->ndim };
    for (int d = 0; d < x->ndim; d++) {
        l.size[d] = x->size[d];
        l.along[d] = !dims.given || dims.count == 0;
    }
    for (int i = 0; dims.given && i < dims.count; i++) {
        const int d = dim_of(x, dims.at[i]);
        if (d >= 0 && d < x->ndim) l.along[d] = true;
    }
    for (int d = 0; d < x->ndim; d++) *(l.along[d] ? &l.length : &l.count) *= x->size[d];
    return l;
}

int64_t lane_at(const fx_ref_lanes *l, int64_t lane, int64_t k)
{
    int64_t at = 0, stride = 1;
    for (int d = l->ndim; d-- > 0; stride *= l->size[d]) {
        int64_t *from = l->along[d] ? &k : &lane;
        at += *from % l->size[d] * stride;
        *from /= l->size[d];
    }
    return at;
}
