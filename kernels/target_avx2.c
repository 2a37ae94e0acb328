/* The kernels for AVX2. */
#include "kernels/targets.h"
#include "kernels/vec_avx2.h"

enum { LEAP = 4 };   /* vectors of states side by side, even and odd each */
#define FEW_HITS 1.2 /* expected successes below which skipping goes one by one; measured */
#include "kernels/credit_body.h"
#include "kernels/equity_body.h"
#include "kernels/factors_body.h"
#include "kernels/fill_body.h"
#include "kernels/ground_up_body.h"
#include "kernels/paths_body.h"
#include "kernels/reduce_body.h"
#include "kernels/term_rules_body.h"
#include "kernels/terms_body.h"

const xmc_kernels xmc_kernels_avx2 = {
    .isa = "avx2",
#include "kernels/table.inc"
};
