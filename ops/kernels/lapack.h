/* LAPACK by LAPACKE, and what of BLAS goes with it: one name for float and double.
 *
 * Matrices are column-major, as LAPACK has them: element (i, j) of a lies at a[i + j * ld]. A routine returns
 * LAPACK's info: 0, or the 1-based place where a matrix fails (a pivot of zero, a minor that is not
 * positive). What is wrong with arguments is the caller's to rule out.
 *
 * OpenBLAS has threads of its own, and other roundings for each number of them. So whoever calls these does
 * it between fx__lapack_begin() and fx__lapack_end(), which keep it to one: threads take whole matrices
 * instead (ops/matrices.h). In a build without LAPACKE nothing here may be called: ask FX_HAVE_LAPACKE.
 */
#ifndef FLUXION_LAPACK_H
#define FLUXION_LAPACK_H

#include <stdbool.h>
#include <stdint.h>

/* May be nested, and called from several threads. */
void fx__lapack_begin(void);
void fx__lapack_end(void);

/* a (m, n) = P L U in place; pivots: min(m, n) rows, 1-based. */
int fx__getrf(bool f64, int m, int n, void *a, int ld, int32_t *pivots);
/* b (n, columns) := A^-1 b, or A^-T b, of what getrf made. */
int fx__getrs(bool f64, bool transposed, int n, int columns, const void *lu, int ld, const int32_t *pivots,
              void *b, int ld_b);
/* lu (n, n) := A^-1 of what getrf made; work: n * FX__GETRI_WORK numbers. */
enum { FX__GETRI_WORK = 32 };
int fx__getri(bool f64, int n, void *lu, int ld, const int32_t *pivots, void *work);
/* a (n, n) = L L^T in place, of the lower triangle, the only one that is read or written. */
int fx__potrf(bool f64, int n, void *a, int ld);
/* b (n, columns) := T^-1 b, or T^-T b, of a triangle; unit: whose diagonal is 1, whatever lies there. */
void fx__trsm(bool f64, bool upper, bool transposed, bool unit, int n, int columns, const void *t, int ld,
              void *b, int ld_b);

#endif
