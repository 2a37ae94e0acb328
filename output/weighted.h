/* Estimates from a column of weighted trials (importance sampling, docs/importance.md), behind
 * those of estimate.h. With weights w of mean 1, tail probabilities are S(x) = sum of w 1{X > x} /
 * n.
 *
 * Quantile at p: the smallest value x with S(x) <= 1 - p; limits by inversion of S(x) -+ 1.96 of
 * its standard error (delta method, normal). TVaR: q + mean of w (X - q)+ over 1 - p, its standard
 * error that of the mean. Both are approximate: their coverage is tested, not exact. Sums run from
 * the largest value down, values of one size by ascending weight. */
#ifndef CROSSMC_WEIGHTED_H
#define CROSSMC_WEIGHTED_H

#include "output/estimate.h"
#include "output/results.h"

/* Memory for columns of a results file, with its grid, its number of independent trials and the
 * weights of its trials, unless all are 1. After an error *d is empty. */
xmc_status xmc_distribution_of(xmc_distribution *d, xmc_results *r, xmc_diag *diag);
/* Gives the distribution weights w [n], copied. */
xmc_status xmc_distribution_weights(xmc_distribution *d, const double *w, size_t n, xmc_diag *diag);

/* (sum w)^2 / sum w^2: how many plain trials would estimate a mean of something unrelated as well;
 * and the largest weight. */
typedef struct {
    double effective, largest, mean;
} xmc_weight_report;
xmc_weight_report xmc_weights_describe(const double *w, size_t n);

/* Behind the functions of estimate.h where d has weights. */
xmc_status xmc_weighted_set(xmc_distribution *d, const double *x);
xmc_estimate xmc_weighted_var(const xmc_distribution *d, xmc_level p);
xmc_estimate xmc_weighted_tvar(const xmc_distribution *d, xmc_level p);
xmc_estimate xmc_weighted_var_less_mean(const xmc_distribution *d, xmc_level p);
xmc_estimate xmc_weighted_level_of(const xmc_distribution *d, double amount);

#endif
