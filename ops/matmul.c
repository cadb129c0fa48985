/* Products of two tensors: matmul and its special cases. Each is the product of ops/product.h under a name of
 * its own, so that errors and graphs call it what the user called it; only the layouts differ.
 */
#include "product.h"

#include <string.h>

typedef struct layouts {
    int8_t y, a, b;
} layouts;

/* ---- shape
 * ------------------------------------------------------------------------------------------------- */

/* The batch of a product: the broadcast of both. False if there is none. */
static bool broadcast_batch(const fx_tensor *a, int na, const fx_tensor *b, int nb, fx_spec *y)
{
    y->ndim = na > nb ? na : nb;
    for (int d = 0; d < y->ndim; d++) {
        const int at_a = d - (y->ndim - na), at_b = d - (y->ndim - nb);
        const int64_t sa = at_a < 0 ? 1 : a->size[at_a], sb = at_b < 0 ? 1 : b->size[at_b];
        if (sa != sb && sa != 1 && sb != 1) return false;
        y->size[d] = sa == 1 ? sb : sa;
    }
    return true;
}

static bool matmul_shape(const fx_call *c, fx_spec *y)
{
    const layouts *o = c->options;
    const fx_tensor *a = c->x[0], *b = c->x[1];
    if (fx__columns_of(a, o->a) != fx__rows_of(b, o->b))
        return fx_call_fail(c, FX_ERROR_SHAPE, "inner dimensions differ: %s x %s", fx__shape_text(a),
                            fx__shape_text(b));
    if (!broadcast_batch(a, fx__batch_ndim(a, o->a), b, fx__batch_ndim(b, o->b), y))
        return fx_call_fail(c, FX_ERROR_SHAPE, "batch dimensions differ: %s x %s", fx__shape_text(a),
                            fx__shape_text(b));
    const int more = (o->y & FX__ROWS ? 1 : 0) + (o->y & FX__COLUMNS ? 1 : 0);
    if (y->ndim + more > FX_MAX_DIMS)
        return fx_call_fail(c, FX_ERROR_SHAPE, "the result would have more than %d dimensions: %s x %s",
                            FX_MAX_DIMS, fx__shape_text(a), fx__shape_text(b));
    if (o->y & FX__ROWS) y->size[y->ndim++] = fx__rows_of(a, o->a);
    if (o->y & FX__COLUMNS) y->size[y->ndim++] = fx__columns_of(b, o->b);
    return true;
}

/* ---- forward, gradients
 * ------------------------------------------------------------------------------------ */

static void matmul_forward(const fx_call *c)
{
    const layouts *o = c->options;
    fx__product_run(c->cx, c->y, o->y, c->x[0], o->a, c->x[1], o->b, NULL);
}

static unsigned matmul_captured(const fx_call *c)
{
    return (fx_call_needs(c, 0) ? FX_CAPTURE_X1 : 0) | (fx_call_needs(c, 1) ? FX_CAPTURE_X0 : 0);
}

static void matmul_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const layouts *o = c->options;
    if (fx_call_needs(c, 0)) gx[0] = fx__product_grad_a(c->shapes[0], o->a, c->x[1], o->b, g, o->y, c->where);
    if (fx_call_needs(c, 1)) gx[1] = fx__product_grad_b(c->x[0], o->a, c->shapes[1], o->b, g, o->y, c->where);
}

static void matmul_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const layouts *o = c->options;
    fx__product_grads(c, g, gx, o->y, o->a, o->b);
}

#define PRODUCT_OP(product, words)                                                                           \
    static const fx_op product##_op = { .name = #product,                                                    \
                                        .formula = words,                                                    \
                                        .inputs = 2,                                                         \
                                        .captures = FX_CAPTURE_X0 | FX_CAPTURE_X1,                           \
                                        .captured = matmul_captured,                                         \
                                        .options_size = sizeof(layouts),                                     \
                                        .strided = true,                                                     \
                                        .shape = matmul_shape,                                               \
                                        .forward = matmul_forward,                                           \
                                        .local_grad = matmul_local_grad,                                     \
                                        .local_grad_fused = matmul_local_grad_fused };
PRODUCT_OP(matmul, "y = a b")
PRODUCT_OP(mm, "y = a b")
PRODUCT_OP(bmm, "y[i] = a[i] b[i]")
PRODUCT_OP(mv, "y = a v")
PRODUCT_OP(dot, "y = sum_k u[k] v[k]")
PRODUCT_OP(outer, "y[i][j] = u[i] v[j]")

/* ---- public functions
 * -------------------------------------------------------------------------------------- */

static fx_tensor *product(const fx_op *op, layouts o, fx_tensor *a, fx_tensor *b, fx_where where)
{
    if (!fx__product_promote(&a, &b, op->name, where)) return NULL;
    return FX__APPLY(op, &o, where, a, b);
}

/* Whether both have the dimensions that a function is for; otherwise says which. */
static bool has_dims(const char *name, const fx_tensor *a, int na, const fx_tensor *b, int nb, fx_where where)
{
    static const char *const words[] = { "a number", "a vector", "a matrix", "a stack of matrices" };
    if (!a || !b) return false;
    if (a->ndim == na && b->ndim == nb) return true;
    fx_error_set(a->cx, FX_ERROR_SHAPE, where, "%s: takes %s and %s, not %s x %s", name, words[na], words[nb],
                 fx__shape_text(a), fx__shape_text(b));
    return false;
}

fx_tensor *fx_matmul_at(fx_tensor *a, fx_tensor *b, fx_where where)
{
    if (!a || !b) return NULL;
    if (a->ndim == 0 || b->ndim == 0) {
        fx_error_set(a->cx, FX_ERROR_SHAPE, where,
                     "matmul: takes vectors and matrices, not %s x %s: use mul for numbers",
                     fx__shape_text(a), fx__shape_text(b));
        return NULL;
    }
    const layouts o = { .a = a->ndim == 1 ? FX__COLUMNS : FX__MATRIX,
                        .b = b->ndim == 1 ? FX__ROWS : FX__MATRIX,
                        .y = (int8_t)((a->ndim == 1 ? 0 : FX__ROWS) | (b->ndim == 1 ? 0 : FX__COLUMNS)) };
    return product(&matmul_op, o, a, b, where);
}

fx_tensor *fx_mm_at(fx_tensor *a, fx_tensor *b, fx_where where)
{
    if (!has_dims("mm", a, 2, b, 2, where)) return NULL;
    return product(&mm_op, (layouts){ FX__MATRIX, FX__MATRIX, FX__MATRIX }, a, b, where);
}

fx_tensor *fx_bmm_at(fx_tensor *a, fx_tensor *b, fx_where where)
{
    if (!has_dims("bmm", a, 3, b, 3, where)) return NULL;
    if (a->size[0] != b->size[0]) {
        fx_error_set(a->cx, FX_ERROR_SHAPE, where, "bmm: the stacks are of different length: %s x %s",
                     fx__shape_text(a), fx__shape_text(b));
        return NULL;
    }
    return product(&bmm_op, (layouts){ FX__MATRIX, FX__MATRIX, FX__MATRIX }, a, b, where);
}

fx_tensor *fx_mv_at(fx_tensor *a, fx_tensor *v, fx_where where)
{
    if (!has_dims("mv", a, 2, v, 1, where)) return NULL;
    return product(&mv_op, (layouts){ FX__ROWS, FX__MATRIX, FX__ROWS }, a, v, where);
}

fx_tensor *fx_dot_at(fx_tensor *u, fx_tensor *v, fx_where where)
{
    if (!has_dims("dot", u, 1, v, 1, where)) return NULL;
    return product(&dot_op, (layouts){ 0, FX__COLUMNS, FX__ROWS }, u, v, where);
}

fx_tensor *fx_outer_at(fx_tensor *u, fx_tensor *v, fx_where where)
{
    if (!has_dims("outer", u, 1, v, 1, where)) return NULL;
    return product(&outer_op, (layouts){ FX__MATRIX, FX__ROWS, FX__COLUMNS }, u, v, where);
}

/* ---- records
 * ----------------------------------------------------------------------------------------------- */

typedef struct pair {
    fx_tensor *x, *other;
} pair;

#define PAIR_CALL(product)                                                                                   \
    static int product##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])              \
    {                                                                                                        \
        const pair *p = args;                                                                                \
        out[0] = fx_##product##_at(p->x, p->other, where);                                                   \
        return out[0] ? 1 : 0;                                                                               \
    }
PAIR_CALL(matmul)
PAIR_CALL(mm)
PAIR_CALL(bmm)
PAIR_CALL(mv)
PAIR_CALL(dot)
PAIR_CALL(outer)

static const fx_field pair_fields[] = { FX__FIELD(pair, x, TENSOR, .torch = "input,self"),
                                        FX__FIELD(pair, other, TENSOR, .torch = "other,mat2,vec,tensor,vec2"),
                                        FX__FIELDS_END };

const fx_function fx__function_matmul = {
    .name = "matmul",
    .torch = "matmul,linalg.matmul,__matmul__",
    .formula = "y[..., i, j] = sum_k a[..., i, k] b[..., k, j]",
    .gradient = "dL/da = g b^T, dL/db = a^T g, summed over broadcast dimensions",
    .fields = pair_fields,
    .args_size = sizeof(pair),
    .call = matmul_call,
    .samples = "x=(3,4) other=(4,5)\n"
               "x=(4) other=(4)\n"
               "x=(3,4) other=(4)\n"
               "x=(4) other=(4,3)\n"
               "x=(1,1) other=(1,1)\n"
               "x=(1,5) other=(5,1)\n"
               "x=(5,1) other=(1,4)\n"
               "x=(2,3,4) other=(4,5)\n"
               "x=(2,3,4) other=(4)\n"
               "x=(4) other=(2,4,3)\n"
               "x=(3,4) other=(2,4,5)\n"
               "x=(2,3,4) other=(2,4,5)\n"
               "x=(2,3,4) other=(1,4,5)\n"
               "x=(1,3,4) other=(2,4,5)\n"
               "x=(2,1,3,4) other=(3,4,2)\n"
               "x=(2,3,2,4) other=(4,2)\n"
               "x=(2,1,2,3) other=(1,3,3,2)\n"
               "x=(2,2,2,2,3) other=(2,1,3,2)\n"
               "x=(3,3) other=$x\n"
               "x=(2,3,3) other=$x\n"
               "x=(3)@range:1:2 other=$x\n"
               "x=(0,4) other=(4,5)\n"
               "x=(3,0) other=(0,5)\n"
               "x=(3,4) other=(4,0)\n"
               "x=(0) other=(0)\n"
               "x=(3,0) other=(0)\n"
               "x=(0,3,4) other=(4,5)\n"
               "x=(0,3,4) other=(1,4,5)\n"
               "x=(2,3,0) other=(0,4)\n"
               "x=(5,35) other=(35,6)\n"
               "x=(2,2){1,2,3,inf} other=(2,2){1,0,0,1}\n"
               "x=(2,2){1,nan,3,4} other=(2,2)\n"
               "x=(3,4)f32 other=(4,2)f64\n"
               "x=(3,4)i64 other=(4,2)\n"
               "x=(3,4)i64 other=(4,2)i64\n"
               "x=(2,3,4)i32 other=(4)i32\n"
               "x=(3,4)u8 other=(4,2)u8\n"
               "x=(3,4)bool other=(4,2)i64\n"
               "! x=(3,4)bool other=(4,2)bool\n"
               "! x=() other=(2,2)\n"
               "! x=(2) other=()\n"
               "! x=(2,3) other=(4,2)\n"
               "! x=(3) other=(4)\n"
               "! x=(2,3) other=(2)\n"
               "! x=(2,3,4) other=(3,4,5)\n",
    .bench = "x=(256,256) other=(256,256)\n",
};

const fx_function fx__function_mm = {
    .name = "mm",
    .torch = "mm",
    .formula = "y[i, j] = sum_k a[i, k] b[k, j]",
    .gradient = "dL/da = g b^T, dL/db = a^T g",
    .fields = pair_fields,
    .args_size = sizeof(pair),
    .call = mm_call,
    .samples = "x=(3,4) other=(4,5)\n"
               "x=(0,4) other=(4,5)\n"
               "x=(3,0) other=(0,5)\n"
               "x=(4,4) other=$x\n"
               "! x=() other=(2,2)\n"
               "! x=(3,4) other=(4)\n"
               "! x=(3,4) other=(3,4)\n"
               "! x=(2,3,4) other=(4,5)\n",
    .bench = "x=(256,256) other=(256,256)\n",
};

const fx_function fx__function_bmm = {
    .name = "bmm",
    .torch = "bmm",
    .formula = "y[b, i, j] = sum_k a[b, i, k] b[b, k, j]",
    .gradient = "dL/da = g b^T, dL/db = a^T g",
    .fields = pair_fields,
    .args_size = sizeof(pair),
    .call = bmm_call,
    .samples = "x=(2,3,4) other=(2,4,5)\n"
               "x=(0,3,4) other=(0,4,5)\n"
               "x=(2,3,0) other=(2,0,5)\n"
               "x=(2,3,3) other=$x\n"
               "! x=() other=(2,2,2)\n"
               "! x=(2,3,4) other=(4,5)\n"
               "! x=(2,3,4) other=(1,4,5)\n"
               "! x=(2,3,4) other=(2,5,4)\n",
    .bench = "x=(16,128,64) other=(16,64,128)\n",
};

const fx_function fx__function_mv = {
    .name = "mv",
    .torch = "mv",
    .formula = "y[i] = sum_k a[i, k] v[k]",
    .gradient = "dL/da = g v^T, dL/dv = a^T g",
    .fields = pair_fields,
    .args_size = sizeof(pair),
    .call = mv_call,
    .samples = "x=(3,4) other=(4)\n"
               "x=(0,4) other=(4)\n"
               "x=(3,0) other=(0)\n"
               "x=(1,5) other=(5)\n"
               "x=(5,50) other=(50)\n"
               "! x=() other=(2)\n"
               "! x=(3,4) other=(3)\n"
               "! x=(4) other=(4)\n",
    .bench = "x=(1000,1000) other=(1000)\n",
};

const fx_function fx__function_dot = {
    .name = "dot",
    .torch = "dot,vdot",
    .formula = "y = sum_k u[k] v[k]",
    .gradient = "dL/du = g v, dL/dv = g u",
    .fields = pair_fields,
    .args_size = sizeof(pair),
    .call = dot_call,
    .samples = "x=(5) other=(5)\n"
               "x=(1) other=(1)\n"
               "x=(0) other=(0)\n"
               "x=(200) other=(200)\n"
               "x=(6) other=$x\n"
               "! x=() other=()\n"
               "! x=(3) other=(4)\n"
               "! x=(3,1) other=(3)\n",
    .bench = "x=(1000000) other=(1000000)\n",
};

const fx_function fx__function_outer = {
    .name = "outer",
    .torch = "outer,ger",
    .formula = "y[i, j] = u[i] v[j]",
    .gradient = "dL/du = g v, dL/dv = g^T u",
    .fields = pair_fields,
    .args_size = sizeof(pair),
    .call = outer_call,
    .samples = "x=(3) other=(4)\n"
               "x=(0) other=(4)\n"
               "x=(3) other=(0)\n"
               "x=(1) other=(1)\n"
               "x=(3) other=$x\n"
               "! x=() other=(2)\n"
               "! x=(3,4) other=(3)\n",
    .bench = "x=(1000) other=(1000)\n",
};
