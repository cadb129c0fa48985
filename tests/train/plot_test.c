/* Curves as SVG: well-formed whatever the values and the words are, within the frame, and written whole. */
#include <fluxion/fluxion.h>

#include <criterion/criterion.h>
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/fluxion-plot-XXXXXX";
static fx_context *cx;
static void start(void)
{
    cr_assert(mkdtemp(folder) && !chdir(folder));
    cx = fx_context_new(.threads = 1);
}
static void stop(void)
{
    fx_context_free(cx);
    cr_assert(!unlink("a.svg") || access("a.svg", F_OK));
    cr_assert(!chdir("/") && !rmdir(folder), "nothing else is there");
}
TestSuite(plot, .init = start, .fini = stop);

static char *read_text(void)
{
    static char text[1 << 20];
    FILE *file = fopen("a.svg", "r");
    cr_assert(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    cr_assert(strlen(text) == n);
    return text;
}

/* Elements nest and close, attributes are quoted, and there is no other & than that of a number. */
static void expect_well_formed(const char *text)
{
    char open[16][16];
    int depth = 0, elements = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '&') cr_assert(c[1] == '#' && c[2] == 'x' && isxdigit((unsigned char)c[3]));
        if (*c != '<') continue;
        bool closing = c[1] == '/';
        char name[16];
        size_t n = strspn(c + 1 + closing, "abcdefghijklmnopqrstuvwxyz");
        cr_assert(n && n < sizeof name);
        memcpy(name, c + 1 + closing, n);
        name[n] = '\0';
        int quotes = 0;
        for (; *c && (*c != '>' || quotes % 2); c++) quotes += *c == '"';
        cr_assert(*c == '>' && quotes % 2 == 0);
        if (closing)
            cr_assert(depth > 0 && !strcmp(open[--depth], name));
        else if (c[-1] != '/') {
            cr_assert(depth < 16 && (depth || !elements));
            strcpy(open[depth++], name);
        }
        elements++;
    }
    cr_assert(depth == 0 && elements > 10);
    cr_expect(!strstr(text, "nan") && !strstr(text, "inf") && !strchr(text, '\r'));
}

/* That every point of every curve lies on the picture. */
static void expect_inside(const char *text)
{
    for (const char *c = text; (c = strstr(c, "class=\"curve"));) {
        c = strstr(c, "d=\"") + 3;
        while (*c != '"') {
            char *end;
            double x = strtod(c + (*c == 'M' || *c == ' '), &end), y = strtod(end, &end);
            cr_assert(x >= 69.9 && x <= 700.1 && y >= 39.9 && y <= 370.1, "%g %g", x, y);
            c = end;
        }
    }
}

static void check(const double *values, int64_t n)
{
    cr_assert(fx_plot_save(cx, "a.svg", .values = values, .count = n,
                           .title = "a < b & \"c\"\x01\xff \xc3\xa9", .x_label = ">",
                           .y_label = "]]>") == FX_OK,
              "%s", fx_error_message(cx));
    expect_well_formed(read_text());
    expect_inside(read_text());
}

Test(plot, values_of_all_kinds)
{
    static double v[20000];
    check(NULL, 0);
    for (int i = 0; i < 20000; i++) v[i] = 2 * exp(-i / 3000.0) + 0.3 * sin(i);
    for (int64_t n = 1; n <= 20000; n = n * 3 + 1) check(v, n);
    check(v, 20000);
    const double kinds[][4] = {
        { 1, 1, 1, 1 },           { 0, 0, 0, 0 },          { NAN, NAN, INFINITY, -INFINITY },
        { 1, NAN, 2, 3 },         { -1e308, 1e308, 0, 1 }, { 1e-308, 2e-308, 5e-324, 0 },
        { 1e15, 1e15 + 1, 1e15 }, { -5, -4, NAN, -3 }
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) check(kinds[i], 4);
    v[17] = INFINITY, v[18] = NAN, v[19] = 1e300;
    check(v, 20000);
    check(v, 150);
}

Test(plot, what_it_says)
{
    const double v[] = { 1, 2, 3 };
    cr_assert(fx_plot_save(cx, "a.svg", .values = v, .count = 3, .title = "loss", .x_label = "batch",
                           .y_label = "y") == FX_OK);
    const char *text = read_text();
    cr_expect(strstr(text, ">loss</text>") && strstr(text, ">batch</text>") && strstr(text, ">0.5</text>"),
              "%s", text);
    cr_expect(strstr(text, "d=\"M70.0 370.0 385.0 205.0 700.0 40.0\""), "%s", text);
}

Test(plot, a_locale_changes_nothing)
{
    const double v[] = { 0.5, 2.25, 1 };
    cr_assert(fx_plot_save(cx, "a.svg", .values = v, .count = 3) == FX_OK);
    char *before = strdup(read_text());
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "de_DE")) {
        free(before);
        cr_skip_test("no locale with a comma is installed");
    }
    cr_assert(fx_plot_save(cx, "a.svg", .values = v, .count = 3) == FX_OK);
    cr_expect(!strcmp(before, read_text()));
    free(before);
}

Test(plot, errors)
{
    const double v[] = { 1 };
    cr_expect(fx_plot_save(cx, "nowhere/a.svg", .values = v, .count = 1) == FX_ERROR_FILE);
    cr_expect(strstr(fx_error_message(cx), "plot: nowhere/a.svg: cannot be written"), "%s",
              fx_error_message(cx));
    fx_error_clear(cx);
    cr_expect(fx_plot_save(cx, "a.svg", .count = 1) == FX_ERROR_ARGUMENT);
    fx_error_clear(cx);
    cr_expect(fx_plot_save(cx, "a.svg", .values = v, .count = 1, .step = 0) == FX_ERROR_ARGUMENT);
    cr_expect(access("a.svg", F_OK));
}
