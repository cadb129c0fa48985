/* Pools and interpolation as layers: each an op with its options.
 */
#include "module.h"

/* A layer of one op: its data are the op's arguments, but for x. */
#define OP_LAYER(function, structure)                                                                        \
    static fx_tensor *function##_forward(fx_module *m, void *data, fx_tensor *x)                             \
    {                                                                                                        \
        structure a = *(const structure *)data;                                                              \
        a.x = x;                                                                                             \
        return fx_##function##_at(a, m->where);                                                              \
    }                                                                                                        \
    fx_module *fx_##function##_layer_at(fx_context *cx, structure options, fx_where where)                   \
    {                                                                                                        \
        (void)where;                                                                                         \
        fx_module *m = fx__layer_new(cx, #function, function##_forward, sizeof(structure));                  \
        if (!m) return NULL;                                                                                 \
        *(structure *)m->data = options;                                                                     \
        m->one_op = true;                                                                                    \
        return m;                                                                                            \
    }

FX__OPTION_LAYERS(OP_LAYER)
