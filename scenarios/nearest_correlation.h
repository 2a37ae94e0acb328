/* The correlation matrix nearest to a symmetric one with a unit diagonal. */
#ifndef CROSSMC_NEAREST_CORRELATION_H
#define CROSSMC_NEAREST_CORRELATION_H

#include <stddef.h>

/* out [n][n]: the nearest matrix in the Frobenius norm with unit diagonal and eigenvalues of about
 * 1e-6 or more. a [n][n] symmetric. Returns 0, -1 without memory. */
int xmc_nearest_correlation(const double *a, size_t n, double *out);

#endif
