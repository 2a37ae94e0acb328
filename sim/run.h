/* The trial loop: blocks of trials, each filled by all threads, written by one thread while the
 * next one runs. */
#ifndef CROSSMC_RUN_H
#define CROSSMC_RUN_H

#include "sim/plan.h"
#include <signal.h>

typedef struct {
    /* Takes a finished block, in order. Called by one thread that is not of the team. */
    xmc_status (*write)(void *context, const xmc_block *block, xmc_diag *diag);
    void *write_context;
    /* Progress after each block, from the calling thread; may be NULL. */
    void (*progress)(void *context, uint64_t trials_done, uint64_t trials);
    void *progress_context;
    const volatile sig_atomic_t *interrupted; /* looked at between blocks; may be NULL */
} xmc_run_hooks;

typedef struct {
    double wall_seconds, cpu_seconds; /* of the loop */
    double risk_seconds[XMC_N_RISKS];
    double efficiency; /* cpu / (wall × threads) */
} xmc_run_times;

/* Fills a block that has been reset: all risks and treaties, but no totals. */
void xmc_run_block(xmc_plan *plan, xmc_block *block);

/* Runs all trials. Errors: what write returned; XMC_INTERRUPTED; XMC_FAILED when a sum left the
 * exact range of the loss grid; no memory for the two block buffers. */
xmc_status xmc_run_trials(xmc_plan *plan, const xmc_run_hooks *hooks, xmc_run_times *times,
                          xmc_diag *diag);

#endif
