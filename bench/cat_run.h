/* The catastrophe engine's whole loop over a generated book, under the clock. */
#ifndef CROSSMC_BENCH_CAT_RUN_H
#define CROSSMC_BENCH_CAT_RUN_H

#include "bench/cat_book.h"
#include "bench/measure.h"

typedef struct {
    double plan_seconds, plan_bytes;
    double wall, cpu;   /* seconds of the trial loop; cpu: of the process */
    double samples;     /* location coverages drawn */
    double mean, error; /* of the year's gross loss, and the mean's standard error */
    double z;           /* of the mean against the exact one */
    uint64_t checksum;  /* of the year losses */
} xmc_bench_cat_result;

/* Runs `trials` trials with the kernels in force. XMC_FAILED where the mean misses the book's
 * expected loss by five standard errors (books of one account without layers and one coverage). */
xmc_status xmc_bench_cat_run(const char *name, const xmc_bench_cat *b, uint64_t trials,
                             uint32_t block, int threads, xmc_bench_cat_result *r, xmc_diag *diag);

/* xmc_bench_cat_run several times, on one thread and on all: *one has the median of the CPU
 * seconds, *all that of the wall's. XMC_FAILED, too, where the losses depend on the number of
 * threads. */
xmc_status xmc_bench_cat_passes(const char *name, const xmc_bench_cat *b, uint64_t trials,
                                uint32_t block, int threads, xmc_bench_cat_result *one,
                                xmc_bench_cat_result *all, xmc_diag *diag);

/* A benchmark on a generated book. */
typedef xmc_status xmc_bench_cat_fn(const xmc_bench_cat *b, const xmc_bench_options *o,
                                    json_t *rows, xmc_diag *diag);
/* Makes the book and runs f on it with the option's kernels in force. */
xmc_status xmc_bench_on_book(const xmc_bench_cat_spec *spec, xmc_bench_cat_fn *f,
                             const xmc_bench_options *o, json_t *rows, xmc_diag *diag);

/* Kernels of an option's target in force, or those that are. XMC_USAGE where the processor lacks
 * them. Undo with xmc_kernels_select(*before). */
xmc_status xmc_bench_in_force(const xmc_bench_options *o, const char **before, xmc_diag *diag);
/* The limit of ground-up losses with terms, lanes over occurrences, samples per second and core,
 * for the kernels in force; 0 = none known. */
double xmc_bench_ground_up_limit(void);
/* Samples per second of plain C, one location after the other, on some occurrences of the book; its
 * mean is checked, too. */
xmc_status xmc_bench_cat_plain(const char *name, const xmc_bench_cat *b, double *rate,
                               xmc_diag *diag);

/* Most memory that the process has held, bytes; 0 where the system does not say. */
double xmc_bench_peak_memory(void);

#endif
