/* Ground-up loss of a run of locations, location terms, and single-location policy terms, with the
 * occurrences of one event, or the locations of the run, in the lanes. Both variants give the same
 * bits. No allocation, no errors: the plan has checked everything.
 *
 * A run is a stretch of the canonical order whose locations share the cell, the damage functions of
 * their coverages, and where their losses go. Draw number of (location, coverage) = rank of the
 * location + offset of the coverage, in the stream of (damage seed, trial, occurrence). */
#ifndef CROSSMC_GROUND_UP_H
#define CROSSMC_GROUND_UP_H

#include "kernels/damage_table.h"
#include "kernels/stream.h"
#include "kernels/terms.h"
#include <stdbool.h>

enum {
    XMC_LANES = 64,     /* most occurrences of a task */
    XMC_MAX_COVERS = 16 /* coverages of a location, by peril where an event has several */
};

/* The coverages of a location sum to less than this many grid steps, so that its loss keeps the
 * grid's bits while an offset of 3/2 2^52 steps is added to it. */
#define XMC_LARGEST_LOSS (0x1p51 - XMC_MAX_COVERS)

/* Arrays hold one value per location of the run. */
typedef struct {
    size_t n;                              /* below 8192 */
    uint32_t n_covers;                     /* 1 … XMC_MAX_COVERS */
    uint32_t cover_offset[XMC_MAX_COVERS]; /* ascending */
    bool mean;                             /* take the rows' mean damage ratios; draw nothing */
    bool has_terms;                        /* location terms are not all void */
    bool has_policy;                       /* policy and layer terms of single-location accounts */
    bool plain_terms;                      /* xmc_run_terms_plain: a shortcut that changes no bit */
    const uint32_t *rank;                  /* ascending */
    const double *tiv;                     /* [n_covers][n]; see XMC_LARGEST_LOSS */
    const double *ded_amount, *ded_share, *ded_min, *ded_max, *limit_amount, *limit_share;
    const double *pol_ded_amount, *pol_ded_share, *pol_ded_min, *pol_ded_max, *pol_limit_amount,
        *pol_limit_share, *attachment, *layer_limit, *participation;
    /* Where the loss of location i goes: accumulator row slot[i], or row 0 when slot is NULL. */
    const uint32_t *slot;
} xmc_run;

/* Whether all terms of the run are plain: amounts >= 0 on the grid without shares, minima, maxima
 * or participations other than 1, so that they need no rounding. For the plan. */
bool xmc_run_terms_plain(const xmc_run *run, double grid);

/* The streams of up to XMC_LANES occurrences, all at the same place. */
typedef struct {
    uint64_t state[XMC_LANES], inc[XMC_LANES];
    uint64_t position; /* draws consumed */
} xmc_lanes;

/* Lanes over occurrences: adds the loss of each location in lane l = 0 … n_lanes-1 to
 * acc[slot * stride + l]. row[c] is the damage row of coverage c at the run's intensity. The
 * streams end behind the run's last draw (where the run draws). */
void xmc_ground_up_occurrences(const xmc_run *run, const xmc_damage_row *const *row,
                               xmc_lanes *lanes, size_t n_lanes, double *acc, size_t stride,
                               double grid, double inv_grid);

/* Lanes over locations, for one occurrence: as the above with n_lanes = 1 and stride 1. *position
 * is the number of draws consumed from *s. */
void xmc_ground_up_locations(const xmc_run *run, const xmc_damage_row *const *row, xmc_stream *s,
                             uint64_t *position, double *acc, double grid, double inv_grid);

#endif
