#include "kernels/credit.h"
#include "kernels/dispatch.h"
#include "kernels/distributions.h"
#include "kernels/fill.h"
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

void xmc_bucket_hazards(const xmc_hazard_table *t, double threshold, const double *w,
                        const double *country, const double *sector, double *hazard_of) {
    xmc_kernels_active()->bucket_hazards(t, threshold, w, country, sector, hazard_of);
}

uint32_t xmc_bucket_screen(const xmc_stream_base *base, uint64_t address, uint32_t n,
                           const double *hazard_of, double mask_hazard, uint32_t lanes) {
    return xmc_kernels_active()->bucket_screen(base, address, n, hazard_of, mask_hazard, lanes);
}

/* Indices of the defaults among n obligors. */
static size_t find_defaults(const xmc_pool *p, xmc_stream s, uint32_t n, double h,
                            xmc_credit_sums *to) {
    if (!(h > p->mask_hazard))
        return xmc_skip(s, n, -1.0 / h, to->hits);
    const double survive = xmc_exp(-h);
    size_t count = 0;
    xmc_fill_uniform(&s, to->uniforms, n);
    for (uint32_t i = 0; i < n; i++) {
        to->hits[count] = i;
        count += to->uniforms[i] > survive;
    }
    return count;
}

void xmc_bucket_losses(const xmc_pool *p, uint32_t first, uint32_t n, uint64_t address,
                       const xmc_stream_base *base, const double *hazard_of, uint32_t lanes,
                       uint32_t events, xmc_credit_sums *to) {
    /* most small buckets have no default in most trials */
    uint32_t open = xmc_bucket_screen(base, address, n, hazard_of, p->mask_hazard, lanes);
    for (uint32_t l = 0; open; l++, open >>= 1) {
        if (!(open & 1u))
            continue;
        size_t count = find_defaults(p, xmc_stream_from(base[l], address), n, hazard_of[l], to);
        if (!count)
            continue;
        xmc_stream s = xmc_stream_from(base[l], xmc_lgd_address(address));
        for (size_t k = 0; k < count; k++) {
            size_t i = first + (size_t)to->hits[k];
            const xmc_exposure *o = &p->obligors[i];
            double loss = o->amount * xmc_share_of(&p->laws[o->lgd], xmc_uniform(&s));
            to->sum[(size_t)o->slot * XMC_CREDIT_LANES + l] +=
                xmc_to_grid(loss, p->grid, p->inv_grid);
            xmc_credit_touch(p, to, o->slot);
            if (events >> l & 1u)
                to->defaulted[(size_t)p->group[i] * XMC_CREDIT_LANES + l] += o->amount;
        }
    }
}
