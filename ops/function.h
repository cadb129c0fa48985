/* What writing an op and its registry record takes: for the families of ops/ alone.
 */
#ifndef FLUXION_OPS_FUNCTION_H
#define FLUXION_OPS_FUNCTION_H

#include "autograd/owned.h"
#include "autograd/space.h"
#include "autograd/tensor.h"
#include <fluxion/ops.h>

/* One field of an argument structure:
 * FX__FIELD(fx_sum_args, dims, DIMS, .torch = "dim", .optional = true). */
#define FX__FIELD(structure, field, kind, ...)                                                               \
    {                                                                                                        \
        .name = #field, .type = FX_FIELD_##kind, .offset = offsetof(structure, field), __VA_ARGS__           \
    }
#define FX__FIELDS_END                                                                                       \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

/* sum_call, which calls fx_sum_at with a fx_sum_args, for a function of one result. */
#define FX__CALL(function, structure)                                                                        \
    static int function##_call(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS])             \
    {                                                                                                        \
        out[0] = fx_##function##_at(*(const structure *)args, where);                                        \
        return out[0] ? 1 : 0;                                                                               \
    }

/* Runs an op on inputs that stand in the call. */
#define FX__APPLY(op, options, where, ...)                                                                   \
    fx_apply_at(op,                                                                                          \
                (fx_list){ (int)(sizeof((fx_tensor *[]){ __VA_ARGS__ }) / sizeof(fx_tensor *)),              \
                           (fx_tensor *[]){ __VA_ARGS__ } },                                                 \
                options, NULL, where)

#endif
