/* A kernel under the clock: the same work on the same data by each target and by plain C. */
#ifndef CROSSMC_BENCH_CASES_H
#define CROSSMC_BENCH_CASES_H

#include "bench/measure.h"

typedef struct {
    const char *name, *unit; /* unit: of an element */
    const char *reference;   /* what the plain C does */
    double elements;         /* of a call */
    void (*restart)(void);   /* the same start for each target; not timed */
    /* The work by a target's kernel, or by plain C with k = NULL. */
    void (*run)(const xmc_kernels *k);
    const void *output;
    size_t output_bytes;
    bool exact; /* plain C gives the same bits */
    /* Best known nanoseconds an element of one core of a server (docs/performance.md), 0 = none. */
    double limit_avx512, limit_avx2;
} xmc_bench_case;

/* Times the cases on the targets asked for; prints and adds rows. XMC_FAILED where outputs differ.
 */
xmc_status xmc_bench_cases(const xmc_bench_case *cases, size_t n, const xmc_bench_options *o,
                           json_t *rows, xmc_diag *diag);

#endif
