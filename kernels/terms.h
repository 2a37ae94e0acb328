/* Financial terms on one loss, without branches. Every OED form of deductible and limit becomes
 *   deductible D = amount + share × loss, raised to a minimum, cut at a maximum,
 *   limit      U = amount + share × loss,
 *   retained   min(max(loss − D, 0), U)
 * where a form of type 2 (share of the sum insured) is an amount, and no limit is an infinite
 * amount. A layer then pays participation × min(max(loss − attachment, 0), layer limit). Amounts in
 * CNY. Products and sums are rounded one by one (no fma): the same bits everywhere. */
#ifndef CROSSMC_TERMS_H
#define CROSSMC_TERMS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    double ded_amount, ded_share, ded_min, ded_max; /* ded_max infinite = none */
    double limit_amount, limit_share;
} xmc_terms;

typedef struct {
    double attachment, limit, participation; /* limit infinite = none */
} xmc_layer;

static inline double xmc_terms_loss(double x, double ded_amount, double ded_share, double ded_min,
                                    double ded_max, double limit_amount, double limit_share) {
    double d = ded_share * x;
    d = d + ded_amount;
    d = d < ded_min ? ded_min : d;
    d = d > ded_max ? ded_max : d;
    double y = x - d;
    y = y > 0 ? y : 0;
    double u = limit_share * x;
    u = u + limit_amount;
    return y < u ? y : u;
}

static inline double xmc_layer_loss(double x, double attachment, double limit,
                                    double participation) {
    double y = x - attachment;
    y = y > 0 ? y : 0;
    y = y < limit ? y : limit;
    return y * participation;
}

/* Rounds |x| < 2^51 grid steps to the grid, ties to even, as xmc_to_grid does, in two additions. */
static inline double xmc_grid_round(double x, double grid, double inv_grid) {
    double y = x * inv_grid + 0x1.8p52;
    y = y - 0x1.8p52;
    return y * grid;
}

/* One policy on n losses x, as the accounts' finish needs it: terms, layer, rounding to the grid;
 * out[l] for l < n. x and out may be the same. */
void xmc_account_terms(const xmc_terms *terms, const xmc_layer *layer, const double *x, size_t n,
                       double *out, double grid, double inv_grid);

static inline void xmc_account_terms_twin(const xmc_terms *t, const xmc_layer *y, const double *x,
                                          size_t n, double *out, double grid, double inv_grid) {
    for (size_t l = 0; l < n; l++) {
        double z = xmc_terms_loss(x[l], t->ded_amount, t->ded_share, t->ded_min, t->ded_max,
                                  t->limit_amount, t->limit_share);
        z = xmc_layer_loss(z, y->attachment, y->limit, y->participation);
        out[l] = xmc_grid_round(z, grid, inv_grid);
    }
}

#endif
