#include "scenarios/common/equity_measures.h"

#include <stdlib.h>

const char *const xmc_grouping_names[XMC_N_GROUPINGS] = {"board", "membership", "holding_time",
                                                         "stock"};

void xmc_equity_measures_free(xmc_equity_measures *m) {
    free(m->groups);
    free(m->scenarios);
    free(m->scenario_loss);
    free(m->scenario_group);
    *m = (xmc_equity_measures){0};
}
