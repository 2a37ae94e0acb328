/* Measures of the groups of a book, one column at a time, each with its error, by the estimators of
 * output/estimate.h: mean, VaR and TVaR of the group alone and its marginal VaR; and the book's
 * worst trials, over which contributions are means (scenarios/common/worst.h).
 *
 * The marginal is VaR(book) - VaR(book less group), two order statistics L and D of one sample.
 * Their errors are -(1{X <= q} - p)/(n f) each (Bahadur), so with the correlation r of the two
 * indicators of a loss beyond the quantile
 *
 *     se² = (se_L - se_D)² + 2 se_L se_D (1 - r).
 *
 * The first term is taken as the variance of L_(j) - D_(j) over the ranks j that lie about the
 * quantile as the binomial does (uniform, of its variance): the same to first order, and right as
 * well for a group too small to change the order of the trials, whose marginal is what it loses in
 * one trial, however many there are. Nor is se² more than the variance of the group's loss where
 * the book's lies within its quantile's limits: the difference is the loss of such trials, or an
 * average of it. */
#ifndef CROSSMC_GROUP_MEASURES_H
#define CROSSMC_GROUP_MEASURES_H

#include "output/estimate.h"
#include "scenarios/common/equity_measures.h"
#include "scenarios/common/worst.h"

/* Set level and grid, and zero the rest. */
typedef struct {
    xmc_level level;
    double grid;
    const double *total; /* [n] of the book; borrowed */
    xmc_distribution book, other;
    xmc_estimate var;
    xmc_worst worst;
} xmc_group_measures;

void xmc_group_measures_free(xmc_group_measures *m);
/* As xmc_equity_estimators wants them; context: xmc_group_measures. Scratch: 32 bytes a trial. */
xmc_status xmc_group_measures_book(void *context, const double *total, size_t n,
                                   xmc_equity_measures *out, xmc_diag *diag);
xmc_status xmc_group_measures_group(void *context, const double *x, xmc_equity_group *out,
                                    xmc_diag *diag);

#endif
