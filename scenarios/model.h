/* What can happen: event sets, vulnerability, and the parameters of the attritional, credit and
 * equity models, in memory. Rates are per year, probabilities fractions, amounts CNY. */
#ifndef CROSSMC_MODEL_H
#define CROSSMC_MODEL_H

#include "scenarios/book.h"

struct xmc_hazard;

/* Correlation of damage between locations in an event, of the perils named; an item takes the first
 * entry with its peril. */
enum { XMC_CORRELATIONS = 8 };
typedef struct {
    xmc_perils perils;
    double rho;    /* of the one-factor Gaussian mixing, 0 … < 1 */
    double shared; /* probability that the whole group is fully correlated in an event */
} xmc_damage_correlation;

/* How often events happen. The events of a group share one yearly number of occurrences; those of
 * no group are Poisson together. With year_event_table, trial t is year t mod n_years of the event
 * set's table instead. */
typedef enum {
    XMC_FREQUENCY_POISSON,
    XMC_FREQUENCY_NEGATIVE_BINOMIAL,
    XMC_FREQUENCY_BINOMIAL
} xmc_frequency_law;
typedef struct {
    xmc_perils perils; /* an event belongs to the first group with one of its perils; 0: any */
    xmc_frequency_law law;
    double dispersion;      /* negative binomial: variance / mean > 1; 0: from factor_variance */
    double factor_variance; /* negative binomial: of a yearly factor with mean 1 on the rates */
    uint32_t size;          /* binomial: most occurrences of a year */
    bool has_season;
    double season[12]; /* weights of the months, instead of even days */
} xmc_frequency_group;
enum { XMC_FREQUENCY_GROUPS = 15 };
typedef struct {
    bool year_event_table;
    size_t n_groups;
    xmc_frequency_group groups[XMC_FREQUENCY_GROUPS];
} xmc_frequency;

/* The loss of an event to a (line of business, region), CNY: beta distributed on [0, exposure] with
 * the standard deviation sd_independent + sd_correlated. */
typedef struct {
    double mean, sd_independent, sd_correlated, exposure;
} xmc_event_loss;

/* An event set: events with rates and footprints by cell in CSR form (scenarios file events.h5,
 * docs/inputs.md). With a hazard model of its own areas (docs/hazard.md) the cells are the distinct
 * sets of areas in which the book's locations lie, and `hazard` says which location lies in which.
 */
typedef struct {
    size_t n_events, n_cells;
    uint64_t n_footprint;
    uint32_t *event_id; /* [n_events], strictly increasing */
    xmc_perils *peril;  /* [n_events], one bit each; with a hazard model one or more */
    double *rate;       /* [n_events], per year, > 0 */
    uint16_t *day_first,
        *day_last;     /* [n_events], season, days of the year 1 … 365, first <= last */
    uint32_t *cell_id; /* [n_cells], strictly increasing; row and column of the grid: row * 1440 +
                          column */
    double cell_size;  /* degrees: 0.25; row counts from latitude -90, column from longitude -180 */
    uint64_t *offset;  /* [n_events + 1] into the footprint */
    uint32_t
        *footprint_cell; /* [n_footprint] index into cell_id, strictly increasing inside an event */
    uint16_t *footprint_bin; /* [n_footprint] intensity bin of the event's peril; NULL with a hazard
                                model */
    const char *source;      /* the file, as the analysis resolved it */
    /* Year-event table: pre-simulated occurrences of n_years years; 0: none. */
    size_t n_years;
    uint64_t *year_offset;     /* [n_years + 1] */
    uint32_t *year_event;      /* index of the event */
    uint16_t *year_day;        /* 1 … 365 */
    xmc_event_loss *loss;      /* [n_footprint] of event loss tables: a cell is a (line of business,
                                  region); NULL otherwise */
    struct xmc_hazard *hazard; /* scenarios/hazard/hazard.h; NULL: the grid of cells */
} xmc_event_set;

/* Damage-ratio distributions: for each function and intensity bin a row of probabilities over
 * shared damage bins. A damage bin with from == to is an atom, the others are uniform inside. */
typedef struct {
    size_t n_damage_bins;
    double *damage_from, *damage_to; /* [n_damage_bins] in [0, 1] */
    size_t n_functions, n_intensity_bins;
    double *probability; /* [n_functions][n_intensity_bins][n_damage_bins], rows sum to one */
    /* Function of (vulnerability class of the book, peril bit number, coverage), or UINT32_MAX: not
     * modelled. [n_vulnerability_classes][64][XMC_N_COVERS] */
    uint32_t *function;
    const char **function_name; /* [n_functions] */
    /* Damage classes: the book's vulnerability classes, then those that a what-if overlay made of
     * them. Without overlay both are NULL: a location's class is its own, no loss scaled. */
    uint32_t *location_class; /* [locations of the book] row of function[] and severity[] */
    double *severity;         /* [classes][64] factor on the ground-up loss, by peril bit */
    void *storage;
} xmc_vulnerability;

typedef enum { XMC_SEVERITY_LOGNORMAL, XMC_SEVERITY_PARETO, XMC_SEVERITY_GAMMA } xmc_severity_law;

/* A compound line: frequency and severity stated per line and region. */
typedef struct {
    const char *name; /* segment's line in the report */
    xmc_line line;
    uint32_t lob;      /* index into the book's lobs: for treaties */
    uint32_t region;   /* index into the book's regions */
    double frequency;  /* mean number of claims a year */
    double dispersion; /* variance / mean of the number, >= 1; 1 = Poisson */
    xmc_severity_law law;
    double p1,
        p2; /* lognormal: mu, sigma of the log; Pareto: threshold, alpha; gamma: shape, scale */
    double deductible, limit; /* per claim; limit 0 = none */
    double sum_insured;       /* for the share of exposure modelled; 0 = unknown */
} xmc_attritional_line;

typedef struct {
    size_t n;
    xmc_attritional_line *lines;
} xmc_attritional_model;

typedef enum { XMC_COPULA_GAUSSIAN, XMC_COPULA_STUDENT } xmc_copula;

typedef struct {
    const char *name;            /* ISO 3166 alpha-3, or CHN for domestic business */
    uint32_t oecd_class;         /* 0 … 7 */
    double transfer_probability; /* a year, of a transfer or political event; 0 = none */
    uint32_t region;             /* index into the credit model's country_regions, if it has any */
    double ceiling; /* most that all export policies pay for the country in a year, CNY; 0 = none */
} xmc_country;

/* How the systemic squared loading of an obligor comes about. */
typedef enum {
    XMC_CORRELATION_FIXED,           /* the sum of the stated shares */
    XMC_CORRELATION_BASEL_CORPORATE, /* Basel's functions of the probability; shares are the mix */
    XMC_CORRELATION_BASEL_RETAIL_OTHER
} xmc_correlation;

/* Squared loadings of the latent variable on the factors; the rest is idiosyncratic. */
typedef struct {
    const char *name; /* of a loading class */
    xmc_correlation correlation;
    double global, region, country, sector;
} xmc_loading;

/* copula: latent variables with normal factors. plus: CreditRisk+, Poisson defaults whose
 * intensities are mixed by independent gamma variables of the sectors and countries. */
typedef enum { XMC_CREDIT_COPULA, XMC_CREDIT_PLUS } xmc_credit_kind;

/* A foreign currency's value in CNY over the year: growth exp(volatility X - volatility^2 / 2) with
 * X standard normal, correlated with the global factor (larger = worse). */
typedef struct {
    const char *currency;
    double volatility, correlation;
} xmc_fx_factor;

typedef struct {
    xmc_credit_kind model;
    xmc_copula copula;
    double degrees_of_freedom;
    size_t n_countries, n_sectors, n_loss_classes;
    xmc_country *countries;
    const char **sectors;
    /* Squared loadings of the latent variable by product: 0 export credit, 1 guarantee. The rest is
     * idiosyncratic. */
    double global_share[2], region_share[2], country_share[2], sector_share[2];
    xmc_correlation correlation[2];
    const char **loading_names;
    size_t n_loading_classes; /* of obligors that name one */
    xmc_loading *loading_classes;
    size_t n_country_regions; /* 0: no region factor */
    const char **country_regions;
    /* Of the global factor: share (squared loading) taken by the macro factor that comes from
     * equity. */
    double macro_share;
    /* Country transfer event: correlation (squared loading) of its latent variable with the
     * country's credit factor, and the part of the insured receivables that is lost, as a beta
     * law's mean and sd. */
    double transfer_loading, transfer_loss_mean, transfer_loss_sd;
    double transfer_delay; /* share of the events that delay payment only */
    const char **loss_class_names;
    double *lgd_mean, *lgd_sd; /* [n_loss_classes] beta law */
    double *lgd_systemic; /* [n_loss_classes] squared loading of its latent normal on the obligor's
                             systemic factor; NULL: 0 */
    double *lgd_months;   /* [n_loss_classes] from payment to recovery; NULL: 0 */
    double transfer_recovery_months;
    double discount_rate; /* a year, for the report alone */
    size_t n_grades;
    const char **grades; /* ratings, then the matrix's cells */
    size_t n_fx;
    xmc_fx_factor *fx;
    const char **fx_names;
    /* Rating migration over one year; n_states 0: off. Rows of all states but the last, which is
     * default; each sums to one. */
    size_t n_states;
    const char **states;
    double *migration;     /* [n_states - 1][n_states] */
    uint32_t *grade_state; /* [n_grades] state, UINT32_MAX: does not migrate */
    /* CreditRisk+: intensity = p (1 - sector_weight - country_weight + sector_weight S +
     * country_weight C), S and C gamma with mean one. */
    double sector_weight, country_weight;
    double *sector_variance, *country_variance; /* [n_sectors], [n_countries] */
    double probability_floor;
} xmc_credit_model;

/* The joint law of a year of index returns (docs/equity.md). */
typedef enum {
    XMC_EQUITY_STUDENT,    /* one step, simple returns, multivariate Student t */
    XMC_EQUITY_GAUSSIAN,   /* the same, normal */
    XMC_EQUITY_GARCH,      /* day by day, GARCH(1,1), Student t or normal innovations */
    XMC_EQUITY_HISTORICAL, /* day by day, innovations from a file of returns, filtered */
    XMC_EQUITY_JUMP        /* one step, logarithmic, normal with common jumps (Merton) */
} xmc_equity_law;

/* What an instrument is: stocks have their place in the minimum's stock charge, others have not. */
typedef enum { XMC_KIND_STOCK, XMC_KIND_FUND, XMC_KIND_PREFERRED, XMC_N_KINDS } xmc_kind;
extern const char *const xmc_kind_names[XMC_N_KINDS];

/* A deterministic move of all indices: simple returns over the year. */
typedef struct {
    const char *name;
    double *shock; /* [n_indices] */
} xmc_equity_scenario;

/* Arrays that only some laws need are NULL for the others; drift, dividend_yield and the starting
 * variances may be NULL: none. */
typedef struct {
    xmc_equity_law law;
    size_t n_indices;
    const char **names;
    double *volatility; /* [n] annual standard deviation: student, gaussian: of the simple return
                           before the floor; daily laws: of the long-run variance (square root of
                           trading_days times it); jump: of the logarithm between jumps */
    double degrees_of_freedom;      /* of the joint Student t; daily: INFINITY for normal ones */
    double *correlation;            /* [n][n] row-major, positive definite */
    double idio_degrees_of_freedom; /* of idiosyncratic returns */
    double *macro_weight; /* [n] weights of the indices' Gaussian parts in the macro factor,
                             normalised by the plan */
    double *drift, *dividend_yield; /* [n] the price is expected to grow to 1 + drift -
                                       dividend_yield of itself */
    /* daily laws */
    uint32_t trading_days;
    double *alpha, *beta;       /* [n] GARCH */
    double *price_limit;        /* [n] of a day's simple return, at most 1 = none */
    double *current_volatility; /* [n] annual, at the start; NULL: the long-run one */
    bool start_current;         /* historical: from the filter's last variance */
    double dcc_a, dcc_b;        /* dynamic correlation; both 0: constant */
    size_t n_history;
    double *history; /* [n_history][n] simple daily returns */
    /* jump */
    double jump_intensity;       /* expected number a year */
    double *jump_mean, *jump_sd; /* [n] of the logarithm of one jump */
    /* by kind of instrument; 0: no default */
    double kind_volatility[XMC_N_KINDS];
    size_t n_scenarios;
    xmc_equity_scenario *scenarios;
} xmc_equity_model;

void xmc_event_set_free(xmc_event_set *e);
void xmc_vulnerability_free(xmc_vulnerability *v);
void xmc_attritional_model_free(xmc_attritional_model *m);
void xmc_credit_model_free(xmc_credit_model *m);
void xmc_equity_model_free(xmc_equity_model *m);

#endif
