/* Products of matrices over batches: how a product of tensors becomes calls of the kernel.
 *
 * The batch is walked dimension by dimension with each tensor's own step (0 where it is broadcast). A
 * dimension that y has not is summed: where it and the inner dimension lie one after the other in A and B
 * they are one longer inner dimension (the gradient in a weight that a whole batch shared is one product),
 * otherwise products are accumulated. A dimension that B has not is more rows of A. Invariant: how sums are
 * cut depends on shapes and layouts alone, never on strides, so that a view gives the bits that its copy
 * gives.
 */
#include "product.h"

#include "kernels/gemm.h"
#include "kernels/kernels.h"
#include <string.h>

/* ---- the plan
 * ---------------------------------------------------------------------------------------------- */

/* A tensor as matrices. */
typedef struct view {
    const char *data;
    int64_t rows, columns, row, column; /* sizes, steps */
    int layout, ndim;                   /* of the batch */
    const int64_t *size, *step;         /* of the batch: the tensor's own */
} view;

/* One dimension of the batch: its length, and the steps of a, b and y. */
typedef struct axis {
    int64_t n, a, b, y;
    bool summed, full; /* not in y; in both a and b */
} axis;

typedef struct plan {
    fx_gemm g;
    fx_dtype dtype;
    int axes;
    axis axis[FX_MAX_DIMS];
    void *work;
} plan;

static view view_of(const fx_tensor *x, int layout)
{
    const int64_t *stride = fx__stride(x);
    const bool swapped = layout & FX__SWAPPED;
    view v = { .data = x->data,
               .rows = 1,
               .columns = 1,
               .layout = layout,
               .ndim = fx__batch_ndim(x, layout),
               .size = x->size,
               .step = stride };
    int at = v.ndim;
    for (int pass = 0; pass < 2; pass++) {
        const bool rows = (pass == 0) != swapped;
        if (!(layout & (rows ? FX__ROWS : FX__COLUMNS))) continue;
        *(rows ? &v.rows : &v.columns) = x->size[at];
        *(rows ? &v.row : &v.column) = stride[at];
        at++;
    }
    return v;
}

int64_t fx__rows_of(const fx_tensor *x, int layout)
{
    if (!(layout & FX__ROWS)) return 1;
    return x->size[x->ndim - ((layout & FX__TRANSPOSED) == FX__MATRIX ? 2 : 1)];
}

int64_t fx__columns_of(const fx_tensor *x, int layout)
{
    if (!(layout & FX__COLUMNS)) return 1;
    return x->size[x->ndim - (layout & FX__SWAPPED ? 2 : 1)];
}

/* The matrices transposed: y = A B is y^T = B^T A^T. */
static view flip(view v)
{
    const int64_t rows = v.rows, row = v.row;
    v.rows = v.columns, v.row = v.column;
    v.columns = rows, v.column = row;
    v.layout = fx__flipped(v.layout);
    return v;
}

static int64_t size_at(const view *v, int ndim, int d)
{
    const int at = d - (ndim - v->ndim);
    return at < 0 ? 1 : v->size[at];
}

static int64_t step_at(const view *v, int ndim, int d)
{
    const int at = d - (ndim - v->ndim);
    return at < 0 || v->size[at] == 1 ? 0 : v->step[at];
}

static void find_axes(plan *p, const view *a, const view *b, const view *y)
{
    int ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
    if (y->ndim > ndim) ndim = y->ndim;
    p->axes = 0;
    for (int d = 0; d < ndim; d++) {
        const int64_t na = size_at(a, ndim, d), nb = size_at(b, ndim, d), ny = size_at(y, ndim, d);
        const int64_t n = na != 1 ? na : nb != 1 ? nb : ny;
        if (n == 1) continue;
        p->axis[p->axes++] = (axis){ .n = n,
                                     .a = step_at(a, ndim, d),
                                     .b = step_at(b, ndim, d),
                                     .y = step_at(y, ndim, d),
                                     .summed = ny == 1,
                                     .full = na == n && nb == n };
    }
}

/* ---- folding
 * ----------------------------------------------------------------------------------------------- */

/* How many of the last axes can be one with the inner dimension, given contiguous operands. */
static int foldable(const plan *p, const view *a, const view *b)
{
    const bool a_leads = !(a->layout & FX__ROWS) || a->layout & FX__SWAPPED;
    const bool b_leads = !(b->layout & FX__COLUMNS) || !(b->layout & FX__SWAPPED);
    int count = 0;
    if (a_leads && b_leads)
        while (count < p->axes && p->axis[p->axes - 1 - count].summed && p->axis[p->axes - 1 - count].full)
            count++;
    return count;
}

/* Whether an operand's last `count` axes and its inner dimension (k numbers, `step` apart) are one walk;
 * `step` becomes its step. */
static bool is_walk(const plan *p, int count, bool of_b, int64_t k, int64_t *step)
{
    for (int i = p->axes - 1; k && i >= p->axes - count; i--) {
        const int64_t s = of_b ? p->axis[i].b : p->axis[i].a;
        if (k == 1) *step = s;
        if (s != k * *step) return false;
        k *= p->axis[i].n;
    }
    return true;
}

static void fold_inner(plan *p, int count, int64_t a_step, int64_t b_step)
{
    for (int i = 0; i < count; i++) p->g.k *= p->axis[--p->axes].n;
    p->g.a_column = a_step;
    p->g.b_row = b_step;
}

/* Last axes that b has not are more rows of a and y, as far as they lie one after the other. */
static void fold_rows(plan *p)
{
    fx_gemm *g = &p->g;
    while (p->axes) {
        const axis *x = &p->axis[p->axes - 1];
        if (x->summed || x->b != 0) break;
        if (g->m == 1) g->a_row = x->a, g->c_row = x->y;
        if (x->a != g->m * g->a_row || x->y != g->m * g->c_row) break;
        g->m *= x->n;
        p->axes--;
    }
}

/* Neighbours that are one walk in all three become one axis. */
static void merge_axes(plan *p)
{
    int count = 0;
    for (int i = 0; i < p->axes; i++) {
        axis *before = count ? &p->axis[count - 1] : NULL;
        const axis x = p->axis[i];
        if (before && before->summed == x.summed && before->a == x.n * x.a && before->b == x.n * x.b &&
            before->y == x.n * x.y)
            *before = (axis){ before->n * x.n, x.a, x.b, x.y, x.summed, x.full };
        else
            p->axis[count++] = x;
    }
    p->axes = count;
}

/* The longest axis that is not summed is walked by the kernel. */
static void choose_batch(plan *p)
{
    int best = -1;
    for (int i = 0; i < p->axes; i++)
        if (!p->axis[i].summed && (best < 0 || p->axis[i].n > p->axis[best].n)) best = i;
    p->g.batch = 1;
    if (best < 0) return;
    const axis x = p->axis[best];
    p->g.batch = x.n, p->g.a_step = x.a, p->g.b_step = x.b, p->g.c_step = x.y;
    memmove(&p->axis[best], &p->axis[best + 1], sizeof(axis) * (size_t)(p->axes - best - 1));
    p->axes--;
}

/* ---- integers
 * ---------------------------------------------------------------------------------------------- */

/* Wraps around, as integers do. */
#define INTEGER_PRODUCT(name, type)                                                                          \
    static void name(const fx_gemm *g)                                                                       \
    {                                                                                                        \
        for (int64_t t = 0; t < g->batch; t++)                                                               \
            for (int64_t i = 0; i < g->m; i++)                                                               \
                for (int64_t j = 0; j < g->n; j++) {                                                         \
                    const type *a = (const type *)g->a + t * g->a_step + i * g->a_row;                       \
                    const type *b = (const type *)g->b + t * g->b_step + j * g->b_column;                    \
                    type *c = (type *)g->c + t * g->c_step + i * g->c_row + j;                               \
                    uint64_t sum = g->accumulate ? (uint64_t)*c : 0;                                         \
                    for (int64_t k = 0; k < g->k; k++)                                                       \
                        sum += (uint64_t)a[k * g->a_column] * (uint64_t)b[k * g->b_row];                     \
                    *c = (type)sum;                                                                          \
                }                                                                                            \
    }
INTEGER_PRODUCT(product_u8, uint8_t)
INTEGER_PRODUCT(product_i32, int32_t)
INTEGER_PRODUCT(product_i64, int64_t)

static void multiply(int threads, const plan *p, const fx_gemm *g)
{
    switch (p->dtype) {
    case FX_U8: product_u8(g); break;
    case FX_I32: product_i32(g); break;
    case FX_I64: product_i64(g); break;
    default: fx__gemm(threads, g, p->work); break;
    }
}

/* ---- running
 * ----------------------------------------------------------------------------------------------- */

/* The axes that the kernel does not walk, one product after the other; the first of a sum sets, the others
 * add. */
static void walk(int threads, const plan *p)
{
    const int64_t size = (int64_t)fx_dtype_size(p->dtype);
    int64_t index[FX_MAX_DIMS] = { 0 };
    for (;;) {
        fx_gemm g = p->g;
        for (int i = 0; i < p->axes; i++) {
            const axis *x = &p->axis[i];
            g.a = (const char *)g.a + index[i] * x->a * size;
            g.b = (const char *)g.b + index[i] * x->b * size;
            g.c = (char *)g.c + index[i] * x->y * size;
            g.accumulate |= x->summed && index[i];
        }
        multiply(threads, p, &g);
        int i = p->axes - 1;
        for (; i >= 0 && ++index[i] == p->axis[i].n; i--) index[i] = 0;
        if (i < 0) return;
    }
}

/* A sum of nothing is a product of nothing. */
static void drop_empty_sums(plan *p)
{
    bool empty = false;
    for (int i = 0; i < p->axes; i++) empty |= p->axis[i].summed && p->axis[i].n == 0;
    if (!empty) return;
    p->g.k = 0;
    int count = 0;
    for (int i = 0; i < p->axes; i++)
        if (!p->axis[i].summed) p->axis[count++] = p->axis[i];
    p->axes = count;
}

static bool start(plan *p, fx_context *cx)
{
    if (!fx_dtype_is_float(p->dtype)) return true;
    const size_t bytes = fx__gemm_work(fx_threads(cx), &p->g);
    return bytes == 0 || (p->work = fx__scratch(cx, bytes));
}

/* Plans and runs y = A B, where y's rows lie one after the other. copied: the operands are contiguous
 * already. */
static bool run(fx_context *cx, fx_tensor *out, const view *y, const view *a, const view *b, const void *bias,
                bool *strays)
{
    plan p;
    p.dtype = (fx_dtype)out->dtype;
    p.work = NULL;
    find_axes(&p, a, b, y);
    p.g = (fx_gemm){ .f64 = p.dtype == FX_F64,
                     .m = a->rows,
                     .n = b->columns,
                     .k = a->columns,
                     .a = a->data,
                     .b = b->data,
                     .c = out->data,
                     .bias = bias,
                     .a_row = a->row,
                     .a_column = a->column,
                     .b_row = b->row,
                     .b_column = b->column,
                     .c_row = b->columns };
    drop_empty_sums(&p);
    const int count = foldable(&p, a, b);
    int64_t a_step = a->column, b_step = b->row;
    *strays =
        !is_walk(&p, count, false, a->columns, &a_step) || !is_walk(&p, count, true, a->columns, &b_step);
    if (*strays) return false;
    fold_inner(&p, count, a_step, b_step);
    merge_axes(&p);
    fold_rows(&p);
    choose_batch(&p);
    if (!start(&p, cx)) return false;
    walk(fx_threads(cx), &p);
    fx__scratch_free(cx, p.work);
    return true;
}

static fx_tensor *row_major(const fx_tensor *x) { return fx__contiguous_of((fx_tensor *)(uintptr_t)x); }

bool fx__product_run(fx_context *cx, fx_tensor *y, int layout_y, const fx_tensor *a, int layout_a,
                     const fx_tensor *b, int layout_b, const void *bias)
{
    if (y->numel == 0) return true;
    const bool swapped = layout_y & FX__SWAPPED;
    fx_tensor *flat_a = NULL, *flat_b = NULL;
    bool good = false, strays = false;
    for (int copied = 0; copied < 2; copied++) {
        view va = view_of(flat_a ? flat_a : a, layout_a), vb = view_of(flat_b ? flat_b : b, layout_b);
        view vy = view_of(y, layout_y);
        if (swapped) {
            const view t = flip(va);
            va = flip(vb), vb = t, vy = flip(vy);
        }
        good = run(cx, y, &vy, &va, &vb, bias, &strays);
        if (good || !strays || copied) break;
        if (!(flat_a = row_major(a)) || !(flat_b = row_major(b))) break;
    }
    if (flat_a && flat_a != a) fx_release(flat_a);
    if (flat_b && flat_b != b && flat_b != flat_a) fx_release(flat_b);
    return good;
}

void fx__product_grads(const fx_call *c, fx_tensor *g, fx_tensor *gx[], int layout_y, int layout_a,
                       int layout_b)
{
    if (fx_call_needs(c, 0) && (gx[0] = fx__grad_new(c, 0)))
        fx__product_run(c->cx, gx[0], layout_a, g, layout_y, c->x[1], fx__flipped(layout_b), NULL);
    if (fx_call_needs(c, 1) && (gx[1] = fx__grad_new(c, 1)))
        fx__product_run(c->cx, gx[1], layout_b, c->x[0], fx__flipped(layout_a), g, layout_y, NULL);
}

bool fx__product_promote(fx_tensor **a, fx_tensor **b, const char *name, fx_where where)
{
    if (!*a || !*b) return false;
    fx_tensor *x[2] = { *a, *b };
    const fx_dtype dtype = fx_promote(fx_dtype_of(x[0]), fx_dtype_of(x[1]));
    if (dtype == FX_BOOL) {
        fx_error_set(fx_context_of(x[0]), FX_ERROR_DTYPE, where,
                     "%s: bool has no products: cast to another dtype", name);
        return false;
    }
    for (int i = 0; i < 2; i++)
        if (fx_dtype_of(x[i]) != dtype && !(x[i] = fx__space.cast(x[i], dtype, where))) return false;
    *a = x[0], *b = x[1];
    return true;
}

/* ---- the op
 * ------------------------------------------------------------------------------------------------ */

typedef struct product_options {
    int8_t y, a, b;
    int8_t ndim;
    int64_t batch[FX_MAX_DIMS];
} product_options;

/* The library's own calls are the only ones, so that sizes fit. */
static bool product_shape(const fx_call *c, fx_spec *y)
{
    const product_options *o = c->options;
    const int64_t rows = fx__rows_of(c->x[0], o->a), columns = fx__columns_of(c->x[1], o->b);
    y->ndim = o->ndim;
    memcpy(y->size, o->batch, sizeof(int64_t) * (size_t)o->ndim);
    if (o->y & FX__SWAPPED) y->size[y->ndim++] = columns;
    if (o->y & FX__ROWS) y->size[y->ndim++] = rows;
    if (o->y & FX__COLUMNS && !(o->y & FX__SWAPPED)) y->size[y->ndim++] = columns;
    return true;
}

static void product_forward(const fx_call *c)
{
    const product_options *o = c->options;
    fx__product_run(c->cx, c->y, o->y, c->x[0], o->a, c->x[1], o->b, NULL);
}

static void product_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const product_options *o = c->options;
    if (fx_call_needs(c, 0)) gx[0] = fx__product_grad_a(c->shapes[0], o->a, c->x[1], o->b, g, o->y, c->where);
    if (fx_call_needs(c, 1)) gx[1] = fx__product_grad_b(c->x[0], o->a, c->shapes[1], o->b, g, o->y, c->where);
}

static void product_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const product_options *o = c->options;
    fx__product_grads(c, g, gx, o->y, o->a, o->b);
}

static unsigned product_captured(const fx_call *c)
{
    return (fx_call_needs(c, 0) ? FX_CAPTURE_X1 : 0) | (fx_call_needs(c, 1) ? FX_CAPTURE_X0 : 0);
}

static const fx_op product_op = { .name = "matmul",
                                  .formula = "y = the sum over the batch dimensions that y has not of A B",
                                  .inputs = 2,
                                  .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
                                  .captured = product_captured,
                                  .options_size = sizeof(product_options),
                                  .strided = true,
                                  .shape = product_shape,
                                  .forward = product_forward,
                                  .local_grad = product_local_grad,
                                  .local_grad_fused = product_local_grad_fused };

fx_tensor *fx__product(int layout_y, int batch_ndim, const int64_t *batch, fx_tensor *a, int layout_a,
                       fx_tensor *b, int layout_b, fx_where where)
{
    product_options o = { (int8_t)layout_y, (int8_t)layout_a, (int8_t)layout_b, (int8_t)batch_ndim, { 0 } };
    if (batch_ndim) memcpy(o.batch, batch, sizeof(int64_t) * (size_t)batch_ndim);
    return FX__APPLY(&product_op, &o, where, a, b);
}

fx_tensor *fx__product_grad_a(const fx_tensor *a, int layout_a, fx_tensor *b, int layout_b, fx_tensor *g,
                              int layout_y, fx_where where)
{
    return fx__product(layout_a, fx__batch_ndim(a, layout_a), a->size, g, layout_y, b, fx__flipped(layout_b),
                       where);
}

fx_tensor *fx__product_grad_b(fx_tensor *a, int layout_a, const fx_tensor *b, int layout_b, fx_tensor *g,
                              int layout_y, fx_where where)
{
    return fx__product(layout_b, fx__batch_ndim(b, layout_b), b->size, a, fx__flipped(layout_a), g, layout_y,
                       where);
}
