/* einsum: sums of products written with a letter for each dimension. Operands are contracted from left to
 * right, two at a time: letters that both have and nobody wants any more are the inner dimension of one
 * matrix product, letters that both have and somebody wants are its batch. Where nothing is summed it is an
 * elementwise product.
 */
#include "product.h"

#include <ctype.h>
#include <string.h>

enum { LETTERS = 52, LABELS = LETTERS + FX_MAX_DIMS, MOST_OPERANDS = 16 };

/* A tensor and the label of each of its dimensions. */
typedef struct term {
    fx_tensor *x;
    int count;
    int8_t label[FX_MAX_DIMS];
} term;

typedef struct einsum {
    fx_context *cx;
    fx_where where;
    const char *equation;
    int terms;
    term term[MOST_OPERANDS];
    int outputs, dots; /* labels of the result; the most dimensions that "..." stands for */
    int8_t output[FX_MAX_DIMS];
    int64_t size[LABELS]; /* 0: not used; the size after broadcasting, plus 1 */
} einsum;

static bool refuse(const einsum *e, const char *why, const char *what)
{
    fx_error_set(e->cx, FX_ERROR_SHAPE, e->where, "einsum: \"%s\": %s%s", e->equation, why, what);
    return false;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static int label_of(char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 26 : c - 'A'; }

/* The labels up to the end of an operand or of the equation, "..." as `dots` labels aligned to the right. */
static bool read_labels(const einsum *e, const char **at, int dots, int most, int8_t *label, int *count)
{
    bool seen = false;
    for (*count = 0; **at && **at != ',' && **at != '-'; ++*at) {
        int n = 1, first;
        if (isspace((unsigned char)**at)) continue;
        if (!strncmp(*at, "...", 3) && !seen) {
            *at += 2;
            seen = true;
            n = dots;
            first = LABELS - dots;
        } else if (isalpha((unsigned char)**at) && (unsigned char)**at < 128)
            first = label_of(**at);
        else
            return refuse(e, "not a letter: ", *at);
        if (*count + n > most) return refuse(e, "an operand has not so many dimensions", "");
        for (int i = 0; i < n; i++) label[(*count)++] = (int8_t)(first + i);
    }
    return true;
}

/* How many letters stand in an operand of the equation, and whether dots do. */
static int letters_of(const char *at, bool *dots)
{
    int count = 0;
    for (*dots = false; *at && *at != ',' && *at != '-'; at++) {
        count += isalpha((unsigned char)*at) != 0;
        *dots |= *at == '.';
    }
    return count;
}

static bool read_operands(einsum *e, fx_list list, const char **at)
{
    e->terms = list.count;
    for (int i = 0; i < list.count; i++) {
        term *t = &e->term[i];
        bool dots;
        t->x = list.at[i];
        const int more = t->x->ndim - letters_of(*at, &dots);
        if (more < 0 || (more > 0 && !dots))
            return refuse(e, "an operand has another number of dimensions: ", fx__shape_text(t->x));
        if (dots && more > e->dots) e->dots = more;
        if (!read_labels(e, at, more, t->x->ndim, t->label, &t->count)) return false;
        if (i < list.count - 1 && *(*at)++ != ',')
            return refuse(e, "there are more operands than it names", "");
    }
    return **at != ',' || refuse(e, "it names more operands than there are", "");
}

/* Without "->" the result has the dots, and what stands once, in the order of the alphabet. */
static bool read_output(einsum *e, const char *at)
{
    int uses[LABELS] = { 0 };
    for (int i = 0; i < e->terms; i++)
        for (int d = 0; d < e->term[i].count; d++) uses[e->term[i].label[d]]++;
    if (*at) {
        if (strncmp(at, "->", 2)) return refuse(e, "not an equation: ", at);
        at += 2;
        if (!read_labels(e, &at, e->dots, FX_MAX_DIMS, e->output, &e->outputs)) return false;
        if (*at) return refuse(e, "it goes on after the result: ", at);
    } else {
        for (int l = LABELS - e->dots; l < LABELS; l++) e->output[e->outputs++] = (int8_t)l;
        for (int l = 0; l < LETTERS; l++) {
            if (uses[l] != 1) continue;
            if (e->outputs == FX_MAX_DIMS) return refuse(e, "the result has too many dimensions", "");
            e->output[e->outputs++] = (int8_t)l;
        }
    }
    bool taken[LABELS] = { 0 };
    for (int d = 0; d < e->outputs; d++) {
        const int l = e->output[d];
        if (taken[l]) return refuse(e, "a letter stands twice in the result", "");
        if (!uses[l]) return refuse(e, "a letter of the result stands in no operand", "");
        taken[l] = true;
    }
    return true;
}

/* ---- one operand --------------------------------------------------------------------------------------- */

static void drop_label(term *t, int d)
{
    memmove(t->label + d, t->label + d + 1, (size_t)(t->count - d - 1));
    t->count--;
}

static int place_of(const term *t, int label)
{
    for (int d = 0; d < t->count; d++)
        if (t->label[d] == label) return d;
    return -1;
}

/* A letter that stands twice in an operand is a diagonal. */
static bool take_diagonals(const einsum *e, term *t)
{
    for (int j = 1; j < t->count; j++) {
        const int i = place_of(t, t->label[j]);
        if (i == j) continue;
        if (t->x->size[i] != t->x->size[j])
            return refuse(e, "a letter stands for two sizes in ", fx__shape_text(t->x));
        const int8_t label = t->label[j];
        t->x = fx_diagonal_at((fx_diagonal_args){ .x = t->x, .dim1 = i, .dim2 = j }, e->where);
        if (!t->x) return false;
        drop_label(t, j);
        drop_label(t, i);
        t->label[t->count++] = label;
        j = 0;
    }
    return true;
}

static bool find_sizes(einsum *e)
{
    for (int i = 0; i < e->terms; i++)
        for (int d = 0; d < e->term[i].count; d++) {
            int64_t *size = &e->size[e->term[i].label[d]];
            const int64_t n = e->term[i].x->size[d] + 1;
            if (*size && *size != 2 && n != 2 && *size != n)
                return refuse(e, "a letter stands for other sizes in ", fx__shape_text(e->term[i].x));
            if (!*size || *size == 2) *size = n;
        }
    return true;
}

static fx_tensor *reshaped(const einsum *e, const term *t)
{
    fx_dims sizes = { .given = true, .count = t->count };
    for (int d = 0; d < t->count; d++) sizes.at[d] = e->size[t->label[d]] - 1;
    return fx_reshape_at(t->x, sizes, e->where);
}

/* A dimension of size 1 that is longer elsewhere is the same for all: it goes. */
static bool drop_singles(const einsum *e, term *t)
{
    const int before = t->count;
    for (int d = t->count - 1; d >= 0; d--)
        if (t->x->size[d] == 1 && e->size[t->label[d]] != 2) {
            drop_label(t, d);
            /* sizes follow the labels again after the reshape; until then only earlier ones are asked for */
        }
    return t->count == before || (t->x = reshaped(e, t));
}

/* Sums what nobody wants. */
static bool sum_out(const einsum *e, term *t, const bool *wanted)
{
    fx_dims dims = { .given = true };
    for (int d = 0; d < t->count; d++)
        if (!wanted[t->label[d]]) dims.at[dims.count++] = d;
    if (!dims.count) return true;
    for (int i = dims.count - 1; i >= 0; i--) drop_label(t, (int)dims.at[i]);
    return (t->x = fx_sum_at((fx_sum_args){ .x = t->x, .dims = dims, .dtype = fx_dtype_of(t->x) }, e->where));
}

/* The dimensions in the order of labels, of which it has all. */
static bool put_in_order(const einsum *e, term *t, const int8_t *label, int count)
{
    fx_dims order = { .given = true, .count = count };
    bool moves = false;
    for (int d = 0; d < count; d++) {
        order.at[d] = place_of(t, label[d]);
        moves |= order.at[d] != d;
    }
    memcpy(t->label, label, (size_t)count);
    return !moves || (t->x = fx_permute_at(t->x, order, e->where));
}

/* ---- two operands -------------------------------------------------------------------------------------- */

/* Labels of a pair by what becomes of them. */
typedef struct classes {
    int8_t batch[FX_MAX_DIMS], inner[FX_MAX_DIMS], left[FX_MAX_DIMS], right[FX_MAX_DIMS];
    int batches, inners, lefts, rights;
} classes;

static classes classify(const term *a, const term *b, const bool *wanted)
{
    classes c = { 0 };
    for (int d = 0; d < a->count; d++) {
        const int8_t l = a->label[d];
        if (place_of(b, l) < 0)
            c.left[c.lefts++] = l;
        else if (wanted[l])
            c.batch[c.batches++] = l;
        else
            c.inner[c.inners++] = l;
    }
    for (int d = 0; d < b->count; d++)
        if (place_of(a, b->label[d]) < 0) c.right[c.rights++] = b->label[d];
    return c;
}

static int join(int8_t *to, int at, const int8_t *from, int count)
{
    memcpy(to + at, from, (size_t)count);
    return at + count;
}

static int64_t size_of(const einsum *e, const int8_t *label, int count)
{
    int64_t size = 1;
    for (int i = 0; i < count; i++) size *= e->size[label[i]] - 1;
    return size;
}

/* Nothing is summed: (batch, left, 1 ...) times (batch, 1 ..., right). */
static fx_tensor *multiplied(const einsum *e, const classes *c, fx_tensor *a, fx_tensor *b)
{
    fx_dims of_a = { .given = true }, of_b = of_a;
    for (int i = 0; i < c->batches; i++)
        of_a.at[of_a.count++] = of_b.at[of_b.count++] = e->size[c->batch[i]] - 1;
    for (int i = 0; i < c->lefts; i++)
        of_a.at[of_a.count++] = e->size[c->left[i]] - 1, of_b.at[of_b.count++] = 1;
    for (int i = 0; i < c->rights; i++)
        of_a.at[of_a.count++] = 1, of_b.at[of_b.count++] = e->size[c->right[i]] - 1;
    a = fx_reshape_at(a, of_a, e->where);
    b = fx_reshape_at(b, of_b, e->where);
    return fx_mul_at(fx_operand_tensor(a), fx_operand_tensor(b), e->where);
}

/* (batch, left, inner) x (batch, inner, right). */
static fx_tensor *contracted(const einsum *e, const classes *c, fx_tensor *a, fx_tensor *b)
{
    const int64_t batch = size_of(e, c->batch, c->batches), left = size_of(e, c->left, c->lefts),
                  inner = size_of(e, c->inner, c->inners), right = size_of(e, c->right, c->rights);
    if (!fx__product_promote(&a, &b, "einsum", e->where)) return NULL;
    if (c->batches == 0) {
        a = fx_reshape_at(a, FX_DIMS(left, inner), e->where);
        b = fx_reshape_at(b, FX_DIMS(inner, right), e->where);
        return a && b ? fx__product(FX__MATRIX, 0, NULL, a, FX__MATRIX, b, FX__MATRIX, e->where) : NULL;
    }
    a = fx_reshape_at(a, FX_DIMS(batch, left, inner), e->where);
    b = fx_reshape_at(b, FX_DIMS(batch, inner, right), e->where);
    return a && b ? fx__product(FX__MATRIX, 1, &batch, a, FX__MATRIX, b, FX__MATRIX, e->where) : NULL;
}

/* a = a b, of which `wanted` labels stay. */
static bool contract(const einsum *e, term *a, term *b, const bool *wanted)
{
    bool of_a[LABELS], of_b[LABELS];
    for (int l = 0; l < LABELS; l++) {
        of_a[l] = wanted[l] || place_of(b, l) >= 0;
        of_b[l] = wanted[l] || place_of(a, l) >= 0;
    }
    if (!sum_out(e, a, of_a) || !sum_out(e, b, of_b)) return false;
    const classes c = classify(a, b, wanted);
    if (c.batches + c.lefts + c.rights > FX_MAX_DIMS)
        return refuse(e, "a product on the way has too many dimensions", "");
    int8_t order[FX_MAX_DIMS];
    int n = join(order, join(order, join(order, 0, c.batch, c.batches), c.left, c.lefts), c.inner, c.inners);
    if (!put_in_order(e, a, order, n)) return false;
    n = join(order, join(order, join(order, 0, c.batch, c.batches), c.inner, c.inners), c.right, c.rights);
    if (!put_in_order(e, b, order, n)) return false;
    a->x = c.inners ? contracted(e, &c, a->x, b->x) : multiplied(e, &c, a->x, b->x);
    a->count = join(a->label, join(a->label, join(a->label, 0, c.batch, c.batches), c.left, c.lefts), c.right,
                    c.rights);
    return a->x && (a->x = reshaped(e, a));
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

/* What the result or an operand after number `done` has. */
static void find_wanted(const einsum *e, int done, bool *wanted)
{
    memset(wanted, 0, LABELS * sizeof *wanted);
    for (int d = 0; d < e->outputs; d++) wanted[e->output[d]] = true;
    for (int i = done + 1; i < e->terms; i++)
        for (int d = 0; d < e->term[i].count; d++) wanted[e->term[i].label[d]] = true;
}

static fx_tensor *evaluate(einsum *e)
{
    bool wanted[LABELS];
    term *y = &e->term[0];
    for (int i = 0; i < e->terms; i++)
        if (!take_diagonals(e, &e->term[i])) return NULL;
    if (!find_sizes(e)) return NULL;
    for (int i = 0; i < e->terms; i++)
        if (!drop_singles(e, &e->term[i])) return NULL;
    for (int i = 1; i < e->terms; i++) {
        find_wanted(e, i, wanted);
        if (!contract(e, y, &e->term[i], wanted)) return NULL;
    }
    find_wanted(e, e->terms, wanted);
    if (!sum_out(e, y, wanted) || !put_in_order(e, y, e->output, e->outputs)) return NULL;
    return y->x;
}

fx_tensor *fx_einsum_at(const char *equation, fx_list list, fx_where where)
{
    for (int i = 0; i < list.count; i++)
        if (!list.at[i]) return NULL;
    if (list.count == 0) return NULL;
    einsum e = { .cx = list.at[0]->cx, .where = where, .equation = equation ? equation : "" };
    if (!equation || list.count > MOST_OPERANDS) {
        fx_error_set(e.cx, FX_ERROR_ARGUMENT, where, "einsum: takes an equation and at most %d tensors",
                     MOST_OPERANDS);
        return NULL;
    }
    const char *at = equation;
    if (!read_operands(&e, list, &at) || !read_output(&e, at)) return NULL;
    return evaluate(&e);
}

/* ---- the record ---------------------------------------------------------------------------------------- */

typedef struct einsum_args {
    fx_list tensors;
    const char *equation;
} einsum_args;

static int einsum_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const einsum_args *a = args;
    out[0] = fx_einsum_at(a->equation, a->tensors, where);
    return out[0] ? 1 : 0;
}

static const fx_field einsum_fields[] = { FX__FIELD(einsum_args, tensors, TENSORS, .torch = "operands"),
                                          FX__FIELD(einsum_args, equation, TEXT), FX__FIELDS_END };

const fx_function fx__function_einsum = {
    .name = "einsum",
    .torch = "einsum",
    .formula = "y[result's letters] = the sum over the other letters of the product of the operands",
    .gradient = "dL/da = the einsum of g and the other operands",
    .notes = "sizes of 1 broadcast; \"...\" stands for any number of dimensions",
    .fields = einsum_fields,
    .args_size = sizeof(einsum_args),
    .call = einsum_call,
    .samples = "tensors={(3,4) (4,5)} equation=\"ij,jk->ik\"\n"
               "tensors={(3,4) (4,5)} equation=\"ij,jk\"\n"
               "tensors={(3,4) (5,4)} equation=\"zb, ab -> za\"\n"
               "tensors={(3,4)} equation=\"ij->ji\"\n"
               "tensors={(3,4)} equation=\"ba\"\n"
               "tensors={(3,4)} equation=\"ij->\"\n"
               "tensors={(3,3)} equation=\"ii->i\"\n"
               "tensors={(3,3)} equation=\"ii\"\n"
               "tensors={(2,3,2)} equation=\"iji->j\"\n"
               "tensors={(3) (4)} equation=\"i,j->ij\"\n"
               "tensors={(3) (3)} equation=\"i,i->\"\n"
               "tensors={(3) (3)} equation=\"i,i->i\"\n"
               "tensors={() (3)} equation=\",i->i\"\n"
               "tensors={(2,3,4) (2,4,5)} equation=\"bij,bjk->bik\"\n"
               "tensors={(2,3,4) (2,4,5)} equation=\"bij,bjk->kb\"\n"
               "tensors={(2,3,2,4) (4,5)} equation=\"...j,jk->...k\"\n"
               "tensors={(2,3,4) (4,5)} equation=\"...ij,...jk->...ik\"\n"
               "tensors={(1,2,3) (3)} equation=\"...ik, ...j -> ij\"\n"
               "tensors={(2,3) (1,3)} equation=\"ij,kj->ik\"\n"
               "tensors={(2,3) (2,1)} equation=\"ij,ij->i\"\n"
               "tensors={(2,3) (3,4) (4,2)} equation=\"ij,jk,kl->il\"\n"
               "tensors={(2,3) (3,4) (4,2)} equation=\"ij,jk,ki->\"\n"
               "tensors={(2,3) (5,3,4) (2,4)} equation=\"bn,anm,bm->ba\"\n"
               "tensors={(2,0) (0,3)} equation=\"ij,jk->ik\"\n"
               "tensors={(0,2) (2,3)} equation=\"ij,jk->ik\"\n"
               "tensors={(3,4)i64 (4)i64} equation=\"ij,j->i\"\n"
               "! tensors={(3,4) (4,5)} equation=\"ij->ik\"\n"
               "! tensors={(3,4)} equation=\"ij,jk->ik\"\n"
               "! tensors={(3,4) (5,5)} equation=\"ij,jk->ik\"\n"
               "! tensors={(3,4)} equation=\"ijk->i\"\n"
               "! tensors={(3,4)} equation=\"i->i\"\n"
               "! tensors={(3,4)} equation=\"ij->ii\"\n"
               "! tensors={(3,4)} equation=\"ij->k\"\n"
               "! tensors={(3,4)} equation=\"i%->i\"\n"
               "! tensors={(3,4)} equation=\"ii->i\"\n"
               "! tensors={()} equation=\"i\"\n",
    .bench = "tensors={(64,16,32) (64,32,16)} equation=\"bij,bjk->bik\"\n",
};
