/* pick and place (pick.h): each is the other's gradient.
 */
#include "pick.h"

#include <string.h>

typedef struct pick_options {
    uint8_t mask;
    int ndim; /* place: of the result */
    int64_t size[FX_MAX_DIMS];
} pick_options;

static bool pick_shape(const fx_call *c, fx_spec *y)
{
    const fx_tensor *index = c->x[1];
    y->ndim = index->ndim;
    memcpy(y->size, index->size, sizeof(int64_t) * index->ndim);
    return true;
}

/* As lanes of the whole tensor: how many indices fall on each [outer][inner]. */
static int64_t picks_of(const fx__lanes *l, int64_t numel)
{
    int64_t places = l->outer * l->inner;
    return places ? numel / places : 0;
}

#define EACH_PICK                                                                                            \
    for (int64_t o = 0, at = 0; o < l.outer; o++)                                                            \
        for (int64_t k = 0; k < picks; k++)                                                                  \
            for (int64_t i = 0; i < l.inner; i++, at++)

static void pick_forward(const fx_call *c)
{
    const pick_options *o_ = c->options;
    const fx_tensor *x = c->x[0];
    fx__lanes l = fx__lanes_of(x, o_->mask, false);
    int64_t picks = picks_of(&l, c->y->numel);
    const int64_t *index = (const int64_t *)(const void *)c->x[1]->data;
    if (x->dtype == FX_F32) {
        const float *from = (const float *)(const void *)x->data;
        float *to = (float *)(void *)c->y->data;
        EACH_PICK to[at] = from[(o * l.count + index[at]) * l.inner + i];
    } else {
        const double *from = (const double *)(const void *)x->data;
        double *to = (double *)(void *)c->y->data;
        EACH_PICK to[at] = from[(o * l.count + index[at]) * l.inner + i];
    }
}

/* Several numbers may fall on one place: those of float are summed in double. */
static void place_wide(fx_tensor *gx, const fx_tensor *g, const int64_t *to, const fx__lanes *of,
                       int64_t picks)
{
    fx__lanes l = *of;
    float *y = (float *)(void *)gx->data;
    const float *from = (const float *)(const void *)g->data;
    double *wide = fx__scratch(gx->cx, sizeof(double) * (size_t)gx->numel);
    if (!wide) return;
    for (int64_t i = 0; i < gx->numel; i++) wide[i] = 0;
    EACH_PICK wide[(o * l.count + to[at]) * l.inner + i] += (double)from[at];
    for (int64_t i = 0; i < gx->numel; i++) y[i] = (float)wide[i];
    fx__scratch_free(gx->cx, wide);
}

void fx__place_into(fx_tensor *gx, const fx_tensor *g, const fx_tensor *index, unsigned mask)
{
    fx__lanes l = fx__lanes_of(gx, mask, false);
    int64_t picks = picks_of(&l, g->numel);
    const int64_t *to = (const int64_t *)(const void *)index->data;
    if (gx->numel == 0) return;
    if (gx->dtype == FX_F32 && picks > 1) {
        place_wide(gx, g, to, &l, picks);
        return;
    }
    memset(gx->data, 0, (size_t)gx->numel * fx_dtype_size((fx_dtype)gx->dtype));
    if (gx->dtype == FX_F32) {
        float *y = (float *)(void *)gx->data;
        const float *from = (const float *)(const void *)g->data;
        EACH_PICK y[(o * l.count + to[at]) * l.inner + i] += from[at];
    } else {
        double *y = (double *)(void *)gx->data;
        const double *from = (const double *)(const void *)g->data;
        EACH_PICK y[(o * l.count + to[at]) * l.inner + i] += from[at];
    }
}

static bool place_shape(const fx_call *c, fx_spec *y)
{
    const pick_options *o = c->options;
    y->ndim = o->ndim;
    memcpy(y->size, o->size, sizeof(int64_t) * (size_t)o->ndim);
    return true;
}

static void place_forward(const fx_call *c)
{
    fx__place_into(c->y, c->x[0], c->x[1], ((const pick_options *)c->options)->mask);
}

static void place_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = fx__pick(g, c->x[1], ((const pick_options *)c->options)->mask, c->where);
}

static void pick_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gx[0] = fx__place(g, c->x[1], c->shapes[0], ((const pick_options *)c->options)->mask, c->where);
}

static const fx_op pick_op = { .name = "pick",
                               .formula = "y = x at indices along a dimension",
                               .inputs = 2,
                               .captures = FX_CAPTURE_X1,
                               .options_size = sizeof(pick_options),
                               .shape = pick_shape,
                               .forward = pick_forward,
                               .local_grad = pick_local_grad };

static const fx_op place_op = { .name = "place",
                                .formula = "y = 0, but the sum of what x places at indices along a dimension",
                                .inputs = 2,
                                .captures = FX_CAPTURE_X1,
                                .options_size = sizeof(pick_options),
                                .shape = place_shape,
                                .forward = place_forward,
                                .local_grad = place_local_grad };

fx_tensor *fx__pick(fx_tensor *x, fx_tensor *index, unsigned mask, fx_where where)
{
    pick_options o = { .mask = (uint8_t)mask };
    return FX__APPLY(&pick_op, &o, where, x, index);
}

fx_tensor *fx__place(fx_tensor *g, fx_tensor *index, const fx_tensor *like, unsigned mask, fx_where where)
{
    pick_options o = { .mask = (uint8_t)mask, .ndim = like->ndim };
    memcpy(o.size, like->size, sizeof(int64_t) * like->ndim);
    return FX__APPLY(&place_op, &o, where, g, index);
}
