/* Vectors for gemm_typed.h, included once for each type T (D is 1 for double): VEC, the widest that the
 * instruction set being compiled for has, and MASK, which stands for the first lanes of one.
 */
#undef VEC
#undef MASK
#undef LANES
#undef v_zero
#undef v_all
#undef v_load
#undef v_store
#undef v_add
#undef v_fma
#undef v_mask
#undef v_load_tail
#undef v_load_some
#undef v_store_some
#undef v_pick
#undef q_load
#undef q_store

#define VEC F(vec)
#define LANES ((int)(VEC_BYTES / sizeof(T)))
typedef T VEC __attribute__((vector_size(VEC_BYTES)));
/* As it may lie in memory: on the boundary of a number, not of a vector. */
typedef T F(vec_in_memory) __attribute__((vector_size(VEC_BYTES), aligned(sizeof(T)), may_alias));

/* Four numbers, for transposing. */
typedef T F(four) __attribute__((vector_size(4 * sizeof(T))));
typedef T F(four_in_memory) __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias));
#define q_load(p) ((F(four)) * (const F(four_in_memory) *)(p))
#define q_store(p, v) ((void)(*(F(four_in_memory) *)(p) = (v)))

#define v_zero() ((VEC){ 0 })
#define v_all(x) ((x) - (VEC){ 0 }) /* which compilers know to be x */
#define v_load(p) ((VEC) * (const F(vec_in_memory) *)(p))
#define v_store(p, v) ((void)(*(F(vec_in_memory) *)(p) = (v)))
#define v_add(x, y) ((x) + (y))

#if defined(__AVX512F__)
#if D
#define MASK __mmask8
#define v_fma(x, y, z) ((VEC)_mm512_fmadd_pd(x, y, z))
#define v_load_some(p, mask) ((VEC)_mm512_maskz_loadu_pd(mask, p))
#define v_store_some(p, v, mask) _mm512_mask_storeu_pd(p, mask, v)
#define v_pick(x, y, s, odd) ((VEC)_mm512_permutex2var_pd(x, (__m512i)pick_f64[s][odd], y))
#else
#define MASK __mmask16
#define v_fma(x, y, z) ((VEC)_mm512_fmadd_ps(x, y, z))
#define v_load_some(p, mask) ((VEC)_mm512_maskz_loadu_ps(mask, p))
#define v_store_some(p, v, mask) _mm512_mask_storeu_ps(p, mask, v)
#define v_pick(x, y, s, odd) ((VEC)_mm512_permutex2var_ps(x, (__m512i)pick_f32[s][odd], y))
#endif
#define v_mask(lanes) ((MASK)((1u << (lanes)) - 1))
#define v_load_tail v_load_some /* of B: reads nothing behind its last column */
#else
#define MASK int
#if !defined(__FMA__)
#define v_fma(x, y, z) ((x) * (y) + (z))
#elif D
#define v_fma(x, y, z) ((VEC)_mm256_fmadd_pd(x, y, z))
#else
#define v_fma(x, y, z) ((VEC)_mm256_fmadd_ps(x, y, z))
#endif
#define v_mask(lanes) (lanes)
#define v_load_tail(p, mask) v_load(p) /* of B: padded with zeros */
#define v_load_some F(load_some)
#define v_store_some F(store_some)

static inline VEC F(load_some)(const T *p, int lanes)
{
    if (lanes == LANES) return v_load(p);
    VEC v = { 0 };
    memcpy(&v, p, (size_t)lanes * sizeof(T));
    return v;
}

static inline void F(store_some)(T *p, VEC v, int lanes)
{
    if (lanes == LANES)
        v_store(p, v);
    else
        memcpy(p, &v, (size_t)lanes * sizeof(T));
}
#endif
