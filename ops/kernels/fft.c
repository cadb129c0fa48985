/* FFTW's transforms (fft.h). Its planner is not thread-safe: a lock keeps it to one thread. Executing is.
 */
#include "fft.h"

#include "config.h"
#include "parallel.h"

#if FX_HAVE_FFTW
#include <fftw3.h>
#include <pthread.h>

static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

typedef enum transform_kind { PAIRS_DOWN, PAIRS_UP, REAL, HALF } transform_kind;

typedef struct work {
    const fx_fft_shape *s;
    transform_kind kind;
    void *plan;
    const char *x;
    char *y;
} work;

/* Numbers from one piece of the outer dimension to the next. */
static int64_t step_in(const work *w)
{
    const fx_fft_shape *s = w->s;
    return (w->kind == REAL ? s->n : 2 * (w->kind == HALF ? s->n / 2 + 1 : s->n)) * s->inner;
}
static int64_t step_out(const work *w)
{
    const fx_fft_shape *s = w->s;
    return (w->kind == HALF ? s->n : 2 * (w->kind == REAL ? s->n / 2 + 1 : s->n)) * s->inner;
}

/* One function for each of FFTW's two libraries. The inner dimension is what a plan repeats over. */
#define RUN(T, X)                                                                                            \
    static void *plan_##T(const work *w)                                                                     \
    {                                                                                                        \
        const int n = (int)w->s->n, inner = (int)w->s->inner;                                                \
        const unsigned how = FFTW_ESTIMATE | FFTW_UNALIGNED | FFTW_PRESERVE_INPUT;                           \
        X##complex *in = (X##complex *)(uintptr_t)w->x, *out = (X##complex *)(void *)w->y;                   \
        if (w->kind == REAL)                                                                                 \
            return X##plan_many_dft_r2c(1, &n, inner, (T *)in, NULL, inner, 1, out, NULL, inner, 1, how);    \
        if (w->kind == HALF)                                                                                 \
            return X##plan_many_dft_c2r(1, &n, inner, in, NULL, inner, 1, (T *)out, NULL, inner, 1, how);    \
        return X##plan_many_dft(1, &n, inner, out, NULL, inner, 1, out, NULL, inner, 1,                      \
                                w->kind == PAIRS_UP ? FFTW_BACKWARD : FFTW_FORWARD, how);                    \
    }                                                                                                        \
    static void run_##T(void *data, int64_t begin, int64_t end)                                              \
    {                                                                                                        \
        const work *w = data;                                                                                \
        for (int64_t k = begin; k < end; k++) {                                                              \
            T *x = (T *)(uintptr_t)w->x + k * step_in(w), *y = (T *)(void *)w->y + k * step_out(w);          \
            if (w->kind == REAL)                                                                             \
                X##execute_dft_r2c(w->plan, x, (X##complex *)y);                                             \
            else if (w->kind == HALF)                                                                        \
                X##execute_dft_c2r(w->plan, (X##complex *)x, y);                                             \
            else                                                                                             \
                X##execute_dft(w->plan, (X##complex *)y, (X##complex *)y);                                   \
        }                                                                                                    \
    }                                                                                                        \
    static void end_##T(void *plan) { X##destroy_plan(plan); }
RUN(float, fftwf_)
RUN(double, fftw_)

static bool transform(const fx_fft_shape *s, transform_kind kind, const void *x, void *y)
{
    work w = { .s = s, .kind = kind, .x = x, .y = y };
    if (!s->outer || !s->inner) return true;
    pthread_mutex_lock(&planner);
    w.plan = s->f64 ? plan_double(&w) : plan_float(&w);
    pthread_mutex_unlock(&planner);
    if (!w.plan) return false;
    fx__parallel(s->threads, s->outer, 1 + 20000 / (s->n * s->inner), s->f64 ? run_double : run_float, &w);
    pthread_mutex_lock(&planner);
    (s->f64 ? end_double : end_float)(w.plan);
    pthread_mutex_unlock(&planner);
    return true;
}

bool fx__fft_pairs(const fx_fft_shape *s, int sign, void *y)
{
    return transform(s, sign > 0 ? PAIRS_UP : PAIRS_DOWN, y, y);
}
bool fx__fft_real(const fx_fft_shape *s, const void *x, void *y) { return transform(s, REAL, x, y); }
bool fx__fft_half(const fx_fft_shape *s, const void *x, void *y) { return transform(s, HALF, x, y); }

#else

bool fx__fft_pairs(const fx_fft_shape *s, int sign, void *y)
{
    (void)s, (void)sign, (void)y;
    return false;
}
bool fx__fft_real(const fx_fft_shape *s, const void *x, void *y)
{
    (void)s, (void)x, (void)y;
    return false;
}
bool fx__fft_half(const fx_fft_shape *s, const void *x, void *y)
{
    (void)s, (void)x, (void)y;
    return false;
}

#endif
