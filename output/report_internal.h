#ifndef CROSSMC_REPORT_INTERNAL_H
#define CROSSMC_REPORT_INTERNAL_H

#include "output/anchors.h"
#include "output/comparison.h"
#include "output/credit_table.h"
#include "output/equity_io.h"
#include "output/measures.h"
#include "output/report.h"
#include "output/results_internal.h"
#include "output/without_uncertainty.h"

/* Everything that a report says, read from the file. */
typedef struct {
    xmc_results *results;
    xmc_measures measures;
    xmc_without without;
    xmc_comparison comparison;
    xmc_anchors anchors;
    xmc_credit_report credit;   /* n_top 0: none */
    xmc_equity_measures equity; /* trials 0: the file has none */
    char *title, *software, *sha256, *company;
    int64_t valuation_date; /* days since 1970-01-01 */
    uint64_t *seeds;
    size_t n_seeds;
    size_t n_lines; /* /exposure; 0: the run did not say */
    char **line;
    uint64_t *locations;
    double *sum_insured, *modelled;
    size_t n_treaties;
    double *treaty_mean, *treaty_p; /* mean recovery, and share of trials with one */
} xmc_report_data;

xmc_status xmc_report_load(const char *path, xmc_report_data *d, xmc_diag *diag);
void xmc_report_free(xmc_report_data *d);

void xmc_report_text(const xmc_report_data *d, const char *path, FILE *f);
void xmc_report_csv(const xmc_report_data *d, FILE *f);

/* "gross", "net", or "": equity has one column. */
const char *xmc_report_stage(const xmc_measure_row *row);
const char *xmc_report_basis(xmc_basis basis);

#endif
