/* Which of n equal Bernoulli trials succeed, by geometric skipping: one uniform per success instead
 * of one per trial. */
#ifndef CROSSMC_BERNOULLI_H
#define CROSSMC_BERNOULLI_H

#include "kernels/stream.h"
#include <stddef.h>

enum { XMC_SKIP_SLACK = 16 };

/* 1/log(1-p) for a success probability p in [1e-12, 1). */
double xmc_skip_scale(double p);
/* Ascending indices of the successes among n < 2^31 trials, from the stream's first draws on: each
 * gap is trunc(log(u) scale), u as xmc_uniform. Returns how many; hits has room for n +
 * XMC_SKIP_SLACK (what lies beyond the count is overwritten). */
size_t xmc_skip(xmc_stream s, size_t n, double scale, uint32_t *hits);

#endif
