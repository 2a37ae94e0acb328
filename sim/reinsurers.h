/* Default of reinsurers within the year, more likely the larger the ceded loss: what of a trial's
 * recoveries is not paid. docs/treaties.md states the law. A risk of its own behind all others,
 * with a segment for each reinsurer; off unless the analysis names reinsurers.
 *
 * The common factor of a trial is minus the normal quantile of the rank of its recoveries among
 * those of a pilot: the first 16,384 trials, run in the plan. Draws: stream (credit, trial,
 * XMC_REINSURERS_ADDRESS): a uniform for the rank among equals, then a normal for each reinsurer by
 * id. */
#ifndef CROSSMC_REINSURERS_H
#define CROSSMC_REINSURERS_H

#include "sim/module.h"

#define XMC_REINSURERS_ADDRESS UINT64_C(0x7265696e73757265)

typedef struct xmc_reinsurers xmc_reinsurers;

/* Registers the segments. The pilot comes later, when the other risks are planned. */
xmc_status xmc_reinsurers_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                               xmc_segments *segments, xmc_reinsurers **out, xmc_diag *diag);
/* Recoveries of n pilot trials (all treaties together) and their weights. Sorts both. */
xmc_status xmc_reinsurers_set_pilot(xmc_reinsurers *r, const double *recovered,
                                    const double *weight, size_t n, xmc_diag *diag);
/* Last of a block: reads treaty[], sets the segments and the risk's columns: gross 0, net
 * what is not paid. */
void xmc_reinsurers_block(const xmc_reinsurers *r, xmc_block *b);
void xmc_reinsurers_digest(const xmc_reinsurers *r, xmc_digest *d);
void xmc_reinsurers_free(xmc_reinsurers *r);

#endif
