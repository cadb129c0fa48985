/* The kernels: loops over memory, one table of each family for each instruction set.
 *
 * A family is a template file NAME_tmpl.c, compiled once per instruction set (ops/kernels/meson.build) with
 * FX_ISA defined as portable, avx2 or avx512. Everything in it is static but its table,
 * FX_KERNEL_TABLE(NAME), of the type fx_NAME_kernels that NAME.h declares. To add one: a row in
 * FX_KERNEL_FAMILIES, the header, the template's name in meson.build. fx__kernels() picks the tables once, by
 * what the processor and the system can do (dispatch.c).
 */
#ifndef FLUXION_KERNELS_H
#define FLUXION_KERNELS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FX_KERNEL_FAMILIES(X)                                                                                \
    X(elementwise) X(gemm) X(loss) X(normal) X(optim) X(pool) X(random) X(recurrent) X(reduce) X(softmax)

#define FX__KERNELS(family) typedef struct fx_##family##_kernels fx_##family##_kernels;
FX_KERNEL_FAMILIES(FX__KERNELS)
#undef FX__KERNELS

typedef enum fx_isa { FX_ISA_PORTABLE, FX_ISA_AVX2, FX_ISA_AVX512, FX_ISA_COUNT } fx_isa;

typedef struct fx_kernels {
    fx_isa isa;
#define FX__KERNELS(family) const fx_##family##_kernels *family;
    FX_KERNEL_FAMILIES(FX__KERNELS)
#undef FX__KERNELS
} fx_kernels;

/* In a template: its table's name, as in `const fx_reduce_kernels FX_KERNEL_TABLE(reduce) = {...};` */
#define FX__TABLE3(family, isa) fx__##family##_##isa
#define FX__TABLE2(family, isa) FX__TABLE3(family, isa)
#define FX_KERNEL_TABLE(family) FX__TABLE2(family, FX_ISA)

/* The best that processor, system, build, environment (FX_ISA=portable|avx2|avx512) and cap allow. */
extern _Atomic(const fx_kernels *) fx__kernels_now;
const fx_kernels *fx__kernels_pick(void);
static inline const fx_kernels *fx__kernels(void)
{
    const fx_kernels *k = atomic_load_explicit(&fx__kernels_now, memory_order_relaxed);
    return k ? k : fx__kernels_pick();
}

/* For tests: no better than `best` from now on; FX_ISA_COUNT lifts the cap. Returns what is in use after it.
 */
fx_isa fx__kernels_cap(fx_isa best);
/* The tables of one instruction set, or NULL if this build or this machine has not got it. */
const fx_kernels *fx__kernels_of(fx_isa isa);

#endif
