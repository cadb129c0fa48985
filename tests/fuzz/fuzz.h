/* What a fuzz target is: one function of bytes, which aborts where it finds something. libFuzzer calls it
 * (libfuzzer.c), or a program without it that reads a corpus and makes random bytes besides (corpus.c). */
#ifndef FLUXION_TESTS_FUZZ_H
#define FLUXION_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What became of an input. */
typedef enum fuzz_verdict {
    FUZZ_RIGHT,
    FUZZ_MODIFIED,
    FUZZ_REFUSED,
    FUZZ_CONSTANT,
    FUZZ_VERDICTS
} fuzz_verdict;

fuzz_verdict fuzz_one(const uint8_t *data, size_t size);

#endif
