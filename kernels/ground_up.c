#include "kernels/ground_up.h"
#include "kernels/dispatch.h"
#include <math.h>

void xmc_ground_up_occurrences(const xmc_run *run, const xmc_damage_row *const *row,
                               xmc_lanes *lanes, size_t n_lanes, double *acc, size_t stride,
                               double grid, double inv_grid) {
    xmc_kernels_active()->ground_up_occurrences(run, row, lanes, n_lanes, acc, stride, grid,
                                                inv_grid);
}

void xmc_ground_up_locations(const xmc_run *run, const xmc_damage_row *const *row, xmc_stream *s,
                             uint64_t *position, double *acc, double grid, double inv_grid) {
    xmc_kernels_active()->ground_up_locations(run, row, s, position, acc, grid, inv_grid);
}

static bool plain(size_t n, double inv_grid, const double *amount, const double *share,
                  const double *min, const double *max, const double *limit,
                  const double *limit_share) {
    for (size_t i = 0; i < n; i++) {
        double d = amount[i] * inv_grid, u = limit[i] * inv_grid;
        if (share[i] != 0 || min[i] > amount[i] || max[i] < amount[i] || limit_share[i] != 0 ||
            !isfinite(d) || d < 0 || rint(d) != d || !(u >= 0) || rint(u) != u)
            return false;
    }
    return true;
}

bool xmc_run_terms_plain(const xmc_run *run, double grid) {
    const double inv = 1.0 / grid;
    if (run->has_terms && !plain(run->n, inv, run->ded_amount, run->ded_share, run->ded_min,
                                 run->ded_max, run->limit_amount, run->limit_share))
        return false;
    if (!run->has_policy)
        return true;
    if (!plain(run->n, inv, run->pol_ded_amount, run->pol_ded_share, run->pol_ded_min,
               run->pol_ded_max, run->pol_limit_amount, run->pol_limit_share))
        return false;
    for (size_t i = 0; i < run->n; i++) {
        double a = run->attachment[i] * inv, l = run->layer_limit[i] * inv;
        if (!isfinite(a) || a < 0 || rint(a) != a || !(l >= 0) || rint(l) != l ||
            run->participation[i] != 1)
            return false;
    }
    return true;
}
