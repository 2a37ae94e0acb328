/* What the credit module tells the results file beyond the year loss table: who makes the loss and
 * the tail. Borrowed strings; CNY. */
#ifndef CROSSMC_CREDIT_REPORT_H
#define CROSSMC_CREDIT_REPORT_H

#include <stddef.h>
#include <stdint.h>

/* The tails: of the total (net, all risks) and of credit (gross), each at 99 and 99.5 %. */
enum { XMC_CREDIT_SETS = 4 };
/* country, sector, grade, policy */
enum { XMC_CREDIT_GROUPS = 4 };

typedef struct {
    const char *name;
    uint64_t obligors;
    double insured;  /* exposure within the limit, times the covered share */
    double expected; /* probability x insured x mean loss given default, before policy terms */
    /* Mean loss in each tail, gross of reinsurance, after policy terms, both causes; and its
     * standard error (worst.h). NAN where there is no tail. */
    double contribution[XMC_CREDIT_SETS], se[XMC_CREDIT_SETS];
} xmc_credit_row;

typedef struct {
    xmc_credit_row row; /* name: obligor_id */
    const char *policy, *country, *sector, *grade;
    double probability; /* of default over its time at risk */
} xmc_credit_top;

typedef struct {
    size_t n[XMC_CREDIT_GROUPS];
    xmc_credit_row *rows[XMC_CREDIT_GROUPS];
    size_t n_top;
    xmc_credit_top *top; /* by contribution to the total's tail at 99.5 %, largest first */
    uint64_t trials[XMC_CREDIT_SETS]; /* of each tail, those at the quantile included; 0: none */
    double tail_mean[XMC_CREDIT_SETS];
    /* Payment and recovery, weighted by the expected loss given default: for the report alone. */
    double expected, waiting_days, recovery_months, discounted; /* discounted: expected loss at the
                                                                    model's rate */
} xmc_credit_report;

#endif
