/* Time on a machine that others use too: many short slices, each between two probes of how much of
 * the core is ours; what counts is the median of the slices in which it was ours. */
#ifndef CROSSMC_BENCH_MEASURE_H
#define CROSSMC_BENCH_MEASURE_H

#include "bench/bench.h"
#include "kernels/dispatch.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Processor seconds of this thread and of all threads, and seconds of the wall. */
double xmc_bench_cpu(void);
double xmc_bench_process_cpu(void);
double xmc_bench_wall(void);

typedef struct {
    double seconds; /* of a call: median of the quiet slices, of all where too few were quiet */
    double quiet;   /* share of the slices in which the FMA probes showed >= 90 % of the peak */
} xmc_bench_time;

/* Times f(context), which may take from nanoseconds to milliseconds. */
xmc_bench_time xmc_bench_measure(void (*f)(void *context), void *context);

/* Nanoseconds of a clock cycle: a chain of multiplications of three cycles each. */
double xmc_bench_cycle_ns(void);
/* Single-precision FMA peak of one core in the width of a target, FLOP/s; 0 where the processor
 * lacks it. isa: "scalar", "avx2", "avx512", "neon". */
double xmc_bench_fma_peak(const char *isa);
/* Bytes a second that one core reads from memory; 0 without memory for the array. */
double xmc_bench_read_bandwidth(void);

/* Median of n > 0 values, the upper of two; sorts them. */
double xmc_bench_median(double *x, size_t n);
/* z of the mean of n values against the exact one. */
double xmc_bench_z(const double *x, size_t n, double expected);

/* 64 bits that depend on every bit of the data. */
uint64_t xmc_bench_checksum(const void *data, size_t bytes);

typedef struct {
    const char *name, *isa, *unit, *reference; /* reference may be NULL */
    int threads;
    double work, seconds, reference_rate, limit_rate; /* 0 = none */
    double quiet; /* share of quiet slices; < 0 = not measured */
    uint64_t checksum;
} xmc_bench_row;
/* Adds the row to the list. */
xmc_status xmc_bench_add(json_t *rows, const xmc_bench_row *r, xmc_diag *diag);

#endif
