/* Matrix products for one instruction set, in float and double: the tiles that gemm.c calls and that large
 * products in float leave to oneDNN. gemm_typed.h has the loops, gemm_vector.h the vectors.
 */
#include "gemm.h"

#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* The tiles: rows x vectors of C, as many as leave registers for a row of B and a number of A. Few rows take
 * wider ones, so that enough sums are under way at once. */
#define ROWS_2(X, vectors) X(1, vectors) X(2, vectors)
#define ROWS_6(X, vectors) ROWS_2(X, vectors) X(3, vectors) X(4, vectors) X(5, vectors) X(6, vectors)
#define ROWS_14(X, vectors)                                                                                  \
    ROWS_6(X, vectors)                                                                                       \
    X(7, vectors)                                                                                            \
    X(8, vectors)                                                                                            \
    X(9, vectors)                                                                                            \
    X(10, vectors) X(11, vectors) X(12, vectors) X(13, vectors) X(14, vectors)
#if defined(__AVX512F__)
enum { VEC_BYTES = 64, TILE_ROWS = 14, TILE_ROWS_WIDE = 6 };
#define TILES(X) ROWS_14(X, 1) ROWS_14(X, 2) ROWS_6(X, 3) ROWS_6(X, 4)
#define TAIL_IN_PLACE 1
#else
#if defined(__AVX2__)
enum { VEC_BYTES = 32 };
#else
enum { VEC_BYTES = 16 };
#endif
enum { TILE_ROWS = 6, TILE_ROWS_WIDE = 2 };
#define TILES(X) ROWS_6(X, 1) ROWS_6(X, 2) ROWS_2(X, 3) ROWS_2(X, 4)
#define TAIL_IN_PLACE 0
#endif
enum { TILE_VECTORS = 4, ROW_BLOCK = 128, DOT_BLOCK = 2048, DOT_ROWS = 16 };

#if defined(__AVX512F__)
/* Of vectors x and y seen as runs of s lanes, the even or the odd runs of both in turn: lane l comes from
 * lane PICK. */
#define PICK(l, s, odd, lanes) ((l) & (s) ? (lanes) + (l) - ((odd) ? 0 : (s)) : (l) + ((odd) ? (s) : 0))
#define PICK_4(l, s, odd, lanes)                                                                             \
    PICK(l, s, odd, lanes), PICK((l) + 1, s, odd, lanes), PICK((l) + 2, s, odd, lanes),                      \
        PICK((l) + 3, s, odd, lanes)
#define PICK_8(s, odd)                                                                                       \
    {                                                                                                        \
        PICK_4(0, s, odd, 8), PICK_4(4, s, odd, 8)                                                           \
    }
#define PICK_16(s, odd)                                                                                      \
    {                                                                                                        \
        PICK_4(0, s, odd, 16), PICK_4(4, s, odd, 16), PICK_4(8, s, odd, 16), PICK_4(12, s, odd, 16)          \
    }
typedef int32_t lanes_f32 __attribute__((vector_size(64)));
typedef int64_t lanes_f64 __attribute__((vector_size(64)));
static const lanes_f32 pick_f32[9][2] = { [1] = { PICK_16(1, 0), PICK_16(1, 1) },
                                          [2] = { PICK_16(2, 0), PICK_16(2, 1) },
                                          [4] = { PICK_16(4, 0), PICK_16(4, 1) },
                                          [8] = { PICK_16(8, 0), PICK_16(8, 1) } };
static const lanes_f64 pick_f64[5][2] = { [1] = { PICK_8(1, 0), PICK_8(1, 1) },
                                          [2] = { PICK_8(2, 0), PICK_8(2, 1) },
                                          [4] = { PICK_8(4, 0), PICK_8(4, 1) } };
#endif

#define UNROLL _Pragma("GCC unroll 16")
#define SHUFFLE __builtin_shufflevector

/* What a tile adds to its products. */
typedef enum start_from { FROM_ZERO, FROM_BIAS, FROM_C } start_from;

#define T float
#define D 0
#define K_BLOCK FX_GEMM_K_F32
#define F(name) name##_f32
#include "gemm_typed.h"
#undef T
#undef D
#undef K_BLOCK
#undef F

#define T double
#define D 1
#define K_BLOCK FX_GEMM_K_F64
#define F(name) name##_f64
#include "gemm_typed.h"

extern const fx_gemm_kernels FX_KERNEL_TABLE(gemm);
const fx_gemm_kernels FX_KERNEL_TABLE(gemm) = { .block_f32 = block_f32, .block_f64 = block_f64 };
