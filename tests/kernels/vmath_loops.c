/* Loops over the functions of vmath.h, compiled once per instruction set as kernels are.
 */
#include "vmath_loops.h"

#include "ops/kernels/vmath.h"

#define LOOPS(name, T, bits)                                                                                 \
    static void name##_##bits(int64_t n, T *restrict y, const T *restrict x)                                 \
    {                                                                                                        \
        for (int64_t i = 0; i < n; i++) y[i] = fx__##name##_##bits(x[i]);                                    \
    }
#define FUNCTION(name, ...) LOOPS(name, float, f32) LOOPS(name, double, f64)
#include "vmath.def"
#undef FUNCTION
#define LOOPS2(name, T, bits)                                                                                \
    static void name##_##bits(int64_t n, T *restrict y, const T *restrict a, const T *restrict b)            \
    {                                                                                                        \
        for (int64_t i = 0; i < n; i++) y[i] = fx__##name##_##bits(a[i], b[i]);                              \
    }
#define FUNCTION2(name, ...) LOOPS2(name, float, f32) LOOPS2(name, double, f64)
#include "vmath2.def"
#undef FUNCTION2

#define FUNCTION(name, ...) { name##_f32, name##_f64 },
#define FUNCTION2(name, ...) { name##_f32, name##_f64 },
const vmath_loops VMATH_TABLE(FX_ISA) = {
    {
#include "vmath.def"
    },
    {
#include "vmath2.def"
    },
};
