/* Contractions of tensors of any dimensions: inner, tensordot, chains of products, Kronecker products, traces
 * and bilinear forms. Each is dimensions put in order, one or two products, and dimensions put back.
 */
#include "product.h"

#include <string.h>

static void append(fx_dims *d, int64_t size) { d->at[d->count++] = size; }

/* A 2-d product of what two tensors are when reshaped, in the shape given. */
static fx_tensor *product_of(fx_tensor *a, fx_dims matrix_a, fx_tensor *b, fx_dims matrix_b, int layout_b,
                             fx_dims shape, fx_where where)
{
    a = fx_reshape_at(a, matrix_a, where);
    b = fx_reshape_at(b, matrix_b, where);
    if (!a || !b) return NULL;
    return fx_reshape_at(fx__product(FX__MATRIX, 0, NULL, a, FX__MATRIX, b, layout_b, where), shape, where);
}

static bool too_many(const char *name, const fx_tensor *x, int ndim, fx_where where)
{
    if (ndim <= FX_MAX_DIMS) return false;
    fx_error_set(x->cx, FX_ERROR_SHAPE, where, "%s: the result would have more than %d dimensions", name,
                 FX_MAX_DIMS);
    return true;
}

/* ---- inner, tensordot ---------------------------------------------------------------------------------- */

fx_tensor *fx_inner_at(fx_tensor *a, fx_tensor *b, fx_where where)
{
    if (!a || !b) return NULL;
    if (a->ndim == 0 || b->ndim == 0) return fx_mul_at(fx_operand_tensor(a), fx_operand_tensor(b), where);
    const int64_t k = a->size[a->ndim - 1];
    if (k != b->size[b->ndim - 1]) {
        fx_error_set(a->cx, FX_ERROR_SHAPE, where, "inner: the last dimensions differ: %s and %s",
                     fx__shape_text(a), fx__shape_text(b));
        return NULL;
    }
    if (too_many("inner", a, a->ndim + b->ndim - 2, where) || !fx__product_promote(&a, &b, "inner", where))
        return NULL;
    if (a->ndim == 1 && b->ndim == 1) return fx_dot_at(a, b, where);
    fx_dims shape = { .given = true };
    int64_t m = 1, n = 1;
    for (int d = 0; d < a->ndim - 1; d++) append(&shape, a->size[d]), m *= a->size[d];
    for (int d = 0; d < b->ndim - 1; d++) append(&shape, b->size[d]), n *= b->size[d];
    return product_of(a, FX_DIMS(m, k), b, FX_DIMS(n, k), FX__TRANSPOSED, shape, where);
}

/* A list of dimensions as they are counted from the front, none twice. */
static bool normal_dims(const fx_tensor *x, const fx_dims *from, int *to, fx_where where)
{
    bool taken[FX_MAX_DIMS] = { 0 };
    for (int i = 0; i < from->count; i++) {
        const int64_t d = from->at[i] < 0 ? from->at[i] + x->ndim : from->at[i];
        if (d < 0 || d >= x->ndim || taken[d]) {
            fx_error_set(x->cx, FX_ERROR_INDEX, where, "tensordot: dimension %lld of %s is %s",
                         (long long)from->at[i], fx__shape_text(x),
                         d < 0 || d >= x->ndim ? "out of range" : "named twice");
            return false;
        }
        taken[d] = true;
        to[i] = (int)d;
    }
    return true;
}

/* x with the dimensions that are left first and those named last, or the other way about; their sizes
 * multiplied. */
static fx_tensor *ordered(fx_tensor *x, const int *named, int count, bool named_first, fx_dims *left,
                          int64_t *rows, fx_where where)
{
    bool is_named[FX_MAX_DIMS] = { 0 };
    fx_dims order = { .given = true };
    *rows = 1;
    for (int i = 0; i < count; i++) is_named[named[i]] = true;
    for (int i = 0; named_first && i < count; i++) append(&order, named[i]);
    for (int d = 0; d < x->ndim; d++) {
        if (is_named[d]) continue;
        append(&order, d);
        append(left, x->size[d]);
        *rows *= x->size[d];
    }
    for (int i = 0; !named_first && i < count; i++) append(&order, named[i]);
    return x->ndim ? fx_permute_at(x, order, where) : x;
}

fx_tensor *fx_tensordot_at(fx_tensordot_args args, fx_where where)
{
    fx_tensor *a = args.x, *b = args.other;
    if (!a || !b) return NULL;
    fx_dims of_a = args.dims_x, of_b = args.dims_other;
    if (!of_a.given && !of_b.given) {
        if (args.dims < 0 || args.dims > a->ndim || args.dims > b->ndim) {
            fx_error_set(a->cx, FX_ERROR_ARGUMENT, where,
                         "tensordot: %s and %s have not %lld dimensions to sum over", fx__shape_text(a),
                         fx__shape_text(b), (long long)args.dims);
            return NULL;
        }
        of_a = of_b = (fx_dims){ .given = true };
        for (int i = 0; i < args.dims; i++) append(&of_a, a->ndim - args.dims + i), append(&of_b, i);
    }
    int named_a[FX_MAX_DIMS], named_b[FX_MAX_DIMS];
    if (!normal_dims(a, &of_a, named_a, where) || !normal_dims(b, &of_b, named_b, where)) return NULL;
    bool good = of_a.count == of_b.count;
    int64_t k = 1, m, n;
    for (int i = 0; good && i < of_a.count; i++) {
        good = a->size[named_a[i]] == b->size[named_b[i]];
        k *= a->size[named_a[i]];
    }
    if (!good) {
        fx_error_set(a->cx, FX_ERROR_SHAPE, where, "tensordot: the dimensions to sum over differ: %s and %s",
                     fx__shape_text(a), fx__shape_text(b));
        return NULL;
    }
    if (too_many("tensordot", a, a->ndim + b->ndim - 2 * of_a.count, where) ||
        !fx__product_promote(&a, &b, "tensordot", where))
        return NULL;
    fx_dims shape = { .given = true };
    a = ordered(a, named_a, of_a.count, false, &shape, &m, where);
    b = ordered(b, named_b, of_b.count, true, &shape, &n, where);
    return a && b ? product_of(a, FX_DIMS(m, k), b, FX_DIMS(k, n), FX__MATRIX, shape, where) : NULL;
}

/* ---- chains -------------------------------------------------------------------------------------------- */

enum { MOST_CHAIN = 32 };

/* Multiplies factors i .. j in the order that takes the fewest multiplications. */
static fx_tensor *chain(fx_tensor *const *x, int8_t split[MOST_CHAIN][MOST_CHAIN], int i, int j,
                        fx_where where)
{
    if (i == j) return x[i];
    const int k = split[i][j];
    return fx_matmul_at(chain(x, split, i, k, where), chain(x, split, k + 1, j, where), where);
}

fx_tensor *fx_multi_dot_at(fx_list list, fx_where where)
{
    int64_t size[MOST_CHAIN + 1];
    double cost[MOST_CHAIN][MOST_CHAIN] = { { 0 } };
    int8_t split[MOST_CHAIN][MOST_CHAIN];
    for (int i = 0; i < list.count; i++)
        if (!list.at[i]) return NULL;
    if (list.count == 0) return NULL;
    fx_context *cx = list.at[0]->cx;
    if (list.count < 2 || list.count > MOST_CHAIN) {
        fx_error_set(cx, FX_ERROR_ARGUMENT, where, "multi_dot: takes 2 to %d matrices, not %d", MOST_CHAIN,
                     list.count);
        return NULL;
    }
    for (int i = 0; i < list.count; i++) {
        const fx_tensor *x = list.at[i];
        const bool first = i == 0, last = i == list.count - 1, vector = x->ndim == 1 && (first || last);
        const int64_t rows = vector && first ? 1 : x->ndim ? x->size[0] : 0;
        if ((x->ndim != 2 && !vector) || (!first && rows != size[i])) {
            fx_error_set(cx, FX_ERROR_SHAPE, where, "multi_dot: factor %d, %s, does not fit the chain", i,
                         fx__shape_text(x));
            return NULL;
        }
        size[i] = rows;
        size[i + 1] = x->ndim == 2 ? x->size[1] : first ? x->size[0] : 1;
    }
    for (int length = 1; length < list.count; length++)
        for (int i = 0, j = length; j < list.count; i++, j++) {
            cost[i][j] = -1;
            for (int k = i; k < j; k++) {
                const double c =
                    cost[i][k] + cost[k + 1][j] + (double)size[i] * (double)size[k + 1] * (double)size[j + 1];
                if (cost[i][j] < 0 || c < cost[i][j]) cost[i][j] = c, split[i][j] = (int8_t)k;
            }
        }
    return chain(list.at, split, 0, list.count - 1, where);
}

/* ---- kron, trace, bilinear ----------------------------------------------------------------------------- */

fx_tensor *fx_kron_at(fx_tensor *a, fx_tensor *b, fx_where where)
{
    if (!a || !b) return NULL;
    const int n = a->ndim > b->ndim ? a->ndim : b->ndim;
    if (2 * n > FX_MAX_DIMS) {
        fx_error_set(a->cx, FX_ERROR_SHAPE, where, "kron: takes at most %d dimensions, not %s and %s",
                     FX_MAX_DIMS / 2, fx__shape_text(a), fx__shape_text(b));
        return NULL;
    }
    fx_dims of_a = { .given = true }, of_b = of_a, of_y = of_a;
    for (int d = 0; d < n; d++) {
        const int64_t sa = d < n - a->ndim ? 1 : a->size[d - (n - a->ndim)];
        const int64_t sb = d < n - b->ndim ? 1 : b->size[d - (n - b->ndim)];
        append(&of_a, sa), append(&of_a, 1);
        append(&of_b, 1), append(&of_b, sb);
        append(&of_y, sa * sb);
    }
    a = fx_reshape_at(a, of_a, where);
    b = fx_reshape_at(b, of_b, where);
    return fx_reshape_at(fx_mul_at(fx_operand_tensor(a), fx_operand_tensor(b), where), of_y, where);
}

fx_tensor *fx_trace_at(fx_tensor *x, fx_where where)
{
    if (!x) return NULL;
    if (x->ndim != 2) {
        fx_error_set(x->cx, FX_ERROR_SHAPE, where, "trace: takes a matrix, not %s", fx__shape_text(x));
        return NULL;
    }
    return fx_sum_at((fx_sum_args){ .x = fx_diagonal_at((fx_diagonal_args){ .x = x, .dim2 = 1 }, where) },
                     where);
}

/* x1 (..., 1, 1, in1) with w (out, in1, in2) is (..., out, 1, in2), and that with x2 (..., 1, in2, 1) the
 * form. */
fx_tensor *fx_bilinear_at(fx_tensor *x1, fx_tensor *x2, fx_tensor *w, fx_tensor *b, fx_where where)
{
    if (!x1 || !x2 || !w || (!b && fx_error(x1->cx) != FX_OK)) return NULL;
    const int n = x1->ndim;
    bool good = n >= 1 && n + 2 <= FX_MAX_DIMS && n == x2->ndim && w->ndim == 3 &&
                x1->size[n - 1] == w->size[1] && x2->size[n - 1] == w->size[2] &&
                (!b || (b->ndim == 1 && b->size[0] == w->size[0]));
    fx_dims left = { .given = true }, right = left, shape = left;
    for (int d = 0; good && d < n - 1; d++) {
        good = x1->size[d] == x2->size[d];
        append(&left, x1->size[d]), append(&right, x1->size[d]), append(&shape, x1->size[d]);
    }
    if (!good) {
        fx_error_set(x1->cx, FX_ERROR_SHAPE, where, "bilinear: %s and %s do not fit the weight %s%s%s",
                     fx__shape_text(x1), fx__shape_text(x2), fx__shape_text(w), b ? " and the bias " : "",
                     b ? fx__shape_text(b) : "");
        return NULL;
    }
    append(&left, 1), append(&left, 1), append(&left, x1->size[n - 1]);
    append(&right, 1), append(&right, x2->size[n - 1]), append(&right, 1);
    append(&shape, w->size[0]);
    fx_tensor *y = fx_matmul_at(fx_reshape_at(x1, left, where), w, where);
    y = fx_reshape_at(fx_matmul_at(y, fx_reshape_at(x2, right, where), where), shape, where);
    return y && b ? fx_add_at(fx_operand_tensor(y), fx_operand_tensor(b), where) : y;
}

/* ---- records ------------------------------------------------------------------------------------------- */

typedef struct pair {
    fx_tensor *x, *other;
} pair;
typedef struct chain_args {
    fx_list tensors;
} chain_args;
typedef struct trace_args {
    fx_tensor *x;
} trace_args;
typedef struct bilinear_args {
    fx_tensor *x1, *x2, *weight, *bias;
} bilinear_args;

#define RECORD_CALL(function, type, ...)                                                                     \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        const type *a = args;                                                                                \
        out[0] = fx_##function##_at(__VA_ARGS__, where);                                                     \
        return out[0] ? 1 : 0;                                                                               \
    }
RECORD_CALL(inner, pair, a->x, a->other)
RECORD_CALL(kron, pair, a->x, a->other)
RECORD_CALL(multi_dot, chain_args, a->tensors)
RECORD_CALL(trace, trace_args, a->x)
RECORD_CALL(bilinear, bilinear_args, a->x1, a->x2, a->weight, a->bias)
FX__CALL(tensordot, fx_tensordot_args)

static const fx_field pair_fields[] = { FX__FIELD(pair, x, TENSOR, .torch = "input,self"),
                                        FX__FIELD(pair, other, TENSOR), FX__FIELDS_END };
static const fx_field chain_fields[] = { FX__FIELD(chain_args, tensors, TENSORS), FX__FIELDS_END };
static const fx_field trace_fields[] = { FX__FIELD(trace_args, x, TENSOR, .torch = "input"), FX__FIELDS_END };
static const fx_field bilinear_fields[] = { FX__FIELD(bilinear_args, x1, TENSOR, .torch = "input1"),
                                            FX__FIELD(bilinear_args, x2, TENSOR, .torch = "input2"),
                                            FX__FIELD(bilinear_args, weight, TENSOR),
                                            FX__FIELD(bilinear_args, bias, TENSOR, .optional = true),
                                            FX__FIELDS_END };
static const fx_field tensordot_fields[] = { FX__FIELD(fx_tensordot_args, x, TENSOR, .torch = "a"),
                                             FX__FIELD(fx_tensordot_args, other, TENSOR, .torch = "b"),
                                             FX__FIELD(fx_tensordot_args, dims, INT, .optional = true),
                                             FX__FIELD(fx_tensordot_args, dims_x, DIMS, .optional = true),
                                             FX__FIELD(fx_tensordot_args, dims_other, DIMS, .optional = true),
                                             FX__FIELDS_END };
static const fx_tensordot_args tensordot_defaults = { .dims = 2 };

const fx_function fx__function_inner = {
    .name = "inner",
    .torch = "inner",
    .formula = "y[..., ....] = sum_k a[..., k] b[...., k]; a number: the product",
    .gradient = "dL/da = g b, dL/db = g^T a",
    .fields = pair_fields,
    .args_size = sizeof(pair),
    .call = inner_call,
    .samples = "x=(5) other=(5)\n"
               "x=(3,5) other=(5)\n"
               "x=(5) other=(2,5)\n"
               "x=(2,3,5) other=(4,5)\n"
               "x=() other=(2,3)\n"
               "x=(2,3) other=()\n"
               "x=() other=()\n"
               "x=(3,0) other=(2,0)\n"
               "x=(0,3) other=(2,3)\n"
               "x=(3,3) other=$x\n"
               "! x=(3) other=(4)\n",
    .bench = "x=(256,256) other=(256,256)\n",
};

const fx_function fx__function_kron = {
    .name = "kron",
    .torch = "kron",
    .formula = "y[i p + k, j q + l] = a[i, j] b[k, l], of any dimensions; b is (p, q)",
    .gradient = "dL/da[i, j] = sum_kl g b, dL/db[k, l] = sum_ij g a",
    .fields = pair_fields,
    .args_size = sizeof(pair),
    .call = kron_call,
    .samples = "x=(2,3) other=(3,2)\n"
               "x=(3) other=(2,2)\n"
               "x=(2,3,2) other=(2)\n"
               "x=() other=(2,3)\n"
               "x=() other=()\n"
               "x=(0,2) other=(2,2)\n"
               "x=(2,2) other=$x\n"
               "! x=(1,1,1,1,1) other=(1)\n",
    .bench = "x=(32,32) other=(32,32)\n",
};

const fx_function fx__function_multi_dot = {
    .name = "multi_dot",
    .torch = "linalg.multi_dot,chain_matmul",
    .formula = "y = a b c ..., in the order that takes the fewest multiplications",
    .gradient = "that of each product",
    .fields = chain_fields,
    .args_size = sizeof(chain_args),
    .call = multi_dot_call,
    .samples = "tensors={(2,3) (3,4)}\n"
               "tensors={(2,3) (3,4) (4,5)}\n"
               "tensors={(5,2) (2,4) (4,1) (1,3)}\n"
               "tensors={(3) (3,4) (4,2)}\n"
               "tensors={(2,3) (3,4) (4)}\n"
               "tensors={(3) (3)}\n"
               "tensors={(2,0) (0,2) (2,3)}\n"
               "! tensors={(2,3)}\n"
               "! tensors={() (2,3)}\n"
               "! tensors={(2,3) (2,3)}\n"
               "! tensors={(2,3) (3) (3,2)}\n",
    .bench = "tensors={(256,256) (256,256) (256,16)}\n",
};

const fx_function fx__function_tensordot = {
    .name = "tensordot",
    .torch = "tensordot",
    .formula =
        "y = the sum over pairs of dimensions of a b: the last of a with the first of b, or those named",
    .gradient = "dL/da = g b over b's other dimensions, dL/db likewise",
    .fields = tensordot_fields,
    .args_size = sizeof(fx_tensordot_args),
    .defaults = &tensordot_defaults,
    .call = tensordot_call,
    .samples = "x=(2,3,4) other=(3,4,5)\n"
               "x=(2,3,4) other=(4,5) dims=1\n"
               "x=(2,3) other=(4) dims=0\n"
               "x=() other=(2) dims=0\n"
               "x=(2,3) other=(2,3)\n"
               "x=(2,3,4) other=(4,5,2) dims_x=[0,2] dims_other=[2,0]\n"
               "x=(2,3,4) other=(4,5,2) dims_x=[-1] dims_other=[0]\n"
               "x=(2,0) other=(0,3) dims=1\n"
               "x=(0,3) other=(3,2) dims=1\n"
               "! x=(2,3) other=(4,5)\n"
               "! x=(2,3) other=(3,5) dims=3\n"
               "! x=(2,3) other=(3,5) dims=-1\n"
               "! x=(2,3) other=(3,5) dims_x=[5] dims_other=[0]\n"
               "! x=(3,3) other=(3,3) dims_x=[0,0] dims_other=[0,1]\n"
               "! x=(2,3) other=(3,5) dims_x=[1] dims_other=[0,1]\n",
    .bench = "x=(64,32,32) other=(32,32,64)\n",
};

const fx_function fx__function_trace = {
    .name = "trace",
    .torch = "trace",
    .formula = "y = sum_i x[i, i]",
    .gradient = "dL/dx[i, j] = g if i = j, else 0",
    .fields = trace_fields,
    .args_size = sizeof(trace_args),
    .call = trace_call,
    .samples = "x=(3,3)\n"
               "x=(2,4)\n"
               "x=(4,2)\n"
               "x=(0,3)\n"
               "! x=()\n"
               "! x=(2,3,3)\n",
    .bench = "x=(1000,1000)\n",
};

const fx_function fx__function_bilinear = {
    .name = "bilinear",
    .torch = "nn.functional.bilinear",
    .formula = "y[..., o] = sum_ij x1[..., i] w[o, i, j] x2[..., j] + b[o]",
    .gradient = "dL/dx1 = g w x2, dL/dx2 = g w x1, dL/dw = g x1 x2, dL/db = g summed over rows",
    .fields = bilinear_fields,
    .args_size = sizeof(bilinear_args),
    .call = bilinear_call,
    .samples = "x1=(4,3) x2=(4,2) weight=(5,3,2) bias=(5)\n"
               "x1=(4,3) x2=(4,2) weight=(5,3,2)\n"
               "x1=(3) x2=(2) weight=(5,3,2) bias=(5)\n"
               "x1=(2,2,3) x2=(2,2,2) weight=(1,3,2) bias=(1)\n"
               "x1=(0,3) x2=(0,2) weight=(5,3,2) bias=(5)\n"
               "! x1=() x2=(2) weight=(5,3,2)\n"
               "! x1=(4,3) x2=(3,2) weight=(5,3,2)\n"
               "! x1=(4,3) x2=(4,2) weight=(5,2,3)\n"
               "! x1=(4,3) x2=(4,2) weight=(5,3,2) bias=(4)\n",
    .bench = "x1=(64,64) x2=(64,64) weight=(32,64,64) bias=(32)\n",
};
