/* The stocks of a few trials at once: own returns drawn, losses summed by segment. */
#ifndef CROSSMC_KERNEL_EQUITY_H
#define CROSSMC_KERNEL_EQUITY_H

#include "kernels/quantile_table.h"
#include "kernels/stream.h"

enum { XMC_EQUITY_LANES = 16 }; /* trials side by side */

/* Held instruments in the order of their draws, structure of arrays. */
typedef struct {
    size_t n;
    const uint32_t *skip;    /* [n] instruments not held since the one before */
    const uint32_t *index;   /* [n] row of the index returns */
    const uint32_t *segment; /* [n] row of the sums */
    const double *beta;      /* [n] */
    const double *idio;      /* [n] scale of the own Student t */
    const double *value;     /* [n] market value, CNY, on the grid */
    const double *scaled;    /* [n] value over the expectation of the floored growth */
} xmc_stocks;

/* For each stock and lane: growth = max(1 + beta R[index] + idio e, 0), e from the lane's stream
 * through the table; sum[segment] += grid(value - scaled growth).
 *   stream [lanes] in and out, R [indices][lanes], sum [segments][lanes]. */
void xmc_equity_losses(const xmc_stocks *s, const xmc_quantile_table *own, xmc_stream *stream,
                       const double *R, double *sum, double grid, double inv_grid);

#endif
