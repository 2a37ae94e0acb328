/* The self-check alone, on every target of this machine: for tests/wrong-build. */
#include "kernels/selfcheck.h"

#include <stdio.h>

int main(void) {
    const xmc_kernels *const *targets;
    const size_t n = xmc_kernels_available(&targets);
    for (size_t i = 0; i < n; i++) {
        const xmc_selfcheck_result r = xmc_selfcheck(targets[i]);
        if (r.what) {
            printf("self-check: %s on %s; %s\n", r.what, targets[i]->isa, r.because);
            return 1;
        }
    }
    return 0;
}
