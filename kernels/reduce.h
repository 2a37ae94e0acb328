/* Reductions of a column of doubles (one value per trial): exact selection and sums whose bits
 * depend on nothing but the data. Sums run over slices of XMC_SLICE values, each slice in a fixed
 * order; slices are combined in order, so a column may also be summed slice by slice and merged.
 * NaN is not allowed in a column. */
#ifndef CROSSMC_REDUCE_H
#define CROSSMC_REDUCE_H

#include <stddef.h>

enum { XMC_SLICE = 16384 };

/* The k-th smallest value of x[0 … n-1], k = 0 … n-1: exactly the value sorting would put at place
 * k. x stays as it is; scratch holds n doubles. */
double xmc_kth_smallest(const double *x, size_t n, size_t k, double *scratch);

typedef struct {
    double sum, sum_squares; /* of w x and w x^2, w = 1 without weights */
    double min, max;         /* of x; +infinity and -infinity when n = 0 */
} xmc_moments;
/* Sums and extremes of x, weighted by w (n values, or NULL). */
xmc_moments xmc_column_moments(const double *x, const double *w_or_null, size_t n);

typedef struct {
    double sum, sum_squares; /* over the values strictly above q */
    size_t n_above, n_equal; /* how many are above q, and equal to it */
} xmc_tail;
/* The tail of x beyond q: what TVaR and its standard error need. */
xmc_tail xmc_column_tail(const double *x, size_t n, double q);

/* Both in one reading of x: the k-th smallest value q is returned, its tail goes to *tail. The same
 * as xmc_kth_smallest and xmc_column_tail, bit for bit. scratch holds n doubles. */
double xmc_kth_and_tail(const double *x, size_t n, size_t k, double *scratch, xmc_tail *tail);

#endif
