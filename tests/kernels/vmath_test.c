/* The functions of vmath.h against quadruple precision, over random numbers of every size and the special
 * ones; and that every instruction set gives the same bits.
 */
#include "vmath_loops.h"

#include "ops/kernels/kernels.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

enum { POINTS = 40000 };

static const double special[] = {
    0,         -0.0,     1,        -1,    INFINITY, -INFINITY, NAN,       5e-324, -5e-324, 1e-310, -1e-310,
    0x1p-1022, 1e-45,    -1e-45,   1e-40, -1e-40,   0x1p-126,  -0x1p-126, 3e38,   -3e38,   1e308,  -1e308,
    88.7,      89,       -87,      -103,  -104,     709.7,     710,       710.4,  -708,    -745,   -746,
    0.5,       -0.5,     0.25,     -0.25, 0.75,     1e-5,      2,         -2,     3,       -3,     0.6,
    -0.6,      0.625,    26,       27,    28,       -9,        10,        10.1,   -14,     -13,    -38,
    -37,       40,       41,       1e5,   -1e6,     1.6e6,     1.7e6,     -1e15,  1e22,    1e300,  -1e300,
    0.99999,   -0.99999, 1.00001,  1e-8,  -1e-8,    4e15,      127.5,     128,    -126.5,  -149.6, 1023.5,
    1024,      -1074.6,  16777216, 2.5,   -2.5,     0x1p52,    1e154,
};
enum { SPECIALS = sizeof special / sizeof special[0] };

static uint64_t bits_of(uint64_t i)
{
    uint64_t z = (i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 32) * 0xD6E8FEB86659FD93u;
    return z ^ z >> 32;
}
static double uniform(uint64_t i) { return (double)(bits_of(i) >> 11) * 0x1p-53; }

/* Of every size that the type has, but most where functions change. */
static double point(bool f64, uint64_t seed, uint64_t i)
{
    const double u = 2 * uniform(seed + 2 * i) - 1;
    switch (bits_of(seed + 2 * i + 1) % 5) {
    case 0: return u;
    case 1: return 10 * u;
    case 2: return u * (f64 ? 745 : 104);
    case 3: return u * 1e6;
    default: return copysign(exp2((f64 ? 1022 : 126) * (2 * uniform(seed + 2 * i + 77777777) - 1)), u);
    }
}

static const vmath_loops *const tables[] = {
    &vmath_loops_portable,
#if FX_HAVE_X86_KERNELS
    &vmath_loops_avx2,
    &vmath_loops_avx512,
#endif
};
enum { TABLES = sizeof tables / sizeof tables[0] };

static bool have(int table) { return fx__kernels_of((fx_isa)table) != NULL; }

typedef struct row {
    const char *name;
    double f32, f64;
} row;
#define FUNCTION(name, expression, f32, f64) { #name, f32, f64 },
static const row one[] = {
#include "vmath.def"
};
#undef FUNCTION
#define FUNCTION2(name, expression, f32, f64) { #name, f32, f64 },
static const row two[] = {
#include "vmath2.def"
};

/* What a function got wrong: the first of it, and how often. */
typedef struct tally {
    int wrong, other_bits;
    double worst, at, at2, y;
} tally;

static void count(tally *t, double error, double allowed, double x, double x2, double y)
{
    if (!(error <= t->worst)) t->worst = error, t->at = x, t->at2 = x2, t->y = y;
    t->wrong += !(error <= allowed);
}
static void conclude(const tally *t, const char *name, const char *type, double allowed)
{
    cr_expect(t->wrong == 0, "%s of %s: %d results off by more than %g ulp; by %g at %.17g, %.17g: %.17g",
              name, type, t->wrong, allowed, t->worst, t->at, t->at2, t->y);
    cr_expect(t->other_bits == 0, "%s of %s: %d results have other bits with other instructions", name, type,
              t->other_bits);
    cr_log_info("%s of %s: %.3f ulp at %.9g, %.9g", name, type, t->worst, t->at, t->at2);
}
static bool same_f32(float a, float b) { return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0; }
static bool same_f64(double a, double b) { return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0; }

static struct criterion_test_params numbers_below(int count)
{
    int *numbers = cr_malloc((size_t)count * sizeof *numbers);
    for (int i = 0; i < count; i++) numbers[i] = i;
    return cr_make_param_array(int, numbers, (size_t)count);
}

ParameterizedTestParameters(vmath, of_one_number) { return numbers_below(VMATH_FUNCTIONS); }
ParameterizedTest(int *function, vmath, of_one_number, .timeout = 120)
{
    static double x64[POINTS], y64[TABLES][POINTS];
    static float x32[POINTS], y32[TABLES][POINTS];
    const int f = *function;
    const row *r = &one[f];
    for (int i = 0; i < POINTS; i++) {
        x64[i] = i < SPECIALS ? special[i] : point(true, 1, (uint64_t)i);
        x32[i] = i < SPECIALS ? (float)special[i] : (float)point(false, 2, (uint64_t)i);
    }
    for (int t = 0; t < TABLES; t++) {
        if (!have(t)) continue;
        tables[t]->one[f].f32(POINTS, y32[t], x32);
        tables[t]->one[f].f64(POINTS, y64[t], x64);
    }
    tally f32 = { 0 }, f64 = { 0 };
    for (int i = 0; i < POINTS; i++) {
        count(&f32, vmath_error(f, 0, (double)x32[i], (double)y32[0][i]), r->f32, (double)x32[i], 0,
              (double)y32[0][i]);
        count(&f64, vmath_error(f, 1, x64[i], y64[0][i]), r->f64, x64[i], 0, y64[0][i]);
        for (int t = 1; t < TABLES; t++) {
            f32.other_bits += have(t) && !same_f32(y32[t][i], y32[0][i]);
            f64.other_bits += have(t) && !same_f64(y64[t][i], y64[0][i]);
        }
    }
    conclude(&f32, r->name, "float", r->f32);
    conclude(&f64, r->name, "double", r->f64);
}

ParameterizedTestParameters(vmath, of_two_numbers) { return numbers_below(VMATH_FUNCTIONS2); }
ParameterizedTest(int *function, vmath, of_two_numbers, .timeout = 120)
{
    static double a64[POINTS], b64[POINTS], y64[TABLES][POINTS];
    static float a32[POINTS], b32[POINTS], y32[TABLES][POINTS];
    const int f = *function;
    const row *r = &two[f];
    for (int i = 0; i < POINTS; i++) {
        const bool pair = i < SPECIALS * SPECIALS;
        a64[i] = pair ? special[i / SPECIALS] : point(true, 3, (uint64_t)i);
        b64[i] = pair ? special[i % SPECIALS] : point(true, 4, (uint64_t)i);
        a32[i] = pair ? (float)a64[i] : (float)point(false, 5, (uint64_t)i);
        b32[i] = pair ? (float)b64[i] : (float)point(false, 6, (uint64_t)i);
    }
    for (int t = 0; t < TABLES; t++) {
        if (!have(t)) continue;
        tables[t]->two[f].f32(POINTS, y32[t], a32, b32);
        tables[t]->two[f].f64(POINTS, y64[t], a64, b64);
    }
    tally f32 = { 0 }, f64 = { 0 };
    for (int i = 0; i < POINTS; i++) {
        count(&f32, vmath_error2(f, 0, (double)a32[i], (double)b32[i], (double)y32[0][i]), r->f32,
              (double)a32[i], (double)b32[i], (double)y32[0][i]);
        count(&f64, vmath_error2(f, 1, a64[i], b64[i], y64[0][i]), r->f64, a64[i], b64[i], y64[0][i]);
        for (int t = 1; t < TABLES; t++) {
            f32.other_bits += have(t) && !same_f32(y32[t][i], y32[0][i]);
            f64.other_bits += have(t) && !same_f64(y64[t][i], y64[0][i]);
        }
    }
    conclude(&f32, r->name, "float", r->f32);
    conclude(&f64, r->name, "double", r->f64);
}
