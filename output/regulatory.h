/* The factor-based minimum capital of C-ROSS II (偿二代二期) for a Chinese property and casualty
 * insurer, node by node in the row order of form S05. All factors come from xmc_rules, all
 * exposures and given amounts from xmc_company and, where the sheet says `book`, from xmc_reg_book.
 * Amounts are CNY. docs/regulation.md maps every node to rule and article. */
#ifndef CROSSMC_REGULATORY_H
#define CROSSMC_REGULATORY_H

#include "output/holding_time.h"
#include "scenarios/company.h"
#include "scenarios/rules.h"

/* A directly held listed stock at the valuation date. Without lots in the xmc_reg_book, cost and
 * holding time must be stated. */
typedef struct {
    const char *id;
    xmc_board board;
    bool csi300, div_low_vol_100;
    double admitted;      /* admitted value, >= 0 */
    double book_value;    /* for k1; mostly the same as admitted */
    double cost;          /* cost of what is still held */
    double holding_years; /* weighted; NAN = unknown, then no holding-time factor applies */
} xmc_reg_stock;

/* Net outstanding balance of financing guarantee by loan type (see xmc_company_financing). */
typedef struct {
    const char *loan_type;
    double balance;
} xmc_reg_balance;

/* Perils whose exposure a book can give: xmc_reg_book_perils. */
enum { XMC_REG_N_BOOK_PERILS = 3 };
extern const char *const xmc_reg_book_perils[XMC_REG_N_BOOK_PERILS];

/* What the book feeds. Instruments and lots: the stocks' costs and holding times are computed from
 * the lots under each version's windows (stocks[i] belongs to instrument i, its cost and
 * holding_years are ignored, admitted and book value are price × quantity when NAN). */
typedef struct {
    xmc_reg_stock *stocks;
    size_t n_stocks;
    const xmc_lot *lots; /* NULL: stocks state their own cost and holding time */
    size_t n_lots;
    xmc_lot *own_lots; /* where lots are a copy without funds and preferred shares */
    const xmc_corporate_action *actions;
    size_t n_actions;
    const double *prices; /* per stock at the valuation date, with lots */
    int32_t valuation_date;
    const char *lots_file; /* for messages */
    const xmc_reg_balance *financing;
    size_t n_financing;
    const char **regions; /* provinces; borrowed */
    size_t n_regions;
    double *sums_insured; /* [XMC_REG_N_BOOK_PERILS][n_regions] net retained, CNY; NULL: none */
} xmc_reg_book;

typedef enum {
    XMC_NODE_ABSENT,      /* nothing in the sheet: 0, listed among the assumptions */
    XMC_NODE_COMPUTED,    /* from exposures or from its children */
    XMC_NODE_GIVEN,       /* the sheet's amount */
    XMC_NODE_SWITCHED_OFF /* in a matched minimum: not simulated */
} xmc_node_state;

typedef enum {
    XMC_AGG_LEAF,
    XMC_AGG_SUM,             /* of the children */
    XMC_AGG_MATRIX,          /* root of the quadratic form of the children under a matrix */
    XMC_AGG_DIVERSIFICATION, /* sum of the siblings before it less the parent: positive */
    XMC_AGG_QUANTIFIABLE,    /* 1: (root of 3 × 3 less loss absorption) × size coefficient */
    XMC_AGG_TOTAL            /* 4 = 1 + 2 + 3 */
} xmc_agg;

typedef struct {
    const char *code; /* row of form S05, deeper rows are our own: "1.2.1.1.1" */
    const char *key;  /* stable name: "market.equity", "line.motor.premium" */
    const char *label_zh, *label_en;
    size_t parent; /* SIZE_MAX: none */
    int depth;
    xmc_agg agg;
    const char *matrix; /* path of the correlation matrix, XMC_AGG_MATRIX */
    xmc_node_state state;
    double amount;
    double scale;                    /* multiplier after aggregation; 1 where the rules have none */
    double exposure, rf0, k, factor; /* NAN where they have no meaning; factor = amount/exposure */
    double gross;             /* before excess-of-loss cover: catastrophe by a table; or NAN */
    const char *coefficients; /* each with driver, value and bracket; "" if none */
    const char *articles;     /* "Rule 4 Art. 10, 42", with confidence where not S-PDF */
} xmc_reg_node;

/* One stock of the equity node. */
typedef struct {
    const char *id;
    xmc_board board;
    bool csi300, div_low_vol_100;
    double admitted, cost, holding_years;
    double rf0, k1, k2, k, factor, amount;
    const char *k2_rule; /* name of the k2 entry that applied; "" if none */
} xmc_reg_stock_result;

typedef struct {
    const char *name, *choice, *note; /* switch, what was used, "default" or "sheet" */
} xmc_reg_switch;

typedef struct {
    const char *version, *title, *company, *date;
    xmc_reg_node *nodes; /* form S05 order, children after their parent */
    size_t n_nodes;
    xmc_reg_stock_result *stocks;
    size_t n_stocks;
    double k1_gain; /* x of Rule 8 Art. 26: gain of the directly held listed portfolio; NAN */
    const char **assumptions;
    size_t n_assumptions;
    xmc_reg_switch *switches;
    size_t n_switches;
    double before_size;                     /* 1 before the characteristic coefficient */
    double size_factor;                     /* 1, 0.95, 0.90 */
    double control_factor;                  /* Q(S); NAN if given or absent */
    double minimum;                         /* node 4 */
    double core_ratio, comprehensive_ratio; /* NAN without capital in the sheet */
    double core_threshold, comprehensive_threshold;
    bool catastrophe_is_proxy;
    double catastrophe_share;    /* 1.2.2 over 1.2.1; NAN without both */
    double catastrophe_range[3]; /* the same of published companies: p10, p50, p90; NAN */
    bool is_matched;
    void *storage; /* private */
} xmc_reg_tree;

/* Computes the whole tree. book may be NULL. Errors: XMC_BAD_INPUT with the place in the sheet or
 * rules file. On error *out is empty. */
xmc_status xmc_regulatory_compute(const xmc_rules *rules, const xmc_company *company,
                                  const xmc_reg_book *book, xmc_reg_tree *out, xmc_diag *diag);
void xmc_reg_tree_free(xmc_reg_tree *t);

/* Index of a node by code or key; SIZE_MAX if there is none. */
size_t xmc_reg_find(const xmc_reg_tree *t, const char *code_or_key);
/* Amount of a node by code or key; NAN if there is none or it is absent. */
double xmc_reg_amount(const xmc_reg_tree *t, const char *code_or_key);

/* The matched minimum (docs/regulation.md): the same tree with every leaf outside the simulated
 * nodes set to zero, up to 1.7, i.e. before the size coefficient and the control factor.
 * simulated[n_nodes]: true covers the node and all below it. A simulated node below a given one
 * cannot be separated: warned about, and left out. out->before_size is the total. */
xmc_status xmc_reg_matched(const xmc_rules *rules, const xmc_reg_tree *t, const bool *simulated,
                           xmc_reg_tree *out, xmc_diag *diag);

/* Rule 2: sqrt(v M v') of n amounts under a correlation matrix, row-major. */
double xmc_reg_quadratic(const double *m, const double *v, size_t n);

#endif
