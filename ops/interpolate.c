/* interpolate: nearest, linear, bilinear, bicubic, trilinear, area; upsample_nearest and upsample_bilinear.
 *
 * All are linear and run dimension by dimension (resample.h).
 */
#include "lanes.h"
#include "resample.h"

#include <math.h>

typedef struct mode {
    const char *name;
    int ndim; /* of space; 0: any */
    fx__rule rule;
} mode;

static const mode modes[] = { [FX_INTERPOLATE_NEAREST] = { "nearest", 0, FX__RULE_NEAREST },
                              [FX_INTERPOLATE_LINEAR] = { "linear", 1, FX__RULE_LINEAR },
                              [FX_INTERPOLATE_BILINEAR] = { "bilinear", 2, FX__RULE_LINEAR },
                              [FX_INTERPOLATE_BICUBIC] = { "bicubic", 2, FX__RULE_CUBIC },
                              [FX_INTERPOLATE_TRILINEAR] = { "trilinear", 3, FX__RULE_LINEAR },
                              [FX_INTERPOLATE_AREA] = { "area", 0, FX__RULE_ADAPTIVE },
                              [FX_INTERPOLATE_NEAREST_EXACT] = { "nearest-exact", 0, FX__RULE_EXACT } };
enum { MODES = sizeof(modes) / sizeof(*modes) };

static bool scaled_sizes(const char *op, const fx_interpolate_args *a, const mode *m, fx__resampling *r,
                         fx_where where)
{
    const fx_tensor *x = a->x;
    const bool sized = a->size.given;
    if (sized == (a->scale_factor > 0))
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: takes either a size or a scale_factor", op) != NULL;
    if (sized && a->size.count != 1 && a->size.count != r->ndim)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: size has %d numbers for %d dimensions", op,
                          a->size.count, r->ndim) != NULL;
    for (int d = 0; d < r->ndim; d++) {
        fx__scale *s = &r->dim[d];
        *s = (fx__scale){ .rule = m->rule, .aligned = a->align_corners, .in = x->size[2 + d] };
        s->out =
            sized ? a->size.at[a->size.count == 1 ? 0 : d] : (int64_t)floor((double)s->in * a->scale_factor);
        if (s->in < 1 || s->out < 1)
            return FX__REFUSE(x, ERROR_SHAPE, where, "%s: %lld numbers of x %s cannot become %lld", op,
                              (long long)s->in, fx__shape_text(x), (long long)s->out) != NULL;
        if (!sized && !a->recompute_scale_factor) s->factor = a->scale_factor;
    }
    return true;
}

static fx_tensor *interpolated(const char *op, fx_interpolate_args a, fx_where where)
{
    const fx_tensor *x = a.x;
    if (!x || !fx__is_floating(x, op, where)) return NULL;
    if (a.mode < 0 || a.mode >= MODES)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: there is no mode %d", op, a.mode);
    const mode *m = &modes[a.mode];
    fx__resampling r = { .first = 2, .ndim = x->ndim - 2 };
    if (r.ndim < 1 || r.ndim > FX__SPACE || (m->ndim && r.ndim != m->ndim))
        return FX__REFUSE(x, ERROR_SHAPE, where,
                          "%s: x %s is not (N, C, ...) with the dimensions of space of mode %s", op,
                          fx__shape_text(x), m->name);
    if (a.align_corners && m->rule != FX__RULE_LINEAR && m->rule != FX__RULE_CUBIC)
        return FX__REFUSE(x, ERROR_ARGUMENT, where, "%s: mode %s has no corners to align", op, m->name);
    return scaled_sizes(op, &a, m, &r, where) ? fx__resample(a.x, &r, where) : NULL;
}

fx_tensor *fx_interpolate_at(fx_interpolate_args args, fx_where where)
{
    return interpolated("interpolate", args, where);
}

fx_tensor *fx_upsample_nearest_at(fx_upsample_args a, fx_where where)
{
    return interpolated("upsample_nearest",
                        (fx_interpolate_args){ .x = a.x, .size = a.size, .scale_factor = a.scale_factor },
                        where);
}

fx_tensor *fx_upsample_bilinear_at(fx_upsample_args a, fx_where where)
{
    return interpolated("upsample_bilinear",
                        (fx_interpolate_args){ .x = a.x,
                                               .size = a.size,
                                               .scale_factor = a.scale_factor,
                                               .mode = FX_INTERPOLATE_BILINEAR,
                                               .align_corners = true },
                        where);
}

/* ---- records ---------------------------------------------------------------------------------------------
 */

static const fx_field interpolate_fields[] = {
    FX__FIELD(fx_interpolate_args, x, TENSOR, .torch = "input"),
    FX__FIELD(fx_interpolate_args, size, DIMS, .optional = true),
    FX__FIELD(fx_interpolate_args, scale_factor, REAL, .optional = true),
    FX__FIELD(fx_interpolate_args, mode, CHOICE, .optional = true,
              .choices = "nearest|linear|bilinear|bicubic|trilinear|area|nearest-exact"),
    FX__FIELD(fx_interpolate_args, align_corners, BOOL, .optional = true),
    FX__FIELD(fx_interpolate_args, recompute_scale_factor, BOOL, .optional = true),
    FX__FIELDS_END
};

FX__CALL(interpolate, fx_interpolate_args)
const fx_function fx__function_interpolate = {
    .name = "interpolate",
    .torch = "nn.functional.interpolate",
    .formula = "y[q] = sum of weights x near p, p = (q + 1/2) in / out - 1/2, or q (in - 1) / (out - 1) "
               "where corners align",
    .gradient = "the transposed sum: g is spread over what y[q] was made of",
    .notes = "nearest is x[floor(q in / out)]; bicubic is Keys' with a = -0.75; a scale_factor stands for "
             "out / in unless "
             "recompute_scale_factor",
    .fields = interpolate_fields,
    .args_size = sizeof(fx_interpolate_args),
    .call = interpolate_call,
    .samples = "x=(2,3,4) size=3\n"
               "x=(1,2,4) scale_factor=1.7\n"
               "x=(1,2,3,4) size=[5,2]\n"
               "x=(1,1,2,3,2) scale_factor=2\n"
               "x=(2,2,5) size=3 mode=nearest-exact\n"
               "x=(2,3,4) size=7 mode=linear\n"
               "x=(1,2,4) scale_factor=0.6 mode=linear align_corners=true\n"
               "x=(1,2,4) scale_factor=1.7 mode=linear recompute_scale_factor=true\n"
               "x=(1,2,4) size=1 mode=linear align_corners=true\n"
               "x=(2,2,3,4) size=[5,3] mode=bilinear\n"
               "x=(1,2,4,4) scale_factor=1.7 mode=bilinear align_corners=true\n"
               "x=(1,1,4,3) size=[3,6] mode=bicubic\n"
               "x=(1,1,3,4) scale_factor=1.5 mode=bicubic align_corners=true\n"
               "x=(1,1,2,3,2) size=[3,2,3] mode=trilinear\n"
               "x=(1,1,2,3,2) scale_factor=2 mode=trilinear align_corners=true\n"
               "x=(1,2,5) size=3 mode=area\n"
               "x=(1,1,4,5) scale_factor=0.6 mode=area\n"
               "x=(0,2,4) size=3\n"
               "! x=() size=3\n"
               "! x=(2,3) size=3\n"
               "! x=(2,3,4)\n"
               "! x=(2,3,4) size=3 scale_factor=2\n"
               "! x=(2,3,4) size=0\n"
               "! x=(2,3,0) size=2\n"
               "! x=(2,3,4) size=[3,3]\n"
               "! x=(2,3,4) size=3 mode=bilinear\n"
               "! x=(2,3,4) size=3 align_corners=true\n"
               "! x=(2,3,4)i64 size=3\n",
    .bench = "x=(4,16,64,64) scale_factor=2 mode=bilinear\n"
};

static const fx_field upsample_fields[] = { FX__FIELD(fx_upsample_args, x, TENSOR, .torch = "input"),
                                            FX__FIELD(fx_upsample_args, size, DIMS, .optional = true),
                                            FX__FIELD(fx_upsample_args, scale_factor, REAL, .optional = true),
                                            FX__FIELDS_END };

FX__CALL(upsample_nearest, fx_upsample_args)
const fx_function fx__function_upsample_nearest = { .name = "upsample_nearest",
                                                    .torch = "nn.functional.upsample_nearest",
                                                    .formula = "y[q] = x[floor(q in / out)]",
                                                    .gradient = "g is added to what y[q] was",
                                                    .fields = upsample_fields,
                                                    .args_size = sizeof(fx_upsample_args),
                                                    .call = upsample_nearest_call,
                                                    .samples = "x=(2,3,4) size=3\n"
                                                               "x=(1,2,3,2) scale_factor=2\n"
                                                               "x=(0,2,3) size=2\n"
                                                               "! x=() size=3\n"
                                                               "! x=(2,3,4)\n",
                                                    .bench = "x=(4,16,64,64) scale_factor=2\n" };

FX__CALL(upsample_bilinear, fx_upsample_args)
const fx_function fx__function_upsample_bilinear = { .name = "upsample_bilinear",
                                                     .torch = "nn.functional.upsample_bilinear",
                                                     .formula = "y = interpolate, bilinear, corners aligned",
                                                     .gradient = "as interpolate's",
                                                     .fields = upsample_fields,
                                                     .args_size = sizeof(fx_upsample_args),
                                                     .call = upsample_bilinear_call,
                                                     .samples = "x=(1,2,3,4) size=[5,3]\n"
                                                                "x=(1,1,3,2) scale_factor=2\n"
                                                                "x=(0,2,3,3) size=2\n"
                                                                "! x=() size=3\n"
                                                                "! x=(2,3,4) size=3\n",
                                                     .bench = "x=(4,16,64,64) scale_factor=2\n" };
