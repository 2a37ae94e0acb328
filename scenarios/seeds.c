#include "scenarios/analysis.h"

const char *const xmc_seed_names[XMC_N_SEEDS] = {
    [XMC_SEED_EVENTS] = "events", [XMC_SEED_DAMAGE] = "damage",   [XMC_SEED_CREDIT] = "credit",
    [XMC_SEED_EQUITY] = "equity", [XMC_SEED_FACTORS] = "factors",
};
