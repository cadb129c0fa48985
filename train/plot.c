/* A curve as an SVG file: a frame, ticks at round numbers, the curve, and over many values their running
 * mean.
 *
 * Coordinates are written as whole tenths of a pixel, not by printf's %f: the decimal point of a locale is no
 * part of SVG.
 */
#include "data/file.h"

#include <fluxion/train.h>

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum {
    WIDTH = 720,
    HEIGHT = 420,
    LEFT = 70,
    RIGHT = 20,
    TOP = 40,
    BOTTOM = 50,
    INNER = WIDTH - LEFT - RIGHT,
    MANY = 100
};

typedef struct plot {
    fx_new_file file;
    const fx_plot_args *args;
    double x0, x1, y0, y1; /* what the frame shows */
} plot;

__attribute__((format(printf, 2, 3))) static void put(plot *p, const char *format, ...)
{
    char text[256];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (n > 0) fx__new_file_write(&p->file, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* Text as XML may hold it. */
static void put_words(plot *p, const char *words)
{
    const unsigned char *at = (const unsigned char *)words;
    for (uint64_t left = strlen(words); left;) {
        int n;
        uint32_t code = fx__utf8(at, left, &n);
        bool fits = n && code >= 0x20 && (code & 0xfffe) != 0xfffe;
        if (!fits || code == '&' || code == '<' || code == '>')
            put(p, "&#x%x;", fits ? (unsigned)code : 0xfffdu);
        else
            fx__new_file_write(&p->file, at, (size_t)n);
        at += n ? n : 1;
        left -= (uint64_t)(n ? n : 1);
    }
}

static void put_number(plot *p, double x)
{
    char text[40];
    snprintf(text, sizeof text, "%.6g", x);
    for (char *c = text; *c; c++)
        if (*c == ',') *c = '.';
    put(p, "%s", text);
}

static void put_tenths(plot *p, double pixels)
{
    long tenths = lround(pixels * 10);
    put(p, "%ld.%ld", tenths / 10, tenths % 10);
}

static double across(const plot *p, double x) { return LEFT + (x - p->x0) / (p->x1 - p->x0) * INNER; }
static double down(const plot *p, double y)
{
    return HEIGHT - BOTTOM - (y - p->y0) / (p->y1 - p->y0) * (HEIGHT - TOP - BOTTOM);
}

/* ---- the frame -------------------------------------------------------------------------------------------
 */

/* A round distance (1, 2 or 5 times a power of ten) that divides the range into at most n. */
static double round_step(double range, int n)
{
    double power = pow(10, floor(log10(range / n))), most = range / n / power;
    return power * (most <= 1 ? 1 : most <= 2 ? 2 : most <= 5 ? 5 : 10);
}

/* Widens an empty range, so that it can be divided by. */
static void widen(double *low, double *high)
{
    double margin = fmax(fabs(*high), fabs(*low)) * 1e-6 + 1e-300;
    if (*high - *low > margin) return;
    margin = *high ? fabs(*high) * 0.5 : 1;
    *low -= margin;
    *high += margin;
}

static void put_ticks(plot *p, bool vertical)
{
    double low = vertical ? p->y0 : p->x0, high = vertical ? p->y1 : p->x1,
           step = round_step(high - low, vertical ? 6 : 8);
    for (int i = 0; i < 20; i++) {
        double value = (ceil(low / step) + i) * step;
        if (!(value <= high + step * 1e-9)) break;
        if (fabs(value) < step * 1e-9) value = 0;
        put(p, vertical ? "<path class=\"grid\" d=\"M%d " : "<path class=\"grid\" d=\"M", LEFT);
        put_tenths(p, vertical ? down(p, value) : across(p, value));
        put(p, vertical ? "H%d\"/>" : " %dV%d\"/>", vertical ? WIDTH - RIGHT : HEIGHT - BOTTOM, TOP);
        put(p, vertical ? "<text text-anchor=\"end\" x=\"%d\" y=\"" : "<text text-anchor=\"middle\" x=\"",
            LEFT - 8);
        put_tenths(p, vertical ? down(p, value) + 4 : across(p, value));
        put(p, vertical ? "\">" : "\" y=\"%d\">", HEIGHT - BOTTOM + 18);
        put_number(p, value);
        put(p, "</text>\n");
    }
}

static void put_frame(plot *p)
{
    put(p, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\"",
        WIDTH, HEIGHT, WIDTH, HEIGHT);
    put(p, " font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n<title>");
    put_words(p, p->args->title ? p->args->title : "");
    put(p, "</"
           "title>\n<style>.grid{stroke:#ddd}.curve{fill:none;stroke:#2a6fb0;stroke-width:2;stroke-linejoin:"
           "round}"
           ".pale{stroke:#9cc3e6;stroke-width:1}</style>\n");
    put(p, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", WIDTH, HEIGHT);
    put_ticks(p, false);
    put_ticks(p, true);
    put(p, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#333\"/>\n", LEFT, TOP,
        INNER, HEIGHT - TOP - BOTTOM);
    put(p, "<text x=\"%d\" y=\"24\" text-anchor=\"middle\" font-size=\"16\">", LEFT + INNER / 2);
    put_words(p, p->args->title ? p->args->title : "");
    put(p, "</text>\n<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">", LEFT + INNER / 2, HEIGHT - 12);
    put_words(p, p->args->x_label ? p->args->x_label : "");
    put(p, "</text>\n<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">",
        TOP + (HEIGHT - TOP - BOTTOM) / 2);
    put_words(p, p->args->y_label ? p->args->y_label : "");
    put(p, "</text>\n");
}

/* ---- the curve -------------------------------------------------------------------------------------------
 */

static void put_point(plot *p, bool *begun, double x, double y)
{
    put(p, *begun ? " " : "M");
    put_tenths(p, across(p, x));
    put(p, " ");
    put_tenths(p, down(p, fmin(fmax(y, p->y0), p->y1)));
    *begun = true;
}

static double x_of(const plot *p, int64_t i) { return p->args->first + p->args->step * (double)i; }

/* The values themselves; where several fall on a pixel's breadth, the least and the largest of them. */
static void put_values(plot *p)
{
    const double *v = p->args->values;
    int64_t n = p->args->count, pieces = n > 2 * INNER ? INNER : n;
    bool begun = false;
    for (int64_t k = 0; k < pieces; k++) {
        int64_t from = k * (n / pieces) + k * (n % pieces) / pieces;
        int64_t to = (k + 1) * (n / pieces) + (k + 1) * (n % pieces) / pieces, least = -1, most = -1;
        for (int64_t i = from; i < to; i++) {
            if (!isfinite(v[i])) continue;
            if (least < 0 || v[i] < v[least]) least = i;
            if (most < 0 || v[i] > v[most]) most = i;
        }
        if (least < 0)
            begun = false;
        else {
            put_point(p, &begun, x_of(p, least < most ? least : most), v[least < most ? least : most]);
            if (least != most)
                put_point(p, &begun, x_of(p, least < most ? most : least), v[least < most ? most : least]);
        }
    }
}

/* The mean of the last fiftieth of all values, at up to 400 places. */
static void put_mean(plot *p)
{
    const double *v = p->args->values;
    int64_t n = p->args->count, span = n / 50 > 1 ? n / 50 : 1, apart = n / 400 > 1 ? n / 400 : 1, inside = 0;
    bool begun = false;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isfinite(v[i])) sum += v[i], inside++;
        if (i >= span && isfinite(v[i - span])) sum -= v[i - span], inside--;
        if (i % apart && i != n - 1) continue;
        if (inside)
            put_point(p, &begun, x_of(p, i), sum / (double)inside);
        else
            begun = false;
    }
}

static void find_range(plot *p)
{
    const fx_plot_args *a = p->args;
    p->y0 = INFINITY;
    p->y1 = -INFINITY;
    for (int64_t i = 0; i < a->count; i++)
        if (isfinite(a->values[i])) {
            p->y0 = fmin(p->y0, a->values[i]);
            p->y1 = fmax(p->y1, a->values[i]);
        }
    if (!(p->y0 <= p->y1)) p->y0 = 0, p->y1 = 1;
    p->y0 = fmax(p->y0, -1e307); /* so that differences are finite */
    p->y1 = fmin(p->y1, 1e307);
    p->x0 = a->first;
    p->x1 = x_of(p, a->count > 1 ? a->count - 1 : 1);
    widen(&p->y0, &p->y1);
    double step = round_step(p->y1 - p->y0, 6);
    p->y0 = floor(p->y0 / step) * step;
    p->y1 = ceil(p->y1 / step) * step;
}

fx_status fx_plot_save_at(fx_plot_args args, fx_where where)
{
    if (!args.cx) return FX_ERROR_ARGUMENT;
    if (args.count < 0 || (args.count && !args.values) || !isfinite(args.first) || !(args.step > 0) ||
        !isfinite(args.step))
        return fx_error_set(args.cx, FX_ERROR_ARGUMENT, where,
                            "plot: there are no values, or the step is not above 0");
    plot p = { .args = &args };
    if (!fx__new_file_open(&p.file, args.cx, "plot", args.path, where)) return FX_ERROR_FILE;
    find_range(&p);
    put_frame(&p);
    put(&p, "<path class=\"curve%s\" d=\"", args.count > MANY ? " pale" : "");
    put_values(&p);
    put(&p, "\"/>\n");
    if (args.count > MANY) {
        put(&p, "<path class=\"curve\" d=\"");
        put_mean(&p);
        put(&p, "\"/>\n");
    }
    put(&p, "</svg>\n");
    return fx__new_file_commit(&p.file);
}
