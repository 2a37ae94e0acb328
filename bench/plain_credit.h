/* The factor model of sim/credit.h as it is first written: one draw per loan and scenario. */
#ifndef CROSSMC_BENCH_PLAIN_CREDIT_H
#define CROSSMC_BENCH_PLAIN_CREDIT_H

#include "kernels/quantile_table.h"
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t country, sector, grade;
    double exposure;
} plain_loan;

typedef struct {
    size_t n, n_countries, n_sectors, n_grades;
    const plain_loan *loans;             /* [n] */
    const double *probability;           /* [n_grades] */
    double global, country, sector, own; /* loadings */
    const xmc_quantile_table *lgd;
} plain_credit_model;

/* loss [scenarios]. At most 4096 combinations of country, sector and grade. */
void plain_credit(const plain_credit_model *m, size_t scenarios, uint64_t seed, double *loss);

#endif
