/* Quantile functions by table, for any law: cubics on cells that halve with the distance from the
 * nearer end of (0, 1), so that power-law tails keep their relative accuracy down to 2^-53. One
 * uniform in, the quantile out, no branch on the data beyond the choice of the side. Built in the
 * plan from the exact inverses of distributions.h; evaluation is arithmetic only. */
#ifndef CROSSMC_QUANTILE_TABLE_H
#define CROSSMC_QUANTILE_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    XMC_QT_OCTAVES = 52,                                    /* v = min(u, 1-u) in [2^-53, 1/2) */
    XMC_QT_CELL_BITS = 5,                                   /* 32 cells an octave */
    XMC_QT_CELLS = (XMC_QT_OCTAVES << XMC_QT_CELL_BITS) + 1 /* the first one holds v = 1/2 */
};

typedef struct {
    double *coef; /* [2 sides][XMC_QT_CELLS][4], lowest power first; owned */
} xmc_quantile_table;

/* The quantile at a tail probability v of the lower (upper = 0) or the upper tail. */
typedef double (*xmc_tail_quantile)(double v, int upper, const double *parameters);

/* Return 0, -1 without memory, -2 when a parameter is out of range. */
int xmc_quantile_table_init(xmc_quantile_table *t, xmc_tail_quantile law, const double *parameters);
/* Beta(a, b): relative error below 1e-8 for a, b >= 0.5, 1e-7 for 0.2, 3e-6 for 0.1 (there the
 * values themselves are near 0 or 1). */
int xmc_quantile_table_beta(xmc_quantile_table *t, double a, double b);
/* Student t of nu degrees of freedom, nu >= 1, or infinite (normal): relative error below 1e-8. */
int xmc_quantile_table_student(xmc_quantile_table *t, double nu);
/* Standard exponential, -log(1-u): relative error below 1e-8. */
int xmc_quantile_table_exponential(xmc_quantile_table *t);
void xmc_quantile_table_free(xmc_quantile_table *t);

/* u in (0, 1), a multiple of 2^-53 (so that 1-u is exact). */
static inline double xmc_quantile_of(const xmc_quantile_table *t, double u) {
    const uint64_t first = (UINT64_C(1022) << XMC_QT_CELL_BITS);
    const int shift = 52 - XMC_QT_CELL_BITS;
    int upper = u > 0.5;
    double v = upper ? 1.0 - u : u;
    v = v > 0x1p-53 ? v : 0x1p-53;
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    const double *c = t->coef + 4 * ((size_t)upper * XMC_QT_CELLS + (first - (bits >> shift)));
    double x = (double)(int64_t)(bits & ((UINT64_C(1) << shift) - 1)) * 0x1p-47;
    return c[0] + x * (c[1] + x * (c[2] + x * c[3]));
}

#endif
