/* Measures of risk of a results file: moments, VaR and TVaR, exceedance probabilities, Euler
 * allocation, convergence. Computed when the file is finished, read by the reports. Definitions and
 * methods: output/estimate.h and docs/results.md. */
#ifndef CROSSMC_MEASURES_H
#define CROSSMC_MEASURES_H

#include "output/estimate.h"
#include "output/results.h"
#include "output/weighted.h"

enum {
    XMC_N_QUANTILES = 10,
    XMC_N_PERIODS = 11,
    XMC_N_EP_TYPES = 4, /* 1 OEP, 2 OEP TVaR, 3 AEP, 4 AEP TVaR */
    XMC_MAX_ROWS = 11,
    XMC_N_ALLOCATION_LEVELS = 2,
    XMC_MAX_CONVERGENCE = 24
};
extern const xmc_level xmc_quantile_levels[XMC_N_QUANTILES]; /* 0.5 … 0.999 */
enum { XMC_Q99 = 5, XMC_Q995 = 6 };                          /* places of 0.99 and 0.995 */
extern const uint32_t xmc_return_periods[XMC_N_PERIODS];     /* years: 2 … 1000 */
extern const xmc_level xmc_allocation_levels[XMC_N_ALLOCATION_LEVELS]; /* 0.99, 0.995 */

/* A row: "cat_gross", "cat_net", …, "equity", "reinsurers_default", "total_gross",
 * "total_paid" (net as if no reinsurer failed, where their default is simulated), "total". */
typedef struct {
    char name[24];
    int risk; /* xmc_risk; XMC_N_RISKS for totals */
    bool gross;
    xmc_estimate mean, sd;
    xmc_estimate var[XMC_N_QUANTILES], tvar[XMC_N_QUANTILES], var_less_mean[XMC_N_QUANTILES];
    xmc_estimate ep[XMC_N_EP_TYPES][XMC_N_PERIODS];
} xmc_measure_row;

typedef struct {
    double trials;                /* the first so many */
    xmc_estimate mean, var, tvar; /* of the total, VaR and TVaR at 99.5 % */
} xmc_convergence;

/* Contributions to the TVaR of the total: expected loss of the segment in the total's worst 1 - p,
 * on the loss grid, by largest remainder, so that they add up to the total's TVaR exactly. Standard
 * errors with that of the quantile (scenarios/common/worst.h). */
typedef struct {
    double mean, standalone_var; /* the segment's own, net; VaR at 99.5 % */
    xmc_estimate contribution[XMC_N_ALLOCATION_LEVELS];
} xmc_allocation;

typedef struct {
    uint64_t trials;
    bool weighted; /* importance sampling */
    xmc_weight_report weights;
    size_t n_rows;
    xmc_measure_row rows[XMC_MAX_ROWS];
    size_t n_convergence;
    xmc_convergence convergence[XMC_MAX_CONVERGENCE];
    size_t n_segments;
    xmc_allocation *segments;          /* [n_segments] */
    xmc_allocation risks[XMC_N_RISKS]; /* sums of the segments; standalone_var of the risk's net */
} xmc_measures;

/* Row by name, NULL if there is none. */
const xmc_measure_row *xmc_measures_row(const xmc_measures *m, const char *name);
/* Sum of the risks' estimates less the total's, as a share of the sum: net, at a quantile; of VaR,
 * or of VaR less mean. NAN without two risks. */
double xmc_diversification(const xmc_measures *m, int quantile, bool less_mean);

/* Computes all from the columns of a file (being finished, or finished). */
xmc_status xmc_measures_compute(xmc_results *r, xmc_measures *m, xmc_diag *diag);
void xmc_measures_free(xmc_measures *m);

/* /measures, /ep, /allocation, /convergence. */
xmc_status xmc_measures_write(xmc_results *r, const xmc_measures *m, xmc_diag *diag);
xmc_status xmc_measures_read(xmc_results *r, xmc_measures *m, xmc_diag *diag);

#endif
