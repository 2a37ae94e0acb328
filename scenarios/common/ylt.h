/* The year loss table as it passes from the simulation to the file. A block of trials: the columns
 * of the year loss table for trials [first, first + n), and the registry of segments and treaties
 * that names them. Risks register their segments in the plan and fill their columns in the loop. */
#ifndef CROSSMC_YLT_H
#define CROSSMC_YLT_H

#include "scenarios/book.h"

typedef enum {
    XMC_RISK_CAT,
    XMC_RISK_ATTRITIONAL,
    XMC_RISK_CREDIT,
    XMC_RISK_EQUITY,
    XMC_RISK_REINSURERS, /* their default on the ceded loss */
    XMC_N_RISKS
} xmc_risk;
extern const char *const xmc_risk_names[XMC_N_RISKS]; /* "cat", "attritional", "credit", "equity",
                                                         "reinsurers" */

/* The finest line of the report: risk × line of business (or board) × region. Segment names are
 * unique: "risk/line/region". */
typedef struct {
    xmc_risk risk;
    xmc_line line; /* C-ROSS line; XMC_N_LINES for equity */
    uint32_t lob;  /* index into the book's lobs; UINT32_MAX where there is none */
    char line_name[64], region[64];
    char cause[24];  /* what the loss comes from: a peril group, "default", "transfer", … */
    double exposure; /* sums insured, insured exposure or market value, CNY */
} xmc_segment;

typedef struct {
    size_t n, capacity;
    xmc_segment *segments;
} xmc_segments;

/* Appends a segment (copied); returns its index, or SIZE_MAX without memory. */
size_t xmc_segments_add(xmc_segments *s, const xmc_segment *segment);
void xmc_segments_free(xmc_segments *s);

/* Columns are [n] doubles, 64-byte aligned; unused ones are zeroed by the run before each block.
 * Losses are positive, an equity gain is negative; all values lie on the loss grid. */
typedef struct {
    uint64_t first;
    uint32_t n, capacity;
    size_t n_segments, n_treaties;
    double *risk_gross[XMC_N_RISKS], *risk_ceded[XMC_N_RISKS],
        *risk_net[XMC_N_RISKS]; /* equity: gross = net */
    double *cat_gross_max_occ, *cat_net_max_occ;
    /* The same occurrences with mean damage ratios, where the analysis asks: the year, gross, and
     * its largest occurrence gross and net. */
    double *mean_damage_gross, *mean_damage_gross_max_occ, *mean_damage_net_max_occ;
    double *total;
    double **segment_gross, **segment_net; /* [n_segments][n] */
    double **treaty;               /* [n_treaties][n] recoveries, one per treaty of the book */
    double *reinstatement_premium; /* paid by the insurer, positive */
    double *weight;                /* 1 for plain sampling */
    /* Joint factors of the block, by trial: the macro factor's standard normal value, larger =
     * worse, filled by equity. */
    double *macro;
} xmc_block;

#endif
