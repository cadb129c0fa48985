/* Work on several threads, cut the same way for any number of them.
 */
#ifndef FLUXION_PARALLEL_H
#define FLUXION_PARALLEL_H

#include <stdint.h>

/* Calls function(data, begin, end) once for each block [0, grain), [grain, 2 * grain) ... of [0, n), on at
 * most `threads` threads. Which thread takes a block is left to chance; what the blocks are is not, so that a
 * result that is computed block by block has the same bits for any number of threads. No threads are woken
 * when n <= grain or threads <= 1: choose a grain whose work pays for waking one (about 10 microseconds).
 * Inside a parallel region it runs on the caller alone. */
void fx__parallel(int threads, int64_t n, int64_t grain,
                  void (*function)(void *data, int64_t begin, int64_t end), void *data);

#endif
