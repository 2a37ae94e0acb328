/* Instruments that are exponentials of eight factors, and their weighted sum, trials side by side:
 * the product instruments × factors × trials is never written to memory. */
#ifndef CROSSMC_FACTORS_H
#define CROSSMC_FACTORS_H

#include <stddef.h>

enum { XMC_FACTORS = 8, XMC_FACTOR_LANES = 16 };

typedef struct {
    size_t n;
    const float
        *loading; /* [n][XMC_FACTORS], in base-2 logarithms of growth per unit of a factor */
    const double *weight; /* [n] */
} xmc_exponentials;

/* sum[l] += sum over i of weight[i] 2^(loading[i] . x[.][l]), instruments in order; exponents are
 * held at ±126. Relative error of an instrument below 1e-7 and half a unit of single precision of
 * each product of loading and factor.
 *   x [XMC_FACTORS][stride], sum [lanes], lanes a multiple of XMC_FACTOR_LANES. */
void xmc_factor_exponentials(const xmc_exponentials *e, const float *x, size_t stride, size_t lanes,
                             double *sum);

#endif
