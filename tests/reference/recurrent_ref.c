/* Reference of recurrent layers: one sequence after the other, one step after the other. */
#include "reference.h"

static quad sigmoid(quad x) { return 1 / (1 + expq(-x)); }

/* One number of a row times a matrix's row. */
static quad dot(const fx_ref_tensor *w, int64_t row, const quad *h)
{
    quad sum = 0;
    RANGE (k, w->size[1]) sum += AT(w, row * w->size[1] + k) * h[k];
    return sum;
}

/* One step of one sequence: h and c from those before. s: the sums' inputs; p, what the product adds. base:
 * those by which relu decides. */
static void step(fx_ref_call *c, const quad *s, const quad *p, const quad *decide, int64_t width, quad *h,
                 quad *cell)
{
    RANGE (j, width) {
        if (CHOICE_IS("cell", "lstm")) {
            const quad in = sigmoid(s[j] + p[j]), forget = sigmoid(s[width + j] + p[width + j]);
            const quad n = tanhq(s[2 * width + j] + p[2 * width + j]);
            cell[j] = forget * cell[j] + in * n;
            h[j] = sigmoid(s[3 * width + j] + p[3 * width + j]) * tanhq(cell[j]);
        } else if (CHOICE_IS("cell", "gru")) {
            const quad r = sigmoid(s[j] + p[j]), z = sigmoid(s[width + j] + p[width + j]);
            const quad n = tanhq(s[2 * width + j] + r * p[2 * width + j]);
            h[j] = (1 - z) * n + z * h[j];
        } else if (CHOICE_IS("cell", "relu"))
            h[j] = decide[j] > 0 ? s[j] + p[j] : 0;
        else
            h[j] = tanhq(s[j] + p[j]);
    }
}

/* One pass over a sequence, by the moved numbers; `decide` is what a pass by the fixed ones left. */
static void sequence(fx_ref_call *c, int64_t b, quad *decide, bool fixed, fx_ref_tensor *y,
                     fx_ref_tensor *cells)
{
    fx_ref_tensor *x = TENSOR("x"), *w = TENSOR("weight"), *bias = TENSOR("bias"), *h0 = TENSOR("h");
    fx_ref_tensor *c0 = TENSOR("c"), *project = TENSOR("project"), *lengths = TENSOR("lengths");
    const int64_t steps = x->size[0], batch = x->size[1], wide = x->size[2], state = w->size[1];
    const int64_t width = CHOICE_IS("cell", "lstm") ? wide / 4 : CHOICE_IS("cell", "gru") ? wide / 3 : wide;
    const int64_t length = lengths ? INT_AT(lengths, b) : steps;
    quad *h = NUMBERS(state + 1), *cell = NUMBERS(width + 1), *p = NUMBERS(wide + 1), *s = NUMBERS(wide + 1);
    quad *inner = NUMBERS(width + 1);
#define NUMBER(t, i) (fixed ? BASE(t, i) : AT(t, i))
    RANGE (k, state) h[k] = h0 ? NUMBER(h0, b * state + k) : 0;
    RANGE (k, width) cell[k] = c0 ? NUMBER(c0, b * width + k) : 0;
    RANGE (k, length) {
        const int64_t t = BOOL("reverse") ? length - 1 - k : k;
        RANGE (j, wide) {
            s[j] = NUMBER(x, (t * batch + b) * wide + j);
            p[j] = bias ? NUMBER(bias, j) : 0;
            RANGE (i, state) p[j] += NUMBER(w, j * state + i) * h[i];
            if (fixed) decide[t * wide + j] = s[j] + p[j];
        }
        quad *to = project ? inner : h;
        step(c, s, p, decide + t * wide, width, to, cell);
        if (project)
            RANGE (i, state) h[i] = dot(project, i, inner);
        if (y)
            RANGE (i, state) AT(y, (t * batch + b) * state + i) = h[i];
        if (cells)
            RANGE (i, width) AT(cells, (t * batch + b) * width + i) = cell[i];
    }
#undef NUMBER
}

REFERENCE(recur)
{
    fx_ref_tensor *x = TENSOR("x"), *w = TENSOR("weight");
    const bool lstm = CHOICE_IS("cell", "lstm");
    const int64_t wide = x->size[2];
    fx_ref_tensor *y = OUT(0, 3, ((const int64_t[]){ x->size[0], x->size[1], w->size[1] })), *cells = 0;
    if (lstm) cells = OUT(1, 3, ((const int64_t[]){ x->size[0], x->size[1], wide / 4 }));
    quad *decide = NUMBERS(x->size[0] * wide + 1);
    RANGE (b, x->size[1]) {
        if (CHOICE_IS("cell", "relu")) sequence(c, b, decide, true, 0, 0);
        sequence(c, b, decide, false, y, cells);
    }
}

REFERENCES(recurrent, ROW(recur))
