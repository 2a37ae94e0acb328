#include "bench/plain_paths.h"
#include "bench/plain.h"

#include <math.h>

/* Gamma(a, 1), a >= 1, by Marsaglia and Tsang (2000). */
static float gamma_draw(float a, xmc_stream *s) {
    const float d = a - 1.0f / 3.0f, c = 1.0f / sqrtf(9.0f * d);
    for (;;) {
        float x, v;
        do {
            plain_normal_f32(s, &x, 1);
            v = 1.0f + c * x;
        } while (v <= 0.0f);
        v = v * v * v;
        float u = xmc_uniform_f32(s);
        if (u < 1.0f - 0.0331f * x * x * x * x || logf(u) < 0.5f * x * x + d * (1.0f - v + logf(v)))
            return d * v;
    }
}

void plain_path(const plain_garch *m, size_t days, xmc_stream *s, float *h, double *growth) {
    float normal[16];
    for (size_t d = 0; d < days; d++) {
        plain_normal_f32(s, normal, m->n);
        const float chi_square = 2.0f * gamma_draw(0.5f * (float)m->nu, s);
        const float mixing = sqrtf(((float)m->nu - 2.0f) / chi_square);
        for (size_t i = 0; i < m->n; i++) {
            float z = 0.0f;
            for (size_t k = 0; k <= i; k++)
                z += m->cholesky[i * m->n + k] * normal[k];
            float r = sqrtf(h[i]) * z * mixing;
            r = r < -m->limit[i] ? -m->limit[i] : r > m->limit[i] ? m->limit[i] : r;
            growth[i] *= 1.0 + r;
            h[i] = m->omega[i] + m->alpha[i] * r * r + m->beta[i] * h[i];
        }
    }
}

double plain_exponentials(size_t n, const float *loading, const double *weight, const float *x,
                          size_t stride) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        float t = 0;
        for (size_t k = 0; k < 8; k++)
            t += loading[8 * i + k] * x[k * stride];
        sum += weight[i] * expf(t);
    }
    return sum;
}
