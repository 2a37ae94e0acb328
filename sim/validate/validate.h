/* Known answers: analyses with an exact or independent solution, written to files, run through the
 * program's own path from file to results file, and compared. The cases' numbers (T1 …) are those
 * of docs/validation.md. */
#ifndef CROSSMC_VALIDATE_H
#define CROSSMC_VALIDATE_H

#include "scenarios/common/status.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *only;   /* a case's name, or NULL for all */
    const char *folder; /* where the cases' files go and stay; NULL = a temporary folder, removed
                           afterwards */
    uint64_t trials;    /* per seed; 0 = 100,000 */
    int threads;
    FILE *out; /* the report */
} xmc_validate_options;

/* Prints value, expectation, standard error, z-score and verdict for each quantity. *failed counts
 * the failures. */
xmc_status xmc_validate(const xmc_validate_options *options, unsigned *failed, xmc_diag *diag);

#endif
