/* The credit plan as its builder (credit_plan.c) and the trial loop (credit.c) share it. */
#ifndef CROSSMC_CREDIT_INTERNAL_H
#define CROSSMC_CREDIT_INTERNAL_H

#include "kernels/credit.h"
#include "kernels/distributions.h"
#include "sim/credit.h"

enum { XMC_PRODUCT_EXPORT, XMC_PRODUCT_GUARANTEE, XMC_N_PRODUCTS };
/* Degrees of freedom above this count as infinite, the Gaussian copula. */
#define XMC_CREDIT_NORMAL_NU 2e6

/* Obligors with one conditional probability. */
typedef struct {
    uint64_t address;
    double threshold; /* q(p) / sqrt(1 - squared loadings) */
    double scale;     /* of the factors' part, see xmc_loading_row; 1 where they are fixed */
    uint32_t first, n;
    uint32_t country, sector; /* rank by name */
    uint32_t product, row;
} xmc_bucket;

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

struct xmc_credit {
    uint64_t factor_seed, credit_seed;
    double grid;
    int threads, gaussian;
    size_t n_countries, n_sectors, n_obligors, n_buckets, n_transfers, n_groups, n_terms, n_classes;
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
    xmc_bucket *buckets;
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
    uint32_t *group;
    uint32_t largest; /* bucket */
    /* Per-thread scratch. */
    struct xmc_credit_scratch *scratch;
};

typedef struct xmc_credit_scratch {
    double *world;         /* [lanes] F */
    double *w;             /* [lanes] W */
    double *country;       /* [countries][lanes] C */
    double *region;        /* [regions][lanes] */
    double *sector;        /* [sectors][lanes] S */
    double *country_part;  /* [rows][countries][lanes] */
    double *sector_part;   /* [rows][sectors][lanes] */
    uint32_t *events;      /* [transfers] bit per lane */
    double *share;         /* [transfers][lanes] */
    double *weight, *part; /* [most_slots] */
    xmc_credit_sums sums;
    double *doubles; /* owns all double arrays */
} xmc_credit_scratch;

#endif
