/* Primitives of AVX2 with FMA: 4 lanes of 64 bits, 8 of 32 bits. See vec_avx512.h. */
#ifndef CROSSMC_VEC_AVX2_H
#define CROSSMC_VEC_AVX2_H

#include "kernels/damage_table.h"
#include "kernels/twins.h"
#include <immintrin.h>
#include <stddef.h>

enum { V_W = 4 };
typedef __m256i v_u64;
typedef __m256i v_u32;
typedef __m256d v_f64;
typedef __m256 v_f32;
typedef __m256d v_m64; /* all ones or all zeros per lane */

static inline v_u64 v_set_u64(uint64_t x) {
    return _mm256_set1_epi64x((long long)x);
}
static inline v_f64 v_set_f64(double x) {
    return _mm256_set1_pd(x);
}
static inline v_f32 v_set_f32(float x) {
    return _mm256_set1_ps(x);
}
static inline v_u32 v_set_u32(uint32_t x) {
    return _mm256_set1_epi32((int)x);
}
static inline v_u64 v_load_u64(const uint64_t *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}
static inline v_f64 v_load_f64(const double *p) {
    return _mm256_loadu_pd(p);
}
static inline v_u32 v_load_u32(const void *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}
static inline void v_store_f64(double *p, v_f64 x) {
    _mm256_storeu_pd(p, x);
}
static inline void v_store_f32(float *p, v_f32 x) {
    _mm256_storeu_ps(p, x);
}
static inline void v_store_u32(void *p, v_u32 x) {
    _mm256_storeu_si256((__m256i *)p, x);
}

static inline v_u64 v_add_u64(v_u64 a, v_u64 b) {
    return _mm256_add_epi64(a, b);
}
/* Low 64 bits from one product of the low halves and two crosswise ones, both in one vector. */
static inline v_u64 v_mul_u64(v_u64 a, v_u64 b) {
    v_u64 low = _mm256_mul_epu32(a, b);
    v_u64 cross = _mm256_mullo_epi32(a, _mm256_shuffle_epi32(b, 0xb1));
    cross = _mm256_add_epi64(_mm256_slli_epi64(cross, 32),
                             _mm256_and_si256(cross, v_set_u64(UINT64_C(0xffffffff) << 32)));
    return _mm256_add_epi64(low, cross);
}
static inline v_f64 v_add(v_f64 a, v_f64 b) {
    return _mm256_add_pd(a, b);
}
static inline v_f64 v_sub(v_f64 a, v_f64 b) {
    return _mm256_sub_pd(a, b);
}
static inline v_f64 v_mul(v_f64 a, v_f64 b) {
    return _mm256_mul_pd(a, b);
}
static inline v_f64 v_div(v_f64 a, v_f64 b) {
    return _mm256_div_pd(a, b);
}
static inline v_f64 v_fma(v_f64 a, v_f64 b, v_f64 c) {
    return _mm256_fmadd_pd(a, b, c);
}
/* Rounded to nearest: the halves as the low bits of 2^84 and of 2^52. */
static inline v_f64 v_f64_of_u64(v_u64 a) {
    v_f64 high = _mm256_castsi256_pd(
        _mm256_or_si256(_mm256_srli_epi64(a, 32), v_set_u64(UINT64_C(0x453) << 52)));
    v_f64 low = _mm256_castsi256_pd(_mm256_blend_epi32(a, v_set_u64(UINT64_C(0x433) << 52), 0xaa));
    return v_add(v_sub(high, v_set_f64(0x1p84 + 0x1p52)), low);
}
static inline v_f64 v_trunc(v_f64 a) {
    return _mm256_round_pd(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}
static inline v_f64 v_min(v_f64 a, v_f64 b) {
    return _mm256_min_pd(a, b);
}
static inline v_f64 v_max(v_f64 a, v_f64 b) {
    return _mm256_max_pd(a, b);
}

static inline v_m64 v_lt(v_f64 a, v_f64 b) {
    return _mm256_cmp_pd(a, b, _CMP_LT_OQ);
}
static inline v_m64 v_le(v_f64 a, v_f64 b) {
    return _mm256_cmp_pd(a, b, _CMP_LE_OQ);
}
static inline v_m64 v_eq(v_f64 a, v_f64 b) {
    return _mm256_cmp_pd(a, b, _CMP_EQ_OQ);
}
static inline v_m64 v_and(v_m64 a, v_m64 b) {
    return _mm256_and_pd(a, b);
}
static inline v_m64 v_andnot(v_m64 a, v_m64 b) {
    return _mm256_andnot_pd(a, b);
}
static inline unsigned v_bits(v_m64 m) {
    return (unsigned)_mm256_movemask_pd(m);
}
static inline size_t v_count(v_m64 m) {
    return (size_t)__builtin_popcount(v_bits(m));
}

static inline v_u32 v_pcg_output(v_u64 lo, v_u64 hi) {
    v_u64 l = _mm256_xor_si256(lo, _mm256_srli_epi64(lo, 18));
    v_u64 h = _mm256_xor_si256(hi, _mm256_srli_epi64(hi, 18));
    v_u32 v = _mm256_blend_epi32(_mm256_srli_epi64(l, 27), _mm256_slli_epi64(h, 5), 0xaa);
    v_u32 r = _mm256_blend_epi32(_mm256_srli_epi64(lo, 59), _mm256_srli_epi64(hi, 27), 0xaa);
    /* shifting by 32 gives zero, so a rotation by zero needs no special case */
    return _mm256_or_si256(_mm256_srlv_epi32(v, r),
                           _mm256_sllv_epi32(v, _mm256_sub_epi32(v_set_u32(32), r)));
}

/* v_pcg_output's words in order from states whose lanes v_words_order has exchanged: what stands in
 * the high half of a shifted state is its rotation, so that two shuffles sort both. */
static inline void v_words_order(v_u64 *even, v_u64 *odd) {
    v_u64 a = *even;
    *even = _mm256_unpacklo_epi64(a, *odd); /* draws 0, 1, 4, 5 */
    *odd = _mm256_unpackhi_epi64(a, *odd);  /* 2, 3, 6, 7 */
}
static inline v_u32 v_pcg_words(v_u64 a, v_u64 b) {
    v_f64 l =
        _mm256_castsi256_pd(_mm256_srli_epi64(_mm256_xor_si256(a, _mm256_srli_epi64(a, 18)), 27));
    v_f64 h =
        _mm256_castsi256_pd(_mm256_srli_epi64(_mm256_xor_si256(b, _mm256_srli_epi64(b, 18)), 27));
    v_u32 v =
        _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castpd_ps(l), _mm256_castpd_ps(h), 0x88));
    v_u32 r =
        _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castpd_ps(l), _mm256_castpd_ps(h), 0xdd));
    return _mm256_or_si256(_mm256_srlv_epi32(v, r),
                           _mm256_sllv_epi32(v, _mm256_sub_epi32(v_set_u32(32), r)));
}

static inline v_f64 v_uniform(v_u64 k) {
    v_u64 bits = _mm256_or_si256(_mm256_srli_epi64(k, 12), v_set_u64(UINT64_C(0x3ff) << 52));
    return _mm256_sub_pd(_mm256_castsi256_pd(bits), v_set_f64(1.0 - 0x1p-53));
}
static inline v_f32 v_uniform_f32(v_u32 k) {
    v_u32 bits = _mm256_or_si256(_mm256_srli_epi32(k, 9), v_set_u32(0x3f800000u));
    return _mm256_sub_ps(_mm256_castsi256_ps(bits), v_set_f32(1.0f - 0x1p-24f));
}

/* Four doubles of four table rows, transposed into coefficient vectors: loads and shuffles beat a
 * gather per coefficient. */
static inline void v_transpose(const double *const row[4], int at, v_f64 c[4]) {
    v_f64 r0 = _mm256_load_pd(row[0] + at), r1 = _mm256_load_pd(row[1] + at);
    v_f64 r2 = _mm256_load_pd(row[2] + at), r3 = _mm256_load_pd(row[3] + at);
    v_f64 a = _mm256_unpacklo_pd(r0, r1), b = _mm256_unpackhi_pd(r0, r1);
    v_f64 d = _mm256_unpacklo_pd(r2, r3), e = _mm256_unpackhi_pd(r2, r3);
    c[0] = _mm256_permute2f128_pd(a, d, 0x20);
    c[1] = _mm256_permute2f128_pd(b, e, 0x20);
    c[2] = _mm256_permute2f128_pd(a, d, 0x31);
    c[3] = _mm256_permute2f128_pd(b, e, 0x31);
}

/* The whole table lies in the first cache level, so no lane is rare here. */
static inline v_f64 v_normal(v_f64 p, v_m64 *rare) {
    *rare = _mm256_setzero_pd();
    v_f64 q = v_min(p, v_sub(v_set_f64(1.0), p));
    v_u64 bits = _mm256_castpd_si256(q);
    v_u64 i = _mm256_sub_epi64(_mm256_srli_epi64(bits, 51),
                               v_set_u64(2 * (1023 + XMC_NORMAL_F64_LOWEST)));
    v_u64 m = _mm256_or_si256(_mm256_and_si256(bits, v_set_u64(UINT64_C(0x7ffffffffffff))),
                              v_set_u64(UINT64_C(0x3ff) << 52));
    v_f64 x = v_sub(_mm256_castsi256_pd(m), v_set_f64(1.25));
    __m128i low = _mm256_castsi256_si128(i), high = _mm256_extracti128_si256(i, 1);
    const double *const row[4] = {
        xmc_normal_f64[_mm_cvtsi128_si64(low)], xmc_normal_f64[_mm_extract_epi64(low, 1)],
        xmc_normal_f64[_mm_cvtsi128_si64(high)], xmc_normal_f64[_mm_extract_epi64(high, 1)]};
    v_f64 c[4];
    v_transpose(row, 8, c);
    v_f64 z = v_fma(v_fma(c[2], x, c[1]), x, c[0]);
    v_transpose(row, 4, c);
    z = v_fma(v_fma(v_fma(v_fma(z, x, c[3]), x, c[2]), x, c[1]), x, c[0]);
    v_transpose(row, 0, c);
    z = v_fma(v_fma(v_fma(v_fma(z, x, c[3]), x, c[2]), x, c[1]), x, c[0]);
    v_f64 flip = _mm256_and_pd(_mm256_cmp_pd(p, v_set_f64(0.5), _CMP_LT_OQ), v_set_f64(-0.0));
    return _mm256_xor_pd(z, flip);
}

/* Entries i mod 8 of eight floats, loaded by an instruction of its own: as a memory operand, which
 * compilers prefer, the permutation takes two cycles instead of one on a Zen 3. */
static inline v_f32 v_permute_from(const float *table, v_u32 i) {
    v_f32 entries;
    __asm__("vmovups %1, %0\n\tvpermps %0, %2, %0"
            : "=&x"(entries)
            : "m"(*(const float(*)[8])table), "x"(i));
    return entries;
}

/* The top sixteen segments by permutations of two registers each, which beats loading and
 * transposing a row per lane; 0.4 % of the lanes lie below and come in *rare. */
static inline v_u32 v_normal_f32_segment(v_u32 k, v_f32 *x, uint32_t *rare) {
    v_u32 sign = _mm256_srai_epi32(k, 31);
    v_u32 m = _mm256_and_si256(_mm256_xor_si256(k, sign), v_set_u32(0x7fffffffu));
    v_f32 q =
        _mm256_mul_ps(_mm256_add_ps(_mm256_cvtepi32_ps(m), v_set_f32(0.5f)), v_set_f32(0x1p-32f));
    v_u32 bits = _mm256_castps_si256(q);
    v_u32 i = _mm256_sub_epi32(_mm256_srli_epi32(bits, 22), v_set_u32(2 * (127 - 9)));
    v_u32 inside = _mm256_cmpeq_epi32(_mm256_and_si256(i, v_set_u32(~15u)), _mm256_setzero_si256());
    *rare = ~(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(inside)) & 0xffu;
    v_u32 b = _mm256_or_si256(_mm256_and_si256(bits, v_set_u32(0x3fffffu)), v_set_u32(0x3f800000u));
    *x = _mm256_sub_ps(_mm256_castsi256_ps(b), v_set_f32(1.25f));
    return i;
}
static inline v_f32 v_normal_f32_coefficient(v_u32 i, int j) {
    return _mm256_blendv_ps(v_permute_from(xmc_normal_f32_top[j] + 16, i),
                            v_permute_from(xmc_normal_f32_top[j] + 24, i),
                            _mm256_castsi256_ps(_mm256_slli_epi32(i, 28)));
}
static inline v_f32 v_normal_f32_sign(v_f32 z, v_u32 k) {
    return _mm256_castsi256_ps(
        _mm256_xor_si256(_mm256_castps_si256(z), _mm256_andnot_si256(k, v_set_u32(0x80000000u))));
}

/* Loads and inserts: the gather instruction is no faster, and slower on some processors. */
static inline v_f64 v_gather(const double *table, v_u64 i) {
    __m128i low = _mm256_castsi256_si128(i), high = _mm256_extracti128_si256(i, 1);
    __m128d a = _mm_load_sd(table + _mm_cvtsi128_si64(low));
    __m128d b = _mm_load_sd(table + _mm_cvtsi128_si64(high));
    a = _mm_loadh_pd(a, table + _mm_extract_epi64(low, 1));
    b = _mm_loadh_pd(b, table + _mm_extract_epi64(high, 1));
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(a), b, 1);
}

static inline void v_log_reduce(v_f64 x, v_f64 *r, v_f64 *rest) {
    v_u64 bits = _mm256_castpd_si256(x);
    v_u64 i = _mm256_and_si256(_mm256_srli_epi64(bits, 48), v_set_u64(15));
    /* the exponent (below 2^31) to double: as the low bits of 2^52, exactly */
    v_f64 e = _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(_mm256_srli_epi64(bits, 52),
                                                                v_set_u64(UINT64_C(0x433) << 52))),
                            v_set_f64(0x1p52 + 1023));
    v_f64 m = _mm256_castsi256_pd(
        _mm256_or_si256(_mm256_and_si256(bits, v_set_u64(UINT64_C(0xfffffffffffff))),
                        v_set_u64(UINT64_C(0x3ff) << 52)));
    *r = v_fma(m, v_gather(xmc_log_inverse[0], i), v_set_f64(-1.0));
    *rest = v_fma(e, v_set_f64(XMC_LN2), v_gather(xmc_log_centre[0], i));
}

static inline v_f64 v_prefix_sum(v_f64 a) {
    v_f64 up = _mm256_permute2f128_pd(a, a, 0x08); /* (0, 0, a0, a1) */
    a = v_add(a, _mm256_shuffle_pd(up, a, 0x4));   /* + (0, a0, a1, a2) */
    return v_add(a, _mm256_permute2f128_pd(a, a, 0x08));
}
static inline v_f64 v_last(v_f64 a) {
    return _mm256_permute4x64_pd(a, 0xff);
}
static inline void v_store_as_u32(uint32_t *p, v_f64 a) {
    _mm_storeu_si128((__m128i *)p, _mm256_cvttpd_epi32(a));
}

static inline v_f64 v_keep(v_m64 m, v_f64 a) {
    return _mm256_and_pd(m, a);
}
static inline v_f64 v_select(v_m64 m, v_f64 a, v_f64 b) { /* m ? a : b */
    return _mm256_blendv_pd(b, a, m);
}
/* Places of the 32-bit halves for each mask of four lanes. */
static const uint32_t v_compress_places[16][8] = {
    {0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {2, 3, 0, 1, 4, 5, 6, 7},
    {0, 1, 2, 3, 4, 5, 6, 7}, {4, 5, 0, 1, 2, 3, 6, 7}, {0, 1, 4, 5, 2, 3, 6, 7},
    {2, 3, 4, 5, 0, 1, 6, 7}, {0, 1, 2, 3, 4, 5, 6, 7}, {6, 7, 0, 1, 2, 3, 4, 5},
    {0, 1, 6, 7, 2, 3, 4, 5}, {2, 3, 6, 7, 0, 1, 4, 5}, {0, 1, 2, 3, 6, 7, 4, 5},
    {4, 5, 6, 7, 0, 1, 2, 3}, {0, 1, 4, 5, 6, 7, 2, 3}, {2, 3, 4, 5, 6, 7, 0, 1},
    {0, 1, 2, 3, 4, 5, 6, 7}};
static inline size_t v_compress_store(double *p, v_m64 m, v_f64 a) {
    unsigned mask = (unsigned)_mm256_movemask_pd(m);
    v_u32 places = v_load_u32(v_compress_places[mask]);
    v_u32 moved = _mm256_permutevar8x32_epi32(_mm256_castpd_si256(a), places);
    _mm256_storeu_pd(p, _mm256_castsi256_pd(moved));
    return (size_t)__builtin_popcount(mask);
}

static inline void v_rows(const double *table, v_u64 i, v_f64 c[4]) {
    __m128i low = _mm256_castsi256_si128(i), high = _mm256_extracti128_si256(i, 1);
    v_f64 r0 = _mm256_loadu_pd(table + 4 * _mm_cvtsi128_si64(low));
    v_f64 r1 = _mm256_loadu_pd(table + 4 * _mm_extract_epi64(low, 1));
    v_f64 r2 = _mm256_loadu_pd(table + 4 * _mm_cvtsi128_si64(high));
    v_f64 r3 = _mm256_loadu_pd(table + 4 * _mm_extract_epi64(high, 1));
    v_f64 a = _mm256_unpacklo_pd(r0, r1), b = _mm256_unpackhi_pd(r0, r1);
    v_f64 d = _mm256_unpacklo_pd(r2, r3), e = _mm256_unpackhi_pd(r2, r3);
    c[0] = _mm256_permute2f128_pd(a, d, 0x20);
    c[1] = _mm256_permute2f128_pd(b, e, 0x20);
    c[2] = _mm256_permute2f128_pd(a, d, 0x31);
    c[3] = _mm256_permute2f128_pd(b, e, 0x31);
}
static inline v_f64 v_rint(v_f64 a) {
    return _mm256_round_pd(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static inline v_u64 v_sub_u64(v_u64 a, v_u64 b) {
    return _mm256_sub_epi64(a, b);
}
static inline v_u64 v_bits_of(v_f64 a) {
    return _mm256_castpd_si256(a);
}
static inline v_f64 v_f64_of_bits(v_u64 a) {
    return _mm256_castsi256_pd(a);
}
static inline v_u64 v_shift_left(v_u64 a, int n) {
    return _mm256_slli_epi64(a, n);
}
static inline v_u64 v_shift_right(v_u64 a, int n) {
    return _mm256_srli_epi64(a, n);
}
static inline v_u64 v_xor(v_u64 a, v_u64 b) {
    return _mm256_xor_si256(a, b);
}
static inline v_u64 v_integer(v_f64 a) {
    return _mm256_cvtepi32_epi64(_mm256_cvttpd_epi32(a));
}
static inline v_u64 v_or(v_u64 a, v_u64 b) {
    return _mm256_or_si256(a, b);
}
static inline v_u64 v_keep_u64(v_m64 m, v_u64 a) {
    return _mm256_and_si256(_mm256_castpd_si256(m), a);
}

static inline v_u64 v_first_lanes(size_t n) {
    return _mm256_cmpgt_epi64(v_set_u64(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
static inline v_f64 v_load_part(const double *p, size_t n) {
    return _mm256_maskload_pd(p, v_first_lanes(n));
}
static inline v_f64 v_first(size_t n, v_f64 a) {
    return _mm256_and_pd(_mm256_castsi256_pd(v_first_lanes(n)), a);
}
static inline void v_store_part(double *p, size_t n, v_f64 a) {
    _mm256_maskstore_pd(p, v_first_lanes(n), a);
}

static inline void v_unzip(const uint64_t *p, v_u64 *even, v_u64 *odd) {
    v_u64 a = v_load_u64(p), b = v_load_u64(p + 4);
    *even = _mm256_permute4x64_epi64(_mm256_unpacklo_epi64(a, b), 0xd8);
    *odd = _mm256_permute4x64_epi64(_mm256_unpackhi_epi64(a, b), 0xd8);
}
static inline void v_zip(uint64_t *p, v_u64 even, v_u64 odd) {
    v_u64 a = _mm256_unpacklo_epi64(even, odd), b = _mm256_unpackhi_epi64(even, odd);
    v_store_u32(p, _mm256_permute2x128_si256(a, b, 0x20));
    v_store_u32(p + 4, _mm256_permute2x128_si256(a, b, 0x31));
}

/* The tables stay in memory: eight registers would be spilled there in any case. */
typedef struct {
    const float *a, *b;
    v_f32 scale, shift;
} v_row;
static inline v_row v_row_load(const xmc_damage_row *r) {
    return (v_row){r->a, r->b, v_set_f32(r->scale), v_set_f32(r->shift)};
}
/* Entry i mod 32, and i mod 16 of the upper half, by permutations; cheaper than gathers. */
static inline v_f32 v_entry(const float *t, v_u32 i) {
    v_f32 bit3 = _mm256_castsi256_ps(_mm256_slli_epi32(i, 28));
    v_f32 bit4 = _mm256_castsi256_ps(_mm256_slli_epi32(i, 27));
    v_f32 low = _mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_loadu_ps(t + 0), i),
                                 _mm256_permutevar8x32_ps(_mm256_loadu_ps(t + 8), i), bit3);
    v_f32 high = _mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_loadu_ps(t + 16), i),
                                  _mm256_permutevar8x32_ps(_mm256_loadu_ps(t + 24), i), bit3);
    return _mm256_blendv_ps(low, high, bit4);
}
static inline v_f32 v_upper_entry(const float *t, v_u32 i) {
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_loadu_ps(t + 16), i),
                            _mm256_permutevar8x32_ps(_mm256_loadu_ps(t + 24), i),
                            _mm256_castsi256_ps(_mm256_slli_epi32(i, 28)));
}
/* The place t of words in a row, and the damage ratio there: xmc_damage_of in two steps. */
static inline v_f32 v_damage_place(const v_row *r, v_u32 k) {
    v_f32 t = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_srli_epi32(k, 1)), r->scale);
    t = _mm256_add_ps(t, r->shift);
    t = _mm256_max_ps(v_set_f32(XMC_DAMAGE_LOWEST), t);
    return _mm256_min_ps(v_set_f32(1.0f), t);
}
/* The lower half is for 1/128 of the words that bring damage, so that few vectors need it. */
static inline v_f32 v_damage_at(const v_row *r, v_f32 t) {
    v_u32 i = _mm256_srli_epi32(_mm256_castps_si256(t), 22);
    v_f32 upper = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(t), 5));
    if (__builtin_expect(_mm256_movemask_ps(upper) == 0xff, 1))
        return _mm256_add_ps(_mm256_mul_ps(v_upper_entry(r->b, i), t), v_upper_entry(r->a, i));
    return _mm256_add_ps(_mm256_mul_ps(v_entry(r->b, i), t), v_entry(r->a, i));
}
static inline v_f64 v_low_f64(v_f32 a) {
    return _mm256_cvtps_pd(_mm256_castps256_ps128(a));
}
static inline v_f64 v_high_f64(v_f32 a) {
    return _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1));
}

static inline v_m64 v_or_m(v_m64 a, v_m64 b) {
    return _mm256_or_pd(a, b);
}
/* v_compress_store of 64-bit integers. */
static inline size_t v_compress_u64(uint64_t *p, v_m64 m, v_u64 a) {
    unsigned mask = v_bits(m);
    v_store_u32(p, _mm256_permutevar8x32_epi32(a, v_load_u32(v_compress_places[mask])));
    return (size_t)__builtin_popcount(mask);
}

/* Lanes of 32 bits, 2 V_W of them. */
typedef __m256i v_m32;
static inline v_m32 v_none_m32(void) {
    return _mm256_setzero_si256();
}
static inline v_m32 v_or_eq_u32(v_m32 m, v_u32 a, v_u32 b) {
    return _mm256_or_si256(m, _mm256_cmpeq_epi32(a, b));
}
static inline v_m64 v_even_m32(v_m32 m) {
    return _mm256_castsi256_pd(_mm256_shuffle_epi32(m, 0xa0));
}
static inline v_m64 v_odd_m32(v_m32 m) {
    return _mm256_castsi256_pd(_mm256_shuffle_epi32(m, 0xf5));
}
static inline v_u32 v_scale_words(v_u32 words, uint32_t n) {
    const v_u64 by = v_set_u64(n);
    v_u64 low = _mm256_srli_epi64(_mm256_mul_epu32(words, by), 32);
    return _mm256_blend_epi32(low, _mm256_mul_epu32(_mm256_srli_epi64(words, 32), by), 0xaa);
}
static inline v_u64 v_even_u32(v_u32 a) {
    return _mm256_blend_epi32(a, _mm256_setzero_si256(), 0xaa);
}
static inline v_u64 v_odd_u32(v_u32 a) {
    return _mm256_srli_epi64(a, 32);
}

/* ---- single precision, 2 V_W lanes ---- */

static inline void v_store_u64(uint64_t *p, v_u64 x) {
    _mm256_storeu_si256((__m256i *)p, x);
}
static inline v_f32 v_load_f32(const float *p) {
    return _mm256_loadu_ps(p);
}
static inline v_f32 v_add_f32(v_f32 a, v_f32 b) {
    return _mm256_add_ps(a, b);
}
static inline v_f32 v_sub_f32(v_f32 a, v_f32 b) {
    return _mm256_sub_ps(a, b);
}
static inline v_f32 v_mul_f32(v_f32 a, v_f32 b) {
    return _mm256_mul_ps(a, b);
}
static inline v_f32 v_div_f32(v_f32 a, v_f32 b) {
    return _mm256_div_ps(a, b);
}
static inline v_f32 v_fma_f32(v_f32 a, v_f32 b, v_f32 c) {
    return _mm256_fmadd_ps(a, b, c);
}
static inline v_f32 v_min_f32(v_f32 a, v_f32 b) {
    return _mm256_min_ps(a, b);
}
static inline v_f32 v_max_f32(v_f32 a, v_f32 b) {
    return _mm256_max_ps(a, b);
}
static inline v_f32 v_sqrt_f32(v_f32 a) {
    return _mm256_sqrt_ps(a);
}
static inline v_f32 v_scale_f32(v_f32 a, v_f32 n) {
    return _mm256_castsi256_ps(
        _mm256_add_epi32(_mm256_castps_si256(a), _mm256_slli_epi32(_mm256_castps_si256(n), 23)));
}

static inline v_f32 v_two_tails_f32(const float *table, v_u32 k) {
    v_u32 m =
        _mm256_and_si256(_mm256_xor_si256(k, _mm256_srai_epi32(k, 31)), v_set_u32(0x7fffffffu));
    v_f32 q =
        _mm256_mul_ps(_mm256_add_ps(_mm256_cvtepi32_ps(m), v_set_f32(0.5f)), v_set_f32(0x1p-32f));
    v_u32 bits = _mm256_castps_si256(_mm256_min_ps(q, v_set_f32(XMC_BELOW_HALF_F32)));
    v_u32 i =
        _mm256_sub_epi32(_mm256_srli_epi32(bits, 22), v_set_u32(2 * (127 + XMC_NORMAL_F32_LOWEST)));
    i = _mm256_add_epi32(i, _mm256_slli_epi32(_mm256_srli_epi32(k, 31), 6));
    v_u32 b = _mm256_or_si256(_mm256_and_si256(bits, v_set_u32(0x3fffffu)), v_set_u32(0x3f800000u));
    v_f32 x = _mm256_sub_ps(_mm256_castsi256_ps(b), v_set_f32(1.25f));
    uint32_t at[8];
    _mm256_storeu_si256((__m256i *)at, i);
#define HALVES(j, o)                                                                               \
    _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(table + 8 * (size_t)at[j] + o)),      \
                         _mm_loadu_ps(table + 8 * (size_t)at[(j) + 4] + o), 1)
    v_f32 r0 = HALVES(0, 0), r1 = HALVES(1, 0), r2 = HALVES(2, 0), r3 = HALVES(3, 0);
    v_f32 s0 = _mm256_unpacklo_ps(r0, r1), s1 = _mm256_unpackhi_ps(r0, r1);
    v_f32 s2 = _mm256_unpacklo_ps(r2, r3), s3 = _mm256_unpackhi_ps(r2, r3);
    v_f32 c0 = _mm256_shuffle_ps(s0, s2, 0x44), c1 = _mm256_shuffle_ps(s0, s2, 0xee);
    v_f32 c2 = _mm256_shuffle_ps(s1, s3, 0x44), c3 = _mm256_shuffle_ps(s1, s3, 0xee);
    r0 = HALVES(0, 4), r1 = HALVES(1, 4), r2 = HALVES(2, 4), r3 = HALVES(3, 4);
    s0 = _mm256_unpacklo_ps(r0, r1), s2 = _mm256_unpacklo_ps(r2, r3);
    v_f32 c4 = _mm256_shuffle_ps(s0, s2, 0x44), c5 = _mm256_shuffle_ps(s0, s2, 0xee);
#undef HALVES
    v_f32 z = _mm256_fmadd_ps(c5, x, c4);
    z = _mm256_fmadd_ps(z, x, c3);
    z = _mm256_fmadd_ps(z, x, c2);
    z = _mm256_fmadd_ps(z, x, c1);
    return _mm256_fmadd_ps(z, x, c0);
}

#endif
