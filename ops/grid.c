/* grid_sample, affine_grid.
 *
 * Two ops close the family: x sampled at the places of a grid with weights differentiated `order` times in
 * each coordinate, and its adjoint in x. The gradient of either in the grid is made of the same with an order
 * more.
 */
#include "lanes.h"
#include "shape.h"

#include "kernels/grid.h"

typedef struct grid_options {
    int mode, padding;
    bool aligned;
    uint8_t order[FX__GRID_DIMS];
    int64_t size[FX__GRID_DIMS]; /* of x's space */
} grid_options;

static fx__grid grid_of(const fx_call *c, const fx_tensor *images, const fx_tensor *grid)
{
    const grid_options *o = c->options;
    fx__grid g = { .f64 = images->dtype == FX_F64, .aligned = o->aligned, .ndim = images->ndim - 2 };
    g.mode = (fx__grid_mode)o->mode;
    g.padding = (fx__grid_padding)o->padding;
    g.batch = images->size[0];
    g.channels = images->size[1];
    g.places = fx__product(grid->size, 1, grid->ndim - 1);
    g.grid = grid->data;
    for (int d = 0; d < g.ndim; d++) g.size[d] = o->size[d], g.order[d] = o->order[d];
    return g;
}

static fx_tensor *sample(fx_tensor *x, fx_tensor *grid, const grid_options *o, fx_where where);
static fx_tensor *spread(fx_tensor *y, fx_tensor *grid, const grid_options *o, fx_where where);

/* The gradient in the grid: for each coordinate the sum over channels of y times x sampled with one order
 * more. */
static fx_tensor *in_grid(const fx_call *c, fx_tensor *x, fx_tensor *y, fx_tensor *grid)
{
    fx_tensor *part[FX__GRID_DIMS];
    const int ndim = c->shapes[0]->ndim - 2;
    for (int d = 0; d < ndim; d++) {
        grid_options o = *(const grid_options *)c->options;
        o.order[ndim - 1 - d]++;
        fx_tensor *product =
            fx_mul_at(fx_operand_tensor(y), fx_operand_tensor(sample(x, grid, &o, c->where)), c->where);
        part[d] = fx_sum_at((fx_sum_args){ .x = product, .dims = FX_DIMS(1) }, c->where);
        if (!part[d]) return NULL;
    }
    return fx__join((fx_list){ ndim, part }, c->shapes[1]->ndim - 1, true, c->where);
}

static unsigned captured(const fx_call *c)
{
    return FX_CAPTURE_X1 | (fx_call_needs(c, 1) ? FX_CAPTURE_X0 : 0);
}

static bool sample_shape(const fx_call *c, fx_spec *y)
{
    for (int d = 2; d < y->ndim; d++) y->size[d] = c->x[1]->size[d - 1];
    return true;
}

static void sample_forward(const fx_call *c)
{
    const fx__grid g = grid_of(c, c->x[0], c->x[1]);
    if (c->y->numel) fx__grid_sample(fx_threads(c->cx), &g, c->x[0]->data, c->y->data);
}

static void sample_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    if (fx_call_needs(c, 0)) gx[0] = spread(g, c->x[1], c->options, c->where);
    if (fx_call_needs(c, 1)) gx[1] = in_grid(c, c->x[0], g, c->x[1]);
}

static const fx_op sample_op = { .name = "grid_sample",
                                 .formula = "y[n, c, o] = x[n, c] at grid[n, o]",
                                 .inputs = 2,
                                 .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
                                 .captured = captured,
                                 .options_size = sizeof(grid_options),
                                 .shape = sample_shape,
                                 .forward = sample_forward,
                                 .local_grad = sample_local_grad };

static bool spread_shape(const fx_call *c, fx_spec *y)
{
    const grid_options *o = c->options;
    for (int d = 2; d < y->ndim; d++) y->size[d] = o->size[d - 2];
    return true;
}

static void spread_forward(const fx_call *c)
{
    const fx__grid g = grid_of(c, c->y, c->x[1]);
    if (c->y->numel) fx__grid_spread(fx_threads(c->cx), &g, c->x[0]->data, c->y->data);
}

static void spread_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    if (fx_call_needs(c, 0)) gx[0] = sample(g, c->x[1], c->options, c->where);
    if (fx_call_needs(c, 1)) gx[1] = in_grid(c, g, c->x[0], c->x[1]);
}

static const fx_op spread_op = { .name = "grid_spread",
                                 .formula =
                                     "y = the sum of x[n, c, o] at grid[n, o]: the adjoint of grid_sample",
                                 .inputs = 2,
                                 .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,
                                 .captured = captured,
                                 .options_size = sizeof(grid_options),
                                 .shape = spread_shape,
                                 .forward = spread_forward,
                                 .local_grad = spread_local_grad };

static fx_tensor *sample(fx_tensor *x, fx_tensor *grid, const grid_options *o, fx_where where)
{
    return x && grid ? FX__APPLY(&sample_op, o, where, x, grid) : NULL;
}

static fx_tensor *spread(fx_tensor *y, fx_tensor *grid, const grid_options *o, fx_where where)
{
    return y && grid ? FX__APPLY(&spread_op, o, where, y, grid) : NULL;
}

/* ---- public functions ------------------------------------------------------------------------------------
 */

static bool grid_fits(const fx_tensor *x, const fx_tensor *grid, const fx_grid_sample_args *a, fx_where where)
{
    if (x->ndim < 4 || x->ndim > 5 || grid->ndim != x->ndim || grid->size[x->ndim - 1] != x->ndim - 2 ||
        grid->size[0] != x->size[0])
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "grid_sample: takes x (N, C, H, W) and a grid (N, ..., 2), or x (N, C, D, H, W) "
                          "and (N, ..., 3), "
                          "not %s and %s",
                          fx__shape_text(x), fx__shape_text(grid)) != NULL;
    for (int d = 2; d < x->ndim; d++)
        if (x->size[d] < 1)
            return FX__REFUSE(x, ERROR_SHAPE, where, "grid_sample: x %s has no place to sample",
                              fx__shape_text(x)) != NULL;
    if (a->mode < 0 || a->mode > FX__GRID_BICUBIC || a->padding_mode < 0 ||
        a->padding_mode > FX__GRID_REFLECTION || (a->mode == FX__GRID_BICUBIC && x->ndim != 4))
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "grid_sample: there is no such mode for x %s",
                          fx__shape_text(x)) != NULL;
    return true;
}

fx_tensor *fx_grid_sample_at(fx_grid_sample_args a, fx_where where)
{
    grid_options o = { .mode = a.mode, .padding = a.padding_mode, .aligned = a.align_corners };
    if (!a.x || !a.grid || !fx__is_floating(a.x, "grid_sample", where) ||
        !fx__is_floating(a.grid, "grid_sample", where) || !grid_fits(a.x, a.grid, &a, where))
        return NULL;
    for (int d = 2; d < a.x->ndim; d++) o.size[d - 2] = a.x->size[d];
    return sample(a.x, fx__as(a.grid, (fx_dtype)a.x->dtype, where), &o, where);
}

/* Coordinate d of the middle of place i among n. */
static double middle(int64_t i, int64_t n, bool aligned)
{
    if (aligned) return n > 1 ? (double)(2 * i - (n - 1)) / (double)(n - 1) : 0;
    return (double)(2 * i + 1 - n) / (double)n;
}

/* The places (x, y, 1) or (x, y, z, 1) of an output, one a row. */
static fx_tensor *places(fx_tensor *theta, fx_dims size, bool aligned, fx_where where)
{
    const int ndim = size.count - 2;
    const int64_t count = fx__product(size.at, 2, size.count);
    fx_tensor *rows = fx_empty_at(theta->cx, FX_F64, FX_DIMS(count, ndim + 1), where);
    if (!rows) return NULL;
    double *to = (double *)(void *)rows->data;
    for (int64_t i = 0; i < count; i++, to += ndim + 1) {
        int64_t left = i;
        for (int d = ndim; d-- > 0; left /= size.at[2 + d])
            to[ndim - 1 - d] = middle(left % size.at[2 + d], size.at[2 + d], aligned);
        to[ndim] = 1;
    }
    return fx__as(rows, (fx_dtype)theta->dtype, where);
}

fx_tensor *fx_affine_grid_at(fx_affine_grid_args a, fx_where where)
{
    fx_tensor *theta = a.theta;
    if (!theta || !fx__is_floating(theta, "affine_grid", where)) return NULL;
    const int ndim = a.size.count - 2;
    bool good = ndim >= 2 && ndim <= 3 && theta->ndim == 3 && theta->size[0] == a.size.at[0] &&
                theta->size[1] == ndim && theta->size[2] == ndim + 1;
    for (int d = 0; good && d < a.size.count; d++) good = a.size.at[d] >= 0;
    if (!good)
        return FX__REFUSE(theta, ERROR_SHAPE, where,
                          "affine_grid: theta %s is not (N, 2, 3) or (N, 3, 4) for the size %s",
                          fx__shape_text(theta), fx__dims_text(theta->cx, a.size.count, a.size.at));
    fx_tensor *rows = places(theta, a.size, a.align_corners, where);
    fx_tensor *flat = fx_matmul_at(rows, fx_transpose_at(theta, 1, 2, where), where);
    int64_t out[FX_MAX_DIMS] = { a.size.at[0] };
    for (int d = 0; d < ndim; d++) out[1 + d] = a.size.at[2 + d];
    out[1 + ndim] = ndim;
    return flat ? fx__reshape(flat, ndim + 2, out, where) : NULL;
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

static const fx_field grid_sample_fields[] = {
    FX__FIELD(fx_grid_sample_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_grid_sample_args, grid, TENSOR),
    FX__FIELD(fx_grid_sample_args, mode, CHOICE, .optional = true, .choices = "bilinear|nearest|bicubic"),
    FX__FIELD(fx_grid_sample_args, padding_mode, CHOICE, .optional = true,
              .choices = "zeros|border|reflection"),
    FX__FIELD(fx_grid_sample_args, align_corners, BOOL, .optional = true),
    FX__FIELDS_END
};

FX__CALL(grid_sample, fx_grid_sample_args)
const fx_function fx__function_grid_sample = {
    .name = "grid_sample",
    .torch = "nn.functional.grid_sample",
    .formula = "y[n, c, o] = x[n, c] at p, interpolated; p = ((grid[n, o] + 1) size - 1) / 2, or (grid + 1) "
               "(size - 1) / 2 "
               "where corners align",
    .gradient = "in x: g spread by the same weights; in the grid: g times the slope of the interpolation, "
                "summed over c",
    .notes = "at a border the coordinate has no slope; between pixels the slope is that of the interval; "
             "nearest rounds halves "
             "to even and has no slope",
    .fields = grid_sample_fields,
    .args_size = sizeof(fx_grid_sample_args),
    .call = grid_sample_call,
    .samples =
        "x=(2,3,4,3) grid=(2,3,2,2)@range:-0.97:0.93\n"
        "x=(1,2,3,4) grid=(1,2,3,2)@range:-1.9:1.9 align_corners=true\n"
        "x=(1,2,3,4) grid=(1,2,3,2)@range:-1.9:1.9 padding_mode=border\n"
        "x=(1,2,3,4) grid=(1,2,3,2)@range:-3.3:3.3 padding_mode=reflection\n"
        "x=(1,2,3,4) grid=(1,2,3,2)@range:-3.3:3.3 padding_mode=reflection align_corners=true\n"
        "x=(1,2,3,4) grid=(1,2,3,2)@range:-1.3:1.3 mode=nearest\n"
        "x=(1,2,4,3) grid=(1,2,3,2)@range:-1.1:1.1 mode=bicubic\n"
        "x=(1,1,4,3) grid=(1,2,2,2)@range:-0.9:0.9 mode=bicubic padding_mode=border\n"
        "x=(1,1,4,3) grid=(1,2,2,2)@range:-2.3:2.3 mode=bicubic padding_mode=reflection align_corners=true\n"
        "x=(1,2,2,3,2) grid=(1,2,1,2,3)@range:-1.3:1.3\n"
        "x=(1,1,2,3,2) grid=(1,2,1,2,3)@range:-2.3:2.3 padding_mode=reflection align_corners=true\n"
        "x=(0,2,3,3) grid=(0,2,2,2)\n"
        "x=(1,2,3,3) grid=(1,0,2,2)\n"
        "! x=() grid=()\n"
        "! x=(1,2,3,3) grid=(2,2,2,2)\n"
        "! x=(1,2,3,3) grid=(1,2,2,3)\n"
        "! x=(1,2,0,3) grid=(1,2,2,2)\n"
        "! x=(1,2,3,3,3) grid=(1,2,2,2,3) mode=bicubic\n"
        "! x=(1,2,3,3)i64 grid=(1,2,2,2)\n",
    .bench = "x=(4,16,128,128) grid=(4,128,128,2)@range:-1:1\n"
};

static const fx_field affine_grid_fields[] = {
    FX__FIELD(fx_affine_grid_args, theta, TENSOR), FX__FIELD(fx_affine_grid_args, size, DIMS),
    FX__FIELD(fx_affine_grid_args, align_corners, BOOL, .optional = true), FX__FIELDS_END
};

FX__CALL(affine_grid, fx_affine_grid_args)
const fx_function fx__function_affine_grid = {
    .name = "affine_grid",
    .torch = "nn.functional.affine_grid",
    .formula = "y[n, p] = theta[n] (p, 1), p the places of the output between -1 and 1",
    .gradient = "dL/dtheta = the sum of g[n, p] (p, 1)^T",
    .fields = affine_grid_fields,
    .args_size = sizeof(fx_affine_grid_args),
    .call = affine_grid_call,
    .samples = "theta=(2,2,3) size=[2,3,4,3]\n"
               "theta=(1,2,3) size=[1,1,3,1] align_corners=true\n"
               "theta=(1,3,4) size=[1,2,2,3,2]\n"
               "theta=(0,2,3) size=[0,1,2,2]\n"
               "! theta=() size=[1,1,2,2]\n"
               "! theta=(1,2,3) size=[2,1,2,2]\n"
               "! theta=(1,2,3) size=[1,1,2]\n"
               "! theta=(1,2,3)i64 size=[1,1,2,2]\n",
    .bench = "theta=(4,2,3) size=[4,1,256,256]\n"
};
