/* Credit obligor by obligor. The plain path (credit.c) sums losses by segment; here a tile's
 * defaults come as a log, and each obligor's loss is known. Two uses:
 *   - a run with an option that the plain sums cannot carry (minimum retention, country ceiling,
 *     exchange-rate factor, loss given default that moves with the factors, migration, per-buyer
 *     excess, CreditRisk+);
 *   - after any run, the trials of the tail once more, to tell who makes it (credit_tail.c).
 * Losses are rounded to the grid obligor by obligor; policies, ceilings and transfer losses are
 * shared out exactly, so that without such an option a trial's total is the plain path's. */
#ifndef CROSSMC_CREDIT_DETAIL_H
#define CROSSMC_CREDIT_DETAIL_H

#include "sim/credit_buyers.h"
#include "sim/credit_internal.h"

enum { XMC_CAUSE_DEFAULT, XMC_CAUSE_TRANSFER, XMC_CAUSE_MIGRATION, XMC_N_CAUSES };
enum { XMC_MIGRATION_YEARS = 100 };

/* An obligor beside its xmc_exposure; in the plan's order. */
typedef struct {
    double covered;
    uint32_t policy; /* rank by identifier */
    uint32_t strip;
    uint32_t currency;              /* 0: none, else 1 + exchange-rate factor */
    uint32_t segment[XMC_N_CAUSES]; /* local, by cause; UINT32_MAX: none */
    uint32_t source;                /* row of the book */
    float months_beyond;            /* of the tenor, beyond the year */
} xmc_claim_terms;

typedef struct {
    double first_loss, limit, retention; /* limit infinite = none */
    uint32_t lob;
} xmc_policy_terms;

/* Growth = exp(volatility z - volatility^2 / 2), z = on_world F + own e. */
typedef struct {
    double volatility, on_world, own;
} xmc_fx_law;

struct xmc_credit_detail {
    xmc_claim_terms *claims;    /* [n_obligors] */
    xmc_policy_terms *policies; /* [n_policies] by rank */
    size_t n_policies, n_fx;
    xmc_fx_law *fx;
    double *ceiling;                /* [countries] by rank, infinite = none */
    double *row_norm;               /* [rows] to unit variance of the systemic part */
    double *lgd_systemic, *lgd_own; /* [classes] */
    /* Members of the transfer groups. */
    size_t *group_first; /* [n_groups + 1] */
    uint32_t *member;
    bool any_terms, any_ceiling;
    /* CreditRisk+: its gamma laws, and which one each country and sector has. */
    xmc_gamma_table *gamma;
    uint32_t *country_gamma, *sector_gamma;
    size_t n_gammas;
    double country_weight, sector_weight;
    /* Migration. */
    size_t n_states;    /* 0: off */
    double *defaults;   /* [years + 1][states]: default within that many years, from each state */
    double *thresholds; /* [strips][states]: of downgrade to that state or a worse one, default
                           included, as xmc_strip's threshold */
    xmc_buyer_layers buyers;
    struct xmc_credit_work *work; /* [threads], where run */
    bool direct;                  /* transfer losses obligor by obligor */
    bool run;                     /* an option is on: every trial takes this path */
};

typedef struct {
    uint32_t obligor, cause;
    double loss; /* CNY, on the grid */
} xmc_claim;

/* A claim in the order in which losses are shared out. */
typedef struct {
    uint32_t policy, obligor, claim;
} xmc_ranked_claim;

/* A downgrade of the year. */
typedef struct {
    uint32_t obligor;
    uint16_t lane, to;
} xmc_move;

/* Scratch of a thread. */
typedef struct xmc_credit_work {
    xmc_credit_scratch *tile;
    double *rate;           /* [fx][lanes] */
    xmc_credit_hit *sorted; /* the log by lanes */
    size_t lane_first[XMC_CREDIT_LANES + 1];
    xmc_claim *claims; /* of one lane */
    size_t n_claims;
    double *weight, *part, *by_country;
    double *paid; /* [layers per buyer] */
    uint32_t *index;
    xmc_ranked_claim *ranked;
    xmc_move *moves;
    size_t n_moves;
    uint32_t *stamp, now; /* obligors that have defaulted in the lane */
} xmc_credit_work;

/* Gets a lane's claims after all terms. */
typedef void (*xmc_claim_sink)(void *context, const xmc_credit_work *w, uint32_t lane);

/* Draws the trials and hands the claims of each lane to the sink; weight as xmc_credit_draw_tile.
 */
void xmc_credit_tile(const xmc_credit *p, xmc_credit_work *w, const uint64_t *trials,
                     const double *macro, double *weight, uint32_t lanes, xmc_claim_sink sink,
                     void *context);
/* The same for trials from … from + lanes - 1 of a block, into its columns. */
void xmc_credit_detail_tile(const xmc_credit *p, xmc_credit_work *w, xmc_block *block,
                            uint32_t from, uint32_t lanes);
/* Gives the tile's scratch a log; -1 without memory. */
int xmc_credit_work_init(const xmc_credit *p, xmc_credit_work *w, xmc_credit_scratch *tile);
void xmc_credit_work_free(xmc_credit_work *w);

/* What the factors add to the argument of the strip's conditional probability. */
static inline double xmc_credit_moved(const xmc_credit *p, const xmc_credit_scratch *t,
                                      const xmc_strip *b, uint32_t lane) {
    size_t country = ((size_t)b->row * p->n_countries + b->country) * p->lanes + lane;
    size_t sector = ((size_t)b->row * p->n_sectors + b->sector) * p->lanes + lane;
    return b->scale * (t->country_part[country] + t->sector_part[sector]);
}

/* --- the plan (credit_detail_plan.c) --- */

/* Before the strips: room for the obligors' terms, and what the model's options are. */
xmc_status xmc_credit_detail_begin(xmc_credit *p, const xmc_analysis *a, xmc_diag *diag);
/* After the strips; policy_rank [policies of the book] by identifier, country_rank likewise.
 * quantile: of the copula. */
xmc_status xmc_credit_detail_finish(xmc_credit *p, const xmc_analysis *a,
                                    const uint32_t *country_rank, const uint32_t *sector_rank,
                                    double (*quantile)(const xmc_credit *, double), xmc_diag *diag);
/* After the scratch of the threads: their logs, where an option is on. */
xmc_status xmc_credit_detail_work(xmc_credit *p, xmc_diag *diag);
void xmc_credit_detail_digest(const xmc_credit *p, xmc_digest *d);
uint64_t xmc_credit_detail_bytes(const xmc_credit *p);
void xmc_credit_detail_free(xmc_credit_detail *d, int threads);

/* --- CreditRisk+ (credit_plus.c) --- */

/* Gammas, then defaults into the log. An obligor may default more than once. */
void xmc_credit_plus_tile(const xmc_credit *p, xmc_credit_scratch *t, const uint64_t *trials,
                          uint32_t lanes);

/* --- migration (credit_migration.c) --- */

static inline uint64_t xmc_migration_address(uint64_t strip) {
    return xmc_mix64(strip ^ UINT64_C(0x2545f4914f6cdd1d));
}
/* Who would be downgraded, of all obligors, the defaulted ones included: w->moves. */
void xmc_credit_migration_tile(const xmc_credit *p, xmc_credit_work *w, uint32_t lanes);
/* Default within so many months from a state, linear between whole years; at most
 * XMC_MIGRATION_YEARS. */
double xmc_credit_cumulative(const xmc_credit_detail *d, uint32_t state, double months);
int xmc_credit_migration_plan(const xmc_credit_model *m, xmc_credit *p,
                              double (*quantile)(const xmc_credit *, double)); /* -1: no memory */

#endif
