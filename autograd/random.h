/* Counter-based random numbers. Draw i of a context is four 32-bit words, a pure function of the seed and of
 * i, so that a tensor is filled alike by any number of threads.
 */
#ifndef FLUXION_AUTOGRAD_RANDOM_H
#define FLUXION_AUTOGRAD_RANDOM_H

#include <stdint.h>

typedef struct fx_random_words {
    uint32_t at[4];
} fx_random_words;

/* Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011), by Random123. */
fx_random_words fx__random_words(uint64_t seed, uint64_t draw);

/* In [0, 1), from 24 and from 53 random bits. */
static inline float fx__uniform_f32(uint32_t a) { return (float)(a >> 8) * 0x1p-24f; }
static inline double fx__uniform_f64(uint32_t a, uint32_t b)
{
    return (double)(((uint64_t)a << 32 | b) >> 11) * 0x1p-53;
}

#endif
