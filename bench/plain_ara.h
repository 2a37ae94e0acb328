/* Aggregate risk analysis as one would first write it in C: direct-access tables, one loop. */
#ifndef CROSSMC_BENCH_PLAIN_ARA_H
#define CROSSMC_BENCH_PLAIN_ARA_H

#include "kernels/terms.h"
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t n_events, occurrences;
    size_t n_tables;
    const float *const *loss; /* [tables][n_events], 0 = none */
    /* secondary uncertainty: parameters of the beta laws by table and event; exposure 0 = none */
    const float *const *exposure;
    const float *const *alpha;
    const float *const *beta;
    const xmc_layer *terms; /* [tables] */
    xmc_layer occurrence, aggregate;
    uint64_t seed_events, seed_damage;
    double grid;
} plain_ara_model;

/* The layer's loss in trials 0 … n - 1. */
void plain_ara(const plain_ara_model *m, size_t n, double *loss);
/* With an inverse beta per event loss; ground_up [n], too. */
void plain_ara_sampled(const plain_ara_model *m, size_t n, double *loss, double *ground_up);

#endif
