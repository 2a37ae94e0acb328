/* The scalar twins of the daily paths: see paths.h. */
#ifndef CROSSMC_PATHS_TWIN_H
#define CROSSMC_PATHS_TWIN_H

#include "kernels/paths.h"
#include "kernels/twins.h"

static inline void xmc_path_normals_twin(xmc_stream *stream, float *out, size_t days) {
    for (size_t d = 0; d < days; d++)
        for (size_t l = 0; l < XMC_PATH_LANES; l++)
            out[d * XMC_PATH_LANES + l] = xmc_normal_f32_twin(xmc_u32(&stream[l]));
}

static inline void xmc_path_two_tails_twin(xmc_stream *stream, const float *table, float *out,
                                           size_t days) {
    for (size_t d = 0; d < days; d++)
        for (size_t l = 0; l < XMC_PATH_LANES; l++)
            out[d * XMC_PATH_LANES + l] = xmc_two_tails_f32_twin(table, xmc_u32(&stream[l]));
}

/* A pivot of the dynamic correlation below which rounding speaks. */
#define XMC_LEAST_PIVOT 1e-6f

/* The return of index i in lane l with innovation z; price and variance move on. */
static inline float xmc_garch_return_twin(const xmc_garch *m, const xmc_path_tile *t, size_t i,
                                          size_t l, float z, float *sd) {
    const size_t at = i * XMC_PATH_LANES + l;
    *sd = sqrtf(t->h[at]);
    float r = *sd * z;
    r = r > -m->limit[i] ? r : -m->limit[i];
    r = r < m->limit[i] ? r : m->limit[i];
    t->growth[at] = fma(t->growth[at], (double)r, t->growth[at]);
    t->h[at] = fmaf(m->beta[i], t->h[at], fmaf(m->alpha[i], r * r, m->omega[i]));
    return r;
}

static inline void xmc_garch_constant_twin(const xmc_garch *m, size_t days, const float *normals,
                                           const float *mixing, const xmc_path_tile *t) {
    enum { L = XMC_PATH_LANES };
    for (size_t d = 0; d < days; d++)
        for (size_t i = 0; i < m->n; i++)
            for (size_t l = 0; l < L; l++) {
                float z = 0.0f, sd;
                for (size_t k = 0; k <= i; k++)
                    z = fmaf(m->cholesky[i * m->n + k], normals[(k * days + d) * L + l], z);
                xmc_garch_return_twin(m, t, i, l, mixing ? z * mixing[d * L + l] : z, &sd);
            }
}

/* Cholesky factor C of Q by rows; row i over sqrt(Q_ii) is that of the correlation. */
static inline void xmc_garch_dynamic_twin(const xmc_garch *m, size_t days, const float *normals,
                                          const float *mixing, const xmc_path_tile *t) {
    enum { L = XMC_PATH_LANES };
    const size_t pairs = m->n * (m->n + 1) / 2;
    float *c = t->scratch, *e = c + pairs * L;
    for (size_t d = 0; d < days; d++)
        for (size_t l = 0; l < L; l++) {
            for (size_t i = 0, row = 0; i < m->n; row += ++i) {
                float z = 0.0f, sd;
                for (size_t j = 0, other = 0; j <= i; other += ++j) {
                    float x = t->q[(row + j) * L + l];
                    for (size_t k = 0; k < j; k++)
                        x = fmaf(-c[(row + k) * L + l], c[(other + k) * L + l], x);
                    if (i == j) {
                        x = x > XMC_LEAST_PIVOT ? x : XMC_LEAST_PIVOT;
                        x = sqrtf(x);
                    } else {
                        x = x / c[(other + j) * L + l];
                    }
                    c[(row + j) * L + l] = x;
                    z = fmaf(x, normals[(j * days + d) * L + l], z);
                }
                z = z / sqrtf(t->q[(row + i) * L + l]);
                z = mixing ? z * mixing[d * L + l] : z;
                e[i * L + l] = xmc_garch_return_twin(m, t, i, l, z, &sd) / sd;
            }
            for (size_t i = 0, row = 0; i < m->n; row += ++i)
                for (size_t j = 0; j <= i; j++) {
                    const size_t at = (row + j) * L + l;
                    t->q[at] = fmaf(m->b, t->q[at],
                                    fmaf(m->a, e[i * L + l] * e[j * L + l], m->target[row + j]));
                }
        }
}

static inline void xmc_garch_days_twin(const xmc_garch *m, size_t days, const float *normals,
                                       const float *mixing, const xmc_path_tile *t) {
    enum { L = XMC_PATH_LANES };
    for (size_t i = 0; i < m->n; i++)
        for (size_t d = 0; d < days; d++)
            for (size_t l = 0; l < L; l++)
                t->shock[i * L + l] += normals[(i * days + d) * L + l];
    if (m->target)
        xmc_garch_dynamic_twin(m, days, normals, mixing, t);
    else
        xmc_garch_constant_twin(m, days, normals, mixing, t);
}

#endif
