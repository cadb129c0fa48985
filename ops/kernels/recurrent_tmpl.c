/* Steps of recurrent cells, compiled per instruction set (recurrent.h).
 */
#include "recurrent.h"

#include "parallel.h"
#include "vmath.h"

/* sigmoid and tanh of x, and their slopes, of one exponential each. */
FX__INLINE float sigmoid_f32(float x, float *slope)
{
    const float e = fx__exp_f32(-fabsf(x)), d = 1 / (1 + e);
    *slope = e * d * d;
    return (x >= 0 ? 1 : e) * d;
}
FX__INLINE double sigmoid_f64(double x, double *slope)
{
    const double e = fx__exp_f64(-fabs(x)), d = 1 / (1 + e);
    *slope = e * d * d;
    return (x >= 0 ? 1 : e) * d;
}
FX__INLINE float tanh_f32(float x, float *slope)
{
    *slope = fx__sech2_f32(x);
    return fx__tanh_f32(x);
}
FX__INLINE double tanh_f64(double x, double *slope)
{
    *slope = fx__sech2_f64(x);
    return fx__tanh_f64(x);
}

#define T float
#define F(name) name##_f32
#define V(name) fx__##name##_f32
#include "recurrent_body.h"
#undef T
#undef F
#undef V

#define T double
#define F(name) name##_f64
#define V(name) fx__##name##_f64
#include "recurrent_body.h"
#undef T
#undef F
#undef V

/* Rows in a block: about 4096 units, some 10 microseconds. */
static int64_t grain(const fx__cell_step *s)
{
    const int64_t rows = 4096 / (s->width > 0 ? s->width : 1);
    return rows > 0 ? rows : 1;
}

static void forward(const fx__cell_step *s)
{
    fx__parallel(s->threads, s->rows, grain(s), s->wide ? forward_block_f64 : forward_block_f32,
                 (void *)(uintptr_t)s);
}

static void gradient(const fx__cell_step *s)
{
    fx__parallel(s->threads, s->rows, grain(s), s->wide ? gradient_block_f64 : gradient_block_f32,
                 (void *)(uintptr_t)s);
}

static void add(bool wide, int64_t n, const void *a, const void *b, void *to)
{
    if (wide)
        add_f64(n, a, b, to);
    else
        add_f32(n, a, b, to);
}

static void transpose(bool wide, int64_t rows, int64_t columns, const void *from, void *to)
{
    if (wide)
        transpose_f64(rows, columns, from, to);
    else
        transpose_f32(rows, columns, from, to);
}

static void sum_rows(bool wide, int64_t rows, int64_t columns, const void *from, void *to, double *work)
{
    if (wide)
        sum_rows_f64(rows, columns, from, to, work);
    else
        sum_rows_f32(rows, columns, from, to, work);
}

extern const fx_recurrent_kernels FX_KERNEL_TABLE(recurrent);
const fx_recurrent_kernels FX_KERNEL_TABLE(recurrent) = {
    .forward = forward, .gradient = gradient, .add = add, .transpose = transpose, .sum_rows = sum_rows
};
