/* Matrix products: C = A B, C += A B or C = A B + bias, over float and double.
 *
 * A and B are read where they lie, at any strides: a transposed operand is a pair of strides swapped. The
 * rows of C are contiguous. Invariant: an element of C is the sum, over blocks of k that depend on k alone,
 * of chains of fused multiply-adds in the order of k. So its bits depend on its row of A, its column of B and
 * the instruction set, but not on strides, the other rows and columns, or the number of threads. With one
 * column (n == 1) the chains run in lanes along k instead.
 */
#ifndef FLUXION_KERNELS_GEMM_H
#define FLUXION_KERNELS_GEMM_H

#include "kernels.h"

/* One product, or `batch` of them at fixed steps. Strides and steps are in elements. */
typedef struct fx_gemm {
    bool f64; /* the numbers are double, not float */
    int64_t m, n, k, batch;
    const void *a, *b;
    void *c;
    const void *bias; /* n numbers that are added to every row, or NULL */
    bool accumulate;  /* C += A B; bias is NULL */
    int64_t a_row, a_column, b_row, b_column, c_row;
    int64_t a_step, b_step, c_step; /* from one product of the batch to the next */
} fx_gemm;

/* Computes it on at most `threads` threads. work: fx__gemm_work() bytes, aligned to 64; NULL if that is 0. No
 * size may be negative; any may be 0 (with k == 0, C is 0, the bias or itself). C overlaps neither A nor B.
 */
void fx__gemm(int threads, const fx_gemm *g, void *work);
size_t fx__gemm_work(int threads, const fx_gemm *g);

/* True where it would call oneDNN. */
bool fx__gemm_by_library(const fx_gemm *g);

enum { FX_GEMM_WORK = 384 << 10 }; /* bytes that a block of any size gets along with */

struct fx_gemm_kernels {
    /* Rows [i0, i1) and columns [j0, j1) of one product. work: aligned to 64, FX_GEMM_WORK bytes. */
    void (*block_f32)(const fx_gemm *g, int64_t i0, int64_t i1, int64_t j0, int64_t j1, void *work);
    void (*block_f64)(const fx_gemm *g, int64_t i0, int64_t i1, int64_t j0, int64_t j1, void *work);
};

/* How k is cut: blocks of at most `most`, as even as multiples of 16 are. */
static inline int64_t fx__gemm_k_step(int64_t k, int64_t most)
{
    const int64_t blocks = (k + most - 1) / most;
    return blocks > 1 ? ((k + blocks - 1) / blocks + 15) / 16 * 16 : k;
}
enum { FX_GEMM_K_F32 = 384, FX_GEMM_K_F64 = 256 };

#endif
