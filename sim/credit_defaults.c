/* The inner loop of credit: who defaults in the trials of a tile, and what is lost. */
#include "kernels/fill.h"
#include "sim/credit_internal.h"

#include <string.h>

enum { L = XMC_CREDIT_LANES, AHEAD = 16 };

/* Trials in bins of the factors of one country: lanes side by side then have about the same number
 * of defaults, and few of them wait for the others. */
static void sort_trials(const xmc_credit *p, xmc_credit_scratch *t, const xmc_strip *s,
                        uint32_t n) {
    enum { BINS = 128 };
    const double *part =
        t->country_part + ((size_t)s->row * p->n_countries + s->country) * p->lanes;
    uint32_t start[BINS + 1] = {0};
    uint8_t bin[XMC_CREDIT_MOST_LANES];
    for (uint32_t l = 0; l < n; l++) {
        double at = (fma(s->threshold, t->w[l], s->scale * part[l]) + 6.0) * (BINS / 9.0);
        at = at > 0.0 ? at : 0.0;
        at = at < BINS - 1.0 ? at : BINS - 1.0;
        bin[l] = (uint8_t)at;
        start[bin[l] + 1]++;
    }
    for (int i = 0; i < BINS; i++)
        start[i + 1] += start[i];
    for (uint32_t l = 0; l < n; l++)
        t->order[start[bin[l]]++] = l;
    for (uint32_t l = 0; l < n; l++) {
        t->sorted_base[l] = t->base[t->order[l]];
        t->sorted_w[l] = t->w[t->order[l]];
    }
}

/* Numbers of the defaults among the n obligors of a strip in one trial: by skipping, or by mask
 * where they are many. */
static size_t find_defaults(xmc_credit_scratch *t, xmc_stream s, uint32_t n, double h) {
    if (!(h > XMC_CREDIT_MASK_HAZARD))
        return xmc_skip(s, n, -1.0 / h, t->found);
    const double survive = xmc_exp(-h);
    size_t count = 0;
    xmc_fill_uniform(&s, t->uniforms, n);
    for (uint32_t i = 0; i < n; i++) {
        t->found[count] = i;
        count += t->uniforms[i] > survive;
    }
    return count;
}

/* Obligor i of the plan defaults in trial l of the tile; u decides its loss given default. */
static void add_default(const xmc_credit *p, xmc_credit_scratch *t, size_t i, uint32_t l, double u,
                        const uint8_t *events) {
    const xmc_exposure *o = &p->obligors[i];
    if (t->log) {
        t->log[t->n_log++] = (xmc_credit_hit){(uint32_t)i, (uint16_t)l, 1, u};
        return;
    }
    double loss = o->amount * xmc_share_of(&p->lgd[o->lgd], u);
    t->sum[(size_t)o->slot * p->lanes + l] += xmc_credit_to_grid(p, loss);
    xmc_credit_touch(p, t, o->slot);
    if (events && events[l])
        t->defaulted[(size_t)p->group[i] * p->lanes + l] += o->amount;
}

/* A strip in the trials of the lanes from … from + L - 1. */
static void list_strip(const xmc_credit *p, xmc_credit_scratch *t, const xmc_strip *s,
                       uint32_t from, const double *hazard, const uint8_t *events) {
    const uint64_t address = xmc_lgd_address(s->address);
    const xmc_stream_base *base = t->sorted_base + from;
    xmc_stream lgd[L];
    uint32_t dense, begun = 0;
    size_t count = xmc_strip_hits(base, s->address, hazard, s->n, t->hits, &dense);
    for (size_t k = 0; k < count && k < AHEAD; k++)
        __builtin_prefetch(&p->obligors[s->first + (t->hits[k] >> 32)]);
    for (size_t k = 0; k < count; k++) {
        if (k + AHEAD < count)
            __builtin_prefetch(&p->obligors[s->first + (t->hits[k + AHEAD] >> 32)]);
        uint32_t lane = (uint32_t)t->hits[k];
        double u = 0.5;
        if (!s->constant || t->log) {
            if (!(begun >> lane & 1u)) {
                lgd[lane] = xmc_stream_from(base[lane], address);
                begun |= UINT32_C(1) << lane;
            }
            u = xmc_uniform(&lgd[lane]);
        }
        add_default(p, t, s->first + (t->hits[k] >> 32), t->order[from + lane], u, events);
        if (p->shift.twist)
            t->counted[t->order[from + lane]] += xmc_band_loss(s->band);
    }
    for (; dense; dense &= dense - 1) {
        const uint32_t lane = (uint32_t)__builtin_ctz(dense), l = t->order[from + lane];
        xmc_stream own = xmc_stream_from(base[lane], address);
        count = find_defaults(t, xmc_stream_from(base[lane], s->address), s->n, hazard[lane]);
        for (size_t k = 0; k < count; k++) {
            if (k + AHEAD < count)
                __builtin_prefetch(&p->obligors[s->first + t->found[k + AHEAD]]);
            double u = s->constant && !t->log ? 0.5 : xmc_uniform(&own);
            add_default(p, t, s->first + t->found[k], l, u, events);
        }
        if (p->shift.twist)
            t->counted[l] += (double)count * xmc_band_loss(s->band);
    }
}

static void sum_strip(const xmc_credit *p, xmc_credit_scratch *t, const xmc_strip *s, uint32_t from,
                      const double *hazard) {
    const double *loss = p->loss + s->first;
    const xmc_stream_base *base = t->sorted_base + from;
    double *sum = t->losses + from;
    uint32_t dense = xmc_strip_sums(base, s->address, hazard, loss, s->n, sum);
    for (; dense; dense &= dense - 1) {
        const uint32_t lane = (uint32_t)__builtin_ctz(dense);
        size_t count =
            find_defaults(t, xmc_stream_from(base[lane], s->address), s->n, hazard[lane]);
        for (size_t k = 0; k < count; k++)
            sum[lane] += loss[t->found[k]];
    }
}

/* The sums of the plain strips so far go to their segment. */
static void flush(const xmc_credit *p, xmc_credit_scratch *t, uint32_t slot, uint32_t n) {
    if (slot == UINT32_MAX)
        return;
    double *to = t->sum + (size_t)slot * p->lanes;
    for (uint32_t l = 0; l < n; l++)
        to[t->order[l]] += t->losses[l];
    memset(t->losses, 0, n * sizeof *t->losses);
}

/* What the factors add to the argument of the conditional probability. */
static void combine(const xmc_credit *p, xmc_credit_scratch *t, const xmc_strip *s, uint32_t n) {
    const size_t L_all = p->lanes, row = s->row;
    const double *country = t->country_part + (row * p->n_countries + s->country) * L_all;
    const double *sector = t->sector_part + (row * p->n_sectors + s->sector) * L_all;
    for (uint32_t l = 0; l < n; l++) {
        const uint32_t from = t->order[l];
        t->factors[l] = s->scale * country[from] + s->scale * sector[from];
    }
}

void xmc_credit_defaults(const xmc_credit *p, xmc_credit_scratch *t, uint32_t n) {
    uint32_t pending = UINT32_MAX; /* segment of t->losses */
    const xmc_strip *last = NULL;
    for (uint32_t l = 0; p->shift.twist && l < n; l++) {
        t->order[l] = l;
        t->sorted_base[l] = t->base[l];
    }
    memset(t->losses, 0, p->lanes * sizeof *t->losses);
    for (size_t i = 0; i < p->n_strips; i++) {
        const xmc_strip *s = &p->strips[i];
        bool moved = !last || s->product != last->product || s->country != last->country;
        if (moved) {
            flush(p, t, pending, n);
            pending = UINT32_MAX;
            sort_trials(p, t, s, p->shift.twist ? 0 : n);
        }
        if (!p->shift.twist &&
            (moved || s->sector != last->sector || s->row != last->row || s->scale != last->scale))
            combine(p, t, s, n);
        last = s;
        uint32_t x = s->product == XMC_PRODUCT_EXPORT ? p->transfer_of[s->country] : UINT32_MAX;
        const uint8_t *events =
            x != UINT32_MAX && t->any_event[x] ? t->events + (size_t)x * p->lanes : NULL;
        const bool plain = !p->shift.twist && s->plain_slot != UINT32_MAX && !events && !t->log;
        if (plain && pending != s->plain_slot) {
            flush(p, t, pending, n);
            pending = s->plain_slot;
        }
        for (uint32_t from = 0; from < n; from += L) {
            double hazard[L];
            if (p->shift.twist)
                memcpy(hazard, t->hazards + 2 * i * L, sizeof hazard);
            else
                xmc_bucket_hazards(&p->hazard, s->threshold, t->sorted_w + from, t->factors + from,
                                   hazard);
            for (uint32_t l = n - from; l < L; l++)
                hazard[l] = 0.0;
            if (plain)
                sum_strip(p, t, s, from, hazard);
            else
                list_strip(p, t, s, from, hazard, events);
        }
    }
    flush(p, t, pending, n);
}
