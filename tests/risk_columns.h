/* Runs the attritional, equity and credit engines over an analysis made in memory and keeps the
 * year loss table's columns, for the tests of sim/. */
#ifndef CROSSMC_TESTS_RISK_COLUMNS_H
#define CROSSMC_TESTS_RISK_COLUMNS_H

#include "sim/attritional.h"
#include "sim/credit.h"
#include "sim/equity.h"

typedef struct {
    size_t trials;
    xmc_segments segments;
    double **gross; /* [segments][trials] */
    double *total;  /* [trials], exact sum of the segments */
    double *macro;  /* [trials] */
    char hash[65];  /* SHA-256 of gross and macro */
    char plan[65];  /* of the plans */
} risk_columns;

/* Plans the risks that the analysis has and runs its trials in blocks; a failure fails the cmocka
 * test. */
risk_columns risk_run(const xmc_analysis *a, uint32_t block, int threads);
void risk_free(risk_columns *c);
/* Fails unless the analysis gives ref's losses and plan in blocks of this size on so many threads.
 */
void check_same_bits(const xmc_analysis *a, const risk_columns *ref, uint32_t block, int threads);
/* Fails unless the plan of one risk refuses the analysis with a first message that holds the text.
 */
void check_refused(const xmc_analysis *a, xmc_risk risk, const char *text);

/* Mean of x and its standard error. */
void mean_se(const double *x, size_t n, double *mean, double *se);
/* Fails unless the share of x above q is p within 4 standard errors. */
void check_exceedance(const char *what, const double *x, size_t n, double q, double p);
/* Fails unless |got - want| < 4 se; prints what, got, want and z. */
void check_z(const char *what, double got, double want, double se);
/* Fails unless TVaR beyond the known quantile q at level p is want, within 4 SE (Manistre and
 * Hancock with the quantile known: sd of (x-q)+ over n, divided by 1-p). */
void check_tvar(const char *what, const double *x, size_t n, double p, double q, double want);

#endif
