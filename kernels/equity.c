#include "kernels/equity.h"
#include "kernels/dispatch.h"

void xmc_equity_losses(const xmc_stocks *s, const xmc_quantile_table *own, xmc_stream *stream,
                       const double *R, double *sum, double grid, double inv_grid) {
    xmc_kernels_active()->equity_losses(s, own, stream, R, sum, grid, inv_grid);
}
