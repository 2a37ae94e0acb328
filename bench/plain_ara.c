#include "bench/plain_ara.h"

#include "kernels/distributions.h"
#include "kernels/stream.h"

#include <math.h>

static double terms(double x, const xmc_layer *k) {
    x -= k->attachment;
    if (x <= 0)
        return 0;
    if (x > k->limit)
        x = k->limit;
    return x * k->participation;
}

static double rounded(double x, double grid) {
    return rint(x / grid) * grid;
}

void plain_ara(const plain_ara_model *m, size_t n, double *loss) {
    for (size_t i = 0; i < n; i++) {
        xmc_stream s = xmc_stream_at(m->seed_events, i, 0);
        double year = 0;
        for (uint32_t o = 0; o < m->occurrences; o++) {
            const uint32_t event = (uint32_t)((uint64_t)xmc_u32(&s) * m->n_events >> 32);
            double sum = 0;
            for (size_t t = 0; t < m->n_tables; t++)
                sum += rounded(terms((double)m->loss[t][event], &m->terms[t]), m->grid);
            year += rounded(terms(sum, &m->occurrence), m->grid);
        }
        loss[i] = rounded(terms(year, &m->aggregate), m->grid);
    }
}

void plain_ara_sampled(const plain_ara_model *m, size_t n, double *loss, double *ground_up) {
    for (size_t i = 0; i < n; i++) {
        xmc_stream s = xmc_stream_at(m->seed_events, i, 0);
        xmc_stream damage = xmc_stream_at(m->seed_damage, i, 1);
        double year = 0;
        ground_up[i] = 0;
        for (uint32_t o = 0; o < m->occurrences; o++) {
            const uint32_t event = (uint32_t)((uint64_t)xmc_u32(&s) * m->n_events >> 32);
            double sum = 0;
            for (size_t t = 0; t < m->n_tables; t++) {
                if (m->exposure[t][event] == 0)
                    continue;
                const double x =
                    (double)m->exposure[t][event] * xmc_beta_i_inverse((double)m->alpha[t][event],
                                                                       (double)m->beta[t][event],
                                                                       xmc_uniform(&damage));
                ground_up[i] += x;
                sum += rounded(terms(x, &m->terms[t]), m->grid);
            }
            year += rounded(terms(sum, &m->occurrence), m->grid);
        }
        loss[i] = rounded(terms(year, &m->aggregate), m->grid);
    }
}
