/* Philox 4x32-10 over many counters at a time, and dropout (random.h). Each word of the state is an array of
 * 64-bit numbers, one a lane, so that the products of 32-bit words are whole and the loops become vector
 * code.
 */
#include "random.h"

enum { LANES = 16, BLOCK = 64 * LANES };

/* Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011. */
static const uint32_t MULTIPLY_0 = 0xD2511F53, MULTIPLY_1 = 0xCD9E8D57, WEYL_0 = 0x9E3779B9,
                      WEYL_1 = 0xBB67AE85;

static inline void lanes(uint64_t seed, uint64_t first, uint64_t w[4][LANES])
{
    uint32_t key_0 = (uint32_t)seed, key_1 = (uint32_t)(seed >> 32);
    for (int i = 0; i < LANES; i++) {
        const uint64_t draw = first + (uint64_t)i;
        w[0][i] = (uint32_t)draw, w[1][i] = draw >> 32, w[2][i] = w[3][i] = 0;
    }
    for (int round = 0; round < 10; round++, key_0 += WEYL_0, key_1 += WEYL_1)
        for (int i = 0; i < LANES; i++) {
            const uint64_t a = w[0][i] * MULTIPLY_0, b = w[2][i] * MULTIPLY_1;
            w[0][i] = (b >> 32) ^ w[1][i] ^ key_0;
            w[1][i] = (uint32_t)b;
            w[2][i] = (a >> 32) ^ w[3][i] ^ key_1;
            w[3][i] = (uint32_t)a;
        }
}

static void words(uint64_t seed, uint64_t first, int64_t draws, uint32_t *out)
{
    uint64_t w[4][LANES];
    for (int64_t at = 0; at < draws; at += LANES) {
        const int count = draws - at < LANES ? (int)(draws - at) : LANES;
        lanes(seed, first + (uint64_t)at, w);
        uint32_t *to = out + 4 * at;
        if (count == LANES)
            for (int i = 0; i < LANES; i++)
                for (int k = 0; k < 4; k++) to[4 * i + k] = (uint32_t)w[k][i];
        else
            for (int i = 0; i < count; i++)
                for (int k = 0; k < 4; k++) to[4 * i + k] = (uint32_t)w[k][i];
    }
}

#define T float
#define NAME(part) f32_##part
#include "random_drop.h"
#undef T
#undef NAME

#define T double
#define NAME(part) f64_##part
#include "random_drop.h"
#undef T
#undef NAME

const fx_random_kernels FX_KERNEL_TABLE(random) = { words, f32_drop, f64_drop };
