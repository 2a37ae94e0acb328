/* Equity: a joint one-year move of the indices, stocks by beta and own risk, holdings summed from
 * lots.
 *
 * Indices: R_i = s_i T_i, T a multivariate Student t (one chi-square a trial), s_i such that the
 * stated volatility is the standard deviation of R_i. A price cannot fall below nothing: the year's
 * growth is max(1 + R_i, 0), divided by its expectation, so that E[S1/S0] = 1 (closed form).
 * Stocks: growth max(1 + beta (G_i - 1) + idio_vol e, 0) over its expectation, e a Student t of
 * unit variance; the expectation by quadrature in the plan (equity_law.h).
 *
 * Draws: stream (factors, trial, 0): the chi-square's uniform, then one per index in the order of
 * their names. Stream (equity, trial, 0): uniform number r for the instrument of rank r by
 * instrument_id among all of the book's instruments, held or not.
 *
 * The macro factor that credit reads is minus the weighted sum of the indices' Gaussian parts
 * (before the chi-square), scaled to unit variance: larger is worse. */
#ifndef CROSSMC_EQUITY_H
#define CROSSMC_EQUITY_H

#include "sim/module.h"

typedef struct xmc_equity xmc_equity;

/* Segments: risk equity; line_name is what the stock counts as in C-ROSS (csi300, div_low_vol,
 * star, chinext, other, in this order of precedence), region its board; exposure the market value.
 * XMC_BAD_INPUT: degrees of freedom at or below 2, a correlation matrix that is not positive
 * definite, more sold than bought. Lots of one instrument are summed in an order of their values,
 * so that the order of the file cannot matter. */
xmc_status xmc_equity_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                           xmc_segments *segments, xmc_equity **out, xmc_diag *diag);
/* Fills macro, segment_gross and segment_net of its segments, and the risk's columns: loss =
 * -(value x return), a gain is negative; nothing is ceded. */
void xmc_equity_block(xmc_equity *plan, xmc_block *block);
void xmc_equity_describe(const xmc_equity *plan, xmc_module_cost *cost);
void xmc_equity_digest(const xmc_equity *plan, xmc_digest *d);
void xmc_equity_free(xmc_equity *plan);

#endif
