/* Measures of the equity book by board, index membership, holding time and stock, and its losses in
 * deterministic scenarios: computed by sim/, written and reported by output/. */
#ifndef CROSSMC_EQUITY_MEASURES_H
#define CROSSMC_EQUITY_MEASURES_H

#include "scenarios/common/estimated.h"

#include <stddef.h>
#include <stdint.h>

typedef enum {
    XMC_GROUP_BOARD,
    XMC_GROUP_MEMBERSHIP,
    XMC_GROUP_HOLDING_TIME,
    XMC_GROUP_STOCK,
    XMC_N_GROUPINGS
} xmc_grouping;
extern const char *const xmc_grouping_names[XMC_N_GROUPINGS];

/* Amounts in CNY; losses positive, at 99.5 %. The groups of one grouping add up to the book. */
typedef struct {
    xmc_grouping grouping;
    char name[64];
    double exposure;  /* market value; derivatives: what a move of the underlying acts on */
    double dividends; /* of the year, as stated */
    xmc_estimate mean;
    xmc_estimate var, tvar;    /* of the group alone; NAN: not computed for so small a stock */
    xmc_estimate contribution; /* Euler: mean loss in the worst trials of the book; these add up to
                                  its TVaR within the loss grid */
    xmc_estimate
        marginal; /* VaR of the book less VaR of the book without the group; NAN like var */
} xmc_equity_group;

typedef struct {
    uint64_t trials; /* the first so many; 0: nothing here */
    double exposure, dividends;
    xmc_estimate mean, var, tvar; /* of the book */
    size_t n_groups;
    xmc_equity_group *groups;
    size_t n_scenarios;
    char (*scenarios)[64];
    double *scenario_loss;  /* [n_scenarios] of the book */
    double *scenario_group; /* [n_scenarios][n_groups] */
} xmc_equity_measures;

void xmc_equity_measures_free(xmc_equity_measures *m);

#endif
