/* The sample language: a scanner over one line at a time, and the making of its tensors. See sample.h. */
#include "sample.h"
#include "autograd/tensor.h"
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = 32, MAX_TEXT = 320 };

typedef enum domain {
    REAL,
    POS,
    UNIT,
    PROB,
    NONZERO,
    GE1,
    DISTINCT,
    ZERO,
    INTS,
    CONST,
    RANGE,
    PERM,
    SPD,
    SYM,
    DOM,
    PLAIN
} domain;
static const struct {
    const char *name;
    domain domain;
    int numbers; /* that follow after colons */
} domains[] = {
    { "real", REAL, 0 },       { "pos", POS, 0 },           { "unit", UNIT, 0 }, { "prob", PROB, 0 },
    { "nonzero", NONZERO, 0 }, { "distinct", DISTINCT, 0 }, { "zero", ZERO, 0 }, { "int", INTS, 1 },
    { "const", CONST, 1 },     { "range", RANGE, 2 },       { "perm", PERM, 0 }, { "spd", SPD, 0 },
    { "sym", SYM, 0 },         { "ge1", GE1, 0 },           { "dom", DOM, 0 },
};

typedef struct described {
    fx_dtype dtype; /* FX_DTYPE_NONE: as the test wants */
    int ndim;
    int64_t size[FX_MAX_DIMS];
    domain domain;
    double a, b;
    const char *numbers; /* in the text, after "{"; NULL: of the domain */
    bool held;
    int same_as; /* the position of the tensor that it is; -1: itself */
} described;

typedef struct valued {
    const fx_field *field;
    int first, count; /* tensors */
    double number;
    fx_dims dims;
    char words[40];
} valued;

struct fx_sample {
    const fx_function *function;
    char text[MAX_TEXT];
    bool refused;
    int values, tensors;
    valued value[MAX_VALUES];
    described tensor[FX_SAMPLE_TENSORS];
};

/* ---- random numbers ------------------------------------------------------------------------------------ */

/* SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014), at a counter. */
uint64_t fx_sample_bits(uint64_t seed, uint64_t i)
{
    uint64_t z = seed * 0xd1342543de82ef95u + (i + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double fx_sample_uniform(uint64_t seed, uint64_t i)
{
    return ((double)(fx_sample_bits(seed, i) >> 11) + 0.5) * 0x1p-53;
}

double fx_sample_gauss(uint64_t seed, uint64_t i)
{
    const double u = fx_sample_uniform(seed, 2 * i), v = fx_sample_uniform(seed, 2 * i + 1);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

/* ---- reading ------------------------------------------------------------------------------------------- */

typedef struct scanner {
    const fx_function *f;
    fx_sample *s;
    const char *at;
    char *error;
} scanner;

__attribute__((format(printf, 2, 3))) static bool fail(scanner *in, const char *format, ...)
{
    char what[120];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(in->error, FX_SAMPLE_ERROR, "%s: '%.50s': %s", in->f->name, in->s->text, what);
    return false;
}

static bool take(scanner *in, char c)
{
    if (*in->at != c) return false;
    in->at++;
    return true;
}

/* A word of letters, digits, '_' and '.', into a buffer. */
static bool take_word(scanner *in, char word[static 40])
{
    int n = 0;
    while (n < 39 && (isalnum((unsigned char)*in->at) || *in->at == '_' || *in->at == '.' || *in->at == '-'))
        word[n++] = *in->at++;
    word[n] = 0;
    return n > 0;
}

static bool take_number(scanner *in, double *number)
{
    char *end;
    *number = strtod(in->at, &end);
    if (end == in->at) return fail(in, "a number is missing at '%.12s'", in->at);
    in->at = end;
    return true;
}

static bool take_dims(scanner *in, char close, int *count, int64_t at[FX_MAX_DIMS])
{
    *count = 0;
    if (take(in, close)) return true;
    do {
        double number;
        if (!take_number(in, &number)) return false;
        if (*count == FX_MAX_DIMS) return fail(in, "more than %d dimensions", FX_MAX_DIMS);
        at[(*count)++] = (int64_t)number;
    } while (take(in, ','));
    return take(in, close) || fail(in, "'%c' is missing at '%.12s'", close, in->at);
}

static bool take_dtype(scanner *in, fx_dtype *dtype)
{
    static const struct {
        const char *name;
        fx_dtype dtype;
    } names[] = { { "f32", FX_F32 }, { "f64", FX_F64 }, { "i64", FX_I64 },
                  { "i32", FX_I32 }, { "u8", FX_U8 },   { "bool", FX_BOOL } };
    *dtype = FX_DTYPE_NONE;
    char word[40];
    if (!take_word(in, word)) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(word, names[i].name)) *dtype = names[i].dtype;
    return *dtype || fail(in, "no dtype is called '%s'", word);
}

static bool take_domain(scanner *in, described *t)
{
    char word[40];
    if (!take_word(in, word)) return fail(in, "a domain is missing");
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        if (strcmp(word, domains[i].name)) continue;
        t->domain = domains[i].domain;
        for (int n = 0; n < domains[i].numbers; n++) {
            if (!take(in, ':')) return fail(in, "%s wants a number", word);
            if (!take_number(in, n ? &t->b : &t->a)) return false;
        }
        return true;
    }
    return fail(in, "no domain is called '%s'", word);
}

static bool take_tensor(scanner *in, int *position)
{
    fx_sample *s = in->s;
    if (s->tensors == FX_SAMPLE_TENSORS) return fail(in, "more than %d tensors", FX_SAMPLE_TENSORS);
    *position = s->tensors;
    described *t = &s->tensor[s->tensors];
    *t = (described){ .same_as = -1 };
    if (take(in, '$')) {
        char word[40];
        take_word(in, word);
        for (int i = 0; i < s->values; i++)
            if (!strcmp(s->value[i].field->name, word) && s->value[i].count) t->same_as = s->value[i].first;
        s->tensors++;
        return t->same_as >= 0 || fail(in, "no tensor '%s' stands before", word);
    }
    t->held = take(in, '~');
    if (!take(in, '(')) return fail(in, "a shape is missing at '%.12s'", in->at);
    if (!take_dims(in, ')', &t->ndim, t->size) || !take_dtype(in, &t->dtype)) return false;
    t->domain = t->dtype && !fx_dtype_is_float(t->dtype) ? PLAIN : REAL;
    s->tensors++;
    if (take(in, '@')) return take_domain(in, t);
    if (!take(in, '{')) return true;
    t->numbers = in->at;
    int64_t count = 0, numel = 1;
    for (int d = 0; d < t->ndim; d++) numel *= t->size[d];
    if (!take(in, '}')) {
        double number;
        do {
            if (!take_number(in, &number)) return false;
            count++;
        } while (take(in, ','));
        if (!take(in, '}')) return fail(in, "'}' is missing");
    }
    return count == numel || fail(in, "%lld numbers for %lld places", (long long)count, (long long)numel);
}

static bool take_choice(scanner *in, valued *v)
{
    char word[40];
    if (!take_word(in, word)) return fail(in, "a word is missing for %s", v->field->name);
    int i = 0;
    for (const char *at = v->field->choices; at; at = strchr(at, '|'), at = at ? at + 1 : NULL, i++) {
        const size_t n = strcspn(at, "|");
        if (strlen(word) != n || strncmp(word, at, n) != 0) continue;
        v->number = i;
        return true;
    }
    return fail(in, "'%s' is not among %s", word, v->field->choices ? v->field->choices : "(nothing)");
}

static bool take_named_dtype(scanner *in, valued *v)
{
    char word[40];
    take_word(in, word);
    for (int d = FX_DTYPE_NONE + 1; d < FX_DTYPE_COUNT; d++)
        if (!strcmp(word, fx_dtype_name((fx_dtype)d))) v->number = d;
    return v->number > 0 || fail(in, "no dtype is called '%s'", word);
}

/* "words" */
static bool take_quoted(scanner *in, char *words, size_t bytes)
{
    if (!take(in, '"')) return fail(in, "'\"' is missing before words");
    size_t n = 0;
    while (*in->at && *in->at != '"' && n + 1 < bytes) words[n++] = *in->at++;
    words[n] = '\0';
    return take(in, '"') || fail(in, "'\"' is missing after '%.20s'", words);
}

static bool take_value(scanner *in, valued *v)
{
    switch (v->field->type) {
    case FX_FIELD_OPERAND:
        if (*in->at != '(' && *in->at != '~' && *in->at != '$') return take_number(in, &v->number);
        v->count = 1;
        return take_tensor(in, &v->first);
    case FX_FIELD_TENSOR: v->count = 1; return take_tensor(in, &v->first);
    case FX_FIELD_TENSORS:
        if (!take(in, '{')) return fail(in, "'{' is missing before a list");
        v->first = in->s->tensors;
        while (!take(in, '}')) {
            int position;
            if (!take_tensor(in, &position)) return false;
            v->count++;
            while (take(in, ' ')) continue;
        }
        return true;
    case FX_FIELD_DIMS:
        v->dims.given = true;
        if (take(in, '[')) return take_dims(in, ']', &v->dims.count, v->dims.at);
        v->dims.count = 1;
        if (!take_number(in, &v->number)) return false;
        v->dims.at[0] = (int64_t)v->number;
        return true;
    case FX_FIELD_BOOL: {
        char word[40];
        take_word(in, word);
        v->number = !strcmp(word, "true");
        return v->number > 0 || !strcmp(word, "false") || fail(in, "'%s' is neither true nor false", word);
    }
    case FX_FIELD_CHOICE: return take_choice(in, v);
    case FX_FIELD_TEXT: return take_quoted(in, v->words, sizeof v->words);
    case FX_FIELD_DTYPE: return take_named_dtype(in, v);
    case FX_FIELD_INT:
    case FX_FIELD_REAL: return take_number(in, &v->number);
    }
    return fail(in, "field %s has an unknown type", v->field->name);
}

static bool read_line(fx_sample *s, const fx_function *f, char *error)
{
    scanner in = { .f = f, .s = s, .at = s->text, .error = error };
    s->function = f;
    s->refused = take(&in, '!');
    for (;;) {
        while (isspace((unsigned char)*in.at)) in.at++;
        if (!*in.at) return true;
        char word[40];
        if (!take_word(&in, word) || !take(&in, '='))
            return fail(&in, "'name=' is missing at '%.12s'", in.at);
        if (s->values == MAX_VALUES) return fail(&in, "too many values");
        const fx_field *field = f->fields;
        while (field->name && strcmp(field->name, word)) field++;
        if (!field->name) return fail(&in, "no field is called '%s'", word);
        valued v = { .field = field };
        if (!take_value(&in, &v)) return false;
        s->value[s->values++] = v;
        if (*in.at && !isspace((unsigned char)*in.at)) return fail(&in, "'%.12s' is left over", in.at);
    }
}

fx_sample *fx_samples_of(const fx_function *f, const char *lines, int *count, char error[FX_SAMPLE_ERROR])
{
    int room = 1;
    for (const char *at = lines; at && *at; at++) room += *at == '\n';
    fx_sample *samples = calloc((size_t)room, sizeof *samples);
    *count = 0;
    error[0] = 0;
    if (!samples) {
        snprintf(error, FX_SAMPLE_ERROR, "out of memory");
        return NULL;
    }
    while (lines && *lines) {
        lines += strspn(lines, " \t\n");
        const size_t n = strcspn(lines, "\n");
        if (!n) break;
        fx_sample *s = &samples[*count];
        if (n >= MAX_TEXT)
            snprintf(error, FX_SAMPLE_ERROR, "%s: '%.50s...': the line is too long", f->name, lines);
        memcpy(s->text, lines, n < MAX_TEXT ? n : 0);
        if (n >= MAX_TEXT || !read_line(s, f, error)) {
            free(samples);
            return NULL;
        }
        ++*count;
        lines += n;
    }
    return samples;
}

fx_sample *fx_sample_at(fx_sample *samples, int i) { return samples + i; }
const char *fx_sample_text(const fx_sample *s) { return s->text; }
bool fx_sample_refused(const fx_sample *s) { return s->refused; }

bool fx_sample_fixed(const fx_sample *s)
{
    bool fixed = false;
    for (int i = 0; i < s->tensors; i++) {
        if (s->tensor[i].same_as >= 0) continue;
        if (s->tensor[i].dtype == FX_DTYPE_NONE) return false;
        fixed = fixed || fx_dtype_is_float(s->tensor[i].dtype);
    }
    return fixed;
}

/* ---- making -------------------------------------------------------------------------------------------- */

static void shuffle(double *x, int64_t n, uint64_t seed)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)(fx_sample_bits(seed, (uint64_t)i) % (uint64_t)(i + 1));
        const double t = x[i];
        x[i] = x[j];
        x[j] = t;
    }
}

static double draw(const described *t, uint64_t seed, uint64_t i)
{
    const double u = fx_sample_uniform(seed, i);
    switch (t->domain) {
    case POS: return 0.1 + 2.9 * u;
    case UNIT: return -0.95 + 1.9 * u;
    case PROB: return 0.05 + 0.9 * u;
    case NONZERO: return (0.1 + 1.9 * u) * (fx_sample_bits(seed ^ 0x55, i) & 1 ? 1 : -1);
    case GE1: return 1.05 + 2.95 * u;
    case INTS: return floor(t->a * u);
    case CONST: return t->a;
    case RANGE: return t->a + (t->b - t->a) * u;
    case ZERO: return 0;
    case PLAIN: return t->dtype == FX_BOOL ? u > 0.5 : t->dtype == FX_U8 ? floor(10 * u) : floor(9 * u) - 4;
    default: return fx_sample_gauss(seed, i);
    }
}

/* Makes each matrix of the last two dimensions symmetric, or positive definite. */
static void make_symmetric(const described *t, double *x, int64_t numel)
{
    const int64_t n = t->ndim >= 2 ? t->size[t->ndim - 1] : 0;
    if (n == 0 || t->size[t->ndim - 2] != n) return;
    double *a = malloc((size_t)(n * n) * sizeof *a);
    for (double *m = x; a && m < x + numel; m += n * n) {
        memcpy(a, m, (size_t)(n * n) * sizeof *a);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) {
                double sum = i == j;
                for (int64_t k = 0; k < n; k++) sum += a[i * n + k] * a[j * n + k];
                m[i * n + j] = t->domain == SPD ? sum : (a[i * n + j] + a[j * n + i]) / 2;
            }
    }
    free(a);
}

/* Makes each matrix of the last two dimensions the identity and a little more. */
static void make_dominant(const described *t, double *x, int64_t numel)
{
    if (t->ndim < 2) return;
    const int64_t rows = t->size[t->ndim - 2], columns = t->size[t->ndim - 1];
    for (int64_t i = 0; i < numel; i++) {
        const int64_t row = i / columns % rows, column = i % columns;
        x[i] = (row == column) + x[i] / (2 * sqrt((double)(rows + columns)));
    }
}

/* The numbers of a tensor in row-major order. */
static void fill(const described *t, double *x, int64_t numel, uint64_t seed)
{
    if (t->numbers) {
        const char *at = t->numbers;
        for (int64_t i = 0; i < numel; i++) {
            char *end;
            x[i] = strtod(at, &end);
            at = end + 1;
        }
        return;
    }
    for (int64_t i = 0; i < numel; i++) x[i] = draw(t, seed, (uint64_t)i);
    if (t->domain == PERM || t->domain == DISTINCT) {
        for (int64_t i = 0; i < numel; i++)
            x[i] = t->domain == PERM
                       ? (double)i
                       : 0.11 * ((double)i - (double)numel / 2) + 0.05 * fx_sample_uniform(seed, (uint64_t)i);
        shuffle(x, numel, seed);
    }
    if (t->domain == SPD || t->domain == SYM) make_symmetric(t, x, numel);
    if (t->domain == DOM) make_dominant(t, x, numel);
}

/* The first dimension longer than 1; -1: there is none. */
static int long_dim(int ndim, const int64_t *size)
{
    for (int d = 0; d < ndim; d++)
        if (size[d] > 1) return d;
    return -1;
}

/* Along the first dimension longer than 1, everything as at 0. */
static void flatten(int ndim, const int64_t *size, double *x, int64_t numel)
{
    const int along = long_dim(ndim, size);
    if (along < 0) return;
    int64_t inner = 1;
    for (int d = along + 1; d < ndim; d++) inner *= size[d];
    for (int64_t i = 0; i < numel; i++) x[i] = x[i - i / inner % size[along] * inner];
}

static void put(fx_dtype dtype, void *memory, int64_t i, double x)
{
    switch (dtype) {
    case FX_F32: ((float *)memory)[i] = (float)x; break;
    case FX_F64: ((double *)memory)[i] = x; break;
    case FX_I64: ((int64_t *)memory)[i] = (int64_t)x; break;
    case FX_I32: ((int32_t *)memory)[i] = (int32_t)x; break;
    case FX_BOOL: ((uint8_t *)memory)[i] = x != 0; break;
    default: ((uint8_t *)memory)[i] = (uint8_t)x; break;
    }
}

/* Where a layout puts the numbers: strides and offset in elements, and how many elements there are. */
typedef struct placed {
    int64_t stride[FX_MAX_DIMS], offset, room;
} placed;

static placed place(int ndim, const int64_t *size, fx_sample_layout layout)
{
    placed p = { .room = 1 };
    if (layout == FX_LAYOUT_STRIDED) {
        p.offset = 1;
        p.room = 2;
        for (int d = 0; d < ndim; d++) {
            p.stride[d] = p.room;
            p.room *= size[d];
        }
        p.room += 1;
        return p;
    }
    const int expanded = layout == FX_LAYOUT_EXPANDED ? long_dim(ndim, size) : -1;
    for (int d = ndim; d-- > 0;) {
        p.stride[d] = d == expanded ? 0 : p.room;
        p.room *= d == expanded ? 1 : size[d];
    }
    if (layout == FX_LAYOUT_OFFSET) {
        p.offset = 3;
        p.room += 3;
    }
    return p;
}

/* A tensor of the numbers x, row-major, laid out. What lies in the gaps is NaN, or 99. */
static fx_tensor *laid_out(fx_context *cx, fx_dtype dtype, int ndim, const int64_t *size, const double *x,
                           int64_t numel, fx_sample_layout layout)
{
    const placed p = place(ndim, size, layout);
    void *memory = malloc((size_t)(p.room + 1) * 8);
    if (!memory) {
        fx_error_set(cx, FX_ERROR_MEMORY, FX_HERE, "out of memory");
        return NULL;
    }
    for (int64_t i = 0; i < p.room; i++) put(dtype, memory, i, fx_dtype_is_float(dtype) ? NAN : 99);
    for (int64_t i = 0; i < numel; i++) {
        int64_t at = p.offset, rest = i;
        for (int d = ndim; d-- > 0; rest /= size[d]) at += rest % size[d] * p.stride[d];
        put(dtype, memory, at, x[i]);
    }
    fx_tensor *t;
    if (layout == FX_LAYOUT_ROWS) {
        fx_dims dims = { .given = true, .count = ndim };
        for (int d = 0; d < ndim; d++) dims.at[d] = size[d];
        t = fx_from_at(cx, dtype, memory, dims, FX_HERE);
    } else {
        fx_tensor *base = fx_from(cx, dtype, memory, p.room);
        t = base ? fx__view(base, ndim, size, p.stride, p.offset) : NULL;
    }
    free(memory);
    return t;
}

static fx_tensor *make_tensor(const described *t, fx_context *cx, const fx_sample_options *o, uint64_t seed,
                              const double *shift)
{
    const fx_dtype dtype = t->dtype ? t->dtype : o->dtype;
    int64_t numel = 1;
    for (int d = 0; d < t->ndim; d++) numel *= t->size[d];
    double *x = malloc((size_t)(numel + 1) * sizeof *x);
    if (!x) {
        fx_error_set(cx, FX_ERROR_MEMORY, FX_HERE, "out of memory");
        return NULL;
    }
    fill(t, x, numel, seed);
    for (int64_t i = 0; shift && i < numel; i++)
        x[i] = (dtype == FX_F32 ? (double)(float)x[i] : x[i]) + shift[i];
    if (o->flat) flatten(t->ndim, t->size, x, numel);
    fx_tensor *made = laid_out(cx, dtype, t->ndim, t->size, x, numel, o->layout);
    free(x);
    return made;
}

static void bind(const fx_sample *s, const valued *v, fx_tensor *const made[], fx_sample_call *call)
{
    void *at = call->args + v->field->offset;
    switch (v->field->type) {
    case FX_FIELD_TENSOR: *(fx_tensor **)at = made[v->first]; break;
    case FX_FIELD_OPERAND:
        *(fx_operand *)at = v->count ? fx_operand_tensor(made[v->first])
                            : isfinite(v->number) && v->number == (double)(long long)v->number
                                ? fx_operand_integer((long long)v->number)
                                : fx_operand_number(v->number);
        break;
    case FX_FIELD_TENSORS: {
        fx_tensor **list = call->list + call->lists;
        for (int i = 0; i < v->count; i++) call->list[call->lists++] = made[v->first + i];
        *(fx_list *)at = (fx_list){ v->count, list };
        break;
    }
    case FX_FIELD_INT: *(int64_t *)at = (int64_t)v->number; break;
    case FX_FIELD_REAL: *(double *)at = v->number; break;
    case FX_FIELD_BOOL: *(bool *)at = v->number != 0; break;
    case FX_FIELD_DIMS: *(fx_dims *)at = v->dims; break;
    case FX_FIELD_DTYPE: *(fx_dtype *)at = (fx_dtype)v->number; break;
    case FX_FIELD_CHOICE: *(int *)at = (int)v->number; break;
    case FX_FIELD_TEXT: *(const char **)at = v->words; break;
    }
    (void)s;
}

fx_status fx_sample_make(const fx_sample *s, fx_context *cx, fx_sample_options options, fx_sample_call *call)
{
    fx_tensor *made[FX_SAMPLE_TENSORS];
    *call = (fx_sample_call){ .function = s->function };
    if (s->function->args_size > FX_SAMPLE_ARGS)
        return fx_error_set(cx, FX_ERROR_ARGUMENT, FX_HERE, "%s: arguments are too large", s->function->name);
    if (s->function->defaults) memcpy(call->args, s->function->defaults, s->function->args_size);
    /* fields order tensors, so that both the line and the reference number them alike */
    for (const fx_field *field = s->function->fields; field->name; field++)
        for (int i = 0; i < s->values; i++) {
            const valued *v = &s->value[i];
            for (int k = v->first; v->field == field && k < v->first + v->count; k++) {
                const described *t = &s->tensor[k];
                if (t->same_as >= 0) { continue; }
                const bool differs = !t->held && fx_dtype_is_float(t->dtype ? t->dtype : options.dtype);
                made[k] = make_tensor(t, cx, &options, options.seed * 1000 + (uint64_t)k,
                                      differs ? options.shift : NULL);
                if (!made[k]) return fx_error(cx);
                call->tensor[call->tensors++] = made[k];
                if (!differs) continue;
                if (options.shift) options.shift += fx_numel(made[k]);
                const bool wanted = !options.constant && (!options.only || options.only >> call->diffs & 1);
                if (wanted && !fx_parameter(made[k])) return fx_error(cx);
                call->diff[call->diffs++] = made[k];
            }
        }
    for (int k = 0; k < s->tensors; k++)
        if (s->tensor[k].same_as >= 0) made[k] = made[s->tensor[k].same_as];
    for (int i = 0; i < s->values; i++) bind(s, &s->value[i], made, call);
    return FX_OK;
}

int fx_sample_run(const fx_sample_call *call, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    return call->function->call(call->args, where, out);
}

fx_tensor *fx_sample_normal(fx_context *cx, const fx_tensor *like, uint64_t seed, fx_sample_layout layout,
                            bool flat)
{
    const int64_t numel = fx_numel(like);
    double *x = malloc((size_t)(numel + 1) * sizeof *x);
    if (!x) {
        fx_error_set(cx, FX_ERROR_MEMORY, FX_HERE, "out of memory");
        return NULL;
    }
    for (int64_t i = 0; i < numel; i++) x[i] = fx_sample_gauss(seed, (uint64_t)i);
    if (flat) flatten(fx_ndim(like), fx_sizes(like), x, numel);
    fx_tensor *t = laid_out(cx, fx_dtype_of(like), fx_ndim(like), fx_sizes(like), x, numel, layout);
    free(x);
    return t;
}
