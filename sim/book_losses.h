/* Insured losses of a book for given ground-up losses, through the catastrophe engine itself: what
 * the terms of locations, policies and accounts make of one occurrence. For checking terms. */
#ifndef CROSSMC_BOOK_LOSSES_H
#define CROSSMC_BOOK_LOSSES_H

#include "scenarios/analysis.h"

/* One occurrence of one peril (a single bit) that destroys ratio[i][c] of the sum insured of
 * coverage c of location i of the book (fractions from 0 to 1). insured[policies] takes the loss of
 * every policy layer in CNY, on the loss grid; policies that do not cover the peril, and locations
 * that do not, have none. Reinsurance is not applied. */
xmc_status xmc_book_losses(const xmc_analysis *a, xmc_perils peril, double (*ratio)[XMC_N_COVERS],
                           double *insured, xmc_diag *diag);

#endif
