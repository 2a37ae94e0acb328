/* The tables of kernels of each target, for dispatch.c. */
#ifndef CROSSMC_TARGETS_H
#define CROSSMC_TARGETS_H

#include "kernels/dispatch.h"

extern const xmc_kernels xmc_kernels_scalar, xmc_kernels_avx2, xmc_kernels_avx512, xmc_kernels_neon;

#endif
