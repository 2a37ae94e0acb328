#include "kernels/credit.h"
#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include <stdlib.h>

static double hazard(double x) {
    return x < 0.0 ? -xmc_log1p(-xmc_normal_cdf(x)) : -xmc_log(xmc_normal_cdf(-x));
}

int xmc_hazard_table_init(xmc_hazard_table *t) {
    const size_t cells = 2 * XMC_HAZARD_REACH * XMC_HAZARD_PER_UNIT;
    const double step = 1.0 / XMC_HAZARD_PER_UNIT;
    t->coef = malloc(4 * cells * sizeof *t->coef);
    if (!t->coef)
        return -1;
    for (size_t i = 0; i < cells; i++) {
        /* The cubic through the values at 0, 1/4, 3/4 and 1 of the cell. */
        double x = (double)i * step - XMC_HAZARD_REACH, *c = t->coef + 4 * i;
        double f0 = hazard(x), f1 = hazard(x + 0.25 * step), f2 = hazard(x + 0.75 * step);
        double ga = 4.0 * (f1 - f0), gb = 4.0 * (f2 - f0) / 3.0, g1 = hazard(x + step) - f0;
        double d1 = 2.0 * (gb - ga), d2 = (4.0 * (g1 - gb) - d1) / 0.75;
        c[0] = f0;
        c[1] = ga - 0.25 * d1 + 0.1875 * d2;
        c[2] = d1 - d2;
        c[3] = d2;
    }
    return 0;
}

void xmc_hazard_table_free(xmc_hazard_table *t) {
    free(t->coef);
    t->coef = NULL;
}

static inline void add_default(const xmc_pool *p, uint32_t i, double u, uint32_t lane, int event,
                               xmc_credit_sums *to) {
    uint32_t slot = p->slot[i];
    double loss =
        xmc_to_grid(p->amount[i] * xmc_share_of(&p->laws[p->lgd[i]], u), p->grid, p->inv_grid);
    to->sum[(size_t)slot * XMC_CREDIT_LANES + lane] += loss;
    xmc_credit_touch(p, to, slot);
    if (event)
        to->defaulted[(size_t)p->group[i] * XMC_CREDIT_LANES + lane] += p->amount[i];
}

/* The number of obligors skipped until the next default is floor(E/h), E standard exponential: P(>=
 * k) = exp(-k h) = (1-p)^k. */
void xmc_bucket_losses(const xmc_pool *p, uint32_t first, uint32_t n, uint64_t address,
                       const xmc_stream_base *base, const double *hazard_of, uint32_t lanes,
                       uint32_t events, xmc_credit_sums *to) {
    for (uint32_t l = 0; l < lanes; l++) {
        const double h = hazard_of[l];
        const int event = (int)(events >> l & 1u);
        xmc_stream s = xmc_stream_from(base[l], address);
        if (h > p->mask_hazard) {
            const double survive = xmc_exp(-h);
            for (uint32_t i = 0; i < n; i++) {
                double u = xmc_uniform(&s), v = xmc_uniform(&s);
                if (1.0 - u > survive)
                    add_default(p, first + i, v, l, event, to);
            }
            continue;
        }
        uint32_t at = 0;
        while (at < n) {
            double u = xmc_uniform(&s), reach = (double)(n - at) * h;
            if (u >= reach) /* E(u) > u: most buckets end here without a look at the table */
                break;
            double e = xmc_quantile_of(&p->exponential, u);
            if (!(e < reach))
                break;
            at += (uint32_t)(e / h);
            double v = xmc_uniform(&s);
            if (at >= n) /* e/h rounded up to the end */
                break;
            add_default(p, first + at++, v, l, event, to);
        }
    }
}
