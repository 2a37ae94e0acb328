#include "kernels/factors.h"
#include "kernels/dispatch.h"

void xmc_factor_exponentials(const xmc_exponentials *e, const float *x, size_t stride, size_t lanes,
                             double *sum) {
    xmc_kernels_active()->factor_exponentials(e, x, stride, lanes, sum);
}
