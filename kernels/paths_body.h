/* Vector bodies of the daily paths, on the primitives of vec_<target>.h: see paths.h. After
 * fill_body.h, whose normals it uses. */
#include "kernels/paths_twin.h"

enum {
    P_W = 2 * V_W,                /* lanes of single precision */
    P_N = XMC_PATH_LANES / P_W,   /* vectors of a tile */
    P_WORDS = XMC_PATH_LANES * 32 /* words of a piece that stays in the first cache level */
};

/* Words of sixteen streams: even streams give the low halves of the 64-bit lanes, odd ones the high
 * halves, so that one merge puts them in order. */
static void path_words(xmc_stream *stream, uint32_t *out, size_t days) {
    uint64_t x[4][XMC_PATH_LANES / 2];
    for (size_t i = 0; i < XMC_PATH_LANES / 2; i++) {
        x[0][i] = stream[2 * i].state;
        x[1][i] = stream[2 * i].inc;
        x[2][i] = stream[2 * i + 1].state;
        x[3][i] = stream[2 * i + 1].inc;
    }
    const v_u64 multiplier = v_set_u64(XMC_PCG_MULTIPLIER);
    v_u64 even[P_N], even_inc[P_N], odd[P_N], odd_inc[P_N];
    for (int v = 0; v < P_N; v++) {
        even[v] = v_load_u64(x[0] + v * V_W);
        even_inc[v] = v_load_u64(x[1] + v * V_W);
        odd[v] = v_load_u64(x[2] + v * V_W);
        odd_inc[v] = v_load_u64(x[3] + v * V_W);
        v_words_order(&even[v], &odd[v]);
        v_words_order(&even_inc[v], &odd_inc[v]);
    }
    for (size_t d = 0; d < days; d++)
        for (int v = 0; v < P_N; v++) {
            v_store_u32(out + d * XMC_PATH_LANES + v * P_W, v_pcg_words(even[v], odd[v]));
            even[v] = v_add_u64(v_mul_u64(even[v], multiplier), even_inc[v]);
            odd[v] = v_add_u64(v_mul_u64(odd[v], multiplier), odd_inc[v]);
        }
    for (int v = 0; v < P_N; v++) {
        v_words_order(&even[v], &odd[v]);
        v_store_u64(x[0] + v * V_W, even[v]);
        v_store_u64(x[2] + v * V_W, odd[v]);
    }
    for (size_t i = 0; i < XMC_PATH_LANES / 2; i++) {
        stream[2 * i].state = x[0][i];
        stream[2 * i + 1].state = x[2][i];
    }
}

static void path_normals(xmc_stream *stream, float *out, size_t days) {
    uint32_t words[P_WORDS];
    for (size_t d = 0; d < days; d += P_WORDS / XMC_PATH_LANES) {
        const size_t n = days - d < P_WORDS / XMC_PATH_LANES ? days - d : P_WORDS / XMC_PATH_LANES;
        path_words(stream, words, n);
        normals_f32(words, out + d * XMC_PATH_LANES, n * XMC_PATH_LANES);
    }
}

static void path_two_tails(xmc_stream *stream, const float *table, float *out, size_t days) {
    uint32_t words[P_WORDS];
    for (size_t d = 0; d < days; d += P_WORDS / XMC_PATH_LANES) {
        const size_t n = days - d < P_WORDS / XMC_PATH_LANES ? days - d : P_WORDS / XMC_PATH_LANES;
        path_words(stream, words, n);
        for (size_t i = 0; i < n * XMC_PATH_LANES; i += P_W)
            v_store_f32(out + d * XMC_PATH_LANES + i,
                        v_two_tails_f32(table, v_load_u32(words + i)));
    }
}

/* The day's return of one index from its innovation; the variance moves on. */
static inline v_f32 garch_return(const xmc_garch *m, float *h, size_t i, v_f32 z, v_f32 *sd) {
    const v_f32 variance = v_load_f32(h);
    *sd = v_sqrt_f32(variance);
    v_f32 r = v_max_f32(v_mul_f32(*sd, z), v_set_f32(-m->limit[i]));
    r = v_min_f32(r, v_set_f32(m->limit[i]));
    v_f32 news = v_fma_f32(v_set_f32(m->alpha[i]), v_mul_f32(r, r), v_set_f32(m->omega[i]));
    v_store_f32(h, v_fma_f32(v_set_f32(m->beta[i]), variance, news));
    return r;
}

static inline void garch_grow(double *growth, v_f32 r) {
    v_f64 low = v_load_f64(growth), high = v_load_f64(growth + V_W);
    v_store_f64(growth, v_fma(low, v_low_f64(r), low));
    v_store_f64(growth + V_W, v_fma(high, v_high_f64(r), high));
}

enum { P_DAYS = 8, P_MOST = 16 }; /* days and indices of a piece, in the first cache level */

/* Innovations of days [d, d + n) of index i. */
static inline void garch_innovations(const xmc_garch *m, size_t i, size_t days,
                                     const float *normals, const float *mixing, size_t n,
                                     float *out) {
    const float *row = m->cholesky + i * m->n;
    for (size_t x = 0; x < n * XMC_PATH_LANES; x += XMC_PATH_LANES) {
        v_f32 z[P_N];
        for (int v = 0; v < P_N; v++)
            z[v] = v_set_f32(0.0f);
        const float *normal = normals + x;
        for (size_t k = 0; k <= i; k++, normal += days * XMC_PATH_LANES) {
            const v_f32 c = v_set_f32(row[k]);
            for (int v = 0; v < P_N; v++)
                z[v] = v_fma_f32(c, v_load_f32(normal + v * P_W), z[v]);
        }
        for (int v = 0; v < P_N; v++) {
            if (mixing)
                z[v] = v_mul_f32(z[v], v_load_f32(mixing + x + v * P_W));
            v_store_f32(out + x + v * P_W, z[v]);
        }
    }
}

/* In passes over a few days, so that each holds its state in registers: innovations, the variances
 * (indices in turn: each is a chain of its own), then prices. */
static void garch_constant(const xmc_garch *m, size_t days, const float *normals,
                           const float *mixing, const xmc_path_tile *t) {
    enum { L = XMC_PATH_LANES };
    float piece[P_MOST][P_DAYS * L];
    for (size_t first = 0; first < m->n; first += P_MOST)
        for (size_t d = 0; d < days; d += P_DAYS) {
            const size_t n = days - d < P_DAYS ? days - d : P_DAYS;
            const size_t end = m->n - first < P_MOST ? m->n - first : P_MOST;
            for (size_t i = 0; i < end; i++)
                garch_innovations(m, first + i, days, normals + d * L,
                                  mixing ? mixing + d * L : NULL, n, piece[i]);
            for (size_t x = 0; x < n * L; x += L)
                for (size_t i = 0; i < end; i++)
                    for (int v = 0; v < P_N; v++) {
                        float *z = piece[i] + x + v * P_W;
                        v_f32 sd;
                        v_store_f32(z, garch_return(m, t->h + (first + i) * L + v * P_W, first + i,
                                                    v_load_f32(z), &sd));
                    }
            for (size_t i = 0; i < end; i++)
                for (int v = 0; v < P_N; v++) {
                    double *growth = t->growth + (first + i) * L + v * P_W;
                    v_f64 low = v_load_f64(growth), high = v_load_f64(growth + V_W);
                    for (size_t x = 0; x < n * L; x += L) {
                        const v_f32 r = v_load_f32(piece[i] + x + v * P_W);
                        low = v_fma(low, v_low_f64(r), low);
                        high = v_fma(high, v_high_f64(r), high);
                    }
                    v_store_f64(growth, low);
                    v_store_f64(growth + V_W, high);
                }
        }
}

static void garch_dynamic(const xmc_garch *m, size_t days, const float *normals,
                          const float *mixing, const xmc_path_tile *t) {
    enum { L = XMC_PATH_LANES };
    const size_t pairs = m->n * (m->n + 1) / 2;
    const v_f32 least = v_set_f32(XMC_LEAST_PIVOT), a = v_set_f32(m->a), b = v_set_f32(m->b);
    for (size_t d = 0; d < days; d++)
        for (int v = 0; v < P_N; v++) {
            float *c = t->scratch + v * P_W, *e = c + pairs * L, *q = t->q + v * P_W;
            const float *normal = normals + d * L + v * P_W;
            for (size_t i = 0, row = 0; i < m->n; row += ++i) {
                v_f32 z = v_set_f32(0.0f), sd;
                for (size_t j = 0, other = 0; j <= i; other += ++j) {
                    v_f32 x = v_load_f32(q + (row + j) * L);
                    for (size_t k = 0; k < j; k++) {
                        v_f32 minus = v_mul_f32(v_set_f32(-1.0f), v_load_f32(c + (row + k) * L));
                        x = v_fma_f32(minus, v_load_f32(c + (other + k) * L), x);
                    }
                    x = i == j ? v_sqrt_f32(v_max_f32(x, least))
                               : v_div_f32(x, v_load_f32(c + (other + j) * L));
                    v_store_f32(c + (row + j) * L, x);
                    z = v_fma_f32(x, v_load_f32(normal + j * days * L), z);
                }
                z = v_div_f32(z, v_sqrt_f32(v_load_f32(q + (row + i) * L)));
                if (mixing)
                    z = v_mul_f32(z, v_load_f32(mixing + d * L + v * P_W));
                v_f32 r = garch_return(m, t->h + i * L + v * P_W, i, z, &sd);
                garch_grow(t->growth + i * L + v * P_W, r);
                v_store_f32(e + i * L, v_div_f32(r, sd));
            }
            for (size_t i = 0, row = 0; i < m->n; row += ++i)
                for (size_t j = 0; j <= i; j++) {
                    v_f32 pair = v_mul_f32(v_load_f32(e + i * L), v_load_f32(e + j * L));
                    v_f32 news = v_fma_f32(a, pair, v_set_f32(m->target[row + j]));
                    v_store_f32(q + (row + j) * L,
                                v_fma_f32(b, v_load_f32(q + (row + j) * L), news));
                }
        }
}

static void garch_days(const xmc_garch *m, size_t days, const float *normals, const float *mixing,
                       const xmc_path_tile *t) {
    for (size_t i = 0; i < m->n; i++)
        for (int v = 0; v < P_N; v++) {
            float *to = t->shock + i * XMC_PATH_LANES + v * P_W;
            const float *from = normals + i * days * XMC_PATH_LANES + v * P_W;
            v_f32 sum = v_load_f32(to);
            for (size_t d = 0; d < days; d++)
                sum = v_add_f32(sum, v_load_f32(from + d * XMC_PATH_LANES));
            v_store_f32(to, sum);
        }
    if (m->target)
        garch_dynamic(m, days, normals, mixing, t);
    else
        garch_constant(m, days, normals, mixing, t);
}
