/* Formulas in ops, for functions that are composed: over tensors and numbers, in a function whose fx_where is
 * `where`. A NULL among them gives NULL.
 */
#ifndef FLUXION_OPS_TERMS_H
#define FLUXION_OPS_TERMS_H

#include "lanes.h"
#include "shape.h"

#define ADD(a, b) fx_add_at(FX_OPERAND(a), FX_OPERAND(b), where)
#define SUB(a, b) fx_sub_at(FX_OPERAND(a), FX_OPERAND(b), where)
#define MUL(a, b) fx_mul_at(FX_OPERAND(a), FX_OPERAND(b), where)
#define DIV(a, b) fx_div_at(FX_OPERAND(a), FX_OPERAND(b), where)
#define SELECT(c, a, b) fx_where_select_at(c, FX_OPERAND(a), FX_OPERAND(b), where)
#define COMPARE(relation, a, b) fx_##relation##_at(FX_OPERAND(a), FX_OPERAND(b), where)
#define CLAMP_MIN(a, b) fx_clamp_min_at(FX_OPERAND(a), FX_OPERAND(b), where)
#define FN(name, a) fx_##name##_at(a, where)
#define SUM(a, dims_, keep) fx_sum_at((fx_sum_args){ .x = (a), .dims = (dims_), .keepdim = (keep) }, where)

/* One dimension as a list. */
static inline fx_dims fx__one_dim(int64_t dim) { return (fx_dims){ true, 1, { dim } }; }

#endif
