/* The differentiable ops, and the registry that describes them.
 *
 * Names, arguments and defaults are PyTorch's where PyTorch has them. Every function here takes tensors of
 * any strides; floating inputs of different dtypes are promoted (fx_promote; a 0-d tensor or a number does
 * not raise the dtype of one with dimensions, but for its kind); shapes broadcast as in NumPy where a comment
 * says "broadcast". Results belong to the open scope. A failure gives NULL and an error that names the op,
 * the shapes and the line (autograd.h).
 *
 * Options follow the tensors as designated initialisers: fx_sum(x, .dims = FX_DIMS(1), .keepdim = true). Each
 * such macro fills a structure fx_NAME_args and calls the plain function fx_NAME_at, which other languages
 * can call.
 */
#ifndef FLUXION_OPS_H
#define FLUXION_OPS_H

#include "autograd.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- elementwise --------------------------------------------------------------------------------------- */

/* (end of elementwise) */

/* ---- reductions ---------------------------------------------------------------------------------------- */

/* (end of reductions) */

/* ---- softmax, losses ----------------------------------------------------------------------------------- */

/* (end of softmax, losses) */

/* ---- products of matrices ------------------------------------------------------------------------------ */

/* Operands may be of any strides: a transposed or an expanded view is read where it lies. Integers have products too
 * (they wrap around, and have no gradient); bool has not. */

/* NumPy's product: of the last two dimensions, those before them broadcast; a vector on the left is a row, on the
 * right a column, and what it stood for is left out of the result. dL/da = g b^T, dL/db = a^T g, summed over
 * broadcast dimensions. 0-d tensors are refused, as are inner sizes that differ. An inner size of 0 gives zeros. */
#define fx_matmul(a, b) fx_matmul_at(a, b, FX_HERE)
FX_API fx_tensor *fx_matmul_at(fx_tensor *a, fx_tensor *b, fx_where where);

/* The same for just two matrices (n, k) x (k, m); for stacks of as many (b, n, k) x (b, k, m); for a matrix and a
 * vector (n, k) x (k); for two vectors (k) x (k), which give a 0-d tensor; and a column times a row (n) x (m), which
 * give (n, m). */
#define fx_mm(a, b) fx_mm_at(a, b, FX_HERE)
#define fx_bmm(a, b) fx_bmm_at(a, b, FX_HERE)
#define fx_mv(a, v) fx_mv_at(a, v, FX_HERE)
#define fx_dot(u, v) fx_dot_at(u, v, FX_HERE)
#define fx_outer(u, v) fx_outer_at(u, v, FX_HERE)
FX_API fx_tensor *fx_mm_at(fx_tensor *a, fx_tensor *b, fx_where where);
FX_API fx_tensor *fx_bmm_at(fx_tensor *a, fx_tensor *b, fx_where where);
FX_API fx_tensor *fx_mv_at(fx_tensor *a, fx_tensor *v, fx_where where);
FX_API fx_tensor *fx_dot_at(fx_tensor *u, fx_tensor *v, fx_where where);
FX_API fx_tensor *fx_outer_at(fx_tensor *u, fx_tensor *v, fx_where where);

/* y = x w^T + b: x (..., in), w (out, in), b (out) or NULL for none, y (..., out). With w (in), b is 0-d and y (...).
 * dL/dx = g w, dL/dw = g^T x, dL/db = g summed over all but the last dimension. While an error stands, a NULL b is
 * taken for a tensor that failed, and the result is NULL. */
#define fx_linear(x, w, b) fx_linear_at(x, w, b, FX_HERE)
FX_API fx_tensor *fx_linear_at(fx_tensor *x, fx_tensor *w, fx_tensor *b, fx_where where);

/* (end of products of matrices) */

/* ---- shapes -------------------------------------------------------------------------------------------- */

/* (end of shapes) */

/* ---- indexing ------------------------------------------------------------------------------------------ */

/* (end of indexing) */

/* ---- random, checking ---------------------------------------------------------------------------------- */

/* (end of random, checking) */

/* ---- the registry -------------------------------------------------------------------------------------- */

/* The C type of a field of an argument structure. */
typedef enum fx_field_type {
    FX_FIELD_TENSOR,  /* fx_tensor * */
    FX_FIELD_OPERAND, /* fx_operand: tensor or number */
    FX_FIELD_TENSORS, /* fx_list */
    FX_FIELD_INT,     /* int64_t */
    FX_FIELD_REAL,    /* double */
    FX_FIELD_BOOL,    /* bool */
    FX_FIELD_DIMS,    /* fx_dims; one number binds as a list of one */
    FX_FIELD_DTYPE,   /* fx_dtype */
    FX_FIELD_CHOICE   /* int: an index into the words of .choices */
} fx_field_type;

/* One argument of a function. */
typedef struct fx_field {
    const char *name; /* ours; NULL ends the list */
    /* PyTorch's name of it, or several separated by commas, where it differs; NULL: the same */
    const char *torch;
    fx_field_type type;
    size_t offset;       /* in the argument structure */
    bool optional;       /* may be left out: NULL, or the default */
    const char *choices; /* FX_FIELD_CHOICE: words separated by '|', in the order of their values */
} fx_field;

/* A public function, a single op or a composite of several: what tests, benchmarks, the manual and other
 * languages need to know of it. */
typedef struct fx_function {
    const char *name;     /* "sum" for fx_sum */
    const char *torch;    /* PyTorch's names for it, separated by commas: "sum,nansum"; NULL: it has none */
    const char *formula;  /* of the value */
    const char *gradient; /* of the gradient */
    /* Domain, subgradient convention at each kink, where it differs from PyTorch; or NULL */
    const char *notes;
    const fx_field *fields; /* in PyTorch's positional order */
    size_t args_size;
    const void *defaults; /* an argument structure; NULL: zeroes */
    /* Calls it with an argument structure; fills out[0 .. n-1] and returns n, 0 after a failure. */
    int (*call)(const void *args, fx_where where, fx_tensor *out[FX_MAX_OUTPUTS]);
    const char *samples; /* arguments to test it with, one call a line (tests/support/sample.h has the
                          * grammar); a line that begins with '!' must be refused */
    const char *bench;   /* arguments to time it with, at about a million elements; or NULL */
    bool integer_result; /* never has a gradient */
    bool random;         /* depends on the random numbers of the context */
} fx_function;

/* All of them, sorted by name. */
FX_API const fx_function *const *fx_functions(int *count);
FX_API const fx_function *fx_function_named(const char *name); /* NULL: there is none */

#ifdef __cplusplus
}
#endif
#endif
