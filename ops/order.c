/* Numbers in order along a dimension: sort, argsort, topk, kthvalue, median, mode.
 *
 * One op: for each lane it finds the places of some numbers, and gives those numbers and their places. The
 * gradient goes to the places (pick.h), ties being in the order of their places. NaN is larger than any
 * number.
 */
#include "kernels/order.h"
#include "pick.h"

#include <math.h>
#include <string.h>

typedef enum order_kind {
    ORDER_SORT,
    ORDER_TOPK,
    ORDER_KTH,
    ORDER_MEDIAN,
    ORDER_NANMEDIAN,
    ORDER_MODE
} order_kind;

typedef struct order_options {
    int64_t k; /* how many, or which */
    order_kind kind;
    fx__axes axes;
    bool descending;
} order_options;

static int64_t length_of(const fx_tensor *x, fx__axes axes)
{
    for (int d = 0; d < x->ndim; d++)
        if (axes.mask >> d & 1) return x->size[d];
    return 1;
}

static bool of_floats(order_kind kind) { return kind == ORDER_MEDIAN || kind == ORDER_NANMEDIAN; }

static bool order_sizes(const fx_call *c, fx_spec *y)
{
    const order_options *o = c->options;
    const fx_tensor *x = c->x[0];
    const int64_t n = length_of(x, o->axes), all = y->ndim ? x->numel : 1;
    if (o->kind == ORDER_SORT) return true;
    if (o->kind == ORDER_TOPK || o->kind == ORDER_KTH) {
        const int64_t least = o->kind == ORDER_KTH;
        if (o->k < least || o->k > n)
            return fx_call_fail(c, FX_ERROR_INDEX,
                                "there is no k = %lld among the %lld numbers of a lane of %s",
                                (long long)o->k, (long long)n, fx__shape_text(x));
    }
    if (o->kind == ORDER_TOPK) {
        for (int d = 0; d < x->ndim; d++)
            if (o->axes.mask >> d & 1) y->size[d] = o->k;
        return true;
    }
    fx__reduced_shape(x, o->axes, y);
    int64_t results = 1;
    for (int d = 0; d < y->ndim; d++) results *= y->size[d];
    if (results && !all && !(of_floats(o->kind) && !o->axes.keepdim && y->ndim == 0))
        return fx_call_fail(c, FX_ERROR_SHAPE, "there is no number to choose from in sizes %s",
                            fx__shape_text(x));
    return true;
}

static bool order_shape(const fx_call *c, fx_spec *y)
{
    if (!order_sizes(c, y)) return false;
    y[1] = y[0];
    y[1].dtype = FX_I64;
    y[1].no_gradient = true;
    return true;
}

/* Items whose key is NaN's go to the end; how many others there are. */
static int64_t numbers_first(int64_t n, fx_order_item *items)
{
    int64_t good = 0;
    for (int64_t i = 0; i < n; i++)
        if (!fx__order_is_nan(items[i].key)) {
            const fx_order_item x = items[i];
            items[i] = items[good];
            items[good++] = x;
        }
    return good;
}

/* The lower median; NaN, the first of them, if there is one and they count. */
static void find_median(int64_t n, fx_order_item *items, bool skips)
{
    int64_t first = n;
    for (int64_t i = 0; i < n && first == n; i++)
        if (fx__order_is_nan(items[i].key)) first = i;
    if (first < n && !skips) {
        items[0] = items[first];
        return;
    }
    const int64_t good = first < n ? numbers_first(n, items) : n;
    if (good == 0) return;
    fx__order_select(good, (good - 1) / 2 + 1, items);
    items[0] = items[(good - 1) / 2];
}

/* Of the numbers that stand most often the least; its last place, as PyTorch has it. */
static void find_mode(int64_t n, fx_order_item *items, fx_order_item *work)
{
    int64_t most = 0, at = 0;
    fx__order_sort(n, items, work);
    for (int64_t i = 0, run = 0; i < n; i++) {
        run = i && items[i].key == items[i - 1].key ? run + 1 : 1;
        if (run > most) most = run, at = i;
    }
    items[0] = items[at];
}

/* Brings what is wanted of a lane to the front. */
static void choose(const order_options *o, int64_t n, fx_order_item *items, fx_order_item *work)
{
    switch (o->kind) {
    case ORDER_SORT: fx__order_sort(n, items, work); return;
    case ORDER_TOPK:
        if (o->k < n) fx__order_select(n, o->k, items);
        fx__order_sort_any(o->k, items, work);
        return;
    case ORDER_KTH:
        fx__order_select(n, o->k, items);
        items[0] = items[o->k - 1];
        return;
    case ORDER_MEDIAN:
    case ORDER_NANMEDIAN: find_median(n, items, o->kind == ORDER_NANMEDIAN); return;
    case ORDER_MODE: find_mode(n, items, work); return;
    }
}

/* places: NULL for not wanted; so is values. */
static void order_lanes(const fx_call *c, char *values, int64_t *places, int64_t picks)
{
    const order_options *o = c->options;
    const fx_tensor *x = c->x[0];
    const fx__lanes l = fx__lanes_of(x, o->axes.mask, false);
    const size_t width = fx_dtype_size((fx_dtype)x->dtype);
    if (x->numel == 0 || picks == 0) return;
    fx_order_item *items = fx__scratch(c->cx, 2 * sizeof *items * (size_t)l.count);
    if (!items) return;
    for (int64_t lane = 0; lane < l.outer * l.inner; lane++) {
        const int64_t outer = lane / l.inner, inner = lane % l.inner;
        const char *from = x->data + (size_t)(outer * l.count * l.inner + inner) * width;
        fx__order_keys(fx__number_of((fx_dtype)x->dtype), l.count, from, l.inner, o->descending, items);
        choose(o, l.count, items, items + l.count);
        for (int64_t k = 0; k < picks; k++) {
            const int64_t to = (outer * picks + k) * l.inner + inner, at = items[k].at;
            if (values) memcpy(values + (size_t)to * width, from + (size_t)(at * l.inner) * width, width);
            if (places) places[to] = at;
        }
    }
    fx__scratch_free(c->cx, items);
}

static int64_t picks_of(const fx_call *c)
{
    const order_options *o = c->options;
    return o->kind == ORDER_SORT ? length_of(c->x[0], o->axes) : o->kind == ORDER_TOPK ? o->k : 1;
}

static void order_forward(const fx_call *c)
{
    order_lanes(c, c->y->data, (int64_t *)(void *)c->ys[1]->data, picks_of(c));
}

static void order_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const order_options *o = c->options;
    if (g) gx[0] = fx__place(g, c->ys[1], c->shapes[0], o->axes.mask, c->where);
}

static void order_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const order_options *o = c->options;
    if (!g || !(g = fx__contiguous_of(g))) return;
    if ((gx[0] = fx__grad_new(c, 0))) fx__place_into(gx[0], g, c->ys[1], o->axes.mask);
}

#define ORDER_OP(function, words)                                                                            \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = words,                                                   \
                                         .inputs = 1,                                                        \
                                         .outputs = 2,                                                       \
                                         .captures = FX_CAPTURE_Y_AT(1),                                     \
                                         .options_size = sizeof(order_options),                              \
                                         .shape = order_shape,                                               \
                                         .forward = order_forward,                                           \
                                         .local_grad = order_local_grad,                                     \
                                         .local_grad_fused = order_local_grad_fused };
ORDER_OP(sort, "y = x in order along a dimension, and where each was")
ORDER_OP(msort, "y = x in order along dimension 0")
ORDER_OP(topk, "y = the k largest of x along a dimension, and where they are")
ORDER_OP(kthvalue, "y = the k-th of x in ascending order along a dimension, and where it is")
ORDER_OP(median, "y = the lower median of x along a dimension, and where it is")
ORDER_OP(nanmedian, "y = the lower median of what is not NaN along a dimension, and where it is")
ORDER_OP(mode, "y = what stands most often in x along a dimension, and where")

/* One dimension; the values, and where they are into *places, which may be NULL. */
static fx_tensor *ordered(const fx_op *op, fx_tensor *x, int64_t dim, order_options o, fx_tensor **places,
                          fx_where where)
{
    fx_tensor *ys[2];
    if (!x || !fx__mask_of_dim(x, dim, op->name, where, &o.axes)) return NULL;
    if (!fx_apply_at(op, (fx_list){ 1, &x }, &o, ys, where)) return NULL;
    if (places) *places = ys[1];
    return ys[0];
}

fx_tensor *fx_sort_at(fx_sort_args a, fx_where where)
{
    return ordered(&sort_op, a.x, a.dim, (order_options){ .descending = a.descending }, a.indices, where);
}

fx_tensor *fx_msort_at(fx_tensor *x, fx_where where)
{
    return ordered(&msort_op, x, 0, (order_options){ .kind = ORDER_SORT }, NULL, where);
}

fx_tensor *fx_topk_at(fx_topk_args a, fx_where where)
{
    return ordered(&topk_op, a.x, a.dim,
                   (order_options){ .kind = ORDER_TOPK, .k = a.k, .descending = !a.smallest }, a.indices,
                   where);
}

fx_tensor *fx_kthvalue_at(fx_kthvalue_args a, fx_where where)
{
    return ordered(&kthvalue_op, a.x, a.dim,
                   (order_options){ .kind = ORDER_KTH, .k = a.k, .axes.keepdim = a.keepdim }, a.indices,
                   where);
}

fx_tensor *fx_mode_at(fx_mode_args a, fx_where where)
{
    return ordered(&mode_op, a.x, a.dim, (order_options){ .kind = ORDER_MODE, .axes.keepdim = a.keepdim },
                   a.indices, where);
}

/* ---- where alone ---- */

static bool argsort_shape(const fx_call *c, fx_spec *y)
{
    (void)c;
    y->dtype = FX_I64;
    return true;
}

static void argsort_forward(const fx_call *c)
{
    order_lanes(c, NULL, (int64_t *)(void *)c->y->data, picks_of(c));
}

static const fx_op argsort_op = { .name = "argsort",
                                  .formula =
                                      "y = where the numbers of x are, in their order along a dimension",
                                  .inputs = 1,
                                  .options_size = sizeof(order_options),
                                  .shape = argsort_shape,
                                  .forward = argsort_forward };

fx_tensor *fx_argsort_at(fx_argsort_args a, fx_where where)
{
    order_options o = { .kind = ORDER_SORT, .descending = a.descending };
    if (!a.x || !fx__mask_of_dim(a.x, a.dim, "argsort", where, &o.axes)) return NULL;
    return FX__APPLY(&argsort_op, &o, where, a.x);
}

/* ---- the median of all ---- */

static bool middle_shape(const fx_call *c, fx_spec *y)
{
    (void)c;
    y->ndim = 0;
    return true;
}

static void middle_forward(const fx_call *c)
{
    const order_options *o = c->options;
    const fx_tensor *x = c->x[0];
    if (x->numel == 0) {
        fx__space.fill(c->y, NAN);
        return;
    }
    const size_t width = fx_dtype_size((fx_dtype)x->dtype);
    fx_order_item *items = fx__scratch(c->cx, 2 * sizeof *items * (size_t)x->numel);
    if (!items) return;
    fx__order_keys(fx__number_of((fx_dtype)x->dtype), x->numel, x->data, 1, false, items);
    choose(o, x->numel, items, items + x->numel);
    memcpy(c->y->data, x->data + (size_t)items[0].at * width, width);
    fx__scratch_free(c->cx, items);
}

static void middle_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const unsigned all = (1u << c->shapes[0]->ndim) - 1;
    fx_tensor *shares = fx__share(c->x[0], c->y, all, false, c->where);
    gx[0] = fx_mul_at(fx_operand_tensor(fx__spread(g, c->shapes[0], all, c->where)),
                      fx_operand_tensor(shares), c->where);
}

#define MIDDLE_OP(function)                                                                                  \
    static const fx_op function##_all_op = { .name = #function,                                              \
                                             .formula = "y = the lower median of x",                         \
                                             .inputs = 1,                                                    \
                                             .captures = FX_CAPTURE_X0 | FX_CAPTURE_Y,                       \
                                             .options_size = sizeof(order_options),                          \
                                             .shape = middle_shape,                                          \
                                             .forward = middle_forward,                                      \
                                             .local_grad = middle_local_grad };
MIDDLE_OP(median)
MIDDLE_OP(nanmedian)

static fx_tensor *median_of(const fx_op *along, const fx_op *of_all, order_kind kind, fx_median_args a,
                            fx_where where)
{
    order_options o = { .kind = kind, .axes.keepdim = a.keepdim };
    fx_tensor *x = a.x;
    if (!x) return NULL;
    if (x->dtype == FX_BOOL)
        return fx_error_set(x->cx, FX_ERROR_DTYPE, where, "%s: takes numbers, not bool", along->name), NULL;
    if (a.dims.given && a.dims.count == 1) return ordered(along, x, a.dims.at[0], o, a.indices, where);
    if (!a.dims.given) return FX__APPLY(of_all, &o, where, x);
    fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: takes one dimension, not %d", along->name,
                 a.dims.count);
    return NULL;
}

fx_tensor *fx_median_at(fx_median_args a, fx_where where)
{
    return median_of(&median_op, &median_all_op, ORDER_MEDIAN, a, where);
}
fx_tensor *fx_nanmedian_at(fx_median_args a, fx_where where)
{
    return median_of(&nanmedian_op, &nanmedian_all_op, ORDER_NANMEDIAN, a, where);
}
