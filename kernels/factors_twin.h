/* The scalar twin of the exponentials of factors: see factors.h. */
#ifndef CROSSMC_FACTORS_TWIN_H
#define CROSSMC_FACTORS_TWIN_H

#include "kernels/factors.h"
#include "kernels/twins.h"

static inline void xmc_factor_exponentials_twin(const xmc_exponentials *e, const float *x,
                                                size_t stride, size_t lanes, double *sum) {
    for (size_t l = 0; l < lanes; l++)
        for (size_t i = 0; i < e->n; i++) {
            float t = e->loading[i * XMC_FACTORS] * x[l];
            for (size_t k = 1; k < XMC_FACTORS; k++)
                t = fmaf(e->loading[i * XMC_FACTORS + k], x[k * stride + l], t);
            sum[l] = fma(e->weight[i], (double)xmc_exp2_f32_twin(t), sum[l]);
        }
}

#endif
