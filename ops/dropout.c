/* Dropout. Which numbers are dropped is a pure function of the seed and of how many numbers the context had
 * drawn, so nothing is kept for the gradient: it runs the same op over the same stream on the gradient. The
 * op is linear but for constants, so that serves any order.
 */
#include "function.h"

#include "kernels/kernels.h"
#include "kernels/parallel.h"
#include "kernels/random.h"

#include <math.h>
#include <string.h>

enum { GRAIN = 1 << 16 };

typedef struct drop_options {
    uint64_t seed, first;
    double p, scale, shift, dropped;
    int64_t inner; /* so many neighbours are dropped together */
} drop_options;

/* ---- y = dropped, or scale x + shift ------------------------------------------------------------------- */

typedef struct job {
    fx__drop d;
    void (*run)(const fx__drop *d);
} job;

static void run_block(void *data, int64_t begin, int64_t end)
{
    const job *j = data;
    fx__drop d = j->d;
    d.begin = begin * 4 * d.inner;
    d.end = end * 4 * d.inner < d.end ? end * 4 * d.inner : d.end;
    j->run(&d);
}

static void drop(fx_context *cx, const drop_options *o, const fx_tensor *x, fx_tensor *y)
{
    const double limit = ceil(o->p * 0x1p32) - 1;
    job j = { .d = { .seed = o->seed,
                     .first = o->first,
                     .limit = (uint32_t)limit,
                     .end = x->numel,
                     .inner = o->inner,
                     .x = x->data,
                     .y = y->data,
                     .scale = o->scale,
                     .shift = o->shift,
                     .dropped = o->dropped } };
    const fx_random_kernels *k = fx__kernels()->random;
    j.run = x->dtype == FX_F64 ? k->drop_f64 : k->drop_f32;
    if (x->numel == 0) return;
    const int64_t draws = ((x->numel - 1) / o->inner) / 4 + 1;
    int64_t grain = GRAIN / (4 * o->inner);
    fx__parallel(fx_threads(cx), draws, grain > 0 ? grain : 1, run_block, &j);
}

static bool drop_shape(const fx_call *c, fx_spec *y)
{
    if (!fx_dtype_is_float(y->dtype))
        return fx_call_fail(c, FX_ERROR_DTYPE, "takes float32 or float64, not %s", fx_dtype_name(y->dtype));
    return true;
}

static void drop_forward(const fx_call *c) { drop(c->cx, c->options, c->x[0], c->y); }

static const fx_op drop_grad_op;

/* What a gradient does: the constants do not matter any more. */
static drop_options linear_part(const drop_options *o)
{
    drop_options l = *o;
    l.shift = l.dropped = 0;
    return l;
}

static void drop_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const drop_options o = linear_part(c->options);
    gx[0] = FX__APPLY(&drop_grad_op, &o, c->where, g);
}

static void drop_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    const drop_options o = linear_part(c->options);
    fx_tensor *flat = fx__contiguous_of(g);
    if (!flat || !(gx[0] = fx__grad_reuse(c, 0, flat))) return;
    drop(c->cx, &o, flat, gx[0]);
    if (flat != g && gx[0] != flat) fx_release(flat);
}

#define DROP_OP(function, words)                                                                             \
    static const fx_op function##_op = { .name = #function,                                                  \
                                         .formula = words,                                                   \
                                         .inputs = 1,                                                        \
                                         .options_size = sizeof(drop_options),                               \
                                         .shape = drop_shape,                                                \
                                         .forward = drop_forward,                                            \
                                         .local_grad = drop_local_grad,                                      \
                                         .local_grad_fused = drop_local_grad_fused };
DROP_OP(drop_grad, "y = 0 where x was dropped, else scale x")
DROP_OP(dropout, "y = 0 with probability p, else x / (1 - p)")
DROP_OP(feature_dropout, "y[n, c] = 0 with probability p, else x[n, c] / (1 - p)")
DROP_OP(alpha_dropout, "y = a x + b, x being -1.7581 with probability p")

/* ---- public functions ---------------------------------------------------------------------------------- */

/* Draws, and runs the op. A p of 0 gives x itself. */
static fx_tensor *dropped(const fx_op *op, drop_options o, fx_tensor *x, bool training, fx_where where)
{
    if (!x) return NULL;
    if (!(o.p >= 0 && o.p <= 1)) {
        fx_error_set(x->cx, FX_ERROR_ARGUMENT, where, "%s: p is a probability, and %g is not in [0, 1]",
                     op->name, o.p);
        return NULL;
    }
    if (!fx_dtype_is_float((fx_dtype)x->dtype)) {
        fx_error_set(x->cx, FX_ERROR_DTYPE, where, "%s: takes float32 or float64, not %s", op->name,
                     fx_dtype_name((fx_dtype)x->dtype));
        return NULL;
    }
    if (!training || o.p == 0) return x;
    const int64_t words = o.inner ? x->numel / o.inner : 0;
    if (o.inner == 0) o.inner = 1;
    o.seed = fx_get_random_state(x->cx).seed;
    o.first = fx__draw(x->cx, ((uint64_t)words + 3) / 4);
    return FX__APPLY(op, &o, where, x);
}

fx_tensor *fx_dropout_at(fx_dropout_args args, fx_where where)
{
    const drop_options o = { .p = args.p, .scale = args.p < 1 ? 1 / (1 - args.p) : 0, .inner = 1 };
    return dropped(&dropout_op, o, args.x, args.training, where);
}

fx_tensor *fx_feature_dropout_at(fx_dropout_args args, fx_where where)
{
    drop_options o = { .p = args.p, .scale = args.p < 1 ? 1 / (1 - args.p) : 0, .inner = 1 };
    if (!args.x) return NULL;
    if (args.x->ndim < 2) {
        fx_error_set(args.x->cx, FX_ERROR_SHAPE, where, "feature_dropout: takes x (N, C, ...), not %s",
                     fx__shape_text(args.x));
        return NULL;
    }
    for (int d = 2; d < args.x->ndim; d++) o.inner *= args.x->size[d];
    return dropped(&feature_dropout_op, o, args.x, args.training, where);
}

fx_tensor *fx_alpha_dropout_at(fx_dropout_args args, fx_where where)
{
    const double alpha = -1.7580993408473766, p = args.p; /* selu at minus infinity */
    const double a = p < 1 ? 1 / sqrt((1 - p) * (1 + p * alpha * alpha)) : 0, b = -a * alpha * p;
    const drop_options o = { .p = p, .scale = a, .shift = b, .dropped = a * alpha + b, .inner = 1 };
    return dropped(&alpha_dropout_op, o, args.x, args.training, where);
}

/* ---- records ------------------------------------------------------------------------------------------- */

FX__CALL(dropout, fx_dropout_args)
FX__CALL(feature_dropout, fx_dropout_args)
FX__CALL(alpha_dropout, fx_dropout_args)

static const fx_field dropout_fields[] = { FX__FIELD(fx_dropout_args, x, TENSOR, .torch = "input"),
                                           FX__FIELD(fx_dropout_args, p, REAL, .optional = true),
                                           FX__FIELD(fx_dropout_args, training, BOOL, .optional = true),
                                           FX__FIELDS_END };
static const fx_dropout_args dropout_defaults = { .p = 0.5, .training = true };

#define EDGES                                                                                                \
    "! x=(2,3) p=-0.1\n"                                                                                     \
    "! x=(2,3) p=1.5\n"                                                                                      \
    "! x=(2,3) p=nan\n"                                                                                      \
    "! x=(2,3)i64\n"

const fx_function fx__function_dropout = {
    .name = "dropout",
    .torch = "nn.functional.dropout",
    .formula = "y = 0 with probability p, else x / (1 - p)",
    .gradient = "dL/dx = 0 where x was dropped, else g / (1 - p)",
    .notes = "p = 1 gives zeros, also of NaN and infinities; p = 0 or training = false gives x itself",
    .fields = dropout_fields,
    .args_size = sizeof(fx_dropout_args),
    .defaults = &dropout_defaults,
    .call = dropout_call,
    .samples = "x=(5,7)@nonzero\n"
               "x=()@nonzero\n"
               "x=(40)@nonzero p=0.1\n"
               "x=(3,4)@nonzero p=0.9\n"
               "x=(3,4)@nonzero p=1\n"
               "x=(3,4)@nonzero p=0\n"
               "x=(3,4)@nonzero training=false\n"
               "x=(0,4)\n" EDGES,
    .bench = "x=(1000,1000)\n",
    .random = true,
};

const fx_function fx__function_feature_dropout = {
    .name = "feature_dropout",
    .torch = "nn.functional.dropout1d,nn.functional.dropout2d,nn.functional.dropout3d,feature_dropout",
    .formula = "y[n, c, ...] = 0 with probability p, all of them, else x[n, c, ...] / (1 - p)",
    .gradient = "dL/dx = 0 where x was dropped, else g / (1 - p)",
    .notes = "x is (N, C, ...); p = 1 gives zeros; p = 0 or training = false gives x itself",
    .fields = dropout_fields,
    .args_size = sizeof(fx_dropout_args),
    .defaults = &dropout_defaults,
    .call = feature_dropout_call,
    .samples = "x=(3,5,2,2)@nonzero\n"
               "x=(3,5)@nonzero\n"
               "x=(2,3,5)@nonzero p=0.2\n"
               "x=(2,3,5)@nonzero p=1\n"
               "x=(2,3,0)\n"
               "x=(0,3,2)\n"
               "! x=()\n"
               "! x=(3)\n" EDGES,
    .bench = "x=(16,64,32,32)\n",
    .random = true,
};

const fx_function fx__function_alpha_dropout = {
    .name = "alpha_dropout",
    .torch = "nn.functional.alpha_dropout",
    .formula =
        "y = a z + b, where z = -1.7581 with probability p, else x; a and b keep mean 0 and variance 1",
    .gradient = "dL/dx = 0 where x was dropped, else a g",
    .notes = "p = 1 gives zeros; p = 0 or training = false gives x itself",
    .fields = dropout_fields,
    .args_size = sizeof(fx_dropout_args),
    .defaults = &dropout_defaults,
    .call = alpha_dropout_call,
    .samples = "x=(5,7)@nonzero\n"
               "x=()@nonzero\n"
               "x=(3,4)@nonzero p=0.2\n"
               "x=(3,4)@nonzero p=1\n"
               "x=(0,4)\n" EDGES,
    .bench = "x=(1000,1000)\n",
    .random = true,
};
