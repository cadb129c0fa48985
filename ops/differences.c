/* Derivatives by differences: see the header. A column of the table is kept for all numbers of the curve, so
 * that one evaluation serves all.
 */
#include "differences.h"

#include <math.h>
#include <string.h>

enum { LEVELS = 14, ORDERS = 8, ENOUGH = 3 };

/* The table's last two rows, number by number, and where its first good row is. */
typedef struct table {
    double *up, *down, *row, *before; /* count, count, ORDERS * count, ORDERS * count */
    int *start;                       /* count */
    bool *moves;                      /* count */
} table;

size_t fx__differences_work(int64_t count)
{
    return (size_t)count * ((2 + 2 * ORDERS) * sizeof(double) + sizeof(int) + sizeof(bool)) + 64;
}

static table table_of(int64_t count, void *work)
{
    double *d = work;
    table t = { .up = d, .down = d + count, .row = d + 2 * count, .before = d + (2 + ORDERS) * count };
    t.start = (int *)(void *)(d + (2 + 2 * ORDERS) * count);
    t.moves = (bool *)(t.start + count);
    for (int64_t k = 0; k < count; k++) t.start[k] = 0, t.moves[k] = false;
    return t;
}

/* One more row of the table of number k: `quotient` is the difference quotient of this level, `grow` what one
 * order gains, `noise` what rounding alone may do to it. */
static void extend(table *t, int64_t k, int level, double quotient, double grow, double noise, fx__slope *s)
{
    double *row = t->row + k * ORDERS, *before = t->before + k * ORDERS;
    memcpy(before, row, sizeof(double) * ORDERS);
    row[0] = quotient;
    double factor = 1;
    for (int q = 1; q < ORDERS && q <= level - t->start[k]; q++) {
        factor *= grow;
        row[q] = row[q - 1] + (row[q - 1] - before[q - 1]) / (factor - 1);
        double error = fmax(fabs(row[q] - row[q - 1]), fabs(row[q] - before[q - 1]));
        error = fmax(error, noise);
        if (error < s->error) *s = (fx__slope){ row[q], error };
    }
}

static bool settled(const fx__curve *f, const fx__slope *slope, const double *noise)
{
    for (int64_t k = 0; k < f->count; k++)
        if (isfinite(f->centre[k]) &&
            !(slope[k].error <= 4 * noise[k] || slope[k].error <= 1e-13 * fabs(slope[k].value)))
            return false;
    return true;
}

static void note_moves(const fx__curve *f, table *t, const double *y)
{
    for (int64_t k = 0; k < f->count; k++) t->moves[k] |= !(y[k] == f->centre[k]);
}

static void start_slopes(const fx__curve *f, fx__slope *slope)
{
    for (int64_t k = 0; k < f->count; k++) slope[k] = (fx__slope){ 0, INFINITY };
}

/* What never moved is no function of this number. */
static void settle_unmoved(const fx__curve *f, const table *t, fx__slope *slope)
{
    for (int64_t k = 0; k < f->count; k++)
        if (!t->moves[k] && isfinite(f->centre[k])) slope[k] = (fx__slope){ 0, 0 };
}

bool fx__central_slopes(const fx__curve *f, double x, double scale, fx__slope *slope, void *work)
{
    table t = table_of(f->count, work);
    const double far[2] = { x + 3 * scale, x - 2.3 * scale };
    start_slopes(f, slope);
    for (int i = 0; i < 2; i++) {
        if (!f->at(f->data, far[i], t.up)) return false;
        note_moves(f, &t, t.up);
    }
    double step = scale / 10;
    for (int level = 0; level < LEVELS; level++, step /= 2) {
        const double right = x + step, left = x - step, width = right - left;
        if (!(width > 0)) break;
        if (!f->at(f->data, right, t.up) || !f->at(f->data, left, t.down)) return false;
        note_moves(f, &t, t.up);
        note_moves(f, &t, t.down);
        for (int64_t k = 0; k < f->count; k++) {
            const double noise = 2 * f->rounding[k] * (fabs(t.up[k]) + fabs(t.down[k])) / width;
            if (isfinite(t.up[k]) && isfinite(t.down[k]))
                extend(&t, k, level, (t.up[k] - t.down[k]) / width, 4, noise, &slope[k]);
            else
                t.start[k] = level + 1;
            t.up[k] = noise;
        }
        if (level >= ENOUGH && settled(f, slope, t.up)) break;
    }
    settle_unmoved(f, &t, slope);
    return true;
}

bool fx__side_slopes(const fx__curve *f, double x, double scale, int side, fx__slope *slope, void *work)
{
    table t = table_of(f->count, work);
    start_slopes(f, slope);
    double step = scale / 10;
    for (int level = 0; level < 2 * LEVELS; level++, step /= 2) {
        const double there = x + side * step, width = there - x;
        if (width == 0) break;
        if (!f->at(f->data, there, t.up)) return false;
        note_moves(f, &t, t.up);
        for (int64_t k = 0; k < f->count; k++) {
            const double noise = 2 * f->rounding[k] * (fabs(t.up[k]) + fabs(f->centre[k])) / fabs(width);
            if (isfinite(t.up[k]) && isfinite(f->centre[k]))
                extend(&t, k, level, (t.up[k] - f->centre[k]) / width, 2, noise, &slope[k]);
            else
                t.start[k] = level + 1;
        }
    }
    return true;
}
