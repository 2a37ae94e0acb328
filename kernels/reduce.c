#include "kernels/reduce.h"
#include "kernels/dispatch.h"

double xmc_kth_smallest(const double *x, size_t n, size_t k, double *scratch) {
    return xmc_kernels_active()->kth_smallest(x, n, k, scratch);
}

xmc_moments xmc_column_moments(const double *x, const double *w_or_null, size_t n) {
    return xmc_kernels_active()->column_moments(x, w_or_null, n);
}

xmc_tail xmc_column_tail(const double *x, size_t n, double q) {
    return xmc_kernels_active()->column_tail(x, n, q);
}

double xmc_kth_and_tail(const double *x, size_t n, size_t k, double *scratch, xmc_tail *tail) {
    return xmc_kernels_active()->kth_and_tail(x, n, k, scratch, tail);
}
