/* Copies between arrays of any strides, and sums into overlapping windows. Strides are in elements; those of
 * the source may be 0 or negative, its pointer is that of the element with all indices 0.
 */
#ifndef FLUXION_KERNELS_STRIDED_H
#define FLUXION_KERNELS_STRIDED_H

#include <stddef.h>
#include <stdint.h>

enum { FX_STRIDED_MAX_DIMS = 8 };

/* to[i] = from[i] for each index i of the given size; elements have 1, 4 or 8 bytes. No two indices may name
 * one element of `to`, and the arrays may not overlap. */
void fx__copy_strided(int threads, size_t bytes, int ndim, const int64_t *size, void *to,
                      const int64_t *to_stride, const void *from, const int64_t *from_stride);

/* to[window(i)] += from[i] in row-major order of i, where several indices may name one element of `to`. */
void fx__add_strided_f64(int ndim, const int64_t *size, double *to, const int64_t *to_stride,
                         const double *from, const int64_t *from_stride);
/* The same for float, summed in `wide` (as many doubles as `to` has elements, zeroed) and added at the end.
 */
void fx__add_strided_f32(int ndim, const int64_t *size, double *wide, const int64_t *to_stride,
                         const float *from, const int64_t *from_stride);

#endif
