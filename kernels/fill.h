/* Arrays of draws from one stream, in the order of its sequence: element i of a fill is what the
 * i-th scalar call would give, and the stream ends where those calls would leave it. */
#ifndef CROSSMC_FILL_H
#define CROSSMC_FILL_H

#include "kernels/stream.h"
#include <stddef.h>

/* n 32-bit words, as xmc_u32. */
void xmc_fill_u32(xmc_stream *s, uint32_t *out, size_t n);
/* n uniforms in (0, 1) from 64-bit draws, as xmc_uniform; 2n words. */
void xmc_fill_uniform(xmc_stream *s, double *out, size_t n);
/* n uniforms in (0, 1) from 32-bit draws, as xmc_uniform_f32; n words. */
void xmc_fill_uniform_f32(xmc_stream *s, float *out, size_t n);
/* n standard normals by inversion, as xmc_normal; 2n words. */
void xmc_fill_normal(xmc_stream *s, double *out, size_t n);
/* n standard normals in single precision by inversion of one 32-bit word each, as
 * xmc_normal_f32_of. */
void xmc_fill_normal_f32(xmc_stream *s, float *out, size_t n);

/* The standard normal quantile of u = (k + 1/2) 2^-32, antisymmetric under k -> ~k and monotone up
 * to rounding. |error| < 1e-6; the whole word counts, so values reach 6.3 standard deviations. */
float xmc_normal_f32_of(uint32_t k);

#endif
