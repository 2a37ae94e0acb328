#include "bench/plain_credit.h"

#include "kernels/distributions.h"

#include <math.h>

void plain_credit(const plain_credit_model *m, size_t scenarios, uint64_t seed, double *loss) {
    enum { MOST = 4096, FACTORS = 64, GRADES = 64 };
    double country[FACTORS], sector[FACTORS], conditional[MOST], threshold[GRADES];
    for (size_t g = 0; g < m->n_grades; g++)
        threshold[g] = xmc_normal_quantile(m->probability[g]);
    for (size_t t = 0; t < scenarios; t++) {
        xmc_stream s = xmc_stream_at(seed, t, 0);
        double world = xmc_normal(&s);
        for (size_t c = 0; c < m->n_countries; c++)
            country[c] = xmc_normal(&s);
        for (size_t c = 0; c < m->n_sectors; c++)
            sector[c] = xmc_normal(&s);
        double *to = conditional;
        for (size_t c = 0; c < m->n_countries; c++)
            for (size_t k = 0; k < m->n_sectors; k++)
                for (size_t g = 0; g < m->n_grades; g++) {
                    double x = threshold[g] + m->global * world + m->country * country[c] +
                               m->sector * sector[k];
                    *to++ = 0.5 * erfc(-x / m->own * 0x1.6a09e667f3bcdp-1);
                }
        double sum = 0;
        for (size_t i = 0; i < m->n; i++) {
            const plain_loan *x = &m->loans[i];
            double p =
                conditional[(x->country * m->n_sectors + x->sector) * m->n_grades + x->grade];
            if (xmc_uniform(&s) < p)
                sum += x->exposure * xmc_quantile_of(m->lgd, xmc_uniform(&s));
        }
        loss[t] = sum;
    }
}
