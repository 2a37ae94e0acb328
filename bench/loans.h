/* The portfolio of bench/credit36k.c: 36,000 loans of distinct exposures in 10 regions and 8
 * ratings, 1 % mean probability, constant loss given default; and its scenarios through the credit
 * model. */
#ifndef CROSSMC_BENCH_LOANS_H
#define CROSSMC_BENCH_LOANS_H

#include "bench/measure.h"
#include "sim/credit.h"

enum { XMC_LOANS = 36000, XMC_LOAN_REGIONS = 10, XMC_LOAN_RATINGS = 8 };
extern const double xmc_loan_ratings[XMC_LOAN_RATINGS];
#define XMC_LOAN_GLOBAL 0.12 /* squared loadings */
#define XMC_LOAN_REGION 0.08
#define XMC_LOAN_LGD    0.45

typedef struct {
    xmc_analysis a;
    xmc_country countries[XMC_LOAN_REGIONS];
    const char *sectors[1], *regions[1], *classes[1];
    xmc_lob lobs[1];
    xmc_credit_policy policy;
    xmc_obligor obligors[XMC_LOANS];
    char ids[XMC_LOANS][8];
    double mean, sd;                    /* of the loss given default */
    double expected, expected_defaults; /* of a scenario */
} xmc_loans;

/* With seeds for the factors and the defaults; NULL without memory. */
xmc_loans *xmc_loans_new(uint64_t trials, uint64_t seed);

/* A plan of one segment, built with threads. */
typedef struct {
    xmc_credit *plan;
    xmc_segments segments;
} xmc_loans_plan;
xmc_status xmc_loans_plan_build(const xmc_loans *l, int threads, xmc_loans_plan *p, xmc_diag *diag);
void xmc_loans_plan_free(xmc_loans_plan *p);
/* Runs all trials; loss [trials], weight [trials] or NULL; wall and processor seconds. */
xmc_status xmc_loans_run(const xmc_loans *l, xmc_loans_plan *p, double *loss, double *weight,
                         double *seconds, double *cpu, xmc_diag *diag);

#endif
