/* The functions of vmath.h as tables of loops, one table for each instruction set, and their errors.
 */
#ifndef FLUXION_TESTS_VMATH_LOOPS_H
#define FLUXION_TESTS_VMATH_LOOPS_H

#include <stdint.h>

#define FUNCTION(name, ...) VMATH_##name,
enum {
#include "vmath.def"
    VMATH_FUNCTIONS
};
#undef FUNCTION
#define FUNCTION2(name, ...) VMATH2_##name,
enum {
#include "vmath2.def"
    VMATH_FUNCTIONS2
};
#undef FUNCTION2

typedef struct vmath_loops {
    struct {
        void (*f32)(int64_t n, float *y, const float *x);
        void (*f64)(int64_t n, double *y, const double *x);
    } one[VMATH_FUNCTIONS];
    struct {
        void (*f32)(int64_t n, float *y, const float *a, const float *b);
        void (*f64)(int64_t n, double *y, const double *a, const double *b);
    } two[VMATH_FUNCTIONS2];
} vmath_loops;

#define VMATH_TABLE3(isa) vmath_loops_##isa
#define VMATH_TABLE(isa) VMATH_TABLE3(isa)
extern const vmath_loops vmath_loops_portable, vmath_loops_avx2, vmath_loops_avx512;

/* How far y is from the function's value at x, in ulp of the type (vmath_quad.c). Huge for a wrong NaN,
 * infinity or sign of zero. */
double vmath_error(int function, int f64, double x, double y);
double vmath_error2(int function, int f64, double a, double b, double y);

#endif
