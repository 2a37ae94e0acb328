/* What the vector kernels are timed against: the same work as a programmer would first write it in
 * C. Compiled with gcc -O2 -fno-tree-vectorize and the processor's fma, one loop, libm where the
 * work calls for a function. */
#ifndef CROSSMC_BENCH_PLAIN_H
#define CROSSMC_BENCH_PLAIN_H

#include "kernels/damage_table.h"
#include "kernels/quantile_table.h"
#include "kernels/stream.h"
#include "kernels/terms.h"
#include <stddef.h>
#include <stdint.h>

void plain_u32(xmc_stream *s, uint32_t *out, size_t n);
void plain_uniform_f32(xmc_stream *s, float *out, size_t n);
void plain_uniform(xmc_stream *s, double *out, size_t n);
/* Inversion by AS 241, PPND7 and PPND16 (Wichura 1988), one and two words each. */
void plain_normal_f32(xmc_stream *s, float *out, size_t n);
void plain_normal(xmc_stream *s, double *out, size_t n);
/* One uniform from one word per obligor, compared with p. */
size_t plain_defaults(xmc_stream *s, size_t n, float p, uint32_t *hits);

typedef struct {
    double tiv, deductible, limit; /* limit infinite = none */
} plain_location;
/* Loss of n locations with the damage distribution `row` in one occurrence, on the grid. */
double plain_ground_up(const plain_location *x, size_t n, const xmc_damage_row *row, xmc_stream *s,
                       double grid, double inv_grid);
void plain_account_terms(const xmc_terms *t, const xmc_layer *y, const double *x, size_t n,
                         double *out, double grid, double inv_grid);
/* Default hazards -log(1 - Phi(threshold w + country + sector)). */
void plain_conditional_pd(float threshold, const float *w, const float *factors, size_t n,
                          float *pd);
void plain_hazards(double threshold, const double *w, const double *factors, size_t n,
                   double *hazard);

typedef struct {
    uint32_t index, segment;
    double beta, idio, value, scaled;
} plain_stock;
/* Losses of n stocks in one trial; R: returns of the indices, `stride` doubles apart, and sum
 * alike. */
void plain_stocks(const plain_stock *x, size_t n, const xmc_quantile_table *own, xmc_stream *s,
                  const double *R, double *sum, size_t stride, double grid, double inv_grid);

void plain_moments(const double *x, size_t n, double *sum, double *squares, double *min,
                   double *max);
/* The k-th smallest of x, which is reordered (Hoare's selection, median of three). */
double plain_quickselect(double *x, size_t n, size_t k);
double plain_tail(const double *x, size_t n, double q, size_t *above);

#endif
