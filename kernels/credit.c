#include "kernels/credit.h"
#include "kernels/dispatch.h"
#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include <stdlib.h>

static double hazard(double x) {
    return x < 0.0 ? -xmc_log1p(-xmc_normal_cdf(x)) : -xmc_log(xmc_normal_cdf(-x));
}

int xmc_hazard_table_init(xmc_hazard_table *t) {
    const size_t cells = 2 * XMC_HAZARD_REACH * XMC_HAZARD_PER_UNIT;
    const double step = 1.0 / XMC_HAZARD_PER_UNIT;
    t->coef = malloc(4 * cells * sizeof *t->coef);
    if (!t->coef)
        return -1;
    for (size_t i = 0; i < cells; i++) {
        /* The cubic through the values at 0, 1/4, 3/4 and 1 of the cell. */
        double x = (double)i * step - XMC_HAZARD_REACH, *c = t->coef + 4 * i;
        double f0 = hazard(x), f1 = hazard(x + 0.25 * step), f2 = hazard(x + 0.75 * step);
        double ga = 4.0 * (f1 - f0), gb = 4.0 * (f2 - f0) / 3.0, g1 = hazard(x + step) - f0;
        double d1 = 2.0 * (gb - ga), d2 = (4.0 * (g1 - gb) - d1) / 0.75;
        c[0] = f0;
        c[1] = ga - 0.25 * d1 + 0.1875 * d2;
        c[2] = d1 - d2;
        c[3] = d2;
    }
    return 0;
}

void xmc_hazard_table_free(xmc_hazard_table *t) {
    free(t->coef);
    t->coef = NULL;
}

void xmc_bucket_hazards(const xmc_hazard_table *t, double threshold, const double *w,
                        const double *factors, double *hazard_of) {
    xmc_kernels_active()->bucket_hazards(t, threshold, w, factors, hazard_of);
}

void xmc_conditional_pd_f32(float threshold, const float *w, const float *factors, size_t n,
                            float *pd) {
    xmc_kernels_active()->conditional_pd_f32(threshold, w, factors, n, pd);
}

uint32_t xmc_strip_sums(const xmc_stream_base *base, uint64_t address, const double *hazard_of,
                        const double *loss, uint32_t n, double *sum) {
    return xmc_kernels_active()->strip_sums(base, address, hazard_of, loss, n, sum);
}

size_t xmc_strip_hits(const xmc_stream_base *base, uint64_t address, const double *hazard_of,
                      uint32_t n, uint64_t *hits, uint32_t *dense) {
    return xmc_kernels_active()->strip_hits(base, address, hazard_of, n, hits, dense);
}
