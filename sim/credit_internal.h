/* The credit plan as its builder (credit_plan.c) and the trial loop (credit.c) share it. */
#ifndef CROSSMC_CREDIT_INTERNAL_H
#define CROSSMC_CREDIT_INTERNAL_H

#include "kernels/bernoulli.h"
#include "kernels/credit.h"
#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "sim/credit.h"
#include <stdbool.h>

enum { XMC_PRODUCT_EXPORT, XMC_PRODUCT_GUARANTEE, XMC_N_PRODUCTS };
/* Degrees of freedom above this count as infinite, the Gaussian copula. */
#define XMC_CREDIT_NORMAL_NU 2e6
enum { XMC_CREDIT_MOST_LANES = 256 };

/* One obligor; those of a strip stand side by side, in the order of their identifiers. */
typedef struct {
    double amount; /* insured, CNY, on the grid */
    uint32_t slot; /* row of the sums */
    uint32_t lgd;  /* loss class */
} xmc_exposure;

/* A stretch of a bucket: obligors with one conditional probability. */
typedef struct {
    uint64_t address;
    double threshold; /* q(p) / sqrt(1 - squared loadings) */
    double scale;     /* of the factors' part, see xmc_loading_row; 1 where they are fixed */
    double expected;  /* defaults of a trial */
    double probability;
    double per_root; /* 1 / sqrt(1 - squared loadings) */
    uint32_t state;  /* of rating migration; UINT32_MAX: none */
    uint32_t first, n;
    uint32_t country, sector; /* rank by name */
    uint32_t product, row;
    /* The one segment of all of them if none has a policy with terms and all losses given default
     * are constant, so that the loss of each is known; else UINT32_MAX. */
    uint32_t plain_slot;
    uint32_t constant; /* all losses given default are */
    uint32_t band;     /* of the losses on default, see xmc_band_loss; 0 without a twist */
} xmc_strip;

/* Loadings over sqrt(1 - squared loadings): how the factors move the argument of the conditional
 * probability. Rows 0 and 1 are the products, then come the loading classes. Where the correlation
 * depends on the probability (Basel), the row has the mix alone and the bucket the scale. */
typedef struct {
    double global, region, country, sector;
    uint8_t *country_used, *sector_used; /* by rank */
} xmc_loading_row;

/* A country that can have a transfer event. */
typedef struct {
    uint32_t country;    /* rank by name */
    double threshold;    /* of its latent variable */
    uint32_t group, end; /* its groups */
} xmc_transfer;

/* Insured receivables of one country that share a destination of the transfer loss. */
typedef struct {
    uint32_t slot;
    double amount;
} xmc_transfer_group;

/* A policy with an aggregate limit or first loss: its slots stand side by side. */
typedef struct {
    uint32_t slot, n_slots;
    double first_loss, limit; /* on the grid; limit infinite = none */
} xmc_terms;

/* Bands of the losses on default for the twist: octaves, band b, 2^b to 2^(b + 1) CNY, counts
 * as 1.5 x 2^b. */
enum { XMC_TWIST_BANDS = 48 };
static inline double xmc_band_loss(uint32_t band) {
    return 1.5 * (double)(UINT64_C(1) << band);
}

/* Importance sampling: of eight trials one is plain, in the others the normals drawn for credit are
 * shifted (by rank, larger = worse) and the chi-square is scaled. Both kinds get the weight of the
 * balance heuristic, 1 / (1/8 + 7/8 g/f), at most 8; log g/f is the sum of shift x value over the
 * normals, plus x (1 - 1/chi_scale) of the gamma variable x, less half_square. */
#define XMC_PLAIN_SHARE 0.125
enum { XMC_PLAIN_EVERY = 8 };
typedef struct {
    bool on;
    double own; /* of F's own part */
    double *country, *region, *sector;
    double chi_scale, half_square;
    bool twist;      /* twist the conditional probabilities, too */
    double target;   /* expected loss that they are twisted to */
    double *normals; /* owns the three */
} xmc_credit_shift;

typedef struct xmc_credit_detail xmc_credit_detail;

struct xmc_credit {
    uint64_t factor_seed, credit_seed;
    double grid;
    int threads, gaussian;
    size_t n_countries, n_sectors, n_obligors, n_strips, n_transfers, n_groups, n_terms, n_classes;
    size_t n_segments; /* slots 0 … n_segments-1 */
    size_t n_slots, n_rows, n_regions;
    double macro_loading, own_loading;     /* of the world factor */
    xmc_loading_row *rows;                 /* [n_rows] */
    uint8_t *country_drawn, *sector_drawn; /* by rank: used by any row */
    uint32_t *region_of;                   /* [n_countries] by rank: rank of its region */
    /* Transfer: loadings on world, region and country, own part. */
    double transfer_global, transfer_region, transfer_country, transfer_own;
    double delay;               /* share of transfer events that delay payment and lose nothing */
    xmc_gamma_table chi_square; /* shape nu/2; Student */
    xmc_hazard_table hazard;
    xmc_strip *strips;
    xmc_transfer *transfers; /* ascending country */
    uint32_t *transfer_of;   /* [n_countries] index into transfers, or UINT32_MAX */
    xmc_transfer_group *groups;
    xmc_share_law *lgd; /* [n_classes] */
    xmc_share_law transfer_share;
    xmc_terms *terms;
    uint32_t *slot_segment;   /* [n_slots - n_segments] local segment of a policy's slot */
    uint32_t *policy_of_slot; /* [n_slots - n_segments] index into terms */
    size_t *registered;       /* [n_segments] number in the registry */
    size_t most_slots;        /* of a policy */
    xmc_exposure *obligors;
    uint32_t *group; /* by obligor: row of the defaulted amounts (country, policy, segment) */
    double *loss;    /* by obligor: amount x the constant loss given default */
    uint32_t
        lanes; /* trials side by side, a multiple of XMC_CREDIT_LANES; no result depends on it */
    xmc_credit_shift shift;
    xmc_credit_detail *detail;
    uint8_t band_used[XMC_TWIST_BANDS];
    uint32_t largest_band;
    /* Per-thread scratch. */
    struct xmc_credit_scratch *scratch;
};

/* A default as the log keeps it: who, in which lane, how often (CreditRisk+ knows more than once),
 * and the uniform of its loss given default. */
typedef struct {
    uint32_t obligor;
    uint16_t lane, times;
    double u;
} xmc_credit_hit;

/* Arrays over the tile's trials are [lanes] in the order of the trials, or, where it says sorted,
 * in the order of `order`. */
typedef struct xmc_credit_scratch {
    double *world;         /* [lanes] F */
    double *w;             /* [lanes] W */
    double *country;       /* [countries][lanes] C */
    double *region;        /* [regions][lanes] */
    double *sector;        /* [sectors][lanes] S */
    double *country_part;  /* [rows][countries][lanes] */
    double *sector_part;   /* [rows][sectors][lanes] */
    double *normals;       /* [most of countries and sectors] */
    uint8_t *events;       /* [transfers][lanes] */
    uint8_t *any_event;    /* [transfers] */
    double *share;         /* [transfers][lanes] */
    double *weight, *part; /* [most_slots] */
    double *sum;           /* [slots][lanes] */
    double *defaulted;     /* [groups][lanes] amounts */
    /* Policies with terms that were touched: stamp[policy] == now. */
    uint64_t *stamp, now;
    uint32_t *touched;
    size_t n_touched;
    /* Strips. */
    xmc_stream_base *base, *sorted_base; /* [lanes] */
    uint32_t *order;            /* [lanes] trials of one country, alike ones side by side */
    double *sorted_w, *factors; /* [lanes] sorted */
    double *losses;             /* [lanes] sorted: of the plain strips of one segment */
    double *exponent;           /* [lanes] log g/f */
    uint8_t *plain;             /* [lanes] a trial of the plain eighth */
    /* With a twist (lanes = XMC_CREDIT_LANES): hazards and probabilities [strips][2][lanes]; theta;
     * the bands' losses of those who default. */
    double *hazards, *theta, *counted;
    uint64_t *hits;   /* [XMC_HITS_MOST] */
    uint32_t *found;  /* [XMC_STRIP_MOST + XMC_SKIP_SLACK] */
    double *uniforms; /* [XMC_STRIP_MOST] */
    double *doubles;  /* owns the arrays of doubles */
    /* With a log [obligors x lanes] defaults are listed there instead (sim/credit_detail.c makes
     * losses of them), and nothing is summed. */
    xmc_credit_hit *log;
    size_t n_log;
} xmc_credit_scratch;

static inline double xmc_credit_to_grid(const xmc_credit *p, double x) {
    return xmc_to_grid(x, p->grid, 1.0 / p->grid);
}

static inline void xmc_credit_touch(const xmc_credit *p, xmc_credit_scratch *t, uint32_t slot) {
    if (slot < p->n_segments)
        return;
    uint32_t policy = p->policy_of_slot[slot - p->n_segments];
    if (t->stamp[policy] != t->now) {
        t->stamp[policy] = t->now;
        t->touched[t->n_touched++] = policy;
    }
}

/* credit_importance.c: the shift for the quantile of the credit loss, times scale (0 = none, so
 * that all weights are 1); and the weight at a value of log g/f. */
xmc_status xmc_credit_importance_plan(xmc_credit *p, double quantile, double scale, bool twist,
                                      xmc_diag *diag);
double xmc_credit_weight(double exponent);
/* credit_twist.c: the tile's hazards, twisted in the trials that are not plain, and their part of
 * log g/f; what the defaults add to it. */
void xmc_credit_twist(const xmc_credit *p, xmc_credit_scratch *t, uint32_t n);
void xmc_credit_twist_finish(xmc_credit_scratch *t, uint32_t n);
/* Doubles in a thread's scratch. */
size_t xmc_credit_scratch_doubles(const xmc_credit *p);
/* Factors and transfer events of n trials (at most lanes), and their defaults: into the sums, or
 * into the log where the scratch has one. macro: of each trial; weight: of importance sampling,
 * may be NULL. */
void xmc_credit_draw_tile(const xmc_credit *p, xmc_credit_scratch *t, const uint64_t *trials,
                          const double *macro, double *weight, uint32_t n);
/* credit_defaults.c: adds the losses by default of the tile's first n trials to sum, the defaulted
 * amounts of countries with an event to defaulted. */
void xmc_credit_defaults(const xmc_credit *p, xmc_credit_scratch *t, uint32_t n);

#endif
