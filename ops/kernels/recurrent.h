/* One step of a recurrent cell, number by number, and its gradient.
 *
 * A step has `rows` sequences and `width` units. What it adds to its gates comes from the input (a), from the
 * state by a product (p), and from a bias (b); each row of a and p has the gates side by side, `gates` x
 * width numbers:
 *
 *     tanh, relu: h = f(s),  s = a + p + b
 *     LSTM        i, f, o = sigmoid(s0), sigmoid(s1), sigmoid(s3), n = tanh(s2);
 *                 c = f c' + i n,  h = o tanh(c)
 *     GRU         r, z = sigmoid(s0), sigmoid(s1), n = tanh(a2 + r q), q = p2 + b2;  h = (1 - z) n + z h'
 *
 * Kept for the gradient are the sums s (of a GRU: s0, s1, a2 + r q, q), not what became of them: a slope
 * that is computed from a sum has all its digits, one from a rounded sigmoid near 1 has none.
 *
 * Rows that are not active have come to their end, or not to their beginning: what they put out is 0, and
 * states and their gradients pass through them.
 */
#ifndef FLUXION_KERNELS_RECURRENT_H
#define FLUXION_KERNELS_RECURRENT_H

#include "kernels.h"

typedef enum fx__cell { FX__CELL_TANH, FX__CELL_RELU, FX__CELL_LSTM, FX__CELL_GRU } fx__cell;

static inline int64_t fx__cell_gates(int cell)
{
    return cell == FX__CELL_LSTM ? 4 : cell == FX__CELL_GRU ? 3 : 1;
}
/* Numbers kept for each unit. */
static inline int64_t fx__cell_kept(int cell) { return cell >= FX__CELL_LSTM ? 4 : 1; }

typedef struct fx__cell_step {
    fx__cell cell;
    bool wide; /* double, not float */
    int64_t rows, width;
    const uint8_t *active; /* of each row; NULL: all are */
    int threads;

    const void *input, *product, *bias; /* product and bias may be NULL */
    const void *before;                 /* (rows, width): the c' of an LSTM, the h' of a GRU; NULL: zeros */
    void *kept;                         /* (rows, kept x width) */
    void *c, *h;                        /* (rows, width); c of an LSTM alone; may be `before` */

    /* The gradient: of h; of c and of the kept sums from outside, NULL for none. */
    const void *g_h, *g_c, *g_kept;
    void *carry; /* (rows, width), LSTM: in, the gradient in c from later steps; out, that in c' */
    /* (rows, width), GRU: out, the part of the gradient in h' that does not go through the product; rows that
     * are not active are left alone. NULL otherwise. */
    void *direct;
    void *g_input, *g_product; /* (rows, gates x width); the same memory but for a GRU */
    void *h_again;             /* (rows, width), LSTM: h once more; NULL: not wanted */
} fx__cell_step;

struct fx_recurrent_kernels {
    void (*forward)(const fx__cell_step *s);
    void (*gradient)(const fx__cell_step *s);
    /* (rows, columns) to (columns, rows); sums of each of `columns` over all rows, with work for as many
     * doubles. */
    void (*add)(bool wide, int64_t n, const void *a, const void *b, void *to);
    void (*transpose)(bool wide, int64_t rows, int64_t columns, const void *from, void *to);
    void (*sum_rows)(bool wide, int64_t rows, int64_t columns, const void *from, void *to, double *work);
};

#endif
