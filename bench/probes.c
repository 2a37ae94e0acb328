#include "bench/probes.h"

#include <math.h>
#include <string.h>

enum { CHAINS = 12 };

/* Twelve chains keep two units of four or five cycles' latency busy. */
#define PROBE(NAME, TARGET, V, SET, FMA, ADD, FIRST, VD, SETD, LOADD, ADDD, FIRSTD, WIDTH)         \
    TARGET static double fma_##NAME(uint64_t rounds) {                                             \
        V a[CHAINS], x = SET(0.9999999f), y = SET(1e-9f);                                          \
        for (int c = 0; c < CHAINS; c++)                                                           \
            a[c] = SET((float)c);                                                                  \
        for (uint64_t r = 0; r < rounds; r++)                                                      \
            for (int c = 0; c < CHAINS; c++)                                                       \
                a[c] = FMA(a[c], x, y);                                                            \
        for (int c = 1; c < CHAINS; c++)                                                           \
            a[0] = ADD(a[0], a[c]);                                                                \
        return (double)FIRST(a[0]);                                                                \
    }                                                                                              \
    TARGET static double read_##NAME(const double *x, size_t n) {                                  \
        VD s[8];                                                                                   \
        for (int c = 0; c < 8; c++)                                                                \
            s[c] = SETD(0);                                                                        \
        for (size_t i = 0; i < n; i += (size_t)8 * (WIDTH))                                        \
            for (size_t c = 0; c < 8; c++)                                                         \
                s[c] = ADDD(s[c], LOADD(x + i + c * (WIDTH)));                                     \
        for (int c = 1; c < 8; c++)                                                                \
            s[0] = ADDD(s[0], s[c]);                                                               \
        return FIRSTD(s[0]);                                                                       \
    }

#define SAME(x)    (x)
#define SUM(x, y)  ((x) + (y))
#define LOAD_OF(p) (*(p))
PROBE(scalar, , float, SAME, fmaf, SUM, SAME, double, SAME, LOAD_OF, SUM, SAME, 1)

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma")))
PROBE(avx2, AVX2, __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps, _mm256_cvtss_f32, __m256d,
      _mm256_set1_pd, _mm256_load_pd, _mm256_add_pd, _mm256_cvtsd_f64, 4)
#define AVX512 __attribute__((target("avx512f")))
PROBE(avx512, AVX512, __m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps, _mm512_cvtss_f32,
      __m512d, _mm512_set1_pd, _mm512_load_pd, _mm512_add_pd, _mm512_cvtsd_f64, 8)
#elif defined(__aarch64__)
#include <arm_neon.h>
#define NEON_FMA(a, x, y) vfmaq_f32(y, a, x)
#define NEON_FIRST(a)     vgetq_lane_f32(a, 0)
#define NEON_FIRSTD(a)    vgetq_lane_f64(a, 0)
PROBE(neon, , float32x4_t, vdupq_n_f32, NEON_FMA, vaddq_f32, NEON_FIRST, float64x2_t, vdupq_n_f64,
      vld1q_f64, vaddq_f64, NEON_FIRSTD, 2)
#endif

static const xmc_probe probes[] = {
    {"scalar", 2.0 * CHAINS, fma_scalar, read_scalar},
#if defined(__x86_64__)
    {"avx2", 16.0 * CHAINS, fma_avx2, read_avx2},
    {"avx512", 32.0 * CHAINS, fma_avx512, read_avx512},
#elif defined(__aarch64__)
    {"neon", 8.0 * CHAINS, fma_neon, read_neon},
#endif
};
enum { PROBES = sizeof probes / sizeof *probes };

static int runs_here(const xmc_probe *p) {
#if defined(__x86_64__)
    if (strcmp(p->isa, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (strcmp(p->isa, "avx512") == 0)
        return __builtin_cpu_supports("avx512f");
#endif
    return p->isa != NULL;
}

const xmc_probe *xmc_probe_of(const char *isa) {
    for (int i = 0; i < PROBES; i++)
        if (strcmp(isa, probes[i].isa) == 0 && runs_here(&probes[i]))
            return &probes[i];
    return NULL;
}

const xmc_probe *xmc_probe_best(void) {
    int i = PROBES - 1;
    while (i > 0 && !runs_here(&probes[i]))
        i--;
    return &probes[i];
}
