/* Who makes the tail of credit: contributions of obligors, countries, sectors, grades and policies.
 * After the run, once the trials of the tail are known, these trials are simulated again, this time
 * obligor by obligor; the draws have addresses, so that the losses are the same. The cost is that
 * of the tail's trials, the memory 336 bytes an obligor and a log of defaults for each thread. */
#ifndef CROSSMC_CREDIT_TAIL_H
#define CROSSMC_CREDIT_TAIL_H

#include "scenarios/common/credit_report.h"
#include "sim/credit.h"

__extension__ typedef __int128 xmc_tail_i128;

enum { XMC_TAIL_SETS = XMC_CREDIT_SETS };
enum {
    XMC_TAIL_COUNTRY,
    XMC_TAIL_SECTOR,
    XMC_TAIL_GRADE,
    XMC_TAIL_POLICY,
    XMC_TAIL_GROUPS = XMC_CREDIT_GROUPS
};

/* A trial to simulate again, and the tails that it belongs to: bit s of above, or of equal where
 * its loss is the quantile itself; of near where it lies within the quantile's limits. */
typedef struct {
    uint64_t trial;
    double macro; /* the equity side's factor, 0 without equity */
    double weight;
    uint8_t above, equal, near;
} xmc_tail_trial;

/* Sums over the trials of each set: of weight x loss in steps of the loss grid over
 * XMC_TAIL_WEIGHT; of count^2 x loss in CNY and count^2 x loss^2 in CNY^2, for the errors (count:
 * the weight, at the quantile times the share that is in the tail). Integers, so that no order can
 * show. */
#define XMC_TAIL_WEIGHT 1048576.0
typedef struct {
    xmc_tail_i128 above[XMC_TAIL_SETS], equal[XMC_TAIL_SETS], near[XMC_TAIL_SETS];
    xmc_tail_i128 linear[XMC_TAIL_SETS], square[XMC_TAIL_SETS];
} xmc_tail_sum;

typedef struct {
    xmc_tail_sum *obligor; /* [obligors] in the plan's order */
    xmc_tail_sum *group;   /* countries, sectors, grades (0: own probability), policies */
    size_t first[XMC_TAIL_GROUPS + 1];
    uint32_t *group_of; /* [obligors][groups] */
} xmc_credit_tail;

/* Gross losses after policy terms, of both causes; the value lost by migration is not among them.
 * share: of the trials at the quantile that is in each tail. */
xmc_status xmc_credit_tail_run(xmc_credit *p, const xmc_analysis *a, const xmc_tail_trial *trial,
                               size_t n, const double share[XMC_TAIL_SETS], xmc_credit_tail *out,
                               xmc_diag *diag);
void xmc_credit_tail_free(xmc_credit_tail *t);

#endif
