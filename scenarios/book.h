/* The book in memory: what the insurer has written and holds, as read, checked and converted to CNY
 * by the loaders. Amounts are CNY in double precision. Names point into the book's own string
 * storage. Index fields refer to the arrays of the same book. Rows keep the order of their files;
 * nobody may rely on it (the plan sorts). */
#ifndef CROSSMC_BOOK_H
#define CROSSMC_BOOK_H

#include "scenarios/common/status.h"
#include <stdbool.h>
#include <stdint.h>

/* The ten lines of C-ROSS II Rule 4, in the rule's order, and what has no line. */
typedef enum {
    XMC_LINE_MOTOR,
    XMC_LINE_PROPERTY,
    XMC_LINE_HULL_CARGO_SPECIAL,
    XMC_LINE_LIABILITY,
    XMC_LINE_AGRICULTURE,
    XMC_LINE_CREDIT, /* non-financing credit and guarantee, export credit among it */
    XMC_LINE_ACCIDENT,
    XMC_LINE_HEALTH,
    XMC_LINE_SHORT_LIFE,
    XMC_LINE_OTHER,
    XMC_LINE_FINANCING, /* financing guarantee: the loan-balance method */
    XMC_N_LINES
} xmc_line;

/* OED perils as bits (PerilValues of OED, 64-bit codes) and own ones above OED's. */
typedef uint64_t xmc_perils;
#define XMC_PERIL_QEQ (UINT64_C(1))       /* earthquake shake */
#define XMC_PERIL_WTC (UINT64_C(1) << 6)  /* wind of a tropical cyclone */
#define XMC_PERIL_WSS (UINT64_C(1) << 8)  /* storm surge */
#define XMC_PERIL_ORF (UINT64_C(1) << 9)  /* river flood */
#define XMC_PERIL_OSF (UINT64_C(1) << 10) /* flash, surface, pluvial flood */
#define XMC_PERIL_XCY (UINT64_C(1) << 40) /* own: crop yield shortfall */

/* A line of business of the book (a value of OED's LOB) and where it belongs. */
typedef struct {
    const char *lob;     /* as in the files */
    const char *segment; /* name of the segment's line in the report */
    xmc_line line;
} xmc_lob;

enum { XMC_COVER_BUILDING, XMC_COVER_OTHER, XMC_COVER_CONTENTS, XMC_COVER_BI, XMC_N_COVERS };

/* Deductible and limit of one coverage, or of several together, in OED's words. Amounts in CNY. */
enum { XMC_DED_REGULAR = 0, XMC_DED_FRANCHISE = 2 };
typedef struct {
    double ded, min_ded, max_ded, limit; /* 0 = none */
    uint8_t ded_type, limit_type; /* 0 amount, 1 share of the loss, 2 share of the sum insured */
    uint8_t ded_code;
} xmc_cover_terms;

/* Places in a set of terms: the four coverages, then property damage (building, other, contents
 * together), then all coverages. */
enum { XMC_TERMS_PD = XMC_N_COVERS, XMC_TERMS_ALL, XMC_N_TERMS_AT };

/* The terms of a location, condition, policy or account for some perils. Lists of sets are linked
 * by `next`; references to sets are numbers from 1 into the book's term_sets, 0 = none. */
typedef struct {
    xmc_cover_terms at[XMC_N_TERMS_AT];
    xmc_perils perils;            /* LocPeril, CondPeril, PolPeril, AccPeril */
    double participation;         /* AccParticipation; 1 otherwise */
    double bi_waiting, bi_period; /* days, of locations; period 0 = no end */
    uint32_t next;
    uint16_t file; /* which of the account or location files */
    uint32_t file_line;
} xmc_term_set;

/* A special condition of a policy layer on the locations that carry its tag. */
typedef struct {
    uint32_t tag;      /* number from 1 in the book's tags */
    uint32_t priority; /* 1 first */
    uint32_t terms;    /* its sets, one per CondPeril; 0: the layer covers the tag without terms */
    uint32_t next;     /* the policy's next condition */
} xmc_condition;

/* A tag of a location. */
typedef struct {
    uint32_t tag, next;
} xmc_location_tag;

/* An account's policy layer: one row of the OED account file. Terms apply per occurrence to the
 * policy's locations. */
typedef struct {
    const char *acc_number, *pol_number;
    const char *account_name; /* PortNumber, 0x1f, AccNumber: names the account in the book */
    uint32_t account;         /* dense number of (PortNumber, AccNumber) */
    uint32_t lob;             /* index into lobs */
    uint32_t layer_number;
    xmc_perils perils;                   /* PolPerilsCovered */
    int32_t inception, expiry;           /* days since 1970-01-01; both inclusive */
    double ded, min_ded, max_ded, limit; /* PolDed6All … per occurrence; limit 0 = none */
    uint8_t ded_type,
        limit_type; /* OED: 0 amount, 1 share of the loss, 2 share of the sum insured */
    double attachment, layer_limit,
        participation; /* layer limit 0 = none; participation in (0, 1] */
    uint32_t terms; /* sets where the fields above do not say it all (coverages, codes, perils) */
    uint32_t conditions; /* first of a list in the book's conditions, from 1; 0 = none */
    uint8_t restricted;  /* CondClass 1: covers only locations with a tag of its conditions */
    uint16_t file;       /* which of the account files */
    size_t file_line;
} xmc_policy;

/* One location (or an aggregate of NumberOfBuildings risks: vehicles of a county, persons of a
 * programme). */
typedef struct {
    const char *loc_number;
    uint32_t account;       /* dense number, as in xmc_policy */
    uint32_t vulnerability; /* index into vulnerability_classes: FlexiLocVulnerability */
    uint32_t region;        /* index into regions: FlexiLocRegion */
    float latitude, longitude;
    xmc_perils perils; /* LocPerilsCovered */
    double tiv[XMC_N_COVERS];
    double ded, min_ded, max_ded,
        limit; /* LocDed6All …, over all coverages together; limit 0 = none */
    uint8_t ded_type, limit_type;
    uint32_t correlation_group; /* OED's CorrelationGroup; 0: none of its own */
    uint8_t is_aggregate;       /* 1: many risks in one row; takes mean damage ratios */
    uint16_t country;           /* CountryCode, two letters as 256 a + b; 0 unknown */
    uint32_t n_buildings;       /* at least 1 */
    uint32_t loc_group;         /* LocGroup, numbered from 1; 0 none */
    uint32_t reins_tag;         /* ReinsTag, numbered from 1; 0 none */
    uint32_t terms;             /* a set where the fields above do not say it all; 0 = none */
    uint32_t tags;              /* first of a list in the book's location_tags, from 1; 0 = none */
    size_t file_line;
} xmc_location;

/* OED reinsurance types. SL (stop loss) is our own code, documented in docs/inputs.md. */
typedef enum {
    XMC_TREATY_QS,
    XMC_TREATY_CXL,
    XMC_TREATY_SL,
    XMC_TREATY_FAC,
    XMC_TREATY_SS,
    XMC_TREATY_PR,
    XMC_TREATY_AXL,
    XMC_N_TREATY_TYPES
} xmc_treaty_type;
extern const char *const xmc_treaty_type_names[XMC_N_TREATY_TYPES]; /* "QS", … */

/* OED's RiskLevel: what one risk is. LGR groups locations of one account. */
typedef enum {
    XMC_LEVEL_NONE,
    XMC_LEVEL_LOC,
    XMC_LEVEL_LGR,
    XMC_LEVEL_POL,
    XMC_LEVEL_ACC,
    XMC_N_LEVELS
} xmc_risk_level;

#define XMC_UNLIMITED UINT32_MAX /* reinstatements without end */

/* A treaty: one row of the OED reinsurance info file. Limits of 0 are none. */
typedef struct {
    const char *number, *name;
    xmc_treaty_type type;
    xmc_perils perils;
    uint32_t inuring_priority; /* 1 first */
    int32_t inception, expiry; /* INT32_MIN, INT32_MAX where not given */
    double ceded;              /* CededPercent; 0 where not given: 1, except of a QS */
    double placed;             /* PlacedPercent × TreatyShare */
    double occ_attachment, occ_limit;
    double agg_attachment, agg_limit; /* SL: amounts over the year */
    double premium;                   /* ReinsPremium, CNY for the year */
    uint32_t reinstatements;          /* Reinstatement: how many; XMC_UNLIMITED */
    double reinstatement_charge; /* ReinstatementCharge: share of the premium, pro rata amount */
    size_t file_line;
    const double *charges; /* [reinstatements] where each has its own; NULL: the one above */
    bool pro_rata_time;    /* ReinstatementBasis amount_time: pro rata as to time as well */
    xmc_risk_level risk_level;
    double risk_attachment, risk_limit;
    double occ_franchise, occ_reverse; /* OccFranchiseDed, OccReverseFranchise; 0 none */
    double hours;                      /* HoursClause; 0 none */
    bool use_dates;                    /* UseReinsDates */
    bool risks_attaching;              /* AttachmentBasis RA */
} xmc_treaty;

/* What a treaty covers: a row of the OED reinsurance scope file. UINT32_MAX, NULL and 0 = any. */
typedef struct {
    uint32_t treaty;
    uint32_t account;
    uint32_t lob;
    const char *portfolio;  /* PortNumber without an account */
    const char *pol_number; /* with an account */
    const char *loc_number; /* with an account */
    uint32_t loc_group, reins_tag;
    uint16_t country;
    double ceded; /* CededPercent of a surplus or facultative cession; 0: the treaty's */
    size_t file_line;
} xmc_treaty_scope;

/* A reinsurer: who may not pay. */
typedef struct {
    const char *id, *name;
    double probability;        /* of default within the year, in (0, 1) */
    double loss_given_default; /* share of the ceded loss that is lost, in (0, 1] */
    double correlation;        /* share of the common factor in [0, 1): docs/treaties.md */
} xmc_reinsurer;

/* A signed share of a treaty's placed part; those of a treaty sum to one. */
typedef struct {
    uint32_t treaty, reinsurer;
    double share;
} xmc_signed_share;

typedef enum { XMC_BASIS_REVOLVING, XMC_BASIS_RUN_OFF } xmc_exposure_basis;

typedef struct {
    const char *id;
    uint32_t lob;
    xmc_exposure_basis basis;
    int32_t inception, expiry;
    double aggregate_limit; /* 0 = none */
    double aggregate_first_loss;
    double minimum_retention; /* of each loss, CNY: the insured bears at least this; 0 = none */
    double cancelled_share;   /* of the exposure, which cancelled limits have ended at default */
    size_t file_line;
} xmc_credit_policy;

/* A buyer (export credit) or borrower (guarantee). */
typedef struct {
    const char *id;
    uint32_t policy;     /* index into credit_policies */
    uint32_t country;    /* index into the credit model's countries */
    uint32_t sector;     /* index into the credit model's sectors */
    uint32_t region;     /* index into regions: province or country group of the report */
    double probability;  /* one-year, from rating, matrix cell or own figure, floored; in (0, 1) */
    uint32_t loss_class; /* index into the credit model's loss-given-default classes */
    uint32_t loan_type;  /* Rule 4 Art. 35: 0 mortgage, 1 top-up, 2 other personal, 3 corporate, 4
                            other; export: 4 */
    double exposure;     /* outstanding, CNY */
    double covered;      /* covered share in (0, 1] */
    double limit;        /* buyer limit, CNY; 0 = none */
    double tenor_months; /* remaining */
    uint32_t loading;    /* 0: its product's, else 1 + index into the model's loading_classes */
    uint32_t grade;      /* 0: own probability, else 1 + index into the model's grades */
    uint32_t currency;   /* 0: no exchange-rate factor, else 1 + index into the model's fx */
    double waiting_days; /* from default to payment */
    size_t file_line;
} xmc_obligor;

typedef enum {
    XMC_BOARD_MAIN_SH,
    XMC_BOARD_MAIN_SZ,
    XMC_BOARD_CHINEXT,
    XMC_BOARD_STAR,
    XMC_BOARD_BSE
} xmc_board;

typedef struct {
    const char *id, *name;
    xmc_board board;
    bool csi300, div_low_vol_100; /* index membership at the valuation date */
    uint32_t index;               /* the equity model's index that drives it */
    double beta, idio_vol;        /* annual standard deviation of the idiosyncratic simple return */
    double price;                 /* at the valuation date, CNY */
    uint32_t kind;                /* xmc_kind of model.h: stock, fund, preferred share */
    const double *betas; /* to every index of the model, or NULL: `beta` to `index` alone */
    double delisting_probability, delisting_loss; /* a year; share of the value that is lost */
    double dividend_yield;                        /* NAN: that of its indices, by beta */
    size_t file_line;
} xmc_instrument;

/* A position whose value is no linear function of its underlying's price, revalued per trial at
 * the horizon of one year (docs/equity.md). */
typedef enum {
    XMC_DERIVATIVE_PUT,
    XMC_DERIVATIVE_CALL,
    XMC_DERIVATIVE_FUTURE,
    XMC_DERIVATIVE_CONVERTIBLE,
    XMC_N_DERIVATIVES
} xmc_derivative_kind;
extern const char *const xmc_derivative_names[XMC_N_DERIVATIVES];

typedef struct {
    const char *id;
    xmc_derivative_kind kind;
    uint32_t index, instrument; /* the underlying; the other one is UINT32_MAX */
    double quantity;            /* units of the underlying; negative: short */
    double price;               /* of the underlying at the valuation date, CNY */
    double strike;              /* future: the agreed price; convertible: the bond floor */
    double maturity;            /* years from the valuation date */
    double volatility, rate;    /* of Black and Scholes; rate is continuous */
    size_t file_line;
} xmc_derivative;

typedef struct {
    uint32_t instrument;
    int32_t date;    /* days since 1970-01-01 */
    double quantity; /* negative: a sale */
    double price;    /* per share, CNY */
    size_t file_line;
} xmc_lot;

/* A split or bonus issue: after it each share held has become `ratio` shares (10 for 3 bonus: 1.3),
 * which keep date and cost of the lot they come from. On its date it acts before trades. */
typedef struct {
    uint32_t instrument;
    int32_t date; /* days since 1970-01-01 */
    double ratio; /* > 0 */
    size_t file_line;
} xmc_corporate_action;

typedef struct {
    int32_t valuation_date;
    const char **regions;
    size_t n_regions;
    const char **vulnerability_classes; /* names met in the location file */
    size_t n_vulnerability_classes;
    xmc_lob *lobs;
    size_t n_lobs;
    size_t n_accounts;
    xmc_policy *policies; /* in force at the valuation date; others are counted in
                             n_policies_not_in_force */
    size_t n_policies, n_policies_not_in_force;
    xmc_location *locations;
    size_t n_locations;
    xmc_term_set *term_sets; /* number i stands at i - 1, likewise below */
    size_t n_term_sets;
    xmc_condition *conditions;
    size_t n_conditions;
    xmc_location_tag *location_tags;
    size_t n_location_tags;
    const char **tags; /* names of condition tags */
    size_t n_tags;
    uint32_t *account_terms; /* [n_accounts] sets of the account; NULL: no account has any */
    xmc_treaty *treaties;
    size_t n_treaties;
    xmc_treaty_scope *scopes;
    size_t n_scopes;
    xmc_reinsurer *reinsurers; /* by id; none: their default is not simulated */
    size_t n_reinsurers;
    xmc_signed_share *signed_shares; /* by treaty, reinsurer */
    size_t n_signed_shares;
    xmc_credit_policy *credit_policies;
    size_t n_credit_policies;
    xmc_obligor *obligors;
    size_t n_obligors;
    xmc_instrument *instruments;
    size_t n_instruments;
    xmc_lot *lots;
    size_t n_lots;
    xmc_corporate_action *corporate_actions;
    size_t n_corporate_actions;
    xmc_derivative *derivatives;
    size_t n_derivatives;
    void *storage; /* owns the strings; private to the loader */
} xmc_book;

void xmc_book_free(xmc_book *b);

/* Share of all that was bought below which a remainder is rounding of split ratios, not shares. */
#define XMC_SHARES_DUST 1e-11

/* Shares of every instrument at the valuation date into quantity[n_instruments]: each lot times
 * the ratios of the later corporate actions, summed in an order of the values, so that the order of
 * the file's rows cannot matter. Negative where more was sold than bought. */
xmc_status xmc_book_shares(const xmc_book *b, double *quantity, xmc_diag *diag);

#endif
