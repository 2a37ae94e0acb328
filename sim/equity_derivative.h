/* Options, futures and convertibles: what they are worth at the horizon of one year. */
#ifndef CROSSMC_EQUITY_DERIVATIVE_H
#define CROSSMC_EQUITY_DERIVATIVE_H

#include "scenarios/book.h"

/* European option by Black and Scholes, no dividends; at maturity <= 0 its payoff. Amounts in the
 * unit of spot. */
double xmc_black_scholes(int call, double spot, double strike, double maturity, double volatility,
                         double rate);

/* Value of one unit of the position with the underlying at `spot` after `years`: an option's price
 * (its payoff once it has expired, at the price of the horizon), a future's gain on the agreed
 * price, a convertible's greater of shares and bond floor. */
double xmc_derivative_value(const xmc_derivative *d, double spot, double years);

#endif
