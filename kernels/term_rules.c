#include "kernels/term_rules.h"
#include "kernels/dispatch.h"

void xmc_rule_apply(const xmc_rule *rule, const xmc_term_rows *rows, size_t n, double grid,
                    double inv_grid) {
    xmc_kernels_active()->rule_apply(rule, rows, n, grid, inv_grid);
}

void xmc_share_out(const double *amount, const double *sum, const double *weight, double *running,
                   double *given, double *part, size_t n, double grid, double inv_grid) {
    xmc_kernels_active()->share_out(amount, sum, weight, running, given, part, n, grid, inv_grid);
}
