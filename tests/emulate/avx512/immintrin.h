/* AVX-512 by portable C, for tests on processors that lack it: SIMDe's intrinsics (Debian's
 * libsimde-dev), and those that version 0.7.4 lacks, element by element as Intel's manual defines
 * them. The test's own file, found before the compiler's header of this name;
 * tests/emulate/kernels_avx512.c compiles the kernels against it. A kernel that calls an intrinsic
 * which neither has does not compile: add it here. */
#ifndef CROSSMC_EMULATED_IMMINTRIN_H
#define CROSSMC_EMULATED_IMMINTRIN_H

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <math.h>
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>
#include <string.h>

#define __mmask8          simde__mmask8
#define __mmask16         simde__mmask16
#define _MM_FROUND_NO_EXC SIMDE_MM_FROUND_NO_EXC

/* Vectors as arrays, and back. */
#define XMC_ARRAY(V, T, N, NAME)                                                                   \
    typedef struct {                                                                               \
        T x[N];                                                                                    \
    } NAME;                                                                                        \
    static inline NAME NAME##_of(V v) {                                                            \
        NAME a;                                                                                    \
        memcpy(&a, &v, sizeof a);                                                                  \
        return a;                                                                                  \
    }                                                                                              \
    static inline V NAME##_to(NAME a) {                                                            \
        V v;                                                                                       \
        memcpy(&v, &a, sizeof v);                                                                  \
        return v;                                                                                  \
    }
XMC_ARRAY(simde__m512d, double, 8, emu_f64)
XMC_ARRAY(simde__m512, float, 16, emu_f32)
XMC_ARRAY(simde__m512i, int64_t, 8, emu_i64)
XMC_ARRAY(simde__m512i, uint64_t, 8, emu_u64)
XMC_ARRAY(simde__m512i, int32_t, 16, emu_i32)
XMC_ARRAY(simde__m512i, uint32_t, 16, emu_u32)
XMC_ARRAY(simde__m256, float, 8, emu_h32)
XMC_ARRAY(simde__m256i, int32_t, 8, emu_hi32)
XMC_ARRAY(simde__m256i, uint32_t, 8, emu_hu32)
#undef XMC_ARRAY

/* NAME(a): r[i] = EXPRESSION of a.x[i]. */
#define XMC_MAP(NAME, RV, R, AV, A, N, EXPRESSION)                                                 \
    static inline RV NAME(AV v) {                                                                  \
        const A a = A##_of(v);                                                                     \
        R r;                                                                                       \
        for (int i = 0; i < N; i++)                                                                \
            r.x[i] = EXPRESSION;                                                                   \
        return R##_to(r);                                                                          \
    }
/* Conversions to integers give the integer indefinite where the value does not fit. */
static inline int32_t emu_to_i32(double x) {
    return x >= -2147483648.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN;
}
static inline int64_t emu_to_i64(double x) {
    return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}
XMC_MAP(_mm512_cvtepi32_ps, simde__m512, emu_f32, simde__m512i, emu_i32, 16, (float)a.x[i])
XMC_MAP(_mm512_cvtepi32_pd, simde__m512d, emu_f64, simde__m256i, emu_hi32, 8, (double)a.x[i])
XMC_MAP(_mm512_cvtepu32_pd, simde__m512d, emu_f64, simde__m256i, emu_hu32, 8, (double)a.x[i])
XMC_MAP(_mm512_cvtepi64_pd, simde__m512d, emu_f64, simde__m512i, emu_i64, 8, (double)a.x[i])
XMC_MAP(_mm512_cvtepu64_pd, simde__m512d, emu_f64, simde__m512i, emu_u64, 8, (double)a.x[i])
XMC_MAP(_mm512_cvtps_pd, simde__m512d, emu_f64, simde__m256, emu_h32, 8, (double)a.x[i])
XMC_MAP(_mm512_cvtpd_ps, simde__m256, emu_h32, simde__m512d, emu_f64, 8, (float)a.x[i])
XMC_MAP(_mm512_cvttpd_epi32, simde__m256i, emu_hi32, simde__m512d, emu_f64, 8, emu_to_i32(a.x[i]))
XMC_MAP(_mm512_cvtpd_epi32, simde__m256i, emu_hi32, simde__m512d, emu_f64, 8,
        emu_to_i32(rint(a.x[i])))
XMC_MAP(_mm512_cvttpd_epi64, simde__m512i, emu_i64, simde__m512d, emu_f64, 8, emu_to_i64(a.x[i]))
XMC_MAP(_mm512_cvtpd_epi64, simde__m512i, emu_i64, simde__m512d, emu_f64, 8,
        emu_to_i64(rint(a.x[i])))
XMC_MAP(_mm512_cvttps_epi32, simde__m512i, emu_i32, simde__m512, emu_f32, 16,
        emu_to_i32((double)a.x[i]))
XMC_MAP(_mm512_cvtps_epi32, simde__m512i, emu_i32, simde__m512, emu_f32, 16,
        emu_to_i32(rint((double)a.x[i])))
XMC_MAP(_mm512_cvtepi32_epi64, simde__m512i, emu_i64, simde__m256i, emu_hi32, 8, a.x[i])
XMC_MAP(_mm512_cvtepu32_epi64, simde__m512i, emu_u64, simde__m256i, emu_hu32, 8, a.x[i])
#undef XMC_MAP

/* SIMDe's multiply and add round twice; these are fused, as the instructions are. */
#undef _mm512_fmadd_pd
#undef _mm512_fmsub_pd
#undef _mm512_fnmadd_pd
#undef _mm512_fnmsub_pd
#undef _mm512_fmadd_ps
#undef _mm512_fmsub_ps
#undef _mm512_fnmadd_ps
#undef _mm512_fnmsub_ps
#undef _mm512_mask_fmadd_pd
#undef _mm512_mask_fmadd_ps
#undef _mm512_maskz_fmadd_pd
#undef _mm512_maskz_fmadd_ps
#define XMC_FUSED(SUFFIX, V, M, A, N, FMA)                                                         \
    static inline V emu_fma_##SUFFIX(V va, V vb, V vc, int minus_a, int minus_c, unsigned m) {     \
        const A b = A##_of(vb), c = A##_of(vc);                                                    \
        A a = A##_of(va);                                                                          \
        for (int i = 0; i < N; i++)                                                                \
            if (m >> i & 1)                                                                        \
                a.x[i] = FMA(minus_a ? -a.x[i] : a.x[i], b.x[i], minus_c ? -c.x[i] : c.x[i]);      \
        return A##_to(a);                                                                          \
    }                                                                                              \
    static inline V _mm512_fmadd_##SUFFIX(V a, V b, V c) {                                         \
        return emu_fma_##SUFFIX(a, b, c, 0, 0, ~0u);                                               \
    }                                                                                              \
    static inline V _mm512_fmsub_##SUFFIX(V a, V b, V c) {                                         \
        return emu_fma_##SUFFIX(a, b, c, 0, 1, ~0u);                                               \
    }                                                                                              \
    static inline V _mm512_fnmadd_##SUFFIX(V a, V b, V c) {                                        \
        return emu_fma_##SUFFIX(a, b, c, 1, 0, ~0u);                                               \
    }                                                                                              \
    static inline V _mm512_fnmsub_##SUFFIX(V a, V b, V c) {                                        \
        return emu_fma_##SUFFIX(a, b, c, 1, 1, ~0u);                                               \
    }                                                                                              \
    static inline V _mm512_mask_fmadd_##SUFFIX(V a, M m, V b, V c) {                               \
        return emu_fma_##SUFFIX(a, b, c, 0, 0, m);                                                 \
    }                                                                                              \
    static inline V _mm512_maskz_fmadd_##SUFFIX(M m, V a, V b, V c) {                              \
        return simde_mm512_maskz_mov_##SUFFIX(m, emu_fma_##SUFFIX(a, b, c, 0, 0, ~0u));            \
    }
XMC_FUSED(pd, simde__m512d, simde__mmask8, emu_f64, 8, fma)
XMC_FUSED(ps, simde__m512, simde__mmask16, emu_f32, 16, fmaf)
#undef XMC_FUSED

/* SIMDe's takes the bit that silences exceptions for one of the rounding mode. */
static inline double emu_round(double x, int control) {
    const double scale = 1 << (control >> 4 & 15), y = x * scale;
    const int mode = control & 4 ? 0 : control & 3;
    const double r = mode == 0 ? rint(y) : mode == 1 ? floor(y) : mode == 2 ? ceil(y) : trunc(y);
    return r / scale;
}
#undef _mm512_roundscale_pd
#undef _mm512_roundscale_ps
static inline simde__m512d _mm512_roundscale_pd(simde__m512d v, int control) {
    emu_f64 a = emu_f64_of(v);
    for (int i = 0; i < 8; i++)
        a.x[i] = emu_round(a.x[i], control);
    return emu_f64_to(a);
}
static inline simde__m512 _mm512_roundscale_ps(simde__m512 v, int control) {
    emu_f32 a = emu_f32_of(v);
    for (int i = 0; i < 16; i++)
        a.x[i] = (float)emu_round((double)a.x[i], control);
    return emu_f32_to(a);
}

static inline simde__m512i _mm512_srai_epi32(simde__m512i v, unsigned n) {
    emu_i32 a = emu_i32_of(v);
    for (int i = 0; i < 16; i++)
        a.x[i] >>= n > 31 ? 31 : n;
    return emu_i32_to(a);
}
static inline simde__m512i _mm512_srai_epi64(simde__m512i v, unsigned n) {
    emu_i64 a = emu_i64_of(v);
    for (int i = 0; i < 8; i++)
        a.x[i] >>= n > 63 ? 63 : n;
    return emu_i64_to(a);
}
static inline simde__m512i _mm512_alignr_epi64(simde__m512i high, simde__m512i low, int n) {
    const emu_u64 h = emu_u64_of(high), l = emu_u64_of(low);
    emu_u64 r;
    for (int i = 0; i < 8; i++) {
        const int j = i + (n & 7);
        r.x[i] = j < 8 ? l.x[j] : h.x[j - 8];
    }
    return emu_u64_to(r);
}
static inline simde__m512i _mm512_alignr_epi32(simde__m512i high, simde__m512i low, int n) {
    const emu_u32 h = emu_u32_of(high), l = emu_u32_of(low);
    emu_u32 r;
    for (int i = 0; i < 16; i++) {
        const int j = i + (n & 15);
        r.x[i] = j < 16 ? l.x[j] : h.x[j - 16];
    }
    return emu_u32_to(r);
}
static inline simde__m256 _mm512_extractf32x8_ps(simde__m512 v, int high) {
    const emu_f32 a = emu_f32_of(v);
    emu_h32 r;
    memcpy(r.x, a.x + 8 * (high & 1), sizeof r.x);
    return emu_h32_to(r);
}
static inline simde__m256i _mm512_extracti32x8_epi32(simde__m512i v, int high) {
    const emu_i32 a = emu_i32_of(v);
    emu_hi32 r;
    memcpy(r.x, a.x + 8 * (high & 1), sizeof r.x);
    return emu_hi32_to(r);
}
static inline simde__m512d _mm512_permute_pd(simde__m512d v, int select) {
    const emu_f64 a = emu_f64_of(v);
    emu_f64 r;
    for (int i = 0; i < 8; i++)
        r.x[i] = a.x[(i & ~1) + (select >> i & 1)];
    return emu_f64_to(r);
}
static inline simde__m512d _mm512_shuffle_pd(simde__m512d va, simde__m512d vb, int select) {
    const emu_f64 a = emu_f64_of(va), b = emu_f64_of(vb);
    emu_f64 r;
    for (int i = 0; i < 8; i++)
        r.x[i] = (i & 1 ? b : a).x[(i & ~1) + (select >> i & 1)];
    return emu_f64_to(r);
}

/* Loads and stores by mask touch no other memory. */
#define XMC_MASKED(SUFFIX, V, M, T, N, A)                                                          \
    static inline V _mm512_mask_loadu_##SUFFIX(V source, M m, const void *p) {                     \
        A r = A##_of(source);                                                                      \
        for (int i = 0; i < N; i++)                                                                \
            if (m >> i & 1)                                                                        \
                memcpy(&r.x[i], (const T *)p + i, sizeof(T));                                      \
        return A##_to(r);                                                                          \
    }                                                                                              \
    static inline V _mm512_maskz_loadu_##SUFFIX(M m, const void *p) {                              \
        return _mm512_mask_loadu_##SUFFIX(A##_to((A){{0}}), m, p);                                 \
    }                                                                                              \
    static inline void _mm512_mask_storeu_##SUFFIX(void *p, M m, V v) {                            \
        const A a = A##_of(v);                                                                     \
        for (int i = 0; i < N; i++)                                                                \
            if (m >> i & 1)                                                                        \
                memcpy((T *)p + i, &a.x[i], sizeof(T));                                            \
    }
XMC_MASKED(pd, simde__m512d, simde__mmask8, double, 8, emu_f64)
XMC_MASKED(ps, simde__m512, simde__mmask16, float, 16, emu_f32)
XMC_MASKED(epi64, simde__m512i, simde__mmask8, uint64_t, 8, emu_u64)
XMC_MASKED(epi32, simde__m512i, simde__mmask16, uint32_t, 16, emu_u32)
#undef XMC_MASKED

#define XMC_COMPARE(NAME, M, A, N, OP)                                                             \
    static inline M NAME(simde__m512i va, simde__m512i vb) {                                       \
        const A a = A##_of(va), b = A##_of(vb);                                                    \
        unsigned m = 0;                                                                            \
        for (int i = 0; i < N; i++)                                                                \
            m |= (unsigned)(a.x[i] OP b.x[i]) << i;                                                \
        return (M)m;                                                                               \
    }
XMC_COMPARE(_mm512_cmplt_epi32_mask, simde__mmask16, emu_i32, 16, <)
XMC_COMPARE(_mm512_cmplt_epu32_mask, simde__mmask16, emu_u32, 16, <)
XMC_COMPARE(_mm512_cmplt_epi64_mask, simde__mmask8, emu_i64, 8, <)
XMC_COMPARE(_mm512_cmplt_epu64_mask, simde__mmask8, emu_u64, 8, <)
XMC_COMPARE(_mm512_cmpgt_epu32_mask, simde__mmask16, emu_u32, 16, >)
XMC_COMPARE(_mm512_cmpgt_epu64_mask, simde__mmask8, emu_u64, 8, >)
XMC_COMPARE(_mm512_cmpneq_epi32_mask, simde__mmask16, emu_i32, 16, !=)
XMC_COMPARE(_mm512_cmpneq_epi64_mask, simde__mmask8, emu_i64, 8, !=)
#undef XMC_COMPARE

/* Gathers: a scale in bytes, indices signed. */
#define XMC_GATHER(NAME, RV, R, IV, I, N)                                                          \
    static inline RV NAME(IV vi, const void *base, int scale) {                                    \
        const I at = I##_of(vi);                                                                   \
        R r;                                                                                       \
        for (int i = 0; i < N; i++)                                                                \
            memcpy(&r.x[i], (const char *)base + (ptrdiff_t)at.x[i] * scale, sizeof r.x[i]);       \
        return R##_to(r);                                                                          \
    }
XMC_GATHER(_mm512_i32gather_pd, simde__m512d, emu_f64, simde__m256i, emu_hi32, 8)
XMC_GATHER(_mm512_i64gather_pd, simde__m512d, emu_f64, simde__m512i, emu_i64, 8)
XMC_GATHER(_mm512_i32gather_ps, simde__m512, emu_f32, simde__m512i, emu_i32, 16)
XMC_GATHER(_mm512_i32gather_epi32, simde__m512i, emu_i32, simde__m512i, emu_i32, 16)
#undef XMC_GATHER

#endif
