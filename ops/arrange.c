/* The same numbers in other places: turned round, shifted, repeated, cut to a triangle.
 *
 *     flip     flip              roll    roll by as much the other way
 *     tril     tril, triu too    repeat  sums over what was repeated
 */
#include "kernels/strided.h"
#include "shape.h"

static size_t width(const fx_tensor *x) { return fx_dtype_size((fx_dtype)x->dtype); }

/* ---- flip ---- */

static void flip_forward(const fx_call *c)
{
    unsigned dims = *(const unsigned *)c->options;
    const fx_tensor *x = c->x[0];
    const char *from = x->data;
    int64_t stride[FX_MAX_DIMS];
    if (!x->numel) return;
    for (int d = 0; d < x->ndim; d++) {
        stride[d] = fx__stride(x)[d];
        if (!(dims >> d & 1)) continue;
        from += (x->size[d] - 1) * stride[d] * (int64_t)width(x);
        stride[d] = -stride[d];
    }
    fx__copy_strided(fx_threads(c->cx), width(x), x->ndim, x->size, c->y->data, fx__stride(c->y), from,
                     stride);
}

static void flip_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = FX__APPLY(c->op, c->options, c->where, g);
}

static const fx_op flip_op = { .name = "flip",
                               .formula = "y[..., i, ...] = x[..., n - 1 - i, ...]",
                               .inputs = 1,
                               .strided = true,
                               .options_size = sizeof(unsigned),
                               .shape = fx_shape_same,
                               .forward = flip_forward,
                               .local_grad = flip_local_grad };

fx_tensor *fx_flip_at(fx_tensor *x, fx_dims dims, fx_where where)
{
    if (!x) return NULL;
    unsigned mask = 0;
    for (int i = 0; i < dims.count; i++) {
        int d = fx__dim_of(x, dims.at[i], "flip", where);
        if (d < 0) return NULL;
        if (mask >> d & 1) return FX__REFUSE(x, ERROR_SHAPE, where, "flip: dim %d stands twice", d);
        mask |= 1u << d;
    }
    return FX__APPLY(&flip_op, &mask, where, x);
}

/* ---- roll ---- */

typedef struct turn {
    int64_t shift; /* 0 .. size - 1 */
    int dim;
} turn;

static void roll_forward(const fx_call *c)
{
    const turn *t = c->options;
    fx_tensor *x = c->x[0], *y = c->y;
    if (!x->numel) return;
    int64_t n = x->size[t->dim], size[FX_MAX_DIMS];
    memcpy(size, x->size, sizeof(int64_t) * x->ndim);
    for (int part = 0; part < 2; part++) { /* the last `shift` go first, the others after them */
        int64_t from = part ? 0 : n - t->shift, to = part ? t->shift : 0;
        size[t->dim] = part ? n - t->shift : t->shift;
        fx_tensor *piece = fx__view(x, x->ndim, size, fx__stride(x), from * fx__stride(x)[t->dim]);
        if (!piece) return;
        fx__copy_into(y, to * fx__stride(y)[t->dim], x->ndim, size, fx__stride(y), piece);
    }
}

static fx_tensor *roll(fx_tensor *x, int dim, int64_t shift, fx_where where);

static void roll_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const turn *t = c->options;
    gx[0] = roll(g, t->dim, -t->shift, c->where);
}

static const fx_op roll_op = { .name = "roll",
                               .formula = "y[..., i, ...] = x[..., i - shift, ...], round the end",
                               .inputs = 1,
                               .strided = true,
                               .options_size = sizeof(turn),
                               .shape = fx_shape_same,
                               .forward = roll_forward,
                               .local_grad = roll_local_grad };

static fx_tensor *roll(fx_tensor *x, int dim, int64_t shift, fx_where where)
{
    if (!x) return NULL;
    turn t = { .dim = dim };
    int64_t n = x->size[dim];
    if (n) t.shift = (shift % n + n) % n;
    return FX__APPLY(&roll_op, &t, where, x);
}

fx_tensor *fx_roll_at(fx_tensor *x, fx_dims shifts, fx_dims dims, fx_where where)
{
    if (!x) return NULL;
    if (!dims.count && shifts.count == 1)
        return fx__reshape_like(roll(fx__reshape(x, 1, &x->numel, where), 0, shifts.at[0], where), x, where);
    if (shifts.count != dims.count || !dims.count)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "roll: %d shifts for %d dims", shifts.count, dims.count);
    if (!x->ndim) return FX__REFUSE(x, ERROR_SHAPE, where, "roll: a 0-d tensor has no dim");
    fx_tensor *y = x;
    for (int i = 0; i < dims.count; i++) {
        int d = fx__dim_of(x, dims.at[i], "roll", where);
        if (d < 0) return NULL;
        y = roll(y, d, shifts.at[i], where);
    }
    return y;
}

fx_tensor *fx_rot90_at(fx_rot90_args args, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x) return NULL;
    int a = fx__dim_in(x, x->ndim, args.dim0, "rot90", where),
        b = fx__dim_in(x, x->ndim, args.dim1, "rot90", where);
    if (a < 0 || b < 0) return NULL;
    if (a == b) return FX__REFUSE(x, ERROR_SHAPE, where, "rot90: both dims are %d", a);
    int order[FX_MAX_DIMS], k = (int)((args.k % 4 + 4) % 4);
    for (int d = 0; d < x->ndim; d++) order[d] = d == a ? b : d == b ? a : d;
    unsigned first = 1u << a, second = 1u << b, both = first | second;
    if (k == 0) return fx__space.clone(x, where);
    if (k == 2) return FX__APPLY(&flip_op, &both, where, x);
    return FX__APPLY(&flip_op, k == 1 ? &first : &second, where, fx__permute(x, order, where));
}

/* ---- triangles ---- */

typedef struct triangle {
    int64_t offset;
    bool upper;
} triangle;

static bool triangle_shape(const fx_call *c, fx_spec *y)
{
    return y->ndim >= 2 || fx_call_fail(c, FX_ERROR_SHAPE, "takes matrices, not %s", fx__shape_text(c->x[0]));
}

static void triangle_forward(const fx_call *c)
{
    const triangle *t = c->options;
    fx_tensor *y = c->y;
    if (!y->numel) return;
    int64_t rows = y->size[y->ndim - 2], columns = y->size[y->ndim - 1];
    const char *from = c->x[0]->data;
    char *to = y->data;
    for (int64_t row = 0; row < y->numel / columns;
         row++, from += (size_t)columns * width(y), to += (size_t)columns * width(y)) {
        int64_t cut = 0; /* the lower part ends, the upper begins */
        if (__builtin_add_overflow(row % rows + !t->upper, t->offset, &cut)) cut = columns;
        size_t at = (size_t)(cut < 0         ? 0
                             : cut > columns ? columns
                                             : cut) *
                    width(y),
               end = (size_t)columns * width(y);
        memcpy(to + (t->upper ? at : 0), from + (t->upper ? at : 0), t->upper ? end - at : at);
        memset(to + (t->upper ? 0 : at), 0, t->upper ? at : end - at);
    }
}

#define TRIANGLE_OP(called, rule)                                                                            \
    static const fx_op called##_op = { .name = #called,                                                      \
                                       .formula = rule,                                                      \
                                       .inputs = 1,                                                          \
                                       .options_size = sizeof(triangle),                                     \
                                       .shape = triangle_shape,                                              \
                                       .forward = triangle_forward,                                          \
                                       .local_grad = flip_local_grad };
TRIANGLE_OP(tril, "y[..., i, j] = x[..., i, j] for j <= i + diagonal, else 0")
TRIANGLE_OP(triu, "y[..., i, j] = x[..., i, j] for j >= i + diagonal, else 0")

fx_tensor *fx_tril_at(fx_triangle_args args, fx_where where)
{
    return args.x ? FX__APPLY(&tril_op, &((triangle){ .offset = args.diagonal }), where, args.x) : NULL;
}
fx_tensor *fx_triu_at(fx_triangle_args args, fx_where where)
{
    return args.x
               ? FX__APPLY(&triu_op, &((triangle){ .offset = args.diagonal, .upper = true }), where, args.x)
               : NULL;
}

/* ---- repeat ---- */

static bool repeat_shape(const fx_call *c, fx_spec *y)
{
    const fx__sizes *times = c->options;
    const fx_tensor *x = c->x[0];
    y->ndim = times->ndim;
    for (int d = 0; d < y->ndim; d++) {
        int k = d - (y->ndim - x->ndim);
        if (__builtin_mul_overflow(k < 0 ? 1 : x->size[k], times->at[d], &y->size[d]))
            return fx_call_fail(c, FX_ERROR_SHAPE, "%s so often does not fit in memory", fx__shape_text(x));
    }
    return true;
}

/* x goes into the corner of y; then, from the last dimension to the first, what is whole already is repeated.
 */
static void repeat_forward(const fx_call *c)
{
    const fx__sizes *times = c->options;
    const fx_tensor *x = c->x[0];
    fx_tensor *y = c->y;
    if (!y->numel) return;
    int new = y->ndim - x->ndim;
    fx__copy_into(y, 0, x->ndim, x->size, fx__stride(y) + new, x);
    for (int d = y->ndim; d-- > 0;) {
        int64_t one = (d < new ? 1 : x->size[d - new]) * fx__stride(y)[d], at[FX_MAX_DIMS] = { 0 };
        size_t bytes = (size_t)one * width(y);
        char *block = y->data;
        for (bool more = times->at[d] > 1; more;) {
            for (int64_t k = 1; k < times->at[d]; k++) memcpy(block + (size_t)k * bytes, block, bytes);
            more = false;
            for (int e = d; e-- > 0 && !more;) { /* the next place in the corner of the dimensions before d */
                int64_t step = fx__stride(y)[e] * (int64_t)width(y), n = e < new ? 1 : x->size[e - new];
                block += step;
                more = ++at[e] < n;
                if (!more) {
                    block -= n * step;
                    at[e] = 0;
                }
            }
        }
    }
}

static void repeat_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const fx__sizes *times = c->options;
    const fx_tensor *x = c->shapes[0];
    int new = times->ndim - x->ndim;
    for (int d = 0; d < times->ndim && g; d++) {
        if (times->at[d] == 1) continue;
        int64_t before = fx__product(g->size, 0, d), own = d < new ? 1 : x->size[d - new];
        int64_t inner = own * fx__product(g->size, d + 1, g->ndim), seen[3] = { before, times->at[d], inner },
                left[3] = { before, 1, inner };
        fx__sizes after = fx__sizes_of(g);
        after.at[d] = own;
        g = fx__reshape(g, 3, seen, c->where);
        if (g) g = fx__space.sum_to(g, 3, left, c->where);
        g = fx__reshape(g, after.ndim, after.at, c->where);
    }
    gx[0] = g ? fx__reshape_like(g, x, c->where) : NULL;
}

#define REPEAT_OP(called)                                                                                    \
    static const fx_op called##_op = { .name = #called,                                                      \
                                       .formula = "y[i] = x[i mod size], in each dimension",                 \
                                       .inputs = 1,                                                          \
                                       .strided = true,                                                      \
                                       .options_size = sizeof(fx__sizes),                                    \
                                       .shape = repeat_shape,                                                \
                                       .forward = repeat_forward,                                            \
                                       .local_grad = repeat_local_grad };
REPEAT_OP(repeat)
REPEAT_OP(tile)

static fx_tensor *repeated(const fx_op *op, fx_tensor *x, fx_dims times, fx_where where)
{
    bool good = times.count >= x->ndim && times.count <= FX_MAX_DIMS;
    for (int d = 0; good && d < times.count; d++) good = times.at[d] >= 0;
    if (!good)
        return FX__REFUSE(x, ERROR_SHAPE, where, "%s: %d numbers, which may not be negative, for %s",
                          op->name, times.count, fx__shape_text(x));
    fx__sizes t = { .ndim = times.count };
    memcpy(t.at, times.at, sizeof(int64_t) * (size_t)times.count);
    return FX__APPLY(op, &t, where, x);
}

fx_tensor *fx_repeat_at(fx_tensor *x, fx_dims times, fx_where where)
{
    return x ? repeated(&repeat_op, x, times, where) : NULL;
}

fx_tensor *fx_tile_at(fx_tensor *x, fx_dims times, fx_where where)
{
    if (!x) return NULL;
    for (; times.count < x->ndim; times.count++) {
        memmove(times.at + 1, times.at, sizeof(int64_t) * (size_t)times.count);
        times.at[0] = 1;
    }
    return repeated(&tile_op, x, times, where);
}

fx_tensor *fx_diag_at(fx_diag_args args, fx_where where)
{
    fx_tensor *x = args.x;
    if (!x) return NULL;
    if (x->ndim == 1)
        return fx_diag_embed_at((fx_diagonal_args){ .x = x, .offset = args.diagonal, .dim1 = 0, .dim2 = 1 },
                                where);
    if (x->ndim == 2)
        return fx_diagonal_at((fx_diagonal_args){ .x = x, .offset = args.diagonal, .dim1 = 0, .dim2 = 1 },
                              where);
    return FX__REFUSE(x, ERROR_SHAPE, where, "diag: takes one or two dimensions, not %s", fx__shape_text(x));
}

/* ---- records ---- */

typedef struct flip_args {
    fx_tensor *x;
    fx_dims dims;
} flip_args;
typedef struct roll_args {
    fx_tensor *x;
    fx_dims shifts, dims;
} roll_args;
typedef struct rot90_record {
    fx_tensor *x;
    int64_t k;
    fx_dims dims;
} rot90_record;

FX__PLAIN(flip, flip_args, a->x, a->dims)
static const fx_field flip_fields[] = { FX__FIELD(flip_args, x, TENSOR), FX__FIELD(flip_args, dims, DIMS),
                                        FX__FIELDS_END };
const fx_function fx__function_flip = {
    .name = "flip",
    .torch = "flip",
    .formula = "y[..., i, ...] = x[..., n - 1 - i, ...] in each of dims",
    .gradient = "g, flipped",
    .fields = flip_fields,
    .args_size = sizeof(flip_args),
    .call = flip_call,
    .samples = "x=(4) dims=0\nx=(2,3,4) dims=[0,-1]\nx=(2,3) dims=[1]\nx=(2,3) dims=[]\nx=() dims=0\nx=(0,3) "
               "dims=[0,1]\n"
               "!x=(2) dims=1\n!x=(2,3) dims=[0,0]\n",
    .bench = "x=(1024,1024) dims=[0,1]",
};

FX__PLAIN(roll, roll_args, a->x, a->shifts, a->dims)
static const fx_field roll_fields[] = { FX__FIELD(roll_args, x, TENSOR), FX__FIELD(roll_args, shifts, DIMS),
                                        FX__FIELD(roll_args, dims, DIMS, .optional = true), FX__FIELDS_END };
const fx_function fx__function_roll = {
    .name = "roll",
    .torch = "roll",
    .formula = "y[..., i, ...] = x[..., (i - shift) mod n, ...] for each shift and its dim; without dims of "
               "all numbers",
    .gradient = "g, rolled back",
    .fields = roll_fields,
    .args_size = sizeof(roll_args),
    .call = roll_call,
    .samples = "x=(5) shifts=2\nx=(2,3) shifts=-1\nx=(2,5) shifts=2 dims=1\nx=(3,4) shifts=[1,-6] "
               "dims=[0,-1]\nx=() shifts=1\n"
               "x=(0,2) shifts=1 dims=0\nx=(4) shifts=0 dims=0\n!x=(4) shifts=[1,2] dims=0\n!x=(4) shifts=1 "
               "dims=1\n!x=() shifts=1 dims=0\n",
    .bench = "x=(1024,1024) shifts=100 dims=1",
};

static int rot90_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])
{
    const rot90_record *a = args;
    fx_rot90_args r = { .x = a->x, .k = a->k, .dim0 = a->dims.at[0], .dim1 = a->dims.at[1] };
    out[0] = fx_rot90_at(r, where);
    return out[0] ? 1 : 0;
}
static const fx_field rot90_fields[] = { FX__FIELD(rot90_record, x, TENSOR),
                                         FX__FIELD(rot90_record, k, INT, .optional = true),
                                         FX__FIELD(rot90_record, dims, DIMS, .optional = true),
                                         FX__FIELDS_END };
const fx_function fx__function_rot90 = {
    .name = "rot90",
    .torch = "rot90",
    .formula = "y = x turned k times a quarter from the first dim to the second",
    .gradient = "g, turned back",
    .fields = rot90_fields,
    .args_size = sizeof(rot90_record),
    .defaults = &(const rot90_record){ .k = 1, .dims = { true, 2, { 0, 1 } } },
    .call = rot90_call,
    .samples = "x=(2,3)\nx=(2,3) k=2\nx=(2,3) k=-1\nx=(2,3) k=4\nx=(2,3,4) k=1 "
               "dims=[2,0]\nx=(0,2)\n!x=()\n!x=(3)\n!x=(2,2) dims=[1,-1]\n",
};

FX__CALL(tril, fx_triangle_args)
FX__CALL(triu, fx_triangle_args)
static const fx_field triangle_fields[] = { FX__FIELD(fx_triangle_args, x, TENSOR),
                                            FX__FIELD(fx_triangle_args, diagonal, INT, .optional = true),
                                            FX__FIELDS_END };
#define TRIANGLE(called, sign)                                                                               \
    const fx_function fx__function_##called = {                                                              \
        .name = #called,                                                                                     \
        .torch = #called,                                                                                    \
        .formula = "y[..., i, j] = x[..., i, j] for j " sign " i + diagonal, else 0",                        \
        .gradient = "g there, else 0",                                                                       \
        .fields = triangle_fields,                                                                           \
        .args_size = sizeof(fx_triangle_args),                                                               \
        .call = called##_call,                                                                               \
        .samples = "x=(3,3)\nx=(3,4) diagonal=1\nx=(4,3) diagonal=-1\nx=(2,3,3) diagonal=5\nx=(2,2,3) "      \
                   "diagonal=-5\n"                                                                           \
                   "x=(0,3)\nx=(3,0)\nx=(2,2){nan,inf,1,-inf}\n!x=(3)\n!x=()\n",                             \
        .bench = "x=(1024,1024)",                                                                            \
    };
TRIANGLE(tril, "<=")
TRIANGLE(triu, ">=")

FX__PLAIN(repeat, flip_args, a->x, a->dims)
FX__PLAIN(tile, flip_args, a->x, a->dims)
static const fx_field repeat_fields[] = { FX__FIELD(flip_args, x, TENSOR),
                                          FX__FIELD(flip_args, dims, DIMS, .torch = "repeats,sizes,dims"),
                                          FX__FIELDS_END };
const fx_function fx__function_repeat = {
    .name = "repeat",
    .torch = "repeat",
    .formula =
        "y[i] = x[i mod size] in each dimension; more numbers than x has dimensions repeat it along new ones",
    .gradient = "g summed over what was repeated",
    .fields = repeat_fields,
    .args_size = sizeof(flip_args),
    .call = repeat_call,
    .samples =
        "x=(3) dims=2\nx=(2,3) dims=[2,3]\nx=(2,3) dims=[2,1,2]\nx=(2,1,3) dims=[1,4,2]\nx=() "
        "dims=[2,2]\nx=() dims=[]\n"
        "x=(2,3) dims=[0,2]\nx=(0,3) dims=[2,1]\nx=(2,3) dims=[1,1]\n!x=(2,3) dims=2\n!x=(2) dims=-1\n",
    .bench = "x=(256,256) dims=[4,4]",
};
const fx_function fx__function_tile = {
    .name = "tile",
    .torch = "tile",
    .formula = "repeat, with as many ones before the numbers as x has dimensions more",
    .gradient = "g summed over what was repeated",
    .fields = repeat_fields,
    .args_size = sizeof(flip_args),
    .call = tile_call,
    .samples =
        "x=(2,3) dims=2\nx=(2,3) dims=[]\nx=(3) dims=[2,2]\nx=() dims=3\nx=(0,2) dims=2\n!x=(2) dims=-1\n",
};

FX__CALL(diag, fx_diag_args)
static const fx_field diag_fields[] = { FX__FIELD(fx_diag_args, x, TENSOR),
                                        FX__FIELD(fx_diag_args, diagonal, INT, .optional = true),
                                        FX__FIELDS_END };
const fx_function fx__function_diag = {
    .name = "diag",
    .torch = "diag",
    .formula = "of a vector the matrix with it on a diagonal, of a matrix that diagonal",
    .gradient = "the diagonal of g; zeros with g on it",
    .fields = diag_fields,
    .args_size = sizeof(fx_diag_args),
    .call = diag_call,
    .samples = "x=(3)\nx=(3) diagonal=-1\nx=(3,4) diagonal=1\nx=(3,3)\nx=(0)\nx=(0,2)\n!x=()\n!x=(2,2,2)\n",
};
