/* Export credit and guarantee: who defaults in the year, through a factor copula, and the country
 * transfer events.
 *
 * An obligor of product k (0 export, 1 guarantee: policies of the financing line) defaults when its
 * latent variable is low:
 *     -(sqrt(g_k) F + sqrt(c_k) C + sqrt(s_k) S) + sqrt(1 - g_k - c_k - s_k) e < q(p) W
 * with F, C, S standard normals of the world, the country and the sector (larger is worse), e its
 * own (and likewise a term of the country's region where the model has regions; docs/credit.md), q
 * the normal quantile and W = 1; under the Student copula q is the t quantile and W =
 * sqrt(chi-square/nu), one a trial. F = sqrt(macro_share) macro + sqrt(1 - macro_share) own;
 * without equity in the analysis all of F is own. p: one year's probability; in run-off 1 -
 * (1-p)^(min(tenor, 12 months)/12). The exposure is the one at the valuation date in both bases (no
 * amortisation within the year: on the safe side).
 *
 * Loss of a defaulted obligor: min(exposure, limit) x covered x LGD, LGD a beta law of its class.
 * Transfer event of a country: a latent variable of the same copula exceeds its quantile; it has
 * the squared loading transfer_loading on the country's commercial factor, the normalised
 * sqrt(g_0) F + sqrt(c_0) C. All export obligors of the country that have not defaulted lose one
 * beta share, drawn once per country and trial; so no obligor loses more than is insured.
 * A policy's first loss and aggregate limit act on the sum of both causes over the year; what is
 * left is shared out in proportion.
 *
 * Obligors with the same product, country, sector and probability form a bucket with one
 * conditional probability, cut into strips (credit_plan.c); a strip's address is a hash of the
 * bucket's names and probability and of its own number, its obligors stand in the order of their
 * identifiers. Stream (credit, trial, address): the number of points and the obligor of each
 * (xmc_strip_sums in kernels/credit.h). Where that number's mean is above XMC_POINTS_MEAN, uniform
 * j gives the gap from default j-1 to default j (kernels/bernoulli.h), or, where the conditional
 * probability is above 1 - exp(-XMC_CREDIT_MASK_HAZARD), decides whether obligor j defaults. All
 * three give each obligor its probability to a relative error below 1e-6. Stream (credit,
 * trial, xmc_lgd_address(address)): uniform j is default j's LGD. Factors: stream (factors, trial,
 * 1): F's own part, W; (…, 2): one normal per country; (…, 3): one per sector; (…, 4): event and
 * share per country; in the order of their names in the model. */
#ifndef CROSSMC_CREDIT_H
#define CROSSMC_CREDIT_H

#include "sim/module.h"

#define XMC_CREDIT_MASK_HAZARD 0.25

typedef struct xmc_credit xmc_credit;

/* Basel's asset correlation by the yearly probability: corporate (0.12 to 0.24, k = 50, without the
 * adjustment for size) or other retail (0.03 to 0.16, k = 35); CRE31 of the Basel framework. */
double xmc_basel_correlation(xmc_correlation which, double probability);

/* Segments: risk credit x line of business x region, with cause "default" and, where a country can
 * have an event, "transfer"; exposure is what is insured. XMC_BAD_INPUT for shares that sum to one
 * or more, beta laws that do not exist, two obligors of one identifier. */
xmc_status xmc_credit_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                           xmc_segments *segments, xmc_credit **out, xmc_diag *diag);
/* Reads macro; fills segment_gross of its segments. */
void xmc_credit_block(xmc_credit *plan, xmc_block *block);
void xmc_credit_describe(const xmc_credit *plan, xmc_module_cost *cost);
void xmc_credit_digest(const xmc_credit *plan, xmc_digest *d);
void xmc_credit_free(xmc_credit *plan);

#endif
