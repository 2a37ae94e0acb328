#include "kernels/dispatch.h"
#include "kernels/targets.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

size_t xmc_kernels_available(const xmc_kernels *const **targets) {
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
    size_t n = sizeof all / sizeof *all;
    *targets = all;
#ifdef XMC_TARGET_X86
    n = 1;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("popcnt")) {
        n = 2;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
            n = 3;
    }
#endif
    return n;
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
