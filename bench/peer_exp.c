#include "bench/peer_exp.h"
#include "kernels/twins.h"

/* Vectorised by the compiler (CMakeLists.txt: -O3 and the processor's vectors). Exponents are
 * small, so nothing is held at ±126 here. */
void peer_exponentials(const float *restrict x, const double *restrict weight, size_t instruments,
                       size_t lanes, double *restrict sum) {
    for (size_t i = 0; i < instruments; i++) {
        const double w = weight[i];
        for (size_t l = 0; l < lanes; l++) {
            const float t = x[i * lanes + l], n = t + XMC_EXP2_SHIFT, r = t - (n - XMC_EXP2_SHIFT);
            float z = xmc_exp2_poly[6];
            z = fmaf(z, r, xmc_exp2_poly[5]);
            z = fmaf(z, r, xmc_exp2_poly[4]);
            z = fmaf(z, r, xmc_exp2_poly[3]);
            z = fmaf(z, r, xmc_exp2_poly[2]);
            z = fmaf(z, r, xmc_exp2_poly[1]);
            z = fmaf(z, r, xmc_exp2_poly[0]);
            sum[l] = fma(w, (double)xmc_scale_f32(z, n), sum[l]);
        }
    }
}
