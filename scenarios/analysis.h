/* One analysis: settings, and the book and models it names, loaded and checked together. */
#ifndef CROSSMC_ANALYSIS_H
#define CROSSMC_ANALYSIS_H

#include "scenarios/book.h"
#include "scenarios/model.h"

typedef enum {
    XMC_SEED_EVENTS,
    XMC_SEED_DAMAGE,
    XMC_SEED_CREDIT,
    XMC_SEED_EQUITY,
    XMC_SEED_FACTORS,
    XMC_N_SEEDS
} xmc_seed_name;
extern const char *const xmc_seed_names[XMC_N_SEEDS];

typedef struct {
    const char *path; /* as opened */
    const char *role; /* "locations", "events", … */
    uint64_t bytes;
    char sha256[65];
} xmc_input_file;

typedef struct xmc_overlay xmc_overlay; /* scenarios/overlay.h */

typedef struct {
    const char *title, *currency;
    int32_t valuation_date;
    uint64_t trials;
    uint32_t block;   /* 0 = chosen by the plan; else a power of two, at least 16,384 */
    double loss_grid; /* CNY, a power of two; 2^-6 by default */
    uint64_t seeds[XMC_N_SEEDS];
    /* beside the sampled losses the same occurrences with mean damage ratios: what secondary
     * uncertainty does to the exceedance curves */
    bool without_uncertainty;
    bool location_means; /* average annual loss by location into the results */
    bool mean_damage;    /* mean damage ratios instead of sampled ones */
    /* Importance sampling of the credit factors: for which quantile of the credit loss, and how
     * much of the shift (docs/importance.md). */
    bool importance, importance_twist;
    double importance_quantile, importance_scale;
    const char *text; /* the YAML as read: for /provenance and config_sha256 */
    char config_sha256[65];
    /* What the analysis simulates: a risk without its section or file is absent, and reported as
     * not simulated. */
    bool has_cat, has_attritional, has_credit, has_equity, has_company;
    xmc_book book;
    xmc_event_set events;
    xmc_frequency frequency;
    size_t n_correlations;
    xmc_damage_correlation correlations[XMC_CORRELATIONS];
    xmc_vulnerability vulnerability;
    xmc_attritional_model attritional;
    xmc_credit_model credit;
    xmc_equity_model equity;
    const char *company_path; /* company sheet, resolved; NULL when absent */
    const char *rules_dir;    /* folder of the rule versions, resolved; NULL = the shipped one */
    size_t n_inputs;
    xmc_input_file *inputs; /* every file read, in a fixed order */
    xmc_overlay *overlay;   /* what-if programme laid over book and models; NULL: none */
    double admin_margin; /* premium less expenses of the simulated lines, CNY; NAN when not given */
    void *storage;
} xmc_analysis;

/* Loads the analysis and everything it names. On failure the diag holds every problem found (bad
 * input: file, line, column, value, expectation) and *out must still be freed. */
xmc_status xmc_analysis_load(const char *path, xmc_analysis *out, xmc_diag *diag);
/* The like for the catastrophe book alone: locations and accounts, whatever models the analysis
 * names or does not name. */
xmc_status xmc_analysis_load_book(const char *path, xmc_analysis *out, xmc_diag *diag);
void xmc_analysis_free(xmc_analysis *a);

#endif
