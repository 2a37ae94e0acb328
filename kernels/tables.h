/* Constant tables of the kernels, computed by make_tables.py. */
#ifndef CROSSMC_TABLES_H
#define CROSSMC_TABLES_H

#include <stdint.h>

/* Upper quantile of the standard normal, z(q) with P(Z > z) = q, on half-octaves of q: segment
 * 2 (e - lowest) + h holds q = 2^e (m + h/2), m in [1, 3/2), as a polynomial in x = m - 5/4,
 * coefficients from x^0 up, padded with zeros. The last segment ends at q = 1/2. Beside it the same
 * coefficients of the top segments, by power, as registers hold them. */
enum {
    XMC_NORMAL_F64_DEGREE = 10,
    XMC_NORMAL_F64_LOWEST = -64,
    XMC_NORMAL_F64_SEGMENTS = 126,
    XMC_NORMAL_F64_WIDTH = 12,
    XMC_NORMAL_F64_TOP = 16,
    XMC_NORMAL_F32_DEGREE = 5,
    XMC_NORMAL_F32_LOWEST = -33,
    XMC_NORMAL_F32_SEGMENTS = 64,
    XMC_NORMAL_F32_WIDTH = 8,
    XMC_NORMAL_F32_TOP = 32
};
extern const double xmc_normal_f64[XMC_NORMAL_F64_SEGMENTS][XMC_NORMAL_F64_WIDTH];
extern const double xmc_normal_f64_top[XMC_NORMAL_F64_DEGREE + 1][XMC_NORMAL_F64_TOP];
extern const float xmc_normal_f32[XMC_NORMAL_F32_SEGMENTS][XMC_NORMAL_F32_WIDTH];
extern const float xmc_normal_f32_top[XMC_NORMAL_F32_DEGREE + 1][XMC_NORMAL_F32_TOP];

/* A logarithm good to 1e-15 absolute: x = 2^e m, m in the i-th sixteenth of [1, 2) with centre c:
 * log x = e log 2 + log c + r P(r), r = m/c - 1. */
extern const double xmc_log_inverse[1][16], xmc_log_centre[1][16], xmc_log_poly[1][7];

/* Lanes of the leapfrog: n steps of PCG32 take a state s to A^n s + G(n) inc. Row 0 is A^n, row 1
 * G(n), for n = 0, 2, 4 … 78 and n = 1, 3, 5 … 79. */
extern const uint64_t xmc_leap_even[2][40], xmc_leap_odd[2][40];

/* n = d 16^level steps of PCG32 take a state s to [0] s + [1] inc (modulo 2^64). */
extern const uint64_t xmc_jump_table[16][16][2];

#endif
