/* beta x + alpha (a product): addmm and its kin. Composites of a product and of what is elementwise; factors
 * of 1 cost nothing, and with a beta of 0 x is not read.
 */
#include "product.h"

#include <string.h>

/* Whether x broadcasts to y. */
static bool broadcasts_to(const fx_tensor *x, const fx_tensor *y)
{
    if (x->ndim > y->ndim) return false;
    for (int d = 0; d < x->ndim; d++)
        if (x->size[d] != 1 && x->size[d] != y->size[d + y->ndim - x->ndim]) return false;
    return true;
}

static fx_tensor *scaled(fx_tensor *x, double factor, fx_where where)
{
    return factor == 1 ? x : fx_mul_at(fx_operand_tensor(x), fx_operand_number(factor), where);
}

static fx_tensor *added(const char *name, const fx_addmm_args *args, fx_tensor *y, fx_where where)
{
    fx_tensor *x = args->x;
    if (!y) return NULL;
    if (!broadcasts_to(x, y)) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: %s does not broadcast to the product's %s", name,
                     fx__shape_text(x), fx__shape_text(y));
        return NULL;
    }
    y = scaled(y, args->alpha, where);
    if (!y || args->beta == 0) return y;
    return fx_add_at(fx_operand_tensor(scaled(x, args->beta, where)), fx_operand_tensor(y), where);
}

/* Whether the factors have so many dimensions and sizes that a product has. */
static bool fits(const char *name, const fx_addmm_args *args, int na, int nb, fx_where where)
{
    const fx_tensor *a = args->mat1, *b = args->mat2;
    if (!args->x || !a || !b) return false;
    const bool good = a->ndim == na && b->ndim == nb && (na < 3 || a->size[0] == b->size[0]) &&
                      (na == 1 || a->size[na - 1] == b->size[nb == 1 ? 0 : nb - 2]);
    if (!good)
        fx_error_set(a->cx, FX_ERROR_SHAPE, where, "%s: has no product of %s x %s", name, fx__shape_text(a),
                     fx__shape_text(b));
    return good;
}

fx_tensor *fx_addmm_at(fx_addmm_args args, fx_where where)
{
    if (!fits("addmm", &args, 2, 2, where)) return NULL;
    return added("addmm", &args, fx_mm_at(args.mat1, args.mat2, where), where);
}

fx_tensor *fx_addmv_at(fx_addmm_args args, fx_where where)
{
    if (!fits("addmv", &args, 2, 1, where)) return NULL;
    return added("addmv", &args, fx_mv_at(args.mat1, args.mat2, where), where);
}

/* Each number is a sum of two products, which may cancel: float32 is computed in float64. */
fx_tensor *fx_addr_at(fx_addmm_args args, fx_where where)
{
    if (!fits("addr", &args, 1, 1, where)) return NULL;
    fx_tensor **each[] = { &args.x, &args.mat1, &args.mat2 };
    fx_dtype dtype = FX_BOOL;
    for (int i = 0; i < 3; i++) dtype = fx_promote(dtype, fx_dtype_of(*each[i]));
    for (int i = 0; dtype == FX_F32 && i < 3; i++)
        if (!(*each[i] = fx__space.cast(*each[i], FX_F64, where))) return NULL;
    fx_tensor *y = added("addr", &args, fx_outer_at(args.mat1, args.mat2, where), where);
    return y && dtype == FX_F32 ? fx__space.cast(y, FX_F32, where) : y;
}

fx_tensor *fx_baddbmm_at(fx_addmm_args args, fx_where where)
{
    if (!fits("baddbmm", &args, 3, 3, where)) return NULL;
    return added("baddbmm", &args, fx_bmm_at(args.mat1, args.mat2, where), where);
}

/* The sum over the batch is part of the product. */
fx_tensor *fx_addbmm_at(fx_addmm_args args, fx_where where)
{
    if (!fits("addbmm", &args, 3, 3, where)) return NULL;
    fx_tensor *a = args.mat1, *b = args.mat2;
    if (!fx__product_promote(&a, &b, "addbmm", where)) return NULL;
    return added("addbmm", &args, fx__product(FX__MATRIX, 0, NULL, a, FX__MATRIX, b, FX__MATRIX, where),
                 where);
}

/* ---- records ------------------------------------------------------------------------------------------- */

FX__CALL(addmm, fx_addmm_args)
FX__CALL(addmv, fx_addmm_args)
FX__CALL(addr, fx_addmm_args)
FX__CALL(baddbmm, fx_addmm_args)
FX__CALL(addbmm, fx_addmm_args)

static const fx_field addmm_fields[] = {
    FX__FIELD(fx_addmm_args, x, TENSOR, .torch = "input,self"),
    FX__FIELD(fx_addmm_args, mat1, TENSOR, .torch = "mat1,mat,vec1,batch1"),
    FX__FIELD(fx_addmm_args, mat2, TENSOR, .torch = "mat2,vec,vec2,batch2"),
    FX__FIELD(fx_addmm_args, beta, REAL, .optional = true),
    FX__FIELD(fx_addmm_args, alpha, REAL, .optional = true),
    FX__FIELDS_END,
};
static const fx_addmm_args addmm_defaults = { .beta = 1, .alpha = 1 };
#define NOTES "with beta = 0 x is not read: its NaN and infinities do not matter, and its gradient is zero"

const fx_function fx__function_addmm = {
    .name = "addmm",
    .torch = "addmm",
    .formula = "y = beta x + alpha a b",
    .gradient = "dL/dx = beta g, dL/da = alpha g b^T, dL/db = alpha a^T g",
    .notes = NOTES,
    .fields = addmm_fields,
    .args_size = sizeof(fx_addmm_args),
    .defaults = &addmm_defaults,
    .call = addmm_call,
    .samples = "x=(3,5) mat1=(3,4) mat2=(4,5)\n"
               "x=(5) mat1=(3,4) mat2=(4,5) beta=0.5 alpha=-2\n"
               "x=() mat1=(3,4) mat2=(4,5) beta=0.2\n"
               "x=(3,1) mat1=(3,4) mat2=(4,5) alpha=0.6\n"
               "x=~(3,5) mat1=(3,4) mat2=(4,5) beta=0\n"
               "x=(3,5) mat1=(3,0) mat2=(0,5)\n"
               "x=(5) mat1=(0,4) mat2=(4,5)\n"
               "! x=(4,5) mat1=(3,4) mat2=(4,5)\n"
               "! x=(2,3,5) mat1=(3,4) mat2=(4,5)\n"
               "! x=(3,5) mat1=(3,4) mat2=(5,5)\n"
               "! x=(3,5) mat1=() mat2=(5,5)\n",
    .bench = "x=(256,256) mat1=(256,256) mat2=(256,256)\n",
};

const fx_function fx__function_addmv = {
    .name = "addmv",
    .torch = "addmv",
    .formula = "y = beta x + alpha a v",
    .gradient = "dL/dx = beta g, dL/da = alpha g v^T, dL/dv = alpha a^T g",
    .notes = NOTES,
    .fields = addmm_fields,
    .args_size = sizeof(fx_addmm_args),
    .defaults = &addmm_defaults,
    .call = addmv_call,
    .samples = "x=(3) mat1=(3,4) mat2=(4)\n"
               "x=() mat1=(3,4) mat2=(4) beta=0.5 alpha=-2\n"
               "x=(1) mat1=(3,4) mat2=(4)\n"
               "x=(3) mat1=(3,0) mat2=(0)\n"
               "! x=(4) mat1=(3,4) mat2=(4)\n"
               "! x=(3) mat1=(3,4) mat2=(3)\n"
               "! x=(3) mat1=(3,4) mat2=(4,1)\n",
    .bench = "x=(1000) mat1=(1000,1000) mat2=(1000)\n",
};

const fx_function fx__function_addr = {
    .name = "addr",
    .torch = "addr",
    .formula = "y[i, j] = beta x[i, j] + alpha u[i] v[j]",
    .gradient = "dL/dx = beta g, dL/du = alpha g v, dL/dv = alpha g^T u",
    .notes = NOTES,
    .fields = addmm_fields,
    .args_size = sizeof(fx_addmm_args),
    .defaults = &addmm_defaults,
    .call = addr_call,
    .samples = "x=(3,4) mat1=(3) mat2=(4)\n"
               "x=() mat1=(3) mat2=(4) beta=0.5 alpha=-2\n"
               "x=(4) mat1=(0) mat2=(4)\n"
               "! x=(4,3) mat1=(3) mat2=(4)\n"
               "! x=(3,4) mat1=(3,1) mat2=(4)\n",
    .bench = "x=(1000,1000) mat1=(1000) mat2=(1000)\n",
};

const fx_function fx__function_baddbmm = {
    .name = "baddbmm",
    .torch = "baddbmm",
    .formula = "y[b] = beta x[b] + alpha a[b] c[b]",
    .gradient = "dL/dx = beta g, dL/da = alpha g c^T, dL/dc = alpha a^T g",
    .notes = NOTES,
    .fields = addmm_fields,
    .args_size = sizeof(fx_addmm_args),
    .defaults = &addmm_defaults,
    .call = baddbmm_call,
    .samples = "x=(2,3,5) mat1=(2,3,4) mat2=(2,4,5)\n"
               "x=(5) mat1=(2,3,4) mat2=(2,4,5) beta=0.5 alpha=-2\n"
               "x=() mat1=(2,3,4) mat2=(2,4,5)\n"
               "x=(2,3,5) mat1=(2,3,0) mat2=(2,0,5)\n"
               "! x=(2,3,5) mat1=(2,3,4) mat2=(1,4,5)\n"
               "! x=(3,5) mat1=(3,4) mat2=(4,5)\n"
               "! x=(4) mat1=(2,3,4) mat2=(2,4,5)\n",
    .bench = "x=(16,128,128) mat1=(16,128,64) mat2=(16,64,128)\n",
};

const fx_function fx__function_addbmm = {
    .name = "addbmm",
    .torch = "addbmm",
    .formula = "y = beta x + alpha sum_b a[b] c[b]",
    .gradient = "dL/dx = beta g, dL/da[b] = alpha g c[b]^T, dL/dc[b] = alpha a[b]^T g",
    .notes = NOTES,
    .fields = addmm_fields,
    .args_size = sizeof(fx_addmm_args),
    .defaults = &addmm_defaults,
    .call = addbmm_call,
    .samples = "x=(3,5) mat1=(2,3,4) mat2=(2,4,5)\n"
               "x=(5) mat1=(2,3,4) mat2=(2,4,5) beta=0.5 alpha=-2\n"
               "x=() mat1=(3,2,2) mat2=(3,2,2)\n"
               "x=(3,5) mat1=(0,3,4) mat2=(0,4,5)\n"
               "x=(3,5) mat1=(2,3,0) mat2=(2,0,5)\n"
               "! x=(3,5) mat1=(2,3,4) mat2=(1,4,5)\n"
               "! x=(2,3,5) mat1=(2,3,4) mat2=(2,4,5)\n",
    .bench = "x=(128,128) mat1=(16,128,64) mat2=(16,64,128)\n",
};
