/* Claim severity laws: quantiles by survival probability for the trial loop, and partial moments
 * for the plan. */
#ifndef CROSSMC_SEVERITY_H
#define CROSSMC_SEVERITY_H

#include "kernels/distributions.h"
#include "kernels/vmath.h"

typedef enum {
    XMC_LAW_LOGNORMAL, /* p1, p2: mean and sd of the logarithm */
    XMC_LAW_PARETO,    /* p1, p2: threshold t and alpha: S(x) = (t/x)^alpha, x >= t */
    XMC_LAW_GAMMA      /* p1, p2: shape and scale */
} xmc_law;

typedef struct {
    xmc_law law;
    double p1, p2;
    double minus_inverse_alpha; /* Pareto */
    xmc_gamma_table gamma;      /* gamma; owned */
    double deductible, limit;   /* per claim; limit INFINITY = none */
} xmc_claim_law;

/* limit 0 = none. Returns 0, -1 without memory, -2 when a parameter is out of range. */
int xmc_claim_law_init(xmc_claim_law *c, xmc_law law, double p1, double p2, double deductible,
                       double limit);
void xmc_claim_law_free(xmc_claim_law *c);

/* The ground-up claim that is exceeded with probability v in (0, 1). */
static inline double xmc_claim_quantile(const xmc_claim_law *c, double v) {
    if (c->law == XMC_LAW_LOGNORMAL)
        return xmc_exp(fma(-c->p2, xmc_normal_quantile(v), c->p1));
    if (c->law == XMC_LAW_PARETO)
        return c->p1 * xmc_exp(c->minus_inverse_alpha * xmc_log(v));
    double u = 1.0 - v;
    return c->p2 * xmc_gamma_of(&c->gamma, u < 1.0 ? u : 1.0 - 0x1p-53);
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
