#include "kernels/credit.h"
#include "kernels/dispatch.h"
#include "kernels/distributions.h"
#include "kernels/fill.h"
#include "kernels/vmath.h"
#include <stdbool.h>
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

enum { AHEAD = 16 };

/* Defaults of a lane, waiting to be turned into losses. */
typedef struct {
    uint32_t *hits;
    size_t count;
    uint32_t lane;
} found;

/* Indices of the defaults among n obligors, and fetches the first ones' data: they lie scattered
 * over the bucket, and another lane's losses give them time to arrive. */
static void find_defaults(const xmc_pool *p, xmc_stream s, uint32_t first, uint32_t n, double h,
                          double *uniforms, found *f) {
    if (!(h > p->mask_hazard)) {
        f->count = xmc_skip(s, n, -1.0 / h, f->hits);
    } else {
        const double survive = xmc_exp(-h);
        size_t count = 0;
        xmc_fill_uniform(&s, uniforms, n);
        for (uint32_t i = 0; i < n; i++) {
            f->hits[count] = i;
            count += uniforms[i] > survive;
        }
        f->count = count;
    }
    for (size_t k = 0; k < f->count && k < AHEAD; k++)
        __builtin_prefetch(&p->obligors[first + (size_t)f->hits[k]]);
}

static void list_defaults(uint32_t first, xmc_stream s, const found *f, xmc_credit_sums *to) {
    for (size_t k = 0; k < f->count; k++)
        to->log[to->n_log++] =
            (xmc_credit_hit){first + f->hits[k], (uint16_t)f->lane, 1, xmc_uniform(&s)};
}

static void add_losses(const xmc_pool *p, uint32_t first, xmc_stream s, bool event, const found *f,
                       xmc_credit_sums *to) {
    for (size_t k = 0; k < f->count; k++) {
        if (k + AHEAD < f->count)
            __builtin_prefetch(&p->obligors[first + (size_t)f->hits[k + AHEAD]]);
        size_t i = first + (size_t)f->hits[k];
        const xmc_exposure *o = &p->obligors[i];
        double loss = o->amount * xmc_share_of(&p->laws[o->lgd], xmc_uniform(&s));
        to->sum[(size_t)o->slot * XMC_CREDIT_LANES + f->lane] +=
            xmc_to_grid(loss, p->grid, p->inv_grid);
        xmc_credit_touch(p, to, o->slot);
        if (event)
            to->defaulted[(size_t)p->group[i] * XMC_CREDIT_LANES + f->lane] += o->amount;
    }
}

void xmc_bucket_losses(const xmc_pool *p, uint32_t first, uint32_t n, uint64_t address,
                       const xmc_stream_base *base, const double *hazard_of, uint32_t lanes,
                       uint32_t events, xmc_credit_sums *to) {
    const uint64_t lgd = xmc_lgd_address(address);
    found next = {to->hits, 0, 0}, now = {to->hits + n + XMC_SKIP_SLACK, 0, 0};
    /* most small buckets have no default in most trials */
    uint32_t open = xmc_bucket_screen(base, address, n, hazard_of, p->mask_hazard, lanes);
    while (open || now.count) {
        next.count = 0;
        if (open) {
            next.lane = (uint32_t)__builtin_ctz(open);
            open &= open - 1;
            find_defaults(p, xmc_stream_from(base[next.lane], address), first, n,
                          hazard_of[next.lane], to->uniforms, &next);
        }
        if (now.count && to->log)
            list_defaults(first, xmc_stream_from(base[now.lane], lgd), &now, to);
        else if (now.count)
            add_losses(p, first, xmc_stream_from(base[now.lane], lgd), events >> now.lane & 1u,
                       &now, to);
        const found swap = now;
        now = next;
        next = swap;
    }
}
