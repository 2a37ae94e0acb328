/* Exceedance curves of catastrophe with mean damage ratios, from the same occurrences as the
 * sampled ones (analysis key without_uncertainty): /ep_mean_damage. */
#ifndef CROSSMC_WITHOUT_UNCERTAINTY_H
#define CROSSMC_WITHOUT_UNCERTAINTY_H

#include "output/measures.h"

enum { XMC_N_WITHOUT = 2 };
extern const char *const xmc_without_names[XMC_N_WITHOUT]; /* "cat_gross", "cat_net" */

/* ep as in xmc_measure_row; AEP of cat_net is missing, since a stop loss acts on the sampled years.
 */
typedef struct {
    bool there;
    xmc_estimate ep[XMC_N_WITHOUT][XMC_N_EP_TYPES][XMC_N_PERIODS];
} xmc_without;

/* Computes and writes the curves of a file being finished that has the columns. */
xmc_status xmc_without_write(xmc_results *r, xmc_diag *diag);
xmc_status xmc_without_read(xmc_results *r, xmc_without *w, xmc_diag *diag);

#endif
