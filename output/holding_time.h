/* Holding time and cost of listed stock from its lots: first in, first out (notice 金规〔2025〕24号
 * and the regulator's questions and answers). Linear in the lots. */
#ifndef CROSSMC_HOLDING_TIME_H
#define CROSSMC_HOLDING_TIME_H

#include "scenarios/book.h"

typedef enum { XMC_WEIGHT_SHARES, XMC_WEIGHT_COST } xmc_holding_weight;

/* What of one instrument is left at the valuation date. */
typedef struct {
    double quantity;
    double cost_average; /* moving weighted average of the purchases */
    double cost_fifo;    /* purchases that are still held */
    double years; /* weighted average holding time, lots' ages cut at window[0]; NAN if none */
    double years_short; /* the same, cut at window[1] */
    double oldest_years;
} xmc_holding;

/* Years from one date to another by the calendar: whole anniversaries and the rest by the day, so
 * that three years to the day are exactly 3. 29 February has its anniversary on 1 March. */
double xmc_years_between(int32_t from, int32_t to);

/* out[n_instruments]. Lots and actions in any order (within a day the file's order counts).
 * Errors, each with file and line: more sold than held at the end of a day, a date after the
 * valuation date, an instrument out of range, quantity zero or not finite, price negative. file may
 * be NULL. */
xmc_status xmc_holding_times(const xmc_lot *lots, size_t n_lots,
                             const xmc_corporate_action *actions, size_t n_actions,
                             size_t n_instruments, int32_t valuation_date, const double window[2],
                             xmc_holding_weight weight, const char *file, xmc_holding *out,
                             xmc_diag *diag);

#endif
