/* What a loop shows of itself while it runs. */
#ifndef FLUXION_DATA_PROGRESS_H
#define FLUXION_DATA_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { FX__NOTES = 4, FX__NOTE_NAME = 24 };

typedef struct fx_note {
    char name[FX__NOTE_NAME];
    double mean; /* over the last twentieth of the loop or so */
    int64_t count;
} fx_note;

typedef struct fx_progress {
    const char *label; /* NULL: nothing is shown */
    FILE *file;
    bool terminal;
    int64_t total, first, done; /* batches; `first` were done before */
    int64_t samples;
    double started, shown; /* seconds */
    int64_t shown_done;
    int notes;
    fx_note note[FX__NOTES];
} fx_progress;

void fx__progress_begin(fx_progress *p, const char *label, FILE *file, int64_t total, int64_t first);
/* A batch of so many samples is done. */
void fx__progress_step(fx_progress *p, int64_t samples);
void fx__progress_note(fx_progress *p, const char *name, double value);
void fx__progress_end(fx_progress *p);

#endif
