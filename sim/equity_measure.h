/* Measures of the equity book by group, and deterministic scenarios, by running its trials again:
 * a trial's draws have addresses, so the losses are those of the run. */
#ifndef CROSSMC_EQUITY_MEASURE_H
#define CROSSMC_EQUITY_MEASURE_H

#include "scenarios/common/equity_measures.h"
#include "scenarios/common/worst.h"
#include "sim/equity.h"

/* The classes of holding time, and the class of an average holding time in years. */
enum { XMC_HOLDING_CLASSES = 3 };
extern const char *const xmc_holding_class_names[XMC_HOLDING_CLASSES];
uint8_t xmc_holding_class(double years);

/* What makes estimates of the columns; sim/ runs trials, output/ measures them
 * (output/group_measures.h). */
typedef struct {
    void *context;
    /* mean, var and tvar of the book's losses [n], and its worst trials; total stays until the last
     * group. */
    xmc_status (*book)(void *context, const double *total, size_t n, xmc_equity_measures *out,
                       xmc_diag *diag);
    /* mean, var, tvar and marginal of a group from its losses [n]. */
    xmc_status (*group)(void *context, const double *x, xmc_equity_group *out, xmc_diag *diag);
    const xmc_worst *worst; /* of the book; contributions are means over it */
} xmc_equity_estimators;

/* Groups from at most 2^21 trials, scenarios of the model and -20 % and -30 % of every index
 * (stress tests of Rule 10). holding_class [n_instruments] by instrument of the book. */
xmc_status xmc_equity_measure(const xmc_equity *plan, const xmc_analysis *a, uint64_t trials,
                              const uint8_t *holding_class, const xmc_equity_estimators *estimators,
                              xmc_equity_measures *out, xmc_diag *diag);

#endif
