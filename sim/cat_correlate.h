/* Damage draws of an event that are not all independent. Private to the catastrophe engine.
 *
 * A group is a set of locations' items under the same perils and OED's CorrelationGroup. In each
 * occurrence it has a normal factor x, a word w and, with probability `shared`, is fully
 * correlated: all its items then take the word w. Otherwise an item's own word k, the one that it
 * takes without correlation, becomes Φ(√ρ x + √(1-ρ) Φ⁻¹(k)): one-factor Gaussian mixing. The law
 * of a single item stays what it is. Stream (damage seed, trial, number | group << 32 | (entry + 1)
 * << 56), so that the items' own draws keep their addresses. */
#ifndef CROSSMC_CAT_CORRELATE_H
#define CROSSMC_CAT_CORRELATE_H

#include "kernels/ground_up.h"

enum { XMC_MOST_CORRELATIONS = 8 };

/* A group's draws for the occurrences in the lanes. */
typedef struct {
    uint32_t group;
    bool known; /* drawn for these lanes */
    double rho; /* 0: no mixing */
    double factor[XMC_LANES];
    uint32_t word[XMC_LANES];
    uint8_t together[XMC_LANES];
} xmc_cat_group_draws;

/* The word of an item from its own: for factor x and correlation rho in [0, 1). */
uint32_t xmc_cat_mix_word(uint32_t own, double x, double rho);

/* As xmc_ground_up_occurrences; draws[k] belongs to coverage k, NULL: independent. */
void xmc_cat_correlated(const xmc_run *run, const xmc_damage_row *const *row,
                        const xmc_cat_group_draws *const *draws, xmc_lanes *lanes, size_t n_lanes,
                        double *acc, size_t stride, double grid, double inv_grid);

#endif
