#include "scenarios/drivers.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const xmc_driver_info drivers[] = {
    {"combined_ratio", XMC_SCOPE_LINE, -5, 5, false,
     "combined ratio of the last 12 months (motor: 6), a fraction"},
    {"combined_ratio_change", XMC_SCOPE_LINE, -1, 1, false,
     "change of the 6-month combined ratio, a fraction"},
    {"nonproportional_cession", XMC_SCOPE_LINE, -2, 2, false,
     "net non-proportional cession over retained premium, a fraction"},
    {"growth_vs_industry", XMC_SCOPE_LINE, -2, 3, false,
     "premium growth less the industry's, a fraction"},
    {"prior_year_premium", XMC_SCOPE_LINE, 0, INFINITY, true,
     "gross and assumed premium of the year before"},
    {"market_share", XMC_SCOPE_LINE, 0, 1, false, "market share, a fraction"},
    {"policy_share", XMC_SCOPE_LINE, 0, 1, false,
     "share of policy business in retained premium, a fraction"},
    {"claims_runoff_motor", XMC_SCOPE_COMPANY, -1, 1, false,
     "mean run-off deviation of the claims reserve over two year-ends, all motor, a fraction"},
    {"claims_runoff_non_motor", XMC_SCOPE_COMPANY, -1, 1, false,
     "mean run-off deviation of the claims reserve over two year-ends, all non-motor, a fraction"},
    {"claims_runoff", XMC_SCOPE_COMPANY, -1, 1, false,
     "mean run-off deviation of the claims reserve over two year-ends, all non-life, a fraction"},
    {"unearned_runoff", XMC_SCOPE_COMPANY, -1, 1, false,
     "mean run-off deviation of the unearned-premium reserve over two year-ends, a fraction"},
    {"net_premium_growth_vs_industry", XMC_SCOPE_FINANCING, -2, 3, false,
     "12-month net premium growth less the industry's, a fraction"},
    {"small_ticket_share", XMC_SCOPE_FINANCING, 0, 1, false,
     "share of small tickets in the balance, a fraction"},
    {"top10_share", XMC_SCOPE_FINANCING, 0, 1, false,
     "share of the ten largest counterparties, a fraction"},
    {"small_enterprise_share", XMC_SCOPE_FINANCING, 0, 1, false,
     "share of small and micro enterprises in the balance, a fraction"},
    {"loss_rate", XMC_SCOPE_FINANCING, 0, 1, false, "annualised 12-month loss rate, a fraction"},
    {"combined_ratio_36m", XMC_SCOPE_FINANCING, 0, 5, false, "36-month combined ratio, a fraction"},
    {"solvency_ratio", XMC_SCOPE_ASSET, 0, 20, false,
     "comprehensive solvency ratio of the reinsurer, a fraction, or none"},
    {"capital_adequacy", XMC_SCOPE_ASSET, 0, 1, false,
     "capital adequacy ratio of the bank, a fraction"},
    {"age_months", XMC_SCOPE_ASSET, 0, 600, false, "age since due in months"},
    {"duration", XMC_SCOPE_OWN, 0, 100, false, "modified duration in years"},
    {"listed_gain", XMC_SCOPE_OWN, -1, INFINITY, false,
     "unrealised gain over cost of the directly held listed portfolio"},
    {"total_assets", XMC_SCOPE_OWN, 0, INFINITY, true, "total assets"},
    {"sarmra", XMC_SCOPE_OWN, 0, 100, false, "SARMRA score"},
};

const xmc_driver_info *xmc_driver_at(int i) {
    return i >= 0 && (size_t)i < sizeof drivers / sizeof *drivers ? &drivers[i] : NULL;
}

const xmc_driver_info *xmc_driver_find(const char *name) {
    for (int i = 0; xmc_driver_at(i); i++)
        if (!strcmp(drivers[i].name, name))
            return &drivers[i];
    return NULL;
}
