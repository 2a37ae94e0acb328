/* Estimates from one column of the year loss table, each with its standard error and 95 % limits.
 * The limits cover simulation error only. Values lie on the loss grid, so sums are taken in 128-bit
 * integers of grid steps: exact, whatever the order.
 *
 * Quantile (VaR) at p: the smallest value x with F_n(x) >= p, the order statistic ceil(n p).
 * TVaR at p: the mean of the worst 1 - p of the trials, where the trial at the quantile counts with
 * the fraction that is missing (expected shortfall of Acerbi and Tasche 2002), rounded to the loss
 * grid. Levels are fractions of integers, so that n p is exact. */
#ifndef CROSSMC_ESTIMATE_H
#define CROSSMC_ESTIMATE_H

#include "scenarios/common/estimated.h"
#include "scenarios/common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The level p = num / den, 0 < num < den <= 10,000. */
typedef struct {
    uint32_t num, den;
} xmc_level;

__extension__ typedef __int128 xmc_i128;

/* A column, sorted. */
typedef struct {
    size_t n;
    size_t independent; /* trials that are independent, the rest repeats their events (years of a
                           year-event table): errors go by it; 0: all */
    double grid;
    double *sorted; /* [n] ascending; owned, reused by the next column */
    size_t from; /* values below this place are not there: 0 but after xmc_distribution_set_tail */
    double *buffer; /* [n] scratch; owned */
    xmc_estimate mean, sd;
    /* Importance sampling (output/weighted.h); NULL: all weights are 1. By trial; values with their
     * weights; sums of the weights and of their squares beyond the k smallest values. */
    double *weight, *pairs, *above, *above_squares;
} xmc_distribution;

/* Memory for columns of n trials. */
xmc_status xmc_distribution_init(xmc_distribution *d, size_t n, double grid, xmc_diag *diag);
void xmc_distribution_free(xmc_distribution *d);
/* Takes a column x of m <= capacity trials in trial order (x may be d->buffer, which is
 * overwritten). XMC_FAILED when a value does not lie on the grid or is too large for exact sums.
 * name is for the message. Mean: normal limits. sd: standard error from 64 batches of consecutive
 * trials, Student limits; none where trials repeat years. */
xmc_status xmc_distribution_set(xmc_distribution *d, const double *x, size_t m, const char *name,
                                xmc_diag *diag);

/* The same for estimates at p and above alone, without the standard error of sd: nothing below the
 * quantile's limits is sorted, which is a tenth of the work. Estimates at lower levels are missing.
 */
xmc_status xmc_distribution_set_tail(xmc_distribution *d, const double *x, size_t m, xmc_level p,
                                     const char *name, xmc_diag *diag);
/* Rank (from 1) of the quantile: ceil(n p), at least 1. */
size_t xmc_quantile_rank(size_t n, xmc_level p);

/* Ranks r < s (from 1) of the order statistics that enclose the quantile with 95 %: n p -+ 1.96
 * sqrt(n p (1-p)), widened until neither tail of the binomial exceeds 2.5 %. *r = 0 or *s = n + 1:
 * no such order statistic. */
void xmc_quantile_ranks(size_t n, xmc_level p, size_t *r, size_t *s);
/* P(X_(r) <= quantile < X_(s)), exact for a continuous law: binomial. */
double xmc_rank_coverage(size_t n, xmc_level p, size_t r, size_t s);

/* Limits: order statistics; standard error: their distance / (2 × 1.96). */
xmc_estimate xmc_var(const xmc_distribution *d, xmc_level p);
/* Standard error of Manistre and Hancock (2005), normal limits. */
xmc_estimate xmc_tvar(const xmc_distribution *d, xmc_level p);
/* VaR less mean; the standard error has the covariance of quantile and mean, the limits are those
 * of the quantile, shifted and scaled by the ratio of the standard errors. */
xmc_estimate xmc_var_less_mean(const xmc_distribution *d, xmc_level p);
/* Number of values <= amount. */
size_t xmc_count_at_most(const xmc_distribution *d, double amount);
/* F_n(amount): the level that an amount implies, with Clopper and Pearson's limits. */
xmc_estimate xmc_level_of(const xmc_distribution *d, double amount);

/* Nearest integer to num / den (den > 0), halves away from zero; and the floor. */
xmc_i128 xmc_divide_round(xmc_i128 num, xmc_i128 den);
xmc_i128 xmc_divide_floor(xmc_i128 num, xmc_i128 den);

#endif
