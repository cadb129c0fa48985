/* Elementwise loops, compiled per instruction set: the rows of unary.def and binary.def as C.
 *
 * A row's loop reads, computes and writes one element after another; FX__ALIKE promises the compiler that a
 * result overlaps an operand only element for element.
 */
#include "elementwise.h"

#include "vmath.h"

#ifdef __clang__
#define FX__ALIKE _Pragma("clang loop vectorize(assume_safety)")
#pragma clang diagnostic ignored "-Wpass-failed"
#else
#define FX__ALIKE _Pragma("GCC ivdep")
#endif

/* In the rows' loops alone, which know what numbers they run over (elementwise_rows.h). */
#define fx__sin_f32(x) (NEAR ? fx__sin_near_f32(x) : (fx__sin_f32)(x))
#define fx__sin_f64(x) (NEAR ? fx__sin_near_f64(x) : (fx__sin_f64)(x))
#define fx__cos_f32(x) (NEAR ? fx__cos_near_f32(x) : (fx__cos_f32)(x))
#define fx__cos_f64(x) (NEAR ? fx__cos_near_f64(x) : (fx__cos_f64)(x))
#define fx__tan_f32(x) (NEAR ? fx__tan_near_f32(x) : (fx__tan_f32)(x))
#define fx__tan_f64(x) (NEAR ? fx__tan_near_f64(x) : (fx__tan_f64)(x))

#define T float
#define M(name) fx__##name##_f32
#define NAMED(name) name##_f32
#include "elementwise_rows.h"
#undef T
#undef M
#undef NAMED
#define T double
#define M(name) fx__##name##_f64
#define NAMED(name) name##_f64
#include "elementwise_rows.h"
#undef T
#undef M
#undef NAMED

/* ---- integers ------------------------------------------------------------------------------------------ */

static inline int64_t fx__pow_i64(int64_t a, int64_t b)
{
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    uint64_t power = 1, base = (uint64_t)a;
    for (; b; b >>= 1, base *= base)
        if (b & 1) power *= base;
    return (int64_t)power;
}
static inline int64_t fx__remainder_i64(int64_t a, int64_t b)
{
    if (b == 0 || b == -1) return 0;
    const int64_t r = a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
static inline int64_t fx__floor_divide_i64(int64_t a, int64_t b)
{
    if (b == 0) return 0;
    if (b == -1) return (int64_t)(0 - (uint64_t)a);
    const int64_t q = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

#define UNARY(name, ...)
#define INNER(name, ...)
#define PARAMETRIC(name, ...)
#define STEP(name, ...)
#define K(number) (number)
#define TEST(name, value, ...)                                                                               \
    static void test_##name##_i64(int64_t n, void *to, const void *from, const double *p)                    \
    {                                                                                                        \
        (void)p;                                                                                             \
        for (int64_t i = 0; i < n; i++) {                                                                    \
            const int64_t x = ((const int64_t *)from)[i];                                                    \
            (void)x;                                                                                         \
            ((uint8_t *)to)[i] = test_of_##name(x);                                                          \
        }                                                                                                    \
    }
#define test_of_isnan(x) 0
#define test_of_isinf(x) 0
#define test_of_isposinf(x) 0
#define test_of_isneginf(x) 0
#define test_of_isfinite(x) 1
#define test_of_logical_not(x) ((x) == 0)
#define INTEGER(name, value)                                                                                 \
    static void value_##name##_i64(int64_t n, void *to, const void *from, const double *p)                   \
    {                                                                                                        \
        (void)p;                                                                                             \
        FX__ALIKE for (int64_t i = 0; i < n; i++)                                                            \
        {                                                                                                    \
            const int64_t x = ((const int64_t *)from)[i];                                                    \
            ((int64_t *)to)[i] = (value);                                                                    \
        }                                                                                                    \
    }
#include "../unary.def"
#undef UNARY
#undef INNER
#undef PARAMETRIC
#undef STEP
#undef TEST
#undef INTEGER

#define BINARY(name, ...)
#define BINARY_INNER(name, ...)
#define BINARY_STEP(name, ...)
#define LOOP2(R, A, B, expression)                                                                           \
    FX__ALIKE for (int64_t i = 0; i < n; i++)                                                                \
    {                                                                                                        \
        const int64_t a = ((const int64_t *)as)[A], b = ((const int64_t *)bs)[B];                            \
        ((R *)to)[i] = (R)(expression);                                                                      \
    }
#define VALUE2(R, kind, name, expression)                                                                    \
    static void kind##_##name##_i64(int64_t n, void *to, const void *as, const void *bs, fx__lone lone)      \
    {                                                                                                        \
        if (lone == FX__LONE_A)                                                                              \
            LOOP2(R, 0, i, expression)                                                                       \
        else if (lone == FX__LONE_B)                                                                         \
            LOOP2(R, i, 0, expression)                                                                       \
        else                                                                                                 \
            LOOP2(R, i, i, expression)                                                                       \
    }
#define COMPARE(name, value, ...) VALUE2(uint8_t, compare, name, value)
#define INTEGER(name, value) VALUE2(int64_t, binary, name, value)
#include "../binary.def"
#undef BINARY
#undef BINARY_INNER
#undef BINARY_STEP
#undef COMPARE
#undef INTEGER

/* ---- others -------------------------------------------------------------------------------------------- */

#define SELECT(bytes, type)                                                                                  \
    static void select##bytes(int64_t n, void *y, const uint8_t *c, const void *a, const void *b)            \
    {                                                                                                        \
        FX__ALIKE for (int64_t i = 0; i < n; i++)                                                            \
        {                                                                                                    \
            const type p = ((const type *)a)[i], q = ((const type *)b)[i];                                   \
            ((type *)y)[i] = c[i] ? p : q;                                                                   \
        }                                                                                                    \
    }
SELECT(1, uint8_t)
SELECT(4, uint32_t)
SELECT(8, uint64_t)

static void add_into_f32(int64_t n, float *restrict sum, const float *restrict b)
{
    for (int64_t i = 0; i < n; i++) sum[i] += b[i];
}

static void add_into_f64(int64_t n, double *restrict sum, const double *restrict b)
{
    for (int64_t i = 0; i < n; i++) sum[i] += b[i];
}

/* ---- the table ----------------------------------------------------------------------------------------- */

extern const fx_elementwise_kernels FX_KERNEL_TABLE(elementwise);
const fx_elementwise_kernels FX_KERNEL_TABLE(elementwise) = {
#define BOTH(row, field, name)                                                                               \
    .row.field[FX__ELEMENT_F32] = name##_f32, .row.field[FX__ELEMENT_F64] = name##_f64,
#define UNARY(name, ...)                                                                                     \
    BOTH(unary[FX__UNARY_##name], value, value_##name)                                                       \
    BOTH(unary[FX__UNARY_##name], gradient, gradient_##name)
#define INNER(name, ...) UNARY(name, )
#define PARAMETRIC(name, ...) UNARY(name, )
#define STEP(name, ...) BOTH(unary[FX__UNARY_##name], value, value_##name)
#define TEST(name, ...) .test[FX__TEST_##name] = { test_##name##_f32, test_##name##_f64, test_##name##_i64 },
#define INTEGER(name, ...) .unary[FX__UNARY_##name].value[FX__ELEMENT_I64] = value_##name##_i64,
#include "../unary.def"
#undef INTEGER
#define BINARY(name, ...)                                                                                    \
    BOTH(binary[FX__BINARY_##name], value, binary_##name)                                                    \
    BOTH(binary[FX__BINARY_##name], gradient, gradients_##name)
#define BINARY_INNER(name, ...) BINARY(name, )
#define BINARY_STEP(name, ...) BOTH(binary[FX__BINARY_##name], value, binary_##name)
#define COMPARE(name, ...)                                                                                   \
    .compare[FX__COMPARE_##name] = { compare_##name##_f32, compare_##name##_f64, compare_##name##_i64 },
#define INTEGER(name, ...) .binary[FX__BINARY_##name].value[FX__ELEMENT_I64] = binary_##name##_i64,
#include "../binary.def"
    .select1 = select1,
    .select4 = select4,
    .select8 = select8,
    .add_into_f32 = add_into_f32,
    .add_into_f64 = add_into_f64,
};
