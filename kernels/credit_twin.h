/* The scalar twins of a bucket's hazards and of the screening of its lanes: see credit.h. */
#ifndef CROSSMC_CREDIT_TWIN_H
#define CROSSMC_CREDIT_TWIN_H

#include "kernels/credit.h"
#include "kernels/vmath.h"

static inline void xmc_bucket_hazards_twin(const xmc_hazard_table *t, double threshold,
                                           const double *w, const double *country,
                                           const double *sector, double *hazard) {
    for (int l = 0; l < XMC_CREDIT_LANES; l++)
        hazard[l] = xmc_hazard_of(t, fma(threshold, w[l], country[l] + sector[l]));
}

/* Lanes first … lanes - 1. */
static inline uint32_t xmc_bucket_screen_twin(const xmc_stream_base *base, uint64_t address,
                                              uint32_t n, const double *hazard, double mask_hazard,
                                              uint32_t first, uint32_t lanes) {
    uint32_t open = 0;
    for (uint32_t l = first; l < lanes; l++) {
        xmc_stream s = xmc_stream_from(base[l], address);
        double none = 1.0 - xmc_uniform(&s);
        if (hazard[l] > mask_hazard || none < (double)n * hazard[l])
            open |= UINT32_C(1) << l;
    }
    return open;
}

#endif
