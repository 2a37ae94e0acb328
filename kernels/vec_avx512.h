/* Primitives of AVX-512 (F, DQ, BW, VL): 8 lanes of 64 bits, 16 of 32 bits. vec_avx2.h and
 * vec_neon.h offer the same names; a new target is one more such file. */
#ifndef CROSSMC_VEC_AVX512_H
#define CROSSMC_VEC_AVX512_H

#include "kernels/damage_table.h"
#include "kernels/twins.h"
#include <immintrin.h>
#include <stddef.h>

enum { V_W = 8 }; /* 64-bit lanes */
typedef __m512i v_u64;
typedef __m512i v_u32;
typedef __m512d v_f64;
typedef __m512 v_f32;
typedef __mmask8 v_m64;

static inline v_u64 v_set_u64(uint64_t x) {
    return _mm512_set1_epi64((long long)x);
}
static inline v_f64 v_set_f64(double x) {
    return _mm512_set1_pd(x);
}
static inline v_f32 v_set_f32(float x) {
    return _mm512_set1_ps(x);
}
static inline v_u32 v_set_u32(uint32_t x) {
    return _mm512_set1_epi32((int)x);
}
static inline v_u64 v_load_u64(const uint64_t *p) {
    return _mm512_loadu_si512(p);
}
static inline v_f64 v_load_f64(const double *p) {
    return _mm512_loadu_pd(p);
}
static inline v_u32 v_load_u32(const void *p) {
    return _mm512_loadu_si512(p);
}
static inline void v_store_f64(double *p, v_f64 x) {
    _mm512_storeu_pd(p, x);
}
static inline void v_store_f32(float *p, v_f32 x) {
    _mm512_storeu_ps(p, x);
}
static inline void v_store_u32(void *p, v_u32 x) {
    _mm512_storeu_si512(p, x);
}

static inline v_u64 v_add_u64(v_u64 a, v_u64 b) {
    return _mm512_add_epi64(a, b);
}
static inline v_u64 v_mul_u64(v_u64 a, v_u64 b) {
    return _mm512_mullo_epi64(a, b);
}
static inline v_f64 v_add(v_f64 a, v_f64 b) {
    return _mm512_add_pd(a, b);
}
static inline v_f64 v_sub(v_f64 a, v_f64 b) {
    return _mm512_sub_pd(a, b);
}
static inline v_f64 v_mul(v_f64 a, v_f64 b) {
    return _mm512_mul_pd(a, b);
}
static inline v_f64 v_div(v_f64 a, v_f64 b) {
    return _mm512_div_pd(a, b);
}
static inline v_f64 v_fma(v_f64 a, v_f64 b, v_f64 c) {
    return _mm512_fmadd_pd(a, b, c);
}
static inline v_f64 v_f64_of_u64(v_u64 a) {
    return _mm512_cvtepu64_pd(a);
}
static inline v_f64 v_trunc(v_f64 a) {
    return _mm512_roundscale_pd(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
/* a < b ? a : b and a > b ? a : b, as the instructions have it, signed zeros and NaN included */
static inline v_f64 v_min(v_f64 a, v_f64 b) {
    return _mm512_min_pd(a, b);
}
static inline v_f64 v_max(v_f64 a, v_f64 b) {
    return _mm512_max_pd(a, b);
}

static inline v_m64 v_lt(v_f64 a, v_f64 b) {
    return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
}
static inline v_m64 v_le(v_f64 a, v_f64 b) {
    return _mm512_cmp_pd_mask(a, b, _CMP_LE_OQ);
}
static inline v_m64 v_eq(v_f64 a, v_f64 b) {
    return _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ);
}
static inline v_m64 v_and(v_m64 a, v_m64 b) {
    return a & b;
}
static inline v_m64 v_andnot(v_m64 a, v_m64 b) {
    return (v_m64)(~a & b);
} /* b and not a */
static inline unsigned v_bits(v_m64 m) {
    return m;
}
static inline size_t v_count(v_m64 m) {
    return (size_t)__builtin_popcount(m);
}

/* XSH-RR of PCG32 on two vectors of states: the outputs of lo in the low halves of the 64-bit
 * lanes, those of hi in the high halves. */
static inline v_u32 v_pcg_output(v_u64 lo, v_u64 hi) {
    v_u64 l = _mm512_xor_si512(lo, _mm512_srli_epi64(lo, 18));
    v_u64 h = _mm512_xor_si512(hi, _mm512_srli_epi64(hi, 18));
    v_u32 v = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(l, 27), _mm512_slli_epi64(h, 5));
    v_u32 r = _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(lo, 59), _mm512_srli_epi64(hi, 27));
    return _mm512_rorv_epi32(v, r);
}

/* See vec_avx2.h; here the lanes need no exchange. */
static inline void v_words_order(v_u64 *even, v_u64 *odd) {
    (void)even;
    (void)odd;
}
static inline v_u32 v_pcg_words(v_u64 even, v_u64 odd) {
    return v_pcg_output(even, odd);
}

/* ((k >> 12) + 1/2) 2^-52 of 64-bit words, ((k >> 9) + 1/2) 2^-23 of 32-bit words: both exact. */
static inline v_f64 v_uniform(v_u64 k) {
    v_u64 bits = _mm512_or_si512(_mm512_srli_epi64(k, 12), v_set_u64(UINT64_C(0x3ff) << 52));
    return _mm512_sub_pd(_mm512_castsi512_pd(bits), v_set_f64(1.0 - 0x1p-53));
}
static inline v_f32 v_uniform_f32(v_u32 k) {
    v_u32 bits = _mm512_or_si512(_mm512_srli_epi32(k, 9), v_set_u32(0x3f800000u));
    return _mm512_sub_ps(_mm512_castsi512_ps(bits), v_set_f32(1.0f - 0x1p-24f));
}

/* The normal quantile of uniforms: the top sixteen segments in registers. Lanes below them come in
 * *rare and hold no value. */
static inline v_f64 v_normal(v_f64 p, v_m64 *rare) {
    v_f64 q = v_min(p, v_sub(v_set_f64(1.0), p));
    v_u64 bits = _mm512_castpd_si512(q);
    v_u64 i = _mm512_sub_epi64(_mm512_srli_epi64(bits, 51), v_set_u64(2 * (1023 - 9)));
    *rare = _mm512_cmpge_epu64_mask(i, v_set_u64(XMC_NORMAL_F64_TOP));
    v_u64 m = _mm512_ternarylogic_epi64(bits, v_set_u64(UINT64_C(0x7ffffffffffff)),
                                        v_set_u64(UINT64_C(0x3ff) << 52), 0xea); /* a & b | c */
    v_f64 x = v_sub(_mm512_castsi512_pd(m), v_set_f64(1.25));
#define COEFFICIENT(k)                                                                             \
    _mm512_permutex2var_pd(_mm512_load_pd(xmc_normal_f64_top[k]), i,                               \
                           _mm512_load_pd(xmc_normal_f64_top[k] + 8))
    v_f64 z = COEFFICIENT(10);
    z = v_fma(z, x, COEFFICIENT(9));
    z = v_fma(z, x, COEFFICIENT(8));
    z = v_fma(z, x, COEFFICIENT(7));
    z = v_fma(z, x, COEFFICIENT(6));
    z = v_fma(z, x, COEFFICIENT(5));
    z = v_fma(z, x, COEFFICIENT(4));
    z = v_fma(z, x, COEFFICIENT(3));
    z = v_fma(z, x, COEFFICIENT(2));
    z = v_fma(z, x, COEFFICIENT(1));
    z = v_fma(z, x, COEFFICIENT(0));
#undef COEFFICIENT
    v_m64 lower = _mm512_cmp_pd_mask(p, v_set_f64(0.5), _CMP_LT_OQ);
    return _mm512_mask_xor_pd(z, lower, z, v_set_f64(-0.0));
}

/* The same of 32-bit words in single precision, 32 segments in registers; *rare is a mask of the
 * 32-bit lanes. */
static inline v_u32 v_normal_f32_segment(v_u32 k, v_f32 *x, uint32_t *rare) {
    v_u32 sign = _mm512_srai_epi32(k, 31);
    v_u32 m = _mm512_and_si512(_mm512_xor_si512(k, sign), v_set_u32(0x7fffffffu));
    v_f32 q =
        _mm512_mul_ps(_mm512_add_ps(_mm512_cvtepi32_ps(m), v_set_f32(0.5f)), v_set_f32(0x1p-32f));
    v_u32 bits = _mm512_castps_si512(q);
    v_u32 i = _mm512_sub_epi32(_mm512_srli_epi32(bits, 22), v_set_u32(2 * (127 - 17)));
    *rare = _mm512_cmpge_epu32_mask(i, v_set_u32(XMC_NORMAL_F32_TOP));
    v_u32 b = _mm512_ternarylogic_epi32(bits, v_set_u32(0x3fffffu), v_set_u32(0x3f800000u), 0xea);
    *x = _mm512_sub_ps(_mm512_castsi512_ps(b), v_set_f32(1.25f));
    return i;
}
static inline v_f32 v_normal_f32_coefficient(v_u32 i, int j) {
    return _mm512_permutex2var_ps(_mm512_load_ps(xmc_normal_f32_top[j]), i,
                                  _mm512_load_ps(xmc_normal_f32_top[j] + 16));
}
static inline v_f32 v_normal_f32_sign(v_f32 z, v_u32 k) { /* z ^ (~k & sign bit) */
    return _mm512_castsi512_ps(
        _mm512_xor_si512(_mm512_castps_si512(z), _mm512_andnot_si512(k, v_set_u32(0x80000000u))));
}

/* xmc_log_twin but for its polynomial: log x = rest + r polynomial(r). */
static inline void v_log_reduce(v_f64 x, v_f64 *r, v_f64 *rest) {
    v_u64 bits = _mm512_castpd_si512(x);
    v_u64 i = _mm512_srli_epi64(bits, 48); /* the permutation looks at the low four bits */
    v_f64 e = _mm512_cvtepi64_pd(_mm512_sub_epi64(_mm512_srli_epi64(bits, 52), v_set_u64(1023)));
    v_f64 m = _mm512_castsi512_pd(_mm512_ternarylogic_epi64(
        bits, v_set_u64(UINT64_C(0xfffffffffffff)), v_set_u64(UINT64_C(0x3ff) << 52), 0xea));
    v_f64 inverse = _mm512_permutex2var_pd(_mm512_load_pd(xmc_log_inverse[0]), i,
                                           _mm512_load_pd(xmc_log_inverse[0] + 8));
    v_f64 centre = _mm512_permutex2var_pd(_mm512_load_pd(xmc_log_centre[0]), i,
                                          _mm512_load_pd(xmc_log_centre[0] + 8));
    *r = v_fma(m, inverse, v_set_f64(-1.0));
    *rest = v_fma(e, v_set_f64(XMC_LN2), centre);
}

/* Inclusive running sums over the lanes, and the last lane everywhere. */
static inline v_f64 v_prefix_sum(v_f64 a) {
    const v_u64 zero = _mm512_setzero_si512();
    a = v_add(a, _mm512_castsi512_pd(_mm512_alignr_epi64(_mm512_castpd_si512(a), zero, 7)));
    a = v_add(a, _mm512_castsi512_pd(_mm512_alignr_epi64(_mm512_castpd_si512(a), zero, 6)));
    return v_add(a, _mm512_castsi512_pd(_mm512_alignr_epi64(_mm512_castpd_si512(a), zero, 4)));
}
static inline v_f64 v_last(v_f64 a) {
    return _mm512_permutexvar_pd(v_set_u64(7), a);
}
/* Stores the lanes, truncated to 32-bit integers (values below 2^31). */
static inline void v_store_as_u32(uint32_t *p, v_f64 a) {
    _mm256_storeu_si256((__m256i *)p, _mm512_cvttpd_epi32(a));
}

/* Zero where the mask is not set. */
static inline v_f64 v_keep(v_m64 m, v_f64 a) {
    return _mm512_maskz_mov_pd(m, a);
}
/* m ? a : b */
static inline v_f64 v_select(v_m64 m, v_f64 a, v_f64 b) {
    return _mm512_mask_blend_pd(m, b, a);
}
/* Writes the lanes of the mask side by side (all V_W places are overwritten); returns how many. The
 * compression into a register and a plain store: into memory it is slow on some processors. */
static inline size_t v_compress_store(double *p, v_m64 m, v_f64 a) {
    _mm512_storeu_pd(p, _mm512_maskz_compress_pd(m, a));
    return v_count(m);
}

/* Rows of four doubles, number i of each lane, transposed: c[k] holds the k-th of every row. */
static inline void v_rows(const double *table, v_u64 i, v_f64 c[4]) {
    uint64_t at[8];
    _mm512_storeu_si512(at, i);
#define PAIR(j)                                                                                    \
    _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_loadu_pd(table + 4 * at[j])),                 \
                       _mm256_loadu_pd(table + 4 * at[(j) + 4]), 1)
    v_f64 r0 = PAIR(0), r1 = PAIR(1), r2 = PAIR(2), r3 = PAIR(3);
#undef PAIR
    v_f64 a = _mm512_unpacklo_pd(r0, r1), b = _mm512_unpackhi_pd(r0, r1);
    v_f64 d = _mm512_unpacklo_pd(r2, r3), e = _mm512_unpackhi_pd(r2, r3);
    const v_u64 low = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const v_u64 high = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    c[0] = _mm512_permutex2var_pd(a, low, d);
    c[1] = _mm512_permutex2var_pd(b, low, e);
    c[2] = _mm512_permutex2var_pd(a, high, d);
    c[3] = _mm512_permutex2var_pd(b, high, e);
}
static inline v_f64 v_rint(v_f64 a) {
    return _mm512_roundscale_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline v_u64 v_sub_u64(v_u64 a, v_u64 b) {
    return _mm512_sub_epi64(a, b);
}
static inline v_u64 v_bits_of(v_f64 a) {
    return _mm512_castpd_si512(a);
}
static inline v_f64 v_f64_of_bits(v_u64 a) {
    return _mm512_castsi512_pd(a);
}
static inline v_u64 v_shift_left(v_u64 a, unsigned n) {
    return _mm512_slli_epi64(a, n);
}
static inline v_u64 v_shift_right(v_u64 a, unsigned n) {
    return _mm512_srli_epi64(a, n);
}
static inline v_u64 v_xor(v_u64 a, v_u64 b) {
    return _mm512_xor_si512(a, b);
}
/* of whole numbers below 2^31 */
static inline v_u64 v_integer(v_f64 a) {
    return _mm512_cvttpd_epi64(a);
}
static inline v_u64 v_or(v_u64 a, v_u64 b) {
    return _mm512_or_si512(a, b);
}
/* a where the mask is set, else zero */
static inline v_u64 v_keep_u64(v_m64 m, v_u64 a) {
    return _mm512_maskz_mov_epi64(m, a);
}

/* The first n lanes (1 … V_W) only. */
static inline v_f64 v_load_part(const double *p, size_t n) {
    return _mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1), p);
}
/* The first n lanes, zero in the others. */
static inline v_f64 v_first(size_t n, v_f64 a) {
    return _mm512_maskz_mov_pd((__mmask8)((1u << n) - 1), a);
}
static inline void v_store_part(double *p, size_t n, v_f64 a) {
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), a);
}

/* 2 V_W neighbours into those at even and at odd places, and back. */
static inline void v_unzip(const uint64_t *p, v_u64 *even, v_u64 *odd) {
    v_u64 a = v_load_u64(p), b = v_load_u64(p + 8);
    *even = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), b);
    *odd = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15), b);
}
static inline void v_zip(uint64_t *p, v_u64 even, v_u64 odd) {
    v_store_u32(p,
                _mm512_permutex2var_epi64(even, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), odd));
    v_store_u32(
        p + 8, _mm512_permutex2var_epi64(even, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), odd));
}

/* A damage table's row: the 32 segments in four registers. */
typedef struct {
    v_f32 a[2], b[2], scale, shift;
} v_row;
static inline v_row v_row_load(const xmc_damage_row *r) {
    return (v_row){{_mm512_loadu_ps(r->a), _mm512_loadu_ps(r->a + 16)},
                   {_mm512_loadu_ps(r->b), _mm512_loadu_ps(r->b + 16)},
                   v_set_f32(r->scale),
                   v_set_f32(r->shift)};
}
/* The place t of words in a row, and the damage ratio there: xmc_damage_of in two steps. */
static inline v_f32 v_damage_place(const v_row *r, v_u32 k) {
    v_f32 t = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_srli_epi32(k, 1)), r->scale);
    t = _mm512_add_ps(t, r->shift);
    t = _mm512_max_ps(v_set_f32(XMC_DAMAGE_LOWEST), t);
    return _mm512_min_ps(v_set_f32(1.0f), t);
}
static inline v_f32 v_damage_at(const v_row *r, v_f32 t) {
    v_u32 i = _mm512_srli_epi32(_mm512_castps_si512(t), 22); /* the low five bits count */
    v_f32 d = _mm512_mul_ps(_mm512_permutex2var_ps(r->b[0], i, r->b[1]), t);
    return _mm512_add_ps(d, _mm512_permutex2var_ps(r->a[0], i, r->a[1]));
}
static inline v_f64 v_low_f64(v_f32 a) {
    return _mm512_cvtps_pd(_mm512_castps512_ps256(a));
}
static inline v_f64 v_high_f64(v_f32 a) {
    return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1));
}

static inline v_m64 v_or_m(v_m64 a, v_m64 b) {
    return a | b;
}
/* table[i] */
static inline v_f64 v_gather(const double *table, v_u64 i) {
    return _mm512_i64gather_pd(i, table, 8);
}

/* The same of 64-bit integers. */
static inline size_t v_compress_u64(uint64_t *p, v_m64 m, v_u64 a) {
    v_store_u32(p, _mm512_maskz_compress_epi64(m, a));
    return v_count(m);
}

/* Masks of 2 V_W lanes of 32 bits: m or a == b, and the even and odd lanes as a mask of 64-bit
 * lanes. */
typedef __mmask16 v_m32;
static inline v_m32 v_none_m32(void) {
    return 0;
}
static inline v_m32 v_or_eq_u32(v_m32 m, v_u32 a, v_u32 b) {
    return (v_m32)(m | _mm512_cmpeq_epi32_mask(a, b));
}
static inline v_m64 v_even_m32(v_m32 m) {
    return _mm512_test_epi64_mask(_mm512_movm_epi32(m), v_set_u64(1));
}
static inline v_m64 v_odd_m32(v_m32 m) {
    return _mm512_test_epi64_mask(_mm512_movm_epi32(m), v_set_u64(UINT64_C(1) << 32));
}
/* (word n) / 2^32, rounded down, of each 32-bit lane; and the even and odd lanes as 64-bit ones. */
static inline v_u32 v_scale_words(v_u32 words, uint32_t n) {
    const v_u64 by = v_set_u64(n);
    v_u64 low = _mm512_srli_epi64(_mm512_mul_epu32(words, by), 32);
    return _mm512_mask_blend_epi32(0xaaaa, low, _mm512_mul_epu32(_mm512_srli_epi64(words, 32), by));
}
static inline v_u64 v_even_u32(v_u32 a) {
    return _mm512_and_si512(a, v_set_u64(UINT64_C(0xffffffff)));
}
static inline v_u64 v_odd_u32(v_u32 a) {
    return _mm512_srli_epi64(a, 32);
}

/* ---- single precision, 2 V_W lanes ---- */

static inline void v_store_u64(uint64_t *p, v_u64 x) {
    _mm512_storeu_si512(p, x);
}
static inline v_f32 v_load_f32(const float *p) {
    return _mm512_loadu_ps(p);
}
static inline v_f32 v_add_f32(v_f32 a, v_f32 b) {
    return _mm512_add_ps(a, b);
}
static inline v_f32 v_sub_f32(v_f32 a, v_f32 b) {
    return _mm512_sub_ps(a, b);
}
static inline v_f32 v_mul_f32(v_f32 a, v_f32 b) {
    return _mm512_mul_ps(a, b);
}
static inline v_f32 v_div_f32(v_f32 a, v_f32 b) {
    return _mm512_div_ps(a, b);
}
static inline v_f32 v_fma_f32(v_f32 a, v_f32 b, v_f32 c) {
    return _mm512_fmadd_ps(a, b, c);
}
/* a < b ? a : b and a > b ? a : b */
static inline v_f32 v_min_f32(v_f32 a, v_f32 b) {
    return _mm512_min_ps(a, b);
}
static inline v_f32 v_max_f32(v_f32 a, v_f32 b) {
    return _mm512_max_ps(a, b);
}
static inline v_f32 v_sqrt_f32(v_f32 a) {
    return _mm512_sqrt_ps(a);
}
/* xmc_scale_f32: a 2^n, n as the low bits of 1.5 2^23 + n. */
static inline v_f32 v_scale_f32(v_f32 a, v_f32 n) {
    return _mm512_castsi512_ps(
        _mm512_add_epi32(_mm512_castps_si512(a), _mm512_slli_epi32(_mm512_castps_si512(n), 23)));
}

/* xmc_two_tails_f32_twin, 2 V_W words: the table is too long for registers. */
static inline v_f32 v_two_tails_f32(const float *table, v_u32 k) {
    v_u32 m =
        _mm512_and_si512(_mm512_xor_si512(k, _mm512_srai_epi32(k, 31)), v_set_u32(0x7fffffffu));
    v_f32 q =
        _mm512_mul_ps(_mm512_add_ps(_mm512_cvtepi32_ps(m), v_set_f32(0.5f)), v_set_f32(0x1p-32f));
    v_u32 bits = _mm512_castps_si512(_mm512_min_ps(q, v_set_f32(XMC_BELOW_HALF_F32)));
    v_u32 i =
        _mm512_sub_epi32(_mm512_srli_epi32(bits, 22), v_set_u32(2 * (127 + XMC_NORMAL_F32_LOWEST)));
    i = _mm512_add_epi32(i, _mm512_slli_epi32(_mm512_srli_epi32(k, 31), 6));
    i = _mm512_slli_epi32(i, 3);
    v_u32 b = _mm512_ternarylogic_epi32(bits, v_set_u32(0x3fffffu), v_set_u32(0x3f800000u), 0xea);
    v_f32 x = _mm512_sub_ps(_mm512_castsi512_ps(b), v_set_f32(1.25f));
    v_f32 z = _mm512_i32gather_ps(i, table + 5, 4);
    z = _mm512_fmadd_ps(z, x, _mm512_i32gather_ps(i, table + 4, 4));
    z = _mm512_fmadd_ps(z, x, _mm512_i32gather_ps(i, table + 3, 4));
    z = _mm512_fmadd_ps(z, x, _mm512_i32gather_ps(i, table + 2, 4));
    z = _mm512_fmadd_ps(z, x, _mm512_i32gather_ps(i, table + 1, 4));
    return _mm512_fmadd_ps(z, x, _mm512_i32gather_ps(i, table, 4));
}

#endif
