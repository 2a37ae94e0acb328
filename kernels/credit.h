/* Defaults of one bucket in a few trials at once: conditional hazards, geometric skipping, losses
 * given default. */
#ifndef CROSSMC_KERNEL_CREDIT_H
#define CROSSMC_KERNEL_CREDIT_H

#include "kernels/bernoulli.h"
#include "kernels/quantile_table.h"
#include "kernels/stream.h"
#include <stddef.h>

enum { XMC_CREDIT_LANES = 16 }; /* trials side by side */

/* The hazard -log(1 - Phi(x)) of a default with probability Phi(x): cubics on cells of 1/64 over
 * [-9, 9]. Relative error below 3e-7; x outside counts as the nearer end (1e-19 and 1 - 1e-19). */
enum { XMC_HAZARD_REACH = 9, XMC_HAZARD_PER_UNIT = 64 };
typedef struct {
    double *coef; /* [2 reach per_unit][4]; owned */
} xmc_hazard_table;
int xmc_hazard_table_init(xmc_hazard_table *t); /* -1 without memory */
void xmc_hazard_table_free(xmc_hazard_table *t);

static inline double xmc_hazard_of(const xmc_hazard_table *t, double x) {
    const double last = 2.0 * XMC_HAZARD_REACH * XMC_HAZARD_PER_UNIT - 1e-9;
    double at = (x + XMC_HAZARD_REACH) * XMC_HAZARD_PER_UNIT;
    at = at > 0.0 ? at : 0.0;
    at = at < last ? at : last;
    int cell = (int)at;
    const double *c = t->coef + 4 * (size_t)cell;
    double f = at - (double)cell;
    return c[0] + f * (c[1] + f * (c[2] + f * c[3]));
}

/* A loss-given-default or transfer share: a law by table, or a constant where the table is empty.
 */
typedef struct {
    xmc_quantile_table table;
    double constant;
} xmc_share_law;

static inline double xmc_share_of(const xmc_share_law *s, double u) {
    return s->table.coef ? xmc_quantile_of(&s->table, u) : s->constant;
}

/* One obligor; those of a bucket stand side by side, in the order of their identifiers. */
typedef struct {
    double amount; /* insured, CNY, on the grid */
    uint32_t slot; /* row of the sums */
    uint32_t lgd;  /* loss class */
} xmc_exposure;

typedef struct {
    const xmc_exposure *obligors;
    const uint32_t *group; /* by obligor: row of the defaulted amounts (country, policy, segment) */
    const xmc_share_law *laws;
    /* Rows of the sums from here on belong to policies with terms. */
    uint32_t first_policy_slot;
    const uint32_t *policy_of_slot; /* [slots - first_policy_slot] */
    double grid, inv_grid, mask_hazard;
} xmc_pool;

/* A default as the log keeps it: who, in which lane, how often (CreditRisk+ knows more than once),
 * and the uniform of its loss given default. */
typedef struct {
    uint32_t obligor;
    uint16_t lane, times;
    double u;
} xmc_credit_hit;

/* What a thread adds to: sums [slots][lanes], defaulted amounts [groups][lanes], and the list of
 * policies with terms that were touched (stamp[policy] == now); and scratch for a bucket: hits [2
 * (n + XMC_SKIP_SLACK)], uniforms [n]. With a log [obligors x lanes] defaults are listed there
 * instead (sim/credit_detail.c makes losses of them), and nothing is summed. */
typedef struct {
    double *sum, *defaulted, *uniforms;
    uint32_t *hits;
    uint64_t *stamp, now;
    uint32_t *touched;
    size_t n_touched;
    xmc_credit_hit *log; /* NULL: sum */
    size_t n_log;
} xmc_credit_sums;

static inline void xmc_credit_touch(const xmc_pool *p, xmc_credit_sums *to, uint32_t slot) {
    if (slot < p->first_policy_slot)
        return;
    uint32_t policy = p->policy_of_slot[slot - p->first_policy_slot];
    if (to->stamp[policy] != to->now) {
        to->stamp[policy] = to->now;
        to->touched[to->n_touched++] = policy;
    }
}

static inline uint64_t xmc_lgd_address(uint64_t bucket) {
    return xmc_mix64(bucket ^ UINT64_C(0x5851f42d4c957f2d));
}

/* A bucket's hazards in XMC_CREDIT_LANES trials: xmc_hazard_of(threshold w + (country + sector)),
 * all [XMC_CREDIT_LANES]. */
void xmc_bucket_hazards(const xmc_hazard_table *t, double threshold, const double *w,
                        const double *country, const double *sector, double *hazard);

/* Which lanes have to be looked at: bit l is clear where the first uniform u of the bucket's stream
 * shows that none of the n obligors defaults, since -log u > 1 - u >= n hazard (and the hazard is
 * at most mask_hazard, so that skipping is what is used). */
uint32_t xmc_bucket_screen(const xmc_stream_base *base, uint64_t address, uint32_t n,
                           const double *hazard, double mask_hazard, uint32_t lanes);

/* Defaults among obligors first … first + n - 1 in each lane: hazard [lanes], base [lanes] the
 * trials' streams, address the bucket's; the losses given default stand at address
 * xmc_lgd_address(address). events: bit l set = the country has a transfer event in
 * lane l, so the defaulted amount counts. lanes <= XMC_CREDIT_LANES. */
void xmc_bucket_losses(const xmc_pool *p, uint32_t first, uint32_t n, uint64_t address,
                       const xmc_stream_base *base, const double *hazard, uint32_t lanes,
                       uint32_t events, xmc_credit_sums *to);

#endif
