/* LAPACKE's routines (lapack.h). */
#include "lapack.h"

#include "config.h"

#if FX_HAVE_LAPACKE
#include <cblas.h>
#include <lapacke.h>
#include <pthread.h>

/* ---- one thread ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int callers, threads_before;

void fx__lapack_begin(void)
{
    pthread_mutex_lock(&lock);
    if (callers++ == 0 && (threads_before = openblas_get_num_threads()) != 1) openblas_set_num_threads(1);
    pthread_mutex_unlock(&lock);
}

void fx__lapack_end(void)
{
    pthread_mutex_lock(&lock);
    if (--callers == 0 && threads_before != 1) openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&lock);
}

/* LAPACKE_dNAME or LAPACKE_sNAME. */
#define CALL(f64, name, ...)                                                                                 \
    ((f64) ? LAPACKE_d##name##_work(LAPACK_COL_MAJOR, __VA_ARGS__)                                           \
           : LAPACKE_s##name##_work(LAPACK_COL_MAJOR, __VA_ARGS__))

#else

void fx__lapack_begin(void) {}
void fx__lapack_end(void) {}

static int missing(int f64, ...)
{
    (void)f64;
    return -1;
}
#define CALL(f64, name, ...) missing(f64, __VA_ARGS__)

#endif

/* ---- routines ---- */

int fx__getrf(bool f64, int m, int n, void *a, int ld, int32_t *pivots)
{
    return CALL(f64, getrf, m, n, a, ld, pivots);
}

int fx__getrs(bool f64, bool transposed, int n, int columns, const void *lu, int ld, const int32_t *pivots,
              void *b, int ld_b)
{
    return CALL(f64, getrs, transposed ? 'T' : 'N', n, columns, lu, ld, pivots, b, ld_b);
}

int fx__getri(bool f64, int n, void *lu, int ld, const int32_t *pivots, void *work)
{
    return CALL(f64, getri, n, lu, ld, pivots, work, n * FX__GETRI_WORK);
}

int fx__potrf(bool f64, int n, void *a, int ld) { return CALL(f64, potrf, 'L', n, a, ld); }

void fx__trsm(bool f64, bool upper, bool transposed, bool unit, int n, int columns, const void *t, int ld,
              void *b, int ld_b)
{
#if FX_HAVE_LAPACKE
    const enum CBLAS_UPLO triangle = upper ? CblasUpper : CblasLower;
    const enum CBLAS_TRANSPOSE way = transposed ? CblasTrans : CblasNoTrans;
    const enum CBLAS_DIAG diagonal = unit ? CblasUnit : CblasNonUnit;
    if (f64)
        cblas_dtrsm(CblasColMajor, CblasLeft, triangle, way, diagonal, n, columns, 1, t, ld, b, ld_b);
    else
        cblas_strsm(CblasColMajor, CblasLeft, triangle, way, diagonal, n, columns, 1, t, ld, b, ld_b);
#else
    (void)CALL(f64, trsm, upper, transposed, unit, n, columns, t, ld, b, ld_b);
#endif
}
