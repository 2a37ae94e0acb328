/* Euler allocation of the total's TVaR to segments, one segment's column in memory at a time. */
#ifndef CROSSMC_ALLOCATION_H
#define CROSSMC_ALLOCATION_H

#include "output/measures.h"

typedef struct xmc_allocator xmc_allocator;

/* Finds the total's tails; total [n] is read now only, weight [n] too (NULL: all 1). var: the
 * total's, by level, with limits. independent: trials that are, the rest repeats them; 0: all. */
xmc_status xmc_allocator_new(const double *total, const double *weight, size_t n, double grid,
                             size_t n_segments, const xmc_estimate var[XMC_N_ALLOCATION_LEVELS],
                             size_t independent, xmc_allocator **out, xmc_diag *diag);
/* Hands over the net column of the next segment, x [n]. The columns must add up to the total. */
void xmc_allocator_add(xmc_allocator *a, int risk, const double *x);
/* Of weighted trials: the total's TVaR at level l, which the contributions are to add up to. */
void xmc_allocator_total(xmc_allocator *a, int l, double tvar);
/* Fills contribution of segments [n_segments] and risks. */
xmc_status xmc_allocator_finish(const xmc_allocator *a, xmc_allocation *segments,
                                xmc_allocation risks[XMC_N_RISKS], xmc_diag *diag);
void xmc_allocator_free(xmc_allocator *a);

#endif
