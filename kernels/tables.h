/* Constant tables of the kernels, computed by make_tables.py. */
#ifndef CROSSMC_TABLES_H
#define CROSSMC_TABLES_H

#include <stdint.h>

/* Upper quantile of the standard normal, z(q) with P(Z > z) = q, on half-octaves of q: segment 2 (e
 * - lowest) + h holds q = 2^e (m + h/2), m in [1, 3/2), as a polynomial in x = m - 5/4, coefficient
 * of x^k in row k. The last segment ends at q = 1/2. Coefficient-major, so that a row of segments
 * loads into registers. */
enum {
    XMC_NORMAL_F64_DEGREE = 10,
    XMC_NORMAL_F64_LOWEST = -64,
    XMC_NORMAL_F64_SEGMENTS = 126,
    XMC_NORMAL_F32_DEGREE = 5,
    XMC_NORMAL_F32_LOWEST = -33,
    XMC_NORMAL_F32_SEGMENTS = 64
};
extern const double xmc_normal_f64[XMC_NORMAL_F64_DEGREE + 1][XMC_NORMAL_F64_SEGMENTS];
extern const float xmc_normal_f32[XMC_NORMAL_F32_DEGREE + 1][XMC_NORMAL_F32_SEGMENTS];

/* n = d 16^level steps of PCG32 take a state s to [0] s + [1] inc (modulo 2^64). */
extern const uint64_t xmc_jump_table[16][16][2];

#endif
