/* Average annual loss by location, where the analysis asks for it: /locations of the results file
 * (docs/results.md). */
#ifndef CROSSMC_LOCATION_MEANS_H
#define CROSSMC_LOCATION_MEANS_H

#include "output/results.h"

/* mean[groups][locations of the book, in their order], CNY a year. Written in slabs of
 * XMC_RESULTS_CHUNK locations. After xmc_results_create, before xmc_results_finish. */
xmc_status xmc_results_write_location_means(xmc_results *r, size_t n_groups,
                                            const char *const *groups, const double *mean,
                                            xmc_diag *diag);

#endif
