/* Mean of something in the worst 1 - p of the trials by another loss, and its standard error: an
 * Euler contribution to the TVaR of that loss.
 *
 * The trials beyond the quantile q count whole, those at it with the share of them that is missing
 * (Acerbi and Tasche 2002). The standard error has the uncertainty of the quantile: with m = E[x |
 * loss = q], which the trials within the quantile's 95 % limits estimate, and c what a trial
 * counts,
 *
 *     se² = variance of c (x - m) / (n (1 - p)²),
 *
 * the variance of the estimator's influence function c (x - m) / (1 - p) - (mean - m) (delta
 * method; Hong and Liu 2009, Management Science 55, 281-293, for derivatives of TVaR, which
 * contributions are). With x the loss itself m is q, and this is Manistre and Hancock's of the
 * TVaR; with m = mean it is the error of a mean whose quantile is known. */
#ifndef CROSSMC_WORST_H
#define CROSSMC_WORST_H

#include "scenarios/common/estimated.h"
#include "scenarios/common/status.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t trial;
    double count; /* in the tail: weight, at the quantile times the share; 0: not in it */
    double near;  /* weight, if the loss lies within the quantile's limits; 0: it does not */
} xmc_worst_trial;

typedef struct {
    double n, mass;              /* trials; n (1 - p), the sum of the counts */
    double independent;          /* trials that are independent: n, or the years that they repeat */
    double share;                /* of the trials at the quantile that is in the tail */
    double counts_squared, near; /* sums of count² and of near */
    double quantile, low, high;  /* of the loss; its 95 % limits */
    size_t in_tail;              /* trials at the quantile and beyond */
    size_t n_trials;
    xmc_worst_trial *trials; /* [n_trials] of the tail or near, ascending */
} xmc_worst;

/* Sums over the trials of a worst: count x, count² x, count² x², near x. */
typedef struct {
    double counted, linear, square, near;
} xmc_worst_sums;

/* The trials of loss [n] beyond, at and around the quantile, mass = n (1 - p) > 0; weight [n] or
 * NULL: all 1. low = -INFINITY or high = INFINITY: there are too few trials for limits, and none
 * are near. */
void xmc_worst_weigh(xmc_worst *w, const double *loss, const double *weight, size_t n, double mass,
                     double quantile, double low, double high);
/* The same, and their list. */
xmc_status xmc_worst_find(xmc_worst *w, const double *loss, const double *weight, size_t n,
                          double mass, double quantile, double low, double high, xmc_diag *diag);
void xmc_worst_free(xmc_worst *w);

/* Adds x of one trial of the list. */
void xmc_worst_add(xmc_worst_sums *s, const xmc_worst_trial *t, double x);
/* The mean; errors are missing where fewer than five trials are in the tail or none is near. */
xmc_estimate xmc_worst_mean(const xmc_worst *w, const xmc_worst_sums *s);
/* The same of a column x [n]. */
xmc_estimate xmc_worst_mean_of(const xmc_worst *w, const double *x);

#endif
