/* Estimates to and from the results file: an estimate NAME is four datasets, NAME, NAME_se,
 * NAME_lower and NAME_upper, with the method of the errors as an attribute. Private to output/. */
#ifndef CROSSMC_ESTIMATE_IO_H
#define CROSSMC_ESTIMATE_IO_H

#include "output/estimate.h"
#include "output/h5.h"

/* n estimates, `stride` bytes apart, from the first one on: one place in an array of structures. */
typedef struct {
    char *first;
    size_t n, stride;
} xmc_estimate_series;

/* Estimates [n_outer][n_inner], outer by its stride, inner side by side. */
typedef struct {
    xmc_estimate_series outer;
    size_t n_inner;
} xmc_estimates;

void xmc_estimates_write(xmc_h5 *h, const char *path, xmc_h5_dims dims, xmc_estimates t,
                         const char *units, const char *long_name, const char *method);
/* Fails when the file has another number of them. */
void xmc_estimates_read(xmc_h5 *h, const char *path, xmc_estimates t);

#endif
