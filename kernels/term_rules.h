/* One rule of a term tree on the losses of a node, and the way back to the node's parts.
 *
 * A node carries, per lane, its loss x and what the rules below have done to it: d, the deductibles
 * taken so far; o, what limits have cut off; u, by how much the loss may still grow before it meets
 * a limit below. All lie on the loss grid, as do the rule's amounts, so that x + d + o is kept
 * exactly by every rule without participation.
 *
 *   own      E = amount + round(share × x); franchise: x where x <= E, otherwise 0
 *   minimum  d + E below it: what is missing comes out of o first, the rest out of x
 *   maximum  d + E above it: the excess is given back to x, at most u; what does not fit goes to o
 *   limit    U = amount + round(share × x before the deductible): the excess goes to o
 *
 * Minimum and maximum bound the deductibles accumulated so far, d + E, as OED has it. */
#ifndef CROSSMC_TERM_RULES_H
#define CROSSMC_TERM_RULES_H

#include "kernels/terms.h"
#include <math.h>
#include <stdbool.h>

typedef struct {
    double ded_amount, ded_share, ded_min, ded_max; /* ded_max infinite = none */
    double limit_amount, limit_share;               /* limit_amount infinite = none */
    double franchise;                               /* 1 or 0 */
    double participation;
} xmc_rule;

/* A rule that changes nothing. */
#define XMC_RULE_VOID                                                                              \
    ((xmc_rule){.ded_max = HUGE_VAL, .limit_amount = HUGE_VAL, .participation = 1})

/* The loss and its history, a row of n lanes each; d, o and u are NULL together where no rule
 * further on asks for them. */
typedef struct {
    double *x, *d, *o, *u;
} xmc_term_rows;

/* Applies a rule in place. */
void xmc_rule_apply(const xmc_rule *rule, const xmc_term_rows *rows, size_t n, double grid,
                    double inv_grid);

/* One part's share of amount[l], in proportion to weight[l] of sum[l], as the difference of rounded
 * running shares: running[l] and given[l] start at zero and go from part to part. Where the weights
 * sum to the amount the parts are the weights; with no weight at all the first part takes
 * everything. part may be weight. */
void xmc_share_out(const double *amount, const double *sum, const double *weight, double *running,
                   double *given, double *part, size_t n, double grid, double inv_grid);

static inline void xmc_rule_twin(const xmc_rule *r, double *x, double *d, double *o, double *u,
                                 double grid, double inv_grid) {
    const double loss = *x, taken = *d, over = *o, under = *u;
    double own = xmc_grid_round(r->ded_share * loss, grid, inv_grid) + r->ded_amount;
    if (r->franchise != 0)
        own = loss <= own ? loss : 0;
    const double want = taken + own;
    double take = loss < own ? loss : own; /* from the loss; negative: given back */
    double from_over = 0;                  /* from what limits have cut off; negative: added */
    if (want > r->ded_max) {
        const double excess = taken - r->ded_max;
        take = loss < -excess ? loss : -excess;
        if (excess > under) {
            take = -under;
            from_over = under - excess;
        }
    } else if (want < r->ded_min) {
        const double missing = r->ded_min - want;
        const double first = over < missing ? over : missing;
        const double rest = r->ded_min - taken - first;
        take = loss < rest ? loss : rest;
        const double more = rest - take, left = over - first;
        from_over = first + (left < more ? left : more);
    }
    double y = loss - take;
    *d = taken + (take + from_over);
    double cut = over - from_over;
    double room = under + take;
    const double most = xmc_grid_round(r->limit_share * loss, grid, inv_grid) + r->limit_amount;
    const double spare = most - y;
    const double excess = y - most;
    cut = cut + (excess > 0 ? excess : 0);
    room = room < spare ? room : spare;
    *u = room > 0 ? room : 0;
    *o = cut;
    y = y < most ? y : most;
    *x = r->participation == 1 ? y : xmc_grid_round(y * r->participation, grid, inv_grid);
}

static inline void xmc_rule_apply_twin(const xmc_rule *r, const xmc_term_rows *rows, size_t n,
                                       double grid, double inv_grid) {
    double none[3];
    for (size_t l = 0; l < n; l++) {
        none[0] = none[1] = none[2] = 0;
        xmc_rule_twin(r, rows->x + l, rows->d ? rows->d + l : none,
                      rows->d ? rows->o + l : none + 1, rows->d ? rows->u + l : none + 2, grid,
                      inv_grid);
    }
}

static inline void xmc_share_out_twin(const double *amount, const double *sum, const double *weight,
                                      double *running, double *given, double *part, size_t n,
                                      double grid, double inv_grid) {
    for (size_t l = 0; l < n; l++) {
        const double run = running[l] + weight[l];
        double upto =
            sum[l] > 0 ? xmc_grid_round(amount[l] * (run / sum[l]), grid, inv_grid) : amount[l];
        upto = sum[l] == amount[l] ? run : upto;
        part[l] = upto - given[l];
        running[l] = run;
        given[l] = upto;
    }
}

#endif
