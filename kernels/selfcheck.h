/* Whether this build computes what it must, on this processor: a few hashes, taken when the program
 * starts, so that fast-math forced from outside, a flush-to-zero mode, another SLEEF or a
 * miscompiled kernel stops it there and does not show in the numbers. The exhaustive comparison is
 * tests/checkkern.c. */
#ifndef CROSSMC_SELFCHECK_H
#define CROSSMC_SELFCHECK_H

#include "kernels/dispatch.h"

typedef struct {
    const char *what;    /* what failed, NULL when all is well */
    const char *because; /* what usually causes it */
    uint64_t hash, expected;
} xmc_selfcheck_result;

/* Checks the arithmetic, SLEEF's functions and the kernels of one table; takes well under a
 * millisecond. Stops at the first failure. */
xmc_selfcheck_result xmc_selfcheck(const xmc_kernels *k);

#endif
