/* crossmc bench: measures this machine. Each benchmark prints a table to a stream and adds its rows
 * to a JSON list; the fields are described in docs/performance.md. */
#ifndef CROSSMC_BENCH_H
#define CROSSMC_BENCH_H

#include "scenarios/common/status.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *isa; /* measure this target alone; NULL = all that the processor has */
    int threads;     /* of the benchmarks that use more than one */
    uint64_t trials; /* of the catastrophe benchmarks; 0 = as documented */
    FILE *out;       /* the table */
} xmc_bench_options;

typedef struct {
    const char *name, *what;
    bool within; /* another benchmark runs it, too */
    xmc_status (*run)(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
} xmc_benchmark;

/* All benchmarks, in the order in which "all" runs them. */
extern const xmc_benchmark xmc_benchmarks[];
extern const size_t xmc_n_benchmarks;

/* Runs a benchmark, or with "all" each of them, after the ceilings of the machine. Rows are added
 * to the list. XMC_USAGE for a name that is not there; XMC_FAILED when a benchmark's result is not
 * the one that its reference or another target gives. */
xmc_status xmc_bench_run(const char *name, const xmc_bench_options *o, json_t *rows,
                         xmc_diag *diag);

xmc_status xmc_bench_kernels(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_select(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_write(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_garch(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_factors(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_gul(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_million(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_linear(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_piwind(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_ara15(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_ara15_su(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_importance(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_oasis_w1(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);
xmc_status xmc_bench_credit36k(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);

#endif
