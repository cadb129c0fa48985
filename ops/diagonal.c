/* Diagonals and windows: views, and the ops that are their gradients.
 *
 * A diagonal's is zeros with the gradient on that diagonal (diag_embed); a window's is fold, which adds each
 * window where it was. Each pair is closed.
 */
#include "kernels/strided.h"
#include "shape.h"

/* ---- diagonals ---- */

typedef struct diagonal {
    int64_t offset, rows, columns;
    int dim1, dim2;
} diagonal;

static int64_t diagonal_length(const diagonal *d)
{
    int64_t a = d->offset < 0 ? d->rows + d->offset : d->rows;
    int64_t b = d->offset > 0 ? d->columns - d->offset : d->columns;
    return a <= 0 || b <= 0 ? 0 : a < b ? a : b;
}

static bool diagonal_shape(const fx_call *c, fx_spec *y)
{
    const diagonal *d = c->options;
    const fx_tensor *x = c->x[0];
    const int64_t *stride = fx__stride(x);
    int k = 0;
    for (int i = 0; i < x->ndim; i++) {
        if (i == d->dim1 || i == d->dim2) continue;
        y->size[k] = x->size[i];
        y->stride[k++] = stride[i];
    }
    y->size[k] = diagonal_length(d);
    y->stride[k] = stride[d->dim1] + stride[d->dim2];
    y->ndim = k + 1;
    if (y->size[k]) y->offset = d->offset < 0 ? -d->offset * stride[d->dim1] : d->offset * stride[d->dim2];
    return true;
}

static void diagonal_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);

static const fx_op diagonal_op = { .name = "diagonal",
                                   .formula = "y[..., i] = x[..., i, ..., i + offset, ...]",
                                   .inputs = 1,
                                   .view = true,
                                   .strided = true,
                                   .options_size = sizeof(diagonal),
                                   .shape = diagonal_shape,
                                   .local_grad = diagonal_local_grad };

/* The other way: zeros with x, its last dimension, on a diagonal of dim1 and dim2. */
static bool diagonal_embed_shape(const fx_call *c, fx_spec *y)
{
    const diagonal *d = c->options;
    const fx_tensor *x = c->x[0];
    y->ndim = x->ndim + 1;
    for (int i = 0, k = 0; i < y->ndim; i++)
        y->size[i] = i == d->dim1 ? d->rows : i == d->dim2 ? d->columns : x->size[k++];
    return true;
}

static void diagonal_embed_forward(const fx_call *c)
{
    const diagonal *d = c->options;
    const fx_tensor *x = c->x[0];
    fx_tensor *y = c->y;
    int64_t stride[FX_MAX_DIMS], row = fx__stride(y)[d->dim1], column = fx__stride(y)[d->dim2];
    int k = 0;
    if (!y->numel) return;
    memset(y->data, 0, (size_t)y->numel * fx_dtype_size((fx_dtype)y->dtype));
    for (int i = 0; i < y->ndim; i++)
        if (i != d->dim1 && i != d->dim2) stride[k++] = fx__stride(y)[i];
    stride[k] = row + column;
    fx__copy_into(y, d->offset < 0 ? -d->offset * row : d->offset * column, x->ndim, x->size, stride, x);
}

static void diagonal_embed_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = FX__APPLY(&diagonal_op, c->options, c->where, g);
}

static const fx_op diag_embed_op = { .name = "diag_embed",
                                     .formula = "y = zeros with x on a diagonal",
                                     .inputs = 1,
                                     .strided = true,
                                     .options_size = sizeof(diagonal),
                                     .shape = diagonal_embed_shape,
                                     .forward = diagonal_embed_forward,
                                     .local_grad = diagonal_embed_local_grad };

static void diagonal_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = FX__APPLY(&diag_embed_op, c->options, c->where, g);
}

static bool two_dims(const fx_tensor *x, int ndim, fx_diagonal_args args, diagonal *d, const char *op,
                     fx_where where)
{
    d->offset = args.offset;
    if (d->offset < -(INT64_MAX / 4) || d->offset > INT64_MAX / 4) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: offset %lld is out of any matrix", op,
                     (long long)d->offset);
        return false;
    }
    if ((d->dim1 = fx__dim_in(x, ndim, args.dim1, op, where)) < 0) return false;
    if ((d->dim2 = fx__dim_in(x, ndim, args.dim2, op, where)) < 0) return false;
    if (d->dim1 != d->dim2) return true;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: dim1 and dim2 are both %d", op, d->dim1);
    return false;
}

fx_tensor *fx_diagonal_at(fx_diagonal_args args, fx_where where)
{
    fx_tensor *x = args.x;
    diagonal d;
    if (!x || !two_dims(x, x->ndim, args, &d, "diagonal", where)) return NULL;
    d.rows = x->size[d.dim1];
    d.columns = x->size[d.dim2];
    return FX__APPLY(&diagonal_op, &d, where, x);
}

fx_tensor *fx_diag_embed_at(fx_diagonal_args args, fx_where where)
{
    fx_tensor *x = args.x;
    diagonal d;
    if (!x) return NULL;
    if (x->ndim == 0 || x->ndim == FX_MAX_DIMS)
        return FX__REFUSE(x, ERROR_SHAPE, where, "diag_embed: takes 1 to %d dimensions, not %s",
                          FX_MAX_DIMS - 1, fx__shape_text(x));
    if (!two_dims(x, x->ndim + 1, args, &d, "diag_embed", where)) return NULL;
    d.rows = d.columns = x->size[x->ndim - 1] + (d.offset < 0 ? -d.offset : d.offset);
    return FX__APPLY(&diag_embed_op, &d, where, x);
}

/* ---- windows ---- */

typedef struct windows {
    int64_t size, step, length; /* of x along dim */
    int dim;
} windows;

static bool unfold_shape(const fx_call *c, fx_spec *y)
{
    const windows *w = c->options;
    const fx_tensor *x = c->x[0];
    int64_t step = x->ndim ? y->stride[w->dim] : 1;
    if (x->ndim) {
        y->size[w->dim] = (x->size[w->dim] - w->size) / w->step + 1;
        y->stride[w->dim] = step * w->step;
    }
    y->size[y->ndim] = w->size;
    y->stride[y->ndim++] = step;
    return true;
}

static void unfold_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[]);

static const fx_op unfold_op = { .name = "unfold",
                                 .formula = "y[..., i, ..., k] = x[..., i step + k, ...], 0 <= k < size",
                                 .inputs = 1,
                                 .view = true,
                                 .strided = true,
                                 .options_size = sizeof(windows),
                                 .shape = unfold_shape,
                                 .local_grad = unfold_local_grad };

static bool fold_shape(const fx_call *c, fx_spec *y)
{
    const windows *w = c->options;
    if (--y->ndim) y->size[w->dim] = w->length;
    return true;
}

static void fold_forward(const fx_call *c)
{
    const windows *w = c->options;
    const fx_tensor *x = c->x[0];
    fx_tensor *y = c->y;
    int64_t stride[FX_MAX_DIMS + 1];
    if (!y->numel) return;
    memcpy(stride, fx__stride(y), sizeof(int64_t) * y->ndim);
    stride[y->ndim] = y->ndim ? stride[w->dim] : 1;
    if (y->ndim) stride[w->dim] *= w->step;
    memset(y->data, 0, (size_t)y->numel * fx_dtype_size((fx_dtype)y->dtype));
    if (y->dtype == FX_F64) {
        fx__add_strided_f64(x->ndim, x->size, (double *)(void *)y->data, stride,
                            (const double *)(const void *)x->data, fx__stride(x));
        return;
    }
    double *wide = fx__scratch(c->cx, sizeof(double) * (size_t)y->numel);
    if (!wide) return;
    memset(wide, 0, sizeof(double) * (size_t)y->numel);
    fx__add_strided_f32(x->ndim, x->size, wide, stride, (const float *)(const void *)x->data, fx__stride(x));
    for (int64_t i = 0; i < y->numel; i++) ((float *)(void *)y->data)[i] = (float)wide[i];
    fx__scratch_free(c->cx, wide);
}

static void fold_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = FX__APPLY(&unfold_op, c->options, c->where, g);
}

static const fx_op fold_op = { .name = "unfold_backward",
                               .formula = "y = zeros with each window added where it was",
                               .inputs = 1,
                               .strided = true,
                               .options_size = sizeof(windows),
                               .shape = fold_shape,
                               .forward = fold_forward,
                               .local_grad = fold_local_grad };

static void unfold_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = FX__APPLY(&fold_op, c->options, c->where, g);
}

fx_tensor *fx_unfold_at(fx_tensor *x, int64_t dim, int64_t size, int64_t step, fx_where where)
{
    if (!x) return NULL;
    int at = fx__dim_of(x, dim, "unfold", where);
    if (at < 0) return NULL;
    windows w = { .size = size, .step = step, .length = fx__size_along(x, at), .dim = at };
    if (size < 0 || size > w.length || step < 1 || x->ndim == FX_MAX_DIMS)
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "unfold: windows of %lld, each %lld on, do not fit dim %d of %s", (long long)size,
                          (long long)step, at, fx__shape_text(x));
    return FX__APPLY(&unfold_op, &w, where, x);
}

/* ---- records ---- */

typedef struct unfold_args {
    fx_tensor *x;
    int64_t dim, size, step;
} unfold_args;

static const fx_field diagonal_fields[] = { FX__FIELD(fx_diagonal_args, x, TENSOR),
                                            FX__FIELD(fx_diagonal_args, offset, INT, .optional = true),
                                            FX__FIELD(fx_diagonal_args, dim1, INT, .optional = true),
                                            FX__FIELD(fx_diagonal_args, dim2, INT, .optional = true),
                                            FX__FIELDS_END };

FX__CALL(diagonal, fx_diagonal_args)
const fx_function fx__function_diagonal = {
    .name = "diagonal",
    .torch = "diagonal",
    .formula = "y[..., i] = x[..., i, ..., i + offset, ...], i along dim1, i + offset along dim2",
    .gradient = "zeros with g on the diagonal",
    .fields = diagonal_fields,
    .args_size = sizeof(fx_diagonal_args),
    .defaults = &(const fx_diagonal_args){ .dim2 = 1 },
    .call = diagonal_call,
    .samples = "x=(3,3)\nx=(3,4)\nx=(4,3) offset=1\nx=(4,3) offset=-2\nx=(2,3,4) dim1=-1 dim2=0\n"
               "x=(2,3,4) offset=1 dim1=1 dim2=2\nx=(3,3) offset=3\nx=(3,3) offset=-5\nx=(0,3)\n"
               "x=(2,2,0) dim1=0 dim2=1\n!x=(3)\n!x=()\n!x=(3,3) dim1=1 dim2=-1\n!x=(3,3) dim2=2\n",
    .bench = "x=(1024,1024)",
};

static int diag_embed_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    out[0] = fx_diag_embed_at(*(const fx_diagonal_args *)args, where);
    return out[0] ? 1 : 0;
}
const fx_function fx__function_diag_embed = {
    .name = "diag_embed",
    .torch = "diag_embed",
    .formula = "y = zeros with y[..., i, ..., i + offset, ...] = x[..., i]",
    .gradient = "the diagonal of g",
    .fields = diagonal_fields,
    .args_size = sizeof(fx_diagonal_args),
    .defaults = &(const fx_diagonal_args){ .dim1 = -2, .dim2 = -1 },
    .call = diag_embed_call,
    .samples = "x=(3)\nx=(2,3)\nx=(2,3) offset=1\nx=(2,3) offset=-2 dim1=0 dim2=2\nx=(2,3) dim1=-1 dim2=0\n"
               "x=(0)\nx=(2,0) offset=1\n!x=()\n!x=(3) dim1=0 dim2=-2\n!x=(3) dim1=2\n",
    .bench = "x=(4,512)",
};

FX__PLAIN(unfold, unfold_args, a->x, a->dim, a->size, a->step)
static const fx_field unfold_fields[] = { FX__FIELD(unfold_args, x, TENSOR),
                                          FX__FIELD(unfold_args, dim, INT, .torch = "dimension"),
                                          FX__FIELD(unfold_args, size, INT),
                                          FX__FIELD(unfold_args, step, INT), FX__FIELDS_END };
const fx_function fx__function_unfold = {
    .name = "unfold",
    .torch = "unfold,unfold_copy",
    .formula = "y[..., i, ..., k] = x[..., i step + k, ...], k < size",
    .gradient = "each window's g added where it was",
    .fields = unfold_fields,
    .args_size = sizeof(unfold_args),
    .call = unfold_call,
    .samples = "x=(7) dim=0 size=3 step=1\nx=(7) dim=0 size=3 step=2\nx=(2,7) dim=1 size=2 step=3\n"
               "x=(5,3) dim=0 size=4 step=1\nx=(2,5,3) dim=-2 size=2 step=1\nx=() dim=0 size=1 step=1\n"
               "x=(3) dim=0 size=0 step=1\nx=(0,3) dim=1 size=2 step=1\n"
               "!x=(3) dim=0 size=4 step=1\n!x=(3) dim=0 size=1 step=0\n!x=(3) dim=1 size=1 step=1\n",
    .bench = "x=(1024,256) dim=1 size=4 step=1",
};
