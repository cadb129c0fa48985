/* Work on several threads, cut the same way for any number of them.
 */
#ifndef FLUXION_PARALLEL_H
#define FLUXION_PARALLEL_H

#include <stdatomic.h>
#include <stdint.h>

/* Calls function(data, begin, end) once for each block [0, grain), [grain, 2 * grain) ... of [0, n), on at
 * most `threads` threads. Which thread takes a block is left to chance; what the blocks are is not, so that a
 * result that is computed block by block has the same bits for any number of threads. No threads are woken
 * when n <= grain or threads <= 1: choose a grain whose work pays for waking one (about 10 microseconds).
 * Inside a parallel region it runs on the caller alone. */
void fx__parallel(int threads, int64_t n, int64_t grain,
                  void (*function)(void *data, int64_t begin, int64_t end), void *data);

/* Working memory for a thread: whichever of as many pieces as there are threads (64 at most) is free. `taken`
 * is 0 to begin with. */
static inline int fx__take_slot(_Atomic uint64_t *taken)
{
    uint64_t now = atomic_load(taken);
    int slot;
    do slot = __builtin_ctzll(~now);
    while (!atomic_compare_exchange_weak(taken, &now, now | 1ull << slot));
    return slot;
}
static inline void fx__give_slot(_Atomic uint64_t *taken, int slot)
{
    atomic_fetch_and(taken, ~(1ull << slot));
}

#endif
