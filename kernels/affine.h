/* Steps of PCG32 as affine maps, shared by streams that move together. */
#ifndef CROSSMC_AFFINE_H
#define CROSSMC_AFFINE_H

#include "kernels/tables.h"

/* n steps take a state s to multiplier s + increment inc. */
typedef struct {
    uint64_t multiplier, increment;
} xmc_affine;

static inline xmc_affine xmc_affine_of(uint64_t n) {
    xmc_affine a = {1, 0};
    for (unsigned level = 0; n; level++, n >>= 4) {
        const uint64_t *step = xmc_jump_table[level][n & 15u];
        a.multiplier *= step[0];
        a.increment = a.increment * step[0] + step[1];
    }
    return a;
}

#endif
