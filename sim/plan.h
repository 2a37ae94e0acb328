/* The plan of a joint run: segments, the four risks' plans, memory and time estimates. Built once;
 * slow code allowed. */
#ifndef CROSSMC_PLAN_H
#define CROSSMC_PLAN_H

#include "kernels/reduce.h" /* XMC_SLICE: the smallest block */
#include "scenarios/analysis.h"
#include "scenarios/common/ylt.h"
#include "sim/module.h"

typedef struct xmc_attritional xmc_attritional;
typedef struct xmc_cat xmc_cat;
typedef struct xmc_credit xmc_credit;
typedef struct xmc_equity xmc_equity;
typedef struct xmc_treaty_plan xmc_treaty_plan;
typedef struct xmc_reinsurers xmc_reinsurers;

typedef struct {
    uint32_t block; /* trials in a full block: a power of two, at least XMC_SLICE; 0 = choose */
    int threads;    /* at least 1 */
} xmc_plan_options;

typedef struct {
    const xmc_analysis *analysis; /* borrowed, must outlive the plan */
    xmc_run_shape shape;
    uint64_t trials;
    xmc_segments segments;
    xmc_treaty_plan *treaties;
    xmc_cat *cat; /* NULL where the analysis does not simulate the risk; likewise the next three */
    xmc_attritional *attritional;
    xmc_credit *credit;
    xmc_equity *equity;
    xmc_reinsurers *reinsurers;
    char sha256[65]; /* of everything that decides the numbers */
    uint64_t plan_bytes, block_bytes,
        file_bytes; /* memory of plan and workspace, of the block buffers; size of results */
    double seconds; /* rough estimate of the run */
} xmc_plan;

/* Builds the plan. The analysis' own block size serves where options->block is 0. Errors: bad input
 * met only when book and models come together, or no memory. On failure *plan must still be freed.
 */
xmc_status xmc_plan_build(const xmc_analysis *analysis, const xmc_plan_options *options,
                          xmc_plan *plan, xmc_diag *diag);
void xmc_plan_free(xmc_plan *plan);

/* Refuses (XMC_SYSTEM) what cannot fit: the plan and its blocks into the memory that is available,
 * the results into the folder's free space. folder NULL: memory only. */
xmc_status xmc_plan_fits(const xmc_plan *plan, const char *folder, xmc_diag *diag);

#endif
