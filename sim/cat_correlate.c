#include "sim/cat_correlate.h"
#include "kernels/distributions.h"
#include "kernels/ground_up_twin.h"
#include "kernels/vmath.h"

uint32_t xmc_cat_mix_word(uint32_t own, double x, double rho) {
    const double y = xmc_normal_quantile(((double)own + 0.5) * 0x1p-32);
    const double u = xmc_normal_cdf(sqrt(rho) * x + sqrt(1 - rho) * y);
    const double k = floor(u * 0x1p32);
    return k < 0x1p32 ? (uint32_t)k : UINT32_MAX;
}

void xmc_cat_correlated(const xmc_run *run, const xmc_damage_row *const *row,
                        const xmc_cat_group_draws *const *draws, xmc_lanes *lanes, size_t n_lanes,
                        double *acc, size_t stride, double grid, double inv_grid) {
    double loss[XMC_LANES];
    for (size_t i = 0; i < run->n; i++) {
        double *to = acc + (run->slot ? run->slot[i] * stride : 0);
        for (size_t l = 0; l < n_lanes; l++)
            loss[l] = 0;
        for (uint32_t c = 0; c < run->n_covers; c++) {
            const uint64_t place = (uint64_t)run->rank[i] + run->cover_offset[c];
            if (place != lanes->position)
                xmc_lanes_jump(lanes, n_lanes, place - lanes->position);
            const double tiv = run->tiv[c * run->n + i];
            const xmc_cat_group_draws *g = draws[c];
            for (size_t l = 0; l < n_lanes; l++) {
                const uint64_t state = lanes->state[l];
                lanes->state[l] = state * XMC_PCG_MULTIPLIER + lanes->inc[l];
                uint32_t word = xmc_pcg_output(state);
                if (g && g->together[l])
                    word = g->word[l];
                else if (g && g->rho > 0)
                    word = xmc_cat_mix_word(word, g->factor[l], g->rho);
                loss[l] +=
                    xmc_grid_round(tiv * (double)xmc_damage_of(row[c], word), grid, inv_grid);
            }
            lanes->position++;
        }
        for (size_t l = 0; l < n_lanes; l++)
            to[l] += xmc_after_terms(run, i, loss[l], grid, inv_grid);
    }
}
