/* A random program while it runs, and its steps (steps.c), for the target that ends it (graphs.c). */
#ifndef FLUXION_TESTS_FUZZ_GRAPHS_H
#define FLUXION_TESTS_FUZZ_GRAPHS_H

#include "fuzz.h"
#include "sample.h"
#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 20, STORES = 24, TRACKS = 4, STEPS = 24, LARGEST = 600, SLOTS = FX_SAMPLE_TENSORS };

typedef struct bytes {
    const uint8_t *at, *end;
} bytes;

static inline unsigned draw(bytes *b, unsigned n)
{
    const unsigned byte = b->at < b->end ? *b->at++ : 0;
    return n ? byte % n : byte;
}

/* ---- the program's state ------------------------------------------------------------------------------- */

/* Memory: who owns it in the program, and the flat tensors that stand for it in the functional one. */
typedef struct store {
    const fx_tensor *owner;
    fx_tensor *flat[TRACKS];
    int tracks;
} store;

typedef struct item {
    fx_tensor *x; /* in the program */
    int store, track;
} item;

typedef struct program {
    bytes in;
    fx_context *as_written, *functional;
    item items[ITEMS];
    store stores[STORES];
    int count, stored;
    fx_tensor *leaf[2], *functional_leaf[2];
    bool recording, stop, trace, failing;
    int done; /* steps that did something */
} program;

#define FINDING(p, ...)                                                                                      \
    do {                                                                                                     \
        fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                                      \
        fprintf(stderr, __VA_ARGS__);                                                                        \
        fprintf(stderr, "\n  as written: %s\n  functional: %s\n", fx_error_message((p)->as_written),         \
                fx_error_message((p)->functional));                                                          \
        abort();                                                                                             \
    } while (0)
#define TRACE(p, ...)                                                                                        \
    do {                                                                                                     \
        if ((p)->trace) fprintf(stderr, __VA_ARGS__);                                                        \
    } while (0)

/* An error of the program names the line (but that memory is out), and lets it go on. */
void fuzz_clear(program *p, fx_context *cx);
/* The counterpart of an item: its numbers, from the flat tensor that stands for its memory. */
fx_tensor *fuzz_read(const program *p, const item *t);
/* A result with memory of its own joins the program, and so does its counterpart. */
void fuzz_push(program *p, fx_tensor *x, fx_tensor *counterpart);
/* One thing that the next bytes say. */
void fuzz_step(program *p);

bool fuzz_same_numbers(const fx_tensor *a, const fx_tensor *b);
/* Numbers that derivatives of a few ops more keep in the range of a double. */
bool fuzz_moderate(const fx_tensor *x);

#endif
