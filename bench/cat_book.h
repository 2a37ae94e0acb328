/* Books and event sets that the catastrophe benchmarks generate in memory, from a few numbers and a
 * seed; with the exact expected loss of what they simulate. */
#ifndef CROSSMC_BENCH_CAT_BOOK_H
#define CROSSMC_BENCH_CAT_BOOK_H

#include "scenarios/analysis.h"
#include <stdbool.h>

typedef struct {
    uint32_t locations, cells, covers; /* coverages of a location: 1 … 4 */
    bool cover_terms;   /* deductible and limit by coverage, then a deductible of the location */
    uint32_t functions; /* damage functions, one per vulnerability class */
    uint32_t accounts, layers; /* 1 and 0: one account without terms; else layers per account, and
                                  every account is a line of business of its own */
    uint32_t events;
    double hit_share;  /* of the cells, by one event */
    double total_rate; /* occurrences a year; events have equal rates */
    uint64_t seed;
} xmc_bench_cat_spec;

typedef struct {
    xmc_analysis a;
    double *event_samples; /* [events] location coverages that an occurrence draws */
    double *event_loss; /* [events] expected insured loss of an occurrence after location terms */
    double samples_per_trial; /* expected */
    double expected;          /* loss of a year, after location terms, CNY */
    size_t footprint;
    void **owned;
    size_t n_owned;
} xmc_bench_cat;

/* Deductible and limit of every location, as shares of its sum insured (amounts in the book). */
#define XMC_BENCH_DEDUCTIBLE 0.01
#define XMC_BENCH_LIMIT      0.6

xmc_status xmc_bench_cat_make(const xmc_bench_cat_spec *spec, xmc_bench_cat *out, xmc_diag *diag);
void xmc_bench_cat_free(xmc_bench_cat *b);

#endif
