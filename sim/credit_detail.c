/* Credit obligor by obligor: losses out of a tile's log of defaults, for what the plain path's sums
 * cannot tell. See credit_detail.h. */
#include "sim/credit_detail.h"
#include "kernels/vmath.h"
#include "sim/treaty.h"

#include <stdlib.h>
#include <string.h>

enum { L = XMC_CREDIT_LANES };

/* --- exchange-rate factors --- */

/* Growth of each currency in each lane: lognormal with mean one. */
static void draw_rates(const xmc_credit *p, const xmc_credit_detail *d, xmc_credit_work *w,
                       const uint64_t *trials, uint32_t lanes) {
    for (uint32_t l = 0; l < lanes && d->n_fx; l++) {
        xmc_stream s = xmc_stream_at(p->factor_seed, trials[l], 6);
        for (size_t c = 0; c < d->n_fx; c++) {
            const xmc_fx_law *x = &d->fx[c];
            double z = fma(x->on_world, w->tile->world[l], x->own * xmc_normal(&s));
            w->rate[c * L + l] = xmc_exp(x->volatility * (z - 0.5 * x->volatility));
        }
    }
}

static double rate_of(const xmc_credit_work *w, const xmc_claim_terms *o, uint32_t lane) {
    return o->currency ? w->rate[(size_t)(o->currency - 1) * L + lane] : 1.0;
}

/* --- losses of the obligors --- */

/* The strip's systemic factor, of unit variance: what a loss given default moves with. */
static double systemic(const xmc_credit *p, const xmc_credit_work *w, const xmc_strip *b,
                       uint32_t lane) {
    const xmc_credit_scratch *t = w->tile;
    double country = t->country_part[(b->row * p->n_countries + b->country) * p->lanes + lane];
    double sector = t->sector_part[(b->row * p->n_sectors + b->sector) * p->lanes + lane];
    return (country + sector) * p->detail->row_norm[b->row];
}

static double default_share(const xmc_credit *p, const xmc_credit_work *w,
                            const xmc_credit_hit *hit, uint32_t class) {
    const xmc_credit_detail *d = p->detail;
    double u = hit->u;
    if (d->lgd_systemic[class] > 0.0) {
        const xmc_strip *b = &p->strips[d->claims[hit->obligor].strip];
        double z = fma(d->lgd_systemic[class], systemic(p, w, b, hit->lane),
                       d->lgd_own[class] * xmc_normal_quantile(u));
        u = xmc_normal_cdf(z);
        u = u < 0x1p-53 ? 0x1p-53 : u > 1.0 - 0x1p-53 ? 1.0 - 0x1p-53 : u;
    }
    return xmc_share_of(&p->lgd[class], u);
}

/* What the policy pays of a loss of this share, before its terms on the year. */
static double claim_of(const xmc_credit *p, uint32_t obligor, double share, double rate) {
    const xmc_claim_terms *o = &p->detail->claims[obligor];
    double retention = p->detail->policies[o->policy].retention;
    double loss = p->obligors[obligor].amount * rate * share;
    if (retention > 0.0) {
        double left = loss / o->covered - retention;
        left = left > 0.0 ? left : 0.0;
        loss = left < loss ? left : loss;
    }
    return xmc_to_grid(loss, p->grid, 1.0 / p->grid);
}

static void add_claim(xmc_credit_work *w, uint32_t obligor, uint32_t cause, double loss) {
    if (loss > 0.0)
        w->claims[w->n_claims++] = (xmc_claim){obligor, cause, loss};
}

static void defaults_of_lane(const xmc_credit *p, xmc_credit_work *w, uint32_t lane) {
    for (size_t k = w->lane_first[lane]; k < w->lane_first[lane + 1]; k++) {
        const xmc_credit_hit *hit = &w->sorted[k];
        const xmc_claim_terms *o = &p->detail->claims[hit->obligor];
        double share = default_share(p, w, hit, p->obligors[hit->obligor].lgd);
        w->stamp[hit->obligor] = w->now;
        add_claim(w, hit->obligor, XMC_CAUSE_DEFAULT,
                  hit->times * claim_of(p, hit->obligor, share, rate_of(w, o, lane)));
    }
}

/* Transfer losses of the sound obligors of a group. Where nothing tells the obligors' losses apart
 * but their amounts, the group's loss is the plain path's, shared out. */
static void transfer_of_group(const xmc_credit *p, xmc_credit_work *w, uint32_t group, double share,
                              uint32_t lane) {
    const xmc_credit_detail *d = p->detail;
    const uint32_t *member = d->member + d->group_first[group];
    size_t n = d->group_first[group + 1] - d->group_first[group], sound = 0;
    double amount = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (w->stamp[member[i]] == w->now)
            continue;
        if (d->direct) {
            const xmc_claim_terms *o = &d->claims[member[i]];
            add_claim(w, member[i], XMC_CAUSE_TRANSFER,
                      claim_of(p, member[i], share, rate_of(w, o, lane)));
        } else {
            w->index[sound] = member[i];
            amount += w->weight[sound++] = p->obligors[member[i]].amount;
        }
    }
    if (!sound)
        return;
    xmc_allocate(xmc_to_grid(amount * share, p->grid, 1.0 / p->grid), w->weight, w->part, sound,
                 p->grid, 1.0 / p->grid);
    for (size_t i = 0; i < sound; i++)
        add_claim(w, w->index[i], XMC_CAUSE_TRANSFER, w->part[i]);
}

static void transfers_of_lane(const xmc_credit *p, xmc_credit_work *w, uint32_t lane) {
    for (size_t i = 0; i < p->n_transfers; i++)
        if (w->tile->any_event[i] && w->tile->events[i * p->lanes + lane])
            for (uint32_t g = p->transfers[i].group; g < p->transfers[i].end; g++)
                transfer_of_group(p, w, g, w->tile->share[i * p->lanes + lane], lane);
}

/* What a downgrade costs: the rise of the chance of default within the tenor that is left after the
 * year, on the insured amount and the mean loss given default. */
static void moves_of_lane(const xmc_credit *p, xmc_credit_work *w, uint32_t lane) {
    const xmc_credit_detail *d = p->detail;
    for (size_t k = 0; k < w->n_moves; k++) {
        const xmc_move *m = &w->moves[k];
        const xmc_claim_terms *o = &d->claims[m->obligor];
        if (m->lane != lane || !(o->months_beyond > 0.0f) || w->stamp[m->obligor] == w->now)
            continue;
        double rise = xmc_credit_cumulative(d, m->to, (double)o->months_beyond) -
                      xmc_credit_cumulative(d, p->strips[o->strip].state, (double)o->months_beyond);
        double amount = p->obligors[m->obligor].amount * rate_of(w, o, lane);
        add_claim(w, m->obligor, XMC_CAUSE_MIGRATION,
                  xmc_to_grid(amount * rise * p->lgd[p->obligors[m->obligor].lgd].constant, p->grid,
                              1.0 / p->grid));
    }
}

/* --- terms --- */

static int by_policy(const void *pa, const void *pb) {
    const xmc_ranked_claim *a = pa, *b = pb;
    if (a->policy != b->policy)
        return a->policy < b->policy ? -1 : 1;
    return (a->obligor > b->obligor) - (a->obligor < b->obligor);
}

/* Gives n claims the parts of what is paid. */
static void share_out(const xmc_credit *p, xmc_credit_work *w, const xmc_ranked_claim *which,
                      double paid, size_t n) {
    for (size_t i = 0; i < n; i++)
        w->weight[i] = w->claims[which[i].claim].loss;
    xmc_allocate(paid, w->weight, w->part, n, p->grid, 1.0 / p->grid);
    for (size_t i = 0; i < n; i++)
        w->claims[which[i].claim].loss = w->part[i];
}

/* First loss and aggregate limit of the policies that have them. */
static void policy_terms(const xmc_credit *p, xmc_credit_work *w) {
    const xmc_credit_detail *d = p->detail;
    size_t n = 0;
    for (size_t i = 0; i < w->n_claims; i++) {
        uint32_t obligor = w->claims[i].obligor, policy = d->claims[obligor].policy;
        if (d->policies[policy].first_loss > 0.0 || d->policies[policy].limit < INFINITY)
            w->ranked[n++] = (xmc_ranked_claim){policy, obligor, (uint32_t)i};
    }
    qsort(w->ranked, n, sizeof *w->ranked, by_policy);
    for (size_t from = 0, to; from < n; from = to) {
        const xmc_policy_terms *x = &d->policies[w->ranked[from].policy];
        double gross = 0.0;
        for (to = from; to < n && w->ranked[to].policy == w->ranked[from].policy; to++)
            gross += w->claims[w->ranked[to].claim].loss;
        double paid = gross - x->first_loss;
        paid = paid > 0.0 ? paid : 0.0;
        paid = paid < x->limit ? paid : x->limit;
        if (paid < gross)
            share_out(p, w, w->ranked + from, paid, to - from);
    }
}

/* What a country's export policies pay together. */
static void country_ceilings(const xmc_credit *p, xmc_credit_work *w) {
    const xmc_credit_detail *d = p->detail;
    memset(w->by_country, 0, p->n_countries * sizeof *w->by_country);
    for (size_t i = 0; i < w->n_claims; i++) {
        const xmc_strip *b = &p->strips[d->claims[w->claims[i].obligor].strip];
        if (b->product == XMC_PRODUCT_EXPORT)
            w->by_country[b->country] += w->claims[i].loss;
    }
    for (size_t c = 0; c < p->n_countries; c++) {
        if (!(w->by_country[c] > d->ceiling[c]))
            continue;
        size_t n = 0;
        for (size_t i = 0; i < w->n_claims; i++) {
            const xmc_strip *b = &p->strips[d->claims[w->claims[i].obligor].strip];
            if (b->product == XMC_PRODUCT_EXPORT && b->country == c)
                w->ranked[n++] = (xmc_ranked_claim){0, w->claims[i].obligor, (uint32_t)i};
        }
        qsort(w->ranked, n, sizeof *w->ranked, by_policy);
        share_out(p, w, w->ranked, d->ceiling[c], n);
    }
}

/* --- the lanes of a tile --- */

/* The log by lanes. The order inside a lane cannot show: losses are summed on the grid, and what is
 * shared out is sorted first. */
static void sort_log(xmc_credit_work *w) {
    const xmc_credit_scratch *t = w->tile;
    size_t at[L + 1] = {0};
    for (size_t k = 0; k < t->n_log; k++)
        at[t->log[k].lane + 1]++;
    for (size_t l = 0; l < L; l++)
        at[l + 1] += at[l];
    memcpy(w->lane_first, at, sizeof at);
    for (size_t k = 0; k < t->n_log; k++)
        w->sorted[at[t->log[k].lane]++] = t->log[k];
}

void xmc_credit_tile(const xmc_credit *p, xmc_credit_work *w, const uint64_t *trials,
                     const double *macro, double *weight, uint32_t lanes, xmc_claim_sink sink,
                     void *context) {
    xmc_credit_draw_tile(p, w->tile, trials, macro, weight, lanes);
    draw_rates(p, p->detail, w, trials, lanes);
    if (p->detail->n_states)
        xmc_credit_migration_tile(p, w, lanes);
    sort_log(w);
    for (uint32_t l = 0; l < lanes; l++) {
        w->n_claims = 0;
        w->now++;
        defaults_of_lane(p, w, l);
        transfers_of_lane(p, w, l);
        if (p->detail->any_terms)
            policy_terms(p, w);
        if (p->detail->any_ceiling)
            country_ceilings(p, w);
        moves_of_lane(p, w, l);
        sink(context, w, l);
    }
}

typedef struct {
    const xmc_credit *p;
    xmc_block *block;
    uint32_t from;
} tile_place;

/* What the excess per buyer pays of a claim, to its treaties and, for the treaties that come after,
 * to the segment. */
static void cede_buyer(const tile_place *at, const xmc_credit_work *w, const xmc_claim *c,
                       uint32_t lane) {
    const xmc_credit *p = at->p;
    const xmc_credit_detail *d = p->detail;
    const xmc_claim_terms *o = &d->claims[c->obligor];
    double ceded = xmc_buyer_recovery(&d->buyers, d->policies[o->policy].lob, c->loss, p->grid,
                                      1.0 / p->grid, w->paid);
    if (!(ceded > 0.0))
        return;
    for (size_t k = 0; k < d->buyers.n; k++)
        at->block->treaty[d->buyers.layer[k].treaty][at->from + lane] += w->paid[k];
    at->block->segment_net[p->registered[o->segment[c->cause]]][at->from + lane] += ceded;
}

/* The run's sink: sums by segment. */
static void sum_lane(void *context, const xmc_credit_work *w, uint32_t lane) {
    const tile_place *at = context;
    const xmc_credit *p = at->p;
    double *sum = w->tile->sum;
    for (size_t i = 0; i < w->n_claims; i++) {
        const xmc_claim *c = &w->claims[i];
        sum[(size_t)p->detail->claims[c->obligor].segment[c->cause] * p->lanes + lane] += c->loss;
        if (p->detail->buyers.n && c->cause != XMC_CAUSE_MIGRATION)
            cede_buyer(at, w, c, lane);
    }
}

void xmc_credit_detail_tile(const xmc_credit *p, xmc_credit_work *w, xmc_block *block,
                            uint32_t from, uint32_t lanes) {
    uint64_t trials[L];
    for (uint32_t l = 0; l < lanes; l++)
        trials[l] = block->first + from + l;
    xmc_credit_tile(p, w, trials, block->macro + from, block->weight ? block->weight + from : NULL,
                    lanes, sum_lane, &(tile_place){p, block, from});
    for (size_t s = 0; s < p->n_segments; s++)
        memcpy(block->segment_gross[p->registered[s]] + from, w->tile->sum + s * p->lanes,
               lanes * sizeof(double));
}

int xmc_credit_work_init(const xmc_credit *p, xmc_credit_work *w, xmc_credit_scratch *tile) {
    size_t n = p->n_obligors;
    *w = (xmc_credit_work){.tile = tile};
    w->rate = calloc((p->detail->n_fx + 1) * L, sizeof *w->rate);
    w->sorted = malloc((n * L + 1) * sizeof *w->sorted);
    w->claims = malloc((2 * n + 1) * sizeof *w->claims);
    w->paid = malloc((p->detail->buyers.n + 1) * sizeof *w->paid);
    w->ranked = malloc((2 * n + 1) * sizeof *w->ranked);
    w->moves = malloc((p->detail->n_states ? n * L : 1) * sizeof *w->moves);
    w->weight = malloc((n + 1) * sizeof *w->weight);
    w->part = malloc((n + 1) * sizeof *w->part);
    w->index = malloc((n + XMC_SKIP_SLACK) * sizeof *w->index);
    w->stamp = calloc(n + 1, sizeof *w->stamp);
    w->by_country = malloc((p->n_countries + 1) * sizeof *w->by_country);
    tile->log = malloc((n * L + 1) * sizeof *tile->log);
    if (w->rate && w->sorted && w->claims && w->weight && w->part && w->index && w->stamp &&
        w->by_country && w->moves && w->ranked && w->paid && tile->log)
        return 0;
    xmc_credit_work_free(w);
    return -1;
}

void xmc_credit_work_free(xmc_credit_work *w) {
    free(w->rate);
    free(w->sorted);
    free(w->claims);
    free(w->weight);
    free(w->part);
    free(w->index);
    free(w->stamp);
    free(w->by_country);
    free(w->moves);
    free(w->ranked);
    free(w->paid);
    if (w->tile) {
        free(w->tile->log);
        w->tile->log = NULL;
    }
    *w = (xmc_credit_work){0};
}
