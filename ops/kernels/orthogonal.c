/* LAPACKE's orthogonal decompositions and least squares (orthogonal.h). A routine is asked for the size of
 * its work memory by a call with the length -1, which writes the length into its first number.
 */
#include "orthogonal.h"

#include "config.h"

#include <string.h>

#if FX_HAVE_LAPACKE
#include <lapacke.h>
#define CALL(name, ...) LAPACKE_##name##_work(LAPACK_COL_MAJOR, __VA_ARGS__)
#else
static int missing(char first, ...)
{
    (void)first;
    return -1;
}
#define CALL(name, ...) missing(' ', __VA_ARGS__)
#endif

/* Leading dimensions are at least 1. */
static int leading(int rows) { return rows > 1 ? rows : 1; }
static int least(int m, int n) { return m < n ? m : n; }
static int most(int m, int n) { return m > n ? m : n; }

static double *doubles_of(fx__lapack_work w) { return (double *)(void *)w.memory; }
static int *integers_of(fx__lapack_work w)
{
    return (int *)(void *)(w.memory + sizeof(double) * (size_t)w.doubles);
}
static fx__lapack_work size_of(double doubles, int integers)
{
    return (fx__lapack_work){ .doubles = most((int)doubles, 1), .integers = integers };
}

/* ---- reflections ---- */

int fx__geqrf(int m, int n, double *a, int ld, double *tau, fx__lapack_work work)
{
    return CALL(dgeqrf, m, n, a, ld, tau, doubles_of(work), work.doubles);
}

fx__lapack_work fx__geqrf_size(int m, int n)
{
    double length = 1, none = 0;
    (void)CALL(dgeqrf, m, n, &none, leading(m), &none, &length, -1);
    return size_of(length, 0);
}

int fx__orgqr(int m, int n, int k, double *a, int ld, const double *tau, fx__lapack_work work)
{
    return CALL(dorgqr, m, n, k, a, ld, tau, doubles_of(work), work.doubles);
}

fx__lapack_work fx__orgqr_size(int m, int n, int k)
{
    double length = 1, none = 0;
    (void)CALL(dorgqr, m, n, k, &none, leading(m), &none, &length, -1);
    return size_of(length, 0);
}

int fx__ormqr(bool transposed, int m, int n, int k, const double *a, const double *tau, double *c,
              fx__lapack_work work)
{
    return CALL(dormqr, 'L', transposed ? 'T' : 'N', m, n, k, a, leading(m), tau, c, leading(m),
                doubles_of(work), work.doubles);
}

fx__lapack_work fx__ormqr_size(int m, int n, int k)
{
    double length = 1, none = 0;
    (void)CALL(dormqr, 'L', 'N', m, n, k, &none, leading(m), &none, &none, leading(m), &length, -1);
    return size_of(length, 0);
}

/* ---- eigenvalues, singular values ---- */

int fx__syevd(bool vectors, bool upper, int n, double *a, double *w, fx__lapack_work work)
{
    return CALL(dsyevd, vectors ? 'V' : 'N', upper ? 'U' : 'L', n, a, leading(n), w, doubles_of(work),
                work.doubles, integers_of(work), work.integers);
}

fx__lapack_work fx__syevd_size(bool vectors, int n)
{
    double length = 1, none = 0;
    int integers = 1;
    (void)CALL(dsyevd, vectors ? 'V' : 'N', 'L', n, &none, leading(n), &none, &length, -1, &integers, -1);
    return size_of(length, integers);
}

static char letter_of(fx__svd_job job)
{
    return job == FX__SVD_VALUES ? 'N' : job == FX__SVD_FULL ? 'A' : 'S';
}

int fx__gesdd(fx__svd_job job, int m, int n, double *a, double *s, double *u, double *vt,
              fx__lapack_work work)
{
    const int rows = job == FX__SVD_FULL ? n : least(m, n);
    return CALL(dgesdd, letter_of(job), m, n, a, leading(m), s, u, leading(m), vt, leading(rows),
                doubles_of(work), work.doubles, integers_of(work));
}

fx__lapack_work fx__gesdd_size(fx__svd_job job, int m, int n)
{
    const int rows = job == FX__SVD_FULL ? n : least(m, n);
    double length = 1, none = 0;
    int integer = 0;
    (void)CALL(dgesdd, letter_of(job), m, n, &none, leading(m), &none, &none, leading(m), &none,
               leading(rows), &length, -1, &integer);
    return size_of(length, 8 * most(least(m, n), 1));
}

/* ---- least squares ---- */

int fx__lstsq(fx__lstsq_driver driver, int m, int n, int columns, double *a, double *b, double *s,
              double rcond, int *rank, fx__lapack_work work)
{
    const int lda = leading(m), ldb = leading(most(m, n)), length = work.doubles;
    double *memory = doubles_of(work);
    int *integers = integers_of(work);
    switch (driver) {
    case FX__GELS:
        *rank = least(m, n);
        return CALL(dgels, 'N', m, n, columns, a, lda, b, ldb, memory, length);
    case FX__GELSY:
        memset(integers, 0, sizeof *integers * (size_t)n);
        return CALL(dgelsy, m, n, columns, a, lda, b, ldb, integers, rcond, rank, memory, length);
    case FX__GELSD:
        return CALL(dgelsd, m, n, columns, a, lda, b, ldb, s, rcond, rank, memory, length, integers);
    case FX__GELSS: return CALL(dgelss, m, n, columns, a, lda, b, ldb, s, rcond, rank, memory, length);
    }
    return -1;
}

fx__lapack_work fx__lstsq_size(fx__lstsq_driver driver, int m, int n, int columns)
{
    const int lda = leading(m), ldb = leading(most(m, n));
    double length = 1, none = 0;
    int integers = 1, rank = 0;
    switch (driver) {
    case FX__GELS: (void)CALL(dgels, 'N', m, n, columns, &none, lda, &none, ldb, &length, -1); break;
    case FX__GELSY:
        (void)CALL(dgelsy, m, n, columns, &none, lda, &none, ldb, &integers, 0, &rank, &length, -1);
        break;
    case FX__GELSD:
        (void)CALL(dgelsd, m, n, columns, &none, lda, &none, ldb, &none, 0, &rank, &length, -1, &integers);
        break;
    case FX__GELSS:
        (void)CALL(dgelss, m, n, columns, &none, lda, &none, ldb, &none, 0, &rank, &length, -1);
        break;
    }
    return size_of(length, driver == FX__GELSD ? integers : driver == FX__GELSY ? n : 0);
}
