/* What is known of every function. (ops.h: what all ops have in common.) */
#ifndef FLUXION_PUBLIC_REGISTRY_H
#define FLUXION_PUBLIC_REGISTRY_H

#include <fluxion/autograd.h>

#ifdef __cplusplus
extern "C" {
#endif

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
    FX_FIELD_CHOICE,  /* int: an index into the words of .choices */
    FX_FIELD_TEXT     /* const char * */
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
    bool signs;          /* results are unique but for signs of columns, which references take from results */
    const char *unavailable; /* why this build refuses every call of it; NULL: it does not */
} fx_function;

/* All of them, sorted by name. */
FX_API const fx_function *const *fx_functions(int *count);
FX_API const fx_function *fx_function_named(const char *name); /* NULL: there is none */

#ifdef __cplusplus
}
#endif
#endif
