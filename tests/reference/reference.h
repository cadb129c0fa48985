/* References: each function once more, written plainly in quadruple precision.
 *
 * A reference is naive on purpose: the formula as a book has it, loops over row-major numbers, no thought of
 * speed or of rounding (a number has 113 bits). Tests compare values with it, and take its derivatives by
 * differences, so a reference has no gradient of its own. One family of functions is one file, ending in a
 * table of what it holds:
 *
 *     UNARY_REFERENCE(exp, expq(x))
 *     UNARY_REFERENCE(relu, b > 0 ? x : b <= 0 ? 0 : x)
 *     BINARY_REFERENCE(mul, x * y)
 *
 *     REFERENCE(sum)
 *     {
 *         fx_ref_tensor *x = TENSOR("x"), *y = OUT_REDUCED(0, x, DIMS("dims"), BOOL("keepdim"));
 *         fx_ref_lanes l = lanes_of(x, DIMS("dims"));
 *         EACH_LANE (l, o)
 *             EACH_OF_LANE (l, k) AT(y, o) += AT(x, lane_at(&l, o, k));
 *     }
 *
 *     REFERENCES(reduce, ROW(sum), ROW(mean))
 *
 * and one row in references.def, FAMILY(reduce), and one in tests/reference/meson.build.
 *
 * Branches and kinks. Differences move the inputs a little. A branch must not be taken by the moved number,
 * or the difference would straddle the kink: every number has its BASE, the place where the derivative is
 * wanted, and a reference decides by BASE and computes by AT. So the subgradient at a kink is written down by
 * saying which branch is taken there: relu is `b > 0 ? x : 0`, whose derivative at 0 is 0; a maximum with
 * ties is the mean of those tied at BASE, whose derivative is an equal share; a norm is `base == 0 ? 0 :
 * sqrtq(sum)`, whose derivatives at 0 are 0. Indices that follow from numbers (sort, argmax) come from BASE
 * as well.
 *
 * Arguments come by the names of the function's fields (ops/ops.h). A name that the function has not stops
 * the test with a message, as does an index out of range. */
#ifndef FLUXION_TESTS_REFERENCE_H
#define FLUXION_TESTS_REFERENCE_H

#include <fluxion/ops.h>
#if defined(__SIZEOF_FLOAT128__) && __LDBL_MANT_DIG__ < 113
#include <quadmath.h>
typedef __float128 quad;
#else /* a long double has 113 bits already */
#include <math.h>
typedef long double quad;
#define FX_REF_LONG_DOUBLE 1
#include "long_double.h"
#endif

/* A tensor of numbers of any dtype: row-major, moved by differences if it is differentiated. */
typedef struct fx_ref_tensor {
    int ndim;
    int64_t size[FX_MAX_DIMS];
    int64_t numel;
    quad *at;         /* the numbers to compute with */
    const quad *base; /* the numbers to decide by; the same ones in outputs and constants */
    fx_dtype dtype;   /* of the input that it copies; FX_F64 of outputs unless set */
    bool moves;       /* is differentiated */
} fx_ref_tensor;

typedef struct fx_ref_call fx_ref_call;
typedef void fx_reference_function(fx_ref_call *c);
typedef struct fx_reference {
    const char *name; /* of the fx_function */
    fx_reference_function *function;
} fx_reference;

#define REFERENCE(name) static void reference_##name(fx_ref_call *c)
#define ROW(name)                                                                                            \
    {                                                                                                        \
#name, reference_##name                                                                              \
    }
#define REFERENCES(family, ...)                                                                              \
    extern const fx_reference fx__references_##family[];                                                     \
    const fx_reference fx__references_##family[] = { __VA_ARGS__, { 0, 0 } };

/* ---- arguments ----------------------------------------------------------------------------------------- */

/* A tensor; NULL where an optional one was left out. A number that stands for a tensor comes as a 0-d one. */
fx_ref_tensor *fx__ref_tensor(fx_ref_call *c, const char *name);
int fx__ref_count(fx_ref_call *c, const char *name);                       /* of a list of tensors */
fx_ref_tensor *fx__ref_tensor_of(fx_ref_call *c, const char *name, int k); /* its k-th */
int64_t fx__ref_int(fx_ref_call *c, const char *name);
quad fx__ref_real(fx_ref_call *c, const char *name);
bool fx__ref_bool(fx_ref_call *c, const char *name);
fx_dims fx__ref_dims(fx_ref_call *c, const char *name); /* .given is false where left out */
fx_dtype fx__ref_dtype(fx_ref_call *c, const char *name);
bool fx__ref_choice_is(fx_ref_call *c, const char *name, const char *word);
const char *fx__ref_text(fx_ref_call *c, const char *name);
const char *fx__ref_field(fx_ref_call *c, int position); /* the name of a field */
#define TENSOR(name) fx__ref_tensor(c, name)
#define COUNT(name) fx__ref_count(c, name)
#define TENSOR_OF(name, k) fx__ref_tensor_of(c, name, k)
#define INT(name) fx__ref_int(c, name)
#define REAL(name) fx__ref_real(c, name)
#define BOOL(name) fx__ref_bool(c, name)
#define DIMS(name) fx__ref_dims(c, name)
#define DTYPE(name) fx__ref_dtype(c, name)
#define CHOICE_IS(name, word) fx__ref_choice_is(c, name, word)
#define TEXT(name) fx__ref_text(c, name)

/* What the library itself gave as output k. Only for functions of random numbers, whose reference takes from
 * it what was drawn (dropout: which are zero); NULL for others. */
const fx_ref_tensor *fx__ref_given(fx_ref_call *c, int k);
#define GIVEN(k) fx__ref_given(c, k)

/* ---- results ------------------------------------------------------------------------------------------- */

/* Output k, filled with zeros, in a shape; like x; of the broadcast of several; like x reduced over dims
 * (all, if none are given). Outputs may be made in any order. A function whose outputs are a list makes 0 ..
 * n-1. */
fx_ref_tensor *fx__ref_out(fx_ref_call *c, int k, int ndim, const int64_t *size);
fx_ref_tensor *fx__ref_out_broadcast(fx_ref_call *c, int k, int count, fx_ref_tensor *const *x);
fx_ref_tensor *fx__ref_out_reduced(fx_ref_call *c, int k, const fx_ref_tensor *x, fx_dims dims, bool keepdim);
#define OUT(k, ndim, size) fx__ref_out(c, k, ndim, size)
#define OUT_SCALAR(k) fx__ref_out(c, k, 0, 0)
#define OUT_LIKE(k, x) fx__ref_out(c, k, (x)->ndim, (x)->size)
#define OUT_BROADCAST(k, ...)                                                                                \
    fx__ref_out_broadcast(c, k, (int)(sizeof((fx_ref_tensor *[]){ __VA_ARGS__ }) / sizeof(fx_ref_tensor *)), \
                          (fx_ref_tensor *[]){ __VA_ARGS__ })
#define OUT_REDUCED(k, x, dims, keepdim) fx__ref_out_reduced(c, k, x, dims, keepdim)

/* A tensor to work with; and so many numbers, zero. Both end with the call. */
fx_ref_tensor *fx__ref_work(fx_ref_call *c, int ndim, const int64_t *size);
quad *fx__ref_numbers(fx_ref_call *c, int64_t count);
#define WORK(ndim, size) fx__ref_work(c, ndim, size)
#define WORK_LIKE(x) fx__ref_work(c, (x)->ndim, (x)->size)
#define NUMBERS(count) fx__ref_numbers(c, count)

/* Stops the test: the reference cannot be computed, and says why (a wrong argument that the library let
 * pass). */
_Noreturn void fx__ref_stop(const fx_ref_call *c, const char *why);
#define STOP(why) fx__ref_stop(c, why)

/* ---- numbers, places ----------------------------------------------------------------------------------- */

_Noreturn void fx__ref_out_of_range(const fx_ref_tensor *x, int64_t i);

/* The i-th number in row-major order, to read or to write; the one to decide by; one that is an integer. */
#define AT(x, i) (*fx_ref_at((x), (i)))
#define BASE(x, i) (*fx_ref_base((x), (i)))
#define INT_AT(x, i) ((int64_t)BASE(x, i))
static inline quad *fx_ref_at(const fx_ref_tensor *x, int64_t i)
{
    if (i < 0 || i >= x->numel) fx__ref_out_of_range(x, i);
    return x->at + i;
}
static inline const quad *fx_ref_base(const fx_ref_tensor *x, int64_t i)
{
    if (i < 0 || i >= x->numel) fx__ref_out_of_range(x, i);
    return (x->base ? x->base : x->at) + i;
}

#define EACH(x, i) for (int64_t i = 0; i < (x)->numel; i++)
#define RANGE(i, n) for (int64_t i = 0; i < (n); i++)

/* Row-major number to coordinates and back. */
static inline void place_of(const fx_ref_tensor *x, int64_t i, int64_t place[])
{
    for (int d = x->ndim; d-- > 0; i /= x->size[d]) place[d] = i % x->size[d];
}
static inline int64_t index_of(const fx_ref_tensor *x, const int64_t place[])
{
    int64_t i = 0;
    for (int d = 0; d < x->ndim; d++) i = i * x->size[d] + place[d];
    return i;
}
/* index_at(x, 1, 2, 3): of x[1][2][3]. */
#define index_at(x, ...) index_of((x), (const int64_t[]){ __VA_ARGS__ })

/* The number of x that stands at y's i-th, x being broadcast to y. */
static inline int64_t spread(const fx_ref_tensor *y, int64_t i, const fx_ref_tensor *x)
{
    int64_t place[FX_MAX_DIMS], at = 0;
    place_of(y, i, place);
    for (int d = 0; d < x->ndim; d++)
        at = at * x->size[d] + (x->size[d] == 1 ? 0 : place[d + y->ndim - x->ndim]);
    return at;
}

/* A dimension counted from the end, from the start. A 0-d tensor has a dimension 0 of size 1. */
static inline int dim_of(const fx_ref_tensor *x, int64_t dim)
{
    return (int)(dim < 0 ? dim + (x->ndim ? x->ndim : 1) : dim);
}
static inline int64_t size_of(const fx_ref_tensor *x, int dim) { return x->ndim ? x->size[dim] : 1; }
static inline fx_dims one_dim(int64_t dim)
{
    fx_dims d = { true, 1, { dim } };
    return d;
}

/* Lanes: the numbers of x seen as `count` lanes of `length`, a lane running over `dims` (all, if none are
 * given) and the lanes over the other dimensions, both in row-major order. Lane o of x is what number o of x
 * reduced over dims is made of; for one dim, a lane is a row along it. */
typedef struct fx_ref_lanes {
    int64_t count, length;
    int ndim;
    bool along[FX_MAX_DIMS];
    int64_t size[FX_MAX_DIMS];
} fx_ref_lanes;
fx_ref_lanes lanes_of(const fx_ref_tensor *x, fx_dims dims);
/* The index in x of the k-th number of a lane. */
int64_t lane_at(const fx_ref_lanes *l, int64_t lane, int64_t k);
#define EACH_LANE(l, o) for (int64_t o = 0; o < (l).count; o++)
#define EACH_OF_LANE(l, k) for (int64_t k = 0; k < (l).length; k++)

/* ---- elementwise --------------------------------------------------------------------------------------- */

/* One expression of x (and y, z), numbers of the first fields, broadcast; b (bx, by, bz) are the ones to
 * decide by. Other arguments are there by name: REAL("alpha"). */
#define UNARY_REFERENCE(name, expression)                                                                    \
    REFERENCE(name)                                                                                          \
    {                                                                                                        \
        fx_ref_tensor *x_ = TENSOR(fx__ref_field(c, 0)), *y_ = OUT_LIKE(0, x_);                              \
        EACH (y_, i) {                                                                                       \
            const quad x = AT(x_, i), b = BASE(x_, i);                                                       \
            (void)x, (void)b;                                                                                \
            AT(y_, i) = (expression);                                                                        \
        }                                                                                                    \
    }
#define BINARY_REFERENCE(name, expression)                                                                   \
    REFERENCE(name)                                                                                          \
    {                                                                                                        \
        fx_ref_tensor *x_ = TENSOR(fx__ref_field(c, 0)), *y_ = TENSOR(fx__ref_field(c, 1));                  \
        fx_ref_tensor *out_ = OUT_BROADCAST(0, x_, y_);                                                      \
        EACH (out_, i) {                                                                                     \
            const int64_t ix_ = spread(out_, i, x_), iy_ = spread(out_, i, y_);                              \
            const quad x = AT(x_, ix_), y = AT(y_, iy_), bx = BASE(x_, ix_), by = BASE(y_, iy_);             \
            (void)x, (void)y, (void)bx, (void)by;                                                            \
            AT(out_, i) = (expression);                                                                      \
        }                                                                                                    \
    }
#define TERNARY_REFERENCE(name, expression)                                                                  \
    REFERENCE(name)                                                                                          \
    {                                                                                                        \
        fx_ref_tensor *x_ = TENSOR(fx__ref_field(c, 0)), *y_ = TENSOR(fx__ref_field(c, 1));                  \
        fx_ref_tensor *z_ = TENSOR(fx__ref_field(c, 2)), *out_ = OUT_BROADCAST(0, x_, y_, z_);               \
        EACH (out_, i) {                                                                                     \
            const int64_t ix_ = spread(out_, i, x_), iy_ = spread(out_, i, y_), iz_ = spread(out_, i, z_);   \
            const quad x = AT(x_, ix_), y = AT(y_, iy_), z = AT(z_, iz_);                                    \
            const quad bx = BASE(x_, ix_), by = BASE(y_, iy_), bz = BASE(z_, iz_);                           \
            (void)x, (void)y, (void)z, (void)bx, (void)by, (void)bz;                                         \
            AT(out_, i) = (expression);                                                                      \
        }                                                                                                    \
    }

/* reduction=none|mean|sum over the losses in work (a tensor of WORK): makes output 0. */
void fx__ref_reduction(fx_ref_call *c, const fx_ref_tensor *work, const char *field);
#define OUT_REDUCTION(work) fx__ref_reduction(c, work, "reduction")

/* The reference of a function; NULL: it has none. */
const fx_reference *fx_reference_named(const char *name);

#endif
