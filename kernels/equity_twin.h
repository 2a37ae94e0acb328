/* The scalar twin of the stocks' losses: see equity.h. */
#ifndef CROSSMC_EQUITY_TWIN_H
#define CROSSMC_EQUITY_TWIN_H

#include "kernels/equity.h"
#include "kernels/vmath.h"

static inline void xmc_equity_losses_twin(const xmc_stocks *s, const xmc_quantile_table *own,
                                          xmc_stream *stream, const double *R, double *sum,
                                          double grid, double inv_grid) {
    enum { L = XMC_EQUITY_LANES };
    for (size_t i = 0; i < s->n; i++) {
        const double *r = R + (size_t)s->index[i] * L;
        double *to = sum + (size_t)s->segment[i] * L;
        const double beta = s->beta[i], idio = s->idio[i];
        const double value = s->value[i], scaled = s->scaled[i];
        double e[L];
        if (s->skip[i])
            for (int l = 0; l < L; l++)
                xmc_stream_jump(&stream[l], 2 * (uint64_t)s->skip[i]);
        for (int l = 0; l < L; l++)
            e[l] = xmc_quantile_of(own, xmc_uniform(&stream[l]));
        for (int l = 0; l < L; l++) {
            double growth = fma(idio, e[l], fma(beta, r[l], 1.0));
            growth = growth > 0.0 ? growth : 0.0;
            to[l] += xmc_to_grid(fma(-scaled, growth, value), grid, inv_grid);
        }
    }
}

#endif
