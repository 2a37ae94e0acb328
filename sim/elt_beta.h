/* Beta laws by table, for event losses with their own mean and standard deviation: the segments of
 * kernels/damage_table.h, interpolated between laws on a grid of (mean, spread) and then shifted
 * and stretched, so that mean and standard deviation are the row's own. One 32-bit word in, the
 * quantile out. */
#ifndef CROSSMC_ELT_BETA_H
#define CROSSMC_ELT_BETA_H

#include "kernels/damage_table.h"
#include <stdint.h>

/* Coefficients side by side: a draw touches one cache line. */
typedef struct {
    float ab[XMC_DAMAGE_INTERIOR][2];
    float exposure;
    uint32_t table;
    uint32_t unused[2];
} xmc_elt_row;

typedef struct {
    xmc_damage_row *laws;
    float scale, shift; /* of all laws: none has an atom */
} xmc_elt_beta;

/* Where segment j of a damage row begins on its axis. */
double xmc_elt_edge(int j);

/* 0, or -1 without memory. */
int xmc_elt_beta_init(xmc_elt_beta *b, int threads);
void xmc_elt_beta_free(xmc_elt_beta *b);

/* The law of a loss in [0, 1] with this mean and standard deviation, 0 < sd² < mean (1 − mean).
 * Means below 1e-4 or above 1 − 1e-4, and sd² / (mean (1 − mean)) below 1e-4 or above 0.95, take
 * the shape of the grid's border. */
void xmc_elt_beta_row(const xmc_elt_beta *b, double mean, double sd, xmc_elt_row *row);

/* Segment of a word, and the quantile in it: 0 … 1, larger words give smaller losses. */
static inline float xmc_elt_place(const xmc_elt_beta *b, uint32_t word, uint32_t *segment) {
    float t = (float)(int32_t)(word >> 1) * b->scale;
    t = t + b->shift;
    t = t < 0x1p-15f ? 0x1p-15f : t;
    t = t > 0x1.fffffep-1f ? 0x1.fffffep-1f : t;
    uint32_t bits;
    memcpy(&bits, &t, sizeof bits);
    *segment = (bits >> 22) & 31u;
    return t;
}
static inline float xmc_elt_quantile(const xmc_elt_row *r, float t, uint32_t segment) {
    float d = r->ab[segment][1] * t;
    d = d + r->ab[segment][0];
    d = d < 0.0f ? 0.0f : d;
    return d > 1.0f ? 1.0f : d;
}

#endif
