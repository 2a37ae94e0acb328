/* Primitives of AArch64's NEON: 2 lanes of 64 bits, 4 of 32 bits. See vec_avx512.h. What has no
 * instruction of its own (table lookups, compression) goes lane by lane. */
#ifndef CROSSMC_VEC_NEON_H
#define CROSSMC_VEC_NEON_H

#include "kernels/damage_table.h"
#include "kernels/twins.h"
#include <arm_neon.h>
#include <stddef.h>

enum { V_W = 2 };
typedef uint64x2_t v_u64;
typedef uint32x4_t v_u32;
typedef float64x2_t v_f64;
typedef float32x4_t v_f32;
typedef uint64x2_t v_m64; /* all ones or all zeros per lane */

static inline v_u64 v_set_u64(uint64_t x) {
    return vdupq_n_u64(x);
}
static inline v_f64 v_set_f64(double x) {
    return vdupq_n_f64(x);
}
static inline v_f32 v_set_f32(float x) {
    return vdupq_n_f32(x);
}
static inline v_u32 v_set_u32(uint32_t x) {
    return vdupq_n_u32(x);
}
static inline v_u64 v_load_u64(const uint64_t *p) {
    return vld1q_u64(p);
}
static inline v_f64 v_load_f64(const double *p) {
    return vld1q_f64(p);
}
static inline v_u32 v_load_u32(const uint32_t *p) {
    return vld1q_u32(p);
}
static inline void v_store_f64(double *p, v_f64 x) {
    vst1q_f64(p, x);
}
static inline void v_store_f32(float *p, v_f32 x) {
    vst1q_f32(p, x);
}
static inline void v_store_u32(uint32_t *p, v_u32 x) {
    vst1q_u32(p, x);
}

static inline v_u64 v_add_u64(v_u64 a, v_u64 b) {
    return vaddq_u64(a, b);
}
static inline v_u64 v_sub_u64(v_u64 a, v_u64 b) {
    return vsubq_u64(a, b);
}
static inline v_u64 v_mul_u64(v_u64 a, v_u64 b) {
    uint32x2_t a_low = vmovn_u64(a), b_low = vmovn_u64(b);
    v_u64 cross = vmull_u32(vshrn_n_u64(a, 32), b_low);
    cross = vmlal_u32(cross, a_low, vshrn_n_u64(b, 32));
    return vaddq_u64(vmull_u32(a_low, b_low), vshlq_n_u64(cross, 32));
}
static inline v_f64 v_add(v_f64 a, v_f64 b) {
    return vaddq_f64(a, b);
}
static inline v_f64 v_sub(v_f64 a, v_f64 b) {
    return vsubq_f64(a, b);
}
static inline v_f64 v_mul(v_f64 a, v_f64 b) {
    return vmulq_f64(a, b);
}
static inline v_f64 v_div(v_f64 a, v_f64 b) {
    return vdivq_f64(a, b);
}
static inline v_f64 v_fma(v_f64 a, v_f64 b, v_f64 c) {
    return vfmaq_f64(c, a, b);
}
static inline v_f64 v_f64_of_u64(v_u64 a) {
    return vcvtq_f64_u64(a);
}
static inline v_f64 v_trunc(v_f64 a) {
    return vrndq_f64(a);
}
static inline v_f64 v_rint(v_f64 a) {
    return vrndnq_f64(a);
}
/* a < b ? a : b and a > b ? a : b; vminq orders zeros and spreads NaN, which x86 does not */
static inline v_f64 v_min(v_f64 a, v_f64 b) {
    return vbslq_f64(vcltq_f64(a, b), a, b);
}
static inline v_f64 v_max(v_f64 a, v_f64 b) {
    return vbslq_f64(vcgtq_f64(a, b), a, b);
}
static inline v_f32 v_min_f32(v_f32 a, v_f32 b) {
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
static inline v_f32 v_max_f32(v_f32 a, v_f32 b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

static inline v_m64 v_lt(v_f64 a, v_f64 b) {
    return vcltq_f64(a, b);
}
static inline v_m64 v_le(v_f64 a, v_f64 b) {
    return vcleq_f64(a, b);
}
static inline v_m64 v_eq(v_f64 a, v_f64 b) {
    return vceqq_f64(a, b);
}
static inline v_f64 v_select(v_m64 m, v_f64 a, v_f64 b) { /* m ? a : b */
    return vbslq_f64(m, a, b);
}
static inline v_m64 v_andnot(v_m64 a, v_m64 b) {
    return vbicq_u64(b, a);
} /* b and not a */
static inline unsigned v_bits(v_m64 m) {
    return (unsigned)((vgetq_lane_u64(m, 0) & 1u) | (vgetq_lane_u64(m, 1) & 2u));
}
static inline size_t v_count(v_m64 m) {
    return (size_t)((vgetq_lane_u64(m, 0) & 1u) + (vgetq_lane_u64(m, 1) & 1u));
}

static inline v_u64 v_bits_of(v_f64 a) {
    return vreinterpretq_u64_f64(a);
}
static inline v_f64 v_f64_of_bits(v_u64 a) {
    return vreinterpretq_f64_u64(a);
}
static inline v_u64 v_shift_left(v_u64 a, int n) {
    return vshlq_u64(a, vdupq_n_s64(n));
}
static inline v_u64 v_shift_right(v_u64 a, int n) {
    return vshlq_u64(a, vdupq_n_s64(-n));
}
static inline v_u64 v_or(v_u64 a, v_u64 b) {
    return vorrq_u64(a, b);
}
static inline v_u64 v_xor(v_u64 a, v_u64 b) {
    return veorq_u64(a, b);
}
static inline v_u64 v_integer(v_f64 a) {
    return vcvtq_u64_f64(a);
}
static inline v_u64 v_keep_u64(v_m64 m, v_u64 a) {
    return vandq_u64(m, a);
}

static inline v_u32 v_pcg_output(v_u64 lo, v_u64 hi) {
    const v_u64 high = v_set_u64(UINT64_C(0xffffffff00000000));
    v_u64 l = veorq_u64(lo, vshrq_n_u64(lo, 18)), h = veorq_u64(hi, vshrq_n_u64(hi, 18));
    v_u32 v = vreinterpretq_u32_u64(vbslq_u64(high, vshlq_n_u64(h, 5), vshrq_n_u64(l, 27)));
    int32x4_t r = vreinterpretq_s32_u64(vbslq_u64(high, vshrq_n_u64(hi, 27), vshrq_n_u64(lo, 59)));
    /* negative shifts go right, and a shift by 32 gives zero */
    return vorrq_u32(vshlq_u32(v, vnegq_s32(r)), vshlq_u32(v, vsubq_s32(vdupq_n_s32(32), r)));
}

/* See vec_avx2.h; here the lanes need no exchange. */
static inline void v_words_order(v_u64 *even, v_u64 *odd) {
    (void)even;
    (void)odd;
}
static inline v_u32 v_pcg_words(v_u64 even, v_u64 odd) {
    return v_pcg_output(even, odd);
}

static inline v_f64 v_uniform(v_u32 k) {
    v_u64 bits =
        vorrq_u64(vshrq_n_u64(vreinterpretq_u64_u32(k), 12), v_set_u64(UINT64_C(0x3ff) << 52));
    return vsubq_f64(v_f64_of_bits(bits), v_set_f64(1.0 - 0x1p-53));
}
static inline v_f32 v_uniform_f32(v_u32 k) {
    v_u32 bits = vorrq_u32(vshrq_n_u32(k, 9), v_set_u32(0x3f800000u));
    return vsubq_f32(vreinterpretq_f32_u32(bits), v_set_f32(1.0f - 0x1p-24f));
}

static inline v_f64 v_normal(v_f64 p, v_m64 *rare) {
    *rare = v_set_u64(0);
    v_f64 q = v_min(p, v_sub(v_set_f64(1.0), p));
    v_u64 bits = v_bits_of(q);
    v_u64 i = vsubq_u64(vshrq_n_u64(bits, 51), v_set_u64(2 * (1023 + XMC_NORMAL_F64_LOWEST)));
    v_u64 m = vorrq_u64(vandq_u64(bits, v_set_u64(UINT64_C(0x7ffffffffffff))),
                        v_set_u64(UINT64_C(0x3ff) << 52));
    v_f64 x = v_sub(v_f64_of_bits(m), v_set_f64(1.25));
    const double *r0 = xmc_normal_f64[vgetq_lane_u64(i, 0)];
    const double *r1 = xmc_normal_f64[vgetq_lane_u64(i, 1)];
    v_f64 z = vtrn1q_f64(vld1q_f64(r0 + 10), vld1q_f64(r1 + 10));
    for (int k = 8; k >= 0; k -= 2) {
        v_f64 a = vld1q_f64(r0 + k), b = vld1q_f64(r1 + k);
        z = v_fma(z, x, vtrn2q_f64(a, b));
        z = v_fma(z, x, vtrn1q_f64(a, b));
    }
    v_u64 flip = vandq_u64(vcltq_f64(p, v_set_f64(0.5)), v_set_u64(UINT64_C(1) << 63));
    return v_f64_of_bits(veorq_u64(v_bits_of(z), flip));
}

static inline v_u32 v_normal_f32_segment(v_u32 k, v_f32 *x, uint32_t *rare) {
    v_u32 sign = vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(k), 31));
    v_u32 m = vandq_u32(veorq_u32(k, sign), v_set_u32(0x7fffffffu));
    v_f32 q = vmulq_f32(vaddq_f32(vcvtq_f32_s32(vreinterpretq_s32_u32(m)), v_set_f32(0.5f)),
                        v_set_f32(0x1p-32f));
    v_u32 bits = vreinterpretq_u32_f32(q);
    v_u32 i = vsubq_u32(vshrq_n_u32(bits, 22), v_set_u32(2 * (127 + XMC_NORMAL_F32_LOWEST)));
    v_u32 b = vorrq_u32(vandq_u32(bits, v_set_u32(0x3fffffu)), v_set_u32(0x3f800000u));
    *x = vsubq_f32(vreinterpretq_f32_u32(b), v_set_f32(1.25f));
    uint32_t at[4];
    vst1q_u32(at, i);
    *rare = 0;
    for (uint32_t j = 0; j < 4; j++)
        if (at[j] >= XMC_NORMAL_F32_SEGMENTS) { /* q = 1/2 */
            *rare |= UINT32_C(1) << j;
            at[j] = 0;
        }
    return vld1q_u32(at);
}
static inline v_f32 v_normal_f32_coefficient(v_u32 i, int j) {
    const float c[4] = {
        xmc_normal_f32[vgetq_lane_u32(i, 0)][j], xmc_normal_f32[vgetq_lane_u32(i, 1)][j],
        xmc_normal_f32[vgetq_lane_u32(i, 2)][j], xmc_normal_f32[vgetq_lane_u32(i, 3)][j]};
    return vld1q_f32(c);
}
static inline v_f32 v_normal_f32_sign(v_f32 z, v_u32 k) {
    v_u32 flip = vbicq_u32(v_set_u32(0x80000000u), k);
    return vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(z), flip));
}

static inline v_f64 v_pair(double a, double b) {
    return vcombine_f64(vdup_n_f64(a), vdup_n_f64(b));
}

static inline void v_log_reduce(v_f64 x, v_f64 *r, v_f64 *rest) {
    v_u64 bits = v_bits_of(x), i = vandq_u64(vshrq_n_u64(bits, 48), v_set_u64(15));
    v_f64 e =
        vcvtq_f64_s64(vsubq_s64(vreinterpretq_s64_u64(vshrq_n_u64(bits, 52)), vdupq_n_s64(1023)));
    v_f64 m = v_f64_of_bits(vorrq_u64(vandq_u64(bits, v_set_u64(UINT64_C(0xfffffffffffff))),
                                      v_set_u64(UINT64_C(0x3ff) << 52)));
    const uint64_t i0 = vgetq_lane_u64(i, 0), i1 = vgetq_lane_u64(i, 1);
    const v_f64 centre = v_pair(xmc_log_centre[0][i0], xmc_log_centre[0][i1]);
    *r = v_fma(m, v_pair(xmc_log_inverse[0][i0], xmc_log_inverse[0][i1]), v_set_f64(-1.0));
    *rest = v_fma(e, v_set_f64(XMC_LN2), centre);
}

static inline v_f64 v_prefix_sum(v_f64 a) {
    return v_add(a, vextq_f64(v_set_f64(0.0), a, 1));
}
static inline v_f64 v_last(v_f64 a) {
    return vdupq_laneq_f64(a, 1);
}
static inline void v_store_as_u32(uint32_t *p, v_f64 a) {
    vst1_u32(p, vmovn_u64(vcvtq_u64_f64(a)));
}

static inline size_t v_compress_store(double *p, v_m64 m, v_f64 a) {
    const uint64_t first = vgetq_lane_u64(m, 0) & 1u;
    const double low = vgetq_lane_f64(a, 0), high = vgetq_lane_f64(a, 1);
    p[0] = first ? low : high;
    p[1] = high;
    return (size_t)(first + (vgetq_lane_u64(m, 1) & 1u));
}

static inline void v_rows(const double *table, v_u64 i, v_f64 c[4]) {
    const double *r0 = table + 4 * vgetq_lane_u64(i, 0), *r1 = table + 4 * vgetq_lane_u64(i, 1);
    v_f64 a = vld1q_f64(r0), b = vld1q_f64(r1), d = vld1q_f64(r0 + 2), e = vld1q_f64(r1 + 2);
    c[0] = vtrn1q_f64(a, b);
    c[1] = vtrn2q_f64(a, b);
    c[2] = vtrn1q_f64(d, e);
    c[3] = vtrn2q_f64(d, e);
}

static inline v_f64 v_load_part(const double *p, size_t n) {
    return n == V_W ? vld1q_f64(p) : v_pair(p[0], 0.0);
}
static inline v_f64 v_first(size_t n, v_f64 a) {
    return n == V_W ? a : v_pair(vgetq_lane_f64(a, 0), 0.0);
}
static inline void v_store_part(double *p, size_t n, v_f64 a) {
    p[0] = vgetq_lane_f64(a, 0);
    if (n == V_W)
        p[1] = vgetq_lane_f64(a, 1);
}

static inline void v_unzip(const uint64_t *p, v_u64 *even, v_u64 *odd) {
    uint64x2x2_t both = vld2q_u64(p);
    *even = both.val[0];
    *odd = both.val[1];
}
static inline void v_zip(uint64_t *p, v_u64 even, v_u64 odd) {
    vst2q_u64(p, ((uint64x2x2_t){{even, odd}}));
}

typedef struct {
    const float *a, *b;
    v_f32 scale, shift;
} v_row;
static inline v_row v_row_load(const xmc_damage_row *r) {
    return (v_row){r->a, r->b, v_set_f32(r->scale), v_set_f32(r->shift)};
}
/* The place t of words in a row, and the damage ratio there: xmc_damage_of in two steps. */
static inline v_f32 v_damage_place(const v_row *r, v_u32 k) {
    v_f32 t = vmulq_f32(vcvtq_f32_s32(vreinterpretq_s32_u32(vshrq_n_u32(k, 1))), r->scale);
    t = vaddq_f32(t, r->shift);
    t = v_max_f32(v_set_f32(XMC_DAMAGE_LOWEST), t);
    return v_min_f32(v_set_f32(1.0f), t);
}
static inline v_f32 v_damage_at(const v_row *r, v_f32 t) {
    uint32_t i[4];
    vst1q_u32(i, vandq_u32(vshrq_n_u32(vreinterpretq_u32_f32(t), 22), v_set_u32(31)));
    const float a[4] = {r->a[i[0]], r->a[i[1]], r->a[i[2]], r->a[i[3]]};
    const float b[4] = {r->b[i[0]], r->b[i[1]], r->b[i[2]], r->b[i[3]]};
    return vaddq_f32(vmulq_f32(vld1q_f32(b), t), vld1q_f32(a));
}
static inline v_f64 v_low_f64(v_f32 a) {
    return vcvt_f64_f32(vget_low_f32(a));
}
static inline v_f64 v_high_f64(v_f32 a) {
    return vcvt_high_f64_f32(a);
}

static inline v_m64 v_and(v_m64 a, v_m64 b) {
    return vandq_u64(a, b);
}
static inline v_m64 v_or_m(v_m64 a, v_m64 b) {
    return vorrq_u64(a, b);
}
static inline v_f64 v_keep(v_m64 m, v_f64 a) {
    return v_f64_of_bits(vandq_u64(m, v_bits_of(a)));
}
static inline v_f64 v_gather(const double *table, v_u64 i) {
    return v_pair(table[vgetq_lane_u64(i, 0)], table[vgetq_lane_u64(i, 1)]);
}

static inline size_t v_compress_u64(uint64_t *p, v_m64 m, v_u64 a) {
    const uint64_t first = vgetq_lane_u64(m, 0) & 1u;
    const uint64_t low = vgetq_lane_u64(a, 0), high = vgetq_lane_u64(a, 1);
    p[0] = first ? low : high;
    p[1] = high;
    return (size_t)(first + (vgetq_lane_u64(m, 1) & 1u));
}

typedef uint32x4_t v_m32;
static inline v_m32 v_none_m32(void) {
    return vdupq_n_u32(0);
}
static inline v_m32 v_or_eq_u32(v_m32 m, v_u32 a, v_u32 b) {
    return vorrq_u32(m, vceqq_u32(a, b));
}
static inline v_m64 v_even_m32(v_m32 m) {
    return vreinterpretq_u64_u32(vtrn1q_u32(m, m));
}
static inline v_m64 v_odd_m32(v_m32 m) {
    return vreinterpretq_u64_u32(vtrn2q_u32(m, m));
}
static inline v_u32 v_scale_words(v_u32 words, uint32_t n) {
    const uint32x2_t by = vdup_n_u32(n);
    v_u64 low = vmull_u32(vget_low_u32(words), by), high = vmull_u32(vget_high_u32(words), by);
    return vuzp2q_u32(vreinterpretq_u32_u64(low), vreinterpretq_u32_u64(high));
}
static inline v_u64 v_even_u32(v_u32 a) {
    return vandq_u64(vreinterpretq_u64_u32(a), v_set_u64(UINT64_C(0xffffffff)));
}
static inline v_u64 v_odd_u32(v_u32 a) {
    return vshrq_n_u64(vreinterpretq_u64_u32(a), 32);
}

/* ---- single precision, 2 V_W lanes ---- */

static inline void v_store_u64(uint64_t *p, v_u64 x) {
    vst1q_u64(p, x);
}
static inline v_f32 v_load_f32(const float *p) {
    return vld1q_f32(p);
}
static inline v_f32 v_add_f32(v_f32 a, v_f32 b) {
    return vaddq_f32(a, b);
}
static inline v_f32 v_sub_f32(v_f32 a, v_f32 b) {
    return vsubq_f32(a, b);
}
static inline v_f32 v_mul_f32(v_f32 a, v_f32 b) {
    return vmulq_f32(a, b);
}
static inline v_f32 v_div_f32(v_f32 a, v_f32 b) {
    return vdivq_f32(a, b);
}
static inline v_f32 v_fma_f32(v_f32 a, v_f32 b, v_f32 c) {
    return vfmaq_f32(c, a, b);
}
static inline v_f32 v_sqrt_f32(v_f32 a) {
    return vsqrtq_f32(a);
}
static inline v_f32 v_scale_f32(v_f32 a, v_f32 n) {
    return vreinterpretq_f32_u32(
        vaddq_u32(vreinterpretq_u32_f32(a), vshlq_n_u32(vreinterpretq_u32_f32(n), 23)));
}

static inline v_f32 v_two_tails_f32(const float *table, v_u32 k) {
    uint32_t at[4];
    float c[6][4], x[4];
    vst1q_u32(at, k);
    for (int j = 0; j < 4; j++) {
        const float *row = xmc_two_tails_row(table, at[j], &x[j]);
        for (int n = 0; n < 6; n++)
            c[n][j] = row[n];
    }
    const v_f32 v = vld1q_f32(x);
    v_f32 z = vld1q_f32(c[5]);
    for (int n = 4; n >= 0; n--)
        z = vfmaq_f32(vld1q_f32(c[n]), z, v);
    return z;
}

#endif
