/* Distribution functions and samplers by inversion, bit-identical on every machine. Scalar; the
 * vector kernels follow the same algorithms. Errors are stated against mpmath. Arguments outside
 * the domain give NaN. */
#ifndef CROSSMC_DISTRIBUTIONS_H
#define CROSSMC_DISTRIBUTIONS_H

#include "kernels/stream.h"
#include <stddef.h>

/* Standard normal: distribution function and quantile (p in (0, 1)). */
double xmc_normal_cdf(double x);
double xmc_normal_quantile(double p);
/* Student t with nu > 0 degrees of freedom (real): distribution function and quantile; slow, for
 * the plan. */
double xmc_student_cdf(double x, double nu);
double xmc_student_quantile(double p, double nu);
/* Regularised incomplete gamma P(a, x), beta I_x(a, b), and their inverses; slow, for the plan. */
double xmc_gamma_p(double a, double x);
double xmc_gamma_p_inverse(double a, double p);
double xmc_beta_i(double a, double b, double x);
double xmc_beta_i_inverse(double a, double b, double p);

/* Standard normal by inversion: one uniform (two draws). */
static inline double xmc_normal(xmc_stream *s) {
    return xmc_normal_quantile(xmc_uniform(s));
}
/* Standard exponential: -log(u); two draws. */
double xmc_exponential(xmc_stream *s);

/* Poisson and negative binomial counts by inversion of one uniform through a table built in the
 * plan (cumulative probabilities up to 1 - 2^-60, so what is cut off cannot be drawn). */
typedef struct {
    size_t n;    /* number of cumulative probabilities */
    double *cdf; /* P(N <= k), k = 0 … n-1; owned */
} xmc_count_table;
/* Returns 0, or -1 without memory, or -2 when a parameter is out of range (mean in [0, 1e5],
 * dispersion = variance/mean
 * >= 1; 1 is Poisson). */
int xmc_count_table_init(xmc_count_table *t, double mean, double dispersion);
/* Binomial: size trials of chance p in (0, 1); -2 for others. */
int xmc_count_table_binomial(xmc_count_table *t, uint32_t size, double p);
void xmc_count_table_free(xmc_count_table *t);
/* The count for a uniform u in (0, 1). */
size_t xmc_count_of(const xmc_count_table *t, double u);

/* Gamma(shape, 1) by Marsaglia and Tsang's method would draw a varying number; this is inversion
 * through a table of quantiles with monotone interpolation, exact at its knots. See distributions.c
 * for the error. One uniform in, the quantile out. Built in the plan. */
typedef struct {
    double shape;
    size_t n;
    double *knots; /* owned */
} xmc_gamma_table;
int xmc_gamma_table_init(xmc_gamma_table *t, double shape);
void xmc_gamma_table_free(xmc_gamma_table *t);
double xmc_gamma_of(const xmc_gamma_table *t, double u);

#endif
