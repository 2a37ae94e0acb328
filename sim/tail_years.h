/* The occurrences of the worst years: the trials with the largest totals are simulated again from
 * their addresses, so that nothing about occurrences has to be kept in the loop. */
#ifndef CROSSMC_TAIL_YEARS_H
#define CROSSMC_TAIL_YEARS_H

#include "output/results.h"
#include "sim/plan.h"

/* Writes /occurrences of the worst floor(n (1 - p)) of n trials by the total, p = 99.5 %, at most
 * XMC_MOST_TAIL_YEARS of them (equal totals: earlier trials first). After the last block, before
 * the file is finished. Does nothing where catastrophe is not simulated. */
enum { XMC_MOST_TAIL_YEARS = 10000 };
xmc_status xmc_tail_years_write(const xmc_plan *plan, xmc_results *results, xmc_diag *diag);

#endif
