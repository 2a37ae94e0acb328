/* Private to `crossmc book`. */
#ifndef CROSSMC_CLI_BOOK_LOSSES_H
#define CROSSMC_CLI_BOOK_LOSSES_H

#include "scenarios/common/status.h"

/* Prints insured losses by policy layer as CSV: for the ground-up losses of a file (NULL: factor ×
 * sums insured everywhere) under one peril. */
xmc_status xmc_cli_book_losses(const char *file, const char *ground_up, double factor,
                               const char *peril_code, xmc_diag *diag);

#endif
