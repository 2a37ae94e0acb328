/* Attritional lines: the year's sum of claims of a line and region, from a stated frequency and
 * severity law, deductible and limit per claim.
 *
 * Up to XMC_ATTRITIONAL_EACH claims a year on average, every claim is drawn: the count by inversion
 * of one uniform, then one uniform a claim through the table of its law. Above, the claims are
 * split at a threshold t. With a Poisson count (given the mixing variable G of a negative binomial
 * one, Gamma with mean 1) the two parts are independent: claims above t are drawn one by one, at
 * the times of a Poisson process; the sum of those below t is replaced by a quadratic in a normal
 * (normal power) with its exact first three moments. t is the highest of those with 0, 50, 100,
 * 200 … claims above it at which that sum's skewness is at most XMC_ATTRITIONAL_SKEW, so that the
 * shape of the approximation hardly matters; the cost no longer grows with the frequency. */
#ifndef CROSSMC_ATTRITIONAL_H
#define CROSSMC_ATTRITIONAL_H

#include "sim/module.h"

#define XMC_ATTRITIONAL_EACH 1000.0
#define XMC_ATTRITIONAL_SKEW 0.05

typedef struct xmc_attritional xmc_attritional;

/* Segments: risk attritional, one per line, with cause "attritional" and the sum insured as
 * exposure. XMC_BAD_INPUT for parameters that no law has, two lines of one name, region and line of
 * business, or a spread of the mixing variable above one half where claims are split. */
xmc_status xmc_attritional_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                                xmc_segments *segments, xmc_attritional **out, xmc_diag *diag);
/* Fills segment_gross of its segments. */
void xmc_attritional_block(xmc_attritional *plan, xmc_block *block);
void xmc_attritional_describe(const xmc_attritional *plan, xmc_module_cost *cost);
void xmc_attritional_digest(const xmc_attritional *plan, xmc_digest *d);
void xmc_attritional_free(xmc_attritional *plan);

#endif
