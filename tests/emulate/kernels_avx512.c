/* The AVX-512 kernels in portable C, for checkkern on processors without AVX-512: compiled with
 * tests/emulate/avx512 before the compiler's own headers. */
#include "kernels/dispatch.h"

extern const xmc_kernels xmc_kernels_avx512_emulated;
#define xmc_kernels_avx512 xmc_kernels_avx512_emulated
#include "kernels/target_avx512.c"
