#include "kernels/fill.h"
#include "kernels/bernoulli.h"
#include "kernels/dispatch.h"
#include "kernels/twins.h"
#include "kernels/vmath.h"

void xmc_fill_u32(xmc_stream *s, uint32_t *out, size_t n) {
    xmc_kernels_active()->fill_u32(s, out, n);
}

void xmc_fill_uniform(xmc_stream *s, double *out, size_t n) {
    xmc_kernels_active()->fill_uniform(s, out, n);
}

void xmc_fill_uniform_f32(xmc_stream *s, float *out, size_t n) {
    xmc_kernels_active()->fill_uniform_f32(s, out, n);
}

void xmc_fill_normal(xmc_stream *s, double *out, size_t n) {
    xmc_kernels_active()->fill_normal(s, out, n);
}

void xmc_fill_normal_f32(xmc_stream *s, float *out, size_t n) {
    xmc_kernels_active()->fill_normal_f32(s, out, n);
}

float xmc_normal_f32_of(uint32_t k) {
    return xmc_normal_f32_twin(k);
}

double xmc_skip_scale(double p) {
    return 1.0 / xmc_log1p(-p);
}

size_t xmc_skip(xmc_stream s, size_t n, double scale, uint32_t *hits) {
    return xmc_kernels_active()->skip(s, n, scale, hits);
}
