/* CreditRisk+: Poisson defaults whose intensities are mixed by gamma variables of the sectors and
 * countries (Credit Suisse First Boston, CreditRisk+, 1997). See credit_detail.h. */
#include "kernels/vmath.h"
#include "sim/credit_detail.h"

#include <stdlib.h>

/* Gamma variables of mean one, [n][lanes] at lane l. */
static void draw_gammas(xmc_stream s, const xmc_credit_detail *d, const uint32_t *law, size_t n,
                        double *to, size_t stride) {
    for (size_t i = 0; i < n; i++) {
        const xmc_gamma_table *g = &d->gamma[law[i]];
        to[i * stride] = xmc_gamma_of(g, xmc_uniform(&s)) / g->shape;
    }
}

/* Arrivals on [0, n) at rate h each obligor: exponential gaps; those of one obligor are one entry
 * of the log. */
static void strip_arrivals(const xmc_strip *b, xmc_stream_base base, double h, uint32_t lane,
                           xmc_credit_scratch *to) {
    xmc_stream s = xmc_stream_from(base, b->address), lgd = {0, 1};
    double at = -xmc_log(xmc_uniform(&s)) / h;
    if (!(at < b->n))
        return;
    lgd = xmc_stream_from(base, xmc_lgd_address(b->address));
    uint32_t last = UINT32_MAX;
    for (; at < b->n; at -= xmc_log(xmc_uniform(&s)) / h) {
        uint32_t i = (uint32_t)at;
        if (i == last && to->log[to->n_log - 1].times < UINT16_MAX)
            to->log[to->n_log - 1].times++;
        else if (i != last)
            to->log[to->n_log++] =
                (xmc_credit_hit){b->first + i, (uint16_t)lane, 1, xmc_uniform(&lgd)};
        last = i;
    }
}

void xmc_credit_plus_tile(const xmc_credit *p, xmc_credit_scratch *t, const uint64_t *trials,
                          uint32_t lanes) {
    const xmc_credit_detail *d = p->detail;
    /* The gammas stand where the copula's first product would have its parts. */
    double *country = t->country_part, *sector = t->sector_part;
    for (uint32_t l = 0; l < lanes; l++) {
        draw_gammas(xmc_stream_at(p->factor_seed, trials[l], 7), d, d->country_gamma,
                    d->country_weight > 0.0 ? p->n_countries : 0, country + l, p->lanes);
        draw_gammas(xmc_stream_at(p->factor_seed, trials[l], 8), d, d->sector_gamma,
                    d->sector_weight > 0.0 ? p->n_sectors : 0, sector + l, p->lanes);
    }
    const double own = 1.0 - d->country_weight - d->sector_weight;
    for (size_t i = 0; i < p->n_strips; i++) {
        const xmc_strip *b = &p->strips[i];
        for (uint32_t l = 0; l < lanes; l++) {
            double mix = own > 0.0 ? own : 0.0;
            if (d->country_weight > 0.0)
                mix = fma(d->country_weight, country[(size_t)b->country * p->lanes + l], mix);
            if (d->sector_weight > 0.0)
                mix = fma(d->sector_weight, sector[(size_t)b->sector * p->lanes + l], mix);
            double h = b->probability * mix;
            if (h > 0.0)
                strip_arrivals(b, t->base[l], h, l, t);
        }
    }
}
