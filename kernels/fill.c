#include "kernels/fill.h"
#include "kernels/distributions.h"
#include "kernels/tables.h"
#include "kernels/vmath.h"
#include <string.h>

void xmc_fill_u32(xmc_stream *s, uint32_t *out, size_t n) {
    xmc_stream r = *s;
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_u32(&r);
    *s = r;
}

void xmc_fill_uniform(xmc_stream *s, double *out, size_t n) {
    xmc_stream r = *s;
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_uniform(&r);
    *s = r;
}

void xmc_fill_uniform_f32(xmc_stream *s, float *out, size_t n) {
    xmc_stream r = *s;
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_uniform_f32(&r);
    *s = r;
}

void xmc_fill_normal(xmc_stream *s, double *out, size_t n) {
    xmc_stream r = *s;
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_normal(&r);
    *s = r;
}

void xmc_fill_normal_f32(xmc_stream *s, float *out, size_t n) {
    xmc_stream r = *s;
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_normal_f32_of(xmc_u32(&r));
    *s = r;
}

float xmc_normal_f32_of(uint32_t k) {
    /* The smaller tail's probability (m + 1/2) 2^-32; k and ~k share m, which makes the pair
     * antisymmetric. */
    uint32_t upper = k >> 31;
    uint32_t m = (upper ? ~k : k) & 0x7fffffffu;
    float q = ((float)(int32_t)m + 0.5f) * 0x1p-32f;
    uint32_t bits;
    memcpy(&bits, &q, sizeof bits);
    uint32_t segment = (bits >> 22) - 2 * (127 + XMC_NORMAL_F32_LOWEST);
    if (segment >= XMC_NORMAL_F32_SEGMENTS) /* q rounded to 1/2 */
        return 0.0f;
    bits = (bits & 0x3fffffu) | 0x3f800000u;
    float x;
    memcpy(&x, &bits, sizeof x);
    x -= 1.25f;
    float z = xmc_normal_f32[XMC_NORMAL_F32_DEGREE][segment];
    for (int i = XMC_NORMAL_F32_DEGREE - 1; i >= 0; i--)
        z = fmaf(z, x, xmc_normal_f32[i][segment]);
    return upper ? z : -z;
}
