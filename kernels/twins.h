/* The scalar twins: one element at a time, the definition of what every vector kernel must give bit
 * for bit. Inline, so that a vector kernel finishes its ragged end with them in its own
 * instruction set. */
#ifndef CROSSMC_TWINS_H
#define CROSSMC_TWINS_H

#include "kernels/stream.h"
#include "kernels/tables.h"
#include <math.h>
#include <string.h>

static inline uint64_t xmc_bits_f64(double x) {
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline double xmc_f64_bits(uint64_t b) {
    double x;
    memcpy(&x, &b, sizeof x);
    return x;
}

static inline uint32_t xmc_bits_f32(float x) {
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static inline float xmc_f32_bits(uint32_t b) {
    float x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* z with P(Z > z) = q by the table, for 2^-64 <= q < 1/2. */
static inline double xmc_upper_normal_twin(double q) {
    uint64_t bits = xmc_bits_f64(q);
    const double *c = xmc_normal_f64[(bits >> 51) - 2 * (1023 + XMC_NORMAL_F64_LOWEST)];
    double x =
        xmc_f64_bits((bits & UINT64_C(0x7ffffffffffff)) | UINT64_C(0x3ff0000000000000)) - 1.25;
    double z = c[XMC_NORMAL_F64_DEGREE];
    for (int i = XMC_NORMAL_F64_DEGREE - 1; i >= 0; i--)
        z = fma(z, x, c[i]);
    return z;
}

/* The normal quantile of a uniform from xmc_uniform (so p is never 1/2 nor below 2^-53). */
static inline double xmc_normal_twin(double p) {
    double q = 1.0 - p;
    q = p < q ? p : q;
    double z = xmc_upper_normal_twin(q);
    return p < 0.5 ? -z : z;
}

static inline float xmc_normal_f32_twin(uint32_t k) {
    /* The smaller tail's probability (m + 1/2) 2^-32; k and ~k share m, hence the antisymmetry. */
    uint32_t upper = k >> 31;
    uint32_t m = (upper ? ~k : k) & 0x7fffffffu;
    float q = ((float)(int32_t)m + 0.5f) * 0x1p-32f;
    uint32_t bits = xmc_bits_f32(q);
    uint32_t segment = (bits >> 22) - 2 * (127 + XMC_NORMAL_F32_LOWEST);
    if (segment >= XMC_NORMAL_F32_SEGMENTS) /* q rounded to 1/2 */
        return 0.0f;
    const float *c = xmc_normal_f32[segment];
    float x = xmc_f32_bits((bits & 0x3fffffu) | 0x3f800000u) - 1.25f;
    float z = c[XMC_NORMAL_F32_DEGREE];
    for (int i = XMC_NORMAL_F32_DEGREE - 1; i >= 0; i--)
        z = fmaf(z, x, c[i]);
    return upper ? z : -z;
}

/* ---- functions of a uniform by two tails, in single precision ----
 *
 * A table of [2][64][8] floats, laid out as xmc_normal_f32: row 64 upper + segment holds the
 * polynomial (degree 5, x^0 first, padded) of the half-octave of the tail probability
 * q = (m + 1/2) 2^-32, m = k below one half and ~k above. */
enum { XMC_TWO_TAILS_ROWS = 2 * XMC_NORMAL_F32_SEGMENTS, XMC_TWO_TAILS_WIDTH = 8 };
#define XMC_BELOW_HALF_F32 0x1.fffffep-2f

/* The row of a word and the place in it. */
static inline const float *xmc_two_tails_row(const float *table, uint32_t k, float *x) {
    uint32_t upper = k >> 31, m = (upper ? ~k : k) & 0x7fffffffu;
    float q = ((float)(int32_t)m + 0.5f) * 0x1p-32f;
    uint32_t bits = xmc_bits_f32(q < XMC_BELOW_HALF_F32 ? q : XMC_BELOW_HALF_F32);
    uint32_t segment = (bits >> 22) - 2 * (127 + XMC_NORMAL_F32_LOWEST);
    *x = xmc_f32_bits((bits & 0x3fffffu) | 0x3f800000u) - 1.25f;
    return table + XMC_TWO_TAILS_WIDTH * (size_t)(segment + XMC_NORMAL_F32_SEGMENTS * upper);
}

static inline float xmc_two_tails_f32_twin(const float *table, uint32_t k) {
    float x;
    const float *c = xmc_two_tails_row(table, k, &x);
    float z = c[5];
    for (int i = 4; i >= 0; i--)
        z = fmaf(z, x, c[i]);
    return z;
}

/* a 2^n for a normal result; n as the low bits of the float 1.5 2^23 + n. */
static inline float xmc_scale_f32(float a, float n) {
    return xmc_f32_bits(xmc_bits_f32(a) + (xmc_bits_f32(n) << 23));
}

/* 2^t, t held at |t| <= 126; relative error below 1e-7: the nearest integer and a polynomial of the
 * rest (relative minimax on [-1/2, 1/2], 2e-9). */
#define XMC_EXP2_SHIFT 0x1.8p23f
static const float xmc_exp2_poly[7] = {1.0f,           0x1.62e430p-1f, 0x1.ebfbdap-3f,
                                       0x1.c6aed4p-5f, 0x1.3b2dbcp-7f, 0x1.5f456ap-10f,
                                       0x1.41d334p-13f};
static inline float xmc_exp2_f32_twin(float t) {
    t = t > -126.0f ? t : -126.0f;
    t = t < 126.0f ? t : 126.0f;
    float n = t + XMC_EXP2_SHIFT, x = t - (n - XMC_EXP2_SHIFT), z = xmc_exp2_poly[6];
    for (int i = 5; i >= 0; i--)
        z = fmaf(z, x, xmc_exp2_poly[i]);
    return xmc_scale_f32(z, n);
}

#define XMC_LN2 0x1.62e42fefa39efp-1

/* log x for normal x > 0, |error| < 1e-15 + 1e-16 |log x|. */
static inline double xmc_log_twin(double x) {
    uint64_t bits = xmc_bits_f64(x), i = (bits >> 48) & 15u;
    double e = (double)((int64_t)(bits >> 52) - 1023);
    double m = xmc_f64_bits((bits & UINT64_C(0xfffffffffffff)) | UINT64_C(0x3ff0000000000000));
    double r = fma(m, xmc_log_inverse[0][i], -1.0);
    double poly = xmc_log_poly[0][6];
    for (int k = 5; k >= 0; k--)
        poly = fma(poly, r, xmc_log_poly[0][k]);
    return fma(r, poly, fma(e, XMC_LN2, xmc_log_centre[0][i]));
}

/* See bernoulli.h. */
static inline size_t xmc_skip_twin(xmc_stream s, size_t n, double scale, uint32_t *hits) {
    size_t count = 0;
    for (double at = -1.0;;) {
        at += trunc(xmc_log_twin(xmc_uniform(&s)) * scale) + 1.0;
        if (!(at < (double)n))
            return count;
        hits[count++] = (uint32_t)at;
    }
}

#endif
