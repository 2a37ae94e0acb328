/* Measures of the equity book by group, and deterministic scenarios, by running its trials again:
 * a trial's draws have addresses, so the losses are those of the run. */
#ifndef CROSSMC_EQUITY_MEASURE_H
#define CROSSMC_EQUITY_MEASURE_H

#include "scenarios/common/equity_measures.h"
#include "sim/equity.h"

/* The classes of holding time, and the class of an average holding time in years. */
enum { XMC_HOLDING_CLASSES = 3 };
extern const char *const xmc_holding_class_names[XMC_HOLDING_CLASSES];
uint8_t xmc_holding_class(double years);

/* Groups from at most 2^21 trials, scenarios of the model and -20 % and -30 % of every index
 * (stress tests of Rule 10). holding_class [n_instruments] by instrument of the book. */
xmc_status xmc_equity_measure(const xmc_equity *plan, const xmc_analysis *a, uint64_t trials,
                              const uint8_t *holding_class, xmc_equity_measures *out,
                              xmc_diag *diag);

#endif
