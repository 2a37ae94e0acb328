/* The simulated capital beside the factor-based minimum, node by node and in total
 * (docs/results.md, "Comparison"). Like is compared with like: a node gets the segments that have
 * their place in it and the basis on which its factor stands. What has no counterpart is listed as
 * such, never as zero. */
#ifndef CROSSMC_COMPARISON_H
#define CROSSMC_COMPARISON_H

#include "output/estimate.h"
#include "output/regulatory_report.h"
#include "output/results.h"

enum { XMC_MAX_VERSIONS = 8, XMC_MAX_PERILS = 8 };

/* All at 99.5 % over one year, net of reinsurance. */
typedef enum {
    XMC_BASIS_NONE,
    XMC_BASIS_VAR,           /* catastrophe: VaR, the mean not deducted (Rule 4 Art. 47-52) */
    XMC_BASIS_VAR_LESS_MEAN, /* premium risk, loan balance: unexpected loss */
    XMC_BASIS_ZERO_RETURN,   /* equity: VaR against admitted value, zero expected return */
    XMC_BASIS_MIXED          /* total: VaR less the mean of the parts that deduct theirs */
} xmc_basis;

typedef enum {
    XMC_PLACE_COMPARED,
    XMC_PLACE_NOT_SIMULATED,  /* a node that no segment feeds */
    XMC_PLACE_NOT_IN_MINIMUM, /* segments that no node of the tree takes */
    XMC_PLACE_TOTAL           /* all compared rows against the matched minimum */
} xmc_place_in_minimum;

typedef struct {
    char key[64];  /* the node's, or "risk/line" outside the minimum */
    char code[32]; /* row of form S05; "" outside the minimum */
    char label_en[96], label_zh[96];
    xmc_place_in_minimum place;
    xmc_basis basis;
    double mean;                     /* of the net loss */
    xmc_estimate capital;            /* simulated, on the basis */
    xmc_estimate gross;              /* the same before reinsurance */
    double factor[XMC_MAX_VERSIONS]; /* the node's amount under each version; NAN: absent */
    /* confidence level that this amount implies in the simulated distribution */
    xmc_estimate level[XMC_MAX_VERSIONS];
} xmc_comparison_row;

typedef struct {
    char version[16], title[128], effective[16];
    double parts;   /* sum of the compared nodes */
    double matched; /* matched minimum: aggregated, before size coefficient and control factor */
    double before_size, size_factor, control_factor, minimum; /* the full minimum */
    double core_ratio, comprehensive_ratio;
    bool catastrophe_is_proxy;
} xmc_comparison_version;

/* A peril whose minimum comes from a table of scenarios, under the newest version: its excess cover
 * acts on this peril by itself (Rule 4 Art. 52). */
typedef struct {
    char code[32], label_en[96], label_zh[96];
    double gross, net; /* VaR 99.5 % before and after the cover */
} xmc_comparison_peril;

typedef struct {
    size_t n_versions;
    xmc_comparison_version versions[XMC_MAX_VERSIONS];
    size_t n_perils; /* 0: the sheet has no tables, or gives the amount */
    xmc_comparison_peril perils[XMC_MAX_PERILS];
    size_t n_rows; /* compared rows, total, not simulated, not in the minimum */
    xmc_comparison_row *rows;
    double parts;        /* sum of the compared rows' capital */
    double admin_margin; /* premium less expenses of the simulated lines; NAN: not given */
    double deducted;     /* sum of the means that the total's basis deducts */
} xmc_comparison;

typedef struct xmc_comparison_plan xmc_comparison_plan;

/* Before the run: company sheet, all rule versions, matched minima, and where each segment belongs.
 * Errors: bad input in company sheet, rules or book. */
xmc_status xmc_comparison_plan_new(const xmc_analysis *analysis, const xmc_segments *segments,
                                   xmc_comparison_plan **out, xmc_diag *diag);
void xmc_comparison_plan_free(xmc_comparison_plan *p);

/* After the run, from the columns of the file. */
xmc_status xmc_comparison_compute(xmc_results *r, const xmc_comparison_plan *p, xmc_comparison *out,
                                  xmc_diag *diag);
/* /regulatory: the trees of all versions, and the comparison. */
xmc_status xmc_comparison_write(xmc_results *r, const xmc_comparison_plan *p,
                                const xmc_comparison *c, xmc_diag *diag);
/* XMC_OK with n_rows = 0 when the file has no /regulatory. */
xmc_status xmc_comparison_read(xmc_results *r, xmc_comparison *out, xmc_diag *diag);
void xmc_comparison_free(xmc_comparison *c);

/* The total's row, and the row of a node by its key; NULL if there is none. */
const xmc_comparison_row *xmc_comparison_total(const xmc_comparison *c);
const xmc_comparison_row *xmc_comparison_find(const xmc_comparison *c, const char *key);

#endif
