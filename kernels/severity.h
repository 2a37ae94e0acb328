/* Claim severity laws: quantiles by survival probability for the trial loop, and partial moments
 * for the plan. */
#ifndef CROSSMC_SEVERITY_H
#define CROSSMC_SEVERITY_H

#include "kernels/quantile_table.h"

typedef enum {
    XMC_LAW_LOGNORMAL, /* p1, p2: mean and sd of the logarithm */
    XMC_LAW_PARETO,    /* p1, p2: threshold t and alpha: S(x) = (t/x)^alpha, x >= t */
    XMC_LAW_GAMMA      /* p1, p2: shape and scale */
} xmc_law;

typedef struct {
    xmc_law law;
    double p1, p2;
    xmc_quantile_table table; /* ground-up claim by survival probability; owned */
    double deductible, limit; /* per claim; limit INFINITY = none */
} xmc_claim_law;

/* limit 0 = none. Returns 0, -1 without memory, -2 when a parameter is out of range. */
int xmc_claim_law_init(xmc_claim_law *c, xmc_law law, double p1, double p2, double deductible,
                       double limit);
void xmc_claim_law_free(xmc_claim_law *c);

/* The ground-up claim that is exceeded with probability v in (0, 1): by inversion, for the plan;
 * and by table, within 1e-7 of it (tests/test_attritional.c), for the trial loop. v >= 1/2 of the
 * latter is a multiple of 2^-53, v < 2^-53 counts as 2^-53. */
double xmc_claim_quantile(const xmc_claim_law *c, double v);
static inline double xmc_claim_of(const xmc_claim_law *c, double v) {
    return xmc_quantile_of(&c->table, v);
}

/* What is left of a ground-up claim after deductible and limit. */
static inline double xmc_claim_paid(const xmc_claim_law *c, double x) {
    double y = x - c->deductible;
    y = y > 0.0 ? y : 0.0;
    return y < c->limit ? y : c->limit;
}

/* P(X > x), and E[X^k; X <= x] for k = 0 … 4, x may be infinite (the moment may then be, too). */
double xmc_claim_survival(const xmc_claim_law *c, double x);
double xmc_claim_partial_moment(const xmc_claim_law *c, int k, double x);
/* E[Y^k; X <= t], Y the paid claim, k = 0 … 4. */
double xmc_paid_partial_moment(const xmc_claim_law *c, int k, double t);

#endif
