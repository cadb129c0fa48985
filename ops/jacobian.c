/* Jacobians and Hessians of a function of the caller's, by rows or by columns.
 *
 * By rows: the gradients under an identity of seeds. By columns: the gradient under a seed u is J^T u, and
 * its gradients in u under an identity are the rows of J^T (functional.c). Either way a block of an identity
 * at a time, so that no more of it than SEEDS numbers is ever there.
 */
#include "functional.h"

#include <string.h>

enum { SEEDS = 1 << 20 };

/* Rows first .. first + n - 1 of the identity of y's numbers, each of y's shape. */
static fx_tensor *identity_rows(const fx__derivation *d, const fx_tensor *y, int64_t first, int64_t n)
{
    fx_dims sizes = { .given = true, .count = y->ndim + 1, .at = { n } };
    memcpy(sizes.at + 1, y->size, sizeof(int64_t) * y->ndim);
    fx_tensor *e = fx_full_at(d->cx, (fx_dtype)y->dtype, 0, sizes, d->where);
    for (int64_t r = 0; e && r < n; r++) {
        const int64_t at = r * y->numel + first + r;
        if (y->dtype == FX_F64)
            ((double *)(void *)e->data)[at] = 1;
        else
            ((float *)(void *)e->data)[at] = 1;
    }
    return e;
}

/* The gradients of a block of y's numbers in x: (rows, sizes of x[i]) each, NULL for none. */
static bool block_of_rows(const fx__derivation *d, fx_tensor *y, fx__tensors x, int64_t first, int64_t n,
                          fx_tensor **parts)
{
    fx_tensor *seeds = identity_rows(d, y, first, n);
    if (!seeds) return false;
    const fx_status status = fx_gradients_batched_at(parts,
                                                     (fx_gradient_args){ .output = y,
                                                                         .inputs = fx__list(x),
                                                                         .seed = seeds,
                                                                         .create_graph = d->args.create_graph,
                                                                         .retain_graph = true,
                                                                         .allow_unused = true },
                                                     d->where);
    fx_release(seeds);
    return status == FX_OK;
}

/* The gradients of all of y's numbers in x: rows[i] (numel of y, sizes of x[i]), NULL for none. x has no
 * holes. */
static bool rows_of(const fx__derivation *d, fx_tensor *y, fx__tensors x, fx_tensor **rows)
{
    const int64_t most = y->numel > SEEDS ? 1 : y->numel ? SEEDS / y->numel : 1, all = y->numel;
    const int64_t blocks = (all + most - 1) / most;
    for (int i = 0; i < x.count; i++) rows[i] = NULL;
    if (!blocks || !fx_requires_grad(y)) return true;
    if (blocks == 1) return block_of_rows(d, y, x, 0, all, rows);
    fx_tensor **parts = fx__scratch(d->cx, sizeof *parts * (size_t)(blocks + 1) * (size_t)x.count);
    if (!parts) return false;
    bool ok = true;
    fx_tensor **column = parts + blocks * x.count; /* room for at least one; the parts of one input */
    for (int64_t b = 0; ok && b < blocks; b++) {
        const int64_t first = b * most, n = first + most < all ? most : all - first;
        ok = block_of_rows(d, y, x, first, n, column);
        for (int i = 0; ok && i < x.count; i++) parts[i * blocks + b] = column[i];
    }
    for (int i = 0; ok && i < x.count; i++)
        if (parts[i * blocks])
            ok = (rows[i] = fx_cat_at((fx_list){ (int)blocks, parts + i * blocks }, 0, d->where)) != NULL;
    fx__scratch_free(d->cx, parts);
    return ok;
}

/* Batches have a dimension more, and a result those of both. */
static bool check_sizes(const fx__derivation *d, fx__tensors y, fx__tensors x)
{
    for (int k = 0; k < y.count; k++)
        for (int i = 0; i < x.count; i++) {
            const int a = y.at[k]->ndim, b = x.at[i]->ndim;
            if (a + b > FX_MAX_DIMS || a == FX_MAX_DIMS || b == FX_MAX_DIMS)
                return fx__derivation_fail(d, FX_ERROR_SHAPE, "of %s in %s: more than %d dimensions",
                                           fx__shape_text(y.at[k]), fx__shape_text(x.at[i]),
                                           a + b > FX_MAX_DIMS ? FX_MAX_DIMS : FX_MAX_DIMS - 1);
        }
    return true;
}

/* The sizes of a, then those of b. */
static fx_dims joined_sizes(const fx_tensor *a, const fx_tensor *b)
{
    fx_dims sizes = { .given = true, .count = a->ndim + b->ndim };
    memcpy(sizes.at, a->size, sizeof(int64_t) * a->ndim);
    memcpy(sizes.at + a->ndim, b->size, sizeof(int64_t) * b->ndim);
    return sizes;
}

/* A block of the result: rows, zeros where there are none, in its shape. */
static fx_tensor *block(const fx__derivation *d, fx_tensor *rows, const fx_tensor *y, const fx_tensor *x)
{
    const fx_dims sizes = joined_sizes(y, x);
    return rows ? fx_reshape_at(rows, sizes, d->where)
                : fx_full_at(d->cx, (fx_dtype)x->dtype, 0, sizes, d->where);
}

/* The same of columns, which have the sizes of x first. */
static fx_tensor *block_of_columns(const fx__derivation *d, fx_tensor *columns, const fx_tensor *y,
                                   const fx_tensor *x)
{
    fx_dims order = { .given = true, .count = y->ndim + x->ndim };
    if (!columns) return block(d, NULL, y, x);
    for (int i = 0; i < order.count; i++) order.at[i] = i < y->ndim ? x->ndim + i : i - y->ndim;
    fx_tensor *c = fx_permute_at(fx_reshape_at(columns, joined_sizes(x, y), d->where), order, d->where);
    if (c && c->dtype != x->dtype) c = fx__space.cast(c, (fx_dtype)x->dtype, d->where);
    return d->args.create_graph ? c : fx_clone_at(c, d->where);
}

/* The blocks of d y[k] / d x[i]; y may have holes, shapes has not. what: FX__GRADIENT if y is one, for
 * messages. */
static bool by_rows(fx__derivation *d, fx__tensors y, fx__tensors shapes, fx__tensors x, int what,
                    fx_tensor **results)
{
    for (int k = 0; k < y.count; k++) {
        fx_tensor **row = results + k * x.count;
        if (y.at[k] && !rows_of(d, y.at[k], x, row)) return false;
        for (int i = 0; i < x.count; i++) {
            if (!row[i] && !fx__independent(d, what == FX__GRADIENT ? what : k, i)) return false;
            if (!(row[i] = block(d, row[i], shapes.at[k], x.at[i]))) return false;
        }
    }
    return true;
}

static bool by_columns(fx__derivation *d, fx__tensors y, fx__tensors shapes, fx__tensors x, int what,
                       fx_tensor **results)
{
    fx__tensors u, gradient, seeds = fx__room(d, y.count), columns = fx__room(d, y.count);
    if (!fx__transpose(d, y, x, &u, &gradient)) return false;
    seeds.count = 0;
    for (int k = 0; k < y.count; k++)
        if (u.at[k]) seeds.at[seeds.count++] = u.at[k];
    for (int i = 0; i < x.count; i++) {
        for (int n = 0; n < seeds.count; n++) columns.at[n] = NULL;
        if (gradient.at[i] && !rows_of(d, gradient.at[i], seeds, columns.at)) return false;
        for (int k = 0, n = 0; k < y.count; k++) {
            fx_tensor *c = u.at[k] ? columns.at[n++] : NULL;
            if (!c && !fx__independent(d, what == FX__GRADIENT ? what : k, i)) return false;
            if (!(results[k * x.count + i] = block_of_columns(d, c, shapes.at[k], x.at[i]))) return false;
        }
    }
    return true;
}

/* A pass for each number of y, or two and one for each number of x, of a graph about twice as long. */
static bool by_columns_is_less(fx__tensors y, fx__tensors x)
{
    int64_t rows = 0, columns = 0;
    for (int k = 0; k < y.count; k++) rows += y.at[k] && fx_requires_grad(y.at[k]) ? y.at[k]->numel : 0;
    for (int i = 0; i < x.count; i++) columns += x.at[i]->numel;
    return 2 * columns + 2 < rows;
}

static bool blocks(fx__derivation *d, fx__tensors y, fx__tensors shapes, int what, fx_tensor **results)
{
    const fx_jacobian_mode mode = d->args.mode;
    if (!check_sizes(d, shapes, d->x)) return false;
    const bool columns =
        mode == FX_JACOBIAN_FORWARD || (mode == FX_JACOBIAN_AUTO && by_columns_is_less(y, d->x));
    return (columns ? by_columns : by_rows)(d, y, shapes, d->x, what, results);
}

static int of_each_pair(int inputs, int outputs) { return inputs * outputs; }
static int of_each_square(int inputs, int outputs)
{
    (void)outputs;
    return inputs * inputs;
}

static bool jacobian(fx__derivation *d, fx_tensor **results)
{
    return blocks(d, d->y, d->y, FX__FUNCTION, results);
}

static bool hessian(fx__derivation *d, fx_tensor **results)
{
    fx__tensors gradient;
    return fx__gradient_of(d, &gradient) && blocks(d, gradient, d->x, FX__GRADIENT, results);
}

fx_status fx_jacobian_at(fx_tensor **results, fx_derivative_args args, fx_where where)
{
    return fx__derivative("jacobian", &args, jacobian, of_each_pair, results, where);
}

fx_status fx_hessian_at(fx_tensor **results, fx_derivative_args args, fx_where where)
{
    return fx__derivative("hessian", &args, hessian, of_each_square, results, where);
}
