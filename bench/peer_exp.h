/* The second pass beside a library's matrix product: 2^x and the weighted sum over instruments. */
#ifndef CROSSMC_BENCH_PEER_EXP_H
#define CROSSMC_BENCH_PEER_EXP_H

#include <stddef.h>

/* x [instruments][lanes] in base-2 logarithms; sum [lanes] += weight[i] 2^x[i]. */
void peer_exponentials(const float *restrict x, const double *restrict weight, size_t instruments,
                       size_t lanes, double *restrict sum);

#endif
