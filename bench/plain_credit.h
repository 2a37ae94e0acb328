/* The factor model of sim/credit.h as it is first written: one draw per loan and scenario. */
#ifndef CROSSMC_BENCH_PLAIN_CREDIT_H
#define CROSSMC_BENCH_PLAIN_CREDIT_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t region, rating;
    double loss; /* on default */
} plain_loan;

typedef struct {
    size_t n, n_regions, n_ratings;
    const plain_loan *loans;    /* [n] */
    const double *probability;  /* [n_ratings] */
    double global, region, own; /* loadings */
} plain_credit_model;

/* loss [scenarios]. At most 64 ratings and 4096 combinations of region and rating. */
void plain_credit(const plain_credit_model *m, size_t scenarios, uint64_t seed, double *loss);

#endif
