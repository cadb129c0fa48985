/* The gradients of unary.def and binary.def as ops: each row's words, over operands that are tensors or
 * numbers.
 *
 * Numbers are folded where they meet; a comparison of numbers is a number. Included by elementwise.c alone.
 */
#ifndef FLUXION_OPS_FORMULAS_H
#define FLUXION_OPS_FORMULAS_H

#include "elementwise.h"

#include <math.h>

enum { FX__ROW_A = 1, FX__ROW_B = 2, FX__ROW_Y = 4 };

typedef struct fx__terms {
    fx_where where;
    fx_operand g, a, b, y, p[FX__ROW_NUMBERS];
} fx__terms;

typedef void fx__formula(const fx__terms *t, bool want_a, bool want_b, fx_operand out[2]);

static inline fx_operand fx__op_same(fx_operand a) { return a; }
#define FX__OPERAND_OF(a) _Generic((a), fx_operand : fx__op_same, default : fx_operand_number)(a)

static fx_operand fx__op_unary(fx_where where, fx__unary_row row, fx_operand a, const double *p)
{
    if (!fx_operand_is_number(a)) return fx_operand_tensor(fx__unary(row, a.tensor, p, where));
    static const double none[FX__ROW_NUMBERS];
    fx__kernels()->elementwise->unary[row].value[FX__ELEMENT_F64](1, &a.number, &a.number, p ? p : none);
    return a;
}

static fx_operand fx__op_binary(fx_where where, fx__binary_row row, fx_operand a, fx_operand b)
{
    if (!fx_operand_is_number(a) || !fx_operand_is_number(b))
        return fx_operand_tensor(fx__binary(row, a, b, where));
    fx__kernels()->elementwise->binary[row].value[FX__ELEMENT_F64](1, &a.number, &a.number, &b.number,
                                                                   FX__LONE_NONE);
    return a;
}

static fx_operand fx__op_compare(fx_where where, fx__compare_row row, fx_operand a, fx_operand b)
{
    if (!fx_operand_is_number(a) || !fx_operand_is_number(b))
        return fx_operand_tensor(fx__compare(row, a, b, where));
    uint8_t truth;
    fx__kernels()->elementwise->compare[row][FX__ELEMENT_F64](1, &truth, &a.number, &b.number, FX__LONE_NONE);
    return fx_operand_number(truth);
}

static fx_operand fx__op_and(fx_where where, fx_operand c, fx_operand d)
{
    if (fx_operand_is_number(c)) return c.number != 0 ? d : c;
    if (fx_operand_is_number(d)) return d.number != 0 ? c : d;
    return fx__op_compare(where, FX__COMPARE_logical_and, c, d);
}
static fx_operand fx__op_or(fx_where where, fx_operand c, fx_operand d)
{
    if (fx_operand_is_number(c)) return c.number != 0 ? c : d;
    if (fx_operand_is_number(d)) return d.number != 0 ? d : c;
    return fx__op_compare(where, FX__COMPARE_logical_or, c, d);
}

/* like: of the dtype that two numbers take on. */
static fx_operand fx__op_select(fx_where where, fx_operand c, fx_operand a, fx_operand b, fx_operand like)
{
    if (fx_operand_is_number(c)) return c.number != 0 ? a : b;
    if (fx_operand_is_number(a) && fx_operand_is_number(b) && like.tensor)
        a = fx_operand_tensor(fx_full_at(like.tensor->cx, (fx_dtype)like.tensor->dtype, a.number,
                                         (fx_dims){ true, 0, { 0 } }, where));
    return fx_operand_tensor(fx_where_select_at(c.tensor, a, b, where));
}

/* 0, or NaN where a is; no gradient passes. */
static fx_operand fx__op_flat(fx_where where, fx_operand a)
{
    if (fx_operand_is_number(a)) return fx_operand_number(isnan(a.number) ? NAN : 0);
    return fx_operand_tensor(fx__unary(FX__UNARY_flat, fx_detach_at(a.tensor, where), NULL, where));
}

#define FX__OF2(row, a, b) fx__op_binary(t->where, row, FX__OPERAND_OF(a), FX__OPERAND_OF(b))
#define FX__OFC(row, a, b) fx__op_compare(t->where, row, FX__OPERAND_OF(a), FX__OPERAND_OF(b))
#define ADD(a, b) FX__OF2(FX__BINARY_add, a, b)
#define SUB(a, b) FX__OF2(FX__BINARY_sub, a, b)
#define MUL(a, b) FX__OF2(FX__BINARY_mul, a, b)
#define DIV(a, b) FX__OF2(FX__BINARY_div, a, b)
#define FN2(name, a, b) FX__OF2(FX__BINARY_##name, a, b)
#define NEG(a) FN(neg, a)
#define FN(name, a) fx__op_unary(t->where, FX__UNARY_##name, FX__OPERAND_OF(a), NULL)
#define FNP(name, a, p0)                                                                                     \
    fx__op_unary(t->where, FX__UNARY_##name, FX__OPERAND_OF(a),                                              \
                 (const double[FX__ROW_NUMBERS]){ FX__OPERAND_OF(p0).number })
#define GT(a, b) FX__OFC(FX__COMPARE_gt, a, b)
#define GE(a, b) FX__OFC(FX__COMPARE_ge, a, b)
#define LT(a, b) FX__OFC(FX__COMPARE_lt, a, b)
#define LE(a, b) FX__OFC(FX__COMPARE_le, a, b)
#define EQ(a, b) FX__OFC(FX__COMPARE_eq, a, b)
#define NE(a, b) FX__OFC(FX__COMPARE_ne, a, b)
#define AND(c, d) fx__op_and(t->where, c, d)
#define OR(c, d) fx__op_or(t->where, c, d)
#define SELECT(c, a, b) fx__op_select(t->where, c, FX__OPERAND_OF(a), FX__OPERAND_OF(b), t->g)
#define FLAT(a) fx__op_flat(t->where, a)
#define P(i) (t->p[i])

#define FX__FORMULA1(name, gradient)                                                                         \
    static void formula_##name(const fx__terms *t, bool want_a, bool want_b, fx_operand out[2])              \
    {                                                                                                        \
        const fx_operand g = t->g, x = t->a, y = t->y;                                                       \
        (void)want_a, (void)want_b, (void)g, (void)x, (void)y;                                               \
        out[0] = FX__OPERAND_OF(gradient);                                                                   \
    }
#define UNARY(name, captures, value, gradient, ...) FX__FORMULA1(name, gradient)
#define INNER(name, captures, value, gradient) FX__FORMULA1(name, gradient)
#define PARAMETRIC(name, count, captures, value, gradient) FX__FORMULA1(name, gradient)
#define STEP(name, ...)
#define TEST(name, ...)
#define INTEGER(name, value)
#include "unary.def"
#undef UNARY
#undef INNER
#undef PARAMETRIC
#undef STEP
#undef TEST

#define BINARY(name, captures_a, captures_b, value, gradient_a, gradient_b, ...)                             \
    static void formula_##name(const fx__terms *t, bool want_a, bool want_b, fx_operand out[2])              \
    {                                                                                                        \
        const fx_operand g = t->g, a = t->a, b = t->b, y = t->y;                                             \
        (void)g, (void)a, (void)b, (void)y;                                                                  \
        if (want_a) out[0] = FX__OPERAND_OF(gradient_a);                                                     \
        if (want_b) out[1] = FX__OPERAND_OF(gradient_b);                                                     \
    }
#define BINARY_INNER(name, captures_a, captures_b, value, gradient_a, gradient_b)                            \
    BINARY(name, captures_a, captures_b, value, gradient_a, gradient_b, )
#define BINARY_STEP(name, ...)
#define COMPARE(name, ...)
#include "binary.def"
#undef BINARY
#undef BINARY_INNER
#undef BINARY_STEP
#undef COMPARE
#undef INTEGER
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
#undef P

#endif
