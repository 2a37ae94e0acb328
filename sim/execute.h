/* From a loaded analysis to a finished results file: plan, estimate, run, write. What `crossmc run`
 * and `crossmc validate` share. */
#ifndef CROSSMC_EXECUTE_H
#define CROSSMC_EXECUTE_H

#include "sim/run.h"
#include <stdio.h>

typedef struct {
    xmc_plan_options plan;
    const char *output; /* results file */
    FILE *log;          /* estimate and times; NULL = none */
    void (*progress)(void *context, uint64_t done, uint64_t all); /* may be NULL */
    void *progress_context;
    const volatile sig_atomic_t *interrupted; /* may be NULL */
} xmc_execute_options;

typedef struct {
    char ylt_sha256[65], plan_sha256[65];
    xmc_run_times times;
} xmc_execute_summary;

/* On failure no file that looks complete is left. Errors: those of plan, run and results file. */
xmc_status xmc_execute(const xmc_analysis *analysis, const xmc_execute_options *options,
                       xmc_execute_summary *summary, xmc_diag *diag);

#endif
