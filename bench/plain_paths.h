/* What the daily paths and the exponentials of factors are timed against: the same work as first
 * written in C, one path or trial at a time. Compiled like plain.c. */
#ifndef CROSSMC_BENCH_PLAIN_PATHS_H
#define CROSSMC_BENCH_PLAIN_PATHS_H

#include "kernels/stream.h"
#include <stddef.h>

typedef struct {
    size_t n; /* indices, at most 16 */
    double nu;
    const float *omega, *alpha, *beta, *limit, *cholesky; /* as xmc_garch */
} plain_garch;
/* One path of `days` days: normals by AS 241, chi-square by Marsaglia and Tsang. growth [n] and h
 * [n] in and out. */
void plain_path(const plain_garch *m, size_t days, xmc_stream *s, float *h, double *growth);

/* Weighted sum of the exponentials of eight factors in one trial; loadings in natural logarithms.
 */
double plain_exponentials(size_t n, const float *loading, const double *weight, const float *x,
                          size_t stride);

#endif
