/* The credit module's table for the results file: who makes the loss and its tail. */
#ifndef CROSSMC_CREDIT_REPORT_PLAN_H
#define CROSSMC_CREDIT_REPORT_PLAN_H

#include "scenarios/common/credit_report.h"
#include "sim/credit.h"

/* total, credit, weight: [n] columns of the year loss table; macro [n] or NULL without equity.
 * independent: how many years of catastrophes the trials repeat, 0: none; the errors in the total's
 * tails go by it. The trials of the tails are simulated once more (credit_tail.h). The names are
 * the book's. */
xmc_status xmc_credit_report_build(xmc_credit *p, const xmc_analysis *a, const double *total,
                                   const double *credit, const double *weight, const double *macro,
                                   uint64_t n, uint64_t independent, xmc_credit_report *out,
                                   xmc_diag *diag);
void xmc_credit_report_free(xmc_credit_report *c);

#endif
