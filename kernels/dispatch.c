#include "kernels/dispatch.h"
#include "kernels/targets.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#ifdef XMC_TARGET_X86
#define FEATURE(NAME)                                                                              \
    { NAME, __builtin_cpu_supports(NAME) != 0 }
#endif

static const xmc_kernels *const all[] = {
    &xmc_kernels_scalar,
#ifdef XMC_TARGET_X86
    &xmc_kernels_avx2,
    &xmc_kernels_avx512,
#endif
#ifdef XMC_TARGET_NEON
    &xmc_kernels_neon,
#endif
};
enum { N_TARGETS = sizeof all / sizeof *all };

/* What the target needs of the processor, and whether it is there; returns how many. Further
 * targets build on the ones before. */
static size_t features_of(size_t target, xmc_kernels_feature f[XMC_KERNELS_FEATURES]) {
    size_t n = 0;
#ifdef XMC_TARGET_X86
    const xmc_kernels_feature avx2[] = {FEATURE("avx2"), FEATURE("fma"), FEATURE("popcnt")};
    const xmc_kernels_feature avx512[] = {FEATURE("avx512f"), FEATURE("avx512dq"),
                                          FEATURE("avx512bw"), FEATURE("avx512vl")};
    if (target >= 1)
        for (size_t i = 0; i < sizeof avx2 / sizeof *avx2; i++)
            f[n++] = avx2[i];
    if (target >= 2)
        for (size_t i = 0; i < sizeof avx512 / sizeof *avx512; i++)
            f[n++] = avx512[i];
#else
    (void)target;
    (void)f;
#endif
    return n;
}

size_t xmc_kernels_built(const xmc_kernels *const **targets) {
    *targets = all;
    return N_TARGETS;
}

size_t xmc_kernels_needs(size_t target, xmc_kernels_feature features[XMC_KERNELS_FEATURES]) {
    return target < N_TARGETS ? features_of(target, features) : 0;
}

size_t xmc_kernels_available(const xmc_kernels *const **targets) {
    *targets = all;
    for (size_t i = 1; i < N_TARGETS; i++) {
        xmc_kernels_feature f[XMC_KERNELS_FEATURES];
        const size_t n = features_of(i, f);
        for (size_t j = 0; j < n; j++)
            if (!f[j].present)
                return i;
    }
    return N_TARGETS;
}

static _Atomic(const xmc_kernels *) active;

const xmc_kernels *xmc_kernels_select(const char *isa) {
    const xmc_kernels *const *targets;
    size_t n = xmc_kernels_available(&targets);
    if (!isa)
        isa = getenv("CROSSMC_ISA");
    const xmc_kernels *chosen = NULL;
    if (!isa || !*isa)
        chosen = targets[n - 1];
    for (size_t i = 0; i < n && !chosen; i++)
        if (strcmp(targets[i]->isa, isa) == 0)
            chosen = targets[i];
    if (chosen)
        atomic_store(&active, chosen);
    return chosen;
}

const xmc_kernels *xmc_kernels_active(void) {
    const xmc_kernels *k = atomic_load_explicit(&active, memory_order_acquire);
    if (!k) {
        /* the program selects at its start and refuses a wrong name; a bare test may not have */
        const xmc_kernels *const *targets;
        size_t n = xmc_kernels_available(&targets);
        k = xmc_kernels_select(NULL);
        k = k ? k : targets[n - 1];
    }
    return k;
}
