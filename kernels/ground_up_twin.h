/* The scalar twins of the ground-up loss: see ground_up.h. */
#ifndef CROSSMC_GROUND_UP_TWIN_H
#define CROSSMC_GROUND_UP_TWIN_H

#include "kernels/affine.h"
#include "kernels/ground_up.h"

/* Moves all lanes n draws on. */
static inline void xmc_lanes_jump(xmc_lanes *lanes, size_t n_lanes, uint64_t n) {
    const xmc_affine a = xmc_affine_of(n);
    lanes->position += n;
    for (size_t l = 0; l < n_lanes; l++)
        lanes->state[l] = lanes->state[l] * a.multiplier + lanes->inc[l] * a.increment;
}

static inline uint32_t xmc_pcg_output(uint64_t x) {
    uint32_t v = (uint32_t)(((x >> 18) ^ x) >> 27);
    uint32_t r = (uint32_t)(x >> 59);
    return (v >> r) | (v << (-r & 31u));
}

/* Loss of location i after its own terms and, in runs of single-location accounts, its policy's. */
static inline double xmc_after_terms(const xmc_run *run, size_t i, double x, double grid,
                                     double inv_grid) {
    if (run->has_terms) {
        x = xmc_terms_loss(x, run->ded_amount[i], run->ded_share[i], run->ded_min[i],
                           run->ded_max[i], run->limit_amount[i], run->limit_share[i]);
        x = xmc_grid_round(x, grid, inv_grid);
    }
    if (run->has_policy) {
        x = xmc_terms_loss(x, run->pol_ded_amount[i], run->pol_ded_share[i], run->pol_ded_min[i],
                           run->pol_ded_max[i], run->pol_limit_amount[i], run->pol_limit_share[i]);
        x = xmc_layer_loss(x, run->attachment[i], run->layer_limit[i], run->participation[i]);
        x = xmc_grid_round(x, grid, inv_grid);
    }
    return x;
}

static inline double xmc_mean_loss(const xmc_run *run, const xmc_damage_row *const *row, size_t i,
                                   double grid, double inv_grid) {
    double x = 0;
    for (uint32_t c = 0; c < run->n_covers; c++)
        x += xmc_grid_round(run->tiv[c * run->n + i] * row[c]->mean, grid, inv_grid);
    return xmc_after_terms(run, i, x, grid, inv_grid);
}

static inline void xmc_ground_up_occurrences_twin(const xmc_run *run,
                                                  const xmc_damage_row *const *row,
                                                  xmc_lanes *lanes, size_t n_lanes, double *acc,
                                                  size_t stride, double grid, double inv_grid) {
    double loss[XMC_LANES];
    for (size_t i = 0; i < run->n; i++) {
        double *to = acc + (run->slot ? run->slot[i] * stride : 0);
        if (run->mean) {
            double x = xmc_mean_loss(run, row, i, grid, inv_grid);
            for (size_t l = 0; l < n_lanes; l++)
                to[l] += x;
            continue;
        }
        for (size_t l = 0; l < n_lanes; l++)
            loss[l] = 0;
        for (uint32_t c = 0; c < run->n_covers; c++) {
            uint64_t place = (uint64_t)run->rank[i] + run->cover_offset[c];
            if (place != lanes->position)
                xmc_lanes_jump(lanes, n_lanes, place - lanes->position);
            const xmc_damage_row *r = row[c];
            const double tiv = run->tiv[c * run->n + i];
            for (size_t l = 0; l < n_lanes; l++) {
                uint64_t x = lanes->state[l];
                lanes->state[l] = x * XMC_PCG_MULTIPLIER + lanes->inc[l];
                loss[l] += xmc_grid_round(tiv * (double)xmc_damage_of(r, xmc_pcg_output(x)), grid,
                                          inv_grid);
            }
            lanes->position++;
        }
        for (size_t l = 0; l < n_lanes; l++)
            to[l] += xmc_after_terms(run, i, loss[l], grid, inv_grid);
    }
}

/* Location i of the run. */
static inline void xmc_ground_up_location_twin(const xmc_run *run, const xmc_damage_row *const *row,
                                               size_t i, xmc_stream *s, uint64_t *position,
                                               double *acc, double grid, double inv_grid) {
    double *to = acc + (run->slot ? run->slot[i] : 0);
    if (run->mean) {
        *to += xmc_mean_loss(run, row, i, grid, inv_grid);
        return;
    }
    double x = 0;
    for (uint32_t c = 0; c < run->n_covers; c++) {
        uint64_t place = (uint64_t)run->rank[i] + run->cover_offset[c];
        if (place != *position)
            xmc_stream_jump(s, place - *position);
        *position = place + 1;
        x += xmc_grid_round(run->tiv[c * run->n + i] * (double)xmc_damage_of(row[c], xmc_u32(s)),
                            grid, inv_grid);
    }
    *to += xmc_after_terms(run, i, x, grid, inv_grid);
}

static inline void xmc_ground_up_locations_twin(const xmc_run *run,
                                                const xmc_damage_row *const *row, xmc_stream *s,
                                                uint64_t *position, double *acc, double grid,
                                                double inv_grid) {
    for (size_t i = 0; i < run->n; i++)
        xmc_ground_up_location_twin(run, row, i, s, position, acc, grid, inv_grid);
}

#endif
