/* NEON by portable C, for tests on other processors: SIMDe's intrinsics (Debian's libsimde-dev),
 * and those that version 0.7.4 lacks. See ../avx512/immintrin.h. */
#ifndef CROSSMC_EMULATED_ARM_NEON_H
#define CROSSMC_EMULATED_ARM_NEON_H

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <math.h>
#include <simde/arm/neon.h>

/* SIMDe's multiply and add round twice; these are fused, as the instructions are. */
#undef vfmaq_f64
#undef vfmsq_f64
#undef vfmaq_f32
#undef vfmsq_f32
#define XMC_FUSED(NAME, V, N, EXPRESSION)                                                          \
    static inline simde_##V##_t NAME(simde_##V##_t vc, simde_##V##_t va, simde_##V##_t vb) {       \
        const simde_##V##_private a = simde_##V##_to_private(va), b = simde_##V##_to_private(vb);  \
        simde_##V##_private c = simde_##V##_to_private(vc);                                        \
        for (int i = 0; i < N; i++)                                                                \
            c.values[i] = EXPRESSION;                                                              \
        return simde_##V##_from_private(c);                                                        \
    }
XMC_FUSED(vfmaq_f64, float64x2, 2, fma(a.values[i], b.values[i], c.values[i]))
XMC_FUSED(vfmsq_f64, float64x2, 2, fma(-a.values[i], b.values[i], c.values[i]))
XMC_FUSED(vfmaq_f32, float32x4, 4, fmaf(a.values[i], b.values[i], c.values[i]))
XMC_FUSED(vfmsq_f32, float32x4, 4, fmaf(-a.values[i], b.values[i], c.values[i]))
#undef XMC_FUSED

static inline simde_float64x2_t vdivq_f64(simde_float64x2_t va, simde_float64x2_t vb) {
    const simde_float64x2_private a = simde_float64x2_to_private(va);
    const simde_float64x2_private b = simde_float64x2_to_private(vb);
    simde_float64x2_private c = a;
    for (int i = 0; i < 2; i++)
        c.values[i] = a.values[i] / b.values[i];
    return simde_float64x2_from_private(c);
}

static inline simde_float64x2_t vcvt_high_f64_f32(simde_float32x4_t a) {
    return simde_vcvt_f64_f32(simde_vget_high_f32(a));
}

static inline simde_float32x4_t vdivq_f32(simde_float32x4_t va, simde_float32x4_t vb) {
    const simde_float32x4_private a = simde_float32x4_to_private(va),
                                  b = simde_float32x4_to_private(vb);
    simde_float32x4_private c;
    for (int i = 0; i < 4; i++)
        c.values[i] = a.values[i] / b.values[i];
    return simde_float32x4_from_private(c);
}
static inline simde_float32x4_t vsqrtq_f32(simde_float32x4_t va) {
    simde_float32x4_private a = simde_float32x4_to_private(va);
    for (int i = 0; i < 4; i++)
        a.values[i] = sqrtf(a.values[i]);
    return simde_float32x4_from_private(a);
}

#endif
