/* dropout: y = x where a random number says so, else 0, scaled so that the mean stays. Nothing is captured:
 * random numbers are a function of seed and count, so the gradient draws the same again. It is the same op of
 * g, to any order.
 */
#include "autograd/random.h"
#include "function.h"
#include "kernels/parallel.h"

/* A number is kept if its 32 random bits are not below `limit`; 2^32 keeps none. */
typedef struct dropout {
    uint64_t seed, first, limit;
    double scale;
} dropout;

typedef struct work {
    const dropout *options;
    const void *x;
    void *y;
    int64_t numel;
    bool f64;
} work;

enum { DRAWS_A_BLOCK = 2048 }; /* 20 microseconds */

static void drop(void *data, int64_t begin, int64_t end)
{
    const work *w = data;
    const dropout *o = w->options;
    const float scale = (float)o->scale;
    for (int64_t draw = begin; draw < end; draw++) {
        const fx_random_words r = fx__random_words(o->seed, o->first + (uint64_t)draw);
        const int64_t at = 4 * draw, n = w->numel - at < 4 ? w->numel - at : 4;
        if (w->f64)
            for (int k = 0; k < n; k++)
                ((double *)w->y)[at + k] =
                    r.at[k] >= o->limit ? ((const double *)w->x)[at + k] * o->scale : 0;
        else
            for (int k = 0; k < n; k++)
                ((float *)w->y)[at + k] = r.at[k] >= o->limit ? ((const float *)w->x)[at + k] * scale : 0;
    }
}

static void drop_all(fx_context *cx, const dropout *o, const fx_tensor *x, fx_tensor *y)
{
    work w = { o, x->data, y->data, x->numel, x->dtype == FX_F64 };
    fx__parallel(fx_threads(cx), (x->numel + 3) / 4, DRAWS_A_BLOCK, drop, &w);
}

static bool dropout_shape(const fx_call *c, fx_spec *y)
{
    (void)y;
    return fx_dtype_is_float((fx_dtype)c->x[0]->dtype) ||
           fx_call_fail(c, FX_ERROR_DTYPE, "the dtype must be float32 or float64, not %s",
                        fx_dtype_name((fx_dtype)c->x[0]->dtype));
}

static void dropout_forward(const fx_call *c) { drop_all(c->cx, c->options, c->x[0], c->y); }

static void dropout_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = FX__APPLY(c->op, c->options, c->where, g);
}

static void dropout_local_grad_fused(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    g = fx__contiguous_of(g);
    gx[0] = fx__grad_reuse(c, 0, g);
    if (g && gx[0]) drop_all(c->cx, c->options, g, gx[0]);
}

static const fx_op dropout_op = { .name = "dropout",
                                  .formula = "y = x / (1 - p) or, with probability p, 0",
                                  .inputs = 1,
                                  .options_size = sizeof(dropout),
                                  .shape = dropout_shape,
                                  .forward = dropout_forward,
                                  .local_grad = dropout_local_grad,
                                  .local_grad_fused = dropout_local_grad_fused };

fx_tensor *fx_dropout_at(fx_dropout_args a, fx_where where)
{
    if (!a.x) return NULL;
    if (!(a.p >= 0 && a.p <= 1)) {
        fx_error_set(a.x->cx, FX_ERROR_ARGUMENT, where, "dropout: a probability lies in [0, 1], and p is %g",
                     a.p);
        return NULL;
    }
    if (!a.training) return a.x;
    const dropout options = { .seed = fx_get_random_state(a.x->cx).seed,
                              .first = fx__draw(a.x->cx, ((uint64_t)a.x->numel + 3) / 4),
                              .limit = (uint64_t)(a.p * 0x1p32),
                              .scale = a.p < 1 ? 1 / (1 - a.p) : 0 };
    return FX__APPLY(&dropout_op, &options, where, a.x);
}

FX__CALL(dropout, fx_dropout_args)

static const fx_field dropout_fields[] = { FX__FIELD(fx_dropout_args, x, TENSOR, .torch = "input"),
                                           FX__FIELD(fx_dropout_args, p, REAL, .optional = true),
                                           FX__FIELD(fx_dropout_args, training, BOOL, .optional = true),
                                           FX__FIELDS_END };

const fx_function fx__function_dropout = {
    .name = "dropout",
    .torch = "nn.functional.dropout",
    .formula = "y = x / (1 - p), or 0 with probability p; x itself unless training",
    .gradient = "dL/dx = g / (1 - p) where y was kept, else 0",
    .notes = "p = 1 gives zeros, also of what is not finite",
    .fields = dropout_fields,
    .args_size = sizeof(fx_dropout_args),
    .defaults = &(const fx_dropout_args){ FX_DROPOUT_DEFAULTS.x = NULL },
    .call = dropout_call,
    .samples = "x=(5,7)\n"
               "x=(5,7) p=0.2\n"
               "x=(3,4) p=0\n"
               "x=(3,4) p=1\n"
               "x=()\n"
               "x=(0,3)\n"
               "x=(3,4) p=0.3 training=false\n"
               "x=(2,3,4) p=0.75\n"
               "! x=(3) p=1.5\n"
               "! x=(3) p=-0.1\n"
               "! x=(3) p=nan\n"
               "! x=(3)i64\n",
    .bench = "x=(1024,1024)\n",
    .random = true,
};
