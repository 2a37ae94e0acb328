/* Private to the loaders of reinsurance. */
#ifndef CROSSMC_REINSURANCE_H
#define CROSSMC_REINSURANCE_H

#include "scenarios/load.h"

/* numbers holds every treaty; index[number] the place among those that act, UINT32_MAX for others.
 */
xmc_status xmc_load_reinsurance_info(xmc_loader *l, const xmc_file_ref *ref, xmc_names *numbers,
                                     uint32_t **index);
xmc_status xmc_load_reinsurance_scope(xmc_loader *l, const xmc_file_ref *ref,
                                      const xmc_names *numbers, const uint32_t *index);
xmc_status xmc_load_reinsurers(xmc_loader *l, const xmc_file_ref *ref, const xmc_file_ref *shares,
                               const xmc_file_ref *info, const xmc_names *numbers,
                               const uint32_t *index);

#endif
