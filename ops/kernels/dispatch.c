/* Which kernels run: asked of the processor once, at the first use, and kept in the one global of the
 * library.
 * __builtin_cpu_supports() knows of the system too (it asks XGETBV whether it saves the wide registers). Two
 * threads that pick at the same time find the same tables, so the store needs no lock.
 */
#include "kernels.h"

#include "config.h"

#include <stdlib.h>
#include <string.h>

#define FX__EXTERN(family)                                                                                   \
    extern const fx_##family##_kernels fx__##family##_portable, fx__##family##_avx2, fx__##family##_avx512;
FX_KERNEL_FAMILIES(FX__EXTERN)

#define FX__PORTABLE(family) .family = &fx__##family##_portable,
#define FX__AVX2(family) .family = &fx__##family##_avx2,
#define FX__AVX512(family) .family = &fx__##family##_avx512,

static const fx_kernels tables[] = {
    { .isa = FX_ISA_PORTABLE, FX_KERNEL_FAMILIES(FX__PORTABLE) },
#if FX_HAVE_X86_KERNELS
    { .isa = FX_ISA_AVX2, FX_KERNEL_FAMILIES(FX__AVX2) },
    { .isa = FX_ISA_AVX512, FX_KERNEL_FAMILIES(FX__AVX512) },
#endif
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

_Atomic(const fx_kernels *) fx__kernels_now;

static bool machine_has(fx_isa isa)
{
#if FX_HAVE_X86_KERNELS
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (isa == FX_ISA_AVX2) return avx2;
    if (isa == FX_ISA_AVX512)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#endif
    return isa == FX_ISA_PORTABLE;
}

const fx_kernels *fx__kernels_of(fx_isa isa)
{
    return (int)isa < TABLES && machine_has(isa) ? &tables[isa] : NULL;
}

/* What the environment caps at; a word that it does not know caps nothing. */
static fx_isa environment_cap(void)
{
    static const char *const words[FX_ISA_COUNT] = { "portable", "avx2", "avx512" };
    const char *word = getenv("FX_ISA");
    for (int i = 0; word && i < FX_ISA_COUNT; i++)
        if (strcmp(word, words[i]) == 0) return (fx_isa)i;
    return FX_ISA_COUNT;
}

static const fx_kernels *best_below(fx_isa cap)
{
    fx_isa environment = environment_cap();
    int isa = TABLES - 1;
    while (isa > 0 && (isa > (int)cap || isa > (int)environment || !machine_has((fx_isa)isa))) isa--;
    atomic_store_explicit(&fx__kernels_now, &tables[isa], memory_order_relaxed);
    return &tables[isa];
}

const fx_kernels *fx__kernels_pick(void) { return best_below(FX_ISA_COUNT); }

fx_isa fx__kernels_cap(fx_isa best) { return best_below(best)->isa; }
