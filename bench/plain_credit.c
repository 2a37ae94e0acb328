#include "bench/plain_credit.h"

#include "kernels/distributions.h"

#include <math.h>

void plain_credit(const plain_credit_model *m, size_t scenarios, uint64_t seed, double *loss) {
    enum { MOST = 4096, RATINGS = 64 };
    double conditional[MOST], threshold[RATINGS];
    for (size_t k = 0; k < m->n_ratings; k++)
        threshold[k] = xmc_normal_quantile(m->probability[k]);
    for (size_t t = 0; t < scenarios; t++) {
        xmc_stream s = xmc_stream_at(seed, t, 0);
        const double world = m->global * xmc_normal(&s);
        for (size_t c = 0; c < m->n_regions; c++) {
            const double factors = world + m->region * xmc_normal(&s);
            for (size_t k = 0; k < m->n_ratings; k++)
                conditional[c * m->n_ratings + k] =
                    0.5 * erfc(-(threshold[k] + factors) / m->own * 0x1.6a09e667f3bcdp-1);
        }
        double sum = 0;
        for (size_t i = 0; i < m->n; i++) {
            const plain_loan *x = &m->loans[i];
            if (xmc_uniform(&s) < conditional[x->region * m->n_ratings + x->rating])
                sum += x->loss;
        }
        loss[t] = sum;
    }
}
