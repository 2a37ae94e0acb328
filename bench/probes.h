/* Ceilings of the machine: floating-point throughput and reading memory, by instruction set. */
#ifndef CROSSMC_BENCH_PROBES_H
#define CROSSMC_BENCH_PROBES_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *isa;
    double flops;                   /* of one round: single-precision operations, an FMA is two */
    double (*fma)(uint64_t rounds); /* twelve independent chains */
    double (*read)(const double *x, size_t n); /* n a multiple of 64; x 64-byte aligned */
} xmc_probe;

/* The probe in the width of a target, or NULL where the processor lacks it. */
const xmc_probe *xmc_probe_of(const char *isa);
/* The widest one. */
const xmc_probe *xmc_probe_best(void);

#endif
