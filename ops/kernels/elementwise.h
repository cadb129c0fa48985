/* Elementwise loops over numbers that lie one after another: the rows of ops/unary.def and ops/binary.def,
 * for each type.
 *
 * Results may be written over an operand that starts at the same place. Parameters are never NULL.
 */
#ifndef FLUXION_KERNELS_ELEMENTWISE_H
#define FLUXION_KERNELS_ELEMENTWISE_H

#include "kernels.h"

/* The rows, as enumerations: FX__UNARY_exp, FX__BINARY_mul ... */
#define UNARY(name, ...) FX__UNARY_##name,
#define INNER(name, ...) FX__UNARY_##name,
#define STEP(name, ...) FX__UNARY_##name,
#define PARAMETRIC(name, ...) FX__UNARY_##name,
#define TEST(name, ...)
#define INTEGER(name, value)
typedef enum fx__unary_row {
#include "../unary.def"
    FX__UNARY_ROWS
} fx__unary_row;
#undef UNARY
#undef INNER
#undef STEP
#undef PARAMETRIC
#undef TEST
#define UNARY(name, ...)
#define INNER(name, ...)
#define STEP(name, ...)
#define PARAMETRIC(name, ...)
#define TEST(name, ...) FX__TEST_##name,
typedef enum fx__test_row {
#include "../unary.def"
    FX__TEST_ROWS
} fx__test_row;
#undef UNARY
#undef INNER
#undef STEP
#undef PARAMETRIC
#undef TEST

#define BINARY(name, ...) FX__BINARY_##name,
#define BINARY_INNER(name, ...) FX__BINARY_##name,
#define BINARY_STEP(name, ...) FX__BINARY_##name,
#define COMPARE(name, ...)
typedef enum fx__binary_row {
#include "../binary.def"
    FX__BINARY_ROWS
} fx__binary_row;
#undef BINARY
#undef BINARY_INNER
#undef BINARY_STEP
#undef COMPARE
#define BINARY(name, ...)
#define BINARY_INNER(name, ...)
#define BINARY_STEP(name, ...)
#define COMPARE(name, ...) FX__COMPARE_##name,
typedef enum fx__compare_row {
#include "../binary.def"
    FX__COMPARE_ROWS
} fx__compare_row;
#undef BINARY
#undef BINARY_INNER
#undef BINARY_STEP
#undef COMPARE
#undef INTEGER

typedef enum fx__element { FX__ELEMENT_F32, FX__ELEMENT_F64, FX__ELEMENT_I64, FX__ELEMENTS } fx__element;

/* Which operand of a binary value is one number for all. */
typedef enum fx__lone { FX__LONE_NONE, FX__LONE_A, FX__LONE_B } fx__lone;

/* p: so many numbers, whether the row uses them or not. */
enum { FX__ROW_NUMBERS = 3 };
typedef void fx__unary_value(int64_t n, void *y, const void *x, const double *p);
/* g, x, y: what the row does not capture may be any readable numbers. */
typedef void fx__unary_gradient(int64_t n, void *gx, const void *g, const void *x, const void *y,
                                const double *p);
typedef void fx__binary_value(int64_t n, void *y, const void *a, const void *b, fx__lone lone);
/* ga or gb may be NULL. */
typedef void fx__binary_gradient(int64_t n, void *ga, void *gb, const void *g, const void *a, const void *b,
                                 const void *y);

struct fx_elementwise_kernels {
    struct {
        fx__unary_value *value[FX__ELEMENTS]; /* NULL: none for that type */
        fx__unary_gradient *gradient[FX__ELEMENTS];
    } unary[FX__UNARY_ROWS];
    struct {
        fx__binary_value *value[FX__ELEMENTS];
        fx__binary_gradient *gradient[FX__ELEMENTS];
    } binary[FX__BINARY_ROWS];
    fx__unary_value *test[FX__TEST_ROWS][FX__ELEMENTS];        /* y: bool */
    fx__binary_value *compare[FX__COMPARE_ROWS][FX__ELEMENTS]; /* y: bool */
    /* y = c ? a : b, numbers of 1, 4 or 8 bytes; c: bool */
    void (*select1)(int64_t n, void *y, const uint8_t *c, const void *a, const void *b);
    void (*select4)(int64_t n, void *y, const uint8_t *c, const void *a, const void *b);
    void (*select8)(int64_t n, void *y, const uint8_t *c, const void *a, const void *b);
    /* sum[i] += b[i] */
    void (*add_into_f32)(int64_t n, float *sum, const float *b);
    void (*add_into_f64)(int64_t n, double *sum, const double *b);
};

#endif
