/* One call of a reference: the arguments of a function as quads, and where the results go.
 *
 * Inputs are copied once; a call is then evaluated as often as differences need it, each time into the same
 * outputs, with work memory that is kept between evaluations. */
#ifndef FLUXION_TESTS_REFERENCE_CALL_H
#define FLUXION_TESTS_REFERENCE_CALL_H

#include "reference.h"

enum { FX_REF_MAX_TENSORS = 64, FX_REF_MAX_OUTPUTS = 64 };

typedef struct fx_ref_block {
    struct fx_ref_block *next;
    size_t size, used;
    _Alignas(64) char memory[];
} fx_ref_block;

struct fx_ref_call {
    const fx_function *f;
    const void *args;
    const fx_reference *reference;
    int inputs; /* all tensors in the arguments, in the order of the fields */
    struct {
        fx_ref_tensor tensor;
        const fx_field *field;
        int position; /* in a list */
        const void *handle;
    } input[FX_REF_MAX_TENSORS];
    int outputs;
    fx_ref_tensor output[FX_REF_MAX_OUTPUTS];
    bool made[FX_REF_MAX_OUTPUTS];
    int given; /* the library's outputs, if the reference may see them */
    fx_ref_tensor from_library[FX_REF_MAX_OUTPUTS];
    fx_ref_block *work;
};

/* A call with the arguments that a function would be called with. given: what the library returned, `count`
 * tensors, or 0. Stops the test when memory is out. */
fx_ref_call *fx__ref_call_new(const fx_function *f, const void *args, int count, fx_tensor *const *given);
void fx__ref_call_free(fx_ref_call *c);

/* Computes the outputs anew. */
void fx__ref_evaluate(fx_ref_call *c);

#endif
