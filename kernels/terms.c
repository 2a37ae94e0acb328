#include "kernels/terms.h"
#include "kernels/dispatch.h"

void xmc_account_terms(const xmc_terms *terms, const xmc_layer *layer, const double *x, size_t n,
                       double *out, double grid, double inv_grid) {
    xmc_kernels_active()->account_terms(terms, layer, x, n, out, grid, inv_grid);
}
