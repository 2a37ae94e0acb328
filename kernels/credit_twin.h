/* The scalar twins of the credit kernels: see credit.h. */
#ifndef CROSSMC_CREDIT_TWIN_H
#define CROSSMC_CREDIT_TWIN_H

#include "kernels/credit.h"
#include "kernels/twins.h"
#include "kernels/vmath.h"

static inline void xmc_bucket_hazards_twin(const xmc_hazard_table *t, double threshold,
                                           const double *w, const double *factors, double *hazard) {
    for (int l = 0; l < XMC_CREDIT_LANES; l++)
        hazard[l] = xmc_hazard_of(t, fma(threshold, w[l], factors[l]));
}

/* Phi(-y) = exp(-y^2/2) t P(t), t = 1/(1 + 0.35 y): P by least squares in relative terms on 0 <= y
 * <= 13, relative error 3e-8. */
enum { XMC_PD_DEGREE = 8 };
#define XMC_PD_STRETCH 0.35f
#define XMC_PD_REACH   12.5f
static const float xmc_pd_poly[XMC_PD_DEGREE + 1] = {
    0.1396218240261078f,   0.1398547887802124f,    0.11988244950771332f,
    0.10531821846961975f,  -0.022674020379781723f, 0.15855717658996582f,
    -0.25518661737442017f, 0.14372171461582184f,   -0.029095549136400223f};
#define XMC_HALF_LOG2_E     0x1.715476p-1f
#define XMC_HALF_LOG2_E_LOW 0x1.4ae0c0p-27f
#define XMC_LN2_F32         0x1.62e430p-1f

static inline float xmc_conditional_pd_twin(float x) {
    x = x < XMC_PD_REACH ? x : XMC_PD_REACH;
    x = x > -XMC_PD_REACH ? x : -XMC_PD_REACH;
    const float y = x > 0.0f - x ? x : 0.0f - x;
    const float t = 1.0f / fmaf(XMC_PD_STRETCH, y, 1.0f);
    float p = xmc_pd_poly[XMC_PD_DEGREE];
    for (int i = XMC_PD_DEGREE - 1; i >= 0; i--)
        p = fmaf(p, t, xmc_pd_poly[i]);
    /* y^2 log2(e)/2 in two parts, so that the power of two is right to its last places */
    const float square = y * y, rest = fmaf(y, y, 0.0f - square);
    const float power = square * XMC_HALF_LOG2_E;
    float more = fmaf(square, XMC_HALF_LOG2_E, 0.0f - power);
    more = fmaf(rest, XMC_HALF_LOG2_E, fmaf(square, XMC_HALF_LOG2_E_LOW, more));
    const float e = xmc_exp2_f32_twin(0.0f - power);
    const float q = fmaf(e * (0.0f - XMC_LN2_F32), more, e) * (t * p);
    float upper = x * 0x1p126f; /* 1 where x > 0 */
    upper = upper > 0.0f ? upper : 0.0f;
    upper = upper < 1.0f ? upper : 1.0f;
    const float d = upper - q;
    return d > 0.0f - d ? d : 0.0f - d;
}

/* Elements first … n - 1. */
static inline void xmc_conditional_pd_rest(float threshold, const float *w, const float *factors,
                                           size_t first, size_t n, float *pd) {
    for (size_t i = first; i < n; i++)
        pd[i] = xmc_conditional_pd_twin(fmaf(threshold, w[i], factors[i]));
}

/* exp(-x) for 0 <= x <= XMC_POINTS_MEAN, relative error below 3e-13 and below 1e-15 near 0:
 * halvings times the exponential series of the rest. */
#define XMC_LOG2_E   0x1.71547652b82fep+0
#define XMC_LN2_HIGH 0x1.62e42fefa38p-1
#define XMC_LN2_LOW  0x1.ef35793c7673p-45
enum { XMC_EXP_DEGREE = 10 };
static const double xmc_exp_series[XMC_EXP_DEGREE + 1] = {
    1.0,       1.0,        1.0 / 2,     1.0 / 6,      1.0 / 24,     1.0 / 120,
    1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800};

static inline double xmc_exp_minus_twin(double x) {
    double k = rint(x * -XMC_LOG2_E);
    double r = fma(k, -XMC_LN2_LOW, fma(k, -XMC_LN2_HIGH, -x));
    double y = xmc_exp_series[XMC_EXP_DEGREE];
    for (int i = XMC_EXP_DEGREE - 1; i >= 0; i--)
        y = fma(y, r, xmc_exp_series[i]);
    return y * xmc_f64_bits((uint64_t)(k + 1023.0) << 52);
}

#define XMC_INVERSES_8(k)                                                                          \
    1.0 / (k), 1.0 / ((k) + 1), 1.0 / ((k) + 2), 1.0 / ((k) + 3), 1.0 / ((k) + 4),                 \
        1.0 / ((k) + 5), 1.0 / ((k) + 6), 1.0 / ((k) + 7)
/* 1/(k + 1) */
static const double xmc_inverses[XMC_POINTS_MOST] = {
    XMC_INVERSES_8(1),  XMC_INVERSES_8(9),   XMC_INVERSES_8(17),  XMC_INVERSES_8(25),
    XMC_INVERSES_8(33), XMC_INVERSES_8(41),  XMC_INVERSES_8(49),  XMC_INVERSES_8(57),
    XMC_INVERSES_8(65), XMC_INVERSES_8(73),  XMC_INVERSES_8(81),  XMC_INVERSES_8(89),
    XMC_INVERSES_8(97), XMC_INVERSES_8(105), XMC_INVERSES_8(113), XMC_INVERSES_8(121)};

/* Obligors that default in one lane, in the order of the words; returns how many. */
static inline size_t xmc_points_twin(xmc_stream s, double mean, uint32_t n,
                                     uint32_t obligor[XMC_POINTS_MOST]) {
    const double u = xmc_uniform(&s);
    if (!(1.0 - u < mean)) /* exp(-mean) >= 1 - mean */
        return 0;
    double term = xmc_exp_minus_twin(mean), below = term;
    size_t count = 0;
    for (int k = 0; k < XMC_POINTS_MOST && below < u; k++) {
        uint32_t at = (uint32_t)((uint64_t)xmc_u32(&s) * n >> 32);
        size_t i = 0;
        while (i < count && obligor[i] != at)
            i++;
        if (i == count)
            obligor[count++] = at;
        term *= mean * xmc_inverses[k];
        below += term;
    }
    return count;
}

static inline uint32_t xmc_strip_sums_twin(const xmc_stream_base *base, uint64_t address,
                                           const double *hazard, const double *loss, uint32_t n,
                                           double *sum) {
    uint32_t dense = 0, obligor[XMC_POINTS_MOST];
    for (uint32_t l = 0; l < XMC_CREDIT_LANES; l++) {
        const double mean = (double)n * hazard[l];
        if (mean > XMC_POINTS_MEAN) {
            dense |= UINT32_C(1) << l;
            continue;
        }
        size_t count = xmc_points_twin(xmc_stream_from(base[l], address), mean, n, obligor);
        for (size_t k = 0; k < count; k++)
            sum[l] += loss[obligor[k]];
    }
    return dense;
}

static inline size_t xmc_strip_hits_twin(const xmc_stream_base *base, uint64_t address,
                                         const double *hazard, uint32_t n, uint64_t *hits,
                                         uint32_t *dense) {
    uint32_t obligor[XMC_POINTS_MOST];
    size_t total = 0;
    *dense = 0;
    for (uint32_t l = 0; l < XMC_CREDIT_LANES; l++) {
        const double mean = (double)n * hazard[l];
        if (mean > XMC_POINTS_MEAN) {
            *dense |= UINT32_C(1) << l;
            continue;
        }
        size_t count = xmc_points_twin(xmc_stream_from(base[l], address), mean, n, obligor);
        for (size_t k = 0; k < count; k++)
            hits[total++] = (uint64_t)obligor[k] << 32 | l;
    }
    return total;
}

#endif
