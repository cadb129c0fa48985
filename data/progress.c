/* Progress: on a terminal one line that is drawn anew, ten times a second at most, its bar as wide as the
 * words leave room for,
 *
 *     epoch  [############--------]  60 %  loss 0.4312  54,321 samples/s  2 s left
 *
 * and elsewhere a line of its own after each tenth of the way that took a second, or after five seconds.
 */
#include "progress.h"
#include "file.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double redraw_seconds = 0.1, line_seconds = 1, slow_line_seconds = 5;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void fx__progress_begin(fx_progress *p, const char *label, FILE *file, int64_t total, int64_t first)
{
    *p = (fx_progress){ .label = label,
                        .file = file ? file : stderr,
                        .total = total,
                        .first = first,
                        .done = first,
                        .shown_done = first };
    if (!label) return;
    const char *kind = getenv("TERM");
    int descriptor = fileno(p->file);
    p->terminal = descriptor >= 0 && isatty(descriptor) && kind && strcmp(kind, "dumb");
    p->started = p->shown = now();
}

void fx__progress_note(fx_progress *p, const char *name, double value)
{
    if (!p->label || !name) return;
    int i = 0;
    while (i < p->notes && strncmp(p->note[i].name, name, FX__NOTE_NAME - 1)) i++;
    if (i == FX__NOTES) return;
    fx_note *note = &p->note[i];
    if (i == p->notes) {
        p->notes++;
        snprintf(note->name, sizeof note->name, "%s", name);
    }
    const int64_t part = p->total / 20;
    const double span = part > 10 ? (double)part : 10;
    note->count++;
    note->mean += (value - note->mean) / ((double)note->count < span ? (double)note->count : span);
}

/* ---- words -----------------------------------------------------------------------------------------------
 */

typedef struct line {
    char text[400];
    size_t length;
} line;

__attribute__((format(printf, 2, 3))) static void add(line *l, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int n = vsnprintf(l->text + l->length, sizeof l->text - l->length, format, list);
    va_end(list);
    if (n > 0) l->length += (size_t)n;
    if (l->length >= sizeof l->text) l->length = sizeof l->text - 1;
}

static void add_duration(line *l, double seconds)
{
    int64_t s = (int64_t)(seconds + 0.5);
    if (seconds < 9.95)
        add(l, "%.1f s", seconds);
    else if (s < 120)
        add(l, "%d s", (int)s);
    else if (s < 7200)
        add(l, "%d min %02d s", (int)(s / 60), (int)(s % 60));
    else
        add(l, "%lld h %02d min", (long long)(s / 3600), (int)(s / 60 % 60));
}

static void add_notes(line *l, const fx_progress *p)
{
    for (int i = 0; i < p->notes; i++) add(l, "  %s %.4g", p->note[i].name, p->note[i].mean);
}

static void add_speed(line *l, const fx_progress *p, double elapsed)
{
    fx_number_text grouped;
    double speed = elapsed > 0 ? (double)p->samples / elapsed : 0;
    if (speed >= 10)
        add(l, "  %s samples/s", fx__grouped((uint64_t)(speed + 0.5), &grouped));
    else
        add(l, "  %.2g samples/s", speed);
}

/* ---- showing ---------------------------------------------------------------------------------------------
 */

static int columns(const fx_progress *p)
{
    struct winsize size;
    return !ioctl(fileno(p->file), TIOCGWINSZ, &size) && size.ws_col > 20 ? size.ws_col : 80;
}

/* A bar as wide as the words leave room for, up to 20; none where they leave little. */
static void add_bar(line *l, double fraction, int room)
{
    enum { LEAST = 4, MOST = 20, FRAME = 4 };
    static const char full[] = "####################", empty[] = "--------------------";
    const int width = room - FRAME > MOST ? MOST : room - FRAME, done = (int)(fraction * width);
    if (width >= LEAST) add(l, "[%.*s%.*s]  ", done, full, width - done, empty);
}

static void show(fx_progress *p, double time)
{
    line words = { .length = 0 }, l = { .length = 0 };
    double elapsed = time - p->started, fraction = p->total ? (double)p->done / (double)p->total : 1;
    add(&words, "%3d %%", (int)(100 * fraction));
    add_notes(&words, p);
    add_speed(&words, p, elapsed);
    if (p->done > p->first && p->done < p->total) {
        add(&words, "  ");
        add_duration(&words, elapsed * (double)(p->total - p->done) / (double)(p->done - p->first));
        add(&words, " left");
    }
    add(&l, "%s  ", p->label);
    if (p->terminal) add_bar(&l, fraction, columns(p) - 1 - (int)(l.length + words.length));
    add(&l, "%s", words.text);
    if (p->terminal)
        fprintf(p->file, "\r%.*s\033[K", columns(p) - 1, l.text);
    else
        fprintf(p->file, "%s\n", l.text);
    fflush(p->file);
    p->shown = time;
    p->shown_done = p->done;
}

void fx__progress_step(fx_progress *p, int64_t samples)
{
    p->done++;
    p->samples += samples;
    if (!p->label || p->done >= p->total) return;
    double time = now(), since = time - p->shown;
    bool tenth = (p->done - p->shown_done) * 10 >= p->total;
    if (p->terminal ? since >= redraw_seconds
                    : (tenth && since >= line_seconds) || since >= slow_line_seconds)
        show(p, time);
}

void fx__progress_end(fx_progress *p)
{
    if (!p->label) return;
    line l = { .length = 0 };
    fx_number_text a, b;
    double elapsed = now() - p->started;
    add(&l, "%s  %s batches, %s samples", p->label, fx__grouped((uint64_t)(p->done - p->first), &a),
        fx__grouped((uint64_t)p->samples, &b));
    if (p->done < p->total) add(&l, " (stopped at %d %%)", (int)(100 * (double)p->done / (double)p->total));
    add_notes(&l, p);
    add_speed(&l, p, elapsed);
    add(&l, "  in ");
    add_duration(&l, elapsed);
    fprintf(p->file, p->terminal ? "\r%s\033[K\n" : "%s\n", l.text);
    fflush(p->file);
    p->label = NULL;
}
