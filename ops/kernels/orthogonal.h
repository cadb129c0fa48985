/* LAPACK's orthogonal decompositions and least squares, by LAPACKE, in float64. As in lapack.h matrices are
 * column-major, what is returned is LAPACK's info, and calls stand between fx__lapack_begin() and
 * fx__lapack_end(). Each routine is given work memory of the size that its function _size tells.
 */
#ifndef FLUXION_ORTHOGONAL_H
#define FLUXION_ORTHOGONAL_H

#include <stdbool.h>
#include <stddef.h>

/* Work memory: so many doubles, then so many ints. */
typedef struct fx__lapack_work {
    int doubles, integers;
    char *memory;
} fx__lapack_work;
static inline size_t fx__lapack_bytes(fx__lapack_work w)
{
    return sizeof(double) * (size_t)w.doubles + sizeof(int) * (size_t)w.integers;
}

/* a (m, n) = Q R in place: R above, and below the vectors of min(m, n) reflections, whose factors are tau. */
int fx__geqrf(int m, int n, double *a, int ld, double *tau, fx__lapack_work work);
fx__lapack_work fx__geqrf_size(int m, int n);
/* The first n columns of the product of k reflections in a (m, n), in place. */
int fx__orgqr(int m, int n, int k, double *a, int ld, const double *tau, fx__lapack_work work);
fx__lapack_work fx__orgqr_size(int m, int n, int k);
/* c (m, n) := Q c, or Q^T c, of the k reflections in a (m, k). */
int fx__ormqr(bool transposed, int m, int n, int k, const double *a, const double *tau, double *c,
              fx__lapack_work work);
fx__lapack_work fx__ormqr_size(int m, int n, int k);

/* w: the eigenvalues of the symmetric a (n, n), ascending; only a triangle is read. a: its eigenvectors, if
 * they are wanted, else it is spoilt. */
int fx__syevd(bool vectors, bool upper, int n, double *a, double *w, fx__lapack_work work);
fx__lapack_work fx__syevd_size(bool vectors, int n);

/* a (m, n) = u diag(s) vt; a is spoilt. Of u and vt all columns (rows), the first min(m, n), or none. */
typedef enum fx__svd_job { FX__SVD_VALUES, FX__SVD_REDUCED, FX__SVD_FULL } fx__svd_job;
int fx__gesdd(fx__svd_job job, int m, int n, double *a, double *s, double *u, double *vt,
              fx__lapack_work work);
fx__lapack_work fx__gesdd_size(fx__svd_job job, int m, int n);

/* b (max(m, n), columns), of which m rows are given, := the X that makes |a X - b| least, and of those the
 * least |X|, in its first n rows; a (m, n) is spoilt. GELS takes a for one of full rank; the others count
 * singular values (GELSY: diagonals of R) below rcond times the largest as 0, and GELSD and GELSS give them
 * in s (min(m, n)). Below the n rows of a solution of full rank lies what is left of b. */
typedef enum fx__lstsq_driver { FX__GELSY, FX__GELS, FX__GELSD, FX__GELSS } fx__lstsq_driver;
int fx__lstsq(fx__lstsq_driver driver, int m, int n, int columns, double *a, double *b, double *s,
              double rcond, int *rank, fx__lapack_work work);
fx__lapack_work fx__lstsq_size(fx__lstsq_driver driver, int m, int n, int columns);

#endif
