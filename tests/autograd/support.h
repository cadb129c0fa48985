/* What the tests of the engine share: numbers in and out, errors that must come, ops that count or fail. */
#ifndef FLUXION_TESTS_AUTOGRAD_SUPPORT_H
#define FLUXION_TESTS_AUTOGRAD_SUPPORT_H

#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wunused-function"

static fx_context *context_new(void) { return fx_context_new(.threads = 1, .dtype = FX_F64, .seed = 1); }

/* Ends a test: nothing went wrong that was not asked for. */
static void context_end(fx_context *cx)
{
    cr_assert(fx_error(cx) == FX_OK, "an error is left: %s", fx_error_message(cx));
    fx_context_free(cx);
}

#define COUNT(...) ((int)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double)))
/* A float64 vector of the numbers given, and one that requires a gradient. */
#define VECTOR(cx, ...) fx_from(cx, FX_F64, ((double[]){ __VA_ARGS__ }), COUNT(__VA_ARGS__))
#define LEAF(cx, ...) fx_parameter(VECTOR(cx, __VA_ARGS__))
#define MATRIX(cx, rows, columns, ...) fx_from(cx, FX_F64, ((double[]){ __VA_ARGS__ }), rows, columns)

static double number(const fx_tensor *x, int64_t i)
{
    cr_assert_not_null(x);
    cr_assert(i < fx_numel(x));
    double *all = malloc(sizeof *all * (size_t)fx_numel(x));
    cr_assert(fx_copy_out(x, FX_F64, all) == FX_OK);
    double value = all[i];
    free(all);
    return value;
}

static void expect_numbers(const fx_tensor *x, int count, const double *expected, double tolerance, int line)
{
    cr_assert_not_null(x, "line %d: there is no tensor", line);
    cr_assert(fx_numel(x) == count, "line %d: %d numbers, not %d", line, (int)fx_numel(x), count);
    for (int i = 0; i < count; i++) {
        double value = number(x, i);
        bool same = value == expected[i] || (isnan(value) && isnan(expected[i])) ||
                    fabs(value - expected[i]) <= tolerance * fabs(expected[i]);
        cr_assert(same, "line %d: number %d is %.17g, not %.17g", line, i, value, expected[i]);
    }
}
#define NUMBERS(x, ...) expect_numbers(x, COUNT(__VA_ARGS__), (double[]){ __VA_ARGS__ }, 0, __LINE__)
#define NEARLY(x, tolerance, ...)                                                                            \
    expect_numbers(x, COUNT(__VA_ARGS__), (double[]){ __VA_ARGS__ }, tolerance, __LINE__)

static void expect_all(const fx_tensor *x, double expected, int line)
{
    cr_assert_not_null(x, "line %d: there is no tensor", line);
    for (int64_t i = 0; i < fx_numel(x); i++)
        cr_assert(number(x, i) == expected, "line %d: number %d is %.17g, not %g", line, (int)i, number(x, i),
                  expected);
}
#define ALL(x, expected) expect_all(x, expected, __LINE__)

static bool same_bits(const fx_tensor *a, const fx_tensor *b) { return fx_digest(a) == fx_digest(b); }

/* An error stands, of that code, whose text contains all the parts; it is cleared. */
static void expect_error(fx_context *cx, fx_status code, const char *part, int line)
{
    cr_assert(fx_error(cx) == code, "line %d: status %d (%s), not %d", line, (int)fx_error(cx),
              fx_error_message(cx), (int)code);
    cr_assert(strstr(fx_error_message(cx), part), "line %d: \"%s\" does not say \"%s\"", line,
              fx_error_message(cx), part);
    fx_error_clear(cx);
}
#define REFUSED(cx, code, part) expect_error(cx, FX_ERROR_##code, part, __LINE__)

/* The text of this line as an error has it: "file.c:12". */
static const char *place(const char *file, int line)
{
    static char text[8][128];
    static int next;
    char *t = text[next++ % 8];
    const char *slash = strrchr(file, '/');
    snprintf(t, sizeof text[0], "%s:%d", slash ? slash + 1 : file, line);
    return t;
}
#define PLACE place(__FILE__, __LINE__)

/* ---- ops that tell what happens to them ---------------------------------------------------------------- */

/* y = x; notes in a log that its gradient ran. */
static int gradient_log[64], gradient_count;

static void noted_forward(const fx_call *c)
{
    memcpy(fx_data(c->y), fx_data_const(c->x[0]), (size_t)fx_numel(c->y) * fx_dtype_size(fx_dtype_of(c->y)));
}
static void noted_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    gradient_log[gradient_count++ % 64] = *(const int *)c->options;
    gx[0] = g;
}
static const fx_op noted_op = { .name = "noted",
                                .formula = "y = x",
                                .inputs = 1,
                                .options_size = sizeof(int),
                                .shape = fx_shape_same,
                                .forward = noted_forward,
                                .local_grad = noted_local_grad };
static fx_tensor *noted(fx_tensor *x, int number)
{
    return fx_apply_at(&noted_op, FX_LIST(x), &number, NULL, FX_HERE);
}

/* y = x; its gradient fails. */
static void failing_local_grad(const fx_call *c, fx_tensor *g, fx_tensor *gx[])
{
    (void)g, (void)gx;
    fx_call_fail(c, FX_ERROR_USER, "simulated error on the way back");
}
static const fx_op failing_op = { .name = "failing",
                                  .formula = "y = x",
                                  .inputs = 1,
                                  .shape = fx_shape_same,
                                  .forward = noted_forward,
                                  .local_grad = failing_local_grad };
#define failing(x) fx_apply(&failing_op, x)

#endif
