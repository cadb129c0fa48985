/* What the folders above may ask of a context, beyond the public header. */
#ifndef FLUXION_AUTOGRAD_OWNED_H
#define FLUXION_AUTOGRAD_OWNED_H

#include <fluxion/autograd.h>

/* Zeroed memory that lives as long as the outermost scope, and is freed with it; finish (may be NULL) is
 * called with it before that, in reverse order of making. NULL after an error. */
void *fx__context_own(fx_context *cx, size_t bytes, void (*finish)(void *memory));

/* A row-major tensor in the outermost scope, whatever scope is open: parameters, buffers, optimizer state. */
fx_tensor *fx__context_tensor(fx_context *cx, fx_dtype dtype, int ndim, const int64_t *size, fx_where where);

/* The same of several, side by side in one buffer, each at a cache line, not set. False after an error. */
bool fx__context_tensors(fx_context *cx, fx_dtype dtype, int count, const fx_dims *sizes, fx_tensor **out,
                         fx_where where);

/* Whether x lives as long as the outermost scope. */
bool fx__context_has(const fx_tensor *x);

/* Whether x was made in the open scope. */
bool fx__scope_has(const fx_tensor *x);

/* Code that is no op, and named `op` in errors, writes all numbers of x where they lie (fx_data_const):
 * counted as an in-place change, without history. op NULL: nobody is noted, which costs no memory (gradients,
 * which come and go). False after an error. */
bool fx__note_write(fx_tensor *x, const char *op, fx_where where);

/* ... and before such a write, where closures may save what they captured of x (copy on write). False after
 * an error. */
bool fx__save_captured(const fx_tensor *x);

/* Zero-safe mode is on (fx_set_zero_safe). */
bool fx__zero_safe(const fx_context *cx);

/* How many failures have been reported, so that a caller can tell whether a call of its own failed. */
uint64_t fx__failures(const fx_context *cx);

#endif
