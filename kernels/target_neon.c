/* The kernels for AArch64 NEON. */
#include "kernels/targets.h"
#include "kernels/vec_neon.h"

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

const xmc_kernels xmc_kernels_neon = {
    .isa = "neon",
#include "kernels/table.inc"
};
