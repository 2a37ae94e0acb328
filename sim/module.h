/* What the four risks have in common: each builds a plan (slow code, allocation and checks
 * allowed), registers its segments, and then fills its columns block by block. All threads work on
 * one block at a time; a module opens its own parallel regions over the team it is called with
 * (omp_get_max_threads), and allocates nothing in the loop.
 *
 *   xmc_status xmc_cat_plan(const xmc_analysis *a, const xmc_run_shape *shape, xmc_segments
 * *segments, xmc_cat **out, xmc_diag *diag); void xmc_cat_block(xmc_cat *plan, xmc_block *block);
 * // fills segment_gross, segment_net, treaty, risk_* columns void xmc_cat_describe(const xmc_cat
 * *plan, xmc_module_cost *cost); void xmc_cat_digest(const xmc_cat *plan, xmc_digest *d); //
 * everything that decides the numbers: plan_sha256 void xmc_cat_free(xmc_cat *plan);
 *
 * and likewise xmc_attritional_…, xmc_credit_…, xmc_equity_…. The order inside a block is equity
 * (fills block->macro), catastrophe, attritional, credit, then the total. */
#ifndef CROSSMC_MODULE_H
#define CROSSMC_MODULE_H

#include "scenarios/analysis.h"
#include "scenarios/common/digest.h"
#include "scenarios/common/ylt.h"

typedef struct {
    uint32_t block; /* trials in a full block */
    int threads;
} xmc_run_shape;

typedef struct {
    uint64_t bytes;        /* plan and workspace */
    double work_per_trial; /* elementary steps (location samples, obligor buckets, instruments) */
    double seconds_per_trial; /* rough, one core */
} xmc_module_cost;

#endif
