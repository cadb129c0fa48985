/* The loops of one floating type: included by elementwise_tmpl.c with T, the type, and M(name) and
 * NAMED(name), which make the names of its functions and loops.
 */
#define K(number) ((T)(number))
#define P(i) (q[i])
#define NUMBERS const T q[FX__ROW_NUMBERS] = { (T)p[0], (T)p[1], (T)p[2] }

/* The words of gradients, over numbers. */
#define ADD(a, b) ((T)(a) + (T)(b))
#define SUB(a, b) ((T)(a) - (T)(b))
#define MUL(a, b) ((T)(a) * (T)(b))
#define DIV(a, b) ((T)(a) / (T)(b))
#define NEG(a) (-(T)(a))
#define FN(name, a) M(name)((T)(a))
#define FNP(name, a, p0) M(name)((int)(p0), (T)(a))
#define FN2(name, a, b) M(name)((T)(a), (T)(b))
#define SELECT(c, a, b) ((c) ? (T)(a) : (T)(b))
#define GT(a, b) ((T)(a) > (T)(b))
#define GE(a, b) ((T)(a) >= (T)(b))
#define LT(a, b) ((T)(a) < (T)(b))
#define LE(a, b) ((T)(a) <= (T)(b))
#define EQ(a, b) ((T)(a) == (T)(b))
#define NE(a, b) ((T)(a) != (T)(b))
#define AND(c, d) ((c) & (d))
#define OR(c, d) ((c) | (d))
#define FLAT(a) M(flat)((T)(a))

/* The loop of a row. Rows that turn x into an angle have two, for blocks of numbers that are all of common
 * size and for others, of which only the second calls libm (vmath_trig.h): NEAR tells their expressions which
 * one it is. */
#define PLAIN(...) FX__ALIKE for (int64_t i = 0; i < n; i++) __VA_ARGS__
#define TURNING(...)                                                                                         \
    for (int64_t begin = 0, end; begin < n; begin = end) {                                                   \
        int far = 0;                                                                                         \
        end = n - begin > 512 ? begin + 512 : n;                                                             \
        for (int64_t i = begin; i < end; i++) far |= !(M(fabs)(((const T *)xs)[i]) <= (T)FX__TURN_LIMIT);    \
        if (far) {                                                                                           \
            enum { NEAR = 0 };                                                                               \
            for (int64_t i = begin; i < end; i++) __VA_ARGS__                                                \
        } else {                                                                                             \
            enum { NEAR = 1 };                                                                               \
            FX__ALIKE for (int64_t i = begin; i < end; i++) __VA_ARGS__                                      \
        }                                                                                                    \
    }
#define LOOP_sin ~, TURNING
#define LOOP_cos ~, TURNING
#define LOOP_tan ~, TURNING
#define SECOND(a, b, ...) b
#define LOOP_KIND(...) SECOND(__VA_ARGS__)
#define LOOP_OF(name) LOOP_KIND(LOOP_##name, PLAIN, )

#define VALUE(name, expression)                                                                              \
    static void NAMED(value_##name)(int64_t n, void *to, const void *xs, const double *p)                    \
    {                                                                                                        \
        NUMBERS;                                                                                             \
        (void)q;                                                                                             \
        LOOP_OF(name)                                                                                        \
        ({                                                                                                   \
            const T x = ((const T *)xs)[i];                                                                  \
            ((T *)to)[i] = (T)(expression);                                                                  \
        })                                                                                                   \
    }
#define GRADIENT(name, expression)                                                                           \
    static void NAMED(gradient_##name)(int64_t n, void *to, const void *gs, const void *xs, const void *ys,  \
                                       const double *p)                                                      \
    {                                                                                                        \
        NUMBERS;                                                                                             \
        (void)q;                                                                                             \
        LOOP_OF(name)                                                                                        \
        ({                                                                                                   \
            const T g = ((const T *)gs)[i], x = ((const T *)xs)[i], y = ((const T *)ys)[i];                  \
            (void)x, (void)y, (void)g;                                                                       \
            ((T *)to)[i] = (T)(expression);                                                                  \
        })                                                                                                   \
    }
#define UNARY(name, captures, value, gradient, ...) VALUE(name, value) GRADIENT(name, gradient)
#define INNER(name, captures, value, gradient) VALUE(name, value) GRADIENT(name, gradient)
#define PARAMETRIC(name, count, captures, value, gradient) VALUE(name, value) GRADIENT(name, gradient)
#define STEP(name, value, ...) VALUE(name, value)
#define TEST(name, value, ...)                                                                               \
    static void NAMED(test_##name)(int64_t n, void *to, const void *from, const double *p)                   \
    {                                                                                                        \
        (void)p;                                                                                             \
        for (int64_t i = 0; i < n; i++) {                                                                    \
            const T x = ((const T *)from)[i];                                                                \
            ((uint8_t *)to)[i] = (uint8_t)(value);                                                           \
        }                                                                                                    \
    }
#define INTEGER(name, value)
#include "../unary.def"
#undef UNARY
#undef INNER
#undef PARAMETRIC
#undef STEP
#undef TEST

#define LOOP2(R, A, B, expression)                                                                           \
    FX__ALIKE for (int64_t i = 0; i < n; i++)                                                                \
    {                                                                                                        \
        const T a = ((const T *)as)[A], b = ((const T *)bs)[B];                                              \
        ((R *)to)[i] = (R)(expression);                                                                      \
    }
#define VALUE2(R, kind, name, expression)                                                                    \
    static void NAMED(kind##_##name)(int64_t n, void *to, const void *as, const void *bs, fx__lone lone)     \
    {                                                                                                        \
        if (lone == FX__LONE_A)                                                                              \
            LOOP2(R, 0, i, expression)                                                                       \
        else if (lone == FX__LONE_B)                                                                         \
            LOOP2(R, i, 0, expression)                                                                       \
        else                                                                                                 \
            LOOP2(R, i, i, expression)                                                                       \
    }
#define LOOP3(to, expression)                                                                                \
    FX__ALIKE for (int64_t i = 0; i < n; i++)                                                                \
    {                                                                                                        \
        const T g = ((const T *)gs)[i], a = ((const T *)as)[i], b = ((const T *)bs)[i],                      \
                y = ((const T *)ys)[i];                                                                      \
        (void)g, (void)a, (void)b, (void)y;                                                                  \
        ((T *)to)[i] = (T)(expression);                                                                      \
    }
#define BINARY(name, captures_a, captures_b, value, gradient_a, gradient_b, ...)                             \
    VALUE2(T, binary, name, value)                                                                           \
    static void NAMED(gradients_##name)(int64_t n, void *ga, void *gb, const void *gs, const void *as,       \
                                        const void *bs, const void *ys)                                      \
    {                                                                                                        \
        if (ga) LOOP3(ga, gradient_a)                                                                        \
        if (gb) LOOP3(gb, gradient_b)                                                                        \
    }
#define BINARY_INNER(name, captures_a, captures_b, value, gradient_a, gradient_b)                            \
    BINARY(name, captures_a, captures_b, value, gradient_a, gradient_b, )
#define BINARY_STEP(name, value, ...) VALUE2(T, binary, name, value)
#define COMPARE(name, value, ...) VALUE2(uint8_t, compare, name, value)
#include "../binary.def"
#undef BINARY
#undef BINARY_INNER
#undef BINARY_STEP
#undef COMPARE
#undef INTEGER
#undef K
#undef P
#undef NUMBERS
#undef ADD
#undef SUB
#undef MUL
#undef DIV
#undef NEG
#undef FN
#undef FNP
#undef FN2
#undef SELECT
#undef GT
#undef GE
#undef LT
#undef LE
#undef EQ
#undef NE
#undef AND
#undef OR
#undef FLAT
#undef PLAIN
#undef TURNING
#undef LOOP_sin
#undef LOOP_cos
#undef LOOP_tan
#undef SECOND
#undef LOOP_KIND
#undef LOOP_OF
#undef VALUE
#undef GRADIENT
#undef LOOP2
#undef VALUE2
#undef LOOP3
