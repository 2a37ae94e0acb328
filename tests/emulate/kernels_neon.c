/* The NEON kernels in portable C, for checkkern on processors without NEON: compiled with
 * tests/emulate/neon before the compiler's own headers. */
#include "kernels/dispatch.h"

extern const xmc_kernels xmc_kernels_neon_emulated;
#define xmc_kernels_neon xmc_kernels_neon_emulated
#include "kernels/target_neon.c"
