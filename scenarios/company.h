/* The company sheet: what the minimum needs to know of the insurer (docs/company.md). For every
 * node of the tree it holds exposures, from which the charge is computed, or a given amount, which
 * is used as it is. Amounts are CNY (the sheet's `unit` is applied on reading), ratios fractions.
 */
#ifndef CROSSMC_COMPANY_H
#define CROSSMC_COMPANY_H

#include "scenarios/book.h"
#include "scenarios/common/status.h"
#include <stdbool.h>
#include <stdint.h>

/* A driver of a characteristic coefficient: name as in the rules (combined_ratio, …). */
typedef struct {
    const char *name;
    double value; /* NAN: stated as none (no data) */
    xmc_place place;
} xmc_driver;

typedef struct {
    xmc_driver *items;
    size_t n;
} xmc_drivers;

/* A part of a line with factors or coefficients of its own: technology (of property),
 * export_credit, policy_export_credit, overseas_investment (of credit). "" = the ordinary part. */
typedef struct {
    const char *name;
    double retained_premium, net_claims_reserve; /* NAN: not in the sheet */
    xmc_place place;
} xmc_line_part;

typedef struct {
    xmc_line line;
    xmc_line_part *parts; /* the first one is the ordinary part */
    size_t n_parts;
    xmc_drivers drivers;
    xmc_place place;
} xmc_company_line;

/* Financing guarantee of one loan type. */
typedef struct {
    const char *loan_type; /* mortgage, top_up, other_personal, corporate, other */
    double balance;        /* net outstanding; NAN with from_book */
    bool from_book;
    double reserve; /* net outstanding-claims reserve */
    xmc_drivers drivers;
    xmc_place place;
} xmc_company_financing;

/* One asset of market or credit risk. */
typedef struct {
    const char *name;
    const char
        *class_name;     /* a class of the rules under the group, a board, a rating, a currency */
    double amount;       /* admitted or fair value */
    double liabilities;  /* currency only */
    double duration;     /* modified duration in years; NAN if not needed */
    double layers;       /* look-through layers; 0 = held directly */
    bool debt_product;   /* looked through a debt-type product */
    bool short_position; /* swaps: pays fixed */
    const char **coefficients; /* named coefficients of the rules (green_bond, emerging, …) */
    size_t n_coefficients;
    const char *counterparty; /* for concentration; NULL = not stated */
    bool concentration_exempt, class_limit_breached;
    xmc_drivers drivers; /* solvency_ratio, age_months, capital_adequacy, rating, … */
    const char *rating;
    /* listed stocks stated in the sheet */
    bool csi300, div_low_vol_100;
    double cost, book_value; /* NAN: not stated */
    double holding_years;    /* NAN: not stated */
    xmc_place place;
} xmc_company_asset;

typedef enum {
    XMC_ASSET_INTEREST,
    XMC_ASSET_STOCK, /* directly held listed stock stated in the sheet */
    XMC_ASSET_EQUITY,
    XMC_ASSET_REAL_ESTATE,
    XMC_ASSET_OVERSEAS_FIXED_INCOME,
    XMC_ASSET_OVERSEAS_EQUITY,
    XMC_ASSET_CURRENCY,
    XMC_ASSET_SPREAD,
    XMC_ASSET_DEFAULT,
    XMC_N_ASSET_GROUPS
} xmc_asset_group;

typedef struct {
    const char *node; /* code or key of the tree */
    double amount;
    bool without_book_only; /* used when no book is passed */
    xmc_place place;
} xmc_given;

/* Catastrophe of one peril from an event-scenario table (CSV: scenario, optional rate, one column
 * of loss factors per region). */
typedef struct {
    const char *peril;   /* motor_typhoon_flood, property_typhoon_flood, property_earthquake,
                            overseas_typhoon_flood, overseas_earthquake */
    const char *table;   /* path */
    bool rows_are_years; /* otherwise events with a rate */
    bool is_proxy;       /* not the regulator's table */
    bool from_book;      /* exposure: book; then regions and exposure are empty */
    const char **regions;
    double *exposure;
    size_t n_regions;
    double attachment, limit, share; /* excess of loss; limit 0 = none */
    xmc_place place;
} xmc_company_catastrophe;

typedef struct {
    const char *name, *date;
    double total_assets, net_assets, core_capital, actual_capital; /* NAN: not in the sheet */
    double size_multiplier;                                        /* NAN: by the rules */
    double sarmra; /* score, NAN: not in the sheet */
    bool captive, specialised_technology;
    double largest_retention; /* single risk, net; NAN */
    xmc_drivers drivers;      /* of the whole company: unearned_runoff, claims_runoff, … */
    xmc_company_line *lines;
    size_t n_lines;
    xmc_company_financing *financing;
    size_t n_financing;
    xmc_company_asset *assets[XMC_N_ASSET_GROUPS];
    size_t n_assets[XMC_N_ASSET_GROUPS];
    bool stocks_from_book;
    xmc_place stocks_place;
    xmc_company_catastrophe *catastrophe;
    size_t n_catastrophe;
    double la_mc, la_base, la_floor; /* participating and universal-life accounts; NAN: none */
    xmc_given *given;
    size_t n_given;
    /* switches that the sheet sets: name, choice */
    const char **switch_names, **switch_choices;
    xmc_place *switch_places;
    size_t n_switches;
    const char *file;
    void *storage; /* private */
} xmc_company;

xmc_status xmc_company_load(const char *path, xmc_company **out, xmc_diag *diag);
void xmc_company_free(xmc_company *c);

#endif
