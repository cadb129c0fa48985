/* Dtypes: names, sizes, promotion. */
#include "tensor.h"

const char *fx_dtype_name(fx_dtype dtype)
{
    static const char *const names[FX_DTYPE_COUNT] = { [FX_DTYPE_NONE] = "none",
#define NAME(name, type, text) [FX_##name] = text,
                                                       FX_DTYPE_LIST(NAME)
#undef NAME
    };
    return (unsigned)dtype < FX_DTYPE_COUNT ? names[dtype] : "unknown";
}

size_t fx_dtype_size(fx_dtype dtype)
{
    static const uint8_t sizes[FX_DTYPE_COUNT] = {
#define SIZE(name, type, text) [FX_##name] = sizeof(type),
        FX_DTYPE_LIST(SIZE)
#undef SIZE
    };
    return (unsigned)dtype < FX_DTYPE_COUNT ? sizes[dtype] : 0;
}

/* The list is in the lattice's order, and the lattice is a chain. */
fx_dtype fx_promote(fx_dtype a, fx_dtype b) { return a > b ? a : b; }
